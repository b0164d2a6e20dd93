"""The pages of Telegram's export for people."""

from __future__ import annotations

import os
import zipfile
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.memory_document import MemoryDocument
from tests.support.telegram import (
    Said,
    Speaker,
    Talk,
    account_json,
    chat_json,
    pages_html,
    to_bytes,
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
from tui.documents._telegram_html import TelegramHtml
from tui.errors import DocumentError, PartialError
from tui.model import ChatKind, Direction, DocumentKind, NoteKind, Precision

if TYPE_CHECKING:
    from pathlib import Path

ME = Speaker(5, "Me")
ANA = Speaker(123, "Ana <3")
BEN = Speaker(7, "Ben")
GONE = Speaker(9, None)
SENT = 1_723_728_393
VOICE = "voice_messages/audio_1@15-08-2024_15-26-33.ogg"
ROUND = "round_video_messages/file_2@15-08-2024_15-26-33.mp4"


def _voice(number: int, speaker: Speaker, path: str = VOICE) -> Said:
    return Said(number, SENT + number, speaker, "voice_message", path, 12)


def _read(document: Document) -> tuple[list[Claim], DocumentError | None]:
    claims: list[Claim] = []
    try:
        claims.extend(
            told
            for told in TelegramHtml().read(document, Options())
            if isinstance(told, Claim)
        )
    except DocumentError as error:
        return claims, error
    return claims, None


def _claims(page: bytes) -> list[Claim]:
    claims, error = _read(MemoryDocument(page, b"/nowhere/messages.html"))
    assert error is None
    return claims


def _written(folder: Path, pages: list[bytes]) -> list[Document]:
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for number, page in enumerate(pages):
        file = folder / f"messages{number + 1 if number else ''}.html"
        file.write_bytes(page)
        files.append(Document(os.fsencode(file)))
    return files


def test_a_voice_note() -> None:
    """Everything that a page tells of a note is in its claim."""
    said = _voice(7, BEN)._replace(text='Hi & "there"\nx')
    zone = timezone(timedelta(hours=5, minutes=30))
    (page,) = pages_html(Talk("private_group", 1, "All <us>", [said]), zone=zone)
    (claim,) = _claims(page)
    assert claim == Claim(
        key="All <us>:7",
        path=VOICE.encode(),
        beside=True,
        chat=ChatTold("tg-html:All <us>", ChatKind.GROUP, "All <us>"),
        chat_confidence=Confidence.EXPORT_CHAT,
        sender=PersonTold("name:tg:Ben", "Ben", NameRank.HANDLE),
        sender_confidence=Confidence.EXPORT_SENDER,
        kind=NoteKind.VOICE,
        moment=Moment((SENT + 7) * 1000, Precision.SECOND),
        duration_ms=12_000,
        text='Hi & "there"\nx',
    )


@pytest.mark.parametrize(
    ("media", "path", "kind"),
    [
        ("voice_message", VOICE, NoteKind.VOICE),
        ("voice_message", "", NoteKind.VOICE),
        ("video_message", ROUND, NoteKind.VIDEO_NOTE),
        ("video_message", "", NoteKind.VIDEO_NOTE),
        ("audio_file", "files/a.mp3", NoteKind.AUDIO),
        ("audio_file", "", NoteKind.AUDIO),
        ("", "files/a.MP3", NoteKind.AUDIO),
        ("", "files/a.pdf", None),
        ("", "", None),
        ("video_file", "video_files/a.mp4", None),
        ("video_file", "", None),
    ],
)
def test_kinds_of_sound(media: str, path: str, kind: NoteKind | None) -> None:
    """The class tells the kind; of films, the folder tells the round ones."""
    said = Said(1, SENT, BEN, media, path, 3725)
    (page,) = pages_html(Talk("private_group", 1, "All", [said]))
    claims = _claims(page)
    assert [claim.kind for claim in claims] == ([kind] if kind else [])
    for claim in claims:
        assert claim.path == path.encode()
        assert claim.duration_ms == 3_725_000
        assert claim.title == ""


def test_music_has_a_title() -> None:
    """Performer and title are told where both are known."""
    more = (("performer", "P & Q"), ("title", "T"))
    said = Said(1, SENT, BEN, "audio_file", "files/a.mp3", 5, more=more)
    (page,) = pages_html(Talk("private_group", 1, "All", [said]))
    assert _claims(page)[0].title == "P & Q \N{EN DASH} T"


def test_words_of_another_language() -> None:
    """Nothing that is translated matters."""
    (page,) = pages_html(Talk("private_group", 1, "All", [_voice(1, BEN)]))
    other = page.replace(b"Voice message", "Голосовое сообщение".encode())
    assert _claims(other) == _claims(page)


def test_a_page_without_zone_is_of_this_machine() -> None:
    """Older pages have the wall clock only."""
    (page,) = pages_html(Talk("private_group", 1, "All", [_voice(1, BEN)]), zone=None)
    moment = _claims(page)[0].moment
    assert moment is not None
    wall = datetime.fromtimestamp(SENT + 1, UTC).replace(tzinfo=None)
    assert moment.ms == wall.timestamp() * 1000
    assert moment.precision is Precision.SECOND
    assert moment.offset_min is not None


@pytest.mark.parametrize(
    ("title", "ms"),
    [
        ("15.08.2024 15:26:33 UTC+02:00", SENT * 1000),
        ("15.08.2024 09:56:33 UTC-03:30", SENT * 1000),
        ("15.08.2024 13:26:33 UTC+0000", SENT * 1000),
        ("32.08.2024 13:26:33 UTC+00:00", None),
        ("15.08.2024 13:26", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_times(title: str, ms: int | None) -> None:
    """The zone in the title makes the time exact to the second."""
    (page,) = pages_html(Talk("private_group", 1, "All", [_voice(0, BEN)]))
    page = page.replace(b"15.08.2024 13:26:33 UTC+00:00", title.encode())
    moment = _claims(page)[0].moment
    assert (moment and moment.ms) == ms


@pytest.mark.parametrize(
    ("status", "ms"),
    [
        ("00:12", 12_000),
        ("0:37", 37_000),
        ("1:5", 65_000),
        ("1:00:01, 3 MB", 3_601_000),
        ("120:00", 7_200_000),
        ("12, 34.5 KB", None),
        ("34.5 KB", None),
        ("00:00", None),
        ("", None),
    ],
)
def test_lengths(status: str, ms: int | None) -> None:
    """Minutes and seconds, before whatever else the line says."""
    (page,) = pages_html(Talk("private_group", 1, "All", [_voice(0, BEN)]))
    page = page.replace(b"00:12", status.encode())
    assert _claims(page)[0].duration_ms == ms


def test_joined_messages_have_the_sender_before_them() -> None:
    """But not beyond a page: what its first one follows is unknown there."""
    said = [_voice(1, BEN), _voice(2, BEN), _voice(3, GONE), _voice(4, GONE)]
    (page,) = pages_html(Talk("private_group", 1, "All", said))
    names = [claim.sender and claim.sender.name for claim in _claims(page)]
    assert names == ["Ben", "Ben", None, None]
    assert page.count(b"joined") == 2
    cut = page.replace(b"clearfix", b"clearfix joined", 1)
    claims = _claims(cut)
    assert claims[0].sender is None
    assert claims[1].sender is None


def test_forwarded_notes() -> None:
    """Who sent one is told, not who spoke it first."""
    said = [
        _voice(1, BEN)._replace(forwarded_from="Old friend"),
        _voice(2, BEN)._replace(forwarded_from="Old friend", text="x"),
        _voice(3, BEN),
    ]
    (page,) = pages_html(Talk("private_group", 1, "All", said))
    claims = _claims(page)
    assert [claim.forwarded for claim in claims] == [True, True, False]
    assert {claim.sender.name for claim in claims if claim.sender} == {"Ben"}
    assert [claim.text for claim in claims] == ["", "x", ""]
    assert claims[0].moment == Moment((SENT + 1) * 1000, Precision.SECOND)


def test_a_bot_between() -> None:
    """What a note was sent through is no part of the name."""
    (page,) = pages_html(
        Talk("private_group", 1, "All", [_voice(1, Speaker(7, "Ben via @voice_bot"))])
    )
    sender = _claims(page)[0].sender
    assert sender is not None
    assert sender.name == "Ben"


def test_a_chat_of_two() -> None:
    """Who sent what is told, but for a deleted account."""
    said = [_voice(1, ANA), _voice(2, ME), _voice(3, GONE)]
    (page,) = pages_html(Talk("personal_chat", 123, ANA.name, said))
    claims = _claims(page)
    ana = PersonTold("name:tg:Ana <3", "Ana <3", NameRank.HANDLE)
    me = PersonTold("name:tg:Me", "Me", NameRank.HANDLE, is_me=True)
    assert [claim.sender for claim in claims] == [ana, me, None]
    chat = ChatTold("tg-html:Ana <3", ChatKind.DIRECT, "", NameRank.NONE, ana)
    assert {claim.chat for claim in claims} == {chat}
    assert [claim.direction for claim in claims] == [
        Direction.RECEIVED,
        Direction.SENT,
        Direction.UNKNOWN,
    ]


@pytest.mark.parametrize(
    ("speakers", "kind", "directions"),
    [
        ([ANA, ME], ChatKind.DIRECT, [Direction.RECEIVED, Direction.SENT]),
        ([ANA], ChatKind.GROUP, [Direction.UNKNOWN]),
        ([ME], ChatKind.GROUP, [Direction.UNKNOWN]),
        ([ME, BEN], ChatKind.GROUP, [Direction.UNKNOWN] * 2),
        ([ANA, ME, BEN], ChatKind.GROUP, [Direction.UNKNOWN] * 3),
    ],
)
def test_kinds_of_chats(
    tmp_path: Path,
    speakers: list[Speaker],
    kind: ChatKind,
    directions: list[Direction],
) -> None:
    """Where two talk and one has the chat's name, the other one is the user."""
    said = [_voice(n, speaker) for n, speaker in enumerate(speakers)]
    talk = Talk("personal_chat", 123, ANA.name, said)
    (document,) = _written(tmp_path, pages_html(talk))
    claims, _ = _read(document)
    assert [claim.direction for claim in claims] == directions
    for claim in claims:
        assert claim.chat is not None
        assert claim.chat.kind is kind
        assert claim.chat.native_id == "tg-html:Ana <3"
        is_direct = kind is ChatKind.DIRECT
        assert (claim.chat.partner is not None) == is_direct
        assert claim.chat.title == ("" if is_direct else "Ana <3")


def test_all_pages_tell_the_same_chat(tmp_path: Path) -> None:
    """Also a page on which only one of two talks."""
    said = [_voice(n, ANA if n < 3 and n % 2 else ME) for n in range(9)]
    talk = Talk("personal_chat", 123, ANA.name, said)
    documents = _written(tmp_path, pages_html(talk, 3))
    assert [document.name for document in documents] == [
        b"messages.html",
        b"messages2.html",
        b"messages3.html",
    ]
    claims = [claim for document in documents for claim in _read(document)[0]]
    assert [claim.key for claim in claims] == [f"Ana <3:{n}" for n in range(9)]
    assert len({claim.chat for claim in claims}) == 1
    assert claims[-1].direction is Direction.SENT
    assert all(claim.sender for claim in claims)


def test_deleted_accounts_are_not_one_person(tmp_path: Path) -> None:
    """Nobody is called so: two such chats of an account stay two."""
    talk = Talk("personal_chat", 9, None, [_voice(1, GONE)])
    found = set()
    for folder in ("chat_1", "chat_2"):
        (document,) = _written(tmp_path / "chats" / folder, pages_html(talk))
        ((claim,), _) = _read(document)
        assert claim.chat is not None
        assert (claim.sender, claim.chat.title) == (None, "")
        found.add(claim.chat.native_id)
    assert len(found) == 2


def test_files_of_an_account(tmp_path: Path) -> None:
    """They are named from the export's top, and may lie in another chat's folder."""
    said = [_voice(1, BEN), _voice(2, BEN, "../chat_02/voice_messages/a.ogg")]
    talk = Talk("private_group", 1, "All", said)
    pages = pages_html(talk, base="../../chats/chat_01/")
    other = b"../../chats/chat_02/voice_messages/a.ogg"
    pages = [
        page.replace(b"../../chats/chat_01/../chat_02/voice_messages/a.ogg", other)
        for page in pages
    ]
    (document,) = _written(tmp_path / "chats" / "chat_01", pages)
    claims, _ = _read(document)
    assert [(claim.path, claim.beside) for claim in claims] == [
        (VOICE.encode(), True),
        (b"chats/chat_02/voice_messages/a.ogg", False),
    ]
    (document,) = _written(tmp_path / "Copy", pages)
    claims, _ = _read(document)
    assert [(claim.path, claim.beside) for claim in claims] == [
        (VOICE.encode(), True),
        (b"voice_messages/a.ogg", True),
    ]


@pytest.mark.parametrize(
    ("href", "path"),
    [
        ("./voice_messages/a.ogg", b"voice_messages/a.ogg"),
        ("files/u\u0308 100%&amp;.ogg", "files/\u00fc 100%&.ogg".encode()),
        ("../a.ogg", b""),
        ("/etc/passwd", b""),
        ("https://example.org/a.ogg", b""),
        ("../../chats/chat_01/../../../a.ogg", b""),
        ("", b""),
    ],
)
def test_paths(href: str, path: bytes) -> None:
    """A path never leaves the export; the note is told all the same."""
    (page,) = pages_html(Talk("private_group", 1, "All", [_voice(1, BEN)]))
    (claim,) = _claims(page.replace(VOICE.encode(), href.encode()))
    assert claim.path == path


def test_a_page_that_is_cut_anywhere() -> None:
    """Messages that are complete are told; the error says that more will come."""
    said = [_voice(n, BEN)._replace(text="é") for n in range(5)]
    (page,) = pages_html(Talk("private_group", 1, "All", said))
    whole = _claims(page)
    seen = set()
    for end in range(0, page.rindex(b"</html>") + 7, 3):
        claims, error = _read(MemoryDocument(page[:end], b"/nowhere/messages.html"))
        assert type(error) is PartialError
        assert claims == whole[: len(claims)]
        seen.add(len(claims))
    assert seen == set(range(6))


@pytest.mark.parametrize(
    "page",
    [
        b"<" * 1_000_000,
        b"<div " + b"a" * 3_000_000,
        b"<div>" * 600_000,
        b'<div class="message"><div title="' + b"x" * 3_000_000,
    ],
)
def test_markup_without_end(page: bytes) -> None:
    """Memory stays small, and the error is one of a document."""
    claims, error = _read(MemoryDocument(page, b"/nowhere/messages.html"))
    assert claims == []
    assert isinstance(error, DocumentError)


@given(
    st.lists(
        st.sampled_from(
            [
                "<div>",
                "</div>",
                "</span>",
                "<span>",
                "<![if x",
                "<![CDATA[",
                "<!--",
                "<!doctype",
                "<?x",
                "&#xD800;",
                "&amp",
                "\0",
                "<script>",
                '<div class="message default" id="message1">',
                '<div class="from_name">',
                '<div class="page_header"><div class="text bold">',
                '<a class="media_voice_message" href="a/b.ogg">',
                '<div class="date details" title="15.08.2024 15:26:33 UTC+02:00">',
                "text",
            ]
        )
        | st.text(),
        max_size=30,
    )
)
def test_any_markup(parts: list[str]) -> None:
    """Whatever stands in a page, nothing but a document's error comes of it."""
    page = "".join(parts).encode("utf-8", "surrogatepass")
    claims, error = _read(MemoryDocument(page, b"/nowhere/messages.html"))
    assert error is None or isinstance(error, DocumentError)
    assert all(claim.path in (b"a/b.ogg", b"") for claim in claims)


_TEXT = st.text(
    alphabet=st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]),
    min_size=1,
).filter(lambda text: " via @" not in text)


@given(
    _TEXT,
    st.lists(
        st.builds(
            Said,
            st.integers(-(10**9), 2**31),
            st.integers(1_400_000_000, 2_000_000_000),
            st.builds(Speaker, st.just(1), _TEXT),
            st.sampled_from(["voice_message", "video_message", "audio_file", None]),
            st.sampled_from(["", ROUND, "round_video_messages/\u00fc%20&.ogg"]),
            st.integers(0, 5000),
            st.just("") | _TEXT,
            st.just(()),
            st.none() | _TEXT,
        ),
        max_size=8,
    ),
    st.integers(1, 4),
    st.integers(-12 * 60, 14 * 60),
)
def test_any_chat(name: str, said: list[Said], a_page: int, offset: int) -> None:
    """Random chats, written as Telegram writes them, are told as they were made."""
    zone = timezone(timedelta(minutes=offset))
    pages = pages_html(Talk("private_group", 1, name, said), a_page, zone)
    claims = [claim for page in pages for claim in _claims(page)]
    spoken = [one for one in said if one.media]
    assert len(claims) == len(spoken)
    for claim, one in zip(claims, spoken, strict=True):
        assert claim.chat is not None
        assert claim.chat.native_id == f"tg-html:{name}"
        assert claim.key == f"{name}:{one.number}"
        assert claim.path == one.path.encode()
        assert claim.moment == Moment(one.sent * 1000, Precision.SECOND)
        assert claim.duration_ms == (one.seconds * 1000 or None)
        assert claim.text == one.text
        assert claim.forwarded == (one.forwarded_from is not None)
        assert claim.sender is not None
        assert one.speaker is not None
        assert claim.sender.name == one.speaker.name


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        (b"messages.html", True),
        (b"messages2.html", True),
        (b"messages1234.html", True),
        (b"Messages.HTM", True),
        (b"messages.html.part", False),
        (b"my messages.html", False),
        (b"result.json", False),
    ],
)
def test_names(name: bytes, *, fits: bool) -> None:
    """Only the names of pages are looked at."""
    assert TelegramHtml().fits(b"/x", name) is fits
    assert TelegramHtml().kind is DocumentKind.TELEGRAM


