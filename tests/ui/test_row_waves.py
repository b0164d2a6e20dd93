"""Waveforms of rows that have none: which are asked for, and in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes import sample_library
from tests.support.memory_library import START_MS, MemoryLibrary
from tests.support.tree_app import TreeApp, screen_of
from tui.model import NoteId, NoteState
from tui.screens._row_waves import RowWaves
from tui.widgets.note_tree import NoteTree

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

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


def _two_chats(notes: int) -> TreeApp:
    """Make a tree of two chats; ids are 101, 102 ... and 201, 202 ..."""
    library = MemoryLibrary()
    for chat in (1, 2):
        for i in range(1, notes + 1):
            library.put(chat * 100 + i, chat, START_MS + i * 86_400_000 - chat * 1000)
    return TreeApp(library)


async def test_waveforms_that_arrive_repaint_their_rows_alone() -> None:
    """Twenty changes draw twenty rows, and read about as many."""
    app = _two_chats(25)
    async with app.run_test(size=(80, 40)) as pilot:
        tree = app.tree_view
        tree.reveal(NoteId(125))
        await pilot.pause()
        drawn: list[object] = []
        draw = tree._draw

        def counted(*args: object) -> object:
            drawn.append(args)
            return draw(*args)  # type: ignore[arg-type]  # as it was called

        tree._draw = counted  # type: ignore[method-assign,assignment]  # to count
        asked = app.library.asked
        for note_id in range(125, 105, -1):
            row = app.library.notes[NoteId(note_id)]
            app.library.notes[row.id] = row._replace(wave=bytes([255]) * 12)
            tree.apply(app.library.change(note_id))
            await pilot.pause()
        assert len(drawn) == 20
        assert app.library.asked - asked <= 40
        waves = [line for line in screen_of(app) if "█" * 12 in line]
        assert len(waves) == 20


@pytest.mark.parametrize("look", ["cursor", "plain", "selected"])
async def test_a_waveform_looks_alike_in_every_row(look: str) -> None:
    """So a move of the cursor need not send it again."""
    app = _two_chats(5)
    for note_id, row in app.library.notes.items():
        app.library.notes[note_id] = row._replace(wave=bytes([255]) * 12)
    async with app.run_test(size=(80, 24)) as pilot:
        tree = app.tree_view
        tree.reveal(NoteId(105))
        if look == "selected":
            tree.action_select()
            tree.action_move(1)
            tree.action_select()
        await pilot.pause()
        (at,) = (
            y
            for y, line in enumerate(screen_of(app))
            if line.endswith("0:42") and y == tree.model.cursor_row + (look == "plain")
        )
        (style,) = (
            segment.style
            for segment in tree.render_line(at)
            if segment.text == "█" * 12
        )
        assert style == tree.part_style("note-tree--wave")
