r"""Copying: paths, links and words of notes, to the clipboard of the user's terminal.

The terminal is asked by an escape sequence (OSC 52), which goes over SSH as any other
output. Inside of tmux, tmux is told instead: it takes such sequences from nobody unless
it is set so, and passes on what it was told. What no terminal takes is shown, to be
selected by hand.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, ClassVar, NamedTuple
from urllib.parse import quote_from_bytes

from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Static
from typing_extensions import override

from tui.rowtext import when
from tui.screens._work import EditWork
from tui.screens.framed import ListScreen
from tui.text import printable
from tui.widgets.glyphs import UNICODE
from tui.widgets.marked_list import ListRow

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from textual.app import App, ComposeResult
    from textual.binding import BindingType

    from tui.library import Reader
    from tui.model import Note, NoteId
    from tui.screens.main import MainScreen
    from tui.services import Services
    from tui.widgets.glyphs import Glyphs

__all__ = [
    "MOST_BYTES",
    "CopyActions",
    "CopyScreen",
    "ShownScreen",
    "taken",
    "texts_of",
]

MOST_BYTES = 74_994
"""What fits into the 100,000 characters that terminals take at most, as Base64."""
_MANY = 5_000
"""So many notes are read at most: no clipboard holds more of them."""
_TMUX_S = 2.0
_SHORT = 30
"""Characters of a path that is shown whole."""
_NAMES = {"p": "path", "l": "link", "t": "transcript", "c": "comment", "a": "note"}
_NO_NOTE = "Put the cursor on a note"
_WITHOUT = frozenset({"", "dumb", "linux", "vt100", "vt220", "cons25"})
"""Terminals without a clipboard."""
_KINDS = (
    ("p", "Path"),
    ("l", "Link"),
    ("t", "Transcript"),
    ("c", "Comment"),
    ("a", "All: who, when, what"),
)
_KEYS = ("p l t c a copies", "s shows it", "Esc")
_SHOWN = "The mouse selects it here as in any terminal. Esc goes back."


class Copied(NamedTuple):
    """What can be copied of some notes, by the key of its kind."""

    texts: Mapping[str, str]
    """Empty for what there is not."""
    notes: int


def _path(note: Note) -> bytes:
    return note.files[0].full_path if note.files else b""


def _path_text(note: Note) -> str:
    """Write a path as it can be pasted into a shell when it is no plain text."""
    path = _path(note)
    try:
        text = path.decode()
    except UnicodeDecodeError:
        text = ""
    if not path or (text and printable(text) == text):
        return text
    # As a shell would take it: the clipboard holds text, not bytes.
    escaped = "".join(
        chr(byte) if 0x20 <= byte < 0x7F and byte not in b"'\\" else f"\\x{byte:02x}"
        for byte in path
    )
    return f"$'{escaped}'"


def _link(note: Note) -> str:
    """Write the address of a file; of one in an archive, that of the archive."""
    path = _path(note)
    archive, _, _ = path.partition(b"//")
    return f"file://{quote_from_bytes(archive or path)}" if path else ""


def _clean(text: str) -> str:
    """Leave lines as they are, and show what is no plain text."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(map(printable, lines)).strip("\n")


def _all(note: Note) -> str:
    row = note.row
    sender = row.sender or ("me" if row.direction.value == "sent" else "?")
    moment = when(row.sent_ms, row.offset_min, row.precision, 0.0, room=17).strip()
    words = note.transcript or note.comment or row.title
    return f"{_line(sender)} {moment}: {_line(words)}".rstrip(": ")


def _line(text: str) -> str:
    return " ".join(_clean(text).split())


def texts_of(ids: Sequence[NoteId], reader: Reader) -> Copied:
    """Tell what can be copied of notes: of several, a line each.

    Args:
        ids: The notes.
        reader: The library.
    """
    makers: dict[str, Callable[[Note], str]] = {
        "p": _path_text,
        "l": _link,
        "t": lambda note: _clean(note.transcript),
        "c": lambda note: _clean(note.comment),
        "a": _all,
    }
    found: dict[str, list[str]] = {key: [] for key in makers}
    size = dict.fromkeys(makers, 0)
    count = 0
    for note in reader.notes(ids[:_MANY]):
        count += 1
        for key, make in makers.items():
            text = make(note)
            if len(ids) > 1:
                text = _line(text) if key in "tc" else text
            if text and size[key] <= MOST_BYTES:
                found[key].append(text)
                size[key] += len(text.encode()) + 1
    return Copied({key: "\n".join(lines) for key, lines in found.items()}, count)


def taken(text: str) -> tuple[str, bool]:
    """Cut a text to what terminals take: at the end of a line, where there is one.

    Returns:
        The text, and whether something of it is left out.
    """
    data = text.encode()
    if len(data) <= MOST_BYTES:
        return text, False
    short = data[:MOST_BYTES].decode(errors="ignore")
    head, line, _ = short.rpartition("\n")
    return (head if line else short), True


