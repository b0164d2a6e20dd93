"""Documents about notes: what they can be, and what their writers are given."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import IO, TYPE_CHECKING, NamedTuple, Protocol

from tui.errors import UsageError
from tui.export._formats import Format, Options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from pathlib import Path

    from tui.export._tags import Words
    from tui.model import Note

__all__ = [
    "DocumentFormat",
    "DocumentOptions",
    "Entry",
    "Head",
    "Linked",
    "Per",
    "Writer",
    "parse_document_format",
    "usual_per",
    "usual_sound",
]


class DocumentFormat(StrEnum):
    """What a document is; the value is its suffix and its name on the command line."""

    MARKDOWN = "md"
    TEXT = "txt"
    SRT = "srt"
    VTT = "vtt"
    JSON = "json"
    CSV = "csv"
    HTML = "html"
    M3U8 = "m3u8"
    RSS = "rss"
    """A podcast; its file is called `.xml`."""


class Per(StrEnum):
    """What one document is about."""

    NOTE = "note"
    CHAT = "chat"
    ALL = "all"


class Linked(StrEnum):
    """How the sound of notes goes with a document."""

    NONE = "none"
    LINK = "link"
    """By the path of the source's own file."""
    COPY = "copy"
    """Saved in a folder beside the document, which refers to it there."""
    EMBED = "embed"
    """In the document itself; HTML only."""


def parse_document_format(text: str) -> DocumentFormat | None:
    """Read the name of a kind of document, as `parse_format` does; None for no such.

    Args:
        text: What was written.
    """
    name = text.strip().lower().removeprefix(".")
    name = {"markdown": "md", "text": "txt", "webvtt": "vtt", "podcast": "rss"}.get(
        name, name
    )
    return next((each for each in DocumentFormat if name == each), None)


def usual_per(form: DocumentFormat) -> Per:
    """Tell what one document is about, where nobody says it.

    Args:
        form: What the document is.
    """
    return _USUAL_PER.get(form, Per.CHAT)


def usual_sound(form: DocumentFormat) -> Format:
    """Tell what becomes of the sounds of a document, where nobody says it.

    Args:
        form: What the document is.
    """
    return USUAL_SOUND.get(form, Format.ORIGINAL)


@dataclass(frozen=True, slots=True)
class DocumentOptions:
    """How documents are written.

    Raises:
        UsageError: They do not go together.
    """

    format: DocumentFormat
    per: Per | None = None
    """None for what is usual: a note for subtitles, all for JSON, CSV and M3U8, else a
    chat."""
    linked: Linked | None = None
    """None for what is usual: HTML embeds, RSS copies, M3U8 links, others do not."""
    sound: Options = Options()  # noqa: RUF009  # frozen
    """How sounds are saved that are copied or embedded. As they are: what browsers and
    podcast apps can't play is converted all the same (AMR to MP3)."""
    base_url: str = ""
    """Where the folder will be served, for RSS; with or without a slash at the end."""
    title: str = ""
    """What a document of all notes is called; empty for `Voice notes`."""

    def __post_init__(self) -> None:
        """Refuse what does not go together."""
        is_html = self.format is DocumentFormat.HTML
        if self.linked is Linked.EMBED and not is_html:
            raise UsageError(f"no sound can be embedded in {self.format}: only in html")
        if self.base_url and self.format is not DocumentFormat.RSS:
            raise UsageError("only a podcast (rss) needs to know where it is served")


class Head(NamedTuple):
    """What a document is about as a whole."""

    title: str
    """The chat's, the note's or the user's; one line, see `_texts.one_line`."""
    notes: int | None
    """How many; None when that is not known ahead."""
    base_url: str
    """Empty, or with a slash at the end."""
    identity: str
    """What stays the same when the document is made again, for feeds."""
    name: str = ""
    """What its file is called, percent-encoded, if nothing else is called so."""
    first: str = ""
    """The day of its oldest note, on the clock of the wall: `2024-08-15`."""
    last: str = ""
    """The same of its newest."""
    newest: datetime | None = None
    """When that was sent; as `Entry.moment`."""
    duration_ms: int = 0
    """How long its notes are together, as far as it is known."""


class Entry(NamedTuple):
    """A note in a document."""

    note: Note
    words: Words
    """Its texts, fit for showing: no control characters and nothing that turns the
    writing, but not escaped for any format."""
    moment: datetime
    """When it was sent, aware, in UTC or with the offset that is known."""
    number: int
    """Counted from 1 in the document."""
    start_ms: int
    """Where it begins when all notes of the document are played one after the other."""
    duration_ms: int
    """0 when it is not known."""
    href: str
    """The relative path or `file:` address of its sound, percent-encoded; empty for
    none."""
    size: int
    """Of that file in bytes; 0 for none."""
    mime: str
    """Of that file, e.g. `audio/ogg`; empty for none."""
    sound: Path | None
    """That file, for writers that embed it; None for none."""
    problem: str
    """Why it has no sound; empty otherwise."""


class Writer(Protocol):
    """Writes one document; entries are an iterator that is read once.

    The same entries make the same bytes. Nothing of the texts has a power in the
    document: no markup, no formula, no line of its own.
    """

    def write(
        self,
        file: IO[bytes],
        head: Head,
        entries: Iterable[Entry],
        tick: Callable[[], None],
    ) -> None:
        """Write it.

        Args:
            file: Where to, from its begin; may be sought.
            head: What it is about.
            entries: Its notes.
            tick: To call at least once a second in work on one entry; raises Stopped.
        """


_USUAL_PER = {
    DocumentFormat.SRT: Per.NOTE,
    DocumentFormat.VTT: Per.NOTE,
    DocumentFormat.JSON: Per.ALL,
    DocumentFormat.CSV: Per.ALL,
    DocumentFormat.M3U8: Per.ALL,
}
USUAL_LINKED = {
    DocumentFormat.HTML: Linked.EMBED,
    DocumentFormat.RSS: Linked.COPY,
    DocumentFormat.M3U8: Linked.LINK,
}
USUAL_SOUND = {DocumentFormat.RSS: Format.MP3}
"""What every podcast app plays."""
