"""What mails tell of the recordings that are enclosed in them."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.mails import mail, mailbox
from tui.archives import _mail as archive
from tui.archives import open_file
from tui.documents._api import Claim, NameRank, Options, Remark
from tui.documents._document import Document
from tui.documents._mail import Mail, thread_of
from tui.errors import PartialError
from tui.model import ChatKind, Direction, DocumentKind, NoteKind, Precision

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tui.documents._api import Told

_OGG = ("audio/ogg", "a.ogg", b"OggS1234")
_MP3 = ("audio/mpeg", "b.mp3", b"ID3")
_NAME = "mail.eml"
_ANA = "mail:mailto:ana@example.org"


@pytest.fixture
def berlin(isolated: object) -> Iterator[None]:
    """Let the machine stand in Berlin: one hour east of UTC, two in summer."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
        time.tzset()
        yield
    time.tzset()


def _document(folder: Path, data: bytes, name: str = _NAME) -> Document:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return Document(os.fsencode(path))


def _told(folder: Path, data: bytes, name: str = _NAME) -> list[Told]:
    told = Mail().read(_document(folder, data, name), Options())
    return [each for each in told if each is not None]


def _claims(folder: Path, data: bytes, name: str = _NAME) -> list[Claim]:
    return [each for each in _told(folder, data, name) if isinstance(each, Claim)]


def _only(folder: Path, data: bytes, name: str = _NAME) -> Claim:
    (claim,) = _claims(folder, data, name)
    return claim


def test_a_mail_tells_everything_of_its_recording(tmp_path: Path) -> None:
    """Chat, sender, time, text, size, and where the bytes are."""
    data = mail(
        _OGG, subject="AW: Re: Grüße", Message_ID="<1@example.org>", text="Hör mal"
    )
    claim = _only(tmp_path, data)
    assert claim.key == "1@example.org#2"
    assert claim.path == b"mail.eml//2-a.ogg"
    assert claim.beside
    assert claim.chat is not None
    assert claim.chat.native_id == "mail:grüsse"
    assert (claim.chat.kind, claim.chat.title) == (ChatKind.DIRECT, "Grüße")
    assert claim.sender is not None
    assert claim.sender.native_id == "mailto:ana@example.org"
    assert (claim.sender.name, claim.sender.rank) == ("Ana Roth", NameRank.HANDLE)
    assert not claim.sender.is_me
    assert claim.direction is Direction.UNKNOWN
    assert claim.kind is NoteKind.VOICE
    assert claim.moment is not None
    assert claim.moment.ms == 1_723_721_193_000
    assert claim.moment.precision is Precision.SECOND
    assert claim.moment.offset_min is None
    assert claim.text == "Hör mal"
    assert claim.size == 8
    assert claim.duration_ms is None


@pytest.mark.parametrize(
    ("name", "boxed"),
    [
        ("Grüße.eml", False),
        ("All mail.mbox", True),
        ("Inbox.mbox/mbox", True),
        ("Maildir/cur/1723728393.M1P1.host:2,S", False),
    ],
)
def test_the_files_of_claims_are_members_of_the_archive(
    tmp_path: Path, name: str, boxed: bool
) -> None:
    """The same names in the same order, with the same sizes."""
    data = mail(_OGG, _MP3, _OGG)
    data = mailbox(data, mail(), data) if boxed else data
    claims = _claims(tmp_path, data, name)
    folder = os.fsencode((tmp_path / name).parent)
    assert len(claims) == (6 if boxed else 3)
    for claim in claims:
        with open_file(folder + b"/" + claim.path) as file:
            assert len(file.read()) == claim.size
    assert len({claim.path for claim in claims}) == len(claims)


def test_the_name_of_the_file_is_told_in_nfc(tmp_path: Path) -> None:
    """As all paths of claims are."""
    claim = _only(tmp_path, mail(_OGG), "Gru\u0308n.eml")
    assert claim.path == "Grün.eml//2-a.ogg".encode()


