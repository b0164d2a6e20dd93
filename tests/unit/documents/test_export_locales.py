"""Exported chats of all languages are read without knowing the language."""

# ruff: noqa: RUF001  # words of other scripts are data

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.export_chats import (
    FORMATS,
    Message,
    claims_of,
    read_all,
    render,
    write_chat,
)
from tui.documents._document import moment_of_wall
from tui.documents._export_dayparts import DayPart, day_part, hour_of
from tui.model import NoteKind, Precision

if TYPE_CHECKING:
    from tests.support.export_chats import (
        Format,
    )
    from tui.documents._api import Claim

SAMPLES = sorted(
    (Path(__file__).resolve().parents[2] / "data" / "exports").glob("*.txt")
)
ANDROID = "PTT-20240815-WA0003.opus"
IOS = "00000012-AUDIO-2024-08-15-13-26-33.opus"


def _check(claim: Claim, name: str, *, seconds: bool) -> None:
    parts = (2024, 8, 15, 13, 26, 33) if seconds else (2024, 8, 15, 13, 26)
    precision = Precision.SECOND if seconds else Precision.MINUTE
    expected = moment_of_wall(parts, precision)
    assert expected is not None
    assert claim.moment is not None
    assert claim.moment[:3] == expected[:3]
    assert claim.moment.confidence >= 0.9
    assert claim.sender is not None
    assert claim.sender.name == "Eve"
    assert (claim.key, claim.path, claim.beside) == (name, name.encode(), True)
    assert claim.kind is NoteKind.VOICE
    assert claim.text == ""


def test_there_are_samples() -> None:
    """The samples of 23 phones are there."""
    assert len(SAMPLES) == 23


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_samples(path: Path, tmp_path: Path) -> None:
    """A short chat of each language tells one voice note, with sender and time."""
    ios = path.stem.startswith("ios")
    name = IOS if ios else ANDROID
    (claim,) = claims_of(tmp_path, path.read_bytes(), beside=(name,))
    _check(claim, name, seconds=ios)


@pytest.mark.parametrize("ios", [False, True], ids=["android", "ios"])
@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_formats(form: Format, ios: bool, tmp_path: Path) -> None:
    """Whatever form date and time have, they are understood."""
    wall = datetime(2024, 8, 15, 13, 26, 33)  # noqa: DTZ001  # a wall clock
    name = IOS if ios else ANDROID
    text = render(
        form,
        [
            Message(wall.replace(hour=0, minute=5), "", "Nachrichten sind sicher"),
            Message(wall.replace(hour=12, minute=5), "Ana", "hello: world\nsecond"),
            Message(wall, "Eve", "", name),
        ],
        ios=ios,
    )
    claims, remarks = read_all(write_chat(tmp_path, text))
    _check(claims[0], name, seconds=ios or form.name == "old")
    assert (len(claims), remarks) == (1, [])


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_all_hours(form: Format, tmp_path: Path) -> None:
    """Midnight and noon are told apart where the clock has 12 hours."""
    walls = [datetime(2024, 8, 15, hour, 7) for hour in range(24)]  # noqa: DTZ001  # wall
    messages = [
        Message(wall, "Eve", "", f"PTT-20240815-WA{wall.hour:04}.opus")
        for wall in walls
    ]
    claims = claims_of(tmp_path, render(form, messages, ios=False))
    found = [claim.moment.ms for claim in claims if claim.moment is not None]
    expected = [
        moment_of_wall(wall.timetuple()[:5], Precision.MINUTE) for wall in walls
    ]
    assert found == [moment.ms for moment in expected if moment is not None]


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("", DayPart.NONE),
        (", ", DayPart.NONE),
        (" klo ", DayPart.NONE),
        (" г., ", DayPart.NONE),
        (" г.,  ч. сл.об.", DayPart.AFTERNOON),
        (" p. m.", DayPart.AFTERNOON),
        (" P.M.", DayPart.AFTERNOON),
        (" a.\u00a0m.", DayPart.FORENOON),
        (" πμ", DayPart.FORENOON),
        (" 凌晨", DayPart.FORENOON),
        (" 中午", DayPart.NOON),
        ("، م", DayPart.AFTERNOON),
        (" ق.ظ.", DayPart.FORENOON),
        (" wibble", DayPart.UNKNOWN),
        (" wibble pm", DayPart.AFTERNOON),
        (" po podne", DayPart.AFTERNOON),
        (" prije podne", DayPart.FORENOON),
        (" GH", DayPart.FORENOON),
        (" тк", DayPart.AFTERNOON),
        (" попл.", DayPart.AFTERNOON),
        (" nam.", DayPart.AFTERNOON),
        (" N\u2019abali", DayPart.AFTERNOON),
        (" soir", DayPart.AFTERNOON),
        (" صبح، منجهند", DayPart.FORENOON),
        (" น.", DayPart.NONE),
    ],
)
def test_day_parts(words: str, part: DayPart) -> None:
    """Words beside the time are known whatever stands between them."""
    assert day_part(words) is part


@pytest.mark.parametrize(
    ("hour", "part", "expected"),
    [
        (12, DayPart.FORENOON, 0),
        (11, DayPart.FORENOON, 11),
        (12, DayPart.AFTERNOON, 12),
        (1, DayPart.AFTERNOON, 13),
        (0, DayPart.AFTERNOON, 12),
        (13, DayPart.AFTERNOON, 13),
        (11, DayPart.NOON, 11),
        (12, DayPart.NOON, 12),
        (1, DayPart.NOON, 13),
        (24, DayPart.NONE, 0),
        (23, DayPart.UNKNOWN, 23),
    ],
)
def test_hours(hour: int, part: DayPart, expected: int) -> None:
    """Hours become those of a clock with 24."""
    assert hour_of(hour, part) == expected


@pytest.mark.parametrize(
    ("head", "clock"),
    [
        ("[2024. 8. 15. 17시 8분 3초]", (17, 8, 3)),
        ("[2024. 8. 15., 7시 48분 43초]", (7, 48, 43)),
        ("[2024/8/15 17時8分3秒]", (17, 8, 3)),
        ("2024. 8. 15. 17시 8분 -", (17, 8)),
        ("15/8/2024, 4:5 -", (4, 5)),
        ("15/8/2024 17h08 -", (17, 8)),
    ],
)
def test_clocks(head: str, clock: tuple[int, ...], tmp_path: Path) -> None:
    """Hours and minutes may have words after them, and no zero in front."""
    (claim,) = claims_of(tmp_path, f"{head} Eve: {ANDROID}\n")
    precision = Precision.SECOND if len(clock) > 2 else Precision.MINUTE
    expected = moment_of_wall((2024, 8, 15, *clock), precision)
    assert claim.moment is not None
    assert expected is not None
    assert claim.moment[:3] == expected[:3]
