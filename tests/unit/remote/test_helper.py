"""`earmark ssh` on this side: folders, a speaker that is kept, and what ssh is told.

The ssh is a script that runs on this machine what the other one should.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.ear import wait_until
from tui.cli import main
from tui.remote import Session, SshError
from tui.remote import _helper_speaker as helper_speaker
from tui.remote._greeting import asked
from tui.remote._helper import _MAKE_FOLDER
from tui.remote._helper_speaker import KeptSpeaker, private_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG = "\N{LATIN SMALL LETTER E WITH ACUTE}" * 40
"""Bytes count, not letters."""


@pytest.fixture
def short() -> Iterator[Path]:
    """Give a folder whose path is as short as that of the system's own."""
    with tempfile.TemporaryDirectory(prefix="e", dir="/tmp") as folder:
        yield Path(folder)


def _made_there(**more: str) -> subprocess.CompletedProcess[bytes]:
    """Run what makes the folder on the other machine."""
    return subprocess.run(
        ["sh", "-c", _MAKE_FOLDER],
        input=b"secret",
        capture_output=True,
        check=False,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **more},
    )


def _bind(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


@pytest.mark.parametrize("case", [0, 1, 2])
def test_the_folder_there_is_one_with_a_short_path(case: int, short: Path) -> None:
    """The best one whose sockets the system takes; only the user may enter it."""
    folders = [short / name for name in ("run", "home", "tmp")]
    for number, folder in enumerate(folders):
        folders[number] = folder / LONG if number < case else folder
        folders[number].mkdir(parents=True, mode=0o700)
    run, home, temporary = map(str, folders)
    done = _made_there(
        XDG_RUNTIME_DIR=run,
        HOME=home,
        TMPDIR=temporary,
        SSH_CONNECTION="192.0.2.7 5000 192.0.2.1 22",
    )
    made = Path(done.stdout.decode().strip())
    assert made.parent == folders[case]
    assert (made / "from").read_text() == "192.0.2.7"
    assert made.stat().st_mode & 0o777 == 0o700
    assert (made / "speaker.token").read_text() == "secret"
    _bind(made / "speaker")


def test_a_folder_there_that_others_may_change_is_none(short: Path) -> None:
    """Somebody could put another one in its place."""
    everybody = short / "all"
    everybody.mkdir()
    everybody.chmod(0o777)
    if os.getuid() == 0:
        os.chown(everybody, 65534, 65534)
        done = _made_there(XDG_RUNTIME_DIR=str(everybody), HOME=str(short))
        made = Path(done.stdout.decode().strip())
        assert made.parent == short
    assert not helper_speaker._is_ours(str(everybody))


def test_no_folder_there_is_told_in_words(tmp_path: Path) -> None:
    """Nothing is made, and the user reads why."""
    script = _MAKE_FOLDER.replace("/tmp;", f"{tmp_path / LONG};")
    (tmp_path / LONG).mkdir()
    done = subprocess.run(
        ["sh", "-c", script],
        input=b"secret",
        capture_output=True,
        check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path / LONG)},
    )
    assert done.returncode == 1
    assert b"no folder there has a path that is short enough" in done.stderr
    assert not list((tmp_path / LONG).iterdir())


