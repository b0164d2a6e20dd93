"""A program with the tree alone, to be run in a terminal by tests and benchmarks.

Keys besides those of the tree: `1` a note arrives, `2` a note is played, `3` a note
goes, `5` a panel over everything (`c` closes it), `6` a notice, `7` a pane at the
side, `8` the playing mark, `R` clear the terminal and paint everything, `S` count up
in the last line.
"""

from __future__ import annotations

import argparse
import random
from array import array
from typing import TYPE_CHECKING, ClassVar

from textual.app import App
from textual.containers import Horizontal
from textual.geometry import Region
from textual.screen import ModalScreen
from textual.widgets import Static

from tests.support.memory_library import START_MS, MemoryLibrary
from tui.browse import TreeModel
from tui.library import NoteKeys
from tui.model import (
    ROW_WAVE,
    Chat,
    ChatId,
    ChatKind,
    GroupKind,
    NoteId,
    NoteState,
    Played,
    Sort,
    SourceId,
    Totals,
)
from tui.widgets.note_tree import NoteTree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from tui.model import Group, NoteRow

DAY = 86_400_000
NAMES = ("Ana", "家族の写真", "Zoë", "[/]", "a\x1b[31mb", "👩 Bob", "e\u0301lan")


class Panel(ModalScreen[None]):
    """Something that lies over the tree."""

    CSS = """
    Panel { align: center middle; }
    Static { width: 30; height: 7; background: $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        ("c", "dismiss"),
        ("1", "app.arrive"),
        ("S", "app.count"),
    ]

    def compose(self) -> ComposeResult:
        """One box."""
        yield Static("over the tree", markup=False)


class TreeApp(App[None]):
    """The tree below a line and above another, as in the browser."""

    CSS = """
    #head, #foot { height: 1; }
    #side { width: 30; display: none; }
    #side.-shown { display: block; }
    """
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        ("1", "arrive"),
        ("2", "play"),
        ("3", "leave"),
        ("5", "panel"),
        ("6", "notice"),
        ("7", "side"),
        ("8", "mark"),
        ("R", "repaint"),
        ("S", "count"),
        ("q", "quit"),
    ]

    def __init__(
        self, library: MemoryLibrary, *, ascii_only: bool = False, fold_at: int = 30
    ) -> None:
        super().__init__()
        self.library = library
        self.model = TreeModel(library, fold_at=fold_at)
        self.model.load()
        self.tree_view = NoteTree(
            self.model,
            ascii_only=ascii_only,
            empty="nothing",
            now=lambda: 1_723_728_000,
        )
        self.counted = 0
        self.random = random.Random(4)
        self.next_id = 10_000

    def compose(self) -> ComposeResult:
        """A line, the tree with a pane beside it, a line."""
        yield Static("head", id="head", markup=False)
        with Horizontal():
            yield self.tree_view
            yield Static("at the side\n" * 9, id="side", markup=False)
        yield Static("", id="foot", markup=False)

    def on_mount(self) -> None:
        """The keys go to the tree."""
        self.tree_view.focus()

    def action_count(self) -> None:
        """Show that every key before this one was handled."""
        self.counted += 1
        self.query_one("#foot", Static).update(f"count {self.counted}.")

    def action_arrive(self) -> None:
        """One to three notes arrive, mostly new ones."""
        ids = []
        for _ in range(self.random.randint(1, 3)):
            self.next_id += 1
            ids.append(self.next_id)
            day = self.random.choice((70, 71, self.random.randint(0, 71)))
            sender = self.random.choice(NAMES)
            order = START_MS + day * DAY + self.next_id * 977
            self.library.put(
                self.next_id, self.random.randint(1, 8), order, sender=sender
            )
        self.tree_view.apply(self.library.change(*ids))

    def action_play(self) -> None:
        """Any note, or the one under the cursor, counts as heard."""
        row = self.library.notes[self.random.choice(list(self.library.notes))]
        if self.tree_view.cursor_note is not None:
            row = self.library.notes[self.tree_view.cursor_note]
        self.library.put(row.id, row.chat_id, row.order_ms, played=Played.PLAYED)
        self.tree_view.apply(self.library.change(row.id))

    def action_leave(self) -> None:
        """Any note goes."""
        row = self.library.notes[self.random.choice(list(self.library.notes))]
        self.library.put(row.id, row.chat_id, row.order_ms, state=NoteState.MISSING)
        self.tree_view.apply(self.library.change(row.id))

    def action_panel(self) -> None:
        """Lay something over the tree."""
        self.push_screen(Panel())

    def action_notice(self) -> None:
        """Say something in the corner, for a moment."""
        self.notify("a notice", timeout=0.3, markup=False)

    def action_side(self) -> None:
        """Show or hide what is beside the tree."""
        self.query_one("#side").toggle_class("-shown")

    def action_mark(self) -> None:
        """The note under the cursor plays."""
        self.tree_view.playing = self.tree_view.cursor_note

    def action_repaint(self) -> None:
        """Have Textual paint everything on an empty terminal."""
        if self._driver is not None:
            self._driver.write("\x1b[2J")
        self.refresh(layout=True)
        self.screen.refresh()


class FlatLibrary(MemoryLibrary):
    """One chat with very many notes that are made when they are asked for."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count
        self.titles[ChatId(1)] = "Chat 1"
        self.put(1, 1, START_MS)
        self.sample = self.notes.pop(NoteId(1))

    def totals(self) -> Totals:
        many = self.count + len(self.notes)
        return Totals(notes=many, unplayed=many, duration_ms=many, unplayed_ms=many)

    def chats(self) -> list[Chat]:
        many = self.count + len(self.notes)
        return [
            Chat(ChatId(1), SourceId(1), ChatKind.DIRECT, "Chat 1", many, many, many, 1)
        ]

    def group_totals(self, group: Group) -> tuple[int, int, int]:
        return (40, 40, 40) if group.kind is GroupKind.RECENT else (0, 0, 0)

    def keys(self, group: Group, sort: Sort = Sort.NEWEST) -> NoteKeys:
        ids = array("q", range(self.count, 0, -1))
        return NoteKeys(array("q", [START_MS + i * 60_000 for i in ids]), ids)

    def rows(self, ids: Sequence[NoteId]) -> list[NoteRow]:
        return [
            self.notes.get(i)
            or self.sample._replace(
                id=i,
                sent_ms=START_MS + i * 60_000 - 40 * DAY,
                wave=random.Random(i).randbytes(ROW_WAVE),
            )
            for i in ids
        ]


