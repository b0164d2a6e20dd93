"""Zip files: exported chats and whatever else people pack, read in place.

The format is PKWARE's APPNOTE 6.3; what unpacks is the standard library. Names, sizes
and offsets in a zip are claims of a stranger: none of them is believed. A zip that is
still being copied has no list of its files yet, since that stands at the end.
"""

from __future__ import annotations

import copy
import errno
import io
import os
import re
import stat
import struct
import zlib
from bisect import bisect_right
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO

from tui.archives._api import Member
from tui.archives._files import open_quietly
from tui.errors import DocumentError, PartialError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zipfile import ZipExtFile, ZipFile, ZipInfo

    from _typeshed import WriteableBuffer

__all__ = ["ZipArchive", "ZipFormat"]

_MOST_MEMBERS = 200_000
_MOST_LIST = 96 * 1024 * 1024
"""Bytes of the list of files: 200,000 entries with long names."""
_MOST_SIZE = 1 << 30
_MOST_RATIO = 200
_RATIO_FROM = 10 * 1024 * 1024
"""Smaller members may shrink as much as they like."""

_LOCAL, _ENTRY, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_LOCAL_HEAD = struct.Struct("<4s22xHH")
_ENTRY_HEAD = struct.Struct("<4sHHHH16xHHH12x")
_UTF8, _ENCRYPTED = 0x800, 0x01
_NEWEST = 45
"""The version that zip64 needs: more is never asked of who unpacks."""
_STORED, _DEFLATED = 0, 8
_UNIX = 3
_FOLDER = 0x10
"""The mark of MS-DOS for a directory."""
_UNICODE_PATH = 0x7075
"""An extra field with the name in UTF-8 (Info-ZIP)."""

_UNSAFE = re.compile(r"(?:^|/)(?:\.\.)?(?:/|$)|^[A-Za-z]:|\0|^__MACOSX/")
"""Absolute, with a way up, an empty part (so a folder too) or a drive."""
_ROOM = 1 << 16
_SIP = 4096
"""Bytes at a time where the unpacker has no bound for what comes out of them."""
_BROKEN_LIST = "its list of files is damaged"
_CUT = "it is still being copied, or cut off"


class ZipFormat:
    """Zip files, by their suffix."""

    def fits(self, folder: bytes, name: bytes) -> bool:
        """Tell whether a file is called a zip.

        Args:
            folder: The path of its folder.
            name: Its name.
        """
        del folder
        return name[-4:].lower() == b".zip"

    def open(self, path: bytes, secrets: Sequence[bytes]) -> ZipArchive:
        """Open a zip; members that are encrypted are listed, but can't be opened.

        Args:
            path: The absolute path of the file.
            secrets: Not used.

        Raises:
            PartialError: Its list of files is not there yet.
            DocumentError: It is no zip, is broken, or has too many members.
            OSError: It can't be read.
        """
        del secrets
        return ZipArchive(path)


