"""Sound through FFmpeg's filters, a block at a time."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from tui.audio._api import RATE
from tui.audio._ring import FRAME

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Filters"]


class Filters:
    """A chain of filters that takes the engine's PCM and gives it.

    Args:
        stages: FFmpeg's name of each filter, and its arguments.
        channels: How many the sound has, one or two.
    """

    def __init__(self, stages: Sequence[tuple[str, str]], channels: int = 1) -> None:
        import av

        self._layout = "mono" if channels == 1 else "stereo"
        self._size = FRAME * channels

        # Held: whoever uses a filter of a graph that is gone crashes the process.
        self._graph = graph = av.filter.Graph()
        self._base = Fraction(1, RATE)
        self._source = graph.add_abuffer(
            sample_rate=RATE, format="s16", layout=self._layout, time_base=self._base
        )
        nodes = [graph.add(name, args) for name, args in stages]
        nodes.append(graph.add("aformat", f"sample_fmts=s16:sample_rates={RATE}"))
        self._sink = graph.add("abuffersink")
        graph.link_nodes(self._source, *nodes, self._sink).configure()
        self._given = 0

    def feed(self, pcm: bytes) -> bytes:
        """Take a block; gives what is ready, which may be nothing."""
        import av

        if pcm:
            samples = len(pcm) // self._size
            frame = av.AudioFrame("s16", self._layout, samples=samples)
            frame.planes[0].update(pcm.ljust(frame.planes[0].buffer_size, b"\0"))
            frame.sample_rate = RATE
            frame.time_base = self._base
            frame.pts = self._given
            self._given += frame.samples
            self._source.push(frame)
        return self._drain()

    def end(self) -> bytes:
        """Give what is left."""
        self._source.push(None)
        return self._drain()

    def _drain(self) -> bytes:
        import av

        parts: list[bytes] = []
        while True:
            try:
                made = self._sink.pull()
            except (av.error.BlockingIOError, EOFError):
                return b"".join(parts)
            assert isinstance(made, av.AudioFrame)  # noqa: S101  # what goes in, comes out
            parts.append(bytes(made.planes[0])[: made.samples * self._size])
