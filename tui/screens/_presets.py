"""Sets of keys for hands that are used to other programs.

Each tells only what differs from the usual keys. The keys of the usual set that nothing
here mentions stay as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PRESETS", "Preset"]


class Preset(NamedTuple):
    """A set of keys."""

    about: str
    """What it is like."""
    keys: Mapping[str, str]
    """Keys by the id of an action; empty keys take them away."""


PRESETS: Mapping[str, Preset] = {
    "earmark": Preset("The usual keys; ? in the browser lists them.", {}),
    "mpv": Preset(
        "As the player: 9 and 0 are the volume, comma and full stop go a second, "
        "Ctrl with an arrow goes 30. So Home and End jump to 0 % and 90 %, and "
        "only g and G to the top and bottom of the tree. Space, p, the arrows, "
        "[ ], Backspace, m, < and > are mpv's anyway.",
        {
            "play.softer": "9,-",
            "play.louder": "0,=",
            "play.back_1": "shift+left,comma",
            "play.forward_1": "shift+right,.",
            "play.back_30": "ctrl+left",
            "play.forward_30": "ctrl+right",
            "play.percent_00": "home",
            "play.percent_90": "end",
            "tree.top": "g",
            "tree.bottom": "G",
        },
    ),
    "vim": Preset(
        "As the editor, where the usual keys are not yet: u undoes and U lists "
        "what can be undone (r marks played, Ctrl+o replays 5 s), m sets a bookmark "
        "and ` lists them (M mutes, W is the sleep timer), Ctrl+f and Ctrl+b turn a "
        "page, { and } go to another chat, ^ and $ to 0 % and 90 % of the note. The "
        "top is g, not gg.",
        {
            "tree.page_down": "ctrl+f,pagedown",
            "tree.page_up": "ctrl+b,pageup",
            "tree.next_chat": "J,}",
            "tree.previous_chat": "K,{",
            "note.undo": "u",
            "note.changes": "U",
            "note.played": "r",
            "note.bookmark": "m,b",
            "note.bookmarks": "`,B",
            "play.mute": "M",
            "play.sleep": "W",
            "play.replay": "ctrl+o",
            "play.percent_00": "0,^",
            "play.percent_90": "9,$",
        },
    ),
    "whatsapp": Preset(
        "As its desktop program: < and > are the speed, Ctrl+f searches, Ctrl+u "
        "marks played or unplayed (so half a page has no key). Ctrl with up and "
        "down plays the note before and after, Ctrl with page up and down goes to "
        "another chat, F1 helps.",
        {
            "play.slower": "<,[",
            "play.faster": ">,]",
            "play.previous": "ctrl+up",
            "play.next": "ctrl+down",
            "find.search": "ctrl+f,/",
            "note.played": "ctrl+u,u",
            "tree.half_down": "",
            "tree.half_up": "",
            "tree.next_chat": "J,ctrl+pagedown",
            "tree.previous_chat": "K,ctrl+pageup",
            "app.help": "f1,?",
        },
    ),
}
"""By name, as `tui.config.PRESETS` lists them."""
