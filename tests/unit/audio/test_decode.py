"""Sound out of files: exact positions, every container, no file that breaks it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.notes import amr_note, encoded, opus_note, silent_video, tone_wav
from tests.support.sound import (
    chirp,
    correlation,
    find,
    frequency,
    noise,
    opus,
    sine,
    wav,
)
from tui.audio._api import RATE
from tui.audio._decode import Decoder, Recording
from tui.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Iterator

MEDIA = sorted((Path(__file__).parents[2] / "data" / "media").iterdir())
SUFFIXES = ["m4a", "mp4", "mov", "3gp", "aac", "mp3", "flac", "webm", "mka", "ogg"]
SUFFIXES += ["oga", "caf", "wav", "wma"]


def write(folder: Path, name: str, content: bytes) -> bytes:
    """Write a file and give its path."""
    path = folder / name
    path.write_bytes(content)
    return os.fsencode(path)


def decoded(path: bytes, start: float = 0.0, speed: float = 1.0) -> tuple[bytes, float]:
    """Decode a file from a position on; the PCM and the measured end."""
    recording = Recording(path)
    try:
        with Decoder(recording, start, speed) as decoder:
            pcm = b"".join(block for block, _ in decoder)
            assert decoder.end is not None
            return pcm, decoder.end
    finally:
        recording.close()


def test_seeks_in_pcm_are_exact(tmp_path: Path) -> None:
    """Forty places, each hit on the sample."""
    source = noise(20)
    path = write(tmp_path, "noise.wav", wav(source))
    recording = Recording(path)
    chance = random.Random(3)
    for _ in range(40):
        frame = chance.randrange(19 * RATE)
        with Decoder(recording, frame / RATE) as decoder:
            pcm = next(block for block, _ in decoder if block)
            assert find(source, pcm) == frame
            assert decoder.start == pytest.approx(frame / RATE)
    recording.close()


@pytest.mark.parametrize("suffix", ["opus", "flac", "mp3", "ogg", "oga"])
def test_seeks_in_compressed_sound_are_exact(suffix: str, tmp_path: Path) -> None:
    """After a seek the samples are those of a pass from the start."""
    content = opus(chirp(6)) if suffix == "opus" else encoded(suffix, 6.0, freq=443)
    path = write(tmp_path, f"note.{suffix}", content)
    whole, end = decoded(path)
    assert end == pytest.approx(6.0, abs=0.05)
    chance = random.Random(5)
    for _ in range(10):
        frame = chance.randrange(RATE // 2, 5 * RATE)
        part, _end = decoded(path, frame / RATE)
        if suffix in {"opus", "ogg"}:
            assert part[:4000] == whole[2 * frame : 2 * frame + 4000]
        # At 44.1 kHz a place may lie between two samples.
        near = memoryview(whole).cast("h")[frame : frame + 2000]
        here = memoryview(part).cast("h")[:2000]
        assert max(abs(a - b) for a, b in zip(near, here, strict=True)) < 1300


@pytest.mark.parametrize("suffix", ["mka", "webm"])
def test_seeks_in_matroska_are_right(suffix: str, tmp_path: Path) -> None:
    """It tells times in milliseconds, so a seek can't be more exact than that."""
    path = write(tmp_path, f"note.{suffix}", encoded(suffix, 6.0, freq=100))
    whole, _end = decoded(path)
    for frame in (60_000, 99_999, 222_222):
        part, _end = decoded(path, frame / RATE)
        piece = whole[2 * frame : 2 * frame + 16_000]
        assert correlation(piece, part[:16_000], reach=48) > 0.99


@pytest.mark.parametrize("path", MEDIA, ids=lambda path: path.name)
def test_every_sample_file_decodes(path: Path) -> None:
    """All containers of the test data, from the start, from the middle, faster."""
    name = os.fsencode(path)
    whole, end = decoded(name)
    assert end > 0.5
    assert len(whole) / 2 / RATE == pytest.approx(end, abs=0.001)
    half, same = decoded(name, end / 2)
    assert same == pytest.approx(end, abs=0.03)
    assert len(half) == pytest.approx(len(whole) / 2, rel=0.05)
    fast, same = decoded(name, 0.0, 1.5)
    assert same == pytest.approx(end, abs=0.001)
    assert len(fast) == pytest.approx(len(whole) / 1.5, rel=0.05, abs=4000)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_made_file_has_its_length_and_pitch(suffix: str, tmp_path: Path) -> None:
    """The engine's rate and one channel, whatever the file has."""
    pcm, end = decoded(write(tmp_path, f"a.{suffix}", encoded(suffix, 2.0)))
    assert end == pytest.approx(2.0, abs=0.1)
    assert frequency(pcm[20_000:-20_000]) == pytest.approx(440, rel=0.01)


