"""Telegram's machine-readable export: its messages, and what it survives."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.memory_document import MemoryDocument
from tests.support.telegram import (
    ABSENT,
    Said,
    Talk,
    account_json,
    chat_json,
    message_json,
    to_bytes,
)
from tests.support.telegram_reading import (
    ANA,
    BEN,
    GONE,
    ME,
    SENT,
    VOICE,
    an_account,
    claims_of,
    read_told,
    voice,
)
from tui.documents._api import (
    ChatTold,
    Claim,
    Confidence,
    Moment,
    NameRank,
    Options,
    PersonTold,
)
from tui.documents._document import Document
from tui.documents._telegram import TelegramJson
from tui.errors import PartialError
from tui.model import ChatKind, Direction, DocumentKind, NoteKind, Precision

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.telegram import (
        Speaker,
    )


def _one(message: dict[str, Any]) -> Claim:
    (claim,) = claims_of(
        {"name": "Ana", "type": "personal_chat", "id": 123, "messages": [message]}
    )
    return claim


def test_a_voice_note() -> None:
    """Everything that the export tells of a note is in its claim."""
    ana = PersonTold("tg:user123", "Ana", NameRank.HANDLE)
    said = voice(7, ANA, file_size=4321)._replace(text="Hi\nthere")
    (claim,) = claims_of(chat_json(Talk("personal_chat", 123, "Ana", [said])))
    assert claim == Claim(
        key="123:7",
        path=VOICE.encode(),
        beside=True,
        chat=ChatTold("tg:123", ChatKind.DIRECT, "", NameRank.NONE, ana),
        chat_confidence=Confidence.DATABASE,
        sender=ana,
        direction=Direction.RECEIVED,
        kind=NoteKind.VOICE,
        moment=Moment((SENT + 7) * 1000, Precision.SECOND),
        size=4321,
        duration_ms=12_000,
        text="Hi\nthere",
    )


@pytest.mark.parametrize(
    ("members", "kind", "title"),
    [
        ({"media_type": "voice_message", "title": "x"}, NoteKind.VOICE, ""),
        ({"media_type": "video_message"}, NoteKind.VIDEO_NOTE, ""),
        ({"media_type": "round_video_message"}, NoteKind.VIDEO_NOTE, ""),
        (
            {"media_type": "audio_file", "performer": "P", "title": "T"},
            NoteKind.AUDIO,
            "P \N{EN DASH} T",
        ),
        ({"media_type": "audio_file", "title": "T"}, NoteKind.AUDIO, "T"),
        ({"media_type": "audio_file", "performer": "P"}, NoteKind.AUDIO, "P"),
        ({"mime_type": "audio/mpeg"}, NoteKind.AUDIO, ""),
        (
            {"media_type": "voice_message", "self_destruct_period_seconds": 2147483647},
            NoteKind.VIEW_ONCE,
            "",
        ),
        (
            {"media_type": "video_message", "self_destruct_period_seconds": 10},
            NoteKind.VIDEO_NOTE,
            "",
        ),
    ],
)
def test_kinds_of_sound(members: dict[str, Any], kind: NoteKind, title: str) -> None:
    """The type tells the kind, and the format of a plain file."""
    claim = _one({"id": 1, "type": "message", "file": "files/a.bin", **members})
    assert (claim.kind, claim.title) == (kind, title)


@pytest.mark.parametrize(
    "message",
    [
        {"media_type": "video_file", "file": "a.mp4", "mime_type": "video/mp4"},
        {"media_type": "sticker", "file": "a.webp", "mime_type": "audio/ogg"},
        {"media_type": "animation", "file": "a.mp4"},
        {"file": "a.pdf", "mime_type": "application/pdf"},
        {"photo": "a.jpg"},
        {"text": "only text"},
        {"media_type": ["voice_message"], "file": "a.ogg", "mime_type": ["audio/ogg"]},
        {"type": "service", "action": "phone_call", "media_type": "voice_message"},
        {"type": "unsupported", "media_type": "voice_message"},
    ],
)
def test_what_is_no_sound(message: dict[str, Any]) -> None:
    """Text, pictures, films, calls: nothing is told."""
    messages = [{"id": 1, "type": "message", **message}]
    assert (
        claims_of({"name": "A", "type": "bot_chat", "id": 1, "messages": messages})
        == []
    )


@pytest.mark.parametrize(
    ("file", "path"),
    [
        (VOICE, VOICE.encode()),
        ("./voice_messages/a.ogg", b"voice_messages/a.ogg"),
        ("files/u\u0308.ogg", "files/\u00fc.ogg".encode()),
        ("files/(a).ogg", b"files/(a).ogg"),
        (ABSENT, b""),
        ("(File exceeds maximum size. Change data exporting settings.)", b""),
        ("(File unavailable, please try again later)", b""),
        ("../../etc/passwd", b""),
        ("files/../../a.ogg", b""),
        ("/etc/passwd", b""),
        ("files//a.ogg", b""),
        ("a\0b.ogg", b""),
        ("", b""),
        (None, b""),
        (["a.ogg"], b""),
    ],
)
def test_paths(file: object, path: bytes) -> None:
    """A path never leaves the export; a note without one is told all the same."""
    claim = _one(
        {"id": 1, "media_type": "voice_message", "duration_seconds": 5, "file": file}
    )
    assert (claim.path, claim.beside, claim.key) == (path, True, "123:1")
    assert claim.duration_ms == 5000


@pytest.mark.parametrize(
    ("seconds", "ms"),
    [
        (12, 12_000),
        (1.5, 1500),
        ("7", 7000),
        (0, None),
        (-3, None),
        (True, None),
        (1e300, None),
        ("x", None),
        ([3], None),
    ],
)
def test_durations(seconds: object, ms: int | None) -> None:
    """What is no length of a note is not told."""
    claim = _one({"media_type": "voice_message", "duration_seconds": seconds})
    assert claim.duration_ms == ms


@pytest.mark.parametrize(("size", "told"), [(5, 5), (0, None), (-1, None), ("x", None)])
def test_sizes(size: object, told: int | None) -> None:
    """A size of nothing is none."""
    assert _one({"media_type": "voice_message", "file_size": size}).size == told


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("a", "a"),
        (["a ", {"type": "bold", "text": "b"}, " c", 5, {"text": 6}, None], "a b c"),
        ([], "e"),
        (None, "e"),
        ({"text": "a"}, "e"),
    ],
)
def test_texts(text: object, joined: str) -> None:
    """A text may come in parts; without one, the entities have it."""
    entities = [{"type": "plain", "text": "e"}]
    claim = _one(
        {"media_type": "voice_message", "text": text, "text_entities": entities}
    )
    assert claim.text == joined


@pytest.mark.parametrize(
    ("members", "moment"),
    [
        (
            {"date_unixtime": "1723728393", "date": "2001-01-01T00:00:00"},
            Moment(SENT * 1000, Precision.SECOND),
        ),
        ({"date_unixtime": SENT}, Moment(SENT * 1000, Precision.SECOND)),
        (
            {"date_unixtime": "soon", "date": "2024-08-15T15:26:33+02:00"},
            Moment(SENT * 1000, Precision.SECOND),
        ),
        ({"date": "2024-08-15T13:26:33Z"}, Moment(SENT * 1000, Precision.SECOND)),
        ({"date": "2024-13-15T13:26:33"}, None),
        ({"date": "2024-13-15T13:26:33Z"}, None),
        ({"date": "yesterday"}, None),
        ({"date": SENT}, None),
        ({"date_unixtime": "99999999999999"}, None),
        ({}, None),
    ],
)
def test_moments(members: dict[str, Any], moment: Moment | None) -> None:
    """The time in UTC comes first; what is no time is not told."""
    assert _one({"media_type": "voice_message", **members}).moment == moment


def test_a_moment_without_zone_is_of_this_machine() -> None:
    """Older exports have the wall clock only."""
    moment = _one({"media_type": "voice_message", "date": "2024-08-15T15:26:33"}).moment
    assert moment is not None
    assert moment.precision is Precision.SECOND
    wall = datetime(2024, 8, 15, 15, 26, 33)  # noqa: DTZ001  # the machine's
    assert moment.ms == wall.timestamp() * 1000
    assert moment.offset_min is not None


def test_an_export_that_is_cut_anywhere() -> None:
    """What is complete is told as in the whole; the error says that more will come."""
    for made in (
        an_account(),
        chat_json(Talk("private_group", 1, "A", [voice(1, ANA)] * 3)),
    ):
        data = to_bytes(made)
        whole = claims_of(made)
        seen = set()
        for end in range(0, len(data), 7):
            claims, _, error = read_told(data[:end])
            assert type(error) is PartialError
            assert claims == whole[: len(claims)]
            seen.add(len(claims))
        assert seen >= set(range(len(whole)))


def test_the_smallest_export_that_is_running() -> None:
    """The documents' own example, not closed yet."""
    data = (
        b'{"name":"Ana","type":"personal_chat","id":123,"messages":[\n'
        b' {"id":7,"type":"message","media_type":"voice_message","file":"a/b.ogg"},\n'
        b' {"i'
    )
    claims, remarks, error = read_told(data)
    assert [claim.path for claim in claims] == [b"a/b.ogg"]
    assert remarks == []
    assert type(error) is PartialError


