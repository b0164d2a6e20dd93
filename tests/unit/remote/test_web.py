"""The page's server: who is served, and with what."""

from __future__ import annotations

import asyncio
import http.client
import logging
import os
import socket
from contextlib import closing
from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.support.notes import amr_note
from tests.support.sound import chirp, long_wav, opus, wav
from tests.support.web_page import Told, WebPage
from tui.audio import (
    RATE,
    DeviceChanged,
    Failed,
    ListOutputs,
    Load,
    OutputsListed,
    Prepare,
    Stop,
)
from tui.errors import AudioError
from tui.remote import _web_made
from tui.remote._web import WebEngine
from tui.remote._web_layout import Layout
from tui.remote._web_media import serve_note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tui.audio import Recording

SOUND = chirp(2)
NOTE = opus(SOUND)
WRONG = "wrong"


@pytest.fixture
def told() -> Told:
    """Give what is told."""
    return Told()


@pytest.fixture
def engine(told: Told) -> Iterator[WebEngine]:
    """Give an engine on a free port."""
    made = WebEngine(told.events.append, port=0)
    made.start()
    yield made
    made.close()


@pytest.fixture
def note(tmp_path: Path) -> bytes:
    """Give a note in a folder with something secret beside it."""
    (tmp_path / "secret.opus").write_bytes(NOTE + b"secret")
    path = tmp_path / "a.opus"
    path.write_bytes(NOTE)
    return os.fsencode(path)


async def test_the_address_is_told_until_a_page_is_there(
    engine: WebEngine, told: Told
) -> None:
    """It is no problem any more then, and one again when the page is gone."""
    await told.until(lambda: told.events)
    first = told.events[-1]
    assert isinstance(first, DeviceChanged)
    assert engine.address in first.problem
    async with WebPage(engine.address):
        await told.until(lambda: told.events[-1] == DeviceChanged("browser", ""))
    await told.until(lambda: told.events[-1] == first)


async def test_only_a_page_that_knows_the_token_is_served(
    engine: WebEngine, note: bytes, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    """Anybody else is sent away; neither token nor names of notes are in the log."""
    caplog.set_level(logging.DEBUG)
    wrong: list[object] = [WRONG, "", "\ud800", 7, None, engine.address]
    for token in wrong:
        async with WebPage(engine.address, token=token) as page:
            assert await page.closed() == 4403
    for text in ("", "[]", "{", "[" * 2000, "1"):
        async with WebPage(engine.address, token=WRONG) as page:
            await page.line.send_str(text)
            assert await page.closed() == 4403
    assert not any(event == DeviceChanged("browser", "") for event in told.events)
    engine.send(Load(1, note))
    async with WebPage(engine.address) as page:
        order = await page.take("load")
        await page.fetch(order["url"])
    assert page.token not in caplog.text
    assert order["url"] not in caplog.text
    assert "token is wrong" in caplog.text


async def test_what_is_no_message_ends_the_line(engine: WebEngine) -> None:
    """Also what is too long, or of another kind."""
    bad = (
        "{}",
        '{"what":1,"n":0,"note":0,"at":0}',
        '{"what":"here","n":-1,"note":0,"at":0}',
        '{"what":"here","n":0,"note":true,"at":0}',
        '{"what":"here","n":0,"note":0,"at":1.5}',
        '{"what":"here","n":0,"note":0,"at":0,"speed":NaN}',
        '{"what":"here","n":0,"note":0,"at":0,"speed":"fast"}',
        "nothing",
    )
    for text in bad:
        async with WebPage(engine.address) as page:
            await page.line.send_str(text)
            assert await page.closed() == 4400, text
    async with WebPage(engine.address) as page:
        await page.line.send_bytes(b"x")
        assert await page.closed() == 4400
    async with WebPage(engine.address) as page:
        await page.line.send_str("x" * 5000)
        assert await page.closed() == 1009


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8137", "127.0.0.1.x", ""]
)
async def test_other_names_for_this_machine_are_refused(
    engine: WebEngine, note: bytes, host: str
) -> None:
    """A page elsewhere may have its name lead here (DNS rebinding)."""
    engine.send(Load(1, note))
    async with WebPage(engine.address) as page:
        order = await page.take("load")
        for path in ("/", "/page.js", "/speaker", order["url"]):
            status, content = await page.fetch(path, Host=host)
            assert status in {400, 403}
            assert b"OggS" not in content
        assert (await page.fetch(order["url"], Host="localhost:9000"))[0] == 200


