"""`bundle` and `verify`: originals with their proof, and the check of it."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.cli._jobs import Line, run_job
from tui.cli._library import absolute
from tui.cli._objects import plain
from tui.cli._output import Out, counted
from tui.cli._signals import ends_on_signals
from tui.export import BundleRequest
from tui.text import printable

if TYPE_CHECKING:
    from tui.config import Settings
    from tui.export._verify import Finding

__all__ = ["bundle", "verify"]

_FAILED = 3


def bundle(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark bundle`."""
    place = Path(os.fsdecode(absolute(said["to"])))
    # What never was here is a part of the picture: the manifest names it as missing.
    code = run_job(settings, said, BundleRequest(place), place, told=True)
    if not (said["json"] or said["dry_run"]):
        _tell_fingerprint(place / "SHA256SUMS")
    return code


def _tell_fingerprint(sums: Path) -> None:
    """Tell what to keep elsewhere; nothing of a bundle that is not finished."""
    with contextlib.suppress(OSError), sums.open("rb") as file:
        _write_fingerprint(Out(), hashlib.file_digest(file, "sha256").hexdigest())


def _write_fingerprint(out: Out, sha256: str) -> None:
    out.text(f"SHA-256 of SHA256SUMS: {sha256}\n")


def verify(_settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark verify`; no library is asked."""
    from tui.export._verify import verify as check

    folder = Path(os.fsdecode(absolute(said["folder"])))
    with ends_on_signals(), contextlib.closing(Line("checking")) as line:
        report = check(
            folder, lambda done, total: line.count(done, total, done / total)
        )
    out = Out()
    if said["json"]:
        out.object(
            {
                "folder": plain(os.fsencode(folder)),
                "is_whole": report.is_whole,
                "files": report.files,
                "notes": report.notes,
                "size": report.size,
                "fingerprint": report.fingerprint,
                "findings": [_object(each) for each in report.findings],
            }
        )
    else:
        for each in report.findings:
            why = f": {printable(each.reason)}" if each.reason else ""
            path = printable(os.fsdecode(each.path))
            out.text(f"{each.flaw.value:<10}  {path}{why}\n")
        files = counted(report.files, "file")
        if report.is_whole:
            out.line(f"all {files} are as they were written")
        else:
            wrong = counted(len(report.findings), "finding")
            out.line(f"{wrong}: these {files} are not as they were written")
        _write_fingerprint(out, report.fingerprint)
    return 0 if report.is_whole else _FAILED


def _object(finding: Finding) -> dict[str, str | None]:
    return {
        "flaw": finding.flaw.value,
        "path": plain(finding.path),
        "reason": plain(finding.reason) or None,
    }