@pytest.mark.parametrize(
    ("subject", "thread"),
    [
        ("Holiday", "Holiday"),
        ("Re: Holiday", "Holiday"),
        ("RE:Holiday", "Holiday"),
        ("Re: Fwd: AW: WG: Holiday", "Holiday"),
        ("SV: Holiday", "Holiday"),
        ("Re[2]: Holiday", "Holiday"),
        ("RE : Holiday", "Holiday"),
        ("回复\uff1aHoliday", "Holiday"),
        ("转发: 回复\uff1a Holiday", "Holiday"),
        ("Отв: Holiday", "Holiday"),
        ("ΣΧΕΤ: Holiday", "Holiday"),
        ("Va\u0301: Holiday", "Holiday"),
        ("Re: ", ""),
        ("Re:", ""),
        ("", ""),
        ("12:30 at noon", "12:30 at noon"),
        ("Re: http://example.org", "http://example.org"),
        ("Voicemail: 3 new", "Voicemail: 3 new"),
        ("[list] Re: Holiday", "[list] Re: Holiday"),
        ("Re" * 50_000, "Re" * 50_000),
        ("Re: " * 50_000, ""),
    ],
)
def test_answers_belong_to_the_thread(subject: str, thread: str) -> None:
    """In all languages: what is put in front has a shape, there is no list of words."""
    assert thread_of(subject) == thread


@given(st.text(max_size=40))
def test_threads_are_stable(subject: str) -> None:
    """The thread of a thread is itself."""
    thread = thread_of(subject)
    assert thread_of(thread) == thread


@pytest.mark.parametrize(
    ("fields", "native", "kind", "title"),
    [
        ({"subject": "re: HOLIDAY"}, "mail:holiday", "direct", "HOLIDAY"),
        ({"to": "a@b, c@d"}, "mail:holiday", "group", "Holiday"),
        ({"Cc": "c@d"}, "mail:holiday", "group", "Holiday"),
        ({"to": "ben@b, BEN@b"}, "mail:holiday", "direct", "Holiday"),
        ({"to": "ben@b, ana@example.org"}, "mail:holiday", "direct", "Holiday"),
        ({"to": ""}, "mail:holiday", "direct", "Holiday"),
        ({"to": "undisclosed-recipients:;"}, "mail:holiday", "direct", "Holiday"),
        ({"to": "ANA@example.org"}, "mail:holiday", "self", "Holiday"),
        ({"subject": ""}, _ANA, "direct", "Ana Roth"),
        ({"subject": "Re:"}, _ANA, "direct", "Ana Roth"),
        (
            {"subject": "", "to": "a@b, c@d"},
            "mail:mailto:ana@example.org",
            "direct",
            "Ana Roth",
        ),
        (
            {"subject": "", "to": "ana@example.org"},
            "mail:mailto:ana@example.org",
            "self",
            "Ana Roth",
        ),
        ({"subject": "", "sender": "ana@b"}, "mail:mailto:ana@b", "direct", ""),
    ],
)
def test_chats_are_threads_or_senders(
    tmp_path: Path, fields: dict[str, str], native: str, kind: str, title: str
) -> None:
    """By subject; without one by who sent it."""
    chat = _only(tmp_path, mail(_OGG, **fields)).chat
    assert chat is not None
    assert (chat.native_id, chat.kind, chat.title) == (native, kind, title)


def test_a_mail_without_subject_and_sender_has_no_chat(tmp_path: Path) -> None:
    """Nothing is made up."""
    claim = _only(tmp_path, mail(_OGG, subject="", sender=""))
    assert claim.chat is None
    assert claim.sender is None


