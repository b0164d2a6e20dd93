"""Taking notes out: what the keys do to save and to copy them.

One export goes on at a time; it needs no screen, and the header tells how far it is.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tui.errors import EarmarkError
from tui.export import Ended, How
from tui.model import GroupKind
from tui.screens._export_form import What, first_values
from tui.screens._export_words import notes_words
from tui.screens.framed import ConfirmScreen, FramedScreen
from tui.text import printable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.app import App

    from tui.export import ExportEvent
    from tui.model import Group
    from tui.screens.copying import CopyActions
    from tui.screens.export import ExportScreen
    from tui.screens.main import MainScreen
    from tui.screens.saving import Save, SavingScreen
    from tui.services import Exporting, Services
    from tui.widgets.glyphs import Glyphs

__all__ = ["ExportActions"]

_NOTHING = "There is nothing to save"
_CANNOT = "Nothing can be saved here"


class ExportActions:
    """Does what the user says to take notes out.

    Args:
        app: The application, whose screens are shown.
        main: The browser below them.
        services: The engines.
        glyphs: The marks.
        run: Does something on a thread; tells whether it came to its end in time.
        tell: Brings events to `take`, from whatever thread.
    """

    def __init__(
        self,
        app: App[None],
        main: MainScreen,
        services: Services,
        glyphs: Glyphs,
        run: Callable[[Callable[[], None], str, float], Awaitable[bool]],
        *,
        tell: Callable[[ExportEvent], None],
    ) -> None:
        self._app = app
        self._main = main
        self._services = services
        self._glyphs = glyphs
        self._run = run
        self._tell = tell
        self._is_used = False
        self._form: ExportScreen | None = None
        self._progress: SavingScreen | None = None
        self._save: Save | None = None
        self._copying: CopyActions | None = None
        self._is_asked = False

    @property
    def is_running(self) -> bool:
        """Whether something is being saved."""
        return self._save is not None and self._save.ended is None

    async def do(self, name: str) -> None:
        """Do what a key or an entry of the palette stands for.

        Args:
            name: `export` or `copy`.
        """
        if isinstance(self._app.screen, FramedScreen):
            return  # a key was pressed twice, before the first could show anything
        try:
            if name == "copy":
                await self._copies.ask()
            else:
                await self._export()
        except EarmarkError as error:
            self._main.say(error.message, is_warning=True)

    @property
    def _copies(self) -> CopyActions:
        if self._copying is None:
            from tui.screens.copying import CopyActions

            self._copying = CopyActions(
                self._app, self._main, self._services, self._glyphs, self._run
            )
        return self._copying

    def take(self, event: ExportEvent) -> None:
        """Show what was told of an export."""
        save = self._save
        if self._form is not None:
            self._form.take(event)
        if save is None or event.number != save.number or save.ended is not None:
            return
        save.take(event)
        if self._progress is not None:
            self._progress.show()
        if not isinstance(event, Ended):
            self._main.show_export(save.state)
            return
        self._main.show_export("")
        if self._progress is None:
            is_bad = bool(save.problems) or event.how is How.FAILED
            more = "; e lists them" if save.problems else ""
            self._main.say(f"{save.end_words()}{more}", is_warning=is_bad)
            save.is_seen = not is_bad

    # The end of the browser

    def asks_before_quit(self, leave: Callable[[], Awaitable[None]]) -> bool:
        """Ask whether to leave while something is being saved; once.

        Args:
            leave: Leaves.

        Returns:
            Whether it was asked, and is answered later.
        """
        if not self.is_running or self._is_asked:
            return False
        self._is_asked = True
        self._app.run_worker(self._ask_to_leave(leave), group="quit")
        return True

    async def _ask_to_leave(self, leave: Callable[[], Awaitable[None]]) -> None:
        save = self._save
        question = ConfirmScreen(
            "Leave while notes are being saved?",
            f"{save.progress_words() if save else ''}. What is saved stays; the same"
            " again does only what is missing.",
            keys=("Enter leaves", "Esc stays"),
            glyphs=self._glyphs,
        )
        if await self._app.push_screen_wait(question):
            await leave()
        self._is_asked = False

    def close(self) -> None:
        """End all work; may wait a little."""
        exporting = self._services.exporting
        if exporting is not None and self._is_used:
            exporting.close()

    # Saving

    def _use(self) -> Exporting | None:
        """Give who saves; says so where nobody does."""
        exporting = self._services.exporting
        if exporting is None:
            self._main.say(_CANNOT, is_warning=True)
        elif not self._is_used:
            self._is_used = True
            exporting.subscribe(self._tell)
        return exporting

    async def _export(self) -> None:
        exporting = self._use()
        if exporting is None:
            return
        save = self._save
        if save is not None and not save.is_seen:
            answer = await self._show(save, exporting)
            if answer != "again":
                return
        while await self._ask(exporting):
            save = self._save
            if save is None or await self._show(save, exporting) != "again":
                return

    async def _ask(self, exporting: Exporting) -> bool:
        """Ask what to save; tells whether that was begun."""
        from tui.screens.export import ExportScreen
        from tui.screens.saving import Save

        what = self._what()
        if not what:
            self._main.say(_NOTHING)
            return False
        screen = ExportScreen(
            what,
            first_values(exporting.recall()) | {"from": self._services.mail_from},
            exporting,
            lufs=self._services.export_lufs,
            run=self._run,
            glyphs=self._glyphs,
        )
        self._form = screen
        try:
            answer = await self._app.push_screen_wait(screen)
        finally:
            self._form = None
        if answer is None:
            exporting.leave()
            return False
        order, values = answer
        at = int(values.pop("what", "0"))
        values.pop("name")
        exporting.remember(values)
        number = exporting.start(order)
        self._save = Save(number, os.fspath(order.place), what[at].notes)
        self._main.show_export(self._save.state)
        if at == 0 and self._main.note_tree.selected:
            self._main.note_tree.clear_selection()
        return True

    async def _show(self, save: Save, exporting: Exporting) -> str | None:
        from tui.screens.saving import SavingScreen

        screen = SavingScreen(save, exporting, self._copies.copy, self._glyphs)
        self._progress = screen
        try:
            return await self._app.push_screen_wait(screen)
        finally:
            self._progress = None

    # What can be saved

    def _what(self) -> list[What]:
        """List what can be saved: what the cursor means first, all of it last."""
        tree, reader = self._main.note_tree, self._services.reader
        found: list[What] = []
        selected = tree.selected
        if selected:
            found.append(
                What(
                    f"the selection ({notes_words(len(selected))})",
                    len(selected),
                    "Voice notes",
                    ids=tuple(selected),
                )
            )
        note_id = tree.cursor_note
        row = next(iter(reader.rows([note_id])), None) if note_id is not None else None
        if note_id is not None and row is not None:
            name = row.title or row.sender or row.chat_title
            words = f"this note ({printable(name)})" if name else "this note"
            found.append(What(words, 1, name or "Voice note", ids=(int(note_id),)))
        total = reader.totals().notes
        group = tree.cursor_group
        if tree.model.count:
            found += [*self._groups(group)]
        if total:
            words = f"everything ({notes_words(total)})"
            found.append(What(words, total, "Voice notes"))
        return found

    def _groups(self, group: Group) -> list[What]:
        """Name the group under the cursor, of a month also its chat."""
        groups = [group]
        if group.kind is GroupKind.MONTH:
            groups.append(group._replace(kind=GroupKind.CHAT, month=0))
        found = []
        for each in groups:
            notes = self._services.reader.group_totals(each)[0]
            if not notes and each.kind is GroupKind.SEARCH:
                notes = len(self._main.note_tree.order(each))
            if notes:
                name = self._main.note_tree.model.name_of(each) or "Voice notes"
                words = f"{name} ({notes_words(notes)})"
                found.append(What(words, notes, name, group=each))
        return found
