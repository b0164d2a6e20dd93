"""Our own colours: calm, one accent, what is secondary is dim."""

from __future__ import annotations

from textual.theme import Theme

__all__ = ["DARK", "LIGHT", "THEMES"]

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
    variables={
        "block-cursor-background": "#28363a",
        "block-cursor-foreground": "#e6eaef",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#28363a",
        "block-cursor-blurred-foreground": "#e6eaef",
        "block-cursor-blurred-text-style": "none",
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
    variables={
        "block-cursor-background": "#d9e9e3",
        "block-cursor-foreground": "#16191c",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#d9e9e3",
        "block-cursor-blurred-foreground": "#16191c",
        "block-cursor-blurred-text-style": "none",
        "border": "#d9d4c8",
        "scrollbar": "#c9c3b5",
        "scrollbar-background": "#fbfaf7",
    },
)
THEMES = (DARK, LIGHT)
