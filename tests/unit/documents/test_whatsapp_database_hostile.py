"""Databases that are cut off, damaged, incomplete or full of wrong types."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.msgstore import ANA, BEN, GROUP, MS, Row, Variant, write_msgstore
from tui.documents._api import Claim, Options
from tui.documents._document import Document
from tui.documents._whatsapp_database import (
    WhatsAppDatabase,
    contacts_beside,
    read_connection,
)
from tui.errors import DocumentError, PartialError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_LID = "9000001@lid"
_ROWS = [
    Row(
        key=f"K{n:05}",
        chat=(ANA, GROUP, _LID)[n % 3],
        sender=BEN if n % 3 == 1 else "",
        from_me=n % 2,
        ms=MS + n,
        size=1000 + n,
        seconds=n + 1,
        waveform=bytes(64),
        name="A title of a song that takes some space" * 3,
    )
    for n in range(400)
]
_NASTY = [
    None,
    "",
    "x",
    b"\xff\x00",
    -1,
    1 << 62,
    -(1 << 62),
    1e300,
    float("inf"),
    "../../etc/passwd",
    "\u202e@s.whatsapp.net",
    b"Media/x.opus",
    "audio/ogg",
    b"audio/ogg",
    "2",
    2,
    1,
    MS,
]


def _write(path: Path, variant: Variant = Variant.MODERN) -> None:
    lids = {_LID: ANA} if variant is Variant.MODERN else None
    write_msgstore(path, _ROWS, variant=variant, lids=lids, filler=3)


def _read(path: Path) -> tuple[list[Claim], DocumentError | None]:
    """Read what can be read, and the error at the end."""
    claims: list[Claim] = []
    try:
        for each in WhatsAppDatabase().read(Document(bytes(path)), Options()):
            claims += [each] if isinstance(each, Claim) else []
    except DocumentError as error:
        return claims, error
    return claims, None


def _change(path: Path, statements: Iterable[str]) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def _columns(path: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
            " AND name NOT LIKE 'sqlite%'"
        ).fetchall()
        return [
            (table, column[1])
            for (table,) in tables
            for column in connection.execute(f"PRAGMA table_info({table})")
        ]


@pytest.mark.parametrize("variant", Variant)
def test_cut_at_many_lengths(tmp_path: Path, variant: Variant) -> None:
    """A file that is not whole is partial: what is left of it is told, and that."""
    path = tmp_path / "msgstore.db"
    _write(path, variant)
    data = path.read_bytes()
    whole, _ = _read(path)
    rng = random.Random(5)
    lengths = [0, 1, 15, 16, 17, 99, 100, 1024, 4095, 4096, 4097, len(data) - 1]
    lengths += [rng.randrange(len(data)) for _ in range(40)]
    for length in lengths:
        path.write_bytes(data[:length])
        found = WhatsAppDatabase().recognise(Document(bytes(path)))
        assert (found is not None) is (length >= 16), length
        claims, error = _read(path)
        assert isinstance(error, PartialError), length
        # Names, files and chats that stood behind the cut are missing.
        keys = [claim.key for claim in claims]
        assert keys == [c.key for c in whole if c.key in set(keys)], length


def test_cut_off_under_another_name(tmp_path: Path) -> None:
    """Without the name, a broken database could be anybody's."""
    path = tmp_path / "other.db"
    _write(path)
    path.write_bytes(path.read_bytes()[:5000])
    assert WhatsAppDatabase().recognise(Document(bytes(path))) is None


