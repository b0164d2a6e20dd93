"""The browser as the speaker: a real one plays what the player plays."""

from __future__ import annotations

import itertools
import os
import re
import signal
import statistics
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.chromium import Chromium
from tests.support.ear import Ear, wait_until
from tests.support.notes import amr_note
from tests.support.pulse import PulseServer, Recorder
from tests.support.sound import (
    chirp,
    correlation,
    opus,
    read_wav,
    samples,
    sounding,
    wav,
)
from tui.audio import RATE, Ended, EngineProcess, PlayerState
from tui.child import environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.chromium import Tab

pytestmark = [pytest.mark.xdist_group("sound"), pytest.mark.timeout(60)]

SOUND = chirp(4)


class Place:
    """A player whose output is a page, and its notes.

    Args:
        folder: Where the notes are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        self.player = EngineProcess("browser", log_path=self.log)
        self.ear = Ear(self.player)

    def note(self, name: str, content: bytes) -> bytes:
        """Write a note."""
        path = self.folder / name
        path.write_bytes(content)
        return os.fsencode(path)

    def address(self) -> str:
        """Wait for the address that the user is told."""
        wait_until(lambda: "http:" in self.player.status.device_problem)
        found = re.search(r"http:\S+", self.player.status.device_problem)
        assert found is not None
        return found[0]

    def open(self, tab: Tab) -> None:
        """Open the page."""
        tab.page.goto(self.address())
        wait_until(lambda: not self.player.status.device_problem)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Give a place."""
    made = Place(tmp_path)
    made.player.start()
    yield made
    made.player.close()


@pytest.fixture(scope="module")
def pulse() -> Iterator[PulseServer]:
    """Give a sound server."""
    with PulseServer() as server:
        yield server


@pytest.fixture(scope="module")
def chromium(pulse: PulseServer) -> Iterator[Chromium]:
    """Give a browser that plays there."""
    with Chromium(pulse.environment) as browser:
        yield browser


def pitch(pcm: bytes) -> float:
    """Measure the pitch of a tone, however many holes a busy machine left in it.

    A hole makes one period long, or short where the wave goes on elsewhere, and leaves
    those beside it as they are.
    """
    x = samples(pcm)
    ups = [i for i in range(1, len(x)) if x[i - 1] < 0 <= x[i]]
    periods = [later - sooner for sooner, later in itertools.pairwise(ups)]
    usual = statistics.median(periods)
    whole = [period for period in periods if 0.7 < period / usual < 1.4]
    return RATE / statistics.fmean(whole)


def pitches(pcm: bytes) -> list[float]:
    """Give the pitch of each eighth of a second that sounds."""
    step = 2 * RATE // 8
    parts = (pcm[at : at + step] for at in range(0, len(pcm) - step, step))
    return [pitch(part) for part in parts if max(samples(part)) > 3000]


