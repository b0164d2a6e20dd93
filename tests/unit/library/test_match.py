"""Files and claims find each other, whichever comes first."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from tests.support.joining import (
    a_chat,
    a_claim,
    all_of,
    everything,
    phone_note,
    tell,
    totals_are_true,
)
from tests.support.library import START_MS, ask, file_ids, put, record
from tui.library import Measured
from tui.library import _match as match
from tui.model import ChatKind, DocumentKind, NoteKind, NoteState, Precision, SourceKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.library import ClaimRecord, IndexWriter, Library, Reader
    from tui.library._evidence import FileThere
    from tui.model import Note, SourceId

FOLDER = b"WhatsApp/Media/WhatsApp Voice Notes/202433"
MEDIA = FOLDER + b"/"
EXPORT = b"Download/Chat/"


def told_by_database(name: bytes = b"a.opus", **facts: object) -> ClaimRecord:
    """A claim as the database has it."""
    return a_claim("K-" + name.decode(), MEDIA + name, **({"size": 1000} | facts))


class World:
    """One message, of which a file, an export with media, and databases tell."""

    def __init__(self, writer: IndexWriter, library: Library, *, sources: int) -> None:
        self.writer = writer
        self.library = library
        roots = [b"/phone", b"/download", b"/backup"]
        ids = [
            writer.add_source(root, SourceKind.FOLDER, root.decode(), 80, [])
            for root in roots[:sources]
        ]
        self.phone, self.download, self.backup = (ids * 3)[:3]

    def media(self) -> None:
        """The file of the phone."""
        put(self.writer, self.phone, record(**phone_note(b"a.opus"), inode=1))

    def export(self) -> None:
        """An exported chat with its media."""
        put(self.writer, self.download, record(EXPORT + b"a.opus", inode=2))

    def export_text(self) -> None:
        """The text of the export, whose clock is that of another zone."""
        told = a_claim(
            "a.opus",
            b"a.opus",
            beside=True,
            chat=a_chat("wa-export:Ana", "Ana", rank=4),
            chat_confidence=0.99,
            sent_ms=START_MS + 3_600_000,
            offset_min=60,
            precision=Precision.MINUTE,
        )
        path, kind = EXPORT + b"chat.txt", DocumentKind.WHATSAPP_EXPORT
        tell(self.writer, self.download, [told], path=path, kind=kind)

    def database(self) -> None:
        """The database of the phone."""
        tell(self.writer, self.phone, [told_by_database()])

    def copy(self) -> None:
        """An older copy of the database, in which the account is known."""
        chat = a_chat("wa:49170:491700000001@s.whatsapp.net", "+49170", rank=1)
        path, kind = b"msgstore.db.crypt15", DocumentKind.WHATSAPP_BACKUP
        claims = [told_by_database(chat=chat)]
        tell(self.writer, self.backup, claims, path=path, kind=kind, mtime_ns=0)

    def compare(self) -> None:
        """Everything is measured and hashed, as at the end of a scan."""
        for (file_id,) in ask(
            self.library, "SELECT id FROM file WHERE recording_id IS NULL"
        ):
            self.writer.measured(
                [Measured(file_id, duration_ms=12_000, content_hash=b"h" * 32)]
            )
        all_of(self.writer.match_again())


def is_best(note: Note) -> None:
    """The note is in its chat, with the exact time of the database."""
    assert note.row.state is NoteState.READY
    assert note.row.chat_title == "Ana"
    assert note.row.sent_ms == START_MS
    assert note.evidence["chat"].confidence == 1.0
    assert note.evidence["chat"].origin == "database msgstore.db"


STEPS = ("media", "export", "export_text", "database", "copy")


ORDERS = list(itertools.permutations(STEPS))


@pytest.mark.parametrize(
    ("order", "sources"),
    [*((order, 3) for order in ORDERS), *((order, 1) for order in ORDERS[::5])],
)
def test_one_note_in_whatever_order(
    library: Library,
    writer: IndexWriter,
    reader: Reader,
    order: tuple[str, ...],
    sources: int,
) -> None:
    """A message that five things tell of is one note, with the best evidence."""
    world = World(writer, library, sources=sources)
    for step in order:
        getattr(world, step)()
        world.compare()
    (note,) = everything(reader)
    is_best(note)
    assert len(note.files) == 2
    assert [chat.notes for chat in reader.chats()] == [1]
    assert reader.totals().notes == 1
    totals_are_true(library)


@pytest.mark.parametrize("order", ORDERS[::3], ids="-".join)
def test_compared_at_the_end(
    library: Library, writer: IndexWriter, reader: Reader, order: tuple[str, ...]
) -> None:
    """So it is where contents are compared only when all is there."""
    world = World(writer, library, sources=3)
    for step in order:
        getattr(world, step)()
    world.compare()
    (note,) = everything(reader)
    is_best(note)
    totals_are_true(library)


def test_a_note_that_is_missing_is_found(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """Its message is shown until the file comes, under the name that was told."""
    kind = DocumentKind.WHATSAPP_EXPORT
    told = a_claim("a.opus", b"a.opus", beside=True)
    tell(writer, source_id, [told], path=EXPORT + b"chat.txt", kind=kind)
    (note,) = everything(reader)
    assert (note.row.state, note.row.chat_title) == (NoteState.MISSING, "Ana")
    put(writer, source_id, record(EXPORT + b"a.opus"))
    (note,) = everything(reader)
    assert (note.row.state, note.row.chat_title) == (NoteState.READY, "Ana")
    (file_id,) = file_ids(writer, source_id, EXPORT[:-1]).values()
    writer.apply(source_id, EXPORT[:-1], 2, [], [file_id])
    (note,) = everything(reader)
    assert (note.row.state, note.row.chat_title) == (NoteState.MISSING, "Ana")
    assert reader.totals().notes == 1


def test_a_file_that_comes_back_elsewhere_is_found(
    library: Library, writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """It was moved while nobody looked: the claim finds it at its new place."""
    put(writer, source_id, record(**phone_note(b"a.opus")))
    tell(writer, source_id, [told_by_database()])
    writer.drop_folders(source_id, [FOLDER])
    assert reader.totals().notes == 0
    put(writer, source_id, record(b"kept/a.opus", inode=9))
    visible = [n for n in everything(reader) if n.row.state is NoteState.READY]
    assert [note.row.chat_title for note in visible] == ["Ana"]
    totals_are_true(library)


def two_phones(
    writer: IndexWriter,
) -> tuple[Callable[[], None], Callable[[], None], Callable[[], None]]:
    """Two phones with the same names, and the database of one."""
    one = writer.add_source(b"/one", SourceKind.FOLDER, "One", 80, [])
    two = writer.add_source(b"/two", SourceKind.FOLDER, "Two", 80, [])
    names = [b"%d.opus" % number for number in range(4)]

    def files(source: SourceId, size: int, *left_out: bytes) -> None:
        some = [name for name in names if name not in left_out]
        put(writer, source, *(record(**phone_note(n), size=size) for n in some))

    def database() -> None:
        claims = [told_by_database(name, size=1000) for name in names]
        tell(writer, one, claims)

    return lambda: files(one, 1000, b"3.opus"), lambda: files(two, 5), database


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_two_phones(
    library: Library, writer: IndexWriter, reader: Reader, order: tuple[int, ...]
) -> None:
    """A database never takes the other phone's files, not even for missing ones."""
    steps = two_phones(writer)
    for step in order:
        steps[step]()
    for (file_id,) in ask(library, "SELECT id FROM file"):
        writer.measured([Measured(file_id, duration_ms=1)])
    all_of(writer.match_again())
    chats = {chat.title: chat.notes for chat in reader.chats()}
    assert chats == {"Ana": 3, "Unmatched": 4}
    totals_are_true(library)


