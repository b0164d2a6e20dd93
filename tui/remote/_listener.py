"""The page without a browser: plays here what a page would play.

It does what `_page/page.js` does: takes orders with numbers, fetches recordings, and
reports what is heard.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp

from tui.audio import (
    RATE,
    DeviceChanged,
    Failed,
    PlayerState,
    PositionChanged,
    Sound,
    StateChanged,
)
from tui.errors import DataError, UsageError
from tui.remote._fetcher import path_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tui.audio import Player, PlayerEvent

__all__ = ["ListenError", "Listener", "listening_command"]

_WRONG_TOKEN = 4403
_MOST_BYTES = 1 << 30
"""The longest recording that is fetched."""
_CHUNK = 65_536
_SAY_S = 1.0
_ALIVE_S = 12.0
"""While something plays, a line that is silent for so long is dead."""
_HELLO_S = 10.0
_QUIET_S = 30.0
"""A recording of which nothing arrives for so long does not arrive."""
_NAME = re.compile(r"/note/[A-Za-z0-9_-]{1,100}")
"""What may be fetched: it leads to nowhere else."""
_MEANINGLESS = (ArithmeticError, LookupError, RecursionError, TypeError, ValueError)
_MOST_SAMPLES = 1000 * 3600 * RATE
_WAITS_S = (0.25, 0.5, 1.0, 2.0, 4.0)
_LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})
_SAID = {
    PlayerState.PLAYING: "plays",
    PlayerState.PAUSED: "pauses",
    PlayerState.ENDED: "ends",
}


def listening_command(output: str) -> list[str]:
    """Return the command line of the engine that `Listener` plays by.

    Args:
        output: The name of the output.
    """
    kind, _, path = output.partition(":")
    where = [f"--output={output}"]
    if kind == "file":
        where = [f"--output={kind}", f"--path={path}"]
    # -P: the folder that the user happens to stand in is no place for our modules.
    return [sys.executable, "-P", "-m", "tui.remote._fetcher", *where]


class ListenError(DataError):
    """What was to be listened to is not there, or can't be had."""


@dataclass(slots=True)
class _Note:
    """A recording that was ordered, and how it shall be played."""

    number: int
    url: str
    file: Path
    """Where it is fetched to."""
    at_ms: int
    plays: bool
    sound: dict[str, float]
    loop: tuple[int, int] | None = None
    """Milliseconds."""
    gap_ms: int = 0
    tone: bool = False
    is_here: bool = False
    """Whether it was fetched."""
    generation: int = 0
    """Of the player; 0 until it has it."""
    samples: int = 0
    """How long it is when it is made over there while it is played; else 0."""


