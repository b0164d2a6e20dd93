"""Lines, tables and JSON on standard output."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys

import pytest

from tests.support.child import ROOT
from tui.cli._output import Out, complain


class Terminal(io.StringIO):
    """A stream that says to be a terminal."""

    def isatty(self) -> bool:
        """Be one."""
        return True


def test_an_array_is_json_at_any_length() -> None:
    """Nothing, one and many are an array, an object a line."""
    for count in range(3):
        stream = io.StringIO()
        values = [{"n": n, "text": "\x1b[31m é"} for n in range(count)]
        assert Out(stream).array(iter(values)) == count
        assert json.loads(stream.getvalue()) == values
        assert stream.getvalue().count("\n") == max(1, count)
        assert stream.getvalue().isascii()
        assert "\x1b" not in stream.getvalue()


def test_a_table_is_aligned_by_what_is_seen() -> None:
    """Wide characters count twice, numbers stand right, nothing trails."""
    stream = io.StringIO()
    Out(stream).table(
        [["日本", "5", "one"], ["Ana", "10", ""], ["x" * 40, "1", "two"]], right=[1]
    )
    assert stream.getvalue().splitlines() == [
        "日本" + " " * 24 + "   5  one",
        "Ana" + " " * 25 + "  10",
        "x" * 27 + "…" + "   1  two",
    ]


def test_an_empty_table_is_nothing() -> None:
    """No rows, no line."""
    stream = io.StringIO()
    Out(stream).table([])
    assert stream.getvalue() == ""


def test_lines_fit_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal a line is cut to its width; in a file it is whole."""
    monkeypatch.setenv("COLUMNS", "20")
    on_terminal, in_file = Terminal(), io.StringIO()
    Out(on_terminal).line("x" * 50)
    Out(in_file).line("x" * 50)
    assert on_terminal.getvalue() == "x" * 19 + "…\n"
    assert in_file.getvalue() == "x" * 50 + "\n"


def test_complaints_are_one_safe_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A hostile name in a message can't steer the terminal."""
    complain("/x/\x1b[2J\nb: no such folder")
    assert capsys.readouterr().err == "earmark: /x/\\x1b[2J\\nb: no such folder\n"


def test_a_closed_stderr_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody listens, nothing is told."""
    stream = io.StringIO()
    stream.close()
    monkeypatch.setattr(sys, "stderr", stream)
    complain("x")
    assert sys.stderr is stream


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110  # a device
@pytest.mark.parametrize("argv", [["--help"], ["doctor", "--json"], ["scan", "--json"]])
def test_a_full_disk_is_told(argv: list[str]) -> None:
    """What can't be written is one line and a code, not a trace, however much it is."""
    with open("/dev/full", "wb") as full:  # noqa: PTH123  # a device
        done = subprocess.run(
            [sys.executable, "-m", "tui", *argv],
            stdout=full,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=40,
            cwd=ROOT,
        )
    *_, last = done.stderr.decode().splitlines()
    assert last == "earmark: standard output: no space left on device"
    assert b"Traceback" not in done.stderr
    assert done.returncode == 3


def test_a_closed_pipe_is_quiet() -> None:
    """`earmark ... | head` ends without a word, and with success."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "tui", "--help"],
        stdout=writer,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=20,
        cwd=ROOT,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")
