"""Chats of Facebook Messenger and Instagram, encrypted ones too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.messengers import HOSTILE, document_at, read, write_file, write_json
from tests.support.notes import encoded, silent_video
from tui.documents._messenger import MessengerJson
from tui.errors import DocumentError, PartialError
from tui.model import ChatKind, Direction, NoteKind, Precision

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MESSENGER = MessengerJson()

_MS = 1_745_051_674_123
_FILE = "audioclip174505167400033691_1432813888161410.mp4"
_URI = f"your_activity_across_facebook/messages/inbox/ana_123/audio/{_FILE}"


def _garbled(text: str) -> str:
    return text.encode().decode("latin-1")


def _message(
    sender: str, *uris: str, ms: object = _MS, **more: object
) -> dict[str, Any]:
    files = [{"uri": uri, "creation_timestamp": 1} for uri in uris]
    message: dict[str, Any] = {"sender_name": _garbled(sender), "timestamp_ms": ms}
    return message | ({"audio_files": files} if uris else {}) | more


def _thread(
    *messages: object, people: tuple[str, ...] = ("Ana", "Bo"), title: str = "Ana"
) -> dict[str, Any]:
    return {
        "participants": [{"name": _garbled(name)} for name in people],
        "messages": list(messages),
        "title": _garbled(title),
        "is_still_participant": True,
        "thread_path": "inbox/ana_123",
        "magic_words": [],
    }


def _write(root: Path, thread: object, name: str = "message_1.json") -> Path:
    return write_json(root / "messages" / "inbox" / "ana_123" / name, thread)


def test_a_voice_message(tmp_path: Path) -> None:
    """Chat, sender, time and file are told, whatever stands behind the messages."""
    thread = _thread(
        _message(
            "Bo", content="x", photos=[{"uri": "a.jpg"}], videos=[{"uri": "a.mp4"}]
        ),
        _message("Ana", _URI, content=_garbled("h\u00f6r"), reactions=[{"actor": "x"}]),
    )
    path = _write(tmp_path, thread)
    audio = write_file(path.parent / "audio" / _FILE)
    [claim] = read(MESSENGER, path).claims
    assert claim.chat is not None
    assert claim.chat.native_id == "fb:ana_123"
    assert (claim.chat.kind, claim.chat.title) == (ChatKind.DIRECT, "Ana")
    assert claim.chat.partner is not None
    assert claim.chat.partner.native_id == "name:fb:Ana"
    assert claim.sender == claim.chat.partner
    assert (claim.direction, claim.kind) == (Direction.RECEIVED, NoteKind.VOICE)
    assert (claim.path.decode(), claim.beside) == (f"audio/{_FILE}", True)
    assert claim.text == "h\u00f6r"
    assert claim.moment is not None
    assert (claim.moment.ms, claim.moment.offset_min) == (_MS, None)
    assert claim.moment.precision is Precision.EXACT
    assert claim.sender_confidence == pytest.approx(0.9)
    audio.unlink()
    [claim] = read(MESSENGER, path).claims
    elsewhere = f"messages/inbox/ana_123/audio/{_FILE}"
    assert (claim.path.decode(), claim.beside) == (elsewhere, False)


@pytest.mark.parametrize(
    ("people", "title", "sender", "direction"),
    [
        (("Ana", "Bo"), "Ana", "Bo", Direction.SENT),
        (("Bo", "Ana"), "Ana", "Bo", Direction.SENT),
        (("Lukas T\u00f8ye", "Bo"), "Lukas T\u00f8ye", "Bo", Direction.SENT),
        (("Ana", "Bo"), "Ana", "Cy", Direction.UNKNOWN),
        (("Ana", "Bo"), "Holiday", "Bo", Direction.UNKNOWN),
        (("Ana", "Ana"), "Ana", "Ana", Direction.UNKNOWN),
        (("Ana",), "Ana", "Ana", Direction.UNKNOWN),
        (("Ana", "Bo", "Cy"), "Ana", "Bo", Direction.UNKNOWN),
        ((), "", "Bo", Direction.UNKNOWN),
    ],
)
def test_the_owner(
    tmp_path: Path,
    people: tuple[str, ...],
    title: str,
    sender: str,
    direction: Direction,
) -> None:
    """Only in a chat of two that is called as one of them, the other is the owner."""
    path = _write(tmp_path, _thread(_message(sender, _URI), people=people, title=title))
    [claim] = read(MESSENGER, path).claims
    assert claim.direction is direction
    assert claim.sender is not None
    assert claim.sender.name == sender
    assert claim.sender.is_me is (direction is Direction.SENT)
    assert claim.chat is not None
    assert claim.chat.title == title
    kind = ChatKind.GROUP if len(people) > 2 else ChatKind.DIRECT
    assert claim.chat.kind is kind


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Lukas T\u00c3\u00b8ye", "Lukas T\u00f8ye"),
        ("\u00f0\u009f\u0098\u0080", "\U0001f600"),
        ("Zo\u00eb", "Zo\u00eb"),
        ("\u00c3", "\u00c3"),
        ("\u0416", "\u0416"),
        ("Ana", "Ana"),
    ],
)
def test_garbled_names(tmp_path: Path, written: str, expected: str) -> None:
    """A text is repaired where it can be, and left as it is where not."""
    thread = _thread(_message("x", _URI, sender_name=written), people=("a", "b", "c"))
    thread["title"] = written
    [claim] = read(MESSENGER, _write(tmp_path, thread)).claims
    assert claim.sender is not None
    assert claim.chat is not None
    assert (claim.sender.name, claim.chat.title) == (expected, expected)


def test_files_of_one_thread_are_one_chat(tmp_path: Path) -> None:
    """A long chat comes in several files, and may lie in several archives."""
    first = _write(tmp_path / "1", _thread(_message("Ana", _URI)))
    second = _write(
        tmp_path / "2", _thread(_message("Ana", _URI, ms=_MS - 1)), "message_2.json"
    )
    [one], [two] = read(MESSENGER, first).claims, read(MESSENGER, second).claims
    assert one.chat == two.chat
    assert one.key != two.key
    again = _write(tmp_path / "3", _thread(_message("Bo"), _message("Ana", _URI)))
    [same] = read(MESSENGER, again).claims
    assert same.key == one.key


@pytest.mark.parametrize(
    ("folder", "uri", "system"),
    [
        ("your_instagram_activity", "messages/inbox/ana_123/audio/a.mp4", "ig"),
        ("instagram-ana-2024-08-15/x", "messages/inbox/ana_123/audio/a.mp4", "ig"),
        ("x", "your_instagram_activity/messages/inbox/ana_123/audio/a.mp4", "ig"),
        ("instagram/facebook-ana", "messages/inbox/ana_123/audio/a.mp4", "fb"),
        ("x", "messages/inbox/ana_123/audio/a.mp4", "fb"),
    ],
)
def test_the_two_systems(tmp_path: Path, folder: str, uri: str, system: str) -> None:
    """The two are told apart by their folders, else by what the document names."""
    path = _write(tmp_path / folder, _thread(_message("Ana", uri)))
    [claim] = read(MESSENGER, path).claims
    assert claim.chat is not None
    assert claim.chat.native_id == f"{system}:ana_123"
    assert claim.sender is not None
    assert claim.sender.native_id == f"name:{system}:Ana"


@pytest.mark.parametrize(
    ("uri", "there", "path", "beside"),
    [
        ("messages/inbox/ana_123/audio/a.mp4", "audio/a.mp4", "audio/a.mp4", True),
        ("messages/inbox/other_9/audio/a.mp4", "audio/a.mp4", "audio/a.mp4", True),
        (
            "messages/inbox/other_9/audio/a.mp4",
            "",
            "messages/inbox/other_9/audio/a.mp4",
            False,
        ),
        ("x/ana_123/audio/sub/a.mp4", "", "audio/sub/a.mp4", True),
        ("a.mp4", "", "audio/a.mp4", True),
        ("https://cdn.example.org/a.mp4", "", "", True),
    ],
)
def test_paths(tmp_path: Path, uri: str, there: str, path: str, beside: bool) -> None:
    """A path from the export's root becomes one from the document's, if it is there."""
    document = _write(tmp_path, _thread(_message("Ana", uri)))
    if there:
        write_file(document.parent / there)
    [claim] = read(MESSENGER, document).claims
    assert (claim.path.decode(), claim.beside) == (path, beside)


def test_hostile_values(tmp_path: Path) -> None:
    """Wrong types and paths cost only themselves."""
    odd: list[object] = [None, 7, "x", [], {"audio_files": 3}, {"audio_files": [1, {}]}]
    odd += [_message("Ana", *HOSTILE), {"sender_name": [], "audio_files": [{"uri": 3}]}]
    odd += [_message("Ana", _URI, ms=ms) for ms in ("x", None, 10**40, -5, 1e300, True)]
    thread = _thread(*odd, _message("Ana", _URI))
    thread["participants"] = [3, {"name": 4}, "Ana", {"name": "Bo"}, None]
    thread["thread_path"] = ["x"]
    reading = read(MESSENGER, _write(tmp_path, thread))
    assert reading.error is None
    assert reading.claims[-1].moment is not None
    assert reading.claims[-1].chat is not None
    assert reading.claims[-1].chat.native_id == "fb:ana_123"
    assert [claim.moment for claim in reading.claims[-6:-1]] == [None] * 5


@pytest.mark.parametrize("ms", [_MS // 1000, str(_MS // 1000 * 1000)])
def test_other_times(tmp_path: Path, ms: object) -> None:
    """Seconds and digits in a text are understood."""
    message = _message("Ana", _URI) | {"timestamp": ms}
    del message["timestamp_ms"]
    [claim] = read(MESSENGER, _write(tmp_path, _thread(message))).claims
    assert claim.moment is not None
    assert claim.moment.ms == _MS // 1000 * 1000


def _encrypted(*messages: object, **more: object) -> dict[str, Any]:
    chat = {"participants": ["Zo\u00eb", "Bo"], "threadName": "Zo\u00eb_12"}
    return chat | {"messages": list(messages)} | more


def _private(sender: str, *uris: str) -> dict[str, Any]:
    media = [{"uri": uri} for uri in uris]
    more = {
        "type": "media",
        "isUnsent": False,
        "reactions": [],
        "text": "h\u00c3\u00b8",
    }
    return {"senderName": sender, "timestamp": _MS, "media": media} | more


def test_an_encrypted_chat(tmp_path: Path) -> None:
    """Its texts are as they should be, and its files lie in `media`."""
    path = write_json(
        tmp_path / "Zo\u00eb_12.json",
        _encrypted(
            _private("Zo\u00eb", "./media/a.m4a", "./media/b.jpeg"), _private("Bo")
        ),
    )
    [claim] = read(MESSENGER, path).claims
    assert claim.chat is not None
    assert claim.chat.native_id == "fb:Zo\u00eb_12"
    assert claim.chat.title == "Zo\u00eb"
    assert claim.sender is not None
    assert claim.sender.name == "Zo\u00eb"
    assert claim.direction is Direction.RECEIVED
    assert (claim.path, claim.beside) == (b"media/a.m4a", True)
    assert claim.text == "h\u00c3\u00b8"
    assert claim.moment is not None
    assert claim.moment.ms == _MS


def test_films_of_an_encrypted_chat_are_no_notes(tmp_path: Path) -> None:
    """Sounds and films have the same suffix: the name tells them apart, or the file."""
    uris = ["media/film.mp4", "media/sound.mp4", "media/gone.mp4", f"media/{_FILE}"]
    path = write_json(tmp_path / "x.json", _encrypted(_private("Bo", *uris)))
    write_file(tmp_path / "media" / "film.mp4", silent_video(0.2))
    write_file(tmp_path / "media" / "sound.mp4", encoded("mp4", 0.2))
    paths = [claim.path for claim in read(MESSENGER, path).claims]
    assert paths == [b"media/sound.mp4", b"media/" + _FILE.encode()]


def test_recognition(tmp_path: Path) -> None:
    """Both kinds are known by their members."""
    path = _write(tmp_path / "fb", _thread(_message("Ana")))
    found = MESSENGER.recognise(document_at(path))
    assert found is not None
    assert (found.score, found.label) == (100, "ana_123")
    path = write_json(tmp_path / "Zo\u00eb_12.json", _encrypted(_private("Bo")))
    found = MESSENGER.recognise(document_at(path))
    assert found is not None
    assert (found.score, found.label) == (100, "Zo\u00eb_12")
    others: list[object] = [[], {}, {"participants": []}, {"messages": [{"x": "y"}]}]
    for other in others:
        for name in ("message_1.json", "other.json"):
            path = write_json(tmp_path / "other" / name, other)
            assert MESSENGER.recognise(document_at(path)) is None
    assert MESSENGER.fits(b"/", b"MESSAGE_1.JSON")
    assert not MESSENGER.fits(b"/", b"message_1.html")


@pytest.mark.parametrize("kept", [0, 1, 50, 150, 290, 2000, 60_000])
def test_a_file_cut_off_keeps_what_was_before(tmp_path: Path, kept: int) -> None:
    """The chat keeps its identity, as it stands in the folder's name."""
    path = _write(tmp_path, _thread(*[_message("Ana", _URI) for _ in range(400)]))
    whole = path.read_bytes()
    path.write_bytes(whole[:kept])
    reading = read(MESSENGER, path)
    assert isinstance(reading.error, PartialError)
    assert {claim.chat and claim.chat.native_id for claim in reading.claims} <= {
        "fb:ana_123"
    }
    if kept == 60_000:
        assert len(reading.claims) > 200


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(st.lists(st.tuples(_TEXTS, st.integers(700_000_000_000, 4_000_000_000_000))))
def test_what_was_written_is_read_back(
    new_folder: Callable[[str], Path], rows: list[tuple[str, int]]
) -> None:
    """Any sender and any time come back, in their order."""
    thread = _thread(*[_message(sender, _URI, ms=ms) for sender, ms in rows])
    claims = read(MESSENGER, _write(new_folder("fb"), thread)).claims
    assert [
        (claim.sender and claim.sender.name, claim.moment and claim.moment.ms)
        for claim in claims
    ] == rows


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    *(
                        "messages",
                        "audio_files",
                        "uri",
                        "media",
                        "participants",
                        "name",
                    ),
                    *("timestamp_ms", "sender_name", "title", "thread_path"),
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=30,
)


