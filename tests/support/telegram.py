"""Makes exports as Telegram Desktop writes them: JSON of its versions, and pages.

A chat is told once, as `Talk`, and rendered in each form; what a reader should find is
in the same values. The layout follows tdesktop's own writers: members in their order,
one message a `div`, names only where the speaker changes.
"""

from __future__ import annotations

import html
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timezone

__all__ = [
    "ABSENT",
    "Said",
    "Speaker",
    "Talk",
    "account_json",
    "chat_json",
    "message_json",
    "old_chat_json",
    "pages_html",
    "to_bytes",
]

ABSENT = "(File not included. Change data exporting settings to download.)"

_OLD_USER = 1 << 32
_OLD_CHAT = 2 << 32
_CLASSES = {
    "voice_message": "media_voice_message",
    "video_message": "media_video",
    "audio_file": "media_audio_file",
    "video_file": "media_video",
    "": "media_file",
}
_TITLES = {
    "voice_message": "Voice message",
    "video_message": "Video message",
    "video_file": "Video file",
    "": "file.bin",
}


class Speaker(NamedTuple):
    """Somebody who sends messages."""

    number: int
    name: str | None
    """None for a deleted account."""
    kind: str = "user"


class Said(NamedTuple):
    """A message."""

    number: int
    sent: int
    """Seconds since 1970."""
    speaker: Speaker | None
    media: str | None = None
    """The type as the JSON has it; empty for a plain file, None for text only."""
    path: str = ""
    """Of the file; empty when it was not exported."""
    seconds: int = 0
    text: str = ""
    more: tuple[tuple[str, Any], ...] = ()
    """Further members of the JSON."""
    forwarded_from: str | None = None

    @property
    def performer_and_title(self) -> tuple[str, str]:
        """What music is called."""
        more = dict(self.more)
        return more.get("performer", ""), more.get("title", "")


class Talk(NamedTuple):
    """A chat."""

    kind: str
    number: int
    name: str | None
    said: Sequence[Said]


def _iso(seconds: int, zone: timezone) -> str:
    return datetime.fromtimestamp(seconds, zone).strftime("%Y-%m-%dT%H:%M:%S")


def message_json(said: Said, zone: timezone = UTC) -> dict[str, Any]:
    """Make a message as versions since 2022 write it."""
    made: dict[str, Any] = {
        "id": said.number,
        "type": "message",
        "date": _iso(said.sent, zone),
        "date_unixtime": str(said.sent),
    }
    if said.speaker is not None:
        made["from"] = said.speaker.name
        made["from_id"] = f"{said.speaker.kind}{said.speaker.number}"
    if said.forwarded_from is not None:
        made["forwarded_from"] = said.forwarded_from
    if said.media is not None:
        made["file"] = said.path or ABSENT
        if said.media:
            made["media_type"] = said.media
        made["mime_type"] = "video/mp4" if "video" in said.media else "audio/ogg"
        if said.seconds:
            made["duration_seconds"] = said.seconds
    made.update(said.more)
    made["text"] = said.text
    made["text_entities"] = [{"type": "plain", "text": said.text}] if said.text else []
    return made


def chat_json(talk: Talk, zone: timezone = UTC) -> dict[str, Any]:
    """Make the export of one chat."""
    made: dict[str, Any] = {}
    if talk.kind not in ("saved_messages", "replies", "verification_codes"):
        made["name"] = talk.name
    made |= {"type": talk.kind, "id": talk.number}
    made["messages"] = [message_json(said, zone) for said in talk.said]
    return made


def old_chat_json(talk: Talk, zone: timezone = UTC) -> dict[str, Any]:
    """Make the export of one chat as versions until 2021 wrote it.

    People are plain numbers, chats are numbers with their kind in the upper half, and
    there is only the wall clock.
    """
    made = chat_json(talk, zone)
    is_person = talk.kind in ("personal_chat", "bot_chat", "saved_messages")
    made["id"] = talk.number + (_OLD_USER if is_person else _OLD_CHAT)
    for message, said in zip(made["messages"], talk.said, strict=True):
        del message["date_unixtime"], message["text_entities"]
        if said.speaker is not None:
            message["from_id"] = said.speaker.number
    return made


def account_json(
    talks: Sequence[Talk], left: Sequence[Talk] = (), owner: Speaker | None = None
) -> dict[str, Any]:
    """Make the export of an account."""
    made: dict[str, Any] = {"about": "Here is the data you requested."}
    if owner is not None:
        made["personal_information"] = {
            "user_id": owner.number,
            "first_name": owner.name,
            "last_name": "",
            "phone_number": "+49 170 0000001",
            "username": "@ana",
        }
    contact = {"user_id": 77, "first_name": "C", "last_name": "", "date": "x"}
    made["contacts"] = {"about": "Contacts.", "list": [contact]}
    made["chats"] = {"about": "Chats.", "list": [chat_json(talk) for talk in talks]}
    if left:
        chats = [chat_json(talk) for talk in left]
        made["left_chats"] = {"about": "Left.", "list": chats}
    return made


