"""What all edits have in common: a transaction, what undoes it, and the history.

Every edit is one row that knows how to undo it, written in the same transaction as the
change itself.

An edit that tells many notes anew does that for the first of them in its transaction,
for the others in short ones that follow, so that nobody has to wait for the library.
They are listed in `retell`: what is left of them after a crash is done by the next edit
or by the indexer.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, Self

from tui.errors import UsageError
from tui.library._change import change
from tui.library._recordings import recording_of
from tui.library._rows import from_text, to_text
from tui.library._undo import AT_ONCE, Before, bring_back, retell
from tui.model import Edit
from tui.text import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from types import TracebackType

    from tui.library._change import Change
    from tui.library._connection import Store

__all__ = ["EditBase", "Found", "listed_names", "quoted", "require_text"]

HISTORY = 1_000
"""Edits that can be undone; older ones are forgotten."""
HISTORY_KEPT = 100
"""Edits that can be undone whatever they were about."""
HISTORY_BYTES = 64 << 20
"""What the others may take together."""
_SMALL_BYTES = 16 << 10
"""An edit that takes less does not ask what all take: that means to read them."""

_CACHE_KIB = 64 << 10
"""What a connection for edits may keep of the file, while it is open."""

_FOUND = (
    "SELECT note.id, recording.hash, coalesce(note.shares, note.id)"
    " FROM json_each(?) AS asked"
    " CROSS JOIN note ON note.id = asked.value"
    " LEFT JOIN recording ON recording.id = note.recording_id"
)
_CALLED = (
    "SELECT coalesce(nullif(mark.title, ''), nullif(note.title, ''), sender.name,"
    " iif(note.direction = 'sent', 'me', chat.title)), note.duration_ms FROM note"
    " JOIN chat ON chat.id = note.chat_id"
    " LEFT JOIN sender ON sender.id = note.sender_id"
    " LEFT JOIN recording ON recording.id = note.recording_id"
    " LEFT JOIN mark ON mark.hash = recording.hash WHERE note.id = ?"
)


class Found(NamedTuple):
    """Notes that an edit is about."""

    notes: dict[int, bytes]
    """Those with a recording, and its hash."""
    skipped: int
    """How many have none that can be read."""

    @property
    def hashes(self) -> list[bytes]:
        """The recordings, in the order in which they lie in the library."""
        return sorted(set(self.notes.values()))

    def having(self, hashes: Iterable[bytes]) -> list[int]:
        """Those of the notes with one of some recordings."""
        wanted = set(hashes)
        return [note for note, content in self.notes.items() if content in wanted]


class EditBase:
    """Undoes edits, and helps to make them.

    Args:
        store: A connection that may write; it is closed by `close`.
        clock: Tells the time in seconds since 1970.
    """

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        # What the user set by hand also outlives a power cut.
        store.sync_commits(on=True)
        # Many notes lie all over the file; SQLite keeps 2 MB of it otherwise.
        store.run(f"PRAGMA cache_size = -{_CACHE_KIB}")

    def undo(self, steps: int = 1) -> str:
        """Take the last edits back.

        Args:
            steps: How many.

        Returns:
            What was undone, a sentence each; empty when there was nothing.
        """
        told = []
        for _ in range(steps):
            with change(self._store) as current:
                row = self._store.one(
                    "SELECT id, text, undo FROM edit ORDER BY id DESC LIMIT 1"
                )
                if row is None:
                    break
                self._store.run("DELETE FROM edit WHERE id = ?", (row[0],))
                bring_back(current, row[2], self._now_ms())
            self._settle()
            told.append(f"undone: {from_text(row[1])}")
        return "; ".join(told)

    def history(self, limit: int = 100) -> list[Edit]:
        """The last edits that can be undone, newest first."""
        return [
            Edit(row[0], row[1], from_text(row[2]))
            for row in self._store.all(
                "SELECT id, at_ms, text FROM edit ORDER BY id DESC LIMIT ?", (limit,)
            )
        ]

    def close(self) -> None:
        """Give the connection back."""
        self._store.close()

    def __enter__(self) -> Self:
        """Use as a context: closes itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    @contextmanager
    def _edit(self) -> Iterator[tuple[Change, Before]]:
        """Make one transaction of an edit and of what undoes it."""
        with change(self._store) as current:
            yield current, Before(current)

    def _wrote(self, before: Before, text: str) -> str:
        """Write the edit down, once it is made; returns the sentence."""
        kept = before.finish()
        self._store.run(
            "INSERT INTO edit(at_ms, text, undo) VALUES (?, ?, ?)",
            (self._now_ms(), to_text(text), kept),
        )
        self._store.run(
            "DELETE FROM edit WHERE id <= (SELECT id FROM edit ORDER BY id DESC"
            " LIMIT 1 OFFSET ?)",
            (HISTORY,),
        )
        if len(kept) > _SMALL_BYTES:
            self._forget_large()
        return text

    def _forget_large(self) -> None:
        """Forget the oldest edits when all together take too much."""
        self._store.run(
            "DELETE FROM edit WHERE id IN (SELECT id FROM (SELECT id,"
            " sum(length(undo)) OVER newest AS bytes, count(*) OVER newest AS number"
            " FROM edit WINDOW newest AS (ORDER BY id DESC))"
            " WHERE bytes > ? AND number > ?)",
            (HISTORY_BYTES, HISTORY_KEPT),
        )

    def _settle(self) -> None:
        """Tell the rest of the notes anew, a few in each transaction."""
        if self._store.one("SELECT 1 FROM retell LIMIT 1") is None:
            return
        self._store.sync_commits(on=False)  # what is lost is done again
        count = AT_ONCE
        while count == AT_ONCE:
            with change(self._store) as current:
                count = retell(current)
        self._store.sync_commits(on=True)

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)

    def _found(self, note_ids: Sequence[int]) -> Found:
        """Find the recordings of notes; files are read where need be."""
        ids = dict.fromkeys(note_ids)
        rows = self._store.all(_FOUND, (f"[{','.join(map(str, ids))}]",))
        notes = {}
        for note_id, content, home in rows:
            found = content or self._hash_of(home)
            if found is not None:
                notes[note_id] = found
        return Found(notes, len(ids) - len(notes))

    def _hash_of(self, note_id: int) -> bytes | None:
        """The hash of a note's recording; its file is read."""
        try:
            found = recording_of(self._store, note_id)
        except OSError:
            return None
        return None if found is None else found[1]

    def _subject(self, note_ids: Sequence[int]) -> tuple[str, str]:
        """Name notes at the beginning of a sentence; tells whether they `is` or `are`.

        Args:
            note_ids: The notes, one at least.
        """
        if len(note_ids) > 1:
            return f"{len(note_ids):,} notes", "are"
        row = self._store.one(_CALLED, (note_ids[0],))
        if row is None:
            return "1 note", "is"
        name = from_text(row[0])
        return quoted(f"{name}, {clock(row[1])}" if row[1] else name), "is"


def quoted(name: str | bytes) -> str:
    """Write a name in a sentence."""
    return f"“{from_text(name)}”"


def listed_names(names: Sequence[str]) -> str:
    """Write names in a sentence; of many, the first."""
    if len(names) == 1:
        return names[0]
    if len(names) > 4:
        return f"{', '.join(names[:3])} and {len(names) - 3} more"
    return f"{', '.join(names[:-1])} and {names[-1]}"


def require_text(what: str, text: str, limit: int) -> None:
    """Refuse a text that is longer than any sensible one.

    Raises:
        UsageError: It is.
    """
    if len(text) > limit:
        raise UsageError(f"a {what} has at most {limit:,} characters")
