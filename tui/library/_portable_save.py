"""Writes what the user said as a backup in JSON, piece by piece.

The README tells the format. A recording is one line, and little more than some of them
is ever held in memory. All is read as it was at one moment. The same library gives the
same bytes, but for the time at the top.
"""

from __future__ import annotations

import gzip
import json
import os
import stat
import tempfile
import zlib
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from tui.errors import DataError
from tui.library import _portable_people as people
from tui.library._connection import listed
from tui.library._portable_collections import has_collections, own_collections
from tui.library._portable_sounds import has_sounds, own_sounds, told
from tui.library._portable_values import (
    BOOKMARK,
    COLLECTED,
    PLAYED,
    TAG,
    hashes,
    load,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tui.library._connection import Store
    from tui.library._portable_values import Value, Values

__all__ = ["FORMAT", "VERSION", "Saved", "save", "write"]

FORMAT = "earmark-backup"
VERSION = 3
"""What is known of the format."""
_SOUND_VERSION = 2
"""That of a backup without collections: older Earmarks understand it."""
_PLAIN_VERSION = 1
"""That of one without settings of the sound as well."""
_GZIP = b"\x1f\x8b"
_HEAD = 4096

_Object = dict[str, object]


class Saved(NamedTuple):
    """What a backup holds."""

    recordings: int
    searches: int
    names: int
    """Chats and senders that were named, joined or parted."""
    rules: int
    left_out: int = 0
    """Notes with a mark whose recording is not known and can't be read now."""


def save(store: Store, path: Path, now: float) -> Saved:
    """Write a backup to a file, whole or not at all.

    Args:
        store: A connection.
        path: The file; with `.gz` at its end it is packed. One that is there must be a
            backup as well.
        now: Seconds since 1970.

    Raises:
        DataError: It can't be written, or is something else.
    """
    try:
        place = Path(os.path.realpath(path))  # a link stays, and leads to the new one
        _require_place(store, place)
        with _replaced(place) as file:
            if place.name.endswith(".gz"):
                with gzip.GzipFile("", "wb", 6, file, 0) as packed:
                    return write(store, lambda text: packed.write(text.encode()), now)
            return write(store, lambda text: file.write(text.encode()), now)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(path, reason) from error


def write(store: Store, put: Callable[[str], object], now: float) -> Saved:
    """Write a backup, a piece at a time.

    Args:
        store: A connection, which sees nothing of what others write meanwhile.
        put: Takes a piece of JSON, which is ASCII.
        now: Seconds since 1970.
    """
    store.run("BEGIN")
    try:
        return _written(store, put, now)
    finally:
        store.run("ROLLBACK")


def _written(store: Store, put: Callable[[str], object], now: float) -> Saved:
    made_at = datetime.fromtimestamp(int(now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    version = _version(store)
    head = {"format": FORMAT, "version": version, "made_at": made_at}
    put("{" + json.dumps(head)[1:-1])
    times = people.Times(store)
    paths = {scope: place.path for scope, place in people.places(store).items()}

    def array(name: str, objects: Iterable[_Object]) -> int:
        put(f',\n"{name}": [')
        count = 0
        for count, each in enumerate(objects, 1):
            put((",\n " if count > 1 else "\n ") + json.dumps(each))
        put("\n]" if count else "]")
        return count

    array("sources", _sources(store))
    names = array("chats", _identities(store, times, "chat"))
    names += array("senders", _identities(store, times, "sender"))
    rules = array("rules", _rules(store, times))
    array("day_orders", _day_orders(store, times))
    searches = array("saved_searches", _searches(store))
    if version >= _SOUND_VERSION:
        array("sounds", map(told, own_sounds(store)))
    if version >= VERSION:
        array("collections", _collections(store))
    recordings = array("recordings", _recordings(store, paths))
    put("\n}\n")
    return Saved(recordings, searches, names, rules)


def _version(store: Store) -> int:
    """Tell the first version of the format that can say all there is."""
    if has_collections(store):
        return VERSION
    return _SOUND_VERSION if has_sounds(store) else _PLAIN_VERSION


def _recordings(store: Store, paths: dict[int, str]) -> Iterator[_Object]:
    for contents in hashes(store):
        hints = _hints(store, contents)
        for content, values in load(store, contents).items():
            if values:
                yield {
                    "hash": content.hex(),
                    **hints.get(content, {}),
                    **_object(values, paths),
                }


def _hints(store: Store, contents: Sequence[bytes]) -> dict[bytes, _Object]:
    """What tells a person which recordings these are."""
    marks, params = listed(contents)
    rows = store.all(
        "SELECT hash, size, duration_ms, (SELECT file.name FROM note"
        " JOIN file ON file.note_id = note.id WHERE note.recording_id = recording.id"
        " ORDER BY file.missing, file.id LIMIT 1)"
        f" FROM recording WHERE hash IN ({marks})",
        params,
    )
    return {
        row[0]: {
            "size": row[1],
            "duration_ms": row[2],
            "file": people.path_text(row[3] or b""),
        }
        for row in rows
    }


def _object(values: Values, paths: dict[int, str]) -> _Object:
    """Write the values of a recording; those that were never set are left out."""
    told: _Object = {}
    sets: dict[str, list[_Object]] = {
        name: [] for name in ("tags", "collections", "bookmarks", "removed")
    }
    for key, value in sorted(values.items()):
        set_ms: _Object = {"set_ms": value[0]}
        if key == "played":
            state = PLAYED[int(value[1])]
            told[key] = {"state": state, "position_ms": value[2], **set_ms}
        elif key == "star":
            told[key] = {"on": bool(value[1]), **set_ms}
        elif key in {"title", "comment"}:
            told[key] = {"text": value[1], **set_ms}
        elif key in {"chat", "sender"}:
            where = _where(paths.get(int(value[2]), ""))
            told[key] = {"id": value[1], **where, "name": value[3], **set_ms}
        else:
            name, item = _one_of_many(key, value)
            sets[name].append({**item, **set_ms})
    sets["bookmarks"].sort(key=lambda each: int(str(each["at_ms"])))
    return told | {name: items for name, items in sets.items() if items}


def _one_of_many(key: str, value: Value) -> tuple[str, _Object]:
    """Write a tag, bookmark or item of a collection, or that it was taken away.

    Returns:
        The list that it stands in, and the object without its time.
    """
    if key.startswith(TAG):
        if value[1]:
            return "tags", {"name": value[2]}
        return "removed", {"tag": key.removeprefix(TAG)}
    if key.startswith(BOOKMARK):
        at_ms = int(key.removeprefix(BOOKMARK))
        if value[1]:
            return "bookmarks", {"at_ms": at_ms, "text": value[2]}
        return "removed", {"bookmark_ms": at_ms}
    note, folded = key.removeprefix(COLLECTED).split(":", 1)
    if value[1]:
        item: _Object = {"name": value[3], "note": note, "place": value[2]}
        return "collections", item
    return "removed", {"collection": folded, "note": note}


def _where(path: str) -> _Object:
    """The source that an identity holds in, if it does not hold everywhere."""
    return {"source": path} if path else {}


def _sources(store: Store) -> Iterator[_Object]:
    for place in sorted(people.places(store).values()):
        yield {"path": place.path, "kind": place.kind}


def _identities(store: Store, times: people.Times, table: str) -> Iterator[_Object]:
    for _, each in people.identities(store, times):
        if each.table != table:
            continue
        kind: _Object = {"kind": each.kind} if table == "chat" else {}
        told: _Object = {
            "id": each.native_id,
            **_where(each.where),
            **kind,
            "told": each.told,
            "rank": each.rank,
        }
        if each.own is not None:
            told["own_name"] = {"text": each.own[1], "set_ms": each.own[0]}
        if each.joined is not None:
            set_ms, where, into = each.joined
            told["joined"] = _joined(where, into, set_ms)
        yield told


def _joined(where: int | str, into: int | str, set_ms: int | str) -> _Object:
    if not into:
        return {"into": None, "set_ms": set_ms}
    return {"into": into, **_where(str(where)), "set_ms": set_ms}


def _rules(store: Store, times: people.Times) -> Iterator[_Object]:
    for _, rule in people.own_rules(store, times):
        yield {
            "query": rule.query,
            "field": rule.field,
            "id": rule.target,
            **_where(rule.where),
            "name": rule.title,
            "on": not rule.value[1],
            "set_ms": rule.value[0],
        }


def _day_orders(store: Store, times: people.Times) -> Iterator[_Object]:
    for _, each in people.day_orders(store, times):
        yield {
            "source": each.where,
            "path": each.path,
            "kind": each.kind,
            "size": each.size,
            "order": _order(each.value),
            "set_ms": each.value[0],
        }


def _order(value: Value) -> str | None:
    return str(value[1]) or None


def _searches(store: Store) -> Iterator[_Object]:
    for search in people.saved_queries(store):
        set_ms, query = search.value
        yield {"name": search.name, "query": query, "set_ms": set_ms}


def _collections(store: Store) -> Iterator[_Object]:
    for each in own_collections(store):
        set_ms, is_off = each.value
        yield {"name": each.name, "on": not is_off, "set_ms": set_ms}


def _require_place(store: Store, place: Path) -> None:
    """Refuse to write where nothing of ours may be written."""
    for (root,) in store.all("SELECT root FROM source"):
        source = os.fsencode(os.path.realpath(root))
        if os.fsencode(place).startswith(source.rstrip(b"/") + b"/"):
            shown = people.path_text(root)
            raise DataError(place, f"lies in the source {shown}, which is only read")
    try:
        status = place.stat()
    except FileNotFoundError:
        return
    if stat.S_ISDIR(status.st_mode):
        raise DataError(place, "is a folder")
    if not stat.S_ISREG(status.st_mode):
        raise DataError(place, "is no regular file; - is the standard output")
    if status.st_size and not _is_backup(place):
        raise DataError(place, "is there and is no backup, so it is left alone")


def _is_backup(place: Path) -> bool:
    with place.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(_GZIP):
        with suppress(zlib.error):
            head = zlib.decompressobj(wbits=31).decompress(head, _HEAD)
    return f'"{FORMAT}"'.encode() in head


@contextmanager
def _replaced(place: Path) -> Iterator[IO[bytes]]:
    """Put a new file in the place of an old one, at the end and if all went well."""
    handle, name = tempfile.mkstemp(prefix=".earmark-backup-", dir=place.parent)
    part = Path(name)  # only for the user, as mkstemp makes it
    try:
        with open(handle, "wb") as file:  # noqa: PTH123  # it is open already
            yield file
            file.flush()
            os.fsync(handle)
        part.replace(place)
        _sync_folder(place.parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):  # not every file system can
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
