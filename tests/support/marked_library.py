"""A library in memory whose notes take marks, and edits that can be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes import FakeLibrary, sample_library
from tui.answers import TagTotals
from tui.errors import UsageError
from tui.model import Bookmark, Edit, Edited, NoteId, Played

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tui.model import Note, NoteRow

__all__ = ["MarkedLibrary", "MemoryEdits"]

_State = tuple[dict[NoteId, "NoteRow"], dict[NoteId, dict[str, object]]]


class MarkedLibrary(FakeLibrary):
    """The sample library, with comments, titles, bookmarks and tags."""

    def __init__(self) -> None:
        super().__init__()
        sample = sample_library()
        self.__dict__.update(sample.__dict__)
        self.words: dict[NoteId, dict[str, object]] = {}
        """Comments, own titles and bookmarks: fields of `Note`."""
        self.unreadable: set[NoteId] = set()
        """Notes whose recording can't be read: no mark hangs on them."""
        self.edited: list[tuple[Edit, _State]] = []
        """What was edited, with what was there before; the last one first."""
        self.calls: list[str] = []
        """The edits that were asked for, by the name of the method."""
        self.asked_tags: list[Sequence[NoteId]] = []

    def note(self, note_id: NoteId) -> Note | None:
        """Everything about one note."""
        note = super().note(note_id)
        if note is None:
            return None
        return note._replace(**self.words.get(note_id, {}))  # type: ignore[arg-type]  # by name of a field

    def _tagged(self) -> dict[str, list[NoteRow]]:
        found: dict[str, list[NoteRow]] = {}
        for row in self.notes.values():
            for tag in row.tags:
                parts = tag.split("/")
                for end in range(1, len(parts) + 1):
                    found.setdefault("/".join(parts[:end]), []).append(row)
        return found

    def tags(self) -> list[TagTotals]:
        """The tags by name."""
        return [
            TagTotals(
                at,
                name,
                len({row.id for row in rows}),
                sum(row.played is not Played.PLAYED for row in rows),
                sum(row.duration_ms or 0 for row in rows),
            )
            for at, (name, rows) in enumerate(sorted(self._tagged().items()), 1)
        ]

    def tags_of(self, ids: Sequence[NoteId]) -> dict[str, int]:
        """The tags of some notes."""
        self.asked_tags.append(ids)
        found: dict[str, int] = {}
        for note_id in ids:
            for tag in self.notes[note_id].tags:
                found[tag] = found.get(tag, 0) + 1
        return found

    def edits(self) -> MemoryEdits:
        """Open what changes it."""
        return MemoryEdits(self)


