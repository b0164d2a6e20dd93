"""The library as the rest of Earmark uses it: opened, read, followed, written."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING, Self

from tui.errors import DamagedError, LibraryError
from tui.library._connection import Access, Store, connect, failure
from tui.library._reader import StoreReader
from tui.library._repair import DAYS_KEPT, Condition, inspect

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import BufferedReader
    from pathlib import Path
    from types import TracebackType

    from tui.library._directory import Directory
    from tui.library._edits import Edits
    from tui.library._follow import Follower
    from tui.library._index import StoreIndexWriter
    from tui.library._portable import Restored, Saved
    from tui.library._user import MarkWriter
    from tui.model import LibraryDelta

__all__ = ["Library"]

_OLD_SQLITE = (3, 37)
"""The first SQLite that knows STRICT tables."""
_DAY_S = 86_400.0


class Library:
    """A library file and the threads that belong to it; made by `Library.open`.

    Args:
        path: The file, which is in order.
        clock: Tells the time in seconds since 1970.
        notice: What the user should know about the opening; empty when all went well.
        access: What connections may do.
        days: Of how many days the last backup is kept.
    """

    def __init__(
        self,
        path: Path,
        clock: Callable[[], float],
        notice: str,
        access: Access,
        days: int,
    ) -> None:
        self.path = path
        self.notice = notice
        """One or two sentences for the user; empty when all went well."""
        self.read_only = access is not Access.WRITE
        """Whether nothing can be kept: the file can be read, but not written."""
        self._clock = clock
        self._access = access
        self._days = days
        self._user: MarkWriter | None = None
        self._followers: list[Follower] = []

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        clock: Callable[[], float] = time.time,
        backups: int = DAYS_KEPT,
    ) -> Library:
        """Open a library; create, migrate or repair it as needed.

        Args:
            path: The file. Missing folders are made for the user alone.
            clock: Tells the time in seconds since 1970.
            backups: Of how many days the last backup is kept; 0 for none but those
                that are asked for, or made before a migration.

        Returns:
            The library; its `notice` says what was repaired.

        Raises:
            LibraryError: When it can be neither used nor begun.
        """
        if sqlite3.sqlite_version_info < _OLD_SQLITE:
            raise LibraryError(
                path, f"SQLite {sqlite3.sqlite_version} is too old, 3.37 is needed"
            )
        path = path.absolute()
        try:
            _make_folders(path.parent)
            if path.is_dir():
                raise LibraryError(path, "is a folder")
            if not _is_writable(path):
                return cls._open_to_read(path, clock, "can't be written", backups)
            return cls._open_to_write(path, clock, backups)
        except OSError as error:
            reason = error.strerror or str(error)
            raise LibraryError(error.filename or path, reason.lower()) from error
        except sqlite3.Error as error:
            reason = failure(path, error).reason
            try:
                return cls._open_to_read(path, clock, reason, backups)
            except LibraryError:
                raise failure(path, error) from error

    @classmethod
    def _open_to_write(
        cls, path: Path, clock: Callable[[], float], days: int
    ) -> Library:
        condition, version = inspect(path)
        _refuse(path, condition, version)
        notice = ""
        if condition is not Condition.GOOD:
            notice = _put_in_order(path, clock)
        return cls(path, clock, notice, Access.WRITE, days)

    @classmethod
    def _open_to_read(
        cls, path: Path, clock: Callable[[], float], reason: str, days: int
    ) -> Library:
        """Open what can be read only; the log of WAL may be out of reach then."""
        if not reason.startswith(("can't", "is ", "may ")):
            reason = f"can't be written, because {reason}"
        for access in (Access.READ, Access.IMMUTABLE):
            try:
                condition, version = inspect(path, access)
            except PermissionError as error:
                raise LibraryError(path, "permission denied") from error
            except (sqlite3.Error, OSError):
                continue
            _refuse(path, condition, version)
            if condition is Condition.GOOD:
                notice = f"The library {reason}; it is opened for reading only."
                return cls(path, clock, notice, access, days)
        raise LibraryError(path, reason)

    @property
    def user(self) -> MarkWriter:
        """What writes the user's marks; its thread begins with the first mark."""
        if self._user is None:
            from tui.library._user import MarkWriter

            refusal = ""
            if self.read_only:
                refusal = str(LibraryError(self.path, "can't be written"))
            self._user = MarkWriter(self._store, self._clock, refusal)
        return self._user

    @property
    def version(self) -> int:
        """The version of the file's tables."""
        with closing(self._store()) as store:
            row = store.one("PRAGMA user_version")
        return int(row[0]) if row else 0

    @property
    def trouble(self) -> str:
        """Why marks can't be written now; empty when all is well."""
        return "" if self._user is None else self._user.trouble

    def check(self) -> None:
        """Look at every page.

        Raises:
            DamagedError: The file is broken; opening it again repairs it.
        """
        from tui.library import _sound
        from tui.library._connection import DAMAGED, suspect_path

        try:
            with closing(connect(self.path, self._access)) as connection:
                is_sound = _sound.is_sound(connection)
        except sqlite3.Error as error:
            raise failure(self.path, error) from error
        if not is_sound:
            if not self.read_only:
                suspect_path(self.path).touch()
            raise DamagedError(self.path, DAMAGED)

    def reader(self) -> StoreReader:
        """Open a reader for the calling thread."""
        return StoreReader(self._store())

    def index_writer(self) -> StoreIndexWriter:
        """Open the indexer's side for the calling thread."""
        from tui.library._index import StoreIndexWriter

        if self.read_only:
            raise LibraryError(self.path, "can't be written")
        return StoreIndexWriter(self._store())

    def edits(self) -> Edits:
        """Open what changes chats and senders, for the calling thread."""
        from tui.library._edits import Edits

        if self.read_only:
            raise LibraryError(self.path, "can't be written")
        return Edits(self._store(), self._clock)

    def directory(self) -> Directory:
        """Open what lists chats and senders, for the calling thread."""
        from tui.library._directory import Directory

        return Directory(self._store())

    def follow(
        self, callback: Callable[[LibraryDelta], None], *, since: int | None = None
    ) -> Follower:
        """Call back with every change, whoever makes it, on a thread of its own.

        Args:
            callback: Gets the deltas in order, never two at once.
            since: A revision whose later changes are told; None for from now on.
        """
        from tui.library._follow import Follower

        if since is None:
            with closing(self.reader()) as reader:
                since = reader.revision()
        follower = Follower(self._store, StoreReader, callback, since)
        self._followers.append(follower)
        return follower

    def back_up(self, *, max_age_s: float = 0.0) -> Path | None:
        """Make a backup beside the library, unless there is one that is young enough.

        Args:
            max_age_s: The age in seconds up to which the last backup will do.

        Returns:
            The backup; None when none was needed.
        """
        from tui.library import _repair
        from tui.library._schema import MIGRATIONS

        if max_age_s and not self._days:
            return None  # the user wants none but those that are asked for
        now = self._clock()
        try:
            with _repair.opening_lock(self.path):
                for last in _repair.backups(self.path)[:1]:
                    if max_age_s and _repair.is_younger(last, now - max_age_s):
                        return None
                return _repair.back_up(self.path, len(MIGRATIONS), now, self._days)
        except OSError as error:
            raise LibraryError(self.path, error.strerror or str(error)) from error
        except sqlite3.Error as error:
            raise failure(self.path, error) from error

    def save_user_data(self, path: Path | None, put: Callable[[str], object]) -> Saved:
        """Write everything that the user said as a backup in JSON.

        Args:
            path: The file; None to have it told in pieces instead.
            put: Takes the pieces, which are ASCII.

        Raises:
            DataError: It can't be written, or the file is something else.
            LibraryError: The library can't be read.
        """
        from tui.library import _portable

        with closing(self._store()) as store:
            left_out = 0 if self.read_only else _portable.pay_owed(store)
            if path is None:
                saved = _portable.write(store, put, self._clock())
            else:
                saved = _portable.save(store, path, self._clock())
        return saved._replace(left_out=left_out)

    def join_user_data(
        self, file: BufferedReader, name: str, *, dry: bool = False
    ) -> Restored:
        """Join a backup in JSON with what is here; of each value the later one counts.

        The library is copied before, as by `back_up`. All of the backup is read and
        checked before anything is written.

        Args:
            file: The backup, packed or not.
            name: What it is called in errors.
            dry: Only count what would be done.

        Raises:
            DataError: The backup can't be read or understood.
            LibraryError: The library can't be written.
        """
        from tui.library import _portable

        if self.read_only and not dry:
            raise LibraryError(self.path, "can't be written")
        with _portable.read_backup(file, name) as backup:
            if not dry:
                self.back_up()
            with closing(self._store()) as store:
                if not dry:
                    _portable.pay_owed(store)
                return _portable.join(store, backup, dry=dry)

    def back_up_daily(self) -> str:
        """Make a backup, unless there is one of the last day.

        It reads and writes all of the file, so it belongs on a thread that nobody waits
        for.

        Returns:
            Why there is none, in a sentence; empty when all is well.
        """
        try:
            self.back_up(max_age_s=_DAY_S)
        except LibraryError as error:
            return f"no backup of the library was made: {error.message}"
        return ""

    def close(self) -> None:
        """Write what is left, end the threads; readers are closed by their owners."""
        for follower in self._followers:
            follower.stop()
        self._followers.clear()
        if self._user is not None:
            self._user.stop()

    def __enter__(self) -> Self:
        """Use as a context: closes itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def _store(self) -> Store:
        return Store(self.path, self._access)


def _make_folders(folder: Path) -> None:
    """Make a folder and those above it, for the user alone."""
    if folder.is_dir():
        return
    _make_folders(folder.parent)
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except FileExistsError as error:
        raise LibraryError(folder, "is no folder") from error


def _is_writable(path: Path) -> bool:
    if path.exists():
        return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK | os.X_OK)
    return True  # then making it tells the reason


def _refuse(path: Path, condition: Condition, version: int) -> None:
    """Leave files alone that are not ours to change."""
    if condition is Condition.FOREIGN:
        raise LibraryError(path, "is a database of another program")
    if condition is Condition.NEWER:
        from tui.library._schema import MIGRATIONS

        raise LibraryError(
            path,
            f"was written by a newer Earmark (version {version} of the file, this"
            f" Earmark knows {len(MIGRATIONS)}); please update Earmark",
        )


def _put_in_order(path: Path, clock: Callable[[], float]) -> str:
    """Create, migrate or repair a library; tells what the user should know."""
    from tui.library import _repair

    with _repair.opening_lock(path):
        # Another process may have done it while this one waited.
        condition, version = inspect(path)
        _refuse(path, condition, version)
        notice = _repaired(path, condition, clock())
        if condition is Condition.OLDER:
            _repair.back_up(path, version, clock())
        elif condition is Condition.NEW:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        try:
            _migrated(path)
        except sqlite3.DatabaseError as error:
            if condition is not Condition.OLDER or not _repair.is_broken(error):
                raise
            notice = _repaired(path, Condition.DAMAGED, clock())
            _migrated(path)
    return notice


def _migrated(path: Path) -> None:
    """Bring a library to this version, in the mode that lets others read meanwhile."""
    from tui.library._schema import migrate

    with closing(connect(path, Access.WRITE)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        migrate(connection)


def _repaired(path: Path, condition: Condition, now: float) -> str:
    """Repair a library if need be; tells what the user should know."""
    from tui.library import _rebuild, _sound
    from tui.library._connection import suspect_path

    if condition is Condition.DAMAGED:
        return _rebuild.replace_damaged(path, now)
    if condition is Condition.LOST:
        return _rebuild.replace_lost(path)
    if condition is Condition.STRANGE:
        try:
            notice = _sound.put_right(path)
        except DamagedError:
            return _rebuild.replace_damaged(path, now)
        suspect_path(path).unlink(missing_ok=True)
        return notice
    return ""