def test_pages_are_recognised(tmp_path: Path) -> None:
    """By their markup, with the chat's name; any other page is not."""
    (page,) = pages_html(Talk("private_group", 1, "All <us>", [_voice(1, BEN)]))
    (document,) = _written(tmp_path, [page])
    recognition = TelegramHtml().recognise(document)
    assert recognition is not None
    assert (recognition.score >= 60, recognition.label) == (True, "All <us>")
    for other in (b"", b"<html><title>Messages</title></html>", b"page_header"):
        (document,) = _written(tmp_path, [other])
        assert TelegramHtml().recognise(document) is None


def test_the_json_wins(tmp_path: Path) -> None:
    """Beside the page, or above it in an account's export."""
    talk = Talk("private_group", 1, "All", [_voice(1, BEN)])
    (beside,) = _written(tmp_path / "one", pages_html(talk))
    (inside,) = _written(tmp_path / "all" / "chats" / "chat_01", pages_html(talk))
    assert TelegramHtml().recognise(beside) is not None
    assert TelegramHtml().recognise(inside) is not None
    (tmp_path / "one" / "result.json").write_bytes(b'{"unrelated": true}')
    assert TelegramHtml().recognise(beside) is not None
    (tmp_path / "one" / "result.json").write_bytes(to_bytes(chat_json(talk)))
    assert TelegramHtml().recognise(beside) is None
    (tmp_path / "all" / "result.json").write_bytes(to_bytes(account_json([talk])))
    assert TelegramHtml().recognise(inside) is None


