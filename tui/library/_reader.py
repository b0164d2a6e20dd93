"""Short queries on the library file, each answered from an index."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from tui.library import _rows, _views
from tui.library._api import NoteKeys
from tui.library._in_words import in_words
from tui.model import (
    Group,
    GroupKind,
    LibraryDelta,
    MonthTotals,
    NoteId,
    Problem,
    Sort,
    SourceId,
    SourceState,
    Totals,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import date

    from tui.answers import (
        Bucket,
        Collection,
        Hit,
        SavedSearch,
        Statistics,
        TagTotals,
    )
    from tui.library._connection import Row, Store
    from tui.model import (
        Chat,
        ChatId,
        DocumentInfo,
        Gaps,
        GroupBy,
        Note,
        NoteFile,
        NoteRow,
        NoteState,
        SoundScope,
        SoundSettings,
        Source,
    )
    from tui.query import Query

__all__ = ["CHANGES_LIMIT", "StoreReader"]

CHANGES_LIMIT = 5_000
"""With more changes than this, reading everything again is cheaper."""

_PAGE = 64
"""How many notes are fetched at once; one size, so that one statement is prepared."""

_PLACES = ",".join("?" * _PAGE)
_THERE = "source_id NOT IN (SELECT id FROM source WHERE state = 'offline')"
_CHAT = f"chat_id = ? AND {_THERE}"
_UNPLAYED = "visible = 1 AND played < 2 AND state <> 'missing'"
_NEWEST = "ORDER BY order_ms DESC, id DESC"
_JOINED = (
    "FROM note JOIN chat ON chat.id = note.chat_id"
    " LEFT JOIN sender ON sender.id = note.sender_id"
    " LEFT JOIN recording ON recording.id = note.recording_id"
    " LEFT JOIN mark ON mark.hash = recording.hash"
)
_FILES = (
    "FROM note JOIN file ON file.note_id = coalesce(note.shares, note.id)"
    " JOIN folder ON folder.id = file.folder_id"
    " JOIN source ON source.id = folder.source_id"
)

_GROUPS = {
    GroupKind.UNPLAYED: f"{_UNPLAYED} AND {_THERE} {_NEWEST}",
    GroupKind.PROBLEMS: f"problem = 1 AND {_THERE} {_NEWEST}",
    GroupKind.CHAT: f"{_CHAT} AND visible = 1 {_NEWEST}",
    GroupKind.MONTH: f"{_CHAT} AND month = ? AND visible = 1 {_NEWEST}",
}


@in_words
class StoreReader:
    """The `Reader` of a library file.

    Args:
        store: The connection, which the reader closes.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def sources(self) -> list[Source]:
        """All remembered sources, oldest first."""
        rows = self._store.all(f"SELECT {_rows.SOURCE_COLUMNS} FROM source ORDER BY id")
        return [_rows.source_of(row) for row in rows]

    def totals(self) -> Totals:
        """Counts over everything visible; problems count sources and files."""
        row = self._store.all(
            "SELECT coalesce(sum(notes), 0), coalesce(sum(unplayed), 0),"
            " coalesce(sum(unplayed_ms), 0), coalesce(sum(duration_ms), 0),"
            " coalesce(sum(problems), 0)"
            " + (SELECT count(*) FROM source WHERE state <> 'ok') FROM shown_chat"
        )[0]
        return Totals(
            notes=row[0],
            unplayed=row[1],
            unplayed_ms=row[2],
            duration_ms=row[3],
            problems=row[4],
        )

    def chats(self) -> list[Chat]:
        """Chats with a visible note in a source that is there, newest first."""
        rows = self._store.all(
            f"SELECT {_rows.CHAT_COLUMNS} FROM shown_chat WHERE notes > 0"
            " ORDER BY last_ms DESC, id DESC"
        )
        return [_rows.chat_of(row) for row in rows]

    def months(self, chat_id: ChatId) -> list[MonthTotals]:
        """The months of a chat, newest first."""
        rows = self._store.all(
            "SELECT month, sum(notes), sum(unplayed), sum(duration_ms)"
            " FROM month_total WHERE chat_id = ? AND notes > 0"
            f" AND {_THERE} GROUP BY month ORDER BY month DESC",
            (chat_id,),
        )
        return [MonthTotals(chat_id, *row) for row in rows]

    def group_totals(self, group: Group) -> tuple[int, int, int]:
        """Notes, unplayed notes and length in milliseconds of a group."""
        if group.kind in _views.KINDS:
            return _views.totals(self._store, group)
        match group.kind:
            case GroupKind.UNPLAYED:
                sql = (
                    "SELECT sum(unplayed), sum(unplayed), sum(unplayed_ms)"
                    " FROM shown_chat"
                )
                params: tuple[int, ...] = ()
            case GroupKind.CHAT:
                sql = "SELECT notes, unplayed, duration_ms FROM shown_chat WHERE id = ?"
                params = (group.chat_id,)
            case GroupKind.MONTH:
                sql = (
                    "SELECT sum(notes), sum(unplayed), sum(duration_ms)"
                    f" FROM month_total WHERE chat_id = ? AND month = ? AND {_THERE}"
                )
                params = (group.chat_id, group.month)
            case GroupKind.PROBLEMS:
                sql = (
                    "SELECT count(*), sum(played < 2), sum(duration_ms) FROM note"
                    f" WHERE problem = 1 AND {_THERE}"
                )
                params = ()
            case _:  # the newest notes
                params = tuple(self.keys(group).ids)
                sql = (
                    "SELECT count(*), sum(played < 2), sum(duration_ms) FROM note"
                    f" WHERE id IN ({','.join('?' * len(params))})"
                )
        row = self._store.one(sql, params) or (0, 0, 0)
        return row[0] or 0, row[1] or 0, row[2] or 0

    def keys(self, group: Group, sort: Sort = Sort.NEWEST) -> NoteKeys:
        """The notes of a group, newest first; of the same time, the latest id first."""
        if sort is not Sort.NEWEST or group.kind in _views.KINDS:
            return _views.keys(self._store, group, sort)
        if group.kind is GroupKind.RECENT:
            return _note_keys(_views.recent(self._store))
        params = {
            GroupKind.CHAT: (group.chat_id,),
            GroupKind.MONTH: (group.chat_id, group.month),
        }.get(group.kind, ())
        rows = self._store.all(
            f"SELECT order_ms, id FROM note WHERE {_GROUPS[group.kind]}", params
        )
        return _note_keys(rows)

    def members(
        self, group: Group, ids: Sequence[NoteId], sort: Sort = Sort.NEWEST
    ) -> dict[NoteId, int]:
        """Which of some notes belong to a group (any but Recent), with sort keys."""
        return _views.members(self._store, group, ids, sort)

    def buckets(self, by: GroupBy) -> list[Bucket]:
        """The groups of all visible notes by something else than the chat."""
        return _views.buckets(self._store, by)

    def search(
        self,
        query: Query,
        today: date,
        *,
        sort: Sort = Sort.NEWEST,
        told: bool = False,
        below: bytes = b"",
    ) -> NoteKeys:
        """The notes that match a query, of sources that are there."""
        from tui.library._search import search

        return search(self._store, query, today, sort=sort, told=told, below=below)

    def prepare_search(self) -> bool:
        """Do a part of what makes searches quick; whether there is more."""
        from tui.library._search import prepare

        return prepare(self._store)

    def hit(self, note_id: NoteId, query: Query) -> Hit | None:
        """Where the words of a query stand in a note; None where they don't."""
        from tui.library._hits import hit_of

        note = self.note(note_id)
        return None if note is None else hit_of(note, query)

    def saved_searches(self) -> list[SavedSearch]:
        """The saved searches by name, with totals as they were last counted."""
        return _views.saved_searches(self._store)

    def collections(self) -> list[Collection]:
        """The collections by name, with totals as they were last counted."""
        return _views.collections(self._store)

    def search_history(self, limit: int = 100) -> list[str]:
        """Searches that were made, the last one first."""
        return _views.search_history(self._store, limit)

    def tags(self) -> list[TagTotals]:
        """The tags by name; those above others are there even if never used alone."""
        from tui.library._tags import tag_totals

        return tag_totals(self._store)

    def tags_of(self, ids: Sequence[NoteId]) -> dict[str, int]:
        """The tags of some notes: name, and how many of the notes have it."""
        from tui.library._tags import tags_of

        return tags_of(self._store, ids)

    def statistics(self) -> Statistics:
        """The visible notes in numbers."""
        from tui.library._statistics import statistics

        return statistics(self._store)

    def rows(self, ids: Sequence[NoteId]) -> list[NoteRow]:
        """Rows for some notes, in the order asked; notes that are gone are left out."""
        found = {}
        for page in _pages(ids):
            for row in self._store.all(
                f"SELECT {_rows.ROW_COLUMNS} {_JOINED} WHERE note.id IN ({_PLACES})",
                page,
            ):
                found[row[0]] = _rows.note_row_of(row)
        return [found[note_id] for note_id in ids if note_id in found]

    def note(self, note_id: NoteId) -> Note | None:
        """Everything about one note."""
        return next(iter(self._notes([note_id])), None)

    def notes(self, ids: Sequence[int]) -> Iterator[Note]:
        """Everything about some notes, in their order."""
        return self._notes(ids)

    def find(self, key: str) -> list[NoteId]:
        """Notes whose public id begins with some hex digits (to tell ambiguity)."""
        try:
            low = bytes.fromhex(key.ljust(16, "0"))
            high = bytes.fromhex(key.ljust(16, "f"))
        except ValueError:
            return []
        if not key or not key.isalnum() or len(low) != 8:
            return []
        rows = self._store.all(
            "SELECT id FROM note WHERE key BETWEEN ? AND ? ORDER BY key", (low, high)
        )
        return [row[0] for row in rows]

    def all_notes(
        self, *, states: Sequence[NoteState], told: bool = False
    ) -> Iterator[Note]:
        """Notes in these states, of sources that are there, newest first.

        Args:
            states: The states.
            told: Also notes that a document tells of, and whose file never was here.
        """
        marks = ",".join("?" * len(states))
        or_told = (
            " OR state = 'missing' AND shares IS NULL"
            " AND NOT EXISTS (SELECT 1 FROM file WHERE note_id = note.id)"
            if told
            else ""
        )
        ids = array(
            "q",
            [
                row[0]
                for row in self._store.all(
                    f"SELECT id FROM note WHERE (state IN ({marks}){or_told})"
                    f" AND {_THERE} {_NEWEST}",
                    [str(state) for state in states],
                )
            ],
        )
        # In pages, so that no long transaction keeps the log from being emptied.
        for start in range(0, len(ids), _PAGE):
            yield from self._notes(ids[start : start + _PAGE])

    def problems(self) -> list[Problem]:
        """Sources that can't be used, then files, newest first."""
        rows = self._store.all(
            "SELECT id, state, reason FROM source WHERE state <> 'ok' ORDER BY id DESC"
        )
        found = [
            Problem(row[0], b"", SourceState(row[1]), _rows.from_text(row[2]))
            for row in rows
        ]
        ids = self.keys(Group(GroupKind.PROBLEMS)).ids
        for start in range(0, len(ids), _PAGE):
            for note in self._notes(ids[start : start + _PAGE]):
                file = note.files[0] if note.files else None
                found.append(
                    Problem(
                        source_id=SourceId(0) if file is None else file.source_id,
                        path=b"" if file is None else file.path,
                        state=note.row.state,
                        reason=note.row.reason,
                        note_id=note.row.id,
                    )
                )
        return found

    def documents(self) -> list[DocumentInfo]:
        """Documents that are there, by source and path."""
        rows = self._store.all(
            f"SELECT {_rows.DOCUMENT_COLUMNS} FROM document WHERE missing = 0"
            " ORDER BY source_id, folder, name"
        )
        return [_rows.document_of(row) for row in rows]

    def document_problems(self, limit: int) -> list[Problem]:
        """Documents and archives that could not be read, or not to the end, by path."""
        rows = self._store.all(
            "SELECT source_id, folder, name, state, reason FROM document"
            f" WHERE missing = 0 AND state <> 'ok' AND {_THERE}"
            " ORDER BY source_id, folder, name LIMIT ?",
            (limit,),
        )
        return [
            Problem(
                row[0],
                _rows.join_path(row[1], row[2]),
                SourceState(row[3]),
                _rows.from_text(row[4]),
            )
            for row in rows
        ]

    def notes_by_source(self) -> dict[SourceId, int]:
        """How many notes have a file in each source, or are told of there alone."""
        rows = self._store.all(
            "SELECT source_id, count(*) FROM (SELECT folder.source_id, file.note_id"
            " FROM file JOIN folder ON folder.id = file.folder_id"
            " JOIN note ON note.id = file.note_id AND note.visible = 1"
            " WHERE file.missing = 0 UNION SELECT source_id, id FROM note"
            " WHERE visible = 1) GROUP BY source_id"
        )
        return dict(rows)

    def gaps(self) -> dict[SourceId, Gaps]:
        """What is not known of the notes of each source."""
        from tui.library._gaps import gaps_of  # nothing that the first screen needs

        return gaps_of(self._store)

    def locate(self, note_id: NoteId) -> tuple[ChatId, int, int] | None:
        """Chat, month and order_ms of a note."""
        row = self._store.one(
            "SELECT chat_id, month, order_ms FROM note WHERE id = ?", (note_id,)
        )
        return None if row is None else (row[0], row[1], row[2])

    def neighbour(
        self, note_id: NoteId, step: int, *, unplayed: bool = False
    ) -> NoteId | None:
        """The next newer (step 1) or next older (step -1) visible note of the chat."""
        place = self.locate(note_id)
        if place is None:
            return None
        chat_id, _, order_ms = place
        # The index by time is the shorter way to an unplayed note in a long chat.
        only = "INDEXED BY note_unplayed" if unplayed else "INDEXED BY note_chat"
        more = "AND played < 2 AND state <> 'missing'" if unplayed else ""
        sign, way = (">", "ASC") if step > 0 else ("<", "DESC")
        row = self._store.one(
            f"SELECT id FROM note {only} WHERE visible = 1 {more} AND {_CHAT}"
            f" AND (order_ms, id) {sign} (?, ?)"
            f" ORDER BY order_ms {way}, id {way} LIMIT 1",
            (chat_id, order_ms, note_id),
        )
        return None if row is None else NoteId(row[0])

    def oldest_unplayed(self, skip: AbstractSet[NoteId] = frozenset()) -> NoteId | None:
        """The oldest unplayed visible note of all chats; it may be half-heard."""
        rows = self._store.all(
            f"SELECT id FROM note WHERE {_UNPLAYED} AND {_THERE}"
            " ORDER BY order_ms, id LIMIT ?",
            (len(skip) + 1,),
        )
        return next((NoteId(row[0]) for row in rows if row[0] not in skip), None)

    def sounds(self, note_id: NoteId) -> dict[SoundScope, SoundSettings]:
        """How a note shall sound, by what that is remembered for; only what is said."""
        from tui.library._sound_settings import sounds_of

        return sounds_of(self._store, note_id)

    def queue(self) -> list[NoteId]:
        """The notes that wait to be played, the next one first."""
        from tui.library._sound_settings import queue_of

        return queue_of(self._store)

    def changes_since(self, revision: int) -> tuple[int, LibraryDelta]:
        """What changed after a revision, and the revision now."""
        # What is committed after this first look is left for the next call.
        now, reset_rev, sources_rev = self._store.all(
            "SELECT rev, reset_rev, sources_rev FROM meta"
        )[0]
        if revision == now:
            return now, LibraryDelta()
        sources = revision < sources_rev
        if revision < reset_rev or revision > now:
            return now, LibraryDelta(reset=True, sources=sources or revision > now)
        gone = self._store.all(
            "SELECT note_id, chat_id, month, order_ms, 0, 0, 0 FROM gone"
            " WHERE rev > ? AND rev <= ? LIMIT ?",
            (revision, now, CHANGES_LIMIT + 1),
        )
        rows = self._store.all(
            f"SELECT {_rows.CHANGE_COLUMNS} FROM note"
            " JOIN source ON source.id = note.source_id"
            " WHERE note.rev > ? AND note.rev <= ? ORDER BY note.rev LIMIT ?",
            (revision, now, CHANGES_LIMIT + 1 - len(gone)),
        )
        if len(gone) + len(rows) > CHANGES_LIMIT:
            return now, LibraryDelta(reset=True, sources=sources)
        changes = (*map(_rows.change_of, gone), *map(_rows.change_of, rows))
        return now, LibraryDelta(changes=changes, sources=sources)

    def revision(self) -> int:
        """The number of the last committed change."""
        return int(self._store.all("SELECT rev FROM meta")[0][0])

    def interrupt(self) -> None:
        """End the query that runs, from another thread; it fails with LibraryError."""
        self._store.interrupt()

    def close(self) -> None:
        """Give the connection back."""
        self._store.close()

    def _notes(self, ids: Sequence[int]) -> Iterator[Note]:
        """Everything about some notes, in their order."""
        for page in _pages(ids):
            files: dict[int, list[tuple[NoteFile, str, bool]]] = {}
            for row in self._store.all(
                f"SELECT {_rows.FILE_COLUMNS} {_FILES}"
                f" WHERE note.id IN ({_PLACES})"
                " ORDER BY file.missing, file.role = 'copy', file.id",
                page,
            ):
                files.setdefault(row[0], []).append(_rows.note_file_of(row))
            found = {
                row[0]: row
                for row in self._store.all(
                    f"SELECT {_rows.NOTE_COLUMNS} {_JOINED}"
                    f" WHERE note.id IN ({_PLACES})",
                    page,
                )
            }
            names = self._collection_names(page)
            for note_id in dict.fromkeys(page):
                # A note without a file is one that only a document tells of; any other
                # was being removed between the two looks.
                if note_id in found and (
                    note_id in files or found[note_id][11] == "missing"
                ):
                    note = _rows.note_of(found[note_id], files.get(note_id, ()))
                    held = names.get(note_id)
                    yield note if held is None else note._replace(collections=held)

    def _collection_names(self, ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
        """The collections that some notes are in."""
        if self._store.one("SELECT 1 FROM collected LIMIT 1") is None:
            return {}
        from tui.library._collections import collection_names

        return collection_names(self._store, ids)


def _note_keys(rows: Sequence[Row]) -> NoteKeys:
    """Make keys of rows of order_ms and id."""
    return NoteKeys(
        order_ms=array("q", [row[0] for row in rows]),
        ids=array("q", [row[1] for row in rows]),
    )


def _pages(ids: Sequence[int]) -> Iterator[list[int]]:
    """Cut ids into pages of one size, the last one filled with its last id."""
    for start in range(0, len(ids), _PAGE):
        page = list(ids[start : start + _PAGE])
        yield page + page[-1:] * (_PAGE - len(page))
