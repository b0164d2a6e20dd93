"""The settings: defaults, then the config file, then variables, then options.

They are read once, by the command line, and passed on by argument. What keys do is for
the user interface to know: here it is only read.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tui.errors import UsageError
from tui.mailing import MailServer, read_server
from tui.places import is_known, place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = [
    "COLORS",
    "MAX_SPEED",
    "MIN_SPEED",
    "OUTPUTS",
    "PRESETS",
    "REMEMBERS",
    "Colors",
    "Keys",
    "Settings",
    "is_usual_library",
    "load_settings",
    "nearest",
    "remember_theme",
]

OUTPUTS = ("auto", "pulse", "miniaudio", "simpleaudio", "null", "browser")
"""Names that `output` takes, besides those with a device and `file:PATH`."""
_WITH_DEVICES = ("pulse:", "miniaudio:")
"""Begins of names that go on with the name of a device, whatever that is."""
PRESETS = ("earmark", "mpv", "vim", "whatsapp")
"""Sets of keys; the first are the usual ones."""
COLORS = (
    "primary",
    "secondary",
    "accent",
    "foreground",
    "background",
    "surface",
    "panel",
    "boost",
    "success",
    "warning",
    "error",
)
"""Parts of a theme that can have a colour of their own."""
REMEMBERS = ("sender", "chat", "all")
"""What a speed, skip, level or boost is remembered for that is made while playing."""
MIN_SPEED = 0.5
MAX_SPEED = 4.0

_PREFIX = "EARMARK_"
_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off", ""})
_MAX_BYTES = 1 << 20
"""A config file that is longer is none."""
_MAX_BACKUPS = 365
_MAX_HISTORY = 10_000
_MAX_SKIP = 3
_MAX_GAP_S = 10
_LUFS = (-30.0, -10.0)

_log = logging.getLogger(__name__)


class Keys(NamedTuple):
    """What keys do, where that is not the usual."""

    preset: str = PRESETS[0]
    """What to begin with, one of `PRESETS`."""
    given: tuple[tuple[str, str], ...] = ()
    """Pairs of the id of an action and its keys, as they were written."""
    origin: str = ""
    """Where this stands, for messages."""


class Colors(NamedTuple):
    """Colours that are laid over those of the theme."""

    given: tuple[tuple[str, str], ...] = ()
    """Pairs of one of `COLORS` and a colour, `#rrggbb`."""


_NO_KEYS = Keys()
_NO_COLORS = Colors()
_NO_SERVER = MailServer()


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set."""

    library: Path
    """The library file; the platform's data folder holds it."""
    config: Path
    """The config file that was read, or would be if it were there."""
    log: Path
    """The file that warnings and errors are written to; made when there is one."""
    sources: tuple[Path, ...] = ()
    """Folders that are opened besides those that the library remembers."""
    output: str = "auto"
    """What to play on: one of OUTPUTS, `pulse:DEVICE`, `miniaudio:DEVICE` or
    `file:PATH`."""
    speed: float = 1.0
    """How fast notes are played at first, 0.5 to 4."""
    skip: int = 0
    """How many of the pauses are left out at first: 0 none, 3 the most."""
    level: bool = False
    """Whether notes are brought to one loudness at first."""
    target_lufs: float = -18.0
    """That loudness, in LUFS."""
    remember: str = REMEMBERS[0]
    """What a setting of the sound is remembered for, one of REMEMBERS."""
    continuous: bool = True
    """Whether the next note of the chat follows by itself."""
    gap: float = 0.0
    """The silence between two notes that follow each other, in seconds."""
    tone: bool = False
    """Whether a short tone tells that another note begins."""
    theme: str = ""
    """The name of the browser's colours; empty for the usual ones."""
    ascii: bool = False
    """Whether to draw with ASCII characters only; else as the locale tells."""
    low_bandwidth: bool = False
    """Whether to redraw less often, for a slow line to the terminal."""
    editor: str = ""
    """The command that comments are written with; empty for $VISUAL or $EDITOR."""
    search_history: int = 100
    """How many searches are remembered; 0 remembers none."""
    backups: int = 7
    """How many daily backups of the library are kept; 0 makes none."""
    keys: Keys = _NO_KEYS
    """What keys do, where that is not the usual."""
    colors: Colors = _NO_COLORS
    """Colours that are laid over those of the theme."""
    mail: MailServer = _NO_SERVER
    """The user's mail server."""
    chosen_theme: str = ""
    """The theme that was chosen last in the browser, unless another was set since.

    It counts more than `theme`, and may be one that there is not any more.
    """
    origins: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """Where each was said, by field: `file`, `variable`, `option`; else by nobody."""

    def where(self, name: str) -> str:
        """Say where a setting stands, to begin a message with.

        Args:
            name: The field.

        Returns:
            `FILE: name: ` or `VARIABLE: name: `; empty for the command line.
        """
        origin = self.origins.get(name)
        if origin == "file":
            return f"{self.config}: {name}: "
        return f"{_PREFIX}{name.upper()}: {name}: " if origin == "variable" else ""


