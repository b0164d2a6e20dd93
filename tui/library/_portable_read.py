"""Reads a backup and proves that all of it can be understood, before anything is done.

What it says of recordings goes to a temporary file, in chunks as they are written
later: so the file that is read may change or be a pipe, and memory holds little more
than the hashes.
"""

from __future__ import annotations

import gzip
import json
import tempfile
import zlib
from typing import TYPE_CHECKING

from tui.errors import DataError, QueryError, UsageError
from tui.library._collected import collection_name, what_of
from tui.library._portable_collections import OwnCollection
from tui.library._portable_json import Fields, Stream
from tui.library._portable_people import (
    DayOrder,
    Identity,
    OwnRule,
    Place,
    SavedQuery,
)
from tui.library._portable_save import FORMAT, VERSION
from tui.library._portable_sounds import OwnSound, take_value
from tui.library._portable_values import BOOKMARK, PLAYED, TAG, Marked
from tui.library._tag_names import tag_name
from tui.model import ChatKind, SoundScope
from tui.query import parse
from tui.text import printable
from tui.words import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import BufferedReader
    from types import TracebackType
    from typing import Self

    from tui.library._portable_values import Value, Values

__all__ = ["Backup", "read_backup"]

_HASH_SIZE = 32
_AT_ONCE = 128
"""Recordings that one transaction writes: some 50 ms with all that may be said."""
_ORDERS = ("dmy", "mdy", "ymd")
_FIELDS = ("chat", "sender")
_MAX_RANK = 10
_IN_MEMORY = 1 << 20
_GZIP = b"\x1f\x8b"


class Backup:
    """What a backup says, all of it understood.

    Args:
        name: What its file is called in errors.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.places: list[Place] = []
        self.identities: list[Identity] = []
        self.rules: list[OwnRule] = []
        self.day_orders: list[DayOrder] = []
        self.searches: list[SavedQuery] = []
        self.sounds: list[OwnSound] = []
        self.collections: list[OwnCollection] = []
        self.recordings = 0
        self.wheres: set[str] = set()
        """Sources that chats hold in."""
        self._seen: set[object] = set()
        self._spool = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  # closed by `close`

    def once(self, *key: object) -> bool:
        """Whether something is told for the first time."""
        is_new = key not in self._seen
        self._seen.add(key)
        return is_new

    def put(self, marked: Marked) -> None:
        """Keep what is said of a recording."""
        self.recordings += 1
        line = json.dumps([marked.content.hex(), marked.values])
        self._spool.write(line.encode() + b"\n")

    def chunks(self) -> Iterator[list[Marked]]:
        """What is said of recordings, in their order, some at once."""
        self._spool.seek(0)
        chunk: list[Marked] = []
        for line in self._spool:
            content, values = json.loads(line)
            pairs = {key: tuple(value) for key, value in values.items()}
            chunk.append(Marked(bytes.fromhex(content), pairs))
            if len(chunk) == _AT_ONCE:
                yield chunk
                chunk = []
        if chunk:
            yield chunk

    def close(self) -> None:
        """Forget it."""
        self._spool.close()

    def __enter__(self) -> Self:
        """Use as a context: closes itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()


def read_backup(file: BufferedReader, name: str) -> Backup:
    """Read a backup; the caller closes it.

    Args:
        file: Its bytes, packed or not; read from where it stands.
        name: What it is called in errors.

    Raises:
        DataError: It can't be read or understood.
    """
    backup = Backup(name)
    try:
        if file.peek(2)[:2] == _GZIP:
            with gzip.GzipFile("", "rb", fileobj=file) as unpacked:
                _read(Stream(name, unpacked), backup)
        else:
            _read(Stream(name, file), backup)
    except BaseException as error:
        backup.close()
        match error:
            case EOFError():
                reason = "is cut off, or is still being written"
            case zlib.error() | gzip.BadGzipFile():
                reason = "is damaged: it can't be unpacked"
            case OSError():
                reason = (error.strerror or str(error)).lower()
            case _:
                raise
        raise DataError(name, reason) from error
    return backup


def _read(stream: Stream, backup: Backup) -> None:
    head: dict[str, object] = {}
    seen: set[str] = set()
    try:
        for key in stream.keys():  # noqa: SIM118  # no dictionary
            if key in seen:
                stream.fail(f"“{key}” stands twice in one object")
            seen.add(key)
            take = _ARRAYS.get(key)
            if take is None:
                head[key] = stream.value()
                _check_head(stream, head, key)
                continue
            for at, value in enumerate(stream.items(), 1):
                fields = Fields(value, backup.name, f"{key} {at}")
                take(fields, backup)
                fields.end()
    except DataError:
        _refuse_newer(backup.name, head)
        raise
    _refuse_newer(backup.name, head)
    if head.get("format") != FORMAT or "version" not in head:
        raise DataError(backup.name, "is no backup of Earmark")
    for where in sorted(backup.wheres - {place.path for place in backup.places}):
        raise DataError(backup.name, f"the source {where} is not in “sources”")


