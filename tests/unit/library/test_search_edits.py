"""Saved searches and the history of searches: kept, told to others, taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.library import Edits, Library, Reader

EVIL = "\udcff[/]\u202e [b]x" + "wide 😀" * 8


@pytest.fixture
def edits(library: Library) -> Iterator[Edits]:
    """What changes the library."""
    with library.edits() as edits:
        yield edits


def test_searches_are_kept_and_remembered(
    edits: Edits, reader: Reader, library: Library
) -> None:
    """Saved ones with how they were counted; the last one made stands first."""
    edits.save_search(EVIL, "tag:boat")
    (saved,) = reader.saved_searches()
    assert saved.name == " ".join(EVIL.split())
    revision = reader.revision()
    edits.count_search(saved.id, (3, 2, 1000))
    edits.count_search(99, (3, 2, 1000))
    assert reader.saved_searches()[0][3:] == (3, 2, 1000)
    for query in ("a", EVIL, "a", "  ", "b"):
        edits.remember_search(query)
    assert reader.search_history() == ["b", "a", EVIL]
    assert reader.revision() == revision
    assert len(edits.history()) == 1
    edits.remove_search(saved.id)
    assert reader.changes_since(revision)[1].sources
    edits.undo()
    assert reader.saved_searches() == [
        saved._replace(notes=3, unplayed=2, duration_ms=1000)
    ]
    assert library.trouble == ""
