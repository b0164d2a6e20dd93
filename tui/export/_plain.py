"""Notes as plain text: to read, to search, to paste.

What comes from notes is indented, or behind words of ours on a line of its own: no text
can look like the begin of another note.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from tui.export._wording import (
    day_of,
    length_of,
    marks_of,
    paragraphs,
    problem_of,
    sender_of,
    sum_of,
    tags_of,
    text_of,
    time_of,
    title_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tui.export._documents import Entry, Head

__all__ = ["TextWriter"]

_INDENT = "    "


class TextWriter:
    """Writes plain text, a paragraph a line."""

    def write(
        self,
        file: IO[bytes],
        head: Head,
        entries: Iterable[Entry],
        tick: Callable[[], None],  # noqa: ARG002  # nothing takes long
    ) -> None:
        """Write it."""
        file.write(f"{head.title}\n{sum_of(head)}\n".encode())
        day = ""
        for entry in entries:
            if day_of(entry) != day:
                day = day_of(entry)
                file.write(f"\n{day}\n".encode())
            text = "".join(f"{line}\n" for line in _note(head, entry))
            file.write(f"\n{text}".encode())


def _note(head: Head, entry: Entry) -> Iterator[str]:
    words = entry.words
    star = "starred" if entry.note.row.star else ""
    parts = [time_of(entry), sender_of(entry), length_of(entry), star]
    if words.chat not in {head.title, words.sender}:
        parts.insert(2, f"in {words.chat}")
    yield "  ".join(part for part in parts if part)
    for name, text in (
        ("title", title_of(entry)),
        ("tags", ", ".join(tags_of(entry))),
        ("sound", entry.href),
        ("no sound", problem_of(entry)),
    ):
        if text:
            yield f"  {name}: {text}"
    for at, text in marks_of(entry):
        yield f"  {at} {text}".rstrip()
    for name, text in (
        ("comment", words.comment),
        ("text", text_of(entry)),
        ("transcript", words.transcript),
    ):
        whole = paragraphs(text)
        if whole:
            yield f"  {name}:"
        for line in whole:
            yield _INDENT + line
