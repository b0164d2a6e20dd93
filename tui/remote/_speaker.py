"""The speaker: plays here what a relay on another machine sends.

It listens on a socket that only its owner may open, and takes one relay at a time: a
new one that knows the token takes the place of the old one, whose line may be dead
without anybody having been told.
"""

from __future__ import annotations

import hmac
import logging
import os
import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from tui.audio import (
    PacketRecording,
    PacketStore,
    PlayerState,
    PositionChanged,
    Replaced,
    StateChanged,
    encode,
    serve,
)
from tui.errors import AudioError
from tui.remote._channel import Channel
from tui.remote._frames import (
    VERSION,
    FrameError,
    Kind,
    first_frame,
    frame,
    head_from,
    json_from,
    json_to,
    unpack,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tui.audio import Command, HostedEngine, PlayerEvent, Shelf

__all__ = ["Speaker", "listening"]

_log = logging.getLogger(__name__)

_HELLO_S = 10.0
"""Seconds in which whoever connects must have said who it is."""
_DISMISS_S = 0.5
_TAKEN = "Another Earmark plays there now; play takes it back"
_SOUNDING = frozenset({PlayerState.PLAYING, PlayerState.LOADING})
_ENOUGH = 256 * 1024
"""Bytes ahead of what is decoded, from which on the sender waits: over a minute of
speech; and below half of it, it goes on."""
_MOST_FILES = 16
_MOST_PROBLEMS = 64
_MOST_BYTES = 512 * 1024 * 1024
"""What is kept of a relay's recordings; more than a sender needs that waits when it is
told to. Another machine must not fill the memory of this one."""
_STEP_S = 0.24
_STEP_MS = 1000
"""So often the position is told while it plays on, which needs no more than that; one
that is further away than playing leads in this time is told at once."""


def listening(path: Path) -> socket.socket:
    """Open a socket that only this user can reach.

    Args:
        path: Where; nothing may be there.

    Raises:
        OSError: It can't be made.
    """
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        made.bind(os.fspath(path))
    except BaseException:
        made.close()
        raise
    finally:
        os.umask(before)
    made.listen(4)
    return made


class _Shelf:
    """What has arrived, by path; an engine takes its recordings from here."""

    def __init__(self) -> None:
        self.send: Callable[[Kind, bytes], None] = _nowhere
        """Sends a frame to the relay."""
        self._lock = threading.Lock()
        self._stores: dict[int, PacketStore] = {}
        self._by_path: dict[bytes, int] = {}
        self._problems: dict[bytes, str] = {}
        self._waiting: set[int] = set()
        """Files that the sender waits with."""

    def open(self, path: bytes) -> PacketRecording:
        """Give a recording that was announced.

        Raises:
            AudioError: It was not, or can't be read over there.
        """
        with self._lock:
            problem = self._problems.get(path)
            store = self._stores.get(self._by_path.get(path, -1))
        if store is None:
            raise AudioError(path, problem or "it was not sent")
        return PacketRecording(store)

    def measure(
        self, path: bytes, *, should_stop: Callable[[], bool] | None = None
    ) -> float | None:
        """Tell nothing: whoever has the file measures it."""
        del path, should_stop
        return None

    def take(self, kind: Kind, content: bytes) -> None:
        """Take in a frame.

        Raises:
            FrameError: It is none for us.
        """
        match kind:
            case Kind.DATA:
                batch = unpack(content)
                self._tell(Kind.GOT, bytes=len(content))
                if (store := self._stores.get(batch.file)) is not None:
                    store.put(batch.run, batch.packets)
                    if sum(each.size for each in self._stores.values()) > _MOST_BYTES:
                        raise FrameError("more packets than can be kept")
            case Kind.OPEN:
                self._open(content)
            case Kind.END:
                told = json_from(content, file=int, run=int, problem=str)
                if (store := self._stores.get(told["file"])) is not None:
                    if told["problem"]:
                        store.fail(told["problem"])
                    store.end(told["run"])
            case Kind.DROP:
                self._drop(json_from(content, file=int)["file"])
            case _:
                raise FrameError(f"a frame of the kind {kind.name}")

    def wake(self) -> None:
        """Have a decoder that waits for packets look around."""
        with self._lock:
            stores = tuple(self._stores.values())
        for store in stores:
            store.wake()

    def _open(self, content: bytes) -> None:
        told = json_from(content, file=int, path=str, problem=str)
        path = os.fsencode(told["path"])
        number = told["file"]
        with self._lock:
            if told["problem"]:
                self._by_path.pop(path, None)
                self._problems.pop(path, None)  # it is the newest one now
                self._problems[path] = told["problem"]
                if len(self._problems) > _MOST_PROBLEMS:
                    del self._problems[next(iter(self._problems))]
                return
            known = self._stores.get(number)
            if known is not None and known.path != path:
                raise FrameError("two files of one number")
            if known is None and len(self._stores) >= _MOST_FILES:
                raise FrameError("more files than are kept")
            self._problems.pop(path, None)
            self._by_path[path] = number
            if known is not None:
                return
            self._stores[number] = PacketStore(
                path,
                head_from(told.get("head") or {}),
                lambda run, seconds: self._tell(
                    Kind.WANT, file=number, run=run, seconds=seconds
                ),
                lambda size: self._pace(number, size),
            )

    def _drop(self, number: int) -> None:
        with self._lock:
            self._stores.pop(number, None)
            self._waiting.discard(number)
            paths = [path for path, each in self._by_path.items() if each == number]
            for path in paths:
                del self._by_path[path]

    def _pace(self, number: int, size: int) -> None:
        is_waiting = number in self._waiting
        if size > _ENOUGH and not is_waiting:
            self._waiting.add(number)
            self._tell(Kind.PACE, file=number, go=False)
        elif size < _ENOUGH // 2 and is_waiting:
            self._waiting.discard(number)
            self._tell(Kind.PACE, file=number, go=True)

    def _tell(self, kind: Kind, **values: object) -> None:
        with suppress(OSError):  # who receives notices that as well
            self.send(kind, json_to(**values))


def _nowhere(_kind: Kind, _content: bytes) -> None:
    """Stands in until there is a line."""


class _Woken:
    """An engine that is woken for a command while it waits for packets.

    Args:
        engine: The engine.
        shelf: Where its recordings arrive.
    """

    def __init__(self, engine: HostedEngine, shelf: _Shelf) -> None:
        self._engine = engine
        self._shelf = shelf

    def start(self) -> None:
        """Begin to work."""
        self._engine.start()

    def send(self, command: Command) -> None:
        """Hand over a command."""
        self._engine.send(command)
        self._shelf.wake()

    def close(self, timeout: float = 2.0) -> None:
        """End it."""
        self._shelf.wake()
        self._engine.close(timeout)


class _Sparing:
    """Tells fewer positions: each costs the line as much as some packets of sound.

    Args:
        emit: Takes the events.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        emit: Callable[[PlayerEvent], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._emit = emit
        self._clock = clock
        self._last = PositionChanged(0, 0)
        self._told_at = float("-inf")
        self.plays = False
        """Whether it plays now, or is about to."""

    def __call__(self, event: PlayerEvent) -> None:
        """Take an event."""
        if isinstance(event, StateChanged):
            self.plays = event.status.state in _SOUNDING
        if isinstance(event, PositionChanged):
            now, last = self._clock(), self._last
            is_same = event.generation == last.generation
            is_next = 0 <= event.position_ms - last.position_ms < _STEP_MS
            if is_same and is_next and now < self._told_at + _STEP_S:
                return
            self._last, self._told_at = event, now
        self._emit(event)


class Speaker:
    """Serves relays, one at a time.

    Args:
        listener: The socket to take them on, see `listening`.
        token: What a relay must know.
        make_engine: Makes an engine from its shelf and from what takes its events.
    """

    def __init__(
        self,
        listener: socket.socket,
        token: str,
        make_engine: Callable[[Shelf, Callable[[PlayerEvent], None]], HostedEngine],
    ) -> None:
        self._listener = listener
        self._token = token.encode()
        self._make_engine = make_engine
        self._lock = threading.Lock()
        self._guest: Channel | None = None
        self._guest_sparing: _Sparing | None = None

    def run(self) -> None:
        """Take relays until the listener is closed."""
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(
                target=self._welcome,
                args=(connection,),
                name="earmark-relay",
                daemon=True,
            ).start()

    def _welcome(self, connection: socket.socket) -> None:
        try:
            with connection:
                connection.settimeout(_HELLO_S)
                refused, asks = self._refused(connection)
                if refused:
                    _log.warning("a relay was refused: %s", refused)
                    answer = json_to(version=VERSION, refused=refused)
                    connection.sendall(frame(Kind.HELLO, answer))
                elif asks:
                    answer = json_to(version=VERSION, plays=self._plays())
                    connection.sendall(frame(Kind.HELLO, answer))
                else:
                    connection.settimeout(None)
                    self._serve(connection)
        except OSError as error:
            _log.info("a relay is gone: %s", error)
        except Exception:  # noqa: BLE001  # the outermost one of a thread
            _log.exception("a relay can't be served")

    def _refused(self, connection: socket.socket) -> tuple[str, bool]:
        """Read who it is.

        Returns:
            Why it is not served, empty when it is; whether it only asks.

        Raises:
            OSError: It is gone, or says nothing.
        """
        try:
            kind, content = first_frame(connection)
            told = json_from(content, version=int, token=str)
        except FrameError as error:
            return str(error), False
        token = told["token"].encode(errors="replace")
        if kind is not Kind.HELLO or not hmac.compare_digest(token, self._token):
            return "the token is wrong", False
        if told["version"] != VERSION:
            return f"Earmark is another version here ({VERSION})", False
        return "", told.get("asks") is True

    def _plays(self) -> bool:
        with self._lock:
            sparing = self._guest_sparing
        return sparing is not None and sparing.plays

    def _serve(self, connection: socket.socket) -> None:
        shelf = _Shelf()
        channel = Channel(connection, shelf.take)
        shelf.send = channel.send
        with self._lock:
            before, self._guest, self._guest_sparing = self._guest, channel, None
        if before is not None:
            _dismiss(before)

        def engine(emit: Callable[[PlayerEvent], None]) -> HostedEngine:
            sparing = _Sparing(emit)
            with self._lock:
                if self._guest is channel:
                    self._guest_sparing = sparing
            return _Woken(self._make_engine(shelf, sparing), shelf)

        try:
            channel.send(Kind.HELLO, json_to(version=VERSION, plays=False))
            serve(channel, engine)
        finally:
            channel.close()
            with self._lock:
                if self._guest is channel:
                    self._guest = self._guest_sparing = None

    def close(self) -> None:
        """Take no more relays, and end the one that is served."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            guest = self._guest
        if guest is not None:
            guest.close()


def _dismiss(guest: Channel) -> None:
    """Tell a relay that another one takes its place, and end it.

    Its line may be dead, and take nothing more: it has a moment to be told.
    """

    def tell() -> None:
        with suppress(OSError):
            guest.sendall(encode(Replaced(_TAKEN)))

    telling = threading.Thread(target=tell, name="earmark-dismiss", daemon=True)
    telling.start()
    telling.join(_DISMISS_S)
    guest.close()
