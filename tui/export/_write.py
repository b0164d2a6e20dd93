"""Files that are there whole or not at all, and never in the place of another.

A file is written under a name of its own beside its target, brought to the disk, and
then given its name by a link, which fails where something is called so. A run that was
killed leaves its unfinished file: the next one finds it by its name, sees that nobody
holds a lock on it, and removes it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from tui.archives import open_quietly
from tui.errors import AudioError, DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = [
    "Folders",
    "Part",
    "copy_into",
    "holds",
    "new_part",
    "open_part",
    "plain_reason",
    "writing",
]

_PART = re.compile(r"\.earmark-[0-9a-f]{16}\.part\Z")
"""Names of unfinished files."""
_BLOCK = 1024 * 1024
_TRIES = 8

_NO_LINKS = frozenset(
    {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
)
"""What file systems without links say, such as FAT."""
_NAME_ERRORS = frozenset(
    {errno.EFBIG, errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ, errno.EOVERFLOW}
)
"""What is wrong with one file only: the others can be written."""


def plain_reason(error: OSError) -> str:
    """Say in a few words why a file can't be read or written."""
    if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ESTALE}:
        return "vanished"
    return (error.strerror or "can't be read").lower()


@contextlib.contextmanager
def writing(target: Path) -> Iterator[None]:
    """Turn what the system says about a write into an error of ours.

    Args:
        target: The file that is made.

    Raises:
        AudioError: This file can't be made, but others can.
        DataError: No file can be made there.
    """
    try:
        yield
    except OSError as error:
        kind = AudioError if error.errno in _NAME_ERRORS else DataError
        reason = (error.strerror or "can't be written").lower()
        raise kind(target, reason) from error


class Part:
    """An unfinished file, locked for as long as somebody works on it.

    Args:
        path: Its path.
        fd: Its descriptor.
    """

    def __init__(self, path: Path, fd: int) -> None:
        self.path = path
        self.fd = fd

    def keep(self, target: Path, sent_ms: int) -> bool:
        """Bring it to the disk and give it its name.

        Args:
            target: The path that it shall have.
            sent_ms: The time that it shall have.

        Returns:
            False when something is called so.

        Raises:
            OSError: It can't be done.
        """
        self.settle(sent_ms)
        return self.name(target)

    def settle(self, sent_ms: int) -> None:
        """Bring it to the disk.

        Args:
            sent_ms: The time that it shall have.

        Raises:
            OSError: It can't be done.
        """
        with contextlib.suppress(OverflowError, OSError):
            # A time that the file system can't keep is left out.
            os.utime(self.fd, ns=(sent_ms * 1_000_000, sent_ms * 1_000_000))
        os.fsync(self.fd)

    def name(self, target: Path) -> bool:
        """Give it its name; it must have been brought to the disk.

        Args:
            target: The path that it shall have.

        Returns:
            False when something is called so.

        Raises:
            OSError: It can't be done.
        """
        try:
            os.link(self.path, target)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            return _take_place(self.path, target)
        return True

    def replace(self, target: Path) -> None:
        """Bring it to the disk and put it in the place of another, in one step.

        Args:
            target: A file that was made by us, and by nobody else since.

        Raises:
            OSError: It can't be done.
        """
        with contextlib.suppress(OSError):  # who may read it stays as it was
            os.fchmod(self.fd, stat.S_IMODE(target.lstat().st_mode))
        # The time is now: servers tell by it whether there is something new.
        os.utime(self.fd)
        os.fsync(self.fd)
        self.path.replace(target)

    def close(self) -> None:
        """Let it go; what was not given a name is gone."""
        with contextlib.suppress(OSError):  # it took the target's place, or is away
            self.path.unlink()
        os.close(self.fd)


def _take_place(path: Path, target: Path) -> bool:
    """Rename without links: an empty file of ours keeps the place until then."""
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    try:
        path.replace(target)
    except BaseException:
        target.unlink()
        raise
    return True


@contextlib.contextmanager
def new_part(folder: Path) -> Iterator[Part]:
    """Begin a file; what was not kept of it is gone at the end.

    Args:
        folder: Where.

    Yields:
        The unfinished file.

    Raises:
        OSError: It can't be made.
    """
    part = open_part(folder)
    try:
        yield part
    finally:
        part.close()


