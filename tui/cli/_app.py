"""The composition root: joins library, indexer, player and user interface."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tui.app import EarmarkApp
from tui.cli._late import late
from tui.cli._library import remember
from tui.cli._look import dress, keymap, theme_keeper
from tui.library import Library
from tui.model import Group, GroupKind
from tui.services import IndexerStatus, Services
from tui.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tui.browse import Finder
    from tui.cli._first import FirstSetup
    from tui.config import Settings
    from tui.export import ExportProcess
    from tui.indexer import IndexerProcess, IndexEvent
    from tui.library import Follower, Reader
    from tui.model import LibraryDelta
    from tui.playback import Playback

__all__ = ["make_app", "make_services"]


class _News:
    """Takes what the indexer tells: wakes the follower, and says it in words.

    Args:
        notices: What the user should know of the opening, a sentence each.
    """

    def __init__(self, notices: Sequence[str]) -> None:
        self._lock = threading.Lock()
        self._listeners: list[Callable[[IndexerStatus], None]] = []
        self._notices = notices
        """What the indexer's process, which opens the library too, need not repeat."""
        self.follower: Follower | None = None

    def subscribe(self, listener: Callable[[IndexerStatus], None]) -> None:
        """Have every status sent to a function; the notices come first."""
        with self._lock:
            self._listeners.append(listener)
        for notice in self._notices:
            listener(IndexerStatus(problem=printable(notice)))

    def take(self, event: IndexEvent) -> None:
        """Follow an event, on the supervisor's thread."""
        from tui.indexer import (  # after the first screen
            Changed,
            Failed,
            PeaksReady,
            ScanFinished,
            ScanProgress,
        )

        status = None
        match event:
            case Changed() | PeaksReady(reason=""):
                if self.follower is not None:
                    self.follower.wake()
            case ScanProgress(files=files):
                status = IndexerStatus(f"reading {files:,} files")
            case ScanFinished():
                status = IndexerStatus()
            case Failed(reason) if reason not in self._notices:
                status = IndexerStatus(problem=printable(reason))
            case _:
                pass  # the library tells it
        if status is not None:
            with self._lock:
                listeners = tuple(self._listeners)
            for listener in listeners:
                listener(status)


def make_services(settings: Settings, folders: Sequence[bytes] = ()) -> Services:
    """Make the engines behind a browser; nothing is started.

    Args:
        settings: The settings.
        folders: Absolute paths of sources to remember first.

    Returns:
        The engines. The reader belongs to the calling thread, which closes it.

    Raises:
        EarmarkError: The library can't be opened, or a folder is none.
    """
    library, reader, notices = _opened(settings, folders)
    news = _News(notices)
    playing = late(lambda: _make_playback(settings, library))
    indexing = late(lambda: _make_indexer(settings, library, news))
    expects_sources = bool(folders or settings.sources)
    is_first = not (expects_sources or library.read_only or reader.sources())

    def follow(tell: Callable[[LibraryDelta], None], since: int) -> Callable[[], None]:
        also_tell = playing.library_changed

        def told(delta: LibraryDelta) -> None:
            also_tell(delta)
            tell(delta)

        follower = library.follow(told, since=since)
        news.follower = follower
        return follower.stop

    return Services(
        reader=reader,
        user=late(lambda: library.user),
        playing=playing,
        indexing=indexing,
        follow=follow,
        on_indexer=news.subscribe,
        close=library.close,
        expects_sources=expects_sources,
        is_read_only=library.read_only,
        trouble=lambda: library.trouble,
        setup=_make_setup(library, indexing) if is_first else None,
        naming=library.directory,
        editing=None if library.read_only else library.edits,
        finding=late(lambda: _make_finder(library)),
        editor=settings.editor,
        remembers_searches=settings.search_history,
        exporting=late(lambda: _make_exporting(settings, library)),
        export_lufs=settings.target_lufs,
        mail_from=settings.mail.sender,
    )


def _opened(
    settings: Settings, folders: Sequence[bytes]
) -> tuple[Library, Reader, list[str]]:
    """Open the library; tells also what the user should know of that."""
    library = Library.open(settings.library, backups=settings.backups)
    notices = [library.notice] if library.notice else []
    try:
        if not library.read_only:
            remember(library, settings, folders, tell=notices.append)
        reader = library.reader()
        # What the screen reads anyway: now a damaged file can still be repaired.
        reader.keys(Group(GroupKind.RECENT))
        reader.totals()
    except BaseException:
        library.close()
        raise
    return library, reader, notices


def _make_playback(settings: Settings, library: Library) -> Playback:
    from tui.cli._habits import browsing
    from tui.cli._player import make_player
    from tui.playback import Playback

    player = make_player(settings)
    return Playback(library.reader, library.user, player, habits=browsing(settings))


def _make_indexer(settings: Settings, library: Library, news: _News) -> IndexerProcess:
    from tui.indexer import IndexerProcess

    return IndexerProcess(
        library.path, news.take, log_path=settings.log, backups=settings.backups
    )


def _make_finder(library: Library) -> Finder:
    from tui.browse import Finder

    def keep(group: Group, totals: tuple[int, int, int]) -> None:
        with library.edits() as edits:
            if group.kind is GroupKind.COLLECTION:
                edits.count_collection(group.number, totals)
            else:
                edits.count_search(group.number, totals)

    return Finder(library.reader, keep=None if library.read_only else keep)


def _make_exporting(settings: Settings, library: Library) -> ExportProcess:
    from pathlib import Path

    from tui.export import ExportProcess
    from tui.places import is_known, place

    if is_known():
        state = Path(place("state"))
    else:
        from platformdirs import PlatformDirs

        state = PlatformDirs("earmark", appauthor=False).user_state_path
    return ExportProcess(
        library.path, memory=state / "export.json", log_path=settings.log
    )


def _make_setup(library: Library, indexing: IndexerProcess) -> FirstSetup:
    from tui.cli._first import FirstSetup

    return FirstSetup(library, lambda: indexing.reload())  # noqa: PLW0108  # made when it is first used


def make_app(settings: Settings, services: Services) -> EarmarkApp:
    """Make the browser.

    Args:
        settings: The settings.
        services: The engines, which the browser starts and ends.
    """
    app = EarmarkApp(
        services,
        ascii_only=settings.ascii,
        low_bandwidth=settings.low_bandwidth,
        theme=settings.theme,
        remember_theme=theme_keeper(settings),
        keymap=keymap(settings),
    )
    dress(app, settings)
    return app