def test_a_length_that_is_known_later_decides(
    library: Library, writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """Wrong sizes throughout: the lengths, once measured, say whose the notes are."""
    names = [b"%d.opus" % number for number in range(9)]
    put(writer, source_id, *(record(**phone_note(name)) for name in names))
    claims = [told_by_database(n, size=5, duration_ms=12_000) for n in names]
    tell(writer, source_id, claims)
    ids = file_ids(writer, source_id, FOLDER)
    writer.measured([Measured(ids[n], duration_ms=11_500) for n in names])
    all_of(writer.match_again())
    assert {note.row.chat_title for note in everything(reader)} == {"Ana"}
    assert {note.evidence["chat"].confidence for note in everything(reader)} == {1.0}
    assert all_of(writer.match_again()) == 0
    totals_are_true(library)


def test_lengths_that_contradict_unbind(
    library: Library, writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """Of two phones' media, neither of which fits, none is believed."""
    names = [b"%d.opus" % number for number in range(9)]
    other = writer.add_source(b"/other", SourceKind.FOLDER, "Other", 80, [])
    claims = [told_by_database(n, size=5, duration_ms=12_000) for n in names]
    for source in (source_id, other):
        put(writer, source, *(record(**phone_note(name)) for name in names))
    tell(writer, source_id, claims)
    for source in (source_id, other):
        ids = file_ids(writer, source, FOLDER)
        writer.measured([Measured(ids[n], duration_ms=60_000) for n in names])
    all_of(writer.match_again())
    there = [n for n in everything(reader) if n.row.state is NoteState.READY]
    assert {note.row.chat_title for note in there} == {"Unmatched"}
    totals_are_true(library)


def test_media_that_come_after_a_wrong_guess(
    library: Library, writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """An export without media took the phone's file; its own one comes later."""
    put(writer, source_id, record(**phone_note(b"a.opus")))
    kind = DocumentKind.WHATSAPP_EXPORT
    told = a_claim("a.opus", b"a.opus", beside=True)
    tell(writer, source_id, [told], path=EXPORT + b"chat.txt", kind=kind)
    (note,) = everything(reader)
    assert note.row.chat_title == "Ana"
    put(writer, source_id, record(EXPORT + b"a.opus", size=2, inode=7))
    by_path = {n.files[0].path: n.row.chat_title for n in everything(reader)}
    assert by_path == {MEDIA + b"a.opus": "Unmatched", EXPORT + b"a.opus": "Ana"}
    totals_are_true(library)


def test_a_stray_that_is_not_the_only_one(
    library: Library, writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """A second phone's file makes the first guess one of two; it is taken back."""
    other = writer.add_source(b"/other", SourceKind.FOLDER, "Other", 80, [])
    put(writer, source_id, record(**phone_note(b"a.opus")))
    kind = DocumentKind.WHATSAPP_EXPORT
    told = a_claim("a.opus", b"a.opus", beside=True)
    tell(writer, source_id, [told], path=EXPORT + b"chat.txt", kind=kind)
    put(writer, other, record(**phone_note(b"a.opus"), size=3))
    all_of(writer.match_again())
    states = sorted((n.row.chat_title, str(n.row.state)) for n in everything(reader))
    assert states == [
        ("Ana", "missing"),
        ("Unmatched", "ready"),
        ("Unmatched", "ready"),
    ]
    totals_are_true(library)


def test_a_name_that_comes_again_on_another_day_at_another_phone(
    library: Library, writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """Two documents about files of one name, neither there: two messages."""
    both = {"kind": NoteKind.VIEW_ONCE}
    mine = a_claim("K1", MEDIA + b"a.opus", **both)
    theirs = a_claim(
        "K2",
        MEDIA + b"a.opus",
        chat=a_chat("wa::2@s.whatsapp.net", "Bo"),
        sent_ms=START_MS + 1_000,
        **both,
    )
    tell(writer, source_id, [mine])
    tell(writer, source_id, [theirs], path=b"other/msgstore.db")
    assert {note.row.chat_title for note in everything(reader)} == {"Ana", "Bo"}
    totals_are_true(library)


def test_a_burst_of_arrivals_costs_what_arrives(
    writer: IndexWriter, source_id: SourceId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file in a folder of many: the others are not looked at."""
    names = [b"%d.opus" % number for number in range(50)]
    put(writer, source_id, *(record(**phone_note(name)) for name in names))
    tell(writer, source_id, [told_by_database(n) for n in [*names, b"new.opus"]])
    seen = []

    def noted(row: tuple[object, ...]) -> FileThere:
        seen.append(row)
        return made_of(row)

    made_of = match._file_of
    monkeypatch.setattr(match, "_file_of", noted)
    put(writer, source_id, record(**phone_note(b"new.opus")))
    assert len(seen) == 1


def test_folder_chats_stay_where_nothing_tells_more(
    library: Library, writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """The same recording in two plain folders is two notes, with claims around."""
    put(writer, source_id, record(b"x/a.m4a"), record(b"y/a.m4a", inode=2))
    tell(writer, source_id, [told_by_database()])
    for folder in (b"x", b"y"):
        (file_id,) = file_ids(writer, source_id, folder).values()
        writer.measured([Measured(file_id, content_hash=b"h" * 32)])
    there = [n for n in everything(reader) if n.row.state is NoteState.READY]
    assert sorted(note.row.chat_title for note in there) == ["x", "y"]
    assert {note.chat_kind for note in there} == {ChatKind.FOLDER}
    totals_are_true(library)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_message_without_its_file_beside_a_database(
    library: Library, writer: IndexWriter, reader: Reader, order: tuple[int, ...]
) -> None:
    """An export without media, and two phones: the database tells whose note it is."""
    one = writer.add_source(b"/one", SourceKind.FOLDER, "One", 80, [])
    two = writer.add_source(b"/two", SourceKind.FOLDER, "Two", 80, [])

    def files() -> None:
        put(writer, one, record(**phone_note(b"a.opus"), size=1000))
        put(writer, two, record(**phone_note(b"a.opus"), size=5))

    def export() -> None:
        told = a_claim("a.opus", b"a.opus", beside=True, sent_ms=START_MS + 1000)
        path, kind = EXPORT + b"chat.txt", DocumentKind.WHATSAPP_EXPORT
        tell(writer, two, [told], path=path, kind=kind)

    def database() -> None:
        tell(writer, one, [told_by_database()])

    steps = (files, export, database)
    for number in order:
        steps[number]()
    all_of(writer.match_again())
    notes = {(n.row.chat_title, n.row.state) for n in everything(reader)}
    assert notes == {("Ana", NoteState.READY), ("Unmatched", NoteState.READY)}
    assert len(everything(reader)) == 2
    totals_are_true(library)
