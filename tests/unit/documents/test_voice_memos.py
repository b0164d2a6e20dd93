"""Voice Memos: titles, folders and times of what the owner recorded."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support.ios import (
    MEMOS,
    SENT,
    chat_storage,
    database,
    make_backup,
    memos,
)
from tui.documents._api import Claim, Options
from tui.documents._document import Document
from tui.documents._voice_memos import VoiceMemos
from tui.errors import DocumentError, PartialError
from tui.model import ChatKind, Direction, NoteKind, Precision

if TYPE_CHECKING:
    from pathlib import Path

_STAMP = SENT - 978_307_200
_ROW = (1, "UUID-1", "20240815 132633-1A2B3C4D.m4a", _STAMP + 0.5, 3.25, None, "", "")


def _read(path: Path | bytes) -> list[Claim]:
    document = Document(path if isinstance(path, bytes) else os.fsencode(path), 0)
    told = VoiceMemos().read(document, Options())
    return [each for each in told if isinstance(each, Claim)]


def test_recognition(tmp_path: Path) -> None:
    """The name comes first, then the table."""
    kind = VoiceMemos()
    assert kind.fits(b"/x", b"CloudRecordings.db")
    assert kind.fits(b"/x", b"Recordings.db")
    assert not kind.fits(b"/x", b"recordings.sqlite")
    found = kind.recognise(Document(os.fsencode(memos(tmp_path / "Recordings.db"))))
    assert found is not None
    assert found.score == 100
    other = chat_storage(tmp_path / "other.db", [])
    assert kind.recognise(Document(os.fsencode(other))) is None


def test_a_memo(tmp_path: Path) -> None:
    """All that the index tells of one."""
    folders = [(7, "F-UUID", "Choir")]
    row = (*_ROW[:5], 7, "The recipe", "2024-08-15T13:26:33Z")
    (claim,) = _read(memos(tmp_path / "CloudRecordings.db", row, folders=folders))
    assert claim.key == "UUID-1"
    assert (claim.path, claim.beside) == (b"20240815 132633-1A2B3C4D.m4a", True)
    assert claim.chat is not None
    assert claim.chat[:3] == ("memos:F-UUID", ChatKind.FOLDER, "Choir")
    assert claim.sender is not None
    assert (claim.sender.native_id, claim.sender.is_me) == ("me:apple", True)
    assert (claim.direction, claim.kind) == (Direction.SENT, NoteKind.VOICE)
    assert claim.moment is not None
    assert claim.moment[:3] == (SENT * 1000 + 500, Precision.EXACT, None)
    assert claim.duration_ms == 3250
    assert claim.title == "The recipe"


@pytest.mark.parametrize(
    ("folder", "identity", "title"),
    [
        ((7, "F-UUID", "Choir"), "memos:F-UUID", "Choir"),
        ((7, None, "Choir"), "memos:Choir", "Choir"),
        ((7, None, None), "memos:Voice Memos", "Voice Memos"),
        ((8, "F-UUID", "Choir"), "memos:Voice Memos", "Voice Memos"),
    ],
)
def test_folders(
    tmp_path: Path, folder: tuple[object, ...], identity: str, title: str
) -> None:
    """A memo is in its folder, else in the one that all have."""
    row = (*_ROW[:5], 7, "", "")
    (claim,) = _read(memos(tmp_path / "CloudRecordings.db", row, folders=[folder]))
    assert claim.chat is not None
    assert claim.chat[:3] == (identity, ChatKind.FOLDER, title)


@pytest.mark.parametrize(
    ("title", "label", "shown"),
    [
        ("The recipe", "Other", "The recipe"),
        (None, "Other", "Other"),
        ("  ", "Other", "Other"),
        (None, "2024-08-15T13:26:33Z", ""),
        (None, None, ""),
        (5, b"x", ""),
    ],
)
def test_titles(tmp_path: Path, title: object, label: object, shown: str) -> None:
    """The label of a memo that nobody named is a time, which is no title."""
    (claim,) = _read(memos(tmp_path / "CloudRecordings.db", (*_ROW[:6], title, label)))
    assert claim.title == shown


@pytest.mark.parametrize(
    ("stored", "path"),
    [
        ("a.qta", "a.qta"),
        ("/var/mobile/Media/Recordings/a.m4a", "a.m4a"),
        ("edited.composition", "edited.m4a"),
        ("/x/edited.composition/", "edited.m4a"),
        ("raw.composition", "raw.composition"),
        ("one.composition", "one.composition/fragments/piece.m4a"),
        ("two.composition", "two.composition"),
        ("file:///x/New%20Recording.m4a", "New Recording.m4a"),
        ("100%20.m4a", "100%20.m4a"),
        ("u\u0308.m4a", "\u00fc.m4a"),
        ("..", ""),
        ("a/..", ""),
        ("", ""),
        (None, ""),
        (b"a.m4a", ""),
    ],
)
def test_places(tmp_path: Path, stored: object, path: str) -> None:
    """The file lies beside the index, under the last part of what is stored."""
    (tmp_path / "edited.m4a").touch()
    for piece in ("one/piece.m4a", "one/manifest.plist", "two/a.m4a", "two/b.m4a"):
        bundle, _, name = piece.partition("/")
        folder = tmp_path / f"{bundle}.composition" / "fragments"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    row = (1, None, stored, *_ROW[3:])
    (claim,) = _read(memos(tmp_path / "CloudRecordings.db", row))
    assert (claim.key, claim.path) == ("1", path.encode())


def test_the_older_index(tmp_path: Path) -> None:
    """Before 2018 the table had another name and less in it."""
    path = database(
        tmp_path / "Recordings.db",
        "CREATE TABLE ZRECORDING"
        " (Z_PK INTEGER PRIMARY KEY, ZDATE, ZDURATION, ZCUSTOMLABEL, ZPATH)",
        ZRECORDING=[(3, _STAMP, 2, "Old", "/var/mobile/Media/Recordings/old.m4a")],
    )
    (claim,) = _read(path)
    assert (claim.key, claim.path, claim.title) == ("3", b"old.m4a", "Old")
    assert claim.chat is not None
    assert claim.chat.title == "Voice Memos"


def test_values_of_other_types(tmp_path: Path) -> None:
    """They are not told; the memo still is."""
    rows = [
        (1, 5, 5, "x", "x", "x", 1, 1),
        (2, None, None, float("inf"), -1, -1, None, None),
        (3, b"", b"", 1e300, 1e300, None, None, None),
    ]
    claims = _read(memos(tmp_path / "CloudRecordings.db", *rows))
    assert [(c.path, c.moment, c.duration_ms) for c in claims] == [
        (b"", None, None)
    ] * 3


def test_what_is_no_such_index(tmp_path: Path) -> None:
    """A database of something else, and one that is cut off."""
    with pytest.raises(DocumentError, match="no tables of Voice Memos"):
        _read(chat_storage(tmp_path / "Recordings.db", []))
    path = memos(
        tmp_path / "CloudRecordings.db", *((n, *_ROW[1:]) for n in range(3000))
    )
    os.truncate(path, 60_000)
    with pytest.raises(PartialError):
        _read(path)


def test_many_memos(tmp_path: Path) -> None:
    """The reader pauses now and then."""
    path = memos(
        tmp_path / "CloudRecordings.db", *((n, *_ROW[1:]) for n in range(2500))
    )
    told = list(VoiceMemos().read(Document(os.fsencode(path)), Options()))
    assert (told.count(None), len(told)) == (2, 2502)


def test_inside_of_a_backup(tmp_path: Path) -> None:
    """The memos lie beside their index there too."""
    index = memos(tmp_path / "CloudRecordings.db", _ROW)
    files = {
        (MEMOS, "Recordings/CloudRecordings.db"): index.read_bytes(),
        (MEMOS, f"Recordings/{_ROW[2]}"): b"ftyp",
    }
    backup = make_backup(tmp_path / "b", files)
    member = f"{backup}//{MEMOS}/Recordings/CloudRecordings.db".encode()
    (claim,) = _read(member)
    with Document(member, 0).folder.open(claim.path) as file:
        assert file.read() == b"ftyp"
