"""Looking into many files, measuring and hashing, with all that can go wrong."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.index_writer import MemoryWriter
from tests.support.notes import amr_note, opus_note
from tui.indexer import standard_tools
from tui.indexer._look import look, probe_one
from tui.indexer._measure import Measurer
from tui.indexer._tools import Clock
from tui.indexer._walk import Entry
from tui.library import Measured
from tui.media import Wholeness
from tui.model import NoteState

if TYPE_CHECKING:
    from pathlib import Path

    from tui.indexer._tools import Tools
    from tui.media import Probe

WHOLE = opus_note(0.5)


class _Todo(MemoryWriter):
    """Asks for what the test says, until it was measured."""

    def __init__(self, *paths: Path) -> None:
        super().__init__()
        self.todo = {n: os.fsencode(path) for n, path in enumerate(paths)}
        self.sizes = {
            n: path.stat().st_size for n, path in enumerate(paths) if path.exists()
        }

    def unmeasured(self, limit: int) -> list[tuple[int, bytes]]:
        return list(self.todo.items())[:limit]

    def unhashed(self, limit: int) -> list[tuple[int, bytes, int]]:
        todo = [(n, path, self.sizes.get(n, 0)) for n, path in self.todo.items()]
        return todo[:limit]

    def measured(self, results: object) -> None:
        assert isinstance(results, list)
        self.results += results
        for result in results:
            del self.todo[result.file_id]


def _files(folder: Path, count: int) -> list[Path]:
    paths = [folder / f"{number}.opus" for number in range(count)]
    for path in paths:
        path.write_bytes(WHOLE)
    return paths


def _entry(path: Path) -> Entry:
    return Entry(b"", os.fsencode(path.name), path.stat().st_size, 0, 0)


@pytest.fixture
def tools() -> Tools:
    """The real ones."""
    return standard_tools()


@pytest.mark.parametrize("count", [1, 10, 300])
def test_look_answers_for_each_in_order(
    tmp_path: Path, tools: Tools, count: int
) -> None:
    """Few files or many, with and without read-ahead."""
    paths = _files(tmp_path, count)
    entries = [_entry(path) for path in paths]
    before = len(os.listdir("/proc/self/fd"))
    answers = list(look(tools, os.fsencode(tmp_path), entries))
    assert [answer.entry.name for answer in answers] == [e.name for e in entries]
    assert {a.probe.wholeness for a in answers if a.probe} == {Wholeness.PROVEN}
    status = paths[0].stat()
    assert answers[0].entry[2:] == (
        status.st_size,
        status.st_mtime_ns,
        status.st_ino,
    )
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("count", [2, 10])
def test_look_at_what_is_odd(tmp_path: Path, tools: Tools, count: int) -> None:
    """Gone, refused, a folder, a pipe, a failing disk: each an answer of its own."""
    names = [path.name for path in _files(tmp_path, count)]
    entries = [Entry(b"", name.encode(), 9000, 0, 0) for name in names]
    (tmp_path / "pipe").unlink(missing_ok=True)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    odd = [
        Entry(b"", name, 9000, 0, 0)
        for name in (b"gone", b"pipe", b"folder", b"refused", b"broken")
    ]
    (tmp_path / "broken").write_bytes(b"x" * 77)
    real_open, real_probe = tools.open_file, tools.probe

    def open_file(path: bytes) -> int:
        if path.endswith(b"refused"):
            raise PermissionError(13, "Permission denied", path)
        return real_open(path)

    def probe(handle: int, size: int) -> Probe:
        if size == 77:
            raise OSError(5, "Input/output error")
        return real_probe(handle, size)

    tools = replace(tools, open_file=open_file, probe=probe)
    before = len(os.listdir("/proc/self/fd"))
    found = {
        answer.entry.name: answer.probe
        for answer in look(tools, os.fsencode(tmp_path), [*entries, *odd])
    }
    assert len(os.listdir("/proc/self/fd")) == before
    assert found[b"gone"] is None
    assert found[b"pipe"] is None
    assert found[b"folder"] is None
    reasons = {name: p.reason for name, p in found.items() if p and p.reason}
    assert reasons == {
        b"refused": "can't be read: permission denied",
        b"broken": "can't be read: input/output error",
    }


def test_look_stopped_early_leaves_nothing_open(tmp_path: Path, tools: Tools) -> None:
    """Who needs no more answers closes the files with it."""
    entries = [_entry(path) for path in _files(tmp_path, 50)]
    before = len(os.listdir("/proc/self/fd"))
    answers = look(tools, os.fsencode(tmp_path), entries)
    next(answers)
    answers.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_without_advice_it_works_as_well(
    tmp_path: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some systems take no advice on what will be read."""
    monkeypatch.delattr(os, "posix_fadvise")
    paths = _files(tmp_path, 10)
    answers = list(look(tools, os.fsencode(tmp_path), map(_entry, paths)))
    assert all(answer.probe for answer in answers)
    writer = _Todo(*paths)
    assert Measurer(writer, tools).hashes() == 10
    assert not writer.todo