@pytest.mark.parametrize(
    ("fields", "is_me", "direction"),
    [
        ({}, False, Direction.UNKNOWN),
        ({"to": "Me <ana@example.org>"}, True, Direction.SENT),
        ({"Delivered-To": "ben@example.org"}, False, Direction.RECEIVED),
        ({"Delivered-To": "Ana@example.org", "to": "list@b"}, True, Direction.SENT),
    ],
)
def test_the_owner_is_known_where_the_mail_tells(
    tmp_path: Path, fields: dict[str, str], is_me: bool, direction: Direction
) -> None:
    """Who writes to oneself, and for whom the machine took it in."""
    claim = _only(tmp_path, mail(_OGG, **fields))
    assert claim.sender is not None
    assert (claim.sender.is_me, claim.direction) == (is_me, direction)


@pytest.mark.parametrize(
    ("line", "native", "name"),
    [
        (b"Ana@Example.org", "mailto:ana@example.org", ""),
        (b"<Ana@Example.org>", "mailto:ana@example.org", ""),
        (b'"ana@b" <ana@b>', "mailto:ana@b", ""),
        (b'"Roth, Ana" <ana@b>', "mailto:ana@b", "Roth, Ana"),
        (b"=?utf-8?q?M=C3=BCller=2C_Ana?= <ana@b>", "mailto:ana@b", "Müller, Ana"),
        ("Müller <ana@b>".encode(), "mailto:ana@b", "Müller"),
        ("Müller <ana@b>".encode("latin-1"), "mailto:ana@b", "Müller"),
        (b"ana@b (Ana Roth)", "mailto:ana@b", "Ana Roth"),
        (b"ana@b,\n ben@b", "mailto:ana@b", ""),
        (b"Ana Roth <ana@b", "mailto:ana@b", None),
        (b"Ana [home] Roth <ana@b>", "mailto:ana@b", None),
        (
            b'"+491701234567" <+491701234567@vm.example.org>',
            "mailto:+491701234567@vm.example.org",
            "+491701234567",
        ),
        (b"Voice System", "name:mail:Voice System", "Voice System"),
    ],
)
def test_senders_are_their_addresses(
    tmp_path: Path, line: bytes, native: str, name: str | None
) -> None:
    """However the field is written; without an address the name stands for it."""
    data = b"From: " + line + b"\n" + mail(_OGG, sender="")
    sender = _only(tmp_path, data).sender
    assert sender is not None
    assert sender.native_id == native
    if name is not None:
        assert sender.name == name
        assert sender.rank is (NameRank.HANDLE if name else NameRank.NONE)


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize(
    ("date", "ms", "offset"),
    [
        ("Thu, 15 Aug 2024 13:26:33 +0200", 1_723_721_193_000, None),
        ("Thu, 15 Aug 2024 11:26:33 GMT", 1_723_721_193_000, None),
        ("15 Aug 2024 06:26:33 EST", 1_723_721_193_000, None),
        ("Thu, 15 Aug 2024 13:26:33 -0000", 1_723_721_193_000, 120),
        ("Thu, 15 Aug 2024 13:26:33", 1_723_721_193_000, 120),
        ("Thu, 15 Aug 24 13:26:33 +0200 (CEST)", 1_723_721_193_000, None),
        ("2024-08-15T11:26:33Z", 1_723_721_193_000, None),
        ("Mon, 15 Jan 2024 13:26:33", 1_705_321_593_000, 60),
    ],
)
def test_dates_are_exact_where_they_have_a_zone(
    tmp_path: Path, date: str, ms: int, offset: int | None
) -> None:
    """Else they are a wall clock: `-0000` says that nobody knows the zone."""
    data = b"Date: " + date.encode() + b"\n" + mail(_OGG, date="")
    moment = _only(tmp_path, data).moment
    assert moment is not None
    assert (moment.ms, moment.offset_min) == (ms, offset)
    assert moment.precision is Precision.SECOND


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize(
    ("line", "ms"),
    [
        (b"a@b Thu Aug 15 13:26:33 2024", 1_723_721_193_000),
        (b"- Thu Aug 15 13:26:33 2024", 1_723_721_193_000),
        (b"17@xxx Thu Aug 15 11:26:33 +0000 2024", 1_723_721_193_000),
        (b"a@b Thu Aug 15 13:26:33 2024 +0200", 1_723_721_193_000),
        (b"a@b Thu, 15 Aug 2024 13:26:33 +0200", 1_723_721_193_000),
        (b"a@b", None),
        (b"", None),
    ],
)
def test_the_line_of_the_mailbox_stands_in_for_the_date(
    tmp_path: Path, line: bytes, ms: int | None
) -> None:
    """Where the mail has none, or one that nobody can read."""
    for date in (b"", b"Date: soon\n", b"Date: Thu, 99 Foo 2024 99:99:99 +9999\n"):
        data = mailbox(date + mail(_OGG, date=""), line=line)
        moment = _only(tmp_path, data, "a.mbox").moment
        assert (moment and moment.ms) == ms
    own = _only(tmp_path, mailbox(mail(_OGG), line=line), "a.mbox").moment
    assert own is not None
    assert own.confidence == 1.0


