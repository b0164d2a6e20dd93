"""From what plays to what the player bar shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.model import SoundScope
from tui.widgets.player_bar import BarState, BarView

if TYPE_CHECKING:
    from tui.playback import NowPlaying
    from tui.widgets.glyphs import Glyphs

__all__ = ["bar_view", "output_name"]

_DEFAULT = frozenset({"", "auto", "pulse", "miniaudio"})
"""Outputs that lead where everything else is heard."""


def bar_view(
    now: NowPlaying, peaks: bytes | None, glyphs: Glyphs, *, problem: str = ""
) -> BarView:
    """Choose what the bar shows.

    Args:
        now: What plays.
        peaks: Its waveform, once it is known.
        glyphs: The marks.
        problem: Why it can't be played.
    """
    names = [now.sender or "", now.chat]
    if names[0] == names[1]:
        names.pop()
    is_there = now.note_id is not None
    return BarView(
        state=BarState(now.state.value) if is_there else BarState.IDLE,
        title=f" {glyphs.dot} ".join(filter(None, names)) or now.title,
        position_ms=now.position_ms,
        duration_ms=now.duration_ms,
        speed=now.speed,
        volume=now.volume,
        muted=now.muted,
        skip=now.skip,
        saved_ms=now.saved_ms,
        peaks=peaks,
        problem=problem,
        silence=_silence(now.device_problem),
        speed_from=_speed_from(now) if is_there else "",
        level=now.level,
        boost_db=now.boost_db,
        loop=now.loop if is_there else None,
        queue=len(now.queue),
        sleep_ms=now.sleep_ms,
        stops_after=now.stops_after,
        output=output_name(now),
    )


def _silence(problem: str) -> str:
    """Say why there is no sound, and what can be done about it here."""
    if not problem:
        return ""
    from tui.audio import NO_SOUND_HERE  # the first screen waits for no engine

    more = ", or choose an output (O)" if problem == NO_SOUND_HERE else ""
    return problem + more


def _speed_from(now: NowPlaying) -> str:
    """Say whose speed it is; that of all notes needs no word."""
    match now.speed_from:
        case SoundScope.NOTE:
            return "note"
        case SoundScope.SENDER:
            return now.sender or "sender"
        case SoundScope.CHAT:
            return now.chat or "chat"
        case SoundScope.ALL | None:
            return ""


def output_name(now: NowPlaying) -> str:
    """Say where it is heard; empty where everything else is heard, too."""
    chosen = now.chosen_output
    if chosen in _DEFAULT:
        return ""
    if chosen == "null":
        return "silent output"
    for output in now.outputs:
        if output.name == chosen:
            return "" if output.is_default else output.label
    return chosen.partition(":")[2] or chosen
