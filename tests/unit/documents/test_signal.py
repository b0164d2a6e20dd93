"""Chats that signal-export wrote, as JSON Lines and as markdown."""

from __future__ import annotations

import json
import os
import unicodedata
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.messengers import (
    HOSTILE,
    document_at,
    read,
    wall_ms,
    write_file,
    write_lines,
)
from tests.support.notes import encoded, silent_video
from tui.documents._api import Claim, Options
from tui.documents._document import Document
from tui.documents._signal import SignalExport
from tui.errors import PartialError
from tui.model import ChatKind, Direction, NoteKind, Precision

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SIGNAL = SignalExport()

_NAME = "2024-08-15T13-26-33.123_00_None.aac"


def _message(
    sender: str,
    *names: str,
    date: object = "2024-08-15T13:26:33.123000",
    **more: object,
) -> dict[str, Any]:
    attachments = [{"name": name, "path": f"media/{name}"} for name in names]
    message = {"date": date, "sender": sender, "body": "", "attachments": attachments}
    return message | more


def test_a_voice_note_of_a_partner(tmp_path: Path) -> None:
    """Chat, sender, time and file come from one line."""
    path = write_lines(
        tmp_path / "Ana" / "data.json",
        [_message("Me"), _message("Ana", _NAME, body="listen  ", unknown=[1])],
    )
    [claim] = read(SIGNAL, path).claims
    assert claim.chat is not None
    assert claim.chat.native_id == "signal:Ana"
    assert (claim.chat.kind, claim.chat.title) == (ChatKind.DIRECT, "Ana")
    assert claim.chat.partner == claim.sender
    assert claim.sender is not None
    assert (claim.sender.native_id, claim.sender.name) == ("name:signal:Ana", "Ana")
    assert (claim.chat_confidence, claim.sender_confidence) == (1.0, 1.0)
    assert (claim.direction, claim.kind) == (Direction.RECEIVED, NoteKind.VOICE)
    assert (claim.path, claim.beside) == (b"media/" + _NAME.encode(), True)
    assert claim.text == "listen"
    assert claim.moment is not None
    assert claim.moment.ms == wall_ms(2024, 8, 15, 13, 26, 33, 123_000)
    assert claim.moment.precision is Precision.SECOND
    assert claim.moment.offset_min is not None


def test_a_note_of_the_owner(tmp_path: Path) -> None:
    """The export calls the owner `Me`."""
    path = write_lines(tmp_path / "Ana" / "data.json", [_message("Me", _NAME)])
    [claim] = read(SIGNAL, path).claims
    assert claim.sender is not None
    assert (claim.sender.native_id, claim.sender.is_me) == ("me:signal", True)
    assert claim.direction is Direction.SENT


@pytest.mark.parametrize(
    ("folder", "senders", "kind"),
    [
        ("Ana", ["Me", "Ana"], ChatKind.DIRECT),
        ("Ana", ["Ana"], ChatKind.DIRECT),
        ("Ana", ["Me"], ChatKind.DIRECT),
        ("Ana", ["Ana", "No-Sender"], ChatKind.DIRECT),
        ("Choir", ["Me", "Ana", "Bo"], ChatKind.GROUP),
        ("Choir", ["Ana", "Bo"], ChatKind.GROUP),
        ("Choir", ["No-Sender"], ChatKind.GROUP),
        ("Choir", ["No-Sender", "Ana"], ChatKind.GROUP),
        ("Note to Self", ["Me"], ChatKind.SELF),
    ],
)
def test_kinds_of_chats(
    tmp_path: Path, folder: str, senders: list[str], kind: ChatKind
) -> None:
    """Who speaks decides, also those who speak after the first note."""
    messages = [_message(senders[0], _NAME), *map(_message, senders)]
    path = write_lines(tmp_path / folder / "data.json", messages)
    [claim] = read(SIGNAL, path).claims
    assert claim.chat is not None
    assert claim.chat.kind is kind


def test_nobody_is_no_sender(tmp_path: Path) -> None:
    """A sender whom the export did not find is nobody, and not the owner."""
    path = write_lines(tmp_path / "Choir" / "data.json", [_message("No-Sender", _NAME)])
    [claim] = read(SIGNAL, path).claims
    assert claim.sender is None
    assert claim.direction is Direction.RECEIVED