class _Origin:
    """Where a value stands, for messages, and what its paths are relative to."""

    def __init__(self, name: str, base: Path) -> None:
        self.name = name
        self.base = base

    def path(self, text: str) -> Path:
        """Make a path absolute, without asking the file system."""
        return Path(os.path.normpath(self.base / os.path.expanduser(text)))  # noqa: PTH111  # Path.expanduser raises for an unknown user

    def error(self, key: str, wanted: str) -> UsageError:
        """Say that a value can't be used."""
        return UsageError(f"{self.name}: {key}: {wanted}")


def _text(value: object, key: str, origin: _Origin) -> str:
    if not isinstance(value, str):
        raise origin.error(key, "must be text in quotes")
    return value


def _path(value: object, key: str, origin: _Origin) -> Path:
    text = str(value) if isinstance(value, Path) else _text(value, key, origin)
    if not text or "\0" in text:
        raise origin.error(key, "must be a path")
    return origin.path(text)


def _paths(value: object, key: str, origin: _Origin) -> tuple[Path, ...]:
    if isinstance(value, str):  # a variable: separated like PATH
        value = [part for part in value.split(os.pathsep) if part]
    if not isinstance(value, list | tuple):
        raise origin.error(key, "must be a list of paths")
    return tuple(_path(part, key, origin) for part in value)


def _output(value: object, key: str, origin: _Origin) -> str:
    text = _text(value, key, origin)
    if text in OUTPUTS:
        return text
    if text.startswith(_WITH_DEVICES) and text not in _WITH_DEVICES:
        if "\0" in text:  # which no argument of a program can have
            raise origin.error(key, f"no output is called {text!r}")
        return text
    if text.startswith("speaker:") and text != "speaker:":
        return f"speaker:{origin.path(text.removeprefix('speaker:'))}"
    if text.startswith("file:") and text != "file:":
        return f"file:{origin.path(text.removeprefix('file:'))}"
    names = ", ".join((*OUTPUTS, "pulse:DEVICE", "miniaudio:DEVICE"))
    raise origin.error(key, f"no output is called {text!r} (try {names} or file:PATH)")


def _number(least: float, most: float) -> Callable[[object, str, _Origin], float]:
    """Make what reads a number within limits."""

    def read(value: object, key: str, origin: _Origin) -> float:
        wanted = f"must be a number from {least:g} to {most:g}"
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise origin.error(key, wanted)
        try:
            number = float(value)
        except (ValueError, OverflowError):
            raise origin.error(key, wanted) from None
        if not least <= number <= most:
            raise origin.error(key, wanted)
        return number

    return read


def _remember(value: object, key: str, origin: _Origin) -> str:
    text = _text(value, key, origin)
    if text not in REMEMBERS:
        names = ", ".join(REMEMBERS)
        raise origin.error(key, f"must be one of {names}, not {text!r}")
    return text


def _flag(value: object, key: str, origin: _Origin) -> bool:
    if isinstance(value, str) and value.lower() in _YES | _NO:
        return value.lower() in _YES
    if not isinstance(value, bool):
        raise origin.error(key, "must be true or false")
    return value


def _count(most: int) -> Callable[[object, str, _Origin], int]:
    """Make what reads a number from 0 on."""

    def read(value: object, key: str, origin: _Origin) -> int:
        wanted = f"must be a whole number from 0 to {most}"
        if isinstance(value, str):  # a variable
            text = value.strip()
            value = int(text) if text.isascii() and text.isdigit() else None
        if isinstance(value, bool) or not isinstance(value, int):
            raise origin.error(key, wanted)
        if not 0 <= value <= most:
            raise origin.error(key, wanted)
        return value

    return read


