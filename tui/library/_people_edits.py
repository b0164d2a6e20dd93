"""What the user says about chats and senders: it wins over all that is told.

Own names stand with the identities, choices hang on the hashes of recordings. Both
outlive the documents, the source and the library's notes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.errors import UsageError
from tui.library._edit_base import EditBase, listed_names, quoted
from tui.library._people import OWN, ChatTold, Identities, PersonTold, root_of
from tui.library._rows import from_text, to_text
from tui.library._undo import stale
from tui.model import Edited, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tui.library._change import Change

__all__ = ["PeopleEdits"]

DAY_ORDERS = ("", "dmy", "mdy", "ymd")

_OWN_RANK = 9
_SHOWN = {"chat": "title", "sender": "name"}

Target = int | str
"""An existing chat or sender, or what a new one is called."""


class PeopleEdits(EditBase):
    """Edits of chats and senders: names, what is one, what belongs where."""

    def rename_chat(self, chat_id: int, title: str) -> Edited:
        """Give a chat another title; an empty one brings back what is told."""
        return self._rename("chat", chat_id, title)

    def rename_sender(self, sender_id: int, name: str) -> Edited:
        """Give a sender another name; an empty one brings back what is told."""
        return self._rename("sender", sender_id, name)

    def merge_chats(self, ids: Iterable[int], into: int) -> Edited:
        """Let chats be one from now on, which is called as the last one is.

        Args:
            ids: The chats that go into the other.
            into: The other.
        """
        return self._merge("chat", ids, into)

    def merge_senders(self, ids: Iterable[int], into: int) -> Edited:
        """Let senders be one from now on; as for chats."""
        return self._merge("sender", ids, into)

    def split_chat(self, chat_id: int) -> Edited:
        """Take a chat out of the one that it went into, for good.

        Args:
            chat_id: The identity; of one that others went into, all of them.
        """
        return self._split("chat", chat_id)

    def split_sender(self, sender_id: int) -> Edited:
        """Take a sender out of the one that he went into, for good; as for chats."""
        return self._split("sender", sender_id)

    def assign(
        self,
        note_ids: Sequence[int],
        *,
        chat: Target | None = None,
        sender: Target | None = None,
    ) -> Edited:
        """Say which chat or sender notes are from; for good, whatever else is told.

        It is said of their recordings. A note whose file can't be read, or never was
        here, is skipped.

        Args:
            note_ids: The notes.
            chat: The chat, by id, or the title of a new one.
            sender: The sender likewise.
        """
        field, target = _either(chat, sender)
        found = self._found(note_ids)
        if not found.notes:
            return Edited("", 0, found.skipped)
        hashes, count = found.hashes, len(found.notes)
        with self._edit() as (current, before):
            made = self._target(current, field, target)
            before.choices(field, hashes)
            now_ms = self._now_ms()
            self._store.run_many(
                "INSERT INTO choice(hash, field, target, scope, title, set_ms)"
                " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET target = ?3,"
                " scope = ?4, title = ?5, set_ms = ?6",
                ((content, field, *made, now_ms) for content in hashes),
            )
            what = "1 note is" if count == 1 else f"{count:,} notes are"
            way = "in" if field == "chat" else "from"
            text = self._wrote(before, f"{what} {way} {quoted(made[2])} now")
        self._settle()
        return Edited(text, count, found.skipped)

    def add_rule(
        self, query: str, *, chat: Target | None = None, sender: Target | None = None
    ) -> Edited:
        """Say where all notes belong that a query finds, now and later.

        The indexer finds them. What was said of a note by hand goes before.

        Args:
            query: The query, which has been understood.
            chat: The chat, by id, or the title of a new one.
            sender: The sender likewise.
        """
        field, target = _either(chat, sender)
        with self._edit() as (current, before):
            made = self._target(current, field, target)
            rule_id = self._store.all(
                "INSERT INTO rule(query, field, target, scope, title, set_ms)"
                " VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
                (to_text(query), field, *made, self._now_ms()),
            )[0][0]
            before.rule(rule_id, is_new=True)
            way = "are in" if field == "chat" else "are from"
            sentence = f"notes that match {query} {way} {quoted(made[2])}"
            text = self._wrote(before, sentence)
        return Edited(text, 1)

    def remove_rule(self, rule_id: int) -> Edited:
        """Take a rule back, and what it chose."""
        with self._edit() as (_, before):
            row = self._store.one(
                "SELECT query FROM rule WHERE id = ? AND is_on = 1", (rule_id,)
            )
            if row is None:
                return Edited("", 0)
            before.rule(rule_id, is_new=False)
            self._store.run("UPDATE rule SET is_on = 0 WHERE id = ?", (rule_id,))
            chosen = self._store.all(
                "SELECT hash FROM choice WHERE rule_id = ?", (rule_id,)
            )
            stale(self._store, (row[0] for row in chosen))
            query = from_text(row[0])
            text = self._wrote(before, f"the rule for {query} is removed")
        self._settle()
        return Edited(text, 1)

    def rules(self) -> list[Rule]:
        """The rules, oldest first."""
        rows = self._store.all(
            "SELECT id, query, field, target, scope, rule.title, (SELECT count(*)"
            " FROM choice WHERE rule_id = rule.id) FROM rule WHERE is_on = 1"
            " ORDER BY id"
        )
        return [
            Rule(
                row[0],
                from_text(row[1]),
                row[2],
                self._shown_target(row[2], row[3], row[4]) or from_text(row[5]),
                row[6],
            )
            for row in rows
        ]

    def set_day_order(self, document_id: int, order: str) -> Edited:
        """Say in which order a document writes day, month and year.

        Args:
            document_id: The document, which is read again.
            order: `dmy`, `mdy` or `ymd`; empty to let it be decided.
        """
        if order not in DAY_ORDERS:
            raise UsageError(f"there is no order of dates {order!r}")
        with self._edit() as (current, before):
            row = self._store.one(
                "SELECT day_order, name, label FROM document WHERE id = ?",
                (document_id,),
            )
            if row is None or row[0] == order:
                return Edited("", 0)
            before.document(document_id)
            current.note_source(reset=False)
            self._store.run(
                "UPDATE document SET day_order = ?, is_due = 1 WHERE id = ?",
                (order, document_id),
            )
            label = from_text(row[2]) or row[1].decode(errors="backslashreplace")
            how = f"read as {_ORDER_WORDS[order]}" if order else "read as they look"
            text = self._wrote(before, f"the dates of {quoted(label)} are {how}")
        return Edited(text, 1)

    def _rename(self, table: str, row_id: int, name: str) -> Edited:
        name = " ".join(name.split())
        with self._edit() as (current, before):
            people = Identities(current)
            root = people.root(table, self._require(table, row_id))
            old = self._name(table, root)
            if name:
                own = f"SELECT 1 FROM {table} WHERE id = ? AND {OWN[table]} = ?"
                is_so = self._store.one(own, (root, to_text(name))) is not None
                rows, new = [] if is_so else [root], to_text(name)
            else:
                rows, new = people.named_by_user(table, root), None
            if not rows:
                return Edited("", 0)
            for each in rows:
                before.name(table, each)
                self._store.run(
                    f"UPDATE {table} SET {OWN[table]} = ? WHERE id = ?", (new, each)
                )
            people.show_group(table, *rows, root)
            now = f"{quoted(self._name(table, root))} {'now' if name else 'again'}"
            text = self._wrote(before, f"{quoted(old)} is called {now}")
        return Edited(text, 1)

    def _merge(self, table: str, ids: Iterable[int], into: int) -> Edited:
        with self._edit() as (current, before):
            people = Identities(current)
            root = people.root(table, self._require(table, into))
            parts = [people.root(table, self._require(table, each)) for each in ids]
            parts = [each for each in dict.fromkeys(parts) if each != root]
            if not parts:
                return Edited("", 0)
            names = [quoted(self._name(table, each)) for each in parts]
            for each in parts:
                before.join(table, each)
                self._store.run(
                    f"UPDATE {table} SET merged_into = ?, pinned = 1 WHERE id = ?",
                    (root, each),
                )
            self._store.run(f"UPDATE {table} SET edited = 1 WHERE id = ?", (root,))
            current.reset()
            what = listed_names(names)
            text = f"{what} went into {quoted(self._name(table, root))}"
            text = self._wrote(before, text)
        self._settle()
        return Edited(text, len(parts))

    def _split(self, table: str, row_id: int) -> Edited:
        with self._edit() as (current, before):
            row = self._store.all(
                f"SELECT merged_into FROM {table} WHERE id = ?",
                (self._require(table, row_id),),
            )[0]
            root = Identities(current).root(table, row_id)
            parts = [row_id]
            if row[0] is None:
                parts = [
                    each[0]
                    for each in self._store.all(
                        f"SELECT id FROM {table} WHERE merged_into = ?", (row_id,)
                    )
                ]
            if not parts:
                return Edited("", 0)
            whole = quoted(self._name(table, root))
            for each in parts:
                before.join(table, each)
                self._store.run(
                    f"UPDATE {table} SET merged_into = NULL, pinned = 1 WHERE id = ?",
                    (each,),
                )
                Identities(current).show_name(table, each)
            current.reset()
            what = listed_names([quoted(self._name(table, each)) for each in parts])
            was = "was" if len(parts) == 1 else "were"
            text = self._wrote(before, f"{what} {was} taken out of {whole}")
        self._settle()
        return Edited(text, len(parts))

    def _require(self, table: str, row_id: int) -> int:
        """Refuse a chat or sender that there is not (any more)."""
        if self._store.one(f"SELECT 1 FROM {table} WHERE id = ?", (row_id,)) is None:
            raise UsageError(f"there is no such {table}")
        return row_id

    def _name(self, table: str, row_id: int) -> str | bytes:
        row = self._store.all(
            f"SELECT {_SHOWN[table]} FROM {table} WHERE id = ?", (row_id,)
        )
        name: str | bytes = row[0][0]
        return name

    def _target(
        self, current: Change, table: str, target: Target
    ) -> tuple[str | bytes, int, str | bytes]:
        """Find or make what notes are assigned to.

        Returns:
            Its identity, the source that it holds in, and what it is called.
        """
        if isinstance(target, str):
            row_id = self._named(current, table, target)
        else:
            row_id = Identities(current).root(table, self._require(table, target))
        scope = "scope" if table == "chat" else "0"
        # An undo leaves what was made: without notes it is not shown.
        self._store.run(f"UPDATE {table} SET edited = 1 WHERE id = ?", (row_id,))
        row = self._store.all(
            f"SELECT native_id, {scope}, {_SHOWN[table]} FROM {table} WHERE id = ?",
            (row_id,),
        )[0]
        return row[0], row[1], row[2]

    def _named(self, current: Change, table: str, name: str) -> int:
        """The chat or sender that the user made under a name, made if need be."""
        name = " ".join(name.split())
        if not name:
            raise UsageError(f"a {table} needs a name")
        people = Identities(current)
        number = 1
        while True:
            native_id = f"own:{name}" if number == 1 else f"own:{name}:{number}"
            row = self._store.one(
                f"SELECT id, merged_into, {OWN[table]} FROM {table}"
                " WHERE native_id = ?",
                (to_text(native_id),),
            )
            if row is None:
                break
            if row[1:] == (None, None):
                return int(row[0])
            number += 1  # it is another one by now
        if table == "sender":
            return people.sender(PersonTold(native_id, name, _OWN_RANK))
        told = ChatTold(0, native_id, "group", name, _OWN_RANK, 1.0)
        return people.chat(told)

    def _shown_target(self, table: str, target: str | bytes, scope: int) -> str:
        """What a rule's target is called now; empty when it is gone."""
        where = "native_id = ?" + (" AND scope = ?" if table == "chat" else "")
        params = (target, scope) if table == "chat" else (target,)
        row = self._store.one(f"SELECT id FROM {table} WHERE {where}", params)
        if row is None:
            return ""
        return from_text(self._name(table, root_of(self._store, table, row[0])))


_ORDER_WORDS = {
    "dmy": "day, month, year",
    "mdy": "month, day, year",
    "ymd": "year, month, day",
}


def _either(chat: Target | None, sender: Target | None) -> tuple[str, Target]:
    """Tell whether a chat or a sender was named."""
    if chat is not None and sender is None:
        return "chat", chat
    if sender is not None and chat is None:
        return "sender", sender
    raise UsageError("either a chat or a sender is needed")