def is_silent(recorder: Recorder) -> bool:
    """Tell whether nothing is heard for a tenth of a second."""
    begin = recorder.frames
    recorder.wait(RATE // 10)
    return not any(samples(recorder.mono(begin)))


@pytest.mark.needs("chromium")
@pytest.mark.needs("pulseaudio")
def test_a_browser_plays_the_note(
    place: Place, pulse: PulseServer, chromium: Chromium
) -> None:
    """What comes out of it is the note; pause, seek and what follows act there."""
    player, ear = place.player, place.ear
    token = place.address().partition("#")[2]
    assert len(token) >= 20
    with Recorder(pulse) as heard, chromium.tab() as tab:
        place.open(tab)
        assert "#" not in tab.page.url
        player.load(place.note("a.opus", opus(SOUND)))
        ear.await_position(1500)
        player.pause()
        ear.await_state(PlayerState.PAUSED)
        wait_until(lambda: is_silent(heard))
        at = heard.frames
        first = sounding(heard.mono(0, at))
        # It rises from 200 by 700 Hz a second. A browser on a busy machine leaves
        # holes, so that sample by sample no long piece need be the same.
        begun = pitches(first)
        steps = [later - sooner for sooner, later in itertools.pairwise(begun)]
        assert len(begun) >= 10
        assert begun[0] < 600
        assert 1000 < begun[-1] < 1900
        assert min(steps) > -400  # a hole bends the pitch of its piece
        assert sum(step > 0 for step in steps) > 0.6 * len(steps)
        player.seek(3000)
        player.prepare(place.note("b.wav", wav(chirp(1, 3000, 3300))))
        player.play()
        ear.await_count(Ended, 2)
        rest = pitches(sounding(heard.mono(at)))
        assert player.status.state is PlayerState.ENDED
        assert tab.troubles == []
    # 200 to 3000 Hz in 4 s: from 3 s on it is above 2300; then the other note.
    assert min(rest) > 2000
    assert max(rest) > 2950
    assert 12 <= len(rest) <= 20
    assert token not in place.log.read_text()


@pytest.mark.needs("chromium")
@pytest.mark.needs("pulseaudio")
def test_what_it_can_not_play_is_heard_as_well(
    place: Place, chromium: Chromium
) -> None:
    """AMR becomes Opus; twice the speed takes half the time, louder is no trouble."""
    player, ear = place.player, place.ear
    with chromium.tab() as tab:
        place.open(tab)
        player.set_speed(2.0)
        player.set_boost(12.0)
        player.load(place.note("a.amr", amr_note(3)))
        ear.await_state(PlayerState.PLAYING)
        assert tab.ask("!here().paused && here().playbackRate") == 2
        took = wait_until(lambda: bool(ear.of(Ended)))
        assert took < 2.9
        assert tab.troubles == []


@pytest.mark.needs("chromium")
@pytest.mark.needs("pulseaudio")
def test_a_page_that_is_closed_and_opened_again_goes_on(
    place: Place, chromium: Chromium
) -> None:
    """At the same place; its own button pauses what the terminal shows."""
    player, ear = place.player, place.ear
    address = place.address()
    with chromium.tab() as tab:
        place.open(tab)
        player.load(place.note("a.opus", opus(SOUND)))
        ear.await_position(800)
        tab.page.reload()  # which knows the token still
        wait_until(lambda: player.status.state is PlayerState.PLAYING)
        ear.await_position(1200)
        tab.page.click("#toggle")
        ear.await_state(PlayerState.PAUSED)
        tab.page.click("#toggle")
        ear.await_state(PlayerState.PLAYING)
    ear.await_state(PlayerState.PAUSED)
    at_ms = player.status.position_ms
    assert at_ms >= 1000
    assert player.status.device_problem.count(address) == 1
    with chromium.tab() as tab:
        place.open(tab)
        ear.await_position(at_ms + 100)
        assert tab.ask("here().currentTime") * 1000 >= at_ms - 50


def test_listen_plays_without_a_browser(place: Place, tmp_path: Path) -> None:
    """`earmark listen`, told the address, plays here and reports back."""
    player, ear = place.player, place.ear
    out = tmp_path / "heard.wav"
    words = [sys.executable, "-P", "-m", "tui", "listen", "--output", f"file:{out}"]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    ) as listener:
        assert listener.stdin is not None
        assert listener.stderr is not None
        listener.stdin.write(place.address().encode() + b"\n")
        listener.stdin.flush()
        wait_until(lambda: not player.status.device_problem)
        player.load(place.note("a.opus", opus(SOUND)))
        player.prepare(place.note("b.wav", wav(SOUND)))
        ear.await_position(800)
        player.pause()
        ear.await_state(PlayerState.PAUSED)
        player.seek(3500)
        player.play()
        ear.await_count(Ended, 1)
        ear.await_position(200)
        assert player.status.path == os.fsencode(tmp_path / "b.wav")
        player.seek(3800)
        ear.await_count(Ended, 2)
        listener.send_signal(signal.SIGINT)
        assert listener.wait(10) == 130
        said = listener.stderr.read().decode()
    assert said == "earmark: connected: what is played there is heard here\n"
    heard = sounding(read_wav(out))
    half = RATE
    assert correlation(SOUND[:half], heard[:half]) > 0.98


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:1/#abc", "nothing answers there"),
        ("http://example.org:8137/#abc", "could be overheard"),
        ("http://127.0.0.1:8137/", "no address as Earmark shows it"),
        ("ftp://127.0.0.1/#abc", "no address as Earmark shows it"),
        ("http://[/#abc", "no address"),
        ("\n", "needs the address"),
    ],
)
def test_listen_says_what_is_wrong(url: str, reason: str) -> None:
    """In a line, and without a trace of the token."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "tui", "listen", "--output", "null"],
        input=url,
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    assert done.returncode in {2, 3}
    assert reason in done.stderr
    assert "abc" not in done.stderr
    assert done.stderr.count("\n") == 1
