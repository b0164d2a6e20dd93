"""Edits of saved searches, and what is remembered of searches without an edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.errors import UsageError
from tui.library._edit_base import EditBase, quoted, require_text
from tui.library._rows import from_text, to_text
from tui.library._undo_marks import kept_search
from tui.model import Edited

if TYPE_CHECKING:
    from tui.library._change import Change

__all__ = ["SearchEdits"]

LONGEST_NAME = 100
LONGEST_QUERY = 10_000
HISTORY_OF_SEARCHES = 500
"""Searches that are remembered."""


class SearchEdits(EditBase):
    """Edits of saved searches."""

    def save_search(self, name: str, query: str) -> Edited:
        """Keep a query as a node of the tree; one of that name gets another query.

        Args:
            name: What to call it.
            query: The query.

        Raises:
            UsageError: When it can't be called so, or there is no query.
        """
        name, query = _named(name), query.strip()
        if not query:
            raise UsageError("an empty query is nothing to keep")
        require_text("query", query, LONGEST_QUERY)
        with self._edit() as (current, before):
            was = kept_search(self._store, name)
            if was is not None and was[2] == query:
                return Edited("", 0)
            before.keep("search", now=name, was=was)
            self._store.run(
                "INSERT INTO saved_search(name, query, set_ms) VALUES (?, ?, ?)"
                " ON CONFLICT(name) DO UPDATE SET query = excluded.query,"
                " set_ms = max(excluded.set_ms, saved_search.set_ms + 1)",
                (to_text(name), to_text(query), self._now_ms()),
            )
            _tell_others(current)
            done = "is saved" if was is None else f"looks for {query} now"
            text = self._wrote(before, f"the search {quoted(name)} {done}")
        return Edited(text, 1)

    def rename_search(self, search_id: int, name: str) -> Edited:
        """Call a saved search otherwise.

        Args:
            search_id: The search.
            name: What to call it.

        Raises:
            UsageError: When there is no such search, or it can't be called so.
        """
        name = _named(name)
        with self._edit() as (current, before):
            old = self._search(search_id)
            if old == name:
                return Edited("", 0)
            if kept_search(self._store, name) is not None:
                raise UsageError(f"another search is called {quoted(name)} already")
            before.keep("search", now=name, was=kept_search(self._store, old))
            self._store.run(
                "UPDATE saved_search SET name = ?, set_ms = max(?, set_ms + 1)"
                " WHERE id = ?",
                (to_text(name), self._now_ms(), search_id),
            )
            _tell_others(current)
            text = f"the search {quoted(old)} is called {quoted(name)} now"
            self._wrote(before, text)
        return Edited(text, 1)

    def remove_search(self, search_id: int) -> Edited:
        """Forget a saved search.

        Args:
            search_id: The search.

        Raises:
            UsageError: When there is no such search.
        """
        with self._edit() as (current, before):
            name = self._search(search_id)
            before.keep("search", now=None, was=kept_search(self._store, name))
            self._store.run("DELETE FROM saved_search WHERE id = ?", (search_id,))
            _tell_others(current)
            text = self._wrote(before, f"the search {quoted(name)} is removed")
        return Edited(text, 1)

    def remember_search(self, query: str) -> None:
        """Put a query at the top of the history; this is no edit.

        Args:
            query: The query; an empty one is not remembered.
        """
        query = query.strip()
        if not query or len(query) > LONGEST_QUERY:
            return
        with self._store.transaction():
            self._store.run(
                "INSERT OR REPLACE INTO search_history(query, at_ms) VALUES (?,"
                " max(?, coalesce((SELECT max(at_ms) + 1 FROM search_history), 0)))",
                (to_text(query), self._now_ms()),
            )
            self._store.run(
                "DELETE FROM search_history WHERE at_ms < (SELECT at_ms FROM"
                " search_history ORDER BY at_ms DESC LIMIT 1 OFFSET ?)",
                (HISTORY_OF_SEARCHES - 1,),
            )

    def count_search(self, search_id: int, totals: tuple[int, int, int]) -> None:
        """Keep how a saved search was counted, for the next start; this is no edit.

        Args:
            search_id: The search.
            totals: Notes, unplayed notes, length in milliseconds.
        """
        known = "SELECT notes, unplayed, duration_ms FROM saved_search WHERE id = ?"
        if self._store.one(known, (search_id,)) in {None, totals}:
            return
        self._store.sync_commits(on=False)  # what is lost is counted again
        with self._store.transaction():
            self._store.run(
                "UPDATE saved_search SET notes = ?, unplayed = ?, duration_ms = ?"
                " WHERE id = ?",
                (*totals, search_id),
            )
        self._store.sync_commits(on=True)

    def _search(self, search_id: int) -> str:
        """What a search is called.

        Raises:
            UsageError: When there is none.
        """
        row = self._store.one(
            "SELECT name FROM saved_search WHERE id = ?", (search_id,)
        )
        if row is None:
            raise UsageError("there is no such search")
        return from_text(row[0])


def _named(name: str) -> str:
    """Bring the name of a search in its form.

    Raises:
        UsageError: When none can be called so.
    """
    name = " ".join(name.replace("\0", "").split())
    if not name:
        raise UsageError("a search needs a name")
    require_text("search's name", name, LONGEST_NAME)
    return name


def _tell_others(current: Change) -> None:
    """Have others read again what changes without any note."""
    current.note_source(reset=False)
