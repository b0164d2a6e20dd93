"""The page of a chat: what is in it, and that nothing of a text has power in it."""

from __future__ import annotations

import base64
import errno
import hashlib
import io
import os
import re
import tracemalloc
from datetime import UTC, datetime
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.exported import SENT_MS, told_note
from tests.support.notes import hostile_texts
from tests.support.page import entry_of, head_of
from tui.export._page import PageWriter
from tui.export._texts import lines, one_line
from tui.model import Bookmark, Direction, Precision

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tui.export._documents import Entry

VOID = {"meta", "link", "input"}
DAY_MS = 86_400_000

texts = st.one_of(
    st.text(st.characters(codec=None), max_size=60),
    st.text("<>&\"'/=`$\x00\u202e\ud800 abc!-", max_size=40),
    st.sampled_from(
        [
            "</script><img src=x onerror=alert(1)>",
            "<!--",
            "]]>",
            "$notes $facts ${script}",
            "javascript:alert(1)",
            *hostile_texts(),
        ]
    ),
)


class Outline(HTMLParser):
    """What a page is made of: its elements, and the text in each."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.shape: list[tuple[str, tuple[str, ...]]] = []
        """Names of elements with those of their attributes."""
        self.elements: list[tuple[dict[str, str], list[str]]] = []
        self._open: list[tuple[str, list[str]]] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.shape.append((tag, tuple(name for name, _ in attrs)))
        text: list[str] = []
        facts = {"": tag} | {name: value or "" for name, value in attrs}
        self.elements.append((facts, text))
        if tag not in VOID:
            self._open.append((tag, text))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        for _, text in self._open:
            text.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def texts(self, **facts: str) -> list[str]:
        """Give the texts of the elements with some attributes; `of` is their name."""
        wanted = {
            {"of": "", "kind": "class"}.get(name, name): value
            for name, value in facts.items()
        }
        return [
            "".join(text)
            for found, text in self.elements
            if wanted.items() <= found.items()
        ]


def written(entries: Iterable[Entry], title: str = "Family") -> str:
    """Write a page."""
    file = io.BytesIO()
    PageWriter().write(file, head_of(title), entries, lambda: None)
    assert file.tell() == len(file.getvalue())
    return file.getvalue().decode()


def outline(*entries: Entry, title: str = "Family") -> Outline:
    """Write a page and take it apart."""
    return Outline(written(entries, title))


def test_a_note_is_told_whole(tmp_path: Path) -> None:
    """Everything that is known of a note is on its card."""
    sound = tmp_path / "a.opus"
    sound.write_bytes(b"OggS" * 100_000)
    note = told_note(
        direction=Direction.SENT,
        sender=None,
        chat_title="Boat",
        star=True,
        title="The bread",
        tags=("recipe", "a/b"),
        duration_ms=42_000,
    )
    note = note._replace(
        transcript="A kilo\nof flour",
        comment="ask her",
        text="the caption",
        bookmarks=(Bookmark(12_000, "flour"), Bookmark(31_000)),
        peaks=bytes([0, 255, 128, 255]),
    )
    page = outline(entry_of(1, note, sound=sound))
    assert page.texts(kind="note sent", id="n1")
    assert page.texts(kind="who") == ["me"]
    assert page.texts(kind="chat") == ["Boat"]
    assert page.texts(kind="star") == ["\u2605"]
    assert page.texts(of="h2") == ["Thu 15 August 2024"]
    assert page.texts(of="h3") == ["The bread"]
    assert page.texts(kind="words") == ["A kilo\nof flour"]
    assert page.texts(kind="caption") == ["the caption"]
    assert page.texts(kind="said") == ["ask her"]
    assert page.texts(kind="tag") == ["#recipe", "#a/b"]
    assert page.texts(kind="len") == ["0:42"]
    marks = [facts for facts, _ in page.elements if "data-at" in facts]
    assert [mark["data-at"] for mark in marks] == ["12000", "31000"]
    (block,) = page.texts(id="s1", type="application/octet-stream;base64")
    assert base64.b64decode(block, validate=True) == sound.read_bytes()
    (data,) = (facts for facts, _ in page.elements if "data-ms" in facts)
    assert (data["data-ms"], data["data-mime"]) == ("42000", "audio/ogg")
    (wave,) = (f["d"] for f, _ in page.elements if f.get("d", "").startswith("M2 "))
    assert wave == "M2 15v2M6 1v30M10 9v14M14 1v30"
    (pins,) = (f["d"] for f, _ in page.elements if f.get("d", "").endswith("30v6"))
    assert pins == "M4.6 30v6M11.8 30v6"


@pytest.mark.parametrize(
    ("precision", "shown", "exact", "hint"),
    [
        (Precision.EXACT, "18:42", "2024-08-15T18:42:01+00:00", " 18:42:01"),
        (Precision.SECOND, "18:42", "2024-08-15T18:42:01+00:00", " 18:42:01"),
        (Precision.MINUTE, "18:42", "2024-08-15T18:42+00:00", " 18:42"),
        (Precision.DAY, "time not known", "2024-08-15", ""),
        (
            Precision.MTIME,
            "about ~18:42",
            "2024-08-15T18:42:01+00:00",
            " 18:42:01, the time of the file",
        ),
    ],
)
def test_times_are_as_exact_as_they_are_known(
    precision: Precision, shown: str, exact: str, hint: str
) -> None:
    """A day has no time of day, and the time of a file is not that of a message."""
    page = outline(entry_of(1, told_note(precision=precision)))
    assert page.texts(of="time", datetime=exact) == [shown]
    assert page.texts(of="time", title=f"Thu 15 August 2024{hint}") == [shown]


def test_notes_without_sound_say_why(tmp_path: Path) -> None:
    """What can't be played has no button, and tells the reason."""
    locked = tmp_path / "folder.opus"
    locked.mkdir()
    note = told_note()._replace(bookmarks=(Bookmark(1000, "here"),))
    page = outline(
        entry_of(1, note, problem="the disk is away"),
        entry_of(2, note),
        entry_of(3, note, sound=tmp_path / "gone.opus"),
        entry_of(4, note, sound=locked),
    )
    assert page.texts(kind="why") == [
        "No sound: the disk is away",
        "No sound: not in this page",
        "No sound: vanished",
        "No sound: is no regular file",
    ]
    assert page.texts(kind="play") == page.texts(of="button", **{"data-at": "1000"})
    assert page.texts(kind="len") == ["--:--"] * 4
    assert "4 without sound" in page.texts(kind="facts")[0]


