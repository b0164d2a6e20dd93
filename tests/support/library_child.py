"""A second Earmark for tests: `python -m tests.support.library_child MODE LIBRARY`."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

from tests.support.library import put, record
from tui.library import Library
from tui.model import NoteId, Played, SourceId

__all__: list[str] = []


def _add(library: Library, name: str, count: int) -> None:
    """Add notes one after the other, while another process does the same."""
    with closing(library.index_writer()) as writer:
        for at in range(count):
            folder = f"{name}{at % 3}".encode()
            put(writer, SourceId(1), record(folder + b"/%d" % at, duration_ms=at))
            if at % 10 == 0:
                library.user.set_played([NoteId(1 + at % 5)], Played(at // 10 % 3))
    library.user.flush()


def _listen(library: Library) -> None:
    """Keep positions for ever, and tell each one that is on the disk."""
    at = 0
    while True:
        at += 1
        library.user.set_position(NoteId(1), at, Played.HALF)
        if not library.user.flush():
            raise SystemExit(library.trouble)
        sys.stdout.write(f"{at}\n")
        sys.stdout.flush()


def main(mode: str, path: str, *rest: str) -> None:
    """Do what the test asks."""
    with Library.open(Path(path)) as library:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        if mode == "add":
            _add(library, rest[0], int(rest[1]))
        elif mode == "listen":
            _listen(library)


if __name__ == "__main__":
    main(*sys.argv[1:])
