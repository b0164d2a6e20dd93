"""`doctor`: what works here, what does not, and why."""

from __future__ import annotations

import importlib.util
import locale
import os
import platform
import shutil
import sys
from contextlib import closing, suppress
from glob import escape
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui import __version__
from tui.audio import SPEAKER, in_ssh
from tui.cli._answers import found_ids
from tui.cli._doctor_sources import FAILED, source_facts, source_lines
from tui.cli._doctor_ssh import ssh_facts, ssh_lines
from tui.cli._library import opened
from tui.cli._objects import moment_object, plain
from tui.cli._output import Out, counted
from tui.cli._sound_check import check_output, found_outputs
from tui.errors import DamagedError, EarmarkError
from tui.query import parse
from tui.remote import speaker_problem
from tui.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.cli._answers import NoteReader
    from tui.config import Settings
    from tui.library import Library

__all__ = ["doctor", "examine"]

_BAD = 3
_PACKAGES = ("textual", "watchfiles", "mutagen", "av", "miniaudio")
_MARKS = {
    "starred": "is:starred",
    "commented": "has:comment",
    "bookmarked": "has:bookmark",
}
"""What is counted of the user's marks, and what finds it."""
_DEVICES = ("pulse", "miniaudio", "simpleaudio")
_WITH_DEVICES = ("pulse:", "miniaudio:")
_LIMITS = Path("/proc/sys/fs/inotify")
_SHOWN = 20
"""How many problems are listed in words; `--json` has them all."""


