"""Settings: which value wins, what is refused and how it is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from platformdirs import PlatformDirs

from tui.config import Settings, load_settings
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
        theme = "textual-light"
        ascii = true
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
        theme="textual-light",
        ascii=True,
    )


def test_variables_win_over_the_file(config: Path) -> None:
    """Each key has a variable; its paths are relative to where the user stands."""
    environ = {
        "EARMARK_CONFIG": str(config),
        "EARMARK_LIBRARY": "x.db",
        "EARMARK_LOG": "x.log",
        "EARMARK_SOURCES": os.pathsep.join(["/a", "", "b"]),
        "EARMARK_OUTPUT": "null",
        "EARMARK_SPEED": "0.5",
        "EARMARK_THEME": "",
        "EARMARK_ASCII": "0",
        "EARMARK_CI": "1",
    }
    assert load_settings(environ=environ) == Settings(
        library=Path.cwd() / "x.db",
        config=config,
        log=Path.cwd() / "x.log",
        sources=(Path("/a"), Path.cwd() / "b"),
        output="null",
        speed=0.5,
        theme="",
        ascii=False,
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
        ("speed = 4", "speed: must be a number from 0.5 to 3"),
        ("speed = true", "speed: must be a number from 0.5 to 3"),
        ("speed = 'fast'", "speed: must be a number from 0.5 to 3"),
        ("output = 'loud'", "output: no output is called 'loud'"),
        ("output = 'file:'", "output: no output is called 'file:'"),
        ("output = 3", "output: must be text in quotes"),
        ("ascii = 'maybe'", "ascii: must be true or false"),
        ("ascii = 2", "ascii: must be true or false"),
        ("sources = 3", "sources: must be a list of paths"),
        ("sources = [3]", "sources: must be text in quotes"),
        ("library = ''", "library: must be a path"),
        ("[library]", "library: must be text in quotes"),
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
