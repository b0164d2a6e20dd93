"""Podcasts: valid after RSS 2.0, and heard over a real server."""

from __future__ import annotations

import html
import importlib
import os
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin
from urllib.request import urlopen
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given, settings

from tests.support.exported import SENT_MS, note_of, told_note
from tests.support.notes import opus_note
from tests.support.telling import (
    HOSTILE,
    entries_of,
    hostile_notes,
    markup_notes,
    written,
)
from tui.errors import UsageError
from tui.export import (
    DocumentFormat,
    DocumentOptions,
    DocumentRequest,
    Format,
    Linked,
    Outcome,
    Steering,
    _documents,
    job_of,
)
from tui.export._feed import FeedWriter
from tui.export._feed_mark import notes_lost

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tui.export import Result
    from tui.model import Note

ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"
ATOM = "{http://www.w3.org/2005/Atom}"
DATE = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov"
    r"|Dec) \d{4} \d\d:\d\d:\d\d [+-]\d{4}"
)


def check_feed(made: bytes) -> list[ET.Element]:
    """Check what RSS 2.0 and Apple ask of a feed; give its items."""
    root = ET.fromstring(made)  # noqa: S314  # our own
    assert (root.tag, root.attrib) == ("rss", {"version": "2.0"})
    (channel,) = root
    assert channel.tag == "channel"
    for name in (
        "title",
        "link",
        "description",
        f"{ITUNES}author",
        f"{ITUNES}explicit",
    ):
        (found,) = channel.findall(name)
        assert (found.text or "").strip()
    assert channel.findall(f"{ITUNES}category/{ITUNES}category")
    (own,) = channel.findall(f"{ATOM}link")
    assert (own.get("rel"), own.get("type")) == ("self", "application/rss+xml")
    items = channel.findall("item")
    guids = []
    for item in items:
        (guid,) = item.findall("guid")
        assert guid.get("isPermaLink") == "false"
        guids.append(guid.text)
        assert (item.findtext("title") or "").strip()
        assert DATE.fullmatch(item.findtext("pubDate") or "")
        assert int(item.findtext(f"{ITUNES}duration") or 1) > 0
        for enclosure in item.findall("enclosure"):
            assert set(enclosure.attrib) == {"url", "length", "type"}
            assert re.fullmatch(r"http://[!-~]+", enclosure.attrib["url"])
            assert int(enclosure.attrib["length"]) > 0
            assert re.fullmatch(r"audio/[a-z0-9-]+", enclosure.attrib["type"])
        known = {child.tag for child in item}
        assert known <= {
            *("title", "guid", "pubDate", "description", "enclosure"),
            *(f"{ITUNES}{name}" for name in ("author", "duration", "explicit")),
        }
    assert len(set(guids)) == len(items)
    return items


@given(notes=hostile_notes(), title=HOSTILE)
@example(notes=markup_notes(), title="<b>")
@settings(max_examples=20)
def test_feeds_are_valid_whatever_is_said(notes: list[Note], title: str) -> None:
    """Descriptions are HTML of paragraphs, in which texts are texts."""
    items = check_feed(written(FeedWriter(), entries_of(notes, ["a%20b.mp3"]), title))
    assert len(items) == len(notes)
    assert [len(item.findall("enclosure")) for item in items][:1] == [1]
    for item, entry in zip(items, entries_of(notes), strict=True):
        assert "<" not in (item.findtext("title") or "")
        shown = item.findtext("description") or ""
        parts = re.findall(r"<p>([^<>]*)</p>", shown)
        assert "".join(f"<p>{part}</p>" for part in parts) == shown
        texts = [html.unescape(part) for part in parts]
        for line in entry.words.transcript.split("\n"):
            said = " ".join(re.sub("[\ufffe\uffff]", "", line).split())
            assert not said or said in texts


