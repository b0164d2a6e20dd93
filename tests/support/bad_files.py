"""Folders full of what a careless program trips over, and what must come of each.

`bad_library` writes one source that holds all of them beside good notes; the tests
ask the same list what each file has to be reported as.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.notes import (
    encoded,
    hostile_names,
    ogg_page,
    opus_note,
    tone_wav,
    with_serial,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "BAD",
    "GOOD",
    "HOSTILE_FOLDERS",
    "HUGE",
    "MARKED",
    "BadFile",
    "bad_library",
    "hostile_notes",
    "marker",
    "not_root",
    "spoil_library",
    "write_bad",
]

GOOD = b"Ana/2025-03-14 12-00-00.opus"
"""The good note beside the bad ones; two seconds long."""

HUGE = 2 << 30
"""The size of the huge files; nearly all of it is a hole."""

_WRITTEN_S = 1_741_900_000
"""When all files were last written: long before the test."""


@dataclass(frozen=True)
class BadFile:
    """One file and what is to be said of it."""

    path: bytes
    """Relative to the source."""
    write: Callable[[bytes], None]
    """Makes it, given its absolute path."""
    state: str
    """`ready`, `partial` or `unreadable`; empty for a file that is never a note."""
    reason: str = ""
    """What the reason has to say."""
    problem: str = ""
    """What a scan says of it, where it is no note."""
    plays: bool = False
    """Whether it can be played to its end, in a few seconds."""


def _bytes(data: bytes) -> Callable[[bytes], None]:
    return lambda path: _put(path, data)


def _put(path: bytes, data: bytes, size: int = 0) -> None:
    with open(path, "wb") as file:  # noqa: PTH123  # bytes
        file.write(data)
        if size:
            file.truncate(size)


def _sparse(head: Callable[[], bytes]) -> Callable[[bytes], None]:
    return lambda path: _put(path, head(), HUGE)


def _link(target: bytes) -> Callable[[bytes], None]:
    return lambda path: os.symlink(target, path)  # noqa: PTH211  # bytes


def _forbidden(path: bytes) -> None:
    _put(path, opus_note(2, freq=500))
    Path(os.fsdecode(path)).chmod(0)


def _fifo(path: bytes) -> None:
    os.mkfifo(path)


def _wav_head() -> bytes:
    """Begin a WAV file whose header promises all of its 2 GB."""
    wav = bytearray(tone_wav(1, rate=16_000))
    at = wav.index(b"data") + 4
    wav[4:8] = (HUGE - 8).to_bytes(4, "little")
    wav[at : at + 4] = (HUGE - at - 4).to_bytes(4, "little")
    return bytes(wav)


def _huge_ogg(path: bytes) -> None:
    """Write an Ogg with both ends, and a hole of 2 GB between them."""
    note = opus_note(2, freq=510)
    last = ogg_page([b"\xfc\xff\xfe"], granule=96_312, number=9_999, flags=4)
    _put(path, note, HUGE - len(last))
    with open(path, "ab") as file:  # noqa: PTH123  # bytes
        file.write(last)


def _damaged() -> bytes:
    """Make a note whose middle was overwritten: both ends are in order."""
    note = bytearray(opus_note(4, freq=520))
    middle = len(note) // 2
    note[middle - 300 : middle + 300] = os.urandom(600)
    return bytes(note)


BAD = (
    BadFile(b"Bad/empty.opus", _bytes(b""), "partial", "empty"),
    BadFile(
        b"Bad/truncated.opus",
        lambda path: _put(path, opus_note(5, freq=530)[:-700]),
        "partial",
        "end is missing",
    ),
    BadFile(
        b"Bad/headless.opus",
        lambda path: _put(path, opus_note(2, freq=540)[:20]),
        "partial",
        "missing",
    ),
    BadFile(b"Bad/zeros.opus", _bytes(bytes(9000)), "partial", "only zeros"),
    BadFile(
        b"Bad/text.opus", _bytes(b"Dear diary,\n" * 99), "unreadable", "a text, not"
    ),
    BadFile(
        b"Bad/noise.opus",
        _bytes(bytes(range(256)) * 40),
        "unreadable",
        "not a recording in a known format",
    ),
    BadFile(
        b"Bad/zip.m4a", _bytes(b"PK\x03\x04" + bytes(500)), "unreadable", "archive"
    ),
    BadFile(
        b"Bad/really-mp3.opus",
        lambda path: _put(path, encoded("mp3", 2)),
        "ready",
        plays=True,
    ),
    BadFile(
        b"Bad/really-opus.mp3",
        lambda path: _put(path, opus_note(2, freq=550)),
        "ready",
        plays=True,
    ),
    BadFile(
        b"Bad/damaged.opus", lambda path: _put(path, _damaged()), "ready", plays=True
    ),
    BadFile(b"Bad/huge-hole.opus", _sparse(bytes), "partial", "only zeros"),
    BadFile(b"Bad/huge.wav", _sparse(_wav_head), "ready"),
    BadFile(b"Bad/huge.mp3", _sparse(lambda: encoded("mp3", 2)), "ready"),
    BadFile(b"Bad/huge.opus", _huge_ogg, "ready"),
    BadFile(b"Bad/forbidden.opus", _forbidden, "unreadable", "permission denied"),
    BadFile(b"Bad/pipe.opus", _fifo, ""),
    BadFile(b"Links/self.opus", _link(b"self.opus"), "", problem="too many levels"),
    BadFile(b"Links/one.opus", _link(b"two.opus"), "", problem="too many levels"),
    BadFile(b"Links/two.opus", _link(b"one.opus"), "", problem="too many levels"),
    BadFile(b"Links/broken.opus", _link(b"nothing.opus"), "", problem="leads nowhere"),
    BadFile(b"Links/up", _link(b".."), ""),
    BadFile(b"Links/here", _link(b"."), ""),
    BadFile(b"Links/round", _link(b"about"), "", problem="too many levels"),
    BadFile(b"Links/about", _link(b"round"), "", problem="too many levels"),
    BadFile(b"Links/folder.opus", os.mkdir, ""),
)
"""Everything that is wrong with a file itself, or with where it leads."""


def marker(number: int) -> bytes:
    """Make a word that is in one hostile sequence, and nowhere else."""
    return b"q%02dz" % number


def _marked() -> Iterator[tuple[bytes, bytes]]:
    """Yield names with a marker inside an escape sequence, and that marker."""
    forms = (
        (b"\x1b]8;;http:%s.example\x1b\\%s\x1b]8;;\x1b\\", "OSC 8, a link"),
        (b"\x1b]8;;http:%s.example\x07%s\x1b]8;;\x07", "the same, ended by BEL"),
        (b"\x1b]52;c;%s\x07%s", "OSC 52, the clipboard"),
        (b"\x1b]0;%s\x07%s", "OSC 0, the title"),
        (b"\x1b]1337;File=%s\x07%s", "OSC of iTerm2"),
        (b"\x1b[2J\x1b[31;1H%s%s", "CSI, clear and move"),
        (b"\x1b[5i%s%s\x1b[4i", "CSI, print"),
        (b"\x1b[?1049l%s%s", "CSI, leave the screen"),
        (b"\x1b[6n%s%s", "CSI, an answer is typed"),
        (b"\x1bP$q%s\x1b\\%s", "DCS"),
        (b"\x1bPtmux;%s\x1b\\%s", "DCS of tmux"),
        (b"\x1b_G%s\x1b\\%s", "APC, a picture"),
        (b"\x1b^%s\x1b\\%s", "PM"),
        (b"\x1bX%s\x1b\\%s", "SOS"),
        (b"\x1bk%s\x1b\\%s", "a title in screen"),
        (b"\x1bc%s%s", "a reset"),
        (b"\x9b31m%s%s", "CSI in one byte, which is no UTF-8"),
        ("\u009b31m%s%s\u009c".encode(), "CSI in C1 as UTF-8"),
        ("\u009d52;c;%s\u009c%s".encode(), "OSC in C1 as UTF-8"),
        ("\u202e%s\u202c%s".encode(), "from right to left"),
        ("\u2067%s\u2069%s\u200f\u061c".encode(), "isolates and marks"),
        ("\u200e%s\u202a%s\u202c".encode(), "from left to right"),
        ("\u2028%s\u2029%s".encode(), "separators of lines"),
        (b"\x0e%s\x0f%s\x08\x08\x7f", "another character set, backspace, delete"),
        (b"%s\r\n%s\n\n", "line ends"),
        (b"%s\x18\x1a%s", "cancel, substitute"),
        (b"\xf0\x9f\x98%s\xc0\xaf%s", "cut and overlong UTF-8"),
        (b"\xed\xa0\x80%s\xff%s", "a surrogate, and no UTF-8"),
        (b"[@click=app.quit]%s[]]%s", "markup"),
        (b"[bold red on blue]%s[$x]%s", "markup that is none"),
        (b"[link='http:%s']%s", "a link in markup"),
    )
    for number, (form, _what) in enumerate(forms):
        word = marker(number)
        yield form % (word, word), word


MARKED = tuple(_marked())
"""Names without a suffix, and the marker in each."""

HOSTILE_FOLDERS = (
    b"[",
    b"[@click=app.quit]x[",
    *(name for name, _ in MARKED),
    b"n" * 255,
    "\u00e9".encode() * 127,
    b"$HOME `id` 'a' \"b\"",
)
"""Names of folders, and so titles of chats. `[` with `].opus` in it spells `[/]`."""


@cache
def hostile_notes() -> tuple[tuple[bytes, bytes], ...]:
    """List hostile paths of good notes, and the marker in each if it has one."""
    names = [(name + b".opus", word) for name, word in MARKED]
    names += [(name, b"") for name in hostile_names()]
    return (
        (b"[/].opus", b""),
        *((b"Names/" + name, word) for name, word in names),
        *(
            (folder + b"/2025-03-14 11-00-00.opus", b"")
            for folder in HOSTILE_FOLDERS[1:]
        ),
    )


def bad_library(root: Path) -> Path:
    """Write a source that holds everything bad, and good notes between.

    Args:
        root: The folder to make.

    Returns:
        The folder.
    """
    _write(root, GOOD, opus_note(2))
    for number, (path, _) in enumerate(hostile_notes()):
        _write(root, path, with_serial(opus_note(1, freq=400), 1000 + number), number)
    for bad in BAD:
        write_bad(root, bad)
    return root


def write_bad(root: Path, bad: BadFile) -> None:
    """Write one bad file below a source."""
    path = os.fsencode(root) + b"/" + bad.path
    os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120  # bytes
    bad.write(path)
    if bad.state:
        os.utime(path, (_WRITTEN_S, _WRITTEN_S))


def _write(root: Path, path: bytes, data: bytes, older_s: int = 0) -> None:
    full = os.fsencode(root) + b"/" + path
    os.makedirs(os.path.dirname(full), exist_ok=True)  # noqa: PTH103, PTH120  # bytes
    _put(full, data)
    os.utime(full, (_WRITTEN_S - older_s, _WRITTEN_S - older_s))


def not_root() -> tuple[str, ...]:
    """Give the beginning of a command that may not read what is forbidden.

    `chmod` does not stop root from reading. So where the tests run as root, the command
    runs as root without the two capabilities that make it so.

    Returns:
        Words to put before a command; none for an ordinary user.

    Raises:
        LookupError: The tests run as root, and nothing takes the capabilities away.
    """
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        raise LookupError("chmod does not stop root, and setpriv is not installed")
    caps = "-dac_override,-dac_read_search"
    return ("setpriv", "--bounding-set", caps, "--inh-caps", caps)


def spoil_library(path: Path) -> None:
    """Overwrite pages that opening does not look at."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        roots = connection.execute(
            "SELECT rootpage FROM sqlite_master"
            " WHERE name IN ('chat_total', 'file', 'note')"
        ).fetchall()
    with path.open("r+b") as file:
        for (root,) in roots:
            file.seek((root - 1) * 4096)
            file.write(b"\xaa" * 4096)
