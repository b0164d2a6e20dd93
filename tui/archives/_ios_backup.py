"""Backups of an iPhone, as Finder, iTunes and libimobiledevice make them.

A backup is a folder: `Manifest.db` lists the files (table `Files`: id, domain, path and
a keyed archive with size, time and key), `Manifest.plist` says whether it is encrypted,
and the bytes of a file lie at the first two digits of its id, then the id. The id is
the SHA-1 of domain, dash and path.

`Manifest.db` is the archive: its members are `<domain>/<path>`, and only what can hold
notes or tells about them: of WhatsApp, Voice Memos, Messages and the voicemail.
"""

from __future__ import annotations

import errno
import os
import plistlib
import re
import shutil
import sqlite3
import stat
import tempfile
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote
from xml.parsers.expat import ExpatError

from tui.archives._api import Member
from tui.archives._files import open_file, open_quietly
from tui.archives._ios_crypt import decrypted, file_key, unlocked
from tui.errors import DocumentError, PartialError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import BinaryIO

    from tui.archives._ios_crypt import KeyBag

__all__ = ["IosBackupFormat"]

_INDEX = b"Manifest.db"
_SQLITE = b"SQLite format 3\0"
_PLIST_LIMIT = 64 * 1024 * 1024
_BLOB_LIMIT = 1024 * 1024
_PLIST_ERRORS = (
    *(ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError),
    *(RecursionError, ExpatError),
)
"""What a broken property list raises; plistlib makes no error of its own of most."""

_AUDIO = r"\.(?:opus|ogg|oga|m4a|aac|mp3|wav|amr|awb|caf|qta|flac|wma|aiff?)"
_LOG = r"(?:-wal|-shm)?"
_WHATSAPP = re.compile(
    rf"(?:ChatStorage|ContactsV2|LID)\.sqlite{_LOG}"
    # Round videos are films by their names; what they are, ChatStorage tells.
    rf"|Message/Media/.+(?:{_AUDIO}|\.mp4)",
    re.IGNORECASE | re.DOTALL,
)
_MEMOS = re.compile(
    rf"(?:(?:Media|Library)/)?Recordings/"
    rf"(?:[^/]+\.(?:m4a|qta)|(?:Cloud)?Recordings\.db{_LOG})",
    re.IGNORECASE | re.DOTALL,
)
_HOME = re.compile(
    rf"Library/SMS/sms\.db{_LOG}"
    rf"|Library/Voicemail/(?:[^/]+\.amr|voicemail\.db{_LOG})",
    re.IGNORECASE | re.DOTALL,
)
_MEDIA = re.compile(
    rf"Library/SMS/Attachments/.+{_AUDIO}|{_MEMOS.pattern}", re.IGNORECASE | re.DOTALL
)
_WANTED = {
    "AppDomainGroup-group.net.whatsapp.WhatsApp.shared": _WHATSAPP,
    "AppDomainGroup-group.net.whatsapp.WhatsAppSMB.shared": _WHATSAPP,
    "AppDomainGroup-group.com.apple.VoiceMemos.shared": _MEMOS,
    "AppDomain-com.apple.VoiceMemos": _MEMOS,
    "HomeDomain": _HOME,
    "MediaDomain": _MEDIA,
}
"""By domain, the paths that matter."""

_ID = re.compile(r"[0-9a-f]{40}")
_SHARD = re.compile(rb"[0-9a-f]{2}")
_UNSAFE = re.compile(r"(?:^|/)(?:\.{0,2})(?:/|$)|\0")
"""Empty parts, `.` and `..`, also at the ends."""


class IosBackupFormat:
    """A backup of an iPhone or iPad (iOS 10 and later), plain or encrypted."""

    def fits(self, folder: bytes, name: bytes) -> bool:
        """Tell whether a file can be the index of a backup, by its name.

        Args:
            folder: The path of its folder.
            name: Its name.
        """
        del folder
        return name == _INDEX

    def open(self, path: bytes, secrets: Sequence[bytes]) -> _Backup:
        """Open a backup.

        Args:
            path: The absolute path of its `Manifest.db`.
            secrets: Passphrases that the user gave for it.

        Raises:
            PartialError: It is still being made or copied.
            LockedError: It is encrypted, and no passphrase opens it, or the package
                that can is not installed.
            DocumentError: It is no backup, or broken.
            OSError: It can't be read.
        """
        folder = path[: -len(_INDEX) - 1] or b"/"
        manifest = _manifest(path, folder)
        _check_finished(path, folder)
        with open_file(path) as file:
            head = file.read(100)
        if not head:
            raise PartialError(path, "the index of the backup is empty")
        is_plain = head.startswith(_SQLITE)
        bag: KeyBag | None = None
        if manifest.get("IsEncrypted"):
            bag = unlocked(path, manifest.get("BackupKeyBag"), secrets)
        if is_plain:
            _check_whole(path, head, os.stat(path).st_size)
            return _Backup(path, folder, _plain_index(path), bag)
        if bag is None:
            if _SQLITE.startswith(head):
                raise PartialError(path, "the index of the backup is cut off")
            raise DocumentError(path, "the index of the backup is no database")
        return _Backup(path, folder, _secret_index(path, manifest, bag), bag)


