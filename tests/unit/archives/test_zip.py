"""Zips in place: whose names, sizes and offsets are not believed."""

from __future__ import annotations

import contextlib
import io
import os
import random
import stat
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.zips import entries, packed, with_field, with_name
from tui.archives import _zip
from tui.archives._zip import ZipFormat
from tui.errors import DocumentError, PartialError

if TYPE_CHECKING:
    from pathlib import Path

    from tui.archives._zip import ZipArchive

_METHODS = [
    zipfile.ZIP_STORED,
    zipfile.ZIP_DEFLATED,
    zipfile.ZIP_BZIP2,
    zipfile.ZIP_LZMA,
]
_NOISE = random.Random(4).randbytes(300_000)
_MIB = 1024 * 1024


def _written(folder: Path, data: bytes) -> bytes:
    path = folder / "a.zip"
    path.write_bytes(data)
    return os.fsencode(path)


def _opened(folder: Path, data: bytes) -> ZipArchive:
    return ZipFormat().open(_written(folder, data), ())


def _names(folder: Path, data: bytes) -> list[bytes]:
    with contextlib.closing(_opened(folder, data)) as archive:
        return [member.path for member in archive.members()]


def _read(folder: Path, data: bytes, name: bytes) -> bytes:
    with (
        contextlib.closing(_opened(folder, data)) as archive,
        archive.open(name) as file,
    ):
        return file.read()


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        (b"WhatsApp Chat - Ana.zip", True),
        (b"A.ZIP", True),
        (b"a.zip.part", False),
        (b"azip", False),
        (b"a.7z", False),
    ],
)
def test_a_zip_is_known_by_its_suffix(name: bytes, fits: bool) -> None:
    """No file has to be opened for that."""
    assert ZipFormat().fits(b"/x", name) is fits


@pytest.mark.usefixtures("no_leak")
@pytest.mark.parametrize("method", _METHODS)
def test_a_member_is_read_in_place(tmp_path: Path, method: int) -> None:
    """Whatever it is packed with; sizes are those before packing."""
    data = packed(("chat/_chat.txt", b"hi"), ("a.opus", _NOISE), method=method)
    with contextlib.closing(_opened(tmp_path, data)) as archive:
        sizes = {member.path: member.size for member in archive.members()}
        assert sizes == {b"chat/_chat.txt": 2, b"a.opus": len(_NOISE)}
        with archive.open(b"a.opus") as one, archive.open(b"chat/_chat.txt") as other:
            assert one.read(5) == _NOISE[:5]
            assert other.read() == b"hi"
            assert one.read() == _NOISE[5:]
        with pytest.raises(FileNotFoundError):
            archive.open(b"b.opus")


@pytest.mark.parametrize("method", _METHODS)
def test_a_member_can_be_searched(tmp_path: Path, method: int) -> None:
    """Readers of sound look at the end first, then at the begin."""
    data = packed(("a.opus", _NOISE), method=method)
    rand = random.Random(7)
    model = io.BytesIO(_NOISE)
    with contextlib.closing(_opened(tmp_path, data)) as archive:
        file = archive.open(b"a.opus")
        with file:
            assert file.seek(0, os.SEEK_END) == len(_NOISE)
            assert file.read() == b""
            assert file.seek(-3, os.SEEK_END) == len(_NOISE) - 3
            assert file.read(9) == _NOISE[-3:]
            for _ in range(12):
                place, size = rand.randrange(len(_NOISE)), rand.randrange(70_000)
                assert file.seek(place) == model.seek(place)
                assert file.read(size) == model.read(size)
                assert file.tell() == model.tell()
            with pytest.raises(io.UnsupportedOperation):
                file.fileno()