def _editor(value: object, key: str, origin: _Origin) -> str:
    text = _text(value, key, origin)
    if text:
        from shlex import split

        try:
            split(text)
        except ValueError:
            raise origin.error(key, "has a quote without the other one") from None
    return text


def _pairs(value: object, key: str, origin: _Origin) -> list[tuple[str, object]]:
    """Read a table; a variable has `name=value; name=value`, and may lack a name."""
    if isinstance(value, str):
        parts = [part.strip() for part in value.split(";")]
        halves = [part.partition("=") for part in parts if part]
        return [
            (name.strip(), text.strip()) if equals else ("", name)
            for name, equals, text in halves
        ]
    if not isinstance(value, dict):
        raise origin.error(key, f"must be a table, [{key}]")
    return list(_flat(value))


def _flat(table: dict[str, object], above: str = "") -> Iterator[tuple[str, object]]:
    """Take `play.mute = "m"` without quotes, which is a table in a table, as meant."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield above + name, value


def _keys(value: object, key: str, origin: _Origin) -> Keys:
    preset = PRESETS[0]
    given: dict[str, str] = {}
    for name, text in _pairs(value, key, origin):
        if name in {"", "preset"}:
            preset = _text(text, f"{key}: preset", origin)
            if preset not in PRESETS:
                names = ", ".join(PRESETS)
                wrong = f"no preset is called {preset!r} (try {names})"
                raise origin.error(key, wrong)
            continue
        listed = text if isinstance(text, list) else [text]
        parts = [part for part in listed if isinstance(part, str)]
        if len(parts) < len(listed):
            raise origin.error(f"{key}: {name}", "must be a key in quotes, or a list")
        if isinstance(text, list):  # where a comma is no separator
            parts = ["comma" if part.strip() == "," else part for part in parts]
        given[name] = ",".join(parts)
    return Keys(preset, tuple(given.items()), origin.name)


def _colors(value: object, key: str, origin: _Origin) -> Colors:
    given: dict[str, str] = {}
    for name, text in _pairs(value, key, origin):
        if name not in COLORS:
            wrong = f"there is no such colour{nearest(name, COLORS)}"
            raise origin.error(f"{key}: {name or text}", wrong)
        color = _text(text, f"{key}: {name}", origin).lower()
        digits = color.removeprefix("#")
        is_hex = not digits.strip("0123456789abcdef") and color.startswith("#")
        if not is_hex or len(digits) not in {3, 6}:
            raise origin.error(f"{key}: {name}", f"{text!r} is no colour like #7fc1b1")
        given[name] = color
    return Colors(tuple(given.items()))


def _mail(value: object, key: str, origin: _Origin) -> MailServer:
    return read_server(_pairs(value, key, origin), key, origin)


_READERS: dict[str, Callable[[object, str, _Origin], object]] = {
    "library": _path,
    "log": _path,
    "sources": _paths,
    "output": _output,
    "speed": _number(MIN_SPEED, MAX_SPEED),
    "skip": _count(_MAX_SKIP),
    "level": _flag,
    "target_lufs": _number(*_LUFS),
    "remember": _remember,
    "continuous": _flag,
    "gap": _number(0, _MAX_GAP_S),
    "tone": _flag,
    "theme": _text,
    "ascii": _flag,
    "low_bandwidth": _flag,
    "editor": _editor,
    "search_history": _count(_MAX_HISTORY),
    "backups": _count(_MAX_BACKUPS),
    "keys": _keys,
    "colors": _colors,
    "mail": _mail,
}
"""How each key is read; `config` alone can't stand in the config file."""
_TABLES = frozenset({"keys", "colors", "mail"})