_WRONG = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)
_KEYS = st.sampled_from(
    [
        "id",
        "type",
        "date",
        "date_unixtime",
        "from",
        "from_id",
        "file",
        "file_size",
        "media_type",
        "mime_type",
        "text",
        "text_entities",
        "performer",
        "title",
        "duration_seconds",
        "forwarded_from",
        "self_destruct_period_seconds",
    ]
)


@given(
    st.lists(st.dictionaries(_KEYS, _WRONG) | _WRONG, max_size=5),
    st.dictionaries(st.sampled_from(["name", "type", "id"]), _WRONG),
    st.dictionaries(st.sampled_from(["user_id", "first_name"]), _WRONG) | _WRONG,
)
def test_any_types(
    messages: list[Any], members: dict[str, Any], owner: dict[str, Any]
) -> None:
    """Whatever stands in a member, the good note beside it is told."""
    for message in messages:
        if isinstance(message, dict):
            message.setdefault("media_type", "voice_message")
    good = message_json(voice(1, ANA))
    chat = {**members, "messages": [*messages, good]}
    made = {"personal_information": owner, "chats": {"list": [chat]}}
    claims, _, error = read_told(json.dumps(made).encode())
    assert error is None
    assert claims[-1].path == VOICE.encode()
    for claim in claims:
        os.fsencode(repr(claim[:2]) + claim.text + claim.title)


