"""Backups of the library file: how many are kept, and what tells why there is none."""

from __future__ import annotations

import os
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

from tui.library import Library
from tui.library._repair import backups

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_last_backup_of_each_day_is_kept(tmp_path: Path) -> None:
    """Of seven days, and the newest few; the last of an older version besides."""
    path, now = tmp_path / "l.db", [1_700_000_000.0]
    for name in ("v1-20200101T000000Z", "v1-20200102T000000Z", "v2-20200103T000000Z"):
        path.with_name(f"l.db.{name}.bak").touch()
    Library.open(path).close()
    with Library.open(path, clock=lambda: now[0]) as library:
        for _ in range(10):
            for _ in range(4):
                now[0] += 6 * 3600
                assert library.back_up_daily() == ""
                library.back_up()
    names = [each.name.removeprefix("l.db.v") for each in backups(path)]
    assert names[-2:] == ["2-20200103T000000Z.bak", "1-20200102T000000Z.bak"]
    days = [name[2:10] for name in names[:-2]]
    assert list(dict.fromkeys(days)) == [f"202311{day}" for day in range(24, 17, -1)]
    assert [days.count(day) for day in sorted(set(days), reverse=True)] == [3, *[1] * 6]


def test_the_number_of_days_can_be_chosen(tmp_path: Path) -> None:
    """With none, only those are made that are asked for; the newest few are kept."""
    path, now = tmp_path / "l.db", [1_700_000_000.0]
    for days, left in ((0, 0), (4, 4)):
        with Library.open(path, clock=lambda: now[0], backups=days) as library:
            for _ in range(6):
                now[0] += 86_401
                assert library.back_up_daily() == ""
        assert len(backups(path)) == left
    with Library.open(path, clock=lambda: now[0], backups=0) as library:
        assert library.back_up() is not None
    assert len(backups(path)) == 3


def test_a_daily_backup_that_can_not_be_made_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a sentence, and never in the way; nothing fills the disk."""
    path, now = tmp_path / "l.db", time.time()
    with Library.open(path, clock=lambda: now) as library:
        with monkeypatch.context() as patch:
            none = SimpleNamespace(f_bavail=1, f_frsize=4096)
            patch.setattr(os, "statvfs", lambda _path: none)
            assert library.back_up_daily() == (
                f"no backup of the library was made: {path}: there is no room for a"
                " backup of it on the disk"
            )
        before = len(backups(path))
        assert library.back_up_daily() == ""
        assert len(backups(path)) == before + 1
