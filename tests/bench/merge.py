"""Notes merged into one file in every format, beside ffmpeg's concat of the same.

The peer gets the same notes and the same bit rate in one process; what it makes has no
chapters, no tags, and joints that may click. Both run in processes of their own, so
that the peaks of memory can be compared; the one for a tenth of the notes shows what
grows with them. EARMARK_BENCH_MERGED is how many notes there are.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.bench._peers import has
from tests.bench._table import Table
from tests.support.child import ROOT
from tests.support.notes import corpus
from tui.export import Format

if TYPE_CHECKING:
    from collections.abc import Sequence

NOTES = int(os.environ.get("EARMARK_BENCH_MERGED", "1000"))
FORMATS = (Format.M4B, Format.MP3, Format.OPUS, Format.FLAC, Format.WAV)

_OURS = """
import sys
from pathlib import Path
from tests.support.exported import note_of
from tui.export import Format, MergeRequest, Options, Steering, job_of
paths = sorted(Path(sys.argv[1]).rglob("*.opus"))[: int(sys.argv[4])]
notes = map(note_of, paths)
options = Options(Format(sys.argv[3]))
job = job_of(MergeRequest(Path(sys.argv[2]), options), ())
(result,) = job.run(notes, len(paths), Steering())
assert (result.outcome, result.notes) == ("saved", len(paths)), result
"""


class _Run(NamedTuple):
    """What a program took."""

    seconds: float
    cpu: float
    """Seconds of all cores, which count on a machine that does other things too."""
    peak: int
    """Bytes of memory."""

    @property
    def told(self) -> str:
        """All but the seconds."""
        return f"{self.cpu:.1f} s of CPU, {self.peak / 1e6:.0f} MB"


def _measured(words: Sequence[str]) -> _Run:
    """Run a program."""
    begin = time.perf_counter()
    child = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, words
    kilo = 1 if sys.platform == "darwin" else 1024
    took = time.perf_counter() - begin
    return _Run(took, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * kilo)


def _ours(source: Path, target: Path, form: Format, notes: int) -> _Run:
    words = [str(source), str(target), str(form), str(notes)]
    return _measured([sys.executable, "-c", _OURS, *words])


def _ffmpeg(source: Path, target: Path, form: Format) -> _Run:
    names = target.with_suffix(".txt")
    paths = sorted(source.rglob("*.opus"))
    names.write_text("".join(f"file '{path}'\n" for path in paths))
    words = ["ffmpeg", "-nostdin", "-v", "error", "-f", "concat", "-safe", "0"]
    words += ["-i", str(names), "-ar", "48000", "-c:a", form.codec]
    rate = form.usual_bit_rate(1)
    words += ["-b:a", str(rate)] if rate else []
    return _measured([*words, str(target)])


def main() -> int:
    """Measure every format."""
    table = Table(f"merge: {NOTES} notes into one file, one run each")
    with tempfile.TemporaryDirectory() as temporary:
        top = Path(temporary)
        made = corpus(top / "source", NOTES)
        table.add("sound", f"{made.duration_ms / 1000:.0f} s", f"{made.size:,} bytes")
        for form in FORMATS:
            few = NOTES // 10
            part = _ours(top / "source", top / f"few{form.suffix}", form, few)
            ours = _ours(top / "source", top / f"all{form.suffix}", form, NOTES)
            table.add(f"{form}: {few} notes", f"{part.seconds:.1f} s", part.told)
            table.add(f"{form}: earmark", f"{ours.seconds:.1f} s", ours.told)
            if has("ffmpeg"):
                peer = top / f"peer{form.suffix}"
                theirs = _ffmpeg(top / "source", peer, form)
                seconds = f"{theirs.seconds:.1f} s"
                table.add(f"{form}: ffmpeg concat", seconds, theirs.told)
                name = f"{form}: earmark / ffmpeg"
                table.ratio(name, ours.seconds, theirs.seconds)
                table.ratio(f"{name}, CPU", ours.cpu, theirs.cpu)
            for path in top.glob(f"*{form.suffix}"):
                path.unlink()
    table.show()
    return 0
