"""All exceptions that Earmark raises on purpose.

```
EarmarkError              a sentence for the user, the root of all
├── UsageError            a wrong argument, query or setting      (exit code 2)
│   └── QueryError        a query that can't be understood, and where
└── DataError             a file or folder that can't be used     (exit code 3)
    ├── SourceError       a source can't be read
    ├── LibraryError      the library can't be opened or written
    │   └── DamagedError  its file is broken; opening it again repairs it
    ├── DocumentError     a document or archive can't be understood
    │   ├── PartialError  it ends too early; more may come
    │   └── LockedError   it is encrypted, and no key opens it
    └── AudioError        a recording can't be decoded, or a device not opened
```
"""

from __future__ import annotations

import os

__all__ = [
    "AudioError",
    "DamagedError",
    "DataError",
    "DocumentError",
    "EarmarkError",
    "LibraryError",
    "LockedError",
    "PartialError",
    "QueryError",
    "SourceError",
    "UsageError",
]


class EarmarkError(Exception):
    """Something went wrong in a way that one sentence can tell.

    Args:
        message: The sentence, without a final full stop.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class UsageError(EarmarkError):
    """The user asked for something that does not exist or can't be understood."""


class QueryError(UsageError):
    """A query can't be understood.

    Args:
        message: Why, without a final full stop.
        text: The whole query.
        start: Where the word begins that the error is about.
        end: Where it ends.
    """

    def __init__(self, message: str, text: str, start: int, end: int) -> None:
        super().__init__(message)
        self.text = text
        self.start = start
        self.end = end


class DataError(EarmarkError):
    """A file or folder can't be used.

    Args:
        path: The file or folder, as text or as the bytes of the file system.
        reason: Why, in a few words.
    """

    def __init__(self, path: str | bytes | os.PathLike[str], reason: str) -> None:
        self.path = os.fsdecode(path)
        self.reason = reason
        super().__init__(f"{self.path}: {reason}")


class SourceError(DataError):
    """A source can't be read."""


class LibraryError(DataError):
    """The library can't be opened or written."""


class DamagedError(LibraryError):
    """The library's file is broken; opening it again repairs it."""


class DocumentError(DataError):
    """A document or an archive can't be understood."""


class PartialError(DocumentError):
    """A document or an archive ends too early: it is cut off, or more will come."""


class LockedError(DocumentError):
    """A document or an archive is encrypted, and none of the user's keys opens it."""


class AudioError(DataError):
    """A recording can't be decoded, or an audio device can't be opened."""
