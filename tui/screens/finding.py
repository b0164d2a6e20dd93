"""Finding notes: the search, saved searches, other groups, other orders, days.

What is counted at the start is told here, right after the first picture: so this loads
next to nothing, and each thing that can be done loads what it needs.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, TypeVar

from tui.browse import (
    CollectionsCounted,
    RowKey,
    SearchesCounted,
    SearchFound,
    ViewFound,
)
from tui.errors import EarmarkError
from tui.model import Group, GroupBy, GroupKind, Sort
from tui.text import printable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from textual.app import App

    from tui.answers import SavedSearch
    from tui.browse import Answer
    from tui.library import Reader
    from tui.model import NoteId
    from tui.screens._find_screens import SavedChoice
    from tui.screens._searching import Searching
    from tui.screens._work import EditWork
    from tui.screens.main import MainScreen
    from tui.services import Finding, Naming, Services
    from tui.widgets.glyphs import Glyphs
    from tui.widgets.note_tree import NoteTree

__all__ = ["GROUPINGS", "PALETTE", "FindActions"]

GROUPINGS = (
    ("c", GroupBy.CHAT, "Chat"),
    ("s", GroupBy.SENDER, "Sender"),
    ("d", GroupBy.DAY, "Day"),
    ("w", GroupBy.WEEK, "Week"),
    ("m", GroupBy.MONTH, "Month"),
    ("t", GroupBy.TAG, "Tag"),
    ("r", GroupBy.SOURCE, "Source"),
)
"""A key each, what it groups by, and its name."""

PALETTE = (
    ("Save search", "save", "Keep the search that is on as a node of the tree"),
    *(
        (f"Group by {name.lower()}", f"group_{by}", "Show the tree in another way")
        for _, by, name in GROUPINGS
    ),
    *(
        (f"Sort: {sort} first", f"sort_{sort}", "Another order of notes and groups")
        for sort in Sort
    ),
)
"""Entries that have no key of their own: title, name, and what they do."""

_NO_SEARCH = "Nothing can be searched here"
_SORTED = {
    Sort.NEWEST: "Newest first",
    Sort.OLDEST: "Oldest first",
    Sort.LONGEST: "Longest first",
    Sort.UNPLAYED: "Unplayed first",
}
_T = TypeVar("_T")


class FindActions:
    """Does what the user says to find notes.

    Args:
        app: The application, whose screens are shown.
        main: The browser below them.
        services: The engines.
        glyphs: The marks.
        run: Does something on a thread; tells whether it came to its end in time.
    """

    def __init__(
        self,
        app: App[None],
        main: MainScreen,
        services: Services,
        glyphs: Glyphs,
        run: Callable[[Callable[[], None], str, float], Awaitable[bool]],
    ) -> None:
        self._app = app
        self._main = main
        self._services = services
        self._glyphs = glyphs
        self._run = run
        self._edits: EditWork | None = None
        self._counted: Sequence[SavedSearch] = ()
        self._awaited: GroupBy | None = None
        """The view that was asked for, and is not shown yet."""
        self._searching: Searching | None = None
        """The search, once there was one."""

    @property
    def _work(self) -> EditWork:
        if self._edits is None:
            from tui.screens._work import EditWork

            self._edits = EditWork(self._main, self._services, self._run)
        return self._edits

    def _search(self) -> Searching | None:
        """Give what searches; says so where nothing does."""
        finding = self._services.finding
        if finding is None:
            self._main.say(_NO_SEARCH)
            return None
        if self._searching is None:
            self._searching = self._make_searching(finding)
        return self._searching

    def _make_searching(self, finding: Finding) -> Searching:
        from tui.screens._searching import Searching
        from tui.screens._snippets import Snippets

        main = self._main
        snippets = Snippets(
            self._ask,
            lambda work: self._app.run_worker(work, group="snippets"),
            self._repaint,
        )
        return Searching(
            main,
            self._services.reader,
            finding,
            self._glyphs,
            snippets=snippets,
            remembers=self._services.remembers_searches,
            remember=lambda query: self._start(self._remember(query)),
            save=lambda query: self._start(self._save(query)),
            learn=lambda: self._start(self._learn()),
        )

    def _repaint(self) -> None:
        """Have the rows made anew, if they are still there."""
        from tui.widgets.note_tree import NoteTree

        for tree in self._main.query(NoteTree):
            tree._changed(follow=False)  # noqa: SLF001  # nothing public paints other words

    def _start(self, work: Awaitable[None]) -> None:
        self._app.run_worker(work, group="find")

    @property
    def _tree(self) -> NoteTree:
        return self._main.note_tree

    # What the application asks

    async def do(self, name: str) -> None:
        """Do what a key or an entry of the palette stands for.

        Args:
            name: Of a binding, or of PALETTE.
        """
        verb, _, what = name.partition("_")
        try:
            if verb == "group" and what:
                self._show_by(GroupBy(what))
            elif verb == "sort" and what:
                self._sort_by(Sort(what))
            elif name == "search":
                self.begin_search()
            else:
                await getattr(self, f"_{name}")()
        except EarmarkError as error:
            self._main.say(error.message, is_warning=True)

    @property
    def is_searching(self) -> bool:
        """Whether the tree shows a search, and nothing else."""
        return self._searching is not None and bool(self._searching.query)

    @property
    def is_waiting(self) -> bool:
        """Whether an answer of the search is still to come."""
        return self._searching is not None and self._searching.is_asked

    def begin_search(self) -> None:
        """Open the line to type in; what is typed from now on goes there."""
        searching = self._search()
        if searching is not None and self._services.finding is not None:
            self._services.finding.prepare()
            searching.begin()

    def search_for(self, query: str) -> None:
        """Show what a query finds, as if it had been typed.

        Args:
            query: A query that can be understood.
        """
        searching = self._search()
        if searching is not None:
            searching.show(query)

    def end_search(self) -> None:
        """End the search; the cursor stays on the note that was found."""
        if self._searching is not None:
            self._searching.end(stay=self._tree.cursor_note is not None)

    def next_match(self) -> None:
        """Go to the next match of the search that is on."""
        if self._searching is not None:
            self._searching.step(1)

    def library_changed(self) -> None:
        """Look again for what is shown."""
        if self._searching is not None:
            self._searching.library_changed()

    def start_of(self, note_id: NoteId, group: Group) -> int | None:
        """Tell where to begin to play a hit; None where it was left.

        Args:
            note_id: The note.
            group: The search that it was chosen in.
        """
        from tui.query import parse

        query = group.query
        try:
            if group.kind is GroupKind.SAVED:
                queries = {search.id: search.query for search in self._searches()}
                query = queries.get(group.number, "")
            hit = self._services.reader.hit(note_id, parse(query)) if query else None
        except EarmarkError:
            return None
        return None if hit is None else hit.at_ms

    def take(self, answer: Answer) -> None:
        """Show what was found or counted."""
        try:
            match answer:
                case SearchFound():
                    if self._searching is not None:
                        self._searching.take(answer)
                case ViewFound(by, buckets):
                    if by is self._awaited:
                        self._awaited = None
                        self._tree.show_view(by, buckets)
                    elif by is self._tree.view:
                        self._tree.update_buckets(by, buckets)
                case SearchesCounted(searches):
                    self._counted = searches
                    self._tree.update_searches(searches)
                case CollectionsCounted(collections):
                    self._tree.update_collections(collections)
        except EarmarkError as error:
            self._main.say(error.message, is_warning=True)

    # The search

    async def _previous(self) -> None:
        if not self.is_searching or self._searching is None:
            self._main.say("There is no search on; / begins one")
        else:
            self._searching.step(-1)

    async def _remember(self, query: str) -> None:
        if self._work.can_write and self._services.remembers_searches:
            await self._work.ask(lambda edits: edits.remember_search(query))

    async def _learn(self) -> None:
        """Read what filters can be completed to."""
        from tui.screens._searching import names_of, typable

        names = await self._ask(names_of)
        if names is None or self._searching is None:
            return
        if self._services.naming is not None:
            senders = await self._work.names(_senders)
            names["from"] = typable(senders or [])
        self._searching.learned(names)

    # Saved searches

    def _searches(self) -> Sequence[SavedSearch]:
        """The saved searches; as they were kept, until they are counted."""
        return self._counted or self._services.reader.saved_searches()

    async def _saved(self) -> None:
        """List the saved searches, until one is opened or the list is left."""
        from tui.screens._find_screens import SavedScreen

        at = 0
        while True:
            searches = self._services.reader.saved_searches()
            totals = {each.id: each for each in self._counted}
            shown = [totals.get(each.id, each) for each in searches]
            shown = [
                counted._replace(name=each.name, query=each.query)
                for counted, each in zip(shown, searches, strict=True)
            ]
            query = self._searching.query if self._searching is not None else ""
            screen = SavedScreen(shown, query, self._glyphs, at=at)
            choice = await self._app.push_screen_wait(screen)
            if choice is None:
                return
            if choice.verb == "save":
                await self._save(query)
                return
            if choice.verb == "open":
                self._open(choice)
                return
            at = next((at for at, each in enumerate(shown) if each == choice.search), 0)
            await self._change(choice)

    def _open(self, choice: SavedChoice) -> None:
        """Go to the node of a saved search, and open it."""
        if choice.search is None:
            return
        if self._searching is not None and self.is_searching:
            self._searching.end(stay=False)
        group = Group(GroupKind.SAVED, number=choice.search.id)
        tree = self._tree
        row = tree.model.index_of(RowKey(group))
        if row is None:
            self._main.say(f"“{choice.search.name}” is not in the tree yet")
            return
        tree.action_move(row - tree.model.cursor_row)
        if not tree.model.is_open(group):
            tree.action_unfold()

    async def _change(self, choice: SavedChoice) -> None:
        """Rename or remove a saved search."""
        search = choice.search
        if search is None:
            return
        if choice.verb == "remove":
            await self._work.edit(lambda edits: edits.remove_search(search.id))
        else:
            name = await self._name(f"Rename “{search.name}”", search.name)
            if not name:
                return
            await self._work.edit(lambda edits: edits.rename_search(search.id, name))
        self._recount()

    async def _save(self, query: str = "") -> None:
        """Keep a query, or the one that is on, under a name."""
        if not query and self._searching is not None:
            query = self._searching.query
        if not query:
            self._main.say("There is no search on; / begins one")
            return
        if self._work.refuse():
            return
        name = await self._name("Save this search as", "", hint=query)
        if name is None:
            return
        name = name or query
        await self._work.edit(lambda edits: edits.save_search(name, query))
        self._recount()

    async def _name(self, title: str, text: str, hint: str = "") -> str | None:
        from tui.screens._find_screens import NameScreen

        screen = NameScreen(title, text=text, hint=printable(hint), glyphs=self._glyphs)
        return await self._app.push_screen_wait(screen)

    def _recount(self) -> None:
        if self._services.finding is not None:
            self._services.finding.recount()

    # Views

    async def _group(self) -> None:
        from tui.screens._find_screens import GroupScreen

        screen = GroupScreen(self._tree.view, self._glyphs)
        by = await self._app.push_screen_wait(screen)
        if by is not None:
            self._show_by(by)

    def _show_by(self, by: GroupBy) -> None:
        """Group the tree by something."""
        finding = self._services.finding
        if finding is None:
            self._main.say(_NO_SEARCH)
            return
        if self._searching is not None and self.is_searching:
            self._searching.end(stay=self._tree.cursor_note is not None)
        finding.view(by)
        self._awaited = None
        if by is GroupBy.CHAT:
            self._tree.show_view(by, ())
        elif by is not self._tree.view:
            self._awaited = by  # shown when it is counted
        self._main.say(f"Grouped by {by}")

    async def _sort(self) -> None:
        """Go on to the next order."""
        orders = list(Sort)
        now = orders.index(self._tree.sort)
        self._sort_by(orders[(now + 1) % len(orders)])

    def _sort_by(self, sort: Sort) -> None:
        self._tree.set_sort(sort)
        if self._searching is not None and self._searching.is_asked:
            self._searching.again()  # what was asked for has the order of before
        self._main.say(_SORTED[sort])

    # Days

    async def _date(self) -> None:
        from tui.screens.goto import GoToScreen

        today = date.today()  # noqa: DTZ011  # the day of the user's own wall clock
        day = await self._app.push_screen_wait(GoToScreen(today, self._glyphs))
        if day is not None and not self._tree.go_to_day(day):
            self._main.say("There is nothing here that is as old")

    async def _next_day(self) -> None:
        if not self._tree.step_day(1):
            self._main.say("There is no later day here")

    async def _previous_day(self) -> None:
        if not self._tree.step_day(-1):
            self._main.say("There is no earlier day here")

    # Numbers

    async def _statistics(self) -> None:
        from tui.screens.statistics import StatisticsScreen

        screen = StatisticsScreen(
            lambda: self._ask(lambda reader: reader.statistics()),
            self._services.playing.now.speed,
            self._glyphs,
        )
        await self._app.push_screen_wait(screen)

    # How it is done

    async def _ask(self, question: Callable[[Reader], _T]) -> _T | None:
        """Ask the library without waiting here; None when it did not answer."""
        return await self._work.look(question)


def _senders(who: Naming) -> list[str]:
    return ["me", *(each.name for each in who.senders())]
