"""Week folders are named as WhatsApp's own code names them."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from tui.sources import is_week_folder, week_days, week_folder

_TABLE = Path(__file__).parents[2] / "data" / "java_weeks.tsv"


def _java() -> dict[date, str]:
    """Spell out what a Java machine gave for every day of 42 years."""
    folders: dict[date, str] = {}
    for line in _TABLE.read_text().splitlines():
        if line.startswith("#"):
            continue
        year, second, _, back = line.split("\t")
        day, week_two = date(int(year), 1, 1), date.fromisoformat(second)
        falls_back = date.max if back == "-" else date.fromisoformat(back)
        while day.year == int(year):
            week = 2 + (day - week_two).days // 7
            folders[day] = f"{year}{1 if day >= falls_back else week:02d}"
            day += timedelta(days=1)
    return folders


def test_every_day_of_42_years_lies_where_java_puts_it() -> None:
    """The rule is Java's, for all 15,341 days."""
    java = _java()
    assert len(java) == 15_341
    assert {day: week_folder(day) for day in java} == java


def test_the_days_of_a_folder_are_those_that_lie_in_it() -> None:
    """The way back gives the same days, in order."""
    days: dict[str, list[date]] = {}
    for day, folder in _java().items():
        days.setdefault(folder, []).append(day)
    assert {folder: week_days(folder) for folder in days} == days


@pytest.mark.parametrize(
    ("day", "folder"),
    [
        (date(2024, 9, 15), "202438"),
        (date(2024, 5, 1), "202418"),
        (date(2023, 1, 1), "202301"),
        (date(2024, 12, 28), "202452"),
        (date(2024, 12, 29), "202401"),
        (date(2024, 12, 31), "202401"),
        (date(2022, 12, 31), "202253"),
        (date(2017, 4, 5), "201714"),
    ],
)
def test_known_days(day: date, folder: str) -> None:
    """Days of real notes and of year ends lie in their folders."""
    assert week_folder(day) == folder


def test_week_one_may_have_two_runs_of_days() -> None:
    """The last days of 2024 lie with its first."""
    days = week_days("202401")
    assert days[0] == date(2024, 1, 1)
    assert days[-3:] == [date(2024, 12, 29), date(2024, 12, 30), date(2024, 12, 31)]


def test_a_week_that_a_year_does_not_have_is_empty() -> None:
    """2024 has no week 54."""
    assert week_days("202454") == []


@pytest.mark.parametrize(
    "name", [b"202438", b"201714", b"202601", b"202653", b"199901"]
)
def test_week_names(name: bytes) -> None:
    """Year and week make a week folder."""
    assert is_week_folder(name)


@pytest.mark.parametrize(
    "name",
    [b"", b"2024", b"202400", b"202455", b"302401", b"202438a", b" 202438", b"2024-38"],
)
def test_other_names(name: bytes) -> None:
    """Other numbers don't."""
    assert not is_week_folder(name)
