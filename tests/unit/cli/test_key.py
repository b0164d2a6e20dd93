"""`key`: what opens encrypted backups is tried, kept, listed without it, forgotten."""

from __future__ import annotations

import getpass
import io
import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.crypt import (
    ROOT,
    ROOT_FILE,
    crypt14,
    crypt15,
    packed,
    phone_key,
    sample_database,
)
from tests.unit.cli.conftest import Done
from tui.cli._key import key
from tui.config import load_settings
from tui.errors import DataError, DocumentError, LockedError, SourceError, UsageError
from tui.keys import secrets_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Run = Callable[..., Done]

_HEX = ROOT.hex()
_OLD = bytes(range(32, 64))
"""The key of the crypt14."""


class _Typed(io.TextIOWrapper):
    """Standard input."""


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command; what is typed comes from standard input."""

    def command(action: str, *source: Path, typed: bytes = b"", **said: Any) -> Done:  # noqa: ANN401  # options of all kinds
        monkeypatch.setattr(sys, "stdin", _Typed(io.BytesIO(typed)))
        options = {"file": None, "keep": False, "json": False, **said}
        options |= {"action": action, "source": source[0] if source else None}
        code = key(load_settings(), options)
        written = capsys.readouterr()
        return Done(code, written.out, written.err)

    return command


@pytest.fixture
def backups(tmp_path: Path) -> Path:
    """A phone's folder with three backups, two of them with the root key."""
    root = tmp_path / "Phone"
    folder = root / "WhatsApp" / "Databases"
    folder.mkdir(parents=True)
    text = packed(sample_database(tmp_path))
    (folder / "msgstore.db.crypt15").write_bytes(crypt15(text))
    (folder / "msgstore-2024-08-01.1.db.crypt15").write_bytes(crypt15(text))
    (folder / "msgstore-2020-08-01.1.db.crypt14").write_bytes(crypt14(text, _OLD))
    (folder / "chatsettingsbackup.db.crypt15").write_bytes(b"other")
    return root


def _kept(source: Path) -> tuple[bytes, ...]:
    return secrets_for(os.fsencode(source / "x"))


def test_a_key_is_tried_and_kept(run: Run, backups: Path) -> None:
    """It says how many backups it opens, and counts for the whole source."""
    done = run("add", backups, typed=f"{_HEX[:32]} {_HEX[32:]}\n".encode())
    assert (done.code, done.err) == (0, "")
    assert done.out == "the key opens 2 of 3 encrypted backups; it is kept\n"
    assert len(_kept(backups)) == 1
    assert _HEX[:32] not in done.out


@pytest.mark.parametrize(
    "content",
    [ROOT_FILE, phone_key(_OLD), f" {_HEX}\n".encode()],
    ids=["root", "phone", "hex"],
)
def test_a_key_from_a_file(
    run: Run, tmp_path: Path, backups: Path, content: bytes
) -> None:
    """Key files are taken as they are."""
    (tmp_path / "key").write_bytes(content)
    done = run("add", backups, file=tmp_path / "key", json=True)
    opens = 1 if content == phone_key(_OLD) else 2
    assert done.json == {
        "path": str(backups),
        "kind": "key",
        "backups": 3,
        "opens": opens,
    }
    assert _kept(backups) == (content,)


@pytest.mark.parametrize(
    ("typed", "kind"), [(b"0" * 64, "key"), (b"hunter2", "passphrase")]
)
def test_what_opens_nothing_is_not_kept(
    run: Run, backups: Path, typed: bytes, kind: str
) -> None:
    """The user mistyped it, most likely; who knows better says so."""
    with pytest.raises(LockedError) as caught:
        run("add", backups, typed=typed)
    assert f"the {kind} opens none of 3 encrypted backups" in caught.value.reason
    assert typed.decode() not in str(caught.value)
    assert _kept(backups) == ()
    done = run("add", backups, typed=typed, keep=True)
    assert (done.code, len(_kept(backups))) == (0, 1)
    assert "opens 0 of 3" in done.out


def test_a_passphrase_without_backups(run: Run, tmp_path: Path) -> None:
    """It is kept as it is, without the end of its line."""
    done = run("add", tmp_path / ".", typed=b" pass w\xc3\xb6rd \r\n")
    assert done.code == 0
    assert "the passphrase is kept; no encrypted backup" in done.out
    assert secrets_for(os.fsencode(tmp_path / "x")) == (" pass w\u00f6rd ".encode(),)


@pytest.mark.parametrize(
    "typed", [b"", b"\n", b"\xff\xfe\xfd", b"two\nlines", b"x" * 20_000]
)
def test_no_key_at_all(run: Run, tmp_path: Path, typed: bytes) -> None:
    """Nothing, noise and whole texts are refused."""
    with pytest.raises(UsageError):
        run("add", tmp_path, typed=typed)
    assert _kept(tmp_path) == ()


def test_an_unreadable_key_file(run: Run, tmp_path: Path) -> None:
    """The file is named."""
    with pytest.raises(DataError, match=r"nothing\.key: no such file"):
        run("add", tmp_path, file=tmp_path / "nothing.key")


