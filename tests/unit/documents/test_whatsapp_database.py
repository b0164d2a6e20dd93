"""WhatsApp's Android database tells of its notes, in each of its schemas."""

from __future__ import annotations

import hashlib
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.support.msgstore import (
    ANA,
    BEN,
    GROUP,
    MS,
    Row,
    Variant,
    write_contacts,
    write_msgstore,
)
from tui.documents._api import (
    ChatTold,
    Claim,
    Moment,
    NameRank,
    Options,
    PersonTold,
    Remark,
)
from tui.documents._document import Document
from tui.documents._whatsapp_database import WhatsAppDatabase
from tui.model import ChatKind, Direction, DocumentKind, NoteKind, Precision

if TYPE_CHECKING:
    from pathlib import Path

    from tui.documents._api import DocumentFormat, Told

_LID = "99887766554433@lid"
_EVERY = pytest.mark.parametrize("variant", Variant)
_NEW = pytest.mark.parametrize("variant", [Variant.MODERN, Variant.NO_LID])


def _told(path: Path) -> list[Told]:
    told = WhatsAppDatabase().read(Document(bytes(path)), Options())
    return [each for each in told if each is not None]


def _claims(path: Path) -> list[Claim]:
    return [each for each in _told(path) if isinstance(each, Claim)]


def _remarks(path: Path) -> list[Remark]:
    return [each for each in _told(path) if isinstance(each, Remark)]


def _one(folder: Path, row: Row, variant: Variant = Variant.MODERN) -> Claim:
    path = folder / "msgstore.db"
    write_msgstore(path, [row], variant=variant)
    (claim,) = _claims(path)
    return claim


def test_it_is_a_format() -> None:
    """The class has what every kind of document has."""
    reader: DocumentFormat = WhatsAppDatabase()
    assert reader.kind is DocumentKind.WHATSAPP_DATABASE


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        (b"msgstore.db", True),
        (b"msgstore-2024-08-15.1.db", True),
        (b"MSGSTORE.DB", True),
        (b"old.sqlite", True),
        (b"old.sqlite3", True),
        (b"\xff.db", True),
        (b"wa.db", False),
        (b"WA.db", False),
        (b"msgstore.db-wal", False),
        (b"msgstore.db-shm", False),
        (b"msgstore.db.crypt15", False),
        (b"msgstore.db.tmp", False),
        (b".db", False),
        (b"PTT-20240815-WA0001.opus", False),
    ],
)
def test_which_names_fit(name: bytes, fits: bool) -> None:
    """A database has one of three suffixes; the address book is read beside it."""
    assert WhatsAppDatabase().fits(b"/x", name) is fits


@_EVERY
@pytest.mark.parametrize(("name", "score"), [("msgstore.db", 100), ("copy.db", 80)])
def test_recognised_by_its_tables(
    tmp_path: Path, variant: Variant, name: str, score: int
) -> None:
    """The tables decide, the name makes surer; nothing appears beside it."""
    path = tmp_path / name
    write_msgstore(path, [Row()], variant=variant)
    found = WhatsAppDatabase().recognise(Document(bytes(path)))
    assert found is not None
    assert found.score == score
    assert os.listdir(tmp_path) == [name]


def test_other_databases_are_none(tmp_path: Path) -> None:
    """Other tables, other files and files that are gone are not recognised."""
    reader, path = WhatsAppDatabase(), tmp_path / "msgstore.db"
    write_contacts(path, [])
    assert reader.recognise(Document(bytes(path))) is None
    path.write_bytes(b"no database at all")
    assert reader.recognise(Document(bytes(path))) is None
    document = Document(bytes(path))
    path.unlink()
    assert reader.recognise(document) is None


def test_recognised_with_a_name_that_is_hard_to_quote(tmp_path: Path) -> None:
    """A path may have what means something in an address of SQLite."""
    place = os.fsencode(tmp_path) + b"/a?mode=rw#%41 \xff"
    os.mkdir(place)
    write_msgstore(tmp_path / "x.db", [Row()])
    shutil.copy(bytes(tmp_path / "x.db"), place + b"/msgstore.db")
    found = WhatsAppDatabase().recognise(Document(place + b"/msgstore.db"))
    assert found is not None
    assert os.listdir(place) == [b"msgstore.db"]


