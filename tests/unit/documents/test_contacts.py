"""Address books tell who the numbers belong to, whoever wrote them."""

from __future__ import annotations

import os
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.documents._api import NameRank, Options, PersonTold, Remark
from tui.documents._contacts import Contacts
from tui.documents._document import Document
from tui.errors import DocumentError, PartialError
from tui.model import DocumentKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_ANA = "tel:+491700000001"


def _document(folder: Path, data: bytes | str, name: str = "contacts.vcf") -> Document:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return Document(os.fsencode(path))


def _card(*lines: str, version: str = "3.0", end: str = "\r\n") -> str:
    return end.join(("BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""))


def _told(
    folder: Path, data: bytes | str, region: str = ""
) -> list[PersonTold | Remark]:
    document = _document(folder, data)
    told = Contacts().read(document, Options(region=region))
    return [item for item in told if isinstance(item, PersonTold | Remark)]


def _person(folder: Path, data: bytes | str, region: str = "") -> PersonTold:
    (person,) = _told(folder, data, region)
    assert isinstance(person, PersonTold)
    return person


def _name(folder: Path, *lines: str, version: str = "3.0") -> str:
    return _person(folder, _card(*lines, "TEL:+491700000001", version=version)).name


def test_a_card_is_a_person(tmp_path: Path) -> None:
    """The first number is the person; further ones and mail are aliases."""
    card = _card(
        "N:M\u00fcller;Ana;;;",
        "FN:Ana M\u00fcller",
        "TEL;TYPE=CELL:+49 170 0000001",
        "EMAIL;TYPE=INTERNET:Ana@Example.org",
        'item1.TEL;TYPE="home,voice":+49 30 1234567',
        "item1.X-ABLabel:Zuhause",
    )
    assert _person(tmp_path, card) == PersonTold(
        _ANA,
        "Ana M\u00fcller",
        NameRank.VCARD,
        aliases=("tel:+49301234567", "mailto:ana@example.org"),
    )


@pytest.mark.parametrize(
    ("version", "lines"),
    [
        ("2.1", ("FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=B6rg =E2=80=93 K.",)),
        ("2.1", ("FN;QUOTED-PRINTABLE;CHARSET=UTF-8:J=C3=B6rg =\r\n=E2=80=93 K.",)),
        (
            "2.1",
            ("FN;CHARSET=UTF-8;QUOTED-PRINTABLE:J=C3=\r\n=B6rg =E2=80=\r\n=93 K.",),
        ),
        ("2.1", ("FN;ENCODING=QUOTED-PRINTABLE;CHARSET=windows-1252:J=F6rg =96 K.",)),
        ("2.1", ("FN;ENCODING=QUOTED-PRINTABLE:J=F6rg =96 K.",)),
        ("2.1", ("FN:J\u00f6rg\r\n \u2013 K.",)),
        ("3.0", ("FN:J\u00f6r\r\n g \u2013\r\n\t K.",)),
        ("3.0", ("FN;ENCODING=b:SsO2cmcg4oCTIEsu",)),
        ("4.0", ('FN;PREF=1;LANGUAGE="de:x;y":J\u00f6rg \u2013 K.', "FN:other")),
        ("4.0", ("a-1.fn:J\u00f6rg  \u2013 K. ",)),
        ("3.0", ("FN:", "N:\u2013 K.;J\u00f6rg;;;")),
        (
            "2.1",
            ("N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:K.;J=C3=B6rg;=E2=80=93;;",),
        ),
    ],
)
def test_ways_to_encode_a_name(
    tmp_path: Path, version: str, lines: tuple[str, ...]
) -> None:
    """Folds, soft breaks and character sets of all versions give the same name."""
    assert _name(tmp_path, *lines, version=version) == "J\u00f6rg \u2013 K."


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        (("FN:Ana\\, B\\; C\\n D\\\\E",), "Ana, B; C D\\E"),
        (("N:Doe;Ana;Maria;Dr.;MSc",), "Dr. Ana Maria Doe MSc"),
        (("N:Doe\\;X;Ana",), "Ana Doe;X"),
        (("N:\u738b;\u5c0f\u660e;;;",), "\u738b\u5c0f\u660e"),
        (("N:;;;;", "ORG:Firma;Abteilung"), "Firma, Abteilung"),
        (("FN: ", "N:;;;;", "NICKNAME:Anni,Ann"), "Anni"),
        (("ORG:Firma", "N:Doe;;;;"), "Doe"),
        (("FN:\u2764\ufe0f",), "\u2764\ufe0f"),
        (("FN:[/]\u202e x",), "[/]\u202e x"),
        (("FN;CHARSET=none:Ana",), "Ana"),
        (("FN;CHARSET=zlib:Ana",), "Ana"),
        (("FN;CHARSET=utf-7:Ana +2AA-",), "Ana ?"),
        (('FN;X="open:Ana',), "Ana"),
        (("NOTE;ENCODING=QUOTED-PRINTABLE:a=", "FN:no=", "FN:no", "FN:Ana"), "Ana"),
        (("PHOTO;ENCODING=BASE64:AAAA", "FNFN", "TEL", "", "FN:Ana"), "Ana"),
        (("PHOTO:data:image/jpeg;base64,AA", " FN:no", "FN:Ana"), "Ana"),
    ],
)
def test_names(tmp_path: Path, lines: tuple[str, ...], name: str) -> None:
    """The name is as people see it, whatever stands around it."""
    assert _name(tmp_path, *lines) == name


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp1252"],
)
def test_files_in_any_encoding(tmp_path: Path, encoding: str, end: str) -> None:
    """Marks, wide characters and old code pages are told apart by their bytes."""
    card = _card("FN:J\u00f6rg", "TEL:+491700000001", end=end)
    document = _document(tmp_path, card.encode(encoding))
    assert Contacts().recognise(document) is not None
    (person,) = Contacts().read(document, Options())
    assert isinstance(person, PersonTold)
    assert person.name == "J\u00f6rg"


