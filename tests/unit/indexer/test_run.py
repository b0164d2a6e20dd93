"""Jobs on a real folder: scans, hints and second looks."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.notes import hostile_names, opus_note, silent_video
from tui.media import Probe, Wholeness
from tui.model import NoteState

if TYPE_CHECKING:
    from tests.unit.indexer.conftest import Place

WHOLE = opus_note(0.5)
OPEN = opus_note(0.5, eos=False)
"""Whole, but without the mark of the end: more might follow."""

READY, PARTIAL = NoteState.READY, NoteState.PARTIAL
UNREADABLE = NoteState.UNREADABLE


def test_first_scan_finds_everything(place: Place) -> None:
    """Each file is in the library with its state and length."""
    place.put("202401/PTT-20240101-WA0000.opus", WHOLE, age_s=99)
    place.put("202402/b.opus", OPEN, age_s=99)
    place.put("cut.opus", WHOLE[:-20], age_s=99)
    place.put("text.opus", b"hello, this is text", age_s=99)
    place.put("empty.opus", b"", age_s=99)
    place.put("notes.txt", b"no note", age_s=99)
    place.put(".hidden.opus", WHOLE, age_s=99)
    place.put("film.mp4", silent_video(1.0), age_s=99)
    counts = place.scan()
    assert place.shown == {
        b"202401/PTT-20240101-WA0000.opus": READY,
        b"202402/b.opus": READY,
        b"cut.opus": PARTIAL,
        b"text.opus": UNREADABLE,
        b"empty.opus": PARTIAL,
    }
    assert counts.folders == 3
    assert counts.added == counts.files
    note = next(n for n in place.writer.notes.values() if n.name == b"b.opus")
    assert note.duration_ms == pytest.approx(500, abs=60)
    assert note.container == "ogg/opus"


def test_nothing_is_written_when_nothing_changed(place: Place) -> None:
    """A second scan, quick or full, costs no transaction."""
    place.put("202401/a.opus", WHOLE, age_s=99)
    place.scan()
    place.reopen()
    commits = place.writer.commits
    assert place.scan().writes == 0
    counts = place.scan(full=True)
    assert (counts.writes, counts.files) == (0, 1)
    assert place.writer.commits == commits


def test_a_full_scan_counts_once(place: Place) -> None:
    """A folder that changed is read once, also when all folders are."""
    place.put("202401/a.opus", WHOLE, age_s=99)
    gone = place.put("202401/b.opus", WHOLE, age_s=99)
    (place.root / "202401" / "loop.opus").symlink_to("loop.opus")
    place.scan()
    place.problems.clear()
    gone.unlink()
    os.utime(place.root / "202401", (1, 1))
    counts = place.scan(full=True)
    assert (counts.folders, counts.files, counts.gone) == (2, 1, 1)
    assert [problem.path for problem in place.problems] == [b"202401/loop.opus"]


def test_names_first_takes_old_files_unseen(place: Place) -> None:
    """At a first scan old files are shown before anybody looks into them."""
    place.put("old.opus", WHOLE[:-20], age_s=61)
    place.put("new.opus", WHOLE[:-20], age_s=30)
    place.put("nobody-knows", WHOLE, age_s=99)
    place.scan(full=True, names_first=True)
    assert place.shown[b"old.opus"] is READY
    assert place.shown[b"new.opus"] is PARTIAL
    lengths = {n.name: n.duration_ms for n in place.writer.notes.values()}
    assert lengths[b"old.opus"] is None


def test_hostile_names_are_indexed(place: Place) -> None:
    """No name stops anything."""
    root = os.fsencode(place.root)
    for name in hostile_names():
        with open(root + b"/" + name, "wb") as file:
            file.write(WHOLE)
    place.scan()
    assert set(place.shown) == set(hostile_names())
    assert set(place.shown.values()) == {READY}


def test_a_whole_file_is_shown_at_once(place: Place) -> None:
    """A file that proves its end does not wait."""
    place.scan()
    place.put("a.opus", WHOLE)
    assert place.visit(b"a.opus").added == 1
    assert place.shown == {b"a.opus": READY}


def test_a_file_that_looks_whole_waits(place: Place) -> None:
    """Without the mark of the end, it has to stay as it is for a while."""
    place.scan()
    place.put("a.opus", OPEN)
    place.visit(b"a.opus")
    assert place.shown == {}
    assert place.relook() is None
    place.now_s += 1.6
    assert place.relook() is not None
    assert place.shown == {b"a.opus": READY}
    assert place.relook() is None


def test_renamed_into_place_is_shown_at_once(place: Place) -> None:
    """A file that was seen under a temporary name is whole after the rename."""
    place.scan()
    temporary = place.put(".syncthing.a.opus.tmp", OPEN)
    place.visit(b".syncthing.a.opus.tmp")
    temporary.rename(place.root / "a.opus")
    place.visit(b".syncthing.a.opus.tmp", b"a.opus")
    assert place.shown == {b"a.opus": READY}


def test_renamed_between_two_looks(place: Place) -> None:
    """When only the name of the temporary file was seen, that is enough."""
    place.scan()
    place.put("a.opus", OPEN)
    place.visit(b".syncthing.a.opus.tmp", b"a.opus")
    assert place.shown == {b"a.opus": READY}


def test_a_slow_write_is_never_shown_before_it_is_whole(place: Place) -> None:
    """Page by page in place: hidden, then a problem, then ready."""
    place.scan()
    path = place.put("a.opus", b"")
    for end in range(100, len(WHOLE), 400):
        place.put("a.opus", WHOLE[:end])
        place.now_s += 1.0
        place.visit(b"a.opus")
        place.relook()
        assert READY not in place.shown.values()
    place.now_s += 30.0
    place.relook()
    assert place.shown == {b"a.opus": PARTIAL}
    path.write_bytes(WHOLE)
    place.visit(b"a.opus")
    assert place.shown == {b"a.opus": READY}
    assert len(place.writer.records) == 1


def test_a_cut_file_is_taken_when_it_was_completed_unseen(place: Place) -> None:
    """The back-off finds what no event told."""
    place.scan()
    place.put("a.opus", WHOLE[:-20], age_s=2)
    place.visit(b"a.opus")
    assert place.shown == {b"a.opus": PARTIAL}
    place.put("a.opus", WHOLE)
    place.now_s += 1.6
    place.relook()
    assert place.shown == {b"a.opus": READY}


def test_a_waiting_file_that_vanished_is_forgotten(place: Place) -> None:
    """Nothing waits for ever for a file that is gone."""
    place.scan()
    path = place.put("a.opus", OPEN)
    place.visit(b"a.opus")
    path.unlink()
    place.now_s += 2
    place.relook()
    assert len(place.index.settler) == 0
    assert place.shown == {}


def test_moves_keep_the_record(place: Place) -> None:
    """Renamed, moved to another folder, moved with its folder: the same file."""
    path = place.put("w1/a.opus", WHOLE, age_s=99)
    place.put("w2/b.opus", opus_note(0.7), age_s=99)
    place.scan()
    (file_id,) = (i for i, r in place.writer.records.items() if r.name == b"a.opus")
    path = path.rename(place.root / "w1" / "A.opus")
    place.visit(b"w1/a.opus", b"w1/A.opus")
    assert set(place.shown) == {b"w1/A.opus", b"w2/b.opus"}
    path = path.rename(place.root / "w2" / "c.opus")
    place.visit(b"w1/A.opus", b"w2/c.opus")
    assert set(place.shown) == {b"w2/b.opus", b"w2/c.opus"}
    path.parent.rename(place.root / "w3")
    place.visit(b"w2", b"w3")
    assert set(place.shown) == {b"w3/b.opus", b"w3/c.opus"}
    assert place.writer.records[file_id].name == b"c.opus"
    assert len(place.writer.records) == 2
    assert b"w2" not in place.index.times


@pytest.mark.parametrize("full", [False, True])
def test_a_scan_finds_moves(place: Place, full: bool) -> None:
    """What moved while nobody watched is still the same file."""
    place.put("w1/a.opus", WHOLE, age_s=99)
    place.put("w2/b.opus", opus_note(0.7), age_s=99)
    place.scan()
    (place.root / "w1" / "a.opus").rename(place.root / "w2" / "a.opus")
    (place.root / "w2").rename(place.root / "w0")
    place.reopen()
    counts = place.scan(full=full)
    assert set(place.shown) == {b"w0/a.opus", b"w0/b.opus"}
    assert len(place.writer.records) == 2
    assert (counts.added, counts.changed, counts.gone) == (0, 2, 0)


def test_a_file_that_went_away_and_came_back(place: Place) -> None:
    """A missing file is hidden, and is itself again when it returns."""
    path = place.put("w/a.opus", WHOLE, age_s=99)
    place.put("b.opus", WHOLE, age_s=99)
    place.scan()
    elsewhere = path.rename(place.root.parent / "away")
    assert place.visit(b"w/a.opus").gone == 1
    assert set(place.shown) == {b"b.opus"}
    elsewhere.rename(place.root / "again.opus")
    place.visit(b"again.opus")
    assert set(place.shown) == {b"b.opus", b"again.opus"}
    assert len(place.writer.records) == 2


def test_deleting_needs_a_second_look(place: Place) -> None:
    """A file that is back at the second look was never gone."""
    path = place.put("a.opus", WHOLE, age_s=99)
    place.put("b.opus", WHOLE, age_s=99)
    place.scan()
    path.unlink()
    os.utime(place.root, (5, 5))  # changed for sure, however coarse the clock is
    steps = place.index.scan(full=True, names_first=False)
    next(steps)
    place.put("a.opus", WHOLE)
    list(steps)
    assert set(place.shown) == {b"a.opus", b"b.opus"}


def test_an_empty_root_hides_nothing_as_gone(place: Place) -> None:
    """A disk that is not mounted leaves an empty folder: nothing is told as gone."""
    place.put("w/a.opus", WHOLE, age_s=99)
    place.put("b.opus", WHOLE, age_s=99)
    place.scan()
    away = place.root.parent / "away"
    place.root.rename(away)
    assert "not there" in place.index.absence()
    place.root.mkdir()
    assert "not mounted" in place.index.absence()
    for counts in (place.visit(b"b.opus"), place.scan(), place.scan(full=True)):
        assert counts.gone == 0
        assert "not mounted" in counts.absence
    assert set(place.shown) == {b"w/a.opus", b"b.opus"}
    place.root.rmdir()
    away.rename(place.root)
    assert place.index.absence() == ""
    assert place.scan().writes == 0


def test_a_root_that_is_no_folder(place: Place) -> None:
    """A file in place of the root is told in words."""
    place.root.rmdir()
    place.root.write_bytes(b"x")
    assert "no folder" in place.index.absence()


def test_a_file_became_a_folder_and_back(place: Place) -> None:
    """Neither keeps the other's place."""
    path = place.put("x.opus", WHOLE, age_s=99)
    place.put("keep.opus", WHOLE, age_s=99)
    place.scan()
    path.unlink()
    place.put("x.opus/inner.opus", WHOLE, age_s=99)
    place.visit(b"x.opus")
    assert set(place.shown) == {b"keep.opus", b"x.opus/inner.opus"}
    shutil.rmtree(path)
    place.put("x.opus", opus_note(0.9), age_s=99)
    place.visit(b"x.opus")
    assert set(place.shown) == {b"keep.opus", b"x.opus"}


