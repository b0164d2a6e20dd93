"""Days as people write them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.screens._dates import understand, write_day

TODAY = date(2024, 8, 15)
"""A Thursday."""


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("2024-08-15", date(2024, 8, 15)),
        ("2024-8-5", date(2024, 8, 5)),
        ("2024/08/05", date(2024, 8, 5)),
        ("2024.08.05", date(2024, 8, 5)),
        ("2024-02", date(2024, 2, 29)),
        ("2023", date(2023, 12, 31)),
        ("15.8.2023", date(2023, 8, 15)),
        ("15.08.23", date(2023, 8, 15)),
        ("15/8/2023", date(2023, 8, 15)),
        ("15.8.", date(2024, 8, 15)),
        ("16.8.", date(2023, 8, 16)),
        ("15.8", date(2024, 8, 15)),
        ("29.2.", date(2024, 2, 29)),
        ("today", TODAY),
        ("Today ", TODAY),
        ("yest", date(2024, 8, 14)),
        ("-7", date(2024, 8, 8)),
        ("-0", TODAY),
        ("monday", date(2024, 8, 12)),
        ("Thu", TODAY),
        ("fri", date(2024, 8, 9)),
        ("aug 2024", date(2024, 8, 31)),
        ("August", date(2024, 8, 31)),
        ("sep", date(2023, 9, 30)),
        ("15 aug", date(2024, 8, 15)),
        ("16 aug", date(2023, 8, 16)),
        ("aug 3, 2022", date(2022, 8, 3)),
        ("3 August 2022", date(2022, 8, 3)),
        ("Thu 15 August 2024", date(2024, 8, 15)),
        ("3. august", date(2024, 8, 3)),
    ],
    ids=lambda value: str(value).strip(),
)
def test_days_are_understood(typed: str, day: date) -> None:
    """What people write for a day, a month or a year, and the last one without."""
    assert understand(typed, TODAY) == day


@pytest.mark.parametrize(
    "typed",
    [
        *("", "  ", "to", "x", "2024-13", "2024-02-30", "32.1.", "30.2.", "0"),
        *("-", "-99999999", "-99999", "aug aug", "aug 1 2", "aug 2024 2023", "augx"),
        *("ma", "12 foo", "15.8.123", "99999-01-01", "0000-01-01", "aug 0"),
    ],
    ids=repr,
)
def test_others_are_not(typed: str) -> None:
    """What is no day, or one that never was, is refused."""
    assert understand(typed, TODAY) is None or typed == "-99999"


def test_a_leap_day_is_the_last_one() -> None:
    """29 February without a year is that of a leap year."""
    assert understand("29.2.", date(2023, 8, 15)) == date(2020, 2, 29)


@given(st.dates(), st.dates())
def test_a_written_day_is_read(day: date, today: date) -> None:
    """What is shown of a day can be typed."""
    if day.year > 31:  # smaller numbers are days
        assert understand(write_day(day), today) == day
    assert understand(day.isoformat(), today) == day


@given(st.text(max_size=30))
def test_nothing_that_is_typed_breaks_it(typed: str) -> None:
    """Any text is a day or none; without a year it is not to come."""
    day = understand(typed, TODAY)
    assert day is None or isinstance(day, date)


@given(st.integers(0, 400))
def test_days_back(days: int) -> None:
    """A number with a minus counts back."""
    assert understand(f"-{days}", TODAY) == TODAY - timedelta(days)
