"""`earmark ssh` through a real sshd: the browser there, the sound here."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

from tests.support.child import ROOT
from tests.support.ear import wait_until
from tests.support.pulse import PulseServer, Recorder
from tests.support.sound import chirp, correlation, filled, opus, sounding
from tests.support.sshd import SshServer, free_port
from tests.support.terminal import TmuxTerminal, base_environ

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        self.sshd = sshd
        self.home = folder / "home"
        self.home.mkdir()
        self.source = folder / "Voice" / "Ana"
        self.source.mkdir(parents=True)
        (self.source / "PTT-20240815-WA0001.opus").write_bytes(opus(SOUND))
        self.library = folder / "library.db"
        self.environ = {
            "HOME": str(self.home),
            "PYTHONPATH": str(ROOT),
            "PULSE_SERVER": "none",
            "EARMARK_LIBRARY": str(self.library),
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
        }
        words = ["env", *(f"{name}={value}" for name, value in self.environ.items())]
        self.there = shlex.join([*words, sys.executable, "-P", "-m", "tui"])
        self.words = ["python", "-P", "-m", "tui", "ssh", sshd.host]
        self.words += [str(self.source.parent), "--there", self.there]

    def here(self, sshd: SshServer) -> dict[str, str]:
        """Give the environment of a session over there."""
        environ = base_environ(**self.environ, SSH_CONNECTION="127.0.0.1 1 127.0.0.1 2")
        return environ | {"PATH": f"{sshd.home / 'bin'}:{environ['PATH']}"}

    def ssh(self, *options: str) -> list[str]:
        """Give a plain ssh that runs the browser there."""
        words = [*self.sshd.command.split(), "-t", *options, self.sshd.host]
        return [*words, f"{self.there} {self.source.parent}"]

    def position_ms(self) -> int:
        """What is kept of the only note, once the browser is gone."""
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
        pcm = filled(sounding(heard.mono()))
    assert correlation(SOUND[: 2 * 96_000], pcm[: 2 * 96_000]) > 0.95
    assert not list(sshd.runtime.iterdir())


def test_a_second_browser_is_heard_beside_it(
    place: Place, sshd: SshServer, tmp_path: Path
) -> None:
    """A plain ssh that nobody told where to play; the first one says who has it."""
    beside = tmp_path / "beside"
    beside.mkdir()
    with PulseServer() as pulse, Recorder(pulse) as heard:
        environ = base_environ(**pulse.environment, EARMARK_SSH=sshd.command)
        with (
            TmuxTerminal(place.words, tmp_path, environ=environ) as first,
            TmuxTerminal(place.ssh(), beside, environ=environ) as second,
        ):
            for each in (first, second):
                each.wait_for("1 note", 30)
                each.wait_for("live")
            first.send("n")
            first.wait_for("0:01 / 0:06")
            before = heard.frames
            second.send("n")
            first.wait_for("Another Earmark plays there now")
            assert "⏸ Ana" in first.capture()
            second.wait_for("0:04 / 0:06")
            assert "No sound" not in second.capture()
            second.send("q")
            assert second.wait_for_exit() == 0
            first.send("Space")
            first.wait_for("▶ Ana")
            first.send("q")
            assert first.wait_for_exit() == 0
        pcm = sounding(heard.mono(before))
    assert len(pcm) > 2 * 48_000 * 2


def test_a_browser_in_a_tmux_over_there_is_taken_up_again(
    place: Place, sshd: SshServer, tmp_path: Path
) -> None:
    """Left in the middle of a note, which is heard from another terminal later."""
    tmux = ["tmux", "-u", "-f", "/dev/null", "-S", str(sshd.folder / "far")]
    inner = f"{place.there} {shlex.quote(str(place.source.parent))}"
    begin = [*place.words[:6], "--there", shlex.join([*tmux, "new", "-s", "e", inner])]
    again = [*place.words[:6], "--there", shlex.join([*tmux, "attach", "-t", "e"])]
    with PulseServer() as pulse, ExitStack() as ends:
        ends.callback(subprocess.run, [*tmux, "kill-server"], stderr=subprocess.DEVNULL)
        environ = base_environ(**pulse.environment, EARMARK_SSH=sshd.command)
        environ = {name: environ[name] for name in environ if name != "TMUX"}
        for name in ("a", "b"):
            (tmp_path / name).mkdir()
        with TmuxTerminal(begin, tmp_path / "a", environ=environ) as first:
            first.wait_for("1 note", 30)
            first.wait_for("live")
            first.send("n")
            first.wait_for("0:02 / 0:06")
            first.send("C-b", "d")
            assert first.wait_for_exit() == 0
        look = [*tmux, "capture-pane", "-p", "-t", "e"]
        gone = b"The sound where you sit is gone"
        wait_until(lambda: gone in subprocess.check_output(look), what="a pause")
        with (
            TmuxTerminal(again, tmp_path / "b", environ=environ) as second,
            Recorder(pulse) as heard,
        ):
            second.wait_for("⏸ Ana")
            second.send("Space")
            second.wait_for("■ Ana")
            assert len(sounding(heard.mono())) > 48_000 * 2 * 2
            second.send("q")
            assert second.wait_for_exit() == 0


def test_a_speaker_that_crashes_is_started_again(
    place: Place, sshd: SshServer, tmp_path: Path
) -> None:
    """In the middle of a note, which goes on where it was."""
    with PulseServer() as pulse, Recorder(pulse) as heard:
        environ = base_environ(**pulse.environment, EARMARK_SSH=sshd.command)
        with TmuxTerminal(place.words, tmp_path, environ=environ) as tmux:
            tmux.wait_for("1 note", 30)
            tmux.wait_for("live")
            tmux.send("n")
            tmux.wait_for("0:02 / 0:06")
            (pid,) = _speakers()
            os.kill(pid, signal.SIGSEGV)
            wait_until(lambda: _speakers() not in ([], [pid]), what="another one")
            tmux.wait_for("■ Ana", 20)
            tmux.send("q")
            assert tmux.wait_for_exit() == 0
        end = sounding(heard.mono())[-38_400:]
    assert correlation(SOUND[-38_400:], end, 240) > 0.9


@pytest.mark.parametrize("what", ["sshd", " -t ", "[mux]"], ids=["far", "near", "both"])
def test_a_line_that_breaks_loses_nothing(
    what: str, place: Place, sshd: SshServer, tmp_path: Path
) -> None:
    """The position is kept over there, nothing runs on, and it is said in a line.

    Keys, cursor and mouse of the terminal are again what they were.
    """
    (note,) = place.source.iterdir()
    note.write_bytes(opus(chirp(20)))  # shorter ones begin at their start again
    environ = base_environ(EARMARK_SSH=sshd.command, EARMARK_OUTPUT="null")
    words = shlex.join([sys.executable, *place.words[1:]])
    modes = "$(stty -a | grep -o -- '-*icanon')"
    shell = ["sh", "-c", f"{words}; echo it ended with $? {modes}; exec cat"]
    with TmuxTerminal(shell, tmp_path, environ=environ) as tmux:
        tmux.wait_for("1 note", 30)
        tmux.wait_for("live")
        tmux.send("n")
        tmux.wait_for("0:02 / 0:20")
        if what == "sshd":
            sshd.cut()
        else:
            (pid,) = (number for number, line in _here() if what in line)
            os.kill(pid, signal.SIGKILL)
        tmux.wait_for("the connection was lost")
        assert "Enter play" not in tmux.wait_for("it ended with 255 icanon")
        flags = "#{alternate_on}#{mouse_any_flag}#{cursor_flag}"
        assert tmux._tmux("display", "-p", flags).strip() == "001"
    wait_until(lambda: not _here(), what="an end here")
    assert not list(Path(os.environ["HOME"]).glob(".earmark*"))
    wait_until(lambda: str(place.library) not in _commands(), what="their end")
    wait_until(lambda: not list(sshd.runtime.iterdir()), what="a tidy end there")
    assert 1500 <= place.position_ms() <= 4000
    (tmp_path / "again").mkdir()
    with TmuxTerminal(place.words, tmp_path / "again", environ=environ) as tmux:
        tmux.wait_for("1 note", 30)
        tmux.wait_for("live")
        tmux.send("n")
        tmux.wait_for("▶ Ana")
        found = re.search(r"0:0(\d) / 0:20", tmux.capture())
        assert found is not None
        assert int(found[1]) >= 1
        tmux.send("q")
        assert tmux.wait_for_exit() == 0


def test_a_terminal_that_is_closed_leaves_nothing(
    place: Place, sshd: SshServer, tmp_path: Path
) -> None:
    """No folder on either side. What is configured for the host does not disturb."""
    here = sshd.folder / "here"  # short, as the name of a socket must be
    here.mkdir(mode=0o700)
    mine = sshd.folder / "mine"
    mine.write_text("RemoteCommand tmux attach\nRequestTTY force\n")
    environ = base_environ(
        EARMARK_SSH=sshd.command.replace("-F none", f"-F {mine}"),
        EARMARK_OUTPUT="null",
        XDG_RUNTIME_DIR=str(here),
    )
    with TmuxTerminal(place.words, tmp_path, environ=environ) as tmux:
        tmux.wait_for("1 note", 30)
        assert list(here.iterdir())
        assert list(sshd.runtime.iterdir())
    wait_until(lambda: not list(here.iterdir()), what="a tidy end here")
    wait_until(lambda: not list(sshd.runtime.iterdir()), what="a tidy end there")


def test_the_ways_that_doctor_tells(
    place: Place, sshd: SshServer, tmp_path: Path
) -> None:
    """Each command as it is printed leads to sound, or to the page."""
    left = {"HOME", "PULSE_SERVER"}  # which are those of the session
    more = {name: place.environ[name] for name in place.environ.keys() - left}
    sshd.programs(sshd.home / "bin", **more)
    here = tmp_path / "here"
    sshd.programs(here / "bin")
    (sshd.folder / "pulse").mkdir()
    with PulseServer() as pulse:
        (sshd.folder / "pulse" / "native").symlink_to(pulse.address[len("unix:") :])
        environ = base_environ(**pulse.environment)
        environ |= {
            "XDG_RUNTIME_DIR": str(sshd.folder),
            "PATH": f"{here / 'bin'}:{environ['PATH']}",
        }
        source = shlex.quote(str(place.source.parent))
        there = f"exec sh -lc 'earmark scan {source} >&2; exec earmark doctor --json'"
        done = subprocess.run(
            [*sshd.command.split(), sshd.host, there], check=False, capture_output=True
        )
        facts = json.loads(done.stdout)["ssh"]
        assert f"ssh -p {sshd.port}" in facts["command"]
        with _typing(facts["command"], tmp_path / "a", environ) as tmux:
            _is_heard(tmux, pulse)
            assert tmux.wait_for_exit() == 0
        with _typing(facts["pulse"]["forward"], tmp_path / "b", environ) as tmux:
            tmux.wait_for("ready$")
            tmux.send(facts["pulse"]["use"], "Enter")
            _is_heard(tmux, pulse)
        with _typing(facts["page"]["use"], tmp_path / "c", place.here(sshd)) as tmux:
            tmux.wait_for("live", 30)
            tmux.wait_for("Open http://127.0.0.1:")
            found = re.search(r"127\.0\.0\.1:(\d+)/#", tmux.capture())
            assert found is not None
            near = free_port()  # both ends are the same machine
            line = facts["page"]["forward"]
            line = line.replace(
                "-NL 8137:127.0.0.1:8137", f"-NL {near}:{found[0][:-2]}"
            )
            with _typing(line, tmp_path / "d", environ):
                wait_until(lambda: _serves_page(near), what="the page")


def _typing(line: str, folder: Path, environ: dict[str, str]) -> TmuxTerminal:
    """Type a line into a terminal."""
    folder.mkdir()
    return TmuxTerminal(["sh", "-c", line], folder, environ=environ)


def _is_heard(tmux: TmuxTerminal, pulse: PulseServer) -> None:
    """Play the only note from its start, and hear it."""
    tmux.wait_for("1 note", 30)
    tmux.wait_for("live")
    with Recorder(pulse) as heard:
        tmux.send("n")
        wait_until(lambda: len(sounding(heard.mono())) > 48_000, what="sound")
        tmux.send("q")


def _serves_page(port: int) -> bool:
    with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/", timeout=2) as page:
        return b"Earmark" in page.read()
    return False


def _here() -> list[tuple[int, str]]:
    """Find the processes at this end of the line, whose sockets are in our own home."""
    lines = _commands("pid,args").splitlines()
    ours = f"{os.environ['HOME']}/.earmark."
    return [(int(line.split()[0]), line) for line in lines if ours in line]


def _speakers() -> list[int]:
    return [pid for pid, line in _here() if "speaker --socket" in line]


def _stranger_reaches(sshd: SshServer) -> list[str]:
    """Try every socket and secret of a session as another user, if we may be one."""
    (folder,) = sshd.runtime.iterdir()
    names = ["from", "pid", "speaker", "speaker.token"]
    assert sorted(path.name for path in folder.iterdir()) == names
    paths = [str(folder / name) for name in names]
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


def _commands(what: str = "args") -> str:
    done = subprocess.run(["ps", "-ww", "-eo", what], check=True, capture_output=True)
    return done.stdout.decode(errors="replace")
