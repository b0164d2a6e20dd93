"""Which file of an Element export belongs to which event.

Newer versions call a file as the event's id, without what is no letter or digit. Older
ones call it `<body>-<date><suffix>` with the time of the message as the exporter's
language and zone write it: `Voice message-8-15-2024 at 1-26-33 PM.ogg`. There neither
the order of the numbers nor the zone is known, but of all zones only few fit, since
they are quarters of an hour apart, and the file of the same minute and second does.
"""

from __future__ import annotations

import os
import re
import time
import unicodedata
from datetime import UTC, datetime
from itertools import permutations
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["AudioFiles"]

_QUARTER = 15 * 60
_FARTHEST = 14 * 3600
"""Seconds that the farthest zones are off UTC."""

_DATED = re.compile(
    r"""
    (?P<body>.*)-\W{0,3}
    (?P<date>\d{1,4}\D{1,6}\d{1,2}\D{1,6}\d{1,4}) \D{1,24}
    (?P<hour>\d{1,2}) \D (?P<minute>\d\d) \D (?P<second>\d\d)
    (?P<half>\D*?)
    (?: \.(?:[A-Za-z]\w{0,4} | 3g[ap]p?) )?
    """,
    re.VERBOSE | re.DOTALL,
)
_UNSAFE = re.compile(r"[^a-zA-Z0-9]")


class _Dated(NamedTuple):
    """A file of which the name has a date."""

    name: bytes
    walls: frozenset[int]
    """The wall clocks that it can mean, in seconds as if they were UTC."""


class AudioFiles:
    """The names of the files that were exported."""

    def __init__(self) -> None:
        self._by_id: dict[str, bytes] = {}
        self._by_time: dict[tuple[str, int], list[_Dated]] = {}

    def add(self, name: bytes) -> None:
        """Take the name of a file in the folder `audio` in, in NFC."""
        text = os.fsdecode(name)
        found = _DATED.fullmatch(text)
        if found is None:
            self._by_id.setdefault(text.partition(".")[0], name)
            return
        walls = frozenset(_walls(found))
        second = int(found["minute"]) % 15 * 60 + int(found["second"])
        dated = self._by_time.setdefault((found["body"], second), [])
        dated.append(_Dated(name, walls))

    def find(self, event_id: str, body: str, ms: int | None) -> bytes:
        """Find the file of an event.

        Args:
            event_id: The event's id.
            body: What its content has as `body`.
            ms: When it was sent.

        Returns:
            The name; empty when there is none, or when it could be several.
        """
        by_id = self._by_id.get(_UNSAFE.sub("", event_id)) if event_id else None
        if by_id is not None or ms is None:
            return by_id or b""
        sent = ms // 1000
        stem = unicodedata.normalize("NFC", body.rpartition(".")[0] or body)
        try:
            here = time.localtime(sent).tm_gmtoff
        except (OverflowError, ValueError, OSError):
            return b""
        fitting = sorted(
            (abs(wall - sent - here), dated.name)
            for dated in self._by_time.get((stem, sent % _QUARTER), ())
            for wall in dated.walls
            if abs(wall - sent) <= _FARTHEST
        )
        names = {name for distance, name in fitting if distance == fitting[0][0]}
        return names.pop() if len(names) == 1 else b""


def _walls(found: re.Match[str]) -> Iterator[int]:
    """Give the wall clocks that numbers in an unknown order can mean."""
    numbers = [int(number) for number in re.findall(r"\d+", found["date"])]
    hours = _hours(int(found["hour"]), found["half"])
    for year, month, day in set(permutations(numbers)):
        for hour in hours:
            try:
                wall = datetime(
                    year + 2000 if year < 100 else year,
                    month,
                    day,
                    hour,
                    int(found["minute"]),
                    int(found["second"]),
                    tzinfo=UTC,
                )
            except ValueError:
                continue
            yield int(wall.timestamp())


def _hours(hour: int, half: str) -> tuple[int, ...]:
    """Give the hours of the day that an hour can mean."""
    half = half.replace(".", "").replace(" ", "").strip().lower()
    if half == "am":
        return (hour % 12,)
    if half == "pm":
        return (hour % 12 + 12,)
    # In other languages the word may stand before the time, or not be known here.
    return (hour,) if not 1 <= hour <= 12 else (hour, (hour + 12) % 24)
