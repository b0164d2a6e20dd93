"""Folders that apps make tell the chat and the kind of what is in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tui.model import ChatKind, Direction, NoteKind, Precision
from tui.sources._facts import facts_of

if TYPE_CHECKING:
    from tui.sources import NoteFacts

_UUID = b"0d4a1f63-9b0e-4c71-8f52-5a1b2c3d4e5f.opus"
_ANA = b"491700000001@s.whatsapp.net"
_CONTAINER = b"AppGroup/0D4A1F63/Message/Media/"
_TELEGRAM_NAME = b"audio_1@15-08-2024_15-26-33.ogg"
_CLIP = b"audioclip174505167400033691_1432813888161410.mp4"


@dataclass(frozen=True)
class _File:
    folder: bytes
    name: bytes
    size: int = 1
    mtime_ns: int = 1_723_723_200_000_000_000


def _fact(folder: bytes, name: bytes, root: bytes = b"/sync/phone") -> NoteFacts:
    (fact,) = facts_of(root, [_File(folder, name)])
    return fact


@pytest.mark.parametrize(
    ("root", "folder"),
    [
        (b"/sync/phone", _CONTAINER + _ANA + b"/a/0"),
        (b"/sync/phone", _CONTAINER + _ANA),
        (b"/sync/Message", b"Media/" + _ANA + b"/a/0"),
        (b"/sync/Media", _ANA + b"/a/0"),
        (b"/sync/Media/" + _ANA, b"a/0"),
        (b"/sync/Media/" + _ANA, b""),
        (b"/sync/Media/" + _ANA + b"/a", b"0"),
        (b"/sync/Media/" + _ANA + b"/a/0/", b""),
    ],
)
def test_an_iphones_folders_name_the_chat(root: bytes, folder: bytes) -> None:
    """Whatever level is synced, the folder with the identity is the chat."""
    fact = _fact(folder, _UUID, root)
    chat = fact.chat
    assert (chat.kind, chat.native_id) == (
        ChatKind.DIRECT,
        "wa::491700000001@s.whatsapp.net",
    )
    assert (chat.title, chat.origin) == ("+491700000001", "folder")
    assert chat.confidence == pytest.approx(0.9)
    assert fact.kind is NoteKind.VOICE
    assert (fact.title, fact.direction) == ("", Direction.UNKNOWN)
    assert fact.sender is None


@pytest.mark.parametrize(
    ("folder", "kind", "title"),
    [
        (b"120363001234567890@g.us", ChatKind.GROUP, "120363001234567890"),
        (b"491700000001-1399999999@g.us", ChatKind.GROUP, "491700000001-1399999999"),
        (b"99887766554433@lid", ChatKind.DIRECT, "99887766554433"),
    ],
)
def test_groups_and_hidden_numbers(folder: bytes, kind: ChatKind, title: str) -> None:
    """Groups have a number of their own, and so have people who hide theirs."""
    chat = _fact(b"Media/" + folder + b"/0/f", _UUID).chat
    assert (chat.kind, chat.title) == (kind, title)
    assert chat.native_id == f"wa::{folder.decode()}"


@pytest.mark.parametrize(
    "folder",
    [
        b"Media/ana@s.whatsapp.net/0/f",
        b"Media/status@broadcast/0/f",
        b"Media/491700000001@example.org",
        b"Media/x491700000001@s.whatsapp.net",
        b"Media/" + b"1" * 50 + b"@g.us",
    ],
)
def test_other_addresses_are_folders(folder: bytes) -> None:
    """What is no chat's identity is a plain folder."""
    assert _fact(folder, _UUID).chat.kind is ChatKind.FOLDER


def test_what_lies_below_an_iphones_root_keeps_its_folder() -> None:
    """A folder that the user made inside of a chat's is the user's."""
    chat = _fact(b"best", _UUID, b"/sync/Media/" + _ANA).chat
    assert chat.kind is ChatKind.FOLDER


def test_films_of_an_iphone_are_left_to_their_bytes() -> None:
    """Sent films lie in the same folders."""
    assert _fact(b"Media/" + _ANA + b"/0/f", b"a.mp4").sound_only
    assert not _fact(b"Media/" + _ANA + b"/0/f", _UUID).sound_only


