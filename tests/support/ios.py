"""Makes an iPhone for tests: plain and encrypted backups, and their databases."""

from __future__ import annotations

import hashlib
import os
import plistlib
import sqlite3
import struct
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = [
    "HOME",
    "MEDIA",
    "MEMOS",
    "PERSON",
    "SENT",
    "WHATSAPP",
    "chat_storage",
    "contacts",
    "database",
    "index_of",
    "make_backup",
    "memos",
    "messages",
]

WHATSAPP = "AppDomainGroup-group.net.whatsapp.WhatsApp.shared"
MEMOS = "AppDomainGroup-group.com.apple.VoiceMemos.shared"
HOME, MEDIA = "HomeDomain", "MediaDomain"

PERSON = "491700000001@s.whatsapp.net"
SENT = 1_723_728_393
"""When the messages of the databases were sent: 2024-08-15 13:26:33 UTC."""
_EPOCH = 978_307_200
_CLASS = 3
"""The protection class of all files."""
_ROUNDS = 1000
"""Real phones stretch a passphrase with ten million rounds."""


class _Keys:
    """The keys of an encrypted backup."""

    def __init__(self, passphrase: str) -> None:
        self._key = os.urandom(32)
        self.index = os.urandom(32)
        salt, inner_salt = os.urandom(20), os.urandom(20)
        first = hashlib.pbkdf2_hmac("sha256", passphrase.encode(), inner_salt, _ROUNDS)
        second = hashlib.pbkdf2_hmac("sha1", first, salt, _ROUNDS, 32)
        head: dict[bytes, int | bytes] = {
            b"VERS": 5,
            b"TYPE": 1,
            b"UUID": os.urandom(16),
            b"HMCK": os.urandom(40),
            b"WRAP": 0,
            b"SALT": salt,
            b"ITER": _ROUNDS,
            b"DPWT": 0,
            b"DPIC": _ROUNDS,
            b"DPSL": inner_salt,
        }
        item: dict[bytes, int | bytes] = {
            b"UUID": os.urandom(16),
            b"CLAS": _CLASS,
            b"WRAP": 2,
            b"KTYP": 0,
            b"WPKY": _wrapped(second, self._key),
        }
        self.bag = b"".join(
            _field(tag, value) for part in (head, item) for tag, value in part.items()
        )

    def wrap(self, key: bytes) -> bytes:
        """Wrap a key of a file: class, then the key."""
        return struct.pack("<l", _CLASS) + _wrapped(self._key, key)


def _field(tag: bytes, value: int | bytes) -> bytes:
    data = struct.pack(">L", value) if isinstance(value, int) else value
    return tag + struct.pack(">L", len(data)) + data


def _wrapped(key: bytes, inner: bytes) -> bytes:
    from cryptography.hazmat.primitives.keywrap import aes_key_wrap

    return aes_key_wrap(key, inner)


