"""WhatsApp on iOS: messages with sound, and who sent them where."""

from __future__ import annotations

import base64
import hashlib
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.ios import (
    PERSON,
    SENT,
    WHATSAPP,
    chat_storage,
    contacts,
    database,
    make_backup,
    memos,
)
from tui.documents._api import Claim, NameRank, Options, PersonTold, Remark
from tui.documents._document import Document
from tui.documents._whatsapp_ios import WhatsAppIos, jid_of_media_path
from tui.errors import DocumentError, PartialError
from tui.model import ChatKind, Direction, NoteKind, Precision

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tui.documents._api import Told

_GROUP = "120363000000000001@g.us"
_EVE = "491700000002@s.whatsapp.net"
_CHATS = ((1, 0, PERSON, "Ana"), (2, 1, _GROUP, "Band"))


def _read(path: Path) -> list[Told]:
    document = Document(os.fsencode(path))
    return [each for each in WhatsAppIos().read(document, Options()) if each]


def _claims(
    folder: Path,
    *rows: Mapping[str, object],
    chats: Iterable[tuple[object, ...]] = _CHATS,
    members: Iterable[tuple[object, ...]] = ((1, 2, _EVE, "Eve Example", "Eve"),),
    push_names: Iterable[tuple[object, ...]] = (),
) -> list[Claim]:
    path = chat_storage(
        folder / "ChatStorage.sqlite", rows or [{}], chats, members, push_names
    )
    return [each for each in _read(path) if isinstance(each, Claim)]


@pytest.mark.parametrize(
    ("path", "jid"),
    [
        (f"Message/Media/{PERSON}/0/a/0a-1.opus", PERSON),
        (f"backup/Message/Media/{_GROUP}/F/0/x.m4a", _GROUP),
        ("Message/Media/491-1400000000@g.us/0/a/x.opus", "491-1400000000@g.us"),
        ("Message/Media/99887766@lid/0/a/x.opus", "99887766@lid"),
        ("Message/Media/status@broadcast/0/a/x.opus", None),
        (f"Message/Media/{PERSON}/x.opus", None),
        (f"Message/Media/{PERSON}/0/a/b/x.opus", None),
        (f"Message/Media/{PERSON}/0/g/x.opus", None),
        (f"MyMedia/{PERSON}/0/a/x.opus", None),
        ("Message/Media/../0/a/x.opus", None),
        ("", None),
    ],
)
def test_the_chat_of_a_place(path: str, jid: str | None) -> None:
    """The folder of a chat is called like the chat."""
    assert jid_of_media_path(path.encode()) == jid


@given(path=st.binary(max_size=80))
def test_any_path_is_a_place_or_none(path: bytes) -> None:
    """Whatever the file system holds."""
    jid_of_media_path(path)
    assert jid_of_media_path(path + b"/Media/1@lid/0/0/" + b"x.opus") == "1@lid"


def test_recognition(tmp_path: Path) -> None:
    """The tables tell it; the folder of its media makes it sure."""
    kind = WhatsAppIos()
    assert kind.fits(b"/x", b"ChatStorage.sqlite")
    assert kind.fits(b"/x", b"copy.SQLITE")
    assert not kind.fits(b"/x", b"msgstore.db")
    path = chat_storage(tmp_path / "copy.sqlite", [])
    found = kind.recognise(Document(os.fsencode(path)))
    assert found is not None
    assert found.score == 80
    (tmp_path / "Message").mkdir()
    found = kind.recognise(Document(os.fsencode(path)))
    assert found is not None
    assert found.score == 100
    other = memos(tmp_path / "other.sqlite")
    assert kind.recognise(Document(os.fsencode(other))) is None
    (tmp_path / "text.sqlite").write_text("ZWAMESSAGE ZWAMEDIAITEM")
    assert kind.recognise(Document(os.fsencode(tmp_path / "text.sqlite"))) is None


def test_recognition_far_from_the_head(tmp_path: Path) -> None:
    """In a large database the tables may be described far behind its beginning."""
    filler = ";".join(
        f"CREATE TABLE t{n} (c{n} TEXT DEFAULT '{'x' * 900}')" for n in range(120)
    )
    path = database(tmp_path / "ChatStorage.sqlite", filler)
    assert WhatsAppIos().recognise(Document(os.fsencode(path))) is None
    chat_storage(path, [])
    assert b"ZWAMEDIAITEM" not in path.read_bytes()[:65_536]
    assert WhatsAppIos().recognise(Document(os.fsencode(path))) is not None


