"""Documents for reading and for programs: read back, they say what the notes say."""

from __future__ import annotations

import csv
import importlib
import io
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from hypothesis import example, given, settings
from markdown_it import MarkdownIt

from tests.support.exported import told_note
from tests.support.telling import (
    HOSTILE,
    entries_of,
    hostile_notes,
    markup_notes,
    written,
)
from tui.export._documents import Head
from tui.export._feed import FeedWriter
from tui.export._markdown import MarkdownWriter, escaped
from tui.export._plain import TextWriter
from tui.export._playlist import PlaylistWriter
from tui.export._tables import COLUMNS, CsvWriter, JsonWriter
from tui.export._texts import cell, lines, one_line
from tui.export._wording import paragraphs
from tui.model import Bookmark
from tui.objects import note_object

if TYPE_CHECKING:
    from markdown_it.token import Token

    from tui.export._documents import Entry
    from tui.model import Note

SOUND = "Family/a%20b%29%3E%0A.mp3"

MEANT = {
    "heading",
    "paragraph",
    "inline",
    "text",
    "hardbreak",
    "strong",
    "blockquote",
    "bullet_list",
    "list_item",
    "link",
}
"""What may be in a document of ours."""


def told() -> Note:
    """A note with everything."""
    return told_note(title="Bread", tags=("recipe", "x y"), star=True)._replace(
        comment="ask her\nabout the oven",
        transcript="Flour.\n\nWater.",
        bookmarks=(Bookmark(12_000, "flour"), Bookmark(31_000)),
    )


def test_markdown_as_a_whole() -> None:
    """What it looks like."""
    made = written(MarkdownWriter(), entries_of([told()], ["a%20b.opus"]), 'Fa"mi_ly')
    assert made.decode() == (
        '---\ntitle: "Fa\\"mi_ly"\nnotes: 1\nfirst: 2024-08-15\nlast: 2024-08-16\n---\n'
        '\n# Fa"mi\\_ly\n\n1 note, 2024-08-15 to 2024-08-16\n\n## 2024-08-15\n'
        "\n### 18:42:01 \u00b7 Ana \u00b7 Family \u00b7 \u2605\n\n**Bread**\n"
        "\nTags: recipe, x y\n\n[Sound](<a%20b.opus>)\n\n- 0:12 flour\n- 0:31\n"
        "\nComment: ask her\\\nabout the oven\n\n> Flour.\\\n> Water.\n"
    )


def test_text_as_a_whole() -> None:
    """What it looks like."""
    made = written(TextWriter(), entries_of([told()], ["a%20b.opus"]))
    assert made.decode() == (
        "Family\n1 note, 2024-08-15 to 2024-08-16\n\n2024-08-15\n"
        "\n18:42:01  Ana  starred\n  title: Bread\n  tags: recipe, x y\n"
        "  sound: a%20b.opus\n  0:12 flour\n  0:31\n  comment:\n    ask her\n"
        "    about the oven\n  transcript:\n    Flour.\n    Water.\n"
    )


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("plain, at 18:42 (a/b) - 3 + 4 = 7!", "plain, at 18:42 (a/b) - 3 + 4 = 7!"),
        (" http://x.example", r"http\:\//x\.example"),
        ("www.x.example", r"www\.x\.example"),
        ("me@x", r"me\@x"),
        (
            "a ==b== ++c++ | %%d%% $e$ ^f ~g~",
            r"a \==b\== \++c\++ \| \%\%d\%\% \$e\$ \^f \~g\~",
        ),
        ("key:: value #tag", r"key\:: value \#tag"),
        ("{{ x }}", r"\{\{ x \}\}"),
        ("![[x]]", r"\!\[\[x\]\]"),
        ("- x", r"\- x"),
        ("+ x", r"\+ x"),
        ("= x", r"\= x"),
        (": x", r"\: x"),
        ("12. x", r"12\. x"),
        ("12) x", r"12\) x"),
        ("3.5 and 4.", r"3\.5 and 4."),
        ("&amp; <b> `c` *d* _e_ \\", r"\&amp; \<b\> \`c\` \*d\* \_e\_ \\"),
    ],
)
def test_signs_with_a_meaning_are_escaped(text: str, made: str) -> None:
    """In any program that reads Markdown; what can have none is left as it is."""
    assert escaped(text) == made


