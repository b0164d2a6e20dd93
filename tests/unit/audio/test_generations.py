"""Whose events count, when one recording follows another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tui.audio import _commands as commands
from tui.audio._events import (
    Ended,
    Failed,
    OutputsListed,
    PlayerState,
    PlayerStatus,
    PositionChanged,
    StateChanged,
)
from tui.audio._player import CommandPlayer
from tui.audio._sound import Sound

if TYPE_CHECKING:
    from tui.audio._events import PlayerEvent

FAST = Sound(speed=2.0, skip=1, level=True, boost_db=3.0, lufs=-20.0)


class _Player(CommandPlayer):
    """Keeps what it tells, and hears what a test says."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[commands.Command] = []
        self.heard: list[PlayerEvent] = []
        self.subscribe(self.heard.append)

    def _tell(self, command: commands.Command) -> None:
        self.told.append(command)

    def hear(self, *events: PlayerEvent) -> None:
        """Have the engine tell something."""
        for event in events:
            self._publish(event)


def playing(generation: int, sound: Sound | None = None, **more: float) -> StateChanged:
    """Give a state that the engine tells."""
    sound = sound or Sound()
    status = PlayerStatus(
        generation,
        b"/%d" % generation,
        PlayerState.PLAYING,
        speed=sound.speed,
        skip=sound.skip,
        level=sound.level,
        boost_db=sound.boost_db,
        lufs=sound.lufs,
    )
    return StateChanged(replace(status, **more))  # type: ignore[arg-type]  # by name


def sound_of(player: _Player) -> Sound:
    """Give how it shows to sound."""
    now = player.status
    return Sound(now.speed, now.skip, now.level, now.boost_db, now.lufs)


@pytest.fixture
def player() -> _Player:
    """Give one that plays the first recording, with a second one prepared."""
    player = _Player()
    assert player.load(b"/1") == 1
    player.hear(playing(1))
    assert player.prepare(b"/2", sound=FAST) == 2
    return player


def test_what_follows_shows_with_all_of_its_own(player: _Player) -> None:
    """Path, place and sound are what the engine tells, and both events arrive."""
    player.hear(Ended(1), playing(2, FAST, position_ms=7))
    assert sound_of(player) == FAST
    assert (player.status.generation, player.status.path) == (2, b"/2")
    assert player.heard[-2:] == [Ended(1), StateChanged(player.status)]
    player.hear(PositionChanged(1, 99), Ended(1), playing(1))
    player.hear(PositionChanged(2, 30))
    assert (player.status.generation, player.status.position_ms) == (2, 30)


@pytest.mark.parametrize("how", ["load", "stop"])
def test_a_load_or_stop_beats_what_follows(player: _Player, how: str) -> None:
    """The engine had gone over already: nothing of that is shown any more."""
    if how == "load":
        player.load(b"/3")
    else:
        player.stop()
    before = player.status
    del player.heard[:]
    if how == "load":
        player.hear(Ended(1))
    player.hear(playing(2, FAST), PositionChanged(2, 5), Failed(2, b"/2", "gone"))
    assert player.heard == []
    assert player.status == before
    player.hear(StateChanged(PlayerStatus(2)))
    assert player.status.path == (b"/3" if how == "load" else None)


@pytest.mark.parametrize("how", ["another", "nothing"])
def test_a_word_that_comes_too_late_does_not_hide_what_plays(
    player: _Player, how: str
) -> None:
    """Something else was prepared, or nothing; but the engine had gone over."""
    if how == "another":
        assert player.prepare(b"/3") == 3
    else:
        player.prepare_nothing()
    player.hear(Ended(1), playing(2, FAST))
    assert (player.status.generation, player.status.speed) == (2, 2.0)
    player.hear(Ended(2), playing(3))
    assert player.status.generation == (3 if how == "another" else 2)


def test_what_was_set_while_it_followed_stays_set(player: _Player) -> None:
    """The engine takes it in behind the change, and says so."""
    player.set_speed(1.5)
    player.hear(playing(1))  # told before it arrived
    assert player.status.speed == 1.5
    player.hear(Ended(1), playing(2, FAST))
    assert sound_of(player) == replace(FAST, speed=1.5)
    player.hear(playing(2, replace(FAST, speed=1.5)))
    assert player.status.speed == 1.5


def test_what_was_set_before_it_followed_is_of_the_one_before(player: _Player) -> None:
    """The engine has confirmed it; then what follows has a sound of its own."""
    player.set_speed(1.5)
    player.set_boost(99.0)
    player.hear(playing(1, Sound(1.5, boost_db=24.0)))
    player.hear(Ended(1), playing(2, FAST))
    assert sound_of(player) == FAST


def test_only_the_last_one_can_fail_to_follow(player: _Player) -> None:
    """Of one that was replaced nobody needs to know."""
    assert player.prepare(b"/3") == 3
    del player.heard[:]
    player.hear(Failed(2, b"/2", "gone"))
    assert player.heard == []
    failed = Failed(3, b"/3", "gone")
    player.hear(failed, failed)
    assert player.heard == [failed]
    assert (player.status.generation, player.status.state) == (1, PlayerState.PLAYING)


def test_a_load_says_in_full_how_it_sounds(player: _Player) -> None:
    """As it sounds now, but for its loudness; or as it was told, within bounds."""
    player.hear(Ended(1), playing(2, FAST))
    player.load(b"/3")
    last = player.told[-1]
    assert isinstance(last, commands.Load)
    assert last.sound == replace(FAST, lufs=None)
    player.load(b"/4", sound=Sound(speed=9.0, skip=9, boost_db=-99.0))
    assert sound_of(player) == Sound(speed=4.0, skip=3, boost_db=-12.0)


def test_the_outputs_are_of_no_recording(player: _Player) -> None:
    """They are told whatever plays."""
    listed = OutputsListed((), "auto")
    player.hear(listed)
    assert player.heard[-1] == listed


def test_a_speed_that_a_page_set_shows_unless_another_is_underway(
    player: _Player,
) -> None:
    """Its own buttons count, until the user says another one here."""
    player.hear(playing(1, Sound(speed=1.25)))
    assert player.status.speed == 1.25
    player.set_speed(2.0)
    player.hear(playing(1, Sound(speed=1.5)))
    assert player.status.speed == 2.0
    player.hear(playing(1, Sound(speed=2.0)), playing(1, Sound(speed=0.75)))
    assert player.status.speed == 0.75
    # What it is already is not confirmed once more: nothing is underway then.
    player.set_speed(0.75)
    player.hear(playing(1, Sound(speed=1.0)))
    assert player.status.speed == 1.0
    player.hear(StateChanged(PlayerStatus(speed=3.0)))
    assert player.status.speed == 1.0
