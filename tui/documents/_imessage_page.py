"""The messages of a page or a text that `imessage-exporter` wrote, one by one.

A page is walked tag by tag rather than parsed as HTML: its `<audio …` lacks the bracket
at its end, and boxes of reactions are closed once too often.
"""

from __future__ import annotations

import codecs
import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tui.documents._attached import is_film_name, is_sound_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

__all__ = ["STAMP", "Message", "Sound", "in_page", "in_text", "page_speakers"]

STAMP = re.compile(
    r"([A-Z][a-z]{2}) +(\d{1,2}), (\d{4})\s{1,3}(\d{1,2}):(\d\d):(\d\d) ([AP]M)",
    re.ASCII,
)
"""`May 17, 2022  5:29:42 PM`: month, day, year, hour, minute, second, half."""

_CHUNK = 64 * 1024
_MOST = 1024 * 1024
"""Bytes of a line that are read together."""
_MOST_FIELD = 20_000
"""Characters of the longest tag, or of a field, that are kept together."""
_OFTEN = 2000
_DEEPEST = 64

_MARK = re.compile(
    r"<(?P<name>/div|div|span|audio|a)(?![A-Za-z])(?P<rest>[^<>]*)(?:>|(?=<))"
    r"|<p>Un(?:known attachment type|able to embed [^<>]{1,99} attachments):"
    r" (?P<named>[^<>]+)(?=<)"
    r"|Unable to locate attachment: (?P<lost>[^<>]+)(?=<)"
)
"""The tags that matter, and the words for what the tool can't show."""
_ANY_TAG = re.compile(r"<[^<>]*>")
_CLASS = re.compile(r'\sclass\s*=\s*["\']([^"\' ]*)')
_SOURCE = re.compile(r'\s(?:src|href)\s*=\s*(?:"([^"]*)"|\'([^\']*)\')')
_SPEAKER = re.compile(
    r'<div class="(received|sent)[^"<>]*">|<span class="sender">([^<]*)</span>'
)

_HEADER = re.compile(r"( *)" + STAMP.pattern + r"(?: *\(.*\))?\s*", re.ASCII)
_PATH = re.compile(
    r"(?:.*[/\\])?[Aa]ttachments[/\\].+|[~/].+|[A-Za-z]:[/\\].+", re.DOTALL
)
_LOST = re.compile(r"Audio Message(?: [0-9]+)?\.(?:caf|amr|m4a)")
"""What stands alone on its line for a voice note whose file is gone."""
_TRANSCRIPT = "Transcription: "


@dataclass(slots=True)
class Message:
    """What stands above the parts of a message."""

    stamp: str = ""
    """The time as it is written, with what follows it."""
    sender: str = ""
    is_sent: bool | None = None
    """Whether the owner sent it; None where nothing says so."""
    depth: int = 0
    """How deep it lies: boxes around it, or spaces before it."""
    last: str = ""
    """The attachment that was told last."""


class Sound(NamedTuple):
    """An attachment that is sound."""

    message: Message
    path: str
    transcript: str = ""


def page_speakers(file: BinaryIO) -> Iterator[tuple[str, bool] | None]:
    """Give the senders of a page, and whether each is the owner; None now and then."""
    is_sent = False
    rest = ""
    for chunk in _chunks(file):
        text, at = rest + chunk, 0
        for found in _SPEAKER.finditer(text):
            at = found.end()
            if found[1]:
                is_sent = found[1] == "sent"
            else:
                yield html.unescape(found[2]).strip(), is_sent
        rest = text[max(at, len(text) - _MOST_FIELD) :]
        yield None


def in_page(file: BinaryIO) -> Iterator[Sound | None]:
    """Give the sounds of a page.

    Args:
        file: The page.

    Yields:
        The sounds with the messages that they are in, and None now and then.
    """
    page = _Page()
    rest = ""
    for chunk in _chunks(file):
        text = rest + chunk
        rest = text[page.take(text, is_last=not chunk) :]
        yield from page.told
        page.told.clear()
        yield None


