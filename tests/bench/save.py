"""Notes saved in every format, beside a loop of ffmpeg in a shell, and beside cp.

The peer gets the same notes and the same bit rate, one process for each as a user
would write it; its files have no names of chats, no tags, and are not brought to the
disk one by one. EARMARK_BENCH_SAVED is how many notes there are.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench._peers import has
from tests.bench._table import Table
from tests.support.exported import note_of
from tests.support.notes import corpus
from tui.export import Format, Options, Outcome, Saver, plan

if TYPE_CHECKING:
    from tui.model import Note

NOTES = int(os.environ.get("EARMARK_BENCH_SAVED", "100"))
ROUNDS = 3

_LOOP = """
for file in "$1"/*/*/*.opus; do
  name=${file##*/}
  ffmpeg -nostdin -v error -i "$file" $3 "$2/${name%.opus}-$RANDOM$RANDOM.$4" || exit 1
done
"""
_ENCODERS = {
    Format.OPUS: "libopus",
    Format.OGG: "libopus",
    Format.MP3: "libmp3lame",
    Format.M4A: "aac",
    Format.WAV: "pcm_s16le",
    Format.FLAC: "flac",
}


def _ours(notes: list[Note], folder: Path, form: Format) -> float:
    options = Options(form, template="{date} {time} {chat} {hash}")
    begin = time.perf_counter()
    saver = Saver(options, [])
    results = list(saver.run(plan(notes, folder, options), len(notes)))
    took = time.perf_counter() - begin
    assert all(each.outcome is Outcome.SAVED for each in results)
    return took


def _again(notes: list[Note], folder: Path, form: Format) -> float:
    """Run once more, which finds everything there."""
    options = Options(form, template="{date} {time} {chat} {hash}")
    begin = time.perf_counter()
    saver = Saver(options, [])
    results = list(saver.run(plan(notes, folder, options), len(notes)))
    took = time.perf_counter() - begin
    assert all(each.outcome is Outcome.THERE for each in results)
    return took


def _run(words: list[str]) -> float:
    begin = time.perf_counter()
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)
    return time.perf_counter() - begin


def _ffmpeg(source: Path, folder: Path, form: Format) -> float:
    folder.mkdir()
    rate = form.usual_bit_rate(1)
    how = f"-map_metadata -1 -ar 48000 -c:a {_ENCODERS[form]}"
    how += f" -b:a {rate}" if rate else ""
    words = ["bash", "-c", _LOOP, "bash", str(source), str(folder), how]
    took = _run([*words, form.suffix[1:]])
    assert len(list(folder.iterdir())) == NOTES
    return took


def _cp(source: Path, folder: Path) -> float:
    return _run(["cp", "-r", str(source), str(folder)])


def main() -> int:
    """Measure every format."""
    table = Table(f"save: {NOTES} notes, median of {ROUNDS} runs each")
    with tempfile.TemporaryDirectory() as temporary:
        top = Path(temporary)
        made = corpus(top / "source", NOTES)
        paths = sorted((top / "source").rglob("*.opus"))
        notes = [note_of(path, title=path.name) for path in paths]
        table.add("sound", f"{made.duration_ms / 1000:.0f} s", f"{made.size:,} bytes")
        for form in Format:
            if form is not Format.ORIGINAL and not has("ffmpeg"):
                continue
            ours, theirs, again = [], [], []
            for number in range(ROUNDS):
                folder = top / f"{form}{number}"
                ours.append(_ours(notes, folder, form))
                again.append(_again(notes, folder, form))
                peer = top / f"{form}{number} peer"
                if form is Format.ORIGINAL:
                    theirs.append(_cp(top / "source", peer))
                else:
                    theirs.append(_ffmpeg(top / "source", peer, form))
            peer_name = "cp -r" if form is Format.ORIGINAL else "ffmpeg"
            middle = table.times(f"{form}: earmark", ours)
            floor = table.times(f"{form}: {peer_name}", theirs)
            table.ratio(f"{form}: earmark / {peer_name}", middle, floor)
            table.times(f"{form}: again, all there", again)
    table.show()
    return 0
