"""Listening: what the keys do with the queue, the sound, the clock and the output."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

from tui.errors import EarmarkError
from tui.model import ChatKind, NoteState, Played, Sort, SoundScope
from tui.screens._work import EditWork
from tui.screens.framed import ConfirmScreen, FramedScreen
from tui.screens.sound import BOOST_STEP_DB, counting, decibels, scope_name
from tui.text import clock, printable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from textual.app import App

    from tui.library import Reader
    from tui.model import LibraryDelta, NoteId, NoteRow
    from tui.playback import NowPlaying
    from tui.screens.main import MainScreen
    from tui.services import Playing, Services
    from tui.widgets.glyphs import Glyphs

__all__ = ["ListenActions", "Waiters"]

_MANY = 200
"""From so many notes of a group on, it is asked first: one key is soon pressed."""
_LONG = 5000
"""To look through more notes than this takes a while."""
_AT_ONCE = 500
"""So many rows are read at once."""
_NO_NOTE = "Put the cursor on a note"
_SILENT = "Nothing plays"
_Words = Callable[["NowPlaying"], str]
"""Tells what to say; empty while it is not so yet."""
_AS_SHOWN = frozenset({Sort.OLDEST, Sort.LONGEST})
"""Orders in which notes wait as the tree shows them; else the oldest comes first."""


class Waiters(NamedTuple):
    """What there is to let wait, and why the rest of it is not."""

    ids: tuple[NoteId, ...]
    silent: int = 0
    """Notes that can't be played."""
    reason: str = ""
    """Why the last of them can't be."""
    is_unplayed: bool = False
    """Played ones of the group were left out."""


class _Follower(Protocol):
    """A screen that shows how it is now."""

    def follow(self, now: NowPlaying) -> None:
        """Show how it is now."""


