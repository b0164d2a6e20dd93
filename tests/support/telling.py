"""Makes entries of documents, and writes documents to memory."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from tests.support.exported import told_note
from tests.support.notes import hostile_texts
from tui.export._documents import Entry, Head
from tui.export._layout import moment_of
from tui.export._tags import words_of
from tui.export._texts import one_line
from tui.model import Bookmark

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tui.export._documents import Writer
    from tui.model import Note

__all__ = ["HOSTILE", "entries_of", "hostile_notes", "markup_notes", "written"]

_MARKUP = [
    "# head",
    "- item",
    "1. first",
    "1) first",
    "> quote",
    "---",
    "===",
    "```\ncode",
    "    code",
    "<script>alert(1)</script>",
    "<b>bold</b> & &lt;i&gt;",
    "[link](http://evil.example)",
    "[[wiki]] ![[embedded]]",
    "![x](http://evil.example/x.png)",
    "note[^1]\n\n[^1]: foot",
    "http://example.com www.example.com example.com ftp://example.com",
    "a@example.com mailto:a@example.com //example.com //localhost",
    "*a* _b_ __c__ ~~d~~ ==e== `f` $g$ %%h%%",
    "| a | b |\n|---|---|\n| c | d |",
    "{{ include }} {% raw %}",
    "a\\",
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1+1",
    " \uff1d1",
    '=HYPERLINK("http://evil.example","x")',
    "00:00:01,000 --> 00:00:02,000",
    "1\n00:00:01.000 --> 00:00:02.000\nmine\n\n2",
    "{\\an8}<font color=red>",
    "NOTE x\n\nSTYLE",
    "#EXTINF:1,x\nhttp://evil.example",
    "#EXT-X-TARGETDURATION:1",
    "]]>",
    '"a", "b"\r\n"c"',
    "]}",
    "\ufffe\uffff\x0b",
    "",
]

HOSTILE = st.one_of(
    st.sampled_from([*_MARKUP, *hostile_texts()]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.lists(st.sampled_from(_MARKUP), max_size=4).map("\n".join),
    st.lists(st.sampled_from([*"#*_`~<>[](){}|\\:=-+.!&@^$% \n1a/"]), max_size=12).map(
        "".join
    ),
)
"""Texts that want to be more than texts."""


@st.composite
def hostile_notes(draw: st.DrawFn) -> list[Note]:
    """Make one to three notes, all of whose texts are hostile."""
    return [
        told_note(
            f"{number:032x}",
            title=draw(HOSTILE),
            sender=draw(HOSTILE),
            chat_title=draw(HOSTILE),
            tags=tuple(draw(st.lists(HOSTILE, max_size=2))),
            star=draw(st.booleans()),
            duration_ms=draw(st.sampled_from([None, 0, 1, 3, 61_000])),
        )._replace(
            comment=draw(HOSTILE),
            text=draw(HOSTILE),
            transcript=draw(HOSTILE),
            bookmarks=tuple(
                Bookmark(at_ms, text)
                for at_ms, text in sorted(
                    draw(
                        st.lists(st.tuples(st.integers(0, 70_000), HOSTILE), max_size=2)
                    )
                )
            ),
        )
        for number in range(draw(st.integers(1, 3)))
    ]


def markup_notes() -> list[Note]:
    """Make a note for each text that has a meaning somewhere, in all that it says."""
    return [
        told_note(
            f"{number:032x}",
            title=text,
            sender=text,
            chat_title=text,
            tags=(text,),
            duration_ms=9_000,
        )._replace(
            comment=text,
            text=text,
            transcript=text,
            bookmarks=(Bookmark(1_000, text),),
        )
        for number, text in enumerate(_MARKUP)
    ]


def entries_of(notes: Iterable[Note], hrefs: Sequence[str] = ()) -> list[Entry]:
    """Make entries of notes, as the job does.

    Args:
        notes: The notes.
        hrefs: Where their sounds are; none for those behind the end.
    """
    made: list[Entry] = []
    start_ms = 0
    for number, note in enumerate(notes, 1):
        href = hrefs[number - 1] if number <= len(hrefs) else ""
        duration_ms = note.row.duration_ms or 0
        made.append(
            Entry(
                note=note,
                words=words_of(note),
                moment=moment_of(note.row),
                number=number,
                start_ms=start_ms,
                duration_ms=duration_ms,
                href=href,
                size=1_000 if href else 0,
                mime="audio/mpeg" if href else "",
                sound=None,
                problem="" if href else "/a\udcff\n# b: vanished",
            )
        )
        start_ms += duration_ms
    return made


def written(writer: Writer, entries: Sequence[Entry], title: str = "Family") -> bytes:
    """Write a document to memory, twice to see that the bytes are the same."""
    head = Head(
        one_line(title) or "_",
        len(entries),
        "http://192.168.1.2/notes/",
        "identity",
        "Family.xml",
        "2024-08-15",
        "2024-08-16",
        entries[-1].moment if entries else None,
        sum(entry.duration_ms for entry in entries),
    )
    made = []
    for _ in range(2):
        file = io.BytesIO()
        writer.write(file, head, iter(entries), lambda: None)
        made.append(file.getvalue())
    assert made[0] == made[1]
    return made[0]
