"""`python -m tui.remote relay|speaker`: the two ends, each a process of its own.

Neither does anything without a socket as its standard input. `find` writes which
speaker answers.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    sys.modules["numpy"] = None  # type: ignore[assignment]  # as in `tui.audio`
    if sys.argv[1:2] == ["find"]:
        from tui.remote._greeting import find

        sys.exit(find())
    from tui.remote._processes import main

    main()
