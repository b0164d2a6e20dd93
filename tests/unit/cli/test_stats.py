"""`stats`: the library in numbers, in a file and on a terminal."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.program import RAW
from tui.answers import Share, Statistics
from tui.cli._objects import statistics_object
from tui.cli._output import Out
from tui.cli._stats import _say, bar
from tui.text import width

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.cli.conftest import Done

    Earmark = Callable[..., Done]

HOUR = 3_600_000
FOUND = Statistics(
    total=Share("", 1204, 12 * HOUR, 12, HOUR // 2),
    chats=tuple(Share(f"Chat {n}", 100 - n, HOUR * (20 - n), n, n) for n in range(20)),
    senders=(
        Share("An\x1b[31ma\u202e\udcff", 2, HOUR, 0, 0),
        Share("", 1, 0, 0, 0),
    ),
    months=(Share("2024-08", 4, 90_000, 0, 0),),
)


class Screen(io.StringIO):
    """A terminal of some width."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        """It is one."""
        return True


def said(columns: int, *, with_unicode: bool = True) -> list[str]:
    """What a terminal shows."""
    screen = Screen()
    out = Out(screen)
    out.columns = columns
    _say(out, FOUND, with_unicode=with_unicode)
    return screen.getvalue().splitlines()


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
@pytest.mark.parametrize("with_unicode", [True, False])
def test_a_terminal_gets_bars(columns: int, *, with_unicode: bool) -> None:
    """They fit its width, the longest is the fullest, and nothing wraps."""
    lines = said(columns, with_unicode=with_unicode)
    full = "█" if with_unicode else "#"
    assert all(width(line) <= columns for line in lines)
    assert all(RAW.search(line) is None for line in lines)
    bars = [line.count(full) for line in lines if line.startswith("  Chat ")]
    assert bars == sorted(bars, reverse=True)
    assert len(bars) == 12
    assert bool(bars[0]) == (columns >= 40)
    assert "  and 8 more" in lines


def test_the_numbers_are_told() -> None:
    """Totals, and the backlog in hours."""
    lines = said(80)
    assert lines[0] == "1,204 notes, 12.0 hours in all"
    assert lines[1] == "12 not yet played, 30 minutes to hear"
    assert "months" in lines
    assert lines[-1].split() == ["2024-08", "1:30", "4", "notes", "█" * 48]
    assert any(line.startswith("  not known") for line in lines)


def test_a_file_gets_all_and_no_bars() -> None:
    """What is piped on is lines of words."""
    stream = io.StringIO()
    _say(Out(stream), FOUND, with_unicode=True)
    text = stream.getvalue()
    assert "█" not in text
    assert text.count("Chat ") == 20


@given(st.floats(0, 1), st.integers(1, 200), st.booleans())
def test_bars_have_their_length(part: float, room: int, with_unicode: bool) -> None:
    """Never more than there is room for, and something is never nothing."""
    drawn = bar(part, room, with_unicode=with_unicode)
    assert width(drawn) <= room
    assert bool(drawn) == (part > 0)
    assert bar(1, room, with_unicode=with_unicode) == ("█#"[not with_unicode]) * room


def test_the_object() -> None:
    """Each part is named by what it is; a sender that is not known is null."""
    told = statistics_object(FOUND)
    assert set(told) == {"total", "chats", "senders", "months"}
    assert told["total"] == {
        "notes": 1204,
        "duration_ms": 12 * HOUR,
        "unplayed": 12,
        "unplayed_ms": HOUR // 2,
    }
    assert told["chats"][0]["chat"] == "Chat 0"
    assert [each["sender"] for each in told["senders"]] == [
        "An\x1b[31ma\u202e\\xff",
        None,
    ]
    assert told["months"][0]["month"] == "2024-08"


def test_stats_of_a_library(known: Earmark) -> None:
    """Of real notes, for people and for programs."""
    known("mark", "played", "chat:Ana")
    done = known("stats")
    assert done.lines[:2] == [
        "6 notes, 0 minutes in all",
        "3 not yet played, 0 minutes to hear",
    ]
    found = known("stats", "--json").json
    assert found["total"] == {
        "notes": 6,
        "duration_ms": 16_000,
        "unplayed": 3,
        "unplayed_ms": 7_000,
    }
    assert [(each["chat"], each["notes"]) for each in found["chats"]] == [
        ("Ana", 3),
        ("Anton", 2),
        ("Bob", 1),
    ]
    assert sum(each["notes"] for each in found["months"]) == 6
    known("mark", "played", "--all")
    assert known("stats").lines[1] == "all of them are played"


def test_stats_of_nothing(earmark: Earmark) -> None:
    """Says what to do, and gives programs an object."""
    done = earmark("stats")
    assert (done.code, done.out) == (1, "")
    assert "earmark FOLDER adds one" in done.err
    assert earmark("stats", "--json").json["total"]["notes"] == 0
