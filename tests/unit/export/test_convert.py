"""Conversions: the same sound, as long as before, with tags and chapters."""

from __future__ import annotations

import errno
import itertools
import json
import os
import resource
import signal
import subprocess
import tracemalloc
from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mutagen
import pytest

from tests.support.decoded import decoded
from tests.support.exported import SENT_MS, note_of
from tests.support.notes import hostile_texts
from tests.support.program import RAW
from tests.support.sound import chirp, correlation, noise, opus, samples, wav
from tui import demo
from tui.audio import RATE, measure_loudness
from tui.errors import DataError, UsageError
from tui.export import Format, Options, Saver, parse_format, plan
from tui.export._convert import Conversions
from tui.export._encoder import Encoder
from tui.export._write import new_part
from tui.model import Bookmark, Direction, Precision

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.export import Saved
    from tui.model import Note

CONVERTED = [form for form in Format if form is not Format.ORIGINAL]
SECONDS = 2.513
MEDIA = Path(__file__).parents[2] / "data" / "media"
CLIPS = Path(demo.__file__).parent / "clips"
MARKS = (Bookmark(700, "Where is it?"), Bookmark(1_900), Bookmark(99_000, "behind"))


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A voice note, as Opus."""
    path = tmp_path_factory.mktemp("source") / "voice.opus"
    spoken = decoded(min(CLIPS.iterdir()).read_bytes(), rate=RATE)
    path.write_bytes(opus(spoken[: round(SECONDS * RATE)].tobytes()))
    return path


def save(folder: Path, options: Options, *notes: Note) -> list[Saved]:
    """Save notes."""
    made = plan(notes, folder, options)
    return list(Saver(options, [b"/no/such/source"]).run(made, len(notes)))


def one(folder: Path, options: Options, note: Note) -> Path:
    """Save a note, which must go well."""
    (saved,) = save(folder, options, note)
    assert saved.outcome == "saved", saved.problem
    assert saved.size == saved.target.stat().st_size
    return saved.target


def said(path: Path) -> dict[str, str]:
    """What the tags of a file say, whatever its format."""
    tags = dict(mutagen.File(path).tags.items())
    tags |= {name.upper(): value for name, value in tags.items()}
    names = {
        "title": ("TITLE", "TIT2", "\xa9nam"),
        "sender": ("ARTIST", "TPE1", "\xa9ART"),
        "chat": ("ALBUM", "TALB", "\xa9alb"),
        "date": ("DATE", "TDRC", "\xa9day"),
        "comment": ("COMMENT", "COMM::und", "\xa9cmt"),
        "transcript": ("LYRICS", "USLT::und", "\xa9lyr"),
    }
    found = {}
    for name, keys in names.items():
        for value in (tags[key] for key in keys if key in tags):
            text = getattr(value, "text", value)
            found[name] = str(text if isinstance(text, str) else text[0])
    # Mutagen shows the time of MP3 with a blank, and writes it with a T.
    found["date"] = found["date"].replace(" ", "T")
    return found


def chapters(path: Path) -> list[tuple[int, int, str]]:
    """Read the chapters of a file with FFmpeg's libraries."""
    import av

    with av.open(str(path)) as file:
        return [
            (
                round(each["start"] * (each["time_base"] or 0) * 1000),
                round(each["end"] * (each["time_base"] or 0) * 1000),
                each["metadata"]["title"],
            )
            for each in file.chapters()
        ]


@pytest.mark.parametrize("form", CONVERTED)
def test_a_note_in_every_format(sound: Path, tmp_path: Path, form: Format) -> None:
    """The sound stands where it stood, and everything is told beside it."""
    import av

    note = note_of(
        sound,
        title="Bread",
        comment="first\nsecond",
        transcript="Where is it?\nThere.",
        bookmarks=MARKS,
    )
    path = one(tmp_path, Options(form), note)
    assert path.name == f"2024-08-15 18-42-01 Family Ana{form.suffix}"
    assert path.stat().st_mtime_ns == SENT_MS * 1_000_000
    before = decoded(sound.read_bytes(), rate=RATE)
    after = decoded(path.read_bytes(), rate=RATE)
    with av.open(str(path)) as file:
        assert file.streams.audio[0].channels == 1
        stated = (file.duration or 0) / 1_000_000
    # MP3 counts whole frames, M4A decodes to whole ones: each tells the length too.
    lengths = (stated, len(after) / RATE)
    assert min(abs(each - SECONDS) for each in lengths) < 0.001
    assert max(abs(each - SECONDS) for each in lengths) < 0.05
    assert correlation(before.tobytes(), after.tobytes(), reach=2) > 0.95
    assert said(path) == {
        "title": "Bread",
        "sender": "Ana",
        "chat": "Family",
        "date": "2024-08-15T18:42:01",
        "comment": "first\nsecond",
        "transcript": "Where is it?\nThere.",
    }
    found = chapters(path)
    expected = [(0, "Bread"), (700, "Where is it?"), (1900, "0:01")]
    assert [(start, title) for start, _, title in found] == expected
    assert abs(found[-1][1] - 2513) < 10
    (again,) = save(tmp_path, Options(form), note)
    assert again.outcome == "there"
    changed = note._replace(comment="third")
    assert one(tmp_path, Options(form), changed).name.endswith(f"Ana (2){form.suffix}")