@pytest.mark.usefixtures("no_leak")
def test_a_member_outlives_its_archive(tmp_path: Path) -> None:
    """The zip may be closed, and even deleted, while somebody plays from it."""
    archive = _opened(tmp_path, packed(("a.opus", _NOISE)))
    file = archive.open(b"a.opus")
    archive.close()
    archive.close()
    (tmp_path / "a.zip").unlink()
    with file:
        assert file.read() == _NOISE


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a.opus", b"a.opus"),
        ("Ana/2024/a.opus", b"Ana/2024/a.opus"),
        ("Ana\\2024\\a.opus", b"Ana/2024/a.opus"),
        ("./a.opus", b"a.opus"),
        ("x/./a.opus", b"x/a.opus"),
        (
            "Gru\u0308\u00dfe \U0001f3a4.opus",
            "Gru\u0308\u00dfe \U0001f3a4.opus".encode(),
        ),
        (" a .opus", b" a .opus"),
        ("..a/b..opus", b"..a/b..opus"),
        ("/etc/passwd", None),
        ("\\etc\\passwd", None),
        ("../a.opus", None),
        ("x/../../a.opus", None),
        ("x\\..\\a.opus", None),
        ("x/..", None),
        ("..", None),
        (".", None),
        ("x/.", None),
        ("C:\\a.opus", None),
        ("c:a.opus", None),
        ("x//a.opus", None),
        ("\\\\server\\share\\a.opus", None),
        ("x/", None),
        ("x\\", None),
        ("__MACOSX/._a.opus", None),
    ],
)
def test_names_never_leave_the_archive(
    tmp_path: Path, name: str, path: bytes | None
) -> None:
    """A name that is absolute, goes up or has empty parts is left out."""
    info = zipfile.ZipInfo("placeholder")
    info.filename = info.orig_filename = name
    data = packed((info, b"1"), ("good.opus", b"2"))
    names = _names(tmp_path, data)
    assert names == ([b"good.opus"] if path is None else [path, b"good.opus"])
    if path is not None:
        assert _read(tmp_path, data, path) == b"1"


def test_a_name_with_a_nul_is_left_out(tmp_path: Path) -> None:
    """It would be another file's name for whoever stops reading there."""
    data = packed(("good.opus", b"1"), ("evil#.opus", b"2"))
    data = with_name(data, b"evil#.opus", b"evil\0.opus")
    assert _names(tmp_path, data) == [b"good.opus"]


def test_utf8_names_without_their_mark_are_repaired(tmp_path: Path) -> None:
    """Many phones write UTF-8 and do not say so."""
    name = "Grüße.opus".encode()
    data = packed(("#" * (len(name) - 5) + ".opus", b"1"))
    data = with_name(data, b"#" * (len(name) - 5) + b".opus", name)
    assert _names(tmp_path, data) == [name]
    assert _read(tmp_path, data, name) == b"1"


def test_names_in_the_alphabet_of_dos_are_read_so(tmp_path: Path) -> None:
    """What is no UTF-8 has the alphabet that the format was born with."""
    data = packed(("M#ller.opus", b"1"))
    data = with_name(data, b"M#ller.opus", "Müller.opus".encode("cp437"))
    assert _names(tmp_path, data) == ["Müller.opus".encode()]
    assert _read(tmp_path, data, "Müller.opus".encode()) == b"1"


@pytest.mark.parametrize("is_stale", [False, True])
def test_a_second_name_in_utf8_counts(tmp_path: Path, is_stale: bool) -> None:
    """Info-ZIP writes it beside the name; one of before a renaming does not count."""
    raw = "Ж.opus".encode("cp866")
    info = zipfile.ZipInfo("#.opus")
    crc = zlib.crc32(b"else" if is_stale else raw)
    body = b"\x01" + struct.pack("<I", crc) + "Мама.opus".encode()
    info.extra = struct.pack("<HH", 0x7075, len(body)) + body
    data = with_name(packed((info, b"1")), b"#.opus", raw)
    name = raw.decode("cp437") if is_stale else "Мама.opus"
    assert _names(tmp_path, data) == [name.encode()]


