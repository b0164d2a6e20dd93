"""Runs Python in a process of its own, for tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

__all__ = ["ROOT", "run_code"]

ROOT = Path(__file__).resolve().parents[2]
"""The project."""


def run_code(code: str, *, timeout: float = 20) -> str:
    """Run some code in a fresh interpreter and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
    )
    return done.stdout
