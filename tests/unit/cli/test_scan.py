"""`scan`: what is found is counted, what can't be used is told."""

from __future__ import annotations

import itertools
import os
import re
import sys
from typing import TYPE_CHECKING

from tests.support.notes import opus_note
from tui.cli._library import Progress
from tui.model import Source, SourceId, SourceKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from tests.unit.cli.conftest import Done

    Earmark = Callable[..., Done]


def test_scan_counts(earmark: Earmark, phone: Path) -> None:
    """The first scan adds, the next finds nothing new; hashes are there afterwards."""
    (first,) = earmark("scan", phone, "--json").json
    assert (first["path"], first["kind"]) == (str(phone), "whatsapp_android")
    assert (first["notes"], first["files"], first["added"]) == (18, 18, 18)
    assert first["problems"] == []
    (phone / "Ana" / "new.opus").write_bytes(opus_note(2))
    (second,) = earmark("scan", "--json").json
    assert (second["notes"], second["added"], second["gone"]) == (19, 1, 0)
    assert all(note["recording"] for note in earmark("list", "--json").json)
    text = earmark("scan").out
    assert str(phone) in text
    assert "19 notes in " in text


def test_scan_without_a_source(earmark: Earmark) -> None:
    """Nothing to scan is told with what to do."""
    done = earmark("scan")
    assert (done.code, done.out) == (1, "")
    assert done.err == "earmark: no sources yet: earmark FOLDER adds one\n"
    done = earmark("scan", "--json")
    assert (done.code, done.json) == (1, [])


def test_one_is_said_as_one(earmark: Earmark, tmp_path: Path) -> None:
    """Words agree with their number."""
    (tmp_path / "a.opus").write_bytes(opus_note(1))
    assert "1 note in 1 file: 1 added" in earmark("scan", tmp_path).out


def test_a_file_just_written_is_there(earmark: Earmark, tmp_path: Path) -> None:
    """Also one whose end can't be proved: it is waited for."""
    path = tmp_path / "a.opus"
    path.write_bytes(opus_note(1, eos=False))
    assert len(earmark("list", "--source", tmp_path).lines) == 1
    (tmp_path / "b.opus").write_bytes(opus_note(1, freq=900, eos=False))
    assert earmark("scan", "--json").json[0]["notes"] == 2


def test_a_folder_that_can_not_be_read(
    earmark: Earmark, phone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may hold notes: that is a failure, and the rest is there."""
    real = os.scandir

    def refuse(path: bytes) -> object:
        if os.fsencode(path).endswith(b"Ana"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    done = earmark("scan", phone, "--json")
    assert done.code == 3
    assert done.json[0]["notes"] == 14
    (problem,) = done.json[0]["problems"]
    assert (problem["path"], problem["reason"]) == ("Ana", "permission denied")


def test_scan_of_some_sources(earmark: Earmark, phone: Path, tmp_path: Path) -> None:
    """Only what is named is looked at."""
    other = tmp_path / "Other"
    other.mkdir()
    (other / "a.opus").write_bytes(opus_note(1))
    assert len(earmark("scan", phone, other, "--json").json) == 2
    (one,) = earmark("scan", other, "--json").json
    assert (one["path"], one["notes"]) == (str(other), 1)


def test_problems_are_told_and_stop_nothing(earmark: Earmark, tmp_path: Path) -> None:
    """What can't be used has its reason; the rest is there, and all is well."""
    (tmp_path / "good.opus").write_bytes(opus_note(1))
    bad = tmp_path / "bad.opus"
    bad.write_text("no sound at all")
    os.utime(bad, (1_700_000_000, 1_700_000_000))
    done = earmark("scan", tmp_path, "--json")
    assert done.code == 0
    (source,) = done.json
    (problem,) = source["problems"]
    assert (problem["path"], problem["state"]) == ("bad.opus", "unreadable")
    assert problem["reason"]
    assert f"bad.opus: unreadable, {problem['reason']}" in earmark("scan").out


def test_a_source_that_is_away(earmark: Earmark, phone: Path) -> None:
    """An offline source is a failure of a source, with its reason."""
    earmark("scan", phone)
    phone.rename(phone.with_name("away"))
    done = earmark("scan")
    assert done.code == 3
    assert "offline: the folder is not there" in done.out


def test_it_leaves_the_processor_to_others(
    earmark: Callable[..., Done], phone: Path, niceness: list[int]
) -> None:
    """A scan of a big folder must not make sound drop out."""
    earmark("scan", phone)
    assert niceness == [10]


def test_the_time_for_contents_is_told_apart(
    earmark: Callable[..., Done], phone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the greater part of a first scan; the notes are there before."""
    monkeypatch.setattr("tui.cli._scan._LONG_S", 0.0)
    *_, last = earmark("scan", phone).lines
    assert re.fullmatch(r"lengths and contents compared \([0-9.]+ s\)", last)
    monkeypatch.setattr("tui.cli._scan._LONG_S", 99.0)
    assert "contents compared" not in earmark("scan").out


def test_progress_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both stages of a scan say how far they are, and the line is taken away."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    seconds = itertools.count()
    monkeypatch.setattr("tui.cli._library.time.monotonic", lambda: next(seconds))
    progress = Progress()
    source = Source(SourceId(1), b"/x", SourceKind.FOLDER, "My\x1bnotes")
    progress.show(source, 1200)
    progress.show_hashed(34_000)
    progress.end()
    said = capsys.readouterr().err
    assert re.search(r"\rreading My[^\x1b]+notes: 1,200\x1b", said)
    assert "\rcomparing contents: 34,000\x1b" in said
    assert said.endswith("\r\x1b[K")