class CopyScreen(ListScreen["str | None"]):
    """Asks what to copy; gives the key of its kind, or that after an `s` to show it.

    Args:
        copied: What there is.
        glyphs: The marks.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(key, f"take('{key}')", title, show=False, id=f"copy.{key}")
            for key, title in _KINDS
        ),
        Binding("y", "choose", "Copy the marked", show=False, id="copy.marked"),
        Binding("s", "show", "Show it", show=False, id="copy.show"),
    ]

    def __init__(self, copied: Copied, glyphs: Glyphs = UNICODE) -> None:
        title = "Copy" if copied.notes == 1 else f"Copy of {copied.notes:,} notes"
        super().__init__(title, _KEYS, "", glyphs)
        self._copied = copied

    @override
    def on_mount(self) -> None:
        super().on_mount()
        rows = []
        for key, title in _KINDS:
            text = self._copied.texts[key]
            lines = text.count("\n") + 1
            detail = text if lines == 1 else f"{lines:,} lines"
            if key in "pl" and lines == 1 and len(text) > _SHORT:
                # Of a long path the end tells more; what is copied is all of it.
                detail = f"{self._glyphs.ellipsis}/{text.rpartition('/')[2]}"
            rows.append(ListRow(f"{key}  {title}", printable(detail) or "none"))
        self.fill(rows)

    def action_take(self, key: str) -> None:
        """Copy one kind."""
        if self._copied.texts[key]:
            self.dismiss(key)
        else:
            name = dict(_KINDS)[key].lower()
            self.show_frame(f"{self._title} {self._glyphs.dot} no {name}", self._keys)

    @override
    def action_choose(self) -> None:
        self.action_take(_KINDS[self.list.at][0])

    def action_show(self) -> None:
        """Show the marked one, to be selected by hand."""
        key = _KINDS[self.list.at][0]
        if self._copied.texts[key]:
            self.dismiss(f"s{key}")


class ShownScreen(Screen[None]):
    """Shows a text alone, from the left edge on, so that it can be selected by hand.

    Args:
        text: The text, of printable lines.
    """

    DEFAULT_CSS = """
    ShownScreen { background: $background; overflow-y: auto; }
    ShownScreen Static { width: 100%; height: auto; }
    ShownScreen #hint { color: $foreground 60%; margin: 0 0 1 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,y", "close", "Close", id="shown.close"),
    ]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    @override
    def compose(self) -> ComposeResult:
        yield Static(_SHOWN, id="hint", markup=False)
        yield Static(self._text, markup=False)

    def on_mount(self) -> None:
        """Leave the mouse to the terminal."""
        self._let_mouse("_disable_mouse_support")

    def on_unmount(self) -> None:
        """Take it again."""
        self._let_mouse("_enable_mouse_support")

    def _let_mouse(self, name: str) -> None:
        driver = self.app._driver  # noqa: SLF001  # nothing public tells the terminal
        with suppress(AttributeError):  # a driver without a mouse
            getattr(driver, name)()

    def action_close(self) -> None:
        """Go back."""
        self.dismiss(None)


class CopyActions:
    """Copies what belongs to notes.

    Args:
        app: The application, whose terminal is asked.
        main: The browser below.
        services: The engines.
        glyphs: The marks.
        run: Does something on a thread; tells whether it came to its end in time.
    """

    def __init__(
        self,
        app: App[None],
        main: MainScreen,
        services: Services,
        glyphs: Glyphs,
        run: Callable[[Callable[[], None], str, float], Awaitable[bool]],
    ) -> None:
        self._app = app
        self._main = main
        self._glyphs = glyphs
        self._run = run
        self._work = EditWork(main, services, run)

    async def ask(self) -> None:
        """Ask what to copy of the selected notes, or that under the cursor."""
        ids, _ = self._main.note_tree.chosen()
        if not ids:
            self._main.say(_NO_NOTE)
            return
        copied = await self._work.look(partial(texts_of, ids))
        if copied is None or not copied.notes:
            return
        key = await self._app.push_screen_wait(CopyScreen(copied, self._glyphs))
        if key is None:
            return
        text = copied.texts[key[-1]]
        if len(key) > 1:
            await self._app.push_screen_wait(ShownScreen(text))
        else:
            await self._copied(text, _NAMES[key], copied.notes)

    def copy(self, path: str) -> None:
        """Copy a path."""
        data = os.fsencode(path)
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = data.decode(errors="backslashreplace")
        self._app.run_worker(self._copied(_clean(text), _NAMES["p"]), group="copy")

    async def _copied(self, text: str, name: str, notes: int = 1) -> None:
        """Copy a text, and say what was.

        Args:
            text: The text.
            name: What it is.
            notes: Of how many notes it is, a line each.
        """
        text, is_cut = taken(text)
        if os.environ.get("TERM", "") in _WITHOUT and not os.environ.get("TMUX"):
            self._main.say("This terminal has no clipboard", is_warning=True)
            await self._app.push_screen_wait(ShownScreen(text))
            return
        if not await self._told_tmux(text):
            self._app.copy_to_clipboard(text)
        else:
            self._app._clipboard = text  # noqa: SLF001  # for its own lines to type in
        lines = text.count("\n") + 1
        if is_cut:
            part = f"first {lines:,} lines" if lines > 1 else "begin"
            self._main.say(
                f"Copied only the {part}: a clipboard takes no more", is_warning=True
            )
        elif notes > 1:
            self._main.say(f"Copied {lines:,} {name}{'' if lines == 1 else 's'}")
        else:
            self._main.say(f"Copied the {name}")

    async def _told_tmux(self, text: str) -> bool:
        """Give a text to tmux, if this runs in it; tells whether it took it."""
        program = shutil.which("tmux") if os.environ.get("TMUX") else None
        if program is None:
            return False
        codes: list[int] = []

        def load() -> None:
            with suppress(OSError, subprocess.TimeoutExpired):
                done = subprocess.run(
                    # -w: it also tells the terminal that it runs in.
                    [program, "load-buffer", "-w", "-"],
                    input=text.encode(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    timeout=_TMUX_S,
                    check=False,
                )
                codes.append(done.returncode)

        await self._run(load, "tmux", _TMUX_S + 1)
        return codes == [0]
