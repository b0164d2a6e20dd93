"""The container of WhatsApp's encrypted backups: `.crypt12`, `.crypt14`, `.crypt15`.

All are AES-256-GCM with an IV of 16 bytes; what differs is the header and the key.

- crypt12: a header of 67 bytes, version of the cipher (2), of the key (1), salts of
  WhatsApp's server (32) and of the Google account (16), IV (16).
- crypt14 and crypt15: the length of a protobuf message as a varint, then the message.
  Field 2 holds another one with the server's salt (3), the account's (4) and the IV (5)
  of a crypt14; field 3 one with the IV (1) of a crypt15; field 6 says what kind of key
  it is. A byte 1 may stand between the length and the message.
- Then the text, its tag (16), mostly the MD5 of everything before (16), and in crypt12
  four characters with the last digits of the phone number.

The key of a crypt15 is derived by HKDF from the 64 digits that the user wrote down; the
others have theirs at the end of the phone's file `key`. The facts are those of the
documentation and the test files of wa-crypt-tools.
"""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from tui.errors import DocumentError, PartialError, UsageError
from tui.keys import parse_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.hazmat.primitives.ciphers import AEADDecryptionContext

    from tui.documents._document import Document

__all__ = [
    "Key",
    "Sealed",
    "decrypted",
    "keys_for",
    "looks_right",
    "read_header",
    "tails",
]

_CHUNK = 1 << 20
_TAG = 16
_IV = 16
_ROOT = 32
_PHONE_KEY = 158
_SALT_AT = slice(30, 62)
"""Where the server's salt stands in the file `key`."""

_HEAD = 64 * 1024
"""No header is longer; those that were seen have some 200 bytes."""
_OLD_HEADER = 67
_OLD_VERSION = b"\0\1"
_VARINT_BITS = 63

_PLAIN = (b"SQLite format 3\0", b"PK\3\4", b"PK\5\6")


class Sealed(NamedTuple):
    """What the header of a backup tells, and how large it is."""

    version: int
    """12, 14 or 15, whatever the file's name says."""
    iv: bytes
    start: int
    """Where the encrypted text begins, in bytes."""
    size: int
    """Of the whole file, in bytes."""
    salt: bytes = b""
    """Of WhatsApp's server, 32 bytes; empty where the header has none."""
    key_kind: int = 0
    """As WhatsApp counts: 2 is a password, 3 the 64 digits, 4 a passkey; 0 not told."""


class Key:
    """A key to be tried: 32 bytes for AES, which no `repr` shows.

    Args:
        cipher: The 32 bytes.
        salt: The salt that belongs to it, where that is known, else empty.
    """

    __slots__ = ("cipher", "salt")

    def __init__(self, cipher: bytes, salt: bytes = b"") -> None:
        self.cipher = cipher
        self.salt = salt


