"""Which file a claim is about, in a table of worlds."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any, Literal

import pytest

from tui.library._evidence import ClaimSeen, FileThere, decide, fold_name, is_near

if TYPE_CHECKING:
    from collections.abc import Iterable

MINUTE, HOUR = 60_000, 3_600_000
WEEK = b"WhatsApp Voice Notes/202433"


def claim(number: int, name: bytes = b"", **facts: Any) -> ClaimSeen:  # noqa: ANN401
    """A claim of a database about a note of 12 seconds and 1000 bytes."""
    values: dict[str, Any] = {
        "folder": b"Media/" + WEEK,
        "name": name or b"PTT-20240815-WA%04d.opus" % number,
        "beside": False,
        "size": 1000 + number,
        "duration_ms": 12_000,
        "sha256": None,
        "place": (1, b"Databases"),
        "may_stray": False,
    }
    return ClaimSeen(number, **(values | facts))


def file(number: int, name: bytes = b"", **facts: Any) -> FileThere:  # noqa: ANN401
    """A file that fits to the claim of the same number, on the first phone."""
    values: dict[str, Any] = {
        "note_id": number,
        "source_id": 1,
        "folder": b"Media/" + WEEK,
        "name": name or b"PTT-20240815-WA%04d.opus" % (number % 100),
        "size": 1000 + number % 100,
        "duration_ms": 12_000,
        "recording_id": None,
        "root": b"/phone",
        "home_id": 1,
        "is_unmatched": True,
    }
    return FileThere(number, **(values | facts))


def decided(
    claims: Iterable[ClaimSeen],
    files: Iterable[FileThere],
    holding: Iterable[int] = (),
) -> dict[int, tuple[int, float]]:
    """The file and the strength by claim; whatever the order of both."""
    claims, files = list(claims), list(files)
    answers = []
    for some in (files, files[::-1]):
        by_name: dict[bytes, list[FileThere]] = {}
        for each in some:
            by_name.setdefault(fold_name(each.name), []).append(each)
        found = decide(claims, by_name, 1, lambda seen, _: seen.id in set(holding))
        answers.append({key: (b.file.id, b.strength) for key, b in found.items()})
    assert answers[0] == answers[1]
    return answers[0]


BARE: dict[str, Any] = {"size": None, "duration_ms": None}
OTHER: dict[str, Any] = {"source_id": 2, "root": b"/other", "home_id": 2}
WRONG: dict[str, Any] = {"size": 77, "duration_ms": 3_000}


@pytest.mark.parametrize(
    ("told", "there", "strength"),
    [
        ({}, {}, 1.0),
        ({"size": None, "duration_ms": None}, {}, 1.0),
        ({"size": 5}, {}, 1.0),
        ({"size": 5}, {"duration_ms": 13_400}, 1.0),
        ({"size": 5}, WRONG, 0.92),
        ({"size": None}, WRONG, 0.92),
        ({"size": 5, "duration_ms": None}, {}, 0.92),
        ({}, {"folder": b"kept"}, 0.95),
        ({"folder": b""}, {}, 0.95),
        ({"size": None}, {"folder": b"kept"}, 0.95),
        ({"size": None, "duration_ms": None}, {"folder": b"kept"}, 0.95),
        ({"size": 5}, {"folder": b"kept"}, None),
        ({"size": 5, "folder": b""}, WRONG, 0.92),
        ({"size": None}, {"folder": b"kept"} | WRONG, None),
        ({"name": b"another.opus"}, {}, None),
    ],
)
def test_one_claim_and_one_file(
    told: dict[str, Any], there: dict[str, Any], strength: float | None
) -> None:
    """The place or the size decides; a name alone does where nothing contradicts."""
    found = decided([claim(1, **told)], [file(1, **there)])
    assert found == ({} if strength is None else {1: (1, strength)})


@pytest.mark.parametrize("count", [1, 3, 9])
def test_wrong_sizes_do_not_matter_where_path_and_length_fit(count: int) -> None:
    """Some databases tell sizes of something else, for every message."""
    numbers = range(1, count + 1)
    found = decided((claim(n, size=5) for n in numbers), map(file, numbers))
    assert found == {n: (n, 1.0) for n in numbers}


def test_nothing_fits_but_the_place() -> None:
    """Sizes and lengths of something else: where nobody else claims it, places do."""
    numbers = range(1, 11)
    found = decided(map(claim, numbers), [file(n, **WRONG) for n in numbers])
    assert found == {n: (n, 0.92) for n in numbers}


def test_a_database_of_a_phone_that_is_not_here() -> None:
    """Of many files none agrees: they are another phone's, also without a rival."""
    numbers = range(1, 41)
    assert decided(map(claim, numbers), [file(n, **WRONG) for n in numbers]) == {}
    few = [file(n, **(WRONG if n > 4 else {})) for n in numbers]
    assert len(decided(map(claim, numbers), few)) == 40