def test_a_voice_message(tmp_path: Path) -> None:
    """All that the database tells of it."""
    digest = hashlib.sha256(b"bytes").digest()
    (claim,) = _claims(
        tmp_path,
        {
            "ZMESSAGEDATE": SENT - 978_307_200 + 0.25,
            "ZMOVIEDURATION": 12,
            "ZFILESIZE": 4711,
            "ZVCARDNAME": base64.b64encode(digest).decode(),
            "ZSORT": 300_007,
        },
    )
    assert claim.key == "3A000000000000000001"
    assert claim.path == f"Message/Media/{PERSON}/0/a/00000001.opus".encode()
    assert claim.beside
    assert claim.chat is not None
    assert claim.chat.native_id == f"wa::{PERSON}"
    assert (claim.chat.kind, claim.chat.title) == (ChatKind.DIRECT, "")
    ana = PersonTold("tel:+491700000001", "Ana", NameRank.EXPORT)
    assert (claim.chat.partner, claim.sender) == (ana, ana)
    assert (claim.direction, claim.kind) == (Direction.RECEIVED, NoteKind.VOICE)
    assert claim.moment is not None
    assert claim.moment[:3] == (SENT * 1000 + 250, Precision.EXACT, None)
    assert (claim.order, claim.size, claim.duration_ms) == (7, 4711, 12_000)
    assert claim.sha256 == digest
    assert claim.phone_played is None


@pytest.mark.parametrize(
    ("code", "mime", "path", "kind"),
    [
        (3, "audio/ogg; codecs=opus", "Media/a.opus", NoteKind.VOICE),
        (3, "audio/mpeg", "Media/a.mp3", NoteKind.AUDIO),
        (3, None, "Media/a.opus", NoteKind.VOICE),
        (3, None, "Media/a.m4a", NoteKind.AUDIO),
        (3, None, None, NoteKind.VOICE),
        (53, "audio/ogg; codecs=opus", None, NoteKind.VIEW_ONCE),
        (54, "video/mp4", "Media/a.mp4", NoteKind.VIDEO_NOTE),
        (8, "audio/ogg; codecs=opus", "Media/a.opus", NoteKind.AUDIO),
        (99, "audio/ogg; codecs=opus", "Media/a", NoteKind.VOICE),
        ("x", "audio/mp4", "Media/a", NoteKind.AUDIO),
        (1, "image/jpeg", "Media/a.jpg", None),
        (2, "video/mp4", "Media/a.mp4", None),
        (14, "audio/ogg; codecs=opus", "Media/a.opus", None),
        (53, "image/jpeg", "Media/a.jpg", None),
        (0, None, None, None),
    ],
)
def test_kinds(
    tmp_path: Path,
    code: object,
    mime: str | None,
    path: str | None,
    kind: NoteKind | None,
) -> None:
    """The code of the message decides, and the type of the file where it does not."""
    row = {"ZMESSAGETYPE": code, "ZVCARDSTRING": mime, "ZMEDIALOCALPATH": path}
    assert [claim.kind for claim in _claims(tmp_path, row)] == ([kind] if kind else [])


@pytest.mark.parametrize(
    ("stored", "path"),
    [
        ("Media/a/b.opus", "Message/Media/a/b.opus"),
        ("/Media/a/b.opus", "Message/Media/a/b.opus"),
        ("Message/Media/b.opus", "Message/Media/b.opus"),
        ("Media/u\u0308.opus", "Message/Media/\u00fc.opus"),
        ("Media/../../b.opus", ""),
        ("Media//b.opus", ""),
        ("Media/\0.opus", ""),
        (None, ""),
        (b"Media/x.opus", ""),
    ],
)
def test_places(tmp_path: Path, stored: object, path: str) -> None:
    """A place is below the folder of the database, or there is none."""
    (claim,) = _claims(tmp_path, {"ZMEDIALOCALPATH": stored})
    assert claim.path == path.encode()


def test_a_message_in_a_group(tmp_path: Path) -> None:
    """The sender is the member; what the group itself sends has none."""
    row = {"ZCHATSESSION": 2, "ZGROUPMEMBER": 1, "ZFROMJID": _GROUP}
    first, second = _claims(tmp_path, row, {**row, "ZGROUPMEMBER": None})
    assert first.chat is not None
    assert first.chat[:4] == (f"wa::{_GROUP}", ChatKind.GROUP, "Band", NameRank.SUBJECT)
    eve = PersonTold("tel:+491700000002", "Eve Example", NameRank.EXPORT)
    assert first.sender == eve
    assert second.sender is None


def test_own_messages(tmp_path: Path) -> None:
    """They are the owner's, in whatever chat; without the flag nobody knows."""
    mine, unknown = _claims(
        tmp_path, {"ZISFROMME": 1, "ZFROMJID": None}, {"ZISFROMME": None}
    )
    assert mine.sender == PersonTold("me:wa", is_me=True)
    assert mine.direction is Direction.SENT
    assert (unknown.sender, unknown.direction) == (None, Direction.UNKNOWN)


