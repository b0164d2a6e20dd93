"""The identity of a recording: a hash of its bytes.

The user's marks hang on this value, so its rule never changes: BLAKE2b with 256 bits
(`b2sum -l 256` gives the same) of all bytes up to 4 MB, which covers every voice
message; of longer files the first and last 64 KB and the size, so that a film costs
as little as a message.
"""

from __future__ import annotations

import errno
import os
import stat
from hashlib import blake2b

from tui.archives import open_quietly

__all__ = ["EDGE_SIZE", "WHOLE_LIMIT", "content_hash", "hash_kind"]

WHOLE_LIMIT = 4 * 1024 * 1024
"""Files up to this size are hashed whole."""
EDGE_SIZE = 64 * 1024
"""How much of the head and of the tail of a longer file counts."""

_CHUNK = 256 * 1024
_DIGEST_SIZE = 32


def hash_kind(size: int) -> str:
    """Tell which rule gave the hash of a recording of some size."""
    return "full" if size <= WHOLE_LIMIT else "edges"


def content_hash(path: str | bytes, size: int) -> bytes:
    """Hash the content of a file.

    Args:
        path: The file.
        size: Its size as last seen.

    Returns:
        32 bytes.

    Raises:
        OSError: When it can't be read, is no regular file, or has another size by now.
    """
    handle = open_quietly(os.fsencode(path))
    try:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            raise OSError(errno.EINVAL, "is no regular file", path)
        if facts.st_size != size:
            raise OSError(errno.ESTALE, "changed while it was looked at", path)
        digest = blake2b(digest_size=_DIGEST_SIZE)
        if size <= WHOLE_LIMIT:
            read = _feed(digest, handle, 0, size)
        else:
            read = _feed(digest, handle, 0, EDGE_SIZE)
            read += _feed(digest, handle, size - EDGE_SIZE, EDGE_SIZE)
            digest.update(size.to_bytes(8, "big"))
            size = 2 * EDGE_SIZE
        if read != size:
            raise OSError(errno.ESTALE, "changed while it was looked at", path)
        return digest.digest()
    finally:
        os.close(handle)


def _feed(digest: blake2b, handle: int, start: int, length: int) -> int:
    """Hash a stretch of a file; tell how much of it there was."""
    done = 0
    while done < length:
        data = os.pread(handle, min(_CHUNK, length - done), start + done)
        if not data:
            break
        digest.update(data)
        done += len(data)
    return done
