"""What all commands share of the command line: the parser, texts, kinds of values."""

from __future__ import annotations

import argparse
from typing import NoReturn

from typing_extensions import override

from tui.cli._output import Out
from tui.errors import UsageError

__all__ = [
    "QUERY",
    "WHICH",
    "Parser",
    "add_edit",
    "add_json",
    "add_query",
    "add_sound",
    "new_parser",
    "positive",
]

QUERY = """\
query:
  Words match chat, sender, title, tags, comment, transcript and what else was written,
  from the beginning of a word on. Filters:
  chat:NAME  from:NAME  tag:NAME  collection:NAME  in:SOURCE
  kind:voice|audio|video_note|view_once
  is:unplayed|half|played|starred|sent|received|unmatched|unreadable|partial|missing
  has:transcript|comment|bookmark  after:2025-03  before:2025-03-14  on:today  len>1m
  All must hold; 'or' joins two neighbours, '-' turns one round, quotes hold words
  together:  earmark list recipe from:Ana or from:Bob -is:played
  An empty query ('') finds all.
"""

WHICH = "a query, or ids of notes, at least 6 digits of each"

_WHERE = "exit codes: 0 done, 1 nothing found, 2 wrong usage, 3 a source or file failed"


class Parser(argparse.ArgumentParser):
    """Raises what is wrong instead of leaving the process."""

    @override
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {self.prog} --help)")

    @override
    def _print_message(self, message: str, file: object = None) -> None:
        """Write help or version; argparse would say nothing where it can't."""
        Out().text(message)


def new_parser(command: str, description: str, epilog: str = "") -> Parser:
    """Make the parser of a command, with the settings that all have.

    Args:
        command: The command; empty for the browser.
        description: What it does, in a sentence.
        epilog: What stands below the options.
    """
    parser = Parser(
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


def add_sound(parser: Parser) -> None:
    """Let a command that plays be told how."""
    parser.add_argument("--speed", metavar="X", help="how fast to play, 0.5 to 4")
    parser.add_argument(
        "--output",
        metavar="NAME",
        help="auto, pulse, miniaudio, simpleaudio, null, pulse:DEVICE,"
        " miniaudio:DEVICE or file:PATH (a WAV file); doctor lists them",
    )


def add_json(parser: Parser, what: str = "one JSON array") -> None:
    """Let a command answer a program.

    Args:
        parser: The parser of the command.
        what: What it writes then.
    """
    parser.add_argument("--json", action="store_true", help=f"write {what}")


def add_query(parser: Parser, *, edits: bool = False) -> None:
    """Let a command take notes.

    Args:
        parser: The parser of the command.
        edits: Whether it changes them: then none but `--all` means all of them.
    """
    parser.add_argument("query", metavar="QUERY|NOTE", nargs="*", help=WHICH)
    if edits:
        parser.add_argument("--all", action="store_true", help="take all notes")
        add_edit(parser)


def add_edit(parser: Parser) -> None:
    """Let a command that changes notes show first what it would do."""
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="list the notes that would be changed, and change nothing",
    )
    add_json(parser, "one JSON object")


def positive(text: str) -> int:
    """Read a number that counts things.

    Args:
        text: What was written.

    Raises:
        ArgumentTypeError: It is none, or below 1.
    """
    if not text.isdecimal() or len(text) > 9 or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)
