"""MP4 and its kin (M4A, 3GP, QuickTime): boxes in boxes, each with its size."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from tui.media._api import Probe, Wholeness
from tui.media._window import TooManyReadsError, in_range

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.media._window import Window

__all__ = ["is_mp4", "probe_mp4"]

_FIRST = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
"""What such a file begins with; old QuickTime has no `ftyp`."""
_KNOWN = {*_FIRST, b"moof", b"mfra", b"styp", b"sidx", b"udta", b"meta", b"uuid"}
_MAX_BOXES = 20_000
_UNSET = {0, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF}

_box = Struct(">I4s").unpack_from
_u64 = Struct(">Q").unpack_from
_narrow = Struct(">II").unpack_from
_wide = Struct(">IQ").unpack_from

_CUT = "the end is missing"
_NO_INDEX = "its table of contents is missing"


class _Box(NamedTuple):
    kind: bytes
    body: int
    end: int
    open: bool
    """Whether the box reaches to the end of the file, wherever that will be."""


def is_mp4(head: bytes) -> bool:
    """Tell whether a file begins like MP4 or QuickTime."""
    return head[4:8] in _FIRST and head[:4] != b"\0\0\0\0"


class _Contents:
    """What the boxes of a file told, as far as one came."""

    def __init__(self) -> None:
        self.kinds: set[bytes] = set()
        self.handlers: set[bytes] = set()
        self.end = 0
        self.open = False
        self.fragmented = False
        self.duration_ms: int | None = None

    def read(self, window: Window) -> None:
        """Walk over the boxes of a file."""
        for box in _boxes(window, 0, window.size):
            if box.end > window.size:
                if box.kind in _KNOWN:  # else it is no box, but something appended
                    self.end = box.end
                return
            self.end, self.open = box.end, box.open
            self.kinds.add(box.kind)
            if box.kind == b"moov":
                self._read_moov(window, box)

    def _read_moov(self, window: Window, moov: _Box) -> None:
        for box in _boxes(window, moov.body, moov.end):
            if box.kind == b"mvhd":
                room = min(32, box.end - box.body)
                self.duration_ms = _length(window.get(box.body, room))
            elif box.kind == b"mvex":
                self.fragmented = True
            elif box.kind == b"trak":
                self._read_track(window, box)

    def _read_track(self, window: Window, track: _Box) -> None:
        for box in _boxes(window, track.body, track.end):
            if box.kind == b"mdia":
                for inner in _boxes(window, box.body, box.end):
                    if inner.kind == b"hdlr":
                        self.handlers.add(window.get(inner.body + 8, 4))
                        return


def probe_mp4(window: Window, head: bytes, tail: bytes) -> Probe:
    """Look into a file of MP4's kind.

    Args:
        window: The file.
        head: Its first bytes.
        tail: Its last bytes.

    Returns:
        The answer; whole when its boxes add up to the file, with sound and contents.
    """
    contents = _Contents()
    finished = True
    try:
        contents.read(window)
    except TooManyReadsError:
        finished = False
    wholeness, reason = _judge(contents, window.size, finished=finished)
    if wholeness is Wholeness.PROVEN and tail.endswith(bytes(64)):
        wholeness = Wholeness.PLAUSIBLE  # room that is still to be written, maybe
    has_contents = b"moov" in contents.kinds and finished
    return Probe(
        _name(head[8:12]),
        wholeness,
        contents.duration_ms,
        reason,
        has_audio=not has_contents or b"soun" in contents.handlers,
        has_video=b"vide" in contents.handlers,
    )


def _name(brand: bytes) -> str:
    if brand.startswith(b"3g"):
        return "3gp"
    return "mov" if brand == b"qt  " else "mp4"


def _judge(contents: _Contents, size: int, *, finished: bool) -> tuple[Wholeness, str]:
    if finished and contents.end > size:
        return Wholeness.CUT, _CUT
    if finished and b"moov" not in contents.kinds:
        return Wholeness.CUT, _NO_INDEX
    if finished and not contents.kinds & {b"mdat", b"moof"}:
        return Wholeness.CUT, _CUT
    unending = contents.fragmented and b"mfra" not in contents.kinds
    if not finished or contents.open or contents.end < size or unending:
        return Wholeness.PLAUSIBLE, ""
    return Wholeness.PROVEN, ""


def _boxes(window: Window, at: int, end: int) -> Iterator[_Box]:
    """Yield the boxes of a part of the file, up to the first that is none."""
    for _ in range(_MAX_BOXES):
        head = window.get(at, 16) if at + 8 <= end else b""
        if len(head) < 8:
            return
        size, kind = _box(head)
        body = at + 8
        if size == 1 and len(head) == 16:
            size, body = _u64(head, 8)[0], at + 16
        is_open = size == 0
        if is_open:
            size = end - at
        if at + size < body or not kind.strip(b"\0"):
            return
        yield _Box(kind, body, at + size, is_open)
        at += size
    raise TooManyReadsError


def _length(mvhd: bytes) -> int | None:
    """Read the length from a movie header, of version 0 or 1."""
    if len(mvhd) < 32:
        return None
    scale, units = _wide(mvhd, 20) if mvhd[0] == 1 else _narrow(mvhd, 12)
    if not scale or units in _UNSET:
        return None
    return in_range((units * 1000 + scale // 2) // scale)