def test_a_new_folder_is_read_with_all_below(place: Place) -> None:
    """Only the top of a tree that was moved in is ever reported."""
    place.scan()
    place.put("n/m/deep/a.opus", WHOLE, age_s=99)
    place.visit(b"n")
    assert set(place.shown) == {b"n/m/deep/a.opus"}
    place.put("q/r/b.opus", WHOLE, age_s=99)
    place.visit(b"q/r/b.opus")
    assert set(place.shown) == {b"n/m/deep/a.opus", b"q/r/b.opus"}
    place.put("n/new/c.opus", WHOLE, age_s=99)
    place.visit(folders={b"n"})
    assert b"n/new/c.opus" in place.shown


def test_hints_behind_links_and_in_ignored_folders(place: Place) -> None:
    """What the walk would not find is not taken by a hint either."""
    place.scan()
    place.put(".stversions/a.opus", WHOLE, age_s=99)
    outside = place.root.parent / "outside"
    outside.mkdir()
    (outside / "b.opus").write_bytes(WHOLE)
    (place.root / "link").symlink_to(outside)
    place.visit(
        b".stversions/a.opus", b".stversions", b"link/b.opus", b"link", b"no/such/x"
    )
    assert place.shown == {}


def test_in_place_changes_are_found_by_a_full_scan(place: Place) -> None:
    """The time of the folder does not tell; size and time of the file do."""
    place.put("a.opus", WHOLE, age_s=99)
    place.scan()
    place.put("a.opus", b"not sound any more", age_s=50)
    place.reopen()
    assert place.scan().writes == 0
    assert place.scan(full=True).changed == 1
    assert place.shown == {b"a.opus": UNREADABLE}


