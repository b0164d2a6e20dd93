"""Commands and events as JSON lines: what crosses the border to the engine's process.

One object a line; `is` names the type, the rest are its fields. Bytes travel as
base64, undecodable text as JSON escapes. Both directions are total: what can't be told
exactly is refused with `WireError`, never guessed.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar

from tui.audio import _commands as commands
from tui.audio import _events as events
from tui.audio._commands import Command
from tui.audio._events import PlayerEvent
from tui.audio._sound import Sound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "LINE_LIMIT",
    "Elsewhere",
    "Lines",
    "Message",
    "Ping",
    "Pong",
    "Ready",
    "Refused",
    "Replaced",
    "WireError",
    "decode",
    "encode",
]

_T = TypeVar("_T")

LINE_LIMIT = 65_536
"""The longest line in bytes; a path of 4096 bytes is 5462 in base64."""


class WireError(ValueError):
    """A line, or a value that shall become one, is none of ours."""


@dataclass(frozen=True, slots=True)
class Ping:
    """Asks the engine's process for a sign of life."""

    number: int


@dataclass(frozen=True, slots=True)
class Pong:
    """Answers the ping of the same number."""

    number: int


@dataclass(frozen=True, slots=True)
class Ready:
    """The engine runs and takes commands."""

    process: int
    """The id of its process."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The engine can't be made, and starting it again would not help."""

    reason: str


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """There is no device here, but this output can be heard."""

    output: str


@dataclass(frozen=True, slots=True)
class Replaced:
    """Somebody else took the output; it is taken back only when the user says so."""

    reason: str


Message = Command | PlayerEvent | Ping | Pong | Ready | Refused | Elsewhere | Replaced
Json = str | int | float | bool | list["Json"] | dict[str, "Json"] | None

_INT_LIMIT = 2**63
_FLOAT_LIMIT = 1e300

_Value = events.PlayerStatus | events.OutputInfo | Sound
"""What stands in a field of a message, and is none itself."""

_TYPES: dict[str, type[Message]] = {
    kind.__name__: kind
    for kind in (
        commands.Load,
        commands.Prepare,
        commands.PrepareNothing,
        commands.Play,
        commands.Pause,
        commands.Toggle,
        commands.Stop,
        commands.Seek,
        commands.SeekBy,
        commands.SetSpeed,
        commands.SetVolume,
        commands.SetMuted,
        commands.SetSkip,
        commands.SetLevel,
        commands.SetBoost,
        commands.SetLoudness,
        commands.SetLoop,
        commands.SetOutput,
        commands.ListOutputs,
        commands.Quit,
        events.StateChanged,
        events.PositionChanged,
        events.Ended,
        events.Failed,
        events.DeviceChanged,
        events.OutputsListed,
        Ping,
        Pong,
        Ready,
        Refused,
        Elsewhere,
        Replaced,
    )
}


def encode(message: Message) -> bytes:
    r"""Write a message as one line, with its `\n`.

    Args:
        message: A command, an event or a word about the process.

    Raises:
        WireError: A field holds something that its type does not allow.
    """
    kind = type(message).__name__
    if kind not in _TYPES:
        raise WireError(f"{kind} is no message")
    pairs: dict[str, Json] = {"is": kind, **_pack(message)}
    line = json.dumps(pairs, separators=(",", ":")).encode() + b"\n"
    if len(line) > LINE_LIMIT:
        raise WireError(f"{kind} is too long")
    return line


def decode(line: bytes) -> Message:
    """Read a message from its line.

    Args:
        line: With or without the line's end.

    Raises:
        WireError: It is no message, or a field is missing, unknown or of another type.
    """
    try:
        pairs: Json = json.loads(line)
    # Nesting without end is a RecursionError, not a ValueError.
    except (ValueError, RecursionError) as error:
        raise WireError(f"no JSON: {error}") from error
    if not isinstance(pairs, dict):
        raise WireError("no object")
    name = pairs.pop("is", None)
    kind = _TYPES.get(name) if isinstance(name, str) else None
    if kind is None:
        raise WireError(f"unknown message {name!r}")
    return _unpack(kind, pairs)


