"""A library in memory: the Reader Protocol over a dictionary, slow but right."""

from __future__ import annotations

import time
from array import array
from typing import TYPE_CHECKING

from tui.answers import Bucket, Collection, Share, Statistics, TagTotals
from tui.library._api import NoteKeys
from tui.model import (
    RECENT_LIMIT,
    Chat,
    ChatId,
    ChatKind,
    Direction,
    Group,
    GroupBy,
    GroupKind,
    LibraryDelta,
    MonthTotals,
    NoteChange,
    NoteId,
    NoteKind,
    NoteRow,
    NoteState,
    Played,
    Precision,
    Sort,
    SourceId,
    Totals,
)
from tui.query import wall_clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import date

    from tui.answers import Hit, SavedSearch
    from tui.model import (
        DocumentInfo,
        Gaps,
        Note,
        Problem,
        SoundScope,
        SoundSettings,
        Source,
    )
    from tui.query import Query

__all__ = ["MemoryLibrary", "month_of", "sort_key"]

START_MS = 1_723_700_000_000
"""15 August 2024."""


def month_of(ms: int) -> int:
    """Tell the month of a time in the way of the model, in UTC."""
    year, month = time.gmtime(ms // 1000)[:2]
    return year * 100 + month


class NoteRows(dict[NoteId, NoteRow]):
    """Rows by id; called as `Reader.notes`, it tells everything about some notes.

    Args:
        library: Whose rows they are.
    """

    def __init__(self, library: MemoryLibrary) -> None:
        super().__init__()
        self._library = library

    def __call__(self, ids: Sequence[int]) -> Iterator[Note]:
        """Everything about some notes, in their order."""
        for note_id in ids:
            note = self._library.note(NoteId(note_id))
            if note is not None:
                yield note


class MemoryLibrary:
    """Notes by id; every write gives the change that the real library would report."""

    def __init__(self) -> None:
        self.notes = NoteRows(self)
        self.titles: dict[ChatId, str] = {}
        self.kinds: dict[ChatId, ChatKind] = {}
        self.searches: list[SavedSearch] = []
        self.collected: dict[str, list[NoteId]] = {}
        """Collections by name; the first is number 1."""
        self.searched: list[str] = []
        """What was searched for, the last one first."""
        self.senders: list[str] = [""]
        """By their row; the first stands for those that are not known."""
        self.tag_names: list[str] = [""]
        """The same for tags."""
        self.asked = 0
        """How many rows were asked for."""
        self.read_whole = 0
        """How many groups were read whole."""

    # -- writing

    def put(self, note_id: int, chat_id: int, order_ms: int, **fields: object) -> None:
        """Add or change a note; returns nothing, see `change`."""
        known = self.notes.get(NoteId(note_id))
        row = known or NoteRow(
            id=NoteId(note_id),
            chat_id=ChatId(chat_id),
            chat_title="",
            kind=NoteKind.VOICE,
            sender="Ana",
            direction=Direction.RECEIVED,
            sent_ms=order_ms,
            offset_min=None,
            precision=Precision.SECOND,
            order_ms=order_ms,
            duration_ms=42_000,
            state=NoteState.READY,
            reason="",
            played=Played.UNPLAYED,
            position_ms=0,
        )
        title = self.titles.setdefault(ChatId(chat_id), f"Chat {chat_id}")
        self.notes[row.id] = row._replace(
            chat_id=ChatId(chat_id),
            chat_title=title,
            order_ms=order_ms,
            sent_ms=order_ms,
            **fields,  # type: ignore[arg-type]  # the caller names fields of NoteRow
        )

    def change(self, *note_ids: int) -> LibraryDelta:
        """Tell where some notes stand now."""
        return LibraryDelta(
            tuple(
                NoteChange(
                    id=row.id,
                    chat_id=row.chat_id,
                    month=month_of(row.order_ms),
                    order_ms=row.order_ms,
                    visible=_visible(row),
                    played=row.played,
                    problem=_problem(row),
                )
                for row in (self.notes[NoteId(note_id)] for note_id in note_ids)
            )
        )

    # -- reading

    def _sorted(self, wanted: Callable[[NoteRow], bool]) -> list[NoteRow]:
        rows = [row for row in self.notes.values() if wanted(row)]
        return sorted(rows, key=lambda row: (-row.order_ms, -row.id))

    def notes_of(self, group: Group) -> list[NoteRow]:
        """The notes of a group, newest first."""
        if group.kind is GroupKind.RECENT:
            return self._sorted(_visible)[:RECENT_LIMIT]
        return self._sorted(self._test(group))

    def _test(self, group: Group) -> Callable[[NoteRow], bool]:
        """Make what tells whether a note is one of a group, of any kind but Recent."""
        number = group.number
        if group.kind is GroupKind.PROBLEMS:
            return _problem
        query = group.query
        if group.kind is GroupKind.SAVED:
            queries = [each.query for each in self.searches if each.id == number]
            query = queries[0] if queries else "is:none"
        tests: dict[GroupKind, Callable[[NoteRow], bool]] = {
            GroupKind.UNPLAYED: lambda row: row.played is not Played.PLAYED,
            GroupKind.STARRED: lambda row: row.star,
            GroupKind.SAVED: lambda row: _finds(query, row),
            GroupKind.SEARCH: lambda row: _finds(query, row),
            GroupKind.CHAT: lambda row: row.chat_id == group.chat_id,
            GroupKind.MONTH: lambda row: (
                row.chat_id == group.chat_id and month_of(row.order_ms) == group.month
            ),
            GroupKind.SENDER: lambda row: self.sender_id(row) == number,
            GroupKind.TAG: lambda row: number in self.tag_ids(row),
            GroupKind.SOURCE: lambda _: number == 1,
            GroupKind.COLLECTION: lambda row: row.id in self._collection(group),
        }

        def test(row: NoteRow) -> bool:
            if not _visible(row):
                return False
            known = tests.get(group.kind)
            return known(row) if known else _number(group.kind, row) == number

        return test

    def _collection(self, group: Group) -> list[NoteId]:
        """The notes of a collection in its order, whatever shows of them."""
        found = list(self.collected.values())[group.number - 1 : group.number]
        return found[0] if found else []

    def _key(self, group: Group, row: NoteRow, sort: Sort) -> int:
        if group.kind is GroupKind.COLLECTION:
            return -self._collection(group).index(row.id)
        return sort_key(row, sort)

    def sender_id(self, row: NoteRow) -> int:
        """The row of a note's sender."""
        return _row_of(self.senders, row.sender or "")

    def tag_ids(self, row: NoteRow) -> list[int]:
        """The rows of a note's tags; 0 for none."""
        return [_row_of(self.tag_names, tag) for tag in row.tags] or [0]

    def sources(self) -> list[Source]:
        return []

    def totals(self) -> Totals:
        shown = [row for row in self.notes.values() if _visible(row)]
        fresh = [row for row in shown if row.played is not Played.PLAYED]
        return Totals(
            notes=len(shown),
            unplayed=len(fresh),
            unplayed_ms=_length(fresh),
            duration_ms=_length(shown),
            problems=sum(map(_problem, self.notes.values())),
        )

    def chats(self) -> list[Chat]:
        by_chat: dict[ChatId, list[NoteRow]] = {}
        for row in self._sorted(_visible):
            by_chat.setdefault(row.chat_id, []).append(row)
        chats = [
            Chat(
                id=chat_id,
                source_id=SourceId(1),
                kind=self.kinds.get(chat_id, ChatKind.DIRECT),
                title=self.titles[chat_id],
                notes=len(rows),
                unplayed=sum(row.played is not Played.PLAYED for row in rows),
                duration_ms=_length(rows),
                last_ms=rows[0].order_ms,
            )
            for chat_id, rows in by_chat.items()
        ]
        return sorted(chats, key=lambda chat: (-chat.last_ms, chat.id))

    def months(self, chat_id: ChatId) -> list[MonthTotals]:
        by_month: dict[int, list[NoteRow]] = {}
        for row in self._sorted(lambda row: _visible(row) and row.chat_id == chat_id):
            by_month.setdefault(month_of(row.order_ms), []).append(row)
        return [
            MonthTotals(
                chat_id,
                month,
                len(rows),
                sum(row.played is not Played.PLAYED for row in rows),
                _length(rows),
            )
            for month, rows in sorted(by_month.items(), reverse=True)
        ]

    def group_totals(self, group: Group) -> tuple[int, int, int]:
        rows = self.notes_of(group)
        fresh = sum(row.played is not Played.PLAYED for row in rows)
        return len(rows), fresh, _length(rows)

    def keys(self, group: Group, sort: Sort = Sort.NEWEST) -> NoteKeys:
        self.read_whole += 1
        notes = self.notes_of(group)
        found = [(self._key(group, row, sort), row.id) for row in notes]
        found.sort(reverse=True)
        return NoteKeys(
            array("q", [key for key, _ in found]),
            array("q", [note_id for _, note_id in found]),
        )

    def members(
        self, group: Group, ids: Sequence[NoteId], sort: Sort = Sort.NEWEST
    ) -> dict[NoteId, int]:
        known = (self.notes[note_id] for note_id in ids if note_id in self.notes)
        test = self._test(group)
        return {row.id: self._key(group, row, sort) for row in known if test(row)}

    def buckets(self, by: GroupBy) -> list[Bucket]:
        kind = _KINDS[by]
        found: dict[int, list[NoteRow]] = {}
        for row in self._sorted(_visible):
            if kind is GroupKind.SENDER:
                numbers = [self.sender_id(row)]
            elif kind is GroupKind.TAG:
                numbers = self.tag_ids(row)
            elif kind is GroupKind.SOURCE:
                numbers = [1]
            else:
                numbers = [_number(kind, row)]
            for number in numbers:
                found.setdefault(number, []).append(row)
        labels = {
            GroupKind.SENDER: self.senders,
            GroupKind.TAG: self.tag_names,
            GroupKind.SOURCE: ["", "here"],
        }
        return [
            Bucket(
                Group(kind, number=number),
                labels[kind][number] if kind in labels else "",
                len(rows),
                sum(row.played is not Played.PLAYED for row in rows),
                _length(rows),
                rows[0].order_ms,
            )
            for number, rows in found.items()
        ]

    def saved_searches(self) -> list[SavedSearch]:
        return sorted(self.searches, key=lambda each: each.name)

    def collections(self) -> list[Collection]:
        """The collections by name, counted."""
        groups = {
            name: Group(GroupKind.COLLECTION, number=number)
            for number, name in enumerate(self.collected, 1)
        }
        return [
            Collection(groups[name].number, name, *self.group_totals(groups[name]))
            for name in sorted(groups)
        ]

    def search(
        self,
        query: Query,
        today: date,
        *,
        sort: Sort = Sort.NEWEST,
        told: bool = False,
        below: bytes = b"",
    ) -> NoteKeys:
        return self.keys(Group(GroupKind.SEARCH, query=str(query)), sort)

    def hit(self, note_id: NoteId, query: Query) -> Hit | None:
        return None

    def prepare_search(self) -> bool:
        return False

    def search_history(self, limit: int = 100) -> list[str]:
        return self.searched[:limit]

    def tags(self) -> list[TagTotals]:
        """The tags by name; they are not put below each other here."""
        return [
            TagTotals(each.group.number, each.label, *each[2:5])
            for each in sorted(self.buckets(GroupBy.TAG), key=lambda each: each.label)
            if each.group.number
        ]

    def tags_of(self, ids: Sequence[NoteId]) -> dict[str, int]:
        rows = [self.notes[note_id] for note_id in ids if note_id in self.notes]
        names = sorted({tag for row in rows for tag in row.tags})
        return {name: sum(name in row.tags for row in rows) for name in names}

    def statistics(self) -> Statistics:
        shown = self._sorted(_visible)
        return Statistics(
            total=_share("", shown),
            chats=_shares(shown, lambda row: row.chat_title),
            senders=_shares(shown, lambda row: row.sender or ""),
            months=tuple(
                sorted(
                    _shares(shown, _month_label),
                    key=lambda share: share.label,
                    reverse=True,
                )
            ),
        )

    def rows(self, ids: Sequence[NoteId]) -> list[NoteRow]:
        self.asked += len(ids)
        return [self.notes[note_id] for note_id in ids if note_id in self.notes]

    def note(self, note_id: NoteId) -> Note | None:
        raise NotImplementedError

    def find(self, key: str) -> list[NoteId]:
        raise NotImplementedError

    def documents(self) -> list[DocumentInfo]:
        return []

    def notes_by_source(self) -> dict[SourceId, int]:
        return {}

    def document_problems(self, limit: int) -> list[Problem]:
        return []

    def gaps(self) -> dict[SourceId, Gaps]:
        return {}

    def all_notes(
        self, *, states: Sequence[NoteState], told: bool = False
    ) -> Iterator[Note]:
        raise NotImplementedError

    def problems(self) -> list[Problem]:
        raise NotImplementedError

    def locate(self, note_id: NoteId) -> tuple[ChatId, int, int] | None:
        row = self.notes.get(note_id)
        if row is None:
            return None
        return row.chat_id, month_of(row.order_ms), row.order_ms

    def neighbour(
        self, note_id: NoteId, step: int, *, unplayed: bool = False
    ) -> NoteId | None:
        raise NotImplementedError

    def oldest_unplayed(self, skip: AbstractSet[NoteId] = frozenset()) -> NoteId | None:
        raise NotImplementedError

    def sounds(self, note_id: NoteId) -> dict[SoundScope, SoundSettings]:
        """Nothing is remembered."""
        return {}

    def queue(self) -> list[NoteId]:
        """Nothing waits."""
        return []

    def changes_since(self, revision: int) -> tuple[int, LibraryDelta]:
        raise NotImplementedError

    def revision(self) -> int:
        return 0

    def close(self) -> None:
        """Nothing is open."""


_KINDS = {
    GroupBy.SENDER: GroupKind.SENDER,
    GroupBy.DAY: GroupKind.DAY,
    GroupBy.WEEK: GroupKind.WEEK,
    GroupBy.MONTH: GroupKind.CALENDAR,
    GroupBy.TAG: GroupKind.TAG,
    GroupBy.SOURCE: GroupKind.SOURCE,
}


def sort_key(row: NoteRow, sort: Sort) -> int:
    """Tell what a note is put in order by, the highest first."""
    if sort is Sort.OLDEST:
        return -row.order_ms
    if sort is Sort.LONGEST:
        return row.duration_ms or 0
    is_first = sort is Sort.UNPLAYED and row.played is not Played.PLAYED
    return row.order_ms + ((1 << 61) if is_first else 0)


def _number(kind: GroupKind, row: NoteRow) -> int:
    """Tell the number of a group by time that a note is in."""
    day = wall_clock(row).date()
    if kind is GroupKind.WEEK:
        return day.isocalendar().year * 100 + day.isocalendar().week
    month = day.year * 100 + day.month
    return month if kind is GroupKind.CALENDAR else month * 100 + day.day


def _month_label(row: NoteRow) -> str:
    month = month_of(row.order_ms)
    return f"{month // 100:04d}-{month % 100:02d}"


def _share(label: str, rows: Sequence[NoteRow]) -> Share:
    fresh = [row for row in rows if row.played is not Played.PLAYED]
    return Share(label, len(rows), _length(rows), len(fresh), _length(fresh))


def _shares(
    rows: Sequence[NoteRow], label: Callable[[NoteRow], str]
) -> tuple[Share, ...]:
    """Add up notes by a label, the longest part first."""
    parts: dict[str, list[NoteRow]] = {}
    for row in rows:
        parts.setdefault(label(row), []).append(row)
    shares = [_share(name, part) for name, part in parts.items()]
    return tuple(sorted(shares, key=lambda share: -share.duration_ms))


def _row_of(names: list[str], name: str) -> int:
    if name not in names:
        names.append(name)
    return names.index(name)


def _finds(query: str, row: NoteRow) -> bool:
    """A search that knows one filter, and looks for other text in titles."""
    if query == "is:unplayed":
        return row.played is not Played.PLAYED
    return query in row.title


def _visible(row: NoteRow) -> bool:
    return row.state in {NoteState.READY, NoteState.UNREADABLE}


def _problem(row: NoteRow) -> bool:
    return row.state in {NoteState.PARTIAL, NoteState.UNREADABLE}


def _length(rows: Sequence[NoteRow]) -> int:
    return sum(row.duration_ms or 0 for row in rows)
