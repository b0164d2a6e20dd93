"""Subtitles: read back by a small reader, they are in time and say what was said."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from hypothesis import example, given, settings

from tests.support.exported import told_note
from tests.support.telling import entries_of, hostile_notes, markup_notes, written
from tui.export._subtitles import SrtWriter, VttWriter, cues_of
from tui.model import Bookmark

if TYPE_CHECKING:
    from tui.model import Note

Shown = tuple[int, int, str]
"""Begin, end, text."""

_TIMES = re.compile(
    r"(\d\d+):(\d\d):(\d\d)[,.](\d\d\d) --> (\d\d+):(\d\d):(\d\d)[,.](\d\d\d)"
)


def _read(block: list[str]) -> Shown:
    found = _TIMES.fullmatch(block[0])
    assert found is not None
    h1, m1, s1, ms1, h2, m2, s2, ms2 = map(int, found.groups())
    begin = ((h1 * 60 + m1) * 60 + s1) * 1000 + ms1
    end = ((h2 * 60 + m2) * 60 + s2) * 1000 + ms2
    assert block[1:]
    return begin, end, " ".join(block[1:])


def read_srt(made: bytes) -> list[Shown]:
    """Read SubRip: numbered blocks with blank lines between them."""
    blocks = [block.split("\n") for block in made.decode().split("\n\n") if block]
    assert [block[0] for block in blocks] == [str(n + 1) for n in range(len(blocks))]
    return [_read(block[1:]) for block in blocks]


def read_vtt(made: bytes) -> list[tuple[str, Shown]]:
    """Read WebVTT: a head, a remark, and cues of one voice each."""
    head, remark, *blocks = made.decode().rstrip("\n").split("\n\n")
    assert head == "WEBVTT"
    assert remark.startswith("NOTE\n")
    cues = []
    for block in blocks:
        assert block.count("-->") == 1
        begin, end, text = _read(block.split("\n"))
        voice = re.fullmatch(r"<v ([^<>]+)>([^<>]+)</v>", text)
        assert voice is not None
        cues.append(
            (html.unescape(voice[1]).strip(), (begin, end, html.unescape(voice[2])))
        )
    return cues


def test_a_transcript_is_parted_by_sentences() -> None:
    """Each has its share of the time; the last ends where the note does."""
    note = told_note(duration_ms=10_000)._replace(transcript="One two. Three four!")
    assert list(read_srt(written(SrtWriter(), entries_of([note])))) == [
        (0, 4210, "One two."),
        (4210, 10_000, "Three four!"),
    ]
    assert read_vtt(written(VttWriter(), entries_of([note])))[0] == (
        "Ana",
        (0, 4210, "One two."),
    )


def test_long_sentences_become_lines_that_can_be_read() -> None:
    """At most two lines of 42 characters, parted at a comma where there is one."""
    said = "So the recipe is really simple, you take a kilo of flour, " * 4 + "x" * 200
    note = told_note(duration_ms=60_000)._replace(transcript=said)
    made = written(SrtWriter(), entries_of([note])).decode()
    assert max(map(len, made.split("\n"))) <= 42
    texts = [text for _, _, text in read_srt(made.encode())]
    assert texts[0].endswith("flour,")
    assert "".join(texts).replace(" ", "") == said.replace(" ", "")


def test_bookmarks_where_there_is_no_transcript() -> None:
    """From their moment to the next; ahead of the first, and without any, who."""
    marks = (Bookmark(2_000, "flour"), Bookmark(5_000), Bookmark(99_000, "late"))
    note = told_note(duration_ms=9_000)._replace(bookmarks=marks)
    told = [note, told_note(duration_ms=1_000, title="Oven", sender="Bob")]
    assert read_srt(written(SrtWriter(), entries_of(told))) == [
        (0, 2_000, "Ana 2024-08-15 18:42:01"),
        (2_000, 5_000, "flour"),
        (5_000, 8_999, "0:05"),
        (8_999, 9_000, "late"),
        (9_000, 10_000, "Bob: Oven"),
    ]


def test_notes_of_unknown_length_move_those_behind_them() -> None:
    """They are as long as their text would take to say."""
    notes = [
        told_note()._replace(transcript="x" * 40),
        told_note(duration_ms=3_000, sender="Bob"),
        told_note(sender="Bob"),
    ]
    cues = list(cues_of(entries_of(notes)))
    assert [(cue.start_ms, cue.end_ms) for cue in cues] == [
        (0, 2_680),
        (2_680, 5_680),
        (5_680, 7_221),
    ]


def _letters(text: str) -> str:
    return re.sub(r"\s", "", text)


@given(notes=hostile_notes())
@example(notes=markup_notes())
@settings(max_examples=25)
def test_no_text_breaks_out_of_its_cue(notes: list[Note]) -> None:
    """Cues follow each other, none is empty, and nothing that was said is lost."""
    entries = entries_of(notes)
    cues = read_vtt(written(VttWriter(), entries))
    at = 0
    for _, (begin, end, _) in cues:
        assert at <= begin < end
        at = end
    assert at >= sum(entry.duration_ms for entry in entries)
    said = "".join(entry.words.transcript for entry in entries)
    if all(entry.words.transcript.strip() for entry in entries):
        assert _letters("".join(text for _, (*_, text) in cues)) == _letters(said)
    plain = read_srt(written(SrtWriter(), entries))
    assert [each[:2] for each in plain] == [each[1][:2] for each in cues]
    for _, _, text in plain:
        assert not re.search(r"-->|<[a-zA-Z/]|\{\\", text)
