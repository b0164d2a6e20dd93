"""What is known of a note, merged from its path, its claims and the user's choices.

Each field is taken from where it is told with the highest confidence; of equals, from
the more particular kind of document. What the user chose wins over all. The result
stands in `note`; what the path told is kept in `path_fact` as soon as it differs, so
that it comes back when a document takes back what it told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tui.library._connection import listed
from tui.library._months import month_of
from tui.library._rows import from_text, to_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tui.library._change import Change
    from tui.library._connection import Row, Store
    from tui.library._people import Identities

__all__ = ["CHOSEN", "FACTS", "Facts", "choose_again", "notes_with", "origin_of"]

FACTS = (
    "chat_id",
    "month",
    "order_ms",
    "kind",
    "direction",
    "sender_id",
    "sent_ms",
    "offset_min",
    "precision",
    "title",
    "chat_origin",
    "chat_confidence",
    "sender_origin",
    "sender_confidence",
    "time_origin",
    "time_confidence",
)
"""Columns of `note` and `path_fact` that tell of it."""

CHOSEN = 2.0
"""The confidence of what the user chose: above everything that is told."""

_MAX_PLACE = {"exact": 0, "second": 999}
_MAX_PLACE_ELSE = 59_000
"""A message's place among others of the same time moves it by less than what that time
is exact to."""
_COARSE = frozenset({"day", "mtime"})
"""Precisions of a time that says no more than the day; as surely, a clock is better."""
_SURE = 0.9
"""From here on a claim also tells what kind of note it is."""
_TRUST = {
    kind: at
    for at, kind in enumerate(
        (
            "whatsapp_database",
            "whatsapp_backup",
            "whatsapp_ios",
            "imessage",
            "telegram",
            "matrix",
            "discord",
            "messenger",
            "signal",
            "voice_memos",
            "mail",
            "whatsapp_export",
        )
    )
}
"""Of two that are equally sure, the first kind is believed."""
_WORDS = {
    "whatsapp_export": "export",
    "whatsapp_database": "database",
    "whatsapp_backup": "backup",
    "whatsapp_ios": "iPhone database",
    "telegram": "Telegram export",
    "signal": "Signal export",
    "messenger": "Messenger export",
    "imessage": "iMessage",
    "discord": "Discord export",
    "matrix": "Matrix export",
    "voice_memos": "Voice Memos",
    "mail": "mail",
}
_BY_NAME = frozenset({"whatsapp_database", "whatsapp_backup", "whatsapp_ios"})
"""Kinds that are told apart by the name of their file, the others by what they tell."""

_CLAIMS = (
    "SELECT claim.note_id, claim.id, document.kind, document.label, document.name,"
    " claim.strength, claim.chat_id, claim.chat_confidence, claim.sender_id,"
    " claim.sender_confidence, claim.direction, claim.kind, claim.sent_ms,"
    " claim.offset_min, claim.precision, claim.time_confidence, claim.place,"
    " claim.title, claim.phone_played"
    " FROM claim JOIN document ON document.id = claim.document_id"
    " WHERE claim.note_id IN ({})"
    # Of two copies of a document the newer one knows more.
    " ORDER BY document.missing, document.mtime_ns DESC, claim.id"
)
_CHOICES = (
    "SELECT note.id, field, target, scope, rule_id FROM note"
    # A note that was forwarded has the recording of the one that it shares.
    " LEFT JOIN note AS base ON base.id = note.shares"
    " JOIN recording ON recording.id = coalesce(note.recording_id, base.recording_id)"
    " JOIN choice ON choice.hash = recording.hash WHERE note.id IN ({})"
    " AND (rule_id = 0 OR rule_id IN (SELECT id FROM rule WHERE is_on = 1))"
    # The last counts: the newest rule before older ones, the user's hand before all.
    " ORDER BY rule_id = 0, rule_id"
)
_FIELDS = {
    "chat_confidence": ("chat_id", "chat_origin"),
    "sender_confidence": ("sender_id", "sender_origin", "direction"),
    "time_confidence": (
        *("sent_ms", "offset_min", "precision", "order_ms", "month"),
        "time_origin",
    ),
}
"""What is as sure as each confidence says."""
_NOTES = f"SELECT id, {', '.join(FACTS)}, phone_played FROM note WHERE id IN ({{}})"
_BASES = f"SELECT note_id, {', '.join(FACTS)} FROM path_fact WHERE note_id IN ({{}})"
_NOTE = f"SELECT {', '.join(FACTS)}, phone_played FROM note WHERE id = ?"
_BASE = f"SELECT {', '.join(FACTS)} FROM path_fact WHERE note_id = ?"
_KEEP = (
    f"INSERT OR REPLACE INTO path_fact(note_id, {', '.join(FACTS)})"
    f" VALUES ({', '.join('?' * (len(FACTS) + 1))})"
)
_AT_ONCE = 256
_UPDATE = f"UPDATE note SET {' = ?, '.join(FACTS)} = ?, phone_played = ? WHERE id = ?"


class _Claim(NamedTuple):
    id: int
    document_kind: str
    label: str | bytes
    name: bytes
    strength: float
    chat_id: int | None
    chat_confidence: float
    sender_id: int | None
    sender_confidence: float
    direction: str
    kind: str
    sent_ms: int | None
    offset_min: int | None
    precision: str
    time_confidence: float
    place: int
    title: str | bytes
    phone_played: int | None

    @property
    def origin(self) -> str | bytes:
        return to_text(origin_of(self.document_kind, from_text(self.label), self.name))

    def sure(self, confidence: float) -> float:
        """How sure a field is: as sure as it is told, and as that it is this note."""
        return min(confidence, self.strength)


def origin_of(kind: str, label: str, name: bytes) -> str:
    """Say in a few words what a document is, e.g. `export “Ana”`."""
    word = _WORDS.get(kind, kind)
    if kind in _BY_NAME or not label:
        return f"{word} {name.decode(errors='backslashreplace')}"
    return f"{word} “{label}”"


class Facts:
    """Tells notes what is known of them, within a change.

    Args:
        change: The open transaction.
        people: Chats and senders in the same one.
    """

    def __init__(self, change: Change, people: Identities) -> None:
        self._change = change
        self._store = change.store
        self._people = people

    def tell_path(self, note_id: int, values: Sequence[object]) -> None:
        """Take what a note's path tells, in the order of FACTS."""
        self._change.touch(note_id)
        if self._store.one("SELECT 1 FROM path_fact WHERE note_id = ?", (note_id,)):
            self._store.run(_KEEP, (note_id, *values))
        else:
            row = self._store.one(_NOTE, (note_id,))
            phone = None if row is None else row[-1]
            self._store.run(_UPDATE, (*values, phone, note_id))
        self.apply(note_id)

    def join_paths(self, note_id: int, other_id: int) -> None:
        """Keep the surer of what the paths of two notes tell, as one note's.

        So it makes no difference which of two files of a message came first.

        Args:
            note_id: The note that keeps it.
            other_id: The note that goes into it.
        """
        mine, theirs = self._path_facts(note_id), self._path_facts(other_id)
        if mine is None or theirs is None:
            return
        for confidence, fields in _FIELDS.items():
            if theirs[confidence] > mine[confidence]:
                mine |= {name: theirs[name] for name in (confidence, *fields)}
        if mine["direction"] == "unknown":
            mine["direction"] = theirs["direction"]
        mine["title"] = mine["title"] or theirs["title"]
        self._store.run(_KEEP, (note_id, *(mine[name] for name in FACTS)))

    def _path_facts(self, note_id: int) -> dict[str, Any] | None:
        row = self._store.one(_BASE, (note_id,)) or self._store.one(_NOTE, (note_id,))
        return None if row is None else dict(zip(FACTS, row, strict=False))

    def apply(self, note_id: int) -> None:
        """Bring a note up to date with everything that tells of it."""
        self.apply_all((note_id,))

    def apply_all(self, note_ids: Iterable[int]) -> None:
        """Bring several notes up to date; together they take half as long."""
        ids = list(dict.fromkeys(note_ids))
        for start in range(0, len(ids), _AT_ONCE):
            self._apply(ids[start : start + _AT_ONCE])

    def _apply(self, note_ids: Sequence[int]) -> None:
        notes = {row[0]: row[1:] for row in self._rows(_NOTES, note_ids)}
        bases = {row[0]: row[1:] for row in self._rows(_BASES, note_ids)}
        claims, choices = self._rows_by_note(_CLAIMS, note_ids), self._choices(note_ids)
        roots: dict[tuple[str, int], int] = {}
        kept: list[tuple[object, ...]] = []
        dropped: list[tuple[int]] = []
        updates: list[tuple[Any, ...]] = []
        for note_id, now in notes.items():
            base = bases.get(note_id)
            told = base or now[:-1]
            facts = dict(zip(FACTS, told, strict=True))
            phone = _merge(facts, _sorted(claims.get(note_id, ())))
            self._choose(choices.get(note_id, ()), facts)
            for table in ("chat", "sender"):
                key = (table, facts[f"{table}_id"])
                if key[1] is not None and key not in roots:
                    roots[key] = self._people.root(*key)
                facts[f"{table}_id"] = roots.get(key)
            merged = (*(facts[name] for name in FACTS), phone)
            if base is None and merged[:-1] != told:
                kept.append((note_id, *told))
            elif base is not None and merged[:-1] == told:
                dropped.append((note_id,))
            if merged != now:
                updates.append((*merged, note_id))
        self._change.touch_all(row[-1] for row in updates)
        self._store.run_many(_KEEP, kept)
        self._store.run_many("DELETE FROM path_fact WHERE note_id = ?", dropped)
        self._store.run_many(_UPDATE, updates)

    def _rows(self, sql: str, note_ids: Sequence[int]) -> list[Row]:
        marks, values = listed(note_ids)
        return self._store.all(sql.format(marks), values)

    def _rows_by_note(self, sql: str, note_ids: Sequence[int]) -> dict[int, list[Row]]:
        found: dict[int, list[Row]] = {}
        for row in self._rows(sql, note_ids):
            found.setdefault(row[0], []).append(row[1:])
        return found

    def _choices(self, note_ids: Sequence[int]) -> dict[int, list[Row]]:
        if self._store.one("SELECT 1 FROM choice LIMIT 1") is None:
            return {}
        return self._rows_by_note(_CHOICES, note_ids)

    def _choose(self, choices: Iterable[Row], facts: dict[str, Any]) -> None:
        """Let the user's choices win."""
        for field, target, scope, rule_id in choices:
            table = "chat" if field == "chat" else "sender"
            where = "native_id = ?" + (" AND scope = ?" if table == "chat" else "")
            params = (target, scope) if table == "chat" else (target,)
            row = self._store.one(f"SELECT id FROM {table} WHERE {where}", params)
            if row is None:
                continue
            facts[f"{table}_id"] = row[0]
            facts[f"{table}_origin"] = "your rule" if rule_id else "chosen by you"
            facts[f"{table}_confidence"] = CHOSEN
            if table == "sender":
                facts["direction"] = "sent" if target == "me" else "received"


