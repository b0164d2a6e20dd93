"""The right pane: everything that is known of the note under the cursor."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual.binding import Binding
from textual.message import Message
from typing_extensions import override

from tui.model import ChatKind, Direction, NoteKind, NoteState, Played, Precision
from tui.text import clock, printable
from tui.widgets.cells import Cells, Role, Run, cut, line_width, wrap
from tui.widgets.glyphs import UNICODE
from tui.widgets.place import place
from tui.widgets.wave import bars, levels, loop_cells, share_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from textual import events
    from textual.binding import BindingType

    from tui.model import Bookmark, Evidence, Note, NoteId, NoteRow
    from tui.widgets.cells import Line
    from tui.widgets.glyphs import Glyphs

__all__ = ["Details", "details_lines", "when"]

_LABEL = 10
"""Cells of the column of labels."""
_TICKS = {False: "╵", True: "'"}
"""Where a bookmark is, below the waveform; by whether only ASCII may be used."""
_CORNERS = {False: ("┌│└", "┐│┘"), True: ("[[[", "]]]")}
"""The marks of a loop in a waveform, each from the top, the middle and the bottom; by
whether only ASCII may be used."""
_LOUDNESS_OF_SILENCE = -70.0
"""What is told of a recording in which nothing is heard."""
_APART = 3
"""Cells between the title and the marks at its right."""
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)
_PRECISION = {
    Precision.EXACT: "exact",
    Precision.SECOND: "to the second",
    Precision.MINUTE: "to the minute",
    Precision.DAY: "only the day is known",
    Precision.MTIME: "the file's own time, may be late",
}
_PLAYED = {
    Played.UNPLAYED: "unplayed",
    Played.HALF: "half-heard",
    Played.PLAYED: "played",
}
_KIND = {
    NoteKind.VOICE: "voice note",
    NoteKind.AUDIO: "recording",
    NoteKind.VIDEO_NOTE: "video note",
    NoteKind.VIEW_ONCE: "view once",
}
_CHAT_KIND = {
    ChatKind.DIRECT: "direct chat",
    ChatKind.GROUP: "group",
    ChatKind.SELF: "notes to self",
    ChatKind.FOLDER: "folder",
    ChatKind.UNMATCHED: "not matched yet",
}


def when(row: NoteRow) -> str:
    """Write the time of a note as exactly as it is known.

    Args:
        row: The note; a wall-clock time is shown as it was, any other in the
            viewer's zone.

    Returns:
        E.g. `Thu 15 Aug 2024 13:26`; without the clock when only the day is known.
    """
    moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=row.sent_ms)
    if row.offset_min is None:
        moment = moment.astimezone()
    else:
        moment = moment.astimezone(timezone(timedelta(minutes=row.offset_min)))
    day = (
        f"{_DAYS[moment.weekday()]} {moment.day} {_MONTHS[moment.month - 1]}"
        f" {moment.year}"
    )
    if row.precision is Precision.DAY:
        return day
    if row.precision in {Precision.EXACT, Precision.SECOND}:
        return f"{day} {moment:%H:%M:%S}"
    return f"{day} {moment:%H:%M}"


_FIXED = "\N{NO-BREAK SPACE}"
"""Between a value and its unit; written as a plain space once lines are broken."""


def _size(count: int) -> str:
    if count < 1000:
        return f"{count}{_FIXED}bytes"
    if count < 1_000_000:
        return f"{count / 1000:.0f}{_FIXED}kB"
    if count < 1_000_000_000:
        return f"{count / 1e6:.1f}{_FIXED}MB"
    return f"{count / 1e9:.2f}{_FIXED}GB"


class _Pane:
    """Collects lines of a width."""

    def __init__(self, cells: int, glyphs: Glyphs) -> None:
        self.cells = cells
        self.glyphs = glyphs
        self.lines: list[Line] = []
        self.wave = range(0)
        """The lines in which the waveform is drawn, from their second cell on."""

    def text(self, text: str, role: Role = Role.TEXT) -> None:
        """Add a paragraph."""
        self.lines += [
            (Run(" "), Run(part, role)) for part in wrap(printable(text), self.cells)
        ]

    def lines_of(self, text: str, *, bar: str = "") -> None:
        """Add text that may have several lines.

        Args:
            text: The text, with its line breaks.
            bar: What stands before each line, to tell it from other text.
        """
        head = (Run(f" {bar} ", Role.ACCENT),) if bar else (Run(" "),)
        room = self.cells - cell_len(bar) - (1 if bar else 0)
        for line in text.replace("\r\n", "\n").split("\n"):
            self.lines += [(*head, Run(part)) for part in wrap(printable(line), room)]

    def gap(self) -> None:
        """Add an empty line."""
        self.lines.append(())

    def fact(self, label: str, value: str, evidence: Evidence | None = None) -> None:
        """Add a label with its value, and below it what that stands on."""
        indent = Run(" " * (_LABEL + 1))
        lines = wrap(printable(value), self.cells - _LABEL)
        head = Run(f" {label:{_LABEL}}", Role.DIM)
        for index, part in enumerate(lines):
            text = part.replace(_FIXED, " ")
            self.lines.append((indent if index else head, Run(text)))
        if evidence is None:
            return
        origin = printable(evidence.origin)
        if evidence.confidence <= 1:  # above that it is the user's own choice
            origin = f"from {origin},{_FIXED}{evidence.confidence:.2f}"
        for part in wrap(origin, self.cells - _LABEL):
            self.lines.append((indent, Run(part.replace(_FIXED, " "), Role.FAINT)))


def _title(row: NoteRow, cells: int, glyphs: Glyphs) -> Line:
    """Say who spoke to whom; names that are too long stand in full further down."""
    who = "me" if row.direction is Direction.SENT else row.sender
    chat = printable(row.chat_title)
    if who is None or who == row.chat_title:
        return Run(" "), Run(cut(chat, cells, glyphs.ellipsis), Role.STRONG)
    arrow = f" {glyphs.to} "
    who = cut(
        printable(who), max(cells // 2, cells - cell_len(chat) - 4), glyphs.ellipsis
    )
    chat = cut(chat, cells - cell_len(who) - cell_len(arrow), glyphs.ellipsis)
    return (
        Run(" "),
        Run(who, Role.STRONG),
        Run(arrow, Role.DIM),
        Run(chat, Role.STRONG),
    )


def _head(pane: _Pane, note: Note) -> None:
    """Write the title, with star and tags at its right or, without room, below."""
    row = note.row
    title = _title(row, pane.cells, pane.glyphs)
    star = pane.glyphs.rows.star if row.star else ""
    tags = " ".join(f"#{printable(tag)}" for tag in row.tags)
    marks = f"{star} {tags}".strip()
    # The title begins with a blank that the width of the pane leaves out.
    room = pane.cells + 1 - line_width(title) - cell_len(marks)
    if marks and room >= _APART:
        title = (*title, Run(" " * room), Run(marks, Role.ACCENT))
        marks = ""
    pane.lines.append(title)
    if note.own_title:
        pane.text(note.own_title, Role.STRONG)
    if marks:
        pane.text(marks, Role.ACCENT)
    facts = [when(row), clock(row.duration_ms), str(row.direction)]
    if row.direction is Direction.UNKNOWN:
        facts.pop()
    pane.text(f" {pane.glyphs.dot} ".join(facts), Role.DIM)
    if row.title and not note.own_title:
        pane.text(row.title)


def _heard(row: NoteRow) -> str:
    text = _PLAYED[row.played]
    if row.position_ms > 0 and row.played is not Played.PLAYED:
        text += f", at {clock(row.position_ms)}"
    return text


def _on_phone(note: Note) -> str:
    """Say what the phone knows about listening: ours, or the other side's."""
    heard = "played" if note.phone_played else "not played"
    return f"{heard} by them" if note.row.direction is Direction.SENT else heard


