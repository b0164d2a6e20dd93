"""`export`: notes of a real folder saved, listed, and asked for wrongly."""

from __future__ import annotations

import errno
import os
import signal
from typing import TYPE_CHECKING

import av
import pytest

from tests.support.notes import opus_note
from tests.support.program import RAW
from tui.cli import _jobs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.cli.conftest import Done
    from tui.export import Progress

    Earmark = Callable[..., Done]


def saved(folder: Path) -> list[str]:
    """The files below a folder."""
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()
    )


def test_originals(known: Earmark, tmp_path: Path) -> None:
    """By query or id, byte by byte; a second time they are there."""
    out = tmp_path / "out"
    done = known("export", "chat:Ana", "--to", out)
    assert (done.code, done.err) == (0, "")
    assert done.out == f"saved 3 notes in {out}\n"
    assert len(saved(out)) == 3
    originals = {path.read_bytes() for path in (tmp_path / "Voice/Ana").iterdir()}
    assert {path.read_bytes() for path in out.iterdir()} == originals
    done = known("export", "chat:Ana", "or", "chat:Bob", "--to", out)
    assert done.out == f"saved 1 note in {out}, 3 were there already\n"
    key = known("list", "chat:Bob", "--json").json[0]["id"]
    done = known("export", key[:8], "--to", out)
    assert done.out == "nothing to do: 1 file was there already\n"
    assert len(saved(out)) == 4


def test_several_ids_in_their_order(known: Earmark, tmp_path: Path) -> None:
    """Numbers in names show it; a collection keeps it, too."""
    keys = [each["id"] for each in known("list", "chat:Ana", "--json").json]
    words = (keys[2][:8], keys[0][:8])
    assert known("list", *words, "--json").json[0]["id"] == keys[2]
    done = known("export", *words, "--to", tmp_path / "out", "--name={n}", "--json")
    assert [each["note"] for each in done.json] == [keys[2], keys[0]]
    assert saved(tmp_path / "out") == ["0001.opus", "0002.opus"]
    known("collection", "add", "two", *words)
    found = known("list", "collection:two", "--json").json
    assert [each["id"] for each in found] == [keys[2], keys[0]]


def test_conversions(known: Earmark, tmp_path: Path) -> None:
    """Into folders, with what was asked for; once made they are known again."""
    known("bookmark", known("list", "chat:Bob", "--json").json[0]["id"], "0:01", "Here")
    words = ("export", "chat:Bob", "--to", tmp_path / "out", "--name", "{chat}/{n}")
    more = ("--format", "MP3", "--bit-rate", "96", "--stereo", "--level", "--skip=1")
    done = known(*words, *more, "--json")
    assert (done.code, done.err) == (0, "")
    assert [each["outcome"] for each in done.json] == ["saved"]
    assert saved(tmp_path / "out") == ["Bob/0001.mp3"]
    with av.open(str(tmp_path / "out/Bob/0001.mp3")) as file:
        stream = file.streams.audio[0]
        assert (stream.channels, stream.bit_rate) == (2, 96_000)
        assert [each["metadata"]["title"] for each in file.chapters()][1:] == ["Here"]
    assert known(*words, *more).out.endswith(": 1 file was there already\n")
    assert known(*words, "--format", "mp3").code == 0
    assert saved(tmp_path / "out") == ["Bob/0001 (2).mp3", "Bob/0001.mp3"]


def test_a_dry_run_lists_what_would_be_written(known: Earmark, tmp_path: Path) -> None:
    """Names beside sources; with --json the same as of the run itself."""
    out = tmp_path / "out"
    words = ("export", "chat:Ana", "--to", out, "--name", "{chat}/{n} {sender}")
    done = known(*words, "--dry-run")
    assert done.code == 0
    assert not out.exists()
    names = [line.partition("  <-  ") for line in done.lines]
    assert [name for name, _, _ in names] == [f"Ana/000{n}.opus" for n in (1, 2, 3)]
    assert {os.path.dirname(path) for _, _, path in names} == {  # noqa: PTH120  # text
        f"{tmp_path}/Voice/Ana"
    }
    planned = known(*words, "--dry-run", "--json").json
    made = known(*words, "--json").json
    assert [each["target"] for each in planned] == [each["target"] for each in made]
    assert [each["outcome"] for each in made] == ["saved"] * 3
    assert all(os.stat(each["target"]).st_size == each["size"] for each in made)  # noqa: PTH116  # text
    again = known(*words, "--dry-run")
    assert again.lines[0].startswith("Ana/0001.opus  (there already)  <-  ")


