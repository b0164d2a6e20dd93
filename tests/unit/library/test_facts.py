"""What is known of a note, merged from path, documents and choices."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from tests.support.joining import (
    a_chat,
    a_claim,
    a_person,
    everything,
    phone_note,
    tell,
    told_again,
    totals_are_true,
)
from tests.support.library import START_MS, ask, put, record
from tui.library._facts import origin_of
from tui.model import Direction, DocumentKind, NoteKind, Precision

if TYPE_CHECKING:
    from tests.support.joining import Told
    from tui.library import IndexWriter, Library, Reader
    from tui.model import SourceId

MEDIA = b"WhatsApp/Media/WhatsApp Voice Notes/202433/"
BO = a_chat("wa::2@s.whatsapp.net", "Bo")


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_surest_counts(
    library: Library,
    writer: IndexWriter,
    reader: Reader,
    source_id: SourceId,
    order: tuple[int, ...],
) -> None:
    """Each field from where it is told with the highest confidence, in any order."""
    put(writer, source_id, record(**phone_note(b"a.opus")))
    low: Told = {"chat": BO, "chat_confidence": 0.6, "time_confidence": 0.2}
    claims = [
        a_claim("1", MEDIA + b"a.opus", **low, sender=a_person("tel:+1", "Ana")),
        a_claim("2", MEDIA + b"a.opus", chat_confidence=0.8, time_confidence=0.1),
        a_claim("3", MEDIA + b"a.opus", chat=None, sent_ms=7, sender_confidence=0.1),
    ]
    for number in order:
        tell(writer, source_id, [claims[number]], path=b"%d.db" % number)
    (note,) = everything(reader)
    assert (note.row.chat_title, note.row.sender) == ("Ana", "Ana")
    assert (note.row.sent_ms, note.row.precision) == (7, Precision.SECOND)
    assert {k: e.origin for k, e in note.evidence.items()} == {
        "chat": "database 1.db",
        "sender": "database 0.db",
        "sent_at": "database 2.db",
    }
    totals_are_true(library)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_equals_the_database_wins(
    writer: IndexWriter, reader: Reader, source_id: SourceId, order: tuple[int, ...]
) -> None:
    """Two documents that are equally sure: the messenger's own is believed."""
    put(writer, source_id, record(**phone_note(b"a.opus")))
    kinds = [DocumentKind.TELEGRAM, DocumentKind.WHATSAPP_DATABASE]
    for number in order:
        told = a_claim("1", MEDIA + b"a.opus", sent_ms=START_MS + number)
        tell(writer, source_id, [told], path=b"%d" % number, kind=kinds[number])
    (note,) = everything(reader)
    assert note.row.sent_ms == START_MS + 1


@pytest.mark.parametrize(
    ("told", "at"),
    [
        ({"precision": Precision.MINUTE, "time_confidence": 0.9}, 60_000),
        ({"precision": Precision.DAY, "time_confidence": 0.9}, 0),
        ({"precision": Precision.MINUTE, "time_confidence": 0.8}, 0),
    ],
)
def test_of_equals_a_clock_is_better_than_a_day(
    writer: IndexWriter,
    reader: Reader,
    source_id: SourceId,
    told: Told,
    at: int,
) -> None:
    """A name that tells only the day gives way to a document that is as sure."""
    day = {"sent_ms": START_MS, "precision": Precision.DAY, "time_confidence": 0.9}
    put(writer, source_id, record(**(phone_note(b"a.opus") | day)))
    claim = a_claim("1", MEDIA + b"a.opus", sent_ms=START_MS + 60_000, **told)
    tell(writer, source_id, [claim])
    (note,) = everything(reader)
    assert note.row.sent_ms == START_MS + at


