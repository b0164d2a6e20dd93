"""`ssh`: the browser on another machine, and its sound on this one."""

from __future__ import annotations

import os
import shlex
import signal
from typing import TYPE_CHECKING, Any

from tui.cli._output import complain
from tui.errors import UsageError
from tui.remote import Session

if TYPE_CHECKING:
    from tui.config import Settings

__all__ = ["ssh"]

_LOST = 255
_NOT_FOUND = 127


def ssh(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark ssh`."""
    host = said["host"]
    if host.startswith("-"):
        raise UsageError(f"{host} is no host")
    session = Session(
        host,
        ssh=_words("EARMARK_SSH", said["ssh"] or os.environ.get("EARMARK_SSH", "ssh")),
        output=settings.output,
        log_path=settings.log,
    )
    command = _words("--there", said["there"] or "earmark")
    # A terminal that is closed must not leave folders and a connection behind.
    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, _leave)
    code = session.run([*command, *said["sources"]])
    if code == _LOST:
        complain(f"{host}: the connection was lost; what was heard is kept over there")
    elif code == _NOT_FOUND:
        complain(
            f"{host}: there is no {command[0]}; install Earmark there, or say"
            " with --there what it is called"
        )
    return code


def _leave(number: int, _frame: object) -> None:
    """End as the signal would, but through all that tidies up."""
    raise SystemExit(128 + number)


def _words(name: str, text: str) -> list[str]:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"{name}: {error}") from error
    if not words:
        raise UsageError(f"{name}: says nothing")
    return words
