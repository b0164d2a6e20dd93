"""The queue: what waits to be played, in another order or not at all."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple, overload

from textual.binding import Binding
from typing_extensions import override

from tui.errors import EarmarkError
from tui.model import Direction, NoteState
from tui.rowtext import note_line, time_room, total, when
from tui.screens.framed import ListScreen
from tui.widgets.cells import Role
from tui.widgets.glyphs import UNICODE
from tui.widgets.marked_list import ListRow

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from textual.binding import BindingType

    from tui.library import Reader
    from tui.model import LibraryDelta, NoteId, NoteRow
    from tui.playback import NowPlaying
    from tui.widgets.glyphs import Glyphs

__all__ = ["QueueRows", "QueueScreen", "lengths_of", "who"]

_KEYS = (
    "Enter plays",
    "J K move",
    "x removes",
    "C clears",
    "z brings back",
    "Esc",
)
_EMPTY = "nothing waits: a lets a note wait, P lets it come next"
_PAGE = 64
"""So many rows are read at once."""
_AT_ONCE = 500
"""The same where only their lengths matter."""


def who(row: NoteRow) -> str:
    """Say who speaks, as the sender is called."""
    return row.sender or ("me" if row.direction is Direction.SENT else "")


def lengths_of(ids: Sequence[NoteId], reader: Reader) -> dict[NoteId, int]:
    """Read how long notes are; those that are gone, or not measured, count nothing.

    Args:
        ids: The notes.
        reader: The library.
    """
    found = dict.fromkeys(ids, 0)
    for start in range(0, len(ids), _AT_ONCE):
        rows = reader.rows(ids[start : start + _AT_ONCE])
        found.update((row.id, row.duration_ms or 0) for row in rows)
    return found


class QueueRows(Sequence[ListRow]):
    """The rows of notes, of which only those that are looked at are ever read.

    Args:
        read: Reads some of them.
        glyphs: The marks.
        now: The clock, seconds since 1970.
    """

    def __init__(
        self,
        read: Callable[[Sequence[NoteId]], Sequence[NoteRow]],
        glyphs: Glyphs = UNICODE,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._read = read
        self._glyphs = glyphs
        self._now = now
        self._known: dict[NoteId, NoteRow | None] = {}
        self.ids: Sequence[NoteId] = ()
        """The notes."""
        self.width = 72
        """Cells of a row."""
        self.trouble = ""
        """Why rows could not be read last; empty when they could."""

    def forget(self, ids: Iterable[NoteId] | None = None) -> None:
        """Read notes anew that are looked at again.

        Args:
            ids: The notes; None for all.
        """
        for note_id in [*self._known] if ids is None else ids:
            self._known.pop(note_id, None)

    @override
    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, at: int) -> ListRow: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[ListRow]: ...
    @override
    def __getitem__(self, at: int | slice) -> ListRow | Sequence[ListRow]:
        if isinstance(at, slice):
            return [self[each] for each in range(*at.indices(len(self)))]
        note_id = self.ids[at]
        if note_id not in self._known:
            self._read_around(at)
        if note_id not in self._known:
            return ListRow(self._glyphs.ellipsis, role=Role.DIM)
        row = self._known[note_id]
        if row is None:
            gone = f"{self._glyphs.rows.missing} this note is gone"
            return ListRow(gone, role=Role.DIM)
        return self._row(row)

    def _read_around(self, at: int) -> None:
        start = at - at % _PAGE
        wanted = [
            each for each in self.ids[start : start + _PAGE] if each not in self._known
        ]
        try:
            rows = self._read(wanted)
        except EarmarkError as error:
            self.trouble = error.message
            return
        self.trouble = ""
        self._known.update(dict.fromkeys(wanted))
        self._known.update((row.id, row) for row in rows)

    def _row(self, row: NoteRow) -> ListRow:
        """Write a note as the tree does."""
        room = self.width - 2  # without the blank that a row of the tree begins with
        cells = time_room(room, in_month=False)
        is_ready = row.state is NoteState.READY
        sender = who(row)
        names = [sender] if sender == row.chat_title else [sender, row.chat_title]
        words = row.snippet if is_ready else ""
        line = note_line(
            room,
            time_text=when(
                row.sent_ms, row.offset_min, row.precision, self._now(), room=cells
            ),
            sender=f" {self._glyphs.dot} ".join(filter(None, names)),
            duration_ms=row.duration_ms,
            state=row.state,
            played=row.played,
            depth=0,
            time_cells=cells,
            title=row.title or row.file_name,
            text=f"“{words}”" if words else "",
            reason="" if is_ready else row.reason or "its file is not here",
            is_starred=row.star,
            tags=row.tags,
            glyphs=self._glyphs.rows,
        )
        role = Role.TEXT if is_ready else Role.DIM
        return ListRow("".join(text for text, _ in line)[1:], role=role)


class _Removed(NamedTuple):
    """Notes that were taken out of the queue, and where they stood."""

    at: int
    ids: tuple[NoteId, ...]


class QueueScreen(ListScreen[None]):
    """Lists what waits, and follows it while the player takes from it.

    Args:
        now: Tells what plays.
        rows: Gives the rows of notes.
        measure: Tells how long notes are; None when the library did not answer.
        put: Lets just these notes wait.
        play: Plays one of them now.
        glyphs: The marks.
    """

    DEFAULT_CSS = """
    QueueScreen > Vertical { width: 96%; max-width: 104; max-height: 90%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("J,shift+down", "shift(1)", "Later", id="queue.later"),
        Binding("K,shift+up", "shift(-1)", "Sooner", id="queue.sooner"),
        Binding("x,delete", "remove", "Remove", id="queue.remove"),
        Binding("C", "clear", "Clear", id="queue.clear"),
        Binding("z", "bring_back", "Bring back", id="queue.bring_back"),
        Binding("Q", "close", "Close", show=False, id="queue.close"),
    ]

    def __init__(
        self,
        now: Callable[[], NowPlaying],
        rows: QueueRows,
        measure: Callable[[Sequence[NoteId]], Awaitable[Mapping[NoteId, int] | None]],
        *,
        put: Callable[[Sequence[NoteId]], None],
        play: Callable[[NoteId], None],
        glyphs: Glyphs = UNICODE,
    ) -> None:
        super().__init__("Queue", _KEYS, _EMPTY, glyphs)
        self._now = now
        self._rows = rows
        self._measure = measure
        self._put = put
        self._play = play
        self._lengths: dict[NoteId, int] = {}
        self._unmeasured: set[NoteId] = set()
        self._speed = 1.0
        """The speed that the title was written for."""
        self._before: list[tuple[NoteId, ...]] = []
        """Queues from before what was done here, which may still be told of."""
        self._removed: list[_Removed] = []
        """What was taken out on this screen, the last one last."""

    @property
    def _ids(self) -> tuple[NoteId, ...]:
        return tuple(self._rows.ids)

    @override
    def on_mount(self) -> None:
        self._rows.ids = self._now().queue
        self._show(0)

    def on_resize(self) -> None:
        """Lay the rows out for another width."""
        self.call_after_refresh(self._lay_out)

    def _lay_out(self) -> None:
        if self.is_attached and self._rows.width != self.list.size.width:
            self._rows.width = self.list.size.width
            self.list.lay_out()

    # What changes by itself

    def follow(self, now: NowPlaying) -> None:
        """Show what waits now."""
        if not (self.is_read and self.is_attached):
            return
        if now.queue != self._ids and now.queue in self._before:
            return  # from before what was just done here
        self._before.clear()
        if now.queue != self._ids:
            self._change(now.queue)
        elif now.speed != self._speed:
            self._show_title()

    def library_changed(self, delta: LibraryDelta) -> None:
        """Read notes anew: one was played, renamed, or went away."""
        if not (self.is_read and self.is_attached):
            return
        if delta.reset:
            self._rows.forget()
            self._show(self.list.at, self._rows.ids)
            return
        changed = {change.id for change in delta.changes}.intersection(self._rows.ids)
        if changed:
            self._rows.forget(changed)
            self._show(self.list.at, tuple(changed))

    # What is shown

    def _show(self, at: int, changed: Sequence[NoteId] = ()) -> None:
        """Show the rows.

        Args:
            at: The one to mark.
            changed: Notes that may be of another length now.
        """
        self.fill(self._rows, at)
        self._show_title()
        self._unmeasured.update(changed)
        self._unmeasured.update(set(self._rows.ids).difference(self._lengths))
        if self._unmeasured:
            self.run_worker(self._learn(), group="lengths", exclusive=True)

    async def _learn(self) -> None:
        """Find how long notes are."""
        ids = [*self._unmeasured]
        found = await self._measure(ids)
        self._unmeasured.difference_update(ids)
        self._lengths.update(found or {})
        if self.is_attached:
            self._show_title()

    def _show_title(self) -> None:
        ids = self._rows.ids
        self._speed = speed = self._now().speed
        parts = [self._title]
        if ids:
            parts.append(f"{len(ids):,} {'note' if len(ids) == 1 else 'notes'}")
        known = [self._lengths.get(note_id) for note_id in ids]
        lengths = [length for length in known if length is not None]
        if lengths and len(lengths) == len(known):
            ms, text = sum(lengths), total(sum(lengths))
            if text and abs(speed - 1) >= 0.05:
                text += f", {total(round(ms / speed))} at {speed:g}x"
            parts.append(text)
        if self._rows.trouble:
            parts = [self._title, self._rows.trouble]
        title = f" {self._glyphs.dot} ".join(filter(None, parts))
        self.show_frame(title, self._keys)

    # What the keys do

    @property
    def _marked(self) -> NoteId | None:
        at = self.list.at
        return self._rows.ids[at] if at < len(self._rows.ids) else None

    def _change(self, ids: tuple[NoteId, ...], at: int | None = None) -> None:
        """Show other notes.

        Args:
            ids: The notes.
            at: The row to mark; None for the note that is marked.
        """
        marked = self._marked
        self._rows.ids = ids
        if at is None:
            here = self.list.at
            at = ids.index(marked) if marked in ids else here
        self._show(at)

    def _do(self, ids: Sequence[NoteId], at: int) -> None:
        """Let other notes wait, and show them at once."""
        self._before.append(self._ids)
        self._change(tuple(ids), at)
        self._put(ids)

    def action_choose(self) -> None:
        """Play the marked note now."""
        marked = self._marked
        if marked is not None:
            self.dismiss(None)
            self._play(marked)

    def action_shift(self, step: int) -> None:
        """Have the marked note wait longer, or less long."""
        ids, at = [*self._ids], self.list.at
        to = at + step
        if self._marked is not None and 0 <= to < len(ids):
            ids.insert(to, ids.pop(at))
            self._do(ids, to)

    def action_remove(self) -> None:
        """Have the marked note wait no longer."""
        at, marked = self.list.at, self._marked
        if marked is not None:
            self._removed.append(_Removed(at, (marked,)))
            ids = self._ids
            self._do((*ids[:at], *ids[at + 1 :]), at)

    def action_clear(self) -> None:
        """Have nothing wait any longer."""
        if self._ids:
            self._removed.append(_Removed(0, self._ids))
            self._do((), 0)

    def action_bring_back(self) -> None:
        """Have what was removed last wait again, where it stood."""
        if not self._removed:
            self._say_once("nothing was removed here")
            return
        at, removed = self._removed.pop()
        here = self._ids
        waiting = set(here)
        back = [note_id for note_id in removed if note_id not in waiting]
        if back:
            at = min(at, len(here))
            self._do((*here[:at], *back, *here[at:]), at)

    def _say_once(self, text: str) -> None:
        """Say something in the frame, until it is drawn again."""
        self.show_frame(f"{self._title} {self._glyphs.dot} {text}", self._keys)
