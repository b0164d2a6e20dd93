"""What every player does, whether its engine runs in this process or in a child."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.ear import Ear, wait_until
from tests.support.sound import find, noise, read_wav, sine, sounding, wav
from tui.audio import (
    Ended,
    EngineProcess,
    Failed,
    LocalPlayer,
    OutputsListed,
    PlayerState,
    PositionChanged,
    Sound,
    StateChanged,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tui.audio import Player

    MakePlayer = Callable[..., Player]

PACE = 8.0
"""How much faster than real time sound is written into a file."""


@pytest.fixture(params=["local", "process"])
def make_player(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakePlayer]:
    """Give what makes a player, and close all that it made."""
    made: list[Player] = []

    def make(path: Path | None = None) -> Player:
        player: Player
        output = "null" if path is None else "file"
        if request.param == "local":
            player = LocalPlayer(output, path=path, pace=PACE)
        else:
            options = [] if path is None else ["--path", str(path)]
            options += ["--pace", str(PACE)]
            log_path = tmp_path / "engine.log"
            player = EngineProcess(output, options=options, log_path=log_path)
        made.append(player)
        return player

    yield make
    for player in made:
        player.close()


@pytest.fixture
def ear(make_player: MakePlayer) -> Ear:
    """Give a player without a device that has been started."""
    ear = Ear(make_player())
    ear.player.start()
    return ear


def _note(folder: Path, seconds: float = 60.0, name: str = "note.wav") -> bytes:
    path = os.fsencode(folder / name)
    pcm = sine(1.0) * int(seconds) + sine(seconds % 1.0)
    with open(path, "wb") as file:  # noqa: PTH123  # its name may be no text
        file.write(wav(pcm))
    return path


def test_a_note_plays_to_its_end(ear: Ear, tmp_path: Path) -> None:
    """It loads, sounds, tells its length and where it is, and ends once."""
    path = _note(tmp_path, 0.8)
    generation = ear.player.load(path)
    assert ear.player.status.generation == generation
    assert ear.player.status.path == path
    assert ear.await_event(Ended) == Ended(generation)
    ear.await_state(PlayerState.ENDED)
    states = [event.status.state for event in ear.of(StateChanged)]
    assert PlayerState.PLAYING in states
    assert states[-1] is PlayerState.ENDED
    positions = [event.position_ms for event in ear.of(PositionChanged)]
    assert positions == sorted(positions)
    assert ear.player.status.duration_ms == pytest.approx(800, abs=30)
    assert len(ear.of(Ended)) == 1


def test_it_begins_where_it_is_told_and_may_wait(ear: Ear, tmp_path: Path) -> None:
    """A note can be loaded paused in its middle."""
    ear.player.load(_note(tmp_path), position_ms=30_000, play=False)
    ear.await_state(PlayerState.PAUSED)
    assert ear.player.status.position_ms == pytest.approx(30_000, abs=60)
    ear.player.play()
    ear.await_position(30_200)
    assert ear.player.status.state is PlayerState.PLAYING


def test_pause_keeps_the_position(ear: Ear, tmp_path: Path) -> None:
    """And toggle goes on from there."""
    ear.player.load(_note(tmp_path))
    ear.await_position(300)
    ear.player.pause()
    ear.await_state(PlayerState.PAUSED)
    position_ms = ear.player.status.position_ms
    ear.player.toggle()
    ear.await_state(PlayerState.PLAYING)
    assert ear.player.status.position_ms == pytest.approx(position_ms, abs=300)
    ear.player.toggle()
    ear.await_state(PlayerState.PAUSED)


def test_seeks_go_there_and_add_up(ear: Ear, tmp_path: Path) -> None:
    """Ten steps of five seconds are fifty seconds, however fast they come."""
    ear.player.load(_note(tmp_path), play=False)
    ear.await_state(PlayerState.PAUSED)
    for _ in range(10):
        ear.player.seek_by(5000)
    ear.await_position(50_000)
    assert ear.player.status.position_ms == pytest.approx(50_000, abs=60)
    ear.player.seek(12_000)
    wait_until(lambda: abs(ear.player.status.position_ms - 12_000) < 60)
    assert ear.player.status.state is PlayerState.PAUSED


def test_after_the_end_play_begins_again(ear: Ear, tmp_path: Path) -> None:
    """A note can be heard twice."""
    ear.player.load(_note(tmp_path, 0.5))
    ear.await_count(Ended, 1)
    ear.await_state(PlayerState.ENDED)
    ear.player.play()
    ear.await_count(Ended, 2)


def test_stop_lets_the_note_go(ear: Ear, tmp_path: Path) -> None:
    """Then nothing is loaded, and play is nothing."""
    ear.player.load(_note(tmp_path))
    ear.await_position(200)
    ear.player.stop()
    ear.await_state(PlayerState.IDLE)
    ear.player.play()
    ear.player.set_volume(0.5)
    assert ear.player.status.state is PlayerState.IDLE


def test_settings_show_at_once_and_are_clamped(ear: Ear, tmp_path: Path) -> None:
    """Whoever counts up from the status need not wait for the engine."""
    player = ear.player
    player.set_speed(9.0)
    assert player.status.speed == 4.0
    player.set_speed(0.1)
    assert player.status.speed == 0.5
    player.set_volume(-1.0)
    assert player.status.volume == 0.0
    player.set_volume(0.4)
    player.set_muted(True)
    assert (player.status.volume, player.status.muted) == (0.4, True)
    player.load(_note(tmp_path))
    ear.await_position(200)
    assert (player.status.speed, player.status.volume) == (0.5, 0.4)
    assert player.status.muted


def test_a_change_of_speed_keeps_the_place(ear: Ear, tmp_path: Path) -> None:
    """At triple speed a second of time is three of the note."""
    ear.player.load(_note(tmp_path))
    ear.await_position(300)
    ear.player.set_speed(3.0)
    begun, from_ms = time.monotonic(), ear.player.status.position_ms
    ear.await_position(from_ms + 3000)
    took = time.monotonic() - begun
    assert 0.7 < took < 2.0


@pytest.mark.parametrize("content", [None, b"", b"this is no sound at all" * 99])
def test_a_bad_file_fails_and_the_next_note_plays(
    ear: Ear, tmp_path: Path, content: bytes | None
) -> None:
    """A missing, an empty, a text file: each with a reason, and nothing else ends."""
    bad = tmp_path / "bad.opus"
    if content is not None:
        bad.write_bytes(content)
    generation = ear.player.load(os.fsencode(bad))
    failed = ear.await_event(Failed)
    assert (failed.generation, failed.path) == (generation, os.fsencode(bad))
    assert failed.reason
    ear.await_state(PlayerState.FAILED)
    ear.player.load(_note(tmp_path))
    ear.await_position(200)


def test_events_of_an_older_note_are_dropped(ear: Ear, tmp_path: Path) -> None:
    """Twenty notes chosen in a moment: only the last one is heard of."""
    path = _note(tmp_path)
    ear.player.load(path)
    ear.await_position(200)
    for _ in range(20):
        generation = ear.player.load(path)
    del ear.events[:]
    ear.await_event(PositionChanged)
    ear.await_position(300)
    told = {event.generation for event in ear.of(PositionChanged)}
    assert told == {generation}
    assert {event.status.generation for event in ear.of(StateChanged)} <= {generation}


def test_positions_come_ten_times_a_second(ear: Ear, tmp_path: Path) -> None:
    """No more often, whatever the speed, and not much less."""
    ear.player.set_speed(3.0)
    ear.player.load(_note(tmp_path))
    ear.await_count(PositionChanged, 16)
    times = [at for at, event in ear.events if isinstance(event, PositionChanged)]
    assert times[15] - times[5] > 0.9
    assert times[15] - times[5] < 2.0


def test_a_name_that_is_no_text_plays(ear: Ear, tmp_path: Path) -> None:
    """Paths are bytes all the way."""
    folder = os.fsencode(tmp_path) + b"/caf\xe9\n\x1b[31m"
    os.mkdir(folder)  # noqa: PTH102  # its name is no text
    os.rename(_note(tmp_path), folder + b"/\xff.wav")  # noqa: PTH104  # the same
    ear.player.load(folder + b"/\xff.wav")
    ear.await_position(200)


def test_events_come_on_another_thread(ear: Ear, tmp_path: Path) -> None:
    """Never on that of the caller, who may hold a lock."""
    ear.player.load(_note(tmp_path))
    ear.await_position(200)
    assert threading.current_thread().name not in ear.threads


def test_a_broken_listener_stops_nothing(ear: Ear, tmp_path: Path) -> None:
    """Its fault is logged; the sound and the other listeners go on."""

    def broken(_: object) -> None:
        raise RuntimeError("a fault of the listener")

    ear.player.subscribe(broken)
    ear.player.load(_note(tmp_path))
    ear.await_position(300)


def test_closing_ends_all_and_twice_is_fine(ear: Ear, tmp_path: Path) -> None:
    """In time, while it plays; commands afterwards are nothing."""
    ear.player.load(_note(tmp_path))
    ear.await_position(200)
    begun = time.monotonic()
    ear.player.close()
    assert time.monotonic() - begun < 2.0
    ear.player.close()
    ear.player.play()
    ear.player.seek(100)
    ear.player.set_speed(2.0)
    ear.player.load(_note(tmp_path))


def test_starting_twice_is_fine(ear: Ear, tmp_path: Path) -> None:
    """There is one engine."""
    ear.player.start()
    ear.player.load(_note(tmp_path))
    ear.await_position(200)


def test_no_call_blocks(make_player: MakePlayer, tmp_path: Path) -> None:
    """Before the start and while it starts: three hundred calls in a moment."""
    player = make_player()
    path = _note(tmp_path)
    begun = time.monotonic()
    player.set_speed(1.5)
    player.start()
    for position_ms in range(100):
        player.load(path, position_ms=position_ms)
        player.seek_by(1000)
        player.toggle()
    assert time.monotonic() - begun < 0.5
    player.load(path)
    ear = Ear(player)
    ear.await_position(200)


def test_what_is_heard_is_the_note(make_player: MakePlayer, tmp_path: Path) -> None:
    """Sample for sample: the whole of it, once, and from the right place."""
    source = noise(2.0)
    path = tmp_path / "noise.wav"
    path.write_bytes(wav(source))
    out = tmp_path / "out.wav"
    player = make_player(out)
    ear = Ear(player)
    player.start()
    player.load(os.fsencode(path), position_ms=500)
    ear.await_event(Ended)
    player.close()
    heard = sounding(read_wav(out))
    # The first and the last 5 ms are faded.
    assert find(source, heard[1000:2000]) == 24_000 + 500
    assert find(source, heard[-2000:-1000]) > 0
    assert len(heard) == pytest.approx(2 * 72_000, abs=20)


def _noise_note(folder: Path, name: str, pcm: bytes) -> bytes:
    path = folder / name
    path.write_bytes(wav(pcm))
    return os.fsencode(path)


def test_what_is_prepared_follows_without_a_hole(
    make_player: MakePlayer, tmp_path: Path
) -> None:
    """Frame by frame; its begin and the end of the one before are told together."""
    one, other = noise(1.0), noise(1.0, seed=2)
    out = tmp_path / "out.wav"
    player = make_player(out)
    ear = Ear(player)
    player.start()
    first = player.load(_noise_note(tmp_path, "one.wav", one), play=False)
    second = player.prepare(_noise_note(tmp_path, "other.wav", other), position_ms=250)
    player.play()
    assert ear.await_count(Ended, 2) == Ended(second)
    events = [event for _, event in ear.events]
    told = events[events.index(Ended(first)) + 1]
    assert isinstance(told, StateChanged)
    assert (told.status.generation, told.status.state) == (second, PlayerState.PLAYING)
    player.close()
    heard = sounding(read_wav(out))
    begin = find(heard, one[1000:2000]) - 500
    assert find(heard, other[26_000:27_000]) == begin + 48_000 + 1_000
    assert find(heard, other[90_000:91_000]) == begin + 48_000 + 33_000


def test_what_can_not_follow_is_told_while_it_plays(ear: Ear, tmp_path: Path) -> None:
    """With its own generation; what plays goes on, and something else may follow."""
    first = ear.player.load(_note(tmp_path, 0.6))
    second = ear.player.prepare(os.fsencode(tmp_path / "gone"))
    failed = ear.await_event(Failed)
    assert (failed.generation, failed.reason) == (second, "vanished")
    assert ear.player.status.generation == first
    third = ear.player.prepare(_note(tmp_path, name="third.wav"), gap_ms=50, tone=True)
    ear.await_event(Ended)
    wait_until(lambda: ear.player.status.generation == third)
    ear.await_position(200)
    ear.player.prepare(_note(tmp_path, name="fourth.wav"))
    ear.player.prepare_nothing()
    ear.player.seek(60_000)
    ear.await_state(PlayerState.ENDED)
    assert ear.player.status.generation == third


def test_a_part_is_played_again_and_again(ear: Ear, tmp_path: Path) -> None:
    """Until that is ended, or another note is loaded."""
    ear.player.load(_note(tmp_path), position_ms=1000)
    ear.player.set_loop(1000, 1200)
    wait_until(lambda: ear.player.status.loop_end_ms == 1200)
    ear.await_count(PositionChanged, 8)
    assert 1000 <= ear.player.status.position_ms <= 1200
    ear.player.set_loop(None, None)
    ear.await_position(1400)
    assert ear.player.status.loop_end_ms is None


def test_a_note_sounds_as_it_is_told_to(ear: Ear, tmp_path: Path) -> None:
    """All at once with the load; its loudness is measured when it has to be known."""
    sound = Sound(speed=1.5, skip=2, level=True, boost_db=2.0, lufs=-20.0)
    generation = ear.player.load(_note(tmp_path), sound=sound)
    ear.await_position(200)
    status = ear.player.status
    assert (status.speed, status.skip, status.level) == (1.5, 2, True)
    assert (status.boost_db, status.lufs, status.gain_db) == (2.0, -20.0, 4.0)
    ear.player.set_loudness(generation, -22.0)
    wait_until(lambda: ear.player.status.gain_db == 6.0)
    ear.player.set_level(False)
    wait_until(lambda: ear.player.status.gain_db == 2.0)
    ear.player.load(_note(tmp_path, 5.0, "other.wav"), sound=Sound(level=True))
    wait_until(lambda: ear.player.status.lufs is not None)
    # A tone of 440 Hz at a quarter of full scale.
    assert ear.player.status.lufs == pytest.approx(-15.7, abs=0.5)
    assert ear.player.status.gain_db == pytest.approx(-2.3, abs=0.5)


def test_the_outputs_are_told_and_can_be_chosen(ear: Ear, tmp_path: Path) -> None:
    """Silence is always one of them; what plays goes on."""
    ear.player.load(_note(tmp_path))
    ear.await_position(200)
    ear.player.list_outputs()
    listed = ear.await_count(OutputsListed, 1)
    assert "null" in [each.name for each in listed.outputs]
    ear.player.set_output("null")
    at = ear.player.status.position_ms
    ear.await_position(at + 300)
    ear.player.set_output("no such output")
    wait_until(lambda: "no such output" in ear.player.status.device_problem)
    assert ear.player.status.state is PlayerState.PLAYING
