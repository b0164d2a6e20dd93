"""Random lives of a library with documents: in the end every message is one note.

The world is small: two phones with the same names of files, and of one of them the
database, an older copy of it, and an exported chat with its media. All of that comes,
changes, goes and comes back in any order.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.support.joining import (
    a_chat,
    a_claim,
    a_person,
    all_of,
    everything,
    phone_note,
    tell,
    totals_are_true,
)
from tests.support.library import (
    START_MS,
    ask,
    ask_no_more,
    memory_folder,
    new_library,
    put,
    record,
)
from tui.library import Measured
from tui.model import (
    Direction,
    DocumentKind,
    DocumentState,
    NoteState,
    Played,
    Precision,
    SourceKind,
    SourceState,
)

if TYPE_CHECKING:
    from tui.library import ClaimRecord
    from tui.model import SourceId

FOLDER = b"WhatsApp/Media/WhatsApp Voice Notes/202433"
DOWNLOAD = b"Download/Chat"
ANA = a_person("tel:+491700000001", "Ana")
CHATS = {
    "Ana": a_chat(partner=ANA, title=""),
    "Family": a_chat("wa::120363000000000001@g.us", "Family", kind="group", rank=7),
}


class Lying(NamedTuple):
    """A file that may lie somewhere."""

    source: str
    path: bytes
    content: bytes
    size: int


FILES = {
    "a1": Lying("phone", FOLDER + b"/1.opus", b"1", 101),
    "a2": Lying("phone", FOLDER + b"/2.opus", b"2", 102),
    "b1": Lying("other", FOLDER + b"/1.opus", b"3", 201),
    "b2": Lying("other", FOLDER + b"/2.opus", b"4", 202),
    "e1": Lying("disk", DOWNLOAD + b"/1.opus", b"1", 101),
    "e2": Lying("disk", DOWNLOAD + b"/2.opus", b"2", 102),
    "kept": Lying("disk", b"kept/2.opus", b"2", 102),
}
BELONG = [name for name in FILES if name != "kept"]


def database(*, has_account: bool) -> list[ClaimRecord]:
    """Two notes, a forward of the first to a group, one whose file is lost."""
    chats = CHATS
    if has_account:
        chats = {
            title: chat._replace(native_id=chat.native_id.replace("::", ":49170:"))
            for title, chat in CHATS.items()
        }
    told = [("1", "Ana", 0), ("2", "Ana", 300), ("1", "Family", 600), ("9", "Ana", 900)]
    return [
        a_claim(
            f"K{seconds}",
            FOLDER + b"/%s.opus" % name.encode(),
            chat=chats[chat],
            sender=ANA,
            direction=Direction.RECEIVED,
            sent_ms=START_MS + seconds * 1000,
            size=100 + int(name),
        )
        for name, chat, seconds in told
    ]


EXPORT = [
    a_claim(
        name.decode(),
        name,
        beside=True,
        chat=a_chat("wa-export:Ana", "Ana", rank=4),
        chat_confidence=0.99,
        sender=a_person("name:wa:Ana", "Ana", 4),
        sender_confidence=0.97,
        sent_ms=START_MS + at * 300_000,
        offset_min=0,
        precision=Precision.MINUTE,
    )
    for at, name in enumerate((b"1.opus", b"2.opus"))
]
DOCUMENTS = {
    "database": ("phone", b"msgstore.db", DocumentKind.WHATSAPP_DATABASE),
    "backup": ("disk", b"msgstore.db.crypt15", DocumentKind.WHATSAPP_BACKUP),
    "export": ("disk", DOWNLOAD + b"/chat.txt", DocumentKind.WHATSAPP_EXPORT),
}
CLAIMS = {
    "database": database(has_account=False),
    "backup": database(has_account=True),
    "export": EXPORT,
}
SOURCES = {"phone": b"/phone", "other": b"/other", "disk": b"/disk"}
STEPS = [*BELONG, *DOCUMENTS, "compare"]


class JoiningLife(RuleBasedStateMachine):
    """What an indexer may tell of that world, in any order."""

    @initialize()
    def begin(self) -> None:
        """Open a library with three sources, and a mirror that only sees deltas."""
        self.folder = Path(tempfile.mkdtemp(dir=memory_folder()))
        self.library = new_library(self.folder / "l.db")
        self.writer = self.library.index_writer()
        self.reader = self.library.reader()
        self.revision = self.reader.revision()
        self.mirror: dict[int, tuple[int, ...]] = {}
        self.told: dict[str, int] = {}
        self.away: set[str] = set()
        self.ids: dict[str, SourceId] = {}
        for name in SOURCES:
            self.add(name)

    def add(self, source: str) -> None:
        """Remember a source."""
        self.ids[source] = self.writer.add_source(
            SOURCES[source], SourceKind.FOLDER, source, 80, []
        )

    @rule(name=st.sampled_from(list(FILES)))
    def come(self, name: str) -> None:
        """A file is there."""
        file = FILES[name]
        facts = {"size": file.size, "inode": 1 + list(FILES).index(name)}
        if file.path.startswith(FOLDER):
            note = record(**phone_note(file.path[len(FOLDER) + 1 :], **facts))
        else:
            note = record(file.path, **facts)
        put(self.writer, self.ids[file.source], note)

    @rule(name=st.sampled_from(list(FILES)))
    def go(self, name: str) -> None:
        """A file is gone."""
        file = FILES[name]
        folder, _, last = file.path.rpartition(b"/")
        source_id = self.ids[file.source]
        gone = self.writer.files_named(source_id, folder, [last])
        self.writer.apply(source_id, folder, 1, [], [each.file_id for each in gone])

    @rule()
    def move(self) -> None:
        """A file of the export is moved to another folder, where it is a plain one."""
        source_id = self.ids["disk"]
        for each in self.writer.files_named(source_id, DOWNLOAD, [b"2.opus"]):
            kept = FILES["kept"]
            moved = record(kept.path, size=kept.size, inode=6, file_id=each.file_id)
            put(self.writer, source_id, moved)

    @rule(
        folder=st.sampled_from([FOLDER, DOWNLOAD]),
        source=st.sampled_from(list(SOURCES)),
    )
    def drop(self, folder: bytes, source: str) -> None:
        """A folder is gone."""
        self.writer.drop_folders(self.ids[source], [folder])

    @rule(name=st.sampled_from(list(DOCUMENTS)))
    def read(self, name: str) -> None:
        """A document is read to its end."""
        self.tell(name, len(CLAIMS[name]), DocumentState.OK)

    @rule(
        name=st.sampled_from(list(DOCUMENTS)),
        count=st.integers(0, 3),
        state=st.sampled_from([DocumentState.OK, DocumentState.PARTIAL]),
    )
    def read_some(self, name: str, count: int, state: DocumentState) -> None:
        """It has less in it than at last, or is cut off."""
        self.tell(name, count, state)

    def tell(self, name: str, count: int, state: DocumentState) -> None:
        """Have a document told up to a message."""
        source, path, kind = DOCUMENTS[name]
        self.told[name] = tell(
            self.writer,
            self.ids[source],
            CLAIMS[name][:count],
            path=path,
            kind=kind,
            state=state,
            mtime_ns=2 - list(DOCUMENTS).index(name),
        )

    @rule(name=st.sampled_from(list(DOCUMENTS)))
    def lose(self, name: str) -> None:
        """A document is gone."""
        document_id = self.told.pop(name, None)
        if document_id is not None:
            self.writer.drop_documents([document_id])

    @rule()
    def compare(self) -> None:
        """Everything is measured, hashed and matched again."""
        content = {
            (SOURCES[file.source], file.path): file.content for file in FILES.values()
        }
        for file_id, root, path in ask(
            self.library,
            "SELECT file.id, source.root, folder.path || '/' || file.name FROM file"
            " JOIN folder ON folder.id = folder_id JOIN source ON source.id ="
            " folder.source_id WHERE recording_id IS NULL AND missing = 0",
        ):
            digest = content[root, path.encode()] * 32
            results = [Measured(file_id, duration_ms=9, content_hash=digest)]
            self.writer.measured(results)
        all_of(self.writer.match_again())

    @rule(source=st.sampled_from(list(SOURCES)))
    def come_or_go(self, source: str) -> None:
        """A disk is taken away, or is back."""
        self.away ^= {source}
        state = SourceState.OFFLINE if source in self.away else SourceState.OK
        self.writer.set_source_state(self.ids[source], state, "")

    @rule(source=st.sampled_from(list(SOURCES)))
    def forget(self, source: str) -> None:
        """A source is removed and added again."""
        self.writer.remove_source(self.ids[source])
        self.away.discard(source)
        for name, (home, *_) in DOCUMENTS.items():
            if home == source:
                self.told.pop(name, None)
        self.add(source)

    @rule(at=st.integers(0, 9), position_ms=st.integers(1, 9))
    def listen(self, at: int, position_ms: int) -> None:
        """The user hears one of the notes that can be heard."""
        notes = list(self.reader.all_notes(states=[NoteState.READY]))
        if notes and (note := notes[at % len(notes)]).recording is not None:
            self.library.user.set_position(note.row.id, position_ms, Played.HALF)
            assert self.library.user.flush()

    @rule(order=st.permutations(STEPS))
    def everything_arrives(self, order: list[str]) -> None:
        """Whatever was before: each message is one note, with the best evidence."""
        for source in list(self.away):
            self.come_or_go(source)
        self.go("kept")
        for step in order:
            if step in FILES:
                self.come(step)
            elif step in DOCUMENTS:
                self.read(step)
            else:
                self.compare()
        self.compare()
        ready = [n for n in everything(self.reader) if n.row.state is NoteState.READY]
        chats = Counter(note.row.chat_title for note in ready)
        assert chats == {"Ana": 2, "Family": 1, "Unmatched": 2}
        for note in ready:
            if note.row.chat_title == "Unmatched":
                assert {file.source_root for file in note.files} == {b"/other"}
                continue
            assert note.evidence["chat"].origin == "database msgstore.db"
            assert note.evidence["sent_at"].confidence == 1.0
            assert note.row.sender == "Ana"
            assert (note.row.sent_ms - START_MS) % 300_000 == 0
        assert ask(self.library, _NEVER_HERE) == [(1,)]

    @invariant()
    def counts_are_true(self) -> None:
        """The kept counts equal a recount, and nothing hangs in the air."""
        totals_are_true(self.library)
        for sql in _NEVER:
            assert ask(self.library, sql) == [], sql

    @invariant()
    def marks_follow_the_content(self) -> None:
        """What was heard is heard on all notes with the recording."""
        sql = (
            "SELECT note.played, note.position_ms, coalesce(mark.played, 0),"
            " coalesce(mark.position_ms, 0) FROM note"
            " JOIN recording ON recording.id = note.recording_id"
            " LEFT JOIN mark ON mark.hash = recording.hash"
        )
        for row in ask(self.library, sql):
            assert row[:2] == row[2:]

    @invariant()
    def deltas_tell_everything(self) -> None:
        """Who only follows the deltas knows what is in the library."""
        self.revision, delta = self.reader.changes_since(self.revision)
        true = {row[0]: row[1:] for row in ask(self.library, _SHOWN)}
        if delta.reset:
            self.mirror = true
        for change in delta.changes:
            self.mirror[change.id] = (
                *(int(change.chat_id), change.month, change.order_ms),
                *(int(change.visible), int(change.played), int(change.problem)),
            )
        shown = {key: row for key, row in self.mirror.items() if row[3] or row[5]}
        assert shown == true

    def teardown(self) -> None:
        """Give everything back."""
        ask_no_more(self.library)
        self.writer.close()
        self.reader.close()
        self.library.close()
        shutil.rmtree(self.folder)


_NEVER_HERE = (
    "SELECT count(*) FROM note WHERE state = 'missing'"
    " AND NOT EXISTS (SELECT 1 FROM file WHERE note_id = note.id)"
)
_CLAIMLESS = (
    "SELECT 1 FROM note WHERE NOT EXISTS (SELECT 1 FROM file WHERE note_id = note.id)"
    " AND NOT EXISTS (SELECT 1 FROM claim WHERE note_id = note.id)"
)
_TWO_FIRST = (
    "SELECT 1 FROM file AS a JOIN file AS b ON a.note_id = b.note_id"
    " AND a.id < b.id AND a.role = 'primary' AND b.role = 'primary'"
)
_IN_JOINED = (
    "SELECT 1 FROM note JOIN chat ON chat.id = chat_id WHERE merged_into IS NOT NULL"
)
_NEVER = (
    "SELECT 1 FROM claim WHERE note_id NOT IN (SELECT id FROM note)",
    "SELECT 1 FROM note WHERE shares NOT IN (SELECT id FROM note)",
    "SELECT 1 FROM path_fact WHERE note_id NOT IN (SELECT id FROM note)",
    _CLAIMLESS,
    _TWO_FIRST,
    _IN_JOINED,
)
_SHOWN = (
    "SELECT note.id, chat_id, month, order_ms, visible, played, problem FROM note"
    " WHERE (visible OR problem) AND source_id NOT IN"
    " (SELECT id FROM source WHERE state = 'offline')"
)

TestJoiningLife = pytest.mark.timeout(180)(JoiningLife.TestCase)
JoiningLife.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
)
