"""Lists of values in a statement."""

from __future__ import annotations

import pytest

from tui.library._connection import listed


@pytest.mark.parametrize(
    ("count", "marks"), [(1, 1), (2, 2), (3, 4), (4, 4), (5, 8), (500, 512), (512, 512)]
)
def test_listed(count: int, marks: int) -> None:
    """All values are there, and few different numbers of marks."""
    text, values = listed(list(range(count)))
    assert text == ",".join("?" * marks)
    assert len(values) == marks
    assert set(values) == set(range(count))


def test_an_empty_list() -> None:
    """It has no marks; SQLite takes `IN ()`."""
    assert listed([]) == ("", ())
