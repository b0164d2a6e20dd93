"""Checking a bundle: every file again, and nothing else; no library is needed.

What a bundle says is not believed: its lists may name files anywhere, and its files may
be links or pipes by now. Nothing outside of its folder is opened, no link followed, no
pipe waited for.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import stat
from enum import StrEnum
from typing import IO, TYPE_CHECKING, NamedTuple

from tui.errors import DataError
from tui.export._bundle import CSV, MANIFEST, README_NAME, SUMS
from tui.export._manifest import FORMAT, VERSION, read_sum
from tui.export._write import plain_reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["Finding", "Flaw", "Report", "verify"]

_BLOCK = 1024 * 1024
_MOST_FILES = 1_000_000
_LONGEST_NAME = 16_384
"""Bytes of a line in the list of hashes."""
_LONGEST_NOTE = 64 * 1024 * 1024
"""Bytes of a line in the manifest."""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC


class Flaw(StrEnum):
    """What is wrong with a file of a bundle."""

    CHANGED = "changed"
    MISSING = "missing"
    ADDITIONAL = "additional"
    UNREADABLE = "unreadable"
    MANIFEST = "manifest"
    """The lists can't be understood, or say different things."""


class Finding(NamedTuple):
    """Something that is wrong."""

    flaw: Flaw
    path: bytes
    """Relative to the bundle."""
    reason: str = ""


class Report(NamedTuple):
    """How a bundle stands."""

    files: int
    """How many are listed."""
    notes: int
    """How many the manifest tells of, also without a file."""
    size: int
    """Bytes that were read."""
    fingerprint: str
    """The SHA-256 of the list of hashes, in hex."""
    findings: tuple[Finding, ...]

    @property
    def is_whole(self) -> bool:
        """Whether all is as it was written."""
        return not self.findings


class _Seen:
    """What is known of a file that is listed."""

    __slots__ = ("is_told", "sha256", "size")

    def __init__(self, sha256: bytes) -> None:
        self.sha256 = sha256
        self.size: int | None = None
        self.is_told = False
        """Whether the manifest has it, too."""


def verify(folder: Path, tick: Callable[[int, int], None] | None = None) -> Report:
    """Check a bundle.

    Args:
        folder: The bundle.
        tick: Called with the files that were read, and how many there are; it may
            raise to end it.

    Raises:
        DataError: It is no bundle, or is not finished.
    """
    try:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        reason = (error.strerror or "can't be read").lower()
        raise DataError(folder, reason) from error
    try:
        return _Check(folder, fd, tick or (lambda _done, _total: None)).report()
    finally:
        os.close(fd)