def test_everything_that_a_row_tells(tmp_path: Path) -> None:
    """One note with all that the new schema can know of it."""
    digest = hashlib.sha256(b"x").digest()
    row = Row(
        key="3A17",
        path="/storage/emulated/0/WhatsApp/Media/WhatsApp Voice Notes/202433/P.opus",
        size=0,
        length=28_800,
        seconds=12,
        sha256=digest,
        text="listen!",
        transcript=" good morning ",
        waveform=bytes([0, 50, 100, 7]) * 16,
        by_me=True,
        flags=1 + 512,
    )
    ana = PersonTold("tel:+491700000001")
    assert _one(tmp_path, row) == Claim(
        key="3A17",
        path=b"Media/WhatsApp Voice Notes/202433/P.opus",
        beside=False,
        chat=ChatTold(f"wa::{ANA}", ChatKind.DIRECT, "", NameRank.NONE, ana),
        sender=ana,
        direction=Direction.RECEIVED,
        kind=NoteKind.VOICE,
        moment=Moment(MS, Precision.EXACT),
        size=28_800,
        sha256=digest,
        duration_ms=12_000,
        text="listen!",
        transcript="good morning",
        waveform=bytes([0, 128, 255, 18]) * 16,
        phone_played=True,
        forwarded=True,
    )


def test_everything_that_an_old_row_tells(tmp_path: Path) -> None:
    """One note with all that the old schema can know; its path is in a blob."""
    digest = hashlib.sha256(b"y").digest()
    row = Row(
        chat=GROUP.replace("120363000000000001", "491700000001-1400000000"),
        key="K2",
        path="/storage/emulated/0/WhatsApp/Media/WhatsApp Audio/AUD-1-é.aac",
        sender=BEN,
        from_me=0,
        origin=0,
        name="My song",
        size=9000,
        seconds=3,
        sha256=digest,
        caption="loud",
        forwards=1,
    )
    path = tmp_path / "msgstore.db"
    write_msgstore(path, [row], variant=Variant.LEGACY, subjects={row.chat: "Old ones"})
    (claim,) = _claims(path)
    assert claim == Claim(
        key="K2",
        path="Media/WhatsApp Audio/AUD-1-é.aac".encode(),
        beside=False,
        chat=ChatTold(f"wa::{row.chat}", ChatKind.GROUP, "Old ones"),
        sender=PersonTold("tel:+491700000002"),
        direction=Direction.RECEIVED,
        kind=NoteKind.AUDIO,
        moment=Moment(MS, Precision.EXACT),
        size=9000,
        sha256=digest,
        duration_ms=3000,
        title="My song",
        text="loud",
        phone_played=False,
        forwarded=True,
    )


@_EVERY
@pytest.mark.parametrize(
    ("kind", "origin", "expected"),
    [
        (2, 1, NoteKind.VOICE),
        (2, 0, NoteKind.AUDIO),
        (2, 3, NoteKind.AUDIO),
        (2, None, NoteKind.VOICE),
        (81, 0, NoteKind.VIDEO_NOTE),
        (82, 0, NoteKind.VIEW_ONCE),
        (9, 0, NoteKind.AUDIO),
    ],
)
def test_kinds(
    tmp_path: Path, variant: Variant, kind: int, origin: int | None, expected: NoteKind
) -> None:
    """The type and the origin tell the kind; documents with sound are notes, too."""
    claim = _one(tmp_path, Row(type=kind, origin=origin, mime="audio/mpeg"), variant)
    assert claim.kind is expected
    assert (claim.path == b"") is (expected is NoteKind.VIEW_ONCE)


@_EVERY
@pytest.mark.parametrize(
    ("kind", "mime"),
    [
        (1, "image/jpeg"),
        (3, "video/mp4"),
        (9, "application/pdf"),
        (15, "audio/ogg"),
        (42, "image/jpeg"),
        (43, "video/mp4"),
        (64, "audio/ogg"),
        (0, None),
    ],
)
def test_what_is_no_note(
    tmp_path: Path, variant: Variant, kind: int, mime: str | None
) -> None:
    """Pictures, files and what was deleted are left out, without a word."""
    path = tmp_path / "msgstore.db"
    write_msgstore(path, [Row(type=kind, mime=mime)], variant=variant)
    (remark,) = _told(path)
    assert isinstance(remark, Remark)
    assert remark.code == "no_media"


