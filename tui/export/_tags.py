"""Tags of saved files, in each format's own way.

Beside what people read, each file has a mark: it tells of what and how the file was
made, so that the next run knows it again.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from tui.errors import AudioError
from tui.export._formats import Format
from tui.export._texts import lines, one_line
from tui.model import Direction, Precision
from tui.query import wall_clock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tui.export._chapters import Chapter
    from tui.export._formats import Options
    from tui.model import Note

__all__ = ["Words", "length_in", "mark_in", "mark_of", "words_of", "write_tags"]

_MARK = "EARMARK"
_MP4_MARK = f"----:org.earmark:{_MARK}"
_VERSION = 1
"""Grows when the same note and options make another file."""
_LONGEST_TITLE = 124
"""Bytes of a chapter's title in ID3: FFmpeg misreads the length of a frame in a frame
from 128 on."""
_LISTED = 255
"""As many chapters fit into a list of ID3."""


class Words(NamedTuple):
    """What the tags of a file tell."""

    title: str
    sender: str
    chat: str
    date: str
    """In ISO 8601, on the clock of the wall, as exactly as it is known."""
    comment: str
    transcript: str
    mark: str
    """Of what and how the file was made."""


def words_of(note: Note, mark: str = "") -> Words:
    """Gather what the tags of a note tell.

    Args:
        note: The note.
        mark: Of what and how the file is made.
    """
    row = note.row
    moment = wall_clock(row).replace(microsecond=0)
    has_time = row.precision is not Precision.DAY
    chat = one_line(row.chat_title)
    me = "me" if row.direction is Direction.SENT else ""
    date = moment.isoformat() if has_time else moment.date().isoformat()
    return Words(
        title=one_line(row.title) or f"{chat} {date.replace('T', ' ')}".strip(),
        sender=one_line(row.sender or me),
        chat=chat,
        date=date,
        comment=lines(note.comment),
        transcript=lines(note.transcript),
        mark=mark,
    )


def mark_of(note: Note, options: Options) -> str:
    """Give what only a file has that is made of the same note in the same way."""
    rate = options.bit_rate or options.format.usual_bit_rate(options.channels)
    sides = 1 if options.channels == 1 else "both"
    sound = (options.format.value, rate, sides, options.skip)
    level = options.target_lufs if options.level else None
    facts = (_VERSION, note.key, note.size, sound, level)
    told = (tuple(words_of(note)), tuple(map(tuple, note.bookmarks)))
    text = repr((facts, told)).encode(errors="surrogatepass")
    return hashlib.sha256(text).hexdigest()[:32]


def mark_in(path: Path, form: Format) -> str:
    """Read the mark of a file; empty for a file that is not of ours."""
    from mutagen import MutagenError

    try:
        found = _opened(path, form).tags
    except (MutagenError, OSError, ValueError, EOFError):
        return ""
    key = {
        Format.MP3: f"TXXX:{_MARK}",
        Format.WAV: f"TXXX:{_MARK}",
        Format.M4A: _MP4_MARK,
        Format.M4B: _MP4_MARK,
    }.get(form, _MARK)
    values = (found or {}).get(key) or [""]
    value = getattr(values, "text", values)[0]
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def length_in(path: Path, form: Format) -> int:
    """Read how long a file is that was made, in milliseconds; 0 for not known."""
    from mutagen import MutagenError

    try:
        length_s = float(_opened(path, form).info.length)
    except (MutagenError, OSError, ValueError, EOFError):
        return 0
    return round(length_s * 1000)


def write_tags(
    path: Path, form: Format, words: Words, chapters: Sequence[Chapter]
) -> None:
    """Write the tags of a file that has none.

    Args:
        path: The file.
        form: Its format.
        words: What they tell.
        chapters: The parts; M4A has them already.

    Raises:
        AudioError: The file can't be understood.
        OSError: It can't be written.
    """
    with _writing(path):
        file = _opened(path, form)
        if file.tags is None:
            file.add_tags()
        if form.is_mp4:
            file.tags.update(_atoms(words))
        elif form in {Format.MP3, Format.WAV}:
            for frame in _frames(words, chapters):
                file.tags.add(frame)
        else:
            file.tags.update(_comments(words, chapters))
        file.save()


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Tell an error of the disk from one of the file."""
    from mutagen import MutagenError

    try:
        yield
    except MutagenError as error:
        cause = error.args[0] if error.args else None
        if isinstance(cause, OSError):
            raise cause from error
        raise AudioError(path, "it can't be tagged") from error


