"""The identity of a recording."""

from __future__ import annotations

import hashlib
import os
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from tui.library import content_hash
from tui.library._hash import EDGE_SIZE, WHOLE_LIMIT, hash_kind

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("size", [0, 1, 45_000, WHOLE_LIMIT])
def test_short_files_are_hashed_whole(tmp_path: Path, size: int) -> None:
    """The rule is fixed for ever: plain BLAKE2b with 256 bits."""
    data = os.urandom(size)
    path = tmp_path / "a.opus"
    path.write_bytes(data)
    expected = hashlib.blake2b(data, digest_size=32).digest()
    assert content_hash(bytes(path), size) == content_hash(str(path), size) == expected
    assert hash_kind(size) == "full"


def test_long_files_are_hashed_by_their_edges(tmp_path: Path) -> None:
    """Head, tail and size count; the middle does not."""
    size = WHOLE_LIMIT + 1
    data = bytearray(os.urandom(size))
    path = tmp_path / "a.opus"
    path.write_bytes(data)
    expected = hashlib.blake2b(digest_size=32)
    expected.update(data[:EDGE_SIZE] + data[-EDGE_SIZE:])
    expected.update(size.to_bytes(8, "big"))
    assert content_hash(bytes(path), size) == expected.digest()
    data[size // 2] ^= 1
    path.write_bytes(data)
    assert content_hash(bytes(path), size) == expected.digest()
    data[EDGE_SIZE - 1] ^= 1
    path.write_bytes(data)
    assert content_hash(bytes(path), size) != expected.digest()
    assert hash_kind(size) == "edges"


def test_a_two_gigabyte_file_costs_as_little_as_a_message(tmp_path: Path) -> None:
    """Memory is bounded, whatever the size (the file is sparse)."""
    path = tmp_path / "film.mp4"
    with path.open("wb") as file:
        file.truncate(2 * 1024**3)
    tracemalloc.start()
    try:
        content_hash(bytes(path), 2 * 1024**3)
        assert tracemalloc.get_traced_memory()[1] < 1024**2
    finally:
        tracemalloc.stop()


def test_a_file_that_changed_is_refused(tmp_path: Path) -> None:
    """Its size was another one when it was looked at."""
    path = tmp_path / "a.opus"
    path.write_bytes(b"abc")
    with pytest.raises(OSError, match="changed"):
        content_hash(bytes(path), 4)


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    """A pipe must not hang whoever hashes."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="no regular file"):
        content_hash(bytes(pipe), 0)
    with pytest.raises(OSError, match="no regular file"):
        content_hash(bytes(tmp_path), tmp_path.stat().st_size)
    with pytest.raises(FileNotFoundError):
        content_hash(bytes(tmp_path / "gone"), 0)
