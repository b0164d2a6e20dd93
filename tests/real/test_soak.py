"""Ten thousand random commands on a real library, engine and sound server.

Nobody types like this. But whoever leaves a key down, or lets a program steer, comes
near it, and what goes wrong in the end is always the same: a thread that waits for
ever, a child that nobody takes leave of, memory or files that only grow, a place in a
note that is gone.
"""

from __future__ import annotations

import os
import random
import threading
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.library import add_files
from tests.support.pulse import PulseServer
from tests.support.sound import noise, wav
from tui.audio import EngineProcess, PlayerState
from tui.library import Library
from tui.model import Group, GroupKind, NoteId, SoundScope, SoundSettings
from tui.playback import NowPlaying, Playback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.needs("pulseaudio"), pytest.mark.xdist_group("sound")]

COMMANDS = int(os.environ.get("EARMARK_SOAK", "10000"))
BURST = 30
NOTES = 12
SECONDS = 22.0
"""Long enough for a position to be resumed."""
SETTLE_EVERY = 25
"""After so many bursts it is looked whether the place in the note was kept."""


@dataclass
class Ear:
    """What the playback tells, to wait for."""

    now: NowPlaying = field(default_factory=NowPlaying)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def take(self, now: NowPlaying) -> None:
        """Take a snapshot, on the playback's thread."""
        with self.changed:
            self.now = now
            self.changed.notify_all()

    def wait_for(
        self, holds: Callable[[NowPlaying], bool], seconds: float = 10.0
    ) -> NowPlaying:
        """Wait until a snapshot is as wanted."""
        with self.changed:
            assert self.changed.wait_for(lambda: holds(self.now), seconds), self.now
            return self.now

    def breathe(self, seconds: float) -> None:
        """Wait for the next snapshot, or for so long."""
        with self.changed:
            self.changed.wait(seconds)


@pytest.fixture
def stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Library, Playback, EngineProcess, Ear]]:
    """Give notes, a player on a real sound server, and what joins both."""
    with PulseServer() as server, Library.open(tmp_path / "library.db") as library:
        for name in ("PULSE_SERVER", "PULSE_COOKIE", "ALSA_CONFIG_PATH"):
            monkeypatch.setenv(name, server.environment[name])
        files = {
            f"chat{at % 2}/{at:02}.wav": wav(noise(SECONDS, at)) for at in range(NOTES)
        }
        with closing(library.index_writer()) as writer:
            add_files(writer, tmp_path / "notes", files)
        player = EngineProcess("pulse", log_path=tmp_path / "engine.log")
        playback = Playback(library.reader, library.user, player)
        ear = Ear()
        playback.subscribe(ear.take)
        playback.start()
        yield library, playback, player, ear
        playback.close()


def _commands(
    playback: Playback, ids: list[NoteId], rng: random.Random
) -> list[Callable[[], None]]:
    """Everything that a user can ask for, by chance."""
    note, other = rng.choice(ids), rng.choice(ids)
    recent = Group(GroupKind.RECENT)
    scope = rng.choice(list(SoundScope))
    speed = rng.choice([0.5, 1.0, 1.0, 1.3, 2.0, 4.0])
    said = SoundSettings(speed, rng.choice([None, 6.0]), rng.choice([None, True]), None)
    return [
        lambda: playback.play_note(note),
        lambda: playback.play_note(note, within=recent),
        lambda: playback.play_note(note, at_ms=rng.randrange(20_000)),
        lambda: playback.play_group(recent),
        playback.toggle,
        playback.toggle,
        playback.pause,
        playback.stop,
        playback.next,
        playback.previous,
        playback.play_next_unplayed,
        lambda: playback.seek(rng.randrange(24_000)),
        lambda: playback.seek_by(rng.choice([-30_000, -5000, -1000, 1000, 5000])),
        lambda: playback.seek_percent(rng.randrange(101)),
        lambda: playback.set_speed(speed),
        lambda: playback.set_volume(rng.random()),
        lambda: playback.set_muted(rng.random() < 0.3),
        lambda: playback.set_skip(rng.randrange(4)),
        lambda: playback.set_level(rng.random() < 0.5),
        lambda: playback.set_boost(rng.choice([-6.0, 0.0, 0.0, 12.0])),
        lambda: playback.remember_sound(scope, rng.choice([None, said])),
        playback.replay,
        playback.loop,
        lambda: playback.step_bookmark(rng.choice([-1, 1])),
        lambda: playback.enqueue([note, other], first=rng.random() < 0.5),
        lambda: playback.set_queue(rng.sample(ids, rng.randrange(4))),
        lambda: playback.stop_after_this(rng.random() < 0.3),
        lambda: playback.sleep_after(rng.choice([None, 0.001, 5.0])),
        lambda: playback.set_output(rng.choice(["pulse", "auto", "null"])),
        playback.list_outputs,
        playback.library_changed,
    ]


