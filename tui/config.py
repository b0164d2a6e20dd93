"""The settings: defaults, then the config file, then variables, then options.

They are read once, by the command line, and passed on by argument.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from tui.errors import UsageError
from tui.places import is_known, place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "MAX_SPEED",
    "MIN_SPEED",
    "OUTPUTS",
    "Settings",
    "is_usual_library",
    "load_settings",
]

OUTPUTS = ("auto", "miniaudio", "simpleaudio", "null")
"""Names that `output` takes, besides `file:PATH`."""
MIN_SPEED = 0.5
MAX_SPEED = 3.0

_PREFIX = "EARMARK_"
_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off", ""})


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
    """What to play on: `auto`, `miniaudio`, `simpleaudio`, `null`, `file:PATH`."""
    speed: float = 1.0
    """How fast notes are played at first, 0.5 to 3."""
    theme: str = ""
    """The name of the browser's colours; empty for the usual ones."""
    ascii: bool = False
    """Whether to draw with ASCII characters only; else as the locale tells."""


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
    if text.startswith("file:") and text != "file:":
        return f"file:{origin.path(text.removeprefix('file:'))}"
    names = ", ".join(OUTPUTS)
    raise origin.error(key, f"no output is called {text!r} (try {names} or file:PATH)")


def _speed(value: object, key: str, origin: _Origin) -> float:
    wanted = f"must be a number from {MIN_SPEED} to {MAX_SPEED:g}"
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise origin.error(key, wanted)
    try:
        speed = float(value)
    except ValueError:
        raise origin.error(key, wanted) from None
    if not MIN_SPEED <= speed <= MAX_SPEED:
        raise origin.error(key, wanted)
    return speed


def _flag(value: object, key: str, origin: _Origin) -> bool:
    if isinstance(value, str) and value.lower() in _YES | _NO:
        return value.lower() in _YES
    if not isinstance(value, bool):
        raise origin.error(key, "must be true or false")
    return value


_READERS: dict[str, Callable[[object, str, _Origin], object]] = {
    "library": _path,
    "log": _path,
    "sources": _paths,
    "output": _output,
    "speed": _speed,
    "theme": _text,
    "ascii": _flag,
}
"""How each key is read; `config` alone can't stand in the config file."""


def load_settings(
    options: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Read the settings.

    Args:
        options: What the command line says, by field; None and what is no setting is
            left out.
        environ: The variables; those of the process without it.

    Returns:
        The settings; every path is absolute.

    Raises:
        UsageError: A key or a value can't be used, or the config file can't be read.
    """
    options = {k: v for k, v in (options or {}).items() if v is not None}
    environ = os.environ if environ is None else environ
    here = Path.cwd()
    values = _defaults()
    named = options.get("config") or environ.get(f"{_PREFIX}CONFIG")
    if named:
        values["config"] = _path(named, "config", _Origin("--config", here))
    values |= _from_file(Path(str(values["config"])), must_exist=bool(named))
    for key, read in _READERS.items():
        variable = _PREFIX + key.upper()
        if variable in environ:
            values[key] = read(environ[variable], key, _Origin(variable, here))
        if key in options:
            values[key] = read(options[key], key, _Origin("command line", here))
    values.setdefault("ascii", not _speaks_utf8(environ))
    return Settings(**values)  # type: ignore[arg-type]  # each reader gives its field's type


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
        raw = path.read_bytes()
    except FileNotFoundError:
        if must_exist:
            raise UsageError(f"{path}: no such config file") from None
        return {}
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    import tomllib  # 2 ms that no file need not pay

    try:
        table = tomllib.loads(raw.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: no valid TOML: {error}") from error
    origin = _Origin(str(path), path.parent)
    values = {}
    for key, value in table.items():
        if key not in _READERS:
            raise UsageError(f"{path}: {key}: no such setting{_nearest(key)}")
        values[key] = _READERS[key](value, key, origin)
    return values


def _nearest(key: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(key, [field.name for field in fields(Settings)], 1, 0.5)
    return f"; did you mean '{near[0]}'?" if near else ""
