"""What the first start says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.indexer import Question
from tui.text import printable
from tui.widgets.cells import Role, Run
from tui.widgets.place import place

if TYPE_CHECKING:
    from tui.indexer import FirstStart

__all__ = ["key_label", "lock_lines", "sentences", "summary_lines"]

_SHOWN = 8
"""How many folders or files are named."""
_SENTENCES = {
    Question.FOLDERS: (
        "Where are your voice notes?",
        "Earmark watches the folders that you choose, and never writes into them.",
    ),
    Question.KEYS: (
        "What opens what is encrypted?",
        (
            "It stays on this machine, where only you can read it. Enter alone skips"
            " this; earmark key add does it later."
        ),
    ),
    Question.CONTACTS: (
        "Who are the people behind the numbers?",
        (
            "Some chats know people by their numbers only; contacts, exported from a"
            " phone, tell their names. Enter alone skips this."
        ),
    ),
    Question.START: (
        "Ready",
        "Notes appear as they are read. What is missing, earmark doctor tells.",
    ),
}


def sentences(question: Question) -> tuple[str, str]:
    """The question, and what there is to know about it."""
    return _SENTENCES[question]


def key_label(*, is_phone: bool) -> str:
    """Tell what is to be typed to open a backup.

    Args:
        is_phone: It is the backup of an iPhone; else WhatsApp's.
    """
    if is_phone:
        return "The passphrase of the iPhone's backup"
    return "The 64 digits of WhatsApp's key, or the path of the phone's key file"


def lock_lines(first: FirstStart) -> list[Run]:
    """Name the files that are encrypted."""
    locks = [*first.locks(is_phone=False), *first.locks(is_phone=True)]
    lines = []
    for lock in locks[:_SHOWN]:
        path = lock.path.rpartition(b"/")[0] if lock.is_phone else lock.path
        lines.append(Run(printable(place(path))))
    if len(locks) > _SHOWN:
        lines.append(Run(f"and {len(locks) - _SHOWN:,} more", Role.DIM))
    return lines


def summary_lines(first: FirstStart) -> list[Run]:
    """Say what will be done."""
    chosen = first.chosen
    noun = "folder" if len(chosen) == 1 else "folders"
    lines = [Run(f"{len(chosen)} {noun} to watch", Role.ACCENT)]
    lines += [Run(f"  {printable(place(each.root))}") for each in chosen[:_SHOWN]]
    if len(chosen) > _SHOWN:
        lines.append(Run(f"  and {len(chosen) - _SHOWN:,} more", Role.DIM))
    if first.contacts is not None:
        lines += [Run(""), Run("Names for numbers", Role.ACCENT)]
        lines.append(Run(f"  {printable(place(first.contacts.path))}"))
        folder = printable(place(first.contacts.folder))
        if first.contacts.is_new:
            text = f"its folder {folder} becomes a source too; notes in it are shown"
        else:
            text = f"it lies in {folder}, and is read there"
        lines.append(Run(f"  {text}", Role.DIM))
    locks = [*first.locks(is_phone=False), *first.locks(is_phone=True)]
    if locks:
        lines += [Run(""), Run("Encrypted backups", Role.ACCENT)]
        opened = sum(lock.is_phone in first.secrets for lock in locks)
        rest = len(locks) - opened
        if opened:
            lines.append(Run(f"  {opened:,} will be opened"))
        if rest:
            lines.append(
                Run(f"  {rest:,} without a key: earmark key add FOLDER", Role.DIM)
            )
    return lines
