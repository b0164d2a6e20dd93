"""Other recordings with the same sound: clips are few, and notes keep arriving."""

from __future__ import annotations

import struct
import zlib

__all__ = ["variant"]

_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_TAGS_PAGE = 47
"""Where the second page of a clip begins: after 27 + 1 + 19 bytes."""


def variant(ogg: bytes, number: int) -> bytes:
    """Copy a clip with other bytes but the same sound, so that it is a new recording.

    Args:
        ogg: The clip.
        number: What tells this copy from others.

    Returns:
        The clip with the number behind its (empty) list of tags.
    """
    old_size = 28 + ogg[_TAGS_PAGE + 27]
    tags = ogg[_TAGS_PAGE + 28 : _TAGS_PAGE + old_size] + struct.pack("<I", number)
    page = bytearray(ogg[_TAGS_PAGE : _TAGS_PAGE + 22] + bytes(4) + b"\1")
    page += bytes([len(tags)]) + tags
    # Ogg's checksum is zlib's with the bits of every byte, and of the sum, mirrored.
    crc = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    page[22:26] = crc.to_bytes(4, "big").translate(_MIRRORED)
    return ogg[:_TAGS_PAGE] + bytes(page) + ogg[_TAGS_PAGE + old_size :]
