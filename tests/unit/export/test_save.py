"""Saving: whole or not at all, never over anything, and again only what is missing."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.support.child import ROOT
from tests.support.exported import SENT_MS, note_of, told_note
from tests.support.notes import opus_note
from tests.support.program import wait_until
from tests.support.zips import packed
from tui.errors import DataError
from tui.export import Options, Outcome, Saver, Steering, plan

if TYPE_CHECKING:
    from pathlib import Path

    from tui.export import Progress, Saved
    from tui.model import Note

COPIES = Options(template="{title}")


@dataclass
class Place:
    """A source with recordings, and a folder to save in."""

    source: Path
    target: Path
    progress: list[Progress] = field(default_factory=list)

    def note(self, name: str, data: bytes, title: str = "x") -> Note:
        """Make a note."""
        path = self.source / name
        path.write_bytes(data)
        return note_of(path, title=title)

    def saver(self) -> Saver:
        """Begin a run."""
        return Saver(COPIES, [os.fsencode(self.source)])

    def save(self, *notes: Note) -> list[Saved]:
        """Save notes."""
        made = plan(notes, self.target, COPIES)
        steering = Steering(self.progress.append)
        return list(self.saver().run(made, len(notes), steering=steering))

    def names(self) -> list[str]:
        """What is in the folder, also what is hidden."""
        return sorted(path.name for path in self.target.iterdir())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty source, and a folder that is not there yet."""
    (tmp_path / "source").mkdir()
    return Place(tmp_path / "source", tmp_path / "deep" / "out")


def outcomes(saved: list[Saved]) -> list[str]:
    """What became of the notes."""
    return [each.outcome.value for each in saved]


def test_originals_are_copied_with_the_time_of_the_message(place: Place) -> None:
    """Byte by byte; a second run finds them there and writes nothing."""
    notes = [place.note("a.opus", b"one"), place.note("b.opus", b"two" * 999_999)]
    saved = place.save(*notes)
    assert outcomes(saved) == ["saved", "saved"]
    assert place.names() == ["x (2).opus", "x.opus"]
    assert (place.target / "x.opus").read_bytes() == b"one"
    assert (place.target / "x (2).opus").read_bytes() == b"two" * 999_999
    assert (place.target / "x.opus").stat().st_mtime_ns == SENT_MS * 1_000_000
    assert [each.size for each in saved] == [3, 2_999_997]
    told = [(each.done, each.total, each.size) for each in place.progress]
    assert (told[0], told[-1]) == ((0, 2, 0), (1, 2, 3))
    assert told == sorted(told)
    before = (place.target / "x.opus").stat()
    assert outcomes(place.save(*notes)) == ["there", "there"]
    assert (place.target / "x.opus").stat() == before


def test_nothing_is_written_over(place: Place) -> None:
    """Not a file, a folder or a dead link; the next free name is the same again."""
    place.target.mkdir(parents=True)
    (place.target / "x.opus").write_bytes(b"other")
    (place.target / "x (2).opus").mkdir()
    (place.target / "x (3).opus").symlink_to("nowhere")
    notes = [place.note("a.opus", b"aaaaa"), place.note("b.opus", b"b")]
    first, second = place.save(*notes)
    assert (first.target.name, second.target.name) == ("x (4).opus", "x (5).opus")
    assert (place.target / "x.opus").read_bytes() == b"other"
    assert not (place.source.parent / "deep" / "out" / "nowhere").exists()
    assert outcomes(place.save(*notes)) == ["there", "there"]
    look = [place.saver().look(each) for each in plan(notes, place.target, COPIES)]
    assert [(each.target, each.outcome) for each in look] == [
        (first.target, Outcome.THERE),
        (second.target, Outcome.THERE),
    ]


