"""The last line: the keys that matter most, as they are bound now."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from typing_extensions import override

from tui.widgets.cells import Cells, Role, Run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.widgets.cells import Line

__all__ = ["Footer", "Hint", "footer_line"]


class Hint(NamedTuple):
    """A key and what it does, in a word or two."""

    key: str
    label: str


def footer_line(hints: Sequence[Hint], cells: int) -> Line:
    """Lay out the footer.

    Args:
        hints: The most important first; the last one is always shown, at the right.
        cells: The width of the screen.

    Returns:
        As many hints as have room.
    """
    if not hints:
        return ()
    *others, last = hints
    room = cells - 2 - _width(last)
    line: list[Run] = [Run(" ")]
    used = 0
    for hint in others:
        if used + _width(hint) + 3 > room:
            break
        line += [Run(hint.key, Role.KEY), Run(f" {hint.label}   ", Role.DIM)]
        used += _width(hint) + 3
    line += [
        Run(" " * max(0, room - used)),
        Run(last.key, Role.KEY),
        Run(f" {last.label}", Role.DIM),
    ]
    return tuple(line)


def _width(hint: Hint) -> int:
    return cell_len(hint.key) + 1 + cell_len(hint.label)


class Footer(Cells):
    """The line of keys."""

    DEFAULT_CSS = """
    Footer {
        height: 1;
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._hints: tuple[Hint, ...] = ()

    def update(self, hints: Sequence[Hint]) -> None:
        """Show other keys."""
        self._hints = tuple(hints)
        self.lay_out()

    @override
    def make_lines(self) -> list[Line]:
        return [footer_line(self._hints, self.size.width)]
