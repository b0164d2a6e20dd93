"""What an exported chat tells: links, people, captions, doubts."""

# ruff: noqa: RUF001  # signs of other scripts are data

from __future__ import annotations

import os
import unicodedata
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.support.export_chats import NOW, claims_of, read_all, write_chat
from tui.documents._document import Document, moment_of_wall
from tui.documents._export_people import person_of
from tui.documents._whatsapp_export import WhatsAppExport
from tui.model import ChatKind, Direction, DocumentKind, NoteKind, Precision

if TYPE_CHECKING:
    from pathlib import Path

    from tui.documents._api import Claim

READER = WhatsAppExport(lambda: NOW)
PTT = "PTT-20240815-WA0003.opus"
IOS = "00000012-AUDIO-2024-08-15-13-26-33.opus"
HEAD = "15/08/2024, 13:26 - "


def _one(folder: Path, text: str, **more: object) -> Claim:
    (claim,) = claims_of(folder, text, **more)  # type: ignore[arg-type]  # passed on
    return claim


@pytest.mark.parametrize(
    "body",
    [
        f"{PTT} (file attached)",
        f"\u200e{PTT} (file attached)",
        f"فایل پیوست شد {PTT}",
        f"{PTT} இணைக்கப்பட்டது",
        f"<{PTT} eklendi>",
        f"<attached: {PTT}>",
        f"< pièce jointe : {PTT}>",
        f"<附件：{PTT}>",
        f"\u202a{PTT}\u202c (datoteka)",
        PTT,
    ],
)
@pytest.mark.parametrize("beside", [(), (PTT,)], ids=["missing", "there"])
def test_the_name_is_found_in_any_phrase(
    body: str, beside: tuple[str, ...], tmp_path: Path
) -> None:
    """No phrase is needed, whether the file is there or not."""
    claim = _one(tmp_path, f"{HEAD}Eve: {body}\n{HEAD}Ana: hi\n", beside=beside)
    assert (claim.key, claim.path, claim.beside) == (PTT, PTT.encode(), True)
    assert (claim.text, claim.kind) == ("", NoteKind.VOICE)
    assert (claim.chat_confidence, claim.sender_confidence) == (0.99, 0.9)
    assert claim.moment is not None
    assert claim.moment.confidence == 1.0


@pytest.mark.parametrize(
    ("name", "beside", "kind"),
    [
        ("AUD-20240815-WA0001.m4a", False, NoteKind.AUDIO),
        ("PTT-20240815-WA0001.amr", False, NoteKind.VOICE),
        ("PTT-20240815-WA123456.opus", False, NoteKind.VOICE),
        (IOS, False, NoteKind.VOICE),
        (IOS.replace("opus", "m4a"), False, NoteKind.AUDIO),
        ("2017-04-13-AUDIO-00000004.opus", False, NoteKind.VOICE),
        ("2017-04-13-AUDIO-00000003.aac", False, NoteKind.AUDIO),
        ("WhatsApp-Ptt-2021-07-14-at-18.12.33.opus", True, NoteKind.VOICE),
        ("00000017-Some song.MP3", True, NoteKind.AUDIO),
        ("AUD-20240815-WA0001.mp4", True, NoteKind.AUDIO),
        ("WhatsApp Ptt 2024-08-15 at 1.26.33\u202fPM.ogg", True, NoteKind.VOICE),
        ("Gr\u00fc\u00dfe, an \u5f20.m4a", True, NoteKind.AUDIO),
    ],
)
def test_kinds(name: str, beside: bool, kind: NoteKind, tmp_path: Path) -> None:
    """Voice notes have names of their own; all else is audio."""
    files = (name,) if beside else ()
    text = f"{HEAD}Eve: {unicodedata.normalize('NFD', name)} (file attached)\n"
    claim = _one(tmp_path, text, beside=files)
    assert (claim.key, claim.kind) == (name, kind)