def open_part(folder: Path) -> Part:
    """Begin a file, which must be closed.

    Args:
        folder: Where.

    Raises:
        OSError: It can't be made.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    for _ in range(_TRIES):
        path = folder / f".earmark-{secrets.token_hex(8)}.part"
        fd = os.open(path, flags, 0o666)
        with contextlib.suppress(OSError):  # some network disks know no locks
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(fd).st_nlink:
            return Part(path, fd)
        os.close(fd)  # another run took it for a left one, ahead of the lock
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(folder))


def _sweep(folder: Path) -> None:
    """Remove what runs left that were killed."""
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if _PART.match(entry.name)]
    for name in names:
        with contextlib.suppress(OSError):  # locked: another run works on it
            fd = os.open(folder / name, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                (folder / name).unlink()
            finally:
                os.close(fd)


def _identity(folder: Path) -> tuple[int, int]:
    info = folder.stat()
    return info.st_dev, info.st_ino


class Folders:
    """The folders that files are saved in: none of them lies in a source.

    Args:
        roots: The folders of the sources.
    """

    def __init__(self, roots: Iterable[bytes]) -> None:
        self._roots: dict[Path | tuple[int, int], str] = {}
        """By real path, and by what the system knows it as: a folder may have two
        names, by another case or as a mount, and one that is away only has a name."""
        for root in map(os.fsdecode, roots):
            self._roots[Path(os.path.realpath(root))] = root
            with contextlib.suppress(OSError):
                self._roots[_identity(Path(root))] = root
        self._checked: set[Path] = set()
        self._ready: set[Path] = set()

    def check(self, folder: Path) -> None:
        """Refuse a folder in a source, by whatever links its path leads there.

        Args:
            folder: The folder, which need not be there yet.

        Raises:
            DataError: It is a source, or lies in one.
        """
        if folder in self._checked:
            return
        with writing(folder):
            real = Path(os.path.realpath(folder))
            for each in (real, *real.parents):
                root = self._roots.get(each)
                with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                    root = root or self._roots.get(_identity(each))
                if root is not None:
                    reason = f"lies in the source {root}, which is only read"
                    raise DataError(folder, reason)
        self._checked.add(folder)

    def prepare(self, folder: Path) -> None:
        """Make a folder if it is not there, and tidy up in it.

        Args:
            folder: The folder.

        Raises:
            DataError: It lies in a source, or can't be made.
        """
        if folder in self._ready:
            return
        self.check(folder)
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            _sweep(folder)
        self._ready.add(folder)

    def finish(self) -> None:
        """Bring the names in all folders to the disk."""
        for folder in self._ready:
            with contextlib.suppress(OSError):  # some file systems can't
                fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
                try:
                    os.fsync(fd)
                finally:
                    os.close(fd)


def copy_into(
    part: Part, source: bytes, passed: Callable[[float], None] | None = None
) -> int:
    """Copy a recording byte by byte.

    Args:
        part: Where to.
        source: The absolute path; also that of a member of an archive.
        passed: Told now and then which share is done; what it raises ends it.

    Returns:
        How many bytes.

    Raises:
        AudioError: It can't be read, or was changed meanwhile.
        OSError: It can't be written.
    """
    with _reading(source) as fd:
        before = os.fstat(fd)
        size = 0
        while count := _copied(fd, part.fd, source, before.st_size - size):
            size += count
            if passed is not None:
                passed(min(1.0, size / max(1, before.st_size)))
        after = os.fstat(fd)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise AudioError(source, "was changed while it was read")
    return size


def _copied(fd: int, other: int, source: bytes, left: int) -> int:
    """Copy a block from one file to another; gives its size, 0 at the end."""
    # By the system itself, as far as it can; what it can't, reading on tells.
    if left > 0:
        with contextlib.suppress(OSError, AttributeError):
            count = os.copy_file_range(fd, other, min(left, _BLOCK))
            if count:
                return count
    block = _read(fd, source)
    rest = memoryview(block)
    while rest:
        rest = rest[os.write(other, rest) :]
    return len(block)


def holds(target: Path, source: bytes) -> bool:
    """Tell whether a file has the same content as a recording.

    Args:
        target: A file that is there.
        source: The absolute path of the recording.

    Raises:
        AudioError: The recording can't be read.
    """
    with _reading(source) as fd:
        try:
            other = os.open(target, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            if os.fstat(fd).st_size != os.fstat(other).st_size:
                return False
            while block := _read(fd, source):
                if os.read(other, len(block)) != block:
                    return False
        except OSError:
            return False
        finally:
            os.close(other)
    return True


@contextlib.contextmanager
def _reading(source: bytes) -> Iterator[int]:
    try:
        fd = open_quietly(source)
    except OSError as error:
        raise AudioError(source, plain_reason(error)) from error
    try:
        yield fd
    finally:
        os.close(fd)


def _read(fd: int, source: bytes) -> bytes:
    try:
        return os.read(fd, _BLOCK)
    except OSError as error:
        raise AudioError(source, plain_reason(error)) from error
