"""Checking a bundle: whatever was done to it is told, and nothing else is touched."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from typing import TYPE_CHECKING, Self

import pytest

from tests.support.exported import note_of, told_note
from tui.errors import DataError
from tui.export import BundleRequest, Steering, job_of
from tui.export import _verify as checking
from tui.export._verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

A = "notes/2024-08-15 18-42-01 Family a.opus"
B = "notes/2024-08-15 18-42-01 Family b.opus"


@pytest.fixture(scope="module")
def written(new_folder: Callable[[str], Path]) -> Path:
    """A bundle of two notes with a file, and one without."""
    source = new_folder("source")
    notes = [told_note()]
    for name in "ab":
        (source / f"{name}.opus").write_bytes(name.encode() * 9)
        notes.append(note_of(source / f"{name}.opus", sender=name))
    folder = new_folder("bundles") / "bundle"
    list(job_of(BundleRequest(folder), []).run(notes, 3, Steering()))
    return folder


@pytest.fixture
def bundle(written: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(written, tmp_path / "bundle")


def found(folder: Path) -> list[tuple[str, str]]:
    """What is wrong: kind and path."""
    findings = verify(folder).findings
    return [(each.flaw.value, os.fsdecode(each.path)) for each in findings]


def reasons(folder: Path) -> list[str]:
    """What is said about the lists."""
    return [each.reason for each in verify(folder).findings]


def rewritten(path: Path, old: str, new: str) -> None:
    """Change a list, so that only the other lists speak against it."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    if path.name == "manifest.json":
        sums = path.with_name("SHA256SUMS")
        sha = hashlib.sha256(path.read_bytes()).hexdigest()
        line = re.compile(rb"\w{64}(  manifest.json)")
        sums.write_bytes(line.sub(sha.encode() + rb"\1", sums.read_bytes()))


def test_a_whole_bundle(bundle: Path) -> None:
    """Nothing is written, and everything read."""
    seen: list[tuple[int, int]] = []
    report = verify(bundle, lambda done, total: seen.append((done, total)))
    assert report.is_whole
    assert (report.files, report.notes) == (5, 3)
    files = [path for path in bundle.rglob("*") if path.is_file()]
    sums = (bundle / "SHA256SUMS").read_bytes()
    assert report.size == sum(path.stat().st_size for path in files) - len(sums)
    assert report.fingerprint == hashlib.sha256(sums).hexdigest()
    assert (4, 5) in seen


