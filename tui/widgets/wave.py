"""The shape of a sound in character cells."""

from __future__ import annotations

from itertools import pairwise

__all__ = ["BARS", "BARS_ASCII", "bars", "levels", "loop_cells", "share_at"]

BARS = " ▁▂▃▄▅▆▇█"
"""Eighths of a cell, from none to all."""
BARS_ASCII = " ..:-=+*#"
"""The same in ASCII, by how much ink a character has."""
_SILENCE = 6
"""Peaks up to here, of 255, are noise and not made louder."""


def levels(peaks: bytes, cells: int) -> list[int]:
    """Bring a waveform to a number of cells.

    Args:
        peaks: Evenly spaced peaks, 0 to 255.
        cells: How many values are wanted.

    Returns:
        The loudest peak that falls into each cell, 0 to 255, scaled so that the
        loudest of all is 255: a quiet note shows its shape like a loud one.
    """
    if not peaks or cells <= 0:
        return [0] * max(0, cells)
    count = len(peaks)
    edges = [i * count // cells for i in range(cells + 1)]
    values = [max(peaks[start : max(end, start + 1)]) for start, end in pairwise(edges)]
    loudest = max(values)
    scale = 255 / loudest if loudest > _SILENCE else 1.0
    return [min(255, round(value * scale)) for value in values]


def bars(values: list[int], rows: int = 1, *, ascii_only: bool = False) -> list[str]:
    """Draw levels as bars that stand on the last row.

    Args:
        values: Levels, 0 to 255, one a cell.
        rows: Height in lines.
        ascii_only: Use ASCII characters.

    Returns:
        The lines from the top.
    """
    glyphs = BARS_ASCII if ascii_only else BARS
    steps = rows * 8
    # At least an eighth everywhere: silence is a line, not nothing.
    heights = [max(1, min(steps, round(value * steps / 255))) for value in values]
    return [
        "".join(glyphs[max(0, min(8, height - row * 8))] for height in heights)
        for row in range(rows - 1, -1, -1)
    ]


def loop_cells(
    loop: tuple[int, int | None], length_ms: int, cells: int
) -> tuple[int, int | None]:
    """Find the cells of the two marks of a loop.

    Args:
        loop: Its begin and its end in milliseconds; None while that is not marked.
        length_ms: The length of the sound.
        cells: How many cells show it, two at least.

    Returns:
        Two different cells, or the begin alone.
    """
    start, end = (
        None if ms is None else max(0, min(cells - 1, ms * cells // length_ms))
        for ms in loop
    )
    start = start or 0
    if end is None:
        return start, None
    start = min(start, cells - 2)
    return start, max(end, start + 1)


def share_at(cell: int, cells: int) -> float | None:
    """Tell which part of a sound was pointed at.

    Args:
        cell: The cell from the left of the waveform.
        cells: How many it has.

    Returns:
        0 to 1: the very begin, or the middle of a cell, so that the place that is shown
        then is the one that was pointed at. None beside the waveform.
    """
    if not 0 <= cell < cells:
        return None
    return (cell + 0.5) / cells if cell else 0.0
