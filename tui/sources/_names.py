"""Which names are recordings, which are rubbish, and which are copies of another.

Sync tools, browsers and phones leave names that must never become notes: a file that
is still being written, a thumbnail cache, the half of a resource fork. All rules work
on the bytes of a name, since not every name is text. A scan asks them for every file,
so each question is one look at a table or one compiled expression.
"""

from __future__ import annotations

import re

__all__ = [
    "AUDIO_SUFFIXES",
    "FILM_SUFFIXES",
    "base_of_conflict",
    "is_audio_name",
    "is_film_name",
    "is_ignored",
    "is_ignored_folder",
    "is_temporary",
]

FILM_SUFFIXES = frozenset(
    {b".mp4", b".mov", b".webm", b".3gp", b".3gpp", b".mpeg", b".mpg", b".asf"}
)
"""Suffixes that voice notes share with films; the bytes tell which it is."""

AUDIO_SUFFIXES = FILM_SUFFIXES | {
    *(b".opus", b".ogg", b".oga", b".spx", b".m4a", b".m4b", b".aac", b".mp3"),
    *(b".mpga", b".wav", b".wave", b".amr", b".awb", b".3ga", b".caf", b".qta"),
    *(b".flac", b".wma", b".weba", b".mka", b".aif", b".aiff", b".aifc", b".au"),
    *(b".ape", b".wv", b".tta"),
}
"""Suffixes of files that can be notes, in lower case, with the dot."""

_HALF = (
    rb"part|partial|crdownload|download|opdownload|filepart|tacitpart|!sync|!ut|aria2"
)
"""What download and sync tools append while they write."""

_TEMPORARY = re.compile(
    rb"""
    \.syncthing\..+\.tmp                # Syncthing on Unix
    | ~syncthing~.+\.tmp                # Syncthing on Windows
    | \..+\.(?!icloud)[a-z0-9]{6}       # rsync; iCloud's own mark has six letters too
    | \..+\.~[0-9a-f]+                  # Nextcloud, ownCloud
    | \.pending-[0-9]+-.+               # Android, while an app writes
    | .+\.(?:"""
    + _HALF
    + rb"""|tmp|temp|enc\.tmp|bts)
    | .+_exiftool_tmp
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)

_IGNORED = re.compile(
    rb"""
    \..*                                # hidden: caches, marks, trash, resource forks
    | .*~                               # editors' backups
    | ~[$].*                            # office locks
    | ~syncthing~.+\.tmp
    | .+\.(?:"""
    + _HALF
    + rb"""|tmp|temp|bts|swp|swx|lock|enc|chck|prog\.thumb\.jpg|mmsthumb|thumb
        |rsls[a-z]?)
    | .+_exiftool_tmp
    | Thumbs\.db | ehthumbs(?:_vista)?\.db | desktop\.ini | Icon\r
    | msgstore-increment.*\.crypt[0-9]+
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)

_IGNORED_FOLDER = re.compile(
    rb"""
    \..*                                # hidden, also .stversions, .Trash-1000, .Links
    | @eaDir | @__thumb | @Recycle | \#recycle | \#snapshot   # network storage
    | [$]RECYCLE\.BIN | System\ Volume\ Information
    | __MACOSX | lost\+found
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)

_MAYBE_CONFLICT = re.compile(rb"[(~]|conflict|\.path[12]|- Copy", re.IGNORECASE)
"""What every name of a copy contains; saves the long look for nearly all names."""

_CONFLICT = re.compile(
    rb"""
    (?P<base>.+?)
    (?:
        \.sync-conflict-[0-9]{8}-[0-9]{6}(?:-[A-Z2-7]{7})?            # Syncthing
        | ~[0-9]{8}-[0-9]{6}                                          # its versions
        | _conflict-[0-9]{8}-[0-9]{6}                                 # older Nextcloud
        | [ ]\([^()]*(?:conflict|conflit|konflikt|motstridig)[^()]*\)  # others
        | \.(?:conflict[0-9]+|\.?path[12])                            # rclone bisync
        | [ ]-[ ]Copy(?:[ ]\([0-9]{1,3}\))?                           # Windows
        | [ _]?\([0-9]{1,3}\)(?=\.)                                   # browsers, phones
    )
    (?P<suffix>\.[^.]+)?
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


def is_audio_name(name: bytes) -> bool:
    """Tell whether a file of this name can be a note."""
    return name[name.rfind(b".") :].lower() in AUDIO_SUFFIXES


def is_film_name(name: bytes) -> bool:
    """Tell whether a file of this name can be a note, but also a film."""
    return name[name.rfind(b".") :].lower() in FILM_SUFFIXES


def is_ignored(name: bytes) -> bool:
    """Tell whether a file of this name is never shown, whatever is in it.

    Hidden files are; so are iCloud's placeholders (`.NAME.m4a.icloud`), for as long as
    nothing tells the user that such a note exists but was not fetched.
    """
    return _IGNORED.fullmatch(name) is not None


def is_temporary(name: bytes) -> bool:
    """Tell whether a tool writes under this name and renames the file when it is whole.

    Every such name is ignored too.
    """
    return _TEMPORARY.fullmatch(name) is not None


def is_ignored_folder(name: bytes) -> bool:
    """Tell whether nothing in a folder of this name is ever shown."""
    return _IGNORED_FOLDER.fullmatch(name) is not None


def base_of_conflict(name: bytes) -> bytes | None:
    """Return the name that a conflict copy or duplicate was made from.

    Args:
        name: The name of a file.

    Returns:
        The other name, which need not exist; None for a name without such a mark. Only
        equal content makes the two one note.
    """
    if not _MAYBE_CONFLICT.search(name):
        return None
    match = _CONFLICT.fullmatch(name)
    return match["base"] + (match["suffix"] or b"") if match else None
