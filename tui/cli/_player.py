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

    # In one word: a number with a minus must not pass for another option.
    options = [f"--target-lufs={settings.target_lufs:g}"]
    output = settings.output
    kind, _, path = output.partition(":")
    if kind == "file":
        output = kind
        options += ["--path", path]
    return EngineProcess(output, log_path=settings.log, options=options)