def _chunks(file: BinaryIO) -> Iterator[str]:
    """Give the text of a page; at last an empty one."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    while data := file.read(_CHUNK):
        if text := decoder.decode(data):
            yield text
    yield ""


class _Page:
    """Where in a page we are.

    Attributes:
        told: The sounds that were found, to be taken away.
    """

    def __init__(self) -> None:
        self.told: list[Sound] = []
        self._open: list[Message] = []
        self._newest = Message()
        self._depth = 0
        self._is_reply = False
        self._sound: Sound | None = None

    def take(self, text: str, *, is_last: bool) -> int:
        """Take a piece of the page in.

        Args:
            text: What follows after what was taken before.
            is_last: Whether nothing more comes.

        Returns:
            Where the rest begins that is to be given again, with more behind it.
        """
        at = 0
        for found in _MARK.finditer(text):
            name = found["name"]
            if name == "/div":
                self._end_box()
            elif name == "div":
                self._begin_box(_class(found["rest"]))
            elif name == "span":
                if not self._field(text, found, is_last=is_last):
                    return found.start()
            else:
                self._attachment(found)
            at = found.end()
        if is_last:
            self._flush()
            return len(text)
        begun = text.rfind("<", at)
        if begun < 0 or len(text) - begun > _MOST_FIELD:
            return len(text)
        return begun

    def _flush(self) -> None:
        """Tell the sound whose transcript could still have come."""
        if self._sound is not None:
            self.told.append(self._sound)
            self._sound = None

    def _end_box(self) -> None:
        self._depth = max(0, self._depth - 1)
        while self._open and self._open[-1].depth > self._depth:
            self._flush()
            self._open.pop()

    def _begin_box(self, kind: str) -> None:
        self._depth += 1
        if kind == "message":
            self._flush()
            if not self._is_reply:  # whatever was left open, nothing is around it
                self._open.clear()
            elif len(self._open) >= _DEEPEST:
                self._open.pop()
            self._newest = Message(depth=self._depth)
            self._open.append(self._newest)
        elif kind in {"sent", "received"} and self._open:
            message = self._open[-1]
            if message.is_sent is None and self._depth == message.depth + 1:
                message.is_sent = kind == "sent"
        self._is_reply = kind == "reply"

    def _field(self, text: str, found: re.Match[str], *, is_last: bool) -> bool:
        """Take a field's text in; False if its end has still to come."""
        kind = _class(found["rest"])
        is_head = kind in {"timestamp", "sender"} and not self._newest.sender
        if not is_head and kind != "transcription":
            return True
        end = text.find("</span", found.end(), found.end() + _MOST_FIELD)
        if end < 0 and not is_last and len(text) - found.end() < _MOST_FIELD:
            return False
        inside = text[found.end() : end] if end >= 0 else ""
        inside = html.unescape(_ANY_TAG.sub("", inside)).strip()
        if kind == "timestamp":
            self._newest.stamp = inside
        elif kind == "sender":
            self._newest.sender = inside
        elif self._sound is not None:
            transcript = inside.removeprefix(_TRANSCRIPT)
            self._sound = self._sound._replace(transcript=transcript)
        return True

    def _attachment(self, found: re.Match[str]) -> None:
        told = found["named"] or found["lost"]
        source = html.unescape(told).strip() if told else _source(found["rest"])
        is_film = found["name"] == "audio" and is_film_name(source)
        if is_film or (is_sound_name(source) and "://" not in source):
            self._heard(source)

    def _heard(self, path: str) -> None:
        message = self._open[-1] if self._open else self._newest
        if path == message.last:  # named, and linked to
            return
        message.last = path
        self._flush()
        self._sound = Sound(message, path)


def _class(tag: str) -> str:
    found = _CLASS.search(tag)
    return found[1] if found else ""


def _source(tag: str) -> str:
    found = _SOURCE.search(tag)
    return html.unescape(found[1] or found[2] or "") if found else ""


def _is_attachment(text: str) -> bool:
    """Tell whether a line names a file that is sound, or may be."""
    if _LOST.fullmatch(text):
        return True
    is_either = is_sound_name(text) or is_film_name(text)
    return is_either and _PATH.match(text) is not None


def in_text(file: BinaryIO) -> Iterator[Message | Sound | None]:
    """Give what a text tells.

    Args:
        file: The text.

    Yields:
        Each message once its sender is known, each sound and each file that may be a
        film behind its message, and None now and then.
    """
    levels: list[Message] = []
    awaited: Message | None = None
    sound: Sound | None = None
    for number, data in enumerate(iter(lambda: file.readline(_MOST), b"")):
        if not number % _OFTEN:
            yield None
        line = data.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")
        text = line.strip()
        if sound is not None:
            if text.startswith(_TRANSCRIPT):
                text = text.removeprefix(_TRANSCRIPT)
                sound, text = sound._replace(transcript=text), ""
            yield sound
            sound = None
        if awaited is not None:
            awaited.sender, awaited.is_sent = text, True if text == "Me" else None
            yield awaited
            awaited = None
            continue
        header = _HEADER.fullmatch(line)
        depth = len(line) - len(line.lstrip(" "))
        if header is not None:
            levels = [level for level in levels if level.depth < depth]
            awaited = Message(stamp=text, depth=depth)
            levels.append(awaited)
        elif _is_attachment(text):
            above = [level for level in levels if level.depth <= depth]
            if above and above[-1].last != text:
                above[-1].last = text
                sound = Sound(above[-1], text)
    if sound is not None:
        yield sound
