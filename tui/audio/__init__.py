"""Audio: the background player. Engine, outputs, and the process that hosts them.

The import is light: a name is loaded when it is first asked for. So whoever shows a
list needs neither the decoder nor a sound library.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.audio._api import CHANNELS, RATE, Output, Player
    from tui.audio._decode import Decoder, Recording
    from tui.audio._events import (
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
    from tui.audio._local import LocalPlayer
    from tui.audio._loudness import measure_loudness
    from tui.audio._outputs import OUTPUTS, list_outputs, make_output
    from tui.audio._peaks import MeasuredSound, measure_sound, rough_peaks, shape
    from tui.audio._process import EngineProcess
    from tui.audio._sound import Sound, gain_db
    from tui.audio._tone import TONE_FRAMES, lead

__all__ = [
    "CHANNELS",
    "FADE",
    "OUTPUTS",
    "RATE",
    "TONE_FRAMES",
    "Decoder",
    "DeviceChanged",
    "Ended",
    "EngineProcess",
    "Failed",
    "LocalPlayer",
    "MeasuredSound",
    "Output",
    "OutputInfo",
    "OutputsListed",
    "Player",
    "PlayerEvent",
    "PlayerState",
    "PlayerStatus",
    "PositionChanged",
    "Recording",
    "Sound",
    "StateChanged",
    "faded_in",
    "faded_out",
    "gain_db",
    "lead",
    "list_outputs",
    "make_output",
    "measure_loudness",
    "measure_sound",
    "rough_peaks",
    "shape",
]

_HOMES = {
    "_api": ("CHANNELS", "RATE", "Output", "Player"),
    "_decode": ("Decoder", "Recording"),
    "_fades": ("FADE", "faded_in", "faded_out"),
    "_local": ("LocalPlayer",),
    "_outputs": ("OUTPUTS", "list_outputs", "make_output"),
    "_loudness": ("measure_loudness",),
    "_peaks": ("MeasuredSound", "measure_sound", "rough_peaks", "shape"),
    "_process": ("EngineProcess",),
    "_sound": ("Sound", "gain_db"),
    "_tone": ("TONE_FRAMES", "lead"),
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