@pytest.mark.needs("ffmpeg")
@pytest.mark.parametrize("form", [Format.MP3, Format.M4A, Format.OPUS])
@pytest.mark.parametrize("name", ["syn.amr", "a.m4a", "PTT-20240815-WA0001.opus"])
def test_another_program_reads_them(tmp_path: Path, form: Format, name: str) -> None:
    """Real recordings of phones, looked at by FFmpeg's own program."""
    note = note_of(MEDIA / name, title="Say “hi”", bookmarks=[Bookmark(100, "at")])
    path = one(tmp_path, Options(form), note)
    shown = "format=duration:format_tags:stream=channels:stream_tags:chapter_tags"
    words = ["ffprobe", "-v", "error", "-of", "json", "-show_entries", shown, str(path)]
    done = subprocess.run(words, check=True, capture_output=True)
    assert done.stderr == b""
    found = json.loads(done.stdout)
    sound = next(each for each in found["streams"] if each.get("channels"))
    tags = found["format"].get("tags", {}) | sound.get("tags", {})
    told = {name.lower(): text for name, text in tags.items()}
    assert sound["channels"] == 1
    assert told["title"] == "Say “hi”"
    assert told["artist"] == "Ana"
    assert found["chapters"][1]["tags"]["title"] == "at"
    before = len(decoded((MEDIA / name).read_bytes(), rate=RATE)) / RATE
    assert abs(float(found["format"]["duration"]) - before) < 0.06


@pytest.mark.parametrize("form", CONVERTED)
def test_no_text_has_power_over_who_shows_it(tmp_path: Path, form: Format) -> None:
    """Each tag is written and read back, whatever is in it."""
    source = tmp_path / "x.wav"
    source.write_bytes(wav(chirp(0.2)))
    text = " ".join(hostile_texts())
    note = note_of(
        source,
        title=text,
        chat_title=text,
        sender=text,
        comment=f"{text}\n{text}",
        transcript=text * 9,
        bookmarks=[Bookmark(50, text)],
    )
    path = one(tmp_path / "out", Options(form), note)
    found = said(path)
    assert len(found) == 6
    for name, value in found.items():
        assert RAW.search(value) is None
        if name != "date":
            assert value.startswith("[/] [@click=app.quit]x[/] [bold red on blue]")
            assert value.endswith("nul byte")
    assert found["comment"].count("\n") >= 1
    for _, _, title in chapters(path):
        assert RAW.search(title) is None


def test_what_is_not_known_has_no_tag(sound: Path, tmp_path: Path) -> None:
    """A title is made; a day alone has no time; what the user sent is by me."""
    note = note_of(sound, sender=None, precision=Precision.DAY)
    path = one(tmp_path, Options(Format.MP3), note)
    assert said(path) == {
        "title": "Family 2024-08-15",
        "chat": "Family",
        "date": "2024-08-15",
    }
    mine = note_of(sound, sender=None, direction=Direction.SENT)
    path = one(tmp_path, Options(Format.M4A), mine)
    assert said(path)["sender"] == "me"


@pytest.mark.parametrize("form", [Format.M4A, Format.FLAC])
def test_chapters_move_with_the_pauses(tmp_path: Path, form: Format) -> None:
    """What was at 3 s is earlier when a pause ahead of it is left out."""
    source = tmp_path / "x.wav"
    parts = [chirp(1.0), bytes(2 * 2 * RATE), chirp(1.0)]
    source.write_bytes(wav(b"".join(parts)))
    marks = [Bookmark(2_000, "in the pause"), Bookmark(3_500, "behind it")]
    note = note_of(source, bookmarks=marks)
    path = one(tmp_path / "out", Options(form, skip=2), note)
    (_, pause, behind) = chapters(path)
    length = len(decoded(path.read_bytes(), rate=1000))
    assert length < 3_200
    assert pause[0] < 1_700
    assert abs((length - behind[0]) - 500) < 40


