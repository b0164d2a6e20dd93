"""Edits of tags: on notes, and of the tags themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tui.errors import UsageError
from tui.library import _marks
from tui.library._edit_base import EditBase, listed_names
from tui.library._rows import from_text
from tui.library._tag_names import LONGEST, tag_name
from tui.library._undo_marks import texts_of
from tui.model import Edited
from tui.words import fold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.library._edit_base import Found
    from tui.library._undo import Before

__all__ = ["TagEdits"]


class _Tag(NamedTuple):
    """A tag, and what it hangs on."""

    name: str
    hashes: list[bytes]


class TagEdits(EditBase):
    """Edits of tags."""

    def tag(
        self,
        note_ids: Sequence[int],
        *,
        add: Sequence[str] = (),
        remove: Sequence[str] = (),
    ) -> Edited:
        """Give notes tags and take others away, as one edit.

        Args:
            note_ids: The notes.
            add: Names of tags, which are made if need be.
            remove: Names of tags; what is also in `add` stays.

        Raises:
            UsageError: When a tag can't be called so, or none is named.
        """
        new = _by_key(add)
        gone = {key: name for key, name in _by_key(remove).items() if key not in new}
        if not new and not gone:
            raise UsageError("no tag is named")
        found = self._found(note_ids)
        with self._edit() as (current, before):
            adding = [self._lacking(found, name) for name in new.values()]
            taking = [self._having(found, name) for name in gone.values()]
            adding = [tag for tag in adding if tag.hashes]
            taking = [tag for tag in taking if tag.hashes]
            changed = {each for tag in (*adding, *taking) for each in tag.hashes}
            if not changed:
                return Edited("", 0, found.skipped)
            _marks.touch(current, sorted(changed))
            for tag in adding:
                self._add(before, tag)
            for tag in taking:
                self._take(before, tag)
            ids = found.having(changed)
            subject, verb = self._subject(ids)
            text = self._wrote(before, f"{subject} {verb} {_told(adding, taking)}")
        return Edited(text, len(ids), found.skipped)

    def rename_tag(self, name: str, new: str) -> Edited:
        """Call a tag, and those below it, otherwise; into one that is there, merge.

        Args:
            name: The tag.
            new: What to call it.

        Raises:
            UsageError: When there is no such tag, or none can be called so.
        """
        name, new = tag_name(name), tag_name(new)
        tags = self._at_and_below(name)
        depth = name.count("/") + 1
        moves = []
        for tag in tags:
            target = "/".join((new, *tag.name.split("/")[depth:]))
            if len(target) > LONGEST:
                raise UsageError(f"a tag has at most {LONGEST} characters: #{target}")
            if target != tag.name:
                moves.append((tag, target))
        # What goes below itself goes from the lowest on, so that none meets another.
        is_deeper = f"{fold(new)}/".startswith(f"{fold(name)}/")
        moves.sort(key=lambda move: move[0].name.count("/"), reverse=is_deeper)
        if not moves:
            return Edited("", 0)
        with self._edit() as (current, before):
            is_merge = any(self._move(before, *move) for move in moves)
            hashes = sorted({each for tag, _ in moves for each in tag.hashes})
            _marks.touch(current, hashes)
            text = (
                f"{_with_below(name, tags)} {'went into' if is_merge else 'is called'}"
            )
            text = self._wrote(before, f"{text} #{new}{'' if is_merge else ' now'}")
        return Edited(text, len(tags))

    def delete_tag(self, name: str) -> Edited:
        """Take a tag, and those below it, from all notes.

        Args:
            name: The tag.

        Raises:
            UsageError: When there is no such tag.
        """
        name = tag_name(name)
        with self._edit() as (current, before):
            tags = self._at_and_below(name)
            hashes = sorted({each for tag in tags for each in tag.hashes})
            _marks.touch(current, hashes)
            for tag in tags:
                self._take(before, tag)
            count = self._count_notes(hashes)
            notes = "1 note" if count == 1 else f"{count:,} notes"
            text = f"{_with_below(name, tags)} is taken from {notes}"
            self._wrote(before, text)
        return Edited(text, count)

    def _lacking(self, found: Found, name: str) -> _Tag:
        """Find those that don't have a tag; it is spelled as it was first."""
        known = _marks.find_tag(self._store, name)
        if known is None:
            return _Tag(name, found.hashes)
        having = _marks.having_tag(self._store, known[0], found.hashes)
        return _Tag(known[1], [each for each in found.hashes if each not in having])

    def _having(self, found: Found, name: str) -> _Tag:
        known = _marks.find_tag(self._store, name)
        if known is None:
            return _Tag(name, [])
        having = _marks.having_tag(self._store, known[0], found.hashes)
        return _Tag(known[1], sorted(having))

    def _add(self, before: Before, tag: _Tag) -> None:
        before.keep("tagged", tag=tag.name, had=[], had_not=texts_of(tag.hashes))
        _marks.put_tag(self._store, tag.name, tag.hashes, self._now_ms())

    def _take(self, before: Before, tag: _Tag) -> None:
        before.keep("tagged", tag=tag.name, had=texts_of(tag.hashes), had_not=[])
        _marks.take_tag(self._store, tag.name, tag.hashes, self._now_ms())
        _marks.drop_unused(self._store, [tag.name])

    def _move(self, before: Before, tag: _Tag, new: str) -> bool:
        """Call a tag otherwise; tells whether it went into another."""
        known = (
            None if fold(tag.name) == fold(new) else _marks.find_tag(self._store, new)
        )
        if known is None:
            before.keep("tag", was=tag.name, now=new)
            _marks.move_tag(self._store, tag.name, new, self._now_ms())
            return False
        having = _marks.having_tag(self._store, known[0], tag.hashes)
        lacking = [each for each in tag.hashes if each not in having]
        self._add(before, _Tag(known[1], lacking))
        self._take(before, tag)
        return True

    def _at_and_below(self, name: str) -> list[_Tag]:
        """Find a tag and those below it.

        Raises:
            UsageError: When there is none.
        """
        key = fold(name)
        tags = []
        for tag_id, stored in self._store.all("SELECT id, name FROM tag ORDER BY id"):
            spelled = from_text(stored)
            if f"{fold(spelled)}/".startswith(f"{key}/"):
                rows = self._store.all(
                    "SELECT hash FROM tagged WHERE tag_id = ?", (tag_id,)
                )
                tags.append(_Tag(spelled, [row[0] for row in rows]))
        if not tags:
            raise UsageError(f"there is no tag #{name}")
        return tags

    def _count_notes(self, hashes: Sequence[bytes]) -> int:
        sql = (
            "SELECT count(*) FROM recording JOIN note"
            " ON note.recording_id = recording.id WHERE recording.hash IN ({})"
        )
        # Of a part that is filled up with its last, that counts once all the same.
        return sum(row[0] for row in _marks.among(self._store, sql, hashes))


def _by_key(names: Sequence[str]) -> dict[str, str]:
    """Bring names in their form; of several for one tag, the first counts."""
    found: dict[str, str] = {}
    for name in map(tag_name, names):
        found.setdefault(fold(name), name)
    return found


def _told(adding: Sequence[_Tag], taking: Sequence[_Tag]) -> str:
    new = listed_names([f"#{tag.name}" for tag in adding]) if adding else ""
    gone = listed_names([f"#{tag.name}" for tag in taking]) if taking else ""
    if new and gone:
        return f"tagged {new}, and not {gone} any more"
    return f"tagged {new}" if new else f"not tagged {gone} any more"


def _with_below(name: str, tags: Sequence[_Tag]) -> str:
    below = sum(fold(tag.name) != fold(name) for tag in tags)
    shown = next((tag.name for tag in tags if fold(tag.name) == fold(name)), name)
    if not below:
        return f"#{shown}"
    return f"#{shown} with {below:,} below it"
