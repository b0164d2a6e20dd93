"""Names are told apart: recordings, rubbish, files still written, copies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.notes import hostile_names
from tui.sources import (
    AUDIO_SUFFIXES,
    base_of_conflict,
    is_audio_name,
    is_film_name,
    is_ignored,
    is_ignored_folder,
    is_temporary,
)

_NOTE = b"PTT-20240815-WA0003.opus"

_HALF_WRITTEN = [
    b".syncthing." + _NOTE + b".tmp",
    b"~syncthing~" + _NOTE + b".tmp",
    b".syncthing." + b"0" * 64 + b".tmp",
    b"." + _NOTE + b".aB3xYz",
    b"a.opus.1a2b3c4d.partial",
    b"a.opus.part",
    b"a.opus.PART",
    b"a.opus.crdownload",
    b"a.opus.tacitpart",
    b"a.opus.filepart",
    b"a.opus.!sync",
    b"a.opus.!ut",
    b"a.opus.aria2",
    b"a.opus.tmp",
    b".a.opus.~1f2e",
    b".pending-1723728393-a.opus",
    b"9f8e7d.enc.tmp",
    b"a.opus_exiftool_tmp",
    b".a\nb.opus.Xy12zQ",
    b".\xff\xfe.opus.Xy12zQ",
]
_RUBBISH = [
    b".trashed-1723728393-a.opus",
    b".nomedia",
    b"._" + _NOTE,
    b"._sync_0123456789ab.db",
    b".sync_0123456789ab.db-wal",
    b".owncloudsync.log",
    b".dropbox.attr",
    b".SyncID",
    b".stignore",
    b".DS_Store",
    b".hidden.opus",
    b".a.opus.icloud",
    b"Icon\r",
    b"Thumbs.db",
    b"thumbs.DB",
    b"ehthumbs_vista.db",
    b"desktop.ini",
    b"x.enc",
    b"x.chck",
    b"x.prog.thumb.jpg",
    b"d041.mmsthumb",
    b"x.thumb",
    b"a.opus~",
    b"~$memo.m4a",
    b".~lock.a.opus#",
    b"a.rslsv",
    b"a.opus.swp",
    b"msgstore-increment-1-2024.crypt15",
]
_NOTES = [
    _NOTE,
    b"AUD-20240815-WA0012.m4a",
    b"PTT-20170405-WA0000.aac",
    b"VID-20240815-WA0001.mp4",
    b"PTT-20240815-WA0003 (1).opus",
    b"WhatsApp Ptt 2026-06-22 at 11.43.37.ogg",
    b"WhatsApp Audio 2021-04-28 at 00.54.02 (1).mpeg",
    b"00000012-AUDIO-2024-08-15-13-26-33.OPUS",
    b"audio_12@15-08-2024_13-26-33.ogg",
    b"signal-2024-08-15-132633.aac",
    b"20260115 091500-ABCDEF01.qta",
    b"voice-message.ogg",
    b"Audio Message.caf",
    b"Voice 001.amr",
    b"My recording 1.3ga",
    b"notes.2024.m4a",
    "Ana \u2013 K\u00fcche.ogg".encode(),
    b"tmp.opus",
    b"part.mp3",
    b"x.tmp.opus",
    b"a~b.wav",
    b"~a.flac",
    b"A.WAV",
]


@pytest.mark.parametrize("name", _HALF_WRITTEN)
def test_half_written_names_are_temporary_and_ignored(name: bytes) -> None:
    """What a tool writes under such a name is no note before it is renamed."""
    assert is_temporary(name)
    assert is_ignored(name)


@pytest.mark.parametrize("name", _RUBBISH)
def test_rubbish_is_ignored_but_not_awaited(name: bytes) -> None:
    """Marks, caches and trash are never shown, and nobody waits for them."""
    assert is_ignored(name)
    assert not is_temporary(name)


@pytest.mark.parametrize("name", [*_NOTES, *hostile_names()])
def test_notes_are_kept(name: bytes) -> None:
    """Names of recordings are recordings, however strange."""
    assert is_audio_name(name)
    assert not is_ignored(name)
    assert not is_temporary(name)


@pytest.mark.parametrize(
    "name",
    [b"_chat.txt", b"msgstore.db", b"a.jpg", b"a.mkv", b"opus", b"", b"a.", b"a.opus "],
)
def test_other_files_are_no_recordings(name: bytes) -> None:
    """Other suffixes, and no suffix, are no note."""
    assert not is_audio_name(name)


def test_films_share_some_suffixes() -> None:
    """What may be a film is also what may be a note."""
    assert is_film_name(b"a.MP4")
    assert is_film_name(b"a.webm")
    assert is_film_name(b"a.MOV")
    assert is_audio_name(b"a.MOV")
    assert not is_film_name(b"a.opus")
    assert b".mp4" in AUDIO_SUFFIXES


@pytest.mark.parametrize(
    "name",
    [
        *(
            b".stfolder",
            b".stfolder (1)",
            b".stversions",
            b".~tmp~",
            b".sync",
            b".thumbnails",
        ),
        *(
            b".Trash-1000",
            b".Statuses",
            b"@eaDir",
            b"#recycle",
            b"@__thumb",
            b"__MACOSX",
        ),
        *(
            b"$RECYCLE.BIN",
            b"System Volume Information",
            b"lost+found",
            b".dropbox.cache",
        ),
    ],
)
def test_folders_without_notes(name: bytes) -> None:
    """Nothing is looked for in the folders of tools and systems."""
    assert is_ignored_folder(name)


@pytest.mark.parametrize("name", [b"202438", b"Family", b"Sent", b"[", b"\xff", b"a.b"])
def test_folders_with_notes(name: bytes) -> None:
    """Other folders are looked into."""
    assert not is_ignored_folder(name)


@pytest.mark.parametrize(
    ("name", "base"),
    [
        (b"PTT-20240815-WA0003.sync-conflict-20240816-101112-ABCDEFG.opus", _NOTE),
        (b"PTT-20240815-WA0003.sync-conflict-20240816-101112.opus", _NOTE),
        (b"PTT-20240815-WA0003~20240816-101112.opus", _NOTE),
        (b"a (conflicted copy 2024-08-16 101112).opus", b"a.opus"),
        (b"a (conflicted copy ana 2024-08-16 101112).opus", b"a.opus"),
        (b"a_conflict-20240816-101112.opus", b"a.opus"),
        (b"a (Ana's conflicted copy 2024-08-16).opus", b"a.opus"),
        (b"a (Anas in Konflikt stehende Kopie 2024-08-16).opus", b"a.opus"),
        (b"a (copie en conflit de Ana 2024-08-16).opus", b"a.opus"),
        (b"PTT-20240815-WA0003 (1).opus", _NOTE),
        (b"PTT-20240815-WA0003(2).opus", _NOTE),
        (b"PTT-20240815-WA0003_(2).opus", _NOTE),
        (b"a.conflict1.opus", b"a.opus"),
        (b"a..path1.opus", b"a.opus"),
        (b"a.path2.opus", b"a.opus"),
        (b"a - Copy.opus", b"a.opus"),
        (b"a - Copy (2).opus", b"a.opus"),
        (b"a\nb\xff (1).opus", b"a\nb\xff.opus"),
        (b"a (1)", None),
        (b"Meeting (2024).m4a", None),
        (b"a (Ana).opus", None),
        (b"a~b.opus", None),
        (b"conflict.opus", None),
        (_NOTE, None),
        (b"(1).opus", None),
        (b"", None),
    ],
)
def test_copies_name_their_base(name: bytes, base: bytes | None) -> None:
    """Marks of conflict copies and duplicates are taken off; nothing else is."""
    assert base_of_conflict(name) == base


@given(st.binary(max_size=255))
def test_any_bytes_are_a_name(name: bytes) -> None:
    """No name raises, and a temporary one is always ignored."""
    is_audio_name(name)
    is_ignored_folder(name)
    base = base_of_conflict(name)
    assert base is None or len(base) < len(name)
    assert is_ignored(name) or not is_temporary(name)
