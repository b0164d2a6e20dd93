"""The store of the user's keys: found by path, private, and never in the way."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.crypt import PHONE_KEY, ROOT, ROOT_FILE
from tui import keys
from tui.errors import DataError, UsageError
from tui.keys import (
    add_secret,
    forget_secrets,
    kept_secrets,
    kind_of,
    parse_key,
    secrets_for,
)

_HEX = ROOT.hex()


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep keys in a folder of the test."""
    folder = tmp_path / "store" / "keys"
    monkeypatch.setenv("EARMARK_KEYS", str(folder))
    return folder


@pytest.mark.usefixtures("store")
def test_the_nearest_secret_comes_first() -> None:
    """A secret counts for its path and everything below, no other path."""
    add_secret(b"/data", b"far")
    add_secret(b"/data/phone/", b"near")
    add_secret(b"/data/phone/Manifest.db", b"own")
    add_secret(b"/data/phon", b"other")
    assert secrets_for(b"/data/phone/Manifest.db") == (b"own", b"near", b"far")
    assert secrets_for(b"/data/phone/x/y.crypt15") == (b"near", b"far")
    assert secrets_for(b"/data/phone") == (b"near", b"far")
    assert secrets_for(b"/data/phone2/a") == (b"far",)
    assert secrets_for(b"/dat") == ()


@pytest.mark.usefixtures("store")
def test_of_a_member_the_archive_counts() -> None:
    """What lies inside of an archive is opened with the archive's secrets."""
    add_secret(b"/data/a.zip", b"zip's")
    assert secrets_for(b"/data/a.zip//x/msgstore.db.crypt15") == (b"zip's",)
    assert secrets_for(b"/data/a.zip/") == (b"zip's",)


@pytest.mark.usefixtures("store")
def test_paths_and_secrets_need_not_be_text() -> None:
    """Bytes come back as they were given."""
    path, secret = b"/data/\xff\xfe bad", bytes(range(256))
    add_secret(path, secret)
    assert secrets_for(path + b"/x") == (secret,)


@pytest.mark.usefixtures("store")
def test_the_newest_of_a_path_is_tried_first() -> None:
    """Whoever gives a second key had a reason."""
    for secret in (b"one", b"two", b"one"):
        add_secret(b"/data", secret)
    assert secrets_for(b"/data/x") == (b"two", b"one")


@pytest.mark.usefixtures("store")
def test_forgetting() -> None:
    """Only what was given for just this path is deleted."""
    add_secret(b"/data", b"one")
    add_secret(b"/data", b"two")
    add_secret(b"/data/phone", b"three")
    assert forget_secrets(b"/data/") == 2
    assert secrets_for(b"/data/phone") == (b"three",)
    assert forget_secrets(b"/data") == 0


def test_nobody_else_may_read_it(store: Path) -> None:
    """The folder is 0700, each file 0600, and nothing else is left behind."""
    umask = os.umask(0)
    try:
        add_secret(b"/data", b"hunter2")
    finally:
        os.umask(umask)
    assert stat.S_IMODE(store.stat().st_mode) == 0o700
    (entry,) = store.iterdir()
    assert stat.S_IMODE(entry.stat().st_mode) == 0o600
    table = json.loads(entry.read_text())
    assert table == {
        "path": "L2RhdGE=",
        "secret": "aHVudGVyMg==",
        "kind": "passphrase",
    }


def test_wrong_permissions_are_repaired(store: Path) -> None:
    """A copied store is made private again when it is looked at."""
    add_secret(b"/data", b"hunter2")
    (entry,) = store.iterdir()
    entry.chmod(0o644)
    store.chmod(0o755)
    assert secrets_for(b"/data") == (b"hunter2",)
    assert stat.S_IMODE(store.stat().st_mode) == 0o700
    assert stat.S_IMODE(entry.stat().st_mode) == 0o600


def test_a_store_that_can_not_be_read_is_empty(store: Path) -> None:
    """No store, a file in its place, broken entries: there is no key, and no error."""
    assert (secrets_for(b"/data"), kept_secrets()) == ((), ())
    store.parent.mkdir(parents=True)
    store.write_bytes(b"no folder")
    assert (secrets_for(b"/data"), kept_secrets()) == ((), ())
    assert forget_secrets(b"/data") == 0
    with pytest.raises(DataError):
        add_secret(b"/data", b"x")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 60_000,
        b'{"path": 1, "secret": "eA=="}',
        b'{"path": "L2RhdGE=", "secret": null}',
        b'{"path": "L2RhdGE=", "secret": ""}',
        b'{"path": "ZGF0YQ==", "secret": "eA=="}',
        b'{"path": "L2RhdGE=", "secret": "eA"}',
        '{"path": "L2RhdGE=", "secret": "\u00e9\u00e9\u00e9\u00e9"}'.encode(),
    ],
)
def test_a_broken_entry_spoils_no_other(store: Path, content: bytes) -> None:
    """What can't be understood is left out."""
    add_secret(b"/data", b"good")
    (store / "00000000000000000000-bad.json").write_bytes(content)
    (store / "folder.json").mkdir()
    (store / "link.json").symlink_to("/etc/passwd")
    assert secrets_for(b"/data") == (b"good",)


