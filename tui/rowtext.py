"""One line of the screen as spans of text with the name of a style.

The tree, its header and the first picture (`tui.prepaint`) are all written here, so
that what is painted before the user interface is loaded is what it paints afterwards.
The time from start to that picture is a feature: this module imports next to nothing
(no dataclasses, enum, re or typing), and only takes plain values.

A style name is one of `STYLES`; what it looks like is the business of who paints.
"""

from __future__ import annotations

import time

from tui.text import clock, printable, width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = [
    "ASCII",
    "HALF",
    "PLAYED",
    "SMART_LABELS",
    "STYLES",
    "UNICODE",
    "UNPLAYED",
    "Glyphs",
    "Line",
    "Span",
    "cells",
    "count",
    "cut",
    "day_name",
    "header_line",
    "hint_line",
    "month_name",
    "node_line",
    "note_line",
    "selected_line",
    "source_state",
    "time_room",
    "total",
    "week_name",
    "when",
]

Span = tuple[str, str]
"""Text and the name of its style; the empty name is plain text."""
Line = list[Span]

STYLES = ("accent", "bad", "dim", "playing", "strong", "title", "unplayed", "wave")
"""Every name that a span may have, besides the empty one."""

UNPLAYED, HALF, PLAYED = 0, 1, 2
"""The values of `tui.model.Played`, which would cost an import of enum."""

SMART_LABELS = {1: "Unplayed", 2: "Recent", 3: "Problems", 6: "Starred"}
"""Names of the smart nodes, by the value of `tui.model.GroupKind`."""

_LACKS = (
    ("error", "unreadable document"),
    ("locked", "needs a key"),
    ("partial", "not whole yet"),
)
"""What the header says of sources with something in them that is not read, the worst
first."""
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_WHEN = 12
"""Cells of the time column: `Thu 15 13:26`, `15 Aug 13:26`, `15 Aug 2023`."""
_LONG_WHEN = 17
"""The same with room for a year and a time of day: `15 Aug 2023 13:26`."""
_ROOMY = 56
"""From so many cells on, every number has its full room."""
_LENGTH = 9
"""Cells of a length and the blank before it: `99:59:59`, `1,234 h`."""
_WAVE = 12
"""Cells of a waveform."""
_WORDS = 23
"""Words that are so wide are not cut further for a waveform: they tell more."""
_BARS = "▁▂▃▄▅▆▇█"
_BARS_ASCII = "..:-=+*#"
"""Eighths of a cell, as in `tui.widgets.wave`."""
_SILENCE = 6
"""Peaks up to here, of 255, are noise and not made louder."""
_MEASURE = 96
"""Rows are laid out in at most so many cells: on a wide screen the numbers stay near
the names that they belong to."""
_WEEK_S = 6 * 86_400


class Glyphs:
    """The marks of the tree, each one cell wide, in two sets."""

    def __init__(self, marks: str) -> None:
        self.unplayed, self.half, self.played = tuple(marks[:3])
        self.unreadable, self.partial, self.missing = tuple(marks[3:6])
        self.folded, self.unfolded = tuple(marks[6:8])
        self.playing, self.paused, self.star, self.dot = tuple(marks[8:12])
        self.chosen = marks[12]
        self.more = marks[13:]
        """Where text was cut; in ASCII two cells, for one dot ends a sentence."""

    def mark(self, state: str, played: int, player: str = "") -> Span:
        """Choose the first mark of a note.

        Args:
            state: The value of a `NoteState`.
            played: The value of a `Played`.
            player: The value of a `PlayerState`, on the note that the player holds.
        """
        if player:
            shape = self.mark(state, played)[0]  # it ended: how much was heard of it
            marks = {
                "playing": self.playing,
                "loading": self.playing,
                "paused": self.paused,
                "failed": self.unreadable,
            }
            return marks.get(player, shape), "playing"
        others = {
            "unreadable": (self.unreadable, "bad"),
            "partial": (self.partial, "bad"),
            "missing": (self.missing, "dim"),
        }
        if state in others:
            return others[state]
        if played == UNPLAYED:
            return self.unplayed, "unplayed"
        if played == HALF:
            return self.half, "accent"
        return self.played, "dim"