def _state(pane: _Pane, row: NoteRow) -> None:
    """Say what is wrong with a note, or where it is."""
    if row.state is NoteState.READY:
        return
    pane.gap()
    if row.state is not NoteState.MISSING:
        pane.text(f"! {row.state}: {row.reason}", Role.WARN)
        return
    reason = row.reason or "its file is not here"
    if row.kind is NoteKind.VIEW_ONCE:
        reason += ": no phone keeps what can be heard once"
    pane.text(f"{pane.glyphs.rows.missing} {reason}", Role.DIM)


def _words(pane: _Pane, note: Note, *, ticks_tell_all: bool) -> None:
    """Write what was written with it, the user's own words, and what is said in it."""
    marks = '""' if pane.glyphs.is_ascii else "“”"
    if note.text:
        pane.gap()
        pane.lines_of(f"{marks[0]}{note.text}{marks[1]}")
    if note.comment:
        pane.gap()
        pane.lines_of(note.comment, bar=pane.glyphs.head)
    if note.bookmarks and not ticks_tell_all:
        pane.gap()
        _bookmarks(pane, note.bookmarks)
    if note.transcript:
        pane.gap()
        pane.lines_of(note.transcript)


def _bookmarks(pane: _Pane, bookmarks: Sequence[Bookmark]) -> None:
    """List moments with their texts, the times below one another."""
    times = [clock(bookmark.at_ms) for bookmark in bookmarks]
    widest = max(map(len, times))
    for time, bookmark in zip(times, bookmarks, strict=True):
        head: Line = (Run(f" {time:>{widest}}  ", Role.ACCENT),)
        for part in wrap(printable(bookmark.text), pane.cells - widest - 2):
            pane.lines.append((*head, Run(part)))
            head = (Run(" " * (widest + 3)),)


def _ticks(pane: _Pane, note: Note, cells: int) -> bool:
    """Mark the bookmarks below the waveform, with time and text where there is room.

    Returns:
        Whether that tells all that is to tell about them.
    """
    length = note.row.duration_ms
    if not length or not note.bookmarks:
        return not note.bookmarks
    tick = _TICKS[pane.glyphs.is_ascii]
    line = [Run(" ")]
    end, tells_all = 0, True
    places = [min(cells - 1, mark.at_ms * cells // length) for mark in note.bookmarks]
    for at, mark, after in zip(
        places, note.bookmarks, [*places[1:], cells + 1], strict=True
    ):
        if at < end:  # two of them in one cell
            tells_all = False
            continue
        time = clock(mark.at_ms)
        whole = f"{time} {printable(mark.text)}".rstrip()
        room = after - at - 2
        told = next((each for each in (whole, time) if cell_len(each) <= room), "")
        tells_all = tells_all and told == whole
        line += [Run(" " * (at - end)), Run(tick, Role.ACCENT), Run(told, Role.DIM)]
        end = at + 1 + cell_len(told)
    pane.lines.append(tuple(run for run in line if run.text))
    return tells_all


def _waveform(
    pane: _Pane, note: Note, rows: int, loop: tuple[int, int | None] | None
) -> bool:
    """Draw the sound with its bookmarks; tells whether that is all about them."""
    cells = pane.cells - 1
    length = note.row.duration_ms
    is_ascii = pane.glyphs.is_ascii
    if note.peaks is not None:
        pane.gap()
        drawn = bars(levels(note.peaks, cells), rows, ascii_only=is_ascii)
        pane.wave = range(len(pane.lines), len(pane.lines) + rows)
        if loop is not None and length and cells > 1:
            places = loop_cells(loop, length, cells)
            pane.lines += _looped(drawn, places, ascii_only=is_ascii)
        else:
            pane.lines += [(Run(" "), Run(line, Role.ACCENT)) for line in drawn]
    elif note.row.state is NoteState.READY:
        pane.lines += [()] * rows
        pane.wave = range(len(pane.lines), len(pane.lines) + 1)
        pane.lines.append((Run(" "), Run(pane.glyphs.ahead * cells, Role.FAINT)))
    else:
        return False
    tells_all = _ticks(pane, note, cells)
    end = clock(length)
    pane.lines.append((Run(f" 0:00{end:>{max(1, cells - 4)}}", Role.DIM),))
    return tells_all


def _looped(
    drawn: list[str], places: tuple[int, int | None], *, ascii_only: bool
) -> Iterator[Line]:
    """Put the marks of a loop into a waveform; what is outside of it is faint."""
    start, end = places
    for at, line in enumerate(drawn):
        # A line by itself has brackets, for it has no corners.
        is_corner = len(drawn) > 1 and not ascii_only
        part = 0 if not at else 2 if at == len(drawn) - 1 else 1
        first, last = (marks[part] for marks in _CORNERS[not is_corner])
        inside = line[start + 1 :] if end is None else line[start + 1 : end]
        outside = "" if end is None else line[end + 1 :]
        parts = (
            Run(" "),
            Run(line[:start], Role.FAINT),
            Run(first, Role.STRONG),
            Run(inside, Role.ACCENT),
            Run("" if end is None else last, Role.STRONG),
            Run(outside, Role.FAINT),
        )
        yield tuple(run for run in parts if run.text)


def _paths(note: Note) -> Iterator[tuple[str, str]]:
    if not note.files and note.row.file_name:
        yield "file", note.row.file_name
    copies = [file for file in note.files if file.role != "primary"]
    for file in note.files:
        if file.role == "primary":
            yield "file", os.fsdecode(file.path)
            yield "in", place(file.source_root)
    for file in copies:
        yield "copy", os.fsdecode(file.path)


def _loudness(lufs: float) -> str:
    if lufs <= _LOUDNESS_OF_SILENCE:
        return "silence"
    return f"{lufs:.1f}{_FIXED}LUFS"


def details_lines(
    note: Note,
    cells: int,
    *,
    rows: int = 3,
    loop: tuple[int, int | None] | None = None,
    glyphs: Glyphs = UNICODE,
) -> list[Line]:
    """Lay out the details of a note.

    Args:
        note: The note.
        cells: The width of the pane.
        rows: The height of the waveform.
        loop: The part that is played again and again.
        glyphs: The marks.

    Returns:
        The lines, in printable text.
    """
    pane = _Pane(cells - 2, glyphs)
    _fill(pane, note, rows, loop)
    return pane.lines


def _fill(
    pane: _Pane, note: Note, rows: int, loop: tuple[int, int | None] | None
) -> None:
    """Write all that is known of a note."""
    row, glyphs = note.row, pane.glyphs
    dot = f" {glyphs.dot} "
    _head(pane, note)
    _state(pane, row)
    tells_all = _waveform(pane, note, rows, loop)
    _words(pane, note, ticks_tell_all=tells_all)
    pane.gap()
    evidence = note.evidence
    if row.state is not NoteState.MISSING or row.played is not Played.UNPLAYED:
        pane.fact("heard", _heard(row))
    if note.phone_played is not None:
        pane.fact("phone", _on_phone(note))
    for name in note.collections:
        pane.fact("filed", name)
    pane.fact(
        "time", f"{when(row)}, {_PRECISION[row.precision]}", evidence.get("sent_at")
    )
    pane.fact(
        "chat",
        f"{row.chat_title}{dot}{_CHAT_KIND[note.chat_kind]}",
        evidence.get("chat"),
    )
    if row.sender is not None:
        pane.fact("sender", row.sender, evidence.get("sender"))
    pane.gap()
    name = _KIND[row.kind]
    is_voice = row.kind is NoteKind.VOICE and note.container != "ogg/opus"
    if is_voice and note.chat_kind is ChatKind.FOLDER:
        # An MP3 in a plain folder need not have been a message to anybody.
        name = _KIND[NoteKind.AUDIO]
    kind = [name]
    if note.files:
        kind += [note.container or "not read yet", _size(note.size)]
    pane.fact("kind", dot.join(kind))
    if note.lufs is not None:
        pane.fact("loudness", _loudness(note.lufs))
    for label, path in _paths(note):
        pane.fact(label, path)
    pane.fact("id", note.key)


class Details(Cells, can_focus=True):
    """Shows one note; scrolls with the keys of the tree when it has the focus."""

    DEFAULT_CSS = """
    Details {
        height: 1fr;
    }
    """
    BINDING_GROUP_TITLE = "Details"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "j,down",
            "scroll(1)",
            "Down",
            show=False,
            id="details.down",
            tooltip="Scroll the details down",
        ),
        Binding(
            "k,up",
            "scroll(-1)",
            "Up",
            show=False,
            id="details.up",
            tooltip="Scroll the details up",
        ),
    ]
    HELP = "Everything that is known of the note under the cursor."

    @dataclass
    class WaveClicked(Message):
        """A place in the waveform was pointed at."""

        note_id: NoteId
        share: float
        """Where in the note, 0 to 1."""

    def __init__(self, glyphs: Glyphs = UNICODE) -> None:
        super().__init__()
        self.note: Note | None = None
        self._instead: tuple[str, ...] = ()
        self._glyphs = glyphs
        self._loop: tuple[NoteId | None, tuple[int, int | None] | None] = (None, None)
        """The note that has a loop, and where."""
        self._wave = range(0)
        """The lines with the waveform."""

    def update(self, note: Note | None, instead: Sequence[str] = ()) -> None:
        """Show another note, or lines in its place.

        Args:
            note: The note; None when the cursor is on something else.
            instead: What to say then.
        """
        if note is None or self.note is None or note.row.id != self.note.row.id:
            self.top = 0
        self.note = note
        self._instead = tuple(filter(None, instead))
        self.lay_out()

    def update_loop(
        self, note_id: NoteId | None, loop: tuple[int, int | None] | None
    ) -> None:
        """Mark the part of a note that is played again and again.

        Args:
            note_id: The note that plays.
            loop: Its begin and its end; None for no such part.
        """
        if (note_id, loop) == self._loop:
            return
        before, self._loop = self._loop, (note_id, loop)
        shown = self.note.row.id if self.note is not None else None
        if shown in {before[0], note_id}:
            self.lay_out()

    @override
    def make_lines(self) -> list[Line]:
        cells, height = self.size
        pane = _Pane(cells - 2, self._glyphs)
        if self.note is None:
            for text in self._instead:
                pane.text(text, Role.DIM)
        else:
            note_id, loop = self._loop
            if note_id != self.note.row.id:
                loop = None
            _fill(pane, self.note, 3 if height >= 18 else 1, loop)
        self._wave = pane.wave
        return pane.lines

    def on_click(self, event: events.Click) -> None:
        """Play from where the waveform was pointed at."""
        event.stop()
        there = event.get_content_offset(self)
        if there is None or self.note is None:
            return
        # The first cell of the line is blank, and the last two.
        share = share_at(there.x - 1, self.size.width - 3)
        if share is not None and self.top + there.y in self._wave:
            self.post_message(self.WaveClicked(self.note.row.id, share))

    def action_scroll(self, delta: int) -> None:
        """Show what is further down or up."""
        self.scroll_lines(delta)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll with the wheel."""
        event.stop()
        self.scroll_lines(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll with the wheel."""
        event.stop()
        self.scroll_lines(-3)