class _Entry(NamedTuple):
    """A file of the backup that is there."""

    place: bytes
    """Where it lies on the disk."""
    size: int
    mtime_ns: int
    wrapped: bytes | None
    """The wrapped key; None for plain bytes."""


class _Backup:
    """An open backup: the connection to its index, and its keys."""

    def __init__(
        self, path: bytes, folder: bytes, index: sqlite3.Connection, bag: KeyBag | None
    ) -> None:
        self._path = path
        self._folder = folder
        self._index = index
        self._bag = bag
        index.text_factory = lambda data: data.decode("utf-8", "replace")
        try:
            index.execute("SELECT fileID, domain, relativePath, flags, file FROM Files")
        except sqlite3.Error as error:
            index.close()
            raise self._failed(error) from error

    def members(self) -> Iterator[Member]:
        """List the files that matter and are there.

        Raises:
            PartialError: The index is cut off or damaged.
        """
        marks = ", ".join("?" * len(_WANTED))
        # Flag 1 is a file, 2 a folder, 4 a link.
        query = (
            "SELECT fileID, domain, relativePath, file FROM Files"  # noqa: S608  # marks
            f" WHERE flags = 1 AND domain IN ({marks})"
        )
        try:
            for number, domain, path, blob in self._index.execute(query, [*_WANTED]):
                if not _is_wanted(domain, path):
                    continue
                found = self._entry(number, blob)
                if found is not None:
                    name = f"{domain}/{path}".encode()
                    yield Member(name, found.size, found.mtime_ns)
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def open(self, path: bytes) -> BinaryIO:
        """Open a member: of a plain backup the real file.

        Args:
            path: `<domain>/<path>`.

        Raises:
            OSError: It is not there, or can't be read.
        """
        domain, _, inner = path.decode("utf-8", "replace").partition("/")
        found = None
        if _is_wanted(domain, inner):
            query = (
                "SELECT fileID, file FROM Files"
                " WHERE domain = ? AND relativePath = ? AND flags = 1"
            )
            try:
                row = self._index.execute(query, (domain, inner)).fetchone()
            except sqlite3.Error as error:
                raise OSError(errno.EIO, str(error), self._path) from error
            found = row and self._entry(*row)
        if not found:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        if found.wrapped is not None:
            return self._decrypted(found.place, found.wrapped)
        return os.fdopen(open_quietly(found.place), "rb")

    def close(self) -> None:
        """Close the index."""
        self._index.close()

    def _entry(self, number: object, blob: object) -> _Entry | None:
        """Find a file on the disk; None when it is not there."""
        if not isinstance(number, str) or not _ID.fullmatch(number):
            return None
        place = os.path.join(self._folder, number[:2].encode(), number.encode())
        try:
            status = os.lstat(place)
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        facts = _facts(blob)
        size = status.st_size
        wrapped = facts.wrapped if self._bag is not None else None
        if wrapped is not None:
            size = self._plain_size(place, size, facts.size, wrapped)
        mtime_ns = status.st_mtime_ns
        if facts.modified is not None:
            mtime_ns = facts.modified * 1_000_000_000
        return _Entry(place, size, mtime_ns, wrapped)

    def _plain_size(
        self, place: bytes, size: int, told: int | None, wrapped: bytes
    ) -> int:
        # The size that the index tells of a live database is often an older one. Keys
        # are unwrapped only where it matters: it takes longer than all the rest.
        if told is not None and told < size <= told + 16:
            return told
        try:
            with self._decrypted(place, wrapped) as file:
                return file.seek(0, os.SEEK_END)
        except OSError:
            return size

    def _decrypted(self, place: bytes, wrapped: bytes) -> BinaryIO:
        key = file_key(self._bag, wrapped) if self._bag is not None else None
        if key is None:
            raise OSError(errno.EACCES, "its key can't be unwrapped", place)
        return decrypted(os.fdopen(open_quietly(place), "rb"), key)

    def _failed(self, error: sqlite3.Error) -> DocumentError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            return PartialError(
                self._path, "the index of the backup is cut off or damaged"
            )
        return DocumentError(self._path, f"no index of a backup: {error}")


def _is_wanted(domain: object, path: object) -> bool:
    if not isinstance(domain, str) or not isinstance(path, str):
        return False
    pattern = _WANTED.get(domain)
    if pattern is None or not pattern.fullmatch(path):
        return False
    return not _UNSAFE.search(path)


