"""`listen`: hear what an Earmark on another machine plays, without a browser."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

from tui.cli._output import complain
from tui.cli._signals import ends_on_signals
from tui.errors import UsageError

if TYPE_CHECKING:
    from tui.config import Settings

__all__ = ["listen"]


def listen(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark listen`."""
    from tui.audio import EngineProcess
    from tui.remote import Listener, listening_command

    url = said["url"] or _asked()
    if settings.output == "browser":
        raise UsageError("listen plays here: choose another output")
    player = EngineProcess(
        settings.output,
        log_path=settings.log,
        command=listening_command(settings.output),
    )
    listener = Listener(url, player, complain)
    with ends_on_signals():
        asyncio.run(listener.run())
    return 0


def _asked() -> str:
    """Ask for the address.

    Raises:
        UsageError: There is none.
    """
    if sys.stdin.isatty():
        sys.stderr.write("Address: ")
        sys.stderr.flush()
    url = sys.stdin.readline().strip()
    if not url:
        raise UsageError("listen needs the address that Earmark shows over there")
    return url