@pytest.mark.parametrize(
    ("body", "beside"),
    [
        ("VID-20240815-WA0001.mp4 (file attached)", "VID-20240815-WA0001.mp4"),
        ("VID-20240815-WA0001.3gp (file attached)", "VID-20240815-WA0001.3gp"),
        ("IMG-20240815-WA0001.jpg (file attached)", "IMG-20240815-WA0001.jpg"),
        ("clip.mp4 (file attached)", "clip.mp4"),
        ("song.mp3 (file attached)", "other.mp3"),
        ("do you know banana.m4a", "a.m4a"),
        ("the song.mp3x", "song.mp3"),
        ("<Media omitted>", PTT),
        ("look\nPTT-20240815-WA0009.opus (file attached)", PTT),
    ],
)
def test_what_is_no_recording_of_this_message(
    body: str, beside: str, tmp_path: Path
) -> None:
    """Films, unknown names, ends of words, and pasted names tell nothing."""
    text = f"{HEAD}Eve: {body}\n"
    claims, remarks = read_all(write_chat(tmp_path, text, beside=(beside,)))
    assert claims == []
    assert [remark.code for remark in remarks] == ["no_media"]


def test_the_longest_name_counts(tmp_path: Path) -> None:
    """Of names that end alike the whole one is meant."""
    names = ("Song.m4a", "00000017-Song.m4a")
    text = f"{HEAD}Eve: Song.m4a \u2022 3 MB \u200e<attached: 00000017-Song.m4a>\n"
    claim = _one(tmp_path, text, beside=names[1:])
    assert (claim.key, claim.text) == ("00000017-Song.m4a", "")
    (first, second) = claims_of(tmp_path, text, beside=names)
    assert (first.key, second.key) == names


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (f"{PTT} (file attached)\n\u200e  one: \ntwo \n", "one:\ntwo"),
        (f"what I\nsaid <attached: {PTT}>", "what I\nsaid"),
        (f"said <attached: {PTT}>\nlater", "said\nlater"),
        (f"{PTT} " + "is a recording that I want you to hear today, " * 2, "PTT"),
    ],
)
def test_captions(body: str, text: str, tmp_path: Path) -> None:
    """The text of a message is told without the words of WhatsApp."""
    claim = _one(tmp_path, f"{HEAD}Eve: {body}\n{HEAD}Ana: hi\n")
    assert claim.text.startswith(text)
    assert (claim.text == text) is (text != "PTT")


def test_a_message_across_blocks(tmp_path: Path) -> None:
    """A caption that is longer than what is read at once stays whole."""
    long = "\n".join(f"line {number}" for number in range(20_000))
    text = f"{HEAD}Eve: {PTT} (file attached)\n{long}\n{HEAD}Ana: hi\n"
    assert _one(tmp_path, text).text == long


def test_a_second_naming_is_left_out(tmp_path: Path) -> None:
    """The first line that names a file is its message."""
    text = f"{HEAD}Eve: {PTT} (file attached)\n{HEAD}Ana: {PTT} (file attached)\n"
    claims, remarks = read_all(write_chat(tmp_path, text + text))
    assert [claim.sender and claim.sender.name for claim in claims] == ["Eve"]
    assert [remark.code for remark in remarks] == ["left_out"]
    assert remarks[0].text.startswith("3 times")


def test_another_day_in_the_name_is_doubtful(tmp_path: Path) -> None:
    """A name of another day than the line's may have been pasted."""
    text = (
        f"{HEAD}Eve: PTT-20240814-WA0001.opus (file attached)\n"
        f"{HEAD}Eve: PTT-20240813-WA0001.opus (file attached)\n"
    )
    near, far = claims_of(tmp_path, text)
    assert near.moment is not None
    assert far.moment is not None
    assert (near.moment.confidence, near.sender_confidence) == (1.0, 0.97)
    assert (far.moment.confidence, far.sender_confidence) == (0.6, 0.6)
    assert near.moment.ms == far.moment.ms
    assert (near.order, far.order) == (0, 1)


def test_unknown_words_beside_a_time_make_it_doubtful(tmp_path: Path) -> None:
    """A half of the day in an unknown language may be meant, unless hours go on."""
    line = "15/08/2024, 1:26 wibble - Eve: PTT-20240815-WA0001.opus\n"
    (claim,) = claims_of(tmp_path, line)
    assert claim.moment is not None
    assert claim.moment.confidence == 0.5
    (claim,) = claims_of(tmp_path, line + "15/08/2024, 13:26 wibble - Eve: hi\n")
    assert claim.moment is not None
    assert claim.moment.confidence == 1.0


