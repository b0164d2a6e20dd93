"""Rooms that Element exported as JSON: `export.json` with folders of media beside it.

It has `room_name`, `exported_by` (a display name) and `messages`: events as the Matrix
specification has them, decrypted. Sound is `m.audio`; a voice message has a key of
MSC3245 beside it, and length and waveform by MSC1767.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from tui.documents._api import ChatTold, Claim, NameRank, PersonTold, Recognition
from tui.documents._attached import Beside, identity, moment_of_ms
from tui.documents._json import Element, dict_of, elements, int_of, list_of, text_of
from tui.documents._matrix_files import AudioFiles
from tui.errors import DocumentError
from tui.model import ChatKind, Direction, DocumentKind, NoteKind

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from tui.documents._api import Options, Told
    from tui.documents._document import Document

__all__ = ["MatrixJson"]

_HEAD = 64 * 1024
_OFTEN = 500
_LISTS = ("messages",)
_KEYS = re.compile(rb'"(room_name|room_creator|export_date|exported_by|messages)"\s*:')
_NAME = re.compile(rb'"room_name"\s*:\s*("(?:[^"\\]|\\.)*")')

_AUDIO = ("org.matrix.msc1767.audio", "m.audio_details", "m.audio")
_VOICE = ("org.matrix.msc3245.voice", "org.matrix.msc3245.voice.v2", "m.voice")
_LOUDEST = 1024
_MOST_SAMPLES = 4096


class MatrixJson:
    """Reads the JSON of a room, however it is called."""

    kind = DocumentKind.MATRIX

    def fits(self, folder: bytes, name: bytes) -> bool:  # noqa: ARG002  # any place
        """Tell whether it is JSON: without media it is called as the room is."""
        return name[-5:].lower() == b".json"

    def recognise(self, document: Document) -> Recognition | None:
        """Look at what stands before the messages."""
        head = document.head(_HEAD)
        found = set(_KEYS.findall(head))
        if not found >= {b"room_name", b"messages"} or len(found) < 3:
            return None
        label = ""
        name = _NAME.search(head)
        if name is not None:
            try:
                label = text_of(json.loads(name[1]))
            except ValueError:
                label = ""
        return Recognition(100, ("it has room_name and messages as Element",), label)

    def read(self, document: Document, options: Options) -> Iterator[Told | None]:  # noqa: ARG002  # nothing to decide
        """Read all events twice: first for who is in the room, then for sounds."""
        room: _Room | None = None
        for number, item in enumerate(elements(document, _LISTS)):
            if not isinstance(item, Element):
                yield item
                continue
            if not number % _OFTEN:
                yield None
            if room is None:
                people = yield from _people(document)
                files = yield from _files(document)
                room = _room(document, item.owner, people, files)
            event = _clear(item.value)
            content = dict_of(event.get("content"))
            if content.get("msgtype") == "m.audio":
                yield _claim(event, content, room)


class _People(NamedTuple):
    """Who is in a room, as far as its events show."""

    names: dict[str, str]
    """By id: the last display name; empty where there was none."""
    room_id: str
    is_direct: bool
    """Whether somebody was invited to talk in private."""


class _Room(NamedTuple):
    """What the events of a room have in common."""

    chat: ChatTold
    me: str
    """The owner's id; empty where nothing tells it."""
    names: dict[str, str]
    files: AudioFiles


def _clear(event: object) -> dict[str, Any]:
    """Give an event, decrypted if both forms are there."""
    whole = dict_of(event)
    return dict_of(whole.get("decrypted")) or whole


def _people(document: Document) -> Generator[None, None, _People]:
    names: dict[str, str] = {}
    room_id, is_direct = "", False
    try:
        for number, item in enumerate(elements(document, _LISTS)):
            if not number % _OFTEN:
                yield None
            if not isinstance(item, Element):
                continue
            event = _clear(item.value)
            room_id = room_id or text_of(event.get("room_id"))
            sender = text_of(event.get("sender"))
            if sender:
                names.setdefault(sender, "")
            content = dict_of(event.get("content"))
            member = text_of(event.get("state_key"))
            if event.get("type") == "m.room.member" and member:
                name = text_of(content.get("displayname"))
                names[member] = name or names.get(member, "")
                is_direct = is_direct or content.get("is_direct") is True
    except DocumentError:
        pass  # the second time it ends the reading
    return _People(names, room_id, is_direct)


