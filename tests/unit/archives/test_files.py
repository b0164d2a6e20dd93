"""Opening files and members of archives, which is the same for those who do."""

from __future__ import annotations

import errno
import os
import tempfile
import threading
from typing import TYPE_CHECKING, BinaryIO

import pytest

from tests.support.zips import packed, with_field
from tui import archives
from tui.archives import MARK, _files, _opened, open_file, open_quietly, split
from tui.errors import DocumentError, LockedError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tui.archives import Member

_BODY = bytes(range(256)) * 400


def _zip_at(path: Path, *files: tuple[str, bytes]) -> bytes:
    path.write_bytes(packed(*files))
    return os.fsencode(path)


def _content(path: bytes) -> bytes:
    with open_file(path) as file:
        return file.read()


def _copy(path: bytes) -> bytes:
    fd = open_quietly(path)
    with os.fdopen(fd, "rb") as file:
        return file.read()


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        (b"/a/b.opus", None),
        (b"/", None),
        (b"b.opus", None),
        (b"/a/b.zip//c.opus", (b"/a/b.zip", b"c.opus")),
        (b"/a/b.zip//x/c.opus", (b"/a/b.zip", b"x/c.opus")),
        (b"/a/b.zip/", (b"/a/b.zip", b"")),
        (b"/a/b.zip//", (b"/a/b.zip", b"")),
        (b"//a/b.opus", None),
        (b"/a.zip//b.zip//c", (b"/a.zip", b"b.zip//c")),
    ],
)
def test_a_path_tells_the_archive_from_the_member(
    path: bytes, parts: tuple[bytes, bytes] | None
) -> None:
    """By two slashes, which no file system has inside of a path."""
    assert split(path) == parts


@pytest.mark.usefixtures("no_leak")
@pytest.mark.parametrize("name", ["a.opus", "Ana/2024/a.opus"])
def test_members_and_files_are_opened_alike(tmp_path: Path, name: str) -> None:
    """As a buffered file that can be searched, and as a descriptor."""
    archive = _zip_at(tmp_path / "a.zip", (name, _BODY), ("b.txt", b"hi"))
    plain = tmp_path / "a.opus"
    plain.write_bytes(_BODY)
    for path in (os.fsencode(plain), archive + MARK + name.encode()):
        with open_file(path) as file:
            assert file.seek(-2, os.SEEK_END) == len(_BODY) - 2
            assert file.read() == _BODY[-2:]
            assert file.seek(0) == 0
            assert file.read(3) == _BODY[:3]
        fd = open_quietly(path)
        try:
            assert os.fstat(fd).st_size == len(_BODY)
            assert os.pread(fd, 9, 5) == _BODY[5:14]
            assert os.read(fd, 3) == _BODY[:3]
            assert not os.get_inheritable(fd)
        finally:
            os.close(fd)


@pytest.mark.usefixtures("no_leak")
@pytest.mark.parametrize("has_memory", [False, True])
def test_a_large_member_is_copied_to_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_memory: bool
) -> None:
    """Where nobody sees it, and where it goes when it is closed."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    if has_memory:
        monkeypatch.setattr(_files, "_IN_MEMORY", 100)
    else:
        monkeypatch.delattr(os, "memfd_create")
    archive = _zip_at(tmp_path / "a.zip", ("a.opus", _BODY))
    assert _copy(archive + b"//a.opus") == _BODY
    assert list(temporary.iterdir()) == []


@pytest.mark.usefixtures("no_leak")
def test_what_is_not_there_is_an_error_of_the_file(tmp_path: Path) -> None:
    """A file, an archive, a member, a folder in an archive, the archive as a folder."""
    archive = _zip_at(tmp_path / "a.zip", ("x/a.opus", b"1"))
    gone = (b"//b.opus", b"//x", b"//x/a.opus/", b"//a.zip//b", b"//", b"//../a.zip")
    paths = [archive + each for each in gone]
    paths += [os.fsencode(tmp_path / "gone.zip//a"), os.fsencode(tmp_path / "gone")]
    for path in paths:
        for opener in (open_file, open_quietly):
            with pytest.raises(FileNotFoundError):
                opener(path)


@pytest.mark.usefixtures("no_leak")
def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    """A folder is none, and neither is a pipe, which nobody waits for."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(OSError, match="no regular file"):
            open_file(os.fsencode(path))


@pytest.mark.usefixtures("no_leak")
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.zip", b"no zip"),
        ("a.zip", packed(("a.opus", _BODY))[:-30]),
        ("a.txt", b"no archive"),
    ],
)
def test_a_broken_archive_is_an_error_of_the_file(
    tmp_path: Path, name: str, data: bytes
) -> None:
    """Those who open recordings know of no archives."""
    (tmp_path / name).write_bytes(data)
    path = os.fsencode(tmp_path / name) + b"//a.opus"
    for opener in (open_file, open_quietly):
        with pytest.raises(OSError, match=r"zip|copied|archive") as caught:
            opener(path)
        assert caught.value.errno == errno.EIO


@pytest.mark.usefixtures("no_leak")
def test_a_member_that_breaks_leaves_no_copy(tmp_path: Path) -> None:
    """The check sum is only compared when all was unpacked."""
    (tmp_path / "a.zip").write_bytes(with_field(packed(("a", _BODY)), 0, "crc", 1))
    with pytest.raises(OSError, match="damaged"):
        open_quietly(os.fsencode(tmp_path / "a.zip") + b"//a")


