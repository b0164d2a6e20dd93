"""How sound goes with documents: by links, copied beside them, or in them."""

from __future__ import annotations

import contextlib
import os
import stat
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, quote_from_bytes

from tui.archives import MARK
from tui.errors import AudioError
from tui.export._formats import Format, Options
from tui.export._jobs import Steering, Stopped
from tui.export._names import safe_suffix
from tui.export._plan import Planned, problem_of
from tui.export._run import Saver
from tui.export._spool import NO_SOUND, NoteSound
from tui.export._write import copy_into, new_part, writing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from tui.export._jobs import Progress
    from tui.export._run import Saved
    from tui.export._write import Part
    from tui.model import Note

__all__ = ["Copies", "Embedded", "Share", "address_of", "link_of", "sounding_of"]

_CONTAINERS = {
    "ogg/opus": "audio/ogg",
    "ogg/vorbis": "audio/ogg",
    "ogg/flac": "audio/ogg",
    "mp3": "audio/mpeg",
    "mp4": "audio/mp4",
    "adts": "audio/aac",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "webm": "audio/webm",
}
"""What every browser of our days plays as it is: container, media type."""
_SUFFIXES = {
    ".opus": "audio/ogg",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".m4b": "audio/mp4",
    ".mp4": "audio/mp4",
    ".aac": "audio/aac",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".webm": "audio/webm",
}
"""The same by the suffix, for what was not looked into yet."""
_OTHERS = {
    ".amr": "audio/amr",
    ".awb": "audio/amr-wb",
    ".3gp": "audio/3gpp",
    ".caf": "audio/x-caf",
}
_USUAL_SUFFIX = {
    "audio/ogg": ".opus",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "audio/aac": ".aac",
    "audio/wav": ".wav",
    "audio/flac": ".flac",
    "audio/webm": ".webm",
}


def _played_as(note: Note) -> str:
    """Give the media type of a note that browsers play as it is; empty for others."""
    if note.container:
        return _CONTAINERS.get(note.container, "")
    return _SUFFIXES.get(_suffix_of(note), "")


def _suffix_of(note: Note) -> str:
    return safe_suffix(note.files[0].path) if note.files else ""


class Sounding(NamedTuple):
    """What a note's sound becomes."""

    options: Options
    suffix: str
    mime: str


def sounding_of(note: Note, options: Options) -> Sounding:
    """Tell what the sound of a note becomes.

    Args:
        note: The note.
        options: What is wanted. What can't be played as it is becomes MP3.
    """
    if options.format is Format.ORIGINAL:
        mime = _played_as(note)
        if mime or not note.files:
            suffix = _suffix_of(note) or _USUAL_SUFFIX.get(mime, "")
            return Sounding(options, suffix, mime)
        options = Options(format=Format.MP3, template=options.template)
    suffix = options.format.suffix
    return Sounding(options, suffix, _SUFFIXES[suffix])


def address_of(path: str) -> str:
    """Write a relative path as an address.

    Args:
        path: The path, with surrogates for bytes that are no text.
    """
    return quote(path, errors="surrogateescape")


def link_of(note: Note) -> NoteSound:
    """Give the address of a note's own file.

    Args:
        note: The note.
    """
    problem = problem_of(note)
    for file in note.files if not problem else ():
        path = file.full_path
        if path.find(MARK, 1) >= 0:
            problem = problem or "lies in an archive: no link leads there"
            continue
        try:
            info = os.stat(path)  # noqa: PTH116  # pathlib knows only text
        except OSError:
            problem = problem or "vanished"
            continue
        if not stat.S_ISREG(info.st_mode):
            problem = problem or "is no regular file"
            continue
        suffix = _suffix_of(note)
        mime = _played_as(note) or _OTHERS.get(suffix, "application/octet-stream")
        return NoteSound(f"file://{quote_from_bytes(path)}", info.st_size, mime)
    return NO_SOUND._replace(problem=problem)


class Share(Steering):
    """A part of the work that calls itself all of it.

    Args:
        steering: Of all.
        share: The share of the work that lies before it.
        weight: Its own share.
    """

    def __init__(self, steering: Steering, share: float, weight: float) -> None:
        super().__init__()
        self._steering = steering
        self._share = share
        self._weight = weight
        self.is_stopped = False
        """Whether it was ended; who works for us may keep that to himself."""

    def step(self, progress: Progress) -> None:
        """Tell how far all is, and wait while it is paused.

        Raises:
            Stopped: The run shall end.
        """
        share = self._share + self._weight * min(1.0, progress.share)
        try:
            self._steering.step(progress._replace(share=share))
        except Stopped:
            self.is_stopped = True
            raise


