"""The supervision of the child: crashes, hangs, loops. The engine is a stand-in.

The child is real, its engine only keeps time; see `tests.support.fake_engine`.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.child import ROOT
from tests.support.ear import Ear, wait_until
from tui.audio import (
    DeviceChanged,
    Ended,
    EngineProcess,
    Failed,
    OutputsListed,
    PlayerState,
    PositionChanged,
    Sound,
    StateChanged,
)
from tui.audio import _child as child
from tui.audio import _process as process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AGAIN = "The audio engine stopped; starting it again"
LONG = b"/length/60000"
FAKE = [
    sys.executable,
    "-c",
    "from tests.support.fake_engine import main; main()",
]


@pytest.fixture
def ear(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ear]:
    """Give a player whose engine is a stand-in, started."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    player = EngineProcess(command=FAKE, hang_s=0.6)
    ear = Ear(player)
    player.start()
    yield ear
    player.close()


def _player(ear: Ear) -> EngineProcess:
    assert isinstance(ear.player, EngineProcess)
    return ear.player


def _pid(ear: Ear) -> int:
    wait_until(lambda: _player(ear).child_pid is not None, what="a child")
    pid = _player(ear).child_pid
    assert pid is not None
    return pid


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("sign", [signal.SIGSEGV, signal.SIGKILL, signal.SIGTERM])
def test_a_crash_is_told_and_playing_goes_on(ear: Ear, sign: signal.Signals) -> None:
    """From the last position, by itself, with all settings."""
    ear.player.set_speed(2.0)
    ear.player.load(LONG, position_ms=10_000)
    ear.await_position(10_400)
    pid, at_ms = _pid(ear), ear.player.status.position_ms
    os.kill(pid, sign)
    ear.await_position(at_ms + 500)
    problems = [event.problem for event in ear.of(DeviceChanged)]
    assert problems == [AGAIN, ""]
    assert ear.player.status.state is PlayerState.PLAYING
    assert ear.player.status.speed == 2.0
    assert ear.player.status.device_problem == ""
    assert _pid(ear) != pid
    begun = [event.status.position_ms for event in ear.of(StateChanged)][-1]
    assert at_ms - 50 <= begun <= at_ms + 250


def test_the_trouble_is_in_the_status_while_it_lasts(ear: Ear) -> None:
    """The state says that it loads again; the position stays."""
    ear.player.load(LONG)
    ear.await_position(300)
    del ear.events[:]
    os.kill(_pid(ear), signal.SIGKILL)
    told = ear.await_count(StateChanged, 1).status
    assert told.state is PlayerState.LOADING
    assert told.device_problem == AGAIN
    assert told.path == LONG
    assert told.position_ms >= 300


def test_a_hung_child_is_replaced(ear: Ear) -> None:
    """It is alive to the kernel, but answers nothing."""
    ear.player.load(LONG)
    ear.await_position(300)
    pid, at_ms = _pid(ear), ear.player.status.position_ms
    os.kill(pid, signal.SIGSTOP)
    ear.await_position(at_ms + 300)
    assert [event.problem for event in ear.of(DeviceChanged)] == [AGAIN, ""]
    assert not _is_running(pid)


def test_a_paused_note_stays_paused_after_a_crash(ear: Ear) -> None:
    """And commands that are given meanwhile count."""
    ear.player.load(LONG, position_ms=5000, play=False)
    ear.await_state(PlayerState.PAUSED)
    del ear.events[:]
    os.kill(_pid(ear), signal.SIGSEGV)
    ear.await_count(DeviceChanged, 1)
    ear.player.seek_by(5000)
    ear.player.seek_by(5000)
    ear.await_count(DeviceChanged, 2)
    wait_until(lambda: ear.player.status.position_ms == 15_000)
    assert ear.player.status.state is PlayerState.PAUSED


def test_playing_resumes_with_what_was_asked_meanwhile(ear: Ear) -> None:
    """Another note that is chosen while there is no child is the one that plays."""
    ear.player.load(LONG)
    ear.await_position(200)
    os.kill(_pid(ear), signal.SIGSEGV)
    ear.player.load(b"/length/30000")
    ear.await_position(200)
    assert ear.player.status.path == b"/length/30000"
    assert ear.player.status.duration_ms == 30_000


