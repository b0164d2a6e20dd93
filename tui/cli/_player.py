"""The player that the settings ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.audio import Player
    from tui.config import Settings

__all__ = ["make_player"]


def make_player(settings: Settings) -> Player:
    """Make the player that the settings ask for; it is not started."""
    from tui.audio import EngineProcess

    name, _, path = settings.output.partition(":")
    options = ("--path", path) if path else ()
    return EngineProcess(name, log_path=settings.log, options=options)