class ZipArchive:
    """An open zip.

    Args:
        path: The absolute path of the file.

    Raises:
        PartialError: Its list of files is not there yet.
        DocumentError: It is no zip, is broken, or has too many members.
        OSError: It can't be read.
    """

    def __init__(self, path: bytes) -> None:
        self._path = path
        # Kept, because a module may be gone when the last archives are given back.
        self._give_back = os.close
        self._fd = open_quietly(path)
        try:
            self._infos, ends = _listed(path, self._fd)
        except BaseException:
            self.close()
            raise
        self._ends = ends

    def __del__(self) -> None:
        """Give the file back when a thread ends that had it open."""
        self.close()

    def members(self) -> list[Member]:
        """All regular files whose names are safe; of equal names the last counts."""
        return [
            Member(path, info.file_size, _mtime_ns(info.date_time))
            for path, info in self._infos.items()
        ]

    def open(self, path: bytes) -> BinaryIO:
        """Open a member: buffered, seekable, and usable when the zip is closed.

        Raises:
            FileNotFoundError: There is no such member.
            OSError: It is encrypted, packed in an unknown way, too large or broken;
                reading raises it too.
        """
        info = self._infos.get(path)
        if info is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        reason = _refusal(info)
        if reason:
            raise self._error(path, reason)
        start = self._start_of(path, info)
        after = bisect_right(self._ends, info.header_offset)
        end = start + info.compress_size
        if after == len(self._ends) or end > self._ends[after]:
            raise self._error(path, "overlaps with another file of the zip")
        window = _Window(os.dup(self._fd), start, info.compress_size)
        try:
            raw = _Unpacked(_extractor(window, info), info, self._error(path, ""))
        except NotImplementedError as error:
            window.close()
            raise self._error(path, "is packed in an unknown way") from error
        except BaseException:
            window.close()
            raise
        return io.BufferedReader(raw, _ROOM)

    def close(self) -> None:
        """Give the file back; members that are open stay so."""
        fd, self._fd = getattr(self, "_fd", -1), -1
        if fd >= 0:
            self._give_back(fd)

    def _start_of(self, path: bytes, info: ZipInfo) -> int:
        """Where the packed bytes begin, by the header that stands before them."""
        # The offset is a claim too, and may be beyond what can be asked for.
        with suppress(OverflowError, struct.error):
            head = os.pread(self._fd, _LOCAL_HEAD.size, info.header_offset)
            mark, name_size, extra_size = _LOCAL_HEAD.unpack(head)
            place = info.header_offset + _LOCAL_HEAD.size
            name = os.pread(self._fd, name_size, place)
            if mark == _LOCAL and name == _raw_name(info):
                return int(place + name_size + extra_size)
        raise self._error(path, "is not where the zip says")

    def _error(self, path: bytes, reason: str) -> OSError:
        return OSError(errno.EIO, reason, self._path + b"//" + path)


class _Window(io.RawIOBase):
    """A part of a file, on a descriptor of its own; reads share no place."""

    def __init__(self, fd: int, start: int, size: int) -> None:
        super().__init__()
        self._fd, self._start, self._size, self._at = fd, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        room = min(len(view), self._size - self._at)
        data = os.pread(self._fd, max(0, room), self._start + self._at)
        view[: len(data)] = data
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = _target(offset, whence, self._at, self._size)
        return self._at

    def tell(self) -> int:
        return self._at

    def close(self) -> None:
        if not self.closed:
            os.close(self._fd)
        super().close()


class _Unpacked(io.RawIOBase):
    """The bytes of a member, neither more nor fewer than it says.

    Seeking costs nothing until the next read, which goes on from there, or starts anew.
    """

    def __init__(self, packed: ZipExtFile, info: ZipInfo, error: OSError) -> None:
        super().__init__()
        self._packed, self._size, self._at, self._error = (
            packed,
            info.file_size,
            0,
            error,
        )
        is_bounded = info.compress_type in {_STORED, _DEFLATED}
        self._step = 4 * _ROOM if is_bounded else _SIP

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        room = min(len(view), self._size - self._at, self._step)
        if room <= 0 and self._at:
            return 0
        data = self._read(max(0, room))
        view[: len(data)] = data
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = _target(offset, whence, self._at, self._size)
        return self._at

    def tell(self) -> int:
        return self._at

    def close(self) -> None:
        if not self.closed:
            self._packed.close()
        super().close()

    def _read(self, room: int) -> bytes:
        from zipfile import BadZipFile

        broken: list[type[Exception]] = [BadZipFile, EOFError, ValueError, zlib.error]
        broken += [RuntimeError, *_lzma_errors()]  # of which NotImplementedError is one
        try:
            if self._packed.tell() != self._at:
                self._skip()
            data = self._packed.read(room)
            if len(data) < room:
                raise self._told("ends before the size that the zip says")
            # The sum is compared at the very end, and there must be nothing behind it.
            if self._at + len(data) == self._size and self._packed.read(1):
                raise self._told("holds more than the zip says")
        except OSError as error:
            if error.errno is not None:
                raise
            # What bzip2 makes of broken data.
            raise self._told("is damaged inside of the zip") from error
        except tuple(broken) as error:
            raise self._told("is damaged inside of the zip") from error
        return data

    def _skip(self) -> None:
        """Go where the next bytes are wanted, in steps that stay small in memory."""
        if self._at < self._packed.tell():
            self._packed.seek(0)
        while (left := self._at - self._packed.tell()) > 0:
            if not self._packed.read(min(left, self._step)):
                raise self._told("ends before the size that the zip says")

    def _told(self, reason: str) -> OSError:
        return OSError(errno.EIO, reason, self._error.filename)


