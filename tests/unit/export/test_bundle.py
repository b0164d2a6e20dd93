"""Bundles: originals with their proof, finished or gone on with, never mixed."""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.child import ROOT
from tests.support.exported import SENT_MS, note_of, told_note
from tests.support.notes import hostile_texts
from tests.support.program import wait_until
from tests.support.zips import packed
from tui.errors import DataError
from tui.export import BundleRequest, Outcome, Steering, job_of
from tui.export import _bundle as making
from tui.export._bundle import BundleJob
from tui.export._manifest import note_line, read_sum, sum_line
from tui.model import Bookmark, Evidence, NoteState, Precision

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tui.export import Progress, Result
    from tui.model import Note

NOW = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)
REST = ["README.txt", "SHA256SUMS", "manifest.csv", "manifest.json"]


@dataclass
class Place:
    """A source, and a folder for a bundle."""

    source: Path
    target: Path

    def note(self, name: str, data: bytes, **facts: Any) -> Note:  # noqa: ANN401  # fields of a row
        """Make a note with an own name."""
        path = self.source / name
        path.write_bytes(data)
        return note_of(path, **{"sender": name.partition(".")[0], **facts})

    def bundle(self, *notes: Note, steering: Steering | None = None) -> list[Result]:
        """Write one."""
        job = BundleJob(BundleRequest(self.target), [os.fsencode(self.source)], now)
        return list(job.run(iter(notes), len(notes), steering or Steering()))

    def names(self) -> list[str]:
        """What is in the folder, also what is hidden."""
        found = (path for path in self.target.rglob("*") if path.is_file())
        return sorted(str(path.relative_to(self.target)) for path in found)

    def manifest(self) -> Any:  # noqa: ANN401  # JSON is anything
        """What the manifest says."""
        return json.loads((self.target / "manifest.json").read_bytes())


def now() -> datetime:
    """Tell the time of these tests."""
    return NOW


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty source, and a folder that is not there yet."""
    (tmp_path / "source").mkdir()
    return Place(tmp_path / "source", tmp_path / "deep" / "bundle")


def outcomes(results: list[Result]) -> list[str]:
    """What became of notes and lists."""
    return [each.outcome.value for each in results]


def checked(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Let the system's own tool check a bundle."""
    return subprocess.run(
        ["sha256sum", "-c", *more, "SHA256SUMS"],
        check=False,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=20,
    )


def test_a_bundle_has_originals_and_their_proof(place: Place) -> None:
    """The system's own tool agrees; a second run finds all of it there."""
    big = bytes(range(256)) * 10_000
    notes = [place.note("a.opus", b"one"), place.note("b.opus", big)]
    place.target.mkdir(parents=True)
    results = place.bundle(*notes)
    assert outcomes(results) == ["saved"] * 6
    assert [each.notes for each in results] == [1, 1, 0, 0, 0, 0]
    assert [each.size for each in results[:2]] == [3, len(big)]
    copies = [f"notes/2024-08-15 18-42-01 Family {name}.opus" for name in "ab"]
    assert place.names() == [*REST, *copies]
    assert (place.target / copies[1]).read_bytes() == big
    assert (place.target / copies[0]).stat().st_mtime_ns == SENT_MS * 1_000_000
    done = checked(place.target, "--strict")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count(": OK\n") == 5
    readme = (place.target / "README.txt").read_text(encoding="utf-8")
    assert "sha256sum -c SHA256SUMS" in readme
    assert max(map(len, readme.splitlines())) <= 88
    before = {name: (place.target / name).stat() for name in place.names()}
    again = place.bundle(*notes)
    assert outcomes(again) == ["there"] * 6
    assert {name: (place.target / name).stat() for name in place.names()} == before


