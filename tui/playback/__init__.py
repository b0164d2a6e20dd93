"""Playback: joins the library and the player, without any user interface."""

from __future__ import annotations

from tui.playback._heard import Heard, resume_position
from tui.playback._now import NowPlaying
from tui.playback._playback import Playback

__all__ = ["Heard", "NowPlaying", "Playback", "resume_position"]