async def test_other_origins_are_refused(engine: WebEngine, note: bytes) -> None:
    """Neither a WebSocket nor a request of another page is answered."""
    engine.send(Load(1, note))
    async with WebPage(engine.address) as page:
        order = await page.take("load")
        for origin in ("http://evil.example", "null", "http://localhost:3000"):
            for path in ("/", "/speaker", order["url"]):
                status, _ = await page.fetch(path, Origin=origin)
                assert status == 403
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await page.session.ws_connect(f"{page.base}/speaker", origin=origin)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await page.session.ws_connect(f"{page.base}/speaker")
        for site in ("cross-site", "same-site", "none"):
            status, _ = await page.fetch(order["url"], **{"Sec-Fetch-Site": site})
            assert status == 403
        async with page.session.post(f"{page.base}/", data=b"x") as answer:
            assert answer.status == 405


async def test_a_browser_is_told_to_keep_and_tell_nothing(engine: WebEngine) -> None:
    """No cache, no referrer, no frame, nothing from elsewhere; no token in the page."""
    async with WebPage(engine.address) as page:
        for path in ("/", "/page.js", "/page.css", "/nothing"):
            async with page.session.get(f"{page.base}{path}") as answer:
                text = await answer.text()
                headers = answer.headers
            policy = headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert headers["Cache-Control"] == "no-store"
            assert headers["Referrer-Policy"] == "no-referrer"
            assert "Server" not in headers
            assert page.token not in text


async def test_a_note_is_given_by_ranges(engine: WebEngine, note: bytes) -> None:
    """To the byte; what lies outside is refused."""
    engine.send(Load(1, note))
    async with WebPage(engine.address) as page:
        url = (await page.take("load"))["url"]
        assert await page.fetch(url) == (200, NOTE)
        assert await page.fetch(url, Range="bytes=0-") == (206, NOTE)
        assert await page.fetch(url, Range="bytes=10-19") == (206, NOTE[10:20])
        assert await page.fetch(url, Range="bytes=-7") == (206, NOTE[-7:])
        for wrong in (f"bytes={len(NOTE)}-", "bytes=9-3", "pages=1-2", "bytes=a-b"):
            assert (await page.fetch(url, Range=wrong))[0] == 416
        async with page.session.head(f"{page.base}{url}") as answer:
            assert answer.content_length == len(NOTE)
            assert answer.content_type == "audio/ogg"


async def test_a_file_that_becomes_shorter_is_told(
    engine: WebEngine, note: bytes, told: Told
) -> None:
    """A page would ask for what is missing again and again."""
    engine.send(Load(1, note))
    async with WebPage(engine.address) as page:
        url = (await page.take("load"))["url"]
        os.truncate(note, 500)
        line = http.client.HTTPConnection(page.base.removeprefix("http://"), timeout=5)
        line.request("GET", url)
        wrong = pytest.raises(http.client.IncompleteRead)
        with closing(line), line.getresponse() as answer, wrong:
            await asyncio.to_thread(answer.read)
        failed = Failed(1, note, "has become shorter")
        await told.until(lambda: failed in told.events)
        assert (await page.fetch(url))[0] == 404


