"""The sample library: size, names, times, and whom it leaves alone."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.make_demo import speak
from tests.support.decoded import decoded
from tui.demo import ARRIVALS, CLIPS, LIBRARY, VOICES, Names, write_demo
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


def test_a_library_of_people_and_whatsapp(tmp_path: Path) -> None:
    """A dozen notes: folders of three people, and WhatsApp's in folders of weeks."""
    written = write_demo(tmp_path, NOW)
    assert sorted(written) == files(tmp_path)
    assert len(written) == len(LIBRARY) == 12
    folders = Counter(path.parts[0] for path in written)
    assert folders == {"Ana": 3, "Bob": 3, "Mum": 2, "WhatsApp": 4}
    whatsapp = [str(path) for path in written if path.parts[0] == "WhatsApp"]
    assert whatsapp == [
        "WhatsApp/Media/WhatsApp Voice Notes/202510/PTT-20250306-WA0000.opus",
        "WhatsApp/Media/WhatsApp Voice Notes/202510/PTT-20250306-WA0001.opus",
        "WhatsApp/Media/WhatsApp Voice Notes/202511/PTT-20250313-WA0000.opus",
        "WhatsApp/Media/WhatsApp Voice Notes/202511/PTT-20250313-WA0001.opus",
    ]
    assert {line.who for line in LINES} <= set(VOICES)


def test_names_and_file_times_agree(tmp_path: Path) -> None:
    """A recording is named by its second, and its file agrees; none is to come."""
    for path in write_demo(tmp_path, NOW):
        moment = datetime.fromtimestamp((tmp_path / path).stat().st_mtime)  # noqa: DTZ006  # local on purpose
        assert NOW - timedelta(days=60) < moment < NOW
        if path.parts[0] == "WhatsApp":
            assert path.name.startswith(f"PTT-{moment:%Y%m%d}-WA")
        else:
            assert path.name == f"{moment:%Y-%m-%d %H-%M-%S}.opus"


def test_the_complete_library_has_the_arrivals_too(tmp_path: Path) -> None:
    """What else arrives is there, as the newest."""
    written = write_demo(tmp_path, NOW, complete=True)
    assert len(written) == len(LINES) == 18
    assert sorted(written) == files(tmp_path)
    newest = max(written, key=lambda path: (tmp_path / path).stat().st_mtime)
    data = (tmp_path / newest).read_bytes()
    assert data == (CLIPS / f"{ARRIVALS[-1].clip}.opus").read_bytes()


def test_writing_again_replaces_the_old_dates(tmp_path: Path) -> None:
    """A demo of last week becomes one of today, without twins."""
    write_demo(tmp_path, NOW - timedelta(days=7), complete=True)
    mine = tmp_path / "Ana" / "own.opus"
    mine.write_bytes(b"x")
    written = write_demo(tmp_path, NOW, complete=True)
    assert files(tmp_path) == sorted([*written, mine.relative_to(tmp_path)])


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
        f"{outside}\n../outside.opus\nAna/../../outside.opus\nother.opus\n\n"
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
    names = Names()
    written = write_demo(tmp_path, NOW, names=names)
    line = next(line for line in ARRIVALS if line.whatsapp)
    day = NOW - timedelta(days=1)
    assert names.path(line, day).name == "PTT-20250313-WA0002.opus"
    assert names.path(line, day) not in written
