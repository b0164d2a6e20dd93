"""The composition root: real engines behind the browser's Protocols."""

from __future__ import annotations

import queue
import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.bad_files import spoil_library
from tests.support.ear import wait_until
from tests.support.notes import opus_note
from tui.cli._app import make_app, make_services
from tui.cli._player import make_player
from tui.config import load_settings
from tui.errors import DamagedError, SourceError
from tui.indexer import (
    Changed,
    Failed,
    Leading,
    PeaksReady,
    ScanFinished,
    ScanProgress,
    ScanReport,
)
from tui.model import LibraryDelta, NoteId, SoundSettings, SourceId
from tui.services import IndexerStatus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tui.config import Settings
    from tui.model import LibraryDelta
    from tui.services import Services


@pytest.fixture
def settings() -> Settings:
    """Settings that make no sound."""
    return replace(load_settings(), output="null", speed=1.5)


@contextmanager
def ended(services: Services) -> Iterator[Services]:
    """End engines at the end, as the browser does."""
    try:
        yield services
    finally:
        services.playing.close()
        services.indexing.close()
        services.close()
        services.reader.close()


def test_a_note_travels_from_disk_to_browser(settings: Settings, phone: Path) -> None:
    """What the indexer's process finds is told to the follower, at once."""
    deltas: queue.SimpleQueue[LibraryDelta] = queue.SimpleQueue()
    with ended(make_services(settings, [str(phone).encode()])) as services:
        assert services.expects_sources
        stop = services.follow(deltas.put, services.reader.revision())
        services.indexing.start()
        while services.reader.totals().notes < 18:
            deltas.get(timeout=15)
        (phone / "Ana" / "new.opus").write_bytes(opus_note(2))
        while services.reader.totals().notes < 19:
            deltas.get(timeout=15)
        stop()


def test_a_damaged_library_is_met_before_the_screen(
    settings: Settings, phone: Path
) -> None:
    """So that the browser can begin again, with the repaired one and a notice."""
    make_services(settings, [str(phone).encode()]).close()
    spoil_library(settings.library)
    with pytest.raises(DamagedError):
        make_services(settings)
    told: list[IndexerStatus] = []
    with ended(make_services(settings)) as services:
        services.on_indexer(told.append)
        assert services.reader.totals().notes == 0
    (status,) = told
    assert "The library file was damaged and is kept as" in status.problem


def test_a_note_is_played_at_the_speed_of_the_settings(
    settings: Settings, tmp_path: Path
) -> None:
    """The player that the settings name plays what the library knows.

    What is set meanwhile, and what waits, is there at the next start.
    """
    (tmp_path / "a.opus").write_bytes(opus_note(1))
    services = make_services(settings, [str(tmp_path).encode()])
    with ended(services):
        found = threading.Event()

        def follow(delta: LibraryDelta) -> None:
            if delta.changes or delta.reset:
                found.set()

        services.follow(follow, services.reader.revision())
        services.indexing.start()
        assert found.wait(15)
        note_id = services.reader.oldest_unplayed()
        assert note_id is not None
        speeds: list[float] = []
        moved = threading.Event()

        def heard(now: object) -> None:
            speeds.append(getattr(now, "speed", 0.0))
            if getattr(now, "position_ms", 0) > 0:
                moved.set()

        services.playing.subscribe(heard)
        services.playing.start()
        services.playing.play_note(note_id)
        assert moved.wait(15)
        assert speeds[-1] == 1.5
        services.playing.set_boost(6.0)
        services.playing.enqueue([note_id])
        wait_until(lambda: services.playing.now.queue == (note_id,), what="a queue")
    with ended(make_services(settings)) as services:
        assert services.reader.queue() == [note_id]
        (said,) = services.reader.sounds(note_id).values()
        assert said == SoundSettings(boost_db=6.0)


def test_a_folder_that_is_none_closes_what_was_opened(
    settings: Settings, tmp_path: Path
) -> None:
    """An error leaves nothing behind; a folder of the settings is only told."""
    with pytest.raises(SourceError):
        make_services(settings, [str(tmp_path / "none").encode()])
    away = replace(settings, sources=(tmp_path / "none",))
    with ended(make_services(away)) as services:
        told: list[IndexerStatus] = []
        services.on_indexer(told.append)
        assert [status.problem for status in told] == [
            f"{tmp_path}/none: no such file or directory"
        ]


def test_what_the_indexer_says_in_words(settings: Settings) -> None:
    """Events become a line for the header, or a notice."""
    from tui.cli._app import _News

    news = _News(())
    told: list[IndexerStatus] = []
    news.subscribe(told.append)
    source_id = SourceId(1)
    for event in (
        Changed(1),
        PeaksReady(NoteId(1)),
        Leading(leading=False, reason="another"),
        ScanProgress(source_id, 3, 1204),
        Failed("it\x1b broke"),
        ScanFinished(ScanReport(source_id)),
    ):
        news.take(event)
    assert told == [
        IndexerStatus("reading 1,204 files"),
        IndexerStatus(problem="it\\x1b broke"),
        IndexerStatus(),
    ]


def test_what_both_processes_find_is_told_once() -> None:
    """The indexer opens the same library, and has the same to say about it."""
    from tui.cli._app import _News

    news = _News(["The library can't be written."])
    told: list[IndexerStatus] = []
    news.subscribe(told.append)
    news.take(Failed("The library can't be written."))
    news.take(Failed("it broke"))
    assert [status.problem for status in told] == [
        "The library can't be written.",
        "it broke",
    ]


def test_the_app_looks_as_the_settings_say(settings: Settings) -> None:
    """Theme and characters are those of the settings."""
    with ended(make_services(settings)) as services:
        plain = make_app(replace(settings, ascii=True, theme="nord"), services)
        assert plain.theme == "nord"
        assert plain._glyphs.is_ascii
        assert not make_app(replace(settings, ascii=False), services)._glyphs.is_ascii


@pytest.mark.parametrize(
    ("output", "options"),
    [
        ("auto", ["--output", "auto", "--target-lufs=-20.5"]),
        ("null", ["--output", "null", "--target-lufs=-20.5"]),
        ("pulse:a b:c", ["--output", "pulse:a b:c", "--target-lufs=-20.5"]),
        (
            "file:/x/y z.wav",
            ["--output", "file", "--target-lufs=-20.5", "--path", "/x/y z.wav"],
        ),
    ],
)
def test_the_player_of_the_settings(
    settings: Settings, output: str, options: list[str]
) -> None:
    """The engine's process is told the output, the loudness, and a file's path."""
    player = make_player(replace(settings, output=output, target_lufs=-20.5))
    command: list[str] = player._command  # type: ignore[attr-defined]  # EngineProcess
    assert command[-len(options) :] == options
    player.close()
