"""What the user said of chats, senders, documents and searches, as joinable values.

Own names, what was joined or parted, rules and orders of dates have no column for the
time when they were set. The history of edits tells it; for what was taken over from
another library, and for what the history forgot, a row of `removed` under the empty
hash remembers it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from tui.library._people import OWN
from tui.library._rows import from_text, to_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.library._connection import Store
    from tui.library._portable_values import Value

__all__ = [
    "DayOrder",
    "Identity",
    "OwnRule",
    "Place",
    "SavedQuery",
    "Times",
    "day_orders",
    "identities",
    "own_rules",
    "path_text",
    "places",
    "saved_queries",
]

_TOLD = {"chat": "told_title", "sender": "told_name"}
_MADE_BY = ('"of":"chat"', '"of":"sender"', '"of":"rule"', '"of":"document"')
"""What the history writes of the edits whose time is asked here."""


class Place(NamedTuple):
    """A source, by which the chats of folders are told apart."""

    path: str
    kind: str


class Identity(NamedTuple):
    """A chat or sender that the user changed, and how."""

    table: str
    """`chat` or `sender`."""
    where: str
    """The source that it holds in; empty for everywhere."""
    native_id: str
    kind: str
    """Of a chat; empty for a sender."""
    told: str
    """What it is called without the user."""
    rank: int
    """How good that is."""
    own: Value | None
    """When the user called it so, and how; empty for `as it is told`."""
    joined: Value | None
    """When the user joined or parted it, the source and the identity of what it went
    into; both empty for nothing."""


class OwnRule(NamedTuple):
    """A rule that says where notes belong."""

    query: str
    field: str
    where: str
    target: str
    title: str
    value: Value
    """When it was set or removed, and whether it is removed."""


class DayOrder(NamedTuple):
    """The order of dates in a document, as the user chose it."""

    where: str
    path: str
    kind: str
    size: int
    value: Value


class SavedQuery(NamedTuple):
    """A saved search."""

    name: str
    value: Value


def path_text(path: bytes) -> str:
    """A path of the file system as text that leads back to it."""
    return path.decode("utf-8", "surrogateescape")


def places(store: Store) -> dict[int, Place]:
    """Sources that are known, or were, by their row."""
    rows = store.all(
        "SELECT id, root, kind FROM source"
        " UNION ALL SELECT id, root, '' FROM former_source"
    )
    return {row[0]: Place(path_text(row[1]), row[2]) for row in rows}


class Times:
    """When the user said what has no time of its own.

    Args:
        store: A connection.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._roots = {
            row[0]: row[1].hex()
            for row in store.all(
                "SELECT id, root FROM source UNION ALL SELECT id, root"
                " FROM former_source"
            )
        }
        self._known: dict[str, int] = {
            from_text(row[0]): row[1]
            for row in store.all("SELECT what, set_ms FROM removed WHERE hash = x''")
        }
        found = " OR ".join(f"instr(undo, '{word}')" for word in _MADE_BY)
        for at_ms, undo in store.all(f"SELECT at_ms, undo FROM edit WHERE {found}"):
            for key in _changed(undo):
                self._known[key] = max(at_ms, self._known.get(key, 0))

    def of_identity(self, what: str, table: str, scope: int, native_id: str) -> int:
        """When a chat or sender was named or joined; 0 when nobody knows.

        Args:
            what: `own` or `joined`.
            table: `chat` or `sender`.
            scope: The source that it holds in; 0 for none.
            native_id: Its identity.
        """
        return self._known.get(self._identity(what, table, scope, native_id), 0)

    def of_rule(self, rule_id: int, key: str) -> int:
        """When a rule was removed; 0 when nobody knows.

        Args:
            rule_id: Its row.
            key: What it says.
        """
        return max(self._known.get(f"rule:{rule_id}", 0), self._known.get(key, 0))

    def of_document(self, scope: int, folder: bytes, name: bytes) -> int:
        """When the order of dates of a document was chosen; 0 when nobody knows."""
        return self._known.get(self._document(scope, folder, name), 0)

    def keep_identity(
        self, what: str, table: str, scope: int, native_id: str, set_ms: int
    ) -> None:
        """Remember when a name or join was set that is taken over."""
        self.keep(self._identity(what, table, scope, native_id), set_ms)

    def keep_document(
        self, scope: int, folder: bytes, name: bytes, set_ms: int
    ) -> None:
        """Remember when an order of dates was chosen that is taken over."""
        self.keep(self._document(scope, folder, name), set_ms)

    def keep(self, key: str, set_ms: int) -> None:
        """Remember when something was set."""
        self._known[key] = set_ms
        self._store.run(
            "INSERT OR REPLACE INTO removed(hash, what, set_ms) VALUES (x'', ?, ?)",
            (to_text(key), set_ms),
        )

    def learn(self, scope: int, root: bytes) -> None:
        """Take note of a source that has become known."""
        self._roots[scope] = root.hex()

    def _identity(self, what: str, table: str, scope: int, native_id: str) -> str:
        return f"{what}:{table}:{self._roots.get(scope, '')}:{native_id}"

    def _document(self, scope: int, folder: bytes, name: bytes) -> str:
        return f"document:{self._roots.get(scope, '')}:{folder.hex()}:{name.hex()}"


