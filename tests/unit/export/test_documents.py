"""Documents: which there are, with which sounds, and what is left as it is."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import re
import tracemalloc
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, unquote_to_bytes

import pytest

from tests.support.exported import SENT_MS, note_of, told_note
from tests.support.notes import amr_note, hostile_texts, opus_note
from tests.support.sound import chirp, wav
from tests.support.zips import packed
from tui.audio import RATE
from tui.errors import DataError
from tui.export import (
    DocumentFormat,
    DocumentOptions,
    DocumentRequest,
    Format,
    Linked,
    Options,
    Outcome,
    Per,
    Steering,
    job_of,
)
from tui.export import _document_job as module
from tui.export._shortened import shortened
from tui.model import Bookmark, NoteFile, SourceId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from tui.export import Progress, Result
    from tui.export._documents import Entry, Head
    from tui.model import Note

SOUND = opus_note(0.3)


@dataclass
class Place:
    """A source, and a folder for documents."""

    source: Path
    out: Path

    def note(self, name: str, data: bytes = SOUND, **facts: Any) -> Note:  # noqa: ANN401  # fields by name
        """Make a note."""
        path = self.source / name
        path.write_bytes(data)
        note = note_of(path)
        return note._replace(row=note.row._replace(**{"duration_ms": 300, **facts}))

    def options(self, form: str, **more: Any) -> DocumentOptions:  # noqa: ANN401  # fields by name
        """What is wanted."""
        return DocumentOptions(DocumentFormat(form), **more)

    def write(
        self, options: DocumentOptions, *notes: Note, steering: Steering | None = None
    ) -> list[Result]:
        """Write documents."""
        job = job_of(DocumentRequest(self.out, options), [os.fsencode(self.source)])
        return list(job.run(iter(notes), len(notes), steering or Steering()))

    def names(self) -> list[str]:
        """All files, also what is hidden."""
        paths = (path for path in self.out.rglob("*") if path.is_file())
        return sorted(str(path.relative_to(self.out)) for path in paths)

    def table(self, name: str) -> list[dict[str, str]]:
        """Read a table."""
        text = (self.out / name).read_text("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty source, and a folder that is not there yet."""
    (tmp_path / "source").mkdir()
    return Place(tmp_path / "source", tmp_path / "deep" / "out")


def in_turns(chats: int, notes: int, **facts: object) -> list[Note]:
    """Make notes of chats of the same name, which write in turns."""
    return [
        told_note(
            f"{number:032x}",
            chat_id=number % chats + 1,
            sent_ms=SENT_MS + number * 1_000,
            duration_ms=1_000,
            **{"chat_title": "Family", **facts},
        )
        for number in range(notes)
    ]


def test_chats_that_write_in_turns(place: Place) -> None:
    """Each has its document, also when it is called like another on some disk."""
    notes = in_turns(3, 9)
    names = ("Family", "FAMILY", "family.csv")
    notes = [
        note._replace(row=note.row._replace(chat_title=names[number % 3]))
        for number, note in enumerate(notes)
    ]
    options = place.options("csv", per=Per.CHAT)
    results = place.write(options, *notes)
    assert [each.target.name for each in results] == [
        "Family.csv",
        "FAMILY (2).csv",
        "family.csv (2).csv",
    ]
    assert {(each.outcome, each.notes) for each in results} == {(Outcome.SAVED, 3)}
    assert place.names() == sorted(each.target.name for each in results)
    rows = place.table("FAMILY (2).csv")
    assert [row["id"] for row in rows] == [f"{number:032x}" for number in (1, 4, 7)]
    assert [row["number"] for row in rows] == ["1", "2", "3"]
    info = results[1].target.stat()
    assert info.st_mtime_ns == (SENT_MS + 7_000) * 1_000_000
    assert info.st_size == results[1].size
    again = place.write(options, *notes)
    assert [each.outcome for each in again] == [Outcome.THERE] * 3
    assert results[1].target.stat() == info