def test_a_name_that_is_taken_meanwhile_stays_taken(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also on a file system without links."""
    real = os.link

    def link(source: Path, target: Path) -> None:
        if target.name == "x.opus" and not target.exists():
            target.write_bytes(b"quicker")
        real(source, target)

    monkeypatch.setattr(os, "link", link)
    assert place.save(place.note("a.opus", b"a"))[0].target.name == "x (2).opus"

    def no_link(_source: Path, target: Path) -> None:
        if target.name == "y.opus" and not target.exists():
            target.write_bytes(b"quicker")
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_link)
    saved = place.save(place.note("b.opus", b"b", "y"), place.note("c.opus", b"c", "z"))
    assert [each.target.name for each in saved] == ["y (2).opus", "z.opus"]
    assert saved[0].target.read_bytes() == b"b"
    assert (place.target / "y.opus").read_bytes() == b"quicker"
    names = ["x (2).opus", "x.opus", "y (2).opus", "y.opus", "z.opus"]
    assert place.names() == names


def test_two_runs_at_once_save_a_note_once(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slower one finds it there."""
    note = place.note("a.opus", b"a")
    real = os.fsync

    def other_first(fd: int) -> None:
        monkeypatch.setattr(os, "fsync", real)
        assert outcomes(place.save(note)) == ["saved"]
        real(fd)

    monkeypatch.setattr(os, "fsync", other_first)
    assert outcomes(place.save(note)) == ["there"]
    assert place.names() == ["x.opus"]


def test_a_recording_that_grows_meanwhile_is_not_saved(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of it would pass for all of it."""
    note = place.note("a.opus", b"a")
    real = os.copy_file_range

    def grow(fd: int, other: int, count: int) -> int:
        copied = real(fd, other, count)
        (place.source / "a.opus").write_bytes(b"abc")
        return copied

    monkeypatch.setattr(os, "copy_file_range", grow)
    (saved,) = place.save(note)
    assert saved.problem == f"{place.source}/a.opus: was changed while it was read"
    assert place.names() == []


def test_what_can_not_be_read_does_not_stop_the_others(place: Place) -> None:
    """A file that vanished is told with its path; an equal copy takes its place."""
    gone = place.note("gone.opus", b"g")
    moved = place.note("moved.opus", b"m")
    copy = note_of(place.source / "copy.opus").files[0]
    (place.source / "copy.opus").write_bytes(b"m")
    for name in ("gone.opus", "moved.opus"):
        (place.source / name).unlink()
    moved = moved._replace(files=(*moved.files, copy))
    saved = place.save(gone, told_note("cd" * 16), moved, place.note("a.opus", b"a"))
    assert outcomes(saved) == ["failed", "failed", "saved", "saved"]
    assert saved[0].problem == f"{place.source}/gone.opus: vanished"
    assert saved[1].problem == f"{'cd' * 16}: its file was never here"
    assert saved[2].target.read_bytes() == b"m"
    assert len(place.names()) == 2


def test_a_member_of_an_archive_is_saved(place: Place) -> None:
    """As if it lay in a folder."""
    data = opus_note(1)
    (place.source / "chat.zip").write_bytes(packed(("a/voice.opus", data)))
    note = note_of(place.source / "x.opus", title="x")
    file = note.files[0]._replace(path=b"chat.zip//a/voice.opus")
    (saved,) = place.save(note._replace(files=(file,)))
    assert saved.target.read_bytes() == data


@pytest.mark.parametrize("way", ["itself", "below", "link", "away", "template"])
def test_a_source_is_never_written_into(place: Place, way: str) -> None:
    """Whatever leads there."""
    note = place.note("a.opus", b"a")
    (place.source.parent / "link").symlink_to(place.source)
    roots, options = [place.source, place.source.parent / "away"], COPIES
    folder = {
        "itself": place.source,
        "below": place.source / "new" / "deep",
        "link": place.source.parent / "link" / "new",
        "away": place.source.parent / "away" / "new",
        "template": place.source.parent,
    }[way]
    if way == "template":
        options = Options(template="{title}/{n}")
        note = note._replace(row=note.row._replace(title="source"))
    saver = Saver(options, map(os.fsencode, roots))
    with pytest.raises(DataError, match="lies in the source"):
        list(saver.run(plan([note], folder, options)))
    with pytest.raises(DataError, match="lies in the source"):
        saver.look(next(plan([note], folder, options)))
    assert list(place.source.iterdir()) == [place.source / "a.opus"]
    assert not roots[1].exists()


def test_a_disk_that_can_not_copy_by_itself(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then it is read and written; whatever was copied before is not copied twice."""
    real = os.copy_file_range
    counts = iter([1000, 0])

    def half(fd: int, other: int, _count: int) -> int:
        if count := next(counts, 0):
            return real(fd, other, count)
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, "copy_file_range", half)
    data = bytes(range(256)) * 20
    (saved,) = place.save(place.note("a.opus", data))
    assert saved.target.read_bytes() == data


def test_it_ends_when_it_shall(place: Place) -> None:
    """What was done until then is there, and begun is only a little more."""
    notes = [place.note(f"{n}.opus", b"%d" % n) for n in range(150)]
    progress: list[Progress] = []
    steering = Steering(progress.append, lambda: bool(progress and progress[-1].done))
    run = place.saver().run(plan(notes, place.target, COPIES), 150, steering=steering)
    saved = list(run)
    assert 1 <= len(saved) < 100
    assert sorted(each.target.name for each in saved) == place.names()
    left = 150 - len(saved)
    again = outcomes(place.save(*notes))
    assert again == ["there"] * len(saved) + ["saved"] * left


def test_a_file_that_is_too_large_is_told_alone(place: Place) -> None:
    """FAT takes no more than 4 GB; the others fit."""
    notes = [place.note("big.opus", bytes(70_000)), place.note("a.opus", b"a", "y")]
    saved = limited(place, *notes)
    assert outcomes(saved) == ["failed", "saved"]
    assert saved[0].problem == f"{place.target}/x.opus: file too large"
    assert place.names() == ["y.opus"]


def limited(place: Place, *notes: Note) -> list[Saved]:
    """Save notes while no file may have more than 64 KB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, before[1]))
    try:
        return place.save(*notes)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, old)


def test_a_folder_that_can_not_be_made_is_told_alone(place: Place) -> None:
    """A path that is too long is one note's; the others are saved."""
    deep = "/".join(["{title}"] * 30)
    options = Options(template=f"{deep}/x")
    notes = [place.note("a.opus", b"a", "a" * 240), place.note("b.opus", b"b", "b")]
    saved = list(place.saver().run(plan(notes, place.target, options)))
    assert outcomes(saved) == ["failed", "saved"]
    assert saved[0].problem.endswith(": file name too long")


@pytest.mark.parametrize(
    ("number", "reason"),
    [(errno.ENOSPC, "no space left on device"), (errno.EROFS, "read-only file system")],
)
def test_a_disk_that_takes_nothing_ends_it(
    place: Place, monkeypatch: pytest.MonkeyPatch, number: int, reason: str
) -> None:
    """With one sentence that names the file, and nothing half-written."""
    notes = [place.note("a.opus", b"a"), place.note("b.opus", b"b", "y")]
    place.save(notes[0])
    real = os.fsync

    def full(fd: int) -> None:
        if os.fstat(fd).st_size == 1:
            raise OSError(number, os.strerror(number))
        real(fd)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match=reason) as told:
        place.save(*notes)
    assert told.value.message == f"{place.target}/y.opus: {reason}"
    assert place.names() == ["x.opus"]