class Copies:
    """Saves the sounds of notes beside documents.

    Args:
        options: How; what can't be played as it is becomes MP3.
        roots: The folders of all sources.
    """

    def __init__(self, options: Options, roots: Iterable[bytes]) -> None:
        self._options = options
        self._roots = tuple(roots)
        self._savers: dict[Format, Saver] = {}

    def planned(self, planned: Planned) -> Planned:
        """Name the file as what it becomes.

        Args:
            planned: The note, with a name that has no suffix.
        """
        suffix = self.suffix(planned.note)
        return planned._replace(name=planned.name + suffix, suffix=suffix)

    def suffix(self, note: Note) -> str:
        """Tell how the name of the file ends."""
        return sounding_of(note, self._options).suffix

    def options_of(self, note: Note) -> Options:
        """Tell how the file is made."""
        return sounding_of(note, self._options).options

    def mime(self, note: Note) -> str:
        """Tell the media type of the file."""
        return sounding_of(note, self._options).mime

    def run(
        self, planned: Iterable[Planned], total: int, steering: Steering
    ) -> Iterator[Saved]:
        """Save notes in their order.

        Args:
            planned: The notes, named.
            total: How many they are.
            steering: Watches and ends it.

        Yields:
            What became of each.

        Raises:
            Stopped: It was ended.
            DataError: Nothing can be written there.
        """
        done = size = 0
        # One run after the other, each of notes that are made in the same way: most
        # chats are one run.
        for options, batch in groupby(planned, lambda each: self.options_of(each.note)):
            before = done / total if total else 0.0
            part = _Batch(steering, done, size, before)
            saver = self._saver(options)
            for saved in saver.run(batch, total, steering=part):
                done += 1
                size += saved.size
                yield saved
            if part.is_stopped:
                raise Stopped

    def _saver(self, options: Options) -> Saver:
        saver = self._savers.get(options.format)
        if saver is None:
            saver = self._savers[options.format] = Saver(options, self._roots)
        return saver


class _Batch(Share):
    """A run among several, which counts from 0."""

    def __init__(self, steering: Steering, done: int, size: int, share: float) -> None:
        super().__init__(steering, share, 1.0)
        self._done = done
        self._size = size

    def step(self, progress: Progress) -> None:
        """Tell how far all is.

        Raises:
            Stopped: The run shall end.
        """
        done, size = self._done + progress.done, self._size + progress.size
        super().step(progress._replace(done=done, size=size))


def _made(
    planned: Planned,
    source: bytes,
    part: Part,
    options: Options,
    tick: Callable[[], None],
) -> int:
    def passed(_share: float) -> None:
        tick()

    if options.format is Format.ORIGINAL:
        return copy_into(part, source, passed)
    from tui.export._convert import Conversions  # loads what copying need not

    return Conversions(options).make(planned, source, part, passed)


class Embedded:
    """Makes files that writers put into documents, one at a time.

    Each is a copy, also of what is played as it is: a source may vanish in the middle.

    Args:
        options: How; what can't be played as it is becomes MP3.
    """

    def __init__(self, options: Options) -> None:
        self._options = options

    @contextlib.contextmanager
    def sound(
        self, note: Note, folder: Path, tick: Callable[[], None]
    ) -> Iterator[tuple[NoteSound, Path | None]]:
        """Make the file of a note, which is gone at the end.

        Args:
            note: The note.
            folder: Where it may lie until then.
            tick: Called often meanwhile; what it raises ends it.

        Yields:
            Its sound, without an address, and the file; None when there is none.

        Raises:
            DataError: It can't be written.
        """
        problem = problem_of(note)
        for file in note.files if not problem else ():
            with writing(folder), new_part(folder) as part:
                planned = Planned(note, folder, part.path.name)
                sounding = sounding_of(note, self._options)
                try:
                    size = _made(planned, file.full_path, part, sounding.options, tick)
                except AudioError as error:
                    problem = problem or error.reason
                    continue
                yield NoteSound("", size, sounding.mime), part.path
                return
        yield NO_SOUND._replace(problem=problem), None
