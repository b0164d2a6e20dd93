"""Louder or softer without being clipped: a gain, and a limiter for true peaks.

The samples of a sound say less than the loudspeaker makes of them: between two of them
the wave may rise higher. So the limiter works at four times the rate, as ITU-R BS.1770
measures true peaks. It looks a few milliseconds ahead, and what it gives is neither
longer nor later than what it took.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from tui.audio._api import RATE
from tui.audio._filters import Filters
from tui.audio._ring import FRAME

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

__all__ = ["CEILING_DB", "SETTLE_S", "SMALLEST_DB", "amplified"]

CEILING_DB = -1.0
"""The true peak that is never passed, in decibels of full scale (EBU R128)."""
SMALLEST_DB = 0.05
"""Nobody hears a gain that is smaller: the sound is left as it is."""
SETTLE_S = 0.1
"""Seconds after which the limiter has forgotten what it heard before (0.05 are exact in
every seek, 0.02 are not)."""

_MARGIN_DB = 0.7
"""What coming back to the engine's rate may add: 0.6 dB for white noise, which is far
worse than a voice."""
_ATTACK_MS = 5
_RELEASE_MS = 50
_AT_ONCE = RATE // 25 * FRAME
"""Bytes that the filters get at once: 40 ms, since each frame has its price."""
_OVERSAMPLED = 4 * RATE


def amplified(
    blocks: Iterable[tuple[bytes, float]],
    gain_db: float,
    before: Callable[[], bytes],
    channels: int = 1,
) -> Generator[tuple[bytes, float]]:
    """Give blocks louder or softer, each with its time and its length.

    Args:
        blocks: Sound with the media time of its first frame.
        gain_db: The gain in decibels.
        before: What sounded before the first block; asked when that has come. With
            SETTLE_S of it the beginning is what it would be in a pass from the start.
        channels: How many the sound has, one or two, whose balance stays.
    """
    filters: Filters | None = None
    waiting: deque[tuple[int, float]] = deque()
    taken, made = bytearray(), bytearray()
    unheard = 0
    for pcm, at in blocks:
        if pcm:
            if filters is None:
                filters = _limiter(gain_db, channels)
                taken += before()
                unheard = len(taken)
            waiting.append((len(pcm), at))
            taken += pcm
            if len(taken) >= _AT_ONCE:
                made += filters.feed(bytes(taken))
                taken.clear()
                drop = min(unheard, len(made))
                del made[:drop]
                unheard -= drop
        # Nothing may be ready yet, but one can look elsewhere.
        if not waiting or len(made) < waiting[0][0]:
            yield b"", at
        while waiting and len(made) >= waiting[0][0]:
            size, start = waiting.popleft()
            yield bytes(made[:size]), start
            del made[:size]
    if filters is not None:
        made += filters.feed(bytes(taken)) + filters.end()
        del made[:unheard]
        for size, start in waiting:
            # Of a single frame the resampler makes none.
            yield bytes(made[:size]).ljust(size, b"\0"), start
            del made[:size]


def _limiter(gain_db: float, channels: int) -> Filters:
    limit = 10 ** ((CEILING_DB - _MARGIN_DB) / 20)
    # Without `level` it would raise all to full scale; with `latency` it takes its own
    # delay out again.
    how = f"level=0:latency=1:attack={_ATTACK_MS}:release={_RELEASE_MS}"
    return Filters(
        [
            ("volume", f"volume={gain_db:.3f}dB:precision=float"),
            ("aresample", f"{_OVERSAMPLED}:internal_sample_fmt=fltp"),
            ("alimiter", f"limit={limit:.6f}:{how}"),
            ("aresample", f"{RATE}:internal_sample_fmt=fltp"),
        ],
        channels,
    )
