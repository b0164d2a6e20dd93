"""Whether two identities may be one: what they look like, without asking anybody.

Pure: chats by identity, title and how good the title is.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from tui.library._evidence import is_near

__all__ = [
    "SYSTEMS",
    "Same",
    "Told",
    "account_of",
    "agree",
    "compare_chats",
    "contradict",
    "is_only_name",
    "tolerance_of",
]

SYSTEMS = {"wa-export": "wa", "tg-html": "tg"}
"""Systems of identities that are others under another name."""
_WITH_ACCOUNT = frozenset({"wa"})
"""Systems whose identities have the owner's account in them, where it is known."""
_CHOSEN_NAME = 4
"""From this rank on a title is a name that the owner of the phone gave."""

_Chat = tuple[str, str, int]
"""Identity, title, rank of the title."""


_DAY_MS = 86_400_000
_TOLERANCES_MS = {"exact": 2_000, "second": 2_000, "minute": 60_000, "day": _DAY_MS}


class Told(NamedTuple):
    """What a claim tells of its message, as far as it tells messages apart."""

    id: int
    document_id: int
    note_id: int
    chat_id: int | None
    """That is shown."""
    title: str | bytes | None
    sent_ms: int | None
    precision: str
    offset_min: int | None


class Same(Enum):
    """Whether two chats are one."""

    NO = "no"
    NAMED_OTHERWISE = "named otherwise"
    """Possible, but they were called by two names."""
    MAYBE = "maybe"
    YES = "yes"


def is_only_name(native_id: str) -> bool:
    """Tell whether an identity is nothing but a name: others may have the same.

    Args:
        native_id: Of a chat or person.
    """
    system = native_id.partition(":")[0]
    return system == "name" or system in SYSTEMS or native_id == ""


def account_of(native_id: str) -> tuple[str, str, str]:
    """Take the owner's account out of the identity of a chat.

    Args:
        native_id: E.g. `wa:491700000001:120363…@g.us`.

    Returns:
        The system, the account (empty where it is not known), and the rest, which is
        empty for systems whose identities have no account.
    """
    system, _, rest = native_id.partition(":")
    if system not in _WITH_ACCOUNT:
        return system, "", ""
    account, _, tail = rest.rpartition(":")
    return system, account, tail


def compare_chats(one: _Chat, other: _Chat) -> Same:
    """Tell whether two chats with different identities may be one.

    Args:
        one: A chat.
        other: Another one.
    """
    (native, title, rank), (native2, title2, rank2) = one, other
    system, account, tail = account_of(native)
    system2, account2, tail2 = account_of(native2)
    if SYSTEMS.get(system, system) != SYSTEMS.get(system2, system2):
        return Same.NO
    if is_only_name(native) or is_only_name(native2):
        if title == title2:
            return Same.MAYBE
        both_named = min(rank, rank2) >= _CHOSEN_NAME
        return Same.NAMED_OTHERWISE if both_named else Same.MAYBE
    is_one = tail == tail2 != "" and "" in {account, account2}
    return Same.YES if is_one else Same.NO


def tolerance_of(precision: str) -> int:
    """Tell how far apart two times of this precision may be, in milliseconds.

    Args:
        precision: How exactly a time is known.
    """
    return _TOLERANCES_MS.get(precision, _DAY_MS)


def agree(one: Told, other: Told) -> bool:
    """Tell whether two claims are about one message: the same chat, the same time.

    Args:
        one: A claim.
        other: A claim of another document.
    """
    is_same_chat = one.chat_id is not None and (
        one.chat_id == other.chat_id or one.title == other.title
    )
    has_times = one.sent_ms is not None and other.sent_ms is not None
    return is_same_chat and has_times and not contradict(one, other)


def contradict(one: Told, other: Told) -> bool:
    """Tell whether two claims can't be about one message: their times are far apart.

    Args:
        one: A claim.
        other: A claim of another document.
    """
    if one.sent_ms is None or other.sent_ms is None:
        return False
    tolerance = max(tolerance_of(one.precision), tolerance_of(other.precision))
    zones = one.offset_min is not None or other.offset_min is not None
    return not is_near(one.sent_ms, other.sent_ms, tolerance, zones=zones)