def test_nothing_is_written_over(place: Place) -> None:
    """What is there with other bytes stays; what was changed gets a new name."""
    options = place.options("md")
    place.out.mkdir(parents=True)
    (place.out / "Family.md").write_text("mine")
    (place.out / "Family (2).md").symlink_to("nowhere")
    (first,) = place.write(options, *in_turns(1, 2))
    assert (first.target.name, first.outcome) == ("Family (3).md", Outcome.SAVED)
    (second,) = place.write(options, *in_turns(1, 2))
    assert (second.target, second.outcome) == (first.target, Outcome.THERE)
    (third,) = place.write(options, *in_turns(1, 3))
    assert (third.target.name, third.outcome) == ("Family (4).md", Outcome.SAVED)
    assert (place.out / "Family.md").read_text() == "mine"


def test_one_document_for_all_or_for_each(place: Place) -> None:
    """Called as the user wants, or as the sound of the note would be."""
    notes = in_turns(2, 2)
    (result,) = place.write(place.options("json"), *notes)
    assert (result.target.name, result.notes) == ("Voice notes.json", 2)
    made = json.loads(result.target.read_bytes())
    assert [each["start_ms"] for each in made["notes"]] == [0, 1_000]
    (result,) = place.write(place.options("txt", per=Per.ALL, title="a/b"), *notes)
    assert result.target.name == "a-b.txt"
    assert result.target.read_text().startswith("a/b\n2 notes, 0:02, 2024-08-15\n")
    options = place.options("srt", sound=Options(template="{chat}/{time} {n}"))
    results = place.write(options, *notes)
    assert [str(each.target.relative_to(place.out)) for each in results] == [
        "Family/18-42-01 0001.srt",
        "Family/18-42-02 0002.srt",
    ]
    # The only chat is called as the user wants, its file as ever.
    (result,) = place.write(place.options("txt", title="Mum's"), notes[0])
    assert result.target.name == "Family.txt"
    assert result.target.read_text().startswith("Mum's\n1 note, 0:01, 2024-08-15\n")


def test_sounds_are_copied_beside_documents(place: Place) -> None:
    """As they are, or as MP3 where browsers can't play them; all are found again."""
    notes = [
        place.note("a.opus", chat_title="Mum & #1 %", title="x"),
        place.note("b.amr", amr_note(0.3), chat_title="Mum & #1 %", title="x"),
        told_note(chat_title="Mum & #1 %"),
        place.note("gone.opus", chat_title="Mum & #1 %", title="gone"),
    ]
    (place.source / "gone.opus").unlink()
    sound = Options(template="{title}{n}")
    options = place.options("csv", per=Per.CHAT, linked=Linked.COPY, sound=sound)
    progress: list[Progress] = []
    *failed, done = place.write(options, *notes, steering=Steering(progress.append))
    assert (done.outcome, done.notes) == (Outcome.SAVED, 4)
    assert [(each.outcome, each.key) for each in failed] == [
        (Outcome.FAILED, notes[2].key),
        (Outcome.FAILED, notes[3].key),
    ]
    assert failed[1].source == os.fsencode(place.source / "gone.opus")
    assert failed[1].problem == f"{place.source}/gone.opus: vanished"
    assert place.names() == [
        "Mum & #1 %.csv",
        "Mum & #1 %/x0001.opus",
        "Mum & #1 %/x0002.mp3",
    ]
    rows = place.table("Mum & #1 %.csv")
    assert [unquote(row["sound"]) for row in rows] == [*place.names()[1:], "", ""]
    assert (place.out / unquote(rows[0]["sound"])).read_bytes() == SOUND
    assert (place.out / unquote(rows[1]["sound"])).read_bytes()[:3] == b"ID3"
    assert rows[3]["sound_problem"] == failed[1].problem
    shares = [each.share for each in progress]
    assert shares == sorted(shares)
    assert 0 <= shares[0] <= shares[-1] <= 1
    assert max(each.done for each in progress) <= 4
    assert [each.outcome for each in place.write(options, *notes)][-1] is Outcome.THERE


