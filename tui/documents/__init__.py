"""Documents: files that tell about notes, and what reads them.

The formats are loaded when the first name is asked for that could be one of theirs.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from tui.documents._api import (
    ChatTold,
    Claim,
    Confidence,
    DocumentFormat,
    Moment,
    NameRank,
    Options,
    PersonTold,
    Recognition,
    Remark,
    Told,
)
from tui.documents._document import Document

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "READ_SCORE",
    "ChatTold",
    "Claim",
    "Confidence",
    "Document",
    "DocumentFormat",
    "Moment",
    "NameRank",
    "Options",
    "PersonTold",
    "Recognition",
    "Remark",
    "Told",
    "is_document_name",
    "recognise",
]

READ_SCORE = 60
"""A recognition from here on is read without a question."""

_HOMES = (
    ("tui.documents._whatsapp_database", "WhatsAppDatabase", ".db .sqlite .sqlite3"),
    ("tui.documents._whatsapp_backup", "WhatsAppBackup", ".crypt12 .crypt14 .crypt15"),
    ("tui.documents._whatsapp_ios", "WhatsAppIos", ".sqlite"),
    ("tui.documents._voice_memos", "VoiceMemos", ".db"),
    ("tui.documents._imessage_db", "MessagesDatabase", ".db"),
    ("tui.documents._telegram", "TelegramJson", ".json"),
    ("tui.documents._telegram_html", "TelegramHtml", ".html .htm"),
    ("tui.documents._signal", "SignalExport", ".json .md"),
    ("tui.documents._messenger", "MessengerJson", ".json"),
    ("tui.documents._discord", "DiscordJson", ".json"),
    ("tui.documents._matrix", "MatrixJson", ".json"),
    ("tui.documents._imessage_html", "IMessageExport", ".html .txt"),
    ("tui.documents._mail", "Mail", ".eml .mbox"),
    ("tui.documents._contacts", "Contacts", ".vcf .vcard"),
    ("tui.documents._whatsapp_export", "WhatsAppExport", ".txt"),
)
"""All kinds, the most particular first: of equal scores the first wins; each with the
suffixes without which no name fits it, so that only those are loaded and asked."""

_Home = tuple[str, str, str]
_HOMES_OF: dict[bytes, list[_Home]] = {}
for _home in _HOMES:
    for _suffix in _home[2].split():
        _HOMES_OF.setdefault(_suffix.encode(), []).append(_home)
_MAIL = [home for home in _HOMES if home[1] == "Mail"]
_MAIL_FOLDERS = (b"/cur", b"/new", b".mbox")
"""Where mails and mailboxes have names without a suffix."""

_NEVER = frozenset(
    {
        *(b".opus", b".ogg", b".oga", b".m4a", b".aac", b".mp3", b".wav", b".amr"),
        *(b".mp4", b".3gp", b".mov", b".webm", b".caf", b".flac", b".jpg", b".jpeg"),
        *(b".png", b".gif", b".webp", b".heic", b".pdf", b".thumb", b".mmsthumb"),
        *(b".zip", b".py", b".js", b".css", b".so", b".c", b".h", b".o"),
    }
)
"""Suffixes that no document has, wherever it lies: nearly all files of all sources."""


def is_document_name(folder: bytes, name: bytes) -> bool:
    """Tell whether a file can be a document, by its place and name alone.

    Args:
        folder: The path of its folder.
        name: Its name.
    """
    if name[-5:] == b".opus":  # nearly all files that are asked for
        return False
    homes = _homes_of(folder, name)
    return bool(homes) and any(_format(home).fits(folder, name) for home in homes)


def recognise(document: Document) -> tuple[DocumentFormat, Recognition] | None:
    """Tell what a document is.

    Args:
        document: The file.

    Returns:
        What reads it, and how sure that is; None for a file that is none.

    Raises:
        OSError: The file can't be read.
    """
    best: tuple[DocumentFormat, Recognition] | None = None
    for each in _fitting(document.folder.path, document.name):
        found = each.recognise(document)
        if found is not None and (best is None or found.score > best[1].score):
            best = each, found
    return best


def _homes_of(folder: bytes, name: bytes) -> Sequence[_Home]:
    """Where the formats are that a name may fit: for nearly all names, none."""
    suffix = name[name.rfind(b".") :].lower()
    if suffix in _NEVER:
        return ()
    homes = _HOMES_OF.get(suffix, ())
    if folder[-5:].lower().endswith(_MAIL_FOLDERS) and not homes:
        return _MAIL
    return homes


@cache
def _format(home: _Home) -> DocumentFormat:
    module, kind, _ = home
    made: DocumentFormat = getattr(import_module(module), kind)()
    return made


def _fitting(folder: bytes, name: bytes) -> list[DocumentFormat]:
    formats = map(_format, _homes_of(folder, name))
    return [each for each in formats if each.fits(folder, name)]
