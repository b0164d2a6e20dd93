"""Groups by sender, time, tag and source, stars and searches, in every order."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from contextlib import closing
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.library import START_MS, put, record
from tui.library import Library, Measured
from tui.library._wall_days import FIRST_DAY, NO_DATE, day_number, days_of
from tui.model import (
    Direction,
    Group,
    GroupBy,
    GroupKind,
    NoteId,
    NoteState,
    Played,
    Precision,
    Sort,
    SourceKind,
    SourceState,
)
from tui.query import wall_clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tui.library import IndexWriter, Reader
    from tui.model import Note, SourceId

HOUR = 3_600_000
DAY = 24 * HOUR
MANY = 150
SENDERS = (None, "me", "Ana", "Bob", "Ana\nB", "caf\udce9")
TAGS = ("work", "work/clients", "Work/Clients/A", "workshop", "caf\udce9", "empty")
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/St_Johns",
    "Pacific/Apia",
    "Africa/Cairo",
    "Asia/Kathmandu",
)
"""With half hours, a day that was left out, and a change of clocks at midnight."""


def run(library: Library, sql: str, *params: object) -> None:
    """Write to the file as somebody else would."""
    with closing(sqlite3.connect(library.path)) as connection, connection:
        connection.execute(sql, params)


def hash_of(number: int) -> bytes:
    """Make the hash of a note."""
    return number.to_bytes(32, "big")


def star(library: Library, number: int) -> None:
    """Star the recording of a note."""
    run(
        library,
        "INSERT INTO mark(hash, updated_ms, star) VALUES (?, 1, 1)"
        " ON CONFLICT(hash) DO UPDATE SET star = 1",
        hash_of(number),
    )


def add_tags(library: Library) -> None:
    """Write the tags, with ids from 1 on."""
    for at, name in enumerate(TAGS, 1):
        stored: str | bytes = name
        if not name.isascii():
            stored = name.encode("utf-8", "surrogatepass")
        folded = stored.lower()
        run(library, "INSERT INTO tag VALUES (?, ?, ?)", at, stored, folded)


def tag(library: Library, number: int, *tags: int) -> None:
    """Tag the recording of a note."""
    for each in tags:
        run(library, "INSERT INTO tagged VALUES (?, ?, 1)", hash_of(number), each)


def fill(library: Library, draw: random.Random) -> None:
    """Write notes of three sources; the last is away."""
    with closing(library.index_writer()) as writer:
        sources = [
            writer.add_source(f"/{name}".encode(), SourceKind.FOLDER, name, 80, [])
            for name in ("one", "two", "away")
        ]
        _write(writer, sources, draw)
        writer.set_source_state(sources[2], SourceState.OFFLINE, "unplugged")


def _write(writer: IndexWriter, sources: list[SourceId], draw: random.Random) -> None:
    with writer.batch():
        for number in range(1, MANY + 1):
            source = draw.choice(sources)
            sent_ms = START_MS + draw.randint(-900, 300) * DAY + draw.randint(0, DAY)
            state = draw.choice((NoteState.READY,) * 8 + (NoteState.PARTIAL,))
            sender = draw.choice(SENDERS)
            path = f"c{draw.randint(1, 5)}/{number}.opus".encode()
            facts: dict[str, object] = {
                "sent_ms": sent_ms,
                "sender": sender,
                "direction": draw.choice((Direction.RECEIVED, Direction.UNKNOWN)),
                "duration_ms": draw.choice((None, 5_000, 42_000)),
                "offset_min": draw.choice((None, None, 0, 840, -720)),
                "precision": Precision.SECOND,
                "state": state,
                "inode": number,
            }
            if sender == "me":
                facts["direction"] = Direction.SENT
            put(writer, source, record(path, **facts))
            folder = path.partition(b"/")[0]
            ids = {f.name: f.file_id for f in writer.files_in(source, folder)}
            file_id = ids[path.partition(b"/")[2]]
            if draw.random() < 0.8:
                content = hash_of(number)
                writer.measured([Measured(file_id, content_hash=content)])


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library of everything that views tell apart; for all tests the same."""
    path = tmp_path_factory.mktemp("views") / "library.db"
    with Library.open(path) as library:
        _mark(library)
        yield library


def _mark(library: Library) -> None:
    draw = random.Random(11)
    fill(library, draw)
    add_tags(library)
    for number in range(1, MANY + 1):
        if draw.random() < 0.3:
            star(library, number)
        if draw.random() < 0.5:
            tag(library, number, *draw.sample(range(1, 6), draw.randint(1, 3)))
    with closing(library.reader()) as reader:
        ids = [note.row.id for note in reader.all_notes(states=[NoteState.READY])]
    library.user.set_played(ids[::3], Played.PLAYED)
    library.user.set_played(ids[1::5], Played.HALF)
    assert library.user.flush()


