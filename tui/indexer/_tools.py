"""What the indexer needs from the other packages, joined in one place.

The indexer itself calls nothing but this, so that each of its parts can be tried with
a few lines in place of file formats, name rules and clocks.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tui.indexer._walk import NameRules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tui.media._api import Probe
    from tui.model import SourceKind
    from tui.sources._api import FileSeen, NoteFacts

__all__ = ["Clock", "FactsOf", "Tools", "standard_tools"]


class FactsOf(Protocol):
    """Tells what a kind of source knows of some of its files."""

    def __call__(
        self, kind: SourceKind, root: bytes, files: Iterable[FileSeen]
    ) -> Iterator[NoteFacts]:
        """Yield the facts of each file that can be a note."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The two clocks."""

    wall_ns: Callable[[], int] = time.time_ns
    """Since 1970; what the times of files are compared with."""
    monotonic: Callable[[], float] = time.monotonic
    """Seconds; what waiting is measured with."""

    def wall_ms(self) -> int:
        """The wall clock in milliseconds."""
        return self.wall_ns() // 1_000_000

    def now_ms(self) -> int:
        """The clock that never jumps, in milliseconds."""
        return int(self.monotonic() * 1000)


@dataclass(frozen=True, slots=True)
class Tools:
    """Everything that the indexer asks others for."""

    names: NameRules
    is_audio_name: Callable[[bytes], bool]
    """Whether a name promises sound: then content that is none is reported."""
    open_file: Callable[[bytes], int]
    """Opens for reading without a trace."""
    probe: Callable[[int, int], Probe]
    """Looks into an open file of some size."""
    measure: Callable[[bytes], Probe]
    """Reads as much of a file as its length takes."""
    content_hash: Callable[[bytes, int], bytes]
    """The identity of a recording: of a path, and its size as last seen."""
    facts: FactsOf
    clock: Clock = Clock()


def standard_tools() -> Tools:
    """Join the packages of Earmark; imports them."""
    from tui.archives import format_of as archive_format_of
    from tui.archives import open_quietly
    from tui.documents import is_document_name
    from tui.indexer._documents import is_companion
    from tui.library import content_hash
    from tui.media import measure, probe_fd
    from tui.sources import (
        AUDIO_SUFFIXES,
        format_of,
        is_audio_name,
        is_ignored,
        is_ignored_folder,
        is_temporary,
    )

    def facts(
        kind: SourceKind, root: bytes, files: Iterable[FileSeen]
    ) -> Iterator[NoteFacts]:
        return format_of(kind).facts(root, files)

    def is_archive(folder: bytes, name: bytes) -> bool:
        # Asked for every file, and nearly all of them are notes.
        if name[-5:] == b".opus" or name[name.rfind(b".") :].lower() in AUDIO_SUFFIXES:
            return False
        return archive_format_of(folder, name) is not None

    def is_document(folder: bytes, name: bytes) -> bool:
        return is_document_name(folder, name) or is_companion(name)

    return Tools(
        names=NameRules(
            is_ignored,
            is_temporary,
            is_ignored_folder,
            is_audio_name,
            is_archive,
            is_document,
        ),
        is_audio_name=is_audio_name,
        open_file=open_quietly,
        probe=probe_fd,
        measure=measure,
        content_hash=content_hash,
        facts=facts,
    )
