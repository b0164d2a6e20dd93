"""Takes over what a backup says of chats, senders, rules, documents and searches.

These are few: all of them are one transaction. Chats of folders belong to a source.
The same folders may lie elsewhere on another machine: then the source of the same kind
whose folder has the same name is meant, if there is only one. What belongs to a source
that is not here waits until it is added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.library import _portable_people as people
from tui.library._change import change
from tui.library._people import OWN, Identities
from tui.library._portable_collections import merge_collections
from tui.library._portable_sounds import merge_sounds
from tui.library._rows import from_text, to_text
from tui.library._undo import retell, stale

if TYPE_CHECKING:
    from tui.library._change import Change
    from tui.library._connection import Store
    from tui.library._portable_merge import Restored
    from tui.library._portable_people import Identity, Place
    from tui.library._portable_read import Backup
    from tui.library._portable_values import Value

__all__ = ["Scopes", "merge_people"]

_NOWHERE = -1
"""A source that would be remembered, were this no rehearsal."""
_OWN_RANK = 9
_DEEP = 64


class Scopes:
    """Which sources here are those of a backup.

    Args:
        store: A connection.
        told: The sources of the backup.
    """

    def __init__(self, store: Store, told: list[Place]) -> None:
        self._store = store
        here = people.places(store)
        self._known = {"": 0} | {place.path: row for row, place in here.items()}
        theirs = [place for place in told if place.path not in self._known]
        ours = {
            row: place
            for row, place in here.items()
            if place.path not in {each.path for each in told}
        }
        for place in theirs:
            alike = [row for row, each in ours.items() if _alike(place, each)]
            rivals = [each for each in theirs if _alike(place, each)]
            if len(alike) == len(rivals) == 1:
                self._known[place.path] = alike[0]

    def find(self, where: str) -> int:
        """The row of a source; -1 when it never was here.

        Args:
            where: Its path on the other machine; empty for none, which gives 0.
        """
        return self._known.get(where, _NOWHERE)

    def require(self, where: str) -> int:
        """The row of a source; one that was never here is remembered as a former one.

        Args:
            where: As for `find`.
        """
        if where not in self._known:
            root = where.encode("utf-8", "surrogateescape")
            # So that its number is never given to another source.
            row_id: int = self._store.all(
                "INSERT INTO source(root, kind, label, score, reasons)"
                " VALUES (?, 'folder', '', 0, '') RETURNING id",
                (root,),
            )[0][0]
            self._store.run("DELETE FROM source WHERE id = ?", (row_id,))
            self._store.run(
                "INSERT INTO former_source(id, root) VALUES (?, ?)", (row_id, root)
            )
            self._known[where] = row_id
        return self._known[where]


def _alike(place: Place, other: Place) -> bool:
    """Whether two sources may be the same folder on two machines."""
    if place.kind and other.kind and place.kind != other.kind:
        return False
    return place.path.rpartition("/")[2] == other.path.rpartition("/")[2]


def merge_people(
    store: Store, backup: Backup, scopes: Scopes, done: Restored, *, dry: bool
) -> None:
    """Take over all that is not said of recordings.

    Args:
        store: A connection; one that may write, but for a rehearsal.
        backup: What is told.
        scopes: Which sources here are those of the backup.
        done: Counts.
        dry: Only count.
    """
    if dry:
        _Joining(store, None, scopes, done).all(backup)
        return
    with change(store) as current:
        _Joining(store, current, scopes, done).all(backup)
        retell(current)


class _Joining:
    """Compares and, in an open transaction, writes.

    Args:
        store: A connection.
        current: The open transaction; None for only comparing.
        scopes: Which sources here are those of the backup.
        done: Counts.
    """

    def __init__(
        self, store: Store, current: Change | None, scopes: Scopes, done: Restored
    ) -> None:
        self._store = store
        self._current = current
        self._scopes = scopes
        self._done = done
        self._times = people.Times(store)

    def all(self, backup: Backup) -> None:
        """Take over everything."""
        for where in sorted(backup.wheres):
            self._scope(where)
        self._searches(backup)
        self._day_orders(backup)
        known = {
            (each.table, self._scope(each.where), each.native_id): (row_id, each)
            for row_id, each in people.identities(self._store, self._times)
        }
        rows = {}
        for told in backup.identities:
            key = (told.table, self._scope(told.where), told.native_id)
            rows[key] = self._row(key, told)
        for told in backup.identities:
            key = (told.table, self._scope(told.where), told.native_id)
            mine = known.get(key)
            self._own(key, rows[key], told, mine and mine[1].own)
            self._joined(key, rows[key], told, mine and mine[1].joined)
        self._rules(backup)
        dry = self._current is None
        merge_sounds(self._store, backup.sounds, self._scope, self._done, dry=dry)
        merge_collections(self._store, self._current, backup.collections, self._done)
        if self._current is not None:
            for table, scope, native_id in rows:
                self._tell_chosen(table, scope, native_id)

    def _scope(self, where: str) -> int:
        """The source here; one is remembered only where anything is written."""
        if self._current is None:
            return self._scopes.find(where)
        scope = self._scopes.require(where)
        self._times.learn(scope, self._root(scope))
        return scope

    def _root(self, scope: int) -> bytes:
        row = self._store.one(
            "SELECT root FROM source WHERE id = ?1 UNION ALL"
            " SELECT root FROM former_source WHERE id = ?1",
            (scope,),
        )
        return b"" if row is None else row[0]

    def _row(self, key: tuple[str, int, str], told: Identity) -> int:
        """The row of a chat or sender, made if need be; 0 if only compared."""
        table, scope, native_id = key
        row_id = self._find(key)
        if self._current is None or row_id:
            if self._current is not None:
                self._store.run(
                    f"UPDATE {table} SET edited = 1 WHERE id = ?", (row_id,)
                )
            return row_id
        values = (to_text(native_id), to_text(told.told), told.rank)
        if table == "sender":
            sql = (
                "INSERT INTO sender(native_id, name, told_name, rank, edited)"
                " VALUES (?, '', ?, ?, 1) RETURNING id"
            )
            return int(self._store.all(sql, values)[0][0])
        # What a document tells of it later is surer, unless the user made it.
        sure = 1.0 if told.rank >= _OWN_RANK else 0.0
        sql = (
            "INSERT INTO chat(native_id, title, told_title, rank, scope, kind,"
            " confidence, edited) VALUES (?, '', ?, ?, ?, ?, ?, 1) RETURNING id"
        )
        row_id = self._store.all(sql, (*values, scope, told.kind, sure))[0][0]
        return int(row_id)

    def _find(self, key: tuple[str, int, str]) -> int:
        table, scope, native_id = key
        where = " AND scope = ?" if table == "chat" else ""
        params = (to_text(native_id), scope)[: 2 if where else 1]
        row = self._store.one(
            f"SELECT id FROM {table} WHERE native_id = ?{where}", params
        )
        return 0 if row is None else int(row[0])

    def _own(
        self, key: tuple[str, int, str], row_id: int, told: Identity, mine: Value | None
    ) -> None:
        """Call a chat or sender as the user did elsewhere, if that was later."""
        if told.own is not None and self._done.count("own", told.own, mine):
            set_ms, name = int(told.own[0]), str(told.own[1])
            if self._current is not None:
                self._store.run(
                    f"UPDATE {key[0]} SET {OWN[key[0]]} = ? WHERE id = ?",
                    (to_text(name) if name else None, row_id),
                )
                self._times.keep_identity("own", *key, set_ms)
        if self._current is not None:
            root = Identities(self._current).root(key[0], row_id)
            Identities(self._current).show_group(key[0], *dict.fromkeys((row_id, root)))

    def _joined(
        self, key: tuple[str, int, str], row_id: int, told: Identity, mine: Value | None
    ) -> None:
        """Join or part a chat or sender as the user did elsewhere."""
        if told.joined is None:
            return
        value = self._joined_here(key[0], told.joined)
        mine = None if mine is None else self._joined_here(key[0], mine)
        if not self._done.count("joined", value, mine) or self._current is None:
            return
        table, (set_ms, scope, native_id) = key[0], value
        into = self._find((table, int(scope), str(native_id))) or None
        people_here = Identities(self._current)
        before = people_here.root(table, row_id)
        self._store.run(
            f"UPDATE {table} SET merged_into = ?, pinned = 1 WHERE id = ?",
            (into, row_id),
        )
        self._times.keep_identity("joined", *key, int(set_ms))
        self._break_ring(table, row_id)
        after = people_here.root(table, row_id)
        if before != after:
            self._store.run(
                "INSERT OR IGNORE INTO retell"
                f" SELECT id FROM note WHERE {table}_id IN (?, ?)",
                (before, row_id),
            )
        people_here.show_group(table, *dict.fromkeys((row_id, before, after)))
        self._current.reset()

    def _joined_here(self, table: str, value: Value) -> Value:
        """Let a join name our sources."""
        set_ms, where, native_id = value
        return (set_ms, self._scope(str(where)) if table == "chat" else 0, native_id)

    def _break_ring(self, table: str, row_id: int) -> None:
        """Part what two libraries joined either way round: the oldest join goes."""
        ring, at = [row_id], row_id
        for _ in range(_DEEP):
            row = self._store.one(
                f"SELECT merged_into FROM {table} WHERE id = ?", (at,)
            )
            if row is None or row[0] is None:
                return
            at = row[0]
            if at == row_id:
                break
            ring.append(at)
        else:
            return
        scope = "scope" if table == "chat" else "0"
        joins = []
        for each in ring:
            place, native_id = self._store.all(
                f"SELECT {scope}, native_id FROM {table} WHERE id = ?", (each,)
            )[0]
            name = from_text(native_id)
            times = self._times.of_identity("joined", table, place, name)
            joins.append((times, name, each))
        oldest = min(joins)[2]
        self._store.run(
            f"UPDATE {table} SET merged_into = NULL, pinned = 1 WHERE id = ?", (oldest,)
        )

    def _tell_chosen(self, table: str, scope: int, native_id: str) -> None:
        """Have notes told anew whose choice may name a row that was not here."""
        where = " AND scope = ?" if table == "chat" else ""
        params = (table, to_text(native_id), scope)[: 3 if where else 2]
        rows = self._store.all(
            f"SELECT hash FROM choice WHERE field = ? AND target = ?{where}", params
        )
        stale(self._store, (row[0] for row in rows))

    def _rules(self, backup: Backup) -> None:
        here = {
            _rule_here(rule, self._scope(rule.where)): (row_id, rule.value)
            for row_id, rule in people.own_rules(self._store, self._times)
        }
        for rule in backup.rules:
            scope = self._scope(rule.where)
            key = _rule_here(rule, scope)
            row_id, mine = here.get(key, (0, None))
            if not self._done.count("rule", rule.value, mine):
                continue
            here[key] = (row_id, rule.value)
            if self._current is None:
                continue
            set_ms, is_off = int(rule.value[0]), bool(rule.value[1])
            if row_id:
                self._switch(row_id, set_ms, is_off=is_off)
            else:
                row_id = self._store.all(
                    "INSERT INTO rule(query, field, target, scope, title, set_ms,"
                    " is_on) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
                    (
                        to_text(rule.query),
                        rule.field,
                        to_text(rule.target),
                        scope,
                        to_text(rule.title),
                        set_ms,
                        int(not is_off),
                    ),
                )[0][0]
                here[key] = (row_id, rule.value)
            if is_off:
                self._times.keep(key, set_ms)

    def _switch(self, row_id: int, set_ms: int, *, is_off: bool) -> None:
        """Remove a rule that is here, or make it again."""
        if is_off:
            self._store.run("UPDATE rule SET is_on = 0 WHERE id = ?", (row_id,))
        else:
            self._store.run(
                "UPDATE rule SET is_on = 1, set_ms = ?, seen_rev = 0, seen_note = 0"
                " WHERE id = ?",
                (set_ms, row_id),
            )
        rows = self._store.all("SELECT hash FROM choice WHERE rule_id = ?", (row_id,))
        stale(self._store, (row[0] for row in rows))

    def _day_orders(self, backup: Backup) -> None:
        for told in backup.day_orders:
            row = self._document(told)
            if row is None:
                self._done.absent += 1
                continue
            document_id, scope, folder, name, order = row
            at_ms = self._times.of_document(scope, folder, name)
            mine = (at_ms, order) if order or at_ms else None
            if not self._done.count("order", told.value, mine):
                continue
            if self._current is not None:
                self._current.note_source(reset=False)
                self._store.run(
                    "UPDATE document SET day_order = ?, is_due = 1 WHERE id = ?",
                    (told.value[1], document_id),
                )
                set_ms = int(told.value[0])
                self._times.keep_document(scope, folder, name, set_ms)

    def _document(
        self, told: people.DayOrder
    ) -> tuple[int, int, bytes, bytes, str] | None:
        """Find a document: where it was, else the only one that looks like it."""
        path = told.path.encode("utf-8", "surrogateescape")
        folder, _, name = path.rpartition(b"/")
        columns = "SELECT id, source_id, folder, name, day_order FROM document"
        rows = self._store.all(
            f"{columns} WHERE source_id = ? AND folder = ? AND name = ?",
            (self._scopes.find(told.where), folder, name),
        )
        if not rows:
            rows = self._store.all(
                f"{columns} WHERE kind = ? AND name = ? AND size = ?",
                (told.kind, name, told.size),
            )
        if len(rows) != 1:
            return None
        document_id, scope, folder, name, order = rows[0]
        return document_id, scope, folder, name, order

    def _searches(self, backup: Backup) -> None:
        here = {each.name: each.value for each in people.saved_queries(self._store)}
        for told in backup.searches:
            if not self._done.count("search", told.value, here.get(told.name)):
                continue
            if self._current is not None:
                self._current.note_source(reset=False)
                self._store.run(
                    "INSERT INTO saved_search(name, query, set_ms) VALUES (?, ?, ?)"
                    " ON CONFLICT DO UPDATE SET query = ?2, set_ms = ?3, notes = 0,"
                    " unplayed = 0, duration_ms = 0",
                    (to_text(told.name), to_text(str(told.value[1])), told.value[0]),
                )


def _rule_here(rule: people.OwnRule, scope: int) -> str:
    return people.rule_key(rule.query, rule.field, scope, rule.target)
