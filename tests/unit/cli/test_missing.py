"""What would help, in words: the sentence names the file or the command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tui.cli._missing import missing_of_document, missing_of_source
from tui.model import (
    DocumentInfo,
    DocumentKind,
    DocumentState,
    Gaps,
    Source,
    SourceId,
    SourceKind,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tui.cli._missing import Missing

SOURCE = Source(SourceId(1), b"/my sync", SourceKind.FOLDER, "sync")
PLAIN = DocumentInfo(
    id=1,
    source_id=SourceId(1),
    path=b"Databases/msgstore.db",
    kind=DocumentKind.WHATSAPP_DATABASE,
    state=DocumentState.OK,
    reason="",
    label="",
    score=100,
    reasons=(),
    remarks=(),
    claims=100,
    matched=90,
)
LOCKED = PLAIN._replace(
    path=b"msgstore.db.crypt15",
    kind=DocumentKind.WHATSAPP_BACKUP,
    state=DocumentState.LOCKED,
    reason="needs the 64-digit key: earmark key add SOURCE",
    claims=0,
    matched=0,
)
EXPORT = PLAIN._replace(
    path=b"WhatsApp Chat with Ana.txt",
    kind=DocumentKind.WHATSAPP_EXPORT,
    label="Ana",
    claims=3,
    matched=3,
)
CARDS = PLAIN._replace(path=b"a.vcf", kind=DocumentKind.CONTACTS, claims=0, matched=0)


def said(found: Iterable[Missing]) -> tuple[str, str]:
    """Give the only thing that is missing."""
    (one,) = found
    return one.code, one.text


def test_nothing_is_missing() -> None:
    """Nothing is said where all is known."""
    gaps = Gaps(files=100)
    assert list(missing_of_source(SOURCE, [PLAIN, EXPORT], gaps)) == []
    for each in (PLAIN, EXPORT, CARDS):
        assert list(missing_of_document(SOURCE, each, gaps)) == []


@pytest.mark.parametrize(
    ("documents", "number", "text"),
    [
        (
            [],
            41,
            (
                "41 notes have no chat: put an exported chat or msgstore.db beside"
                " them, into '/my sync'"
            ),
        ),
        (
            [CARDS],
            1,
            (
                "1 note has no chat: put an exported chat or msgstore.db beside it,"
                " into '/my sync'"
            ),
        ),
        ([LOCKED], 2, "2 notes have no chat: what is encrypted here may tell it"),
        (
            [PLAIN],
            2,
            (
                "2 notes have no chat: no document here tells of them; put a newer"
                " msgstore.db or an exported chat into '/my sync'"
            ),
        ),
    ],
)
def test_notes_without_a_chat(
    documents: list[DocumentInfo], number: int, text: str
) -> None:
    """What helps depends on what is there already."""
    gaps = Gaps(files=50, unmatched=number)
    assert said(missing_of_source(SOURCE, documents, gaps)) == ("chats", text)


def test_senders_that_are_only_numbers() -> None:
    """Contacts help, unless they are there and do not know them."""
    seventeen = Gaps(files=50, numbers=17)
    assert said(missing_of_source(SOURCE, [], seventeen)) == (
        "contacts",
        "17 senders are only numbers: put contacts.vcf into the source, '/my sync'",
    )
    assert said(missing_of_source(SOURCE, [CARDS], Gaps(numbers=1))) == (
        "contacts",
        (
            "1 sender is only a number: the contacts here do not have them; export them"
            " anew"
        ),
    )


def test_what_is_encrypted_names_the_command() -> None:
    """The path is the user's own: of the source, from the home on."""
    home = SOURCE._replace(root=bytes(Path.home() / "My Sync"))
    assert said(missing_of_document(home, LOCKED, Gaps())) == (
        "key",
        "msgstore.db.crypt15 needs the 64-digit key: earmark key add ~/'My Sync'",
    )
    wrong = LOCKED._replace(reason="the key does not open it")
    assert said(missing_of_document(SOURCE, wrong, Gaps())) == (
        "key",
        (
            "msgstore.db.crypt15: the key does not open it;"
            " earmark key add '/my sync' adds another"
        ),
    )


def test_the_backup_of_an_iphone() -> None:
    """Its folder is named, and the package where that is not installed."""
    backup = LOCKED._replace(
        path=b"Backup/00/Manifest.db",
        kind=DocumentKind.ARCHIVE,
        reason="is encrypted: install earmark[ios] to open it",
    )
    assert said(missing_of_document(SOURCE, backup, Gaps())) == (
        "extra",
        (
            "the backup of an iPhone is encrypted: pip install 'earmark[ios]', then"
            " earmark key add '/my sync/Backup/00'"
        ),
    )
    asked = backup._replace(
        path=b"Manifest.db", reason="is encrypted: earmark key add SOURCE"
    )
    assert said(missing_of_document(SOURCE, asked, Gaps())) == (
        "key",
        "the backup of an iPhone is encrypted: earmark key add '/my sync'",
    )


@pytest.mark.parametrize(
    ("claims", "matched", "files", "fits"),
    [
        (100, 29, 100, False),
        (100, 30, 100, True),
        (1000, 95, 100, True),  # a phone's database knows what was deleted, too
        (10, 10, 1000, True),  # of one of several phones
        (1000, 2, 100, False),
        (4, 0, 100, True),  # too few to tell
        (100, 0, 0, True),  # no media at all
    ],
)
def test_a_database_that_does_not_fit(
    claims: int, matched: int, files: int, *, fits: bool
) -> None:
    """It is told what little it matched."""
    document = PLAIN._replace(claims=claims, matched=matched)
    found = list(missing_of_document(SOURCE, document, Gaps(files=files)))
    assert [each.code for each in found] == ([] if fits else ["fit"])
    if not fits:
        assert "msgstore.db does not fit this folder" in found[0].text


def test_exports_without_media() -> None:
    """Left out by the phone, or just not here; a document that is cut is told."""
    without = EXPORT._replace(claims=0, matched=0)
    assert said(missing_of_document(SOURCE, without, Gaps())) == (
        "media",
        "“Ana” was exported without media: export the chat again, with media",
    )
    away = EXPORT._replace(matched=0, label="")
    assert said(missing_of_document(SOURCE, away, Gaps())) == (
        "media",
        (
            "the media of WhatsApp Chat with Ana.txt are not here: export the chat"
            " again, with media"
        ),
    )
    cut = EXPORT._replace(state=DocumentState.PARTIAL)
    assert said(missing_of_document(SOURCE, cut, Gaps()))[0] == "whole"
    broken = EXPORT._replace(state=DocumentState.ERROR, matched=0)
    assert list(missing_of_document(SOURCE, broken, Gaps())) == []
