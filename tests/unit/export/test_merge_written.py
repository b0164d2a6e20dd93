"""Merged files: whole or not at all, and never in the place of others."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.child import ROOT
from tests.support.exported import SENT_MS, note_of, told_note
from tests.support.merging import (
    MINUTE,
    chapters,
    merge,
    one,
)
from tests.support.program import wait_until
from tests.support.sound import wav
from tui.errors import AudioError, DataError
from tui.export import (
    Format,
    MergeRequest,
    Options,
    Outcome,
    Separator,
    Steering,
    job_of,
)
from tui.export import _merge as merge_module
from tui.export._convert import sound_of

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tui.export import Progress, Result
    from tui.model import Note


def test_what_can_not_be_read_is_left_out(tmp_path: Path, source: Path) -> None:
    """It is told, and the file knows that it is not whole; a copy takes its place."""
    bad = tmp_path / "bad.opus"
    bad.write_bytes(b"no sound" * 99)
    empty = tmp_path / "empty.wav"
    empty.write_bytes(wav(b""))
    good = note_of(source / "5.wav", sent_ms=SENT_MS + MINUTE)
    moved = note_of(tmp_path / "gone.opus")._replace(files=())
    twice = note_of(tmp_path / "gone.opus")
    twice = twice._replace(files=(*twice.files, *good.files))
    target = tmp_path / "out" / "x.opus"
    notes = (note_of(bad), twice, told_note("cd" * 16), good, note_of(empty), moved)
    options = Options(Format.OPUS)
    (refused, also, *others, made) = merge(target, options, *notes)
    assert [each.outcome for each in (refused, also, *others)] == ["failed"] * 4
    assert refused.problem == f"{'cd' * 16}: its file was never here"
    assert also.key == moved.key
    assert [each.problem for each in others] == [
        f"{bad}: not a sound file",
        f"{empty}: there is no sound in it",
    ]
    assert [each.source for each in others] == [os.fsencode(bad), os.fsencode(empty)]
    assert (made.outcome, made.notes) == ("saved", 2)
    assert target.stat().st_mtime_ns == (SENT_MS + MINUTE) * 1_000_000
    assert [title[-3:] for _, _, title in chapters(target)] == ["Ana", "Ana"]
    with pytest.raises(DataError, match="without notes that could not be read"):
        merge(target, options, *notes)
    nothing = tmp_path / "nothing.opus"
    results = merge(nothing, options, note_of(bad), note_of(empty))
    assert [each.outcome for each in results] == ["failed", "failed"]
    results = merge(nothing, options, moved)
    assert [each.outcome for each in results] == ["failed"]
    assert not nothing.exists()
    assert not list(tmp_path.glob(".earmark*"))


def test_a_note_that_breaks_off_is_told(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came until then is in the file, with its chapter."""

    def broken(path: bytes, *how: object) -> Generator[bytes]:
        blocks = sound_of(path, *how)  # type: ignore[arg-type]  # as they came
        yield next(blocks)
        blocks.close()
        if path.endswith(b"4.mp3"):
            raise AudioError(path, "no sound was found for some seconds")

    monkeypatch.setattr(merge_module, "sound_of", broken)
    notes = [note_of(source / name) for name in ("4.mp3", "5.wav")]
    failed, made = merge(tmp_path / "x.wav", Options(Format.WAV), *notes)
    problem = "no sound was found for some seconds; what came until then is there"
    assert failed.problem == f"{source}/4.mp3: {problem}"
    assert (made.outcome, len(chapters(made.target))) == ("saved", 2)
    cut = tmp_path / "cut.wav"
    cut.write_bytes((source / "5.wav").read_bytes())
    note = note_of(cut)
    os.truncate(cut, note.size // 2)
    failed, made = merge(tmp_path / "y.wav", Options(Format.WAV), note)
    assert "is shorter than it was" in failed.problem
    assert made.outcome == "saved"


def test_nothing_is_written_over_or_into_a_source(
    tmp_path: Path, source: Path, notes: list[Note]
) -> None:
    """Not a file of others, nor one that holds other notes or another sound."""
    options = Options(Format.FLAC)
    target = tmp_path / "x.flac"
    target.write_text("a list")
    job = job_of(MergeRequest(target, options), ())
    with pytest.raises(DataError, match=r"x\.flac: is there already, and nothing"):
        merge(target, options, *notes)
    with pytest.raises(DataError, match=r"x\.flac: is there already, and nothing"):
        list(job.preview(notes, len(notes)))
    assert target.read_text() == "a list"
    target.unlink()
    one(target, options, *notes[3:])
    for other, more in (
        (options, {"gap_ms": 1}),
        (Options(Format.FLAC, skip=1), {}),
        (Options(Format.FLAC, level=True), {}),
        (options, {"title": "x"}),
        (options, {"separator": Separator.TONE}),
    ):
        with pytest.raises(DataError, match="is there already"):
            merge(target, other, *notes[3:], **more)
    with pytest.raises(DataError, match="is there already"):
        merge(target, options, *notes[4:])
    for place in (source / "new" / "x.flac", source / "x.flac", source):
        with pytest.raises(DataError, match="lies in the source"):
            merge(place, options, *notes, roots=[source])
    assert len(list(source.iterdir())) == 5


def test_a_name_that_is_taken_meanwhile_stays_taken(
    tmp_path: Path, notes: list[Note], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By another run it is just what is wanted, by anything else it is an error."""
    options, target = Options(Format.WAV), tmp_path / "x.wav"
    real = os.fsync

    def other_first(fd: int) -> None:
        monkeypatch.setattr(os, "fsync", real)
        one(target, options, *notes[4:])
        real(fd)

    monkeypatch.setattr(os, "fsync", other_first)
    (result,) = merge(target, options, *notes[4:])
    assert (result.outcome, result.notes) == ("there", 1)
    target.unlink()

    def somebody_first(fd: int) -> None:
        target.write_text("quicker")
        real(fd)

    monkeypatch.setattr(os, "fsync", somebody_first)
    with pytest.raises(DataError, match="is there already"):
        merge(target, options, *notes[4:])
    assert target.read_text() == "quicker"
    assert list(tmp_path.iterdir()) == [target]


def test_what_the_file_is_called(tmp_path: Path, notes: list[Note]) -> None:
    """As was said, with a suffix; in a folder that is there, after its title."""
    options = Options(Format.OGG)
    for said_name, name in (
        ("a.ogg", "a.ogg"),
        ("a.audio", "a.audio"),
        ("until 2024.08", "until 2024.08.ogg"),
        ("new/b", "new/b.ogg"),
        (".", "Family.ogg"),
    ):
        made = one(tmp_path / said_name, options, *notes[4:])
        assert made == tmp_path / name
    with pytest.raises(DataError, match="file name too long"):
        merge(tmp_path / ("x" * 300), options, *notes[4:])
    (tmp_path / "a.mp3").mkdir()
    assert one(tmp_path / "a.mp3", options, *notes[4:]).name == "Family.ogg"
    with pytest.raises(
        DataError, match=r"b\.MP3: is a name for mp3, but it would be ogg"
    ):
        merge(tmp_path / "b.MP3", options, *notes[4:])
    assert not (tmp_path / "b.MP3").exists()


def test_a_preview_writes_nothing(tmp_path: Path, source: Path) -> None:
    """It tells the file, about its size, and what would not be in it."""
    note = note_of(source / "5.wav", duration_ms=707)
    options = Options(Format.WAV)
    job = job_of(MergeRequest(tmp_path / "new/x", options, gap_ms=1_000), ())
    failed, made = job.preview(iter((note, told_note(), note)), 3)
    assert (failed.outcome, failed.key) == ("failed", "ab" * 16)
    assert (made.target, made.outcome) == (tmp_path / "new/x.wav", "saved")
    assert made.notes == 2
    assert list(tmp_path.iterdir()) == []
    (failed,) = job.preview(iter((told_note(),)), 1)
    assert failed.outcome == "failed"
    *_, real = job.run(iter((note, told_note(), note)), 3, Steering())
    assert abs(made.size - real.size) < real.size * 0.05
    *_, again = job.preview(iter((note, told_note(), note)), 3)
    assert again.outcome is Outcome.THERE


def test_it_is_steered(
    tmp_path: Path, notes: list[Note], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It tells how far it is; ended in the middle it leaves nothing."""
    told: list[Progress] = []
    target = tmp_path / "new" / "x.wav"
    request = MergeRequest(target, Options(Format.WAV, level=True))

    def run(limit: int) -> list[Result]:
        told.clear()
        steering = Steering(told.append, lambda: len(told) >= limit)
        return list(job_of(request, ()).run(iter(notes), len(notes), steering))

    for limit in (1, 4, 9):
        assert run(limit) == []
        assert len(told) == limit
        assert not target.parent.exists() or list(target.parent.iterdir()) == []
    (result,) = run(9_999)
    assert result.outcome == "saved"
    shares = [each.share for each in told]
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert 0.6 < shares[-1] <= 1.0
    assert {each.done for each in told} == set(range(5))
    assert told[-1].total == 5
    assert told[-1].size > 0
    assert {each.current for each in told} == {target}
    blocks = len(told)
    assert blocks > 2 * len(notes)
    target.unlink()
    monkeypatch.setattr(merge_module, "_STEP_S", 0.0)
    run(9_999)
    assert len(told) > 3 * blocks, "not only where a block comes"
    shares = [each.share for each in told]
    assert shares == sorted(shares)


@pytest.mark.parametrize("form", [Format.M4B, Format.WAV, Format.MP3])
def test_a_disk_that_fills_up_leaves_nothing_half(
    tmp_path: Path, notes: list[Note], form: Format
) -> None:
    """Wherever it happens: in the sound, at its end, or in the tags."""
    whole = one(tmp_path / "x", Options(form), *notes[3:])
    size = whole.stat().st_size
    whole.unlink()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        for limit in (4_096, size - 900, size - 300):
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limits[1]))
            with pytest.raises(DataError, match="file too large") as told:
                merge(tmp_path / "x", Options(form), *notes[3:])
            assert told.value.path == str(tmp_path / f"x{form.suffix}")
            assert list(tmp_path.iterdir()) == []
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


