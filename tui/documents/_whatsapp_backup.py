"""WhatsApp's encrypted backups of its database, see `_whatsapp_crypt`.

Nothing of a text is used before its tag proved it. So the file is read twice: once for
the tag, with the text thrown away, and once for the text, whose tag is looked at again.
The database stands unencrypted in one temporary file only, while it is asked.
"""

from __future__ import annotations

import io
import re
import sqlite3
import tempfile
import zipfile
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from typing_extensions import override

from tui.documents._api import Recognition
from tui.documents._snapshot import SQLITE_HEAD, opened_stream
from tui.documents._whatsapp_crypt import (
    decrypted,
    keys_for,
    looks_right,
    read_header,
    tails,
)
from tui.errors import DocumentError, LockedError, PartialError
from tui.model import DocumentKind

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from typing import IO

    from tui.documents._api import Options, Told
    from tui.documents._document import Document
    from tui.documents._whatsapp_crypt import Key, Sealed

    Buffer = bytearray | memoryview

__all__ = ["WhatsAppBackup", "is_opened_by"]

_NAME = re.compile(
    rb"(?!\.)(?!.*increment).*msgstore.*\.crypt(1[245])", re.IGNORECASE | re.DOTALL
)
"""Copies of the database. What others hold (settings, stickers, increments) is none."""
_OWN_NAME = b"msgstore"
_CHUNK = 1 << 20
_MAX_RATIO = 64
_MAX_PLAIN = 8 * 1024**3
_SMALL_PLAIN = 64 * 1024 * 1024
"""Up to here any ratio will do: a database without messages is nearly nothing."""
_BROKEN_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)
"""In all of these ways zipfile tells of broken files and unknown methods."""

_NEEDS_DIGITS = "needs the 64-digit key: earmark key add SOURCE"
_NEEDS_ROOT_FILE = (
    "a {} protects it, which only WhatsApp's servers can turn into a key; needs the"
    " phone's file encrypted_backup.key: earmark key add SOURCE --file FILE"
)
_NEEDS_PHONE_FILE = (
    "needs the phone's key file, files/key of WhatsApp:"
    " earmark key add SOURCE --file FILE"
)
_WRONG = "the key does not open it"
_PROTECTED = {2: "password", 4: "passkey"}


class WhatsAppBackup:
    """Encrypted backups of an Android phone's `msgstore.db`."""

    kind = DocumentKind.WHATSAPP_BACKUP

    def fits(self, folder: bytes, name: bytes) -> bool:
        """Tell whether a file can be one, by its name."""
        del folder
        return _NAME.fullmatch(name) is not None

    def recognise(self, document: Document) -> Recognition | None:
        """Take it for what its name says: there is nothing to look into."""
        match = _NAME.fullmatch(document.name)
        if match is None:
            return None
        score = 100 if document.name.lower().startswith(_OWN_NAME) else 80
        crypt = match[1].decode()
        return Recognition(score, (f"encrypted backup of WhatsApp (crypt{crypt})",))

    def read(self, document: Document, options: Options) -> Iterator[Told | None]:
        """Decrypt it and read the database in it.

        Raises:
            LockedError: None of the secrets opens it.
            PartialError: It is cut off or damaged.
            DocumentError: It is no such backup, or holds no database.
        """
        from tui.documents._whatsapp_database import contacts_beside, read_connection

        with document.open() as file:
            sealed = read_header(document, file)
            opening = yield from _opening(document, file, sealed, options.secrets)
            contacts, remark = contacts_beside(document)
            if remark is not None:
                yield remark
            pieces = _checked(document, file, sealed, opening)
            try:
                with (
                    _plain(document, pieces, sealed.size) as plain,
                    opened_stream(document, plain) as connection,
                ):
                    yield from read_connection(document, connection, options, contacts)
            except sqlite3.DatabaseError as error:
                raise DocumentError(document.path, f"SQLite says: {error}") from error


def is_opened_by(document: Document, secret: bytes) -> bool:
    """Tell at one look whether a secret opens a backup.

    Args:
        document: The backup.
        secret: As the user gave it.

    Raises:
        DocumentError: It is no backup, or cut off in its header.
        OSError: It can't be read.
    """
    with document.open() as file:
        sealed = read_header(document, file)
        return any(looks_right(file, sealed, key) for key in keys_for(sealed, secret))


class _Opening(NamedTuple):
    """A key that fits, and how many bytes stand behind the tag."""

    key: Key
    tail: int


