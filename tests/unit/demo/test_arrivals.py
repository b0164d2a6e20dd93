"""Notes that arrive: hidden until whole, each another recording."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.decoded import decoded
from tui.demo import ARRIVALS, CLIPS, LIBRARY, Arrivals, Phone, variant, write_demo

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2025, 3, 14, 12, 0, 0)  # noqa: DTZ001  # the wall clock of the user


@pytest.mark.parametrize("line", [*LIBRARY, *ARRIVALS], ids=lambda line: line.clip)
def test_a_variant_sounds_the_same(line: object) -> None:
    """Other bytes, the same sound, and still the marks of a voice note."""
    clip = (CLIPS / f"{line.clip}.opus").read_bytes()  # type: ignore[attr-defined]  # pytest's parameter
    first, second = variant(clip, 1), variant(clip, 70_000)
    assert len({clip, first, second}) == 3
    assert b"WhatsApp" in first
    assert decoded(first) == decoded(second) == decoded(clip)


class Clock:
    """Time that goes by only while the arrivals wait, seen from their thread."""

    def __init__(self, root: Path, notes: int) -> None:
        self.root = root
        self.now = NOW
        self.waits: list[float] = []
        self.seen: list[tuple[set[str], set[str]]] = []
        self.done = threading.Event()
        self._left = notes

    def wait(self, seconds: float) -> bool:
        """Let time go by, and look at the folder like a watcher would."""
        self.now += timedelta(seconds=seconds)
        self.waits.append(seconds)
        names = {path.name for path in self.root.rglob("*") if path.is_file()}
        hidden = {name for name in names if name.startswith(".syncthing.")}
        self.seen.append((names - hidden, hidden))
        if seconds > 1:
            self._left -= 1
            if self._left < 0:
                self.done.set()
                return True
        return False


def test_notes_arrive_whole_and_one_by_one(tmp_path: Path) -> None:
    """A name appears only when its file is whole, every 6 to 10 seconds, for ever."""
    written = write_demo(tmp_path, NOW)
    clock = Clock(tmp_path, 9)
    arrivals = Arrivals(written.phone, wait=clock.wait, now=lambda: clock.now)
    arrivals.start()
    assert clock.done.wait(20)
    arrivals.stop()
    pauses = [seconds for seconds in clock.waits if seconds > 1]
    assert all(6 <= seconds <= 10 for seconds in pauses)
    new = [
        path
        for path in tmp_path.rglob("*.opus")
        if path.relative_to(tmp_path) not in written.notes
    ]
    assert len(new) == 8
    for path in new:
        assert len(decoded(path.read_bytes())) > 5 * 16_000
        assert path.stat().st_mtime >= NOW.timestamp()
    assert len({path.read_bytes() for path in new}) == 8
    assert sum(bool(hidden) for _, hidden in clock.seen) > 8
    assert all(len(hidden) <= 1 for _, hidden in clock.seen)
    partial = {name[11:-4] for shown, hidden in clock.seen for name in hidden - shown}
    assert partial == {path.name for path in new}


def test_documents_arrive_too(tmp_path: Path) -> None:
    """After the first note the export; a backup tells of what came, and of one more."""
    written = write_demo(tmp_path, NOW)
    (first, _) = written.phone.coming[0]
    database = tmp_path / "WhatsApp" / "Databases" / "msgstore.db"
    before = database.read_bytes()
    assert first.name.encode() in before
    clock = Clock(tmp_path, 5)
    arrivals = Arrivals(written.phone, wait=clock.wait, now=lambda: clock.now)
    arrivals.start()
    assert clock.done.wait(20)
    arrivals.stop()
    export = "WhatsApp Chat with Mum.zip"
    seen = [shown for shown, _ in clock.seen]
    at = next(n for n, shown in enumerate(seen) if export in shown)
    assert first.name in seen[at - 1]
    new = {path.name for path in tmp_path.rglob("*.opus")}
    new -= {path.name for path in written.notes}
    after = database.read_bytes()
    unmatched = new - {first.name}
    assert len(unmatched) == 3
    assert not [name for name in unmatched if name.encode() in before]
    assert all(name.encode() in after for name in new)
    assert database.stat().st_mtime > NOW.timestamp()


def test_stopping_ends_the_thread_at_once(tmp_path: Path) -> None:
    """The end of the demo does not wait for the next note."""
    arrivals = Arrivals(Phone(tmp_path))
    arrivals.start()
    arrivals.stop()
    assert not any(thread.name == "demo-arrivals" for thread in threading.enumerate())
    assert not list(tmp_path.rglob("*.opus"))


def test_a_folder_that_is_gone_ends_the_arrivals(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A disk that can't be written is a line in the log, not a traceback."""
    root = tmp_path / "file"
    root.write_text("x")
    clock = Clock(tmp_path, 2)
    arrivals = Arrivals(Phone(root), wait=clock.wait, now=lambda: clock.now)
    arrivals.start()
    arrivals.stop()
    assert "no more notes will arrive" in caplog.text
