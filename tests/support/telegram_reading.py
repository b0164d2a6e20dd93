"""Exports of Telegram with a few notes, and what their reader tells of them."""

from __future__ import annotations

from typing import Any

from tests.support.memory_document import MemoryDocument
from tests.support.telegram import Said, Speaker, Talk, account_json, to_bytes
from tui.documents._api import Claim, Options, Remark
from tui.documents._telegram import TelegramJson
from tui.errors import DocumentError

__all__ = [
    "ANA",
    "BEN",
    "GONE",
    "ME",
    "SENT",
    "VOICE",
    "an_account",
    "claims_of",
    "read_told",
    "voice",
]

ME = Speaker(5123456789, "Me")
ANA = Speaker(123, "Ana")
BEN = Speaker(7, "Ben")
GONE = Speaker(9, None)
SENT = 1_723_728_393
VOICE = "voice_messages/audio_1@15-08-2024_15-26-33.ogg"


def voice(number: int, speaker: Speaker | None, **more: Any) -> Said:  # noqa: ANN401
    """Make a message with a voice note."""
    return Said(
        number,
        SENT + number,
        speaker,
        "voice_message",
        VOICE,
        12,
        more=tuple(more.items()),
    )


def read_told(data: bytes) -> tuple[list[Claim], list[Remark], DocumentError | None]:
    """Read the JSON of an export: claims, remarks, and the error at the end."""
    claims: list[Claim] = []
    remarks: list[Remark] = []
    try:
        for told in TelegramJson().read(MemoryDocument(data), Options()):
            if isinstance(told, Claim):
                claims.append(told)
            elif isinstance(told, Remark):
                remarks.append(told)
    except DocumentError as error:
        return claims, remarks, error
    return claims, remarks, None


def claims_of(made: object) -> list[Claim]:
    """Read an export that is whole."""
    claims, remarks, error = read_told(to_bytes(made))
    assert (remarks, error) == ([], None)
    return claims


def an_account() -> dict[str, Any]:
    """Make the export of an account with chats of all kinds."""
    return account_json(
        [
            Talk("personal_chat", 123, "Ana", [voice(1, ANA), voice(2, ME)]),
            Talk("saved_messages", ME.number, None, [voice(1, ME)]),
            Talk("private_group", 123_000, "All", [voice(1, BEN), voice(2, ME)]),
            Talk("personal_chat", 9, None, [voice(1, GONE)]),
        ],
        [Talk("public_channel", 8, "Left", [voice(1, ME)])],
        ME,
    )
