"""What the user says of chats and senders: written, told, kept, taken back."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.edited_library import CHATS, PEOPLE, EditedLibrary, claim
from tests.support.library import add_files, only_note, put, record
from tui.errors import LibraryError, UsageError
from tui.library import DocumentRecord
from tui.library._people import ChatTold, PersonTold
from tui.model import DocumentKind, DocumentState, NoteId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tui.library import Edits, IndexWriter, Library, Reader
    from tui.model import SourceId

ANA = PersonTold(PEOPLE[0], "Ana", 4)
BOB = PersonTold(PEOPLE[1], "Bob", 4)
FAMILY = ChatTold(0, CHATS[0], "group", "Family", 7, 1.0)
CHOIR = ChatTold(0, CHATS[1], "group", "Choir", 7, 1.0)


@pytest.fixture
def edits(library: Library) -> Iterator[Edits]:
    """What changes the library."""
    with library.edits() as edits:
        yield edits


@pytest.fixture
def told(library: Library, writer: IndexWriter) -> EditedLibrary:
    """A library with two folders, of which a document tells."""
    told = EditedLibrary(library, writer)
    told.index()
    told.read((FAMILY, CHOIR), (ANA, BOB))
    return told


def test_each_edit_says_what_it_did(edits: Edits, told: EditedLibrary) -> None:
    """The history is these sentences, and an undo says which it was."""
    chats, people, notes = told.ids("chat"), told.ids("sender"), told.note_ids()
    family, choir = chats[CHATS[0]], chats[CHATS[1]]
    done = [
        edits.rename_chat(family, "  Home \n sweet "),
        edits.rename_chat(family, ""),
        edits.rename_sender(people[PEOPLE[0]], "Anna"),
        edits.merge_chats([chats["x"], chats["y"]], family),
        edits.split_chat(chats["y"]),
        edits.split_chat(family),
        edits.merge_senders([people[PEOPLE[1]]], people[PEOPLE[0]]),
        edits.split_sender(people[PEOPLE[1]]),
        edits.assign([notes[b"x/3"]], chat=choir),
        edits.assign([notes[b"x/3"], notes[b"y/5"]], sender="Zoe"),
        edits.add_rule("recipe", chat="Kitchen"),
    ]
    sentences = [each.text for each in done]
    assert sentences == [
        "“Family” is called “Home sweet” now",
        "“Home sweet” is called “Family” again",
        "“Ana” is called “Anna” now",
        "“x” and “y” went into “Family”",
        "“y” was taken out of “Family”",
        "“x” was taken out of “Family”",
        "“Bob” went into “Anna”",
        "“Bob” was taken out of “Anna”",
        "1 note is in “Choir” now",
        "2 notes are from “Zoe” now",
        "notes that match recipe are in “Kitchen”",
    ]
    assert [each.text for each in edits.history()] == sentences[::-1]
    assert edits.undo() == f"undone: {sentences[-1]}"
    assert edits.rules() == []
    assert edits.undo(2) == f"undone: {sentences[-2]}; undone: {sentences[-3]}"
    assert len(edits.history()) == len(sentences) - 3


def test_what_changes_nothing_is_no_edit(edits: Edits, told: EditedLibrary) -> None:
    """Nor is there anything to undo of it."""
    chats = told.ids("chat")
    family = chats[CHATS[0]]
    assert edits.rename_chat(family, "").text == ""
    assert edits.merge_chats([family], family).text == ""
    assert edits.split_chat(family).text == ""
    assert edits.remove_rule(7).text == ""
    assert edits.set_day_order(99, "dmy").text == ""
    assert edits.undo() == ""
    assert edits.history() == []


def test_nonsense_is_refused(edits: Edits, told: EditedLibrary) -> None:
    """What is not there can't be named; and a choice has one target."""
    notes = list(told.note_ids().values())
    calls: tuple[Callable[[], object], ...] = (
        lambda: edits.rename_chat(999, "x"),
        lambda: edits.split_sender(999),
        lambda: edits.merge_chats([999], 1),
        lambda: edits.assign(notes),
        lambda: edits.assign(notes, chat=1, sender=1),
        lambda: edits.assign(notes, chat=" "),
        lambda: edits.set_day_order(1, "dym"),
    )
    for call in calls:
        with pytest.raises(UsageError):
            call()
    assert edits.history() == []


