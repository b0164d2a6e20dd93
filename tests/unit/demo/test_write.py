"""The sample library: size, names, times, and whom it leaves alone."""

from __future__ import annotations

import sqlite3
import zipfile
from collections import Counter
from contextlib import closing
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.make_demo import speak
from tests.support.decoded import decoded
from tui.demo import ARRIVALS, CLIPS, LIBRARY, VOICES, write_demo
from tui.demo._script import NUMBERS
from tui.errors import DataError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2025, 3, 14, 0, 20, 30, 500)  # noqa: DTZ001  # the wall clock of the user
LINES = (*LIBRARY, *ARRIVALS)


def files(root: Path) -> list[Path]:
    """List the files of a folder, relative to it, without hidden ones."""
    return sorted(
        path.relative_to(root)
        for path in root.rglob("[!.]*")
        if path.is_file() and not path.name.startswith(".")
    )


def test_the_clips_are_small_and_complete() -> None:
    """Every line has its clip, no clip lies there for nothing, all are under 400 KB."""
    clips = list(CLIPS.iterdir())
    assert {clip.stem for clip in clips} == {line.clip for line in LINES}
    assert len(LINES) == len(clips)
    assert sum(clip.stat().st_size for clip in clips) < 400_000


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.clip)
def test_each_clip_is_a_voice_note(line: object) -> None:
    """A clip is 5 to 15 seconds of speech, mono, marked as WhatsApp marks it."""
    path = CLIPS / f"{line.clip}.opus"  # type: ignore[attr-defined]  # pytest's parameter
    data = path.read_bytes()
    assert b"WhatsApp" in data[:100]
    sound = decoded(data)
    assert 5 <= len(sound) / 16_000 <= 15
    assert max(sound) > 3_000


@pytest.mark.needs("espeak")
def test_speaking_again_gives_the_same_clip() -> None:
    """The clips can be made again: the same words, about the same length and size."""
    line = min(LIBRARY, key=lambda line: len(line.text))
    again = speak(line)
    assert speak(line) == again
    assert len(again) == pytest.approx(
        (CLIPS / f"{line.clip}.opus").stat().st_size, rel=0.2
    )


def test_a_phone_with_an_export(tmp_path: Path) -> None:
    """A dozen notes in WhatsApp's folders of weeks, and one in an exported chat."""
    written = write_demo(tmp_path, NOW)
    assert sorted((*written.notes, *written.documents)) == files(tmp_path)
    assert len(written.notes) == len(LIBRARY) == 12
    folders = Counter(path.parts[0] for path in written.notes)
    assert folders == {"WhatsApp": 11, "Exports": 1}
    old = [str(path) for path in written.notes if "20250306" in path.name]
    assert old == [
        "WhatsApp/Media/WhatsApp Voice Notes/202510/PTT-20250306-WA0000.opus",
        "WhatsApp/Media/WhatsApp Voice Notes/202510/PTT-20250306-WA0001.opus",
    ]
    assert [str(path) for path in written.documents] == [
        "contacts.vcf",
        "WhatsApp/Databases/wa.db",
        "Exports/WhatsApp Chat with Mum/WhatsApp Chat with Mum.txt",
        "WhatsApp/Databases/msgstore.db",
    ]
    assert {line.who for line in LINES} == set(VOICES) == set(NUMBERS)
    # The regulator keeps these numbers free for stories.
    assert all(number.startswith("447700900") for number in NUMBERS.values())


def test_names_and_file_times_agree(tmp_path: Path) -> None:
    """A note is named by its day, and its file agrees; nothing is to come."""
    written = write_demo(tmp_path, NOW)
    for path in written.notes:
        moment = datetime.fromtimestamp((tmp_path / path).stat().st_mtime)  # noqa: DTZ006  # local on purpose
        assert NOW - timedelta(days=60) < moment < NOW
        assert path.name.startswith(f"PTT-{moment:%Y%m%d}-WA")
    for path in written.documents:
        moment = datetime.fromtimestamp((tmp_path / path).stat().st_mtime)  # noqa: DTZ006  # local on purpose
        # What was written a moment ago would be read late.
        assert NOW - timedelta(minutes=3) < moment < NOW - timedelta(seconds=90)


