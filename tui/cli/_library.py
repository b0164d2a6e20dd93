"""The library under a command: opened, told of new sources, brought up to date."""

from __future__ import annotations

import os
import sys
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from tui.cli._output import complain
from tui.config import is_usual_library
from tui.errors import LibraryError, SourceError
from tui.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from tui.config import Settings
    from tui.indexer import ScanReport
    from tui.library import Library, Reader
    from tui.model import Source

__all__ = [
    "NO_SOURCES",
    "Progress",
    "absolute",
    "add_sources",
    "holder",
    "index",
    "is_watched",
    "opened",
    "refresh",
    "remember",
    "tell_nothing",
]

NO_SOURCES = "no sources yet: earmark FOLDER adds one"

_PROGRESS_EVERY_S = 0.1


def absolute(path: Path | str) -> bytes:
    """Make a path that the user wrote absolute; links stay as they are."""
    return os.fsencode(os.path.abspath(os.path.expanduser(path)))  # noqa: PTH100, PTH111  # `resolve` would follow links


@contextmanager
def opened(settings: Settings, *, to_read: bool = False) -> Iterator[Library]:
    """Open the library for a command.

    Args:
        settings: The settings.
        to_read: Whether it is only asked: then no folder is made for it, but for the
            usual one. A name that is mistyped would be an empty library.

    Yields:
        The library. What had to be repaired has been told on stderr.

    Raises:
        LibraryError: It can't be opened.
    """
    from tui.library import Library

    folder = settings.library.parent
    if to_read and not folder.exists() and not is_usual_library(settings):
        raise LibraryError(folder, "no such folder")

    with Library.open(settings.library, backups=settings.backups) as library:
        if library.notice:
            complain(library.notice)
        yield library


def holder(sources: Iterable[Source], folder: bytes) -> Source | None:
    """Find the source that a folder lies in, or is."""
    inside = folder.rstrip(b"/") + b"/"
    for source in sources:
        if inside.startswith(source.root.rstrip(b"/") + b"/"):
            return source
    return None


def _require_folder(folder: bytes, source: Source) -> None:
    """Refuse a folder that is not there, unless its whole source is away."""
    if os.path.isdir(source.root):  # noqa: PTH112  # bytes
        try:
            os.scandir(folder).close()
        except NotADirectoryError as error:
            above = os.fsdecode(os.path.dirname(folder))  # noqa: PTH120  # bytes
            reason = f"is a file: name the folder that it lies in, {above}"
            raise SourceError(folder, reason) from error
        except OSError as error:
            reason = (error.strerror or "can't be read").lower()
            raise SourceError(folder, reason) from error


def add_sources(library: Library, folders: Iterable[bytes]) -> None:
    """Remember folders as sources.

    A folder inside a known source is known. A folder around one takes its place: what
    the user did stays, since it hangs on the recordings.

    Args:
        library: The library.
        folders: Absolute paths.

    Raises:
        SourceError: One is no folder, or can't be read.
    """
    with closing(library.reader()) as reader:
        known = {source.root: source for source in reader.sources()}
    for folder in folders:
        inside_of = holder(known.values(), folder)
        if inside_of is not None:
            _require_folder(folder, inside_of)
            continue
        from tui.indexer import detect_source  # time that a known folder need not pay

        best = detect_source(folder)[0]
        with closing(library.index_writer()) as writer:
            writer.add_source(
                best.root, best.kind, best.label, best.score, best.reasons
            )
            inside = best.root.rstrip(b"/") + b"/"
            for root, source in known.items():
                if root.startswith(inside):
                    writer.remove_source(source.id)
        with closing(library.reader()) as reader:
            known = {source.root: source for source in reader.sources()}