def test_others_change_the_store(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read again when its folder changed, and not read when it did not."""
    add_secret(b"/data", b"one")
    (entry,) = store.iterdir()
    os.utime(store, (1_700_000_000, 1_700_000_000))
    assert secrets_for(b"/data") == (b"one",)
    monkeypatch.setattr(keys, "_read", lambda path: pytest.fail("read again"))
    assert secrets_for(b"/data") == (b"one",)
    monkeypatch.undo()
    monkeypatch.setenv("EARMARK_KEYS", str(store))
    entry.unlink()
    assert secrets_for(b"/data") == ()


@pytest.mark.parametrize("above", ["", "store", "store/keys", "link"])
def test_no_key_is_kept_inside_of_a_source(
    store: Path, tmp_path: Path, above: str
) -> None:
    """A source may be synced to anywhere; also by way of a link."""
    (tmp_path / "link").symlink_to("store")
    with pytest.raises(UsageError, match="lies inside"):
        add_secret(os.fsencode(tmp_path / above), b"x")
    assert not store.exists()
    add_secret(os.fsencode(tmp_path / "storeroom"), b"x")


@pytest.mark.parametrize("secret", [b"", b"x" * 40_000])
@pytest.mark.usefixtures("store")
def test_no_secret_is_refused(secret: bytes) -> None:
    """Nothing, or a film, was no key."""
    with pytest.raises(UsageError):
        add_secret(b"/data", secret)


def test_the_usual_place(isolated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the variable it is the folder of the platform, as for the library."""
    add_secret(b"/elsewhere", b"x")
    assert len(list((isolated / "data" / "earmark" / "keys").iterdir())) == 1
    monkeypatch.setattr(keys, "is_known", lambda: False)
    assert secrets_for(b"/elsewhere") == (b"x",)


def test_a_write_that_fails_leaves_nothing(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is never half an entry, and the error does not hold the secret."""

    def refuse(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(DataError, match="no space left") as caught:
        add_secret(b"/data", b"hunter2")
    assert "hunter2" not in str(caught.value)
    assert list(store.iterdir()) == []


def test_a_store_that_fails_later(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading it goes on without keys; what should be deleted, and is not, is told."""
    add_secret(b"/data", b"hunter2")

    def refuse(*given: object, **more: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        with pytest.raises(DataError, match="can't be forgotten: permission denied"):
            forget_secrets(b"/data")
    with monkeypatch.context() as patch:
        patch.setattr(os, "listdir", refuse)
        assert secrets_for(b"/data") == ()
    (store / "00-pipe.json").symlink_to("nowhere")
    (store / ".hidden.json").touch()
    os.mkfifo(store / "01-pipe.json")
    assert secrets_for(b"/data") == (b"hunter2",)


@pytest.mark.usefixtures("store")
def test_entries_do_not_show_their_secret() -> None:
    """What is listed can be logged."""
    add_secret(b"/data", b"hunter2")
    add_secret(b"/a", _HEX.encode())
    kept = kept_secrets()
    assert [(each.path, each.kind) for each in kept] == [
        (b"/a", "key"),
        (b"/data", "passphrase"),
    ]
    assert "hunter2" not in repr(kept)
    assert _HEX not in repr(kept)


@pytest.mark.parametrize(
    "given",
    [
        _HEX,
        _HEX.upper(),
        f" {_HEX}\r\n",
        f"\ufeff{_HEX}",
        f"0x{_HEX}",
        " ".join(_HEX[at : at + 4] for at in range(0, 64, 4)),
        "\n".join(
            " - ".join(_HEX[row + at : row + at + 4] for at in range(0, 16, 4))
            for row in range(0, 64, 16)
        ),
        "\u2013".join(_HEX[at : at + 8] for at in range(0, 64, 8)),
        "\u00a0\u200e".join(_HEX[at : at + 8] for at in range(0, 64, 8)),
        "".join(chr(ord(each) + 0xFEE0) for each in _HEX),
    ],
)
def test_digits_in_any_groups(given: str) -> None:
    """The 64 digits are a key however they were copied."""
    assert parse_key(given) == ROOT
    assert parse_key(given.encode()) == ROOT
    assert parse_key(b"\xff\xfe" + given.encode("utf-16-le")) == ROOT
    assert kind_of(given.encode()) == "key"


def test_key_files() -> None:
    """Of one only the root key counts, the other is needed whole."""
    assert (len(ROOT_FILE), len(PHONE_KEY)) == (59, 158)
    assert parse_key(ROOT_FILE) == ROOT
    assert parse_key(PHONE_KEY) == PHONE_KEY
    binary = bytes(range(0xE0, 0x100))
    assert parse_key(binary) == binary


@pytest.mark.parametrize(
    "given",
    [
        "",
        "hunter2",
        _HEX[:-1],
        _HEX + "0",
        "g" * 64,
        "correct horse battery staple !!!",
        b"correct horse battery staple !!!",
        "\u00e4".encode() * 16,
        ROOT_FILE[:-1],
        PHONE_KEY[:100],
        PHONE_KEY + b"\n",
        b"\xac\xed",
        b"\xff" * 31,
        "\u0661" * 64,
    ],
)
def test_what_is_no_key(given: str | bytes) -> None:
    """Other text may be a passphrase, and a message does not repeat it."""
    with pytest.raises(UsageError) as caught:
        parse_key(given)
    assert not given or str(given) not in str(caught.value)


@given(st.one_of(st.binary(max_size=200), st.text(max_size=100)))
def test_anything_may_be_given(given: bytes | str) -> None:
    """Nothing but a key or a refusal comes of it."""
    try:
        found = parse_key(given)
    except UsageError:
        return
    assert len(found) in {32, 158}
