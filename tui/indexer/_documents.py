"""The documents of one source: found by name, recognised, read, matched with notes.

A document is read in slices between other work, like everything that the indexer does.
What is wrong with one is its state, and stops nothing else.
"""

from __future__ import annotations

import logging
import sqlite3
from typing import TYPE_CHECKING

from tui.documents import (
    READ_SCORE,
    ChatTold,
    Claim,
    Document,
    Options,
    PersonTold,
    Remark,
    recognise,
)
from tui.errors import (
    DocumentError,
    EarmarkError,
    LibraryError,
    LockedError,
    PartialError,
)
from tui.indexer._reading_queue import Due, KnownDocuments, ReadingQueue
from tui.indexer._told import chat_record, claim_record, person_record
from tui.indexer._walk import Entry, absolute, below, is_inside, why
from tui.library._api import DocumentRecord
from tui.model import DocumentKind, DocumentState, SourceState

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from tui.documents import DocumentFormat, Recognition
    from tui.indexer._reading_queue import Key
    from tui.indexer._tools import Tools
    from tui.indexer._walk import Listing
    from tui.library._api import ClaimRecord, IndexWriter
    from tui.library._people import ChatTold as ChatRecord
    from tui.library._people import PersonTold as PersonRecord
    from tui.model import SourceId

__all__ = ["Documents"]

_log = logging.getLogger(__name__)

_TOLD_AT_ONCE = 250
"""Claims in one transaction."""
_NOTHING_AT_ONCE = 16
"""How often a reader may have nothing to tell before other things may be done."""
_QUIET_MS = 1_500
"""A document that was written to a moment ago is read when it is quiet."""

_SLOWER = 20
"""A document that is read again because files came waits so many times as long as
reading it takes."""
_DEEP = 3
"""How far below a document its files may lie."""
_LOOKING = frozenset(
    {
        *(DocumentKind.MATRIX, DocumentKind.SIGNAL, DocumentKind.MESSENGER),
        *(DocumentKind.DISCORD, DocumentKind.IMESSAGE),
    }
)
"""Kinds that look which files lie beside them."""
_COMPANIONS = frozenset({b"wa.db", b"contactsv2.sqlite"})
"""Address books that databases read with them, in lower case."""
_WITH_COMPANION = frozenset(
    {
        DocumentKind.WHATSAPP_DATABASE,
        DocumentKind.WHATSAPP_BACKUP,
        DocumentKind.WHATSAPP_IOS,
    }
)

_Stamp = tuple[int, int]


def is_companion(name: bytes) -> bool:
    """Tell whether a file is read with a document beside it, and never on its own.

    Args:
        name: Its name.
    """
    return name.lower() in _COMPANIONS


