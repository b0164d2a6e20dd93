"""Mail as an archive: what is enclosed, whatever the mail looks like."""

from __future__ import annotations

import base64
import contextlib
import io
import os
import random
import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.mails import mail, mailbox, raw_mail
from tui.archives import FolderView, _mbox, _mime, index_of, open_file
from tui.archives import _mail as module
from tui.archives._mail import MailFormat, is_mailbox, sound_mails
from tui.archives._mime_names import decoded
from tui.errors import DocumentError, PartialError

if TYPE_CHECKING:
    from pathlib import Path

_OGG = b"OggS" + random.Random(2).randbytes(3_000)
_M4A = b"\0\0\0\x20ftypM4A " + random.Random(3).randbytes(900)


@pytest.fixture(autouse=True)
def unknown() -> None:
    """Forget which recordings a file has."""
    module._listed.cache_clear()


def _written(folder: Path, data: bytes, name: str = "a.eml") -> bytes:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return os.fsencode(path)


def _members(folder: Path, data: bytes, name: str = "a.eml") -> dict[bytes, bytes]:
    path = _written(folder, data, name)
    with contextlib.closing(MailFormat().open(path, ())) as archive:
        found = {}
        for member in archive.members():
            with archive.open(member.path) as file:
                found[member.path] = file.read()
            assert member.size == len(found[member.path])
        return found


@pytest.mark.parametrize(
    ("folder", "name", "fits"),
    [
        (b"/x", b"a.eml", True),
        (b"/x", b"A.EML", True),
        (b"/x", b"All mail.mbox", True),
        (b"/x/Inbox.mbox", b"mbox", True),
        (b"/x/Inbox", b"mbox", False),
        (b"/x", b"a.eml.part", False),
        (b"/M/cur", b"1723728393.M1P1.host:2,S", True),
        (b"/M/cur", b"1723728393.M1P1.host!2,S", True),
        (b"/M/cur", b"1723728393.M1P1.host;2,", True),
        (b"/M/new", b"1723728393.M1P1.host", True),
        (b"/M/new", b"1723728393.V801I2M5.mx.example.org,S=1234,W=1300:2,RSa", True),
        (b"/M/cur", b"1723728393_0.4711.host,U=7,FMD5=0a:2,S", True),
        (b"/M/cur", b"1723728393.27c448", True),
        (b"/M/tmp", b"1723728393.M1P1.host", False),
        (b"/M/old", b"1723728393.M1P1.host:2,S", False),
        (b"/M/new", b"1723728393.Ana.opus", False),
        (b"/M/new", b"1723728393.opus", False),
        (b"/M/new", b"note.txt", False),
        (b"/M/cur", b"dovecot-uidlist", False),
    ],
)
def test_mail_is_known_by_place_and_name(
    folder: bytes, name: bytes, fits: bool
) -> None:
    """Also the files of a Maildir, but no recording that lies in a folder `new`."""
    assert MailFormat().fits(folder, name) is fits


def test_the_recordings_of_a_mail_are_its_members(tmp_path: Path) -> None:
    """By type or by name, numbered like the parts; all else is left out."""
    data = mail(
        ("image/png", "x.png", b"1"),
        ("audio/ogg", "PTT-20240815-WA0003.opus", _OGG),
        ("application/octet-stream", "memo.M4A", _M4A),
        ("audio/midi", "song.mid", b"MThd"),
        ("application/pdf", "opus.pdf", b"%PDF"),
        ("audio/amr", "", b"#!AMR\n12"),
    )
    assert _members(tmp_path, data) == {
        b"3-PTT-20240815-WA0003.opus": _OGG,
        b"4-memo.M4A": _M4A,
        b"7-audio.amr": b"#!AMR\n12",
    }


def test_a_mail_may_be_nothing_but_sound(tmp_path: Path) -> None:
    """Without parts, as some answering machines send it."""
    data = (
        b'From: a@b\r\nContent-Type: audio/wav; name="msg.wav"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(b"RIFF1234")
    )
    assert _members(tmp_path, data) == {b"1-msg.wav": b"RIFF1234"}


def test_mail_in_mail_is_opened_too(tmp_path: Path) -> None:
    """What was forwarded as an attachment holds the recording."""
    inner = mail(("audio/ogg", "a.opus", _OGG)).replace(b'boundary="=', b'boundary="=x')
    inner = inner.replace(b"\n--=", b"\n--=x")
    data = (
        b"From: a@b\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=o\n\n"
        b"--o\nContent-Type: text/plain\n\nsee\n"
        b"--o\nContent-Type: message/rfc822\n\n" + inner + b"\n--o--\n"
    )
    assert _members(tmp_path, data) == {b"3-a.opus": _OGG}


