"""The details pane as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes import sample_library
from tests.support.notes import hostile_texts
from tui.model import Direction, NoteId, NoteState, Played, Precision
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