def test_one_file_that_may_not_be_opened(tmp_path: Path, tools: Tools) -> None:
    """A single look answers too."""
    answer = probe_one(tools, Entry(b"", b"x", 1, 0, 0), os.fsencode(tmp_path / "x"))
    assert answer.probe is None


def test_lengths(tmp_path: Path, tools: Tools) -> None:
    """Each kind of file gets its result; one that is gone is left to its event."""
    cut, text, amr = (tmp_path / name for name in ("cut.opus", "text.opus", "b.amr"))
    cut.write_bytes(WHOLE[:-20])
    text.write_bytes(b"this is text, no sound")
    amr.write_bytes(amr_note(300.0))
    writer = _Todo(*_files(tmp_path, 1), cut, text, amr, tmp_path / "gone")
    measurer = Measurer(writer, tools)
    while measurer.lengths():
        pass  # each call is a batch
    whole, part, unknown, long = writer.results
    assert (whole.container, whole.state) == ("ogg/opus", None)
    assert whole.duration_ms == pytest.approx(500, abs=60)
    assert (part.state, unknown.state) == (NoteState.PARTIAL, NoteState.UNREADABLE)
    assert part.reason
    assert unknown.reason
    assert long.duration_ms == pytest.approx(300_000, abs=40)
    assert list(writer.todo) == [4]
    writer.todo[4] = os.fsencode(tmp_path / "0.opus")
    assert measurer.lengths() == 0, "it failed a moment ago"
    measurer.try_again()
    assert measurer.lengths() == 1


def test_a_length_that_cant_be_read(tmp_path: Path, tools: Tools) -> None:
    """What the quick look told stays."""
    path = tmp_path / "b.amr"
    path.write_bytes(amr_note(300.0))

    def measure(path: bytes) -> Probe:
        raise OSError(5, "Input/output error")

    writer = _Todo(path)
    Measurer(writer, replace(tools, measure=measure)).lengths()
    assert writer.results == [Measured(0, "amr-nb")]


def test_slow_files_are_written_before_the_batch_is_full(
    tmp_path: Path, tools: Tools
) -> None:
    """A batch that takes long is cut, so that an event does not wait for it."""
    ticks = iter(range(1000))
    clock = Clock(monotonic=lambda: next(ticks) * 0.06)
    writer = _Todo(*_files(tmp_path, 10))
    Measurer(writer, replace(tools, clock=clock)).lengths()
    assert len(writer.results) == 2


def test_hashes(tmp_path: Path, tools: Tools) -> None:
    """Equal content has an equal hash; a file that changed meanwhile is left out."""
    paths = _files(tmp_path, 3)
    paths[2].write_bytes(WHOLE + b"x")
    writer = _Todo(*paths, tmp_path / "gone")
    writer.sizes[2] = len(WHOLE)
    measurer = Measurer(writer, tools)
    assert measurer.hashes() == 4
    assert measurer.hashes() == 0
    first, second = writer.results
    assert first.content_hash == second.content_hash
    assert first.content_hash is not None
    assert list(writer.todo) == [2, 3]


def test_hashes_are_cut_by_size(
    tmp_path: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Big files do not keep events waiting."""
    monkeypatch.setattr("tui.indexer._measure._HASH_BYTES", 2 * len(WHOLE))
    writer = _Todo(*_files(tmp_path, 10))
    Measurer(writer, tools).hashes()
    assert len(writer.results) == 3


def test_what_failed_is_not_remembered_without_end(
    tmp_path: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk full of broken files does not fill the memory."""
    monkeypatch.setattr("tui.indexer._measure._MAX_SKIPPED", 5)
    writer = _Todo(*(tmp_path / f"{n}" for n in range(12)))
    measurer = Measurer(writer, tools)
    measurer.lengths()
    assert len(measurer._skipped) <= 5
