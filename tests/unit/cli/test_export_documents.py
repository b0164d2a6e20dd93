"""`export` of documents: from the words of the command line to the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.cli.conftest import Done

    Earmark = Callable[..., Done]


def test_a_document_of_a_chat(known: Earmark, tmp_path: Path) -> None:
    """With sounds beside it; a second time it is there; listed without writing."""
    words = ("export", "chat:Ana", "--format", "markdown", "--to", tmp_path / "out")
    done = known(*words, "--dry-run")
    assert (done.code, done.out) == (0, "Ana.md  <-  3 notes\n")
    assert not (tmp_path / "out").exists()
    done = known(*words, "--sound", "copy", "--name", "{n}", "--title", "Mum's")
    assert (done.code, done.err) == (0, "")
    assert done.out == f"wrote 1 file with 3 notes in {tmp_path / 'out'}\n"
    assert (tmp_path / "out/Ana.md").read_text().startswith('---\ntitle: "Mum\'s"\n')
    names = sorted(path.name for path in (tmp_path / "out/Ana").iterdir())
    assert names == ["0001.opus", "0002.opus", "0003.opus"]
    done = known(
        *words, "--sound", "copy", "--name", "{n}", "--title", "Mum's", "--json"
    )
    assert [(each["outcome"], each["notes"]) for each in done.json] == [("there", 3)]


def test_it_is_told_what_was_done(known: Earmark, tmp_path: Path) -> None:
    """Only notes of documents that are new are counted; and that nothing was to do."""
    words = ("--format", "txt", "--to", tmp_path / "out")
    known("export", "chat:Ana", *words)
    done = known("export", "chat:Ana", *words)
    assert done.out == "nothing to do: 1 file was there already\n"
    done = known("export", "chat:Ana or chat:Anton", *words, "--per", "chat")
    where = tmp_path / "out"
    assert done.out == f"wrote 1 file with 2 notes in {where}, 1 was there already\n"


def test_the_sounds_of_a_podcast_can_be_changed(known: Earmark, tmp_path: Path) -> None:
    """They become MP3 anyway, so that nothing more has to be said."""
    words = ("--format", "rss", "--base-url", "http://x/", "--to", tmp_path / "out")
    done = known("export", "chat:Ana", *words, "--skip", "2", "--bit-rate", "64")
    assert (done.code, done.err) == (0, "")
    assert {path.suffix for path in (tmp_path / "out/Ana").iterdir()} == {".mp3"}


def test_what_does_not_go_together(known: Earmark, tmp_path: Path) -> None:
    """It is said what is missing, and nothing is written."""
    words = ("export", "chat:Ana", "--to", tmp_path / "out", "--format")
    for more, said in (
        (("rss",), "say it with --base-url"),
        (("rss", "--base-url", "here"), "--base-url here: say it like http://"),
        (("md", "--sound", "embed"), "only in html"),
        (("md", "--base-url", "http://x/"), "only a podcast"),
    ):
        done = known(*words, *more)
        assert done.code == 2
        assert said in done.err
    assert not (tmp_path / "out").exists()