def _refuse_newer(name: str, head: dict[str, object]) -> None:
    version = head.get("version")
    is_ours = head.get("format", FORMAT) == FORMAT
    if is_ours and isinstance(version, int) and version > VERSION:
        raise DataError(
            name,
            f"was made by a newer Earmark (version {version} of the format, this"
            f" Earmark knows {VERSION}); please update Earmark",
        )


def _check_head(stream: Stream, head: dict[str, object], key: str) -> None:
    value = head[key]
    if key == "format":
        if value != FORMAT:
            stream.fail("is no backup of Earmark: it has another format")
    elif key == "version":
        if type(value) is not int or value < 1:
            stream.fail("“version” must be a whole number from 1 on")
    elif key == "made_at":
        if not isinstance(value, str):
            stream.fail("“made_at” must be text")
    elif head.get("format") != FORMAT:
        stream.fail("is no backup of Earmark")
    else:
        stream.fail(f"nothing is known of “{key}”")


def _take_source(fields: Fields, backup: Backup) -> None:
    place = Place(_path(fields, "path"), fields.text("kind"))
    if not backup.once("source", place.path):
        fields.fail("it is told twice")
    backup.places.append(place)


def _scope(fields: Fields, backup: Backup) -> str:
    """Take the source that something holds in; empty for everywhere."""
    where = _path(fields, "source", "")
    if where:
        backup.wheres.add(where)
    return where


def _path(fields: Fields, key: str, default: str | None = None) -> str:
    """Take a path that the file system can have."""
    path = fields.text(key, default)
    try:
        raw = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        fields.fail(f"“{key}” is no path")
    if b"\0" in raw or (not raw and default is None):
        fields.fail(f"“{key}” is no path")
    return path


def _take_identity(fields: Fields, backup: Backup, table: str) -> None:
    where = _scope(fields, backup) if table == "chat" else ""
    native_id = _not_empty(fields, "id")
    kinds = tuple(str(kind) for kind in ChatKind)
    kind = fields.one_of("kind", kinds) if table == "chat" else ""
    told, rank = fields.text("told"), fields.number("rank")
    if rank > _MAX_RANK:
        fields.fail(f"“rank” must be at most {_MAX_RANK}")
    own: Value | None = None
    if fields.has("own_name"):
        part = fields.part("own_name")
        own = (part.number("set_ms"), part.text("text"))
        part.end()
    joined: Value | None = None
    if fields.has("joined"):
        part = fields.part("joined")
        into = "" if part.is_null("into") else _not_empty(part, "into")
        joined = (part.number("set_ms"), _scope(part, backup), into)
        part.end()
    if not backup.once(table, where, native_id):
        fields.fail("it is told twice")
    backup.identities.append(
        Identity(table, where, native_id, kind, told, rank, own, joined)
    )


def _not_empty(fields: Fields, key: str) -> str:
    text = fields.text(key)
    if not text:
        fields.fail(f"“{key}” must not be empty")
    return text


def _take_rule(fields: Fields, backup: Backup) -> None:
    query = _not_empty(fields, "query")
    try:
        parse(query)
    except QueryError as error:
        fields.fail(f"the query can't be understood: {error.message}")
    field, where = fields.one_of("field", _FIELDS), _scope(fields, backup)
    target, title = _not_empty(fields, "id"), fields.text("name")
    value = (fields.number("set_ms"), int(not fields.flag("on")))
    backup.rules.append(OwnRule(query, field, where, target, title, value))


def _take_day_order(fields: Fields, backup: Backup) -> None:
    where, path = _path(fields, "source"), _path(fields, "path")
    kind, size = fields.text("kind"), fields.number("size")
    order = "" if fields.is_null("order") else fields.one_of("order", _ORDERS)
    if not backup.once("document", where, path):
        fields.fail("it is told twice")
    value = (fields.number("set_ms"), order)
    backup.day_orders.append(DayOrder(where, path, kind, size, value))


def _take_search(fields: Fields, backup: Backup) -> None:
    name, query = _not_empty(fields, "name"), fields.text("query")
    if not backup.once("search", name):
        fields.fail("it is told twice")
    backup.searches.append(SavedQuery(name, (fields.number("set_ms"), query)))


