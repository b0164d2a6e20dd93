"""Drafts of mails: what is in them, how they are split, and that no text has power."""

from __future__ import annotations

import email
import email.policy
import io
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.child import ROOT
from tests.support.exported import SENT_MS, note_of, told_note
from tests.support.notes import amr_note, hostile_texts, opus_note
from tests.support.program import wait_until
from tui.errors import DataError, UsageError
from tui.export import Format, MailRequest, Options, Outcome, Steering, job_of
from tui.export._letter import Attachment, Envelope, Letter, encoded_size, mime_of
from tui.export._mail import MailJob
from tui.export._names import safe
from tui.export._originals import read_through
from tui.export._texts import one_line
from tui.mailing import MailServer, parse_mailbox
from tui.model import Direction, Precision

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import EmailMessage

    from tui.export import Result
    from tui.export._originals import Summed
    from tui.model import Note


@dataclass
class Place:
    """A source with notes, and a folder for drafts."""

    source: Path
    target: Path
    notes: list[Note] = field(default_factory=list)

    def note(self, name: str, data: bytes, **facts: Any) -> bytes:  # noqa: ANN401  # fields of a row
        """Add a note."""
        path = self.source / name
        path.write_bytes(data)
        transcript = facts.pop("transcript", "")
        self.notes.append(note_of(path, transcript=transcript, **facts))
        return data

    def job(self, **facts: Any) -> MailJob:  # noqa: ANN401  # fields of a request
        """Begin a run."""
        to = facts.pop("recipients", ("ana@example.org",))
        request = MailRequest(self.target, to, **facts)
        job = job_of(request, [os.fsencode(self.source)])
        assert isinstance(job, MailJob)
        return job

    def write(self, steering: Steering | None = None, **facts: Any) -> list[Result]:  # noqa: ANN401  # the same
        """Write drafts."""
        notes = iter(self.notes)
        job = self.job(**facts)
        return list(job.run(notes, len(self.notes), steering or Steering()))

    def drafts(self) -> list[EmailMessage]:
        """Read what is there, as mail programs do."""
        return [read(path.read_bytes()) for path in sorted(self.target.iterdir())]


def read(content: bytes) -> EmailMessage:
    """Read a mail; it must be in good order."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    for part in message.walk():
        assert part.defects == []
    return message


def body_of(message: EmailMessage) -> str:
    """Give the text of a mail."""
    body = message.get_body()
    assert body is not None
    text: str = body.get_content()
    return text.replace("\r\n", "\n")


def outcomes(results: list[Result]) -> list[str]:
    """What became of mails and notes."""
    return [each.outcome.value for each in results]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty source, and a folder that is not there yet."""
    (tmp_path / "source").mkdir()
    return Place(tmp_path / "source", tmp_path / "deep" / "drafts")


def test_a_draft_tells_who_and_when(place: Place) -> None:
    """And has the very bytes; a second run finds it there."""
    data = place.note(
        "a.opus",
        bytes(range(256)) * 999,
        sender="Zo\u00eb",
        title="Flour",
        duration_ms=42_000,
        transcript="so the recipe\nis simple",
    )
    place.note(
        "b.amr",
        b"amr",
        sender=None,
        direction=Direction.SENT,
        sent_ms=SENT_MS + 86_400_000,
        precision=Precision.MTIME,
        duration_ms=5_000,
    )
    place.note("c", b"c", chat_title="Bob", sender="Bob", precision=Precision.DAY)
    (result,) = place.write(text="Look:")
    assert (result.outcome, result.notes) == (Outcome.SAVED, 3)
    name = "Voice notes from 2 chats, 2024-08-15 to 2024-08-16.eml"
    assert result.target == place.target / name
    assert result.size == result.target.stat().st_size
    assert result.target.stat().st_mtime_ns == SENT_MS * 1_000_000
    (draft,) = place.drafts()
    headers = {name: str(value) for name, value in draft.items()}
    assert set(headers) == {
        *("Subject", "To", "X-Unsent", "X-Earmark-Id", "MIME-Version", "Content-Type")
    }
    assert headers["X-Unsent"] == "1"
    assert headers["Subject"] == name.removesuffix(".eml")
    parts = list(draft.iter_attachments())
    assert [(part.get_content_type(), part.get_filename()) for part in parts] == [
        ("audio/ogg", "2024-08-15 18-42-01 Family Zo\u00eb.opus"),
        ("audio/amr", "2024-08-16 18-42-01 Family me.amr"),
        ("application/octet-stream", "2024-08-15 Bob"),
    ]
    assert [part.get_content() for part in parts] == [data, b"amr", b"c"]
    assert body_of(draft) == (
        "Look:\n\n3 voice notes, 0:47\n\n"
        "1. 2024-08-15 18:42:01, Zo\u00eb in Family, 0:42\n   Flour\n"
        "   2024-08-15 18-42-01 Family Zo\u00eb.opus\n"
        "   | so the recipe\n   | is simple\n\n"
        "2. 2024-08-16 18:42:01 (time of the file), me in Family, 0:05\n"
        "   2024-08-16 18-42-01 Family me.amr\n\n"
        "3. 2024-08-15, Bob\n   2024-08-15 Bob\n"
    )
    before = result.target.stat()
    assert outcomes(place.write(text="Look:")) == ["there"]
    assert result.target.stat() == before


