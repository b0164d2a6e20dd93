"""Runs the program as its users do, and looks at every character that it writes."""

from __future__ import annotations

import ctypes
import io
import json
import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.bad_files import not_root
from tests.support.terminal import base_environ
from tui.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = [
    "PATIENCE_S",
    "RAW",
    "Done",
    "ask",
    "clean",
    "command",
    "program",
    "run",
    "wait_until",
]

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


def program(
    library: Path,
    *argv: object,
    root: bool = True,
    environ: Mapping[str, str] | None = None,
) -> Done:
    """Run a command in a process of its own; see `command` and `run`."""
    return run(command(library, *argv, root=root), environ)


def ask(
    library: Path,
    *argv: object,
    root: bool = True,
    environ: Mapping[str, str] | None = None,
) -> Done:
    """Run a command in this process, which spares the start of another.

    The same words, rights and looking at what it writes as with `program`. That it
    begins and ends well in a process of its own, only `program` tells.
    """
    words = [*(str(word) for word in argv), f"--library={library}"]
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    rights = nullcontext() if root else _not_root()
    with pytest.MonkeyPatch.context() as patch, open(os.devnull) as nothing, rights:  # noqa: PTH123  # no file
        for name, value in base_environ(**environ or {}).items():
            patch.setenv(name, value)
        patch.setattr(os, "nice", lambda _: 0)  # other tests run here as well
        patch.setattr(sys, "stdin", nothing)
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        code = main(words)
    written = []
    for stream in (out, err):
        stream.flush()
        written.append(clean(stream.buffer.getvalue()))
    return Done(code, *written)


@contextmanager
def _not_root() -> Iterator[None]:
    """Refuse this thread, and those it starts, what `not_root` refuses a process."""
    if os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    head = (ctypes.c_uint32 * 2)(0x2008_0522, 0)
    before = (ctypes.c_uint32 * 6)()  # what is in force, what may be, twice
    assert libc.capget(head, before) == 0, os.strerror(ctypes.get_errno())
    fewer = (ctypes.c_uint32 * 6)(*before)
    fewer[0] &= ~(1 << 1 | 1 << 2)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    assert libc.capset(head, fewer) == 0, os.strerror(ctypes.get_errno())
    try:
        yield
    finally:
        assert libc.capset(head, before) == 0, os.strerror(ctypes.get_errno())


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
