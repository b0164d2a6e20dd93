"""The note that plays, with what was heard and saved of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.model import NoteState, Played
from tui.playback._heard import Heard

if TYPE_CHECKING:
    from tui.model import Group, Note, NoteId

__all__ = ["Current", "called"]

_LONGEST_NAME = 200
"""Characters of what an output shows of a note's name."""
_WRITTEN_WITHIN_S = 2.0
"""After this time the library surely has what was last saved."""


def called(note: Note) -> str:
    """Say who speaks in a note, and where; its own title when neither is known."""
    row = note.row
    names = dict.fromkeys(filter(None, (row.sender, row.chat_title)))
    return (" · ".join(names) or row.title)[:_LONGEST_NAME]


class Current:
    """A note from the moment that it is loaded.

    Args:
        note: The note as the library has it.
        within: The group that it was chosen from.
        now_s: When, in seconds that only grow.
        before: The same note as it played earlier in this session, if it did.
    """

    def __init__(
        self,
        note: Note,
        within: Group | None,
        now_s: float,
        *,
        before: Current | None = None,
    ) -> None:
        row = note.row
        self.note = note
        self.within = within
        self.generation = 0
        self.position_ms = row.position_ms
        self.duration_ms = row.duration_ms
        self.tried: set[bytes] = set()
        self.saved_at = now_s
        self.has_failed = False
        self.has_ended = False
        self.loop: tuple[int, int | None] | None = None
        """The part that is played again and again; without an end while only its
        begin is marked."""
        self.stepped: tuple[int, float] | None = None
        """The bookmark that was last gone to, and when."""
        self._seen = row.played
        self._is_touched = False
        self._moved_at: float | None = None
        self._saved = (row.position_ms, row.played)
        # Listening goes on where an earlier session stopped: that much was heard.
        was_half = row.played is Played.HALF and row.position_ms > 0
        self.heard = Heard([(0, row.position_ms)] if was_half else [])
        if before is not None and row.played >= before.mark_seen:
            self.heard = before.heard
            if now_s - before.saved_at < _WRITTEN_WITHIN_S:
                self.position_ms = before.position_ms
                self._saved = before.standing

    @property
    def id(self) -> NoteId:
        """The note's id."""
        return self.note.row.id

    @property
    def order_ms(self) -> int:
        """Its place in time."""
        return self.note.row.order_ms

    @property
    def mark_seen(self) -> Played:
        """The played mark that the library had when we last looked."""
        return self._seen

    @property
    def standing(self) -> tuple[int, Played]:
        """What is to be kept: the position and the played mark.

        Of a file that is cut off, nobody has heard the note.
        """
        if self.note.row.state is NoteState.PARTIAL:
            return self.position_ms, self._seen
        return self.position_ms, max(self._seen, self.heard.verdict(self.duration_ms))

    @property
    def is_unsaved(self) -> bool:
        """Whether that differs from what was last kept."""
        return self._is_touched and self.standing != self._saved

    @property
    def has_new_mark(self) -> bool:
        """Whether so much was heard that the played mark changes."""
        return self.standing[1] > self._saved[1]

    def begin(self, position_ms: int, *, is_asked: bool) -> None:
        """Stand where it begins.

        Args:
            position_ms: Where that is.
            is_asked: Whether it was asked for: then it is kept, even if the next
                thing is a pause.
        """
        if is_asked and position_ms != self.position_ms:
            self._is_touched = True
        self.position_ms = position_ms

    def saved(self) -> None:
        """Note that all that stands was kept."""
        self._saved = self.standing

    def moved(self, position_ms: int, now_s: float, speed: float) -> bool:
        """Follow the position while the note plays.

        Args:
            position_ms: Where it is.
            now_s: When, in seconds that only grow.
            speed: The speed meanwhile.

        Returns:
            Whether it jumped there.
        """
        before_s = now_s if self._moved_at is None else self._moved_at
        self._moved_at = now_s
        if position_ms != self.position_ms:
            self._is_touched = True
        self.position_ms = position_ms
        elapsed_ms = max(0, round((now_s - before_s) * 1000))
        return not self.heard.advance(position_ms, elapsed_ms, speed)

    def rewind(self) -> None:
        """Note that it came to its end: the next time it begins at the start."""
        self._is_touched = True
        self.heard.jump()
        self.position_ms = 0

    def asleep_at(self, position_ms: int) -> None:
        """Note where the next time begins when it was not heard to its end."""
        self._is_touched = True
        self.heard.jump()
        self.position_ms = position_ms

    def refresh(self, note: Note) -> None:
        """Take what the library knows now; the user may have marked it unplayed."""
        if note.row.played < self._seen:
            self.heard = Heard()
            self._saved = (note.row.position_ms, note.row.played)
        self._seen = note.row.played
        self.note = note

    def untried_path(self) -> bytes | None:
        """Return the first of its files, as the library ranks them, to try yet."""
        paths = (file.full_path for file in self.note.files)
        return next((path for path in paths if path not in self.tried), None)