def test_subtitles_lie_beside_sounds_of_the_same_name(place: Place) -> None:
    """Where players look for them, also when the name was taken."""
    place.out.mkdir(parents=True)
    (place.out / "x.opus").write_text("mine")
    sound = Options(template="{title}")
    options = place.options("vtt", linked=Linked.COPY, sound=sound)
    notes = [
        place.note(f"{hz}.opus", opus_note(0.3, freq=hz), title="x")
        for hz in (300, 400)
    ]
    assert {each.outcome for each in place.write(options, *notes)} == {Outcome.SAVED}
    sounds, texts = (
        {n[: -len(s)] for n in place.names() if n.endswith(s)}
        for s in (".opus", ".vtt")
    )
    assert texts == sounds - {"x"}
    assert len(texts) == 2
    gone = note_of(place.source / "gone.opus", title="gone")
    failed, done = place.write(options, gone)
    assert failed.key == gone.key
    assert (done.outcome, done.target.name) == (Outcome.SAVED, "gone.vtt")


def test_links_lead_to_the_files_of_the_source(place: Place) -> None:
    """By all bytes of their names; none leads into an archive or to what is gone."""
    odd = place.note("a\udcff #%\n.opus")
    (place.source / "z.zip").write_bytes(packed(("a.opus", SOUND)))
    root = os.fsencode(place.source)
    member = odd._replace(files=(NoteFile(SourceId(1), root, b"z.zip//a.opus", 3, 0),))
    both = odd._replace(files=(*member.files, *odd.files))
    gone = note_of(place.source / "gone.opus")
    options = place.options("json", linked=Linked.LINK)
    (place.source / "folder").mkdir()
    folder = note_of(place.source / "folder")
    first, second, third, done = place.write(options, odd, member, both, gone, folder)
    assert third.problem == f"{place.source}/folder: is no regular file"
    assert [each.outcome for each in (first, second)] == [Outcome.FAILED] * 2
    assert first.problem.endswith(
        "z.zip//a.opus: lies in an archive: no link leads there"
    )
    assert second.problem == f"{place.source}/gone.opus: vanished"
    job = job_of(DocumentRequest(place.out, options), [])
    looked = job.preview(iter([odd, member]), 2)
    assert [each.outcome for each in looked] == [Outcome.FAILED, Outcome.SAVED]
    made = json.loads(done.target.read_bytes())["notes"]
    assert [bool(each["sound"]) for each in made] == [True, False, True, False, False]
    href = made[0]["sound"]["href"]
    assert unquote_to_bytes(href.removeprefix("file://")) == odd.files[0].full_path
    assert made[0]["sound"] == made[2]["sound"]
    assert made[0]["sound"] == {"href": href, "mime": "audio/ogg", "size": len(SOUND)}


@pytest.mark.parametrize(
    ("form", "linked", "length", "mark"),
    [
        ("html", Linked.EMBED, r'data-ms="(\d+)"', r'data-at="(\d+)"'),
        ("html", Linked.COPY, r'data-ms="(\d+)"', r'data-at="(\d+)"'),
        ("srt", Linked.COPY, None, r"00:00:0(\d,\d{3}) --> .*\nbehind"),
        ("rss", Linked.COPY, r"duration>(\d)<", r"0:0(\d) behind"),
        ("json", Linked.COPY, r'"duration_ms": (\d+)', r'"at_ms": (\d+)'),
    ],
)
def test_a_sound_without_pauses_is_told_of_as_it_is(
    place: Place, form: str, linked: Linked, length: str | None, mark: str
) -> None:
    """Its length, bookmarks and waveform are its own; programs get the recording's."""
    data = wav(b"".join([chirp(1.0), bytes(2 * 2 * RATE), chirp(1.0)]))
    note = place.note("a.wav", data, duration_ms=4_000)
    marks = (Bookmark(2_000, "in the pause"), Bookmark(3_500, "behind"))
    note = note._replace(bookmarks=marks, peaks=b"\xff" * 100)
    sound = Options(Format.FLAC, skip=2)
    more = {"base_url": "http://x/"} if form == "rss" else {}
    options = place.options(form, linked=linked, sound=sound, **more)
    (done,) = place.write(options, note)
    made = done.target.read_text()
    moments = [int(text.replace(",", "")) for text in re.findall(mark, made)]
    lengths = [int(text) for text in re.findall(length, made)] if length else []
    if form == "json":
        assert (lengths, moments) == ([4_000], [2_000, 3_500])
    elif form == "rss":
        assert (lengths, moments) == ([2], [1])
    else:
        assert 1_300 < moments[-1] < 2_700
        for each in lengths:
            assert abs(each - moments[-1] - 500) < 40
    if form == "html":  # bars: none is low in what was said, half in the recording
        assert 0 < len(re.findall(r"M\d+ 15v2", made)) < 24
    assert place.write(options, note)[-1].outcome is Outcome.THERE