def test_a_chat_of_two(tmp_path: Path) -> None:
    """The file is named after the other one, so the exporter is known."""
    text = f"{HEAD}Ana: {PTT}\n{HEAD}Me: AUD-20240815-WA0001.mp3\n"
    theirs, mine = claims_of(tmp_path, text)
    chat = theirs.chat
    assert chat is not None
    assert mine.chat == chat
    assert (chat.native_id, chat.kind, chat.title) == (
        "wa-export:Ana",
        ChatKind.DIRECT,
        "Ana",
    )
    assert chat.partner == theirs.sender == person_of("Ana")
    assert theirs.direction is Direction.RECEIVED
    assert mine.direction is Direction.SENT
    assert mine.sender == person_of("Me")._replace(is_me=True)
    assert mine.sender_confidence == 0.9


@pytest.mark.parametrize("title", ["Ana-5", "Ana 2"])
def test_a_numbered_copy(title: str, tmp_path: Path) -> None:
    """A number after the name is the copy's, if a sender is called as without it."""
    text = "1/8/24, 13:00 - {}: {}\n"
    name = f"WhatsApp Chat with {title}.txt"
    me = text.format("Me", "hi")
    (claim,) = claims_of(tmp_path / "a", me + text.format("Ana", PTT), name)
    assert claim.chat is not None
    assert (claim.chat.native_id, claim.chat.title) == ("wa-export:Ana", "Ana")
    assert claim.direction is Direction.RECEIVED
    for other in (title, "Bob"):
        (claim,) = claims_of(tmp_path / other, me + text.format(other, PTT), name)
        assert claim.chat is not None
        assert claim.chat.title == title


@pytest.mark.parametrize(
    "pasted",
    [
        "12/31/20, 13:00 - Bob: hi",
        "31.12.2020, 13:00 - Bob: hi",
        "[31/12/2020, 13:00] Bob: hi",
    ],
)
def test_pasted_headers_of_other_phones_are_text(pasted: str, tmp_path: Path) -> None:
    """They make no group of a chat of two, nor hide what stands before them."""
    text = "".join(f"{day}/08/2024, 13:00 - Ana: hi\n" for day in range(10, 20))
    text += f"20/08/2024, 13:00 - Me: look:\n{pasted}\n"
    (claim,) = claims_of(tmp_path, text + f"21/08/2024, 13:00 - Me: {PTT}\n")
    assert claim.chat is not None
    assert claim.chat.kind is ChatKind.DIRECT
    assert claim.direction is Direction.SENT
    text = f"20/08/2024, 13:00 - Me: {PTT}\n" + f"{pasted}\n" * 90
    assert claims_of(tmp_path, text)[0].key == PTT


def test_a_chat_with_a_number(tmp_path: Path) -> None:
    """A number is the same person in the name and in the lines."""
    number = "+49 170 0000001"
    text = f"{HEAD}\u202a+49\u00a0170\u00a00000001\u202c: {PTT}\n{HEAD}Me: hi\n"
    claim = _one(tmp_path, text, name=f"WhatsApp Chat with {number}.txt")
    assert claim.chat is not None
    assert claim.chat.partner is not None
    assert claim.chat.partner.native_id == "tel:+491700000001"
    assert claim.sender == claim.chat.partner
    assert claim.direction is Direction.RECEIVED


def test_a_chat_whose_name_nobody_has(tmp_path: Path) -> None:
    """Where neither of two is called like the chat, nobody is guessed."""
    claim = _one(tmp_path, f"{HEAD}Bob: {PTT}\n{HEAD}Eve: hi\n")
    assert claim.chat is not None
    assert claim.chat.partner is None
    assert claim.direction is Direction.UNKNOWN


def test_a_chat_with_somebody_of_a_group(tmp_path: Path) -> None:
    """A chat can be named after what somebody calls themselves."""
    claim = _one(tmp_path, f"{HEAD}Me: {PTT}\n", name="WhatsApp Chat with ~Ana.txt")
    assert claim.chat is not None
    assert claim.chat.partner is not None
    assert claim.chat.partner.name == "Ana"


def test_a_group(tmp_path: Path) -> None:
    """Three people make a group, in which nobody is known to be the exporter."""
    names = ("Ana", "Bob", "Eve")
    text = "".join(
        f"{HEAD}{name}: PTT-20240815-WA000{place}.opus\n"
        for place, name in enumerate(names)
    )
    claims = claims_of(tmp_path, text)
    assert {claim.chat.kind for claim in claims if claim.chat} == {ChatKind.GROUP}
    assert {claim.direction for claim in claims} == {Direction.UNKNOWN}
    assert [claim.sender and claim.sender.name for claim in claims] == list(names)
    assert [claim.order for claim in claims] == [0, 1, 2]


