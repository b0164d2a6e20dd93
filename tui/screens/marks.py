"""Marks on notes: what the keys and the palette do with stars, tags, comments.

Whatever is written goes on a thread of its own, one edit after the other in the order
of the keys; what came of it is said in the header.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from tui.errors import EarmarkError
from tui.model import Played
from tui.query import FieldTerm, Literal, Query, TextField
from tui.screens._work import EditWork
from tui.screens.framed import ConfirmScreen, FramedScreen, LineScreen
from tui.text import clock, printable
from tui.words import fold

if TYPE_CHECKING:
    from collections.abc import (
        AsyncIterator,
        Awaitable,
        Callable,
        Iterator,
        Sequence,
    )

    from textual.app import App

    from tui.answers import TagTotals
    from tui.library import Reader
    from tui.model import Bookmark, Edit, Edited, Note, NoteId, NoteRow
    from tui.screens.collecting import CollectActions
    from tui.screens.main import MainScreen
    from tui.screens.tag import TagChange, TagState
    from tui.services import Editing, Services
    from tui.widgets.glyphs import Glyphs

__all__ = ["MarkActions"]

_MANY = 200
"""From so many notes of a group on, it is asked first: one key is soon pressed."""
_AT_ONCE = 500
"""Rows read before the first of them is looked at."""
_COMMON = 40
"""Of so many notes it is looked whether they have one comment or title in common."""
_LEAD_MS = 1000
"""A bookmark is heard from so long before it."""
_LAST_TAGS = 20
_HISTORY = 1000
_NO_NOTE = "Put the cursor on a note"
_COLLECTING = frozenset(
    {
        *("uncollect", "collected_up", "collected_down"),
        *("new_collection", "rename_collection", "delete_collection"),
    }
)
"""What is done to collections without asking which notes are meant."""
_SILENT = "Nothing plays: b marks a moment of the note that plays"
_FAILED = "failed"


class _Targets(NamedTuple):
    """The notes that something is done to."""

    ids: Sequence[NoteId]
    words: str
    """What the user would call them."""
    is_selection: bool
    is_group: bool
    """They are all notes of the group under the cursor."""


class MarkActions:
    """Does what the user says about notes.

    Args:
        app: The application, whose screens are shown.
        main: The browser below them.
        services: The engines.
        glyphs: The marks.
        run: Does something on a thread; tells whether it came to its end in time.
        turn: Held while something is edited; shared by all who edit.
    """

    def __init__(
        self,
        app: App[None],
        main: MainScreen,
        services: Services,
        glyphs: Glyphs,
        run: Callable[[Callable[[], None], str, float], Awaitable[bool]],
        *,
        turn: asyncio.Lock | None = None,
    ) -> None:
        self._app = app
        self._main = main
        self._services = services
        self._glyphs = glyphs
        self._work = EditWork(main, services, run, turn)
        self._recent: list[str] = []
        """Tags that were given last, the last one first."""
        self._known_tags: Sequence[TagTotals] = ()
        """The tags as they were counted last."""
        self._collects: CollectActions | None = None

    async def do(self, name: str) -> None:
        """Do what a key or an entry of the palette stands for.

        Args:
            name: `played`, `star`, `tag`, `comment`, `title`, `bookmark`, `bookmarks`,
                `changes`, `tags`, `collect`, or what `CollectActions.do` does.
        """
        if isinstance(self._app.screen, FramedScreen):
            return  # a key was pressed twice, before the first could show anything
        only_shows = name in {"bookmarks", "tags"}
        if not only_shows and self._work.refuse():
            return
        try:
            if name in _COLLECTING:
                await self._collecting.do(name)
            else:
                await getattr(self, f"_{name}")()
        except EarmarkError as error:
            self._main.say(error.message, is_warning=True)

    # What it is about

    def _targets(self) -> _Targets | None:
        """The selected notes, the note under the cursor, or all of its group."""
        tree = self._main.note_tree
        ids, words = tree.chosen()
        if not ids:
            self._main.say(_NO_NOTE)
            return None
        is_selection = bool(tree.selected)
        is_group = not is_selection and tree.cursor_note is None
        return _Targets(ids, words, is_selection, is_group)

    async def _is_sure(self, what: str, targets: _Targets) -> bool:
        """Ask before something is done to all notes of a long group."""
        if not targets.is_group or len(targets.ids) <= _MANY:
            return True
        question = ConfirmScreen(f"{what.format(targets.words)}?", glyphs=self._glyphs)
        return await self._app.push_screen_wait(question)

    def _end_selection(self, targets: _Targets, done: Edited | None) -> None:
        if targets.is_selection and done is not None and done.text:
            self._main.note_tree.clear_selection()

    def _notes(self, ids: Sequence[NoteId]) -> Iterator[Note]:
        for note_id in ids:
            note = self._services.reader.note(note_id)
            if note is not None:
                yield note

    # Played, star

    async def _star(self) -> None:
        await self._switch(
            lambda row: row.star,
            ("Star {}", "Take the star from {}"),
            lambda edits, ids, on: edits.set_star(ids, on=on),
        )

    async def _played(self) -> None:
        def mark(edits: Editing, ids: Sequence[NoteId], on: bool) -> Edited:  # noqa: FBT001  # as for stars
            return edits.set_played(ids, Played.PLAYED if on else Played.UNPLAYED)

        await self._switch(
            lambda row: row.played is Played.PLAYED,
            ("Mark {} played", "Mark {} unplayed"),
            mark,
        )

    async def _switch(
        self,
        has: Callable[[NoteRow], bool],
        questions: tuple[str, str],
        mark: Callable[[Editing, Sequence[NoteId], bool], Edited],
    ) -> None:
        """Give notes something, or take it away where all have it.

        Args:
            has: Tells whether a note has it.
            questions: What to ask before giving it to many, and before taking it.
            mark: Gives it to notes, or takes it away.
        """
        targets = self._targets()
        if targets is None:
            return
        ids = targets.ids
        # What they have is read in turn: a key that is pressed twice switches twice.
        async with self._work.turn:
            all_have = await self._work.look(partial(_all_have, ids, has))
            if all_have is None:
                return
            if not await self._is_sure(questions[all_have], targets):
                return
            done = await self._work.edit(
                lambda edits: mark(edits, ids, not all_have),
                count=len(ids),
                has_turn=True,
            )
        self._end_selection(targets, done)

    # Tags

    async def _tag(self) -> None:
        from tui.screens.tag import TagScreen

        targets = self._targets()
        if targets is None or not await self._is_sure("Tag {}", targets):
            return
        screen = TagScreen(
            f"Tag {targets.words}",
            len(targets.ids),
            lambda: self._tag_states(targets.ids),
            recent=tuple(self._recent),
            glyphs=self._glyphs,
        )
        change: TagChange | None = await self._app.push_screen_wait(screen)
        if change is None or not (change.add or change.remove):
            return
        add, remove = change
        done = await self._work.edit(
            lambda edits: edits.tag(targets.ids, add=add, remove=remove),
            count=len(targets.ids),
            nothing="They are tagged so already",
        )
        if done is not None and add:
            self._remember(add)
        self._end_selection(targets, done)

    async def _tag_states(self, ids: Sequence[NoteId]) -> AsyncIterator[TagState]:
        """Read the tags: at once as they were known, then as they are."""
        from tui.screens.tag import TagState

        on = await self._work.look(lambda reader: reader.tags_of(ids)) or {}
        if self._known_tags:
            yield TagState(self._known_tags, on)
        self._known_tags = await self._all_tags()
        yield TagState(self._known_tags, on)

    async def _all_tags(self) -> Sequence[TagTotals]:
        # Each is counted anew, which takes a second where 100,000 notes have some.
        return await self._work.look(lambda reader: reader.tags()) or ()

    def _remember(self, tags: Sequence[str]) -> None:
        new = {fold(tag) for tag in tags}
        old = [tag for tag in self._recent if fold(tag) not in new]
        self._recent = [*reversed(tags), *old][:_LAST_TAGS]

    async def _tags(self) -> None:
        from tui.screens.tags import TagsScreen

        async def rename(name: str, new: str) -> None:
            await self._work.edit(
                lambda edits: edits.rename_tag(name, new), nothing="It is called so"
            )
            self._recent = [tag for tag in self._recent if fold(tag) != fold(name)]

        async def delete(name: str) -> None:
            await self._work.edit(lambda edits: edits.delete_tag(name))
            self._recent = [tag for tag in self._recent if fold(tag) != fold(name)]

        screen = TagsScreen(
            self._all_tags,
            rename,
            delete,
            lambda: not self._work.refuse(),
            self._glyphs,
        )
        name = await self._app.push_screen_wait(screen)
        if name is not None:
            query = str(Query(((Literal(FieldTerm(TextField.TAG, name)),),)))
            await self._app.run_action(f"search_for({query!r})")

    # Collections

    @property
    def _collecting(self) -> CollectActions:
        if self._collects is None:
            from tui.screens.collecting import CollectActions

            self._collects = CollectActions(
                self._app, self._main, self._work, self._glyphs
            )
        return self._collects

    async def _collect(self) -> None:
        targets = self._targets()
        if targets is None or not await self._is_sure("Collect {}", targets):
            return
        done = await self._collecting.collect(targets.ids, targets.words)
        self._end_selection(targets, done)

    # Comment, title

    async def _comment(self) -> None:
        from tui.screens.comment import CommentScreen

        targets = self._targets()
        if targets is None or not await self._is_sure("Comment on {}", targets):
            return
        text, hint = self._in_common(targets.ids, lambda note: note.comment)
        screen = CommentScreen(
            f"Comment on {targets.words}",
            text=text,
            hint=hint,
            sources=[source.root for source in self._services.reader.sources()],
            editor=self._services.editor,
            glyphs=self._glyphs,
        )
        comment = await self._app.push_screen_wait(screen)
        if comment is None:
            return
        done = await self._work.edit(
            lambda edits: edits.set_comment(targets.ids, comment),
            count=len(targets.ids),
            nothing="The comment is so already",
        )
        self._end_selection(targets, done)

    async def _title(self) -> None:
        targets = self._targets()
        if targets is None or not await self._is_sure("Give {} a title", targets):
            return
        text, hint = self._in_common(targets.ids, lambda note: note.own_title)
        if len(targets.ids) == 1 and not text:
            hint = next((note.row.title for note in self._notes(targets.ids)), "")
        screen = LineScreen(
            f"Title of {targets.words}",
            text=text,
            hint=printable(hint),
            glyphs=self._glyphs,
        )
        title = await self._app.push_screen_wait(screen)
        if title is None:
            return
        done = await self._work.edit(
            lambda edits: edits.set_title(targets.ids, title),
            count=len(targets.ids),
            nothing="The title is so already",
        )
        self._end_selection(targets, done)

    def _in_common(
        self, ids: Sequence[NoteId], get: Callable[[Note], str]
    ) -> tuple[str, str]:
        """Find what notes have in common; with a hint where they differ."""
        if len(ids) > _COMMON:
            return "", "what you write replaces what they have"
        texts = {get(note) for note in self._notes(ids)}
        if len(texts) > 1:
            return "", "they differ: what you write replaces them"
        return next(iter(texts), ""), ""

    # Bookmarks

    async def _bookmark(self) -> None:
        now = self._services.playing.now
        note_id, at_ms = now.note_id, now.position_ms
        if note_id is None or now.state.value == _FAILED:
            self._main.say(_SILENT)
            return
        # At once, whatever becomes of the text; and no key waits for it.
        marking = asyncio.create_task(
            self._work.edit(lambda edits: edits.add_bookmark(note_id, at_ms))
        )
        screen = LineScreen(
            f"Bookmark at {clock(at_ms)}",
            hint="what is there to hear?",
            keys=("Enter keeps the text", "Esc leaves it without"),
            glyphs=self._glyphs,
        )
        text = await self._app.push_screen_wait(screen)
        done = await marking
        if text and done is not None and not done.skipped:
            await self._work.edit(
                lambda edits: edits.add_bookmark(note_id, at_ms, text)
            )

    async def _bookmarks(self) -> None:
        from tui.screens.bookmarks import BookmarksScreen

        tree, playing = self._main.note_tree, self._services.playing
        note_id = tree.cursor_note or playing.now.note_id
        if note_id is None:
            self._main.say(_NO_NOTE)
            return

        def load() -> Sequence[Bookmark]:
            return next((note.bookmarks for note in self._notes([note_id])), ())

        async def write(at_ms: int, text: str) -> None:
            await self._work.edit(
                lambda edits: edits.add_bookmark(note_id, at_ms, text)
            )

        async def remove(at_ms: int) -> None:
            await self._work.edit(lambda edits: edits.remove_bookmark(note_id, at_ms))

        screen = BookmarksScreen(
            f"Bookmarks of {self._name(note_id)}", load, write, remove, self._glyphs
        )
        at_ms = await self._app.push_screen_wait(screen)
        if at_ms is not None:
            within = tree.cursor_group if note_id == tree.cursor_note else None
            start_ms = max(0, at_ms - _LEAD_MS)
            playing.play_note(note_id, within=within, at_ms=start_ms)

    def _name(self, note_id: NoteId) -> str:
        """Call a note what it is called in a sentence."""
        for row in self._services.reader.rows([note_id]):
            who = row.sender or row.chat_title
            return (
                f"“{row.title}”" if row.title else f"“{who}, {clock(row.duration_ms)}”"
            )
        return "a note that is gone"

    # What was changed

    async def _changes(self) -> None:
        from tui.screens.changes import ChangesScreen

        async def load() -> Sequence[Edit] | None:
            return await self._work.ask(lambda edits: edits.history(_HISTORY))

        async def undo(edit: Edit) -> None:
            told = await self._work.ask(lambda edits: _undo_down_to(edits, edit.id))
            if told is not None:
                self._main.say(told)

        await self._app.push_screen_wait(ChangesScreen(load, undo, self._glyphs))


def _all_have(
    ids: Sequence[NoteId], has: Callable[[NoteRow], bool], reader: Reader
) -> bool:
    """Tell whether all of some notes have something; the first that has not ends it."""
    return all(
        has(row)
        for start in range(0, len(ids), _AT_ONCE)
        for row in reader.rows(ids[start : start + _AT_ONCE])
    )


def _undo_down_to(edits: Editing, edit_id: int) -> str:
    """Take back an edit and what was done after it, even what the list did not know."""
    later = [edit.id for edit in edits.history(_HISTORY) if edit.id >= edit_id]
    if edit_id not in later:
        return "It was taken back already"
    told = edits.undo(len(later))
    if len(later) == 1:
        return f"{told[:1].upper()}{told[1:]}"
    return f"{len(later):,} changes are taken back"
