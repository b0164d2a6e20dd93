"""Where Earmark keeps its files.

On Linux this is told here, as platformdirs does, in none of the 3 ms that importing it
takes (19 ms ahead of the first picture, where nothing of it is loaded yet).
"""

import os
import sys

__all__ = ["is_known", "is_own", "keep_apart", "keeps_apart", "place"]

_HOMES = {
    "config": ("XDG_CONFIG_HOME", ".config"),
    "data": ("XDG_DATA_HOME", ".local/share"),
    "state": ("XDG_STATE_HOME", ".local/state"),
}

_own: dict[tuple[int, int], str] = {}
"""Paths of files that SQLite has open here, by device and inode."""


def is_known() -> bool:
    """Tell whether this system keeps files where `place` says."""
    return sys.platform == "linux" and not hasattr(sys, "getandroidapilevel")


def place(kind: str) -> str:
    """Name Earmark's folder of a kind: `config`, `data` or `state`."""
    variable, usual = _HOMES[kind]
    base = os.environ.get(variable, "").strip()
    if not os.path.isabs(base):  # the XDG standard wants such a value ignored
        base = os.path.expanduser(f"~/{usual}")
    return os.path.join(base, "earmark")


def keep_apart(path: str | bytes | os.PathLike[str]) -> None:
    """Let a database of ours be opened by nobody but SQLite in this process.

    A library may lie in a folder that is searched for documents. Closing any descriptor
    of its file takes away the locks that SQLite holds on it (POSIX gives them to the
    process), and another process then deletes the log that is still in use.

    Args:
        path: Its file; one that is not there is no error.
    """
    identity = _identity(path)
    if identity is not None:
        _own[identity] = os.fsdecode(path)


def keeps_apart() -> bool:
    """Tell whether there is any database that is kept apart in this process."""
    return bool(_own)


def is_own(status: os.stat_result) -> bool:
    """Tell whether a file is a database that is kept apart.

    Args:
        status: What the system says of it.
    """
    identity = (status.st_dev, status.st_ino)
    if identity not in _own:
        return False
    # The number of a file that is gone may be given to another one.
    return _identity(_own[identity]) == identity


def _identity(path: str | bytes | os.PathLike[str]) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
