"""A tree over a library in memory, grouped and searched as the browser does it."""

from __future__ import annotations

from tests.support.memory_library import START_MS, MemoryLibrary
from tui.browse import NodeItem, RowKey, TreeModel
from tui.model import ChatId, Group, GroupBy, GroupKind, NoteId

__all__ = ["DAY", "chat", "go", "made", "search", "shown", "view"]

DAY = 86_400_000


def chat(number: int) -> Group:
    """Name the group of a chat."""
    return Group(GroupKind.CHAT, ChatId(number))


def made(*, fold_at: int = 60) -> tuple[MemoryLibrary, TreeModel]:
    """Make two chats of five notes on five days, by Ana and Bob in turn.

    The ids are the chat's number times 100 plus 1 to 5 from the oldest, of 16 August,
    on; the higher, the longer. Those of chat 2 are an hour later.
    """
    library = MemoryLibrary()
    for number in (1, 2):
        for i in range(1, 6):
            library.put(
                number * 100 + i,
                number,
                START_MS + number * 3_600_000 + i * DAY,
                sender=("Ana", "Bob")[i % 2],
                duration_ms=i * 1000,
            )
    tree = TreeModel(library, fold_at=fold_at)
    tree.load()
    return library, tree


def shown(tree: TreeModel) -> list[str]:
    """Write all rows in short: names of groups, ids of notes."""
    lines = []
    for item in tree.items(0, tree.count):
        text = item.label if isinstance(item, NodeItem) else str(item.note_id)
        lines.append("  " * item.depth + text)
    return lines


def view(library: MemoryLibrary, tree: TreeModel, by: GroupBy) -> None:
    """Group the tree as the browser does."""
    tree.show_view(by, [] if by is GroupBy.CHAT else library.buckets(by))


def search(library: MemoryLibrary, tree: TreeModel, query: str) -> Group:
    """Search as the browser does."""
    group = Group(GroupKind.SEARCH, query=query)
    keys = library.keys(group, tree.sort)
    tree.show_search(group, keys, library.group_totals(group))
    return group


def go(tree: TreeModel, note_id: int, group: Group | None = None) -> None:
    """Put the cursor on a note, in its chat or another group."""
    if group is None:
        assert tree.reveal(NoteId(note_id)) is not None
        return
    tree.set_open(group, is_open=True)
    row = tree.index_of(RowKey(group, NoteId(note_id)))
    assert row is not None
    tree.move_to(row)
