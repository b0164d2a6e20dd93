"""Text for one line of a terminal: nothing that steers it may pass."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.text import clock, cut, fit, for_shell, printable, width


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain name.opus", "plain name.opus"),
        ("a\nb", "a\\nb"),
        ("tab\there", "tab here"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b31m", "\\x9b31m"),
        ("evil\u202egpj", "evil\\u202egpj"),
        ("line\u2028two", "line\\u2028two"),
        ("caf\udce9", "caf\\xe9"),
        ("\ud800", "\\ud800"),
        ("\U000e0001tag", "\\U000e0001tag"),
        ("Ünïcödé 日本 👩\u200d🚀", "Ünïcödé 日本 👩\u200d🚀"),
        ("[/] [@click=app.quit]x[/]", "[/] [@click=app.quit]x[/]"),
    ],
)
def test_printable_shows_what_would_steer_the_terminal(raw: str, shown: str) -> None:
    """Each dangerous character becomes a visible escape; harmless text is kept."""
    assert printable(raw) == shown


@given(st.text(st.characters(exclude_categories=())))
def test_printable_leaves_no_control_character(raw: str) -> None:
    """Whatever goes in, one line without controls comes out, and stays as it is."""
    shown = printable(raw)
    bad = {"Cc", "Cs", "Zl", "Zp", "Co", "Cn"}
    assert not any(unicodedata.category(char) in bad for char in shown)
    assert not any(
        unicodedata.category(char) == "Cf" and char != "\u200d" for char in shown
    )
    assert printable(shown) == shown


@given(st.text(), st.integers(min_value=0, max_value=40))
def test_cut_never_exceeds_its_cells(raw: str, cells: int) -> None:
    """A shortened text fits, and a text that fits is untouched."""
    text = printable(raw)
    short = cut(text, cells)
    assert width(short) <= cells
    if width(text) <= cells:
        assert short == text


@given(st.text(), st.integers(min_value=1, max_value=40), st.booleans())
def test_fit_fills_exactly(raw: str, cells: int, right: bool) -> None:
    """A fitted text takes exactly its cells, wide characters included."""
    assert width(fit(printable(raw), cells, right=right)) == cells


def test_cut_marks_what_is_missing() -> None:
    """The mark takes the last cell, and a wide character is never halved."""
    assert cut("abcdef", 4) == "abc…"
    assert cut("日本語です", 5) == "日本…"
    assert cut("abc", 0) == ""


@pytest.mark.parametrize(
    ("ms", "shown"),
    [
        (None, "--:--"),
        (0, "0:00"),
        (999, "0:00"),
        (42_000, "0:42"),
        (725_000, "12:05"),
        (3_731_000, "1:02:11"),
    ],
)
def test_clock(ms: int | None, shown: str) -> None:
    """Lengths are written as people say them."""
    assert clock(ms) == shown


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (b"/plain/path", "/plain/path"),
        (b"/my notes", "'/my notes'"),
        (b"/it's", "'/it'\"'\"'s'"),
        (b"/home/ana/Sync", "~/Sync"),
        (b"/home/ana/My Sync", "~/'My Sync'"),
        (b"/home/anabel/x", "/home/anabel/x"),
        (b"/caf\xe9", "'/caf\\xe9'"),
    ],
)
def test_a_path_for_the_shell(
    path: bytes, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A home is short, and what a shell would take apart is quoted."""
    monkeypatch.setenv("HOME", "/home/ana")
    assert for_shell(path) == shown
