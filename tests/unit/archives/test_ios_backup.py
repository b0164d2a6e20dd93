"""Backups of an iPhone: which files they show, and what stops them."""

from __future__ import annotations

import io
import os
import plistlib
import random
import shutil
import sqlite3
import sys
from contextlib import closing
from importlib import import_module
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.ios import (
    HOME,
    MEDIA,
    MEMOS,
    PERSON,
    SENT,
    WHATSAPP,
    index_of,
    make_backup,
)
from tui.archives import _ios_crypt
from tui.archives._ios_backup import IosBackupFormat
from tui.errors import DocumentError, LockedError, PartialError

if TYPE_CHECKING:
    from pathlib import Path

_NOTE = f"Message/Media/{PERSON}/0/a/1.opus"
_BUSINESS = "AppDomainGroup-group.net.whatsapp.WhatsAppSMB.shared"
_WANTED = [
    (WHATSAPP, "ChatStorage.sqlite"),
    (WHATSAPP, "ChatStorage.sqlite-wal"),
    (WHATSAPP, "ContactsV2.sqlite"),
    (WHATSAPP, "LID.sqlite"),
    (WHATSAPP, _NOTE),
    (WHATSAPP, f"Message/Media/{PERSON}/0/a/2.M4A"),
    (WHATSAPP, f"Message/Media/{PERSON}/0/a/round.mp4"),
    (_BUSINESS, _NOTE),
    (_BUSINESS, "ChatStorage.sqlite"),
    (MEMOS, "Recordings/20240815 132633-1A2B3C4D.m4a"),
    (MEMOS, "Recordings/New Recording 3.qta"),
    (MEMOS, "Recordings/CloudRecordings.db"),
    (MEMOS, "Recordings/CloudRecordings.db-wal"),
    (MEMOS, "Recordings/Recordings.db"),
    (HOME, "Library/SMS/sms.db"),
    (MEDIA, "Library/SMS/Attachments/ab/11/GUID/Audio Message.caf"),
    (MEDIA, "Library/SMS/Attachments/ab/11/GUID/Audio Message.amr"),
    (HOME, "Library/Voicemail/1.amr"),
    (HOME, "Library/Voicemail/voicemail.db"),
]
_LEFT_OUT = [
    (WHATSAPP, f"Message/Media/{PERSON}/0/a/1.jpg"),
    (WHATSAPP, "Media/Profile/1.opus"),
    (WHATSAPP, "Message/Media/../../../1.opus"),
    (WHATSAPP, "/Message/Media/1/1.opus"),
    (WHATSAPP, "Message/Media//1.opus"),
    (WHATSAPP, "Message/Media/\0/1.opus"),
    (WHATSAPP, "Message/Media/./1.opus"),
    ("CameraRollDomain", "Media/DCIM/100APPLE/IMG_1.mp4"),
    (HOME, "Library/Notes/notes.sqlite"),
    (MEDIA, "Library/SMS/Attachments/ab/11/GUID/IMG_1.heic"),
    (MEMOS, "Recordings/1.composition/fragments/1.m4a"),
]


def _members(index: Path, *secrets: bytes) -> dict[str, tuple[int, int]]:
    with closing(IosBackupFormat().open(os.fsencode(index), secrets)) as archive:
        return {
            member.path.decode(): (member.size, member.mtime_ns)
            for member in archive.members()
        }


@pytest.mark.parametrize(
    ("name", "fits"),
    [(b"Manifest.db", True), (b"manifest.db", False), (b"Manifest.mbdb", False)],
)
def test_the_name_of_the_index(name: bytes, *, fits: bool) -> None:
    """Only the index of a backup of iOS 10 and later fits."""
    assert IosBackupFormat().fits(b"/backup", name) is fits


def test_only_files_that_matter_are_members(tmp_path: Path) -> None:
    """Notes and what tells about them; nothing that leaves its folder."""
    files = dict.fromkeys([*_WANTED, *_LEFT_OUT], b"data")
    index = make_backup(tmp_path / "b", files)
    assert _members(index) == {
        f"{domain}/{path}": (4, SENT * 10**9) for domain, path in _WANTED
    }


