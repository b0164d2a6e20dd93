"""What the user's edits changed, as it was before, and how it comes back.

An edit touches only what belongs to the user: own names, what he joined and parted, his
choices and rules, the order of dates of a document, his marks and searches. Each
touched thing is kept as it was, in JSON, by what it is and not by the number of its
row: chats by source and identity, recordings by their hash, tags by their name. So an
undo works also after a source was removed and added again. Everything that is shown
follows from that and from what is told.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tui.library._facts import Facts, notes_with
from tui.library._people import OWN, Identities
from tui.library._rows import from_text, to_text
from tui.library._undo_marks import MARKS_BACK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tui.library._change import Change
    from tui.library._connection import Store

__all__ = ["AT_ONCE", "Before", "bring_back", "find_identity", "retell", "stale"]

AT_ONCE = 250
"""Notes that are told anew in one transaction: some 60 ms."""

_Key = list[Any]
"""What a chat or sender is: the root of its source in hex or None, and its identity."""


class Before:
    """Keeps things as they are, before an edit changes them.

    Args:
        change: The open transaction.
    """

    def __init__(self, change: Change) -> None:
        self._change = change
        self._store = change.store
        self._people = Identities(change)
        self._kept: list[dict[str, Any]] = []
        self._roots: dict[tuple[str, int], int] = {}
        """What each touched row was shown as."""

    def name(self, table: str, row_id: int) -> None:
        """Keep the own name of a chat or sender.

        Args:
            table: `chat` or `sender`.
            row_id: The row.
        """
        own = self._store.all(
            f"SELECT {OWN[table]} FROM {table} WHERE id = ?", (row_id,)
        )[0][0]
        self._keep(table, row_id, {"own": None if own is None else from_text(own)})

    def join(self, table: str, row_id: int) -> None:
        """Keep what a chat or sender went into.

        Args:
            table: `chat` or `sender`.
            row_id: The row.
        """
        into, pinned = self._store.all(
            f"SELECT merged_into, pinned FROM {table} WHERE id = ?", (row_id,)
        )[0]
        into = None if into is None else _key(self._store, table, into)
        self._keep(table, row_id, {"into": into, "pinned": pinned})

    def _keep(self, table: str, row_id: int, what: dict[str, Any]) -> None:
        key = _key(self._store, table, row_id)
        self._kept.append({"of": table, "key": key, **what})
        self._roots[table, row_id] = self._people.root(table, row_id)
        self._store.run(f"UPDATE {table} SET edited = 1 WHERE id = ?", (row_id,))

    def keep(self, of: str, **what: Any) -> None:  # noqa: ANN401  # what JSON can hold
        """Keep a mark or search, which one of `MARKS_BACK` brings back.

        Args:
            of: Its name there.
            what: What that takes.
        """
        self._kept.append({"of": of, **what})

    def choices(self, field: str, hashes: Iterable[bytes]) -> None:
        """Keep what the user chose by hand for some recordings."""
        new: list[str] = []
        old: list[list[Any]] = []
        for content in hashes:
            row = self._store.one(
                "SELECT target, scope, title, set_ms FROM choice"
                " WHERE hash = ? AND field = ? AND rule_id = 0",
                (content, field),
            )
            if row is None:
                new.append(content.hex())
                continue
            where, target = _root_of(self._store, row[1]), from_text(row[0])
            old.append([content.hex(), where, target, from_text(row[2]), row[3]])
        self._kept.append({"of": "choice", "field": field, "new": new, "old": old})

    def rule(self, rule_id: int, *, is_new: bool) -> None:
        """Keep that a rule is on, or that there was none."""
        self._kept.append({"of": "rule", "id": rule_id, "new": is_new})

    def document(self, document_id: int) -> None:
        """Keep the order of dates of a document."""
        row = self._store.all(
            "SELECT root, folder, name, day_order FROM document"
            " JOIN source ON source.id = document.source_id WHERE document.id = ?",
            (document_id,),
        )[0]
        place = [part.hex() for part in row[:3]]
        self._kept.append({"of": "document", "place": place, "was": row[3]})

    def finish(self) -> str:
        """Let names and notes follow what was changed; returns what was kept."""
        for (table, row_id), before in self._roots.items():
            _follow(self._change, self._people, table, (row_id, before))
        for kept in self._kept:
            if kept["of"] == "choice":
                hashes = [*kept["new"], *(row[0] for row in kept["old"])]
                stale(self._store, map(bytes.fromhex, hashes))
        retell(self._change)
        return json.dumps(self._kept, separators=(",", ":"))


def bring_back(change: Change, text: str, now_ms: int) -> None:
    """Make everything that an edit changed what it was before.

    Args:
        change: The open transaction.
        text: What `Before.finish` gave.
        now_ms: The wall clock: to take something back is a word of now.
    """
    people = Identities(change)
    for kept in reversed(json.loads(text)):
        if kept["of"] in MARKS_BACK:
            MARKS_BACK[kept["of"]](change, kept, now_ms)
        else:
            _BACK[kept["of"]](change, people, kept)
    retell(change)


def retell(change: Change, limit: int = AT_ONCE) -> int:
    """Tell some notes anew that an edit made stale.

    Args:
        change: The open transaction.
        limit: How many at most.

    Returns:
        How many there were; fewer than the limit when these were all.
    """
    store = change.store
    rows = store.all("SELECT note_id FROM retell ORDER BY note_id LIMIT ?", (limit,))
    if not rows:
        return 0
    facts = Facts(change, Identities(change))
    for (note_id,) in rows:
        facts.apply(note_id)
    store.run("DELETE FROM retell WHERE note_id <= ?", (rows[-1][0],))
    return len(rows)


def find_identity(store: Store, table: str, key: _Key) -> int | None:
    """Find the row of a chat or sender by what it is."""
    where, native_id = key
    if table == "sender":
        row = store.one(
            "SELECT id FROM sender WHERE native_id = ?", (to_text(native_id),)
        )
    else:
        row = store.one(
            "SELECT id FROM chat WHERE scope = ? AND native_id = ?",
            (_scope_of(store, where), to_text(native_id)),
        )
    return None if row is None else int(row[0])


def _key(store: Store, table: str, row_id: int) -> _Key:
    scope = "scope" if table == "chat" else "0"
    row = store.all(f"SELECT {scope}, native_id FROM {table} WHERE id = ?", (row_id,))
    return [_root_of(store, row[0][0]), from_text(row[0][1])]


def _root_of(store: Store, scope: int) -> str | None:
    if not scope:
        return None
    row = store.one(
        "SELECT root FROM source WHERE id = ?1"
        " UNION ALL SELECT root FROM former_source WHERE id = ?1",
        (scope,),
    )
    return None if row is None else row[0].hex()


def _scope_of(store: Store, where: str | None) -> int:
    if where is None:
        return 0
    row = store.one(
        "SELECT id FROM source WHERE root = ?1"
        " UNION ALL SELECT id FROM former_source WHERE root = ?1",
        (bytes.fromhex(where),),
    )
    return -1 if row is None else int(row[0])


def _follow(
    change: Change, people: Identities, table: str, rows: tuple[int, int]
) -> None:
    """Let names and notes follow a row that was shown as another one."""
    row_id, before = rows
    after = people.root(table, row_id)
    if after != before:
        change.store.run(
            f"INSERT OR IGNORE INTO retell SELECT id FROM note WHERE {table}_id = ?",
            (before,),
        )
    people.show_group(table, *dict.fromkeys((row_id, before, after)))


def stale(store: Store, hashes: Iterable[bytes]) -> None:
    """Have the notes of some recordings told anew."""
    store.run_many(
        "INSERT OR IGNORE INTO retell VALUES (?)",
        ((note_id,) for content in hashes for note_id in notes_with(store, content)),
    )


def _identity_back(change: Change, people: Identities, kept: dict[str, Any]) -> None:
    store, table = change.store, kept["of"]
    row_id = find_identity(store, table, kept["key"])
    if row_id is None:
        return
    before = people.root(table, row_id)
    if "own" in kept:
        own = None if kept["own"] is None else to_text(kept["own"])
        store.run(f"UPDATE {table} SET {OWN[table]} = ? WHERE id = ?", (own, row_id))
    else:
        into = kept["into"]
        into = None if into is None else find_identity(store, table, into)
        store.run(
            f"UPDATE {table} SET merged_into = ?, pinned = ? WHERE id = ?",
            (into, kept["pinned"], row_id),
        )
    _follow(change, people, table, (row_id, before))


def _choices_back(change: Change, people: Identities, kept: dict[str, Any]) -> None:
    del people
    store, field = change.store, kept["field"]
    new = [bytes.fromhex(each) for each in kept["new"]]
    old = [(bytes.fromhex(row[0]), *row[1:]) for row in kept["old"]]
    store.run_many(
        "DELETE FROM choice WHERE hash = ? AND field = ? AND rule_id = 0",
        ((content, field) for content in (*new, *(row[0] for row in old))),
    )
    store.run_many(
        "INSERT INTO choice(hash, field, target, scope, title, set_ms)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            (
                content,
                field,
                to_text(target),
                _scope_of(store, where),
                to_text(title),
                set_ms,
            )
            for content, where, target, title, set_ms in old
        ),
    )
    stale(store, (*new, *(row[0] for row in old)))


def _rule_back(change: Change, people: Identities, kept: dict[str, Any]) -> None:
    del people
    store, rule_id = change.store, kept["id"]
    rows = store.all("SELECT hash FROM choice WHERE rule_id = ?", (rule_id,))
    if kept["new"]:
        store.run("DELETE FROM choice WHERE rule_id = ?", (rule_id,))
        store.run("DELETE FROM rule WHERE id = ?", (rule_id,))
    else:
        store.run("UPDATE rule SET is_on = 1 WHERE id = ?", (rule_id,))
    stale(store, (row[0] for row in rows))


def _document_back(change: Change, people: Identities, kept: dict[str, Any]) -> None:
    del people
    root, folder, name = map(bytes.fromhex, kept["place"])
    change.note_source(reset=False)
    change.store.run(
        "UPDATE document SET day_order = ?, is_due = 1 WHERE folder = ? AND name = ?"
        " AND source_id = (SELECT id FROM source WHERE root = ?)",
        (kept["was"], folder, name, root),
    )


_BACK = {
    "chat": _identity_back,
    "sender": _identity_back,
    "choice": _choices_back,
    "rule": _rule_back,
    "document": _document_back,
}
