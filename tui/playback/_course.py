"""What plays after what: first those that wait, then the group goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tui.model import NoteState
from tui.playback._order import step_from

if TYPE_CHECKING:
    from collections.abc import Collection

    from tui.library import Reader
    from tui.model import Group, NoteId
    from tui.playback._current import Current
    from tui.playback._waiting import Waiting

__all__ = ["Course", "Upcoming"]

_CHUNK = 500
"""So many notes that wait are looked for at once."""


class Upcoming(NamedTuple):
    """A note that is to be played."""

    note_id: NoteId
    within: Group | None
    """The group that it is played in; None for its chat."""
    is_queued: bool = False
    """Whether it waited."""


class _Place(NamedTuple):
    note_id: NoteId
    order_ms: int
    within: Group | None


class Course:
    """Knows where the group stands while the notes play that waited.

    Args:
        waiting: The notes that wait.
        continuous: Whether the next note of the group follows by itself.
    """

    def __init__(self, waiting: Waiting, *, continuous: bool) -> None:
        self.waiting = waiting
        self.continuous = continuous
        self.stops_after = False
        """Whether nothing follows the note that plays."""
        self.broken: set[NoteId] = set()
        """Notes that could not be played, to be left out."""
        self.left_out = 0
        """How many that waited were gone when it was their turn; to be told."""
        self._place: _Place | None = None
        self._aside: _Place | None = None
        """The note that plays, if it waited."""
        self._heard: set[NoteId] = set()
        """What was played before its turn in the group came."""

    @property
    def is_aside(self) -> bool:
        """Whether the note that plays had waited."""
        return self._aside is not None

    def began(self, current: Current, *, is_queued: bool) -> None:
        """Note which note plays now, and whether it had waited."""
        self.waiting.take(current.id)
        place = _Place(current.id, current.order_ms, current.within)
        self._aside = place if is_queued else None
        if is_queued:
            self._heard.add(current.id)
        else:
            self._place = place

    def chosen(self, current: Current | None) -> None:
        """Note that the user chose what plays; None for nothing."""
        self._heard.clear()
        if current is None:
            self._place, self._aside, self.stops_after = None, None, False

    def moved(self, current: Current) -> None:
        """Follow a note whose place or group changed while it plays."""
        if self._aside is None:
            self._place = _Place(current.id, current.order_ms, current.within)

    def following(self, reader: Reader, *, now: bool = False) -> Upcoming | None:
        """Tell what comes by itself when the note that plays has ended.

        Args:
            reader: The library.
            now: Whether the user wants it now, whatever the settings say.
        """
        if self.stops_after and not now:
            return None
        waits = self._next_that_waits(reader)
        if waits is not None:
            return waits
        if now:
            return self._in_group(reader, 1, self._place or self._aside)
        return self._in_group(reader, 1, self._place) if self.continuous else None

    def before(self, reader: Reader) -> Upcoming | None:
        """Tell which note the user came from: before one that waited, the group's."""
        place = self._place
        if self._aside is not None and place is not None:
            return Upcoming(place.note_id, place.within)
        return self._in_group(reader, -1, place or self._aside)

    def _in_group(
        self, reader: Reader, step: int, place: _Place | None
    ) -> Upcoming | None:
        if place is None:
            return None
        skip: Collection[NoteId] = self.broken
        if step > 0 and self._heard:
            skip = self.broken | self._heard
        found = step_from(
            reader, place.note_id, place.order_ms, step, place.within, skip=skip
        )
        return None if found is None else Upcoming(found, place.within)

    def _next_that_waits(self, reader: Reader) -> Upcoming | None:
        """Find the first that is still there; those before it are dropped."""
        found = None
        ids = self.waiting.ids
        for start in range(0, len(ids), _CHUNK):
            part = ids[start : start + _CHUNK]
            here = {
                row.id
                for row in reader.rows(part)
                if row.state is not NoteState.MISSING
            } - self.broken
            found = next((each for each in part if each in here), None)
            if found is not None:
                break
        gone = len(ids) if found is None else ids.index(found)
        self.left_out += gone
        self.waiting.drop(gone)
        if found is None:
            return None
        within = None if self._place is None else self._place.within
        return Upcoming(found, within, is_queued=True)
