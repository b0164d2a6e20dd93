"""The command line on real files: every note in its chat, and none of them twice.

Each command has a test that runs the real program; all else asks in this process.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.crypt import ROOT, crypt15, packed
from tests.support.ios import PERSON, WHATSAPP, chat_storage, make_backup, memos
from tests.support.mails import mail, mailbox
from tests.support.messengers import write_file, write_json, write_lines
from tests.support.msgstore import (
    ANA,
    GROUP,
    MS,
    Row,
    Variant,
    write_contacts,
    write_msgstore,
)
from tests.support.notes import encoded, opus_note
from tests.support.program import ask, program
from tests.support.telegram import Said, Speaker, Talk, chat_json, to_bytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.program import Done

VOICE = "Media/WhatsApp Voice Notes/202433/"
NAMES = [f"PTT-20240815-WA000{number}.opus" for number in range(4)]
SOUNDS = [opus_note(2 + number, freq=300 + 50 * number) for number in range(4)]
TEXT = "".join(
    f"15/08/2024, 13:{26 + at} - Ana: \u200e{name} (file attached)\n"
    for at, name in enumerate(NAMES[:3])
)

Listed = list[dict[str, Any]]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A home of its own, in a zone where the clock shows something else."""
    home = tmp_path / "home"
    home.mkdir()
    names = ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "HOME")
    return dict.fromkeys(names, str(home)) | {"TZ": "UTC"}


def listed(
    library: Path,
    environ: dict[str, str],
    *sources: Path,
    asked: Callable[..., Done] = ask,
) -> Listed:
    """Index sources, and list all notes, oldest first."""
    done = asked(library, "scan", *sources, environ=environ)
    assert done.code == 0, done.err
    notes: Listed = asked(library, "list", "--json", environ=environ).json
    return sorted(notes, key=lambda note: (note["sent_at"], note["id"]))


def old(path: Path) -> Path:
    """Make a file, or all below a folder, look as if nobody wrote to it lately."""
    for each in (path, *path.rglob("*")):
        os.utime(each, (1_700_000_000, 1_700_000_000))
    return path


def media(root: Path) -> None:
    """The phone's voice notes; the last one is in no export."""
    for name, sound in zip(NAMES, SOUNDS, strict=True):
        write_file(root / VOICE / name, sound)


def export(root: Path) -> None:
    """One chat, exported with its media."""
    root.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(root / "WhatsApp Chat with Ana.zip", "w") as archive:
        archive.writestr("WhatsApp Chat with Ana.txt", TEXT)
        for name, sound in zip(NAMES[:3], SOUNDS, strict=False):
            archive.writestr(name, sound)


def messages(*, size: int = 0) -> list[Row]:
    """What the database has: three notes of Ana, and the last one in a group."""
    rows = [
        Row(
            key=f"K{at}",
            path=VOICE + name,
            ms=MS + at * 60_000,
            seconds=2 + at,
            size=size,
        )
        for at, name in enumerate(NAMES)
    ]
    rows[3] = rows[3]._replace(chat=GROUP, sender=ANA)
    return rows


def database(root: Path, *, size: int = 0, variant: Variant = Variant.MODERN) -> None:
    """The phone's database with its address book."""
    (root / "Databases").mkdir(parents=True, exist_ok=True)
    write_msgstore(
        root / "Databases/msgstore.db",
        messages(size=size),
        variant=variant,
        subjects={GROUP: "Family"},
    )
    write_contacts(root / "Databases/wa.db", [(ANA, "Ana", "", "", "")])


PARTS: tuple[Callable[[Path], None], ...] = (media, export, database)


def is_joined(notes: Listed) -> None:
    """Four notes, each once, with the best evidence, and their files."""
    assert [note["chat"] for note in notes] == ["Ana", "Ana", "Ana", "Family"]
    assert {note["sender"] for note in notes} == {"Ana"}
    assert {note["direction"] for note in notes} == {"received"}
    assert {note["kind"] for note in notes} == {"voice"}
    assert [note["sent_at"] for note in notes] == [
        f"2024-08-15T13:{26 + at}:33.000Z" for at in range(4)
    ]
    assert [len(note["files"]) for note in notes] == [2, 2, 2, 1]
    for note in notes:
        assert note["evidence"]["chat"] == {
            "from": "database msgstore.db",
            "confidence": 1.0,
        }
        assert note["state"] == "ready"