@pytest.mark.parametrize(
    ("field", "name"),
    [
        (b'name="a.opus"', "2-a.opus"),
        (b"name=a.opus", "2-a.opus"),
        ('name="Grüße.opus"'.encode(), "2-Grüße.opus"),
        ('name="Grüße.opus"'.encode("latin-1"), "2-Grüße.opus"),
        (b'name="=?utf-8?Q?Gr=C3=BC=C3=9Fe=2Eopus?="', "2-Grüße.opus"),
        (b'name="=?UTF-8?B?R3LDvMOfZS5vcHVz?="', "2-Grüße.opus"),
        (b"name*=utf-8''Gr%C3%BC%C3%9Fe%2Eopus", "2-Grüße.opus"),
        (b"name*0*=utf-8''Gr%C3%BC;\n name*1*=%C3%9Fe.o;\n name*2=pus", "2-Grüße.opus"),
        (b'name="../../etc/a.opus"', "2-a.opus"),
        (b'name="C:\\\\x\\\\a.opus"', "2-a.opus"),
        (b'name="a\0\x1b[31m.opus"', "2-a[31m.opus"),
        (b'name="..opus"', "2-opus.opus"),
        (b'name=".."', "2-audio.opus"),
        (b'name="a.dat"', "2-a.dat.opus"),
        (b'name="memo 3. May"', "2-memo 3. May.opus"),
        (b'name="' + b"x" * 400 + b'.opus"', "2-" + "x" * 180 + ".opus"),
        (b'name="' + "é".encode() * 400 + b'.ogg"', "2-" + "é" * 90 + ".ogg"),
        (b"", "2-audio.opus"),
        (b'name="', "2-audio.opus"),
        (b"name*=nonsense'x'%ZZ%FF.opus", None),
    ],
)
def test_names_are_fit_for_a_file(
    tmp_path: Path, field: bytes, name: str | None
) -> None:
    """In whatever way they are encoded, they have a suffix and no folders."""
    part = b"Content-Type: audio/opus; " + field
    data = raw_mail(
        b"From: a@b", part=b"Content-Type: text/plain\n\nhi\n--b\n" + part, data=_OGG
    )
    members = _members(tmp_path, data)
    assert list(members.values()) == [_OGG]
    (found,) = members
    assert b"/" not in found
    assert unicodedata.is_normalized("NFC", found.decode())
    if name is not None:
        assert found.decode() == name


@pytest.mark.parametrize(
    ("kind", "data", "suffix"),
    [
        ("audio/ogg", b"1", "ogg"),
        ("audio/ogg; codecs=opus", b"1", "ogg"),
        ("audio/mp4", b"1", "m4a"),
        ("audio/x-m4a", b"1", "m4a"),
        ("audio/mpeg", b"1", "mp3"),
        ("audio/AMR", b"1", "amr"),
        ("audio/amr-wb", b"1", "awb"),
        ("audio/wav", b"1", "wav"),
        ("audio/x-wav", b"1", "wav"),
        ("audio/x-caf", b"1", "caf"),
        ("audio/3gpp", b"1", "3gp"),
        ("audio/aac", b"1", "aac"),
        ("audio/webm", b"1", "weba"),
        ("application/ogg", b"OggS", "ogg"),
        ("audio/x-unknown", b"OggS", "ogg"),
        ("audio/x-unknown", b"RIFF", "wav"),
        ("audio/x-unknown", _M4A, "m4a"),
        ("audio/x-unknown", b"1", "audio"),
    ],
)
def test_a_suffix_is_found_for_what_has_none(
    tmp_path: Path, kind: str, data: bytes, suffix: str
) -> None:
    """By the type, else by the first bytes."""
    raw = raw_mail(b"From: a@b", part=b"Content-Type: " + kind.encode(), data=data)
    assert list(_members(tmp_path, raw)) == [f"1-audio.{suffix}".encode()]


