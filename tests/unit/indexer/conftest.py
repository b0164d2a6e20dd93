"""A source on the real file system, a library in memory, and clocks to turn."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from tests.support.index_writer import MemoryWriter
from tui.indexer import standard_tools
from tui.indexer._hints import Hints
from tui.indexer._source import SourceIndex
from tui.indexer._tools import Clock
from tui.model import SourceId, SourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tui.indexer import ScanProblem
    from tui.indexer._run import Counts
    from tui.model import NoteState


@dataclass
class Place:
    """A folder, what is remembered of it, and the time."""

    root: Path
    writer: MemoryWriter = field(default_factory=MemoryWriter)
    now_s: float = 1000.0
    """How far both clocks are ahead of the machine's."""
    problems: list[ScanProblem] = field(default_factory=list)
    index: SourceIndex = field(init=False)

    def __post_init__(self) -> None:
        """Open the source."""
        self.reopen()

    def reopen(self) -> None:
        """Begin anew with what the library remembers."""
        clock = Clock(
            wall_ns=lambda: time.time_ns() + int(self.now_s * 1e9),
            monotonic=lambda: time.monotonic() + self.now_s,
        )
        self.index = SourceIndex(
            SourceId(1),
            os.fsencode(self.root),
            SourceKind.FOLDER,
            self.writer,
            replace(standard_tools(), clock=clock),
            on_problem=self.problems.append,
        )

    def put(self, name: str, data: bytes, *, age_s: float = 0.0) -> Path:
        """Write a file that was changed some time ago, by the place's clock."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        stamp = time.time() + self.now_s - age_s
        os.utime(path, (stamp, stamp))
        return path

    def scan(self, *, full: bool = False, names_first: bool = False) -> Counts:
        """Scan to the end."""
        return _last(self.index.scan(full=full, names_first=names_first))

    def visit(self, *paths: bytes, folders: set[bytes] | None = None) -> Counts:
        """Follow hints to the end."""
        return _last(self.index.visit(Hints(set(paths), folders or set())))

    def relook(self) -> Counts | None:
        """Look again at what is due."""
        steps = self.index.relook(self.index.tools.clock.now_ms())
        return None if steps is None else _last(steps)

    @property
    def shown(self) -> dict[bytes, NoteState]:
        """What the library shows."""
        return self.writer.shown()


def _last(steps: Iterator[Counts]) -> Counts:
    *_, counts = steps
    return counts


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty source."""
    root = tmp_path / "source"
    root.mkdir()
    return Place(root)