@pytest.mark.parametrize("speed", [0.5, 0.7, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0])
def test_speed_keeps_the_pitch(speed: float, tmp_path: Path) -> None:
    """The length changes, the tone does not."""
    path = write(tmp_path, "a.wav", wav(sine(4)))
    pcm, end = decoded(path, 1.0, speed)
    assert end == pytest.approx(4.0)
    assert len(pcm) / 2 / RATE == pytest.approx(3.0 / speed, rel=0.02)
    assert frequency(pcm[8000:-8000]) == pytest.approx(440, rel=0.02)


def test_stereo_and_other_rates_become_mono(tmp_path: Path) -> None:
    """A file of two channels at 8 kHz."""
    path = write(tmp_path, "a.wav", tone_wav(2.0, rate=8000, channels=2))
    pcm, end = decoded(path)
    assert end == pytest.approx(2.0)
    assert frequency(pcm) == pytest.approx(440, rel=0.01)


def test_blocks_carry_their_time(tmp_path: Path) -> None:
    """The time of each block is where it stands in the recording."""
    recording = Recording(write(tmp_path, "a.wav", wav(noise(3))))
    with Decoder(recording, 1.0) as decoder:
        expected = 1.0
        for pcm, at in decoder:
            assert at == pytest.approx(expected)
            expected += len(pcm) / 2 / RATE
    recording.close()
    assert expected == pytest.approx(3.0)


@pytest.mark.parametrize("wide", [False, True])
def test_containers_without_a_length(wide: bool, tmp_path: Path) -> None:
    """What would be a guess is left open; the end is measured.

    The file holds nothing but what a phone sends while nobody speaks.
    """
    path = write(tmp_path, "a.amr", amr_note(3.0, wide=wide))
    recording = Recording(path)
    with Decoder(recording) as decoder:
        assert decoder.duration is None
        assert len(b"".join(pcm for pcm, _ in decoder)) // 2 == 3 * RATE
        assert decoder.end == pytest.approx(3.0)
    recording.close()


@pytest.mark.parametrize("keep", [0.2, 0.7])
@pytest.mark.parametrize("suffix", ["opus", "mp3", "flac", "wav"])
def test_a_cut_file_plays_what_is_there(
    suffix: str, keep: float, tmp_path: Path
) -> None:
    """Whatever its head claims; a position behind the cut means the end."""
    content = opus_note(8.0) if suffix == "opus" else encoded(suffix, 8.0)
    path = write(tmp_path, f"a.{suffix}", content[: int(len(content) * keep)])
    pcm, end = decoded(path)
    assert 0 < end < 7.5
    assert len(pcm) / 2 / RATE == pytest.approx(end, abs=0.01)
    rest, same = decoded(path, 7.9)
    assert rest == b""
    assert same == pytest.approx(end, abs=0.2)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.opus", b"", "empty"),
        ("text.opus", b"Dear diary,\n" * 500, "not a sound file"),
        ("noise.mp3", random.Random(1).randbytes(200), "not a sound file"),
        ("list.m3u8", b"#EXTM3U\n#EXTINF:1,\nhttp://a.invalid/b.mp3\n", "sound"),
        ("concat.opus", b"ffconcat version 1.0\nfile a.wav\n", "not a sound file"),
        ("head.opus", opus_note(1.0)[:30], "not a sound file"),
        ("silent.mp4", silent_video(1.0), "no audio in it"),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value else "",
)
def test_what_is_no_sound_says_so(
    name: str, content: bytes, reason: str, tmp_path: Path
) -> None:
    """In plain words."""
    (tmp_path / "a.wav").write_bytes(tone_wav(1.0))
    with pytest.raises(AudioError) as caught:
        decoded(write(tmp_path, name, content))
    assert reason in caught.value.reason


def test_what_can_not_be_opened_says_so(tmp_path: Path) -> None:
    """Vanished, a folder, a pipe without anybody at its other end."""
    pipe = tmp_path / "pipe.opus"
    os.mkfifo(pipe)
    folder = tmp_path / "folder.opus"
    folder.mkdir()
    loop = tmp_path / "loop.opus"
    loop.symlink_to(loop)
    for path, reason in [
        (tmp_path / "gone", "vanished"),
        (folder, "a folder, not a file"),
        (pipe, "not a file"),
        (loop, "Too many levels of symbolic links"),
    ]:
        with pytest.raises(AudioError) as caught:
            Recording(os.fsencode(path))
        assert caught.value.reason == reason


