"""Which kind of source a folder is that the user named."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.archives import FolderView
from tui.errors import SourceError
from tui.model import SourceKind
from tui.sources._api import ACCEPT_SCORE, Detection
from tui.sources._folders import Folders
from tui.sources._whatsapp_android import WhatsAppAndroid

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tui.sources._api import SourceFormat

__all__ = ["candidates", "chosen", "detect", "folder_name", "format_of"]

_FORMATS: dict[SourceKind, SourceFormat] = {
    format_.kind: format_ for format_ in (WhatsAppAndroid(), Folders())
}
"""All kinds of source that are known by their recordings, the most particular first.
Those that are known by their documents are read as plain folders."""


def format_of(kind: SourceKind) -> SourceFormat:
    """Return what reads a kind of source."""
    return _FORMATS.get(kind) or _FORMATS[SourceKind.FOLDER]


def candidates(path: bytes) -> list[Detection]:
    """Tell what a folder may be by the recordings in it.

    Args:
        path: The absolute path of a folder.

    Returns:
        What speaks for something, the best first; none where there is no recording.

    Raises:
        SourceError: The path is no folder, or can't be read.
    """
    try:
        with os.scandir(path):
            pass
    except NotADirectoryError as error:
        above = os.fsdecode(path.rstrip(b"/").rpartition(b"/")[0]) or "/"
        reason = f"is a file: name the folder that it lies in, {above}"
        raise SourceError(path, reason) from error
    except OSError as error:
        raise SourceError(path, (error.strerror or "can't be read").lower()) from error
    view = FolderView(path)
    found = [d for d in (f.detect(view) for f in _FORMATS.values()) if d is not None]
    found.sort(key=lambda detection: -detection.score)
    return found


def chosen(path: bytes, found: Iterable[Detection]) -> list[Detection]:
    """Make the best of some detections good enough, since the user chose the folder.

    Args:
        path: The absolute path of the folder.
        found: What speaks for something, the best first.

    Returns:
        At least one detection; the reasons of the first say so where its contents
        would not have been enough.
    """
    found = list(found) or [
        Detection(SourceKind.FOLDER, path, 0, ("no recordings yet",), folder_name(path))
    ]
    best = found[0]
    if best.score < ACCEPT_SCORE:
        reasons = (*best.reasons, "chosen by you")
        found[0] = replace(best, score=ACCEPT_SCORE, reasons=reasons)
    return found


def detect(path: bytes) -> list[Detection]:
    """Tell what a folder is that the user named as a source, by its recordings.

    A source stays one source: if WhatsApp's folders and other recordings lie below the
    same root, it gets the better kind, and the rest is read as plain folders.

    Args:
        path: The absolute path of a folder.

    Returns:
        At least one detection, the best first; see `chosen`.

    Raises:
        SourceError: The path is no folder, or can't be read.
    """
    return chosen(path, candidates(path))


def folder_name(path: bytes) -> str:
    """Return what a folder is called, as a label for it."""
    return os.fsdecode(path.rstrip(b"/").rpartition(b"/")[2]) or "/"
