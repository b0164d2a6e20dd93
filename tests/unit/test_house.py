"""The rules of the house that no linter knows, checked on the source itself."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "tui").rglob("*.py"))
HEADLESS = (
    "audio",
    "browse",
    "config",
    "errors",
    "export",
    "indexer",
    "library",
    "media",
    "model",
    "objects",
    "playback",
    "query",
    "rowtext",
    "sources",
    "text",
)


def _relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def _facts() -> list[tuple[str, int, list[str], list[int]]]:
    """Read each file once: its lines, its long functions, its waits for the screen."""
    facts = []
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        long, calls = [], []
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > 60:
                    long.append(f"{node.name}: {lines}")
            elif isinstance(node, ast.Attribute) and node.attr == "call_from_thread":
                calls.append(node.lineno)
        facts.append((_relative(path), text.count("\n"), long, calls))
    assert len(facts) > 300
    return facts


def test_files_stay_short() -> None:
    """No file over 600 lines: what is longer hides two things."""
    assert [f"{name}: {lines}" for name, lines, _, _ in _facts() if lines > 600] == []


def test_functions_stay_short() -> None:
    """No function over 60 lines, for the same reason."""
    assert [(name, long) for name, _, long, _ in _facts() if long] == []


def test_no_thread_waits_for_the_user_interface() -> None:
    """`call_from_thread` blocks its thread on the event loop: a deadlock at exit."""
    assert [(name, calls) for name, _, _, calls in _facts() if calls] == []


@pytest.mark.parametrize("name", HEADLESS)
def test_headless_modules_load_no_user_interface(name: str) -> None:
    """What works without a terminal must not even load Textual, Rich or a decoder.

    The linter proves it for import statements; this proves it for what really happens.
    """
    code = (
        f"import sys, tui.{name}\n"
        "heavy = {'textual', 'rich', 'av', 'miniaudio', 'simpleaudio', 'mutagen',"
        " 'watchfiles', 'numpy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        timeout=20,
    )
    assert run.stdout.strip() == "[]"


def test_the_project_stands_alone() -> None:
    """Nothing reads or names the folder of design papers beside the project."""
    needle = "../" + "shared"
    suspects = [
        _relative(path)
        for folder in ("tui", "tests")
        for path in (ROOT / folder).rglob("*.py")
        if needle in path.read_text(encoding="utf-8")
    ]
    assert suspects == []
