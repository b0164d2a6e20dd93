"""Which documents there are, and what they and their sounds are called."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta, timezone
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tui.errors import UsageError
from tui.export._documents import (
    USUAL_LINKED,
    DocumentFormat,
    Head,
    Linked,
    Per,
    usual_per,
    usual_sound,
)
from tui.export._formats import Format
from tui.export._jobs import Result
from tui.export._names import collision_key, facts_of, numbered, parse_template, safe
from tui.export._plan import Planned
from tui.export._sounds import address_of, sounding_of
from tui.export._spool import Heap
from tui.export._tags import words_of
from tui.export._texts import one_line
from tui.query import wall_clock

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from tui.export._documents import DocumentOptions
    from tui.export._formats import Options
    from tui.export._jobs import Outcome
    from tui.export._requests import DocumentRequest
    from tui.model import Note, NoteRow

__all__ = ["Layout", "Plan", "moment_of"]

_ALL = "Voice notes"
_ADDRESS = re.compile(r"[!-;=?-Z_a-z~\[\]]+")
"""What may stand in an address: no blank, quote or angle bracket."""


def moment_of(row: NoteRow) -> datetime:
    """Tell when a note was sent, with the offset that is known, or in UTC.

    Args:
        row: The note.
    """
    moment = wall_clock(row, UTC)
    if row.offset_min is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.replace(tzinfo=timezone(timedelta(minutes=row.offset_min)))
    except (ValueError, OverflowError):  # no place on Earth has it
        return moment.replace(tzinfo=UTC)


@dataclass(slots=True)
class Plan:
    """A document that will be."""

    title: str
    identity: str
    folder: Path
    stem: str
    """Its name without the suffix; a folder of its sounds is called so."""
    note: Planned | None = None
    """The note, where it is about one."""
    named: int = 0
    """Sounds that have a name in it."""
    notes: int = 0
    duration_ms: int = 0
    size: int = 0
    """About how large it will be, with its sounds."""
    first: NoteRow | None = None
    last: NoteRow | None = None
    heap: Heap = field(default_factory=Heap)

    def count(self, row: NoteRow) -> None:
        """Take a note into account."""
        self.notes += 1
        self.duration_ms += row.duration_ms or 0
        if self.first is None or row.sent_ms < self.first.sent_ms:
            self.first = row
        if self.last is None or row.sent_ms > self.last.sent_ms:
            self.last = row


class _Names:
    """Finds names that no other has, on any file system."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._numbers: dict[str, int] = {}
        """By name: the last number that was given."""

    def number(self, folder: Path, name: str, suffix: str = "") -> int:
        """Choose a number for a name that is used with and without a suffix.

        Args:
            folder: Where.
            name: The name without the suffix.
            suffix: The suffix.
        """
        first = collision_key(f"{folder}/{name}")
        number = self._numbers.get(first, 0) + 1
        while (keys := _keys(folder, name, suffix, number)) & self._taken:
            number += 1
        self._numbers[first] = number
        self._taken |= keys
        return number


def _keys(folder: Path, name: str, suffix: str, number: int) -> set[str]:
    path = f"{folder}/{numbered(name, '', number)}"
    return {collision_key(path), collision_key(path + suffix)}


