"""Messages: attachments with sound, and who sent them where."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.ios import (
    HOME,
    MEDIA,
    SENT,
    chat_storage,
    database,
    make_backup,
    messages,
)
from tui.documents._api import Claim, Options, PersonTold
from tui.documents._document import Document
from tui.documents._imessage_db import MessagesDatabase
from tui.errors import DocumentError, PartialError
from tui.model import ChatKind, Direction, NoteKind, Precision

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_STAMP = (SENT - 978_307_200) * 10**9
_PLACE = "Library/SMS/Attachments/ab/11/GUID/Audio Message.caf"
_CAF = "com.apple.coreaudio-format"
_FILE = (1, f"~/{_PLACE}", None, _CAF, "Audio Message.caf", 4711)
_MESSAGE = (1, "GUID-1", "\ufffc", 1, 0, _STAMP, 1, 0)
_ANA = "+491700000001"
_CHAT = (1, f"iMessage;-;{_ANA}", _ANA, 45, None)
_GROUP = (2, "iMessage;+;chat123", "chat123", 43, "Band")


def _tables(**other: Iterable[tuple[object, ...]]) -> dict[str, object]:
    return {
        "handle": [(1, _ANA), (2, "Eve@Example.org")],
        "chat": [_CHAT, _GROUP],
        "message": [_MESSAGE],
        "attachment": [_FILE],
        "chat_message_join": [(1, 1)],
        "chat_handle_join": [(1, 1), (2, 1), (2, 2)],
        "message_attachment_join": [(1, 1)],
        **other,
    }


def _write(path: Path, **other: Iterable[tuple[object, ...]]) -> Path:
    return messages(path, **_tables(**other))  # type: ignore[arg-type]


def _read(path: Path | bytes, region: str = "") -> list[Claim]:
    document = Document(path if isinstance(path, bytes) else os.fsencode(path), 0)
    told = MessagesDatabase().read(document, Options(region=region))
    return [each for each in told if isinstance(each, Claim)]


def test_recognition(tmp_path: Path) -> None:
    """The name comes first, then the tables."""
    kind = MessagesDatabase()
    assert kind.fits(b"/x", b"chat.db")
    assert kind.fits(b"/x", b"sms.db")
    assert not kind.fits(b"/x", b"chat.sqlite")
    found = kind.recognise(Document(os.fsencode(_write(tmp_path / "chat.db"))))
    assert found is not None
    assert found.score == 100
    other = chat_storage(tmp_path / "sms.db", [])
    assert kind.recognise(Document(os.fsencode(other))) is None


def test_a_voice_message(tmp_path: Path) -> None:
    """All that the database tells of it."""
    (claim,) = _read(_write(tmp_path / "sms.db"))
    assert claim.key == "GUID-1"
    assert (claim.path, claim.beside) == (_PLACE.encode(), False)
    assert claim.chat is not None
    ana = PersonTold(f"tel:{_ANA}")
    assert claim.chat[:3] == (f"imessage:iMessage;-;{_ANA}", ChatKind.DIRECT, "")
    assert (claim.chat.partner, claim.sender) == (ana, ana)
    assert (claim.direction, claim.kind) == (Direction.RECEIVED, NoteKind.VOICE)
    assert claim.moment is not None
    assert claim.moment[:3] == (SENT * 1000, Precision.EXACT, None)
    assert (claim.size, claim.text, claim.order) == (4711, "", 1)
    assert claim.phone_played is False


@pytest.mark.parametrize(
    ("stamp", "ms"),
    [
        (_STAMP, SENT * 1000),
        (_STAMP + 250_000_000, SENT * 1000 + 250),
        (SENT - 978_307_200, SENT * 1000),
        (0, None),
        (None, None),
        ("x", None),
        (-(2**63), None),
        (2**63 - 1, None),
    ],
)
def test_dates(tmp_path: Path, stamp: object, ms: int | None) -> None:
    """Nanoseconds since 2001, and seconds in old databases."""
    row = (1, "G", None, 1, 0, stamp, 1, 0)
    (claim,) = _read(_write(tmp_path / "sms.db", message=[row]))
    assert (claim.moment and claim.moment.ms) == ms


@pytest.mark.parametrize(
    ("is_voice", "mime", "uti", "name", "kind"),
    [
        (1, None, _CAF, "Audio Message.caf", NoteKind.VOICE),
        (0, None, _CAF, "Audio Message.caf", NoteKind.VOICE),
        (0, "audio/amr", None, "Audio Message 2.amr", NoteKind.VOICE),
        (0, "audio/mpeg", "public.mp3", "song.mp3", NoteKind.AUDIO),
        (0, "audio/x-m4a", None, "x", NoteKind.AUDIO),
        (0, None, "public.mpeg-4-audio", "x", NoteKind.AUDIO),
        (0, None, None, "x.m4a", NoteKind.AUDIO),
        (0, "application/octet-stream", None, "x.M4A", NoteKind.AUDIO),
        (1, "audio/x-caf", None, "x", NoteKind.VOICE),
        (0, "image/jpeg", "public.jpeg", "x.jpg", None),
        (1, "image/jpeg", "public.jpeg", "x.jpg", None),
        (0, "video/quicktime", None, "x.mov", None),
        (0, None, None, None, None),
    ],
)
def test_kinds(
    tmp_path: Path,
    *,
    is_voice: int,
    mime: str | None,
    uti: str | None,
    name: str | None,
    kind: NoteKind | None,
) -> None:
    """The flag of the message, else type and name of the file."""
    claims = _read(
        _write(
            tmp_path / "sms.db",
            message=[(1, "G", None, 1, 0, _STAMP, is_voice, 0)],
            attachment=[(1, None, mime, uti, name, 0)],
        )
    )
    assert [claim.kind for claim in claims] == ([kind] if kind else [])


@pytest.mark.parametrize(
    ("from_me", "is_voice", "is_played", "expected"),
    [
        (0, 1, 1, True),
        (0, 1, 0, False),
        (0, 1, None, None),
        (0, 0, 1, None),
        (1, 1, 1, None),
    ],
)
def test_what_the_phone_says_about_listening(
    tmp_path: Path,
    *,
    from_me: int,
    is_voice: int,
    is_played: int | None,
    expected: bool | None,
) -> None:
    """Only of voice messages that came in."""
    row = (1, "G", None, 1, from_me, _STAMP, is_voice, is_played)
    (claim,) = _read(_write(tmp_path / "sms.db", message=[row]))
    assert claim.phone_played is expected


@pytest.mark.parametrize(
    ("stored", "beside", "end"),
    [
        (f"~/{_PLACE}", "Attachments/ab/11/GUID/Audio Message.caf", _PLACE),
        (
            "/var/mobile/Library/SMS/Attachments/a/b.caf",
            "Attachments/a/b.caf",
            "Library/SMS/Attachments/a/b.caf",
        ),
        (
            "~/Library/Messages/Attachments/a/b.caf",
            "Attachments/a/b.caf",
            "Library/Messages/Attachments/a/b.caf",
        ),
        ("~/Library/SMS/Attachments/../../b.caf", "", ""),
        ("/etc/passwd.caf", "", ""),
        (None, "", ""),
    ],
)
def test_places(tmp_path: Path, stored: str | None, beside: str, end: str) -> None:
    """Below the folder beside the database, or in another domain of a backup."""
    path = _write(tmp_path / "sms.db", attachment=[(1, stored, *_FILE[2:])])
    (claim,) = _read(path)
    assert (claim.path, claim.beside) == (end.encode(), False)
    (tmp_path / "Attachments").mkdir()
    (claim,) = _read(path)
    assert (claim.path, claim.beside) == (beside.encode(), True)


def test_a_group(tmp_path: Path) -> None:
    """Its title, and the sender by handle; one's own messages are one's own."""
    claims = _read(
        _write(
            tmp_path / "chat.db",
            message=[
                (1, "A", "Hi \ufffc", 2, 0, _STAMP, 1, 0),
                (2, "B", *_MESSAGE[2:]),
            ],
            chat_message_join=[(2, 1), (2, 2)],
            message_attachment_join=[(1, 1), (2, 1)],
        )
    )
    first, second = claims
    assert first.chat is not None
    assert first.chat[:3] == ("imessage:iMessage;+;chat123", ChatKind.GROUP, "Band")
    assert first.chat.partner is None
    assert first.sender == PersonTold("mailto:eve@example.org")
    assert first.text == "Hi"
    assert second.sender == PersonTold(f"tel:{_ANA}")
    (own,) = _read(
        _write(tmp_path / "own.db", message=[(1, "A", None, 0, 1, _STAMP, 1, 0)])
    )
    assert own.sender is not None
    assert (own.sender.is_me, own.direction) == (True, Direction.SENT)


@pytest.mark.parametrize(
    ("handle", "region", "identity"),
    [
        (_ANA, "", f"tel:{_ANA}"),
        ("0170 0000001", "DE", f"tel:{_ANA}"),
        ("0170 0000001", "", "imessage:0170 0000001"),
        ("Ana@Example.org", "", "mailto:ana@example.org"),
        ("urn:biz:1234", "", "imessage:urn:biz:1234"),
    ],
)
def test_handles(tmp_path: Path, handle: str, region: str, identity: str) -> None:
    """Numbers, mail addresses, and what is neither."""
    path = _write(tmp_path / "chat.db", handle=[(1, handle)])
    (claim,) = _read(path, region)
    assert claim.sender is not None
    assert claim.sender.native_id == identity


@pytest.mark.parametrize(
    ("count", "title"),
    [
        (0, ""),
        (2, "+491700000001, +491700000002"),
        (6, "+491700000001, +491700000002, +491700000003, +491700000004 + 2"),
    ],
)
def test_a_group_without_a_title(tmp_path: Path, count: int, title: str) -> None:
    """It is called by its members, not by a number that nobody has ever seen."""
    people = [(n, f"+49170000000{n}") for n in range(1, count + 1)]
    path = _write(
        tmp_path / "chat.db",
        handle=people,
        chat=[(*_GROUP[:4], "")],
        chat_message_join=[(2, 1)],
        chat_handle_join=[(2, n) for n, _ in people],
    )
    (claim,) = _read(path)
    assert claim.chat is not None
    assert (claim.chat.kind, claim.chat.title) == (ChatKind.GROUP, title)


def test_one_person_over_imessage_and_as_texts(tmp_path: Path) -> None:
    """Two chats of the database are one conversation."""
    claims = _read(
        _write(
            tmp_path / "chat.db",
            chat=[_CHAT, (2, f"SMS;-;{_ANA}", _ANA, 45, None)],
            message=[_MESSAGE, (2, "GUID-2", *_MESSAGE[2:])],
            chat_message_join=[(1, 1), (2, 2)],
            chat_handle_join=[(1, 1), (2, 1)],
            message_attachment_join=[(1, 1), (2, 1)],
        )
    )
    one, other = (claim.chat for claim in claims)
    assert one is not None
    assert other is not None
    assert one.native_id != other.native_id
    assert one.aliases == other.aliases == (f"imessage:with:tel:{_ANA}",)


def test_a_message_that_was_deleted_lately(tmp_path: Path) -> None:
    """It is in the chat that it would return to."""
    path = _write(tmp_path / "chat.db", chat_message_join=[])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(
            """CREATE TABLE chat_recoverable_message_join (chat_id INTEGER,
                message_id INTEGER, delete_date INTEGER);
            INSERT INTO chat_recoverable_message_join VALUES (2, 1, 0);"""
        )
    (claim,) = _read(path)
    assert claim.chat is not None
    assert claim.chat.title == "Band"


def test_a_chat_without_handles(tmp_path: Path) -> None:
    """The identity of a chat of two is the other's; without a chat nobody knows."""
    path = _write(tmp_path / "a.db", handle=[], message=[(1, "A", *_MESSAGE[2:])])
    (claim,) = _read(path)
    assert claim.sender == PersonTold(f"tel:{_ANA}")
    (claim,) = _read(_write(tmp_path / "b.db", handle=[], chat_message_join=[]))
    assert (claim.chat, claim.sender) == (None, None)


