"""The sample library that `earmark demo` shows, and the notes that keep arriving."""

from tui.demo._arrivals import Arrivals, variant
from tui.demo._script import ARRIVALS, LIBRARY, VOICES, Line, Voice
from tui.demo._write import CLIPS, Names, write_demo

__all__ = [
    "ARRIVALS",
    "CLIPS",
    "LIBRARY",
    "VOICES",
    "Arrivals",
    "Line",
    "Names",
    "Voice",
    "variant",
    "write_demo",
]
