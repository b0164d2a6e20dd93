"""Commands and events as JSON lines, between the browser and the indexer's process.

One object a line; its only key names the type, its value has the fields. Paths travel
as base64. A line that can't be understood is left out: an older or newer half of the
program must not bring the other down.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tui.indexer._events import (
    Changed,
    Failed,
    Leading,
    PeaksReady,
    ScanFinished,
    ScanProblem,
    ScanProgress,
    ScanReport,
    ScanStarted,
    SourceStatus,
)
from tui.model import NoteId, SourceId, SourceState, WatchMode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tui.indexer._events import IndexEvent

__all__ = ["Lines", "Peaks", "Reload", "Request", "Rescan", "decode", "encode"]

_LINE_LIMIT = 1_000_000


@dataclass(frozen=True, slots=True)
class Rescan:
    """Look at every file again."""


@dataclass(frozen=True, slots=True)
class Reload:
    """Read the list of sources again."""


@dataclass(frozen=True, slots=True)
class Peaks:
    """Compute the waveform of a note."""

    note_id: NoteId


Request = Rescan | Reload | Peaks
Message = "Request | IndexEvent"


def encode(message: Request | IndexEvent) -> bytes:
    """Write a message as a line."""
    body = asdict(message)
    name = type(message).__name__
    text = json.dumps({name: body}, default=_bytes_as_text, separators=(",", ":"))
    return text.encode() + b"\n"


def decode(line: bytes) -> Request | IndexEvent | None:
    """Read a line; None for what is no message of ours."""
    try:
        ((name, body),) = json.loads(line).items()
        return _READERS[name](body)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


class Lines:
    """Cuts a stream of bytes into lines."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take what arrived; yields the lines that are whole now."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LINE_LIMIT:
            self._rest = b""
        yield from filter(None, lines)


def _bytes_as_text(value: object) -> str:
    if not isinstance(value, bytes):
        raise TypeError(f"{type(value).__name__} has no place in a message")
    return base64.b64encode(value).decode()


# Any: the fields of a JSON object, which each reader checks by making a value of them.
def _problem(body: dict[str, Any]) -> ScanProblem:
    path = base64.b64decode(body["path"], validate=True)
    return ScanProblem(SourceId(body["source_id"]), path, str(body["reason"]))


def _report(body: dict[str, Any]) -> ScanFinished:
    fields = dict(body["report"])
    problems = tuple(_problem(each) for each in fields.pop("problems"))
    return ScanFinished(ScanReport(**fields, problems=problems))


def _status(body: dict[str, Any]) -> SourceStatus:
    return SourceStatus(
        SourceId(body["source_id"]),
        SourceState(body["state"]),
        str(body["reason"]),
        WatchMode(body["watch"]),
        str(body["watch_reason"]),
    )


_READERS: dict[str, Callable[[dict[str, Any]], Request | IndexEvent]] = {
    "Rescan": lambda _: Rescan(),
    "Reload": lambda _: Reload(),
    "Peaks": lambda body: Peaks(NoteId(int(body["note_id"]))),
    "Changed": lambda body: Changed(int(body["revision"])),
    "ScanStarted": lambda body: ScanStarted(SourceId(body["source_id"])),
    "ScanProgress": lambda body: ScanProgress(**body),
    "ScanProblem": _problem,
    "ScanFinished": _report,
    "SourceStatus": _status,
    "PeaksReady": lambda body: PeaksReady(NoteId(body["note_id"]), body["reason"]),
    "Leading": lambda body: Leading(bool(body["leading"]), str(body["reason"])),
    "Failed": lambda body: Failed(str(body["reason"])),
}
