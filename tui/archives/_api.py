"""Files inside of files: what every kind of archive implements.

An archive is a file (or the index of a folder) that holds recordings and documents:
an exported chat's zip, a mailbox, a phone's backup. Its members are addressed like
files below a folder whose path ends with a slash: `chats/Ana.zip//00000012.opus` is the
member `00000012.opus` of `chats/Ana.zip`. No file system has `//` inside a path, so the
two can't be mistaken for each other.

Nothing is ever written beside an archive, and nothing is extracted to a place that a
member's name chooses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Archive", "ArchiveFormat", "Member"]


class Member(NamedTuple):
    """A file inside of an archive."""

    path: bytes
    """Relative to the archive, parts joined by `/`; never absolute, never with `.` or
    `..` or an empty part, UTF-8 where the archive says what its names are."""
    size: int
    """Bytes, uncompressed."""
    mtime_ns: int
    """Time of its last change, 0 when the archive does not tell."""


class Archive(Protocol):
    """An open archive. Not thread-safe; `tui.archives` keeps one a thread."""

    def members(self) -> Iterable[Member]:
        """All files in it, in any order; names that are unsafe are left out.

        Raises:
            DocumentError: The archive is broken.
        """

    def open(self, path: bytes) -> BinaryIO:
        """Open a member for reading: a buffered, seekable binary file.

        Args:
            path: As in `Member.path`.

        Raises:
            FileNotFoundError: There is no such member.
            OSError: It can't be read, or is larger than may be unpacked.
        """

    def close(self) -> None:
        """Give its files back."""


class ArchiveFormat(Protocol):
    """One kind of archive."""

    def fits(self, folder: bytes, name: bytes) -> bool:
        """Tell whether a file can be such an archive, by its place and name alone.

        Asked for every file of a scan.

        Args:
            folder: The path of its folder.
            name: Its name.
        """

    def open(self, path: bytes, secrets: Sequence[bytes]) -> Archive:
        """Open an archive.

        Args:
            path: The absolute path of the file.
            secrets: Keys and passphrases that the user gave for it.

        Raises:
            PartialError: It is not whole yet: look again when it changed.
            LockedError: No secret opens it.
            DocumentError: It is no such archive, or broken.
            OSError: The file can't be read.
        """