def test_a_mail_without_any_time_tells_none(tmp_path: Path) -> None:
    """Its file's time is not the mail's."""
    assert _only(tmp_path, mail(_OGG, date="")).moment is None


@pytest.mark.parametrize(
    ("parts", "fields", "kinds"),
    [
        ([_OGG], {}, "v"),
        ([_OGG, _MP3], {}, "aa"),
        ([("audio/wav", "VoiceMessage.wav", b"1"), _MP3], {}, "va"),
        ([("audio/wav", "voice mail 3.wav", b"1"), _MP3], {}, "va"),
        ([("audio/ogg", "PTT-20240815-WA0001.opus", b"1"), _MP3], {}, "va"),
        ([_OGG, _MP3], {"Message-Context": "voice-message"}, "vv"),
        ([_OGG, _MP3], {"subject": "Voicemail from 030 123"}, "vv"),
        ([_OGG, _MP3], {"X-VoiceMessageDuration": "12"}, "vv"),
        ([_OGG, _MP3], {"subject": "Neue Sprachnachricht"}, "vv"),
        ([_OGG, _MP3], {"subject": "The voices of spring"}, "aa"),
    ],
)
def test_what_is_said_to_be_voice_is_voice(
    tmp_path: Path,
    parts: list[tuple[str, str, bytes]],
    fields: dict[str, str],
    kinds: str,
) -> None:
    """By file name or header; a recording alone in its mail is one too."""
    claims = _claims(tmp_path, mail(*parts, **fields))
    assert "".join(claim.kind[0] for claim in claims) == kinds
    assert [claim.order for claim in claims] == list(range(len(kinds)))


def test_voice_mail_tells_its_length(tmp_path: Path) -> None:
    """For the only recording of the mail, or in the fields of the part."""
    data = mail(_OGG, X_VoiceMessageDuration="12")
    assert _only(tmp_path, data).duration_ms == 12_000
    data = mail(_OGG, _MP3).replace(
        b"Content-Type: audio/mpeg", b"Content-Duration: 33\nContent-Type: audio/mpeg"
    )
    assert [claim.duration_ms for claim in _claims(tmp_path, data)] == [None, 33_000]


@pytest.mark.parametrize("own", ["<x@y>", "x@y", " <x@y> "])
def test_a_message_is_known_by_its_id(tmp_path: Path, own: str) -> None:
    """Wherever the mail lies, in a file or in a mailbox."""
    data = mail(_OGG, _MP3, Message_ID=own)
    for name, each in (("a.eml", data), ("a.mbox", mailbox(mail(), data))):
        keys = [claim.key for claim in _claims(tmp_path, each, name)]
        assert keys == ["x@y#2", "x@y#3"]


