"""The application: what the keys do, and how the engines begin and end."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import App
from textual.css.stylesheet import Stylesheet
from typing_extensions import override

from tui.bridge import Bridge, in_background
from tui.browse import TreeModel
from tui.errors import EarmarkError, LibraryError
from tui.messages import (
    Answered,
    EndSearch,
    ExportChanged,
    FolderFound,
    IndexerChanged,
    LibraryChanged,
    LibraryFailed,
    PlayingChanged,
)
from tui.model import GroupKind
from tui.prepaint import is_painted
from tui.screens._bindings import BINDINGS
from tui.screens._themes import DARK, THEMES
from tui.screens.main import MainScreen
from tui.text import printable
from tui.widgets.details import Details
from tui.widgets.glyphs import ASCII, UNICODE
from tui.widgets.note_tree import NoteTree
from tui.widgets.player_bar import PlayerBar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual.actions import ActionParseResult
    from textual.binding import BindingType
    from textual.command import Provider
    from textual.dom import DOMNode
    from textual.driver import Driver
    from textual.screen import Screen

    from tui.model import NoteId
    from tui.playback import NowPlaying
    from tui.screens._page_offer import PageOffer
    from tui.screens.exporting import ExportActions
    from tui.screens.finding import FindActions
    from tui.screens.first import FirstScreen
    from tui.screens.listening import ListenActions
    from tui.screens.marks import MarkActions
    from tui.screens.people import PeopleActions
    from tui.services import Services

__all__ = ["EarmarkApp"]

_SPEEDS = (1.0, 1.5, 2.0)
"""What `x` goes through."""
_SKIPS = ("all are kept", "long ones are cut", "more are cut", "most are cut")
"""What `S` goes through, by strength."""
_CLOSE_S = 2.0
"""How long each engine may take to end before it is left to itself."""
_log = logging.getLogger(__name__)


def _commands() -> type[Provider]:
    from tui.screens.commands import ActionCommands

    return ActionCommands


class _Stylesheet(Stylesheet):
    """Parses every rule once for the same colours.

    Textual parses in a copy, lest an error leave half of the rules, and then all that
    was parsed again for the first widget: 3 ms. Our rules have no errors.
    """

    @override
    def reparse(self) -> None:
        self.parse()


class EarmarkApp(App[None]):
    """The browser.

    Args:
        services: The engines; the application starts and ends them.
        ascii_only: Draw with ASCII characters alone.
        low_bandwidth: Redraw less often.
        theme: The name of the colours to begin with; empty for our own.
        remember_theme: Called with the name of a theme that the user chose.
        keymap: Other keys, by the id of a binding.
    """

    TITLE = "Earmark"
    CSS_PATH = "app.tcss"
    ALLOW_SELECT = False
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_commands}
    COMMAND_PALETTE_BINDING = "ctrl+p"
    NOTIFICATION_TIMEOUT = 4.0
    BINDINGS: ClassVar[list[BindingType]] = BINDINGS

    def __init__(
        self,
        services: Services,
        *,
        ascii_only: bool = False,
        low_bandwidth: bool = False,
        theme: str = "",
        remember_theme: Callable[[str], None] | None = None,
        keymap: Mapping[str, str] | None = None,
    ) -> None:
        # A full collection while everything is made takes 25 ms and finds nothing.
        gc.disable()
        # Without colour the terminal's own colours are used, not shades of grey.
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self.stylesheet = _Stylesheet()  # the theme gives it its variables
        for own in THEMES:
            self.register_theme(own)
        self.theme = theme if theme in self.available_themes else DARK.name
        self._services = services
        self._glyphs = ASCII if ascii_only else UNICODE
        self._low_bandwidth = low_bandwidth
        if low_bandwidth:
            self.animation_level = "none"
        self._remember_theme = remember_theme
        if keymap:
            self.set_keymap(dict(keymap))
        if ascii_only:
            from tui.screens._ascii import AsciiFilter

            self._filters.append(AsciiFilter())
        self._bridge = Bridge(self)
        self._unfollow: Callable[[], None] | None = None
        self._revision = 0
        self._is_started = False
        self._ending: asyncio.Task[None] | None = None
        self._trouble = ""
        self._turn = asyncio.Lock()
        """Edits go one after the other, in the order of the keys."""
        self._people: PeopleActions | None = None
        self._marks: MarkActions | None = None
        self._listen: ListenActions | None = None
        self._page_offer: PageOffer | None = None
        self._find: FindActions | None = None
        self._export: ExportActions | None = None
        self._first: FirstScreen | None = None

    # Begin and end

    @override
    def get_driver_class(self) -> type[Driver]:
        usual = super().get_driver_class()
        if usual.__name__ != "LinuxDriver":
            return usual
        from tui.screens._driver import PaintedDriver, SwiftDriver

        return PaintedDriver if is_painted() else SwiftDriver

    @override
    def get_default_screen(self) -> Screen[None]:
        with suppress(EarmarkError):  # the screen tells, when it reads
            self._revision = self._services.reader.revision()
        return MainScreen(
            self._services.reader,
            self._make_tree,
            self._request_peaks,
            self._glyphs,
            expects_sources=self._services.expects_sources,
            is_read_only=self._services.is_read_only,
            low_bandwidth=self._low_bandwidth,
        )

    def _request_peaks(self, note_id: NoteId) -> None:
        # Not its method at once: the indexer is made when it is first used.
        self._services.indexing.request_peaks(note_id)

    def _make_tree(self) -> NoteTree:
        model = TreeModel(self._services.reader)
        try:
            model.load()
        except EarmarkError as error:
            _log.warning("the library can't be read: %s", error)
            self.notify(printable(error.message), severity="error", markup=False)
        return NoteTree(model, ascii_only=self._glyphs.is_ascii)

    @property
    def main(self) -> MainScreen:
        """The screen at the bottom of the stack."""
        screen = self.screen_stack[0]
        if not isinstance(screen, MainScreen):
            raise TypeError(screen)
        return screen

    def on_mount(self) -> None:
        """Start the engines once the first screen is painted."""
        self.theme_changed_signal.subscribe(self, lambda _: self._keep_theme())
        self._ask_first()
        self.call_after_refresh(self._start)

    def _ask_first(self) -> None:
        """Ask what to watch, where nothing is yet."""
        setup = self._services.setup
        if setup is None:
            return
        from tui.screens.first import FirstScreen

        self._first = FirstScreen(
            setup,
            lambda: setup.search(self._bridge.folder),
            in_background,
            self._glyphs,
        )
        self.push_screen(self._first)

    @on(FolderFound)
    def _show_found(self, message: FolderFound) -> None:
        if self._first is not None and self._first.is_attached:
            self._first.take(message.found)

    def _start(self) -> None:
        if not self.is_headless:
            gc.freeze()  # what is there now stays: later collections leave it alone
        gc.enable()
        services, bridge = self._services, self._bridge
        if self._is_started or self._ending is not None:
            return
        self._is_started = True
        # From what the screen was made of, so that nothing between is missed.
        self._unfollow = services.follow(bridge.library, self._revision)
        services.playing.subscribe(bridge.playing)
        services.on_indexer(bridge.indexer)
        services.playing.start()
        services.indexing.start()
        if services.finding is not None:
            services.finding.subscribe(bridge.answer)
            services.finding.recount()  # what was counted when it was left may be old
        # A key may have been faster than this.
        self.main.show_playing(services.playing.now)

    @override
    async def action_quit(self) -> None:
        """Keep the position, end the engines, leave; a second time, leave at once."""
        if self._ending is not None:
            self.exit()
            return
        if self._export is not None and self._export.asks_before_quit(self.action_quit):
            return
        self._ending = asyncio.create_task(self._close(leaves=True))

    async def on_unmount(self) -> None:
        """End the engines also when the application ends by itself."""
        gc.enable()
        if self._ending is None:
            self._ending = asyncio.create_task(self._close())
        await asyncio.shield(self._ending)

    async def _close(self, *, leaves: bool = False) -> None:
        """End everything, each within its time, the library last.

        Args:
            leaves: Leave the screen as soon as the player has ended. What is left to
                do goes on while Textual gives the terminal back, which takes 0.2 s;
                `on_unmount` waits for it.
        """
        services = self._services
        self._bridge.is_closing = True
        ends: list[tuple[str, Callable[[], None]]] = [("library", services.close)]
        indexer = None
        if self._is_started:
            indexer = asyncio.create_task(
                in_background(services.indexing.close, "close-indexer", _CLOSE_S + 1)
            )
            # The player writes its position into the library: it goes before it.
            await in_background(services.playing.close, "close-player", _CLOSE_S + 1)
            if services.finding is not None:
                ends.insert(0, ("finder", services.finding.close))
            if self._unfollow is not None:
                ends.insert(0, ("follower", self._unfollow))
            if self._export is not None:
                ends.insert(0, ("export", self._export.close))
        if leaves:
            self.exit()
        if indexer is not None:
            await indexer
        for name, end in ends:
            if not await in_background(end, f"close-{name}", _CLOSE_S):
                _log.warning("%s did not end in time", name)

    # What the engines tell

    @property
    def _is_shown(self) -> bool:
        """Whether all is there: messages still come while it is taken down."""
        stack = self.screen_stack  # a screen that is being taken down shows nothing
        return bool(stack) and stack[0].display and bool(stack[0].query(NoteTree))

    @on(LibraryChanged)
    def _show_library(self, message: LibraryChanged) -> None:
        if not self._is_shown:
            return
        self.main.apply_delta(message.delta)
        if self._services.finding is not None:
            self._services.finding.recount()
        if self._find is not None:
            self._find.library_changed()
        if self._listen is not None:
            self._listen.library_changed(message.delta)

    @on(Answered)
    def _show_answer(self, message: Answered) -> None:
        if self._is_shown:
            self._find_actions.take(message.answer)

    @on(LibraryFailed)
    def _show_failure(self, message: LibraryFailed) -> None:
        self.main.say(message.reason, is_warning=True)

    @on(EndSearch)
    def _end_search(self) -> None:
        self._find_actions.end_search()

    @on(PlayingChanged)
    def _show_playing(self, message: PlayingChanged) -> None:
        if not self._is_shown:
            return
        self.main.show_playing(message.now)
        if self._listen is not None:
            self._listen.show_playing(message.now)
        if message.now.device_problem:
            self._offer_page(message.now)
        trouble = self._services.trouble()
        if trouble and trouble != self._trouble:  # where listening stands is not kept
            self.main.say(trouble, is_warning=True)
        self._trouble = trouble

    @override
    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        # Every key comes through here, whoever acts on it: the library is read there.
        try:
            return await super().run_action(action, default_namespace, namespaces)
        except LibraryError as error:
            _log.warning("the library did not answer: %s", error)
            self.main.say(error.message, is_warning=True)
            return True

    @on(IndexerChanged)
    def _show_indexer(self, message: IndexerChanged) -> None:
        self.main.show_indexer(message.status)

    # Playing

    @on(NoteTree.NoteChosen)
    def _play_chosen(self, event: NoteTree.NoteChosen) -> None:
        event.stop()
        at_ms = None
        if event.group.kind in {GroupKind.SEARCH, GroupKind.SAVED}:
            at_ms = self._find_actions.start_of(event.note_id, event.group)
        self._services.playing.play_note(event.note_id, within=event.group, at_ms=at_ms)

    @on(PlayerBar.Sought)
    def _seek_to(self, event: PlayerBar.Sought) -> None:
        event.stop()
        self._services.playing.seek_percent(100 * event.share)

    @on(Details.WaveClicked)
    def _play_from(self, event: Details.WaveClicked) -> None:
        event.stop()
        self._listen_actions.play_share(event.note_id, event.share)

    def action_play_pause(self) -> None:
        """Pause or go on; with nothing loaded, play what is under the cursor."""
        playing = self._services.playing
        tree = self.main.note_tree
        if playing.now.note_id is not None:
            playing.toggle()
        elif tree.cursor_note is not None:
            playing.play_note(tree.cursor_note, within=tree.cursor_group)
        else:
            self.main.follows_next = True
            playing.play_group(tree.cursor_group)

    def action_next_unplayed(self) -> None:
        """Play the oldest unplayed note and show it; in a search, the next match."""
        if self._find is not None and self._find.is_searching:
            self._find.next_match()
            return
        self.main.follows_next = True
        self._services.playing.play_next_unplayed()

    def action_next(self) -> None:
        """Play the note after, and show it."""
        self.main.follows_next = True
        self._services.playing.next()

    def action_previous(self) -> None:
        """Play the note before, and show it."""
        self.main.follows_next = True
        self._services.playing.previous()

    def action_seek(self, seconds: int) -> None:
        """Go forward or back."""
        self._services.playing.seek_by(seconds * 1000)

    def action_percent(self, percent: int) -> None:
        """Go to a part of the note."""
        self._services.playing.seek_percent(percent)

    def action_speed(self, step: float) -> None:
        """Speak faster or slower by a step."""
        playing = self._services.playing
        playing.set_speed(round(playing.now.speed + step, 1))

    def action_next_speed(self) -> None:
        """Go on to the next of the usual speeds."""
        now = self._services.playing.now.speed
        faster = (speed for speed in _SPEEDS if speed > now + 0.05)
        self._services.playing.set_speed(next(faster, _SPEEDS[0]))

    def action_normal_speed(self) -> None:
        """Speak as fast as it was recorded."""
        self._services.playing.set_speed(1.0)

    def action_skip_silence(self) -> None:
        """Leave out no pauses, the long ones, more of them, all."""
        playing = self._services.playing
        strength = (playing.now.skip + 1) % len(_SKIPS)
        playing.set_skip(strength)
        self.main.say(f"pauses: {_SKIPS[strength]}")

    def action_volume(self, step: float) -> None:
        """Turn the volume up or down by a step."""
        playing = self._services.playing
        playing.set_volume(min(1.0, max(0.0, round(playing.now.volume + step, 2))))

    def action_mute(self) -> None:
        """Silence without a pause, or undo it."""
        playing = self._services.playing
        playing.set_muted(not playing.now.muted)

    def action_listen(self, name: str) -> None:
        """Do something with the queue, the sound, the clock or the output.

        Args:
            name: What to do, see `ListenActions.do`.
        """
        self.run_worker(self._listen_actions.do(name), group="listen")

    def _offer_page(self, now: NowPlaying) -> None:
        if self._page_offer is None:
            from tui.screens._page_offer import PageOffer

            self._page_offer = PageOffer(self, self._services.playing, self._glyphs)
        if self._page_offer.is_due(now):
            # The outputs show the way to the page.
            then = partial(self._listen_actions.do, "output")
            self.run_worker(self._page_offer.make(then), group="offer")

    @property
    def _listen_actions(self) -> ListenActions:
        if self._listen is None:
            from tui.screens.listening import ListenActions

            self._listen = ListenActions(
                self, self.main, self._services, self._glyphs, in_background
            )
        return self._listen

    # Taking notes out

    def action_export(self, name: str) -> None:
        """Save notes, or copy what belongs to them.

        Args:
            name: What to do, see `ExportActions.do`.
        """
        if self._export is None:
            from tui.screens.exporting import ExportActions

            self._export = ExportActions(
                self,
                self.main,
                self._services,
                self._glyphs,
                in_background,
                tell=self._bridge.export,
            )
        self.run_worker(self._export.do(name), group="export")

    @on(ExportChanged)
    def _show_export(self, message: ExportChanged) -> None:
        if self._export is not None and self._is_shown:
            self._export.take(message.event)

    # Chats and senders

    def action_people(self, name: str) -> None:
        """Name, join, part or assign chats and senders, or take that back.

        Args:
            name: What to do, see `PeopleActions.do`.
        """
        if self._people is None:
            from tui.screens.people import PeopleActions

            self._people = PeopleActions(
                self,
                self.main,
                self._services,
                self._glyphs,
                in_background,
                turn=self._turn,
            )
        self.run_worker(self._people.do(name), group="people")

    def action_marks(self, name: str) -> None:
        """Star, tag, comment on notes, or mark them otherwise.

        Args:
            name: What to do, see `MarkActions.do`.
        """
        if self._marks is None:
            from tui.screens.marks import MarkActions

            self._marks = MarkActions(
                self,
                self.main,
                self._services,
                self._glyphs,
                in_background,
                turn=self._turn,
            )
        self.run_worker(self._marks.do(name), group="marks")

    # Finding

    def action_find(self, name: str) -> None:
        """Search, or show the tree in another way.

        Args:
            name: What to do, see `FindActions.do`.
        """
        if name == "search":  # at once: the next key is for the line, not the tree
            self._find_actions.begin_search()
            return
        self.run_worker(self._find_actions.do(name), group="find")

    def action_search_for(self, query: str) -> None:
        """Show what a query finds."""
        self._find_actions.search_for(query)

    @property
    def _find_actions(self) -> FindActions:
        if self._find is None:
            from tui.screens.finding import FindActions

            self._find = FindActions(
                self, self.main, self._services, self._glyphs, in_background
            )
        return self._find

    # The application

    def action_rescan(self) -> None:
        """Look at every file again."""
        self._services.indexing.rescan()
        self.main.say("looking at every file")

    def action_help(self) -> None:
        """Show all keys."""
        from tui.screens._keys import bound_actions
        from tui.screens.help import HelpScreen

        self.push_screen(HelpScreen(bound_actions(self.screen), self._glyphs))

    def _keep_theme(self) -> None:
        if self._remember_theme is not None:
            self._remember_theme(self.theme)
