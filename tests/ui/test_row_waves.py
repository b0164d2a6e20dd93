"""Waveforms of rows that have none: which are asked for, and in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes import sample_library
from tui.model import NoteId, NoteState
from tui.screens._row_waves import RowWaves
from tui.widgets.note_tree import NoteTree

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    import pytest

    from tests.ui.conftest import Browser

    Browsing = Callable[..., AbstractAsyncContextManager[Browser]]

ROW = sample_library().notes[NoteId(1)]._replace(duration_ms=42_000, wave=b"")


def test_what_is_in_view_is_asked_for_once() -> None:
    """From the top: the last request is the first that is served."""
    asked: list[NoteId] = []
    waves = RowWaves(asked.append)
    rows = [ROW._replace(id=NoteId(i)) for i in range(1, 51)]
    waves.asked(NoteId(2))
    waves.ask(rows)
    assert asked == [*range(31, 2, -1), 1]
    waves.ask(rows)
    assert asked[30:] == [*range(50, 31, -1)]
    waves.ask(rows)
    assert len(asked) == 49


def test_what_has_one_or_would_take_long_is_not_asked_for() -> None:
    """Nor what can't be read."""
    asked: list[NoteId] = []
    waves = RowWaves(asked.append)
    waves.ask(
        [
            ROW._replace(wave=bytes(12)),
            ROW._replace(duration_ms=15 * 60_000),
            ROW._replace(duration_ms=None),
            *(ROW._replace(state=state) for state in NoteState if state != "ready"),
        ]
    )
    assert asked == []
    waves.ask([ROW])
    assert asked == [1]


async def test_the_rows_of_an_open_group_get_their_waveforms(
    browsing: Browsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the tree stands still; what the details ask for is asked for once."""
    monkeypatch.setattr(NoteTree, "REST_S", 0.02)
    async with browsing() as browser:
        await browser.press("enter", "j")
        asked = browser.fakes.indexing.asked
        tree = browser.app.main.note_tree
        lines = browser.app.size.height - 3
        keys = tree.order(tree.cursor_group)[: lines - 1]
        rows = [browser.fakes.library.notes[key] for key in keys]
        wanted = {row.id for row in rows if row.state is NoteState.READY}
        await browser.until(
            lambda: {each[1] for each in asked if each[0] == "request_peaks"} >= wanted
        )
        assert len(asked) == len({*asked})
