"""The command line of what takes notes out: `export`, `mail`, `bundle`, `verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.cli._parsing import QUERY, WHICH, add_json, new_parser, positive

if TYPE_CHECKING:
    from tui.cli._parsing import Parser

__all__ = ["EXPORT_PARSERS"]

_EXPORT = """\
formats:
  original (as it is, without tags), opus, ogg, mp3, m4a, m4b, wav, flac: a file for
  each note, or one for all with --merge. md, txt, html, rss, srt, vtt, json, csv, m3u8:
  a document about them.
names:
  Fields in braces and any text between them: {date} {time} {chat} {sender} {title} {n}
  {hash}; a / makes folders. What is there already is never written over.
"""


def _add_target(parser: Parser, what: str) -> None:
    parser.add_argument("query", metavar="QUERY|NOTE", nargs="+", help=WHICH)
    parser.add_argument("--to", metavar="PATH", required=True, help=what)


def _add_dry_run(parser: Parser) -> None:
    parser.add_argument(
        "--dry-run", action="store_true", help="list the files, and write nothing"
    )
    add_json(parser)


def _add_sound(parser: Parser) -> None:
    parser.add_argument("--name", metavar="TEMPLATE", help="what files are called")
    parser.add_argument(
        "--bit-rate", metavar="N", type=positive, help="kbit/s; else what is usual"
    )
    sides = parser.add_mutually_exclusive_group()
    sides.add_argument("--mono", action="store_true", help="one channel, the usual")
    sides.add_argument("--stereo", action="store_true", help="both sides, as recorded")
    parser.add_argument(
        "--level", action="store_true", help="bring all notes to one loudness"
    )
    parser.add_argument(
        "--skip", metavar="N", help="leave out pauses: 0 none, 3 as many as can be told"
    )


def _export() -> Parser:
    parser = new_parser("export", "Save notes.", f"{_EXPORT}\n{QUERY}")
    _add_target(parser, "the folder, which is made; with --merge the file")
    parser.add_argument(
        "--format", metavar="F", help="see below; original without it, or m4b to merge"
    )
    _add_sound(parser)
    one = parser.add_argument_group("all notes in one file")
    one.add_argument("--merge", action="store_true", help="in order, with chapters")
    one.add_argument(
        "--separator",
        choices=("none", "tone", "speech"),
        default="none",
        help="what is heard between two notes; speech says who and when (espeak-ng)",
    )
    one.add_argument(
        "--gap",
        dest="between",
        metavar="S",
        help="seconds of silence between two notes, 0 to 60",
    )
    one.add_argument("--title", metavar="TEXT", help="what the whole is called")
    document = parser.add_argument_group("documents")
    document.add_argument(
        "--per", choices=("note", "chat", "all"), help="what one document is about"
    )
    document.add_argument(
        "--sound",
        choices=("none", "link", "copy", "embed"),
        help="how sound goes with it: links to the sources, copies beside it, or in it",
    )
    document.add_argument(
        "--sound-format", metavar="F", help="what copied or embedded sound is"
    )
    document.add_argument(
        "--base-url", metavar="URL", help="where a podcast's folder will be served"
    )
    _add_dry_run(parser)
    return parser


def _mail() -> Parser:
    text = "Put notes into mails, as drafts in files or sent by your own mail server."
    parser = new_parser("mail", text, QUERY)
    parser.add_argument("query", metavar="QUERY|NOTE", nargs="+", help=WHICH)
    parser.add_argument(
        "--to", metavar="ADDRESS", action="append", default=[], help="may be repeated"
    )
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--draft", metavar="DIR", help="write drafts (.eml) here")
    how.add_argument(
        "--send", action="store_true", help="send by the server of the settings"
    )
    parser.add_argument(
        "--from", dest="sender", metavar="ADDRESS", help="whom it is from"
    )
    parser.add_argument("--subject", metavar="TEXT", help="else chat and dates")
    parser.add_argument("--text", metavar="TEXT", help="what stands above the list")
    parser.add_argument(
        "--split", metavar="MB", type=positive, default=20, help="largest mail; else 20"
    )
    parser.add_argument(
        "--format", metavar="F", help="what attachments are; original without it"
    )
    _add_sound(parser)
    _add_dry_run(parser)
    return parser


def _bundle() -> Parser:
    text = "Copy originals with a manifest of hashes, times and where all comes from."
    parser = new_parser("bundle", text, QUERY)
    _add_target(parser, "the folder of the bundle, new or empty")
    _add_dry_run(parser)
    return parser


def _verify() -> Parser:
    text = "Check that a bundle is what was written, byte by byte."
    parser = new_parser("verify", text)
    parser.add_argument("folder", metavar="DIR", help="the bundle")
    add_json(parser, "one JSON object")
    return parser


EXPORT_PARSERS = {
    "bundle": _bundle,
    "export": _export,
    "mail": _mail,
    "verify": _verify,
}
