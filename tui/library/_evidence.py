"""Which file a claim is about: the evidence of place, name, size and length. Pure.

Names are unique only on one phone, and a database may stand beside the wrong media. So
a name alone decides nothing where there is a choice, and where a document mostly
contradicts the files of a phone, only what fits exactly is believed to be from it.
"""

from __future__ import annotations

import unicodedata
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = ["Binding", "ClaimSeen", "FileThere", "decide", "fold_name", "is_near"]

_LENGTH_MS = 1_500
"""Databases tell lengths in whole seconds."""
_FEW = 5
"""With fewer files to compare, contradictions alone prove nothing."""
_WRONG = 0.7
"""From this share of contradictions on, a document is not about a phone's files."""
_MANY = 30
_ALL_WRONG = 0.95
"""The same where no other phone is here: then hardly anything may agree. A database
that tells sizes and lengths wrongly is rarer than one of a phone that is not here."""
_UNLIKE = 0.92
"""At the very place, but of another size or length: more than its name tells."""
_QUARTER_MS = 15 * 60_000
_ZONES_MS = 26 * 3_600_000
"""Two wall clocks are at most so far apart."""


class ClaimSeen(NamedTuple):
    """What a claim tells of its file."""

    id: int
    folder: bytes
    name: bytes
    beside: bool
    size: int | None
    duration_ms: int | None
    sha256: bytes | None
    place: tuple[int, bytes]
    """For a `beside` claim the source and folder where its file belongs."""
    may_stray: bool
    """Whether a `beside` claim's file may lie in a phone's media folder instead."""


class FileThere(NamedTuple):
    """A file that has a name that is claimed."""

    id: int
    note_id: int
    source_id: int
    folder: bytes
    name: bytes
    size: int
    duration_ms: int | None
    recording_id: int | None
    root: bytes
    """Of its source."""
    home_id: int
    """The chat that its path tells, which stands for the phone that it is from."""
    is_unmatched: bool
    """Whether that chat is for notes whose chat nothing tells."""
    is_measured: bool = True
    """Whether its length was looked for already."""


class Binding(NamedTuple):
    """A claim's file, and how sure it is."""

    file: FileThere
    strength: float
    is_open: bool = False
    """Whether lengths or contents that are not known yet may decide otherwise."""


class _Fit(IntEnum):
    """What size and length say about a file; the higher, the better."""

    NO = 0
    """They are others than told."""
    UNKNOWN = 1
    """Nothing can be compared."""
    YES = 2


class _Weight(NamedTuple):
    """What speaks for a file, the strongest first."""

    size: bool
    place: bool
    fit: _Fit
    same_phone: int
    same_source: bool


class _Phone:
    """How well a document fits the files of one phone."""

    def __init__(self) -> None:
        self.agreeing = 0
        self.wrong = 0

    def is_other(self, *, is_alone: bool, has_rivals: bool) -> bool:
        """Tell whether the document is about another phone than this one.

        Args:
            is_alone: Whether no other phone fits the document at all.
            has_rivals: Whether another phone has a file of the same name.
        """
        compared = self.agreeing + self.wrong
        if self.wrong and not self.agreeing and not is_alone:
            return True
        if has_rivals:
            return compared >= _FEW and self.wrong >= _WRONG * compared
        return compared >= _MANY and self.wrong >= _ALL_WRONG * compared


def fold_name(name: bytes) -> bytes:
    """Make the name of a file comparable: case and the form of accents do not count."""
    if name.isascii():  # nearly all are
        return name.lower()
    text = name.decode("utf-8", "surrogateescape")
    folded = unicodedata.normalize("NFC", text).casefold()
    return folded.encode("utf-8", "surrogateescape")


def is_near(a_ms: int, b_ms: int, tolerance_ms: int, *, zones: bool) -> bool:
    """Tell whether two times may be that of one message.

    Args:
        a_ms: One time.
        b_ms: The other.
        tolerance_ms: How exactly they are known.
        zones: Whether one is the wall clock of a zone that is only assumed: then they
            may be whole quarters of an hour apart.
    """
    apart = abs(a_ms - b_ms)
    if apart <= tolerance_ms:
        return True
    rest = apart % _QUARTER_MS
    is_shifted = min(rest, _QUARTER_MS - rest) <= tolerance_ms
    return zones and apart <= _ZONES_MS and is_shifted


def decide(
    claims: Sequence[ClaimSeen],
    files: Mapping[bytes, Sequence[FileThere]],
    source_id: int,
    holds: Callable[[FileThere, bytes], bool],
) -> dict[int, Binding]:
    """Find the file of each claim of one document.

    Args:
        claims: The claims.
        files: Files by folded name.
        source_id: The source that the document lies in.
        holds: Tells whether a file has a SHA-256; asked where nothing else decides.

    Returns:
        A binding by the id of the claim; claims without a file are left out.
    """
    phones = _phones(claims, files)
    found: dict[int, Binding] = {}
    for claim in claims:
        there = files.get(fold_name(claim.name), ()) if claim.name else ()
        if claim.beside:
            binding = _beside(claim, there)
        else:
            binding = _anywhere(claim, there, source_id, phones, holds)
        if binding is not None:
            found[claim.id] = binding
    return found


