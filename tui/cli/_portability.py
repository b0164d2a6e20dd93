"""`backup` and `restore`: what the user said, taken elsewhere and brought back."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.cli._library import absolute, opened
from tui.cli._output import Out, complain, counted
from tui.errors import DataError
from tui.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.config import Settings
    from tui.library._portable import Restored, Saved

__all__ = ["backup", "restore"]

_STREAM = "-"
"""The name of standard input and output."""


def backup(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark backup`."""
    name = str(said["file"])
    out = Out()
    with opened(settings, to_read=True) as library:
        path = None if name == _STREAM else Path(os.fsdecode(absolute(name)))
        saved = library.save_user_data(path, out.text)
    if saved.left_out:
        verb = "has" if saved.left_out == 1 else "have"
        notes = counted(saved.left_out, "note")
        complain(
            f"{notes} with a mark {verb} no recording here that can be read: left out"
        )
    if path is None:
        return 0  # what was asked for is written
    if said["json"]:
        out.object({"file": name, **saved._asdict()})
    else:
        out.line(f"{printable(name)}: {_saved(saved)}")
    return 0


def _saved(saved: Saved) -> str:
    """Say what a backup holds."""
    parts = [counted(saved.recordings, "recording")]
    for number, one, several in (
        (saved.searches, "saved search", "saved searches"),
        (saved.names, "chat or sender", "chats or senders"),
        (saved.rules, "rule", "rules"),
    ):
        if number:
            parts.append(f"{number:,} {one if number == 1 else several}")
    return ", ".join(parts)


def restore(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark restore`."""
    name, dry = str(said["file"]), bool(said["dry_run"])
    with _reading(name) as file, opened(settings, to_read=dry) as library:
        shown = "standard input" if name == _STREAM else name
        done = library.join_user_data(file, shown, dry=dry)
    if said["json"]:
        Out().object({"file": name, "dry_run": dry, **_counts(done)})
        return 0
    out = Out()
    would = "would be " if dry else ""
    out.line(
        f"{printable(shown)}: {counted(done.taken, 'value')} of"
        f" {counted(done.touched, 'recording')} {would}taken over"
    )
    for number, what in (
        (done.same, "the same as here"),
        (done.older, "older than what is here"),
    ):
        if number:
            out.line(f"  {number:,} {'is' if number == 1 else 'are'} {what}")
    later = done.recordings - done.here
    if later:
        out.line(f"  {counted(later, 'recording')} not here yet: kept for later")
    if done.absent:
        documents = counted(done.absent, "document")
        out.line(f"  {documents} not here: the order of dates is left out")
    return 0


def _counts(done: Restored) -> dict[str, int]:
    return {
        "recordings": done.recordings,
        "here": done.here,
        "touched": done.touched,
        "taken": done.taken,
        "older": done.older,
        "same": done.same,
        "absent": done.absent,
    }


@contextmanager
def _reading(name: str) -> Iterator[BufferedReader]:
    """Open a backup.

    Raises:
        DataError: It can't be opened.
    """
    if name == _STREAM:
        stream = sys.stdin.buffer
        if not isinstance(stream, BufferedReader):
            raise DataError("standard input", "can't be read")
        yield stream
        return
    path = Path(os.fsdecode(absolute(name)))
    try:
        if stat.S_ISDIR(path.stat().st_mode):
            raise DataError(path, "is a folder")
        file = path.open("rb")
    except OSError as error:
        raise DataError(path, (error.strerror or str(error)).lower()) from error
    with file:
        yield file