@pytest.fixture
def zone() -> Iterator[Callable[[str], None]]:
    """Give a way to move to another time zone, and come back."""
    before = os.environ.get("TZ")

    def move(name: str) -> None:
        os.environ["TZ"] = name
        time.tzset()

    yield move
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


def tags_of(library: Library) -> dict[str, list[str]]:
    """Read the tags of each recording, by its hash."""
    with closing(sqlite3.connect(library.path)) as connection:
        rows = connection.execute(
            "SELECT hash, name FROM tagged JOIN tag ON tag.id = tag_id"
        ).fetchall()
    found: dict[str, list[str]] = {}
    for content, name in rows:
        text = name
        if isinstance(name, bytes):
            text = name.decode("utf-8", "surrogatepass")
        found.setdefault(content.hex(), []).append(text)
    return found


def number_of(by: GroupBy, note: Note) -> int:
    """Tell the number of a group by time."""
    day = wall_clock(note.row).date()
    if by is GroupBy.WEEK:
        return day.isocalendar().year * 100 + day.isocalendar().week
    month = day.year * 100 + day.month
    return month * 100 + day.day if by is GroupBy.DAY else month


def expected(library: Library, by: GroupBy, notes: list[Note]) -> dict[str, list[Note]]:
    """Group notes in plain Python, by label or number."""
    tags = tags_of(library)
    found: dict[str, list[Note]] = {}
    for note in notes:
        if by is GroupBy.SENDER:
            names = [note.row.sender or ""]
        elif by is GroupBy.SOURCE:
            names = [{1: "one", 2: "two"}[int(note.source_id)]]
        elif by is GroupBy.TAG:
            own = tags.get(note.recording or "", [])
            names = [
                name
                for name in TAGS
                if any(f"{t.lower()}/".startswith(f"{name.lower()}/") for t in own)
            ] or [""]
        else:
            names = [str(number_of(by, note))]
        for name in names:
            found.setdefault(name, []).append(note)
    return found


def key_of(note: Note, sort: Sort) -> int:
    """Tell the sort key of a note."""
    row = note.row
    return {
        Sort.NEWEST: row.order_ms,
        Sort.OLDEST: -row.order_ms,
        Sort.LONGEST: row.duration_ms or 0,
        Sort.UNPLAYED: row.order_ms + ((1 << 61) if row.played < 2 else 0),
    }[sort]


def check_group(
    reader: Reader, group: Group, notes: list[Note], ids: list[NoteId]
) -> None:
    """Compare all that is told of one group with its notes."""
    for sort in Sort:
        wanted = sorted(((key_of(n, sort), n.row.id) for n in notes), reverse=True)
        keys = reader.keys(group, sort)
        assert list(zip(keys.order_ms, keys.ids, strict=True)) == wanted
        members = reader.members(group, ids, sort)
        assert members == {note_id: key for key, note_id in wanted}
    assert reader.group_totals(group) == (
        len(notes),
        sum(note.row.played < 2 for note in notes),
        sum(note.row.duration_ms or 0 for note in notes),
    )


@pytest.mark.parametrize(
    ("by", "name"),
    [
        *((by, "UTC") for by in (GroupBy.SENDER, GroupBy.TAG, GroupBy.SOURCE)),
        *((by, name) for by in (GroupBy.WEEK, GroupBy.MONTH) for name in ZONES[:3]),
        *((GroupBy.DAY, name) for name in ZONES),
    ],
)
def test_buckets_keys_and_members_are_those_of_plain_python(
    full: Library,
    zone: Callable[[str], None],
    by: GroupBy,
    name: str,
) -> None:
    """Each note is in its groups, with the same totals everywhere."""
    zone(name)
    with closing(full.reader()) as reader:
        states = [NoteState.READY, NoteState.UNREADABLE]
        notes = list(reader.all_notes(states=states))
        ids = [note.row.id for note in reader.all_notes(states=list(NoteState))]
        wanted = expected(full, by, notes)
        buckets = reader.buckets(by)
        labels = [bucket.label or str(bucket.group.number or "") for bucket in buckets]
        assert sorted(labels) == sorted(wanted)
        for bucket, label in zip(buckets, labels, strict=True):
            some = wanted[label]
            check_group(reader, bucket.group, some, ids)
            assert bucket[2:5] == reader.group_totals(bucket.group)
            assert bucket.last_ms == max(note.row.order_ms for note in some)
        last = [bucket.last_ms for bucket in buckets]
        assert last == sorted(last, reverse=True)


def test_chats_are_known_without(full: Library) -> None:
    """There are no buckets by chat."""
    with closing(full.reader()) as reader:
        assert reader.buckets(GroupBy.CHAT) == []


