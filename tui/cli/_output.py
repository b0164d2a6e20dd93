"""Writing lines, tables and JSON for people and for programs."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
from typing import TYPE_CHECKING, Any, TextIO

from tui.errors import DataError
from tui.text import cut, fit, printable, width

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["Out", "complain", "counted", "finish"]


def counted(number: int, thing: str) -> str:
    """Write how many of a thing there are."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def complain(message: str) -> None:
    """Write what is wrong to stderr, as one line."""
    with contextlib.suppress(OSError, ValueError):  # nobody listens there any more
        sys.stderr.write(f"earmark: {printable(message)}\n")
        sys.stderr.flush()


@contextlib.contextmanager
def _telling() -> Iterator[None]:
    """Turn what the system says about a write into an error of ours."""
    try:
        yield
    except BrokenPipeError:
        raise  # whoever read has had enough
    except OSError as error:
        reason = (error.strerror or "can't be written").lower()
        raise DataError("standard output", reason) from error


def finish() -> None:
    """Have everything that was written reach its reader.

    Raises:
        DataError: It can't be written.
    """
    with _telling():
        sys.stdout.flush()


class Out:
    """Standard output, for as long as somebody reads it.

    Args:
        stream: Where to write.
    """

    has_written = False
    """Whether anything was written in this run of a command."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self.is_terminal = self._stream.isatty()
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        self.has_unicode = encoding.lower().replace("-", "") == "utf8"
        self.columns = shutil.get_terminal_size().columns if self.is_terminal else 0

    def line(self, text: str = "") -> None:
        """Write one line of printable text, cut to the terminal's width."""
        self._write((cut(text, self.columns) if self.columns else text) + "\n")

    def text(self, text: str) -> None:
        """Write text as it is, with its ends of lines."""
        self._write(text)

    def object(self, value: dict[str, Any]) -> None:
        """Write one JSON object in one line, at once."""
        self._write(json.dumps(value) + "\n")
        self.flush()

    def array(self, values: Iterable[dict[str, Any]]) -> int:
        """Write a JSON array, an object a line, without holding it in memory.

        Returns:
            How many there were.
        """
        count = 0
        for value in values:
            self._write(("[" if count == 0 else ",\n ") + json.dumps(value))
            count += 1
        self._write("]\n" if count else "[]\n")
        return count

    def table(
        self, rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()
    ) -> None:
        """Write rows with their columns below each other.

        Args:
            rows: Printable texts; all rows have as many, the last is not padded.
            right: Which columns stand at their right side.
        """
        if not rows:
            return
        widths = [
            min(28, max(map(width, column))) for column in zip(*rows, strict=True)
        ]
        for row in rows:
            cells = [
                fit(text, widths[at], right=at in right)
                for at, text in enumerate(row[:-1])
            ]
            self.line("  ".join([*cells, row[-1]]).rstrip())

    def flush(self) -> None:
        """Have everything reach its reader."""
        with _telling():
            self._stream.flush()

    def _write(self, text: str) -> None:
        Out.has_written = True
        with _telling():
            self._stream.write(text)
