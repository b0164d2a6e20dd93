"""Whatever becomes of files and roots, marks follow the content; undo too.

The world is small: two roots, four places in each, three recordings. Files come, are
moved, renamed, copied, overwritten, deleted and restored, roots go offline, are moved
elsewhere, removed and added again, while notes are marked and edits undone. The model
knows only recordings.
"""

from __future__ import annotations

import copy
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.support.library import memory_folder, new_library, put, record
from tui.library import Library, Measured
from tui.model import Bookmark, NoteState, Played, SourceKind, SourceState
from tui.words import fold

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.library import FileRecord
    from tui.model import Edited, Note, SourceId

PLACES = (b"x/1", b"x/2", b"y/1", b"y/x")
CONTENTS = (b"a", b"b", b"c")
TAGS = ("work", "work/clients", "work/clients/old", "home", "Work")
SEARCHES = ("one", "two")

roots = st.sampled_from(["here", "there"])
places = st.sampled_from(PLACES)
contents = st.sampled_from(CONTENTS)
picks = st.lists(st.integers(0, 9), min_size=1, max_size=4)
tags = st.sampled_from(TAGS)
texts = st.sampled_from(["", "one", "two\nlines", "\udcff[/]"])


@dataclass
class Mark:
    """All marks of a recording."""

    star: bool = False
    title: str = ""
    comment: str = ""
    tags: set[str] = field(default_factory=set)
    """What they are known by."""
    bookmarks: dict[int, str] = field(default_factory=dict)
    played: Played = Played.UNPLAYED


@dataclass
class Marked:
    """All that the user said."""

    marks: dict[str, Mark] = field(default_factory=dict)
    """By hash."""
    searches: dict[str, str] = field(default_factory=dict)

    def of(self, recording: str) -> Mark:
        """The marks of a recording."""
        return self.marks.setdefault(recording, Mark())


