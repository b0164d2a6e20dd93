"""Messages and files: forwards, copies, the same message in two documents."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from tests.support.joining import (
    a_chat,
    a_claim,
    a_person,
    all_of,
    everything,
    phone_note,
    tell,
    told_again,
    totals_are_true,
)
from tests.support.library import START_MS, ask, file_ids, put, record
from tui.library import Measured
from tui.model import (
    Direction,
    DocumentKind,
    NoteId,
    NoteKind,
    NoteState,
    Played,
    Precision,
    SourceKind,
)

if TYPE_CHECKING:
    from tests.support.joining import Told
    from tui.library import IndexWriter, Library, Reader
    from tui.model import SourceId

FOLDER = b"WhatsApp/Media/WhatsApp Voice Notes/202433"
MEDIA = FOLDER + b"/"
GROUP = a_chat("wa::120363000000000001@g.us", "Family", kind="group", rank=7)


def test_a_forward_is_two_notes_with_one_recording(
    library: Library, writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """Two messages about one file: each in its chat, one mark for both."""
    put(writer, source_id, record(**phone_note(b"a.opus")))
    claims = [
        a_claim("K1", MEDIA + b"a.opus"),
        a_claim("K2", MEDIA + b"a.opus", chat=GROUP, sent_ms=START_MS + 9_000),
    ]
    document = tell(writer, source_id, claims)
    (file_id,) = file_ids(writer, source_id, FOLDER).values()
    writer.measured([Measured(file_id, duration_ms=3000, content_hash=b"h" * 32)])
    notes = everything(reader)
    assert [note.row.chat_title for note in notes] == ["Ana", "Family"]
    assert {note.recording for note in notes} == {(b"h" * 32).hex()}
    assert {note.row.duration_ms for note in notes} == {3000}
    library.user.set_position(notes[1].row.id, 7, Played.HALF)
    assert library.user.flush()
    assert {n.row.position_ms for n in everything(reader)} == {7}
    told_again(writer, document, claims)
    assert [n.row.id for n in everything(reader)] == [n.row.id for n in notes]
    assert {chat.title: chat.notes for chat in reader.chats()} == {
        "Ana": 1,
        "Family": 1,
    }
    totals_are_true(library)


@pytest.mark.parametrize("kept", [0, 1])
def test_one_of_two_messages_is_deleted(
    library: Library,
    writer: IndexWriter,
    reader: Reader,
    source_id: SourceId,
    kept: int,
) -> None:
    """The file is the other's then, whichever was there first."""
    put(writer, source_id, record(**phone_note(b"a.opus")))
    claims = [
        a_claim("K1", MEDIA + b"a.opus"),
        a_claim("K2", MEDIA + b"a.opus", chat=GROUP, sent_ms=START_MS + 9_000),
    ]
    document = tell(writer, source_id, claims)
    told_again(writer, document, [claims[kept]])
    (note,) = everything(reader)
    assert note.row.chat_title == ["Ana", "Family"][kept]
    assert note.row.state is NoteState.READY
    totals_are_true(library)


