"""The first start on nothing: a setup that finds what a test says."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tui.errors import EarmarkError, SourceError, UsageError
from tui.indexer import Likely, Lock
from tui.model import SourceKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tui.indexer import Answers

__all__ = ["FOUND", "FakeSetup", "found_folder"]


def found_folder(
    root: str,
    score: int = 100,
    kind: SourceKind = SourceKind.FOLDER,
    *,
    locks: Sequence[Lock] = (),
    contacts: Sequence[bytes] = (),
    needs: Sequence[str] = (),
) -> Likely:
    """Make a folder that a search found."""
    return Likely(
        root.encode(),
        kind,
        kind.value.replace("_", " "),
        score,
        ("a test says so",),
        tuple(needs),
        tuple(locks),
        tuple(contacts),
    )


FOUND = (
    found_folder(
        "/phone/WhatsApp",
        kind=SourceKind.WHATSAPP_ANDROID,
        locks=[Lock(b"/phone/WhatsApp/Databases/msgstore.db.crypt15", is_phone=False)],
        needs=["the key tells more"],
    ),
    found_folder("/phone/Recordings", 70),
    found_folder("/music", 45),
)


class FakeSetup:
    """Finds, opens and adds as told, and remembers what was asked.

    Args:
        found: What a search finds.
        key: The only key that opens anything.
    """

    def __init__(
        self, found: Sequence[Likely | bytes] = FOUND, key: str = "sesame"
    ) -> None:
        self.found = found
        self.key = key
        self.answers: list[Answers] = []
        self.is_stopped = False
        self.may_end = threading.Event()
        """Set: the search comes to its end by itself."""
        self.may_end.set()
        self.problem = ""
        """Why nothing can be added; empty when it can."""
        self._tell: Callable[[Likely | bytes | None], None] | None = None

    def search(
        self, tell: Callable[[Likely | bytes | None], None]
    ) -> Callable[[], None]:
        self._tell = tell

        def run() -> None:
            for each in self.found:
                tell(each)
            self.may_end.wait(20)
            tell(None)

        threading.Thread(target=run, name="fake-search", daemon=True).start()

        def stop() -> None:
            self.is_stopped = True
            self.may_end.set()

        return stop

    def look_at(self, typed: str) -> Likely:
        if "none" in typed:
            raise SourceError(typed, "no such file or directory")
        return found_folder(typed, 60)

    def find_contacts(self, typed: str) -> bytes:
        if not typed.endswith(".vcf"):
            raise SourceError(typed, "no contacts in it")
        return typed.encode()

    def open_with(self, locks: Sequence[Lock], typed: str) -> bytes:
        if not locks or typed != self.key:
            raise UsageError("the key does not open it")
        return typed.encode()

    def finish(self, answers: Answers) -> None:
        if self.problem:
            raise EarmarkError(self.problem)
        self.answers.append(answers)
