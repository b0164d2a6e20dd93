"""`python -m tui.export`: the process that saves, started by the browser."""

from __future__ import annotations

from tui.export._host import main

if __name__ == "__main__":
    raise SystemExit(main())
