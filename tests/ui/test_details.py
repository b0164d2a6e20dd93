"""The details pane as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App

from tests.fakes import sample_library
from tests.support.marking import EVIL
from tests.support.notes import hostile_texts
from tui.model import (
    Bookmark,
    Direction,
    Evidence,
    NoteId,
    NoteKind,
    NoteState,
    Played,
    Precision,
)
from tui.widgets.cells import Run, cut, line_width, wrap
from tui.widgets.details import Details, details_lines, when
from tui.widgets.glyphs import ASCII, UNICODE

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from tui.model import Note
    from tui.widgets.glyphs import Glyphs


def _first_note() -> Note:
    note = sample_library().note(NoteId(1))
    assert note is not None
    return note


NOTE = _first_note()


def shown(cells: int = 60, **fields: object) -> str:
    """Write the details of the sample's first note, with other fields in its row."""
    row = NOTE.row._replace(**fields)  # type: ignore[arg-type]  # by name of a field
    lines = details_lines(NOTE._replace(row=row), cells)
    return "\n".join("".join(run.text for run in line) for line in lines)


def test_all_that_is_known_is_there() -> None:
    """Who, when and how sure, how long, in which file."""
    text = shown()
    for part in (
        "Ana",
        "received",
        "to the minute",
        "from folder, 0.90",
        "Voice/PTT-00000001.opus",
        "/home/user/Sync/WhatsApp",
        "ogg/opus",
        "48 kB",
        "unplayed",
        "█",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("precision", "time", "words"),
    [
        (Precision.SECOND, "Thu 15 Aug 2024 12:30:05", "to the second"),
        (Precision.MINUTE, "Thu 15 Aug 2024 12:30", "to the minute"),
        (Precision.DAY, "Thu 15 Aug 2024", "only the day is known"),
        (Precision.MTIME, "Thu 15 Aug 2024 12:30", "own time"),
    ],
)
def test_a_time_is_written_as_exactly_as_it_is_known(
    precision: Precision, time: str, words: str
) -> None:
    """A day without a clock has none; the words say how far to trust it."""
    ms = 1_723_725_005_000
    row = NOTE.row._replace(sent_ms=ms, precision=precision, offset_min=0)
    assert when(row) == time
    assert words in shown(precision=precision, sent_ms=ms)


def test_a_wall_clock_is_shown_as_the_sender_saw_it() -> None:
    """A time with an assumed zone keeps its clock, wherever the viewer is."""
    row = NOTE.row._replace(
        sent_ms=1_723_725_005_000,
        precision=Precision.MINUTE,
        offset_min=330,
    )
    assert when(row) == "Thu 15 Aug 2024 18:00"


def test_a_group_names_sender_and_chat() -> None:
    """Who spoke to whom; own notes are mine."""
    assert "Ana → Family" in shown(chat_title="Family")
    assert "me → Family" in shown(chat_title="Family", direction=Direction.SENT)
    assert shown(chat_title="Family", sender=None).startswith(" Family\n")


def test_a_problem_comes_with_its_reason() -> None:
    """A file that can't be played says why."""
    text = shown(state=NoteState.UNREADABLE, reason="not a sound file")
    assert "! unreadable: not a sound file" in text


def told(
    cells: int = 60,
    *,
    row: dict[str, object] | None = None,
    glyphs: Glyphs = UNICODE,
    **fields: object,
) -> str:
    """Write the details of the sample's first note, with other fields."""
    changed = NOTE.row._replace(**row or {})  # type: ignore[arg-type]  # by name
    note = NOTE._replace(row=changed, **fields)  # type: ignore[arg-type]  # by name
    lines = details_lines(note, cells, glyphs=glyphs)
    return "\n".join("".join(run.text for run in line) for line in lines)


@pytest.mark.parametrize(
    ("direction", "is_played", "words"),
    [
        (Direction.RECEIVED, True, "played"),
        (Direction.RECEIVED, False, "not played"),
        (Direction.SENT, True, "played by them"),
        (Direction.SENT, False, "not played by them"),
    ],
)
def test_what_the_phone_says_is_kept_apart(
    direction: Direction, is_played: bool, words: str
) -> None:
    """Beside what was heard here; nothing where the phone says nothing."""
    text = told(row={"direction": direction}, phone_played=is_played)
    assert f"\n phone     {words}\n" in text
    assert "\n heard     unplayed\n" in text
    assert "\n phone" not in told()


