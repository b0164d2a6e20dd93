"""What merges are made of, for all of their tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.merging import notes_of, write_recordings

if TYPE_CHECKING:
    from pathlib import Path

    from tui.model import Note


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings of five containers, which no test changes."""
    folder = tmp_path_factory.mktemp("source")
    write_recordings(folder)
    return folder


@pytest.fixture(scope="session")
def notes(source: Path) -> list[Note]:
    """A note of each, a minute after the other."""
    return notes_of(source)