def test_several_attachments_and_chats(tmp_path: Path) -> None:
    """Each file is told once, also where its message stands in two chats."""
    claims = _read(
        _write(
            tmp_path / "chat.db",
            attachment=[
                _FILE,
                (2, None, "image/png", None, "x.png", 1),
                (3, *_FILE[1:]),
            ],
            message_attachment_join=[(1, 3), (1, 2), (1, 1)],
            chat_message_join=[(2, 1), (1, 1)],
        )
    )
    assert [claim.key for claim in claims] == ["GUID-1", "GUID-1/1"]
    assert {claim.chat and claim.chat.kind for claim in claims} == {ChatKind.DIRECT}


def test_a_voice_message_that_was_let_go(tmp_path: Path) -> None:
    """It has no attachment any more, and is told all the same."""
    rows = [_MESSAGE, (2, "GUID-2", "text", 1, 0, _STAMP, 0, 0)]
    path = _write(tmp_path / "chat.db", message=rows, message_attachment_join=[])
    (claim,) = _read(path)
    assert (claim.key, claim.path, claim.kind) == ("GUID-1", b"", NoteKind.VOICE)


def test_a_database_with_few_columns(tmp_path: Path) -> None:
    """What a version did not have yet is not told."""
    path = database(
        tmp_path / "sms.db",
        """CREATE TABLE message (guid TEXT);
        CREATE TABLE attachment (filename TEXT);
        CREATE TABLE message_attachment_join (message_id, attachment_id);""",
        message=[(None,)],
        attachment=[(f"~/{_PLACE}",)],
        message_attachment_join=[(1, 1)],
    )
    (claim,) = _read(path)
    assert (claim.key, claim.path) == ("1", _PLACE.encode())
    assert (claim.chat, claim.sender, claim.moment) == (None, None, None)