class _ListFile(io.BufferedReader):
    """A zip while its list of files is read, which is kept within bounds."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _MOST_LIST:
            raise _TooMuchError
        data = super().read(size)
        return _mended(data) if data[:4] == _ENTRY else data


class _TooMuchError(Exception):
    """The list of files is longer than anybody's."""


def _mended(data: bytes) -> bytes:
    """Take out of a list of files what would make all of it unreadable.

    That is a name that is marked as UTF-8 and is none, and a demand for a version that
    nobody knows: both only concern their own entry.
    """
    fixed = bytearray(data)
    at = count = 0
    while at + _ENTRY_HEAD.size <= len(data):
        mark, _, needed, flags, _, name, extra, comment = _ENTRY_HEAD.unpack_from(
            data, at
        )
        if mark != _ENTRY:
            break
        count += 1
        if count > _MOST_MEMBERS:
            raise _TooMuchError
        begin = at + _ENTRY_HEAD.size
        if flags & _UTF8 and not _is_utf8(data[begin : begin + name]):
            fixed[at + 8 : at + 10] = (flags & ~_UTF8).to_bytes(2, "little")
        if needed > _NEWEST:
            fixed[at + 6 : at + 8] = _NEWEST.to_bytes(2, "little")
        at = begin + name + extra + comment
    return bytes(fixed)


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def _listed(path: bytes, fd: int) -> tuple[dict[bytes, ZipInfo], list[int]]:
    """Read the list of files: by path, and where each thing in the zip begins."""
    from zipfile import BadZipFile, ZipFile

    head = os.pread(fd, 64, 0)
    with _ListFile(io.FileIO(os.dup(fd), closefd=True), _ROOM) as file:
        try:
            with ZipFile(file) as archive:
                _whole(path, archive, fd, head)
                infos = archive.infolist()
                end = archive.start_dir
        except _TooMuchError as error:
            raise DocumentError(path, "it has too many files in it") from error
        except BadZipFile as error:
            raise _no_zip(path, fd, head) from error
        # What the numbers of a hostile list of files lead to.
        except (ValueError, OverflowError, struct.error, NotImplementedError) as error:
            raise DocumentError(path, _BROKEN_LIST) from error
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            raise DocumentError(path, _BROKEN_LIST) from error
    found: dict[bytes, ZipInfo] = {}
    for info in infos:
        name = _safe_name(info)
        if name is not None:
            found.pop(name, None)
            found[name] = info
    return found, sorted({end, *(info.header_offset for info in infos)})


def _whole(path: bytes, archive: ZipFile, fd: int, head: bytes) -> None:
    """Refuse a list of files that belongs to a zip inside of one that is cut off."""
    if head[:4] != _LOCAL:
        return
    infos = archive.infolist()
    if not infos:
        raise PartialError(path, _CUT)
    own = os.pread(fd, 4, archive.start_dir + 42)
    told = int.from_bytes(own, "little")
    # Offsets count from the begin of the zip: there they differ by what is before it.
    if told != 0xFFFFFFFF and infos[0].header_offset != told:
        raise PartialError(path, _CUT)


def _no_zip(path: bytes, fd: int, head: bytes) -> DocumentError:
    """Tell a zip that is not whole yet from a broken one, and from what is none."""
    if _has_end(fd):
        return DocumentError(path, _BROKEN_LIST)
    # Some tools make room first: a file of zeros is one whose begin did not come yet.
    if not head.strip(b"\0") or head.startswith(_LOCAL) or _LOCAL.startswith(head):
        return PartialError(path, _CUT)
    return DocumentError(path, "it is no zip")


