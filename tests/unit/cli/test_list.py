"""`list`, `show` and `chats` on real folders."""

from __future__ import annotations

import os
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from tests.support.bad_files import spoil_library
from tests.support.notes import opus_note
from tui.demo import ARRIVALS, LIBRARY
from tui.library import Library

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.cli.conftest import Done

    Earmark = Callable[..., Done]


def test_nothing_known_is_nothing_found(earmark: Earmark) -> None:
    """An empty library answers with exit code 1, and with an array for programs."""
    assert earmark("list") == earmark("chats")
    assert earmark("list").code == 1
    assert earmark("list", "--json").json == []
    assert earmark("show", "abcd", "--json").json == []


@pytest.mark.parametrize(
    "argv", [["list"], ["chats"], ["play", "x"], ["show", "ab"], ["watch"]]
)
def test_without_a_source_it_is_told_what_to_do(
    earmark: Earmark, argv: list[str]
) -> None:
    """Nobody is left with an empty screen."""
    done = earmark(*argv)
    assert (done.code, done.out) == (1, "")
    assert done.err == "earmark: no sources yet: earmark FOLDER adds one\n"


@pytest.mark.parametrize("argv", [["list", "qqq"], ["show", "zz"], ["play", "qqq"]])
def test_nothing_found_is_told(earmark: Earmark, phone: Path, argv: list[str]) -> None:
    """In one line, beside the empty array for programs."""
    earmark("scan", phone)
    done = earmark(*argv)
    assert (done.code, done.out, done.err) == (1, "", "earmark: nothing found\n")
    if argv[0] != "play":
        done = earmark(*argv, "--json")
        assert (done.code, done.json, done.err) == (1, [], "earmark: nothing found\n")


def test_no_chats_are_told(earmark: Earmark, tmp_path: Path) -> None:
    """A folder without notes has none."""
    (tmp_path / "Empty").mkdir()
    earmark("scan", tmp_path / "Empty")
    done = earmark("chats", "--json")
    assert (done.code, done.json, done.err) == (1, [], "earmark: nothing found\n")


def test_sources_of_one_name_are_told_apart(earmark: Earmark, tmp_path: Path) -> None:
    """Two apps, and two folders of one name, are not the same."""
    roots = [
        tmp_path / "one" / "WhatsApp Voice Notes",
        tmp_path / "two" / "WhatsApp Voice Notes",
        tmp_path / "WhatsApp Business" / "Media" / "WhatsApp Business Voice Notes",
    ]
    for number, root in enumerate(roots):
        path = root / "202501" / f"PTT-20250101-WA000{number}.opus"
        path.parent.mkdir(parents=True)
        path.write_bytes(opus_note(1, freq=400 + 100 * number))
    earmark("scan", roots[0], roots[2].parent.parent)
    one, two = sorted(line.split()[-1] for line in earmark("chats").lines)
    assert (one, two) == ("Business", "WhatsApp")
    earmark("scan", roots[1])
    text = earmark("chats").out
    assert f"WhatsApp ({roots[0]})" in text
    assert f"WhatsApp ({roots[1]})" in text
    assert text.count("WhatsApp Business\n") == 1


def test_list_of_the_demo(earmark: Earmark, phone: Path) -> None:
    """Every note is listed with its chat, time, precision and length."""
    done = earmark("list", "--source", phone, "--json")
    assert (done.code, done.err) == (0, "")
    notes = done.json
    assert len(notes) == len(LIBRARY) + len(ARRIVALS)
    assert len({note["id"] for note in notes}) == len(notes)
    for note in notes:
        assert (note["kind"], note["state"], note["played"]) == (
            "voice",
            "ready",
            "unplayed",
        )
        assert 5_000 <= note["duration_ms"] <= 15_000
        assert datetime.fromisoformat(note["sent_at"]).year == 2025
        assert note["container"] == "ogg/opus"
        (file,) = note["files"]
        path = phone / file["path"]
        assert file["source"] == str(phone)
        assert path.stat().st_size == note["size"]
        if file["path"].startswith("WhatsApp"):
            assert note["chat_kind"] == "unmatched"
            assert note["precision"] == "mtime"
            assert note["sent_at"].endswith("Z")
        else:
            assert note["chat"] == path.parent.name
            assert note["chat_kind"] == "folder"
            assert note["precision"] == "second"
            assert note["sent_at"].replace("T", " ").replace(":", "-") == path.stem
    times = [note["sent_at"].removesuffix("Z") for note in notes]
    assert times == sorted(times, reverse=True)


