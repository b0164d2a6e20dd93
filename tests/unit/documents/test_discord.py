"""Channels that DiscordChatExporter wrote."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.messengers import HOSTILE, document_at, read, write_file, write_json
from tests.support.notes import encoded, silent_video
from tui.documents._discord import DiscordJson
from tui.errors import DocumentError, PartialError
from tui.model import ChatKind, Direction, NoteKind, Precision

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DISCORD = DiscordJson()

_ANA, _BO = ("111111111111111111", "ana"), ("222222222222222222", "bo")
_FILES = "Guild - channel [99].json_Files"
_URL = f"{_FILES}/voice-message-A1B2C.ogg"


def _author(person: tuple[str, str], **more: object) -> dict[str, Any]:
    number, name = person
    author = {"id": number, "name": name, "discriminator": "0000", "isBot": False}
    return author | {"nickname": name.title(), "roles": []} | more


def _voice(url: str = _URL, **more: object) -> dict[str, Any]:
    voice = {"id": "77", "url": url, "fileName": "voice-message.ogg"}
    return voice | {"fileSizeBytes": 1234} | more


def _message(
    number: int, person: tuple[str, str], *attachments: object, **more: object
) -> dict[str, Any]:
    message: dict[str, Any] = {"id": str(number), "type": "Default"}
    message |= {"timestamp": "2024-08-15T13:26:33.1234567+02:00", "content": ""}
    message |= {"author": _author(person), "attachments": list(attachments)}
    return message | more


def _channel(*messages: object, **more: object) -> dict[str, Any]:
    channel = {"id": "99", "type": "GuildTextChat", "category": "c", "name": "talk"}
    return {
        "guild": {"id": "9", "name": "Choir", "iconUrl": "https://example.org/a.png"},
        "channel": channel | more,
        "dateRange": {"after": None, "before": None},
        "exportedAt": "2024-08-16T00:00:00+02:00",
        "messages": list(messages),
        "messageCount": len(messages),
    }


def _direct(*messages: object, name: str = "Ana") -> dict[str, Any]:
    return _channel(*messages, type="DirectTextChat", name=name, category=None)


def test_a_voice_message_of_a_guild(tmp_path: Path) -> None:
    """Channel, author, time, file and size are told."""
    message = _message(500, _ANA, _voice(), content="listen")
    path = write_json(tmp_path / "x.json", _channel(_message(499, _BO), message))
    [claim] = read(DISCORD, path).claims
    assert claim.chat is not None
    assert claim.chat.native_id == "discord:99"
    assert (claim.chat.kind, claim.chat.title) == (ChatKind.GROUP, "Choir / talk")
    assert claim.sender is not None
    assert claim.sender.native_id == "discord:111111111111111111"
    assert (claim.sender.name, claim.sender.is_me) == ("Ana", False)
    assert (claim.direction, claim.kind) == (Direction.UNKNOWN, NoteKind.VOICE)
    assert (claim.path.decode(), claim.beside) == (_URL, True)
    assert (claim.key, claim.size, claim.text) == ("500", 1234, "listen")
    assert claim.moment is not None
    assert (claim.moment.ms, claim.moment.offset_min) == (1_723_721_193_123, None)
    assert claim.moment.precision is Precision.EXACT
    assert not claim.forwarded


@pytest.mark.parametrize(
    ("messages", "partner", "directions"),
    [
        (["ana", "bo"], "discord:111111111111111111", ["received", "sent"]),
        (["bo", "ana"], "discord:111111111111111111", ["sent", "received"]),
        (["ana"], "discord:111111111111111111", ["received"]),
        (["bo"], None, ["unknown"]),
        (["bo", "cy"], None, ["unknown", "unknown"]),
    ],
)
def test_a_chat_of_two(
    tmp_path: Path, messages: list[str], partner: str | None, directions: list[str]
) -> None:
    """It is called as the partner, so the other one is the owner."""
    people = {"ana": _ANA, "bo": _BO, "cy": ("333", "cy")}
    chat = _direct(
        *(
            _message(number, people[name], _voice())
            for number, name in enumerate(messages)
        )
    )
    claims = read(DISCORD, write_json(tmp_path / "x.json", chat)).claims
    assert [claim.direction.value for claim in claims] == directions
    for claim in claims:
        assert claim.chat is not None
        assert (claim.chat.kind, claim.chat.title) == (ChatKind.DIRECT, "Ana")
        told = claim.chat.partner
        assert (told and told.native_id) == partner
        assert claim.sender is not None
        assert claim.sender.is_me is (claim.direction is Direction.SENT)


def test_a_group_without_a_guild(tmp_path: Path) -> None:
    """A group of friends has no guild that would be worth a title."""
    chat = _channel(
        _message(1, _ANA, _voice()), type="DirectGroupTextChat", name="A, B"
    )
    [claim] = read(DISCORD, write_json(tmp_path / "x.json", chat)).claims
    assert claim.chat is not None
    assert (claim.chat.kind, claim.chat.title) == (ChatKind.GROUP, "A, B")


@pytest.mark.parametrize(
    ("url", "there", "path", "beside"),
    [
        (_URL, "", _URL, True),
        (_URL.replace("/", "\\"), "", _URL, True),
        (f"./{_URL}", "", _URL, True),
        (_URL.replace(" ", "%20"), _URL, _URL, True),
        ("f/a%20b.ogg", "f/a%20b.ogg", "f/a%20b.ogg", True),
        (
            "https://cdn.discordapp.com/attachments/1/2/voice-message.ogg?ex=1",
            "",
            "",
            True,
        ),
        ("/home/a/media/v.ogg", "", "media/v.ogg", False),
        ("C:\\media\\v.ogg", "", "media/v.ogg", False),
        ("../media/v.ogg", "", "", True),
        ("", "", "", True),
    ],
)
def test_paths(tmp_path: Path, url: str, there: str, path: str, beside: bool) -> None:
    """A path is as the exporter's system writes it; what stayed on the web has none."""
    if there:
        write_file(tmp_path / there)
    document = write_json(
        tmp_path / "x.json", _channel(_message(1, _ANA, _voice(url=url)))
    )
    [claim] = read(DISCORD, document).claims
    assert (claim.path.decode(), claim.beside) == (path, beside)
    assert claim.size == 1234


