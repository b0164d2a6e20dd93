"""The details pane as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes import sample_library
from tests.support.notes import hostile_texts
from tui.model import (
    Direction,
    Evidence,
    NoteId,
    NoteKind,
    NoteState,
    Played,
    Precision,
)
from tui.widgets.cells import line_width
from tui.widgets.details import details_lines, when
from tui.widgets.glyphs import ASCII, UNICODE

if TYPE_CHECKING:
    from tui.model import Note


def _first_note() -> Note:
    note = sample_library().note(NoteId(1))
    assert note is not None
    return note


NOTE = _first_note()


def shown(cells: int = 60, **fields: object) -> str:
    """Write the details of the sample's first note, with other fields in its row."""
    row = NOTE.row._replace(**fields)  # type: ignore[arg-type]  # by name of a field
    lines = details_lines(NOTE._replace(row=row), cells)
    return "\n".join("".join(run.text for run in line) for line in lines)


def test_all_that_is_known_is_there() -> None:
    """Who, when and how sure, how long, in which file."""
    text = shown()
    for part in (
        "Ana",
        "received",
        "to the minute",
        "from folder, 0.90",
        "Voice/PTT-00000001.opus",
        "/home/user/Sync/WhatsApp",
        "ogg/opus",
        "48 kB",
        "unplayed",
        "█",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("precision", "time", "words"),
    [
        (Precision.SECOND, "Thu 15 Aug 2024 12:30:05", "to the second"),
        (Precision.MINUTE, "Thu 15 Aug 2024 12:30", "to the minute"),
        (Precision.DAY, "Thu 15 Aug 2024", "only the day is known"),
        (Precision.MTIME, "Thu 15 Aug 2024 12:30", "own time"),
    ],
)
def test_a_time_is_written_as_exactly_as_it_is_known(
    precision: Precision, time: str, words: str
) -> None:
    """A day without a clock has none; the words say how far to trust it."""
    ms = 1_723_725_005_000
    row = NOTE.row._replace(sent_ms=ms, precision=precision, offset_min=0)
    assert when(row) == time
    assert words in shown(precision=precision, sent_ms=ms)


def test_a_wall_clock_is_shown_as_the_sender_saw_it() -> None:
    """A time with an assumed zone keeps its clock, wherever the viewer is."""
    row = NOTE.row._replace(
        sent_ms=1_723_725_005_000,
        precision=Precision.MINUTE,
        offset_min=330,
    )
    assert when(row) == "Thu 15 Aug 2024 18:00"


def test_a_group_names_sender_and_chat() -> None:
    """Who spoke to whom; own notes are mine."""
    assert "Ana → Family" in shown(chat_title="Family")
    assert "me → Family" in shown(chat_title="Family", direction=Direction.SENT)
    assert shown(chat_title="Family", sender=None).startswith(" Family\n")


def test_a_problem_comes_with_its_reason() -> None:
    """A file that can't be played says why."""
    text = shown(state=NoteState.UNREADABLE, reason="not a sound file")
    assert "! unreadable: not a sound file" in text


def told(
    cells: int = 60, *, row: dict[str, object] | None = None, **fields: object
) -> str:
    """Write the details of the sample's first note, with other fields."""
    changed = NOTE.row._replace(**row or {})  # type: ignore[arg-type]  # by name
    note = NOTE._replace(row=changed, **fields)  # type: ignore[arg-type]  # by name
    lines = details_lines(note, cells)
    return "\n".join("".join(run.text for run in line) for line in lines)


@pytest.mark.parametrize(
    ("direction", "is_played", "words"),
    [
        (Direction.RECEIVED, True, "played"),
        (Direction.RECEIVED, False, "not played"),
        (Direction.SENT, True, "played by them"),
        (Direction.SENT, False, "not played by them"),
    ],
)
def test_what_the_phone_says_is_kept_apart(
    direction: Direction, is_played: bool, words: str
) -> None:
    """Beside what was heard here; nothing where the phone says nothing."""
    text = told(row={"direction": direction}, phone_played=is_played)
    assert f"\n phone     {words}\n" in text
    assert "\n heard     unplayed\n" in text
    assert "\n phone" not in told()


def test_all_words_are_there() -> None:
    """What was written with it, what is said in it, and the comment."""
    text = told(text="for mum", transcript="So the recipe", comment="ask about it")
    caption, spoken, comment = (
        text.index(words)
        for words in ("\n “for mum”\n", "\n So the recipe\n", "\n # ask about it\n")
    )
    assert caption < spoken < comment


def test_evidence_names_the_document() -> None:
    """With the confidence, kept together; the user's own choice has none."""
    chat = {"chat": Evidence("export “Family”", 0.99)}
    assert "\n           from export “Family”, 0.99\n" in told(evidence=chat)
    assert "\n           from export\n           “Family”, 0.99\n" in told(
        32, evidence=chat
    )
    text = told(evidence={"chat": Evidence("chosen by you", 2.0)})
    assert "\n           chosen by you\n" in text
    assert "from chosen" not in text


def test_a_missing_note_says_that_its_file_is_not_here() -> None:
    """With the name that the file would have, and without what nobody knows."""
    row: dict[str, object] = {
        "state": NoteState.MISSING,
        "reason": "its file is not here",
        "file_name": "PTT-1.opus",
    }
    text = told(row=row, files=(), peaks=None, container="", size=0)
    assert "\n\n ◇ its file is not here\n\n" in text
    assert "\n file      PTT-1.opus\n" in text
    for words in ("heard", "0 bytes", "not read yet", "!", "0:00"):
        assert words not in text
    text = told(row={**row, "kind": NoteKind.VIEW_ONCE}, files=())
    assert "no phone keeps what can be heard" in text


def test_a_half_heard_note_says_where_it_goes_on() -> None:
    """The resume position is told."""
    assert "half-heard, at 0:03" in shown(played=Played.HALF, position_ms=3000)


@pytest.mark.parametrize("name", hostile_texts())
@pytest.mark.parametrize("cells", [24, 60])
def test_hostile_text_stays_text(name: str, cells: int) -> None:
    """No name breaks a line, the width or the terminal."""
    row = NOTE.row._replace(sender=name, chat_title=name, title=name, reason=name)
    for glyphs in (UNICODE, ASCII):
        for line in details_lines(NOTE._replace(row=row), cells, glyphs=glyphs):
            text = "".join(run.text for run in line)
            assert not any(
                ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0 for char in text
            )
            assert "\u202e" not in text
            assert line_width(line) <= cells