@given(_JSON, st.integers(0, 20))
def test_any_json(new_folder: Callable[[str], Path], value: object, cut: int) -> None:
    """JSON of any shape, whole or cut, ends a reading properly."""
    data = json.dumps(value).encode()
    folder = new_folder("noise")
    for name in ("message_1.json", "x.json"):
        path = write_file(folder / name, data[: len(data) - cut])
        MESSENGER.recognise(document_at(path))
        error = read(MESSENGER, path).error
        assert error is None or isinstance(error, DocumentError)


@pytest.mark.parametrize(
    ("file", "title"),
    [("Hikers_9.json", "Hikers"), ("message_1.json", "Hikers_9")],
)
def test_the_number_of_an_encrypted_group(
    tmp_path: Path, file: str, title: str
) -> None:
    """The number that its file got for its name is no part of the title."""
    media = [{"uri": "./media/voice.m4a"}]
    message = {"senderName": "Bo", "timestamp": 1_723_721_193_123, "media": media}
    chat = {"participants": ["Ana", "Bo", "Cy"], "threadName": "Hikers_9"}
    path = write_json(tmp_path / file, chat | {"messages": [message]})
    [claim] = read(MESSENGER, path).claims
    assert claim.chat is not None
    assert claim.chat.title == title
    assert claim.chat.native_id == "fb:Hikers_9"
