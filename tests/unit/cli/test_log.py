"""Warnings go to the log file, or nowhere."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tests.support.child import run_code
from tui.cli._log import logging_to

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

log = logging.getLogger("tui.test")


def test_warnings_go_to_the_file(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The folder is made with the first warning, and nothing is printed."""
    # The runner's own handler would send what it hears to another process, as UTF-8.
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    path = tmp_path / "log" / "earmark.log"
    with logging_to(path):
        log.info("not told")
        assert not path.parent.exists()
        log.warning("it says %s", "more")
    log.warning("after")
    (line,) = path.read_text().splitlines()
    assert line.endswith("WARNING tui.test: it says more")
    assert capsys.readouterr().out == ""


def test_a_name_that_is_no_text_can_be_logged(tmp_path: Path) -> None:
    """In a process of its own: the test runner itself can't pass such text on."""
    code = (
        "import logging, pathlib\n"
        "from tui.cli._log import logging_to\n"
        f"with logging_to(pathlib.Path({str(tmp_path / 'e.log')!r})):\n"
        "    logging.getLogger('tui.x').warning('it says %s', '\\udcff')\n"
    )
    assert run_code(code) == ""
    assert (tmp_path / "e.log").read_text().endswith("it says \\udcff\n")


def test_where_no_file_can_be_a_warning_is_lost(tmp_path: Path) -> None:
    """Who warns is not told that it could not be written."""
    (tmp_path / "file").touch()
    with logging_to(tmp_path / "file" / "earmark.log"):
        log.warning("lost")
    assert (tmp_path / "file").read_bytes() == b""


def test_a_command_prints_no_warning(tmp_path: Path) -> None:
    """What the standard library prints without a handler is not printed."""
    code = (
        "import logging, sys, tui.cli._scan as scan\n"
        "def warn(settings, said):\n"
        "    logging.getLogger('tui.x').warning('raw \\x1b[2J')\n"
        "    return 0\n"
        "scan.scan = warn\n"
        "from tui.cli import main\n"
        "sys.stderr = sys.stdout\n"
        f"print(main(['scan', '--log', {str(tmp_path / 'e.log')!r}]))\n"
    )
    assert run_code(code) == "0\n"
    assert "raw" in (tmp_path / "e.log").read_text()