def _take_sound(fields: Fields, backup: Backup) -> None:
    kind = fields.one_of("for", tuple(map(str, SoundScope)))
    where = _scope(fields, backup) if kind == SoundScope.CHAT else ""
    key = ""
    if kind == SoundScope.NOTE:
        key = _hash(fields).hex()
    elif kind != SoundScope.ALL:
        key = _not_empty(fields, "id")
    if not backup.once("sound", kind, where, key):
        fields.fail("it is told twice")
    backup.sounds.append(OwnSound(kind, where, key, take_value(fields)))


def _take_collection(fields: Fields, backup: Backup) -> None:
    name = _called(fields, collection_name)
    if not backup.once("collection", fold(name)):
        fields.fail("it is told twice")
    value = (fields.number("set_ms"), int(not fields.flag("on")))
    backup.collections.append(OwnCollection(name, value))


def _take_recording(fields: Fields, backup: Backup) -> None:
    content = _hash(fields)
    if not backup.once(content):
        fields.fail(f"the recording {content.hex()} is told twice")
    for key in ("size", "duration_ms"):  # only there to be read by a person
        if not fields.is_null(key):
            fields.number(key, 0)
    fields.text("file", "")
    values: Values = {}
    if fields.has("played"):
        part = fields.part("played")
        state = PLAYED.index(part.one_of("state", PLAYED))
        values["played"] = (part.number("set_ms"), state, part.number("position_ms"))
        part.end()
    if fields.has("star"):
        part = fields.part("star")
        values["star"] = (part.number("set_ms"), int(part.flag("on")))
        part.end()
    for key in ("title", "comment"):
        if fields.has(key):
            part = fields.part(key)
            values[key] = (part.number("set_ms"), part.text("text"))
            part.end()
    for key in _FIELDS:
        if fields.has(key):
            part = fields.part(key)
            target, where = _not_empty(part, "id"), _scope(part, backup)
            value = (part.number("set_ms"), target, where, part.text("name"))
            values[key] = value
            part.end()
    _take_sets(fields, values)
    backup.put(Marked(content, values))


def _hash(fields: Fields) -> bytes:
    text = fields.text("hash")
    try:
        content = bytes.fromhex(text)
    except ValueError:
        content = b""
    if len(content) != _HASH_SIZE or len(text) != 2 * _HASH_SIZE:
        fields.fail(f"“hash” must be {2 * _HASH_SIZE} hex digits")
    return content


def _take_sets(fields: Fields, values: Values) -> None:
    """Take tags, bookmarks and collections, and what was taken away of them."""

    def put(part: Fields, key: str, value: Value) -> None:
        if key in values:
            part.fail("it is told twice")
        values[key] = value
        part.end()

    for part in fields.objects("tags"):
        name = _called(part, tag_name)
        put(part, TAG + fold(name), (part.number("set_ms"), 1, name))
    for part in fields.objects("bookmarks"):
        key = f"{BOOKMARK}{part.number('at_ms')}"
        put(part, key, (part.number("set_ms"), 1, part.text("text")))
    for part in fields.objects("collections"):
        name = _called(part, collection_name)
        key = what_of(fold(name), _note_key(part))
        put(part, key, (part.number("set_ms"), 1, part.number("place"), name))
    for part in fields.objects("removed"):
        if part.has("tag"):
            key = TAG + fold(_not_empty(part, "tag"))
        elif part.has("collection"):
            key = what_of(fold(_not_empty(part, "collection")), _note_key(part))
        else:
            key = f"{BOOKMARK}{part.number('bookmark_ms')}"
        put(part, key, (part.number("set_ms"), 0, ""))


def _called(part: Fields, form: Callable[[str], str]) -> str:
    try:
        return form(part.text("name"))
    except UsageError as error:
        part.fail(printable(error.message))


def _note_key(part: Fields) -> bytes:
    text = part.text("note")
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if not key or key.hex() != text or len(key) > _HASH_SIZE:
        part.fail("“note” must be the id of a note")
    return key


_ARRAYS: dict[str, Callable[[Fields, Backup], None]] = {
    "sources": _take_source,
    "chats": lambda fields, backup: _take_identity(fields, backup, "chat"),
    "senders": lambda fields, backup: _take_identity(fields, backup, "sender"),
    "rules": _take_rule,
    "day_orders": _take_day_order,
    "saved_searches": _take_search,
    "sounds": _take_sound,
    "collections": _take_collection,
    "recordings": _take_recording,
}
