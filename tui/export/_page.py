"""A chat as one page for a browser: everything is in the file, nothing is fetched.

What the page looks like and does is in the folder `page`; here its notes are written.
Nothing of the texts is ever in the script, in the style or in the name of an attribute,
and the policy in the head lets the browser run this one script and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import html
import os
import re
from importlib.resources import files
from itertools import groupby
from string import Template
from typing import IO, TYPE_CHECKING
from urllib.parse import quote

from tui.archives import open_file
from tui.export._texts import lines, one_line
from tui.export._write import plain_reason
from tui.model import Direction, Precision
from tui.query import wall_clock
from tui.rowtext import count, day_name
from tui.text import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tui.export._documents import Entry, Head

__all__ = ["PageWriter"]

_STYLES = ("page.css", "player.css", "media.css")
_SCRIPTS = ("player.js", "search.js")
_PLAY = "M8.5 5.6v12.8L19 12z"
"""A triangle; the script turns it into two bars while the note plays."""
_BARS = 96
"""Bars of a waveform at most: as many as can be told apart on a phone."""
_PITCH, _HALF = 4, 16
"""Room of a bar, and half of the height of a waveform, in units of the drawing."""
_SILENCE = 6
"""Peaks up to here, of 255, are noise and not made louder."""
_LONG, _MANY = 400, 6
"""Characters and lines from which on a text is folded."""
_BLOCK = 3 * 65_536
"""Bytes of sound at a time; whole groups of Base64."""
_FACTS = 500
"""Room for what is only known at the end: more than any numbers take."""
_ABSENT = "not in this page"
"""Why there is no sound where none was asked for."""
_MIME = re.compile(r"(audio|video)/[a-z0-9.+-]+\Z")
_POLICY = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; img-src data:;"
    " media-src blob: file: 'self'; base-uri 'none'; form-action 'none';"
    " require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Sounds beside the page are `'self'` on a server, and `file:` in a folder."""


class PageWriter:
    """Writes notes as a page with a player, a search and all sounds in it."""

    def write(
        self,
        file: IO[bytes],
        head: Head,
        entries: Iterable[Entry],
        tick: Callable[[], None],
    ) -> None:
        """Write it.

        Args:
            file: Where to, from its begin; it is sought once, for the sums.
            head: What it is about.
            entries: Its notes.
            tick: Called for each note, and between the parts of a long sound.
        """
        sums = _Sums()
        before, after, end = _frame(head.title)
        file.write(before.encode())
        facts_at = file.tell()
        file.write(b" " * _FACTS + after.encode())
        for day, group in groupby(entries, _day):
            file.write(f"<section><h2>{day_name(day)}</h2>\n".encode())
            for entry in group:
                tick()
                problem = _write_sound(file, entry, tick)
                sums.add(entry.duration_ms, day, is_silent=bool(problem))
                card = _Card(entry, day, problem)
                file.write("".join(card.parts(head.title)).encode())
            file.write(b"</section>\n")
        file.write(end.encode())
        file.seek(facts_at)
        file.write(sums.told().encode())
        file.seek(0, os.SEEK_END)


class _Sums:
    """What the head of the page tells, which only the last note completes."""

    def __init__(self) -> None:
        self._notes = self._silent = self._unknown = self._ms = 0
        self._days: tuple[int, int] | None = None

    def add(self, duration_ms: int, day: int, *, is_silent: bool) -> None:
        """Count a note."""
        self._notes += 1
        self._silent += is_silent
        self._unknown += not duration_ms
        self._ms += duration_ms
        if day:
            first, last = self._days or (day, day)
            self._days = min(first, day), max(last, day)

    def told(self) -> str:
        """Give it as elements; numbers and names of months only."""
        notes = "note" if self._notes == 1 else "notes"
        facts = [f"{count(self._notes)} {notes}"]
        if self._days:
            facts.append(_span(*self._days))
        if self._ms:
            facts.append(f"{clock(self._ms)} in all")
        if self._ms and self._unknown:
            facts.append(f"{count(self._unknown)} of unknown length")
        if self._silent:
            facts.append(f"{count(self._silent)} without sound")
        return "".join(f"<span>{fact}</span> " for fact in facts).rstrip()


def _span(first: int, last: int) -> str:
    """Write the days from one to another: `15 \u2013 18 August 2024`."""
    begin, end = (day_name(day).split(" ")[1:] for day in (first, last))
    while len(begin) > 1 and begin[-1] == end[len(begin) - 1]:
        begin.pop()
    return (
        f"{' '.join(begin)} \u2013 {' '.join(end)}" if first != last else " ".join(end)
    )


