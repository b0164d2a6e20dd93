"""The browser: tree, details, player bar, and what connects them."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import on
from textual.binding import Binding
from textual.containers import Horizontal
from textual.getters import query_one
from textual.screen import Screen
from typing_extensions import override

from tui.errors import EarmarkError
from tui.messages import EndSearch
from tui.model import GroupKind, NoteState, Totals
from tui.screens._bar import bar_view
from tui.screens._compositor import FrugalCompositor
from tui.screens._keys import key_name, main_keys
from tui.screens._row_waves import RowWaves
from tui.screens._status import emptiness, notices, summary, troubles
from tui.text import clock, printable
from tui.widgets.details import Details
from tui.widgets.empty import Empty
from tui.widgets.footer import Footer, Hint
from tui.widgets.header import Header, HeaderView
from tui.widgets.note_tree import NoteTree
from tui.widgets.player_bar import BarState, PlayerBar

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.events import Resize, ScreenResume
    from textual.notifications import SeverityLevel
    from textual.timer import Timer
    from textual.widget import Widget

    from tui.library import Reader
    from tui.model import LibraryDelta, Note, NoteId, Problem, Source
    from tui.playback import NowPlaying
    from tui.services import IndexerStatus
    from tui.widgets.glyphs import Glyphs

__all__ = ["MainScreen"]

WIDE = 100
"""From so many columns on, the details stand beside the tree."""
_SETTLE_S = 0.12
"""While the cursor moves on, the details follow at most this often."""
_SLOW_SETTLE_S = 0.8
"""The same over a slow line: the details are as much as ten moves of the cursor."""
_BAD_SHOWN = 20
"""Documents that can't be read, in the details of the smart nodes."""
_ABOUT = {
    GroupKind.UNPLAYED: "Notes that you have not heard to the end, newest first.",
    GroupKind.RECENT: "The newest notes of all chats.",
    GroupKind.PROBLEMS: "Files that can't be played, each with the reason.",
    GroupKind.STARRED: "Notes that you starred, newest first.",
    GroupKind.SAVED: "A saved search: what it finds now. f lists all of them.",
    GroupKind.SEARCH: "What the search finds.",
    GroupKind.COLLECTION: "A collection: notes that you put together, in your order.",
}
_NEWS_S = 4.0
"""How long a few words stand in the header, and nothing is said twice."""
_HINTS = (
    (("tree.choose",), "play"),
    (("play.toggle",), "pause"),
    (("play.back", "play.forward"), "seek"),
    (("play.next_unplayed",), "next unplayed"),
    (("find.search",), "search"),
    (("note.tag",), "tag"),
    (("note.star",), "star"),
    (("note.export",), "export"),
    (("play.slower", "play.faster"), "speed"),
    (("view.details",), "details"),
    (("app.quit",), "quit"),
    (("app.help",), "keys"),
)
"""What the footer shows: ids of bindings, and a word; the last stands at the right."""

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class MainScreen(Screen[None]):
    """Shows the library and what plays.

    Args:
        reader: For short queries, on this thread.
        tree: The tree of chats and notes.
        request_peaks: Asks for the waveform of a note.
        glyphs: The marks.
        expects_sources: Show the tree even before there is a source.
        is_read_only: The library can't be written.
        low_bandwidth: Redraw less often.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "i",
            "toggle_details",
            "Details pane",
            id="view.details",
            tooltip="Show or hide everything that is known of the note",
        ),
        Binding(
            "tab",
            "app.focus_next",
            "Next pane",
            id="view.next_pane",
            tooltip="Go from the tree to the details and back",
        ),
        Binding(
            "escape",
            "back",
            "Back",
            id="view.back",
            tooltip="Go back to the tree, close what is open",
        ),
        Binding("shift+tab", "app.focus_previous", show=False),
    ]
    AUTO_FOCUS = "NoteTree"

    note_tree = query_one(NoteTree)
    details = query_one(Details)
    bar = query_one(PlayerBar)
    header = query_one(Header)
    footer = query_one(Footer)

    def __init__(
        self,
        reader: Reader,
        tree: Callable[[], NoteTree],
        request_peaks: Callable[[NoteId], None],
        glyphs: Glyphs,
        *,
        expects_sources: bool = False,
        is_read_only: bool = False,
        low_bandwidth: bool = False,
    ) -> None:
        super().__init__()
        self._compositor = FrugalCompositor()
        self._reader = reader
        self._make_tree = tree
        self._request_peaks = request_peaks
        self._row_waves = RowWaves(request_peaks)
        self._glyphs = glyphs
        self._low_bandwidth = low_bandwidth
        self._expects_sources = expects_sources
        self._is_read_only = is_read_only
        self._sources: list[Source] = []
        self._playing: Note | None = None
        self._asked: NoteId | None = None
        """The last note whose waveform was asked for."""
        self._settling = False
        self._is_stale = False
        self._news_timer: Timer | None = None
        self._busy = ("", "")
        """What the indexer does, and an export in the background."""
        self._said: dict[str, float] = {}
        """When each of the last sentences was said."""
        self._has_details = {True: True, False: False}
        """Whether the details are wanted on a wide and on a narrow screen."""
        self.follows_next = False
        """Show the next note that begins to play in the tree."""

    @override
    async def mount_composed_widgets(self, widgets: list[Widget]) -> None:
        # Textual shows changes 60 times a second, by a timer that begins with the first
        # change after the first picture: a key that waits would be answered 16 ms late.
        # So the first of these times passes now, while there is nothing to show yet.
        self._update_timer.resume()
        await asyncio.sleep(0)  # the timer's own first step; it does not fire yet
        self._update_timer.pause()
        await super().mount_composed_widgets(widgets)

    def on_screen_resume(self, event: ScreenResume) -> None:
        """Keep the styles that everything has just got, when the screen is new."""
        if not self.stack_updates:
            event.refresh_styles = False  # takes 3 ms and changes nothing

    @override
    def compose(self) -> ComposeResult:
        yield Header(self._glyphs.rows)
        with Horizontal(id="body"):
            yield self._make_tree()
            yield Details(self._glyphs)
        yield Empty()
        yield PlayerBar(self._glyphs, low_bandwidth=self._low_bandwidth)
        yield Footer()

    def on_mount(self) -> None:
        """Show what the library knows."""
        self._sources = self._read(self._reader.sources, [])
        self._show_header()
        self._show_hints()

    # What the library tells

    def apply_delta(self, delta: LibraryDelta) -> None:
        """Show what is new in the library."""
        self._read(lambda: self.note_tree.apply(delta), None)
        if delta.sources or delta.reset:
            before, self._sources = (
                self._sources,
                self._read(self._reader.sources, self._sources),
            )
            for text, is_warning in notices(before, self._sources):
                self.say(text, is_warning=is_warning)
        self._show_header()
        changed = {change.id for change in delta.changes}
        cursor = self.note_tree.cursor_note
        if delta.reset or cursor is None or cursor in changed:
            self._show_details_soon()
        playing = self._playing
        if playing is not None and (delta.reset or playing.row.id in changed):
            note_id = playing.row.id
            note = self._read(lambda: self._reader.note(note_id), None)
            self._playing = note or playing
            self.bar.update_peaks(self._playing.peaks)

    def show_indexer(self, status: IndexerStatus) -> None:
        """Show what the indexer does."""
        self._busy = (status.text, self._busy[1])
        self._show_busy()
        if status.problem:
            self.say(status.problem, is_warning=True)

    def show_export(self, text: str) -> None:
        """Show how far an export is that goes on in the background."""
        self._busy = (self._busy[0], text)
        self._show_busy()

    def _show_busy(self) -> None:
        # The indexer ends by itself; whoever saves something waits for that.
        self.header.update_busy(self._busy[1] or self._busy[0])

    def _show_header(self) -> None:
        totals = self._read(self._reader.totals, Totals())
        where = summary(self._sources, is_read_only=self._is_read_only)
        self._show_body(has_sources=bool(self._sources) or self._expects_sources)
        self.note_tree.empty = emptiness(self._sources)
        self.header.update(
            HeaderView(
                place=where.place,
                state=where.state,
                is_trouble=where.is_trouble,
                busy=self.header.view.busy,
                news=self.header.view.news,
                unplayed=totals.unplayed,
                notes=totals.notes,
            )
        )

    def _show_body(self, *, has_sources: bool) -> None:
        """Show the tree, or what to do first."""
        body = self.query_one("#body")
        if body.display != has_sources:
            body.display = has_sources
            self.query_one(Empty).display = not has_sources
            if has_sources:
                self.call_after_refresh(self.note_tree.focus)

    # What the player tells

    def show_playing(self, now: NowPlaying) -> None:
        """Show what plays; only what differs is repainted."""
        note_id = now.note_id
        if note_id is None:
            self._playing = None
        elif self._playing is None or self._playing.row.id != note_id:
            self._playing = self._read(lambda: self._reader.note(note_id), None)
            self._want_peaks(self._playing)
            if self.follows_next:
                self._read(lambda: self.note_tree.reveal(note_id), fallback=False)
        if note_id != self.note_tree.playing:
            self.follows_next = False
            self.note_tree.playing = note_id
        self.note_tree.playing_state = now.state.value
        is_failed = bool(note_id) and now.state.value == BarState.FAILED.value
        why = self._why_failed(now) if is_failed else ""
        if now.message not in {"", why, self.bar.message}:
            self.say(now.message)
        self.bar.message = now.message
        peaks = self._playing.peaks if self._playing else None
        self.bar.update(bar_view(now, peaks, self._glyphs, problem=why))
        self.details.update_loop(note_id, now.loop)

    def _why_failed(self, now: NowPlaying) -> str:
        """Say why the note can't be played; the message may be about another key."""
        if now.failure and now.failure not in now.message:
            return f"Can't play this note: {now.failure}"
        return now.message

    # What the user does

    @on(NoteTree.CursorMoved)
    def _follow_cursor(self, event: NoteTree.CursorMoved) -> None:
        event.stop()
        self._show_details_soon()

    @on(NoteTree.Rested)
    def _complete_rows(self, event: NoteTree.Rested) -> None:
        event.stop()
        self._row_waves.ask(event.rows)

    @on(NoteTree.SelectionChanged)
    def _count_selected(self, event: NoteTree.SelectionChanged) -> None:
        event.stop()
        if event.count:
            self.say(f"{event.count:,} selected")

    def action_toggle_details(self) -> None:
        """Show or hide the details."""
        is_wide = self.has_class("-wide")
        self._has_details[is_wide] = not self._has_details[is_wide]
        self._arrange()

    def action_back(self) -> None:
        """Go back to the tree; there, end what was selected, searched or opened."""
        tree = self.note_tree
        if self.details.has_focus:
            tree.focus()
        elif tree.selected:
            tree.clear_selection()
        elif tree.search is not None:
            self.post_message(EndSearch())
        elif not self.has_class("-wide") and self._has_details[False]:
            self.action_toggle_details()

    def on_resize(self, event: Resize) -> None:
        """Put the details beside the tree, or below it where that is too narrow."""
        self.set_class(event.size.width >= WIDE, "-wide")
        self.bar.update_rows(event.size.height)
        self._arrange()

    def _arrange(self) -> None:
        is_shown = self._has_details[self.has_class("-wide")]
        self.set_class(is_shown, "-details")
        if is_shown:
            self._show_details_soon()
        elif self.details.has_focus:
            self.note_tree.focus()

    def _show_hints(self) -> None:
        """Show the main keys as they are bound now."""
        keys = main_keys((self.note_tree, self, self.app), self.app._keymap)  # noqa: SLF001  # nothing public tells
        hints = []
        for ids, label in _HINTS:
            names = [
                key_name(keys[name], ascii_only=self._glyphs.is_ascii)
                for name in ids
                if name in keys
            ]
            if names:
                joint = "" if all(len(name) == 1 for name in names) else " "
                hints.append(Hint(joint.join(names), label))
        self.footer.update(hints)

    # Details

    def _show_details_soon(self) -> None:
        """Show the note under the cursor: at once, or when the cursor slows down."""
        if not self.has_class("-details"):
            return
        if self._settling:
            self._is_stale = True
            return
        self._settling = True
        wait_s = _SLOW_SETTLE_S if self._low_bandwidth else _SETTLE_S
        self.set_timer(wait_s, self._settled)
        self._show_details()

    def _settled(self) -> None:
        self._settling = False
        if self._is_stale:
            self._is_stale = False
            self._show_details_soon()

    def _show_details(self) -> None:
        note_id = self.note_tree.cursor_note
        if note_id is None:
            self.details.update(None, self._about_group())
            return
        note = self._read(lambda: self._reader.note(note_id), None)
        self.details.update(note, ["This note is gone."])
        self._want_peaks(note)

    def _about_group(self) -> list[str]:
        group = self.note_tree.cursor_group
        totals = self._read(lambda: self._reader.group_totals(group), (0, 0, 0))
        notes, unplayed, length_ms = totals
        noun = "note" if notes == 1 else "notes"
        facts = [f"{notes:,} {noun}"]
        if unplayed and group.kind not in {GroupKind.UNPLAYED, GroupKind.PROBLEMS}:
            facts.append(f"{unplayed:,} unplayed")
        if length_ms:
            facts.append(clock(length_ms))
        lines = [_ABOUT.get(group.kind, ""), f" {self._glyphs.dot} ".join(facts)]
        if group.kind not in _ABOUT:
            return lines
        none: list[Problem] = []
        bad = self._read(lambda: self._reader.document_problems(_BAD_SHOWN), none)
        told = troubles(self._sources, bad, is_read_only=self._is_read_only)
        return [*lines, *told]

    def _want_peaks(self, note: Note | None) -> None:
        """Ask for a waveform that is not there yet, once."""
        if (
            note is None
            or note.row.id == self._asked
            or (note.has_own_peaks and None not in {note.peaks, note.lufs})
        ):
            return
        if note.row.state is NoteState.READY:
            self._asked = note.row.id
            self._row_waves.asked(note.row.id)
            self._request_peaks(note.row.id)

    # Helpers

    def say(self, text: str, *, is_warning: bool = False) -> None:
        """Show a sentence for a few seconds: in the header, where nothing is hidden.

        Only a warning, and what is too long, is laid over the tree.
        """
        text = printable(text)
        if not is_warning and self.header.tell(text):
            if self._news_timer is not None:
                self._news_timer.stop()
            self._news_timer = self.set_timer(_NEWS_S, lambda: self.header.tell(""))
            return
        now_s = time.monotonic()
        self._said = {
            said: at_s for said, at_s in self._said.items() if now_s - at_s < _NEWS_S
        }
        if text in self._said:
            return
        self._said[text] = now_s
        severity: SeverityLevel = "warning" if is_warning else "information"
        self.notify(text, severity=severity, markup=False)

    def _read(self, query: Callable[[], _T], fallback: _T) -> _T:
        """Ask the library; say so, once, when it can't answer."""
        try:
            return query()
        except EarmarkError as error:
            _log.warning("the library did not answer: %s", error)
            self.say(error.message, is_warning=True)
            return fallback
