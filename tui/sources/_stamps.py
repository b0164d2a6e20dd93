"""What the name of a file tells: kind, day or moment, place in the day, title.

WhatsApp's names have a day and a counter; recorders write a moment in many ways. All
of these are the wall clock of the phone, in a zone that nobody recorded: it is taken
to be this machine's.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from tui.model import NoteKind, Precision
from tui.sources._api import TimeFact
from tui.sources._names import base_of_conflict, is_film_name

__all__ = [
    "SCREEN_TITLE",
    "DayBounds",
    "NameFacts",
    "day_bounds",
    "read_name",
    "time_of",
]

_PLAIN = re.compile(rb"(PTT|AUD|VID)-([0-9]{8})-WA([0-9]{4,9})\.[A-Za-z0-9]+")
"""Nearly every name of WhatsApp; what is not in capitals, or a copy, goes on."""
_WHATSAPP = re.compile(
    rb"(?P<kind>PTT|AUD|VID)-(?P<day>[0-9]{8})-WA(?P<number>[0-9]{4,9})"
    rb"(?:[ _.(-].*)?\.[^.]+",
    re.IGNORECASE | re.DOTALL,
)
_HALF = rb"(?:[ \xa0\xc2\xe2\x80\xaf]*(?P<half>[AP])\.?[ ]?M(?![A-Za-z]))?"
"""AM or PM after a clock, behind any kind of space."""
_DESKTOP = re.compile(
    rb"WhatsApp (?P<kind>Ptt|Audio|Video) (?P<year>[0-9]{4})-(?P<month>[0-9]{2})-"
    rb"(?P<day>[0-9]{2})[^0-9]{1,16}(?P<hour>[0-9]{1,2})\.(?P<minute>[0-9]{2})\."
    rb"(?P<second>[0-9]{2})" + _HALF + rb".*",
    re.IGNORECASE | re.DOTALL,
)
"""Between day and clock stands a word of the browser's language."""
_MESSENGER = re.compile(rb"audioclip-?(?P<ms>1[0-9]{12})[0-9]*.*", re.IGNORECASE)
_AT = re.compile(
    rb"(?<![0-9])(?P<year>20[0-9]{2})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    rb"[ ](?:at|um|\xc3\xa0s?|a\xcc\x80s?|a la(?:s|\(s\))|om|alle(?: ore)?|kl\.)[ ]"
    rb"(?P<hour>[0-9]{1,2})\.(?P<minute>[0-9]{2})\.(?P<second>[0-9]{2})(?![0-9])"
    + _HALF,
    re.IGNORECASE,
)
"""macOS's way, whose hours may have one digit only."""
_MOMENT = re.compile(
    rb"""
    (?<![0-9])
    (?P<year>20[0-9]{2}) [-_.\ ]? (?P<month>[0-9]{2}) [-_.\ ]? (?P<day>[0-9]{2})
    (?: [-_ T@]* (?:at[ ])? ) (?P<hour>[0-9]{2}) [-_.h:]? (?P<minute>[0-9]{2})
    (?: [-_.m:]? (?P<second>[0-9]{2}) (?:[.][0-9]{1,6}(?=_|$))? )?
    (?![0-9])
    """,
    re.VERBOSE,
)
"""Year, month, day, hour, minute and maybe second, anywhere in a name."""
_DAY_FIRST = re.compile(
    rb"@(?P<day>[0-9]{2})-(?P<month>[0-9]{2})-(?P<year>20[0-9]{2})_"
    rb"(?P<hour>[0-9]{2})-(?P<minute>[0-9]{2})-(?P<second>[0-9]{2})(?![0-9])"
)
"""Telegram's way."""
_SHORT_MOMENT = re.compile(
    rb"(?<![0-9])(?P<year>[0-9]{2})(?P<month>[0-9]{2})(?P<day>[0-9]{2})[_ ]"
    rb"(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?P<second>[0-9]{2})(?![0-9])"
)
"""Samsung's way: two digits for the year."""
_MONTH_FIRST = re.compile(
    rb"ScreenRecording_(?P<month>[0-9]{2})-(?P<day>[0-9]{2})-(?P<year>20[0-9]{2})[ _]"
    rb"(?P<hour>[0-9]{2})-(?P<minute>[0-9]{2})-(?P<second>[0-9]{2})(?![0-9])",
    re.IGNORECASE,
)
"""The iPhone's way for films of the screen, since iOS 18, in every language."""
_DAY_FIRST_PACKED = re.compile(
    rb"X-?Recorder_(?:[A-Za-z]+_)?(?P<day>[0-9]{2})(?P<month>[0-9]{2})"
    rb"(?P<year>20[0-9]{2})_"
    rb"(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?P<second>[0-9]{2})(?![0-9])",
    re.IGNORECASE,
)
"""XRecorder's way."""
_MOMENTS = (_AT, _MOMENT, _SHORT_MOMENT, _DAY_FIRST)
_SCREEN_MOMENTS = (_MONTH_FIRST, _DAY_FIRST_PACKED, *_MOMENTS)
_ISO_DAY = re.compile(rb"(?<![0-9])(20[0-9]{2})-([0-9]{2})-([0-9]{2})(?![0-9])")
_IOS_EXPORT = re.compile(
    rb"(?P<number>[0-9]{8})-(?P<kind>AUDIO|PTT|VIDEO|GIF|PHOTO)-", re.IGNORECASE
)
_SIGNAL_EXPORT = re.compile(rb"_[0-9]{2}_(?P<name>.*)", re.DOTALL)
"""What the exporter of Signal writes after the moment: place in the message, name."""
_SCREEN = re.compile(
    rb"(?:screen[ _-]?(?:rec(?:ord(?:er|ings?|s)?)?|casts?|capture)(?![A-Za-z])"
    rb"|screen[ _-]20[0-9]{6}[-_]"
    rb"|rpreplay[ _-]?final[0-9]"
    rb"|svid_[0-9]{8}_"
    rb"|x-?recorder_).*",
    re.IGNORECASE | re.DOTALL,
)
"""Names that phones and recorder apps give to films of the screen."""
_REPLAY = re.compile(
    rb"rpreplay[ _-]?final(?P<seconds>[1-9][0-9]{9})(?![0-9]).*",
    re.IGNORECASE | re.DOTALL,
)
"""The iPhone's name for a film of the screen, before iOS 18: seconds since 1970."""

