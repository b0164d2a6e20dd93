"""Export: notes saved as files that every program can play, under names that say all.

No user interface, and nothing of the sources is changed. The decoder is only loaded
when a note is converted.
"""

from __future__ import annotations

from tui.export._formats import Format, Options, parse_format
from tui.export._names import DEFAULT_TEMPLATE, FIELDS
from tui.export._plan import Planned, plan
from tui.export._run import Outcome, Progress, Saved, Saver

__all__ = [
    "DEFAULT_TEMPLATE",
    "FIELDS",
    "Format",
    "Options",
    "Outcome",
    "Planned",
    "Progress",
    "Saved",
    "Saver",
    "parse_format",
    "plan",
]
