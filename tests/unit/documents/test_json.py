"""The walk through large JSON documents: what it gives, and what it survives."""

from __future__ import annotations

import json
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.memory_document import MemoryDocument
from tui.documents import _json_text
from tui.documents._api import Remark
from tui.documents._json import (
    Element,
    dict_of,
    elements,
    heads,
    int_of,
    lines,
    list_of,
    text_of,
)
from tui.errors import DocumentError, PartialError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.documents._document import Document

NAMES = ("messages",)

ACCOUNT = {
    "about": "x",
    "me": {"user_id": 5},
    "chats": {
        "about": "y",
        "list": [
            {"name": "A", "id": 1, "messages": [{"n": 1}, {"n": 2}], "last": 1},
            {"name": "B", "id": 2, "messages": []},
        ],
    },
    "left_chats": {"list": [{"id": 3, "messages": [{"n": 3}, None, [4], "x", 5.5]}]},
}


def _all(document: Document) -> tuple[list[Element], list[Remark], Exception | None]:
    found: list[Element] = []
    remarks: list[Remark] = []
    try:
        for item in elements(document, NAMES):
            if isinstance(item, Element):
                found.append(item)
            elif isinstance(item, Remark):
                remarks.append(item)
    except (DocumentError, OSError) as error:
        return found, remarks, error
    return found, remarks, None


def _values(data: bytes) -> list[Any]:
    found, _, error = _all(MemoryDocument(data))
    assert error is None
    return [element.value for element in found]


@pytest.fixture(params=[1, 7, 64, 128 * 1024])
def chunk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Read in pieces of some size, so that everything is cut somewhere."""
    size: int = request.param
    monkeypatch.setattr(_json_text, "_CHUNK", size)
    return size


def test_elements_of_lists_at_any_depth(chunk: int) -> None:
    """Each element comes with its owner, and with all that is around it."""
    for indent in (None, 1):
        data = json.dumps(ACCOUNT, indent=indent).encode()
        found, remarks, error = _all(MemoryDocument(data))
        assert (remarks, error) == ([], None)
        values = [{"n": 1}, {"n": 2}, {"n": 3}, None, [4], "x", 5.5]
        assert [element.value for element in found] == values
        assert [element.owner["id"] for element in found] == [1, 1, 3, 3, 3, 3, 3]
        assert found[0].is_beside(found[1])
        assert not found[1].is_beside(found[2])
        assert found[0].owner["last"] == 1
        assert [around["about"] for around in found[0].around] == ["x", "y"]
        assert {element.name for element in found} == {"messages"}


def test_small_members_are_kept_whole() -> None:
    """What stands beside a list, like its participants, comes with its elements."""
    data = b'{"people": [{"name": "A"}], "about": {"id": 7}, "messages": [1]}'
    found, _, _ = _all(MemoryDocument(data))
    assert found[0].owner["people"] == [{"name": "A"}]
    assert found[0].owner["about"] == {"id": 7}


def test_a_list_that_is_the_document() -> None:
    """Its elements are asked for with an empty name; lists inside are not its own."""
    document = MemoryDocument(b"[[1], [2, [3]]]")
    found = [item for item in elements(document, ("",)) if isinstance(item, Element)]
    assert [element.value for element in found] == [[1], [2, [3]]]
    assert found[0].is_beside(found[1])
    assert [item for item in elements(document, NAMES) if item] == []


def _reference(value: object, name: str | None = None) -> Iterator[object]:
    if isinstance(value, list) and name == "messages":
        yield from value
    elif isinstance(value, list):
        for inner in value:
            yield from _reference(inner)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _reference(inner, key)


_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
_TREES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["messages", "a", "é"]), inner)
    ),
    max_leaves=20,
)


@given(
    st.dictionaries(st.sampled_from(["messages", "b", "\U0001f600"]), _TREES),
    st.booleans(),
    st.sampled_from([None, 2]),
    st.sampled_from([1, 3, 16, 100_000]),
)
def test_any_document_gives_what_json_has(
    value: dict[str, Any], ascii_only: bool, indent: int | None, size: int
) -> None:
    """Whatever is in it and wherever it is cut, the elements are those of `json`."""
    data = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_json_text, "_CHUNK", size)
        found = _values(data.encode("utf-8", "surrogatepass"))
    assert found == list(_reference(value))


@pytest.mark.parametrize("size", [5, 128 * 1024])
def test_a_document_that_is_cut_anywhere(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is complete is given, then the error says that more should come."""
    monkeypatch.setattr(_json_text, "_CHUNK", size)
    data = json.dumps(ACCOUNT, indent=1).encode()
    whole = _values(data)
    counts = set()
    for end in range(len(data)):
        found, _, error = _all(MemoryDocument(data[:end]))
        assert type(error) is PartialError, data[:end]
        assert [element.value for element in found] == whole[: len(found)]
        counts.add(len(found))
    assert counts >= {0, 1, 2, 3, len(whole)}


