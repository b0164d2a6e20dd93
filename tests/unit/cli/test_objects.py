"""The JSON objects: the fields that the README promises, and how times are written."""

from __future__ import annotations

import base64
import json
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tui.answers import SavedSearch, Share, Statistics, TagTotals
from tui.cli._edited import edited_object
from tui.cli._objects import (
    bookmark_object,
    chat_object,
    moment_object,
    named_object,
    note_object,
    plain,
    problem_object,
    rule_object,
    search_object,
    sent_at,
    source_object,
    statistics_object,
    tag_object,
)
from tui.model import (
    Bookmark,
    Chat,
    ChatId,
    ChatKind,
    Direction,
    Edited,
    Evidence,
    Identity,
    Named,
    Note,
    NoteFile,
    NoteId,
    NoteKind,
    NoteRow,
    NoteState,
    Played,
    Precision,
    Problem,
    Rule,
    Source,
    SourceId,
    SourceKind,
    SourceState,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SENT = int(datetime(2024, 8, 15, 23, 26, 33, 250_000, tzinfo=UTC).timestamp() * 1000)
ROW = NoteRow(
    id=NoteId(1),
    chat_id=ChatId(1),
    chat_title="Family",
    kind=NoteKind.VOICE,
    sender="Ana",
    direction=Direction.RECEIVED,
    sent_ms=SENT,
    offset_min=None,
    precision=Precision.SECOND,
    order_ms=0,
    duration_ms=42_000,
    state=NoteState.READY,
    reason="",
    played=Played.HALF,
    position_ms=7,
)
NOTE = Note(
    row=ROW,
    key="ab12cd",
    chat_kind=ChatKind.GROUP,
    size=100,
    recording="00ff",
    container="ogg/opus",
    files=(NoteFile(SourceId(1), b"/sync", b"a/b.opus", 100, 0),),
    evidence={"sent_at": Evidence("file name", 0.9), "chat": Evidence("folder", 0.8)},
)
SHARE = Share("x", 1, 2, 3, 4)
STATISTICS = Statistics(SHARE, (SHARE,), (SHARE,), (SHARE,))
CHAT = Chat(ChatId(1), SourceId(1), ChatKind.FOLDER, "Ana", 3, 2, 90_000, SENT)
README = Path(__file__).parents[3].joinpath("README.md").read_text(encoding="utf-8")
SOURCE = Source(SourceId(1), b"/sync", SourceKind.FOLDER, "sync", score=70)


@pytest.fixture
def far_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine eleven hours ahead of UTC."""
    monkeypatch.setenv("TZ", "Etc/GMT-11")
    time.tzset()
    yield
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


@pytest.mark.usefixtures("far_east")
@pytest.mark.parametrize(
    ("precision", "offset_min", "text"),
    [
        (Precision.EXACT, None, "2024-08-15T23:26:33.250Z"),
        (Precision.SECOND, None, "2024-08-15T23:26:33Z"),
        (Precision.MTIME, None, "2024-08-15T23:26:33Z"),
        (Precision.MINUTE, None, "2024-08-15T23:26Z"),
        (Precision.DAY, None, "2024-08-16"),
        (Precision.EXACT, 0, "2024-08-15T23:26:33.250"),
        (Precision.SECOND, 120, "2024-08-16T01:26:33"),
        (Precision.MINUTE, -60, "2024-08-15T22:26"),
        (Precision.DAY, 0, "2024-08-15"),
        (Precision.DAY, 120, "2024-08-16"),
    ],
)
def test_times_say_what_is_known(
    precision: Precision, offset_min: int | None, text: str
) -> None:
    """A zone is written only where it is known, a time of day too."""
    row = ROW._replace(precision=precision, offset_min=offset_min)
    assert sent_at(row) == text


def test_a_note() -> None:
    """The object has every field of the documented schema, in JSON's own types."""
    assert json.loads(json.dumps(note_object(NOTE))) == {
        "id": "ab12cd",
        "kind": "voice",
        "chat": "Family",
        "chat_kind": "group",
        "sender": "Ana",
        "direction": "received",
        "sent_at": "2024-08-15T23:26:33Z",
        "precision": "second",
        "duration_ms": 42_000,
        "size": 100,
        "state": "ready",
        "reason": None,
        "played": "half",
        "position_ms": 7,
        "star": False,
        "tags": [],
        "collections": [],
        "title": None,
        "own_title": None,
        "comment": None,
        "bookmarks": [],
        "transcript": None,
        "text": None,
        "phone_played": None,
        "container": "ogg/opus",
        "recording": "00ff",
        "files": [{"source": "/sync", "path": "a/b.opus", "role": "primary"}],
        "evidence": {
            "chat": {"from": "folder", "confidence": 0.8},
            "sent_at": {"from": "file name", "confidence": 0.9},
        },
    }


def test_the_marks_of_a_note() -> None:
    """Star, tags, own title, comment and bookmarks are the user's, as he wrote them."""
    note = NOTE._replace(
        row=ROW._replace(star=True, tags=("a/b", "\udcff"), title="Mine"),
        own_title="Mine",
        comment="one\ntwo \udcff",
        bookmarks=(Bookmark(0), Bookmark(1500, "x\udcff")),
    )
    written = json.loads(json.dumps(note_object(note)))
    assert (written["star"], written["tags"]) == (True, ["a/b", "\\xff"])
    assert (written["title"], written["own_title"]) == ("Mine", "Mine")
    assert written["comment"] == "one\ntwo \\xff"
    assert written["bookmarks"] == [
        {"at_ms": 0, "text": ""},
        {"at_ms": 1500, "text": "x\\xff"},
    ]
    assert bookmark_object(note, note.bookmarks[1]) == {
        "note": "ab12cd",
        "chat": "Family",
        "sender": "Ana",
        "sent_at": "2024-08-15T23:26:33Z",
        "at_ms": 1500,
        "text": "x\\xff",
    }


def test_a_tag_and_a_search() -> None:
    """Each has its totals."""
    assert tag_object(TagTotals(1, "a/\udcff", 3, 2, 90_000)) == {
        "name": "a/\\xff",
        "notes": 3,
        "unplayed": 2,
        "duration_ms": 90_000,
    }
    assert search_object(SavedSearch(7, "To hear", "-is:played", 3, 2, 90_000)) == {
        "id": 7,
        "name": "To hear",
        "query": "-is:played",
        "notes": 3,
        "unplayed": 2,
        "duration_ms": 90_000,
    }


def test_what_is_not_known_is_null() -> None:
    """An unknown sender, length or recording is null, not an empty text."""
    row = ROW._replace(sender=None, duration_ms=None, reason="no sound")
    written = note_object(NOTE._replace(row=row, recording=None, container=""))
    assert written["sender"] is None
    assert written["duration_ms"] is None
    assert written["recording"] is None
    assert written["container"] is None
    assert written["reason"] == "no sound"


def test_names_that_are_no_text_carry_their_bytes() -> None:
    """An undecodable name is shown escaped, and can be had exactly."""
    file = NoteFile(SourceId(1), b"/s\xff", b"caf\xe9.opus", 1, 0)
    sender = b"An\xe4".decode(errors="surrogateescape")
    note = NOTE._replace(files=(file,), row=ROW._replace(sender=sender))
    written = json.loads(json.dumps(note_object(note)))
    assert written["sender"] == "An\\xe4"
    assert written["files"] == [
        {
            "source": "/s\\xff",
            "source_b64": base64.b64encode(b"/s\xff").decode(),
            "path": "caf\\xe9.opus",
            "path_b64": base64.b64encode(b"caf\xe9.opus").decode(),
            "role": "primary",
        }
    ]
    assert base64.b64decode(written["files"][0]["path_b64"]) == file.path


def test_plain_keeps_what_is_text() -> None:
    """Text stays as it is, also with control characters: JSON escapes them."""
    assert plain("naïve\x1b[31m\n") == "naïve\x1b[31m\n"
    assert plain("ä".encode()) == "ä"
    assert "\x1b" not in json.dumps(note_object(NOTE._replace(key="\x1b[31m")))


def test_a_chat() -> None:
    """A chat has its source and its totals."""
    parts = [Identity(1, "wa:1", "Ana"), Identity(2, "a\udcff", "Ana")]
    assert chat_object(CHAT, SOURCE, parts) == {
        "id": 1,
        "title": "Ana",
        "kind": "folder",
        "source": "/sync",
        "notes": 3,
        "unplayed": 2,
        "duration_ms": 90_000,
        "last_at": "2024-08-15T23:26:33Z",
        "identities": ["wa:1", "a\\xff"],
    }
    assert chat_object(CHAT, None)["source"] is None


def test_a_source_and_its_problem() -> None:
    """A source tells its state, and what is wrong with its files."""
    away = SOURCE._replace(
        state=SourceState.OFFLINE, reason="not there", reasons=("x",)
    )
    written = source_object(away, 4, 1)
    assert written["path"] == "/sync"
    assert (written["state"], written["reason"]) == ("offline", "not there")
    assert (written["notes"], written["problems"]) == (4, 1)
    assert written["reasons"] == ["x"]
    assert written["scanned_at"] is None
    problem = Problem(SourceId(1), b"x.opus", NoteState.UNREADABLE, "no sound")
    assert problem_object(problem, SOURCE) == {
        "source": "/sync",
        "path": "x.opus",
        "state": "unreadable",
        "reason": "no sound",
    }
    assert problem_object(problem, None)["source"] is None


@pytest.mark.parametrize("ms", [0, 10**18, -(10**18)])
def test_no_moment_is_null(ms: int) -> None:
    """Never, and a time that no calendar has, are null."""
    assert moment_object(ms) is None


@pytest.mark.parametrize(
    ("command", "written"),
    [
        ("chats", chat_object(CHAT, SOURCE)),
        ("senders", named_object(Named(1, "Ana", 1))),
        ("rules", rule_object(Rule(1, "x", "chat", "Ana"))),
        ("tags", tag_object(TagTotals(1, "a", 0, 0, 0))),
        ("bookmarks", bookmark_object(NOTE, Bookmark(0))),
        ("searches", search_object(SavedSearch(1, "a", "b"))),
        ("stats", statistics_object(STATISTICS)),
        ("star", edited_object(Edited("x"))),
    ],
)
def test_every_field_is_documented(command: str, written: dict[str, Any]) -> None:
    """What a program may read stands in the README, beside its command."""
    about = README.partition("### JSON of the other commands")[2].partition("\n#")[0]
    (row,) = re.findall(rf"^\| `{command}`.*$", about, re.MULTILINE)
    words = set(re.findall(r"`([^`]+)`", row))
    assert set(written) <= words
    for value in written.values():
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict):
                assert set(part) <= words