@pytest.mark.parametrize(
    "place",
    [
        (
            b"/sync",
            b"Telegram Desktop/ChatExport_2024-08-15",
            "Telegram Desktop/ChatExport_2024-08-15",
            "ChatExport_2024-08-15",
        ),
        (
            b"/sync",
            b"DataExport_2024-08-15/chats/chat_01",
            "DataExport_2024-08-15/chats/chat_01",
            "chat_01",
        ),
        (b"/sync/ChatExport_2024-08-15", b"", "", "ChatExport_2024-08-15"),
        (b"/sync", b"caf\xe9", "caf\udce9", "caf\udce9"),
    ],
)
@pytest.mark.parametrize(
    ("last", "name", "kind"),
    [
        (b"voice_messages", _TELEGRAM_NAME, NoteKind.VOICE),
        (b"voice_messages", b"audio_2@15-08-2024_15-26-33.mp3", NoteKind.VOICE),
        (
            b"round_video_messages",
            b"file_1@15-08-2024_15-26-33.mp4",
            NoteKind.VIDEO_NOTE,
        ),
    ],
)
def test_telegrams_export(
    place: tuple[bytes, bytes, str, str], last: bytes, name: bytes, kind: NoteKind
) -> None:
    """The chat is the folder above; round films are notes with their picture."""
    root, folder, native_id, title = place
    fact = _fact(b"/".join(filter(None, (folder, last))), name, root)
    assert (fact.chat.kind, fact.chat.native_id) == (ChatKind.FOLDER, native_id)
    assert fact.chat.title == title
    assert (fact.kind, fact.sound_only) == (kind, False)
    assert fact.time.precision is Precision.SECOND
    assert fact.title == ""


def test_telegrams_folder_as_the_root() -> None:
    """Synced alone, the folder's parent still names the chat."""
    fact = _fact(b"", _TELEGRAM_NAME, b"/sync/ChatExport_2024-08-15/voice_messages")
    assert (fact.chat.native_id, fact.chat.title) == ("", "ChatExport_2024-08-15")
    alone = _fact(b"", _TELEGRAM_NAME, b"/voice_messages")
    assert alone.chat.title == "voice_messages"


def test_other_folders_of_telegrams_export_are_plain() -> None:
    """Films and music of the same export have rules of their own."""
    fact = _fact(b"ChatExport_2024-08-15/video_files", b"video_1.mp4")
    assert fact.chat.title == "ChatExport_2024-08-15 / video_files"
    assert fact.sound_only


@pytest.mark.parametrize(
    ("thread", "title"),
    [
        (b"messages/inbox/AnaExample_1234567890", "AnaExample"),
        (b"x/messages/e2ee_cutover/ana_9876543210123456", "ana"),
        (b"messages/archived_threads/book_club_aB3-xY_z9Q", "book_club"),
        (b"messages/message_requests/ana_x1", "ana"),
        (b"messages/inbox/ana", "ana"),
        (b"messages/inbox/_123456", "_123456"),
        (b"else/ana_9876543210123456", "ana"),
    ],
)
def test_messengers_threads(thread: bytes, title: str) -> None:
    """The thread's folder is the chat, without the number behind the name."""
    fact = _fact(thread + b"/audio", _CLIP)
    assert (fact.chat.native_id, fact.chat.title) == (thread.decode(), title)
    assert (fact.kind, fact.sound_only) == (NoteKind.VOICE, False)
    assert fact.time.ms == 1_745_051_674_000


@pytest.mark.parametrize(
    "folder",
    [b"audio", b"music/audio", b"trip_20240815132633/audio", b"inbox/audio/x"],
)
def test_other_folders_for_sound_are_plain(folder: bytes) -> None:
    """A folder called audio is Messenger's only below a thread."""
    assert _fact(folder, b"a.mp4").sound_only


@pytest.mark.parametrize(
    "folder",
    [b"", b"Download", b"Media/" + _ANA, b"WhatsApp Audio", b"DCIM/ScreenRecorder"],
)
def test_a_film_of_the_screen_is_a_note_everywhere(folder: bytes) -> None:
    """It has a picture and is a note all the same."""
    fact = _fact(folder, b"Screen_Recording_20240815_132633.mp4")
    assert (fact.kind, fact.sound_only) == (NoteKind.VIDEO_NOTE, False)
    assert fact.title == "Screen recording"
    assert fact.time.precision is Precision.SECOND


@pytest.mark.parametrize(
    ("root", "folder"),
    [
        (b"/sync", b"DCIM/ScreenRecorder"),
        (b"/sync", b"DCIM/Screen recordings"),
        (b"/sync", b"Movies/Screenrecords"),
        (b"/sync", b"XRecorder"),
        (b"/sync", b"AzRecorderFree"),
        (b"/sync/Screencasts", b""),
    ],
)
def test_folders_for_films_of_the_screen(root: bytes, folder: bytes) -> None:
    """There every film is a note, under the name that somebody gave it."""
    fact = _fact(folder, b"2024_08_15_13_26_33.mp4", root)
    assert (fact.kind, fact.sound_only) == (NoteKind.VIDEO_NOTE, False)
    assert fact.title == "Screen recording"
    assert _fact(folder, b"Lesson 3.mov", root).title == "Lesson 3"
    sound = _fact(folder, b"2024_08_15_13_26_33.m4a", root)
    assert (sound.kind, sound.title) == (NoteKind.VOICE, "")