def test_a_member_of_a_plain_backup_is_the_real_file(tmp_path: Path) -> None:
    """So that a player can be given its place."""
    index = make_backup(tmp_path / "b", {(WHATSAPP, _NOTE): b"OggS"})
    name = f"{WHATSAPP}/{_NOTE}".encode()
    with closing(IosBackupFormat().open(os.fsencode(index), ())) as archive:
        with archive.open(name) as file:
            assert os.fstat(file.fileno()).st_size == 4
            assert file.read() == b"OggS"
        for gone in (name + b"x", b"CameraRollDomain/x.opus", b"", b"\xff/\xff"):
            with pytest.raises(FileNotFoundError):
                archive.open(gone)


def test_nothing_is_written_beside_a_backup(tmp_path: Path) -> None:
    """Reading its index in WAL mode makes no log."""
    index = make_backup(tmp_path / "b", {(WHATSAPP, _NOTE): b"OggS"})
    before = sorted(os.walk(index.parent))
    _members(index)
    assert sorted(os.walk(index.parent)) == before


def test_files_that_are_not_there_are_left_out(tmp_path: Path) -> None:
    """Missing files, folders and links in their place, and ids that are none."""
    files = {(WHATSAPP, f"Message/Media/1/{n}.opus"): b"data" for n in range(4)}
    index = make_backup(tmp_path / "b", files)
    real = sorted(path for path in index.parent.glob("??/*") if path.is_file())
    real[0].unlink()
    real[1].unlink()
    real[1].mkdir()
    real[2].unlink()
    real[2].symlink_to(index)
    assert len(_members(index)) == 1


def test_an_index_without_facts_still_lists(tmp_path: Path) -> None:
    """Where the keyed archive is broken, the file itself tells size and time."""
    index = make_backup(tmp_path / "b", {(WHATSAPP, _NOTE): b"OggS"})
    (place,) = index.parent.glob("??/*")
    os.utime(place, (5, 5))
    index.unlink()
    path = f"Message/Media/{PERSON}/0/a/1.opus"
    for blob in (None, b"bplist00", b"", 7, b"bplist00" + bytes(40), "text"):
        rows = [(place.name, WHATSAPP, path, 1, blob), ("../x", WHATSAPP, path, 1, 1)]
        index_of(index, [*rows, (None, None, None, 1, None), (1, WHATSAPP, 1, 1, 1)])
        assert _members(index) == {f"{WHATSAPP}/{path}": (4, 5 * 10**9)}
        index.unlink()


@given(blob=st.binary(max_size=200), cut=st.integers(0, 400))
def test_no_keyed_archive_breaks_the_list(blob: bytes, cut: int) -> None:
    """Whatever stands there, it is facts or none."""
    from tests.support.ios import _blob
    from tui.archives._ios_backup import _facts

    whole = _blob("a", 1, 2, b"k" * 44)
    for data in (blob, whole[:cut] + blob + whole[cut + len(blob) :], whole[:cut]):
        _facts(data)
    assert _facts(whole) == (1, 2, b"k" * 44)


def test_what_is_no_backup(tmp_path: Path) -> None:
    """A file of that name alone is none."""
    lone = index_of(tmp_path / "Manifest.db", [])
    with pytest.raises(DocumentError, match="no index of a backup") as caught:
        _members(lone)
    assert not isinstance(caught.value, PartialError)
    with pytest.raises(OSError, match="No such file"):
        _members(tmp_path / "gone" / "Manifest.db")


def test_an_index_of_something_else(tmp_path: Path) -> None:
    """A database without the table of files is an error, not a crash."""
    index = make_backup(tmp_path / "b", {(WHATSAPP, _NOTE): b"OggS"})
    index.write_bytes(b"no database, but long enough to have no doubt of it")
    with pytest.raises(DocumentError, match="no database"):
        _members(index)
    index.unlink()
    from tests.support.ios import memos

    memos(index)
    with pytest.raises(DocumentError, match="no index of a backup"):
        _members(index)


def _without(name: str) -> object:
    return lambda folder: (folder / name).unlink()


def _shorter(name: str, size: int) -> object:
    return lambda folder: os.truncate(folder / name, size)


def _unfinished(folder: Path) -> None:
    status = plistlib.dumps({"SnapshotState": "uploading"})
    (folder / "Status.plist").write_bytes(status)


def _without_files(folder: Path) -> None:
    for shard in folder.glob("??"):
        shutil.rmtree(shard)


