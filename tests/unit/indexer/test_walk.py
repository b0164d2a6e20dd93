"""Reading folders and trees."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Self

import pytest

from tests.support.notes import hostile_names
from tui.indexer._walk import (
    Entry,
    NameRules,
    absolute,
    below,
    entry_of,
    is_vanished,
    read,
    walk,
)

if TYPE_CHECKING:
    from pathlib import Path

_LATER_NS = 4_000_000_000_000_000_000

RULES = NameRules(
    is_ignored=lambda name: name.startswith(b"."),
    is_temporary=lambda name: name.endswith(b".tmp"),
    is_ignored_folder=lambda name: name.startswith(b"."),
)


def _names(root: bytes, start: bytes = b"") -> list[bytes]:
    return [
        below(entry.folder, entry.name)
        for listing in walk(root, RULES, lambda: _LATER_NS, start=start)
        for entry in sorted(listing.files)
    ]


def test_paths() -> None:
    """Paths are joined without doubled slashes, also at the root of everything."""
    assert absolute(b"/r/", b"", b"a") == b"/r/a"
    assert absolute(b"/", b"a", b"b") == b"/a/b"
    assert absolute(b"/") == b"/"
    assert below(b"", b"a") == b"a"
    assert below(b"a", b"b") == b"a/b"


def test_is_vanished() -> None:
    """Only an error that says so means that a path is gone."""
    assert is_vanished(FileNotFoundError())
    assert is_vanished(NotADirectoryError())
    assert not is_vanished(PermissionError())


def test_one_folder(tmp_path: Path) -> None:
    """A folder tells files, folders, temporary names, and nothing that is ignored."""
    root = os.fsencode(tmp_path)
    (tmp_path / "a.opus").write_bytes(b"12345")
    (tmp_path / ".x.tmp").write_bytes(b"1")
    (tmp_path / ".hidden").write_bytes(b"1")
    (tmp_path / "202401").mkdir()
    (tmp_path / "202402").mkdir()
    (tmp_path / ".stversions").mkdir()
    os.mkfifo(tmp_path / "pipe.opus")
    listing = read(root, b"", RULES, _LATER_NS)
    status = (tmp_path / "a.opus").stat()
    assert listing.files == [
        Entry(b"", b"a.opus", 5, status.st_mtime_ns, status.st_ino)
    ]
    assert listing.folders == [b"202402", b"202401"]
    assert listing.temporary == [(b".x.tmp", (tmp_path / ".x.tmp").stat().st_ino)]
    assert listing.complete
    assert not listing.problems
    assert listing.mtime_ns == tmp_path.stat().st_mtime_ns


def test_a_folder_that_just_changed_has_no_time(tmp_path: Path) -> None:
    """What changes within the same tick of the clock would never be noticed."""
    root = os.fsencode(tmp_path)
    now = tmp_path.stat().st_mtime_ns
    assert read(root, b"", RULES, now + 1_000_000).mtime_ns == 0
    assert read(root, b"", RULES, now + 1_000_000_001).mtime_ns == now


def test_the_newest_week_comes_first(tmp_path: Path) -> None:
    """Parents before children, greater names before smaller ones."""
    for name in ("202401", "202403", "202402/sub"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "a.opus").touch()
    assert _names(os.fsencode(tmp_path)) == [
        b"202403/a.opus",
        b"202402/sub/a.opus",
        b"202401/a.opus",
    ]
    assert _names(os.fsencode(tmp_path), b"202402") == [b"202402/sub/a.opus"]


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    """A loop of links ends at once; a link to a file is a file."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "n.opus").write_bytes(b"1")
    (tmp_path / "a" / "loop").symlink_to("..")
    (tmp_path / "other").symlink_to("a")
    (tmp_path / "self").symlink_to("self")
    (tmp_path / "link.opus").symlink_to("a/n.opus")
    (tmp_path / "dangling.opus").symlink_to("nowhere")
    root = os.fsencode(tmp_path)
    assert _names(root) == [b"link.opus", b"a/n.opus"]
    listing = read(root, b"", RULES, _LATER_NS)
    assert listing.complete, "what a link leads to is no file of the folder"
    assert sorted(listing.problems) == [
        (b"dangling.opus", "the link leads nowhere"),
        (b"self", "too many levels of symbolic links"),
    ]
    assert read(root, b"other", RULES, _LATER_NS).vanished
    (tmp_path / "root").symlink_to(tmp_path / "a")
    assert _names(root + b"/root") == [b"n.opus"], "the root itself may be a link"


def test_a_folder_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is there twice, as by a bind mount, is told once."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "n.opus").touch()
    real = os.stat

    def same(path: bytes, **options: bool) -> os.stat_result:
        """Tell the same inode for both folders."""
        return real(re.sub(rb"/b$", b"/a", path), **options)

    monkeypatch.setattr("tui.indexer._walk.os.stat", same)
    assert len(_names(os.fsencode(tmp_path))) == 1


def test_gone_or_no_folder(tmp_path: Path) -> None:
    """A folder that is not there is told as vanished, without a problem."""
    (tmp_path / "file").touch()
    root = os.fsencode(tmp_path)
    for name in (b"nowhere", b"file", b"file/below"):
        listing = read(root, name, RULES, _LATER_NS)
        assert listing.vanished
        assert not listing.complete
        assert not listing.problems


def test_unreadable_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that may not be read is a problem; the others are read."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "n.opus").touch()
    real = os.scandir

    def refuse(path: bytes) -> object:
        if path.endswith(b"/b"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr("tui.indexer._walk.os.scandir", refuse)
    found = list(walk(os.fsencode(tmp_path), RULES, lambda: _LATER_NS))
    bad = next(listing for listing in found if listing.folder == b"b")
    assert bad.problems == [(b"b", "permission denied")]
    assert not bad.complete
    assert not bad.vanished
    assert [entry.folder for listing in found for entry in listing.files] == [b"a"]


class _Refusing:
    """A directory entry that can't be asked."""

    name = b"x.opus"

    def __init__(self, error: OSError) -> None:
        self._error = error

    def is_dir(self, *, follow_symlinks: bool) -> bool:
        """It looks like a file."""
        return False

    def is_symlink(self) -> bool:
        """It is no link."""
        return False

    def stat(self) -> os.stat_result:
        """Refuse."""
        raise self._error


@pytest.mark.parametrize(
    ("error", "complete"),
    [(FileNotFoundError(2, "No such file"), True), (OSError(5, "I/O error"), False)],
)
def test_a_file_that_cant_be_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, complete: bool
) -> None:
    """A file that vanished is nothing; one that fails leaves the folder incomplete."""

    class _Entries(list[_Refusing]):
        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            """Nothing to close."""

    monkeypatch.setattr(
        "tui.indexer._walk.os.scandir", lambda _: _Entries([_Refusing(error)])
    )
    listing = read(os.fsencode(tmp_path), b"", RULES, _LATER_NS)
    assert listing.files == []
    assert listing.complete is complete
    assert bool(listing.problems) is not complete


def test_hostile_names(tmp_path: Path) -> None:
    """Every name that the file system takes comes back as it is."""
    root = os.fsencode(tmp_path)
    names = [name for name in hostile_names() if not name.startswith(b".")]
    for name in names:
        os.close(os.open(root + b"/" + name, os.O_CREAT | os.O_WRONLY))
    assert sorted(_names(root)) == sorted(names)


def test_values_out_of_all_bounds(tmp_path: Path) -> None:
    """Times and inodes are made to fit into 64 bits with a sign."""
    fields = [0o100644, (1 << 64) - 1, 1, 1, 0, 0, 5, 0, 10**12, 0]
    status = os.stat_result(fields, {"st_mtime_ns": 10**21})
    entry = entry_of(b"", b"a", status)
    assert entry.inode == -1
    assert entry.mtime_ns == (1 << 63) - 1
    status = os.stat_result(fields, {"st_mtime_ns": -(10**21)})
    assert entry_of(b"", b"a", status).mtime_ns == -((1 << 63) - 1)
