"""`play`: one note after another, without the browser."""

from __future__ import annotations

import os
import queue
import shutil
import sys
import time
from contextlib import closing
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, TextIO

from tui.audio import PlayerState
from tui.cli._answers import Wanted, has_words
from tui.cli._keyboard import keys
from tui.cli._library import opened, refresh, tell_nothing
from tui.cli._output import complain
from tui.cli._player import make_player
from tui.cli._signals import ends_on_signals
from tui.model import NoteState
from tui.text import clock, cut, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tui.cli._answers import NoteReader
    from tui.config import Settings
    from tui.library import Library
    from tui.model import Note, NoteId
    from tui.playback import NowPlaying

__all__ = ["Performance", "StatusLine", "play"]

_QUIT, _PAUSE, _NEXT = "q", " ", ("n", ">")
_PATIENCE_S = 10.0
"""How long a device may be away in the middle, before one gives up."""
_FIRST_PATIENCE_S = 0.0
"""And at the start: what nobody hears must not count as played."""
_FAILED = 3
_TOLD = 10
"""How many notes that can't be played are named."""


def play(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark play`."""
    wanted = Wanted(said["query"])
    with ends_on_signals(), opened(settings, to_read=True) as library:
        refresh(library, settings, words=has_words(wanted.query))
        with closing(library.reader()) as reader:
            notes, useless = _chosen(reader, wanted)
            if not notes and not useless:
                return tell_nothing(reader)
        if not notes:
            for note in useless[:_TOLD]:
                path = os.fsdecode(note.files[0].full_path) if note.files else note.key
                complain(f"{path}: {note.row.reason or note.row.state.value}")
            if len(useless) > _TOLD:
                complain(f"and {len(useless) - _TOLD:,} more that can't be played")
            return _FAILED
        return _perform(library, settings, notes, wanted)


def _chosen(reader: NoteReader, wanted: Wanted) -> tuple[list[NoteId], list[Note]]:
    """Choose notes by ids, or else by a query; the oldest first.

    A collection is played in its own order, and so are ids.

    Returns:
        Those to play, and those that can't be.
    """
    picked = wanted.picked(reader)
    if picked:
        return picked, []
    ready: list[NoteId] = []
    useless: list[Note] = []
    for note in wanted.notes(reader):
        if note.row.state is NoteState.READY:
            ready.append(note.row.id)
        else:
            useless.append(note)
    return ready if wanted.has_own_order else ready[::-1], useless


def _perform(
    library: Library, settings: Settings, notes: Sequence[NoteId], wanted: Wanted
) -> int:
    from tui.cli._habits import performing
    from tui.playback import Playback

    player = make_player(settings)
    playback = Playback(
        library.reader, library.user, player, habits=performing(settings)
    )
    line = StatusLine(sys.stdout)
    performance = Performance(
        len(notes),
        line.show,
        name=lambda note_id: _file_name(library, note_id),
        toggle=playback.toggle,
    )
    playback.subscribe(performance.changed)
    playback.start()
    try:
        with closing(library.reader()) as reader, keys(sys.stdin, performance.pressed):
            # Asked note by note: for all of them it would take a while.
            at_ms = _start(reader, notes[0], wanted)
            for note_id, after in zip_longest(notes, notes[1:]):
                if performance.begun != note_id:
                    playback.play_note(note_id, at_ms=at_ms)
                at_ms = None if after is None else _start(reader, after, wanted)
                # One that begins at its words can't follow without a hole.
                follows = after is not None and at_ms is None
                playback.set_queue([after] if follows else [])
                if not performance.wait(note_id, after if follows else None):
                    break
    finally:
        playback.close()
        line.end()
    return performance.code


def _start(reader: NoteReader, note_id: NoteId, wanted: Wanted) -> int | None:
    """Tell where the words of a query begin; None for where listening stopped."""
    if not has_words(wanted.query) or wanted.picked(reader):
        return None
    hit = reader.hit(note_id, wanted.query)
    return None if hit is None else hit.at_ms


def _file_name(library: Library, note_id: NoteId) -> str:
    """Name the file of a note, to say what can't be played."""
    with closing(library.reader()) as reader:
        note = reader.note(note_id)
    return os.fsdecode(note.files[0].full_path) if note and note.files else "a note"


class Performance:
    """Follows what plays, note by note.

    Args:
        total: How many notes there are.
        show: Told of every change: the number of the note, the total, what plays.
        name: Names the file of a note.
        toggle: Pauses, or goes on.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        total: int,
        show: Callable[[int, int, NowPlaying], None],
        *,
        name: Callable[[NoteId], str],
        toggle: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.code = 0
        """The exit code so far."""
        self.begun: NoteId | None = None
        """The note that began by itself, when the one before had ended."""
        self._total = total
        self._show = show
        self._name = name
        self._toggle = toggle
        self._clock = clock
        self._number = 0
        self._changes: queue.SimpleQueue[NowPlaying | str] = queue.SimpleQueue()
        self._has_sounded = False
        self._told: tuple[NoteId | None, str] | None = None
        self._problem = ""
        self._problem_since = 0.0

    def changed(self, now: NowPlaying) -> None:
        """Take a snapshot, on any thread."""
        self._changes.put(now)

    def pressed(self, key: str) -> None:
        """Take a key, on any thread: q ends, n and > go on, Space pauses."""
        self._changes.put(key)

    def wait(self, note_id: NoteId, after: NoteId | None = None) -> bool:
        """Wait until a note has ended.

        Args:
            note_id: The note that was asked for.
            after: The note that follows by itself, if one does.

        Returns:
            Whether to go on with the next: not when there is no sound, or enough of it.
        """
        self._number += 1
        while True:
            try:
                now = self._changes.get(timeout=0.2)
            except queue.Empty:
                now = None
            if isinstance(now, str):
                if now in _NEXT:
                    return True
                if now == _QUIT:
                    return False
                if now == _PAUSE:
                    self._toggle()
            elif now is not None and after is not None and now.note_id == after:
                self.begun = after
                self._changes.put(now)  # which may tell that it failed
                return True
            elif now is not None and self._is_over(now, note_id):
                return True
            if self._is_hopeless():
                complain(self._problem)
                self.code = _FAILED
                return False

    def _is_over(self, now: NowPlaying, note_id: NoteId) -> bool:
        self._note_problem(now.device_problem)
        if now.message and not self._is_late(now, note_id):
            if now.failure:
                complain(f"{self._name(note_id)}: {now.failure}")
            else:
                complain(now.message)
            self._told = (now.note_id, now.message)
            self.code = _FAILED
            return True
        if now.note_id != note_id:
            return False
        self._show(self._number, self._total, now)
        if now.state is PlayerState.PLAYING and not now.device_problem:
            self._has_sounded = self._has_sounded or now.position_ms > 0
        return now.state is PlayerState.ENDED

    def _is_late(self, now: NowPlaying, note_id: NoteId) -> bool:
        """Tell whether a message is about another note than the one asked for.

        A request that failed names the note before it, or none: it is told once.
        """
        if now.note_id == note_id:
            return False
        return bool(now.failure) or self._told == (now.note_id, now.message)

    def _note_problem(self, problem: str) -> None:
        if problem and not self._problem:
            self._problem_since = self._clock()
        self._problem = problem

    def _is_hopeless(self) -> bool:
        patience = _PATIENCE_S if self._has_sounded else _FIRST_PATIENCE_S
        return bool(self._problem) and self._clock() - self._problem_since >= patience


class StatusLine:
    """One line of a terminal that is written over and over; nothing elsewhere.

    Args:
        stream: Where to write.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        is_dumb = os.environ.get("TERM", "dumb") == "dumb"
        self._is_on = stream.isatty() and not is_dumb
        self._columns = shutil.get_terminal_size().columns
        self._shown = ""

    def show(self, number: int, total: int, now: NowPlaying) -> None:
        """Show what plays."""
        if not self._is_on:
            return
        who = " / ".join(
            printable(name) for name in (now.sender, now.chat, now.title) if name
        )
        parts = [
            f"{number} of {total}",
            who,
            f"{clock(now.position_ms)} / {clock(now.duration_ms)}",
            f"{now.speed:g}x" if now.speed != 1 else "",
            printable(now.device_problem),
        ]
        text = cut("   ".join(part for part in parts if part), self._columns - 1)
        if text != self._shown:
            self._shown = text
            self._stream.write(f"\r{text}\x1b[K")
            self._stream.flush()

    def end(self) -> None:
        """Leave the line as it stands."""
        if self._shown:
            self._stream.write("\n")
            self._stream.flush()
