"""`bundle` and `verify`: from a library to a proof, and its check without one."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.support.program import RAW
from tui.cli import _jobs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from tests.unit.cli.conftest import Done

    Earmark = Callable[..., Done]


def test_a_bundle_is_written_and_checked(
    known: Earmark, earmark: Earmark, tmp_path: Path, isolated: Path
) -> None:
    """By the system's own tool, and by Earmark without a library."""
    out = tmp_path / "out"
    done = known("bundle", "chat:Ana", "--to", out, "--dry-run")
    assert (done.code, len(done.lines), out.exists()) == (0, 3, False)
    done = known("bundle", "chat:Ana", "--to", out)
    assert (done.code, done.err) == (0, "")
    sums = hashlib.sha256((out / "SHA256SUMS").read_bytes()).hexdigest()
    assert done.lines == [
        f"wrote 7 files with 3 notes in {out}",
        f"SHA-256 of SHA256SUMS: {sums}",
    ]
    check = ["sha256sum", "-c", "--strict", "--quiet", "SHA256SUMS"]
    assert subprocess.run(check, check=True, cwd=out, capture_output=True).stdout == b""
    originals = {path.read_bytes() for path in (tmp_path / "Voice/Ana").iterdir()}
    assert {path.read_bytes() for path in (out / "notes").iterdir()} == originals
    again = known("bundle", "chat:Ana", "--to", out)
    assert again.lines[0] == "nothing to do: 7 files were there already"
    other = known("bundle", "chat:Bob", "--to", out)
    assert (other.code, other.out) == (3, "")
    assert other.err == f"earmark: {out}: holds another bundle: choose a new folder\n"
    for path in isolated.rglob("library.db*"):
        path.unlink()
    done = earmark("verify", out)
    assert (done.code, done.err) == (0, "")
    assert done.lines == [
        "all 6 files are as they were written",
        f"SHA-256 of SHA256SUMS: {sums}",
    ]
    assert not list(isolated.rglob("library.db*"))
    told = earmark("verify", out, "--json").json
    assert (told["is_whole"], told["files"], told["notes"]) == (True, 6, 3)
    assert (told["fingerprint"], told["findings"]) == (sums, [])


def test_findings_are_told(known: Earmark, tmp_path: Path) -> None:
    """In lines that have no power over the terminal, or for programs."""
    out = tmp_path / "out"
    known("bundle", "chat:Ana", "--to", out)
    (out / "README.txt").write_bytes(b"")
    (out / "\x1b[31m\n").write_bytes(b"")
    done = known("verify", out)
    assert (done.code, done.err) == (3, "")
    assert done.lines[:-1] == [
        "changed     README.txt: its SHA-256 is another one",
        "additional  \\x1b[31m\\n",
        "2 findings: these 6 files are not as they were written",
    ]
    assert RAW.search(done.out.replace("\n", "")) is None
    told = known("verify", out, "--json")
    assert (told.code, told.json["is_whole"]) == (3, False)
    assert told.json["findings"][1] == {
        "flaw": "additional",
        "path": "\x1b[31m\n",
        "reason": None,
    }
    wrong = known("verify", tmp_path / "Voice")
    assert wrong.code == 3
    assert wrong.err.endswith("an unfinished one: it has no SHA256SUMS\n")
    assert known("bundle", "Ana", "--to", tmp_path / "Voice/new").code == 3
    assert known("bundle", "qqq", "--to", tmp_path / "new").code == 1


def test_a_terminal_is_told_how_far_it_is(
    known: Earmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a bundle is written and while it is checked; the line is taken away."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(_jobs, "_SOON_S", 0)
    monkeypatch.setattr(_jobs, "_PROGRESS_EVERY_S", 0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    out = tmp_path / "out"
    done = known("bundle", "chat:Ana", "--to", out)
    assert "\rsaving 2 of 3, 67%\x1b[K" in done.err
    done = known("verify", out)
    assert done.err.startswith("\rchecking 0 of 6, 0%\x1b[K")
    assert done.err.endswith("\rchecking 5 of 6, 83%\x1b[K\r\x1b[K")
    assert done.lines[0] == "all 6 files are as they were written"
