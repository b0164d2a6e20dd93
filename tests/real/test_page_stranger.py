"""Another user of the machine at the port of the output `browser`, while a note plays.

That port is the only door that loopback leaves open: whoever is logged in can knock.
Nothing is read, nothing is moved, and the user's own page plays on.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.ear import Ear, wait_until
from tests.support.sound import chirp, frequency, opus, sounding
from tests.support.stranger import Stranger, ask, held, hold, peek, talk
from tui.audio import (
    RATE,
    DeviceChanged,
    EngineProcess,
    PlayerState,
    StateChanged,
)
from tui.child import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else"),
    pytest.mark.xdist_group("stranger"),
    pytest.mark.timeout(60),
]

PAGE = Path(__file__).parents[2] / "tui/remote/_page"
HEAD = 44
"""Bytes of a WAV ahead of its sound."""
MOST = 24
"""Connections that are kept at a time."""


class Desk:
    """A user who listens by a page, of whom others know the port only.

    Args:
        folder: Where the notes are, and what was heard.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sound = opus(chirp(20))
        self.log = folder / "log"
        self.heard = folder / "heard.wav"
        self.player = EngineProcess("browser", log_path=self.log)
        self.ear = Ear(self.player)
        self.player.start()
        wait_until(lambda: "http:" in self.player.status.device_problem)
        found = re.search(r"\S+:([0-9]+)/#(\S+)", self.player.status.device_problem)
        assert found is not None
        self.port, self.token = int(found[1]), found[2]
        words = [*(sys.executable, "-P", "-m", "tui", "listen")]
        words += ["--output", f"file:{self.heard}"]
        self.page = subprocess.Popen(words, stdin=subprocess.PIPE, env=environment())
        assert self.page.stdin is not None
        self.page.stdin.write(found[0].encode() + b"\n")
        self.page.stdin.flush()
        wait_until(lambda: not self.player.status.device_problem)

    def hear(self, name: str) -> None:
        """Play a note, until half a second of it was heard."""
        path = self.folder / name
        path.write_bytes(self.sound)
        self.player.load(os.fsencode(path))

        def is_heard() -> bool:
            status = self.player.status
            is_it = status.path == os.fsencode(path)
            plays = status.state is PlayerState.PLAYING
            return is_it and plays and 500 <= status.position_ms < 10_000

        wait_until(is_heard, what="what was asked for")

    def close(self) -> None:
        """End the page and the player."""
        self.player.close()
        self.page.send_signal(signal.SIGINT)
        self.page.wait(10)
        if self.page.stdin is not None:
            self.page.stdin.close()


@pytest.fixture(scope="module")
def listening(new_folder: Callable[[str], Path]) -> Iterator[Desk]:
    """Give a user who listens; a new one for each test would take longer than it."""
    made = Desk(new_folder("desk"))
    yield made
    made.close()


@pytest.fixture
def desk(listening: Desk, request: pytest.FixtureRequest) -> Desk:
    """Have the user listen to a note, from its start."""
    listening.hear(f"{request.node.name}.opus")
    return listening


@pytest.fixture(scope="module")
def stranger() -> Iterator[Stranger]:
    """Give another user."""
    with Stranger() as somebody:
        yield somebody


