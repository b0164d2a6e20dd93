"""From arguments to a command and its exit code."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

from tui.cli._log import logging_to
from tui.cli._output import Out, complain, finish
from tui.config import load_settings
from tui.errors import DamagedError, EarmarkError, QueryError, UsageError
from tui.text import printable, width

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tui.config import Settings

__all__ = ["run"]

INTERRUPTED = 130
_WRONG = 2
_FAILED = 3

_COMMANDS = {
    "": ("_browse", "browse"),
    "assign": ("_people", "assign"),
    "backup": ("_portability", "backup"),
    "bookmark": ("_bookmarks", "bookmark"),
    "bookmarks": ("_bookmarks", "bookmarks"),
    "bundle": ("_bundle", "bundle"),
    "chats": ("_list", "list_chats"),
    "collection": ("_collections", "collection"),
    "collections": ("_collections", "collections"),
    "comment": ("_marks", "comment"),
    "config": ("_config", "config"),
    "demo": ("_demo", "demo"),
    "doctor": ("_doctor", "doctor"),
    "export": ("_export", "export"),
    "key": ("_key", "key"),
    "list": ("_list", "list_notes"),
    "listen": ("_listen", "listen"),
    "mail": ("_mail", "mail"),
    "mark": ("_marks", "mark"),
    "merge": ("_people", "merge"),
    "play": ("_play", "play"),
    "rename": ("_people", "rename"),
    "restore": ("_portability", "restore"),
    "rules": ("_people", "rules"),
    "scan": ("_scan", "scan"),
    "searches": ("_searches", "searches"),
    "senders": ("_people", "list_senders"),
    "show": ("_list", "show_note"),
    "split": ("_people", "split"),
    "ssh": ("_ssh", "ssh"),
    "star": ("_marks", "star"),
    "stats": ("_stats", "stats"),
    "tag": ("_marks", "tag"),
    "tags": ("_tags", "tags"),
    "title": ("_marks", "title"),
    "undo": ("_undo", "undo"),
    "unstar": ("_marks", "unstar"),
    "untag": ("_marks", "untag"),
    "verify": ("_bundle", "verify"),
    "watch": ("_watch", "watch"),
}
"""By name of the command: the module that is imported for it, and its function."""


def run(argv: Sequence[str] | None) -> int:
    """Run a command and turn every error into one line and an exit code."""
    _accept_any_text()
    try:
        code = _dispatch(list(sys.argv[1:] if argv is None else argv))
        finish()
    except EarmarkError as error:
        _give_screen_back()
        _finish_anyhow()
        return _tell(error)
    except BrokenPipeError:
        _leave_pipe()
        return 0
    except KeyboardInterrupt:
        _give_screen_back()
        return INTERRUPTED
    except BaseException:
        _give_screen_back()  # or nobody would see what went wrong
        raise
    return code


def _tell(error: EarmarkError) -> int:
    """Say what is wrong, and choose the exit code."""
    if isinstance(error, QueryError):
        complain(f"query: {error.message}")
        _point(error)
    else:
        complain(error.message)
    return _WRONG if isinstance(error, UsageError) else _FAILED


def _give_screen_back() -> None:
    """Take the first picture away that the entry may have painted."""
    prepaint = sys.modules.get("tui.prepaint")
    if prepaint is not None:
        prepaint.restore()


def _dispatch(argv: list[str]) -> int:
    try:
        said = _parsed(argv)
    except SystemExit as done:  # --help and --version have been written
        return int(done.code or 0)
    name = said.pop("command")
    module_name, function_name = _COMMANDS[name]
    options = {**said, "sources": None}  # what to add now is no setting
    reads_file = name != "config" or said["action"] not in {"init", "path"}
    settings = load_settings(options, reads_file=reads_file)
    module = importlib.import_module(f"tui.cli.{module_name}")
    command: Callable[[Settings, dict[str, Any]], int] = getattr(module, function_name)
    Out.has_written = False
    with logging_to(settings.log):
        try:
            return command(settings, said)
        except DamagedError:
            if Out.has_written:  # half of an answer twice would be none
                raise
            return command(settings, said)  # opening the library again repairs it


def _parsed(argv: list[str]) -> dict[str, Any]:
    if not argv:  # the browser, as it is mostly opened: 3 ms without argparse
        return {"command": "", "sources": []}
    from tui.cli._parser import parse_arguments

    return parse_arguments(argv)


def _accept_any_text() -> None:
    """Let no character end a command where the terminal's encoding lacks it."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _point(error: QueryError) -> None:
    """Show the query, with a mark below the word that is wrong."""
    before = width(printable(error.text[: error.start]))
    marked = width(printable(error.text[error.start : error.end]))
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"  {printable(error.text)}\n")
        sys.stderr.write(f"  {' ' * before}{'^' * max(1, marked)}\n")


def _finish_anyhow() -> None:
    """Give out what there is; an error that is told already is not told again."""
    try:
        finish()
    except (EarmarkError, BrokenPipeError):
        _leave_pipe()


def _leave_pipe() -> None:
    """Keep the interpreter from writing there once more at its end."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