class MemoryEdits:
    """Edits of marks, each of which can be undone.

    Args:
        library: The library.
    """

    def __init__(self, library: MarkedLibrary) -> None:
        self._library = library

    def _edit(
        self,
        name: str,
        ids: Iterable[int],
        change: Callable[[NoteId], None],
        text: str,
    ) -> Edited:
        library = self._library
        library.calls.append(name)
        before = (
            dict(library.notes),
            {key: dict(each) for key, each in library.words.items()},
        )
        wanted = [NoteId(note_id) for note_id in ids]
        done = [each for each in wanted if each not in library.unreadable]
        for note_id in done:
            change(note_id)
        skipped = len(wanted) - len(done)
        if before == (library.notes, library.words):
            return Edited("", 0, skipped)
        edit = Edit(
            len(library.edited) + 1,
            1_723_700_000_000,
            text.replace("{}", str(len(done)), 1),
        )
        library.edited.insert(0, (edit, before))
        library.tell(library.change(*done))
        return Edited(edit.text, len(done), skipped)

    def _row(self, note_id: NoteId, **fields: object) -> None:
        row = self._library.notes[note_id]
        self._library.notes[note_id] = row._replace(**fields)  # type: ignore[arg-type]  # by name

    def _words(self, note_id: NoteId, **fields: object) -> None:
        self._library.words.setdefault(note_id, {}).update(fields)

    def set_star(self, note_ids: Sequence[int], *, on: bool) -> Edited:
        return self._edit(
            "set_star",
            note_ids,
            lambda note_id: self._row(note_id, star=on),
            "{} are starred" if on else "{} are starred no more",
        )

    def set_played(self, note_ids: Sequence[int], played: Played) -> Edited:
        return self._edit(
            "set_played",
            note_ids,
            lambda note_id: self._row(note_id, played=played),
            "{} are " + played.name.lower(),
        )

    def tag(
        self,
        note_ids: Sequence[int],
        *,
        add: Sequence[str] = (),
        remove: Sequence[str] = (),
    ) -> Edited:
        if any("," in name for name in add):
            raise UsageError("a tag can't have a comma in it")

        def change(note_id: NoteId) -> None:
            tags = set(self._library.notes[note_id].tags)
            self._row(note_id, tags=tuple(sorted(tags - {*remove} | {*add})))

        names = " ".join(f"#{name}" for name in (*add, *remove))
        return self._edit("tag", note_ids, change, "{} are tagged " + names)

    def set_title(self, note_ids: Sequence[int], title: str) -> Edited:
        def change(note_id: NoteId) -> None:
            self._row(note_id, title=title)
            self._words(note_id, own_title=title)

        return self._edit("set_title", note_ids, change, "{} have a title")

    def set_comment(self, note_ids: Sequence[int], comment: str) -> Edited:
        return self._edit(
            "set_comment",
            note_ids,
            lambda note_id: self._words(note_id, comment=comment),
            "{} have a comment",
        )

    def _marks(self, note_id: NoteId) -> dict[int, str]:
        note = self._library.note(note_id)
        assert note is not None
        return dict(note.bookmarks)

    def _set_marks(self, note_id: NoteId, marks: dict[int, str]) -> None:
        bookmarks = tuple(Bookmark(*each) for each in sorted(marks.items()))
        self._words(note_id, bookmarks=bookmarks)

    def add_bookmark(self, note_id: int, at_ms: int, text: str = "") -> Edited:
        return self._edit(
            "add_bookmark",
            [note_id],
            lambda each: self._set_marks(each, self._marks(each) | {at_ms: text}),
            "{} has a bookmark",
        )

    def remove_bookmark(self, note_id: int, at_ms: int) -> Edited:
        def change(each: NoteId) -> None:
            marks = self._marks(each)
            marks.pop(at_ms, None)
            self._set_marks(each, marks)

        return self._edit("remove_bookmark", [note_id], change, "{} has one less")

    def rename_tag(self, name: str, new: str) -> Edited:
        def change(note_id: NoteId) -> None:
            tags = {
                new + tag.removeprefix(name)
                if tag == name or tag.startswith(f"{name}/")
                else tag
                for tag in self._library.notes[note_id].tags
            }
            self._row(note_id, tags=tuple(sorted(tags)))

        return self._edit("rename_tag", self._library.notes, change, f"now {new}")

    def delete_tag(self, name: str) -> Edited:
        def change(note_id: NoteId) -> None:
            tags = (
                tag
                for tag in self._library.notes[note_id].tags
                if tag != name and not tag.startswith(f"{name}/")
            )
            self._row(note_id, tags=tuple(tags))

        return self._edit("delete_tag", self._library.notes, change, f"no {name}")

    def undo(self, steps: int = 1) -> str:
        library, told = self._library, []
        library.calls.append("undo")
        for edit, before in library.edited[:steps]:
            library.notes.clear()
            library.notes.update(before[0])
            library.words = before[1]
            told.append(f"undone: {edit.text}")
        del library.edited[:steps]
        library.tell(library.change(*library.notes))
        return "; ".join(told)

    def history(self, limit: int = 100) -> list[Edit]:
        return [edit for edit, _ in self._library.edited[:limit]]

    def close(self) -> None:
        """Nothing is open."""