@pytest.mark.parametrize(
    "spoil",
    [
        _without("Manifest.plist"),
        _without_files,
        _shorter("Manifest.plist", 20),
        _shorter("Manifest.db", 0),
        _shorter("Manifest.db", 10),
        _shorter("Manifest.db", 50),
        _shorter("Manifest.db", 5000),
        _unfinished,
    ],
)
def test_a_backup_that_is_still_being_copied(tmp_path: Path, spoil: object) -> None:
    """It is looked at again when more has come."""
    assert callable(spoil)
    index = make_backup(tmp_path / "b", {(WHATSAPP, _NOTE): b"OggS"})
    spoil(index.parent)
    with pytest.raises(PartialError):
        _members(index)


def test_a_backup_without_status_is_read(tmp_path: Path) -> None:
    """Other programs than Apple's write none."""
    index = make_backup(tmp_path / "b", {(WHATSAPP, _NOTE): b"OggS"})
    (index.parent / "Status.plist").unlink()
    assert len(_members(index)) == 1


def test_an_encrypted_backup_without_a_passphrase_is_locked(tmp_path: Path) -> None:
    """Without a passphrase, or without what opens it, the user is told what to do."""
    index = make_backup(tmp_path / "b", {(WHATSAPP, _NOTE): b"OggS"}, "hunter2")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "iphone_backup_decrypt", None)
        with pytest.raises(LockedError, match=r"install earmark\[ios\]"):
            _members(index, b"hunter2")


@pytest.mark.needs("ios")
def test_the_passphrase_of_an_encrypted_backup(tmp_path: Path) -> None:
    """The first passphrase that fits opens it; wrong ones alone do not."""
    index = make_backup(tmp_path / "b", {(WHATSAPP, _NOTE): b"OggS"}, "hunter2")
    with pytest.raises(LockedError, match="is encrypted: earmark key add"):
        _members(index)
    with pytest.raises(LockedError, match="the passphrase does not open it"):
        _members(index, b"wrong", b"")
    assert _members(index, b"wrong", b"hunter2") == {
        f"{WHATSAPP}/{_NOTE}": (4, SENT * 10**9)
    }


