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

__all__ = ["ME", "ChatTold", "Identities", "PersonTold"]

ME = "me"
"""The identity and the name of the user as a sender."""
_PUSH = 2
"""The rank of a name that people gave themselves, shown with `~` before it."""
_NAME = 4
"""The rank of a name that a folder or file tells."""


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
        for _ in range(16):  # chains are short; a ring must not hold us
            row = self._store.one(
                f"SELECT merged_into FROM {table} WHERE id = ?", (row_id,)
            )
            if row is None or row[0] is None:
                break
            row_id = row[0]
        return row_id

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
        row_id, into = self.root(table, row_id), self.root(table, into)
        if row_id == into:
            return False
        if not pinned and any(
            row[0]
            for row in self._store.all(
                f"SELECT pinned FROM {table} WHERE id IN (?, ?)", (row_id, into)
            )
        ):
            return False
        self._store.run(
            f"UPDATE {table} SET merged_into = ?, pinned = max(pinned, ?) WHERE id = ?",
            (into, int(pinned), row_id),
        )
        self._forget()
        self._take_name(table, into, row_id)
        return True

    def show_name(self, table: str, row_id: int) -> None:
        """Write the name of a row that is shown: the user's own, else the best told."""
        if table == "sender":
            self._show_sender(row_id)
        else:
            self._show_chat(row_id)

    def _forget(self) -> None:
        self._chats.clear()
        self._senders.clear()

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
            self._show_chat(chat_id)
        else:
            chat_id = row[0]
            self._update_chat(told, row, partner_id)
        for alias in told.aliases:
            if alias != told.native_id:
                other = self._stored_chat(
                    told._replace(native_id=alias, aliases=(), partner=None)
                )
                self.merge("chat", other, chat_id, pinned=False)
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

    def _show_chat(self, chat_id: int) -> None:
        """Write what a chat is called.

        That is the user's title, the best told, the partner's name, or the identity.
        """
        row = self._store.one(
            "SELECT chat.title, own_title, told_title, chat.rank, partner_id,"
            " native_id FROM chat WHERE id = ?",
            (chat_id,),
        )
        if row is None:
            return
        shown, own, told, rank, partner_id, native_id = row
        title = own if own is not None else told
        if own is None and partner_id is not None:
            partner = self._store.one(
                "SELECT name, iif(own_name IS NULL, rank, 9) FROM sender WHERE id = ?",
                (self.root("sender", partner_id),),
            )
            if partner is not None and (not told or partner[1] > rank):
                title = partner[0]
        if not title:
            title = _plain_identity(from_text(native_id))
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
            self._show_sender(sender_id)
        else:
            sender_id = row[0]
            if told.name and told.rank >= row[2] and (name, told.rank) != row[1:]:
                self._store.run(
                    "UPDATE sender SET told_name = ?, rank = ? WHERE id = ?",
                    (name, told.rank, sender_id),
                )
                self._show_sender(sender_id)
        for alias in told.aliases:
            if alias != told.native_id:
                other = self._stored_sender(PersonTold(alias))
                self.merge("sender", other, sender_id, pinned=False)
        root = self.root("sender", sender_id)
        if root != sender_id and told.name:
            self._take_name("sender", root, sender_id)
        return int(sender_id)

    def _show_sender(self, sender_id: int) -> None:
        row = self._store.one(
            "SELECT name, own_name, told_name, rank, native_id FROM sender"
            " WHERE id = ?",
            (sender_id,),
        )
        if row is None:
            return
        shown, own, told, rank, native_id = row
        name = own if own is not None else told
        if own is None and told and rank == _PUSH:
            name = to_text("~" + from_text(told))
        if not name:
            name = to_text(_plain_identity(from_text(native_id)))
        if name == shown:
            return
        self._store.run("UPDATE sender SET name = ? WHERE id = ?", (name, sender_id))
        if shown:
            self._change.reset()  # every row of the sender shows the name
        for row in self._store.all(
            "SELECT id FROM chat WHERE partner_id = ?1 OR partner_id IN"
            " (SELECT id FROM sender WHERE merged_into = ?1)",
            (sender_id,),
        ):
            self._show_chat(row[0])

    def _take_name(self, table: str, root: int, other: int) -> None:
        """Let a row that is shown have the better name of one that went into it."""
        told = "told_name" if table == "sender" else "told_title"
        self._store.run(
            f"UPDATE {table} SET ({told}, rank) = (SELECT {told}, rank FROM {table}"
            f" WHERE id = ?1) WHERE id = ?2 AND rank < (SELECT rank FROM {table}"
            f" WHERE id = ?1)",
            (other, root),
        )
        self.show_name(table, root)


def _plain_identity(native_id: str) -> str:
    """What an identity looks like where there is no name: `tel:+49…` gives `+49…`."""
    text = native_id.partition(":")[2] or native_id
    return text.rpartition(":")[2] or text