def _frame(title: str) -> tuple[str, str, str]:
    """Make what is before the sums, what is before the notes, and what is after."""
    folder = files("tui.export") / "page"

    def read(*names: str) -> str:
        return "\n".join((folder / name).read_text("utf-8") for name in names)

    page, icon = read("page.html"), read("icon.svg")
    style, script = read(*_STYLES), read(*_SCRIPTS)
    values = {
        "policy": _POLICY.format(script=_digest(script), style=_digest(style)),
        "icon": "data:image/svg+xml," + quote(icon.strip()),
        "title": _line(title) or "Voice notes",
        "style": style,
        "script": script,
    }
    head, end = page.split("$notes")
    before, after = head.split("$facts")
    before, after, end = (
        Template(part).substitute(values) for part in (before, after, end)
    )
    return before, after, end


def _digest(text: str) -> str:
    """Name a script or style as a policy does."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _line(text: str) -> str:
    """Make a text of one line fit for an element, or for an attribute in quotes."""
    return html.escape(one_line(text))


def _lines(text: str) -> str:
    """Make a text with lines fit for an element."""
    return html.escape(lines(text))


def _day(entry: Entry) -> int:
    """Give the day of a note on the clock of the wall as a number; 0 for no date."""
    there = wall_clock(entry.note.row)
    if there.year in {1, 9999}:  # what stands for the time of a damaged file
        return 0
    return there.year * 10_000 + there.month * 100 + there.day


def _write_sound(file: IO[bytes], entry: Entry, tick: Callable[[], None]) -> str:
    """Write the sound of a note, where the page shall have it, ahead of the note.

    A browser takes such a block for no script and keeps it as it is: reading the page
    costs little more than reading the file.

    Returns:
        Why the note has no sound; empty when it has one.
    """
    if entry.problem or entry.href or entry.sound is None:
        return entry.problem or ("" if entry.href else _ABSENT)
    try:
        sound = open_file(os.fsencode(entry.sound))
    except OSError as error:
        return plain_reason(error)
    problem = ""
    name = f'id="s{entry.number}" type="application/octet-stream;base64"'
    file.write(f"<script {name}>".encode())
    with sound:
        while not problem:
            try:
                block = sound.read(_BLOCK)
            except OSError as error:
                problem = plain_reason(error)
            else:
                if not block:
                    break
                file.write(base64.b64encode(block))
                tick()
    file.write(b"</script>\n")
    return problem


class _Card:
    """Makes the elements of a note.

    Args:
        entry: The note.
        day: See `_day`.
        problem: Why it has no sound; empty when it has one.
    """

    def __init__(self, entry: Entry, day: int, problem: str) -> None:
        row = entry.note.row
        has_time = day and row.precision is not Precision.DAY
        self._entry = entry
        self._problem = problem
        self._day = day_name(day)
        self._time = f"{wall_clock(row):%H:%M}" if has_time else ""
        """The time of day; empty when only the day is known."""
        self._sender = _line(entry.words.sender) or "Unknown sender"

    def parts(self, title: str) -> Iterator[str]:
        """Give them.

        Args:
            title: That of the page: a chat that is called so is not named again.
        """
        note, words, number = self._entry.note, self._entry.words, self._entry.number
        sent = " sent" if note.row.direction is Direction.SENT else ""
        yield f'<article class="note{sent}" id="n{number}"{self._data()}>'
        who = "who" if words.sender else "who nobody"
        yield f'<header><span class="{who}" dir="auto" lang="">{self._sender}</span>'
        if words.chat and words.chat != title:
            yield f'<span class="chat" dir="auto" lang="">{_line(words.chat)}</span>'
        yield self._when()
        if note.row.star:
            yield '<span class="star" role="img" aria-label="Starred">\u2605</span>'
        yield "</header>\n"
        yield self._player()
        if note.row.title:
            yield f'<h3 dir="auto" lang="">{_line(words.title)}</h3>\n'
        yield from self._marks()
        yield _folded("words", words.transcript, number)
        yield _folded("caption", note.text, number)
        if words.comment:
            comment = _lines(words.comment)
            yield '<p class="comment"><span class="unseen">Comment: </span>'
            yield f'<span class="said" dir="auto" lang="">{comment}</span></p>\n'
        if note.row.tags:
            yield '<ul class="tags" aria-label="Tags">'
            for tag in note.row.tags:
                yield f'<li class="tag" dir="auto" lang="">#{_line(tag)}</li>'
            yield "</ul>\n"
        yield "</article>\n"

    def _data(self) -> str:
        """Tell the script what it needs to play the note."""
        entry = self._entry
        if self._problem:
            return ""
        facts = f' data-ms="{entry.duration_ms}"'
        if not entry.href:
            mime = entry.mime if _MIME.match(entry.mime) else "application/octet-stream"
            return f'{facts} data-mime="{mime}"'
        # A name like `javascript:x` is one of a file, whoever forgot to encode it.
        href = entry.href if entry.href.startswith("file:") else f"./{entry.href}"
        return f'{facts} data-src="{_line(href)}"'

    def _when(self) -> str:
        """Make the time of the note, which links to it."""
        row, there, text = self._entry.note.row, self._day, "time not known"
        exact = wall_clock(row).date().isoformat()
        if self._time:
            parts = "minutes" if row.precision is Precision.MINUTE else "seconds"
            exact = self._entry.moment.isoformat(timespec=parts)
            there = f"{there} {wall_clock(row).time().isoformat(parts)}"
            text = self._time
        if self._time and row.precision is Precision.MTIME:
            text = f'<span class="unseen">about </span>~{text}'
            there += ", the time of the file"
        time = f'<time datetime="{exact}" title="{there}">{text}</time>'
        return f'<a class="when" href="#n{self._entry.number}">{time}</a>'

    def _player(self) -> str:
        """Make what plays the note, or what tells why that can't be."""
        entry = self._entry
        length = clock(entry.duration_ms or None)
        if self._problem:
            cross = '<span class="cross" aria-hidden="true">\u2717</span>'
            return (
                f'<p class="player silent">{cross * (self._problem != _ABSENT)}'
                f'<span class="why">No sound: {_line(self._problem)}</span>'
                f'<b class="len">{length}</b></p>\n'
            )
        name = f"Play {self._sender}, {self._time or self._day}"
        seconds = entry.duration_ms // 1000
        return (
            '<div class="player"><button type="button" class="play"'
            f' aria-label="{name}"><svg viewBox="0 0 24 24" aria-hidden="true"><path'
            f' d="{_PLAY}"/></svg></button><div class="wave" role="slider"'
            ' tabindex="0" aria-label="Position" aria-valuemin="0"'
            f' aria-valuemax="{seconds}" aria-valuenow="0"'
            f' aria-valuetext="0:00 of {length}">{_wave(entry)}</div>'
            f'<b class="len">{length}</b></div>\n'
        )

    def _marks(self) -> Iterator[str]:
        """Make the bookmarks, which play from their moment on."""
        if not self._entry.note.bookmarks:
            return
        yield '<ul class="marks" aria-label="Bookmarks">'
        for mark in self._entry.note.bookmarks:
            at_ms, text = max(0, mark.at_ms), _line(mark.text)
            shown = f'<span class="at">{clock(at_ms)}</span>'
            if text:
                shown += f' <bdi class="pin" lang="">{text}</bdi>'
            if self._problem:
                yield f'<li><span class="bare">{shown}</span></li>'
            else:
                button = f'<button type="button" data-at="{at_ms}">'
                yield f"<li>{button}{shown}</button></li>"
        yield "</ul>\n"


