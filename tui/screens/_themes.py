"""Our own colours: calm, one accent, what is secondary is dim.

Two more pairs are for eyes and screens to which that is too little: of high contrast,
and of colours that those who can't tell red from green can tell (the palette of Okabe
and Ito).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual.theme import Theme

if TYPE_CHECKING:
    from tui.config import Colors

__all__ = ["DARK", "LIGHT", "OWN", "THEMES", "own_theme"]

OWN = "own"
"""The name of the theme with the user's colours."""


def _cursor(background: str, foreground: str) -> dict[str, str]:
    """Give the variables for the row under the cursor, in lists of any kind."""
    return {
        f"block-cursor{blurred}-{name}": value
        for blurred in ("", "-blurred")
        for name, value in (
            ("background", background),
            ("foreground", foreground),
            ("text-style", "none"),
        )
    }


DARK = Theme(
    name="earmark-dark",
    dark=True,
    primary="#7fc1b1",
    secondary="#8fa7c4",
    accent="#7fc1b1",
    foreground="#d3d7de",
    background="#14171b",
    surface="#191d22",
    panel="#1d2228",
    boost="#242a31",
    success="#8fbf8a",
    warning="#e0b070",
    error="#e08080",
    variables=_cursor("#28363a", "#e6eaef")
    | {
        "border": "#2b323a",
        "scrollbar": "#333b44",
        "scrollbar-background": "#14171b",
    },
)
LIGHT = Theme(
    name="earmark-light",
    dark=False,
    primary="#1f7466",
    secondary="#4a6688",
    accent="#1f7466",
    foreground="#24282d",
    background="#fbfaf7",
    surface="#f5f3ee",
    panel="#efece5",
    boost="#e8e4db",
    success="#3d7a3a",
    warning="#96600c",
    error="#b03434",
    variables=_cursor("#d9e9e3", "#16191c")
    | {
        "border": "#d9d4c8",
        "scrollbar": "#c9c3b5",
        "scrollbar-background": "#fbfaf7",
    },
)
CONTRAST_DARK = Theme(
    name="earmark-contrast-dark",
    dark=True,
    primary="#ffd75f",
    secondary="#87d7ff",
    accent="#ffd75f",
    foreground="#ffffff",
    background="#000000",
    surface="#0c0c0c",
    panel="#1c1c1c",
    boost="#2a2a2a",
    success="#87ff87",
    warning="#ffaf5f",
    error="#ff9d9d",
    variables=_cursor("#4a4012", "#ffffff")
    | {
        "border": "#9a9a9a",
        "scrollbar": "#9a9a9a",
        "scrollbar-background": "#000000",
    },
)
CONTRAST_LIGHT = Theme(
    name="earmark-contrast-light",
    dark=False,
    primary="#00439c",
    secondary="#3b3b3b",
    accent="#00439c",
    foreground="#000000",
    background="#ffffff",
    surface="#f7f7f7",
    panel="#ebebeb",
    boost="#dedede",
    success="#00560f",
    warning="#7a3c00",
    error="#a00000",
    variables=_cursor("#c7dcff", "#000000")
    | {
        "border": "#5a5a5a",
        "scrollbar": "#5a5a5a",
        "scrollbar-background": "#ffffff",
    },
)
SAFE_DARK = replace(
    DARK,
    name="earmark-safe-dark",
    primary="#56b4e9",
    secondary="#a8b3c0",
    accent="#56b4e9",
    success="#f0e442",
    warning="#e69f00",
    error="#e8749a",
    variables=DARK.variables | _cursor("#24384a", "#e6eaef"),
)
SAFE_LIGHT = replace(
    LIGHT,
    name="earmark-safe-light",
    primary="#005d96",
    secondary="#4a6688",
    accent="#005d96",
    success="#007558",
    warning="#945900",
    error="#7a0f22",
    variables=LIGHT.variables | _cursor("#d5e6f2", "#16191c"),
)
THEMES = (DARK, LIGHT, CONTRAST_DARK, CONTRAST_LIGHT, SAFE_DARK, SAFE_LIGHT)


_LAYERS = {"surface": 0.03, "panel": 0.06, "boost": 0.1}
"""What lies on another background, and how much of the text's colour is in it."""


def own_theme(base: Theme, colors: Colors) -> Theme:
    """Lay the user's colours over a theme.

    What hangs on a colour that was given follows it, unless it was given too: layers
    and cursor on the background, the accent on the main colour.

    Args:
        base: The theme.
        colors: The colours.

    Returns:
        A theme that is called `OWN`.
    """
    from textual.color import Color

    given = dict(colors.given)
    usual = ("#121212", "#e0e0e0") if base.dark else ("#e0e0e0", "#121212")
    known = (None, None) if base.ansi else (base.background, base.foreground)
    ground = Color.parse(given.get("background") or known[0] or usual[0])
    text = Color.parse(given.get("foreground") or known[1] or usual[1])
    accent = Color.parse(given.get("primary") or base.primary)
    if "background" in given:
        for name, share in _LAYERS.items():
            given.setdefault(name, ground.blend(text, share, 1.0).hex6)
    if "primary" in given:
        given.setdefault("accent", given["primary"])
    own = replace(
        base,
        name=OWN,
        dark=ground.brightness < 0.5,
        variables=base.variables
        | _cursor(ground.blend(accent, 0.2, 1.0).hex6, text.hex6)
        | {"scrollbar-background": ground.hex6},
    )
    for name, color in given.items():
        setattr(own, name, color)
    return own