@pytest.mark.parametrize("size", [0, 77], ids=["no sizes", "wrong sizes"])
def test_one_root(tmp_path: Path, environ: dict[str, str], size: int) -> None:
    """A phone's folder with an export among its downloads."""
    root = tmp_path / "phone"
    media(root)
    export(root / "Download")
    database(root, size=size)
    notes = listed(tmp_path / "l.db", environ, old(root), asked=program)
    is_joined(notes)
    again = listed(tmp_path / "l.db", environ, root)
    assert [note["id"] for note in again] == [note["id"] for note in notes]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_three_roots_one_after_the_other(
    tmp_path: Path, environ: dict[str, str], order: tuple[int, ...]
) -> None:
    """The folders come as sources of their own, in any order."""
    notes: Listed = []
    for number in order:
        root = tmp_path / f"root{number}"
        PARTS[number](root)
        notes = listed(tmp_path / "l.db", environ, old(root))
    is_joined(notes)


@pytest.mark.parametrize("variant", list(Variant))
def test_all_schemas(tmp_path: Path, environ: dict[str, str], variant: Variant) -> None:
    """Databases of all ages tell the same."""
    root = tmp_path / "phone"
    media(root)
    database(root, variant=variant, size=5)
    notes = listed(tmp_path / "l.db", environ, old(root))
    assert [note["chat"] for note in notes] == ["Ana", "Ana", "Ana", "Family"]
    assert {note["evidence"]["sent_at"]["confidence"] for note in notes} == {1.0}


def test_an_encrypted_backup(tmp_path: Path, environ: dict[str, str]) -> None:
    """Locked until its key is added; a wrong key is refused."""
    root, library = tmp_path / "phone", tmp_path / "l.db"
    media(root)
    database(root)
    plain = root / "Databases/msgstore.db"
    backup = plain.with_name("msgstore.db.crypt15")
    backup.write_bytes(crypt15(packed(plain.read_bytes())))
    plain.unlink()
    notes = listed(library, environ, old(root), asked=program)
    assert {note["chat_kind"] for note in notes} == {"unmatched"}
    doctor = program(library, "doctor", environ=environ)
    assert "msgstore.db.crypt15" in doctor.out
    wrong, right = tmp_path / "wrong", tmp_path / "right"
    wrong.write_text(("00" * 32) + "\n")
    right.write_text(ROOT.hex() + "\n")
    done = program(library, "key", "add", root, "--file", wrong, environ=environ)
    assert done.code == 3
    done = program(library, "key", "add", root, "--file", right, environ=environ)
    assert done.code == 0, done.err
    notes = listed(library, environ, root, asked=program)
    assert [note["chat"] for note in notes] == ["Ana", "Ana", "Ana", "Family"]
    assert {n["evidence"]["chat"]["from"] for n in notes} == {
        "backup msgstore.db.crypt15"
    }


@pytest.mark.parametrize("passphrase", [None, "secret"])
def test_a_backup_of_an_iphone(
    tmp_path: Path, environ: dict[str, str], passphrase: str | None
) -> None:
    """WhatsApp in it: notes of the chat, and round films that it tells of."""
    place = f"Message/Media/{PERSON}/0/a"
    storage = chat_storage(tmp_path / "ChatStorage.sqlite", [{}])
    files = {
        (WHATSAPP, "ChatStorage.sqlite"): storage.read_bytes(),
        (WHATSAPP, f"{place}/00000001.opus"): SOUNDS[0],
        (WHATSAPP, f"{place}/00000009.mp4"): encoded("mp4", 1, video=True),
    }
    storage.unlink()
    root, library = tmp_path / "backup", tmp_path / "l.db"
    make_backup(root, files, passphrase)
    if passphrase is not None:
        assert listed(library, environ, root) == []
        secret = tmp_path / "secret"
        secret.write_text(passphrase)
        done = ask(library, "key", "add", root, "--file", secret, environ=environ)
        assert done.code == 0, done.err
    (note,) = listed(library, environ, root)
    assert (note["chat"], note["chat_kind"]) == ("Ana", "direct")
    assert (note["sender"], note["direction"]) == ("Ana", "received")
    assert note["state"] == "ready"
    assert note["files"][0]["path"].endswith("00000001.opus")


