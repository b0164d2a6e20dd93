"""The speaker of an `earmark ssh`: a process that is kept alive, and its folder."""

from __future__ import annotations

import logging
import os
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tui.audio import Restarts
from tui.child import environment, opened_log

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["KeptSpeaker", "private_folder"]

_log = logging.getLogger(__name__)

_READY_S = 15.0
_END_S = 3.0
_LIMIT = 103 if sys.platform == "darwin" else 107
"""Bytes that the path of a socket may have."""
_ROOM = len("/.earmark.abcdefgh/control") + 18
"""What is added to a folder; ssh first binds its socket under a longer name."""


def private_folder() -> Path | None:
    """Make a folder for sockets that only this user can enter.

    Returns:
        The folder; None where the path of each that could be had is too long.
    """
    for base, prefix in _bases():
        with suppress(OSError):
            if len(os.fsencode(base)) + _ROOM <= _LIMIT and _is_ours(base):
                return Path(tempfile.mkdtemp(prefix=prefix, dir=base))
    return None


def _bases() -> Iterator[tuple[str, str]]:
    for name, prefix in (("XDG_RUNTIME_DIR", "earmark-"), ("HOME", ".earmark.")):
        if base := os.environ.get(name):
            yield base, prefix
    yield tempfile.gettempdir(), "earmark-"
    yield "/tmp", "earmark-"  # noqa: S108  # a folder of its own is made there


def _is_ours(base: str) -> bool:
    """Tell whether nobody else can take away what we make in a folder."""
    info = Path(base).stat()
    is_sticky = bool(info.st_mode & stat.S_ISVTX)
    is_closed = is_sticky or not info.st_mode & 0o022
    return info.st_uid in {0, os.getuid()} and is_closed and os.access(base, os.W_OK)


class KeptSpeaker:
    """A speaker in a process of its own, which is started again when it crashes.

    Args:
        path: Its socket, in a folder of its own.
        token: What a relay must know.
        output: What it plays on.
        target_lufs: How loud what is levelled becomes.
        log_path: Where its log goes; None for nowhere.
    """

    def __init__(
        self,
        path: Path,
        token: str,
        *,
        output: str,
        target_lufs: float = -18.0,
        log_path: Path | None = None,
    ) -> None:
        self._path = path
        self._token = token
        self._output = output
        self._target_lufs = target_lufs
        self._log_path = log_path
        self._restarts = Restarts()
        self._closing = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._keeper = threading.Thread(
            target=self._keep, name="earmark-speaker", daemon=True
        )
        self.is_given_up = False
        """Whether it crashed again and again, and is not started any more."""

    @property
    def pid(self) -> int | None:
        """The id of its process, while there is one."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start it; it takes a moment until it listens."""
        self._begin()

    def wait(self) -> bool:
        """Wait until it listens, and keep it alive; returns whether it does."""
        if not self._listens():
            return False
        self._keeper.start()
        return True

    def close(self) -> None:
        """End it."""
        self._closing.set()
        self._end()
        if self._keeper.is_alive():
            self._keeper.join(_END_S)
            self._end()  # of one that was about to begin

    def _begin(self) -> None:
        self._restarts.begun(time.monotonic())
        self._path.unlink(missing_ok=True)
        ours, theirs = socket.socketpair()
        with theirs, opened_log(self._log_path) as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-P", "-m", "tui.remote", "speaker"),
                    *("--socket", str(self._path), "--output", self._output),
                    f"--target-lufs={self._target_lufs:g}",
                    *("--parent", str(os.getpid())),
                ],
                stdin=theirs.fileno(),
                stdout=log,
                stderr=log,
                env=environment(),
                start_new_session=True,
            )
        self._control = ours
        ours.settimeout(_READY_S)
        with suppress(OSError):  # what is wrong is noticed when it does not get ready
            ours.sendall(self._token.encode())

    def _listens(self) -> bool:
        """Wait until it does; one that does not in time is ended."""
        if self._control is not None:
            with suppress(OSError):
                if self._control.recv(16) == b"ready\n":
                    return True
        self._end()
        return False

    def _keep(self) -> None:
        """Wait for its end, and start it again; the kernel ends it with this thread."""
        try:
            while (process := self._process) is not None:
                code = process.wait()
                if self._closing.is_set():
                    return
                _log.warning("the speaker stopped, exit status %d", code)
                wait_s = self._restarts.ended(time.monotonic())
                if self._restarts.is_hopeless:
                    self.is_given_up = True
                    return
                if self._closing.wait(wait_s):
                    return
                self._end()
                self._begin()
                self._listens()
                if self._closing.is_set():
                    self._end()
        except Exception:  # noqa: BLE001  # the outermost one of a thread
            _log.exception("the speaker is not started again")
            self.is_given_up = True

    def _end(self) -> None:
        control, process = self._control, self._process
        if control is not None:
            with suppress(OSError):
                control.shutdown(socket.SHUT_RDWR)  # wakes who waits for its word
            control.close()
        if process is None:
            return
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