def _opening(
    document: Document, file: BinaryIO, sealed: Sealed, secrets: tuple[bytes, ...]
) -> Generator[None, None, _Opening]:
    """Find the key whose tag is right."""
    from cryptography.exceptions import InvalidTag

    keys = {key.cipher: key for secret in secrets for key in keys_for(sealed, secret)}
    fitting = [key for key in keys.values() if looks_right(file, sealed, key)]
    for key in fitting:
        for tail in tails(sealed):
            try:
                for _ in decrypted(file, sealed, key, tail):
                    yield None
            except InvalidTag:
                continue
            return _Opening(key, tail)
    if fitting:
        raise PartialError(document.path, "it is cut off or damaged")
    raise LockedError(document.path, _why_locked(sealed, list(keys.values())))


def _why_locked(sealed: Sealed, tried: list[Key]) -> str:
    if not tried:
        if sealed.version != 15:
            return _NEEDS_PHONE_FILE
        protected = _PROTECTED.get(sealed.key_kind)
        return _NEEDS_ROOT_FILE.format(protected) if protected else _NEEDS_DIGITS
    salts = {key.salt for key in tried}
    if sealed.version != 15 and salts == {b""}:
        return f"{_WRONG}; it {_NEEDS_PHONE_FILE}"
    if sealed.salt and sealed.salt not in salts | {b""}:
        return f"{_WRONG}: it belongs to another phone, or to another time of this one"
    return _WRONG


def _checked(
    document: Document, file: BinaryIO, sealed: Sealed, opening: _Opening
) -> Iterator[bytes]:
    """Decrypt the text, with an error at its end if it is no longer the one proved."""
    from cryptography.exceptions import InvalidTag

    try:
        yield from decrypted(file, sealed, *opening)
    except InvalidTag:
        raise PartialError(document.path, "it changed while it was read") from None


@contextmanager
def _plain(
    document: Document, pieces: Iterator[bytes], size: int
) -> Iterator[BinaryIO]:
    """Unpack the database out of the text of a backup of some size."""
    limit = max(_SMALL_PLAIN, min(_MAX_RATIO * size, _MAX_PLAIN))
    first = next(pieces, b"")
    whole = _joined(first, pieces)
    if first.startswith(SQLITE_HEAD):
        yield _stream(whole)
    elif first.startswith(b"PK"):
        with tempfile.TemporaryFile(prefix="earmark-") as archive:
            for piece in whole:
                archive.write(piece)
            yield _stream(_member(document, archive, limit))
    else:
        yield _stream(_inflated(document, whole, limit))


def _joined(first: bytes, others: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from others


def _inflated(
    document: Document, pieces: Iterator[bytes], limit: int
) -> Iterator[bytes]:
    """Unpack a zlib stream; what stands behind it is left out."""
    inflater = zlib.decompressobj()
    total = 0
    for piece in pieces:
        rest = piece
        while not inflater.eof:
            try:
                out = inflater.decompress(rest, _CHUNK)
            except zlib.error as error:
                raise DocumentError(document.path, "it can't be unpacked") from error
            rest = inflater.unconsumed_tail
            if not out:
                break
            total += len(out)
            if total > limit:
                raise _too_large(document)
            yield out
    if not inflater.eof:
        raise PartialError(document.path, "the database in it is cut off")


def _member(document: Document, archive: IO[bytes], limit: int) -> Iterator[bytes]:
    """Unpack the database out of a backup of several files."""
    try:
        with zipfile.ZipFile(archive) as files:
            for info in sorted(files.infolist(), key=_likelihood):
                with files.open(info) as member:
                    piece = member.read(_CHUNK)
                    if not piece.startswith(SQLITE_HEAD):
                        continue
                    while piece:
                        limit -= len(piece)
                        if limit < 0:
                            raise _too_large(document)
                        yield piece
                        piece = member.read(_CHUNK)
                    return
    except _BROKEN_ZIP as error:
        raise DocumentError(document.path, "it can't be unpacked") from error
    raise DocumentError(document.path, "there is no database in it")


def _likelihood(info: zipfile.ZipInfo) -> tuple[bool, bool, str]:
    """Sort the members of an archive by how likely they are the database."""
    name = info.filename.rpartition("/")[2].lower()
    return "msgstore" not in name, not name.endswith(".db"), info.filename


def _too_large(document: Document) -> DocumentError:
    return DocumentError(document.path, "it unpacks to more than a database can be")


class _Pieces(io.RawIOBase):
    """A stream that is made piece by piece."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Buffer, /) -> int:  # type: ignore[override]  # what BufferedReader gives
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = piece
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def _stream(pieces: Iterator[bytes]) -> BinaryIO:
    return io.BufferedReader(_Pieces(pieces), _CHUNK)
