"""Notes joined to one file, with a chapter for each.

Everything is decoded, joined and encoded anew, Opus as well. Its packets can be copied
from one file into the other, but what comes out is not gapless: each note carries the
delay of its encoder in front (6.5 ms) and what fills up its last packet (up to 60 ms,
in the mean 40 ms for each note). Players cut both off at the two ends of a stream, and
can't in the middle of one. The begin of a note is off by up to -44 dB of full scale
then, since the decoder still has the end of the one before in mind. With packets of
silence between them notes are bit-exact and in their place; but one that was cut off
in the middle of a sound ends with a click of up to -7 dB, as nothing can fade there.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, closing, suppress
from itertools import chain
from typing import TYPE_CHECKING

from tui.audio import RATE, Sound, gain_db, measure_loudness
from tui.errors import AudioError, DataError
from tui.export._chapters import Chapter, Places
from tui.export._convert import sound_of
from tui.export._encoder import Encoder
from tui.export._formats import Format
from tui.export._jobs import Outcome, Progress, Result, Stopped
from tui.export._join import Joiner
from tui.export._names import safe, safe_suffix
from tui.export._requests import Separator
from tui.export._separator import Announcer, check_speech, gap_of
from tui.export._survey import Survey
from tui.export._tags import mark_in, write_tags
from tui.export._write import Folders, new_part, writing

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from pathlib import Path

    from tui.export._jobs import Steering
    from tui.export._requests import MergeRequest
    from tui.export._survey import Piece
    from tui.export._write import Part
    from tui.model import Note

__all__ = ["MergeJob"]

_STEP_S = 0.5
"""Seconds after which a step is made wherever it is."""
_LOOKED_AT = 50
"""Notes that are looked at between two steps."""
_MOST_COMMENTS = 999
"""Chapters of Ogg and FLAC: their numbers have three digits."""


class MergeJob:
    """Writes notes into one file.

    Args:
        request: Where and how.
        roots: The folders of all sources.
    """

    def __init__(self, request: MergeRequest, roots: Iterable[bytes]) -> None:
        self._request = request
        self._folders = Folders(roots)

    def check(self) -> None:
        """Refuse a file in a source, another format's name, speech without a voice."""
        target = self._request.target
        is_folder = self._is_folder()
        self._folders.check(target if is_folder else target.parent)
        if not is_folder:
            _require_suffix(target, self._request.options.format)
        check_speech(self._request)

    def preview(self, notes: Iterable[Note], total: int) -> Iterator[Result]:  # noqa: ARG002  # as in all jobs
        """Tell which file there would be, and which notes would not be in it."""
        self.check()
        survey = Survey(self._request)
        survey.add(notes)
        target = self._target(survey)
        yield from _refused(survey, target)
        if not survey.taken:
            return
        if self._is_there(survey, target):
            yield Result(target, Outcome.THERE, notes=survey.taken)
        else:
            yield Result(target, Outcome.SAVED, survey.size, survey.taken)

    def run(
        self, notes: Iterable[Note], total: int, steering: Steering
    ) -> Iterator[Result]:
        """Write it."""
        self.check()
        survey = Survey(self._request)
        try:
            for number, note in enumerate(notes):
                if number % _LOOKED_AT == 0:
                    place = self._request.target
                    steering.step(Progress(0, total, 0, place))
                survey.add((note,))
            target = self._target(survey)
            yield from _refused(survey, target)
            if not survey.taken:
                return
            if self._is_there(survey, target):
                yield Result(target, Outcome.THERE, notes=survey.taken)
                return
            self._folders.prepare(target.parent)
            yield from self._written(survey, target, steering)
        except Stopped:
            return
        finally:
            self._folders.finish()

    def _target(self, survey: Survey) -> Path:
        target, suffix = self._request.target, self._request.options.format.suffix
        if self._is_folder():
            return target / safe(survey.title, suffix)
        named = safe_suffix(os.fsencode(target.name))
        if not named or named[1:].isdigit():  # a date, or a part of one
            return target.with_name(target.name + suffix)
        return target

    def _is_folder(self) -> bool:
        target = self._request.target
        with writing(target):
            return target.is_dir()

    def _is_there(self, survey: Survey, target: Path) -> bool:
        """Tell whether just that file is there.

        Raises:
            DataError: Something else is.
        """
        with writing(target):
            if not os.path.lexists(target):
                return False
        found = mark_in(target, self._request.options.format)
        if found == survey.mark:
            return True
        reason = "is there already, and nothing is written over"
        if found.startswith(f"{survey.mark}-"):
            reason = "is there already, without notes that could not be read"
        raise DataError(target, reason)

    def _written(
        self, survey: Survey, target: Path, steering: Steering
    ) -> Iterator[Result]:
        with writing(target), new_part(target.parent) as part:
            merging = _Merging(self._request, survey, target, part)
            with closing(merging.run(steering)) as failed:
                yield from failed
            if not merging.chapters:
                return
            mark = survey.mark
            if merging.failed:
                mark += f"-{merging.failed}"
            chapters = merging.named_chapters()
            form = self._request.options.format
            write_tags(part.path, form, survey.words(mark), chapters)
            size = part.path.stat().st_size
            if part.keep(target, merging.sent_ms):
                yield Result(target, Outcome.SAVED, size, len(merging.chapters))
            elif self._is_there(survey, target):  # another run was quicker
                yield Result(target, Outcome.THERE, notes=len(merging.chapters))


