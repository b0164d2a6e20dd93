"""What the columns of WhatsApp's Android database mean, one value at a time.

SQLite lets any column hold any type, and databases that were decrypted, repaired or
migrated make use of it: text may come as bytes, a number as text. What does not make
sense is not told.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata

__all__ = [
    "duration_of",
    "hash_of",
    "is_media_name",
    "path_in_blob",
    "path_of",
    "size_of",
    "text_of",
    "title_of",
    "waveform_of",
    "whole_of",
]

_SUFFIXES = "opus|ogg|oga|m4a|aac|amr|mp3|mp4|mpeg|mpga|3gp|3gpp|3ga|wav|flac|wma|caf"
_IN_BLOB = re.compile(
    rb"Media/[^\x00-\x1f]{1,400}?\.(?:" + _SUFFIXES.encode() + rb")(?![A-Za-z0-9]{2})",
    re.IGNORECASE,
)
"""A path in serialised Java: text between bytes that are none. A single letter may
follow it, since the next field starts with one."""
_MEDIA_NAME = re.compile(rf"[^/\\\0]+\.(?:{_SUFFIXES})", re.IGNORECASE)
_MADE_UP = re.compile(r"(?:PTT|AUD|VID|IMG|DOC|STK)-\d{8}-WA\d+.*", re.IGNORECASE)
"""A name that the app gave."""
_STORAGE = re.compile(
    r"(?:file://)?/+(?:(?:storage/(?:emulated/\d+|[^/]+)|mnt/sdcard|mnt/user/\d+/[^/]+"
    r"|sdcard|data/media/\d+)/+)?"
)
"""Where Android mounts what the user sees as the phone's memory."""
_LONGEST_S = 1_000_000
_BARS = 64
_LOUDNESS = bytes(min(255, (min(value, 100) * 255 + 50) // 100) for value in range(256))
"""From WhatsApp's 0 to 100 to ours, 0 to 255."""


def text_of(value: object) -> str:
    """Read text, also where it was kept as bytes; empty for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return ""


def whole_of(value: object) -> int | None:
    """Read a whole number, also where it was kept as text; None for anything else."""
    try:
        whole = int(value) if isinstance(value, int | float | str) else None
    except (ValueError, OverflowError):
        return None
    return whole if whole is not None and abs(whole) < 1 << 63 else None


def size_of(*values: object) -> int | None:
    """Pick the first size that is told; 0 is none.

    Args:
        values: Columns with bytes, the best first.
    """
    sizes = map(whole_of, values)
    return next((size for size in sizes if size is not None and size > 0), None)


def duration_of(seconds: object) -> int | None:
    """Turn seconds into milliseconds; None for 0 and what is no length."""
    whole = whole_of(seconds)
    return whole * 1000 if whole is not None and 0 < whole <= _LONGEST_S else None


def hash_of(value: object) -> bytes | None:
    """Decode the SHA-256 of a file; None for what is none.

    Args:
        value: Base64 of 32 bytes.
    """
    try:
        found = base64.b64decode(text_of(value), validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if len(found) == 32 else None


def waveform_of(value: object) -> bytes | None:
    """Scale a waveform of 64 bytes from 0..100 to 0..255; None for what is none."""
    if not isinstance(value, bytes) or len(value) != _BARS:
        return None
    return value.translate(_LOUDNESS)


def title_of(value: object) -> str:
    """Read the title of an audio file; names that the app gave are none."""
    title = text_of(value).strip()
    return "" if _MADE_UP.fullmatch(title) else title


def is_media_name(value: object) -> bool:
    """Tell whether a media's name is that of a file, and not a title."""
    return _MEDIA_NAME.fullmatch(text_of(value)) is not None


def path_of(value: object) -> bytes:
    """Cut a file's path to what is the same in every copy of the phone's memory.

    WhatsApp writes paths from its own folder on (`Media/WhatsApp Voice Notes/…`); older
    versions, and clones of the app, write where the phone mounts it.

    Args:
        value: The path as the database has it.

    Returns:
        From `Media/` on, else from the phone's memory on; UTF-8 in NFC, relative, and
        empty for what is no path of a file.
    """
    text = text_of(value)
    at = text.rfind("/Media/")
    if at >= 0:
        text = text[at + 1 :]
    elif not text.startswith("Media/"):
        text = text[match.end() :] if (match := _STORAGE.match(text)) else text
        if "://" in text:
            return b""
    parts = [part for part in text.split("/") if part]
    if not parts or text.endswith("/") or "\0" in text or {".", ".."} & set(parts):
        return b""
    try:
        return unicodedata.normalize("NFC", "/".join(parts)).encode()
    except UnicodeEncodeError:
        return b""


def path_in_blob(value: object) -> bytes:
    """Find the path of a recording in what the app kept of a media's state.

    Databases up to about 2017 have it only there, in serialised Java.

    Args:
        value: The column `thumb_image`.

    Returns:
        As `path_of`; empty when there is none.
    """
    if not isinstance(value, bytes):
        return b""
    match = _IN_BLOB.search(value)
    try:
        return path_of(match[0].decode()) if match is not None else b""
    except UnicodeDecodeError:
        return b""