def test_what_can_not_be_encoded_is_told(
    tmp_path: Path, notes: list[Note], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no fault of the note."""
    import av

    def refuse(*_: object) -> None:
        raise av.error.InvalidDataError(1_094_995_529, "Invalid data")

    monkeypatch.setattr("tui.export._encoder._Container.write", refuse)
    with pytest.raises(DataError, match=r"x\.opus: invalid data"):
        merge(tmp_path / "x", Options(Format.OPUS), *notes)
    assert list(tmp_path.iterdir()) == []


KILLED = """
import sys
from pathlib import Path
from tests.support.exported import note_of
from tui.export import Format, MergeRequest, Options, Steering, job_of
def stay():
    if len(told) == 6:
        print("writing", flush=True)
        sys.stdin.read()
    return False
told = []
source, target = map(Path, sys.argv[1:])
notes = [note_of(path) for path in sorted(source.iterdir())]
request = MergeRequest(target, Options(Format.FLAC))
list(job_of(request, ()).run(notes, len(notes), Steering(told.append, stay)))
"""


def test_a_run_that_is_killed_leaves_no_file(tmp_path: Path, source: Path) -> None:
    """What it had begun is removed by the next one, but not while it works."""
    notes = [note_of(path) for path in sorted(source.iterdir())]
    target = tmp_path / "x.flac"
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(source), str(target)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"writing\n"
        (left,) = tmp_path.iterdir()
        one(tmp_path / "y.flac", Options(Format.FLAC), *notes[4:])
        assert left.exists(), "another run works on it"
        child.send_signal(signal.SIGKILL)
    wait_until(lambda: child.poll() is not None)
    assert not target.exists()
    one(target, Options(Format.FLAC), *notes)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.flac", "y.flac"]