@pytest.mark.parametrize(
    ("attachment", "expected"),
    [
        ({"path": "./media/a.m4a"}, b"media/a.m4a"),
        ({"path": "media//./a.m4a"}, b"media/a.m4a"),
        ({"path": "media\\a.m4a"}, b"media/a.m4a"),
        ({"name": "a.m4a"}, b"media/a.m4a"),
        ({"fileName": "a.m4a", "path": "media/a.m4a"}, b"media/a.m4a"),
        ({"name": "a\u202fb.m4a", "path": "media/a%20b.m4a"}, "media/a\u202fb.m4a"),
        ({"name": "x", "path": "media/a%20b.m4a"}, b"media/a b.m4a"),
        ({"path": "media/u\u0308.ogg"}, "media/\u00fc.ogg"),
        ({"path": "media/A.OPUS"}, b"media/A.OPUS"),
    ],
)
def test_paths_of_attachments(
    tmp_path: Path, attachment: dict[str, str], expected: bytes | str
) -> None:
    """Versions of the tool name files in several ways."""
    message = _message("Ana", attachments=[attachment])
    [claim] = read(
        SIGNAL, write_lines(tmp_path / "Ana" / "data.json", [message])
    ).claims
    assert claim.path == (
        expected if isinstance(expected, bytes) else expected.encode()
    )


def test_a_name_with_percent_in_it_is_looked_up(tmp_path: Path) -> None:
    """What is there decides between two readings of a path."""
    write_file(tmp_path / "Ana" / "media" / "a%20b.m4a")
    message = _message("Ana", attachments=[{"path": "media/a%20b.m4a"}])
    [claim] = read(
        SIGNAL, write_lines(tmp_path / "Ana" / "data.json", [message])
    ).claims
    assert claim.path == b"media/a%20b.m4a"


@pytest.mark.parametrize("name", ["a.jpg", "a.pdf", "a", "a.aac.txt", "film.mp4"])
def test_other_attachments_are_no_notes(tmp_path: Path, name: str) -> None:
    """Pictures and films are no claims, whether they are there or not."""
    path = write_lines(tmp_path / "Ana" / "data.json", [_message("Ana", name)])
    assert read(SIGNAL, path).claims == []
    write_file(tmp_path / "Ana" / "media" / name, b"\0\0\0\x18ftypmp42 no sound in it")
    assert read(SIGNAL, path).claims == []


def test_a_film_without_a_picture_is_a_note(tmp_path: Path) -> None:
    """The bytes tell what the suffix does not."""
    names = ["sound.mp4", "film.mp4"]
    write_file(tmp_path / "Ana" / "media" / names[0], encoded("mp4", 0.2))
    write_file(tmp_path / "Ana" / "media" / names[1], silent_video(0.2))
    path = write_lines(tmp_path / "Ana" / "data.json", [_message("Ana", *names)])
    assert [claim.path for claim in read(SIGNAL, path).claims] == [b"media/sound.mp4"]


@pytest.mark.parametrize(
    "attachments",
    [[{"path": path} for path in HOSTILE], [{"name": path} for path in HOSTILE]],
)
def test_hostile_paths(tmp_path: Path, attachments: list[dict[str, str]]) -> None:
    """No path leaves the folder; notes with a bad path are told without one."""
    message = _message("Ana", attachments=attachments)
    good = _message("Ana", _NAME)
    path = write_lines(tmp_path / "Ana" / "data.json", [message, good])
    claims = read(SIGNAL, path).claims
    assert claims[-1].path == b"media/" + _NAME.encode()
    assert sum(not claim.path for claim in claims) >= 2


@pytest.mark.parametrize(
    ("date", "ms"),
    [
        (1_723_721_193_123, 1_723_721_193_123),
        ("1723721193123", 1_723_721_193_123),
        ("2024-08-15T13:26:33+02:00", 1_723_721_193_000),
        ("2024-08-15T11:26:33Z", 1_723_721_193_000),
        ("1970-01-01T00:00:00", None),
        ("0001-01-01T00:00:00", None),
        ("9999-12-31T23:59:59-23:59", None),
        ("yesterday", None),
        (None, None),
        ([], None),
        (10**30, None),
        (1e308, None),
    ],
)
def test_dates(tmp_path: Path, date: object, ms: int | None) -> None:
    """Numbers and offsets are true time; what is no time is none."""
    message = _message("Ana", _NAME, date=date)
    [claim] = read(
        SIGNAL, write_lines(tmp_path / "Ana" / "data.json", [message])
    ).claims
    assert (claim.moment and claim.moment.ms) == ms
    if claim.moment:
        assert claim.moment.offset_min is None


def test_broken_lines_cost_only_themselves(tmp_path: Path) -> None:
    """Lines that are no JSON are counted; wrong types are passed over."""
    good = json.dumps(_message("Ana", _NAME))
    odd = ['{"date": 1', "[1, 2]", "null", "7", '{"attachments": 3}', "{}", "\udcff"]
    odd += ['{"sender": {}, "attachments": [1, null, {"name": [], "path": {}}]}']
    path = tmp_path / "Ana" / "data.json"
    path.parent.mkdir()
    text = "\n".join([good, *odd, good.replace("33.123_00", "33.123_01")]) + "\n"
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    reading = read(SIGNAL, path)
    assert len(reading.claims) == 2
    assert [remark.code for remark in reading.remarks] == ["left_out"]
    assert reading.error is None


