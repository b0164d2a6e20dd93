"""Settings: which value wins, what is refused and how it is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from platformdirs import PlatformDirs

from tui.__main__ import library_path
from tui.cli._default_config import default_config
from tui.config import (
    Colors,
    Keys,
    Settings,
    load_settings,
    remember_theme,
)
from tui.errors import UsageError


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A config file that sets everything."""
    path = tmp_path / "etc" / "config.toml"
    path.parent.mkdir()
    path.write_text(
        """
        library = "data/notes.db"
        log = "/var/log/earmark.log"
        sources = ["~/Sync", "phone"]
        output = "file:out.wav"
        speed = 2
        skip = 3
        level = true
        target_lufs = -23
        remember = "chat"
        continuous = false
        gap = 1.5
        tone = true
        theme = "textual-light"
        ascii = true
        low_bandwidth = true
        editor = "vim -f"
        search_history = 5
        backups = 0

        [keys]
        preset = "vim"
        "play.mute" = ["x", ","]
        note.star = ""

        [colors]
        primary = "#FF0000"
        error = "#abc"
        """
    )
    return path


@pytest.fixture(autouse=True)
def locale(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that shows every character."""
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("LC_CTYPE", raising=False)
    monkeypatch.setenv("LANG", "en_US.UTF-8")


def test_defaults_stand_in_the_folders_of_the_platform(isolated: Path) -> None:
    """Without a config, everything has its usual value."""
    settings = load_settings()
    assert settings == Settings(
        library=isolated / "data" / "earmark" / "library.db",
        config=isolated / "config" / "earmark" / "config.toml",
        log=Path.home() / ".local" / "state" / "earmark" / "log" / "earmark.log",
    )


@pytest.mark.parametrize("variable", ["", "  ", "/elsewhere", "relative", "~/x"])
@pytest.mark.parametrize("known", [True, False])
def test_our_places_are_those_of_the_platform(
    monkeypatch: pytest.MonkeyPatch, variable: str, *, known: bool
) -> None:
    """Asked of platformdirs, where the system is not known, or told by ourselves."""
    for name in ("CONFIG", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", variable)
    monkeypatch.setattr("tui.config.is_known", lambda: known)
    places = PlatformDirs("earmark", appauthor=False)
    settings = load_settings()
    assert settings.library == places.user_data_path / "library.db"
    assert settings.config == places.user_config_path / "config.toml"
    assert settings.log == places.user_log_path / "earmark.log"


def test_the_file_of_the_platform_is_read(isolated: Path) -> None:
    """The usual config file needs no option."""
    path = isolated / "config" / "earmark" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text("speed = 1.5\n")
    assert load_settings().speed == 1.5


def test_every_key_of_a_file(config: Path, isolated: Path) -> None:
    """Paths of a file are relative to it; `~` is the home."""
    assert load_settings({"config": str(config)}) == Settings(
        library=config.parent / "data" / "notes.db",
        config=config,
        log=Path("/var/log/earmark.log"),
        sources=(isolated / "Sync", config.parent / "phone"),
        output=f"file:{config.parent / 'out.wav'}",
        speed=2.0,
        skip=3,
        level=True,
        target_lufs=-23.0,
        remember="chat",
        continuous=False,
        gap=1.5,
        tone=True,
        theme="textual-light",
        ascii=True,
        low_bandwidth=True,
        editor="vim -f",
        search_history=5,
        backups=0,
        keys=Keys(
            "vim", (("play.mute", "x,comma"), ("note.star", "")), origin=str(config)
        ),
        colors=Colors((("primary", "#ff0000"), ("error", "#abc"))),
    )


def test_variables_win_over_the_file(config: Path) -> None:
    """Each key has a variable; its paths are relative to where the user stands."""
    environ = {
        "EARMARK_CONFIG": str(config),
        "EARMARK_LIBRARY": "x.db",
        "EARMARK_LOG": "x.log",
        "EARMARK_SOURCES": os.pathsep.join(["/a", "", "b"]),
        "EARMARK_OUTPUT": "null",
        "EARMARK_LOW_BANDWIDTH": "no",
        "EARMARK_SPEED": "0.5",
        "EARMARK_SKIP": "1",
        "EARMARK_LEVEL": "off",
        "EARMARK_TARGET_LUFS": "-16.5",
        "EARMARK_REMEMBER": "all",
        "EARMARK_CONTINUOUS": "yes",
        "EARMARK_GAP": "0",
        "EARMARK_TONE": "",
        "EARMARK_THEME": "",
        "EARMARK_ASCII": "0",
        "EARMARK_EDITOR": "",
        "EARMARK_SEARCH_HISTORY": " 7 ",
        "EARMARK_BACKUPS": "30",
        "EARMARK_BACKUP_DIR": "",
        "EARMARK_KEYS": "mpv; play.mute = M; play.louder=0,=;",
        "EARMARK_COLORS": "warning=#123456",
        "EARMARK_CI": "1",
    }
    assert load_settings(environ=environ) == Settings(
        library=Path.cwd() / "x.db",
        config=config,
        log=Path.cwd() / "x.log",
        sources=(Path("/a"), Path.cwd() / "b"),
        output="null",
        speed=0.5,
        skip=1,
        target_lufs=-16.5,
        remember="all",
        theme="",
        ascii=False,
        low_bandwidth=False,
        search_history=7,
        backups=30,
        keys=Keys("mpv", (("play.mute", "M"), ("play.louder", "0,=")), "EARMARK_KEYS"),
        colors=Colors((("warning", "#123456"),)),
    )


def test_options_win_over_all(config: Path) -> None:
    """What stands on the command line is what counts; what does not stand does not."""
    options = {"config": str(config), "speed": 3, "library": "y.db", "output": None}
    settings = load_settings(options, {"EARMARK_SPEED": "1", "EARMARK_OUTPUT": "null"})
    assert settings.speed == 3.0
    assert settings.output == "null"
    assert settings.library == Path.cwd() / "y.db"


@pytest.mark.parametrize(
    ("environ", "ascii_only"),
    [
        ({}, True),
        ({"LANG": "C"}, True),
        ({"LANG": "de_DE.utf8"}, False),
        ({"LC_ALL": "C", "LANG": "de_DE.utf8"}, True),
        ({"LC_CTYPE": "C.UTF-8", "LANG": "C"}, False),
        ({"LC_CTYPE": "C.UTF-8", "EARMARK_ASCII": "1"}, True),
        ({"LANG": "C", "EARMARK_ASCII": "0"}, False),
    ],
)
def test_the_locale_decides_where_nobody_did(
    environ: dict[str, str], ascii_only: bool
) -> None:
    """Other characters are drawn only where the terminal is said to know them."""
    assert load_settings(environ=environ).ascii is ascii_only


def test_a_name_that_is_no_text_stays_a_path() -> None:
    """A path of bytes that are no UTF-8 reaches the library as it is."""
    name = os.fsdecode(b"/x/caf\xe9.db")
    assert os.fsencode(load_settings({"library": name}).library) == b"/x/caf\xe9.db"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("sped = 1", "sped: no such setting; did you mean 'speed'?"),
        ("xyzzy = 1", "xyzzy: no such setting"),
        ("speed = 1\nspeed", "no valid TOML"),
        ("speed = 5", "speed: must be a number from 0.5 to 4"),
        ("speed = true", "speed: must be a number from 0.5 to 4"),
        ("speed = 'fast'", "speed: must be a number from 0.5 to 4"),
        (f"speed = 1{'0' * 400}", "speed: must be a number from 0.5 to 4"),
        ("speed = nan", "speed: must be a number from 0.5 to 4"),
        ("skip = 4", "skip: must be a whole number from 0 to 3"),
        ("level = 2", "level: must be true or false"),
        ("target_lufs = -9", "target_lufs: must be a number from -30 to -10"),
        ("gap = 10.5", "gap: must be a number from 0 to 10"),
        ("remember = 'note'", "remember: must be one of sender, chat, all, not 'note'"),
        ("output = 'loud'", "output: no output is called 'loud'"),
        ("output = 'file:'", "output: no output is called 'file:'"),
        ("output = 'pulse:'", "output: no output is called 'pulse:'"),
        (r'output = "pulse:\u0000"', r"output: no output is called 'pulse:\x00'"),
        ("output = 3", "output: must be text in quotes"),
        ("ascii = 'maybe'", "ascii: must be true or false"),
        ("ascii = 2", "ascii: must be true or false"),
        ("sources = 3", "sources: must be a list of paths"),
        ("sources = [3]", "sources: must be text in quotes"),
        ("library = ''", "library: must be a path"),
        ("[library]", "library: must be text in quotes"),
        ("editor = 'vim \"'", "editor: has a quote without the other one"),
        ("editor = 1", "editor: must be text in quotes"),
        ("backups = -1", "backups: must be a whole number from 0 to 365"),
        ("backups = 1.5", "backups: must be a whole number from 0 to 365"),
        ("backups = true", "backups: must be a whole number from 0 to 365"),
        ("backups = 'x'", "backups: must be a whole number from 0 to 365"),
        ("search_history = 10001", "search_history: must be a whole number from 0"),
        ("keys = 3", "keys: must be a table, [keys]"),
        ("keys = []", "keys: must be a table, [keys]"),
        ("keys.preset = 'vi'", "keys: no preset is called 'vi' (try earmark,"),
        ("keys.preset = 3", "keys: preset: must be text in quotes"),
        ("[keys]\nplay.mute = 3", "keys: play.mute: must be a key in quotes, or a"),
        ("[keys]\nplay.mute = [3]", "keys: play.mute: must be a key in quotes, or a"),
        ("colors = 3", "colors: must be a table, [colors]"),
        (
            "[colors]\nprimry = '#fff'",
            "colors: primry: there is no such colour; did you mean 'primary'?",
        ),
        ("colors = 'red'", "colors: red: there is no such colour"),
        ("[colors]\nerror = 'red'", "colors: error: 'red' is no colour like #7fc1b1"),
        ("[colors]\nerror = '#ff'", "colors: error: '#ff' is no colour like"),
        ("[colors]\nerror = '#ggg'", "colors: error: '#ggg' is no colour like"),
        ("[colors]\nerror = 'fff'", "colors: error: 'fff' is no colour like"),
        ("[colors]\nerror = 3", "colors: error: must be text in quotes"),
        ("[theme]\nprimary = '#fff'", "theme: must be text in quotes"),
        ("chosen_theme = 'nord'", "chosen_theme: no such setting"),
        ("config = 'x'", "config: no such setting"),
        pytest.param("x = " + "[" * 9000, "no valid TOML", id="deep"),
        pytest.param("#" * (1 << 21), "too long for a config file", id="long"),
    ],
)
def test_a_wrong_file_is_told_with_its_name(
    tmp_path: Path, content: str, message: str
) -> None:
    """What can't be used names the file, the key and what is wanted."""
    path = tmp_path / "c.toml"
    path.write_text(content)
    with pytest.raises(UsageError) as caught:
        load_settings({"config": path})
    assert caught.value.message.startswith(f"{path}: ")
    assert message in caught.value.message


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are told, not raised."""
    path = tmp_path / "c.toml"
    path.write_bytes(b"theme = '\xff'")
    with pytest.raises(UsageError, match="no valid TOML"):
        load_settings({"config": str(path)})


def test_a_config_that_is_named_must_be_there(tmp_path: Path) -> None:
    """A named file that is not there is an error; a folder is another."""
    with pytest.raises(UsageError, match="no such config file"):
        load_settings({"config": str(tmp_path / "none.toml")})
    with pytest.raises(UsageError, match="directory"):
        load_settings({"config": str(tmp_path)})


def test_a_wrong_variable_is_told_with_its_name() -> None:
    """A variable is named as the user wrote it."""
    with pytest.raises(UsageError, match="EARMARK_SPEED: speed: must be"):
        load_settings(environ={"EARMARK_SPEED": "fast"})


def test_a_wrong_option_is_told() -> None:
    """An option is named as the key that it sets."""
    with pytest.raises(UsageError, match="command line: output: no output"):
        load_settings({"output": "tape"})
    named = load_settings({}, {"EARMARK_OUTPUT": "miniaudio:K\u00fcche: \udcff"})
    assert named.output == "miniaudio:K\u00fcche: \udcff"


def test_each_setting_tells_where_it_was_said(config: Path) -> None:
    """In a word, and to begin a message with; a table that is empty says nothing."""
    assert load_settings({}, {}).origins == {}
    settings = load_settings(
        {"config": str(config), "output": "null"}, {"EARMARK_SPEED": "1"}
    )
    assert settings.speed == 1.0
    origins = dict(settings.origins)
    assert origins.pop("config") == origins.pop("output") == "option"
    assert origins.pop("speed") == "variable"
    assert set(origins.values()) == {"file"}
    assert settings.where("theme") == f"{config}: theme: "
    assert settings.where("speed") == "EARMARK_SPEED: speed: "
    assert settings.where("output") == settings.where("chosen_theme") == ""
    config.write_text("[keys]\n[colors]\n")
    settings = load_settings({}, {"EARMARK_CONFIG": str(config)})
    assert settings.origins == {"config": "variable"}


def test_a_short_way_to_name_a_preset(tmp_path: Path) -> None:
    """The value of the variable stands for the table, as it does there."""
    path = tmp_path / "c.toml"
    path.write_text('keys = "vim"\n')
    assert load_settings({"config": path}).keys == Keys("vim", (), str(path))


def test_a_file_that_is_not_read_need_not_be_right(tmp_path: Path) -> None:
    """Whoever makes or names it can do so while it is wrong, or not there."""
    for content in ("", "wrong"):
        path = tmp_path / f"{content}.toml"
        if content:
            path.write_text(content)
        settings = load_settings({"config": str(path)}, reads_file=False)
        assert settings.config == path
        assert settings.speed == 1.0


@pytest.mark.parametrize("known", [True, False])
def test_a_chosen_theme_is_kept(
    isolated: Path, monkeypatch: pytest.MonkeyPatch, *, known: bool
) -> None:
    """Until the theme of the settings is chosen again; in the user's state."""
    monkeypatch.setattr("tui.config.is_known", lambda: known)
    assert load_settings().chosen_theme == ""
    remember_theme(load_settings(), "nord")
    assert load_settings().chosen_theme == "nord"
    assert load_settings().theme == ""
    (path,) = (isolated / ".local" / "state" / "earmark").iterdir()
    assert path.name == "theme"
    remember_theme(load_settings(), "")
    assert load_settings().chosen_theme == ""
    assert not path.exists()
    remember_theme(load_settings(), "")


def test_what_is_said_later_counts_more_than_a_choice(config: Path) -> None:
    """Another theme or colour in the file, a variable or an option; not the same."""

    def chosen(options: dict[str, str] | None = None, **environ: str) -> str:
        return load_settings(
            {"config": config, **(options or {})}, environ
        ).chosen_theme

    remember_theme(load_settings({"config": config}), "nord")
    assert chosen() == "nord"
    assert chosen(EARMARK_SPEED="2") == "nord"
    assert chosen(EARMARK_THEME="gruvbox") == ""
    assert chosen(EARMARK_COLORS="error=#f00") == ""
    assert chosen({"theme": "gruvbox"}) == ""
    text = config.read_text()
    config.write_text(text.replace("textual-light", "gruvbox"))
    assert chosen() == ""
    config.write_text(text.replace("#abc", "#abd"))
    assert chosen() == ""
    config.write_text(text.replace("speed = 2", "speed = 3"))
    assert chosen() == "nord"


@pytest.mark.parametrize(
    "content",
    [b"", b"nord", b"nord\n", b"nord\n\n\n", b"\xff\n\n"],
    ids=["empty", "cut off", "half", "more", "no text"],
)
def test_a_choice_that_makes_no_sense_is_none(isolated: Path, content: bytes) -> None:
    """Half a file, or one of somebody else, is no reason to stop."""
    path = isolated / ".local" / "state" / "earmark" / "theme"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert load_settings().chosen_theme == ""
    path.write_bytes(b"nord\n\n")
    assert load_settings().chosen_theme == "nord"


def test_a_choice_that_can_not_be_kept_ends_with_the_browser(
    isolated: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is a line in the log."""
    (isolated / ".local").write_text("a file in the way")
    remember_theme(load_settings(), "nord")
    assert load_settings().chosen_theme == ""
    assert "the theme can't be remembered" in caplog.text


@pytest.mark.parametrize(
    ("content", "is_painted"),
    [
        ("", True),
        ("speed = 2", True),
        ("theme = 'earmark-dark'", True),
        ("theme = 'nord'", False),
        ("[colors]", True),
        ("[colors]\n#error = '#f00'", True),
        ("colors.error = '#f00'", False),
        ("[keys]\nplay.mute = '#'", True),
    ],
)
def test_other_colours_have_no_picture_ahead(
    isolated: Path, content: str, *, is_painted: bool
) -> None:
    """The picture ahead of the browser has our own colours only."""
    path = isolated / "config" / "earmark" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    assert bool(library_path()) is is_painted
    assert library_path("", str(path)) == library_path()


def test_a_chosen_theme_has_no_picture_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless it is the one that the picture has."""
    usual = library_path()
    assert usual == str(load_settings().library)
    remember_theme(load_settings(), "nord")
    assert library_path() == ""
    remember_theme(load_settings(), "earmark-dark")
    assert library_path() == usual
    monkeypatch.setenv("EARMARK_COLORS", "error=#f00")
    assert library_path() == ""


def test_the_default_file_costs_no_look_at_the_settings(
    isolated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is only explained there says nothing of the library or the colours."""
    path = isolated / "config" / "earmark" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(default_config(), encoding="utf-8")
    monkeypatch.setattr("tui.__main__._as_set", lambda *_: pytest.fail("asked"))
    assert library_path()