def test_a_touched_file_is_looked_at_again(place: Place) -> None:
    """Another time alone means that something was written, perhaps."""
    place.put("a.opus", WHOLE, age_s=99)
    place.scan()
    place.put("a.opus", WHOLE, age_s=50)
    assert place.visit(b"a.opus").changed == 1
    assert place.shown == {b"a.opus": READY}


def test_a_file_that_may_not_be_read(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is shown with the reason, and ready once it can be read."""
    place.put("a.opus", WHOLE, age_s=99)
    real = place.index.tools.open_file

    def refuse(path: bytes) -> int:
        raise PermissionError(13, "Permission denied", path)

    object.__setattr__(place.index.tools, "open_file", refuse)
    place.scan()
    assert place.shown == {b"a.opus": UNREADABLE}
    (note,) = place.writer.notes.values()
    assert note.reason == "can't be read: permission denied"
    object.__setattr__(place.index.tools, "open_file", real)
    place.visit(b"a.opus")
    assert place.shown == {b"a.opus": READY}


def test_an_unreadable_folder_loses_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of a folder that may not be read stay; the problem is reported."""
    place.put("w/a.opus", WHOLE, age_s=99)
    place.put("b.opus", WHOLE, age_s=99)
    place.scan()
    real = os.scandir

    def refuse(path: bytes) -> object:
        if path.endswith(b"/w"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr("tui.indexer._walk.os.scandir", refuse)
    counts = place.scan(full=True)
    assert set(place.shown) == {b"w/a.opus", b"b.opus"}
    assert counts.problem_count == 1
    assert [(p.path, p.reason) for p in place.problems] == [(b"w", "permission denied")]


def test_a_scan_that_was_cut_off_is_taken_up(place: Place) -> None:
    """A folder whose new folders were not read yet has no time yet."""
    for name in ("w1/a.opus", "w2/b.opus", "w2/x/c.opus"):
        place.put(name, WHOLE, age_s=99)
    place.scan()
    place.put("w3/y/d.opus", WHOLE, age_s=99)
    steps = place.index.scan(full=False, names_first=False)
    next(steps)
    next(steps)
    steps.close()  # type: ignore[attr-defined]  # a generator, as any iterator of steps
    place.reopen()
    place.scan()
    assert b"w3/y/d.opus" in place.shown


def test_a_big_folder_is_not_read_again_and_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep puts off a folder that took long, in proportion."""
    monkeypatch.setattr("tui.indexer._source._SLOW_READ_S", 0.0)
    monkeypatch.setattr("tui.indexer._source._READ_SHARE", 1e6)
    place.scan()
    place.put("a.opus", WHOLE, age_s=99)
    place.visit(folders={b""})
    place.put("b.opus", WHOLE, age_s=99)
    place.visit(folders={b""})
    assert set(place.shown) == {b"a.opus"}
    place.now_s += 10_000
    place.visit(folders={b""})
    assert set(place.shown) == {b"a.opus", b"b.opus"}


def test_thousands_of_files_are_written_in_parts(place: Place) -> None:
    """No transaction holds more than some hundred files, none of them is lost."""
    for number in range(1100):
        place.put(f"w/{number}.opus", WHOLE, age_s=99)
    steps = list(place.index.scan(full=True, names_first=False))
    assert len(place.shown) == 1100
    assert len(steps) >= 3


def test_small_folders_share_transactions(place: Place) -> None:
    """A few files are written soon, then ever more folders at once."""
    for number in range(300):
        place.put(f"w{number // 10}/{number}.opus", WHOLE, age_s=99)
    written = [
        counts.writes for counts in place.index.scan(full=True, names_first=False)
    ]
    assert len(place.shown) == 300
    assert written[0] < 100
    assert place.writer.commits < 10


def test_nothing_waits_to_be_written_in_a_pause(place: Place) -> None:
    """What was seen before a pause could be out of date after it."""
    for number in range(150):
        place.put(f"w{number // 10}/{number}.opus", WHOLE, age_s=99)
    for counts in place.index.scan(full=True, names_first=False):
        assert counts.writes == counts.added == len(place.shown)


def test_slow_files_are_written_before_there_are_many(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a slow disk each folder is written when it was read."""
    monkeypatch.setattr("tui.indexer._unwritten._AFTER_S", 0.0)
    for number in range(5):
        place.put(f"w{number}/a.opus", WHOLE, age_s=99)
    place.scan()
    assert place.writer.commits >= 5


def _tell(place: Place, probe: Probe, measured: Probe | None = None) -> None:
    """Have every look tell this."""

    def measure(_path: bytes) -> Probe:
        if measured is None:
            raise FileNotFoundError
        return measured

    place.index.tools = replace(
        place.index.tools, probe=lambda _fd, _size: probe, measure=measure
    )


_SOUND = Probe("mp4", Wholeness.PROVEN, 500)
_UNSURE = Probe("mp4", Wholeness.PROVEN, None)


@pytest.mark.parametrize("names_first", [True, False])
@pytest.mark.parametrize(
    ("probe", "measured", "is_note"),
    [
        (_SOUND, None, True),
        (_SOUND._replace(has_video=True), None, False),
        (_SOUND._replace(has_audio=False), None, False),
        (_SOUND._replace(wholeness=Wholeness.CUT, has_video=True), None, False),
        (_UNSURE, _SOUND, True),
        (_UNSURE, _SOUND._replace(has_video=True), False),
        (_UNSURE, _UNSURE._replace(has_audio=False), False),
        (_UNSURE, None, True),
    ],
)
def test_a_film_is_no_note(
    place: Place, probe: Probe, measured: Probe | None, is_note: bool, names_first: bool
) -> None:
    """A suffix that films have too makes a note only without a picture."""
    place.put("film.mp4", b"x" * 100, age_s=99)
    place.put("sound.m4a", b"x" * 100, age_s=99)
    _tell(place, probe, measured)
    place.scan(full=True, names_first=names_first)
    assert (b"film.mp4" in place.shown) == is_note
    assert b"sound.m4a" in place.shown
    if is_note and measured:
        (note,) = (n for n in place.writer.notes.values() if n.name == b"film.mp4")
        assert note.duration_ms == 500  # it need not be measured again


def test_a_note_that_became_a_film_leaves(place: Place) -> None:
    """It was written over, or only now there is enough of it to tell."""
    place.put("film.mp4", b"x" * 100, age_s=99)
    _tell(place, _SOUND)
    place.scan()
    assert place.shown == {b"film.mp4": READY}
    place.put("film.mp4", b"x" * 200, age_s=98)
    _tell(place, _SOUND._replace(has_video=True))
    counts = place.visit(b"film.mp4")
    assert place.shown == {}
    assert (counts.gone, counts.writes) == (1, 1)


def test_a_video_note_keeps_its_picture(place: Place) -> None:
    """WhatsApp's folders hold nothing but notes."""
    name = "WhatsApp Video Notes/202401/VID-20240101-WA0000.mp4"
    place.put(name, b"x" * 100, age_s=99)
    _tell(place, _SOUND._replace(has_video=True))
    place.scan()
    assert place.shown == {name.encode(): READY}