def test_what_can_not_be_read_any_more_is_told_of_as_it_was(place: Place) -> None:
    """A recording may vanish, and so may what was made of it."""
    made = place.source / "made.flac"
    made.write_text("no sound")
    marks = (Bookmark(200, "here"),)
    gone = place.note("gone.opus")._replace(bookmarks=marks, peaks=b"\xff")
    (place.source / "gone.opus").unlink()
    ticks: list[None] = []
    told = shortened(
        gone,
        Options(Format.FLAC, skip=1),
        made,
        lambda: ticks.append(None),
        is_drawn=True,
    )
    assert told == gone._replace(peaks=None)
    # Another file of it is read instead.
    other = place.note("other.opus")
    both = gone._replace(files=(*gone.files, *other.files))
    made.write_bytes(SOUND)
    options = Options(Format.OPUS, skip=1)
    told = shortened(both, options, made, lambda: ticks.append(None), is_drawn=True)
    assert (told.bookmarks, told.row.duration_ms) == (marks, 300)
    assert ticks


class _Sounds:
    """A writer that puts sounds together."""

    def write(
        self,
        file: io.BytesIO,
        head: Head,
        entries: Iterable[Entry],
        tick: Callable[[], None],
    ) -> None:
        for entry in entries:
            data = entry.sound.read_bytes() if entry.sound else b""
            assert len(data) == entry.size
            file.write(f"{entry.mime} {data[:3]!r} {entry.problem}\n".encode())


