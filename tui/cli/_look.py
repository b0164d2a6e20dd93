"""What the settings say about the browser's keys and colours, as it takes them.

What the settings leave as usual costs no import here: a start is waited for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.config import Keys, nearest, remember_theme
from tui.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.app import EarmarkApp
    from tui.config import Settings

__all__ = ["dress", "keymap", "require_look", "theme_keeper", "theme_names"]


def keymap(settings: Settings) -> dict[str, str] | None:
    """Give the browser's other keys; None for the usual ones.

    Args:
        settings: The settings.

    Raises:
        UsageError: There is no such action or key, or two actions have the same.
    """
    if settings.keys._replace(origin="") == Keys():
        return None
    from tui.screens._keymap import keymap_of

    return keymap_of(settings.keys)


def theme_names() -> list[str]:
    """List the names of all themes, our own first."""
    from textual.theme import BUILTIN_THEMES  # 0.2 s that only a choice takes

    from tui.screens._themes import THEMES

    return [*(theme.name for theme in THEMES), *BUILTIN_THEMES]


def require_look(settings: Settings) -> None:
    """Refuse keys and colours that can't be, before anything is opened.

    Args:
        settings: The settings; a theme that was chosen in the browser may be gone.

    Raises:
        UsageError: No theme is called so, there is no such action or key, or two
            actions have the same.
    """
    keymap(settings)
    if not settings.theme:
        return
    names = theme_names()
    if settings.theme in names:
        return
    near = nearest(settings.theme, names, 0.7) or f" (try {', '.join(names)})"
    where = settings.where("theme")
    raise UsageError(f"{where}no theme is called {settings.theme!r}{near}")


def dress(app: EarmarkApp, settings: Settings) -> None:
    """Give a browser the user's own colours, and what was chosen in it last.

    Args:
        app: The browser, before it runs.
        settings: The settings; a choice that there is not any more does not count.
    """
    if settings.colors.given:
        from tui.screens._themes import own_theme

        own = own_theme(app.available_themes[app.theme], settings.colors)
        app.register_theme(own)
        app.theme = own.name
    if settings.chosen_theme and settings.chosen_theme in app.available_themes:
        app.theme = settings.chosen_theme


def theme_keeper(settings: Settings) -> Callable[[str], None]:
    """Give what is called with each theme that is chosen in the browser.

    Args:
        settings: The settings, which count again when their own theme is chosen.
    """

    def keep(name: str) -> None:
        from tui.screens._themes import DARK, OWN

        usual = OWN if settings.colors.given else settings.theme or DARK.name
        remember_theme(settings, "" if name == usual else name)

    return keep
