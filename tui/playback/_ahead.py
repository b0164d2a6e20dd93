"""What the player was told to go on with, when the note that plays has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tui.model import Note
    from tui.playback._course import Upcoming
    from tui.playback._sounds import Sounding

__all__ = ["Ahead", "Offer"]

NEAR_MS = 8000
"""How long before its end it is told what follows a note."""


class Offer(NamedTuple):
    """A note that the player was told to go on with."""

    upcoming: Upcoming
    note: Note
    path: bytes
    position_ms: int
    sounding: Sounding
    tried: frozenset[bytes]
    """Others of its files, which could not be opened."""

    def is_like(self, other: Offer) -> bool:
        """Tell whether another one would be played in just the same way."""
        return (
            self.upcoming == other.upcoming
            and self.path == other.path
            and self.position_ms == other.position_ms
            and self.sounding.sound == other.sounding.sound
        )


class Ahead:
    """The offers to the player since it was last told to load.

    An offer that was taken back may be heard all the same: the player may have gone on
    with it at that very moment. So each is known until another note plays.
    """

    def __init__(self) -> None:
        self._offers: dict[int, Offer] = {}
        self._last: int | None = None
        self.is_planned = False
        """Whether it was decided what follows; it is again when something changes."""
        self.failures = 0
        """How many offers in a row could not be opened."""

    @property
    def offer(self) -> Offer | None:
        """What the player goes on with, as far as we know."""
        return None if self._last is None else self._offers.get(self._last)

    def made(self, generation: int, offer: Offer) -> None:
        """Note what the player was told."""
        self._offers[generation] = offer
        self._last = generation

    def taken_back(self) -> None:
        """Note that it was told to go on with nothing."""
        self._last = None

    def known(self, generation: int) -> Offer | None:
        """Tell what was offered by the number that the player gave it."""
        return self._offers.get(generation)

    def is_last(self, generation: int) -> bool:
        """Tell whether nothing was offered since."""
        return generation == self._last

    def forget(self, generation: int | None = None) -> None:
        """Begin anew with another note.

        Args:
            generation: The offer that was taken, if one was: what was offered since may
                still be taken after it.
        """
        if generation is None:
            self._offers.clear()
        else:
            newer = [each for each in self._offers if each > generation]
            self._offers = {each: self._offers[each] for each in newer}
        self._last = None
        self.is_planned = False
        self.failures = 0

    def is_due(self, position_ms: int, duration_ms: int | None, speed: float) -> bool:
        """Tell whether it is time to decide what follows.

        Args:
            position_ms: Where the note stands that plays.
            duration_ms: Its length, if that is known.
            speed: How fast it plays.
        """
        if self.is_planned:
            return False
        return duration_ms is None or duration_ms - position_ms <= NEAR_MS * speed
