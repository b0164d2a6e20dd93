"""The program's entry: what happens ahead of everything, and where the library is."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.child import run_code
from tui import __main__ as program
from tui import cli
from tui.config import load_settings


def test_nothing_is_imported_ahead_of_the_first_picture() -> None:
    """The entry itself costs no import beyond what Python has loaded anyway."""
    loaded = run_code(
        "import sys, os; before = set(sys.modules); import tui.__main__;"
        "print(*sorted(set(sys.modules) - before))"
    )
    assert loaded.split() == ["tui", "tui.__main__"]


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"XDG_DATA_HOME": ""},
        {"XDG_DATA_HOME": "/somewhere/else", "XDG_CONFIG_HOME": ""},
        {"EARMARK_LIBRARY": "x/../y.db"},
        {"EARMARK_LIBRARY": "~/y.db"},
        {"EARMARK_LIBRARY": ""},
    ],
)
def test_the_picture_shows_the_library_of_the_settings(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    """The quick answer is the same as that of the settings."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    if variables.get("EARMARK_LIBRARY") == "":
        monkeypatch.delenv("EARMARK_LIBRARY")
    assert program.library_path() == str(load_settings().library)


def test_the_library_of_the_config_file(
    isolated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A library that the config file names is found, wherever the file stands."""
    usual = isolated / "config" / "earmark" / "config.toml"
    usual.parent.mkdir(parents=True)
    usual.write_text("speed = 2\n")
    assert program.library_path() == str(isolated / "data" / "earmark" / "library.db")
    usual.write_text('library = "usual.db"\n')
    assert program.library_path() == str(usual.parent / "usual.db")
    other = tmp_path / "c.toml"
    other.write_text('library = "other.db"\n')
    assert program.library_path("", str(other)) == str(tmp_path / "other.db")
    monkeypatch.setenv("EARMARK_CONFIG", str(other))
    assert program.library_path() == str(tmp_path / "other.db")
    assert program.library_path("given.db") == str(Path.cwd() / "given.db")
    other.write_text("library = 3\n")
    assert program.library_path() == ""


def test_no_picture_that_the_browser_would_not_paint(
    isolated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another theme has no picture ahead; ASCII from the config holds for both."""
    monkeypatch.setenv("EARMARK_THEME", "nord")
    assert program.library_path("/l.db") == ""
    monkeypatch.delenv("EARMARK_THEME")
    config = isolated / "config" / "earmark" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('theme = "nord"\n')
    assert program.library_path("/l.db") == ""
    config.write_text("ascii = true\n")
    monkeypatch.setenv("EARMARK_ASCII", "0")
    assert program.library_path("/l.db") == "/l.db"
    assert os.environ["EARMARK_ASCII"] == "0"
    monkeypatch.delenv("EARMARK_ASCII")
    assert program.library_path("/l.db") == "/l.db"
    assert os.environ.pop("EARMARK_ASCII") == "1"


class Entry:
    """What happened when the program began."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps: list[object] = []
        module = ModuleType("tui.prepaint")
        module.prepaint = self.steps.append  # type: ignore[attr-defined]  # a stand-in
        monkeypatch.setitem(sys.modules, "tui.prepaint", module)
        monkeypatch.setattr("gc.disable", lambda: self.steps.append("collector off"))
        monkeypatch.setattr(cli, "main", self.run)
        monkeypatch.setattr("os.isatty", lambda _: True)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("EARMARK_LIBRARY", "/l.db")

    def run(self, argv: list[str]) -> int:
        """Stand in for the command line."""
        self.steps.append(("run", argv))
        return 7


@pytest.fixture
def entry(monkeypatch: pytest.MonkeyPatch) -> Entry:
    """A program whose steps are written down."""
    return Entry(monkeypatch)


def begin(monkeypatch: pytest.MonkeyPatch, *argv: str) -> int:
    """Begin the program with some arguments."""
    monkeypatch.setattr(sys, "argv", ["earmark", *argv])
    return program.main()


def test_the_browser_is_painted_first(
    entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The picture comes first, then the command line with all arguments."""
    monkeypatch.setenv("EARMARK_ASCII", "")  # to be put back afterwards
    assert begin(monkeypatch, "/x", "--ascii") == 7
    assert os.environ["EARMARK_ASCII"] == "1"
    assert entry.steps == ["/l.db", "collector off", ("run", ["/x", "--ascii"])]


def test_the_browser_loads_no_tls() -> None:
    """The loop works without it, and `ssl` is there for whoever asks."""
    code = (
        "import sys, tui.__main__ as program; program._load_asyncio();"
        "import asyncio, tui.app; print('ssl' in sys.modules);"
        "asyncio.run(asyncio.sleep(0)); import ssl; print(ssl.SSLContext)"
    )
    assert run_code(code) == "False\n<class 'ssl.SSLContext'>\n"


def test_other_commands_paint_nothing(
    entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that prints text leaves the screen alone."""
    for argv in (["list"], ["--help"], ["demo"]):
        assert begin(monkeypatch, *argv) == 7
    assert entry.steps == [
        ("run", ["list"]),
        ("run", ["--help"]),
        ("run", ["demo"]),
    ]


def test_nothing_is_painted_without_a_terminal(
    entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dumb terminal, a pipe or a closed descriptor gets no picture."""
    monkeypatch.setenv("TERM", "dumb")
    begin(monkeypatch)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("os.isatty", lambda descriptor: descriptor == 1)
    begin(monkeypatch)

    def closed(_: int) -> bool:
        raise OSError

    monkeypatch.setattr("os.isatty", closed)
    begin(monkeypatch)
    assert entry.steps == [("run", [])] * 3


def test_wrong_usage_ends_with_two(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code of the command line is the program's."""
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert begin(monkeypatch, "--nonsense") == 2
    assert "--nonsense" in capsys.readouterr().err
