"""What is said about sources: in the header all the time, in a notice when it changes.

Pure functions on values of the model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tui.model import SourceState, WatchMode
from tui.widgets.place import place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tui.model import Source

__all__ = ["Summary", "emptiness", "notices", "summary", "troubles"]


class Summary(NamedTuple):
    """All sources in one line."""

    place: str
    state: str
    is_trouble: bool


def summary(sources: Sequence[Source], *, is_read_only: bool = False) -> Summary:
    """Say which sources there are, and the worst of how they are.

    Args:
        sources: All sources.
        is_read_only: The library can't be written, so nobody watches them.

    Returns:
        Place and state for the header.
    """
    if not sources:
        return Summary("", "", is_trouble=False)
    where = place(sources[0].root) if len(sources) == 1 else f"{len(sources)} sources"
    away = [source for source in sources if source.state is not SourceState.OK]
    if away:
        words = {source.state.value for source in away}
        word = words.pop() if len(words) == 1 else "unavailable"
        state = word if len(sources) == 1 else f"{len(away)} {word}"
        return Summary(where, state, is_trouble=True)
    if is_read_only:
        return Summary(where, "read-only, not watched", is_trouble=True)
    modes = {source.watch for source in sources}
    if WatchMode.POLLING in modes:
        return Summary(where, "polling", is_trouble=False)
    return Summary(where, "live" if WatchMode.LIVE in modes else "", is_trouble=False)


def notices(
    before: Sequence[Source], after: Sequence[Source]
) -> Iterator[tuple[str, bool]]:
    """Tell what changed about sources.

    Args:
        before: The sources as they were.
        after: The sources as they are.

    Yields:
        A sentence, and whether it is a warning.
    """
    known = {source.id: source for source in before}
    for source in after:
        old = known.get(source.id)
        was = old.state if old else SourceState.OK
        if source.state is not was:
            if source.state is SourceState.OK:
                yield f"{place(source.root)} is back", False
            else:
                text = f"{place(source.root)} is {source.state.value}"
                text += _because(source.reason)
                yield f"{text}; its notes are hidden until it is back", True


def troubles(sources: Sequence[Source], *, is_read_only: bool = False) -> Iterator[str]:
    """Tell what is not as it should be, and why, for as long as it is so.

    Args:
        sources: All sources.
        is_read_only: The library can't be written, so nobody watches them.

    Yields:
        A sentence each.
    """
    if is_read_only:
        yield (
            "The library can't be written: no mark is kept, and new notes are not"
            " noticed."
        )
    for source in sources:
        where = place(source.root)
        if source.state is not SourceState.OK:
            yield f"{where} is {source.state.value}{_because(source.reason)}."
        elif source.watch is WatchMode.POLLING and not is_read_only:
            reason = _because(source.watch_reason)
            yield f"{where} is looked at every few seconds{reason}."


def emptiness(sources: Sequence[Source]) -> str:
    """Say why there is no note at all.

    Args:
        sources: All sources.
    """
    told = [
        f"{place(source.root)} is away{_because(source.reason)}."
        " Its notes come back with it."
        for source in sources
        if source.state is not SourceState.OK
    ]
    if told:
        return " ".join(told)
    reading = [place(source.root) for source in sources if not source.scanned_ms]
    if reading or not sources:
        return f"Reading {', '.join(reading)} …" if reading else "Reading …"
    return "No voice notes here yet."


def _because(reason: str) -> str:
    return f": {reason.rstrip('.')}" if reason else ""