_MADE_UP = re.compile(
    rb"(?:voice[ _-]?(?:message|note|memo|recording)?|(?:my |new )?recording|record|rec"
    rb"|audio(?:[ _-]?(?:file|message|clip|record(?:ing)?))?|ptt|aud|vid"
    rb"|(?:round[ _-])?video(?:[ _-]?(?:file|message|note))?"
    rb"|file|signal|sound|memo|note|none|untitled)?[ _-]*[0-9]*"
    rb"|[0-9a-f]{8}|[0-9]+_None",
    re.IGNORECASE,
)
"""Names that an app gave, not a person: no title."""
_MACHINE = re.compile(
    rb"voice-message(?:-[0-9a-f]{5,16})?"
    rb"|Audio Message(?: [0-9]+)?"
    rb"|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
    rb"|[0-9a-f]{32,64}",
    re.IGNORECASE,
)
"""Names without a moment that tell a person nothing: of Discord, iMessage, WhatsApp on
the iPhone, and of everything that counts by random numbers."""
_TRIM = b" _-.@,"

_KINDS = {
    b"PTT": NoteKind.VOICE,
    b"AUD": NoteKind.AUDIO,
    b"VID": NoteKind.VIDEO_NOTE,
    b"AUDIO": NoteKind.AUDIO,
    b"VIDEO": NoteKind.VIDEO_NOTE,
}
SCREEN_TITLE = "Screen recording"
"""The title of films of the screen that nobody gave a name."""
_FIRST_YEAR, _LAST_YEAR = 1990, 2099