def test_all_words_are_there() -> None:
    """What was written with it, the user's own words, and what is said in it."""
    text = told(text="for mum", transcript="So the recipe", comment="ask about it")
    caption, comment, spoken = (
        text.index(words)
        for words in ("\n “for mum”\n", "\n │ ask about it\n", "\n So the recipe\n")
    )
    assert caption < comment < spoken


def test_a_comment_keeps_its_lines() -> None:
    """Each is wrapped by itself; an empty one stays; the bar tells it from the rest."""
    comment = "ask her about the oven on Sunday\r\n\n[/] and the flour"
    assert (
        "\n │ ask her about\n │ the oven on\n │ Sunday\n │ \n │ [/] and the\n │ flour\n"
    ) in told(20, comment=comment)
    assert "\n | [/] and the flour\n" in told(comment=comment, glyphs=ASCII)
    assert "\n one\n two\n" in told(transcript="one\ntwo")


def first(text: str, count: int = 4) -> list[str]:
    """Take the first lines of the details."""
    return text.split("\n")[:count]


def test_star_and_tags_stand_beside_the_title() -> None:
    """At the right end, where there is room; else below it."""
    marks: dict[str, object] = {"star": True, "tags": ("recipe", "work/clients")}
    plain = told(row={"chat_title": "Family"})
    head, facts = first(told(row={"chat_title": "Family", **marks}), 2)
    assert head == " Ana → Family                       ★ #recipe #work/clients"
    assert facts == first(plain, 2)[1]
    assert first(told(42, row={"chat_title": "Family", **marks}), 1) == [
        " Ana → Family     ★ #recipe #work/clients"
    ]
    head, below = first(told(34, row={"chat_title": "Family", **marks}), 2)
    assert head == " Ana → Family"
    assert below == " ★ #recipe #work/clients"
    assert "^ #recipe" in told(row=marks, glyphs=ASCII)
    assert first(told(row={"chat_title": "Family", "star": True}), 1) == [
        f" Ana → Family{'★':>46}"
    ]
    assert "★" not in plain
    assert "#" not in plain


def test_an_own_title_stands_above_what_is_told() -> None:
    """One from the source comes after the time."""
    row: dict[str, object] = {"title": "Recipe"}
    assert first(told(row=row, own_title="Recipe"))[1] == " Recipe"
    assert first(told(row=row))[2] == " Recipe"


LENGTH_MS = 40_000
FLOUR, OVEN = Bookmark(10_000, "flour"), Bookmark(30_000, "the oven")


def below_wave(*bookmarks: Bookmark, glyphs: Glyphs = UNICODE) -> list[str]:
    """List the lines from below the waveform to the next blank one."""
    row: dict[str, object] = {"duration_ms": LENGTH_MS}
    lines = told(43, row=row, bookmarks=bookmarks, glyphs=glyphs).split("\n")
    end = next(at for at, line in enumerate(lines) if line.startswith(" 0:00  "))
    start = end
    while lines[start - 1] and not {*lines[start - 1]} & {"█", "#"}:
        start -= 1
    return lines[start : lines.index("", end)]


def test_bookmarks_stand_below_the_waveform() -> None:
    """Each at its moment, with time and text where there is room."""
    assert below_wave(FLOUR, OVEN) == [
        "           ╵0:10 flour         ╵0:30",
        " 0:00                                0:40",
    ]
    text = told(43, row={"duration_ms": LENGTH_MS}, bookmarks=(FLOUR, OVEN))
    assert "\n 0:10  flour\n 0:30  the oven\n" in text  # not all was told above
    assert below_wave(FLOUR)[0] == "           ╵0:10 flour"
    text = told(43, row={"duration_ms": LENGTH_MS}, bookmarks=(FLOUR,))
    assert text.count("flour") == 1
    assert below_wave(FLOUR, glyphs=ASCII)[0] == "           '0:10 flour"
    near = Bookmark(11_000, "sugar")
    assert below_wave(FLOUR, near)[0] == "           ╵╵0:11 sugar"
    assert below_wave(FLOUR, Bookmark(10_001))[0] == "           ╵"
    assert below_wave(Bookmark(0), Bookmark(LENGTH_MS * 9))[0] == f" ╵0:00{'╵':>35}"
    assert len(below_wave()) == 1


