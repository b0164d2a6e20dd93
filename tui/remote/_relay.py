"""The relay: stands where the engine would, and hands everything on to a speaker.

It is a child of the player, with the player's socket as its standard input. Lines go
through as they are; when one names a recording, the relay opens that, tells the speaker
what it is, and sends its packets.
"""

from __future__ import annotations

import importlib
import logging
import os
import socket
import threading
from collections import OrderedDict
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from tui.archives import split
from tui.audio import (
    DeviceChanged,
    Lines,
    ListOutputs,
    Load,
    Measuring,
    OutputInfo,
    OutputsListed,
    Prepare,
    SetLevel,
    SetOutput,
    StateChanged,
    Stop,
    WireError,
    decode,
    encode,
    list_outputs,
    measure_loudness,
)
from tui.errors import AudioError
from tui.remote._channel import Channel
from tui.remote._frames import FrameError, Kind, head_to, json_from, json_to
from tui.remote._sender import Sender
from tui.remote._taken import take

if TYPE_CHECKING:
    from tui.audio import Message, SetLoudness, Sound

__all__ = ["Relay"]

_log = logging.getLogger(__name__)

_LONGEST = 10_000_000
"""Seconds that no recording lasts."""
_KEPT = 8
"""Recordings that the speaker keeps, to go back to without sending them again."""


class _Sent(NamedTuple):
    """What tells a file from another that may be there later."""

    path: bytes
    facts: tuple[int, int, int, int]


