"""Runs the program as its users do, and looks at every character that it writes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.support.bad_files import not_root
from tests.support.terminal import base_environ

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

__all__ = ["PATIENCE_S", "RAW", "Done", "clean", "command", "run", "wait_until"]

PATIENCE_S = 40
RAW = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
)
"""What must never be written: control characters, and marks that turn the writing."""


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401  # JSON is anything
        """What it wrote to stdout, as JSON."""
        return json.loads(self.out)


def clean(raw: bytes) -> str:
    """Decode what a command wrote, and prove that a terminal is safe from it."""
    text = raw.decode()
    assert "Traceback" not in text, text
    found = RAW.search(text)
    assert found is None, repr(text[max(0, found.start() - 60) : found.end() + 60])
    return text


def command(library: Path, *argv: object, root: bool = True) -> list[str]:
    """Put a command line together.

    Args:
        library: The library file.
        argv: The command and its arguments.
        root: Whether it may do what only root may, if the tests do.
    """
    prefix = () if root else not_root()
    words = [str(word) for word in argv]
    return [*prefix, sys.executable, "-m", "tui", *words, f"--library={library}"]


def run(words: Sequence[str], environ: Mapping[str, str] | None = None) -> Done:
    """Run a command to its end; what it writes must be clean."""
    done = subprocess.run(
        words,
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE_S,
        env=base_environ(**environ or {}),
    )
    return Done(done.returncode, clean(done.stdout), clean(done.stderr))


def wait_until(
    condition: Callable[[], bool],
    tell: Callable[[], str] = lambda: "it did not happen in time",
    *,
    seconds: float = 20,
) -> None:
    """Wait for something that another process does.

    Args:
        condition: Whether it is so.
        tell: Says what there is instead, when the time is over.
        seconds: The time.
    """
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, tell()
        time.sleep(0.02)  # nothing tells how far another process is
