"""Persons and chats of WhatsApp's Android database, and their names.

Everybody has an address, `user@server`. Who hides the number has a second one, the LID,
and a table that joins the two; without it one person would be two. Names stand in the
database (what people call themselves) and in `wa.db` beside it (the address book).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from tui.documents._api import ChatTold, NameRank, PersonTold
from tui.documents._msgstore_values import text_of
from tui.model import ChatKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tui.documents._msgstore_schema import Schema

__all__ = ["Contacts", "Jid", "Name", "People", "parse_jid", "read_contacts"]

_PHONE = frozenset({"s.whatsapp.net", "c.us"})
_LID = "lid"
_MANY = frozenset({"g.us", "newsletter"})
_NO_CHAT = frozenset({"broadcast", "status_me"})
"""Status updates, and lists whose messages stand in each receiver's chat as well."""
_OWN_LID, _OWN_PHONE = "lid_me", "status_me"
"""Servers of the addresses that the app keeps for its owner."""


class Name(NamedTuple):
    """What somebody is called."""

    text: str
    rank: NameRank


class Jid(NamedTuple):
    """The address of a person, group or channel."""

    user: str
    server: str

    def __str__(self) -> str:
        return f"{self.user}@{self.server}"

    @property
    def identity(self) -> str:
        """The identity of a person with this address."""
        if self.server in _PHONE and _is_number(self.user):
            return f"tel:+{self.user}"
        return f"wa:{self}"


Contacts: TypeAlias = "Mapping[Jid, Name]"
"""Names by address."""


def _is_number(user: str) -> bool:
    # 0 is WhatsApp itself.
    return user.isascii() and user.isdigit() and user != "0"


def parse_jid(text: str) -> Jid | None:
    """Take an address apart; one device of a person is that person.

    Args:
        text: E.g. `491700000001@s.whatsapp.net` or `491700000001.0:12@s.whatsapp.net`.

    Returns:
        None for what is no address.
    """
    user, _, server = text.strip().rpartition("@")
    if server in _PHONE or server == _LID:
        user = user.partition(":")[0].partition(".")[0]
        server = "s.whatsapp.net" if server in _PHONE else server
    return Jid(user, server) if user and server else None


def read_contacts(schema: Schema) -> dict[Jid, Name]:
    """Read the names in `wa.db`.

    Args:
        schema: That database.

    Returns:
        Names by address, of those who have one; empty in a backup, which has no
        contacts.

    Raises:
        sqlite3.DatabaseError: It is broken.
    """
    table = "wa_contacts"
    if not schema.has(table, "jid"):
        return {}
    ranks = {
        "display_name": NameRank.ADDRESS_BOOK,
        "wa_name": NameRank.PUSH,
        "nickname": NameRank.HANDLE,
        "number": NameRank.NUMBER,
    }
    columns = ", ".join(schema.column("c", table, name) for name in ranks)
    found: dict[Jid, Name] = {}
    for jid, *names in schema.rows(f"SELECT c.jid, {columns} FROM {table} c"):  # noqa: S608  # constants
        address = parse_jid(text_of(jid))
        texts = zip(map(text_of, names), ranks.values(), strict=True)
        name = next(
            (Name(text.strip(), rank) for text, rank in texts if text.strip()), None
        )
        if address is not None and name is not None:
            found[address] = _better(found.get(address), name)
    return found


def _better(one: Name | None, other: Name) -> Name:
    return other if one is None or other.rank > one.rank else one


