"""WhatsApp's encrypted backups: opened with the right key, and only whole."""

from __future__ import annotations

import gc
import io
import os
import sqlite3
import tempfile
import tracemalloc
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.crypt import (
    IV,
    PHONE_KEY,
    ROOT,
    ROOT_FILE,
    Shape,
    crypt12,
    crypt14,
    crypt15,
    field,
    packed,
    phone_key,
    sample_database,
    varint,
)
from tui.documents import _whatsapp_backup, _whatsapp_crypt
from tui.documents._api import Options, Remark
from tui.documents._document import Document
from tui.documents._whatsapp_backup import WhatsAppBackup, is_opened_by
from tui.errors import DocumentError, LockedError, PartialError
from tui.model import DocumentKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_FORMAT = WhatsAppBackup()
_NAME = "msgstore.db.crypt15"
_WRONG = bytes(32)
_DIGITS = ROOT.hex().encode()

_MORE = (
    field(6, 3)
    + field(5, b"\xff" * 300)
    + field(99, b"what will be")
    + field(100, 2**60)
    + b"\xa9\x06"
    + bytes(8)
    + b"\xad\x06"
    + bytes(4)
)
_SHORT = Shape(is_short=True)

_ENCRYPTORS: dict[str, Callable[[bytes], bytes]] = {
    "crypt15": crypt15,
    "crypt15 without md5": lambda plain: crypt15(plain, shape=Shape(has_md5=False)),
    "crypt15 with flag": lambda plain: crypt15(plain, shape=Shape(flag=True)),
    "crypt15, short header": lambda plain: crypt15(plain, shape=_SHORT),
    "crypt15, short header with flag": lambda plain: crypt15(
        plain, shape=_SHORT._replace(flag=True)
    ),
    "crypt15, more fields": lambda plain: crypt15(plain, shape=Shape(extra=_MORE)),
    "crypt14": crypt14,
    "crypt14 without md5": lambda plain: crypt14(plain, shape=Shape(has_md5=False)),
    "crypt14 with flag": lambda plain: crypt14(plain, shape=Shape(flag=True)),
    "crypt14, more fields": lambda plain: crypt14(plain, shape=Shape(extra=_MORE)),
    "crypt14, other salt": lambda plain: crypt14(plain, salt=bytes(32)),
    "crypt12": crypt12,
    "crypt12 without md5": lambda plain: crypt12(plain, shape=Shape(has_md5=False)),
    "crypt12 without jid": lambda plain: crypt12(plain, shape=Shape(jid=b"")),
    "crypt12 bare": lambda plain: crypt12(plain, shape=Shape(has_md5=False, jid=b"")),
}


@pytest.fixture(autouse=True)
def no_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell the words of the sample database instead of messages."""

    def words(
        document: Document,
        connection: sqlite3.Connection,
        options: Options,
        contacts: object,
    ) -> Iterator[Remark]:
        del document, options, contacts
        for (word,) in connection.execute("SELECT word FROM words"):
            yield Remark("word", word)

    name = "tui.documents._whatsapp_database.read_connection"
    monkeypatch.setattr(name, words)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A database of three words."""
    return sample_database(tmp_path_factory.mktemp("plain"), 3)


def _document(folder: Path, content: bytes, name: str = _NAME) -> Document:
    path = folder / name
    path.write_bytes(content)
    return Document(os.fsencode(path))


def _words(document: Document, *secrets: bytes) -> list[str]:
    told = _FORMAT.read(document, Options(secrets))
    return [each.text for each in told if isinstance(each, Remark)]


_THREE = ["word 0", "word 1", "word 2"]


@pytest.mark.parametrize("kind", _ENCRYPTORS)
@pytest.mark.parametrize("form", ["zlib", "zlib and rest", "plain", "zip"])
def test_round_trips(tmp_path: Path, database: bytes, kind: str, form: str) -> None:
    """Every kind of container, with every form of the text."""
    plain = {
        "zlib": packed(database),
        "zlib and rest": packed(database) + b"rest",
        "plain": database,
        "zip": _zipped({"msgstore.db": database}),
    }[form]
    document = _document(tmp_path, _ENCRYPTORS[kind](plain))
    secret = ROOT_FILE if kind.startswith("crypt15") else PHONE_KEY
    assert _words(document, b"hunter2", _WRONG, secret) == _THREE
    assert is_opened_by(document, secret)
    assert not is_opened_by(document, _WRONG)
    assert not is_opened_by(document, b"hunter2")


