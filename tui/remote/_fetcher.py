"""The engine of `earmark listen`: fetches what is made over there as it is played.

It is a process of its own, as every engine. A path that is an address is no file: its
parts are fetched from where one listens on, kept, and never asked for twice.
"""

from __future__ import annotations

import argparse
import faulthandler
import http.client
import importlib
import logging
import os
import sys
import threading
from collections import OrderedDict
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from typing_extensions import override

from tui.audio import (
    RATE,
    Engine,
    Packet,
    PacketRecording,
    PacketStore,
    Recording,
    StreamHead,
    make_output,
    serve,
)
from tui.child import die_with, taken_over
from tui.remote._web_layout import DELAY, FRAME, OPUS_HEAD, PACKETS, Layout

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tui.audio import HostedEngine, PlayerEvent

__all__ = ["FetchingShelf", "address_of", "main", "path_of"]

_log = logging.getLogger(__name__)

_SCHEMES = (b"http://", b"https://")
_ENOUGH = 256 * 1024
"""Bytes ahead of what is decoded, from which on nothing more is fetched for now."""
_MOST_PARTS = 16
"""Seconds of sound in one request; the first ones are shorter, to be heard soon."""
_TIMEOUT_S = 10.0
_WAITS_S = (0.25, 0.5, 1.0, 2.0, 4.0)
_KEPT = 2
"""Recordings that stay though nothing plays them any more: those of a moment ago."""


def path_of(address: str, samples: int) -> bytes:
    """Give what an engine takes for the path of a recording that is made over there."""
    return f"{address}#{samples}".encode()


def address_of(path: bytes) -> tuple[str, int] | None:
    """Take such a path apart; None when it is one of a file."""
    if not path.startswith(_SCHEMES):
        return None
    address, _, samples = path.decode().rpartition("#")
    return address, int(samples)


class _GoneError(Exception):
    """It can't be had there any more, and asking again will not help."""


