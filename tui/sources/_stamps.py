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
from tui.sources._names import base_of_conflict

__all__ = ["DayBounds", "NameFacts", "day_bounds", "read_name", "time_of"]

_PLAIN = re.compile(rb"(PTT|AUD|VID)-([0-9]{8})-WA([0-9]{4,9})\.[A-Za-z0-9]+")
"""Nearly every name of WhatsApp; what is not in capitals, or a copy, goes on."""
_WHATSAPP = re.compile(
    rb"(?P<kind>PTT|AUD|VID)-(?P<day>[0-9]{8})-WA(?P<number>[0-9]{4,9})"
    rb"(?:[ _.(-].*)?\.[^.]+",
    re.IGNORECASE | re.DOTALL,
)
_DESKTOP = re.compile(
    rb"WhatsApp (?P<kind>Ptt|Audio|Video) (?P<year>[0-9]{4})-(?P<month>[0-9]{2})-"
    rb"(?P<day>[0-9]{2}) at (?P<hour>[0-9]{1,2})\.(?P<minute>[0-9]{2})\."
    rb"(?P<second>[0-9]{2})(?:[ \xa0\xc2\xe2\x80\xaf]*(?P<half>[AP])M)?.*",
    re.IGNORECASE | re.DOTALL,
)
_MESSENGER = re.compile(rb"audioclip-?(?P<ms>1[0-9]{12})[0-9]*.*", re.IGNORECASE)
_CLOCK = rb"""
    (?: [-_ T@]* (?:at[ ])? ) ([0-9]{2}) [-_.h:]? ([0-9]{2})
    (?: [-_.m:]? ([0-9]{2}) (?:[.][0-9]{1,6}(?=_|$))? )?
    (?![0-9])
"""
_MOMENT = re.compile(
    rb"(?<![0-9]) (20[0-9]{2}) [-_.\ ]? ([0-9]{2}) [-_.\ ]? ([0-9]{2})" + _CLOCK,
    re.VERBOSE,
)
"""Year, month, day, hour, minute and maybe second, anywhere in a name."""
_DAY_FIRST = re.compile(
    rb"@([0-9]{2})-([0-9]{2})-(20[0-9]{2})_"
    rb"([0-9]{2})-([0-9]{2})-([0-9]{2})(?![0-9])"
)
"""Telegram's way."""
_SHORT_MOMENT = re.compile(
    rb"(?<![0-9])([0-9]{2})([0-9]{2})([0-9]{2})[_ ]"
    rb"([0-9]{2})([0-9]{2})([0-9]{2})(?![0-9])"
)
"""Samsung's way: two digits for the year."""
_ISO_DAY = re.compile(rb"(?<![0-9])(20[0-9]{2})-([0-9]{2})-([0-9]{2})(?![0-9])")
_IOS_EXPORT = re.compile(rb"(?P<number>[0-9]{8})-AUDIO-", re.IGNORECASE)

_MADE_UP = re.compile(
    rb"(?:voice[ -]?(?:message|note|memo|recording)?|(?:my |new )?recording|record|rec"
    rb"|audio(?:[ -]?(?:file|message|clip|record(?:ing)?))?|ptt|aud|vid"
    rb"|file|signal|sound|memo|note|untitled)?[ _-]*[0-9]*"
    rb"|[0-9a-f]{8}|[0-9]+_None",
    re.IGNORECASE,
)
"""Names that an app gave, not a person: no title."""
_TRIM = b" _-.@,"

_KINDS = {
    b"PTT": NoteKind.VOICE,
    b"AUD": NoteKind.AUDIO,
    b"VID": NoteKind.VIDEO_NOTE,
    b"AUDIO": NoteKind.AUDIO,
    b"VIDEO": NoteKind.VIDEO_NOTE,
}
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
    stem = own[: own.rfind(b".")] if b"." in own else own
    match = _DESKTOP.fullmatch(own)
    if match is not None:
        kind = (
            NoteKind.VOICE
            if match["kind"][:1] in b"Pp"
            else _KINDS[match["kind"].upper()]
        )
        return NameFacts(
            kind, None, _desktop_moment(match), 0, "", base, is_whatsapp=False
        )
    match = _MESSENGER.fullmatch(own)
    if match is not None:
        moment = TimeFact(int(match["ms"]), Precision.SECOND, 0.8, "file name")
        return NameFacts(None, None, moment, 0, "", base, is_whatsapp=False)
    for pattern in (_MOMENT, _SHORT_MOMENT, _DAY_FIRST):
        match = pattern.search(stem)
        if match is None:
            continue
        found = _moment(match)
        if found is not None:
            number = _IOS_EXPORT.match(stem)
            title = "" if number else _title(stem[: match.start()], stem[match.end() :])
            counter = int(number["number"]) if number else 0
            return NameFacts(None, None, found, counter, title, base, is_whatsapp=False)
    match = _ISO_DAY.search(stem)
    day = _day(b"".join(match.groups())) if match is not None else None
    return NameFacts(None, day, None, 0, os.fsdecode(stem), base, is_whatsapp=False)


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
    year, month, day, hour, minute, second = match.groups()
    if match.re is _DAY_FIRST:
        year, day = day, year
    precision = Precision.MINUTE if second is None else Precision.SECOND
    try:
        wall = datetime(  # noqa: DTZ001  # the phone's wall clock
            int(year) + (2000 if len(year) == 2 else 0),
            int(month),
            int(day),
            int(hour),
            int(minute),
            int(second or 0),
        )
    except ValueError:
        return None
    return _moment_fact(wall, precision)


def _desktop_moment(match: re.Match[bytes]) -> TimeFact | None:
    day = _day(match["year"] + match["month"] + match["day"])
    hour, minute, second = (int(match[part]) for part in ("hour", "minute", "second"))
    if match["half"]:
        hour = hour % 12 + (12 if match["half"] in b"Pp" else 0)
    if day is None or hour > 23 or minute > 59 or second > 59:
        return None
    wall = datetime(day.year, day.month, day.day, hour, minute, second)  # noqa: DTZ001  # wall clock
    return _moment_fact(wall, Precision.SECOND)


def _title(before: bytes, after: bytes) -> str:
    """Return what a person wrote into a name, beside the moment; empty for nothing."""
    parts = [part for part in (before.strip(_TRIM), after.strip(_TRIM)) if part]
    kept = [part for part in parts if not _MADE_UP.fullmatch(part)]
    return os.fsdecode(b" ".join(parts)) if kept else ""
