"""The offer of a page in the user's browser, where nothing else can be heard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Input

from tui.audio import NO_SOUND_HERE, PlayerState
from tui.screens.framed import ConfirmScreen
from tui.widgets.search_bar import SearchBar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.app import App

    from tui.playback import NowPlaying
    from tui.services import Playing
    from tui.widgets.glyphs import Glyphs

__all__ = ["PageOffer"]

_QUESTION = "There is no sound in this SSH session. Hear it in your browser?"
_WHY = (
    "Earmark then shows an address that only this machine can reach, and the ssh"
    " command that leads there from where you sit; VS Code and some others forward"
    " the port by themselves. Nothing listens before you say so. Or run earmark ssh"
    " HOST where you sit: Earmark finds that by itself."
)
_KEYS = ("Enter takes the browser", "Esc leaves it")
_BROWSER = "browser"
_WAITING = (PlayerState.PAUSED, PlayerState.PLAYING)
"""How a note may show that waits: who answers at once is faster than the pause."""


class PageOffer:
    """Offers it once, when a note is played that nobody can hear.

    Args:
        app: The application, whose screens are shown.
        playing: What plays.
        glyphs: The marks.
    """

    def __init__(self, app: App[None], playing: Playing, glyphs: Glyphs) -> None:
        self._app = app
        self._playing = playing
        self._glyphs = glyphs
        self._was_made = False

    def is_due(self, now: NowPlaying) -> bool:
        """Tell whether to make it now: nothing else is open, or being typed."""
        return (
            now.device_problem == NO_SOUND_HERE
            and now.state is PlayerState.PLAYING
            and not self._was_made
            and len(self._app.screen_stack) == 1
            and not isinstance(self._app.focused, Input | SearchBar)
        )

    async def make(self, then: Callable[[], Awaitable[None]]) -> None:
        """Ask, while the note waits.

        Args:
            then: What is done when the browser was chosen.
        """
        if not self.is_due(self._playing.now):
            return
        self._was_made = True
        self._playing.toggle()
        question = ConfirmScreen(_QUESTION, _WHY, keys=_KEYS, glyphs=self._glyphs)
        is_taken = await self._app.push_screen_wait(question)
        if is_taken:
            self._playing.set_output(_BROWSER)
        if self._playing.now.state in _WAITING:
            self._playing.toggle()
        if is_taken:
            await then()
