"""Runs benchmarks: `python -m tests.bench [name ...]`; without a name, all of them."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

_NAMES = sorted(
    path.stem
    for path in Path(__file__).parent.glob("*.py")
    if not path.stem.startswith("_")
)


def main() -> int:
    """Run the named benchmarks one after the other."""
    names = sys.argv[1:] or _NAMES
    unknown = sorted(set(names) - set(_NAMES))
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(_NAMES)}")
        return 2
    for name in names:
        importlib.import_module(f"tests.bench.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main())