class Listener:
    """Plays what the other end orders.

    Args:
        url: The address that the other end shows, with its token.
        player: What plays here; not started. It is closed at the end.
        tell: Takes lines for the user.

    Raises:
        UsageError: It is no such address.
    """

    def __init__(self, url: str, player: Player, tell: Callable[[str], None]) -> None:
        self._base, self._token = _address(url)
        self._player = player
        self._tell = tell
        self._done = 0
        self._count = 0
        self._note: _Note | None = None
        self._next: _Note | None = None
        self._fetches: set[asyncio.Task[None]] = set()
        self._line: aiohttp.ClientWebSocketResponse | None = None
        self._events: asyncio.Queue[PlayerEvent] = asyncio.Queue()
        self._said_at = 0.0
        self._said: PlayerState | None = None

    async def run(self) -> None:
        """Listen until another page takes over, or this is cancelled.

        Raises:
            ListenError: Nothing answers there, or the address is not valid any more.
        """
        loop = asyncio.get_running_loop()

        def hear(event: PlayerEvent) -> None:
            with suppress(RuntimeError):  # it ends
                loop.call_soon_threadsafe(self._events.put_nowait, event)

        self._player.subscribe(hear)
        self._player.start()
        with tempfile.TemporaryDirectory(prefix="earmark-") as folder:
            self._folder = Path(folder)
            patience = aiohttp.ClientTimeout(
                total=None, sock_connect=_HELLO_S, sock_read=_QUIET_S
            )
            async with aiohttp.ClientSession(timeout=patience) as self._session:
                reports = asyncio.create_task(self._report_all())
                try:
                    await self._stay()
                finally:
                    for task in (reports, *self._fetches):
                        task.cancel()
                    await asyncio.gather(
                        reports, *self._fetches, return_exceptions=True
                    )
                    await asyncio.to_thread(self._player.close)

    # The line

    async def _stay(self) -> None:
        """Connect, and again whenever the line breaks."""
        failures = 0
        was_there = False
        while True:
            is_over = False
            try:
                is_over = await self._visit()
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                if self._line is None and not was_there:
                    raise ListenError(self._base, "nothing answers there") from error
            if is_over:
                self._tell("another page plays now")
                return
            if self._line is not None:
                self._line, failures, was_there = None, 0, True
                self._player.pause()
                self._tell("the line is broken; trying again")
            await asyncio.sleep(_WAITS_S[min(failures, len(_WAITS_S) - 1)])
            failures += 1

    async def _visit(self) -> bool:
        """Play as long as there is a line; returns whether another page took over.

        Raises:
            ListenError: The token is wrong, or what is ordered is nothing of ours.
            ClientError: The line broke.
        """
        address = f"{self._base.replace('http', 'ws', 1)}/speaker"
        hello = {"token": self._token, "skips": True, "parts": True}
        async with self._session.ws_connect(
            address, origin=self._base, max_msg_size=_CHUNK
        ) as line:
            await line.send_json({**hello, **self._where()})
            welcome = await line.receive(_HELLO_S)
            if welcome.type is not aiohttp.WSMsgType.TEXT:
                if line.close_code == _WRONG_TOKEN:
                    raise ListenError(self._base, "this address is not valid any more")
                raise aiohttp.ClientConnectionError
            self._line = line
            self._tell("connected: what is played there is heard here")
            try:
                async for order in self._orders(line):
                    if order["do"] == "leave":
                        return True
                    await self._obey(order)
            except _MEANINGLESS as error:
                raise ListenError(self._base, "what it says has no meaning") from error
        return False

    async def _orders(
        self, line: aiohttp.ClientWebSocketResponse
    ) -> AsyncIterator[dict[str, Any]]:
        """Give what is ordered; ends when the line is closed, or dead."""
        while True:
            try:
                message = await line.receive(_ALIVE_S)
            except TimeoutError:
                if self._player.status.state is PlayerState.PLAYING:
                    return
                continue
            if message.type is not aiohttp.WSMsgType.TEXT:
                return
            yield json.loads(message.data)

    def _where(self) -> dict[str, int]:
        """Tell what plays, and where it is."""
        note = self._note
        if note is None:
            return {"note": 0, "at": 0}
        at_ms = self._player.status.position_ms if note.generation else note.at_ms
        return {"note": note.number, "at": at_ms}

    async def _say(self, what: str, **more: int) -> None:
        line = self._line
        if line is not None and not line.closed:
            told = {"what": what, "n": self._done, **self._where(), **more}
            with suppress(ConnectionError):  # who reads orders notices that as well
                await line.send_json(told)

    # Orders

    async def _obey(self, order: dict[str, Any]) -> None:
        note, player = self._note, self._player
        match order["do"]:
            case "load":
                self._load(order)
            case "next":
                self._prepare(order)
            case "stop":
                self._note = self._next = None
                player.stop()
            case "play" | "pause" if note is not None:
                note.plays = order["do"] == "play"
                self._go(note)
            case "seek" if note is not None:
                note.at_ms = _ms(order["at"])
                if note.generation:
                    player.seek(note.at_ms)
            case "sound" if note is not None:
                note.sound = _told_sound(order)
                self._resound(note.sound)
            case "loop" if note is not None:
                note.loop = _told_loop(order)
                self._repeat(note)
            case _:
                pass
        self._done = order.get("n", self._done)
        more = {"at": note.at_ms} if note and order["do"] == "seek" else {}
        await self._say("done", **more)

    def _load(self, order: dict[str, Any]) -> None:
        before = self._note
        made = self._ordered(order, plays=order["play"])
        made.loop = _told_loop(order)
        if before is not None and before.generation and before.url == made.url:
            made.file, made.generation = before.file, before.generation
            self._note, self._said = made, None
            self._player.seek(made.at_ms)
            self._resound(made.sound)
            self._repeat(made)
            self._go(made)
            return
        self._note, self._next, self._said = made, None, None
        self._fetch(made)

    def _prepare(self, order: dict[str, Any]) -> None:
        before = self._next
        if not order["note"]:
            self._next = None
            self._player.prepare_nothing()
            return
        made = self._ordered(order, plays=True)
        made.gap_ms, made.tone = _ms(order["gap"]), order["tone"] is True
        self._next = made
        if before is not None and before.is_here and before.url == made.url:
            made.file, made.is_here = before.file, True
            self._offer_next()
        else:
            self._fetch(made)

    def _ordered(self, order: dict[str, Any], *, plays: bool) -> _Note:
        self._count += 1
        file = self._folder / f"{self._count}"
        number, url = int(order["note"]), order["url"]
        if not _NAME.fullmatch(url):
            raise ValueError("this is no name of a recording")
        sound = _told_sound(order)
        made = _Note(number, url, file, _ms(order["at"]), plays, sound)
        made.samples = int(order.get("samples", 0))
        if not 0 <= made.samples <= _MOST_SAMPLES:
            raise ValueError("this is no length of a recording")
        return made

    def _go(self, note: _Note) -> None:
        if note.generation:
            (self._player.play if note.plays else self._player.pause)()

    def _resound(self, sound: dict[str, float]) -> None:
        wanted, player = _sound(sound), self._player
        player.set_speed(wanted.speed)
        player.set_skip(wanted.skip)
        player.set_boost(wanted.boost_db)
        player.set_volume(math.sqrt(sound["volume"]))

    def _repeat(self, note: _Note) -> None:
        if note.generation:
            begin, end = note.loop or (None, None)
            self._player.set_loop(begin, end)

    # Recordings

    def _fetch(self, note: _Note) -> None:
        task = asyncio.create_task(self._fetched(note))
        self._fetches.add(task)
        task.add_done_callback(self._fetches.discard)

    async def _fetched(self, note: _Note) -> None:
        """Fetch a recording, and give it to the player if it is still wanted."""
        try:
            if not note.samples:  # else the engine fetches what it needs
                await self._download(note)
        except aiohttp.ClientResponseError:
            return  # it was let go over there, which an order says as well
        except (aiohttp.ClientError, OSError, TimeoutError):
            if note in (self._note, self._next) and self._line is not None:
                await self._line.close()  # and begin where it was
            return
        note.is_here = True
        player = self._player
        if note is self._note:
            player.set_volume(math.sqrt(note.sound["volume"]))
            note.generation = player.load(
                self._path(note),
                position_ms=note.at_ms,
                play=note.plays,
                sound=_sound(note.sound),
            )
            self._repeat(note)
        self._offer_next()
        self._forget_files()

    async def _download(self, note: _Note) -> None:
        url = f"{self._base}{note.url}"
        async with self._session.get(url) as answer:
            answer.raise_for_status()
            with note.file.open("wb") as file:
                async for data in answer.content.iter_chunked(_CHUNK):
                    file.write(data)
                    if file.tell() > _MOST_BYTES:
                        raise OSError

    def _path(self, note: _Note) -> bytes:
        if note.samples:
            return path_of(f"{self._base}{note.url}", note.samples)
        return bytes(note.file)

    def _offer_next(self) -> None:
        note, following = self._note, self._next
        if note and note.generation and following and following.is_here:
            following.generation = self._player.prepare(
                self._path(following),
                position_ms=following.at_ms,
                sound=_sound(following.sound),
                gap_ms=following.gap_ms,
                tone=following.tone,
            )

    def _forget_files(self) -> None:
        """Remove what is not played any more; the player holds what it plays open."""
        kept = {each.file for each in (self._note, self._next) if each is not None}
        for path in set(self._folder.iterdir()) - kept:
            path.unlink(missing_ok=True)

    # Reports

    async def _report_all(self) -> None:
        while True:
            await self._report(await self._events.get())

    async def _report(self, event: PlayerEvent) -> None:
        now = asyncio.get_running_loop().time()
        match event:
            case StateChanged(status):
                following = self._next
                if following and status.generation == following.generation:
                    self._note, self._next, self._said = following, None, None
                    await self._say("follows", at=status.position_ms)
                note = self._note
                if note is None or status.generation != note.generation:
                    return
                if status.state is not self._said and status.state in _SAID:
                    self._said = status.state
                    await self._say(_SAID[status.state], at=status.position_ms)
            case PositionChanged() if now - self._said_at >= _SAY_S:
                self._said_at = now
                await self._say("here")
            case Failed(generation):
                for note in filter(None, (self._note, self._next)):
                    if note.generation == generation:
                        await self._say("fails", note=note.number)
            case DeviceChanged(_, problem) if problem:
                self._tell(problem)
            case _:
                pass


