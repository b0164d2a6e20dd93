"""What is said about sources: in the header all the time, in a notice when it changes.

Pure functions on values of the model.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from tui.model import SourceState, WatchMode
from tui.rowtext import source_state
from tui.text import for_shell
from tui.widgets.place import place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tui.model import Problem, Source

__all__ = ["Summary", "emptiness", "notices", "summary", "troubles"]


_KEY = "earmark key add SOURCE"
"""What the readers of encrypted files write, who do not know the source."""
_WORDS = {
    SourceState.PARTIAL: "something in it is not whole yet",
    SourceState.LOCKED: "something in it is encrypted",
    SourceState.ERROR: "something in it can't be read",
}

_NEWS = {
    SourceState.PARTIAL: "is not whole yet",
    SourceState.LOCKED: "needs a key",
}
"""What is said once; the reason stands in the details for as long as it is so."""


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
    state, is_trouble = source_state(
        [(source.state.value, source.watch.value) for source in sources]
    )
    if is_read_only and not is_trouble:
        return Summary(where, "read-only, not watched", is_trouble=True)
    return Summary(where, state, is_trouble)


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
        if source.state is was:
            continue
        where = place(source.root)
        if source.state is SourceState.OFFLINE:
            text = f"{where} is offline{_because(source.reason)}"
            yield f"{text}; its notes are hidden until it is back", True
            continue
        if was is SourceState.OFFLINE:
            yield f"{where} is back", False
        if source.state is SourceState.ERROR:
            yield f"{where}: {_reason(source)}", True
        elif source.state is not SourceState.OK:
            yield f"{where} {_NEWS[source.state]}", False
        elif was is not SourceState.OFFLINE:
            yield f"{where}: everything in it can be read now", False


def troubles(
    sources: Sequence[Source],
    documents: Sequence[Problem] = (),
    *,
    is_read_only: bool = False,
) -> Iterator[str]:
    """Tell what is not as it should be, and why, for as long as it is so.

    Args:
        sources: All sources.
        documents: Documents that could not be read, or not to the end.
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
        if source.state is SourceState.OFFLINE:
            yield f"{where} is offline{_because(source.reason)}."
        elif source.state is not SourceState.OK:
            own = [each for each in documents if each.source_id == source.id]
            if len(own) > 1:
                for each in own:
                    path = os.fsdecode(each.path)
                    yield f"{path}: {_for_shell(source, each.reason)}."
            else:
                yield f"{where}: {_reason(source)}."
        if (
            source.state is not SourceState.OFFLINE
            and source.watch is WatchMode.POLLING
            and not is_read_only
        ):
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
        if source.state is SourceState.OFFLINE
    ]
    told += [
        f"{place(source.root)}: {_reason(source)}."
        for source in sources
        if source.state not in {SourceState.OK, SourceState.OFFLINE}
    ]
    if told:
        return " ".join(told)
    reading = [place(source.root) for source in sources if not source.scanned_ms]
    if reading or not sources:
        return f"Reading {', '.join(reading)} …" if reading else "Reading …"
    return "No voice notes here yet."


def _because(reason: str) -> str:
    return f": {reason.rstrip('.')}" if reason else ""


def _reason(source: Source) -> str:
    """Say what is wrong in a source, with the command that helps as it is typed."""
    return _for_shell(source, source.reason.rstrip(".") or _WORDS[source.state])


def _for_shell(source: Source, reason: str) -> str:
    return reason.replace(_KEY, f"earmark key add {for_shell(source.root)}")
