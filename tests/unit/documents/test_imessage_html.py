"""Chats that imessage-exporter wrote, as pages and as text."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.messengers import HOSTILE, document_at, read, wall_ms, write_file
from tests.support.notes import encoded
from tui.documents._imessage_html import IMessageExport
from tui.model import ChatKind, Direction, NoteKind, Precision

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

IMESSAGE = IMessageExport()

_STAMP = "May 17, 2022  5:29:42 PM"
_MS = (2022, 5, 17, 17, 29, 42)
_AUDIO = '<audio controls src="{}" type="audio/x-caf; codecs=opus" </audio>'


def _part(inside: str) -> str:
    return f'<hr><div class="message_part">\n{inside}\n</div>\n'


def _sound(path: str) -> str:
    return _part(f'<div class="attachment">{_AUDIO.format(path)}</div>')


def _message(
    *parts: str, sender: str = "Ana", sent: bool = False, stamp: str = _STAMP
) -> str:
    kind = "sent iMessage" if sent else "received"
    link = f'<a title="Reveal in Messages app" href="sms://open?m=1">{stamp}</a>'
    return (
        f'<div class="message">\n<div class="{kind}">\n'
        f'<p><span class="timestamp">{link} (Read by you after 5 seconds)</span>\n'
        f'<span class="sender">{html.escape(sender)}</span></p>\n'
        f"{''.join(parts)}</div>\n</div>\n"
    )


def _page(path: Path, *messages: str) -> Path:
    style = "<style>.message { color: red } </style>"
    text = f"<html>\n<head><meta charset='UTF-8'>{style}</head><body>\n"
    return write_file(path, f"{text}{''.join(messages)}</body></html>".encode())


def _text(path: Path, *lines: str) -> Path:
    return write_file(path, "".join(f"{line}\n" for line in lines).encode())


def test_a_received_note_of_a_page(tmp_path: Path) -> None:
    """Sender, time, file and chat come from the markup and the file's name."""
    path = _page(
        tmp_path / "+4917012345.html",
        _message(_part('<span class="bubble">attachments/no/1.caf</span>')),
        _message(_sound("attachments/7/12.caf"), sender="+4917012345"),
        _message(sent=True, sender="Me"),
    )
    path.write_text(path.read_text().replace("Ana", "+4917012345"))
    [claim] = read(IMESSAGE, path).claims
    assert (claim.path, claim.beside) == (b"attachments/7/12.caf", True)
    assert claim.chat is not None
    assert claim.chat.native_id == "imessage:+4917012345"
    assert claim.chat.kind is ChatKind.DIRECT
    assert claim.sender is not None
    assert claim.sender.native_id == "tel:+4917012345"
    assert claim.chat.partner == claim.sender
    assert (claim.direction, claim.kind) == (Direction.RECEIVED, NoteKind.VOICE)
    assert claim.moment is not None
    assert claim.moment.ms == wall_ms(*_MS)
    assert claim.moment.precision is Precision.SECOND
    assert claim.moment.offset_min is not None


@pytest.mark.parametrize(
    ("stamp", "parts"),
    [
        ("Jan 01, 2024 12:00:00 AM", (2024, 1, 1, 0, 0, 0)),
        ("Dec 31, 2023 12:59:59 PM", (2023, 12, 31, 12, 59, 59)),
        ("Feb  3, 2023  1:02:03 AM", (2023, 2, 3, 1, 2, 3)),
        ("Feb 30, 2023  1:02:03 AM", None),
        ("Mai 17, 2022  5:29:42 PM", None),
        ("", None),
        ("17.05.2022 17:29", None),
    ],
)
def test_times(tmp_path: Path, stamp: str, parts: tuple[int, ...] | None) -> None:
    """Times are English in twelve hours; others are none."""
    path = _page(
        tmp_path / "Ana.html", _message(_sound("attachments/1.caf"), stamp=stamp)
    )
    [claim] = read(IMESSAGE, path).claims
    assert (claim.moment and claim.moment.ms) == (wall_ms(*parts) if parts else None)


def test_a_sent_note(tmp_path: Path) -> None:
    """The class of the box tells it, whatever the owner is called."""
    path = _page(
        tmp_path / "Ana.html",
        _message(_sound("attachments/1.caf"), sender="Me", sent=True),
        _message(_sound("attachments/2.caf"), sender="Bo", sent=True),
    )
    claims = read(IMESSAGE, path).claims
    assert [claim.direction for claim in claims] == [Direction.SENT] * 2
    people = [claim.sender for claim in claims]
    assert all(sender and sender.is_me for sender in people)
    assert [sender and sender.name for sender in people] == ["", "Bo"]


