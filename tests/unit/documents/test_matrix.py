"""Rooms that Element exported."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.messengers import document_at, read, write_file, write_json
from tui.documents._matrix import MatrixJson
from tui.documents._matrix_files import AudioFiles
from tui.errors import DocumentError, PartialError
from tui.model import ChatKind, Direction, NoteKind, Precision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MATRIX = MatrixJson()

_ANA, _BO, _CY = "@ana:example.org", "@bo:example.org", "@cy:example.org"
_MS = 1_723_721_193_123
"""11:26:33 in Greenwich, 13:26:33 in Berlin, on 15 August 2024."""
_ARABIC = "Voice message-8-15-2024 1-26-33 \u0645.ogg".translate(
    {ord("0") + digit: chr(0x660 + digit) for digit in range(10)}
)
_VOICE: dict[str, Any] = {
    "org.matrix.msc1767.audio": {
        "duration": 4321,
        "waveform": [0, 512, 1024, 2000, -1],
    },
    "org.matrix.msc3245.voice": {},
}


@pytest.fixture(autouse=True)
def _berlin(isolated: object) -> Iterator[None]:
    """Let the machine stand in Berlin."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
        time.tzset()
        yield
    time.tzset()


def _event(sender: str, content: object, **more: object) -> dict[str, Any]:
    event: dict[str, Any] = {"type": "m.room.message", "sender": sender}
    event |= {
        "event_id": "$ev-1_x",
        "origin_server_ts": _MS,
        "room_id": "!r:example.org",
        "content": content,
    }
    return event | more


def _audio(
    sender: str = _ANA, *, ms: object = _MS, **content: object
) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "msgtype": "m.audio",
        "body": "Voice message.ogg",
        "url": "mxc://x/y",
    }
    whole |= {"info": {"size": 1234, "duration": 4000, "mimetype": "audio/ogg"}}
    return _event(sender, whole | content, origin_server_ts=ms)


def _member(mxid: str, name: str | None, **content: object) -> dict[str, Any]:
    told = {"membership": "join", "displayname": name} | content
    return _event(mxid, told, type="m.room.member", state_key=mxid)


def _room(*events: object, name: str = "Choir", by: object = "Bo") -> dict[str, Any]:
    room = {"room_name": name, "room_creator": "Ana", "topic": "", "exported_by": by}
    return room | {"export_date": "8/15/2024", "messages": list(events)}


def _loud(waveform: object, **more: object) -> dict[str, Any]:
    return {"org.matrix.msc1767.audio": {"waveform": waveform, **more}}


def _files(*names: bytes) -> AudioFiles:
    files = AudioFiles()
    for name in names:
        files.add(name)
    return files


def _read(tmp_path: Path, room: object, *files: str) -> Any:  # noqa: ANN401  # of a test
    for file in files:
        write_file(tmp_path / "audio" / file)
    return read(MATRIX, write_json(tmp_path / "export.json", room))


def test_a_voice_message(tmp_path: Path) -> None:
    """Room, sender, time, file, length and loudness are told."""
    room = _room(_member(_ANA, "Ana"), _member(_BO, "Bo"), _audio(**_VOICE))
    file = "Voice message-8-15-2024 at 1-26-33\u202fPM.ogg"
    [claim] = _read(tmp_path, room, file).claims
    assert claim.chat.native_id == "matrix:!r:example.org"
    assert (claim.chat.kind, claim.chat.title) == (ChatKind.GROUP, "Choir")
    assert (claim.sender.native_id, claim.sender.name) == (f"mxid:{_ANA}", "Ana")
    assert (claim.direction, claim.kind) == (Direction.RECEIVED, NoteKind.VOICE)
    assert (claim.path.decode(), claim.beside) == (f"audio/{file}", True)
    assert (claim.key, claim.size, claim.duration_ms) == ("$ev-1_x", 1234, 4321)
    assert claim.waveform == bytes([0, 128, 255, 255, 0])
    assert (claim.moment.ms, claim.moment.offset_min) == (_MS, None)
    assert claim.moment.precision is Precision.EXACT
    assert claim.text == ""


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ({}, NoteKind.AUDIO),
        ({"org.matrix.msc1767.audio": {"duration": 1}}, NoteKind.AUDIO),
        ({"org.matrix.msc3245.voice": {}}, NoteKind.VOICE),
        ({"org.matrix.msc3245.voice.v2": {}}, NoteKind.VOICE),
        ({"m.voice": {}}, NoteKind.VOICE),
        ({"url": None, "file": {"url": "mxc://x/y", "key": {}}}, NoteKind.AUDIO),
    ],
)
def test_kinds(tmp_path: Path, content: dict[str, Any], kind: NoteKind) -> None:
    """A key makes a sound a voice message, also in encrypted rooms."""
    [claim] = _read(tmp_path, _room(_audio(**content))).claims
    assert claim.kind is kind
    assert claim.path == b""


