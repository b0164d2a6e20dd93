"""Chats and senders as the user may name them: with counts and all their identities."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Self

from tui.library._rows import from_text
from tui.model import Identity, Named

if TYPE_CHECKING:
    from types import TracebackType

    from tui.library._connection import Row, Store

__all__ = ["Directory"]

_CHATS = (
    "SELECT chat_id, sum(notes), max(last_ms) FROM chat_total GROUP BY chat_id"
    " HAVING sum(notes) > 0"
)
_SENDERS = (
    "SELECT sender_id, count(*), max(order_ms) FROM note WHERE visible = 1"
    " AND sender_id IS NOT NULL GROUP BY sender_id"
)
_JOINED = (
    "WITH RECURSIVE member(id, root) AS ("
    "SELECT id, merged_into FROM {0} WHERE merged_into IN ({1})"
    " UNION SELECT {0}.id, member.root FROM member"
    " JOIN {0} ON {0}.merged_into = member.id)"
    " SELECT member.root, {0}.id, native_id, {2} FROM member"
    " JOIN {0} ON {0}.id = member.id ORDER BY {0}.id"
)


class Directory:
    """Reads who there is; belongs to the thread that made it.

    Args:
        store: A connection; it is closed by `close`.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def chats(self) -> list[Named]:
        """Chats with notes, the newest first; also of sources that are away."""
        found = self._named("chat", "title", self._store.all(_CHATS))
        return sorted(found, key=lambda chat: (-chat.last_ms, chat.id))

    def senders(self) -> list[Named]:
        """Senders of notes, those with the most first."""
        found = self._named("sender", "name", self._store.all(_SENDERS))
        return sorted(found, key=lambda sender: (-sender.notes, sender.name))

    def sender_of(self, note_id: int) -> int | None:
        """Who sent a note, if that is known."""
        row = self._store.one("SELECT sender_id FROM note WHERE id = ?", (note_id,))
        return None if row is None else row[0]

    def day_orders(self, note_id: int) -> list[tuple[int, str]]:
        """Documents that tell of a note and whose order of dates is a guess.

        Returns:
            Their ids, and the order that was chosen already; empty for none.
        """
        rows = self._store.all(
            "SELECT DISTINCT document.id, day_order, remarks FROM claim"
            " JOIN document ON document.id = claim.document_id"
            " WHERE claim.note_id = ? AND document.missing = 0",
            (note_id,),
        )
        return [(row[0], row[1]) for row in rows if row[1] or _is_guess(row[2])]

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

    def _named(self, table: str, column: str, counts: list[Row]) -> list[Named]:
        joined: dict[int, list[Identity]] = {}
        roots = f"SELECT id FROM {table} WHERE merged_into IS NULL"
        sql = _JOINED.format(table, roots, column)
        for root, row_id, native_id, name in self._store.all(sql):
            each = Identity(row_id, from_text(native_id), from_text(name))
            joined.setdefault(root, []).append(each)
        found = []
        for row_id, notes, last_ms in counts:
            row = self._store.one(
                f"SELECT native_id, {column} FROM {table} WHERE id = ?", (row_id,)
            )
            if row is None:
                continue  # it went since
            own = Identity(row_id, from_text(row[0]), from_text(row[1]))
            all_of_it = (own, *joined.get(row_id, ()))
            found.append(Named(row_id, own.name, notes, all_of_it, last_ms))
        return found


def _is_guess(remarks: str) -> bool:
    """Whether a document said that the order of its dates is a guess."""
    import json

    with suppress(ValueError):
        return any(code == "day_order" for code, _ in json.loads(remarks))
    return False
