"""`play`: notes one after another, marks kept, problems told."""

from __future__ import annotations

import io
import os
import signal
import wave
from typing import TYPE_CHECKING

import pytest

from tests.support.lines import running
from tests.support.notes import opus_note
from tests.support.terminal import PtyTerminal
from tui.audio import PlayerState, Sound
from tui.cli._habits import browsing, performing
from tui.cli._play import Performance, StatusLine
from tui.config import load_settings
from tui.model import NoteId, SoundScope, SoundSettings
from tui.playback import Defaults, Habits, NowPlaying

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.cli.conftest import Done

    Earmark = Callable[..., Done]

ONE, TWO = NoteId(1), NoteId(2)


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A folder with two short notes."""
    root = tmp_path / "Recordings"
    root.mkdir()
    for minute in (10, 20):
        path = root / f"2025-03-14 12-{minute}-00.opus"
        path.write_bytes(opus_note(1, freq=400 + minute))
        os.utime(path, (1_741_954_200, 1_741_954_200))
    return root


def test_notes_are_played_and_marked(earmark: Earmark, two: Path) -> None:
    """Both notes sound to their end, and are played afterwards."""
    earmark("scan", two)
    done = earmark("play", "is:unplayed", "--output", "null", "--speed", "3")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert {note["played"] for note in earmark("list", "--json").json} == {"played"}
    assert earmark("play", "is:unplayed", "--output", "null").code == 1


def test_one_note_by_its_id(earmark: Earmark, two: Path) -> None:
    """An id plays that note alone."""
    earmark("scan", two)
    notes = earmark("list", "--json").json
    key = notes[0]["id"][:12]
    assert earmark("play", key, "--output", "null", "--speed", "3").code == 0
    played = {note["id"]: note["played"] for note in earmark("list", "--json").json}
    assert played == {notes[0]["id"]: "played", notes[1]["id"]: "unplayed"}


def test_without_a_device_nothing_is_marked(earmark: Earmark, two: Path) -> None:
    """No sound is a failure with its reason; what was not heard is not played."""
    earmark("scan", two)
    done = earmark("play", "is:unplayed")
    assert done.code == 3
    assert "earmark: No sound" in done.err
    assert {note["played"] for note in earmark("list", "--json").json} == {"unplayed"}


def test_a_file_that_went_away(earmark: Earmark, two: Path) -> None:
    """A note that can't be played is told, and the others are played."""
    (two / "bad.opus").write_text("no sound at all")
    os.utime(two / "bad.opus", (1, 1))
    earmark("scan", two)
    key = earmark("list", "is:unreadable", "--json").json[0]["id"]
    done = earmark("play", key, "--output", "null")
    assert done.code == 3
    assert done.err == f"earmark: {two}/bad.opus: not a sound file\n"


def test_what_can_not_be_played_is_told(earmark: Earmark, two: Path) -> None:
    """A query that finds only such notes says why; others play without them."""
    (two / "bad.opus").write_text("no sound at all")
    os.utime(two / "bad.opus", (1, 1))
    earmark("scan", two)
    (note,) = earmark("list", "is:unreadable", "--json").json
    done = earmark("play", "is:unreadable", "--output", "null")
    assert (done.code, done.out) == (3, "")
    assert done.err == f"earmark: {two}/bad.opus: {note['reason']}\n"


@pytest.mark.parametrize(("key", "code"), [(b"q", 0), (b"", 130)])
def test_keys_end_it_unseen(earmark: Earmark, two: Path, key: bytes, code: int) -> None:
    """What is typed is not written between, and the terminal is given back."""
    (two / "long.opus").write_bytes(opus_note(31))
    earmark("scan", two)
    words = ["python", "-m", "tui", "play", "len>30", "--output", "null", "--speed=3"]
    with PtyTerminal(words) as terminal:
        terminal.wait_for("1 of 1")
        assert not terminal.echoes
        terminal.send(b"zz" + key)
        if not key:
            # Not at once: what has not arrived yet is shown by the terminal itself,
            # which the end of the program lets show keys again.
            terminal.wait_for("0:02 / 0:31")
            terminal.process.send_signal(signal.SIGINT)
        assert terminal.wait_for_exit() == code
        assert b"z" not in terminal.output.partition(b"1 of 1")[2]
        assert terminal.echoes


