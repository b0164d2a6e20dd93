"""Lines of the screen: their columns, their marks, and names that try to break them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tui.rowtext import (
    _NARROW,
    ASCII,
    STYLES,
    UNICODE,
    cells,
    cut,
    day_name,
    header_line,
    hint_line,
    month_name,
    node_line,
    note_line,
    selected_line,
    source_state,
    time_room,
    total,
    week_name,
    when,
)
from tui.text import printable, width

if TYPE_CHECKING:
    from tui.rowtext import Glyphs, Line

NOW = 1_723_728_000  # Thursday, 15 August 2024, 13:20 UTC
HOSTILE = (
    "[/]",
    "[@click=app.quit]x",
    "two\nlines",
    "\x1b[31mred\x1b[2J",
    "right\u202eto left",
    "caf\udce9",
    "家族の写真",
    "Семья",
    "가족 カメラ",
    "👩\u200d👩\u200d👧 family",
    "e\u0301te\u0301",
    "x" * 300,
    "\t",
    "",
)


def text_of(line: Line) -> str:
    """Write a line without its styles."""
    return "".join(text for text, _ in line)


def note(
    room: int = 80,
    *,
    played: int = 0,
    state: str = "ready",
    sender: str = "Ana",
    duration_ms: int | None = 42_000,
    glyphs: Glyphs = UNICODE,
    **more: object,
) -> Line:
    """Lay out a note with a few usual values."""
    return note_line(
        room,
        time_text="Thu 15 13:26",
        sender=sender,
        duration_ms=duration_ms,
        state=state,
        played=played,
        glyphs=glyphs,
        **more,  # type: ignore[arg-type]  # the test names the parameters
    )


def test_numbers_of_all_rows_end_in_one_column() -> None:
    """The length of a note stands under the length of its chat, at any depth."""
    for room in (40, 60, 80, 100, 200):
        lines = [
            node_line("Family", room, notes=128, unplayed=3, duration_ms=8_045_000),
            node_line("August 2024", room, depth=1, notes=14, duration_ms=1_300_000),
            note(room),
            note(room, depth=2, text="a title", is_starred=True, tags=("recipe",)),
        ]
        ends = {width(text_of(line).rstrip()) for line in lines}
        assert ends == {min(room - 1, 96)}


def test_a_row_of_each_kind_at_80_columns() -> None:
    """What the screen looks like."""
    rows = [
        node_line(
            "Family", 80, is_open=True, notes=128, unplayed=3, duration_ms=8_045_000
        ),
        note(depth=1),
        note(depth=2, played=1, sender="", text="a title", tags=("recipe",)),
    ]
    picture = """\
 ▾ Family                                                  ● 3     128  2:14:05
   ● Thu 15 13:26  Ana                                                     0:42
     ◐ Thu 15 13:26                       #recipe  a title                 0:42\
