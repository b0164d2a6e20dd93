"""Telegram Desktop's export for people: `messages.html`, `messages2.html`, ….

Each page is a document of its own; all pages of a chat tell the same chat. They know it
and its people by name only, so where `result.json` was exported too, that is read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tui.archives import FolderView
from tui.documents._api import (
    ChatTold,
    Claim,
    Confidence,
    NameRank,
    PersonTold,
    Recognition,
)
from tui.documents._document import Document
from tui.documents._telegram import HEAD, SAVED, looks_like_json
from tui.documents._telegram_page import Page, read_page
from tui.documents._telegram_values import (
    duration_of_clock,
    moment_of_title,
    path_of,
)
from tui.errors import DocumentError, PartialError
from tui.model import ChatKind, Direction, DocumentKind, NoteKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.documents._api import Options, Told
    from tui.documents._telegram_page import PageMessage

__all__ = ["TelegramHtml"]

_NAME = re.compile(rb"messages[0-9]{0,6}(?: ?\([0-9]{1,4}\))?\.html?", re.IGNORECASE)
_LOOK = 32 * 1024
_FIRST_PAGE = b"messages.html"
_FIRST_PIECES = 16
"""Pieces of the first page that tell who talks."""
_HEADER = b"page_header"
_SIGNS = (b"page_wrap", b"tgme", b"Exported Data", b"message default")
_CHAT_FOLDER = re.compile(rb"chat_[0-9]+")
_ABOVE = re.compile(r"(?:\.\./)+(chats/(chat_[0-9]+)/(.+))", re.DOTALL)
"""Files of an account's export are named from its top."""
_VIA = re.compile(r" via @\w+$")
_DELETED = "Deleted Account"
"""Of everybody who has left: never translated, and no name."""
_ROUND = b"round_video_messages"
_SOUND = frozenset(
    b"mp3 ogg oga opus m4a aac wav flac amr wma aiff aif caf weba".split()
)
_VIDEOS = frozenset({"media_video", "video_file_wrap"})
_KINDS = {
    "media_voice_message": NoteKind.VOICE,
    "media_voice_file": NoteKind.VOICE,
    "media_audio_file": NoteKind.AUDIO,
}


class TelegramHtml:
    """Reads the pages of a chat."""

    @property
    def kind(self) -> DocumentKind:
        """The kind that it reads."""
        return DocumentKind.TELEGRAM

    def fits(self, folder: bytes, name: bytes) -> bool:  # noqa: ARG002  # the API's
        """Tell whether a file has a page's name, see `DocumentFormat.fits`."""
        return _NAME.fullmatch(name) is not None

    def recognise(self, document: Document) -> Recognition | None:
        """Look for a page's markup, see `DocumentFormat.recognise`."""
        head = document.head(_LOOK)
        if _HEADER not in head or not any(sign in head for sign in _SIGNS):
            return None
        if _has_json(document.folder.path):
            return None
        page = Page()
        page.feed(head.decode("utf-8", "surrogateescape"))
        return Recognition(90, ("a page of Telegram's export",), page.name.strip())

    def read(
        self,
        document: Document,
        options: Options,  # noqa: ARG002  # nothing to choose
    ) -> Iterator[Told | None]:
        """Tell all notes of a page, see `DocumentFormat.read`."""
        teller = None
        for page in read_page(document):
            yield None
            if page.messages and teller is None:
                teller = _Teller(document, page.name.strip())
            messages, page.messages = page.messages, []
            for message in messages:
                yield teller.claim(message) if teller else None
        if not page.is_whole:
            raise PartialError(document.path, "it ends too early")


def _has_json(folder: bytes) -> bool:
    """Whether the same was exported as JSON: beside the page, or above the account."""
    folders = [folder]
    parent, _, name = folder.rpartition(b"/")
    if _CHAT_FOLDER.fullmatch(name) and parent.endswith(b"/chats"):
        folders.append(parent.removesuffix(b"/chats") or b"/")
    heads = (FolderView(path).head(b"result.json", HEAD) for path in folders)
    return any(looks_like_json(head) for head in heads)


def _talkers(document: Document) -> set[str]:
    """Tell who talks at the beginning of a chat.

    All its pages look at the first one, so that they agree.
    """
    folder = document.folder.path
    page = b"" if folder == b"/" else folder
    first = document
    if document.name != _FIRST_PAGE:
        first = Document(page + b"/" + _FIRST_PAGE, 0)
    found: set[str] = set()
    try:
        for number, piece in enumerate(read_page(first)):
            messages, piece.messages = piece.messages, []
            found.update(_sender_name(told.sender) for told in messages)
            if number > _FIRST_PIECES:
                break
    except (OSError, DocumentError):
        return set()
    return found - {""}


