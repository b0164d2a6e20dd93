"""A connection to PulseAudio or PipeWire, and the devices that the server knows."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tui.audio import _libpulse as pulse
from tui.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Connection", "list_sinks"]

_log = logging.getLogger(__name__)

_CONNECT_S = 2.0
"""How long the server may take to answer."""
_NO_LIBRARY = "libpulse is not installed"
_NO_SERVER = "the sound server can't be reached"
_MUTE = "the sound server does not answer"


class Connection:
    """A connection, with a thread of the library's own.

    Args:
        name: What an error is about.
        device: The sink that is wanted, if it has to be a certain one.
    """

    def __init__(self, name: str, device: str = "") -> None:
        self._name = name
        self._device = device
        self.library: Any = None  # ctypes has no types
        """The library, once `open` was called."""
        self._loop: int | None = None
        self.context: int | None = None
        self.is_failed = False
        """Whether it was there, and broke."""
        self.changed = threading.Event()
        """Set when the state of something on the server is another one."""
        # Kept for ever: the library holds its address.
        self._on_state = pulse.NOTIFY(self._take_state)

    def open(self) -> None:
        """Connect to the server.

        Raises:
            AudioError: There is no server.
        """
        try:
            library = self.library = pulse.load()
        except OSError as error:
            raise AudioError(self._name, _NO_LIBRARY) from error
        self.is_failed = False
        self._loop = library.pa_threaded_mainloop_new()
        api = library.pa_threaded_mainloop_get_api(self._loop)
        self.context = library.pa_context_new(api, b"Earmark")
        library.pa_context_set_state_callback(self.context, self._on_state, None)
        no_autospawn = 1
        if library.pa_context_connect(self.context, None, no_autospawn, None) < 0:
            raise AudioError(self._name, _NO_SERVER)
        library.pa_threaded_mainloop_start(self._loop)
        self.wait_for(library.pa_context_get_state, self.context, pulse.CONTEXT_READY)

    def close(self) -> None:
        """Disconnect; `open` may be called again."""
        library, loop = self.library, self._loop
        if loop is None:
            return
        with self.locked():
            if self.context is not None:
                library.pa_context_disconnect(self.context)
                library.pa_context_unref(self.context)
                self.context = None
        library.pa_threaded_mainloop_stop(loop)
        library.pa_threaded_mainloop_free(loop)
        self._loop = None

    @contextmanager
    def locked(self) -> Iterator[Any]:
        """Keep the library's thread from working meanwhile."""
        library, loop = self.library, self._loop
        if loop is None:
            yield library
            return
        library.pa_threaded_mainloop_lock(loop)
        try:
            yield library
        finally:
            library.pa_threaded_mainloop_unlock(loop)

    def wait_for(
        self, state_of: Callable[[Any], int], what: int | None, good: int
    ) -> None:
        """Wait until the context or a stream is ready.

        Raises:
            AudioError: It failed, or takes too long.
        """
        until = time.monotonic() + _CONNECT_S
        while True:
            self.changed.clear()
            with self.locked():
                state = state_of(what)
            if state == good:
                return
            if state > good:
                raise AudioError(self._name, self.reason())
            if not self.changed.wait(max(0.0, until - time.monotonic())):
                raise AudioError(self._name, _MUTE)

    def reason(self) -> str:
        """Say in words what the server said last."""
        library = self.library
        text = library.pa_strerror(library.pa_context_errno(self.context))
        said = text.decode(errors="replace") if text else ""
        _log.info("no sound: libpulse says %s", said)
        known = {
            "Connection refused": _NO_SERVER,
            "No such entity": "there is no sound device",
        }
        if self._device:
            missing = "there is no device with this name"
            known |= {"No such entity": missing, "Invalid argument": missing}
        return known.get(said, said.lower() or _NO_SERVER)

    def _take_state(self, _who: int, _data: int) -> None:
        library, context = self.library, self.context
        if context and library.pa_context_get_state(context) >= pulse.CONTEXT_FAILED:
            self.is_failed = True
        self.changed.set()


def list_sinks() -> list[tuple[str, str, bool]]:
    """Ask the server for its devices.

    Returns:
        Of each its name, what the server calls it, and whether it is the usual one.

    Raises:
        AudioError: There is no server, or it does not answer.
    """
    found: list[tuple[bytes, bytes]] = []
    usual: list[bytes] = []
    is_told = threading.Event()

    def take_sink(_context: int, info: Any, is_last: int, _data: int) -> None:  # noqa: ANN401  # ctypes has no types
        if is_last:  # the end, or an error
            is_told.set()
        else:
            sink = info.contents
            found.append((sink.name or b"", sink.description or b""))

    def take_server(_context: int, info: Any, _data: int) -> None:  # noqa: ANN401  # ctypes has no types
        if info:
            usual.append(info.contents.default_sink_name or b"")

    on_sink, on_server = pulse.SINK(take_sink), pulse.SERVER(take_server)
    connection = Connection("pulse")
    try:
        connection.open()
        with connection.locked() as library:
            # Answers come in the order of the questions.
            for operation in (
                library.pa_context_get_server_info(connection.context, on_server, None),
                library.pa_context_get_sink_info_list(
                    connection.context, on_sink, None
                ),
            ):
                if operation:
                    library.pa_operation_unref(operation)
        if not is_told.wait(_CONNECT_S):
            raise AudioError("pulse", _MUTE)
    finally:
        connection.close()
    return [
        (
            name.decode(errors="surrogateescape"),
            label.decode(errors="surrogateescape"),
            name in usual,
        )
        for name, label in found
        if name
    ]
