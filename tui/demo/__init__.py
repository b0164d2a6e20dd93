"""The sample library that `earmark demo` shows, and the notes that keep arriving."""

from tui.demo._arrivals import Arrivals
from tui.demo._marks import marks
from tui.demo._phone import CLIPS, Phone
from tui.demo._script import ARRIVALS, LIBRARY, VOICES, Line, Voice
from tui.demo._variant import variant
from tui.demo._write import Written, write_demo

__all__ = [
    "ARRIVALS",
    "CLIPS",
    "LIBRARY",
    "VOICES",
    "Arrivals",
    "Line",
    "Phone",
    "Voice",
    "Written",
    "marks",
    "variant",
    "write_demo",
]
