"""Names are what the file system has, byte for byte, whatever they hold."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.library import only_note, put, record
from tui.library._rows import from_text, join_reasons, to_text
from tui.model import NoteState, SourceKind, SourceState

if TYPE_CHECKING:
    from tui.library import IndexWriter, Reader
    from tui.model import SourceId

HOSTILE = [
    b"\xff\xfe.opus",
    "a\u202egnp.opus".encode(),
    b"[/] [@click=app.quit]",
    b"new\nline\x1b[31m",
    "é".encode("latin-1"),
    b"x" * 255,
    "🎤".encode(),
    b"%_'\"; DROP TABLE note",
]


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_any_text_survives(text: str) -> None:
    """Also lone surrogates of both kinds, and NUL."""
    assert from_text(to_text(text)) == text


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_come_back(
    writer: IndexWriter, reader: Reader, source_id: SourceId, name: bytes
) -> None:
    """As path, title, chat, sender, reason and source."""
    text = os.fsdecode(name)
    put(
        writer,
        source_id,
        record(
            b"dir\xff/" + name,
            title=text,
            chat_native_id=text,
            chat_title=text,
            sender=text,
            chat_origin=text,
            sender_origin=text,
            time_origin=text,
            state=NoteState.UNREADABLE,
            reason=text,
        ),
    )
    note = only_note(reader, b"dir\xff/" + name)
    row = note.row
    assert {row.title, row.chat_title, row.sender, row.reason} == {text}
    assert {each.origin for each in note.evidence.values()} == {text}
    assert note.files[0].full_path == b"/nowhere/dir\xff/" + name
    assert [p.reason for p in reader.problems()] == [text]
    put(writer, source_id, record(b"y/z", chat_native_id=text, chat_title=text))
    assert [(chat.title, chat.notes) for chat in reader.chats()] == [(text, 2)]
    other = writer.add_source(b"/r/" + name, SourceKind.FOLDER, text, 70, [text, text])
    writer.set_source_state(other, SourceState.ERROR, text, watch_reason=text)
    source = reader.sources()[-1]
    assert (source.root, source.label, source.reason) == (b"/r/" + name, text, text)
    assert source.reasons == (text, text)


def test_reasons_may_be_none() -> None:
    """No reasons are stored as empty text."""
    assert join_reasons([]) == ""