def test_zeros_behind_the_beginning_are_a_part_that_is_missing() -> None:
    """A download that reserved its space is not broken, only not whole yet."""
    data = b'{"messages": [{"n": 1}, {"n": 2}, '
    for start in (data, data + b'{"n": "ab', data[:-2] + b', {"n"', data[:2]):
        _, _, error = _all(MemoryDocument(start + bytes(1000)))
        assert type(error) is PartialError


@pytest.mark.parametrize(
    "data",
    [b"nonsense", b"<html>", b"123", b"{1: 2}", b'{"a" 1}', b'{"a": [1}', b'["a": 1]'],
)
def test_what_is_no_json(data: bytes) -> None:
    """The error names the file and does not say that it is cut off."""
    _, _, error = _all(MemoryDocument(data))
    assert type(error) is DocumentError
    assert error.path == "/nowhere/result.json"


@pytest.mark.parametrize(
    "broken",
    [
        b'{"n": nonsense}',
        b'{"n": 1,, "m": 2}',
        b'{"n": ' + b"1" * 5000 + b"}",
        b"[" * 5000 + b"]" * 5000,
        b'{"n": "a", b}',
        b"nonsense",
    ],
)
def test_a_broken_element_costs_only_itself(broken: bytes, chunk: int) -> None:
    """The elements around it are given, and a remark counts what was left out."""
    data = b'{"messages": [{"n": 1}, ' + broken + b', {"n": 3}], "name": "A"}'
    found, remarks, error = _all(MemoryDocument(data))
    assert error is None
    assert [element.value for element in found] == [{"n": 1}, {"n": 3}]
    assert [remark.code for remark in remarks] == ["left_out"]
    assert remarks[0].text.startswith("1 entry ")


