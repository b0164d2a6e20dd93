"""How notes shall sound, and what waits: said of what, merged, kept, taken along."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.edited_library import CHATS, PEOPLE, EditedLibrary
from tests.support.library import add_files, only_note, put, record, wait_until
from tests.support.portable import fill, joined, packed, unpacked
from tui.library import Library
from tui.library._connection import suspect_path
from tui.library._people import ChatTold, PersonTold
from tui.library._schema import MIGRATIONS, migrate
from tui.library._wave import wave_of
from tui.model import (
    ROW_WAVE,
    ChatKind,
    NoteId,
    SoundScope,
    SoundSettings,
    SourceKind,
    SourceState,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tui.library import IndexWriter, Reader
    from tui.model import SourceId

ANA = PersonTold(PEOPLE[0], "Ana", 4)
BOB = PersonTold(PEOPLE[1], "Bob", 4)
FAMILY = ChatTold(0, CHATS[0], "group", "Family", 7, 1.0)
CHOIR = ChatTold(0, CHATS[1], "group", "Choir", 7, 1.0)

NOTE, SENDER, CHAT, ALL = SoundScope
NOTHING = SoundSettings()
FAST, SLOW, LOUD = SoundSettings(2.0), SoundSettings(0.5), SoundSettings(boost_db=6.0)
FULL = SoundSettings(1.5, -3.5, level=True, skip=2)


def say(
    library: Library, note_id: int | None, scope: SoundScope, said: SoundSettings
) -> None:
    """Say how something shall sound, and wait for it."""
    library.user.set_sound(None if note_id is None else NoteId(note_id), scope, said)
    assert library.user.flush()


@pytest.fixture
def told(library: Library, writer: IndexWriter) -> EditedLibrary:
    """Notes of Ana in Family (x/0, x/2, y/4), of Bob in Choir (x/1), of nobody."""
    told = EditedLibrary(library, writer)
    told.index()
    told.read((FAMILY, CHOIR), (ANA, BOB))
    return told


@pytest.mark.parametrize(
    ("scope", "heard"),
    [
        (NOTE, {b"x/0"}),
        (SENDER, {b"x/0", b"x/2", b"y/4"}),
        (CHAT, {b"x/0", b"x/2", b"y/4"}),
        (ALL, {b"x/0", b"x/1", b"x/2", b"x/3", b"y/4", b"y/5"}),
    ],
)
def test_a_setting_counts_where_it_was_said(
    told: EditedLibrary, reader: Reader, scope: SoundScope, heard: set[bytes]
) -> None:
    """Of the note, its sender, its chat or all; what is not said stays open."""
    notes = told.note_ids()
    say(told.library, notes[b"x/0"], scope, FULL)
    found = {name: reader.sounds(NoteId(each)) for name, each in notes.items()}
    assert {name for name, each in found.items() if each} == heard
    assert found[b"x/0"] == {scope: FULL}
    say(told.library, notes[b"x/0"], scope, NOTHING)
    assert reader.sounds(NoteId(notes[b"x/0"])) == {}


def test_all_that_is_said_of_a_note_is_told_together(
    told: EditedLibrary, reader: Reader
) -> None:
    """The last word counts, also of two notes of one sender; none for what is not."""
    x0, x2, x3 = (told.note_ids()[name] for name in (b"x/0", b"x/2", b"x/3"))
    user = told.library.user
    user.set_sound(NoteId(x0), SENDER, FAST)
    user.set_sound(NoteId(x2), SENDER, LOUD)
    user.set_sound(NoteId(x0), SENDER, SLOW)
    user.set_sound(NoteId(x0), NOTE, FULL)
    user.set_sound(NoteId(x0), CHAT, LOUD)
    user.set_sound(NoteId(x3), SENDER, FULL)  # who is not known
    user.set_sound(NoteId(999), NOTE, FULL)
    user.set_sound(None, ALL, FAST)
    assert user.flush()
    said = {NOTE: FULL, SENDER: SLOW, CHAT: LOUD, ALL: FAST}
    assert reader.sounds(NoteId(x0)) == said
    assert reader.sounds(NoteId(x2)) == {
        key: value for key, value in said.items() if key is not NOTE
    }
    assert reader.sounds(NoteId(x3)) == {ALL: FAST}
    assert reader.sounds(NoteId(999)) == {ALL: FAST}


@pytest.mark.parametrize("scope", [SENDER, CHAT])
def test_a_merge_is_one_and_a_split_gives_back(
    told: EditedLibrary, reader: Reader, scope: SoundScope
) -> None:
    """What is said of the one that is shown counts, else of those that went in."""
    notes, keys = told.note_ids(), CHATS if scope is CHAT else PEOPLE
    ana, bob = NoteId(notes[b"x/0"]), NoteId(notes[b"x/1"])
    rows = told.ids(str(scope))
    into, part = rows[keys[0]], rows[keys[1]]
    say(told.library, bob, scope, SLOW)
    with told.library.edits() as edits:
        merge = edits.merge_chats if scope is CHAT else edits.merge_senders
        split = edits.split_chat if scope is CHAT else edits.split_sender
        merge([part], into)
        assert reader.sounds(ana) == reader.sounds(bob) == {scope: SLOW}
        say(told.library, bob, scope, FAST)
        assert reader.sounds(ana) == reader.sounds(bob) == {scope: FAST}
        say(told.library, ana, scope, NOTHING)
        assert reader.sounds(ana) == reader.sounds(bob) == {}
        say(told.library, ana, scope, LOUD)
        split(part)
    assert reader.sounds(ana) == {scope: LOUD}
    assert reader.sounds(bob) == {scope: SLOW}


def test_a_source_that_comes_back_sounds_as_before(
    library: Library, writer: IndexWriter, reader: Reader
) -> None:
    """Also a chat of its folders, whose number is another one then."""
    for _ in range(2):
        source_id = writer.add_source(b"/s", SourceKind.FOLDER, "s", 80, [])
        put(writer, source_id, record(b"x/a", sender="Ana"))
        note_id = only_note(reader, b"x/a").row.id
        if not reader.sounds(note_id):
            for scope, said in ((SENDER, FAST), (CHAT, LOUD)):
                say(library, note_id, scope, said)
            writer.remove_source(source_id)
    assert reader.sounds(note_id) == {SENDER: FAST, CHAT: LOUD}
    put(writer, source_id, record(b"y/b", chat_kind=ChatKind.UNMATCHED))
    other = only_note(reader, b"y/b").row.id
    say(library, other, CHAT, FAST)  # what no chat is known of has none
    assert reader.sounds(other) == {}


def test_a_note_is_hashed_for_its_setting(
    library: Library, writer: IndexWriter, reader: Reader, tmp_path: Path
) -> None:
    """So a copy of it elsewhere has it too; a file that is gone keeps nothing."""
    add_files(writer, tmp_path / "s", {"a": b"sound", "b": b"sound", "c": b"other"})
    a, b, c = (only_note(reader, name).row.id for name in (b"a", b"b", b"c"))
    (tmp_path / "s/c").unlink()
    say(library, c, NOTE, FAST)
    say(library, a, NOTE, FULL)
    say(library, b, NOTE, FULL)
    assert library.trouble == ""
    assert only_note(reader, b"a").recording == only_note(reader, b"b").recording
    assert reader.sounds(a) == reader.sounds(b) == {NOTE: FULL}
    assert reader.sounds(c) == {}


def test_it_is_written_soon_and_by_itself(
    library: Library, writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """Without anybody who waits for it."""
    put(writer, source_id, record(b"a"))
    library.user.set_sound(None, ALL, FAST)
    library.user.set_queue([NoteId(1)])
    wait_until(lambda: reader.sounds(NoteId(1)) == {ALL: FAST}, 2.0)
    wait_until(lambda: reader.queue() == [1], 2.0)


def test_the_queue_keeps_its_order_over_a_start(tmp_path: Path) -> None:
    """Notes that are gone or away are left out, and come back with their source."""
    path = tmp_path / "l.db"
    with Library.open(path) as library, closing(library.index_writer()) as writer:
        source_id = writer.add_source(b"/s", SourceKind.FOLDER, "s", 80, [])
        put(writer, source_id, *(record(b"x/%d" % at, inode=at) for at in range(6)))
        away = writer.add_source(b"/t", SourceKind.FOLDER, "t", 80, [])
        put(writer, away, record(b"x/6"))
        with closing(library.reader()) as reader:
            ids = [only_note(reader, b"x/%d" % at).row.id for at in range(7)]
        library.user.set_queue(ids)
        library.user.set_queue([ids[at] for at in (3, 6, 1, 5, 1)] + [NoteId(999)])
    with (
        Library.open(path) as library,
        closing(library.index_writer()) as writer,
        closing(library.reader()) as reader,
    ):
        assert reader.queue() == [ids[at] for at in (3, 6, 1, 5, 1)]
        writer.set_source_state(away, SourceState.OFFLINE, "away")
        (gone,) = (f for f in writer.files_in(source_id, b"x") if f.name == b"5")
        writer.apply(source_id, b"x", 2, [], [gone.file_id])
        assert reader.queue() == [ids[at] for at in (3, 1, 1)]
        writer.set_source_state(away, SourceState.OK, "")
        assert reader.queue() == [ids[at] for at in (3, 6, 1, 1)]
        writer.set_source_state(away, SourceState.OFFLINE, "away")
        library.user.set_queue([ids[1], ids[4]])  # whoever wrote that saw no 6
        assert library.user.flush()
        assert reader.queue() == [ids[1], ids[4]]
        writer.set_source_state(away, SourceState.OK, "")
        assert reader.queue() == [ids[1], ids[4], ids[6]]
        # Another browser, which saw 1, 4 and 0: it takes 0 away and adds 2.
        library.user.set_queue([ids[2], ids[1], ids[4]], [ids[1], ids[4], ids[0]])
        library.user.set_queue([ids[4], ids[2], ids[0]], [ids[1]])
        assert library.user.flush()
        assert reader.queue() == [ids[4], ids[2], ids[6]]
        library.user.set_queue([])
        assert library.user.flush()
        assert reader.queue() == []


def test_settings_are_taken_along_and_the_later_counts(tmp_path: Path) -> None:
    """Each scope is one value; also nothing, and a chat of a source elsewhere."""
    now = [1000.0]
    first = Library.open(tmp_path / "a" / "l.db", clock=lambda: now[0])
    second = Library.open(tmp_path / "b" / "l.db", clock=lambda: now[0])
    with first, second:
        for library, root in ((first, b"/home/a/notes"), (second, b"/home/b/notes")):
            with closing(library.index_writer()) as writer:
                source = writer.add_source(root, SourceKind.FOLDER, "n", 80, [])
            fill(library, source, [1])
        assert unpacked(first)["version"] == 1  # older Earmarks understand it
        assert "sounds" not in unpacked(first)
        for scope, said in ((NOTE, FULL), (CHAT, FAST), (ALL, LOUD)):
            say(first, 1, scope, said)
        now[0] += 1
        say(second, 1, ALL, NOTHING)
        assert unpacked(first)["version"] == 2
        note = {"speed": 1.5, "boost_db": -3.5, "level": True, "skip": 2}
        assert unpacked(first)["sounds"] == [
            {"for": "all", "boost_db": 6.0, "set_ms": 1_000_000},
            {
                "for": "chat",
                "id": "x",
                "source": "/home/a/notes",
                "speed": 2.0,
                "set_ms": 1_000_000,
            },
            {"for": "note", "hash": "01" * 32, **note, "set_ms": 1_000_000},
        ]
        for dry in (True, False):
            done = joined(second, packed(first), dry=dry)
            assert (done.taken, done.older, done.same) == (2, 1, 0)
        assert joined(second, packed(first)).taken == 0
        with closing(second.reader()) as reader:
            assert reader.sounds(NoteId(1)) == {NOTE: FULL, CHAT: FAST}
        assert joined(first, packed(second)).taken == 1
        with closing(first.reader()) as reader:
            assert reader.sounds(NoteId(1)) == {NOTE: FULL, CHAT: FAST}
        now[0] -= 500  # the clock goes back, but what is said now is later
        say(first, 1, CHAT, SLOW)
        assert joined(second, packed(first)).taken == 1


def test_an_older_library_learns_it(tmp_path: Path) -> None:
    """A file of version 3 gets the tables, and the waveforms of its rows."""
    path = tmp_path / "l.db"
    peaks = bytes(range(200))
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        migrate(old, MIGRATIONS[:3])
        assert old.execute("PRAGMA user_version").fetchone() == (3,)
        old.execute(
            "INSERT INTO recording(id, hash, hash_kind, size, peaks)"
            " VALUES (1, ?, 'whole', 1, ?), (2, ?, 'whole', 1, NULL)",
            (b"a" * 32, peaks, b"b" * 32),
        )
        old.execute("INSERT INTO mark(hash, updated_ms, star) VALUES (?, 5, 1)", (b"",))
        migrate(old)
        waves = old.execute("SELECT wave, lufs FROM recording ORDER BY id").fetchall()
        assert waves == [(wave_of(peaks), None), (None, None)]
        assert old.execute("SELECT star FROM mark").fetchall() == [(1,)]
    with Library.open(path) as library, closing(library.reader()) as reader:
        assert library.version == len(MIGRATIONS)
        say(library, None, ALL, FULL)
        assert reader.sounds(NoteId(1)) == {ALL: FULL}


def test_settings_are_read_from_a_damaged_library(tmp_path: Path) -> None:
    """With pages of notes that can't be read, and no backup."""
    path = tmp_path / "l.db"
    with Library.open(path) as library, closing(library.index_writer()) as writer:
        fill(library, writer.add_source(b"/s", SourceKind.FOLDER, "s", 80, []), [1])
        for scope in (NOTE, CHAT):
            say(library, 1, scope, FULL)
        before = unpacked(library)["sounds"]
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        sql = "SELECT rootpage FROM sqlite_master WHERE name = 'note'"
        (page,) = connection.execute(sql).fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xaa" * 4096)
    suspect_path(path).touch()
    with Library.open(path) as library:
        assert "no good backup" in library.notice
        assert unpacked(library)["sounds"] == before


