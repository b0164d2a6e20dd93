"""`demo`: the browser on the sample library, or that library in a folder."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.cli._browse import open_browser, require_terminal
from tui.cli._look import require_look
from tui.cli._output import Out
from tui.demo import Arrivals, marks, write_demo
from tui.library import Library
from tui.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.config import Settings

__all__ = ["demo", "sample"]


def demo(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark demo`."""
    if said["path"] is not None:
        root = Path(os.path.abspath(said["path"]))  # noqa: PTH100  # `resolve` would follow links
        written = write_demo(root, datetime.now(), complete=True)  # noqa: DTZ005  # the clock on the wall
        where = printable(str(root))
        count = len(written.notes)
        Out().line(f"{count} recordings, and documents, in {where}: earmark {where}")
        return 0
    require_look(settings)
    require_terminal("earmark demo --path DIR writes the sample library to a folder")
    with sample(settings) as (own, folder):
        return open_browser(own, [folder])


@contextmanager
def sample(settings: Settings) -> Iterator[tuple[Settings, bytes]]:
    """Make the sample library in a temporary folder, and let notes arrive in it.

    Args:
        settings: The user's settings.

    Yields:
        The settings with a library of its own, and the folder to open. Everything is
        taken away afterwards.
    """
    with tempfile.TemporaryDirectory(
        prefix="earmark-demo-", ignore_cleanup_errors=True
    ) as temporary:
        root = Path(temporary, "Phone")
        now = datetime.now()  # noqa: DTZ005  # the clock on the wall
        written = write_demo(root, now)
        arrivals = Arrivals(written.phone)
        arrivals.start()
        own = replace(settings, library=Path(temporary, "library.db"), sources=())
        with Library.open(own.library) as library:
            library.join_user_data(BufferedReader(BytesIO(marks(now))), "the demo")
        try:
            yield own, os.fsencode(root)
        finally:
            arrivals.stop()
