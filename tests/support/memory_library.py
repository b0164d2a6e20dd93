"""A library in memory: the Reader Protocol over a dictionary, slow but right."""

from __future__ import annotations

import time
from array import array
from typing import TYPE_CHECKING

from tui.library._api import NoteKeys
from tui.model import (
    RECENT_LIMIT,
    Chat,
    ChatId,
    ChatKind,
    Direction,
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
    SourceId,
    Totals,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tui.model import DocumentInfo, Gaps, Group, Note, Problem, Source

__all__ = ["MemoryLibrary", "month_of"]

START_MS = 1_723_700_000_000
"""15 August 2024."""


def month_of(ms: int) -> int:
    """Tell the month of a time in the way of the model, in UTC."""
    year, month = time.gmtime(ms // 1000)[:2]
    return year * 100 + month


class MemoryLibrary:
    """Notes by id; every write gives the change that the real library would report."""

    def __init__(self) -> None:
        self.notes: dict[NoteId, NoteRow] = {}
        self.titles: dict[ChatId, str] = {}
        self.kinds: dict[ChatId, ChatKind] = {}
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

    def members(self, group: Group) -> list[NoteRow]:
        """The notes of a group, newest first."""
        match group.kind:
            case GroupKind.UNPLAYED:
                return self._sorted(
                    lambda row: _visible(row) and row.played is not Played.PLAYED
                )
            case GroupKind.RECENT:
                return self._sorted(_visible)[:RECENT_LIMIT]
            case GroupKind.PROBLEMS:
                return self._sorted(_problem)
            case GroupKind.CHAT:
                return self._sorted(
                    lambda row: _visible(row) and row.chat_id == group.chat_id
                )
            case GroupKind.MONTH:
                return self._sorted(
                    lambda row: (
                        _visible(row)
                        and row.chat_id == group.chat_id
                        and month_of(row.order_ms) == group.month
                    )
                )

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
        rows = self.members(group)
        fresh = sum(row.played is not Played.PLAYED for row in rows)
        return len(rows), fresh, _length(rows)

    def keys(self, group: Group) -> NoteKeys:
        self.read_whole += 1
        rows = self.members(group)
        return NoteKeys(
            array("q", [row.order_ms for row in rows]),
            array("q", [row.id for row in rows]),
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

    def oldest_unplayed(self) -> NoteId | None:
        raise NotImplementedError

    def changes_since(self, revision: int) -> tuple[int, LibraryDelta]:
        raise NotImplementedError

    def revision(self) -> int:
        return 0

    def close(self) -> None:
        """Nothing is open."""


def _visible(row: NoteRow) -> bool:
    return row.state in {NoteState.READY, NoteState.UNREADABLE}


def _problem(row: NoteRow) -> bool:
    return row.state in {NoteState.PARTIAL, NoteState.UNREADABLE}


def _length(rows: Sequence[NoteRow]) -> int:
    return sum(row.duration_ms or 0 for row in rows)