def load_settings(
    options: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    reads_file: bool = True,
) -> Settings:
    """Read the settings.

    Args:
        options: What the command line says, by field; None and what is no setting is
            left out.
        environ: The variables; those of the process without it.
        reads_file: Read the config file; else it need not even be there.

    Returns:
        The settings; every path is absolute.

    Raises:
        UsageError: A key or a value can't be used, or the config file can't be read.
    """
    options = {k: v for k, v in (options or {}).items() if v is not None}
    environ = os.environ if environ is None else environ
    here = Path.cwd()
    values = _defaults()
    origins: dict[str, str] = {}
    for named, origin, where in (
        (environ.get(f"{_PREFIX}CONFIG"), "variable", f"{_PREFIX}CONFIG"),
        (options.get("config"), "option", "--config"),
    ):
        if named:
            values["config"] = _path(named, "config", _Origin(where, here))
            origins["config"] = origin
    if reads_file:
        must_exist = "config" in origins
        said = _from_file(Path(str(values["config"])), must_exist=must_exist)
        values |= said
        origins |= dict.fromkeys(said, "file")
    for key, read in _READERS.items():
        variable = _PREFIX + key.upper()
        if variable in environ:
            values[key] = read(environ[variable], key, _Origin(variable, here))
            origins[key] = "variable"
        if key in options:
            values[key] = read(options[key], key, _Origin("command line", here))
            origins[key] = "option"
    values.setdefault("ascii", not _speaks_utf8(environ))
    if not {origins.get("theme"), origins.get("colors")} & {"variable", "option"}:
        values["chosen_theme"] = _chosen_theme(_look(values))
    return Settings(**values, origins=origins)  # type: ignore[arg-type]  # each reader gives its field's type


def _speaks_utf8(environ: Mapping[str, str]) -> bool:
    """Tell from the locale's variables, as `tui.prepaint` does without this module."""
    names = (environ.get(name, "") for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    return "utf8" in next(filter(None, names), "").lower().replace("-", "")


def is_usual_library(settings: Settings) -> bool:
    """Tell whether the library lies where it does without any setting."""
    return settings.library == _defaults()["library"]


def _defaults() -> dict[str, object]:
    if is_known():
        return {
            "library": Path(place("data"), "library.db"),
            "config": Path(place("config"), "config.toml"),
            "log": Path(place("state"), "log", "earmark.log"),
        }
    from platformdirs import PlatformDirs

    places = PlatformDirs("earmark", appauthor=False)
    return {
        "library": places.user_data_path / "library.db",
        "config": places.user_config_path / "config.toml",
        "log": places.user_log_path / "earmark.log",
    }


def _from_file(path: Path, *, must_exist: bool) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        if must_exist:
            raise UsageError(f"{path}: no such config file") from None
        return {}
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    if len(raw) > _MAX_BYTES:
        raise UsageError(f"{path}: too long for a config file")
    import tomllib  # 2 ms that no file need not pay

    try:
        table = tomllib.loads(raw.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"{path}: no valid TOML: {error}") from error
    origin = _Origin(str(path), path.parent)
    values = {}
    for key, value in table.items():
        if key not in _READERS:
            near = nearest(key, list(_READERS))
            raise UsageError(f"{path}: {key}: no such setting{near}")
        if value != {} or key not in _TABLES:  # `config init` leaves empty tables
            values[key] = _READERS[key](value, key, origin)
    return values


def nearest(name: str, names: Sequence[str], like: float = 0.5) -> str:
    """Ask whether another name was meant, to end a message with.

    Args:
        name: What there is not.
        names: What there is.
        like: How alike two names must be, 0 to 1.

    Returns:
        The question; empty when nothing is like it.
    """
    from difflib import get_close_matches

    near = get_close_matches(name, names, 1, like)
    return f"; did you mean '{near[0]}'?" if near else ""


# The theme that was chosen


def remember_theme(settings: Settings, name: str) -> None:
    """Keep the theme that was chosen in the browser for the next start.

    It stands in a file of its own: the config file is the user's. Where it can't be
    written, the choice ends with the browser.

    Args:
        settings: What was set when it was chosen; another theme that is set later
            counts more than the choice.
        name: The theme; empty for that of the settings.
    """
    path = _choice()
    try:
        if not name:
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        look = _look({"theme": settings.theme, "colors": settings.colors})
        half = path.with_name(f"{path.name}.{os.getpid()}")
        half.write_text(f"{name}\n{look}\n", encoding="utf-8")
        half.replace(path)
    except OSError as error:
        _log.warning("the theme can't be remembered: %s", error)


def _choice() -> Path:
    if is_known():
        return Path(place("state"), "theme")
    from platformdirs import PlatformDirs

    return PlatformDirs("earmark", appauthor=False).user_state_path / "theme"


def _look(values: Mapping[str, object]) -> str:
    """Write what is set of the colours, to tell later whether that is still so."""
    colors = values.get("colors")
    given = colors.given if isinstance(colors, Colors) else ()
    return " ".join([str(values.get("theme", "")), *map("=".join, sorted(given))])


def _chosen_theme(look: str) -> str:
    try:
        text = _choice().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    name, _, rest = text.partition("\n")
    return name if rest == f"{look}\n" else ""
