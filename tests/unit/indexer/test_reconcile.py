"""The difference between records and files: every hard case in a table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.indexer._reconcile import MovedFiles, compare
from tui.indexer._walk import Entry
from tui.library import FileRecord
from tui.model import NoteState


def _record(
    file_id: int,
    name: bytes = b"a.opus",
    *,
    folder: bytes = b"w",
    size: int = 10,
    mtime_ns: int = 100,
    inode: int = 7,
) -> FileRecord:
    return FileRecord(
        file_id, file_id, folder, name, size, mtime_ns, inode, NoteState.READY
    )


def _entry(
    name: bytes = b"a.opus",
    *,
    folder: bytes = b"w",
    size: int = 10,
    mtime_ns: int = 100,
    inode: int = 7,
) -> Entry:
    return Entry(folder, name, size, mtime_ns, inode)


_CASES: dict[str, tuple[list[FileRecord], list[Entry], dict[str, list[object]]]] = {
    "nothing": ([], [], {}),
    "unchanged": ([_record(1)], [_entry()], {"same": [1]}),
    "new": ([], [_entry()], {"new": [b"a.opus"]}),
    "gone": ([_record(1)], [], {"gone": [1]}),
    "same name, other inode": (
        [_record(1)],
        [_entry(inode=8)],
        {"changed": [(1, b"a.opus")]},
    ),
    "time only": ([_record(1)], [_entry(mtime_ns=101)], {"changed": [(1, b"a.opus")]}),
    "older time": ([_record(1)], [_entry(mtime_ns=9)], {"changed": [(1, b"a.opus")]}),
    "other size": ([_record(1)], [_entry(size=11)], {"changed": [(1, b"a.opus")]}),
    "renamed": (
        [_record(1)],
        [_entry(b"b.opus")],
        {"new": [b"b.opus"], "gone": [1]},
    ),
    "other case": (
        [_record(1)],
        [_entry(b"A.OPUS")],
        {"new": [b"A.OPUS"], "gone": [1]},
    ),
    "exchanged names": (
        [_record(1, b"a", inode=1), _record(2, b"b", inode=2)],
        [_entry(b"a", inode=2), _entry(b"b", inode=1)],
        {"changed": [(1, b"a"), (2, b"b")]},
    ),
    "a renamed over b": (
        [_record(1, b"a", inode=1), _record(2, b"b", inode=2)],
        [_entry(b"b", inode=1)],
        {"changed": [(2, b"b")], "gone": [1]},
    ),
    "conflict copy beside its base": (
        [_record(1)],
        [_entry(), _entry(b"a.sync-conflict-20240101-120000-ABCDEFG.opus", inode=8)],
        {"same": [1], "new": [b"a.sync-conflict-20240101-120000-ABCDEFG.opus"]},
    ),
    "hard link": (
        [_record(1)],
        [_entry(), _entry(b"b.opus")],
        {"same": [1], "new": [b"b.opus"]},
    ),
    "became a folder": ([_record(1)], [], {"gone": [1]}),
    "a name that is no text": (
        [_record(1, b"\xff.opus")],
        [_entry(b"\xff.opus")],
        {"same": [1]},
    ),
}


@pytest.mark.parametrize("case", _CASES)
def test_compare(case: str) -> None:
    """Each case gives exactly this difference."""
    records, entries, expected = _CASES[case]
    found = compare(records, entries)
    assert [e.name for e in found.new] == expected.get("new", [])
    assert [r.file_id for r, _ in found.same] == expected.get("same", [])
    assert [r.file_id for r in found.gone] == expected.get("gone", [])
    changed = [(r.file_id, e.name) for r, e in found.changed]
    assert changed == expected.get("changed", [])


def test_a_moved_file_is_claimed_by_inode_size_and_time() -> None:
    """A file that turns up elsewhere is the record that lost its file."""
    moved = MovedFiles()
    moved.add([_record(1)])
    assert moved.claim(_entry(b"b.opus", folder=b"x", size=11)) is None
    assert moved.claim(_entry(b"b.opus", folder=b"x", mtime_ns=101)) is None
    assert moved.claim(_entry(b"b.opus", folder=b"x", inode=8)) is None
    record = moved.claim(_entry(b"b.opus", folder=b"x"))
    assert record is not None
    assert record.file_id == 1
    assert moved.claim(_entry(b"b.opus", folder=b"x")) is None
    assert len(moved) == 0


def test_names_tell_hard_links_apart() -> None:
    """Of records with the same inode, the one with the same name is taken."""
    moved = MovedFiles()
    moved.add([_record(1, b"a"), _record(2, b"b"), _record(3, b"C")])
    assert [
        record.file_id
        for name in (b"b", b"c", b"z")
        if (record := moved.claim(_entry(name, folder=b"x")))
    ] == [2, 3, 1]


def test_without_inodes_the_name_must_agree() -> None:
    """On a file system without inodes, size and time alone prove nothing."""
    moved = MovedFiles()
    moved.add([_record(1, b"a", inode=0)])
    assert moved.claim(_entry(b"b", inode=0)) is None
    assert moved.claim(_entry(b"A", folder=b"x", inode=0)) is not None


def test_what_was_not_claimed_is_given_up() -> None:
    """The rest is handed back once."""
    moved = MovedFiles()
    moved.add([_record(1), _record(2, b"b", inode=9)])
    moved.claim(_entry(b"c"))
    assert [record.file_id for record in moved.take_all()] == [2]
    assert moved.take_all() == []


_names = st.sampled_from([b"a", b"b", b"c", b"d", b"E", b"e"])
_stats = st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 4))


@given(
    st.dictionaries(_names, _stats, max_size=6),
    st.dictionaries(_names, _stats, max_size=6),
)
def test_every_file_and_record_has_one_fate(
    known: dict[bytes, tuple[int, int, int]], seen: dict[bytes, tuple[int, int, int]]
) -> None:
    """Nothing is lost and nothing told twice, whatever happened to a folder."""
    records = [
        _record(i, name, size=s, mtime_ns=m, inode=n)
        for i, (name, (s, m, n)) in enumerate(known.items())
    ]
    entries = [
        _entry(name, size=s, mtime_ns=m, inode=n) for name, (s, m, n) in seen.items()
    ]
    found = compare(records, entries)
    kept = [r.file_id for r, _ in (*found.same, *found.changed)]
    assert sorted(kept + [r.file_id for r in found.gone]) == list(range(len(records)))
    told = [e.name for _, e in (*found.same, *found.changed)]
    assert sorted(told + [e.name for e in found.new]) == sorted(seen)
    moved = MovedFiles()
    moved.add(found.gone)
    claimed = [r for e in found.new if (r := moved.claim(e))]
    rest = moved.take_all()
    assert len(claimed) + len(rest) == len(found.gone)
