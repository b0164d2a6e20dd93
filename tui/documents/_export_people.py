"""Who speaks in an exported chat, and what chat it is."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from tui.documents._api import ChatTold, Confidence, NameRank, PersonTold
from tui.documents._export_grammar import is_sender
from tui.documents._export_titles import comparable
from tui.model import ChatKind, Direction

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Cast", "Speaker", "person_of"]

_ME = 0.9
"""How sure it is that the other one in a chat with Ana is the exporter."""

_NUMBERED = re.compile("(?<=.)[ -][0-9]{1,3}$")
"""What systems put after the names of copies, where somebody may be called so too."""


class Speaker(NamedTuple):
    """A sender as a claim tells it."""

    person: PersonTold | None
    direction: Direction
    confidence: float


_NOBODY = Speaker(None, Direction.UNKNOWN, Confidence.EXPORT_SENDER)


def person_of(name: str) -> PersonTold:
    """Make a person of the name in front of a message.

    Args:
        name: As it stands there: from the exporter's address book, or a phone number,
            or with `~` before it what somebody in a group calls themselves.
    """
    name = unicodedata.normalize("NFC", name.strip())
    number = _number(name)
    if number:
        return PersonTold(f"tel:{number}", name, NameRank.NUMBER)
    rank = NameRank.EXPORT
    if name.startswith("~") and name.strip("~ "):
        rank, name = NameRank.PUSH, name.lstrip("~ ")
    return PersonTold(f"name:wa:{name}", name, rank)


def _number(name: str) -> str:
    """Return a phone number in E.164; empty for what is none."""
    if not name.startswith("+") or any(char.isalpha() for char in name):
        return ""
    import phonenumbers  # 30 ms that a chat of names need not pay

    try:
        number = phonenumbers.parse(name, None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _named(title: str, names: Iterable[str]) -> list[str]:
    own = comparable(title)
    return sorted(name for name in names if comparable(name) == own)


class Cast:
    """The chat and its people.

    In a chat of two people the file is named after the one who is not the exporter.

    Args:
        title: What the chat is called.
        senders: Who wrote.
    """

    def __init__(self, title: str, senders: Iterable[str]) -> None:
        self._speakers: dict[str, Speaker] = {}
        names = frozenset(senders)
        is_group = len(names) > 2
        same = _named(title, names)
        if not same and not is_group and _NUMBERED.search(title):
            plain = _NUMBERED.sub("", title)
            same = _named(plain, names)
            title = plain if same else title
        partner = None
        if not is_group and (same or len(names) < 2):
            partner = person_of(same[0] if same else title)
            if partner.rank is NameRank.PUSH:
                partner = partner._replace(rank=NameRank.EXPORT)
        self._partner = partner if same else None
        self.chat = ChatTold(
            f"wa-export:{title}",
            ChatKind.GROUP if is_group else ChatKind.DIRECT,
            title,
            NameRank.EXPORT,
            partner,
        )

    def speaker(self, name: str, *, sends_file: bool) -> Speaker:
        """Tell who sent a message.

        Args:
            name: What stands before it; empty for a notice.
            sends_file: Whether the message begins with a file: then it is no notice,
                whatever the name looks like.
        """
        if not name or not (sends_file or is_sender(name)):
            return _NOBODY
        known = self._speakers.get(name)
        if known is None:
            known = self._speakers[name] = self._read(name)
        return known

    def _read(self, name: str) -> Speaker:
        person = person_of(name)
        if self._partner is None:
            return Speaker(person, Direction.UNKNOWN, Confidence.EXPORT_SENDER)
        if person.native_id == self._partner.native_id:
            return Speaker(person, Direction.RECEIVED, Confidence.EXPORT_SENDER)
        return Speaker(person._replace(is_me=True), Direction.SENT, _ME)
