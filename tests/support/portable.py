"""Libraries with the same recordings, and what is said of them row by row."""

from __future__ import annotations

import io
import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

from tests.support.library import put, record
from tui.library import Measured
from tui.library._change import change
from tui.library._portable_values import TAG, hashes, load
from tui.library._rows import to_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.library import Library
    from tui.library._portable import Restored
    from tui.library._portable_values import Values
    from tui.model import SourceId

__all__ = [
    "ODD",
    "content_of",
    "fill",
    "joined",
    "packed",
    "said_of",
    "say",
    "say_much",
    "unpacked",
]

ODD = "a\ud83d\n“[/]”\u202e\x00" + "x" * 300
"""Text that is hard to write down."""


def content_of(number: int) -> bytes:
    """The hash of a recording."""
    return bytes([number]) * 32


def fill(library: Library, source_id: SourceId, numbers: Sequence[int]) -> None:
    """Write a note for each recording, hashed."""
    with closing(library.index_writer()) as writer:
        put(writer, source_id, *(record(b"x/%03d" % i, inode=i) for i in numbers))
        results = [
            Measured(file.file_id, content_hash=content_of(int(file.name)))
            for file in writer.files_in(source_id, b"x")
        ]
        writer.measured(results)


def say(library: Library, number: int, key: str, *value: int | str) -> None:
    """Write a value of a recording as an edit would: its time, and what it is."""
    content = content_of(number)
    stored = [to_text(each) if isinstance(each, str) else each for each in value]
    kind, _, what = key.partition(":")
    with closing(library._store()) as store, change(store) as current:
        if key == "played":
            row = store.one("SELECT id FROM recording WHERE hash = ?", (content,))
            set_ms, played, position_ms = map(int, value)
            row_id = -1 if row is None else row[0]
            current.set_mark(row_id, content, position_ms, played, set_ms)
        elif not what:
            store.run(_NEW, (content,))
            store.run(_SET[key], (content, *stored))
        else:
            for sql in _UNSET[kind]:
                store.run(sql, (content, to_text(what), to_text(key)))
            if not value[1]:
                row_of = (content, to_text(key), value[0])
                store.run("INSERT INTO removed VALUES (?, ?, ?)", row_of)
            elif kind == "tag":
                store.run(
                    "INSERT INTO tag(name, folded) VALUES (?, ?)"
                    " ON CONFLICT DO NOTHING",
                    (stored[2], to_text(what)),
                )
                store.run(
                    "INSERT INTO tagged SELECT ?, id, ? FROM tag WHERE folded = ?",
                    (content, value[0], to_text(what)),
                )
            else:
                store.run(
                    "INSERT INTO bookmark VALUES (?, ?, ?, ?)",
                    (content, int(what), stored[2], value[0]),
                )


_NEW = "INSERT INTO mark(hash, updated_ms) VALUES (?, 0) ON CONFLICT DO NOTHING"
_SET = {
    "star": "UPDATE mark SET star_ms = ?2, star = ?3 WHERE hash = ?1",
    "title": "UPDATE mark SET title_ms = ?2, title = ?3 WHERE hash = ?1",
    "comment": "UPDATE mark SET comment_ms = ?2, comment = ?3 WHERE hash = ?1",
}
_FORGET = "DELETE FROM removed WHERE hash = ?1 AND what = ?3 AND ?2 IS NOT NULL"
_UNTAG = (
    "DELETE FROM tagged WHERE hash = ?1 AND ?3 IS NOT NULL"
    " AND tag_id = (SELECT id FROM tag WHERE folded = ?2)"
)
_UNSET = {
    "tag": (_FORGET, _UNTAG),
    "bookmark": (
        _FORGET,
        "DELETE FROM bookmark WHERE hash = ?1 AND at_ms = ?2 AND ?3 IS NOT NULL",
    ),
}


def say_much(library: Library) -> None:
    """Say something of every kind."""
    say(library, 0, "played", 5_000, 1, 1234)
    say(library, 0, "star", 6_000, 1)
    say(library, 0, "title", 7_000, ODD)
    say(library, 0, "comment", 8_000, "two\nlines")
    say(library, 1, "tag:work/clients", 9_000, 1, "Work/Clients")
    say(library, 1, "tag:old", 9_000, 0)
    say(library, 1, "bookmark:1200", 9_100, 1, ODD)
    say(library, 1, "bookmark:9", 9_200, 0)
    say(library, 9, "star", 6_000, 0)


def said_of(library: Library) -> dict[bytes, Values]:
    """Everything that is said of recordings; the spelling of tags does not count."""
    found: dict[bytes, Values] = {}
    with closing(library._store()) as store:
        for contents in hashes(store):
            found |= load(store, contents)
    return {
        content: {
            key: value[:2] if key.startswith(TAG) else value
            for key, value in values.items()
        }
        for content, values in found.items()
        if values
    }


def packed(library: Library) -> str:
    """The backup of a library."""
    pieces: list[str] = []
    library.save_user_data(None, pieces.append)
    return "".join(pieces)


def unpacked(library: Library) -> Any:  # noqa: ANN401  # JSON is anything
    """The same as an object, without the time."""
    told = json.loads(packed(library))
    del told["made_at"]
    return told


def joined(library: Library, text: str | bytes, *, dry: bool = False) -> Restored:
    """Join a backup with a library."""
    data = text.encode() if isinstance(text, str) else text
    file: io.BufferedReader = io.BufferedReader(io.BytesIO(data))
    return library.join_user_data(file, "b.json", dry=dry)