def test_the_head_has_the_sums() -> None:
    """Counts, days and lengths, of which only the last note completes some."""

    def facts(*notes: tuple[int, int]) -> list[str]:
        entries = [
            entry_of(
                number,
                told_note(sent_ms=SENT_MS + day * DAY_MS, duration_ms=ms),
                href="a",
            )
            for number, (day, ms) in enumerate(notes, 1)
        ]
        page = Outline(written(entries))
        assert page.texts(of="title") == page.texts(of="h1") == ["Family"]
        at = page.shape.index(("p", ("class", "id")))
        count = page.shape.index(("noscript", ())) - at - 1
        return ["".join(text) for _, text in page.elements[at + 1 : at + 1 + count]]

    assert facts() == ["0 notes"]
    assert facts((0, 42_000)) == ["1 note", "15 August 2024", "0:42 in all"]
    assert facts((1, 3_600_000), (0, 42_000), (3, 0)) == [
        "3 notes",
        "15 \u2013 18 August 2024",
        "1:00:42 in all",
        "1 of unknown length",
    ]
    assert facts((0, 0), (30, 0))[1] == "15 August \u2013 14 September 2024"
    assert facts((0, 0), (300, 0))[1] == "15 August 2024 \u2013 11 June 2025"


def test_days_are_parted_and_damaged_times_too() -> None:
    """Each day in its turn has a heading; a time that can't be is no date."""
    days = (0, 0, 1, 0, 10**9)
    entries = [
        entry_of(
            number,
            told_note(sent_ms=SENT_MS + day * DAY_MS),
            moment=datetime(2024, 8, 15, tzinfo=UTC),
        )
        for number, day in enumerate(days, 1)
        if day < 10**9
    ]
    broken = told_note(sent_ms=10**18)
    entries.append(entries[0]._replace(note=broken, number=5))
    page = outline(*entries)
    there = "Thu 15 August 2024"
    assert page.texts(of="h2") == [there, "Fri 16 August 2024", there, "No date"]
    assert page.texts(of="time")[-1] == "time not known"


def card(text: str) -> Entry:
    """Make an entry with a text wherever one can be."""
    note = told_note(
        chat_title=f"x{text}",
        sender=f"x{text}",
        title=f"x{text}",
        tags=(f"x{text}",),
        duration_ms=1000,
    )
    note = note._replace(
        transcript=f"x{text}",
        comment=f"x{text}",
        text=f"x{text}",
        bookmarks=(Bookmark(500, f"x{text}"),),
    )
    return entry_of(1, note, href=text or "y", mime=text)


