"""Chats that `signal-export` wrote: `data.json` or `chat.md` in a folder each.

`data.json` has one JSON object in each line: `date` (ISO 8601, this machine's wall
clock), `sender`, `body`, `attachments` with `name` and `path`. `chat.md` has the same
for people: `[2024-08-15 13:26:33] Ana: text[name](./media/name)`, a message on one line
or more; old versions called it `index.md` and wrote no seconds. The owner is called
`Me` in all of them. Nothing tells voice notes from other sounds.
See https://github.com/carderne/signal-export for both formats.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

from tui.documents._api import (
    ChatTold,
    Claim,
    Moment,
    NameRank,
    PersonTold,
    Recognition,
    Remark,
)
from tui.documents._attached import (
    Beside,
    is_film_name,
    is_sound_name,
    moment_of_iso,
    moment_of_ms,
    safe_path,
)
from tui.documents._document import moment_of_wall
from tui.documents._json import dict_of, int_of, lines, list_of, text_of
from tui.errors import PartialError
from tui.model import ChatKind, Direction, DocumentKind, Precision

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from tui.documents._api import Options, Told
    from tui.documents._document import Document

__all__ = ["SignalExport"]

_JSON = b"data.json"
_MARKDOWN = b"chat.md"
_OLD_MARKDOWN = b"index.md"
_MPEG = ".mpeg"
"""What MP3 is called by its type of content where it came without a name."""
_HEAD = 64 * 1024
_OFTEN = 500
_LINE = 64 * 1024
_MOST_TEXT = 20_000

_ME = "Me"
_NOBODY = frozenset({"", "No-Sender", "None"})
"""What stands for a sender that the export did not find."""
_NOTE_TO_SELF = "Note to Self"

_KEYS = re.compile(rb'"(date|sender|body|attachments)"\s*:')

_HEADER = re.compile(
    r"\[(\d{4})-(\d\d)-(\d\d),? (\d\d):(\d\d)(?::(\d\d))?\] (.*?):(?: |$)(.*)",
    re.DOTALL | re.ASCII,
)
_LINK = re.compile(
    r"!?\[[^\n\[]*?\]\(((?:\./){0,3}media/[^\n]{1,1000}?)\)(?=  |\s*$|!?\[)"
)
_CUT_LINK = re.compile(r"\]\((?:\./){0,3}media/[^)\n]*$")


class SignalExport:
    """Reads `data.json`, or `chat.md` where there is no `data.json` of the kind."""

    kind = DocumentKind.SIGNAL

    def fits(self, folder: bytes, name: bytes) -> bool:  # noqa: ARG002  # any place
        """Tell whether the name is one of those that were used."""
        return name in {_JSON, _MARKDOWN, _OLD_MARKDOWN}

    def recognise(self, document: Document) -> Recognition | None:
        """Look at the first message."""
        head = document.head(_HEAD)
        has_media = document.folder.is_folder(b"media")
        media = ("a folder media beside it",) if has_media else ()
        if document.name == _JSON:
            if not _is_json(head):
                return None
            score, reason = 90, "each line is a message as signal-export writes them"
        else:
            if not _is_markdown(head) or _is_told_elsewhere(document):
                return None
            score, reason = 70, "it begins like a chat.md of signal-export"
        return Recognition(
            score + 10 * has_media, (reason, *media), label=document.package
        )

    def read(self, document: Document, options: Options) -> Iterator[Told | None]:  # noqa: ARG002  # nothing to decide
        """Read all messages twice: first for who speaks, then for the attachments."""
        messages = _json_messages if document.name == _JSON else _markdown_messages
        others, is_known = yield from _speakers(messages(document))
        chat = _chat(document.package, others, is_known=is_known)
        beside = Beside(document.folder)
        for number, message in enumerate(messages(document)):
            if isinstance(message, _Message):
                for attachment in message.attachments:
                    yield from _claims(attachment, message, chat, beside)
                if not number % _OFTEN:
                    yield None
            else:
                yield message


class _Message(NamedTuple):
    """What both formats tell of a message."""

    sender: str
    date: object
    """A date in JSON, or the moment."""
    text: str
    attachments: tuple[tuple[str, str], ...]
    """Path and name; either may be empty."""


def _is_json(head: bytes) -> bool:
    first, newline, _ = head.lstrip(b"\xef\xbb\xbf\r\n").partition(b"\n")
    found = set(_KEYS.findall(first))
    if not found >= {b"date", b"sender"} or not found & {b"body", b"attachments"}:
        return False
    if not newline:
        return first.lstrip().startswith(b"{")
    try:
        message = json.loads(first)
    except (ValueError, RecursionError):
        return False
    return isinstance(message, dict) and "date" in message and "sender" in message


def _is_markdown(head: bytes) -> bool:
    text = head.decode("utf-8", "replace").lstrip("\ufeff\r\n")
    return _HEADER.match(text.partition("\n")[0]) is not None


def _is_told_elsewhere(document: Document) -> bool:
    """Whether a better form of the same chat lies beside a text."""
    if _is_json(document.folder.head(_JSON, _HEAD)):
        return True
    is_old = document.name == _OLD_MARKDOWN
    return is_old and _is_markdown(document.folder.head(_MARKDOWN, _HEAD))


def _json_messages(document: Document) -> Iterator[_Message | Remark | None]:
    for line in lines(document):
        if not isinstance(line, dict):
            # What else stands in a line, e.g. a list, is as good as nothing.
            yield line if isinstance(line, Remark) else None
            continue
        attachments = []
        for attachment in map(dict_of, list_of(line.get("attachments"))):
            name = attachment.get("name") or attachment.get("fileName")
            attachments.append((text_of(attachment.get("path")), text_of(name)))
        yield _Message(
            text_of(line.get("sender")),
            line.get("date"),
            text_of(line.get("body")).strip(),
            tuple(attachments),
        )


def _moment(date: object) -> Moment | None:
    if isinstance(date, Moment):
        return date
    ms = int_of(date)
    return moment_of_iso(text_of(date)) if ms is None else moment_of_ms(ms)


def _markdown_messages(document: Document) -> Iterator[_Message | Remark | None]:
    """Put the lines of a message together."""
    header: re.Match[str] | None = None
    text: list[str] = []
    links: list[tuple[str, str]] = []
    room = _MOST_TEXT
    line = ""
    with document.open() as file:
        for number, data in enumerate(iter(lambda: file.readline(_LINE), b"")):
            if not number % _OFTEN:
                yield None
            line = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
            found = _HEADER.match(line)
            if found is not None:
                yield _markdown_message(header, text, links)
                header, text, links, room = found, [], [], _MOST_TEXT
                line = found[8]
            if line.startswith(">"):  # quoted: its attachments are another message's
                continue
            links += [(path, "") for path in _LINK.findall(line)]
            if room > 0:
                text.append(_LINK.sub("", line)[:room])
                room -= len(text[-1])
    yield _markdown_message(header, text, links)
    if _CUT_LINK.search(line[-1000:]):
        raise PartialError(document.path, "it ends inside of a message")


def _markdown_message(
    header: re.Match[str] | None, text: list[str], links: list[tuple[str, str]]
) -> _Message | None:
    if header is None:
        return None
    *date, sender, _ = header.groups()
    precision = Precision.MINUTE if date[5] is None else Precision.SECOND
    parts = [int(part) for part in date if part is not None]
    moment = moment_of_wall(parts, precision) if parts[0] >= 1990 else None
    return _Message(sender, moment, "".join(text).strip(), tuple(links))


def _speakers(
    messages: Iterable[_Message | Remark | None],
) -> Generator[None, None, tuple[set[str], bool]]:
    """Find out who speaks besides the owner: two of them are as good as all.

    Returns:
        Up to two names, and whether all senders (at least one) have a name.
    """
    others: set[str] = set()
    has_sender, has_nobody = False, False
    try:
        for number, message in enumerate(messages):
            if not number % _OFTEN:
                yield None
            if not isinstance(message, _Message):
                continue
            if message.sender in _NOBODY:
                has_nobody = True
                continue
            has_sender = True
            if message.sender != _ME:
                others.add(message.sender)
                if len(others) > 1:
                    break
    except PartialError:
        pass  # the second time it ends the reading
    return others, has_sender and not has_nobody


def _chat(folder: str, others: set[str], *, is_known: bool) -> ChatTold:
    partner = next(iter(others)) if len(others) == 1 else ""
    kind = ChatKind.DIRECT
    if len(others) > 1 or not (is_known or (partner and partner == folder)):
        kind, partner = ChatKind.GROUP, ""
    elif folder == _NOTE_TO_SELF and not others:
        kind = ChatKind.SELF
    rank = NameRank.EXPORT if kind is ChatKind.DIRECT else NameRank.SUBJECT
    person = _person(partner) if partner else None
    return ChatTold(f"signal:{folder}", kind, folder, rank, person)


def _person(name: str) -> PersonTold:
    if name == _ME:
        return PersonTold("me:signal", is_me=True)
    return PersonTold(f"name:signal:{name}", name, NameRank.EXPORT)


def _claims(
    attachment: tuple[str, str], message: _Message, chat: ChatTold, beside: Beside
) -> Iterator[Claim]:
    sound = next(filter(is_sound_name, attachment), "")
    if not sound and not any(map(is_film_name, attachment)):
        return
    path = beside.first(_paths(*attachment))
    name = path.decode("utf-8", "surrogateescape")
    if not (is_sound_name(name) or (_is_heard(path, beside) if path else sound)):
        return
    moment = _moment(message.date)
    if not path:
        name = f"{moment and moment.ms} {sound}"
    is_mine = message.sender == _ME
    yield Claim(
        key=f"{chat.native_id}/{name}",
        path=path,
        beside=True,
        chat=chat,
        sender=None if message.sender in _NOBODY else _person(message.sender),
        direction=Direction.SENT if is_mine else Direction.RECEIVED,
        moment=moment,
        text=message.text,
    )


def _is_heard(path: bytes, beside: Beside) -> bool:
    """Tell whether a file is sound whose name may be a film's.

    Nobody sends films in MPEG: where the file can't be looked into, it is MP3.
    """
    if beside.is_sound(path):
        return True
    is_mpeg = path[-len(_MPEG) :].lower() == _MPEG.encode()
    return is_mpeg and not beside.can_look(path)


def _paths(path: str, name: str) -> Iterator[bytes]:
    """Give the paths that an attachment may have, the likeliest first.

    Every white space in a path stands as `%20`; the name beside it has it as it is. On
    Windows the parts are put together with a backslash.
    """
    if path.startswith(("media\\", ".\\")):
        path = path.replace("\\", "/")
    folder, slash, last = path.rpartition("/")
    if name and (not path or re.sub(r"\s", "%20", name) == last):
        yield safe_path(f"{folder if slash else 'media'}/{name.replace('/', '-')}")
    if "%20" in path:
        yield safe_path(path.replace("%20", " "))
    yield safe_path(path)
