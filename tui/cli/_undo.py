"""`undo`: take the last changes back, whoever made them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tui.cli._library import opened
from tui.cli._objects import moment_object, plain
from tui.cli._output import Out, complain
from tui.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tui.config import Settings
    from tui.library import Edits
    from tui.model import Edit

__all__ = ["undo"]

_NOTHING = 1
_ALL = 1_000
"""How many changes are remembered."""


def undo(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark undo`."""
    out = Out()
    with opened(settings, to_read=True) as library, library.edits() as edits:
        if said["list"]:
            told = edits.history(said["steps"] or _ALL)
            if said["json"]:
                out.array(map(_object, told))
            else:
                out.table(_rows(told), right=[0])
            return _tell_nothing(told)
        undone = _undone(edits, said["steps"] or 1)
        if said["json"]:
            lines = list(undone)
            out.array({"text": line} for line in lines)
            return _tell_nothing(lines)
        lines = []
        for line in undone:  # each is said when it is done: a large one takes a while
            out.line(printable(line))
            out.flush()
            lines.append(line)
        return _tell_nothing(lines)


def _undone(edits: Edits, steps: int) -> Iterator[str]:
    for _ in range(steps):
        told = edits.undo()
        if not told:
            return
        yield plain(told)


def _tell_nothing(told: Sequence[object]) -> int:
    if told:
        return 0
    complain("there is nothing to undo")
    return _NOTHING


def _object(edit: Edit) -> dict[str, Any]:
    return {"at": moment_object(edit.at_ms), "text": plain(edit.text)}


def _rows(history: Sequence[Edit]) -> list[list[str]]:
    rows = []
    for number, edit in enumerate(history, 1):
        moment = datetime.fromtimestamp(edit.at_ms / 1000, UTC).astimezone()
        text = printable(plain(edit.text))
        rows.append([str(number), f"{moment:%Y-%m-%d %H:%M}", text])
    return rows
