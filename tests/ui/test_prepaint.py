"""The first picture is the one that the browser paints, and leaves no trace."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import termios
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.library import START_MS, put, record
from tests.support.terminal import PtyTerminal, base_environ
from tui import prepaint
from tui.library import Library
from tui.library._schema import MIGRATIONS
from tui.model import (
    RECENT_LIMIT,
    NoteState,
    Played,
    SourceKind,
    SourceState,
    WatchMode,
)

HOUR = 3_600_000
NAMES = ("Ana", "家族", "[/]", "a\x1b[2Jb", "Zo\u00eb", "x" * 120, "caf\udce9")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A library with chats of all kinds of names, and one source that is away."""
    path = tmp_path / "library.db"
    with Library.open(path) as library, closing(library.index_writer()) as writer:
        home = Path.home() / "Sync"
        source = writer.add_source(bytes(home), SourceKind.FOLDER, "x", 80, [])
        writer.set_source_state(source, SourceState.OK, "", watch=WatchMode.LIVE)
        away = writer.add_source(b"/away", SourceKind.FOLDER, "y", 80, [])
        for number in range(30):
            name = NAMES[number % len(NAMES)] + str(number)
            for i in range(1 + number % 4):
                put(
                    writer,
                    source,
                    record(
                        f"{number}/{i}.opus".encode(),
                        chat_title=name,
                        duration_ms=(5000 + i) * (number + 1),
                        sent_ms=START_MS - number * HOUR - i,
                        state=NoteState.UNREADABLE if number == 3 else NoteState.READY,
                    ),
                )
        put(writer, away, record(b"hidden/1.opus", sent_ms=START_MS + HOUR))
        writer.set_source_state(away, SourceState.OFFLINE, "unplugged")
        with closing(library.reader()) as reader:
            ids = [note.row.id for note in reader.all_notes(states=[NoteState.READY])]
        user = library.user
        user.set_played(ids[::3], Played.PLAYED)
        assert user.flush()
    return path


@pytest.fixture
def marked(path: Path) -> Path:
    """The same with stars, one of a note that is away, searches and collections."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            "INSERT INTO collection(name, folded, is_on, set_ms, notes, unplayed,"
            " duration_ms) VALUES (?1, ?1, ?2, 1, 3, 2, 61000)",
            [("zoë", 1), ("gone", 0), ("For court [/]", 1)],
        )
        notes = connection.execute("SELECT id FROM note ORDER BY id").fetchall()
        for (note_id,) in [*notes[:7], notes[-1]]:
            content = note_id.to_bytes(32, "big")
            connection.execute(
                "INSERT INTO recording(id, hash, hash_kind, size) VALUES (?, ?, '', 1)",
                (note_id, content),
            )
            connection.execute(
                "UPDATE note SET recording_id = ?1 WHERE id = ?1", (note_id,)
            )
            connection.execute(
                "INSERT INTO mark(hash, updated_ms, star) VALUES (?, 1, 1)", (content,)
            )
        names = ("later", b"caf\xed\xb3\xa9", "[/] Z", "\u00c4rger", "empty")
        for at, name in enumerate(names):
            connection.execute(
                "INSERT INTO saved_search(name, query, set_ms, notes, unplayed,"
                " duration_ms) VALUES (?, 'x', 1, ?, ?, ?)",
                (name, at * 7 % 4, at % 3, at * 61_000),
            )
    return path


def run(path: Path, *parts: str) -> list[str]:
    """Give the command that shows a first screen."""
    return [sys.executable, "-m", "tests.support.first_screen", str(path), *parts]


def looks(terminal: PtyTerminal) -> list[list[tuple[str, ...]]]:
    """Tell what each cell looks like; the colour of a blank's text does not show."""
    with terminal._lock:
        screen = terminal._screen
        cells = [
            [screen.buffer[y][x] for x in range(screen.columns)]
            for y in range(screen.lines)
        ]
    return [
        [
            (cell.data, cell.bg, str(cell.reverse), "" if cell.data == " " else cell.fg)
            for cell in row
        ]
        for row in cells
    ]