def test_closed_input(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nobody can type anything there is no key."""
    options = {"action": "add", "source": tmp_path, "file": None, "keep": False}
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UsageError, match="no key or passphrase"):
        key(load_settings(), {**options, "json": False})


def test_a_source_that_is_not_there(run: Run, tmp_path: Path) -> None:
    """A mistyped folder is told; an offline one can be meant."""
    with pytest.raises(SourceError, match="not there"):
        run("add", tmp_path / "away", typed=b"x")
    assert run("add", tmp_path / "away", typed=b"x", keep=True).code == 0
    assert _kept(tmp_path / "away") == (b"x",)


def test_a_terminal_shows_nothing(
    run: Run, backups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal the key is asked for, and never echoed."""
    monkeypatch.setattr(_Typed, "isatty", lambda self: True)
    monkeypatch.setattr(getpass, "getpass", lambda prompt: _HEX)
    assert run("add", backups).code == 0

    def visible(prompt: str) -> str:
        warnings.warn("can not hide", getpass.GetPassWarning, stacklevel=1)
        return pytest.fail("the key would be shown")

    monkeypatch.setattr(getpass, "getpass", visible)
    with pytest.raises(UsageError, match="would show the key"):
        run("add", backups)

    def ended(prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr(getpass, "getpass", ended)
    with pytest.raises(UsageError, match="no key"):
        run("add", backups)


def test_one_file_as_a_source(run: Run, backups: Path) -> None:
    """A key can be for one backup."""
    file = backups / "WhatsApp" / "Databases" / "msgstore.db.crypt15"
    done = run("add", file, typed=_HEX.encode())
    assert "opens 1 of 1 encrypted backup;" in done.out
    assert secrets_for(os.fsencode(file)) == (_HEX.encode(),)
    assert _kept(backups) == ()


def test_the_search_has_an_end(
    run: Run, backups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deep folders are left out; thousands of files do not hide the backups."""
    deep = backups / "a" / "b" / "c" / "d"
    deep.mkdir(parents=True)
    (deep / "msgstore.db.crypt15").write_bytes(crypt15(packed(b"")))
    (deep.parent / "loop").symlink_to(backups)
    pictures = backups / "WhatsApp" / "Aaa"
    pictures.mkdir()
    for number in range(20):
        (pictures / f"{number}.jpg").touch()
    monkeypatch.setattr("tui.cli._key._MAX_FILES", 10)
    done = run("add", backups, typed=_HEX.encode())
    assert "opens 2 of 3 encrypted backups" in done.out


def test_damaged_backups_are_told(run: Run, backups: Path) -> None:
    """What can't be tried is not opened, and the reason is told."""
    for file in backups.rglob("msgstore*"):
        file.write_bytes(b"\x81\1\x08")
    with pytest.raises(LockedError, match="cut off"):
        run("add", backups, typed=_HEX.encode())


def test_what_can_not_be_read(
    run: Run, backups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folders that are closed are left out, files are told."""

    def refuse(*given: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tui.documents._whatsapp_backup.read_header", refuse)
    with pytest.raises(LockedError, match="permission denied"):
        run("add", backups, typed=_HEX.encode())
    monkeypatch.setattr(os, "scandir", refuse)
    assert run("add", backups, typed=_HEX.encode()).code == 0


class _PhoneFormat:
    """Opens the backup of an iPhone."""

    def fits(self, folder: bytes, name: bytes) -> bool:
        return name == b"Manifest.db"

    def open(self, path: bytes, secrets: Sequence[bytes]) -> Any:  # noqa: ANN401  # an archive
        content = Path(os.fsdecode(path)).read_bytes()
        if content == b"broken":
            raise DocumentError(path, "it is no backup")
        if content == b"vanishes" and secrets:
            raise FileNotFoundError(2, "No such file or directory")
        if content in {b"plain", *secrets}:
            return io.BytesIO()
        raise LockedError(path, "the passphrase does not open it")


def test_passphrases_of_iphones(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are tried on encrypted backups only."""
    monkeypatch.setattr("tui.archives.format_of", lambda *place: _PhoneFormat())
    for name, content in (
        ("a", b"plain"),
        ("b", b"broken"),
        ("c", b"hunter2"),
        ("d", b"hunter3"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Manifest.db").write_bytes(content)
    done = run("add", tmp_path, typed=b"hunter2\n")
    assert done.out == "the passphrase opens 1 of 2 encrypted backups; it is kept\n"
    (tmp_path / "c" / "Manifest.db").write_bytes(b"vanishes")
    with pytest.raises(LockedError, match="no such file or directory"):
        run("add", tmp_path, typed=b"hunter4\n")
    (tmp_path / "c" / "Manifest.db").unlink()
    with pytest.raises(LockedError, match="the passphrase does not open it"):
        run("add", tmp_path, typed=b"hunter4\n")


def test_list_and_forget(run: Run, tmp_path: Path) -> None:
    """Paths and kinds are listed, never what is kept."""
    assert run("list").code == 1
    assert run("list", json=True).json == []
    assert run("forget", tmp_path).code == 1
    run("add", tmp_path, typed=_HEX.encode())
    run("add", tmp_path, typed=b"hunter2")
    (tmp_path / "b\u001b").mkdir()
    run("add", tmp_path / "b\u001b", typed=b"hunter3")
    listed = run("list")
    assert listed.code == 0
    assert [line.split()[0] for line in listed.lines] == [
        "passphrase",
        "key",
        "passphrase",
    ]
    assert str(tmp_path) in listed.lines[0]
    assert "\u001b" not in listed.out
    assert "hunter" not in listed.out
    assert _HEX not in listed.out
    assert run("list", json=True).json[1] == {"path": str(tmp_path), "kind": "key"}
    assert run("forget", tmp_path).out == "forgot 2 keys\n"
    done = run("forget", tmp_path, json=True)
    assert (done.code, done.json) == (1, {"path": str(tmp_path), "forgotten": 0})
    assert "no key is kept for it" in done.err
    assert _kept(tmp_path / "b\u001b") == (b"hunter3",)


def test_wrong_usage(run: Run, tmp_path: Path) -> None:
    """A source is needed, or must not be there."""
    for action in ("add", "forget"):
        with pytest.raises(UsageError, match="needs a SOURCE"):
            run(action)
    with pytest.raises(UsageError, match="takes no SOURCE"):
        run("list", tmp_path)
