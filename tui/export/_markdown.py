r"""Notes as Markdown, for Obsidian and everything else that reads CommonMark.

Every character of a text that has a meaning somewhere is written with a backslash: in
CommonMark, in its usual extensions (tables, footnotes, formulas, bare links, tags) and
in what makes sites of it (`{{ }}`).
"""

from __future__ import annotations

import re
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
from tui.text import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tui.export._documents import Entry, Head

__all__ = ["MarkdownWriter", "escaped"]

_MEANING = re.compile(
    r"""
    [\\`*_{}\[\]<>&~^$%|\#@]  # marks, code, HTML, entities, formulas, comments, tags
    | =(?==) | \+(?=\+)       # highlighted, inserted
    | :(?=[:/])               # a field, an address
    | /(?=/)
    | (?<=\w)\.(?=\w)         # a name of a host
    """,
    re.VERBOSE,
)
_AT_BEGIN = re.compile(r"([-+=:!]|\d+(?=[.)]))")
"""What makes a list, a line, a heading or a box of a line that it begins."""


def escaped(text: str) -> str:
    """Write a line so that it is shown as it is.

    Args:
        text: The line.
    """
    text = _MEANING.sub(r"\\\g<0>", text.strip())
    found = _AT_BEGIN.match(text)
    if found is None:
        return text
    if text[0].isdigit():
        return f"{found[0]}\\{text[found.end() :]}"
    return f"\\{text}"


class MarkdownWriter:
    """Writes Markdown with YAML in front."""

    def write(
        self,
        file: IO[bytes],
        head: Head,
        entries: Iterable[Entry],
        tick: Callable[[], None],  # noqa: ARG002  # nothing takes long
    ) -> None:
        """Write it."""
        front = "".join(f"{line}\n" for line in _front(head))
        title = escaped(head.title)
        file.write(f"{front}\n# {title}\n\n{escaped(sum_of(head))}\n".encode())
        day = ""
        for entry in entries:
            if day_of(entry) != day:
                day = day_of(entry)
                file.write(f"\n## {day}\n".encode())
            for block in _note(head, entry):
                file.write(f"\n{block}\n".encode())


def _front(head: Head) -> Iterator[str]:
    yield "---"
    yield f"title: {_quoted(head.title)}"
    if head.notes is not None:
        yield f"notes: {head.notes}"
    if head.duration_ms:
        yield f"length: {_quoted(clock(head.duration_ms))}"
    if head.first:
        yield f"first: {head.first}"
        yield f"last: {head.last}"
    yield "---"


def _quoted(text: str) -> str:
    """Write a text for YAML, which reads it back as it was."""
    return '"' + "".join(map(_in_yaml, text)) + '"'


def _in_yaml(char: str) -> str:
    if char in {'"', "\\"}:
        return f"\\{char}"
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"


def _note(head: Head, entry: Entry) -> Iterator[str]:
    """Yield the blocks of a note."""
    words = entry.words
    star = "\u2605" if entry.note.row.star else ""
    parts = [time_of(entry), sender_of(entry), length_of(entry), star]
    if words.chat not in {head.title, words.sender}:
        parts.insert(2, words.chat)
    yield "### " + " \u00b7 ".join(escaped(part) for part in parts if part)
    if title_of(entry):
        yield f"**{escaped(title_of(entry))}**"
    if tags_of(entry):
        yield "Tags: " + ", ".join(map(escaped, tags_of(entry)))
    if entry.href:
        # Percent-encoded; what is left of its signs has no meaning in angle brackets.
        yield f"[Sound](<{entry.href}>)"
    elif entry.problem:
        yield f"No sound: {escaped(problem_of(entry))}"
    marks = [f"- {at} {escaped(text)}".rstrip() for at, text in marks_of(entry)]
    if marks:
        yield "\n".join(marks)
    for name, text in (("Comment", words.comment), ("Text", text_of(entry))):
        whole = [escaped(line) for line in paragraphs(text)]
        if whole:
            yield f"{name}: " + "\\\n".join(whole)
    whole = [f"> {escaped(line)}" for line in paragraphs(words.transcript)]
    if whole:
        yield "\\\n".join(whole)