@pytest.mark.parametrize(
    ("partner", "push", "own", "name", "rank"),
    [
        ("Ana", "ana", None, "Ana", NameRank.EXPORT),
        ("\u200e+49 170 0000001", "ana", None, "ana", NameRank.PUSH),
        (None, None, "~ana", "ana", NameRank.PUSH),
        (None, None, "CgIIAXgBABCDEFGH", "", NameRank.NONE),
        (None, None, "eyJhIjoxfQ==", "", NameRank.NONE),
        (None, None, None, "", NameRank.NONE),
        ("~ana", None, None, "ana", NameRank.PUSH),
    ],
)
def test_names_of_a_person(
    tmp_path: Path,
    *,
    partner: str | None,
    push: str | None,
    own: str | None,
    name: str,
    rank: NameRank,
) -> None:
    """The better name counts; a number is none."""
    (claim,) = _claims(
        tmp_path,
        {"ZPUSHNAME": own},
        chats=[(1, 0, PERSON, partner)],
        push_names=[(1, PERSON, push)],
    )
    assert claim.sender is not None
    assert claim.sender[1:3] == (name, rank)


@pytest.mark.parametrize(
    "jid", ["status@broadcast", "1723728393@broadcast", "Status@broadcast"]
)
def test_status_and_lists_are_no_chats(tmp_path: Path, jid: str) -> None:
    """What was sent to many at once stands in their chats."""
    assert _claims(tmp_path, chats=[(1, 3, jid, None)]) == []


def test_a_chat_that_has_no_row(tmp_path: Path) -> None:
    """The folder of the file, else sender or receiver tell the chat."""
    path = {"ZMEDIALOCALPATH": None}
    claims = _claims(
        tmp_path,
        {"ZFROMJID": None},
        {**path},
        {**path, "ZISFROMME": 1, "ZTOJID": "491700000001:7@s.whatsapp.net"},
        {**path, "ZFROMJID": None},
        chats=[],
    )
    chats = [claim.chat and claim.chat.native_id for claim in claims]
    assert chats == [f"wa::{PERSON}"] * 3 + [None]


def test_the_address_book(tmp_path: Path) -> None:
    """Names of the phone's address book are better, and told on their own too."""
    contacts(
        tmp_path / "ContactsV2.sqlite",
        (PERSON, "0170 0000001", "99887766", "Ana Example"),
        ("491700000002", None, None, "\u200eEve\u200e"),
        (None, "0170 0000003", None, "Nobody Knows"),
        (None, None, None, None),
    )
    path = chat_storage(tmp_path / "ChatStorage.sqlite", [{}], _CHATS)
    told = _read(path)
    ana = PersonTold(
        *("tel:+491700000001", "Ana Example", NameRank.ADDRESS_BOOK),
        aliases=("wa:99887766@lid",),
    )
    eve = PersonTold("tel:+491700000002", "Eve", NameRank.ADDRESS_BOOK)
    assert told[:2] == [ana, eve]
    claim = told[2]
    assert isinstance(claim, Claim)
    assert claim.sender == ana
    assert claim.chat is not None
    assert claim.chat.aliases == ("wa::99887766@lid",)
    assert told[3:] == [Remark("left_out", "1 names could not be used")]


@pytest.mark.parametrize(
    ("table", "column", "lid", "phone"),
    [
        ("ZWAZACCOUNT", "ZIDENTIFIER", "99887766@lid", "491700000001"),
        ("ZWAZACCOUNT", "ZIDENTIFIER", "99887766", PERSON),
        ("ZWAPHONENUMBERLIDPAIR", "ZLID", "99887766@lid", "+491700000001"),
    ],
)
def test_hidden_identities(
    tmp_path: Path, table: str, column: str, lid: str, phone: str
) -> None:
    """A person who hides the number is the one who has it."""
    script = f"CREATE TABLE {table} (Z_PK, {column}, ZPHONENUMBER)"
    rows = [(1, lid, phone), (2, None, phone), (3, lid, None), (4, b"x", 1)]
    database(tmp_path / "LID.sqlite", script, **{table: rows})
    first, second = _claims(
        tmp_path,
        {"ZCHATSESSION": 2, "ZGROUPMEMBER": 1},
        {"ZCHATSESSION": 3, "ZFROMJID": "99887766@lid"},
        chats=[*_CHATS, (3, 0, "99887766@lid", None)],
        members=[(1, 2, "99887766@lid", None, None)],
    )
    expected = PersonTold(
        "tel:+491700000001", "Ana", NameRank.EXPORT, aliases=("wa:99887766@lid",)
    )
    assert (first.sender, second.sender) == (expected, expected)
    assert second.chat is not None
    assert second.chat.native_id == "wa::99887766@lid"
    assert second.chat.aliases == (f"wa::{PERSON}",)


