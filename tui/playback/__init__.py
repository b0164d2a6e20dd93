"""Playback: joins the library and the player, without any user interface."""

from __future__ import annotations

from tui.playback._habits import Habits
from tui.playback._heard import Heard, resume_position
from tui.playback._now import NowPlaying
from tui.playback._playback import Playback
from tui.playback._sounds import Defaults

__all__ = [
    "Defaults",
    "Habits",
    "Heard",
    "NowPlaying",
    "Playback",
    "resume_position",
]
