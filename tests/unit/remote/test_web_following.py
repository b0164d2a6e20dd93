"""What follows what a page plays, when it is not ready, or has to be made anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.web_page import WebPage
from tests.support.web_stage import OTHER, Gate, following
from tui.audio import (
    Ended,
    Failed,
    Load,
    Pause,
    Play,
    PlayerState,
    Prepare,
    PrepareNothing,
    Seek,
    SetVolume,
    Stop,
)
from tui.remote import _web_notes, _web_player

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.web_stage import Stage


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Give a gate that is open."""
    made = Gate()
    monkeypatch.setattr(_web_notes, "serve_note", made.serve_note)
    yield made
    made.open()


async def test_what_follows_may_have_to_be_made_when_its_time_has_come(
    stage: Stage, gate: Gate
) -> None:
    """A page that could not play it goes over to it nevertheless, and waits there."""
    async with stage.playing() as page:
        stage.engine.send(Prepare(2, stage.other))
        await following(page)
        gate.close(stage.other)
        await page.say("fails", 2)
        await page.say("follows", 2)
        await gate.reached(stage.other)
        await stage.at_end()
        gate.open()
        order = await page.take("load")
        assert (order["note"], order["play"]) == (2, True)
        assert order["samples"] > 0
        await page.say("plays", 2)
        await stage.until(lambda: stage.status.generation == 2)
        assert stage.count(Ended) == 1
        assert not stage.count(Failed)


async def test_what_follows_and_can_not_be_played_at_all_is_told(stage: Stage) -> None:
    """It is made anew once, not again and again."""
    async with stage.playing() as page:
        stage.engine.send(Prepare(2, stage.other))
        await following(page)
        await page.say("fails", 2)
        assert (await following(page))["samples"] > 0
        await page.say("fails", 2)
        failed = Failed(2, stage.other, "the page can't play it")
        await stage.until(lambda: failed in stage.events)
        await page.say("ends", 1, 2000)
        await stage.state(PlayerState.ENDED)


async def test_what_follows_is_told_again_with_other_bytes(stage: Stage) -> None:
    """A page forgets what follows with every recording that it is given."""
    async with stage.playing() as page:
        stage.engine.send(Prepare(2, stage.other))
        then = await following(page)
        await page.say("fails", 1)
        assert (await page.take("load"))["samples"] > 0
        assert (await following(page))["url"] == then["url"]


async def test_one_may_go_back_while_what_follows_is_not_ready(
    stage: Stage, gate: Gate
) -> None:
    """Then it does not begin, but when its time comes; a pause holds it off as well."""
    gate.close(stage.other)
    async with stage.playing() as page:
        stage.engine.send(Prepare(2, stage.other))
        await gate.reached(stage.other)
        await page.take("next")
        await page.say("ends", 1, 2000)
        await stage.at_end()
        stage.engine.send(Seek(500))
        order = await page.take("load")
        assert (order["note"], order["at"], order["play"]) == (1, 0.5, True)
        await page.take("next")
        await page.say("plays", 1, 500)
        await page.say("ends", 1, 2000)
        await stage.at_end()
        stage.engine.send(Pause())
        await page.take("pause")
        await page.say("pauses", 1, 2000)
        await stage.state(PlayerState.PAUSED)
        gate.open()
        stage.engine.send(Play())
        order = await page.take("load")
        assert (order["note"], order["play"]) == (2, True)
        assert stage.count(Ended) == 1


async def test_a_note_that_is_over_does_not_begin_anew_for_what_follows(
    stage: Stage, gate: Gate
) -> None:
    """It was paused in the silence behind it, and then something else was to follow."""
    async with stage.playing() as page:
        await page.say("pauses", 1, 2000)
        await stage.state(PlayerState.PAUSED)
        gate.close(stage.other)
        stage.engine.send(Prepare(2, stage.other))
        await gate.reached(stage.other)
        stage.engine.send(Play())
        await stage.state(PlayerState.PLAYING)
        gate.open()
        order = await page.take("load", "play")
        assert (order["do"], order["note"], order["play"]) == ("load", 2, True)


async def test_what_was_stopped_does_not_end(stage: Stage, gate: Gate) -> None:
    """Also when it had come to its end, and waited for what follows."""
    gate.close(stage.other)
    async with stage.playing() as page:
        stage.engine.send(Prepare(2, stage.other))
        await gate.reached(stage.other)
        await page.take("next")
        await page.say("ends", 1, 2000)
        await stage.at_end()
        stage.engine.send(Stop())
        stage.engine.send(PrepareNothing())
        await page.take("next")
        await stage.state(PlayerState.IDLE)
        gate.open()
        assert not stage.count(Ended)
        await page.say("plays", 1, 300)
        stage.engine.send(SetVolume(0.5))
        await stage.until(lambda: stage.status.volume == 0.5)
        assert stage.status.state is PlayerState.IDLE
    async with WebPage(stage.engine.address, note=1, at=300) as page:
        await page.take("stop")  # it may have the note still


async def test_what_is_long_is_made_in_parts_for_who_fetches_all_else_whole(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it was there before the recording, or comes later."""
    monkeypatch.setattr(_web_player, "_WHOLE_BYTES", len(OTHER))
    async with stage.playing(parts=True) as page:
        stage.engine.send(Prepare(2, stage.other))
        assert (await following(page))["samples"] == 0
        stage.engine.send(Load(3, stage.note))
        assert (await page.take("load"))["samples"] > 0
    async with WebPage(stage.engine.address) as page:
        await page.take("load")  # any page can play it
        stage.engine.send(Load(4, stage.other))
        await page.take("load")
        stage.engine.send(Prepare(5, stage.note))
        assert (await following(page))["samples"] == 0
    async with WebPage(stage.engine.address, parts=True) as page:
        assert (await page.take("load"))["samples"] == 0
        assert (await following(page))["samples"] > 0
        stage.engine.send(PrepareNothing())
        await page.take("next")
    async with WebPage(stage.engine.address) as page:
        await page.take("load")
        stage.engine.send(Load(6, stage.note))
        assert (await page.take("load"))["samples"] == 0
    async with WebPage(stage.engine.address, parts=True) as page:
        assert (await page.take("load"))["samples"] > 0
