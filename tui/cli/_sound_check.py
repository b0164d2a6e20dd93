"""`python -m tui.cli._sound_check [NAME]`: opens an output for a moment and tells.

Without a name it tells which ones can be chosen, as JSON. A process of its own, because
a sound library may crash, hang, or write to the terminal.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from typing import Any

from tui.errors import EarmarkError

__all__ = ["check_output", "found_outputs", "main"]

_TIMEOUT_S = 8.0


def check_output(name: str) -> str:
    """Tell whether an output can be opened here, in another process.

    Args:
        name: The name of the output.

    Returns:
        Why not; empty when it can.
    """
    done = _run(name)
    if done is None:
        return "it does not answer"
    if done.returncode == 0:
        return ""
    lines = done.stdout.decode(errors="replace").splitlines()
    return lines[-1] if lines else f"it crashed (exit code {done.returncode})"


def found_outputs() -> list[dict[str, Any]]:
    """Tell the outputs that can be chosen here, as objects of JSON.

    Returns:
        The fields of each `OutputInfo`; none when they can't be told.
    """
    done = _run()
    if done is None or done.returncode:
        return []
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def _run(*names: str) -> subprocess.CompletedProcess[bytes] | None:
    """Do it in another process; None when that takes too long."""
    try:
        return subprocess.run(
            [sys.executable, "-P", "-m", "tui.cli._sound_check", *names],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
            # simpleaudio frees memory of Python's own allocator on another thread.
            env={**os.environ, "PYTHONMALLOC": "malloc"},
        )
    except subprocess.TimeoutExpired:
        return None


def main() -> int:
    """Open and close the output that is named, or tell which ones there are."""
    from tui.audio import list_outputs, make_output

    if not sys.argv[1:]:
        sys.stdout.write(json.dumps([asdict(each) for each in list_outputs()]))
        return 0
    try:
        output = make_output(sys.argv[1])
        output.start(lambda frames: bytes(2 * frames))  # type: ignore[union-attr]  # `auto` is never asked for
    except EarmarkError as error:
        sys.stdout.write(f"{getattr(error, 'reason', error)}\n")
        return 1
    output.stop()  # type: ignore[union-attr]  # as above
    return 0


if __name__ == "__main__":
    sys.exit(main())
