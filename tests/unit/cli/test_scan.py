"""`scan`: what is found is counted, what can't be used is told."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.support.notes import opus_note

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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
    assert done.code == 1
    assert "earmark scan FOLDER" in done.err


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
