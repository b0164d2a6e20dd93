"""Commands become orders to a page, and what it says becomes events."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NoReturn

import aiohttp
import pytest

from tests.support.web_page import WebPage
from tests.support.web_stage import NOTE, following
from tui.audio import (
    DeviceChanged,
    Ended,
    Failed,
    Load,
    Pause,
    Play,
    PlayerState,
    PositionChanged,
    Prepare,
    PrepareNothing,
    Seek,
    SeekBy,
    SetBoost,
    SetLevel,
    SetLoop,
    SetMuted,
    SetOutput,
    SetSkip,
    SetSpeed,
    SetVolume,
    Sound,
    StateChanged,
    Stop,
    Toggle,
)
from tui.errors import AudioError
from tui.remote import _web_made

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.web_stage import Stage
    from tui.audio import Recording


async def test_a_note_plays_when_the_page_says_so(stage: Stage) -> None:
    """Loading, playing, pausing, and the end: as an engine tells it."""
    async with stage.playing() as page:
        states = [e.status.state for e in stage.events if isinstance(e, StateChanged)]
        assert PlayerState.LOADING in states
        assert stage.status.duration_ms == pytest.approx(2000, abs=10)
        assert stage.status.output == "browser"
        stage.engine.send(Pause())
        await page.take("pause")
        await page.say("pauses", 1, 700)
        await stage.state(PlayerState.PAUSED)
        assert stage.status.position_ms == 700
        stage.engine.send(Toggle())
        await page.take("play")
        await page.say("plays", 1, 700)
        await stage.state(PlayerState.PLAYING)
        await page.say("ends", 1, 1990)
        await stage.until(lambda: stage.events[-1] == Ended(1))
        await stage.state(PlayerState.ENDED)
        assert stage.status.position_ms == stage.status.duration_ms
        stage.engine.send(Play())
        again = await page.take("load")
        assert (again["at"], again["play"]) == (0.0, True)


async def test_the_position_goes_on_between_reports(stage: Stage) -> None:
    """Ten times a second, at the speed of the note, and never past its end."""
    async with stage.playing() as page:
        stage.engine.send(SetSpeed(2.0))
        sound = (await page.take("sound"))["sound"]
        assert sound["speed"] == 2.0
        await page.say("here", 1, 1500)
        told = stage.count(PositionChanged)
        await stage.until(lambda: stage.count(PositionChanged) >= told + 4)
        positions = [
            e.position_ms for e in stage.events if isinstance(e, PositionChanged)
        ]
        assert positions == sorted(positions)
        assert positions[-1] > 1500
        duration = stage.status.duration_ms
        await stage.until(lambda: stage.events[-1] == PositionChanged(1, duration or 0))
        assert stage.status.state is PlayerState.PLAYING


async def test_what_was_said_before_an_order_means_nothing(stage: Stage) -> None:
    """A position from before a seek must not bring the old one back."""
    async with stage.playing() as page:
        before = page.number
        stage.engine.send(Seek(1500))
        assert (await page.take("seek"))["at"] == 1.5
        told = stage.count(PositionChanged)
        await page.say("here", 1, 300, order=before)
        await page.say("pauses", 1, 300, order=before)
        await page.say("here", 7, 300)
        await page.say("here", 1, 1600)
        await stage.until(lambda: stage.count(PositionChanged) > told)
        positions = [
            e.position_ms for e in stage.events if isinstance(e, PositionChanged)
        ]
        assert min(positions[told:]) >= 1500
        assert stage.events[-1] == PositionChanged(1, positions[-1])
        stage.engine.send(SeekBy(-10_000))
        assert (await page.take("seek"))["at"] == 0.0
        stage.engine.send(Seek(99_000))
        assert (await page.take("seek"))["at"] == pytest.approx(2, abs=0.01)


async def test_the_sound_is_told_in_full(stage: Stage) -> None:
    """Loudness by the square, mute as silence, level and boost as decibels."""
    async with stage.playing() as page:
        for command, name, value in (
            (SetVolume(0.5), "volume", 0.25),
            (SetMuted(muted=True), "volume", 0.0),
            (SetMuted(muted=False), "volume", 0.25),
            (SetBoost(6.0), "gain", 6.0),
            (SetSpeed(9.0), "speed", 4.0),
        ):
            stage.engine.send(command)
            assert (await page.take("sound"))["sound"][name] == value
        stage.engine.send(SetBoost(0.0))
        await page.take("sound")
        stage.engine.send(SetLevel(level=True))
        await stage.until(lambda: stage.status.lufs is not None)
        await stage.until(lambda: stage.status.gain_db)
        sound = await page.take("sound")
        while not sound["sound"]["gain"]:
            sound = await page.take("sound")
        assert sound["sound"]["gain"] == pytest.approx(stage.status.gain_db)
        stage.engine.send(SetOutput("browser"))
        stage.engine.send(SetSkip(2))
        assert (await page.take("sound"))["sound"]["skip"] == 0
        assert stage.status.skip == 0


async def test_a_part_is_repeated_by_the_page(stage: Stage) -> None:
    """The position goes round meanwhile; too short a part is none."""
    async with stage.playing() as page:
        stage.engine.send(SetLoop(200, 900_000))
        assert (await page.take("loop"))["loop"] == [
            0.2,
            pytest.approx(2, abs=0.01),
        ]
        stage.engine.send(SetLoop(200, 500))
        assert (await page.take("loop"))["loop"] == [0.2, 0.5]
        await page.say("here", 1, 480)
        await stage.until(
            lambda: any(
                isinstance(e, PositionChanged) and 200 <= e.position_ms < 300
                for e in stage.events
            )
        )
        stage.engine.send(SetLoop(200, 210))
        assert (await page.take("loop"))["loop"] == []
        assert stage.status.loop_end_ms is None


async def test_what_was_prepared_follows(stage: Stage) -> None:
    """With the first of it that is heard come the end of the one before and its own."""
    async with stage.playing() as page:
        stage.engine.send(
            Prepare(2, stage.other, 300, Sound(1.5), gap_ms=500, tone=True)
        )
        order = await following(page)
        assert (order["at"], order["gap"], order["tone"]) == (0.3, 0.5, True)
        assert order["sound"]["speed"] == 1.5
        await page.say("follows", 2, 300)
        await stage.until(lambda: stage.status.generation == 2)
        at = stage.events.index(Ended(1))
        assert isinstance(stage.events[at + 1], StateChanged)
        assert stage.status.path == stage.other
        assert stage.status.state is PlayerState.PLAYING
        assert stage.status.speed == 1.5
        await page.say("ends", 2, 1000)
        await stage.until(lambda: stage.events[-1] == Ended(2))


async def test_a_page_that_went_on_before_it_was_told_is_right(stage: Stage) -> None:
    """What is heard counts, as with an engine."""
    async with stage.playing() as page:
        stage.engine.send(Prepare(2, stage.other))
        order = await following(page)
        number = page.number
        stage.engine.send(PrepareNothing())
        await page.take("next")
        assert (await page.fetch(order["url"]))[0] == 200
        await page.say("follows", 2, order=number)
        await stage.until(lambda: stage.status.generation == 2)


async def test_an_end_before_the_next_is_known_is_none(stage: Stage) -> None:
    """A page that ended without it is given it then."""
    async with stage.playing() as page:
        stage.engine.send(Prepare(2, stage.other))
        number = page.number
        await following(page)
        await page.say("ends", 1, 2000, order=number)
        loaded = await page.take("load")
        assert (loaded["note"], loaded["play"]) == (2, True)
        await page.say("plays", 2)
        await stage.until(lambda: stage.status.generation == 2)
        assert Ended(1) in stage.events
        assert PlayerState.ENDED not in {
            e.status.state for e in stage.events if isinstance(e, StateChanged)
        }


async def test_what_can_not_be_read_fails_with_a_reason(
    stage: Stage, tmp_path: Path
) -> None:
    """The note, or the one that was to follow; Play tries again."""
    path = tmp_path / "c.opus"
    missing = os.fsencode(path)
    async with stage.playing() as page:
        stage.engine.send(Prepare(2, missing))
        await stage.until(lambda: Failed(2, missing, "vanished") in stage.events)
        await page.say("ends", 1, 2000)
        await stage.until(lambda: Ended(1) in stage.events)
        stage.engine.send(Load(3, missing))
        await stage.until(lambda: Failed(3, missing, "vanished") in stage.events)
        assert stage.status.state is PlayerState.FAILED
        path.write_bytes(NOTE)
        stage.engine.send(Play())
        assert (await page.take("load"))["note"] == 3


async def test_what_a_page_can_not_play_is_made_anew_once(stage: Stage) -> None:
    """Browsers differ; when the new bytes do not do either, the note fails."""
    async with stage.playing() as page:
        await page.say("fails", 1)
        order = await page.take("load")
        status, content = await page.fetch(order["url"])
        assert (status, content[:4]) == (200, b"\x1aE\xdf\xa3")
        await page.say("fails", 1)
        await stage.until(lambda: stage.count(Failed))
        assert stage.status.state is PlayerState.FAILED


async def test_what_can_not_be_made_fails_with_its_reason(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page waits for bytes that do not come; nobody waits for ever."""

    def broken(recording: Recording, *_given: object) -> NoReturn:
        raise AudioError(recording.path, "the disk is gone")

    monkeypatch.setattr(_web_made, "_encoded", broken)
    async with stage.playing() as page:
        await page.say("fails", 1)
        url = (await page.take("load"))["url"]
        with pytest.raises(aiohttp.ClientError):
            await page.fetch(url)
        failed = Failed(1, stage.note, "the disk is gone")
        await stage.until(lambda: failed in stage.events)
        assert (await page.fetch(url))[0] == 404


