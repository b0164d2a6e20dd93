"""What `doctor` tells in an SSH session: the ways to hear notes where one sits."""

from __future__ import annotations

import getpass
import ipaddress
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tui.audio import SPEAKER, far_server, in_ssh
from tui.cli._objects import plain
from tui.remote import answering

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ssh_facts", "ssh_lines"]

_PARTS = 4
_USUAL_PORT = "22"
_PAGE_PORT = 8137
_RUNTIME = "${XDG_RUNTIME_DIR:-/run/user/$(id -u)}"


class _Here(NamedTuple):
    """How this machine is called where the user sits."""

    host: str
    port: str
    address: str
    """What it calls itself, where that leads nowhere from outside."""


def ssh_facts(audio: dict[str, Any]) -> dict[str, Any] | None:
    """Find the ways from here to the user's ears.

    Args:
        audio: What `doctor` found of the outputs.

    Returns:
        What `doctor --json` has as `ssh`; None where this is no SSH session.
    """
    if not in_ssh():
        return None
    here = _here()
    host = f"{_user()}@{here.host}"
    ssh = ["ssh"] if here.port == _USUAL_PORT else ["ssh", "-p", here.port]
    words = ["earmark", "ssh"]
    if len(ssh) > 1:
        words += ["--ssh", shlex.join(ssh)]
    server = far_server()
    socket = Path.home() / ".earmark-pulse"
    far, way = shlex.quote(str(socket)), shlex.join([*ssh, host])
    page = f"{_PAGE_PORT}:127.0.0.1:{_PAGE_PORT}"
    is_speaker = audio["output"].startswith(SPEAKER)
    found = None if is_speaker else answering()
    return {
        "command": _text(shlex.join([*words, host])),
        "inner_address": here.address or None,
        "speaker": is_speaker,
        "speaker_problem": audio["problem"] if is_speaker else None,
        "found": found and _text(f"{SPEAKER}{found}"),
        "page": {
            "use": "earmark --output browser",
            "forward": _text(shlex.join([*ssh, "-NL", page, host])),
        },
        "pulse": {
            "server": _text(server) or None,
            "problem": audio["outputs"]["pulse"] if server else "none is forwarded",
            # ssh leaves the socket behind, and can't make it where one is.
            "forward": _text(
                f"{way} rm -f {far}; {shlex.join(ssh)}"
                f' -R {far}:"{_RUNTIME}/pulse/native" {host}'
            ),
            "use": _text(f"PULSE_SERVER=unix:{far} earmark --output pulse"),
        },
    }


def _text(text: str) -> str:
    return plain(os.fsencode(text))


def _here() -> _Here:
    """Read how this machine was reached; a router in between hides that."""
    parts = os.environ.get("SSH_CONNECTION", "").split()
    if len(parts) != _PARTS:
        return _Here("HOST", _USUAL_PORT, "")
    try:
        theirs, ours = (ipaddress.ip_address(part) for part in (parts[0], parts[2]))
    except ValueError:
        return _Here("HOST", _USUAL_PORT, "")
    if ours.is_private and not theirs.is_private:
        return _Here("HOST", _USUAL_PORT, parts[2])
    return _Here(parts[2], parts[3], "")


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
    if facts["speaker"] and not facts["speaker_problem"]:
        yield "over ssh", "earmark ssh has brought you here; it plays where you sit"
    elif facts["found"]:
        told = "an earmark ssh is here; where no device works, auto plays there"
        yield "over ssh", told
    else:
        yield "over ssh", f"on the machine where you sit: {facts['command']}"
        yield "", "(Earmark is needed on both; 3 kB/s; found by what runs here already)"
    if facts["inner_address"]:
        yield "", "(HOST: what you called this machine, with the port if you gave one;"
        yield "", f"{facts['inner_address']} is its address behind a router)"
    page, pulse = facts["page"], facts["pulse"]
    yield "", f"without Earmark there: {page['use']}, and there: {page['forward']}"
    yield "", "and open what it shows (VS Code and others forward by themselves)"
    if pulse["server"] is None:
        yield "", f"forwarded sound server: none; from there: {pulse['forward']}"
        yield "", f"and then here: {pulse['use']}"
    else:
        yield "", f"sound server {pulse['server']}: {pulse['problem'] or 'works'}"
    yield "", "(100 to 200 kB/s; this machine can then listen to your microphone, too)"