def test_sounds_go_into_documents(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of archives as well; what was made for it is gone afterwards."""
    monkeypatch.setattr(module, "writer_of", lambda _form: _Sounds())
    (place.source / "z.zip").write_bytes(packed(("a.opus", SOUND)))
    root = os.fsencode(place.source)
    plain = place.note("a.opus")
    notes = [
        plain._replace(files=(NoteFile(SourceId(1), root, b"z.zip//a.opus", 3, 0),)),
        place.note("b.amr", amr_note(0.3)),
        place.note("c.amr", b"no sound")._replace(container="amr-nb"),
        plain,
        note_of(place.source / "gone.opus"),
    ]
    *failed, done = place.write(place.options("html"), *notes)
    assert [each.key for each in failed] == [notes[2].key, notes[4].key]
    lines = done.target.read_text().splitlines()
    assert lines[0] == lines[3] == "audio/ogg b'Ogg' "
    assert lines[1] == "audio/mpeg b'ID3' "
    assert lines[4] == "  b'' vanished".strip() or lines[4] == " b'' vanished"
    assert place.names() == ["Family.html"]
    wav = place.options("html", sound=Options(format=Format.WAV))
    (done,) = place.write(wav, plain)
    assert done.target.read_text() == "audio/wav b'RIF' \n"


@pytest.mark.parametrize("per", [Per.NOTE, Per.ALL])
def test_a_disk_that_is_full_ends_it(
    place: Place, monkeypatch: pytest.MonkeyPatch, per: Per
) -> None:
    """With one error; a document that is too large is told of, and others go on."""

    class Failing:
        def __init__(self, number: int) -> None:
            self._number = number

        def write(self, file: io.BytesIO, *_others: object) -> None:
            file.write(b"x" * 99_999)
            raise OSError(self._number, os.strerror(self._number))

    options = place.options("txt", per=per)
    monkeypatch.setattr(module, "writer_of", lambda _form: Failing(errno.ENOSPC))
    with pytest.raises(DataError, match=r"\.txt: no space left on device"):
        place.write(options, *in_turns(1, 2))
    assert place.names() == []
    monkeypatch.setattr(module, "writer_of", lambda _form: Failing(errno.EFBIG))
    results = place.write(options, *in_turns(1, 2))
    assert [each.outcome for each in results] == [Outcome.FAILED] * len(results)
    assert sum(each.notes for each in results) == 2
    assert place.names() == []


@pytest.mark.parametrize("linked", [Linked.NONE, Linked.COPY])
@pytest.mark.parametrize("per", list(Per))
def test_a_run_can_be_ended(place: Place, per: Per, linked: Linked) -> None:
    """Nothing of what was begun is left, and all that was told of is whole."""
    notes = [place.note(f"{number}.opus", title=str(number)) for number in range(3)]
    options = place.options("txt", per=per, linked=linked)
    whole: set[int] = set()
    for most in range(60):
        steps: list[Progress] = []
        steering = Steering(steps.append, lambda: len(steps) >= most)  # noqa: B023  # used at once
        results = place.write(options, *notes, steering=steering)
        documents = [name for name in place.names() if name.endswith(".txt")]
        assert len(documents) == len(results)
        assert not [name for name in place.names() if ".part" in name]
        whole.add(len(results))
        if len(steps) < most:
            break  # it came to its end
        for path in place.out.rglob("*.txt"):
            path.unlink()
    assert whole >= {0, 3 if per is Per.NOTE else 1}


def test_a_preview_writes_nothing(place: Place) -> None:
    """It tells of the documents, about their sizes, and of notes without sound."""
    notes = [place.note("a.opus"), told_note("ee" * 16), *in_turns(1, 1, chat_title="")]
    options = place.options("md", linked=Linked.COPY)
    job = job_of(DocumentRequest(place.out, options), [os.fsencode(place.source)])
    failed, other, *looked = job.preview(iter(notes), len(notes))
    assert [failed.outcome, other.outcome] == [Outcome.FAILED] * 2
    assert failed.key == "ee" * 16
    assert [(each.target.name, each.notes) for each in looked] == [("Family.md", 3)]
    assert looked[0].size > len(SOUND)
    assert not place.out.exists()
    job = job_of(DocumentRequest(place.out, place.options("srt")), [])
    assert len(list(job.preview(iter(notes), len(notes)))) == 3
    inside = DocumentRequest(place.source / "x", options)
    job = job_of(inside, [os.fsencode(place.source)])
    for refused in (
        job.check,
        lambda: list(job.preview([], 0)),
        lambda: list(job.run([], 0, Steering())),
    ):
        with pytest.raises(DataError, match="which is only read"):
            refused()


@pytest.mark.parametrize("form", list(DocumentFormat))
def test_hostile_names_in_every_document(place: Place, form: DocumentFormat) -> None:
    """All can be written, under names that do not leave the folder."""
    texts = hostile_texts()
    notes = [
        told_note(
            f"{number:032x}",
            chat_id=number,
            chat_title=text,
            sender=text,
            title=text,
            sent_ms=(-(10**18), SENT_MS, 10**18)[number % 3],
            offset_min=(None, 0, 10**6)[number % 3],
        )._replace(transcript=text)
        for number, text in enumerate(texts)
    ]
    options = place.options(
        form.value,
        per=Per.CHAT,
        linked=Linked.COPY if form is DocumentFormat.RSS else Linked.NONE,
        base_url="http://x/" if form is DocumentFormat.RSS else "",
    )
    results = [each for each in place.write(options, *notes) if not each.key]
    assert {each.outcome for each in results} == {Outcome.SAVED}
    assert {each.target.parent for each in results} == {place.out}
    assert len(place.names()) == len(texts)


def test_what_is_in_memory_does_not_grow(place: Place) -> None:
    """120 notes in turns, 12 MB of transcripts: a sixth of that and less."""
    said = "x" * 100_000

    def notes() -> Iterable[Note]:
        for note in in_turns(40, 120):
            yield note._replace(transcript=f"{note.key} {said}")

    job = job_of(DocumentRequest(place.out, place.options("csv", per=Per.CHAT)), [])
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        results = list(job.run(notes(), 120, Steering()))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(each.size for each in results) > 12_000_000
    assert most - before < 2_000_000
