"""`export --merge`: what a query finds in one file."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import av
import pytest

from tui.cli import _jobs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.cli.conftest import Done
    from tui.export import Progress

    Earmark = Callable[..., Done]


def test_notes_in_one_file(known: Earmark, tmp_path: Path) -> None:
    """An audio book where no format is said; a second run finds it there."""
    words = ("export", "chat:Ana", "--merge", "--to", tmp_path / "out" / "all")
    done = known(*words, "--dry-run")
    assert (done.code, done.err) == (0, "")
    assert done.lines == [f"{tmp_path}/out/all.m4b  <-  3 notes"]
    done = known(*words, "--gap", "0.5", "--title", "For you")
    assert (done.code, done.err) == (0, "")
    assert done.out == f"wrote 1 file with 3 notes in {tmp_path}/out/all\n"
    with av.open(str(tmp_path / "out" / "all.m4b")) as file:
        starts = [each["start"] for each in file.chapters()]
        assert file.metadata["title"] == "For you"
    assert starts == [0, 2_500, 6_000]
    (again,) = known(*words, "--gap=0.5", "--title=For you", "--json").json
    assert (again["outcome"], again["notes"]) == ("there", 3)
    done = known(*words, "--gap=0.6")
    assert (done.code, done.out) == (3, "")
    assert done.err == (
        f"earmark: {tmp_path}/out/all.m4b: is there already, and nothing is written"
        " over\n"
    )


def test_the_name_tells_the_format(known: Earmark, tmp_path: Path) -> None:
    """Where none is said; one that contradicts it is refused."""
    words = ("export", "chat:Bob", "--merge", "--to", tmp_path / "bob.MP3")
    assert known(*words).code == 0
    with av.open(str(tmp_path / "bob.MP3")) as file:
        assert file.format.name == "mp3"
    done = known(*words, "--format", "flac")
    assert done.code == 3
    assert "bob.MP3: is a name for mp3, but it would be flac" in done.err


@pytest.mark.parametrize(
    "wrong",
    [
        (["--merge", "--format", "original"], 2, "notes are merged into m4b"),
        (["--merge", "--gap", "61"], 2, "0 to "),
        (["--merge", "--gap", "soon"], 2, "gap"),
        (["--gap", "1"], 2, "only --merge has that"),
        (["--merge", "--separator", "speech"], 3, "espeak-ng: is not installed"),
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
    monkeypatch.setenv("PATH", os.devnull)
    done = known("export", "chat:Ana", "--to", tmp_path / "out" / "x", *words)
    assert (done.code, done.out) == (code, "")
    assert message in done.err
    assert not (tmp_path / "out").exists()


def test_ctrl_c_leaves_nothing(
    known: Earmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of a note."""
    real = _jobs.Line.show

    def press(line: _jobs.Line, progress: Progress) -> None:
        if progress.share > 0.5:
            signal.raise_signal(signal.SIGINT)
        real(line, progress)

    monkeypatch.setattr(_jobs.Line, "show", press)
    done = known("export", "chat:Ana", "--merge", "--to", tmp_path / "out" / "x.flac")
    assert (done.code, done.out) == (130, "")
    assert list((tmp_path / "out").iterdir()) == []
