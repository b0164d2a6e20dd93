"""The playback on its own thread: it begins, ends in time, and waits for nobody."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tests.support.ear import wait_until
from tests.support.playing import HandClock, HandPlayer, ListeningLibrary
from tui.model import NoteId, Played
from tui.playback import Playback

if TYPE_CHECKING:
    from tui.playback import NowPlaying


class _Slow(ListeningLibrary):
    """A library that answers when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_for = threading.Event()
        self.gate = threading.Event()

    def neighbour(
        self, note_id: NoteId, step: int, *, unplayed: bool = False
    ) -> NoteId | None:
        self.asked_for.set()
        self.gate.wait(20)
        return None


def _started() -> tuple[Playback, HandPlayer, _Slow, threading.Event]:
    clock, library, shown = HandClock(), _Slow(), threading.Event()
    library.put(12, 1, 1_723_700_000_000, duration_ms=60_000)
    player = HandPlayer(clock)

    def look(now: NowPlaying) -> None:
        if now.position_ms >= 5000:
            shown.set()

    playback = Playback(lambda: library, library, player, clock=clock, on_change=look)
    playback.start()
    playback.start()
    playback.play_note(NoteId(12))
    return playback, player, library, shown


def _sound(player: HandPlayer, shown: threading.Event) -> None:
    """Play five seconds as soon as the note is loaded."""
    wait_until(lambda: bool(player.loads), what="a load")
    player.begins()
    player.plays(5300)
    assert shown.wait(10)


def test_closing_keeps_the_position_and_ends_the_player() -> None:
    """All of it within the time, with the real thread."""
    playback, player, library, shown = _started()
    _sound(player, shown)
    playback.close()
    playback.close()
    playback.play_note(NoteId(12))
    assert library.kept[-1] == (12, 5300, Played.HALF)
    assert library.closed == 1
    assert player.asked == ["start", "close"]
    assert not any(each.name == "earmark-playback" for each in threading.enumerate())


def test_closing_does_not_wait_for_a_slow_library() -> None:
    """The position is kept all the same."""
    playback, player, library, shown = _started()
    _sound(player, shown)
    playback.next()
    assert library.asked_for.wait(10)
    playback.close(timeout=0.1)
    assert library.kept[-1] == (12, 5300, Played.HALF)
    assert player.asked[-1] == "close"
    library.gate.set()
    thread = playback._thread
    assert thread is not None
    thread.join(10)


def test_closing_before_the_start_is_fine() -> None:
    """A browser that fails to come up still closes everything."""
    clock, library = HandClock(), ListeningLibrary()
    player = HandPlayer(clock)
    playback = Playback(lambda: library, library, player, clock=clock)
    playback.close()
    playback.start()
    assert player.asked == ["close"]


def test_time_that_passes_is_noticed() -> None:
    """Without a word of the player or the user, it becomes softer and pauses."""
    playback, player, library, shown = _started()
    _sound(player, shown)
    playback.sleep_after(0)
    wait_until(lambda: playback._session.is_fading, what="the fade")
    clock = playback._clock
    assert isinstance(clock, HandClock)
    clock.now += 10
    wait_until(lambda: "pause" in player.asked, what="the silence")
    playback.close()
    assert library.kept[-1] == (12, 5300, Played.HALF)
    assert player.status.volume == 1.0


def test_a_library_that_can_not_be_closed_ends_nothing() -> None:
    """The thread ends all the same, and says so in the log."""

    def broken() -> None:
        raise OSError

    playback, player, library, shown = _started()
    library.close = broken  # type: ignore[method-assign]
    _sound(player, shown)
    playback.close()
    assert player.asked[-1] == "close"
    assert not any(each.name == "earmark-playback" for each in threading.enumerate())
