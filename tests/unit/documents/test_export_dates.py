"""The order of day and month is decided once, by all lines of a chat."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from tests.support.export_chats import read_all, write_chat
from tui.documents._api import Options
from tui.documents._document import moment_of_wall
from tui.documents._export_dates import ORDERS, DateReader, OrderCount, decide
from tui.documents._export_files import dated_names
from tui.model import Precision

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2026, 9, 20)


def _decide(
    dates: str, hits: str = "", chosen: str = "", *, halves: bool = False
) -> tuple[str, float]:
    count = OrderCount(DateReader(TODAY))
    count.halves = halves
    for text in dates.split():
        if text != count.last and not count.turn(text):
            continue
        count.lines += 1
    for hit in hits.split():
        text, day = hit.split("=")
        count.told(text, date.fromisoformat(day).toordinal())
    order, confidence = decide(count, chosen)
    return ORDERS[order], confidence


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        # Impossible in the other orders.
        ("15/08/2024 02/09/2024", ("dmy", 1.0)),
        ("8/15/24", ("mdy", 1.0)),
        ("2024-05-06", ("ymd", 1.0)),
        # Time runs on only in one.
        ("01/02/2024 02/01/2024 03/01/2024", ("mdy", 0.9)),
        ("02/01/2024 01/02/2024", ("dmy", 0.9)),
        ("24/8/1 24/8/2 24/8/3", ("ymd", 0.9)),
        ("10/9/2026", ("dmy", 0.9)),
        # The part that changes most is the day.
        ("05/12/2024 06/12/2024 07/12/2024 08/12/2024", ("dmy", 0.9)),
        ("12/5/2024 12/6/2024 12/7/2024 12/8/2024", ("mdy", 0.9)),
        # It makes no difference.
        ("05/05/2024 06/06/2024", ("dmy", 1.0)),
        # Nothing says it.
        ("05/12/2024", ("dmy", 0.5)),
        ("5.12.2024", ("dmy", 0.5)),
        ("15.08.24", ("dmy", 0.5)),
        # A mixture: what most can be.
        ("15/08/2024 8/16/2024 17/08/2024", ("dmy", 0.5)),
        # Other calendars stay what they are.
        ("1403/05/25", ("ymd", 1.0)),
        ("31/02/1446", ("dmy", 1.0)),
        ("15/8/2567", ("dmy", 1.0)),
    ],
)
def test_orders(dates: str, expected: tuple[str, float]) -> None:
    """Evidence is weighed from the surest down."""
    assert _decide(dates) == expected


@pytest.mark.parametrize(
    ("dates", "hits", "expected"),
    [
        ("05/12/2024", "05/12/2024=2024-05-12", ("mdy", 0.99)),
        ("05/12/2024", "05/12/2024=2024-12-06", ("dmy", 0.99)),
        ("24.8.15", "24.8.15=2024-08-15", ("ymd", 0.99)),
        ("15.08.24", "15.08.24=2024-08-15", ("dmy", 0.99)),
        ("05/12/2024", "05/12/2024=2024-12-08", ("dmy", 0.5)),
    ],
)
def test_names_of_files_decide(
    dates: str, hits: str, expected: tuple[str, float]
) -> None:
    """The days in names of files speak for an order that they fit, give or take one."""
    assert _decide(dates, hits) == expected


def test_a_tie_is_american_only_with_halves_of_the_day() -> None:
    """Slashes, 12 hours and no zeros in front: that is how the USA write."""
    assert _decide("5/12/24", halves=True) == ("mdy", 0.5)
    assert _decide("05/12/24", halves=True) == ("dmy", 0.5)
    assert _decide("5.12.24", halves=True) == ("dmy", 0.5)


def test_a_few_impossible_dates_do_not_count() -> None:
    """Pasted text must not decide against all other lines."""
    many = "01/02/2024 " * 1000
    assert _decide(many + "2/13/2024 " + many)[0] == "dmy"
    assert _decide(many + "2/13/2024 " * 9 + many) == ("mdy", 1.0)


def test_pasted_dates_do_not_hide_the_order() -> None:
    """Where no order is possible, those count that nearly all dates can have."""
    own = " ".join(f"{day}/08/2024" for day in range(1, 31))
    assert _decide(f"{own} 12/31/2020") == ("dmy", 0.9)
    own = " ".join(["24/8/1"] * 30 + ["24/8/13"])
    assert _decide(f"{own} 12/31/20", "24/8/1=2024-08-01")[0] == "ymd"


def test_names_speak_against_the_only_order() -> None:
    """A pasted date must not decide against the names of several files."""
    own = " ".join(f"0{day}/10/2024" for day in range(1, 10)) + " 10/10/2024" * 20
    hits = [f"0{day}/10/2024=2024-10-0{day}" for day in range(1, 10)]
    assert _decide(f"{own} 12/31/2020")[0] == "mdy"
    assert _decide(f"{own} 12/31/2020", " ".join(hits[:2]))[0] == "mdy"
    assert _decide(f"{own} 12/31/2020", " ".join(hits[:5])) == ("dmy", 0.99)


def test_the_user_decides() -> None:
    """A chosen order is taken, unless no date can have it."""
    assert _decide("05/12/2024", chosen="mdy") == ("mdy", 1.0)
    assert _decide("15/12/2024", chosen="mdy") == ("dmy", 1.0)
    assert _decide("2024-12-05", chosen="dmy") == ("ymd", 1.0)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("15/8/2567", date(2024, 8, 15)),
        ("15/8/67", date(2024, 8, 15)),
        ("15/8/24", date(2024, 8, 15)),
        ("29/02/2023", None),
        ("15/8/245", None),
        ("0/0/0", None),
        ("1/245/2024", None),
    ],
)
def test_years(text: str, day: date | None) -> None:
    """Short years are of this century, Buddhist ones become common ones."""
    found = DateReader(TODAY).read(text)[0]
    ordinal = found if found is None or found > 0 else None
    assert ordinal == (day and day.toordinal())


def test_years_of_other_calendars_keep_their_order() -> None:
    """Days that are not converted can still be compared."""
    dates = DateReader(TODAY)
    days = [dates.read(text)[2] for text in ("1402/12/29", "1403/01/01", "1403/2/31")]
    assert all(day is not None and day < 0 for day in days)
    assert days == sorted(days, key=lambda day: day or 0)


def test_many_dates_stay_in_bounds() -> None:
    """What is remembered of dates does not grow for ever."""
    dates = DateReader(TODAY)
    for number in range(30_000):
        dates.read(f"{number % 9999}/1/{number // 9999 + 1}")
    assert len(dates._known) <= 20_000


def test_one_style_decides_for_the_other(tmp_path: Path) -> None:
    """Where two styles are read, the surer one tells the order of both."""
    text = (
        "15/08/2024, 13:26 - Ana: hi\n" * 3
        + "[05/12/2024, 13:26:33] Eve: \u200e<x: AUD-20200101-WA0001.m4a>\n" * 2
    )
    (claim,), remarks = read_all(write_chat(tmp_path, text))
    expected = moment_of_wall((2024, 12, 5, 13, 26, 33), Precision.SECOND, 0.6)
    assert claim.moment == expected
    assert [remark.code for remark in remarks] == ["left_out"]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("a PTT-20240815-WA0003.opus", ["2024-08-15"]),
        (
            "a IMG-20240815-WA0003.jpg IMG-20240816-WA1.jpg",
            ["2024-08-15", "2024-08-16"],
        ),
        ("00000012-PHOTO-2024-08-15-13-26-33.jpg", ["2024-08-15"]),
        ("2017-04-13-VIDEO-00000005.mp4", ["2017-04-13"]),
        ("PTT-20241315-WA0003.opus -WA 1-WA -AUDIO-", []),
    ],
)
def test_days_in_names(text: str, days: list[str]) -> None:
    """Names of all kinds of files have a day."""
    found = [date.fromordinal(day).isoformat() for _, day in dated_names(text)]
    assert found == days


def test_a_guess_is_told(tmp_path: Path) -> None:
    """A chat that leaves the order open says so, and the user may switch it."""
    text = "05/12/2024, 13:26 - Eve: \u200eAUD-20200101-WA0001.m4a (file attached)\n"
    document = write_chat(tmp_path, text)
    (claim,), (remark,) = read_all(document)
    assert remark.code == "day_order"
    assert "day, month, year" in remark.text
    expected = moment_of_wall((2024, 12, 5, 13, 26), Precision.MINUTE, 0.5)
    assert claim.moment == expected
    (claim,), remarks = read_all(document, Options(day_order="mdy"))
    expected = moment_of_wall((2024, 5, 12, 13, 26), Precision.MINUTE, 0.6)
    assert (claim.moment, remarks) == (expected, [])


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        (
            "1403/05/25, 13:26 - Eve: PTT-20240815-WA0003.opus (file attached)",
            (2024, 8, 15, 13, 26),
        ),
        (
            "[1403/05/25, 13:26:33] Eve: <x: 00000012-AUDIO-2024-08-15-13-26-33.opus>",
            (2024, 8, 15, 13, 26, 33),
        ),
    ],
)
def test_other_calendars_take_the_day_of_the_name(
    line: str, parts: tuple[int, ...], tmp_path: Path
) -> None:
    """A Persian date is not converted; the file's name has the day."""
    (claim,), remarks = read_all(write_chat(tmp_path, line))
    precision = Precision.SECOND if len(parts) == 6 else Precision.MINUTE
    assert claim.moment == moment_of_wall(parts, precision, 0.6)
    assert remarks == []