def test_a_source_is_remembered_and_brought_up_to_date(
    earmark: Earmark, phone: Path
) -> None:
    """What is added to a folder is listed next time, without naming it again."""
    assert len(earmark("list", "--source", phone).lines) == 18
    new = phone / "Zoe" / "2025-03-14 12-30-00.opus"
    new.parent.mkdir()
    new.write_bytes(opus_note(2))
    os.utime(new, (1_741_955_400, 1_741_955_400))
    lines = earmark("list").lines
    assert len(lines) == 19
    assert "2025-03-14 12:30" in lines[0]
    assert "0:02" in lines[0]
    assert lines[0].endswith("Zoe")
    new.unlink()
    assert len(earmark("list").lines) == 18
    (missing,) = earmark("list", "is:missing", "--json").json
    assert (missing["state"], missing["chat"]) == ("missing", "Zoe")


def test_lines_are_aligned(earmark: Earmark, phone: Path) -> None:
    """One line a note, its columns below those of the others."""
    lines = earmark("list", "--source", phone).lines
    assert {line.index("2025") for line in lines} == {lines[0].index("2025")}
    assert {line[8:10] for line in lines} == {"  "}


def test_queries(earmark: Earmark, phone: Path) -> None:
    """A query chooses; a source, or a folder of one, too."""
    assert len(earmark("list", "--source", phone, "chat:ana").lines) == 4
    assert len(earmark("list", "ana", "or", "chat:bob", "-on:2025-03-14").lines) > 2
    assert len(earmark("list", "--source", phone / "Ana").lines) == 4
    assert len(earmark("list", "is:unmatched").lines) == 7
    assert earmark("list", "is:played").code == 1
    assert earmark("list", "form:Ana").code == 2


def test_the_same_folder_is_one_source(earmark: Earmark, phone: Path) -> None:
    """A folder inside a known source, or the same by another spelling, adds none."""
    earmark("list", "--source", phone)
    earmark("list", "--source", phone / "Ana")
    earmark("list", "--source", f"{phone}/Bob/..")
    assert {chat["source"] for chat in earmark("chats", "--json").json} == {str(phone)}


def test_a_folder_around_a_source_takes_its_place(
    earmark: Earmark, phone: Path
) -> None:
    """No note is listed twice when a folder above a source is added."""
    assert len(earmark("list", "--source", phone / "Ana").lines) == 4
    assert len(earmark("list", "--source", phone).lines) == 18
    assert {chat["source"] for chat in earmark("chats", "--json").json} == {str(phone)}


def test_a_source_that_is_away_is_masked(earmark: Earmark, phone: Path) -> None:
    """Notes of a folder that is not there are hidden, and come back with it."""
    earmark("list", "--source", phone)
    away = phone.rename(phone.with_name("away"))
    assert earmark("list").code == 1
    assert earmark("list", "is:missing").code == 1
    away.rename(phone)
    assert len(earmark("list").lines) == 18


def test_a_folder_that_is_not_there(earmark: Earmark, tmp_path: Path) -> None:
    """A wrong folder is an error with its name and reason, and adds nothing."""
    done = earmark("list", "--source", tmp_path / "none")
    assert done.code == 3
    assert done.err == f"earmark: {tmp_path}/none: no such file or directory\n"
    file = tmp_path / "file"
    file.write_text("x")
    assert "is a file" in earmark("list", "--source", file).err
    assert earmark("doctor", "--json").json["sources"] == []


def test_a_folder_that_is_not_there_in_a_source(earmark: Earmark, phone: Path) -> None:
    """A name that is mistyped is told also inside a known source."""
    earmark("list", "--source", phone)
    done = earmark("list", "--source", phone / "Anna")
    assert done.code == 3
    assert done.err == f"earmark: {phone}/Anna: no such file or directory\n"
    phone.rename(phone.with_name("away"))
    assert earmark("list", "--source", phone / "Ana").code == 1


