"""Every error is one line on stderr and an exit code."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from tui.cli import main
from tui.errors import SourceError, UsageError
from tui.query import parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.config import Settings


@pytest.fixture
def scan(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], int]], None]:
    """A way to put something in the place of the command `scan`."""

    def replace(act: Callable[[], int]) -> None:
        def scan(settings: Settings, said: dict[str, Any]) -> int:
            assert settings.speed == 1.0
            assert said["sources"] == []
            return act()

        module = ModuleType("tui.cli._scan")
        module.scan = scan  # type: ignore[attr-defined]  # a stand-in
        monkeypatch.setitem(sys.modules, "tui.cli._scan", module)

    monkeypatch.setattr("tui.cli._main._leave_pipe", lambda: None)
    return replace


def raising(error: BaseException) -> Callable[[], int]:
    """Make something that raises."""

    def act() -> int:
        raise error

    return act


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (UsageError("no such thing"), 2, "earmark: no such thing\n"),
        (SourceError("/x\n", "not there"), 3, "earmark: /x\\n: not there\n"),
        (BrokenPipeError(), 0, ""),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_errors_have_codes(
    scan: Callable[[Callable[[], int]], None],
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    text: str,
) -> None:
    """A user's mistake is 2, a source's or file's failure is 3, a closed pipe is 0."""
    scan(raising(error))
    assert main(["scan"]) == code
    assert capsys.readouterr().err == text


def test_the_screen_is_given_back_first(
    scan: Callable[[Callable[[], int]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture that was painted ahead never hides what is wrong."""
    steps: list[str] = []
    module = ModuleType("tui.prepaint")
    module.restore = lambda: steps.append("restore")  # type: ignore[attr-defined]  # a stand-in
    monkeypatch.setitem(sys.modules, "tui.prepaint", module)
    monkeypatch.setattr("tui.cli._main.complain", steps.append)
    scan(raising(UsageError("wrong")))
    assert main(["scan"]) == 2
    assert steps == ["restore", "wrong"]
    scan(raising(RuntimeError("a bug")))
    with pytest.raises(RuntimeError):
        main(["scan"])
    assert steps[2:] == ["restore"]


def test_a_command_decides_its_code(
    scan: Callable[[Callable[[], int]], None],
) -> None:
    """What a command returns is the code."""
    scan(lambda: 1)
    assert main(["scan"]) == 1


def test_a_query_is_shown_with_a_mark(
    scan: Callable[[Callable[[], int]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """The word that is wrong is marked below the query, by what is seen."""

    def act() -> int:
        parse("日本\x1b form:Ana x")
        return 0

    scan(act)
    assert main(["scan"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "earmark: query: there is no filter 'form:'; did you mean 'from:'?",
        "  日本\\x1b form:Ana x",
        "           ^^^^^^^^",
    ]


def test_wrong_settings_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """A setting that can't be used ends before anything is done."""
    assert main(["scan", "--config", "/no/such.toml"]) == 2
    assert capsys.readouterr().err == "earmark: /no/such.toml: no such config file\n"


@pytest.mark.parametrize("command", ["", "demo"])
def test_an_unknown_theme_is_told(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the names that there are, instead of other colours without a word."""
    assert main([*filter(None, [command]), "--theme", "nope"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("earmark: no theme is called 'nope' (try earmark-dark, ")
    assert "nord" in line


def test_a_known_theme_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    """Then only the terminal is missing here."""
    assert main(["--theme", "earmark-light"]) == 2
    assert "needs a terminal" in capsys.readouterr().err


@pytest.mark.parametrize("argv", [["--version"], ["list", "--help"]])
def test_texts_end_well(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` and `--version` print to stdout and are no error."""
    assert main(argv) == 0
    out = capsys.readouterr()
    assert "earmark" in out.out
    assert out.err == ""
