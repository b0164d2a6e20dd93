"""Documents that tell of notes: how long until all of them are in their chats.

The floor is SQLite alone: the same claims inserted and the same notes updated, in one
transaction, in a copy of the library as it was before. EARMARK_BENCH_MB is the size of
the documents whose memory is measured (200; 1000 takes some minutes).
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.bench._product import Product, cache, corpus_folder
from tests.bench._table import Table
from tests.support.export_chats import FORMATS, Message, render
from tests.support.msgstore import Row, write_msgstore
from tests.support.notes import opus_note, with_serial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.bench._pty import Terminal

NOTES = 100_000
MORE = 100
"""Notes of the next day."""
CHATS = 200
LINES = 300_000
EXPORTED = 5_000
MEGABYTES = int(os.environ.get("EARMARK_BENCH_MB", "200"))
_MESSAGE_BYTES = 75
"""What a text message takes in the database that is made here."""
_POLL_S = 0.05
_REST_S = 10.0
_QUIET_S = 0.04
_PATIENCE_S = 1200.0

_UNSORTED = (
    "SELECT coalesce(sum(notes), 0) FROM chat_total JOIN chat ON chat.id = chat_id"
    " WHERE kind = 'unmatched'"
)
_UNREAD = "SELECT count(*) FROM document WHERE is_due"
_UNHASHED = "SELECT count(*) FROM file WHERE todo > 0"
_DOCUMENTS = "SELECT count(*) FROM document"
_CLAIMS = "SELECT count(*) FROM claim"
_UNBOUND = "SELECT count(*) FROM claim WHERE note_id IS NULL"
_TOLD = (
    "SELECT count(*) FROM note JOIN chat ON chat.id = chat_id"
    " WHERE native_id LIKE 'wa-export:%' AND state = 'ready'"
)
_SCAN = """
import json, os, sys, time
from pathlib import Path
from tui.indexer import scan
from tui.library import Library
from tui.sources import detect
from tui.model import SourceKind
def peak():
    # Not getrusage: its peak is at least that of the process that started this one.
    with open("/proc/self/status") as file:
        return next(int(x.split()[1]) / 1024 for x in file if x.startswith("VmHWM"))
root, db = os.fsencode(sys.argv[1]), Path(sys.argv[2])
with Library.open(db) as library:
    writer, reader = library.index_writer(), library.reader()
    writer.add_source(root, SourceKind.FOLDER, "x", 100, ())
    before, start = peak(), time.perf_counter()
    scan(writer, reader.sources())
    print(json.dumps({"seconds": time.perf_counter() - start, "peak": peak(),
        "before": before}))
"""
"""A scan in a process of its own, as `earmark scan` does it."""


class _Phone(NamedTuple):
    """A folder as WhatsApp has it, and copies of its database of two days."""

    folder: Path
    today: Path
    tomorrow: Path


def _rows(files: list[tuple[str, int]], start: int = 0) -> Iterator[Row]:
    for number, (path, size) in enumerate(files, start):
        chat = number % CHATS
        who = f"4917{chat:08}@s.whatsapp.net"
        day = datetime.strptime(path.rpartition("PTT-")[2][:8] + "Z", "%Y%m%d%z")
        sent = day + timedelta(seconds=number % 86_400)
        yield Row(
            chat=f"1203630000{chat:08}@g.us" if chat % 4 == 0 else who,
            key=f"3A{number:018}",
            path=path,
            ms=int(sent.timestamp() * 1000),
            from_me=number % 2,
            sender=f"4917{number % 50:08}@s.whatsapp.net" if chat % 4 == 0 else "",
            size=size,
            seconds=2,
            sha256=number.to_bytes(32),
            waveform=bytes(range(64)),
        )


def _phone() -> _Phone:
    """Make a phone's folder of the corpus, once; its files are links to it."""
    base = cache() / f"phone-{NOTES}"
    phone = _Phone(base / "WhatsApp", base / "today.db", base / "tomorrow.db")
    if phone.tomorrow.exists():
        return phone
    shutil.rmtree(base, ignore_errors=True)
    media = phone.folder / "Media"
    shutil.copytree(corpus_folder(NOTES), media, copy_function=os.link)
    (phone.folder / "Databases").mkdir()
    files = [
        (str(path.relative_to(phone.folder)), path.stat().st_size)
        for path in sorted(media.rglob("*.opus"))
    ]
    new = [
        (f"Media/WhatsApp Voice Notes/203101/PTT-20310101-WA{n:04}.opus", 0)
        for n in range(MORE)
    ]
    titles = {f"1203630000{chat:08}@g.us": f"Group {chat}" for chat in range(CHATS)}
    write_msgstore(phone.today, _rows(files), subjects=titles)
    part = phone.tomorrow.with_suffix(".part")
    more = [*_rows(files), *_rows(new, len(files))]
    write_msgstore(part, more, subjects=titles)
    part.rename(phone.tomorrow)
    return phone