def test_what_may_not_be_read_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Faked, because root may read everything."""
    path = write(tmp_path, "a.wav", tone_wav(1.0))

    def refuse(*_args: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(AudioError) as caught:
        Recording(path)
    assert caught.value.reason == "permission denied"


def test_names_of_any_bytes_open(tmp_path: Path) -> None:
    """No UTF-8, newlines, things that look like options or protocols."""
    for name in (b"\xff\xfe.wav", b"a\nb.wav", b"-i.wav", b"http:x.wav", b"%d.wav"):
        path = os.fsencode(tmp_path) + b"/" + name
        Path(os.fsdecode(path)).write_bytes(tone_wav(0.5))
        assert decoded(path)[1] == pytest.approx(0.5)


def test_a_wrong_suffix_does_not_matter(tmp_path: Path) -> None:
    """The content decides."""
    assert decoded(write(tmp_path, "a.mp3", opus_note(2.0)))[1] == pytest.approx(2.0)
    assert decoded(write(tmp_path, "a.txt", encoded("m4a", 2.0)))[1] > 1.9


def test_bad_packets_are_passed_over(tmp_path: Path) -> None:
    """The rest is played, and the time goes on."""
    content = bytearray(encoded("m4a", 6.0))
    chance = random.Random(9)
    for _ in range(60):
        content[chance.randrange(2000, len(content) // 2)] = chance.randrange(256)
    recording = Recording(write(tmp_path, "a.m4a", bytes(content)))
    with Decoder(recording) as decoder:
        pcm = b"".join(block for block, _ in decoder)
        assert decoder.skipped > 0
    recording.close()
    assert len(pcm) / 2 / RATE == pytest.approx(6.0, abs=0.3)


def test_a_large_file_is_not_read_into_memory(tmp_path: Path) -> None:
    """Two gigabytes of silence: opened, sought in, and a little decoded."""
    path = tmp_path / "large.wav"
    size = 2_000_000_000
    head = bytearray(wav(b""))
    head[4:8] = (size + 36).to_bytes(4, "little")
    head[40:44] = size.to_bytes(4, "little")
    with path.open("wb") as file:
        file.write(head)
        file.truncate(size + 44)
    recording = Recording(os.fsencode(path))
    with Decoder(recording, 20_000.0) as decoder:
        blocks: Iterator[tuple[bytes, float]] = iter(decoder)
        got = sum(len(next(blocks)[0]) for _ in range(50))
        assert 0 < got < 10_000_000
        assert decoder.duration == pytest.approx(size / 2 / RATE)
    recording.close()


def test_a_hole_after_the_sound_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two gigabytes of nothing behind the sound: what is there is given, then an error.

    FFmpeg would look through all of it within one call, deaf to commands.
    """
    monkeypatch.setattr("tui.audio._decode.PATIENCE_S", 0.2)
    path = tmp_path / "hole.mp3"
    path.write_bytes(encoded("mp3", 2))
    os.truncate(path, 2 << 30)
    recording = Recording(os.fsencode(path))
    blocks: list[int] = []
    begun = time.monotonic()
    with Decoder(recording) as decoder:
        with pytest.raises(AudioError, match="no sound was found for some seconds"):
            blocks.extend(len(block) for block, _ in decoder)
        assert decoder.end is None, "a disk that sleeps is no end"
    recording.close()
    assert sum(blocks) / 2 / RATE == pytest.approx(2, abs=0.15)
    assert time.monotonic() - begun < 5


_FUZZ = """
import os, random, sys
from tui.audio._decode import Decoder, Recording
from tui.errors import AudioError
folder, seed = sys.argv[1], int(sys.argv[2])
chance = random.Random(seed)
names = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
sources = [open(name, "rb").read() for name in names]
path = os.fsencode(os.path.join(folder, "fuzz"))
done = 0
for _ in range(150):
    data = bytearray(chance.choice(sources))
    for _ in range(chance.randrange(1, 40)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    if chance.random() < 0.3:
        del data[chance.randrange(len(data)):]
    with open(path, "wb") as file:
        file.write(data)
    try:
        recording = Recording(path)
        start, speed = chance.choice((0.0, 0.7)), chance.choice((1.0, 1.5))
        with Decoder(recording, start, speed) as decoder:
            for count, _ in enumerate(decoder):
                if count > 2000:
                    break
        recording.close()
    except AudioError:
        pass
    done += 1
print(done)
"""


def test_no_mutated_file_breaks_the_decoder(tmp_path: Path) -> None:
    """In a process of its own: it ends by itself, and tells no other error."""
    for suffix in ("m4a", "mp3", "webm", "caf", "flac", "wav", "3gp"):
        write(tmp_path, f"a.{suffix}", encoded(suffix, 1.0))
    write(tmp_path, "a.opus", opus_note(1.0))
    write(tmp_path, "a.amr", amr_note(1.0))
    ran = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", _FUZZ, str(tmp_path), "1"],
        check=False,
        capture_output=True,
        text=True,
        timeout=50,
        cwd=Path(__file__).parents[3],
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == "150\n"
    assert ran.stderr == ""
