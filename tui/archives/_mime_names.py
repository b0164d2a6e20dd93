"""Words of mail: encoded text, and names of files that strangers chose."""

from __future__ import annotations

import binascii
import quopri
import re
import unicodedata

__all__ = ["decoded", "is_film", "is_sound", "letters", "safe_name", "utf8"]

_FILMS = frozenset({"mp4", "webm", "3gp", "3gpp", "mpeg", "mpg", "asf"})
"""Suffixes that sound shares with films: the type or the bytes tell which it is."""
_MPEG_FILMS = frozenset({"mpeg", "mpg", "asf"})
"""Those of which nothing in the bytes is worth the search."""
_PICTURES = (b"hdlr" + bytes(8) + b"vide", b"V_VP", b"V_AV1", b"V_MPEG")
"""Marks of a track with pictures in MP4 and WebM."""
_SUFFIXES = _FILMS | {
    *("opus", "ogg", "oga", "spx", "m4a", "m4b", "aac", "mp3", "mpga", "wav", "wave"),
    *("amr", "awb", "3ga", "caf", "qta", "flac", "wma", "weba", "mka", "aif", "aiff"),
    *("aifc", "au", "ape", "wv", "tta"),
}

_TYPES = {
    "ogg": "ogg vorbis",
    "opus": "opus",
    "spx": "speex",
    "m4a": "mp4 m4a mp4a-latm",
    "aac": "aac aacp",
    "mp3": "mpeg mp3 mpeg3 mpg",
    "wav": "wav wave vnd.wave",
    "amr": "amr",
    "awb": "amr-wb",
    "3gp": "3gpp 3gpp2",
    "caf": "caf",
    "flac": "flac",
    "weba": "webm",
    "aiff": "aiff aif",
    "au": "basic au",
    "wma": "ms-wma",
    "mka": "matroska",
    "qta": "quicktime qta",
}
"""By suffix, what stands behind `audio/` and a possible `x-`."""
_BY_TYPE = {kind: suffix for suffix, kinds in _TYPES.items() for kind in kinds.split()}
_BY_HEAD = (
    *((b"OggS", "ogg"), (b"RIFF", "wav"), (b"#!AMR-WB", "awb"), (b"#!AMR", "amr")),
    *((b"caff", "caf"), (b"fLaC", "flac"), (b"ID3", "mp3"), (b"FORM", "aiff")),
    *((b"\x1aE\xdf\xa3", "weba"), (b".snd", "au"), (b"\xff\xfb", "mp3")),
    *((b"\xff\xf3", "mp3"), (b"\xff\xf1", "aac"), (b"\xff\xf9", "aac")),
)
_NO_SOUND = frozenset(
    {"midi", "mid", "x-midi", "sp-midi", "mpegurl", "x-mpegurl", "x-scpls"}
)
"""Kinds of audio that are notes for instruments, or lists."""

_WORD = re.compile(r"=\?([^?*\s]+)(?:\*[^?\s]*)?\?([bBqQ])\?([^?]*)\?=")
_BETWEEN = re.compile(r"(?<=\?=)\s+(?==\?)")
_SUFFIX = re.compile(r"\.([A-Za-z0-9]{1,8})$")
_NAME_BYTES = 180
"""Of a name, what is kept: with a number in front it fits into any folder."""
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Cn", "Co"})


def utf8(text: str) -> str:
    """Turn surrogate escapes into the letters that they most likely are."""
    if text.isascii():
        return text
    raw = text.encode("utf-8", "surrogateescape")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def decoded(text: str) -> str:
    """Decode the encoded words of a header field (RFC 2047), onto one line.

    Args:
        text: A field as it stands in the mail.

    Returns:
        The text; an encoded word that is broken stays as it is.
    """
    if "=?" not in text:
        return " ".join(text.split())
    text = _BETWEEN.sub("", text)
    pieces: list[str] = []
    run, charset, end = b"", "", 0
    for word in _WORD.finditer(text):
        data = _word(word[2].lower(), word[3])
        between = text[end : word.start()]
        # A letter of several bytes may have been cut between two words.
        if between or data is None or word[1].lower() != charset:
            pieces += (letters(run, charset), between)
            run = b""
        if data is None:
            pieces.append(word[0])
        else:
            run, charset = run + data, word[1].lower()
        end = word.end()
    pieces += (letters(run, charset), text[end:])
    return " ".join("".join(pieces).split())


def _word(encoding: str, text: str) -> bytes | None:
    if not text.isascii():
        return None
    if encoding == "q":
        return quopri.decodestring(text.replace(" ", "_").encode(), header=True)
    try:
        return binascii.a2b_base64(text + "=" * (-len(text) % 4))
    except ValueError:
        return None


def letters(data: bytes, charset: str) -> str:
    """Decode text by the name that its alphabet was given, or as well as it can be."""
    try:
        text = data.decode(charset or "utf-8")
    except (LookupError, ValueError):
        text = utf8(data.decode("utf-8", "surrogateescape"))
    # Some alphabets have halves of letters, which nobody can store.
    return text.encode("utf-8", "replace").decode("utf-8")


def is_sound(kind: str, name: str) -> bool:
    """Tell whether a part of a mail is a recording.

    Args:
        kind: Its type, e.g. `audio/ogg`, in lower case.
        name: The name of its file, maybe empty.
    """
    main, _, sub = kind.partition("/")
    if main == "audio":
        return sub not in _NO_SOUND
    if main in {"message", "multipart"}:
        return False
    match = _SUFFIX.search(name.strip())
    if match is None:
        return kind in {"application/ogg", "application/x-ogg"}
    suffix = match[1].lower()
    return suffix in _SUFFIXES and (main != "video" or suffix not in _FILMS)


def is_film(name: str, data: bytes) -> bool:
    """Tell by its bytes whether a part of which only the name says so has pictures."""
    match = _SUFFIX.search(name.strip())
    suffix = match[1].lower() if match else ""
    if suffix not in _FILMS:
        return False
    return suffix in _MPEG_FILMS or any(mark in data for mark in _PICTURES)


def safe_name(name: str, kind: str, data: bytes) -> str:
    """Make a name for the file of a recording.

    Args:
        name: What the mail calls it, maybe empty.
        kind: Its type.
        data: Its bytes.

    Returns:
        The name in NFC, without folders, control characters and blank ends, and with
        the suffix of a recording.
    """
    last = re.split(r"[/\\]", name)[-1]
    shown = "".join(char for char in last if unicodedata.category(char) not in _HIDDEN)
    shown = unicodedata.normalize("NFC", shown).strip(" .\"'") or "audio"
    match = _SUFFIX.search(shown)
    if match is not None and match[1].lower() in _SUFFIXES:
        stem, suffix = shown[: match.start()], match[0]
    else:
        stem, suffix = shown, _suffix(kind, data)
    # Cut at whole letters.
    short = stem.encode("utf-8", "ignore")[:_NAME_BYTES].decode("utf-8", "ignore")
    return (short.strip() or "audio") + suffix


def _suffix(kind: str, data: bytes) -> str:
    main, _, sub = kind.partition("/")
    known = _BY_TYPE.get(sub.removeprefix("x-")) if main == "audio" else None
    if known is None:
        known = next((to for head, to in _BY_HEAD if data.startswith(head)), None)
    if known is None:
        known = "m4a" if data[4:8] == b"ftyp" else "audio"
    return f".{known}"