def test_a_database_beside_other_media_is_not_believed() -> None:
    """Seven of ten contradict, as another phone's do: the three that fit are left."""
    files = [file(n, **({} if n > 7 else WRONG)) for n in range(1, 11)]
    theirs = [file(100 + n, **OTHER, **WRONG) for n in range(1, 11)]
    found = decided(map(claim, range(1, 11)), [*files, *theirs])
    assert found == {n: (n, 1.0) for n in (8, 9, 10)}


def test_a_few_contradictions_are_no_other_phone() -> None:
    """Files that were edited since are still those at the place."""
    files = [file(n, **(WRONG if n > 7 else {})) for n in range(1, 11)]
    found = decided(map(claim, range(1, 11)), files)
    assert found == {n: (n, 1.0 if n <= 7 else 0.92) for n in range(1, 11)}


def test_two_phones_with_the_same_names() -> None:
    """Each claim goes to the phone that fits, and none to the other's files."""
    ours = [file(n) for n in (1, 2, 3)]
    theirs = [file(100 + n, **OTHER, **WRONG) for n in (1, 2, 3, 4)]
    found = decided(map(claim, (1, 2, 3, 4)), [*ours, *theirs])
    assert found == {n: (n, 1.0) for n in (1, 2, 3)}  # the fourth is gone from ours


def test_two_phones_and_nothing_but_names() -> None:
    """Of two files at the same place the one of the phone that fits elsewhere."""
    claims = [claim(1), claim(2, **BARE)]
    files = [file(1), file(2), file(101, **OTHER, **WRONG), file(102, **OTHER)]
    assert decided(claims, files) == {1: (1, 1.0), 2: (2, 1.0)}


def test_several_candidates_that_nothing_tells_apart() -> None:
    """One of them, and it is said how unsure that is; a hash would tell."""
    files = [file(1), file(101)._replace(folder=b"copy/Media/" + WEEK)]
    assert decided([claim(1, **BARE)], files)[1][1] == 0.5
    assert decided([claim(1, **BARE, sha256=b"h" * 32)], files, [101]) == {
        1: (101, 1.0)
    }
    same = [each._replace(recording_id=7) for each in files]
    assert decided([claim(1, **BARE)], same)[1][1] == 1.0


def test_more_may_be_known_later() -> None:
    """What lengths or contents may decide otherwise is told to be open."""

    def is_open(told: ClaimSeen, *files: FileThere) -> bool:
        found = decide([told], {fold_name(told.name): files}, 1, lambda *_: False)
        return found[told.id].is_open

    unmeasured = file(1, duration_ms=None, is_measured=False)
    assert is_open(claim(1, size=5), unmeasured)
    assert not is_open(claim(1), unmeasured)
    assert not is_open(claim(1, size=5), file(1, duration_ms=None))
    assert is_open(claim(1, **BARE), file(1), file(101))
    assert not is_open(claim(1, **BARE), file(1))


EXPORT: dict[str, Any] = {"beside": True, "size": None, "duration_ms": None}


