"""What a folder is: by its recordings, and by the documents and archives in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.indexer._signs import signs_in
from tui.model import SourceKind
from tui.sources import ACCEPT_SCORE, Detection, candidates, chosen, folder_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tui.indexer._signs import Sign

__all__ = ["detect_source", "joined"]

_REASONS = 4
"""How many reasons are told at most."""
_ORDER = (
    SourceKind.IOS_BACKUP,
    SourceKind.WHATSAPP_IOS,
    SourceKind.WHATSAPP_ANDROID,
    SourceKind.WHATSAPP_EXPORT,
    SourceKind.TELEGRAM,
    SourceKind.MESSENGER,
    SourceKind.DISCORD,
    SourceKind.MATRIX,
    SourceKind.SIGNAL,
    SourceKind.IMESSAGE,
    SourceKind.VOICE_MEMOS,
    SourceKind.FOLDER,
    SourceKind.MAIL,
)
"""Of equal scores, the first of these wins."""


def detect_source(path: bytes, is_over: Callable[[], bool] = bool) -> list[Detection]:
    """Tell what a folder is that the user named as a source.

    A source stays one source: with several kinds of things in it, it is called after
    what is surest, and the reasons tell of the rest.

    Args:
        path: The absolute path of a folder.
        is_over: Whether to stop looking.

    Returns:
        At least one detection, the best first; good enough to be accepted.

    Raises:
        SourceError: The path is no folder, or can't be read.
    """
    found = candidates(path)
    return chosen(path, joined(path, found, signs_in(path, is_over)))


def joined(
    path: bytes, found: Iterable[Detection], signs: Iterable[Sign]
) -> list[Detection]:
    """Join what the recordings say with what the documents say.

    Args:
        path: The absolute path of the folder.
        found: What the recordings say.
        signs: What the documents and archives say.

    Returns:
        A detection for each kind, the best first.
    """
    by_kind = {detection.kind: detection for detection in found}
    for sign in signs:
        if sign.kind is None:
            continue
        known = by_kind.get(sign.kind)
        if known is None:
            label = folder_name(path)
            known = Detection(sign.kind, path, sign.score, (), label)
        by_kind[sign.kind] = Detection(
            sign.kind,
            path,
            max(known.score, sign.score),
            (*known.reasons, sign.reason),
            known.label,
        )
    if not by_kind:
        return []
    best, *others = sorted(by_kind.values(), key=_rank)
    reasons = [*best.reasons]
    for other in others:
        if other.kind is not SourceKind.FOLDER and other.score >= ACCEPT_SCORE:
            reasons += other.reasons
    reasons = list(dict.fromkeys(reasons))
    if len(reasons) > _REASONS + 1:
        reasons[_REASONS:] = [f"and {len(reasons) - _REASONS} more"]
    told = Detection(best.kind, path, best.score, tuple(reasons), best.label)
    return [told, *others]


def _rank(detection: Detection) -> tuple[bool, bool, int, int]:
    """Order detections; a mail or two make no mailbox of a folder of recordings."""
    return (
        detection.score < ACCEPT_SCORE,
        detection.kind is SourceKind.MAIL,
        -detection.score,
        _ORDER.index(detection.kind),
    )
