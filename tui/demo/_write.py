"""Writes the sample library: names, times and documents as a phone would make them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tui.demo._phone import FOLDERS, VOICE_NOTES, Phone, clip, moment_of, place
from tui.demo._script import ARRIVALS, LIBRARY
from tui.errors import DataError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

__all__ = ["Written", "write_demo"]

_MARK = ".earmark-demo"
"""A file that lists what was written, so that it can be written anew."""
_STEP = timedelta(minutes=6)


class Written(NamedTuple):
    """The sample library."""

    notes: list[Path]
    """The recordings, relative to the root, oldest note first."""
    documents: list[Path]
    phone: Phone
    """It names what is still to come."""


def write_demo(root: Path, now: datetime, *, complete: bool = False) -> Written:
    """Write the sample library.

    Args:
        root: The folder that it begins at; made if it is not there.
        now: The local time that its dates count back from.
        complete: Whether what else arrives later is there too. The last note is newer
            than the backup.

    Returns:
        What was written.

    Raises:
        UsageError: The folder holds something else.
        DataError: The folder can't be written.
    """
    now = now.replace(microsecond=0)
    phone = Phone(root)
    try:
        _clear(root)
        lines = [(moment_of(line, now), line) for line in LIBRARY]
        last = ARRIVALS[-1] if complete else None
        if complete:
            first = now - _STEP * len(ARRIVALS)
            lines += [(first + _STEP * n, line) for n, line in enumerate(ARRIVALS)]
        notes, documents = [], []
        for moment, line in sorted(lines, key=lambda pair: pair[0]):
            data = clip(line)
            path = (
                phone.path(moment) if line is last else phone.take(line, moment, data)
            )
            place(root / path, data, moment)
            notes.append(path)
        if not complete:
            phone.expect(now)
        documents += phone.write_documents(now)
        if complete:
            documents.append(phone.export(now))
        (root / VOICE_NOTES / ".nomedia").touch()
        listed = "".join(f"{path}\n" for path in (*notes, *documents))
        (root / _MARK).write_text(listed)
    except OSError as error:
        raise DataError(error.filename or root, error.strerror or "failed") from error
    return Written(notes, documents, phone)


def _clear(root: Path) -> None:
    """Take an older sample library away; refuse a folder with anything else."""
    root.mkdir(parents=True, exist_ok=True)
    mark = root / _MARK
    if not any(root.iterdir()):
        return
    if not mark.is_file():
        raise UsageError(f"{root}: is not empty, and holds no demo")
    for path in _inside(root, mark.read_text().splitlines()):
        path.unlink(missing_ok=True)


def _inside(root: Path, lines: Iterable[str]) -> Iterable[Path]:
    """Yield what the mark lists, and nothing that lies elsewhere."""
    for line in lines:
        path = Path(line)
        if path.parts and path.parts[0] in FOLDERS and ".." not in path.parts:
            yield root / path
