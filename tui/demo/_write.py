"""Writes the sample library: names and times as a phone would have made them."""

from __future__ import annotations

import os
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tui.demo._script import ARRIVALS, LIBRARY
from tui.errors import DataError, UsageError
from tui.sources import week_folder

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tui.demo._script import Line

__all__ = ["CLIPS", "Names", "clip", "place", "write_demo"]

CLIPS = Path(__file__).parent / "clips"
"""Where the package keeps the recordings."""

VOICE_NOTES = Path("WhatsApp", "Media", "WhatsApp Voice Notes")
_FOLDERS = {VOICE_NOTES.parts[0], *(line.who for line in (*LIBRARY, *ARRIVALS))}
_MARK = ".earmark-demo"
"""A file that lists what was written, so that it can be written anew."""


class Names:
    """Gives notes their names: WhatsApp counts the notes of a day."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def path(self, line: Line, moment: datetime) -> Path:
        """Tell where a note lies that was sent at some local time."""
        if line.whatsapp:
            day = f"{moment:%Y%m%d}"
            number = self._counts[day]
            self._counts[day] += 1
            name = f"PTT-{day}-WA{number:04d}.opus"
            return VOICE_NOTES / week_folder(moment.date()) / name
        return Path(line.who, f"{moment:%Y-%m-%d %H-%M-%S}.opus")


def clip(line: Line) -> bytes:
    """Read the recording of a line."""
    return (CLIPS / f"{line.clip}.opus").read_bytes()


def _moment(line: Line, now: datetime) -> datetime:
    """Tell when a line was said; never in the future."""
    if line.days_ago == 0:
        return now - timedelta(minutes=int(line.at or 0))
    hour, minute = map(int, line.at.split(":"))
    day = now - timedelta(days=line.days_ago)
    second = sum(line.clip.encode()) % 60
    return day.replace(hour=hour, minute=minute, second=second)


def place(path: Path, data: bytes, moment: datetime) -> None:
    """Write a file whole, with the time of its note, before it has its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".syncthing.{path.name}.tmp")
    partial.write_bytes(data)
    stamp = moment.timestamp()
    os.utime(partial, (stamp, stamp))
    partial.replace(path)


def write_demo(
    root: Path, now: datetime, *, names: Names | None = None, complete: bool = False
) -> list[Path]:
    """Write the sample library.

    Args:
        root: The folder that it begins at; made if it is not there.
        now: The local time that its dates count back from.
        names: What names notes, if more are to follow.
        complete: Whether the notes that else arrive later are there too.

    Returns:
        The files, relative to the root, oldest note first.

    Raises:
        UsageError: The folder holds something else.
        DataError: The folder can't be written.
    """
    names = names or Names()
    now = now.replace(microsecond=0)
    try:
        _clear(root)
        lines = [(_moment(line, now), line) for line in LIBRARY]
        if complete:
            step = timedelta(minutes=6)
            first = now - step * len(ARRIVALS)
            lines += [(first + step * n, line) for n, line in enumerate(ARRIVALS)]
        written = []
        for moment, line in sorted(lines, key=lambda pair: pair[0]):
            path = names.path(line, moment)
            place(root / path, clip(line), moment)
            written.append(path)
        (root / VOICE_NOTES / ".nomedia").touch()
        (root / _MARK).write_text("".join(f"{path}\n" for path in written))
    except OSError as error:
        raise DataError(error.filename or root, error.strerror or "failed") from error
    return written


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
        if path.parts and path.parts[0] in _FOLDERS and ".." not in path.parts:
            yield root / path