def _kept(library: Library, note_id: NoteId) -> int:
    assert library.user.flush()
    with closing(library.reader()) as reader:
        (row,) = reader.rows([note_id])
    return row.position_ms


def _settles(library: Library, playback: Playback, ear: Ear, note_id: NoteId) -> None:
    """Whatever was asked before: a note plays when it is asked for, and is kept."""
    playback.set_output("pulse")
    playback.sleep_after(None)
    playback.stop_after_this(False)
    playback.set_speed(1.0)
    playback.play_note(note_id, at_ms=5000)
    ear.wait_for(
        lambda now: (
            now.note_id == note_id
            and now.state is PlayerState.PLAYING
            and now.position_ms >= 5000
        )
    )
    playback.pause()
    now = ear.wait_for(lambda now: now.state is PlayerState.PAUSED)
    assert now.note_id == note_id
    assert _kept(library, note_id) == pytest.approx(now.position_ms, abs=150)


def _files_of(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def _memory_of(pid: int) -> int:
    """Resident memory in kB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    raise AssertionError(pid)


def _children_of(pid: int) -> dict[int, str]:
    """Processes whose parent that is, with their state."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                stat = (folder / "stat").read_text()
            except OSError:
                continue  # it has just ended
            state, parent = stat.rpartition(")")[2].split()[:2]
            if int(parent) == pid:
                found[int(folder.name)] = state
    return found


@pytest.mark.timeout(240)
def test_ten_thousand_random_commands(
    stage: tuple[Library, Playback, EngineProcess, Ear],
) -> None:
    """No deadlock, no zombie, nothing that grows, no lost position."""
    library, playback, player, ear = stage
    rng = random.Random(5)
    with closing(library.reader()) as reader:
        ids = [NoteId(each) for each in reader.keys(Group(GroupKind.RECENT)).ids]
    assert len(ids) == NOTES
    _settles(library, playback, ear, ids[0])
    pid = player.child_pid
    assert pid is not None
    children = set(_children_of(os.getpid()))
    given = bursts = 0
    before: tuple[int, int, int, int] | None = None
    while given < COMMANDS:
        burst = rng.randrange(1, BURST)
        for _ in range(burst):
            rng.choice(_commands(playback, ids, rng))()
        given += burst
        bursts += 1
        ear.breathe(0.01)
        if bursts % SETTLE_EVERY == 0:
            _settles(library, playback, ear, rng.choice(ids))
            if before is None and given > COMMANDS // 5:  # all has been used by now
                before = _standing(pid)
    _settles(library, playback, ear, ids[1])
    assert player.child_pid == pid, "the engine was started again"
    assert before is not None
    after = _standing(pid)
    threads, ours, theirs, memory = (b - a for a, b in zip(before, after, strict=True))
    assert threads <= 2
    assert ours <= 4
    assert theirs <= 8
    assert memory < 40_000
    now = _children_of(os.getpid())
    assert set(now) <= children
    assert "Z" not in now.values()
    playback.close(5.0)
    assert pid not in _children_of(os.getpid())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def _standing(pid: int) -> tuple[int, int, int, int]:
    """Threads and open files here; open files and memory of the engine."""
    return (
        threading.active_count(),
        _files_of(os.getpid()),
        _files_of(pid),
        _memory_of(pid),
    )
