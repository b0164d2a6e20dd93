"""`python -m tui.remote relay|speaker`: the two ends, each a process of its own.

Neither does anything without a socket as its standard input.
"""

from __future__ import annotations

import sys

from tui.remote._processes import main

if __name__ == "__main__":
    sys.modules["numpy"] = None  # type: ignore[assignment]  # as in `tui.audio`
    main()
