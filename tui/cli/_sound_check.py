"""`python -m tui.cli._sound_check NAME`: opens an output for a moment and tells.

A process of its own, because a sound library may crash, hang, or write to the terminal.
"""

from __future__ import annotations

import os
import subprocess
import sys

from tui.errors import EarmarkError

__all__ = ["check_output", "main"]

_TIMEOUT_S = 8.0


def check_output(name: str) -> str:
    """Tell whether an output can be opened here, in another process.

    Args:
        name: The name of the output.

    Returns:
        Why not; empty when it can.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "tui.cli._sound_check", name],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
            # simpleaudio frees memory of Python's own allocator on another thread.
            env={**os.environ, "PYTHONMALLOC": "malloc"},
        )
    except subprocess.TimeoutExpired:
        return "it does not answer"
    if done.returncode == 0:
        return ""
    lines = done.stdout.decode(errors="replace").splitlines()
    return lines[-1] if lines else f"it crashed (exit code {done.returncode})"


def main() -> int:
    """Open and close the output that is named."""
    from tui.audio import make_output

    output = make_output(sys.argv[1])
    try:
        output.start(lambda frames: bytes(2 * frames))  # type: ignore[union-attr]  # `auto` is never asked for
    except EarmarkError as error:
        sys.stdout.write(f"{getattr(error, 'reason', error)}\n")
        return 1
    output.stop()  # type: ignore[union-attr]  # as above
    return 0


if __name__ == "__main__":
    sys.exit(main())