def test_the_manifest_tells_all_that_is_known(place: Place) -> None:
    """Each note with its evidence; the user's own marks stand apart."""
    note = place.note(
        "a.opus",
        b"one",
        precision=Precision.EXACT,
        sent_ms=SENT_MS + 7,
        offset_min=120,
        star=True,
        tags=("recipe",),
        title="Flour",
        duration_ms=1_234,
    )
    os.utime(place.source / "a.opus", ns=(1, 1_700_000_000_123_456_789))
    note = note._replace(
        own_title="Flour",
        comment="Ask her",
        bookmarks=(Bookmark(1_000, "oven"),),
        transcript="so the recipe",
        container="ogg/opus",
        recording="cd" * 16,
        evidence={"sender": Evidence("export \u201cAna\u201d", 0.99)},
    )
    place.bundle(note, told_note(reason="was deleted"))
    found = place.manifest()
    notes = found.pop("notes")
    assert found == {
        "format": "earmark-bundle",
        "version": 1,
        "earmark": found["earmark"],
        "created_at": "2026-03-14T09:30:00Z",
        "totals": {"notes": 2, "files": 1, "missing": 1, "bytes": 3},
    }
    assert notes[0] == {
        "order": 1,
        "id": note.key,
        "file": "notes/2024-08-15 20-42-01 Family a.opus",
        "size": 3,
        "sha256": hashlib.sha256(b"one").hexdigest(),
        "missing": None,
        "kind": "voice",
        "chat": "Family",
        "chat_kind": "group",
        "sender": "a",
        "direction": "received",
        "sent_at": {
            "text": "2024-08-15T20:42:01.007",
            "ms": SENT_MS + 7,
            "precision": "exact",
            "offset_min": 120,
            "order_ms": SENT_MS,
        },
        "evidence": {"sender": {"from": "export \u201cAna\u201d", "confidence": 0.99}},
        "duration_ms": 1_234,
        "container": "ogg/opus",
        "state": "ready",
        "reason": None,
        "recording": "cd" * 16,
        "title": None,
        "text": None,
        "transcript": "so the recipe",
        "phone_played": None,
        "source": {
            "root": str(place.source),
            "path": f"{place.source}/a.opus",
            "role": "primary",
            "mtime": "2023-11-14T22:13:20.123Z",
            "mtime_ns": 1_700_000_000_123_456_789,
        },
        "copies": [],
        "marks": {
            "star": True,
            "tags": ["recipe"],
            "title": "Flour",
            "comment": "Ask her",
            "bookmarks": [{"at_ms": 1_000, "text": "oven"}],
        },
    }
    assert (notes[1]["file"], notes[1]["missing"]) == (None, "was deleted")
    table = (place.target / "manifest.csv").read_text(encoding="utf-8-sig")
    first, second = csv.DictReader(table.splitlines())
    assert (first["file"], first["duration_s"]) == (notes[0]["file"], "1.234")
    assert (second["missing"], second["sha256"]) == ("was deleted", "")


def test_what_is_there_is_taken_whatever_state_it_is_in(place: Place) -> None:
    """Damaged is evidence as well; what can't be read is told, and the rest goes on."""
    damaged = place.note("d.opus", b"no sound", state=NoteState.UNREADABLE, reason="no")
    gone = place.note("gone.opus", b"g")
    (place.source / "gone.opus").unlink()
    pipe = place.note("pipe.opus", b"p")
    (place.source / "pipe.opus").unlink()
    os.mkfifo(place.source / "pipe.opus")
    moved = place.note("moved.opus", b"m")
    copy = place.note("copy.opus", b"m").files[0]
    (place.source / "moved.opus").unlink()
    moved = moved._replace(files=(*moved.files, copy))
    (place.source / "chat.zip").write_bytes(packed(("a/v\xe9.opus", b"zipped")))
    member = place.note("x.opus", b"x")
    file = member.files[0]._replace(path="chat.zip//a/v\xe9.opus".encode(), mtime_ns=5)
    member = member._replace(files=(file,))
    results = place.bundle(damaged, gone, pipe, told_note(), moved, member)
    named = dict(
        zip(["d", "gone", "pipe", "told", "moved", "zip"], results[:6], strict=True)
    )
    failed = {name: r.problem for name, r in named.items() if r.problem}
    assert failed == {
        "gone": f"{place.source}/gone.opus: vanished",
        "pipe": f"{place.source}/pipe.opus: is no regular file",
        "told": f"{'ab' * 16}: its file was never here",
    }
    assert named["moved"].source == os.fsencode(place.source / "copy.opus")
    notes = place.manifest()["notes"]
    assert (notes[0]["state"], notes[0]["reason"]) == ("unreadable", "no")
    assert (place.target / notes[0]["file"]).read_bytes() == b"no sound"
    assert notes[1]["missing"] == failed["gone"]
    assert notes[4]["copies"][0]["path"] == f"{place.source}/moved.opus"
    assert notes[5]["source"] == {
        "root": str(place.source),
        "path": f"{place.source}/chat.zip",
        "member": "a/v\xe9.opus",
        "role": "primary",
        "mtime": "1970-01-01T00:00:00.000Z",
        "mtime_ns": 5,
    }
    assert checked(place.target, "--strict").returncode == 0


