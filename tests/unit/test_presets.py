"""Keys of the config: how they are read, what is refused, sets to begin with."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui import config
from tui.cli._default_config import written_keys
from tui.config import Keys
from tui.errors import UsageError
from tui.screens._keymap import actions, keymap_of, keys_of, read_keys
from tui.screens._keys import UNBOUND, key_name
from tui.screens._presets import PRESETS

ACTIONS = {action.id: action for action in actions()}


def keys(*given: tuple[str, str], preset: str = "earmark") -> Keys:
    """Make what the settings say about keys."""
    return Keys(preset, given, "c.toml")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ()),
        ("  ", ()),
        ("space", ("space",)),
        ("Space, p", ("space", "p")),
        (",", ("comma",)),
        (",,.", ("comma", "full_stop")),
        ("space,,", ("space", "comma")),
        ("Ctrl+,", ("ctrl+comma",)),
        ("comma,.", ("comma", "full_stop")),
        ("a,", ("a",)),
        ("a,a", ("a",)),
        ("+", ("plus",)),
        ("ctrl++", ("ctrl+plus",)),
        ("Ctrl+P", ("ctrl+p",)),
        ("CONTROL + p", ("ctrl+p",)),
        ("shift+ctrl+Left", ("ctrl+shift+left",)),
        ("ctrl+shift+x", ("ctrl+shift+x",)),
        ("Alt+x", ("alt+x",)),
        ("cmd+x", ("super+x",)),
        ("Shift+j", ("J",)),
        ("J", ("J",)),
        ("shift+←", ("shift+left",)),
        ("?", ("question_mark",)),
        ("question_mark", ("question_mark",)),
        ("/", ("slash",)),
        ("slash", ("slash",)),
        ("-", ("minus",)),
        ("#", ("number_sign",)),
        ("ä", ("ä",)),
        ("€", ("euro_sign",)),
        ("Return", ("enter",)),
        ("Esc", ("escape",)),
        ("Page Up", ("pageup",)),
        ("PgDn", ("pagedown",)),
        ("del", ("delete",)),
        ("F12", ("f12",)),
    ],
)
def test_keys_are_read_as_people_write_them(text: str, names: tuple[str, ...]) -> None:
    """Names of people and of Textual, in any case, with a comma as key or between."""
    assert read_keys(text) == names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("foo", "no key is called 'foo'"),
        ("spce", "no key is called 'spce'; did you mean 'space'?"),
        ("space p", "no key is called 'space p'"),
        ("bell", "no key is called 'bell'"),
        ("\x07", "no key is called '\\x07'"),
        ("±", "no key is called '±'"),
        ("\udce9", "no key is called"),
        ("f25", "no key is called 'f25'"),
        ("hyper+x", "'hyper' can't be held with one"),
        ("ctrl+", "no key is called"),
        ("shift+1", "write the character that it gives"),
        ("shift+ß", "write the character that it gives"),
        ("Ctrl+I", "'Ctrl+I' can't be told from Tab"),
        ("ctrl+m", "can't be told from Enter"),
        ("ctrl+h", "can't be told from Backspace"),
        ("ctrl+[", "can't be told from Esc"),
        ("ctrl+space", "does not come through"),
        ("x" + " " * 300 + "x", "too many keys"),
        (",x", "',x' has a comma where there is no other key"),
    ],
)
def test_what_is_no_key_is_told(text: str, message: str) -> None:
    """With a name that is like it, or the reason why it could not work."""
    with pytest.raises(ValueError, match=re.escape(message)):
        read_keys(text)


@given(st.text(max_size=12))
def test_any_text_is_keys_or_an_error(text: str) -> None:
    """Nothing else comes out, and what came out is read again as the same."""
    try:
        names = read_keys(text)
    except ValueError:
        return
    assert read_keys(written_keys(names)) == names


@pytest.mark.parametrize("action", ACTIONS.values(), ids=list(ACTIONS))
def test_what_is_shown_can_be_written(action: object) -> None:
    """The keys as the help and the default file write them are read as they are."""
    usual = ACTIONS[getattr(action, "id", "")].keys
    assert read_keys(written_keys(usual)) == usual
    for key in usual:
        for ascii_only in (False, True):
            shown = key_name(key, ascii_only=ascii_only)
            assert read_keys("comma" if shown == "," else shown) == (key,)


def test_every_action_says_what_it_does() -> None:
    """Id, title, help, area, and keys."""
    for action in ACTIONS.values():
        assert action.title
        assert action.help
        assert action.area != "Other"
        assert action.keys


def test_the_usual_keys_need_no_key_map() -> None:
    """Nothing is handed to the browser, also where the usual is written down."""
    assert keymap_of(Keys()) == {}
    assert keymap_of(keys(("play.toggle", "Space, p"))) == {}


def test_an_action_gets_other_keys() -> None:
    """In the words of Textual, and none under a name that no terminal sends."""
    found = keymap_of(keys(("play.toggle", "D,F5"), ("play.mute", "")))
    assert found["play.toggle"] == "D,f5"
    assert found["play.mute"].startswith(UNBOUND)
    assert set(found) == {"play.toggle", "play.mute"}
    assert keys_of(keys(("play.mute", "")))["play.mute"] == ()


def test_a_key_is_free_when_its_action_moved() -> None:
    """Two actions may swap their keys; one may take what another was told to leave."""
    swapped = keymap_of(keys(("play.mute", "s"), ("note.star", "m")))
    assert swapped == {"play.mute": "s", "note.star": "m"}
    assert keymap_of(keys(("note.star", ""), ("play.mute", "s")))["play.mute"] == "s"


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([("play.mute", "s")], "s would be both play.mute (Mute) and note.star (Star)"),
        ([("app.quit", "j")], "j would be both tree.down (Go down) and app.quit (Quit"),
        ([("app.quit", "x"), ("note.tag", "x")], "x would be both"),
        ([("details.down", "w")], "find.group (Group by) and details.down (Down)"),
        ([("view.back", "?")], "? would be both view.back (Back) and app.help (Keys)"),
        ([("app.quit", "ctrl+c")], "app.quit: Ctrl+c is fixed (quit)"),
        ([("play.mute", "shift+tab")], "play.mute: Shift+Tab is fixed (focus prev"),
        ([("play.mte", "x")], "play.mte: no such action; did you mean 'play.mute'?"),
        ([("mute", "x")], "mute: no such action; did you mean 'play.mute'?"),
        ([("[/]\n", "x")], "[/]\n: no such action"),
        ([("play.mute", "spce")], "play.mute: no key is called 'spce'; did you mean"),
    ],
)
def test_what_can_not_be_is_refused(pairs: list[tuple[str, str]], message: str) -> None:
    """With the file, and both actions where a key would do two things."""
    with pytest.raises(UsageError) as caught:
        keymap_of(keys(*pairs))
    assert caught.value.message.startswith("c.toml: keys: ")
    assert message in caught.value.message


def test_two_panes_may_use_one_key() -> None:
    """The tree and the details never have the focus at the same time."""
    assert keymap_of(keys(("details.down", "g")))["details.down"] == "g"


def test_the_presets_are_those_of_the_settings() -> None:
    """The settings know their names without the user interface."""
    assert tuple(PRESETS) == config.PRESETS


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_has_no_key_twice(name: str) -> None:
    """Each is free of conflicts, and changes only what there is."""
    found = keymap_of(Keys(name))
    assert set(PRESETS[name].keys) <= set(ACTIONS)
    assert set(found) == set(PRESETS[name].keys)
    assert PRESETS[name].about


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_leaves_what_everybody_needs(name: str) -> None:
    """Moving, playing, help, palette, back and quit have a key in each."""
    found = keys_of(Keys(name))
    for action in ("tree.down", "tree.up", "tree.choose", "play.toggle", "app.quit"):
        assert found[action]
    assert "question_mark" in found["app.help"]
    assert "escape" in found["view.back"]
    assert "ctrl+p" in found["app.palette"]


def test_what_is_given_counts_more_than_the_preset() -> None:
    """And the preset's other keys stay."""
    found = keys_of(keys(("play.mute", "x"), ("play.next_speed", ""), preset="vim"))
    assert found["play.mute"] == ("x",)
    assert found["note.undo"] == ("u",)
    with pytest.raises(UsageError, match="M would be both"):
        keys_of(keys(("note.title", "M"), preset="vim"))
