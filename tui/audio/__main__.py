"""`python -m tui.audio`: the process that plays, started by the browser.

It does nothing without a socket as its standard input.
"""

from __future__ import annotations

import sys

from tui.audio._host import main

if __name__ == "__main__":
    # miniaudio would import numpy if it were there: 70 ms and 20 MB for nothing.
    sys.modules["numpy"] = None  # type: ignore[assignment]
    main()
