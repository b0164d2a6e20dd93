"""What a folder is called: by recordings, documents and archives together."""

from __future__ import annotations

import os
import plistlib
from typing import TYPE_CHECKING

import pytest

from tests.support import ios, mails
from tests.support.crypt import crypt15, packed
from tests.support.msgstore import Row, write_msgstore
from tests.support.zips import packed as zipped
from tui.errors import SourceError
from tui.indexer import detect_source
from tui.indexer._detect import joined
from tui.indexer._signs import Sign, signs_in
from tui.keys import add_secret
from tui.model import SourceKind

if TYPE_CHECKING:
    from pathlib import Path

    from tui.sources import Detection

CHAT = b"".join(
    b"15/08/2024, 13:2%d - Ana: PTT-20240815-WA000%d.opus (file attached)\n" % (n, n)
    for n in range(5)
)
TELEGRAM = (
    b'{"name": "Lena", "type": "personal_chat", "id": 1, "messages": [{"id": 1,'
    b' "type": "message", "date": "2024-08-15T13:26:33", "from": "Lena"}]}'
)


def put(path: Path, data: bytes = b"x") -> Path:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def best(path: Path) -> Detection:
    """Detect a folder."""
    return detect_source(os.fsencode(path))[0]


def test_an_exported_chat(tmp_path: Path) -> None:
    """A text in the folder, or in a folder of it, names the kind; label is its name."""
    put(tmp_path / "a" / "WhatsApp Chat with Ana.txt", CHAT)
    put(tmp_path / "b" / "Ana" / "_chat.txt", CHAT)
    found = best(tmp_path / "a")
    assert (found.kind, found.score) == (SourceKind.WHATSAPP_EXPORT, 95)
    assert found.reasons == ("WhatsApp Chat with Ana.txt: its name has WhatsApp in it",)
    assert found.label == "a"
    assert (best(tmp_path / "b").kind, best(tmp_path / "b").score) == (
        SourceKind.WHATSAPP_EXPORT,
        100,
    )


def test_an_exported_chat_in_a_zip(tmp_path: Path) -> None:
    """The reason names the zip, which is what the user sees."""
    data = zipped(("a.opus", b"x"), ("WhatsApp Chat with Ana.txt", CHAT))
    put(tmp_path / "chats.zip", data)
    put(tmp_path / "inner.zip", zipped(("Ana/_chat.txt", CHAT)))
    found = best(tmp_path)
    assert (found.kind, found.score) == (SourceKind.WHATSAPP_EXPORT, 100)
    assert found.reasons == (
        "chats.zip: its name has WhatsApp in it",
        "inner.zip: it is called _chat.txt",
    )


def test_broken_archives_and_texts_say_nothing(tmp_path: Path) -> None:
    """No content of a file ends a detection."""
    put(tmp_path / "a.zip", b"PK\3\4 cut off")
    put(tmp_path / "b.zip", b"")
    put(tmp_path / "result.json", b'{"name": "')
    put(tmp_path / "notes.txt", b"\xff\xfe\0\0 nothing")
    (tmp_path / "dangling.txt").symlink_to(tmp_path / "none")
    os.mkfifo(tmp_path / "pipe.txt")
    found = best(tmp_path)
    assert (found.kind, found.score) == (SourceKind.FOLDER, 60)
    assert found.reasons == ("no recordings yet", "chosen by you")


def test_telegram(tmp_path: Path) -> None:
    """By its JSON, or by its folder of voice messages alone."""
    put(tmp_path / "a" / "ChatExport" / "result.json", TELEGRAM)
    put(tmp_path / "b" / "voice_messages" / "audio_1@15-08-2024_13-26-33.ogg")
    a, b = best(tmp_path / "a"), best(tmp_path / "b")
    assert (a.kind, b.kind, b.score) == (
        SourceKind.TELEGRAM,
        SourceKind.TELEGRAM,
        60,
    )
    assert a.score >= 90
    assert b.reasons == ("has a folder of Telegram's voice messages",)


def test_a_backup_of_an_iphone(tmp_path: Path) -> None:
    """Surer with WhatsApp in it; encrypted ones are locked until there is a key."""
    plain = tmp_path / "plain" / "0000"
    ios.make_backup(plain, {(ios.HOME, "Library/SMS/sms.db"): b"x"})
    for shard in ("7c", "ab"):
        put(plain / shard / f"{shard}7fba66680ef796b916b067077cc246adacf01d")
    found = best(plain)
    assert (found.kind, found.score) == (SourceKind.IOS_BACKUP, 100)
    assert found.reasons == ("a backup of an iPhone with WhatsApp in it",)
    assert best(tmp_path / "plain").kind is SourceKind.IOS_BACKUP


