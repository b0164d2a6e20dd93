"""What the user wants to hear, by the commands and events that led there."""

from __future__ import annotations

from dataclasses import replace

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
from tui.audio._sound import Sound
from tui.audio._wanted import Wanted

USUAL = Sound()
PLAYING = Wanted(3, b"/a", "Ana", position_ms=4000, plays=True)

_NUMBERS = st.floats(allow_nan=False)
_SOUNDS = st.none() | st.builds(
    Sound, _NUMBERS, st.integers(), st.booleans(), _NUMBERS, st.none() | _NUMBERS
)
_COMMANDS = st.one_of(
    st.builds(
        commands.Load,
        st.just(1),
        st.just(b"/x"),
        st.integers(),
        st.booleans(),
        _SOUNDS,
    ),
    st.builds(commands.Prepare, st.just(2), st.just(b"/y"), st.integers(0), _SOUNDS),
    st.builds(commands.SetLevel, st.booleans()),
    st.builds(commands.SetBoost, _NUMBERS),
    st.builds(commands.SetLoudness, st.integers(0, 2), _NUMBERS),
    st.builds(commands.SetLoop, st.integers(0), st.integers(0)),
    st.builds(commands.SetOutput, st.sampled_from(["null", "pulse:usb"])),
    st.sampled_from([commands.PrepareNothing(), commands.SetLoop()]),
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
    assert (again.volume, again.muted, again.output) == (
        wanted.volume,
        wanted.muted,
        wanted.output,
    )
    assert again.sound == replace(wanted.sound, lufs=again.sound.lufs)
    assert wanted.position_ms >= 0


def test_playing_goes_on_where_it_was() -> None:
    """After a crash the position is the last that was heard."""
    wanted = PLAYING.heard(PositionChanged(3, 4100)).heard(DeviceChanged("x", "gone"))
    assert wanted.commands()[-1] == commands.Load(3, b"/a", 4100, True, USUAL, "Ana")


def test_a_pause_stays_a_pause() -> None:
    """Nothing sounds by itself after a crash that was not sounding before."""
    wanted = PLAYING.told(commands.Pause())
    assert wanted.commands()[-1] == commands.Load(3, b"/a", 4000, False, USUAL, "Ana")
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
        assert again.commands()[-1] == commands.Load(3, b"/a", 0, True, USUAL, "Ana")


def test_what_failed_is_tried_again_at_its_place() -> None:
    """A failure keeps the position."""
    for wanted in (
        PLAYING.heard(Failed(3, b"/a", "gone")),
        PLAYING.heard(StateChanged(PlayerStatus(3, b"/a", state=PlayerState.FAILED))),
    ):
        assert not any(isinstance(each, commands.Load) for each in wanted.commands())
        again = wanted.told(commands.Toggle())
        assert again.commands()[-1] == commands.Load(3, b"/a", 4000, True, USUAL, "Ana")


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


def _playing(generation: int, path: bytes, **more: float) -> StateChanged:
    status = PlayerStatus(generation, path, state=PlayerState.PLAYING)
    return StateChanged(replace(status, **more))  # type: ignore[arg-type]  # by name


def test_what_was_prepared_takes_over() -> None:
    """When it is heard, it is the recording; the loop was of the other one."""
    wanted = (
        PLAYING.told(commands.SetLoop(1000, 2000))
        .told(commands.Prepare(4, b"/b", 500, Sound(2.0), title="Ben"))
        .heard(Ended(3))
        .heard(_playing(4, b"/b", position_ms=510, speed=2.0, boost_db=3.0))
    )
    assert wanted.recording() == [
        commands.Load(4, b"/b", 510, True, Sound(2.0, boost_db=3.0), "Ben")
    ]


def test_a_crash_keeps_what_follows_and_the_loop() -> None:
    """Both are told to the next engine, behind the recording."""
    following = commands.Prepare(4, b"/b", gap_ms=700, tone=True)
    loop = commands.SetLoop(1000, 2000)
    wanted = PLAYING.told(following).told(loop)
    load = commands.Load(3, b"/a", 4000, True, USUAL, "Ana")
    assert wanted.commands()[-3:] == [load, loop, following]
    for told in (commands.PrepareNothing(), commands.Stop(), load):
        assert following not in wanted.told(told).commands()
    failed = Failed(4, b"/b", "vanished")
    assert wanted.heard(failed).recording() == [load, loop]
    assert wanted.heard(Failed(2, b"/c", "vanished")) == wanted


def test_another_one_that_was_prepared_too_late_follows_then() -> None:
    """The engine had gone over already: nothing of either is forgotten."""
    late = commands.Prepare(5, b"/c")
    wanted = PLAYING.told(commands.Prepare(4, b"/b")).told(late)
    wanted = wanted.heard(Ended(3)).heard(_playing(4, b"/b"))
    assert wanted.recording() == [commands.Load(4, b"/b", 0, True, USUAL), late]
