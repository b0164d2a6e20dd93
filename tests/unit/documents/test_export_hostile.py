"""Texts that are broken, huge or malicious do no harm."""

# ruff: noqa: RUF001  # signs of other scripts are data

from __future__ import annotations

import tracemalloc
from datetime import date, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.export_chats import (
    FORMATS,
    NOW,
    Message,
    claims_of,
    read_all,
    render,
    write_chat,
)
from tui.documents._api import Options
from tui.documents._document import moment_of_wall
from tui.documents._export_dates import DateReader
from tui.documents._export_lines import blocks, decoded
from tui.documents._export_survey import Survey
from tui.documents._whatsapp_export import WhatsAppExport
from tui.errors import DocumentError
from tui.model import Precision

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.export_chats import (
        Format,
    )
    from tui.documents._api import Claim

HEAD = "15/08/2024, 13:26 - "
PTT = "PTT-20240815-WA0003.opus"
LINE = f"{HEAD}Ana: {PTT} (file attached)"


@pytest.mark.parametrize(
    "data",
    [
        LINE.encode(),
        LINE.encode("utf-8-sig"),
        LINE.replace("\n", "\r\n").encode() + b"\r\n",
        f"x\r{LINE}\ry\r".encode(),
        LINE.encode("utf-16"),
        b"\xfe\xff" + LINE.encode("utf-16-be"),
        LINE.encode("utf-16-le"),
        LINE.encode("utf-32"),
        b"\xff\xfe\n" + LINE.encode(),
        b"\x00\n" + LINE.encode() + b"\n\x00\xc3",
    ],
)
def test_encodings(data: bytes, tmp_path: Path) -> None:
    """A byte order mark tells the encoding; a broken byte breaks no other line."""
    if data.startswith(b"\xff\xfe\n"):
        data = b"\xff" + data[2:]
    (claim,) = claims_of(tmp_path, data)
    assert claim.key == PTT
    assert claim.sender is not None
    assert claim.sender.name == "Ana"


@pytest.mark.parametrize("name", ["Ana\ufffd", "\ufffd\ufffd"])
def test_broken_names(name: str, tmp_path: Path) -> None:
    """Bytes that are no text are replaced."""
    data = LINE.encode().replace(
        b"Ana", name.encode().replace(b"\xef\xbf\xbd", b"\xff")
    )
    (claim,) = claims_of(tmp_path, data)
    assert claim.sender is not None
    assert claim.sender.name == name


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"\xff\xfe", b"\x00" * 5000, b"hello", b"12/12/2024, 1:1"]
)
def test_no_chat(data: bytes, tmp_path: Path) -> None:
    """A text without a message is told to be none."""
    document = write_chat(tmp_path, data)
    with pytest.raises(DocumentError, match="no line of it begins a message"):
        read_all(document)


@pytest.mark.parametrize("length", range(1, len(LINE) + 1, 7))
def test_a_text_that_is_cut_off(length: int, tmp_path: Path) -> None:
    """What stands before the cut is told."""
    (claim,) = claims_of(tmp_path, f"{LINE}\n{LINE[:length]}")
    assert claim.key == PTT


def test_a_line_without_end(tmp_path: Path) -> None:
    """Of a line that is longer than any message the rest is dropped."""
    long = "x" * 3_000_000
    text = f"{HEAD}Ana: {long}\n{HEAD}Eve: {PTT}\n{long}"
    (claim,) = claims_of(tmp_path, text)
    assert claim.sender is not None
    assert claim.sender.name == "Eve"
    document = write_chat(tmp_path, text)
    assert max(map(len, blocks(document))) < 1_200_000
    assert all(block.endswith("\n") for block in blocks(document))


def test_a_message_without_end(tmp_path: Path) -> None:
    """A text may have one header and megabytes after it."""
    text = f"{HEAD}Ana: hi\n" + "word 12:13\n" * 200_000 + f"{HEAD}Eve: {PTT}\n"
    (claim,) = claims_of(tmp_path, text)
    assert claim.key == PTT


