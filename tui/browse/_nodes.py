"""The nodes that notes hang under: which there are, in which order, and their totals.

Smart nodes stand first, then collections and saved searches, then the groups of the
view: chats, or senders, days, tags and so on. While a search is on, it stands alone;
the others go on being kept, so that they are there at once when it ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.browse._items import NodeItem
from tui.model import Group, GroupBy, GroupKind, Sort
from tui.rowtext import SMART_LABELS, day_name, month_name, week_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tui.answers import Bucket, Collection, SavedSearch
    from tui.library._api import Reader
    from tui.model import Chat, ChatId, ChatKind, MonthTotals, NoteId

__all__ = ["PROBLEMS", "RECENT", "STARRED", "UNPLAYED", "Nodes", "Totals"]

UNPLAYED = Group(GroupKind.UNPLAYED)
STARRED = Group(GroupKind.STARRED)
RECENT = Group(GroupKind.RECENT)
PROBLEMS = Group(GroupKind.PROBLEMS)

Totals = tuple[int, int, int]
"""Notes, unplayed notes and length in milliseconds."""
_MANY_STARS = 500
_NAMES: dict[GroupKind, Callable[[int], str]] = {
    GroupKind.DAY: day_name,
    GroupKind.WEEK: week_name,
    GroupKind.CALENDAR: month_name,
}
_NAMELESS = {GroupKind.SENDER: "Unknown sender", GroupKind.TAG: "No tag"}


class Nodes:
    """All nodes with their labels and totals, without their notes.

    Args:
        reader: The library.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._smart: dict[Group, Totals] = {}
        self._collections: dict[Group, Collection] = {}
        self._saved: dict[Group, SavedSearch] = {}
        self._buckets: dict[Group, Bucket] = {}
        self._search: tuple[Group, Totals] | None = None
        self._stars: set[int] | None = None
        """The starred notes where there are many; None while that is not known."""
        self.chats: dict[ChatId, Chat] = {}
        """In the order of the tree."""
        self.months: dict[ChatId, dict[int, MonthTotals]] = {}
        """Of the open chats that are folded by month."""
        self.by = GroupBy.CHAT
        self.sort = Sort.NEWEST

    # -- what there is

    @property
    def search(self) -> Group | None:
        """The search that stands alone."""
        return None if self._search is None else self._search[0]

    @property
    def buckets(self) -> Sequence[Bucket]:
        """The groups of the view in their order; none where that is by chat."""
        return list(self._buckets.values())

    def tops(self) -> Iterator[Group]:
        """List the nodes of the top level in the order of the tree."""
        if self._search is not None:
            yield self._search[0]
            return
        yield from self._smart
        if UNPLAYED in self._smart:
            yield from self._collections
            yield from self._saved
        yield from self.view()

    def view(self) -> Iterator[Group]:
        """List the groups of the view in their order."""
        if self.by is not GroupBy.CHAT:
            yield from self._buckets
            return
        for chat_id in self.chats:
            yield Group(GroupKind.CHAT, chat_id)

    def totals(self, group: Group) -> Totals | None:
        """Tell the totals of a node as they were last counted; None without one."""
        if self._search is not None and group == self._search[0]:
            return self._search[1]
        if group.kind is GroupKind.CHAT:
            chat = self.chats.get(group.chat_id) if self.by is GroupBy.CHAT else None
            return (
                None if chat is None else (chat.notes, chat.unplayed, chat.duration_ms)
            )
        if group.kind is GroupKind.MONTH:
            month = self.months.get(group.chat_id, {}).get(group.month)
            return None if month is None else month[2:]
        known = (
            self._collections.get(group)
            or self._saved.get(group)
            or self._buckets.get(group)
        )
        if known is not None:
            return known.notes, known.unplayed, known.duration_ms
        return self._smart.get(group)

    def item(self, group: Group, depth: int, *, is_open: bool) -> NodeItem:
        """Tell what is written on the row of a node."""
        label, kind = self.label(group)
        notes, unplayed, duration_ms = self.totals(group) or (0, 0, 0)
        return NodeItem(
            group, depth, is_open, label, kind, notes, unplayed, duration_ms
        )

    def label(self, group: Group) -> tuple[str, ChatKind | None]:
        """Tell what a node is called, and what a chat is."""
        if group.kind is GroupKind.CHAT:
            chat = self.chats.get(group.chat_id)
            return ("", None) if chat is None else (chat.title, chat.kind)
        if group.kind is GroupKind.MONTH:
            return month_name(group.month), None
        if group.kind in SMART_LABELS:
            return SMART_LABELS[group.kind], None
        return self._other_label(group) or _NAMELESS.get(group.kind, ""), None

    def _other_label(self, group: Group) -> str:
        """Tell the name of another node; empty for one that has none."""
        if group.kind is GroupKind.SEARCH:
            return f"Search: {group.query}" if group.query else "Search"
        if group.kind in _NAMES:
            return _NAMES[group.kind](group.number)
        if group.kind is GroupKind.SAVED:
            saved = self._saved.get(group)
            return "" if saved is None else saved.name
        if group.kind is GroupKind.COLLECTION:
            collection = self._collections.get(group)
            return "" if collection is None else collection.name
        bucket = self._buckets.get(group)
        label = bucket.label if bucket is not None and group.number else ""
        return f"#{label}" if label and group.kind is GroupKind.TAG else label

    # -- what changes

    def read(self, changed: Sequence[NoteId] | None = None) -> None:
        """Read the totals of smart nodes, of all chats, and of months that show.

        Args:
            changed: The notes that changed; None for anything.
        """
        totals = self._reader.totals()
        starred_before = self._smart.get(STARRED)
        self._smart = {}
        if totals.notes:
            unplayed = totals.unplayed
            self._smart[UNPLAYED] = (unplayed, unplayed, totals.unplayed_ms)
            starred = self._read_starred(starred_before, changed)
            if starred[0]:
                self._smart[STARRED] = starred
            self._smart[RECENT] = self._reader.group_totals(RECENT)
        if totals.problems:
            problems = self._reader.group_totals(PROBLEMS)
            if problems[0]:  # sources that are away count too, but have no row
                self._smart[PROBLEMS] = problems
        self._read_chats()
        for chat_id in list(self.months):
            self.read_months(chat_id)

    def _read_starred(
        self, before: Totals | None, changed: Sequence[NoteId] | None
    ) -> Totals:
        """Read the totals of starred notes, if these are not what they were.

        To add up ten thousand takes 40 ms, too long for each of the many changes that
        a scan tells of: where there are many it is known which they are.
        """
        if changed is None or before is None or before[0] < _MANY_STARS:
            self._stars = None
            return self._reader.group_totals(STARRED)
        known, now = self._stars, self._reader.members(STARRED, changed)
        if known is None:
            self._stars = set(self._reader.keys(STARRED).ids)
            return self._reader.group_totals(STARRED)
        if not now and known.isdisjoint(changed):
            return before
        known.difference_update(changed)
        known.update(now)
        return self._reader.group_totals(STARRED)

    def _read_chats(self) -> None:
        chats = sorted(self._reader.chats(), key=_order(self.sort))
        self.chats = {chat.id: chat for chat in chats}

    def read_months(self, chat_id: ChatId) -> None:
        """Read the months of a chat."""
        self.months[chat_id] = {m.month: m for m in self._reader.months(chat_id)}

    def read_searches(self) -> None:
        """Read which collections and saved searches there are, as counted last."""
        self.set_collections(self._reader.collections())
        self.set_searches(self._reader.saved_searches())

    def set_collections(self, collections: Iterable[Collection]) -> None:
        """Take the collections with other totals."""
        self._collections = {
            Group(GroupKind.COLLECTION, number=each.id): each for each in collections
        }

    def set_searches(self, searches: Iterable[SavedSearch]) -> None:
        """Take the saved searches with other totals."""
        self._saved = {
            Group(GroupKind.SAVED, number=each.id): each for each in searches
        }

    def set_search(self, search: tuple[Group, Totals] | None) -> None:
        """Let a search stand alone, or end that."""
        self._search = search

    def set_view(self, by: GroupBy, buckets: Sequence[Bucket]) -> None:
        """Take the groups of a view."""
        self.by = by
        found = sorted(buckets, key=_order(self.sort))
        self._buckets = {bucket.group: bucket for bucket in found}

    def set_sort(self, sort: Sort) -> None:
        """Put chats and buckets in another order."""
        self.sort = sort
        self._read_chats()
        # By time, newest first: what is equal stays so.
        newest = sorted(self._buckets.values(), key=lambda bucket: -bucket.last_ms)
        self.set_view(self.by, newest)


def _order(sort: Sort) -> Callable[[Chat | Bucket], int]:
    """Tell what nodes are put in order by, the smallest first."""
    keys: dict[Sort, Callable[[Chat | Bucket], int]] = {
        Sort.NEWEST: lambda node: -node.last_ms,
        Sort.OLDEST: lambda node: node.last_ms,
        Sort.LONGEST: lambda node: -node.duration_ms,
        Sort.UNPLAYED: lambda node: -node.unplayed,
    }
    return keys[sort]
