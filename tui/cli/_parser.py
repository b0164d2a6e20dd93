"""The command line: what may be said, and the texts of `--help`."""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui import __version__
from tui.cli._argv import COMMANDS, first_word, split
from tui.cli._parser_collections import COLLECTION_PARSERS
from tui.cli._parser_export import EXPORT_PARSERS
from tui.cli._parser_marks import MARK_PARSERS
from tui.cli._parsing import (
    QUERY,
    WHICH,
    add_json,
    add_query,
    add_sound,
    new_parser,
    positive,
)
from tui.errors import UsageError

if TYPE_CHECKING:
    from tui.cli._parsing import Parser

__all__ = ["parse_arguments"]

_COMMANDS = """\
browse and play:
  earmark [SOURCE ...]    open the browser
  earmark demo            the browser on a sample library in which notes keep arriving
  earmark list [QUERY]    list notes                        show NOTE  all about one
  earmark play QUERY      play notes here, without browser  watch      tell what changes
  earmark chats           list chats                        senders    list senders
  earmark stats           the library in numbers            searches   saved queries
  earmark ssh HOST        browse there, hear it here        listen     only hear it

mark:
  earmark star QUERY      star notes                        unstar     take stars away
  earmark tag TAG QUERY   tag notes                         untag      take a tag away
  earmark tags            list, rename, delete tags         mark       played, unplayed
  earmark comment QUERY   write a comment                   title      call a note
  earmark bookmark NOTE   mark a moment of a note           bookmarks  list these
  earmark collection ...  put notes together, in an order   collections  list these

say who is who:
  earmark rename WHAT     call a chat or sender otherwise   split      part them again
  earmark merge WHAT      let two chats or senders be one   rules      list such rules
  earmark assign QUERY    say where notes belong            undo       take changes back

keep it well:
  earmark export QUERY    save notes: files, one file with chapters, a page, a table
  earmark mail QUERY      put notes into mails              bundle     with a proof
  earmark verify DIR      check a bundle
  earmark scan            look at every file now            doctor     what works here
  earmark backup FILE     write down all that is yours      restore    take it up again
  earmark config          make, show or explain settings    key        of a backup
  earmark COMMAND --help  more about a command

Sources are folders that voice notes are synced or copied into: a phone's WhatsApp
folder, or recordings in folders. Earmark only reads them.
"""

_KEY = """\
key:
  The 64 digits of WhatsApp's encrypted backups, a key file of the phone, or the
  passphrase of an iPhone's backup. It is read from FILE, else from standard input,
  and on a terminal asked for without being shown.
"""


def _browser() -> Parser:
    parser = new_parser("", "A terminal browser for voice notes.", _COMMANDS)
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
    add_sound(parser)
    parser.add_argument("--version", action="version", version=f"earmark {__version__}")
    return parser


def _demo() -> Parser:
    parser = new_parser("demo", "Open the browser on a sample library.")
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
    add_sound(parser)
    return parser


def _list() -> Parser:
    parser = new_parser("list", "List notes.", QUERY)
    add_query(parser)
    parser.add_argument(
        "--source",
        metavar="DIR",
        type=Path,
        help="only notes of this folder; it is added if it is not known yet",
    )
    parser.add_argument(
        "--sort",
        choices=("newest", "oldest", "longest", "unplayed"),
        help="what comes first; newest without it, a collection in its own order",
    )
    parser.add_argument(
        "--limit", metavar="N", type=positive, help="only so many, the first ones"
    )
    add_json(parser)
    return parser


def _show() -> Parser:
    parser = new_parser("show", "Tell everything that is known of one note.")
    parser.add_argument("note", metavar="NOTE", help="its id, or how the id begins")
    add_json(parser)
    return parser


def _chats() -> Parser:
    parser = new_parser("chats", "List chats, the newest first.")
    add_json(parser)
    return parser


def _watch() -> Parser:
    parser = new_parser("watch", "Write a line for every change, until stopped.")
    add_json(parser, "one JSON object a line")
    return parser


_PLAY = """\
Play notes here, the oldest first, without browser. Where words of the query stand in a
bookmark or transcript, a note begins a second before them.
"""


