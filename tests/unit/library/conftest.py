"""A library with one source, for each test its own."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.library import memory_folder, new_library
from tui.model import SourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.library import IndexWriter, Library, Reader
    from tui.model import SourceId


@pytest.fixture
def library() -> Iterator[Library]:
    """A new library."""
    with (
        tempfile.TemporaryDirectory(dir=memory_folder()) as folder,
        new_library(Path(folder) / "data" / "library.db") as library,
    ):
        yield library


@pytest.fixture
def writer(library: Library) -> Iterator[IndexWriter]:
    """The indexer's side of it."""
    with closing(library.index_writer()) as writer:
        yield writer


@pytest.fixture
def reader(library: Library) -> Iterator[Reader]:
    """The looking side of it."""
    with closing(library.reader()) as reader:
        yield reader


@pytest.fixture
def source_id(writer: IndexWriter) -> SourceId:
    """A source whose files are only told of, never there."""
    return writer.add_source(b"/nowhere", SourceKind.FOLDER, "Nowhere", 80, ["a test"])
