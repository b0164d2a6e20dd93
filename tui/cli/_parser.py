"""The command line: what may be said, and the texts of `--help`."""

from __future__ import annotations

import argparse
import os
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

from typing_extensions import override

from tui import __version__
from tui.cli._argv import COMMANDS, first_word, split
from tui.cli._output import Out
from tui.errors import UsageError

__all__ = ["parse_arguments"]

_COMMANDS = """\
commands:
  earmark [SOURCE ...]    open the browser
  earmark demo            the browser on a sample library in which notes keep arriving
  earmark list [QUERY]    list notes                        show NOTE  all about one
  earmark chats           list chats                        watch      tell what changes
  earmark senders         list senders                      rename     one, or a chat
  earmark merge WHAT      let two chats or senders be one   split      part them again
  earmark assign QUERY    say where notes belong            rules      list such rules
  earmark undo            take the last of these back
  earmark play QUERY      play notes here, without browser  scan       index now
  earmark key add SOURCE  keep the key of an encrypted backup
  earmark doctor          what works here, and what does not
  earmark COMMAND --help  more about a command

Sources are folders that voice notes are synced or copied into: a phone's WhatsApp
folder, or recordings in folders. Earmark only reads them.
"""

_QUERY = """\
query:
  Words match chat, sender, title, tags, comment and transcript. Filters:
  chat:NAME  from:NAME  tag:NAME  in:SOURCE  kind:voice|audio|video_note|view_once
  is:unplayed|half|played|starred|sent|received|unmatched|unreadable|partial|missing
  has:transcript|comment|bookmark  after:2025-03  before:2025-03-14  on:today  len>1m
  All must hold; 'or' joins two neighbours, '-' turns one round, quotes hold words
  together:  earmark list recipe from:Ana or from:Bob -is:played
"""

_KEY = """\
key:
  The 64 digits of WhatsApp's encrypted backups, a key file of the phone, or the
  passphrase of an iPhone's backup. It is read from FILE, else from standard input,
  and on a terminal asked for without being shown.
"""

_WHERE = "exit codes: 0 done, 1 nothing found, 2 wrong usage, 3 a source or file failed"


class _Parser(argparse.ArgumentParser):
    """Raises what is wrong instead of leaving the process."""

    @override
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {self.prog} --help)")

    @override
    def _print_message(self, message: str, file: object = None) -> None:
        """Write help or version; argparse would say nothing where it can't."""
        Out().text(message)