def test_starred_notes_are_those_whose_recording_is(full: Library) -> None:
    """Of sources that are there, and not while they are only partly there."""
    with closing(sqlite3.connect(full.path)) as connection:
        stars = {
            row[0].hex()
            for row in connection.execute("SELECT hash FROM mark WHERE star = 1")
        }
    with closing(full.reader()) as reader:
        states = [NoteState.READY, NoteState.UNREADABLE]
        notes = [n for n in reader.all_notes(states=states) if n.recording in stars]
        assert 10 < len(notes) < len(stars)
        ids = [note.row.id for note in reader.all_notes(states=list(NoteState))]
        check_group(reader, Group(GroupKind.STARRED), notes, ids)


@pytest.mark.parametrize(
    "kind", [GroupKind.UNPLAYED, GroupKind.RECENT, GroupKind.PROBLEMS, GroupKind.CHAT]
)
def test_older_groups_come_in_every_order(full: Library, kind: GroupKind) -> None:
    """With the notes that they have by time."""
    with closing(full.reader()) as reader:
        group = Group(kind)
        if kind is GroupKind.CHAT:
            group = Group(kind, reader.chats()[0].id)
        newest = reader.keys(group)
        notes = list(reader.notes(newest.ids))
        assert len(notes) > 3
        for sort in Sort:
            wanted = sorted(((key_of(n, sort), n.row.id) for n in notes), reverse=True)
            keys = reader.keys(group, sort)
            assert list(zip(keys.order_ms, keys.ids, strict=True)) == wanted
            if kind is not GroupKind.RECENT:
                members = reader.members(group, [n.row.id for n in notes], sort)
                assert members == {note_id: key for key, note_id in wanted}


def test_a_month_of_a_chat_comes_in_every_order(full: Library) -> None:
    """As a chat does."""
    with closing(full.reader()) as reader:
        chat = reader.chats()[0]
        month = max(reader.months(chat.id), key=lambda each: each.notes)
        group = Group(GroupKind.MONTH, chat.id, month.month)
        by_time = [NoteId(note_id) for note_id in reader.keys(group).ids]
        assert sorted(reader.keys(group, Sort.OLDEST).ids) == sorted(by_time)
        assert sorted(reader.members(group, by_time)) == sorted(by_time)


@pytest.mark.parametrize(
    "group",
    [
        Group(GroupKind.TAG, number=99),
        Group(GroupKind.SENDER, number=99),
        Group(GroupKind.SOURCE, number=99),
        Group(GroupKind.SAVED, number=99),
        Group(GroupKind.DAY, number=20240230),
        Group(GroupKind.WEEK, number=202460),
        Group(GroupKind.CALENDAR, number=202413),
        Group(GroupKind.DAY, number=10**12),
        Group(GroupKind.DAY, number=NO_DATE),
        Group(GroupKind.SEARCH, query="fromm:Ana"),
        Group(GroupKind.SEARCH, query='"'),
    ],
    ids=lambda group: f"{group.kind.name}-{group.number}-{group.query}",
)
def test_what_there_is_not_has_no_notes(full: Library, group: Group) -> None:
    """Neither do queries that can't be understood."""
    with closing(full.reader()) as reader:
        assert list(reader.keys(group).ids) == []
        assert reader.members(group, [NoteId(1), NoteId(2)]) == {}
        assert reader.group_totals(group) == (0, 0, 0)


def test_a_damaged_file_time_has_no_date(library: Library) -> None:
    """A day that no calendar has, and one long before there were computers."""
    with closing(library.index_writer()) as writer:
        source = writer.add_source(b"/s", SourceKind.FOLDER, "s", 80, [])
        for at, ms in enumerate((-(10**17), 10**17, START_MS, -START_MS)):
            note = record(b"x/%d" % at, inode=at, sent_ms=ms, mtime_ns=1)
            put(writer, source, note)
    with closing(library.reader()) as reader:
        ids = [note.row.id for note in reader.all_notes(states=list(NoteState))]
        for by in (GroupBy.DAY, GroupBy.WEEK, GroupBy.MONTH):
            buckets = reader.buckets(by)
            none = next(b for b in buckets if b.group.number == NO_DATE)
            assert none.notes == 2
            assert sum(bucket.notes for bucket in buckets) == 4
            for bucket in buckets:
                assert len(reader.keys(bucket.group).ids) == bucket.notes
                assert len(reader.members(bucket.group, ids)) == bucket.notes


