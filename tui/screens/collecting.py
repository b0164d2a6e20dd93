"""Collections in the browser: notes put together, taken out, moved up and down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.model import GroupKind
from tui.screens.framed import LineScreen
from tui.screens.pick import Choice, Choices, PickScreen
from tui.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import App

    from tui.answers import Collection
    from tui.library import Reader
    from tui.model import Edited, NoteId
    from tui.screens._work import EditWork
    from tui.screens.main import MainScreen
    from tui.widgets.glyphs import Glyphs

__all__ = ["PALETTE", "CollectActions"]

PALETTE = (
    ("New collection", "new_collection", "Make one with nothing in it"),
    ("Rename collection", "rename_collection", "Call one otherwise"),
    ("Delete collection", "delete_collection", "Forget one; its notes stay"),
)
"""Entries that have no key of their own: title, name, and what they do."""

_AT_ONCE = 500
"""Rows that are read together."""
_NO_PLACE = "Put the cursor on a note of a collection"
_NONE = "There are no collections: F makes the first one"


class CollectActions:
    """Does what the user says about collections.

    Args:
        app: The application, whose screens are shown.
        main: The browser below them.
        work: Does the edits.
        glyphs: The marks.
    """

    def __init__(
        self, app: App[None], main: MainScreen, work: EditWork, glyphs: Glyphs
    ) -> None:
        self._app = app
        self._main = main
        self._work = work
        self._glyphs = glyphs
        self._last = ""
        """The collection that something was put into last."""

    async def do(self, name: str) -> None:
        """Do what a key or an entry of the palette stands for.

        Args:
            name: `uncollect`, `collected_up`, `collected_down`, or one of PALETTE.
        """
        await getattr(self, f"_{name}")()

    async def collect(self, ids: Sequence[NoteId], words: str) -> Edited | None:
        """Ask which collection notes shall be put into, and put them at its end.

        Args:
            ids: The notes.
            words: What the user would call them.

        Returns:
            How it ended; None when nothing was chosen, or it failed.
        """
        name = await self._pick(f"Put {words} into the collection", is_new_too=True)
        if name is None:
            return None
        # From one collection into another in its order, else the oldest first.
        in_order: Sequence[NoteId] | None = ids
        if self._main.note_tree.cursor_group.kind is not GroupKind.COLLECTION:
            in_order = await self._work.look(lambda reader: _by_time(reader, ids))
        if in_order is None:
            return None
        found = in_order
        done = await self._work.edit(
            lambda edits: edits.collect(name, found),
            count=len(ids),
            nothing="It is in there already",
        )
        if done is not None and done.text:
            self._last = name
        return done

    async def _pick(self, title: str, *, is_new_too: bool = False) -> str | None:
        """Ask for a collection; None when none was chosen."""
        known: list[Collection] = []

        async def load() -> Sequence[Choice]:
            found = await self._work.look(lambda reader: reader.collections()) or []
            found.sort(key=lambda each: each.name != self._last)
            known.extend(found)
            return [
                Choice(each.name, f"{each.notes:,}", at)
                for at, each in enumerate(known)
            ]

        def new(name: str) -> str:
            return f"new collection “{name}”" if name and is_new_too else ""

        screen = PickScreen(
            title,
            [Choices("", load, new)],
            self._glyphs,
            hint="type a name" if is_new_too else "type a part of the name",
            empty="no collections yet: type the name of the first one"
            if is_new_too
            else "nothing is called so",
        )
        picked = await self._app.push_screen_wait(screen)
        if picked is None:
            return None
        return picked.text if picked.choice is None else known[picked.choice.value].name

    # In a collection

    def _here(self) -> str | None:
        """Tell the collection that the cursor is in; None outside of any."""
        group = self._main.note_tree.cursor_group
        if group.kind is not GroupKind.COLLECTION:
            return None
        return self._main.note_tree.model.label(group) or None

    def _notes_here(self) -> tuple[str, Sequence[NoteId]] | None:
        """Tell the collection and its notes that a key is for; says so without any."""
        tree = self._main.note_tree
        name = self._here()
        ids = tree.selected or ([tree.cursor_note] if tree.cursor_note else [])
        if name is None or not ids:
            self._main.say(_NO_PLACE)
            return None
        return name, ids

    async def _uncollect(self) -> None:
        here = self._notes_here()
        if here is None:
            return
        name, ids = here
        done = await self._work.edit(
            lambda edits: edits.uncollect(name, ids),
            count=len(ids),
            nothing="None of them is in this collection",
        )
        if done is not None and done.text:
            self._main.note_tree.clear_selection()

    async def _collected_up(self) -> None:
        await self._move(-1)

    async def _collected_down(self) -> None:
        await self._move(1)

    async def _move(self, by: int) -> None:
        here = self._notes_here()
        if here is None:
            return
        name, ids = here
        await self._work.edit(
            lambda edits: edits.move_collected(name, ids, by=by),
            count=len(ids),
            nothing=f"It is at the {'end' if by > 0 else 'top'} already",
        )

    # The collections themselves

    async def _new_collection(self) -> None:
        name = await self._app.push_screen_wait(
            LineScreen("New collection", hint="its name", glyphs=self._glyphs)
        )
        if name:
            await self._work.edit(lambda edits: edits.create_collection(name))

    async def _which(self, title: str) -> str | None:
        """The collection that the cursor is in, or one that is chosen."""
        name = self._here()
        if name is not None:
            return name
        if not await self._work.look(lambda reader: reader.collections()):
            self._main.say(_NONE)
            return None
        return await self._pick(title)

    async def _rename_collection(self) -> None:
        name = await self._which("Rename collection")
        if name is None:
            return
        title = f"Rename “{printable(name)}”"
        screen = LineScreen(title, text=name, glyphs=self._glyphs)
        new = await self._app.push_screen_wait(screen)
        if new:
            await self._work.edit(lambda edits: edits.rename_collection(name, new))

    async def _delete_collection(self) -> None:
        name = await self._which("Delete collection")
        if name is not None:
            await self._work.edit(lambda edits: edits.delete_collection(name))


def _by_time(reader: Reader, ids: Sequence[NoteId]) -> list[NoteId]:
    """Put notes in order, the oldest first; what is gone is left out."""
    rows = [
        row
        for start in range(0, len(ids), _AT_ONCE)
        for row in reader.rows(ids[start : start + _AT_ONCE])
    ]
    return [row.id for row in sorted(rows, key=lambda row: (row.order_ms, row.id))]