def notes_with(store: Store, content: bytes) -> list[int]:
    """Notes with some recording, also those that have it from another note.

    Args:
        store: A connection.
        content: The hash of the recording.
    """
    notes = [
        row[0]
        for row in store.all(
            "SELECT note.id FROM recording"
            " JOIN note ON note.recording_id = recording.id WHERE hash = ?",
            (content,),
        )
    ]
    for note_id in list(notes):
        notes += [
            row[0]
            for row in store.all("SELECT id FROM note WHERE shares = ?", (note_id,))
        ]
    return list(dict.fromkeys(notes))


def choose_again(change: Change, facts: Facts, hashes: Iterable[bytes]) -> None:
    """Let notes whose recording has just become known follow the user's choices.

    Args:
        change: The open transaction.
        facts: Tells the notes.
        hashes: Of the recordings.
    """
    store = change.store
    for content in hashes:
        is_chosen = store.one("SELECT 1 FROM choice WHERE hash = ?", (content,))
        for note_id in notes_with(store, content):
            if is_chosen or store.one(
                "SELECT 1 FROM note WHERE id = ?1"
                " AND (chat_confidence = ?2 OR sender_confidence = ?2)",
                (note_id, CHOSEN),
            ):
                facts.apply(note_id)


def _sorted(rows: Iterable[Row]) -> list[_Claim]:
    """Claims of one note, the most particular kind of document first."""
    claims = [_Claim(*row) for row in rows]
    claims.sort(key=lambda claim: _TRUST.get(claim.document_kind, len(_TRUST)))
    return claims