_NARROW = frozenset("●◐○✗◌◇▸▾▶⏸★·…■→•€“”„\u2013\u2014\u2018\u2019")
"""Characters beyond the first letters that are one cell wide, and often used."""

_WIDE = (
    ("\u4e00", "\u9fa5"),
    ("\u3041", "\u3096"),
    ("\u30a1", "\u30fa"),
    ("\uac00", "\ud7a3"),
)
"""The commonest characters that are two cells wide: Han, Kana, Hangul."""

UNICODE = Glyphs("●◐○✗◌◇▸▾▶⏸★·▌…")
ASCII = Glyphs("*~.x?o+->|^-#..")


def cells(text: str) -> int:
    """Count the terminal cells of printable text.

    What most names are made of is told here; only for the rest of Unicode the tables
    are loaded, which takes half as long as everything else before the first picture.
    """
    if text.isascii() or max(text) < "\u0300":
        return len(text)
    number = 0
    for char in text:
        if char < "\u0300" or "\u0400" <= char <= "\u0482" or char in _NARROW:
            number += 1
        elif any(first <= char <= last for first, last in _WIDE):
            number += 2
        else:
            return width(text)
    return number


def cut(text: str, room: int, glyphs: Glyphs = UNICODE) -> str:
    """Shorten printable text to at most some cells, with a mark where it was cut."""
    if cells(text) <= room:
        return text
    left = room - len(glyphs.more)
    if left < 1:
        return glyphs.more[: max(0, room)]
    text = text[:room]
    while cells(text) > left:
        text = text[:-1]
    return text.rstrip("\u200d ") + glyphs.more


def _left(text: str, room: int, glyphs: Glyphs) -> str:
    text = cut(text, room, glyphs)
    return text + " " * (room - cells(text))


def _right(texts: Iterable[str], room: int) -> str:
    """Write the longest of some forms of a number that fits with a blank before it.

    Half of a number is another number: where no form fits, there is none.
    """
    for text in texts:
        if cells(text) < room:
            return " " * (room - cells(text)) + text
    return " " * room


def count(number: int) -> str:
    """Write a number of things: `1,204`."""
    return f"{number:,}"


def total(ms: int) -> str:
    """Write a sum of lengths: `12:40`, `2:14:05`, `312 h`; empty for nothing."""
    if ms <= 0:
        return ""
    return next(_lengths(ms))


def _lengths(ms: int) -> Iterator[str]:
    """Write a length in all forms that it may have, the longest first."""
    hours = ms // 3_600_000
    if hours < 100:
        yield clock(ms)
    yield f"{hours:,} h"
    yield f"{hours // 1000:,}k h"


def _counts(number: int, mark: str = "") -> Iterator[str]:
    """Write a number in all forms that it may have: `123,456`, `123k`, `0M`."""
    yield f"{mark}{number:,}"
    yield f"{mark}{number // 1000:,}k"
    yield f"{mark}{number // 1_000_000:,}M"


def month_name(month: int) -> str:
    """Write a month of the tree, 202408, as `August 2024`."""
    year, number = divmod(month, 100)
    if not 1 <= number <= 12:
        return "No date"
    return f"{_MONTHS[number - 1]} {year}"


