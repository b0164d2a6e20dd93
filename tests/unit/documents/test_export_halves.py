"""Halves of the day in languages that nobody knows are told by their order."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.support.export_chats import claims_of
from tui.documents._export_dayparts import DayPart
from tui.documents._export_halves import Halves

if TYPE_CHECKING:
    from pathlib import Path

    from tui.documents._api import Claim

EARLY, LATE, THIRD = ("", " flim"), ("", " flam"), ("", " flum")
TOLD = {EARLY: DayPart.FORENOON, LATE: DayPart.AFTERNOON}


@pytest.mark.parametrize(
    ("days", "lines", "expected"),
    [
        ([[EARLY, LATE]], 2, TOLD),
        ([[EARLY, EARLY, LATE, LATE], [LATE], [EARLY]], 6, TOLD),
        # One line is late, or pasted.
        ([[EARLY, LATE]] * 4 + [[LATE, EARLY]], 10, TOLD),
        ([[EARLY, LATE]] * 3 + [[LATE, EARLY]], 8, {}),
        # Never on one day.
        ([[EARLY], [LATE], [EARLY], [LATE]], 4, {}),
        ([[EARLY]], 1, {}),
        ([], 0, {}),
        # Most lines have neither.
        ([[EARLY, LATE]], 3, {}),
        ([[EARLY, THIRD, LATE]] * 2, 6, {}),
    ],
)
def test_halves(
    days: list[list[tuple[str, str]]],
    lines: int,
    expected: dict[tuple[str, str], DayPart],
) -> None:
    """Of two words the one that comes first within days is the forenoon's."""
    halves = Halves()
    for day, words in enumerate(days):
        for each in words:
            halves.add(each, f"{day}/8/24")
    assert halves.told(lines) == expected


def test_words_that_are_none() -> None:
    """A word of the afternoon with an hour above twelve is no half of the day."""
    halves = Halves()
    halves.add(EARLY, "1/8/24")
    halves.add(LATE, "1/8/24")
    halves.discard(LATE)
    halves.discard(THIRD)
    assert (len(halves), halves.words) == (1, frozenset({EARLY}))
    assert halves.told(2) == {}


def _hour(claim: Claim) -> int:
    assert claim.moment is not None
    minutes = claim.moment.offset_min or 0
    return datetime.fromtimestamp(claim.moment.ms / 1000 + minutes * 60, UTC).hour


@pytest.mark.parametrize("form", ["{} {}", "{1} {0}"])
def test_a_chat(form: str, tmp_path: Path) -> None:
    """The times of a chat are right, and a little less than sure."""
    days = range(13, 20)
    told = {8: "8:05 flim", 11: "11:05 flim", 12: "12:05 flam", 21: "9:05 flam"}
    text = "".join(
        f"{day}/08/2024, {form.format(*time.split())} - Eve:"
        f" PTT-202408{day}-WA00{hour:02}.opus\n"
        for day in days
        for hour, time in told.items()
    )
    claims = claims_of(tmp_path, text)
    assert [_hour(claim) for claim in claims] == list(told) * len(days)
    assert {claim.moment.confidence for claim in claims if claim.moment} == {0.9}


@pytest.mark.parametrize(
    ("time", "name", "hour"),
    [
        ("7:08:19", "19-08-19", 19),
        ("12:08:19", "00-08-19", 0),
        ("12:08:19", "12-08-19", 12),
        ("7:08:19 flam", "19-08-19", 19),
        # The line says it, or the name has another time.
        ("7:08:19 am", "19-08-19", 7),
        ("7:08:19", "19-08-20", 7),
        ("7:08:19", "18-08-19", 7),
        ("13:08:19", "01-08-19", 13),
    ],
)
def test_the_clock_in_a_name(time: str, name: str, hour: int, tmp_path: Path) -> None:
    """Names of iOS have the clock of 24 hours that a short line lacks."""
    file = f"00000012-AUDIO-2024-08-15-{name}.opus"
    text = f"[15/08/2024, {time}] Eve: <attached: {file}>\n"
    (claim,) = claims_of(tmp_path, text, "_chat.txt")
    assert _hour(claim) == hour
