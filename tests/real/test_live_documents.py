"""Documents that arrive, grow and are replaced while everything runs for real.

The browser in tmux plays on a sound server that is recorded; the indexer is its own
process; files are moved, copied and written by others meanwhile.
"""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.support.crypt import ROOT_FILE, crypt15
from tests.support.crypt import packed as deflated
from tests.support.msgstore import GROUP, Row, write_contacts, write_msgstore
from tests.support.notes import opus_note
from tests.support.program import command, wait_until
from tests.support.pulse import PulseServer, Recorder
from tests.support.sound import find, noise, wav
from tests.support.terminal import TmuxTerminal, base_environ
from tests.support.zips import packed
from tui.indexer import Failed, IndexerProcess
from tui.library import Library
from tui.model import DocumentState, NoteState, SourceKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tui.indexer import IndexEvent
    from tui.model import DocumentInfo, Note

RATE = 48_000
WEEK = "WhatsApp/Media/WhatsApp Voice Notes/202433"
WORDS = noise(16)
"""What is said in the note that plays: every moment of it can be recognised."""
SPOKEN = "PTT-20240815-WA0001.wav"
ANA = "491700000001@s.whatsapp.net"


def chat_text(*names: str, who: str = "Ana") -> bytes:
    """Write an exported chat that names some recordings, a minute apart."""
    lines = [f"15/08/2024, 13:00 - {who}: Listen to these\n"]
    lines += [
        f"15/08/2024, {13 + (at + 1) // 60 % 10}:{(at + 1) % 60:02} - {who}:"
        f" \u200e{name} (file attached)\n"
        for at, name in enumerate(names)
    ]
    return "".join(lines).encode()


def exported(**files: bytes) -> bytes:
    """Pack the export of the chat with Ana, with recordings by their stem."""
    named = {f"{stem}.opus".replace("_", "-"): data for stem, data in files.items()}
    text = ("WhatsApp Chat with Ana.txt", chat_text(*named))
    return packed(text, *named.items(), method=0)


