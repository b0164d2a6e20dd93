"""What the fields of Telegram Desktop's exports mean, in both of its formats.

After the writers in telegramdesktop/tdesktop, `Telegram/SourceFiles/export/output/`.
"""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tui.documents._document import moment_of_utc, moment_of_wall
from tui.documents._json import dict_of, int_of, list_of, text_of
from tui.model import NoteKind, Precision

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.documents._api import Moment

__all__ = [
    "duration_of_clock",
    "duration_of_seconds",
    "kind_of_message",
    "moment_of_message",
    "moment_of_title",
    "path_of",
    "text_of_message",
    "title_of_message",
]

_KINDS = {
    "voice_message": NoteKind.VOICE,
    "video_message": NoteKind.VIDEO_NOTE,
    "round_video_message": NoteKind.VIDEO_NOTE,
    "audio_file": NoteKind.AUDIO,
}
_OTHER_MEDIA = frozenset({"video_file", "animation", "sticker"})
_ONCE_S = 0x7FFF_FFFF
"""What stands for the time of a note that may be heard only once."""
_LONGEST_S = 10 * 24 * 3600
_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"(?:\.[0-9]+)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_TITLE = re.compile(
    r"([0-9]{2})\.([0-9]{2})\.([0-9]{4}) ([0-9]{1,2}):([0-9]{2}):([0-9]{2})"
    r"(?: UTC([+-][0-9]{2}:?[0-9]{2}))?"
)
_CLOCK = re.compile(r"(?:([0-9]{1,3}):)?([0-9]{1,4}):([0-9]{1,2})(?![0-9:])")


def path_of(text: str) -> bytes:
    """Make a claim's path of the one in an export.

    Args:
        text: Relative to the export, or a sentence in brackets that says why there is
            no file.

    Returns:
        Empty for no file, and for a path that leaves the export.
    """
    if "\0" in text or (text.startswith("(") and text.endswith(")")):
        return b""
    parts = [part for part in text.split("/") if part != "."]
    if not all(parts) or ".." in parts:
        return b""
    plain = unicodedata.normalize("NFC", "/".join(parts))
    return plain.encode("utf-8", "surrogateescape")


def kind_of_message(message: Mapping[str, Any]) -> NoteKind | None:
    """Tell what sound a message of the JSON has; None for no sound."""
    media = message.get("media_type")
    if not isinstance(media, str) or media in _OTHER_MEDIA:
        media = "" if media is None else "other"
    kind = _KINDS.get(media)
    if kind is None:
        # Sent as a file, without being marked as music.
        is_audio = text_of(message.get("mime_type")).startswith("audio/")
        return NoteKind.AUDIO if is_audio and media != "other" else None
    is_once = message.get("self_destruct_period_seconds") == _ONCE_S
    return NoteKind.VIEW_ONCE if is_once and kind is not NoteKind.AUDIO else kind


def moment_of_message(message: Mapping[str, Any]) -> Moment | None:
    """Tell when a message of the JSON was sent.

    `date_unixtime` is UTC; `date` alone, in exports before 2022, the wall clock of the
    computer that exported.
    """
    seconds = int_of(message.get("date_unixtime"))
    moment = None if seconds is None else moment_of_utc(seconds, Precision.SECOND)
    if moment is not None:
        return moment
    found = _ISO.fullmatch(text_of(message.get("date")))
    return _moment(found.groups()[:6], found[7]) if found else None


def moment_of_title(text: str) -> Moment | None:
    """Tell when a message was sent, of the title of its time in the HTML.

    Args:
        text: E.g. `15.08.2024 15:26:33 UTC+02:00`; older pages have no zone.
    """
    found = _TITLE.search(text)
    if found is None:
        return None
    day, month, year, *clock = found.groups()[:6]
    return _moment((year, month, day, *clock), found[7])


def _moment(parts: tuple[str, ...], zone: str | None) -> Moment | None:
    numbers = [int(part) for part in parts]
    if zone is None:
        return moment_of_wall(numbers, Precision.SECOND)
    digits = zone[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:]) if digits else 0
    try:
        wall = datetime(*numbers, tzinfo=UTC)  # type: ignore[misc, arg-type]
        utc = wall - timedelta(minutes=-minutes if zone[0] == "-" else minutes)
    except (ValueError, OverflowError):
        return None
    return moment_of_utc(utc.timestamp(), Precision.SECOND)


def duration_of_seconds(value: Any) -> int | None:  # noqa: ANN401  # JSON is anything
    """Make milliseconds of seconds; None for what is no length of a note."""
    if not isinstance(value, int | float):
        value = int_of(value)
    if value is None or isinstance(value, bool) or not math.isfinite(value):
        return None
    return round(value * 1000) if 0 < value < _LONGEST_S else None


def duration_of_clock(text: str) -> int | None:
    """Make milliseconds of a length like `01:23` or `1:02:03`, at the beginning."""
    found = _CLOCK.match(text.strip())
    if found is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return duration_of_seconds((hours * 60 + minutes) * 60 + seconds)


def text_of_message(message: Mapping[str, Any]) -> str:
    """Join the text of a message: one string, or a list of strings and parts."""
    text = message.get("text")
    if isinstance(text, str):
        return text_of(text)
    parts = list_of(text) or list_of(message.get("text_entities"))
    return "".join(
        text_of(part if isinstance(part, str) else dict_of(part).get("text"))
        for part in parts
    )


def title_of_message(message: Mapping[str, Any]) -> str:
    """Tell performer and title of music, as Telegram shows them."""
    names = (text_of(message.get("performer")), text_of(message.get("title")))
    return " \N{EN DASH} ".join(name for name in names if name)
