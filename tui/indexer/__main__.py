"""`python -m tui.indexer`: the process that indexes, started by the browser."""

from __future__ import annotations

from tui.indexer._host import main

if __name__ == "__main__":
    raise SystemExit(main())