@pytest.mark.needs("ios")
@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 65_536, 200_001])
def test_decrypted_members(
    tmp_path: Path, size: int, capfd: pytest.CaptureFixture[str]
) -> None:
    """Bytes and size are those of the plain file, from wherever it is read."""
    data = random.Random(size).randbytes(size)
    index = make_backup(tmp_path / "b", {(WHATSAPP, _NOTE): data}, "pass\u00e9")
    secret = "pass\u00e9".encode()
    name = f"{WHATSAPP}/{_NOTE}"
    assert _members(index, secret)[name][0] == size
    with (
        closing(IosBackupFormat().open(os.fsencode(index), [secret])) as archive,
        archive.open(name.encode()) as file,
    ):
        assert file.read() == data
        assert file.seek(0, io.SEEK_END) == size
        for at in (0, 1, 15, 16, 17, size // 2, max(size - 1, 0), size + 5):
            file.seek(at)
            assert file.read(40) == data[at : at + 40]
    assert capfd.readouterr() == ("", "")


@pytest.mark.needs("ios")
def test_a_wrong_size_in_the_index_is_not_believed(tmp_path: Path) -> None:
    """Of a database that was in use the index tells an older size."""
    files = {(WHATSAPP, "ChatStorage.sqlite"): b"x" * 1000}
    for told in (10, 999_999):
        index = make_backup(tmp_path / str(told), files, "hunter2", told_size=told)
        assert _members(index, b"hunter2") == {
            f"{WHATSAPP}/ChatStorage.sqlite": (1000, SENT * 10**9)
        }
    plain = make_backup(tmp_path / "plain", files, told_size=10)
    assert list(_members(plain).values()) == [(1000, SENT * 10**9)]


@pytest.mark.needs("ios")
def test_a_cut_member_gives_what_is_there(tmp_path: Path) -> None:
    """A file that is still being copied is shorter, not an error."""
    index = make_backup(tmp_path / "b", {(WHATSAPP, _NOTE): bytes(1000)}, "hunter2")
    (place,) = index.parent.glob("??/*")
    os.truncate(place, 500)
    name = f"{WHATSAPP}/{_NOTE}"
    with (
        closing(IosBackupFormat().open(os.fsencode(index), [b"hunter2"])) as archive,
        archive.open(name.encode()) as file,
    ):
        assert file.read() == bytes(496)


@pytest.mark.needs("ios")
def test_no_decrypted_byte_gets_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The decrypted index lies in a file without a name, and members in memory."""
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr("tempfile.tempdir", None)
    index = make_backup(tmp_path / "b", {(WHATSAPP, _NOTE): b"OggS"}, "hunter2")
    with closing(IosBackupFormat().open(os.fsencode(index), [b"hunter2"])) as archive:
        assert list(place.iterdir()) == []
        assert len(list(archive.members())) == 1
        with archive.open(f"{WHATSAPP}/{_NOTE}".encode()) as file:
            assert file.read() == b"OggS"
            assert list(place.iterdir()) == []


@pytest.mark.needs("ios")
def test_a_passphrase_is_stretched_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes seconds on a real backup: also a wrong one is remembered."""
    utils = import_module("iphone_backup_decrypt.utils")
    index = make_backup(tmp_path / "b", {(WHATSAPP, _NOTE): b"OggS"}, "hunter2")
    _ios_crypt._opened_bag.cache_clear()
    assert len(_members(index, b"wrong", b"hunter2")) == 1
    monkeypatch.setattr(utils, "BackupKeyBag", None)
    assert len(_members(index, b"wrong", b"hunter2")) == 1


def _change_manifest(index: Path, **values: object) -> None:
    path = index.parent / "Manifest.plist"
    manifest = {**plistlib.loads(path.read_bytes()), **values}
    path.write_bytes(plistlib.dumps(manifest))


@pytest.mark.needs("ios")
@pytest.mark.parametrize(
    "values",
    [
        {"BackupKeyBag": b""},
        {"BackupKeyBag": b"SALT\0\0\0\1x"},
        {"BackupKeyBag": "text"},
        {"BackupKeyBag": b"TYPE\0\0\0\4\0\0\0\x09"},
        {"ManifestKey": b"short"},
        {"ManifestKey": bytes(44)},
        {"ManifestKey": 7},
    ],
)
def test_broken_keys(tmp_path: Path, values: dict[str, object]) -> None:
    """A key bag that can't be understood is an error, not a crash."""
    index = make_backup(tmp_path / "b", {(WHATSAPP, _NOTE): b"OggS"}, "hunter2")
    _change_manifest(index, **values)
    with pytest.raises(DocumentError):
        _members(index, b"hunter2")


@pytest.mark.needs("ios")
def test_an_encrypted_index_that_is_cut_off(tmp_path: Path) -> None:
    """It opens with the passphrase, and is found too short."""
    files = {(WHATSAPP, f"Message/Media/1/{n}.opus"): b"" for n in range(50)}
    index = make_backup(tmp_path / "b", files, "hunter2")
    os.truncate(index, 8192)
    with pytest.raises(PartialError, match="cut off"):
        _members(index, b"hunter2")


@pytest.mark.needs("ios")
@pytest.mark.parametrize("wrapped", [b"short", bytes(44), b"\3\0\0\0" + bytes(40)])
def test_a_member_whose_key_is_broken(tmp_path: Path, wrapped: bytes) -> None:
    """It is listed, since it is there, but can't be read."""
    index = make_backup(tmp_path / "b", {(WHATSAPP, _NOTE): b"OggS"}, "hunter2")
    name = f"{WHATSAPP}/{_NOTE}"
    with closing(IosBackupFormat().open(os.fsencode(index), [b"hunter2"])) as archive:
        number, blob = archive._index.execute(
            "SELECT fileID, file FROM Files"
        ).fetchone()
        archive._index.close()
        archive._index = sqlite3.connect(":memory:")
        archive._index.execute(
            "CREATE TABLE Files (fileID, domain, relativePath, flags, file)"
        )
        thing = plistlib.loads(blob)
        thing["$objects"][3]["NS.data"] = wrapped
        row = (
            number,
            WHATSAPP,
            _NOTE,
            1,
            plistlib.dumps(thing, fmt=plistlib.FMT_BINARY),
        )
        archive._index.execute("INSERT INTO Files VALUES (?, ?, ?, ?, ?)", row)
        assert [member.size for member in archive.members()] == [4]
        with pytest.raises(OSError, match="can't be unwrapped"):
            archive.open(name.encode())
