"""Where it is heard by itself: a speaker that `auto` finds, and who has it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.support.ear import Ear, wait_until
from tests.support.line import SpeakerProcess, remote_player
from tests.support.sound import chirp, correlation, opus, read_wav, sounding
from tui.audio import (
    NO_SOUND_HERE,
    EngineProcess,
    OutputInfo,
    OutputsListed,
    PlayerState,
    PositionChanged,
    _speakers,
)
from tui.audio import _process as process
from tui.remote._greeting import RelayError, asked, connected, find

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOUND = chirp(6)
TAKEN = "Another Earmark plays there now; play takes it back"


@pytest.fixture(autouse=True)
def session(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be in an SSH session without a device."""
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.7 5000 192.0.2.1 22")


@pytest.fixture
def note(tmp_path: Path) -> bytes:
    """Give a note."""
    path = tmp_path / "a.opus"
    path.write_bytes(opus(SOUND))
    return os.fsencode(path)


@pytest.fixture
def folder(isolated: Path) -> Path:
    """Give the folder that an `earmark ssh` makes."""
    folder = isolated / ".earmark-0123456789"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def ends() -> Iterator[ExitStack]:
    """Give what ends players."""
    with ExitStack() as ends:
        yield ends


def auto(ends: ExitStack) -> Ear:
    """Begin a player that nobody told where to play."""
    ear = Ear(player := EngineProcess())
    ends.callback(player.close)
    player.start()
    return ear


def there(ends: ExitStack, path: Path) -> Ear:
    """Begin a player on a speaker."""
    ear = Ear(player := remote_player(path))
    ends.callback(player.close)
    player.start()
    return ear


def test_a_speaker_is_found_and_named_by_nobody(
    note: bytes, folder: Path, tmp_path: Path, ends: ExitStack
) -> None:
    """The note is heard there from its start; what is chosen is still `auto`."""
    heard = tmp_path / "heard.wav"
    with SpeakerProcess(folder, f"file:{heard}") as speaker:
        ear = auto(ends)
        ear.player.load(note)
        name = f"speaker:{speaker.path}"
        wait_until(lambda: ear.player.status.output == name)
        ear.await_position(1200)
        assert ear.player.status.device_problem == ""
        assert isinstance(ear.player, EngineProcess)
        ear.player._take(OutputsListed((OutputInfo(name, ""),), name))
        assert ear.of(OutputsListed)[-1].chosen == "auto"
        ends.close()
    begin = sounding(read_wav(heard))[:72_000]
    assert correlation(SOUND[:72_000], begin, 96) > 0.95


def test_one_that_comes_later_and_goes_again(
    note: bytes, folder: Path, ends: ExitStack
) -> None:
    """It is found while a note plays. When it goes, the note keeps its place."""
    ear = auto(ends)
    ear.player.load(note)
    wait_until(lambda: ear.player.status.device_problem == NO_SOUND_HERE)
    with SpeakerProcess(folder, "null") as speaker:
        name = f"speaker:{speaker.path}"
        wait_until(lambda: ear.player.status.output == name)
        ear.player.seek(1000)
        wait_until(lambda: 1000 < ear.player.status.position_ms < 2000)
        assert ear.player.status.device_problem == ""
    ear.await_state(PlayerState.PAUSED)
    assert ear.player.status.device_problem == process._GONE
    at_ms = ear.player.status.position_ms
    assert 1000 <= at_ms <= 3000
    player = ear.player
    assert isinstance(player, EngineProcess)
    assert (player.child_pid, player._patience()) == (None, None)  # nobody looks
    player.list_outputs()
    names = [each.name for each in ear.await_count(OutputsListed, 1).outputs]
    assert names == ["auto", "browser", "null"]
    player.play()
    wait_until(lambda: player.status.device_problem == NO_SOUND_HERE)
    ear.await_position(at_ms + 100)


def test_two_do_not_fight_for_one(note: bytes, folder: Path, ends: ExitStack) -> None:
    """Whoever asked last has it; the other one waits, says so, and takes it back."""
    with SpeakerProcess(folder, "null") as speaker:
        first = there(ends, speaker.path)
        first.player.load(note)
        first.await_position(300)
        second = auto(ends)
        second.player.load(note)
        first.await_state(PlayerState.PAUSED)
        assert first.player.status.device_problem == TAKEN
        at_ms = first.player.status.position_ms
        second.await_count(PositionChanged, len(second.of(PositionChanged)) + 6)
        wait_until(lambda: second.player.status.output == f"speaker:{speaker.path}")
        assert second.player.status.state is PlayerState.PLAYING
        assert first.player.status.state is PlayerState.PAUSED
        first.player.play()
        second.await_state(PlayerState.PAUSED)
        assert second.player.status.device_problem == TAKEN
        first.await_position(at_ms + 200)
        assert first.player.status.device_problem == ""
        ends.close()


