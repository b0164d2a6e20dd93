"""A playback whose thread is the test's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.playing import HandClock, HandPlayer, ListeningLibrary
from tui.model import NoteId
from tui.playback import Habits, Playback

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tui.model import Group
    from tui.playback import NowPlaying

MINUTE_MS = 60_000
AUGUST_MS = 1_723_700_000_000
JULY_MS = AUGUST_MS - 31 * 86_400_000


class Desk:
    """Notes, a player and a playback. Requests are done when `run` is called.

    Chat 1 has the notes 11 (July) and 12, 13, 14 (August), chat 2 has 21 and 22.

    Args:
        habits: How the playback goes on.
    """

    def __init__(self, habits: Habits | None = None) -> None:
        self.clock = HandClock()
        self.player = HandPlayer(self.clock)
        self.library = ListeningLibrary()
        self.snapshots: list[NowPlaying] = []
        library = self.library
        library.put(11, 1, JULY_MS, duration_ms=MINUTE_MS)
        for number in (12, 13, 14):
            at_ms = AUGUST_MS + number * 1000
            library.put(number, 1, at_ms, duration_ms=MINUTE_MS)
        library.put(21, 2, AUGUST_MS + 100_000, duration_ms=MINUTE_MS)
        library.put(22, 2, AUGUST_MS - 100_000, duration_ms=MINUTE_MS)
        self.begin(habits or Habits())

    def begin(
        self, habits: Habits, before: Sequence[Callable[[Playback], None]] = ()
    ) -> None:
        """Start the playback, or a second one on the same library.

        Args:
            habits: How it goes on.
            before: What is asked before the start.
        """
        self.playback = Playback(
            lambda: self.library,
            self.library,
            self.player,
            clock=self.clock,
            on_change=self.snapshots.append,
            habits=habits,
        )
        self.player.subscribe(self.playback._on_event)
        for ask in before:
            ask(self.playback)
        self.run()
        self.playback._do(self.playback._session.begin)

    @property
    def now(self) -> NowPlaying:
        """What plays, after all that was asked is done."""
        self.run()
        return self.playback.now

    def run(self) -> None:
        """Do what was asked, as the thread would."""
        requests = self.playback._requests
        while not requests.empty():
            request = requests.get()
            if request is None:
                return
            self.playback._do(request)

    def waits(self, seconds: float) -> None:
        """Let time pass, and what is due be done."""
        self.run()
        end = self.clock.now + seconds
        while (wait_s := self.playback._session.wait_s()) is not None:
            if self.clock.now + wait_s > end:
                break
            self.clock.now += wait_s
            self.playback._do(self.playback._session.tick)
        self.clock.now = max(self.clock.now, end)

    def hears(self, ms: int) -> None:
        """Play on for so long, and follow each event as it comes."""
        for _ in range(ms // 100):
            self.player.plays(100)
            self.run()

    def play(self, note_id: int, within: Group | None = None) -> None:
        """Play a note and have it sound."""
        self.playback.play_note(NoteId(note_id), within=within)
        self.run()
        self.player.begins()
        self.run()

    @property
    def kept(self) -> list[tuple[int, int, int]]:
        """What was kept, as plain numbers: note, position, mark."""
        self.run()
        return [(int(note), at, int(mark)) for note, at, mark in self.library.kept]


@pytest.fixture
def desk() -> Desk:
    """Give a playback on two chats."""
    return Desk()
