"""What the tree writes by itself leaves the terminal as a full repaint would.

The program runs in a pseudo terminal. After random keys the screen is compared, cell
by cell with colours, with what Textual paints on an empty terminal.
"""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.terminal import PtyTerminal, base_environ

if TYPE_CHECKING:
    from collections.abc import Sequence

WALK = ("j", "j", "j", "k", "k", "J", "K", "g", "G", "l", "l", "h", "\x04", "\x15")
NEWS = ("1", "2", "3", "8")
OVER = ("5", "c", "6", "7")

Look = tuple[str, ...]


def looks(terminal: PtyTerminal) -> list[list[Look]]:
    """Tell what each cell looks like; the colour of a blank's text does not show."""
    with terminal._lock:
        screen = terminal._screen
        rows = []
        for y in range(screen.lines):
            row: list[Look] = []
            for x in range(screen.columns):
                cell = screen.buffer[y][x]
                extra = f"{cell.reverse}{cell.underscore}"
                if cell.data in {" ", ""}:
                    row.append((cell.data, cell.bg, extra))
                else:
                    row.append((cell.data, cell.fg, cell.bg, extra, f"{cell.bold}"))
            rows.append(row)
        return rows


class Driver:
    """Types keys and knows when they have been handled."""

    def __init__(self, terminal: PtyTerminal) -> None:
        self.terminal = terminal
        self.count = 0

    def type(self, keys: str) -> None:
        """Type some keys and wait until all were handled and shown."""
        self.count += 1
        self.terminal.send(keys.encode() + b"S")
        self.terminal.wait_for(f"count {self.count}.")


@pytest.mark.parametrize(
    ("seed", "keys", "columns", "environ"),
    [
        (1, WALK, 80, {}),
        (2, WALK + NEWS, 80, {}),
        (3, WALK * 2 + NEWS + OVER, 80, {}),
        (4, WALK * 2 + NEWS + OVER, 121, {"COLORTERM": "truecolor"}),
        (5, WALK + NEWS, 40, {"NO_COLOR": "1"}),
        (6, WALK + NEWS, 80, {"TERM": "screen-256color"}),
    ],
)
def test_rows_written_directly_equal_a_full_repaint(
    seed: int, keys: Sequence[str], columns: int, environ: dict[str, str]
) -> None:
    """Moves, scrolls, live changes, panels, notices, panes and back."""
    draw = random.Random(seed)
    command = [sys.executable, "-m", "tests.support.tree_app"]
    with PtyTerminal(
        command, columns=columns, environ=base_environ(**environ)
    ) as terminal:
        terminal.wait_for("Unplayed")
        driver = Driver(terminal)
        for _ in range(12):
            sent = [draw.choice(keys) for _ in range(draw.randint(1, 12))]
            burst = ""
            for key in sent:
                burst += key
                if draw.random() < 0.5 or key in OVER:
                    driver.type(burst)
                    burst = ""
            driver.type(f"{burst}c")  # no panel is left open
            terminal.wait_without("a notice")
            driver.type("")
            before = looks(terminal)
            driver.type("R")
            driver.type("")
            after = looks(terminal)
            for y, (was, now) in enumerate(zip(before[:-1], after[:-1], strict=True)):
                assert was == now, f"row {y} after {sent!r}"