def test_nothing_is_written_over(place: Place) -> None:
    """Neither something else, nor half of a draft, nor one for somebody else."""
    place.note("a.opus", b"a")
    (first,) = place.write(recipients=())
    assert read(first.target.read_bytes())["To"] is None
    (second,) = place.write()
    assert second.target.name == "Voice note from Family, 2024-08-15 (2).eml"
    content = second.target.read_bytes()
    second.target.write_bytes(content[:-3])
    (place.target / second.target.name.replace("2)", "3)")).symlink_to("nowhere")
    (place.target / second.target.name.replace("2)", "4)")).mkdir()
    (third,) = place.write()
    assert third.target.name.endswith("(5).eml")
    assert third.target.read_bytes() == content
    assert outcomes(place.write()) == ["there"]


def test_a_name_that_is_taken_meanwhile_stays_taken(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By somebody else, or by another run of the same."""
    place.note("a.opus", b"a")
    real = os.link

    def link(source: Path, target: Path) -> None:
        if not target.exists():
            target.write_bytes(b"" if "(" not in target.name else source.read_bytes())
        real(source, target)

    monkeypatch.setattr(os, "link", link)
    assert outcomes(place.write()) == ["there"]
    assert len(list(place.target.iterdir())) == 2


def test_mails_are_split_by_what_is_sent(place: Place) -> None:
    """None is larger than said, each note is in one, and the last is called so."""
    sizes = [30_000, 30_000, 30_000, 60_000, 90_000, 100, 100, 65_000]
    sounds = [
        place.note(f"{n}.opus", bytes([n]) * size, transcript="word " * 50 * n)
        for n, size in enumerate(sizes)
    ]
    place.notes.insert(2, told_note())
    results = place.write(most_bytes=100_000, text="x" * 1_000)
    failed = [each for each in results if each.outcome is Outcome.FAILED]
    assert [each.problem for each in failed] == [
        f"{'ab' * 16}: its file was never here",
        f"{place.source}/4.opus: takes 0.1 MB in a mail, which may have 0.1",
    ]
    drafts = place.drafts()
    ends = ["(part 1)", "(part 2)", "(part 3)", "(part 4, the last)"]
    assert [draft["Subject"].partition("15 ")[2] for draft in drafts] == ends
    found = [[part.get_content() for part in d.iter_attachments()] for d in drafts]
    sounds.pop(4)
    assert found == [sounds[:2], sounds[2:3], sounds[3:6], sounds[6:]]
    written = [path.stat().st_size for path in place.target.iterdir()]
    assert max(written) <= 100_000
    assert (
        outcomes(place.write(most_bytes=100_000, text="x" * 1_000)).count("there") == 4
    )


@settings(max_examples=30)
@given(
    st.lists(st.integers(0, 9_000), min_size=1, max_size=5),
    st.text(max_size=300),
    st.text(max_size=300),
)
def test_no_mail_is_larger_than_was_reckoned(
    sizes: list[int], text: str, transcript: str
) -> None:
    """Whatever is in it; its size is known ahead to the byte."""
    boxes = tuple(parse_mailbox(f"{'n' * n} <a{n}@example.org>") for n in range(9))
    spool = io.BytesIO(b"s" * sum(sizes))
    letter = Letter(Envelope(boxes[0], boxes, text, text), spool, 1)
    for size in sizes:
        note = told_note(title=text)._replace(transcript=transcript)
        letter.add(Attachment(note, f"{safe(text)}.opus", size, ""))
    written = letter.message(is_last=False, more=[("X-Unsent", "1")])
    content = b"".join(written.blocks())
    assert written.size == len(content) <= letter.room
    assert max(map(len, content.split(b"\r\n"))) < 998
    assert encoded_size(0) == 0


HOSTILE = st.one_of(
    st.text(),
    st.sampled_from(hostile_texts()),
    st.lists(
        st.sampled_from(
            [
                *(
                    "\r\n",
                    "\n",
                    "\r",
                    "\0",
                    "\x0b",
                    "\x85",
                    "\u2028",
                    "\ud800",
                    "\udcff",
                ),
                *("Bcc: eve@evil.example", "\r\n\r\n", "=?utf-8?q?=0D=0ABcc:_x?="),
                *("=?utf-8?b?DQpCY2M6IGE=?=", "; filename=x", '"', "\\", "<", "@", "."),
                *(
                    "--=_earmark-",
                    "a" * 90,
                    "\u00e9" * 90,
                    " ",
                    ",",
                    ":",
                    "\u202e",
                    "'",
                ),
            ]
        ),
        max_size=8,
    ).map("".join),
)


@settings(max_examples=30)
@given(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
def test_no_text_adds_a_header_or_a_part(
    subject: str, text: str, chat: str, title: str
) -> None:
    """Whatever stands in a chat's title, a name, a transcript or the options."""
    note = told_note(chat_title=chat, sender=title, title=title)
    note = note._replace(transcript=text)
    name = safe(title, ".opus")
    sender = parse_mailbox("Me <me@example.org>")
    box = parse_mailbox("ana@example.org")
    for said in (subject, ""):
        letter = Letter(Envelope(sender, (box,), said, text), io.BytesIO(b"abc"), 1)
        letter.add(Attachment(note, name, 3, ""))
        written = letter.message(is_last=True, more=[("X-Unsent", "1")])
        content = b"".join(written.blocks())
        assert content.count(b"\n") == content.count(b"\r") == content.count(b"\r\n")
        message = read(content)
        assert [key.lower() for key in message] == [
            *("subject", "from", "to", "x-unsent", "x-earmark-id", "mime-version"),
            "content-type",
        ]
        assert (message["From"], message["To"]) == (
            "Me <me@example.org>",
            "ana@example.org",
        )
        assert "\n" not in message["Subject"]
        wanted = letter.subject(is_last=True)
        assert " ".join(message["Subject"].split()) == " ".join(wanted.split())
        if said and one_line(said):
            assert wanted == one_line(said).replace("=?", "= ?")[:200].strip()
        (part,) = message.iter_attachments()
        assert (part.get_content(), part.get_filename()) == (b"abc", name)
        assert list(part.keys()) == [
            *("Content-Type", "Content-Transfer-Encoding", "Content-Disposition")
        ]
        assert len(list(message.iter_parts())) == 2
        assert body_of(message) == letter.text


@settings(max_examples=30)
@given(HOSTILE)
def test_no_address_is_more_than_one(text: str) -> None:
    """It is refused, or it is one, for one person."""
    for said in (text, f"{text}@example.org", f"{text} <ana@example.org>"):
        try:
            box = parse_mailbox(said)
        except UsageError:
            continue
        letter = Letter(Envelope(box, (box,)), io.BytesIO(b""), 1)
        letter.add(Attachment(told_note(), "x.opus", 0, ""))
        message = read(b"".join(letter.message(is_last=True).blocks()))
        for header in (message["From"], message["To"]):
            (address,) = header.addresses
            name = address.username.encode(errors="surrogateescape").decode()
            assert (name, address.domain) == (box.local, box.domain)


def test_sounds_are_converted(place: Place) -> None:
    """To what the receiver can play; what is there is known though bytes differ."""
    place.note("a.opus", opus_note(1))
    place.note("b.amr", amr_note(1.0))
    place.note("bad.amr", b"no sound")
    options = Options(format=Format.MP3, template="{chat}/{n}")
    results = place.write(options=options)
    assert outcomes(results) == ["failed", "saved"]
    assert results[0].problem.startswith(f"{place.source}/bad.amr: ")
    (draft,) = place.drafts()
    parts = list(draft.iter_attachments())
    assert [part.get_filename() for part in parts] == [
        "Family 0001.mp3",
        "Family 0002.mp3",
    ]
    assert {part.get_content_type() for part in parts} == {"audio/mpeg"}
    assert all(part.get_content()[:3] == b"ID3" for part in parts)
    assert outcomes(place.write(options=options)) == ["failed", "there"]
    assert mime_of("x.M4B") == "audio/mp4"


def test_a_preview_tells_the_same_mails(place: Place) -> None:
    """Without writing any."""
    for n in range(3):
        place.note(f"{n}.opus", bytes([n]) * 30_000)
    place.notes.append(told_note())
    told = list(place.job(most_bytes=60_000).preview(place.notes, 4))
    assert not place.target.exists()
    made = place.write(most_bytes=60_000)
    assert [each.target for each in told] == [each.target for each in made]
    size = {each.size for each in told}
    assert max(size) - max(each.size for each in made) < 100
    request = MailRequest(
        None,
        ("ana@example.org",),
        server=MailServer("mail.example.org", sender="me@example.org"),
    )
    (_, sent) = MailJob(request, []).preview(place.notes[2:], 2)
    assert sent.target == Path("Voice note from Family, 2024-08-15.eml")


def test_a_source_is_never_written_into(place: Place) -> None:
    """Not even for a moment."""
    place.note("a.opus", b"a")
    place.target = place.source / "drafts"
    with pytest.raises(DataError, match="lies in the source"):
        place.write()
    assert [path.name for path in place.source.iterdir()] == ["a.opus"]


@pytest.mark.parametrize("where", ["spool", "draft"])
def test_a_disk_that_takes_nothing_ends_it(
    place: Place, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """With one sentence, and nothing half-written."""
    place.note("a.opus", b"a" * 3_000_000)
    module = {"spool": "tempfile.TemporaryFile", "draft": "os.write"}[where]

    def full(*_args: object, **_more: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, full)
    with pytest.raises(DataError, match="no space left on device"):
        place.write()
    assert list(place.target.iterdir()) == []


def test_what_a_full_disk_did_not_take_is_let_go(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a buffer still has it at the end: there is one sentence."""
    place.note("a.opus", b"a")
    place.note("b.opus", b"b")
    full = Path("/dev/full")
    monkeypatch.setattr("tempfile.TemporaryFile", lambda **_more: full.open("r+b"))
    with pytest.raises(DataError, match="drafts: no space left on device"):
        place.write()
    assert list(place.target.iterdir()) == []


def test_a_note_that_takes_too_much_room_leaves_the_others_whole(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was begun of it is taken away: each sound lies where it is told to be."""
    wanted = [place.note(f"{n}.opus", bytes([n]) * 90_000) for n in range(3)]

    def through(source: bytes, use: Callable[[bytes], None]) -> Summed:
        if source.endswith(b"1.opus"):
            use(b"half of it")
            raise OSError(27, "File too large")
        return read_through(source, use)

    monkeypatch.setattr("tui.export._mail.read_through", through)
    assert outcomes(place.write()) == ["failed", "saved"]
    (draft,) = place.drafts()
    parts = [part.get_content() for part in draft.iter_attachments()]
    assert parts == [wanted[0], wanted[2]]


def test_it_ends_between_two_notes(place: Place) -> None:
    """What is not full by then is not written."""
    for n in range(3):
        place.note(f"{n}.opus", bytes([n]) * 30_000)
    seen: list[object] = []
    stopping = Steering(seen.append, lambda: len(seen) == 5)
    assert outcomes(place.write(stopping, most_bytes=60_000)) == ["saved"]
    assert outcomes(place.write(most_bytes=60_000)) == ["there", "saved", "saved"]


KILLED = """
import os, sys
from pathlib import Path
from tests.support.exported import note_of
from tui.export import MailRequest, Steering, job_of
source, target = map(Path, sys.argv[1:])
real, count = os.fsync, 0
def sync(fd):
    global count
    count += 1
    if count == 2:
        print("writing", flush=True)
        sys.stdin.read()
    real(fd)
os.fsync = sync
notes = [note_of(source / f"{n}.opus") for n in range(3)]
request = MailRequest(target, ("ana@example.org",), most_bytes=60_000)
list(job_of(request, [os.fsencode(source)]).run(iter(notes), 3, Steering()))
"""


def test_a_run_that_is_killed_is_resumed(place: Place) -> None:
    """Drafts that are there stay, and nothing else is left."""
    for n in range(3):
        place.note(f"{n}.opus", bytes([n]) * 30_000)
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(place.source), str(place.target)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"writing\n"
        child.send_signal(signal.SIGKILL)
    wait_until(lambda: child.poll() is not None)
    assert len(list(place.target.iterdir())) == 2
    assert outcomes(place.write(most_bytes=60_000)) == ["there", "saved", "saved"]
    assert {path.suffix for path in place.target.iterdir()} == {".eml"}