async def test_the_speed_of_the_page_is_told(stage: Stage) -> None:
    """Its buttons change it; what it said before it heard of another one is old."""
    async with stage.playing() as page:
        await page.say("here", 1, 500, speed=1.25)
        await stage.until(lambda: stage.status.speed == 1.25)
        before = page.number
        stage.engine.send(SetSpeed(2.0))
        await page.take("sound")
        await page.say("here", 1, 600, order=before, speed=1.5)
        await page.say("pauses", 1, 600)
        await stage.state(PlayerState.PAUSED)
        assert stage.status.speed == 2.0
        await page.say("here", 1, 600, speed=0.75)
        await stage.until(lambda: stage.status.speed == 0.75)


async def test_stop_lets_the_note_go(stage: Stage) -> None:
    """Its bytes can't be had any more."""
    async with stage.playing() as page:
        stage.engine.send(Prepare(2, stage.other))
        order = await following(page)
        stage.engine.send(Stop())
        await page.take("stop")
        await stage.state(PlayerState.IDLE)
        assert stage.status.path is None
        assert (await page.fetch(order["url"]))[0] == 404
        idle = stage.count(StateChanged)
        stage.engine.send(Stop())
        await stage.until(lambda: stage.count(StateChanged) > idle)


async def test_a_line_that_breaks_loses_nothing(stage: Stage) -> None:
    """It waits, and goes on where the page had come to; a new page takes over."""
    async with stage.playing() as page:
        await page.say("here", 1, 900)
    await stage.state(PlayerState.PAUSED)
    assert 900 <= stage.status.position_ms < 1900
    assert "http://127.0.0.1" in stage.status.device_problem
    async with WebPage(stage.engine.address, note=1, at=1200) as page:
        order = await page.take("load")
        assert (order["at"], order["play"]) == (1.2, True)
        await page.say("plays", 1, 1200)
        await stage.state(PlayerState.PLAYING)
        assert stage.status.device_problem == ""
        async with WebPage(stage.engine.address) as other:
            await page.take("leave")
            await page.closed()
            assert (await other.take("load"))["play"] is True
            assert stage.events.count(DeviceChanged("browser", "")) == 2


