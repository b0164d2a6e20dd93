"""What every kind of source implements, and the facts that it yields.

A source kind does two things. `detect` looks at one folder at a time (names only,
heads of files through the `Folder` where names do not decide) and says how sure it is.
`facts` turns the files below a detected root into a stream of facts, each field with
a confidence. Facts of several sources about the same file are merged by confidence;
what no source tells is left out, never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from tui.model import Direction

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tui.model import ChatKind, NoteKind, Precision, SourceKind

__all__ = [
    "ACCEPT_SCORE",
    "ASK_SCORE",
    "ChatFact",
    "Detection",
    "FileSeen",
    "Folder",
    "NoteFacts",
    "SenderFact",
    "SourceFormat",
    "TimeFact",
]

ACCEPT_SCORE = 60
"""A detection from here on is taken without a question."""
ASK_SCORE = 40
"""A detection from here on is offered; below, ignored."""


class Folder(Protocol):
    """A read-only view of one folder, real or inside an archive."""

    @property
    def path(self) -> bytes:
        """The absolute path of the folder."""

    def names(self) -> Sequence[bytes]:
        """The names of its entries, unordered."""

    def is_folder(self, name: bytes) -> bool:
        """Whether an entry is a folder (links to folders are not followed)."""

    def folder(self, name: bytes) -> Folder:
        """The view of a sub-folder."""

    def head(self, name: bytes, size: int) -> bytes:
        """The first bytes of a file; empty when it can't be read."""


@dataclass(frozen=True, slots=True)
class Detection:
    """What a folder was recognised as."""

    kind: SourceKind
    root: bytes
    """The absolute path of the folder that the source begins at."""
    score: int
    """0 to 100, see ACCEPT_SCORE and ASK_SCORE."""
    reasons: tuple[str, ...]
    """What the score stands on, in words for `doctor`."""
    label: str = ""
    """A name for the user, e.g. `WhatsApp` or the folder's name."""


class FileSeen(Protocol):
    """A file as the walk saw it (only what facts may depend on)."""

    @property
    def folder(self) -> bytes:
        """The path of its folder, relative to the source's root; empty for the root."""

    @property
    def name(self) -> bytes:
        """Its name."""

    @property
    def size(self) -> int:
        """Bytes."""

    @property
    def mtime_ns(self) -> int:
        """Time of the last change."""


@dataclass(frozen=True, slots=True)
class ChatFact:
    """Which chat a note belongs to."""

    kind: ChatKind
    native_id: str
    """What tells this chat from the others of the same source, e.g. a folder's path."""
    title: str
    confidence: float
    origin: str
    is_global: bool = False
    """Whether the identity is a messenger's own, the same in every source."""


@dataclass(frozen=True, slots=True)
class SenderFact:
    """Who speaks."""

    name: str
    confidence: float
    origin: str
    is_me: bool = False


class TimeFact(NamedTuple):
    """When a note was sent or recorded.

    Like NoteFacts a tuple: one is made for every file of a scan, in half the time.
    """

    ms: int
    """Best estimate, UTC."""
    precision: Precision
    confidence: float
    origin: str
    offset_min: int | None = None
    """Minutes east of UTC assumed for a wall-clock time; None for true UTC."""


class NoteFacts(NamedTuple):
    """What a source tells about one file."""

    folder: bytes
    name: bytes
    kind: NoteKind
    chat: ChatFact
    time: TimeFact
    direction: Direction = Direction.UNKNOWN
    sender: SenderFact | None = None
    counter: int = 0
    """The order within a day where the name has a counter (`WA0003` gives 3)."""
    title: str = ""
    base_name: bytes = b""
    """The name without the mark of a conflict copy; empty when it has no such mark."""
    sound_only: bool = False
    """Whether the file is a note only without a picture: its suffix is a film's too,
    and nothing but its bytes can tell (`Probe.has_video`)."""


class SourceFormat(Protocol):
    """One kind of source."""

    @property
    def kind(self) -> SourceKind:
        """The kind that it detects."""

    def detect(self, folder: Folder) -> Detection | None:
        """Tell whether a source of this kind begins at a folder.

        Args:
            folder: The folder to look at, and below it as far as needed.

        Returns:
            The detection, or None when nothing speaks for it.
        """

    def facts(self, root: bytes, files: Iterable[FileSeen]) -> Iterator[NoteFacts]:
        """Tell what is known of each note among some files of a detected source.

        Files that are no notes (ignored names, pictures) yield nothing. A file that
        can't be told from its name alone is still yielded; its bytes decide later.

        Args:
            root: The root of the detection.
            files: Files below the root, in any number and order.

        Yields:
            One NoteFacts for each file that can be a note.
        """
