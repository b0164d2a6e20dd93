"""How one note follows another, and how notes sound: what the settings say."""

from __future__ import annotations

from typing import NamedTuple

from tui.model import SoundScope
from tui.playback._sounds import Defaults

__all__ = ["Habits"]


class Habits(NamedTuple):
    """What holds from the start on."""

    continuous: bool = True
    """Whether the next note of the group follows by itself."""
    gap_ms: int = 0
    """The silence between two notes that follow each other."""
    tone: bool = False
    """Whether a short tone tells that another note begins."""
    remember: SoundScope = SoundScope.SENDER
    """What a setting of the sound is remembered for when it is made."""
    defaults: Defaults = Defaults()
    """How notes sound of which nothing is remembered."""
    keeps_queue: bool = True
    """Whether the notes that wait are read at the start, and kept."""
    leaves_out: bool = True
    """Whether what follows is played when a note can't be; else that is told, and
    whoever asked for the note decides."""
