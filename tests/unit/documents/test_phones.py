"""One number is one identity, in whatever form it is written."""

from __future__ import annotations

import re
import subprocess
import sys

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.documents import _phones
from tui.documents._phones import (
    code_of,
    display_of,
    identity_of_jid,
    identity_of_number,
    is_number,
    region_of,
)


@pytest.mark.parametrize(
    "text",
    [
        "+491701234567",
        "+49 170 1234567",
        "+49 (0)170 1234567",
        "+49 (170) 123-45.67",
        "00491701234567",
        "0049 170/1234567",
        "tel:+49-170-1234567",
        "tel:+49-170-1234567;ext=5",
        "tel:1701234567;phone-context=+49",
        "\u202a+49\u00a0170\u00a01234567\u202c",
        "\u200e+49 170\u20111234567",
        "\uff0b49 170 1234567",
        "+\u0664\u0669\u0661\u0667\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667",
        "+49 170 1234567,,12#",
        "+49 170 1234567 ext. 12",
        "+49 170 1234567p1w2",
        "  +49 170 1234567\t",
    ],
)
@pytest.mark.parametrize("region", ["", "DE", "US"])
def test_an_international_number_needs_no_region(text: str, region: str) -> None:
    """Marks, spaces, hyphens, digits and what is dialled later make no difference."""
    assert identity_of_number(text, region) == "tel:+491701234567"


@pytest.mark.parametrize(
    ("text", "region", "identity"),
    [
        ("0170 1234567", "DE", "tel:+491701234567"),
        ("0170 1234567", "de", "tel:+491701234567"),
        ("0170/1234567", "DE", "tel:+491701234567"),
        ("(415) 555-2671", "US", "tel:+14155552671"),
        ("1-415-555-2671", "US", "tel:+14155552671"),
        ("020 7946 0958", "GB", "tel:+442079460958"),
        ("8 (912) 345-67-89", "RU", "tel:+79123456789"),
        ("06 1234567", "IT", "tel:+39061234567"),
        ("011 15-2345-6789", "AR", "tel:+5491123456789"),
        ("(31) 98234-5678", "BR", "tel:+553182345678"),
        ("0170 1234567", "", None),
        ("0170 1234567", "XX", None),
        ("123456", "DE", None),
        ("112", "DE", None),
        ("*100#", "DE", None),
    ],
)
def test_a_national_number_needs_a_region(
    text: str, region: str, identity: str | None
) -> None:
    """Without a region, or as no number of it, it is nobody's."""
    assert identity_of_number(text, region) == identity


@pytest.mark.parametrize(
    ("text", "identity"),
    [
        ("+39 06 1234567", "tel:+39061234567"),
        ("+225 01 23 45 67 89", "tel:+2250123456789"),
        ("+1 (415) 555-2671", "tel:+14155552671"),
        ("+290 22222", "tel:+29022222"),
        ("+353 (0)87 123 4567", "tel:+353871234567"),
    ],
)
def test_zeros_behind_the_code(text: str, identity: str) -> None:
    """A zero stays where the country has it in numbers from abroad, else it goes."""
    assert identity_of_number(text) == identity


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "Ana",
        "Ana 2",
        "~Ana",
        "12-34",
        "+",
        "+49",
        "+999123456789",
        "tel:",
        "x5",
        "+4917012345678901234",
        "+1 800 FLOWERS",
        "1" * 100000,
        "+1 415 555",
        "\u200e",
    ],
)
def test_what_is_no_number(text: str) -> None:
    """Names, services and too many digits are no identity."""
    assert identity_of_number(text) is None


@pytest.mark.parametrize(
    ("texts", "identity", "shown"),
    [
        # Brazil, areas up to 28: with the ninth digit.
        (
            ("+55 11 98234-5678", "+55 11 8234-5678", "+551182345678"),
            "tel:+5511982345678",
            "+55 11 98234-5678",
        ),
        # From 31 on: without it.
        (
            ("+55 31 98234-5678", "+55 31 8234-5678", "+5531982345678"),
            "tel:+553182345678",
            "+55 31 98234-5678",
        ),
        # A landline is no mobile without its ninth digit, nor the other way.
        (("+55 31 3234-5678",), "tel:+553132345678", "+55 31 3234-5678"),
        (("+55 11 94234-5678",), "tel:+5511942345678", "+55 11 94234-5678"),
        (
            ("+54 9 11 2345-6789", "+54 11 2345-6789", "+54 11 15 2345 6789"),
            "tel:+5491123456789",
            "+54 9 11 2345-6789",
        ),
        (
            ("+52 1 55 1234 5678", "+52 55 1234 5678", "+5215512345678"),
            "tel:+5215512345678",
            "+52 55 1234 5678",
        ),
    ],
)
def test_numbers_of_two_ways(texts: tuple[str, ...], identity: str, shown: str) -> None:
    """Both ways are one identity, the one of WhatsApp; shown is what people dial."""
    for text in texts:
        assert identity_of_number(text) == identity
    assert identity_of_jid(identity.removeprefix("tel:+") + "@c.us") == identity
    assert display_of(identity) == shown


