"""Notes saved in every format, beside ffmpeg in a shell, and beside cp.

The peer gets the same notes and the same bit rate, one process for each as a user
would write it: in a loop, and as many at a time as there are cores. Its files have no
names of chats, no tags, and are not brought to the disk one by one. Runs alternate, and
the time of the processors is told too: it depends less on what else is at work.
EARMARK_BENCH_SAVED is how many notes there are, EARMARK_BENCH_ROUNDS how many rounds.
"""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.bench._peers import has
from tests.bench._table import Table
from tests.support.exported import note_of
from tests.support.notes import corpus
from tui.export import Format, Options, Outcome, Saver, plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.model import Note

NOTES = int(os.environ.get("EARMARK_BENCH_SAVED", "1000"))
ROUNDS = int(os.environ.get("EARMARK_BENCH_ROUNDS", "1"))
CORES = len(os.sched_getaffinity(0))

_EACH = """
for file; do
  name=${file##*/}
  ffmpeg -nostdin -v error -i "$file" $HOW "$TO/${name%.opus}.$KIND" || exit 1
done
"""
_LOOP = f'set -- "$FROM"/*/*/*.opus; {_EACH}'
_PARALLEL = (
    'printf "%s\\0" "$FROM"/*/*/*.opus | xargs -0 -n 8 -P "$CORES" bash -c "$EACH" bash'
)
_ENCODERS = {
    Format.OPUS: "libopus",
    Format.OGG: "libopus",
    Format.MP3: "libmp3lame",
    Format.M4A: "aac",
    Format.M4B: "aac",
    Format.WAV: "pcm_s16le",
    Format.FLAC: "flac",
}
_FORMATS = [each for each in Format if each not in {Format.OGG, Format.M4B}]
"""Two are others under another name."""


class _Took(NamedTuple):
    seconds: float
    cpu: float


def _timed(run: Callable[[], object]) -> _Took:
    begin, cpu = time.perf_counter(), _cpu()
    run()
    return _Took(time.perf_counter() - begin, _cpu() - cpu)


def _cpu() -> float:
    """Tell how long processors worked for us and for children that ended."""
    both = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    used = [resource.getrusage(who) for who in both]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _ours(notes: list[Note], folder: Path, form: Format, outcome: Outcome) -> _Took:
    options = Options(form, template="{date} {time} {chat} {hash}")

    def run() -> None:
        planned = plan(notes, folder, options)
        for saved in Saver(options, []).run(planned, len(notes)):
            assert saved.outcome is outcome, saved.problem

    return _timed(run)


def _ffmpeg(source: Path, folder: Path, form: Format, script: str) -> _Took:
    folder.mkdir()
    rate = form.usual_bit_rate(1)
    how = f"-map_metadata -1 -ar 48000 -c:a {_ENCODERS[form]}"
    facts = {
        "FROM": str(source),
        "TO": str(folder),
        "KIND": form.value,
        "HOW": f"{how} -b:a {rate}" if rate else how,
        "EACH": _EACH,
        "CORES": str(CORES),
    }
    took = _run(["bash", "-c", script], facts)
    assert len(list(folder.iterdir())) == NOTES
    return took


def _run(words: list[str], facts: dict[str, str] | None = None) -> _Took:
    env = {**os.environ, **(facts or {})}
    return _timed(
        lambda: subprocess.run(words, check=True, stdin=subprocess.DEVNULL, env=env)
    )


def _measure(table: Table, top: Path, notes: list[Note], form: Format) -> None:
    source = top / "source"
    is_copy = form is Format.ORIGINAL
    peers: dict[str, Callable[[Path], _Took]] = {
        "ffmpeg, one by one": lambda to: _ffmpeg(source, to, form, _LOOP),
        f"ffmpeg, {CORES} at a time": lambda to: _ffmpeg(source, to, form, _PARALLEL),
    }
    if is_copy:
        peers = {"cp -r": lambda to: _run(["cp", "-r", str(source), str(to)])}
    took: dict[str, list[_Took]] = {}
    for number in range(5 * ROUNDS if is_copy else ROUNDS):
        folder = top / f"{form}{number}"
        runs = took.setdefault("earmark", [])
        runs.append(_ours(notes, folder, form, Outcome.SAVED))
        runs = took.setdefault("earmark again, all there", [])
        runs.append(_ours(notes, folder, form, Outcome.THERE))
        for peer_number, (name, peer) in enumerate(peers.items()):
            to = top / f"{form}{number} {peer_number}"
            took.setdefault(name, []).append(peer(to))
    middle = {
        name: table.times(f"{form}: {name}", [each.seconds for each in runs])
        for name, runs in took.items()
    }
    cpu = {name: min(each.cpu for each in runs) for name, runs in took.items()}
    for name in peers:
        table.ratio(f"{form}: earmark / {name}", middle["earmark"], middle[name])
        table.ratio(f"{form}: the same, processors", cpu["earmark"], cpu[name])


def main() -> int:
    """Measure every format."""
    table = Table(f"save: {NOTES} notes, {CORES} cores, median of {ROUNDS} rounds")
    with tempfile.TemporaryDirectory() as temporary:
        top = Path(temporary)
        made = corpus(top / "source", NOTES)
        paths = sorted((top / "source").rglob("*.opus"))
        notes = [note_of(path, title=path.name) for path in paths]
        table.add("sound", f"{made.duration_ms / 1000:.0f} s", f"{made.size:,} bytes")
        for form in _FORMATS:
            if form is Format.ORIGINAL or has("ffmpeg"):
                _measure(table, top, notes, form)
    table.show()
    return 0
