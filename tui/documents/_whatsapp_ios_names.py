"""Who is who in WhatsApp on iOS: chats, members, names, numbers of hidden identities.

All of it is small beside the messages, and is kept while these are read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tui.documents._api import ChatTold, NameRank, PersonTold, Remark
from tui.documents._apple import asked, clean_name, text
from tui.documents._document import Document
from tui.documents._phones import identity_of_jid
from tui.errors import DocumentError
from tui.model import ChatKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.documents._apple import Tables

__all__ = ["People"]

_PHONE = "s.whatsapp.net"
_JID = re.compile(r"(?P<user>[^@:/.]+)(?:[.:][0-9:.]*)?@(?P<server>[a-z.]+)", re.ASCII)
"""The user may be followed by an agent or the number of a device."""
_NUMBER = re.compile(r"[1-9][0-9]{6,14}", re.ASCII)
_DIGITS = re.compile(r"[0-9]{5,20}", re.ASCII)
_LIKE_NUMBER = re.compile(r"[~+]?[\s0-9().\u00a0\u2010-\u2015\u202a-\u202e-]+")
_ENCODED = re.compile(r"[A-Za-z0-9+/]{8,}={1,2}|C[A-Za-z0-9+/]{15,}")
"""What newer versions keep where the name of the sender used to be."""
_PAIRS = (("ZWAZACCOUNT", "ZIDENTIFIER"), ("ZWAPHONENUMBERLIDPAIR", "ZLID"))
"""Tables of LID.sqlite, new and old, and which column has the hidden identity."""


def _normal(jid: object) -> str:
    """Make an identity comparable: without device, in lower case."""
    found = _JID.fullmatch(text(jid).strip().lower())
    return f"{found['user']}@{found['server']}" if found else ""


def _phone_jid(value: object) -> str:
    """Make an identity of a phone number in international form."""
    given = text(value).strip().lower()
    if "@" in given:
        found = _normal(given)
        return found if found.endswith(f"@{_PHONE}") else ""
    digits = re.sub(r"[^0-9]", "", given)
    return f"{digits}@{_PHONE}" if _NUMBER.fullmatch(digits) else ""


def _lid(value: object) -> str:
    given = text(value).strip().lower()
    if _DIGITS.fullmatch(given):
        return f"{given}@lid"
    found = _normal(given)
    return found if found.endswith("@lid") else ""


class People:
    """All persons and chats of one database."""

    def __init__(self) -> None:
        self.me = PersonTold("me:wa", is_me=True)
        self.left_out = 0
        """Rows about persons that could not be used."""
        self._names: dict[str, tuple[NameRank, str]] = {}
        self._phones: dict[str, str] = {}
        """Identity with the number, by hidden identity."""
        self._lids: dict[str, str] = {}
        self._chats: dict[object, str] = {}
        self._titles: dict[str, str] = {}
        self._members: dict[object, str] = {}
        self._book: dict[str, str] = {}
        self._told: dict[str, ChatTold] = {}

    # -- reading ---------------------------------------------------------------

    def read_beside(self, document: Document) -> Iterator[Remark]:
        """Read the address book and the hidden identities beside a database.

        Args:
            document: The database of the messages.

        Yields:
            What could not be read; the messages can, all the same.
        """
        beside = {name.lower(): name for name in document.folder.names()}
        place = document.path[: len(document.path) - len(document.name)]
        for wanted, use in (
            (b"lid.sqlite", self._read_lids),
            (b"contactsv2.sqlite", self._read_contacts),
        ):
            name = beside.get(wanted)
            if name is None or name == document.name:
                continue
            try:
                # The size is not needed, and a member of an archive has no status.
                with asked(Document(place + name, 0)) as (_, tables):
                    use(tables)
            except (DocumentError, OSError) as error:
                reason = getattr(error, "reason", None) or str(error)
                shown = name.decode("utf-8", "replace")
                yield Remark("names_left_out", f"{shown} can't be read: {reason}")

    def _read_lids(self, tables: Tables) -> None:
        for table, column in _PAIRS:
            if tables.has(table, column, "ZPHONENUMBER"):
                for lid, phone in tables.rows(table, f"{column} ZPHONENUMBER"):
                    self._pair(lid, phone)

    def _read_contacts(self, tables: Tables) -> None:
        columns = "ZWHATSAPPID ZPHONENUMBER ZLID ZFULLNAME ZGIVENNAME ZLASTNAME"
        for row in tables.rows("ZWAADDRESSBOOKCONTACT", columns):
            whatsapp, phone, lid, full, given, last = row
            name = clean_name(full) or clean_name(
                f"{clean_name(given)} {clean_name(last)}"
            )
            jid = _phone_jid(whatsapp)
            if not jid and text(phone).startswith("+"):  # else in its national form
                jid = _phone_jid(phone)
            hidden = _lid(lid) or (_lid(whatsapp) if "@" in text(whatsapp) else "")
            if jid and hidden:
                self._pair(hidden, jid)
            jid = jid or self._phones.get(hidden, hidden)
            if not jid:
                self.left_out += bool(name)
                continue
            self._call(jid, name, NameRank.ADDRESS_BOOK)
            if name and not _LIKE_NUMBER.fullmatch(name):
                self._book.setdefault(jid, name)

    def read_chats(self, tables: Tables) -> None:
        """Read chats, members and names of the database itself."""
        for key, jid, title in tables.rows(
            "ZWACHATSESSION", "Z_PK ZCONTACTJID ZPARTNERNAME"
        ):
            found = _normal(jid)
            if not found:
                continue
            self._chats[key] = found
            self._titles.setdefault(found, clean_name(title))
            if self.is_person(found):
                self._call(found, clean_name(title), NameRank.EXPORT)
        for key, jid, name, first in tables.rows(
            "ZWAGROUPMEMBER", "Z_PK ZMEMBERJID ZCONTACTNAME ZFIRSTNAME"
        ):
            found = _normal(jid)
            if self.is_person(found):
                self._members[key] = found
                shown = clean_name(name) or clean_name(first)
                self._call(found, shown, NameRank.EXPORT)
        for jid, name in tables.rows("ZWAPROFILEPUSHNAME", "ZJID ZPUSHNAME"):
            self._call(_normal(jid), clean_name(name), NameRank.PUSH)

    def _pair(self, lid: object, phone: object) -> None:
        hidden, jid = _lid(lid), _phone_jid(phone)
        if hidden and jid:
            self._phones[hidden] = jid
            self._lids.setdefault(jid, hidden)

    def _call(self, jid: str, name: str, rank: NameRank) -> None:
        """Remember a name, unless there is a better one."""
        if not jid or not name or _LIKE_NUMBER.fullmatch(name):
            return
        if name.startswith("~"):
            rank, name = NameRank.PUSH, clean_name(name[1:])
        person = self._phones.get(jid, jid)
        if rank > self._names.get(person, (NameRank.NONE, ""))[0]:
            self._names[person] = (rank, name)

    # -- telling ---------------------------------------------------------------

    @staticmethod
    def normal(jid: object) -> str:
        """Make an identity comparable; empty for what is none."""
        return _normal(jid)

    @staticmethod
    def is_person(jid: str) -> bool:
        """Tell whether an identity is a person's, not a group's."""
        return jid.endswith((f"@{_PHONE}", "@lid"))

    @staticmethod
    def is_broadcast(jid: str) -> bool:
        """Tell whether an identity stands for a list or the status of people."""
        return jid.endswith(("@broadcast", "@status")) or jid == "status"

    def contacts(self) -> Iterator[PersonTold]:
        """Tell the address book."""
        for jid, name in self._book.items():
            yield self._person(jid, NameRank.ADDRESS_BOOK, name)

    def jid_of_chat(self, key: object) -> str | None:
        """The identity of a chat by the number of its row."""
        return self._chats.get(key)

    def person(self, jid: str, push: str = "") -> PersonTold:
        """Tell a person.

        Args:
            jid: The identity in WhatsApp.
            push: What people call themselves in a message.
        """
        found = _normal(jid) or jid
        found = self._phones.get(found, found)
        rank, name = self._names.get(found, (NameRank.NONE, ""))
        push = clean_name(push.removeprefix("~"))
        is_name = push and not _ENCODED.fullmatch(push)
        if is_name and rank < NameRank.PUSH and not _LIKE_NUMBER.fullmatch(push):
            rank, name = NameRank.PUSH, push
        return self._person(found, rank, name)

    def _person(self, jid: str, rank: NameRank, name: str) -> PersonTold:
        hidden = self._lids.get(jid)
        aliases = (identity_of_jid(hidden),) if hidden else ()
        return PersonTold(identity_of_jid(jid), name, rank, aliases=aliases)

    def member(self, key: object, push: str) -> PersonTold | None:
        """Tell the member of a group by the number of its row; None for none."""
        jid = self._members.get(key)
        return self.person(jid, push) if jid else None

    def chat(self, jid: str) -> ChatTold:
        """Tell a chat by its identity."""
        if jid not in self._told:
            self._told[jid] = self._chat(jid)
        return self._told[jid]

    def _chat(self, jid: str) -> ChatTold:
        native = f"wa::{jid}"
        if not self.is_person(jid):
            title = self._titles.get(jid, "")
            return ChatTold(native, ChatKind.GROUP, title, NameRank.SUBJECT)
        other = self._phones.get(jid) or self._lids.get(jid)
        return ChatTold(
            native,
            ChatKind.DIRECT,
            "",
            NameRank.NONE,
            self.person(jid),
            (f"wa::{other}",) if other else (),
        )
