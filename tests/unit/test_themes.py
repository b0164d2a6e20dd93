"""Our own colours can be read, and told apart; the user's are laid over them."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import pytest
from textual.color import Color
from textual.theme import BUILTIN_THEMES

from tui.config import COLORS, Colors
from tui.screens._themes import DARK, LIGHT, OWN, THEMES, own_theme

if TYPE_CHECKING:
    from textual.theme import Theme

_ROLES = ("primary", "secondary", "success", "warning", "error")
_BLIND = {
    "red": ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
    "green": ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
}
"""How linear light is seen without the cones for it (Machado and others, 2009)."""


def linear(color: Color) -> tuple[float, float, float]:
    """Undo the curve of a screen."""
    parts = [part / 255 for part in (color.r, color.g, color.b)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in parts
    )
    return red, green, blue


def contrast(one: Color, two: Color) -> float:
    """Tell the contrast of two colours as WCAG does, 1 to 21."""
    low, high = sorted(
        sum(map(float.__mul__, (0.2126, 0.7152, 0.0722), linear(color)))
        for color in (one, two)
    )
    return (high + 0.05) / (low + 0.05)


def part(theme: Theme, name: str) -> Color:
    """Give a colour of a theme."""
    return Color.parse(getattr(theme, name))


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_text_stands_out(theme: Theme) -> None:
    """On the ground and on panels; much more so in the themes of high contrast."""
    is_high = "contrast" in theme.name
    for ground in (part(theme, "background"), part(theme, "panel")):
        assert contrast(part(theme, "foreground"), ground) > (15 if is_high else 10)
        for role in _ROLES:
            assert contrast(part(theme, role), ground) > (7 if is_high else 4.3)
    ground, text = part(theme, "background"), part(theme, "foreground")
    assert contrast(ground.blend(text, 0.62), ground) > (6 if is_high else 4.2)
    under = ground.blend(part(theme, "primary"), 0.2)
    assert contrast(text, under) > 7


def test_every_kind_is_there_light_and_dark() -> None:
    """And each says itself which it is."""
    names = {theme.name for theme in THEMES}
    assert len(names) == len(THEMES) == 6
    for theme in THEMES:
        assert theme.dark == (part(theme, "background").brightness < 0.5)
        kind, _, shade = theme.name.rpartition("-")
        assert shade == ("dark" if theme.dark else "light")
        assert {f"{kind}-dark", f"{kind}-light"} <= names


@pytest.mark.parametrize("sense", _BLIND)
@pytest.mark.parametrize(
    "theme", [t for t in THEMES if "safe" in t.name], ids=lambda theme: theme.name
)
def test_who_can_not_tell_red_from_green_can_tell(theme: Theme, sense: str) -> None:
    """What is well, what is doubtful and what is wrong differ without those cones."""
    seen = {}
    for role in ("primary", "success", "warning", "error"):
        light = linear(part(theme, role))
        seen[role] = [
            min(1.0, max(0.0, sum(a * b for a, b in zip(row, light, strict=True))))
            ** (1 / 2.2)
            for row in _BLIND[sense]
        ]
    for one, two in combinations(seen, 2):
        apart = sum((a - b) ** 2 for a, b in zip(seen[one], seen[two], strict=True))
        assert apart**0.5 > 0.15, (one, two)


@pytest.mark.parametrize("name", [*BUILTIN_THEMES, *(theme.name for theme in THEMES)])
def test_own_colours_go_over_any_theme(name: str) -> None:
    """What is given is taken, and Textual can make everything of it."""
    themes = BUILTIN_THEMES | {theme.name: theme for theme in THEMES}
    base = themes[name]
    own = own_theme(base, Colors((("primary", "#ff0000"), ("background", "#fff"))))
    assert (own.name, own.primary, own.accent) == (OWN, "#ff0000", "#ff0000")
    assert not own.dark
    assert part(own, "panel").brightness > 0.7
    assert own.error == base.error
    assert own.to_color_system().generate()
    assert base.name == name


def test_the_dark_colours_over_themselves_change_nothing() -> None:
    """The default file lists them: whoever turns them on sees what was there."""
    colors = Colors(tuple((name, str(getattr(DARK, name))) for name in COLORS))
    own = own_theme(DARK, colors)
    for name in COLORS:
        assert getattr(own, name) == getattr(DARK, name)
    assert own.dark
    assert own_theme(LIGHT, colors).dark