def _has_end(fd: int) -> bool:
    size = os.fstat(fd).st_size
    tail = os.pread(fd, 22 + 0xFFFF, max(0, size - 22 - 0xFFFF))
    at = tail.rfind(_END)
    return 0 <= at <= len(tail) - 22


def _safe_name(info: ZipInfo) -> bytes | None:
    """The path of a member; None for what is no regular file, or has an unsafe name."""
    mode = info.external_attr >> 16
    if info.create_system == _UNIX and stat.S_IFMT(mode) not in {0, stat.S_IFREG}:
        return None
    if info.external_attr & _FOLDER and not info.file_size:
        return None
    name = _name(info).replace("\\", "/")
    while name.startswith("./"):
        name = name[2:]
    name = name.replace("/./", "/")
    if _UNSAFE.search(name) or name.endswith("/.") or name in {"", "."}:
        return None
    return name.encode()


def _name(info: ZipInfo) -> str:
    # Not `filename`: there, a NUL and what follows it were cut off.
    name = info.orig_filename
    if info.flag_bits & _UTF8 or name.isascii():
        return name
    raw = _raw_name(info)
    try:
        return _unicode_path(info.extra, raw) or raw.decode()
    except UnicodeDecodeError:
        return name


def _raw_name(info: ZipInfo) -> bytes:
    """The bytes that the standard library made a name of."""
    return info.orig_filename.encode("utf-8" if info.flag_bits & _UTF8 else "cp437")


def _unicode_path(extra: bytes, raw: bytes) -> str:
    """The name in UTF-8 that stands beside one in the packer's own alphabet."""
    while len(extra) >= 4:
        code, size = struct.unpack_from("<HH", extra)
        body, extra = extra[4 : 4 + size], extra[4 + size :]
        if code == _UNICODE_PATH and body[:1] == b"\x01" and len(body) > 5:
            # Written for another name, it is a left-over of renaming.
            if int.from_bytes(body[1:5], "little") != zlib.crc32(raw):
                return ""
            return body[5:].decode()
    return ""


def _mtime_ns(clock: tuple[int, ...]) -> int:
    # The first moment that can be told stands for none.
    if clock[:3] <= (1980, 1, 1) and not any(clock[3:]):
        return 0
    try:
        wall = datetime(*clock)  # type: ignore[arg-type]  # noqa: DTZ001  # a wall clock
        return int(wall.timestamp()) * 1_000_000_000
    except (ValueError, OverflowError, OSError):
        return 0


def _refusal(info: ZipInfo) -> str:
    if info.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if info.file_size > _MOST_SIZE:
        return "is larger than may be unpacked"
    is_tight = info.file_size > _MOST_RATIO * info.compress_size
    if info.file_size > _RATIO_FROM and is_tight:
        return "is packed too tightly to be honest"
    return ""


def _extractor(window: _Window, info: ZipInfo) -> ZipExtFile:
    from zipfile import ZipExtFile

    # With room for one byte more than there may be, which tells of a size that lies.
    roomy = copy.copy(info)
    roomy.file_size += 1
    buffered = io.BufferedReader(window, _ROOM)
    return ZipExtFile(buffered, "r", roomy, close_fileobj=True)


def _lzma_errors() -> tuple[type[Exception], ...]:
    try:
        from lzma import LZMAError
    except ImportError:  # Python was built without it
        return ()
    return (LZMAError,)


def _target(offset: int, whence: int, at: int, size: int) -> int:
    """Where a seek goes; never before the begin, never behind the end."""
    base = {os.SEEK_SET: 0, os.SEEK_CUR: at, os.SEEK_END: size}.get(whence)
    if base is None:
        raise ValueError(f"invalid whence: {whence}")
    return min(max(0, base + offset), size)
