r"""What a bundle says of its notes: the manifest, its table, and the list of hashes.

`manifest.json` is one object: `format` ("earmark-bundle"), `version` (1), `earmark`
(the version that wrote it), `created_at`, `notes`, `totals`. Each note stands on a line
of its own, so that also a huge manifest can be read a note at a time. Texts are what
the sources have; bytes that are no text stand as `\xNN`, and paths with such bytes a
second time in Base64 (`..._b64`). What the user added is kept apart, in `marks`.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from tui.archives import split
from tui.export._texts import cell, one_line
from tui.model import Precision
from tui.query import wall_clock

if TYPE_CHECKING:
    from tui.model import Note, NoteFile, NoteRow

__all__ = [
    "CSV_HEAD",
    "FORMAT",
    "README",
    "VERSION",
    "Copied",
    "Head",
    "csv_line",
    "head_of",
    "note_line",
    "read_sum",
    "sum_line",
    "tail_of",
]

FORMAT = "earmark-bundle"
VERSION = 1

README = b"""\
Voice notes, as they were found
===============================

notes/         the original files, byte by byte
manifest.json  what is known of each note: who spoke, in which chat, when and how
               exactly that is known, where the file comes from, and its SHA-256
manifest.csv   the most important of it as a table (UTF-8, commas). A cell that would
               be taken for a formula begins with an apostrophe; + before a phone
               number is such a case
SHA256SUMS     the SHA-256 of all these files

To check that nothing was changed since, without Earmark, run here:

    sha256sum -c SHA256SUMS          (Linux)
    shasum -a 256 -c SHA256SUMS      (macOS)

Each file is "OK" if it is what was written. Earmark tells missing and additional files
as well, and compares the manifest with them:

    earmark verify FOLDER

Whoever can change the files can change SHA256SUMS too. So write down the SHA-256 of
SHA256SUMS itself, which "earmark verify" prints, and keep it in another place.

