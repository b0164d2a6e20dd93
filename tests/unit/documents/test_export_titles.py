"""The name of a chat is taken out of the name of its file or package."""

# ruff: noqa: RUF001  # words of other scripts are data

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.export_chats import write_chat
from tui.documents._export_titles import (
    chat_title,
    comparable,
    is_plain_name,
    tells_whatsapp,
    title_of,
)

if TYPE_CHECKING:
    from pathlib import Path

PHRASES = """
WhatsApp Chat with {}
WhatsApp Gesprek met {}
دردشة واتساب مع {}
{} ilə WhatsApp Söhbəti
WhatsApp Чат с {}
{} এর সাথে WhatsApp চ্যাট
Xat de WhatsApp amb {}
Chat WhatsApp s uživatelem {}
WhatsApp chat med {}
WhatsApp Chat mit {}
WhatsApp-Chat mit {}
Συνομιλία WhatsApp με {}
Chat de WhatsApp con {}
WhatsApp'i vestlus kontaktiga {}
گفتگوی WhatsApp با {}
WhatsApp-keskustelu henkilön {} kanssa
Discussion WhatsApp avec {}
{} સાથેની WhatsApp વાત
צ'אט WhatsApp עם {}
{} के साथ WhatsApp चैट
WhatsApp razgovor s {}
WhatsApp csevegés vele: {}
Chat WhatsApp dengan {}
Chat WhatsApp con {}
{}とのWhatsAppチャット
WhatsApp чат: {}
{} ಜೊತೆ WhatsApp ಸಂಭಾಷಣೆ
{}님과의 WhatsApp 대화
WhatsApp pokalbis su {}
WhatsApp sarakste ar {}
WhatsApp разговор со {}
{} മായുള്ള WhatsApp ചാറ്റുകൾ
{} सोबतच्या WhatsApp गप्पा
Sembang WhatsApp dengan {}
WhatsApp-samtale med {}
WhatsApp-chat met {}
{} ਨਾਲ WhatsApp ਗੱਲਬਾਤ
Czat WhatsApp z {}
Conversa no WhatsApp com {}
Conversa do WhatsApp com {}
Conversație WhatsApp cu {}
Чат WhatsApp с {}
WhatsApp chat s používateľom {}
WhatsApp klepet z {}
Biseda me {} në WhatsApp
WhatsApp Ћаскање са {}
WhatsApp-chatt med {}
Soga za WhatsApp na {}
{} உடன் WhatsApp உரையாடல்
{} తో WhatsApp సంభాషణ
แชท WhatsApp กับ {}
WhatsApp Chat kay {}
{} ile WhatsApp Sohbeti
Бесіда WhatsApp з {}
{} کے ساتھ WhatsApp بات چیت
{} bilan WhatsApp chati
Trò chuyện WhatsApp với {}
WhatsApp 与 {} 的对话
WhatsApp 與 {} 的對話
WhatsApp Chat - {}
""".strip().splitlines()


@pytest.mark.parametrize("name", ["Ana", "José - Familie (Köln)", "+49 170 0000001"])
@pytest.mark.parametrize("phrase", PHRASES)
def test_phrases(phrase: str, name: str) -> None:
    """The phrases of all languages give the name, also of copies."""
    stem = phrase.replace("{}", name)
    assert title_of(stem) == name
    assert title_of(f"{stem} (1)") == name
    assert title_of(f"{stem}.zip") == name
    assert title_of(f"\u200e{stem}\u200f") == name
    assert tells_whatsapp(stem)


@pytest.mark.parametrize(
    ("stem", "title"),
    [
        ("Ana", "Ana"),
        ("Ana - work", "Ana - work"),
        ("Chat WhatsApp klingonisch - Ana", "Ana"),
        ("WhatsApp", "WhatsApp"),
        ("WhatsApp Chat with ", "WhatsApp Chat with"),
        ("WhatsApp_Chat_with_Ana_Maria", "Ana Maria"),
        ("whatsapp chat WITH Ana", "Ana"),
        ("WhatsApp\u2019i vestlus kontaktiga Ana", "Ana"),
        ("WhatsApp Chat with Jose\u0301", "Jos\u00e9"),
        ("(1)", "(1)"),
    ],
)
def test_other_names(stem: str, title: str) -> None:
    """What is no known phrase is split at a dash, or is the name."""
    assert title_of(stem) == title


@pytest.mark.parametrize(
    ("folder", "name", "title"),
    [
        ("WhatsApp Chat - Ana", "_chat.txt", "Ana"),
        ("WhatsApp Chat - Ana", "_chat (2).txt", "Ana"),
        ("holiday", "_chat.txt", "holiday"),
        ("holiday", "WhatsApp Chat with Ana.txt", "Ana"),
        ("holiday", "Ana.txt", "Ana"),
        ("WhatsApp Chat with Bob", "chat.txt", "Bob"),
        ("WhatsApp Chat with Bob", "WhatsApp Chat with Ana.TXT", "Ana"),
    ],
)
def test_file_or_package(folder: str, name: str, title: str, tmp_path: Path) -> None:
    """A file without a telling name is named by what it lies in."""
    assert chat_title(write_chat(tmp_path / folder, "", name)) == title


@pytest.mark.parametrize(
    ("name", "is_plain"),
    [
        (b"_chat.txt", True),
        (b"_CHAT.TXT", True),
        (b"_chat 2.txt", True),
        (b"_chat(1).txt", True),
        (b"my_chat.txt", False),
        (b"_chatter.txt", False),
    ],
)
def test_plain_names(name: bytes, is_plain: bool) -> None:
    """An iPhone always gives the same name, and systems number the copies."""
    assert is_plain_name(name) is is_plain


def test_names_are_compared_without_what_files_cannot_have() -> None:
    """The file of the chat with `A/B: C` is named `AB C`."""
    assert comparable("A/B:\u00a0C?") == comparable("AB C")
