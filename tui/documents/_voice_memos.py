"""Apple's Voice Memos: `CloudRecordings.db`, and `Recordings.db` before 2018.

A Core Data store beside the recordings: `ZCLOUDRECORDING` (before: `ZRECORDING`) has a
row for each memo, with the name of its file, and `ZFOLDER` the folders that the user
made. Titles are plain text, in spite of the word "encrypted" in the column's name.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tui.documents._api import ChatTold, Claim, PersonTold, Recognition
from tui.documents._apple import (
    apple_moment,
    asked,
    clean_name,
    duration_ms,
    has_tables,
    safe_path,
    text,
)
from tui.documents._attached import Beside, is_sound_name
from tui.errors import DocumentError
from tui.model import ChatKind, Direction, DocumentKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tui.documents._api import Options, Told
    from tui.documents._document import Document

__all__ = ["VoiceMemos"]

_NAMES = frozenset({b"cloudrecordings.db", b"recordings.db"})
_TABLES = ("ZCLOUDRECORDING", "ZRECORDING")
_COLUMNS = (
    "Z_PK ZUNIQUEID ZPATH ZDATE ZDURATION ZFOLDER"
    " ZENCRYPTEDTITLE ZCUSTOMLABELFORSORTING ZCUSTOMLABEL ZTITLE"
)
_ME = PersonTold("me:apple", is_me=True)
_HOME = ChatTold("memos:Voice Memos", ChatKind.FOLDER, "Voice Memos")
"""Where memos are that no folder holds."""
_STAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z?", re.ASCII)
"""What stands in the label of a memo that nobody named."""
_BUNDLE = b".composition"
_PIECES = b"/fragments"


class VoiceMemos:
    """The index of Voice Memos."""

    kind = DocumentKind.VOICE_MEMOS

    def fits(self, folder: bytes, name: bytes) -> bool:
        """Tell whether a file can be such an index, by its name alone.

        Args:
            folder: The path of its folder.
            name: Its name.
        """
        del folder
        return name.lower() in _NAMES

    def recognise(self, document: Document) -> Recognition | None:
        """Look for the table of memos.

        Args:
            document: The file.

        Returns:
            None when it is no such index.
        """
        found = [has_tables(document, table) for table in _TABLES]
        if any(found):
            return Recognition(100, ("tables of Voice Memos",), "Voice Memos")
        if None in found:
            return Recognition(80, ("the name of its index",), "Voice Memos")
        return None

    def read(self, document: Document, options: Options) -> Iterator[Told | None]:
        """Read everything.

        Args:
            document: The index.
            options: What the user decided; nothing of it matters here.

        Yields:
            One claim for each memo.

        Raises:
            PartialError: It is cut off, damaged, or being written.
            DocumentError: It is no such index.
            OSError: It can't be read.
        """
        del options
        names = set(document.folder.names())
        beside = Beside(document.folder)
        with asked(document) as (_, tables):
            table = next((each for each in _TABLES if each in tables), None)
            if table is None:
                raise DocumentError(document.path, "no tables of Voice Memos")
            folders = {
                key: _folder(uuid, name, title)
                for key, uuid, name, title in tables.rows(
                    "ZFOLDER", "Z_PK ZUUID ZENCRYPTEDNAME ZNAME"
                )
            }
            for count, row in enumerate(tables.rows(table, _COLUMNS)):
                yield _claim(row, folders, names, beside)
                if count % 1000 == 999:
                    yield None


def _folder(uuid: object, encrypted: object, plain: object) -> ChatTold:
    name = clean_name(encrypted) or clean_name(plain)
    identity = text(uuid) or name
    if not identity:
        return _HOME
    return ChatTold(f"memos:{identity}", ChatKind.FOLDER, name)


def _claim(
    row: tuple[object, ...],
    folders: Mapping[object, ChatTold],
    names: set[bytes],
    beside: Beside,
) -> Claim:
    key, identity, path, date, length, folder, *titles = row
    return Claim(
        key=text(identity) or str(key),
        path=_file(text(path), names, beside),
        beside=True,
        chat=folders.get(folder, _HOME),
        sender=_ME,
        direction=Direction.SENT,
        moment=apple_moment(date),
        duration_ms=duration_ms(length),
        title=next(filter(None, map(_title, titles)), ""),
    )


def _file(path: str, names: set[bytes], beside: Beside) -> bytes:
    """The name of a memo's file; older rows have a path of the phone or Mac."""
    if path.startswith("file://"):
        path = unquote(path)
    name = safe_path(path.rstrip("/").rpartition("/")[2])
    if name.lower().endswith(_BUNDLE) and len(name) > len(_BUNDLE):
        # An edited memo is a folder of pieces, often with the finished file beside it.
        stem = name[: -len(_BUNDLE)]
        finished = (stem + suffix for suffix in (b".m4a", b".qta"))
        found = next((each for each in finished if each in names), b"")
        return found or _only_piece(name, beside) or name
    return name


def _only_piece(bundle: bytes, beside: Beside) -> bytes:
    """The path of the only recording in the folder of an edited memo, or empty."""
    folders = (bundle, bundle + _PIECES)
    pieces = [
        folder + b"/" + name
        for folder in folders
        for name in beside.names(folder)
        if is_sound_name(os.fsdecode(name))
    ]
    return pieces[0] if len(pieces) == 1 else b""


def _title(value: object) -> str:
    title = clean_name(value)
    return "" if _STAMP.fullmatch(title) else title
