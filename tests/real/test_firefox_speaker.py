"""The browser as the speaker: Firefox, which decodes and seeks with code of its own."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING

import pytest

from tests.support.ear import wait_until
from tests.support.firefox import Firefox
from tests.support.paged_player import Place, is_silent
from tests.support.pulse import PulseServer, Recorder
from tests.support.sound import chirp, long_wav, opus, pitches, sounding
from tui.audio import Ended, PlayerState

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.needs("firefox"),
    pytest.mark.needs("pulseaudio"),
    pytest.mark.xdist_group("sound"),
    pytest.mark.timeout(60),
]

MIDDLE = 1800


def prove_rising(pcm: bytes, *, first: float, last: float) -> None:
    """Look whether the pitch rises, as of a chirp, between two ones."""
    heard = pitches(sounding(pcm))
    steps = [later - sooner for sooner, later in itertools.pairwise(heard)]
    assert len(heard) >= 6, heard
    assert abs(heard[0] - first) < 400, heard
    assert abs(heard[-1] - last) < 500, heard
    # A browser on a busy machine leaves holes: each bends the pitch of its piece.
    assert sum(step > 0 for step in steps) > 0.6 * len(steps), heard


def test_firefox_plays_notes_and_its_page_acts(tmp_path: Path) -> None:
    """A note, its button, then the middle of an hour that has to be made first."""
    long = tmp_path / "long.wav"
    long_wav(long, 3600, {MIDDLE: chirp(4)})
    with PulseServer() as pulse, Firefox(pulse.environment) as firefox:
        place = Place(tmp_path)
        player, ear = place.player, place.ear
        player.start()
        try:
            with firefox.tab() as tab, Recorder(pulse) as heard:
                place.open(tab)
                player.load(place.note("a.opus", opus(chirp(4))))
                ear.await_position(1200)
                tab.click("#toggle")
                ear.await_state(PlayerState.PAUSED)
                wait_until(lambda: is_silent(heard))
                at_ms = player.status.position_ms
                prove_rising(heard.mono(), first=200, last=200 + 0.7 * at_ms)
                tab.click("#faster")
                wait_until(lambda: player.status.speed == 1.25)
                player.set_speed(1.0)
                tab.wait("here().playbackRate === 1")

                begin = heard.frames
                player.prepare(os.fsencode(long), position_ms=MIDDLE * 1000)
                player.seek(3700)
                tab.click("#toggle")
                ear.await_count(Ended, 1)
                ear.await_position(MIDDLE * 1000 + 1500)
                player.pause()
                ear.await_state(PlayerState.PAUSED)
                wait_until(lambda: is_silent(heard))
                rest = pitches(heard.mono(begin))
                assert rest[0] > 2500  # the end of the first one
                follows = next(i for i, each in enumerate(rest) if each < 1000)
                assert rest[follows] < 500
                assert 1000 < rest[-1] < 1900
                assert tab.ask("here().duration") == 3600
                player.seek(3_599_800)
                player.play()
                ear.await_count(Ended, 2)
                assert player.status.state is PlayerState.ENDED
                assert tab.troubles == []
        finally:
            player.close()
