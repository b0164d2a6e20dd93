"""The first start: which folders to watch, and what opens or names what is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input
from typing_extensions import override

from tui.errors import EarmarkError
from tui.indexer import FirstStart, Question
from tui.screens._first_words import key_label, lock_lines, sentences, summary_lines
from tui.text import printable
from tui.widgets.cells import Cells, Role, Run, line_width
from tui.widgets.footer import Footer, Hint
from tui.widgets.found_list import FoundFolder, FoundList
from tui.widgets.paragraphs import Paragraphs
from tui.widgets.place import place

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from tui.indexer import Likely
    from tui.services import Setup
    from tui.widgets.cells import Line
    from tui.widgets.glyphs import Glyphs

    Background = Callable[[Callable[[], None], str, float], Awaitable[bool]]

__all__ = ["FirstScreen"]

_SEARCH_S = 4.0
"""After this time nobody waits for the search any more: a disk may not answer."""
_WORK_S = 120.0
"""A passphrase of an old phone on a slow machine takes half a minute."""
_HINTS = {
    Question.FOLDERS: (
        Hint("Space", "choose"),
        Hint("Enter", "go on"),
        Hint("Tab", "type a path"),
        Hint("Esc", "leave"),
    ),
    Question.KEYS: (Hint("Enter", "go on, or skip"), Hint("Esc", "back")),
    Question.CONTACTS: (Hint("Enter", "go on, or skip"), Hint("Esc", "back")),
    Question.START: (Hint("Enter", "start"), Hint("Esc", "back")),
}


class _Top(Cells):
    """The top line: what this is, and what goes on."""

    DEFAULT_CSS = """
    _Top { background: $panel; }
    """
    state = ""

    def update(self, state: str) -> None:
        """Show what goes on; empty for nothing."""
        self.state = state
        self.lay_out()

    @override
    def make_lines(self) -> list[Line]:
        left: Line = (Run(" Earmark  ", Role.KEY), Run("first start", Role.DIM))
        state = Run(f"{self.state} ", Role.ACCENT)
        gap = self.size.width - line_width(left) - line_width((state,))
        return [(*left, Run(" " * max(1, gap)), state)]


class FirstScreen(ModalScreen[bool]):
    """Asks what to watch; gives back whether anything is.

    Args:
        setup: Finds folders, tries keys, remembers.
        search: Begins the search, and returns what ends it.
        background: Does something that may wait, for some seconds at most.
        glyphs: The marks.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "go_on", "Go on", id="first.go_on"),
        Binding("escape", "back", "Back", id="first.back"),
        Binding("tab", "app.focus_next", "Next field", id="first.next", priority=True),
        Binding("shift+tab", "app.focus_previous", show=False, priority=True),
        Binding("ctrl+c,ctrl+q", "app.quit", show=False, priority=True),
    ]
    AUTO_FOCUS = "FoundList"

    def __init__(
        self,
        setup: Setup,
        search: Callable[[], Callable[[], None]],
        background: Background,
        glyphs: Glyphs,
    ) -> None:
        super().__init__()
        self._setup = setup
        self._search = search
        self._background = background
        self._glyphs = glyphs
        self._end_search: Callable[[], None] = lambda: None
        self._is_searching = True
        self._is_busy = False
        self.first = FirstStart()
        self.question = Question.FOLDERS

    @override
    def compose(self) -> ComposeResult:
        yield _Top()
        with Vertical(id="first"):
            yield Paragraphs(id="asked")
            yield FoundList(self._glyphs)
            yield Paragraphs(id="told")
            yield Paragraphs(id="label-0")
            yield Input(compact=True, id="field-0")
            yield Paragraphs(id="label-1")
            yield Input(compact=True, id="field-1", password=True)
            yield Paragraphs(id="problem")
        yield Footer()

    def on_mount(self) -> None:
        """Begin to look around."""
        self._show()
        self._end_search = self._search()
        self.set_timer(_SEARCH_S, lambda: self.take(None))

    def on_unmount(self) -> None:
        """Look no further."""
        self._end_search()

    # What the search tells

    def take(self, found: Likely | bytes | None) -> None:
        """Show what was found.

        Args:
            found: A folder, the path of contacts, or None at the end of the search.
        """
        if found is None:
            self._is_searching = False
            self._end_search()
        elif isinstance(found, bytes):
            self.first.add_contacts(found)
        else:
            self.first.add(found)
        if self.question is Question.FOLDERS:
            self._show_folders()
        self._show_state()

    # What is shown

    def _show(self) -> None:
        """Show the question."""
        question = self.question
        self._show_asked()
        is_list = question is Question.FOLDERS
        self.query_one(FoundList).display = is_list
        self._show_fields()
        self._show_told()
        self._say("")
        if is_list:
            self._show_folders()
        self.query_one(Footer).update(_HINTS[question])
        self._show_state()
        fields = self._fields()
        if is_list:
            self.query_one(FoundList).focus()
        elif fields:
            fields[0].focus()
        else:
            self.set_focus(None)

    def _show_asked(self) -> None:
        asked = self.first.questions()
        number = f"{asked.index(self.question) + 1} of {len(asked)}"
        title, text = sentences(self.question)
        texts = (
            Run(f"{title}   {number}", Role.STRONG),
            Run(text, Role.DIM),
            Run(""),
        )
        line = self.query_one("#asked", Paragraphs)
        if line.texts != texts:
            line.update(texts)

    def _show_state(self) -> None:
        is_looking = self._is_searching and self.question is Question.FOLDERS
        dots = self._glyphs.ellipsis
        state = f"looking around {dots}" if is_looking else ""
        self.query_one(_Top).update(f"one moment {dots}" if self._is_busy else state)

    def _show_folders(self) -> None:
        found = self.first.found
        self._show_asked()
        self.query_one(FoundList).update(
            [
                FoundFolder(
                    each.root,
                    printable(place(each.root)),
                    each.what,
                    self.first.is_chosen(each.root),
                    printable(", ".join(each.reasons)),
                    tuple(map(printable, each.needs)),
                )
                for each in found
            ]
        )
        self._show_told()

    def _show_told(self) -> None:
        """Show what stands below the question, in words."""
        texts: list[Run] = []
        if self.question is Question.FOLDERS and not self.first.found:
            texts = [Run(self._nothing(), Role.DIM), Run("")]
        elif self.question is Question.KEYS:
            texts = [*lock_lines(self.first), Run("")]
        elif self.question is Question.START:
            texts = summary_lines(self.first)
        told = self.query_one("#told", Paragraphs)
        told.display = bool(texts)
        told.update(texts)

    def _nothing(self) -> str:
        if self._is_searching:
            return f"Looking around {self._glyphs.ellipsis}"
        return "Nothing was found in the usual places. Tab, and type the path."

    def _show_fields(self) -> None:
        """Show the fields of the question, each with its label."""
        labels: list[str] = []
        values = ["", ""]
        match self.question:
            case Question.FOLDERS:
                labels = ["Another folder"]
            case Question.KEYS:
                labels = [key_label(is_phone=each) for each in self._kinds()]
                values = [""] * 2
            case Question.CONTACTS:
                labels = ["A file of contacts (.vcf)"]
                contacts = self.first.contacts
                path = contacts.path if contacts else self.first.suggested_contacts()
                values[0] = printable(place(path)) if path else ""
            case Question.START:
                pass
        for at in range(2):
            has_field = at < len(labels)
            label = self.query_one(f"#label-{at}", Paragraphs)
            label.display = has_field
            if has_field:
                label.update([Run(labels[at], Role.ACCENT)])
            field = self.query_one(f"#field-{at}", Input)
            field.display = has_field
            field.password = self.question is Question.KEYS
            field.value = values[at]

    def _kinds(self) -> list[bool]:
        """Which kinds of backup are locked: of WhatsApp (False), of iPhones (True)."""
        return [each for each in (False, True) if self.first.locks(is_phone=each)]

    def _fields(self) -> list[Input]:
        return [field for field in self.query(Input) if field.display]

    def _say(self, problem: str) -> None:
        texts = [Run(""), Run(printable(problem), Role.WARN)] if problem else []
        line = self.query_one("#problem", Paragraphs)
        line.display = bool(texts)
        line.update(texts)

    # What the user does

    @on(FoundList.Toggled)
    def _toggle(self, event: FoundList.Toggled) -> None:
        event.stop()
        self.first.toggle(event.root)
        self._say("")
        self._show_folders()

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        event.stop()
        fields = self._fields()
        at = fields.index(event.input) if event.input in fields else 0
        if at + 1 < len(fields):
            fields[at + 1].focus()
        else:
            self.action_go_on()

    def action_go_on(self) -> None:
        """Take the answer, and ask the next question."""
        if self._is_busy:
            return
        self._say("")
        match self.question:
            case Question.FOLDERS:
                self._take_folders()
            case Question.KEYS:
                self._take_keys()
            case Question.CONTACTS:
                self._take_contacts()
            case Question.START:
                self._start()

    def action_back(self) -> None:
        """Go back to the question before; from the first one, leave."""
        if self._is_busy:
            return
        field = self.query_one("#field-0", Input)
        if self.question is Question.FOLDERS and field.has_focus:
            field.value = ""
            self.query_one(FoundList).focus()
            return
        before = self.first.step(self.question, -1)
        if before is None:
            self.dismiss(result=False)
        else:
            self.question = before
            self._show()

    def _ask_next(self) -> None:
        after = self.first.step(self.question, 1)
        if after is not None:
            self.question = after
            self._show()

    def _take_folders(self) -> None:
        typed = self.query_one("#field-0", Input).value.strip()
        if not typed:
            if self.first.chosen:
                self._ask_next()
            else:
                self._say("Choose a folder with Space, or type the path of one")
            return
        looked: list[Likely] = []

        def look() -> None:
            looked.append(self._setup.look_at(typed))

        def show() -> None:
            self.first.add_typed(looked[0])
            self.query_one("#field-0", Input).value = ""
            self._show_folders()
            folders = self.query_one(FoundList)
            folders.go_to(looked[0].root)
            folders.focus()

        self._do(look, show)

    def _take_keys(self) -> None:
        kinds = self._kinds()
        typed = {
            kind: field.value
            for kind, field in zip(kinds, self._fields(), strict=False)
        }
        opened: dict[bool, bytes] = {}

        def prove() -> None:
            for is_phone, text in typed.items():
                if text.strip():
                    locks = self.first.locks(is_phone=is_phone)
                    opened[is_phone] = self._setup.open_with(locks, text)

        def keep() -> None:
            self.first.secrets |= opened  # one that was proved before still counts
            self._ask_next()

        self._do(prove, keep)

    def _take_contacts(self) -> None:
        typed = self.query_one("#field-0", Input).value.strip()
        if not typed:
            self.first.contacts = None
            self._ask_next()
            return
        found: list[bytes] = []

        def find() -> None:
            found.append(self._setup.find_contacts(typed))

        def keep() -> None:
            self.first.contacts = self.first.place_contacts(found[0])
            self._ask_next()

        self._do(find, keep)

    def _start(self) -> None:
        answers = self.first.answers()

        def leave() -> None:
            self.dismiss(result=True)

        self._do(lambda: self._setup.finish(answers), leave)

    def _do(self, work: Callable[[], None], then: Callable[[], None]) -> None:
        """Do something that may wait; what is wrong with it is shown."""
        self._is_busy = True
        self._show_state()
        problem = ["it takes too long"]

        def guarded() -> None:
            problem[0] = "it failed, see the log"
            try:
                work()
            except EarmarkError as error:
                problem[0] = error.message
            else:
                problem.clear()

        async def run() -> None:
            await self._background(guarded, "first-start", _WORK_S)
            self._is_busy = False
            if not self.is_attached:
                return
            if problem:
                self._say(problem[0])
            else:
                then()
            if self.is_current:
                self._show_state()

        self.run_worker(run(), exclusive=True)