def test_what_can_not_be_saved_is_named(known: Earmark, tmp_path: Path) -> None:
    """The rest is saved, and the exit code tells it."""
    hostile = tmp_path / "Voice" / "Ana" / "\x1b[31m\u202e.opus"
    hostile.write_bytes(b"no sound at all" * 99)
    (tmp_path / "Voice" / "Ana" / "9.opus").write_bytes(opus_note(1, serial=99))
    known("scan")
    done = known("export", "chat:Ana", "--to", tmp_path / "out")
    assert done.code == 3
    assert f"{tmp_path}/Voice/Ana/\\x1b[31m\\u202e.opus: " in done.err
    assert done.out.endswith("1 can't be saved\n")
    assert RAW.search(done.out + done.err.replace("\n", "")) is None
    assert len(saved(tmp_path / "out")) == 4
    found = known("export", "chat:Ana", "--to", tmp_path / "out", "--json").json
    (failed,) = [each for each in found if each["outcome"] == "failed"]
    assert failed["target"] is None
    done = known("export", "chat:Ana", "--to", tmp_path / "out")
    assert done.out == ("nothing new: 4 files were there already, 1 can't be saved\n")
    done = known("export", "chat:Ana is:unreadable", "--to", tmp_path / "out")
    assert (done.code, done.out) == (3, "wrote nothing, 1 can't be saved\n")


@pytest.mark.parametrize(
    "wrong",
    [
        (["qqq", "--to", "out"], 1, "nothing found"),
        (["Ana"], 2, "--to"),
        (["--to", "out"], 2, "QUERY"),
        (["Ana", "--to", "out", "--format", "mp4"], 2, "did you mean mp3?"),
        (["Ana", "--to", "out", "--format", "mp3", "--bit-rate", "9"], 2, "32 to 320"),
        (["Ana", "--to", "out", "--bit-rate", "64"], 2, "originals are copied"),
        (["Ana", "--to", "out", "--level"], 2, "originals are copied"),
        (
            ["Ana", "--to", "out", "--format", "wav", "--bit-rate", "64"],
            2,
            "no bit rate",
        ),
        (["Ana", "--to", "out", "--format", "mp3", "--skip", "4"], 2, "skip"),
        (["Ana", "--to", "out", "--name", "{chet}"], 2, "did you mean {chat}?"),
        (["Ana", "--to", "out", "--mono", "--stereo"], 2, "not allowed with"),
        (["is:x", "--to", "out"], 2, "query: "),
        (["Ana", "--to", "Voice/new"], 3, "lies in the source"),
        (["Ana", "--to", "file/new"], 3, "not a directory"),
    ],
)
def test_what_is_wrong_is_told(
    known: Earmark,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    wrong: tuple[list[str], int, str],
) -> None:
    """In one line, and nothing is written."""
    words, code, message = wrong
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    done = known("export", *words)
    assert (done.code, done.out) == (code, "")
    assert message in done.err
    assert not (tmp_path / "out").exists()
    assert len(saved(tmp_path / "Voice")) == 6


def test_nothing_found_is_an_array_for_programs(known: Earmark, tmp_path: Path) -> None:
    """As elsewhere."""
    done = known("export", "qqq", "--to", tmp_path / "out", "--json")
    assert (done.code, done.json) == (1, [])


def test_a_disk_that_takes_nothing_is_told_once(
    known: Earmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was saved until then is told, for programs as a whole array."""
    real, calls = os.link, []

    def full(source: Path, target: Path) -> None:
        calls.append(target)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(source, target)

    monkeypatch.setattr(os, "link", full)
    done = known("export", "chat:Ana", "--to", tmp_path / "out", "--json")
    assert done.code == 3
    assert [each["outcome"] for each in done.json] == ["saved"]
    assert done.err.startswith(f"earmark: {tmp_path}/out/")
    assert done.err.endswith(".opus: no space left on device\n")
    assert len(saved(tmp_path / "out")) == 1


def test_ctrl_c_ends_it_behind_the_current_file(
    known: Earmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was saved is told; a second one ends it at once."""
    real = _jobs.Line.show

    def press(line: _jobs.Line, progress: Progress) -> None:
        if progress.done == 1:
            signal.raise_signal(signal.SIGINT)
        real(line, progress)

    monkeypatch.setattr(_jobs.Line, "show", press)
    done = known("export", "chat:Ana", "--to", tmp_path / "out")
    assert done.code == 130
    # The second one is underway by then; on a busy machine it is taken away.
    assert done.out in {f"saved {n} in {tmp_path}/out\n" for n in ("1 note", "2 notes")}
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

    def press_twice(line: _jobs.Line, progress: Progress) -> None:
        press(line, progress)
        press(line, progress)

    monkeypatch.setattr(_jobs.Line, "show", press_twice)
    done = known("export", "chat:Ana", "--to", tmp_path / "more")
    assert (done.code, done.out) == (130, "")
    assert len(saved(tmp_path / "more")) == 1