def _merge(facts: dict[str, Any], claims: Sequence[_Claim]) -> int | None:
    """Put what claims tell into the facts, where it is surer.

    Returns:
        What the phone says about listening.
    """
    phone = None
    best_kind = best_title = 0.0
    best_way = facts["sender_confidence"] if facts["direction"] != "unknown" else -1.0
    for claim in claims:
        _merge_time(facts, claim)
        chat = claim.sure(claim.chat_confidence)
        if claim.chat_id is not None and chat > facts["chat_confidence"]:
            facts["chat_id"] = claim.chat_id
            facts["chat_origin"], facts["chat_confidence"] = claim.origin, chat
        sender = claim.sure(claim.sender_confidence)
        if claim.direction != "unknown" and sender > best_way:
            facts["direction"], best_way = claim.direction, sender
        if claim.sender_id is not None and (
            facts["sender_id"] is None or sender > facts["sender_confidence"]
        ):
            facts["sender_id"] = claim.sender_id
            facts["sender_origin"], facts["sender_confidence"] = claim.origin, sender
        if claim.strength >= _SURE and claim.strength > best_kind:
            facts["kind"], best_kind = claim.kind, claim.strength
        # A name that an app or a person gave is better than that of the file.
        if claim.title and claim.strength > best_title:
            facts["title"], best_title = claim.title, claim.strength
        if phone is None:
            phone = claim.phone_played
    return phone


def _merge_time(facts: dict[str, Any], claim: _Claim) -> None:
    sure = claim.sure(claim.time_confidence)
    known = facts["time_confidence"]
    is_finer = facts["precision"] in _COARSE and claim.precision not in _COARSE
    if claim.sent_ms is None or sure < known or (sure == known and not is_finer):
        return
    facts["sent_ms"], facts["offset_min"] = claim.sent_ms, claim.offset_min
    facts["precision"] = claim.precision
    most = _MAX_PLACE.get(claim.precision, _MAX_PLACE_ELSE)
    facts["order_ms"] = claim.sent_ms + min(claim.place, most)
    facts["month"] = month_of(claim.sent_ms, claim.offset_min)
    facts["time_origin"], facts["time_confidence"] = claim.origin, sure
