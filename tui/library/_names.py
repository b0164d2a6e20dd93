"""Names of chats, senders, tags and sources, kept between the letters of a search."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tui.library._collections import notes_in
from tui.library._rows import from_text
from tui.query import is_below, is_part
from tui.words import contains, fold, tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.library._connection import Row, Store

__all__ = ["Names"]


class _Name(NamedTuple):
    id: int
    text: str
    folded: str
    words: list[str]


class _Column:
    """The names of one table."""

    def __init__(self) -> None:
        self.names: list[_Name] = []
        self._known: dict[str, _Name] = {}

    def take(self, rows: Sequence[Row]) -> None:
        """Take other names; one that is known is not split again."""
        known = self._known
        names = []
        for row in rows:
            text = from_text(row[1])
            name = known.get(text)
            if name is None:
                name = _Name(row[0], text, fold(text), tokens(text))
            names.append(name if name.id == row[0] else name._replace(id=row[0]))
        self.names = names
        self._known = {name.text: name for name in names}

    def with_words(self, wanted: list[str]) -> list[int]:
        """Those that hold some tokens in a row, the last perhaps cut off."""
        return [name.id for name in self.names if contains(wanted, name.words)]

    def with_part(self, part: str) -> list[int]:
        """Those with a part anywhere."""
        wanted = fold(part)
        return [name.id for name in self.names if name.text and wanted in name.folded]


class Names:
    """All names of a library, as they are after `refresh`.

    Args:
        store: The library.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.seen: tuple[int, int] | None = None
        """What was written when they were read: differs after every change."""
        self.chats = _Column()
        self.senders = _Column()
        self.tags = _Column()
        self.unmatched: list[int] = []
        """Chats that stand for none."""
        self.roots: list[tuple[int, bytes]] = []
        """Sources with their folders, which end with a slash."""
        self._labels: list[tuple[int, str, str]] = []
        self._collected: dict[str, list[int]] = {}
        """The notes of the collections that were asked for."""

    def refresh(self) -> None:
        """Look whether anything was written since, and read the names again then."""
        store = self._store
        # The first tells of what others wrote, the second of what this one did.
        rev = store.all("SELECT rev FROM meta")[0][0]
        now = (store.data_version(), rev)
        if now == self.seen:
            return
        chats = store.all("SELECT id, title, kind FROM chat")
        self.chats.take(chats)
        self.unmatched = [row[0] for row in chats if row[2] == "unmatched"]
        self.senders.take(store.all("SELECT id, name FROM sender"))
        self.tags.take(store.all("SELECT id, name FROM tag"))
        sources = store.all("SELECT id, root, label FROM source")
        self.roots = [(row[0], row[1].rstrip(b"/") + b"/") for row in sources]
        self._labels = [
            (row[0], from_text(row[2]), row[1].decode(errors="replace"))
            for row in sources
        ]
        self._collected.clear()
        self.seen = now

    def tags_below(self, tag: str) -> list[int]:
        """A tag and those below it."""
        return [name.id for name in self.tags.names if is_below(name.text, tag)]

    def collected(self, name: str) -> list[int]:
        """The notes of a collection, also those that do not show."""
        found = self._collected.get(name)
        if found is None:
            found = self._collected[name] = notes_in(self._store, name)
        return found

    def sources_called(self, part: str) -> list[int]:
        """Sources with a part in their name or folder."""
        return [row[0] for row in self._labels if is_part(part, *row[1:])]