def test_what_was_let_go_is_read_no_more(
    note: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor what has its number since: not even by who is just about to read."""
    served = serve_note(note, lambda: False)
    read, others = os.pread, []

    def late(file: int, count: int, begin: int) -> bytes:
        served.close()
        others.append((tmp_path / "secret.opus").open("rb"))
        return read(file, count, begin)

    monkeypatch.setattr(os, "pread", late)
    assert served.read(0, 10**6) == NOTE
    assert served.read(0, 10**6) == b""
    others[0].close()


async def test_strangers_fill_no_disk(
    engine: WebEngine, caplog: pytest.LogCaptureFixture
) -> None:
    """What they do is in the log, a while."""
    async with WebPage(engine.address, token=WRONG) as page:
        assert await page.closed() == 4403
    address = ("127.0.0.1", int(page.base.rpartition(":")[2]))
    for _ in range(60):
        with socket.create_connection(address, 5) as line:
            line.sendall(b"GET / HTTP/1.1\r\nHost:a\r\nHost:b\r\n\r\n")
            assert await asyncio.to_thread(line.recv, 12) == b"HTTP/1.0 400"
    records = [each for each in caplog.records if "strangers" in each.name]
    assert len(records) == 50


async def test_only_what_plays_and_follows_can_be_had(
    engine: WebEngine, note: bytes, tmp_path: Path, told: Told
) -> None:
    """No path, no name of a file; a note that is over is gone."""
    other = tmp_path / "b.opus"
    other.write_bytes(opus(SOUND[:96_000]))
    engine.send(Load(1, note))
    async with WebPage(engine.address) as page:
        url = (await page.take("load"))["url"]
        for path in (
            "/note/a.opus",
            "/note/secret.opus",
            f"/note/{tmp_path}/secret.opus",
            "/note/../secret.opus",
            "/note/..%2fsecret.opus",
            f"{url}/../secret.opus",
            f"{url}x",
            "/note/",
            "/_web.py",
            "/page.js/../../_web.py",
            "/%2e%2e/_web.py",
        ):
            status, content = await page.fetch(path)
            assert status == 404, path
            assert b"Ogg" not in content
        engine.send(Prepare(2, os.fsencode(other)))
        following = await page.take("next")
        while not following["note"]:
            following = await page.take("next")
        assert (await page.fetch(following["url"]))[0] == 200
        await page.say("plays", 1)
        await page.say("follows", 2)
        await told.until(lambda: told.status.generation == 2)
        assert (await page.fetch(url))[0] == 404
        assert (await page.fetch(following["url"]))[0] == 200
        engine.send(Load(3, note))
        new = (await page.take("load"))["url"]
        assert new != url
        assert (await page.fetch(following["url"]))[0] == 404


@pytest.mark.parametrize("kind", ["amr", "wav"])
async def test_what_browsers_lack_is_made_anew(
    engine: WebEngine, tmp_path: Path, kind: str
) -> None:
    """As Opus in WebM, of the same length, and by ranges that fit together."""
    path = tmp_path / f"a.{kind}"
    path.write_bytes(amr_note(2) if kind == "amr" else wav(SOUND))
    engine.send(Load(1, os.fsencode(path)))
    async with WebPage(engine.address) as page:
        order = await page.take("load")
        assert order["length"] == pytest.approx(2, abs=0.05)
        assert order["samples"] == pytest.approx(2 * RATE, abs=0.05 * RATE)
        url = order["url"]
        status, tail = await page.fetch(url, Range="bytes=7000-")
        assert status == 206
        status, middle = await page.fetch(url, Range="bytes=300-6999")
        assert (status, len(middle)) == (206, 6700)
        status, content = await page.fetch(url)
        assert (status, content[:4]) == (200, b"\x1aE\xdf\xa3")
        assert content[300:] == middle + tail
        async with page.session.head(f"{page.base}{url}") as answer:
            assert answer.content_length == len(content)
            assert answer.content_type == "audio/webm"


async def test_an_hour_is_served_from_its_middle(
    engine: WebEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what is asked for is made, and nothing more when it is let go."""
    path = tmp_path / "a.wav"
    long_wav(path, 3600, {})
    made: list[int] = []
    begin = _web_made._encoded

    def counted(
        recording: Recording, part: int, should_stop: Callable[[], bool]
    ) -> Iterator[list[bytes]]:
        for packets in begin(recording, part, should_stop):
            made.append(part)
            yield packets

    monkeypatch.setattr(_web_made, "_encoded", counted)
    engine.send(Load(1, os.fsencode(path)))
    async with WebPage(engine.address) as page:
        url = (await page.take("load"))["url"]
        size = Layout(3600 * RATE).size
        first = size // 2
        status, content = await page.fetch(url, Range=f"bytes={first}-{first + 9999}")
        assert (status, len(content)) == (206, 10_000)
        assert 2 <= len(made) <= 3
        async with page.session.get(f"{page.base}{url}") as answer:
            assert answer.content_length == size
            await answer.content.readexactly(50_000)
            engine.send(Stop())
            with pytest.raises(aiohttp.ClientError):
                await answer.read()
        assert len(made) < 400


async def test_connections_of_strangers_shut_out_nobody(engine: WebEngine) -> None:
    """They are closed, the oldest first; a page that is there keeps its line."""
    async with WebPage(engine.address) as page:
        await page.take("next")
        address = ("127.0.0.1", int(page.base.rpartition(":")[2]))
        strangers = [socket.create_connection(address, 5) for _ in range(60)]
        try:
            for each in strangers[:8]:
                each.settimeout(5)
                assert await asyncio.to_thread(each.recv, 1) == b""
            async with aiohttp.request("GET", page.base) as answer:
                assert answer.status == 200
            await page.say("here", 0)
            assert not page.line.closed
        finally:
            for each in strangers:
                each.close()


def test_nothing_listens_but_on_this_machine(engine: WebEngine) -> None:
    """And nothing any more when it has ended; a taken port is told."""
    port = int(engine.address.partition("/#")[0].rpartition(":")[2])
    for address in ("127.0.0.2", "::1"):
        with pytest.raises(OSError, match=r"refused|unreachable|assign"):
            socket.create_connection((address, port), 5)
    with pytest.raises(AudioError, match="taken"):
        WebEngine(lambda _: None, port=port).start()
    engine.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)


async def test_the_outputs_of_here_can_be_chosen(engine: WebEngine, told: Told) -> None:
    """The page is one among them, and the usual one now."""
    engine.send(ListOutputs())
    await told.until(lambda: any(isinstance(e, OutputsListed) for e in told.events))
    listed = next(e for e in told.events if isinstance(e, OutputsListed))
    assert [e.name for e in listed.outputs if e.is_default] == ["browser"]
    assert "null" in {e.name for e in listed.outputs}