class _Facts(NamedTuple):
    """What the index keeps of a file; None for what it does not tell."""

    size: int | None = None
    modified: int | None = None
    """Seconds since 1970."""
    wrapped: bytes | None = None
    """The protection class and the wrapped key."""


def _facts(blob: object) -> _Facts:
    """Read the keyed archive of one file (class MBFile)."""
    if not isinstance(blob, bytes) or len(blob) > _BLOB_LIMIT:
        return _Facts()
    try:
        archive = plistlib.loads(blob, fmt=plistlib.FMT_BINARY)
        things = archive["$objects"]
        root = things[archive["$top"]["root"].data]
        wrapped = root.get("EncryptionKey")
        if isinstance(wrapped, plistlib.UID):
            wrapped = things[wrapped.data]
        if isinstance(wrapped, dict):
            wrapped = wrapped.get("NS.data")
        size, modified = root.get("Size"), root.get("LastModified")
    except _PLIST_ERRORS:
        return _Facts()
    return _Facts(
        size if isinstance(size, int) and 0 <= size < 1 << 62 else None,
        modified if isinstance(modified, int) and 0 < modified < 1 << 33 else None,
        wrapped if isinstance(wrapped, bytes) else None,
    )


def _read_plist(path: bytes) -> Mapping[str, object] | None:
    """Read a property list; None when it can't be understood."""
    with open_file(path) as file:
        data = file.read(_PLIST_LIMIT)
    try:
        found = plistlib.loads(data)
    except _PLIST_ERRORS:
        return None
    return found if isinstance(found, dict) else None


def _manifest(path: bytes, folder: bytes) -> Mapping[str, object]:
    """Read `Manifest.plist`, which together with a folder of files tells a backup."""
    has_files = False
    with os.scandir(folder) as entries:
        for entry in entries:
            if _SHARD.fullmatch(entry.name) and entry.is_dir():
                has_files = True
                break
    try:
        manifest = _read_plist(os.path.join(folder, b"Manifest.plist"))
    except FileNotFoundError as error:
        if not has_files:
            raise DocumentError(path, "no index of a backup of an iPhone") from error
        raise PartialError(path, "Manifest.plist of the backup is not there") from error
    if not has_files:
        raise PartialError(path, "the files of the backup are not there")
    if manifest is None:
        raise PartialError(path, "Manifest.plist of the backup is cut off or damaged")
    return manifest


def _check_finished(path: bytes, folder: bytes) -> None:
    try:
        status = _read_plist(os.path.join(folder, b"Status.plist"))
    except FileNotFoundError:
        return
    state = (status or {}).get("SnapshotState")
    if isinstance(state, str) and state != "finished":
        raise PartialError(path, "the backup is not finished")


def _check_whole(path: bytes, head: bytes, size: int) -> None:
    """Compare the length of a database with what its header says (100 bytes)."""
    page = int.from_bytes(head[16:18], "big")
    page = 65536 if page == 1 else page
    # The number of pages counts only where both change counters agree.
    pages = int.from_bytes(head[28:32], "big") if head[24:28] == head[92:96] else 1
    if len(head) < 100 or size < page * pages:
        raise PartialError(path, "the index of the backup is cut off")


def _plain_index(path: bytes) -> sqlite3.Connection:
    # Apple's index is in WAL mode without a log: only `immutable` reads it as it is.
    return sqlite3.connect(f"file:{quote(path)}?mode=ro&immutable=1", uri=True)


def _secret_index(
    path: bytes, manifest: Mapping[str, object], bag: KeyBag
) -> sqlite3.Connection:
    """Open an encrypted index, decrypted into a file that has no name."""
    wrapped = manifest.get("ManifestKey")
    key = file_key(bag, wrapped) if isinstance(wrapped, bytes) else None
    if key is None:
        raise DocumentError(path, "Manifest.plist holds no key for the index")
    with decrypted(open_file(path), key) as plain:
        size = plain.seek(0, os.SEEK_END)
        plain.seek(0)
        head = plain.read(100)
        if not head.startswith(_SQLITE):
            raise DocumentError(path, "the index of the backup can't be decrypted")
        _check_whole(path, head, size)
        return _nameless(head, plain)


def _nameless(head: bytes, rest: BinaryIO) -> sqlite3.Connection:
    number, name = tempfile.mkstemp(prefix="earmark-")
    with os.fdopen(number, "wb") as file:
        try:
            # SQLite opens the file now, and looks into it when it is asked: the name
            # is gone before the first byte is written.
            connection = sqlite3.connect(f"file:{quote(name)}?mode=ro", uri=True)
        finally:
            os.unlink(name)
        try:
            # Not in WAL mode any more: there is no place for a log.
            file.write(head[:18] + b"\1\1" + head[20:])
            shutil.copyfileobj(rest, file, 1 << 20)
        except BaseException:
            connection.close()
            raise
    return connection