PLAIN = outline(card("x"), card("x")._replace(problem="x"), title="x")


@settings(max_examples=60)
@given(texts)
def test_no_text_makes_an_element_or_attribute(text: str) -> None:
    """A page of any texts has the elements of one with plain texts, and says them."""
    page = outline(card(text), card(text)._replace(problem=f"x{text}"), title=text)
    assert page.shape == PLAIN.shape
    line = one_line(f"x{text}")
    assert page.texts(kind="who") == [line, line]
    assert page.texts(of="h3") == [line, line]
    assert page.texts(kind="tag") == [f"#{line}"] * 2
    assert page.texts(kind="words") == [lines(f"x{text}").strip()] * 2
    assert page.texts(kind="why") == [f"No sound: {line}"]
    for facts, _ in page.elements:
        href = facts.get("data-src", "./")
        assert href.startswith(("./", "file:"))
        assert "data-mime" not in facts


def test_the_policy_allows_this_script_and_style_only() -> None:
    """Its sums are those of what stands in the page; nothing else could run."""
    page = outline(entry_of(1, href="a.opus"))
    (policy,) = (f["content"] for f, _ in page.elements if "http-equiv" in f)
    for name in ("script", "style"):
        inside = [
            "".join(text)
            for facts, text in page.elements
            if facts[""] == name and "type" not in facts
        ]
        digest = base64.b64encode(hashlib.sha256(inside[0].encode()).digest()).decode()
        assert len(inside) == 1
        assert f"{name}-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "http" not in policy
    names = {name for _, attributes in page.shape for name in attributes}
    assert not {name for name in names if name.startswith("on")} | names & {"style"}


def test_the_parts_are_fit_for_the_page() -> None:
    """No sign of the script ends it early, and none depends on an encoding."""
    folder = files("tui.export") / "page"
    for part in folder.iterdir():
        text = part.read_text("utf-8")
        if part.name.endswith((".svg", ".html")):
            continue
        assert text.isascii()
        assert "\r" not in text
        assert "</s" not in text
        assert "<!--" not in text
        assert not re.search(r"https?://|innerHTML|\beval\(", text)


def test_the_same_notes_make_the_same_bytes(tmp_path: Path) -> None:
    """Nothing of the page depends on when or where it is made."""
    sound = tmp_path / "a.opus"
    sound.write_bytes(bytes(range(256)))
    entries = [entry_of(1, sound=sound), entry_of(2, href="x.opus")]
    assert written(entries) == written(iter(entries))


def test_long_texts_are_folded() -> None:
    """A button shows the rest; a short text has none."""
    short, long = "x" * 100, "word " * 100
    notes = [
        told_note()._replace(transcript=text) for text in (short, long, "\n.." * 7)
    ]
    page = outline(*(entry_of(number, note) for number, note in enumerate(notes, 1)))
    assert page.texts(kind="words") == [short]
    assert [text[:3] for text in page.texts(kind="words long")] == ["wor", "..\n"]
    controls = [
        f["aria-controls"] for f, _ in page.elements if f.get("class") == "more"
    ]
    assert controls == ["w2", "w3"]


def test_memory_stays_flat(tmp_path: Path) -> None:
    """Notes are not kept, and long sounds go through in parts, with a tick for each."""
    sound = tmp_path / "a.opus"
    with sound.open("wb") as file:
        file.truncate(4_000_000)
    ticks = 0

    def tick() -> None:
        nonlocal ticks
        ticks += 1

    entries = (entry_of(number, sound=sound) for number in range(1, 21))
    with Path(os.devnull).open("wb") as file:
        PageWriter().write(file, head_of(), [], tick)  # what is loaded only once
        tracemalloc.start()
        try:
            PageWriter().write(file, head_of(), entries, tick)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert most < 3_000_000
    assert ticks > 20 * 4_000_000 // 200_000


def test_a_sound_that_breaks_off_is_not_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a disk fails in the middle, the note says so and the page is whole."""

    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return super().read(size)

    monkeypatch.setattr("tui.export._page.open_file", lambda _: Failing(bytes(10**6)))
    page = outline(entry_of(1, sound=tmp_path / "a.opus"), entry_of(2, href="b"))
    assert page.texts(kind="why") == ["No sound: input/output error"]
    assert len(page.texts(kind="play")) == 1