@pytest.mark.usefixtures("no_leak")
def test_an_archive_that_changed_is_read_again(tmp_path: Path) -> None:
    """Another time, another size, or another file at its place."""
    path = tmp_path / "a.zip"
    archive = _zip_at(path, ("a", b"1"))
    before = os.stat(path).st_mtime_ns
    assert _content(archive + b"//a") == b"1"
    path.write_bytes(packed(("a", b"2")))
    os.utime(path, ns=(before, before + 1_000))
    assert _content(archive + b"//a") == b"2"
    path.write_bytes(packed(("a", b"3"), ("b", b"4")))
    os.utime(path, ns=(before, before + 1_000))
    assert _content(archive + b"//b") == b"4"
    other = tmp_path / "new"
    other.write_bytes(packed(("a", b"5"), ("b", b"6")))
    os.utime(other, ns=(before, before + 1_000))
    other.replace(path)
    assert _content(archive + b"//a") == b"5"
    assert sorted(_paths(archive)) == [b"a", b"b"]


def _paths(archive: bytes) -> list[bytes]:
    folders = archives.index_of(archive).files.values()
    return [member.path for members in folders for member in members]


@pytest.mark.usefixtures("no_leak")
def test_an_archive_becomes_whole(tmp_path: Path) -> None:
    """What was refused while it was copied is read when it is all there."""
    data = packed(("a", _BODY))
    path = tmp_path / "a.zip"
    path.write_bytes(data[:-10])
    archive = os.fsencode(path)
    with pytest.raises(DocumentError):
        archives.index_of(archive)
    path.write_bytes(data)
    assert _paths(archive) == [b"a"]


def test_an_archive_that_vanished_is_closed(tmp_path: Path) -> None:
    """Its disk could not be taken away otherwise, nor its room be used."""
    archive = _zip_at(tmp_path / "a.zip", ("a", b"1"))
    assert _content(archive + b"//a") == b"1"
    assert _open_files(archive) == 1
    (tmp_path / "a.zip").unlink()
    with pytest.raises(FileNotFoundError):
        open_file(archive + b"//a")
    assert _open_files(archive) == 0
    _zip_at(tmp_path / "a.zip", ("a", b"2"))
    assert _content(archive + b"//a") == b"2"


def _open_files(path: bytes) -> int:
    count = 0
    for number in os.listdir(b"/proc/self/fd"):
        try:
            count += os.readlink(b"/proc/self/fd/" + number).startswith(path)
        except OSError:  # the listing's own
            continue
    return count


def test_only_a_few_archives_stay_open(tmp_path: Path) -> None:
    """Many in turn can all be read, also members that were opened before."""
    paths = [_zip_at(tmp_path / f"{n}.zip", ("a", _BODY + b"%d" % n)) for n in range(9)]
    held = [open_file(path + b"//a") for path in paths]
    for file in held:
        file.close()
    assert _open_files(os.fsencode(tmp_path)) == 4
    held = [open_file(path + b"//a") for path in paths]
    for number, file in enumerate(held):
        with file:
            assert file.read() == _BODY + b"%d" % number
    assert _open_files(os.fsencode(tmp_path)) == 4


@pytest.mark.usefixtures("no_leak")
def test_each_thread_has_its_own_archives(tmp_path: Path) -> None:
    """They may read the same zip at once, and give it back when they end."""
    archive = _zip_at(tmp_path / "a.zip", ("a", _BODY), ("b", _BODY[::-1]))
    read: list[bytes] = []

    def both() -> bytes:
        return _copy(archive + b"//a") + _content(archive + b"//b")

    def work() -> None:
        read.extend(both() for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read == [_BODY + _BODY[::-1]] * 80


class _Locked:
    """A kind of archive that no key opens, and that counts how often one was tried."""

    def __init__(self) -> None:
        self.tried = 0

    def fits(self, folder: bytes, name: bytes) -> bool:
        return True

    def open(self, path: bytes, secrets: Sequence[bytes]) -> _Locked:
        self.tried += 1
        raise LockedError(path, "it is encrypted")


def test_keys_that_do_not_fit_are_tried_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A try takes seconds by design; a file that changed is worth another one."""
    locked = _Locked()
    monkeypatch.setattr(_opened, "_formats", lambda: (locked,))
    path = tmp_path / "Manifest.db"
    path.write_bytes(b"1")
    for _ in range(3):
        with pytest.raises(LockedError, match="it is encrypted"):
            archives.index_of(os.fsencode(path))
        with pytest.raises(OSError, match="it is encrypted"):
            open_file(os.fsencode(path) + b"//a")
    assert locked.tried == 1
    path.write_bytes(b"12")
    with pytest.raises(LockedError):
        archives.index_of(os.fsencode(path))
    assert locked.tried == 2


class _OnDisk:
    """A kind of archive whose member is a plain file beside it."""

    def fits(self, folder: bytes, name: bytes) -> bool:
        return True

    def open(self, path: bytes, secrets: Sequence[bytes]) -> _Blobs:
        return _Blobs(path.rpartition(b"/")[0])


class _Blobs:
    """That archive when it is open."""

    def __init__(self, folder: bytes) -> None:
        self._folder = folder

    def members(self) -> list[Member]:
        return []

    def open(self, path: bytes) -> BinaryIO:
        return open_file(self._folder + b"/" + path)

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.usefixtures("no_leak")
def test_a_member_on_the_disk_is_not_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its descriptor is another opening of the same file."""
    monkeypatch.setattr(_opened, "_formats", lambda: (_OnDisk(),))
    (tmp_path / "blob").write_bytes(_BODY)
    (tmp_path / "Manifest.db").write_bytes(b"1")
    fd = open_quietly(os.fsencode(tmp_path / "Manifest.db") + b"//blob")
    try:
        assert os.path.samestat(os.fstat(fd), os.stat(tmp_path / "blob"))
        assert os.read(fd, 4) == _BODY[:4]
    finally:
        os.close(fd)
