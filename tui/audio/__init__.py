"""Audio: the background player. Engine, outputs, and the process that hosts them.

The import is light: a name is loaded when it is first asked for. So whoever shows a
list needs neither the decoder nor a sound library.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.audio._api import CHANNELS, RATE, Output, Player
    from tui.audio._commands import (
        Command,
        ListOutputs,
        Load,
        Pause,
        Play,
        Prepare,
        PrepareNothing,
        Seek,
        SeekBy,
        SetBoost,
        SetLevel,
        SetLoop,
        SetLoudness,
        SetMuted,
        SetOutput,
        SetSkip,
        SetSpeed,
        SetVolume,
        Stop,
        Toggle,
    )
    from tui.audio._decode import Decoder, Recording
    from tui.audio._engine import Engine
    from tui.audio._events import (
        NO_SOUND_HERE,
        DeviceChanged,
        Ended,
        Failed,
        OutputInfo,
        OutputsListed,
        PlayerEvent,
        PlayerState,
        PlayerStatus,
        PositionChanged,
        StateChanged,
    )
    from tui.audio._fades import FADE, faded_in, faded_out
    from tui.audio._far import far_server
    from tui.audio._host import HostedEngine, serve
    from tui.audio._local import LocalPlayer
    from tui.audio._loudness import measure_loudness
    from tui.audio._measuring import Measuring
    from tui.audio._outputs import OUTPUTS, list_outputs, make_output
    from tui.audio._packets import (
        BARE_CODECS,
        Packet,
        PacketRecording,
        PacketStore,
        StreamHead,
        head_of,
        packets_of,
    )
    from tui.audio._peaks import MeasuredSound, measure_sound, rough_peaks, shape
    from tui.audio._process import EngineProcess
    from tui.audio._published import Published
    from tui.audio._restarts import Restarts
    from tui.audio._shelf import Shelf
    from tui.audio._sound import Sound, clamped_speed, clamped_volume, gain_db
    from tui.audio._speakers import SPEAKER, in_ssh, speaker_sockets
    from tui.audio._tone import TONE_FRAMES, lead
    from tui.audio._wanted import sounding
    from tui.audio._wire import (
        Lines,
        Message,
        Refused,
        Replaced,
        WireError,
        decode,
        encode,
    )

__all__ = [
    "BARE_CODECS",
    "CHANNELS",
    "FADE",
    "NO_SOUND_HERE",
    "OUTPUTS",
    "RATE",
    "SPEAKER",
    "TONE_FRAMES",
    "Command",
    "Decoder",
    "DeviceChanged",
    "Ended",
    "Engine",
    "EngineProcess",
    "Failed",
    "HostedEngine",
    "Lines",
    "ListOutputs",
    "Load",
    "LocalPlayer",
    "MeasuredSound",
    "Measuring",
    "Message",
    "Output",
    "OutputInfo",
    "OutputsListed",
    "Packet",
    "PacketRecording",
    "PacketStore",
    "Pause",
    "Play",
    "Player",
    "PlayerEvent",
    "PlayerState",
    "PlayerStatus",
    "PositionChanged",
    "Prepare",
    "PrepareNothing",
    "Published",
    "Recording",
    "Refused",
    "Replaced",
    "Restarts",
    "Seek",
    "SeekBy",
    "SetBoost",
    "SetLevel",
    "SetLoop",
    "SetLoudness",
    "SetMuted",
    "SetOutput",
    "SetSkip",
    "SetSpeed",
    "SetVolume",
    "Shelf",
    "Sound",
    "StateChanged",
    "Stop",
    "StreamHead",
    "Toggle",
    "WireError",
    "clamped_speed",
    "clamped_volume",
    "decode",
    "encode",
    "faded_in",
    "faded_out",
    "far_server",
    "gain_db",
    "head_of",
    "in_ssh",
    "lead",
    "list_outputs",
    "make_output",
    "measure_loudness",
    "measure_sound",
    "packets_of",
    "rough_peaks",
    "serve",
    "shape",
    "sounding",
    "speaker_sockets",
]

_HOMES = {
    "_api": ("CHANNELS", "RATE", "Output", "Player"),
    "_decode": ("Decoder", "Recording"),
    "_commands": (
        "Command",
        "ListOutputs",
        "Load",
        "Pause",
        "Play",
        "Prepare",
        "PrepareNothing",
        "Seek",
        "SeekBy",
        "SetBoost",
        "SetLevel",
        "SetLoop",
        "SetLoudness",
        "SetMuted",
        "SetOutput",
        "SetSkip",
        "SetSpeed",
        "SetVolume",
        "Stop",
        "Toggle",
    ),
    "_engine": ("Engine",),
    "_fades": ("FADE", "faded_in", "faded_out"),
    "_far": ("far_server",),
    "_host": ("HostedEngine", "serve"),
    "_local": ("LocalPlayer",),
    "_outputs": ("OUTPUTS", "list_outputs", "make_output"),
    "_loudness": ("measure_loudness",),
    "_measuring": ("Measuring",),
    "_packets": (
        "BARE_CODECS",
        "Packet",
        "PacketRecording",
        "PacketStore",
        "StreamHead",
        "head_of",
        "packets_of",
    ),
    "_peaks": ("MeasuredSound", "measure_sound", "rough_peaks", "shape"),
    "_process": ("EngineProcess",),
    "_published": ("Published",),
    "_restarts": ("Restarts",),
    "_shelf": ("Shelf",),
    "_sound": ("Sound", "clamped_speed", "clamped_volume", "gain_db"),
    "_speakers": ("SPEAKER", "in_ssh", "speaker_sockets"),
    "_tone": ("TONE_FRAMES", "lead"),
    "_wanted": ("sounding",),
    "_wire": (
        "Lines",
        "Message",
        "Refused",
        "Replaced",
        "WireError",
        "decode",
        "encode",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Load a public name from its module."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_HOME_OF.get(name, '_events')}")
    found: object = getattr(module, name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Tell the public names, loaded or not."""
    return sorted(__all__)