def told_by(database: Path) -> Counter[str]:
    """List the files that a database names."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT file_path FROM message_media").fetchall()
    return Counter((path or "").rpartition("/")[2] for (path,) in rows)


def test_the_database_tells_what_it_should(tmp_path: Path) -> None:
    """All but the notes of the exported chat, one twice, and the next one already."""
    written = write_demo(tmp_path, NOW)
    told = told_by(tmp_path / "WhatsApp" / "Databases" / "msgstore.db")
    names = {path.name for path in written.notes}
    ((coming, _),) = written.phone.coming
    assert told[coming.name] == told[""] == 1
    assert sorted(told.values())[-2:] == [1, 2]
    # Two are of the exported chat: one lies there, one is unmatched.
    assert len(names - set(told)) == 2
    assert not (tmp_path / coming).exists()


def test_the_complete_library_has_the_arrivals_too(tmp_path: Path) -> None:
    """What else arrives is there, as the newest; the last came after the backup."""
    written = write_demo(tmp_path, NOW, complete=True)
    assert len(written.notes) == len(LINES) == 18
    assert sorted((*written.notes, *written.documents)) == files(tmp_path)
    newest = max(written.notes, key=lambda path: (tmp_path / path).stat().st_mtime)
    data = (tmp_path / newest).read_bytes()
    assert data == (CLIPS / f"{ARRIVALS[-1].clip}.opus").read_bytes()
    told = told_by(tmp_path / "WhatsApp" / "Databases" / "msgstore.db")
    assert newest.name not in told
    with zipfile.ZipFile(tmp_path / written.documents[-1]) as export:
        text = export.read("WhatsApp Chat with Mum.txt").decode()
        for name in export.namelist()[1:]:
            assert f"\u200e{name} (file attached)" in text
        assert len(export.namelist()) == 3


def test_writing_again_replaces_the_old_dates(tmp_path: Path) -> None:
    """A demo of last week becomes one of today, without twins."""
    write_demo(tmp_path, NOW - timedelta(days=7), complete=True)
    mine = tmp_path / "WhatsApp" / "own.opus"
    mine.write_bytes(b"x")
    written = write_demo(tmp_path, NOW, complete=True)
    ours = (*written.notes, *written.documents, mine.relative_to(tmp_path))
    assert files(tmp_path) == sorted(ours)


def test_a_folder_with_anything_else_is_left_alone(tmp_path: Path) -> None:
    """Nothing is written into a folder that is no demo."""
    (tmp_path / "thesis.txt").write_text("x")
    with pytest.raises(UsageError, match="holds no demo"):
        write_demo(tmp_path, NOW)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_forged_list_deletes_nothing_elsewhere(tmp_path: Path) -> None:
    """Of what the mark lists, only files of the sample library are taken away."""
    outside = tmp_path / "outside.opus"
    outside.write_text("x")
    root = tmp_path / "demo"
    root.mkdir()
    inside = root / "other.opus"
    inside.write_text("x")
    (root / ".earmark-demo").write_text(
        f"{outside}\n../outside.opus\nWhatsApp/../../outside.opus\nother.opus\n\n"
    )
    write_demo(root, NOW)
    assert outside.exists()
    assert inside.exists()


def test_a_folder_that_can_not_be_made_is_told(tmp_path: Path) -> None:
    """A file where the folder should be is a problem with a name."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataError, match="file"):
        write_demo(tmp_path / "file" / "demo", NOW)


def test_names_count_on(tmp_path: Path) -> None:
    """What arrives later does not take a name that is there."""
    written = write_demo(tmp_path, NOW)
    day = NOW - timedelta(days=8)
    path = written.phone.path(day)
    assert path.name == "PTT-20250306-WA0002.opus"
    assert path not in written.notes
