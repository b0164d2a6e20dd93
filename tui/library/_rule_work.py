"""What the rules have still to be asked of: notes that are new or changed, in pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tui.library._change import change
from tui.library._facts import Facts, notes_with
from tui.library._people import Identities
from tui.library._reader import StoreReader
from tui.library._recordings import known_recording, recording_of
from tui.library._rows import from_text
from tui.library._undo import retell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tui.library._connection import Store
    from tui.model import Note, SourceId

__all__ = ["RulePage", "choose_by_rule", "next_page", "tell_stale"]

_PAGE = 128
_ALL = (1 << 63) - 1


class RulePage(NamedTuple):
    """Some notes, and the rules to ask of them."""

    rules: Mapping[int, str]
    """Queries by id."""
    notes: Sequence[Note]
    labels: Mapping[SourceId, str]
    """Names of the sources."""
    seen: tuple[int, int]
    """How far the rules are once this page is done: number of a change, id of a
    note."""


def next_page(store: Store) -> RulePage | None:
    """Find notes that changed since rules were asked of them; None when none did."""
    rules = store.all(
        "SELECT id, query, seen_rev, seen_note FROM rule WHERE is_on = 1"
        " AND seen_rev < (SELECT rev FROM meta) ORDER BY seen_rev, seen_note, id"
    )
    if not rules:
        return None
    begin = rules[0][2:]
    now = store.all("SELECT rev FROM meta")[0][0]
    rows = store.all(
        "SELECT rev, id FROM note WHERE (rev, id) > (?, ?) AND rev <= ?"
        " ORDER BY rev, id LIMIT ?",
        (*begin, now, _PAGE),
    )
    # A number that nothing was changed with is asked for once more, and finds nothing.
    seen = (now, _ALL) if len(rows) < _PAGE else rows[-1]
    reader = StoreReader(store)
    return RulePage(
        {row[0]: from_text(row[1]) for row in rules if row[2:] == begin},
        list(reader.notes([row[1] for row in rows])),
        {source.id: source.label for source in reader.sources()},
        seen,
    )


def choose_by_rule(
    store: Store, page: RulePage, matches: Sequence[tuple[int, int]], now_ms: int
) -> None:
    """Write what rules say of notes that they match.

    What a rule said once stays until it is removed, also when the note does not match
    any more: it may be because of what the rule said.

    Args:
        store: A connection that may write, without an open transaction.
        page: What the rules were asked of.
        matches: Pairs of rule and note.
        now_ms: The wall clock.
    """
    hashes: dict[int, bytes] = {}
    for _, note_id in matches:
        content = _hash_of(store, note_id)
        if content is not None:
            hashes[note_id] = content
    with change(store) as current:
        facts = Facts(current, Identities(current))
        for rule_id, note_id in matches:
            if note_id not in hashes:
                continue
            count = store.run(
                "INSERT OR IGNORE INTO choice(hash, field, target, scope, title,"
                " set_ms, rule_id) SELECT ?, field, target, scope, title, ?, id"
                " FROM rule WHERE id = ? AND is_on = 1",
                (hashes[note_id], now_ms, rule_id),
            )
            if count:
                facts.apply_all(notes_with(store, hashes[note_id]))
        for rule_id in page.rules:
            store.run(
                "UPDATE rule SET seen_rev = ?, seen_note = ? WHERE id = ?",
                (*page.seen, rule_id),
            )


def tell_stale(store: Store) -> int:
    """Tell some notes anew that an edit left behind; returns how many."""
    if store.one("SELECT 1 FROM retell LIMIT 1") is None:
        return 0
    with change(store) as current:
        return retell(current)


def _hash_of(store: Store, note_id: int) -> bytes | None:
    """The hash of a note's recording; its file is read if need be."""
    found = known_recording(store, note_id)
    if found is None:
        row = store.one("SELECT shares FROM note WHERE id = ?", (note_id,))
        try:
            found = recording_of(store, (row and row[0]) or note_id)
        except OSError:
            return None  # it is asked again when the file changes
    return None if found is None else found[1]
