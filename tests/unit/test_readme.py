"""The README says what is there: commands, fields, settings, folders, pictures."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from tests.support.child import ROOT
from tui.cli._argv import COMMANDS
from tui.cli._objects import note_object
from tui.config import Settings
from tui.model import (
    ChatId,
    ChatKind,
    Direction,
    Note,
    NoteId,
    NoteKind,
    NoteRow,
    NoteState,
    Played,
    Precision,
)

README = (ROOT / "README.md").read_text(encoding="utf-8")
CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
RUN = "python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/earmark demo"
TEST = (
    "python3 -m venv .venv && .venv/bin/pip install -q -e '.[dev]'"
    " && .venv/bin/python -m pytest"
)


def section(title: str) -> str:
    """Return what stands below a heading."""
    match = re.search(
        rf"^##+ {title}\n(.*?)(?=^##|\Z)", README, re.MULTILINE | re.DOTALL
    )
    assert match is not None
    return match[1]


def first_cells(text: str) -> set[str]:
    """Return the code words in the first column of a table."""
    rows = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    return {word for row in rows for word in re.findall(r"`([^`]+)`", row)}


def test_the_two_commands_stand_alone_on_a_line() -> None:
    """A new user copies one line to run, another to test."""
    lines = README.splitlines()
    assert lines.count(RUN) == 1
    assert lines.count(TEST) == 1


def test_the_machine_check_runs_the_same_test_command() -> None:
    """What the README tells to run is what is run on a fresh machine, as the last."""
    assert CI.splitlines()[-1] == TEST
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


def test_the_machine_check_installs_what_tests_need() -> None:
    """For every part that a test needs, its package is installed."""
    packages = {
        "pulseaudio": "pulseaudio pulseaudio-utils",
        "tmux": "tmux",
        "espeak": "espeak-ng",
        "ffmpeg": "ffmpeg",
        "sshd": "openssh-server",
        "mosh": "mosh",
        "chromium": "chromium",
        "firefox": "firefox-esr",
        "simpleaudio": "libasound2-dev gcc",
        "ios": "simpleaudio,ios",
    }
    needed = {
        part
        for path in (ROOT / "tests").rglob("*.py")
        for call in re.findall(r"needs\(([^)]*)\)", path.read_text(encoding="utf-8"))
        for part in re.findall(r'"(\w+)"', call)
    }
    assert needed
    for part in needed:
        assert packages[part] in CI


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_told(command: str) -> None:
    """Each command stands among those that can be used."""
    assert re.search(rf"^earmark {command}\b", section("Use"), re.MULTILINE)


def test_the_fields_of_a_note_are_those_that_are_written() -> None:
    """The table names every field of the JSON object, and no other."""
    row = NoteRow(
        id=NoteId(1),
        chat_id=ChatId(1),
        chat_title="",
        kind=NoteKind.VOICE,
        sender=None,
        direction=Direction.UNKNOWN,
        sent_ms=0,
        offset_min=None,
        precision=Precision.DAY,
        order_ms=0,
        duration_ms=None,
        state=NoteState.READY,
        reason="",
        played=Played.UNPLAYED,
        position_ms=0,
    )
    note = Note(row, "", ChatKind.FOLDER, 0, None)
    assert first_cells(section("JSON")) == set(note_object(note))


def test_the_settings_are_those_that_there_are() -> None:
    """The table names every setting with its variable."""
    no_settings = {"config", "chosen_theme", "origins"}
    names = {field.name for field in fields(Settings)} - no_settings
    assert first_cells(section("Settings")) == names
    for name in names:
        assert f"`EARMARK_{name.upper()}`" in section("Settings")


def test_the_picture_of_the_folders_is_true() -> None:
    """Every module and folder of the package stands in the picture, and no other."""
    drawn = set(re.findall(r"^[├└]── (\S+)", section("How it is built"), re.MULTILINE))
    there = {
        path.name + ("/" if path.is_dir() else "")
        for path in (ROOT / "tui").iterdir()
        if path.is_dir() or path.suffix == ".py"
    }
    assert drawn == there - {"__init__.py", "__pycache__/"}


def test_every_link_leads_somewhere() -> None:
    """Pictures and files that are linked are there."""
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert Path(ROOT, target).exists(), target