def _new(command: str, description: str, epilog: str = "") -> _Parser:
    parser = _Parser(
        prog=f"earmark {command}".strip(),
        description=description,
        epilog=f"{epilog}\n{_WHERE}" if command else epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(command=command)
    group = parser.add_argument_group("settings")
    group.add_argument("--library", metavar="FILE", help="keep what is known here")
    group.add_argument("--config", metavar="FILE", help="read the settings from here")
    group.add_argument("--log", metavar="FILE", help="write warnings and errors here")
    return parser


def _add_sound(parser: _Parser) -> None:
    parser.add_argument("--speed", metavar="X", help="how fast to play, 0.5 to 3")
    parser.add_argument(
        "--output",
        metavar="NAME",
        help="auto, miniaudio, simpleaudio, null or file:PATH (a WAV file)",
    )


def _add_json(parser: _Parser, what: str = "one JSON array") -> None:
    parser.add_argument("--json", action="store_true", help=f"write {what}")


def _browser() -> _Parser:
    parser = _new("", "A terminal browser for voice notes.", _COMMANDS)
    parser.add_argument(
        "sources",
        metavar="SOURCE",
        nargs="*",
        help="folders to add; none opens those that were added before",
    )
    parser.add_argument("--theme", metavar="NAME", help="the browser's colours")
    parser.add_argument(
        "--ascii",
        action="store_true",
        default=None,
        help="draw with ASCII characters only",
    )
    _add_sound(parser)
    parser.add_argument("--version", action="version", version=f"earmark {__version__}")
    return parser


def _demo() -> _Parser:
    parser = _new("demo", "Open the browser on a sample library.")
    parser.add_argument(
        "--path",
        metavar="DIR",
        type=Path,
        help="write the sample library here and leave it, instead",
    )
    parser.add_argument("--theme", metavar="NAME", help="the browser's colours")
    parser.add_argument(
        "--ascii",
        action="store_true",
        default=None,
        help="draw with ASCII characters only",
    )
    _add_sound(parser)
    return parser


def _list() -> _Parser:
    parser = _new("list", "List notes, newest first.", _QUERY)
    parser.add_argument("query", metavar="QUERY", nargs="*")
    parser.add_argument(
        "--source",
        metavar="DIR",
        type=Path,
        help="only notes of this folder; it is added if it is not known yet",
    )
    _add_json(parser)
    return parser


def _show() -> _Parser:
    parser = _new("show", "Tell everything that is known of one note.")
    parser.add_argument("note", metavar="NOTE", help="its id, or how the id begins")
    _add_json(parser)
    return parser


def _chats() -> _Parser:
    parser = _new("chats", "List chats, the newest first.")
    _add_json(parser)
    return parser


def _watch() -> _Parser:
    parser = _new("watch", "Write a line for every change, until stopped.")
    _add_json(parser, "one JSON object a line")
    return parser


def _play() -> _Parser:
    parser = _new("play", "Play notes here, the oldest first, without browser.", _QUERY)
    parser.add_argument(
        "query", metavar="QUERY|NOTE", nargs="+", help="a query, or the id of one note"
    )
    _add_sound(parser)
    return parser


def _scan() -> _Parser:
    parser = _new("scan", "Look at every file now and tell what was found.")
    parser.add_argument(
        "sources",
        metavar="SOURCE",
        nargs="*",
        help="folders, added if they are not known yet; none: all that are known",
    )
    _add_json(parser)
    return parser


def _doctor() -> _Parser:
    parser = _new("doctor", "Tell what works here, and what does not.")
    _add_json(parser)
    return parser


def _key() -> _Parser:
    parser = _new("key", "Keep what opens encrypted backups.", _KEY)
    parser.add_argument(
        "action",
        metavar="add|forget|list",
        choices=("add", "forget", "list"),
        help="keep one for SOURCE, forget those of SOURCE, or list what is kept",
    )
    parser.add_argument(
        "source", metavar="SOURCE", nargs="?", type=Path, help="a source, or one backup"
    )
    parser.add_argument(
        "--file", metavar="FILE", type=Path, help="read the key from here"
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="keep it even if it opens nothing, or SOURCE is not there",
    )
    _add_json(parser)
    return parser


def _senders() -> _Parser:
    parser = _new("senders", "List senders, those of the most notes first.")
    _add_json(parser)
    return parser


_NAME = "the exact name, or how only one begins; an id that --json tells"


def _add_what(parser: _Parser) -> None:
    parser.add_argument("what", metavar="chat|sender", choices=("chat", "sender"))


def _rename() -> _Parser:
    parser = _new("rename", "Call a chat or sender otherwise.")
    _add_what(parser)
    parser.add_argument("name", metavar="NAME", help=_NAME)
    parser.add_argument("new", metavar="NEW", help="'' is what is told of it again")
    return parser


def _merge() -> _Parser:
    parser = _new("merge", "Let chats or senders be one, which is called as the last.")
    _add_what(parser)
    parser.add_argument("names", metavar="NAME", nargs="+", help=_NAME)
    parser.add_argument("--into", metavar="NAME", required=True, help="the one to keep")
    return parser


def _split() -> _Parser:
    parser = _new("split", "Take a chat or sender out of the one it went into.")
    _add_what(parser)
    parser.add_argument(
        "name",
        metavar="NAME",
        help="the part; of one that others went into, all of these",
    )
    return parser


def _assign() -> _Parser:
    parser = _new("assign", "Say which chat or sender notes are from.", _QUERY)
    parser.add_argument("query", metavar="QUERY", nargs="+")
    parser.add_argument("--chat", metavar="NAME", help="a chat, or the title of a new")
    parser.add_argument("--sender", metavar="NAME", help="a sender, known or new")
    parser.add_argument(
        "--rule", action="store_true", help="also all notes to come that it matches"
    )
    return parser


def _rules() -> _Parser:
    parser = _new("rules", "List the rules that assign notes.")
    parser.add_argument(
        "--remove", metavar="N", type=int, help="take one back, and what it assigned"
    )
    _add_json(parser)
    return parser


def _undo() -> _Parser:
    parser = _new("undo", "Take the last change of chats and senders back.")
    parser.add_argument("--list", action="store_true", help="list what can be undone")
    return parser


_PARSERS = {
    "": _browser,
    "assign": _assign,
    "merge": _merge,
    "rename": _rename,
    "rules": _rules,
    "senders": _senders,
    "split": _split,
    "undo": _undo,
    "demo": _demo,
    "list": _list,
    "show": _show,
    "chats": _chats,
    "watch": _watch,
    "play": _play,
    "scan": _scan,
    "doctor": _doctor,
    "key": _key,
}


def parse_arguments(argv: list[str]) -> dict[str, Any]:
    """Read the command line.

    Args:
        argv: The arguments, without the program's name.

    Returns:
        What was said, by name, with the `command`, empty for the browser.

    Raises:
        UsageError: It can't be understood.
        SystemExit: `--help` or `--version` was written.
    """
    command, rest = split(argv)
    if not command:
        _require_no_command(first_word(argv))
    has_query = command in {"assign", "list", "play"}
    words = [_kept(word) for word in rest] if has_query else rest
    said = vars(_PARSERS[command]().parse_intermixed_args(words))
    if has_query:
        said["query"] = " ".join(word.removeprefix(_KEEP) for word in said["query"])
    return said


_LATER = (
    "backup",
    "comment",
    "export",
    "listen",
    "mark",
    "restore",
    "ssh",
    "star",
    "tag",
    "tags",
    "untag",
)
"""Commands that are to come: whoever tries one meant no folder."""


def _require_no_command(word: str) -> None:
    """Refuse what is nearly a command, and no folder.

    Args:
        word: What is taken for a folder.

    Raises:
        UsageError: It is not there, and was most likely meant otherwise.
    """
    if not word or "/" in word or os.path.lexists(word):
        return
    near = get_close_matches(word.lower(), [*_LATER, *COMMANDS], 1, 0.75)
    if not near:
        return  # a folder that is not there is told as such
    if near[0] in _LATER:
        message = f"there is no command {near[0]} yet"
    else:
        message = f"there is no command {word}; did you mean {near[0]}?"
    raise UsageError(f"{message} (see earmark --help)")


_KEEP = "\0"
"""Stands before words of a query that look like options; no argument can hold it."""


def _kept(word: str) -> str:
    is_negation = word.startswith("-") and not word.startswith("--") and word != "-h"
    return _KEEP + word if is_negation else word
