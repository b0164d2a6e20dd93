"""The browser from the command line."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import sys
from typing import TYPE_CHECKING, Any

from tui.cli._library import absolute
from tui.cli._look import require_look
from tui.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.app import EarmarkApp
    from tui.config import Settings

__all__ = ["browse", "open_browser", "require_terminal"]


def browse(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark [SOURCE ...]`."""
    folders = [absolute(folder) for folder in said["sources"]]
    require_look(settings)
    named = f"--source {shlex.quote(said['sources'][0])} " if folders else ""
    require_terminal(f"earmark list {named}lists notes without one")
    return open_browser(settings, folders)


def require_terminal(instead: str) -> None:
    """Refuse to open the browser where nobody could see it.

    Args:
        instead: What works there.

    Raises:
        UsageError: Input or output is no terminal.
    """
    # The screen is written to stderr, the picture ahead of it to stdout.
    if not all(each.isatty() for each in (sys.stdin, sys.stdout, sys.stderr)):
        raise UsageError(f"the browser needs a terminal; {instead}")
    if os.environ.get("TERM") == "dumb":
        raise UsageError(f"the browser needs a terminal that can do more; {instead}")


def open_browser(settings: Settings, folders: Sequence[bytes]) -> int:
    """Open the browser until the user leaves it.

    Args:
        settings: The settings.
        folders: Absolute paths of sources to remember first.

    Returns:
        The exit code.
    """
    from tui.cli._app import make_app, make_services

    services = make_services(settings, folders)
    app = make_app(settings, services)
    try:
        asyncio.run(_run(app))
    finally:
        services.reader.close()
    return app.return_code or 0


async def _run(app: EarmarkApp) -> None:
    """Run the application; the system may end it as the user does."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, app.exit)
    await app.run_async()
