"""Commands run in this process, and a sample library for them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.library import lay_library
from tests.support.notes import opus_note
from tests.support.phone import write_phone
from tui.cli import main
from tui.config import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOW = datetime(2025, 3, 14, 12, 0, 0)  # noqa: DTZ001  # the wall clock of the user


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """What it wrote to stdout."""
        return self.out.splitlines()

    @property
    def json(self) -> Any:  # noqa: ANN401  # JSON is anything
        """What it wrote to stdout, as JSON."""
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def niceness(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What commands asked for; this process keeps what it has for other tests."""
    asked: list[int] = []
    monkeypatch.setattr("os.nice", asked.append)
    return asked


@pytest.fixture
def earmark(capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Run a command in this process."""

    def run(*argv: object) -> Done:
        code = main([str(word) for word in argv])
        written = capsys.readouterr()
        return Done(code, written.out, written.err)

    return run


@pytest.fixture
def phone(tmp_path: Path) -> Path:
    """Folders with 18 recordings and no document, as of 14 March 2025."""
    root = tmp_path / "Phone"
    write_phone(root, NOW)
    return root


@pytest.fixture
def known(earmark: Callable[..., Done], tmp_path: Path) -> Callable[..., Done]:
    """A library of three folders of recordings: Ana 3, Anton 2, Bob 1."""
    for name, count in (("Ana", 3), ("Anton", 2), ("Bob", 1)):
        folder = tmp_path / "Voice" / name
        folder.mkdir(parents=True)
        for at in range(count):
            (folder / f"{at}.opus").write_bytes(
                opus_note(2 + at, serial=sum(name.encode()) * 10 + at)
            )
    lay_library(load_settings().library)
    assert earmark("scan", tmp_path / "Voice").code == 0
    return earmark