class _Fetched:
    """A recording that arrives.

    Args:
        path: As the engine has it.
        address: Where it is.
        samples: How long it is.
    """

    def __init__(self, path: bytes, address: str, samples: int) -> None:
        self._layout = Layout(samples)
        parts = urlsplit(address)
        is_safe = parts.scheme == "https"
        kind = http.client.HTTPSConnection if is_safe else http.client.HTTPConnection
        self._line = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT_S)
        self._url = parts.path
        self._changed = threading.Condition()
        self._wish: tuple[int, int] | None = (0, 0)  # a run, and its first part
        self._next = 0  # the part that is fetched next
        self._waiting = 0
        self._is_closed = False
        self._thread: threading.Thread | None = None
        self.holders = 0
        """How many hold it open."""
        self.store = PacketStore(
            path,
            StreamHead(
                codec="opus",
                extradata=OPUS_HEAD,
                rate=RATE,
                layout="mono",
                numerator=1,
                denominator=RATE,
                start=0,
                duration_us=round(samples * 1_000_000 / RATE),
                container="ogg",
            ),
            self._want,
            self._pace,
        )

    def close(self) -> None:
        """Fetch nothing more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _want(self, run: int, seconds: float) -> None:
        packet = int(max(0.0, seconds) * RATE + DELAY) // FRAME
        with self._changed:
            self._wish = run, min(packet // PACKETS, self._layout.parts - 1)
            self._changed.notify_all()

    def _pace(self, waiting: int) -> None:
        """Take how much has arrived ahead; somebody reads, so begin."""
        with self._changed:
            self._waiting = waiting
            self._changed.notify_all()
            if self._thread is None and not self._is_closed:
                self._thread = threading.Thread(
                    target=self._run, name="earmark-fetch", daemon=True
                )
                self._thread.start()

    def _run(self) -> None:
        run, count, failures = 0, 1, 0
        while True:
            with self._changed:
                self._changed.wait_for(self._is_due)
                if self._is_closed:
                    break
                if self._wish is not None:
                    (run, self._next), count, self._wish = self._wish, 1, None
            try:
                self._next = self._fetch(run, self._next, count)
            except _GoneError as error:
                self.store.fail(str(error))
                break
            except (OSError, http.client.HTTPException) as error:
                _log.info("nothing arrives: %s", error)
                self._line.close()
                self._rest(_WAITS_S[min(failures, len(_WAITS_S) - 1)])
                failures, count = failures + 1, 1
            else:
                failures, count = 0, min(2 * count, _MOST_PARTS)
                if self._next >= self._layout.parts:
                    self.store.end(run)
        self._line.close()

    def _is_due(self) -> bool:
        if self._is_closed or self._wish is not None:
            return True
        return self._next < self._layout.parts and self._waiting < _ENOUGH

    def _rest(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(
                lambda: self._is_closed or self._wish is not None, seconds
            )

    def _fetch(self, run: int, part: int, count: int) -> int:
        """Fetch some parts of a run; returns the one that follows them.

        Raises:
            OSError: The line is broken.
            HTTPException: The same.
            _GoneError: It is not there any more.
        """
        layout = self._layout
        last = min(part + count, layout.parts) - 1
        begin, end = layout.place(part)[0], layout.place(last)[1]
        self._line.request(
            "GET", self._url, headers={"Range": f"bytes={begin}-{end - 1}"}
        )
        answer = self._line.getresponse()
        told = answer.headers.get("Content-Range", "")
        if answer.status in {403, 404, 416}:
            raise _GoneError("it is not there any more")
        if answer.status != 206 or told != f"bytes {begin}-{end - 1}/{layout.size}":
            raise _GoneError("Earmark is another version over there")
        for number in range(part, last + 1):
            first, behind = layout.place(number)
            content = answer.read(behind - first)
            if len(content) < behind - first:
                raise ConnectionResetError("it broke off")
            with self._changed:
                if self._is_closed or self._wish is not None:
                    self._line.close()  # what is on its way is not wanted any more
                    return number
            packets = [
                Packet(data, time, FRAME - spare, (lead, spare))
                for data, time, lead, spare in layout.read(number, content)
            ]
            self.store.put(run, packets)
        answer.read()
        return last + 1


class _Arriving(PacketRecording):
    """A recording that is fetched as long as somebody holds it.

    Args:
        fetched: What fetches it.
        let_go: Called when nobody does any more.
    """

    def __init__(self, fetched: _Fetched, let_go: Callable[[], None]) -> None:
        super().__init__(fetched.store)
        self._fetched: _Fetched | None = fetched
        self._let_go = let_go
        fetched.holders += 1

    @override
    def close(self) -> None:
        fetched, self._fetched = self._fetched, None
        if fetched is not None:
            fetched.holders -= 1
            self._let_go()


class FetchingShelf:
    """Recordings that are made over there, and files of this machine.

    It belongs to one thread: the one that decodes.
    """

    def __init__(self) -> None:
        self._fetched: OrderedDict[bytes, _Fetched] = OrderedDict()

    def open(self, path: bytes) -> Recording | PacketRecording:
        """Hold a recording open.

        Raises:
            AudioError: It can't be read.
        """
        found = address_of(path)
        if found is None:
            return Recording(path)
        known = self._fetched.pop(path, None)
        if known is None or known.store.problem:
            if known is not None:
                known.close()
            known = _Fetched(path, *found)
        self._fetched[path] = known
        recording = _Arriving(known, self._forget)
        self._forget()
        return recording

    def _forget(self) -> None:
        """Let those go that nobody has held for long."""
        idle = [path for path, each in self._fetched.items() if not each.holders]
        for path in idle[: max(0, len(idle) - _KEPT)]:
            self._fetched.pop(path).close()

    def measure(
        self, path: bytes, *, should_stop: Callable[[], bool] | None = None
    ) -> float | None:
        """Tell nothing: the other end says how much louder it shall be."""
        del path, should_stop
        return None


def main(argv: Sequence[str] | None = None) -> None:
    """Be the engine's process; does not return."""
    options = _parsed(argv)
    die_with(options.parent)
    faulthandler.enable()
    logging.basicConfig(
        stream=sys.stderr, format="%(asctime)s listen %(name)s: %(message)s"
    )

    def engine(emit: Callable[[PlayerEvent], None]) -> HostedEngine:
        output = make_output(options.output, path=options.path)
        return Engine(output, emit=emit, shelf=FetchingShelf())

    status = 1
    try:
        status = serve(taken_over(), engine, warm_up=_warm_up)
    except Exception:  # noqa: BLE001  # the last resort of a process: tell the log
        _log.exception("the engine's process failed")
    sys.stderr.flush()
    os._exit(status)  # as the engine's process ends, for the same reason


def _parsed(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tui.remote._fetcher")
    parser.add_argument("--output", default="auto", help="the name of the output")
    parser.add_argument("--path", help="where the output `file` writes")
    parser.add_argument("--parent", type=int, default=0, help="whom to die with")
    return parser.parse_args(argv)


def _warm_up() -> None:
    """Import what the first note needs, before it is asked for."""
    with suppress(ImportError):
        importlib.import_module("av")


if __name__ == "__main__":
    sys.modules["numpy"] = None  # type: ignore[assignment]  # as in `tui.audio`
    main()
