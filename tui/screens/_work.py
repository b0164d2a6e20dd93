"""Edits of user data from the browser: in the background, in the order of the keys."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING, TypeVar

from tui.errors import EarmarkError
from tui.screens._keys import key_name, main_keys
from tui.text import printable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tui.library import Reader
    from tui.model import Edited
    from tui.screens.main import MainScreen
    from tui.services import Editing, Naming, Services

__all__ = ["EditWork", "sentence"]

_LONGEST_S = 3600.0
"""How long an edit may take before nobody waits for its answer."""
_LOOK_S = 60.0
"""How long an answer of the library is waited for."""
_CANNOT = "The library can't be written"
_T = TypeVar("_T")


def sentence(text: str) -> str:
    """Write a sentence that stands alone: with a capital letter."""
    return text[:1].upper() + text[1:]


class EditWork:
    """Does edits one after the other, and says how they ended.

    Args:
        main: Where it is said.
        services: What opens the edits.
        run: Does something on a thread; tells whether it came to its end in time.
        turn: Held while something is edited; shared by all who edit.
    """

    def __init__(
        self,
        main: MainScreen,
        services: Services,
        run: Callable[[Callable[[], None], str, float], Awaitable[bool]],
        turn: asyncio.Lock | None = None,
    ) -> None:
        self._main = main
        self._services = services
        self._run = run
        self.turn = turn or asyncio.Lock()
        """Held by whoever reads something and edits by what was read."""
        self._has_told_undo = False

    @property
    def can_write(self) -> bool:
        """Whether anything can be edited at all."""
        return self._services.editing is not None and not self._services.is_read_only

    def refuse(self) -> bool:
        """Say so where nothing can be edited; tells whether that is so."""
        if not self.can_write:
            self._main.say(_CANNOT, is_warning=True)
        return not self.can_write

    async def edit(
        self,
        work: Callable[[Editing], Edited],
        *,
        count: int = 1,
        nothing: str = "Nothing had to be changed",
        has_turn: bool = False,
    ) -> Edited | None:
        """Change something, and say what was changed.

        Args:
            work: The edit; on a thread of its own.
            count: How many notes it is about.
            nothing: What to say when all is so already.
            has_turn: Whoever calls holds the turn.

        Returns:
            How it ended; None when it failed, which was said.
        """
        done = await self.ask(work, has_turn=has_turn)
        if done is not None:
            self._say(_told(done, count, nothing), is_done=bool(done.text))
        return done

    def _say(self, text: str, *, is_done: bool) -> None:
        """Say how an edit ended; once also what takes it back, where there is room."""
        tell = self._main.header.tell
        keys = main_keys((self._main, self._main.app), self._main.app._keymap)  # noqa: SLF001  # nothing public tells
        if is_done and not self._has_told_undo and "note.undo" in keys:
            long = f"{text} ({key_name(keys['note.undo'])} takes it back)"
            if tell(printable(long)) or not tell(printable(text)):
                self._has_told_undo = True
                text = long
        self._main.say(text)

    async def ask(
        self, work: Callable[[Editing], _T], *, has_turn: bool = False
    ) -> _T | None:
        """Do something with the edits; None when it failed, which was said."""
        if self.refuse():
            return None
        open_edits = self._services.editing
        assert open_edits is not None  # noqa: S101  # else it was refused

        def run() -> _T:
            with closing(open_edits()) as edits:
                return work(edits)

        if has_turn:
            return await self.waited(run, "edit")
        async with self.turn:
            return await self.waited(run, "edit")

    async def look(self, question: Callable[[Reader], _T]) -> _T | None:
        """Ask the library without waiting here; None when it failed, which was said."""
        finding = self._services.finding
        if finding is None:
            try:
                return question(self._services.reader)
            except EarmarkError as error:
                self._main.say(sentence(error.message), is_warning=True)
                return None
        return await self.waited(lambda: finding.ask(question), "look", _LOOK_S)

    async def names(self, question: Callable[[Naming], _T]) -> _T | None:
        """Ask who there is; None when it failed, which was said, or nobody knows."""
        open_names = self._services.naming
        if open_names is None:
            return None

        def run() -> _T:
            with closing(open_names()) as names:
                return question(names)

        return await self.waited(run, "names")

    async def waited(
        self, work: Callable[[], _T], name: str, longest_s: float = _LONGEST_S
    ) -> _T | None:
        """Do something on a thread.

        Args:
            work: What may wait.
            name: What the thread is called.
            longest_s: So long its answer is waited for.

        Returns:
            What came of it; None when it failed, which was said.
        """
        results: list[_T] = []
        reasons: list[str] = []

        def run() -> None:
            try:
                results.append(work())
            except EarmarkError as error:
                reasons.append(error.message)
            except Exception as error:
                reasons.append(f"this could not be done: {error}")
                raise  # whoever runs it writes it down

        await self._run(run, name, longest_s)
        if reasons:
            self._main.say(sentence(reasons[0]), is_warning=True)
        return results[0] if results else None


def _told(done: Edited, count: int, nothing: str) -> str:
    """Say how an edit ended, with what was left out."""
    if done.text:
        text = sentence(done.text)
        if done.skipped:
            have = "has" if done.skipped == 1 else "have"
            text += f"; {done.skipped:,} {have} no recording here that can be read"
        return text
    if not done.skipped:
        return nothing
    if count == 1:
        return "This note has no recording here that can be read"
    return f"None of {count:,} notes has a recording here that can be read"
