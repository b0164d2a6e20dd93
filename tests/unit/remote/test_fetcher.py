"""What `earmark listen` fetches while it plays: in parts, from where one listens on."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from tests.support.sound import chirp, correlation, long_wav
from tests.support.web_page import Told, WebPage
from tui.audio import RATE, Decoder, Load, Stop
from tui.errors import AudioError
from tui.remote._fetcher import FetchingShelf, address_of, path_of
from tui.remote._web import WebEngine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tui.audio import PacketRecording, Recording

SOUND = chirp(2)
HOUR = 3600 * RATE


@pytest.fixture
def engine() -> Iterator[WebEngine]:
    """Give an engine on a free port."""
    made = WebEngine(Told().events.append, port=0)
    made.start()
    yield made
    made.close()


@pytest.fixture
def note(tmp_path: Path) -> bytes:
    """Give an hour with a sound in its middle and one at its end."""
    path = tmp_path / "a.wav"
    long_wav(path, 3600, {1800: SOUND, 3598: SOUND})
    return os.fsencode(path)


def sound(recording: Recording | PacketRecording, second: int) -> bytes:
    """Decode two seconds."""
    found = b""
    with Decoder(recording, second) as decoder:
        for pcm, _ in decoder:
            found += pcm
            if len(found) >= len(SOUND):
                break
    return found


async def test_the_middle_and_the_end_are_fetched_alone(
    engine: WebEngine, note: bytes
) -> None:
    """They sound as they should, there is an end, and little is held."""
    engine.send(Load(1, note))
    async with WebPage(engine.address) as page:
        order = await page.take("load")
        assert order["samples"] == HOUR
        shelf = FetchingShelf()
        path = path_of(f"{page.base}{order['url']}", HOUR)
        recording = shelf.open(path)
        for second in (1800, 3598):
            heard = await asyncio.to_thread(sound, recording, second)
            assert correlation(SOUND, heard, reach=4) > 0.98
            assert len(heard) == pytest.approx(len(SOUND), abs=4000)
        assert shelf._fetched[path].store.size < 600_000
        engine.send(Stop())
        await page.take("stop")
        later = shelf.open(path_of(f"{page.base}{order['url']}x", HOUR))
        with pytest.raises(AudioError, match="not there any more"):
            await asyncio.to_thread(sound, later, 5)


async def test_another_length_than_announced_is_refused(
    engine: WebEngine, note: bytes
) -> None:
    """Its bytes would be elsewhere: another version of Earmark made them."""
    engine.send(Load(1, note))
    async with WebPage(engine.address) as page:
        url = (await page.take("load"))["url"]
        recording = FetchingShelf().open(path_of(f"{page.base}{url}", HOUR - RATE))
        with pytest.raises(AudioError, match="another version"):
            await asyncio.to_thread(sound, recording, 5)


def test_what_somebody_holds_goes_on_to_arrive() -> None:
    """However many others were looked at meanwhile; of those the last ones stay."""
    shelf = FetchingShelf()
    paths = [path_of(f"http://127.0.0.1:1/note/{i}", HOUR) for i in range(6)]
    plays = shelf.open(paths[0])
    first = shelf._fetched[paths[0]]
    for path in paths[1:]:
        shelf.open(path).close()
    assert list(shelf._fetched) == [paths[0], *paths[-2:]]
    again = shelf.open(paths[0])
    plays.close()
    plays.close()
    assert not first._is_closed
    again.close()
    shelf.open(paths[1]).close()
    assert first._is_closed == (paths[0] not in shelf._fetched)
    assert len(shelf._fetched) == 2


def test_a_path_is_an_address_or_a_file(note: bytes) -> None:
    """Files that were fetched whole are played as they are."""
    assert address_of(note) is None
    address = "http://127.0.0.1:8137/note/abc"
    assert address_of(path_of(address, 7)) == (address, 7)
    shelf = FetchingShelf()
    assert len(sound(shelf.open(note), 1800)) >= len(SOUND)
    with pytest.raises(AudioError, match="vanished"):
        shelf.open(note + b"x")
