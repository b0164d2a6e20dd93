"""Writing what the indexer found in a folder: new files, changed ones, moved ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tui.library._change import Standing
from tui.library._connection import listed
from tui.library._facts import FACTS, Facts
from tui.library._join import free_keys, regroup
from tui.library._match import match_arrived
from tui.library._people import ChatTold, Identities
from tui.library._rows import join_path, to_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.library._api import NoteRecord
    from tui.library._change import Change

__all__ = ["FolderWriter"]

_NAMES_AT_ONCE = 500
_VISIBLE = frozenset({"ready", "unreadable"})
_PROBLEM = frozenset({"partial", "unreadable"})
_FOLDER_RANK = 1
"""How good a folder's name is as the title of a chat: better than none."""


class _Known(NamedTuple):
    """The stored form of a file."""

    id: int
    note_id: int
    folder_id: int
    name: bytes
    role: str
    size: int
    mtime_ns: int
    inode: int
    container: str
    duration_ms: int | None
    measured: int
    recording_id: int | None
    missing: int


_KNOWN = (
    "SELECT id, note_id, folder_id, name, role, size, mtime_ns, inode, container,"
    " duration_ms, measured, recording_id, missing FROM file"
)

_INSERT_NOTE = (
    "INSERT INTO note(id, key, source_id, rev, state, reason, visible, problem,"
    f" duration_ms, {', '.join(FACTS)}) VALUES ({','.join('?' * (9 + len(FACTS)))})"
)
_CHAT_AT = 9
"""Where its values have the chat."""
_SENDER_AT = _CHAT_AT + FACTS.index("sender_id")
_INSERT_FILE = (
    "INSERT INTO file(id, note_id, role, folder_id, name, base_name, size, mtime_ns,"
    " inode, state, reason, container, duration_ms, measured, order_ms)"
    " VALUES (?, ?, 'primary', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_UPDATE_FILE = (
    "UPDATE file SET note_id = ?, role = ?, folder_id = ?, name = ?, base_name = ?,"
    " size = ?, mtime_ns = ?, inode = ?, state = ?, reason = ?, container = ?,"
    " duration_ms = ?, measured = ?, order_ms = ?, recording_id = ?, missing = 0"
    " WHERE id = ?"
)