def test_other_events_are_no_notes(tmp_path: Path) -> None:
    """Films, texts, and what could not be decrypted or was taken back."""
    events = [
        _event(_ANA, {"msgtype": "m.text", "body": "a.ogg"}),
        _event(_ANA, {"msgtype": "m.video", "body": "a.mp4"}),
        _event(_ANA, {"algorithm": "m.megolm.v1"}, type="m.room.encrypted"),
        _event(_ANA, {}),
    ]
    both = {"decrypted": _audio(), "encrypted": events[2]}
    assert len(_read(tmp_path, _room(*events, both)).claims) == 1


@pytest.mark.parametrize(
    ("by", "me"),
    [("Bo", _BO), (_BO, _BO), ("Ana", _ANA), ("Twin", ""), ("Nobody", ""), (None, "")],
)
def test_the_owner(tmp_path: Path, by: str | None, me: str) -> None:
    """The exporter is told by display name, which several may have."""
    twins = [_member(_CY, "Twin"), _member("@twin:example.org", "Twin")]
    members = [_member(_ANA, "Ana"), _member(_BO, "Old"), _member(_BO, "Bo"), *twins]
    room = _room(_audio(_ANA), _audio(_BO), *members, by=by)
    claims = _read(tmp_path, room).claims
    assert [claim.sender.is_me for claim in claims] == [me == _ANA, me == _BO]
    received = Direction.RECEIVED if me else Direction.UNKNOWN
    assert [claim.direction for claim in claims] == [
        Direction.SENT if claim.sender.is_me else received for claim in claims
    ]


@pytest.mark.parametrize(
    ("events", "name", "kind"),
    [
        ([_member(_ANA, "Ana"), _member(_BO, "Bo")], "Ana", ChatKind.DIRECT),
        ([_member(_BO, "Bo")], _ANA, ChatKind.DIRECT),
        (
            [_member(_ANA, "Ana", is_direct=True), _member(_BO, "Bo")],
            "Us",
            ChatKind.DIRECT,
        ),
        ([_member(_ANA, "Ana"), _member(_BO, "Bo")], "Us", ChatKind.GROUP),
        (
            [_member(_ANA, "Ana"), _member(_BO, "Bo"), _member(_CY, "Cy")],
            "Ana",
            ChatKind.GROUP,
        ),
        ([_member(_ANA, "Ana")], "Ana", ChatKind.GROUP),
    ],
)
def test_kinds_of_rooms(
    tmp_path: Path, events: list[object], name: str, kind: ChatKind
) -> None:
    """Two people are a chat of two only where something says so."""
    [claim] = _read(tmp_path, _room(_audio(), *events, name=name)).claims
    assert (claim.chat.kind, claim.chat.title) == (kind, name)
    partner = claim.chat.partner
    assert (partner and partner.native_id) == (
        f"mxid:{_ANA}" if kind is ChatKind.DIRECT else None
    )


