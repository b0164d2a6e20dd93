"""The config file that `config init` writes: every setting, explained and left out."""

from __future__ import annotations

import json
import os
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

from textual.keys import REPLACED_KEYS, key_to_character

from tui.cli._objects import plain
from tui.config import COLORS, load_settings
from tui.screens._keymap import actions
from tui.screens._presets import PRESETS
from tui.screens._themes import DARK, THEMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["default_config", "written_keys"]

_HEAD = """\
# Settings of Earmark.
#
# Every setting stands here with its usual value. Take the "#" away in front of one to
# change it. What is wrong here is told, and nothing is done; `earmark config show`
# tells what counts. A variable (EARMARK_SPEED=1.5) counts more than this file, and an
# option (earmark --speed 1.5) more than both.
"""

_ABOUT = {
    "library": "The file with all that Earmark knows, and with your marks.",
    "log": "The file that warnings and errors are written to.",
    "sources": 'Folders to open besides those that Earmark remembers, e.g. ["~/Sync/'
    'WhatsApp", "/mnt/phone"]. A path is relative to this file.',
    "output": 'What to play on: "auto", "pulse", "miniaudio", "simpleaudio", "null" '
    '(silence), "browser" (a page that you open where you sit), "pulse:DEVICE", '
    '"miniaudio:DEVICE" (earmark doctor lists them) or "file:PATH" (a WAV file).',
    "speed": "How fast notes are played at first, 0.5 to 4. A speed that is set while "
    "a note plays is remembered, see `remember`, and counts more; so for skip and "
    "level.",
    "skip": "How many of the pauses are left out at first: 0 none, 3 as many as can be "
    "told.",
    "level": "Whether all notes are brought to one loudness at first.",
    "target_lufs": "That loudness in LUFS, -30 (soft) to -10 (loud).",
    "remember": "What speed, skip, level and boost are remembered for when they are "
    'set: the "sender" of the note that plays, its "chat", or "all" notes.',
    "continuous": "Whether the next note of the chat follows by itself. What waits in "
    "the queue always does.",
    "gap": "How much silence is between two notes that follow each other, in seconds, "
    "0 to 10.",
    "tone": "Whether a short tone tells that another note begins.",
    "theme": 'The colours, by name: {themes}, or one of Textual\'s, e.g. "nord", '
    '"gruvbox" or "solarized-light". "contrast" is for tired eyes and poor screens, '
    '"safe" for those who can\'t tell red from green. What is chosen in the browser '
    "(Ctrl+p, Choose a theme) counts until another one is set here.",
    "ascii": "Draw with ASCII characters only; else as the locale tells.",
    "low_bandwidth": "Redraw less often, for a slow line to the terminal: the time "
    "once a second, the details when the cursor rests, and nothing moves.",
    "editor": "The command that comments are written with when an editor is asked for; "
    "else $VISUAL or $EDITOR.",
    "search_history": "How many searches are remembered; 0 remembers none.",
    "backups": "How many daily backups of the library are kept; 0 makes none. One that "
    "is made before a new version changes the library is not counted.",
}
"""The settings that are no tables, in the order of the file, with what they are."""

_KEYS = """\
Keys are written as "Ctrl+p", "Space", "PgUp", "F1", "?" or ","; several with commas \
between ("space,p"), none as "". A key does one thing: to give it to another action, \
give the first one another key, or "". What stands above is no table, and can't stand \
from here on."""
_COLORS = """\
Own colours, laid over those of the theme. Where they are not set, surface, panel and \
boost follow the background, and accent follows primary. These are those of {theme}."""

_MAIL = """\
Your mail server, for `earmark mail --send`; nothing is sent while host is empty."""
_MAIL_ABOUT = {
    "host": "The server, e.g. mail.example.org.",
    "port": "0 for the usual one: 587 for starttls, 465 for tls.",
    "security": "How the way there is kept from others: starttls or tls; none only on "
    "this machine.",
    "user": "What to log in as; empty for no login.",
    "password_command": "A command that prints the password in its first line, e.g. "
    '"pass show mail"; without it the platform\'s keyring is asked (keyring set '
    "earmark USER).",
    "ca_file": "Certificates to trust instead of the system's (PEM).",
    "from": 'Whom mail is from, e.g. "Ana <ana@example.org>".',
}
"""Settings of the table of the mail server, with what they are."""


def default_config() -> str:
    """Write the file.

    Returns:
        TOML that sets nothing until a "#" is taken away.
    """
    usual = load_settings({}, {"LC_ALL": "C.UTF-8"}, reads_file=False)
    themes = ", ".join(f'"{theme.name}"' for theme in THEMES)
    lines = [_HEAD]
    for name, about in _ABOUT.items():
        value = getattr(usual, name)
        if name == "theme":
            value = DARK.name
        lines += _comment(about.replace("{themes}", themes))
        lines += [f"#{name} = {_value(value)}", ""]
    lines += _keys()
    lines += ["", *_comment(_COLORS.replace("{theme}", DARK.name)), "[colors]"]
    lines += [f"#{name} = {_value(getattr(DARK, name))}" for name in COLORS]
    lines += ["", *_comment(_MAIL), "[mail]"]
    for name, about in _MAIL_ABOUT.items():
        value = getattr(usual.mail, {"from": "sender"}.get(name, name))
        lines += [*_comment(about), f"#{name} = {_value(value)}"]
    return "\n".join([*lines, ""])


def _keys() -> Iterator[str]:
    """Write the table of keys, with an action a line."""
    yield from _comment(_KEYS)
    yield "[keys]"
    yield from _comment("A set of keys to begin with; what is set below counts more.")
    for name, preset in PRESETS.items():
        yield from _comment(preset.about, first=f"{name}: ", rest="  ")
    yield f"#preset = {_value(next(iter(PRESETS)))}"
    area = ""
    for action in actions():
        if action.area != area:
            area = action.area
            yield f"# -- {area}"
        setting = f"#{_value(action.id)} = {_value(written_keys(action.keys))}"
        yield f"{setting:<42} # {action.title}"


def written_keys(keys: Sequence[str]) -> str:
    """Write keys as the config takes them, as short as it can be.

    Args:
        keys: As Textual writes them.
    """
    if keys == ("comma",):
        return ","
    return ",".join(_short(key) for key in keys)


def _short(key: str) -> str:
    character = key_to_character(REPLACED_KEYS.get(key, key)) or ""
    is_plain = character.isprintable() and character not in {"", " ", ","}
    return character if is_plain else key


def _comment(text: str, *, first: str = "", rest: str = "") -> list[str]:
    return wrap(
        text,
        88,
        initial_indent=f"# {first}",
        subsequent_indent=f"# {rest}",
        break_on_hyphens=False,
    )


def _value(value: object) -> str:
    """Write a value as TOML; for all that is usual here, that is JSON."""
    if isinstance(value, Path):
        path = plain(os.fsencode(value))
        home = plain(os.fsencode(Path.home()))
        value = "~" + path[len(home) :] if path.startswith(home + os.sep) else path
    if isinstance(value, tuple):
        value = list(value)
    return json.dumps("" if value is None else value, ensure_ascii=False)
