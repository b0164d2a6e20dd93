"""Sound on another machine: the engine there, the recordings here.

The relay stands where the engine would: it is a child of the player, takes the same
commands and tells the same events. It hands them to a speaker on the machine that the
user sits at, and sends the packets of recordings along. No user interface.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from tui.remote._helper import Session, SshError

if TYPE_CHECKING:
    from tui.remote._greeting import answering, speaker_problem
    from tui.remote._listener import Listener, ListenError, listening_command

__all__ = [
    "ListenError",
    "Listener",
    "Session",
    "SshError",
    "answering",
    "listening_command",
    "speaker_problem",
]

_GREETING = frozenset({"answering", "speaker_problem"})


def __getattr__(name: str) -> object:
    """Load what not every program needs when it is first asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "_greeting" if name in _GREETING else "_listener"
    found: object = getattr(importlib.import_module(f"tui.remote.{home}"), name)
    return found
