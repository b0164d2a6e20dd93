"""What a process that saves is asked for, and what it tells, in words for the wire.

A request goes in pickled: it comes from ourselves. What comes out is JSON: that process
reads files of strangers, and nothing that it says is ever run.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from tui.export._jobs import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tui.export._requests import Request
    from tui.model import Group

__all__ = [
    "Counted",
    "Ended",
    "ExportEvent",
    "How",
    "Order",
    "Row",
    "Rows",
    "Saving",
    "Sums",
    "decode",
    "encode",
    "encode_rows",
]


@dataclass(frozen=True, slots=True)
class Order:
    """What shall be saved, and how."""

    request: Request
    place: Path
    """The folder or file of all: names are told from there on."""
    ids: tuple[int, ...] | None = None
    """The notes, in whatever order; None for all of a group."""
    group: Group | None = None
    """None for everything."""


class How(StrEnum):
    """How it ended."""

    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


class Sums(NamedTuple):
    """What there is so far."""

    total: int = 0
    """Notes that were asked for."""
    files: int = 0
    """Files that were saved, or would be."""
    notes: int = 0
    """Notes in those files."""
    there: int = 0
    """Notes of which nothing has to be saved: it is there already."""
    failed: int = 0
    """Notes and files that can't be saved."""
    size: int = 0
    """Bytes that were saved, or about how many they would be."""


class Row(NamedTuple):
    """A file that would be saved."""

    name: str
    outcome: Outcome
    size: int
    notes: int
    problem: str


class Rows(NamedTuple):
    """Some more rows of a preview, in its order."""

    number: int
    rows: tuple[Row, ...]


class Counted(NamedTuple):
    """What a preview comes to."""

    number: int
    sums: Sums
    is_whole: bool
    """Whether all notes have been looked at."""
    free: int | None
    """Bytes that there is room for; None when that can't be told."""


class Saving(NamedTuple):
    """How far it is."""

    number: int
    done: int
    """Notes."""
    share: float
    """The part of the work that is done, 0.0 to 1.0."""
    size: int
    """Bytes that were written."""
    current: str
    """The file that is made now."""
    sums: Sums
    problems: tuple[str, ...]
    """New ones: why notes can't be saved."""
    is_paused: bool = False


class Ended(NamedTuple):
    """It is over."""

    number: int
    how: How
    reason: str
    """Why it failed."""
    sums: Sums


ExportEvent = Rows | Counted | Saving | Ended


def encode(event: ExportEvent) -> bytes:
    """Write an event as a line."""
    return json.dumps([type(event).__name__, event]).encode() + b"\n"


def encode_rows(number: int, rows: Sequence[str]) -> bytes:
    """Write rows as a line that were written as JSON one by one.

    Args:
        number: Of the preview.
        rows: The rows.
    """
    return f'["Rows", [{number}, [{", ".join(rows)}]]]\n'.encode()


def decode(line: bytes) -> ExportEvent | None:
    """Read an event; None for what is none."""
    try:
        match json.loads(line):
            case ["Rows", [int(number), rows]]:
                return Rows(number, tuple(map(_row, rows)))
            case ["Counted", [int(number), sums, whole, free]]:
                room = None if free is None else int(free)
                return Counted(number, _sums(sums), bool(whole), room)
            case ["Saving", [int(number), done, share, size, current, *rest]]:
                sums, problems, paused = rest
                return Saving(
                    number,
                    int(done),
                    float(share),
                    int(size),
                    str(current),
                    _sums(sums),
                    tuple(map(str, problems)),
                    bool(paused),
                )
            case ["Ended", [int(number), how, reason, sums]]:
                return Ended(number, How(how), str(reason), _sums(sums))
    except (ValueError, TypeError, RecursionError):
        pass  # of another version, or nonsense
    return None


def _sums(values: Sequence[int]) -> Sums:
    return Sums(*map(int, values))


def _row(values: Sequence[object]) -> Row:
    name, outcome, size, notes, problem = values
    return Row(
        str(name), Outcome(str(outcome)), int(str(size)), int(str(notes)), str(problem)
    )
