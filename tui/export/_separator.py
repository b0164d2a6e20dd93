"""What is heard between the notes of a merged file.

Silence and tone come behind a note and belong to its chapter: whoever goes to a
chapter hears its first word at once. Who speaks and when is said ahead of each note,
also of the first, and belongs to the chapter of the note that it is about.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tui.audio import RATE, TONE_FRAMES, lead
from tui.errors import DataError
from tui.export._requests import Separator
from tui.export._texts import one_line
from tui.model import Direction, Precision
from tui.query import wall_clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.export._requests import MergeRequest
    from tui.model import NoteRow

__all__ = ["Announcer", "announcement", "check_speech", "gap_of", "usual_gap_ms"]

_PROGRAM = "espeak-ng"
_PATIENCE_S = 20
_PAUSE_MS = 250
"""Between what is said and the note."""
_SAID_MS = 4_000
"""About the length of what is said."""
_LONGEST = 100
"""Characters of a name that are said."""
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)
"""Not by the machine's language: the voice is English."""


def gap_of(request: MergeRequest) -> bytes:
    """Make what is heard behind each note but the last."""
    return lead(request.gap_ms, tone=request.separator is Separator.TONE)


def usual_gap_ms(request: MergeRequest) -> int:
    """Tell about how long what is between two notes is."""
    more = {
        Separator.NONE: 0,
        Separator.TONE: TONE_FRAMES * 1000 // RATE,
        Separator.SPEECH: _SAID_MS + _PAUSE_MS,
    }
    return request.gap_ms + more[request.separator]


def announcement(row: NoteRow) -> str:
    """Give what is said ahead of a note: when, and who speaks.

    Args:
        row: The note.
    """
    moment = wall_clock(row)
    parts = [f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"]
    if row.precision is not Precision.DAY:
        parts.append(f"{moment:%H:%M}")
    sender = row.sender or ("me" if row.direction is Direction.SENT else "")
    # Two brackets begin the names of sounds in what the program reads.
    name = one_line(sender).replace("[", " ").replace("]", " ")[:_LONGEST].strip()
    return ", ".join([*parts, name] if name else parts)


def check_speech(request: MergeRequest) -> None:
    """Refuse speech where no program makes it.

    Raises:
        DataError: It is not installed.
    """
    if request.separator is Separator.SPEECH and shutil.which(_PROGRAM) is None:
        reason = "is not installed, and would say who speaks and when"
        raise DataError(_PROGRAM, reason)


class Announcer:
    """Makes recordings of what is said.

    Args:
        folder: An empty folder for them.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "said.wav"

    @classmethod
    @contextmanager
    def begun(cls) -> Iterator[Self]:
        """Give one with a folder of its own, which is gone at the end."""
        with tempfile.TemporaryDirectory(prefix="earmark-") as folder:
            yield cls(Path(folder))

    pause = lead(_PAUSE_MS, tone=False)
    """What follows behind it."""

    def say(self, text: str) -> bytes:
        """Make a recording; the one before is gone.

        Args:
            text: What is said.

        Returns:
            Its path.

        Raises:
            DataError: The program failed.
        """
        try:
            subprocess.run(
                [_PROGRAM, "-v", "en", "-w", str(self._path), "--stdin"],
                input=text.encode(errors="replace"),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_PATIENCE_S,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise DataError(_PROGRAM, "can't say who speaks and when") from error
        return os.fsencode(self._path)
