"""Which file a claim is about: the evidence of place, name, size and length. Pure.

Names are unique only on one phone, and a database may stand beside the wrong media. So
a name alone decides nothing where there is a choice, and a document whose sizes mostly
contradict the files is not believed at all.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = ["Binding", "ClaimSeen", "FileThere", "decide", "fold_name", "is_near"]

_LENGTH_MS = 1_500
"""Databases tell lengths in whole seconds."""
_FEW = 5
"""With fewer sizes to compare, contradictions prove nothing."""
_WRONG = 0.7
"""From this share of contradicting sizes on, a document does not fit the files."""
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


class Binding(NamedTuple):
    """A claim's file, and how sure it is."""

    file: FileThere
    strength: float
    contradicts: bool = False
    """Whether the size that was told is another."""


class _Weight(NamedTuple):
    """What speaks for a file, the strongest first."""

    size: bool
    place: bool
    length: bool
    not_other: bool
    same_phone: int
    same_source: bool


def fold_name(name: bytes) -> bytes:
    """Make the name of a file comparable: case and the form of accents do not count."""
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
    return _without_misfits(found, claims)


def _beside(claim: ClaimSeen, there: Sequence[FileThere]) -> Binding | None:
    for file in there:
        if (file.source_id, file.folder) == claim.place:
            return Binding(file, 1.0)
    if not claim.may_stray:
        return None
    # An export without media: its notes may lie in the phone's folder. With several
    # phones nothing tells which.
    strays = [file for file in there if file.is_unmatched]
    contents = {file.recording_id or -file.id for file in strays}
    if len(contents) == 1:
        return Binding(strays[0], 0.9)
    return None


def _anywhere(
    claim: ClaimSeen,
    there: Sequence[FileThere],
    source_id: int,
    phones: Counter[int],
    holds: Callable[[FileThere, bytes], bool],
) -> Binding | None:
    weighed = sorted(
        ((_weight(claim, file, source_id, phones), file) for file in there),
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
    if weight.not_other:
        return Binding(file, strength)
    if not weight.place:
        return None  # the same name, another size, another place: another phone
    # The path is the very one that was told. Only a length that is another too speaks
    # against it.
    if weight.length or None in {claim.duration_ms, file.duration_ms}:
        return Binding(file, strength, contradicts=not weight.length)
    return Binding(file, min(strength, 0.9), contradicts=True)


def _weight(
    claim: ClaimSeen, file: FileThere, source_id: int, phones: Counter[int]
) -> _Weight:
    lengths = (claim.duration_ms, file.duration_ms)
    has_lengths = lengths[0] is not None and lengths[1] is not None
    return _Weight(
        size=claim.size is not None and claim.size == file.size,
        place=_ends_with(file, claim.folder),
        length=has_lengths and abs((lengths[0] or 0) - (lengths[1] or 0)) <= _LENGTH_MS,
        not_other=claim.size is None or claim.size == file.size,
        same_phone=phones[file.home_id],
        same_source=file.source_id == source_id,
    )


def _ends_with(file: FileThere, folder: bytes) -> bool:
    """Tell whether a file lies where a path ends with; nothing told is no evidence."""
    if not folder:
        return False
    path = b"/".join(part for part in (file.root.strip(b"/"), file.folder) if part)
    return (b"/" + fold_name(path)).endswith(b"/" + fold_name(folder))


def _phones(
    claims: Iterable[ClaimSeen], files: Mapping[bytes, Sequence[FileThere]]
) -> Counter[int]:
    """Count how many files of each phone agree with what is claimed."""
    agreeing: Counter[int] = Counter()
    for claim in claims:
        if claim.beside or not claim.name:
            continue
        for file in files.get(fold_name(claim.name), ()):
            weight = _weight(claim, file, -1, agreeing)
            agreeing[file.home_id] += weight.size or weight.length
    return agreeing


def _without_misfits(
    found: dict[int, Binding], claims: Iterable[ClaimSeen]
) -> dict[int, Binding]:
    sized = [
        claim.id for claim in claims if claim.size is not None and not claim.beside
    ]
    compared = [found[each] for each in sized if each in found]
    wrong = sum(binding.contradicts for binding in compared)
    if len(compared) < _FEW or wrong < _WRONG * len(compared):
        return found
    return {each: b for each, b in found.items() if not b.contradicts}
