"""What would make more of a source, in words: a key, a chat, names, media.

Pure functions on values of the model. Each sentence names the file or the command that
helps, so that nobody has to look it up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tui.cli._objects import plain
from tui.cli._output import counted
from tui.model import DocumentKind, DocumentState
from tui.text import for_shell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tui.model import DocumentInfo, Gaps, Source

__all__ = ["Missing", "missing_of_document", "missing_of_source"]

_TELLERS = frozenset(
    {
        DocumentKind.WHATSAPP_DATABASE,
        DocumentKind.WHATSAPP_BACKUP,
        DocumentKind.WHATSAPP_IOS,
    }
)
"""Databases: of all messages of a phone."""
_FEW = 5
"""With fewer notes to compare, nothing is said about how a database fits."""
_FITS = 0.3
"""From this share of notes on, a database fits a folder."""
_ANY = "SOURCE"
"""What stands for a path in the reasons of readers."""
_PACKAGE = "install earmark[ios]"
_PHONE_INDEX = b"Manifest.db"


class Missing(NamedTuple):
    """Something that would help, and how to get it."""

    code: str
    """A word for programs: `chats`, `contacts`, `extra`, `fit`, `key`, `media`,
    `whole`."""
    text: str


def missing_of_source(
    source: Source, documents: Sequence[DocumentInfo], gaps: Gaps
) -> Iterator[Missing]:
    """Tell what a source lacks as a whole.

    Args:
        source: The source.
        documents: What is in it.
        gaps: What is not known of its notes.
    """
    where = for_shell(source.root)
    if gaps.unmatched:
        notes = counted(gaps.unmatched, "note")
        have = "has" if gaps.unmatched == 1 else "have"
        them = "it" if gaps.unmatched == 1 else "them"
        if any(each.state is DocumentState.LOCKED for each in documents):
            text = f"{notes} {have} no chat: what is encrypted here may tell it"
        elif any(each.matched for each in documents):
            text = (
                f"{notes} {have} no chat: no document here tells of {them};"
                f" put a newer msgstore.db or an exported chat into {where}"
            )
        else:
            text = (
                f"{notes} {have} no chat: put an exported chat or msgstore.db"
                f" beside {them}, into {where}"
            )
        yield Missing("chats", text)
    if gaps.numbers:
        number = f"{counted(gaps.numbers, 'sender')} "
        number += "is only a number" if gaps.numbers == 1 else "are only numbers"
        has_book = any(each.kind is DocumentKind.CONTACTS for each in documents)
        if has_book:
            text = f"{number}: the contacts here do not have them; export them anew"
        else:
            text = f"{number}: put contacts.vcf into the source, {where}"
        yield Missing("contacts", text)


def missing_of_document(
    source: Source, document: DocumentInfo, gaps: Gaps
) -> Iterator[Missing]:
    """Tell what a document lacks.

    Args:
        source: The source that it is in.
        document: The document.
        gaps: What is not known of the notes of the source.
    """
    name = _name(document)
    if document.state is DocumentState.LOCKED:
        yield _key(source, document)
    elif document.state is DocumentState.PARTIAL:
        yield Missing("whole", f"{name} is not whole: let it be copied to its end")
    elif document.state is DocumentState.ERROR:
        return  # its reason says what is wrong
    elif document.kind in _TELLERS:
        rate = _fit(document, gaps)
        if rate is not None and rate < _FITS:
            text = f"{name} does not fit this folder: it has {rate:.0%} of the notes"
            yield Missing("fit", text)
    elif document.kind is DocumentKind.WHATSAPP_EXPORT and not document.matched:
        chat = f"“{plain(document.label)}”" if document.label else name
        what = (
            f"the media of {chat} are not here"
            if document.claims
            else f"{chat} was exported without media"
        )
        yield Missing("media", f"{what}: export the chat again, with media")


def _key(source: Source, document: DocumentInfo) -> Missing:
    path = source.root  # a key for all of it opens next week's backup too
    name = _name(document)
    if document.path.rpartition(b"/")[2] == _PHONE_INDEX:
        # The folder is the backup; its index is nothing that a person knows.
        path = path.rstrip(b"/") + b"/" + document.path[: -len(_PHONE_INDEX)]
        path = path.rstrip(b"/")
        name = "the backup of an iPhone"
    reason = plain(document.reason)
    command = f"earmark key add {for_shell(path)}"
    if _PACKAGE in reason:
        text = f"{name} is encrypted: pip install 'earmark[ios]', then {command}"
        return Missing("extra", text)
    if _ANY in reason:
        return Missing("key", f"{name} {reason.replace(_ANY, for_shell(path))}")
    return Missing("key", f"{name}: {reason}; {command} adds another")


def _fit(document: DocumentInfo, gaps: Gaps) -> float | None:
    """How many of the notes that are here a database has; None for too few to tell.

    A phone's database has notes that were deleted long ago, and a folder may have those
    of several phones: the smaller of the two numbers is what could match.
    """
    possible = min(document.claims, gaps.files)
    return document.matched / possible if possible >= _FEW else None


def _name(document: DocumentInfo) -> str:
    return plain(document.path.rpartition(b"/")[2])