@pytest.mark.parametrize(
    "secret",
    [
        ROOT,
        ROOT_FILE,
        _DIGITS,
        _DIGITS.upper() + b"\n",
        b" ".join(_DIGITS[at : at + 4] for at in range(0, 64, 4)),
    ],
)
def test_all_forms_of_the_key(tmp_path: Path, database: bytes, secret: bytes) -> None:
    """The digits, what they mean, and the phone's file are the same key."""
    document = _document(tmp_path, crypt15(packed(database)))
    assert _words(document, secret) == _THREE


def _zipped(members: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as files:
        for name, content in members.items():
            files.writestr(name, content)
    return written.getvalue()


def test_the_database_among_other_files(tmp_path: Path, database: bytes) -> None:
    """It is known by what it is, whatever it is called."""
    members = {"a.db": b"none", "../../store": database, "z.db": b"", "d/": b""}
    document = _document(tmp_path, crypt15(_zipped(members)))
    assert _words(document, ROOT) == _THREE


@pytest.mark.parametrize(
    ("plain", "kind"),
    [
        (packed(b"no database at all, but long enough to be one"), DocumentError),
        (packed(b""), PartialError),
        (_zipped({"stickers/1.webp": b"RIFF"}), DocumentError),
        (_zipped({}), DocumentError),
        (b"PK\3\4 and nothing that fits", DocumentError),
        (packed(bytes(100_000))[:50], PartialError),
        (packed(os.urandom(3000))[:-4] + b"\xff" * 40, DocumentError),
    ],
)
def test_whole_files_without_a_database(
    tmp_path: Path, plain: bytes, kind: type[DocumentError]
) -> None:
    """A right key shows what is wrong inside."""
    document = _document(tmp_path, crypt15(plain))
    with pytest.raises(DocumentError) as caught:
        _words(document, ROOT)
    assert type(caught.value) is kind
    assert str(document.path, "utf-8") in str(caught.value)


def test_names(tmp_path: Path) -> None:
    """Only copies of the database of messages are read."""
    for name in (
        b"msgstore.db.crypt15",
        b"msgstore.db.crypt14",
        b"msgstore.db.crypt12",
        b"MSGSTORE.DB.CRYPT15",
        b"msgstore-2024-08-01.1.db.crypt15",
        b"msgstore.db (1).crypt15",
        b"Copy of msgstore.db.crypt14",
    ):
        assert _FORMAT.fits(b"/x", name), name
    for name in (
        b"msgstore-increment-1-2024-08-01.1.db.crypt15",
        b"chatsettingsbackup.db.crypt15",
        b"wa.db.crypt15",
        b"stickers.db.crypt15",
        b"msgstore.db",
        b"msgstore.db.crypt8",
        b"msgstore.db.crypt15.tmp",
        b".msgstore.db.crypt15",
        b"",
    ):
        assert not _FORMAT.fits(b"/x", name), name
    assert _FORMAT.kind is DocumentKind.WHATSAPP_BACKUP
    found = _FORMAT.recognise(_document(tmp_path, b"anything"))
    assert found is not None
    assert found.score == 100
    assert _FORMAT.recognise(_document(tmp_path, b"", "wa.db.crypt15")) is None
    copied = _FORMAT.recognise(_document(tmp_path, b"", "Copy of msgstore.db.crypt14"))
    assert copied is not None
    assert 60 <= copied.score < 100


@pytest.mark.parametrize(
    ("content", "secrets", "reason"),
    [
        (crypt15(b"x" * 99), (), "needs the 64-digit key: earmark key add SOURCE"),
        (crypt15(b"x" * 99), (b"hunter2",), "needs the 64-digit key"),
        (crypt15(b"x" * 99), (PHONE_KEY,), "needs the 64-digit key"),
        (crypt15(b"x" * 99, shape=Shape(extra=field(6, 3))), (), "needs the 64-digit"),
        (crypt15(b"x" * 99, shape=Shape(extra=field(6, 2))), (), "a password protects"),
        (crypt15(b"x" * 99, shape=Shape(extra=field(6, 4))), (), "a passkey protects"),
        (crypt15(packed(b"x")), (_WRONG,), "the key does not open it"),
        (crypt14(b"x" * 99), (), "needs the phone's key file"),
        (crypt12(b"x" * 99), (b"hunter2",), "needs the phone's key file"),
        (crypt14(packed(b"x")), (ROOT_FILE[:-1] + b"x",), "needs the phone's key file"),
        (crypt14(packed(b"x")), (phone_key(_WRONG),), "the key does not open it"),
        (
            crypt14(packed(b"x")),
            (phone_key(_WRONG, bytes(32)),),
            "it belongs to another phone",
        ),
    ],
)
def test_locked(
    tmp_path: Path, content: bytes, secrets: tuple[bytes, ...], reason: str
) -> None:
    """Each kind says what it needs, and a wrong key is told as such."""
    with pytest.raises(LockedError) as caught:
        _words(_document(tmp_path, content), *secrets)
    assert reason in caught.value.reason
    assert ROOT.hex() not in str(caught.value)


def _regions(content: bytes, start: int) -> Sequence[int]:
    """Choose places in the header, the text, its tag and what stands behind."""
    return (*range(start), *range(start, len(content), 97), *range(-60, 0))


@pytest.mark.parametrize("kind", ["crypt12", "crypt14", "crypt15", "crypt15 with flag"])
def test_cut_anywhere(tmp_path: Path, database: bytes, kind: str) -> None:
    """A file that is still being written is waited for, and tells nothing."""
    content = _ENCRYPTORS[kind](packed(database))
    secret = ROOT if kind.startswith("crypt15") else PHONE_KEY
    behind = 20 if kind == "crypt12" else 16
    for size in {at % len(content) for at in _regions(content, 250)}:
        if behind - (len(content) - size) in {0, 4, 16}:
            continue  # the text and its tag are whole, and a shorter end is known
        document = _document(tmp_path, content[:size])
        with pytest.raises(PartialError):
            _words(document, secret)


@pytest.mark.parametrize("kind", ["crypt12", "crypt14", "crypt15"])
def test_flipped_anywhere(tmp_path: Path, database: bytes, kind: str) -> None:
    """A damaged text is never read; what is not part of it may be anything."""
    content = _ENCRYPTORS[kind](packed(database))
    secret = ROOT if kind == "crypt15" else PHONE_KEY
    unread = 0
    for at in _regions(content, 250):
        broken = bytearray(content)
        broken[at] ^= 0x55
        document = _document(tmp_path, bytes(broken))
        try:
            assert _words(document, secret) == _THREE
        except DocumentError:
            unread += 1
        else:
            place = at % len(content)
            assert place < 250 or place >= len(content) - 20
    assert unread > len(content[250:-60]) // 97


@given(st.binary(max_size=300), st.integers(0, 400), st.integers(0, 60))
@settings(max_examples=200)
def test_anything_for_a_header(junk: bytes, at: int, size: int) -> None:
    """Whatever stands there, only our own errors come of it."""
    good = crypt15(packed(b"x" * 100))
    with tempfile.TemporaryDirectory() as folder:
        for content in (junk, good[:at] + junk + good[at + size :]):
            document = _document(Path(folder), content)
            with pytest.raises(DocumentError):
                _words(document, ROOT, PHONE_KEY)


def test_a_wrong_key_that_begins_alike(
    tmp_path: Path, database: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tag decides, whatever the text looks like; the right key is still found."""
    monkeypatch.setattr(_whatsapp_backup, "looks_right", lambda *given: True)
    document = _document(tmp_path, crypt15(packed(database)))
    assert _words(document, _WRONG, ROOT) == _THREE


@pytest.mark.parametrize("at", [-40, 300])
def test_it_changes_between_the_looks(
    tmp_path: Path, database: bytes, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """The tag is looked at again for what is really used."""
    document = _document(tmp_path, crypt15(database))
    path = Path(os.fsdecode(document.path))

    def change(document: Document) -> tuple[dict[object, object], None]:
        content = bytearray(path.read_bytes())
        content[at] ^= 1
        path.write_bytes(content)
        return {}, None

    name = "tui.documents._whatsapp_database.contacts_beside"
    monkeypatch.setattr(name, change)
    with pytest.raises(PartialError, match="changed while it was read"):
        _words(document, ROOT)


@pytest.mark.parametrize("left", [100, 300, -20])
def test_it_shrinks_while_it_is_read(
    tmp_path: Path, database: bytes, left: int
) -> None:
    """What is gone is not waited for."""
    document = _document(tmp_path, crypt15(database))
    path = Path(os.fsdecode(document.path))
    with document.open() as file:
        sealed = _whatsapp_crypt.read_header(document, file)
        (key,) = _whatsapp_crypt.keys_for(sealed, ROOT)
        path.write_bytes(path.read_bytes()[:left])
        file.seek(0, os.SEEK_END)
        with pytest.raises(InvalidTag):
            list(_whatsapp_crypt.decrypted(file, sealed, key, 16))


def test_a_passphrase_as_long_as_a_key(tmp_path: Path) -> None:
    """It is tried, and opens nothing."""
    document = _document(tmp_path, crypt15(packed(b"x")))
    with pytest.raises(LockedError, match="the key does not open it"):
        _words(document, b"correct horse battery staple !!!")


@pytest.mark.parametrize(
    "message",
    [
        b"",
        field(1, 1),
        field(3, 7) + field(2, 9) + field(6, b"x"),
        field(3, field(1, b"short")),
        field(3, field(1, 5)) + field(2, field(5, b"short")),
        field(3, field(1, IV))[:-1],
        field(3, b"\x0b"),
        b"\x02\x01" + field(3, field(1, IV)),
        b"\x80" * 12 + field(3, field(1, IV)),
    ],
)
def test_messages_without_an_iv(tmp_path: Path, message: bytes) -> None:
    """A header that tells no IV is none of WhatsApp's."""
    content = varint(len(message)) + message + bytes(400)
    with pytest.raises(
        DocumentError, match="no encrypted backup of WhatsApp"
    ) as caught:
        _words(_document(tmp_path, content), ROOT)
    assert type(caught.value) is DocumentError


def test_no_lengths(tmp_path: Path) -> None:
    """Neither an endless number nor a huge one is the length of a header."""
    for content in (b"\xff" * 300, varint(1 << 40) + bytes(300)):
        with pytest.raises(DocumentError, match="no encrypted backup"):
            _words(_document(tmp_path, content), ROOT)


def test_a_database_that_sqlite_refuses(
    tmp_path: Path, database: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever SQLite says is told of the document."""

    def refuse(*given: object) -> Iterator[None]:
        raise sqlite3.OperationalError("no such thing")

    monkeypatch.setattr("tui.documents._whatsapp_database.read_connection", refuse)
    with pytest.raises(DocumentError, match="no such thing"):
        _words(_document(tmp_path, crypt15(packed(database))), ROOT)


@pytest.mark.parametrize("form", ["zlib", "zip"])
def test_bombs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    """Nothing is unpacked without an end."""
    monkeypatch.setattr(_whatsapp_backup, "_SMALL_PLAIN", 1 << 20)
    zeros = b"SQLite format 3\0" + bytes(20 << 20)
    plain = packed(zeros) if form == "zlib" else _zipped({"msgstore.db": zeros})
    document = _document(tmp_path, crypt15(plain))
    with pytest.raises(DocumentError, match="more than a database can be"):
        _words(document, ROOT)


def test_big_backups_need_no_memory(tmp_path: Path) -> None:
    """What is held does not grow with the file."""
    database = sample_database(tmp_path, 40_000, 1000)
    packer = zlib.compressobj(0)
    plain = packer.compress(database) + packer.flush()
    document = _document(tmp_path, crypt15(plain))
    del database, plain
    assert document.size > 36 << 20
    gc.collect()
    tracemalloc.start()
    try:
        count = sum(1 for each in _FORMAT.read(document, Options((ROOT,))) if each)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 40_000
    assert peak < 12 << 20


def test_names_beside_it(tmp_path: Path, database: bytes) -> None:
    """The address book beside a backup is asked, and its faults are told."""
    (tmp_path / "wa.db").write_bytes(b"no database at all, really")
    document = _document(tmp_path, crypt15(packed(database)))
    first, *others = _words(document, ROOT)
    assert "wa.db" in first
    assert others == _THREE


def test_no_repr_shows_a_key() -> None:
    """Keys that are tried may stand in a traceback."""
    sealed = _whatsapp_crypt.Sealed(14, IV, 0, 0)
    (key,) = _whatsapp_crypt.keys_for(sealed, PHONE_KEY)
    assert str(ROOT)[2:-1] not in repr(key)
    opening = _whatsapp_backup._Opening(key, 16)
    assert str(ROOT)[2:-1] not in repr(opening)