KILLED = """
import os, sys
from pathlib import Path
from tests.support.exported import note_of
from tui.export import Options, Saver, plan
import tui.export._write as write
def stay(fd):
    print("writing", flush=True)
    sys.stdin.read()
source, target = map(Path, sys.argv[1:])
real = os.fsync
def sync(fd):
    stay(fd) if os.pread(fd, 1, 0) == b"2" else real(fd)
os.fsync = sync
notes = [note_of(source / f"{n}.opus", title=str(n)) for n in range(5)]
options = Options(template="{title}")
list(Saver(options, [os.fsencode(source)]).run(plan(notes, target, options)))
"""


def test_a_run_that_is_killed_is_resumed(place: Place) -> None:
    """What it had done stays, what it had begun is removed, but not while it works."""
    notes = [place.note(f"{n}.opus", b"%d" % n * 99, str(n)) for n in range(5)]
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(place.source), str(place.target)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"writing\n"
        wait_until(lambda: {"0.opus", "1.opus"} <= set(place.names()))
        wait_until(lambda: len(place.names()) == 5)
        left = place.names()[:3]
        assert all(name.endswith(".part") for name in left)
        assert outcomes(place.save(notes[0])) == ["there"]
        assert place.names()[:3] == left, "another run works on them"
        child.send_signal(signal.SIGKILL)
    wait_until(lambda: child.poll() is not None)
    assert place.names() == [*left, "0.opus", "1.opus"]
    assert outcomes(place.save(*notes)) == ["there"] * 2 + ["saved"] * 3
    assert place.names() == [f"{n}.opus" for n in range(5)]