def test_what_comes_before_a_broken_page_stays(tmp_path: Path) -> None:
    """Damage in the middle ends the reading there, and not before."""
    path = tmp_path / "msgstore.db"
    _write(path)
    whole, _ = _read(path)
    with closing(sqlite3.connect(path)) as connection:
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        pages = connection.execute(
            "SELECT pageno FROM dbstat"
            " WHERE name = 'message' AND pagetype = 'leaf' ORDER BY path"
        ).fetchall()
    data = bytearray(path.read_bytes())
    (page,) = pages[len(pages) * 3 // 4]
    data[(page - 1) * size : page * size] = b"\xee" * size
    path.write_bytes(data)
    claims, error = _read(path)
    assert isinstance(error, PartialError)
    assert len(whole) > len(claims) > len(whole) // 2
    assert [claim.key for claim in claims] == [c.key for c in whole[: len(claims)]]


@pytest.mark.parametrize("variant", Variant)
def test_damage_anywhere(tmp_path: Path, variant: Variant) -> None:
    """Garbage in any place gives an error of ours, or none."""
    path = tmp_path / "msgstore.db"
    _write(path, variant)
    data = path.read_bytes()
    rng = random.Random(variant.value)
    for _ in range(60):
        broken = bytearray(data)
        for _ in range(rng.randrange(1, 4)):
            start, length = rng.randrange(16, len(data)), rng.choice([1, 8, 4096])
            broken[start : start + length] = rng.randbytes(length)
        path.write_bytes(broken)
        WhatsAppDatabase().recognise(Document(bytes(path)))
        _read(path)


@pytest.mark.parametrize(
    "variant", [Variant.MODERN, Variant.LEGACY, Variant.TRANSITION]
)
def test_any_column_may_be_missing(tmp_path: Path, variant: Variant) -> None:
    """Without one of its columns a database tells the same notes, only less of them."""
    whole = tmp_path / "whole.db"
    _write(whole, variant)
    data = whole.read_bytes()
    path = tmp_path / "msgstore.db"
    for table, column in _columns(whole):
        if (table, column) in {
            ("message", "chat_row_id"),
            ("messages", "key_remote_jid"),
        }:
            continue
        path.write_bytes(data)
        # Renamed, since a key can't be dropped.
        _change(path, [f"ALTER TABLE {table} RENAME COLUMN {column} TO was_{column}"])
        claims, error = _read(path)
        assert error is None, (table, column)
        is_place = (table, column) in {
            ("chat", "_id"),
            ("chat", "jid_row_id"),
            ("jid", "_id"),
        }
        expected = 0 if is_place and variant is Variant.MODERN else len(_ROWS)
        assert len(claims) == expected, (table, column)


@pytest.mark.parametrize("variant", [Variant.MODERN, Variant.LEGACY])
def test_any_table_may_be_missing(tmp_path: Path, variant: Variant) -> None:
    """Only the tables of messages, chats and addresses are needed."""
    whole = tmp_path / "whole.db"
    _write(whole, variant)
    data = whole.read_bytes()
    path = tmp_path / "msgstore.db"
    needed = {"message", "chat", "jid"} if variant is Variant.MODERN else {"messages"}
    for table in sorted({table for table, _ in _columns(whole)}):
        path.write_bytes(data)
        _change(path, [f"DROP TABLE {table}"])
        claims, error = _read(path)
        assert (error is not None) is (table in needed), table
        assert len(claims) == (0 if table in needed else len(_ROWS)), table


@pytest.mark.parametrize("variant", Variant)
def test_tables_without_keys_tell_the_same(tmp_path: Path, variant: Variant) -> None:
    """A repaired database may have lost its keys and types; rows may stand twice."""
    path = tmp_path / "msgstore.db"
    _write(path, variant)
    expected, _ = _read(path)
    statements: list[str] = []
    for table in sorted({table for table, _ in _columns(path)}):
        statements += [
            f"CREATE TABLE plain AS SELECT * FROM {table}",  # noqa: S608
            f"DROP TABLE {table}",
            f"ALTER TABLE plain RENAME TO {table}",
        ]
    if variant is not Variant.LEGACY:
        statements.append("INSERT INTO message_media SELECT * FROM message_media")
    _change(path, statements)
    assert _read(path) == (expected, None)


@pytest.mark.parametrize("variant", Variant)
@pytest.mark.parametrize("seed", range(3))
def test_wrong_types_everywhere(tmp_path: Path, variant: Variant, seed: int) -> None:
    """Whatever the columns hold, claims keep their promises."""
    path = tmp_path / "msgstore.db"
    _write(path, variant)
    columns = _columns(path)
    rng = random.Random(seed)
    with closing(sqlite3.connect(path)) as connection:
        for table, column in columns:
            if column in {"_id", "message_row_id", "lid_row_id"} or rng.random() < 0.3:
                continue
            rows = connection.execute(f"SELECT rowid FROM {table}").fetchall()  # noqa: S608
            connection.executemany(
                f"UPDATE OR IGNORE {table} SET {column} = ? WHERE rowid = ?",  # noqa: S608
                [(rng.choice(_NASTY), row) for (row,) in rows if rng.random() < 0.3],
            )
        connection.commit()
    claims, error = _read(path)
    assert error is None
    for claim in claims:
        assert claim.key
        assert not claim.path.startswith(b"/")
        assert b".." not in claim.path.split(b"/")
        assert claim.size is None or claim.size > 0
        assert claim.sha256 is None or len(claim.sha256) == 32
        assert claim.duration_ms is None or claim.duration_ms > 0
        assert 0 <= claim.order < 100_000


def test_rows_far_apart(tmp_path: Path) -> None:
    """Row numbers may have gaps of any size."""
    path = tmp_path / "msgstore.db"
    write_msgstore(path, [Row(key="a"), Row(key="b")])
    with closing(sqlite3.connect(path)) as connection:
        far = ((1 << 63) - 1,)
        connection.execute("UPDATE message SET _id = ? WHERE _id = 3", far)
        connection.execute(
            "UPDATE message_media SET message_row_id = ? WHERE message_row_id = 3", far
        )
        connection.commit()
    claims, _ = _read(path)
    assert [claim.key for claim in claims] == ["a", "b"]


def test_ten_thousand_notes_of_one_moment(tmp_path: Path) -> None:
    """The places of notes that share their time are all different."""
    path = tmp_path / "msgstore.db"
    write_msgstore(path, [Row(key=str(n)) for n in range(10_000)])
    claims, _ = _read(path)
    assert [claim.order for claim in claims] == list(range(10_000))


def test_views_in_place_of_tables(tmp_path: Path) -> None:
    """A view may be endless, so it is no table."""
    path = tmp_path / "msgstore.db"
    endless = (
        "CREATE VIEW message AS WITH RECURSIVE n(chat_row_id) AS"
        " (SELECT 1 UNION ALL SELECT chat_row_id + 1 FROM n) SELECT * FROM n"
    )
    _change(path, ["CREATE TABLE chat (_id)", "CREATE TABLE jid (_id)", endless])
    assert WhatsAppDatabase().recognise(Document(bytes(path))) is None
    claims, error = _read(path)
    assert claims == []
    assert error is not None


def test_a_file_that_vanishes(tmp_path: Path) -> None:
    """A file that is gone is an error of the system, which the caller knows."""
    path = tmp_path / "msgstore.db"
    _write(path)
    document = Document(bytes(path))
    path.unlink()
    with pytest.raises(FileNotFoundError):
        list(WhatsAppDatabase().read(document, Options()))


def test_an_open_database(tmp_path: Path) -> None:
    """One that was decrypted is read by its connection; errors name the document."""
    path = tmp_path / "msgstore.db.crypt15"
    write_msgstore(path, [Row(key="a")])
    document = Document(bytes(path))
    contacts, remark = contacts_beside(document)
    assert (contacts, remark) == ({}, None)
    with closing(sqlite3.connect(path)) as connection:
        told = list(read_connection(document, connection, Options(), contacts))
        assert [each.key for each in told if isinstance(each, Claim)] == ["a"]
        connection.execute("DROP TABLE jid")
        with pytest.raises(DocumentError, match="crypt15") as caught:
            list(read_connection(document, connection, Options(), contacts))
    assert not isinstance(caught.value, PartialError)