def _sender_name(text: str) -> str:
    name = _VIA.sub("", text).strip()
    return "" if name == _DELETED else name


class _Teller:
    """Tells the messages of one page, in their order.

    Args:
        document: The page.
        name: The chat's.
    """

    def __init__(self, document: Document, name: str) -> None:
        self._folder = document.folder.path.rpartition(b"/")[2]
        self._page = document.name.decode("ascii", "replace")
        self._count = 0
        self._last: PersonTold | None = None
        talkers = _talkers(document)
        # A channel speaks under its own name, so that name alone proves nothing.
        is_direct = len(talkers) == 2 and name in talkers
        self._is_self = name == SAVED.title and name not in talkers
        is_direct = is_direct and not self._is_self
        self._partner = name if is_direct else ""
        self._chat = self._make_chat(document, name)

    def _make_chat(self, document: Document, name: str) -> ChatTold | None:
        if not name:
            return None
        if self._is_self:
            return SAVED
        if name == _DELETED:
            # There may be many of that name: the export's folder tells them apart.
            native_id = f"tg-html:{name}/{document.package}"
            return ChatTold(native_id, ChatKind.DIRECT, "", NameRank.NONE)
        native_id = f"tg-html:{name}"
        if self._partner:
            partner = PersonTold(f"name:tg:{name}", name, NameRank.HANDLE)
            return ChatTold(native_id, ChatKind.DIRECT, "", NameRank.NONE, partner)
        return ChatTold(native_id, ChatKind.GROUP, name)

    def claim(self, message: PageMessage) -> Claim | None:
        """Tell a message; None when it has no sound."""
        self._count += 1
        if message.is_service:
            return None
        if not message.is_joined:
            self._last = self._sender(message.sender)
        path, is_beside = self._path(message.href)
        kind = _kind(message, path)
        if kind is None:
            return None
        is_named = kind is NoteKind.AUDIO and " \N{EN DASH} " in message.title
        chat = self._chat.native_id.removeprefix("tg-html:") if self._chat else ""
        return Claim(
            key=f"{chat}:{message.number or f'{self._page}#{self._count}'}",
            path=path,
            beside=is_beside,
            chat=self._chat,
            chat_confidence=Confidence.EXPORT_CHAT,
            sender=self._last,
            sender_confidence=Confidence.EXPORT_SENDER,
            direction=self._direction(),
            kind=kind,
            moment=moment_of_title(message.date),
            duration_ms=duration_of_clock(message.status),
            title=message.title if is_named else "",
            text=message.text,
            forwarded=message.is_forwarded,
        )

    def _sender(self, text: str) -> PersonTold | None:
        name = _sender_name(text)
        if not name:
            return None
        is_me = self._is_self or (bool(self._partner) and name != self._partner)
        return PersonTold(f"name:tg:{name}", name, NameRank.HANDLE, is_me)

    def _direction(self) -> Direction:
        if self._is_self:
            return Direction.SENT
        if not self._partner or self._last is None:
            return Direction.UNKNOWN
        return Direction.SENT if self._last.is_me else Direction.RECEIVED

    def _path(self, href: str) -> tuple[bytes, bool]:
        """Tell a file's place, and whether that is below the page's folder."""
        above = _ABOVE.fullmatch(href)
        if above is None:
            return (b"" if "://" in href else path_of(href)), True
        whole, chat, inner = above.groups()
        # A file that was sent to two chats is exported once, into the first one's.
        is_elsewhere = (
            _CHAT_FOLDER.fullmatch(self._folder) and self._folder != chat.encode()
        )
        return (path_of(whole), False) if is_elsewhere else (path_of(inner), True)


def _kind(message: PageMessage, path: bytes) -> NoteKind | None:
    """Tell what sound a message has; None for no sound."""
    media = message.media
    if media in _VIDEOS:
        # A round video has the class of all videos, but a folder of its own; where it
        # was not exported, only the title tells it, which is never translated.
        is_round = _ROUND in path.split(b"/")[:-1]
        is_round = is_round or (not path and message.title == "Video message")
        return NoteKind.VIDEO_NOTE if is_round else None
    if media == "media_file":
        suffix = path.rpartition(b".")[2].lower()
        return NoteKind.AUDIO if suffix in _SOUND else None
    return _KINDS.get(media)
