"""What binding asks about some claims, asked for all of them together.

A database of a phone has a hundred thousand claims. Asked one by one, the questions
take twice as long as all that is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tui.library._connection import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tui.library._connection import Row, Store

__all__ = ["Ahead", "Bound"]

_CLAIMS = (
    "SELECT claim.id, claim.document_id, claim.key, claim.note_id, claim.name,"
    " claim.chat_id, claim.kind, claim.sent_ms, claim.offset_min, claim.precision,"
    " claim.place, document.source_id, claim.strength FROM claim"
    " JOIN document ON document.id = claim.document_id WHERE claim.id IN ({})"
)
_FILES = "SELECT id, note_id FROM file WHERE id IN ({})"
_TELLERS = "SELECT note_id, document_id, id FROM claim WHERE note_id IN ({})"
_SHARED = (
    "SELECT claim.id FROM claim WHERE claim.id IN ({}) AND (EXISTS (SELECT 1 FROM claim"
    " AS other WHERE other.key = claim.key AND other.key <> ''"
    " AND other.document_id <> claim.document_id)"
    " OR EXISTS (SELECT 1 FROM claim AS other WHERE other.name = claim.name"
    " AND other.name <> x'' AND other.document_id <> claim.document_id))"
)


class Bound(NamedTuple):
    """A claim and its file."""

    claim_id: int
    file_id: int | None
    """None when it is not there."""
    strength: float
    """How sure that is, 0 to 1."""


class Ahead:
    """What the library says of some claims before they are bound.

    Args:
        store: The library, in a transaction.
        bindings: What is going to be bound.
    """

    def __init__(self, store: Store, bindings: Sequence[Bound]) -> None:
        self._store = store
        ids = [each.claim_id for each in bindings]
        files = [each.file_id for each in bindings if each.file_id is not None]
        self.claims: dict[int, Row] = {row[0]: row for row in self._rows(_CLAIMS, ids)}
        self.note_of_file: dict[int, int] = dict(self._rows(_FILES, files))
        """The note of each file."""
        self.shared = {row[0] for row in self._rows(_SHARED, ids)}
        """Claims of which another document may tell the same message."""
        notes = dict.fromkeys(self.note_of_file.values())
        self._tellers: dict[int, set[tuple[int, int]]] = {each: set() for each in notes}
        for note_id, document_id, claim_id in self._rows(_TELLERS, list(notes)):
            self._tellers[note_id].add((document_id, claim_id))

    def move(self, document_id: int, claim_id: int, old: int | None, new: int) -> None:
        """Take note that a claim was bound to another note.

        Args:
            document_id: Its document.
            claim_id: The claim.
            old: The note that it had.
            new: The one that it has.
        """
        if old is not None and old in self._tellers:
            self._tellers[old].discard((document_id, claim_id))
        if new in self._tellers:
            self._tellers[new].add((document_id, claim_id))

    def is_taken(self, note_id: int, document_id: int, claim_id: int) -> bool:
        """Tell whether another claim of the same document is bound to a file's note."""
        return any(
            each[0] == document_id and each[1] != claim_id
            for each in self._tellers[note_id]
        )

    def is_told_once(self, note_id: int) -> bool:
        """Tell whether it is sure that no more than one claim is about a note."""
        tellers = self._tellers.get(note_id)
        return tellers is not None and len(tellers) < 2

    def _rows(self, sql: str, ids: Iterable[int]) -> list[Row]:
        values: Sequence[object]
        marks, values = listed(list(ids))
        return self._store.all(sql.format(marks), values)