class ListenActions:
    """Does what the user says about listening.

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
        self._work = EditWork(main, services, run)
        self._follower: _Follower | None = None
        self._reread: Callable[[LibraryDelta], None] | None = None
        """Has the screen that is open read notes anew."""
        self._awaited: dict[str, tuple[NoteId | None, _Words]] = {}
        """What is to be said of a note, as soon as the player tells of it."""

    @property
    def _playing(self) -> Playing:
        return self._services.playing

    async def do(self, name: str) -> None:
        """Do what a key or an entry of the palette stands for.

        Args:
            name: `add`, `add_first`, `queue`, `loop`, `level`, `louder`, `softer`,
                `sound`, `replay`, `next_bookmark`, `previous_bookmark`, `stop_after`,
                `sleep` or `output`.
        """
        if isinstance(self._app.screen, FramedScreen):
            return  # a key was pressed twice, before the first could show anything
        try:
            await getattr(self, f"_{name}")()
        except EarmarkError as error:
            self._main.say(error.message, is_warning=True)

    # What the application tells

    def show_playing(self, now: NowPlaying) -> None:
        """Follow what plays."""
        self._tell_awaited(now)
        if self._follower is not None:
            self._follower.follow(now)

    def _tell_awaited(self, now: NowPlaying) -> None:
        for name, (note_id, words) in [*self._awaited.items()]:
            is_other = now.note_id != note_id
            text = "" if is_other else words(now)
            if text or is_other:
                del self._awaited[name]
            if text:
                self._main.say(text)

    def library_changed(self, delta: LibraryDelta) -> None:
        """Show notes as they are now."""
        if self._reread is not None:
            self._reread(delta)

    def play_share(self, note_id: NoteId, share: float) -> None:
        """Play a note from a part of it on."""
        now = self._playing.now
        if note_id == now.note_id and now.state.value not in {"failed", "ended"}:
            self._playing.seek_percent(100 * share)
            return
        try:
            rows = self._services.reader.rows([note_id])
        except EarmarkError as error:
            self._main.say(error.message, is_warning=True)
            return
        length_ms = next((row.duration_ms for row in rows), None) or 0
        tree = self._main.note_tree
        within = tree.cursor_group if tree.cursor_note == note_id else None
        self._playing.play_note(note_id, within=within, at_ms=round(share * length_ms))

    # Where it plays

    async def _replay(self) -> None:
        self._playing.replay()

    async def _next_bookmark(self) -> None:
        self._playing.step_bookmark(1)

    async def _previous_bookmark(self) -> None:
        self._playing.step_bookmark(-1)

    async def _loop(self) -> None:
        now = self._playing.now
        if now.note_id is not None:
            self._awaited["loop"] = now.note_id, partial(_loop_words, now.loop)
        self._playing.loop()

    # How it sounds

    async def _level(self) -> None:
        level = not self._playing.now.level
        words = "loudness levelled" if level else "loudness not levelled"
        self._playing.set_level(level)
        self._say_for("level", level, words)

    async def _louder(self) -> None:
        self._boost(BOOST_STEP_DB)

    async def _softer(self) -> None:
        self._boost(-BOOST_STEP_DB)

    def _boost(self, step_db: float) -> None:
        """Have what plays be louder, and remember it."""
        before_db = self._playing.now.boost_db
        self._playing.set_boost(before_db + step_db)
        now_db = self._playing.now.boost_db
        if now_db == before_db:  # it is as loud or soft as it can be
            name = _who(self._playing.now, "boost_db")
            self._main.say(f"{name}: {decibels(now_db)}")
        else:
            self._say_for("boost_db", now_db, decibels(now_db))

    def _say_for(self, field: str, value: float, text: str) -> None:
        """Say for what a setting is remembered, as soon as that is told."""

        def words(now: NowPlaying) -> str:
            scope = counting(now.sounds, field)
            if scope is None:
                return ""
            told = getattr(now.sounds[scope], field)
            return f"{scope_name(now, scope)}: {text}" if told == value else ""

        now = self._playing.now
        self._awaited[field] = now.note_id, words
        self._tell_awaited(now)

    async def _sound(self) -> None:
        from tui.screens.sound import SoundScreen

        known: dict[NoteId, bool] = {}

        def has_chat(note_id: NoteId) -> bool:
            if note_id not in known:
                try:
                    note = self._services.reader.note(note_id)
                except EarmarkError:
                    return True  # whoever remembers it will tell
                kind = ChatKind.UNMATCHED if note is None else note.chat_kind
                known[note_id] = kind is not ChatKind.UNMATCHED
            return known[note_id]

        def can_have(scope: SoundScope) -> bool:
            now = self._playing.now
            if scope is SoundScope.ALL or now.note_id is None:
                return scope is SoundScope.ALL
            if scope is SoundScope.SENDER:
                return now.sender is not None
            return scope is SoundScope.NOTE or has_chat(now.note_id)

        screen = SoundScreen(
            lambda: self._playing.now,
            can_have,
            self._playing.remember_sound,
            self._glyphs,
        )
        self._follower = screen
        try:
            await self._app.push_screen_wait(screen)
        finally:
            self._follower = None

    # The queue

    async def _add(self) -> None:
        await self._enqueue(first=False)

    async def _add_first(self) -> None:
        await self._enqueue(first=True)

    async def _enqueue(self, *, first: bool) -> None:
        tree = self._main.note_tree
        ids, words = tree.chosen()
        if not ids:
            self._main.say(_NO_NOTE)
            return
        is_selection = bool(tree.selected)
        is_group = not is_selection and tree.cursor_note is None
        as_shown = tree.sort in _AS_SHOWN
        if len(ids) > _LONG:
            self._main.say(f"Looking through {len(ids):,} notes")
        found = await self._work.look(
            partial(_waiters, ids, is_group=is_group, as_shown=as_shown)
        )
        if found is None:
            return
        if not found.ids:
            self._main.say(_unplayable(found, len(ids)))
            return
        count = len(found.ids)
        if is_group and count > _MANY:
            question = ConfirmScreen(
                f"Let {count:,} notes wait in the queue?", words, glyphs=self._glyphs
            )
            if not await self._app.push_screen_wait(question):
                return
        self._main.say(_added(found, self._playing.now.queue, first=first))
        self._playing.enqueue(found.ids, first=first)
        if is_selection:
            tree.clear_selection()

    async def _queue(self) -> None:
        from tui.screens.queue import QueueRows, QueueScreen, lengths_of

        reader, playing = self._services.reader, self._playing
        rows = QueueRows(reader.rows, self._glyphs)

        def play(note_id: NoteId) -> None:
            # It waits no longer, and the group goes on where it stood.
            playing.enqueue([note_id], first=True)
            self._main.follows_next = True
            playing.next()

        screen = QueueScreen(
            lambda: playing.now,
            rows,
            lambda ids: self._work.look(partial(lengths_of, ids)),
            put=playing.set_queue,
            play=play,
            glyphs=self._glyphs,
        )
        self._follower, self._reread = screen, screen.library_changed
        try:
            await self._app.push_screen_wait(screen)
        finally:
            self._follower = self._reread = None

    # When it ends

    async def _stop_after(self) -> None:
        now = self._playing.now
        if now.note_id is None and not now.stops_after:
            self._main.say(_SILENT)
            return
        self._playing.stop_after_this(not now.stops_after)
        self._main.say(
            "It goes on after this note"
            if now.stops_after
            else "It stops after this note"
        )

    async def _sleep(self) -> None:
        from tui.screens.sleep import AT_END, OFF, SleepScreen

        screen = SleepScreen(lambda: self._playing.now, self._glyphs)
        self._follower = screen
        try:
            choice = await self._app.push_screen_wait(screen)
        finally:
            self._follower = None
        if choice is None:
            return
        now = self._playing.now
        if choice == AT_END:
            if now.note_id is None:
                self._main.say(_SILENT)
                return
            self._playing.sleep_after(None)
            self._playing.stop_after_this(True)  # noqa: FBT003  # a setter of one boolean
            self._main.say("It stops after this note")
            return
        if choice == OFF and now.stops_after:
            self._playing.stop_after_this(False)  # noqa: FBT003  # the same
        self._playing.sleep_after(choice or None)
        self._main.say(f"It pauses in {choice} minutes" if choice else "No sleep timer")

    # Where it is heard

    async def _output(self) -> None:
        from tui.screens.output import OutputScreen

        playing = self._playing
        screen = OutputScreen(lambda: playing.now, playing.list_outputs, self._glyphs)
        self._follower = screen
        try:
            name = await self._app.push_screen_wait(screen)
        finally:
            self._follower = None
        if name is None:
            return
        labels = [each.label for each in playing.now.outputs if each.name == name]
        playing.set_output(name)
        label = next(filter(None, labels), name)
        self._main.say(f"It plays on: {printable(label)}")


def _who(now: NowPlaying, field: str) -> str:
    """Call by its name for what a setting is remembered."""
    scope = counting(now.sounds, field) or SoundScope.ALL
    return scope_name(now, scope)


def _loop_words(before: tuple[int, int | None] | None, now: NowPlaying) -> str:
    """Say what became of the loop; empty while nothing did."""
    if now.loop == before:
        return ""
    if now.loop is None:
        return "The loop has ended"
    begin, end = now.loop
    if end is None:
        return f"Loop from {clock(begin)}: the same key marks its end"
    return f"Loop from {clock(begin)} to {clock(end)}"


def _waiters(
    ids: Sequence[NoteId], reader: Reader, *, is_group: bool, as_shown: bool
) -> Waiters:
    """Choose which notes shall wait, and in which order.

    Args:
        ids: What the key is for.
        reader: The library.
        is_group: They are a group: what was played of it is left out, unless all was.
        as_shown: Keep the order; else the oldest comes first.
    """
    rows: list[NoteRow] = []
    silent, reason = 0, ""
    for start in range(0, len(ids), _AT_ONCE):
        for row in reader.rows(ids[start : start + _AT_ONCE]):
            if row.state in {NoteState.UNREADABLE, NoteState.MISSING}:
                silent += 1
                reason = row.reason
            else:
                rows.append(row)
    fresh = [row for row in rows if row.played is not Played.PLAYED]
    is_unplayed = is_group and 0 < len(fresh) < len(rows)
    chosen = fresh if is_unplayed else rows
    if not as_shown:
        chosen.sort(key=lambda row: (row.order_ms, row.id))
    return Waiters(tuple(row.id for row in chosen), silent, reason, is_unplayed)


def _unplayable(found: Waiters, count: int) -> str:
    """Say why nothing of it can wait."""
    if count == 1:
        reason = printable(found.reason) or "its file is not here"
        return f"Can't play this note: {reason}"
    return f"None of {count:,} notes can be played"


def _added(found: Waiters, waiting: Sequence[NoteId], *, first: bool) -> str:
    """Say what waits now."""
    count, kind = len(found.ids), "unplayed note" if found.is_unplayed else "note"
    new = len({*found.ids} - {*waiting})
    if first:
        text = f"{_many(count, kind)} {'comes' if count == 1 else 'come'} next"
    elif not new:
        text = f"{'It waits' if count == 1 else 'They wait'} in the queue already"
    elif waiting:
        text = f"{_many(new, kind)} added: {len(waiting) + new:,} wait in the queue"
    else:
        wait = "waits" if new == 1 else "wait"
        text = f"{_many(new, kind)} {wait} in the queue"
    return text + (f"; {found.silent:,} can't be played" if found.silent else "")


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
