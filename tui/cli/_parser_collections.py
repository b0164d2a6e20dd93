"""The command line of collections: sets of notes in an order of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.cli._parsing import QUERY, add_edit, add_json, new_parser

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.cli._parsing import Parser

__all__ = ["COLLECTION_PARSERS"]

_ACTIONS = """\
actions:
  add NAME QUERY|NOTE     put notes at its end, the oldest first; it is made if need be
  remove NAME QUERY|NOTE  take notes out of it
  move NAME NOTE PLACE    put a note to a place of it, from 1 on
  create NAME             make one with nothing in it
  rename NAME NEW         call it otherwise
  delete NAME             forget it; its notes stay
  NAME is one word for the shell: quote what has blanks in it. What is in a collection
  is found by collection:NAME, e.g.:
    earmark collection add "for Sunday" from:Ana recipe
    earmark export 'collection:"for Sunday"' --to DIR
"""
_VERBS = ("add", "remove", "move", "create", "rename", "delete")


def _collection() -> Parser:
    parser = new_parser(
        "collection",
        "Put notes together, in an order of your own.",
        f"{_ACTIONS}\n{QUERY}",
    )
    parser.add_argument("action", metavar="|".join(_VERBS), choices=_VERBS)
    parser.add_argument("words", metavar="NAME", nargs="+")
    add_edit(parser)
    return parser


def _collections() -> Parser:
    parser = new_parser("collections", "List collections by name.")
    add_json(parser)
    return parser


COLLECTION_PARSERS: dict[str, Callable[[], Parser]] = {
    "collection": _collection,
    "collections": _collections,
}
"""By name of the command."""