def to_bytes(made: object) -> bytes:
    """Write JSON as Telegram does: indented by one, not escaped."""
    return json.dumps(made, ensure_ascii=False, indent=1).encode()


_TOP = """<!DOCTYPE html>
<html>

 <head>

  <meta charset="utf-8"/>
  <title>Exported Data</title>
  <meta content="width=device-width, initial-scale=1.0" name="viewport"/>
  <link href="css/style.css" rel="stylesheet"/>
  <script src="js/script.js" type="text/javascript">

  </script>

 </head>

 <body onload="CheckLocation();">

  <div class="page_wrap">

   <div class="page_header">

    <div class="content">

     <div class="text bold">
{name}
     </div>

    </div>

   </div>

   <div class="page_body chat_page">

    <div class="history">
"""
_END = "\n    </div>\n\n   </div>\n\n  </div>\n\n </body>\n\n</html>\n"


def pages_html(
    talk: Talk,
    a_page: int = 1000,
    zone: timezone | None = UTC,
    base: str = "",
) -> list[bytes]:
    """Make the pages of a chat.

    Args:
        talk: The chat.
        a_page: Messages of a page.
        zone: The exporting computer's; None for old pages, which name none.
        base: What stands before the names of files: in an account's export the way up
            to its top, and the chat's folder.
    """
    name = html.escape(talk.name or "Deleted Account")
    pages = []
    for start in range(0, max(1, len(talk.said)), a_page):
        last: Said | None = None
        body = [_service("25 August 2024")]
        for said in talk.said[start : start + a_page]:
            is_joined = (
                last is not None
                and last.speaker == said.speaker
                and last.forwarded_from == said.forwarded_from
                and abs(last.sent - said.sent) <= 900
            )
            body.append(_message_html(said, zone, base, is_joined=is_joined))
            last = said
        pages.append((_TOP.format(name=name) + "\n".join(body) + _END).encode())
    return pages


def _service(text: str) -> str:
    return (
        '     <div class="message service" id="message-1">\n\n'
        f'      <div class="body details">\n{text}\n      </div>\n\n     </div>\n'
    )


def _div(classes: str, text: str) -> str:
    return f'<div class="{classes}">\n{text}\n       </div>\n\n'


def _message_html(
    said: Said, zone: timezone | None, base: str, *, is_joined: bool
) -> str:
    sent = datetime.fromtimestamp(said.sent, zone or UTC)
    title = sent.strftime("%d.%m.%Y %H:%M:%S")
    if zone is not None:
        sign = sent.strftime("%z")
        title += f" UTC{sign[:3]}:{sign[3:]}"
    speaker = (said.speaker and said.speaker.name) or "Deleted Account"
    inner = ""
    if not is_joined:
        inner += _div("from_name", html.escape(speaker) + " ")
    if said.forwarded_from is not None:
        inner += '<div class="forwarded body">\n'
        if not is_joined:
            inner += (
                f'<div class="from_name">\n{html.escape(said.forwarded_from)}'
                '<span class="date details" title="01.01.2001 00:00:00"> 01.01.2001'
                "</span>\n</div>\n"
            )
    if said.number % 3 == 0:
        inner += (
            '<div class="reply_to details">\nIn reply to <a href="#x">this</a>\n</div>'
        )
    if said.media is not None:
        inner += _media_html(said, base)
    if said.text:
        text = html.escape(said.text).replace("\n", "<br>")
        inner += _div("text", text)
    if said.forwarded_from is not None:
        inner += "</div>\n"
    joined = " joined" if is_joined else ""
    return (
        f'     <div class="message default clearfix{joined}" '
        f'id="message{said.number}">\n      <div class="body">\n\n'
        '       <div class="pull_right date details" '
        f'title="{title}">\n{sent:%H:%M}\n       </div>\n\n{inner}'
        "      </div>\n\n     </div>\n"
    )


def _media_html(said: Said, base: str) -> str:
    assert said.media is not None
    performer, song = said.performer_and_title
    title = _TITLES.get(said.media, "Audio file")
    if said.media == "audio_file" and performer and song:
        title = f"{performer} \N{EN DASH} {song}"
    length = f"{said.seconds // 60:02}:{said.seconds % 60:02}"
    if said.seconds >= 3600:
        length = f"{said.seconds // 3600}:{said.seconds // 60 % 60:02}:" + length[-2:]
    classes = f"media clearfix pull_left {_CLASSES[said.media]}"
    is_there = bool(said.path)
    href = html.escape(base + said.path)
    start = f'<a class="{classes} block_link" href="{href}">' if is_there else ""
    return (
        '<div class="media_wrap clearfix">\n'
        + (start or f'<div class="{classes}">')
        + '<div class="fill pull_left">\n</div>\n<div class="body">\n'
        + _div("title bold", html.escape(title))
        + ("" if is_there else _div("description", "Not included, change it."))
        + _div("status details", length + ("" if is_there else ", 34.5 KB"))
        + ("</div>\n</a>\n</div>\n" if is_there else "</div>\n</div>\n</div>\n")
    )
