"""The browser as the speaker: a real one plays what the player plays."""

from __future__ import annotations

import itertools
import os
import shlex
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.chromium import Chromium
from tests.support.ear import wait_until
from tests.support.notes import amr_note
from tests.support.paged_player import Place, is_silent
from tests.support.pulse import PulseServer, Recorder
from tests.support.sound import (
    chirp,
    correlation,
    long_wav,
    opus,
    pitches,
    read_wav,
    sounding,
    wav,
)
from tests.support.sshd import SshServer, free_port
from tui.audio import RATE, Ended, PlayerState, PositionChanged
from tui.child import environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.xdist_group("sound"), pytest.mark.timeout(60)]

SOUND = chirp(4)


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
        name = "Ana <b>&amp;</b> · Family \u202e"
        player.load(place.note("a.opus", opus(SOUND)), title=name)
        ear.await_position(1500)
        assert tab.page.inner_text("#name") == name.strip()
        assert tab.page.title() == f"{name} - Earmark"
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
        player.prepare(place.note("b.wav", wav(chirp(1, 3000, 3300))), title="Ben")
        player.play()
        ear.await_count(Ended, 2)
        assert tab.page.inner_text("#name") == "Ben"
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


@pytest.mark.needs("chromium")
def test_the_middle_of_an_hour_is_heard_before_the_rest_is_made(
    place: Place, chromium: Chromium, tmp_path: Path
) -> None:
    """A film or a long WAV begins where one asks, and all places stay true."""
    player, ear = place.player, place.ear
    long = tmp_path / "long.wav"
    long_wav(long, 3600, {1800: SOUND})
    with chromium.tab() as tab:
        place.open(tab)
        player.load(os.fsencode(long), position_ms=1_800_000)
        ear.await_position(1_800_800)
        assert player.status.duration_ms == 3_600_000
        assert tab.ask("here().duration") == 3600
        assert 1800 < tab.ask("here().currentTime") < 1810
        tab.page.reload()  # the line breaks, and it goes on
        wait_until(lambda: player.status.state is PlayerState.PLAYING)
        ear.await_position(player.status.position_ms + 500)
        assert 1800.5 < tab.ask("here().currentTime") < 1815
        player.seek(3_599_700)
        ear.await_count(Ended, 1)
        assert player.status.position_ms == 3_600_000
        assert tab.troubles == []


@pytest.mark.needs("chromium")
@pytest.mark.needs("pulseaudio")
def test_a_far_place_of_a_long_note_is_heard(
    place: Place, pulse: PulseServer, chromium: Chromium
) -> None:
    """It is the right one, of the very packets of the file."""
    player, ear = place.player, place.ear
    with Recorder(pulse) as heard, chromium.tab() as tab:
        place.open(tab)
        content = opus(chirp(60), 150_000)
        assert len(content) > 1_000_000
        player.load(place.note("a.opus", content))
        ear.await_position(200)
        player.pause()
        ear.await_state(PlayerState.PAUSED)
        wait_until(lambda: is_silent(heard))
        at = heard.frames
        player.seek(50_000)
        player.play()
        ear.await_position(51_000)
        player.pause()
        ear.await_state(PlayerState.PAUSED)
        # It rises from 200 by 47 Hz a second.
        begun = pitches(sounding(heard.mono(at)))
        assert 2400 < begun[len(begun) // 2] < 2700
        assert tab.ask("here().duration") == 60
        assert tab.troubles == []


@pytest.mark.needs("chromium")
@pytest.mark.needs("pulseaudio")
def test_a_pause_before_what_follows_can_be_gone_on_from(
    place: Place, chromium: Chromium
) -> None:
    """The note that is over does not begin anew."""
    player, ear = place.player, place.ear
    with chromium.tab() as tab:
        place.open(tab)
        player.load(place.note("a.opus", opus(SOUND)), position_ms=3500)
        player.prepare(place.note("b.opus", opus(SOUND)), gap_ms=3000)
        wait_until(lambda: bool(tab.ask("gap > 0")))
        player.pause()
        ear.await_state(PlayerState.PAUSED)
        assert tab.ask("gap") == 0
        over = player.status.generation
        player.prepare(place.note("c.opus", opus(SOUND)), gap_ms=100)
        player.play()
        ear.await_count(Ended, 1)
        ear.await_position(300)
        assert player.status.path == place.note("c.opus", opus(SOUND))
        again = [e.position_ms for e in ear.of(PositionChanged) if e.generation == over]
        assert min(again) >= 3500
        assert tab.troubles == []


SERVE = """
import sys
from tui.audio import Load
from tui.remote._web import WebEngine
engine = WebEngine(lambda event: None, port=int(sys.argv[1]))
engine.start()
print(engine.address, flush=True)
engine.send(Load(1, sys.argv[2].encode()))
sys.stdin.readline()
engine.close()
"""


@pytest.mark.needs("chromium")
@pytest.mark.needs("pulseaudio")
@pytest.mark.needs("sshd")
def test_ssh_ends_though_its_page_stays_open(
    tmp_path: Path, chromium: Chromium
) -> None:
    """`ssh -L` waits for the end of all connections, and browsers keep idle ones."""
    note = tmp_path / "a.opus"
    note.write_bytes(opus(SOUND))
    there, here = free_port(), free_port()
    way = ["env", f"PYTHONPATH={environment().get('PYTHONPATH', '')}", sys.executable]
    words = shlex.join([*way, "-P", "-c", SERVE, str(there), str(note)])
    with SshServer() as server, chromium.tab() as tab:
        ssh = [*shlex.split(server.command), "-L", f"{here}:127.0.0.1:{there}"]
        with subprocess.Popen(
            [*ssh, server.host, words], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as line:
            try:
                assert line.stdin is not None
                assert line.stdout is not None
                address = line.stdout.readline().decode().strip()
                tab.open(address.replace(f":{there}/", f":{here}/"))
                tab.wait("here().currentTime > 0.3")
                line.stdin.write(b"\n")
                line.stdin.flush()
                assert line.wait(5) == 0
                assert "again" in tab.page.inner_text("#state")
            finally:
                line.kill()


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
        long = tmp_path / "b.wav"  # which is made over there while it plays
        long_wav(long, 3600, {0: SOUND})
        player.prepare(os.fsencode(long))
        ear.await_position(800)
        player.pause()
        ear.await_state(PlayerState.PAUSED)
        player.seek(3500)
        player.play()
        ear.await_count(Ended, 1)
        ear.await_position(200)
        assert player.status.path == os.fsencode(long)
        player.seek(3_599_800)
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