"""
    assert [text_of(row) for row in rows] == picture.split("\n")


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_every_state_has_its_own_mark(glyphs: Glyphs) -> None:
    """By shape as well as by colour."""
    lines = [
        note(played=0, glyphs=glyphs),
        note(played=1, glyphs=glyphs),
        note(played=2, glyphs=glyphs),
        note(state="unreadable", glyphs=glyphs),
        note(state="partial", glyphs=glyphs),
        note(state="missing", glyphs=glyphs),
        note(player="playing", glyphs=glyphs),
        note(player="paused", glyphs=glyphs),
    ]
    assert len({line[1] for line in lines}) == 8
    assert len({line[1][0] for line in lines}) == 8
    if glyphs is ASCII:
        assert all(text_of(line).isascii() for line in lines)


@pytest.mark.parametrize("room", [24, 80])
def test_a_note_whose_file_is_not_here_is_dimmed(room: int) -> None:
    """All of it, at any width."""
    line = note(room, state="missing", text="view once", reason="its file is not here")
    assert {style for text, style in line if text.strip()} == {"dim"}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("room", [20, 40, 80, 200])
def test_no_name_breaks_a_line(name: str, room: int) -> None:
    """It stays one line in its width, without a control character."""
    for line in (
        node_line(name, room, notes=12_345_678, unplayed=123_456, duration_ms=10**12),
        note(room, sender=name, text=name, tags=(name, name), is_starred=True),
        note(room, depth=2, state="unreadable", duration_ms=None, text=name),
        header_line(room, place=name, state=name, notes=1, unplayed=1),
        hint_line(name, room),
    ):
        text = text_of(line)
        assert not any(ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0 for char in text)
        assert "\u202e" not in text
        assert width(text) <= max(room, 24)
        assert all(style in {"", *STYLES} for _, style in line)


@pytest.mark.parametrize(
    ("precision", "in_month", "expected"),
    [
        ("exact", False, "Wed 14 23:30"),
        ("minute", True, "Wed 14 23:30"),
        ("day", False, "Wed 14"),
        ("mtime", False, "Wed 14~23:30"),
    ],
)
def test_a_time_tells_how_exact_it_is(
    precision: str, in_month: bool, expected: str
) -> None:
    """A day has no time of day; the time of a file is marked."""
    sent = (NOW - 13 * 3600 - 50 * 60) * 1000
    assert when(sent, None, precision, NOW, in_month=in_month) == expected


@pytest.mark.parametrize(
    ("seconds", "offset_min", "precision", "in_month", "expected"),
    [
        (NOW, 120, "second", False, "Thu 15 15:20"),
        (NOW, -840, "second", False, "Wed 14 23:20"),
        (NOW - 30 * 86_400, None, "second", False, "16 Jul 13:20"),
        (NOW - 30 * 86_400, None, "second", True, "Tue 16 13:20"),
        (NOW - 30 * 86_400, None, "day", False, "16 Jul"),
        (NOW - 400 * 86_400, None, "second", False, "12 Jul 2023"),
        (NOW - 400 * 86_400, None, "mtime", False, "12 Jul~2023"),
        (NOW + 9 * 86_400, None, "second", False, "24 Aug 13:20"),
        (1 << 60, None, "second", False, "?"),
        (0, None, "second", False, " 1 Jan 1970"),
    ],
)
def test_a_time_far_away_tells_its_month_or_year(
    seconds: int, offset_min: int | None, precision: str, in_month: bool, expected: str
) -> None:
    """And a wall clock of the sender is shown as it was there."""
    text = when(seconds * 1000, offset_min, precision, NOW, in_month=in_month)
    assert text == expected
    assert len(text) <= 12


@pytest.mark.parametrize("name", [name for name in HOSTILE if "\n" not in name])
def test_the_quick_width_is_the_right_width(name: str) -> None:
    """For every script; and cutting never exceeds the room."""
    text = printable(name)
    assert cells(text) == width(text)
    assert cells(f"●{text}…") == width(f"●{text}…")
    for room in range(12):
        assert cells(cut(text, room)) <= room


def test_common_characters_are_as_wide_as_the_tables_say() -> None:
    """All that are counted without them."""
    for start, end in ((0x400, 0x482), (0x3041, 0x3096), (0x30A1, 0x30FA)):
        for code in range(start, end + 1):
            assert cells(chr(code)) == width(chr(code)), hex(code)
    for code in (*range(0x4E00, 0x9FA6, 99), *range(0xAC00, 0xD7A4, 99)):
        assert cells(chr(code)) == width(chr(code)), hex(code)
    for char in sorted(_NARROW):
        assert cells(char) == width(char) == 1


@pytest.mark.parametrize(
    ("seconds", "precision", "expected"),
    [
        (NOW, "second", "Thu 15      13:20"),
        (NOW - 30 * 86_400, "second", "16 Jul      13:20"),
        (NOW - 400 * 86_400, "second", "12 Jul 2023 13:20"),
        (NOW - 400 * 86_400, "mtime", "12 Jul 2023~13:20"),
        (NOW - 400 * 86_400, "day", "12 Jul 2023"),
    ],
)
def test_with_room_another_year_has_a_time_of_day(
    seconds: int, precision: str, expected: str
) -> None:
    """And all times of day stand in one column."""
    assert time_room(56, in_month=False) == 17
    assert time_room(55, in_month=False) == time_room(200, in_month=True) == 12
    assert when(seconds * 1000, None, precision, NOW, room=17) == expected


def numbers(room: int, unplayed: int, notes: int, duration_ms: int) -> list[str]:
    """Write the numbers of a node that has a short name."""
    line = node_line("A", room, notes=notes, unplayed=unplayed, duration_ms=duration_ms)
    return text_of(line).split()[2:]


HOUR = 3_600_000


@pytest.mark.parametrize(
    ("room", "unplayed", "notes", "duration_ms", "expected"),
    [
        (58, 100_000, 100_000, 1_111 * HOUR, "● 100,000 100,000 1,111 h"),
        (58, 4_286, 9_607, 52 * HOUR + 1_659_000, "● 4,286 9,607 52:27:39"),
        (80, 27_787, 27_787, 99 * HOUR + 2_600_000, "● 27,787 27,787 99:43:20"),
        (80, 1_234_567, 1_234_567, 12_345 * HOUR, "● 1,234k 1,234k 12,345 h"),
        (42, 4_286, 4_286, HOUR, "● 4k 4,286 1:00:00"),
        (42, 999, 100_000, HOUR, "● 999 100k 1:00:00"),
        (96, 10**12, 10**12, 10**15, ""),
    ],
)
def test_no_number_is_cut_and_columns_stand_apart(
    room: int, unplayed: int, notes: int, duration_ms: int, expected: str
) -> None:
    """One style; a shorter form where the whole one has no room, at the worst none."""
    assert " ".join(numbers(room, unplayed, notes, duration_ms)) == expected


@pytest.mark.parametrize("room", [27, 40, 58, 80, 200])
@pytest.mark.parametrize(
    ("duration_ms", "expected"),
    [
        (3_700_000, "1:01:40"),
        (10 * HOUR, "10:00:00"),
        (99 * HOUR, "99:00:00"),
        (100 * HOUR, "100 h"),
    ],
)
def test_a_long_note_has_its_whole_length(
    room: int, duration_ms: int, expected: str
) -> None:
    """Behind a blank, however long the words before it are."""
    line = note(room, duration_ms=duration_ms, sender="x" * 99, text="y" * 99)
    assert text_of(line).endswith(f" {expected}")
    assert width(text_of(line)) == min(room - 1, 96)


def test_what_is_wrong_stands_behind_the_name() -> None:
    """The name tells problems apart, so it is cut last."""
    for room, expected in (
        (80, "PTT-1.opus  the end is missing"),
        (58, "PTT-1.opus  the end…"),
        (46, "PTT-1.opus"),
        (40, "PTT-1.…"),
    ):
        line = note(
            room,
            state="partial",
            duration_ms=None,
            text="PTT-1.opus",
            reason="the end is missing",
        )
        assert text_of(line).rstrip().endswith(expected)
        assert (expected.split("  ")[0], "dim") in [(t.strip(), s) for t, s in line]


@pytest.mark.parametrize(
    ("player", "played", "mark"),
    [
        ("playing", 0, "▶"),
        ("loading", 0, "▶"),
        ("paused", 1, "⏸"),
        ("ended", 2, "○"),
        ("ended", 1, "◐"),
        ("idle", 0, "●"),
        ("failed", 0, "✗"),
    ],
)
def test_the_note_in_the_player_tells_what_it_does(
    player: str, played: int, mark: str
) -> None:
    """By a shape of its own, in the style of what plays."""
    assert note(played=played, player=player)[1] == (mark, "playing")


def test_an_ascii_cut_is_no_full_stop() -> None:
    """Two dots, however little room there is."""
    assert cut("the end is missing", 10, ASCII) == "the end.."
    assert cut("missing", 3, ASCII) == "m.."
    assert [cut("missing", room, ASCII) for room in (2, 1, 0)] == ["..", ".", ""]


def test_small_words() -> None:
    """Totals and months."""
    assert [total(ms) for ms in (0, 42_000, 8_045_000, 400_000_000)] == [
        "",
        "0:42",
        "2:14:05",
        "111 h",
    ]
    assert (month_name(202408), month_name(0)) == ("August 2024", "No date")


def test_importing_it_costs_next_to_nothing() -> None:
    """The first picture stands on it: 35 ms from start, Python included."""
    code = (
        "import sys; before = set(sys.modules); import tui.rowtext\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    run = subprocess.run(
        [sys.executable, "-S", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
        timeout=20,
    )
    assert set(run.stdout.split()) <= {
        "__future__",
        "time",
        "tui",
        "tui.rowtext",
        "tui.text",
        "unicodedata",
    }


@pytest.mark.parametrize(
    ("sources", "words", "is_warning"),
    [
        ([], "", False),
        ([("ok", "off")], "", False),
        ([("ok", "live"), ("ok", "polling")], "polling", False),
        ([("locked", "live")], "live, needs a key", False),
        ([("partial", "off")], "not whole yet", False),
        ([("partial", "live"), ("locked", "live")], "live, needs a key", False),
        ([("error", "live"), ("locked", "live")], "live, unreadable document", True),
        ([("offline", "off")], "offline", True),
        ([("offline", "off"), ("error", "live")], "1 offline", True),
        ([("offline", "off"), ("offline", "off")], "2 offline", True),
    ],
)
def test_the_worst_of_all_sources(
    sources: list[tuple[str, str]], words: str, *, is_warning: bool
) -> None:
    """What hides notes comes first, then what is not read, after the watching."""
    assert source_state(sources) == (words, is_warning)


def test_days_and_weeks_are_written_out() -> None:
    """With the days of a week; what is no day is said to have no date."""
    assert day_name(20240815) == "Thu 15 August 2024"
    assert week_name(202433) == "Week 33, 2024: 12 to 18 Aug"
    assert week_name(202501) == "Week 1, 2025: 30 Dec to 5 Jan"
    assert {day_name(0), day_name(20240230), week_name(0), week_name(202454)} == {
        "No date"
    }


@pytest.mark.parametrize("room", [20, 40, 80, 200])
def test_a_selected_note_has_a_mark_in_its_first_cell(room: int) -> None:
    """And nothing else moves."""
    for glyphs in (UNICODE, ASCII):
        plain = note(room, glyphs=glyphs)
        lines = [
            "".join(text for text, _ in line)
            for line in (plain, selected_line(plain, glyphs))
        ]
        assert lines[1][0] == glyphs.chosen != " "
        assert lines[0][0] == " "
        assert lines[0][1:] == lines[1][1:]


def test_a_title_stands_before_the_words_and_after_the_tags() -> None:
    """Many tags leave half of the room to them."""
    line = note_line(
        96,
        time_text="15 Aug",
        sender="Ana",
        duration_ms=1000,
        state="ready",
        played=0,
        title="Flour",
        text="so the recipe",
        is_starred=True,
        tags=[f"tag{n}" for n in range(20)],
    )
    text = "".join(span for span, _ in line)
    assert (
        text.index("★") < text.index("#tag0") < text.index("Flour") < text.index("so t")
    )
    alone = "".join(
        span
        for span, _ in note_line(
            96,
            time_text="15 Aug",
            sender="Ana",
            duration_ms=1000,
            state="ready",
            played=0,
            tags=[f"tag{n}" for n in range(20)],
        )
    )
    assert alone.count("#") > text.count("#")


WAVE = bytes([0, 90, 128, 180, 255, 220, 200, 180, 156, 128, 90, 255])
DRAWN = "▁▁▂▄█▆▅▄▃▂▁█"


def test_a_waveform_stands_before_the_length() -> None:
    """In one column of all rows, by shapes alone on a terminal without Unicode."""
    for room, length in ((58, 42_000), (80, 42_000), (80, 3_725_000), (200, None)):
        line = note(room, duration_ms=length, wave=WAVE)
        assert (DRAWN, "wave") in line
        assert cells(text_of(line)) == min(room - 1, 96)
        assert text_of(line).index(DRAWN) == min(room - 1, 96) - 9 - 12
    line = note(80, wave=WAVE, glyphs=ASCII)
    assert ("...-#+=-:..#", "wave") in line
    assert text_of(line).isascii()


def test_words_are_not_cut_for_a_waveform() -> None:
    """They tell more; short ones leave room for it, and a wide screen has both."""
    long = "so the recipe is really simple: you take a kilo of flour"
    for room, words, is_drawn in (
        (80, "a title", True),
        (80, long, False),
        (100, long, True),
        (58, "a title", False),
        (40, "", False),
    ):
        line = note(room, text=words, wave=WAVE)
        assert (DRAWN in text_of(line)) == is_drawn
        assert cells(text_of(line)) == min(room - 1, 96)
    marked = note(
        100, text=long, wave=WAVE, is_starred=True, tags=["recipe"], time_cells=17
    )
    assert text_of(marked).endswith(f"  {DRAWN}     0:42")
    assert "★  #recipe  so the r" in text_of(marked)


def test_a_waveform_takes_nothing_away() -> None:
    """Beside it everything stands as without it, or it is left out."""
    for room in range(24, 100):
        for fields in (
            {"is_starred": True},
            {"tags": ["recipe"]},
            {"text": "a title"},
            {"is_starred": True, "text": "Frogs by the river"},
        ):
            plain = text_of(note(room, **fields))
            line = text_of(note(room, wave=WAVE, **fields))
            assert cells(line) == min(room - 1, 96)
            assert line.replace(DRAWN, " " * 12) == plain


@pytest.mark.parametrize(
    "wave", [bytes(12), bytes([6] * 12), bytes([255] * 12), b"\xff", bytes(range(200))]
)
def test_any_waveform_is_twelve_cells(wave: bytes) -> None:
    """Silence is a line; noise is not made louder."""
    ((drawn, _),) = (span for span in note(wave=wave) if span[1] == "wave")
    assert len(drawn) == 12
    assert (set(drawn) == {"▁"}) == (max(wave) <= 6)
