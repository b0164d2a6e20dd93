"""The first start on real folders: searched, opened, remembered."""

from __future__ import annotations

import os
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.crypt import ROOT, crypt15, packed
from tests.support.msgstore import Row, write_msgstore
from tests.support.notes import opus_note
from tui.cli._app import make_services
from tui.cli._first import FirstSetup
from tui.config import load_settings
from tui.errors import DataError, EarmarkError, SourceError, UsageError
from tui.indexer import Answers, Likely, Lock
from tui.keys import secrets_for
from tui.library import Library

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CARD = b"BEGIN:VCARD\nVERSION:3.0\nFN:Ana\nTEL:+491700000001\nEND:VCARD\n"


class Setup(FirstSetup):
    """With its library, and how often the indexer was told."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.reloads = 0
        super().__init__(library, self._count)

    def _count(self) -> None:
        self.reloads += 1

    @property
    def roots(self) -> list[str]:
        """The sources that are remembered."""
        with closing(self.library.reader()) as reader:
            return [os.fsdecode(source.root) for source in reader.sources()]


@pytest.fixture
def setup(tmp_path: Path) -> Iterator[Setup]:
    """A setup on a new library."""
    with Library.open(tmp_path / "data" / "library.db") as library:
        yield Setup(library)


def test_the_search_tells_and_ends(setup: Setup, isolated: Path) -> None:
    """Folders as they are found, then the end, on a thread of its own."""
    for day in range(1, 4):
        path = isolated / "Recordings" / f"2024-08-0{day} 10-00-00.opus"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    told: list[Likely | bytes | None] = []
    ended = threading.Event()
    threads = set()

    def tell(found: Likely | bytes | None) -> None:
        threads.add(threading.current_thread().name)
        told.append(found)
        if found is None:
            ended.set()

    setup.search(tell)
    assert ended.wait(10)
    (found,) = told[:-1]
    assert isinstance(found, Likely)
    assert found.root == os.fsencode(isolated / "Recordings")
    assert threads == {"first-search"}


def test_a_search_that_fails_ends_too(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for what will not come."""

    def fail(_home: bytes) -> list[bytes]:
        raise RuntimeError

    monkeypatch.setattr("tui.indexer.places", fail)
    ended = threading.Event()
    setup.search(lambda found: ended.set() if found is None else None)
    assert ended.wait(10)


def test_a_path_that_is_typed(setup: Setup, isolated: Path) -> None:
    """From the home on, with blanks around it; what is no folder is refused."""
    (isolated / "Notes").mkdir()
    assert setup.look_at(" ~/Notes ").root == os.fsencode(isolated / "Notes")
    with pytest.raises(SourceError, match="no such file"):
        setup.look_at("~/none")


def test_contacts_that_are_typed(setup: Setup, tmp_path: Path) -> None:
    """A file, or the folder that it lies in."""
    folder = tmp_path / "cards"
    folder.mkdir()
    (folder / "a.txt").write_bytes(b"x")
    (folder / "b.vcf").write_bytes(b"nothing")
    with pytest.raises(DataError, match="no contacts in it"):
        setup.find_contacts(str(folder))
    card = folder / "c.vcf"
    card.write_bytes(CARD)
    assert setup.find_contacts(str(folder)) == os.fsencode(card)
    assert setup.find_contacts(str(card)) == os.fsencode(card)
    with pytest.raises(DataError, match="no contacts in it"):
        setup.find_contacts(str(folder / "a.txt"))
    with pytest.raises(DataError, match="no such file"):
        setup.find_contacts(str(tmp_path / "none.vcf"))


def test_a_key_is_proved(setup: Setup, tmp_path: Path) -> None:
    """Typed, or as a file; a wrong one is refused with the reason."""
    write_msgstore(tmp_path / "m.db", [Row()])
    backup = tmp_path / "msgstore.db.crypt15"
    backup.write_bytes(crypt15(packed((tmp_path / "m.db").read_bytes())))
    locks = [
        Lock(os.fsencode(tmp_path / "gone.crypt15"), is_phone=False),
        Lock(os.fsencode(backup), is_phone=False),
    ]
    digits = ROOT.hex()
    assert setup.open_with(locks, digits) == digits.encode()
    key = tmp_path / "key file"
    key.write_text(digits)
    assert setup.open_with(locks, str(key)) == digits.encode()
    with pytest.raises(UsageError, match="no such file"):
        setup.open_with(locks[:1], digits)
    with pytest.raises(UsageError):
        setup.open_with(locks[1:], "0" * 64)


def test_what_is_chosen_is_remembered(setup: Setup, tmp_path: Path) -> None:
    """Keys first; a folder that can't be added keeps no other away."""
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    (one / "a.opus").write_bytes(opus_note(1))
    answers = Answers((os.fsencode(one),), ((os.fsencode(one), b"sesame"),))
    setup.finish(answers)
    assert (setup.roots, setup.reloads) == ([str(one)], 1)
    assert secrets_for(os.fsencode(one / "x")) == (b"sesame",)
    two.mkdir()
    gone = os.fsencode(tmp_path / "gone")
    with pytest.raises(EarmarkError, match="no such file"):
        setup.finish(Answers((gone, os.fsencode(two)), ()))
    assert (setup.roots, setup.reloads) == ([str(one), str(two)], 2)
    with pytest.raises(EarmarkError):
        setup.finish(Answers((gone,), ()))
    assert setup.reloads == 2


def test_only_a_browser_without_sources_asks(tmp_path: Path) -> None:
    """Not with a folder on the command line, or with one that is remembered."""
    settings = load_settings({"library": str(tmp_path / "library.db")})
    folder = tmp_path / "notes"
    folder.mkdir()

    def asks(*folders: bytes) -> bool:
        services = make_services(settings, folders)
        services.reader.close()
        services.close()
        return services.setup is not None

    assert asks()
    assert not asks(os.fsencode(folder))
    assert not asks()
