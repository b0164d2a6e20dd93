"""`ssh`: the browser on another machine, and its sound on this one."""

from __future__ import annotations

import os
import shlex
import signal
import termios
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tui.audio import OUTPUTS
from tui.cli._output import complain
from tui.errors import UsageError
from tui.remote import Session

if TYPE_CHECKING:
    from tui.config import Settings

__all__ = ["ssh"]

_ENDS = (signal.SIGHUP, signal.SIGTERM)
_LOST = 255
_NOT_FOUND = 127
_GIVE_BACK = (
    "\x1b[<u\x1b[?2048l\x1b[?2004l\x1b[?1004l\x1b[?1016l\x1b[?1006l\x1b[?1015l"
    "\x1b[?1003l\x1b[?1000l\x1b[?7h\x1b[r\x1b[?1049l\x1b[?25h\x1b[m"
)
"""What a browser that ends says to the terminal; one that was cut off could not."""


def ssh(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark ssh`."""
    host = said["host"]
    if host.startswith("-"):
        raise UsageError(f"{host} is no host")
    if settings.output.partition(":")[0] not in OUTPUTS:  # of a session around this one
        raise UsageError(
            f"what is over there can't be played on {settings.output};"
            " --output names a device of this machine"
        )
    session = Session(
        host,
        ssh=_words("EARMARK_SSH", said["ssh"] or os.environ.get("EARMARK_SSH", "ssh")),
        output=settings.output,
        target_lufs=settings.target_lufs,
        log_path=settings.log,
    )
    command = _words("--there", said["there"] or "earmark")
    # A terminal that is closed must not leave folders and a connection behind.
    for number in _ENDS:
        signal.signal(number, _leave)
    modes = _modes()
    try:
        code = session.run([*command, *said["sources"]])
    finally:
        if session.was_cut:
            _give_back(modes)
    if session.is_mute:
        complain("what plays here stopped again and again; the log says more")
    if code == _LOST:
        complain(f"{host}: the connection was lost; what was heard is kept over there")
    elif code == _NOT_FOUND:
        complain(
            f"{host}: there is no {command[0]}; install Earmark there, or say"
            " with --there what it is called"
        )
    return code


def _modes() -> list[Any]:
    """Tell how the terminal is; empty where there is none."""
    with suppress(OSError, termios.error):
        return termios.tcgetattr(0)
    return []


def _give_back(modes: list[Any]) -> None:
    """Make the terminal what it was; it may be gone."""
    if not modes:
        return
    with suppress(OSError, termios.error):
        termios.tcsetattr(0, termios.TCSADRAIN, modes)
        os.write(0, _GIVE_BACK.encode())


def _leave(number: int, _frame: object) -> None:
    """End as the signal would, but through all that tidies up, which none may cut."""
    for each in _ENDS:
        signal.signal(each, signal.SIG_IGN)
    raise SystemExit(128 + number)


def _words(name: str, text: str) -> list[str]:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"{name}: {error}") from error
    if not words:
        raise UsageError(f"{name}: says nothing")
    return words
