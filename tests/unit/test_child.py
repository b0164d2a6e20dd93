"""What child processes have in common."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tui import child

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_log_that_can_not_be_written_is_done_without(tmp_path: Path) -> None:
    """A full disk is no reason to be silent."""
    (tmp_path / "file").touch()
    with child.opened_log(tmp_path / "file" / "log") as log:
        assert log.name == os.devnull
    with child.opened_log(None) as log:
        assert log.name == os.devnull


def test_a_log_that_grew_too_long_is_begun_anew_for_all(tmp_path: Path) -> None:
    """Two processes share it: neither writes over what the other wrote."""
    path = tmp_path / "logs" / "log"
    with child.opened_log(path) as one:
        one.write(b"x" * 2_000_000)
        one.flush()
        with child.opened_log(path) as other:
            other.write(b"other\n")
            other.flush()
            one.write(b"one\n")
    assert path.read_bytes() == b"other\none\n"


def test_an_installed_package_needs_no_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where it is installed, other packages must not come before Python's own."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setattr(child, "_ROOT", tmp_path / "site-packages")
    assert "PYTHONPATH" not in child.environment()
    monkeypatch.setattr(child, "_ROOT", tmp_path / "checkout")
    found = child.environment({"MORE": "1"})
    assert found["PYTHONPATH"] == str(tmp_path / "checkout")
    assert found["MORE"] == "1"


def test_a_child_of_a_dead_parent_ends_at_once() -> None:
    """It may have died before the kernel was asked to tell."""
    code = "import sys; from tui.child import die_with; die_with(1); print('alive')"
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, capture_output=True, check=False, timeout=20)
    assert run.stdout == b""
    code = code.replace("die_with(1)", f"die_with({os.getpid()})")
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, capture_output=True, check=True, timeout=20)
    assert run.stdout == b"alive\n"