@pytest.mark.parametrize(
    ("name", "senders", "kind"),
    [
        ("Ana", ["Ana"], ChatKind.DIRECT),
        ("Ana", [], ChatKind.DIRECT),
        ("ana@example.org", [], ChatKind.DIRECT),
        ("A_B", ["A:B"], ChatKind.DIRECT),
        ("Ana, Bo", ["Ana"], ChatKind.GROUP),
        ("Choir - 12", ["Ana"], ChatKind.GROUP),
        ("Choir", ["Ana", "Bo"], ChatKind.GROUP),
        ("Choir", ["Unknown", "Ana"], ChatKind.DIRECT),
    ],
)
@pytest.mark.parametrize("suffix", ["html", "txt"])
def test_kinds_of_chats(
    tmp_path: Path, name: str, senders: list[str], kind: ChatKind, suffix: str
) -> None:
    """A chat of two is called as the partner, a group by its members or a name."""
    path = tmp_path / f"{name}.{suffix}"
    if suffix == "html":
        own = _message(_sound("attachments/1.caf"), sender="Me", sent=True)
        _page(path, own, *(_message(sender=sender) for sender in senders))
    else:
        lines = [line for sender in senders for line in (_STAMP, sender, "hello", "")]
        _text(path, _STAMP, "Me", "attachments/1.caf", "", *lines)
    [claim] = read(IMESSAGE, path).claims
    assert claim.chat is not None
    assert (claim.chat.kind, claim.chat.title) == (kind, name)


def test_replies_are_nested(tmp_path: Path) -> None:
    """A part behind a reply belongs to the message above, not to the reply."""
    reply = _message(_sound("attachments/2.caf"), sender="Bo")
    tapbacks = (
        '<div class="tapbacks"><hr><p>Tapbacks:</p></div></div>'  # once too often
    )
    path = _page(
        tmp_path / "Ana, Bo.html",
        _message(
            _part("<span class='bubble'>x</span>"),
            f'<div class="replies"><div class="reply" id="1">{reply}</div></div>',
            _sound("attachments/1.caf"),
        ),
        _message(_sound("attachments/3.caf"), tapbacks, sender="Cy"),
        _message(_sound("attachments/4.caf"), sender="Di"),
    )
    claims = read(IMESSAGE, path).claims
    assert [
        (claim.path[-5:-4], claim.sender and claim.sender.name) for claim in claims
    ] == [
        (b"2", "Bo"),
        (b"1", "Ana"),
        (b"3", "Cy"),
        (b"4", "Di"),
    ]


def test_a_transcript(tmp_path: Path) -> None:
    """What iPhones wrote down stands behind the sound."""
    said = '<hr><span class="transcription">Transcription: one &amp; two</span>'
    inside = f"<div>{_AUDIO.format('attachments/1.caf')}</div>{said}"
    path = _page(
        tmp_path / "Ana.html", _message(_part(inside)), _message(_sound("a/2.caf"))
    )
    form = _text(
        tmp_path / "Ana.txt",
        _STAMP,
        "Ana",
        "attachments/1.caf",
        "Transcription: one & two",
        "",
    )
    assert [c.transcript for c in read(IMESSAGE, path).claims] == ["one & two", ""]
    assert [c.transcript for c in read(IMESSAGE, form).claims] == ["one & two"]


@pytest.mark.parametrize(
    ("inside", "path"),
    [
        (
            '<a href="attachments/1.amr">Click to download x (1 KB)</a>',
            "attachments/1.amr",
        ),
        ("<p>Unknown attachment type: attachments/1.caf</p>", "attachments/1.caf"),
        (
            "<p>Unknown attachment type: a/1.caf</p> <a href='a/1.caf'>Download</a>",
            "a/1.caf",
        ),
        ("<p>Unable to embed audio/x attachments: a/1.m4a</p>", "a/1.m4a"),
        ('<audio controls src="a/1.mp4" type="audio/mp4" </audio>', "a/1.mp4"),
        ('<audio controls src="a/x &amp; y.caf"></audio>', "a/x & y.caf"),
        ('<video controls> <source src="a/1.mp4" type="video/mp4"> </video>', None),
        ('<a href="https://example.org/1.caf">x</a>', None),
        ('<a href="attachments/1.pdf">Click to download x (1 KB)</a>', None),
        ('<img src="attachments/1.jpeg">', None),
    ],
)
def test_markup_of_attachments(tmp_path: Path, inside: str, path: str | None) -> None:
    """What the tool does not know as sound it names in other ways."""
    page = _page(tmp_path / "Ana.html", _message(_part(inside)))
    paths = [claim.path.decode() for claim in read(IMESSAGE, page).claims]
    assert paths == ([path] if path else [])