def _opened(path: Path, form: Format) -> Any:  # noqa: ANN401  # mutagen's types are half
    from mutagen.flac import FLAC
    from mutagen.mp3 import MP3
    from mutagen.mp4 import MP4
    from mutagen.oggopus import OggOpus
    from mutagen.wave import WAVE

    kinds: dict[Format, Any] = {
        Format.MP3: MP3,
        Format.M4A: MP4,
        Format.M4B: MP4,
        Format.WAV: WAVE,
        Format.FLAC: FLAC,
    }
    return kinds.get(form, OggOpus)(path)


def _comments(words: Words, chapters: Sequence[Chapter]) -> dict[str, str]:
    """Make the comments of Ogg and FLAC."""
    fields = {
        "TITLE": words.title,
        "ARTIST": words.sender,
        "ALBUM": words.chat,
        "DATE": words.date,
        "COMMENT": words.comment,
        "LYRICS": words.transcript,
        _MARK: words.mark,
    }
    for number, chapter in enumerate(chapters, 1):
        seconds, ms = divmod(chapter.start_ms, 1000)
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        time = f"{hours:02}:{minutes:02}:{seconds:02}.{ms:03}"
        fields[f"CHAPTER{number:03}"] = time
        fields[f"CHAPTER{number:03}NAME"] = chapter.title
    return {name: text for name, text in fields.items() if text}


def _atoms(words: Words) -> dict[str, Any]:
    """Make the atoms of M4A."""
    atoms = {
        "\xa9nam": words.title,
        "\xa9ART": words.sender,
        "\xa9alb": words.chat,
        "\xa9day": words.date,
        "\xa9cmt": words.comment,
        "\xa9lyr": words.transcript,
    }
    made: dict[str, Any] = {name: [text] for name, text in atoms.items() if text}
    return made | {_MP4_MARK: [words.mark.encode()]}


def _frames(words: Words, chapters: Sequence[Chapter]) -> Iterator[Any]:
    """Make the frames of ID3, for MP3 and WAV."""
    import mutagen.id3

    id3: Any = mutagen.id3
    utf8 = id3.Encoding.UTF8
    for kind, text in (
        (id3.TIT2, words.title),
        (id3.TPE1, words.sender),
        (id3.TALB, words.chat),
        (id3.TDRC, words.date),
    ):
        if text:
            yield kind(utf8, text)
    if words.comment:
        yield id3.COMM(utf8, "und", "", words.comment)
    if words.transcript:
        yield id3.USLT(utf8, "und", "", words.transcript)
    yield id3.TXXX(utf8, _MARK, words.mark)
    names = _chapter_names([_short(chapter.title) for chapter in chapters])
    nowhere = 0xFFFFFFFF  # the time counts, no byte of the file
    for name, chapter in zip(names, chapters, strict=True):
        title = id3.TIT2(utf8, _short(chapter.title))
        start, end = chapter.start_ms, chapter.end_ms
        yield id3.CHAP(name, start, end, nowhere, nowhere, [title])
    if names:
        yield from _contents(names)


def _contents(names: Sequence[str]) -> Iterator[Any]:
    """Make the list of chapters: one list, or one of lists of 255 each."""
    import mutagen.id3

    id3: Any = mutagen.id3
    ordered, number = id3.CTOCFlags.ORDERED, 0
    while len(names) > _LISTED:
        parts = [names[at : at + _LISTED] for at in range(0, len(names), _LISTED)]
        names = [f"toc{at:04}" for at in range(number, number + len(parts))]
        for name, part in zip(names, parts, strict=True):
            yield id3.CTOC(name, ordered, part, [])
        number += len(parts)
    yield id3.CTOC("toc", id3.CTOCFlags.TOP_LEVEL | ordered, names, [])


def _short(title: str) -> str:
    """Cut the title of a chapter to what FFmpeg reads.

    With one that is longer, it finds no chapter at all.
    """
    if len(title.encode()) <= _LONGEST_TITLE:
        return title
    return f"{title.encode()[: _LONGEST_TITLE - 3].decode(errors='ignore')}…"


def _chapter_names(titles: Sequence[str]) -> list[str]:
    """Name frames of chapters so that all are as long with their titles.

    Mutagen writes the shortest frame first, and some players take the order of the
    frames for that of the chapters.
    """
    sizes = [len(title.encode()) for title in titles]
    longest = max(sizes, default=0)
    return [
        f"ch{number:04}".ljust(6 + longest - size, "-")
        for number, size in enumerate(sizes)
    ]
