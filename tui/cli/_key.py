"""`key`: keep what opens encrypted backups, list it, forget it."""

from __future__ import annotations

import getpass
import os
import sys
import unicodedata
import warnings
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tui.cli._library import absolute
from tui.cli._objects import plain
from tui.cli._output import Out, complain, counted
from tui.errors import DataError, DocumentError, LockedError, SourceError, UsageError
from tui.keys import add_secret, forget_secrets, kept_secrets, kind_of
from tui.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.config import Settings

__all__ = ["key", "why_locked"]

_NOTHING = 1
_DEPTH = 3
_MAX_FILES = 2000
_MAX_BYTES = 16 * 1024
_LIKELY = frozenset({b"databases", b"backups"})
"""Where WhatsApp keeps its backups; thousands of pictures may lie beside them."""
_PHONE_INDEX = b"Manifest.db"


def key(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark key`."""
    del settings  # keys have a place of their own
    action = said["action"]
    if action == "list":
        if said["source"] is not None:
            raise UsageError("key list takes no SOURCE (see earmark key --help)")
        return _list(as_json=said["json"])
    if said["source"] is None:
        raise UsageError(f"key {action} needs a SOURCE (see earmark key --help)")
    source = absolute(said["source"])
    if action == "forget":
        return _forget(source, as_json=said["json"])
    return _add(source, said)


def _list(*, as_json: bool) -> int:
    kept = kept_secrets()
    out = Out()
    if as_json:
        out.array({"path": plain(each.path), "kind": each.kind} for each in kept)
    else:
        out.table([(each.kind, printable(plain(each.path))) for each in kept])
    if not kept:
        complain("no keys are kept: earmark key add SOURCE keeps one")
        return _NOTHING
    return 0


def _forget(source: bytes, *, as_json: bool) -> int:
    count = forget_secrets(source)
    if as_json:
        Out().object({"path": plain(source), "forgotten": count})
    elif count:
        Out().line(f"forgot {counted(count, 'key')}")
    if not count:
        complain(f"{plain(source)}: no key is kept for it (see earmark key list)")
        return _NOTHING
    return 0


def _add(source: bytes, said: dict[str, Any]) -> int:
    if not said["keep"] and not os.path.lexists(source):
        raise SourceError(source, "it is not there; --keep keeps a key all the same")
    secret = _given(said["file"])
    kind = kind_of(secret)
    found = opened = 0
    reason = ""
    for backup in _backups(source):
        problem = backup.problem(secret)
        if problem is None:
            opened += 1
        reason = reason or problem or ""
        found += 1
    if found and not opened and not said["keep"]:
        backups = counted(found, "encrypted backup")
        raise LockedError(
            source,
            f"the {kind} opens none of {backups} there, so it is not kept: {reason}",
        )
    add_secret(source, secret)
    if said["json"]:
        told = {"path": plain(source), "kind": kind, "backups": found, "opens": opened}
        Out().object(told)
    elif found:
        backups = counted(found, "encrypted backup")
        Out().line(f"the {kind} opens {opened:,} of {backups}; it is kept")
    else:
        Out().line(f"the {kind} is kept; no encrypted backup is there to try it on")
    return 0


def _given(file: Path | None) -> bytes:
    """Read a key or passphrase, from where nobody else can see it.

    Args:
        file: Where the user says that it stands; None for standard input.

    Raises:
        UsageError: There is none.
        DataError: The file can't be read.
    """
    if file is not None:
        given = _content(file)
    elif sys.stdin is None:  # closed
        given = b""
    elif sys.stdin.isatty():
        given = _asked()
    else:
        given = sys.stdin.buffer.read(_MAX_BYTES + 1)
    if kind_of(given) == "key":
        return given
    given = given.rstrip(b"\r\n")
    if not given:
        raise UsageError("no key or passphrase was given")
    if len(given) > _MAX_BYTES or not _is_line(given):
        raise UsageError("what was given is no key, and no passphrase of one line")
    return given


def _is_line(given: bytes) -> bool:
    try:
        return not any(unicodedata.category(each) == "Cc" for each in given.decode())
    except UnicodeDecodeError:
        return False


def _content(file: Path) -> bytes:
    try:
        with Path(os.path.expanduser(file)).open("rb") as opened:  # noqa: PTH111  # Path.expanduser raises for an unknown user
            return opened.read(_MAX_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or "can't be read").lower()
        raise DataError(file, reason) from error


def _asked() -> bytes:
    """Ask on the terminal; where that would show what is typed, nobody is asked."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            typed = getpass.getpass("key or passphrase (not shown): ")
        except getpass.GetPassWarning:
            raise UsageError("the terminal would show the key; use --file") from None
        except EOFError:
            return b""
    return typed.encode(errors="surrogateescape")


class _Backup:
    """An encrypted backup that a key can be tried on."""

    def __init__(self, path: bytes) -> None:
        self.path = path

    def problem(self, secret: bytes) -> str | None:
        """Say why a secret does not open it; None when it does."""
        from tui.documents._document import Document
        from tui.documents._whatsapp_backup import is_opened_by

        try:
            opens = is_opened_by(Document(self.path), secret)
        except OSError as error:
            return (error.strerror or "can't be read").lower()
        except DocumentError as error:
            return error.reason
        return None if opens else "it is not the key of WhatsApp's backups there"


class _PhoneBackup(_Backup):
    """A backup of an iPhone, whose passphrase takes seconds to try."""

    @override
    def problem(self, secret: bytes) -> str | None:
        try:
            self._open(secret)
        except OSError as error:
            return (error.strerror or "can't be read").lower()
        except DocumentError as error:
            return error.reason
        return None

    def is_locked(self) -> bool:
        """Tell whether it is a whole backup, and encrypted."""
        try:
            self._open()
        except LockedError:
            return True
        except (OSError, DocumentError):
            return False
        return False

    def _open(self, *secrets: bytes) -> None:
        from tui.archives import format_of

        folder, _, name = self.path.rpartition(b"/")
        kind = format_of(folder, name)
        if kind is not None:
            kind.open(self.path, secrets).close()


def why_locked(path: bytes, secret: bytes) -> str:
    """Say why a secret does not open an encrypted backup; empty when it does.

    Args:
        path: The file of WhatsApp's backup, or the index of an iPhone's.
        secret: A key or passphrase.
    """
    is_phone = path.rpartition(b"/")[2] == _PHONE_INDEX
    backup = _PhoneBackup(path) if is_phone else _Backup(path)
    return backup.problem(secret) or ""


def _backups(source: bytes) -> Iterator[_Backup]:
    """Find the encrypted backups in a source, not too deep in it."""
    from tui.documents._whatsapp_backup import WhatsAppBackup

    whatsapp = WhatsAppBackup()
    for path in _files(source):
        folder, _, name = path.rpartition(b"/")
        if whatsapp.fits(folder, name):
            yield _Backup(path)
        elif name == _PHONE_INDEX:
            phone = _PhoneBackup(path)
            if phone.is_locked():
                yield phone


def _files(source: bytes) -> Iterator[bytes]:
    """List files, those of the upper folders first; links are not followed."""
    if not os.path.isdir(source):  # noqa: PTH112  # bytes
        yield source
        return
    left = _MAX_FILES
    folders = deque([(source, 0)])
    while folders:
        folder, depth = folders.popleft()
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=_order)
        except OSError:
            continue
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                if depth < _DEPTH:
                    folders.append((entry.path, depth + 1))
            elif entry.is_file(follow_symlinks=False):
                if not left:
                    return
                left -= 1
                yield entry.path


def _order(entry: os.DirEntry[bytes]) -> tuple[bool, bytes]:
    return entry.name.lower() not in _LIKELY, entry.name