class Relay:
    """Joins a player and a speaker.

    Args:
        player: The socket to the player; blocking.
        speaker: The socket to the speaker; blocking, after the hello.
        name: What the output is called here.
    """

    def __init__(
        self, player: socket.socket, speaker: socket.socket, name: str
    ) -> None:
        self._player = player
        self._name = name
        self._channel = Channel(speaker, self._take)
        self._sender = Sender(self._channel.send)
        self._telling = threading.Lock()
        # From here on all belongs to the thread of the commands.
        self._numbers: OrderedDict[_Sent, int] = OrderedDict()
        self._heads: dict[int, dict[str, Any]] = {}
        self._count = 0
        self._current: int | None = None
        self._following: int | None = None
        self._levels = False
        self._unmeasured: dict[int, bytes] = {}
        self._measuring = Measuring(self._loudness, _nothing, measure_loudness)

    def run(self) -> None:
        """Go on until one of both is gone."""
        self._sender.start()
        threading.Thread(target=_warm_up, name="earmark-warm", daemon=True).start()
        answers = threading.Thread(
            target=self._answers, name="earmark-answers", daemon=True
        )
        answers.start()
        try:
            self._commands()
        except (OSError, WireError) as error:
            _log.info("the relay ends: %s", error)
        finally:
            self._measuring.want(())
            self._channel.close()
            self._sender.close()
            answers.join(2.0)

    # From the player

    def _commands(self) -> None:
        lines = Lines()
        while data := self._player.recv(65_536):
            for line in lines.feed(data):
                self._command(line)

    def _command(self, line: bytes) -> None:
        message = decode(line)
        match message:
            case Load(generation, path):
                self._current = self._announce(path)
                self._following = None
                self._sender.want(*_there(self._current))
                self._unmeasured = {}
                self._note_loudness(generation, path, message.sound)
            case Prepare(generation, path):
                self._following = self._announce(path)
                self._sender.want(*_there(self._current, self._following))
                self._note_loudness(generation, path, message.sound)
            case Stop():
                self._current = self._following = None
                self._sender.want()
                self._unmeasured = {}
            case SetLevel(level):
                self._levels = level
            case ListOutputs():
                self._list_outputs()
                return
            case SetOutput():
                return  # the player knows it; here there is no other
            case _:
                pass
        self._measuring.want(tuple(self._unmeasured.items()) if self._levels else ())
        self._channel.sendall(line + b"\n")

    def _announce(self, path: bytes) -> int | None:
        """Open a recording and tell the speaker; None when it can't be read."""
        try:
            key = _Sent(path, _facts(path))
            number = self._numbers.get(key)
            if number is None:
                taken = take(path)
                self._count += 1
                number = self._count
                self._sender.add(number, taken)
                self._heads[number] = head_to(taken.head)
        except AudioError as error:
            told = json_to(
                file=0, path=os.fsdecode(path), head={}, problem=error.reason
            )
            self._channel.send(Kind.OPEN, told)
            return None
        self._numbers[key] = number
        self._numbers.move_to_end(key)
        head = self._heads[number]
        told = json_to(file=number, path=os.fsdecode(path), head=head, problem="")
        self._channel.send(Kind.OPEN, told)
        while len(self._numbers) > _KEPT:
            _, old = self._numbers.popitem(last=False)
            del self._heads[old]
            self._sender.drop(old)
            self._channel.send(Kind.DROP, json_to(file=old))
        return number

    def _note_loudness(self, generation: int, path: bytes, sound: Sound | None) -> None:
        """Remember what has to be measured, should it be levelled."""
        if sound is not None:
            self._levels = sound.level
        if sound is None or sound.lufs is None:
            self._unmeasured[generation] = path

    def _loudness(self, told: SetLoudness) -> None:
        with suppress(OSError):  # who receives notices that as well
            self._channel.sendall(encode(told))

    def _list_outputs(self) -> None:
        """Tell which outputs there are here, and that sound goes to the speaker."""
        threading.Thread(
            target=self._listed, name="earmark-outputs", daemon=True
        ).start()

    def _listed(self) -> None:
        speaker = OutputInfo(self._name, "where you are", is_default=True)
        here = (replace(each, is_default=False) for each in list_outputs())
        self._tell(OutputsListed((speaker, *here), self._name))

    # From the speaker

    def _answers(self) -> None:
        lines = Lines()
        try:
            while data := self._channel.recv():
                for line in lines.feed(data):
                    self._tell(self._as_ours(decode(line)))
        except (OSError, WireError) as error:
            _log.info("the speaker is gone: %s", error)
        finally:
            with suppress(OSError):
                self._player.shutdown(socket.SHUT_RDWR)

    def _as_ours(self, message: Message) -> Message:
        """Name the output as it is chosen here; the device is the speaker's affair."""
        match message:
            case StateChanged(status):
                return StateChanged(replace(status, output=self._name))
            case DeviceChanged():
                return replace(message, output=self._name)
            case _:
                return message

    def _tell(self, message: Message) -> None:
        with self._telling, suppress(OSError):
            self._player.sendall(encode(message))

    def _take(self, kind: Kind, content: bytes) -> None:
        match kind:
            case Kind.GOT:
                self._sender.got(json_from(content, bytes=int)["bytes"])
            case Kind.WANT:
                told = json_from(content, file=int, run=int)
                seconds = told.get("seconds")
                if not isinstance(seconds, int | float) or not 0 <= seconds < _LONGEST:
                    raise FrameError("no seconds")
                self._sender.jump(told["file"], told["run"], float(seconds))
            case Kind.PACE:
                told = json_from(content, file=int, go=bool)
                self._sender.pace(told["file"], goes_on=told["go"])
            case _:
                raise FrameError(f"a frame of the kind {kind.name}")


def _warm_up() -> None:
    """Import what the first note needs, before it is asked for: 80 ms."""
    importlib.import_module("av")


def _nothing() -> None:
    """Do nothing when a measurement has ended: the next command looks after it."""


def _there(*numbers: int | None) -> tuple[int, ...]:
    return tuple(number for number in numbers if number is not None)


def _facts(path: bytes) -> tuple[int, int, int, int]:
    """Give what is different when a file was changed, or another took its place."""
    parts = split(path)
    try:
        info = os.stat(path if parts is None else parts[0])  # noqa: PTH116  # bytes
    except OSError:
        return 0, 0, 0, 0  # opening it tells why
    return info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns
