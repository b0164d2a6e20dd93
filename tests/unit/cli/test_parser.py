"""The command line: which command is meant, what is said, what `--help` tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.child import run_code
from tui.cli._argv import COMMANDS, opens_browser, split
from tui.cli._main import _parsed
from tui.cli._parser import parse_arguments
from tui.errors import UsageError


@pytest.mark.parametrize(
    ("argv", "command", "rest"),
    [
        ([], "", []),
        (["/x"], "", ["/x"]),
        (["./list"], "", ["./list"]),
        (["/x", "list"], "", ["/x", "list"]),
        (["--", "list"], "", ["--", "list"]),
        (["list", "mum"], "list", ["mum"]),
        (["--library", "list", "chats"], "chats", ["--library", "list"]),
        (["--library=list", "scan"], "scan", ["--library=list"]),
        (["--ascii", "demo"], "demo", ["--ascii"]),
        (["--speed"], "", ["--speed"]),
        (["--help", "play"], "play", ["--help"]),
    ],
)
def test_the_first_plain_word_is_the_command(
    argv: list[str], command: str, rest: list[str]
) -> None:
    """A value of an option is no command, and neither is a second word."""
    assert split(argv) == (command, rest)


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        ([], ("", "")),
        (["/x", "--ascii", "--speed", "2"], ("", "")),
        (["--theme", "nord"], None),
        (["--theme", ""], ("", "")),
        (["--library", "a.db", "/x"], ("a.db", "")),
        (["--library=a.db", "--config=c"], ("a.db", "c")),
        (["--library"], ("", "")),
        (["--", "--help"], ("", "")),
        (["--help"], None),
        (["-h"], None),
        (["--version"], None),
        (["--nonsense"], None),
        (["list"], None),
        (["demo"], None),
    ],
)
def test_the_picture_is_painted_for_the_browser_alone(
    argv: list[str], expected: tuple[str, str] | None
) -> None:
    """Anything that may end in a text instead of the browser is left to the parser."""
    assert opens_browser(argv) == expected


def test_the_first_look_imports_nothing() -> None:
    """What runs ahead of the first picture costs no import."""
    loaded = run_code(
        "import sys; before = set(sys.modules); import tui.cli._argv;"
        "print(*sorted(set(sys.modules) - before))"
    )
    assert loaded.split() == ["__future__", "tui", "tui.cli", "tui.cli._argv"]


_NEEDED = {
    "assign": ["x"],
    "backup": ["x.json"],
    "bookmark": ["1", "1:23"],
    "bundle": ["x", "--to", "/x"],
    "collection": ["create", "x"],
    "comment": ["x", "y"],
    "config": ["path"],
    "export": ["x", "--to", "/x"],
    "key": ["list"],
    "mail": ["x", "--draft", "/x"],
    "mark": ["played", "x"],
    "ssh": ["host"],
    "merge": ["chat", "x", "--into", "y"],
    "play": ["x"],
    "rename": ["chat", "x", "y"],
    "restore": ["x.json"],
    "show": ["1"],
    "split": ["sender", "x"],
    "tag": ["x", "y"],
    "title": ["1", "x"],
    "untag": ["x", "y"],
    "verify": ["/x"],
}
"""What commands can't do without."""


def test_each_command_is_known_everywhere() -> None:
    """The first look and the parser know the same commands."""
    for command in COMMANDS:
        words = _NEEDED.get(command, [])
        assert parse_arguments([command, *words])["command"] == command
    assert parse_arguments([])["command"] == ""


def test_arguments_of_the_browser() -> None:
    """Folders and settings stand in any order."""
    said = parse_arguments(["--ascii", "/x", "--library", "l.db", "--speed", "2", "/y"])
    assert said["sources"] == ["/x", "/y"]
    assert (said["library"], said["speed"], said["ascii"]) == ("l.db", "2", True)
    assert parse_arguments([])["ascii"] is None


@pytest.mark.parametrize(
    ("argv", "query"),
    [
        (["list"], ""),
        (["list", "mum", "--json", "is:half"], "mum is:half"),
        (["list", "-is:played", "or", "-x"], "-is:played or -x"),
        (["list", 'chat:"a b"', "-"], 'chat:"a b" -'),
        (["play", "mum", "--speed", "2", "-chat:x"], "mum -chat:x"),
        (["star", "-is:starred", "--off", "mum"], "-is:starred mum"),
        (["tag", "x", "-a", "--dry-run", "or", "-b"], "-a or -b"),
        (["untag", "x"], ""),
        (["mark", "half", "-a"], "-a"),
        (["bookmarks", "-a", "b"], "-a b"),
        (["comment", "-a b", "-"], "-a b"),
    ],
)
def test_a_query_is_all_its_words(argv: list[str], query: str) -> None:
    """Words of a query may begin with `-` and stand on both sides of options."""
    assert parse_arguments(argv)["query"] == query


def test_options_of_list() -> None:
    """A source, an order, a number and JSON are asked for by name."""
    said = parse_arguments(["list", "--source", "/x", "--json"])
    assert (said["source"], said["json"]) == (Path("/x"), True)
    assert (said["sort"], said["limit"]) == (None, None)
    said = parse_arguments(["list", "--sort", "longest", "x", "--limit", "3"])
    assert (said["sort"], said["limit"], said["query"]) == ("longest", 3, "x")


def test_other_words_keep_their_dash() -> None:
    """A text or a name may begin as an option does."""
    said = parse_arguments(["comment", "x", "-x"])
    assert said["text"] == "-x"
    assert parse_arguments(["comment", "x", "-"])["text"] == "-"
    assert parse_arguments(["tag", "-x", "y"])["tags"] == "-x"
    said = parse_arguments(["searches", "save", "New", "-is:played", "x"])
    assert said["names"] == ["New", "-is:played", "x"]
    assert parse_arguments(["bookmark", "1", "2", "-x"])["text"] == "-x"


def test_backup_restore_and_config_are_understood() -> None:
    """Files are text, so that `-` may be one."""
    assert parse_arguments(["backup", "-", "--json"])["file"] == "-"
    said = parse_arguments(["restore", "x.json", "--dry-run"])
    assert (said["file"], said["dry_run"], said["json"]) == ("x.json", True, False)
    said = parse_arguments(["config", "init", "--force"])
    assert (said["action"], said["force"]) == ("init", True)


@pytest.mark.parametrize(
    "argv",
    [
        ["--nonsense"],
        ["list", "--nonsense"],
        ["show"],
        ["play"],
        ["demo", "--path"],
        ["chats", "extra"],
        ["tag"],
        ["comment", "x"],
        ["comment", "x", "two", "words"],
        ["title", "x"],
        ["bookmark", "1"],
        ["mark", "heard", "x"],
        ["mark"],
        ["tags", "remove", "x"],
        ["searches", "add", "x"],
        ["undo", "0"],
        ["undo", "-1"],
        ["undo", "x"],
        ["list", "--limit", "0"],
        ["list", "--limit", "1000000000000"],
        ["list", "--limit", "²"],
        ["list", "--sort", "oldst"],
        ["config", "edit"],
        ["backup"],
    ],
)
def test_what_is_not_understood_is_told(argv: list[str]) -> None:
    """Wrong usage is an error that says where to read more."""
    with pytest.raises(UsageError, match="--help"):
        parse_arguments(argv)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["sssh"], "there is no command sssh; did you mean ssh?"),
        (["--ascii", "Listen"], "there is no command Listen; did you mean listen?"),
        (["bookmrk"], "there is no command bookmrk; did you mean bookmark?"),
        (["unstarr"], "there is no command unstarr; did you mean unstar?"),
        (["lst"], "there is no command lst; did you mean list?"),
        (["Watch"], "there is no command Watch; did you mean watch?"),
        (["sender"], "there is no command sender; did you mean senders?"),
    ],
)
def test_a_command_that_is_not_there_is_told(
    argv: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A word that is no folder, but nearly a command, is not taken for a folder."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        parse_arguments(argv)
    assert caught.value.message == f"{message} (see earmark --help)"
    (tmp_path / argv[0]).mkdir()
    if len(argv) == 1:
        assert parse_arguments(argv)["sources"] == argv


def test_other_words_are_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is not there is told as such, later."""
    monkeypatch.chdir(tmp_path)
    for word in ("Recordings", "./lst", "/tags", "/x/list"):
        assert parse_arguments([word])["sources"] == [word]
    assert parse_arguments(["--", "tags"])["sources"] == ["tags"]


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_a_terminal(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every help text tells what the command is for, within 80 columns... and ends."""
    with pytest.raises(SystemExit):
        parse_arguments([*([command] if command else []), "--help"])
    text = capsys.readouterr().out
    assert text.startswith(f"usage: earmark {command}".rstrip())
    assert max(map(len, text.splitlines())) <= 88
    assert "--library" in text
    if command:
        assert "exit codes" in text
    else:
        assert all(f" {name}" in text for name in COMMANDS)


def test_no_module_of_the_user_interface_is_needed_to_list() -> None:
    """The command line without browser loads neither Textual nor a decoder."""
    loaded = run_code(
        "import sys, tui.cli._main, tui.cli._list, tui.cli._scan\n"
        "print(*({'textual', 'rich', 'av', 'miniaudio', 'watchfiles', 'mutagen'}"
        " & set(sys.modules)))"
    )
    assert loaded.strip() == ""


def test_nothing_said_is_read_as_by_the_parser() -> None:
    """The short way says nothing else, so that all settings are the usual ones."""
    told = {k: v for k, v in parse_arguments([]).items() if v is not None}
    assert told == _parsed([])