@pytest.mark.parametrize(
    ("name", "body", "found"),
    [
        ("Voice message-8-15-2024 at 1-26-33 PM.ogg", "Voice message", True),
        ("Voice message-8-15-2024 at 1-26-33 PM.ogg", "Voice message.ogg", True),
        ("Voice message-8-15-2024 at 1-26-33 PM", "Voice message", True),
        ("Voice message-8-15-2024 at 1-26-33 p.m..ogg", "Voice message", True),
        ("Voice message-15-08-2024 at 13-26-33.ogg", "Voice message", True),
        ("Voice message-15.8.2024 um 13-26-33.ogg", "Voice message", True),
        ("Voice message-15.8.2024 klo 13.26.33.ogg", "Voice message", True),
        ("Voice message-2024. 8. 15. \uc624\ud6c4 1-26-33.ogg", "Voice message", True),
        ("Voice message-2024-08-15 kl. 13-26-33.ogg", "Voice message", True),
        ("Voice message-15-8-24 \u00e0 13-26-33.ogg", "Voice message", True),
        (_ARABIC, "Voice message", True),
        ("a-1-2-3-8-15-2024 at 11-26-33 AM.m4a", "a-1-2-3.m4a", True),
        ("u\u0308-8-15-2024 at 1-26-33 PM.ogg", "\u00fc.ogg", True),
        ("Voice message-8-15-2024 at 7-26-33 PM.ogg", "Voice message", True),
        ("Voice message-8-15-2024 at 1-26-34 PM.ogg", "Voice message", False),
        ("Voice message-8-15-2024 at 1-27-33 PM.ogg", "Voice message", False),
        ("Voice message-8-18-2024 at 1-26-33 PM.ogg", "Voice message", False),
        ("Other-8-15-2024 at 1-26-33 PM.ogg", "Voice message", False),
        ("Voice message-99-99-9999 at 1-26-33.ogg", "Voice message", False),
        ("ev1x.ogg", "Voice message", True),
        ("ev1x.bin", "", True),
        ("ev1y.ogg", "Voice message", False),
    ],
)
def test_names_of_files(tmp_path: Path, name: str, body: str, found: bool) -> None:
    """All languages' dates are read; the new names have the event's id."""
    [claim] = _read(tmp_path, _room(_audio(body=body)), name).claims
    assert bool(claim.path) is found


def test_the_nearest_file_is_taken() -> None:
    """Of files that zones could explain, that of this machine's zone is taken."""
    names = [b"v-8-15-2024 at 1-26-33 PM.ogg", b"v-8-15-2024 at 2-26-33 PM.ogg"]
    files = _files(*names)
    assert files.find("", "v", _MS) == names[0]
    assert files.find("", "v", _MS + 3_600_000) == names[1]
    assert _files(*names[1:]).find("", "v", _MS) == names[1]
    twice = _files(b"v-8-15-2024 at 1-26-33 PM.ogg", b"v-15.8.2024 13-26-33.ogg")
    assert twice.find("", "v", _MS) == b""
    assert files.find("", "v", None) == b""
    assert files.find("", "v", 2**62) == b""


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)), st.integers(-48, 56))  # noqa: DTZ001  # made aware below
def test_any_time_in_any_zone(moment: datetime, quarters: int) -> None:
    """Wherever it was exported, a lone file is found again."""
    sent = moment.replace(tzinfo=UTC)
    wall = sent + timedelta(minutes=15 * quarters)
    name = f"Voice message-{wall:%m-%d-%Y at %I-%M-%S %p}.ogg".encode()
    ms = int(sent.timestamp() * 1000)
    assert _files(name).find("$x", "Voice message.ogg", ms) == name


@given(st.lists(st.binary(max_size=60)), st.text(), st.text())
def test_any_names(names: list[bytes], event_id: str, body: str) -> None:
    """Hostile names raise nothing, and only what is there is found."""
    assert _files(*names).find(event_id, body, _MS) in {*names, b""}


