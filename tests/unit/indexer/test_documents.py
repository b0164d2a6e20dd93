"""Documents and archives in a source: found, read, changed, lost."""

from __future__ import annotations

import json
import os
import queue
import time
import zipfile
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.msgstore import Row, write_contacts, write_msgstore
from tests.support.notes import encoded, opus_note, silent_video
from tests.support.zips import packed
from tui.indexer import Indexer, scan, standard_tools
from tui.indexer._hints import Hints
from tui.indexer._tools import Clock
from tui.indexer._watch import WatchStatus
from tui.library import Library
from tui.model import (
    DocumentState,
    NoteKind,
    NoteState,
    SourceKind,
    SourceState,
    WatchMode,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tui import documents
    from tui.indexer._sweep import FolderTimes
    from tui.model import Note

WHOLE = opus_note(2)
OTHER = opus_note(3)
NAME = "PTT-20240815-WA0001.opus"
CHAT = "WhatsApp Chat with Ana.txt"
LINE = "15/08/2024, 13:26 - Ana: \u200e{} (file attached)\n"
TEXT = "15/08/2024, 13:20 - Ana: hello\n" + LINE.format(NAME)


@dataclass
class Desk:
    """A library and a source that is scanned on this thread."""

    root: Path
    library: Library
    ahead_s: float = 100.0
    """How far the clocks are ahead: what was just written counts as old."""

    def __post_init__(self) -> None:
        """Add the source."""
        with closing(self.library.index_writer()) as writer:
            writer.add_source(
                os.fsencode(self.root), SourceKind.FOLDER, "x", 80, ("a test",)
            )
        self.reader = self.library.reader()

    def put(self, name: str, data: bytes | str) -> Path:
        """Write a file."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    def scan(self, *, full: bool = True) -> None:
        """Scan as the command line does."""
        clock = Clock(
            wall_ns=lambda: time.time_ns() + int(self.ahead_s * 1e9),
            monotonic=time.monotonic,
        )
        tools = replace(standard_tools(), clock=clock)
        with closing(self.library.index_writer()) as writer:
            scan(writer, self.reader.sources(), full=full, tools=tools)

    def notes(self, *states: NoteState) -> dict[str, Note]:
        """Notes by the path of their first file; missing ones by their chat."""
        wanted = states or tuple(NoteState)
        return {
            os.fsdecode(note.files[0].path) if note.files else note.row.chat_title: note
            for note in self.reader.all_notes(states=wanted)
        }

    def chats(self) -> dict[str, str]:
        """The chat of each note that is there."""
        ready = self.notes(NoteState.READY)
        return {path: note.row.chat_title for path, note in ready.items()}

    def states(self) -> dict[str, DocumentState]:
        """The documents, by path."""
        return {os.fsdecode(each.path): each.state for each in self.reader.documents()}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An empty source."""
    root = tmp_path / "source"
    root.mkdir()
    with Library.open(tmp_path / "library.db") as library:
        desk = Desk(root, library)
        yield desk
        desk.reader.close()


def test_a_document_in_a_folder(desk: Desk) -> None:
    """It tells of the notes beside it; when it goes, what it told of them stays."""
    text = desk.put(f"Ana/{CHAT}", TEXT)
    desk.put(f"Ana/{NAME}", WHOLE)
    desk.scan()
    assert desk.chats() == {f"Ana/{NAME}": "Ana"}
    assert desk.states() == {f"Ana/{CHAT}": DocumentState.OK}
    text.unlink()
    desk.scan(full=False)
    assert desk.chats() == {f"Ana/{NAME}": "Ana"}
    assert desk.states() == {}


def test_a_zip_is_a_folder(desk: Desk) -> None:
    """It appears, is replaced, is renamed, and vanishes."""
    path = desk.put("a.zip", packed((CHAT, TEXT.encode()), (NAME, WHOLE)))
    desk.scan()
    (key,) = {note.key for note in desk.notes().values()}
    assert desk.chats() == {f"a.zip//{NAME}": "Ana"}
    two = TEXT + LINE.format("PTT-20240815-WA0002.opus")
    desk.put(
        "a.zip",
        packed(
            (CHAT, two.encode()),
            (NAME, WHOLE),
            ("PTT-20240815-WA0002.opus", OTHER),
        ),
    )
    desk.scan(full=False)
    assert set(desk.chats().values()) == {"Ana"}
    assert len(desk.notes()) == 2
    path.rename(desk.root / "b.zip")
    desk.scan(full=False)
    assert {path[:7] for path in desk.chats()} == {"b.zip//"}
    assert key in {note.key for note in desk.notes().values()}
    desk.put("other.txt", "not even a chat")
    (desk.root / "b.zip").unlink()
    desk.scan(full=False)
    assert desk.chats() == {}
    assert desk.reader.totals().notes == 0
    assert desk.states() == {}


def test_a_zip_with_many_notes(desk: Desk) -> None:
    """Files that are opened together are found in an archive like single ones."""
    names = [f"PTT-20240815-WA{number:04}.opus" for number in range(40)]
    text = "".join(map(LINE.format, names))
    desk.put("a.zip", packed((CHAT, text.encode()), *((name, WHOLE) for name in names)))
    desk.scan()
    assert desk.chats() == {f"a.zip//{name}": "Ana" for name in names}
    assert {note.row.state for note in desk.notes().values()} == {NoteState.READY}


def test_a_zip_that_grows(desk: Desk) -> None:
    """While it is copied it is partial; then its notes are there."""
    data = packed((CHAT, TEXT.encode()), (NAME, WHOLE))
    path = desk.put("a.zip", data[: len(data) // 2])
    desk.scan()
    assert desk.states() == {"a.zip": DocumentState.PARTIAL}
    assert desk.reader.sources()[0].state is SourceState.PARTIAL
    path.write_bytes(data)
    os.utime(path, (time.time() + 9, time.time() + 9))
    desk.scan(full=False)
    assert desk.chats() == {f"a.zip//{NAME}": "Ana"}
    assert desk.states()["a.zip"] is DocumentState.OK
    assert desk.reader.sources()[0].state is SourceState.OK


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04",
        b"no zip at all" * 99,
        packed(("../../out.opus", WHOLE), ("/abs.opus", WHOLE)),
        packed((NAME, WHOLE))[:-30] + b"\xff" * 30,
    ],
    ids=["empty", "head", "text", "climbing", "broken"],
)
def test_hostile_zips(desk: Desk, data: bytes) -> None:
    """They are problems of their own, and nothing else stops."""
    desk.put("bad.zip", data)
    desk.put(f"Ana/{CHAT}", TEXT)
    desk.put(f"Ana/{NAME}", WHOLE)
    desk.scan()
    assert desk.chats()[f"Ana/{NAME}"] == "Ana"
    assert not [path for path in desk.notes() if "out.opus" in path]


def test_archives_inside_of_archives_are_left_alone(desk: Desk) -> None:
    """A mail in a zip, a zip in a zip: no notes that nobody can ever hear."""
    inner = packed((CHAT, TEXT.encode()), (NAME, WHOLE))
    raw = _mail()
    desk.put("a.zip", packed(("x.eml", raw), ("y.zip", inner), ("c.opus", WHOLE)))
    desk.scan()
    assert list(desk.notes()) == ["a.zip//c.opus"]
    assert desk.states() == {"a.zip": DocumentState.OK}


def _mail() -> bytes:
    from email.message import EmailMessage

    message = EmailMessage()
    message["From"] = "Ana <ana@example.org>"
    message["To"] = "me@example.org"
    message["Subject"] = "Voice"
    message["Date"] = "Thu, 15 Aug 2024 13:26:33 +0000"
    message["Message-ID"] = "<1@example.org>"
    message.set_content("listen")
    message.add_attachment(WHOLE, maintype="audio", subtype="ogg", filename="n.ogg")
    return message.as_bytes()


def test_mails(desk: Desk) -> None:
    """A mail is an archive, and the document that tells of what is in it."""
    desk.put("x.eml", _mail())
    desk.scan()
    ((path, note),) = desk.notes().items()
    assert path.startswith("x.eml//")
    assert (note.row.chat_title, note.row.sender) == ("Voice", "Ana")
    assert note.row.state is NoteState.READY


def test_a_reader_that_raises(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in one reader is that document's state; the next one is read."""
    from tui.documents._whatsapp_export import WhatsAppExport

    read = WhatsAppExport.read

    def failing(
        self: WhatsAppExport, document: documents.Document, options: documents.Options
    ) -> Iterator[object]:
        if b"/Bad" in document.path:
            raise ValueError("a fault")
        yield from read(self, document, options)

    monkeypatch.setattr(WhatsAppExport, "read", failing)
    for chat in ("Ana", "Bad"):
        desk.put(f"{chat}/WhatsApp Chat with {chat}.txt", TEXT)
        desk.put(f"{chat}/{NAME}", WHOLE + chat.encode())
    desk.scan()
    assert sorted(state.value for state in desk.states().values()) == ["error", "ok"]
    (source,) = desk.reader.sources()
    assert source.state is SourceState.ERROR
    assert "a fault" in source.reason
    assert desk.chats()[f"Ana/{NAME}"] == "Ana"


def test_an_address_book_that_comes_later(desk: Desk) -> None:
    """`wa.db` beside the database: it is read again, and again when it changes."""
    (desk.root / "Databases").mkdir()
    media = "Media/WhatsApp Voice Notes/202433/"
    write_msgstore(desk.root / "Databases/msgstore.db", [Row(path=media + NAME)])
    desk.put(media + NAME, WHOLE)
    desk.scan()
    assert desk.chats() == {media + NAME: "+491700000001"}
    book = desk.root / "Databases/wa.db"
    for number, name in enumerate(("Ana", "Anna")):
        book.unlink(missing_ok=True)
        write_contacts(book, [("491700000001@s.whatsapp.net", name, "", "", "")])
        os.utime(book, (time.time() - 50 + number, time.time() - 50 + number))
        desk.scan(full=False)
        assert desk.chats() == {media + NAME: name}
    turns = _turns(desk)
    desk.scan()
    assert _turns(desk) == turns


def _turns(desk: Desk) -> list[int]:
    import sqlite3

    with closing(sqlite3.connect(desk.library.path)) as connection:
        return [row[0] for row in connection.execute("SELECT turn FROM document")]


def test_media_that_come_after_the_document(desk: Desk) -> None:
    """Element's exports name no files: they are looked up when they are there."""
    voice: dict[str, object] = {
        "org.matrix.msc1767.audio": {},
        "org.matrix.msc3245.voice": {},
    }
    event = {
        "type": "m.room.message",
        "sender": "@ana:example.org",
        "event_id": "$ev-1_x",
        "origin_server_ts": 1_723_721_193_123,
        "room_id": "!r:example.org",
        "content": {"msgtype": "m.audio", "body": "Voice message.ogg", **voice},
    }
    whole = {"room_name": "Family", "room_creator": "x", "exported_by": "y"}
    desk.put("room/export.json", json.dumps(whole | {"messages": [event]}))
    desk.scan()
    assert desk.notes()["Family"].row.state is NoteState.MISSING
    desk.put("room/audio/ev1x.ogg", WHOLE)
    desk.scan(full=False)
    assert list(desk.chats().values()) == ["Family"]
    assert len(desk.notes()) == 1


def test_a_film_is_a_note_only_if_a_document_tells_so(desk: Desk) -> None:
    """Round films and others have the same names; the claim tells them apart."""
    film = encoded("mp4", 1, video=True)
    desk.put("x/round.mp4", film)
    desk.put("x/holidays.mp4", film + b"\0" * 8)
    desk.scan()
    assert desk.notes() == {}
    from tests.support.joining import a_claim, tell
    from tui.model import DocumentKind

    with closing(desk.library.index_writer()) as writer:
        told = a_claim("1", b"round.mp4", beside=True, kind=NoteKind.VIDEO_NOTE)
        source_id = desk.reader.sources()[0].id
        kind = DocumentKind.TELEGRAM
        number = tell(writer, source_id, [told], path=b"x/result.json", kind=kind)
        assert writer.claimed_films(number) == [(b"x", b"round.mp4")]
        assert writer.is_claimed(source_id, b"x", b"round.mp4")
        assert not writer.is_claimed(source_id, b"x", b"holidays.mp4")
        assert not writer.is_claimed(source_id, b"y", b"round.mp4")


def test_a_film_of_the_screen_without_sound(desk: Desk) -> None:
    """There is nothing to hear in it: it is no note, and no problem."""
    desk.put("Screenrecords/Screen_Recording_20240815.mp4", silent_video(1))
    old = time.time() - 9999
    os.utime(next((desk.root / "Screenrecords").iterdir()), (old, old))
    desk.scan()
    assert desk.notes() == {}
    assert desk.reader.totals().problems == 0


def test_a_disk_that_is_taken_away(desk: Desk) -> None:
    """What is on it is not gone: neither its notes nor its documents."""
    desk.put(CHAT, TEXT)
    desk.scan()
    assert desk.reader.totals().notes == 1
    away = desk.root.with_name("away")
    desk.root.rename(away)
    desk.root.mkdir()
    desk.scan()
    assert desk.reader.sources()[0].state is SourceState.OFFLINE
    desk.root.rmdir()
    away.rename(desk.root)
    turns = _turns(desk)
    desk.scan()
    assert desk.reader.totals().notes == 1
    assert _turns(desk) == turns


def test_many_documents_are_read_in_one_pass(desk: Desk) -> None:
    """A folder of mails: what is known of others is not gone through for each."""
    for number in range(60):
        raw = _mail().replace(b"<1@", b"<%d@" % number)
        desk.put(f"cur/{number}.eml", raw)
    desk.scan()
    assert len(desk.states()) == 60
    assert set(desk.chats().values()) == {"Voice"}


@pytest.mark.parametrize("member", [CHAT, f"sub/{CHAT}"])
def test_documents_in_zips(desk: Desk, member: str) -> None:
    """The document lies in the zip with its notes, also one folder below."""
    folder = member.rpartition("/")[0]
    name = f"{folder}/{NAME}" if folder else NAME
    with zipfile.ZipFile(desk.root / "a.zip", "w") as archive:
        archive.writestr(member, TEXT)
        archive.writestr(name, WHOLE)
    desk.scan()
    assert desk.chats() == {f"a.zip//{name}": "Ana"}


class _Watcher:
    """Says that all is well, and hands on what the test hints at."""

    def __init__(
        self,
        root: bytes,
        times: FolderTimes,
        on_hints: Callable[[Hints], None],
        on_status: Callable[[WatchStatus], None],
        *,
        name: str,
    ) -> None:
        del root, times, name
        self.hint = on_hints
        self._status = on_status

    def start(self) -> None:
        """Begin."""
        self._status(WatchStatus(True, "", WatchMode.LIVE, "", True))

    def stop(self) -> None:
        """End."""

    def join(self, timeout: float) -> bool:
        """Wait for the end."""
        del timeout
        return True


class Live:
    """The indexer at work on a desk."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.events: queue.Queue[object] = queue.Queue()
        self.watchers: list[_Watcher] = []
        self.indexer = Indexer(desk.library, self.events.put, make_watcher=self._watch)

    def _watch(self, *args: Any, **more: Any) -> _Watcher:  # noqa: ANN401
        self.watchers.append(_Watcher(*args, **more))
        return self.watchers[-1]

    def put(self, name: str, data: bytes | str) -> Path:
        """Write a file that looks old, and hint at it."""
        path = self.desk.put(name, data)
        old = time.time() - 99
        os.utime(path, (old, old))
        if self.watchers:
            self.watchers[0].hint(Hints(paths={name.encode()}))
        return path

    def wait_until(self, holds: Callable[[], bool]) -> None:
        """Wait until something is so; asked again after each event."""
        while not holds():
            self.events.get(timeout=10)


@pytest.fixture
def live(desk: Desk) -> Iterator[Live]:
    """An indexer that is not started yet."""
    live = Live(desk)
    yield live
    live.indexer.stop()
    assert live.indexer.join(10)


def test_a_document_arrives_after_its_notes(live: Live) -> None:
    """A note moves from the folder to its chat when the document is there."""
    live.put(f"y/{NAME}", WHOLE)
    live.indexer.start()
    live.wait_until(lambda: f"y/{NAME}" in live.desk.chats())
    live.put(f"y/{CHAT}", TEXT)
    live.wait_until(lambda: live.desk.chats() == {f"y/{NAME}": "Ana"})
    assert live.desk.states() == {f"y/{CHAT}": DocumentState.OK}


def test_a_zip_arrives_and_goes(live: Live) -> None:
    """Its notes are there at once, and are gone with it."""
    live.put("x.opus", OTHER)
    live.indexer.start()
    live.wait_until(lambda: "x.opus" in live.desk.chats())
    path = live.put("a.zip", packed((CHAT, TEXT.encode()), (NAME, WHOLE)))
    live.wait_until(lambda: live.desk.chats().get(f"a.zip//{NAME}") == "Ana")
    path.unlink()
    live.watchers[0].hint(Hints(paths={b"a.zip"}))
    live.wait_until(lambda: list(live.desk.chats()) == ["x.opus"])
    live.wait_until(lambda: live.desk.states() == {})


def test_a_document_that_is_written_slowly(live: Live) -> None:
    """It is read when nobody wrote to it for a while, and then only once."""
    live.put(f"y/{NAME}", WHOLE)
    live.indexer.start()
    live.wait_until(lambda: f"y/{NAME}" in live.desk.chats())
    text = live.desk.put(f"y/{CHAT}", "15/08/2024, 13:20 - Ana: hello\n")
    live.watchers[0].hint(Hints(paths={f"y/{CHAT}".encode()}))
    with text.open("a") as opened:
        opened.write(LINE.format(NAME))
    live.watchers[0].hint(Hints(paths={f"y/{CHAT}".encode()}))
    live.wait_until(lambda: live.desk.chats() == {f"y/{NAME}": "Ana"})
    assert _turns(live.desk) == [1]


def test_wrong_sizes_are_sorted_out_when_lengths_are_known(live: Live) -> None:
    """Live, documents are read before lengths are measured; that is made up for."""
    names = [f"PTT-20240815-WA{number:04}.opus" for number in range(8)]
    media = "Media/WhatsApp Voice Notes/202433/"
    for name in names:
        live.put(media + name, WHOLE + name.encode())
    base = live.desk.root / "Databases"
    base.mkdir()
    write_msgstore(
        base / "msgstore.db",
        [
            Row(key=name, path=media + name, size=7, seconds=2, sender="")
            for name in names
        ],
    )
    os.utime(base / "msgstore.db", (1e9, 1e9))
    live.indexer.start()
    live.wait_until(
        lambda: (
            list(live.desk.chats().values()) == ["+491700000001"] * 8
            and {n.evidence["chat"].confidence for n in live.desk.notes().values()}
            == {1.0}
        )
    )
