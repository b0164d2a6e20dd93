"""Notes looked at before they are merged: what is kept of each is small.

The name of the file, its tags and whether it is there already depend on all of them.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from tui.errors import AudioError
from tui.export._files import expected_size
from tui.export._plan import problem_of
from tui.export._requests import Separator
from tui.export._separator import announcement, usual_gap_ms
from tui.export._tags import Words, words_of
from tui.export._texts import one_line
from tui.model import Direction, Precision
from tui.query import wall_clock

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tui.export._requests import MergeRequest
    from tui.model import Note, NoteRow

__all__ = ["Piece", "Survey"]

_VERSION = 1
"""Grows when the same notes and options make another file."""
_SEVERAL = "Voice notes"
_LONGEST = 100
"""Characters of a name in the title of a chapter."""
_USUAL_MS = 10_000
"""How long a note is taken to be whose length is not known."""


class Piece(NamedTuple):
    """What is kept of a note."""

    key: str
    sources: tuple[bytes, ...]
    """The absolute paths of its file and of equal copies."""
    title: str
    """Of its chapter."""
    said: str
    """What is said ahead of it; empty for nothing."""
    length_ms: int
    """About its length, for the progress."""
    size: int
    """Of its file when that was last looked at."""
    lufs: float | None
    sent_ms: int
    problem: str
    """Why it can't be taken, with the path; empty when nothing speaks against it."""

    @property
    def source(self) -> bytes:
        """The path of its file; empty when there is none."""
        return self.sources[0] if self.sources else b""


class Survey:
    """All notes that shall be in one file.

    Args:
        request: How they are merged.
    """

    def __init__(self, request: MergeRequest) -> None:
        self.pieces: list[Piece] = []
        """In their order, with those that can't be taken."""
        self.size = 0
        """About the bytes of the file; 0 when that can't be told."""
        self._request = request
        self._first: Words | None = None
        self._chats: set[str] = set()
        self._senders: set[str] = set()
        self._taken = 0
        options = request.options
        rate = options.bit_rate or options.format.usual_bit_rate(options.channels)
        self._hash = hashlib.sha256()
        self._count_in(
            _VERSION,
            (options.format.value, rate, options.channels, options.skip),
            options.target_lufs if options.level else None,
            (request.separator.value, request.gap_ms, request.title),
        )

    @property
    def taken(self) -> int:
        """How many notes nothing speaks against."""
        return self._taken

    @property
    def mark(self) -> str:
        """What only a file has that holds the same notes, made in the same way."""
        return self._hash.hexdigest()[:32]

    @property
    def title(self) -> str:
        """What the whole is called."""
        chat = next(iter(self._chats)) if len(self._chats) == 1 else ""
        return one_line(self._request.title) or chat or _SEVERAL

    def words(self, mark: str) -> Words:
        """Give what the tags of the file tell.

        Args:
            mark: Of what and how it was made.
        """
        return Words(
            title=self.title,
            sender=next(iter(self._senders)) if len(self._senders) == 1 else "",
            chat=next(iter(self._chats)) if len(self._chats) == 1 else "",
            date=self._first.date if self._first is not None else "",
            comment="",
            transcript="",
            mark=mark,
        )

    def add(self, notes: Iterable[Note]) -> None:
        """Look at notes.

        Args:
            notes: The notes in their order.
        """
        for note in notes:
            self._add(note)

    def _add(self, note: Note) -> None:
        row = note.row
        problem = problem_of(note)
        sources = tuple(file.full_path for file in note.files)
        if problem:
            name = sources[0] if sources else note.key.encode()
            problem = AudioError(name, problem).message
        is_said = self._request.separator is Separator.SPEECH
        piece = Piece(
            key=note.key,
            sources=sources,
            title=_title(row),
            said=announcement(row) if is_said else "",
            length_ms=row.duration_ms or _USUAL_MS,
            size=note.size,
            lufs=note.lufs,
            sent_ms=row.sent_ms,
            problem=problem,
        )
        self.pieces.append(piece)
        # What is said in it is in no tag of the file.
        words = words_of(note._replace(comment="", transcript=""))
        self._count_in(piece.key, note.size, piece.title, words.chat, bool(problem))
        if not problem:
            self._take(note, words)

    def _take(self, note: Note, words: Words) -> None:
        self._first = self._first or words
        self._chats.add(words.chat)
        self._senders.add(words.sender)
        options = self._request.options
        size = expected_size(note, options)
        if size and self._taken:
            gap_ms = usual_gap_ms(self._request)
            gap = note.row._replace(duration_ms=gap_ms)
            size += expected_size(note._replace(row=gap), options)
        self.size += size
        self._taken += 1

    def _count_in(self, *facts: object) -> None:
        self._hash.update(repr(facts).encode(errors="surrogatepass"))


def _title(row: NoteRow) -> str:
    """Say when a note was sent, and by whom."""
    moment = wall_clock(row)
    is_day = row.precision is Precision.DAY
    when = f"{moment:%Y-%m-%d}" if is_day else f"{moment:%Y-%m-%d %H:%M}"
    sender = row.sender or ("me" if row.direction is Direction.SENT else "")
    return f"{when} {one_line(sender)[:_LONGEST]}".rstrip()
