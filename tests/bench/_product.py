"""Earmark itself, run as a user runs it, in its own folders."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench._pty import Terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Product", "cache", "corpus_folder"]


def cache() -> Path:
    """Give the folder where corpora are kept between runs (EARMARK_BENCH_DIR)."""
    base = os.environ.get("EARMARK_BENCH_DIR", "/tmp/earmark-bench")
    path = Path(base)
    path.mkdir(parents=True, exist_ok=True)
    return path


def corpus_folder(count: int, *, longest: float = 3.0) -> Path:
    """Give a WhatsApp folder with so many notes, made on the first call."""
    from tests.support.notes import corpus

    folder = cache() / f"corpus-{count}-{longest:g}"
    done = folder.with_suffix(".done")
    if not done.exists():
        corpus(folder, count, longest=longest)
        done.touch()
    return folder


class Product:
    """Earmark with a library of its own.

    Args:
        home: Folder for its library, settings and logs.
    """

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self.library = home / "library.db"
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "XDG_DATA_HOME": str(home / "data"),
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_CACHE_HOME": str(home / "cache"),
            "XDG_RUNTIME_DIR": str(home),
            "EARMARK_LIBRARY": str(self.library),
            "EARMARK_OUTPUT": "null",
        }
        if "PULSE_SERVER" in os.environ:
            self.env["PULSE_SERVER"] = os.environ["PULSE_SERVER"]

    @property
    def command(self) -> list[str]:
        """The installed entry point beside this Python."""
        return [str(Path(sys.executable).with_name("earmark"))]

    def run(self, *args: str, timeout: float = 600) -> str:
        """Run a command to its end; its output."""
        done = subprocess.run(
            [*self.command, *args],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=True,
        )
        return done.stdout

    def open(
        self, *args: str, columns: int = 80, rows: int = 24, command: Sequence[str] = ()
    ) -> Terminal:
        """Open the browser in a pseudo terminal."""
        return Terminal([*(command or self.command), *args], self.env, columns, rows)
