"""The first screen of a real library, painted ahead, by the browser, or by both.

`python -m tests.support.first_screen LIBRARY [paint] [app]`: engines are stand-ins, so
that nothing but the library decides what is shown.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """Paint, then wait for a line of input; or open the browser."""
    path, *parts = sys.argv[1:]
    if "paint" in parts:
        from tui.prepaint import prepaint

        if not prepaint(path):
            print("no picture", flush=True)  # noqa: T201  # what the test waits for
    if "app" not in parts:
        sys.stdin.readline()
        return
    from tests.fakes import Fakes
    from tui.app import EarmarkApp
    from tui.library import Library

    with Library.open(Path(path)) as library:
        services = Fakes().services._replace(reader=library.reader())
        EarmarkApp(services).run()


if __name__ == "__main__":
    main()