class NameFacts(NamedTuple):
    """What a name tells."""

    kind: NoteKind | None
    """None where the name has no word for it."""
    day: date | None
    """The phone's day, for names that have no more than that."""
    moment: TimeFact | None
    """The phone's wall clock, for names that have it."""
    number: int
    """Place within the day; 0 for none."""
    title: str
    base_name: bytes
    """The name that this is a copy of; empty for none."""
    is_whatsapp: bool
    """Whether it is a name as WhatsApp on Android gives it."""
    is_screen: bool = False
    """Whether it is the name of a film of the screen."""


class DayBounds(NamedTuple):
    """A wall-clock day of this machine's zone in true time."""

    before_ms: int
    """Begin of the day before."""
    after_ms: int
    """End of the day after."""
    noon: TimeFact
    """The day's middle, for want of a better time."""


@lru_cache(maxsize=8192)
def day_bounds(day: date) -> DayBounds:
    """Return where a day and its neighbours lie."""
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001  # wall clock
    noon = midnight.replace(hour=12)
    return DayBounds(
        _epoch_ms(midnight - timedelta(days=1)),
        _epoch_ms(midnight + timedelta(days=2)),
        _moment_fact(noon, Precision.DAY),
    )


def _epoch_ms(wall: datetime) -> int:
    return round(wall.timestamp() * 1000)


def _moment_fact(wall: datetime, precision: Precision) -> TimeFact:
    """Turn a wall clock into a time of this machine's zone.

    A time that the clock skips in spring is read with the offset before the change; of
    a time that it shows twice in autumn the first is taken.
    """
    ms = _epoch_ms(wall)
    as_utc = round(wall.replace(tzinfo=UTC).timestamp() * 1000)
    return TimeFact(ms, precision, 0.9, "file name", round((as_utc - ms) / 60_000))


def time_of(facts: NameFacts, mtime_ns: int) -> TimeFact:
    """Tell when a note was made, from its name and the time of its file.

    A name with a day only is refined by the file's time, if that is not far off: then
    the file still has the time at which the phone wrote it.

    Args:
        facts: What the name tells.
        mtime_ns: When the file was changed last.

    Returns:
        The best estimate.
    """
    if facts.moment is not None:
        return facts.moment
    ms = mtime_ns // 1_000_000
    if facts.day is None:
        return TimeFact(ms, Precision.MTIME, 0.4, "file time")
    bounds = day_bounds(facts.day)
    if bounds.before_ms <= ms < bounds.after_ms:
        return TimeFact(ms, Precision.MTIME, 0.9, "file name and file time")
    return bounds.noon


def read_name(name: bytes) -> NameFacts:
    """Read what the name of a recording tells.

    Args:
        name: The name of a file.

    Returns:
        The facts; a copy tells what the name tells that it was made from.
    """
    own, base = name, b""
    match = _PLAIN.fullmatch(name)
    if match is None:
        base = base_of_conflict(name) or b""
        own = base or name
        match = _WHATSAPP.fullmatch(own)
    if match is not None:
        kind, day, number = match.groups()
        return NameFacts(
            _KINDS[kind.upper()],
            _day(day),
            None,
            int(number),
            "",
            base,
            is_whatsapp=True,
        )
    return _read_other(own, base)