def _encrypted(key: bytes, data: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    count = 16 - len(data) % 16
    cipher = Cipher(algorithms.AES(key), modes.CBC(bytes(16))).encryptor()
    return cipher.update(data + bytes([count]) * count) + cipher.finalize()


def _blob(path: str, size: int, modified: int, wrapped: bytes | None) -> bytes:
    """The keyed archive of one file."""
    root: dict[str, object] = {
        "Birth": modified,
        "LastModified": modified,
        "Size": size,
        "ProtectionClass": _CLASS,
        "Mode": 0o100644,
        "RelativePath": plistlib.UID(2),
    }
    things: list[object] = ["$null", root, path]
    if wrapped is not None:
        root["EncryptionKey"] = plistlib.UID(3)
        things.append({"NS.data": wrapped, "$class": plistlib.UID(4)})
        things.append({"$classname": "NSMutableData"})
    archive = {
        "$version": 100_000,
        "$archiver": "NSKeyedArchiver",
        "$top": {"root": plistlib.UID(1)},
        "$objects": things,
    }
    return plistlib.dumps(archive, fmt=plistlib.FMT_BINARY)


def make_backup(
    folder: Path,
    files: Mapping[tuple[str, str], bytes],
    passphrase: str | None = None,
    *,
    told_size: int | None = None,
) -> Path:
    """Write a backup.

    Args:
        folder: Where; it is made.
        files: Bytes by domain and path.
        passphrase: Encrypts it.
        told_size: What the index says of the size of each file, if not the truth.

    Returns:
        The path of its index.
    """
    folder.mkdir(parents=True, exist_ok=True)
    keys = _Keys(passphrase) if passphrase is not None else None
    rows = []
    for (domain, path), data in files.items():
        number = hashlib.sha1(f"{domain}-{path}".encode()).hexdigest()  # noqa: S324
        body, wrapped = data, None
        if keys is not None:
            key = os.urandom(32)
            body, wrapped = _encrypted(key, data), keys.wrap(key)
        size = len(data) if told_size is None else told_size
        rows.append((number, domain, path, 1, _blob(path, size, SENT, wrapped)))
        shard = folder / number[:2]
        shard.mkdir(exist_ok=True)
        (shard / number).write_bytes(body)
    index = index_of(folder / "Manifest.db", rows)
    manifest: dict[str, object] = {"Version": "10.0", "IsEncrypted": keys is not None}
    if keys is not None:
        manifest["BackupKeyBag"] = keys.bag
        manifest["ManifestKey"] = keys.wrap(keys.index)
        index.write_bytes(_encrypted(keys.index, index.read_bytes()))
    (folder / "Manifest.plist").write_bytes(
        plistlib.dumps(manifest, fmt=plistlib.FMT_BINARY)
    )
    (folder / "Status.plist").write_bytes(
        plistlib.dumps({"SnapshotState": "finished", "IsFullBackup": True})
    )
    return index


def index_of(path: Path, rows: Iterable[tuple[object, ...]]) -> Path:
    """Write the index of a backup as Apple does: in WAL mode, without a log."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(
            "CREATE TABLE Files (fileID TEXT PRIMARY KEY, domain TEXT,"
            " relativePath TEXT, flags INTEGER, file BLOB)"
        )
        connection.executemany("INSERT INTO Files VALUES (?, ?, ?, ?, ?)", rows)
    assert path.read_bytes()[18:20] == b"\2\2"
    assert not path.with_name(path.name + "-wal").exists()
    return path


def database(path: Path, script: str, **tables: Iterable[tuple[object, ...]]) -> Path:
    """Write a database.

    Args:
        path: Where.
        script: Makes the tables.
        **tables: Rows by table.
    """
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(script)
        for table, rows in tables.items():
            for row in rows:
                marks = ", ".join("?" * len(row))
                connection.execute(f"INSERT INTO {table} VALUES ({marks})", row)  # noqa: S608
    return path


_STORAGE = """
CREATE TABLE ZWACHATSESSION(Z_PK INTEGER PRIMARY KEY, ZSESSIONTYPE INTEGER,
    ZCONTACTJID VARCHAR, ZPARTNERNAME VARCHAR);
CREATE TABLE ZWAGROUPMEMBER(Z_PK INTEGER PRIMARY KEY, ZCHATSESSION INTEGER,
    ZMEMBERJID VARCHAR, ZCONTACTNAME VARCHAR, ZFIRSTNAME VARCHAR);
CREATE TABLE ZWAPROFILEPUSHNAME(Z_PK INTEGER PRIMARY KEY, ZJID VARCHAR,
    ZPUSHNAME VARCHAR);
CREATE TABLE ZWAMESSAGE(Z_PK INTEGER PRIMARY KEY, ZISFROMME INTEGER,
    ZMESSAGETYPE INTEGER, ZMESSAGESTATUS INTEGER, ZSORT INTEGER, ZCHATSESSION INTEGER,
    ZGROUPMEMBER INTEGER, ZMEDIAITEM INTEGER, ZMESSAGEDATE TIMESTAMP,
    ZFROMJID VARCHAR, ZTOJID VARCHAR, ZPUSHNAME VARCHAR, ZSTANZAID VARCHAR,
    ZTEXT VARCHAR);
CREATE TABLE ZWAMEDIAITEM(Z_PK INTEGER PRIMARY KEY, ZMESSAGE INTEGER,
    ZFILESIZE INTEGER, ZMOVIEDURATION INTEGER, ZMEDIALOCALPATH VARCHAR,
    ZVCARDSTRING VARCHAR, ZVCARDNAME VARCHAR, ZTITLE VARCHAR);
CREATE INDEX ZWAMESSAGE_ZMEDIAITEM_INDEX ON ZWAMESSAGE (ZMEDIAITEM);
"""


def chat_storage(
    path: Path,
    messages: Iterable[Mapping[str, object]],
    chats: Iterable[tuple[object, ...]] = ((1, 0, PERSON, "Ana"),),
    members: Iterable[tuple[object, ...]] = (),
    push_names: Iterable[tuple[object, ...]] = (),
) -> Path:
    """Write a database of WhatsApp on iOS.

    Args:
        path: Where.
        messages: Columns of ZWAMESSAGE and ZWAMEDIAITEM by name; without any, a voice
            message of the first chat.
        chats: Rows of ZWACHATSESSION.
        members: Rows of ZWAGROUPMEMBER.
        push_names: Rows of ZWAPROFILEPUSHNAME.
    """
    database(
        path,
        _STORAGE,
        ZWACHATSESSION=chats,
        ZWAGROUPMEMBER=members,
        ZWAPROFILEPUSHNAME=push_names,
    )
    with closing(sqlite3.connect(path)) as connection, connection:
        media = {
            row[1] for row in connection.execute("PRAGMA table_info(ZWAMEDIAITEM)")
        }
        for key, given in enumerate(messages, 1):
            row = {
                "ZISFROMME": 0,
                "ZMESSAGETYPE": 3,
                "ZSORT": key,
                "ZCHATSESSION": 1,
                "ZMEDIAITEM": key,
                "ZMESSAGEDATE": SENT - _EPOCH + key,
                "ZFROMJID": PERSON,
                "ZSTANZAID": f"3A{key:018d}",
                "ZMEDIALOCALPATH": f"Media/{PERSON}/0/a/{key:08x}.opus",
                "ZVCARDSTRING": "audio/ogg; codecs=opus",
                **given,
            }
            for table in ("ZWAMESSAGE", "ZWAMEDIAITEM"):
                part = {
                    name: value
                    for name, value in row.items()
                    if (name in media) == (table == "ZWAMEDIAITEM")
                }
                columns = ", ".join(["Z_PK", *part])
                marks = ", ".join("?" * (len(part) + 1))
                connection.execute(
                    f"INSERT INTO {table} ({columns}) VALUES ({marks})",  # noqa: S608
                    (key, *part.values()),
                )
    return path


def contacts(path: Path, *rows: tuple[object, ...]) -> Path:
    """Write WhatsApp's address book.

    Args:
        path: Where.
        *rows: WhatsApp's identity, number, hidden identity, full name.
    """
    script = (
        "CREATE TABLE ZWAADDRESSBOOKCONTACT (ZWHATSAPPID VARCHAR,"
        " ZPHONENUMBER VARCHAR, ZLID VARCHAR, ZFULLNAME VARCHAR)"
    )
    return database(path, script, ZWAADDRESSBOOKCONTACT=rows)


def memos(
    path: Path,
    *rows: tuple[object, ...],
    folders: Iterable[tuple[object, ...]] = (),
) -> Path:
    """Write the index of Voice Memos.

    Args:
        path: Where.
        *rows: Key, identity, path, seconds since 2001, length, folder, title, label.
        folders: Key, identity, name.
    """
    script = """
        CREATE TABLE ZFOLDER (Z_PK INTEGER PRIMARY KEY, ZUUID, ZENCRYPTEDNAME);
        CREATE TABLE ZCLOUDRECORDING (Z_PK INTEGER PRIMARY KEY, ZUNIQUEID, ZPATH, ZDATE,
            ZDURATION, ZFOLDER, ZENCRYPTEDTITLE, ZCUSTOMLABEL, ZEVICTIONDATE);
    """
    whole = [(*row, None) for row in rows]
    return database(path, script, ZFOLDER=folders, ZCLOUDRECORDING=whole)


def messages(path: Path, **tables: Iterable[tuple[object, ...]]) -> Path:
    """Write a database of Messages.

    Args:
        path: Where.
        **tables: Rows of `handle` (key, id), `chat` (key, guid, identifier, style,
            title), `message` (key, guid, text, handle, from me, date, is audio, is
            played), `attachment` (key, file, type, UTI, name, bytes), and the joins.
    """
    script = """
        CREATE TABLE handle (ROWID INTEGER PRIMARY KEY, id TEXT);
        CREATE TABLE chat (ROWID INTEGER PRIMARY KEY, guid TEXT, chat_identifier TEXT,
            style INTEGER, display_name TEXT);
        CREATE TABLE message (ROWID INTEGER PRIMARY KEY, guid TEXT, text TEXT,
            handle_id INTEGER, is_from_me INTEGER, date INTEGER,
            is_audio_message INTEGER, is_played INTEGER);
        CREATE TABLE attachment (ROWID INTEGER PRIMARY KEY, filename TEXT,
            mime_type TEXT, uti TEXT, transfer_name TEXT, total_bytes INTEGER);
        CREATE TABLE chat_message_join (chat_id INTEGER, message_id INTEGER);
        CREATE TABLE chat_handle_join (chat_id INTEGER, handle_id INTEGER);
        CREATE TABLE message_attachment_join (message_id INTEGER,
            attachment_id INTEGER);
    """
    return database(path, script, **tables)