def test_a_child_that_dies_while_nothing_plays_comes_back(ear: Ear) -> None:
    """So that the next note begins at once."""
    pid = _pid(ear)
    os.kill(pid, signal.SIGKILL)
    ear.await_count(DeviceChanged, 2)
    assert ear.player.status.state is PlayerState.IDLE
    assert ear.player.status.device_problem == ""
    ear.player.load(LONG)
    ear.await_position(200)


def test_a_recording_that_crashes_each_engine_fails(ear: Ear) -> None:
    """Three times, then it is left alone, and the next one plays."""
    generation = ear.player.load(b"/crash")
    failed = ear.await_event(Failed)
    assert (failed.generation, failed.path) == (generation, b"/crash")
    assert failed.reason == "the audio engine stopped on it again and again"
    assert ear.player.status.state is PlayerState.FAILED
    ear.player.set_volume(0.2)
    ear.player.load(LONG)
    ear.await_position(200)
    assert ear.player.status.volume == 0.2
    assert ear.player.status.device_problem == ""
    assert len(ear.of(Failed)) == 1


def test_after_an_end_and_a_crash_play_begins_again(ear: Ear) -> None:
    """The new engine does not know the recording; it is told."""
    ear.player.load(b"/length/200")
    ear.await_state(PlayerState.ENDED)
    os.kill(_pid(ear), signal.SIGKILL)
    ear.await_count(DeviceChanged, 2)
    assert ear.player.status.state is PlayerState.ENDED
    ear.player.set_volume(0.5)
    ear.player.toggle()
    ear.await_state(PlayerState.PLAYING)
    ear.await_state(PlayerState.ENDED)


def test_stop_while_there_is_no_engine(ear: Ear) -> None:
    """The note is gone, whoever was there to be told."""
    ear.player.load(b"/length/200")
    ear.await_state(PlayerState.ENDED)
    for _ in range(3):
        pid = _pid(ear)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda pid=pid: _player(ear).child_pid != pid)  # type: ignore[misc]  # bound now
    ear.player.stop()
    ear.await_state(PlayerState.IDLE)
    assert ear.player.status.path is None


