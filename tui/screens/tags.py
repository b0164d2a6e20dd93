"""All tags with what they hold: shown, renamed, joined, taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from typing_extensions import override

from tui.rowtext import total
from tui.screens.framed import ConfirmScreen, LineScreen, ListScreen
from tui.text import printable
from tui.widgets.glyphs import UNICODE
from tui.widgets.marked_list import ListRow
from tui.words import fold

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from textual.binding import BindingType

    from tui.answers import TagTotals
    from tui.widgets.glyphs import Glyphs

__all__ = ["TagsScreen", "as_tree"]

_KEYS = ("Enter shows it", "r rename", "d delete", "o sort", "Esc")


def as_tree(tags: Sequence[TagTotals], *, by_count: bool) -> list[TagTotals]:
    """Put tags in the order of a tree: each before those below it.

    Args:
        tags: The tags.
        by_count: Of those beside each other, the most used first; else by name.
    """
    notes = {tuple(fold(tag.name).split("/")): tag.notes for tag in tags}

    def rank(tag: TagTotals) -> list[tuple[int, str]]:
        parts = tuple(fold(tag.name).split("/"))
        return [
            (-notes.get(parts[: end + 1], 0) if by_count else 0, parts[end])
            for end in range(len(parts))
        ]

    return sorted(tags, key=rank)


class TagsScreen(ListScreen["str | None"]):
    """Lists all tags; gives the name of the one to show in the tree.

    Args:
        load: Reads them.
        rename: Calls a tag, and those below it, otherwise.
        delete: Takes a tag, and those below it, away.
        can_write: Whether they may be changed; says so where not.
        glyphs: The marks.
    """

    DEFAULT_CSS = """
    TagsScreen > Vertical { max-width: 90; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "rename", "Rename, join", id="tags.rename"),
        Binding("d,delete", "delete", "Delete", id="tags.delete"),
        Binding("o", "sort", "Sort", id="tags.sort"),
    ]

    def __init__(
        self,
        load: Callable[[], Awaitable[Sequence[TagTotals]]],
        rename: Callable[[str, str], Awaitable[None]],
        delete: Callable[[str], Awaitable[None]],
        can_write: Callable[[], bool],
        glyphs: Glyphs = UNICODE,
    ) -> None:
        super().__init__("Tags", _KEYS, "no tags yet: t gives one to a note", glyphs)
        self._load = load
        self._rename = rename
        self._delete = delete
        self._can_write = can_write
        self._by_count = False
        self._tags: list[TagTotals] = []

    @override
    def on_mount(self) -> None:
        self.run_worker(self._read(""), group="tags", exclusive=True)

    async def _read(self, marked: str) -> None:
        """Show the tags as they are now, and mark one of them."""
        self._tags = list(await self._load())
        if self.is_attached:
            self._show(marked)

    def _show(self, marked: str) -> None:
        self._tags = as_tree(self._tags, by_count=self._by_count)
        names = [fold(tag.name) for tag in self._tags]
        key = fold(marked)
        at = names.index(key) if key in names else self.list.at
        self.show_frame(
            "Tags by count" if self._by_count else "Tags by name", self._keys
        )
        self.fill([self._row(tag) for tag in self._tags], at)

    def _row(self, tag: TagTotals) -> ListRow:
        depth = tag.name.count("/")
        above, _, last = tag.name.rpartition("/")
        known = {fold(each.name) for each in self._tags} if above else set()
        # Below one that is in the list, its last part tells enough.
        name = f"{'  ' * depth}{last}" if fold(above) in known else f"#{tag.name}"
        dot = self._glyphs.rows.unplayed
        fresh = f"{dot} {tag.unplayed:,}" if tag.unplayed else ""
        detail = f"{fresh:>7}{tag.notes:>8,}{total(tag.duration_ms):>10}"
        return ListRow(printable(name), detail)

    @property
    def _marked(self) -> TagTotals | None:
        at = self.list.at
        return self._tags[at] if at < len(self._tags) else None

    def action_choose(self) -> None:
        """Show the notes of the marked tag."""
        if self._marked is not None:
            self.dismiss(self._marked.name)

    def action_sort(self) -> None:
        """Sort by name, or by count."""
        marked = self._marked
        self._by_count = not self._by_count
        self._show(marked.name if marked is not None else "")

    def action_rename(self) -> None:
        """Call the marked tag otherwise."""
        tag = self._marked
        if tag is None or not self._can_write():
            return
        line = LineScreen(f"Rename #{tag.name}", text=tag.name, glyphs=self._glyphs)

        def follow(text: str | None) -> None:
            if text:
                self._rename_to(tag, text.lstrip("#").strip())

        self.app.push_screen(line, follow)

    def _rename_to(self, tag: TagTotals, name: str) -> None:
        """Rename; ask first where that joins two tags for good."""
        others = {fold(each.name) for each in self._tags} - {fold(tag.name)}
        if fold(name) not in others:
            self._then(self._rename(tag.name, name), name)
            return
        question = ConfirmScreen(
            f"#{name} is there already: let #{tag.name} be one with it?",
            glyphs=self._glyphs,
        )

        def follow(sure: bool | None) -> None:  # noqa: FBT001  # the answer
            if sure:
                self._then(self._rename(tag.name, name), name)

        self.app.push_screen(question, follow)

    def action_delete(self) -> None:
        """Take the marked tag from all notes."""
        tag = self._marked
        if tag is None or not self._can_write():
            return
        below = [each for each in self._tags if fold(each.name).startswith(_under(tag))]
        noun = "note" if tag.notes == 1 else "notes"
        question = ConfirmScreen(
            f"Take #{tag.name} from {tag.notes:,} {noun}?",
            f"So go {len(below):,} below it." if below else "",
            glyphs=self._glyphs,
        )

        def follow(sure: bool | None) -> None:  # noqa: FBT001  # the answer
            if sure:
                self._then(self._delete(tag.name), "")

        self.app.push_screen(question, follow)

    def _then(self, work: Awaitable[None], marked: str) -> None:
        async def follow() -> None:
            await work
            await self._read(marked)

        self.run_worker(follow(), group="edits")


def _under(tag: TagTotals) -> str:
    return f"{fold(tag.name)}/"
