"""Writing what documents tell: the documents themselves, and their claims.

A reading has a number (`turn`). Each claim that is told again gets it, so that at the
end those with an older number are what the document does not tell any more.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tui.library import _rows
from tui.library._change import change as transaction
from tui.library._connection import listed
from tui.library._facts import Facts
from tui.library._people import Identities
from tui.library._rows import to_text
from tui.model import DocumentState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tui.library._api import ClaimRecord, DocumentRecord
    from tui.library._change import Change
    from tui.library._connection import Store
    from tui.library._people import ChatTold, PersonTold

__all__ = [
    "begin_document",
    "drop_documents",
    "end_document",
    "forget_stale",
    "put_document",
    "tell",
    "untell",
]

_COLUMNS = (
    "key",
    "turn",
    "folder",
    "name",
    "beside",
    "size",
    "sha256",
    "chat_id",
    "chat_confidence",
    "sender_id",
    "sender_confidence",
    "direction",
    "kind",
    "sent_ms",
    "offset_min",
    "precision",
    "time_confidence",
    "place",
    "duration_ms",
    "title",
    "text",
    "transcript",
    "waveform",
    "phone_played",
    "forwarded",
)
_AT_ONCE = 250
_STALE = (
    "SELECT DISTINCT old.id FROM claim AS own JOIN claim AS old"
    " ON old.note_id = own.note_id AND old.document_id <> own.document_id"
    " JOIN document ON document.id = old.document_id AND document.missing = 1"
    " WHERE own.document_id = ? AND own.strength >= old.strength"
    " AND own.chat_confidence >= old.chat_confidence LIMIT ?"
)
"""Claims of documents that are gone, of whose notes another tells as surely."""
_WRITE = (
    f"INSERT INTO claim(document_id, {', '.join(_COLUMNS)})"
    f" VALUES (?{', ?' * len(_COLUMNS)}) ON CONFLICT(document_id, key) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])
)


def put_document(
    change: Change,
    source_id: int,
    record: DocumentRecord,
    details: tuple[int, Sequence[str], str],
    told: tuple[DocumentState | None, str],
) -> int:
    """Remember a document that is new or changed.

    Args:
        change: The open transaction.
        source_id: The source.
        record: Place, kind, size and time.
        details: Score, reasons and label.
        told: State and reason of one that is never read; None and empty for others.

    Returns:
        Its id.
    """
    change.note_source(reset=False)
    score, reasons, label = details
    state, reason = told
    row = change.store.all(
        "INSERT INTO document(source_id, folder, name, kind, size, mtime_ns, score,"
        " reasons, label, state, reason, is_due)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, coalesce(?10, 'ok'), ?11,"
        " ?10 IS NULL) ON CONFLICT(source_id, folder, name) DO UPDATE SET"
        " kind = ?4, size = ?5, mtime_ns = ?6, score = ?7, reasons = ?8, label = ?9,"
        " state = coalesce(?10, state), reason = iif(?10 IS NULL, reason, ?11),"
        " is_due = ?10 IS NULL, missing = 0 RETURNING id",
        (
            source_id,
            record.folder,
            record.name,
            str(record.kind),
            record.size,
            record.mtime_ns,
            score,
            _rows.join_reasons(reasons),
            to_text(label),
            None if state is None else str(state),
            to_text(reason),
        ),
    )[0]
    return int(row[0])


def begin_document(change: Change, document_id: int) -> int:
    """Begin a reading; returns its number."""
    row = change.store.all(
        "UPDATE document SET turn = turn + 1 WHERE id = ? RETURNING turn",
        (document_id,),
    )[0]
    return int(row[0])


def tell(
    change: Change,
    document_id: int,
    turn: int,
    *,
    claims: Sequence[ClaimRecord],
    chats: Sequence[ChatTold],
    people: Sequence[PersonTold],
) -> None:
    """Write some of what a document tells; of two claims with one key the last counts.

    Args:
        change: The open transaction.
        document_id: The document.
        turn: The number of the reading.
        claims: What it tells of messages.
        chats: Chats that it tells of on their own.
        people: Persons likewise.
    """
    identities = Identities(change)
    for person in people:
        identities.sender(person)
    for chat in chats:
        identities.chat(chat)
    told = {}
    for claim in claims:
        values = _values(identities, turn, claim)
        told[values[0]] = values
    again = _take_again(change, document_id, told)
    change.store.run_many(
        "UPDATE claim SET turn = ? WHERE id = ?", [(turn, each) for each in again]
    )
    change.store.run_many(_WRITE, [(document_id, *values) for values in told.values()])


def _take_again(
    change: Change, document_id: int, told: dict[object, tuple[object, ...]]
) -> list[int]:
    """Take claims out that are told again as they stand; returns their ids.

    The next copy of a database tells the same of all messages but the last ones, and
    what is the same need not be written. Notes of which something else is told now
    count as changed.
    """
    again = []
    keys = list(told)
    for start in range(0, len(keys), _AT_ONCE):
        marks, some = listed(keys[start : start + _AT_ONCE])
        for row in change.store.all(
            f"SELECT id, note_id, {', '.join(_COLUMNS)} FROM claim"
            f" WHERE document_id = ? AND key IN ({marks})",
            (document_id, *some),
        ):
            claim_id, note_id, key, _, *values = row
            if tuple(values) == told[key][2:]:
                again.append(claim_id)
                del told[key]
            elif note_id is not None:
                change.touch(note_id)
    return again


def _values(
    identities: Identities, turn: int, claim: ClaimRecord
) -> tuple[object, ...]:
    return (
        to_text(claim.key),
        turn,
        claim.folder,
        claim.name,
        int(claim.beside),
        claim.size,
        claim.sha256,
        None if claim.chat is None else identities.chat(claim.chat),
        claim.chat_confidence,
        None if claim.sender is None else identities.sender(claim.sender),
        claim.sender_confidence,
        str(claim.direction),
        str(claim.kind),
        claim.sent_ms,
        claim.offset_min,
        "" if claim.precision is None else str(claim.precision),
        claim.time_confidence,
        claim.place,
        claim.duration_ms,
        to_text(claim.title),
        to_text(claim.text),
        to_text(claim.transcript),
        claim.waveform,
        None if claim.phone_played is None else int(claim.phone_played),
        int(claim.forwarded),
    )


def end_document(
    change: Change,
    document_id: int,
    turn: int,
    ending: tuple[DocumentState, str],
    *,
    remarks: Sequence[tuple[str, str]],
    now_ms: int,
) -> None:
    """End a reading.

    A reading that did not come to the end takes nothing back.

    Args:
        change: The open transaction.
        document_id: The document.
        turn: The number of the reading.
        ending: The state and why it is not `ok`.
        remarks: Code and sentence of what the user should know.
        now_ms: The wall clock.
    """
    state, reason = ending
    change.note_source(reset=False)
    if state is DocumentState.OK:
        _take_back(change, "document_id = ? AND turn <> ?", (document_id, turn))
    change.store.run(
        "UPDATE document SET state = ?, reason = ?, remarks = ?, is_due = 0,"
        " read_ms = ? WHERE id = ?",
        (str(state), to_text(reason), json.dumps(remarks), now_ms, document_id),
    )


def drop_documents(change: Change, document_ids: Iterable[int]) -> None:
    """Take note that documents are gone.

    What they told of notes whose files are here stays true, and stays, unless another
    document tells the same. Notes of which nothing but such a document told go.

    Args:
        change: The open transaction.
        document_ids: The documents.
    """
    for document_id in document_ids:
        change.note_source(reset=False)
        change.store.run(
            "UPDATE document SET missing = 1, is_due = 0 WHERE id = ?", (document_id,)
        )
        _take_back(
            change,
            "document_id = ?1 AND (note_id IS NULL"
            " OR NOT EXISTS (SELECT 1 FROM file WHERE file.note_id = claim.note_id)"
            " OR EXISTS (SELECT 1 FROM claim AS other JOIN document"
            " ON document.id = other.document_id AND document.missing = 0"
            " WHERE other.note_id = claim.note_id AND other.document_id <> ?1"
            " AND other.strength >= claim.strength"
            " AND other.chat_confidence >= claim.chat_confidence))",
            (document_id,),
        )
        # Nothing that is here tells of these any more, neither file nor document.
        for (note_id,) in change.store.all(
            "SELECT DISTINCT note.id FROM claim JOIN note ON note.id = claim.note_id"
            " WHERE claim.document_id = ? AND note.state = 'missing' AND visible = 1",
            (document_id,),
        ):
            change.refresh(note_id)
    _bury(change)


def forget_stale(store: Store, document_id: int) -> Iterator[int]:
    """Forget what documents that are gone told, where another tells it now.

    Backups of a database come and go under a new name each day; what they told must
    not pile up.

    Args:
        store: A connection that may write, without an open transaction.
        document_id: A document that was just matched.

    Yields:
        0 after each transaction.
    """
    if not store.one(
        "SELECT 1 FROM document WHERE missing = 1 AND id IN"
        " (SELECT document_id FROM claim) LIMIT 1"
    ):
        return
    while rows := store.all(_STALE, (document_id, _AT_ONCE)):
        with transaction(store) as current:
            marks = ",".join("?" * len(rows))
            ids = tuple(row[0] for row in rows)
            _take_back(current, f"id IN ({marks})", ids)
            _bury(current)
        yield 0


def _bury(change: Change) -> None:
    """Forget documents that are gone and of which nothing is left."""
    change.store.run(
        "DELETE FROM document WHERE missing = 1 AND day_order = ''"
        " AND NOT EXISTS (SELECT 1 FROM claim WHERE document_id = document.id)"
    )


def untell(change: Change, document_id: int) -> None:
    """Take back everything that a document told."""
    _take_back(change, "document_id = ?", (document_id,))


def _take_back(change: Change, where: str, params: tuple[object, ...]) -> None:
    """Delete claims, and let their notes say again what is known of them."""
    store = change.store
    rows = store.all(f"SELECT id, note_id FROM claim WHERE {where}", params)
    notes = list(dict.fromkeys(row[1] for row in rows if row[1] is not None))
    for note_id in notes:
        change.touch(note_id)
    store.run_many("DELETE FROM claim WHERE id = ?", ((row[0],) for row in rows))
    facts = Facts(change, Identities(change))
    for note_id in notes:
        change.refresh(note_id)
        facts.apply(note_id)
