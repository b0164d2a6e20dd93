"""`config`: the file that it writes, and what it tells of settings and keys."""

from __future__ import annotations

import os
import re
from contextlib import closing
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tui.cli._config import config
from tui.cli._default_config import default_config
from tui.config import COLORS, PRESETS, Settings, load_settings, remember_theme
from tui.errors import DataError, UsageError
from tui.library import Library
from tui.model import SourceKind
from tui.screens._keymap import actions, keymap_of
from tui.screens._themes import DARK, THEMES, own_theme

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.cli.conftest import Done

    Earmark = Callable[..., Done]


@pytest.fixture(autouse=True)
def locale(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that shows every character."""
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


@pytest.fixture
def path(isolated: Path) -> Path:
    """The usual config file."""
    return isolated / "config" / "earmark" / "config.toml"


def said(action: str, *, force: bool = False, json: bool = False) -> dict[str, object]:
    """Give what the parser gives."""
    return {"action": action, "force": force, "json": json}


# The file


def test_the_file_explains_everything_and_sets_nothing(
    earmark: Earmark, path: Path
) -> None:
    """It is written where it is read, with each setting under a sentence."""
    usual = load_settings()
    done = earmark("config", "init")
    assert (done.code, done.out, done.err) == (0, f"written: {path}\n", "")
    assert load_settings() == usual
    text = path.read_text(encoding="utf-8")
    others = {"config", "chosen_theme", "origins", "keys", "colors", "mail"}
    for name in {field.name for field in fields(Settings)} - others:
        (before,) = re.findall(rf"^(.*)\n#{name} = ", text, re.MULTILINE)
        assert before.startswith("# ")
        assert before.endswith(".")
    assert "\n[keys]\n" in text
    assert "\n[colors]\n" in text
    assert '\n[mail]\n# The server, e.g. mail.example.org.\n#host = ""\n' in text
    for name in (*PRESETS, *(theme.name for theme in THEMES)):
        assert name in text
    for action in actions():
        assert f'#"{action.id}" = ' in text
    assert all(len(line) <= 88 for line in text.split("\n"))


def test_every_line_of_the_file_is_the_usual_value(path: Path) -> None:
    """Whoever takes away each "#" changes nothing but how sure it is."""
    usual = load_settings()
    path.parent.mkdir(parents=True)
    text = default_config()
    path.write_text(re.sub(r"^#(?=[\w\"])", "", text, flags=re.MULTILINE))
    settings = load_settings()
    assert keymap_of(settings.keys) == {}
    assert len(settings.keys.given) == len(actions())
    assert settings.theme == DARK.name
    own = own_theme(DARK, settings.colors)
    assert [getattr(own, name) for name in COLORS] == [
        getattr(DARK, name) for name in COLORS
    ]
    same = {"theme": "", "keys": usual.keys, "colors": usual.colors}
    assert replace(settings, **same) == usual  # type: ignore[arg-type]  # by name


def test_a_file_that_is_there_is_left_alone(earmark: Earmark, path: Path) -> None:
    """Only --force writes over it, and keeps what was there, each time."""
    path.parent.mkdir(parents=True)
    path.write_text("speed = 2\n")
    done = earmark("config", "init")
    assert done.code == 2
    assert done.out == ""
    (line,) = done.err.splitlines()
    assert line.startswith(f"earmark: {path} is there already (--force ")
    assert path.read_text() == "speed = 2\n"
    done = earmark("config", "init", "--force")
    kept = path.with_name("config.toml.old")
    assert done.lines == [f"written: {path}", f"what it was: {kept}"]
    assert kept.read_text() == "speed = 2\n"
    done = earmark("config", "init", "--force", "--json")
    assert done.json == {"path": str(path), "kept": f"{kept}1"}
    assert sorted(path.parent.iterdir()) == [path, kept, Path(f"{kept}1")]


def test_a_file_is_readable_as_far_as_new_files_are(path: Path) -> None:
    """Its folder is the user's; nothing in it is a secret."""
    before = os.umask(0o022)
    try:
        assert config(load_settings(), said("init")) == 0
        assert path.stat().st_mode & 0o777 == 0o644
        assert path.parent.stat().st_mode & 0o777 == 0o700
        os.umask(0o077)
        path.unlink()
        assert config(load_settings(), said("init")) == 0
        assert path.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


def test_a_link_stays_a_link(tmp_path: Path, path: Path) -> None:
    """People keep such files elsewhere, and link to them."""
    path.parent.mkdir(parents=True)
    real = tmp_path / "dotfiles" / "earmark.toml"
    path.symlink_to(real)
    assert config(load_settings(), said("init")) == 0
    assert path.is_symlink()
    assert real.read_text(encoding="utf-8") == default_config()
    real.write_text("speed = 2\n")
    assert config(load_settings(), said("init", force=True)) == 0
    assert path.is_symlink()
    assert real.with_name("earmark.toml.old").read_text() == "speed = 2\n"


def test_a_file_that_can_not_be_written_is_told(path: Path, isolated: Path) -> None:
    """With its name and the reason; nothing is left behind."""
    settings = load_settings()
    (isolated / "config").write_text("in the way")
    with pytest.raises(DataError, match=f"{path}: not a directory"):
        config(settings, said("init"))
    (isolated / "config").unlink()
    path.mkdir(parents=True)
    with pytest.raises(UsageError, match="is there already"):
        config(settings, said("init"))
    with pytest.raises(DataError, match="is a directory"):
        config(settings, said("init", force=True))
    assert list(path.parent.iterdir()) == [path]


def test_nothing_is_written_into_a_source(tmp_path: Path) -> None:
    """Also not through a link; a library that can't be asked is no reason to refuse."""
    source, link = tmp_path / "source", tmp_path / "link"
    source.mkdir()
    link.symlink_to(source / "c.toml")
    settings = load_settings()
    with (
        Library.open(settings.library) as library,
        closing(library.index_writer()) as writer,
    ):
        writer.add_source(os.fsencode(source), SourceKind.FOLDER, "x", 80, [])
    for path in (source / "c.toml", source / "deep" / "c.toml", link):
        inside = replace(settings, config=path)
        with pytest.raises(UsageError, match="lies in a source"):
            config(inside, said("init"))
    assert list(source.iterdir()) == []
    beside = replace(settings, config=tmp_path / "c.toml")
    assert config(beside, said("init")) == 0
    assert beside.config.exists()


def test_a_wrong_file_can_be_replaced(path: Path) -> None:
    """Its name is told and it is written anew without being read."""
    path.parent.mkdir(parents=True)
    path.write_text("sped = 2\n")
    settings = load_settings(reads_file=False)
    assert config(settings, said("path")) == 0
    assert config(settings, said("init", force=True)) == 0
    assert load_settings().speed == 1.0


def test_the_path_is_told_in_one_piece(earmark: Earmark, path: Path) -> None:
    """For `$EDITOR "$(earmark config path)"`."""
    assert earmark("config", "path").out == f"{path}\n"
    assert earmark("config", "path", "--json").json == {
        "path": str(path),
        "exists": False,
    }


# What is set


def test_every_setting_is_shown_with_where_it_comes_from(
    earmark: Earmark, path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Default, file, variable or option; and what an empty one comes to."""
    done = earmark("config", "show")
    assert done.code == 0
    rows = {line.split()[0]: line.split(maxsplit=2)[1:] for line in done.lines}
    assert list(rows) == [field.name for field in fields(Settings)][:-2]
    assert {origin for origin, _ in rows.values()} == {"default"}
    assert rows["theme"] == ["default", "earmark-dark"]
    assert rows["editor"] == ["default", "$VISUAL or $EDITOR"]
    assert rows["sources"] == ["default", "none"]
    assert rows["keys"] == ["default", "earmark"]
    path.parent.mkdir(parents=True)
    path.write_text(
        'sources = ["/a", "/b"]\nascii = true\n[keys]\npreset = "vim"\n'
        'play.mute = "f2"\n[colors]\nerror = "#f00"\n'
    )
    monkeypatch.setenv("EARMARK_SPEED", "1.5")
    done = earmark("config", "show", "--log", tmp_path / "x.log")
    rows = {line.split()[0]: line.split(maxsplit=2)[1:] for line in done.lines}
    assert rows["sources"] == ["file", "/a, /b"]
    assert rows["ascii"] == ["file", "yes"]
    assert rows["keys"] == ["file", "vim; play.mute=f2"]
    assert rows["colors"] == ["file", "error=#f00"]
    assert rows["speed"] == ["variable", "1.5"]
    assert rows["log"] == ["option", f"{tmp_path}/x.log"]


def test_settings_as_json(
    earmark: Earmark, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each value as what it is."""
    path.parent.mkdir(parents=True)
    path.write_text(
        'keys = "mpv; play.mute=x; play.next_speed="\ncolors.error = "#f00"'
    )
    monkeypatch.setenv("EARMARK_SOURCES", os.fsdecode(b"/caf\xe9"))
    values = {row["name"]: row for row in earmark("config", "show", "--json").json}
    assert values["speed"] == {"name": "speed", "from": "default", "value": 1.0}
    assert values["ascii"]["value"] is False
    assert values["sources"] == {
        "name": "sources",
        "from": "variable",
        "value": ["/caf\\xe9"],
    }
    assert values["keys"]["value"] == {
        "preset": "mpv",
        "play.mute": "x",
        "play.next_speed": "",
    }
    assert values["colors"] == {
        "name": "colors",
        "from": "file",
        "value": {"error": "#f00"},
    }


def test_a_theme_that_was_chosen_is_told_so(earmark: Earmark) -> None:
    """It is what the browser shows; one that is gone is not."""
    for name, row in (("nord", ["browser", "nord"]), ("gone", ["default", "earmark-"])):
        remember_theme(load_settings(), name)
        lines = earmark("config", "show").lines
        (line,) = [line for line in lines if line.startswith("theme")]
        assert line.split()[1] == row[0]
        assert line.split()[2].startswith(row[1])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("keys.play.mte = 'x'", "keys: play.mte: no such action; did you mean 'play."),
        (
            "keys.play.mute = 's'",
            "keys: s would be both play.mute (Mute) and note.star",
        ),
        ("keys.play.mute = 'nope'", "keys: play.mute: no key is called 'nope'"),
        ("theme = 'nope'", "theme: no theme is called 'nope' (try earmark-dark, "),
        ("theme = 'nrod'", "theme: no theme is called 'nrod'; did you mean 'nord'?"),
    ],
)
def test_what_the_browser_would_refuse_is_told(
    earmark: Earmark, path: Path, content: str, message: str
) -> None:
    """One line, and exit code 2."""
    path.parent.mkdir(parents=True)
    path.write_text(content)
    done = earmark("config", "show")
    assert done.code == 2
    (line,) = done.err.splitlines()
    assert message in line
    assert line.startswith(f"earmark: {path}: ")
    assert earmark("config", "keys").code == (2 if "keys" in content else 0)


