"""Joining claims with notes, and notes with notes that are the same message.

A claim is bound to the note of its file. Without a file it gets a note of its own, in
the state `missing`, until the file comes. A second claim about the same file is a
message that was forwarded: a note of its own that shares the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tui.library._evidence import fold_name, is_near
from tui.library._facts import FACTS, Facts
from tui.library._join import free_keys, join_notes
from tui.library._months import month_of
from tui.library._people import ChatTold, Identities
from tui.library._rows import from_text

if TYPE_CHECKING:
    from tui.library._change import Change

__all__ = ["Binder"]

_CLAIM = (
    "SELECT claim.id, claim.document_id, claim.key, claim.note_id, claim.name,"
    " claim.chat_id, claim.kind, claim.sent_ms, claim.offset_min, claim.precision,"
    " claim.place, document.source_id FROM claim"
    " JOIN document ON document.id = claim.document_id WHERE claim.id = ?"
)
_TOLERANCES_MS = {"exact": 2_000, "second": 2_000, "minute": 60_000, "day": 86_400_000}
_SURE = 0.9
_SYSTEMS = {"wa-export": "wa", "tg-html": "tg"}
"""Systems of identities that are others under another name."""
_TWINS = 64
"""Notes with one content that are compared with each other."""


class _Claim(NamedTuple):
    id: int
    document_id: int
    key: str | bytes
    note_id: int | None
    name: bytes
    chat_id: int | None
    kind: str
    sent_ms: int | None
    offset_min: int | None
    precision: str
    place: int
    source_id: int


class Binder:
    """Binds claims within a change.

    Args:
        change: The open transaction.
    """

    def __init__(self, change: Change) -> None:
        self._change = change
        self._store = change.store
        self._people = Identities(change)
        self._facts = Facts(change, self._people)
        self.stale: dict[tuple[str, int], None] = {}
        """Chats and senders that went into others, whose notes are to be told anew."""

    def bind(self, claim_id: int, file_id: int | None, strength: float) -> None:
        """Bind a claim to a file's note, or to one that is missing.

        Args:
            claim_id: The claim.
            file_id: Its file; None when that is not there.
            strength: How sure that is, 0 to 1.
        """
        row = self._store.one(_CLAIM, (claim_id,))
        if row is None:
            return
        claim = _Claim(*row)
        note_id = None if file_id is None else self._note_of(claim, file_id)
        if note_id is None:
            note_id, strength = self._missing_note(claim), 1.0
        old = claim.note_id
        self._change.touch(note_id)
        if old is not None and old != note_id:
            self._change.touch(old)
        self._store.run(
            "UPDATE claim SET note_id = ?, strength = ? WHERE id = ?",
            (note_id, strength, claim_id),
        )
        if old is not None and old != note_id:
            self._change.refresh(old)
            self._facts.apply(old)
        if file_id is None:
            self._change.refresh(note_id)
        self._know_each_other(note_id)
        self._facts.apply(note_id)

    def join_twins(self, recording_id: int) -> None:
        """Join notes with one content that are one message seen at several places."""
        twins = self._store.all(
            "SELECT note.id FROM note WHERE recording_id = ? AND shares IS NULL"
            " ORDER BY id LIMIT ?",
            (recording_id, _TWINS),
        )
        left = [row[0] for row in twins]
        while left:
            first = left.pop(0)
            for other in list(left):
                if self._are_one(first, other):
                    join_notes(self._change, other, first)
                    left.remove(other)
                    self._know_each_other(first)
                    self._facts.apply(first)
        self.retell()

    def retell(self, limit: int | None = None) -> bool:
        """Tell notes of chats and senders that went into others anew.

        Args:
            limit: How many notes at most; None for all.

        Returns:
            Whether that was all.
        """
        while self.stale:
            table, row_id = next(iter(self.stale))
            rows = self._store.all(
                f"SELECT id FROM note WHERE {table}_id = ? LIMIT ?",
                (row_id, -1 if limit is None else limit),
            )
            if not rows:
                del self.stale[table, row_id]
                continue
            for (note_id,) in rows:
                self._facts.apply(note_id)
            if self._store.one(
                f"SELECT 1 FROM note WHERE {table}_id = ? AND id = ?",
                (row_id, rows[0][0]),
            ):
                del self.stale[table, row_id]  # they stay: it is their own after all
            if limit is not None:
                return False
        return True

    def join_by_name(self, chat_ids: list[int]) -> None:
        """Join exported chats with the only one of their system that has their title.

        An exported chat has nothing but a title; a database that has one such chat
        tells which it is.
        """
        for chat_id in chat_ids:
            row = self._store.one(
                "SELECT native_id, title, merged_into, pinned FROM chat WHERE id = ?",
                (chat_id,),
            )
            if row is None or row[2] is not None or row[3]:
                continue
            system = from_text(row[0]).partition(":")[0]
            if system in _SYSTEMS:
                others = self._titled(_SYSTEMS[system], row[1])
            else:
                others = []
                for name in (n for n, real in _SYSTEMS.items() if real == system):
                    for other in self._titled(name, row[1]):
                        self.join_by_name([other])
            if len(others) == 1:
                self._merge("chat", chat_id, others[0])

    def _titled(self, system: str, title: str | bytes) -> list[int]:
        rows = self._store.all(
            "SELECT id FROM chat WHERE scope = 0 AND merged_into IS NULL AND title = ?"
            " AND native_id >= ? AND native_id < ?",
            (title, f"{system}:", f"{system};"),
        )
        return [row[0] for row in rows]

    def _note_of(self, claim: _Claim, file_id: int) -> int | None:
        """The note for a claim about a file; of a second message about it, another."""
        row = self._store.one("SELECT note_id FROM file WHERE id = ?", (file_id,))
        if row is None:
            return None
        note_id = int(row[0])
        same = self._same_message(claim)
        if same is not None and self._store.one(
            "SELECT 1 FROM note WHERE id = ?1 AND (id = ?2 OR shares = ?2)",
            (same, note_id),
        ):
            return same
        taken = self._store.one(
            "SELECT 1 FROM claim WHERE note_id = ? AND document_id = ? AND id <> ?",
            (note_id, claim.document_id, claim.id),
        )
        if taken is None or claim.note_id == note_id:
            return note_id
        if claim.note_id is not None and self._store.one(
            "SELECT 1 FROM note WHERE id = ? AND shares = ?", (claim.note_id, note_id)
        ):
            return claim.note_id
        sharer = self._make_note(claim)
        self._store.run("UPDATE note SET shares = ? WHERE id = ?", (note_id, sharer))
        self._change.refresh(sharer)
        return sharer

    def _missing_note(self, claim: _Claim) -> int:
        """The note for a claim whose file is not there."""
        if claim.note_id is not None and self._is_without_files(claim.note_id):
            return claim.note_id
        same = self._same_message(claim)
        return self._make_note(claim) if same is None else same

    def _is_without_files(self, note_id: int) -> bool:
        row = self._store.one(
            "SELECT EXISTS (SELECT 1 FROM file WHERE note_id = note.id) FROM note"
            " WHERE id = ? AND shares IS NULL",
            (note_id,),
        )
        return row is not None and not row[0]

    def _same_message(self, claim: _Claim) -> int | None:
        """The note of the same message as another document tells it."""
        for note_id, sent_ms, precision, offset_min, key in self._store.all(
            "SELECT note_id, sent_ms, precision, offset_min, key FROM claim"
            " WHERE document_id <> ?1 AND note_id IS NOT NULL"
            " AND (key = ?2 AND chat_id IS ?3 OR name = ?4 AND name <> x'')"
            " AND NOT EXISTS (SELECT 1 FROM claim AS own WHERE own.document_id = ?1"
            " AND own.note_id = claim.note_id AND own.id <> ?5)",
            (claim.document_id, claim.key, claim.chat_id, claim.name, claim.id),
        ):
            if not self._store.one("SELECT 1 FROM note WHERE id = ?", (note_id,)):
                continue
            if key == claim.key and claim.key != "":
                return int(note_id)
            if sent_ms is None or claim.sent_ms is None:
                continue
            tolerance = max(_tolerance(precision), _tolerance(claim.precision))
            zones = offset_min is not None or claim.offset_min is not None
            if is_near(sent_ms, claim.sent_ms, tolerance, zones=zones):
                return int(note_id)
        return None

    def _make_note(self, claim: _Claim) -> int:
        """Make a note without a file of its own; its facts are told afterwards."""
        change = self._change
        chat_id = claim.chat_id
        if chat_id is None:
            told = ChatTold(claim.source_id, "|told", "unmatched", "Unmatched", 1, 0.0)
            chat_id = self._people.chat(told)
        native = self._store.all("SELECT native_id FROM chat WHERE id = ?", (chat_id,))
        identity = f"{from_text(native[0][0])}|{from_text(claim.key)}"
        root = b"claim" + identity.encode("utf-8", "surrogatepass")
        note_id = change.new_note_id()
        sent_ms = claim.sent_ms or 0
        facts: dict[str, Any] = {
            "chat_id": self._people.root("chat", chat_id),
            "month": month_of(sent_ms, claim.offset_min),
            "order_ms": sent_ms + claim.place,
            "kind": claim.kind,
            "direction": "unknown",
            "sender_id": None,
            "sent_ms": sent_ms,
            "offset_min": claim.offset_min,
            "precision": claim.precision or "mtime",
            "title": "",
            "chat_origin": "nothing names the chat",
            "chat_confidence": 0.0,
            "sender_origin": "",
            "sender_confidence": 0.0,
            "time_origin": "nothing tells the time",
            "time_confidence": 0.0,
        }
        change.touch(note_id)
        self._store.run(
            "INSERT INTO note(id, key, source_id, rev, state, reason, visible, problem,"
            f" {', '.join(FACTS)}) VALUES ({', '.join('?' * (8 + len(FACTS)))})",
            (
                note_id,
                free_keys(self._store, root, [b""])[0],
                claim.source_id,
                change.rev,
                "missing",
                "",
                0,
                0,
                *(facts[name] for name in FACTS),
            ),
        )
        return note_id

    def _are_one(self, first: int, other: int) -> bool:
        """Tell whether two notes with one content are one message."""
        a, b = self._told(first), self._told(other)
        if {claim[0] for claim in a} & {claim[0] for claim in b}:
            return False  # one document tells them apart
        pairs = [(x, y) for x in a for y in b]
        if any(_agree(x, y) for x, y in pairs):
            return True
        ours, theirs = self._names(first), self._names(other)
        if not ours & theirs or self._folders(first) & self._folders(other):
            return False
        if pairs:
            return not any(_contradict(x, y) for x, y in pairs)
        # A copy of a recording in two plain folders stays what the user made of it.
        return bool(a or b) or "unmatched" in {self._kind(first), self._kind(other)}

    def _told(self, note_id: int) -> list[tuple[Any, ...]]:
        """Document, chat, its title, time, precision, zone of a note's claims."""
        return [
            (row[0], self._people.root("chat", row[1]) if row[1] else None, *row[2:])
            for row in self._store.all(
                "SELECT claim.document_id, claim.chat_id, chat.title, claim.sent_ms,"
                " claim.precision, claim.offset_min FROM claim"
                " LEFT JOIN chat ON chat.id = claim.chat_id WHERE claim.note_id = ?",
                (note_id,),
            )
        ]

    def _names(self, note_id: int) -> set[bytes]:
        rows = self._store.all(
            "SELECT iif(base_name = x'', name, base_name) FROM file WHERE note_id = ?",
            (note_id,),
        )
        return {fold_name(row[0]) for row in rows}

    def _folders(self, note_id: int) -> set[int]:
        rows = self._store.all(
            "SELECT folder_id FROM file WHERE note_id = ? AND missing = 0", (note_id,)
        )
        return {row[0] for row in rows}

    def _kind(self, note_id: int) -> str:
        row = self._store.one(
            "SELECT chat.kind FROM note JOIN chat ON chat.id = coalesce((SELECT chat_id"
            " FROM path_fact WHERE note_id = note.id), note.chat_id) WHERE note.id = ?",
            (note_id,),
        )
        return "" if row is None else str(row[0])

    def _know_each_other(self, note_id: int) -> None:
        """Learn from what several documents tell of one note who is who."""
        rows = self._store.all(
            "SELECT chat_id, sender_id FROM claim WHERE note_id = ? AND strength >= ?",
            (note_id, _SURE),
        )
        if len(rows) < 2:
            return
        for table, at in (("chat", 0), ("sender", 1)):
            ids = {row[at] for row in rows if row[at] is not None}
            roots = {self._people.root(table, each) for each in ids}
            if len(roots) > 1:
                self._learn(table, roots)

    def _learn(self, table: str, ids: set[int]) -> None:
        natives = {
            row_id: from_text(native)
            for row_id, native in (
                self._store.all(
                    f"SELECT id, native_id FROM {table} WHERE id = ?", (each,)
                )[0]
                for each in sorted(ids)
            )
        }
        by_name = [each for each in natives if _is_only_name(natives[each])]
        real = [each for each in natives if each not in by_name]
        if len(real) != 1:
            return  # two identities that are both more than names: they stay two
        for each in by_name:
            system = natives[each].partition(":")[0]
            if system == "name":
                system = natives[each].split(":")[1]
            here = natives[real[0]].partition(":")[0]
            if table == "sender" or _SYSTEMS.get(system) == here:
                self._merge(table, each, real[0])

    def _merge(self, table: str, row_id: int, into: int) -> None:
        if not self._people.merge(table, row_id, into, pinned=False):
            return
        self.stale[table, row_id] = None
        if table == "sender":
            return
        partners = [
            row[0]
            for row in self._store.all(
                "SELECT partner_id FROM chat WHERE id IN (?, ?)"
                " AND partner_id IS NOT NULL",
                (row_id, into),
            )
        ]
        if len(partners) == 2:
            self._learn("sender", {self._people.root("sender", p) for p in partners})


def _is_only_name(native_id: str) -> bool:
    """Whether an identity is nothing but a name: another system's may be the same."""
    system = native_id.partition(":")[0]
    return system == "name" or system in _SYSTEMS or native_id == ""


def _tolerance(precision: str) -> int:
    return _TOLERANCES_MS.get(precision, 86_400_000)


def _agree(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    """Whether two claims tell of one message: the same chat at the same time."""
    same_chat = a[1] is not None and (a[1] == b[1] or a[2] == b[2])
    return same_chat and not _contradict(a, b) and None not in {a[3], b[3]}


def _contradict(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    """Whether two claims can't be about one message: their times are too far apart."""
    if a[3] is None or b[3] is None:
        return False
    tolerance = max(_tolerance(a[4]), _tolerance(b[4]))
    zones = a[5] is not None or b[5] is not None
    return not is_near(a[3], b[3], tolerance, zones=zones)