def _shown(token: Token) -> str:
    """The text of a block, as a reader sees it."""
    return "".join(
        "\n" if each.type == "hardbreak" else each.content
        for each in token.children or ()
    )


def _front(made: str) -> tuple[dict[str, Any], str]:
    """Part the front matter off."""
    _, front, body = made.split("---\n", 2)
    yaml = importlib.import_module("yaml")  # which publishes no types
    return yaml.safe_load(front), body


@given(notes=hostile_notes(), title=HOSTILE)
@example(notes=markup_notes(), title="# a")
@settings(max_examples=15)
def test_markdown_shows_texts_as_they_are(notes: list[Note], title: str) -> None:
    """With tables and bare links switched on, nothing is there but what was meant."""
    entries = entries_of(notes, [SOUND])
    front, body = _front(written(MarkdownWriter(), entries, title).decode())
    assert front["title"] == (one_line(title) or "_")
    tokens = MarkdownIt("gfm-like").enable("linkify").parse(body)
    every = [*tokens, *(each for token in tokens for each in token.children or ())]
    assert {re.sub("_(open|close)$", "", each.type) for each in every} <= MEANT
    links = [each.attrs["href"] for each in every if each.type == "link_open"]
    assert links == [SOUND]
    shown = [_shown(token) for token in tokens if token.type == "inline"]
    assert shown[0] == (one_line(title) or "_")
    for entry in entries:
        said = "\n".join(paragraphs(lines(entry.note.transcript)))
        assert not said or said in shown
        comment = "\n".join(paragraphs(lines(entry.note.comment)))
        assert not comment or f"Comment: {comment}" in shown
    heads = [token for token in tokens if token.type == "heading_open"]
    assert [each.tag for each in heads] == ["h1", "h2"] + ["h3"] * len(notes)


@given(notes=hostile_notes(), title=HOSTILE)
@example(notes=markup_notes(), title="# a")
@settings(max_examples=15)
def test_no_text_looks_like_a_note(notes: list[Note], title: str) -> None:
    """In plain text, a line without indentation is one of ours."""
    made = written(TextWriter(), entries_of(notes), title).decode()
    plain = [line for line in made.split("\n") if line and line[0] != " "]
    assert len(plain) == 3 + len(notes)
    assert all(line.startswith("18:42:01  ") for line in plain[3:])
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", made)


@given(notes=hostile_notes())
@example(notes=markup_notes())
@settings(max_examples=15)
def test_json_is_what_list_writes_and_more(notes: list[Note]) -> None:
    """The objects of `list --json`, with the sound."""
    made = json.loads(written(JsonWriter(), entries_of(notes, [SOUND])))
    assert (made["format"], made["version"], made["title"]) == (
        "earmark-notes",
        1,
        "Family",
    )
    start_ms = 0
    for number, (each, note) in enumerate(zip(made["notes"], notes, strict=True), 1):
        assert each == note_object(note) | {
            "number": number,
            "start_ms": start_ms,
            "sound": {"href": SOUND, "mime": "audio/mpeg", "size": 1_000}
            if number == 1
            else None,
            "sound_problem": None if number == 1 else "/a\\xff\n# b: vanished",
        }
        start_ms += note.row.duration_ms or 0