def _arrive(document: Path, target: Path, is_done: Callable[[], bool]) -> float:
    """Put a file where a sync tool puts it, in one step; seconds until all is done."""
    part = target.with_name(f".syncthing.{target.name}.tmp")
    shutil.copyfile(document, part)
    begin = time.monotonic()
    part.rename(target)
    deadline = begin + _PATIENCE_S
    while not is_done():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(_POLL_S)
    return time.monotonic() - begin


def _one(library: Path, sql: str) -> int:
    with closing(sqlite3.connect(f"file:{library}?mode=ro", uri=True)) as connection:
        return int(connection.execute(sql).fetchone()[0])


class _Typist(threading.Thread):
    """Moves the cursor up and down, and notes how long each key takes.

    Args:
        terminal: The browser.
    """

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(name="typist", daemon=True)
        self._terminal = terminal
        self._ending = threading.Event()
        self.first: list[float] = []
        """Until the first byte came."""
        self.last: list[float] = []
        """Until the last byte had come, with whatever else was painted."""

    def run(self) -> None:
        """Type until it is to end."""
        number = 0
        while not self._ending.is_set():
            mark = self._terminal.mark()
            begin = self._terminal.send(b"j" if number % 20 < 10 else b"k")
            number += 1
            last = self._terminal.settle(mark, quiet=_QUIET_S, seconds=1)
            if last:
                self.first.append(self._terminal.since(mark)[0][0] - begin)
                self.last.append(last - begin)

    def end(self) -> None:
        """Stop typing."""
        self._ending.set()
        self.join()


def _copy(library: Path, target: Path) -> Path:
    with closing(sqlite3.connect(library)) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))
    return target


def _floor(before: Path, after: Path) -> float:
    """Seconds that SQLite alone takes for what was written."""
    with closing(sqlite3.connect(after)) as connection:
        claims = connection.execute("SELECT * FROM claim").fetchall()
        columns = [
            row[1]
            for row in connection.execute("PRAGMA table_info(note)")
            if row[1] not in {"id", "key"}
        ]
        notes = connection.execute(f"SELECT {', '.join(columns)}, id FROM note")  # noqa: S608  # names of columns
        facts = notes.fetchall()
    marks = ", ".join("?" * len(claims[0]))
    insert = f"INSERT INTO claim VALUES ({marks})"  # noqa: S608  # only marks
    update = f"UPDATE note SET {' = ?, '.join(columns)} = ? WHERE id = ?"  # noqa: S608  # likewise
    with closing(sqlite3.connect(before)) as connection:
        connection.execute("PRAGMA synchronous = normal")
        begin = time.perf_counter()
        with connection:
            connection.executemany(insert, claims)
            connection.executemany(update, facts)
        return time.perf_counter() - begin


def _rejoin(table: Table, home: Path) -> None:
    """The database of a phone arrives whose notes are here, and again a day later."""
    phone, product = _phone(), Product(home)
    place = phone.folder / "Databases" / "msgstore.db"
    place.unlink(missing_ok=True)
    product.run("scan", str(phone.folder))
    before = _copy(product.library, home / "before.db")
    try:
        with product.open(str(phone.folder)) as terminal:
            terminal.wait(b"Unmatched", seconds=60)
            while _one(product.library, _UNHASHED):
                time.sleep(_POLL_S)
            terminal.settle(quiet=2.5, seconds=60)
            terminal.send(b"gjl")
            terminal.settle(quiet=1.0)
            _keys(table, "at rest", terminal, lambda: time.sleep(_REST_S))
            took = _keys(
                table,
                "while notes find their chats",
                terminal,
                lambda: _arrive(phone.today, place, lambda: _is_sorted(product)),
            )
            table.add(f"{NOTES:,} notes in their chats", f"{took:.1f} s")
            terminal.settle(quiet=2.5, seconds=60)
            floor = _floor(before, _copy(product.library, home / "after.db"))
            table.add("SQLite alone: INSERT and UPDATE", f"{floor:.2f} s")
            table.ratio("in their chats / SQLite alone", took, floor)
            again = _keys(
                table,
                f"on the next day, {MORE} more",
                terminal,
                lambda: _arrive(phone.tomorrow, place, lambda: _is_next_day(product)),
            )
            table.add(f"the next day's database, {MORE} more", f"{again:.1f} s")
            table.ratio("next day / first day", again, took)
    finally:
        place.unlink(missing_ok=True)


def _is_sorted(product: Product) -> bool:
    return (
        _one(product.library, _DOCUMENTS) > 0
        and not _one(product.library, _UNREAD)
        and not _one(product.library, _UNSORTED)
    )


def _is_next_day(product: Product) -> bool:
    return (
        _one(product.library, _CLAIMS) == NOTES + MORE
        and not _one(product.library, _UNREAD)
        and not _one(product.library, _UNBOUND)
    )


def _keys(
    table: Table, when: str, terminal: Terminal, work: Callable[[], float | None]
) -> float:
    """Type while something is done; returns the seconds that it took."""
    typist = _Typist(terminal)
    typist.start()
    try:
        took = work() or 0.0
    finally:
        typist.end()
    if typist.first:
        table.times(f"key to first byte, {when}", typist.first, "aim p99 < 20")
        table.times(f"key to last byte, {when}", typist.last)
    return took


