"""Address books (`.vcf`): who the numbers and mail addresses of the notes belong to."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui.documents._api import NameRank, PersonTold, Recognition, Remark
from tui.documents._phones import (
    code_of,
    identity_of_jid,
    identity_of_number,
    is_number,
    region_of_codes,
)
from tui.documents._vcard import CardReader
from tui.errors import DocumentError, PartialError
from tui.model import DocumentKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.documents._api import Options, Told
    from tui.documents._document import Document
    from tui.documents._vcard import Card

__all__ = ["Contacts"]

_HEAD = 65_536
_BEGIN = re.compile(
    rb"(?:^|[\r\n]|\xef\xbb\xbf|\xff\xfe|\xfe\xff)BEGIN[ \t]*:[ \t]*VCARD",
    re.IGNORECASE,
)
_NO_DIGIT = re.compile(r"\D+")
_SHORTEST = 7
"""Digits of a number that can be somebody's; shorter ones are services."""


@dataclass(slots=True)
class _Survey:
    """What must be known of the whole file before the first person is told."""

    codes: Counter[str] = field(default_factory=Counter)
    """How many numbers have each country's code."""
    owners: dict[int, int] = field(default_factory=dict)
    """Whose an identity is: hashes, to keep little of each."""
    shared: set[int] = field(default_factory=set)
    """Identities on cards with different names: a family's landline, an office."""


@dataclass(slots=True)
class _Counts:
    no_code: int = 0
    unread: int = 0
    by_region: int = 0
    told: set[str] = field(default_factory=set)
    """The shared identities that were told already."""


class Contacts:
    """The document format for address books."""

    @property
    def kind(self) -> DocumentKind:
        """The kind that it reads."""
        return DocumentKind.CONTACTS

    def fits(self, folder: bytes, name: bytes) -> bool:  # noqa: ARG002  # any folder
        """Tell whether a file can be an address book, by its suffix.

        Args:
            folder: The path of its folder.
            name: Its name.
        """
        is_card = name[-4:].lower() == b".vcf" or name[-6:].lower() == b".vcard"
        return is_card and name[:1] != b"."

    def recognise(self, document: Document) -> Recognition | None:
        """Look for the beginning of a card.

        Args:
            document: The file.

        Returns:
            None when no card begins in its first 64 KB.
        """
        # In wide encodings there are zeros between these letters.
        head = document.head(_HEAD).replace(b"\0", b"")
        if not _BEGIN.search(head):
            return None
        return Recognition(95, ("contact cards (vCard)",))

    def read(self, document: Document, options: Options) -> Iterator[Told | None]:
        """Tell everybody who has a number or a mail address.

        A number that stands on cards with different names makes no two persons one:
        it is told on its own, with the name of the first of these cards.

        Args:
            document: The file, which is read twice.
            options: The region for numbers in national form. Without one it is that of
                most international numbers in the same file.

        Yields:
            Persons, and at the end remarks on what was left out.

        Raises:
            PartialError: The file ends inside of a card, or is empty.
            DocumentError: There is no card in it.
            OSError: It can't be read.
        """
        survey = _Survey()
        with document.open() as file:
            reader = CardReader(file)
            for card in reader.cards():
                if card is None:
                    yield None
                else:
                    _look(survey, card)
        if not reader.seen:
            if not document.size:
                raise PartialError(document.path, "it is empty")
            raise DocumentError(document.path, "there is no contact card in it")
        survey.owners.clear()
        region = options.region or region_of_codes(survey.codes)
        counts = _Counts()
        with document.open() as file:
            reader = CardReader(file)
            for card in reader.cards():
                if card is None:
                    yield None
                else:
                    yield from _persons(card, survey.shared, region, counts)
        yield from _remarks(counts, reader.broken, "" if options.region else region)
        if reader.is_cut:
            raise PartialError(document.path, "the last card has no end")


def _look(survey: _Survey, card: Card) -> None:
    owner = hash(card.name.casefold())
    for number, waid in card.numbers:
        code = code_of(number)
        if code:
            survey.codes[code] += 1
        for key in _keys(number, waid):
            _own(survey, key, owner)
    for mail in card.mails:
        _own(survey, hash(mail), owner)


def _own(survey: _Survey, key: int, owner: int) -> None:
    if survey.owners.setdefault(key, owner) != owner:
        survey.shared.add(key)


def _keys(*numbers: str) -> list[int]:
    """Make keys that are the same for the national and the international form."""
    digits = (_NO_DIGIT.sub("", number) for number in numbers)
    return [hash(some[-8:]) for some in digits if some]


def _persons(
    card: Card, shared: set[int], region: str, counts: _Counts
) -> Iterator[PersonTold]:
    """Tell of one card: the owner of what is on no other, then what others share."""
    own: list[str] = []
    joint: list[str] = []
    for number, waid in card.numbers:
        found = [identity_of_jid(f"{waid}@s.whatsapp.net")] if waid else []
        identity = _identity(number, region, counts, is_known=bool(waid))
        if identity is not None and identity not in found:
            found.append(identity)
        is_shared = not shared.isdisjoint(_keys(number, waid))
        (joint if is_shared else own).extend(found)
    for mail in card.mails:
        (joint if hash(mail) in shared else own).append(f"mailto:{mail}")
    is_named = bool(card.name) and not _is_only_number(card.name)
    name, rank = (card.name, NameRank.VCARD) if is_named else ("", NameRank.NONE)
    own = list(dict.fromkeys(own))
    if own and (name or len(own) > 1):
        yield PersonTold(own[0], name, rank, aliases=tuple(own[1:]))
    for identity in joint:
        if name and identity not in counts.told:
            counts.told.add(identity)
            yield PersonTold(identity, name, rank)


def _identity(
    number: str, region: str, counts: _Counts, *, is_known: bool
) -> str | None:
    """Turn a number into an identity, and count what can't be."""
    identity = identity_of_number(number, region)
    is_national = is_number(number) and not code_of(number)
    if identity is not None:
        counts.by_region += is_national
    elif not is_known and len(_NO_DIGIT.sub("", number)) >= _SHORTEST:
        if is_national and not region:
            counts.no_code += 1
        else:
            counts.unread += 1
    return identity


def _is_only_number(name: str) -> bool:
    """Tell whether a card was saved without a name: its number stands for it."""
    return is_number(name) and len(_NO_DIGIT.sub("", name)) >= _SHORTEST


def _remarks(counts: _Counts, broken: int, guessed: str) -> Iterator[Remark]:
    if counts.by_region and guessed:
        numbers = _count(counts.by_region, "number", "numbers")
        yield Remark(
            "region",
            f"{numbers} without a country code taken as from {guessed}, where most"
            " others are from",
        )
    if counts.no_code:
        have = _count(counts.no_code, "number has", "numbers have")
        yield Remark("left_out", f"{have} no country code and can't be told apart")
    if counts.unread:
        are = _count(counts.unread, "number is", "numbers are")
        yield Remark("left_out", f"{are} in no form that is understood")
    if broken:
        are = _count(broken, "card is", "cards are")
        yield Remark("left_out", f"{are} broken")


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