def test_files_that_are_no_notes(earmark: Earmark, tmp_path: Path) -> None:
    """A file without sound is listed with the reason; one that is cut is hidden."""
    root = tmp_path / "Recordings"
    root.mkdir()
    (root / "text.opus").write_text("this is no sound at all")
    (root / "cut.opus").write_bytes(opus_note(3)[:-200])
    (root / "empty.opus").touch()
    for path in root.iterdir():
        os.utime(path, (1_700_000_000, 1_700_000_000))
    (note,) = earmark("list", "--source", root, "--json").json
    assert note["state"] == "unreadable"
    assert note["reason"]
    assert note["reason"] in earmark("list", "is:unreadable").out
    assert {note["state"] for note in earmark("list", "is:partial", "--json").json} == {
        "partial"
    }


def test_hostile_names_are_shown_as_text(earmark: Earmark, tmp_path: Path) -> None:
    """No name steers the terminal, and each can be had exactly as JSON."""
    root = tmp_path / "Recordings"
    name = os.fsencode(root) + b"/\x1b[31m[x] \xff\n"
    os.makedirs(name)  # noqa: PTH103  # a name that is no text
    with open(name + b"/\x1b]0;x\x07.opus", "wb") as file:  # noqa: PTH123  # as above
        file.write(opus_note(1))
    listed = earmark("list", "--source", root)
    assert len(listed.lines) == 1
    shown = earmark("show", listed.out.split()[0])
    for text in (listed.out, shown.out, earmark("chats").out):
        assert "\x1b" not in text
        assert "\x07" not in text
    (note,) = earmark("list", "--json").json
    assert "path_b64" in note["files"][0]
    assert note["chat"] == "\x1b[31m[x] \\xff\n"


def test_show(earmark: Earmark, phone: Path) -> None:
    """Everything about one note, by the beginning of its id."""
    notes = earmark("list", "--source", phone, "chat:bob", "--json").json
    key = notes[0]["id"]
    shown = earmark("show", key[:10])
    assert shown.code == 0
    for word in (key, "Bob (folder)", "to the second", "ogg/opus", "evidence"):
        assert word in shown.out
    assert str(phone / notes[0]["files"][0]["path"]) in shown.out
    assert earmark("show", key.upper(), "--json").json == [notes[0]]


def test_show_what_is_not_there(earmark: Earmark, phone: Path) -> None:
    """No such note is 1; an id that begins several is wrong usage."""
    earmark("list", "--source", phone)
    assert earmark("show", "zz").code == 1
    keys = [note["id"] for note in earmark("list", "--json").json]
    first = next(c for c in "0123456789abcdef" if sum(k[0] == c for k in keys) > 1)
    done = earmark("show", first)
    assert done.code == 2
    assert "begins with" in done.err


def test_chats(earmark: Earmark, phone: Path) -> None:
    """Chats with their totals, the newest first."""
    earmark("list", "--source", phone)
    chats = {chat["title"]: chat for chat in earmark("chats", "--json").json}
    assert {title: chat["notes"] for title, chat in chats.items()} == {
        "Ana": 4,
        "Bob": 4,
        "Mum": 3,
        "Unmatched": 7,
    }
    last = [chat["last_at"] for chat in chats.values()]
    assert last == sorted(last, reverse=True)
    assert chats["Ana"]["duration_ms"] > 20_000
    plain = earmark("chats").out
    assert "Ana" in plain
    assert "4 unplayed" in plain


