"""Which names are looked into, and that all others cost next to nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tui import documents
from tui.documents import is_document_name

KNOWN = (
    *("msgstore.db", "msgstore-2024-08-15.1.db", "copy.SQLITE3", "old.sqlite"),
    *("msgstore.db.crypt15", "MSGSTORE.db.CRYPT12", "msgstore.db.crypt14"),
    *("ChatStorage.sqlite", "CloudRecordings.db", "Recordings.db", "chat.db", "sms.db"),
    *("result.json", "result (1).json", "messages.html", "messages2.HTM", "a.json"),
    *("data.json", "chat.md", "message_1.json", "+491700000001.html", "Ana.txt"),
    *("_chat.txt", "WhatsApp Chat with Ana.TXT", "a.eml", "A.EML", "All.mbox"),
    *("contacts.vcf", "Contacts.VCARD"),
)
_IMPORTED = """
import sys
from tui.indexer import standard_tools
names = standard_tools().names
for name in (b"PTT-20240815-WA0001.opus", b"a.jpg", b"a.PDF", b"README", b"a.docx"):
    assert not names.is_document(b"/x/WhatsApp", name)
    assert not names.is_archive(b"/x/WhatsApp", name)
formats = ("_whatsapp", "_telegram", "_mail", "_zip", "_ios", "_contacts")
print([name for name in sys.modules if name.startswith(("tui.documents.",
    "tui.archives.")) and name.rpartition(".")[2].startswith(formats)])
"""


@pytest.mark.parametrize("name", KNOWN)
def test_names_of_documents(name: str) -> None:
    """Whatever a format reads is not left out by the look at the suffix."""
    assert is_document_name(b"/x", name.encode())


def test_mails_have_names_of_all_kinds() -> None:
    """In the folders of a mailbox the place tells, not the suffix."""
    mail = b"1723728393.M1P2.host:2,S"
    assert is_document_name(b"/x/Maildir/cur", mail)
    assert is_document_name(b"/x/Maildir/new", b"1723728393.M1P2.host.example")
    assert is_document_name(b"/x/Archive.mbox", b"mbox")
    assert not is_document_name(b"/x", mail)
    assert not is_document_name(b"/x", b"mbox")


@pytest.mark.parametrize("home", documents._HOMES, ids=lambda home: home[1])
def test_no_format_fits_a_name_without_its_suffixes(home: documents._Home) -> None:
    """Else files would never be looked into."""
    suffixes = home[2].split()
    for name in KNOWN:
        if documents._format(home).fits(b"/x", name.encode()):
            assert name.lower().endswith(tuple(suffixes))


def test_nothing_is_loaded_for_recordings() -> None:
    """A folder with notes and pictures needs no format at all."""
    done = subprocess.run(
        [sys.executable, "-c", _IMPORTED], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
