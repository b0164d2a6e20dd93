"""The first start: looking for folders, trying keys, remembering what was chosen."""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING

from tui.cli._library import absolute, add_sources
from tui.errors import DataError, EarmarkError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tui.indexer import Answers, Likely, Lock
    from tui.library import Library

__all__ = ["FirstSetup"]

_log = logging.getLogger(__name__)

_KEY_BYTES = 16 * 1024


class FirstSetup:
    """Finds and adds the first sources, see `tui.services.Setup`.

    Args:
        library: Where sources are remembered.
        reload: Tells the indexer that there are others.
    """

    def __init__(self, library: Library, reload: Callable[[], None]) -> None:
        self._library = library
        self._reload = reload

    def search(
        self, tell: Callable[[Likely | bytes | None], None]
    ) -> Callable[[], None]:
        """Look for folders with voice notes, on another thread.

        Args:
            tell: Told of folders, of paths of contacts, and with None of the end.

        Returns:
            Ends the search.
        """
        stopped = threading.Event()

        def run() -> None:
            from tui.indexer import places, search

            try:
                home = absolute("~")
                for found in search(places(home), is_stopped=stopped.is_set):
                    if found is not None:
                        tell(found)
            except Exception:  # noqa: BLE001  # the outermost handler of a thread
                _log.exception("the search for folders failed")
            tell(None)

        threading.Thread(target=run, name="first-search", daemon=True).start()
        return stopped.set

    def look_at(self, typed: str) -> Likely:
        """Tell what a folder is whose path was typed.

        Args:
            typed: The path.

        Raises:
            SourceError: It is no folder, or can't be read.
        """
        from tui.indexer import likely

        return likely(absolute(typed.strip()))

    def find_contacts(self, typed: str) -> bytes:
        """Tell the path of a file of contacts that was typed.

        Args:
            typed: The path of the file, or of a folder with such a file in it.

        Raises:
            DataError: There is none.
        """
        from tui.documents import Document, recognise
        from tui.model import DocumentKind

        path = absolute(typed.strip())
        names = [b""]
        try:
            if os.path.isdir(path):  # noqa: PTH112  # bytes
                names = sorted(os.listdir(path))  # noqa: PTH208  # bytes
            for name in names:
                file = os.path.join(path, name) if name else path  # noqa: PTH118  # bytes
                is_card = file.lower().endswith((b".vcf", b".vcard", b".csv"))
                if not is_card and name:
                    continue
                found = recognise(Document(file))
                if found is not None and found[0].kind is DocumentKind.CONTACTS:
                    return file
        except OSError as error:
            reason = (error.strerror or "can't be read").lower()
            raise DataError(path, reason) from error
        raise DataError(path, "no contacts in it (a .vcf file is wanted)")

    def open_with(self, locks: Sequence[Lock], typed: str) -> bytes:
        """Make a secret of what was typed, and prove it.

        Args:
            locks: What it should open; one of them is enough.
            typed: The key, the passphrase, or the path of a file with the key.

        Raises:
            EarmarkError: It opens none of them.
        """
        from tui.cli._key import why_locked

        secret = _secret(typed)
        reason = ""
        for lock in locks:
            problem = why_locked(lock.path, secret)
            if not problem:
                return secret
            reason = reason or problem
        raise UsageError(reason.partition(": earmark")[0])

    def finish(self, answers: Answers) -> None:
        """Keep keys, then remember sources, so that the first look opens everything.

        Args:
            answers: What was chosen.

        Raises:
            EarmarkError: A key can't be kept, or a folder not be read.
        """
        from tui.keys import add_secret

        for root, secret in answers.secrets:
            add_secret(root, secret)
        # One that can't be added must not keep the others away.
        problems: list[EarmarkError] = []
        for folder in answers.folders:
            try:
                add_sources(self._library, [folder])
            except EarmarkError as error:
                problems.append(error)
        if len(problems) < len(answers.folders):
            self._reload()
        if problems:
            raise problems[0]


def _secret(typed: str) -> bytes:
    """Take what was typed, or what stands in the file of that name."""
    text = typed.strip("\r\n")
    path = os.path.expanduser(text.strip())  # noqa: PTH111  # Path.expanduser raises for an unknown user
    if os.path.isabs(path) and os.path.isfile(path):  # noqa: PTH113, PTH117  # as above
        try:
            with open(path, "rb") as file:  # noqa: PTH123  # as above
                return file.read(_KEY_BYTES)
        except OSError as error:
            reason = (error.strerror or "can't be read").lower()
            raise DataError(path, reason) from error
    return text.encode(errors="surrogateescape")
