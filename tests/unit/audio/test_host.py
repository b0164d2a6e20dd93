"""The inside of the engine's process: on a thread here, and as the real program."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from tests.support.child import ROOT, run_code
from tests.support.ear import wait_until
from tests.support.fake_engine import FakeEngine
from tui.audio import _commands as commands
from tui.audio import _host as host
from tui.audio._events import PlayerState, PositionChanged, StateChanged
from tui.audio._wire import (
    Lines,
    Ping,
    Pong,
    Ready,
    Refused,
    decode,
    encode,
)
from tui.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tui.audio._events import PlayerEvent
    from tui.audio._wire import Message


class _Other:
    """The other end of a host."""

    def __init__(self) -> None:
        self.socket, self.theirs = socket.socketpair()
        self.socket.settimeout(10)
        self._lines = Lines()
        self._messages: list[Message] = []

    def send(self, message: Message) -> None:
        self.socket.sendall(encode(message))

    def next(self) -> Message:
        while not self._messages:
            data = self.socket.recv(4096)
            assert data, "the host hung up"
            self._messages = [decode(line) for line in self._lines.feed(data)]
        return self._messages.pop(0)

    def close(self) -> None:
        self.socket.close()
        self.theirs.close()


@pytest.fixture
def other() -> Iterator[_Other]:
    """Give a socket to a host."""
    other = _Other()
    yield other
    other.close()


def _serve(
    other: _Other,
    make: Callable[[Callable[[PlayerEvent], None]], host.HostedEngine] = FakeEngine,
    warm_up: Callable[[], None] | None = None,
) -> tuple[threading.Thread, list[int]]:
    status: list[int] = []

    def run() -> None:
        status.append(host.serve(other.theirs, make, warm_up=warm_up))

    thread = threading.Thread(target=run)
    thread.start()
    return thread, status


def test_it_takes_commands_and_tells_events(other: _Other) -> None:
    """It is ready, answers, plays, and ends when the other end closes."""
    warm = threading.Event()
    thread, status = _serve(other, warm_up=warm.set)
    assert other.next() == Ready(os.getpid())
    assert warm.wait(10)
    other.send(Ping(7))
    assert other.next() == Pong(7)
    other.send(commands.Load(1, b"/length/5000"))
    told = other.next()
    while not isinstance(told, PositionChanged):
        assert isinstance(told, StateChanged)
        assert told.status.generation == 1
        told = other.next()
    other.socket.close()
    thread.join(10)
    assert status == [0]


def test_an_engine_that_can_not_be_made_is_refused(other: _Other) -> None:
    """With the reason, and an exit status."""

    def make(emit: Callable[[PlayerEvent], None]) -> host.HostedEngine:
        raise UsageError("there is no output 'x'")

    thread, status = _serve(other, make)
    assert other.next() == Refused("there is no output 'x'")
    other.send(Ping(1))
    other.socket.shutdown(socket.SHUT_WR)
    thread.join(10)
    assert status == [1]


@pytest.mark.parametrize("line", [b"nonsense\n", encode(Pong(1))])
def test_what_is_no_command_ends_it(other: _Other, line: bytes) -> None:
    """The parent is not what it should be."""
    thread, status = _serve(other)
    other.next()
    other.socket.sendall(line)
    thread.join(10)
    assert status == [1]


def test_an_event_that_can_not_be_told_is_left_out(other: _Other) -> None:
    """The next one comes all the same."""

    class Odd(FakeEngine):
        def send(self, command: commands.Command) -> None:
            self._emit(PositionChanged(1, 2**80))
            self._emit(StateChanged(self._status))

    thread, _ = _serve(other, Odd)
    assert isinstance(other.next(), Ready)
    other.send(commands.Play())
    assert isinstance(other.next(), StateChanged)
    other.socket.close()
    thread.join(10)


def test_a_reader_that_stopped_does_not_stop_the_sound(other: _Other) -> None:
    """A suspended browser reads nothing; the engine goes on and ends the note."""
    engines: list[FakeEngine] = []

    def make(emit: Callable[[PlayerEvent], None]) -> FakeEngine:
        engines.append(FakeEngine(emit))
        return engines[0]

    other.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    other.theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2048)
    thread, _ = _serve(other, make)
    for _ in range(200):
        other.send(commands.SetVolume(0.5))
    other.send(commands.Load(1, b"/length/300"))
    wait_until(lambda: engines[0]._status.state is PlayerState.ENDED)
    other.socket.close()
    thread.join(10)


def _program(*options: str) -> tuple[subprocess.Popen[bytes], _Other]:
    other = _Other()
    process = subprocess.Popen(
        [sys.executable, "-m", "tui.audio", *options],
        stdin=other.theirs.fileno(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=ROOT,
    )
    other.theirs.close()
    return process, other


def test_the_program_ends_with_its_input() -> None:
    """No orphan stays, and nothing was printed."""
    process, other = _program("--output", "null")
    assert other.next() == Ready(process.pid)
    other.close()
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert out == b""


def test_the_program_does_without_numpy() -> None:
    """It would cost 20 MB and a third of the start."""
    assert (
        run_code(
            "import sys, runpy\n"
            "import tui.audio._host as host\n"
            "host.main = lambda: None\n"
            "runpy.run_module('tui.audio', run_name='__main__')\n"
            "import av, miniaudio\n"
            "print(sys.modules['numpy'])"
        ).strip()
        == "None"
    )


def test_the_program_does_not_start_for_a_dead_parent() -> None:
    """The parent may be gone before the child could ask to die with it."""
    process, other = _program("--output", "null", "--parent", "1")
    process.communicate(timeout=20)
    other.close()
    assert process.returncode == 0


def test_a_library_can_not_keep_the_socket_open() -> None:
    """What the process starts itself inherits nothing of ours."""
    out = run_code(
        "import os, socket\n"
        "from tui.child import taken_over\n"
        "ours, theirs = socket.socketpair()\n"
        "os.dup2(theirs.fileno(), 0)\n"
        "theirs.close()\n"
        "taken = taken_over()\n"
        "print(os.get_inheritable(taken.fileno()), os.readlink('/proc/self/fd/0'))\n"
        "taken.close(); ours.close()"
    )
    assert out.split() == ["False", "/dev/null"]


def test_the_import_is_light() -> None:
    """Whoever shows a list pays for no decoder, no sound library, no subprocess."""
    out = run_code(
        "import sys\n"
        "from tui.audio import EngineProcess, PlayerStatus, shape\n"
        "import tui.playback\n"
        "print(sys.modules.keys() & {'av', 'miniaudio', 'numpy', 'textual'})"
    )
    assert out.strip() == "set()"


def test_the_package_tells_its_names() -> None:
    """Every public name is there, and no other."""
    import tui.audio

    for name in tui.audio.__all__:
        assert getattr(tui.audio, name) is not None
    assert dir(tui.audio) == sorted(tui.audio.__all__)
    with pytest.raises(AttributeError, match="trumpet"):
        _ = tui.audio.trumpet


def test_a_broken_engine_process_ends_with_a_status() -> None:
    """Its last words are in the log, not on the screen."""
    code = (
        "from tui.audio import _host\n"
        "def make(emit): raise RuntimeError('out of order')\n"
        "_host.main(['--output', 'null'], engine=make)"
    )
    ours, theirs = socket.socketpair()
    with ours, theirs:
        done = subprocess.run(
            [sys.executable, "-c", code],
            check=False,
            stdin=theirs.fileno(),
            capture_output=True,
            cwd=ROOT,
            timeout=20,
        )
    assert done.returncode == 1
    assert b"out of order" in done.stderr


def test_it_dies_with_its_parent() -> None:
    """Also when the parent had no time to close anything."""
    code = (
        "import os, subprocess, sys, socket\n"
        "ours, theirs = socket.socketpair()\n"
        "theirs.set_inheritable(True)\n"
        "p = subprocess.Popen([sys.executable, '-m', 'tui.audio', '--output', 'null',"
        " '--parent', str(os.getpid())], stdin=theirs.fileno(),"
        " pass_fds=[ours.fileno()])\n"  # so that its end of input never comes
        "ours.recv(10)\n"
        "print(p.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=ROOT
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert parent.wait(20) == -signal.SIGKILL
    wait_until(lambda: not _exists(pid), what="its end")


def _exists(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123  # one line of the kernel
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
