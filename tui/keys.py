"""The user's keys and passphrases, each for a source or a file.

Encrypted backups are opened with what the user gave for them. That is kept in a folder
of our own, which only the user may read: one file an entry, `{"path": …, "secret": …,
"kind": "key"|"passphrase"}`, paths and secrets in Base64, as neither need be text.

Nothing here logs, no message holds a secret, and no `repr` shows one.
"""

from __future__ import annotations

import base64
import codecs
import contextlib
import json
import os
import re
import stat
import time
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tui.errors import DataError, UsageError
from tui.places import is_known, place

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "Kept",
    "add_secret",
    "forget_secrets",
    "kept_secrets",
    "keys_version",
    "kind_of",
    "parse_key",
    "secrets_for",
]

_KEY = "key"
_PASSPHRASE = "passphrase"  # noqa: S105  # the word, not one of them
_SUFFIX = ".json"
_MAX_BYTES = 64 * 1024
_FRESH_NS = 2_000_000_000
"""A folder that changed so recently may change again under the same time."""

_JAVA = b"\xac\xed\x00\x05"
_JAVA_HEADER = 27
"""Bytes that Java writes before the content of an array of bytes."""
_ROOT_BYTES = 32
_PHONE_KEY_BYTES = 131
_DIGITS = re.compile(r"(?:0x)?([0-9a-fA-F]{64})")
_BETWEEN = frozenset(":.,_")


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry of the store."""

    path: bytes
    """The source or file that it is for."""
    kind: str
    """`key` or `passphrase`."""
    secret: bytes = field(repr=False)
    """Exactly as the user gave it."""


_cache: tuple[tuple[Path, int, int], tuple[Kept, ...]] | None = None


def secrets_for(path: bytes) -> tuple[bytes, ...]:
    """Return what the user gave for a file.

    Args:
        path: Its absolute path; of a member of an archive, the archive counts.

    Returns:
        The secrets of the file itself and of the folders above it, nearest first.
    """
    entries = _entries()
    if not entries:
        return ()
    mark = path.find(b"//", 1)
    wanted = _normal(path if mark < 0 else path[:mark])
    found = [each for each in entries if _is_within(wanted, each.path)]
    found.sort(key=lambda each: -len(each.path))
    return tuple(dict.fromkeys(each.secret for each in found))


def keys_version() -> int:
    """Return a number that is another one when a key was added or forgotten."""
    try:
        return _folder().stat().st_mtime_ns
    except OSError:
        return 0


def kept_secrets() -> tuple[Kept, ...]:
    """Return every entry, sorted by path."""
    return tuple(sorted(_entries(), key=lambda each: each.path))


def add_secret(path: bytes, secret: bytes) -> None:
    """Keep a key or passphrase.

    Args:
        path: The absolute path of the source or file that it is for.
        secret: As the user gave it.

    Raises:
        UsageError: It is empty or far too long, or would be kept inside of a source.
        DataError: It can't be written.
    """
    if not secret or len(secret) > _MAX_BYTES // 2:
        raise UsageError("no key or passphrase was given")
    path = _normal(path)
    folder = _folder()
    if _lies_in(folder, path):
        raise UsageError(
            f"{os.fsdecode(path)}: keys are kept in {folder}, which lies inside;"
            " EARMARK_KEYS names another folder for them"
        )
    if any((each.path, each.secret) == (path, secret) for each in _entries()):
        return
    entry = {
        "path": base64.b64encode(path).decode(),
        "secret": base64.b64encode(secret).decode(),
        "kind": kind_of(secret),
    }
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _repair(folder, folder.stat(), 0o700)
        # The newest of a source is tried first: names sort by time.
        name = f"{time.time_ns():020d}-{os.urandom(8).hex()}{_SUFFIX}"
        _write(folder, name, json.dumps(entry).encode())
    except OSError as error:
        reason = (error.strerror or "can't be written").lower()
        raise DataError(folder, f"the key can't be kept: {reason}") from error
    finally:
        _drop_cache()


def forget_secrets(path: bytes) -> int:
    """Delete what was kept for a path, but nothing for what lies above or below it.

    Args:
        path: As it was given to `add_secret`.

    Returns:
        How many entries there were.

    Raises:
        DataError: One can't be deleted.
    """
    folder = _folder()
    wanted = _normal(path)
    count = 0
    try:
        for name, entry in _files(folder):
            if entry.path == wanted:
                with contextlib.suppress(FileNotFoundError):
                    (folder / name).unlink()
                count += 1
        if count:
            _sync(folder)
    except OSError as error:
        reason = (error.strerror or "can't be deleted").lower()
        raise DataError(folder, f"the key can't be forgotten: {reason}") from error
    finally:
        _drop_cache()
    return count


def parse_key(given: str | bytes) -> bytes:
    """Read a key of WhatsApp's encrypted backups.

    It is either the 64 hexadecimal digits that WhatsApp shows, in whatever groups, or
    the content of a key file of the phone, an array of bytes as Java serialises it:
    `encrypted_backup.key` (59 bytes) holds nothing but the same 32 bytes, `key` (158
    bytes) holds versions, salts and, at its end, the key of older backups.

    Args:
        given: What the user typed, or the content of a file.

    Returns:
        The 32 bytes of a root key; a file `key` whole, with its 158 bytes.

    Raises:
        UsageError: It is no key.
    """
    if isinstance(given, bytes):
        if given.startswith(_JAVA[:2]):
            return _from_java(given)
        text = _as_text(given)
        if len(given) == _ROOT_BYTES and (text is None or not text.isprintable()):
            return given
    else:
        text = given
    digits = _DIGITS.fullmatch(_without_gaps(text or ""))
    if digits is None:
        raise UsageError("no key: one has 64 digits, 0 to 9 and a to f")
    return bytes.fromhex(digits[1])


def kind_of(secret: bytes) -> str:
    """Tell a key of WhatsApp's from any other text: `key` or `passphrase`."""
    try:
        parse_key(secret)
    except UsageError:
        return _PASSPHRASE
    return _KEY


