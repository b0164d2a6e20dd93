"""Backups in JSON that can't be restored: each is refused in words."""

from __future__ import annotations

import gzip
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.portable import joined, packed, say_much
from tui.errors import DataError
from tui.library import Library

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library in which something of every kind was said."""
    with Library.open(tmp_path_factory.mktemp("kept") / "l.db") as library:
        say_much(library)
        yield library


H = "ab" * 32
HEAD = '"format": "earmark-backup", "version": 1'


def of_sound(text: str) -> str:
    """A backup with one setting of the sound."""
    return f'{{{HEAD}, "sounds": [{{"for": "all", {text}}}]}}'


def of_recording(text: str) -> str:
    """A backup with one recording."""
    return f'{{{HEAD}, "recordings": [{{"hash": "{H}", {text}}}]}}'


BAD = {
    "empty": ("", "is cut off"),
    "no JSON": ("hello", "is no JSON"),
    "another object": ('{"a": 1}', "is no backup of Earmark"),
    "an array": ("[1]", "is no JSON: expected {"),
    "no format": ("{}", "is no backup of Earmark"),
    "another format": ('{"format": "x"}', "it has another format"),
    "no version": ('{"format": "earmark-backup"}', "is no backup of Earmark"),
    "newer": (
        '{"format": "earmark-backup", "version": 4, "moods": []}',
        r"newer Earmark \(version 4 .*please update",
    ),
    "newer, told last": ('{"recordings": [{}], "version": 7}', "moods|recordings 1"),
    "version 0": ('{"format": "earmark-backup", "version": 0}', "from 1 on"),
    "unknown key": (f'{{{HEAD}, "moods": []}}', "nothing is known of “moods”"),
    "key twice": (f'{{{HEAD}, "rules": [], "rules": []}}', "stands twice"),
    "inner key twice": (of_recording('"file": "a", "file": "b"'), "stands twice"),
    "half": (of_recording('"file": "abc"')[:-9], r"cut off.*\(line 1\)"),
    "half between": (f'{{{HEAD}, "recordings": [\n', r"cut off.*\(line 2\)"),
    "more after": (f"{{{HEAD}}} x", "more after the end"),
    "no UTF-8": (b"{\xff", "is no text in UTF-8"),
    "UTF-16": ("{}".encode("utf-16"), "is no text in UTF-8"),
    "nested": (f'{{{HEAD}, "made_at": ' + "[" * 200_000, "nested too deeply"),
    "too long": (f'{{{HEAD}, "made_at": "' + "x" * (40 << 20), "too long"),
    "not a number": (of_recording('"size": NaN'), "NaN is no number"),
    "no object": (f'{{{HEAD}, "recordings": [1]}}', "recordings 1: must be an object"),
    "no array": (f'{{{HEAD}, "recordings": 1}}', r"expected \["),
    "no hash": (f'{{{HEAD}, "recordings": [{{}}]}}', "“hash” is missing"),
    "short hash": (f'{{{HEAD}, "recordings": [{{"hash": "ab"}}]}}', "64 hex digits"),
    "no hex": (f'{{{HEAD}, "recordings": [{{"hash": "{"x" * 64}"}}]}}', "64 hex"),
    "blank hash": (f'{{{HEAD}, "recordings": [{{"hash": "{"ab " * 32}"}}]}}', "64 hex"),
    "hash twice": (
        f'{{{HEAD}, "recordings": [{{"hash": "{H}"}}, {{"hash": "{H.upper()}"}}]}}',
        "told twice",
    ),
    "negative time": (
        of_recording('"star": {"on": true, "set_ms": -1}'),
        "recordings 1: star: “set_ms” must be a whole number from 0 on",
    ),
    "huge time": (of_recording(f'"star": {{"on": true, "set_ms": {2**60}}}'), "whole"),
    "endless number": (of_recording(f'"size": {"9" * 9000}'), "recordings|digits"),
    "half a ms": (of_recording('"star": {"on": true, "set_ms": 1.5}'), "whole number"),
    "true as time": (of_recording('"star": {"on": true, "set_ms": true}'), "whole"),
    "no flag": (of_recording('"star": {"on": 1, "set_ms": 1}'), "true or false"),
    "no text": (of_recording('"title": {"text": 5, "set_ms": 1}'), "must be text"),
    "no time": (of_recording('"title": {"text": ""}'), "“set_ms” is missing"),
    "unknown field": (
        of_recording('"titel": {}'),
        "nothing is known of “titel”; did you mean “title”?",
    ),
    "unknown state": (
        of_recording('"played": {"state": "x", "position_ms": 1, "set_ms": 1}'),
        "“state” must be one of unplayed, half, played",
    ),
    "tag twice": (
        of_recording(
            '"tags": [{"name": "A", "set_ms": 1}, {"name": "a", "set_ms": 2}]'
        ),
        "recordings 1: tags 2: it is told twice",
    ),
    "tag with a break": (
        of_recording('"tags": [{"name": "a\\u0001b", "set_ms": 1}]'),
        "control character",
    ),
    "there and not": (
        of_recording(
            '"bookmarks": [{"at_ms": 1, "text": "", "set_ms": 1}],'
            ' "removed": [{"bookmark_ms": 1, "set_ms": 2}]'
        ),
        "removed 1: it is told twice",
    ),
    "tags no array": (of_recording('"tags": {}'), "“tags” must be an array"),
    "unlisted source": (
        of_recording('"chat": {"id": "a", "source": "/x", "name": "", "set_ms": 1}'),
        "the source /x is not in “sources”",
    ),
    "bad query": (
        f'{{{HEAD}, "rules": [{{"query": "is:nonsense", "field": "chat"}}]}}',
        "rules 1: the query can't be understood",
    ),
    "bad kind": (
        f'{{{HEAD}, "chats": [{{"id": "a", "kind": "x", "told": "", "rank": 1}}]}}',
        "“kind” must be one of direct",
    ),
    "bad rank": (
        f'{{{HEAD}, "senders": [{{"id": "a", "told": "", "rank": 99}}]}}',
        "at most 10",
    ),
    "no path": (
        f'{{{HEAD}, "sources": [{{"path": "\\ud800", "kind": ""}}]}}',
        "no path",
    ),
    "NUL": (f'{{{HEAD}, "sources": [{{"path": "a\\u0000", "kind": ""}}]}}', "no path"),
    "sound of what": (f'{{{HEAD}, "sounds": [{{"for": "x"}}]}}', "note, sender, chat"),
    "sound of nobody": (f'{{{HEAD}, "sounds": [{{"for": "sender"}}]}}', "is missing"),
    "no speed": (of_sound('"speed": "2", "set_ms": 1'), "“speed” can't be that"),
    "true as boost": (of_sound('"boost_db": true, "set_ms": 1'), "“boost_db” can't be"),
    "endless boost": (of_sound('"boost_db": 1e999, "set_ms": 1'), "sounds 1|number"),
    "no level": (of_sound('"level": 1, "set_ms": 1'), "“level” can't be that"),
    "skip 4": (of_sound('"skip": 4, "set_ms": 1'), "“skip” can't be that"),
    "sound without time": (of_sound('"speed": null'), "“set_ms” is missing"),
    "sound twice": (
        (
            f'{{{HEAD}, "sounds": [{{"for": "all", "set_ms": 1}}, {{"for": "all",'
            ' "set_ms": 2}]}'
        ),
        "sounds 2: it is told twice",
    ),
    "sound of no source": (
        (
            f'{{{HEAD}, "sounds": [{{"for": "chat", "id": "a", "source": "/x",'
            ' "set_ms": 1}]}'
        ),
        "the source /x is not in",
    ),
    "bad gzip": (b"\x1f\x8bnonsense", "can't be unpacked"),
    "half a gzip": (
        gzip.compress(of_recording('"file": ""').encode())[:-12],
        "cut off",
    ),
}


@pytest.mark.parametrize(("text", "reason"), BAD.values(), ids=BAD.keys())
def test_a_bad_backup_is_refused_in_words(
    library: Library, text: str | bytes, reason: str
) -> None:
    """With the file and the reason, and nothing is done."""
    before = packed(library)
    with pytest.raises(DataError, match=reason) as caught:
        joined(library, text)
    assert caught.value.message.startswith("b.json: ")
    assert packed(library)[200:] == before[200:]


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_backup_that_is_cut_or_changed_is_refused_or_understood(
    kept: Library, data: st.DataObject
) -> None:
    """Whatever a disk made of it, nothing but a DataError comes of it."""
    raw = bytearray(packed(kept).encode())
    place = data.draw(st.integers(0, len(raw) - 1))
    if data.draw(st.booleans()):
        del raw[place:]
    else:
        raw[place] = data.draw(st.integers(0, 255))
    with suppress(DataError):
        joined(kept, bytes(raw), dry=True)
