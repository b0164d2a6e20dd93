"""`demo --path`, and the sample library that the browser gets."""

from __future__ import annotations

import os
import threading
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tui.cli._demo import sample
from tui.config import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.unit.cli.conftest import Done

    Earmark = Callable[..., Done]


def test_the_library_is_written_and_left(earmark: Earmark, tmp_path: Path) -> None:
    """`demo --path` writes everything, says where, and chats and senders are known."""
    root = tmp_path / "demo"
    done = earmark("demo", "--path", root)
    assert (done.code, done.err) == (0, "")
    assert done.out == f"18 recordings, and documents, in {root}: earmark {root}\n"
    notes = earmark("list", "--source", root, "--json").json
    newest = datetime.fromisoformat(notes[0]["sent_at"]).replace(tzinfo=None)
    assert timedelta() < datetime.now() - newest < timedelta(hours=1)  # noqa: DTZ005  # TZ is UTC here
    chats = Counter((note["chat"], note["chat_kind"]) for note in notes)
    assert chats == {
        ("Ana", "direct"): 7,
        ("Bob", "direct"): 3,
        ("Ida", "direct"): 3,
        ("Mum", "direct"): 4,
        ("Boat on Saturday", "group"): 3,
        ("Unmatched", "unmatched"): 1,
    }
    assert Counter(note["state"] for note in notes) == {"ready": 19, "missing": 2}
    assert Counter(note["direction"] for note in notes) == {
        "received": 16,
        "sent": 4,
        "unknown": 1,
    }
    (once,) = (note for note in notes if note["kind"] == "view_once")
    assert (once["chat"], once["sender"], once["files"]) == ("Ana", "Ana", [])
    origins = {note["evidence"]["chat"]["from"] for note in notes}
    assert {"export “Mum”", "database msgstore.db"} < origins
    words = [note["transcript"] for note in notes if note["transcript"]]
    assert len(words) == 3
    assert words[-1].startswith("Hi, it's me.")


def test_a_forwarded_note_has_the_length_of_its_recording(
    earmark: Earmark, tmp_path: Path
) -> None:
    """It shares the file, and all that is measured of it."""
    earmark("demo", "--path", tmp_path / "demo")
    notes = earmark("list", "--source", tmp_path / "demo", "--json").json
    files = Counter(note["files"][0]["path"] for note in notes if note["files"])
    ((path, count),) = files.most_common(1)
    assert count == 2
    pair = [n for n in notes if n["files"] and n["files"][0]["path"] == path]
    lengths = {note["duration_ms"] for note in pair}
    assert len(lengths) == 1
    assert None not in lengths
    assert {note["chat"] for note in pair} == {"Ida", "Bob"}


def test_the_same_folder_again(earmark: Earmark, tmp_path: Path) -> None:
    """An older demo is written anew; nothing of it stays."""
    earmark("demo", "--path", tmp_path / "demo")
    assert earmark("demo", "--path", tmp_path / "demo").code == 0
    assert len(earmark("list", "--source", tmp_path / "demo").lines) == 21


def test_a_folder_with_something_else(earmark: Earmark, tmp_path: Path) -> None:
    """A folder that is no demo is refused."""
    (tmp_path / "mine").write_text("x")
    done = earmark("demo", "--path", tmp_path)
    assert done.code == 2
    assert "holds no demo" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_the_sample_is_its_own_and_is_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The browser's demo touches neither the user's library nor their folders."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    mine = replace(load_settings(), sources=(Path("/mine"),), speed=2.0)
    with sample(mine) as (settings, folder):
        assert settings.speed == 2.0
        assert settings.sources == ()
        assert settings.library.is_relative_to(tmp_path)
        root = Path(os.fsdecode(folder))
        assert len(list(root.rglob("*.opus"))) == 12
        assert "demo-arrivals" in {thread.name for thread in threading.enumerate()}
    assert list(tmp_path.iterdir()) == []
    assert "demo-arrivals" not in {thread.name for thread in threading.enumerate()}