def _require_suffix(target: Path, form: Format) -> None:
    """Refuse a name by which programs would take a file for what it is not.

    Raises:
        DataError: It is one.
    """
    for each in Format:
        is_so = each.suffix and each.suffix == target.suffix.lower()
        if is_so and each.container != form.container:
            reason = f"is a name for {each}, but it would be {form}: see --format"
            raise DataError(target, reason)


class _Merging:
    """The sound of one file.

    Args:
        request: How.
        survey: The notes.
        target: What the file will be called.
        part: The file.
    """

    def __init__(
        self, request: MergeRequest, survey: Survey, target: Path, part: Part
    ) -> None:
        self.chapters: list[tuple[int, str]] = []
        """Where each note begins, in frames, and what its chapter is called."""
        self.failed = 0
        self.sent_ms = 0
        """Of the last note that is in it."""
        self._request = request
        self._options = request.options
        self._pieces = survey.pieces
        self._target = target
        self._part = part
        self._gap = gap_of(request)
        self._joiner = Joiner()
        self._announcer: Announcer | None = None
        self._done = 0
        self._done_ms = 0
        self._next_step = 0.0
        self._all_ms = sum(piece.length_ms for piece in survey.pieces) or 1

    def run(self, steering: Steering) -> Generator[Result]:
        """Write all but the tags.

        Yields:
            A result for each note that can't be read.

        Raises:
            Stopped: It shall end.
            OSError: It can't be written.
            DataError: It can't be made.
        """
        with ExitStack() as stack:
            encoder = stack.enter_context(
                Encoder(self._part.path, self._options, self._target)
            )
            if self._request.separator is Separator.SPEECH:
                self._announcer = stack.enter_context(Announcer.begun())
            for piece in self._pieces:
                if not piece.problem:
                    self._step(steering, 0)
                    problem = self._add(piece, encoder, steering)
                    if problem:
                        self.failed += 1
                        yield _failed(piece, self._target, problem)
                self._done += 1
                self._done_ms += piece.length_ms
            encoder.write(self._joiner.end())
            encoder.finish(self.named_chapters() if self._options.format.is_mp4 else ())

    def named_chapters(self) -> tuple[Chapter, ...]:
        """Give the chapters, which cover all of it."""
        starts = [round(frame * 1000 / RATE) for frame, _ in self.chapters]
        ends = [*starts[1:], round(self._joiner.frames * 1000 / RATE)]
        titles = [title for _, title in self.chapters]
        made = tuple(map(Chapter, starts, ends, titles))
        if self._options.format in {Format.OPUS, Format.OGG, Format.FLAC}:
            return _gathered(made, _MOST_COMMENTS)
        return made

    def _add(self, piece: Piece, encoder: Encoder, steering: Steering) -> str:
        """Put a note behind the others, from the first of its files that can be read.

        Returns:
            Why it can't be read, or not to its end; empty when it is there.
        """
        problem = ""
        for source in piece.sources:
            before = len(self.chapters)
            try:
                with closing(self._sound(piece, source, steering)) as blocks:
                    # A part of it may be there already when it fails.
                    for block in blocks:
                        encoder.write(block)
            except _NoteError as error:
                problem = problem or error.message
                if len(self.chapters) > before:
                    return f"{error.message}; what came until then is there"
            else:
                if _is_cut(source, piece.size):
                    reason = "is shorter than it was; what is left of it is there"
                    return AudioError(source, reason).message
                return ""
        return problem

    def _sound(
        self, piece: Piece, source: bytes, steering: Steering
    ) -> Generator[bytes]:
        """Give the sound of a note and of what stands ahead of it.

        Raises:
            _NoteError: It can't be read.
        """
        with closing(self._decoded(piece, source, steering)) as blocks:
            first = next(blocks, b"")
            if not first:
                raise _NoteError(AudioError(source, "there is no sound in it").message)
            if self.chapters:
                yield self._joiner.between(self._gap)
            self.chapters.append((self._joiner.frames, piece.title))
            self.sent_ms = piece.sent_ms
            if self._announcer is not None:
                said = self._announcer.say(piece.said)
                lufs = measure_loudness(said) if self._options.level else None
                with closing(sound_of(said, 0, self._gain(lufs), Places(()))) as words:
                    yield from self._joiner.sound(words)
                yield self._joiner.between(self._announcer.pause)
            yield from self._joiner.sound(chain((first,), blocks))

    def _decoded(
        self, piece: Piece, source: bytes, steering: Steering
    ) -> Generator[bytes]:
        """Decode a note.

        Raises:
            _NoteError: It can't be read.
        """

        def stepped() -> bool:
            self._step(steering, 0)
            return False

        at_ms = 0.0

        def reached(at: float) -> None:
            # Often, also where much is passed over and no block comes.
            nonlocal at_ms
            at_ms = max(at_ms, at * 1000)  # a filter that waits tells a later time
            if time.monotonic() >= self._next_step:
                self._step(steering, at_ms, piece.length_ms)

        try:
            lufs = piece.lufs
            if self._options.level and lufs is None:
                lufs = measure_loudness(source, should_stop=stepped)
            gain, skip = self._gain(lufs), self._options.skip
            with closing(sound_of(source, skip, gain, Places(()), reached)) as blocks:
                for block in blocks:
                    yield block
                    self._step(steering, at_ms, piece.length_ms)
        except AudioError as error:
            raise _NoteError(error.message) from error

    def _gain(self, lufs: float | None) -> float:
        sound = Sound(level=self._options.level, lufs=lufs)
        return gain_db(sound, self._options.target_lufs)

    def _step(self, steering: Steering, at_ms: float, length_ms: int = 0) -> None:
        self._next_step = time.monotonic() + _STEP_S
        share = (self._done_ms + min(at_ms, length_ms)) / self._all_ms
        size = self._part.path.stat().st_size
        all_notes = len(self._pieces)
        steering.step(Progress(self._done, all_notes, size, self._target, share))


