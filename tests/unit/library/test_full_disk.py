"""A library on a disk without room: told, and whole afterwards."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest

from tests.support.library import put, record
from tui.errors import LibraryError
from tui.library import Library
from tui.model import SourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB."""
    mount, umount = shutil.which("mount"), shutil.which("umount")
    folder = tmp_path / "tiny"
    folder.mkdir()
    if mount is None or umount is None:
        pytest.skip("needs mount")
    command = [mount, "-t", "tmpfs", "-o", "size=1m", "earmark", str(folder)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount")
    try:
        yield folder
    finally:
        subprocess.run([umount, str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Leave no byte free."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass  # the end is an exception
    return filler


def test_a_full_disk_is_told(tiny: Path) -> None:
    """A new library can't be made; with room, it is."""
    filler = fill(tiny)
    with pytest.raises(LibraryError, match=r"disk is full|No space left"):
        Library.open(tiny / "l.db")
    filler.unlink()
    with Library.open(tiny / "l.db") as library:
        assert library.notice == ""


def test_a_disk_that_fills_up_stops_writing_and_nothing_else(tiny: Path) -> None:
    """The transaction is undone, reading goes on, and with room writing does."""
    with (
        Library.open(tiny / "l.db") as library,
        closing(library.index_writer()) as writer,
        closing(library.reader()) as reader,
    ):
        source_id = writer.add_source(b"/s", SourceKind.FOLDER, "s", 80, [])
        put(writer, source_id, record(b"a"))
        filler = fill(tiny)
        many = [record(b"x/%05d" % i) for i in range(2000)]
        with pytest.raises(LibraryError, match="disk is full"):
            put(writer, source_id, *many)
        assert reader.totals().notes == 1
        filler.unlink()
        put(writer, source_id, *many[:10])
        assert reader.totals().notes == 11


def test_a_library_on_a_full_disk_can_be_read(tiny: Path) -> None:
    """Its log can't be made, so that it is opened for reading."""
    with (
        Library.open(tiny / "l.db") as library,
        closing(library.index_writer()) as writer,
    ):
        source_id = writer.add_source(b"/s", SourceKind.FOLDER, "s", 80, [])
        put(writer, source_id, record(b"a"))
    fill(tiny)
    with (
        Library.open(tiny / "l.db") as library,
        closing(library.reader()) as reader,
    ):
        assert library.read_only
        assert library.notice == (
            "The library can't be written, because the disk is full;"
            " it is opened for reading only."
        )
        assert reader.totals().notes == 1