def test_what_is_broken_is_left_out() -> None:
    """A message that can't be read is counted, the others are told."""
    data = to_bytes(chat_json(Talk("private_group", 1, "A", [voice(1, ANA)] * 3)))
    data = data.replace(b'"id": 1,\n   "type"', b'"id": ?,\n   "type"', 1)
    claims, remarks, error = read_told(data)
    assert error is None
    assert len(claims) == 2
    assert [remark.code for remark in remarks] == ["left_out"]


@given(
    st.lists(
        st.builds(
            Talk,
            st.sampled_from(["personal_chat", "private_group", "public_channel"]),
            st.integers(1, 2**40),
            st.text(min_size=1, alphabet=st.characters(exclude_categories=["Cs"])),
            st.lists(
                st.builds(
                    Said,
                    st.integers(-(10**9), 2**31),
                    st.integers(1_400_000_000, 2_000_000_000),
                    st.sampled_from([ANA, BEN, ME, GONE, None]),
                    st.sampled_from(
                        ["voice_message", "audio_file", "video_file", None]
                    ),
                    st.sampled_from(["", VOICE, "files/\u00fc.ogg"]),
                    st.integers(0, 5000),
                    st.text(alphabet=st.characters(exclude_categories=["Cs"])),
                    st.just(()),
                    st.none(),
                ),
                max_size=6,
            ),
        ),
        max_size=4,
    ),
    st.sampled_from([None, ME, BEN]),
    st.booleans(),
)
def test_any_account(
    talks: list[Talk], owner: Speaker | None, ascii_only: bool
) -> None:
    """Random chats, written as Telegram writes them, are told as they were made."""
    data = json.dumps(account_json(talks, (), owner), ensure_ascii=ascii_only)
    claims, remarks, error = read_told(data.encode())
    assert (remarks, error) == ([], None)
    spoken = [
        (talk, said)
        for talk in talks
        for said in talk.said
        if said.media in ("voice_message", "audio_file")
    ]
    assert len(claims) == len(spoken)
    for claim, (talk, said) in zip(claims, spoken, strict=True):
        assert claim.key == f"{talk.number}:{said.number}"
        assert claim.chat is not None
        named = claim.chat.partner.name if claim.chat.partner else claim.chat.title
        assert named == talk.name
        assert claim.path == said.path.encode()
        assert claim.moment == Moment(said.sent * 1000, Precision.SECOND)
        assert claim.duration_ms == (said.seconds * 1000 or None)
        assert claim.text == said.text
        speaker = claim.sender.native_id if claim.sender else None
        assert speaker == (said.speaker and f"tg:user{said.speaker.number}")
        if owner is not None and said.speaker is not None:
            is_sent = said.speaker == owner
            assert claim.direction is (
                Direction.SENT if is_sent else Direction.RECEIVED
            )


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        (b"result.json", True),
        (b"result (1).json", True),
        (b"Result.JSON", True),
        (b"results.json", False),
        (b"result.json.part", False),
        (b"messages.html", False),
    ],
)
def test_names(name: bytes, *, fits: bool) -> None:
    """Only the export's own name is looked at."""
    assert TelegramJson().fits(b"/x", name) is fits
    assert TelegramJson().kind is DocumentKind.TELEGRAM


