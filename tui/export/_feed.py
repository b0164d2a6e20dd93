"""Notes as a podcast: RSS 2.0 with what Apple's directory asks for, as far as known.

It is meant for the user's own network, so it asks directories to stay away. Which
language is spoken nothing tells, and a wrong one would be worse than none.
"""

from __future__ import annotations

import html
import re
from contextlib import contextmanager
from email.utils import format_datetime
from typing import IO, TYPE_CHECKING
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from tui.export._feed_mark import Sealed
from tui.export._wording import (
    length_of,
    marks_of,
    paragraphs,
    problem_of,
    sender_of,
    sum_of,
    tags_of,
    text_of,
    title_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tui.export._documents import Entry, Head

__all__ = ["FeedWriter"]

_ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"
_ATOM = "http://www.w3.org/2005/Atom"
_ILLEGAL = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 can't have, not even escaped."""
_TYPES = {"audio/mp4": "audio/x-m4a"}
"""As Apple names them."""
_UNNAMED = str.maketrans("<>", "\u2039\u203a")
"""Some programs take titles for HTML and others do not: a sign for both."""


class FeedWriter:
    """Writes a feed. Its notes keep their ids, however often it is made again."""

    def write(
        self,
        file: IO[bytes],
        head: Head,
        entries: Iterable[Entry],
        tick: Callable[[], None],  # noqa: ARG002  # nothing takes long
    ) -> None:
        """Write it."""
        sealed = Sealed(file)
        feed = _Feed(sealed)
        spaces = {"version": "2.0", "xmlns:itunes": _ITUNES, "xmlns:atom": _ATOM}
        with feed.element("rss", **spaces), feed.element("channel"):
            _channel(feed, head)
            for entry in entries:
                with feed.element("item"):
                    _item(feed, head, entry)
        feed.end()
        sealed.seal(head.identity)


class _Feed:
    """Writes XML, of which nothing is kept."""

    def __init__(self, file: Sealed) -> None:
        self._made = XMLGenerator(file, "utf-8", short_empty_elements=True)
        self._made.startDocument()

    @contextmanager
    def element(self, name: str, /, **facts: str) -> Iterator[None]:
        """Write an element around others."""
        self._made.startElement(name, AttributesImpl(_legal(facts)))
        self._made.characters("\n")
        yield
        self._made.endElement(name)
        self._made.characters("\n")

    def leaf(self, name: str, content: str = "", /, **facts: str) -> None:
        """Write an element that has a text, or nothing."""
        self._made.startElement(name, AttributesImpl(_legal(facts)))
        if content:
            self._made.characters(_ILLEGAL.sub("", content))
        self._made.endElement(name)
        self._made.characters("\n")

    def end(self) -> None:
        """Write what is left."""
        self._made.endDocument()


def _legal(facts: dict[str, str]) -> dict[str, str]:
    return {name: _ILLEGAL.sub("", text) for name, text in facts.items()}


def _plain(text: str) -> str:
    """Give a text that is the same in XML and in HTML, and empty when nothing is."""
    return _ILLEGAL.sub("", text).translate(_UNNAMED).strip()


def _channel(feed: _Feed, head: Head) -> None:
    title = _plain(head.title) or "Voice notes"
    feed.leaf("title", title)
    feed.leaf("link", head.base_url)
    address = head.base_url + head.name
    feed.leaf("atom:link", href=address, rel="self", type="application/rss+xml")
    feed.leaf("description", html.escape(f"{head.title}: {sum_of(head)}", quote=False))
    if head.newest is not None:
        feed.leaf("lastBuildDate", format_datetime(head.newest))
    feed.leaf("generator", "Earmark")
    feed.leaf("itunes:author", title)
    feed.leaf("itunes:type", "episodic")
    feed.leaf("itunes:explicit", "false")
    feed.leaf("itunes:block", "Yes")
    with feed.element("itunes:category", text="Society & Culture"):
        feed.leaf("itunes:category", text="Personal Journals")


def _item(feed: _Feed, head: Head, entry: Entry) -> None:
    words = entry.words
    sender = _plain(sender_of(entry))
    when = words.date.replace("T", " ")
    feed.leaf("title", _plain(title_of(entry)) or f"{sender} {when}".strip())
    feed.leaf("guid", f"urn:earmark:note:{entry.note.key}", isPermaLink="false")
    feed.leaf("pubDate", format_datetime(entry.moment))
    feed.leaf("description", _description(entry))
    if entry.href:
        feed.leaf(
            "enclosure",
            url=head.base_url + entry.href,
            length=str(entry.size),
            type=_TYPES.get(entry.mime, entry.mime),
        )
    feed.leaf("itunes:author", sender)
    if entry.duration_ms:
        feed.leaf("itunes:duration", str(max(1, round(entry.duration_ms / 1000))))
    feed.leaf("itunes:explicit", "false")


def _description(entry: Entry) -> str:
    """Write what is told of a note, as the HTML that podcast apps expect."""
    words = entry.words
    chat = "" if words.chat == words.sender else words.chat
    parts = [sender_of(entry), chat, length_of(entry)]
    made = [", ".join(part for part in parts if part)]
    made += paragraphs(words.transcript)
    made += [f"{at} {text}".rstrip() for at, text in marks_of(entry)]
    made += paragraphs(words.comment)
    made += paragraphs(text_of(entry))
    if tags_of(entry):
        made.append("Tags: " + ", ".join(tags_of(entry)))
    if entry.problem:
        made.append(f"No sound: {problem_of(entry)}")
    return "".join(f"<p>{html.escape(part, quote=False)}</p>" for part in made)