def day_name(day: int) -> str:
    """Write a day of the tree, 20240815, as `Thu 15 August 2024`."""
    from datetime import date  # no day is on the first picture

    try:
        there = date(day // 10_000, day // 100 % 100, day % 100)
    except ValueError:
        return "No date"
    return f"{_DAYS[there.weekday()]} {there.day} {month_name(day // 100)}"


def week_name(week: int) -> str:
    """Write a week of the tree, 202433, as `Week 33, 2024: 12 to 18 Aug`."""
    from datetime import date, timedelta

    year, number = divmod(week, 100)
    try:
        first = date.fromisocalendar(year, number, 1)
        last = first + timedelta(days=6)
    except (ValueError, OverflowError):
        return "No date"
    start = f"{first.day}"
    if first.month != last.month:
        start += f" {_MONTHS[first.month - 1][:3]}"
    return f"Week {number}, {year}: {start} to {last.day} {_MONTHS[last.month - 1][:3]}"


def when(
    sent_ms: int,
    offset_min: int | None,
    precision: str,
    now_s: float,
    *,
    in_month: bool = False,
    room: int = _WHEN,
) -> str:
    """Write the time of a note in the terms of who looks.

    Args:
        sent_ms: Milliseconds since 1970, UTC.
        offset_min: Minutes east of UTC when only the sender's wall clock is known:
            that clock is shown. None shows the viewer's own zone.
        precision: The value of a `Precision`; a day has no time of day, and the time
            of a file is marked with `~`.
        now_s: Seconds since 1970, to tell this week from the past.
        in_month: The month stands above already.
        room: The cells of the column, as `time_room` tells.

    Returns:
        `Thu 15 13:26` within a week or below a month, else `15 Aug 13:26`, or in
        another year `15 Aug 2023`. With room, `15 Aug 2023 13:26` in another year, and
        in this one blanks in the place of the year.
    """
    try:
        seconds = sent_ms // 1000
        there = (
            time.localtime(seconds)
            if offset_min is None
            else time.gmtime(seconds + offset_min * 60)
        )
        here = time.localtime(now_s)
    except (OverflowError, ValueError, OSError):
        return "?"
    year, month, day = there[:3]
    tie = "~" if precision == "mtime" else " "
    short = _MONTHS[month - 1][:3]
    if in_month or -86_400 <= now_s - seconds < _WEEK_S:
        text = f"{_DAYS[there[6]]} {day:2d}"
    elif year == here[0]:
        text = f"{day:2d} {short}"
    elif room < _LONG_WHEN:
        return f"{day:2d} {short}{tie}{year}"
    else:
        text = f"{day:2d} {short} {year}"
    if precision == "day":
        return text
    return f"{text.ljust(room - 6)}{tie}{there[3]:02d}:{there[4]:02d}"


def time_room(room: int, *, in_month: bool) -> int:
    """Tell the cells of the time column.

    Args:
        room: Cells of the screen.
        in_month: The month stands above already.
    """
    return _LONG_WHEN if room >= _ROOMY and not in_month else _WHEN


def _columns(room: int) -> tuple[int, int]:
    """Cells of the columns unplayed and count, each with a blank before it."""
    return (10, 8) if room >= _ROOMY else (6, 7)


def node_line(
    label: str,
    room: int,
    *,
    depth: int = 0,
    is_open: bool = False,
    notes: int = 0,
    unplayed: int = 0,
    duration_ms: int = 0,
    badge: bool = True,
    glyphs: Glyphs = UNICODE,
) -> Line:
    """Lay out a smart node, a chat or a month.

    Args:
        label: What it is called; any text.
        room: Cells of the screen.
        depth: How many nodes it hangs under.
        is_open: Whether what is below it is shown.
        notes: How many notes it holds.
        unplayed: How many of them are unplayed.
        duration_ms: Their lengths together.
        badge: Show the unplayed ones apart (not where all are).
        glyphs: The marks.
    """
    measure = min(room - 1, _MEASURE)
    of_new, of_count = _columns(room)
    of_length = _LENGTH
    indent = " " * (1 + 2 * depth)
    fold = glyphs.unfolded if is_open else glyphs.folded
    label_room = measure - len(indent) - 2 - of_new - of_count - of_length
    if label_room < 8:  # a very narrow screen keeps the name and the count
        of_new, of_length = 0, 0
        label_room = max(0, measure - len(indent) - 2 - of_count)
    is_badge = badge and unplayed > 0
    new = _counts(unplayed, f"{glyphs.unplayed} ") if is_badge else ()
    return [
        (f"{indent}{fold} ", "dim"),
        (_left(printable(label), label_room, glyphs), "" if depth else "title"),
        (_right(new, of_new), "unplayed"),
        (_right(_counts(notes), of_count), ""),
        (_right(_lengths(duration_ms) if duration_ms > 0 else (), of_length), "dim"),
    ]


def note_line(
    room: int,
    *,
    time_text: str,
    sender: str,
    duration_ms: int | None,
    state: str,
    played: int,
    depth: int = 1,
    has_exact_time: bool = True,
    player: str = "",
    time_cells: int = _WHEN,
    title: str = "",
    text: str = "",
    reason: str = "",
    is_starred: bool = False,
    tags: Sequence[str] = (),
    wave: bytes = b"",
    glyphs: Glyphs = UNICODE,
) -> Line:
    """Lay out a note.

    Args:
        room: Cells of the screen.
        time_text: The result of `when`.
        sender: Who speaks, and where that is not clear from above, in which chat.
        duration_ms: Its length, if it is known.
        state: The value of its `NoteState`.
        played: The value of its `Played`.
        depth: How many nodes it hangs under.
        has_exact_time: False writes the time dimmed even on an unplayed note.
        player: The value of a `PlayerState`, on the note that the player holds.
        time_cells: Cells of the time column, as `time_room` tells.
        title: What it is called; this and the next two may be any text.
        text: Its first words.
        reason: What is wrong with it.
        is_starred: Whether the user starred it.
        tags: The user's tags.
        wave: Its waveform in steps of 0 to 255; drawn where words leave room for it.
        glyphs: The marks.
    """
    indent, who = " " * (1 + 2 * depth), printable(sender)
    lengths = ("--:--",) if duration_ms is None else _lengths(duration_ms)
    of_length = 0 if duration_ms is None and state != "ready" else _LENGTH
    line = [(indent, ""), glyphs.mark(state, played, player)]
    strong = played == UNPLAYED and state == "ready"
    end = (_right(lengths, of_length), "" if strong else "dim")
    tone = "dim" if state == "missing" else ""
    left = min(room - 1, _MEASURE) - len(indent) - 2 - of_length
    if left < _WHEN + 4:  # too narrow for the time: say who, and how long
        return [*line, (" " + _left(who, max(0, left), glyphs), tone), end]
    of_time = min(time_cells, left)
    shade = "" if strong and has_exact_time else "dim"
    line.append((" " + _left(time_text, of_time, glyphs), shade))
    left -= of_time
    of_who = min(max(10, left * 3 // 8), 22, max(0, left - 2))
    line.append(("  " + _left(who, of_who, glyphs), tone))
    words = [printable(each) for each in (title, text, reason)]
    line += _middle(left - 2 - of_who, words, tags, wave, glyphs, is_starred=is_starred)
    return [*line, end]


def selected_line(line: Line, glyphs: Glyphs = UNICODE) -> Line:
    """Mark a note as one of those that the next key is for, in its first cell."""
    return [(glyphs.chosen, "accent"), (line[0][0][1:], line[0][1]), *line[1:]]


def _wanted(words: Sequence[str], tags: Sequence[str], *, is_starred: bool) -> int:
    """Tell how many cells between sender and length are better spent on words."""
    texts = [text for text in words if text]
    texts += [f"#{printable(tag)}" for tag in tags]
    of_words = min(_WORDS, sum(2 + cells(text) for text in texts)) if texts else 0
    wanted = of_words + (3 if is_starred else 0)
    return wanted + 1 if wanted else 0  # and a blank behind them


def _bars(wave: bytes, glyphs: Glyphs) -> str:
    """Draw a waveform as bars, the loudest as high as a line.

    A waveform holds square roots, so that what is soft shows; in so few cells all of
    speech is loud then. So they are squared.
    """
    marks = _BARS if glyphs is UNICODE else _BARS_ASCII
    loudest = max(wave)
    top = loudest if loudest > _SILENCE else 255
    steps = [wave[at * len(wave) // _WAVE] / top for at in range(_WAVE)]
    return "".join(marks[max(0, round(step * step * 8) - 1)] for step in steps)


def _middle(
    room: int,
    words: Sequence[str],
    tags: Sequence[str],
    wave: bytes,
    glyphs: Glyphs,
    *,
    is_starred: bool,
) -> Line:
    """Fill what is between sender and length: star, tags, words, reason, waveform."""
    drawn: Line = []
    if wave and room - _WAVE - 2 >= _wanted(words, tags, is_starred=is_starred):
        drawn = [("  ", ""), (_bars(wave, glyphs), "wave")]
        room -= _WAVE + 2
    spans: Line = []
    if room < 4:
        return [(" " * max(0, room), ""), *drawn]
    left = room
    if is_starred:
        spans.append((f"  {glyphs.star}", "accent"))
        left -= 3
    # Many tags leave half of the room to the words.
    of_tags = max(8, left // 2) if any(words) else left
    label = " ".join(f"#{printable(tag)}" for tag in tags)
    label = cut(label, min(of_tags, left) - 3, glyphs)
    if label:
        spans.append((f"  {label}", "accent"))
        left -= 2 + cells(label)
    for at, text in enumerate(words):
        shown = cut(text, left - 3, glyphs) if left > 6 else ""
        if shown:
            spans.append((f"  {shown}", "dim" if at else ""))
            left -= 2 + cells(shown)
    return [*spans, (" " * left, ""), *drawn]


def source_state(sources: Sequence[tuple[str, str]]) -> tuple[str, bool]:
    """Say how all sources are: the worst of it, after how they are watched.

    Args:
        sources: State and way of watching of each, as `tui.model` writes them.

    Returns:
        A few words, and whether they are a warning: only what hides or loses something
        is one.
    """
    away = sum(state == "offline" for state, _ in sources)
    if away:
        return "offline" if len(sources) == 1 else f"{away} offline", True
    watches = {watch for _, watch in sources}
    watch = next((each for each in ("polling", "live") if each in watches), "")
    states = {state for state, _ in sources}
    worst = next((words for state, words in _LACKS if state in states), "")
    return ", ".join(filter(None, (watch, worst))), "error" in states


def header_line(
    room: int,
    *,
    place: str,
    state: str,
    notes: int,
    unplayed: int,
    glyphs: Glyphs = UNICODE,
) -> Line:
    """Lay out the line at the top of the screen.

    Args:
        room: Cells of the screen.
        place: Where the notes come from; any text.
        state: How changes are noticed, or what is wrong.
        notes: How many notes there are.
        unplayed: How many of them are unplayed.
        glyphs: The marks.
    """
    name = " Earmark  "
    noun = "note" if notes == 1 else "notes"
    right = f"{count(unplayed)} unplayed   {count(notes)} {noun} "
    left = room - len(name) - len(right) - 2
    if left < 12:
        right, left = "", room - len(name) - 1
    state = cut(printable(state), max(0, left), glyphs)
    place = cut(printable(place), max(0, left - cells(state) - 2), glyphs)
    if state and place:
        state = f"  {state}"
    gap = room - len(name) - cells(place) - cells(state) - len(right)
    return [
        (name, "strong"),
        (place, "dim"),
        (state, "accent"),
        (" " * max(0, gap), ""),
        (right, "dim"),
    ]


def hint_line(text: str, room: int, glyphs: Glyphs = UNICODE) -> Line:
    """Lay out one dim sentence, for a tree without a row."""
    return [("  " + cut(printable(text), room - 3, glyphs), "dim")]
