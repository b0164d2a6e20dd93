"""What the user wants to hear, by the commands and events that led there."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.audio import _commands as commands
from tui.audio._events import (
    DeviceChanged,
    Ended,
    Failed,
    PlayerState,
    PlayerStatus,
    PositionChanged,
    StateChanged,
)
from tui.audio._wanted import Wanted, clamped_speed, clamped_volume

PLAYING = Wanted(generation=3, path=b"/a", position_ms=4000, plays=True)

_COMMANDS = st.one_of(
    st.builds(commands.Load, st.just(1), st.just(b"/x"), st.integers(), st.booleans()),
    st.sampled_from(
        [commands.Play(), commands.Pause(), commands.Toggle(), commands.Stop()]
    ),
    st.builds(commands.Seek, st.integers()),
    st.builds(commands.SeekBy, st.integers()),
    st.builds(commands.SetSpeed, st.floats(allow_nan=False)),
    st.builds(commands.SetVolume, st.floats(allow_nan=False)),
    st.builds(commands.SetMuted, st.booleans()),
    st.builds(commands.SetSkip, st.integers()),
    st.just(commands.Quit()),
)


@given(st.lists(_COMMANDS))
def test_a_fresh_engine_is_told_all_of_it(told: list[commands.Command]) -> None:
    """Who is told the commands of a state wants the same state."""
    wanted = Wanted()
    for command in told:
        wanted = wanted.told(command)
    again = Wanted()
    for command in wanted.commands():
        again = again.told(command)
    if wanted.path is not None and not wanted.over:
        assert again == wanted
    assert (again.speed, again.volume, again.muted) == (
        wanted.speed,
        wanted.volume,
        wanted.muted,
    )
    assert wanted.position_ms >= 0


def test_playing_goes_on_where_it_was() -> None:
    """After a crash the position is the last that was heard."""
    wanted = PLAYING.heard(PositionChanged(3, 4100)).heard(DeviceChanged("x", "gone"))
    assert wanted.commands()[-1] == commands.Load(3, b"/a", 4100, play=True)


def test_a_pause_stays_a_pause() -> None:
    """Nothing sounds by itself after a crash that was not sounding before."""
    wanted = PLAYING.told(commands.Pause())
    assert wanted.commands()[-1] == commands.Load(3, b"/a", 4000, play=False)
    wanted = PLAYING.told(commands.Toggle())
    assert not wanted.plays
    assert wanted.told(commands.Toggle()).plays


def test_the_engine_knows_better() -> None:
    """Its state counts, not what we made of the commands."""
    status = PlayerStatus(generation=3, path=b"/a", position_ms=77)
    paused = StateChanged(
        PlayerStatus(3, b"/a", state=PlayerState.PAUSED, position_ms=77)
    )
    assert PLAYING.heard(paused).plays is False
    assert PLAYING.heard(paused).position_ms == 77
    loading = StateChanged(PlayerStatus(3, b"/a", state=PlayerState.LOADING))
    assert PLAYING.heard(loading) == PLAYING
    assert PLAYING.heard(StateChanged(status)) == PLAYING


def test_what_is_over_is_not_loaded_again_by_itself() -> None:
    """But playing on after the end begins at the start."""
    for wanted in (
        PLAYING.heard(Ended(3)),
        PLAYING.heard(StateChanged(PlayerStatus(3, b"/a", state=PlayerState.ENDED))),
    ):
        assert not any(isinstance(each, commands.Load) for each in wanted.commands())
        again = wanted.told(commands.Play())
        assert again.commands()[-1] == commands.Load(3, b"/a", 0, play=True)


def test_what_failed_is_tried_again_at_its_place() -> None:
    """A failure keeps the position."""
    for wanted in (
        PLAYING.heard(Failed(3, b"/a", "gone")),
        PLAYING.heard(StateChanged(PlayerStatus(3, b"/a", state=PlayerState.FAILED))),
    ):
        assert not any(isinstance(each, commands.Load) for each in wanted.commands())
        again = wanted.told(commands.Toggle())
        assert again.commands()[-1] == commands.Load(3, b"/a", 4000, play=True)


def test_without_a_recording_there_is_nothing_to_move() -> None:
    """Play, pause and seek before the first load are nothing."""
    for command in (commands.Play(), commands.Toggle(), commands.SeekBy(5000)):
        assert Wanted().told(command) == Wanted()


def test_stopping_lets_the_recording_go() -> None:
    """After a crash nothing is loaded then."""
    wanted = PLAYING.told(commands.Stop())
    assert wanted.path is None
    assert not any(isinstance(each, commands.Load) for each in wanted.commands())


def test_seeks_add_up() -> None:
    """Also while there is no engine to do them."""
    wanted = PLAYING.told(commands.SeekBy(5000)).told(commands.SeekBy(-1000))
    assert wanted.position_ms == 8000
    assert wanted.told(commands.Seek(-5)).position_ms == 0


def test_settings_are_clamped() -> None:
    """The ranges are those of the engine."""
    assert [clamped_speed(speed) for speed in (0.1, 1.2, 9.0)] == [0.5, 1.2, 4.0]
    assert [clamped_volume(volume) for volume in (-1.0, 0.3, 9.0)] == [0.0, 0.3, 1.0]
