"""One transaction of changes: its number, the counts, and what joins notes together.

Whoever changes a note calls `touch` before. At the end every touched note is compared
with what it was: the counts of its chat and month move by the difference, and the note
is stamped with the number of this change. So the cost follows what changed, not how
long the chat is, and no caller can forget a count.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from tui.library._connection import listed
from tui.library._hash import hash_kind
from tui.library._reader import CHANGES_LIMIT
from tui.library._words import index_due

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tui.library._connection import Row, Store

__all__ = ["Change", "Standing", "change"]


class Standing(NamedTuple):
    """What counts and deltas depend on."""

    chat_id: int
    source_id: int
    month: int
    order_ms: int
    visible: int
    problem: int
    played: int
    duration_ms: int
    missing: int = 0


_STANDING = (
    "SELECT id, chat_id, source_id, month, order_ms, visible, problem, played,"
    " coalesce(duration_ms, 0), state = 'missing' FROM note"
)
_AT_ONCE = 256
"""Notes that are asked for together."""
_BEST_FILE = (
    "SELECT file.id, file.state, file.reason, file.duration_ms, file.recording_id,"
    " file.missing, coalesce(folder.source_id, 0) FROM file"
    " LEFT JOIN folder ON folder.id = file.folder_id"
    " LEFT JOIN source ON source.id = folder.source_id WHERE file.note_id = ?"
    " ORDER BY file.missing, source.state = 'offline', file.role = 'copy', file.id"
    " LIMIT 1"
)
"""A file that is there wins over one that is missing or away, the note's own file over
a copy."""
_TOLD = (
    "SELECT max(claim.beside OR claim.kind = 'view_once'), max(claim.duration_ms),"
    " min(document.source_id) FROM claim"
    " JOIN document ON document.id = claim.document_id AND document.missing = 0"
    " WHERE claim.note_id = ?"
)
_NEWEST = (
    "coalesce((SELECT order_ms FROM note WHERE chat_id = ?1 AND visible = 1"
    " AND source_id = ?2 ORDER BY order_ms DESC LIMIT 1), 0)"
)
_ADD_MONTH = (
    "INSERT INTO month_total(chat_id, source_id, month, notes, unplayed, unplayed_ms,"
    " duration_ms, problems) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT(chat_id, month, source_id) DO UPDATE SET"
    " notes = notes + excluded.notes,"
    " unplayed = unplayed + excluded.unplayed,"
    " unplayed_ms = unplayed_ms + excluded.unplayed_ms,"
    " duration_ms = duration_ms + excluded.duration_ms,"
    " problems = problems + excluded.problems"
)
_DROP_MONTH = (
    "DELETE FROM month_total WHERE chat_id = ? AND source_id = ? AND month = ?"
)
_ADD_CHAT = (
    f"INSERT INTO chat_total VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, {_NEWEST})"
    " ON CONFLICT(chat_id, source_id) DO UPDATE SET"
    " notes = notes + excluded.notes,"
    " unplayed = unplayed + excluded.unplayed,"
    " unplayed_ms = unplayed_ms + excluded.unplayed_ms,"
    " duration_ms = duration_ms + excluded.duration_ms,"
    " problems = problems + excluded.problems,"
    " last_ms = excluded.last_ms"
)
_DROP_CHAT = "DELETE FROM chat_total WHERE chat_id = ? AND source_id = ?"
_NOT_HERE = "its file is not here"


@contextmanager
def change(store: Store) -> Iterator[Change]:
    """Run a transaction; all of it is committed, or nothing."""
    with store.transaction():
        current = Change(store)
        yield current
        current.settle()


class Change:
    """The open transaction of a store.

    Args:
        store: A connection that may write.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        row = store.all("SELECT rev, next_note, next_file FROM meta")[0]
        self.rev: int = row[0] + 1
        self._next_note: int = row[1]
        self._next_file: int = row[2]
        self._before: dict[int, Standing | None] = {}
        self._counts: dict[tuple[int, int, int], list[int]] = {}
        self._forgotten: set[int] = set()
        self._is_dirty = False
        self._resets = False
        self._sources = False

    def new_note_id(self) -> int:
        """Take an id that no note ever had."""
        self._next_note += 1
        return self._next_note - 1

    def new_file_id(self) -> int:
        """Take an id that no file ever had."""
        self._next_file += 1
        return self._next_file - 1

    def note_source(self, *, reset: bool) -> None:
        """Remember that a source changed; with `reset`, that notes came or went."""
        self._is_dirty = self._sources = True
        self._resets |= reset

    def reset(self) -> None:
        """Remember that more changed than the notes touched can tell."""
        self._is_dirty = self._resets = True

    def forget_source(self, source_id: int) -> None:
        """Count nothing of a source any more: its totals are deleted as a whole."""
        self._forgotten.add(source_id)

    def touch(self, note_id: int) -> None:
        """Remember how a note stands before it is changed or deleted."""
        if note_id not in self._before:
            row = self.store.one(f"{_STANDING} WHERE id = ?", (note_id,))
            self._before[note_id] = None if row is None else Standing(*row[1:])

    def touch_all(self, note_ids: Iterable[int]) -> None:
        """Remember the same of many notes, at a third of the cost."""
        new = dict.fromkeys(each for each in note_ids if each not in self._before)
        self._before.update(new)
        self._before.update(self._standings(list(new)))

    def _standings(self, note_ids: Sequence[int]) -> Iterator[tuple[int, Standing]]:
        for start in range(0, len(note_ids), _AT_ONCE):
            marks, values = listed(note_ids[start : start + _AT_ONCE])
            for row in self.store.all(f"{_STANDING} WHERE id IN ({marks})", values):
                yield row[0], Standing(*row[1:])

    def born(self, standing: Standing) -> None:
        """Count a note that was inserted with the number of this change."""
        self._is_dirty = True
        self._count(standing, 1)

    def lengthen(self, note_id: int, standing: Standing, duration_ms: int) -> bool:
        """Count another length of a note that nothing else changes.

        Returns:
            Whether the caller may write it, with the number of this change.
        """
        if note_id in self._before:
            return False
        self._is_dirty = True
        self._count(standing, -1)
        self._count(standing._replace(duration_ms=duration_ms), 1)
        return True

    def refresh(self, note_id: int) -> None:
        """Let a note say again what its best file and its recording say.

        A note whose last file left it is deleted, unless a document tells of it.
        """
        store = self.store
        self.touch(note_id)
        shared = store.one("SELECT shares FROM note WHERE id = ?", (note_id,))
        row = store.one(_BEST_FILE, (note_id,))
        if (
            row is None
            and shared is not None
            and shared[0] is not None
            # It is a message and nothing else: without one it is no note.
            and store.one("SELECT 1 FROM claim WHERE note_id = ?", (note_id,))
        ):
            row = store.one(_BEST_FILE, (shared[0],))
        told = None
        if row is None or row[5]:
            told = store.one(_TOLD, (note_id,))
        if row is None:
            if told is None or told[0] is None:
                store.run("DELETE FROM note WHERE id = ?", (note_id,))
                store.run("DELETE FROM path_fact WHERE note_id = ?", (note_id,))
                self._part_sharers(note_id)
                return
            row = (0, "missing", _NOT_HERE, told[1], None, 0, told[2])
        file_id, state, reason, duration_ms, recording_id, missing, source_id = row
        if missing:
            state, reason = "missing", "the file is gone"
        is_told = state == "missing" and told is not None and bool(told[0])
        store.run(
            "UPDATE note SET state = ?, reason = ?, duration_ms = ?, recording_id = ?,"
            " visible = ?, problem = ?, source_id = iif(?7, ?7, source_id)"
            " WHERE id = ?8",
            (
                state,
                reason,
                duration_ms,
                recording_id,
                is_told or state in {"ready", "unreadable"},
                state in {"partial", "unreadable"},
                source_id,
                note_id,
            ),
        )
        if recording_id is not None:
            self.take_mark(note_id, recording_id)
        elif file_id:
            # Another content took its place: what was heard of the old one is not
            # heard of this one, whatever it turns out to be.
            store.run(
                "UPDATE note SET played = 0, position_ms = 0 WHERE id = ?"
                " AND owed_ms = 0",
                (note_id,),
            )
        for sharer in store.all("SELECT id FROM note WHERE shares = ?", (note_id,)):
            self.refresh(sharer[0])

    def _part_sharers(self, note_id: int) -> None:
        """Let notes that shared the file of a note that is gone stand on their own."""
        for (sharer,) in self.store.all(
            "SELECT id FROM note WHERE shares = ?", (note_id,)
        ):
            self.touch(sharer)
            self.store.run("UPDATE note SET shares = NULL WHERE id = ?", (sharer,))
            self.refresh(sharer)

    def take_mark(self, note_id: int, recording_id: int) -> None:
        """Let a note show the mark of its recording, or give it the mark it owes."""
        row = self.store.one(
            "SELECT note.played, note.position_ms, note.owed_ms, recording.hash,"
            " mark.played, mark.position_ms, mark.updated_ms"
            " FROM note, recording LEFT JOIN mark ON mark.hash = recording.hash"
            " WHERE note.id = ? AND recording.id = ?",
            (note_id, recording_id),
        )
        if row is None:
            return
        played, position_ms, owed_ms, content, *mark = row
        if owed_ms and (mark[2] is None or mark[2] <= owed_ms):
            self.store.run("UPDATE note SET owed_ms = 0 WHERE id = ?", (note_id,))
            self.set_mark(recording_id, content, position_ms, played, owed_ms)
            return
        now = (mark[0] or 0, mark[1] or 0)
        if (played, position_ms) != now or owed_ms:
            self.touch(note_id)
            self.store.run(
                "UPDATE note SET played = ?, position_ms = ?, owed_ms = 0 WHERE id = ?",
                (*now, note_id),
            )

    def set_mark(
        self,
        recording_id: int,
        content: bytes,
        position_ms: int,
        played: int,
        now_ms: int,
    ) -> None:
        """Write the mark of a recording, and show it on all its notes."""
        self.store.run(
            "INSERT INTO mark(hash, position_ms, played, updated_ms)"
            " VALUES (?, ?, ?, ?) ON CONFLICT(hash) DO UPDATE SET"
            " position_ms = excluded.position_ms, played = excluded.played,"
            " updated_ms = excluded.updated_ms",
            (content, position_ms, played, now_ms),
        )
        for row in self.store.all(
            "SELECT id FROM note WHERE recording_id = ?"
            " AND (played, position_ms) <> (?, ?)",
            (recording_id, played, position_ms),
        ):
            self.touch(row[0])
            self.store.run(
                "UPDATE note SET played = ?, position_ms = ? WHERE id = ?",
                (played, position_ms, row[0]),
            )

    def link(self, file_id: int, content: bytes) -> bool:
        """Remember which recording a file holds; tells whether that is news."""
        store = self.store
        row = store.one(
            "SELECT note_id, recording_id, size, duration_ms FROM file WHERE id = ?",
            (file_id,),
        )
        if row is None:
            return False
        note_id, known, size, duration_ms = row
        recording_id = store.all(
            "INSERT INTO recording(hash, hash_kind, size, duration_ms)"
            " VALUES (?, ?, ?, ?) ON CONFLICT(hash) DO UPDATE SET"
            " duration_ms = coalesce(excluded.duration_ms, duration_ms) RETURNING id",
            (content, hash_kind(size), size, duration_ms),
        )[0][0]
        if recording_id == known:
            return False
        store.run(
            "UPDATE file SET recording_id = ? WHERE id = ?", (recording_id, file_id)
        )
        best = store.one(_BEST_FILE, (note_id,))
        if best is not None and best[0] == file_id:
            store.run(
                "UPDATE note SET recording_id = ? WHERE id = ?",
                (recording_id, note_id),
            )
            self.take_mark(note_id, recording_id)
        return True

    def drop_files(self, rows: Iterable[Row]) -> None:
        """Mark files as missing: rows of file id and note id."""
        notes: dict[int, None] = {}
        for file_id, note_id in rows:
            self.touch(note_id)
            self.store.run("UPDATE file SET missing = 1 WHERE id = ?", (file_id,))
            notes[note_id] = None
        for note_id in notes:
            self.refresh(note_id)

    def settle(self) -> None:
        """Bring the counts and the numbers up to date, just before the commit."""
        changed: list[tuple[int, int]] = []
        gone: list[tuple[int, ...]] = []
        standings = dict(self._standings(list(self._before)))
        for note_id, before in self._before.items():
            after = standings.get(note_id)
            if before is not None:
                self._count(before, -1)
            if after is not None:
                self._count(after, 1)
                changed.append((self.rev, note_id))
            elif before is not None:
                place = (before.chat_id, before.month, before.order_ms)
                gone.append((note_id, *place, self.rev))
        self.store.run_many("UPDATE note SET rev = ? WHERE id = ?", changed)
        if gone:
            self._bury(gone)
        self._write_counts()
        index_due(self.store, self._before)
        if self._is_dirty or changed or gone:
            self.store.run(
                "UPDATE meta SET rev = ?1, next_note = ?2, next_file = ?3,"
                " reset_rev = iif(?4, ?1, reset_rev),"
                " sources_rev = iif(?5, ?1, sources_rev)",
                (
                    self.rev,
                    self._next_note,
                    self._next_file,
                    self._resets,
                    self._sources,
                ),
            )

    def _bury(self, gone: list[tuple[int, ...]]) -> None:
        self.store.run_many("INSERT OR REPLACE INTO gone VALUES (?, ?, ?, ?, ?)", gone)
        if self.store.all("SELECT count(*) FROM gone")[0][0] > CHANGES_LIMIT:
            self.store.run("DELETE FROM gone")
            self._resets = True

    def _count(self, standing: Standing, sign: int) -> None:
        if standing.source_id in self._forgotten:
            return
        key = standing[:3]
        counts = self._counts.get(key)
        if counts is None:
            counts = self._counts[key] = [0, 0, 0, 0, 0]
        if standing.visible:
            counts[0] += sign
            counts[3] += sign * standing.duration_ms
            if (
                standing.played < 2 and not standing.missing
            ):  # half-heard notes are still to be played
                counts[1] += sign
                counts[2] += sign * standing.duration_ms
        counts[4] += sign * standing.problem

    def _write_counts(self) -> None:
        months: list[tuple[int, ...]] = []
        chats: dict[tuple[int, int], list[int]] = {}
        for (chat_id, source_id, month), counts in self._counts.items():
            total = chats.setdefault((chat_id, source_id), [0, 0, 0, 0, 0])
            if any(counts):
                months.append((chat_id, source_id, month, *counts))
                chats[chat_id, source_id] = [
                    a + b for a, b in zip(total, counts, strict=True)
                ]
        self.store.run_many(_ADD_MONTH, months)
        # Only where notes went away, or none came, may nothing be left.
        emptied = (row[:3] for row in months if row[3] <= 0)
        self.store.run_many(f"{_DROP_MONTH} AND notes = 0 AND problems = 0", emptied)
        # A note may also have moved within its month, so the newest is looked up.
        self.store.run_many(_ADD_CHAT, ((*key, *row) for key, row in chats.items()))
        emptied_chats = (key for key, row in chats.items() if row[0] <= 0)
        self.store.run_many(
            f"{_DROP_CHAT} AND notes = 0 AND problems = 0", emptied_chats
        )