def _read_other(own: bytes, base: bytes) -> NameFacts:
    if _SCREEN.fullmatch(own) and is_film_name(own):
        return _read_screen(own, base)
    match = _DESKTOP.fullmatch(own)
    if match is not None:
        kind = (
            NoteKind.VOICE
            if match["kind"][:1] in b"Pp"
            else _KINDS[match["kind"].upper()]
        )
        return NameFacts(kind, None, _moment(match), 0, "", base, is_whatsapp=False)
    match = _MESSENGER.fullmatch(own)
    if match is not None:
        moment = TimeFact(int(match["ms"]), Precision.SECOND, 0.8, "file name")
        return NameFacts(None, None, moment, 0, "", base, is_whatsapp=False)
    dot = own.rfind(b".")
    stem, suffix = (own[:dot], own[dot:]) if dot >= 0 else (own, b"")
    stamp = _find_moment(stem, _MOMENTS)
    if stamp is None:
        title = "" if _MACHINE.fullmatch(stem) else os.fsdecode(stem)
        return NameFacts(None, _iso_day(stem), None, 0, title, base, is_whatsapp=False)
    match, found = stamp
    before, after = stem[: match.start()], stem[match.end() :]
    export = _IOS_EXPORT.fullmatch(before)
    if export is not None:
        number, named = int(export["number"]), export["kind"].upper()
        is_voice = named == b"PTT" or (named == b"AUDIO" and suffix.lower() == b".opus")
        kind_told = NoteKind.VOICE if is_voice else None
        return NameFacts(kind_told, None, found, number, "", base, is_whatsapp=False)
    return NameFacts(
        None, None, found, 0, _title(before, after, suffix), base, is_whatsapp=False
    )


def _read_screen(own: bytes, base: bytes) -> NameFacts:
    """Read the name of a film of the screen."""
    day = None
    match = _REPLAY.fullmatch(own)
    if match is not None:
        ms = int(match["seconds"]) * 1000
        found: TimeFact | None = TimeFact(ms, Precision.SECOND, 0.8, "file name")
    else:
        stamp = _find_moment(own[: own.rfind(b".")], _SCREEN_MOMENTS)
        found = stamp[1] if stamp is not None else None
        day = _iso_day(own) if found is None else None
    return NameFacts(
        NoteKind.VIDEO_NOTE,
        day,
        found,
        0,
        SCREEN_TITLE,
        base,
        is_whatsapp=False,
        is_screen=True,
    )


def _find_moment(
    stem: bytes, patterns: tuple[re.Pattern[bytes], ...]
) -> tuple[re.Match[bytes], TimeFact] | None:
    for pattern in patterns:
        match = pattern.search(stem)
        if match is not None:
            found = _moment(match)
            if found is not None:
                return match, found
    return None


def _iso_day(stem: bytes) -> date | None:
    match = _ISO_DAY.search(stem)
    return _day(b"".join(match.groups())) if match is not None else None


@lru_cache(maxsize=8192)
def _day(digits: bytes) -> date | None:
    """Turn `20240815` into a day; None when it is none, or not of our time."""
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:])
    try:
        return date(year, month, day) if _FIRST_YEAR <= year <= _LAST_YEAR else None
    except ValueError:
        return None


def _moment(match: re.Match[bytes]) -> TimeFact | None:
    """Turn a found moment into a time, if its numbers are a date and a time."""
    told = match.groupdict()
    year, hour = int(told["year"]), int(told["hour"])
    if len(told["year"]) == 2:
        year += 2000
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return None
    if told.get("half"):
        hour = hour % 12 + (12 if told["half"] in b"Pp" else 0)
    precision = Precision.MINUTE if told["second"] is None else Precision.SECOND
    try:
        wall = datetime(  # noqa: DTZ001  # the phone's wall clock
            year,
            int(told["month"]),
            int(told["day"]),
            hour,
            int(told["minute"]),
            int(told["second"] or 0),
        )
    except ValueError:
        return None
    return _moment_fact(wall, precision)


def _title(before: bytes, after: bytes, suffix: bytes) -> str:
    """Return what a person wrote into a name, beside the moment; empty for nothing."""
    named = None if before else _SIGNAL_EXPORT.fullmatch(after)
    if named is not None:
        if _MADE_UP.fullmatch(named["name"]):
            return ""
        # The name that the file had before, which may be of any app.
        return read_name(named["name"] + suffix).title
    parts = [part for part in (before.strip(_TRIM), after.strip(_TRIM)) if part]
    kept = [part for part in parts if not _MADE_UP.fullmatch(part)]
    return os.fsdecode(b" ".join(parts)) if kept else ""