class Documents:
    """The documents of one source. Belongs to the indexer's thread.

    Args:
        source_id: The source.
        root: Its absolute path.
        writer: Where results go.
        tools: How to look.
        is_away: Tells why the source can't be read; empty when it is there.
        is_patient: Whether a document that was just written to has to wait.
    """

    def __init__(
        self,
        source_id: SourceId,
        root: bytes,
        writer: IndexWriter,
        tools: Tools,
        *,
        is_away: Callable[[], str],
        is_patient: bool = True,
    ) -> None:
        self._source_id = source_id
        self._root = root
        self._writer = writer
        self._tools = tools
        self._is_away = is_away
        self._is_patient = is_patient
        self._known = KnownDocuments()
        self._none: dict[Key, _Stamp] = {}
        """Files that only look like documents, as they were when that was seen."""
        self._due = ReadingQueue()
        self._incomplete: dict[Key, float] = {}
        """Documents that did not find all their files, and how long reading took."""
        self._films: set[Key] = set()
        self.has_news = False
        """Whether the state of a document changed since this was set to False."""
        self.load()

    def load(self) -> None:
        """Read what the library remembers; what is due there is due here."""
        self._known = KnownDocuments()
        incomplete = self._writer.incomplete(self._source_id)
        self._incomplete = {}
        for record in self._writer.documents(self._source_id):
            self._known[record.folder, record.name] = record
            if record.id in incomplete:
                self._incomplete[record.folder, record.name] = 0.0
        for record in self._known.values():
            if record.is_due and record.day_order:
                self._want(record)

    def take_chosen(self) -> None:
        """Have documents read again whose order of dates the user changed.

        One that is just being read is left for the next call.
        """
        for record in self._writer.documents(self._source_id):
            key = (record.folder, record.name)
            known = self._known.get(key)
            if known is None or key in self._due:
                continue
            if known.day_order != record.day_order:
                self._known[key] = known._replace(day_order=record.day_order)
                self._want(known)

    def _want(self, record: DocumentRecord, not_before_ms: int = 0) -> None:
        """Have a document read, though it did not change."""
        entry = Entry(record.folder, record.name, record.size, record.mtime_ns, 0)
        self._due[record.folder, record.name] = Due(entry, not_before_ms)

    def saw(self, listing: Listing) -> None:
        """Take notice of the files of a folder."""
        is_document, folder = self._tools.names.is_document, listing.folder
        place = absolute(self._root, folder)
        names = set()
        for entry in listing.files:
            if is_document(place, entry.name):
                names.add(entry.name)
                self.saw_file(entry)
        if listing.complete:
            gone = [
                record
                for record in self._known.in_folder(folder)
                if record.name not in names and record.kind is not DocumentKind.ARCHIVE
            ]
            self._drop(gone)
        if is_inside(folder) and not folder.partition(b"//")[2]:
            self._saw_archive(listing)

    def saw_file(self, entry: Entry) -> None:
        """Take notice of a file whose name may be a document's."""
        key, stamp = (entry.folder, entry.name), (entry.size, entry.mtime_ns)
        known = self._known.get(key)
        if known is not None and (known.size, known.mtime_ns) == stamp:
            if not known.is_due:
                return
        elif is_companion(entry.name):
            self._saw_companion(entry)
            return
        elif self._none.get(key) == stamp:
            return
        self._due[key] = Due(entry, self._quiet_from(entry))

    def _quiet_from(self, entry: Entry) -> int:
        """When a file will not have been written to for a while; 0 for now."""
        if self._is_patient and not is_inside(entry.folder):
            clock = self._tools.clock
            age_ms = clock.wall_ms() - entry.mtime_ns // 1_000_000
            if 0 <= age_ms < _QUIET_MS:
                return clock.now_ms() + _QUIET_MS - age_ms
        return 0

    def _saw_companion(self, entry: Entry) -> None:
        """Have the databases beside an address book read again: it is new, or changed.

        It is remembered as a document, so that this is known also after a new start.
        """
        record = DocumentRecord(
            0,
            *entry[:2],
            DocumentKind.CONTACTS,
            *entry[2:4],
            DocumentState.OK,
            is_due=False,
            day_order="",
        )
        document_id = self._writer.put_document(
            self._source_id,
            record,
            score=100,
            reasons=("the address book of a database",),
            label=entry.name.decode(errors="replace"),
            state=DocumentState.OK,
        )
        self._known[entry[:2]] = record._replace(id=document_id)
        not_before = self._quiet_from(entry)
        for known in self._known.in_folder(entry.folder):
            if known.kind in _WITH_COMPANION:
                self._want(known, not_before)

    def came(self, folder: bytes) -> None:
        """Take notice that new files came into a folder.

        Some documents don't name their files as they are called, but look which of
        those that lie beside them it may be. They look again.
        """
        if not self._incomplete:
            return
        for key, seconds in self._incomplete.items():
            record = self._known.get(key)
            if record is not None and _is_near(key[0], folder):
                wait_ms = _QUIET_MS + round(1000 * _SLOWER * seconds)
                now_ms = self._tools.clock.now_ms()
                self._want(record, now_ms + wait_ms if self._is_patient else 0)

    def take_films(self) -> set[Key]:
        """Films that documents told of, and that may be notes so; each only once."""
        films, self._films = self._films, set()
        return films

    def lost_file(self, folder: bytes, name: bytes) -> None:
        """Take notice that a file is not there (any more)."""
        self._due.pop((folder, name))
        known = self._known.get((folder, name))
        if known is not None:
            self._drop([known])

    def lost_folders(self, folders: Iterable[bytes]) -> None:
        """Take notice that folders are gone."""
        gone = set(folders)
        archives = {folder[:-1] for folder in gone if folder.endswith(b"/")}
        self._drop(
            [
                record
                for (folder, name), record in self._known.items()
                if folder in gone
                or (folder + b"/" + name if folder else name) in archives
            ]
        )

    def retry_locked(self) -> set[bytes]:
        """Have everything tried again that no key opened, since there are others now.

        Returns:
            Archives to list again, as folders relative to the root.
        """
        archives = set()
        for (folder, name), record in self._known.items():
            if record.state is not DocumentState.LOCKED:
                continue
            if record.kind is DocumentKind.ARCHIVE:
                archives.add(below(folder, name) + b"/")
            else:
                entry = Entry(folder, name, record.size, record.mtime_ns, 0)
                self._due[folder, name] = Due(entry, 0)
        return archives

    @property
    def knows_any(self) -> bool:
        """Whether there is, or was, any document."""
        return bool(self._known)

    def next_due_ms(self) -> int | None:
        """When there is a document to read, on the clock that never jumps."""
        return self._due.next_ms()

    def summary(self) -> tuple[SourceState, str]:
        """Tell how the source stands with its documents: the worst, in a sentence."""
        for state in (DocumentState.ERROR, DocumentState.LOCKED, DocumentState.PARTIAL):
            bad = [record for record in self._known.values() if record.state is state]
            if not bad:
                continue
            first = min(bad, key=lambda record: (record.folder, record.name))
            reason = f"{first.name.decode(errors='backslashreplace')} {first.reason}"
            if len(bad) > 1:
                reason += f", and {len(bad) - 1} more"
            return SourceState(state.value), reason
        return SourceState.OK, ""

    def steps(self) -> Iterator[int]:
        """Read what is due.

        Yields:
            How many claims were written since the last time.
        """
        while True:
            due = self._due.first(self._tools.clock.now_ms())
            if due is None:
                return
            try:
                yield from self._read(due.entry)
            except EarmarkError:
                raise  # the library is not there: it is read later
            except Exception:
                self._due.done(due)  # not again and again
                raise
            self._due.done(due)

    def _drop(self, gone: list[DocumentRecord]) -> None:
        # Of a disk that was taken away, nothing is gone.
        if gone and not self._is_away():
            self._writer.drop_documents([record.id for record in gone])
            for record in gone:
                del self._known[record.folder, record.name]
                self._incomplete.pop((record.folder, record.name), None)
            self.has_news = True

    def _saw_archive(self, listing: Listing) -> None:
        """Remember an archive that has something in it, or can't be opened."""
        folder, _, name = listing.folder[:-1].rpartition(b"/")
        known = self._known.get((folder, name))
        state, reason = listing.archive or (DocumentState.OK, "")
        holds = bool(listing.files or listing.folders)
        if known is None and state is DocumentState.OK and not holds:
            return
        # A mailbox is both: as a document it tells more.
        is_more = known is not None and known.kind is not DocumentKind.ARCHIVE
        if listing.vanished or is_more:
            return
        stamp = (listing.archive_size, listing.mtime_ns)
        if (
            known is not None
            and (known.size, known.mtime_ns) == stamp
            and known.state is state
        ):
            return
        record = DocumentRecord(
            0,
            folder,
            name,
            DocumentKind.ARCHIVE,
            *stamp,
            state,
            is_due=False,
            day_order="",
            reason=reason,
        )
        document_id = self._writer.put_document(
            self._source_id,
            record,
            score=100,
            reasons=("an archive",),
            label=name.decode(errors="replace"),
            state=state,
            reason=reason,
        )
        self._known[folder, name] = record._replace(id=document_id)
        self.has_news = True

    def _read(self, entry: Entry) -> Iterator[int]:
        """Recognise and read one document; whatever is wrong with it is its state."""
        key = (entry.folder, entry.name)
        path = absolute(self._root, entry.folder, entry.name)
        document = Document(path, entry.size, entry.mtime_ns)
        found = _recognised(document)
        if found is None or found[1].score < READ_SCORE:
            self._none[key] = (entry.size, entry.mtime_ns)
            known = self._known.get(key)
            if known is not None and known.kind is not DocumentKind.ARCHIVE:
                self._drop([known])
            return
        record = self._remember(entry, *found)
        start = self._tools.clock.monotonic()
        told = found[0].read(document, self._options(path, record))
        state, reason = yield from self._take(record, path, told)
        yield from self._writer.match(record.id)
        self._known[key] = record._replace(state=state, is_due=False, reason=reason)
        self._films.update(self._writer.claimed_films(record.id))
        self._incomplete.pop(key, None)
        if record.kind in _LOOKING and record.id in self._writer.incomplete(
            self._source_id
        ):
            self._incomplete[key] = self._tools.clock.monotonic() - start
        self.has_news = True

    def _take(
        self, record: DocumentRecord, path: bytes, told: Iterator[object]
    ) -> Generator[int, None, tuple[DocumentState, str]]:
        """Write what a document tells; returns how that ended."""
        reading = _Reading(self._writer, record)
        state, reason = DocumentState.OK, ""
        try:
            yield from reading.take(told)
        except PartialError as error:
            state, reason = DocumentState.PARTIAL, error.reason
        except LockedError as error:
            state, reason = DocumentState.LOCKED, error.reason
        except DocumentError as error:
            state, reason = DocumentState.ERROR, error.reason
        except OSError as error:
            state, reason = DocumentState.ERROR, f"can't be read: {why(error)}"
        except LibraryError:
            raise
        except Exception as error:  # noqa: BLE001  # a fault in one reader must not stop the others
            _log.exception("%r could not be read", path)
            state, reason = DocumentState.ERROR, f"could not be read: {error}"
        yield reading.end(state, reason)
        return state, reason

    def _remember(
        self, entry: Entry, kind: DocumentFormat, found: Recognition
    ) -> DocumentRecord:
        key = (entry.folder, entry.name)
        known = self._known.get(key)
        record = DocumentRecord(
            0,
            entry.folder,
            entry.name,
            kind.kind,
            entry.size,
            entry.mtime_ns,
            DocumentState.OK,
            is_due=True,
            day_order=known.day_order if known else "",
        )
        document_id = self._writer.put_document(
            self._source_id,
            record,
            score=found.score,
            reasons=found.reasons,
            label=found.label,
        )
        record = self._known[key] = record._replace(id=document_id)
        return record

    def _options(self, path: bytes, record: DocumentRecord) -> Options:
        from tui.keys import secrets_for

        return Options(secrets_for(path), record.day_order)


