"""`python -m tui.export._worker`: a process that converts notes.

It gets notes from its standard input, a socket, and tells how far it is; then it waits
to be told to go on, so that it is paused with those who listen. When the other end
closes it ends, and when its parent dies, at once.
"""

from __future__ import annotations

import argparse
import os
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from tui.child import die_with
from tui.errors import AudioError
from tui.export._convert import Conversions
from tui.export._write import Part

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tui.export._plan import Planned

_TELL_S = 0.25


class _Telling:
    """Tells how far a note is, and waits until that was heard.

    Args:
        line: The other end.
    """

    def __init__(self, line: Connection[Any, Any]) -> None:
        self._line = line
        self._next = time.monotonic() + _TELL_S

    def passed(self, share: float) -> None:
        """Tell it, if it is time to.

        Raises:
            EOFError: The other end is gone.
        """
        if time.monotonic() < self._next:
            return
        self._line.send(share)
        self._line.recv()
        self._next = time.monotonic() + _TELL_S


def _serve(line: Connection[Any, Any]) -> None:
    """Convert notes until the other end closes."""
    conversions = Conversions(line.recv())
    while True:
        planned, source, path = line.recv()
        line.send(_converted(conversions, planned, source, path, line))


def _converted(
    conversions: Conversions,
    planned: Planned,
    source: bytes,
    path: Path,
    line: Connection[Any, Any],
) -> int | tuple[int | str, str]:
    """Convert a note; gives its size, or what went wrong where."""
    try:
        # Whoever waits for it holds the file.
        return conversions.make(planned, source, Part(path, -1), _Telling(line).passed)
    except AudioError as error:
        return error.path, error.reason
    except OSError as error:
        return error.errno or 0, error.strerror or "can't be written"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the process; its standard input is the socket.

    Args:
        argv: The arguments; None for those of the process.
    """
    parser = argparse.ArgumentParser(prog="tui.export._worker")
    parser.add_argument("--parent", type=int, default=0)
    options = parser.parse_args(argv)
    die_with(options.parent)
    # The other end is gone: there is nothing left to do.
    with Connection(os.dup(0)) as line, suppress(EOFError, ConnectionError):
        _serve(line)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
