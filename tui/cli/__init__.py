"""The command line, and the composition root that joins the pieces.

`main` is all that the outside needs. Nothing is imported ahead of its use: `earmark
list` loads no user interface, and the browser paints before this package is there.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: The arguments, without the program's name; those of the process
            without it.

    Returns:
        The exit code: 0 done, 1 nothing found, 2 wrong usage, 3 a source or file
        failed, 130 interrupted.
    """
    from tui.cli._main import run

    return run(argv)