def _address(url: str) -> tuple[str, str]:
    """Take an address apart: where it leads, and the token.

    Raises:
        UsageError: It is none, or what is said there could be overheard.
    """
    try:
        parts = urlsplit(url.strip())
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        raise UsageError("this is no address") from None
    if parts.scheme not in {"http", "https"} or not host or not parts.fragment:
        raise UsageError("this is no address as Earmark shows it, http://.../#...")
    if parts.scheme == "http" and host not in _LOCAL:
        raise UsageError(
            f"what goes to {host} could be overheard: forward the port by ssh -L, and"
            " use 127.0.0.1"
        )
    name = f"[{host}]" if ":" in host else host
    where = name if port is None else f"{name}:{port}"
    return f"{parts.scheme}://{where}", parts.fragment


def _ms(seconds: float) -> int:
    return max(0, round(seconds * 1000))


def _told_loop(order: dict[str, Any]) -> tuple[int, int] | None:
    """Take from an order what is to be repeated.

    Raises:
        ArithmeticError: It is no such thing.
        TypeError: The same.
        ValueError: The same.
    """
    if not order["loop"]:
        return None
    begin, end = order["loop"]
    return _ms(begin), _ms(end)


def _told_sound(order: dict[str, Any]) -> dict[str, float]:
    """Take from an order how it shall sound.

    Raises:
        ArithmeticError: It is no such thing.
        LookupError: The same.
        TypeError: The same.
        ValueError: The same.
    """
    told = order["sound"]
    names = ("speed", "skip", "volume", "gain")
    sound = {name: float(told[name]) for name in names}
    if not all(map(math.isfinite, sound.values())) or sound["volume"] < 0:
        raise ValueError("this is no sound")
    return sound


def _sound(told: dict[str, float]) -> Sound:
    return Sound(
        speed=told["speed"], skip=int(told["skip"]), boost_db=told["gain"]
    ).clamped()