def test_notices_of_ios_are_no_sender(tmp_path: Path) -> None:
    """On iOS a notice has the chat's name where a sender stands."""
    text = (
        "[15/08/2024, 13:26:33] Family: \u200eMessages are encrypted\n"
        f"\u200e[15/08/2024, 13:26:33] Ana: \u200e<attached: {IOS}>\n"
        "[15/08/2024, 13:27:33] Bob: hi\n"
    )
    claim = _one(tmp_path, text, name="WhatsApp Chat - Family.txt")
    assert claim.chat is not None
    assert claim.chat.kind is ChatKind.DIRECT


@pytest.mark.parametrize(
    ("sender", "native_id", "name"),
    [
        ("Ana", "name:wa:Ana", "Ana"),
        ("~\u202fAna", "name:wa:Ana", "Ana"),
        ("~Ana", "name:wa:Ana", "Ana"),
        ("~", "name:wa:~", "~"),
        ("+1 (202) 555-0134", "tel:+12025550134", "+1 (202) 555-0134"),
        ("+12", "name:wa:+12", "+12"),
        ("+1 2 3 x", "name:wa:+1 2 3 x", "+1 2 3 x"),
        ("+", "name:wa:+", "+"),
        ("+1 2025", "name:wa:+1 2025", "+1 2025"),
        ("+Ana 1", "name:wa:+Ana 1", "+Ana 1"),
        ("Ana - Work", "name:wa:Ana - Work", "Ana - Work"),
        ("O:Brien", "name:wa:O:Brien", "O:Brien"),
        ('Bob "the" B', 'name:wa:Bob "the" B', 'Bob "the" B'),
        ("\u0639\u0645\u0631", "name:wa:\u0639\u0645\u0631", "\u0639\u0645\u0631"),
        ("Jose\u0301", "name:wa:Jos\u00e9", "Jos\u00e9"),
    ],
)
def test_senders(sender: str, native_id: str, name: str, tmp_path: Path) -> None:
    """People are numbers where there is one, else names."""
    claim = _one(tmp_path, f"{HEAD}{sender}: \u200e{PTT} (file attached)\n")
    assert claim.sender is not None
    assert (claim.sender.native_id, claim.sender.name) == (native_id, name)


@pytest.mark.parametrize(
    "line",
    [
        f'Ana changed the group name from "A: b" to {PTT}',
        f"Messages are encrypted by {PTT}",
        "x" * 81 + f": {PTT}",
    ],
)
def test_notices_have_no_sender(line: str, tmp_path: Path) -> None:
    """Quotes, no name at all or a long one: that is WhatsApp speaking."""
    claim = _one(tmp_path, f"{HEAD}{line}\n", beside=(PTT,))
    assert claim.sender is None
    assert claim.direction is Direction.UNKNOWN


def test_fake_headers_are_text(tmp_path: Path) -> None:
    """A pasted chat in another style belongs to the message above it."""
    fake = "[15/08/2024, 13:27:00] Bob: PTT-20240815-WA0009.opus (file attached)"
    text = "".join(f"{HEAD}Ana: {number}\n" for number in range(9))
    text += f"{HEAD}Eve: {PTT} (file attached)\n{fake}\n99/99/2024, 11:11 - X: y\n"
    claim = _one(tmp_path, text)
    assert claim.text == f"{fake}\n99/99/2024, 11:11 - X: y"
    assert claim.sender == person_of("Eve")._replace(is_me=True)


def test_iphones_of_old(tmp_path: Path) -> None:
    """The header ended with a colon, and the tag stood after the name."""
    text = (
        "05/04/17, 21:25:14: Laura: hi\r\n"
        "05/04/17, 21:25:15: Laura: \u200e2017-04-05-AUDIO-00000003.opus "
        "<\u200eattached>\r\n05/04/17, 21:25:16: \u200eLaura left\r\n"
    )
    claim = _one(tmp_path, text)
    expected = moment_of_wall((2017, 4, 5, 21, 25, 15), Precision.SECOND, 0.99)
    assert (claim.moment, claim.text) == (expected, "")
    assert claim.sender is not None
    assert claim.sender.name == "Laura"


