"""Make screenshots/*.svg from the demo library: `poe screenshots`.

The real program on the real sample, but for the sound: it plays on the silent output.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

from tui.cli._app import make_app, make_services
from tui.config import load_settings
from tui.demo import marks, write_demo
from tui.library import Library
from tui.model import Group, GroupKind, NoteId, NoteState, Played
from tui.screens.export import ExportScreen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from textual.pilot import Pilot

    from tui.app import EarmarkApp

FOLDER = Path(__file__).resolve().parents[1] / "screenshots"
_NEW = 5
"""How many of the newest notes are left unplayed."""
_ANSWERS = 100
"""Looks, 20 ms apart, until the waveforms of the rows have come as well."""


@dataclass(frozen=True)
class Shot:
    """One picture."""

    name: str
    size: tuple[int, int]
    keys: tuple[str, ...]
    """What is pressed first."""
    theme: str = ""
    at_ms: int = 0
    """How far the note that plays has come; 0 when none plays."""


_OPEN = ("enter", "j", "j")
SHOTS = (
    Shot("browse", (100, 30), ("enter", "J", "J", "enter", "J", "enter", "j")),
    Shot("playing", (80, 24), (*_OPEN, "i", "enter"), at_ms=3000),
    Shot(
        "wide",
        (200, 50),
        ("enter", "J", "enter", "j", "j", "enter", "x", "V", "j", "a", "k"),
        at_ms=3000,
    ),
    Shot("queue", (100, 30), (*_OPEN, "j", "v", "j", "j", "a", "escape", "Q")),
    Shot("sound", (80, 24), (*_OPEN, "enter", "x", "plus_sign", "X")),
    Shot("export", (80, 24), (*_OPEN, "e")),
    Shot("search", (100, 30), ("slash", *"boat or flour", "enter")),
    Shot("tags", (80, 24), (*_OPEN, "t")),
    Shot("senders", (100, 30), ("w", "s", "J", "J", "J", "J", "enter", "j")),
    Shot("statistics", (200, 50), ("I",)),
    Shot("help", (100, 30), ("enter", "question_mark")),
    Shot("light", (100, 30), (*_OPEN, "enter"), "earmark-light", 2500),
)


@contextmanager
def _sample() -> Iterator[tuple[Path, Path]]:
    """Write and index the sample in a home of its own.

    Yields:
        The folder and the library.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        root, library = Path(home, "Phone"), Path(home, "library.db")
        own = {"HOME": home, "XDG_RUNTIME_DIR": home, "XDG_CONFIG_HOME": home}
        with patch.dict(os.environ, own):
            now = datetime.now().astimezone().replace(tzinfo=None)
            write_demo(root, now, complete=True)
            scan = ("-m", "tui", "scan", str(root), "--library", str(library))
            subprocess.run([sys.executable, *scan], check=True, capture_output=True)
            _mark(library, now)
            yield root, library


def _mark(path: Path, now: datetime) -> None:
    """Mark notes as in the demo; let all but the newest be heard, one in part."""
    with Library.open(path) as library:
        library.join_user_data(BufferedReader(BytesIO(marks(now))), "the demo")
        reader = library.reader()
        ids = [NoteId(i) for i in reader.keys(Group(GroupKind.RECENT)).ids]
        reader.close()
        library.user.set_played(ids[_NEW:], Played.PLAYED)
        library.user.set_position(ids[_NEW], 3000, Played.HALF)
        library.user.flush()


async def _until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    for _ in range(1500):
        if condition():
            return
        await pilot.pause(0.02)
    raise TimeoutError


async def _take(shot: Shot, root: Path, library: Path) -> str:
    """Open the browser, press the keys, and take the picture when all is there."""
    own = library.with_name(f"{shot.name}.db")
    shutil.copy(library, own)
    said = {"library": str(own), "output": "null", "theme": shot.theme}
    settings = load_settings(said, {"LANG": "C.UTF-8"})
    services = make_services(settings, [os.fsencode(root)])
    app = make_app(settings, services)
    async with app.run_test(size=shot.size, notifications=True) as pilot:
        await _until(pilot, lambda: app.main.header.view.state == "live")
        for key in shot.keys:
            await pilot.press(key)
            await pilot.pause(0.1)
        for _ in range(_ANSWERS):
            await pilot.pause(0.02)  # what is looked for on another thread
        await _until(pilot, lambda: _is_ready(app, shot))
        await pilot.pause()
        picture = app.export_screenshot(title="Earmark")
    services.reader.close()
    # Without this some viewers drop blanks at the edges of a run of text.
    return picture.replace("<svg ", '<svg xml:space="preserve" ', 1)


def _is_ready(app: EarmarkApp, shot: Shot) -> bool:
    screen = app.screen
    if isinstance(screen, ExportScreen):
        told = screen.told._run.text
        return bool(screen.names.rows) and "about" in told and "so far" not in told
    details, bar = app.main.details, app.main.bar
    note = details.note
    is_drawn = (
        note is None or note.peaks is not None or note.row.state is NoteState.MISSING
    )
    if not shot.at_ms:
        return is_drawn
    view = bar.view
    return is_drawn and view.peaks is not None and view.position_ms >= shot.at_ms


def main() -> None:
    """Make all pictures."""
    FOLDER.mkdir(exist_ok=True)
    with _sample() as (root, library):
        for shot in SHOTS:
            picture = asyncio.run(_take(shot, root, library))
            path = FOLDER / f"{shot.name}.svg"
            path.write_text(picture, encoding="utf-8")
            print(path.relative_to(FOLDER.parent))


if __name__ == "__main__":
    main()