def read_header(document: Document, file: BinaryIO) -> Sealed:
    """Read the header of a backup.

    Args:
        document: What the file belongs to, for errors.
        file: The backup, at any place.

    Raises:
        PartialError: It ends before the text begins.
        DocumentError: It is no such backup.
        OSError: It can't be read.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(min(size, _HEAD))
    if head.startswith(_OLD_VERSION):
        if len(head) >= _OLD_HEADER:
            found = Sealed(12, head[51:67], _OLD_HEADER, size, head[3:35])
            return _with_text(document, found)
        raise PartialError(document.path, "it is cut off inside of its header")
    is_cut = len(head) < 2
    for start, length in _lengths(head):
        end = start + length
        if end > len(head):
            is_cut = is_cut or (len(head) == size and end <= _HEAD)
            continue
        sealed = _read_message(head[start:end], end, size)
        if sealed is not None:
            return _with_text(document, sealed)
    if is_cut:
        raise PartialError(document.path, "it is cut off inside of its header")
    raise DocumentError(document.path, "it is no encrypted backup of WhatsApp")


def keys_for(sealed: Sealed, secret: bytes) -> list[Key]:
    """Turn what the user gave into the keys that it can be for a backup.

    Args:
        sealed: The backup.
        secret: As the user gave it; passphrases and keys of other kinds are none.

    Returns:
        The keys, none or one or two.
    """
    materials = [secret] if len(secret) == _ROOT else []
    try:
        materials.append(parse_key(secret))
    except UsageError:
        if not materials:
            return []
    found: dict[bytes, Key] = {}
    for material in materials:
        if len(material) == _PHONE_KEY:
            if sealed.version != 15:
                key = Key(material[-_ROOT:], material[_SALT_AT])
                found[key.cipher] = key
        elif sealed.version == 15:
            cipher = _derived(material)
            found[cipher] = Key(cipher)
        else:
            found.setdefault(material, Key(material))
    return list(found.values())


def tails(sealed: Sealed) -> tuple[int, ...]:
    """Return how many bytes may stand behind the tag, the likeliest first."""
    usual = (20, 4, 16, 0) if sealed.version == 12 else (16, 0, 20, 4)
    return tuple(each for each in usual if sealed.start + _TAG + each <= sealed.size)


def looks_right(file: BinaryIO, sealed: Sealed, key: Key) -> bool:
    """Tell whether the text begins like a database when it is read with a key.

    That takes one look where the tag takes the whole file. It proves nothing about the
    text, but a key that fails here is another's: what can be read begins like SQLite,
    like a ZIP, or as what zlib packed.
    """
    file.seek(sealed.start)
    sealed_head = file.read(_HEAD)
    head = _decryptor(sealed, key).update(sealed_head)
    if any(head.startswith(each) for each in _PLAIN):
        return True
    if head[:1] != b"\x78" or int.from_bytes(head[:2], "big") % 31:  # zlib's header
        return False
    try:
        zlib.decompressobj().decompress(head, 64)
    except zlib.error:
        return False
    return True


def decrypted(file: BinaryIO, sealed: Sealed, key: Key, tail: int) -> Iterator[bytes]:
    """Decrypt the text of a backup.

    What is yielded may be used only once the end was reached.

    Args:
        file: The backup.
        sealed: Its header.
        key: The key.
        tail: How many bytes stand behind the tag.

    Yields:
        The text, in pieces of a megabyte.

    Raises:
        InvalidTag: At the end: it is not what was encrypted with this key.
    """
    from cryptography.exceptions import InvalidTag

    decryptor = _decryptor(sealed, key)
    left = sealed.size - tail - _TAG - sealed.start
    at = sealed.start
    while left > 0:
        file.seek(at)  # others may have read in the file meanwhile
        piece = file.read(min(left, _CHUNK))
        if not piece:
            raise InvalidTag
        left -= len(piece)
        at += len(piece)
        yield decryptor.update(piece)
    file.seek(at)
    tag = file.read(_TAG)
    if len(tag) != _TAG:
        raise InvalidTag
    decryptor.finalize_with_tag(tag)


def _with_text(document: Document, sealed: Sealed) -> Sealed:
    if sealed.size < sealed.start + _TAG:
        raise PartialError(document.path, "it is cut off behind its header")
    return sealed


def _lengths(head: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the message can begin, and how long it is then, likeliest first."""
    try:
        length, start = _varint(head, 0)
    except ValueError:
        return
    if 0 < length <= _HEAD:
        if head[start : start + 1] == b"\1":  # no message begins so
            yield start + 1, length
        yield start, length
    if head[0] > 127:  # as one plain byte
        yield 1, head[0]


def _read_message(message: bytes, start: int, size: int) -> Sealed | None:
    """Read the protobuf message of a header; None when it is none, or tells no IV."""
    old = new = salt = b""
    kind = 0
    try:
        for number, value in _fields(message):
            if number == 2 and isinstance(value, bytes):
                inner = dict(_fields(value))
                old, salt = _bytes(inner.get(5)), _bytes(inner.get(3))
            elif number == 3 and isinstance(value, bytes):
                new = _bytes(dict(_fields(value)).get(1))
            elif number == 6 and isinstance(value, int):
                kind = value
    except ValueError:
        return None
    if len(new) == _IV:
        return Sealed(15, new, start, size, b"", kind)
    if len(old) == _IV:
        return Sealed(14, old, start, size, salt, kind)
    return None


def _bytes(value: int | bytes | None) -> bytes:
    return value if isinstance(value, bytes) else b""


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of each field of a protobuf message.

    Raises:
        ValueError: It is no such message.
    """
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, wire = tag >> 3, tag & 7
        if not number:
            raise ValueError
        if wire == 0:
            value, at = _varint(message, at)
            yield number, value
            continue
        if wire == 2:
            length, at = _varint(message, at)
        elif wire in {1, 5}:
            length = 8 if wire == 1 else 4
        else:
            raise ValueError
        if length > len(message) - at:
            raise ValueError
        yield number, message[at : at + length]
        at += length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Read a number of protobuf's; it and the place behind it."""
    value = shift = 0
    while True:
        if at >= len(data) or shift > _VARINT_BITS:
            raise ValueError
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def _decryptor(sealed: Sealed, key: Key) -> AEADDecryptionContext:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    return Cipher(algorithms.AES(key.cipher), modes.GCM(sealed.iv)).decryptor()


def _derived(root: bytes) -> bytes:
    """Derive the key of a crypt15 from its root key."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), _ROOT, bytes(32), b"backup encryption").derive(root)