@pytest.mark.parametrize(
    ("columns", "rows", "environ"),
    [
        (80, 24, {}),
        (80, 24, {"COLORTERM": "truecolor"}),
        (60, 40, {}),
        (99, 12, {"COLORTERM": "truecolor"}),
    ],
)
def test_the_first_picture_is_what_the_browser_paints(
    path: Path, columns: int, rows: int, environ: dict[str, str]
) -> None:
    """Cell by cell with its colours; the footer comes when the keys are known."""
    env = base_environ(**environ)
    with PtyTerminal(
        run(path, "paint"), columns=columns, rows=rows, environ=env
    ) as one:
        one.wait_for("nothing is playing")
        first = looks(one)
    with PtyTerminal(run(path, "app"), columns=columns, rows=rows, environ=env) as two:
        two.wait_for("nothing is playing")
        two.wait_until_quiet()
        second = looks(two)
    assert "hidden" not in one.text
    for y in range(rows - 1):
        assert first[y] == second[y], f"row {y}:\n{one.lines[y]}\n{two.lines[y]}"


def test_stars_searches_and_collections_are_painted_alike(marked: Path) -> None:
    """In their order, with the totals that they had last."""
    env = base_environ(COLORTERM="truecolor")
    with PtyTerminal(run(marked, "paint"), environ=env) as one:
        one.wait_for("nothing is playing")
        first, lines = looks(one), one.lines
    with PtyTerminal(run(marked, "app"), environ=env) as two:
        two.wait_for("nothing is playing")
        two.wait_until_quiet()
        second = looks(two)
    labels = [line.strip("▸ ").split("  ")[0] for line in lines[1:11]]
    assert labels[:3] == ["Unplayed", "Starred", "Recent"]
    assert labels[4:9] == ["For court [/]", "zoë", "[/] Z", "caf\\xe9", "empty"]
    assert "7" in lines[2].split()
    for y in range(23):
        assert first[y] == second[y], f"row {y}:\n{one.lines[y]}\n{two.lines[y]}"


@pytest.mark.parametrize("state", [SourceState.LOCKED, SourceState.ERROR])
def test_what_a_source_lacks_is_painted_alike(path: Path, state: SourceState) -> None:
    """Words and colour of the header are the browser's."""
    with Library.open(path) as library, closing(library.index_writer()) as writer:
        with closing(library.reader()) as reader:
            one, away = reader.sources()
        writer.set_source_state(one.id, state, "a reason", watch=WatchMode.LIVE)
        writer.set_source_state(away.id, SourceState.OK, "", watch=WatchMode.OFF)
    env = base_environ(COLORTERM="truecolor")
    with PtyTerminal(run(path, "paint"), environ=env) as terminal:
        terminal.wait_for("nothing is playing")
        first, text = looks(terminal)[0], terminal.lines[0]
    with PtyTerminal(run(path, "app"), environ=env) as terminal:
        terminal.wait_for("nothing is playing")
        terminal.wait_until_quiet()
        second = looks(terminal)[0]
    word = "needs a key" if state is SourceState.LOCKED else "unreadable document"
    assert f"live, {word}" in text
    assert first == second


