"""Edits of single marks: star, title, comment, what was heard, bookmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.errors import UsageError
from tui.library import _marks
from tui.library._edit_base import EditBase, quoted, require_text
from tui.library._rows import from_text, to_text
from tui.library._undo_marks import texts_of
from tui.model import Edited, Played
from tui.text import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tui.library._edit_base import Found

__all__ = ["MarkEdits"]

LONGEST_LINE = 1_000
"""Characters of a title, and of the text of a bookmark."""
LONGEST_COMMENT = 1 << 20
"""Characters of a comment."""

_HEARD = {
    Played.UNPLAYED: "unplayed",
    Played.HALF: "half-heard",
    Played.PLAYED: "played",
}
_Value = int | str


class MarkEdits(EditBase):
    """Edits of marks that each recording has for itself."""

    def set_star(self, note_ids: Sequence[int], *, on: bool) -> Edited:
        """Star notes, or take the star away.

        Args:
            note_ids: The notes.
            on: Whether they shall have it.
        """
        found = self._found(note_ids)

        def tell(ids: Sequence[int], _old: object) -> str:
            subject, verb = self._subject(ids)
            return f"{subject} {verb} {'starred' if on else 'not starred any more'}"

        return self._set_field(found, "star", int(on), tell)

    def set_title(self, note_ids: Sequence[int], title: str) -> Edited:
        """Give notes a title; an empty one brings back what is told.

        Args:
            note_ids: The notes.
            title: The title; line breaks in it are blanks.
        """
        title = _one_line(title)
        require_text("title", title, LONGEST_LINE)
        found = self._found(note_ids)
        before = [self._subject([each])[0] for each in found.notes][:2]

        def tell(ids: Sequence[int], _old: object) -> str:
            subject, verb = self._subject(ids)
            if title:
                subject = before[0] if len(before) == 1 else subject
                return f"{subject} {verb} called {quoted(title)} now"
            if len(before) == 1:
                return f"{before[0]} is called {subject} again"
            return f"{subject} {verb} called what they were again"

        return self._set_field(found, "title", title, tell)

    def set_comment(self, note_ids: Sequence[int], comment: str) -> Edited:
        """Write a comment, which may have several lines; empty takes it away.

        Args:
            note_ids: The notes.
            comment: The comment; blank lines around it go.
        """
        comment = _lines(comment)
        require_text("comment", comment, LONGEST_COMMENT)
        found = self._found(note_ids)

        def tell(ids: Sequence[int], old: object) -> str:
            subject, _ = self._subject(ids)
            has = "has" if len(ids) == 1 else "have"
            if not comment:
                return f"{subject} {has} no comment any more"
            return f"{subject} {has} {'another' if old else 'a'} comment now"

        return self._set_field(found, "comment", comment, tell)

    def set_played(self, note_ids: Sequence[int], played: Played) -> Edited:
        """Mark notes played, half-heard or unplayed (unplayed also rewinds).

        Args:
            note_ids: The notes.
            played: What they shall be.
        """
        found = self._found(note_ids)
        with self._edit() as (current, before):
            rows = _marks.among(
                self._store,
                "SELECT hash, played, position_ms FROM mark WHERE hash IN ({})",
                found.hashes,
            )
            now = {row[0]: (row[1], row[2]) for row in rows}
            old: dict[tuple[int, int], list[bytes]] = {}
            values = []
            for content in found.hashes:
                was = now.get(content, (0, 0))
                to_be = (int(played), 0 if played is Played.UNPLAYED else was[1])
                if was != to_be:
                    old.setdefault(was, []).append(content)
                    values.append((content, *to_be))
            if not values:
                return Edited("", 0, found.skipped)
            kept = [[*was, texts_of(some)] for was, some in old.items()]
            before.keep("played", old=kept)
            changed = [value[0] for value in values]
            _marks.touch(current, changed)
            _marks.set_played(self._store, values, self._now_ms())
            ids = found.having(changed)
            subject, verb = self._subject(ids)
            text = f"{subject} {verb} marked {_HEARD[played]}"
            self._wrote(before, text)
        return Edited(text, len(ids), found.skipped)

    def add_bookmark(self, note_id: int, at_ms: int, text: str = "") -> Edited:
        """Mark a moment; one that is marked gets another text.

        Args:
            note_id: The note.
            at_ms: The moment.
            text: What to write at it, one line.
        """
        text = _one_line(text)
        require_text("text at a bookmark", text, LONGEST_LINE)
        if at_ms < 0:
            raise UsageError("a bookmark can't be before the beginning")
        found = self._found([note_id])
        for content in found.hashes:
            was = self._bookmark(content, at_ms)
            if was == text:
                break
            return self._bookmarked(note_id, content, at_ms, (was, text))
        return Edited("", 0, found.skipped)

    def _bookmarked(
        self, note_id: int, content: bytes, at_ms: int, texts: tuple[str | None, str]
    ) -> Edited:
        was, text = texts
        with self._edit() as (current, before):
            before.keep("bookmark", hash=content.hex(), at_ms=at_ms, was=was)
            _marks.touch(current, [content])
            _marks.put_bookmark(self._store, content, at_ms, text, self._now_ms())
            subject, _ = self._subject([note_id])
            if was is None:
                told = f"{subject} has a bookmark at {clock(at_ms)}"
                told += f": {quoted(text)}" if text else ""
            else:
                told = f"the bookmark at {clock(at_ms)} of {subject} has "
                told += f"the text {quoted(text)}" if text else "no text any more"
            self._wrote(before, told)
        return Edited(told, 1)

    def remove_bookmark(self, note_id: int, at_ms: int) -> Edited:
        """Take the mark of a moment away.

        Args:
            note_id: The note.
            at_ms: The moment.
        """
        found = self._found([note_id])
        for content in found.hashes:
            with self._edit() as (current, before):
                was = self._bookmark(content, at_ms)
                if was is None:
                    break
                before.keep("bookmark", hash=content.hex(), at_ms=at_ms, was=was)
                _marks.touch(current, [content])
                _marks.take_bookmark(self._store, content, at_ms, self._now_ms())
                subject, _ = self._subject([note_id])
                told = f"the bookmark at {clock(at_ms)} of {subject} is removed"
                self._wrote(before, told)
            return Edited(told, 1)
        return Edited("", 0, found.skipped)

    def _bookmark(self, content: bytes, at_ms: int) -> str | None:
        """The text of a bookmark; None when there is none."""
        row = self._store.one(
            "SELECT text FROM bookmark WHERE hash = ? AND at_ms = ?", (content, at_ms)
        )
        return None if row is None else from_text(row[0])

    def _set_field(
        self,
        found: Found,
        field: str,
        value: _Value,
        tell: Callable[[Sequence[int], object], str],
    ) -> Edited:
        """Give recordings a star, title or comment.

        Args:
            found: The notes.
            field: `star`, `title` or `comment`.
            value: What they shall have.
            tell: Says what was done, of the notes that it changed and of what the
                first of them had.
        """
        none: _Value = "" if isinstance(value, str) else 0
        with self._edit() as (current, before):
            rows = _marks.among(
                self._store,
                f"SELECT hash, {field} FROM mark WHERE hash IN ({{}})",
                found.hashes,
            )
            now = {row[0]: row[1] for row in rows}
            old: dict[_Value, list[bytes]] = {}
            for content in found.hashes:
                stored = now.get(content, none)
                was = from_text(stored) if isinstance(stored, bytes) else stored
                if was != value:
                    old.setdefault(was, []).append(content)
            if not old:
                return Edited("", 0, found.skipped)
            kept = [[was, texts_of(some)] for was, some in old.items()]
            before.keep("mark", field=field, old=kept)
            changed = [content for some in old.values() for content in some]
            _marks.touch(current, changed)
            stored = to_text(value) if isinstance(value, str) else value
            values = ((content, stored) for content in changed)
            _marks.set_field(self._store, field, values, self._now_ms())
            ids = found.having(changed)
            text = self._wrote(before, tell(ids, next(iter(old))))
        return Edited(text, len(ids), found.skipped)


def _one_line(text: str) -> str:
    return " ".join(text.replace("\0", "").split())


def _lines(text: str) -> str:
    """Keep the lines of a text, without what stands around them."""
    lines = text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept = [line.rstrip() for line in lines]
    return "\n".join(kept).strip("\n")