def move_in(data: bytes, path: Path) -> None:
    """Write a file elsewhere, and move it into the source whole."""
    outside = path.parents[1].with_name("outside")
    outside.mkdir(exist_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    (outside / path.name).write_bytes(data)
    (outside / path.name).rename(path)


def write_slowly(data: bytes, path: Path, parts: int = 20) -> subprocess.Popen[bytes]:
    """Have another process write a file in place, part by part, for two seconds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    code = (
        "import sys, threading\n"
        "data, pause = sys.stdin.buffer.read(), threading.Event()\n"
        f"step = -(-len(data) // {parts})\n"
        "with open(sys.argv[1], 'wb', buffering=0) as file:\n"
        "    for at in range(0, len(data), step):\n"
        "        file.write(data[at : at + step])\n"
        "        pause.wait(0.1)\n"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE
    )
    assert writer.stdin is not None
    writer.stdin.write(data)
    writer.stdin.close()
    return writer


# The browser


class Scene:
    """The browser in tmux, with a note that plays and is recorded.

    Args:
        root: The source.
        tmux: The terminal.
        recorder: Hears the sound server.
    """

    def __init__(self, root: Path, tmux: TmuxTerminal, recorder: Recorder) -> None:
        self.root = root
        self.tmux = tmux
        self.recorder = recorder

    @property
    def lines(self) -> list[str]:
        """The screen."""
        return self.tmux.capture().splitlines()

    @property
    def tree(self) -> list[str]:
        """The rows of the tree."""
        return [line.partition("│")[0].strip() for line in self.lines[1:-2]]

    @property
    def details(self) -> str:
        """What is told of the note under the cursor."""
        parts = [line.partition("│")[2].strip() for line in self.lines[1:-2]]
        return " ".join(filter(None, parts))

    @property
    def bar(self) -> str:
        """What plays."""
        return self.lines[-2]

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something on the screen."""
        wait_until(condition, self.tmux.capture, seconds=12)

    def play_unmatched(self) -> int:
        """Play the note below Unmatched; gives the recorder's place at that moment."""
        self.tmux.wait_for("Unmatched")
        self.tmux.send("J", "J", "Enter")
        self.tmux.wait_for("▾ Unmatched")
        self.until(lambda: "0:16" in self.tmux.capture().partition("▾")[2])
        self.tmux.send("j")
        self.until(lambda: SPOKEN in self.details and "not matched yet" in self.details)
        self.tmux.send("Enter")
        self.until(lambda: "0:01 /" in self.bar)
        assert "Unmatched" in self.bar
        return self.recorder.frames

    def until_moved(self, title: str, evidence: str) -> None:
        """Wait until the note is in its chat; cursor and player are still on it."""
        self.until(lambda: evidence in self.details)
        assert SPOKEN in self.details
        self.until(lambda: title in self.bar)
        rows = self.tree
        assert not any("Unmatched" in row for row in rows)
        chat = next(at for at, row in enumerate(rows) if title in row and "▾" in row)
        assert re.match(r"▶ .* 0:16$", rows[chat + 1]), rows

    def prove_unbroken(self, begin: int) -> None:
        """Look at what was heard since: each piece stands where time has come to."""
        self.recorder.wait(RATE)
        heard = self.recorder.mono(begin)
        places = [
            find(WORDS, piece) - at
            for at in range(0, len(heard) // 2 - 400, RATE // 20)
            if len(piece := heard[2 * at : 2 * at + 400]) == 400
        ]
        assert len(places) > 20
        assert places[0] > 0
        assert set(places) == {places[0]}, places


@contextmanager
def playing(folder: Path) -> Iterator[Scene]:
    """Open the browser on a media folder with one note, on a sound server."""
    root = folder / "Phone"
    note = root / WEEK / SPOKEN
    note.parent.mkdir(parents=True)
    note.write_bytes(wav(WORDS))
    with PulseServer() as server, Recorder(server) as recorder:
        environ = {**server.environment, **base_environ()}
        for size in ("COLUMNS", "LINES"):  # of the tests' terminal, not of ours
            environ.pop(size, None)
        # Taken for a server far away, which gets longer pieces of sound at a time: what
        # is proved is that nothing breaks the sound, not that the other tests leave
        # this one a core every 20 ms.
        environ["PULSE_SERVER"] = f"tcp:127.0.0.1:9 {server.address}"
        words = command(folder / "library.db", root)
        with TmuxTerminal(words, folder, columns=120, rows=30, environ=environ) as tmux:
            yield Scene(root, tmux, recorder)
            tmux.send("q")
            assert tmux.wait_for_exit() == 0


BROWSER = (
    pytest.mark.needs("tmux"),
    pytest.mark.needs("pulseaudio"),
    pytest.mark.xdist_group("sound"),
    pytest.mark.timeout(60),
)


def in_browser(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that has the whole program, a terminal and sound."""
    for mark in BROWSER:
        test = mark(test)
    return test


@in_browser
def test_an_export_names_the_note_that_plays(tmp_path: Path) -> None:
    """It goes to its chat on the screen; cursor and sound go on as if nothing was."""
    with playing(tmp_path) as scene:
        begin = scene.play_unmatched()
        files = ("WhatsApp Chat with Ana.txt", chat_text(SPOKEN)), (SPOKEN, wav(WORDS))
        move_in(packed(*files), scene.root / "Exports" / "WhatsApp Chat with Ana.zip")
        scene.until_moved("Ana", "from export “Ana”, 0.99")
        scene.prove_unbroken(begin)


@in_browser
def test_a_database_is_written_beside_the_note_that_plays(tmp_path: Path) -> None:
    """Written slowly in place, it is read when it is whole, and moves the note."""
    database = tmp_path / "msgstore.db"
    row = Row(
        chat=GROUP,
        sender=ANA,
        path=f"{WEEK.partition('/')[2]}/{SPOKEN}",
        size=len(wav(WORDS)),
        seconds=16,
    )
    write_msgstore(database, [row], subjects={GROUP: "Family"}, filler=400)
    with playing(tmp_path) as scene:
        write_contacts(scene.root / "WhatsApp" / "wa.db", [(ANA, "Ana", "", "", "")])
        begin = scene.play_unmatched()
        target = scene.root / "WhatsApp" / "msgstore.db"
        with write_slowly(database.read_bytes(), target) as writer:
            scene.until_moved("Family", "from database msgstore.db, 1.00")
            assert writer.wait(5) == 0
        assert "Ana → Family" in scene.details
        scene.prove_unbroken(begin)


# The indexer's process


@dataclass
class World:
    """A source, its library, and the process that watches it."""

    root: Path
    library: Library
    events: queue.Queue[IndexEvent] = field(default_factory=queue.Queue)

    def __post_init__(self) -> None:
        """Add the source, and begin."""
        self.root.mkdir()
        writer = self.library.index_writer()
        kind = SourceKind.WHATSAPP_ANDROID
        writer.add_source(os.fsencode(self.root), kind, "WhatsApp", 100, ())
        writer.close()
        self.reader = self.library.reader()
        self.indexer = IndexerProcess(self.library.path, self.events.put)

    def until(self, condition: Callable[[], bool], seconds: float = 15) -> None:
        """Wait for something in the library."""
        wait_until(
            condition, lambda: f"{self.documents}\n{self.chats}", seconds=seconds
        )

    @property
    def documents(self) -> dict[str, DocumentInfo]:
        """The documents by the end of their path."""
        found = self.reader.documents()
        return {os.fsdecode(each.path).rpartition("/")[2]: each for each in found}

    @property
    def notes(self) -> list[Note]:
        """All notes that show."""
        states = [NoteState.READY, NoteState.UNREADABLE]
        return list(self.reader.all_notes(states=states, told=True))

    @property
    def chats(self) -> dict[str, int]:
        """The chats with their numbers of notes."""
        return {chat.title: chat.notes for chat in self.reader.chats() if chat.notes}

    def is_state(self, name: str, state: DocumentState) -> bool:
        """Tell whether a document is in a state."""
        found = self.documents.get(name)
        return found is not None and found.state is state

    def put(self, name: str, freq: int) -> bytes:
        """Write a note into the phone's folder; gives its bytes."""
        path = self.root / WEEK / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = opus_note(1, freq=freq)
        path.write_bytes(data)
        os.utime(path, (1_723_728_393, 1_723_728_393))
        return data


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A watched source that is empty."""
    with Library.open(tmp_path / "library.db") as library:
        world = World(tmp_path / "Phone", library)
        yield world
        world.indexer.close()
        world.reader.close()
        assert not [each for each in world.events.queue if isinstance(each, Failed)]


def test_a_database_is_replaced_by_a_newer_one(world: World) -> None:
    """What both tell stays one note; what only the newer tells is added."""
    names = [f"PTT-20240815-WA000{at}.opus" for at in range(3)]
    datas = [world.put(name, 400 + 50 * at) for at, name in enumerate(names)]
    rows = [
        Row(
            key=f"3A{at}",
            path=f"{WEEK.partition('/')[2]}/{names[at]}",
            size=len(data),
            ms=1_723_728_393_000 + at * 60_000,
        )
        for at, data in enumerate(datas)
    ]
    made = world.root.with_name("msgstore.db")
    target = world.root / "WhatsApp" / "Databases" / "msgstore.db"
    write_msgstore(made, rows[:2], lid_names={"1@lid": "x"})
    target.parent.mkdir(parents=True)
    made.rename(target)
    world.indexer.start()
    world.until(lambda: world.chats == {"+491700000001": 2, "Unmatched": 1})
    before = {note.key for note in world.notes}
    write_contacts(target.with_name("wa.db"), [(ANA, "Ana", "", "", "")])
    write_msgstore(made, rows)
    made.replace(target)
    world.until(lambda: world.chats == {"Ana": 3})
    assert {note.key for note in world.notes} == before
    assert world.documents["msgstore.db"].matched == 3


@pytest.mark.parametrize("size", [15_000])
def test_the_indexer_is_killed_while_it_reads(world: World, size: int) -> None:
    """After its restart everything is there, and nothing twice."""
    datas = {name_at(at): opus_note(1, freq=300 + at) for at in range(5)}
    names = [name_at(at) for at in range(size)]
    export = world.root / "WhatsApp Chat with Ana"
    export.mkdir()
    for name, data in datas.items():
        (export / name).write_bytes(data)
    (export / "WhatsApp Chat with Ana.txt").write_bytes(chat_text(*names))
    world.indexer.start()
    text = "WhatsApp Chat with Ana.txt"
    world.until(lambda: text in world.documents and world.documents[text].claims > 0)
    first, claims = world.indexer.pid, world.documents[text].claims
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert claims < size
    world.until(lambda: world.chats == {"Ana": size})
    world.until(lambda: world.documents[text].claims == size)
    assert world.indexer.pid not in {first, None}
    told = [(note.row.sent_ms, note.row.file_name) for note in world.notes]
    assert len(told) == size
    assert world.documents[text].matched == len(datas)


def name_at(number: int) -> str:
    """Name the recordings of a long chat."""
    return f"PTT-20240815-WA{number:05}.opus"


@pytest.mark.parametrize("temporary", [".WhatsApp Chat with Ana.zip.q3Xb1Z", ""])
def test_a_zip_is_copied_slowly(world: World, temporary: str) -> None:
    """Under a temporary name or in place: no half of it is shown, then all of it."""
    files = {f"PTT_20240815_WA000{at}": opus_note(2, freq=400 + at) for at in range(4)}
    final = world.root / "Exports" / "WhatsApp Chat with Ana.zip"
    world.put("PTT-20240815-WA0000.opus", 300)
    world.indexer.start()
    world.until(lambda: world.chats == {"Unmatched": 1})
    path = final.with_name(temporary or final.name)
    seen: list[dict[str, int]] = []
    data = exported(**files)
    with write_slowly(data, path, 12) as writer:
        wait_until(path.exists)
        while writer.poll() is None:
            chats = world.chats
            if path.stat().st_size < len(data):
                seen.append(chats)
    if temporary:
        path.rename(final)
    world.until(lambda: world.chats == {"Ana": 4, "Unmatched": 1})
    assert all(chats == {"Unmatched": 1} for chats in seen)
    assert len(seen) > 5
    world.until(lambda: world.is_state(final.name, DocumentState.OK))


def test_a_key_opens_a_backup_within_seconds(world: World) -> None:
    """Given to another process, the one that watches takes it."""
    data = world.put("PTT-20240815-WA0001.opus", 440)
    plain = world.root.with_name("plain.db")
    write_msgstore(
        plain, [Row(chat=GROUP, sender=ANA, size=len(data))], subjects={GROUP: "Family"}
    )
    backup = world.root / "WhatsApp" / "Databases" / "msgstore.db.crypt15"
    backup.parent.mkdir(parents=True)
    backup.write_bytes(crypt15(deflated(plain.read_bytes())))
    world.indexer.start()
    world.until(lambda: world.is_state(backup.name, DocumentState.LOCKED))
    assert world.chats == {"Unmatched": 1}
    added = subprocess.run(
        command(world.library.path, "key", "add", world.root),
        input=ROOT_FILE,
        check=False,
        capture_output=True,
        timeout=20,
        env=base_environ(),
    )
    assert added.returncode == 0, added.stderr
    world.until(lambda: world.chats == {"Family": 1}, seconds=8)
    assert world.is_state(backup.name, DocumentState.OK)