# The keys


def test_every_action_is_listed_with_its_keys(earmark: Earmark, path: Path) -> None:
    """As they are now, in words of people."""
    rows = [re.split(r"\s{2,}", line) for line in earmark("config", "keys").lines]
    assert [row[0] for row in rows] == [action.id for action in actions()]
    assert ["play.toggle", "Space", "p", "Play, pause"] in rows
    assert ["play.back_1", "Shift+←", "Back 1 s"] in rows
    path.parent.mkdir(parents=True)
    path.write_text('ascii = true\n[keys]\nplay.toggle = "F2"\nplay.mute = ""\n')
    rows = [re.split(r"\s{2,}", line) for line in earmark("config", "keys").lines]
    assert ["play.toggle", "F2", "Play, pause"] in rows
    assert ["play.mute", "-", "Mute"] in rows
    assert ["play.back_1", "Shift+Left", "Back 1 s"] in rows


def test_keys_as_json(earmark: Earmark, path: Path) -> None:
    """In the words of the config, beside the usual ones."""
    path.parent.mkdir(parents=True)
    path.write_text('keys = "mpv; play.mute="\n')
    rows = {row["id"]: row for row in earmark("config", "keys", "--json").json}
    assert len(rows) == len(actions())
    assert rows["play.softer"] == {
        "id": "play.softer",
        "keys": "9,-",
        "usual": "-",
        "title": "Softer",
        "help": "Volume down by 5 %",
    }
    assert rows["play.mute"]["keys"] == ""
    assert rows["play.back_1"]["keys"] == "shift+left,comma"