def test_an_engine_that_hangs_on_a_recording(
    ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that does not answer: the process is well, and yet nothing comes."""
    monkeypatch.setattr(process, "_STALLED_S", 0.5)
    ear.player.load(b"/hang")
    failed = ear.await_event(Failed)
    assert failed.reason == "reading it takes too long"
    ear.player.load(LONG)
    ear.await_position(200)


def test_a_program_that_can_not_be_started() -> None:
    """A line, a failure of the note, and no end of the browser."""
    player = EngineProcess(command=["/no/such/program"])
    ear = Ear(player)
    player.load(LONG)
    player.start()
    failed = ear.await_event(Failed)
    assert failed.path == LONG
    assert player.status.device_problem
    player.close()


def test_an_output_that_does_not_exist() -> None:
    """The child says why; it is not tried again until something is asked."""
    player = EngineProcess("trumpet")
    ear = Ear(player)
    player.start()
    problem = ear.await_event(DeviceChanged).problem
    assert "trumpet" in problem
    assert player.child_pid is None
    generation = player.load(LONG)
    assert ear.await_event(Failed).generation == generation
    player.close()


def test_words_that_are_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that talks nonsense is as bad as one that crashed."""
    code = "import os; os.write(0, b'hello\\n'); os.read(0, 1)"
    player = EngineProcess(command=[sys.executable, "-c", code])
    ear = Ear(player)
    player.load(LONG)
    player.start()
    ear.await_event(Failed)
    assert AGAIN in [event.problem for event in ear.of(DeviceChanged)]
    player.close()


@pytest.mark.parametrize("sign", [None, signal.SIGSTOP])
def test_closing_leaves_no_child(ear: Ear, sign: signal.Signals | None) -> None:
    """In time, also when the child hangs."""
    ear.player.load(LONG)
    ear.await_position(100)
    pid = _pid(ear)
    if sign is not None:
        os.kill(pid, sign)
    begun = time.monotonic()
    ear.player.close(1.0)
    assert time.monotonic() - begun < 1.5
    assert not _is_running(pid)
    assert not any(each.name == "earmark-player" for each in threading.enumerate())


def test_closing_from_a_listener_does_not_wait_for_itself(ear: Ear) -> None:
    """A deadlock otherwise."""
    ear.player.subscribe(lambda _: ear.player.close())
    ear.player.load(LONG)
    wait_until(
        lambda: not any(each.name == "earmark-player" for each in threading.enumerate())
    )


def test_closing_before_the_start_is_fine() -> None:
    """And starting afterwards does nothing."""
    player = EngineProcess(command=FAKE)
    player.close()
    player.start()
    player.load(LONG)
    assert player.child_pid is None


def test_an_idle_child_is_left_in_peace(ear: Ear) -> None:
    """No question goes back and forth while nothing plays: idle costs nothing."""
    _pid(ear)
    wait_until(lambda: _player(ear)._asked_at is None)
    assert _player(ear)._patience() is None


def test_the_log_has_what_the_child_says(tmp_path: Path) -> None:
    """Nothing of it reaches the terminal; a long log begins anew."""
    log = tmp_path / "state" / "engine.log"
    log.parent.mkdir()
    log.write_bytes(b"x" * 1_100_000)
    code = "import sys; print('on 1'); print('on 2', file=sys.stderr)"
    player = EngineProcess(command=[sys.executable, "-c", code], log_path=log)
    ear = Ear(player)
    player.load(LONG)
    player.start()
    ear.await_event(Failed)
    player.close()
    text = log.read_text()
    assert "on 1" in text
    assert "on 2" in text
    assert len(text) < 1000


def test_malloc_is_for_simpleaudio(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only there is Python's own allocator a danger; it may be chosen later."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert child.wants_malloc("simpleaudio")
    assert not child.wants_malloc("null")
    assert not child.wants_malloc("auto")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: object())
    assert child.wants_malloc("auto")


def test_what_follows_outlives_a_crash(ear: Ear) -> None:
    """And a crash behind the joint brings back what has followed, as it sounds."""
    player = ear.player
    first = player.load(b"/length/3000", position_ms=1000)
    sound = Sound(speed=2.0, skip=1, boost_db=3.0)
    second = player.prepare(b"/length/50000", position_ms=7000, sound=sound)
    ear.await_position(1200)
    os.kill(_pid(ear), signal.SIGKILL)
    ear.await_state(PlayerState.LOADING)
    player.seek(2900)
    wait_until(lambda: player.status.generation == second)
    assert ear.of(Ended) == [Ended(first)]
    ear.await_position(7300)
    third = player.prepare(b"/length/9000")
    at_ms = player.status.position_ms
    os.kill(_pid(ear), signal.SIGKILL)
    ear.await_state(PlayerState.LOADING)
    ear.await_position(at_ms + 300)
    status = player.status
    assert (status.generation, status.path) == (second, b"/length/50000")
    assert (status.speed, status.skip, status.boost_db) == (2.0, 1, 3.0)
    player.seek(49_900)
    wait_until(lambda: player.status.generation == third)


def test_a_part_and_the_sound_outlive_a_crash(ear: Ear) -> None:
    """The loop goes round on, at the output that was chosen."""
    player = ear.player
    player.set_level(True)
    generation = player.load(LONG, position_ms=5000)
    player.set_loop(5000, 5400)
    player.set_loudness(generation, -20.5)
    player.set_output("other")
    wait_until(lambda: player.status.output == "other")
    os.kill(_pid(ear), signal.SIGKILL)
    ear.await_state(PlayerState.LOADING)
    ear.await_state(PlayerState.PLAYING)
    wait_until(lambda: player.status.loop_end_ms == 5400)
    assert (player.status.level, player.status.lufs) == (True, -20.5)
    assert player.status.output == "other"
    ear.await_count(PositionChanged, len(ear.of(PositionChanged)) + 6)
    assert 5000 <= player.status.position_ms <= 5500


def test_outputs_are_listed_in_spite_of_a_crash(ear: Ear) -> None:
    """Whoever asks gets an answer, from the next engine."""
    ear.player.list_outputs()
    assert [each.name for each in ear.await_count(OutputsListed, 1).outputs] == ["fake"]
    os.kill(_pid(ear), signal.SIGSTOP)
    ear.player.list_outputs()
    os.kill(_pid(ear), signal.SIGKILL)
    ear.await_count(OutputsListed, 2)