def test_other_programs_read_it() -> None:
    """And show what we meant."""
    note = told_note("ab" * 16, duration_ms=42_400, offset_min=120)
    note = note._replace(transcript="Flour <b>& water</b>.")
    made = written(FeedWriter(), entries_of([note], ["Family/a%20b.mp3"]))
    feed: Any = importlib.import_module("feedparser").parse(made)
    assert not feed.bozo
    assert (feed.version, feed.feed.title) == ("rss20", "Family")
    (entry,) = feed.entries
    assert entry.id == f"urn:earmark:note:{'ab' * 16}"
    assert entry.title == "Ana 2024-08-15 20:42:01"
    assert tuple(entry.published_parsed)[:6] == (2024, 8, 15, 18, 42, 1)
    assert entry.published == "Thu, 15 Aug 2024 20:42:01 +0200"
    assert entry.itunes_duration == "42"
    assert "Flour &lt;b&gt;&amp; water&lt;/b&gt;." in entry.summary
    (enclosure,) = entry.enclosures
    assert enclosure == {
        "href": "http://192.168.1.2/notes/Family/a%20b.mp3",
        "length": "1000",
        "type": "audio/mpeg",
    }


class _Quiet(SimpleHTTPRequestHandler):
    """Says nothing of what it serves."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on the loopback, as any static server does."""
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_a_podcast_is_heard_over_the_network(tmp_path: Path) -> None:
    """Every enclosure is there, with just as many bytes as the feed says."""
    (tmp_path / "source").mkdir()
    notes = []
    for number in range(2):
        path = tmp_path / "source" / f"{number}.opus"
        path.write_bytes(opus_note(0.3, freq=300 + number))
        notes.append(note_of(path, chat_title="Mum & #1 100%/?", duration_ms=300))
    out = tmp_path / "out"
    out.mkdir()
    with served(out) as base:
        options = DocumentOptions(DocumentFormat.RSS, base_url=base)
        job = job_of(DocumentRequest(out, options), [])
        (result,) = job.run(iter(notes), 2, Steering())
        assert (result.outcome, result.notes) == (Outcome.SAVED, 2)
        assert result.target.suffix == ".xml"
        items = check_feed(result.target.read_bytes())
        own = ET.fromstring(result.target.read_bytes()).find(f".//{ATOM}link")  # noqa: S314  # our own
        assert own is not None
        with urlopen(own.attrib["href"]) as answer:  # noqa: S310  # on the loopback
            assert answer.read() == result.target.read_bytes()
        for item in items:
            (enclosure,) = item.findall("enclosure")
            url = urljoin(base, enclosure.attrib["url"])
            with urlopen(url) as answer:  # noqa: S310  # on the loopback
                assert answer.headers["Content-Type"] == enclosure.attrib["type"]
                sound = answer.read()
            assert len(sound) == int(enclosure.attrib["length"])
            assert sound[:3] == b"ID3"


@dataclass
class Pod:
    """A podcast's folder, and notes of chats that are called alike."""

    source: Path
    out: Path

    def notes(self, *numbers: int, transcript: str = "") -> list[Note]:
        """Make notes."""
        made = []
        for number in numbers:
            path = self.source / f"{number}.mp3"
            path.write_bytes(b"ID3")
            made.append(note_of(path, sent_ms=SENT_MS + number, transcript=transcript))
        return made

    def write(self, *notes: Note) -> Result:
        """Write the feed; sounds are copied as they are."""
        options = DocumentOptions(DocumentFormat.RSS, base_url="http://x/")
        job = job_of(DocumentRequest(self.out, options), [])
        (result,) = job.run(iter(notes), len(notes), Steering())
        return result

    def heard(self, name: str = "Family.xml") -> int:
        """How many notes a feed tells of."""
        return len(check_feed((self.out / name).read_bytes()))

    def feeds(self) -> list[str]:
        """The names of feeds, and of what is not finished."""
        return sorted(path.name for path in self.out.iterdir() if path.is_file())


@pytest.fixture
def pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pod:
    """An empty one; sounds are not converted, which the feed does not see."""
    monkeypatch.setitem(_documents.USUAL_SOUND, DocumentFormat.RSS, Format.ORIGINAL)
    (tmp_path / "source").mkdir()
    return Pod(tmp_path / "source", tmp_path / "out")


