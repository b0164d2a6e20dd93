"""Text from files and sources, made fit for one line of a terminal.

A file name may hold escape sequences, newlines, marks that reverse the direction of
writing, and bytes that are no text at all. Nothing of that may reach the terminal:
every such character is shown as a visible escape.
"""

from __future__ import annotations

import unicodedata

__all__ = ["clock", "cut", "fit", "for_shell", "printable", "width"]

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories without a visible form, or with power over the terminal."""

_JOINERS = frozenset("\u200d\ufe0f\ufe0e")
"""Format characters that only tie an emoji together; harmless, and needed for it."""


def printable(text: str) -> str:
    r"""Make text safe for a terminal: one line, every control character visible.

    Args:
        text: Any text, also with surrogate escapes for bytes that are no UTF-8.

    Returns:
        The text with a tab as a space, bytes as `\xNN`, other characters that can't be
        seen as `\n`, `\x1b` or `\u202e`.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_visible, text))


def _visible(char: str) -> str:
    if char == "\t":
        return " "
    if char in _JOINERS or unicodedata.category(char) not in _HIDDEN:
        return char
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was no UTF-8 (PEP 383)
        return f"\\x{code - 0xDC00:02x}"
    if code == 0x0A:
        return "\\n"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def width(text: str) -> int:
    """Count the terminal cells of printable text."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth  # 20 ms that ASCII need not pay

    return max(0, wcswidth(text))


def cut(text: str, cells: int, mark: str = "…") -> str:
    """Shorten printable text to at most some cells, with a mark where it was cut."""
    if width(text) <= cells:
        return text
    room = cells - len(mark)
    if room < 0:
        return ""
    if text.isascii():
        return text[:room] + mark
    end = min(len(text), room)
    while end < len(text) and width(text[: end + 1]) <= room:
        end += 1
    while end and width(text[:end]) > room:
        end -= 1
    return text[:end] + mark


def fit(text: str, cells: int, *, right: bool = False, mark: str = "…") -> str:
    """Cut or pad printable text to exactly some cells."""
    text = cut(text, cells, mark)
    pad = " " * (cells - width(text))
    return pad + text if right else text + pad


def clock(ms: int | None) -> str:
    """Write the length of one note: `0:42`, `12:05`, `1:02:11`; `--:--` for unknown."""
    if ms is None:
        return "--:--"
    seconds = ms // 1000
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02d}:{seconds:02d}"
    return f"{minutes}:{seconds:02d}"


def for_shell(path: bytes) -> str:
    r"""Write an absolute path as it is typed on a command line.

    Args:
        path: The path.

    Returns:
        From `~/` on if it lies in the user's home, quoted where a shell needs it; bytes
        that are no text are shown as `\xNN`.
    """
    import os
    import shlex

    text = path.decode(errors="backslashreplace")
    home = os.path.expanduser("~")  # noqa: PTH111  # pathlib takes 3 ms to load
    if text.startswith(f"{home}/"):
        return f"~/{shlex.quote(text[len(home) + 1 :])}"
    return shlex.quote(text)
