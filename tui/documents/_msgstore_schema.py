"""Which tables and columns a WhatsApp database has, and which of its two schemas.

The schema changes with nearly each version of the app and tells no usable number, so
every query is put together of what is there.
"""

from __future__ import annotations

from contextlib import closing
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

__all__ = ["Generation", "Schema"]


class Generation(Enum):
    """How messages are kept."""

    MODERN = "message, chat, jid"
    """Since 2021: messages, chats and addresses, joined by row numbers."""
    LEGACY = "messages"
    """Before: one table, with addresses as text."""


class Schema:
    """The tables of a database, and questions to them.

    Args:
        connection: The database.

    Raises:
        sqlite3.DatabaseError: It is broken.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        # A view could be anything, also an endless one.
        found = self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
        self.tables = {name for (name,) in found}
        self._columns: dict[str, dict[str, bool]] = {}

    def rows(
        self, query: str, values: Sequence[object] = ()
    ) -> Iterator[tuple[object, ...]]:
        """Ask the database; rows come as they are found.

        Args:
            query: Made of constants and of names that `column` gave.
            values: What is bound.
        """
        with closing(self._connection.execute(query, values)) as cursor:
            yield from cursor

    def _of(self, table: str) -> dict[str, bool]:
        """The columns of a table, and whether each is its row number."""
        if table not in self._columns:
            found = list(self.rows(f'PRAGMA table_info("{table}")'))
            keys = sum(bool(row[5]) for row in found)
            self._columns[table] = {
                str(row[1]): keys == 1
                and bool(row[5])
                and str(row[2]).upper() == "INTEGER"
                for row in found
            }
        return self._columns[table]

    def has(self, table: str, *columns: str) -> bool:
        """Tell whether a table is there, with all of some columns."""
        return table in self.tables and self._of(table).keys() >= set(columns)

    def is_key(self, table: str, column: str) -> bool:
        """Tell whether rows are found by a column without searching."""
        return table in self.tables and self._of(table).get(column, False)

    def column(self, alias: str, table: str, name: str) -> str:
        """Name a column for a query, as `NULL` where it is not there.

        Args:
            alias: What the query calls the table.
            table: The table.
            name: The column.
        """
        return f"{alias}.{name}" if self.has(table, name) else "NULL"

    def holds(self, row: str, table: str, condition: str = "1") -> str:
        """Ask in a query whether a table has a message.

        SQLite makes a list of the table once, where no index has one: backups come
        without indexes.

        Args:
            row: What the query calls the message's row number.
            table: The table, with a column `message_row_id`.
            condition: Which of its rows count.
        """
        if not self.has(table, "message_row_id"):
            return "0"
        return f"{row} IN (SELECT message_row_id FROM {table} WHERE {condition})"  # noqa: S608  # constants

    @property
    def generation(self) -> Generation | None:
        """Which schema the messages are in; None when this is no such database.

        While the app moved its users to the new schema there were both; then the new
        one counts as soon as it has messages.
        """
        modern = {"chat", "jid"} <= self.tables and self.has("message", "chat_row_id")
        legacy = self.has("messages", "key_remote_jid")
        if not (modern and legacy):
            return (
                Generation.MODERN if modern else Generation.LEGACY if legacy else None
            )
        # Both may hold one row that is none.
        if self._any("message WHERE chat_row_id > 0"):
            return Generation.MODERN
        if self._any("messages WHERE key_remote_jid <> '-1'"):
            return Generation.LEGACY
        return Generation.MODERN

    def _any(self, rest: str) -> bool:
        return bool(list(self.rows(f"SELECT 1 FROM {rest} LIMIT 1")))  # noqa: S608  # constants
