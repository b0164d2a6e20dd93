"""Place and name of a file tell chat, kind, direction and time of a note."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.support.notes import hostile_names
from tui.model import ChatKind, Direction, NoteKind, Precision, SourceKind
from tui.sources import format_of
from tui.sources._facts import facts_of

if TYPE_CHECKING:
    from tui.sources import NoteFacts

_PTT = b"PTT-20240815-WA0003.opus"
_NOON_NS = 1_723_723_200_000_000_000
"""2024-08-15 12:00 UTC."""


@dataclass(frozen=True)
class _File:
    folder: bytes
    name: bytes
    size: int = 1
    mtime_ns: int = _NOON_NS


def _fact(folder: bytes, name: bytes = _PTT, root: bytes = b"/sync/phone") -> NoteFacts:
    (fact,) = facts_of(root, [_File(folder, name)])
    return fact


def _nothing(folder: bytes, name: bytes) -> bool:
    return not list(facts_of(b"/sync/phone", [_File(folder, name)]))


_NEW = b"Android/media/com.whatsapp/WhatsApp/Media/"


@pytest.mark.parametrize(
    ("root", "folder"),
    [
        (b"/sync/phone", _NEW + b"WhatsApp Voice Notes/202433"),
        (b"/sync/phone", b"WhatsApp/Media/WhatsApp Voice Notes/202433"),
        (b"/sync/com.whatsapp", b"WhatsApp/Media/WhatsApp Voice Notes/202433"),
        (b"/sync/WhatsApp", b"Media/WhatsApp Voice Notes/202433"),
        (b"/sync/Media", b"WhatsApp Voice Notes/202433"),
        (b"/sync/WhatsApp Voice Notes", b"202433"),
        (b"/sync/WhatsApp Voice Notes/", b""),
        (b"/sync/WhatsApp Voice Notes/202433", b""),
        (b"/sync/202433", b""),
        (b"/sync/weeks", b"202433"),
    ],
)
def test_a_voice_note_at_every_level(root: bytes, folder: bytes) -> None:
    """Whatever level is synced, a voice note is one, of the same unmatched chat."""
    fact = _fact(folder, root=root)
    assert fact.kind is NoteKind.VOICE
    assert (fact.chat.kind, fact.chat.title) == (ChatKind.UNMATCHED, "Unmatched")
    assert fact.chat.native_id == "|whatsapp"
    assert fact.chat.confidence == 0
    assert fact.direction is Direction.UNKNOWN
    assert fact.sender is None
    assert fact.counter == 3
    assert fact.time.precision is Precision.MTIME
    assert not fact.sound_only


@pytest.mark.parametrize(
    ("folder", "title", "native_id"),
    [
        (
            b"com.whatsapp.w4b/WhatsApp Business/Media/WhatsApp Business Voice Notes/1",
            "Unmatched (WhatsApp Business)",
            "|whatsapp business",
        ),
        (
            b"GBWhatsApp/Media/GBWhatsApp Voice Notes",
            "Unmatched (GBWhatsApp)",
            "|gbwhatsapp",
        ),
        (
            b"Ana/WhatsApp/Media/WhatsApp Voice Notes/202433",
            "Unmatched (Ana)",
            "Ana|whatsapp",
        ),
        (
            b"old/Ana/GBWhatsApp Audio",
            "Unmatched (old / Ana, GBWhatsApp)",
            "old/Ana|gbwhatsapp",
        ),
    ],
)
def test_each_app_and_phone_has_its_own_unmatched_chat(
    folder: bytes, title: str, native_id: str
) -> None:
    """Business, clones and a second phone don't mix; the app's move changes nothing."""
    chat = _fact(folder).chat
    assert (chat.title, chat.native_id) == (title, native_id)


@pytest.mark.parametrize(
    ("folder", "name", "kind", "direction"),
    [
        (b"WhatsApp Audio", b"AUD-20240815-WA0001.mp3", "audio", "received"),
        (b"WhatsApp Audio/Private", b"song.mp3", "audio", "received"),
        (b"WhatsApp Audio/Sent", b"AUD-20240815-WA0001.mp3", "audio", "sent"),
        (b"WhatsApp Audio", _PTT, "voice", "received"),
        (b"WhatsApp Audio", b"clip.mp4", "audio", "received"),
        (b"WhatsApp Voice Notes/Sent", _PTT, "voice", "sent"),
        (b"WhatsApp Voice Notes/202433", b"x.opus", "voice", "unknown"),
        (b"WhatsApp Voice Notes", b"AUD-20240815-WA0001.ogg", "voice", "unknown"),
        (
            b"WhatsApp Video Notes/202433",
            b"VID-20240815-WA0001.mp4",
            "video_note",
            "unknown",
        ),
        (b"whatsapp audio/SENT", b"song.mp3", "audio", "sent"),
    ],
)
def test_kind_and_direction(
    folder: bytes, name: bytes, kind: str, direction: str
) -> None:
    """The folder says what a note is, and who sent it where that can be told."""
    fact = _fact(b"WhatsApp/Media/" + folder, name)
    assert (fact.kind, fact.direction) == (NoteKind(kind), Direction(direction))
    assert not fact.sound_only
    if fact.direction is Direction.SENT:
        assert fact.sender is not None
        assert fact.sender.is_me
    else:
        assert fact.sender is None


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        (b"WhatsApp/Media/WhatsApp Video", b"VID-20240815-WA0001.mp4"),
        (b"WhatsApp/Media/WhatsApp Video/Sent", b"VID-20240815-WA0001.mp4"),
        (b"WhatsApp/Media/WhatsApp Images", b"a.m4a"),
        (b"WhatsApp/Media/WhatsApp Documents", b"a.mp3"),
        (b"WhatsApp/Media/WhatsApp Business Animated Gifs", b"a.mp4"),
        (b"WhatsApp/Media/WhatsApp Voice Notes/202433", b".nomedia"),
        (b"WhatsApp/Media/WhatsApp Voice Notes/202433", b"IMG-20240815-WA0001.jpg"),
        (b"WhatsApp/Media/WhatsApp Voice Notes/.Links", _PTT),
        (b".stversions/WhatsApp Voice Notes", _PTT),
        (b"Android/data/com.game/files", b"boom.ogg"),
        (b"phone/Android/obb", b"boom.ogg"),
        (b"Recordings", b".syncthing.a.m4a.tmp"),
        (b"Recordings", b"._a.m4a"),
        (b"Recordings", b"~$a.m4a"),
        (b"Recordings", b"a.txt"),
    ],
)
def test_what_is_no_note(folder: bytes, name: bytes) -> None:
    """Pictures, films, documents, rubbish and the sounds of apps yield nothing."""
    assert _nothing(folder, name)


@pytest.mark.parametrize(
    ("folder", "title"),
    [
        (b"", "phone"),
        (b"Ana", "Ana"),
        (b"Recordings/Voice Recorder", "Recordings / Voice Recorder"),
        (b"202433", "202433"),
        (b"caf\xe9", "caf\udce9"),
        (b"[", "["),
        (b"Download/Band.zip/", "Download / Band"),
        (b"all.ZIP//Band/media", "all / Band / media"),
        (b"old.zip.d/x.zip", "old.zip.d / x.zip"),
    ],
)
def test_a_plain_folder_is_a_chat(folder: bytes, title: str) -> None:
    """Each folder is a chat; the root's own files are in a chat of its name."""
    fact = _fact(folder, b"memo 2024-08-15 13-26-33.m4a")
    assert (fact.chat.kind, fact.chat.title) == (ChatKind.FOLDER, title)
    assert fact.kind is NoteKind.VOICE
    assert fact.time.precision is Precision.SECOND