def test_databases_beside_that_are_broken(tmp_path: Path) -> None:
    """They cost the names, not the messages."""
    (tmp_path / "ContactsV2.sqlite").write_bytes(b"no database at all")
    database(tmp_path / "LID.sqlite", "CREATE TABLE other (x)")
    told = _read(chat_storage(tmp_path / "ChatStorage.sqlite", [{}]))
    assert [type(each) for each in told] == [Remark, Claim]


def test_a_database_with_few_columns(tmp_path: Path) -> None:
    """What a version of the app did not have yet is not told."""
    path = database(
        tmp_path / "ChatStorage.sqlite",
        """CREATE TABLE ZWAMESSAGE(Z_PK INTEGER PRIMARY KEY, ZMEDIAITEM, ZMESSAGETYPE);
        CREATE TABLE ZWAMEDIAITEM(Z_PK INTEGER PRIMARY KEY);
        CREATE VIRTUAL TABLE words USING fts4(text);""",
        ZWAMESSAGE=[(5, 1, 3), (6, None, 3), (7, 1, 1)],
        ZWAMEDIAITEM=[(1,)],
    )
    claims = [each for each in _read(path) if isinstance(each, Claim)]
    assert [claim.key for claim in claims] == ["5", "6"]
    assert claims[0][1:] == Claim("", b"", beside=True, order=5)[1:]


@pytest.mark.parametrize(
    "row",
    [
        {"ZMESSAGEDATE": "text", "ZSENTDATE": None},
        {"ZMESSAGEDATE": float("inf")},
        {"ZMESSAGEDATE": -1e300},
        {"ZSORT": "x", "ZFILESIZE": -1, "ZMOVIEDURATION": 1e300},
        {"ZVCARDNAME": "%%", "ZSTANZAID": 7, "ZTEXT": b"x", "ZGROUPMEMBER": 77},
        {"ZVCARDNAME": "\u00e4", "ZFROMJID": 5, "ZCHATSESSION": "x", "ZISFROMME": "y"},
        {"ZTEXT": "\u202eevil", "ZPUSHNAME": "\0"},
    ],
)
def test_values_of_other_types(tmp_path: Path, row: dict[str, object]) -> None:
    """They are not told; the message still is."""
    row = {name: value for name, value in row.items() if name != "ZSENTDATE"}
    assert len(_claims(tmp_path, row, {})) == 2


def test_what_is_no_such_database(tmp_path: Path) -> None:
    """A database of something else, and one that is cut off."""
    with pytest.raises(DocumentError, match="no tables of WhatsApp on iOS"):
        _read(memos(tmp_path / "ChatStorage.sqlite"))
    path = chat_storage(tmp_path / "long.sqlite", [{}] * 2000)
    os.truncate(path, 100_000)
    with pytest.raises(PartialError):
        _read(path)


def test_many_messages(tmp_path: Path) -> None:
    """The reader pauses while it reads what tells nothing."""
    rows = [{"ZMESSAGETYPE": 0, "ZVCARDSTRING": None, "ZMEDIALOCALPATH": None}] * 9000
    path = chat_storage(tmp_path / "ChatStorage.sqlite", [*rows, {}])
    told = list(WhatsAppIos().read(Document(os.fsencode(path)), Options()))
    assert [each is None for each in told] == [True, True, False, True]


@pytest.mark.parametrize(
    "passphrase", [None, pytest.param("hunter2", marks=pytest.mark.needs("ios"))]
)
def test_inside_of_a_backup(
    tmp_path: Path, passphrase: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Database, address book and files keep their places to each other."""
    monkeypatch.setattr("tui.keys.secrets_for", lambda _: (b"hunter2",))
    storage = chat_storage(tmp_path / "ChatStorage.sqlite", [{}])
    book = contacts(tmp_path / "ContactsV2.sqlite", (PERSON, None, None, "Ana Example"))
    place = f"Message/Media/{PERSON}/0/a/00000001.opus"
    files = {
        (WHATSAPP, "ChatStorage.sqlite"): storage.read_bytes(),
        (WHATSAPP, "ContactsV2.sqlite"): book.read_bytes(),
        (WHATSAPP, place): b"OggS",
    }
    index = make_backup(tmp_path / "b", files, passphrase)
    member = f"{index}//{WHATSAPP}/ChatStorage.sqlite".encode()
    document = Document(member, len(files[WHATSAPP, "ChatStorage.sqlite"]))
    found = WhatsAppIos().recognise(document)
    assert found is not None
    assert found.score == 100
    told = [each for each in WhatsAppIos().read(document, Options()) if each]
    claim = told[-1]
    assert isinstance(claim, Claim)
    assert claim.sender is not None
    assert claim.sender.name == "Ana Example"
    with document.folder.open(claim.path) as file:
        assert file.read() == b"OggS"