def test_hostile_values(tmp_path: Path) -> None:
    """Wrong types cost only themselves."""
    odd: list[object] = [None, 3, [], "x", {"content": 3}, _event("", [])]
    odd += [_audio(info=3, body=["x"], **_loud(["a"], duration=-4))]
    odd += [_audio(ms="soon", info={"size": 1e300, "duration": float("-inf")})]
    odd += [_audio(**_loud([1] * 10_000))]
    odd += [
        _audio(body="../../etc/passwd.ogg"),
        _audio() | {"event_id": 3, "sender": 4},
    ]
    odd += [_member(_ANA, None) | {"state_key": 4}, _member("x" * 10_000, "\ud800")]
    reading = _read(tmp_path, _room(*odd, _audio(**_VOICE), by=[]))
    assert reading.error is None
    assert len(reading.claims) == 6
    assert [claim.waveform for claim in reading.claims[:3]] == [None] * 3
    assert reading.claims[0].duration_ms is None
    assert reading.claims[1].moment is None
    assert reading.claims[-1].waveform is not None


def test_a_caption(tmp_path: Path) -> None:
    """Where the file has a name of its own, the body is a caption."""
    events = [_audio(body="listen", filename="a.ogg"), _audio(body="a", filename="a")]
    texts = [claim.text for claim in _read(tmp_path, _room(*events)).claims]
    assert texts == ["listen", ""]


def test_recognition(tmp_path: Path) -> None:
    """What stands before the events is enough."""
    path = write_json(tmp_path / "export.json", _room(_audio(), name='A "B"'))
    found = MATRIX.recognise(document_at(path))
    assert found is not None
    assert (found.score, found.label) == (100, 'A "B"')
    others: list[object] = [[], {}, {"room_name": "x"}, {"messages": []}]
    for other in others:
        path = write_json(tmp_path / "other.json", other)
        assert MATRIX.recognise(document_at(path)) is None
    assert MATRIX.fits(b"/", b"export.json")
    assert not MATRIX.fits(b"/", b"messages.html")


@pytest.mark.parametrize("kept", [0, 10, 300, 3000, 200_000])
def test_a_file_cut_off_keeps_what_was_before(tmp_path: Path, kept: int) -> None:
    """Every whole event counts."""
    path = write_json(tmp_path / "x.json", _room(*[_audio() for _ in range(900)]))
    path.write_bytes(path.read_bytes()[:kept])
    reading = read(MATRIX, path)
    assert isinstance(reading.error, PartialError)
    if kept == 200_000:
        assert len(reading.claims) > 400


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("messages", "content", "msgtype", "info", "duration", "sender"),
                    *("org.matrix.msc1767.audio", "waveform", "event_id", "decrypted"),
                    *("exported_by", "room_name", "origin_server_ts", "body"),
                ]
            ),
            inner | st.just("m.audio"),
            max_size=5,
        )
    ),
    max_leaves=30,
)


@given(_JSON, st.integers(0, 20))
def test_any_json(new_folder: Callable[[str], Path], value: object, cut: int) -> None:
    """JSON of any shape, whole or cut, ends a reading properly."""
    data = json.dumps({"messages": [value, _audio(), {"content": value}]}).encode()
    path = write_file(new_folder("noise") / "x.json", data[: -cut or None])
    MATRIX.recognise(document_at(path))
    error = read(MATRIX, path).error
    assert error is None or isinstance(error, DocumentError)


def test_people_without_events_of_their_own(tmp_path: Path) -> None:
    """Who has no display name is called by the whole id, and so may a room be."""
    content = {"msgtype": "m.audio", "body": "a.ogg", **_VOICE}
    events = [_event(_ANA, content), _event(_BO, content, event_id="$2")]
    room = {"room_name": "Ana", "exported_by": _BO, "messages": events}
    claims = read(MATRIX, write_json(tmp_path / "export.json", room)).claims
    assert claims[0].sender is not None
    assert claims[0].sender.name == _ANA
    assert claims[0].chat is not None
    assert claims[0].chat.kind is ChatKind.DIRECT
    assert claims[0].chat.partner == claims[0].sender