def _beside(claim: ClaimSeen, there: Sequence[FileThere]) -> Binding | None:
    source_id, folder = claim.place
    near = [
        file
        for file in there
        if file.source_id == source_id and fold_name(file.folder) == fold_name(folder)
    ]
    if near:  # where case tells names apart, there may be several
        return Binding(
            min(near, key=lambda f: (f.folder != folder, f.name != claim.name, f.id)),
            1.0,
        )
    if not claim.may_stray:
        return None
    # Packed anew by hand, text and media may lie in two folders of one archive.
    archive = _archive_of(folder)
    packed = [
        file
        for file in there
        if archive
        and (file.source_id, _archive_of(file.folder)) == (source_id, archive)
    ]
    if len({file.recording_id or -file.id for file in packed}) == 1:
        return Binding(min(packed), 0.95)
    # An export without media: its notes may lie in the phone's folder. With several
    # phones nothing tells which.
    strays = [file for file in there if file.is_unmatched]
    contents = {file.recording_id or -file.id for file in strays}
    if len(contents) == 1:
        return Binding(min(strays), 0.9)
    return None


def _archive_of(folder: bytes) -> bytes:
    """The archive that a folder is or lies in; empty for a plain folder."""
    archive, mark, _ = (folder + b"/").partition(b"//")
    return archive if mark else b""


def _anywhere(
    claim: ClaimSeen,
    there: Sequence[FileThere],
    source_id: int,
    phones: Mapping[int, _Phone],
    holds: Callable[[FileThere, bytes], bool],
) -> Binding | None:
    weighed = sorted(
        (
            (_weight(claim, file, source_id, phones), file)
            for file in there
            if _may_be(claim, file, there, phones)
        ),
        key=lambda pair: (tuple(pair[0]), -pair[1].id),
        reverse=True,
    )
    if not weighed:
        return None
    weight, file = weighed[0]
    rivals = [
        other
        for other_weight, other in weighed
        if other_weight == weight
        and (other.recording_id or -other.id) != (file.recording_id or -file.id)
    ]
    strength = 1.0 if weight.place else 0.95
    if rivals:
        strength = 0.5
        if claim.sha256 is not None:
            for each in (file, *rivals):
                if holds(each, claim.sha256):
                    return Binding(each, 1.0)
    is_open = any(each.recording_id is None for each in (file, *rivals) if rivals) or (
        not weight.size and claim.duration_ms is not None and not file.is_measured
    )
    if weight.fit is _Fit.NO:
        strength = min(strength, _UNLIKE)
    return Binding(file, strength, is_open)


def _may_be(
    claim: ClaimSeen,
    file: FileThere,
    there: Sequence[FileThere],
    phones: Mapping[int, _Phone],
) -> bool:
    """Tell whether a file with the name of a claim may be its file at all.

    Of another phone than the document's, only one with the size that was told. Of the
    same, also one with another size or length, if it lies at the very place, or is the
    only one of its name where no place was told.
    """
    if claim.size is not None and claim.size == file.size:
        return True
    is_alone = not any(each.agreeing for each in phones.values())
    phone = phones.get(file.home_id)
    has_rivals = any(each.home_id != file.home_id for each in there)
    if phone is not None and phone.is_other(is_alone=is_alone, has_rivals=has_rivals):
        return False
    fit = _fit(claim, file)
    if fit is _Fit.UNKNOWN or (fit is _Fit.YES and claim.size is None):
        return True
    if not claim.folder:
        return not has_rivals and (fit is _Fit.YES or len(there) == 1)
    return _ends_with(file, claim.folder)


def _weight(
    claim: ClaimSeen, file: FileThere, source_id: int, phones: Mapping[int, _Phone]
) -> _Weight:
    phone = phones.get(file.home_id)
    return _Weight(
        size=claim.size is not None and claim.size == file.size,
        place=_ends_with(file, claim.folder),
        fit=_fit(claim, file),
        same_phone=0 if phone is None else phone.agreeing,
        same_source=file.source_id == source_id,
    )


def _fit(claim: ClaimSeen, file: FileThere) -> _Fit:
    """Compare what is told of a file's size and length with what they are."""
    if claim.size is not None and claim.size == file.size:
        return _Fit.YES
    if claim.duration_ms is not None and file.duration_ms is not None:
        # Databases tell sizes wrongly more often than lengths.
        apart = abs(claim.duration_ms - file.duration_ms)
        return _Fit.YES if apart <= _LENGTH_MS else _Fit.NO
    return _Fit.UNKNOWN if claim.size is None else _Fit.NO


def _ends_with(file: FileThere, folder: bytes) -> bool:
    """Tell whether a file lies where a path ends with; nothing told is no evidence."""
    if not folder:
        return False
    path = b"/".join(part for part in (file.root.strip(b"/"), file.folder) if part)
    return (b"/" + fold_name(path)).endswith(b"/" + fold_name(folder))


def _phones(
    claims: Iterable[ClaimSeen], files: Mapping[bytes, Sequence[FileThere]]
) -> dict[int, _Phone]:
    """Count how many files of each phone agree with what is claimed of their names."""
    phones: dict[int, _Phone] = {}
    for claim in claims:
        if claim.beside or not claim.name:
            continue
        for file in files.get(fold_name(claim.name), ()):
            phone = phones.setdefault(file.home_id, _Phone())
            if claim.size is None and claim.duration_ms is None:
                continue
            fit = _fit(claim, file)
            phone.agreeing += fit is _Fit.YES
            # A length that nobody measured yet proves nothing.
            is_known = claim.duration_ms is None or file.duration_ms is not None
            phone.wrong += fit is _Fit.NO and is_known
    return phones
