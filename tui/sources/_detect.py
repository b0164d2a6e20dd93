"""Which kind of source a folder is that the user named."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.errors import SourceError
from tui.model import SourceKind
from tui.sources._api import ACCEPT_SCORE, Detection
from tui.sources._folders import Folders
from tui.sources._view import DirectoryView
from tui.sources._whatsapp_android import WhatsAppAndroid

if TYPE_CHECKING:
    from tui.sources._api import SourceFormat

__all__ = ["detect", "format_of"]

_FORMATS: dict[SourceKind, SourceFormat] = {
    format_.kind: format_ for format_ in (WhatsAppAndroid(), Folders())
}
"""All kinds of source, the most particular first."""


def format_of(kind: SourceKind) -> SourceFormat:
    """Return what reads a kind of source."""
    return _FORMATS[kind]


def detect(path: bytes) -> list[Detection]:
    """Tell what a folder is that the user named as a source.

    A source stays one source: if WhatsApp's folders and other recordings lie below the
    same root, it gets the better kind, and the rest is read as plain folders.

    Args:
        path: The absolute path of a folder.

    Returns:
        At least one detection, the best first. The best is always good enough to be
        accepted, since the user chose the folder; its reasons say so where its
        contents would not have been enough.

    Raises:
        SourceError: The path is no folder, or can't be read.
    """
    try:
        with os.scandir(path):
            pass
    except OSError as error:
        raise SourceError(path, (error.strerror or "can't be read").lower()) from error
    view = DirectoryView(path)
    found = [d for d in (f.detect(view) for f in _FORMATS.values()) if d is not None]
    found.sort(key=lambda detection: -detection.score)
    if not found:
        label = os.fsdecode(path.rstrip(b"/").rpartition(b"/")[2]) or "/"
        found = [Detection(SourceKind.FOLDER, path, 0, ("no recordings yet",), label)]
    best = found[0]
    if best.score < ACCEPT_SCORE:
        reasons = (*best.reasons, "chosen by you")
        found[0] = replace(best, score=ACCEPT_SCORE, reasons=reasons)
    return found