def test_sources_of_the_settings_are_opened(
    earmark: Earmark, phone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folders in the settings need not be named; one that is away is told."""
    monkeypatch.setenv("EARMARK_SOURCES", f"{phone}:/no/such/folder")
    done = earmark("list")
    assert len(done.lines) == 18
    assert done.err == "earmark: /no/such/folder: no such file or directory\n"


@pytest.mark.parametrize(
    "argv", [["list"], ["show", "ab"], ["chats"], ["play", "x"], ["doctor"]]
)
def test_reading_makes_no_folder(
    earmark: Earmark, tmp_path: Path, argv: list[str]
) -> None:
    """A library whose folder is mistyped is told, not begun."""
    done = earmark(*argv, "--library", tmp_path / "none" / "l.db")
    assert done.code == 3
    assert f"{tmp_path}/none: no such folder" in done.out + done.err
    assert not (tmp_path / "none").exists()


def test_scanning_makes_the_folder(
    earmark: Earmark, tmp_path: Path, phone: Path
) -> None:
    """What is to be kept in a new place begins there."""
    library = tmp_path / "new" / "l.db"
    assert earmark("scan", phone, "--library", library).code == 0
    assert len(earmark("list", "--library", library).lines) == 18


@pytest.mark.parametrize(
    "argv",
    [["list"], ["list", "--json"], ["chats"], ["scan"], ["play", "x"], ["doctor"]],
)
def test_a_damaged_library_is_repaired_at_once(
    earmark: Earmark, tmp_path: Path, phone: Path, argv: list[str]
) -> None:
    """The command that meets the damage goes on with the backup, and says so."""
    path = tmp_path / "l.db"
    earmark("scan", phone, "--library", path)
    with Library.open(path) as library:
        library.back_up()
    spoil_library(path)
    done = earmark(*argv, "--library", path)
    assert done.code == (1 if argv[0] == "play" else 0)
    assert "earmark: The library file was damaged and is kept as l.db." in done.err
    assert "It was restored from l.db.v" in done.err
    assert len(list(tmp_path.glob("l.db.damaged-*Z"))) == 1
    assert len(earmark("list", "--library", path).lines) == 18


def test_a_damaged_library_without_backup_is_begun_anew(
    earmark: Earmark, tmp_path: Path, phone: Path
) -> None:
    """The folder that is named is there again at once."""
    path = tmp_path / "l.db"
    earmark("scan", phone, "--library", path)
    for backup in tmp_path.glob("*.bak"):
        backup.unlink()
    spoil_library(path)
    done = earmark("list", "--source", phone, "--library", path)
    assert (done.code, len(done.lines)) == (0, 18)
    assert "a new one was begun" in done.err


def test_a_library_that_can_not_be_made(earmark: Earmark, tmp_path: Path) -> None:
    """A library in an impossible place is told with its name."""
    (tmp_path / "file").write_text("x")
    done = earmark("list", "--library", tmp_path / "file" / "l.db")
    assert done.code == 3
    assert "file" in done.err


@pytest.mark.parametrize(
    ("sort", "lengths"),
    [
        ("longest", [4, 3, 3, 2, 2, 2]),
        ("oldest", None),
        ("newest", None),
        ("unplayed", None),
    ],
)
def test_notes_are_sorted(known: Earmark, sort: str, lengths: list[int] | None) -> None:
    """By what was asked for; the first ones alone if that is said."""
    known("mark", "played", "chat:Ana")
    notes = known("list", "--sort", sort, "--json").json
    assert len(notes) == 6
    if lengths:
        assert [note["duration_ms"] // 1000 for note in notes] == lengths
    elif sort == "unplayed":
        assert [note["played"] for note in notes] == ["unplayed"] * 3 + ["played"] * 3
    else:
        times = [note["sent_at"] for note in notes]
        assert times == sorted(times, reverse=sort == "newest")
    assert known("list", "--sort", sort, "--limit", "2", "--json").json == notes[:2]
    assert len(known("list", "--limit", "99", "--sort", sort).lines) == 6


def test_the_words_of_a_query_are_shown(
    known: Earmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever they stand in a long comment; else how it begins."""
    (note,) = known("list", "chat:Bob", "--json").json
    text = "first " + "more and " * 40 + "the oven is hot " + "again and " * 40
    known("comment", note["id"], text)
    assert "the oven is hot" in known("list", "oven").out
    assert "first" not in known("list", "oven").out
    assert known("list", "has:comment").lines[0].endswith("Bob    0")
    with monkeypatch.context() as patch:
        patch.setattr("tui.cli._list._HITS", 0)
        assert "the oven is hot" not in known("list", "oven").out
    known("title", note["id"], "Oven")
    known("comment", note["id"], "")
    assert known("list", "oven").lines[0].endswith("Oven")
