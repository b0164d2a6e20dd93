"""From rows of the tree to the spans of their lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.browse import NodeItem
from tui.model import Direction, GroupKind, NoteKind, NoteState
from tui.rowtext import (
    UNICODE,
    hint_line,
    node_line,
    note_line,
    selected_line,
    time_room,
    when,
)

if TYPE_CHECKING:
    from tui.browse import NoteItem
    from tui.model import NoteRow
    from tui.rowtext import Glyphs, Line

__all__ = ["item_line"]

_IN_CHATS = frozenset({GroupKind.CHAT, GroupKind.MONTH})
_IN_MONTHS = frozenset(
    {GroupKind.MONTH, GroupKind.DAY, GroupKind.WEEK, GroupKind.CALENDAR}
)
"""The month stands above, or nearly."""
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
    snippet: str = "",
) -> Line:
    """Lay out one row of the tree.

    Args:
        item: What the row stands for.
        room: Cells of the widget.
        now_s: Seconds since 1970.
        glyphs: The marks.
        player: The value of a `PlayerState`, on the note that the player holds.
        snippet: The words that a search found; else the note's first words are shown.
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
    if item.row is None:
        return hint_line(glyphs.more, room, glyphs)
    line = _note_line(item, item.row, (room, now_s), glyphs, (player, snippet))
    return selected_line(line, glyphs) if item.is_selected else line


def _note_line(
    item: NoteItem,
    row: NoteRow,
    where: tuple[int, float],
    glyphs: Glyphs,
    told: tuple[str, str],
) -> Line:
    """Lay out a note.

    Args:
        item: What the row stands for.
        row: What is known of the note.
        where: Cells of the widget, and seconds since 1970.
        glyphs: The marks.
        told: What the player does with it, and the words that a search found.
    """
    room, now_s = where
    kind = item.group.kind
    in_month = kind in _IN_MONTHS
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
        player=told[0],
        time_cells=time_cells,
        title=_title(row),
        text=_words(row, told[1] or row.snippet, glyphs),
        reason=row.reason if row.state is not NoteState.READY else "",
        is_starred=row.star,
        tags=row.tags,
        wave=row.wave,
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


def _title(row: NoteRow) -> str:
    """Say what it is called; what can't be played is known by its file."""
    if row.state in {NoteState.READY, NoteState.MISSING}:
        return row.title
    return row.title or row.file_name


def _words(row: NoteRow, snippet: str, glyphs: Glyphs) -> str:
    """Choose what stands after the title."""
    if row.state not in {NoteState.READY, NoteState.MISSING}:
        return ""
    if snippet:
        marks = "“”" if glyphs is UNICODE else '""'
        return f"{marks[0]}{snippet}{marks[1]}"
    return "" if row.title else _KINDS[row.kind]
