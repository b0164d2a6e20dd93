"""The markup of the pages of Telegram Desktop's export, read as a stream.

After the writer in telegramdesktop/tdesktop,
`Telegram/SourceFiles/export/output/export_output_html.cpp`: the chat's name is in
`.page_header`; a message is a `div.message`, and its parts have classes of their own.
"""

from __future__ import annotations

import codecs
from contextlib import closing
from html.parser import HTMLParser
from typing import TYPE_CHECKING, NamedTuple

from tui.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.documents._document import Document

__all__ = ["Page", "PageMessage", "read_page"]

_CHUNK = 16 * 1024
_LONGEST_TAG = 1024 * 1024
_MOST_TEXT = 256 * 1024
"""Characters of the parts of one message that are kept."""
_DEEPEST = 1000
_NO_MEDIA = "media_wrap"
_VIDEO = "video_file_wrap"
_PARTS = ("from_name", "title", "status", "text")


class PageMessage(NamedTuple):
    """A message as its page has it; text is without space around it."""

    number: str
    """The id without the word before it."""
    is_service: bool
    is_joined: bool
    """Whether it stands under the name of the message before."""
    is_forwarded: bool
    sender: str
    """Empty where it is not told."""
    date: str
    """The title of its time."""
    media: str
    """The class that tells the kind of file, e.g. `media_voice_message`, or empty."""
    href: str
    """The file; empty when it is not in the export."""
    title: str
    """Of the file, e.g. performer and title."""
    status: str
    """Of the file: its length."""
    text: str


class Page(HTMLParser):
    """Takes a page in pieces, and gives the messages that are complete.

    A part of a message ends with its `div`; tags inside of it are looked through.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.name = ""
        """The chat's name, once it was read."""
        self.is_whole = False
        """Whether the page's end was read."""
        self.messages: list[PageMessage] = []
        """Complete messages; the caller takes them out."""
        self._divs: list[str] = []
        """What the open `div`s are for: a part, a word below, or nothing."""
        self._start = -1
        """How many `div`s are around the open message; -1 outside of one."""
        self._spans = 0
        self._facts: dict[str, str] = {}
        self._texts: dict[str, list[str]] = {}
        self._size = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag begins; the parser calls it."""
        values = {name: value or "" for name, value in attrs}
        classes = values.get("class", "").split()
        if tag == "div":
            self._open(classes, values)
        elif tag == "br":
            self.handle_data("\n")
        elif tag == "span":
            self._spans += 1
        if self._start >= 0:
            self._look_for_media(classes, values)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag without an end; the parser calls it."""
        if tag == "br":
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """Note what a tag ends; the parser calls it."""
        if tag == "div" and self._divs:
            self._divs.pop()
            if len(self._divs) == self._start:
                self._close()
        elif tag == "span":
            self._spans = max(0, self._spans - 1)
        elif tag == "html":
            self.is_whole = True

    def handle_data(self, data: str) -> None:
        """Keep text of a part; the parser calls it."""
        part = self._divs[-1] if self._divs else ""
        # The sender of a forward has its time in a span beside the name.
        if not part or (part == "from_name" and self._spans):
            return
        if self._start < 0:
            self.name += data if part == "name" and len(self.name) < 4096 else ""
        elif part in _PARTS and self._size < _MOST_TEXT:
            self._size += len(data)
            self._texts.setdefault(part, []).append(data)

    def parse_marked_section(self, i: int, report: bool = True) -> int:  # noqa: FBT001, FBT002  # the parser's
        """Take `<![…` for a comment; some versions of the parser give up on it."""
        return self.parse_bogus_comment(i, report)

    def is_broken(self) -> bool:
        """Whether what was read is no page: a tag, or a nest of them, without end."""
        return len(self.rawdata) > _LONGEST_TAG or len(self._divs) > _DEEPEST

    def _open(self, classes: list[str], values: dict[str, str]) -> None:
        if "message" in classes:
            if self._start >= 0:
                self._close()
            self._start = len(self._divs)
            self._facts["number"] = values.get("id", "").removeprefix("message")
            for fact in ("service", "joined"):
                if fact in classes:
                    self._facts[fact] = fact
            self._divs.append("")
        elif self._start < 0:
            is_name = "text" in classes and "header" in self._divs and not self.name
            header = "header" if "page_header" in classes else ""
            self._divs.append("name" if is_name else header)
        else:
            self._divs.append(self._part(classes, values))

    def _part(self, classes: list[str], values: dict[str, str]) -> str:
        """Tell what a `div` inside of a message is for."""
        is_forward = "forward" in self._divs
        if "forwarded" in classes and "body" in classes:
            self._facts["forwarded"] = "forwarded"
            return "forward"
        if "date" in classes and "title" in values and not is_forward:
            self._facts.setdefault("date", values["title"])
        elif "from_name" in classes:
            self._spans = 0
            return "" if is_forward else "from_name"
        return next((part for part in _PARTS if part in classes), "")

    def _look_for_media(self, classes: list[str], values: dict[str, str]) -> None:
        if "media" in self._facts:
            return
        for name in classes:
            if name == _VIDEO or (name.startswith("media_") and name != _NO_MEDIA):
                self._facts["media"] = name
                self._facts["href"] = values.get("href", "")
                return

    def _close(self) -> None:
        """Make a message of what was noted."""
        texts = {part: "".join(told).strip() for part, told in self._texts.items()}
        self.messages.append(
            PageMessage(
                number=self._facts.get("number", ""),
                is_service="service" in self._facts,
                is_joined="joined" in self._facts,
                is_forwarded="forwarded" in self._facts,
                sender=texts.get("from_name", ""),
                date=self._facts.get("date", ""),
                media=self._facts.get("media", ""),
                href=self._facts.get("href", ""),
                title=texts.get("title", ""),
                status=texts.get("status", ""),
                text=texts.get("text", ""),
            )
        )
        self._start, self._size, self._spans = -1, 0, 0
        self._facts, self._texts = {}, {}


def read_page(document: Document) -> Iterator[Page]:
    """Read a page piece by piece.

    Args:
        document: The file.

    Yields:
        The page, always the same, after each piece.

    Raises:
        DocumentError: It is no page of HTML.
        OSError: It can't be read.
    """
    page = Page()
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    with closing(document.open()) as file:
        while data := file.read(_CHUNK):
            page.feed(decoder.decode(data))
            if page.is_broken():
                raise DocumentError(document.path, "it is no page of an export")
            yield page
    page.feed(decoder.decode(b"", final=True))
    page.close()
    yield page