def test_level_bitrate_and_both_sides(tmp_path: Path) -> None:
    """Soft and loud notes are saved equally loud; two channels carry the same."""
    import av

    quiet = tmp_path / "quiet.wav"
    pcm = chirp(3.0)
    quiet.write_bytes(
        wav(
            b"".join((x // 16).to_bytes(2, "little", signed=True) for x in samples(pcm))
        )
    )
    options = Options(Format.MP3, 96_000, channels=2, level=True, target_lufs=-20.0)
    path = one(tmp_path / "out", options, note_of(quiet))
    measured = measure_loudness(os.fsencode(path))
    assert measured is not None
    assert abs(measured + 20.0) < 0.5
    with av.open(str(path)) as file:
        stream = file.streams.audio[0]
        assert (stream.layout.name, stream.bit_rate) == ("stereo", 96_000)
        for frame in file.decode(audio=0):
            left, right = (bytes(plane) for plane in frame.planes)
            assert left == right
    plain = Options(Format.MP3, 96_000, channels=2)
    assert one(tmp_path / "out", plain, note_of(quiet)).name.endswith("(2).mp3")


def sides(path: Path) -> tuple[array[int], array[int]]:
    """Decode both sides of a file."""
    import av

    left, right = array("h"), array("h")
    resampler = av.AudioResampler("s16p", "stereo", RATE)
    with av.open(str(path)) as file:
        for frame in file.decode(audio=0):
            for part in resampler.resample(frame):
                for side, plane in zip((left, right), part.planes, strict=True):
                    side.frombytes(bytes(plane)[: part.samples * 2])
    return left, right


def test_a_recording_of_two_sides_keeps_both(tmp_path: Path) -> None:
    """With --stereo, also levelled; where pauses are left out they are alike."""
    left = array("h", samples(chirp(1.7)))
    low = array("h", [each // 4 for each in samples(chirp(1.7, 300, 900))])
    both = array("h", itertools.chain(*zip(left, low, strict=True)))
    source = tmp_path / "both.wav"
    source.write_bytes(wav(both.tobytes(), channels=2))
    note = note_of(source, bookmarks=[Bookmark(1_000, "here")])
    path = one(tmp_path / "out", Options(Format.FLAC, channels=2), note)
    assert sides(path) == (left, low)
    assert chapters(path)[1][0] == 1_000
    louder = Options(Format.FLAC, channels=2, level=True, target_lufs=-20.0)
    made = sides(one(tmp_path / "level", louder, note))
    assert [len(side) for side in made] == [len(left), len(left)]
    for was, now in zip((left, low), made, strict=True):
        assert correlation(was.tobytes(), now.tobytes()) > 0.99
    loud, soft = (max(side[RATE:]) for side in made)
    assert loud / soft == pytest.approx(max(left[RATE:]) / max(low[RATE:]), rel=0.05)
    mono = sides(one(tmp_path / "mono", Options(Format.FLAC), note))
    alike = sides(one(tmp_path / "skip", Options(Format.FLAC, None, 2, skip=1), note))
    assert mono[0] == mono[1]
    assert alike[0] == alike[1]


def test_the_same_sound_makes_the_same_bytes(sound: Path, tmp_path: Path) -> None:
    """So that two runs can be compared."""
    for form in CONVERTED:
        paths = [one(tmp_path / each, Options(form), note_of(sound)) for each in "ab"]
        assert paths[0].read_bytes() == paths[1].read_bytes()


def test_what_is_no_sound_is_told_and_leaves_nothing(
    sound: Path, tmp_path: Path
) -> None:
    """The others are saved."""
    bad = tmp_path / "bad.opus"
    bad.write_bytes(b"no sound" * 99)
    gone = note_of(tmp_path / "gone.opus")
    empty = tmp_path / "empty.wav"
    empty.write_bytes(wav(b""))
    saved = save(
        tmp_path / "out",
        Options(Format.MP3),
        note_of(bad),
        note_of(empty),
        gone,
        note_of(sound),
    )
    assert [each.outcome for each in saved] == ["failed"] * 3 + ["saved"]
    assert saved[0].problem.startswith(f"{bad}: ")
    assert saved[1].problem.startswith(f"{empty}: ")
    assert saved[2].problem == f"{tmp_path}/gone.opus: vanished"
    assert list((tmp_path / "out").iterdir()) == [saved[3].target]


def test_a_file_of_somebody_else_stays(sound: Path, tmp_path: Path) -> None:
    """Also one that only has the name of a sound, or the same tags without our mark."""
    path = tmp_path / "2024-08-15 18-42-01 Family Ana.mp3"
    path.write_text("a list")
    assert one(tmp_path, Options(Format.MP3), note_of(sound)).name.endswith("(2).mp3")
    assert path.read_text() == "a list"


@pytest.fixture
def no_signal() -> Iterator[None]:
    """A file that is too large is an error, as on a full disk, and no signal."""
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGXFSZ, before)


@pytest.mark.usefixtures("no_signal")
@pytest.mark.parametrize("form", CONVERTED)
def test_a_disk_that_fills_up_leaves_nothing_half(tmp_path: Path, form: Format) -> None:
    """Wherever it happens: in the sound, at its end, or in the tags."""
    source = tmp_path / "x.wav"
    source.write_bytes(wav(noise(1.5)))
    options = Options(form, None if form.bit_rates is None else form.bit_rates[1])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    note = note_of(source, transcript="x" * 9_000)
    whole = one(tmp_path / "whole", options, note).stat().st_size
    for limit in (4_096, whole - 12_000, whole - 3_000):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
        try:
            (saved,) = save(tmp_path / "out", options, note)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert saved.outcome == "failed"
        assert saved.problem == f"{saved.target}: file too large", (limit, whole)
        assert list((tmp_path / "out").iterdir()) == []


def test_a_full_disk_ends_it(
    sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the program for tags wraps what the system says."""
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def full(*_: object) -> None:
        raise mutagen.MutagenError(error)

    monkeypatch.setattr("mutagen.mp3.MP3.save", full)
    with pytest.raises(DataError, match=r"Ana\.mp3: no space left on device"):
        save(tmp_path / "out", Options(Format.MP3), note_of(sound))

    def wrong(*_: object) -> None:
        raise mutagen.MutagenError

    monkeypatch.setattr("mutagen.mp3.MP3.save", wrong)
    (saved,) = save(tmp_path / "out", Options(Format.MP3), note_of(sound))
    assert saved.problem.endswith("it can't be tagged")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_long_note_takes_no_memory(tmp_path: Path) -> None:
    """A minute of sound is 6 MB, of which a few blocks are held at a time."""
    source = tmp_path / "x.wav"
    source.write_bytes(wav(bytes(2 * RATE * 60)))
    options = Options(Format.WAV)
    note = note_of(source, duration_ms=60_000)
    (planned,) = plan([note], tmp_path, options)
    shares: list[float] = []
    with new_part(tmp_path) as part:
        tracemalloc.start()
        try:
            made = Conversions(options)
            size = made.make(planned, planned.source, part, shares.append)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert size > 2 * RATE * 60
    assert peak < 1_500_000
    assert shares == sorted(shares)
    assert max(shares) > 0.9


@pytest.mark.parametrize("rate", [None, 32_000, 320_000])
@pytest.mark.parametrize("samples", [1, 4_032, 31_017])
def test_an_mp3_is_as_long_as_the_sound(
    tmp_path: Path, rate: int | None, samples: int
) -> None:
    """To the sample, for whoever minds what LAME writes at the beginning."""
    path = tmp_path / "x.mp3"
    pcm = chirp(0.7)[: 2 * samples]
    channels = 2 if rate else 1
    with Encoder(path, Options(Format.MP3, rate, channels), path) as encoder:
        encoder.write(pcm)
        encoder.finish(())
    assert len(decoded(path.read_bytes(), rate=RATE)) == samples
    info = mutagen.File(path).info
    assert round(info.length * RATE) == samples
    assert info.bitrate == rate or rate is None
    assert info.encoder_info.startswith("LAME 3")


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"format": Format.WAV, "bit_rate": 64_000}, "no bit rate"),
        ({"format": Format.OPUS, "bit_rate": 1_000}, "6 to 256 kbit/s"),
        ({"format": Format.MP3, "channels": 3}, "1 or 2 channels"),
        ({"format": Format.MP3, "skip": 4}, "0 to 3"),
        ({"skip": 1}, "originals are copied"),
        ({"channels": 2}, "originals are copied"),
    ],
)
def test_options_that_do_not_go_together(facts: dict[str, Any], message: str) -> None:
    """They are refused before anything is done."""
    with pytest.raises(UsageError, match=message):
        Options(**facts)


def test_names_of_formats() -> None:
    """In any case, also as a suffix; a wrong one is told with the nearest."""
    assert parse_format(" .MP3") is Format.MP3
    with pytest.raises(UsageError, match=r"there are original, .*did you mean flac\?"):
        parse_format("flak")