class Lines:
    """Cuts what a socket delivers into lines."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take some bytes and yield the lines that are complete now.

        Args:
            data: The next bytes.

        Raises:
            WireError: A line is longer than any message.
        """
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LINE_LIMIT:
            raise WireError("a line without an end")
        yield from lines


def _pack(value: Message | _Value) -> dict[str, Json]:
    packed: dict[str, Json] = {}
    for each in fields(value):
        kind, _, optional = str(each.type).partition(" | ")
        held: object = getattr(value, each.name)
        is_none = bool(optional) and held is None
        packed[each.name] = None if is_none else _KINDS[kind][0](held)
    return packed


def _unpack(kind: type[_T], pairs: dict[str, Json]) -> _T:
    # A dataclass each, which a type variable can't say.
    known = fields(kind)  # type: ignore[arg-type]
    if pairs.keys() != {each.name for each in known}:
        raise WireError(f"the fields of {kind.__name__} are others")
    held: dict[str, Any] = {}  # every value is checked by its kind
    for each in known:
        name, _, optional = str(each.type).partition(" | ")
        value = pairs[each.name]
        is_none = bool(optional) and value is None
        held[each.name] = None if is_none else _KINDS[name][1](value)
    return kind(**held)


def _whole(value: object) -> int:
    # A bool is an int to isinstance, and must not pass for one.
    if type(value) is not int or not -_INT_LIMIT <= value < _INT_LIMIT:
        raise WireError("not a whole number of 64 bits")
    return value


def _truth(value: object) -> bool:
    if type(value) is not bool:
        raise WireError(f"{value!r:.40} is neither true nor false")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise WireError(f"{value!r:.40} is no text")
    return str(value)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WireError(f"{value!r:.40} is no number")
    if not -_FLOAT_LIMIT <= value <= _FLOAT_LIMIT:
        raise WireError("not a finite number")
    return float(value)


def _bytes_out(value: object) -> str:
    if type(value) is not bytes:
        raise WireError(f"{value!r:.40} is no bytes")
    return base64.b64encode(value).decode("ascii")


def _bytes_in(value: object) -> bytes:
    if type(value) is not str:
        raise WireError(f"{value!r:.40} is no base64")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise WireError(f"{value!r:.40} is no base64") from error


def _state_in(value: object) -> events.PlayerState:
    try:
        return events.PlayerState(_text(value))
    except ValueError as error:
        raise WireError(f"{value!r:.40} is no state") from error


def _value_out(value: object) -> Json:
    if not isinstance(value, _Value):
        raise WireError(f"{value!r:.40} is no value of ours")
    return _pack(value)


def _value_in(kind: type[_T]) -> Callable[[object], _T]:
    def read(value: object) -> _T:
        if not isinstance(value, dict):
            raise WireError(f"{value!r:.40} is no {kind.__name__}")
        return _unpack(kind, value)

    return read


def _outputs_out(value: object) -> Json:
    if not isinstance(value, tuple):
        raise WireError(f"{value!r:.40} is no list of outputs")
    return [_value_out(each) for each in value]


def _outputs_in(value: object) -> tuple[events.OutputInfo, ...]:
    if not isinstance(value, list):
        raise WireError(f"{value!r:.40} is no list of outputs")
    return tuple(_value_in(events.OutputInfo)(each) for each in value)


_KINDS: dict[str, tuple[Callable[[object], Json], Callable[[object], object]]] = {
    "int": (_whole, _whole),
    "bool": (_truth, _truth),
    "float": (_number, _number),
    "str": (_text, _text),
    "bytes": (_bytes_out, _bytes_in),
    "PlayerState": (_text, _state_in),
    "PlayerStatus": (_value_out, _value_in(events.PlayerStatus)),
    "Sound": (_value_out, _value_in(Sound)),
    "tuple[OutputInfo, ...]": (_outputs_out, _outputs_in),
}
"""By the type of a field as it is written: how it goes out, how it comes in."""
