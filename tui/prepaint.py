"""The first picture, before the user interface is loaded.

Loading Textual takes ten times as long as reading twenty rows. So the program first
paints what the library knows, exactly as the browser will paint it, and loads the rest
behind that picture. What is typed meanwhile stays in the terminal's queue.

Everything here is read straight from the file, by queries that give what
`tui.library.Reader` gives; a test compares the two pictures cell by cell. Any doubt
(another version of the file, a damaged one, no note yet) means no picture.
"""

from __future__ import annotations

import os
import sqlite3
import sys

from tui.rowtext import (
    ASCII,
    SMART_LABELS,
    UNICODE,
    cells,
    header_line,
    node_line,
    source_state,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.rowtext import Glyphs, Line

__all__ = ["SCHEMA_VERSION", "is_painted", "prepaint", "restore"]

SCHEMA_VERSION = 5
"""The version of the library file that the queries are for."""
RECENT = 40
"""`tui.model.RECENT_LIMIT`, which would cost the import of everything there."""
_WIDE = 100
"""From so many columns on, the details take a part of the width."""

_BACKGROUND = (0x14, 0x17, 0x1B)
_PANEL = (0x1D, 0x22, 0x28)
_FOREGROUND = (0xD3, 0xD7, 0xDE)
_PRIMARY = (0x7F, 0xC1, 0xB1)
_WARNING = (0xDF, 0xB0, 0x70)
"""The colours of our own dark theme (`tui.screens`), where the browser begins."""
_ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l"
_LEAVE = "\x1b[?7h\x1b[?1049l\x1b[?25h"
_THERE = "source_id NOT IN (SELECT id FROM source WHERE state = 'offline')"

_STARRED = (
    "SELECT count(*), coalesce(sum(played < 2 AND state <> 'missing'), 0),"
    " coalesce(sum(note.duration_ms), 0) FROM note WHERE recording_id IN"
    " (SELECT recording.id FROM mark JOIN recording ON recording.hash = mark.hash"
    f" WHERE mark.star = 1) AND visible = 1 AND {_THERE}"
)

_Rgb = tuple[int, int, int]
_modes: list[object] = []
"""The terminal's modes as they were; empty when there is nothing to give back."""
_screens: list[int] = []
"""The picture that is on the screen, if there is one."""


def prepaint(library_path: str) -> bool:
    """Paint the first picture, if there is a library and a terminal.

    The terminal is left with its second screen on, without echo and unbuffered, as
    Textual wants it; at the end of the program its modes are as before. If Textual is
    never reached, `restore` gives the screen back (at the latest when Python ends).

    Args:
        library_path: The library file; it is only read.

    Returns:
        Whether there is a picture.
    """
    try:
        if os.environ.get("TERM", "dumb") == "dumb" or not os.path.isfile(library_path):
            return False
        if not (os.isatty(0) and os.isatty(1)):
            return False
        width, height = os.get_terminal_size(1)
        if width < 20 or height < 6:
            return False
        text = "".join(_picture(library_path, width, height))
        data = text.encode()
        _be_raw()
    except (OSError, ValueError, sqlite3.Error):
        return False
    try:
        _screens.append(1)
        while data:
            data = data[os.write(1, data) :]
    except OSError:
        restore()
        return False
    return True


def is_painted() -> bool:
    """Tell whether the picture is on the screen."""
    return bool(_screens)


def restore() -> None:
    """Give the terminal back as it was; does nothing when there was no picture."""
    _give_modes_back()
    if _screens:
        _screens.clear()
        try:
            os.write(1, _LEAVE.encode())
        except OSError:
            return  # the terminal is gone: nobody sees it


def _be_raw() -> None:
    """Take keys as they come, unseen, without losing one that is typed already."""
    import atexit
    import termios

    _modes[:] = termios.tcgetattr(0)
    modes = termios.tcgetattr(0)
    modes[0] &= ~(termios.ICRNL | termios.INLCR | termios.IGNCR | termios.IXON)
    modes[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
    modes[6][termios.VMIN] = 1
    termios.tcsetattr(0, termios.TCSANOW, modes)  # not FLUSH: keys are kept
    atexit.register(_at_exit)


def _at_exit() -> None:
    """Textual gives modes back as it found them, which is as we made them."""
    if "textual.drivers.linux_driver" in sys.modules:
        _give_modes_back()
    else:
        restore()


def _give_modes_back() -> None:
    if not _modes:
        return
    import termios

    try:
        termios.tcsetattr(0, termios.TCSANOW, list(_modes))  # type: ignore[arg-type]  # as it gave them
    except termios.error:
        return  # the terminal is gone
    finally:
        _modes.clear()


def _picture(path: str, width: int, height: int) -> Iterator[str]:
    """Write the screen: header, rows, player bar; the footer comes with the keys.

    Raises:
        ValueError: There is nothing to show.
    """
    names = [os.environ.get(name, "") for name in ("LC_ALL", "LC_CTYPE", "LANG")]
    locale = next(filter(None, names), "").lower().replace("-", "")
    is_plain = "EARMARK_ASCII" in os.environ or "utf8" not in locale
    glyphs = ASCII if is_plain else UNICODE
    paint = _Paint()
    header, rows = _read(path, width, height - 3, glyphs)
    yield _ENTER
    yield paint.line(1, header, width, paint.panel)
    tree = min(100, width * 58 // 100) if width >= _WIDE else width
    for y in range(height - 3):
        line = rows[y] if y < len(rows) else []
        look = paint.cursor if y == 0 else paint.plain
        yield paint.line(y + 2, line, tree, look, fills=tree == width)
        if tree < width:
            yield paint.line(0, [], width - tree, paint.plain)
    yield paint.line(height - 1, _bar(width, glyphs), width, paint.panel)
    yield paint.line(height, [], width, paint.plain)


def _bar(width: int, glyphs: Glyphs) -> Line:
    """The player bar before anything was played."""
    stop = "#" if glyphs is ASCII else "■"
    right = "    1.0x  100 % " if width >= 60 else "    1.0x "
    text = f" {stop} nothing is playing"
    return [(text + " " * (width - cells(text) - len(right)) + right, "dim")]


def _read(
    path: str, width: int, height: int, glyphs: Glyphs
) -> tuple[Line, list[Line]]:
    """Read what the first screen shows."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=0.05)
    try:
        connection.execute("PRAGMA query_only = 1")
        if connection.execute("PRAGMA user_version").fetchone()[0] != SCHEMA_VERSION:
            raise ValueError
        connection.execute("BEGIN")  # one state of the library for all of it
        return _header(connection, width, glyphs), _rows(
            connection, width, height, glyphs
        )
    finally:
        connection.close()


def _header(connection: sqlite3.Connection, width: int, glyphs: Glyphs) -> Line:
    sources = connection.execute(
        "SELECT root, state, watch FROM source ORDER BY id"
    ).fetchall()
    notes, unplayed = connection.execute(
        "SELECT coalesce(sum(notes), 0), coalesce(sum(unplayed), 0) FROM shown_chat"
    ).fetchone()
    if not notes:
        raise ValueError
    place = ""
    if len(sources) == 1:
        place = os.fsdecode(sources[0][0])
        home = os.path.expanduser("~")
        if place == home or place.startswith(home + "/"):
            place = "~" + place[len(home) :]
    elif sources:
        place = f"{len(sources)} sources"
    state, is_trouble = source_state([source[1:] for source in sources])
    line = header_line(
        width, place=place, state=state, notes=notes, unplayed=unplayed, glyphs=glyphs
    )
    if is_trouble:
        line = [(text, "bad" if name == "accent" else name) for text, name in line]
    return line


def _rows(
    connection: sqlite3.Connection, width: int, height: int, glyphs: Glyphs
) -> list[Line]:
    tree = min(100, width * 58 // 100) if width >= _WIDE else width
    unplayed, unplayed_ms = connection.execute(
        "SELECT coalesce(sum(unplayed), 0), coalesce(sum(unplayed_ms), 0)"
        " FROM shown_chat"
    ).fetchone()
    nodes = [(SMART_LABELS[1], unplayed, unplayed, unplayed_ms, False)]
    starred = connection.execute(_STARRED).fetchone()
    if starred[0]:
        nodes.append((SMART_LABELS[6], *starred, True))
    nodes.append((SMART_LABELS[2], *_recent(connection), True))
    problems = connection.execute(
        "SELECT count(*), coalesce(sum(played < 2), 0), coalesce(sum(duration_ms), 0)"
        f" FROM note WHERE problem = 1 AND {_THERE}"
    ).fetchone()
    if problems[0]:
        nodes.append((SMART_LABELS[3], *problems, True))
    for table in ("collection WHERE is_on = 1", "saved_search"):
        named = [
            (_text(stored), *numbers)
            for stored, *numbers in connection.execute(
                f"SELECT name, notes, unplayed, duration_ms FROM {table}"
            )
        ]
        named.sort(key=lambda row: (row[0].casefold(), row[0]))
        nodes.extend((*row, True) for row in named)
    for stored, *numbers in connection.execute(
        "SELECT title, notes, unplayed, duration_ms FROM shown_chat"
        " WHERE notes > 0 ORDER BY last_ms DESC, id DESC LIMIT ?",
        (height,),
    ):
        nodes.append((_text(stored), *numbers, True))
    return [
        node_line(
            label,
            tree,
            notes=notes,
            unplayed=new,
            duration_ms=length,
            badge=badge,
            glyphs=glyphs,
        )
        for label, notes, new, length, badge in nodes[:height]
    ]


def _text(stored: str | bytes) -> str:
    """Read a name; one that is no UTF-8 is stored as bytes."""
    if isinstance(stored, bytes):
        return stored.decode("utf-8", "surrogatepass")
    return stored


def _recent(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """Count the newest notes: how many, how many unplayed, how long together."""
    found: list[tuple[int, int, int, int]] = []
    for chat_id, last_ms in connection.execute(
        "SELECT id, last_ms FROM shown_chat WHERE notes > 0"
        " ORDER BY last_ms DESC LIMIT ?",
        (RECENT,),
    ):
        if len(found) == RECENT and last_ms < found[-1][0]:
            break
        found += connection.execute(
            "SELECT order_ms, id, played < 2, coalesce(duration_ms, 0) FROM note"
            f" WHERE chat_id = ? AND visible = 1 AND {_THERE}"
            " ORDER BY order_ms DESC, id DESC LIMIT ?",
            (chat_id, RECENT),
        )
        found.sort(reverse=True)
        del found[RECENT:]
    return len(found), sum(row[2] for row in found), sum(row[3] for row in found)


class _Paint:
    """Styles as escape sequences, in as many colours as the terminal has."""

    def __init__(self) -> None:
        env = os.environ
        depth = 0
        if "NO_COLOR" not in env:
            if env.get("COLORTERM", "").strip().lower() in {"truecolor", "24bit"}:
                depth = 24
            elif env.get("TERM", "").rpartition("-")[2] in {"256color", "kitty"}:
                depth = 8
        self.plain = _ground(_BACKGROUND, depth)
        self.panel = _ground(_PANEL, depth)
        self.cursor = _ground(_mix(_PRIMARY, _BACKGROUND, 0.2), depth) or "\x1b[7m"
        self._depth = depth

    def line(
        self, y: int, line: Line, width: int, ground: str, *, fills: bool = True
    ) -> str:
        """Write one line of the screen.

        Args:
            y: Its number from 1, or 0 to go on where the last one ended.
            line: The spans.
            width: How far it goes.
            ground: The sequence for its background.
            fills: It ends at the right edge of the screen.
        """
        under = _PANEL if ground == self.panel else _BACKGROUND
        out = [f"\x1b[{y}H" if y else "", "\x1b[m", ground]
        used = 0
        for text, name in line:
            style = "" if ground == self.cursor else name
            out.append(self._style(style, under, is_header=under == _PANEL))
            out.append(text)
            used += cells(text)
        out.append("\x1b[K" if fills and self.plain else " " * (width - used))
        return "".join(out)

    def _style(self, name: str, under: _Rgb, *, is_header: bool) -> str:
        weight = "\x1b[1m" if name == "strong" else "\x1b[22m"
        if not self._depth:
            return weight
        color = _FOREGROUND
        if name == "dim":
            color = _mix(_FOREGROUND, under, 0.62)
        elif name in {"accent", "unplayed"} or (name == "strong" and is_header):
            color = _PRIMARY
        elif name == "bad":  # only in the header
            color = _WARNING
        return weight + _color(38, color, self._depth)


def _mix(over: _Rgb, under: _Rgb, share: float) -> _Rgb:
    """Lay a colour over another."""
    red, green, blue = (
        int(low + (high - low) * share) for high, low in zip(over, under, strict=True)
    )
    return red, green, blue


def _ground(color: _Rgb, depth: int) -> str:
    return _color(48, color, depth) if depth else ""


def _color(role: int, color: _Rgb, depth: int) -> str:
    """Write a colour as a sequence: in full, or the nearest of 256."""
    if depth == 24:
        return f"\x1b[{role};2;{color[0]};{color[1]};{color[2]}m"
    low, high = min(color) / 255, max(color) / 255
    light = (low + high) / 2
    spread = high - low
    sum_of = high + low
    saturation = spread / (sum_of if light <= 0.5 else 2 - sum_of) if spread else 0.0
    if saturation < 0.15:
        gray = round(light * 25)
        number = {0: 16, 25: 231}.get(gray, 231 + gray)
    else:
        red, green, blue = (
            round(part / 95 if part < 95 else 1 + (part - 95) / 40) for part in color
        )
        number = 16 + 36 * red + 6 * green + blue
    return f"\x1b[{role};5;{number}m"