@given(cut=st.integers(1, 200))
def test_a_file_cut_off_keeps_what_was_before(
    new_folder: Callable[[str], Path], cut: int
) -> None:
    """Every whole line counts, and the reason for the end is told."""
    path = new_folder("cut") / "Ana" / "data.json"
    write_lines(path, [_message("Ana", _NAME), _message("Me", "b.m4a")])
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    first = whole.index(b"\n") + 1
    reading = read(SIGNAL, path)
    kept = len(whole) - cut
    assert len(reading.claims) == (kept >= first - 1) + (kept >= len(whole) - 1)
    is_cut = kept not in {0, first - 1, first, len(whole) - 1}
    assert isinstance(reading.error, PartialError) is is_cut


def test_the_key_is_the_same_in_both_forms_and_exports(tmp_path: Path) -> None:
    """A longer export of the same chat tells the same messages."""
    old = write_lines(tmp_path / "1" / "Ana" / "data.json", [_message("Ana", _NAME)])
    messages = [_message("Me"), _message("Ana", _NAME), _message("Ana", "b.m4a")]
    new = write_lines(tmp_path / "2" / "Ana" / "data.json", messages)
    form = tmp_path / "3" / "Ana" / "chat.md"
    write_file(form, f"[2024-08-15 13:26:33] Ana: [x](./media/{_NAME})  \n".encode())
    keys = [[claim.key for claim in read(SIGNAL, path).claims] for path in (old, new)]
    assert keys[0] == keys[1][:1]
    assert len(set(keys[1])) == 2
    assert [claim.key for claim in read(SIGNAL, form).claims] == keys[0]


_MARKDOWN = "\n".join(
    [
        f"[2024-08-15 13:26:33] Ana: listen  [{_NAME}](./media/{_NAME})  ",
        "",
        "[2024-08-15 13:27:00] Me: two",
        "lines",
        "(- Ana: x -)![p](./media/p.jpg)  [a](./media/a_(1).m4a)  [b](./media/b.ogg)",
        "",
        "[2024-08-15, 13:28] Ana: old",
        "",
        "> [quoted](./media/quoted.aac)  ",
        "",
        "reply[c](media/c.mp3)",
        "[2024-08-15 13:29:00] Ana: [s](../exported_stickers/x/1.aac)  ",
        "",
    ]
)


def test_markdown(tmp_path: Path) -> None:
    """The form for people tells the same."""
    path = write_file(tmp_path / "Ana" / "chat.md", _MARKDOWN.encode())
    reading = read(SIGNAL, path)
    assert reading.error is None
    assert [claim.path.decode() for claim in reading.claims] == [
        f"media/{_NAME}",
        "media/a_(1).m4a",
        "media/b.ogg",
        "media/c.mp3",
    ]
    first, second, _, last = reading.claims
    assert first.text == "listen"
    assert first.moment is not None
    assert first.moment.ms == wall_ms(2024, 8, 15, 13, 26, 33)
    assert first.chat is not None
    assert first.chat.kind is ChatKind.DIRECT
    assert second.direction is Direction.SENT
    assert second.text.startswith("two\nlines")
    assert last.moment is not None
    assert last.moment.precision is Precision.MINUTE
    assert last.text == "old\n\n\nreply"


def test_markdown_cut_off(tmp_path: Path) -> None:
    """A link that does not end means that more should follow."""
    whole = _MARKDOWN.encode()
    path = write_file(tmp_path / "Ana" / "chat.md", whole[: whole.index(b"b.ogg")])
    reading = read(SIGNAL, path)
    assert len(reading.claims) == 2
    assert isinstance(reading.error, PartialError)


def test_recognition(tmp_path: Path) -> None:
    """`chat.md` is read only where there is no `data.json` of the kind."""
    folder = tmp_path / "Ana"
    form = write_file(folder / "chat.md", _MARKDOWN.encode())
    found = SIGNAL.recognise(document_at(form))
    assert found is not None
    assert (found.score, found.label) == (70, "Ana")
    write_file(folder / "media" / _NAME)
    found = SIGNAL.recognise(document_at(form))
    assert found is not None
    assert found.score == 80
    other = write_file(folder / "data.json", b'{"version": 1}\n')
    assert SIGNAL.recognise(document_at(form)) is not None
    assert SIGNAL.recognise(document_at(other)) is None
    path = write_lines(folder / "data.json", [_message("Ana", body="x" * 100_000)])
    assert SIGNAL.recognise(document_at(form)) is None
    found = SIGNAL.recognise(document_at(path))
    assert found is not None
    assert found.score == 100
    assert SIGNAL.fits(b"/x", b"data.json")
    assert not SIGNAL.fits(b"/x", b"index.html")