def test_several_attachments(tmp_path: Path) -> None:
    """Sounds are told apart; films and pictures are none, but for films of sound."""
    names = [
        "a.png",
        "voice-message.ogg",
        "song.mp3",
        "film.mp4",
        "sound.mp4",
        "no.mp4",
    ]
    attachments = [
        _voice(url=f"f/{name}", fileName=name, id=str(number))
        for number, name in enumerate(names)
    ]
    write_file(tmp_path / "f" / "film.mp4", silent_video(0.2))
    write_file(tmp_path / "f" / "sound.mp4", encoded("mp4", 0.2))
    document = _channel(_message(1, _ANA, *attachments))
    claims = read(DISCORD, write_json(tmp_path / "x.json", document)).claims
    assert [(claim.path.decode(), claim.kind, claim.key) for claim in claims] == [
        ("f/voice-message.ogg", NoteKind.VOICE, "1"),
        ("f/song.mp3", NoteKind.AUDIO, "1/2"),
        ("f/sound.mp4", NoteKind.AUDIO, "1/4"),
    ]


def test_a_forwarded_message(tmp_path: Path) -> None:
    """What a message forwards is its own, with the text that came with it."""
    forwarded = {"content": "from afar", "attachments": [_voice(url="f/1.ogg")]}
    message = _message(1, _ANA, content="look", forwardedMessage=forwarded)
    [claim] = read(DISCORD, write_json(tmp_path / "x.json", _channel(message))).claims
    assert claim.forwarded
    assert (claim.text, claim.path) == ("from afar", b"f/1.ogg")


def test_parts_of_one_channel_are_one_chat(tmp_path: Path) -> None:
    """A long channel comes in several files."""
    documents = [
        write_json(tmp_path / f"x [part {part}].json", _channel(message))
        for part, message in enumerate(_message(n, _ANA, _voice()) for n in (1, 2))
    ]
    [one], [two] = (read(DISCORD, document).claims for document in documents)
    assert one.chat == two.chat
    assert one.key != two.key