@pytest.mark.parametrize(
    ("written", "there", "path", "beside"),
    [
        ("/Users/a/out/attachments/7/1.caf", True, "attachments/7/1.caf", True),
        ("/Users/a/out/attachments/7/1.caf", False, "attachments/7/1.caf", False),
        (
            "/Users/a/Library/Messages/Attachments/ab/11/F3-9/Audio Message.caf",
            False,
            "F3-9/Audio Message.caf",
            False,
        ),
        ("C:\\out\\attachments\\7\\1.caf", True, "attachments/7/1.caf", True),
        ("attachments\\7\\1.caf", True, "attachments/7/1.caf", True),
        ("~/Library/x/y/Audio Message.amr", False, "y/Audio Message.amr", False),
    ],
)
def test_absolute_paths(
    tmp_path: Path, written: str, there: bool, path: str, beside: bool
) -> None:
    """Files in the export's own folder are beside it, others keep the end of a path."""
    if there:
        write_file(tmp_path / "attachments" / "7" / "1.caf")
    page = _page(tmp_path / "Ana.html", _message(_sound(written)))
    form = _text(tmp_path / "Bo.txt", _STAMP, "Ana", written.replace("\\", "/"), "")
    for file in (page, form):
        [claim] = read(IMESSAGE, file).claims
        assert (claim.path.decode(), claim.beside) == (path, beside)


def test_a_text(tmp_path: Path) -> None:
    """Replies are indented; what stands behind them belongs to the message above."""
    path = _text(
        tmp_path / "Ana, Bo.txt",
        f"{_STAMP} (Read by them after 2 seconds)",
        "Me",
        "hello",
        "    May 17, 2022  5:30:00 PM",
        "    Bo",
        "    attachments/7/2.caf",
        "",
        "attachments/7/1.mp3",
        "This message responded to an earlier message.",
        "",
        "May 17, 2022  5:31:00 PM Ana renamed the conversation to a/b.caf",
        "",
        "May 17, 2022  5:31:00 PM",
        "Ana",
        "a/picture.jpeg",
        "https://example.org/song.mp3",
        "one/two.mp3",
        "attachments/3.m4a",
    )
    claims = read(IMESSAGE, path).claims
    assert [
        (claim.path.decode(), claim.sender and claim.sender.name, claim.direction)
        for claim in claims
    ] == [
        ("attachments/7/2.caf", "Bo", Direction.RECEIVED),
        ("attachments/7/1.mp3", "", Direction.SENT),
        ("attachments/3.m4a", "Ana", Direction.RECEIVED),
    ]
    assert [claim.kind for claim in claims] == [
        NoteKind.VOICE,
        NoteKind.AUDIO,
        NoteKind.VOICE,
    ]
    moment = claims[0].moment
    assert moment is not None
    assert moment.ms == wall_ms(2022, 5, 17, 17, 30, 0)


def test_an_owner_of_another_name_is_not_taken_for_others(tmp_path: Path) -> None:
    """A text without `Me` in it tells directions only by the name of the chat."""
    path = _text(
        tmp_path / "Ana.txt",
        *(_STAMP, "Ana", "attachments/1.caf", ""),
        *(_STAMP, "Cy", "attachments/2.caf"),
    )
    claims = read(IMESSAGE, path).claims
    assert [claim.direction for claim in claims] == [
        Direction.RECEIVED,
        Direction.UNKNOWN,
    ]


def test_messages_of_no_chat(tmp_path: Path) -> None:
    """What lost its chat is in a file of its own, which is none."""
    path = _page(tmp_path / "orphaned.html", _message(_sound("attachments/1.caf")))
    [claim] = read(IMESSAGE, path).claims
    assert claim.chat is None
    assert claim.sender is not None


@pytest.mark.parametrize("path", HOSTILE)
def test_hostile_paths(tmp_path: Path, path: str) -> None:
    """No path leads out of the folder."""
    text = path.encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape")
    page = tmp_path / "Ana.html"
    page.write_text(_message(_sound(text)), "utf-8", "surrogateescape")
    form = tmp_path / "Ana.txt"
    form.write_text(f"{_STAMP}\nAna\nattachments/{text}\n", "utf-8", "surrogateescape")
    for file in (page, form):
        for claim in read(IMESSAGE, file).claims:
            assert claim.path.count(b"/") <= 3