def test_folders_with_equal_names_are_different_chats() -> None:
    """A chat is told by its whole path."""
    one, two = _fact(b"Ana/2024", b"a.m4a"), _fact(b"Bob/2024", b"a.m4a")
    assert one.chat.native_id != two.chat.native_id


def test_the_root_of_everything_has_a_name() -> None:
    """Files in the root of the file system are in a chat too."""
    assert _fact(b"", b"a.m4a", root=b"/").chat.title == "/"


def test_recordings_beside_whatsapp_are_kept() -> None:
    """A phone's root has both; neither loses anything."""
    files = [
        _File(_NEW + b"WhatsApp Voice Notes/202433", _PTT),
        _File(_NEW + b"WhatsApp Images", b"a.jpg"),
        _File(b"Recordings", b"a.m4a"),
        _File(b"Download", _PTT),
        _File(_NEW + b"My own folder", b"b.m4a"),
        _File(b"", b"c.m4a"),
    ]
    facts = list(format_of(SourceKind.WHATSAPP_ANDROID).facts(b"/sync/phone", files))
    assert [(fact.chat.kind.value, fact.chat.title) for fact in facts] == [
        ("unmatched", "Unmatched"),
        ("folder", "Recordings"),
        ("folder", "Download"),
        (
            "folder",
            "Android / media / com.whatsapp / WhatsApp / Media / My own folder",
        ),
        ("folder", "phone"),
    ]
    again = list(format_of(SourceKind.FOLDER).facts(b"/sync/phone", files))
    assert again == facts


def test_below_a_root_of_whatsapps_own_folders_are_folders() -> None:
    """A folder that the user made inside the voice notes is a chat."""
    fact = _fact(b"Best of Ana", root=b"/sync/WhatsApp Voice Notes")
    assert fact.chat.kind is ChatKind.FOLDER


@pytest.mark.parametrize(
    ("name", "kind", "sound_only"),
    [
        (b"film.mp4", NoteKind.VOICE, True),
        (b"VID-20240815-WA0001.mp4", NoteKind.VOICE, True),
        (b"AUD-20240815-WA0001.m4a", NoteKind.AUDIO, False),
        (b"WhatsApp Audio 2024-08-15 at 13.26.33.mpeg", NoteKind.AUDIO, True),
        (_PTT, NoteKind.VOICE, False),
    ],
)
def test_films_in_plain_folders_are_left_to_their_bytes(
    name: bytes, kind: NoteKind, sound_only: bool
) -> None:
    """A suffix that films have too makes a note only if there is no picture."""
    fact = _fact(b"Download", name)
    assert (fact.kind, fact.sound_only) == (kind, sound_only)


def test_copies_and_titles() -> None:
    """A conflict copy names its base; a free name is a title."""
    fact = _fact(b"Ana", b"recipe.sync-conflict-20250101-101112-ABCDEFG.m4a")
    assert (fact.title, fact.base_name) == ("recipe", b"recipe.m4a")


def test_hostile_names_yield_a_fact_each() -> None:
    """No name is lost, in no kind of folder."""
    names = hostile_names()
    for folder in (b"WhatsApp Voice Notes", b"plain", b"[\x1b[2J", b"\xff/\n"):
        facts = list(facts_of(b"/sync", [_File(folder, name) for name in names]))
        assert [fact.name for fact in facts] == names
