"""Audio: the background player. Engine, outputs, and the process that hosts them.

The import is light: a name is loaded when it is first asked for. So whoever shows a
list needs neither the decoder nor a sound library.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.audio._api import CHANNELS, RATE, Output, Player
    from tui.audio._events import (
        DeviceChanged,
        Ended,
        Failed,
        PlayerEvent,
        PlayerState,
        PlayerStatus,
        PositionChanged,
        StateChanged,
    )
    from tui.audio._local import LocalPlayer
    from tui.audio._outputs import OUTPUTS, make_output
    from tui.audio._peaks import compute_peaks, rough_peaks, shape
    from tui.audio._process import EngineProcess

__all__ = [
    "CHANNELS",
    "OUTPUTS",
    "RATE",
    "DeviceChanged",
    "Ended",
    "EngineProcess",
    "Failed",
    "LocalPlayer",
    "Output",
    "Player",
    "PlayerEvent",
    "PlayerState",
    "PlayerStatus",
    "PositionChanged",
    "StateChanged",
    "compute_peaks",
    "make_output",
    "rough_peaks",
    "shape",
]

_HOMES = {
    "_api": ("CHANNELS", "RATE", "Output", "Player"),
    "_local": ("LocalPlayer",),
    "_outputs": ("OUTPUTS", "make_output"),
    "_peaks": ("compute_peaks", "rough_peaks", "shape"),
    "_process": ("EngineProcess",),
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
