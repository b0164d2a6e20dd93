"""The search of the first start: what it finds, and where it stops."""

from __future__ import annotations

import importlib.util
import os
from typing import TYPE_CHECKING

import pytest

from tests.support import ios
from tui.errors import SourceError
from tui.indexer import Likely, likely, places, search
from tui.indexer import _likely as module
from tui.keys import add_secret
from tui.model import SourceKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VOICE = "Media/WhatsApp Voice Notes/202433/PTT-20240815-WA0001.opus"
CHAT = b"".join(b"15/08/2024, 13:2%d - Ana: hello\n" % n for n in range(5))
CARD = b"BEGIN:VCARD\nVERSION:3.0\nFN:Ana\nTEL:+491700000001\nEND:VCARD\n"
LOCKED = "Databases/msgstore.db.crypt15"


def put(path: Path, data: bytes = b"x") -> Path:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def recordings(folder: Path) -> None:
    """Fill a folder as a recorder does."""
    for day in range(1, 4):
        put(folder / f"2024-08-0{day} 10-00-00.m4a")


def found(
    home: Path, mounts: tuple[bytes, ...] = (), **how: Callable[[], float]
) -> dict[str, Likely]:
    """Search a home; gives what is left in the end, by path from the home on."""
    left: dict[str, Likely] = {}
    for each in search(places(os.fsencode(home), mounts), **how):  # type: ignore[arg-type]  # named
        if isinstance(each, Likely):
            path = os.path.relpath(os.fsdecode(each.root), home)
            left = {p: one for p, one in left.items() if not p.startswith(path + "/")}
            left[path] = each
    return left


def test_a_phone_that_is_synced(tmp_path: Path) -> None:
    """The folder of the app is proposed: media and databases lie in it."""
    app = tmp_path / "Sync" / "WhatsApp"
    put(app / VOICE)
    (one,) = found(tmp_path).values()
    assert (one.root, one.kind) == (os.fsencode(app), SourceKind.WHATSAPP_ANDROID)
    assert (one.what, one.score, one.is_sure) == ("WhatsApp on Android", 100, True)
    assert one.reasons == ("has a folder named “WhatsApp Voice Notes”",)
    assert one.needs == (
        "msgstore.db or exported chats beside it would tell who speaks",
    )


def test_only_the_media_are_synced(tmp_path: Path) -> None:
    """From the folder of voice notes up to where WhatsApp's other folders may be."""
    put(tmp_path / "Sync" / "Phone" / VOICE)
    assert list(found(tmp_path)) == ["Sync/Phone"]
    put(tmp_path / "Documents" / "WhatsApp Voice Notes" / "202433" / "PTT-1.opus")
    assert "Documents/WhatsApp Voice Notes" in found(tmp_path)


def test_a_whole_phone(tmp_path: Path) -> None:
    """Its backup is found four folders further down, and what it needs is told."""
    app = tmp_path / "storage" / "shared" / "Android" / "media" / "com.whatsapp"
    put(app / "WhatsApp" / VOICE)
    from tests.support.crypt import crypt15, packed
    from tests.support.msgstore import Row, write_msgstore

    write_msgstore(tmp_path / "m.db", [Row()])
    data = crypt15(packed((tmp_path / "m.db").read_bytes()))
    (tmp_path / "m.db").unlink()
    path = put(app / "WhatsApp" / LOCKED, data)
    (one,) = found(tmp_path).values()
    assert one.root == os.fsencode(app)
    assert one.locks == ((os.fsencode(path), False),)
    assert one.needs == (
        "the key of its encrypted backup tells chats, people and times",
    )
    add_secret(os.fsencode(tmp_path), b"sesame")
    (one,) = found(tmp_path).values()
    assert (one.locks, one.needs) == ((), ())