def filled(chats: int, notes: int) -> MemoryLibrary:
    """Make a library with so many notes in each chat, some of them odd."""
    library = MemoryLibrary()
    draw = random.Random(3)
    for chat in range(1, chats + 1):
        library.titles[ChatId(chat)] = f"{NAMES[chat % len(NAMES)]} {chat}"
        for i in range(notes if chat % 2 else notes // 3):
            order = START_MS + draw.randint(0, 70 * DAY)
            library.put(
                chat * 1000 + i,
                chat,
                order,
                sender=draw.choice(NAMES),
                played=draw.choice(tuple(Played)),
                state=draw.choice((NoteState.READY,) * 9 + (NoteState.UNREADABLE,)),
                wave=draw.randbytes(ROW_WAVE),
                reason="empty file",
                duration_ms=draw.choice((None, 5_000, 42_000, 3_700_000)),
                title=draw.choice(("", "", "a title", "ein längerer Titel 家族")),
            )
    return library


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--ascii", action="store_true")
    parser.add_argument("--chats", type=int, default=8)
    parser.add_argument("--notes", type=int, default=45)
    parser.add_argument("--flat", type=int, default=0, help="one chat, so many notes")
    args = parser.parse_args()
    if args.flat:
        TreeApp(FlatLibrary(args.flat), fold_at=args.flat * 2).run()
        return
    TreeApp(filled(args.chats, args.notes), ascii_only=args.ascii).run()


if __name__ == "__main__":
    main()


def screen_of(app: TreeApp) -> list[str]:
    """Read the lines of the tree."""
    tree = app.tree_view
    strips = tree.render_lines(Region(0, 0, *tree.size))
    return [strip.text.rstrip() for strip in strips]
