"""`config`: make the config file, and tell what it and the keys come to."""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import fields
from pathlib import Path
from typing import Any

from tui.cli._library import holder, opened
from tui.cli._objects import plain
from tui.cli._output import Out
from tui.config import Colors, Keys, Settings, load_settings
from tui.errors import DataError, LibraryError, UsageError
from tui.mailing import MailServer
from tui.text import printable

__all__ = ["config"]

_USUAL = {
    "sources": "none",
    "theme": "earmark-dark",
    "editor": "$VISUAL or $EDITOR",
    "colors": "those of the theme",
}
"""What an empty value comes to."""
_NO_SETTINGS = frozenset({"chosen_theme", "origins"})
_BROWSER = "browser"
"""Where the theme comes from that was chosen there."""


def config(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark config init|show|path|keys`."""
    match said["action"]:
        case "init":
            _init(settings, said)
        case "show":
            _show(settings, as_json=said["json"])
        case "path":
            _path(settings.config, as_json=said["json"])
        case _:
            _keys(settings, as_json=said["json"])
    return 0


# The file


def _path(path: Path, *, as_json: bool) -> None:
    out = Out()
    if as_json:
        out.object({"path": _plain(path), "exists": path.is_file()})
    else:
        out.text(f"{printable(str(path))}\n")  # in one piece, however wide


def _init(settings: Settings, said: dict[str, Any]) -> None:
    path = settings.config
    if path.exists() and not said["force"]:
        raise UsageError(
            f"{path} is there already (--force writes over it, and keeps it beside)"
        )
    _require_no_source(settings)
    from tui.cli._default_config import default_config

    try:
        kept = _write(path, default_config().encode())
    except OSError as error:
        reason = (error.strerror or "can't be written").lower()
        raise DataError(path, reason) from error
    out = Out()
    if said["json"]:
        out.object({"path": _plain(path), "kept": kept and _plain(kept)})
        return
    out.text(f"written: {printable(str(path))}\n")
    if kept is not None:
        out.text(f"what it was: {printable(str(kept))}\n")


def _require_no_source(settings: Settings) -> None:
    """Refuse to write where notes lie; the usual place is our own in any case.

    Raises:
        UsageError: The file would lie in a source.
    """
    usual = load_settings({}, {}, reads_file=False)
    if settings.config == usual.config or not settings.library.exists():
        return
    with contextlib.suppress(LibraryError), opened(settings, to_read=True) as library:
        with contextlib.closing(library.reader()) as reader:
            sources = reader.sources()
        for path in (settings.config, Path(os.path.realpath(settings.config))):
            source = holder(sources, os.fsencode(path.parent))
            if source is not None:
                root = os.fsdecode(source.root)
                raise UsageError(f"{path} lies in a source, {root}: that is only read")


def _write(path: Path, content: bytes) -> Path | None:
    """Write a file as a whole; what was there is kept beside it.

    Returns:
        Where what was there is now.
    """
    path = Path(os.path.realpath(path))  # a link of the user's stays one
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        # Readable by others as far as the user lets new files be.
        descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        with open(descriptor, "wb") as file:  # noqa: PTH123  # a descriptor
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        kept = _keep(path)
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
    return kept


def _keep(path: Path) -> Path | None:
    """Copy a file beside itself, under a name that is free."""
    if not path.exists():
        return None
    names = (f"{path.name}.old{number or ''}" for number in range(1000))
    kept = next(p for p in map(path.with_name, names) if not os.path.lexists(p))
    shutil.copy2(path, kept)
    return kept


# The settings


def _show(settings: Settings, *, as_json: bool) -> None:
    from tui.cli._look import require_look

    require_look(settings)
    chosen = _chosen(settings)
    out = Out()
    rows = []
    for name in (field.name for field in fields(Settings)):
        if name in _NO_SETTINGS:
            continue
        origin, value = settings.origins.get(name, "default"), getattr(settings, name)
        if name == "theme" and chosen:
            origin, value = _BROWSER, chosen
        rows.append((name, origin, value))
    if as_json:
        out.array(
            {"name": name, "from": origin, "value": _json(value)}
            for name, origin, value in rows
        )
        return
    out.table(
        [
            (name, origin, printable(_words(value)) or _USUAL.get(name, "none"))
            for name, origin, value in rows
        ]
    )


def _chosen(settings: Settings) -> str:
    """Give the theme that was chosen in the browser; one that is gone is none."""
    if not settings.chosen_theme:
        return ""
    from tui.cli._look import theme_names

    return settings.chosen_theme if settings.chosen_theme in theme_names() else ""


def _words(value: object) -> str:
    match value:
        case Keys(preset=preset, given=given):
            return "; ".join([preset, *map("=".join, given)])
        case Colors() | MailServer():
            return "; ".join(map("=".join, _given(value)))
        case bool():
            return "yes" if value else "no"
        case tuple():
            return ", ".join(map(str, value))
        case None:
            return ""
        case _:
            return str(value)


def _json(value: object) -> object:
    match value:
        case Keys(preset=preset, given=given):
            return {"preset": preset, **dict(given)}
        case Colors() | MailServer():
            return dict(_given(value))
        case tuple():
            return [_json(part) for part in value]
        case Path():
            return _plain(value)
        case str():
            return plain(value)
        case _:
            return value


def _given(table: Colors | MailServer) -> list[tuple[str, str]]:
    """Name what is set; of a command only the program, since it may hold a secret."""
    if isinstance(table, Colors):
        return list(table.given)
    program, blank, _ = table.password_command.partition(" ")
    values = (
        ("host", table.host),
        ("port", str(table.port or "")),
        ("security", table.security if table.host else ""),
        ("user", table.user),
        ("password_command", f"{program} ..." if blank else program),
        ("ca_file", _plain(table.ca_file) if table.ca_file else ""),
        ("from", table.sender),
    )
    return [(name, plain(text)) for name, text in values if text]


def _plain(path: Path) -> str:
    return plain(os.fsencode(path))


# The keys


def _keys(settings: Settings, *, as_json: bool) -> None:
    from tui.cli._default_config import written_keys
    from tui.screens._keymap import actions, keys_of
    from tui.screens._keys import key_name

    keys = keys_of(settings.keys)
    out = Out()
    if as_json:
        out.array(
            {
                "id": action.id,
                "keys": written_keys(keys[action.id]),
                "usual": written_keys(action.keys),
                "title": action.title,
                "help": action.help,
            }
            for action in actions()
        )
        return
    rows = []
    for action in actions():
        ascii_only = settings.ascii or not out.has_unicode
        names = [key_name(key, ascii_only=ascii_only) for key in keys[action.id]]
        rows.append((action.id, "  ".join(names) or "-", action.title))
    out.table(rows)
