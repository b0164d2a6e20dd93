"""`doctor`: the report, in words and as JSON."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.line import SpeakerProcess
from tui.cli import _sound_check
from tui.cli._sound_check import check_output, found_outputs
from tui.indexer import IndexerLock
from tui.library import Library
from tui.model import SourceId, SourceState, WatchMode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.cli.conftest import Done

    Earmark = Callable[..., Done]


@pytest.fixture(autouse=True)
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Open no sound device; the check itself has tests of its own."""
    monkeypatch.setattr("tui.cli._doctor.check_output", lambda name: f"no {name} here")
    monkeypatch.setattr("tui.cli._doctor.found_outputs", list)


def test_a_new_library(earmark: Earmark, isolated: Path) -> None:
    """Without anything, doctor tells what to do, and that all is well."""
    done = earmark("doctor")
    assert (done.code, done.err) == (0, "")
    assert "earmark FOLDER adds one" in done.out
    assert str(isolated / "config" / "earmark" / "config.toml") in done.out
    assert "miniaudio: no miniaudio here" in done.out


def test_the_report(earmark: Earmark, phone: Path, isolated: Path) -> None:
    """The object tells about library, sources, sound and terminal."""
    bad = phone / "Ana" / "bad.opus"
    bad.write_text("no sound at all")
    os.utime(bad, (1_700_000_000, 1_700_000_000))
    earmark("scan", phone)
    done = earmark("doctor", "--json")
    report = done.json
    assert done.code == 0
    library = report["library"]
    assert library["path"] == str(isolated / "data" / "earmark" / "library.db")
    assert library["size"] > 0
    assert library["version"] > 0
    assert library["integrity"] == "ok"
    assert library["notes"] == 19
    (source,) = report["sources"]
    assert (source["path"], source["state"]) == (str(phone), "ok")
    assert source["score"] == 100
    assert source["reasons"]
    assert (source["notes"], source["problems"]) == (19, 1)
    (problem,) = report["problems"]
    assert problem["path"] == "Ana/bad.opus"
    assert report["audio"]["outputs"]["null"] is None
    assert report["audio"]["problem"] == "no miniaudio here"
    assert report["terminal"]["is_terminal"] is False
    assert all(report["packages"].values())
    text = earmark("doctor").out
    assert f"Ana/bad.opus: unreadable, {problem['reason']}" in text
    assert "19 notes, 1 problem, watching: not now" in text
    assert "score 100" in text


def test_marks_and_backups_are_counted(
    earmark: Earmark, phone: Path, isolated: Path
) -> None:
    """How much of the user's own there is, and how well it is kept."""
    earmark("scan", phone)
    report = earmark("doctor", "--json").json["library"]
    assert report["marks"] == {"starred": 0, "commented": 0, "bookmarked": 0, "tags": 0}
    assert report["backups"] == {"count": 0, "newest": None}
    assert "no backups yet" in earmark("doctor").out
    earmark("star", "chat:Ana")
    earmark("tag", "a,b", "chat:Ana")
    earmark("comment", "chat:Bob", "x")
    key = earmark("list", "chat:Bob", "--json").json[0]["id"]
    earmark("bookmark", key, "1")
    with Library.open(isolated / "data" / "earmark" / "library.db") as library:
        library.back_up()
    report = earmark("doctor", "--json").json["library"]
    assert report["marks"] == {"starred": 4, "commented": 4, "bookmarked": 1, "tags": 2}
    assert report["backups"]["count"] == 1
    assert report["backups"]["newest"].endswith("Z")
    text = earmark("doctor").out
    assert "4 notes starred, 4 commented, 1 with bookmarks, 2 tags" in text
    assert f"1 backup beside it, the newest of {report['backups']['newest']}" in text


def test_watching_is_told_while_somebody_does(
    earmark: Earmark, phone: Path, isolated: Path
) -> None:
    """What the library remembers of a browser that has gone is not how it is now."""
    earmark("scan", phone)
    path = isolated / "data" / "earmark" / "library.db"
    with Library.open(path) as library, closing(library.index_writer()) as writer:
        writer.set_source_state(SourceId(1), SourceState.OK, "", watch=WatchMode.LIVE)
    assert earmark("doctor", "--json").json["sources"][0]["watch"] == "off"
    assert "watching: not now" in earmark("doctor").out
    assert earmark("scan", "--json").json[0]["watch"] == "off"
    lock = IndexerLock(path)
    assert lock.acquire()
    try:
        assert earmark("doctor", "--json").json["sources"][0]["watch"] == "live"
        assert "watching: live" in earmark("doctor").out
    finally:
        lock.release()


def test_a_source_that_is_away_is_a_failure(earmark: Earmark, phone: Path) -> None:
    """The exit code tells a script that something is wrong."""
    earmark("scan", phone)
    phone.rename(phone.with_name("away"))
    earmark("list")
    done = earmark("doctor")
    assert done.code == 3
    assert "offline" in done.out


def test_a_library_that_can_not_be_opened(earmark: Earmark, tmp_path: Path) -> None:
    """Doctor reports even then."""
    done = earmark("doctor", "--library", tmp_path)
    assert done.code == 3
    assert f"can't be used: {tmp_path}: is a folder" in done.out
    assert "integrity" not in done.out