@pytest.mark.parametrize(
    ("kind", "name", "data", "is_member"),
    [
        ("video/mp4", "a.mp4", _M4A, False),
        ("video/mp4", "a.m4a", _M4A, True),
        ("application/octet-stream", "a.mp4", _M4A, True),
        (
            "application/octet-stream",
            "a.mp4",
            _M4A + b"hdlr\0\0\0\0\0\0\0\0vide",
            False,
        ),
        ("application/octet-stream", "a.webm", b"\x1aE\xdf\xa3A_OPUS", True),
        ("application/octet-stream", "a.webm", b"\x1aE\xdf\xa3V_VP8", False),
        ("application/octet-stream", "a.mpg", b"1", False),
        ("audio/mp4", "a.mp4", _M4A, True),
        ("audio/x-mpegurl", "a.m3u", b"1", False),
    ],
)
def test_films_are_no_recordings(
    tmp_path: Path, kind: str, name: str, data: bytes, is_member: bool
) -> None:
    """Of a suffix that both have, the type or the bytes tell which it is."""
    assert bool(_members(tmp_path, mail((kind, name, data)))) is is_member


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        (b"base64", base64.encodebytes(_OGG)),
        (b"BASE64 ", base64.encodebytes(_OGG)),
        (b'"base64" (by us)', base64.encodebytes(_OGG)),
        (b"base64", base64.b64encode(_OGG)),
        (b"base64", base64.b64encode(_OGG).rstrip(b"=")),
        (b"base64", base64.encodebytes(_OGG).replace(b"\n", b" !\r\n\t")),
        (b"base64", base64.encodebytes(_OGG[:-2] + b"12") + b"-- \nlist footer\n"),
        (b"binary", _OGG),
    ],
)
def test_bytes_are_decoded_as_far_as_they_can_be(
    tmp_path: Path, encoding: bytes, body: bytes
) -> None:
    """Also where the rules of base64 are broken."""
    raw = (
        b"From: a@b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
        b"Content-Type: audio/ogg\nContent-Transfer-Encoding: "
        + encoding
        + b"\n\n"
        + body
        + b"\n--b--\n"
    )
    (found,) = _members(tmp_path, raw).values()
    assert found[:2_900] == _OGG[:2_900]


def test_equal_names_in_one_mail_stay_apart(tmp_path: Path) -> None:
    """In a mailbox, where the number is that of the mail."""
    twice = mail(("audio/ogg", "a.ogg", b"1"), ("audio/ogg", "a.ogg", b"2"))
    assert _members(tmp_path, twice) == {b"2-a.ogg": b"1", b"3-a.ogg": b"2"}
    boxed = mailbox(mail(), twice, mail(("audio/ogg", "a.ogg", b"3")))
    assert _members(tmp_path, boxed, "a.mbox") == {
        b"2-a.ogg": b"1",
        b"2.3-a.ogg": b"2",
        b"3-a.ogg": b"3",
    }


_ONE = mail(("audio/ogg", "a.ogg", _OGG), text="x\n\nFrom here on\nand on\n")


@pytest.mark.parametrize(
    "line",
    [
        b"ana@example.org Thu Aug 15 11:26:33 2024",
        b"1807379432478@xxx Thu Aug 15 11:26:33 +0000 2024",
        b"- Thu Aug 15 11:26:33 2024",
        b"ana@example.org Thu, 15 Aug 2024 11:26:33 +0000",
        b"MAILER-DAEMON Thu Aug 15 11:26 2024",
        b"",
        b"-",
        b"ana@example.org",
    ],
)
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
@pytest.mark.parametrize("chunk", [50, 4096, 1 << 20])
def test_a_mailbox_is_split_at_its_lines(
    monkeypatch: pytest.MonkeyPatch, line: bytes, newline: bytes, chunk: int
) -> None:
    """Whoever wrote them, and wherever a block of the file ends."""
    monkeypatch.setattr(_mbox, "_CHUNK", chunk)
    data = mailbox(_ONE, mail(), _ONE, line=line).replace(b"\n", newline)
    spans = [span for span in _mbox.messages(io.BytesIO(data)) if span]
    assert [span.number for span in spans] == [1, 2, 3]
    assert [data[span.start : span.end] for span in spans] == [s.raw for s in spans]
    assert b"".join(span.raw for span in spans) == data
    assert all(span.raw.startswith(b"From ") for span in spans)


@pytest.mark.parametrize(
    "text",
    [
        b"x\nFrom here on, at 12:30 in 2024, all is well\n",
        b"x\n\nFrom the beginning\nSubject: is what matters\n",
        b"x\n\nFrom here\nit goes on\n",
        b"x\n>From ana@example.org Thu Aug 15 11:26:33 2024\nTo: x\n",
        b"x\nFrom: Ben\n",
    ],
)
def test_a_sentence_is_no_line_of_the_mailbox(text: bytes) -> None:
    """Programs that do not quote such lines are many."""
    one = b"From a@b Thu Aug 15 11:26:33 2024\nSubject: x\n\n" + text + b"\n"
    spans = [span for span in _mbox.messages(io.BytesIO(one * 2)) if span]
    assert [span.raw for span in spans] == [one, one]


