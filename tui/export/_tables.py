"""Notes for programs: JSON and CSV, whose fields and columns are documented.

The JSON is one object:

- `format`: `earmark-notes`; `version`: 1, which grows when a field changes its meaning.
- `title`: what the document is about.
- `notes`: an array, in the order of time. A note is the object that `earmark list
  --json` writes, and in addition `number` (from 1), `start_ms` (where it begins when
  all are played one after the other), `sound` (null, or an object with `href`, relative
  to the document or a `file:` address, percent-encoded, `mime` and `size`) and
  `sound_problem` (why there is none though one was wanted, or null).
"""

from __future__ import annotations

import csv
import io
import json
from typing import IO, TYPE_CHECKING, Any

from tui.export._texts import cell
from tui.export._wording import marks_of, problem_of, tags_of, text_of, title_of
from tui.objects import note_object, plain, sent_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tui.export._documents import Entry, Head

__all__ = ["COLUMNS", "CsvWriter", "JsonWriter"]

COLUMNS = (
    "number",
    "id",
    "kind",
    "chat",
    "chat_kind",
    "sender",
    "direction",
    "sent_at",
    "precision",
    "duration_ms",
    "size",
    "state",
    "played",
    "star",
    "tags",
    "title",
    "comment",
    "bookmarks",
    "text",
    "transcript",
    "sound",
    "sound_problem",
    "recording",
)
"""The columns of CSV. New ones come last."""


class JsonWriter:
    """Writes JSON, a note a line."""

    def write(
        self,
        file: IO[bytes],
        head: Head,
        entries: Iterable[Entry],
        tick: Callable[[], None],  # noqa: ARG002  # nothing takes long
    ) -> None:
        """Write it."""
        title = json.dumps(plain(head.title))
        begin = f'{{"format": "earmark-notes", "version": 1, "title": {title}'
        file.write(f'{begin}, "notes": ['.encode())
        before = "\n"
        for entry in entries:
            file.write(f"{before}{json.dumps(_object(entry))}".encode())
            before = ",\n"
        file.write(b"\n]}\n" if before != "\n" else b"]}\n")


def _object(entry: Entry) -> dict[str, Any]:
    sound = {"href": entry.href, "mime": entry.mime, "size": entry.size}
    return {
        **note_object(entry.note),
        "number": entry.number,
        "start_ms": entry.start_ms,
        "sound": sound if entry.href else None,
        "sound_problem": plain(entry.problem) or None,
    }


class CsvWriter:
    """Writes CSV as RFC 4180 has it, in UTF-8 with the mark that Excel looks for.

    A text that a spreadsheet would take for a formula gets an apostrophe in front.
    """

    def write(
        self,
        file: IO[bytes],
        head: Head,  # noqa: ARG002  # a table has no title
        entries: Iterable[Entry],
        tick: Callable[[], None],  # noqa: ARG002  # nothing takes long
    ) -> None:
        """Write it."""
        text = io.TextIOWrapper(file, "utf-8-sig", newline="", write_through=True)
        try:
            table = csv.writer(text)
            table.writerow(COLUMNS)
            for entry in entries:
                table.writerow(map(_cell, _row(entry)))
        finally:
            text.detach()


def _row(entry: Entry) -> tuple[object, ...]:
    note, words = entry.note, entry.words
    row = note.row
    return (
        entry.number,
        note.key,
        row.kind.value,
        words.chat,
        note.chat_kind.value,
        words.sender,
        row.direction.value,
        sent_at(row),
        row.precision.value,
        row.duration_ms,
        note.size,
        row.state.value,
        row.played.name.lower(),
        int(row.star),
        ", ".join(tags_of(entry)),
        title_of(entry),
        words.comment,
        "\n".join(f"{at} {text}".rstrip() for at, text in marks_of(entry)),
        text_of(entry),
        words.transcript,
        entry.href,
        problem_of(entry),
        note.recording,
    )


def _cell(value: object) -> object:
    """Take the power from a text; numbers are as they are."""
    return cell(value) if isinstance(value, str) else value
