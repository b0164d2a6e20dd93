"""What is done to speech: loudness, pauses, pitch, waveforms, and what they cost.

The speech is espeak-ng's, so that it is known where each word is. What comes out is
measured by others: loudness and true peaks by FFmpeg's meter, the pitch by
autocorrelation, costs beside FFmpeg and mpv doing the like in the same run.
"""

from __future__ import annotations

import math
import re
import resource
import statistics
import subprocess
import tempfile
import time
from array import array
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import av

from tests.bench._peers import has
from tests.bench._speech import TICK, make_scene, save, sentence
from tests.bench._table import Table
from tests.support.sound import samples, sine
from tui.audio import RATE, measure_loudness, measure_sound
from tui.audio._decode import Decoder, Recording

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench._speech import Scene

TARGET_LUFS = -18.0
RUNS = 5
MINUTE_S = 60.0
_SPEEDS = (0.5, 1.5, 2.0, 3.0)
_LOW_RATE = 8000
_PITCHES = (80, 400)
"""Hz: where a voice's pitch is looked for."""
_NEEDED = ("espeak-ng", "ffmpeg")


def _decoded(
    path: bytes, speed: float = 1.0, skip: int = 0, gain_db: float = 0.0
) -> tuple[array[int], list[tuple[int, int]], float]:
    """Decode a file: its samples, the frames they come from, and what was left out."""
    recording = Recording(path)
    sound, spans = array("h"), []
    with Decoder(recording, 0.0, speed, skip, gain_db) as decoder:
        for pcm, at in decoder:
            sound.frombytes(pcm)
            spans.append((round(at * RATE), len(pcm) // 2))
        saved = decoder.saved
    recording.close()
    return sound, spans, saved


# Loudness


def _meter(path: Path, sound: array[int]) -> tuple[float, float]:
    """Measure loudness and true peak with FFmpeg's program."""
    ran = subprocess.run(
        [
            "ffmpeg",
            "-hide_banner",
            "-nostats",
            "-i",
            save(path, sound).decode(),
            "-af",
            "ebur128=peak=true",
            "-f",
            "null",
            "-",
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stderr
    lufs = re.findall(r"^\s+I:\s+(\S+) LUFS", ran, re.MULTILINE)
    peak = re.findall(r"^\s+Peak:\s+(\S+) dBFS", ran, re.MULTILINE)
    return float(lufs[-1]), float(peak[-1])


def _loudness(table: Table, folder: Path) -> None:
    said = sentence()
    as_said, _ = _meter(folder / "said.wav", said)
    errors, meters, peaks, clipped = [], [], [], 0
    for wanted in range(-40, -9, 5):
        gain = 10 ** ((wanted - as_said) / 20)
        scaled = [max(-32768, min(32767, round(gain * each))) for each in said]
        path = save(folder / "note.wav", array("h", scaled))
        theirs, _ = _meter(folder / "same.wav", array("h", scaled))
        ours = measure_loudness(path)
        assert ours is not None
        meters.append(abs(ours - theirs))
        made, _, _ = _decoded(path, gain_db=TARGET_LUFS - ours)
        lufs, peak = _meter(folder / "made.wav", made)
        errors.append(lufs - TARGET_LUFS)
        peaks.append(peak)
        clipped += sum(each in {-32768, 32767} for each in made)
        boosted, _, _ = _decoded(path, gain_db=TARGET_LUFS - ours + 24)
        peaks.append(_meter(folder / "made.wav", boosted)[1])
        clipped += sum(each in {-32768, 32767} for each in boosted)
    table.add(
        "our meter against FFmpeg's", f"max {max(meters):.2f} LU", "aim <= 0.2 LU"
    )
    table.add(
        f"levelled to {TARGET_LUFS:.0f} LUFS, notes of -40 to -10",
        f"{min(errors):+.1f} to {max(errors):+.1f} LU",
        "aim within 1 LU",
    )
    table.add(
        "true peak, levelled and with +24 dB",
        f"max {max(peaks):.1f} dBTP",
        "aim <= -1",
    )
    table.add("clipped samples", f"{clipped}", "aim 0")


# Pauses

_SCENES: tuple[Callable[[], Scene], ...] = (
    partial(make_scene, "no noise"),
    partial(make_scene, "no noise, soft 30 dB less", soft_db=-30),
    partial(make_scene, "no noise, whispered", voice="en+whisper"),
    partial(make_scene, "noise -60, soft 20 less", noise_db=-60, soft_db=-20),
    partial(make_scene, "noise -50, soft 20 less", noise_db=-50, soft_db=-20),
    partial(
        make_scene, "noise -50, whispered", noise_db=-50, soft_db=-6, voice="en+whisper"
    ),
    partial(make_scene, "noise -40, soft 10 less", noise_db=-40, soft_db=-10),
    partial(make_scene, "noise -30", noise_db=-30),
    partial(
        make_scene,
        "rumble -40, soft 10 less",
        noise="rumble",
        noise_db=-40,
        soft_db=-10,
    ),
    partial(
        make_scene, "hum -30, soft 10 less", noise="hum", noise_db=-30, soft_db=-10
    ),
    partial(make_scene, "swelling noise -35", noise="swell", noise_db=-35),
    partial(
        make_scene,
        "hardly a pause, noise -50, soft 15 less",
        noise_db=-50,
        soft_db=-15,
        gaps=(0.02, 0.03, 0.05, 0.02, 1.2),
    ),
)


def _kept(scene: Scene, made: array[int], spans: list[tuple[int, int]]) -> set[int]:
    """Tell which ticks of a scene are heard, by the sound itself.

    What stands at a place must be what was recorded there, but for the 5 ms in which
    both sides of a cut are blended.
    """
    kept: set[int] = set()
    at = 0
    for begin, count in spans:
        same = made[at : at + count] == scene.sound[begin : begin + count]
        tail = made[at + TICK // 2 : at + count]
        if same or tail == scene.sound[begin + TICK // 2 : begin + count]:
            kept.update(range(begin // TICK, -(-(begin + count) // TICK)))
        at += count
    return kept


def _pauses(table: Table, folder: Path) -> None:
    lost, touched, all_words = 0, 0, 0
    for make in _SCENES:
        scene = make()
        path = save(folder / "scene.wav", scene.sound)
        shares, worst = [], []
        for strength in (1, 2, 3):
            made, spans, saved = _decoded(path, skip=strength)
            kept = _kept(scene, made, spans)
            shares.append(f"{100 * saved / scene.seconds:.0f}")
            for word, ticks in zip(scene.words, scene.audible, strict=True):
                missing = len(set(ticks) - kept)
                all_words += bool(ticks)
                lost += 2 * missing > len(ticks)
                touched += bool(missing)
                if missing:
                    worst.append(f"{word.text} {missing * 10} ms")
        pauses = f"{100 * scene.pauses / scene.seconds:.0f} % are pauses"
        told = f"{pauses}; touched: {', '.join(worst)}" if worst else pauses
        table.add(f"{scene.title}: saved", f"{' / '.join(shares)} %", told)
    table.add("words lost", f"{lost} of {all_words:,}", "aim 0")
    table.add("words of which something audible is missing", f"{touched}", "aim 0")


# Pitch


def _pitch(sound: array[int], at: int) -> float | None:
    """Measure the pitch around a frame by autocorrelation; None without a voice."""
    step = RATE // _LOW_RATE
    size, longest = _LOW_RATE // 25, _LOW_RATE // _PITCHES[0] + 2
    part = sound[max(0, at - RATE // 50) :][: (size + longest) * step]
    # The mean of each step is low-pass enough for a pitch.
    low = [
        sum(part[first : first + step]) / step for first in range(0, len(part), step)
    ]
    if len(low) < size + longest:
        return None
    head = low[:size]
    power = sum(each * each for each in head)
    scores = []
    for lag in range(longest):
        other = low[lag : lag + size]
        both = math.sqrt(power * sum(each * each for each in other))
        product = sum(one * two for one, two in zip(head, other, strict=True))
        scores.append(product / both if both else 0.0)
    first = _LOW_RATE // _PITCHES[1]
    top = max(scores[first:-1])
    # The first peak that is about as high as the highest: not its double.
    for lag in range(first, longest - 1):
        before, here, after = scores[lag - 1 : lag + 2]
        if here > max(0.85, 0.95 * top) and here >= before and here >= after:
            bend = before - 2 * here + after
            return _LOW_RATE / (lag + (0.5 * (before - after) / bend if bend else 0.0))
    return None


def _pitch_error(plain: array[int], fast: array[int], speed: float) -> float:
    """Compare the pitch at the same moments; the median of the differences."""
    errors = []
    for at in range(RATE // 10, len(plain) - RATE // 5, RATE // 25):
        one, other = _pitch(plain, at), _pitch(fast, round(at / speed))
        if one and other:
            errors.append(other / one - 1)
    assert len(errors) > 10
    return statistics.median(errors)


def _pitches(table: Table, folder: Path) -> None:
    tones = [save(folder / f"{f}.wav", samples(sine(4, f))) for f in (110, 220)]
    path = save(folder / "said.wav", sentence())
    plain = [_decoded(each)[0] for each in (*tones, path)]
    for speed in _SPEEDS:
        fast = [_decoded(each, speed)[0] for each in (*tones, path)]
        errors = [
            100 * _pitch_error(one, other, speed)
            for one, other in zip(plain, fast, strict=True)
        ]
        table.add(
            f"pitch at {speed}x: tones of 110 and 220 Hz, speech",
            " ".join(f"{error:+.2f}" for error in errors) + " %",
            "aim < 1",
        )


# Costs


def _notes(folder: Path) -> dict[str, Path]:
    """Make a minute of speech in each format."""
    source = save(folder / "minute.wav", sentence(MINUTE_S)).decode()
    made = {}
    for suffix, codec in (("opus", "libopus"), ("m4a", "aac"), ("mp3", "libmp3lame")):
        made[suffix] = folder / f"minute.{suffix}"
        subprocess.run(
            [
                "ffmpeg",
                "-v",
                "error",
                "-i",
                source,
                "-c:a",
                codec,
                "-b:a",
                "32k",
                str(made[suffix]),
            ],
            check=True,
        )
    made["amr"] = folder / "minute.amr"
    with av.open(source) as read, av.open(str(made["amr"]), "w") as out:
        stream = out.add_stream("libopencore_amrnb", rate=8000)
        assert isinstance(stream, av.AudioStream)
        stream.layout, stream.bit_rate = "mono", 12_200
        for frame in read.decode(audio=0):
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return made


def _timed(work: Callable[[], object]) -> list[float]:
    times = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return times


def _waveforms(table: Table, notes: dict[str, Path]) -> None:
    for suffix, path in notes.items():
        name = str(path).encode()
        ours = table.times(
            f"{suffix}: waveform and loudness of a minute",
            _timed(partial(measure_sound, name)),
        )
        command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "s16le"]
        command += ["-ar", "8000", "-ac", "1", "-y", "/dev/null"]
        theirs = table.times(
            f"{suffix}: ffmpeg to 8 kHz PCM",
            _timed(partial(subprocess.run, command, check=True)),
        )
        table.ratio("  ours against ffmpeg", ours, theirs, "<= 1.5")


def _child_cpu(command: list[str]) -> float:
    def used() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    begin = used()
    subprocess.run(command, check=True, capture_output=True)
    return used() - begin


def _our_cpu(path: bytes, **how: float) -> float:
    begin = time.thread_time()
    speed, gain_db = how.get("speed", 1.0), how.get("gain_db", 0.0)
    _decoded(path, speed, int(how.get("skip", 0)), gain_db)
    return time.thread_time() - begin


def _share(table: Table, what: str, measure: Callable[[], float]) -> float:
    """Add what share of a CPU it takes to play a minute."""
    share = statistics.median(measure() for _ in range(RUNS)) / MINUTE_S
    table.add(what, f"{100 * share:.2f} % of real time")
    return share


def _cpu(table: Table, path: Path) -> None:
    level = "volume=6dB,aresample=192000,alimiter=limit=0.84:level=0:latency=1"
    level += ",aresample=48000"
    cut = "silenceremove=stop_periods=-1:stop_duration=0.35:stop_threshold=-45dB"
    for title, ours, filters in (
        ("1x", {}, "anull"),
        ("1x, levelled", {"gain_db": 6.0}, level),
        (
            "2x, levelled, pauses left out",
            {"speed": 2.0, "skip": 3, "gain_db": 6.0},
            f"atempo=2,{cut},{level}",
        ),
    ):
        mine = _share(
            table,
            f"{title}: our decoder",
            partial(_our_cpu, str(path).encode(), **ours),
        )
        command = ["ffmpeg", "-v", "error", "-i", str(path), "-af", filters]
        command += ["-ar", "48000", "-ac", "1", "-f", "s16le", "-y", "/dev/null"]
        theirs = _share(table, f"{title}: ffmpeg", partial(_child_cpu, command))
        table.ratio("  ours against ffmpeg", mine, theirs)
        if has("mpv"):
            command = ["mpv", "--no-config", "--no-video", "--untimed", "--ao=pcm"]
            command += ["--ao-pcm-file=/dev/null", f"--af=lavfi=[{filters}]"]
            theirs = _share(
                table, f"{title}: mpv", partial(_child_cpu, [*command, str(path)])
            )
            table.ratio("  ours against mpv", mine, theirs)


def main() -> None:
    """Measure and print."""
    missing = [program for program in _NEEDED if not has(program)]
    if missing:
        print(f"voice: {' and '.join(missing)} must be installed")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for title, measure in (
            ("Loudness: levelled speech, measured by FFmpeg", _loudness),
            ("Pauses left out with strength 1 / 2 / 3", _pauses),
            ("Pitch at another speed, by autocorrelation (median)", _pitches),
        ):
            table = Table(title)
            measure(table, folder)
            table.show()
        notes = _notes(folder)
        table = Table("Waveforms: a minute of speech, decoded once")
        _waveforms(table, notes)
        table.show()
        table = Table("CPU of a minute of Opus, as a share of real time")
        _cpu(table, notes["opus"])
        table.show()


if __name__ == "__main__":
    main()