def _play() -> Parser:
    parser = new_parser("play", _PLAY, QUERY)
    parser.add_argument("query", metavar="QUERY|NOTE", nargs="+", help=WHICH)
    add_sound(parser)
    parser.add_argument(
        "--skip", metavar="N", help="leave out pauses: 0 none, 3 as many as can be told"
    )
    parser.add_argument(
        "--level",
        action="store_true",
        default=None,
        help="bring all notes to one loudness",
    )
    parser.add_argument(
        "--gap", metavar="S", help="seconds of silence between notes, 0 to 10"
    )
    return parser


def _scan() -> Parser:
    parser = new_parser("scan", "Look at every file now and tell what was found.")
    parser.add_argument(
        "sources",
        metavar="SOURCE",
        nargs="*",
        help="folders, added if they are not known yet; none: all that are known",
    )
    add_json(parser)
    return parser


def _doctor() -> Parser:
    parser = new_parser("doctor", "Tell what works here, and what does not.")
    add_json(parser)
    return parser


def _key() -> Parser:
    parser = new_parser("key", "Keep what opens encrypted backups.", _KEY)
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
    add_json(parser)
    return parser


def _senders() -> Parser:
    parser = new_parser("senders", "List senders, those of the most notes first.")
    add_json(parser)
    return parser


_NAME = "the exact name, or how only one begins; an id that --json tells"


def _add_what(parser: Parser) -> None:
    parser.add_argument("what", metavar="chat|sender", choices=("chat", "sender"))


def _rename() -> Parser:
    parser = new_parser("rename", "Call a chat or sender otherwise.")
    _add_what(parser)
    parser.add_argument("name", metavar="NAME", help=_NAME)
    parser.add_argument("new", metavar="NEW", help="'' is what is told of it again")
    return parser


def _merge() -> Parser:
    parser = new_parser(
        "merge", "Let chats or senders be one, which is called as the last."
    )
    _add_what(parser)
    parser.add_argument("names", metavar="NAME", nargs="+", help=_NAME)
    parser.add_argument("--into", metavar="NAME", required=True, help="the one to keep")
    return parser


def _split() -> Parser:
    parser = new_parser("split", "Take a chat or sender out of the one it went into.")
    _add_what(parser)
    parser.add_argument(
        "name",
        metavar="NAME",
        help="the part; of one that others went into, all of these",
    )
    return parser


def _assign() -> Parser:
    parser = new_parser("assign", "Say which chat or sender notes are from.", QUERY)
    parser.add_argument("query", metavar="QUERY|NOTE", nargs="+", help=WHICH)
    parser.add_argument("--chat", metavar="NAME", help="a chat, or the title of a new")
    parser.add_argument("--sender", metavar="NAME", help="a sender, known or new")
    parser.add_argument(
        "--rule", action="store_true", help="also all notes to come that it matches"
    )
    return parser


def _rules() -> Parser:
    parser = new_parser("rules", "List the rules that assign notes.")
    parser.add_argument(
        "--remove", metavar="N", type=int, help="take one back, and what it assigned"
    )
    add_json(parser)
    return parser


def _undo() -> Parser:
    parser = new_parser(
        "undo", "Take the last changes back, also those of the browser."
    )
    parser.add_argument(
        "steps",
        metavar="N",
        nargs="?",
        type=positive,
        help="how many; 1 without it, with --list all",
    )
    parser.add_argument("--list", action="store_true", help="list what can be undone")
    add_json(parser)
    return parser


def _backup() -> Parser:
    parser = new_parser(
        "backup", "Write down all that is yours: marks, names, searches."
    )
    parser.add_argument(
        "file",
        metavar="FILE",
        help="a JSON file, compressed if it ends in .gz; - for standard output",
    )
    add_json(parser, "one JSON object about it")
    return parser


def _restore() -> Parser:
    parser = new_parser("restore", "Take up what a backup has; the later word counts.")
    parser.add_argument(
        "file",
        metavar="FILE",
        help="what `earmark backup` wrote; - for standard input",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="tell what it would do, and do nothing"
    )
    add_json(parser, "one JSON object about it")
    return parser