@pytest.mark.parametrize(
    ("folder", "there", "stray", "strength"),
    [
        (b"", {"folder": b"Download"}, False, 1.0),
        (b"media", {"folder": b"Download/media"}, False, 1.0),
        (b"", {"folder": b"elsewhere"}, False, None),
        (b"", {"folder": b"Download", "source_id": 2}, False, None),
        (b"", {}, True, 0.9),
        (b"", {"source_id": 2}, True, 0.9),
        (b"", {"is_unmatched": False}, True, None),
    ],
)
def test_files_beside_a_document(
    folder: bytes,
    there: dict[str, Any],
    stray: bool,
    strength: float | None,
) -> None:
    """They belong into its folder; without media they may lie on the phone."""
    place = b"Download/" + folder if folder else b"Download"
    told = claim(1, **EXPORT, folder=folder, place=(1, place), may_stray=stray)
    found = decided([told], [file(1, **there)])
    assert found == ({} if strength is None else {1: (1, strength)})


@pytest.mark.parametrize(
    ("place", "folder", "strength"),
    [
        (b"a.zip//chat", b"a.zip//media", 0.95),
        (b"a.zip/", b"a.zip//media/voice", 0.95),
        (b"a.zip//chat", b"a.zip/", 0.95),
        (b"a.zip//chat", b"b.zip//media", None),
        (b"chat", b"media", None),
    ],
)
def test_text_and_media_in_two_folders_of_one_archive(
    place: bytes, folder: bytes, strength: float | None
) -> None:
    """Somebody packed them anew; elsewhere another folder is another chat's."""
    told = claim(1, **EXPORT, place=(1, place), may_stray=True)
    there = file(1, folder=folder, is_unmatched=False)
    expected = {} if strength is None else {1: (1, strength)}
    assert decided([told], [there]) == expected
    rival = file(2, there.name, folder=folder + b"/other", is_unmatched=False)
    assert decided([told], [there, rival]) == {}


def test_an_export_without_media_and_two_phones() -> None:
    """Nothing tells whose file it is, unless both have the same content."""
    told = claim(1, **EXPORT, place=(1, b"Download"), may_stray=True)
    files = [file(1), file(101, **OTHER)]
    assert decided([told], files) == {}
    same = [each._replace(recording_id=7) for each in files]
    assert decided([told], same) == {1: (1, 0.9)}
    beside = [*files, file(3, told.name, folder=b"Download")]
    assert decided([told], beside) == {1: (3, 1.0)}


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_accents_and_case_do_not_count(form: Literal["NFC", "NFD"]) -> None:
    """Macs write accents apart, and some file systems change capitals."""
    name = unicodedata.normalize("NFC", "Zoé Ångström.M4A").encode()
    folder = unicodedata.normalize("NFC", "Lieder für Zoé").encode()
    seen = unicodedata.normalize(form, "zoé ångström.m4a").encode()
    place = unicodedata.normalize(form, "Lieder für Zoé").encode()
    told = claim(1, name, **EXPORT, folder=folder, place=(1, folder))
    assert decided([told], [file(1, seen, folder=place)]) == {1: (1, 1.0)}
    elsewhere = claim(2, name, folder=folder, size=None, duration_ms=None)
    assert decided([elsewhere], [file(2, seen, folder=place)]) == {2: (2, 1.0)}


def test_of_two_spellings_the_very_name_wins() -> None:
    """A folder may hold both names that differ in capitals."""
    told = claim(1, b"Note.opus", **EXPORT, folder=b"", place=(1, b"x"))
    files = [file(1, b"note.opus", folder=b"x"), file(2, b"Note.opus", folder=b"x")]
    assert decided([told], files) == {1: (2, 1.0)}


@pytest.mark.parametrize(
    ("apart", "tolerance", "zones", "near"),
    [
        (0, 0, False, True),
        (MINUTE, MINUTE, False, True),
        (HOUR, MINUTE, False, False),
        (HOUR, MINUTE, True, True),
        (HOUR + MINUTE, MINUTE, True, True),
        (HOUR + 3 * MINUTE, MINUTE, True, False),
        (5 * HOUR + 45 * MINUTE, 2_000, True, True),
        (27 * HOUR, MINUTE, True, False),
    ],
)
def test_times_of_one_message(
    apart: int,
    tolerance: int,
    zones: bool,
    near: bool,
) -> None:
    """Clocks of other zones are whole quarters of an hour apart."""
    assert is_near(0, apart, tolerance, zones=zones) is near
    assert is_near(apart, 0, tolerance, zones=zones) is near
