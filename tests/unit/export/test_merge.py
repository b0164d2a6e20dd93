"""Merges: all notes in one file, a chapter each, and nobody hears where they meet."""

from __future__ import annotations

import json
import math
import os
import subprocess
import tracemalloc
from array import array
from typing import TYPE_CHECKING

import mutagen
import pytest

from tests.support.decoded import decoded
from tests.support.exported import SENT_MS, note_of
from tests.support.merging import (
    ENCODED,
    FORMATS,
    MINUTE,
    chapters,
    merge,
    one,
    said,
    steps,
    told_chapters,
)
from tests.support.notes import hostile_texts
from tests.support.program import RAW
from tests.support.sound import chirp, correlation, sine, wav
from tui.audio import RATE, measure_loudness
from tui.errors import DataError, UsageError
from tui.export import (
    Format,
    MergeRequest,
    Options,
    Separator,
)
from tui.export import _merge as merge_module
from tui.model import Direction, Precision

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tui.model import Note


@pytest.fixture(scope="module")
def sounds(source: Path) -> list[array[int]]:
    """What is heard in each, decoded by PyAV alone."""
    return [decoded(path.read_bytes(), rate=RATE) for path in sorted(source.iterdir())]


@pytest.fixture(scope="module")
def merged(
    notes: list[Note], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Format], Path]:
    """Give a function that merges the notes, once into each format."""
    folder = tmp_path_factory.mktemp("merged")

    def path_of(form: Format) -> Path:
        path = folder / f"all{form.suffix}"
        return path if path.exists() else one(path, Options(form), *notes)

    return path_of


@pytest.mark.parametrize("form", FORMATS)
def test_notes_of_any_container_in_every_format(
    merged: Callable[[Format], Path],
    notes: list[Note],
    sounds: list[array[int]],
    form: Format,
) -> None:
    """The same sounds one behind the other, and a chapter where each begins."""
    import av

    path = merged(form)
    whole = array("h", b"".join(each.tobytes() for each in sounds))
    after = decoded(path.read_bytes(), rate=RATE)
    with av.open(str(path)) as file:
        stated = (file.duration or 0) / 1_000_000
    # MP3 counts whole frames, M4A decodes to whole ones: each tells the length too.
    lengths = (stated, len(after) / RATE)
    assert min(abs(each - len(whole) / RATE) for each in lengths) < 0.01
    assert correlation(whole.tobytes(), after.tobytes(), reach=2) > 0.95
    assert said(path) == ["Family", "Ana", "Family", "2024-08-15T18:42:01"]
    assert path.stat().st_mtime_ns == (SENT_MS + 4 * MINUTE) * 1_000_000
    starts = [sum(map(len, sounds[:n])) * 1000 / RATE for n in range(5)]
    titles = [f"2024-08-15 18:{42 + n} Ana" for n in range(5)]
    for found in ([each[::2] for each in chapters(path)], told_chapters(path)):
        assert [title for _, title in found] == titles
        assert all(abs(a - b) < 10 for (a, _), b in zip(found, starts, strict=True))
    ends = [end for _, end, _ in chapters(path)]
    assert ends[:-1] == [start for start, _, _ in chapters(path)[1:]]
    assert abs(ends[-1] - len(whole) * 1000 / RATE) < 10
    before = path.stat()
    (again,) = merge(path, Options(form), *notes)
    assert (again.outcome, again.notes, again.size) == ("there", 5, 0)
    assert path.stat() == before


@pytest.mark.needs("ffmpeg")
@pytest.mark.parametrize("form", FORMATS)
def test_another_program_finds_the_chapters(
    merged: Callable[[Format], Path], form: Format
) -> None:
    """FFmpeg's own program, which complains of nothing."""
    words = ["ffprobe", "-v", "error", "-of", "json", "-show_chapters"]
    done = subprocess.run([*words, str(merged(form))], check=True, capture_output=True)
    assert done.stderr == b""
    found = json.loads(done.stdout)["chapters"]
    assert [each["tags"]["title"][-9:] for each in found] == [
        f"18:{42 + n} Ana" for n in range(5)
    ]
    starts = [float(each["start_time"]) * 1000 for each in found]
    expected = [start for start, _, _ in chapters(merged(form))]
    assert all(abs(a - b) <= 1 for a, b in zip(starts, expected, strict=True))