def test_keys_pause_and_go_on() -> None:
    """Space is passed on; n and > go to the next note, q ends."""
    pauses: list[str] = []
    performance = Performance(
        4, lambda *_: None, name=named, toggle=lambda: pauses.append("toggle")
    )
    for key in " ?n>q":
        performance.pressed(key)
    assert performance.wait(ONE)
    assert performance.wait(TWO)
    assert not performance.wait(ONE)
    assert pauses == ["toggle"]
    assert performance.code == 0


def test_sigterm_keeps_the_position(earmark: Earmark, tmp_path: Path) -> None:
    """A program that is told to end has saved where listening stood."""
    (tmp_path / "long.opus").write_bytes(opus_note(31))
    earmark("scan", tmp_path)
    output = tmp_path / "out.wav"
    with running("play", "long", "or", "is:unplayed", "--output", "null") as play:
        while earmark("list", "is:unplayed").code == 0:
            assert play.process.poll() is None
        play.process.send_signal(signal.SIGTERM)
        assert play.end() == 130
    (note,) = earmark("list", "--json").json
    assert note["played"] == "half"
    assert note["position_ms"] >= 2000
    assert not output.exists()


def playing(note_id: NoteId, **more: object) -> NowPlaying:
    """Make a snapshot of a note that plays."""
    return NowPlaying(note_id=note_id, state=PlayerState.PLAYING, **more)  # type: ignore[arg-type]  # any of its fields


def named(note_id: NoteId) -> str:
    """Name a note."""
    return f"note {note_id}"


def ended(note_id: NoteId) -> NowPlaying:
    """Make a snapshot of a note that has ended."""
    return NowPlaying(note_id=note_id, state=PlayerState.ENDED)


class Clock:
    """A clock that goes on by four seconds at each look."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Tell the time."""
        self.now += 4.0
        return self.now


def test_the_end_of_another_note_is_not_waited_for() -> None:
    """Only the end of the note that was asked for counts."""
    shown: list[int] = []
    performance = Performance(
        2, lambda number, _total, _now: shown.append(number), name=named
    )
    for now in (ended(ONE), playing(TWO), ended(TWO)):
        performance.changed(now)
    assert performance.wait(TWO)
    assert shown == [1, 1]
    assert performance.code == 0


def test_a_note_that_fails_is_told_and_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A message is a failure of this note; the next is played."""
    performance = Performance(2, lambda *_: None, name=named)
    message = "Can't play this note: x"
    performance.changed(NowPlaying(note_id=ONE, message=message, failure="x"))
    assert performance.wait(ONE)
    assert performance.code == 3
    performance.changed(NowPlaying(note_id=TWO, message="That did not work"))
    assert performance.wait(TWO)
    assert capsys.readouterr().err.splitlines() == [
        "earmark: note 1: x",
        "earmark: That did not work",
    ]


def test_a_late_word_about_another_note_ends_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is told again of a note that failed is not the end of the next one."""
    performance = Performance(2, lambda *_: None, name=named)
    failed = NowPlaying(note_id=ONE, message="Can't play this note: x", failure="x")
    performance.changed(failed)
    assert performance.wait(ONE)
    gone = NowPlaying(note_id=ONE, message="This note is no longer in the library")
    for now in (failed, playing(TWO), gone, gone):
        performance.changed(now)
    assert performance.wait(TWO)
    for now in (gone, playing(TWO), ended(TWO)):
        performance.changed(now)
    assert performance.wait(TWO)
    assert capsys.readouterr().err.splitlines() == [
        "earmark: note 1: x",
        "earmark: This note is no longer in the library",
    ]


