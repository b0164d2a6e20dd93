"""The user's own editor, on a file that is gone afterwards."""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from tui.errors import DataError, UsageError
from tui.screens._editor import edit_text, editor_command

if TYPE_CHECKING:
    from pathlib import Path

NO_SOURCES: list[bytes] = []


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the file is made."""
    place = tmp_path / "runtime"
    place.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(place))
    return place


def editor(tmp_path: Path, code: str) -> dict[str, str]:
    """Make an editor of some Python; `path` is the file that it is given."""
    script = tmp_path / "an editor.py"
    script.write_text(
        f"import os, sys\nfrom pathlib import Path\npath = Path(sys.argv[2])\n{code}\n",
        encoding="utf-8",
    )
    return {"EDITOR": f"'{sys.executable}' '{script}' --wait"}


def test_text_goes_to_the_editor_and_comes_back(tmp_path: Path, place: Path) -> None:
    """In a file that only the user can read; nothing is left of it."""
    environ = editor(
        tmp_path,
        "(path.parent.parent.parent / 'seen').write_text("
        "f'{path.stat().st_mode} {path.parent.stat().st_mode} {path.parent.parent}')\n"
        "text = path.read_text(encoding='utf-8')\n"
        "path.write_text(text.upper() + '\\n\\n', encoding='utf-8')\n"
        "(path.parent / 'comment.txt~').write_text('a copy')",
    )
    assert edit_text("flour\nöl 😀", NO_SOURCES, environ) == "FLOUR\nÖL 😀"
    file_mode, folder_mode, where = (tmp_path / "seen").read_text().split(" ", 2)
    assert stat.S_IMODE(int(file_mode)) == 0o600
    assert stat.S_IMODE(int(folder_mode)) == 0o700
    assert where == str(place)
    assert list(place.iterdir()) == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("sys.exit(3)", "failed with 3: the text stays"),
        ("os.kill(os.getpid(), 9)", "failed with -9: the text stays"),
        ("path.unlink()", "No such file or directory"),
    ],
    ids=["fails", "killed", "no file"],
)
def test_an_editor_that_fails(
    tmp_path: Path, place: Path, code: str, words: str
) -> None:
    """Says why; nothing is left of the file."""
    with pytest.raises((UsageError, DataError), match=words):
        edit_text("flour", NO_SOURCES, editor(tmp_path, code))
    assert list(place.iterdir()) == []


def test_bytes_that_are_no_text_are_no_end(tmp_path: Path, place: Path) -> None:
    """They are replaced, and so is half a character of ours."""
    environ = editor(tmp_path, "path.write_bytes(path.read_bytes() + b'\\xff.')")
    assert edit_text("a\ud800", NO_SOURCES, environ) == "a?\ufffd."
    assert list(place.iterdir()) == []


def test_nothing_is_written_into_a_source(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even for a moment: another place is taken, or none."""
    other = tmp_path / "tmp"
    other.mkdir()
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(other))
    monkeypatch.setenv("HOME", str(place / "home"))
    environ = editor(tmp_path, "path.write_text(str(path.parent.parent))")
    assert edit_text("", [os.fsencode(place)], environ) == str(other)
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    with pytest.raises(DataError, match="it is in a source, as is every other place"):
        edit_text("", [os.fsencode(link)], environ)
    with pytest.raises(DataError, match="no file can be made for the editor"):
        edit_text("", [os.fsencode(place), os.fsencode(other)], environ)
    assert list(place.iterdir()) == list(other.iterdir()) == []


def test_which_editor_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that is named, with its options; else a usual one."""
    assert editor_command({"EDITOR": "false", "VISUAL": "true -x 'a b'"}) == [
        "true",
        "-x",
        "a b",
    ]
    assert editor_command({"EDITOR": "false", "VISUAL": " "}) == ["false"]
    with pytest.raises(UsageError, match="the editor no-such that VISUAL names"):
        editor_command({"VISUAL": "no-such --wait"})
    with pytest.raises(UsageError, match="EDITOR can't be understood"):
        editor_command({"EDITOR": "vi 'x"})
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="no editor is here"):
        editor_command({})
    nano = tmp_path / "nano"
    nano.write_text("")
    nano.chmod(0o755)
    assert editor_command({}) == ["nano"]


def test_an_editor_that_cannot_be_started(tmp_path: Path, place: Path) -> None:
    """It is a file that may be run, and is no program."""
    bad = tmp_path / "bad"
    bad.write_bytes(b"\x00no program")
    bad.chmod(0o755)
    with pytest.raises(UsageError, match="can't be started: Exec format error"):
        edit_text("", NO_SOURCES, {"EDITOR": str(bad)})
    assert list(place.iterdir()) == []