def test_what_is_no_such_database(tmp_path: Path) -> None:
    """A database of something else, and one that is cut off."""
    with pytest.raises(DocumentError, match="no tables of Apple's Messages"):
        _read(chat_storage(tmp_path / "chat.db", []))
    rows = [(n, f"GUID-{n}", "x" * 90, *_MESSAGE[3:]) for n in range(1, 3000)]
    path = _write(tmp_path / "sms.db", message=rows)
    os.truncate(path, 100_000)
    with pytest.raises(PartialError):
        _read(path)


def test_many_messages(tmp_path: Path) -> None:
    """The reader pauses while it reads what tells nothing."""
    rows = [(n, f"GUID-{n}", "x", 1, 0, _STAMP, 0, 0) for n in range(1, 9000)]
    path = _write(tmp_path / "sms.db", message=rows)
    told = list(MessagesDatabase().read(Document(os.fsencode(path)), Options()))
    assert [each is None for each in told] == [False, True, True, True]


def test_inside_of_a_backup(tmp_path: Path) -> None:
    """The attachments are in another domain; the end of the path finds them."""
    files = {
        (HOME, "Library/SMS/sms.db"): _write(tmp_path / "sms.db").read_bytes(),
        (MEDIA, _PLACE): b"caff",
    }
    index = make_backup(tmp_path / "b", files)
    (claim,) = _read(f"{index}//{HOME}/Library/SMS/sms.db".encode())
    assert (claim.path, claim.beside) == (_PLACE.encode(), False)