def test_a_mail_without_an_id_is_known_by_its_fields(tmp_path: Path) -> None:
    """Two mails are two, the same mail in another place is the same."""
    one, other = mail(_OGG), mail(_OGG, subject="Else")
    keys = [
        claim.key for claim in _claims(tmp_path, mailbox(one, other, one), "a.mbox")
    ]
    assert keys[0] == keys[2] != keys[1]
    assert _only(tmp_path, one).key == keys[0]
    assert len(_only(tmp_path, mail(_OGG, Message_ID=f"<{'x' * 900}@y>")).key) < 99


def test_mails_without_any_field_are_apart(tmp_path: Path) -> None:
    """By their place, for want of anything else."""
    bare = b"Content-Type: audio/ogg\n\nOggS\n"
    keys = [claim.key for claim in _claims(tmp_path, mailbox(bare, bare), "a.mbox")]
    assert len(set(keys)) == 2


def test_the_text_is_the_begin_of_the_plain_body(tmp_path: Path) -> None:
    """At most 2,000 characters; without the marks of the mailbox."""
    assert len(_only(tmp_path, mail(_OGG, text="ä" * 9_000)).text) == 2_000
    data = mailbox(mail(_OGG, text="a\nFrom here\n>From there"))
    assert _only(tmp_path, data, "a.mbox").text == "a\nFrom here\n>From there"
    latin = mail(_OGG, text="x").replace(b'charset="utf-8"', b'charset="latin-1"')
    latin = latin.replace(b"\n\nx\n", b"\n\nGr\xfc\xdfe\r\n")
    assert _only(tmp_path, latin).text == "Grüße"
    odd = latin.replace(b"latin-1", b"nonsense")
    assert _only(tmp_path, odd).text == "Grüße"


def test_mails_that_cannot_be_taken_apart_are_counted(tmp_path: Path) -> None:
    """The others are told."""
    bad = b"From: a@b\nContent-Type: audio/ogg" + b";" * 9_000 + b"\n\nx\n"
    told = _told(tmp_path, mailbox(bad, mail(_OGG), bad), "a.mbox")
    (claim, remark) = told
    assert isinstance(claim, Claim)
    assert isinstance(remark, Remark)
    assert (remark.code, remark.text) == (
        "left_out",
        "2 mails could not be taken apart",
    )


@pytest.mark.parametrize("name", ["a.eml", "a.mbox"])
def test_a_mail_that_is_cut_off_is_told_so_far(tmp_path: Path, name: str) -> None:
    """Then the document is partial."""
    data = mail(("audio/ogg", "a.ogg", b"OggS" * 900))
    data = mailbox(mail(_OGG), data) if name == "a.mbox" else data
    told = Mail().read(_document(tmp_path, data[:-900], name), Options())
    claims: list[Told] = []
    with pytest.raises(PartialError, match=f"{name}: the last mail is cut off"):
        claims.extend(each for each in told if each is not None)
    assert len(claims) == (2 if name == "a.mbox" else 1)
    assert len(_claims(tmp_path, data, name)) == len(claims)


@pytest.mark.parametrize(
    ("name", "data", "score", "label"),
    [
        ("a.eml", mail(_OGG), 80, ""),
        ("a.eml", mail(), None, ""),
        ("a.eml", mail(("image/png", "x.png", bytes(90_000))), 80, ""),
        ("a.eml", b"hello\n", None, ""),
        ("a.eml", b"", None, ""),
        ("Work.mbox", mailbox(mail()), 80, "Work"),
        ("Work.mbox", b"hello\n", None, ""),
        ("Work.mbox", b"", None, ""),
        ("Work.mbox/mbox", mailbox(mail()), 80, "Work"),
        ("cur/1723728393.M1P1.host:2,S", mail(_OGG), 80, ""),
    ],
)
def test_mail_is_recognised_by_its_begin(
    tmp_path: Path, name: str, data: bytes, score: int | None, label: str
) -> None:
    """A short mail without sound tells nothing, so it is no document."""
    document = _document(tmp_path, data, name)
    format_ = Mail()
    assert format_.kind is DocumentKind.MAIL
    assert format_.fits(document.folder.path, document.name)
    found = format_.recognise(document)
    assert (found and found.score) == score
    if found is not None:
        assert found.label == label
        assert found.reasons