def test_hostile_texts_have_no_power(place: Place) -> None:
    """In names, manifest and table; paths that are no text are there in full."""
    texts = [*hostile_texts(), "=1+1", "\uff1d1+1", "\udcff", "\ud800", "a\r\nb"]
    notes = [
        place.note(f"{n}.opus", b"%d" % n, chat_title=text, sender=text, title=text)
        for n, text in enumerate(texts)
    ]
    odd = os.fsencode(place.source) + b"/\xff\n\\.opus"
    with open(odd, "wb") as file:  # noqa: PTH123  # bytes
        file.write(b"odd")
    last = notes[0]._replace(
        files=(notes[0].files[0]._replace(path=b"\xff\n\\.opus"),),
        text="caption",
    )
    assert Outcome.FAILED not in {r.outcome for r in place.bundle(*notes, last)}
    assert checked(place.target, "--strict").returncode == 0
    found = place.manifest()["notes"]
    assert found[-1]["source"]["path"].endswith("/\\xff\n\\.opus")
    assert found[-1]["source"]["path_b64"]
    assert {each["chat"] for each in found} >= {"=1+1", "\\xff", "a\r\nb"}
    table = (place.target / "manifest.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.reader(io.StringIO(table, newline="")))
    assert len(table.splitlines()) == len(rows)
    assert len(rows) == len(notes) + 2
    assert not [cell for row in rows for cell in row if cell[:1] in set("=+@\uff1d")]


@given(st.binary(min_size=1).filter(lambda name: b"\0" not in name))
def test_the_list_of_hashes_takes_any_name(name: bytes) -> None:
    """What is written is read again; an escape that there is not is refused."""
    line = sum_line("ab" * 32, name)
    assert line.count(b"\n") == 1
    assert read_sum(line) == ("ab" * 32, name)
    assert read_sum(b"\\" + b"ab" * 32 + b"  \\x\n") is None


def test_the_systems_tool_reads_escaped_names(tmp_path: Path) -> None:
    """As the GNU tools write them."""
    names = [b"new\nline", b"back\\slash", b"return\r", b"-c", b" both \\\n"]
    for name in names:
        (tmp_path / os.fsdecode(name)).write_bytes(name)
    lines = [sum_line(hashlib.sha256(name).hexdigest(), name) for name in names]
    (tmp_path / "SHA256SUMS").write_bytes(b"".join(lines))
    assert checked(tmp_path, "--strict").returncode == 0


@pytest.mark.parametrize(
    "what", ["file", "hidden", "link", "readme", "notes", "notes link"]
)
def test_a_folder_with_other_files_is_refused(place: Place, what: str) -> None:
    """And stays as it is; so does one in a source."""
    place.target.mkdir(parents=True)
    name = {"file": "a.txt", "hidden": ".a", "readme": "README.txt"}.get(what, "notes")
    if "link" in what:
        (place.target / "README.txt").write_bytes(b"x")
        (place.target / name).symlink_to(place.source)
    elif what == "notes":
        (place.target / "notes").mkdir()
    else:
        (place.target / name).write_bytes(b"x")
    before = sorted(place.target.iterdir())
    note = place.note("a.opus", b"one")
    with pytest.raises(DataError, match="holds other files"):
        place.bundle(note)
    assert sorted(place.target.iterdir()) == before
    place.target = place.source / "new"
    with pytest.raises(DataError, match="lies in the source"):
        place.bundle(note)


def test_a_finished_bundle_is_never_added_to(place: Place) -> None:
    """Neither notes nor another manifest."""
    one, two = place.note("a.opus", b"one"), place.note("b.opus", b"two")
    place.bundle(one, two)
    before = {name: (place.target / name).read_bytes() for name in place.names()}
    with pytest.raises(DataError, match="holds another bundle"):
        place.bundle(one, two, place.note("c.opus", b"three"))
    with pytest.raises(DataError, match="1 more files than there are notes"):
        place.bundle(one)
    with pytest.raises(DataError, match=r"manifest.json: is there, and is not what"):
        place.bundle(one, two._replace(comment="new"))
    for data in (b"onE", b"one more", b"on"):
        (place.source / "a.opus").write_bytes(data)
        with pytest.raises(DataError, match=r"a.opus: is there, and is not what"):
            place.bundle(one, two)
    assert {name: (place.target / name).read_bytes() for name in before} == before
    assert place.names() == sorted(before)


def test_what_is_taken_away_meanwhile_is_missed(place: Place) -> None:
    """No list vouches for a file that somebody removed while others were copied."""
    notes = [place.note(f"{name}.opus", name.encode()) for name in "ab"]
    seen: list[str] = []

    def watch(progress: Progress) -> None:
        seen.append(progress.current.name)
        if progress.done == 1:
            next((place.target / "notes").iterdir()).unlink()

    with pytest.raises(DataError, match="notes: holds 1 less files than there are"):
        place.bundle(*notes, steering=Steering(watch))
    assert len(seen) == 2
    assert "SHA256SUMS" not in place.names()


@pytest.mark.parametrize("made", ["folder", "link", "text"])
def test_something_in_the_place_of_a_file_is_refused(place: Place, made: str) -> None:
    """A link is not followed."""
    note = place.note("a.opus", b"one")
    (copy,) = [each.target for each in place.bundle(note) if each.notes]
    paths = (copy, place.target / "manifest.json", place.target / "manifest.csv")
    elsewhere = place.source.parent / "elsewhere"
    for path in paths:
        content = path.read_bytes()
        path.unlink()
        if made == "folder":
            path.mkdir()
        elif made == "link":
            elsewhere.write_bytes(content)
            path.symlink_to(elsewhere)
        else:
            path.write_bytes(b"{}")
        with pytest.raises(DataError, match=path.name):
            place.bundle(note)
        shutil.rmtree(path) if made == "folder" else path.unlink()
        path.write_bytes(content)
    assert outcomes(place.bundle(note)) == ["there"] * 5


def test_a_run_that_is_ended_goes_on_later(place: Place) -> None:
    """Without lists until it has everything; it is asked within a long file, too."""
    notes = [place.note(f"{n}.opus", b"%d" % n) for n in range(3)]
    seen: list[str] = []
    stopping = Steering(lambda p: seen.append(p.current.name), lambda: len(seen) == 2)
    assert outcomes(place.bundle(*notes, steering=stopping)) == ["saved"] * 2
    assert "SHA256SUMS" not in place.names()
    assert len(place.names()) == 3
    again = place.bundle(*notes)
    assert outcomes(again) == ["there"] * 2 + ["saved", "there"] + ["saved"] * 3


def test_a_recording_that_grows_meanwhile_is_missing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of it would be a false witness."""
    note = place.note("a.opus", b"a")
    real, path = os.read, place.source / "a.opus"

    def grow(fd: int, size: int) -> bytes:
        data = real(fd, size)
        if data == b"a":
            path.write_bytes(b"abc")
        return data

    monkeypatch.setattr(os, "read", grow)
    failed = place.bundle(note)[0]
    assert failed.problem == f"{path}: was changed while it was read"
    assert place.names() == REST


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_takes_nothing_ends_it(
    place: Place, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """With one sentence, and nothing half-written."""
    notes = [place.note("a.opus", b"a"), place.note("b.opus", b"b" * 999)]
    real = os.write

    def full(fd: int, data: bytes) -> int:
        if len(data) == 999:
            raise OSError(number, os.strerror(number))
        return real(fd, data)

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(DataError) as told:
        place.bundle(*notes)
    assert told.value.message.endswith(f"b.opus: {os.strerror(number).lower()}")
    assert [name.partition("Family ")[2] for name in place.names()] == ["", "a.opus"]


def test_a_preview_writes_nothing(place: Place) -> None:
    """It tells what is there already."""
    notes = [place.note("a.opus", b"one"), told_note()]
    job = job_of(BundleRequest(place.target), [os.fsencode(place.source)])
    assert [(r.outcome.value, r.size) for r in job.preview(notes, 2)] == [
        ("saved", 3),
        ("failed", 0),
    ]
    assert not place.target.exists()
    place.bundle(*notes)
    assert outcomes(list(job.preview(notes, 2))) == ["there", "failed"]


KILLED = """
import os, sys
from pathlib import Path
from tests.support.exported import note_of
from tui.export import BundleRequest, Steering, job_of
source, target = map(Path, sys.argv[1:3])
real, count = os.fsync, 0
def sync(fd):
    global count
    count += 1
    if count == int(sys.argv[3]):
        print("writing", flush=True)
        sys.stdin.read()
    real(fd)
os.fsync = sync
notes = [note_of(source / f"{n}.opus", sender=str(n)) for n in range(3)]
job = job_of(BundleRequest(target), [os.fsencode(source)])
list(job.run(iter(notes), 3, Steering()))
"""


@pytest.mark.parametrize(("at", "there"), [(3, 2), (7, 6)])
def test_a_run_that_is_killed_is_resumed(place: Place, at: int, there: int) -> None:
    """At a note, and ahead of the very last file; the manifest keeps its date."""
    notes = [place.note(f"{n}.opus", b"%d" % n * 99, sender=str(n)) for n in range(3)]
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(place.source), str(place.target), str(at)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"writing\n"
        child.send_signal(signal.SIGKILL)
    wait_until(lambda: child.poll() is not None)
    assert any(name.endswith(".part") for name in place.names())
    assert "SHA256SUMS" not in place.names()
    assert outcomes(place.bundle(*notes)).count("there") == there
    assert not any(name.endswith(".part") for name in place.names())
    assert checked(place.target, "--strict").returncode == 0


def test_memory_does_not_grow_with_the_notes(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A manifest is written as the notes come, none of which is kept."""
    held: list[int] = []
    write: Callable[[int, bytes], int] = os.write

    def weigh(fd: int, data: bytes) -> int:
        held.append(len(data))
        return write(fd, data)

    monkeypatch.setattr(os, "write", weigh)
    text = "words " * 20_000
    place.bundle(*(told_note(f"{n:032}", title=text) for n in range(40)))
    assert max(held) < 2_000_000
    assert (place.target / "manifest.json").stat().st_size > 4_000_000


def test_two_runs_at_once_do_not_mix(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where another one was quicker, this one ends."""
    note = place.note("a.opus", b"one")
    real = os.link

    def link(source: Path, target: Path) -> None:
        if target.suffix == ".opus":
            target.write_bytes(b"two")
        real(source, target)

    monkeypatch.setattr(os, "link", link)
    with pytest.raises(DataError, match=r"a.opus: is there, and is not what"):
        place.bundle(note)
    assert "SHA256SUMS" not in place.names()


def test_a_manifest_of_something_else_is_refused(place: Place) -> None:
    """It can't be gone on with."""
    place.bundle(place.note("a.opus", b"one"))
    (place.target / "SHA256SUMS").unlink()
    for content in (b"", b'{"format": "x"', b"[" * 9, b'{"format": "x", "notes": ['):
        (place.target / "manifest.json").write_bytes(content)
        with pytest.raises(DataError, match="is no manifest of a bundle"):
            place.bundle(note_of(place.source / "a.opus"))


def test_times_that_no_calendar_has(place: Place) -> None:
    """Damaged file times do not end it."""
    note = place.note("a.opus", b"one", sent_ms=1 << 60, order_ms=1 << 60)
    file = note.files[0]._replace(mtime_ns=1 << 90, role="copy", path=b"b.opus")
    place.bundle(note._replace(files=(*note.files, file)))
    (told,) = place.manifest()["notes"]
    assert told["copies"][0]["mtime"] is None
    assert told["sent_at"]["ms"] == 1 << 60
    day = place.note("c.opus", b"c", precision=Precision.DAY)
    assert b'"text": "2024-08-15"' in note_line(day, 1, None, "x").encode()


def test_it_is_asked_within_a_long_recording(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was begun of it is taken away."""
    monkeypatch.setattr(making, "_EVERY_S", 0.0)
    note = place.note("a.opus", bytes(3_000_000))
    steps: list[object] = []
    stopping = Steering(steps.append, lambda: len(steps) == 2)
    assert place.bundle(note, steering=stopping) == []
    assert place.names() == ["README.txt"]
