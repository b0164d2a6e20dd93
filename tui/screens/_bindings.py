"""The keys of the application: everything but moving about in a pane.

One table, so that it can be read beside the one in the README. Ids are for the key map
of the config; their first part is the heading in the help.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.binding import Binding

if TYPE_CHECKING:
    from textual.binding import BindingType

__all__ = ["BINDINGS"]

_NEAR = "Back, forward 5 s"
_FINE = "Back, forward 1 s"
_FAR = "Back, forward 30 s"
_PART = "Jump to 0 to 90 %"
_STEP = "Previous, next note"
_SPEED = "Slower, faster"
_VOLUME = "Softer, louder"
_BOOST = "Sender softer, louder"
_MARK = "Next, previous bookmark"
_DAY = "Next, previous day"
_PLACE = "Up, down in collection"

_TABLE = (
    # keys, action, id, title, what it does, row of the help that it shares
    (
        "space,p",
        "play_pause",
        "play.toggle",
        "Play, pause",
        "Pause or go on; with nothing loaded, play the note under the cursor",
        "",
    ),
    (
        "n",
        "next_unplayed",
        "play.next_unplayed",
        "Play next unplayed",
        "Play the oldest unplayed note",
        "",
    ),
    ("left", "seek(-5)", "play.back", "Back 5 s", "Go back 5 seconds", _NEAR),
    ("right", "seek(5)", "play.forward", "Forward 5 s", "Go on 5 seconds", _NEAR),
    ("shift+left", "seek(-1)", "play.back_1", "Back 1 s", "Go back a second", _FINE),
    (
        "shift+right",
        "seek(1)",
        "play.forward_1",
        "Forward 1 s",
        "Go on a second",
        _FINE,
    ),
    (",", "seek(-30)", "play.back_30", "Back 30 s", "Go back 30 seconds", _FAR),
    (".", "seek(30)", "play.forward_30", "Forward 30 s", "Go on 30 seconds", _FAR),
    *(
        (
            str(tenth),
            f"percent({tenth}0)" if tenth else "percent(0)",
            f"play.percent_{tenth}0",
            f"Jump to {tenth}0 %" if tenth else "Jump to the start",
            "Go to a part of the note",
            _PART,
        )
        for tenth in range(10)
    ),
    ("<", "previous", "play.previous", "Previous note", "Play the one before", _STEP),
    (">", "next", "play.next", "Next note", "Play the one after", _STEP),
    ("[", "speed(-0.1)", "play.slower", "Slower", "Speed down by 0.1", _SPEED),
    ("]", "speed(0.1)", "play.faster", "Faster", "Speed up by 0.1", _SPEED),
    (
        "x",
        "next_speed",
        "play.next_speed",
        "Speed 1, 1.5, 2",
        "Go through the speeds 1, 1.5 and 2",
        "",
    ),
    (
        "backspace",
        "normal_speed",
        "play.normal_speed",
        "Normal speed",
        "Speak as fast as it was recorded",
        "",
    ),
    ("-", "volume(-0.05)", "play.softer", "Softer", "Volume down by 5 %", _VOLUME),
    ("=", "volume(0.05)", "play.louder", "Louder", "Volume up by 5 %", _VOLUME),
    ("m", "mute", "play.mute", "Mute", "Silence without a pause, or undo it", ""),
    (
        "S",
        "skip_silence",
        "play.skip_silence",
        "Skip silence",
        "Leave out long pauses, more of them, most, or none",
        "",
    ),
    (
        "_",
        "listen('softer')",
        "play.boost_down",
        "Sender softer",
        "Have this sender speak 3 dB softer, also from now on",
        _BOOST,
    ),
    (
        "+",
        "listen('louder')",
        "play.boost_up",
        "Sender louder",
        "Have this sender speak 3 dB louder, also from now on",
        _BOOST,
    ),
    (
        "V",
        "listen('level')",
        "play.level",
        "Level loudness",
        "Bring what is soft and what is loud to the same loudness, or not",
        "",
    ),
    (
        "X",
        "listen('sound')",
        "play.sound",
        "Sound remembered",
        "What is remembered for the note, its sender, its chat and all notes",
        "",
    ),
    (
        "r",
        "listen('replay')",
        "play.replay",
        "Replay 5 s",
        "Play the last 5 seconds again",
        "",
    ),
    (
        "L",
        "listen('loop')",
        "play.loop",
        "A-B loop",
        "Mark where a part begins, then where it ends: it is played over and over",
        "",
    ),
    (
        "'",
        "listen('next_bookmark')",
        "play.next_bookmark",
        "Next bookmark",
        "Go to the bookmark after this moment",
        _MARK,
    ),
    (
        '"',
        "listen('previous_bookmark')",
        "play.previous_bookmark",
        "Previous bookmark",
        "Go to the bookmark before this moment",
        _MARK,
    ),
    (
        "a",
        "listen('add')",
        "play.add",
        "Add to queue",
        "Have the note, the selected ones, or those of a group wait in the queue",
        "",
    ),
    (
        "P",
        "listen('add_first')",
        "play.add_first",
        "Play next",
        "Have them wait before the others in the queue",
        "",
    ),
    (
        "Q",
        "listen('queue')",
        "play.queue",
        "Queue",
        "What waits to be played: in another order, or not at all",
        "",
    ),
    (
        "E",
        "listen('stop_after')",
        "play.stop_after",
        "Stop after this note",
        "Be silent when this note has ended, or go on after all",
        "",
    ),
    (
        "M",
        "listen('sleep')",
        "play.sleep",
        "Sleep timer",
        "Pause after some minutes, or at the end of this note",
        "",
    ),
    (
        "O",
        "listen('output')",
        "play.output",
        "Output",
        "Choose where it is heard: speakers, headphones, silence",
        "",
    ),
    (
        "u",
        "marks('played')",
        "note.played",
        "Played, unplayed",
        "Mark the note, the selected ones, or all of a group played, or unplayed",
        "",
    ),
    ("s", "marks('star')", "note.star", "Star", "Star, or take the star away", ""),
    ("t", "marks('tag')", "note.tag", "Tag", "Give tags, or take them away", ""),
    ("c", "marks('comment')", "note.comment", "Comment", "Write a comment", ""),
    ("C", "marks('title')", "note.title", "Title", "Give a title of your own", ""),
    (
        "b",
        "marks('bookmark')",
        "note.bookmark",
        "Bookmark",
        "Mark this moment of the note that plays; the text can wait",
        "",
    ),
    (
        "B",
        "marks('bookmarks')",
        "note.bookmarks",
        "Bookmarks",
        "List the bookmarks of the note: go to one, write to it, remove it",
        "",
    ),
    (
        "A",
        "people('assign')",
        "note.assign",
        "Assign",
        "Say which chat or sender the note is from; of a chat: rename, merge, split",
        "",
    ),
    (
        "F",
        "marks('collect')",
        "note.collect",
        "Collect",
        "File the note, the selected ones, or all of a group in a collection",
        "",
    ),
    (
        "alt+up",
        "marks('collected_up')",
        "note.collected_up",
        "Up in collection",
        "Move the note, or the selected ones, a place up in its collection",
        _PLACE,
    ),
    (
        "alt+down",
        "marks('collected_down')",
        "note.collected_down",
        "Down in collection",
        "Move the note, or the selected ones, a place down in its collection",
        _PLACE,
    ),
    (
        "delete",
        "marks('uncollect')",
        "note.uncollect",
        "Out of collection",
        "Take the note, or the selected ones, out of the collection",
        "",
    ),
    ("z", "people('undo')", "note.undo", "Undo", "Take the last change back", ""),
    (
        "Z",
        "marks('changes')",
        "note.changes",
        "List of changes",
        "List what can be undone, and take back as much as you like",
        "",
    ),
    ("/", "find('search')", "find.search", "Search", "Search and filter", ""),
    (
        "N",
        "find('previous')",
        "find.previous",
        "Previous match",
        "Go to the match before, while a search is on; n goes to the next",
        "",
    ),
    ("f", "find('saved')", "find.saved", "Saved searches", "Choose, save, remove", ""),
    (
        "w",
        "find('group')",
        "find.group",
        "Group by",
        "Group the tree by chat, sender, day, week, month, tag or source",
        "",
    ),
    (
        "o",
        "find('sort')",
        "find.sort",
        "Sort",
        "Sort by time, by length, or what is not played yet first",
        "",
    ),
    ("d", "find('date')", "find.date", "Go to date", "Go to the notes of a day", ""),
    (")", "find('next_day')", "find.next_day", "Next day", "Go a day on", _DAY),
    ("(", "find('previous_day')", "find.previous_day", "Day before", "Back", _DAY),
    ("#", "marks('tags')", "find.tags", "Tags", "All tags, with counts", ""),
    (
        "I",
        "find('statistics')",
        "find.statistics",
        "Statistics",
        "Minutes per chat, sender and month, and what is left to hear",
        "",
    ),
    (
        "e",
        "export('export')",
        "note.export",
        "Export",
        "Save notes as files, in one file, as a page or a list; or see how far it is",
        "",
    ),
    (
        "y",
        "export('copy')",
        "note.copy",
        "Copy",
        "Copy path, link, transcript or comment to the clipboard of your terminal",
        "",
    ),
    ("R", "rescan", "app.rescan", "Rescan", "Look at every file again", ""),
    (
        "ctrl+p,:",
        "command_palette",
        "app.palette",
        "Command palette",
        "Find any action by its name",
        "",
    ),
    ("?", "help", "app.help", "Keys", "Show all keys", ""),
    ("q", "quit", "app.quit", "Quit", "Leave; the position is kept", ""),
)


def _keys(keys: str) -> str:
    """Write keys as Textual splits them: a comma alone is a key, not a separator."""
    return "comma" if keys == "," else keys


BINDINGS: list[BindingType] = [
    *(
        Binding(
            _keys(keys),
            action,
            title,
            show=False,
            id=name,
            tooltip=tooltip,
            group=Binding.Group(row) if row else None,
        )
        for keys, action, name, title, tooltip, row in _TABLE
    ),
    Binding("ctrl+c,ctrl+q", "quit", show=False, priority=True),
]