class MarksLife(RuleBasedStateMachine):
    """What may happen to files, roots and marks, in any order."""

    @initialize()
    def begin(self) -> None:
        """Open a library of two roots with some files."""
        self.folder = Path(tempfile.mkdtemp(dir=memory_folder()))
        new_library(self.folder / "l.db").close()
        self.open()
        self.marked = Marked()
        self.past: list[Marked] = []
        self.paths = {"here": b"/here", "there": b"/there"}
        self.ids: dict[str, SourceId] = {}
        self.away: set[str] = set()
        self.lying: dict[tuple[str, bytes], bytes] = {}
        """What lies where."""
        self.kept: dict[tuple[str, bytes], bytes] = {}
        """What was deleted last at a place."""
        self.inode = 0
        for name in self.paths:
            self.add(name)
        for at, content in enumerate(CONTENTS):
            self.come("here", PLACES[at], content)
        self.come("there", PLACES[0], CONTENTS[0])
        self.hash_all()

    def open(self) -> None:
        """Open the library, as a new process does."""
        self.library = Library.open(self.folder / "l.db")
        self.writer = self.library.index_writer()
        self.reader = self.library.reader()
        self.edits = self.library.edits()

    def close(self) -> None:
        """Close it."""
        self.edits.close()
        self.reader.close()
        self.writer.close()
        self.library.close()

    def teardown(self) -> None:
        """Give everything back."""
        self.close()
        shutil.rmtree(self.folder)

    @rule()
    def restart(self) -> None:
        """Another process goes on."""
        self.close()
        self.open()

    # Files and roots

    def add(self, root: str) -> None:
        """Remember a root, with nothing in it."""
        self.ids[root] = self.writer.add_source(
            self.paths[root], SourceKind.FOLDER, root, 80, []
        )

    def file_at(self, root: str, place: bytes) -> FileRecord | None:
        """What the library knows of a place."""
        folder, _, name = place.rpartition(b"/")
        found = self.writer.files_named(self.ids[root], folder, [name])
        return found[0] if found else None

    @rule(root=roots, place=places, content=contents)
    def come(self, root: str, place: bytes, content: bytes) -> None:
        """A file is there, or another one in its place."""
        self.inode += 1
        size = 100 + CONTENTS.index(content)
        self.lying[root, place] = content
        put(
            self.writer,
            self.ids[root],
            record(place, size=size, inode=self.inode, mtime_ns=self.inode),
        )

    @rule(root=roots, place=places)
    def go(self, root: str, place: bytes) -> None:
        """A file is deleted."""
        file = self.file_at(root, place)
        if file is None or (root, place) not in self.lying:
            return
        self.kept[root, place] = self.lying.pop((root, place))
        folder = place.rpartition(b"/")[0]
        self.writer.apply(self.ids[root], folder, 1, [], [file.file_id])

    @rule(root=roots, place=places)
    def restore(self, root: str, place: bytes) -> None:
        """A file that was deleted is restored."""
        if (root, place) in self.kept and (root, place) not in self.lying:
            self.come(root, place, self.kept[root, place])

    @rule(root=roots, place=places, to=places)
    def move(self, root: str, place: bytes, to: bytes) -> None:
        """A file is renamed, or moved to another folder."""
        file = self.file_at(root, place)
        if file is None or (root, place) not in self.lying:
            return
        if (root, to) in self.lying or self.file_at(root, to) is not None:
            return
        content = self.lying[root, to] = self.lying.pop((root, place))
        moved = record(
            to,
            size=100 + CONTENTS.index(content),
            inode=file.inode,
            mtime_ns=file.mtime_ns,
            file_id=file.file_id,
        )
        put(self.writer, self.ids[root], moved)

    @rule(root=roots, place=places, other=roots, to=places)
    def duplicate(self, root: str, place: bytes, other: str, to: bytes) -> None:
        """A file is copied."""
        if (root, place) in self.lying:
            self.come(other, to, self.lying[root, place])

    @rule()
    def hash_all(self) -> None:
        """The indexer hashes what it did not yet."""
        for root, source_id in self.ids.items():
            for folder in (b"x", b"y"):
                for file in self.writer.files_in(source_id, folder):
                    content = self.lying.get((root, folder + b"/" + file.name))
                    if content is not None:
                        hashed = Measured(file.file_id, content_hash=content * 32)
                        self.writer.measured([hashed])

    @rule(root=roots)
    def come_or_go(self, root: str) -> None:
        """A disk is taken away, or is back."""
        self.away ^= {root}
        state = SourceState.OFFLINE if root in self.away else SourceState.OK
        self.writer.set_source_state(self.ids[root], state, "")

    @rule(root=roots, moved=st.booleans())
    def add_again(self, root: str, *, moved: bool) -> None:
        """A root is removed and added again, perhaps at another place."""
        self.writer.remove_source(self.ids[root])
        self.away.discard(root)
        if moved:
            self.paths[root] += b"/moved"
        self.add(root)
        for (name, place), content in list(self.lying.items()):
            if name == root:
                self.come(root, place, content)

    # Marks

    def pick(self, picks: list[int]) -> list[Note]:
        """Some of the notes."""
        notes = list(self.reader.all_notes(states=list(NoteState)))
        return [notes[at % len(notes)] for at in picks] if notes else []

    def edit(
        self,
        notes: list[Note],
        work: Callable[[list[int]], Edited],
        change: Callable[[Mark], None],
    ) -> None:
        """Edit the library and the model alike."""
        self.past.append(copy.deepcopy(self.marked))
        recordings = {note.recording for note in notes if note.recording}
        before = copy.deepcopy(self.marked)
        for recording in recordings:
            change(self.marked.of(recording))
        done = work([note.row.id for note in notes])
        self.edited(done, is_change=_differ(self.marked, before))

    def edited(self, done: Edited, *, is_change: bool) -> None:
        """Compare whether something was edited, and what an undo will bring back."""
        assert bool(done.text) == is_change
        if not is_change:
            self.past.pop()

    @rule(at=picks, on=st.booleans())
    def star(self, at: list[int], *, on: bool) -> None:
        """Star notes, or take the star away."""
        self.edit(
            self.pick(at),
            lambda ids: self.edits.set_star(ids, on=on),
            lambda mark: setattr(mark, "star", on),
        )

    @rule(at=picks, title=texts)
    def set_title(self, at: list[int], title: str) -> None:
        """Give notes a title."""
        line = " ".join(title.split())
        self.edit(
            self.pick(at),
            lambda ids: self.edits.set_title(ids, title),
            lambda mark: setattr(mark, "title", line),
        )

    @rule(at=picks, comment=texts)
    def set_comment(self, at: list[int], comment: str) -> None:
        """Comment on notes."""
        self.edit(
            self.pick(at),
            lambda ids: self.edits.set_comment(ids, comment),
            lambda mark: setattr(mark, "comment", comment),
        )

    @rule(at=picks, played=st.sampled_from(Played))
    def set_played(self, at: list[int], played: Played) -> None:
        """Mark notes played."""
        self.edit(
            self.pick(at),
            lambda ids: self.edits.set_played(ids, played),
            lambda mark: setattr(mark, "played", played),
        )

    @rule(at=picks, add=st.sets(tags, max_size=2), remove=st.sets(tags, max_size=2))
    def tag(self, at: list[int], add: set[str], remove: set[str]) -> None:
        """Tag notes."""
        if not add | remove:
            return
        new = set(map(fold, add))
        gone = set(map(fold, remove)) - new
        self.edit(
            self.pick(at),
            lambda ids: self.edits.tag(ids, add=sorted(add), remove=sorted(remove)),
            lambda mark: setattr(mark, "tags", mark.tags - gone | new),
        )

    @rule(at=picks, at_ms=st.integers(0, 2), text=st.sampled_from([None, "", "t"]))
    def bookmark(self, at: list[int], at_ms: int, text: str | None) -> None:
        """Set a bookmark, or take one away."""

        def work(ids: list[int]) -> Edited:
            if text is None:
                return self.edits.remove_bookmark(ids[0], at_ms)
            return self.edits.add_bookmark(ids[0], at_ms, text)

        def change(mark: Mark) -> None:
            if text is None:
                mark.bookmarks.pop(at_ms, None)
            else:
                mark.bookmarks[at_ms] = text

        if notes := self.pick(at[:1]):
            self.edit(notes, work, change)

    @rule(name=tags, new=st.none() | tags)
    def change_tag(self, name: str, new: str | None) -> None:
        """Rename a tag with those below it, join it with another, or delete it."""
        old = fold(name)
        if not any(
            f"{tag}/".startswith(f"{old}/")
            for mark in self.marked.marks.values()
            for tag in mark.tags
        ):
            return
        self.past.append(copy.deepcopy(self.marked))
        for mark in self.marked.marks.values():
            below = {tag for tag in mark.tags if f"{tag}/".startswith(f"{old}/")}
            mark.tags -= below
            if new is not None:
                mark.tags |= {fold(new) + tag[len(old) :] for tag in below}
        if new is None:
            self.edited(self.edits.delete_tag(name), is_change=True)
            return
        done = self.edits.rename_tag(name, new)
        # Another spelling is a change that the model does not see.
        is_change = _differ(self.marked, self.past[-1]) or bool(done.text)
        self.edited(done, is_change=is_change)

    @rule(name=st.sampled_from(SEARCHES), query=st.sampled_from(["a", "b"]))
    def save_search(self, name: str, query: str) -> None:
        """Save a search."""
        self.past.append(copy.deepcopy(self.marked))
        is_change = self.marked.searches.get(name) != query
        self.marked.searches[name] = query
        self.edited(self.edits.save_search(name, query), is_change=is_change)

    @rule(at=st.integers(0, 1), name=st.sampled_from([None, "three", "four"]))
    def change_search(self, at: int, name: str | None) -> None:
        """Rename or remove a search."""
        saved = self.reader.saved_searches()
        if at >= len(saved) or name in self.marked.searches:
            return
        self.past.append(copy.deepcopy(self.marked))
        query = self.marked.searches.pop(saved[at].name)
        if name is None:
            done = self.edits.remove_search(saved[at].id)
        else:
            self.marked.searches[name] = query
            done = self.edits.rename_search(saved[at].id, name)
        self.edited(done, is_change=True)

    @rule(steps=st.integers(1, 4))
    def undo(self, steps: int) -> None:
        """Take edits back."""
        told = self.edits.undo(steps)
        assert bool(told) == bool(self.past)
        for _ in range(min(steps, len(self.past))):
            self.marked = self.past.pop()

    @invariant()
    def marks_follow_the_content(self) -> None:
        """Every note shows the marks of its recording, and no others."""
        names = set()
        for note in self.reader.all_notes(states=list(NoteState)):
            mark = Mark()
            if note.recording is not None:
                mark = self.marked.marks.get(note.recording, mark)
            found = Mark(
                note.row.star,
                note.own_title,
                note.comment,
                set(map(fold, note.row.tags)),
                dict(note.bookmarks),
                note.row.played,
            )
            assert found == mark
            assert note.bookmarks == tuple(Bookmark(*b) for b in sorted(note.bookmarks))
            names |= set(note.row.tags)
        kept = {tag for mark in self.marked.marks.values() for tag in mark.tags}
        listed = {fold(each.name) for each in self.reader.tags() if each.id}
        assert listed == kept
        assert names <= {each.name for each in self.reader.tags()}

    @invariant()
    def searches_are_kept(self) -> None:
        """As they were saved."""
        saved = {each.name: each.query for each in self.reader.saved_searches()}
        assert saved == self.marked.searches
        assert len(self.edits.history(1000)) == len(self.past)


def _differ(one: Marked, other: Marked) -> bool:
    """Tell whether anything is marked otherwise."""
    keys = {*one.marks, *other.marks}
    return any(one.of(key) != other.of(key) for key in keys)


TestMarksLife = pytest.mark.timeout(180)(MarksLife.TestCase)
MarksLife.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
)
