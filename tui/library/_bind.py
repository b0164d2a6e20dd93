"""Joining claims with notes, and notes with notes that are the same message.

A claim is bound to the note of its file. Without a file it gets a note of its own, in
the state `missing`, until the file comes. A second claim about the same file is a
message that was forwarded: a note of its own that shares the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tui.library._ahead import Ahead, Bound
from tui.library._connection import listed
from tui.library._evidence import fold_name, is_near
from tui.library._facts import FACTS, Facts
from tui.library._forwards import by_message
from tui.library._join import free_keys, join_notes
from tui.library._months import month_of
from tui.library._people import ChatTold, Identities
from tui.library._rows import from_text
from tui.library._same import (
    SYSTEMS,
    Same,
    Told,
    account_of,
    agree,
    compare_chats,
    contradict,
    is_only_name,
    tolerance_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tui.library._change import Change

__all__ = ["Binder"]

_SURE = 0.9
_BY_MESSAGE = 0.95
"""The strength of a claim without a file that is another document's message."""
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
    strength: float


class _Other(NamedTuple):
    """A claim of another document."""

    sent_ms: int | None
    precision: str
    offset_min: int | None
    key: str | bytes
    chat_id: int | None


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
        self._sharers: set[int] = set()
        """Notes that were just made for a second message about a file."""
        self.stale: dict[tuple[str, int], None] = {}
        """Chats and senders that went into others, whose notes are to be told anew."""

    def bind(self, bindings: Sequence[Bound]) -> None:
        """Bind claims to their files' notes, or to notes that are missing.

        Args:
            bindings: The claims and their files; at once some hundred at most.
        """
        ahead = Ahead(self._store, bindings)
        told: dict[int, None] = {}
        for claim_id, file_id, strength in bindings:
            row = ahead.claims.get(claim_id)
            if row is not None:
                told |= self._bind(_Claim(*row), file_id, strength, ahead)
        self._facts.apply_all(told)
        self._settle_all(told)
        self._join_again(told)

    def _bind(
        self, claim: _Claim, file_id: int | None, strength: float, ahead: Ahead
    ) -> dict[int, None]:
        """Bind one claim; returns the notes whose facts are to be told."""
        note_id = None if file_id is None else self._note_of(claim, file_id, ahead)
        if note_id is None:
            note_id = self._missing_note(claim, ahead)
            # It has the file of another document's claim, and its own one may come.
            if note_id == claim.note_id:
                strength = claim.strength
            else:
                is_own = self._is_without_files(note_id)
                strength = 1.0 if is_own else _BY_MESSAGE
        old = claim.note_id
        if (old, claim.strength) != (note_id, strength):
            self._change.touch(note_id)
            if old is not None and old != note_id:
                self._change.touch(old)
            self._store.run(
                "UPDATE claim SET note_id = ?, strength = ? WHERE id = ?",
                (note_id, strength, claim.id),
            )
            ahead.move(claim.document_id, claim.id, old, note_id)
        told = {note_id: None}
        if old is not None and old != note_id:
            # Who was there for the sake of this message looks where it is now.
            self._store.run(
                "UPDATE document SET is_loose = 1 WHERE missing = 0 AND id IN (SELECT"
                " document_id FROM claim WHERE note_id = ? AND strength < 1.0)",
                (old,),
            )
            self._change.refresh(old)
            told[old] = None
        if file_id is None or note_id in self._sharers:
            self._change.refresh(note_id)
            self._sharers.discard(note_id)
        if not ahead.is_told_once(note_id):
            self._know_each_other(note_id)
        return told

    def join_twins(self, recording_id: int) -> None:
        """Join notes with one content that are one message seen at several places."""
        self._join_twins(recording_id)
        self.retell()

    def _join_twins(self, recording_id: int) -> None:
        twins = self._store.all(
            "SELECT note.id FROM note WHERE recording_id = ? AND shares IS NULL"
            " ORDER BY id LIMIT ?",
            (recording_id, _TWINS),
        )
        left = [row[0] for row in twins]
        while left:
            first = left.pop(0)
            for other in list(left):
                if self._have_one(first, other):
                    self._join(first, other)
                    left.remove(other)

    def _group(self, note_id: int) -> list[int]:
        """A note, and those that have its files because they were forwarded."""
        rows = self._store.all(
            "SELECT id FROM note WHERE shares = ? ORDER BY id", (note_id,)
        )
        return [note_id, *(row[0] for row in rows)]

    def _have_one(self, first: int, other: int) -> bool:
        """Tell whether one message is told of the files of both notes."""
        return any(
            self._are_one(a, b) for a in self._group(first) for b in self._group(other)
        )

    def _join(self, first: int, other: int) -> None:
        """Make the files of two notes one note's; each message stays a note."""
        self._facts.join_paths(first, other)
        join_notes(self._change, other, first)
        self._settle(first)

    def _settle(self, base: int) -> None:
        """Give each message about a file its note: the file's own, or one beside it.

        Which message has the file's own note depends on what came first. Where claims
        of two documents met there that are about two messages, they are parted.
        """
        group = self._group(base)
        told = [each for note_id in group for each in self._told(note_id)]
        homes = by_message(told, group)
        for note_id in group:
            self._change.touch(note_id)
        for claims in homes.pop(0, ()):
            ahead = Ahead(self._store, [Bound(claims[0].id, None, 0.0)])
            sharer = self._make_note(_Claim(*ahead.claims[claims[0].id]))
            self._store.run("UPDATE note SET shares = ? WHERE id = ?", (base, sharer))
            homes[sharer] = [claims]
        for note_id, lists in homes.items():
            self._store.run_many(
                "UPDATE claim SET note_id = ? WHERE id = ? AND note_id <> ?",
                [(note_id, each.id, note_id) for each in lists[0]],
            )
        for note_id in dict.fromkeys((*group, *homes)):
            self._change.refresh(note_id)
            self._know_each_other(note_id)
            self._facts.apply(note_id)

    def _join_again(self, notes: Iterable[int]) -> None:
        """Join notes of which more is told now with others that sound like them."""
        marks, values = listed(list(notes))
        for (recording_id,) in self._store.all(
            f"SELECT DISTINCT recording_id FROM note WHERE id IN ({marks})"
            " AND recording_id IS NOT NULL AND EXISTS (SELECT 1 FROM note AS other"
            " WHERE other.recording_id = note.recording_id AND other.shares IS NULL"
            " AND other.id <> coalesce(note.shares, note.id))",
            values,
        ):
            self._join_twins(recording_id)

    def _settle_all(self, notes: Iterable[int]) -> None:
        """Settle the files of some notes that have more messages than one."""
        marks, values = listed(list(notes))
        for (base,) in self._store.all(
            "SELECT DISTINCT coalesce(shares, id) FROM note"
            f" WHERE id IN ({marks}) AND (shares IS NOT NULL"
            " OR EXISTS (SELECT 1 FROM note AS other WHERE other.shares = note.id))",
            values,
        ):
            self._settle(base)

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
            if system in SYSTEMS:
                others = self._titled(SYSTEMS[system], row[1])
            else:
                others = []
                for name in (n for n, real in SYSTEMS.items() if real == system):
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

    def _note_of(self, claim: _Claim, file_id: int, ahead: Ahead) -> int | None:
        """The note for a claim about a file; of a second message about it, another."""
        note_id = ahead.note_of_file.get(file_id)
        if note_id is None:
            return None
        same = self._same_message(claim) if claim.id in ahead.shared else None
        if same is not None and self._store.one(
            "SELECT 1 FROM note WHERE id = ?1 AND (id = ?2 OR shares = ?2)",
            (same, note_id),
        ):
            return same
        found = self._free_note(claim, note_id, ahead)
        if same is not None and self._is_without_files(same):
            self._absorb(same, found, ahead)
        return found

    def _free_note(self, claim: _Claim, note_id: int, ahead: Ahead) -> int:
        """A file's note, or one that shares it where that has a message already."""
        is_taken = ahead.is_taken(note_id, claim.document_id, claim.id)
        if not is_taken or claim.note_id == note_id:
            return note_id
        if claim.note_id is not None and self._store.one(
            "SELECT 1 FROM note WHERE id = ? AND shares = ?", (claim.note_id, note_id)
        ):
            return claim.note_id
        sharer = self._make_note(claim)
        self._store.run("UPDATE note SET shares = ? WHERE id = ?", (note_id, sharer))
        self._sharers.add(sharer)
        return sharer

    def _absorb(self, missing: int, note_id: int, ahead: Ahead) -> None:
        """Let what is told of a missing note be told of the note that has the file."""
        if self._store.one(
            "SELECT 1 FROM claim AS a JOIN claim AS b ON b.document_id = a.document_id"
            " WHERE a.note_id = ? AND b.note_id = ?",
            (missing, note_id),
        ):
            return  # one document tells them apart
        self._change.touch(missing)
        self._change.touch(note_id)
        for claim_id, document_id in self._store.all(
            "SELECT id, document_id FROM claim WHERE note_id = ?", (missing,)
        ):
            self._store.run(
                "UPDATE claim SET note_id = ?, strength = min(strength, ?)"
                " WHERE id = ?",
                (note_id, _BY_MESSAGE, claim_id),
            )
            ahead.move(document_id, claim_id, missing, note_id)
        self._change.refresh(missing)

    def _missing_note(self, claim: _Claim, ahead: Ahead) -> int:
        """The note for a claim whose file is not there."""
        if claim.note_id is not None and self._is_without_files(claim.note_id):
            return claim.note_id
        same = self._same_message(claim) if claim.id in ahead.shared else None
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
        for row in self._store.all(
            "SELECT note_id, sent_ms, precision, offset_min, key, chat_id FROM claim"
            " WHERE document_id <> ?1 AND note_id IS NOT NULL"
            " AND (key = ?2 AND key <> '' OR name = ?3 AND name <> x'')"
            " AND NOT EXISTS (SELECT 1 FROM claim AS own WHERE own.document_id = ?1"
            " AND own.note_id = claim.note_id AND own.id <> ?4)"
            " AND EXISTS (SELECT 1 FROM note WHERE note.id = claim.note_id)"
            " ORDER BY key <> ?2, id",
            (claim.document_id, claim.key, claim.name, claim.id),
        ):
            if self._is_same_message(claim, _Other(*row[1:])):
                return int(row[0])
        return None

    def _is_same_message(self, claim: _Claim, other: _Other) -> bool:
        """Tell whether a claim of another document is about the same message.

        The same id in the same chat, or the same name of the file at the same time:
        names come again on other phones, and every day at some time.
        """
        chats = self._compare_chats(claim.chat_id, other.chat_id)
        if chats is Same.NO:
            return False
        if other.sent_ms is None or claim.sent_ms is None:
            return other.key == claim.key and chats is Same.YES
        tolerance = max(tolerance_of(other.precision), tolerance_of(claim.precision))
        zones = (
            other.offset_min is not None or claim.offset_min is not None
        ) and chats is not Same.NAMED_OTHERWISE
        return is_near(other.sent_ms, claim.sent_ms, tolerance, zones=zones)

    def _compare_chats(self, one: int | None, other: int | None) -> Same:
        """Tell whether two chats of claims may be one."""
        if one is None or other is None:
            return Same.MAYBE
        if one == other or self._people.root("chat", one) == self._people.root(
            "chat", other
        ):
            return Same.YES
        rows = [
            self._store.all(
                "SELECT native_id, title, rank FROM chat WHERE id = ?", (i,)
            )
            for i in (one, other)
        ]
        (native, title, rank), (native2, title2, rank2) = rows[0][0], rows[1][0]
        return compare_chats(
            (from_text(native), from_text(title), rank),
            (from_text(native2), from_text(title2), rank2),
        )

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
        if {claim.document_id for claim in a} & {claim.document_id for claim in b}:
            return False  # one document tells them apart
        pairs = [(x, y) for x in a for y in b]
        if any(agree(x, y) for x, y in pairs):
            return True
        ours, theirs = self._names(first), self._names(other)
        if not ours & theirs or self._folders(first) & self._folders(other):
            return False
        if pairs:
            return not any(contradict(x, y) for x, y in pairs)
        # A copy of a recording in two plain folders stays what the user made of it.
        return bool(a or b) or "unmatched" in {self._kind(first), self._kind(other)}

    def _told(self, note_id: int) -> list[Told]:
        """What claims tell of a note."""
        return [
            Told(
                row[0],
                row[1],
                note_id,
                row[2] and self._people.root("chat", row[2]),
                *row[3:],
            )
            for row in self._store.all(
                "SELECT claim.id, claim.document_id, claim.chat_id, chat.title,"
                " claim.sent_ms, claim.precision, claim.offset_min FROM claim"
                " LEFT JOIN chat ON chat.id = claim.chat_id WHERE claim.note_id = ?"
                " ORDER BY claim.id",
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
        by_name = [each for each in natives if is_only_name(natives[each])]
        real = [each for each in natives if each not in by_name]
        if table == "chat":
            real = self._learn_accounts(natives, real)
        if len(real) != 1:
            return  # two identities that are both more than names: they stay two
        for each in by_name:
            system = natives[each].partition(":")[0]
            if system == "name":
                system = natives[each].split(":")[1]
            here = natives[real[0]].partition(":")[0]
            if table == "sender" or SYSTEMS.get(system) == here:
                self._merge(table, each, real[0])

    def _learn_accounts(self, natives: dict[int, str], real: list[int]) -> list[int]:
        """Join chats of an account that was not known with those of the one it is.

        Returns:
            The chats that are left.
        """
        left = list(real)
        for each in real:
            system, account, tail = account_of(natives[each])
            if account or not tail:
                continue
            others = [
                other
                for other in left
                if other != each and account_of(natives[other])[::2] == (system, tail)
            ]
            if len(others) == 1:
                self._merge("chat", each, others[0])
                left.remove(each)
        return left

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
