"""How notes are played, as the settings say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.audio import Sound
from tui.model import SoundScope, SoundSettings
from tui.playback import Defaults, Habits

if TYPE_CHECKING:
    from collections.abc import Collection

    from tui.config import Settings

__all__ = ["browsing", "performing"]

_FOR_THIS_RUN = frozenset({"variable", "option"})


def browsing(settings: Settings) -> Habits:
    """Tell how the browser plays.

    What an option or a variable says counts more than what is remembered for all notes;
    what the config file says counts less.
    """
    insisted = _said(settings, _FOR_THIS_RUN)
    return _habits(settings, Defaults(_sound(settings), insisted))


def performing(settings: Settings) -> Habits:
    """Tell how `earmark play` plays: a list of its own, and as it is told."""
    defaults = Defaults(
        _sound(settings),
        insisted=_said(settings, {"variable"}),
        commanded=_said(settings, {"option"}),
    )
    habits = _habits(settings, defaults)
    return habits._replace(continuous=False, keeps_queue=False, leaves_out=False)


def _habits(settings: Settings, defaults: Defaults) -> Habits:
    return Habits(
        continuous=settings.continuous,
        gap_ms=round(settings.gap * 1000),
        tone=settings.tone,
        remember=SoundScope(settings.remember),
        defaults=defaults,
    )


def _sound(settings: Settings) -> Sound:
    return Sound(settings.speed, settings.skip, settings.level)


def _said(settings: Settings, origins: Collection[str]) -> SoundSettings:
    """Tell what was said of the sound in some places alone."""
    said = {
        name: getattr(settings, name)
        for name in ("speed", "level", "skip")
        if settings.origins.get(name) in origins
    }
    return SoundSettings(**said)