_CONFIG = """\
actions:
  init  write the config file, with everything in it explained and left out
  show  the settings in force, and where each comes from
  path  where the config file is
  keys  what every key does
"""


def _config() -> Parser:
    parser = new_parser("config", "Make, show or explain the settings.", _CONFIG)
    parser.add_argument(
        "action",
        metavar="init|show|path|keys",
        choices=("init", "show", "path", "keys"),
        help="what to do",
    )
    parser.add_argument(
        "--force", action="store_true", help="write over a config file that is there"
    )
    add_json(parser, "JSON")
    return parser


def _listen() -> Parser:
    parser = new_parser(
        "listen",
        "Hear what an Earmark on another machine plays on its output `browser`.",
    )
    parser.add_argument(
        "url",
        metavar="URL",
        nargs="?",
        help="the address that it shows; without it you are asked, so that it is in"
        " no list of processes",
    )
    parser.add_argument(
        "--output", metavar="NAME", help="what to play on here, as of the browser"
    )
    return parser


def _ssh() -> Parser:
    parser = new_parser(
        "ssh", "Open the browser on another machine, and hear its notes on this one."
    )
    parser.add_argument("host", metavar="HOST", help="what ssh is told to connect to")
    parser.add_argument(
        "sources", metavar="SOURCE", nargs="*", help="folders over there to add"
    )
    parser.add_argument(
        "--there", metavar="COMMAND", help="what Earmark is called there; else earmark"
    )
    parser.add_argument(
        "--ssh",
        metavar="COMMAND",
        help="ssh with its options; else $EARMARK_SSH or ssh",
    )
    parser.add_argument(
        "--output", metavar="NAME", help="what to play on here, as of the browser"
    )
    return parser


_PARSERS = {
    "": _browser,
    "assign": _assign,
    "backup": _backup,
    "chats": _chats,
    "config": _config,
    "demo": _demo,
    "doctor": _doctor,
    "key": _key,
    "list": _list,
    "listen": _listen,
    "merge": _merge,
    "play": _play,
    "rename": _rename,
    "restore": _restore,
    "rules": _rules,
    "scan": _scan,
    "senders": _senders,
    "show": _show,
    "split": _split,
    "ssh": _ssh,
    "undo": _undo,
    "watch": _watch,
    **COLLECTION_PARSERS,
    **EXPORT_PARSERS,
    **MARK_PARSERS,
}
_WITH_QUERY = frozenset(
    {"assign", "list", "play", *COLLECTION_PARSERS, *EXPORT_PARSERS, *MARK_PARSERS}
)
"""Commands whose words may begin with `-`: a query has such."""


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
    has_query = command in _WITH_QUERY
    words = [_kept(word) for word in rest] if has_query else rest
    said = vars(_PARSERS[command]().parse_intermixed_args(words))
    if has_query:
        said = {name: _as_written(value) for name, value in said.items()}
        if "query" in said:
            query = said["query"]
            said["query"] = query if isinstance(query, str) else " ".join(query)
    return said


def _require_no_command(word: str) -> None:
    """Refuse what is nearly a command, and no folder.

    Args:
        word: What is taken for a folder.

    Raises:
        UsageError: It is not there, and was most likely meant otherwise.
    """
    if not word or "/" in word or os.path.lexists(word):
        return
    near = get_close_matches(word.lower(), COMMANDS, 1, 0.75)
    if not near:
        return  # a folder that is not there is told as such
    message = f"there is no command {word}; did you mean {near[0]}?"
    raise UsageError(f"{message} (see earmark --help)")


_KEEP = "\0"
"""Stands before words of a query that look like options; no argument can hold it."""


def _kept(word: str) -> str:
    is_negation = word.startswith("-") and not word.startswith("--") and word != "-h"
    return _KEEP + word if is_negation else word


def _as_written(value: Any) -> Any:  # noqa: ANN401  # whatever a parser gives
    """Give words back as they were before `_kept`."""
    if isinstance(value, str):
        return value.removeprefix(_KEEP)
    if isinstance(value, list):
        return [_as_written(each) for each in value]
    return value