def test_backups_of_iphones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of them are one folder to watch; one alone is itself."""
    folder = tmp_path / "Library" / "Application Support" / "MobileSync" / "Backup"
    files = {(ios.HOME, "Library/SMS/sms.db"): b"x"}
    ios.make_backup(folder / "one", files, "secret")
    (one,) = found(tmp_path).values()
    assert (one.root, one.kind) == (
        os.fsencode(folder / "one"),
        SourceKind.IOS_BACKUP,
    )
    assert [lock.is_phone for lock in one.locks] == [True]
    assert one.needs[0] == "its passphrase opens it"
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    ios.make_backup(folder / "two", files, "secret")
    (one,) = found(tmp_path).values()
    assert one.root == os.fsencode(folder)
    assert len(one.locks) == 2
    assert one.needs[1] == "to open it: pip install 'earmark[ios]'"


def test_exports_beside_each_other(tmp_path: Path) -> None:
    """They are one source, unless nothing but the home is around them."""
    for name in ("Ana", "Bob", "Choir"):
        put(tmp_path / "Exports" / name / "_chat.txt", CHAT)
        put(tmp_path / f"Export {name}" / "_chat.txt", CHAT)
    assert sorted(found(tmp_path)) == [
        *("Export Ana", "Export Bob", "Export Choir", "Exports"),
    ]


def test_recordings_beside_each_other_in_a_folder_of_everything(
    tmp_path: Path,
) -> None:
    """All documents of somebody are no source; a folder of recordings is one."""
    for name in ("Work", "Home"):
        recordings(tmp_path / "Documents" / name)
        recordings(tmp_path / "Recordings" / name)
    assert sorted(found(tmp_path)) == [
        *("Documents/Home", "Documents/Work", "Recordings"),
    ]


def test_music_is_no_suggestion(tmp_path: Path) -> None:
    """Sound alone, without a sign of voice, is not offered."""
    put(tmp_path / "Music" / "Artist" / "song.mp3")
    assert found(tmp_path) == {}


def test_contacts_are_told_by_their_path(tmp_path: Path) -> None:
    """Also where no note lies; a source knows those in it."""
    card = put(tmp_path / "Documents" / "contacts.vcf", CARD)
    told = [x for x in search(places(os.fsencode(tmp_path), ())) if x is not None]
    assert told == [os.fsencode(card)]
    recordings(tmp_path / "Recordings")
    own = put(tmp_path / "Recordings" / "a.vcf", CARD)
    assert found(tmp_path)["Recordings"].contacts == (os.fsencode(own),)


def test_what_is_hidden_deep_or_a_programs_is_left_out(tmp_path: Path) -> None:
    """Bounded by depth; links are not followed."""
    for place in (".cache/a", "Library/a", "node_modules/a", "a/b/c/d"):
        recordings(tmp_path / place)
    (tmp_path / "link").symlink_to(tmp_path / ".cache")
    assert found(tmp_path) == {}
    recordings(tmp_path / "a" / "b" / "e")
    assert list(found(tmp_path)) == ["a/b/e"]


def test_the_home_itself_is_never_proposed(tmp_path: Path) -> None:
    """Whatever lies in it directly."""
    recordings(tmp_path)
    put(tmp_path / "_chat.txt", CHAT)
    assert found(tmp_path) == {}


def test_disks(tmp_path: Path) -> None:
    """Those of this user and of all; one that is not there is no error."""
    media = tmp_path / "media"
    recordings(media / "ana" / "STICK" / "Voice")
    recordings(media / "card" / "Recordings")
    home = tmp_path / "home"
    home.mkdir()
    mounts = (os.fsencode(media), os.fsencode(tmp_path / "none"))
    assert sorted(found(home, mounts)) == [
        *("../media/ana/STICK/Voice", "../media/card/Recordings"),
    ]


def test_it_ends_when_the_time_is_over_or_nobody_asks(tmp_path: Path) -> None:
    """Two seconds by the clock, whatever there is."""
    recordings(tmp_path / "Recordings")
    times = iter([0.0, 3.0])
    assert found(tmp_path, clock=lambda: next(times)) == {}
    assert found(tmp_path, is_stopped=lambda: True) == {}
    assert list(search([])) == []


def test_it_ends_after_so_many_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tree without end is left alone."""
    monkeypatch.setattr(module, "FOLDERS", 10)
    for number in range(40):
        recordings(tmp_path / f"z{number:02d}")
    assert len(found(tmp_path)) == 9  # the home counts too


def test_a_folder_that_is_typed(tmp_path: Path) -> None:
    """It may hold nothing yet; a file is refused with what to name instead."""
    empty = likely(os.fsencode(tmp_path))
    assert (empty.score, empty.reasons) == (60, ("no recordings yet", "chosen by you"))
    path = put(tmp_path / "chat.zip")
    with pytest.raises(SourceError, match="name the folder that it lies in"):
        likely(os.fsencode(path))
