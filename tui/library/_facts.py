"""What is known of a note, merged from its path, its claims and the user's choices.

Each field is taken from where it is told with the highest confidence; of equals, from
the more particular kind of document. What the user chose wins over all. The result
stands in `note`; what the path told is kept in `path_fact` as soon as it differs, so
that it comes back when a document takes back what it told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tui.library._months import month_of
from tui.library._rows import from_text, to_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tui.library._change import Change
    from tui.library._connection import Row
    from tui.library._people import Identities

__all__ = ["FACTS", "Facts", "origin_of"]

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

_MAX_PLACE = 59_000
"""A message's place among others of the same minute moves it by less than a minute."""
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
    "SELECT claim.id, document.kind, document.label, document.name, claim.strength,"
    " claim.chat_id, claim.chat_confidence, claim.sender_id, claim.sender_confidence,"
    " claim.direction, claim.kind, claim.sent_ms, claim.offset_min, claim.precision,"
    " claim.time_confidence, claim.place, claim.title, claim.phone_played"
    " FROM claim JOIN document ON document.id = claim.document_id"
    " WHERE claim.note_id = ?"
)
_CHOICES = (
    "SELECT field, target, scope, title FROM choice"
    " WHERE hash = (SELECT recording.hash FROM note"
    " JOIN recording ON recording.id = note.recording_id WHERE note.id = ?)"
)
_NOTE = f"SELECT {', '.join(FACTS)}, phone_played FROM note WHERE id = ?"
_BASE = f"SELECT {', '.join(FACTS)} FROM path_fact WHERE note_id = ?"
_KEEP = (
    f"INSERT OR REPLACE INTO path_fact(note_id, {', '.join(FACTS)})"
    f" VALUES ({', '.join('?' * (len(FACTS) + 1))})"
)
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

    def apply_all(self, note_ids: Iterable[int]) -> None:
        """Tell several notes."""
        for note_id in note_ids:
            self.apply(note_id)

    def apply(self, note_id: int) -> None:
        """Bring a note up to date with everything that tells of it."""
        now = self._store.one(_NOTE, (note_id,))
        if now is None:
            return
        base = self._store.one(_BASE, (note_id,))
        told = base or now[:-1]
        claims = [_Claim(*row) for row in self._store.all(_CLAIMS, (note_id,))]
        claims.sort(key=lambda claim: _TRUST.get(claim.document_kind, len(_TRUST)))
        facts = dict(zip(FACTS, told, strict=True))
        phone = _merge(facts, claims)
        self._choose(note_id, facts)
        facts["chat_id"] = self._people.root("chat", facts["chat_id"])
        if facts["sender_id"] is not None:
            facts["sender_id"] = self._people.root("sender", facts["sender_id"])
        merged = (*(facts[name] for name in FACTS), phone)
        if base is None and merged[:-1] != tuple(told):
            self._store.run(_KEEP, (note_id, *told))
        elif base is not None and merged[:-1] == tuple(told):
            self._store.run("DELETE FROM path_fact WHERE note_id = ?", (note_id,))
        if merged != tuple(now):
            self._change.touch(note_id)
            self._store.run(_UPDATE, (*merged, note_id))

    def _choose(self, note_id: int, facts: dict[str, Any]) -> None:
        """Let the user's choices win."""
        choices: list[Row] = self._store.all(_CHOICES, (note_id,))
        for field, target, scope, _ in choices:
            table = "chat" if field == "chat" else "sender"
            where = "native_id = ?" + (" AND scope = ?" if table == "chat" else "")
            params = (target, scope) if table == "chat" else (target,)
            row = self._store.one(f"SELECT id FROM {table} WHERE {where}", params)
            if row is None:
                continue
            facts[f"{table}_id"] = row[0]
            facts[f"{table}_origin"] = "chosen by you"
            facts[f"{table}_confidence"] = CHOSEN


def _merge(facts: dict[str, Any], claims: Sequence[_Claim]) -> int | None:
    """Put what claims tell into the facts, where it is surer.

    Returns:
        What the phone says about listening.
    """
    phone = None
    best_kind = 0.0
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
        if not facts["title"] and claim.title:
            facts["title"] = claim.title
        if phone is None:
            phone = claim.phone_played
    return phone


def _merge_time(facts: dict[str, Any], claim: _Claim) -> None:
    sure = claim.sure(claim.time_confidence)
    if claim.sent_ms is None or sure <= facts["time_confidence"]:
        return
    facts["sent_ms"], facts["offset_min"] = claim.sent_ms, claim.offset_min
    facts["precision"] = claim.precision
    facts["order_ms"] = claim.sent_ms + min(claim.place, _MAX_PLACE)
    facts["month"] = month_of(claim.sent_ms, claim.offset_min)
    facts["time_origin"], facts["time_confidence"] = claim.origin, sure