@pytest.mark.parametrize("top", ["", "DataExport_2024-08-15/"])
def test_inside_of_an_archive(tmp_path: Path, top: str) -> None:
    """The same in a zip as in a folder."""
    said = [_voice(1, ANA), _voice(2, ME), _voice(3, ME)]
    talk = Talk("personal_chat", 1, ANA.name, said)
    pages = pages_html(talk, 2, base="../../chats/chat_01/")
    file = tmp_path / "e.zip"
    folder = f"{top}chats/chat_01"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"{folder}/messages.html", pages[0])
        archive.writestr(f"{folder}/messages2.html", pages[1])
    second = Document(os.fsencode(f"{file}//{folder}/messages2.html"), len(pages[1]))
    assert TelegramHtml().recognise(second) is not None
    ((claim,), error) = _read(second)
    assert error is None
    assert claim.path == VOICE.encode()
    assert claim.direction is Direction.SENT
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(f"{top}result.json", to_bytes(account_json([talk])))
    again = Document(os.fsencode(f"{file}//{folder}/messages2.html"), len(pages[1]))
    assert TelegramHtml().recognise(again) is None


def test_what_people_send_to_themselves() -> None:
    """It is the same chat as in the JSON, and its only speaker is the owner."""
    said = [_voice(1, ME), _voice(2, ME)]
    (page,) = pages_html(Talk("saved_messages", 123, "Saved Messages", said))
    claims = _claims(page)
    chat = ChatTold("tg:saved", ChatKind.SELF, "Saved Messages")
    assert {claim.chat for claim in claims} == {chat}
    assert {claim.direction for claim in claims} == {Direction.SENT}
    assert all(claim.sender and claim.sender.is_me for claim in claims)


def test_somebody_who_is_called_as_a_chat_is() -> None:
    """A person may have any name."""
    namesake = ANA._replace(name="Saved Messages")
    said = [_voice(1, namesake), _voice(2, ME)]
    (page,) = pages_html(Talk("personal_chat", 123, namesake.name, said))
    claims = _claims(page)
    assert {claim.chat and claim.chat.kind for claim in claims} == {ChatKind.DIRECT}
