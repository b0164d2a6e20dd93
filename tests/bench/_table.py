"""Medians and ratios, printed as a table that can be pasted into a note."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Table", "percentile"]


def percentile(values: Sequence[float], share: float) -> float:
    """Give the value below which a share (0 to 1) of some values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@dataclass
class Table:
    """Rows of one benchmark.

    Args:
        title: What was measured, and how.
    """

    title: str
    rows: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, what: str, figure: str, note: str = "") -> None:
        """Add a figure that stands for itself."""
        self.rows.append((what, figure, note))

    def times(self, what: str, seconds: Sequence[float], note: str = "") -> float:
        """Add the spread of some durations; gives their median in seconds."""
        middle = statistics.median(seconds)
        spread = (
            f"p50 {middle * 1e3:.1f}  p95 {percentile(seconds, 0.95) * 1e3:.1f}"
            f"  p99 {percentile(seconds, 0.99) * 1e3:.1f}"
            f"  max {max(seconds) * 1e3:.1f} ms  (n={len(seconds)})"
        )
        self.add(what, spread, note)
        return middle

    def ratio(self, what: str, ours: float, theirs: float, aim: str = "") -> None:
        """Add how we stand to a floor or a peer."""
        self.add(what, f"{ours / theirs:.2f}x" if theirs else "-", aim and f"aim {aim}")

    def show(self) -> None:
        """Print it."""
        print(f"\n{self.title}")
        wide = max((len(row[0]) for row in self.rows), default=0)
        middle = max((len(row[1]) for row in self.rows), default=0)
        for what, figure, note in self.rows:
            print(f"  {what:<{wide}}  {figure:<{middle}}  {note}".rstrip())
