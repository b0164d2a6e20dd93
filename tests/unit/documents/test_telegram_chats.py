"""Telegram's machine-readable export: its chats, its people, and whose it is."""

from __future__ import annotations

from datetime import UTC, datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.telegram import (
    Speaker,
    Talk,
    chat_json,
    message_json,
    old_chat_json,
)
from tests.support.telegram_reading import (
    ANA,
    BEN,
    GONE,
    ME,
    SENT,
    an_account,
    claims_of,
    voice,
)
from tui.documents._api import (
    ChatTold,
    NameRank,
    PersonTold,
)
from tui.model import ChatKind, Direction

if TYPE_CHECKING:
    from tui.documents._api import (
        Claim,
    )


def _one(message: dict[str, Any]) -> Claim:
    (claim,) = claims_of(
        {"name": "Ana", "type": "personal_chat", "id": 123, "messages": [message]}
    )
    return claim


@pytest.mark.parametrize(
    ("kind", "chat_kind", "title", "native_id", "has_partner"),
    [
        ("personal_chat", ChatKind.DIRECT, "", "tg:123", True),
        ("bot_chat", ChatKind.DIRECT, "", "tg:123", True),
        ("saved_messages", ChatKind.SELF, "Saved Messages", "tg:saved", False),
        ("private_group", ChatKind.GROUP, "Ana", "tg:123", False),
        ("private_supergroup", ChatKind.GROUP, "Ana", "tg:123", False),
        ("public_supergroup", ChatKind.GROUP, "Ana", "tg:123", False),
        ("private_channel", ChatKind.GROUP, "Ana", "tg:123", False),
        ("public_channel", ChatKind.GROUP, "Ana", "tg:123", False),
        ("replies", ChatKind.DIRECT, "", "tg:123", True),
        ("something_new", ChatKind.GROUP, "Ana", "tg:123", False),
    ],
)
def test_kinds_of_chats(
    kind: str, chat_kind: ChatKind, title: str, native_id: str, *, has_partner: bool
) -> None:
    """The type tells the kind; only what has a title of its own tells one."""
    (claim,) = claims_of(chat_json(Talk(kind, 123, "Ana", [voice(1, BEN)])))
    assert claim.chat is not None
    assert claim.chat[:3] == (native_id, chat_kind, title)
    assert claim.chat.rank is (NameRank.SUBJECT if title else NameRank.NONE)
    assert (claim.chat.partner is not None) == has_partner
    assert claim.key == native_id.removeprefix("tg:") + ":1"


def test_who_is_me_in_a_chat_of_two() -> None:
    """The chat's number is the other one's, so who has another number is me."""
    said = [voice(1, ANA), voice(2, ME), voice(3, None)]
    claims = claims_of(chat_json(Talk("personal_chat", 123, "Ana", said)))
    assert [claim.direction for claim in claims] == [
        Direction.RECEIVED,
        Direction.SENT,
        Direction.UNKNOWN,
    ]
    assert claims[0].sender == claims[0].chat.partner  # type: ignore[union-attr]
    assert claims[1].sender == PersonTold(
        "tg:user5123456789", "Me", NameRank.HANDLE, is_me=True
    )
    assert claims[2].sender is None


def test_nobody_is_me_in_a_group() -> None:
    """The export of a group does not tell whose it is."""
    said = [voice(1, ANA), voice(2, GONE), voice(3, Speaker(5, "News", "channel"))]
    claims = claims_of(chat_json(Talk("private_supergroup", 123, "All", said)))
    assert {claim.direction for claim in claims} == {Direction.UNKNOWN}
    assert [claim.sender for claim in claims] == [
        PersonTold("tg:user123", "Ana", NameRank.HANDLE),
        PersonTold("tg:user9", "", NameRank.NONE),
        PersonTold("tg:channel5", "News", NameRank.HANDLE),
    ]


def test_saved_messages() -> None:
    """They are the user's own, also those that came from others."""
    said = [
        voice(1, ME),
        voice(2, ME)._replace(forwarded_from="Ben"),
        voice(3, None),
    ]
    claims = claims_of(chat_json(Talk("saved_messages", ME.number, None, said)))
    assert {claim.direction for claim in claims} == {Direction.SENT}
    assert [claim.forwarded for claim in claims] == [False, True, False]
    assert all(claim.sender and claim.sender.is_me for claim in claims)
    assert {claim.sender.native_id for claim in claims if claim.sender} == {
        "tg:user5123456789"
    }


@pytest.mark.parametrize("members", [{"forwarded_from": None}, {"saved_from": "Ben"}])
def test_forwarded(members: dict[str, Any]) -> None:
    """A note from somewhere else says so, even from a deleted account."""
    assert _one({"media_type": "voice_message", **members}).forwarded


@pytest.mark.parametrize(
    ("value", "native_id"),
    [
        ("user5", "tg:user5"),
        (5, "tg:user5"),
        ("5", "tg:user5"),
        ((1 << 32) + 5, "tg:user5"),
        ((2 << 32) + 5, "tg:channel5"),
        ("alice", "tg:alice"),
        (None, "name:tg:X"),
        ([1], "name:tg:X"),
        ("", "name:tg:X"),
    ],
)
def test_identities(value: object, native_id: str) -> None:
    """Old exports have numbers; without any, the name stands for the person."""
    sender = _one({"media_type": "voice_message", "from": "X", "from_id": value}).sender
    assert sender is not None
    assert sender.native_id == native_id


@pytest.mark.parametrize("kind", ["personal_chat", "private_group"])
def test_old_and_new_exports_agree(kind: str) -> None:
    """The same chat exported in 2020 and today tells the same, but for the zone."""
    said = [voice(1, ANA), voice(2, Speaker(55, "Me")), voice(3, None)]
    talk = Talk(kind, 123, "Ana", said)
    new = claims_of(chat_json(talk))
    zone = datetime.fromtimestamp(SENT, UTC).astimezone().tzinfo
    assert isinstance(zone, timezone)
    old = claims_of(old_chat_json(talk, zone))
    assert len(new) == len(old) == 3
    for first, second in zip(new, old, strict=True):
        assert first.moment is not None
        assert second.moment is not None
        assert second.moment.ms == first.moment.ms
        assert second._replace(moment=None) == first._replace(moment=None)


def test_an_account() -> None:
    """All chats are told, and the owner is known in each."""
    claims = claims_of(an_account())
    assert [claim.key for claim in claims] == [
        "123:1",
        "123:2",
        "saved:1",
        "123000:1",
        "123000:2",
        "9:1",
        "8:1",
    ]
    assert [claim.direction.value for claim in claims] == (
        ["received", "sent", "sent", "received", "sent", "received", "sent"]
    )
    gone = claims[5].chat
    assert gone is not None
    assert gone.partner == PersonTold("tg:user9", "", NameRank.NONE)
    assert claims[6].chat == ChatTold("tg:8", ChatKind.GROUP, "Left")


def test_members_in_any_order() -> None:
    """Name, type, number and owner may come behind many messages."""
    filler = [{"id": n, "text": "x" * 200} for n in range(3000)]
    account = an_account()
    for chat in account["chats"]["list"]:
        chat["messages"] = chat.pop("messages") + filler
    expected = claims_of(account)
    for chat in account["chats"]["list"]:
        for key in ("name", "type", "id"):
            if key in chat:
                chat[key] = chat.pop(key)
    account["personal_information"] = account.pop("personal_information")
    assert claims_of(account) == expected


def test_a_chat_without_identity() -> None:
    """Its notes are told, with what there is."""
    message = message_json(voice(1, ANA))
    (nameless,) = claims_of({"messages": [message]})
    assert nameless.chat is None
    assert nameless.key == ":1"
    (named,) = claims_of({"name": "A", "type": "personal_chat", "messages": [message]})
    assert named.chat is not None
    assert named.chat.native_id == "tg-html:A"
    assert named.chat.partner == PersonTold("name:tg:A", "A", NameRank.HANDLE)
    assert named.direction is Direction.UNKNOWN


def test_a_message_without_number_has_its_place() -> None:
    """The key must be told apart, and the same each time."""
    message = {"media_type": "voice_message"}
    claims = claims_of(
        {"name": "A", "type": "private_group", "id": 1, "messages": [message] * 2}
    )
    assert [claim.key for claim in claims] == ["1:#1", "1:#2"]