def _files(document: Document) -> Generator[None, None, AudioFiles]:
    files = AudioFiles()
    # In order, so that of two files of the same id the same is found each time.
    for number, name in enumerate(sorted(Beside(document.folder).names(b"audio"))):
        files.add(name)
        if not number % _OFTEN:
            yield None
    return files


def _room(
    document: Document, owner: dict[str, Any], people: _People, files: AudioFiles
) -> _Room:
    title = text_of(owner.get("room_name"))
    exporter = text_of(owner.get("exported_by"))
    me = exporter if exporter.startswith("@") and ":" in exporter else ""
    if not me and exporter:
        called = [one for one, name in people.names.items() if name == exporter]
        me = called[0] if len(called) == 1 else ""
    others = [one for one in people.names if one != me]
    kind, partner = ChatKind.GROUP, None
    if me and len(others) == 1:
        name = people.names[others[0]]
        if people.is_direct or _is_called(others[0], name, title):
            kind, partner = ChatKind.DIRECT, _person(others[0], people.names)
    native_id = f"matrix:{people.room_id or title or document.package}"
    rank = NameRank.SUBJECT if kind is ChatKind.GROUP else NameRank.HANDLE
    chat = ChatTold(native_id, kind, title, rank, partner)
    return _Room(chat, me, people.names, files)


def _is_called(mxid: str, name: str, title: str) -> bool:
    """Tell whether a room is called as somebody in it is."""
    local = mxid.removeprefix("@").partition(":")[0]
    return title in {name, mxid} or title.casefold() == local.casefold()


def _person(mxid: str, names: dict[str, str], me: str = "") -> PersonTold:
    name = names.get(mxid, "")
    rank = NameRank.HANDLE if name else NameRank.NUMBER
    return PersonTold(f"mxid:{mxid}", name or mxid, rank, is_me=bool(me) and mxid == me)


def _claim(event: dict[str, Any], content: dict[str, Any], room: _Room) -> Claim:
    sender, event_id = text_of(event.get("sender")), text_of(event.get("event_id"))
    ms, body = int_of(event.get("origin_server_ts")), text_of(content.get("body"))
    info = dict_of(content.get("info"))
    audio = next((dict_of(content[key]) for key in _AUDIO if key in content), {})
    name = room.files.find(event_id, body, ms)
    direction = Direction.UNKNOWN
    if room.me and sender:
        direction = Direction.SENT if sender == room.me else Direction.RECEIVED
    duration = _positive(audio.get("duration")) or _positive(info.get("duration"))
    is_caption = text_of(content.get("filename")) not in {"", body}
    is_voice = any(key in content for key in _VOICE)
    return Claim(
        key=event_id or identity(room.chat.native_id, ms, sender, body),
        path=b"audio/" + name if name else b"",
        beside=True,
        chat=room.chat,
        sender=_person(sender, room.names, room.me) if sender else None,
        direction=direction,
        kind=NoteKind.VOICE if is_voice else NoteKind.AUDIO,
        moment=moment_of_ms(ms),
        size=_positive(info.get("size")),
        duration_ms=duration,
        text=body if is_caption else "",
        waveform=_waveform(audio.get("waveform")),
    )


def _positive(value: object) -> int | None:
    number = round(value) if isinstance(value, float) and abs(value) < 2**53 else value
    number = int_of(number)
    return number if number is not None and 0 < number < 2**53 else None


def _waveform(value: object) -> bytes | None:
    """Give a waveform's loudness from 0 to 255."""
    samples = list_of(value)
    if not 0 < len(samples) <= _MOST_SAMPLES:
        return None
    if not all(isinstance(sample, int | float) for sample in samples):
        return None
    return bytes(
        round(min(max(sample, 0), _LOUDEST) * 255 / _LOUDEST) for sample in samples
    )
