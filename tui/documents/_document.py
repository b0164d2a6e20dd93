"""A document as its reader sees it, and the times that documents tell."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, BinaryIO

from tui.archives import FolderView, open_file
from tui.documents._api import Moment
from tui.model import Precision

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Document", "moment_of_utc", "moment_of_wall"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Document:
    """A file that may tell about notes, real or inside of an archive; only read.

    Args:
        path: The absolute path, see `tui.archives` for members.
        size: Bytes; looked up for a plain file when it is not given.
        mtime_ns: The time of its last change, likewise.
    """

    def __init__(self, path: bytes, size: int = -1, mtime_ns: int = 0) -> None:
        self.path = path
        folder, _, self.name = path.rpartition(b"/")
        self.folder = FolderView(folder or b"/")
        """What lies beside it: names, sub-folders, other files."""
        self.size = size
        self.mtime_ns = mtime_ns
        if size < 0:
            status = os.stat(path)
            self.size, self.mtime_ns = status.st_size, status.st_mtime_ns

    def open(self) -> BinaryIO:
        """Open it for reading: buffered and seekable.

        Raises:
            OSError: It is gone, or can't be read.
        """
        return open_file(self.path)

    def head(self, size: int) -> bytes:
        """Its first bytes; empty when it can't be read."""
        return self.folder.head(self.name, size)

    @property
    def package(self) -> str:
        """The name of its archive without the suffix, or else of its folder.

        Undecodable bytes are surrogate escapes.
        """
        place = self.folder.path
        inside = place.endswith(b"/") and place != b"/"
        name = place.rstrip(b"/").rpartition(b"/")[2]
        if inside and b"." in name[1:]:
            name = name[: name.rindex(b".")]
        return os.fsdecode(name)


def moment_of_utc(
    seconds: float,
    precision: Precision = Precision.EXACT,
    confidence: float = 1.0,
) -> Moment | None:
    """Make the time of a message of a time in UTC.

    Args:
        seconds: Since 1970.
        precision: How exactly it is told.
        confidence: How sure it is.

    Returns:
        None for what is no time of a message: before 1990, or after 2100.
    """
    ms = round(seconds * 1000)
    if not 631_152_000_000 <= ms < 4_102_444_800_000:
        return None
    return Moment(ms, precision, None, confidence)


def moment_of_wall(
    parts: Sequence[int],
    precision: Precision,
    confidence: float = 1.0,
) -> Moment | None:
    """Make the time of a message of a wall clock whose zone nobody recorded.

    It is taken to be this machine's. A time that the clock skips in spring is read with
    the offset before the change; of a time that it shows twice in autumn the first is
    taken.

    Args:
        parts: Year, month, day and, where told, hour, minute, second.
        precision: How exactly it is told.
        confidence: How sure it is.

    Returns:
        None when there is no such day or time.
    """
    try:
        wall = datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001  # a wall clock
        ms = round(wall.timestamp() * 1000)
    except (ValueError, OverflowError, OSError, TypeError):
        return None
    as_utc = round((wall.replace(tzinfo=UTC) - _EPOCH) / timedelta(milliseconds=1))
    return Moment(ms, precision, round((as_utc - ms) / 60_000), confidence)
