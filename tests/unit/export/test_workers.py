"""Conversion on all cores: in order, and whatever a recording does to its decoder."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.child import ROOT
from tests.support.exported import note_of
from tests.support.notes import opus_note
from tests.support.program import wait_until
from tests.support.sound import chirp, noise, wav
from tui.errors import AudioError
from tui.export import Format, Options, Saver, Steering, plan
from tui.export._convert import Conversions
from tui.export._workers import Workers
from tui.export._write import Part

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tui.export import Progress, Saved
    from tui.model import Note

TITLES = Options(Format.MP3, template="{title}")


@pytest.fixture
def pids(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The process ids of all workers that are started."""
    found: list[int] = []
    real = subprocess.Popen

    def popen(*args: object, **more: object) -> subprocess.Popen[bytes]:
        process = real(*args, **more)  # type: ignore[call-overload]  # as it was called
        found.append(process.pid)
        return process  # type: ignore[no-any-return]  # the same

    monkeypatch.setattr("tui.export._workers.subprocess.Popen", popen)
    return found


def is_alive(pid: int) -> bool:
    """Tell whether a process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def note(folder: Path, name: str, data: bytes) -> Note:
    """Make a note that is called like its file."""
    (folder / name).write_bytes(data)
    return note_of(folder / name, title=name)


def long_note(folder: Path, name: str = "long.wav", seconds: int = 1_800) -> Note:
    """Make half an hour of silence, which takes no room on the disk."""
    size = 2 * 48_000 * seconds
    head = bytearray(wav(b"")[:44])
    head[40:44] = size.to_bytes(4, "little")
    (folder / name).write_bytes(head)
    os.truncate(folder / name, 44 + size)
    made = note_of(folder / name, title=name)
    return made._replace(row=made.row._replace(duration_ms=seconds * 1000))


def save(
    folder: Path, *notes: Note, steering: Steering | None = None
) -> Iterator[Saved]:
    """Save notes."""
    made = plan(notes, folder, TITLES)
    return Saver(TITLES, []).run(made, len(notes), steering=steering)


def test_many_notes_in_their_order(tmp_path: Path, pids: list[int]) -> None:
    """A long one first, and some that can't be read: all have their place."""
    names = [f"{n:02}.opus" for n in range(12)]
    notes = [note(tmp_path, name, opus_note(0.3)) for name in names]
    notes[0] = note(tmp_path, "00.wav", wav(chirp(2.0)))
    notes[4] = note(tmp_path, names[4], b"no sound" * 99)
    (tmp_path / names[7]).unlink()
    notes[9] = notes[9]._replace(row=notes[8].row)
    out = tmp_path / "out"
    saved = list(save(out, *notes))
    assert [each.planned.note for each in saved] == notes
    expected = ["saved"] * 12
    expected[4] = expected[7] = "failed"
    assert [each.outcome for each in saved] == expected
    assert saved[4].problem.startswith(f"{tmp_path}/{names[4]}: ")
    assert saved[7].problem == f"{tmp_path}/{names[7]}: vanished"
    assert saved[9].target.name == "08.opus (2).mp3"
    assert [each.size for each in saved] == [
        each.target.stat().st_size if each.size else 0 for each in saved
    ]
    assert len(list(out.iterdir())) == 10
    assert 1 <= len(pids) <= len(os.sched_getaffinity(0))
    assert not any(map(is_alive, pids))
    again = ["there" if each == "saved" else each for each in expected]
    assert [each.outcome for each in save(out, *notes)] == again


