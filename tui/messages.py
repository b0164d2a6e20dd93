"""Messages that cross the whole application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message
from typing_extensions import override

if TYPE_CHECKING:
    from tui.browse import Answer
    from tui.export import ExportEvent
    from tui.indexer import Likely
    from tui.model import LibraryDelta
    from tui.playback import NowPlaying
    from tui.services import IndexerStatus

__all__ = [
    "Answered",
    "EndSearch",
    "ExportChanged",
    "FolderFound",
    "IndexerChanged",
    "LibraryChanged",
    "LibraryFailed",
    "PlayingChanged",
]


@dataclass
class LibraryChanged(Message):
    """The library has other rows than before, whoever wrote them."""

    delta: LibraryDelta
    """Which rows; every delta counts, so none replaces another."""


@dataclass
class LibraryFailed(Message):
    """The library did not answer; what is shown stays."""

    reason: str
    """A sentence for the user."""


@dataclass
class PlayingChanged(Message):
    """What plays, or where, or how, has changed."""

    now: NowPlaying
    """All of it; only the newest matters."""

    @override
    def can_replace(self, message: Message) -> bool:
        return isinstance(message, PlayingChanged)


@dataclass
class IndexerChanged(Message):
    """The indexer does something else, or has something to tell."""

    status: IndexerStatus
    """All of it; a newer one replaces it, unless it has a problem to tell."""

    @override
    def can_replace(self, message: Message) -> bool:
        # Textual asks the older one whether it may give way.
        return isinstance(message, IndexerChanged) and not self.status.problem


@dataclass
class FolderFound(Message):
    """The search of the first start found something, or has ended."""

    found: Likely | bytes | None
    """A folder, the path of contacts, or None at the end."""


@dataclass
class Answered(Message):
    """What was looked for was found, or counted."""

    answer: Answer
    """All of it; whoever asked knows which answer is still wanted."""


@dataclass
class ExportChanged(Message):
    """Something was told of an export: what it would be, how far it is, its end."""

    event: ExportEvent
    """Each counts: they are few, and hold rows and problems that come once."""


@dataclass
class EndSearch(Message):
    """The tree is to be as it was before the search."""
