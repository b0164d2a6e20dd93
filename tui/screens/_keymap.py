"""From the keys of the settings to those that the browser binds.

Loaded only where the settings change a key, and to tell about keys.
"""

from __future__ import annotations

import re
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from textual.app import App
from textual.binding import Binding
from textual.keys import REPLACED_KEYS, key_to_character
from textual.screen import Screen

from tui.config import nearest
from tui.errors import UsageError
from tui.screens._bindings import BINDINGS
from tui.screens._keys import GROUPS, UNBOUND, key_name
from tui.screens._presets import PRESETS
from tui.screens.main import MainScreen
from tui.widgets.details import Details
from tui.widgets.note_tree import NoteTree

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from textual.binding import BindingType

    from tui.config import Keys

__all__ = ["Action", "actions", "keymap_of", "keys_of", "read_keys"]

_Keys = tuple[str, ...]
_PANES = ("tree", "details")
"""Where an action is bound that only one pane has: never both at once."""
_NAMED = {
    "return": "enter",
    "esc": "escape",
    "bksp": "backspace",
    "del": "delete",
    "ins": "insert",
    "pgup": "pageup",
    "page_up": "pageup",
    "pgdn": "pagedown",
    "pgdown": "pagedown",
    "page_down": "pagedown",
    "←": "left",
    "→": "right",
    "↑": "up",
    "↓": "down",
} | {
    name: name
    for name in (
        *("space", "enter", "tab", "escape", "backspace", "delete", "insert"),
        *("home", "end", "pageup", "pagedown", "up", "down", "left", "right"),
        *(f"f{number}" for number in range(1, 25)),
    )
}
"""Keys that stand for no character, by what people call them."""
_MODIFIERS = {
    "ctrl": "ctrl",
    "control": "ctrl",
    "alt": "alt",
    "option": "alt",
    "shift": "shift",
    "super": "super",
    "cmd": "super",
}
_SAME = {
    "ctrl+i": "Tab",
    "ctrl+m": "Enter",
    "ctrl+h": "Backspace",
    "ctrl+left_square_bracket": "Esc",
}
"""What most terminals send another key for."""
_NEVER = {"ctrl+space", "ctrl+shift+space"}
"""What terminals tell in different ways."""
_MODERN = 0x3000
"""Names of characters from here on are no keys: `bell` is a picture of one."""
_LONGEST = 200
"""Characters of all keys of an action."""
_SPLIT = re.compile(r"\s*((?:[^,]*\+)?,|[^,]+?)\s*(?:,|$)")
"""One of several keys: a comma that stands where a key must be is the key."""


class Action(NamedTuple):
    """Something that a key does in the browser."""

    id: str
    keys: _Keys
    """As Textual writes them, the main one first; the usual ones."""
    title: str
    help: str
    area: str
    """A heading of the help."""
    place: str
    """`tree`, `details`, `screen` or `app`: where it is bound."""


def actions() -> list[Action]:
    """List every action that can have other keys, by area."""
    found: dict[str, Action] = {}
    for place, binding in _bound():
        if binding.id is None:
            continue
        known = found.get(binding.id)
        if known is not None:
            found[binding.id] = known._replace(keys=(*known.keys, binding.key))
            continue
        found[binding.id] = Action(
            id=binding.id,
            keys=(binding.key,),
            title=binding.description,
            help=binding.tooltip or binding.description,
            area=GROUPS.get(binding.id.split(".")[0], "Other"),
            place=place,
        )
    order = [*GROUPS.values(), "Other"]
    return sorted(found.values(), key=lambda action: order.index(action.area))


def _bound() -> Iterable[tuple[str, Binding]]:
    """List what is bound while the tree or the details have the focus."""
    tables: Mapping[str, Sequence[BindingType]] = {
        "tree": NoteTree.BINDINGS,
        "details": Details.BINDINGS,
        "screen": MainScreen.BINDINGS,
        "app": BINDINGS,
    }
    for place, table in tables.items():
        for binding in Binding.make_bindings(table):
            yield place, binding


def _fixed() -> dict[str, str]:
    """List keys whose actions have no id, with what they do."""
    bare = [binding for _, binding in _bound() if binding.id is None]
    theirs = [*Binding.make_bindings(Screen.BINDINGS)]
    theirs += Binding.make_bindings(App.BINDINGS)
    named = {key for action in actions() for key in action.keys}
    return {
        each.key: each.action.rpartition(".")[2].replace("_", " ")
        for each in [*theirs, *bare]
        if each.key not in named
    }


