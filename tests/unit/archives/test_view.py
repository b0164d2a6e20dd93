"""Folders, real or inside of an archive, as detection and documents look at them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support.zips import packed
from tui.archives import FolderView

if TYPE_CHECKING:
    from pathlib import Path

_FILES = {
    "_chat.txt": b"hello",
    "a.opus": b"12345",
    "Media/Ana/b.opus": b"678",
    "Media/c.opus": b"9",
}


@pytest.fixture(params=["folder", "zip"])
def view(request: pytest.FixtureRequest, tmp_path: Path) -> FolderView:
    """The same files in a folder and in a zip."""
    if request.param == "zip":
        (tmp_path / "a.zip").write_bytes(packed(*_FILES.items()))
        return FolderView(os.fsencode(tmp_path / "a.zip") + b"/")
    for name, data in _FILES.items():
        path = tmp_path / "a" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return FolderView(os.fsencode(tmp_path / "a"))


@pytest.mark.usefixtures("no_leak")
def test_a_zip_looks_like_a_folder(view: FolderView) -> None:
    """Names, folders, sub-folders, files and their heads are the same."""
    assert sorted(view.names()) == [b"Media", b"_chat.txt", b"a.opus"]
    assert view.is_folder(b"Media")
    assert not view.is_folder(b"a.opus")
    assert not view.is_folder(b"gone")
    media = view.folder(b"Media")
    assert sorted(media.names()) == [b"Ana", b"c.opus"]
    assert media.is_folder(b"Ana")
    assert media.folder(b"Ana").names() == [b"b.opus"]
    for folder, name in ((view, b"Media/Ana/b.opus"), (media, b"Ana/b.opus")):
        with folder.open(name) as file:
            assert file.read() == b"678"
    assert media.head(b"c.opus", 64) == b"9"
    assert view.head(b"a.opus", 3) == b"123"


@pytest.mark.usefixtures("no_leak")
def test_what_is_not_there_is_empty(view: FolderView) -> None:
    """Only opening a file fails."""
    assert view.folder(b"gone").names() == []
    assert view.folder(b"a.opus").names() == []
    assert view.head(b"gone", 9) == b""
    assert view.head(b"Media", 9) == b""
    for name in (b"gone", b"Media", b"Media/gone"):
        with pytest.raises(OSError, match=r"No such|regular"):
            view.open(name)


def test_paths_lead_back(view: FolderView) -> None:
    """The path of a sub-folder makes the same view."""
    again = FolderView(view.folder(b"Media").folder(b"Ana").path)
    assert again.names() == [b"b.opus"]
    assert again.head(b"b.opus", 9) == b"678"


@pytest.mark.parametrize(
    "data",
    [b"no zip", packed(("a", b"1"))[:-5], b""],
    ids=["no zip", "cut off", "empty"],  # the bytes tell the time: no id of a test
)
def test_a_broken_zip_is_an_empty_folder(tmp_path: Path, data: bytes) -> None:
    """Who looks at folders need not know what an archive is."""
    (tmp_path / "a.zip").write_bytes(data)
    view = FolderView(os.fsencode(tmp_path / "a.zip") + b"/")
    assert view.names() == []
    assert view.head(b"a", 4) == b""


def test_a_view_of_a_changed_zip_is_made_anew(tmp_path: Path) -> None:
    """One view keeps the names that it saw; the next one sees the new ones."""
    path = tmp_path / "a.zip"
    path.write_bytes(packed(("a", b"1")))
    name = os.fsencode(path) + b"/"
    view = FolderView(name)
    assert view.names() == [b"a"]
    path.write_bytes(packed(("b", b"1"), ("c", b"2")))
    assert view.names() == [b"a"]
    assert sorted(FolderView(name).names()) == [b"b", b"c"]
    path.unlink()
    assert FolderView(name).names() == []


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    """They could lead in a circle."""
    (tmp_path / "x").mkdir()
    (tmp_path / "y").symlink_to(tmp_path / "x")
    view = FolderView(os.fsencode(tmp_path))
    assert view.is_folder(b"x")
    assert not view.is_folder(b"y")


def test_the_root_is_a_folder() -> None:
    """Its path is a slash, and no archive."""
    view = FolderView(b"/")
    assert b"proc" in view.names()
    assert view.folder(b"proc").path == b"/proc"


def test_pipes_have_no_head(tmp_path: Path) -> None:
    """And nobody waits for one."""
    os.mkfifo(tmp_path / "pipe")
    assert FolderView(os.fsencode(tmp_path)).head(b"pipe", 9) == b""