@pytest.mark.parametrize(
    "line",
    [
        "TEL:+49 170 0000001",
        "TEL;CELL;PREF:+49-170-0000001",
        'TEL;VALUE=uri;TYPE="voice,home":tel:+49-170-0000001;ext=12',
        "TEL;VALUE=URI:tel:0170-0000001;phone-context=+49",
        "TEL;type=CELL;waid=491700000001:0170 0000001",
        'TEL;WAID="491700000001":',
        "TEL:\u202a+49\u00a0170\u00a00000001\u202c",
        "tel:0049170 0000001",
    ],
)
def test_ways_to_write_a_number(tmp_path: Path, line: str) -> None:
    """Numbers, URIs and WhatsApp's own parameter are one identity."""
    person = _person(tmp_path, _card("FN:Ana", line))
    assert (person.native_id, person.aliases) == (_ANA, ())


def test_mail_alone_is_a_person(tmp_path: Path) -> None:
    """Who has no number is known by mail."""
    card = _card("FN:Ana", "EMAIL:mailto:ana@example.org", "EMAIL:none", "EMAIL:a b@c")
    assert _person(tmp_path, card).native_id == "mailto:ana@example.org"


def test_the_region_is_that_of_most_numbers(tmp_path: Path) -> None:
    """National numbers are read as those of the file's country, and that is said."""
    cards = (
        _card("FN:Ana", "TEL:0170 0000001")
        + _card("FN:Bob", "TEL:+49 170 0000002")
        + _card("FN:Cid", "TEL:+49 170 0000003")
        + _card("FN:Dan", "TEL:+1 415 555 2671")
    )
    *people, remark = _told(tmp_path, cards)
    assert [
        person.native_id for person in people if isinstance(person, PersonTold)
    ] == [
        _ANA,
        "tel:+491700000002",
        "tel:+491700000003",
        "tel:+14155552671",
    ]
    assert isinstance(remark, Remark)
    assert remark.code == "region"
    assert remark.text.startswith("1 number without a country code taken as from DE")


def test_the_users_region_wins(tmp_path: Path) -> None:
    """With a region nothing is guessed, and nothing needs to be said."""
    cards = _card("FN:Ana", "TEL:0170 0000001") + _card("FN:Dan", "TEL:+14155552671")
    told = _told(tmp_path, cards, region="DE")
    assert [type(item) for item in told] == [PersonTold, PersonTold]
    assert told[0] == PersonTold(_ANA, "Ana", NameRank.VCARD)


