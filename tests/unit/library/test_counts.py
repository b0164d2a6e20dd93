"""Random lives of a library: counts stay true, and deltas tell all there is."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from tests.support.library import (
    START_MS,
    ask,
    ask_no_more,
    memory_folder,
    new_library,
    record,
    true_counts,
)
from tui.library import Measured
from tui.model import (
    Group,
    GroupKind,
    NoteChange,
    NoteId,
    NoteState,
    Played,
    SourceKind,
    SourceState,
)

NAMES = [b"a", b"b", b"a copy", b"a copy copy"]
BASES = {b"a copy": b"a", b"a copy copy": b"a copy"}
FOLDERS = [b"", b"x", b"x/y"]
STATES = [NoteState.READY, NoteState.READY, NoteState.PARTIAL, NoteState.UNREADABLE]

times = st.integers(0, 5).map(lambda step: START_MS + step * 20 * 86_400_000)


class LibraryLife(RuleBasedStateMachine):
    """What an indexer, a user and time may do to a library, in any order."""

    @initialize()
    def begin(self) -> None:
        """Open a library with one source, and a mirror that only sees deltas."""
        self.folder = Path(tempfile.mkdtemp(dir=memory_folder()))
        self.library = new_library(self.folder / "l.db")
        self.writer = self.library.index_writer()
        self.reader = self.library.reader()
        self.revision = self.reader.revision()
        self.mirror: dict[int, NoteChange] = {}
        self.is_there = True
        self.add()

    def add(self) -> None:
        """Remember the source."""
        self.source_id = self.writer.add_source(b"/s", SourceKind.FOLDER, "s", 80, [])

    @rule(
        data=st.data(),
        folder=st.sampled_from(FOLDERS),
        names=st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True),
        state=st.sampled_from(STATES),
        sent_ms=times,
        size=st.integers(1, 2),
        duration_ms=st.none() | st.integers(0, 9),
        chat=st.sampled_from(["ana", "bob"]),
    )
    def put(
        self,
        *,
        data: st.DataObject,
        folder: bytes,
        names: list[bytes],
        state: NoteState,
        sent_ms: int,
        size: int,
        duration_ms: int | None,
        chat: str,
    ) -> None:
        """Add or change files; some are moved here from elsewhere."""
        ids = [None, *self.file_ids()]
        records = [
            record(
                folder + b"/" + name if folder else name,
                state=state,
                sent_ms=sent_ms,
                size=size,
                mtime_ns=1,
                duration_ms=duration_ms,
                chat_native_id=chat,
                chat_title=chat,
                base_name=BASES.get(name, b""),
                inode=data.draw(st.integers(1, 2), "inode"),
                file_id=data.draw(st.sampled_from(ids), "file"),
            )
            for name in names
        ]
        self.writer.apply(self.source_id, folder, 1, records, [])

    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        """Some files are gone."""
        ids = self.file_ids()
        some = st.lists(st.sampled_from(ids), unique=True) if ids else st.just([])
        self.writer.apply(self.source_id, b"x", 1, [], data.draw(some, "gone"))

    @rule(folder=st.sampled_from(FOLDERS))
    def drop(self, folder: bytes) -> None:
        """A folder is gone with all below."""
        self.writer.drop_folders(self.source_id, [folder])

    @rule(data=st.data(), contents=st.lists(st.sampled_from(b"hjk"), max_size=4))
    def learn_hashes(self, data: st.DataObject, contents: list[int]) -> None:
        """Some files get a content hash, which may be that of others."""
        ids = self.file_ids()
        for content in contents if ids else ():
            file_id = data.draw(st.sampled_from(ids), "file")
            self.writer.measured(
                [Measured(file_id, content_hash=bytes([content]) * 32)]
            )

    @rule(folder=st.sampled_from(FOLDERS), content=st.sampled_from(b"hjk"))
    def learn_equal(self, folder: bytes, content: int) -> None:
        """All files of a folder turn out to be equal."""
        files = self.writer.files_in(self.source_id, folder)
        self.writer.measured(
            [
                Measured(file.file_id, content_hash=bytes([content]) * 32)
                for file in files
            ]
        )

    @rule(
        data=st.data(),
        duration_ms=st.none() | st.integers(0, 99),
        state=st.sampled_from([None, *STATES]),
    )
    def measure(
        self, data: st.DataObject, duration_ms: int | None, state: NoteState | None
    ) -> None:
        """Some files get a length or a fault, some of them twice."""
        ids = self.file_ids()
        if ids:
            some = data.draw(st.lists(st.sampled_from(ids), max_size=4), "files")
            self.writer.measured(
                [Measured(i, duration_ms=duration_ms, state=state) for i in some]
            )

    @rule(
        data=st.data(),
        position_ms=st.integers(0, 9),
        played=st.sampled_from(Played),
    )
    def listen(self, data: st.DataObject, position_ms: int, played: Played) -> None:
        """The user hears or marks a note, or one that is gone by now."""
        there = sorted(note.row.id for note in self.reader.all_notes(states=STATES))
        note = data.draw(st.sampled_from([*there, 1, 12]), "note")
        self.library.user.set_position(NoteId(note), position_ms, played)
        assert self.library.user.flush()

    @rule()
    def come_or_go(self) -> None:
        """The source goes offline or comes back."""
        self.is_there = not self.is_there
        state = SourceState.OK if self.is_there else SourceState.OFFLINE
        self.writer.set_source_state(self.source_id, state, "")

    @precondition(lambda self: self.is_there)
    @rule()
    def forget(self) -> None:
        """The source is removed and added again."""
        self.writer.remove_source(self.source_id)
        self.add()

    def file_ids(self) -> list[int]:
        """All files that are not missing."""
        return [
            file.file_id
            for folder in FOLDERS
            for file in self.writer.files_in(self.source_id, folder)
        ]

    @invariant()
    def counts_are_true(self) -> None:
        """The kept counts equal a recount."""
        sql = (
            "SELECT chat_id, month, notes, unplayed, unplayed_ms, duration_ms, problems"
            " FROM month_total"
        )
        chats = (
            "SELECT chat_id, notes, unplayed, unplayed_ms, duration_ms, problems,"
            " last_ms FROM chat_total"
        )
        newest = "SELECT chat_id, max(order_ms) FROM note WHERE visible GROUP BY 1"
        counted = true_counts(self.library)
        months = {row[:2]: row[2:] for row in ask(self.library, sql)}
        assert months == counted
        last = dict(ask(self.library, newest))
        for row in ask(self.library, chats):
            parts = [part for key, part in counted.items() if key[0] == row[0]]
            total = tuple(map(sum, zip(*parts, strict=True))) or (0,) * 5
            assert row[1:] == (*total, last.get(row[0], 0))
        assert ask(self.library, "PRAGMA foreign_key_check") == []

    @invariant()
    def notes_follow_their_files(self) -> None:
        """State, length and mark of a note are those of its best file."""
        sql = (
            "SELECT note.id, note.state, note.duration_ms, note.recording_id,"
            " note.played, note.position_ms, note.owed_ms, iif(file.missing, 'missing',"
            " file.state), file.duration_ms, file.recording_id, coalesce(mark.played,"
            " 0), coalesce(mark.position_ms, 0), max(file.missing * -4 - 2 *"
            " (file.role = 'copy') - file.id / 1e6) FROM note"
            " LEFT JOIN file ON file.note_id = note.id"
            " LEFT JOIN recording ON recording.id = file.recording_id"
            " LEFT JOIN mark ON mark.hash = recording.hash GROUP BY note.id"
        )
        for row in ask(self.library, sql):
            assert row[1:4] == row[7:10]
            if row[3] is not None:
                assert (*row[4:6], 0) == (*row[10:12], row[6])

    @invariant()
    def deltas_tell_everything(self) -> None:
        """Who only follows the deltas knows what a reader would find."""
        self.revision, delta = self.reader.changes_since(self.revision)
        if delta.reset:
            self.mirror = self.seen_now()
        for change in delta.changes:
            self.mirror[change.id] = change
        shown = {key: c for key, c in self.mirror.items() if c.visible or c.problem}
        assert shown == self.seen_now()
        unplayed = sorted(
            (-c.order_ms, -c.id)
            for c in shown.values()
            if c.visible and c.played is not Played.PLAYED
        )
        keys = self.reader.keys(Group(GroupKind.UNPLAYED))
        found = [(-o, -i) for o, i in zip(keys.order_ms, keys.ids, strict=True)]
        assert found == unplayed

    def seen_now(self) -> dict[int, NoteChange]:
        """What a reader finds, in the form of changes."""
        found = {}
        for note in self.reader.all_notes(states=list(NoteState)):
            place = self.reader.locate(note.row.id)
            assert place is not None
            state = note.row.state
            is_visible = state in {NoteState.READY, NoteState.UNREADABLE}
            is_problem = state in {NoteState.PARTIAL, NoteState.UNREADABLE}
            if is_visible or is_problem:
                found[int(note.row.id)] = NoteChange(
                    note.row.id,
                    *place,
                    visible=is_visible,
                    played=note.row.played,
                    problem=is_problem,
                )
        return found

    def teardown(self) -> None:
        """Give everything back."""
        ask_no_more(self.library)
        self.writer.close()
        self.reader.close()
        self.library.close()
        shutil.rmtree(self.folder)


TestLibraryLife = pytest.mark.timeout(180)(LibraryLife.TestCase)
LibraryLife.TestCase.settings = settings(
    max_examples=150,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
)
