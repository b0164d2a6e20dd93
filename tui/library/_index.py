"""What the indexer writes: sources, folders, files, and what was measured of them."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tui.errors import LibraryError
from tui.library import _claims, _rows, _rule_work
from tui.library._beside import claimed_films, incomplete, is_claimed
from tui.library._change import change
from tui.library._forget import forget_source, know_again
from tui.library._in_words import in_words
from tui.library._match import match_document, match_loose
from tui.library._measure import write_measured
from tui.library._put import FolderWriter
from tui.library._recordings import recording_of
from tui.library._wave import wave_of
from tui.library._words import AT_ONCE, BETWEEN, due, index_notes
from tui.model import SourceId, SourceState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tui.library._api import (
        ClaimRecord,
        DocumentRecord,
        FileRecord,
        Measured,
        NoteRecord,
    )
    from tui.library._change import Change
    from tui.library._connection import Row, Store
    from tui.library._people import ChatTold, PersonTold
    from tui.library._rule_work import RulePage
    from tui.model import DocumentState, NoteId, SourceKind, WatchMode

__all__ = ["StoreIndexWriter"]

_RECORDS = (
    f"SELECT {_rows.RECORD_COLUMNS} FROM file JOIN folder ON folder.id = file.folder_id"
)
_TODO = (
    "FROM file JOIN folder ON folder.id = file.folder_id"
    " JOIN source ON source.id = folder.source_id"
    " WHERE file.todo = ? AND file.todo > 0 AND source.state <> 'offline'"
    " ORDER BY file.order_ms DESC LIMIT ?"
)
_TWINS = (
    "WITH alike AS (SELECT size, coalesce(duration_ms, -1) FROM file"
    " WHERE missing = 0 AND state = 'ready' GROUP BY 1, 2 HAVING count(*) > 1)"
    " SELECT file.id, source.root, folder.path, file.name, file.size FROM file"
    " JOIN folder ON folder.id = file.folder_id"
    " JOIN source ON source.id = folder.source_id"
    " WHERE file.recording_id IS NULL AND file.missing = 0 AND file.state = 'ready'"
    " AND source.state <> 'offline'"
    " AND (file.size, coalesce(file.duration_ms, -1)) IN alike"
    " ORDER BY file.size, file.id LIMIT ?"
)
_TWINS_AT_ONCE = 10_000
"""Finding them takes a look at all files, so that many are found at once."""
_LENGTH, _HASH = 1, 2
"""Values of file.todo."""


@in_words
class StoreIndexWriter:
    """The `IndexWriter` of a library file.

    Args:
        store: The connection, which the writer closes.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._batch: Change | None = None
        self._twins: list[Row] = []
        """Of those that were found last, what was not handed out yet."""

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Make one transaction of all calls inside (may not be nested).

        An exception must leave the batch, which then is rolled back as a whole.
        """
        with change(self._store) as current:
            self._batch = current
            try:
                yield
            finally:
                self._batch = None

    @contextmanager
    def _change(self) -> Iterator[Change]:
        """The transaction of one call: its own, or that of the batch."""
        if self._batch is None:
            with change(self._store) as current:
                yield current
        else:
            yield self._batch

    def add_source(
        self,
        root: bytes,
        kind: SourceKind,
        label: str,
        score: int,
        reasons: Sequence[str],
    ) -> SourceId:
        """Remember a source; the same root twice is the same source."""
        facts = (kind, _rows.to_text(label), score, _rows.join_reasons(reasons))
        with self._change() as current:
            row = self._store.one(
                "SELECT id, kind, label, score, reasons FROM source WHERE root = ?",
                (root,),
            )
            if row is None:
                current.note_source(reset=True)
                row = self._store.all(
                    "INSERT INTO source(root, kind, label, score, reasons)"
                    " VALUES (?, ?, ?, ?, ?) RETURNING id",
                    (root, *facts),
                )[0]
                know_again(self._store, root, row[0])
            elif row[1:] != facts:
                current.note_source(reset=False)
                self._store.run(
                    "UPDATE source SET kind = ?, label = ?, score = ?, reasons = ?"
                    " WHERE id = ?",
                    (*facts, row[0]),
                )
        return SourceId(row[0])

    def remove_source(self, source_id: SourceId) -> None:
        """Forget a source and its notes; marks stay with their recordings."""
        with self._change() as current:
            current.note_source(reset=True)
            forget_source(current, source_id)

    def set_source_state(
        self,
        source_id: SourceId,
        state: SourceState,
        reason: str,
        *,
        watch: WatchMode | None = None,
        watch_reason: str = "",
    ) -> None:
        """Note that a source came, went, or is watched in another way."""
        with self._change() as current:
            row = self._store.one(
                "SELECT state, reason, watch, watch_reason FROM source WHERE id = ?",
                (source_id,),
            )
            if row is None:
                return
            watched = row[2:]
            if watch is not None:
                watched = (watch, _rows.to_text(watch_reason))
            facts = (state, _rows.to_text(reason), *watched)
            if facts == row:
                return
            away = SourceState.OFFLINE
            comes_or_goes = (row[0] == away) != (state is away)
            current.note_source(reset=comes_or_goes)
            self._store.run(
                "UPDATE source SET state = ?, reason = ?, watch = ?, watch_reason = ?"
                " WHERE id = ?",
                (*facts, source_id),
            )
            if comes_or_goes:
                # Notes with files in several sources are shown by one that is there.
                for copy in self._store.all(
                    "SELECT DISTINCT note_id FROM file WHERE role = 'copy'"
                ):
                    current.refresh(copy[0])

    def set_scanned(self, source_id: SourceId, now_ms: int) -> None:
        """Note that a full scan ended; only the first one is news."""
        with self._change() as current:
            row = self._store.one(
                "SELECT scanned_ms FROM source WHERE id = ?", (source_id,)
            )
            self._store.run(
                "UPDATE source SET scanned_ms = ? WHERE id = ?", (now_ms, source_id)
            )
            if row is not None and row[0] == 0:
                current.note_source(reset=False)

    def folders(self, source_id: SourceId) -> dict[bytes, int]:
        """Known folders of a source: path relative to the root, mtime_ns."""
        return dict(
            self._store.all(
                "SELECT path, mtime_ns FROM folder"
                " WHERE source_id = ? AND mtime_ns IS NOT NULL",
                (source_id,),
            )
        )

    def files_in(self, source_id: SourceId, folder: bytes) -> list[FileRecord]:
        """Files remembered directly in a folder (without missing ones)."""
        rows = self._store.all(
            f"{_RECORDS} WHERE folder.source_id = ? AND folder.path = ?"
            " AND file.missing = 0",
            (source_id, folder),
        )
        return [_rows.file_record_of(row) for row in rows]

    def files_named(
        self, source_id: SourceId, folder: bytes, names: Sequence[bytes]
    ) -> list[FileRecord]:
        """The same for some names only, each a look into an index."""
        found = []
        for name in names:
            found += self._store.all(
                f"{_RECORDS} WHERE folder.source_id = ? AND folder.path = ?"
                " AND file.name = ? AND file.missing = 0",
                (source_id, folder, name),
            )
        return [_rows.file_record_of(row) for row in found]

    def missing_like(
        self, source_id: SourceId, inode: int, size: int, mtime_ns: int
    ) -> FileRecord | None:
        """A missing file that a new one may be the moved form of.

        One with the same inode is preferred; without it, there must be only one with
        this size and time. (Then its content is hashed again, see FolderWriter.)
        """
        rows = self._store.all(
            f"{_RECORDS} WHERE file.missing = 1 AND file.size = ?"
            " AND file.mtime_ns = ? AND folder.source_id = ?"
            " ORDER BY file.inode <> ?, file.id DESC LIMIT 2",
            (size, mtime_ns, source_id, inode),
        )
        found = [_rows.file_record_of(row) for row in rows]
        if found and (len(found) == 1 or found[0].inode == inode):
            return found[0]
        return None

    def apply(
        self,
        source_id: SourceId,
        folder: bytes,
        folder_mtime_ns: int,
        put: Sequence[NoteRecord],
        gone: Sequence[int],
    ) -> None:
        """Write the difference of one folder: files to add or change, ids that left."""
        with self._change() as current:
            root = self._root(source_id)
            row = self._store.one(
                "SELECT id FROM folder WHERE source_id = ? AND path = ?",
                (source_id, folder),
            )
            folder_id = self._folder(source_id, folder, folder_mtime_ns)
            current.drop_files(self._present(gone))
            FolderWriter(
                current, source_id, root, folder, folder_id, is_new=row is None
            ).write(put)

    def drop_folders(self, source_id: SourceId, folders: Iterable[bytes]) -> None:
        """Folders that are gone, with all below: their files become missing."""
        with self._change() as current:
            for folder in folders:
                # From `folder/` up to, but without, `folder0`, which follows it.
                where = (
                    "source_id = ? AND (path = ? OR ? = x'' OR (path > ? AND path < ?))"
                )
                params = (source_id, folder, folder, folder + b"/", folder + b"0")
                current.drop_files(
                    self._store.all(
                        "SELECT id, note_id FROM file WHERE missing = 0 AND folder_id"
                        f" IN (SELECT id FROM folder WHERE {where})",
                        params,
                    )
                )
                self._store.run(
                    f"UPDATE folder SET mtime_ns = NULL WHERE {where}", params
                )

    def unmeasured(self, limit: int) -> list[tuple[int, bytes]]:
        """Files without a length yet: id and absolute path, newest notes first."""
        rows = self._store.all(
            f"SELECT file.id, source.root, folder.path, file.name {_TODO}",
            (_LENGTH, limit),
        )
        return [(row[0], _absolute(row)) for row in rows]

    def unhashed(self, limit: int) -> list[tuple[int, bytes, int]]:
        """Measured files without a content hash: id, path, size; newest first."""
        rows = self._store.all(
            f"SELECT file.id, source.root, folder.path, file.name, file.size {_TODO}",
            (_HASH, limit),
        )
        return [(row[0], _absolute(row), row[4]) for row in rows]

    def measured(self, results: Sequence[Measured]) -> None:
        """Write lengths, containers, hashes; equal content joins conflict copies.

        A result with nothing but a hash leaves the rest as it is; any other counts as
        measured, also without a length, so that it is not asked for again.
        """
        with self._change() as current:
            write_measured(current, results)

    def set_peaks(
        self, note_id: NoteId, peaks: bytes, lufs: float | None = None
    ) -> None:
        """Keep a waveform, and the loudness, with the note's recording.

        That is hashed if need be. Not inside of a batch: nobody shall wait while a file
        is read.

        Args:
            note_id: The note.
            peaks: The waveform.
            lufs: The loudness; None leaves what is known.

        Raises:
            OSError: When it had to be hashed and its file can't be read.
        """
        recording = recording_of(self._store, note_id)
        if recording is None:
            return
        with self._change() as current:
            self._store.run(
                "UPDATE recording SET peaks = ?, wave = ?, lufs = coalesce(?, lufs)"
                " WHERE id = ?",
                (peaks, wave_of(peaks), lufs, recording[0]),
            )
            for row in self._store.all(
                "SELECT id FROM note WHERE recording_id = ?", (recording[0],)
            ):
                current.touch(row[0])

    def documents(self, source_id: SourceId) -> list[DocumentRecord]:
        """Documents of a source that are there."""
        return [
            _rows.document_record_of(row)
            for row in self._store.all(
                f"SELECT {_rows.DOCUMENT_RECORD_COLUMNS} FROM document"
                " WHERE source_id = ? AND missing = 0",
                (source_id,),
            )
        ]

    def put_document(
        self,
        source_id: SourceId,
        record: DocumentRecord,
        *,
        score: int = 0,
        reasons: Sequence[str] = (),
        label: str = "",
        state: DocumentState | None = None,
        reason: str = "",
    ) -> int:
        """Remember a document that is new or changed: it is due to be read."""
        with self._change() as current:
            details, told = (score, reasons, label), (state, reason)
            return _claims.put_document(current, source_id, record, details, told)

    def drop_documents(self, document_ids: Sequence[int]) -> None:
        """Documents that are gone: what only they told stays where notes need it."""
        with self._change() as current:
            _claims.drop_documents(current, document_ids)

    def begin_document(self, document_id: int) -> int:
        """Begin to read a document; returns the number of the reading."""
        with self._change() as current:
            return _claims.begin_document(current, document_id)

    def tell(
        self,
        document_id: int,
        turn: int,
        claims: Sequence[ClaimRecord],
        chats: Sequence[ChatTold] = (),
        people: Sequence[PersonTold] = (),
    ) -> None:
        """Write some of what a document tells."""
        with self._change() as current:
            _claims.tell(
                current, document_id, turn, claims=claims, chats=chats, people=people
            )

    def end_document(
        self,
        document_id: int,
        turn: int,
        state: DocumentState,
        reason: str,
        remarks: Sequence[tuple[str, str]],
    ) -> None:
        """End a reading: what an `ok` one did not tell again is taken back."""
        now_ms = int(time.time() * 1000)
        with self._change() as current:
            ending = (state, reason)
            _claims.end_document(
                current, document_id, turn, ending, remarks=remarks, now_ms=now_ms
            )

    def match(self, document_id: int) -> Iterator[int]:
        """Find the notes of a document's claims; yields after each transaction."""
        yield from match_document(self._store, document_id)

    def is_claimed(self, source_id: SourceId, folder: bytes, name: bytes) -> bool:
        """Whether a document beside a file says that it is a note."""
        return is_claimed(self._store, source_id, folder, name)

    def claimed_films(self, document_id: int) -> list[tuple[bytes, bytes]]:
        """Films beside a document that it tells of: folder and name of the missing."""
        return claimed_films(self._store, document_id)

    def incomplete(self, source_id: SourceId) -> set[int]:
        """Documents that look for files themselves, and did not find all of them."""
        return incomplete(self._store, source_id)

    def match_again(self) -> Iterator[int]:
        """Match what may be known better by now; yields after each transaction."""
        yield from match_loose(self._store)

    def twins(self, limit: int) -> list[tuple[int, bytes, int]]:
        """Files without a hash that may hold what another holds: id, path, size.

        Without documents nobody asks: then a copy in another folder is a note of its
        own.
        """
        if self._store.one("SELECT 1 FROM claim LIMIT 1") is None:
            return []
        if not self._twins:
            most = max(limit, _TWINS_AT_ONCE)
            self._twins = self._store.all(_TWINS, (most,))
        rows, self._twins = self._twins[:limit], self._twins[limit:]
        return [(row[0], _absolute(row), row[4]) for row in rows]

    def tell_stale(self) -> int:
        """Tell some notes anew that an edit of the user left behind; how many."""
        return _rule_work.tell_stale(self._store)

    def index_words(self) -> int:
        """Index the words of some notes whose words changed; how many."""
        most = BETWEEN + AT_ONCE
        if not due(self._store, 1):
            return 0
        with change(self._store) as current:
            ids = due(self._store, most + 1)
            if len(ids) <= most:
                # Nothing shown of them changed, but searches find them only now. When
                # many were indexed, it does for all that the last ones are told.
                current.touch_all(ids)
            else:
                ids = ids[:BETWEEN]
            index_notes(self._store, ids)
        return len(ids)

    def next_rules(self) -> RulePage | None:
        """Notes that changed since the user's rules were asked of them."""
        return _rule_work.next_page(self._store)

    def choose_by_rule(
        self, page: RulePage, matches: Sequence[tuple[int, int]], now_ms: int
    ) -> None:
        """Write what rules say of notes: pairs of both. Not inside of a batch."""
        _rule_work.choose_by_rule(self._store, page, matches, now_ms)

    def close(self) -> None:
        """Give the connection back."""
        self._store.close()

    def _root(self, source_id: SourceId) -> bytes:
        row = self._store.one("SELECT root FROM source WHERE id = ?", (source_id,))
        if row is None:
            raise LibraryError(self._store.path, "the source was removed meanwhile")
        root: bytes = row[0]
        return root

    def _folder(self, source_id: SourceId, folder: bytes, mtime_ns: int) -> int:
        row = self._store.all(
            "INSERT INTO folder(source_id, path, mtime_ns) VALUES (?, ?, ?)"
            " ON CONFLICT(source_id, path) DO UPDATE SET mtime_ns = excluded.mtime_ns"
            " RETURNING id",
            (source_id, folder, mtime_ns),
        )[0]
        return int(row[0])

    def _present(self, file_ids: Sequence[int]) -> list[Row]:
        rows = []
        for file_id in file_ids:
            rows += self._store.all(
                "SELECT id, note_id FROM file WHERE id = ? AND missing = 0", (file_id,)
            )
        return rows


def _absolute(row: Row) -> bytes:
    """The absolute path of a row of file id, root, folder and name."""
    root: bytes = row[1]
    return root.rstrip(b"/") + b"/" + _rows.join_path(row[2], row[3])
