"""The first start, without a screen: what was found, what is asked, what is answered.

At most four questions: which folders, the key of what is encrypted in them, a file with
names for numbers, and whether to begin. A question that has no use is not asked.
"""

from __future__ import annotations

import os
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from tui.model import SourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.indexer._likely import Likely, Lock

__all__ = ["Answers", "Contacts", "FirstStart", "Question"]

_NUMBERS = frozenset(
    {
        *(SourceKind.WHATSAPP_ANDROID, SourceKind.WHATSAPP_EXPORT),
        *(SourceKind.WHATSAPP_IOS, SourceKind.IOS_BACKUP, SourceKind.IMESSAGE),
    }
)
"""Kinds in which people may be nothing but numbers."""


class Question(Enum):
    """What is asked, in this order."""

    FOLDERS = 1
    KEYS = 2
    CONTACTS = 3
    START = 4


class Contacts(NamedTuple):
    """A file of contacts, and where it will be read."""

    path: bytes
    folder: bytes
    """The source that it lies in."""
    is_new: bool
    """Whether that becomes a source for it: then notes in it are shown too."""


class Answers(NamedTuple):
    """What is to be done."""

    folders: tuple[bytes, ...]
    secrets: tuple[tuple[bytes, bytes], ...]
    """Folders, and what opens what is encrypted in them."""


class FirstStart:
    """Collects what was found and what the user says."""

    def __init__(self) -> None:
        self._found: dict[bytes, Likely] = {}
        self._contacts: list[bytes] = []
        self._chosen: dict[bytes, bool] = {}
        """What the user said of a folder; without that, what is sure is chosen."""
        self.secrets: dict[bool, bytes] = {}
        """What opens backups of iPhones (True), and those of WhatsApp (False)."""
        self.contacts: Contacts | None = None

    @property
    def found(self) -> list[Likely]:
        """The folders, the surest first."""
        return sorted(self._found.values(), key=lambda each: (-each.score, each.root))

    @property
    def chosen(self) -> list[Likely]:
        """The folders that are to be watched."""
        return [each for each in self.found if self.is_chosen(each.root)]

    def is_chosen(self, root: bytes) -> bool:
        """Tell whether a folder is to be watched."""
        said = self._chosen.get(root)
        return self._found[root].is_sure if said is None else said

    def add(self, found: Likely) -> None:
        """Take what the search found; it takes the place of what lies in it."""
        inside = [r for r in self._found if _is_within(r, found.root)]
        if any(
            _is_within(found.root, root) for root in self._found if root not in inside
        ):
            return
        said = [self._chosen.pop(r) for r in inside if r in self._chosen]
        for root in inside:
            del self._found[root]
        self._found[found.root] = found
        if said:
            self._chosen[found.root] = any(said)

    def add_contacts(self, path: bytes) -> None:
        """Take a file of contacts that the search found."""
        if path not in self._contacts:
            self._contacts.append(path)

    def add_typed(self, found: Likely) -> None:
        """Take a folder that the user named; it is chosen."""
        for root in [r for r in self._found if _is_within(r, found.root)]:
            del self._found[root]
        self._found[found.root] = found
        self._chosen[found.root] = True

    def toggle(self, root: bytes) -> None:
        """Choose a folder, or not."""
        self._chosen[root] = not self.is_chosen(root)

    def locks(self, *, is_phone: bool) -> list[Lock]:
        """What is encrypted in the chosen folders.

        Args:
            is_phone: Backups of iPhones; else those of WhatsApp.
        """
        return [
            lock
            for each in self.chosen
            for lock in each.locks
            if lock.is_phone is is_phone
        ]

    def questions(self) -> list[Question]:
        """List what is to be asked, as far as that is known now."""
        asked = [Question.FOLDERS]
        if any(each.locks for each in self.chosen):
            asked.append(Question.KEYS)
        may_need_names = any(each.kind in _NUMBERS for each in self.chosen)
        if may_need_names and not any(each.contacts for each in self.chosen):
            asked.append(Question.CONTACTS)
        return [*asked, Question.START]

    def step(self, question: Question, by: int) -> Question | None:
        """Tell what is asked next.

        Args:
            question: What is asked now.
            by: 1 for the next, -1 for the one before.

        Returns:
            None before the first and after the last.
        """
        asked = self.questions()
        later = [each for each in asked if each.value > question.value]
        sooner = [each for each in asked if each.value < question.value]
        if by > 0:
            return later[0] if later else None
        return sooner[-1] if sooner else None

    def suggested_contacts(self) -> bytes:
        """A file of contacts that was found; empty for none."""
        return self._contacts[0] if self._contacts else b""

    def place_contacts(self, path: bytes) -> Contacts:
        """Tell where a file of contacts will be read.

        Args:
            path: Its absolute path.
        """
        for each in self.chosen:
            if _is_within(path, each.root):
                return Contacts(path, each.root, is_new=False)
        return Contacts(path, os.path.dirname(path) or b"/", is_new=True)

    def answers(self) -> Answers:
        """Tell what is to be done."""
        folders = [each.root for each in self.chosen]
        if self.contacts is not None and self.contacts.is_new:
            folders.append(self.contacts.folder)
        return Answers(tuple(folders), tuple(self._secrets()))

    def _secrets(self) -> Iterator[tuple[bytes, bytes]]:
        for each in self.chosen:
            for is_phone, secret in self.secrets.items():
                if secret and any(lock.is_phone is is_phone for lock in each.locks):
                    yield each.root, secret


def _is_within(path: bytes, folder: bytes) -> bool:
    return (path + b"/").startswith(folder.rstrip(b"/") + b"/")