async def test_without_a_page_commands_are_kept(stage: Stage) -> None:
    """What was loaded and sought plays when a page comes, if it was to play."""
    stage.engine.send(Load(1, stage.note))
    await stage.state(PlayerState.PAUSED)
    stage.engine.send(Seek(1500))
    stage.engine.send(SetSpeed(1.5))
    stage.engine.send(Toggle())
    async with WebPage(stage.engine.address) as page:
        order = await page.take("load")
        assert (order["at"], order["play"]) == (1.5, False)
        assert order["sound"]["speed"] == 1.5
        await page.say("pauses", 1, 1500)
        stage.engine.send(Play())
        await page.take("play")
    async with WebPage(stage.engine.address) as page:
        assert (await page.take("load"))["play"] is True


async def test_a_browser_that_wants_a_click_is_told_in_words(stage: Stage) -> None:
    """And that is over with the click."""
    async with WebPage(stage.engine.address) as page:
        stage.engine.send(Load(1, stage.note))
        await page.take("load")
        await page.say("blocked", 1)
        await stage.until(lambda: "Click" in stage.status.device_problem)
        assert stage.status.state is PlayerState.PAUSED
        await page.say("plays", 1)
        await stage.state(PlayerState.PLAYING)
        await stage.until(lambda: stage.status.device_problem == "")


async def test_a_page_may_act_by_itself(stage: Stage) -> None:
    """Its buttons, headphones that are taken off: what it says counts."""
    async with stage.playing() as page:
        await page.say("pauses", 1, 400)
        await stage.state(PlayerState.PAUSED)
        await page.say("plays", 1, 800)
        await stage.state(PlayerState.PLAYING)
        await page.say("waits", 1, 800)
        told = stage.count(PositionChanged)
        await stage.until(lambda: stage.count(PositionChanged) > told)
        assert stage.status.position_ms == 800
