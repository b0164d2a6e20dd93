"""Says where files can be kept without waiting for a disk."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

__all__ = ["memory_folder"]

_MEMORY = Path("/dev/shm")
_ROOM = 1 << 30
"""Bytes that must be free there."""


def memory_folder() -> Path | None:
    """Tell where files are kept in memory; None where that can't be relied on.

    What a library promises to keep is kept there, too, as long as the machine runs; it
    only waits for no disk. Tests that take the disk or its power away have their own.
    """
    if not os.access(_MEMORY, os.W_OK | os.X_OK):
        return None
    return _MEMORY if shutil.disk_usage(_MEMORY).free > _ROOM else None
