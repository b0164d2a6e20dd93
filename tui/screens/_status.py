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

__all__ = ["Summary", "notices", "summary"]


class Summary(NamedTuple):
    """All sources in one line."""

    place: str
    state: str
    is_trouble: bool


def summary(sources: Sequence[Source]) -> Summary:
    """Say which sources there are, and the worst of how they are.

    Args:
        sources: All sources.

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
                reason = f": {source.reason}" if source.reason else ""
                text = f"{place(source.root)} is {source.state.value}{reason}"
                yield f"{text}; its notes are hidden until it is back", True
        was_polled = old is not None and old.watch is WatchMode.POLLING
        if source.watch is WatchMode.POLLING and not was_polled:
            reason = f": {source.watch_reason}" if source.watch_reason else ""
            yield f"{place(source.root)} is looked at every few seconds{reason}", False