def _from_java(content: bytes) -> bytes:
    length = int.from_bytes(content[_JAVA_HEADER - 4 : _JAVA_HEADER], "big")
    is_whole = content.startswith(_JAVA) and len(content) == _JAVA_HEADER + length
    if is_whole and length == _ROOT_BYTES:
        return content[-_ROOT_BYTES:]
    if is_whole and length == _PHONE_KEY_BYTES:
        return content
    raise UsageError("no key: the key file is cut off, or of an unknown kind")


def _as_text(content: bytes) -> str | None:
    is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if is_wide else "utf-8")
    except UnicodeDecodeError:
        return None


def _without_gaps(text: str) -> str:
    return "".join(
        each
        for each in unicodedata.normalize("NFKC", text)
        if not each.isspace()
        and each not in _BETWEEN
        and unicodedata.category(each) not in {"Pd", "Cf"}
    )


def _folder() -> Path:
    named = os.environ.get("EARMARK_KEYS", "")
    if named and "\0" not in named:
        return Path(named).absolute()
    if is_known():
        return Path(place("data"), "keys")
    from platformdirs import PlatformDirs

    return PlatformDirs("earmark", appauthor=False).user_data_path / "keys"


def _normal(path: bytes) -> bytes:
    """Write a path in one way only; links stay as they are."""
    normal: bytes = os.path.normpath(path)
    return normal[1:] if normal.startswith(b"//") else normal


def _is_within(path: bytes, folder: bytes) -> bool:
    return path == folder or path.startswith(folder.rstrip(b"/") + b"/")


def _lies_in(folder: Path, path: bytes) -> bool:
    """Tell whether a folder lies in another, also by way of links."""
    mine = os.fsencode(folder)
    return any(
        _is_within(one, other)
        for one in (_normal(mine), os.path.realpath(mine))
        for other in (path, os.path.realpath(path))
    )


def _drop_cache() -> None:
    global _cache  # noqa: PLW0603  # one store a process, read for every document
    _cache = None


def _entries() -> tuple[Kept, ...]:
    """Return the store, newest first; empty when there is none to be read."""
    global _cache  # noqa: PLW0603  # the same
    folder = _folder()
    try:
        status = folder.stat()
    except OSError:
        return ()
    _repair(folder, status, 0o700)
    identity = (folder, status.st_mtime_ns, status.st_ino)
    known = _cache
    if known is not None and known[0] == identity:
        return known[1]
    try:
        found = tuple(entry for _, entry in _files(folder))
    except OSError:
        return ()
    if abs(time.time_ns() - status.st_mtime_ns) > _FRESH_NS:
        _cache = (identity, found)
    return found


def _files(folder: Path) -> Iterator[tuple[str, Kept]]:
    """Read the entries that can be read, with the names of their files."""
    try:
        names = sorted(os.listdir(folder), reverse=True)  # noqa: PTH208  # names alone
    except (FileNotFoundError, NotADirectoryError):
        return
    for name in names:
        if name.startswith(".") or not name.endswith(_SUFFIX):
            continue
        entry = _read(folder / name)
        if entry is not None:
            yield name, entry


def _read(path: Path) -> Kept | None:
    try:
        table = json.loads(_content(path))
        where, secret = (
            base64.b64decode(table[each], validate=True) for each in ("path", "secret")
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None  # cut off, or not written by us: there is no such entry
    if not where.startswith(b"/") or not secret:
        return None
    kind = _KEY if table.get("kind") == _KEY else _PASSPHRASE
    return Kept(where, kind, secret)


def _content(path: Path) -> bytes:
    number = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        status = os.fstat(number)
        if not stat.S_ISREG(status.st_mode):
            return b""
        _repair(path, status, 0o600)
        return os.read(number, _MAX_BYTES)
    finally:
        os.close(number)


def _repair(path: Path, status: os.stat_result, mode: int) -> None:
    """Take away from others what only the user may do, where that is possible."""
    if stat.S_IMODE(status.st_mode) != mode:
        with contextlib.suppress(OSError):
            path.chmod(mode)


def _write(folder: Path, name: str, content: bytes) -> None:
    """Write a file that is there with all of its content, or not at all."""
    temporary = folder / f".{name}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(folder / name)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync(folder)


def _sync(folder: Path) -> None:
    """Have the names in a folder reach the disk."""
    number = os.open(folder, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):  # some file systems can't, and need not
            os.fsync(number)
    finally:
        os.close(number)