class Layout:
    """Which documents there are.

    Args:
        request: Where and how.

    Raises:
        UsageError: A podcast does not know where it will be served, or has no sound.
    """

    def __init__(self, request: DocumentRequest) -> None:
        options = request.options
        form = options.format
        self.per = options.per or usual_per(form)
        """What one document is about."""
        self.linked = options.linked or USUAL_LINKED.get(form, Linked.NONE)
        """How sound goes with it."""
        self.sound = _sound_options(options)
        """How sounds are saved."""
        self.suffix = ".xml" if form is DocumentFormat.RSS else f".{form.value}"
        """How the names of documents end."""
        self._options = options
        self._folder = request.folder
        self._base_url = _base_url(options, self.linked)
        self._template = parse_template(self.sound.template)
        self.begin()

    def begin(self) -> None:
        """Forget all notes."""
        self.notes = 0
        """How many there were."""
        self.plans: dict[object, Plan] = {}
        """The documents about more than a note, in the order in which they began."""
        self._names = _Names()

    def planned(self, note: Note) -> tuple[Planned, Plan]:
        """Find the document of a note, and a name for its sound.

        Args:
            note: The note; each is asked for once, in their order.

        Returns:
            The note, with a name that has no suffix yet; and the document.
        """
        self.notes += 1
        if self.per is Per.NOTE:
            planned = self._named(note, self._folder, self.notes)
            title = words_of(note).title
            stem = numbered(planned.name, "", planned.number)
            return planned, Plan(title, note.key, planned.folder, stem, planned)
        key = note.row.chat_id if self.per is Per.CHAT else None
        plan = self.plans.get(key)
        if plan is None:
            plan = self.plans[key] = self._new_plan(note)
        if self.linked is not Linked.COPY:
            return Planned(note, plan.folder), plan
        plan.named += 1
        return self._named(note, plan.folder / plan.stem, plan.named), plan

    def _new_plan(self, note: Note) -> Plan:
        title = self._options.title if self.per is Per.ALL else note.row.chat_title
        title = one_line(title) or _ALL
        # The suffix may be longer than that of a numbered folder.
        name = safe(title, self.suffix).removesuffix(self.suffix)
        number = self._names.number(self._folder, name, self.suffix)
        identity = f"{self.per.value} {note.chat_kind.value} {title}".encode()
        return Plan(
            title,
            hashlib.sha256(identity).hexdigest()[:32],
            self._folder,
            numbered(name, "", number),
        )

    def _named(self, note: Note, folder: Path, number: int) -> Planned:
        """Choose a name for the sound of a note, by the template."""
        facts = facts_of(note, number)
        sound = sounding_of(note, self.sound).suffix
        longest = max(sound, self.suffix, key=len)
        *folders, name = self._template.render(facts, longest)
        folder = folder.joinpath(*folders)
        name = name.removesuffix(longest)
        return Planned(note, folder, name, "", self._names.number(folder, name))

    def target(self, plan: Plan, number: int = 1) -> Path:
        """Give the file of a document.

        Args:
            plan: The document.
            number: Tells it from what is there.
        """
        name = f"{plan.stem}{self.suffix}"
        return plan.folder / numbered(name, self.suffix, number)

    def result(self, plan: Plan, outcome: Outcome, number: int = 1) -> Result:
        """Tell what became of a document.

        Args:
            plan: The document.
            outcome: How it went.
            number: Tells it from what is there.
        """
        made = Result(self.target(plan, number), outcome, notes=plan.notes)
        if plan.note is None:
            return made
        return made._replace(key=plan.note.note.key, source=plan.note.source)

    def head(self, plan: Plan) -> Head:
        """Tell what a document is about.

        Args:
            plan: The document; all its notes have been counted.
        """
        is_one = len(self.plans) == 1
        title = one_line(self._options.title) if is_one else ""
        return Head(
            title or plan.title,
            plan.notes,
            self._base_url,
            plan.identity,
            address_of(f"{plan.stem}{self.suffix}"),
            _day_of(plan.first),
            _day_of(plan.last),
            None if plan.last is None else moment_of(plan.last),
            plan.duration_ms,
        )


def _day_of(row: NoteRow | None) -> str:
    return "" if row is None else wall_clock(row).date().isoformat()


def _sound_options(options: DocumentOptions) -> Options:
    """Tell how sounds are saved."""
    if options.sound.format is not Format.ORIGINAL:
        return options.sound
    return replace(options.sound, format=usual_sound(options.format))


def _base_url(options: DocumentOptions, linked: Linked) -> str:
    """Check where a podcast is served; empty for other documents.

    Raises:
        UsageError: It does not know, or could not be heard.
    """
    if options.format is not DocumentFormat.RSS:
        return ""
    if linked is not Linked.COPY:
        raise UsageError("a podcast needs its sounds beside it: --sound copy")
    # Addresses in a feed are absolute, and no podcast app guesses the rest of one.
    url = options.base_url
    if not url:
        raise UsageError(
            "a podcast must know where it will be served: say it with --base-url,"
            " e.g. http://192.168.1.2:8000/"
        )
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname)
        is_good = is_good and parts.port != 0 and not (parts.query or parts.fragment)
    except ValueError:
        is_good = False
    if not is_good or not _ADDRESS.fullmatch(url):
        raise UsageError(f"--base-url {url}: say it like http://192.168.1.2:8000/")
    return url.rstrip("/") + "/"