def telegram(root: Path) -> None:
    """One chat with a voice message and a round film."""
    ana = Speaker(7, "Ana")
    said = [
        Said(1, MS // 1000, ana, "voice_message", "voice_messages/a.ogg", 2),
        Said(2, MS // 1000 + 60, ana, "video_message", "round_video_messages/b.mp4", 1),
    ]
    talk = Talk("personal_chat", 7, "Ana", said)
    write_file(root / "result.json", to_bytes(chat_json(talk)))
    write_file(root / "voice_messages/a.ogg", SOUNDS[0])
    write_file(root / "round_video_messages/b.mp4", encoded("mp4", 1, video=True))


def signal(root: Path) -> None:
    """A line of JSON for each message."""
    name = "2024-08-15T13-26-33.123_00_None.aac"
    attached = [{"name": name, "path": f"media/{name}"}]
    message = {"date": "2024-08-15T13:26:33.123000", "sender": "Ana", "body": ""}
    first: dict[str, Any] = {**message, "sender": "Me", "attachments": []}
    lines = [first, {**message, "attachments": attached}]
    write_lines(root / "Ana/data.json", lines)
    write_file(root / f"Ana/media/{name}", encoded("aac", 2))


def messenger(root: Path) -> None:
    """Facebook's thread of two."""
    uri = "messages/inbox/ana_123/audio/a.m4a"
    thread = {
        "participants": [{"name": "Ana"}, {"name": "Bo"}],
        "messages": [
            {
                "sender_name": "Ana",
                "timestamp_ms": MS,
                "audio_files": [{"uri": uri, "creation_timestamp": 1}],
            }
        ],
        "title": "Ana",
        "is_still_participant": True,
        "thread_path": "inbox/ana_123",
        "magic_words": [],
    }
    write_json(root / "messages/inbox/ana_123/message_1.json", thread)
    write_file(root / uri, encoded("m4a", 2))


def discord(root: Path) -> None:
    """A channel of DiscordChatExporter."""
    folder = "Guild - talk [99].json_Files"
    author = {"id": "11", "name": "ana", "nickname": "Ana", "discriminator": "0000"}
    voice = {"id": "77", "url": f"{folder}/v.ogg", "fileName": "voice-message.ogg"}
    channel = {
        "guild": {"id": "9", "name": "Choir", "iconUrl": "https://example.org/a.png"},
        "channel": {"id": "99", "type": "GuildTextChat", "name": "talk"},
        "dateRange": {"after": None, "before": None},
        "messages": [
            {
                "id": "5",
                "type": "Default",
                "timestamp": "2024-08-15T13:26:33.000+00:00",
                "content": "",
                "author": author | {"isBot": False, "roles": []},
                "attachments": [voice | {"fileSizeBytes": 12}],
            }
        ],
        "messageCount": 1,
    }
    write_json(root / "Guild - talk [99].json", channel)
    write_file(root / folder / "v.ogg", SOUNDS[0])


def matrix(root: Path) -> None:
    """A room of Element."""
    event = {
        "type": "m.room.message",
        "sender": "@ana:example.org",
        "event_id": "$ev1x",
        "origin_server_ts": MS,
        "room_id": "!r:example.org",
        "content": {
            "msgtype": "m.audio",
            "body": "Voice message.ogg",
            "org.matrix.msc3245.voice": {},
        },
    }
    member = {
        "type": "m.room.member",
        "sender": "@ana:example.org",
        "state_key": "@ana:example.org",
        "content": {"displayname": "Ana"},
    }
    room = {"room_name": "Choir", "room_creator": "@ana:example.org"}
    whole = room | {"exported_by": "@me:example.org", "messages": [member, event]}
    write_json(root / "export.json", whole)
    write_file(root / "audio/ev1x.ogg", SOUNDS[0])


def a_mail() -> bytes:
    """A mail with a voice note."""
    return mail(
        ("audio/ogg", "note.ogg", SOUNDS[0]),
        sender="Ana <ana@example.org>",
        subject="Choir",
        date="Thu, 15 Aug 2024 13:26:33 +0000",
    )


def eml(root: Path) -> None:
    """One mail."""
    write_file(root / "a.eml", a_mail())


def mbox(root: Path) -> None:
    """A mailbox."""
    write_file(root / "Archive.mbox", mailbox(a_mail()))


def maildir(root: Path) -> None:
    """A folder of mails."""
    write_file(root / "cur/1723728393.M1P1.host:2,S", a_mail())


MESSENGERS: tuple[tuple[Callable[[Path], None], str, list[str]], ...] = (
    (telegram, "Ana", ["voice", "video_note"]),
    (signal, "Ana", ["voice"]),
    (messenger, "Ana", ["voice"]),
    (discord, "Choir", ["voice"]),
    (matrix, "Choir", ["voice"]),
    (eml, "Choir", ["voice"]),
    (mbox, "Choir", ["voice"]),
    (maildir, "Choir", ["voice"]),
)
"""What makes an export, the chat in it, and the kinds of its notes."""


@pytest.mark.parametrize(("make", "chat", "kinds"), MESSENGERS)
def test_messengers_and_mail(
    tmp_path: Path,
    environ: dict[str, str],
    make: Callable[[Path], None],
    chat: str,
    kinds: list[str],
) -> None:
    """Every note is in its chat with sender, time and kind."""
    root = tmp_path / "export"
    make(root)
    notes = listed(tmp_path / "l.db", environ, old(root))
    assert [note["kind"] for note in notes] == kinds
    for note in notes:
        assert chat in note["chat"]
        assert note["sender"] == "Ana"
        assert note["direction"] in {"received", "unknown"}
        assert note["sent_at"].startswith("2024-08-15T13:2")
        assert note["precision"] in {"exact", "second"}
        assert note["state"] == "ready"
        assert note["evidence"]["chat"]["confidence"] >= 0.9


def test_the_program_reads_all_of_them(tmp_path: Path, environ: dict[str, str]) -> None:
    """One process has the readers of all kinds, and none is in the way of another."""
    roots = [tmp_path / make.__name__ for make, _, _ in MESSENGERS]
    for root, (make, _, _) in zip(roots, MESSENGERS, strict=True):
        make(root)
        old(root)
    done = program(tmp_path / "l.db", "scan", "--json", *roots, environ=environ)
    assert (done.code, done.err) == (0, "")
    assert [source["path"] for source in done.json] == [str(root) for root in roots]
    for source in done.json:
        assert source["problems"] == [], source
        (document,) = source["documents"]
        assert document["state"] == "ok", source


def test_voice_memos(tmp_path: Path, environ: dict[str, str]) -> None:
    """Titles and folders come from Apple's index."""
    root = tmp_path / "Recordings"
    root.mkdir()
    name = "20240815 132633-1A2B3C4D.m4a"
    since_2001 = MS / 1000 - 978_307_200
    row = (1, "UUID-1", name, since_2001, 2.0, 7, "The recipe", None)
    memos(root / "CloudRecordings.db", row, folders=[(7, "F-UUID", "Choir")])
    write_file(root / name, encoded("m4a", 2))
    (note,) = listed(tmp_path / "l.db", environ, old(root))
    assert (note["chat"], note["title"], note["sender"]) == (
        "Choir",
        "The recipe",
        "me",
    )
    assert (note["direction"], note["sent_at"]) == ("sent", "2024-08-15T13:26:33.000Z")


def test_a_source_is_forgotten_and_comes_back(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    """The export is deleted: its notes go on as the phone's, with what was told."""
    phone, down, library = tmp_path / "phone", tmp_path / "down", tmp_path / "l.db"
    media(phone)
    export(down)
    notes = listed(library, environ, old(phone), old(down))
    assert sorted(note["chat"] for note in notes)[:3] == ["Ana"] * 3
    shutil.rmtree(down)
    down.mkdir()
    write_file(down / "other.txt", b"nothing")
    notes = listed(library, environ, down)
    assert sorted(note["chat"] for note in notes)[:3] == ["Ana"] * 3
    assert [len(note["files"]) for note in notes] == [1] * 4
    assert json.dumps(notes).count("//") == 0
