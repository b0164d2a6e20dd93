"""Zips that no honest program writes: fields changed after they were packed."""

from __future__ import annotations

import io
import struct
import zipfile
from typing import NamedTuple

__all__ = ["Entry", "entries", "packed", "with_field", "with_name"]

_LOCAL, _ENTRY = b"PK\x03\x04", b"PK\x01\x02"
_PLACES = {
    "version": (4, 6, "<H"),
    "flags": (6, 8, "<H"),
    "method": (8, 10, "<H"),
    "clock": (10, 12, "<H"),
    "day": (12, 14, "<H"),
    "crc": (14, 16, "<I"),
    "packed": (18, 20, "<I"),
    "size": (22, 24, "<I"),
    "offset": (None, 42, "<I"),
}
"""Of each field, where it is in the header of a member, and in the list of files."""


class Entry(NamedTuple):
    """Where the two headers of a member begin."""

    local: int
    listed: int


def packed(
    *files: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    """Pack files into a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files:
            kind = method if isinstance(name, str) else None
            archive.writestr(name, data, kind)
    return buffer.getvalue()


def entries(data: bytes) -> list[Entry]:
    """Find the headers of a zip whose contents hold none of the marks."""
    found = []
    at = data.find(_ENTRY)
    while at >= 0:
        (local,) = struct.unpack_from("<I", data, at + 42)
        found.append(Entry(local, at))
        at = data.find(_ENTRY, at + 46)
    return found


def with_field(data: bytes, number: int, field: str, value: int) -> bytes:
    """Change a field of a member, in both of its headers."""
    changed = bytearray(data)
    in_local, in_list, form = _PLACES[field]
    entry = entries(data)[number]
    if in_local is not None:
        struct.pack_into(form, changed, entry.local + in_local, value)
    struct.pack_into(form, changed, entry.listed + in_list, value)
    return bytes(changed)


def with_name(data: bytes, old: bytes, new: bytes) -> bytes:
    """Change a name, in both headers, to one of the same length."""
    assert len(old) == len(new)
    assert data.count(old) == 2
    return data.replace(old, new)
