"""Files are opened, read and answered for, whatever they are."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.notes import hostile_names, opus_note, tone_wav
from tui import places
from tui.archives import open_quietly
from tui.media import (
    HEAD_BYTES,
    TAIL_BYTES,
    Wholeness,
    head_and_tail,
    probe_fd,
    probe_file,
)

if TYPE_CHECKING:
    from tests.unit.media.conftest import Look

_MEDIA = Path(__file__).parents[2] / "data" / "media"


@pytest.mark.parametrize(
    ("name", "container", "wholeness", "duration"),
    [
        ("PTT-20240815-WA0001.opus", "ogg/opus", "proven", 1000),
        ("PTT-20240815-WA00012.opus", "ogg/opus", "proven", 12_000),
        ("PTT-20240815-WA00035.opus", "ogg/opus", "proven", 3500),
        ("a.3gp", "3gp", "proven", 3000),
        ("a.aac", "adts", "plausible", None),
        ("a.m4a", "mp4", "proven", 3000),
        ("a.mp3", "mp3", "plausible", None),
        ("a.ogg", "ogg/opus", "proven", 3000),
        ("a.qta", "mov", "proven", 3000),
        ("a.wav", "wav", "proven", 3000),
        ("a.webm", "webm", "proven", 3008),
        ("alac.m4a", "mp4", "proven", 3000),
        ("opus.caf", "caf", "proven", 3020),
        ("syn.amr", "amr-nb", "plausible", 3000),
        ("synwb.amr", "amr-wb", "plausible", 2000),
        ("v.ogg", "ogg/vorbis", "proven", 3000),
    ],
)
def test_a_file_of_each_kind(
    name: str, container: str, wholeness: str, duration: int | None
) -> None:
    """Real files are told by their content."""
    probe = probe_file(os.fsencode(_MEDIA / name))
    assert (probe.container, probe.wholeness.value) == (container, wholeness)
    assert probe.duration_ms == duration
    assert probe.reason == ""


@pytest.mark.parametrize(
    ("data", "wholeness", "reason"),
    [
        (b"", "empty", "the file is empty"),
        (b"So the recipe is simple.\n" * 99, "unknown", "a text, not a recording"),
        ("K\u00fcche \u65e5\u672c".encode() * 99, "unknown", "a text, not a recording"),
        (b"\xff\xfe\0x" * 9, "unknown", "not a recording in a known format"),
        (b"ab\0\1" * 9, "unknown", "not a recording in a known format"),
        (b"\xff\xd8\xff\xe0" + bytes(99), "unknown", "a picture, not a recording"),
        (b"PK\3\4" + bytes(99), "unknown", "an archive, not a recording"),
        (b"%PDF-1.7\n", "unknown", "a document, not a recording"),
        (b"SQLite format 3\0" + b"x" * 99, "unknown", "a database, not a recording"),
        (bytes(100_000), "cut", "nothing is written yet, only zeros"),
        (b"\0", "cut", "nothing is written yet, only zeros"),
        (b"Ogg", "cut", "the end is missing"),
        (b"RIFF\1\2", "cut", "the end is missing"),
        (b"\0\0\0\x20fty", "cut", "the end is missing"),
        (b"Hello", "unknown", "a text, not a recording"),
    ],
)
def test_what_is_no_recording(
    look: Look, data: bytes, wholeness: str, reason: str
) -> None:
    """The reason is one that a user understands."""
    probe = look(data)
    assert (probe.wholeness.value, probe.reason) == (wholeness, reason)
    assert (probe.container, probe.duration_ms) == ("", None)


@pytest.mark.parametrize(
    ("data", "container", "has_video"),
    [
        (b"FORM\0\0\0\x20AIFF" + b"x" * 28, "aiff", False),
        (b"RIFF\0\0\0\x20AVI LIST", "avi", True),
        (b"\0\0\1\xba" + b"x" * 28, "mpeg", True),
        (b".snd" + b"x" * 28, "au", False),
        (b"wvpk" + b"x" * 28, "wavpack", False),
    ],
)
def test_formats_known_by_their_first_bytes(
    look: Look, data: bytes, container: str, has_video: bool
) -> None:
    """Rare formats are left to a measurement."""
    probe = look(data)
    assert (probe.container, probe.has_video) == (container, has_video)
    assert (probe.wholeness, probe.duration_ms) == (Wholeness.PLAUSIBLE, None)


def test_a_cut_aiff(look: Look) -> None:
    """The rare format says how long the file is."""
    assert look(b"FORM\0\0\1\0AIFC" + bytes(20)).wholeness is Wholeness.CUT


def test_a_text_that_ends_inside_a_letter(look: Look) -> None:
    """A text is a text, wherever the look at it stops."""
    text = b"x" * 511 + "\u00fc".encode() * 300
    assert look(text).reason == "a text, not a recording"


@pytest.mark.parametrize("size", [0, 1, 4096, 8191, 8192, 8193, 50_000])
def test_head_and_tail(tmp_path: Path, size: int) -> None:
    """A short file is read once and whole; a long one at both ends."""
    data = os.urandom(size)
    path = tmp_path / "file"
    path.write_bytes(data)
    fd = os.open(path, os.O_RDONLY)
    try:
        head, tail = head_and_tail(fd, size)
    finally:
        os.close(fd)
    if size <= HEAD_BYTES + TAIL_BYTES:
        assert head == tail == data
    else:
        assert (head, tail) == (data[:HEAD_BYTES], data[-TAIL_BYTES:])


def test_one_look_is_two_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A voice note costs an open, a stat, two reads and a close."""
    path = tmp_path / "note.opus"
    path.write_bytes(opus_note(20.0))
    # Where a library is open, one stat more tells that the file is not that.
    monkeypatch.setattr(places, "_own", {})
    calls: list[str] = []
    for name in ("open", "fstat", "pread", "close"):
        real = getattr(os, name)

        def counted(
            *args: object, _real: object = real, _name: str = name, **more: object
        ) -> object:
            calls.append(_name)
            assert callable(_real)
            return _real(*args, **more)

        monkeypatch.setattr(os, name, counted)
    assert probe_file(os.fsencode(path)).duration_ms == 20_000
    assert calls == ["open", "fstat", "pread", "pread", "close"]