def test_numbers_without_a_country_are_left_out(tmp_path: Path) -> None:
    """Without any international number there is no guess; the rest of a card stays."""
    cards = _card("FN:Ana", "TEL:0170 0000001", "EMAIL:ana@example.org") + _card(
        "FN:Bob", "TEL:0170 0000002", "TEL:112", "TEL:*100#"
    )
    person, remark = _told(tmp_path, cards)
    assert person == PersonTold("mailto:ana@example.org", "Ana", NameRank.VCARD)
    assert remark == Remark(
        "left_out", "2 numbers have no country code and can't be told apart"
    )


def test_what_is_no_number_is_counted(tmp_path: Path) -> None:
    """A number that no country has is left out and said."""
    _, remark = _told(
        tmp_path, _card("FN:Ana", "TEL:+491700000001", "TEL:+49 1234567890123456")
    )
    assert remark == Remark("left_out", "1 number is in no form that is understood")


def test_a_shared_number_makes_no_one_else(tmp_path: Path) -> None:
    """A family's landline does not make its members one person."""
    cards = (
        _card("FN:Ana", "TEL:+491700000001", "TEL:030 1234567")
        + _card("FN:Bob", "TEL:+49 30 1234567", "TEL:+491700000002")
        + _card("FN:bob", "TEL:+491700000002", "TEL:+491700000003")
    )
    assert _told(tmp_path, cards, region="DE") == [
        PersonTold(_ANA, "Ana", NameRank.VCARD),
        PersonTold("tel:+49301234567", "Ana", NameRank.VCARD),
        PersonTold("tel:+491700000002", "Bob", NameRank.VCARD),
        PersonTold(
            "tel:+491700000002",
            "bob",
            NameRank.VCARD,
            aliases=("tel:+491700000003",),
        ),
    ]


def test_a_card_without_a_name(tmp_path: Path) -> None:
    """It still tells that two numbers are one person; a number is no name."""
    nobody = PersonTold(_ANA, aliases=("tel:+491700000002",))
    numbers = ("TEL:+491700000001", "TEL:+491700000002")
    assert _person(tmp_path, _card(*numbers)) == nobody
    assert _person(tmp_path, _card("FN:+49 170 0000001", *numbers)) == nobody
    assert _told(tmp_path, _card("TEL:+491700000001")) == []
    assert _name(tmp_path, "FN:007") == "007"


def test_broken_cards_are_skipped(tmp_path: Path) -> None:
    """Rubbish between and inside of cards loses none of the good ones."""
    cards = (
        "rubbish\r\n\0\xff\r\nFN:Lost\r\nEND:VCARD\r\n"
        "BEGIN:VCARD\r\nrubbish\r\nEND:VCARD\r\n"
        + _card("FN:Ana", "rubbish", "\0", ";:", ":", "TEL:+491700000001")
        + "rubbish\r\n"
    )
    assert _told(tmp_path, cards) == [
        PersonTold(_ANA, "Ana", NameRank.VCARD),
        Remark("left_out", "2 cards are broken"),
    ]


def test_cards_without_an_end(tmp_path: Path) -> None:
    """The next card ends one; if none has an end, the file does."""
    cards = "".join(
        f"BEGIN:VCARD\nFN:{name}\nTEL:+49170000000{number}\n"
        for number, name in enumerate(("Ana", "Bob"), 1)
    )
    for text in (cards, cards.removesuffix("\n")):
        assert _told(tmp_path, text) == [
            PersonTold(_ANA, "Ana", NameRank.VCARD),
            PersonTold("tel:+491700000002", "Bob", NameRank.VCARD),
        ]


def test_a_soft_break_before_the_end(tmp_path: Path) -> None:
    """A mark at the end of the last line does not swallow the next card."""
    cards = _card("FN:Ana", "TEL:+491700000001", "NOTE;QUOTED-PRINTABLE:x=") * 2
    assert _told(tmp_path, cards) == [PersonTold(_ANA, "Ana", NameRank.VCARD)] * 2


def test_an_agent_is_not_the_person(tmp_path: Path) -> None:
    """A card inside of a card is somebody else's."""
    inner = _card("FN:Agent", "TEL:+491700000009")
    cards = _card("FN:Ana", "AGENT:", inner + "TEL:+491700000001", version="2.1")
    assert _person(tmp_path, cards) == PersonTold(_ANA, "Ana", NameRank.VCARD)


