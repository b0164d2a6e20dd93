"""Names of keys for people, and the live map from actions to keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from textual.keys import format_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from textual.dom import DOMNode
    from textual.screen import Screen

__all__ = ["GROUPS", "UNBOUND", "Bound", "bound_actions", "key_name", "main_keys"]

_R = TypeVar("_R")
"""What a screen gives back; of no matter here."""
_NAMES = {
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
    "enter": "Enter",
    "space": "Space",
    "tab": "Tab",
    "escape": "Esc",
    "backspace": "Backspace",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "delete": "Delete",
    "insert": "Insert",
} | {f"f{number}": f"F{number}" for number in range(1, 25)}
_NAMES_ASCII = {"left": "Left", "right": "Right", "up": "Up", "down": "Down"}
_MODIFIERS = {"ctrl": "Ctrl", "shift": "Shift", "alt": "Alt", "super": "Super"}

UNBOUND = "<"
"""How the key of an action begins that has none: no terminal sends such a one."""
GROUPS = {
    "tree": "Move",
    "play": "Play",
    "note": "Note",
    "find": "Find",
    "details": "Details",
    "view": "View",
    "app": "Earmark",
}
"""What the first part of a binding's id says about where it belongs."""

_ROWS = {
    "tree.down": "Down, up",
    "tree.up": "Down, up",
    "tree.unfold": "Open, close",
    "tree.fold": "Open, close",
    "tree.top": "Top, bottom",
    "tree.bottom": "Top, bottom",
    "tree.half_down": "Half a page",
    "tree.half_up": "Half a page",
    "tree.page_down": "A page",
    "tree.page_up": "A page",
    "tree.next_chat": "Next, previous chat",
    "tree.previous_chat": "Next, previous chat",
    "tree.choose": "Play, open group",
}
"""Rows of the help that two actions of the tree share."""


def key_name(key: str, *, ascii_only: bool = False) -> str:
    """Write a key as people call it.

    Args:
        key: As Textual writes it, e.g. `ctrl+p`, `question_mark`.
        ascii_only: Write arrows as words.

    Returns:
        E.g. `Ctrl+p`, `?`.
    """
    *modifiers, last = key.split("+")
    name = (_NAMES_ASCII.get(last) if ascii_only else None) or _NAMES.get(last)
    if name is None:
        name = format_key(last) if len(last) > 1 else last
    return "+".join([*(_MODIFIERS.get(part, part) for part in modifiers), name])


class Bound(NamedTuple):
    """An action with the keys that it is bound to now."""

    id: str
    area: str
    """A heading of the help."""
    keys: tuple[str, ...]
    """As Textual writes them, the main one first; none where they were taken away."""
    title: str
    row: str
    """The row of the help that it shares with others, or its own title."""
    help: str
    action: str
    node: DOMNode
    """Where the action is looked up."""


def main_keys(nodes: Iterable[DOMNode], keymap: Mapping[str, str]) -> dict[str, str]:
    """Find the main key of each binding, without asking whether it works just now.

    A tenth of the time of `bound_actions`: for the first screen.

    Args:
        nodes: Who binds keys.
        keymap: Other keys, by the id of a binding.

    Returns:
        Keys by the id of their binding.
    """
    keys: dict[str, str] = {}
    for node in nodes:
        for key, binding in node._bindings:  # noqa: SLF001  # nothing public lists them
            if binding.id is not None:
                other = keymap.get(binding.id, key).split(",")[0]
                if not other.startswith(UNBOUND):
                    keys.setdefault(binding.id, other)
    return keys


def bound_actions(screen: Screen[_R]) -> list[Bound]:
    """List what can be done on a screen, from its live key map.

    Args:
        screen: The screen; what has the focus there counts.

    Returns:
        One entry for each action that has a description, by area.
    """
    found: dict[tuple[str, DOMNode], Bound] = {}
    for key, active in screen.active_bindings.items():
        binding = active.binding
        if not binding.description or not active.enabled or binding.id is None:
            continue  # what has no id is Textual's own, e.g. for selected text
        name = (binding.id, active.node)
        if name in found:
            bound = found[name]
            found[name] = bound._replace(keys=(*bound.keys, key))
            continue
        title = binding.description
        found[name] = Bound(
            id=name[0],
            area=GROUPS.get(name[0].split(".")[0], "Other"),
            keys=() if key.startswith(UNBOUND) else (key,),
            title=title,
            row=_ROWS.get(
                name[0], binding.group.description if binding.group else title
            ),
            help=active.tooltip or title,
            action=binding.action,
            node=active.node,
        )
    order = [*GROUPS.values(), "Other"]
    rank = _ranks(bound.node for bound in found.values())
    return sorted(
        found.values(),
        key=lambda bound: (order.index(bound.area), rank[bound.node][bound.id]),
    )


def _ranks(nodes: Iterable[DOMNode]) -> dict[DOMNode, dict[str, int]]:
    """Number the bindings of each node: other keys do not change their order."""
    rank: dict[DOMNode, dict[str, int]] = {}
    for node in dict.fromkeys(nodes):
        number = sum(map(len, rank.values()))
        of_node = rank.setdefault(node, {})
        for _, binding in node._bindings:  # noqa: SLF001  # nothing public lists them
            of_node.setdefault(binding.id or "", number + len(of_node))
    return rank