def test_memory_does_not_grow_with_the_mailbox(tmp_path: Path) -> None:
    """One mail at a time; where nothing is found the caller gets a turn."""
    import tracemalloc

    plain = mail(("image/png", "x.png", os.urandom(300_000)))
    document = _document(tmp_path, mailbox(*[plain] * 60, mail(_OGG)), "a.mbox")
    tracemalloc.start()
    try:
        told = list(Mail().read(document, Options()))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert told.count(None) > 20
    assert len(told) - told.count(None) == 1
    assert peak < 8_000_000


def test_both_know_the_same_files() -> None:
    """What is a document of mail is an archive of mail."""
    assert archive.MailFormat().fits(b"/x/cur", b"1723728393.M1P1.host")
    assert Mail().fits(b"/x/cur", b"1723728393.M1P1.host")
    assert not Mail().fits(b"/x/cur", b"a.txt")


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("Sent.mbox", Direction.SENT),
        ("Sent Messages.mbox/mbox", Direction.SENT),
        ("Gesendet.mbox", Direction.SENT),
        ("INBOX.mbox", Direction.RECEIVED),
        ("INBOX.mbox/mbox", Direction.RECEIVED),
        ("Project.mbox", Direction.UNKNOWN),
    ],
)
def test_mailboxes_tell_the_way(
    tmp_path: Path, name: str, direction: Direction
) -> None:
    """What lies in the box for sent mail is the owner's."""
    claim = _only(tmp_path, mailbox(mail(_OGG)), name)
    assert claim.direction is direction
    assert claim.sender is not None
    assert claim.sender.is_me is (direction is Direction.SENT)
    assert (claim.sender_confidence < 1) is (direction is not Direction.UNKNOWN)


@pytest.mark.parametrize(
    ("folder", "direction"),
    [
        ("Maildir/.Sent/cur", Direction.SENT),
        ("Maildir/.Lists.Sent Items/new", Direction.SENT),
        ("Inbox/cur", Direction.RECEIVED),
        ("Maildir/cur", Direction.UNKNOWN),
        ("Sent", Direction.UNKNOWN),
    ],
)
def test_folders_of_a_maildir_tell_the_way(
    tmp_path: Path, folder: str, direction: Direction
) -> None:
    """A folder of single mails is a mailbox only where a Maildir is."""
    assert _only(tmp_path, mail(_OGG), f"{folder}/1.eml").direction is direction


@pytest.mark.parametrize(
    ("labels", "direction"),
    [
        ("Sent,Opened", Direction.SENT),
        ("Inbox,Important", Direction.RECEIVED),
        ("Archived", Direction.UNKNOWN),
    ],
)
def test_labels_tell_the_way(tmp_path: Path, labels: str, direction: Direction) -> None:
    """Gmail keeps all mails in one box, and their folders in a field."""
    data = mailbox(mail(_OGG, X_Gmail_Labels=labels))
    assert _only(tmp_path, data, "All mail.mbox").direction is direction


def test_a_copy_for_oneself_comes_in_too(tmp_path: Path) -> None:
    """Who wrote to themselves and others may be the owner."""
    data = mailbox(mail(_OGG, Cc="ana@example.org"))
    assert _only(tmp_path, data, "INBOX.mbox").direction is Direction.UNKNOWN


def test_a_sent_mail_without_a_subject(tmp_path: Path) -> None:
    """It belongs to the chat with whom it was sent to."""
    claim = _only(tmp_path, mailbox(mail(_OGG, subject="")), "Sent.mbox")
    assert claim.chat is not None
    assert claim.chat.native_id == "mail:mailto:ben@example.org"
    assert (claim.chat.kind, claim.chat.title) == (ChatKind.DIRECT, "Ben")