@pytest.mark.parametrize("is_long", [False, True])
def test_the_folder_here_is_one_with_a_short_path(
    is_long: bool, short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket of ssh has a name that is longer for a moment."""
    runtime = short / LONG if is_long else short / "run"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    monkeypatch.setenv("HOME", str(short))
    made = private_folder()
    assert made is not None
    assert made.parent == (short if is_long else runtime)
    assert made.stat().st_mode & 0o777 == 0o700
    _bind(made / ("control." + 16 * "x"))


def test_no_folder_here_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is started."""
    (tmp_path / LONG).mkdir()
    bases = [(str(tmp_path / LONG), ""), (str(tmp_path / "missing"), "")]
    monkeypatch.setattr(helper_speaker, "_bases", lambda: iter(bases))
    assert private_folder() is None
    with pytest.raises(SshError, match="no folder here has a path short enough"):
        Session("nowhere", ssh=["/no/such/ssh"]).run(["earmark"])


def test_a_speaker_that_crashes_is_started_again(short: Path) -> None:
    """At the same place, with the same token; not when it ends again and again."""
    path = short / "speaker"
    path.with_suffix(".token").write_text("secret")
    speaker = KeptSpeaker(path, "secret", output="null", log_path=short / "log")
    speaker.start()
    assert speaker.wait()
    first = speaker.pid
    assert first is not None
    os.kill(first, signal.SIGSEGV)
    wait_until(lambda: speaker.pid != first and _answers(path), what="another one")
    second = speaker.pid
    assert second is not None
    os.kill(second, signal.SIGKILL)
    wait_until(lambda: speaker.pid != second, what="a third one")
    third = speaker.pid
    assert third is not None
    os.kill(third, signal.SIGKILL)
    wait_until(lambda: speaker.is_given_up, what="an end of it")
    speaker.close()
    assert not _answers(path)


def test_only_what_nobody_uses_is_swept_away(short: Path) -> None:
    """A session may last for weeks; what a power cut left is gone after two days."""
    long_ago = time.time() - 3 * 24 * 3600
    for name, pid in (("lives", os.getpid()), ("ended", 2**22 + 1), ("empty", None)):
        folder = short / f".earmark-00000{name}"
        folder.mkdir()
        if pid is not None:
            (folder / "pid").write_text(f"{pid}\n")
        os.utime(folder, (long_ago, long_ago))
    (short / ".earmark-00000young").mkdir()
    (short / ".earmark-of-mine").mkdir()
    os.utime(short / ".earmark-of-mine", (long_ago, long_ago))
    made = Path(_made_there(HOME=str(short)).stdout.decode().strip())
    shutil.rmtree(made)
    left = sorted(path.name for path in short.iterdir())
    assert left == [".earmark-00000lives", ".earmark-00000young", ".earmark-of-mine"]


class Far:
    """Another machine, which is this one.

    Args:
        folder: Its home, where all is that is made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._log = folder / "ssh.log"
        self.program = folder / "ssh"
        self.program.write_text(
            f"""#!{sys.executable}
import os, sys
words = sys.argv[1:]
with open({str(self._log)!r}, "a") as log:
    log.write(" ".join(words).split(" -- ")[0].split("=none ")[1] + "\\n")
if "-O" not in words:
    os.execvp("sh", ["sh", "-c", words[-1]])
"""
        )
        self.program.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        """The options of each call."""
        return self._log.read_text().splitlines()

    @property
    def left(self) -> list[str]:
        """What was made and not taken away."""
        return [path.name for path in self.folder.iterdir() if path.name[0] == "."]


@pytest.fixture
def far(short: Path, monkeypatch: pytest.MonkeyPatch) -> Far:
    """Give another machine."""
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setenv("HOME", str(short))
    monkeypatch.setenv("SHELL", "/bin/sh")
    return Far(short)


LOOK = """
case $EARMARK_OUTPUT in speaker:*/.earmark-*/speaker) ;; *) exit 9; esac
folder=${EARMARK_OUTPUT#speaker:}; folder=${folder%/*}
[ -s "$folder/speaker.token" ] && kill -0 "$(cat "$folder/pid")" || exit 8
exit "$1"
"""


@pytest.mark.parametrize("code", [0, 3])
def test_the_other_side_tidies_up_by_itself(code: int, far: Far) -> None:
    """Each further command for ssh would be another trip there and back."""
    session = Session("far", ssh=[str(far.program)], output="null")
    assert session.run(["sh", "-c", LOOK, "", str(code)]) == code
    ends = [call.split()[:2] for call in far.calls]
    assert [" ".join(each) for each in ends] == ["-T -o", "-O forward", "-t", "-O exit"]
    assert far.left == []


@pytest.mark.parametrize("end", ["exit 255", "kill -9 $PPID"])
def test_a_line_that_is_lost_is_tidied_up_after(end: str, far: Far) -> None:
    """Whatever became of the command: ssh's own code is told, and no folder stays."""
    session = Session("far", ssh=[str(far.program)], output="null")
    assert session.run(["sh", "-c", LOOK.replace('exit "$1"', end)]) == 255
    assert far.calls[-2] == "-T -o BatchMode=yes"
    assert far.left == []


def test_without_a_connection_nothing_stays(far: Far) -> None:
    """The speaker that was begun beside it ends with it."""
    far.program.write_text("#!/bin/sh\nexit 255\n")
    with pytest.raises(SshError, match="could not prepare the other side"):
        Session("far", ssh=[str(far.program)]).run(["earmark"])
    assert far.left == []
    assert f"speaker --socket {far.folder}/" not in _running()


def test_without_a_speaker_nothing_is_opened_there(
    far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can't be heard is told before the browser takes the terminal."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(SshError, match="nothing can be played here"):
        Session("far", ssh=[str(far.program)]).run(["sh", "-c", "exit 0"])
    assert "-t" not in [call.split()[0] for call in far.calls]
    assert far.left == []


@pytest.mark.parametrize("output", ["speaker:/x/speaker", "browser"])
def test_an_output_that_is_not_here_is_refused(
    output: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As that of a session around this one; before anything is started."""
    monkeypatch.setenv("EARMARK_OUTPUT", output)
    assert main(["ssh", "nowhere", "--ssh", "/no/such/ssh"]) == 2
    assert f"can't be played on {output}" in capsys.readouterr().err


def _running() -> str:
    done = subprocess.run(["ps", "-ww", "-eo", "args"], check=True, capture_output=True)
    return done.stdout.decode(errors="replace")


def _answers(path: Path) -> bool:
    from tui.remote._greeting import RelayError

    try:
        return not asked(path)
    except RelayError:
        return False
