"""The phone of the sample library: it names notes, and keeps what its backup tells."""

from __future__ import annotations

import os
from collections import Counter
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from tui.demo._documents import (
    Said,
    Sent,
    address_book,
    cards,
    database,
    export_text,
    export_zip,
)
from tui.demo._script import (
    ARRIVALS,
    EXPORTED,
    FORWARDED,
    LIBRARY,
    OWNER,
    VIEW_ONCE,
)
from tui.demo._variant import variant
from tui.sources import week_folder

if TYPE_CHECKING:
    from datetime import datetime

    from tui.demo._script import Line, Message

__all__ = ["CLIPS", "FOLDERS", "VOICE_NOTES", "Phone", "clip", "moment_of", "place"]

CLIPS = Path(__file__).parent / "clips"
"""Where the package keeps the recordings."""

VOICE_NOTES = Path("WhatsApp", "Media", "WhatsApp Voice Notes")
_DATABASES = Path("WhatsApp", "Databases")
_TITLE = f"WhatsApp Chat with {EXPORTED}"
_EXPORT = Path("Exports", _TITLE)
_CARDS = Path("contacts.vcf")
FOLDERS = frozenset({VOICE_NOTES.parts[0], _EXPORT.parts[0], _CARDS.parts[0]})
"""What the sample library consists of, at its top."""
_LAST_BACKUP = timedelta(minutes=2)
"""So long ago: what was written a moment ago is read only when it is quiet."""
_KEPT = "apples"
"""The note of the exported chat that lies in the first export, and nowhere else."""
_LOST = ("PTT-", 52, "18:20")
"""A note that the chat names, whose file was not exported any more."""


def clip(line: Line) -> bytes:
    """Read the recording of a line."""
    return (CLIPS / f"{line.clip}.opus").read_bytes()


def moment_of(line: Line | Message, now: datetime) -> datetime:
    """Tell when something was said; never in the future."""
    if line.days_ago == 0:
        return now - timedelta(minutes=int(line.at or 0))
    return _day(now, line.days_ago, line.at, sum(line.clip.encode()) % 60)


def _day(now: datetime, days_ago: int, at: str, second: int = 0) -> datetime:
    hour, minute = map(int, at.split(":"))
    day = now - timedelta(days=days_ago)
    return day.replace(hour=hour, minute=minute, second=second)


def place(path: Path, data: bytes, moment: datetime) -> None:
    """Write a file whole, with its time, before it has its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".syncthing.{path.name}.tmp")
    partial.write_bytes(data)
    stamp = moment.timestamp()
    os.utime(partial, (stamp, stamp))
    partial.replace(path)


class Phone:
    """What the phone of the sample library knows.

    Args:
        root: The sample library.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.coming: list[tuple[Path, bytes]] = []
        """Notes that have a name and are still to arrive, with their recordings."""
        self._counts: Counter[str] = Counter()
        self._arrivals = count()
        self._sent: list[Sent] = []
        self._exported: dict[str, tuple[datetime, bytes]] = {}

    def path(self, moment: datetime) -> Path:
        """Name a voice note: WhatsApp counts those of a day."""
        day = f"{moment:%Y%m%d}"
        number = self._counts[day]
        self._counts[day] += 1
        return (
            VOICE_NOTES / week_folder(moment.date()) / f"PTT-{day}-WA{number:04}.opus"
        )

    def take(self, line: Line, moment: datetime, data: bytes) -> Path:
        """Name a note, for the next backup to tell of it.

        Args:
            line: What is said.
            moment: When, in local time.
            data: Its recording.

        Returns:
            Its place below the root.
        """
        path = self.path(moment)
        if line.place == EXPORTED and line in LIBRARY:
            # Its chat is from another phone: no backup of this one has it.
            self._exported[path.name] = (moment, data)
            return _EXPORT / path.name if line.clip == _KEPT else path
        below = path.relative_to(VOICE_NOTES.parts[0]).as_posix()
        transcript = line.text if line.has_transcript else ""
        is_played = line.days_ago > 1
        self._sent.append(
            Sent(line.place, line.who, moment, below, data, transcript, is_played)
        )
        if line.clip == FORWARDED.clip:
            chat, who, when = FORWARDED.chat, FORWARDED.who, _forwarded(moment)
            self._sent.append(
                Sent(chat, who, when, below, data, "", is_played, is_forwarded=True)
            )
        return path

    def expect(self, moment: datetime) -> None:
        """Name the note that arrives next; the next backup tells of it."""
        number = next(self._arrivals)
        line = ARRIVALS[number % len(ARRIVALS)]
        data = variant(clip(line), number + 1)
        self.coming.append((self.take(line, moment, data), data))

    def write_documents(self, now: datetime) -> list[Path]:
        """Write all but the export that is still to come.

        Args:
            now: The local time.

        Returns:
            The files, relative to the root.
        """
        then = now - _LAST_BACKUP
        data = clip(LIBRARY[0])
        once = moment_of(VIEW_ONCE, now)
        self._sent.append(Sent(VIEW_ONCE.chat, VIEW_ONCE.who, once, "", data))
        kept = {
            name: (moment, data)
            for name, (moment, data) in self._exported.items()
            if (self.root / _EXPORT / name).exists()
        }
        files = {
            _CARDS: cards(),
            _DATABASES / "wa.db": address_book(),
            _EXPORT / f"{_TITLE}.txt": export_text(self._said(now, kept)),
        }
        for path, content in files.items():
            place(self.root / path, content, then)
        return [*files, self.back_up(then)]

    def back_up(self, moment: datetime) -> Path:
        """Write the database with all notes until now, as each night."""
        path = _DATABASES / "msgstore.db"
        notes = sorted(self._sent, key=lambda note: note.moment)
        place(self.root / path, database(notes), moment)
        return path

    def export(self, now: datetime) -> Path:
        """Write the export that names what is still unmatched."""
        path = _EXPORT.with_name(f"{_TITLE}.zip")
        files = {name: data for name, (_, data) in self._exported.items()}
        packed = export_zip(_TITLE, self._said(now, self._exported), files)
        place(self.root / path, packed, now)
        return path

    def _said(
        self, now: datetime, files: dict[str, tuple[datetime, bytes]]
    ) -> list[Said]:
        start, days, at = _LOST
        lost = _day(now, days, at)
        lines = [
            Said(EXPORTED, lost, file=f"{start}{lost:%Y%m%d}-WA0000.opus"),
            Said(OWNER, lost + timedelta(minutes=9), "Not yet, they are still green."),
        ]
        lines += [
            Said(EXPORTED, moment, file=name) for name, (moment, _) in files.items()
        ]
        last = max(line.moment for line in lines)
        lines.append(Said(OWNER, last + timedelta(minutes=5), "I will bring two."))
        return sorted(lines, key=lambda line: line.moment)


def _forwarded(moment: datetime) -> datetime:
    hour, minute = map(int, FORWARDED.at.split(":"))
    return moment.replace(hour=hour, minute=minute)