def test_bookmarks_of_a_note_without_a_waveform() -> None:
    """They are listed, the times below one another, texts wrapped beside them."""
    marks = (FLOUR, Bookmark(3_700_000, "a text that needs two lines"), Bookmark(4000))
    row: dict[str, object] = {"state": NoteState.MISSING, "duration_ms": LENGTH_MS}
    text = told(32, row=row, peaks=None, bookmarks=marks)
    assert (
        "\n    0:10  flour\n 1:01:40  a text that needs\n          two lines\n"
        "    0:04  \n"
    ) in text
    text = told(row={"duration_ms": None}, bookmarks=(FLOUR,))
    assert "\n 0:10  flour\n" in text
    assert "╵" not in text


def wave_lines(
    loop: tuple[int, int | None] | None, rows: int, glyphs: Glyphs = UNICODE
) -> list[str]:
    """List the lines of the waveform of 40 cells, all of it loud."""
    row = NOTE.row._replace(duration_ms=LENGTH_MS)
    note = NOTE._replace(row=row, peaks=bytes([255]) * 40)
    lines = details_lines(note, 43, rows=rows, loop=loop, glyphs=glyphs)
    drawn = ["".join(run.text for run in line) for line in lines]
    return [line for line in drawn if {"█", "#"} & {*line}][:rows]


def test_the_marks_of_a_loop_stand_in_the_waveform() -> None:
    """As brackets, as high as it is; one while only its begin is known."""
    loop = (10_000, 30_000)
    assert wave_lines(None, 1) == [" " + "█" * 40]
    assert wave_lines(loop, 1) == [f" {'█' * 10}[{'█' * 19}]{'█' * 9}"]
    assert wave_lines(loop, 3) == [
        f" {'█' * 10}{first}{'█' * 19}{last}{'█' * 9}"
        for first, last in ("┌┐", "││", "└┘")
    ]
    assert wave_lines((10_000, None), 3)[0] == f" {'█' * 10}┌{'█' * 29}"
    assert wave_lines(loop, 3, ASCII) == [f" {'#' * 10}[{'#' * 19}]{'#' * 9}"] * 3
    assert wave_lines((0, 1), 1) == [f" []{'█' * 38}"]
    assert wave_lines((LENGTH_MS, LENGTH_MS), 1) == [f" {'█' * 38}[]"]


class DetailsApp(App[None]):
    """The details alone."""

    def __init__(self) -> None:
        super().__init__()
        self.details = Details()
        self.clicked: list[tuple[int, float]] = []

    def compose(self) -> ComposeResult:
        """The pane."""
        yield self.details

    def on_details_wave_clicked(self, event: Details.WaveClicked) -> None:
        """Keep it."""
        self.clicked.append((event.note_id, event.share))


async def test_a_click_into_the_waveform_asks_to_play_from_there() -> None:
    """Wherever the pane is scrolled to, and nowhere beside it."""
    app = DetailsApp()
    async with app.run_test(size=(43, 20)) as pilot:
        details = app.details
        row = NOTE.row._replace(duration_ms=LENGTH_MS)
        note = NOTE._replace(row=row, peaks=bytes([255]) * 40, transcript="x\n" * 30)
        details.update(note)
        await pilot.pause()
        lines = ["".join(run.text for run in line) for line in details.lines]
        first = next(at for at, line in enumerate(lines) if "█" in line)
        for x, y in ((1, 0), (40, 2), (0, 1), (41, 1), (5, -1), (5, 3)):
            await pilot.click(details, offset=(x, first + y))
        assert app.clicked == [(note.row.id, 0.0), (note.row.id, 39.5 / 40)]
        details.scroll_lines(2)
        await pilot.click(details, offset=(21, first - 2))
        assert app.clicked[2:] == [(note.row.id, 20.5 / 40)]
        details.update(None, ["nothing"])
        await pilot.click(details, offset=(21, first))
        assert len(app.clicked) == 3