@pytest.mark.parametrize(
    "head",
    [b"", b"{}", b"[]", b"# Notes\n", b"\0" * 99, b'{"date": "sender", "body"\n'],
)
def test_other_files(tmp_path: Path, head: bytes) -> None:
    """Files of the same names by other programs are left alone."""
    for name in ("data.json", "chat.md"):
        assert SIGNAL.recognise(document_at(write_file(tmp_path / name, head))) is None


_WORDS = st.text(
    st.characters(exclude_characters="\0\r\n/\\%[]():", exclude_categories=["Cs"]),
    min_size=1,
    max_size=20,
).filter(lambda text: text.strip() == text and text not in {".", ".."})


@given(
    rows=st.lists(
        st.tuples(_WORDS, _WORDS, st.integers(1_000_000_000, 2_000_000_000)), max_size=8
    )
)
def test_what_was_written_is_read_back(
    new_folder: Callable[[str], Path], rows: list[tuple[str, str, int]]
) -> None:
    """Any names and senders come back, in their order."""
    path = new_folder("signal") / "Chat" / "data.json"
    messages = [
        _message(sender, f"{number}{name}.m4a", date=second * 1000)
        for number, (sender, name, second) in enumerate(rows)
    ]
    claims = read(SIGNAL, write_lines(path, messages)).claims
    expected = [
        unicodedata.normalize("NFC", f"media/{number}{name}.m4a").encode()
        for number, (_, name, _) in enumerate(rows)
    ]
    assert [claim.path for claim in claims] == expected
    for claim, (sender, _, second) in zip(claims, rows, strict=True):
        assert claim.moment is not None
        assert claim.moment.ms == second * 1000
        assert claim.sender is None or claim.sender.name in {sender, ""}


@given(st.binary(max_size=400))
def test_any_bytes(new_folder: Callable[[str], Path], data: bytes) -> None:
    """Noise ends a reading properly."""
    folder = new_folder("noise")
    for name in ("data.json", "chat.md"):
        path = write_file(folder / name, data)
        SIGNAL.recognise(document_at(path))
        read(SIGNAL, path)


def test_the_text_of_old_versions(tmp_path: Path) -> None:
    """It was called otherwise, and had no seconds."""
    name = "2021-03-04_00_signal-2021-03-04-101500.m4a"
    text = f"[2021-03-04 10:15] Ana:   [{name}](./media/{name})  \n"
    text += "[2021-03-04 10:16] Me: ok  \n"
    path = write_file(tmp_path / "Ana" / "index.md", text.encode())
    assert SIGNAL.fits(b"/x", b"index.md")
    assert SIGNAL.recognise(document_at(path)) is not None
    [claim] = read(SIGNAL, path).claims
    assert claim.path == f"media/{name}".encode()
    assert claim.direction is Direction.RECEIVED
    assert claim.moment is not None
    assert claim.moment.ms == wall_ms(2021, 3, 4, 10, 15)
    assert claim.moment.precision is Precision.MINUTE


@pytest.mark.parametrize("name", ["chat.md", "data.json"])
def test_the_old_text_beside_a_new_one(tmp_path: Path, name: str) -> None:
    """Only one of them is read."""
    line = "[2021-03-04 10:15] Ana: hi\n"
    path = write_file(tmp_path / "Ana" / "index.md", line.encode())
    if name == "data.json":
        write_lines(tmp_path / "Ana" / name, [_message("Ana")])
    else:
        write_file(tmp_path / "Ana" / name, line.encode())
    assert SIGNAL.recognise(document_at(path)) is None


def test_mpeg_in_an_archive_is_sound(tmp_path: Path) -> None:
    """Members are not looked into, and MP3 without a name has a film's suffix."""
    names = [f"2024-08-15T13-26-33.123_00_None.{each}" for each in ("mpeg", "mp4")]
    line = json.dumps(_message("Ana", *names)) + "\n"
    with zipfile.ZipFile(tmp_path / "signal.zip", "w") as archive:
        archive.writestr("Ana/data.json", line)
        for name in names:
            archive.writestr(f"Ana/media/{name}", b"sound")
    path = tmp_path / "signal.zip" / "" / "Ana" / "data.json"
    document = Document(os.fsencode(path).replace(b".zip/", b".zip//"), len(line))
    told = list(SIGNAL.read(document, Options()))
    claims = [each for each in told if isinstance(each, Claim)]
    assert [claim.path for claim in claims] == [f"media/{names[0]}".encode()]
