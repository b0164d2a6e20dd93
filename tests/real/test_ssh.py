"""`earmark ssh` through a real sshd: the browser there, the sound here."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.child import ROOT
from tests.support.ear import wait_until
from tests.support.pulse import PulseServer, Recorder
from tests.support.sound import chirp, correlation, opus, sounding
from tests.support.sshd import SshServer
from tests.support.terminal import TmuxTerminal, base_environ

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.needs("sshd"),
    pytest.mark.needs("tmux"),
    pytest.mark.needs("pulseaudio"),
    pytest.mark.xdist_group("sound"),
    pytest.mark.timeout(60),
]

SOUND = chirp(6)


@pytest.fixture(scope="module")
def sshd() -> Iterator[SshServer]:
    """Give an SSH server."""
    with SshServer() as server:
        yield server


class Place:
    """A folder of notes on the other machine, which is this one."""

    def __init__(self, folder: Path, sshd: SshServer) -> None:
        self.home = folder / "home"
        self.home.mkdir()
        self.source = folder / "Voice" / "Ana"
        self.source.mkdir(parents=True)
        (self.source / "PTT-20240815-WA0001.opus").write_bytes(opus(SOUND))
        self.library = folder / "library.db"
        there = {
            "HOME": str(self.home),
            "PYTHONPATH": str(ROOT),
            "PULSE_SERVER": "none",
            "EARMARK_LIBRARY": str(self.library),
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
        }
        words = ["env", "-u", "XDG_RUNTIME_DIR"]
        words += [f"{name}={value}" for name, value in there.items()]
        self.there = shlex.join([*words, sys.executable, "-P", "-m", "tui"])
        self.words = ["python", "-P", "-m", "tui", "ssh", sshd.host]
        self.words += [str(self.source.parent), "--there", self.there]

    def position_ms(self) -> int:
        """What is kept of the only note, once the browser is gone."""
        import json

        done = subprocess.run(
            [
                *(sys.executable, "-P", "-m", "tui", "list", "--json"),
                *("--library", str(self.library)),
            ],
            check=True,
            capture_output=True,
            env=base_environ(HOME=str(self.home)),
        )
        (note,) = json.loads(done.stdout)
        position: int = note["position_ms"]
        return position


@pytest.fixture
def place(tmp_path: Path, sshd: SshServer) -> Place:
    """Give a place with one note."""
    return Place(tmp_path, sshd)


def test_sound_comes_where_one_sits(
    place: Place, sshd: SshServer, tmp_path: Path
) -> None:
    """The other side has no device; what is heard here is the note, to its end."""
    with PulseServer() as pulse, Recorder(pulse) as heard:
        environ = base_environ(**pulse.environment, EARMARK_SSH=sshd.command)
        with TmuxTerminal(place.words, tmp_path, environ=environ) as tmux:
            tmux.wait_for("1 note", 30)
            tmux.wait_for("live")
            tmux.send("n")
            tmux.wait_for("0:03 / 0:06")
            tmux.send("Space")
            tmux.wait_for("⏸ Ana")
            assert _stranger_reaches(sshd) == []
            tmux.send("Space")
            tmux.wait_for("■ Ana")
            heard.wait(24_000)
            tmux.send("q")
            assert tmux.wait_for_exit() == 0
        pcm = sounding(heard.mono())
    assert correlation(SOUND[: 2 * 96_000], pcm[: 2 * 96_000]) > 0.95
    assert not list(sshd.runtime.iterdir())


def test_a_line_that_breaks_loses_nothing(
    place: Place, sshd: SshServer, tmp_path: Path
) -> None:
    """The position is kept over there, nothing runs on, and it is said in a line."""
    environ = base_environ(EARMARK_SSH=sshd.command, EARMARK_OUTPUT="null")
    with TmuxTerminal(place.words, tmp_path, environ=environ) as tmux:
        tmux.wait_for("1 note", 30)
        tmux.wait_for("live")
        tmux.send("n")
        tmux.wait_for("0:02 / 0:06")
        sshd.cut()
        tmux.wait_for("the connection was lost")
        assert tmux.wait_for_exit() == 255
    wait_until(lambda: place.position_ms() >= 1500, what="a kept position")
    assert place.position_ms() <= 4000
    wait_until(lambda: str(place.library) not in _commands(), what="their end")


def test_a_terminal_that_is_closed_leaves_nothing(
    place: Place, sshd: SshServer, tmp_path: Path
) -> None:
    """No folder on either side."""
    here = sshd.folder / "here"  # short, as the name of a socket must be
    here.mkdir(mode=0o700)
    environ = base_environ(
        EARMARK_SSH=sshd.command, EARMARK_OUTPUT="null", XDG_RUNTIME_DIR=str(here)
    )
    with TmuxTerminal(place.words, tmp_path, environ=environ) as tmux:
        tmux.wait_for("1 note", 30)
        assert list(here.iterdir())
        assert list(sshd.runtime.iterdir())
    wait_until(lambda: not list(here.iterdir()), what="a tidy end here")
    wait_until(lambda: not list(sshd.runtime.iterdir()), what="a tidy end there")


def _stranger_reaches(sshd: SshServer) -> list[str]:
    """Try every socket and secret of a session as another user, if we may be one."""
    (folder,) = sshd.runtime.iterdir()
    paths = [str(path) for path in folder.iterdir()]
    assert len(paths) == 2
    if os.getuid() != 0:
        return []
    sshd.runtime.chmod(0o711)
    done = subprocess.run(
        [sys.executable, "-c", _STRANGER, *paths],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    return done.stdout.split()


_STRANGER = """
import os, socket, sys
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
for path in sys.argv[1:]:
    try:
        open(path)
    except OSError as error:
        assert error.errno == 13, error
    else:
        print(path)
    try:
        socket.socket(socket.AF_UNIX).connect(path)
    except OSError as error:
        assert error.errno == 13, error
    else:
        print(path)
"""


def _commands() -> str:
    done = subprocess.run(["ps", "-eo", "args"], check=True, capture_output=True)
    return done.stdout.decode(errors="replace")