class _Check:
    def __init__(self, folder: Path, fd: int, tick: Callable[[int, int], None]) -> None:
        self._folder = folder
        self._fd = fd
        self._tick = tick
        self._findings: list[Finding] = []
        self._listed: dict[bytes, _Seen] = {}
        self._size = self._notes = self._done = 0

    def report(self) -> Report:
        fingerprint = self._read_sums()
        for done, (path, seen) in enumerate(self._listed.items()):
            self._done = done
            self._tick(done, len(self._listed))
            self._read_file(path, seen)
        self._read_manifest()
        self._look_for_others()
        found = tuple(self._findings)
        return Report(len(self._listed), self._notes, self._size, fingerprint, found)

    def _wrong(self, flaw: Flaw, path: bytes, reason: str = "") -> None:
        self._findings.append(Finding(flaw, path, reason))

    # The list of hashes

    def _read_sums(self) -> str:
        name = SUMS.encode()
        try:
            file = os.fdopen(_opened(self._fd, name), "rb")
        except OSError as error:
            why = "is no bundle, or an unfinished one: it has no SHA256SUMS"
            if error.errno != errno.ENOENT:
                why = f"its SHA256SUMS can't be read: {plain_reason(error)}"
            raise DataError(self._folder, why) from error
        digest = hashlib.sha256()
        with file:
            for number, line in enumerate(self._lines(file, name, _LONGEST_NAME), 1):
                digest.update(line)
                self._list(line, number)
        for needed in (MANIFEST, CSV, README_NAME):
            if needed.encode() not in self._listed:
                self._wrong(Flaw.MANIFEST, name, f"does not list {needed}")
        return digest.hexdigest()

    def _list(self, line: bytes, number: int) -> None:
        said = read_sum(line)
        path = said[1] if said else b""
        why = ""
        if said is None:
            why = "is no hash and name"
        elif not _is_inside(path):
            why = f"names a file outside of the bundle: {_text(path)}"
        elif path == SUMS.encode() or path in self._listed:
            why = f"lists {_text(path)} twice"
        if why or said is None:
            self._wrong(Flaw.MANIFEST, SUMS.encode(), f"line {number:,} {why}")
            return
        if len(self._listed) == _MOST_FILES:
            raise DataError(self._folder, f"lists more than {_MOST_FILES:,} files")
        self._listed[path] = _Seen(bytes.fromhex(said[0]))

    def _lines(self, file: IO[bytes], name: bytes, longest: int) -> Iterator[bytes]:
        """Read a text line by line.

        Raises:
            DataError: It can't be read, or has no lines.
        """
        path = self._folder / os.fsdecode(name)
        while True:
            try:
                line = file.readline(longest + 1)
            except OSError as error:
                raise DataError(path, plain_reason(error)) from error
            if len(line) > longest:
                raise DataError(path, "has too long a line: it is none of a bundle")
            if not line:
                return
            yield line

    # The files

    def _read_file(self, path: bytes, seen: _Seen) -> None:
        try:
            fd = _opened(self._fd, path)
        except FileNotFoundError:
            self._wrong(Flaw.MISSING, path)
            return
        except OSError as error:
            self._wrong(Flaw.UNREADABLE, path, plain_reason(error))
            return
        digest = hashlib.sha256()
        size = 0
        try:
            while block := os.read(fd, _BLOCK):
                digest.update(block)
                size += len(block)
                self._tick(self._done, len(self._listed))
        except OSError as error:
            self._wrong(Flaw.UNREADABLE, path, plain_reason(error))
            return
        finally:
            os.close(fd)
        self._size += size
        seen.size = size
        if digest.digest() != seen.sha256:
            self._wrong(Flaw.CHANGED, path, "its SHA-256 is another one")

    def _look_for_others(self) -> None:
        """Find what is not listed; no link is followed."""
        for path in _files_below(self._fd, b""):
            if path not in self._listed and path != SUMS.encode():
                self._wrong(Flaw.ADDITIONAL, path)

    # The manifest

    def _read_manifest(self) -> None:
        name = MANIFEST.encode()
        try:
            fd = _opened(self._fd, name)
        except OSError:
            if name not in self._listed:
                self._wrong(Flaw.MISSING, name)
            return  # or told already
        with os.fdopen(fd, "rb") as file:
            try:
                why = self._compare(self._lines(file, name, _LONGEST_NOTE))
            except DataError as error:  # what else is wrong shall be told as well
                why = error.reason
        if why:
            self._wrong(Flaw.MANIFEST, name, why)
            return
        not_notes = {MANIFEST.encode(), CSV.encode(), README_NAME.encode()}
        for path, seen in self._listed.items():
            if not seen.is_told and path not in not_notes:
                self._wrong(Flaw.MANIFEST, name, f"does not tell of {_text(path)}")

    def _compare(self, lines: Iterator[bytes]) -> str:
        """Compare what the manifest says with what was read.

        Returns:
            Why it can't be understood; empty when it can.
        """
        try:
            head = json.loads(next(lines, b"").decode().rstrip("\n") + "]}")
            if (head["format"], head["version"]) != (FORMAT, VERSION):
                return "has another version, which this Earmark does not know"
            for line in lines:
                if line.startswith(b"]"):
                    totals = json.loads("{" + line.decode().partition(", ")[2])
                    is_all = totals["totals"]["notes"] == self._notes
                    return "" if is_all else "has not as many notes as it says"
                self._compare_note(json.loads(line.decode().rstrip(",\n")))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return "can't be understood"
        return "ends too early"

    def _compare_note(self, told: dict[str, object]) -> None:
        self._notes += 1
        name, manifest = told["file"], MANIFEST.encode()
        if name is None:
            return
        path = str(name).encode(errors="surrogateescape")
        seen = self._listed.get(path)
        label = _text(path)
        if seen is None:
            self._wrong(Flaw.MANIFEST, manifest, f"tells of {label}, which is no file")
            return
        if seen.is_told:
            self._wrong(Flaw.MANIFEST, manifest, f"tells of {label} twice")
        seen.is_told = True
        if told["sha256"] != seen.sha256.hex():
            why = f"has another SHA-256 for {label} than {SUMS}"
            self._wrong(Flaw.MANIFEST, manifest, why)
        if seen.size is not None and told["size"] != seen.size:
            self._wrong(Flaw.MANIFEST, manifest, f"has another size for {label}")


def _text(path: bytes) -> str:
    return path.decode(errors="backslashreplace")


def _is_inside(path: bytes) -> bool:
    """Tell whether a path stays in the folder that it is relative to."""
    return b"\0" not in path and not {b"", b".", b".."} & set(path.split(b"/"))


def _opened(folder: int, path: bytes) -> int:
    """Open a regular file below a folder, by no link.

    Raises:
        OSError: It can't be read, or is none.
    """
    *above, name = path.split(b"/")
    with contextlib.ExitStack() as stack:
        for each in above:
            folder = _entered(folder, each)
            stack.callback(os.close, folder)
        _require_regular(os.stat(name, dir_fd=folder, follow_symlinks=False))
        fd = os.open(name, _FILE, dir_fd=folder)
    try:
        _require_regular(os.fstat(fd))
    except BaseException:
        os.close(fd)
        raise
    return fd


def _entered(folder: int, name: bytes) -> int:
    if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
        raise OSError(errno.ELOOP, "lies behind a link")
    return os.open(name, _FOLDER, dir_fd=folder)


def _require_regular(info: os.stat_result) -> None:
    if stat.S_ISLNK(info.st_mode):
        raise OSError(errno.ELOOP, "is a link")
    if not stat.S_ISREG(info.st_mode):
        raise OSError(errno.EINVAL, "is no regular file")


def _files_below(top: int, path: bytes) -> Iterator[bytes]:
    """Yield all that is no folder, in a stable order; a folder at a time is open."""
    waiting = [path]
    while waiting:
        above = waiting.pop()
        with contextlib.ExitStack() as stack:
            folder = top
            try:
                for each in filter(None, above.split(b"/")):
                    folder = _entered(folder, each)
                    stack.callback(os.close, folder)
                with os.scandir(folder) as entries:
                    found = [
                        (os.fsencode(entry.name), entry.is_dir(follow_symlinks=False))
                        for entry in entries
                    ]
            except OSError:
                yield above  # a folder that can't be looked into is not as written
                continue
        for name, is_folder in sorted(found):
            below = above + b"/" + name if above else name
            if is_folder:
                waiting.append(below)
            else:
                yield below