@pytest.mark.parametrize("cut", ["TEL:+4917000", "TEL:+491700000002", "END:VCA"])
def test_a_file_that_is_cut_off(tmp_path: Path, cut: str) -> None:
    """The last card counts, but for the line that may be half a number."""
    text = _card("FN:Ana", "TEL:+491700000001")
    text += f"BEGIN:VCARD\r\nFN:Bob\r\nTEL:+491700000003\r\n{cut}"
    told: list[object] = []
    reader = Contacts().read(_document(tmp_path, text), Options())
    with pytest.raises(PartialError, match=r"contacts\.vcf: the last card has no end"):
        told.extend(item for item in reader)
    assert told == [
        PersonTold(_ANA, "Ana", NameRank.VCARD),
        PersonTold("tel:+491700000003", "Bob", NameRank.VCARD),
    ]


@pytest.mark.parametrize(
    ("data", "error"),
    [(b"", PartialError), (b"hello", DocumentError), (b"\0" * 99, DocumentError)],
)
def test_what_is_no_address_book(
    tmp_path: Path, data: bytes, error: type[DocumentError]
) -> None:
    """Such a file is not recognised, and reading it says why."""
    document = _document(tmp_path, data)
    assert Contacts().recognise(document) is None
    with pytest.raises(error):
        list(Contacts().read(document, Options()))


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        (b"a.vcf", True),
        (b"A.VCF", True),
        (b"a.vcard", True),
        (b"._a.vcf", False),
        (b"a.vcf.txt", False),
        (b"vcf", False),
        (b"", False),
    ],
)
def test_names_of_address_books(name: bytes, fits: bool) -> None:
    """The suffix tells, in any case of letters."""
    assert Contacts().fits(b"/x", name) is fits
    assert Contacts().kind is DocumentKind.CONTACTS


def test_an_address_book_is_recognised_below_other_text(tmp_path: Path) -> None:
    """Lines above the first card, as some tools write them, don't hide it."""
    found = Contacts().recognise(_document(tmp_path, "# mine\n" + _card("FN:Ana")))
    assert found is not None
    assert found.score >= 60
    assert found.reasons


def test_pictures_are_never_in_memory(tmp_path: Path) -> None:
    """Long lines, long folds and many numbers are no matter of memory."""
    picture = "PHOTO;ENCODING=b:" + "A" * 2_000_000
    folded = "NOTE:x" + "\r\n y" * 100_000
    name = "FN:" + "x" * 100_000 + "\r\n y" * 20_000
    numbers = [f"TEL:+49170{number:07}" for number in range(1, 5001)]
    document = _document(tmp_path, _card(picture, folded, *numbers, name))
    tracemalloc.start()
    try:
        items = list(Contacts().read(document, Options()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    (person,) = (item for item in items if item is not None)
    assert isinstance(person, PersonTold)
    assert len(person.name) <= 500
    assert person.native_id == "tel:+491700000001"
    assert 10 < len(person.aliases) < 1000
    assert peak < 3_000_000
    assert items.count(None) > 200  # others are let in between


def test_many_cards(tmp_path: Path) -> None:
    """Each card of a long file is told, one after the other."""
    cards = "".join(
        _card(f"FN:P{number}", f"TEL:+49170{number:07}") for number in range(20_000)
    )
    told = Contacts().read(_document(tmp_path, cards), Options())
    people = [item for item in told if item is not None]
    assert len(people) == 20_000
    assert people[-1] == PersonTold("tel:+491700019999", "P19999", NameRank.VCARD)


_LINES = st.sampled_from(
    [
        b"BEGIN:VCARD",
        b"END:VCARD",
        b"VERSION:2.1",
        b"FN:Ana",
        b"FN;CHARSET=utf-16;QUOTED-PRINTABLE:=",
        b"N:;;\\;\\",
        b"AGENT:",
        b"TEL;waid=491700000001:0170",
        b"TEL:+491700000001",
        b" fold",
        b"EMAIL:a@b",
        b"",
    ]
)


@given(st.lists(_LINES | st.binary(max_size=40), max_size=30), st.booleans())
def test_any_bytes(
    new_folder: Callable[[str], Path], lines: list[bytes], wide: bool
) -> None:
    """No file makes another error than those that are told."""
    data = b"\n".join([b"BEGIN:VCARD", *lines])
    if wide:
        data = data.decode("latin-1").encode("utf-16")[: len(data)]
    document = _document(new_folder("any"), data)
    Contacts().recognise(document)
    try:
        told = list(Contacts().read(document, Options()))
    except DocumentError:
        return
    assert all(item is None or isinstance(item, PersonTold | Remark) for item in told)