@pytest.mark.parametrize("form", ENCODED)
def test_nobody_hears_the_joints(tmp_path: Path, form: Format) -> None:
    """Sounds that were cut off at their loudest meet without a click."""
    parts = [sine((n + 0.25) / 440) for n in (90, 91, 92)]
    notes = []
    for number, pcm in enumerate(parts):
        path = tmp_path / f"{number}.wav"
        path.write_bytes(wav(pcm))
        notes.append(note_of(path))
    plain = steps(array("h", b"".join(parts)))
    path = one(tmp_path / f"out{form.suffix}", Options(form), *notes)
    found = steps(decoded(path.read_bytes(), rate=RATE))
    for joint in (len(parts[0]) // 2, len(parts[0] + parts[1]) // 2):
        around = slice(joint - RATE // 50, joint + RATE // 50)
        assert 20 * math.log10(max(plain[around])) > -20
        assert 20 * math.log10(max(found[around])) < -60


def test_nothing_else_is_changed(tmp_path: Path) -> None:
    """What begins and ends in silence is joined sample by sample, as is a lone note."""
    short, quiet = sine(0.003), bytes(480) + chirp(0.25) + bytes(480)
    loud = sine(0.1)[:9_000]
    for number, pcm in enumerate((quiet, quiet, short, loud)):
        (tmp_path / f"{number}.wav").write_bytes(wav(pcm))
    notes = [note_of(tmp_path / f"{number}.wav") for number in (0, 1)]
    path = one(tmp_path / "two.flac", Options(Format.FLAC), *notes)
    assert decoded(path.read_bytes(), rate=RATE).tobytes() == quiet * 2
    path = one(tmp_path / "one.wav", Options(Format.WAV), note_of(tmp_path / "3.wav"))
    assert decoded(path.read_bytes(), rate=RATE).tobytes() == loud
    notes = [note_of(tmp_path / f"{number}.wav") for number in (3, 2, 3, 2)]
    path = one(tmp_path / "four.wav", Options(Format.WAV), *notes)
    four = decoded(path.read_bytes(), rate=RATE)
    assert len(four) * 2 == 2 * len(loud + short)
    assert max(steps(four)) < 0.001


def test_silence_and_tone_between_two_notes(tmp_path: Path) -> None:
    """They belong to the chapter before; there are none behind the last note."""
    (tmp_path / "x.wav").write_bytes(wav(chirp(0.5)))
    note = note_of(tmp_path / "x.wav")
    wave = Options(Format.WAV)
    path = one(tmp_path / "a.wav", wave, note, note, note, gap_ms=300)
    assert [start for start, _, _ in chapters(path)] == [0, 800, 1600]
    pcm = decoded(path.read_bytes(), rate=RATE)
    assert len(pcm) == RATE * 21 // 10
    assert not any(pcm[RATE // 2 + 99 : RATE * 4 // 5])
    tone = Separator.TONE
    path = one(tmp_path / "b.wav", wave, note, note, gap_ms=300, separator=tone)
    assert [start for start, _, _ in chapters(path)] == [0, 880]
    pcm = decoded(path.read_bytes(), rate=RATE)
    between = pcm[RATE // 2 + 99 : RATE * 88 // 100]
    assert 1_000 < max(between) < 2_100
    with pytest.raises(UsageError, match="0 to 60 seconds"):
        MergeRequest(tmp_path, wave, gap_ms=60_001)


@pytest.mark.needs("espeak")
def test_who_and_when_is_said(tmp_path: Path) -> None:
    """Ahead of each note, in its chapter; no name has power over the program."""
    (tmp_path / "x.wav").write_bytes(wav(chirp(0.5)))
    hostile = note_of(tmp_path / "x.wav", sender="-w/x [[h@l'oU]] \x1b[31m<speak>")
    plain = note_of(tmp_path / "x.wav", sender=None, precision=Precision.DAY)
    options = Options(Format.WAV, level=True)
    speech = Separator.SPEECH
    path = one(tmp_path / "a.wav", options, hostile, plain, separator=speech)
    starts = [start for start, _, _ in chapters(path)]
    pcm = decoded(path.read_bytes(), rate=RATE)
    ends = [starts[1] * RATE // 1000, len(pcm)]
    assert starts[0] == 0
    for start, end in zip((0, ends[0]), ends, strict=True):
        words = pcm[start : end - RATE * 3 // 4]
        pause = pcm[end - RATE * 3 // 4 + 99 : end - RATE // 2 - 99]
        assert len(words) > RATE
        assert max(words) > 3_000
        assert not any(pause)


def test_speech_needs_its_program(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is missed before anything is written; if it fails, it is told."""
    note = note_of(source / "5.wav")
    speech = Separator.SPEECH
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DataError, match="espeak-ng: is not installed"):
        merge(tmp_path / "new/x.wav", Options(Format.WAV), note, separator=speech)
    assert list(tmp_path.iterdir()) == []
    program = tmp_path / "espeak-ng"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    with pytest.raises(DataError, match="espeak-ng: can't say who"):
        merge(tmp_path / "new/x.wav", Options(Format.WAV), note, separator=speech)
    assert list((tmp_path / "new").iterdir()) == []


def test_tags_tell_only_what_is_true_of_all(tmp_path: Path, source: Path) -> None:
    """Of several chats or senders none is named."""
    path = source / "5.wav"
    first = note_of(path, sender=None, direction=Direction.SENT)
    second = note_of(path, chat_title="Work", precision=Precision.DAY)
    made = one(tmp_path / "a.flac", Options(Format.FLAC), first, second)
    assert said(made) == ["VoiceTnotes", "", "", "2024-08-15T18:42:01"]
    titles = [title for _, _, title in chapters(made)]
    assert titles == ["2024-08-15 18:42 me", "2024-08-15 Ana"]
    made = one(tmp_path / "b.mp3", Options(Format.MP3), first, first, title="For\nYou")
    assert said(made) == ["ForTYou", "me", "Family", "2024-08-15T18:42:01"]


@pytest.mark.parametrize("form", ENCODED)
def test_no_text_has_power_over_who_shows_it(
    tmp_path: Path, source: Path, form: Format
) -> None:
    """Titles of files and chapters are written and read back, whatever is in them."""
    text = " ".join(hostile_texts())
    note = note_of(source / "5.wav", chat_title=text, sender=text)
    path = one(tmp_path / f"x{form.suffix}", Options(form), note, title=text)
    for title in (said(path)[0].replace("T", " "), chapters(path)[0][2][17:]):
        assert RAW.search(title) is None
        assert title.startswith("[/] [@click=app.quit]x[/] [bold red on blue]")
    folder = tmp_path / "folder"
    folder.mkdir()
    named = one(folder, Options(form), note, title=text)
    assert named.parent == folder
    assert named.name.endswith(form.suffix)
    assert RAW.search(named.name) is None


def test_level_and_pauses(tmp_path: Path) -> None:
    """Soft and loud notes are equally loud, and short where nobody speaks."""
    soft = array("h", [x // 12 for x in array("h", chirp(1.2))]).tobytes()
    for name, pcm in (("soft", soft), ("loud", chirp(1.2) + bytes(4 * RATE))):
        (tmp_path / f"{name}.wav").write_bytes(wav(pcm + chirp(0.1)))
    notes = [note_of(tmp_path / f"{name}.wav") for name in ("soft", "loud")]
    options = Options(Format.WAV, channels=2, level=True, target_lufs=-20.0, skip=3)
    path = one(tmp_path / "x.wav", options, *notes)
    (_, joint, _), (_, end, _) = chapters(path)
    assert joint > 1_000
    assert end < 3_400
    whole = decoded(path.read_bytes(), rate=RATE)
    for heard in (whole[: joint * 48], whole[joint * 48 :]):
        (tmp_path / "part.wav").write_bytes(wav(heard.tobytes()))
        measured = measure_loudness(os.fsencode(tmp_path / "part.wav"))
        assert measured is not None
        assert abs(measured + 20.0) < 2.5


def test_many_notes(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than a list of ID3 holds, and more than Ogg can count."""
    monkeypatch.setattr(merge_module, "_MOST_COMMENTS", 9)
    monkeypatch.setattr("tui.export._tags._LISTED", 4)
    (tmp_path / "x.wav").write_bytes(wav(sine(0.02)))
    note = note_of(tmp_path / "x.wav")
    path = one(tmp_path / "x.mp3", Options(Format.MP3), *[note] * 25)
    found = chapters(path)
    assert [start for start, _, _ in found] == list(range(0, 500, 20))
    lists = {each.element_id: each for each in mutagen.File(path).tags.getall("CTOC")}
    assert max(len(each.child_element_ids) for each in lists.values()) == 4

    def below(name: str) -> list[str]:
        if name not in lists:
            return [name]
        return [each for part in lists[name].child_element_ids for each in below(part)]

    frames = sorted(
        mutagen.File(path).tags.getall("CHAP"), key=lambda each: each.start_time
    )
    assert below("toc") == [each.element_id for each in frames]
    path = one(tmp_path / "x.ogg", Options(Format.OGG), *[note] * 25)
    found = chapters(path)
    assert [start for start, _, _ in found] == list(range(0, 500, 60))
    assert [title[20:] for _, _, title in found] == [" (+2)"] * 8 + [""]


def test_a_long_merge_takes_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a minute of sound a few blocks are held; a WAV that is too long is told."""
    (tmp_path / "x.wav").write_bytes(wav(bytes(2 * RATE * 30)))
    notes = [note_of(tmp_path / "x.wav")] * 2
    tracemalloc.start()
    try:
        one(tmp_path / "out.wav", Options(Format.WAV), *notes)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_500_000
    monkeypatch.setattr("tui.export._encoder._MOST_WAV", 4_000_000)
    with pytest.raises(DataError, match="a WAV holds 0 hours of sound"):
        merge(tmp_path / "two.wav", Options(Format.WAV), *notes)
    assert not list(tmp_path.glob(".earmark*"))