def remember(
    library: Library,
    settings: Settings,
    folders: Sequence[bytes],
    *,
    tell: Callable[[str], None] = complain,
) -> None:
    """Remember the folders that are named now, and those of the settings.

    Args:
        library: The library.
        settings: The settings; a folder of theirs that is away is told and left out.
        folders: Absolute paths that were named now.
        tell: Told of such a folder.

    Raises:
        SourceError: One that was named now is no folder, or can't be read.
    """
    add_sources(library, folders)
    for path in settings.sources:
        try:
            add_sources(library, [absolute(path)])
        except SourceError as error:
            tell(error.message)


def index(
    library: Library, sources: Sequence[Source], *, full: bool
) -> list[ScanReport]:
    """Bring the library up to date with some sources.

    Args:
        library: The library.
        sources: The sources.
        full: Look at every file, and compute content hashes too; else only into
            folders that changed.
    """
    from tui.indexer import scan

    progress = Progress()
    try:
        with closing(library.index_writer()) as writer:
            return scan(
                writer,
                sources,
                full=full,
                hashes=full,
                on_progress=progress.show,
                on_hashed=progress.show_hashed,
            )
    finally:
        progress.end()


def refresh(
    library: Library,
    settings: Settings,
    folders: Sequence[bytes] = (),
    *,
    words: bool = False,
) -> None:
    """Bring the library up to date before it is asked.

    Args:
        library: The library; one that can't be written is left as it is.
        settings: The settings.
        folders: Absolute paths of folders to remember first.
        words: Whether words will be looked for: then their index is completed, also
            while a browser does that, which may be far behind.

    Raises:
        SourceError: One of the folders is none, or can't be read.
    """
    from tui.indexer import IndexerLock

    if library.read_only:
        return
    remember(library, settings, folders)
    with closing(library.reader()) as reader:
        sources = reader.sources()
    lock = IndexerLock(library.path)
    if not lock.acquire():  # a browser keeps the library up to date
        sources = [source for source in sources if not source.scanned_ms]
    try:
        if sources:
            index(library, sources, full=False)
    finally:
        lock.release()
    if words:
        _index_words(library)


def _index_words(library: Library) -> None:
    """Index what is not indexed yet; with nothing to do it takes no time."""
    progress = Progress()
    count = 0
    try:
        with closing(library.index_writer()) as writer:
            while some := writer.index_words():
                count += some
                progress.show_words(count)
    finally:
        progress.end()


def tell_nothing(reader: Reader) -> int:
    """Say that nothing was found, or that there is nothing to look in yet.

    Args:
        reader: The library.

    Returns:
        The exit code.
    """
    complain("nothing found" if reader.sources() else NO_SOURCES)
    return 1


def is_watched(library: Library) -> bool:
    """Tell whether a browser keeps the library up to date now."""
    from tui.indexer import IndexerLock

    lock = IndexerLock(library.path)
    is_free = lock.acquire()
    lock.release()
    return not is_free and not library.read_only


class Progress:
    """Says on a terminal's stderr how far a scan is; nothing elsewhere."""

    def __init__(self) -> None:
        dumb = os.environ.get("TERM", "dumb") == "dumb"
        self._is_on = sys.stderr.isatty() and not dumb
        self._next = time.monotonic() + 0.5
        self._is_shown = False

    def show(self, source: Source, files: int) -> None:
        """Say how many files of a source were seen."""
        self._say(f"reading {printable(source.label)}", files)

    def show_hashed(self, files: int) -> None:
        """Say of how many files the content was compared with that of others."""
        self._say("comparing contents", files)

    def show_words(self, notes: int) -> None:
        """Say of how many notes the words were put into the index."""
        self._say("indexing words", notes)

    def _say(self, what: str, files: int) -> None:
        now = time.monotonic()
        if self._is_on and now >= self._next:
            self._next = now + _PROGRESS_EVERY_S
            self._is_shown = True
            sys.stderr.write(f"\r{what}: {files:,}\x1b[K")
            sys.stderr.flush()

    def end(self) -> None:
        """Take the line away."""
        if self._is_shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
