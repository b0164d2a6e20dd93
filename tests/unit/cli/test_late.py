"""Engines that wait for their first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.child import run_code
from tui.cli._late import late

if TYPE_CHECKING:
    from pathlib import Path


def test_it_is_made_once_when_it_is_first_used() -> None:
    """Methods and properties are those of what was made."""
    made: list[list[int]] = []

    def make() -> list[int]:
        made.append([])
        return made[0]

    numbers = late(make)
    assert made == []
    numbers.append(1)
    numbers.append(2)
    assert made == [[1, 2]]


def test_the_first_screen_waits_for_no_engine(tmp_path: Path) -> None:
    """Nothing that plays, indexes or writes is imported before the browser runs."""
    code = (
        "import sys, tui.cli._app as root\n"
        "from tui.config import load_settings\n"
        f"settings = load_settings({{'library': {str(tmp_path / 'a.db')!r}}})\n"
        "root.make_services(settings).close()\n"
        "services = root.make_services(settings)\n"
        "app = root.make_app(settings, services)\n"
        "app.get_default_screen()\n"
        "engines = ('audio', 'indexer', 'playback', 'sources', 'library._user')\n"
        "print([name for name in sys.modules\n"
        "       if name.startswith(tuple(f'tui.{each}' for each in engines))])\n"
        "services.reader.close()\n"
        "services.close()\n"
    )
    assert run_code(code) == "[]\n"
