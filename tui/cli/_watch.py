"""`watch`: a line for every change of the library, until stopped."""

from __future__ import annotations

import queue
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

from tui.cli._library import NO_SOURCES, opened, refresh
from tui.cli._list import glyphs_for, note_cells
from tui.cli._objects import note_object
from tui.cli._output import Out, complain, counted
from tui.cli._signals import ends_on_signals, is_unheard
from tui.model import Group, GroupKind, NoteId
from tui.text import fit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tui.config import Settings
    from tui.library import Library, Reader
    from tui.model import LibraryDelta, Note

__all__ = ["Changes", "watch"]

_LOOK_S = 0.5
"""How often to see whether anybody still reads."""


class Changes:
    """Tells what each change of the library did to which note.

    Args:
        reader: The library.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._shown = self._visible()

    def __len__(self) -> int:
        """Count the notes that are shown now."""
        return len(self._shown)

    def of(self, delta: LibraryDelta) -> Iterator[tuple[str, Note | None]]:
        """Yield what happened, and the note if it is still known."""
        if delta.reset or (delta.sources and not delta.changes):
            yield from self._compare()
            return
        for change in delta.changes:
            event = self._event(change.id, is_shown=change.visible)
            if event:
                yield event, self._reader.note(change.id)

    def _event(self, note_id: NoteId, *, is_shown: bool) -> str:
        was_shown = note_id in self._shown
        if is_shown:
            self._shown.add(note_id)
            return "changed" if was_shown else "added"
        self._shown.discard(note_id)
        return "removed" if was_shown else ""

    def _compare(self) -> Iterator[tuple[str, Note | None]]:
        """Find out what changed where the library can't tell: a source came or went."""
        before, self._shown = self._shown, self._visible()
        for note_id in sorted(before - self._shown):
            yield "removed", self._reader.note(note_id)
        for note_id in sorted(self._shown - before):
            yield "added", self._reader.note(note_id)

    def _visible(self) -> set[NoteId]:
        return {
            NoteId(note_id)
            for chat in self._reader.chats()
            for note_id in self._reader.keys(Group(GroupKind.CHAT, chat.id)).ids
        }


def watch(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark watch`."""
    out = Out()
    with ends_on_signals(), opened(settings) as library:
        refresh(library, settings)
        with closing(library.reader()) as reader:
            if not reader.sources():
                complain(NO_SOURCES)
                return 1
        try:
            _follow(settings, library, _teller(settings, out, as_json=said["json"]))
        except (KeyboardInterrupt, BrokenPipeError):
            return 0  # being stopped is how this ends
    return 0


def _teller(
    settings: Settings, out: Out, *, as_json: bool
) -> Callable[[str, Note | None, int], None]:
    """Make what writes an event."""
    glyphs = glyphs_for(settings, out)

    def tell(event: str, note: Note | None, notes: int) -> None:
        if as_json:
            value: dict[str, Any] = {"event": event}
            if event == "ready":
                value["notes"] = notes
            else:
                value["note"] = None if note is None else note_object(note)
            out.object(value)
        elif note is not None:
            key, mark, when, length, *texts = note_cells(note, glyphs)
            columns = [
                f"{event:<7}",
                key,
                mark,
                fit(when, 16),
                fit(length, 7, right=True),
            ]
            out.line("  ".join([*columns, *filter(None, texts)]))
        elif event == "ready":
            complain(f"watching {counted(notes, 'note')}")
        out.flush()

    return tell


def _follow(
    settings: Settings,
    library: Library,
    tell: Callable[[str, Note | None, int], None],
) -> None:
    from tui.indexer import IndexerProcess

    deltas: queue.SimpleQueue[LibraryDelta] = queue.SimpleQueue()
    with closing(library.reader()) as reader:
        since = reader.revision()
        changes = Changes(reader)
        follower = library.follow(deltas.put, since=since)
        indexer = IndexerProcess(
            library.path, lambda _event: follower.wake(), log_path=settings.log
        )
        indexer.start()
        try:
            tell("ready", None, len(changes))
            while not is_unheard(sys.stdout):
                try:
                    delta = deltas.get(timeout=_LOOK_S)
                except queue.Empty:
                    continue
                for event, note in changes.of(delta):
                    tell(event, note, len(changes))
        finally:
            indexer.close()
            follower.stop()
