"""What `doctor` tells in an SSH session: the ways to hear notes where one sits."""

from __future__ import annotations

import getpass
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.audio import far_server
from tui.cli._objects import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ssh_facts", "ssh_lines"]

_PARTS = 4
_USUAL_PORT = "22"
_SPEAKER = "speaker:"


def ssh_facts(output: str, pulse_problem: str | None) -> dict[str, Any] | None:
    """Find the ways from here to the user's ears.

    Args:
        output: The output that is set.
        pulse_problem: Why no sound server can be used; None when one can.

    Returns:
        What `doctor --json` has as `ssh`; None where this is no SSH session.
    """
    told = os.environ.get("SSH_CONNECTION")
    if told is None:
        return None
    parts = told.split()
    host, port = parts[2:] if len(parts) == _PARTS else ("HOST", _USUAL_PORT)
    words = ["earmark", "ssh"]
    if port != _USUAL_PORT:
        words += ["--ssh", f"ssh -p {port}"]
    words.append(f"{_user()}@{host}")
    server = far_server()
    here = Path.home() / ".earmark-pulse"
    forward = f"{here}:/run/user/$(id -u)/pulse/native"
    return {
        "command": plain(os.fsencode(shlex.join(words))),
        "speaker": output.startswith(_SPEAKER),
        "pulse": {
            "server": plain(os.fsencode(server)) or None,
            "problem": pulse_problem if server else "none is forwarded",
            # ssh leaves the socket behind, and can't make it where one is.
            "forward": f"ssh {host} rm -f {here}; ssh -R {forward} {host}",
            "use": f"PULSE_SERVER=unix:{here} earmark",
        },
    }


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account that has no name
        return "USER"


def ssh_lines(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Say them in words: a title and a text for each line.

    Args:
        facts: What `ssh_facts` found.
    """
    if facts["speaker"]:
        yield "over ssh", "earmark ssh has brought you here; it plays where you sit"
    else:
        yield "over ssh", f"on the machine where you sit: {facts['command']}"
        yield "", "(or what you call this one; Earmark is needed on both, 3 kB/s)"
    yield "", "without Earmark there: earmark --output browser, and open what it shows"
    pulse = facts["pulse"]
    if pulse["server"] is None:
        yield "", f"forwarded sound server: none; from there: {pulse['forward']}"
        yield "", f"and then here: {pulse['use']}"
    else:
        yield "", f"sound server {pulse['server']}: {pulse['problem'] or 'works'}"
    yield "", "(100 to 200 kB/s; this machine can then listen to your microphone, too)"
