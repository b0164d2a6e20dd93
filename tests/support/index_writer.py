"""An `IndexWriter` in memory, which also keeps what was asked of it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tui.library import FileRecord
from tui.model import SourceId

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tui.library import DocumentRecord, Measured, NoteRecord
    from tui.library._rule_work import RulePage
    from tui.model import NoteId, NoteState, SourceKind, SourceState, WatchMode

__all__ = ["MemoryWriter"]


class MemoryWriter:
    """Keeps files as the real library would, without notes and chats."""

    def __init__(self) -> None:
        self.records: dict[int, FileRecord] = {}
        self.notes: dict[int, NoteRecord] = {}
        """What was written last, by file id."""
        self.missing: set[int] = set()
        self.times: dict[bytes, int] = {}
        self.states: list[tuple[SourceState, str]] = []
        self.scanned: list[int] = []
        self.results: list[Measured] = []
        self.peaks: dict[NoteId, bytes] = {}
        self.loudness: dict[NoteId, float] = {}
        self.commits = 0
        self._depth = 0

    def documents(self, source_id: SourceId) -> list[DocumentRecord]:
        return []

    def put_document(
        self, source_id: SourceId, record: DocumentRecord, **details: object
    ) -> int:
        raise AssertionError("no test of single files has documents")

    def drop_documents(self, document_ids: Sequence[int]) -> None:
        raise AssertionError("no test of single files has documents")

    def begin_document(self, document_id: int) -> int:
        raise AssertionError("no test of single files has documents")

    def tell(self, document_id: int, turn: int, *told: object) -> None:
        raise AssertionError("no test of single files has documents")

    def end_document(self, document_id: int, turn: int, *ending: object) -> None:
        raise AssertionError("no test of single files has documents")

    def match(self, document_id: int) -> Iterator[int]:
        return iter(())

    def twins(self, limit: int) -> list[tuple[int, bytes, int]]:
        return []

    def is_claimed(self, source_id: SourceId, folder: bytes, name: bytes) -> bool:
        return False

    def claimed_films(self, document_id: int) -> list[tuple[bytes, bytes]]:
        raise AssertionError("no test of single files has documents")

    def incomplete(self, source_id: SourceId) -> set[int]:
        return set()

    def match_again(self) -> Iterator[int]:
        return iter(())

    def tell_stale(self) -> int:
        return 0

    def index_words(self) -> int:
        return 0

    def next_rules(self) -> RulePage | None:
        return None

    def choose_by_rule(
        self, page: RulePage, matches: Sequence[tuple[int, int]], now_ms: int
    ) -> None:
        raise AssertionError("no test of single files has rules")

    @contextmanager
    def batch(self) -> Iterator[None]:
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            self._commit()

    def _commit(self) -> None:
        self.commits += not self._depth

    def add_source(
        self,
        root: bytes,
        kind: SourceKind,
        label: str,
        score: int,
        reasons: Sequence[str],
    ) -> SourceId:
        return SourceId(1)

    def remove_source(self, source_id: SourceId) -> None:
        self.records.clear()

    def set_source_state(
        self,
        source_id: SourceId,
        state: SourceState,
        reason: str,
        *,
        watch: WatchMode | None = None,
        watch_reason: str = "",
    ) -> None:
        self.states.append((state, reason))

    def set_scanned(self, source_id: SourceId, now_ms: int) -> None:
        self.scanned.append(now_ms)

    def folders(self, source_id: SourceId) -> dict[bytes, int]:
        return dict(self.times)

    def files_in(self, source_id: SourceId, folder: bytes) -> list[FileRecord]:
        return [
            record
            for record in self.records.values()
            if record.folder == folder and record.file_id not in self.missing
        ]

    def files_named(
        self, source_id: SourceId, folder: bytes, names: Sequence[bytes]
    ) -> list[FileRecord]:
        return [r for r in self.files_in(source_id, folder) if r.name in names]

    def missing_like(
        self, source_id: SourceId, inode: int, size: int, mtime_ns: int
    ) -> FileRecord | None:
        for file_id in self.missing:
            record = self.records[file_id]
            if (record.inode, record.size, record.mtime_ns) == (inode, size, mtime_ns):
                return record
        return None

    def apply(
        self,
        source_id: SourceId,
        folder: bytes,
        folder_mtime_ns: int,
        put: Sequence[NoteRecord],
        gone: Sequence[int],
    ) -> None:
        self.times[folder] = folder_mtime_ns
        self.missing.update(gone)
        for record in put:
            self._put(record)
        self._commit()

    def _put(self, record: NoteRecord) -> None:
        file_id = record.file_id
        if file_id is None:
            place = (record.folder, record.name)
            at = (i for i, r in self.records.items() if (r.folder, r.name) == place)
            file_id = next(at, len(self.records) + 1)
        self.missing.discard(file_id)
        self.notes[file_id] = record
        self.records[file_id] = FileRecord(
            file_id,
            file_id,
            record.folder,
            record.name,
            record.size,
            record.mtime_ns,
            record.inode,
            record.state,
        )

    def drop_folders(self, source_id: SourceId, folders: Iterable[bytes]) -> None:
        dropped = set(folders)
        self.missing.update(
            i for i, record in self.records.items() if record.folder in dropped
        )
        for folder in dropped:
            self.times.pop(folder, None)
        self._commit()

    def unmeasured(self, limit: int) -> list[tuple[int, bytes]]:
        return []

    def unhashed(self, limit: int) -> list[tuple[int, bytes, int]]:
        return []

    def measured(self, results: Sequence[Measured]) -> None:
        self.results += results
        for result in results:
            if result.state is not None:
                old = self.records[result.file_id]
                self.records[result.file_id] = old._replace(state=result.state)
        self._commit()

    def set_peaks(
        self, note_id: NoteId, peaks: bytes, lufs: float | None = None
    ) -> None:
        self.peaks[note_id] = peaks
        if lufs is not None:
            self.loudness[note_id] = lufs

    def close(self) -> None:
        """Nothing to close."""

    def shown(self) -> dict[bytes, NoteState]:
        """The files that are there, by path, with their state."""
        return {
            (r.folder + b"/" if r.folder else b"") + r.name: r.state
            for r in self.records.values()
            if r.file_id not in self.missing
        }
