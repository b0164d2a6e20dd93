"""Where something lies, as a person would write it."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["place"]


def place(path: bytes) -> str:
    """Write an absolute path, from the user's home on if it lies there.

    Args:
        path: The path.

    Returns:
        Any text; it still has to be made printable.
    """
    text = os.fsdecode(path)
    home = str(Path.home())
    if text == home or text.startswith(f"{home}/"):
        return f"~{text[len(home) :]}"
    return text