def test_a_day_that_nothing_tells(tmp_path: Path) -> None:
    """A date of another calendar beside a name without a day has no time."""
    text = f"1403/05/25, 13:26 - Eve: song.m4a\n{HEAD}Ana: hi\n"
    claim = _one(tmp_path, text, beside=("song.m4a", "\udcff.opus", "notes.pdf"))
    assert (claim.moment, claim.order) == (None, 0)


def test_what_stands_before_the_first_message_is_nobodys(tmp_path: Path) -> None:
    """A text may have been cut at its begin."""
    name = "AUD-20240815-WA0001.mp3"
    text = f"<x: {name}>\n99/99/2024, 11:11 - X: {name}\n{HEAD}Eve: {PTT}\n"
    assert _one(tmp_path, text, beside=(name,)).key == PTT


def test_two_styles_are_read_where_none_has_most(tmp_path: Path) -> None:
    """Two exports in one file are both read."""
    text = (
        f"{HEAD}Ana: hi\n{HEAD}Eve: {PTT}\n"
        f"[15/08/2024, 13:26:33] Ana: ho\n[15/08/2024, 13:27:33] Ana: <x: {IOS}>\n"
    )
    assert [claim.key for claim in claims_of(tmp_path, text)] == [PTT, IOS]


@pytest.mark.parametrize(
    ("name", "text", "beside", "score"),
    [
        ("_chat.txt", f"{HEAD}Ana: hi\n", (), 100),
        ("_chat.txt", "hello\n", (), 0),
        ("WhatsApp Chat with Ana.txt", f"{HEAD}Ana: hi\n", (), 95),
        ("WhatsApp notes.txt", "hello\n", (), 0),
        ("x.txt", f"{HEAD}Ana: hi\n" * 2, (), 0),
        ("x.txt", f"{HEAD}Ana: hi\n" * 3, (), 60),
        ("x.txt", f"{HEAD}Ana: {PTT}\n" * 3, (PTT,), 90),
        ("x.txt", f"{HEAD}Ana: {PTT}\n" * 3, (), 60),
        ("x.txt", "\n" * 201 + f"{HEAD}Ana: hi\n" * 3, (), 0),
        ("x.txt", "", (), 0),
    ],
)
def test_recognition(
    name: str, text: str, beside: tuple[str, ...], score: int, tmp_path: Path
) -> None:
    """The name counts most; lines of a chat there must be."""
    document = write_chat(tmp_path / "Trip", text, name, beside)
    found = READER.recognise(document)
    assert (found.score if found else 0) == score
    if found:
        titles = {"_chat.txt": "Trip", "x.txt": "x"}
        assert found.label == titles.get(name, "Ana")
        assert found.reasons


def test_a_chat_in_an_archive(tmp_path: Path) -> None:
    """The package may still be packed; then it names the chat."""
    path = tmp_path / "WhatsApp Chat - Ana (1).zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("_chat.txt", f"[15/08/2024, 13:26:33] Ana: <x: {IOS}>\r\n")
        archive.writestr(IOS, b"")
    document = Document(os.fsencode(path) + b"//_chat.txt", 10, 1)
    found = READER.recognise(document)
    assert found is not None
    assert (found.score, found.label) == (100, "Ana")
    (claim,), _ = read_all(document)
    assert (claim.key, claim.direction) == (IOS, Direction.RECEIVED)


def test_a_large_text_is_read_only_if_its_name_tells(tmp_path: Path) -> None:
    """A text of 200 MB and more must be called like a chat."""
    text = f"{HEAD}Ana: hi\n" * 3
    for name, score in (("x.txt", 0), ("_chat.txt", 100)):
        path = write_chat(tmp_path, text, name).path
        found = READER.recognise(Document(path, 300 * 1024 * 1024, 1))
        assert (found.score if found else 0) == score


def test_a_text_that_is_gone_is_not_recognised(tmp_path: Path) -> None:
    """A file may vanish between two looks."""
    document = write_chat(tmp_path, "")
    os.unlink(document.path)
    assert READER.recognise(document) is None
    with pytest.raises(FileNotFoundError):
        list(read_all(document))


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        (b"_chat.txt", True),
        (b"x.TXT", True),
        (b"._chat.txt", False),
        (b"x.text", False),
        (b"txt", False),
        (b"\xff.txt", True),
    ],
)
def test_names_that_fit(name: bytes, fits: bool) -> None:
    """Any text may be a chat."""
    assert READER.fits(b"/", name) is fits
    assert READER.kind is DocumentKind.WHATSAPP_EXPORT