def test_who_asks_takes_nothing_away(
    note: bytes,
    folder: Path,
    ends: ExitStack,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    """Neither `doctor` nor a note that plays unheard in a forgotten tmux."""
    with SpeakerProcess(folder, "null") as speaker:
        assert not asked(speaker.path)
        assert find(["--idle"]) == 0
        assert capfdbinary.readouterr().out == os.fsencode(speaker.path)
        ear = there(ends, speaker.path)
        ear.player.load(note)
        ear.await_position(200)
        assert asked(speaker.path)
        assert find([]) == 0
        assert capfdbinary.readouterr().out == os.fsencode(speaker.path)
        assert find(["--idle"]) == 1
        ear.await_position(ear.player.status.position_ms + 300)
        assert ear.player.status.device_problem == ""
        ends.close()
    with pytest.raises(RelayError, match="not there"):
        asked(speaker.path)


@pytest.mark.parametrize("is_dead", [False, True], ids=["left over", "dead line"])
def test_who_does_not_answer_is_passed_over(
    is_dead: bool, folder: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Also where it is newer; two whose lines are dead take no more time than one."""
    with SpeakerProcess(folder, "null") as speaker, ExitStack() as ends:
        for number in range(2):
            other = folder.with_name(f".earmark-left-over{number}")
            other.mkdir(mode=0o700)
            (other / "speaker.token").write_text("secret")
            made = ends.enter_context(socket.socket(socket.AF_UNIX))
            made.bind(str(other / "speaker"))
            if is_dead:
                made.listen()
            else:
                made.close()
            at_s = speaker.path.stat().st_mtime + 10
            os.utime(other / "speaker", (at_s, at_s))
        assert _speakers.find_speaker() == f"speaker:{speaker.path}"
        assert find([]) == 0
        assert capfdbinary.readouterr().out == os.fsencode(speaker.path)


@pytest.mark.parametrize("is_named", [False, True], ids=["auto", "named"])
def test_what_plays_does_not_wander_off(
    is_named: bool, note: bytes, folder: Path, ends: ExitStack
) -> None:
    """When its session ends, it waits; another one has it when the user says so."""
    beside = folder.with_name(".earmark-9876543210")
    beside.mkdir(mode=0o700)
    with SpeakerProcess(beside, "null") as other:
        os.utime(other.path, (1_000, 1_000))
        with SpeakerProcess(folder, "null") as speaker:
            ear = there(ends, speaker.path) if is_named else auto(ends)
            ear.player.load(note)
            wait_until(lambda: ear.player.status.output == f"speaker:{speaker.path}")
            ear.await_position(500)
        ear.await_state(PlayerState.PAUSED)
        assert ear.player.status.device_problem == process._GONE
        assert not asked(other.path)
        at_ms = ear.player.status.position_ms
        assert 400 <= at_ms <= 2000
        ear.player.play()
        wait_until(lambda: asked(other.path))
        ear.await_position(at_ms + 200)
        assert at_ms <= ear.player.status.position_ms <= at_ms + 2000
        assert ear.player.status.device_problem == ""
        ends.close()


STRANGER = """
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
os.setgroups([]); os.setgid(65534); os.setuid(65534)
listener.listen()
print("ready", flush=True)
found = listener.accept()[0].recv(4096)
print(len(found), flush=True)
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_nobody_else_is_told_anything(folder: Path) -> None:
    """Whoever serves a socket that looks right gets neither token nor notes."""
    path = folder / "speaker"
    (folder / "speaker.token").write_text("secret")
    process = subprocess.Popen(
        [sys.executable, "-c", STRANGER, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout as told:
        assert told.readline() == "ready\n"
        with pytest.raises(RelayError, match="served by somebody else"):
            connected(path)
        assert told.read() == "0\n"
    assert process.wait(10) == 0
    os.chown(path, 65534, 65534)
    with pytest.raises(RelayError, match="is not yours"):
        connected(path)


def test_one_that_was_named_and_is_gone_is_replaced(
    note: bytes, folder: Path, ends: ExitStack
) -> None:
    """By that of the terminal from which the user looks now."""
    with SpeakerProcess(folder, "null"):
        ear = there(ends, folder.with_name(".earmark-9876543210") / "speaker")
        ear.player.load(note)
        ear.await_position(200)
        ends.close()