class _NoteError(Exception):
    """A note can't be read; whatever else fails is about the file that is made.

    Args:
        message: Why, with the path.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def _is_cut(source: bytes, size: int) -> bool:
    """Tell whether a file has lost its end since it was last looked at."""
    with suppress(OSError):  # in an archive: that checks its parts itself
        return os.stat(source).st_size < size  # noqa: PTH116  # paths are bytes
    return False


def _gathered(chapters: tuple[Chapter, ...], most: int) -> tuple[Chapter, ...]:
    """Put neighbours together where there are more chapters than a format counts."""
    each = -(-len(chapters) // most) if chapters else 1
    if each == 1:
        return chapters
    groups = [chapters[at : at + each] for at in range(0, len(chapters), each)]
    return tuple(
        Chapter(
            group[0].start_ms,
            group[-1].end_ms,
            f"{group[0].title} (+{len(group) - 1})" if group[1:] else group[0].title,
        )
        for group in groups
    )


def _refused(survey: Survey, target: Path) -> Iterator[Result]:
    for piece in survey.pieces:
        if piece.problem:
            yield _failed(piece, target, piece.problem)


def _failed(piece: Piece, target: Path, problem: str) -> Result:
    return Result(
        target, Outcome.FAILED, problem=problem, key=piece.key, source=piece.source
    )