@pytest.mark.parametrize(
    ("made", "label"),
    [
        (chat_json(Talk("personal_chat", 1, 'A "b" \u00e9', [])), 'A "b" \u00e9'),
        (chat_json(Talk("public_supergroup", 1, "All", [voice(1, ANA)])), "All"),
        (chat_json(Talk("saved_messages", 1, None, [voice(1, ANA)])), ""),
        (chat_json(Talk("personal_chat", 1, None, [voice(1, ANA)])), ""),
        (an_account(), ""),
        (account_json([Talk("personal_chat", 1, "A", [])]), ""),
        ({"name": "A", "type": "new_kind", "messages": []}, "A"),
    ],
)
def test_exports_are_recognised(made: dict[str, Any], label: str) -> None:
    """The first bytes are enough, and name the chat."""
    for data in (
        to_bytes(made),
        json.dumps(made).encode(),
        to_bytes(made) + b" " * 5000,
    ):
        recognition = TelegramJson().recognise(MemoryDocument(data))
        assert recognition is not None
        assert recognition.score >= 60
        assert recognition.reasons
        assert recognition.label == label


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[1, 2]",
        b'{"messages": 5}',
        b'{"type": "FeatureCollection", "features": []}',
        b'{"result": [{"messages": "none"}]}',
        b"\xff\xfe\x00",
        b'{"contacts": []}',
    ],
)
def test_other_json_is_not_recognised(data: bytes) -> None:
    """Programs write `result.json` for many reasons."""
    assert TelegramJson().recognise(MemoryDocument(data)) is None


def test_a_file_on_the_disk(tmp_path: Path) -> None:
    """The same from a real file; one that is gone is an error of the system."""
    file = tmp_path / "result.json"
    file.write_bytes(to_bytes(an_account()))
    document = Document(os.fsencode(file))
    assert TelegramJson().recognise(document) is not None
    told = [t for t in TelegramJson().read(document, Options()) if t is not None]
    assert len(told) == 7
    file.unlink()
    with pytest.raises(FileNotFoundError):
        list(TelegramJson().read(document, Options()))


def test_the_wall_clock_of_a_zone_is_told_apart() -> None:
    """A zone of the exporting computer changes nothing where UTC is told."""
    talk = Talk("private_group", 1, "A", [voice(1, ANA)])
    east = chat_json(talk, timezone(timedelta(hours=9)))
    assert claims_of(east) == claims_of(chat_json(talk))