def _changed(undo: str) -> Iterator[str]:
    """Tell what an edit changed, as `Times` calls it."""
    try:
        kept_all = json.loads(undo)
    except ValueError:
        return
    for kept in kept_all:
        of = kept.get("of")
        if of in OWN and isinstance(kept.get("key"), list):
            where, native_id = kept["key"]
            what = "own" if "own" in kept else "joined"
            yield f"{what}:{of}:{where or ''}:{native_id}"
        elif of == "rule" and not kept.get("new"):
            yield f"rule:{kept['id']}"
        elif of == "document":
            yield "document:" + ":".join(kept["place"])


def identities(store: Store, times: Times) -> Iterator[tuple[int, Identity]]:
    """Chats, then senders that the user changed, with the row of each."""
    paths = {scope: place.path for scope, place in places(store).items()} | {0: ""}
    for table, scope, kind in (("chat", "scope", "kind"), ("sender", "0", "''")):
        rows = store.all(
            f"SELECT id, {scope}, native_id, {kind}, {_TOLD[table]}, rank,"
            f" {OWN[table]}, pinned, merged_into FROM {table} WHERE edited = 1"
        )
        rows.sort(key=lambda row: (paths.get(row[1], ""), from_text(row[2])))
        for row in rows:
            if row[1] not in paths:
                continue  # of a source that nobody knows the place of
            native_id = from_text(row[2])
            named_ms = times.of_identity("own", table, row[1], native_id)
            own = joined = None
            if row[6] is not None or named_ms:
                own = (named_ms, "" if row[6] is None else from_text(row[6]))
            if row[7]:
                joined_ms = times.of_identity("joined", table, row[1], native_id)
                into = _key(store, table, row[8])
                joined = (joined_ms, paths.get(into[0], ""), into[1])
            yield (
                row[0],
                Identity(
                    table,
                    paths[row[1]],
                    native_id,
                    row[3],
                    from_text(row[4]),
                    row[5],
                    own,
                    joined,
                ),
            )


def _key(store: Store, table: str, row_id: int | None) -> tuple[int, str]:
    if row_id is None:
        return 0, ""
    scope = "scope" if table == "chat" else "0"
    row = store.one(f"SELECT {scope}, native_id FROM {table} WHERE id = ?", (row_id,))
    return (0, "") if row is None else (row[0], from_text(row[1]))


def rule_key(query: str, field: str, scope: int, target: str) -> str:
    """What a rule says, as `Times` calls it."""
    return f"rule:{field}:{scope}:{len(target)}:{target}:{query}"


def own_rules(store: Store, times: Times) -> Iterator[tuple[int, OwnRule]]:
    """Rules, also those that were removed, with the row of each; oldest first."""
    paths = {scope: place.path for scope, place in places(store).items()} | {0: ""}
    for rule_id, query, field, target, scope, title, set_ms, is_on in store.all(
        "SELECT id, query, field, target, scope, title, set_ms, is_on FROM rule"
        " ORDER BY id"
    ):
        if scope not in paths:
            continue
        key = rule_key(from_text(query), field, scope, from_text(target))
        at_ms = max(set_ms, 0 if is_on else times.of_rule(rule_id, key))
        yield (
            rule_id,
            OwnRule(
                from_text(query),
                field,
                paths[scope],
                from_text(target),
                from_text(title),
                (at_ms, int(not is_on)),
            ),
        )


def day_orders(store: Store, times: Times) -> Iterator[tuple[int, DayOrder]]:
    """Orders of dates that the user chose, with the row of each document."""
    for row in store.all(
        "SELECT document.id, source_id, root, folder, name, document.kind, size,"
        " day_order FROM document JOIN source ON source.id = source_id"
        " ORDER BY root, folder, name"
    ):
        at_ms = times.of_document(row[1], row[3], row[4])
        if not row[7] and not at_ms:
            continue
        path = row[3] + b"/" + row[4] if row[3] else row[4]
        where = path_text(row[2])
        value = (at_ms, row[7])
        yield row[0], DayOrder(where, path_text(path), row[5], row[6], value)


def saved_queries(store: Store) -> Iterator[SavedQuery]:
    """Saved searches, in the order of their names."""
    for name, set_ms, query in store.all(
        "SELECT name, set_ms, query FROM saved_search ORDER BY name"
    ):
        yield SavedQuery(from_text(name), (set_ms, from_text(query)))