In manifest.json, "source" is the file that was copied, and "copies" are equal
files elsewhere; "evidence" says what chat, sender and time are known from, and how
sure that is (0 to 1). "sent_at" has "ms" (milliseconds since 1970, UTC) and
"precision": exact, second, minute, day, or mtime, when only the time of the file is
known. "offset_min" is the offset of the sender's clock where the time is only known
by that. "marks" were made by the user of Earmark, and are no part of the message. A
note with "missing" has no file here, for the reason that is given.
"""


class Copied(NamedTuple):
    """The file of a note in the bundle."""

    name: str
    """Relative to the bundle."""
    size: int
    sha256: str
    file: NoteFile
    """The one that was copied."""
    mtime_ns: int
    """Its time when it was."""


class Head(NamedTuple):
    """How a manifest begins."""

    earmark: str
    created_at: str


def head_of(head: Head) -> bytes:
    """Write what stands above the notes."""
    facts = {"format": FORMAT, "version": VERSION, **head._asdict()}
    return json.dumps(facts)[:-1].encode() + b', "notes": [\n'


def tail_of(totals: dict[str, int]) -> bytes:
    """Write what stands below the notes."""
    return f'], "totals": {json.dumps(totals)}}}\n'.encode()


def note_line(note: Note, order: int, copied: Copied | None, missing: str) -> str:
    """Write a note, in one line without its end.

    Args:
        note: The note.
        order: Its place, from 1.
        copied: Its file; None when there is none.
        missing: Why not.
    """
    row = note.row
    file = copied.file if copied else None
    return json.dumps(
        {
            "order": order,
            "id": note.key,
            "file": copied.name if copied else None,
            "size": copied.size if copied else None,
            "sha256": copied.sha256 if copied else None,
            "missing": _plain(missing) or None,
            "kind": row.kind.value,
            "chat": _plain(row.chat_title),
            "chat_kind": note.chat_kind.value,
            "sender": None if row.sender is None else _plain(row.sender),
            "direction": row.direction.value,
            "sent_at": {
                "text": _sent_at(row),
                "ms": row.sent_ms,
                "precision": row.precision.value,
                "offset_min": row.offset_min,
                "order_ms": row.order_ms,
            },
            "evidence": {
                field: {"from": _plain(found.origin), "confidence": found.confidence}
                for field, found in sorted(note.evidence.items())
            },
            "duration_ms": row.duration_ms,
            "container": note.container or None,
            "state": row.state.value,
            "reason": _plain(row.reason) or None,
            "recording": note.recording,
            "title": None if note.own_title else _plain(row.title) or None,
            "text": _plain(note.text) or None,
            "transcript": _plain(note.transcript) or None,
            "phone_played": note.phone_played,
            "source": copied and _place(copied.file, copied.mtime_ns),
            "copies": [
                _place(each, each.mtime_ns) for each in note.files if each != file
            ],
            "marks": {
                "star": row.star,
                "tags": list(map(_plain, row.tags)),
                "title": _plain(note.own_title) or None,
                "comment": _plain(note.comment) or None,
                "bookmarks": [
                    {"at_ms": each.at_ms, "text": _plain(each.text)}
                    for each in note.bookmarks
                ],
            },
        }
    )


def _place(file: NoteFile, mtime_ns: int) -> dict[str, Any]:
    """Write where a file lies."""
    path, member = split(file.full_path) or (file.full_path, b"")
    return {
        **_path("root", file.source_root),
        **_path("path", path),
        **(_path("member", member) if member else {}),
        "role": file.role,
        "mtime": _utc(mtime_ns // 1_000_000, "milliseconds"),
        "mtime_ns": mtime_ns,
    }


def _path(name: str, path: bytes) -> dict[str, str]:
    text = path.decode(errors="backslashreplace")
    if text.encode() == path:
        return {name: text}
    return {name: text, f"{name}_b64": base64.b64encode(path).decode()}


def _plain(text: str) -> str:
    data = text.encode(errors="surrogateescape" if _is_bytes(text) else "replace")
    return data.decode(errors="backslashreplace")


def _is_bytes(text: str) -> bool:
    """Tell whether all surrogates of a text stand for bytes."""
    return not re.search("[\ud800-\udc7f\udd00-\udfff]", text)


def _sent_at(row: NoteRow) -> str:
    """Write a time as exactly as it is known; with its zone when that is known."""
    if row.precision is Precision.DAY:
        return wall_clock(row).date().isoformat()
    spec = {Precision.MINUTE: "minutes", Precision.EXACT: "milliseconds"}
    text = wall_clock(row, UTC).isoformat(timespec=spec.get(row.precision, "seconds"))
    return text if row.offset_min is not None else f"{text}Z"


def _utc(ms: int, spec: str) -> str | None:
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    except OverflowError:
        return None
    return moment.replace(tzinfo=None).isoformat(timespec=spec) + "Z"


# The table

_COLUMNS = (
    *("order", "id", "file", "size", "sha256", "missing", "sent_at", "precision"),
    *("chat", "sender", "direction", "duration_s", "source", "transcript"),
)


def _row(values: tuple[object, ...]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(map(_cell, values))
    return text.getvalue().encode()


def _cell(value: object) -> object:
    """Keep a text in one line, and a spreadsheet from calculating with it."""
    return cell(one_line(value)) if isinstance(value, str) else value


CSV_HEAD = "\ufeff".encode() + _row(_COLUMNS)
"""With the mark by which spreadsheets know UTF-8."""


def csv_line(note: Note, order: int, copied: Copied | None, missing: str) -> bytes:
    """Write a note for the table; as `note_line`."""
    row = note.row
    source = copied.file.full_path if copied else b""
    return _row(
        (
            order,
            note.key,
            copied.name if copied else "",
            copied.size if copied else "",
            copied.sha256 if copied else "",
            missing,
            _sent_at(row),
            row.precision.value,
            row.chat_title,
            row.sender or "",
            row.direction.value,
            "" if row.duration_ms is None else f"{row.duration_ms / 1000:.3f}",
            source.decode(errors="backslashreplace"),
            note.transcript,
        )
    )


# The list of hashes

_ESCAPES = {b"\\": rb"\\", b"\n": rb"\n", b"\r": rb"\r"}
_MEANT = {escape: byte for byte, escape in _ESCAPES.items()}
_LINE = re.compile(rb"(\\?)([0-9a-fA-F]{64}) [ *]([^\n]+)\n?\Z")


def sum_line(sha256: str, name: bytes) -> bytes:
    """Write a file for `sha256sum -c`, escaped as the GNU tools do it.

    Args:
        sha256: The hash in hex.
        name: The file's path, relative to the list.
    """
    safe = re.sub(rb"[\\\n\r]", lambda found: _ESCAPES[found[0]], name)
    mark = b"" if safe == name else b"\\"
    return mark + sha256.encode() + b"  " + safe + b"\n"


def read_sum(line: bytes) -> tuple[str, bytes] | None:
    """Read such a line; None when it is none.

    Returns:
        The hash in hex, and the path.
    """
    found = _LINE.match(line)
    if found is None:
        return None
    name = found[3]
    if found[1]:
        if re.sub(rb"\\[\\nr]", b"", name).count(b"\\"):
            return None
        name = re.sub(rb"\\[\\nr]", lambda each: _MEANT[each[0]], name)
    return found[2].decode().lower(), name
