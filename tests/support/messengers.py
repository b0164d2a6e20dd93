"""Exports of messengers, written by the tests, and what reading them tells."""

from __future__ import annotations

import json
import os
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from tui.documents._api import Claim, Options, Remark
from tui.documents._document import Document
from tui.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tui.documents._api import DocumentFormat

HOSTILE = [
    "../../etc/passwd.m4a",
    "/etc/passwd.m4a",
    "media/../../../x.m4a",
    "C:\\Windows\\x.m4a",
    "https://example.org/x.m4a",
    "media/nul\0.m4a",
    "media/half \ud800.m4a",
    "media/turned \u202e.m4a",
    "m" * 5000 + ".m4a",
    ".m4a",
    "",
]
"""Paths that must not lead out of a document's folder, and must not end a reading."""


class Reading(NamedTuple):
    """What a document told."""

    claims: list[Claim]
    remarks: list[Remark]
    error: DocumentError | None


def document_at(path: Path) -> Document:
    """Make a document of a file."""
    return Document(os.fsencode(path))


def read(form: DocumentFormat, path: Path) -> Reading:
    """Read a document to its end, or to the error that ends it."""
    claims: list[Claim] = []
    remarks: list[Remark] = []
    try:
        for told in form.read(document_at(path), Options()):
            if isinstance(told, Claim):
                claims.append(told)
                assert_safe(told)
            elif isinstance(told, Remark):
                remarks.append(told)
    except DocumentError as error:
        return Reading(claims, remarks, error)
    return Reading(claims, remarks, None)


def assert_safe(claim: Claim) -> None:
    """Check what holds for every claim, however hostile its document is."""
    parts = claim.path.split(b"/") if claim.path else []
    assert not {b"", b".", b".."} & set(parts)
    assert b"\0" not in claim.path
    assert claim.key
    assert 0 <= claim.order < 100_000
    for text in (claim.text, claim.transcript, claim.chat.title if claim.chat else ""):
        os.fsencode(text)


def wall_ms(*parts: int) -> int:
    """Give milliseconds since 1970 of a wall clock of this machine."""
    moment = datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001  # a wall clock
    return round(moment.timestamp() * 1000)


def write_json(path: Path, value: object) -> Path:
    """Write a document as JSON, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def write_lines(path: Path, values: Iterable[Mapping[str, Any]]) -> Path:
    """Write a document with JSON in each line, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(value) + "\n" for value in values)
    path.write_text(text, encoding="utf-8")
    return path


def write_file(path: Path, data: bytes = b"sound") -> Path:
    """Write an attachment, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