@pytest.mark.parametrize("field", ["name", "version"])
def test_one_bad_entry_does_not_lose_the_others(tmp_path: Path, field: str) -> None:
    """A name that is no UTF-8 though it says so, a version of the far future."""
    data = packed(("\u00e9#.opus", b"1"), ("good.opus", b"2"))
    if field == "name":
        data = with_name(data, "\u00e9#.opus".encode(), b"\xff\xfe#.opus")
    else:
        data = with_field(data, 0, "version", 250)
    assert b"good.opus" in _names(tmp_path, data)
    assert _read(tmp_path, data, b"good.opus") == b"2"


def test_of_equal_names_the_last_counts(tmp_path: Path) -> None:
    """As unpacking the zip would leave it; also when they only look different."""
    with pytest.warns(UserWarning, match="Duplicate"):
        data = packed(("x/a", b"1"), ("x/a", b"2"), ("b", b"3"), ("x\\a", b"4"))
    assert sorted(_names(tmp_path, data)) == [b"b", b"x/a"]
    assert _read(tmp_path, data, b"x/a") == b"4"


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO])
def test_only_regular_files_are_members(tmp_path: Path, kind: int) -> None:
    """A link could lead anywhere."""
    odd = zipfile.ZipInfo("odd")
    odd.create_system, odd.external_attr = 3, (kind | 0o755) << 16
    plain = zipfile.ZipInfo("plain")
    plain.create_system, plain.external_attr = 3, (stat.S_IFREG | 0o644) << 16
    assert _names(tmp_path, packed((odd, b"/etc"), (plain, b"1"))) == [b"plain"]


def test_a_directory_of_dos_is_none(tmp_path: Path) -> None:
    """Its name need not end with a slash."""
    folder = zipfile.ZipInfo("folder")
    folder.external_attr = 0x10
    assert _names(tmp_path, packed((folder, b""), ("a", b""))) == [b"a"]


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize(
    ("clock", "seconds"),
    [
        ((2024, 8, 15, 13, 26, 34), 1_723_721_194),
        ((2024, 1, 15, 13, 26, 34), 1_705_321_594),
        ((1980, 1, 1, 0, 0, 0), 0),
        ((1980, 1, 1, 0, 0, 2), 315_529_202),
    ],
)
def test_times_are_the_wall_clock_of_this_machine(
    tmp_path: Path, clock: tuple[int, int, int, int, int, int], seconds: int
) -> None:
    """A zip does not tell its zone; the first moment that it can tell is none."""
    data = packed((zipfile.ZipInfo("a", clock), b"1"))
    with contextlib.closing(_opened(tmp_path, data)) as archive:
        assert [m.mtime_ns for m in archive.members()] == [seconds * 1_000_000_000]


@pytest.mark.parametrize(("field", "value"), [("day", 0), ("day", 0xFFFF)])
def test_a_time_that_is_none_is_not_told(
    tmp_path: Path, field: str, value: int
) -> None:
    """Month 0, or day 31 of month 15."""
    data = with_field(packed(("a", b"1")), 0, field, value)
    with contextlib.closing(_opened(tmp_path, data)) as archive:
        assert [m.mtime_ns for m in archive.members()] == [0]


@pytest.mark.usefixtures("no_leak")
@pytest.mark.parametrize("method", _METHODS)
@pytest.mark.parametrize(
    ("size", "crc_of", "reason"),
    [(999, 999, "holds more"), (0, 0, "holds more"), (2_000, 1_000, "ends before")],
)
def test_a_size_that_lies_is_an_error(
    tmp_path: Path, method: int, size: int, crc_of: int, reason: str
) -> None:
    """Also when the check sum was made to fit what is told."""
    body = _NOISE[:1_000]
    data = packed(("a.opus", body), method=method)
    data = with_field(data, 0, "size", size)
    data = with_field(data, 0, "crc", zlib.crc32(body[:crc_of]))
    with pytest.raises(OSError, match=f"{reason}|damaged"):
        _read(tmp_path, data, b"a.opus")