def _recognised(document: Document) -> tuple[DocumentFormat, Recognition] | None:
    try:
        return recognise(document)
    except (DocumentError, OSError, sqlite3.Error) as error:
        _log.info("%r can't be looked into: %s", document.path, error)
    except Exception:  # noqa: BLE001  # a fault in one reader must not stop the others
        _log.exception("%r could not be looked into", document.path)
    return None


def _is_near(folder: bytes, other: bytes) -> bool:
    """Tell whether a folder is another one, or not too far below it."""
    if folder == other:
        return True
    prefix = folder if not folder or folder.endswith(b"/") else folder + b"/"
    return other.startswith(prefix) and other[len(prefix) :].count(b"/") < _DEEP


class _Reading:
    """Collects what a document tells, and writes it in batches."""

    def __init__(self, writer: IndexWriter, record: DocumentRecord) -> None:
        self._writer = writer
        self._id = record.id
        self._turn = writer.begin_document(record.id)
        self._claims: list[ClaimRecord] = []
        self._chats: list[ChatRecord] = []
        self._people: list[PersonRecord] = []
        self._remarks: list[tuple[str, str]] = []

    def take(self, told: Iterator[object]) -> Iterator[int]:
        """Take everything; yields the number of claims after each batch."""
        idle = 0
        for item in told:
            idle += 1
            match item:
                case Claim():
                    self._claims.append(claim_record(item))
                case PersonTold():
                    self._people.append(person_record(item))
                case ChatTold():
                    self._chats.append(chat_record(item))
                case Remark():
                    self._remarks.append((item.code, item.text))
                case _:
                    if idle >= _NOTHING_AT_ONCE:
                        idle = 0
                        yield 0
            if len(self._claims) + len(self._people) >= _TOLD_AT_ONCE:
                idle = 0
                yield self._write()

    def end(self, state: DocumentState, reason: str) -> int:
        """Write the rest, and how it ended."""
        count = self._write()
        self._writer.end_document(self._id, self._turn, state, reason, self._remarks)
        return count

    def _write(self) -> int:
        count = len(self._claims)
        if self._claims or self._chats or self._people:
            self._writer.tell(
                self._id, self._turn, self._claims, self._chats, self._people
            )
        self._claims, self._chats, self._people = [], [], []
        return count