@pytest.mark.parametrize(
    "line",
    [
        "1/1/1" + " " * 200,
        "1.1.1 " * 40,
        "[" * 100,
        "[1/1/24, " + "x" * 23 + "1:11" + "x" * 23 + "1",
        "1/1/24 1:11" + ":" * 300,
        "1/1/24, 1:11 - " + "a:" * 300,
        "1/1/24, 1:11 - " + "a" * 60_000,
        ".opus" * 2000,
        "<" * 500 + ".opus" + ">" * 500,
    ],
)
def test_lines_that_make_expressions_slow(line: str, tmp_path: Path) -> None:
    """No line takes longer the longer it is."""
    text = f"{LINE}\n" + f"{line}\n" * 100
    assert claims_of(tmp_path, text, beside=("a.opus", PTT))[0].key == PTT


def test_many_words_beside_times() -> None:
    """What is remembered of a document does not grow with its nonsense."""
    survey = Survey(DateReader(date(2026, 9, 20)))
    letters = "abcdefghij"
    for number in range(3000):
        word = "".join(letters[int(digit)] for digit in f"{number:04}")
        survey.add(f"\n15/08/2024, 1:26 {word} - Ana: hi\n")
    verdict = survey.verdict("")
    assert verdict is not None
    assert len(verdict.odd_words) == 1000
    assert survey.lines == 3000


def test_many_names_in_one_message(tmp_path: Path) -> None:
    """Each name is told once, in time that grows with the text only."""
    names = [f"PTT-20240815-WA{number:05}.opus" for number in range(20_000)]
    text = f"{HEAD}Ana: hi\n" + "\n".join(f"<x: {name}>" for name in names)
    claims = claims_of(tmp_path, text)
    assert [claim.key for claim in claims] == names
    assert claims[0].text.startswith("hi\n<x: ")
    assert claims[-1].text == ""


@pytest.mark.parametrize(
    "name", ["../../etc/a.opus", "/a.opus", "a\u202e.opus", "a/b.opus", ".opus"]
)
def test_paths_stay_in_the_package(name: str, tmp_path: Path) -> None:
    """A text can't name a file in another folder."""
    text = f"{LINE}\n{HEAD}Ana: {name} (file attached)\n"
    for claim in claims_of(tmp_path, text, beside=("b.opus",)):
        assert b"/" not in claim.path
        assert claim.path in {PTT.encode(), b"b.opus"}


@given(st.binary(max_size=2000))
def test_any_bytes(data: bytes) -> None:
    """The first lines of whatever file are text of some kind."""
    assert decoded(data).endswith("\n")


_PIECES = st.sampled_from(
    [
        "15/08/2024", "1/2/3", "١٥/٨/٢٠٢٤", ", ", " ", "13:26", "1:26:33", " - ", "[",
        "] ", ": ", "Ana", "\u200e", "\n", "\r\n", PTT, "<", ">", "\ufeff", "PM", "²",
        "00000012-AUDIO-2024-08-15-13-26-33.opus", "99", "\u202f", "a.m4a", "〇",
    ]
)  # fmt: skip


