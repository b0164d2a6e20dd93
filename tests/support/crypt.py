"""Encrypts databases as WhatsApp does, and makes the key files of its phones."""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "IV",
    "PHONE_KEY",
    "ROOT",
    "ROOT_FILE",
    "SALT",
    "Shape",
    "crypt12",
    "crypt14",
    "crypt15",
    "field",
    "packed",
    "phone_key",
    "root_file",
    "sample_database",
    "varint",
]

ROOT = bytes(range(100, 132))
"""A root key."""
SALT = bytes(range(32))
IV = bytes(range(200, 216))

_GOOGLE_SALT = bytes(range(16))
_JAVA_BYTES = bytes.fromhex("aced0005757200025b42acf317f8060854e00200007870")


def _serialised(content: bytes) -> bytes:
    """Write an array of bytes as Java does."""
    return _JAVA_BYTES + len(content).to_bytes(4, "big") + content


def root_file(root: bytes = ROOT) -> bytes:
    """Make an `encrypted_backup.key`, 59 bytes."""
    return _serialised(root)


def phone_key(key: bytes = ROOT, salt: bytes = SALT) -> bytes:
    """Make a file `key`, 158 bytes."""
    head = b"\0\1" + b"\2" + salt + _GOOGLE_SALT
    return _serialised(head + bytes(32) + bytes(16) + key)


ROOT_FILE = root_file()
PHONE_KEY = phone_key()


class Shape(NamedTuple):
    """What differs between backups of one kind."""

    has_md5: bool = True
    flag: bool = False
    """Whether a byte 1 stands between the length of the header and the header."""
    is_short: bool = False
    """Whether the header of a crypt15 tells nothing about the app."""
    extra: bytes = b""
    """More fields of the header."""
    jid: bytes = b"--42"
    """The end of a crypt12; empty for none."""


_USUAL = Shape()


def varint(value: int) -> bytes:
    """Write a number of protobuf's."""
    written = bytearray()
    while value > 127:
        written.append(value & 127 | 128)
        value >>= 7
    written.append(value)
    return bytes(written)


def field(number: int, value: int | bytes) -> bytes:
    """Write a field of a protobuf message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def crypt15(plain: bytes, root: bytes = ROOT, shape: Shape = _USUAL) -> bytes:
    """Encrypt what is packed already, with the key that the user has."""
    key = HKDF(SHA256(), 32, bytes(32), b"backup encryption").derive(root)
    about = b"" if shape.is_short else field(4, _info())
    message = field(1, 1) + field(3, field(1, IV)) + about
    return _sealed(_header(message, shape), key, plain, shape)


def crypt14(
    plain: bytes, key: bytes = ROOT, shape: Shape = _USUAL, salt: bytes = SALT
) -> bytes:
    """Encrypt what is packed already, with the key that the phone has."""
    cipher = b"".join(
        field(number, value)
        for number, value in enumerate((b"\0\1", b"2", salt, _GOOGLE_SALT, IV), 1)
    )
    message = field(1, 0) + field(2, cipher) + field(4, _info())
    return _sealed(_header(message, shape), key, plain, shape)


def crypt12(plain: bytes, key: bytes = ROOT, shape: Shape = _USUAL) -> bytes:
    """Encrypt what is packed already, as the phone did until 2021."""
    header = b"\0\1" + b"\2" + SALT + _GOOGLE_SALT + IV
    return _sealed(header, key, plain, shape) + shape.jid


def sample_database(folder: Path, words: int = 1, length: int = 0) -> bytes:
    """Make a database with one table of words.

    Args:
        folder: Where to write it meanwhile.
        words: How many rows.
        length: How long each word is at least.
    """
    path = folder / "plain.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE words (word TEXT)")
        connection.executemany(
            "INSERT INTO words VALUES (?)",
            ((f"word {at}".ljust(length),) for at in range(words)),
        )
    content = path.read_bytes()
    path.unlink()
    return content


def packed(plain: bytes) -> bytes:
    """Pack as WhatsApp does."""
    return zlib.compress(plain)


def _info() -> bytes:
    features = b"".join(field(number, 1) for number in range(5, 38))
    return field(1, b"2.24.15.78") + field(3, b"42") + field(4, 2) + features


def _header(message: bytes, shape: Shape) -> bytes:
    message += shape.extra
    return varint(len(message)) + (b"\1" if shape.flag else b"") + message


def _sealed(header: bytes, key: bytes, plain: bytes, shape: Shape) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.GCM(IV)).encryptor()
    content = header + encryptor.update(plain) + encryptor.finalize() + encryptor.tag
    if not shape.has_md5:
        return content
    return content + hashlib.md5(content, usedforsecurity=False).digest()