def test_what_can_be_played_on(
    earmark: Earmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each by its name and by what people call it; the chosen one with its reason."""
    found = [
        {"name": "auto", "label": "the usual device", "is_default": False},
        {"name": "pulse:\udcff", "label": "K\u00fcche\x1b[2J", "is_default": True},
    ]
    monkeypatch.setattr("tui.cli._doctor.found_outputs", lambda: found)
    monkeypatch.setenv("EARMARK_OUTPUT", "pulse:usb")
    audio = earmark("doctor", "--json").json["audio"]
    assert audio["choices"][1] == found[1] | {"name": "pulse:\\xff"}
    assert (audio["output"], audio["problem"]) == ("pulse:usb", "no pulse:usb here")
    text = earmark("doctor").out
    assert "auto: the usual device\n" in text
    assert "pulse:\\xff: Küche\\x1b[2J, where auto leads now" in text
    assert "pulse:usb: no pulse:usb here" in text


def test_the_check_opens_an_output_elsewhere() -> None:
    """Silence always works; a device that is not there has its reason in one line."""
    assert check_output("null") == ""
    reason = check_output("miniaudio")
    assert reason
    assert "\n" not in reason
    names = [each["name"] for each in found_outputs()]
    assert (names[0], names[-1]) == ("auto", "null")


def test_a_check_that_crashes_or_hangs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A sound library that dies or hangs takes nothing with it."""
    program = tmp_path / "python"
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(_sound_check, "_TIMEOUT_S", 0.3)
    program.write_text("#!/bin/sh\nkill -SEGV $$\n")
    program.chmod(0o755)
    assert check_output("x") == "it crashed (exit code -11)"
    assert found_outputs() == []
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    assert check_output("x") == "it does not answer"


def test_over_ssh_the_ways_to_hear_are_told(
    earmark: Earmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the very commands; and nothing of it where one sits at the machine."""
    assert earmark("doctor", "--json").json["ssh"] is None
    assert "over ssh" not in earmark("doctor").out
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.7 5000 192.0.2.1 2222")
    monkeypatch.setenv("USER", "me")
    monkeypatch.setenv("LOGNAME", "me")
    facts = earmark("doctor", "--json").json["ssh"]
    assert facts["command"] == "earmark ssh --ssh 'ssh -p 2222' me@192.0.2.1"
    page = "ssh -p 2222 -NL 8137:127.0.0.1:8137 me@192.0.2.1"
    assert facts["page"]["forward"] == page
    assert (facts["speaker"], facts["found"]) == (False, None)
    assert facts["pulse"]["server"] is None
    text = earmark("doctor").out
    assert facts["command"] in text
    assert page in text
    assert facts["pulse"]["forward"] in text
    assert "microphone" in text
    monkeypatch.setenv("PULSE_SERVER", "tcp:desk:4713")
    monkeypatch.setenv("SSH_CONNECTION", "strange")
    facts = earmark("doctor", "--json").json["ssh"]
    assert facts["command"] == "earmark ssh me@HOST"
    assert facts["pulse"]["server"] == "tcp:desk:4713"
    assert facts["pulse"]["problem"] == "no pulse here"
    assert "sound server tcp:desk:4713: no pulse here" in earmark("doctor").out


def test_behind_a_router_the_address_is_no_host(
    earmark: Earmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the machine calls itself leads nowhere from outside."""
    monkeypatch.setenv("USER", "me")
    monkeypatch.setenv("LOGNAME", "me")
    monkeypatch.setenv("SSH_CONNECTION", "8.8.8.8 5000 10.0.0.5 22")
    facts = earmark("doctor", "--json").json["ssh"]
    assert facts["command"] == "earmark ssh me@HOST"
    assert facts["inner_address"] == "10.0.0.5"
    assert "10.0.0.5 is its address behind a router" in earmark("doctor").out
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.9 5000 10.0.0.5 22")
    facts = earmark("doctor", "--json").json["ssh"]
    assert facts["command"] == "earmark ssh me@10.0.0.5"
    assert facts["inner_address"] is None


def test_a_speaker_is_asked_whether_it_answers(
    earmark: Earmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that does plays where one sits; one that is gone is told as such."""
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.7 5000 192.0.2.1 22")
    monkeypatch.setenv("EARMARK_OUTPUT", f"speaker:{tmp_path}/speaker")
    report = earmark("doctor", "--json").json
    assert report["audio"]["problem"] == "The speaker is not there"
    assert report["ssh"]["speaker_problem"] == "The speaker is not there"
    text = earmark("doctor").out
    assert f"speaker:{tmp_path}/speaker: The speaker is not there" in text
    assert "it plays where you sit" not in text
    with SpeakerProcess(tmp_path, "null"):
        report = earmark("doctor", "--json").json
        assert report["audio"]["problem"] is None
        assert "it plays where you sit" in earmark("doctor").out


def test_a_speaker_that_auto_would_find_is_told(
    earmark: Earmark, isolated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plain SSH session beside an `earmark ssh` is heard where one sits, too."""
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.7 5000 192.0.2.1 22")
    folder = isolated / ".earmark-0123456789"
    folder.mkdir(mode=0o700)
    with SpeakerProcess(folder, "null") as speaker:
        report = earmark("doctor", "--json").json
        assert report["ssh"]["found"] == f"speaker:{speaker.path}"
        assert "where no device works, auto plays there" in earmark("doctor").out