def test_a_feed_grows_in_its_place(pod: Pod) -> None:
    """Those who subscribed to it see new notes; a server sees that it is new."""
    assert pod.write(*pod.notes(1, 2)).outcome is Outcome.SAVED
    feed = pod.out / "Family.xml"
    feed.chmod(0o604)
    before = feed.stat()
    result = pod.write(*pod.notes(1, 2, 3))
    assert (result.outcome, result.target, result.notes) == (Outcome.SAVED, feed, 3)
    assert (pod.heard(), pod.feeds()) == (3, ["Family.xml"])
    after = feed.stat()
    assert (after.st_mode, after.st_size) == (before.st_mode, result.size)
    assert after.st_mtime > before.st_mtime
    assert pod.write(*pod.notes(1, 2, 3)).outcome is Outcome.THERE
    # What is told of its notes may change, too.
    result = pod.write(*pod.notes(1, 2, 3, transcript="Hello"))
    assert (result.outcome, pod.feeds()) == (Outcome.SAVED, ["Family.xml"])
    assert b"Hello" in feed.read_bytes()


def test_a_feed_loses_no_note_without_a_word(pod: Pod) -> None:
    """It is told that it has others; another chat's of that name has its own."""
    pod.write(*pod.notes(1, 2))
    before = (pod.out / "Family.xml").read_bytes()
    result = pod.write(*pod.notes(2, 3))
    assert result.outcome is Outcome.FAILED
    assert result.problem == (
        f"{pod.out}/Family.xml: also tells of a note that is not among these:"
        " move it away to write it"
    )
    assert (pod.out / "Family.xml").read_bytes() == before
    assert pod.write(*pod.notes(4, 5)).target.name == "Family (2).xml"
    assert pod.write(*pod.notes(4, 5, 6)).target.name == "Family (2).xml"
    assert (pod.heard(), pod.heard("Family (2).xml")) == (2, 3)


def change(path: Path, how: str) -> None:
    """Do to a feed what somebody may do."""
    made = path.read_bytes()
    path.unlink()
    match how:
        case "a link":
            other = path.with_suffix(".old")
            other.write_bytes(made)
            path.symlink_to(other)
        case "a folder":
            path.mkdir()
        case "a pipe":
            os.mkfifo(path)
        case "a word":
            path.write_bytes(made.replace(b"Ana", b"Mum"))
        case "a byte more":
            path.write_bytes(made + b"\n")
        case _:
            path.write_bytes(made[: -int(how)])


@pytest.mark.parametrize(
    "how", ["a word", "a byte more", "200", "99999", "a link", "a folder", "a pipe"]
)
def test_nothing_else_is_written_over(pod: Pod, how: str) -> None:
    """What somebody changed, or put there, is theirs."""
    pod.write(*pod.notes(1, 2))
    feed = pod.out / "Family.xml"
    change(feed, how)
    info, there = feed.lstat(), feed.is_file() and feed.read_bytes()
    result = pod.write(*pod.notes(1, 2, 3))
    assert (result.outcome, result.target.name) == (Outcome.SAVED, "Family (2).xml")
    assert pod.heard("Family (2).xml") == 3
    assert (feed.lstat().st_ino, feed.is_file() and feed.read_bytes()) == (
        info.st_ino,
        there,
    )


def test_a_feed_with_another_title_is_another(pod: Pod) -> None:
    """Although it is called so and has the same notes."""
    notes = pod.notes(1, 2)
    pod.write(*notes)
    feed = pod.out / "Family.xml"
    feed.rename(pod.out / "Bob.xml")
    alone = [
        note._replace(row=note.row._replace(chat_title="Bob"))
        for note in pod.notes(1, 2, 3)
    ]
    assert pod.write(*alone).target.name == "Bob (2).xml"
    # One that vanishes in this moment is none.
    assert notes_lost(pod.out / "Bob (2).xml", feed) is None


@pytest.mark.parametrize(
    ("url", "linked", "message"),
    [
        ("", None, "--base-url"),
        ("ftp://x/", None, "--base-url ftp://x/"),
        ("http://", None, "--base-url"),
        ("http://x/?q", None, "--base-url"),
        ("http://x/a b", None, "--base-url"),
        ("http://[x/", None, "--base-url"),
        ("http://x/", Linked.LINK, "--sound copy"),
    ],
)
def test_a_podcast_needs_an_address_and_sounds(
    tmp_path: Path, url: str, linked: Linked | None, message: str
) -> None:
    """What apps could not play is refused ahead of all work."""
    options = DocumentOptions(DocumentFormat.RSS, linked=linked, base_url=url)
    with pytest.raises(UsageError, match=re.escape(message)):
        job_of(DocumentRequest(tmp_path / "out", options), [])