@pytest.mark.parametrize("properties", [b"", b"<plist>", plistlib.dumps([])])
def test_a_backup_whose_properties_are_broken(
    tmp_path: Path, properties: bytes
) -> None:
    """It is recognised by its names; what is wrong, reading tells."""
    put(tmp_path / "Manifest.db", b"")
    put(tmp_path / "Manifest.plist", properties)
    put(tmp_path / "00" / "00ff")
    found = best(tmp_path)
    assert (found.kind, found.score) == (SourceKind.IOS_BACKUP, 70)


def test_what_is_encrypted_is_a_sign_with_a_lock(tmp_path: Path) -> None:
    """A key that was given takes the lock away."""
    write_msgstore(tmp_path / "m.db", [Row()])
    root = tmp_path / "WhatsApp"
    data = crypt15(packed((tmp_path / "m.db").read_bytes()))
    path = put(root / "Databases" / "msgstore.db.crypt15", data)
    (sign,) = signs_in(os.fsencode(root))
    assert (sign.path, sign.is_locked) == (os.fsencode(path), True)
    assert sign.kind is SourceKind.WHATSAPP_ANDROID
    phone = tmp_path / "phone"
    put(phone / "Manifest.db", b"")
    put(phone / "Manifest.plist", plistlib.dumps({"IsEncrypted": True}))
    put(phone / "00" / "00ff")
    (sign,) = signs_in(os.fsencode(phone))
    assert sign.is_locked
    assert sign.reason == "a backup of an iPhone, encrypted"
    for folder in (root, phone):
        add_secret(os.fsencode(folder), b"sesame")
        (sign,) = signs_in(os.fsencode(folder))
        assert not sign.is_locked


def test_the_media_of_a_phone_come_before_what_lies_in_them(tmp_path: Path) -> None:
    """An export in the folder of downloads is a reason, not another kind."""
    voice = "Media/WhatsApp Voice Notes/202433/PTT-20240815-WA0001.opus"
    put(tmp_path / voice)
    put(tmp_path / "Media" / "_chat.txt", CHAT)
    found = best(tmp_path)
    assert (found.kind, found.score) == (SourceKind.WHATSAPP_ANDROID, 100)
    assert found.label == "WhatsApp"
    assert found.reasons == (
        "has a folder named “WhatsApp Voice Notes”",
        "_chat.txt: it is called _chat.txt",
    )


def test_a_mail_makes_no_mailbox_of_recordings(tmp_path: Path) -> None:
    """But a folder with nothing surer is called after its mails."""
    mail = mails.mail(("audio/ogg", "note.ogg", b"OggS"))
    put(tmp_path / "a" / "x.eml", mail)
    found = best(tmp_path / "a")
    assert (found.kind, found.score) == (SourceKind.MAIL, 80)
    put(tmp_path / "b" / "x.eml", mail)
    for day in range(1, 4):
        put(tmp_path / "b" / f"2024-08-0{day} 10-00-00.m4a")
    assert best(tmp_path / "b").kind is SourceKind.FOLDER


def test_contacts_alone_are_no_kind(tmp_path: Path) -> None:
    """They are told of as a file, since any source may have them."""
    card = b"BEGIN:VCARD\nVERSION:3.0\nFN:Ana\nTEL:+491700000001\nEND:VCARD\n"
    path = put(tmp_path / "contacts.vcf", card)
    assert best(tmp_path).kind is SourceKind.FOLDER
    (sign,) = signs_in(os.fsencode(tmp_path))
    assert (sign.kind, sign.path) == (None, os.fsencode(path))


def test_many_reasons_are_counted() -> None:
    """A folder of a hundred chats has a line, not a page."""
    signs = [Sign(SourceKind.WHATSAPP_EXPORT, 95, f"{n}.txt", b"") for n in range(9)]
    (found,) = joined(b"/x", [], signs)
    assert found.reasons == ("0.txt", "1.txt", "2.txt", "3.txt", "and 5 more")
    assert joined(b"/x", [], [Sign(None, 95, "a.vcf", b"")]) == []


def test_a_search_that_is_over_stops(tmp_path: Path) -> None:
    """Nothing is opened once nobody wants to know."""
    put(tmp_path / "_chat.txt", CHAT)
    put(tmp_path / "below" / "_chat.txt", CHAT)
    assert list(signs_in(os.fsencode(tmp_path), lambda: True)) == []


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    """The folder to name instead stands in the reason."""
    path = put(tmp_path / "chat.zip", b"")
    with pytest.raises(SourceError, match=f"is a file: .* lies in, {tmp_path}$"):
        detect_source(os.fsencode(path))