def test_a_note_that_begins_by_itself_ends_the_one_before(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is told of it then is not forgotten: it may have failed at once."""
    performance = Performance(2, lambda *_: None, name=named)
    performance.changed(playing(ONE, position_ms=900))
    performance.changed(NowPlaying(note_id=TWO, message="Can't", failure="it is bad"))
    assert performance.wait(ONE, TWO)
    assert performance.begun == TWO
    assert performance.code == 0
    assert performance.wait(TWO)
    assert performance.code == 3
    assert capsys.readouterr().err == "earmark: note 2: it is bad\n"


def test_notes_are_played_as_the_options_say(
    earmark: Earmark, tmp_path: Path, two: Path
) -> None:
    """Once each, in one go, though a remembered speed would be another."""
    earmark("scan", two)
    output = tmp_path / "out.wav"
    options = ["--speed", "2", "--skip", "1", "--level", "--gap", "0.5"]
    done = earmark("play", "is:unplayed", "--output", f"file:{output}", *options)
    assert (done.code, done.out, done.err) == (0, "", "")
    assert {note["played"] for note in earmark("list", "--json").json} == {"played"}
    with wave.open(str(output)) as written:
        heard_s = written.getnframes() / written.getframerate()
    assert heard_s == pytest.approx(1.0 + 0.5, abs=0.25)
    for wrong in (["--skip", "4"], ["--gap", "11"]):
        assert earmark("play", "is:played", *wrong).code == 2


def test_the_habits_of_the_browser_and_of_play(tmp_path: Path) -> None:
    """What is said for this run counts more than what was remembered for all."""
    path = tmp_path / "config.toml"
    path.write_text("speed = 1.5\nskip = 2\ngap = 0.25\nremember = 'chat'\ntone = true")
    options = {"config": str(path), "speed": "3"}
    settings = load_settings(options, {"EARMARK_LEVEL": "1"})
    sound = Sound(speed=3.0, skip=2, level=True)
    assert browsing(settings) == Habits(
        gap_ms=250,
        tone=True,
        remember=SoundScope.CHAT,
        defaults=Defaults(sound, insisted=SoundSettings(speed=3.0, level=True)),
    )
    assert performing(settings) == Habits(
        continuous=False,
        gap_ms=250,
        tone=True,
        remember=SoundScope.CHAT,
        defaults=Defaults(
            sound,
            insisted=SoundSettings(level=True),
            commanded=SoundSettings(speed=3.0),
        ),
        keeps_queue=False,
        leaves_out=False,
    )


def test_a_device_that_is_away_for_long_ends_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In the middle a device may come back within seconds; then one gives up."""
    clock = Clock()
    performance = Performance(1, lambda *_: None, name=named, clock=clock)
    performance.changed(playing(ONE, position_ms=500))
    performance.changed(playing(ONE, device_problem="No sound: unplugged"))
    assert not performance.wait(ONE)
    assert clock.now > 10
    assert performance.code == 3
    assert "unplugged" in capsys.readouterr().err


def test_a_device_that_comes_back_is_no_problem() -> None:
    """What is over is forgotten."""
    performance = Performance(1, lambda *_: None, name=named)
    performance.changed(playing(ONE, position_ms=500))
    performance.changed(playing(ONE, device_problem="No sound: unplugged"))
    performance.changed(playing(ONE))
    performance.changed(ended(ONE))
    assert performance.wait(ONE)
    assert performance.code == 0


class Terminal(io.StringIO):
    """A stream that says to be a terminal."""

    def isatty(self) -> bool:
        """Be one."""
        return True


def test_the_status_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line is written over and over, safe and no wider than the terminal."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "50")
    stream = Terminal()
    line = StatusLine(stream)
    now = playing(
        ONE, sender="Ana\x1b[2J", chat="Family", speed=1.5, duration_ms=42_000
    )
    line.show(1, 3, now)
    line.show(1, 3, now)
    line.end()
    assert stream.getvalue() == (
        "\r1 of 3   Ana\\x1b[2J / Family   0:00 / 0:42   1.5x\x1b[K\n"
    )


@pytest.mark.parametrize("term", ["dumb", ""])
def test_no_status_line_where_it_can_not_be(
    monkeypatch: pytest.MonkeyPatch, term: str
) -> None:
    """A dumb terminal and a file get nothing."""
    monkeypatch.setenv("TERM", term or "xterm")
    stream = Terminal() if term else io.StringIO()
    line = StatusLine(stream)
    line.show(1, 1, playing(ONE))
    line.end()
    assert stream.getvalue() == ""


def test_it_begins_where_the_words_are(
    earmark: Earmark, tmp_path: Path, two: Path
) -> None:
    """A second before a bookmark that a query finds; by its id, from the start."""
    (two / "long.opus").write_bytes(opus_note(3, freq=300))
    earmark("scan", two)
    (note,) = earmark("list", "len>2", "--json").json
    key = note["id"]
    assert earmark("bookmark", key, "2.5", "the oven").code == 0

    def heard_s(*argv: str) -> float:
        """How long it sounds, in seconds of the note."""
        output = tmp_path / "out.wav"
        done = earmark("play", *argv, "--output", f"file:{output}", "--speed", "3")
        assert done.code == 0, done.err
        with wave.open(str(output)) as written:
            return float(3 * written.getnframes() / written.getframerate())

    assert heard_s("oven") == pytest.approx(1.5, abs=0.5)
    earmark("mark", "unplayed", key)
    assert heard_s("has:bookmark") == pytest.approx(3, abs=0.6)
    earmark("mark", "unplayed", key)
    assert heard_s(key) == pytest.approx(3, abs=0.6)