@pytest.mark.parametrize(
    ("jid", "identity"),
    [
        ("491700000001@s.whatsapp.net", "tel:+491700000001"),
        ("491700000001@c.us", "tel:+491700000001"),
        ("491700000001:12@s.whatsapp.net", "tel:+491700000001"),
        ("491700000001.0:1@s.whatsapp.net", "tel:+491700000001"),
        ("551187654321@s.whatsapp.net", "tel:+5511987654321"),
        ("5531987654321@s.whatsapp.net", "tel:+553187654321"),
        ("525512345678@s.whatsapp.net", "tel:+5215512345678"),
        ("99887766@lid", "wa:99887766@lid"),
        ("99887766:2@lid", "wa:99887766@lid"),
        ("120363001@g.us", "wa:120363001@g.us"),
        ("4917-1399@g.us", "wa:4917-1399@g.us"),
        ("status@broadcast", "wa:status@broadcast"),
        ("0@s.whatsapp.net", "wa:0@s.whatsapp.net"),
        ("123@s.whatsapp.net", "wa:123@s.whatsapp.net"),
        ("", ""),
        (" \0", ""),
    ],
)
def test_addresses_of_whatsapp(jid: str, identity: str) -> None:
    """A person's number is a phone number; everything else keeps its address."""
    assert identity_of_jid(jid) == identity


@pytest.mark.parametrize(
    ("identity", "shown"),
    [
        ("tel:+491700000001", "+49 170 0000001"),
        ("tel:+14155552671", "+1 415-555-2671"),
        ("tel:+999123456789", "+999123456789"),
        ("wa:99887766@lid", "99887766@lid"),
        ("mailto:ana@example.org", "ana@example.org"),
        ("name:wa:Ana: B", "Ana: B"),
        ("tel:", "tel:"),
        ("Ana", "Ana"),
        ("", ""),
    ],
)
def test_how_identities_are_shown(identity: str, shown: str) -> None:
    """Numbers are spaced as in their country; of others the system is left out."""
    assert display_of(identity) == shown


@pytest.mark.parametrize(
    ("numbers", "region"),
    [
        (["+49 170 1", "0170", "+49 30 12345", "+1 415 5552671"], "DE"),
        (["+1 415 5552671", "+49 170 1234567"], "US"),
        (["+49 170 1234567", "0170 1", "+49 30 12345", "+1 415 5552671"], "DE"),
        (["0044 20 79460958"], "GB"),
        (["+7 912 345-67-89"], "RU"),
        (["+800 12345678", "+41 44 1234567"], "CH"),
        (["0170 1234567", "Ana", ""], ""),
        ([], ""),
    ],
)
def test_where_most_numbers_are_from(numbers: list[str], region: str) -> None:
    """International numbers vote; codes of no country don't count."""
    assert region_of(numbers) == region


def test_the_codes_are_those_of_the_plans() -> None:
    """Each country's code is found, and nothing that is none."""
    codes = {str(code) for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE}
    found = {
        match[0]
        for number in range(1000)
        if (match := re.match(_phones._CODE, f"{number:03}1"))
    }
    assert found == codes
    assert code_of("+353871234567") == "353"


@given(st.text(max_size=60), st.sampled_from(["", "DE", "BR", "US", "?"]))
def test_any_text(text: str, region: str) -> None:
    """No text raises, and every identity is one of its own."""
    is_number(text)
    code_of(text)
    identity_of_jid(text)
    display_of(text)
    identity = identity_of_number(text, region)
    if identity is not None:
        assert re.fullmatch(r"tel:\+[1-9][0-9]{3,16}", identity)
        assert identity_of_number(identity) == identity


@given(st.integers(10**9, 10**14))
def test_addresses_and_numbers_agree(number: int) -> None:
    """What is an identity as a number is the same as an address."""
    identity = identity_of_number(f"+{number}")
    if identity is not None and identity.endswith(str(number)):
        assert identity_of_jid(f"{number}@s.whatsapp.net") == identity


def test_plans_are_loaded_for_nothing_plain() -> None:
    """International numbers and addresses don't wait for the numbering plans."""
    code = (
        "import sys\n"
        "from tui.documents._phones import identity_of_jid, identity_of_number\n"
        "assert identity_of_number('+49 170 1234567')\n"
        "assert identity_of_number('+55 11 98234-5678')\n"
        "assert identity_of_number('Ana') is None\n"
        "assert identity_of_jid('491700000001@s.whatsapp.net')\n"
        "assert 'phonenumbers' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