def keys_of(keys: Keys) -> dict[str, _Keys]:
    """Tell the keys of every action.

    Args:
        keys: What the settings say.

    Returns:
        Keys by the id of the action, as Textual writes them; none for one that has
        no key any more.

    Raises:
        UsageError: There is no such action or key, or two actions have the same.
    """
    every = {action.id: action for action in actions()}
    found = {action.id: action.keys for action in every.values()}
    other = {name: read_keys(text) for name, text in PRESETS[keys.preset].keys.items()}
    for name, text in keys.given:
        if name not in every:
            near = nearest(name, list(every))
            raise UsageError(f"{keys.origin}: keys: {name}: no such action{near}")
        try:
            other[name] = read_keys(text)
        except ValueError as error:
            raise UsageError(f"{keys.origin}: keys: {name}: {error}") from None
    found |= other
    _require_one_each(found, every, other, keys.origin)
    return found


def keymap_of(keys: Keys) -> dict[str, str]:
    """Give the key map for the browser: what differs from the usual keys.

    Args:
        keys: What the settings say.

    Raises:
        UsageError: There is no such action or key, or two actions have the same.
    """
    usual = {action.id: action.keys for action in actions()}
    # Textual takes no key as "as usual": what has none is given one that there is not.
    return {
        name: ",".join(names) or f"{UNBOUND}{name}>"
        for name, names in keys_of(keys).items()
        if names != usual[name]
    }


def _require_one_each(
    found: Mapping[str, _Keys],
    every: Mapping[str, Action],
    other: Mapping[str, _Keys],
    origin: str,
) -> None:
    """Refuse a key that would do two things at the same time.

    What is so with the usual keys is nobody's mistake.
    """
    fixed = _fixed()
    for name in other:
        for key in found[name]:
            if key in fixed:
                raise UsageError(
                    f"{origin}: keys: {name}: {key_name(key)} is fixed ({fixed[key]})"
                )
    for one, two in combinations(every, 2):
        both = [
            key
            for key in found[one]
            if key in found[two]
            and not (key in every[one].keys and key in every[two].keys)
        ]
        if not both:
            continue
        places = every[one].place, every[two].place
        if places[0] != places[1] and set(places) == set(_PANES):
            continue
        raise UsageError(
            f"{origin}: keys: {key_name(both[0])} would be both {one}"
            f" ({every[one].title}) and {two} ({every[two].title})"
        )


def read_keys(text: str) -> _Keys:
    """Read keys as people write them.

    Args:
        text: E.g. `space,p`, `Ctrl+P`, `?`, `,`, `question_mark`; empty for no key.

    Returns:
        As Textual writes them, each once.

    Raises:
        ValueError: One is no key; the message says which and why.
    """
    if not text.strip():
        return ()
    if len(text) > _LONGEST:
        raise ValueError("there are too many keys")
    names: list[str] = []
    at = 0
    while at < len(text):
        match = _SPLIT.match(text, at)
        if match is None:
            raise ValueError(f"{text!r} has a comma where there is no other key")
        names.append(_read_key(match[1]))
        at = match.end()
    return tuple(dict.fromkeys(names))


def _read_key(text: str) -> str:
    """Read one key."""
    if text == "+" or text.endswith("++"):
        *said, last = [*filter(None, text[:-1].split("+")), "+"]
    else:
        *said, last = (part.strip() for part in text.split("+"))
    modifiers = {_MODIFIERS.get(part.lower(), "") for part in said}
    if "" in modifiers:
        wrong = next(part for part in said if part.lower() not in _MODIFIERS)
        raise ValueError(f"no key is called {text!r}: {wrong!r} can't be held with one")
    low = last.lower().replace(" ", "_").replace("-", "_") if len(last) > 1 else last
    if low in _NAMED:
        key = _NAMED[low]
    else:
        key = _character_key(last if len(last) == 1 else _character(low), modifiers)
        if not key:
            near = nearest(low, [*_NAMED, *REPLACED_KEYS])
            raise ValueError(f"no key is called {text!r}{near}")
    name = "+".join([*sorted(modifiers), key])
    if name in _SAME:
        raise ValueError(f"{text!r} can't be told from {_SAME[name]} in most terminals")
    if name in _NEVER:
        raise ValueError(f"{text!r} does not come through in most terminals")
    return name


def _character_key(character: str, modifiers: set[str]) -> str:
    """Name the key of a character as it comes with modifiers; empty for none.

    Shift alone is taken out of the modifiers: it gives another character.
    """
    if modifiers == {"shift"} and character:
        if not character.isalpha() or len(character.upper()) > 1:
            wrong = f"'shift+{character}': write the character that it gives instead"
            raise ValueError(wrong)
        modifiers.clear()
        character = character.upper()
    elif modifiers:
        character = character.lower()
    if not character.isprintable() or not character.strip() or len(character) > 1:
        return ""
    key = _key_of(character)
    # Textual must be able to show what it calls the key.
    return key if len(key) == 1 or _character(key) == character else ""


def _character(name: str) -> str:
    """Give the character of a long name of Textual's; empty for none."""
    character = key_to_character(REPLACED_KEYS.get(name, name)) or ""
    return character if character and ord(character) < _MODERN else ""


def _key_of(character: str) -> str:
    """Give Textual's name of the key of a character."""
    if character == ",":
        return "comma"
    return next(iter(Binding.make_bindings([(character, "")]))).key
