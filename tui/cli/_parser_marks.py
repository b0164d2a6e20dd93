"""The command line of the commands that mark notes, and that tell of marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.cli._parsing import (
    QUERY,
    WHICH,
    add_edit,
    add_json,
    add_query,
    new_parser,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.cli._parsing import Parser

__all__ = ["MARK_PARSERS"]

_NOTE = "its id, or how the id begins"


def _star() -> Parser:
    parser = new_parser("star", "Star notes.", QUERY)
    add_query(parser, edits=True)
    parser.add_argument("--off", action="store_true", help="take stars away instead")
    return parser


def _unstar() -> Parser:
    parser = new_parser("unstar", "Take the stars of notes away.", QUERY)
    add_query(parser, edits=True)
    return parser


def _tag() -> Parser:
    parser = new_parser("tag", "Tag notes.", QUERY)
    parser.add_argument(
        "tags",
        metavar="TAG[,TAG...]",
        help="with or without #; work/clients is below work",
    )
    add_query(parser, edits=True)
    return parser


def _untag() -> Parser:
    parser = new_parser("untag", "Take tags away from notes.", QUERY)
    parser.add_argument("tags", metavar="TAG[,TAG...]", help="with or without #")
    add_query(parser, edits=True)
    return parser


def _mark() -> Parser:
    parser = new_parser("mark", "Mark notes as played, half-heard or unplayed.", QUERY)
    parser.add_argument(
        "played",
        metavar="played|unplayed|half",
        choices=("played", "unplayed", "half"),
        help="what they are from now on; unplayed begins from the start again",
    )
    add_query(parser, edits=True)
    return parser


_COMMENT = """\
text:
  QUERY and TEXT are one word each for the shell: quote what has blanks in it. An empty
  TEXT takes the comment away, - reads it from standard input, with all its lines:
    earmark comment 3f09ab12 "for Sunday, ask her about the oven"
    earmark comment "chat:Ana recipe" - < recipe.txt
"""


def _comment() -> Parser:
    parser = new_parser("comment", "Write a comment on notes.", f"{_COMMENT}\n{QUERY}")
    parser.add_argument("query", metavar="QUERY|NOTE", help=WHICH)
    parser.add_argument("text", metavar="TEXT", help="the comment")
    parser.add_argument("--all", action="store_true", help="take all notes, for ''")
    parser.add_argument(
        "--append", action="store_true", help="write it below what is there"
    )
    add_edit(parser)
    return parser


def _title() -> Parser:
    parser = new_parser("title", "Give a note a title of your own.")
    parser.add_argument("note", metavar="NOTE", help=_NOTE)
    parser.add_argument(
        "text", metavar="TEXT", help="the title, in quotes; '' is the told one again"
    )
    add_edit(parser)
    return parser


def _bookmark() -> Parser:
    parser = new_parser("bookmark", "Mark a moment of a note.")
    parser.add_argument("note", metavar="NOTE", help=_NOTE)
    parser.add_argument(
        "at", metavar="TIME", help="the moment: 1:23, 83, 1:23.5, 1m23s or 1:02:03"
    )
    parser.add_argument(
        "text", metavar="TEXT", nargs="?", default="", help="what is there, in quotes"
    )
    parser.add_argument("--remove", action="store_true", help="take the mark away")
    add_json(parser, "one JSON object")
    return parser


def _bookmarks() -> Parser:
    parser = new_parser(
        "bookmarks", "List bookmarks, of the newest notes first.", QUERY
    )
    add_query(parser)
    add_json(parser)
    return parser


_TAGS = """\
actions:
  rename OLD NEW  call a tag, and those below it, otherwise; two of one name become one
  delete NAME     take a tag, and those below it, away from all notes
"""


def _tags() -> Parser:
    parser = new_parser("tags", "List tags by name, rename or delete them.", _TAGS)
    parser.add_argument(
        "action", metavar="rename|delete", nargs="?", choices=("rename", "delete")
    )
    parser.add_argument("names", metavar="NAME", nargs="*")
    add_json(parser, "one JSON array; of what was done, one object")
    return parser


_SEARCHES = """\
actions:
  save NAME QUERY  keep a query; it stands in the browser's tree
  rename NAME NEW  call it otherwise
  delete NAME      forget it
"""


def _searches() -> Parser:
    parser = new_parser(
        "searches", "List saved searches, or change them.", f"{_SEARCHES}\n{QUERY}"
    )
    parser.add_argument(
        "action",
        metavar="save|rename|delete",
        nargs="?",
        choices=("save", "rename", "delete"),
    )
    parser.add_argument("names", metavar="NAME", nargs="*")
    add_json(parser, "one JSON array; of what was done, one object")
    return parser


def _stats() -> Parser:
    parser = new_parser("stats", "The library in numbers: chats, senders and months.")
    add_json(parser, "one JSON object")
    return parser


MARK_PARSERS: dict[str, Callable[[], Parser]] = {
    "bookmark": _bookmark,
    "bookmarks": _bookmarks,
    "comment": _comment,
    "mark": _mark,
    "searches": _searches,
    "star": _star,
    "stats": _stats,
    "tag": _tag,
    "tags": _tags,
    "title": _title,
    "unstar": _unstar,
    "untag": _untag,
}
"""By name of the command."""
