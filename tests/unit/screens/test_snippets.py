"""The words around hits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.answers import Hit
from tui.model import NoteId
from tui.screens._snippets import Snippets, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tui.library import Reader
    from tui.query import Query

TEXT = "so we take a kilo of the finest flour and the recipe is done"


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("so", TEXT),
        ("kilo", "…a kilo of the finest flour and the recipe is done"),
        ("recipe", "…the recipe is done"),
        ("done", "…is done"),
    ],
)
def test_the_hit_stands_near_the_start(word: str, text: str) -> None:
    """A narrow row shows the hit and a word or two ahead of it."""
    start = TEXT.index(word)
    assert shortened(Hit("transcript", TEXT, ((start, start + 4),), None)) == text


@given(st.text(max_size=80), st.integers(0, 80))
def test_the_hit_is_never_cut(text: str, start: int) -> None:
    """Whatever the text is, it ends as it did from the hit on."""
    start = min(start, len(text))
    short = shortened(Hit("text", text, ((start, start + 1),), None))
    assert short.endswith(text[start:])
    assert len(short) <= max(len(text) - start + 7, 0)


class Library:
    """A library that answers when it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, str]] = []
        self.waiting: list[Coroutine[None, None, None]] = []
        self.painted = 0
        self.answers = True

    def hit(self, note_id: int, query: Query) -> Hit | None:
        """Say which query it was."""
        self.asked.append((note_id, str(query)))
        return None if note_id == 9 else Hit("text", f"{note_id} {query}", (), None)

    async def ask(
        self, question: Callable[[Reader], dict[NoteId, str]]
    ) -> dict[NoteId, str] | None:
        """Answer at once, or not at all."""
        return question(self) if self.answers else None  # type: ignore[arg-type]  # all that is asked

    def start(self, work: Coroutine[None, None, None]) -> None:
        """Let it wait."""
        self.waiting.append(work)

    def paint(self) -> None:
        """Count."""
        self.painted += 1

    async def run(self) -> None:
        """Do what waits."""
        while self.waiting:
            await self.waiting.pop()


@pytest.fixture
def library() -> Library:
    """Give a library that answers when it is told to."""
    return Library()


@pytest.fixture
def snippets(library: Library) -> Snippets:
    """Give snippets of that library."""
    return Snippets(library.ask, library.start, library.paint)


def of(snippets: Snippets, *note_ids: int) -> list[str]:
    """Ask for the words of some notes."""
    return [snippets.of(NoteId(note_id)) for note_id in note_ids]


async def test_a_screen_is_asked_for_at_once(
    snippets: Snippets, library: Library
) -> None:
    """Rows are painted without words first, and all with them after one question."""
    snippets.begin("flour")
    assert of(snippets, 1, 2, 9) == ["", "", ""]
    assert len(library.waiting) == 1
    await library.run()
    assert library.painted == 1
    assert of(snippets, 1, 2, 9) == ['1 "flour"', '2 "flour"', ""]
    assert not library.waiting


async def test_the_words_of_before_stay_until_there_are_others(
    snippets: Snippets, library: Library
) -> None:
    """Nothing flickers while a query is typed on."""
    snippets.begin("flo")
    of(snippets, 1)
    await library.run()
    snippets.begin("flour")
    assert of(snippets, 1) == ['1 "flo"']
    await library.run()
    assert of(snippets, 1) == ['1 "flour"']


async def test_an_answer_to_an_older_query_is_dropped(
    snippets: Snippets, library: Library
) -> None:
    """What was asked for before the last key is not shown for it."""
    snippets.begin("flo")
    of(snippets, 1)
    question = snippets._question([NoteId(1)])
    snippets.begin("flour")
    of(snippets, 2)
    await library.run()
    assert of(snippets, 2) == ['2 "flour"']
    assert question(library)[NoteId(1)] == '1 "flo"'  # type: ignore[arg-type]  # all that is asked
    assert of(snippets, 1) == [""]
    await library.run()


async def test_a_library_that_does_not_answer(
    snippets: Snippets, library: Library
) -> None:
    """Rows stay without words, and are asked for again when they are painted."""
    snippets.begin("flour")
    library.answers = False
    of(snippets, 1)
    await library.run()
    assert library.painted == 0
    library.answers = True
    of(snippets, 1)
    await library.run()
    assert of(snippets, 1) == ['1 "flour"']


@pytest.mark.parametrize(
    ("query", "has_words"),
    [
        ("flour", True),
        ("-flour", False),
        ("is:played", False),
        ("is:played or flour", True),
        ("is:nonsense", False),
        ("", False),
    ],
)
def test_only_words_stand_somewhere(
    snippets: Snippets, query: str, has_words: bool
) -> None:
    """Filters, and words that must not be there, have no place in a note."""
    snippets.begin(query)
    assert snippets.has_words is has_words
