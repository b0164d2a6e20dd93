"""Chats and senders by identity: who is who, what they are called, who was joined.

Several identities may be one chat or person: a phone number and the number that hides
it, an exported chat and the same chat in the database. Such rows are joined by
`merged_into`; the row that all lead to is the *root*, and has the name that is shown.
What the user joined or parted (`pinned`) is never changed by anything else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tui.library._rows import from_text, to_text

if TYPE_CHECKING:
    from tui.library._change import Change
    from tui.library._connection import Store

__all__ = ["ME", "OWN", "ChatTold", "Identities", "PersonTold", "root_of"]

ME = "me"
"""The identity and the name of the user as a sender."""
_PUSH = 2
"""The rank of a name that people gave themselves, shown with `~` before it."""
_NAME = 4
"""The rank of a name that a folder or file tells."""
_OWN_RANK = 10
"""The rank of a name that the user chose: above all that is told."""
_PARTNER = 9
"""That of a chat whose partner the user named."""
_DEEP = 16
"""Joins below joins; a ring must not hold us."""
_MANY = 10_000
OWN = {"chat": "own_title", "sender": "own_name"}
"""Columns of what the user chose."""
_TOLD = {"chat": "told_title", "sender": "told_name"}


class PersonTold(NamedTuple):
    """Somebody who speaks, as a document tells it."""

    native_id: str
    name: str = ""
    rank: int = 0
    aliases: tuple[str, ...] = ()


class ChatTold(NamedTuple):
    """A chat as a document or folder tells it."""

    scope: int
    """The source that its identity holds in; 0 when it holds everywhere."""
    native_id: str
    kind: str
    title: str
    rank: int
    confidence: float
    partner: PersonTold | None = None
    aliases: tuple[str, ...] = ()


def root_of(store: Store, table: str, row_id: int) -> int:
    """Follow the joins of a chat or sender to the row that is shown.

    Args:
        store: A connection.
        table: `chat` or `sender`.
        row_id: The row.
    """
    for _ in range(16):  # chains are short; a ring must not hold us
        row = store.one(f"SELECT merged_into FROM {table} WHERE id = ?", (row_id,))
        if row is None or row[0] is None:
            break
        row_id = row[0]
    return row_id


class Identities:
    """Finds and makes the rows of chats and senders within a change.

    Args:
        change: The open transaction.
    """

    def __init__(self, change: Change) -> None:
        self._change = change
        self._store = change.store
        self._chats: dict[ChatTold, int] = {}
        self._senders: dict[PersonTold, int] = {}
        self._made: set[tuple[str, int]] = set()
        """Rows that no note can have yet."""

    def chat(self, told: ChatTold) -> int:
        """The row of a chat, made or renamed as needed."""
        known = self._chats.get(told)
        if known is None:
            known = self._chats[told] = self._stored_chat(told)
        return known

    def sender(self, told: PersonTold) -> int:
        """The row of a sender, made or renamed as needed."""
        known = self._senders.get(told)
        if known is None:
            known = self._senders[told] = self._stored_sender(told)
        return known

    def named_sender(self, name: str) -> int:
        """The row of a sender of whom nothing is known but a name."""
        if name == ME:
            return self.sender(PersonTold(ME, ME, 9))
        return self.sender(PersonTold(f"name::{name}", name, _NAME))

    def root(self, table: str, row_id: int) -> int:
        """Follow the joins of a chat or sender to the row that is shown.

        Args:
            table: `chat` or `sender`.
            row_id: The row.
        """
        return root_of(self._store, table, row_id)

    def merge(self, table: str, row_id: int, into: int, *, pinned: bool) -> bool:
        """Join two rows; the second is shown from now on.

        Notes keep where they are until their facts are told again, see `_facts`.

        Args:
            table: `chat` or `sender`.
            row_id: The row that goes into the other.
            into: The other.
            pinned: Whether the user wants it.

        Returns:
            Whether anything changed.
        """
        part, row_id = row_id, self.root(table, row_id)
        into = self.root(table, into)
        if row_id == into:
            return False
        if not pinned and (
            self._is_pinned(table, part) or self._is_pinned(table, into)
        ):
            return False
        self._store.run(
            f"UPDATE {table} SET merged_into = ?, pinned = max(pinned, ?) WHERE id = ?",
            (into, int(pinned), row_id),
        )
        self._forget()
        self.show_group(table, row_id, into)
        return True

    def _is_pinned(self, table: str, row_id: int) -> bool:
        """Whether the user joined or parted a row, or one that it went into.

        What he put somewhere must not drag that along, see `merge`.
        """
        for _ in range(_DEEP):
            row = self._store.one(
                f"SELECT pinned, merged_into FROM {table} WHERE id = ?", (row_id,)
            )
            if row is None or row[0]:
                return row is not None
            if row[1] is None:
                break
            row_id = row[1]
        return False

    def show_name(self, table: str, row_id: int) -> None:
        """Write the name of a row that is shown: the user's own, else the best told."""
        if table == "sender":
            self._show_sender(row_id)
        else:
            self._show_chat(row_id)

    def show_group(self, table: str, *row_ids: int) -> None:
        """Write the names of rows that were joined or parted, and of their chats."""
        for row_id in row_ids:
            self.show_name(table, row_id)
            if table == "sender":
                self._show_chats_with(row_id)

    def _forget(self) -> None:
        self._chats.clear()
        self._senders.clear()

    def _take_in(self, table: str, alias: int, row_id: int) -> None:
        """Join what a document tells to be one; its notes are told anew later."""
        before = self.root(table, alias)
        if not self.merge(table, alias, row_id, pinned=False):
            return
        if (table, before) not in self._made:
            self._store.run(
                "INSERT OR IGNORE INTO retell"
                f" SELECT id FROM note WHERE {table}_id = ?",
                (before,),
            )

    def _stored_chat(self, told: ChatTold) -> int:
        partner_id = None if told.partner is None else self.sender(told.partner)
        native_id, title = to_text(told.native_id), to_text(told.title)
        row = self._store.one(
            "SELECT id, kind, told_title, rank, partner_id, confidence FROM chat"
            " WHERE scope = ? AND native_id = ?",
            (told.scope, native_id),
        )
        if row is None:
            chat_id = self._store.all(
                "INSERT INTO chat(scope, kind, native_id, title, told_title, rank,"
                " confidence, partner_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
                " RETURNING id",
                (
                    told.scope,
                    told.kind,
                    native_id,
                    title,
                    title,
                    told.rank if title else 0,
                    told.confidence,
                    partner_id,
                ),
            )[0][0]
            self._made.add(("chat", chat_id))
            self._show_chat(chat_id)
        else:
            chat_id = row[0]
            self._update_chat(told, row, partner_id)
        for alias in told.aliases:
            if alias != told.native_id:
                other = self._stored_chat(
                    told._replace(native_id=alias, aliases=(), partner=None)
                )
                self._take_in("chat", other, chat_id)
        return int(chat_id)

    def _update_chat(
        self, told: ChatTold, row: tuple[object, ...], partner_id: int | None
    ) -> None:
        chat_id, kind, title, rank, old_partner, confidence = row
        new_title = to_text(told.title)
        is_better = bool(told.title) and (told.rank, told.confidence) >= (
            rank,
            confidence,
        )
        if is_better and (new_title, told.kind) == (title, kind):
            is_better = told.rank != rank
        has_partner = partner_id is not None and partner_id != old_partner
        if not is_better and not has_partner:
            return
        self._store.run(
            "UPDATE chat SET kind = ?, told_title = ?, rank = ?, confidence = ?,"
            " partner_id = coalesce(?, partner_id) WHERE id = ?",
            (
                told.kind if is_better else kind,
                new_title if is_better else title,
                told.rank if is_better else rank,
                told.confidence if is_better else confidence,
                partner_id,
                chat_id,
            ),
        )
        if is_better and told.kind != kind:
            self._change.reset()
        self._show_chat(int(str(chat_id)))
        root = self.root("chat", int(str(chat_id)))
        if root != chat_id:
            self._show_chat(root)

    def _show_chat(self, chat_id: int) -> None:
        """Write what a chat is called.

        That is the user's title, the best told, the partner's name, or the identity.
        """
        row = self._store.one(
            "SELECT title, partner_id, native_id FROM chat WHERE id = ?", (chat_id,)
        )
        if row is None:
            return
        shown, partner_id, native_id = row
        title = to_text(self._called("chat", chat_id)[0])
        if not title and partner_id is not None:
            partner = self.root("sender", partner_id)
            row = self._store.one("SELECT name FROM sender WHERE id = ?", (partner,))
            title = row[0] if row is not None else ""
        if not title:
            title = to_text(_plain_identity(from_text(native_id)))
        if title != shown:
            self._store.run("UPDATE chat SET title = ? WHERE id = ?", (title, chat_id))
            self._change.reset()  # every row of the chat shows the title

    def _stored_sender(self, told: PersonTold) -> int:
        native_id, name = to_text(told.native_id), to_text(told.name)
        row = self._store.one(
            "SELECT id, told_name, rank FROM sender WHERE native_id = ?", (native_id,)
        )
        if row is None:
            sender_id = self._store.all(
                "INSERT INTO sender(native_id, name, told_name, rank)"
                " VALUES (?, '', ?, ?) RETURNING id",
                (native_id, name, told.rank if told.name else 0),
            )[0][0]
            self._made.add(("sender", sender_id))
            self._show_sender(sender_id)
        else:
            sender_id = row[0]
            if told.name and told.rank >= row[2] and (name, told.rank) != row[1:]:
                self._store.run(
                    "UPDATE sender SET told_name = ?, rank = ? WHERE id = ?",
                    (name, told.rank, sender_id),
                )
                self._show_sender(sender_id)
                self._show_sender(self.root("sender", sender_id))
        for alias in told.aliases:
            if alias != told.native_id:
                other = self._stored_sender(PersonTold(alias))
                self._take_in("sender", other, sender_id)
        return int(sender_id)

    def _show_sender(self, sender_id: int) -> None:
        row = self._store.one(
            "SELECT name, native_id FROM sender WHERE id = ?", (sender_id,)
        )
        if row is None:
            return
        shown, native_id = row
        called, rank, is_own = self._called("sender", sender_id)
        if not is_own and called and rank == _PUSH:
            called = f"~{called}"
        name = to_text(called or _plain_identity(from_text(native_id)))
        if name == shown:
            return
        self._store.run("UPDATE sender SET name = ? WHERE id = ?", (name, sender_id))
        if shown:
            self._change.reset()  # every row of the sender shows the name
        self._show_chats_with(sender_id)

    def _show_chats_with(self, sender_id: int) -> None:
        """Write the titles of chats that may be called like a sender."""
        members, at = [sender_id], 0
        while at < len(members) < _MANY:
            parts = self._parts("sender", members[at])
            members += [part for part, _ in parts if part not in members]
            at += 1
        for member in members:
            for (chat_id,) in self._store.all(
                "SELECT id FROM chat WHERE partner_id = ?", (member,)
            ):
                self._show_chat(chat_id)

    def _called(self, table: str, row_id: int, depth: int = 0) -> tuple[str, int, bool]:
        """Find what a row is called: by the user, else by the best that was told.

        What went into it counts as if it had been told of the row itself. But of what
        the user put there himself a name counts only where there is no other: what he
        put them into is what he wants to see.

        Returns:
            Name, rank, and whether the user chose it.
        """
        partner = "partner_id" if table == "chat" else "NULL"
        own, told, rank, partner_id = self._store.all(
            f"SELECT {OWN[table]}, {_TOLD[table]}, rank, {partner} FROM {table}"
            " WHERE id = ?",
            (row_id,),
        )[0]
        if own is not None:
            return from_text(own), _OWN_RANK, True
        best, by_hand = (from_text(told), rank, False), ("", -1, False)
        if partner_id is not None:
            best = self._or_partner(best, partner_id)
        for child, pinned in self._parts(table, row_id) if depth < _DEEP else ():
            found = self._called(table, child, depth + 1)
            if not found[0]:
                continue
            if pinned and found[1] > by_hand[1]:
                by_hand = found
            elif not pinned and (found[1] > best[1] or not best[0]):
                best = found
        return by_hand if by_hand[0] and not best[0] else best

    def _or_partner(
        self, best: tuple[str, int, bool], partner_id: int
    ) -> tuple[str, int, bool]:
        """Take the name of a chat's partner, if he has a better one."""
        partner = self.root("sender", partner_id)
        called, rank, is_own = self._called("sender", partner)
        if not called or (best[0] and rank <= best[1]):
            return best
        if rank == _PUSH and not is_own:
            called = f"~{called}"
        return called, min(rank, _PARTNER), False

    def _parts(self, table: str, row_id: int) -> list[tuple[int, int]]:
        """Rows that went into another, and whether by the user's hand."""
        return [
            (row[0], row[1])
            for row in self._store.all(
                f"SELECT id, pinned FROM {table} WHERE merged_into = ? ORDER BY id",
                (row_id,),
            )
        ]

    def named_by_user(self, table: str, row_id: int, depth: int = 0) -> list[int]:
        """Rows whose own name may be shown for a row, as nobody parts them.

        Args:
            table: `chat` or `sender`.
            row_id: The row.
            depth: How far below the first row this is.
        """
        found = [
            row[0]
            for row in self._store.all(
                f"SELECT id FROM {table} WHERE id = ? AND {OWN[table]} IS NOT NULL",
                (row_id,),
            )
        ]
        for child, pinned in self._parts(table, row_id) if depth < _DEEP else ():
            if not pinned:
                found += self.named_by_user(table, child, depth + 1)
        return found


def _plain_identity(native_id: str) -> str:
    """What an identity looks like where there is no name: `tel:+49…` gives `+49…`."""
    text = native_id.partition(":")[2] or native_id
    return text.rpartition(":")[2] or text