def test_a_huge_element_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is never in memory as a whole, and the next one is found."""
    monkeypatch.setattr(_json_text, "LARGEST", 1_200_000)
    huge = json.dumps({"n": ['[}"\\'] * 300_000})
    assert len(huge) > 2_000_000
    data = f'{{"messages": [1, {huge}, 3], "x": "{"y" * 1_100_000}", "z": 1}}'
    found, remarks, error = _all(MemoryDocument(data.encode()))
    assert error is None
    assert [element.value for element in found] == [1, 3]
    assert remarks[0].code == "left_out"
    assert found[0].owner == {"z": 1}


def test_members_that_are_too_large_are_walked_through() -> None:
    """A long list beside the wanted one takes no memory, and is not kept."""
    data = json.dumps({"contacts": [{"id": 1}] * 100_000, "messages": [1]})
    found, _, _ = _all(MemoryDocument(data.encode()))
    assert [element.value for element in found] == [1]
    assert found[0].owner == {}


def test_brackets_without_end() -> None:
    """Nesting takes memory only so far, and the document is cut off all the same."""
    found, _, error = _all(MemoryDocument(b'{"a":' + b'[{"a":' * 200_000))
    assert found == []
    assert type(error) is PartialError
    data = b'{"a":' + b"[" * 300_000 + b"]" * 300_000 + b', "messages": [1]}'
    assert _values(data) == [1]


def test_memory_does_not_grow_with_the_document() -> None:
    """Three and a half megabytes of elements are walked through in less."""
    element = b'{"text": "%b"},\n' % (b"abcdefgh" * 27)
    data = b'{"messages": [' + element * 15_000 + b"0]}"
    document = MemoryDocument(data)
    tracemalloc.start()
    try:
        count = sum(1 for item in elements(document, NAMES) if item)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 15_001
    assert peak < 2_500_000


def test_escapes_that_are_none(chunk: int) -> None:
    r"""Telegram writes control characters as `\x0B`; others are taken as they are."""
    data = rb'{"name\x0B": "a\q", "messages": ["\x1F\n\\x41\\\x0b", "\x4", "\x", "b"]}'
    found, remarks, error = _all(MemoryDocument(data))
    assert (remarks, error) == ([], None)
    values = [element.value for element in found]
    assert values == ["\x1f\n\\x41\\\x0b", "\\x4", "\\x", "b"]
    assert found[0].owner["name\x0b"] == "a\\q"


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'"\\ud83d"', "\ud83d"),
        (b'"\xff\xc3"', "\udcff\udcc3"),
        (b'"a\x01\n\tb"', "a\x01\n\tb"),
        (b"[NaN, -Infinity]", [None, None]),
        (b"123456789012345678901234567890", 123456789012345678901234567890),
        (b"1e400", float("inf")),
    ],
)
def test_values_that_strict_readers_refuse(
    data: bytes, value: object, chunk: int
) -> None:
    """Text and numbers come as well as they can."""
    assert _values(b'{"messages": [' + data + b"]}") == [value]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_marks(encoding: str) -> None:
    """A file that was saved again by another program is read."""
    assert _values('{"messages": ["é"]}'.encode(encoding)) == ["é"]


def test_heads_have_what_comes_later() -> None:
    """Read ahead, every list's owner is complete, also that of a cut document."""
    messages = json.dumps([{"n": "x" * 100}] * 10_000)
    one = f'{{"messages": {messages}, "name": "A"}}'
    data = f'{{"list": [{one}, {{"messages": []}}, {one[:-2]}B"}}], "me": 5}}'.encode()
    first = next(item for item in elements(MemoryDocument(data), NAMES) if item)
    assert isinstance(first, Element)
    assert first.owner == {}
    for end, me in ((len(data), 5), (len(data) - 3, None)):
        found: list[Element] = []

        def run(end: int = end) -> Iterator[None]:
            found.extend((yield from heads(MemoryDocument(data[:end]), NAMES)))  # noqa: B023

        steps = list(run())
        assert len(steps) > 10
        assert [head.owner["name"] for head in found] == ["A", "AB"]
        assert [head.value for head in found] == [None, None]
        assert found[0].around[0].get("me") == me


def test_lines() -> None:
    """Each line is a value; broken ones are counted."""
    data = b'\xef\xbb\xbf{"a": 1}\r\n\n{"a": 2\n{"a": "\xff"}\n[3]'
    items = list(lines(MemoryDocument(data)))
    assert items[:5] == [{"a": 1}, None, None, {"a": "\udcff"}, [3]]
    assert [item.code for item in items[5:] if item] == ["left_out"]


def test_lines_that_end_too_early() -> None:
    """The last line is not whole: what came before counts."""
    found: list[object] = []
    with pytest.raises(PartialError):
        found.extend(lines(MemoryDocument(b'{"a": 1}\n{"a": ')))
    assert found == [{"a": 1}]


def test_a_line_that_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is passed over in pieces."""
    monkeypatch.setattr("tui.documents._json.LARGEST", 100)
    data = b'[1]\n"' + b"x" * 1000 + b'"\n[2]\n'
    items = list(lines(MemoryDocument(data)))
    assert [item for item in items if isinstance(item, list)] == [[1], [2]]
    assert isinstance(items[-1], Remark)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (5, 5),
        (-5.0, -5),
        ("1723728393", 1723728393),
        ("-7", -7),
        (2**63, None),
        ("9" * 19, None),
        ("9" * 5000, None),
        (5.5, None),
        (float("inf"), None),
        (True, None),
        ("", None),
        ("5 ", None),
        (None, None),
        ([5], None),
    ],
)
def test_numbers(value: object, number: int | None) -> None:
    """Digits in a text are a number; what no format means is none."""
    assert int_of(value) == number


def test_text_can_be_encoded() -> None:
    """Halves of pairs go, bytes that were no UTF-8 stay."""
    assert text_of("a\ud83d\udcffb\udc00é") == "a\ufffd\udcffb\ufffdé"
    assert text_of("plain") == "plain"
    assert text_of(None) == text_of(5) == text_of(["a"]) == ""


def test_lists_and_objects() -> None:
    """Anything else is an empty one."""
    assert list_of([1]) == [1]
    assert list_of({"a": 1}) == list_of("ab") == list_of(None) == []
    assert dict_of({"a": 1}) == {"a": 1}
    assert dict_of([1]) == dict_of("ab") == dict_of(None) == {}
