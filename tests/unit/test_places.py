"""A library that lies in a source is nobody's document."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.child import ROOT
from tui.archives import FolderView, open_file, open_quietly
from tui.indexer import detect_source
from tui.library import Library
from tui.model import SourceKind
from tui.places import is_own, keep_apart

if TYPE_CHECKING:
    from pathlib import Path

_PEER = (
    "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]);"
    " db.execute('SELECT * FROM meta').fetchall(); db.close()"
)
"""What closes its connection, and takes the log away unless somebody has it open."""


def test_a_library_is_opened_by_nobody_else(tmp_path: Path) -> None:
    """By whatever name; another file is, also under the number of one that is gone."""
    path = tmp_path / "library.db"
    with Library.open(path):
        link = tmp_path / "link.db"
        link.hardlink_to(path)
        for each in (path, link):
            assert is_own(each.stat())
            with pytest.raises(PermissionError, match="own library"):
                open_quietly(os.fsencode(each))
            with pytest.raises(PermissionError, match="own library"):
                open_file(os.fsencode(each))
        assert FolderView(os.fsencode(tmp_path)).head(b"library.db", 16) == b""
        link.unlink()
    other = tmp_path / "other.db"
    path.rename(other)  # nothing of ours is at the path any more
    assert not is_own(other.stat())
    os.close(open_quietly(os.fsencode(other)))
    keep_apart(tmp_path / "none")


def test_a_search_leaves_its_log_to_the_library(tmp_path: Path) -> None:
    """What is written while others open and close the file is not lost."""
    path = tmp_path / "library.db"
    with Library.open(path) as library, closing(library.index_writer()) as writer:
        writer.add_source(b"/one", SourceKind.FOLDER, "one", 80, [])
        detect_source(os.fsencode(tmp_path))
        subprocess.run(
            [sys.executable, "-c", _PEER, str(path)], check=True, cwd=ROOT, timeout=20
        )
        writer.add_source(b"/two", SourceKind.FOLDER, "two", 80, [])
        assert path.with_name("library.db-wal").exists()
        with closing(library.reader()) as reader:
            assert len(reader.sources()) == 2