async def test_the_loop_shows_only_on_its_note() -> None:
    """It comes and goes with what plays."""
    app = DetailsApp()
    async with app.run_test(size=(43, 20)) as pilot:
        details = app.details
        row = NOTE.row._replace(duration_ms=LENGTH_MS)
        details.update(NOTE._replace(row=row))

        async def has_marks() -> bool:
            await pilot.pause()
            return any("└" in run.text for line in details.lines for run in line)

        details.update_loop(NoteId(2), (10_000, 30_000))
        assert not await has_marks()
        details.update_loop(NOTE.row.id, (10_000, 30_000))
        assert await has_marks()
        details.update_loop(NOTE.row.id, None)
        assert not await has_marks()


@pytest.mark.parametrize(
    ("lufs", "words"),
    [(-23.4, "-23.4 LUFS"), (-70.0, "silence"), (0.0, "0.0 LUFS")],
)
def test_the_loudness_stands_among_the_facts_of_the_file(
    lufs: float, words: str
) -> None:
    """Once it was measured."""
    text = told(lufs=lufs)
    assert f"\n loudness  {words}\n" in text
    assert text.index("\n kind") < text.index("\n loudness") < text.index("\n file")
    assert "loudness" not in told(lufs=None)


def test_evidence_names_the_document() -> None:
    """With the confidence, kept together; the user's own choice has none."""
    chat = {"chat": Evidence("export “Family”", 0.99)}
    assert "\n           from export “Family”, 0.99\n" in told(evidence=chat)
    assert "\n           from export\n           “Family”, 0.99\n" in told(
        32, evidence=chat
    )
    text = told(evidence={"chat": Evidence("chosen by you", 2.0)})
    assert "\n           chosen by you\n" in text
    assert "from chosen" not in text


def test_a_missing_note_says_that_its_file_is_not_here() -> None:
    """With the name that the file would have, and without what nobody knows."""
    row: dict[str, object] = {
        "state": NoteState.MISSING,
        "reason": "its file is not here",
        "file_name": "PTT-1.opus",
    }
    text = told(row=row, files=(), peaks=None, container="", size=0)
    assert "\n\n ◇ its file is not here\n\n" in text
    assert "\n file      PTT-1.opus\n" in text
    for words in ("heard", "0 bytes", "not read yet", "!", "0:00"):
        assert words not in text
    text = told(row={**row, "kind": NoteKind.VIEW_ONCE}, files=())
    assert "no phone keeps what can be heard" in text


def test_a_half_heard_note_says_where_it_goes_on() -> None:
    """The resume position is told."""
    assert "half-heard, at 0:03" in shown(played=Played.HALF, position_ms=3000)


def test_an_hour_of_speech_is_laid_out() -> None:
    """All of it, word by word, however many lines that takes."""
    words = [f"wörd{number}" for number in range(9000)]
    lines = told(42, transcript=" ".join(words)).split("\n")
    start = next(at for at, line in enumerate(lines) if "wörd0 " in line)
    end = lines.index("", start)
    assert " ".join(lines[start:end]).split() == words
    assert max(map(len, lines[start:end])) <= 41


@given(
    text=st.text("ab /日\u0301\u200d\ufe0f👨❤", max_size=90),
    cells=st.integers(2, 24),
)
def test_whatever_joins_nothing_is_broken_into_lines(text: str, cells: int) -> None:
    """Nothing is lost but blanks at the end of a line, and every line fits."""
    lines = wrap(text, cells)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(line_width((Run(line),)) <= cells for line in lines)
    assert line_width((Run(cut(text, cells)),)) <= cells


@pytest.mark.parametrize(
    "name",
    [*hostile_texts(), EVIL],
    ids=lambda text: ascii(text)[1:13],
)
@pytest.mark.parametrize("cells", [24, 60])
def test_hostile_text_stays_text(name: str, cells: int) -> None:
    """No name breaks a line, the width or the terminal."""
    row = NOTE.row._replace(
        sender=name, chat_title=name, title=name, reason=name, tags=(name, name)
    )
    note = NOTE._replace(
        row=row,
        own_title=name,
        comment=f"{name}\n{name}",
        transcript=name,
        text=name,
        bookmarks=(Bookmark(1, name), Bookmark(9000, name)),
    )
    for glyphs in (UNICODE, ASCII):
        for line in details_lines(note, cells, glyphs=glyphs):
            text = "".join(run.text for run in line)
            assert not any(
                ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0 for char in text
            )
            assert "\u202e" not in text
            assert line_width(line) <= cells
