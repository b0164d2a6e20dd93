"""The questions of the first start, and what comes of the answers."""

from __future__ import annotations

from tests.support.first import FOUND, found_folder
from tui.indexer import FirstStart, Lock, Question
from tui.model import SourceKind

PHONE, RECORDINGS, MUSIC = FOUND
ALL = [Question.FOLDERS, Question.KEYS, Question.CONTACTS, Question.START]


def start_with(*found: object) -> FirstStart:
    """Take what a search found."""
    first = FirstStart()
    for each in found:
        first.add(each)  # type: ignore[arg-type]  # Likely
    return first


def test_what_is_sure_is_chosen() -> None:
    """The surest first; what is only likely has to be chosen."""
    first = start_with(MUSIC, RECORDINGS, PHONE)
    assert first.found == [PHONE, RECORDINGS, MUSIC]
    assert first.chosen == [PHONE, RECORDINGS]
    first.toggle(b"/music")
    first.toggle(b"/phone/WhatsApp")
    assert first.chosen == [RECORDINGS, MUSIC]
    first.toggle(b"/music")
    assert first.chosen == [RECORDINGS]


def test_a_folder_takes_the_place_of_those_in_it() -> None:
    """What the user said of one of them holds for it; one inside adds nothing."""
    first = start_with(PHONE, RECORDINGS)
    first.toggle(b"/phone/Recordings")
    first.add(found_folder("/phone"))
    assert [each.root for each in first.found] == [b"/phone"]
    assert first.chosen == []
    first.add(PHONE)
    assert len(first.found) == 1
    first.add(found_folder("/phones"))
    assert len(first.found) == 2


def test_a_typed_folder_is_chosen_even_below_another() -> None:
    """The user knows best."""
    first = start_with(found_folder("/phone", 45))
    first.add_typed(found_folder("/phone/Recordings", 10))
    assert [each.root for each in first.chosen] == [b"/phone/Recordings"]
    first.add_typed(found_folder("/", 10))
    assert [each.root for each in first.found] == [b"/"]


def test_only_questions_with_a_use_are_asked() -> None:
    """No lock, no key; no numbers, or contacts there already, no contacts."""
    assert start_with(PHONE).questions() == ALL
    assert start_with(RECORDINGS).questions() == [Question.FOLDERS, Question.START]
    kind = SourceKind.WHATSAPP_EXPORT
    named = found_folder("/x", kind=kind, contacts=[b"/x/contacts.vcf"])
    assert Question.CONTACTS not in start_with(named).questions()
    assert Question.CONTACTS in start_with(found_folder("/x", kind=kind)).questions()
    first = start_with(PHONE, RECORDINGS)
    first.toggle(PHONE.root)
    assert len(first.questions()) == 2


def test_going_on_and_back() -> None:
    """Questions that are not asked are passed over in both directions."""
    first = start_with(RECORDINGS)
    assert first.step(Question.FOLDERS, 1) is Question.START
    assert first.step(Question.START, -1) is Question.FOLDERS
    assert first.step(Question.FOLDERS, -1) is None
    assert first.step(Question.START, 1) is None
    assert start_with(PHONE).step(Question.FOLDERS, 1) is Question.KEYS


def test_contacts_in_a_source_and_elsewhere() -> None:
    """Elsewhere, their folder becomes a source."""
    first = start_with(PHONE)
    first.add_contacts(b"/docs/contacts.vcf")
    first.add_contacts(b"/docs/contacts.vcf")
    assert first.suggested_contacts() == b"/docs/contacts.vcf"
    inside = first.place_contacts(b"/phone/WhatsApp/a.vcf")
    assert inside == (b"/phone/WhatsApp/a.vcf", b"/phone/WhatsApp", False)
    first.contacts = inside
    assert first.answers().folders == (b"/phone/WhatsApp",)
    first.contacts = first.place_contacts(b"/docs/contacts.vcf")
    assert first.contacts == (b"/docs/contacts.vcf", b"/docs", True)
    assert first.answers().folders == (b"/phone/WhatsApp", b"/docs")
    assert first.place_contacts(b"/a.vcf").folder == b"/"
    assert FirstStart().suggested_contacts() == b""


def test_each_key_goes_to_what_it_opens() -> None:
    """A passphrase is for the backup of an iPhone, not for WhatsApp's."""
    backup = found_folder("/ios", locks=[Lock(b"/ios/Manifest.db", is_phone=True)])
    first = start_with(PHONE, backup, RECORDINGS)
    assert [lock.path for lock in first.locks(is_phone=True)] == [b"/ios/Manifest.db"]
    first.secrets = {True: b"secret", False: b"key"}
    assert set(first.answers().secrets) == {
        (b"/ios", b"secret"),
        (b"/phone/WhatsApp", b"key"),
    }
    first.secrets = {True: b""}
    assert first.answers().secrets == ()
