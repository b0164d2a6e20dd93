"""Edits of collections: which there are, what is in them, and in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.errors import UsageError
from tui.library import _marks
from tui.library._collected import (
    GAP,
    Placed,
    collection_name,
    find_collection,
    put_collection,
    put_items,
    rename_collection,
    switch_off,
    take_items,
)
from tui.library._collections import items_in, items_of
from tui.library._edit_base import EditBase, quoted
from tui.library._views import totals
from tui.model import Edited, Group, GroupKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tui.library._change import Change
    from tui.library._collected import Known
    from tui.library._collections import Item
    from tui.library._undo import Before

__all__ = ["CollectionEdits"]


class CollectionEdits(EditBase):
    """Edits of collections."""

    def create_collection(self, name: str) -> Edited:
        """Make a collection with nothing in it.

        Args:
            name: What to call it.

        Raises:
            UsageError: When it can't be called so, or another is.
        """
        name = collection_name(name)
        with self._edit() as (current, before):
            known = find_collection(self._store, name)
            if known is not None and known.is_on:
                raise UsageError(f"there is a collection {quoted(known.name)} already")
            _keep(before, name, (), is_on=False)
            put_collection(self._store, name, self._now_ms())
            _tell_others(current)
            text = self._wrote(before, f"the collection {quoted(name)} is made")
        return Edited(text, 1)

    def rename_collection(self, name: str, new: str) -> Edited:
        """Call a collection otherwise.

        Args:
            name: The collection.
            new: What to call it.

        Raises:
            UsageError: When there is none, it can't be called so, or another is.
        """
        new = collection_name(new)
        with self._edit() as (current, before):
            known = self._collection(name)
            if known.name == new:
                return Edited("", 0)
            other = find_collection(self._store, new)
            if other is not None and other.is_on and other.id != known.id:
                raise UsageError(f"there is a collection {quoted(other.name)} already")
            before.keep("collection", was=known.name, now=new)
            rename_collection(self._store, known.name, new, self._now_ms())
            _tell_others(current)
            text = f"the collection {quoted(known.name)} is called {quoted(new)} now"
            self._wrote(before, text)
        return Edited(text, 1)

    def delete_collection(self, name: str) -> Edited:
        """Forget a collection; its notes stay.

        Args:
            name: The collection.

        Raises:
            UsageError: When there is none.
        """
        with self._edit() as (current, before):
            known = self._collection(name)
            items = items_in(self._store, known.id)
            _keep(before, known.name, items)
            _marks.touch(current, _contents(items))
            switch_off(self._store, known.name, self._now_ms())
            _tell_others(current)
            text = f"the collection {quoted(known.name)} is removed"
            self._wrote(before, text)
        return Edited(text, 1)

    def collect(self, name: str, note_ids: Sequence[int]) -> Edited:
        """Put notes at the end of a collection, which is made if need be.

        Args:
            name: The collection.
            note_ids: The notes in their order; those that are in it stay in their
                places.

        Raises:
            UsageError: When none can be called so.
        """
        name = collection_name(name)
        found = self._found(note_ids)
        with self._edit() as (current, before):
            known = find_collection(self._store, name)
            items = []
            if known is not None and known.is_on:
                name = known.name
                items = items_in(self._store, known.id)
            held = {item.note_id for item in items}
            ids = [note for note in found.notes if note not in held]
            if not ids:
                return Edited("", 0, found.skipped)
            last = max((item.place for item in items), default=0)
            keys = self._keys(ids)
            new = [
                Placed(found.notes[note], keys[note], last + GAP * at)
                for at, note in enumerate(ids, 1)
            ]
            is_on = known is not None and known.is_on
            _keep(before, name, (), new=new, is_on=is_on)
            _marks.touch(current, _contents(new))
            put_items(self._store, name, new, self._now_ms())
            self._count(name)
            _tell_others(current)
            subject, verb = self._subject(ids)
            text = f"{subject} {verb} in the collection {quoted(name)} now"
            self._wrote(before, text)
        return Edited(text, len(ids), found.skipped)

    def uncollect(self, name: str, note_ids: Sequence[int]) -> Edited:
        """Take notes out of a collection.

        Args:
            name: The collection.
            note_ids: The notes.

        Raises:
            UsageError: When there is none.
        """
        with self._edit() as (current, before):
            known = self._collection(name)
            gone = [
                item
                for item in items_of(self._store, note_ids)
                if item.collection_id == known.id
            ]
            if not gone:
                return Edited("", 0)
            _keep(before, known.name, gone)
            _marks.touch(current, _contents(gone))
            take_items(self._store, known.name, map(_placed, gone), self._now_ms())
            self._count(known.name)
            _tell_others(current)
            subject, verb = self._subject([item.note_id or 0 for item in gone])
            text = (
                f"{subject} {verb} not in the collection {quoted(known.name)} any more"
            )
            self._wrote(before, text)
        return Edited(text, len(gone))

    def move_collected(
        self, name: str, note_ids: Sequence[int], *, to: int = 0, by: int = 0
    ) -> Edited:
        """Put notes of a collection to another place; they come together there.

        Args:
            name: The collection.
            note_ids: The notes.
            to: The place that the first of them gets, from 1.
            by: How many places they go down, less than 0 for up, where no place is
                named.

        Raises:
            UsageError: When there is no such collection.
        """
        wanted = set(note_ids)
        with self._edit() as (current, before):
            known = self._collection(name)
            items = items_in(self._store, known.id)
            shown = [item for item in items if item.is_shown]
            moving = [item for item in shown if item.note_id in wanted]
            if not moving:
                return Edited("", 0)
            rest = [item for item in shown if item.note_id not in wanted]
            at = to - 1 if to else _place_by(shown, moving, by)
            at = max(0, min(at, len(rest)))
            if [*rest[:at], *moving, *rest[at:]] == shown:
                return Edited("", 0)
            changed = _changed_places(
                items, moving, rest[at] if at < len(rest) else None
            )
            olds = {(item.content, item.key): item for item in items}
            moved = [olds[each[:2]] for each in changed]
            _keep(before, known.name, moved, is_move=True)
            _marks.touch(current, _contents(changed))
            put_items(self._store, known.name, changed, self._now_ms())
            _tell_others(current)
            subject, verb = self._subject([item.note_id or 0 for item in moving])
            place = f"place {at + 1:,} of {len(shown):,} in {quoted(known.name)}"
            text = self._wrote(before, f"{subject} {verb} at {place} now")
        return Edited(text, len(moving))

    def count_collection(
        self, collection_id: int, counted: tuple[int, int, int]
    ) -> None:
        """Keep how a collection was counted, for the next start; this is no edit.

        Args:
            collection_id: The collection.
            counted: Notes, unplayed notes, length in milliseconds.
        """
        known = "SELECT notes, unplayed, duration_ms FROM collection WHERE id = ?"
        if self._store.one(known, (collection_id,)) in {None, counted}:
            return
        self._store.sync_commits(on=False)  # what is lost is counted again
        with self._store.transaction():
            self._store.run(
                "UPDATE collection SET notes = ?, unplayed = ?, duration_ms = ?"
                " WHERE id = ?",
                (*counted, collection_id),
            )
        self._store.sync_commits(on=True)

    def _count(self, name: str) -> None:
        """Keep what a collection adds up to now, for the first picture of a browser."""
        known = find_collection(self._store, name)
        if known is None:
            return
        group = Group(GroupKind.COLLECTION, number=known.id)
        self._store.run(
            "UPDATE collection SET notes = ?, unplayed = ?, duration_ms = ?"
            " WHERE id = ?",
            (*totals(self._store, group), known.id),
        )

    def _collection(self, name: str) -> Known:
        """Find a collection.

        Raises:
            UsageError: When there is none.
        """
        known = find_collection(self._store, name)
        if known is None or not known.is_on:
            raise UsageError(f"there is no collection {quoted(name)}")
        return known

    def _keys(self, note_ids: Sequence[int]) -> dict[int, bytes]:
        rows = self._store.all(
            "SELECT note.id, note.key FROM json_each(?) AS asked"
            " CROSS JOIN note ON note.id = asked.value",
            (f"[{','.join(map(str, note_ids))}]",),
        )
        return {row[0]: row[1] for row in rows}


def _placed(item: Item) -> Placed:
    return Placed(item.content, item.key, item.place)


def _contents(items: Iterable[Item | Placed]) -> list[bytes]:
    return sorted({item.content for item in items})


def _keep(
    before: Before,
    name: str,
    items: Iterable[Item],
    *,
    new: Iterable[Placed] = (),
    is_on: bool = True,
    is_move: bool = False,
) -> None:
    """Keep where notes stand in a collection.

    Args:
        before: Keeps it.
        name: The collection.
        items: Those that are in it.
        new: Those that are not in it yet.
        is_on: Whether there is such a collection.
        is_move: Whether they only move: then none that was taken out comes back.
    """
    told: list[list[object]] = [
        [item.content.hex(), item.key.hex(), item.place] for item in items
    ]
    told += [[item.content.hex(), item.key.hex(), None] for item in new]
    before.keep("collected", name=name, is_on=is_on, is_move=is_move, items=told)


def _place_by(shown: Sequence[Item], moving: Sequence[Item], by: int) -> int:
    """Tell before how many of the others some notes come that go up or down."""
    end = moving[0] if by < 0 else moving[-1]
    others = {item.note_id for item in moving}
    before = shown[: shown.index(end)]
    return sum(item.note_id not in others for item in before) + by


def _changed_places(
    items: Sequence[Item], moving: Sequence[Item], after: Item | None
) -> list[Placed]:
    """Find places for notes between others; those that show nowhere stand there too.

    Args:
        items: All items in their order.
        moving: Those that move, in their order.
        after: The one that they shall stand before; None for the end.

    Returns:
        What gets another place: mostly those that move, and where there is no room
        left, all.
    """
    gone = {(item.content, item.key) for item in moving}
    rest = [item for item in items if (item.content, item.key) not in gone]
    at = len(rest) if after is None else rest.index(after)
    room = GAP * (len(moving) + 1)
    if after is None:
        low = rest[-1].place if rest else 0
        high = low + room
    else:
        high = after.place
        low = rest[at - 1].place if at else max(0, high - room)
    step = (high - low) // (len(moving) + 1)
    if step > 0:
        return [
            Placed(item.content, item.key, low + step * number)
            for number, item in enumerate(moving, 1)
        ]
    whole = [*rest[:at], *moving, *rest[at:]]
    return [
        Placed(item.content, item.key, GAP * number)
        for number, item in enumerate(whole, 1)
        if item.place != GAP * number
    ]


def _tell_others(current: Change) -> None:
    """Have others read again what changes without any note."""
    current.note_source(reset=False)