def test_a_library_that_is_read_only_takes_no_edit(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so at once."""
    library.read_only = True
    with pytest.raises(LibraryError, match="can't be written"):
        library.edits()


def test_own_names_are_never_overwritten(edits: Edits, told: EditedLibrary) -> None:
    """Whatever a document calls them, and with whatever it joins them."""
    edits.rename_chat(told.ids("chat")[CHATS[0]], "Home")
    edits.rename_sender(told.ids("sender")[PEOPLE[0]], "Anna")
    told.read(
        (FAMILY._replace(title="Families", rank=9), CHOIR),
        (
            ANA._replace(name="Ana K", rank=9),
            PersonTold("lid:9", "Annie", 9, (PEOPLE[0],)),
        ),
    )
    told.ask_rules()
    shown = told.shown()
    assert shown[b"x/0"].title == "Home"
    assert {shown[name].name for name in (b"x/0", b"x/1")} == {"Anna"}
    assert shown[b"x/0"].sender == "lid:9", "the document joined them"


def test_a_chat_keeps_its_name_when_another_goes_in(
    edits: Edits, told: EditedLibrary
) -> None:
    """Also a better known one; but where there is none, that of the other."""
    chats = told.ids("chat")
    edits.merge_chats([chats[CHATS[0]]], chats["x"])
    assert told.shown()[b"x/0"].title == "x"
    told.read((ChatTold(0, "wa:9", "group", "", 0, 1.0),), (ANA,))
    edits.merge_chats([chats[CHATS[1]]], told.ids("chat")["wa:9"])
    assert told.shown()[b"x/0"].title == "Choir"


def test_a_direct_chat_is_called_like_the_person_that_is_renamed(
    edits: Edits, told: EditedLibrary
) -> None:
    """Unless the chat has an own title."""
    direct = ChatTold(0, "wa:7", "direct", "", 0, 1.0, ANA)
    told.read((direct,), (ANA,))
    edits.rename_sender(told.ids("sender")[PEOPLE[0]], "Anna")
    assert told.shown()[b"x/0"].title == "Anna"
    edits.merge_chats([told.ids("chat")[CHATS[0]]], told.ids("chat")["wa:7"])
    assert told.shown()[b"x/0"].title == "Anna", "not Family, which went in"
    edits.rename_chat(told.ids("chat")["wa:7"], "Sister")
    assert told.shown()[b"x/0"].title == "Sister"
    edits.undo(3)
    assert told.shown()[b"x/0"].title == "Ana"


def test_a_choice_hashes_a_file_that_was_not_hashed(
    edits: Edits, library: Library, writer: IndexWriter, reader: Reader, tmp_path: Path
) -> None:
    """What can't be read is skipped, and the rest is assigned."""
    _, paths = add_files(writer, tmp_path / "s", {"x/1": b"a" * 9, "x/2": b"b" * 9})
    ids = [only_note(reader, path).row.id for path in (b"x/1", b"x/2")]
    paths[1].unlink()
    done = edits.assign([*ids, NoteId(999)], chat="Radio")
    assert (done.done, done.skipped) == (1, 2)
    notes = [reader.note(note_id) for note_id in ids]
    assert [note.row.chat_title for note in notes if note] == ["Radio", "x"]
    assert edits.assign([ids[1]], chat="Radio") == ("", 0, 1)
    assert len(edits.history()) == 1


def test_a_choice_follows_a_recording_that_comes_later(
    edits: Edits, told: EditedLibrary
) -> None:
    """After everything was removed, it is told anew when the hash is known."""
    edits.assign([told.note_ids()[b"x/3"]], chat="Radio", sender=None)
    edits.rename_chat(told.ids("chat")["y"], "Yes")
    told.remove()
    told.index(hashed=False)
    assert told.shown()[b"x/3"].title == "x"
    assert told.shown()[b"y/5"].title == "Yes", "an own title needs no hash"
    told.hash()
    assert told.shown()[b"x/3"].title == "Radio"
    assert told.shown()[b"x/3"].is_chosen
    edits.undo(2)
    assert (told.shown()[b"x/3"].title, told.shown()[b"y/5"].title) == ("x", "y")


def test_who_i_am_is_what_i_sent(edits: Edits, told: EditedLibrary) -> None:
    """A note that is assigned to me was sent; one from somebody else was not."""
    notes = told.note_ids()
    edits.assign([notes[b"x/0"]], sender="x")
    told.read((FAMILY,), (PersonTold("me", "me", 9),))
    edits.assign([notes[b"x/1"]], sender=told.ids("sender")["me"])
    shown = told.shown()
    assert (shown[b"x/0"].direction, shown[b"x/1"].direction) == ("received", "sent")


def test_a_rule_gives_way_to_the_hand(edits: Edits, told: EditedLibrary) -> None:
    """Before and after; the newest of two rules counts, and each can go."""
    notes = told.note_ids()
    edits.assign([notes[b"x/3"]], chat="Hand")
    edits.add_rule("zebra3 or zebra2", chat="First")
    edits.add_rule("zebra2", chat="Second")
    edits.add_rule("zebra5", sender="Zoe")
    told.ask_rules()
    assert [rule[1:] for rule in edits.rules()] == [
        ("zebra3 or zebra2", "chat", "First", 2),
        ("zebra2", "chat", "Second", 1),
        ("zebra5", "sender", "Zoe", 1),
    ]
    titles = [told.shown()[name].title for name in (b"x/2", b"x/3", b"y/5")]
    assert titles == ["Second", "Hand", "y"]
    assert told.shown()[b"y/5"].name == "Zoe"
    edits.remove_rule(edits.rules()[1].id)
    assert told.shown()[b"x/2"].title == "First"
    edits.undo()
    assert told.shown()[b"x/2"].title == "Second"


def test_a_rule_is_asked_of_what_changes(edits: Edits, told: EditedLibrary) -> None:
    """Of all notes when it is made, then of the new ones; once said, it stays."""
    edits.add_rule("chat:Family", chat="Kin")
    told.ask_rules()
    kin = {name for name, shown in told.shown().items() if shown.title == "Kin"}
    assert kin == {b"x/0", b"x/2", b"y/4"}
    told.ask_rules()
    assert {n for n, s in told.shown().items() if s.title == "Kin"} == kin
    new = [
        record(b"x/7", title="Family meeting", inode=9),
        record(b"x/8", chat_title="Family", chat_native_id="f", inode=10),
    ]
    put(told.writer, told.source_id, *new)
    told.hash()
    told.ask_rules()
    assert told.shown()[b"x/8"].title == "Kin"
    assert told.shown()[b"x/7"].title == "x"


def test_a_rule_that_nobody_understands_stops_nothing(
    edits: Edits, told: EditedLibrary
) -> None:
    """It may be of a newer Earmark; the others are asked."""
    edits.add_rule("new:filter", chat="No")
    edits.add_rule("zebra3", chat="Yes")
    told.ask_rules()
    assert told.shown()[b"x/3"].title == "Yes"


def test_a_thousand_edits_are_kept(edits: Edits, told: EditedLibrary) -> None:
    """More than anybody undoes; the oldest go."""
    family = told.ids("chat")[CHATS[0]]
    for number in range(1_004):
        edits.rename_chat(family, f"N{number}")
    assert len(edits.history(2_000)) == 1_000
    with told.library.edits() as again:
        assert again.undo(150).count("undone") == 150
        assert told.shown()[b"x/0"].title == "N853"
        assert again.undo(5_000).count("undone") == 850
    assert told.shown()[b"x/0"].title == "N3"


def test_what_a_crash_left_is_told_by_the_next(
    edits: Edits, told: EditedLibrary
) -> None:
    """Notes are told in several transactions; nothing is forgotten between them."""
    before = told.shown()
    with closing(sqlite3.connect(told.library.path)) as connection, connection:
        connection.execute("INSERT INTO retell SELECT id FROM note")
        connection.execute("UPDATE note SET chat_confidence = 2.0, sender_id = NULL")
    told.ask_rules()
    after = told.shown()
    assert {n: s.sender for n, s in after.items() if n in {b"x/0", b"y/4"}} == {
        n: s.sender for n, s in before.items() if n in {b"x/0", b"y/4"}
    }
    with closing(sqlite3.connect(told.library.path)) as connection:
        assert connection.execute("SELECT count(*) FROM retell").fetchone() == (0,)


def test_many_notes_are_told_in_short_transactions(
    edits: Edits, library: Library, writer: IndexWriter, source_id: SourceId
) -> None:
    """So that nobody waits; and all of them move, and come back."""
    notes = [record(b"x/%d" % at, inode=at + 1) for at in range(700)]
    put(writer, source_id, *notes, record(b"y/0"))
    with library.directory() as who:
        ids = {chat.name: chat.id for chat in who.chats()}
        edits.merge_chats([ids["x"]], ids["y"])
        (merged,) = who.chats()
        assert (merged.name, merged.notes) == ("y", 701)
        assert [each.native_id for each in merged.identities] == ["y", "x"]
        edits.undo()
        assert {chat.name: chat.notes for chat in who.chats()} == {"x": 700, "y": 1}


def test_hostile_names_come_back(edits: Edits, told: EditedLibrary) -> None:
    """Text that is no UTF-8, and what would be markup."""
    evil = "a\udcff[/]\u202e😀"
    family = told.ids("chat")[CHATS[0]]
    edits.rename_chat(family, evil)
    edits.rename_chat(family, "x")
    edits.undo()
    with told.library.directory() as who:
        assert evil in {chat.name for chat in who.chats()}
    edits.assign([told.note_ids()[b"x/3"]], chat=evil + "2")
    edits.undo()
    assert "x" in {shown.title for shown in told.shown().values()}


def test_the_order_of_dates_has_the_document_read_again(
    edits: Edits, told: EditedLibrary
) -> None:
    """It is due, with the order; an undo takes that back, and it is due again."""
    (record_,) = told.writer.documents(told.source_id)
    assert edits.set_day_order(record_.id, "mdy").text == (
        "the dates of “d” are read as month, day, year"
    )
    (due,) = told.writer.documents(told.source_id)
    assert (due.day_order, due.is_due) == ("mdy", True)
    edits.undo()
    (due,) = told.writer.documents(told.source_id)
    assert (due.day_order, due.is_due) == ("", True)


def test_documents_whose_dates_are_a_guess_are_told(
    told: EditedLibrary, library: Library
) -> None:
    """For the notes that they tell of."""
    place = DocumentRecord(
        0,
        b"",
        b"chat.txt",
        DocumentKind.WHATSAPP_EXPORT,
        1,
        1,
        DocumentState.OK,
        is_due=True,
        day_order="",
    )
    writer = told.writer
    document_id = writer.put_document(told.source_id, place)
    turn = writer.begin_document(document_id)
    writer.tell(document_id, turn, [claim(b"x/0", FAMILY, ANA)])
    remarks = [("day_order", "a guess")]
    writer.end_document(document_id, turn, DocumentState.OK, "", remarks)
    list(writer.match(document_id))
    notes = told.note_ids()
    with library.directory() as who:
        assert who.day_orders(notes[b"x/0"]) == [(document_id, "")]
        assert who.day_orders(notes[b"x/1"]) == []
        assert who.sender_of(notes[b"x/0"]) == told.ids("sender")[PEOPLE[0]]
        assert who.sender_of(999) is None


def test_the_undo_is_json_without_row_numbers(
    edits: Edits, told: EditedLibrary
) -> None:
    """Rows get other numbers when a source is added again; identities don't."""
    edits.rename_chat(told.ids("chat")["x"], "Y")
    with closing(sqlite3.connect(told.library.path)) as connection:
        ((text,),) = connection.execute("SELECT undo FROM edit")
    assert json.loads(text) == [{"of": "chat", "key": [b"/s".hex(), "x"], "own": None}]