def test_a_title_that_was_given_is_better_than_the_name_of_the_file(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """Of several, that of the more particular document; else the file's stays."""
    named = record(**(phone_note(b"a.opus") | {"title": "New Recording 7"}))
    put(writer, source_id, named, record(**phone_note(b"b.opus")))
    tell(
        writer,
        source_id,
        [
            a_claim("1", MEDIA + b"a.opus", title="Choir"),
            a_claim("2", MEDIA + b"b.opus"),
        ],
    )
    titles = {note.row.title for note in everything(reader)}
    assert titles == {"Choir", ""}


def test_what_the_path_told_comes_back(
    library: Library, writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """Also what it tells while a document knows better."""
    name = b"x/a.opus"
    put(writer, source_id, record(name, sender="Zoe", sender_confidence=0.5))
    (before,) = everything(reader)
    told = a_claim("1", b"a.opus", kind=NoteKind.AUDIO, sender=a_person("tel:+1", "A"))
    document = tell(writer, source_id, [told], path=b"x/y.db")
    (note,) = everything(reader)
    assert (note.row.chat_title, note.row.kind) == ("Ana", NoteKind.AUDIO)
    put(writer, source_id, record(name, size=9, sent_ms=77, sender="Zoe"))
    (note,) = everything(reader)
    assert note.row.chat_title == "Ana"
    told_again(writer, document, [])
    (note,) = everything(reader)
    assert note.row._replace(sent_ms=0, order_ms=0) == before.row._replace(
        sent_ms=0, order_ms=0
    )
    assert note.row.sent_ms == 77
    assert ask(library, "SELECT count(*) FROM path_fact") == [(0,)]
    totals_are_true(library)


def test_choices_win(
    library: Library, writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """What the user chose is surer than any document, before and after it."""
    from contextlib import closing

    from tui.library import Measured
    from tui.library._change import change
    from tui.library._connection import Access, Store
    from tui.library._facts import Facts
    from tui.library._people import Identities

    put(writer, source_id, record(**phone_note(b"a.opus")))
    (file_id,) = ask(library, "SELECT id FROM file")[0]
    writer.measured([Measured(file_id, content_hash=b"h" * 32)])
    with closing(Store(library.path, Access.WRITE)) as store, change(store) as current:
        people = Identities(current)
        people.chat(BO)
        store.run(
            "INSERT INTO choice(hash, field, target, scope, title, set_ms)"
            " VALUES (?, 'chat', ?, 0, '', 1)",
            (b"h" * 32, BO.native_id),
        )
        Facts(current, people).apply(everything(reader)[0].row.id)
    tell(writer, source_id, [a_claim("1", MEDIA + b"a.opus")])
    (note,) = everything(reader)
    assert note.row.chat_title == "Bo"
    assert note.evidence["chat"].origin == "chosen by you"
    totals_are_true(library)


@pytest.mark.parametrize(
    ("path", "claim", "expected"),
    [
        (Direction.UNKNOWN, Direction.SENT, Direction.SENT),
        (Direction.RECEIVED, Direction.UNKNOWN, Direction.RECEIVED),
        (Direction.RECEIVED, Direction.SENT, Direction.SENT),
    ],
)
def test_the_direction(
    writer: IndexWriter,
    reader: Reader,
    source_id: SourceId,
    path: Direction,
    *,
    claim: Direction,
    expected: Direction,
) -> None:
    """A claim is surer than the folder, if it tells it at all."""
    put(writer, source_id, record(**phone_note(b"a.opus", direction=path)))
    tell(writer, source_id, [a_claim("1", MEDIA + b"a.opus", direction=claim)])
    assert everything(reader)[0].row.direction is expected


@pytest.mark.parametrize(
    ("precision", "moved"),
    [
        (Precision.EXACT, 0),
        (Precision.SECOND, 999),
        (Precision.MINUTE, 59_000),
        (Precision.DAY, 59_000),
    ],
)
def test_the_place_among_others(
    writer: IndexWriter,
    reader: Reader,
    source_id: SourceId,
    precision: Precision,
    moved: int,
) -> None:
    """It moves a message by less than what its time is exact to."""
    put(writer, source_id, record(**phone_note(b"a.opus")))
    told = a_claim("1", MEDIA + b"a.opus", place=99_999, precision=precision)
    tell(writer, source_id, [told])
    (note,) = everything(reader)
    assert note.row.order_ms - note.row.sent_ms == moved


@pytest.mark.parametrize(
    ("kind", "label", "name", "words"),
    [
        ("whatsapp_database", "x", b"msgstore.db", "database msgstore.db"),
        ("whatsapp_export", "Ana", b"chat.txt", "export “Ana”"),
        ("mail", "", b"a.eml", "mail a.eml"),
        ("new", "", b"\xff", "new \\xff"),
    ],
)
def test_what_a_document_is_called(
    kind: str, label: str, name: bytes, words: str
) -> None:
    """By the name of its file, or by what it is about."""
    assert origin_of(kind, label, name) == words