def test_hostile_names(tmp_path: Path) -> None:
    """Any name can be opened."""
    note = opus_note(0.5)
    for name in hostile_names():
        path = os.fsencode(tmp_path) + b"/" + name
        fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(fd, note)
        os.close(fd)
        assert probe_file(path).duration_ms == 500


def test_what_can_not_be_opened(tmp_path: Path) -> None:
    """The system's own error is what the caller gets."""
    with pytest.raises(FileNotFoundError):
        probe_file(os.fsencode(tmp_path / "none"))
    with pytest.raises(OSError, match="not a regular file"):
        probe_file(os.fsencode(tmp_path))
    pipe = tmp_path / "pipe.opus"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="not a regular file"):
        probe_file(os.fsencode(pipe))  # and does not wait for a writer


def test_only_the_owner_may_leave_the_access_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else's file is opened in the ordinary way; a forbidden one is not."""
    path = tmp_path / "note.opus"
    path.write_bytes(opus_note(0.5))
    real = os.open
    asked: list[int] = []

    def foreign(name: bytes, flags: int) -> int:
        asked.append(flags)
        if flags & os.O_NOATIME:
            raise PermissionError(errno.EPERM, "not the owner")
        return real(name, flags)

    def forbidden(name: bytes, flags: int) -> int:
        raise PermissionError(errno.EACCES, "no")

    monkeypatch.setattr(os, "open", foreign)
    os.close(open_quietly(os.fsencode(path)))
    assert len(asked) == 2
    monkeypatch.setattr(os, "open", forbidden)
    with pytest.raises(PermissionError):
        open_quietly(os.fsencode(path))


def test_looking_leaves_no_trace(tmp_path: Path) -> None:
    """Not even the time of the last access changes."""
    path = tmp_path / "note.wav"
    path.write_bytes(tone_wav(0.2))
    os.utime(path, ns=(10**18, 2 * 10**18))
    probe_file(os.fsencode(path))
    assert path.stat().st_atime_ns == 10**18


@pytest.mark.parametrize(
    "magic", [b"", b"OggS", b"RIFF\xff\xff\xff\xffWAVE", b"caff\0\1"]
)
def test_two_gigabytes(tmp_path: Path, magic: bytes) -> None:
    """A huge sparse file is answered for like any other."""
    path = tmp_path / "huge.opus"
    path.write_bytes(magic)
    os.truncate(path, 2 << 30)
    fd = open_quietly(os.fsencode(path))
    try:
        assert probe_fd(fd, 2 << 30).wholeness is not Wholeness.PROVEN
    finally:
        os.close(fd)