def test_a_worker_that_dies_takes_one_note_with_it(
    tmp_path: Path, pids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another one goes on."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    notes = [long_note(tmp_path)]
    notes += [note(tmp_path, f"{n}.opus", opus_note(0.3)) for n in range(4)]
    killed: list[int] = []

    def kill(progress: Progress) -> None:
        # As soon as it has told that it is at work.
        if progress.share and not killed:
            killed.append(pids[0])
            os.kill(pids[0], signal.SIGKILL)

    (first, *others) = save(tmp_path / "out", *notes, steering=Steering(kill))
    where = os.fsdecode(notes[0].files[0].full_path)
    assert first.problem == f"{where}: its conversion crashed (SIGKILL)"
    assert [each.outcome for each in others] == ["saved"] * 4
    assert len(list((tmp_path / "out").iterdir())) == 4
    assert len(pids) == 2
    assert not any(map(is_alive, pids))


HANGING = """
import os, sys, time
from multiprocessing.connection import Connection
line = Connection(os.dup(0))
line.recv()
while True:
    source = os.path.basename(line.recv()[1])
    if b"crash" in source:
        os.kill(os.getpid(), 11)
    if b"exit" in source:
        os._exit(4)
    if b"slow" in source:
        for n in range(4):
            time.sleep(0.2)
            line.send(n / 4)
            line.recv()
    if b"hang" in source:
        time.sleep(99)
    if b"full" in source:
        line.send((28, "No space left on device"))
    else:
        line.send(7)
"""


def test_what_hangs_or_crashes_is_told(tmp_path: Path, pids: list[int]) -> None:
    """A slow one that tells of itself is left at work, a dead one not used again."""
    options = Options(Format.WAV, template="{title}")
    command = [sys.executable, "-S", "-E", "-c", HANGING]
    maker = Workers(options, Conversions(options), command=command)
    part = Part(tmp_path / "part", -1)
    shares: list[float] = []

    def told(name: str) -> str | int:
        made = plan([note(tmp_path, name, b"x")], tmp_path, options)
        planned = next(made)
        try:
            return maker.make(planned, planned.source, part, shares.append)
        except AudioError as error:
            return error.reason
        except OSError as error:
            return error.errno or 0

    try:
        assert told("crash") == "its conversion crashed (SIGSEGV)"
        assert told("exit") == "its conversion crashed (exit status 4)"
        assert told("full") == errno.ENOSPC
        maker.patience_s = 0.3
        assert told("slow") == 7
        assert {0.25, 0.5, 0.75} <= set(shares)
        assert told("hang") == "its conversion made no progress for 0.3 s"
        maker.patience_s = 20
        assert told("a") == 7
        os.kill(pids[-1], signal.SIGKILL)
        os.waitid(os.P_PID, pids[-1], os.WEXITED | os.WNOWAIT)
        assert told("b") == 7
    finally:
        maker.close()
    assert len(pids) == 5
    assert not any(map(is_alive, pids))


def test_a_worker_that_can_not_be_started_is_told(tmp_path: Path) -> None:
    """It is the end of one note only: there may be room for a process soon."""
    options = Options(Format.WAV)
    maker = Workers(options, Conversions(options), command=["/no/such/program"])
    (planned,) = plan([note(tmp_path, "a", b"x")], tmp_path, options)
    part = Part(tmp_path / "part", -1)
    reason = "no process can be started: no such file or directory"
    with pytest.raises(AudioError, match=reason):
        maker.make(planned, planned.source, part, lambda _: None)
    maker.close()


def test_a_file_that_is_too_large_is_told_by_its_worker(tmp_path: Path) -> None:
    """As if it were written by this process."""
    sound = wav(noise(1.0))
    notes = [note(tmp_path, f"{n}.wav", sound) for n in range(4)]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, before[1]))
    try:
        saved = list(save(tmp_path / "out", *notes))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [each.problem for each in saved] == [
        f"{tmp_path}/out/{n}.wav.mp3: file too large" for n in range(4)
    ]
    assert list((tmp_path / "out").iterdir()) == []


def test_it_ends_in_the_middle_of_a_long_note(tmp_path: Path, pids: list[int]) -> None:
    """Soon, and what was begun is taken away."""
    told: list[Progress] = []
    steering = Steering(told.append, lambda: bool(told) and 0 < told[-1].share < 1)
    out = tmp_path / "out"
    assert list(save(out, long_note(tmp_path), steering=steering)) == []
    assert told[-1].current == out / "long.wav.mp3"
    assert list(out.iterdir()) == []
    assert pids
    assert not any(map(is_alive, pids))


def test_a_pause_is_one_of_the_workers_too(tmp_path: Path, pids: list[int]) -> None:
    """They end what they are at, which is a part of a second."""
    out = tmp_path / "out"
    sizes: list[int] = []

    def is_still() -> bool:
        sizes.append(sum(each.stat().st_size for each in out.glob(".*.part")))
        return len(sizes) > 30 and len(set(sizes[-30:])) == 1

    def pause() -> bool:
        if not any(out.glob(".*.part")) or out.stat().st_size == 0:
            return False
        wait_until(is_still)
        return True

    assert list(save(out, long_note(tmp_path), steering=Steering(None, pause))) == []
    assert len(pids) == 1
    assert list(out.iterdir()) == []


KILLED = """
import sys
from pathlib import Path
from tests.support.exported import note_of
from tui.export import Format, Options, Saver, Steering, plan
import tui.export._workers as workers
options = Options(Format.MP3, template="{title}")
source, target = map(Path, sys.argv[1:])
notes = [note_of(path, title=path.name) for path in sorted(source.iterdir())]
real = workers.subprocess.Popen
def popen(*args, **more):
    process = real(*args, **more)
    print(process.pid, flush=True)
    return process
workers.subprocess.Popen = popen
told = []
def tell(progress):
    if progress.share and not told:
        told.append(print("working", flush=True))
planned = plan(notes, target, options)
for _ in Saver(options, []).run(planned, 1, steering=Steering(tell)):
    pass
"""


def test_a_run_that_is_killed_takes_its_workers_along(tmp_path: Path) -> None:
    """The next run takes away what they had begun."""
    source, out = tmp_path / "source", tmp_path / "out"
    source.mkdir()
    long_note(source)
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(source), str(out)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        worker = int(child.stdout.readline())
        assert child.stdout.readline() == b"working\n"
        assert is_alive(worker)
        child.kill()
    wait_until(lambda: not is_alive(worker))
    (left,) = out.iterdir()
    (saved,) = save(out, note(tmp_path, "a.wav", wav(chirp(0.2))))
    assert not left.exists()
    assert list(out.iterdir()) == [saved.target]