class People:
    """Who and what the rows of a database are about.

    Args:
        schema: The database.
        contacts: Names from elsewhere.
    """

    def __init__(self, schema: Schema, contacts: Contacts) -> None:
        self._schema = schema
        self._contacts = contacts
        self._jids: dict[object, Jid | None] = {}
        self._phones: dict[object, object] = {}
        self._lids: dict[object, list[object]] = {}
        self._lid_names: dict[object, str] = {}
        self._persons: dict[Jid, PersonTold] = {}
        self._read_lids()
        own = tuple(self._own())
        self._own_ids = frozenset(jid.identity for jid in own)
        self.account = str(own[0]) if own else ""
        """The owner's address; empty when the database does not tell."""
        name = self._push_name()
        self.me = PersonTold(
            "me:wa",
            name,
            NameRank.PUSH if name else NameRank.NONE,
            is_me=True,
            aliases=tuple(jid.identity for jid in own),
        )

    def _read_lids(self) -> None:
        schema = self._schema
        if schema.has("jid_map", "lid_row_id", "jid_row_id"):
            for lid, phone in schema.rows("SELECT lid_row_id, jid_row_id FROM jid_map"):
                self._phones[lid] = phone
                self._lids.setdefault(phone, []).append(lid)
        table = "lid_display_name"
        if schema.has(table, "lid_row_id"):
            names = [schema.column("n", table, x) for x in ("display_name", "username")]
            query = f"SELECT n.lid_row_id, {names[0]}, {names[1]} FROM {table} n"  # noqa: S608  # constants
            for lid, display, user in schema.rows(query):
                self._lid_names[lid] = text_of(display).strip() or text_of(user).strip()
        self._is_whole = not schema.is_key("jid", "_id")
        if self._is_whole:
            self._jids.update(self._find(""))

    def _push_name(self) -> str:
        if not self._schema.has("props", "key", "value"):
            return ""
        query = "SELECT value FROM props WHERE key = 'user_push_name'"
        return next((text_of(row[0]).strip() for row in self._schema.rows(query)), "")

    def _own(self) -> Iterator[Jid]:
        """The owner's addresses, the number first."""
        if not self._schema.has("jid", "_id", "user", "server"):
            return
        where = "WHERE j.server IN (?, ?)"
        found = self._find(where, _OWN_LID, _OWN_PHONE)
        jids = [jid for _, jid in found if jid is not None and _is_number(jid.user)]
        own = {jid.server: jid.user for jid in jids}
        phone = own.get(_OWN_PHONE)
        if phone is not None:
            yield Jid(phone, "s.whatsapp.net")
        lid = own.get(_OWN_LID)
        if lid is None:
            return
        for row, _ in self._find("WHERE j.server = ? AND j.user = ?", _LID, lid):
            jid = self._jid(self._phones.get(row))
            if jid is not None and phone is None:
                yield jid
        yield Jid(lid, _LID)

    def _find(self, where: str, *values: object) -> Iterator[tuple[object, Jid | None]]:
        schema = self._schema
        if not schema.has("jid", "_id"):
            return
        names = [schema.column("j", "jid", x) for x in ("user", "server", "raw_string")]
        query = f"SELECT j._id, {', '.join(names)} FROM jid j {where}"  # noqa: S608  # constants
        for row, user, server, raw in schema.rows(query, values):
            yield (
                row,
                (
                    parse_jid(f"{text_of(user)}@{text_of(server)}")
                    or parse_jid(text_of(raw))
                ),
            )

    def _jid(self, row: object) -> Jid | None:
        """The address in a row, looked up when it is needed: most never are."""
        if row not in self._jids:
            asked = bool(row) and not self._is_whole
            found = self._find("WHERE j._id = ?", row) if asked else ()
            self._jids[row] = next((jid for _, jid in found), None)
        return self._jids[row]

    def _both(self, row: object) -> tuple[Jid | None, tuple[Jid, ...], str]:
        """The address in a row, with its number if there is one.

        Returns:
            The number or else the LID; the LIDs beside the number; the name that the
            database has for a LID.
        """
        phone = self._phones.get(row, row)
        jid = self._jid(phone)
        if jid is None:
            phone, jid = row, self._jid(row)
        rows = [phone, *self._lids.get(phone, ())]
        lids = (self._jid(lid) for lid in rows[1:])
        name = next((self._lid_names[r] for r in rows if self._lid_names.get(r)), "")
        return jid, tuple(lid for lid in lids if lid is not None and lid != jid), name

    def address_book(self) -> Iterator[PersonTold]:
        """Tell those whose names the owner keeps, whether they sent notes or not."""
        for jid, name in self._contacts.items():
            is_person = jid.server not in _MANY | _NO_CHAT
            if is_person and name.rank is NameRank.ADDRESS_BOOK:
                yield PersonTold(jid.identity, *name)

    def knows(self, row: object) -> bool:
        """Tell whether there is an address in a row."""
        return self._both(row)[0] is not None

    def sender(self, row: object) -> PersonTold | None:
        """Tell who has a row of the table of addresses; None when nobody has."""
        jid, lids, name = self._both(row)
        return None if jid is None else self.person(jid, lids, name)

    def person(
        self, jid: Jid, lids: tuple[Jid, ...] = (), name: str = ""
    ) -> PersonTold:
        """Tell who has an address.

        Args:
            jid: The number, or else the LID.
            lids: The LIDs beside the number.
            name: What the database calls this person.
        """
        if jid.identity in self._own_ids:
            return self.me
        if jid not in self._persons:
            names = [
                self._contacts[each] for each in (jid, *lids) if each in self._contacts
            ]
            if name:
                names.append(Name(name, NameRank.HANDLE))
            best = max(
                names, key=lambda each: each.rank, default=Name("", NameRank.NONE)
            )
            aliases = tuple(lid.identity for lid in lids)
            self._persons[jid] = PersonTold(jid.identity, *best, aliases=aliases)
        return self._persons[jid]

    def chat(self, row: object, subject: object) -> ChatTold | None:
        """Tell a chat by the row of its address; None when it is none.

        Args:
            row: In the table of addresses.
            subject: The title of a group.
        """
        jid, lids, name = self._both(row)
        return None if jid is None else self.chat_of(jid, subject, lids, name)

    def chat_of(
        self,
        jid: Jid,
        subject: object,
        lids: tuple[Jid, ...] = (),
        name: str = "",
    ) -> ChatTold | None:
        """Tell a chat by its address.

        Args:
            jid: The address; of a direct chat the number, or else the LID.
            subject: The title of a group.
            lids: The LIDs beside the number.
            name: What the database calls the partner.

        Returns:
            None for what is no chat.
        """
        if jid.server in _NO_CHAT:
            return None
        native_id = f"wa:{self.account}:{jid}"
        if jid.server in _MANY:
            title = text_of(subject).strip()
            if not title and jid in self._contacts:
                title = self._contacts[jid].text
            rank = NameRank.SUBJECT if title else NameRank.NONE
            return ChatTold(native_id, ChatKind.GROUP, title, rank)
        partner = self.person(jid, lids, name)
        return ChatTold(
            native_id,
            ChatKind.SELF if partner.is_me else ChatKind.DIRECT,
            "",
            NameRank.NONE,
            partner,
            tuple(f"wa:{self.account}:{lid}" for lid in lids),
        )
