"""Commands and events as lines: every value comes back, nothing else gets in."""

from __future__ import annotations

import dataclasses
import json
import typing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.audio import _commands, _events, _wire
from tui.audio._events import PlayerState, PositionChanged
from tui.audio._sound import Sound
from tui.audio._wire import Lines, Message, WireError, decode, encode

_WHOLE = st.integers(-(2**63), 2**63 - 1)
_NUMBER = st.floats(-1e300, 1e300)
_TEXT = st.text(max_size=200) | st.text(
    st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF), max_size=9
)
_BY_TYPE = {
    int: _WHOLE,
    float: _NUMBER,
    str: _TEXT,
    bool: st.booleans(),
    bytes: st.binary(max_size=5000),
    bytes | None: st.none() | st.binary(max_size=300),
    int | None: st.none() | _WHOLE,
    float | None: st.none() | _NUMBER,
    PlayerState: st.sampled_from(PlayerState),
}


def _values(kind: type) -> st.SearchStrategy[Message]:
    hints = typing.get_type_hints(kind, localns={"Sound": Sound})
    return st.builds(
        kind,
        **{
            name: _BY_TYPE[hint] if hint in _BY_TYPE else _nested(hint)
            for name, hint in hints.items()
        },
    )


def _nested(hint: object) -> st.SearchStrategy[Any]:
    """Give values of a field that has fields of its own."""
    inner = typing.get_args(hint)
    if typing.get_origin(hint) is tuple:
        return st.lists(_nested(inner[0]), max_size=4).map(tuple)
    if inner:
        return st.none() | _nested(inner[0])
    assert isinstance(hint, type)
    return _values(hint)


_MESSAGES = st.one_of(*(_values(kind) for kind in typing.get_args(Message)))


@given(_MESSAGES)
def test_every_message_comes_back_as_it_was(message: Message) -> None:
    """Also with paths that are no text, lone surrogates and the largest numbers."""
    line = encode(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode(line) == message


def test_every_command_and_event_can_be_told() -> None:
    """A type that is added to the unions is added to the codec as well."""
    kinds = {
        *typing.get_args(_commands.Command),
        *typing.get_args(_events.PlayerEvent),
    }
    assert {kind.__name__ for kind in kinds} <= _wire._TYPES.keys()
    for kind in kinds:
        for field in dataclasses.fields(kind):
            assert str(field.type).partition(" | ")[0] in _wire._KINDS


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_refused(line: bytes) -> None:
    """The reader is total: a damaged line is an error of one kind."""
    try:
        decode(line)
    except WireError:
        return
    pytest.fail("random bytes became a message")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["position_ms", "path", "status"]), inner)
    ),
    max_leaves=6,
)


@given(
    st.sampled_from(sorted(_wire._TYPES)),
    st.dictionaries(
        st.sampled_from(["generation", "path", "position_ms", "play", "status"]), _JSON
    ),
)
def test_right_names_with_wrong_values_are_refused(
    name: str, pairs: dict[str, object]
) -> None:
    """What is decoded is either equal to what encodes to it, or refused."""
    line = json.dumps({"is": name, **pairs}).encode()
    try:
        message = decode(line)
    except WireError:
        return
    assert decode(encode(message)) == message


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"7",
        b'{"is":"Nothing"}',
        b'{"is":["Load"]}',
        b'{"is":"Seek"}',
        b'{"is":"Seek","position_ms":true}',
        b'{"is":"Seek","position_ms":1.5}',
        b'{"is":"Seek","position_ms":9223372036854775808}',
        b'{"is":"Seek","position_ms":1,"more":1}',
        b'{"is":"SetSpeed","speed":NaN}',
        b'{"is":"SetSpeed","speed":Infinity}',
        b'{"is":"SetMuted","muted":1}',
        b'{"is":"Load","generation":1,"path":"?","position_ms":0,"play":true}',
        b'{"is":"StateChanged","status":{}}',
        b'{"is":"StateChanged","status":7}',
        b'{"is":"Sound"}',
        b'{"is":"OutputsListed","outputs":{},"chosen":"auto"}',
        b'{"is":"OutputsListed","outputs":["auto"],"chosen":"auto"}',
        b'{"is":"Load","generation":1,"path":"","position_ms":0,"play":true,"sound":{}}',
        b'{"is":"PlayerStatus"}',
        b"[" * 100_000,
    ],
)
def test_wrong_lines_are_refused(line: bytes) -> None:
    """Each is close to a message, and none is one."""
    with pytest.raises(WireError):
        decode(line)


@pytest.mark.parametrize(
    "message",
    [
        _commands.SetSpeed(float("nan")),
        _commands.Seek(2**63),
        _commands.Seek(True),
        _events.Failed(1, b"p", "x" * 70_000),
        _events.PlayerStatus(),
    ],
)
def test_what_can_not_be_told_is_refused(message: Message) -> None:
    """A value that would come back as another is never sent."""
    with pytest.raises(WireError):
        encode(message)


@given(st.lists(_MESSAGES, max_size=5), st.integers(1, 50))
def test_lines_are_cut_wherever_the_socket_cuts(
    messages: list[Message], size: int
) -> None:
    """A line may arrive in many pieces, and many lines in one."""
    stream = b"".join(map(encode, messages))
    lines = Lines()
    found = [
        decode(line)
        for at in range(0, len(stream), size)
        for line in lines.feed(stream[at : at + size])
    ]
    assert found == messages


def test_a_line_without_an_end_is_refused() -> None:
    """A child that went mad can't fill the browser's memory."""
    lines = Lines()
    with pytest.raises(WireError):
        list(lines.feed(b"x" * (_wire.LINE_LIMIT + 1)))


def test_whole_numbers_pass_for_a_number() -> None:
    """JSON of another writer may spell 2.0 as 2."""
    assert decode(b'{"is":"SetSpeed","speed":2}') == _commands.SetSpeed(2.0)


def test_a_path_is_base64() -> None:
    """A path is bytes, and need not be text in any encoding."""
    line = encode(_commands.Load(1, b"/caf\xe9\xff\n.opus"))
    assert b'"path":"L2NhZun/Ci5vcHVz"' in line
    assert decode(encode(PositionChanged(1, 2))) == PositionChanged(1, 2)