@_NEW
@pytest.mark.parametrize(
    ("row", "played"),
    [
        (Row(status=0), False),
        (Row(status=9), True),
        (Row(status=10), True),
        (Row(status=17), False),
        (Row(status=8), False),
        (Row(by_me=True), True),
        (Row(by_other_ms=MS), False),
        (Row(status=None), None),
        (Row(status=None, by_me=True), True),
        (Row(from_me=1, status=5), False),
        (Row(from_me=1, status=9), False),
        (Row(from_me=1, status=8), True),
        (Row(from_me=1, by_other_ms=MS), True),
        (Row(from_me=1, by_me=True), False),
        (Row(from_me=None, status=9), None),
    ],
)
def test_what_the_phone_says_about_listening(
    tmp_path: Path, variant: Variant, row: Row, played: bool | None
) -> None:
    """What came in is played by the owner, what went out by the others."""
    assert _one(tmp_path, row, variant).phone_played is played


@_EVERY
def test_directions_and_senders(tmp_path: Path, variant: Variant) -> None:
    """In a direct chat it is the partner, in a group somebody, else the owner."""
    rows = [
        Row(key="1"),
        Row(key="2", from_me=1),
        Row(key="3", chat=GROUP, sender=BEN),
        Row(key="4", chat=GROUP, from_me=1, sender=BEN),
        Row(key="5", chat=GROUP),
        Row(key="6", from_me=None),
    ]
    path = tmp_path / "msgstore.db"
    write_msgstore(path, rows, variant=variant)
    found = [(claim.sender, claim.direction) for claim in _claims(path)]
    me = PersonTold("me:wa", is_me=True)
    assert found == [
        (PersonTold("tel:+491700000001"), Direction.RECEIVED),
        (me, Direction.SENT),
        (PersonTold("tel:+491700000002"), Direction.RECEIVED),
        (me, Direction.SENT),
        (None, Direction.RECEIVED),
        (None, Direction.UNKNOWN),
    ]


@_EVERY
def test_chats(tmp_path: Path, variant: Variant) -> None:
    """Groups and channels have titles, direct chats partners; status is no chat."""
    chats = [
        "491700000001-1400000000@g.us",
        GROUP,
        "120363999@newsletter",
        BEN,
        _LID,
        "0@s.whatsapp.net",
        "status@broadcast",
        "1234@broadcast",
    ]
    path = tmp_path / "msgstore.db"
    rows = [Row(key=chat, chat=chat) for chat in chats]
    titles = {GROUP: "Band 🎸", "120363999@newsletter": "News"}
    write_msgstore(path, rows, variant=variant, subjects=titles)
    found = [claim.chat for claim in _claims(path)]
    direct, group = ChatKind.DIRECT, ChatKind.GROUP
    assert found == [
        ChatTold("wa::491700000001-1400000000@g.us", group, "", NameRank.NONE),
        ChatTold(f"wa::{GROUP}", group, "Band 🎸"),
        ChatTold("wa::120363999@newsletter", group, "News"),
        *(
            ChatTold(f"wa::{jid}", direct, "", NameRank.NONE, PersonTold(identity))
            for jid, identity in (
                (BEN, "tel:+491700000002"),
                (_LID, f"wa:{_LID}"),
                ("0@s.whatsapp.net", "wa:0@s.whatsapp.net"),
            )
        ),
    ]


def test_a_hidden_number_is_the_person_with_the_number(tmp_path: Path) -> None:
    """A chat by LID is the chat by number, whichever of the two tells of it."""
    rows = [
        Row(key="1"),
        Row(key="2", chat=_LID),
        Row(key="3", chat=GROUP, sender=_LID),
    ]
    path = tmp_path / "msgstore.db"
    names = {_LID: "Ana M."}
    write_msgstore(path, rows, lids={_LID: ANA}, lid_names=names)
    one, two, three = _claims(path)
    assert one.chat == two.chat
    assert one.chat is not None
    assert one.chat.native_id == f"wa::{ANA}"
    assert one.chat.aliases == (f"wa::{_LID}",)
    ana = PersonTold(
        "tel:+491700000001", "Ana M.", NameRank.HANDLE, aliases=(f"wa:{_LID}",)
    )
    assert [one.sender, two.sender, three.sender, one.chat.partner] == [ana] * 4


def test_a_hidden_number_without_a_number(tmp_path: Path) -> None:
    """Somebody whose number nobody knows is known by the LID."""
    path = tmp_path / "msgstore.db"
    rows = [Row(chat=GROUP, sender=_LID)]
    write_msgstore(path, rows, lid_names={_LID: "Eve"})
    (claim,) = _claims(path)
    assert claim.sender == PersonTold(f"wa:{_LID}", "Eve", NameRank.HANDLE)


def test_devices_are_their_person(tmp_path: Path) -> None:
    """An address with a device in it is that of the person."""
    path = tmp_path / "msgstore.db"
    senders = ["491700000002:12@s.whatsapp.net", "491700000002.0:3@s.whatsapp.net"]
    write_msgstore(path, [Row(chat=GROUP, sender=sender) for sender in senders])
    assert {claim.sender for claim in _claims(path)} == {
        PersonTold("tel:+491700000002")
    }


def test_the_owner(tmp_path: Path) -> None:
    """Where the owner's own address is kept, a chat with oneself is known."""
    path = tmp_path / "msgstore.db"
    rows = [
        Row(key="1", from_me=1, chat=BEN),
        Row(key="2", chat=GROUP, sender=BEN),
        Row(key="3"),
    ]
    own = ["55555@lid_me"]
    write_msgstore(
        path, rows, lids={"55555@lid": BEN}, own=own, push_name="Ben the owner"
    )
    one, two, three = _claims(path)
    identities = ("tel:+491700000002", "wa:55555@lid")
    me = PersonTold("me:wa", "Ben the owner", NameRank.PUSH, True, identities)
    assert one.chat is not None
    assert one.chat.kind is ChatKind.SELF
    assert one.chat.native_id == f"wa:{BEN}:{BEN}"
    assert (one.sender, two.sender) == (me, me)
    assert three.chat is not None
    assert three.chat.kind is ChatKind.DIRECT
    assert three.chat.native_id == f"wa:{BEN}:{ANA}"


def test_names_of_the_address_book(tmp_path: Path) -> None:
    """The best name of `wa.db` and of the database itself is told."""
    path = tmp_path / "msgstore.db"
    people = [f"4917000000{n:02}@s.whatsapp.net" for n in range(7)]
    rows = [Row(key=jid, chat=GROUP, sender=jid) for jid in people]
    lids = {f"{n}0000@lid": people[n] for n in (0, 1, 6)}
    names = dict.fromkeys(lids, "handle")
    write_msgstore(path, rows, lids=lids, lid_names=names)
    book = [
        (people[0], "Ana Müller", "ana", "nick", "+1"),
        (people[1], "", "ana", "nick", "+1"),
        (people[2], None, "ana", "nick", "+1"),
        (people[3], None, None, "nick", "+1"),
        (people[4], None, None, None, "+49 170 1"),
        (people[5], None, None, None, None),
        ("60000@lid", "By her LID", None, None, None),
        ("12345@s.whatsapp.net", "Nobody here", None, None, None),
        (GROUP, "A band", None, None, None),
        ("no address", "x", None, None, None),
    ]
    write_contacts(tmp_path / "wa.db", book)
    found = [claim.sender[1:3] if claim.sender else None for claim in _claims(path)]
    assert found == [
        ("Ana Müller", NameRank.ADDRESS_BOOK),
        ("handle", NameRank.HANDLE),
        ("ana", NameRank.PUSH),
        ("nick", NameRank.HANDLE),
        ("+49 170 1", NameRank.NUMBER),
        ("", NameRank.NONE),
        ("By her LID", NameRank.ADDRESS_BOOK),
    ]
    assert {claim.chat.title for claim in _claims(path) if claim.chat} == {"A band"}
    persons = [each for each in _told(path) if isinstance(each, PersonTold)]
    assert [(person.native_id, person.name) for person in persons] == [
        ("tel:+491700000000", "Ana Müller"),
        ("wa:60000@lid", "By her LID"),
        ("tel:+12345", "Nobody here"),
    ]
    assert _remarks(path) == []


@pytest.mark.parametrize("content", [None, b"", b"SQLite format 3\0", b"nonsense" * 99])
def test_an_address_book_that_tells_nothing(
    tmp_path: Path, content: bytes | None
) -> None:
    """One that is empty, cut off or broken is a remark; the notes are told."""
    path = tmp_path / "msgstore.db"
    write_msgstore(path, [Row()])
    if content is None:
        write_contacts(tmp_path / "wa.db", [])
    else:
        (tmp_path / "wa.db").write_bytes(content)
    assert len(_claims(path)) == 1
    assert [remark.code for remark in _remarks(path)] == ["contacts"]


@pytest.mark.parametrize(("count", "words"), [(1, "1 note is"), (3, "3 notes are")])
def test_notes_of_chats_that_are_gone(tmp_path: Path, count: int, words: str) -> None:
    """Such notes are counted, and none is told."""
    path = tmp_path / "msgstore.db"
    write_msgstore(path, [Row(chat="")] * count + [Row(key="last")])
    assert [claim.key for claim in _claims(path)] == ["last"]
    (remark,) = _remarks(path)
    assert remark.code == "left_out"
    assert remark.text.startswith(words)


def test_messages_without_an_id_of_their_own(tmp_path: Path) -> None:
    """Their place stands in for it, so that none hides another."""
    path = tmp_path / "msgstore.db"
    write_msgstore(path, [Row(key=""), Row(key=""), Row(key="", chat=BEN)])
    keys = [claim.key for claim in _claims(path)]
    assert len(set(keys)) == 3
    assert ANA in keys[0]
    assert BEN in keys[2]


def test_order_of_notes_of_one_time(tmp_path: Path) -> None:
    """Of notes of the same millisecond the app's own order is told, and small."""
    path = tmp_path / "msgstore.db"
    times = {"a": MS, "b": MS, "c": MS + 1, "d": MS, "e": MS + 2}
    sorts = {"a": 900_000, "b": 3, "c": 4, "d": 5, "e": 1}
    write_msgstore(path, [Row(key=k, ms=times[k], sort=sorts[k]) for k in times])
    places = {claim.key: claim.order for claim in _claims(path)}
    assert places == {"a": 2, "b": 0, "c": 0, "d": 1, "e": 0}


def test_the_log_is_read(tmp_path: Path) -> None:
    """Messages and even tables that are in the log alone are told."""
    path = tmp_path / "msgstore.db"
    write_msgstore(path, [Row(key="in the log")], log=True)
    before = {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)}
    assert before.keys() == {"msgstore.db", "msgstore.db-wal"}
    assert len(before["msgstore.db"]) < len(before["msgstore.db-wal"])
    assert WhatsAppDatabase().recognise(Document(bytes(path))) is not None
    assert [claim.key for claim in _claims(path)] == ["in the log"]
    after = {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)}
    assert after == before
    (tmp_path / "msgstore.db-wal").unlink()
    assert WhatsAppDatabase().recognise(Document(bytes(path))) is None


def test_both_schemas_at_once(tmp_path: Path) -> None:
    """While the app moved its messages, the schema counts that has them."""
    for variant, keys in ((Variant.TRANSITION, ["x"]), (Variant.MOVED, ["x"])):
        path = tmp_path / f"{variant.value}.db"
        write_msgstore(
            path, [Row(key="x", chat=GROUP)], variant=variant, subjects={GROUP: "Band"}
        )
        claims = _claims(path)
        assert [claim.key for claim in claims] == keys
        assert claims[0].chat is not None
        assert claims[0].chat.title == "Band"


def test_the_caller_gets_in_between(tmp_path: Path) -> None:
    """A long stretch without notes gives signs of life."""
    path = tmp_path / "msgstore.db"
    write_msgstore(path, [Row()], filler=20_000)
    told = list(WhatsAppDatabase().read(Document(bytes(path)), Options()))
    assert told.count(None) >= 5


def test_stopping_early_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who stops in the middle gets the copy deleted."""
    path, space = tmp_path / "msgstore.db", tmp_path / "space"
    space.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(space))
    write_msgstore(path, [Row(key=str(n)) for n in range(10)])
    told = WhatsAppDatabase().read(Document(bytes(path)), Options())
    while not isinstance(next(told), Claim):
        pass
    assert os.listdir(space)
    told.close()  # type: ignore[attr-defined]
    assert os.listdir(space) == []