@pytest.mark.parametrize("method", _METHODS)
@pytest.mark.parametrize("is_searched", [False, True])
def test_damaged_bytes_are_an_error_of_the_file(
    tmp_path: Path, method: int, is_searched: bool
) -> None:
    """Whatever the unpackers call it; nobody above knows their exceptions."""
    data = bytearray(packed(("a.opus", _NOISE), method=method))
    middle = len(data) // 2
    data[middle : middle + 50] = bytes(50)
    with contextlib.closing(_opened(tmp_path, bytes(data))) as archive:
        file = archive.open(b"a.opus")
        if is_searched:
            file.seek(len(_NOISE) - 9)
        with file, pytest.raises(OSError, match=r"damaged|ends before|more"):
            file.read()


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("flags", 1, "is encrypted"),
        ("method", 99, "unknown way"),
        ("crc", 1, "damaged"),
        ("packed", 400_000, "overlaps"),
        ("offset", 7, "not where the zip says"),
        ("offset", 0xFFFFFF00, "not where the zip says"),
        ("size", 0x7FFFFFFF, "larger than may be unpacked"),
    ],
)
@pytest.mark.usefixtures("no_leak")
def test_a_member_that_cannot_be_unpacked_says_why(
    tmp_path: Path, field: str, value: int, reason: str
) -> None:
    """It is listed, opening or reading fails, and the others are there."""
    data = packed(("a.opus", _NOISE), ("b.opus", b"2"))
    data = with_field(data, 0, field, value)
    assert _names(tmp_path, data) == [b"a.opus", b"b.opus"]
    with pytest.raises(OSError, match=reason) as caught:
        _read(tmp_path, data, b"a.opus")
    assert os.fsdecode(caught.value.filename).endswith("a.zip//a.opus")
    assert _read(tmp_path, data, b"b.opus") == b"2"


def test_entries_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    """A few kilobytes could be made a thousand files of a gigabyte."""
    inner = packed(("b.opus", b"2" * 400), method=zipfile.ZIP_STORED)
    data = packed(("a.opus", inner), ("b.opus", b"2" * 400), method=zipfile.ZIP_STORED)
    at = data.index(b"PK\x03\x04", 4)
    changed = bytearray(data)
    listed = [e.listed for e in entries(data)][-1]
    struct.pack_into("<I", changed, listed + 42, at)
    with pytest.raises(OSError, match="overlaps"):
        _read(tmp_path, bytes(changed), b"a.opus")


def test_what_is_packed_too_tightly_is_refused(tmp_path: Path) -> None:
    """Small members may be anything; sound never shrinks two hundred times."""
    data = packed(("big.wav", bytes(11 * _MIB)), ("small.wav", bytes(9 * _MIB)))
    with pytest.raises(OSError, match="too tightly"):
        _read(tmp_path, data, b"big.wav")
    assert len(_read(tmp_path, data, b"small.wav")) == 9 * _MIB