def doctor(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark doctor`."""
    out = Out()
    report = examine(settings)
    if said["json"]:
        out.object(report)
    else:
        for title, text in _lines(report):
            out.line(f"{title:<10}  {printable(text)}".rstrip())
    states = {source["state"] for source in report["sources"]}
    is_well = report["library"]["integrity"] == "ok" and not states & FAILED
    return 0 if is_well else _BAD


def examine(settings: Settings) -> dict[str, Any]:
    """Look at everything.

    Args:
        settings: The settings.

    Returns:
        The JSON object that `doctor --json` writes.
    """
    report: dict[str, Any] = {
        "version": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(terse=True),
        "packages": {name: _version(name) for name in _PACKAGES},
        "config": {
            "path": plain(os.fsencode(settings.config)),
            "exists": settings.config.is_file(),
        },
        "log": plain(os.fsencode(settings.log)),
        "library": _file_facts(settings.library),
        "sources": [],
        "problems": [],
    }
    try:
        with opened(settings, to_read=True) as library:
            report["library"] |= _library_facts(library)
            report |= source_facts(library)
    except DamagedError:
        raise  # it is repaired, and looked at again
    except EarmarkError as error:
        report["library"]["integrity"] = plain(error.message)
    report["watching"] = _watching()
    report["audio"] = _audio(settings)
    report["ssh"] = ssh_facts(report["audio"])
    report["terminal"] = _terminal()
    return report


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _file_facts(path: Path) -> dict[str, Any]:
    try:
        size = path.stat().st_size
    except OSError:
        size = 0
    return {"path": plain(os.fsencode(path)), "size": size}


def _library_facts(library: Library) -> dict[str, Any]:
    """Check the library's file; a copy of a page is all that SQLite reads at a time."""
    library.check()
    with closing(library.reader()) as reader:
        totals = reader.totals()
        marks = _mark_facts(reader)
    return {
        "version": library.version,
        "integrity": "ok",
        "notice": library.notice or None,
        "read_only": library.read_only,
        "notes": totals.notes,
        "unplayed": totals.unplayed,
        "marks": marks,
        "backups": _backup_facts(library.path),
    }


def _mark_facts(reader: NoteReader) -> dict[str, int]:
    """Count the notes that the user marked, and his tags."""
    counts = {
        name: len(found_ids(reader, parse(query))) for name, query in _MARKS.items()
    }
    # A tag that only others are below has no row of its own.
    return {**counts, "tags": sum(tag.id > 0 for tag in reader.tags())}


def _backup_facts(path: Path) -> dict[str, Any]:
    """Tell how many copies of a library lie beside it, and when the last was made."""
    times = []
    for file in path.parent.glob(f"{escape(path.name)}.*.bak"):
        with suppress(OSError):  # it was pushed out by a newer one just now
            times.append(file.stat().st_mtime)
    newest = moment_object(int(max(times) * 1000)) if times else None
    return {"count": len(times), "newest": newest}


def _watching() -> dict[str, Any]:
    """Read the limits of the kernel for file events."""
    limits: dict[str, int | None] = {}
    for name in ("max_user_watches", "max_user_instances", "max_queued_events"):
        try:
            limits[name] = int((_LIMITS / name).read_text())
        except (OSError, ValueError):
            limits[name] = None
    return {"events": limits["max_user_watches"] is not None, **limits}


def _audio(settings: Settings) -> dict[str, Any]:
    outputs: dict[str, str | None] = {}
    for name in _DEVICES:
        if name != "pulse" and importlib.util.find_spec(name) is None:
            outputs[name] = "not installed"
        else:
            outputs[name] = check_output(name) or None
    outputs["null"] = None
    chosen = settings.output
    if chosen.startswith(_WITH_DEVICES):
        problem = check_output(chosen) or None
    elif chosen.startswith(SPEAKER):
        problem = speaker_problem(Path(chosen.removeprefix(SPEAKER))) or None
    else:
        device = "miniaudio" if chosen == "auto" and outputs["pulse"] else chosen
        problem = outputs.get(device)
    return {
        "output": plain(chosen),
        "problem": problem,
        "outputs": outputs,
        "choices": [
            {**each, "name": plain(each["name"]), "label": plain(each["label"])}
            for each in found_outputs()
        ],
    }


def _terminal() -> dict[str, Any]:
    size = shutil.get_terminal_size((0, 0))
    return {
        "is_terminal": sys.stdin.isatty() and sys.stdout.isatty(),
        "term": os.environ.get("TERM") or None,
        "colorterm": os.environ.get("COLORTERM") or None,
        "no_color": bool(os.environ.get("NO_COLOR")),
        "encoding": locale.getpreferredencoding(do_setlocale=False),
        "columns": size.columns or None,
        "lines": size.lines or None,
        "ssh": in_ssh(),
        "tmux": "TMUX" in os.environ,
    }


def _lines(report: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Say the report in words: a title and a text for each line."""
    packages = ", ".join(
        f"{name} {version or 'missing'}" for name, version in report["packages"].items()
    )
    yield "earmark", f"{report['version']}, Python {report['python']}, {packages}"
    library = report["library"]
    yield "library", f"{library['path']} ({library['size'] / 1e6:.1f} MB)"
    if "notes" in library:
        notes = counted(library["notes"], "note")
        yield "", f"{notes}, {library['unplayed']:,} unplayed"
        yield "", _marks_line(library["marks"])
        yield "", _backups_line(library["backups"])
        yield "", f"integrity: {library['integrity']}"
    else:
        yield "", f"can't be used: {library['integrity']}"
    if library.get("notice"):
        yield "", library["notice"]
    config = report["config"]
    yield "config", config["path"] + ("" if config["exists"] else " (not there)")
    yield "log", report["log"]
    if not report["sources"]:
        yield "sources", "none yet: earmark FOLDER adds one"
    for source in report["sources"]:
        yield from source_lines(source)
    yield from _rest(report)


def _marks_line(marks: dict[str, int]) -> str:
    notes = counted(marks["starred"], "note")
    return (
        f"{notes} starred, {marks['commented']:,} commented,"
        f" {marks['bookmarked']:,} with bookmarks, {counted(marks['tags'], 'tag')}"
    )


def _backups_line(backups: dict[str, Any]) -> str:
    if not backups["count"]:
        return "no backups yet"
    count = counted(backups["count"], "backup")
    return f"{count} beside it, the newest of {backups['newest']}"


def _audio_lines(audio: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "audio", f"output {audio['output']}"
    for name, problem in audio["outputs"].items():
        yield "", f"{name}: {problem or 'works'}"
    if audio["output"].startswith((*_WITH_DEVICES, SPEAKER)) and audio["problem"]:
        yield "", f"{audio['output']}: {audio['problem']}"
    for number, choice in enumerate(audio["choices"]):
        usual = ", where auto leads now" if choice["is_default"] else ""
        title = "" if number else "outputs"
        yield title, f"{choice['name']}: {choice['label']}{usual}"


def _rest(report: dict[str, Any]) -> Iterator[tuple[str, str]]:
    watching = report["watching"]
    if watching["events"]:
        yield (
            "watching",
            f"file events, up to {watching['max_user_watches']:,} folders",
        )
    else:
        yield "watching", "no file events here, folders are looked at again and again"
    yield from _audio_lines(report["audio"])
    if report["ssh"] is not None:
        yield from ssh_lines(report["ssh"])
    terminal = report["terminal"]
    size = f"{terminal['columns']}x{terminal['lines']}"
    what = size if terminal["is_terminal"] else "none"
    yield "terminal", f"{what}, {terminal['term']}, {terminal['encoding']}"
    problems = report["problems"]
    for number, problem in enumerate(problems[:_SHOWN]):
        where = problem["path"] or problem["source"] or ""
        title = "" if number else "problems"
        yield title, f"{where}: {problem['state']}, {problem['reason']}"
    if len(problems) > _SHOWN:
        yield "", f"... and {len(problems) - _SHOWN:,} more (--json has them all)"
