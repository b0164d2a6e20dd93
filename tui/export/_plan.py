"""Which file a note is saved as: names that are the same every time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tui.export._formats import Format
from tui.export._names import (
    collision_key,
    facts_of,
    numbered,
    parse_template,
    safe_suffix,
)
from tui.model import NoteState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tui.export._formats import Options
    from tui.model import Note

__all__ = ["Planned", "plan", "problem_of"]

_SUFFIXES = {
    "ogg/opus": ".opus",
    "ogg/vorbis": ".ogg",
    "amr-nb": ".amr",
    "amr-wb": ".amr",
    "mp4": ".m4a",
    "mp3": ".mp3",
    "wav": ".wav",
    "flac": ".flac",
}
"""By container: the suffix for a file that has none."""


class Planned(NamedTuple):
    """A note that shall be saved, and where."""

    note: Note
    folder: Path
    """The folder that the file shall lie in; that of all when it can't be saved."""
    name: str = ""
    """What the file would be called if no other were called so."""
    suffix: str = ""
    """How the name ends, with its dot."""
    number: int = 1
    """Tells it from others of the same name."""
    problem: str = ""
    """Why it can't be saved; empty when it can."""

    @property
    def target(self) -> Path:
        """The file to make."""
        return self.target_at(self.number)

    @property
    def sources(self) -> tuple[bytes, ...]:
        """The absolute paths of its file and of equal copies."""
        return tuple(file.full_path for file in self.note.files)

    @property
    def source(self) -> bytes:
        """The path of its file; empty when there is none."""
        return self.note.files[0].full_path if self.note.files else b""

    @property
    def sent_ms(self) -> int:
        """The time that the file shall have."""
        return self.note.row.sent_ms

    def target_at(self, number: int) -> Path:
        """Give the file to make with another number."""
        return self.folder / numbered(self.name, self.suffix, number)


def problem_of(note: Note) -> str:
    """Tell why a note can't be saved; empty when nothing speaks against it."""
    if not note.files:
        return note.row.reason or "its file was never here"
    if note.row.state is not NoteState.READY:
        return note.row.reason or note.row.state.value
    return ""


def plan(notes: Iterable[Note], folder: Path, options: Options) -> Iterator[Planned]:
    """Choose a name for each note, which no other has on any file system.

    The same notes in the same order get the same names.

    Args:
        notes: The notes; new ones should come last, so that the others keep theirs.
        folder: The folder of all, an absolute path.
        options: How they are saved.
    """
    template = parse_template(options.template)
    taken: set[str] = set()
    numbers: dict[str, int] = {}
    """By name: the last number that was given."""
    count = 0
    for note in notes:
        problem = problem_of(note)
        if problem:
            yield Planned(note, folder, problem=problem)
            continue
        count += 1
        suffix = _suffix(note, options.format)
        *folders, name = template.render(facts_of(note, count), suffix)
        above = "".join(f"{each}/" for each in folders)
        first = collision_key(above + name)
        number = numbers.get(first, 0) + 1
        key = first if number == 1 else _key(above, name, suffix, number)
        while key in taken:
            number += 1
            key = _key(above, name, suffix, number)
        numbers[first] = number
        taken.add(key)
        yield Planned(note, folder.joinpath(*folders), name, suffix, number)


def _key(above: str, name: str, suffix: str, number: int) -> str:
    return collision_key(above + numbered(name, suffix, number))


def _suffix(note: Note, form: Format) -> str:
    if form is not Format.ORIGINAL:
        return form.suffix
    named = safe_suffix(note.files[0].path)
    return named or _SUFFIXES.get(note.container, "")
