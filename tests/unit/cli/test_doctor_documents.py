"""`doctor` and `scan` on documents: what is there, how it matches, what is missing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support.crypt import ROOT, crypt15, packed
from tests.support.msgstore import MS, Row, write_msgstore
from tests.support.notes import opus_note
from tui.keys import add_secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.cli.conftest import Done

    Earmark = Callable[..., Done]

VOICE = "Media/WhatsApp Voice Notes/202433"
BACKUP = "Databases/msgstore.db.crypt15"


@pytest.fixture(autouse=True)
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Open no sound device."""
    monkeypatch.setattr("tui.cli._doctor.check_output", lambda name: f"no {name} here")
    monkeypatch.setattr("tui.cli._doctor.found_outputs", list)


@pytest.fixture
def synced(tmp_path: Path) -> Path:
    """A phone with four notes, and a backup that tells of three of them."""
    root = tmp_path / "WhatsApp"
    (root / VOICE).mkdir(parents=True)
    (root / "Databases").mkdir()
    for number in range(1, 5):
        path = root / VOICE / f"PTT-20240815-WA{number:04d}.opus"
        path.write_bytes(opus_note(number))
        os.utime(path, (1_723_728_000, 1_723_728_000))
    rows = [
        Row(
            key=f"3A{number:014d}",
            path=f"{VOICE}/PTT-20240815-WA{number:04d}.opus",
            ms=MS + number * 60_000,
        )
        for number in range(1, 4)
    ]
    write_msgstore(tmp_path / "plain.db", rows)
    data = crypt15(packed((tmp_path / "plain.db").read_bytes()))
    (root / BACKUP).write_bytes(data)
    return root


def test_a_locked_backup_and_then_its_key(earmark: Earmark, synced: Path) -> None:
    """Locked is told with the command, and is no failure; the key makes it fit."""
    done = earmark("scan", synced)
    assert done.code == 0
    assert "  4 notes in 4 files: 4 added" in done.out
    assert f"  {BACKUP}: locked, needs the 64-digit key" in done.out
    done = earmark("doctor")
    assert done.code == 0
    assert "WhatsApp on Android “WhatsApp”, locked: " in done.out
    assert f"document    {BACKUP}: WhatsApp's encrypted backup on Android" in done.out
    assert f"needs the 64-digit key: earmark key add {synced}" in done.out
    assert "4 notes have no chat: what is encrypted here may tell it" in done.out
    add_secret(os.fsencode(synced), ROOT.hex().encode())
    done = earmark("scan")
    assert (done.code, "  1 document read" in done.out) == (0, True)
    out = earmark("doctor").out
    assert "3 of 3 notes are here" in out
    assert "1 note has no chat: no document here tells of it" in out
    assert "1 sender is only a number: put contacts.vcf into the source" in out


def test_the_report_as_json(earmark: Earmark, synced: Path) -> None:
    """The keys that the README documents, with code and text of what is missing."""
    earmark("scan", synced)
    (source,) = earmark("doctor", "--json").json["sources"]
    (document,) = source["documents"]
    (missing,) = document.pop("missing")
    assert missing["code"] == "key"
    assert missing["text"].endswith(f"earmark key add {synced}")
    assert document == {
        "path": BACKUP,
        "kind": "whatsapp_backup",
        "state": "locked",
        "reason": "needs the 64-digit key: earmark key add SOURCE",
        "label": "",
        "score": 100,
        "reasons": ["encrypted backup of WhatsApp (crypt15)"],
        "claims": 0,
        "matched": 0,
        "remarks": [],
    }
    assert [each["code"] for each in source["missing"]] == ["chats"]
    (scanned,) = earmark("scan", "--json").json
    assert [each["state"] for each in scanned["documents"]] == ["locked"]


def test_many_backups_lack_one_key(earmark: Earmark, synced: Path) -> None:
    """WhatsApp keeps the last seven: they are told once."""
    for day in range(1, 4):
        name = f"msgstore-2024-08-0{day}.1.db.crypt15"
        (synced / "Databases" / name).write_bytes((synced / BACKUP).read_bytes())
    earmark("scan", synced)
    out = earmark("doctor").out
    assert out.count("missing     ") == 1
    assert "(and 3 more like it)" in out


def test_an_export_and_what_it_says_of_itself(earmark: Earmark, tmp_path: Path) -> None:
    """Label, match rate, remarks; one without media is asked for again."""
    with_media = "".join(
        f"0{n}/05/2024, 13:2{n} - Ana: PTT-20240815-WA000{n}.opus (file attached)\n"
        for n in range(1, 4)
    )
    root = tmp_path / "chats"
    (root / "Ana").mkdir(parents=True)
    (root / "Ana" / "_chat.txt").write_text(with_media)
    for number in (1, 2):
        path = root / "Ana" / f"PTT-20240815-WA000{number}.opus"
        path.write_bytes(opus_note(1))
    without = "".join(f"15/08/2024, 13:2{n} - Bob: hello\n" for n in range(5))
    (root / "WhatsApp Chat with Bob.txt").write_text(without)
    done = earmark("scan", root)
    assert "  2 documents read" in done.out
    out = earmark("doctor").out
    assert "exported WhatsApp chats “chats”, ok" in out
    assert "exported WhatsApp chat “Ana”" in out
    assert "2 of 3 notes are here" in out
    assert "it names no recordings" in out
    assert "missing     “Bob” was exported without media" in out


def test_a_broken_document_is_a_failure(earmark: Earmark, tmp_path: Path) -> None:
    """The exit code tells a script; the line tells which, and why."""
    (tmp_path / "msgstore.db.crypt15").write_bytes(b"\1\2junk" * 500)
    done = earmark("scan", tmp_path)
    reason = "error, it is no encrypted backup of WhatsApp"
    assert done.code == 3
    assert f"  msgstore.db.crypt15: {reason}" in done.out
    done = earmark("doctor")
    assert done.code == 3
    assert reason in done.out
    assert "missing     " not in done.out


def test_what_is_cut_off_is_no_failure(earmark: Earmark, tmp_path: Path) -> None:
    """It may still be copied: told, with what to do."""
    (tmp_path / "chat.zip").write_bytes(b"PK\3\4" + bytes(4000))
    done = earmark("scan", tmp_path)
    assert done.code == 0
    assert "  chat.zip: partial, " in done.out
    done = earmark("doctor")
    assert done.code == 0
    assert "missing     chat.zip is not whole" in done.out


def test_only_so_many_documents_in_words(earmark: Earmark, tmp_path: Path) -> None:
    """A thousand exported chats fill no screen; JSON has them all."""
    lines = "".join(f"15/08/2024, 13:2{n} - Bob: hello\n" for n in range(5))
    for number in range(23):
        folder = tmp_path / f"{number:02d}"
        folder.mkdir()
        (folder / "_chat.txt").write_text(lines)
    earmark("scan", tmp_path)
    out = earmark("doctor").out
    assert out.count("document    ") == 20
    assert "... and 3 more documents (--json has them all)" in out
    (source,) = earmark("doctor", "--json").json["sources"]
    assert len(source["documents"]) == 23


def test_a_file_as_a_source(earmark: Earmark, tmp_path: Path) -> None:
    """It is refused with the folder to name, also inside of a source."""
    path = tmp_path / "chat.zip"
    path.write_bytes(b"")
    for _ in range(2):
        done = earmark("list", "--source", path)
        assert done.code == 3
        assert done.err == (
            f"earmark: {path}: is a file: name the folder that it lies in, {tmp_path}\n"
        )
        earmark("scan", tmp_path)