def test_too_many_members_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the list is made of them."""
    data = packed(*((f"{n}.opus", b"") for n in range(30)))
    monkeypatch.setattr(_zip, "_MOST_MEMBERS", 30)
    assert len(_names(tmp_path, data)) == 30
    monkeypatch.setattr(_zip, "_MOST_MEMBERS", 29)
    with pytest.raises(DocumentError, match="too many files"):
        _opened(tmp_path, data)
    monkeypatch.setattr(_zip, "_MOST_LIST", 100)
    with pytest.raises(DocumentError, match="too many files"):
        _opened(tmp_path, data)


@pytest.mark.usefixtures("no_leak")
def test_a_zip_that_is_being_copied_is_partial(tmp_path: Path) -> None:
    """Wherever it is cut: the list of its files stands at the end."""
    data = packed(("a.opus", _NOISE[:500]), ("b.opus", b"2"))
    for size in range(len(data)):
        with pytest.raises(PartialError, match="still being copied"):
            _opened(tmp_path, data[:size])
    with pytest.raises(PartialError):
        _opened(tmp_path, data[:200] + bytes(len(data) - 200))
    with pytest.raises(PartialError):
        _opened(tmp_path, bytes(5_000))


def test_a_zip_cut_behind_a_zip_in_it_is_partial(tmp_path: Path) -> None:
    """The inner one has a list of files, but it is not that of the outer one."""
    inner = packed(("inner.opus", b"1"))
    data = packed(("in.zip", inner), ("b.opus", _NOISE), method=zipfile.ZIP_STORED)
    cut = data.index(b"PK\x05\x06") + 22
    for size in (cut, cut + 5, cut + 1000):
        with pytest.raises(PartialError):
            _opened(tmp_path, data[:size])
    assert _names(tmp_path, data) == [b"in.zip", b"b.opus"]


def test_a_zip_behind_a_program_is_read(tmp_path: Path) -> None:
    """A self-extracting one begins with what unpacks it."""
    data = b"MZ" + bytes(500) + packed(("a.opus", b"1"))
    assert _names(tmp_path, data) == [b"a.opus"]
    assert _read(tmp_path, data, b"a.opus") == b"1"


@pytest.mark.parametrize("comment", [b"", b"packed by hand", b"x" * 65_535])
def test_a_zip_may_have_a_comment_or_nothing(tmp_path: Path, comment: bytes) -> None:
    """Both are whole zips."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.comment = comment
    assert _names(tmp_path, buffer.getvalue()) == []


@pytest.mark.parametrize("data", [b"Rar!\x1a\x07\x00" + bytes(99), b"hello" * 99])
def test_what_is_no_zip_is_refused(tmp_path: Path, data: bytes) -> None:
    """The error names the file."""
    with pytest.raises(DocumentError, match=r"a\.zip: it is no zip") as caught:
        _opened(tmp_path, data)
    assert not isinstance(caught.value, PartialError)


def test_a_damaged_list_of_files_is_no_partial_zip(tmp_path: Path) -> None:
    """Its end is there: waiting does not help."""
    data = bytearray(packed(("a.opus", b"1"), ("b.opus", b"1")))
    data[entries(bytes(data))[1].listed] = 0
    with pytest.raises(DocumentError, match="damaged") as caught:
        _opened(tmp_path, bytes(data))
    assert not isinstance(caught.value, PartialError)


def test_a_zip_that_is_not_there_is_an_error_of_the_file(tmp_path: Path) -> None:
    """As for any file."""
    with pytest.raises(FileNotFoundError):
        ZipFormat().open(os.fsencode(tmp_path / "gone.zip"), ())


_SOUND = packed(("a.opus", _NOISE[:300]), ("x/b.txt", b"hello" * 50))


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(st.integers(0, len(_SOUND) - 1), st.integers(0, 255)),
        min_size=1,
        max_size=12,
    ),
    st.integers(0, len(_SOUND)),
)
def test_no_bytes_break_it(
    tmp_path_factory: pytest.TempPathFactory,
    changes: list[tuple[int, int]],
    cut: int,
) -> None:
    """Whatever a zip says, it is read or refused by an error of ours or the file's."""
    data = bytearray(_SOUND)
    for at, value in changes:
        data[at] = value
    data = data[: cut or None] if cut % 3 == 0 else data
    with contextlib.suppress(DocumentError, OSError):
        archive = _opened(tmp_path_factory.getbasetemp(), bytes(data))
        with contextlib.closing(archive):
            for member in archive.members():
                parts = member.path.split(b"/")
                assert not {b"", b".", b".."} & set(parts)
                assert member.mtime_ns >= 0
                with (
                    contextlib.suppress(OSError),
                    archive.open(member.path) as file,
                ):
                    assert len(file.read()) == member.size
