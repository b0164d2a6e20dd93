"""Merges for tests: made, and read back whatever their format."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import mutagen

from tests.support.decoded import decoded
from tests.support.exported import SENT_MS, note_of
from tests.support.notes import encoded
from tests.support.sound import chirp, opus, wav
from tui import demo
from tui.audio import RATE
from tui.export import Format, MergeRequest, Steering, job_of

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable

    from tui.export import Options, Result, Separator
    from tui.model import Note

__all__ = [
    "ENCODED",
    "FORMATS",
    "MINUTE",
    "chapters",
    "merge",
    "notes_of",
    "one",
    "said",
    "steps",
    "told_chapters",
    "write_recordings",
]

FORMATS = [form for form in Format if form is not Format.ORIGINAL]
ENCODED = [form for form in FORMATS if form not in {Format.OGG, Format.M4A}]
"""Without those that are others under another name."""
_MEDIA = Path(__file__).parents[1] / "data" / "media"
_CLIPS = Path(demo.__file__).parent / "clips"
MINUTE = 60_000


class More(TypedDict, total=False):
    """What may be asked for beside a format."""

    separator: Separator
    gap_ms: int
    title: str


def merge(
    target: Path,
    options: Options,
    *notes: Note,
    roots: Iterable[Path] = (),
    **more: Unpack[More],
) -> list[Result]:
    """Merge notes into a file."""
    job = job_of(MergeRequest(target, options, **more), map(os.fsencode, roots))
    return list(job.run(iter(notes), len(notes), Steering()))


def one(target: Path, options: Options, *notes: Note, **more: Unpack[More]) -> Path:
    """Merge notes, which must go well with all of them."""
    (result,) = merge(target, options, *notes, **more)
    assert (result.outcome, result.problem) == ("saved", "")
    assert result.notes == len(notes)
    assert result.size == result.target.stat().st_size
    return result.target


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


def told_chapters(path: Path) -> list[tuple[int, str]]:
    """Read the chapters of a file with mutagen: where they begin, and their titles."""
    file = mutagen.File(path)
    if path.suffix in {".m4a", ".m4b"}:
        return [(round(each.start * 1000), each.title) for each in file.chapters]
    if path.suffix in {".mp3", ".wav"}:
        frames = sorted(file.tags.getall("CHAP"), key=lambda each: each.start_time)
        return [(each.start_time, each.sub_frames["TIT2"].text[0]) for each in frames]
    tags = {name.upper(): value[0] for name, value in file.tags.items()}
    found = []
    for name in sorted(name for name in tags if name.endswith("NAME")):
        hours, minutes, seconds = tags[name.removesuffix("NAME")].split(":")
        at = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
        found.append((round(at * 1000), tags[name]))
    return found


def said(path: Path) -> list[str]:
    """Title, sender, chat and date, whatever the format."""
    tags = {name.upper(): value for name, value in mutagen.File(path).tags.items()}
    found = []
    for keys in (
        ("TITLE", "TIT2", "\xa9NAM"),
        ("ARTIST", "TPE1", "\xa9ART"),
        ("ALBUM", "TALB", "\xa9ALB"),
        ("DATE", "TDRC", "\xa9DAY"),
    ):
        value = next((tags[key] for key in keys if key in tags), [""])
        text = getattr(value, "text", value)
        found.append(str(text if isinstance(text, str) else text[0]).replace(" ", "T"))
    return found


def steps(pcm: array[int]) -> list[float]:
    """Measure the height of steps in a smooth sound, by its fourth differences."""
    made = list(pcm)
    for _ in range(4):
        made = [b - a for a, b in itertools.pairwise(made)]
    return [abs(each) / 3 / 32768 for each in made]


def write_recordings(folder: Path) -> None:
    """Write recordings of five containers, as several phones make them.

    Args:
        folder: An empty folder.
    """
    spoken = decoded(min(_CLIPS.iterdir()).read_bytes(), rate=RATE)
    (folder / "1.opus").write_bytes(opus(spoken[: RATE * 9 // 10].tobytes()))
    (folder / "2.m4a").write_bytes(encoded("m4a", 0.5, freq=500))
    (folder / "3.amr").write_bytes((_MEDIA / "syn.amr").read_bytes())
    (folder / "4.mp3").write_bytes(encoded("mp3", 0.6, freq=700))
    (folder / "5.wav").write_bytes(wav(chirp(0.707)))


def notes_of(folder: Path) -> list[Note]:
    """Make a note of each recording, a minute after the other."""
    return [
        note_of(path, sent_ms=SENT_MS + number * MINUTE)
        for number, path in enumerate(sorted(folder.iterdir()))
    ]
