"""How a note shall sound: what was said of it, its sender, its chat and all notes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from tui.audio import Sound
from tui.model import ChatKind, NoteId, SoundScope, SoundSettings

if TYPE_CHECKING:
    from tui.library import Reader, UserWriter
    from tui.model import Note

__all__ = ["Defaults", "Memory", "Said", "Sounding", "Value", "can_have", "resolve"]

Said = Mapping[SoundScope, SoundSettings]
"""What is remembered, by what for."""
Value = float | bool
"""Of one setting; a whole number is one, too."""

_NOTHING = SoundSettings()
_NO_NOTE = NoteId(0)
"""No note has this id: what is said of it was said of all."""


class Defaults(NamedTuple):
    """How notes sound of which nothing is remembered."""

    sound: Sound = Sound()
    insisted: SoundSettings = _NOTHING
    """What was said for this run: it counts more than what is remembered for all."""
    commanded: SoundSettings = _NOTHING
    """What was said for just these notes: it counts more than all remembered."""


class Sounding(NamedTuple):
    """How a note shall sound, and why."""

    said: Said
    sound: Sound
    scopes: Mapping[str, SoundScope]
    """What each of the settings was remembered for, where it was."""


def resolve(said: Said, defaults: Defaults) -> Sounding:
    """Find what counts: the narrowest that says something of a setting.

    Args:
        said: What is remembered.
        defaults: What holds where nothing is.

    Returns:
        The sound, its loudness not known, and where its settings come from.
    """
    layers: list[tuple[SoundScope | None, SoundSettings]] = [
        (scope, said[scope]) for scope in SoundScope if scope in said
    ]
    at = len(layers) - (SoundScope.ALL in said)
    layers.insert(at, (None, defaults.insisted))
    layers.insert(0, (None, defaults.commanded))
    values: dict[str, Value] = {}
    scopes: dict[str, SoundScope] = {}
    for name in SoundSettings._fields:
        for scope, settings in layers:
            value = getattr(settings, name)
            if value is None:
                continue
            values[name] = value
            if scope is not None:
                scopes[name] = scope
            break
    usual = replace(defaults.sound, lufs=None)
    sound = replace(usual, **values)  # type: ignore[arg-type]  # the fields are named alike
    return Sounding(said, sound.clamped(), scopes)


class Memory:
    """What is remembered, with what the library has not written yet.

    Args:
        user: Keeps it.
        defaults: How notes sound of which nothing is remembered.
        scope: What a setting is remembered for when it is made.
    """

    def __init__(self, user: UserWriter, defaults: Defaults, scope: SoundScope) -> None:
        self._user = user
        self._defaults = defaults
        self._scope = scope
        self._unwritten: dict[tuple[SoundScope, object], SoundSettings] = {}

    def sounding(self, reader: Reader, note: Note | None) -> Sounding:
        """Tell how a note shall sound.

        Args:
            reader: The library.
            note: The note; None for any of which nothing else is known.
        """
        note_id = _NO_NOTE if note is None else note.row.id
        said = dict(reader.sounds(note_id))
        for scope in SoundScope:
            key = scope, _key(scope, note)
            settings = self._unwritten.get(key)
            if settings is None:
                continue
            if said.get(scope, _NOTHING) == settings:
                del self._unwritten[key]
            elif settings == _NOTHING:
                said.pop(scope, None)
            else:
                said[scope] = settings
        if note is None:
            said = {scope: said[scope] for scope in said if scope is SoundScope.ALL}
        found = resolve(said, self._defaults)
        lufs = None if note is None else note.lufs
        return found._replace(sound=replace(found.sound, lufs=lufs))

    def scope_for(self, name: str, note: Note | None, said: Said) -> SoundScope:
        """Choose what a setting is remembered for, so that it counts for this note.

        Args:
            name: The setting, a field of `SoundSettings`.
            note: The note that plays, if any.
            said: What is remembered of it.
        """
        widest = self._scope
        if widest is SoundScope.SENDER and not can_have(note, widest):
            widest = SoundScope.CHAT
        if widest is SoundScope.CHAT and not can_have(note, widest):
            widest = SoundScope.ALL
        saying = (
            scope
            for scope in takewhile(lambda scope: scope is not widest, SoundScope)
            if getattr(said.get(scope, _NOTHING), name) is not None
        )
        return next(saying, widest)

    def write(
        self, note: Note | None, scope: SoundScope, settings: SoundSettings
    ) -> None:
        """Remember settings from now on, instead of what was said there."""
        self._unwritten[scope, _key(scope, note)] = settings
        if scope is SoundScope.ALL:
            # What was asked for at the start is older than this.
            kept = {
                name: None
                for name, value in settings._asdict().items()
                if value is not None
            }
            insisted = self._defaults.insisted._replace(**kept)
            self._defaults = self._defaults._replace(insisted=insisted)
        note_id = None if note is None or scope is SoundScope.ALL else note.row.id
        self._user.set_sound(note_id, scope, settings)


def can_have(note: Note | None, scope: SoundScope) -> bool:
    """Tell whether there is something to remember for: a chat may not be known."""
    if scope is SoundScope.ALL:
        return True
    if note is None:
        return False
    if scope is SoundScope.SENDER:
        return note.row.sender is not None
    return scope is SoundScope.NOTE or note.chat_kind is not ChatKind.UNMATCHED


def _key(scope: SoundScope, note: Note | None) -> object:
    if scope is SoundScope.ALL or note is None:
        return None
    row = note.row
    return {
        SoundScope.NOTE: row.id,
        SoundScope.SENDER: row.sender,
        SoundScope.CHAT: row.chat_id,
    }[scope]
