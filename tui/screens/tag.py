"""Choosing tags for notes: typing a part of a name, giving and taking away."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual import on
from textual.binding import Binding
from textual.containers import Vertical
from textual.getters import query_one
from textual.suggester import Suggester
from textual.widgets import Input
from typing_extensions import override

from tui.screens.framed import FramedScreen, PlainInput
from tui.screens.pick import Choice, filtered
from tui.text import printable
from tui.widgets.glyphs import UNICODE
from tui.widgets.marked_list import ListRow, MarkedList
from tui.words import fold

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from tui.answers import TagTotals
    from tui.widgets.glyphs import Glyphs

__all__ = ["KnownTag", "TagChange", "TagScreen", "TagState", "in_order"]

_PAGE = 10
_FRAME = 5
"""Rows that hold no tag: frame, line, a blank one, a new name."""
_LOWEST = 8
_KEYS = ("Enter", "Tab for several", "Esc leaves it")
_MARKS = {False: ("✓", "–"), True: ("+", "-")}  # noqa: RUF001  # some have it: half a cross
"""All notes have it, some do; by whether only ASCII may be used."""


class TagState(NamedTuple):
    """The tags that there are, and who has them."""

    tags: Sequence[TagTotals]
    on: Mapping[str, int]
    """How many of the notes have a tag; those that none has are left out."""


class TagChange(NamedTuple):
    """What was chosen."""

    add: tuple[str, ...]
    remove: tuple[str, ...]


class KnownTag(NamedTuple):
    """A tag, and who has it."""

    name: str
    notes: int
    """How many notes have it in all."""
    on: int
    """How many of the notes have it."""


def in_order(state: TagState, recent: Sequence[str]) -> list[KnownTag]:
    """Put tags into the order in which they are likely to be wanted.

    Args:
        state: The tags.
        recent: Those that were given last, the last one first.

    Returns:
        The last one first, then what the notes have, what was given before, and the
        rest, the most used first.
    """
    ranks = {fold(name): at for at, name in enumerate(recent)}
    known = {fold(tag.name): KnownTag(tag.name, tag.notes, 0) for tag in state.tags}
    for name, count in state.on.items():
        tag = known.get(fold(name), KnownTag(name, count, 0))
        known[fold(name)] = tag._replace(on=count)
    for name in recent:
        known.setdefault(fold(name), KnownTag(name, 0, 0))

    def rank(tag: KnownTag) -> tuple[bool, bool, int, int, str]:
        last = ranks.get(fold(tag.name), len(ranks))
        return last != 0 or not ranks, not tag.on, last, -tag.notes, fold(tag.name)

    return sorted(known.values(), key=rank)


class _Completion(Suggester):
    """Completes what is typed to the tag that fits best, up to its next part."""

    def __init__(self, best: Callable[[str], str]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._best = best

    @override
    async def get_suggestion(self, value: str) -> str | None:
        typed = value.removeprefix("#")
        name = printable(self._best(typed))
        if not typed or name[: len(typed)].casefold() != typed.casefold():
            return None
        end = name.find("/", len(typed))
        rest = name[len(typed) : end + 1 if end >= 0 else len(name)]
        return value + rest if rest else None


class TagScreen(FramedScreen["TagChange | None"]):
    """A line to type in, and below it the tags that fit.

    Enter gives the marked tag or takes it away. Tab does that too and stays, until
    Enter on the empty line.

    Args:
        title: What is tagged.
        count: How many notes that are.
        load: Reads the tags; perhaps more than once, as they become known better.
        recent: The tags that were given last, the last one first.
        glyphs: The marks.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,ctrl+n", "move(1)", "Down", show=False, id="tag.down"),
        Binding("up,ctrl+p", "move(-1)", "Up", show=False, id="tag.up", priority=True),
        Binding("pagedown", f"move({_PAGE})", "Page down", id="tag.page_down"),
        Binding("pageup", f"move(-{_PAGE})", "Page up", id="tag.page_up"),
        Binding("tab", "turn", "Mark and stay", id="tag.turn", priority=True),
    ]
    AUTO_FOCUS = "PlainInput"

    line = query_one(PlainInput)
    rows = query_one(MarkedList)

    def __init__(
        self,
        title: str,
        count: int,
        load: Callable[[], AsyncIterator[TagState]],
        *,
        recent: Sequence[str] = (),
        glyphs: Glyphs = UNICODE,
    ) -> None:
        super().__init__(printable(title), _KEYS, glyphs)
        self._count = count
        self._load = load
        self._recent = recent
        self._tags: list[KnownTag] = []
        self._shown: list[KnownTag] = []
        self._new = ""
        self._wanted: dict[str, bool] = {}
        """By folded name: tags to give, and to take away."""
        self._waits = False
        """Enter was pressed before the tags were there."""
        self.is_read = False

    @override
    def compose(self) -> ComposeResult:
        with Vertical(id="frame"):
            yield PlainInput(
                placeholder="type a tag; / leads to one below",
                select_on_focus=False,
                suggester=_Completion(self._best),
            )
            yield MarkedList(self._glyphs)

    @override
    def on_mount(self) -> None:
        self.line.styles.margin = (0, 0, 1, 0)
        self.frame.styles.height = _LOWEST
        self.run_worker(self._read(), group="tags")

    async def _read(self) -> None:
        async for state in self._load():
            if not self.is_attached:
                return
            self._take_in(in_order(state, self._recent))
            self.is_read = True
            if self._waits:
                self._take()
                return

    def _take_in(self, tags: Sequence[KnownTag]) -> None:
        """Show tags; those that are there already stay where they are."""
        new = {fold(tag.name): tag for tag in tags}
        old = [new.pop(fold(tag.name), tag) for tag in self._tags]
        self._tags = [*old, *new.values()]
        # As high as all of them, whatever is typed: nothing shall jump.
        self.frame.styles.height = max(_LOWEST, len(self._tags) + _FRAME)
        self._show(self.rows.at)

    # What is shown

    def _typed(self) -> str:
        return " ".join(self.line.value.split()).lstrip("#").strip()

    def _find(self, typed: str) -> list[KnownTag]:
        """List the tags that fit; what was typed whole stands first."""
        choices = [Choice(tag.name, value=at) for at, tag in enumerate(self._tags)]
        found = [self._tags[each.value] for each in filtered(choices, typed)]
        exact = fold(typed)
        return sorted(found, key=lambda tag: fold(tag.name) != exact)

    def _best(self, typed: str) -> str:
        return next((tag.name for tag in self._find(typed)), "")

    def _show(self, at: int = 0) -> None:
        typed = self._typed()
        self._shown = self._find(typed)
        name = "/".join(filter(None, (part.strip() for part in typed.split("/"))))
        is_known = fold(name) in {fold(tag.name) for tag in self._tags}
        self._new = "" if is_known else name
        rows = [self._row(tag) for tag in self._shown]
        if self._new:
            rows.append(ListRow(f"new tag #{printable(self._new)}", "", " "))
        self.rows.fill(rows, "no tags yet: type the first one", at)

    def _row(self, tag: KnownTag) -> ListRow:
        all_have, some_have = _MARKS[self._glyphs.is_ascii]
        wanted = self._wanted.get(fold(tag.name))
        has_all = tag.on >= self._count
        if wanted is not None:
            has_all = wanted
        mark = " "
        if has_all:
            mark = all_have
        elif tag.on and wanted is None:
            mark = some_have
        detail = f"{tag.notes:,}"
        if wanted is not None:
            detail = f"{'give' if wanted else 'take away'}  {detail}"
        elif 0 < tag.on < self._count:
            detail = f"{tag.on:,} of them  {detail}"
        return ListRow(f"#{printable(tag.name)}", detail, mark)

    # What is done

    def _turn(self, tag: KnownTag) -> None:
        """Want the next of what can be wanted of a tag: given, taken away, as it is."""
        key = fold(tag.name)
        if tag.on >= self._count:
            ways: list[bool | None] = [None, False]
        elif tag.on:
            ways = [None, True, False]
        else:
            ways = [None, True]
        wanted = ways[(ways.index(self._wanted.get(key)) + 1) % len(ways)]
        if wanted is None:
            self._wanted.pop(key, None)
        else:
            self._wanted[key] = wanted

    def _turn_marked(self) -> bool:
        at = self.rows.at
        if at < len(self._shown):
            self._turn(self._shown[at])
        elif self._new:
            new = KnownTag(self._new, 0, 0)
            self._tags.insert(0, new)
            self._turn(new)
        else:
            return False
        return True

    @on(Input.Changed)
    def _follow_typing(self, event: Input.Changed) -> None:
        event.stop()
        if self.is_read:
            self._show()

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        event.stop()
        if self.is_read:
            self._take()
        else:
            self._waits = True

    @on(MarkedList.Chosen)
    def _choose_clicked(self, event: MarkedList.Chosen) -> None:
        event.stop()
        self._turn_marked()
        self._take_wanted()

    def _take(self) -> None:
        is_chosen = self._wanted and not self.line.value
        if is_chosen or self._turn_marked():
            self._take_wanted()

    def _take_wanted(self) -> None:
        names = {fold(tag.name): tag.name for tag in self._tags}
        add = tuple(names[key] for key, on in self._wanted.items() if on)
        remove = tuple(names[key] for key, on in self._wanted.items() if not on)
        self.dismiss(TagChange(add, remove))

    def action_move(self, rows: int) -> None:
        """Mark another tag; from the first one up to the last."""
        at = self.rows.at
        if rows == -1 and at == 0:
            self.rows.mark(self.rows.count - 1)
        else:
            self.rows.mark(at + rows)

    def action_turn(self) -> None:
        """Give or take away the marked tag, and stay."""
        if not self.is_read or not self._turn_marked():
            return
        at = 0 if self.line.value else self.rows.at + 1
        with self.prevent(Input.Changed):
            self.line.value = ""
        self._show(at)
        enter = "Enter keeps it so" if self._wanted else "Enter"
        self.show_frame(self._title, (enter, *_KEYS[1:]))
