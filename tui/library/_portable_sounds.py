"""What the user said of how notes shall sound, as joinable values.

The settings of one sender, chat or recording are one value: they were said together.
As text they can be compared like all other values, see `_portable_values.py`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from tui.library._portable_people import places
from tui.library._rows import from_text, to_text
from tui.library._sound_settings import put_sound
from tui.model import SoundScope, SoundSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tui.library._connection import Store
    from tui.library._portable_json import Fields
    from tui.library._portable_merge import Restored
    from tui.library._portable_values import Value
    from tui.library._sound_settings import Place

__all__ = [
    "OwnSound",
    "has_sounds",
    "merge_sounds",
    "own_sounds",
    "take_value",
    "told",
]

_NOTE = str(SoundScope.NOTE)
_MOST = 1000.0
"""No setting is beyond that, either way; the engine keeps to its own limits."""
_MOST_SKIP = 3


class OwnSound(NamedTuple):
    """How something shall sound."""

    kind: str
    """A `SoundScope`."""
    where: str
    """The source that a chat holds in; empty for everywhere."""
    key: str
    """The hash of a recording in hex digits, the identity of a sender or chat, or
    nothing for all notes."""
    value: Value
    """When it was said, and all settings as JSON."""


def has_sounds(store: Store) -> bool:
    """Whether anything was said."""
    return store.one("SELECT 1 FROM sound LIMIT 1") is not None


def own_sounds(store: Store) -> Iterator[OwnSound]:
    """Everything that was said, in a fixed order.

    Raises:
        ValueError: What is read can't be it; only of a damaged file.
    """
    paths = {scope: place.path for scope, place in places(store).items()} | {0: ""}
    for (kind, key, scope), value in _rows(store):
        if scope in paths:  # else of a source that nobody knows the place of
            name = key.hex() if isinstance(key, bytes) and kind == _NOTE else key
            yield OwnSound(kind, paths[scope], from_text(name), value)


def _rows(store: Store) -> Iterator[tuple[Place, Value]]:
    for kind, key, scope, speed, boost_db, level, skip, set_ms in store.all(
        "SELECT kind, key, scope, speed, boost_db, level, skip, set_ms FROM sound"
        " ORDER BY kind, key, scope"
    ):
        is_level = None if level is None else bool(level)
        settings = _settings(speed, boost_db, is_level, skip)
        yield (str(SoundScope(kind)), key, scope), (set_ms, _text(settings))


def _settings(
    speed: object, boost_db: object, level: object, skip: object
) -> SoundSettings:
    """Make settings of what was read.

    Raises:
        ValueError: They can be none; it tells which.
    """
    if not (level is None or isinstance(level, bool)):
        raise ValueError("level")
    if not (skip is None or (type(skip) is int and 0 <= skip <= _MOST_SKIP)):
        raise ValueError("skip")
    return SoundSettings(
        _number("speed", speed), _number("boost_db", boost_db), level, skip
    )


def _number(name: str, value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not (
        isinstance(value, int | float) and -_MOST <= value <= _MOST
    ):
        raise ValueError(name)
    return float(value)


def _text(settings: SoundSettings) -> str:
    return json.dumps(list(settings))


def _of_text(value: Value) -> SoundSettings:
    return SoundSettings(*json.loads(str(value[1])))


def told(sound: OwnSound) -> dict[str, object]:
    """Write one for a backup; what is not said is left out."""
    names: dict[str, object] = {"for": sound.kind}
    if sound.kind == _NOTE:
        names["hash"] = sound.key
    elif sound.kind != SoundScope.ALL:
        names["id"] = sound.key
    if sound.where:
        names["source"] = sound.where
    said = _of_text(sound.value)._asdict().items()
    settings = {key: value for key, value in said if value is not None}
    return {**names, **settings, "set_ms": sound.value[0]}


def take_value(fields: Fields) -> Value:
    """Take the settings of an object of a backup, and when they were said."""
    try:
        settings = _settings(*map(fields.anything, SoundSettings._fields))
    except ValueError as error:
        fields.fail(f"“{error}” can't be that")
    return fields.number("set_ms"), _text(settings)


def merge_sounds(
    store: Store,
    sounds: Iterable[OwnSound],
    scope_of: Callable[[str], int],
    done: Restored,
    *,
    dry: bool,
) -> None:
    """Take over what was said later elsewhere.

    Args:
        store: A connection; with an open transaction unless `dry`.
        sounds: What is told.
        scope_of: Which source here is one of the backup.
        done: Counts.
        dry: Only count.
    """
    here = dict(_rows(store))
    for sound in sounds:
        is_note = sound.kind == _NOTE
        key = bytes.fromhex(sound.key) if is_note else to_text(sound.key)
        place = (sound.kind, key, scope_of(sound.where))
        if done.count("sound", sound.value, here.get(place)) and not dry:
            set_ms = int(sound.value[0])
            put_sound(store, place, _of_text(sound.value), set_ms, is_new=False)