def test_hostile_values(tmp_path: Path) -> None:
    """Wrong types and paths cost only themselves."""
    odd: list[object] = [None, 3, "x", [], {}, {"attachments": 1}]
    odd += [_message(1, _ANA, None, 3, [], {"fileName": 3}, *map(_voice, HOSTILE))]
    more = {"author": [], "timestamp": 5, "id": {}, "forwardedMessage": 3}
    odd += [_message(2, _ANA, _voice(fileSizeBytes=-1, id=[])) | more]
    chat = _channel(*odd, _message(3, _ANA, _voice()))
    chat["guild"] = [1]
    reading = read(DISCORD, write_json(tmp_path / "x.json", chat))
    assert reading.error is None
    last, bad = reading.claims[-1], reading.claims[-2]
    assert last.chat is not None
    assert last.chat.title == "talk"
    assert (bad.sender, bad.moment, bad.size) == (None, None, None)
    assert len({claim.key for claim in reading.claims}) >= 3


def test_recognition(tmp_path: Path) -> None:
    """What stands before the messages is enough."""
    path = write_json(tmp_path / "x.json", _channel(_message(1, _ANA)))
    found = DISCORD.recognise(document_at(path))
    assert found is not None
    assert (found.score, found.label) == (100, "talk")
    indented = json.dumps(_channel(), indent=2).encode("utf-8-sig")
    assert DISCORD.recognise(document_at(write_file(path, indented))) is not None
    others: list[object] = [[], {}, {"guild": {}}, {"messages": [], "channel": {}}]
    for other in others:
        path = write_json(tmp_path / "other.json", other)
        assert DISCORD.recognise(document_at(path)) is None
    assert DISCORD.fits(b"/", b"Guild - talk [99].JSON")
    assert not DISCORD.fits(b"/", b"Guild - talk [99].html")


@pytest.mark.parametrize("kind", ["GuildTextChat", "DirectTextChat"])
@pytest.mark.parametrize("kept", [0, 10, 200, 700, 3000, 200_000])
def test_a_file_cut_off_keeps_what_was_before(
    tmp_path: Path, kind: str, kept: int
) -> None:
    """Every whole message counts."""
    messages = [_message(number, _ANA, _voice()) for number in range(600)]
    path = write_json(tmp_path / "x.json", _channel(*messages, type=kind))
    path.write_bytes(path.read_bytes()[:kept])
    reading = read(DISCORD, path)
    assert isinstance(reading.error, PartialError)
    assert [claim.key for claim in reading.claims] == [
        str(number) for number in range(len(reading.claims))
    ]
    if kept == 200_000:
        assert len(reading.claims) > 300


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(
    st.lists(
        st.tuples(st.integers(1, 2**63 - 1), _TEXTS, st.datetimes()),
        unique_by=lambda row: row[0],
    )
)
def test_what_was_written_is_read_back(
    new_folder: Callable[[str], Path], rows: list[tuple[int, str, Any]]
) -> None:
    """Any id, name and time come back, in their order."""
    messages = [
        _message(number, (str(number), name), _voice(), timestamp=f"{moment}+00:00")
        for number, name, moment in rows
    ]
    for message, (_, name, _) in zip(messages, rows, strict=True):
        message["author"]["nickname"] = name
    path = new_folder("discord") / "x.json"
    claims = read(DISCORD, write_json(path, _channel(*messages))).claims
    assert [(claim.key, claim.sender and claim.sender.name) for claim in claims] == [
        (str(number), name) for number, name, _ in rows
    ]
    for claim, (_, _, moment) in zip(claims, rows, strict=True):
        assert (claim.moment is None) is not (1990 <= moment.year < 2100)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("guild", "channel", "messages", "attachments", "url", "id"),
                    *("fileName", "author", "type", "name", "timestamp"),
                ]
            ),
            inner | st.sampled_from(["voice-message.ogg", "DirectTextChat"]),
            max_size=5,
        )
    ),
    max_leaves=30,
)


@given(_JSON, st.integers(0, 20))
def test_any_json(new_folder: Callable[[str], Path], value: object, cut: int) -> None:
    """JSON of any shape, whole or cut, ends a reading properly."""
    data = json.dumps(value).encode()
    path = write_file(new_folder("noise") / "x.json", data[: -cut or None])
    DISCORD.recognise(document_at(path))
    error = read(DISCORD, path).error
    assert error is None or isinstance(error, DocumentError)