def test_a_forward_whose_file_comes_late_and_goes(
    library: Library, writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """Both messages wait, both are heard, both are missing again."""
    view: Told = {"kind": NoteKind.VIEW_ONCE}  # shown also while it is missing
    claims = [
        a_claim("K1", MEDIA + b"a.opus", **view),
        a_claim("K2", MEDIA + b"a.opus", chat=GROUP, **view),
    ]
    tell(writer, source_id, claims)

    def states() -> list[NoteState]:
        return [note.row.state for note in everything(reader)]

    assert states() == [NoteState.MISSING] * 2
    put(writer, source_id, record(**phone_note(b"a.opus")))
    assert states() == [NoteState.READY] * 2
    totals_are_true(library)
    writer.drop_folders(source_id, [FOLDER])
    assert states() == [NoteState.MISSING] * 2
    put(writer, source_id, record(**phone_note(b"a.opus")))
    assert states() == [NoteState.READY] * 2
    assert {note.row.chat_title for note in everything(reader)} == {"Ana", "Family"}
    totals_are_true(library)


@pytest.mark.parametrize("accounts", [("", ""), ("", "49170"), ("49170", "49170")])
@pytest.mark.parametrize("is_there", [True, False])
def test_a_message_in_two_copies_of_a_database(
    library: Library,
    writer: IndexWriter,
    source_id: SourceId,
    *,
    accounts: tuple[str, str],
    is_there: bool,
) -> None:
    """One note, also where the owner's account is known in one of them only."""
    if is_there:
        put(writer, source_id, record(**phone_note(b"a.opus")))
    for number, some in enumerate((accounts, accounts[::-1])):
        for copy, account in enumerate(some):
            chat = a_chat(f"wa:{account}:120363@g.us", "Family", kind="group")
            claims = [
                a_claim("K1", MEDIA + b"a.opus", chat=chat, kind=NoteKind.VIEW_ONCE),
                a_claim("K2", chat=chat, kind=NoteKind.VIEW_ONCE),
            ]
            tell(writer, source_id, claims, path=b"%d%d.db" % (number, copy))
    assert ask(library, "SELECT count(*), count(DISTINCT chat_id) FROM note") == [
        (2, 1)
    ]
    totals_are_true(library)


def test_two_phones_in_one_group(
    library: Library, writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """The same message on two accounts is in the chat of each."""
    for account in ("49170", "49171"):
        chat = a_chat(f"wa:{account}:120363@g.us", "Family", kind="group")
        claims = [a_claim("K1", chat=chat, kind=NoteKind.VIEW_ONCE)]
        tell(writer, source_id, claims, path=account.encode() + b".db")
    assert len(everything(reader)) == len(reader.chats()) == 2
    totals_are_true(library)


def test_an_account_that_nobody_tells_may_be_either(
    library: Library, writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """Without a message in both, a chat of an unknown account stays its own."""
    for account in ("49170", ""):
        chat = a_chat(f"wa:{account}:120363@g.us", "Family", kind="group")
        claims = [a_claim(f"K{account}", chat=chat, kind=NoteKind.VIEW_ONCE)]
        tell(writer, source_id, claims, path=b"x" + account.encode() + b".db")
    assert len(reader.chats()) == 2
    totals_are_true(library)


def export_claim(key: str, minute: int, **facts: object) -> Told:
    """What an exported chat tells of a file beside it."""
    return {
        "key": key,
        "path": key.encode(),
        "beside": True,
        "chat": a_chat("wa-export:Ana", "Ana", rank=4),
        "chat_confidence": 0.99,
        "sender": a_person("name:wa:Ana", "Ana", 4),
        "sender_confidence": 0.97,
        "sent_ms": START_MS + minute * 60_000,
        "precision": Precision.MINUTE,
        "offset_min": 120,
        **facts,
    }


def test_two_exports_of_one_chat(
    library: Library, writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """A later export has the notes of the first again: each is one note."""
    kind = DocumentKind.WHATSAPP_EXPORT
    for at, count in ((b"one", 2), (b"two", 3)):
        names = [b"%d.opus" % number for number in range(count)]
        put(writer, source_id, *(record(at + b"/" + name) for name in names))
        claims = [
            a_claim(**export_claim(f"{number}.opus", number)) for number in range(count)
        ]
        tell(writer, source_id, claims, path=at + b"/chat.txt", kind=kind)
        for name, file_id in file_ids(writer, source_id, at).items():
            writer.measured([Measured(file_id, content_hash=name[:1] * 32)])
    notes = everything(reader)
    assert [len(note.files) for note in notes] == [2, 2, 1]
    assert {note.row.chat_title for note in notes} == {"Ana"}
    totals_are_true(library)


def test_two_exports_of_chats_with_the_same_name(
    library: Library, writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """The same names of files on two phones: other times, other messages."""
    kind = DocumentKind.WHATSAPP_EXPORT
    for at, minute in ((b"one", 0), (b"two", 7)):
        claims = [a_claim(**export_claim("a.opus", minute))]
        tell(writer, source_id, claims, path=at + b"/chat.txt", kind=kind)
    assert len(everything(reader)) == 2
    totals_are_true(library)


def test_an_export_and_a_database_know_each_other(
    library: Library, writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """One note tells who is who; so the chat's other notes are in one chat, too."""
    number = "tel:+491700000001"
    put(writer, source_id, record(**phone_note(b"a.opus")), record(b"x/b.opus"))
    kind = DocumentKind.WHATSAPP_EXPORT
    claims = [
        a_claim(**export_claim(name, minute))
        for minute, name in enumerate(("a.opus", "b.opus"))
    ]
    tell(writer, source_id, claims, path=b"x/chat.txt", kind=kind)
    partner = a_person(number, "~", 0)
    told = a_claim(
        "K1",
        MEDIA + b"a.opus",
        chat=a_chat(title="", partner=partner, rank=0),
        sender=partner,
        direction=Direction.RECEIVED,
    )
    tell(writer, source_id, [told])
    notes = everything(reader)
    assert {note.row.chat_title for note in notes} == {"Ana"}
    assert {note.row.sender for note in notes} == {"Ana"}
    assert len({note.row.chat_id for note in notes}) == 1
    assert [chat.notes for chat in reader.chats()] == [2]
    totals_are_true(library)


SENT = phone_note(b"a.opus", direction=Direction.SENT, sender="me")
SENT |= {"sender_confidence": 1.0, "sender_origin": "folder"}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_best_path_counts(
    library: Library, writer: IndexWriter, reader: Reader, order: tuple[int, ...]
) -> None:
    """Where two files are one note, what the better place tells is kept."""
    phone = writer.add_source(b"/phone", SourceKind.FOLDER, "Phone", 80, [])
    down = writer.add_source(b"/down", SourceKind.FOLDER, "Download", 80, [])

    def text() -> None:
        claims = [a_claim(**export_claim("a.opus", 0, sender=None))]
        kind = DocumentKind.WHATSAPP_EXPORT
        tell(writer, down, claims, path=b"x/chat.txt", kind=kind)

    steps = [
        lambda: put(writer, phone, record(**SENT)),
        lambda: put(writer, down, record(b"x/a.opus", inode=4)),
        text,
    ]
    for step in order:
        steps[step]()
    for (file_id,) in ask(library, "SELECT id FROM file"):
        writer.measured([Measured(file_id, content_hash=b"h" * 32)])
    all_of(writer.match_again())
    (note,) = everything(reader)
    assert (note.row.sender, note.row.direction) == ("me", Direction.SENT)
    assert note.evidence["sender"].origin == "folder"
    assert note.row.chat_title == "Ana"
    totals_are_true(library)


def test_marks_follow_the_content(
    library: Library, writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """Heard as an unmatched note, heard in its chat, and in the export as well."""
    put(writer, source_id, record(**phone_note(b"a.opus")))
    (file_id,) = file_ids(writer, source_id, FOLDER).values()
    writer.measured([Measured(file_id, duration_ms=9000, content_hash=b"h" * 32)])
    library.user.set_position(NoteId(everything(reader)[0].row.id), 4000, Played.HALF)
    assert library.user.flush()
    tell(writer, source_id, [a_claim("K1", MEDIA + b"a.opus")])
    put(writer, source_id, record(b"x/a.opus", inode=5))
    (copy,) = file_ids(writer, source_id, b"x").values()
    writer.measured([Measured(copy, content_hash=b"h" * 32)])
    notes = everything(reader)
    assert {(n.row.played, n.row.position_ms) for n in notes} == {(Played.HALF, 4000)}
    assert len(notes) == 1
    totals_are_true(library)


def test_the_order_within_a_minute(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """The place among others counts only as far as the time is not exact."""
    exact: Told = {"precision": Precision.EXACT, "kind": NoteKind.VIEW_ONCE}
    claims = [
        a_claim("1", sent_ms=START_MS, place=50_000, **exact),
        a_claim("2", sent_ms=START_MS + 500, place=0, **exact),
    ]
    tell(writer, source_id, claims)
    minute: Told = {"precision": Precision.MINUTE, "kind": NoteKind.VIEW_ONCE}
    later = START_MS + 60_000
    claims = [
        a_claim("4", sent_ms=later, place=1, **minute),
        a_claim("3", sent_ms=later, place=0, **minute),
    ]
    tell(writer, source_id, claims, path=b"other.db")
    orders = [n.row.order_ms - START_MS for n in everything(reader)]
    assert sorted(orders) == [0, 500, 60_000, 60_001]


@pytest.mark.parametrize("is_forward_first", [True, False])
def test_a_forward_and_an_export_of_one_of_the_chats(
    library: Library,
    writer: IndexWriter,
    reader: Reader,
    source_id: SourceId,
    *,
    is_forward_first: bool,
) -> None:
    """The export's file belongs to both messages, and its text to one of them."""
    claims = [
        a_claim("K1", MEDIA + b"a.opus"),
        a_claim("K2", MEDIA + b"a.opus", chat=GROUP, sent_ms=START_MS + 900_000),
    ]
    put(writer, source_id, record(**phone_note(b"a.opus")))
    tell(writer, source_id, claims[::-1] if is_forward_first else claims)
    put(writer, source_id, record(b"x/a.opus", inode=3))
    kind = DocumentKind.WHATSAPP_EXPORT
    told = [a_claim(**export_claim("a.opus", 0))]
    tell(writer, source_id, told, path=b"x/chat.txt", kind=kind)
    for (file_id,) in ask(library, "SELECT id FROM file"):
        writer.measured([Measured(file_id, content_hash=b"h" * 32)])
    all_of(writer.match_again())
    notes = everything(reader)
    assert [note.row.chat_title for note in notes] == ["Ana", "Family"]
    assert [len(note.files) for note in notes] == [2, 2]
    totals_are_true(library)
