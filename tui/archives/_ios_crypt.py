"""Encrypted backups of an iPhone: from the passphrase to the bytes of a file.

The key bag in `Manifest.plist` holds one key for each protection class, wrapped with
what the passphrase is stretched to. Each file has a key of its own, wrapped with that
of its class; the index has one too. Files are AES in CBC mode from a zero vector, with
RFC 1423 padding.

The package `iphone_backup_decrypt` opens the key bag (its `utils.BackupKeyBag`). Files
are decrypted here: the package would write the plain index under a name, needs thrice
the memory of a file, and prints.
"""

from __future__ import annotations

import io
import os
import struct
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from tui.errors import DocumentError, LockedError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO

    from _typeshed import WriteableBuffer

__all__ = ["KeyBag", "decrypted", "file_key", "unlocked"]

_BLOCK = 16
_WRAPPED = 40
"""Bytes of a wrapped key of 32."""


class KeyBag(Protocol):
    """The part of the package's key bag that is used here."""

    def unlock_with_passphrase(self, passphrase: bytes) -> bool:
        """Stretch a passphrase, some ten million rounds, and tell whether it fits."""

    def unwrap_key_for_class(self, protection_class: int, wrapped: bytes) -> bytes:
        """Unwrap the key of a file; ValueError when it can't be."""


def unlocked(path: bytes, bag: object, secrets: Sequence[bytes]) -> KeyBag:
    """Open the key bag of a backup with the first passphrase that fits.

    Takes seconds for each passphrase that was not tried before.

    Args:
        path: The index of the backup, for errors.
        bag: `BackupKeyBag` of `Manifest.plist`.
        secrets: Passphrases.

    Raises:
        LockedError: The package is not installed, or no passphrase fits.
        DocumentError: The key bag can't be understood.
    """
    try:
        import_module("iphone_backup_decrypt")
    except ImportError as error:
        raise LockedError(
            path, "is encrypted: install earmark[ios] to open it"
        ) from error
    given = [secret for secret in secrets if secret]
    if not given:
        raise LockedError(path, "is encrypted: earmark key add SOURCE")
    if not isinstance(bag, bytes):
        raise DocumentError(path, "is encrypted, but Manifest.plist holds no keys")
    for secret in given:
        try:
            found = _opened_bag(bag, secret)
        # What the package raises of a broken key bag is not its own error.
        except (ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
            raise DocumentError(path, f"its keys can't be understood: {error}") from (
                error
            )
        if found is not None:
            return found
    raise LockedError(path, "the passphrase does not open it")


@lru_cache(maxsize=8)
def _opened_bag(bag: bytes, secret: bytes) -> KeyBag | None:
    """Open a key bag; remembered, also that a passphrase does not fit."""
    made: KeyBag = import_module("iphone_backup_decrypt.utils").BackupKeyBag(bag)
    return made if made.unlock_with_passphrase(secret) else None


def file_key(bag: KeyBag, wrapped: bytes) -> bytes | None:
    """Unwrap the key of a file.

    Args:
        bag: The open key bag.
        wrapped: Four bytes of protection class (little-endian), then the wrapped key.

    Returns:
        None when it can't be unwrapped.
    """
    if len(wrapped) != 4 + _WRAPPED:
        return None
    try:
        return bag.unwrap_key_for_class(
            struct.unpack("<l", wrapped[:4])[0], wrapped[4:]
        )
    except ValueError:
        return None


def decrypted(file: BinaryIO, key: bytes) -> BinaryIO:
    """Read an encrypted file as if it were plain.

    Args:
        file: The file on the disk; it belongs to the result from now on.
        key: 32 bytes.

    Returns:
        A buffered, seekable file. It decrypts what is asked for and keeps nothing.
    """
    return io.BufferedReader(_Decrypted(file, key), 1 << 16)


class _Decrypted(io.RawIOBase):
    """The plain bytes of an encrypted file."""

    def __init__(self, file: BinaryIO, key: bytes) -> None:
        self._file = file
        self._key = key
        self._at = 0
        # A last block that is cut off can't be read.
        self._size = os.fstat(file.fileno()).st_size // _BLOCK * _BLOCK
        last = self._plain(self._size - _BLOCK, self._size) if self._size else b""
        if last and 1 <= last[-1] <= _BLOCK and last.endswith(last[-1:] * last[-1]):
            self._size -= last[-1]

    def _plain(self, start: int, end: int) -> bytes:
        """Decrypt whole blocks; each needs the encrypted one before it."""
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        before = min(start, _BLOCK)
        data = os.pread(self._file.fileno(), end - start + before, start - before)
        vector = data[:_BLOCK] if before else bytes(_BLOCK)
        body = data[before : before + (len(data) - before) // _BLOCK * _BLOCK]
        if not body:
            return b""
        cipher = Cipher(algorithms.AES(self._key), modes.CBC(vector)).decryptor()
        return cipher.update(body) + cipher.finalize()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("a place before the start of the file")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        with memoryview(buffer) as whole, whole.cast("B") as view:
            end = min(self._at + len(view), self._size)
            if end <= self._at:
                return 0
            start = self._at // _BLOCK * _BLOCK
            data = self._plain(start, -(-end // _BLOCK) * _BLOCK)
            part = data[self._at - start : end - start]
            view[: len(part)] = part
            self._at += len(part)
            return len(part)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()