@pytest.mark.parametrize(
    ("name", "text", "score"),
    [
        ("Ana.html", _message("x"), 90),
        ("Ana.html", "<html><style>" + "x" * 20_000 + "</style>" + _message("x"), 90),
        ("Ana.html", '<div class="message default clearfix">', None),
        ("Ana.html", "", None),
        ("Ana.txt", f"{_STAMP}\nAna\nhello\n", 60),
        ("Ana.txt", f"{_STAMP} (Read by you)\nAna\nattachments/1.caf\n", 70),
        ("Ana.txt", f"{_STAMP} Ana left the conversation.\n\n", None),
        ("Ana.txt", "[17.05.22, 17:29:42] Ana: hello\n", None),
        ("Ana.txt", "", None),
    ],
)
def test_recognition(tmp_path: Path, name: str, text: str, score: int | None) -> None:
    """Only the tool's own markup and its own way to write times count."""
    path = write_file(tmp_path / name, text.encode())
    assert IMESSAGE.fits(b"/", name.encode())
    found = IMESSAGE.recognise(document_at(path))
    assert (found and found.score) == score
    write_file(tmp_path / "attachments" / "1.caf")
    found = IMESSAGE.recognise(document_at(path))
    assert (found is None) is (score is None)
    if found is not None and score is not None:
        assert found.score > score
        assert found.label == "Ana"


_NAMES = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Z"], exclude_characters="<>"),
    min_size=1,
    max_size=12,
)


@given(st.lists(st.tuples(_NAMES, st.booleans()), max_size=8))
def test_what_was_written_is_read_back(
    new_folder: Callable[[str], Path], rows: list[tuple[str, bool]]
) -> None:
    """Any senders come back, in their order."""
    messages = [
        _message(_sound(f"attachments/{number}.caf"), sender=name, sent=sent)
        for number, (name, sent) in enumerate(rows)
    ]
    path = _page(new_folder("page") / "x.html", *messages)
    claims = read(IMESSAGE, path).claims
    assert [claim.path for claim in claims] == [
        f"attachments/{number}.caf".encode() for number in range(len(rows))
    ]
    for claim, (name, sent) in zip(claims, rows, strict=True):
        assert (claim.direction is Direction.SENT) is sent
        assert claim.sender is None or claim.sender.name in {name, ""}


@given(
    st.lists(
        st.sampled_from(
            [
                "<div ",
                'class="message"',
                ">",
                "</div>",
                "<",
                _STAMP,
                '<span class="sender">',
                "</span>",
                _AUDIO.format("a/1.caf"),
                "\xff",
                "\n",
                "Ana",
                '<div class="sent">',
                '<div class="reply">',
                "<audio src=",
                "&#0;",
                "a/2.caf",
            ]
        )
    )
)
def test_any_order_of_markup(
    new_folder: Callable[[str], Path], pieces: list[str]
) -> None:
    """Markup in any order, cut anywhere, raises nothing."""
    folder = new_folder("noise")
    for name in ("a.html", "a.txt"):
        path = write_file(folder / name, "".join(pieces).encode("latin-1"))
        IMESSAGE.recognise(document_at(path))
        assert read(IMESSAGE, path).error is None


def test_recordings_of_a_text_that_were_made_mp4(tmp_path: Path) -> None:
    """The file tells it from a film, or else the transcript."""
    write_file(tmp_path / "attachments" / "1.mp4", encoded("mp4", 1))
    write_file(tmp_path / "attachments" / "2.mp4", encoded("mp4", 1, video=True))
    lines = [(_STAMP, "Ana", f"attachments/{number}.mp4") for number in (1, 2, 3)]
    said = ["", *lines[2], "Transcription: late", ""]
    path = _text(tmp_path / "Ana.txt", *lines[0], "", *lines[1], *said)
    claims = read(IMESSAGE, path).claims
    assert [(claim.path, claim.kind) for claim in claims] == [
        (b"attachments/1.mp4", NoteKind.VOICE),
        (b"attachments/3.mp4", NoteKind.VOICE),
    ]
    assert claims[1].transcript == "late"


@pytest.mark.parametrize("is_page", [True, False])
def test_files_that_the_tool_did_not_find(tmp_path: Path, *, is_page: bool) -> None:
    """Notes that are gone are told, each for itself, by what they were called."""
    name, stamps = "Audio Message.caf", (_STAMP, "May 17, 2022  5:30:00 PM")
    if is_page:
        error = '<span class="attachment_error">Unable to locate attachment: {}</span>'
        parts = [_part(error.format(each)) for each in (name, "IMG_1.HEIC")]
        messages = [_message(*parts, stamp=stamp) for stamp in stamps]
        path = _page(tmp_path / "Ana.html", *messages)
    else:
        text = [line for each in stamps for line in (each, "Ana", name, "IMG.HEIC", "")]
        path = _text(tmp_path / "Ana.txt", *text, _STAMP, "Me", f"see {name}", "")
    claims = read(IMESSAGE, path).claims
    assert [claim.path for claim in claims] == [b"", b""]
    assert len({claim.key for claim in claims}) == 2
    moments = [claim.moment and claim.moment.ms for claim in claims]
    assert moments == [wall_ms(*_MS), wall_ms(2022, 5, 17, 17, 30)]
    assert {claim.direction for claim in claims} == {Direction.RECEIVED}