def _export(path: Path) -> None:
    """Write an exported chat with its notes, as WhatsApp packs it."""
    form = next(form for form in FORMATS if form.name == "en-GB")
    note, wall = opus_note(2.0), datetime(2020, 1, 1)  # noqa: DTZ001  # a wall clock
    every, messages = LINES // EXPORTED, []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for line in range(LINES):
            wall += timedelta(minutes=3)
            name = ""
            if line % every == 0:
                name = f"PTT-{wall:%Y%m%d}-WA{line // every:04}.opus"
                archive.writestr(name, with_serial(note, 9_000_000 + line))
            text = "" if name else "hello there, how are you doing today? fine thanks"
            messages.append(Message(wall, ("Ana", "Bob")[line % 2], text, name))
        text = render(form, messages, ios=False)
        archive.writestr("WhatsApp Chat with Ana.txt", text)


def _unpack(path: Path) -> float:
    """Seconds that it takes to unpack everything and split the text into lines."""
    begin = time.perf_counter()
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            data = archive.read(name)
            if name.endswith(".txt"):
                data.decode().split("\n")
    return time.perf_counter() - begin


def _zipped(table: Table, home: Path) -> None:
    """An exported chat in a zip arrives in a watched folder."""
    packed, product = home / "chat.zip", Product(home)
    _export(packed)
    floor = _unpack(packed)
    folder = home / "exports"
    folder.mkdir()
    (folder / "voice.opus").write_bytes(opus_note(2.0))
    product.run("scan", str(folder))
    with product.open(str(folder)) as terminal:
        terminal.settle(quiet=2.5, seconds=30)
        took = _arrive(
            packed,
            folder / "WhatsApp Chat with Ana.zip",
            lambda: (
                _one(product.library, _TOLD) == EXPORTED
                and not _one(product.library, _UNREAD)
            ),
        )
    table.add(f"zip of {LINES:,} lines, {EXPORTED:,} notes", f"{took:.1f} s")
    table.add("unpacked, and its lines split", f"{floor:.2f} s")
    table.ratio("in their chat / unpacked", took, floor)


def _account(path: Path) -> int:
    """Write the export of a Telegram account; returns how many notes it tells of."""
    number = notes = 0
    with path.open("w", encoding="utf-8") as file:
        file.write('{"chats": {"about": "x", "list": [')
        for chat in range(CHATS):
            head = {"name": f"Ana {chat}", "type": "personal_chat", "id": 100 + chat}
            file.write(
                ("," if chat else "") + json.dumps(head)[:-1] + ', "messages": ['
            )
            start, first = file.tell(), number
            while file.tell() - start < MEGABYTES * 1_000_000 // CHATS:
                number += 1
                message = {
                    "id": number,
                    "type": "message",
                    "date": "2024-08-15T13:26:33",
                    "date_unixtime": str(1_723_728_393 + number),
                    "from": head["name"],
                    "from_id": f"user{100 + chat}",
                    "text": "What a day it was! " * 8,
                }
                if number % 40 == 0:
                    name = f"chats/chat_{chat}/voice_messages/audio_{number}.ogg"
                    message |= {"file": name, "media_type": "voice_message", "text": ""}
                    notes += 1
                file.write((",\n" if number - first > 1 else "") + json.dumps(message))
            file.write("]}")
        file.write("]}}")
    return notes


def _scanned(folder: Path, home: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", _SCAN, str(folder), str(home / f"{folder.name}.db")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **Product(home).env},
    )
    result: dict[str, float] = json.loads(done.stdout)
    return result


def _memory(table: Table, home: Path) -> None:
    """What the largest documents take: an account's export, and a database."""
    account = home / "account"
    account.mkdir()
    told = _account(account / "result.json")
    phone = home / "database"
    phone.mkdir()
    few = 5_000
    filler = MEGABYTES * 1_000_000 // _MESSAGE_BYTES // few
    files = [(f"Media/PTT-20240815-WA{n:05}.opus", 9_000 + n) for n in range(few)]
    write_msgstore(phone / "msgstore.db", _rows(files), filler=filler)
    for folder, what, count in (
        (account, "Telegram account", told),
        (phone, "msgstore.db", few),
    ):
        size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
        result = _scanned(folder, home)
        label = f"{what} of {size:.0f} MB, {count:,} notes"
        table.add(f"{label}: scan", f"{result['seconds']:.1f} s")
        table.add(
            f"{label}: peak memory",
            f"{result['peak']:.0f} MB",
            f"{result['before']:.0f} before",
        )


def main() -> None:
    """Measure and print."""
    table = Table("Documents (one Earmark in a pseudo terminal, 80x24, output null)")
    for part in (_rejoin, _zipped, _memory):
        with tempfile.TemporaryDirectory(dir=cache()) as home:
            part(table, Path(home))
        table.show()
        table.rows.clear()


if __name__ == "__main__":
    main()