def test_a_row_has_the_waveform_of_the_messenger_until_there_is_one(
    told: EditedLibrary, writer: IndexWriter, reader: Reader
) -> None:
    """And none where nobody made one."""
    notes = told.note_ids()
    x0, x3 = NoteId(notes[b"x/0"]), NoteId(notes[b"x/3"])
    told.read((FAMILY, CHOIR), (ANA, BOB), bytes(range(64)))
    waves = [row.wave for row in reader.rows([x0, x3])]
    assert waves == [wave_of(bytes(range(64))), b""]
    assert only_note(reader, b"x/0").row.wave == waves[0]
    writer.set_peaks(x0, bytes(200), -70.0)
    assert reader.rows([x0])[0].wave == bytes(ROW_WAVE)


def test_a_wave_shows_the_mean_of_each_stretch() -> None:
    """Of waveforms of every length; each step counts, and none is made up."""
    assert wave_of(b"") == b""
    assert wave_of(b"\x07") == b"\x07" * ROW_WAVE
    for size in (2, 11, ROW_WAVE, 13, 64, 200):
        for at in range(size):
            wave = wave_of(bytes(at) + b"\xff" + bytes(size - at - 1))
            assert len(wave) == ROW_WAVE
            least = 255 // (size // ROW_WAVE + 1)  # its share of the longest stretch
            assert least <= max(wave) <= 255
            assert min(wave) == 0
    assert wave_of(bytes([10, 30]) * 96) == bytes([20]) * ROW_WAVE