@given(notes=hostile_notes())
@example(notes=markup_notes())
@settings(max_examples=15)
def test_csv_is_a_table_that_computes_nothing(notes: list[Note]) -> None:
    """One row a note; an apostrophe stands ahead of what would be a formula."""
    made = written(CsvWriter(), entries_of(notes))
    assert made.startswith(b"\xef\xbb\xbfnumber,id,")
    text = made.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert tuple(rows[0]) == COLUMNS
    assert text.startswith(f"{','.join(COLUMNS)}\r\n")
    assert text.endswith("\r\n")
    assert len(rows) == 1 + len(notes)
    for row, note in zip(rows[1:], notes, strict=True):
        cells = dict(zip(COLUMNS, row, strict=True))
        assert not any(cell.lstrip()[:1] in set("=+-@\uff1d") - {""} for cell in row)
        for name, told in (
            ("transcript", lines(note.transcript)),
            ("comment", lines(note.comment)),
            ("sender", one_line(note.row.sender or "")),
        ):
            assert cells[name] == cell(told)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("+49 170 1", "'+49 170 1"),
        ("-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\uff1d1\uff0b1", "'\uff1d1\uff0b1"),
        ("\uff0b1", "'\uff0b1"),
        ("\uff0d1", "'\uff0d1"),
        ("\uff20SUM(A1)", "'\uff20SUM(A1)"),
        ("\ufe66A1", "'\ufe66A1"),
        ("\t=1", "'=1"),
        ("\r=1", "'=1"),
        ("\u00a0\u200d=1", "'\u200d=1"),
        ("a; =1", "a;' =1"),
        ("a\n\n\uff1d1\n- b", "a\n\n'\uff1d1\n'- b"),
        ("a\t=1\r@b", "a\t'=1\r'@b"),
        ('x;"=1+1;', "x;'\"=1+1;"),
        ('x\n"=1+1;', "x\n'\"=1+1;"),
        ('"- a" b', '"- a" b'),
        ("1=1, a@b.org; x - y", "1=1, a@b.org; x - y"),
        ("", ""),
    ],
)
def test_no_cell_is_a_formula(text: str, expected: str) -> None:
    """Nor what becomes a cell where `;` and ends of lines begin one."""
    assert cell(text) == expected


def test_a_cell_of_many_lines_takes_no_time() -> None:
    """None is looked at twice."""
    many = "\n ;\t" * 50_000
    assert cell(f"x{many}=") == f"x{many}'="


@given(notes=hostile_notes(), title=HOSTILE)
@example(notes=markup_notes(), title="# a")
@settings(max_examples=15)
def test_playlists_have_a_place_for_each_sound(notes: list[Note], title: str) -> None:
    """Whatever notes are called, and no directive comes from a name."""
    hrefs = ["Fa%20mily/%23a%25.mp3", "file:///a%0Ab.opus"]
    made = written(PlaylistWriter(), entries_of(notes, hrefs), title).decode()
    assert made.startswith("#EXTM3U\n#PLAYLIST:")
    places = [line for line in made.splitlines() if not line.startswith("#")]
    assert places == ["Fa mily/#a%.mp3", hrefs[1]][: len(notes)]
    found = re.findall(r"#EXT(?:[A-Z0-9-]*)", made, re.IGNORECASE)
    assert found == ["#EXTM3U", "#EXTINF", "#EXTINF"][: 1 + min(2, len(notes))]


def test_playlists_tell_lengths_and_who_speaks() -> None:
    """Seconds, or -1 where they are not known; a name may begin like a remark."""
    notes = [
        told_note(duration_ms=42_100),
        told_note(sender="Family"),
        told_note(sender=None),
    ]
    hrefs = ["%23a.mp3", "a%3Ab.mp3"]
    made = written(PlaylistWriter(), entries_of(notes, hrefs)).decode()
    assert made.splitlines() == [
        "#EXTM3U",
        "#PLAYLIST:Family",
        "#EXTINF:43,Ana - Family 2024-08-15 18:42:01",
        "./#a.mp3",
        "#EXTINF:-1,Family - 2024-08-15 18:42:01",
        "./a:b.mp3",
        "# unknown sender - Family 2024-08-15 18:42:01: /a\\xff # b: vanished",
    ]
    assert unquote(hrefs[0]) == "#a.mp3"


def test_documents_about_nothing_are_whole() -> None:
    """Each can be read, also when it has no note in it."""
    none: list[Entry] = []
    head = Head("x", None, "", "")
    for writer, made in (
        (TextWriter(), b"x\n\n"),
        (MarkdownWriter(), b'---\ntitle: "x"\n---\n\n# x\n\n\n'),
    ):
        file = io.BytesIO()
        writer.write(file, head, none, lambda: None)
        assert file.getvalue() == made
    assert b"<channel>" in written(FeedWriter(), none)
    assert json.loads(written(JsonWriter(), none))["notes"] == []
    assert written(CsvWriter(), none).decode("utf-8-sig").split("\r\n")[1:] == [""]
    assert written(PlaylistWriter(), none) == b"#EXTM3U\n#PLAYLIST:Family\n"
    assert _front(written(MarkdownWriter(), none).decode())[0]["notes"] == 0
