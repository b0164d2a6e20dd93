"""Documents by place, and those that are to be read.

Both stay quick with as many documents as a folder of mails has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tui.indexer._walk import Entry
    from tui.library._api import DocumentRecord

__all__ = ["Due", "Key", "KnownDocuments", "ReadingQueue"]

Key = tuple[bytes, bytes]
"""Folder, relative to the source, and name."""


class Due(NamedTuple):
    """A document to be read."""

    entry: Entry
    not_before_ms: int


class KnownDocuments:
    """The documents that are known: by place, and by folder."""

    def __init__(self) -> None:
        self._records: dict[Key, DocumentRecord] = {}
        self._names: dict[bytes, set[bytes]] = {}

    def __setitem__(self, key: Key, record: DocumentRecord) -> None:
        """Remember a document."""
        self._records[key] = record
        self._names.setdefault(key[0], set()).add(key[1])

    def __getitem__(self, key: Key) -> DocumentRecord:
        """The document at a place."""
        return self._records[key]

    def __delitem__(self, key: Key) -> None:
        """Forget a document."""
        del self._records[key]
        self._names[key[0]].discard(key[1])
        if not self._names[key[0]]:
            del self._names[key[0]]

    def __len__(self) -> int:
        """How many there are."""
        return len(self._records)

    def get(self, key: Key) -> DocumentRecord | None:
        """The document at a place; None for none."""
        return self._records.get(key)

    def items(self) -> Iterable[tuple[Key, DocumentRecord]]:
        """All of them, with their places."""
        return self._records.items()

    def values(self) -> Iterable[DocumentRecord]:
        """All of them."""
        return self._records.values()

    def in_folder(self, folder: bytes) -> list[DocumentRecord]:
        """The documents directly in a folder."""
        names = self._names.get(folder, ())
        return [self._records[folder, name] for name in names]


class ReadingQueue:
    """Documents to be read: those that may be now, and those that wait."""

    def __init__(self) -> None:
        self._ready: dict[Key, Due] = {}
        self._waiting: dict[Key, Due] = {}

    def __setitem__(self, key: Key, due: Due) -> None:
        """Have a document read; what was asked of it before does not count."""
        self.pop(key)
        (self._waiting if due.not_before_ms else self._ready)[key] = due

    def __contains__(self, key: object) -> bool:
        """Whether a document is to be read."""
        return key in self._ready or key in self._waiting

    def pop(self, key: Key) -> None:
        """Leave a document out."""
        self._ready.pop(key, None)
        self._waiting.pop(key, None)

    def first(self, now_ms: int) -> Due | None:
        """What to read next; it stays here until it is done."""
        for key, due in list(self._waiting.items()):
            if due.not_before_ms <= now_ms:
                self._ready[key] = self._waiting.pop(key)
        return next(iter(self._ready.values()), None)

    def done(self, due: Due) -> None:
        """Take out what was read, unless it changed meanwhile."""
        key = (due.entry.folder, due.entry.name)
        if self._ready.get(key) is due:
            del self._ready[key]

    def next_ms(self) -> int | None:
        """When there is something to read."""
        if self._ready:
            return 0
        return min((due.not_before_ms for due in self._waiting.values()), default=None)