@pytest.mark.parametrize("columns", [120, 220])
def test_beside_the_details_the_tree_is_the_same(path: Path, columns: int) -> None:
    """What is in the details comes with the browser."""
    with PtyTerminal(run(path, "paint"), columns=columns) as one:
        one.wait_for("nothing is playing")
        first = looks(one)
    with PtyTerminal(run(path, "app"), columns=columns) as two:
        two.wait_for("nothing is playing")
        two.wait_until_quiet()
        second = looks(two)
    tree = min(100, columns * 58 // 100)
    for y in range(22):
        end = tree if y else columns
        assert first[y][:end] == second[y][:end], f"{one.lines[y]}\n{two.lines[y]}"
    assert first[22] == second[22]


def test_keys_typed_into_the_picture_reach_the_browser(path: Path) -> None:
    """Also Enter: it opens the group under the cursor."""
    with PtyTerminal(run(path, "paint", "app")) as terminal:
        terminal.wait_for("Unplayed")
        terminal.send(b"jj\r")
        terminal.wait_for("▾")
        assert "▾" in terminal.lines[3]
        terminal.send(b"q")
        terminal.wait_for_exit()


def modes_after(path: Path, *parts: str, keys: bytes) -> tuple[bool, bytes]:
    """Run to the end; tell whether the modes are as before, and what was sent."""
    with PtyTerminal(run(path, *parts)) as terminal:
        before = termios.tcgetattr(terminal._master)
        terminal.wait_for("nothing is playing")
        terminal.wait_until_quiet()
        assert termios.tcgetattr(terminal._master)[3] != before[3]
        terminal.send(keys)
        terminal.wait_for_exit()
        after = termios.tcgetattr(terminal._master)
    return after == before, bytes(terminal.output)


def test_the_terminal_is_given_back(path: Path) -> None:
    """By the browser at its end, or by Python when the browser never came."""
    same, sent = modes_after(path, "paint", "app", keys=b"q")
    assert same
    assert sent.rfind(b"\x1b[?1049l") > sent.rfind(b"\x1b[?1049h")
    same, sent = modes_after(path, "paint", keys=b"\n")
    assert same
    assert sent.endswith(b"\x1b[?7h\x1b[?1049l\x1b[?25h")


def test_the_picture_stays_until_the_browser_has_its_own(path: Path) -> None:
    """No sequence clears the screen in between, also not by turning it on again."""
    _, sent = modes_after(path, "paint", "app", keys=b"q")
    assert sent.count(b"\x1b[?1049h") == sent.count(b"\x1b[?1049l") == 1
    assert b"\x1b[2J" not in sent
    _, sent = modes_after(path, "app", keys=b"q")
    assert sent.count(b"\x1b[?1049h") == 1


@pytest.mark.parametrize("trouble", ["none", "empty", "damaged", "newer", "folder"])
def test_without_a_good_library_there_is_no_picture(
    tmp_path: Path, trouble: str
) -> None:
    """And not one byte goes to the terminal."""
    path = tmp_path / "library.db"
    if trouble == "damaged":
        path.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    elif trouble == "folder":
        path.mkdir()
    elif trouble != "none":
        Library.open(path).close()
        if trouble == "newer":
            with closing(sqlite3.connect(path)) as connection:
                connection.execute("PRAGMA user_version = 99")
    with PtyTerminal(run(path, "paint")) as terminal:
        terminal.wait_for("no picture")
        assert bytes(terminal.output).rstrip(b"\r\n") == b"no picture"
        terminal.send(b"\n")
        assert terminal.wait_for_exit() == 0
    assert trouble != "none" or not path.exists()


@pytest.mark.parametrize(
    ("size", "term"), [((80, 5), "xterm"), ((19, 24), "xterm"), ((80, 24), "dumb")]
)
def test_on_an_odd_terminal_there_is_no_picture(
    path: Path, size: tuple[int, int], term: str
) -> None:
    """Too small to lay out, or unable to."""
    env = base_environ(TERM=term)
    with PtyTerminal(
        run(path, "paint"), columns=size[0], rows=size[1], environ=env
    ) as terminal:
        terminal.wait_for("no picture")


def test_without_a_terminal_there_is_no_picture(path: Path) -> None:
    """Output goes into a file."""
    done = subprocess.run(
        run(path, "paint"),
        input="\n",
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env=base_environ(),
        timeout=20,
    )
    assert done.stdout == "no picture\n"


def test_what_it_repeats_is_what_the_others_say() -> None:
    """Copies that spare imports."""
    assert len(MIGRATIONS) == prepaint.SCHEMA_VERSION
    assert prepaint.RECENT == RECENT_LIMIT


def test_it_loads_next_to_nothing() -> None:
    """No module that takes a millisecond, but sqlite3."""
    code = (
        "import sys; before = set(sys.modules); import tui.prepaint\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        timeout=20,
    )
    heavy = {"dataclasses", "enum", "re", "typing", "pathlib", "logging", "tui.model"}
    assert not heavy & set(done.stdout.split())
