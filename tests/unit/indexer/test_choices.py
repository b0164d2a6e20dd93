"""What the user says is followed by the indexer: rules, and the order of dates."""

from __future__ import annotations

import os
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.library import only_note, wait_until
from tests.support.notes import opus_note
from tui.indexer import Changed, Indexer, scan
from tui.library import Library
from tui.model import SourceKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tui.indexer import IndexEvent
    from tui.model import Note

CHAT = """\
05/06/2024, 13:26 - Ana: voice.opus (file attached)
05/06/2024, 13:27 - Bob: hello
"""
JUNE, MAY = 1_717_594_000, 1_714_915_600
"""Near 5 June and 6 May 2024, in seconds."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An exported chat whose dates may be read in two ways, and a folder."""
    root = tmp_path / "s"
    (root / "export").mkdir(parents=True)
    (root / "export" / "WhatsApp Chat with Ana.txt").write_text(CHAT)
    (root / "export" / "voice.opus").write_bytes(opus_note(1, serial=1))
    (root / "radio").mkdir()
    (root / "radio" / "1.opus").write_bytes(opus_note(1, serial=2))
    for folder, _, names in os.walk(root):
        for name in names:
            os.utime(os.path.join(folder, name), (1_720_000_000, 1_720_000_000))
    return root


@pytest.fixture
def library(tmp_path: Path, root: Path) -> Iterator[Library]:
    """A library that was scanned."""
    with Library.open(tmp_path / "library.db") as library:
        with closing(library.index_writer()) as writer:
            writer.add_source(bytes(root), SourceKind.FOLDER, "s", 80, [])
        bring_up_to_date(library, full=True)
        yield library


def bring_up_to_date(library: Library, *, full: bool = False) -> None:
    """Scan as a command does."""
    with closing(library.index_writer()) as writer, closing(library.reader()) as reader:
        scan(writer, reader.sources(), full=full)


def note_at(library: Library, path: bytes) -> Note:
    """The note with a file at a path."""
    with closing(library.reader()) as reader:
        return only_note(reader, path)


def near(library: Library, seconds: int) -> bool:
    """Whether the exported note was sent about then."""
    sent_ms = note_at(library, b"export/voice.opus").row.sent_ms
    return abs(sent_ms / 1000 - seconds) < 86_400


def switch(library: Library) -> None:
    """Switch day and month of the export."""
    note = note_at(library, b"export/voice.opus")
    with library.directory() as who, library.edits() as edits:
        ((document_id, order),) = who.day_orders(note.row.id)
        assert order == ""
        edits.set_day_order(document_id, "mdy" if near(library, JUNE) else "dmy")


def test_a_quick_scan_reads_what_was_switched(library: Library) -> None:
    """Though nothing changed in the folder; and an undo as well."""
    was_june = near(library, JUNE)
    assert was_june or near(library, MAY)
    switch(library)
    assert near(library, JUNE) == was_june
    bring_up_to_date(library)
    assert near(library, MAY if was_june else JUNE)
    with library.edits() as edits:
        edits.undo()
    bring_up_to_date(library)
    assert near(library, JUNE if was_june else MAY)


@pytest.fixture
def running(library: Library) -> Iterator[Callable[[Callable[[], bool]], None]]:
    """A running indexer; gives what waits for something that it does."""
    changed = threading.Event()

    def heard(event: IndexEvent) -> None:
        if isinstance(event, Changed):
            changed.set()

    indexer = Indexer(library, heard)
    indexer.start()

    def wait(condition: Callable[[], bool]) -> None:
        indexer.reload()  # as it does by itself every five seconds
        wait_until(condition, 10)

    yield wait
    indexer.stop()
    assert indexer.join()


def test_a_running_indexer_reads_what_was_switched(
    library: Library, running: Callable[[Callable[[], bool]], None]
) -> None:
    """Without a restart, and without a change in the folder."""
    was_june = near(library, JUNE)
    switch(library)
    running(lambda: near(library, MAY if was_june else JUNE))
    with library.edits() as edits:
        edits.undo()
    running(lambda: near(library, JUNE if was_june else MAY))


def test_a_running_indexer_follows_rules(
    library: Library, root: Path, running: Callable[[Callable[[], bool]], None]
) -> None:
    """A new one, for old and new notes; what comes later too."""
    with library.edits() as edits:
        edits.add_rule("chat:radio", chat="Radio 1")

    def title(path: bytes) -> str:
        return note_at(library, path).row.chat_title

    running(lambda: title(b"radio/1.opus") == "Radio 1")
    (root / "radio" / "2.opus").write_bytes(opus_note(1, serial=3))

    def has_come() -> bool:
        with closing(library.reader()) as reader:
            chats = {chat.title: chat.notes for chat in reader.chats()}
        return chats.get("Radio 1") == 2

    running(has_come)
    assert note_at(library, b"radio/2.opus").evidence["chat"].origin == "your rule"
    with library.edits() as edits:
        edits.remove_rule(edits.rules()[0].id)
    assert title(b"radio/1.opus") == "radio"


def test_a_scan_follows_rules(library: Library) -> None:
    """As the commands do, which index before they answer."""
    with library.edits() as edits:
        edits.add_rule("from:Ana", sender="Anna")
        bring_up_to_date(library)
        assert note_at(library, b"export/voice.opus").row.sender == "Anna"
        edits.undo()
        assert note_at(library, b"export/voice.opus").row.sender == "Ana"
