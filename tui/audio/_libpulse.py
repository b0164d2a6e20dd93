"""The few calls of libpulse that playing needs, through ctypes.

No maintained binding has the asynchronous interface: pulsectl steers the server but
plays nothing, pasimple waits until all is heard. Names, numbers and layouts are those
of the public headers of libpulse (pulse/def.h, pulse/stream.h, pulse/sample.h), whose
binary interface has stood since version 1.0.
"""

from __future__ import annotations

import ctypes
from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    c_char_p,
    c_int,
    c_int64,
    c_long,
    c_size_t,
    c_uint8,
    c_uint32,
    c_uint64,
    c_void_p,
)

__all__ = [
    "CONTEXT_FAILED",
    "CONTEXT_READY",
    "NOTIFY",
    "S16BE",
    "S16LE",
    "SEEK_ABSOLUTE",
    "SEEK_RELATIVE",
    "SERVER",
    "SINK",
    "STREAM_DONT_MOVE",
    "STREAM_FAILED",
    "STREAM_FLAGS",
    "STREAM_READY",
    "SUCCESS",
    "BufferAttr",
    "SampleSpec",
    "ServerInfo",
    "SinkInfo",
    "TimingInfo",
    "load",
]

S16LE, S16BE = 3, 4
CONTEXT_READY, CONTEXT_FAILED = 4, 5
STREAM_READY, STREAM_FAILED = 2, 3
SEEK_RELATIVE, SEEK_ABSOLUTE = 0, 1
STREAM_FLAGS = 0x0008 | 0x4000
"""Timing is asked for regularly; and what waits is held in the server's queue, where it
can be replaced, not in the device's buffer (PA_STREAM_EARLY_REQUESTS)."""
STREAM_DONT_MOVE = 0x0200
"""The stream ends with its device: what was meant for headphones shall not go on from
a loudspeaker."""

NOTIFY = CFUNCTYPE(None, c_void_p, c_void_p)
"""Called when the state of a context or stream changed."""
SUCCESS = CFUNCTYPE(None, c_void_p, c_int, c_void_p)
"""Called when an operation ended."""


class SampleSpec(Structure):
    """pa_sample_spec."""

    _fields_ = (("format", c_int), ("rate", c_uint32), ("channels", c_uint8))


class BufferAttr(Structure):
    """pa_buffer_attr, in bytes."""

    _fields_ = (
        ("maxlength", c_uint32),
        ("tlength", c_uint32),
        ("prebuf", c_uint32),
        ("minreq", c_uint32),
        ("fragsize", c_uint32),
    )


class _TimeValue(Structure):
    _fields_ = (("seconds", c_long), ("microseconds", c_long))


class TimingInfo(Structure):
    """pa_timing_info; indices in bytes, times in microseconds."""

    _fields_ = (
        ("timestamp", _TimeValue),
        ("synchronized_clocks", c_int),
        ("sink_usec", c_uint64),
        ("source_usec", c_uint64),
        ("transport_usec", c_uint64),
        ("playing", c_int),
        ("write_index_corrupt", c_int),
        ("write_index", c_int64),
        ("read_index_corrupt", c_int),
        ("read_index", c_int64),
        ("configured_sink_usec", c_uint64),
        ("configured_source_usec", c_uint64),
        ("since_underrun", c_int64),
    )


class SinkInfo(Structure):
    """The begin of pa_sink_info."""

    _fields_ = (("name", c_char_p), ("index", c_uint32), ("description", c_char_p))


class ServerInfo(Structure):
    """The begin of pa_server_info."""

    _fields_ = (
        ("user_name", c_char_p),
        ("host_name", c_char_p),
        ("server_version", c_char_p),
        ("server_name", c_char_p),
        ("sample_spec", SampleSpec),
        ("default_sink_name", c_char_p),
    )


SINK = CFUNCTYPE(None, c_void_p, POINTER(SinkInfo), c_int, c_void_p)
"""Called for each sink, and a last time with a number that is not 0."""
SERVER = CFUNCTYPE(None, c_void_p, POINTER(ServerInfo), c_void_p)
"""Called with what the server tells of itself."""

_CALLS: dict[str, tuple[object, tuple[object, ...]]] = {
    "pa_threaded_mainloop_new": (c_void_p, ()),
    "pa_threaded_mainloop_free": (None, (c_void_p,)),
    "pa_threaded_mainloop_start": (c_int, (c_void_p,)),
    "pa_threaded_mainloop_stop": (None, (c_void_p,)),
    "pa_threaded_mainloop_lock": (None, (c_void_p,)),
    "pa_threaded_mainloop_unlock": (None, (c_void_p,)),
    "pa_threaded_mainloop_get_api": (c_void_p, (c_void_p,)),
    "pa_context_new": (c_void_p, (c_void_p, c_char_p)),
    "pa_context_set_state_callback": (None, (c_void_p, NOTIFY, c_void_p)),
    "pa_context_connect": (c_int, (c_void_p, c_char_p, c_int, c_void_p)),
    "pa_context_get_state": (c_int, (c_void_p,)),
    "pa_context_errno": (c_int, (c_void_p,)),
    "pa_context_get_sink_info_list": (c_void_p, (c_void_p, SINK, c_void_p)),
    "pa_context_get_server_info": (c_void_p, (c_void_p, SERVER, c_void_p)),
    "pa_context_disconnect": (None, (c_void_p,)),
    "pa_context_unref": (None, (c_void_p,)),
    "pa_strerror": (c_char_p, (c_int,)),
    "pa_stream_new": (
        c_void_p,
        (c_void_p, c_char_p, POINTER(SampleSpec), c_void_p),
    ),
    "pa_stream_set_state_callback": (None, (c_void_p, NOTIFY, c_void_p)),
    "pa_stream_writable_size": (c_size_t, (c_void_p,)),
    "pa_stream_connect_playback": (
        c_int,
        (c_void_p, c_char_p, POINTER(BufferAttr), c_int, c_void_p, c_void_p),
    ),
    "pa_stream_get_state": (c_int, (c_void_p,)),
    "pa_stream_write": (
        c_int,
        (c_void_p, c_char_p, c_size_t, c_void_p, c_int64, c_int),
    ),
    "pa_stream_update_timing_info": (c_void_p, (c_void_p, SUCCESS, c_void_p)),
    "pa_stream_get_timing_info": (POINTER(TimingInfo), (c_void_p,)),
    "pa_stream_disconnect": (c_int, (c_void_p,)),
    "pa_stream_unref": (None, (c_void_p,)),
    "pa_operation_unref": (None, (c_void_p,)),
}
"""What each call returns and takes."""


def load() -> ctypes.CDLL:
    """Load the library.

    Raises:
        OSError: It is not installed, or too old.
    """
    library = ctypes.CDLL("libpulse.so.0")
    for name, (result, arguments) in _CALLS.items():
        try:
            call = getattr(library, name)
        except AttributeError as error:
            raise OSError(f"libpulse has no {name}") from error
        call.restype = result
        call.argtypes = arguments
    return library
