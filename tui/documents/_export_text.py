"""What was written with a recording, in the lines of its message."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["caption_of"]

_PHRASE = 60
"""Characters beside a name that can be WhatsApp's own words; more are a person's."""

_EDGES = " \t\u200e\u200f\u202a\u202c\ufeff"


def caption_of(message: Sequence[str], number: int, name: str) -> str:
    """Return the text of a message without what names its file.

    Args:
        message: Its lines.
        number: Which of them names the file.
        name: The name.
    """
    kept = [
        _beside(line, name) if place == number else line
        for place, line in enumerate(message)
    ]
    return "\n".join(line.strip(_EDGES) for line in kept if line is not None).strip()


def _beside(line: str, name: str) -> str | None:
    """Return what a person wrote in a line that names a file; None for nothing."""
    at = line.find(name)
    if at < 0:
        return None
    start, end = line.rfind("<", 0, at), line.find(">", at)
    if start < 0 or end < 0:
        return line if len(line) - len(name) > _PHRASE else None
    rest = (line[:start] + line[end + 1 :]).strip(_EDGES)
    # Of a document iOS repeats the name, with its size or pages.
    label, bullet, _ = rest.partition(" \u2022 ")
    if not rest or (bullet and name.endswith(label)):
        return None
    return rest
