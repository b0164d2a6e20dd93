"""What was really listened to of a note: pure, and so testable to the last rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.model import Played

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Heard", "resume_position"]

RESTART_BELOW_MS = 20_000
"""Shorter notes always begin at their start."""
HALF_MS = 2000
_SLACK_MS = 500
"""How far positions may run ahead of the clock before it counts as a jump."""
_LATE_MS = 4000
"""How far they may lag behind, and catch up."""


def resume_position(position_ms: int, duration_ms: int | None) -> int:
    """Return where a note goes on.

    Args:
        position_ms: Where listening stopped.
        duration_ms: Its length, if it is known.

    Returns:
        The position; 0 for a short note, and for one that was as good as over (within
        the last 5 % or the last 1.5 s).
    """
    if duration_ms is None:
        return max(0, position_ms)
    if duration_ms < RESTART_BELOW_MS or position_ms <= 0:
        return 0
    if position_ms >= duration_ms - max(1500, duration_ms // 20):
        return 0
    return position_ms


class Heard:
    """The stretches of one note that sounded.

    Positions come in as the player reports them. One that lies a little after the
    last, no further than the time that passed allows, was listened to; any other is
    a jump. A stretch that is heard twice counts once. Pauses that the player leaves out
    count as heard: there was nothing to hear.

    Args:
        known: Stretches (start, end) in milliseconds that were heard before.
    """

    def __init__(self, known: Sequence[tuple[int, int]] = ()) -> None:
        self._stretches: list[tuple[int, int]] = []
        self._at: int | None = None
        self._left_out_ms = 0
        self._ahead_ms = 0.0
        for first, last in known:
            self._add(first, last)

    @property
    def total_ms(self) -> int:
        """How much of the note was heard."""
        return sum(last - first for first, last in self._stretches)

    def jump(self) -> None:
        """Note that the next position is no continuation (a pause, a seek, a load)."""
        self._at = None

    def left_out(self, total_ms: int) -> None:
        """Note how much of the pauses was left out since the player began anew.

        It tells so before that is heard, and begins anew with each seek.

        Args:
            total_ms: All of it, in milliseconds of the note.
        """
        if total_ms < self._left_out_ms:
            self._ahead_ms = 0.0
        self._left_out_ms = total_ms

    def advance(self, position_ms: int, elapsed_ms: int, speed: float = 1.0) -> bool:
        """Take the next position that was reported while the note played.

        Args:
            position_ms: The position.
            elapsed_ms: Real time since the last one.
            speed: The speed meanwhile.

        Returns:
            Whether it went on from the last position; False for a jump.
        """
        before, self._at = self._at, position_ms
        if before is None:
            return True
        # What was left out, and does not yet show in the positions.
        pending_ms = max(0.0, self._left_out_ms - max(0.0, self._ahead_ms))
        if self._left_out_ms:  # and at the end the last position is a little old
            pending_ms += _SLACK_MS * speed
        furthest = before + elapsed_ms * speed * 1.5 + _SLACK_MS + pending_ms
        if not before <= position_ms <= furthest:
            self._ahead_ms = 0.0
            return False
        gained_ms = position_ms - before - elapsed_ms * speed
        # A position may be told late, and the next one makes up for it.
        self._ahead_ms = max(-_LATE_MS, self._ahead_ms + gained_ms)
        self._add(before, position_ms)
        return True

    def verdict(self, duration_ms: int | None) -> Played:
        """Say whether that is unplayed, half-heard or played.

        Args:
            duration_ms: The length of the note; without it nothing is ever "played".
        """
        total = self.total_ms
        if duration_ms and total * 10 >= duration_ms * 9:
            return Played.PLAYED
        if total >= HALF_MS or (duration_ms and total * 10 >= duration_ms):
            return Played.HALF
        return Played.UNPLAYED

    def _add(self, first: int, last: int) -> None:
        kept = []
        for start, end in self._stretches:
            if end < first or start > last:
                kept.append((start, end))
            else:
                first, last = min(first, start), max(last, end)
        kept.append((first, last))
        self._stretches = sorted(kept)