def test_what_the_user_sent_is_from_the_user(library: Library) -> None:
    """Also where only the direction is known; without such a sender it is nobody."""
    with closing(library.index_writer()) as writer:
        source = writer.add_source(b"/s", SourceKind.FOLDER, "s", 80, [])
        for at, sender in enumerate((None, None, "Ana")):
            way = Direction.SENT if at else Direction.UNKNOWN
            put(
                writer,
                source,
                record(b"x/%d" % at, inode=at, sender=sender, direction=way),
            )
        with closing(library.reader()) as reader:
            assert {b.label: b.notes for b in reader.buckets(GroupBy.SENDER)} == {
                "": 2,
                "Ana": 1,
            }
            put(
                writer,
                source,
                record(b"x/9", inode=9, sender="me", direction=Direction.SENT),
            )
            buckets = reader.buckets(GroupBy.SENDER)
            assert {b.label: b.notes for b in buckets} == {"": 1, "Ana": 1, "me": 2}
            mine = next(b.group for b in buckets if b.label == "me")
            assert len(reader.keys(mine).ids) == 2


def test_few_tags_among_many_notes(library: Library) -> None:
    """Another way leads to the same; a tag that nothing has is no group."""
    add_tags(library)
    with closing(library.index_writer()) as writer:
        source = writer.add_source(b"/s", SourceKind.FOLDER, "s", 80, [])
        notes = [record(b"x/%d" % at, inode=at) for at in range(1, 9)]
        put(writer, source, *notes)
        ids = {f.name: f.file_id for f in writer.files_in(source, b"x")}
        for at in (1, 2):
            content = hash_of(at)
            writer.measured([Measured(ids[b"%d" % at], content_hash=content)])
    tag(library, 1, 2, 3)
    with closing(library.reader()) as reader:
        buckets = reader.buckets(GroupBy.TAG)
        assert {bucket.label: bucket.notes for bucket in buckets} == {
            "work": 1,
            "work/clients": 1,
            "Work/Clients/A": 1,
            "": 7,
        }


def test_saved_searches_are_told_by_name(library: Library) -> None:
    """With the totals of their last count, whatever is in their names."""
    for name, query in (("b", "is:unplayed"), ("A", "x"), ("[/]\n", "-"), ("ä", '"')):
        run(
            library,
            "INSERT INTO saved_search(name, query, set_ms, notes, unplayed,"
            " duration_ms) VALUES (?, ?, 1, 3, 2, 1)",
            name,
            query,
        )
    run(
        library,
        "INSERT INTO saved_search(name, query, set_ms) VALUES (?, ?, 1)",
        b"caf\xed\xb3\xa9",
        b"caf\xed\xb3\xa9",
    )
    with closing(library.reader()) as reader:
        found = reader.saved_searches()
        assert [each.name for each in found] == ["[/]\n", "A", "b", "caf\udce9", "ä"]
        assert found[0][3:] == (3, 2, 1)
        assert found[3].query == "caf\udce9"


def test_a_saved_search_finds_what_its_query_does(full: Library) -> None:
    """As a search that was just typed, and as all notes that are there for no query."""
    run(full, "INSERT INTO saved_search(name, query, set_ms) VALUES ('x', 'len>20', 1)")
    with closing(full.reader()) as reader:
        states = [NoteState.READY, NoteState.UNREADABLE]
        notes = list(reader.all_notes(states=states))
        ids = [note.row.id for note in reader.all_notes(states=list(NoteState))]
        long = [note for note in notes if (note.row.duration_ms or 0) > 20_000]
        check_group(reader, Group(GroupKind.SAVED, number=1), long, ids)
        check_group(reader, Group(GroupKind.SEARCH, query="len>20"), long, ids)
        check_group(reader, Group(GroupKind.SEARCH), notes, ids)


def test_the_history_is_told_backwards(library: Library) -> None:
    """The last search first, and no more than were asked for."""
    for at, query in enumerate(("one", "two", "three")):
        run(library, "INSERT INTO search_history VALUES (?, ?)", query, at)
    with closing(library.reader()) as reader:
        assert reader.search_history() == ["three", "two", "one"]
        assert reader.search_history(1) == ["three"]


def test_many_notes_are_asked_of_at_once(library: Library) -> None:
    """More than a statement can have values."""
    with closing(library.reader()) as reader:
        many = [NoteId(number) for number in range(1, 40_000)]
        assert reader.members(Group(GroupKind.UNPLAYED), many) == {}
        assert reader.members(Group(GroupKind.UNPLAYED), []) == {}


@pytest.mark.parametrize("span", ["day", "week", "month"])
def test_days_and_numbers_are_each_others_inverse(span: str) -> None:
    """The days of a group's number are those with this number."""
    day = date(2019, 12, 20)
    while day < date(2021, 1, 20):
        number = day_number(day.toordinal(), span)
        first, last = days_of(number, span)
        assert first <= day.toordinal() <= last
        assert day_number(first - 1, span) != number != day_number(last + 1, span)
        day += timedelta(days=1)
    assert day_number(FIRST_DAY - 1, span) == NO_DATE
    first, last = days_of(-1, span)
    assert last < first
