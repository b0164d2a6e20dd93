"""What a tag may be called.

A name is written as the user likes; what it is known by is `tui.words.fold` of it, so
that `#Café` and `#cafe` are one. `/` leads to a tag below. Blanks at the ends of a part
go, those inside it become one.
"""

from __future__ import annotations

import unicodedata

from tui.errors import UsageError
from tui.words import fold

__all__ = ["LONGEST", "tag_name"]

LONGEST = 100
"""Characters of a name."""


def tag_name(text: str) -> str:
    """Bring a name that was typed into its one form.

    Args:
        text: The name, with or without `#` before it.

    Returns:
        The name without `#`.

    Raises:
        UsageError: When no tag can be called so.
    """
    # What looks like a slash is known by one, so it has to be one; so is `#`.
    plain = "".join(fold(c) if {"/", "#"} & set(fold(c)) else c for c in text)
    plain = plain.strip().lstrip("#")
    parts = [" ".join(part.split()) for part in plain.split("/")]
    name = "/".join(parts)
    if not name:
        raise UsageError("a tag needs a name")
    if not all(fold(part).strip() for part in parts):
        raise UsageError(
            f"#{name} is no tag: each part between the slashes needs a name"
        )
    if "," in fold(name):
        raise UsageError(f"#{name} is no tag: a comma is what parts two tags")
    if any(unicodedata.category(char) == "Cc" for char in name):
        raise UsageError(f"{name!r} is no tag: it holds a control character")
    if len(name) > LONGEST:
        raise UsageError(
            f"a tag has at most {LONGEST} characters, and this one {len(name):,}"
        )
    return name
