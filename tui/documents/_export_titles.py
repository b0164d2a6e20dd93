"""What an exported chat is called: by the names of its file and package.

WhatsApp names the file after the chat, within a phrase in the phone's language. The
phrases only serve to take the name out; nothing else depends on them.
"""

# ruff: noqa: RUF001  # words of all scripts are what it is about

from __future__ import annotations

import os
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.documents._document import Document

__all__ = ["chat_title", "comparable", "is_plain_name", "tells_whatsapp", "title_of"]

_PHRASES = """
WhatsApp Chat with {}|WhatsApp Chat - {}|WhatsApp Gesprek met {}|دردشة واتساب مع {}
محادثة واتساب مع {}|{} ilə WhatsApp Söhbəti|WhatsApp Чат с {}|{} এর সাথে WhatsApp চ্যাট
Xat de WhatsApp amb {}|Chat WhatsApp s uživatelem {}|WhatsApp chat med {}
WhatsApp Chat mit {}|WhatsApp-Chat mit {}|Συνομιλία WhatsApp με {}
Chat de WhatsApp con {}
WhatsApp'i vestlus kontaktiga {}|گفتگوی WhatsApp با {}
WhatsApp-keskustelu henkilön {} kanssa|Discussion WhatsApp avec {}
{} સાથેની WhatsApp વાત|צ'אט WhatsApp עם {}|{} के साथ WhatsApp चैट
WhatsApp razgovor s {}|WhatsApp csevegés vele: {}|WhatsApp csevegés vele {}
Chat WhatsApp dengan {}|Chat WhatsApp con {}|{}とのWhatsAppチャット|WhatsApp чат: {}
WhatsApp чат {}|{} ಜೊತೆ WhatsApp ಸಂಭಾಷಣೆ|{}님과의 WhatsApp 대화|WhatsApp pokalbis su {}
WhatsApp sarakste ar {}|WhatsApp разговор со {}|{} മായുള്ള WhatsApp ചാറ്റുകൾ
{} सोबतच्या WhatsApp गप्पा|Sembang WhatsApp dengan {}|WhatsApp-samtale med {}
WhatsApp-chat met {}|{} ਨਾਲ WhatsApp ਗੱਲਬਾਤ|Czat WhatsApp z {}
Conversa no WhatsApp com {}
Conversa do WhatsApp com {}|Conversație WhatsApp cu {}|Чат WhatsApp с {}
WhatsApp chat s používateľom {}|WhatsApp klepet z {}|Biseda me {} në WhatsApp
WhatsApp Ћаскање са {}|WhatsApp-chatt med {}|Soga za WhatsApp na {}
{} உடன் WhatsApp உரையாடல்|{} తో WhatsApp సంభాషణ|แชท WhatsApp กับ {}
WhatsApp Chat kay {}|{} ile WhatsApp Sohbeti|Бесіда WhatsApp з {}
{} کے ساتھ WhatsApp بات چیت|{} bilan WhatsApp chati|Trò chuyện WhatsApp với {}
WhatsApp 与 {} 的对话|WhatsApp 與 {} 的對話
"""

_TELLING = re.compile("whatsapp|واتساب", re.IGNORECASE)
_PLAIN = re.compile(r"_chat(?:[ _-]?\(?[0-9]{1,3}\)?)?\.txt", re.IGNORECASE)
_COPY = re.compile(r"(?<=.) ?\([0-9]{1,3}\)$")
_MARKS = re.compile("[\ufeff\u200b\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]+")
_SPACES = re.compile("[\u00a0\u202f\u2007\u2009]")
_LEFT_OUT = re.compile(r'[?:\\/*"<>|]')
"""What WhatsApp takes out of a chat's name for the file."""


def is_plain_name(name: bytes) -> bool:
    """Tell whether a file is called as on iOS: `_chat.txt`, or a copy of that."""
    return _PLAIN.fullmatch(os.fsdecode(name)) is not None


def tells_whatsapp(text: str) -> bool:
    """Tell whether a name has WhatsApp in it."""
    return _TELLING.search(text) is not None


def comparable(name: str) -> str:
    """Make a sender's name and that of a file comparable."""
    return " ".join(_LEFT_OUT.sub("", _clean(name)).split())


def chat_title(document: Document) -> str:
    """Return the name of a document's chat, in NFC.

    Args:
        document: An exported chat.
    """
    stem = os.fsdecode(document.name)
    stem = stem[: stem.rindex(".")] if "." in stem else stem
    package = document.package
    if is_plain_name(document.name) or (
        not tells_whatsapp(stem) and tells_whatsapp(package)
    ):
        stem = package or stem
    return title_of(stem)


def title_of(stem: str) -> str:
    """Take the chat's name out of that of a file or package.

    Args:
        stem: The name without its suffix.
    """
    stem = _clean(stem)
    if stem[-4:].lower() == ".zip":
        stem = stem[:-4]
    if "_" in stem and " " not in stem and tells_whatsapp(stem):
        stem = stem.replace("_", " ")
    stem = _COPY.sub("", stem).strip()
    if not tells_whatsapp(stem):
        return stem
    fitting = [
        (len(before) + len(after), stem[len(before) : len(stem) - len(after)])
        for before, after in _phrases()
        if _fits(stem, before, after)
    ]
    if fitting:
        return max(fitting)[1].strip()
    return stem.partition(" - ")[2].strip() or stem


def _phrases() -> list[tuple[str, str]]:
    pairs = []
    for phrase in re.split(r"[|\n]+", _PHRASES.strip()):
        before, _, after = _clean(phrase).partition("{}")
        pairs.append((before, after))
    return pairs


def _fits(stem: str, before: str, after: str) -> bool:
    named = len(stem) - len(before) - len(after)
    return (
        named > 0
        and stem[: len(before)].casefold() == before.casefold()
        and stem[len(before) + named :].casefold() == after.casefold()
        and bool(stem[len(before) : len(before) + named].strip())
    )


def _clean(name: str) -> str:
    plain = _SPACES.sub(" ", _MARKS.sub("", name)).replace("\u2019", "'")
    return unicodedata.normalize("NFC", plain)
