"""The marks on the screen, for terminals with Unicode and for those without."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tui import rowtext

if TYPE_CHECKING:
    from tui.rowtext import Glyphs as RowGlyphs

__all__ = ["ASCII", "UNICODE", "Glyphs"]


class Glyphs(NamedTuple):
    """One set of marks; every one is a single cell wide but for `ellipsis`."""

    is_ascii: bool
    play: str
    pause: str
    stop: str
    loading: str
    failed: str
    done: str
    half: str
    head: str
    """Where a waveform is being played."""
    passed: str
    """Progress without a waveform: the part that was played."""
    ahead: str
    """The part that was not."""
    knob: str
    """Between the two."""
    dot: str
    """Between two facts."""
    to: str
    """From a sender to a chat."""
    ellipsis: str
    rows: RowGlyphs
    """The marks of the tree and the header."""


UNICODE = Glyphs(
    is_ascii=False,
    play="▶",
    pause="⏸",
    stop="■",
    loading="◌",
    failed="✗",
    done="○",
    half="◐",
    head="│",
    passed="━",
    ahead="─",
    knob="╸",
    dot="·",
    to="→",
    ellipsis="…",
    rows=rowtext.UNICODE,
)
ASCII = Glyphs(
    is_ascii=True,
    play=">",
    pause="|",
    stop="#",
    loading="~",
    failed="x",
    done="o",
    half="-",
    head="|",
    passed="=",
    ahead="-",
    knob=">",
    dot="-",
    to="->",
    ellipsis="...",
    rows=rowtext.ASCII,
)
