"""The user's rules: which notes they find, among those that are new or changed.

The library knows what to ask and keeps the answers; only here both the notes and the
query language are known. A page at a time, so that other things may be done between.
When there is nothing to ask, the words of notes are indexed, for searches.
"""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tui.errors import QueryError
from tui.query import matches, parse, states

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.library._api import IndexWriter
    from tui.query import Query

__all__ = ["Rules", "apply_rules"]

_log = logging.getLogger(__name__)

_REST_S = 0.02


class Rules:
    """Asks the rules, a page of notes a call. Belongs to the indexer's thread.

    Args:
        writer: Tells what is to be asked, and takes the answers.
        wall_ms: The wall clock in milliseconds.
    """

    def __init__(self, writer: IndexWriter, wall_ms: Callable[[], int]) -> None:
        self._writer = writer
        self._wall_ms = wall_ms
        self._queries: dict[str, Query | None] = {}

    def step(self) -> bool:
        """Do a page, or index some words; returns whether there may be more to do."""
        if self._writer.tell_stale():
            return True
        page = self._writer.next_rules()
        if page is None:
            return self._index_words()
        now_ms = self._wall_ms()
        today = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone().date()
        found = []
        for rule_id, text in page.rules.items():
            query = self._query(text)
            if query is None:
                continue
            wanted = states(query)
            found += [
                (rule_id, note.row.id)
                for note in page.notes
                if note.row.state in wanted and matches(note, query, today, page.labels)
            ]
        self._writer.choose_by_rule(page, found, now_ms)
        return True

    def _index_words(self) -> bool:
        """Index some words; returns whether there were any to index."""
        if not self._writer.index_words():
            return False
        # SQLite lets nobody queue for its lock: who waits for it looks now and then,
        # and would hardly find it free between two of these transactions.
        time.sleep(_REST_S)
        return True

    def _query(self, text: str) -> Query | None:
        """Understand a query; one of another version of Earmark may be none here."""
        if text not in self._queries:
            try:
                self._queries[text] = parse(text)
            except QueryError as error:
                _log.warning("a rule can't be understood: %s", error)
                self._queries[text] = None
        return self._queries[text]


def apply_rules(writer: IndexWriter, wall_ms: Callable[[], int]) -> None:
    """Ask the rules of everything that they were not asked of yet.

    Args:
        writer: The library.
        wall_ms: The wall clock in milliseconds.
    """
    rules = Rules(writer, wall_ms)
    while rules.step():
        pass  # each call is a page