class FolderWriter:
    """Writes records of one folder within a change.

    Args:
        change: The open transaction.
        source_id: The source.
        root: Its root.
        folder: The folder's path in it.
        folder_id: The folder's row.
        is_new: Whether the folder was unknown, so that no file of it can be known.
    """

    def __init__(
        self,
        change: Change,
        source_id: int,
        root: bytes,
        folder: bytes,
        folder_id: int,
        *,
        is_new: bool,
    ) -> None:
        self._change = change
        self._store = change.store
        self._source_id = source_id
        self._root = root
        self._folder = folder
        self._folder_id = folder_id
        self._is_new = is_new
        self._people = Identities(change)
        self._merged = Facts(change, self._people)
        self._chats: dict[str, int] = {}
        self._senders: dict[str, int] = {}

    def write(self, records: Sequence[NoteRecord]) -> None:
        """Add or change files and their notes; of one name, the last record counts."""
        named = {record.name: record for record in records}
        old, new = self._told_apart(list(named.values()))
        for record, known in old:
            self._update(record, known)
        if new:
            self._insert(new)
        named_anew = [
            record.name
            for record, known in old
            if (known.folder_id, known.name) != (self._folder_id, record.name)
            or known.missing
        ]
        match_arrived(
            self._change, self._folder_id, [*named_anew, *(each.name for each in new)]
        )

    def _told_apart(
        self, records: list[NoteRecord]
    ) -> tuple[list[tuple[NoteRecord, _Known]], list[NoteRecord]]:
        """Find the stored form of each file: by its id, else by its place."""
        old: list[tuple[NoteRecord, _Known]] = []
        rest: list[NoteRecord] = []
        claimed: set[int] = set()
        for record in records:
            known = None
            if record.file_id is not None and record.file_id not in claimed:
                known = self._find("id = ?", record.file_id)
            if known is None:
                rest.append(record)
                continue
            claimed.add(known.id)
            old.append((record, known))
            if (known.folder_id, known.name) != (self._folder_id, record.name):
                # Off its place first: files may have exchanged their names.
                self._store.run(
                    "UPDATE file SET folder_id = NULL WHERE id = ?", (known.id,)
                )
        if self._is_new:
            return old, rest
        here = self._known_here([record.name for record in rest])
        old += [(record, here[record.name]) for record in rest if record.name in here]
        return old, [record for record in rest if record.name not in here]

    def _known_here(self, names: list[bytes]) -> dict[bytes, _Known]:
        """The stored forms of files of this folder, by name."""
        found = {}
        for start in range(0, len(names), _NAMES_AT_ONCE):
            marks, some = listed(names[start : start + _NAMES_AT_ONCE])
            for row in self._store.all(
                f"{_KNOWN} WHERE folder_id = ? AND name IN ({marks})",
                (self._folder_id, *some),
            ):
                known = _Known(*row)
                found[known.name] = known
        return found

    def _find(self, where: str, *params: object) -> _Known | None:
        row = self._store.one(f"{_KNOWN} WHERE {where}", params)
        return None if row is None else _Known(*row)

    def _insert(self, records: list[NoteRecord]) -> None:
        """Add files that were never seen, each with a note of its own."""
        change = self._change
        paths = [join_path(self._folder, record.name) for record in records]
        keys = free_keys(self._store, self._root, paths)
        notes: list[tuple[Any, ...]] = []
        files = []
        for record, key in zip(records, keys, strict=True):
            note_id = change.new_note_id()
            notes.append(self._new_note(note_id, key, record))
            files.append(
                (
                    change.new_file_id(),
                    note_id,
                    self._folder_id,
                    record.name,
                    record.base_name,
                    record.size,
                    record.mtime_ns,
                    record.inode,
                    # Plain values: SQLite's module takes longer over all others.
                    str(record.state),
                    to_text(record.reason),
                    record.container,
                    record.duration_ms,
                    int(record.duration_ms is not None),
                    record.order_ms,
                )
            )
        self._store.run_many(_INSERT_NOTE, notes)
        self._store.run_many(_INSERT_FILE, files)
        # A chat or sender that went into another is not the one that is shown.
        chats = self._joined("chat", self._chats)
        senders = self._joined("sender", self._senders)
        for note in notes if chats or senders else ():
            if note[_CHAT_AT] in chats or note[_SENDER_AT] in senders:
                self._merged.apply(note[0])

    def _joined(self, table: str, known: dict[str, int]) -> set[int]:
        """Which of some chats or senders went into others."""
        return {
            row_id
            for row_id in known.values()
            if self._people.root(table, row_id) != row_id
        }

    def _new_note(
        self, note_id: int, key: bytes, record: NoteRecord
    ) -> tuple[Any, ...]:
        facts = self._facts(record)
        state = str(record.state)
        standing = Standing(
            facts[0],
            self._source_id,
            record.month,
            record.order_ms,
            int(state in _VISIBLE),
            int(state in _PROBLEM),
            0,  # not played
            record.duration_ms or 0,
        )
        self._change.born(standing)
        return (
            note_id,
            key,
            self._source_id,
            self._change.rev,
            state,
            to_text(record.reason),
            standing.visible,
            standing.problem,
            record.duration_ms,
            *facts,
        )

    def _update(self, record: NoteRecord, known: _Known) -> None:
        """Bring a known file, and the note it belongs to, up to date."""
        is_moved = (known.folder_id, known.name) != (self._folder_id, record.name)
        is_same = (known.size, known.mtime_ns) == (record.size, record.mtime_ns)
        # The same file at another place keeps its inode; else only the hash can tell.
        keeps_hash = is_same and (not is_moved or known.inode == record.inode)
        replaced = self._displace(record, known) if is_moved else None
        note_id, role = self._owner(record, known, is_same=is_same, replaced=replaced)
        duration_ms = record.duration_ms
        if duration_ms is None and is_same:
            duration_ms = known.duration_ms
        self._store.run(
            _UPDATE_FILE,
            (
                note_id,
                role,
                self._folder_id,
                record.name,
                record.base_name,
                record.size,
                record.mtime_ns,
                record.inode,
                record.state,
                to_text(record.reason),
                record.container or (known.container if is_same else ""),
                duration_ms,
                duration_ms is not None or (is_same and known.measured == 1),
                record.order_ms,
                known.recording_id if keeps_hash else None,
                known.id,
            ),
        )
        if role == "primary":
            self._merged.tell_path(note_id, self._facts(record))
        changed = {known.note_id, note_id}
        if replaced is not None:
            changed.add(replaced.note_id)
        for each in changed:
            self._change.refresh(each)
        regroup(self._change, known.id)

    def _displace(self, record: NoteRecord, known: _Known) -> _Known | None:
        """Forget the file whose place a moved one took.

        Its note goes on if it has another file, for instance the one that moved here.
        """
        other = self._find(
            "folder_id = ? AND name = ? AND id <> ?",
            self._folder_id,
            record.name,
            known.id,
        )
        if other is not None:
            self._change.touch(other.note_id)
            self._store.run("DELETE FROM file WHERE id = ?", (other.id,))
        return other

    def _owner(
        self,
        record: NoteRecord,
        known: _Known,
        *,
        is_same: bool,
        replaced: _Known | None,
    ) -> tuple[int, str]:
        """Tell the note that a known file belongs to now, and its role there."""
        self._change.touch(known.note_id)
        if known.role == "primary":
            return known.note_id, "primary"
        if (
            replaced is not None
            and replaced.role == "primary"
            and replaced.note_id == known.note_id
        ):
            return known.note_id, "primary"
        stays = known.folder_id == self._folder_id
        if is_same and stays and (record.base_name or known.name == record.name):
            return known.note_id, "copy"
        # A copy that changed or went elsewhere is a note of its own again.
        note_id = self._change.new_note_id()
        path = join_path(self._folder, record.name)
        key = free_keys(self._store, self._root, [path])[0]
        self._store.run(_INSERT_NOTE, self._new_note(note_id, key, record))
        return note_id, "primary"

    def _facts(self, record: NoteRecord) -> tuple[int, *tuple[object, ...]]:
        """The values of _FACTS; plain text, because SQLite takes longer over enums."""
        return (
            self._chat(record),
            record.month,
            record.order_ms,
            str(record.kind),
            str(record.direction),
            None if record.sender is None else self._sender(record.sender),
            record.sent_ms,
            record.offset_min,
            str(record.precision),
            to_text(record.title),
            to_text(record.chat_origin),
            record.chat_confidence,
            to_text(record.sender_origin),
            record.sender_confidence,
            to_text(record.time_origin),
            record.time_confidence,
        )

    def _chat(self, record: NoteRecord) -> int:
        known = self._chats.get(record.chat_native_id)
        if known is None:
            known = self._chats[record.chat_native_id] = self._people.chat(
                ChatTold(
                    # Identities of messengers hold everywhere, those of folders don't.
                    0 if record.chat_is_global else self._source_id,
                    record.chat_native_id,
                    str(record.chat_kind),
                    record.chat_title,
                    _FOLDER_RANK,
                    record.chat_confidence,
                )
            )
        return known

    def _sender(self, name: str) -> int:
        known = self._senders.get(name)
        if known is None:
            known = self._senders[name] = self._people.named_sender(name)
        return known