@settings(max_examples=200)
@given(pieces=st.lists(_PIECES | st.text(max_size=5), max_size=60))
def test_any_pieces(
    pieces: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever stands in a text, reading ends with claims or one kind of error."""
    folder = tmp_path_factory.getbasetemp() / "pieces"
    document = write_chat(folder, "".join(pieces), beside=("a.m4a",))
    WhatsAppExport(lambda: NOW).recognise(document)
    try:
        claims, _ = read_all(document)
    except DocumentError:
        return
    keys = [claim.key for claim in claims]
    assert len(keys) == len(set(keys))


def _read_counting(document_lines: int, folder: Path) -> tuple[int, int]:
    """Return the peak of memory in bytes and the steps of a read."""
    lines = [
        f"{HEAD}Ana: line {number} of a chat that goes on for a long time\n"
        for number in range(document_lines)
    ]
    document = write_chat(folder, "".join(lines) + LINE)
    del lines
    tracemalloc.start()
    steps = sum(1 for _ in WhatsAppExport().read(document, Options()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak, steps


def test_memory_does_not_grow(tmp_path: Path) -> None:
    """A chat is streamed, with a pause every thousand lines or so."""
    small, _ = _read_counting(10_000, tmp_path)
    large, steps = _read_counting(60_000, tmp_path)
    assert large < small * 1.3 + 100_000
    assert steps >= 2 * 50


_SENDERS = (
    "Ana", "José María", "+49 170 0000001", "~\u202fEve", "عمر", "李雷", "O:Brien",
    "Ana - Work", "[x] y", "👩\u200d👦 Mum", "a" * 80,
)  # fmt: skip
_FAKES = {
    False: "[01/02/2023, 11:12:13] Fake: hello",
    True: "01/02/2023, 11:12 - Fake: hello",
}
_WORDS = st.text(
    st.characters(codec="utf-8", categories=["L", "N", "P", "S"]),
    min_size=1,
    max_size=12,
).filter(lambda word: not word.startswith("<") and "opus" not in word.lower())
_TEXTS = st.lists(_WORDS, min_size=1, max_size=5).map(" ".join)


@st.composite
def _chats(draw: st.DrawFn) -> tuple[list[Message], bool]:
    ios = draw(st.booleans())
    minute = draw(st.integers(0, 1_000_000))
    messages = []
    for number in range(draw(st.integers(5, 12))):
        minute += draw(st.integers(0, 3000))
        wall = datetime.fromtimestamp(1_546_300_800 + minute * 60)  # noqa: DTZ006  # wall
        wall = wall.replace(second=draw(st.integers(0, 59)))
        lines = draw(st.lists(_TEXTS, max_size=3))
        if number % 6 == 5 and lines and draw(st.booleans()):
            lines.append(_FAKES[ios])
        name = f"PTT-{wall:%Y%m%d}-WA{number:04}.opus"
        if ios:
            name = f"{number:08}-AUDIO-{wall:%Y-%m-%d-%H-%M-%S}.opus"
        is_note = number in (0, 4) or draw(st.booleans())
        sender = draw(st.sampled_from(_SENDERS))
        text = "\n".join(lines)
        messages.append(Message(wall, sender, text, name if is_note else ""))
    return messages, ios


@settings(max_examples=100)
@given(chat=_chats(), form=st.sampled_from(FORMATS), there=st.booleans())
def test_chats_come_back(
    chat: tuple[list[Message], bool],
    form: Format,
    there: bool,
    new_folder: Callable[[str], Path],
) -> None:
    """What was rendered is read, in every format."""
    messages, ios = chat
    notes = [message for message in messages if message.recording]
    folder = new_folder("chat")
    beside = [note.recording for note in notes] if there else []
    claims = claims_of(folder, render(form, messages, ios=ios), beside=beside)
    assert [claim.key for claim in claims] == [note.recording for note in notes]
    seconds = ios or form.name == "old"
    for claim, note in zip(claims, notes, strict=True):
        _check(claim, note, seconds=seconds)


def _check(claim: Claim, note: Message, *, seconds: bool) -> None:
    parts = note.wall.timetuple()[: 6 if seconds else 5]
    precision = Precision.SECOND if seconds else Precision.MINUTE
    expected = moment_of_wall(parts, precision)
    assert claim.moment is not None
    assert expected is not None
    assert claim.moment[:3] == expected[:3]
    # Few lines may leave the order of day and month open; then it is told as a guess.
    assert claim.moment.confidence >= 0.5
    assert claim.sender is not None
    assert claim.sender.name == note.sender.lstrip("~\u202f")
    assert claim.text == note.text