def _wave(entry: Entry) -> str:
    """Draw the waveform, or a line where there is none, and the bookmarks below."""
    peaks = entry.note.peaks or b""
    bars = min(_BARS, len(peaks)) or 1
    width = _PITCH * bars
    path = f"M0 {_HALF}h{width}"
    if peaks:
        path = "".join(_drawn(peaks, bars))
    pins = ""
    if entry.duration_ms:
        moments = (mark.at_ms for mark in entry.note.bookmarks)
        pins = "".join(
            f"M{width * at / entry.duration_ms:.1f} 30v6"
            for at in moments
            if 0 <= at <= entry.duration_ms
        )
    kind = "" if peaks else ' class="flat"'
    box = f'viewBox="0 0 {width} {2 * _HALF}" preserveAspectRatio="none"'
    drawn = f'<svg{kind} {box} aria-hidden="true"><path d="{path}"/></svg>'
    if pins:
        drawn += f'<svg class="pins" {box} aria-hidden="true"><path d="{pins}"/></svg>'
    return drawn


def _drawn(peaks: bytes, bars: int) -> Iterator[str]:
    size = len(peaks)
    tops = [
        max(peaks[bar * size // bars : (bar + 1) * size // bars]) for bar in range(bars)
    ]
    # One knock at the microphone shall not make all speech look low.
    loud = max(sorted(tops)[-1 - bars // 24], 2 * _SILENCE)
    for bar, top in enumerate(tops):
        half = max(1, (_HALF - 1) * min(top, loud) // loud) if top > _SILENCE else 1
        yield f"M{_PITCH * bar + _PITCH // 2} {_HALF - half}v{2 * half}"


def _folded(kind: str, text: str, number: int) -> str:
    """Make a text that may be long: then it is folded until somebody asks for it."""
    shown = _lines(text).strip()
    if not shown:
        return ""
    is_long = len(text) > _LONG or text.count("\n") >= _MANY
    name = f"{kind[0]}{number}"
    folded = f' id="{name}"' if is_long else ""
    more = (
        '<button type="button" class="more" aria-expanded="false"'
        f' aria-controls="{name}">Show all</button>\n'
    )
    long = " long" if is_long else ""
    return (
        f'<p class="{kind}{long}"{folded} dir="auto" lang="">{shown}</p>\n'
        f"{more if is_long else ''}"
    )