def test_what_was_done_to_files_is_told(bundle: Path) -> None:
    """One bit, a file less, one more, also where it can't be seen."""
    data = bytearray((bundle / A).read_bytes())
    data[4] ^= 1
    (bundle / A).write_bytes(data)
    (bundle / B).unlink()
    (bundle / "manifest.csv").write_bytes(b"")
    (bundle / "notes" / "deep" / "er").mkdir(parents=True)
    (bundle / "notes" / "deep" / "er" / "\x1b[31m\n").write_bytes(b"")
    (bundle / ".hidden").symlink_to("/etc/passwd")
    assert found(bundle) == [
        ("changed", A),
        ("missing", B),
        ("changed", "manifest.csv"),
        ("additional", ".hidden"),
        ("additional", "notes/deep/er/\x1b[31m\n"),
    ]


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "folder link", "secret"])
def test_nothing_but_plain_files_is_opened(
    bundle: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link is not followed, not even to the very same bytes."""
    path = bundle / A
    moved = bundle.parent / "moved"
    shutil.copyfile(path, moved)
    if kind == "folder link":
        (bundle / "notes").rename(bundle.parent / "notes")
        (bundle / "notes").symlink_to(bundle.parent / "notes")
        assert found(bundle) == [
            ("unreadable", A),
            ("unreadable", B),
            ("additional", "notes"),
        ]
        return
    path.unlink()
    if kind == "link":
        path.symlink_to(moved)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        shutil.copyfile(moved, path)
        real = os.open

        def refuse(name: bytes, flags: int, **more: int) -> int:
            if name == os.path.basename(A).encode():  # noqa: PTH119  # text
                raise PermissionError(13, "Permission denied")
            return real(name, flags, **more)

        monkeypatch.setattr(os, "open", refuse)
    assert found(bundle) == [("unreadable", A)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("../moved", "line 6 names a file outside of the bundle: ../moved"),
        ("/etc/passwd", "line 6 names a file outside of the bundle: /etc/passwd"),
        ("notes/../../x", "line 6 names a file outside"),
        ("notes//x", "line 6 names a file outside"),
        ("./x", "line 6 names a file outside"),
        ("x\0y", "line 6 names a file outside"),
        ("README.txt", "line 6 lists README.txt twice"),
        ("SHA256SUMS", "line 6 lists SHA256SUMS twice"),
        (A, "line 6 lists notes/2024"),
    ],
)
def test_lists_name_nothing_outside(bundle: Path, line: str, reason: str) -> None:
    """Such a file is not even looked at."""
    (bundle.parent / "moved").write_bytes(b"")
    sha = hashlib.sha256(b"").hexdigest()
    with (bundle / "SHA256SUMS").open("a", encoding="utf-8") as file:
        file.write(f"{sha}  {line}\n")
    (told,) = reasons(bundle)
    assert told.startswith(reason)


def test_names_may_have_any_bytes(bundle: Path) -> None:
    """A list is read with its escapes, in capitals and with a star as well."""
    name = b"notes/\xff \\ \n\r"
    with open(os.fsencode(bundle) + b"/" + name, "wb") as file:  # noqa: PTH123  # bytes
        file.write(b"x")
    sha = hashlib.sha256(b"x").hexdigest().upper().encode()
    sums = bundle / "SHA256SUMS"
    sums.write_bytes(sums.read_bytes() + b"\\" + sha + rb" *notes/" + b"\xff")
    sums.write_bytes(sums.read_bytes() + rb" \\ \n\r" + b"\n")
    assert reasons(bundle) == ["does not tell of notes/\\xff \\ \n\r"]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"size": 9, ', '"size": 8, ', "has another size for"),
        (f'"file": "{A}"', f'"file": "{B}"', f"has another SHA-256 for {B}"),
        (f'"file": "{A}"', '"file": "../x"', "tells of ../x, which is no file"),
        (f'"file": "{A}"', '"file": null', f"does not tell of {A}"),
        (f'"file": "{A}"', '"file": 3', "tells of 3, which is no file"),
        (f'"file": "{A}"', '"fill": "x"', "can't be understood"),
        ('"version": 1', '"version": 2', "has another version"),
        ('"version": 1', '"version": ', "can't be understood"),
        ('"totals": {"notes": 3', '"totals": {"notes": 4', "has not as many notes"),
        ('], "totals"', ' ], "totals"', "can't be understood"),
        ('"notes": [\n', '"notes": [\n[]\n', "can't be understood"),
    ],
)
def test_the_manifest_is_compared(
    bundle: Path, old: str, new: str, reason: str
) -> None:
    """Whoever changes it must change all."""
    rewritten(bundle / "manifest.json", old, new)
    told = reasons(bundle)
    assert any(each.startswith(reason) for each in told), told


def test_a_manifest_that_ends_early(bundle: Path) -> None:
    """Or is gone, or tells of a note twice."""
    path = bundle / "manifest.json"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    rewritten(path, lines[-1], "")
    assert reasons(bundle) == ["ends too early"]
    path.write_text("".join([*lines[:3], lines[2], *lines[3:]]), encoding="utf-8")
    rewritten(path, '"totals": {"notes": 3', '"totals": {"notes": 4')
    assert reasons(bundle) == [f"tells of {A} twice"]
    path.unlink()
    assert found(bundle) == [("missing", "manifest.json")]
    sums = bundle / "SHA256SUMS"
    kept = [line for line in sums.read_bytes().splitlines(True) if b".json" not in line]
    sums.write_bytes(b"".join(kept))
    assert found(bundle) == [("manifest", "SHA256SUMS"), ("missing", "manifest.json")]
    assert "does not list manifest.json" in reasons(bundle)


def test_what_is_no_bundle_is_refused(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing there, nothing finished, or a list without an end."""
    with pytest.raises(DataError, match="no such file"):
        verify(bundle / "nothing")
    with pytest.raises(DataError, match="not a directory"):
        verify(bundle / "README.txt")
    sums = bundle / "SHA256SUMS"
    content = sums.read_bytes()
    sums.write_bytes(b"a" * 20_000)
    with pytest.raises(DataError, match="SHA256SUMS: has too long a line"):
        verify(bundle)
    sums.write_bytes(content + b"no hash\n")
    assert reasons(bundle) == ["line 6 is no hash and name"]
    monkeypatch.setattr(checking, "_MOST_FILES", 3)
    with pytest.raises(DataError, match="lists more than 3 files"):
        verify(bundle)
    sums.unlink()
    with pytest.raises(DataError, match="an unfinished one: it has no SHA256SUMS"):
        verify(bundle)
    os.mkfifo(sums)
    with pytest.raises(DataError, match="can't be read: is no regular file"):
        verify(bundle)


def test_a_manifest_that_was_blown_up_hides_nothing(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No line is read that is longer than any of ours; all else is told as well."""
    (bundle / A).write_bytes(b"other")
    (bundle / "more").write_bytes(b"")
    monkeypatch.setattr(checking, "_LONGEST_NOTE", 100_000)
    (bundle / "manifest.json").write_bytes(b"a" * 200_000)
    assert found(bundle) == [
        ("changed", A),
        ("changed", "manifest.json"),
        ("manifest", "manifest.json"),
        ("additional", "more"),
    ]
    assert "has too long a line: it is none of a bundle" in reasons(bundle)


def test_a_disk_that_fails_is_told(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a file alone, where it is no list."""
    real = os.read

    def fail(fd: int, size: int) -> bytes:
        data = real(fd, size)
        if data == b"a" * 9:
            raise OSError(5, "Input/output error")
        return data

    monkeypatch.setattr(os, "read", fail)
    assert found(bundle) == [("unreadable", A)]
    assert json.loads((bundle / "manifest.json").read_bytes())["totals"]["files"] == 2


def test_what_can_not_be_looked_into_is_told(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is closed; one that became a file while it was opened."""
    (bundle / "deep").mkdir()
    real, real_fstat = os.scandir, os.fstat

    def closed(fd: int) -> object:
        if os.readlink(f"/proc/self/fd/{fd}").endswith("deep"):  # noqa: PTH115  # text
            raise PermissionError(13, "Permission denied")
        return real(fd)

    def other(fd: int) -> os.stat_result:
        if os.readlink(f"/proc/self/fd/{fd}").endswith("a.opus"):  # noqa: PTH115  # text
            return os.stat(bundle)  # noqa: PTH116  # a folder
        return real_fstat(fd)

    monkeypatch.setattr(os, "scandir", closed)
    monkeypatch.setattr(os, "fstat", other)
    assert found(bundle) == [("unreadable", A), ("additional", "deep")]


def test_a_list_that_can_not_be_read_to_its_end(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can be said then."""

    class Failing:
        def __init__(self, fd: int, _mode: str) -> None:
            self._fd = fd

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_args: object) -> None:
            os.close(self._fd)

        def readline(self, _size: int) -> bytes:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fdopen", Failing)
    with pytest.raises(DataError, match="SHA256SUMS: input/output error"):
        verify(bundle)
