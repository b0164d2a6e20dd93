"""`stats`: the library in numbers, with bars where somebody looks."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from tui.cli._library import opened, refresh, tell_nothing
from tui.cli._objects import statistics_object
from tui.cli._output import Out, counted
from tui.text import clock, fit, printable, width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.answers import Share, Statistics
    from tui.config import Settings

__all__ = ["bar", "stats"]

_SHOWN = 12
"""How many parts of a kind a terminal gets; a file gets all."""
_LABEL = 24
_LONGEST_BAR = 48
_SHORTEST_BAR = 6
_HOUR_MS = 3_600_000
_EIGHTHS = " ▏▎▍▌▋▊▉"


def stats(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark stats`."""
    out = Out()
    with opened(settings, to_read=True) as library:
        refresh(library, settings)
        with closing(library.reader()) as reader:
            found = reader.statistics()
            nothing = 0 if found.total.notes else tell_nothing(reader)
    if said["json"]:
        out.object(statistics_object(found))
    elif found.total.notes:
        _say(out, found, with_unicode=out.has_unicode and not settings.ascii)
    return nothing


def _say(out: Out, found: Statistics, *, with_unicode: bool) -> None:
    total = found.total
    notes = counted(total.notes, "note")
    out.line(f"{notes}, {_hours(total.duration_ms)} in all")
    if total.unplayed:
        rest = _hours(total.unplayed_ms)
        out.line(f"{total.unplayed:,} not yet played, {rest} to hear")
    else:
        out.line("all of them are played")
    for title, shares in (
        ("chats", found.chats),
        ("senders", found.senders),
        ("months", found.months),
    ):
        if shares:
            out.line()
            out.line(title)
            _say_shares(out, shares, with_unicode=with_unicode)


def _say_shares(out: Out, shares: Sequence[Share], *, with_unicode: bool) -> None:
    shown = shares[:_SHOWN] if out.is_terminal else shares
    texts = [
        (
            printable(each.label) or "not known",
            clock(each.duration_ms),
            counted(each.notes, "note"),
        )
        for each in shown
    ]
    of_label, of_time, of_notes = (
        max(map(width, column)) for column in zip(*texts, strict=True)
    )
    of_label = min(_LABEL, of_label)
    # Two blanks at the left, and between the columns.
    room = min(_LONGEST_BAR, out.columns - of_label - of_time - of_notes - 8)
    longest = max(each.duration_ms for each in shown)
    for (label, time, notes), share in zip(texts, shown, strict=True):
        columns = [
            fit(label, of_label),
            fit(time, of_time, right=True),
            fit(notes, of_notes, right=True),
        ]
        if out.is_terminal and room >= _SHORTEST_BAR and longest:
            part = share.duration_ms / longest
            columns.append(bar(part, room, with_unicode=with_unicode))
        out.line(f"  {'  '.join(columns)}".rstrip())
    if len(shares) > len(shown):
        out.line(f"  and {len(shares) - len(shown):,} more")


def bar(part: float, room: int, *, with_unicode: bool) -> str:
    """Draw how large something is.

    Args:
        part: Of the largest, 0 to 1.
        room: The cells that the largest takes.
        with_unicode: Whether eighths of a cell can be drawn.

    Returns:
        The bar; something that is not nothing has one.
    """
    eighths = round(part * room * 8)
    if part > 0:
        eighths = max(1, eighths)
    if not with_unicode:
        return "#" * -(-eighths // 8)
    full, rest = divmod(eighths, 8)
    return "█" * full + (_EIGHTHS[rest] if rest else "")


def _hours(ms: int) -> str:
    """Write a long time in hours, and one that is below an hour in minutes."""
    if ms < _HOUR_MS:
        return counted(round(ms / 60_000), "minute")
    return f"{ms / _HOUR_MS:,.1f} hours"
