"""From rows of the tree to the spans of their lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.browse import NodeItem
from tui.model import Direction, GroupKind, NoteKind, NoteState
from tui.rowtext import UNICODE, hint_line, node_line, note_line, time_room, when

if TYPE_CHECKING:
    from tui.browse import NoteItem
    from tui.model import NoteRow
    from tui.rowtext import Glyphs, Line

__all__ = ["item_line"]

_IN_CHATS = frozenset({GroupKind.CHAT, GroupKind.MONTH})
_KINDS = {
    NoteKind.VOICE: "",
    NoteKind.AUDIO: "audio",
    NoteKind.VIDEO_NOTE: "video note",
    NoteKind.VIEW_ONCE: "view once",
}


def item_line(
    item: NodeItem | NoteItem,
    room: int,
    now_s: float,
    glyphs: Glyphs = UNICODE,
    *,
    player: str = "",
) -> Line:
    """Lay out one row of the tree.

    Args:
        item: What the row stands for.
        room: Cells of the widget.
        now_s: Seconds since 1970.
        glyphs: The marks.
        player: The value of a `PlayerState`, on the note that the player holds.
    """
    if isinstance(item, NodeItem):
        kind = item.group.kind
        return node_line(
            item.label,
            room,
            depth=item.depth,
            is_open=item.is_open,
            notes=item.notes,
            unplayed=item.unplayed,
            duration_ms=item.duration_ms,
            badge=kind is not GroupKind.UNPLAYED,
            glyphs=glyphs,
        )
    row = item.row
    if row is None:
        return hint_line(glyphs.more, room, glyphs)
    kind = item.group.kind
    in_month = kind is GroupKind.MONTH
    time_cells = time_room(room, in_month=in_month)
    return note_line(
        room,
        time_text=when(
            row.sent_ms,
            row.offset_min,
            row.precision,
            now_s,
            in_month=in_month,
            room=time_cells,
        ),
        sender=_who(row, glyphs, is_in_chat=kind in _IN_CHATS),
        duration_ms=row.duration_ms,
        state=row.state,
        played=row.played,
        depth=item.depth,
        has_exact_time=row.precision != "mtime",
        player=player,
        time_cells=time_cells,
        text=_words(row, glyphs),
        reason=row.reason if row.state is not NoteState.READY else "",
        is_starred=row.star,
        tags=row.tags,
        glyphs=glyphs,
    )


def _who(row: NoteRow, glyphs: Glyphs, *, is_in_chat: bool) -> str:
    """Say who speaks and, where no chat stands above, in which chat."""
    sender = row.sender or ("me" if row.direction is Direction.SENT else "")
    if is_in_chat:
        return sender
    if sender in {"", row.chat_title}:
        return row.chat_title
    return f"{sender} {glyphs.dot} {row.chat_title}"


def _words(row: NoteRow, glyphs: Glyphs) -> str:
    """Choose what stands in the middle of the row."""
    if row.state not in {NoteState.READY, NoteState.MISSING}:
        return row.title or row.file_name
    if row.snippet:
        marks = "“”" if glyphs is UNICODE else '""'
        return f"{marks[0]}{row.snippet}{marks[1]}"
    return row.title or _KINDS[row.kind]