def asked(path: str = "/", *more: str, host: str = "", method: str = "GET") -> bytes:
    """Make a request; `{port}` in `host` is filled in later."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host or '127.0.0.1:{port}'}", *more]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"


def at(port: int, text: bytes) -> bytes:
    """Fill in the port."""
    return text.replace(b"{port}", str(port).encode())


LEAVE = "Connection: close"
REFUSED = {
    "a guess": (404, asked("/note/x", LEAVE)),
    "no name": (404, asked("/note/", LEAVE)),
    "a number": (404, asked("/note/1", LEAVE)),
    "a path": (404, asked("/note/../../../../etc/passwd", LEAVE)),
    "a hidden path": (404, asked("/note/%2e%2e%2f%2e%2e%2fetc%2fpasswd", LEAVE)),
    "a file": (404, asked("/_web.py", LEAVE)),
    "a command": (405, asked("/speaker", LEAVE, method="POST")),
    "a question": (405, asked("/", LEAVE, "Origin: null", method="OPTIONS")),
    "rebinding": (403, asked("/", LEAVE, host="evil.example")),
    "rebinding a note": (403, asked("/note/x", LEAVE, host="evil.example:{port}")),
    "an address": (403, asked("/", LEAVE, host="[::1]:{port}")),
    "two hosts": (400, asked("/", "Host: evil.example", LEAVE)),
    "no host": (403, b"GET / HTTP/1.0\r\n\r\n"),
    "another page": (403, asked("/", LEAVE, "Origin: http://evil.example")),
    "a frame": (403, asked("/page.js", LEAVE, "Sec-Fetch-Site: cross-site")),
    "no WebSocket": (403, asked("/speaker", LEAVE)),
    "a long head": (400, asked("/", LEAVE, "X: " + 70_000 * "x")),
    "no HTTP": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
}
OWN = "Origin: http://127.0.0.1:{port}"
WRONG = [
    b'{"token":""}',
    b'{"token":null}',
    b'{"token":true,"note":1,"at":0}',
    b'{"token":"AAAAAAAAAAAAAAAAAAAAAA","note":1,"at":0}',
    b'{"what":"pauses","n":9,"note":1,"at":0}',
    b"[" * 4000,
]


def test_a_stranger_reads_and_moves_nothing(desk: Desk, stranger: Stranger) -> None:
    """Whatever is asked for, and whatever is said without the token."""
    port, began = desk.port, len(desk.ear.events)
    content = b""
    for name, (status, text) in REFUSED.items():
        answer = stranger.do(ask, port, at(port, text))
        assert answer.status == status, name
        assert len(answer.content) < 400, name
        content += answer.content
    for path, name in (("/", "index.html"), ("/page.js", "page.js")):
        answer = stranger.do(ask, port, at(port, asked(path, LEAVE)))
        # What everybody may have: it is in every copy of the program.
        assert (answer.status, answer.content) == (200, (PAGE / name).read_bytes())
    for origin in ((), ("Origin: http://evil.example",), ("Origin: null",)):
        text = at(port, asked("/speaker", *origin))
        assert stranger.do(talk, port, text, WRONG[0]).status == 403
    own = at(port, asked("/speaker", OWN))
    for said in (*WRONG, desk.token[:-1].join(('{"token":"', '"}')).encode()):
        answer = stranger.do(talk, port, own, said)
        assert (answer.status, answer.content, answer.close) == (101, b"", 4403)
    long = stranger.do(talk, port, own, b'{"token":"' + 1_000_000 * b"x" + b'"}')
    assert (long.content, long.close) in {(b"", 1009), (b"", 0)}
    binary = stranger.do(talk, port, own, b'{"token":""}', opcode=2)
    assert (binary.content, binary.close) == (b"", 4403)
    desk.ear.await_position(desk.player.status.position_ms + 300)
    assert desk.token.encode() not in content
    assert b"OggS" not in content
    told = [event for _, event in desk.ear.events[began:]]
    assert not [e for e in told if isinstance(e, StateChanged | DeviceChanged)]


def test_a_crowd_of_strangers_stops_nothing(desk: Desk, stranger: Stranger) -> None:
    """What plays goes on, and what is asked for next begins, both as if alone."""
    port = desk.port
    own = at(port, asked("/speaker", OWN))
    head = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    key = b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    began = len(desk.ear.events)
    for begin in (b"", own[:-20], own.removesuffix(b"\r\n") + head + key, own[:-2]):
        stranger.do(hold, port, begin, 50)
    wait_until(lambda: stranger.do(held) <= MOST, what="an end of most of them")
    desk.ear.await_position(desk.player.status.position_ms + 500)
    told = [event for _, event in desk.ear.events[began:]]
    assert not [e for e in told if isinstance(e, StateChanged | DeviceChanged)]
    desk.player.seek(15_000)
    desk.ear.await_position(15_300)
    desk.hear("b.opus")
    # It rises by 140 Hz a second: at 15 s it was high, and in the end it began anew.
    tenth = 2 * RATE // 10
    heard = sounding(desk.heard.read_bytes()[HEAD:])
    heights = [frequency(heard[i : i + tenth]) for i in range(0, len(heard), tenth)]
    assert max(heights[:-5]) > 2200
    assert heights[-3] < 450


def test_a_stranger_finds_the_secret_nowhere(desk: Desk, stranger: Stranger) -> None:
    """Not in what the system tells of the processes, and not in what they write."""
    child = desk.player.child_pid
    assert child is not None
    told = []
    for pid in (os.getpid(), child, desk.page.pid):
        lines = stranger.do(peek, [f"/proc/{pid}/cmdline"])
        assert lines[f"/proc/{pid}/cmdline"]
        told += list(lines.values())
        names = ("environ", "mem", "maps", "fd/0", "auxv", "stack", "syscall")
        closed = stranger.do(peek, [f"/proc/{pid}/{name}" for name in names])
        assert set(closed.values()) == {None}
        told.append(Path(f"/proc/{pid}/environ").read_bytes())
    tables = stranger.do(peek, ["/proc/net/tcp"])
    assert f":{desk.port:04X}".encode() in (tables["/proc/net/tcp"] or b"")
    told.append(desk.log.read_bytes())
    assert stranger.do(peek, [str(desk.log)]) == {str(desk.log): None}
    assert all(desk.token.encode() not in (text or b"") for text in told)