def test_a_mailbox_may_begin_with_blank_lines() -> None:
    """They are no mail."""
    data = b"\xef\xbb\xbf\r\n\n" + mailbox(_ONE)
    spans = [span for span in _mbox.messages(io.BytesIO(data)) if span]
    assert [(span.number, span.raw) for span in spans] == [(1, mailbox(_ONE))]


def test_no_mail_is_too_large_for_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is larger than any server takes is passed over, the others are read."""
    monkeypatch.setattr(_mbox, "_CHUNK", 10_000)
    monkeypatch.setattr(_mbox, "MOST_BYTES", 30_000)
    huge = mail(("audio/ogg", "b.ogg", bytes(90_000)))
    data = mailbox(_ONE, huge, _ONE, huge)
    found = [each for each in sound_mails(io.BytesIO(data), is_box=True) if each]
    assert [each.number for each in found] == [1, 2, 3, 4]
    assert [each.mail is None for each in found] == [False, True, False, True]
    assert [data[e.start : e.start + 5] for e in found] == [b"From "] * 4
    assert found[-1].end == len(data)


@pytest.mark.parametrize("name", ["a.mbox", "Inbox.mbox/mbox"])
def test_the_recordings_of_a_mailbox_are_its_members(tmp_path: Path, name: str) -> None:
    """Numbered by the mails, with or without sound."""
    found = _members(tmp_path, mailbox(mail(), _ONE, mail(), _ONE), name)
    assert found == {b"2-a.ogg": _OGG, b"4-a.ogg": _OGG}


def test_a_mail_of_a_maildir_is_an_archive(tmp_path: Path) -> None:
    """It looks like a folder, and its members are opened by their paths."""
    path = _written(tmp_path, _ONE, "Mail/cur/1723728393.M1P1.host:2,S")
    assert FolderView(path + b"/").names() == [b"2-a.ogg"]
    with open_file(path + b"//2-a.ogg") as file:
        assert file.read() == _OGG
    with pytest.raises(FileNotFoundError):
        open_file(path + b"//3-a.ogg")


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        ("Thu, 15 Aug 2024 13:26:33 +0300", 1_723_717_593),
        ("15 Aug 2024 13:26:33 -0000", 1_723_721_193),
        ("nonsense", 1_723_721_193),
        ("", 1_723_721_193),
        ("Thu, 15 Aug 1924 13:26:33 +0000", 0),
    ],
)
def test_the_time_of_a_member_is_that_of_its_mail(
    tmp_path: Path, date: str, seconds: int
) -> None:
    """A clock without a zone is this machine's; the mailbox's own line is next best."""
    box = mailbox(
        mail(("audio/ogg", "a.ogg", b"1"), date="").replace(
            b"Subject", b"Date: " + date.encode() + b"\nSubject", 1
        ),
        line=b"a@b Thu Aug 15 13:26:33 2024",
    )
    (member,) = index_of(_written(tmp_path, box, "a.mbox")).files[b""]
    assert member.mtime_ns == seconds * 1_000_000_000


@pytest.mark.usefixtures("no_leak")
@pytest.mark.parametrize(
    ("name", "data", "error"),
    [
        ("a.eml", b"", PartialError),
        ("a.eml", bytes(900), PartialError),
        ("a.eml", b"hello\nworld\n", DocumentError),
        ("a.eml", b"\x89PNG\r\n\x1a\n" + bytes(50), DocumentError),
        ("a.mbox", b"SQLite format 3\0", DocumentError),
        ("a.mbox", bytes(900), PartialError),
    ],
)
def test_what_is_no_mail_is_refused(
    tmp_path: Path, name: str, data: bytes, error: type[DocumentError]
) -> None:
    """By its first lines; an empty file may become one."""
    with pytest.raises(DocumentError) as caught:
        MailFormat().open(_written(tmp_path, data, name), ())
    assert type(caught.value) is error


def test_an_empty_mailbox_is_whole(tmp_path: Path) -> None:
    """Nobody wrote yet."""
    assert _members(tmp_path, b"", "a.mbox") == {}


@pytest.mark.usefixtures("no_leak")
def test_a_mailbox_that_changed_under_us_is_an_error(tmp_path: Path) -> None:
    """No bytes of another recording are given out for the one that was asked for."""
    path = _written(tmp_path, mailbox(_ONE), "a.mbox")
    with contextlib.closing(MailFormat().open(path, ())) as archive:
        (member,) = archive.members()
        before = os.stat(path)
        data = mailbox(mail(("audio/ogg", "a.ogg", _OGG[:-100])))
        with open(path, "r+b") as file:
            file.write(data.ljust(before.st_size))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        with pytest.raises(OSError, match="changed"):
            archive.open(member.path)


@pytest.mark.parametrize(
    "field",
    [
        b"Content-Type: audio/ogg" + b";" * 9_000,
        b'Content-Type: audio/ogg; x="' + b";" * 9_000,
        b"\n--b\n".join([b"Content-Type: audio/ogg; y=" + b"x" * 8_000] * 200),
        b"\n--b\n".join([b"Content-Type: audio/ogg"] * 30_000),
    ],
)
def test_a_mail_that_would_take_hours_is_passed_over(
    tmp_path: Path, field: bytes
) -> None:
    """The standard library takes the square of the length of a field."""
    data = mailbox(raw_mail(b"From: a@b", part=field, data=_OGG), _ONE)
    assert list(_members(tmp_path, data, "a.mbox")) == [b"2-a.ogg"]


def test_parts_in_parts_without_end_are_survived(tmp_path: Path) -> None:
    """A thousand envelopes; the mail behind it is read."""
    nest = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n)
        for n in range(1_500)
    )
    data = mailbox(b"From: a@b\n" + nest + b"Content-Type: audio/ogg\n\nx\n", _ONE)
    assert b"2-a.ogg" in _members(tmp_path, data, "a.mbox")


@pytest.mark.parametrize(
    ("raw", "hint"),
    [
        (b"Subject: audio/ogg\n\naudio/ogg a.opus\n", False),
        (b"Content-Type: text/plain\n\n--\nContent-Type: x\n", False),
        (b"Content-Type: AUDIO/ogg\n\n1", True),
        (b"Content-Disposition: attachment;\n\tfilename=a.opus\n\n1", True),
        (
            b'A: b\r\n\r\n--x\r\ncontent-type: x/y;\r\n name="=?utf-8?B?YQ==?="\r\n',
            True,
        ),
        (b"A: b\n\n--x\nContent-Type: image/png; name=a.png\n", False),
        (b"A: b\r\rold\r", True),
    ],
)
def test_a_quick_look_spares_the_long_one(raw: bytes, hint: bool) -> None:
    """It only looks at the fields of parts, and is never wrong when it says no."""
    assert _mime.may_hold_sound(raw) is hint


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("plain", "plain"),
        ("a\r\n b", "a b"),
        (
            "=?utf-8?q?Gr=C3=BC=C3=9Fe?= an =?iso-8859-1?Q?M=FCller_Co?=",
            "Grüße an Müller Co",
        ),
        ("=?utf-8?B?a?= b", "=?utf-8?B?a?= b"),
        ("=?utf-8?q?=E2=9C?=\r\n =?utf-8?q?=93?=", "✓"),
        ("=?utf-8?q?a?= =?utf-8?q?_b?=", "a b"),
        ("=?nonsense?q?a=FC?=", "aü"),
        ("=?utf-8?q?a=FC?=", "aü"),
        ("=?utf-8*de?q?a?=", "a"),
        ("=?utf-7?q?+2AA-?=", "?"),
        ("=?hex?q?41?=", "41"),
        ("=?x", "=?x"),
    ],
)
def test_encoded_words_are_decoded(field: str, text: str) -> None:
    """Broken ones stay as they are."""
    assert decoded(field) == text


_WHOLE = mail(("audio/ogg", "Grüße.ogg", _OGG[:90]), ("audio/mp4", "b.m4a", _M4A[:50]))


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(st.integers(0, len(_WHOLE) - 1), st.binary(max_size=6)), max_size=8
    ),
    st.booleans(),
)
def test_no_mail_breaks_it(
    tmp_path_factory: pytest.TempPathFactory,
    changes: list[tuple[int, bytes]],
    is_box: bool,
) -> None:
    """Whatever is changed in it, its members can be listed and opened."""
    data = _WHOLE
    for at, new in changes:
        data = data[:at] + new + data[at + len(new) // 2 :]
    data = b"From: a@b\n" + data
    name = "a.mbox" if is_box else "a.eml"
    module._listed.cache_clear()
    with contextlib.suppress(DocumentError):
        boxed = mailbox(data) if is_box else data
        for path in _members(tmp_path_factory.getbasetemp(), boxed, name):
            assert b"/" not in path
            assert b"\0" not in path


def test_mailboxes_are_known_by_place_and_name() -> None:
    """Apple Mail has a folder around them."""
    assert is_mailbox(b"/x/Inbox.mbox", b"mbox")
    assert is_mailbox(b"/x", b"a.MBOX")
    assert not is_mailbox(b"/x", b"a.eml")
