"""Phone numbers as identities: one number is one person, however it is written.

An identity is `tel:+` and the digits of the number in its international form (E.164).
Three countries write the numbers of mobiles in two ways, and WhatsApp, which has kept
the way of its early years, in either. The identity is the one that stands in WhatsApp's
own addresses, so that an address book, an exported chat and a database agree:

* Brazil (+55) put a 9 before all mobile numbers. Areas 11 to 28 have it in addresses,
  the others (from 31 on) have not. Eight digits that begin with 2 to 5 are a landline,
  so that the same ones after a 9 are another number, which stays as it is.
* Argentina (+54) has a 9 before the area of a mobile in calls from abroad. Addresses
  have it always; so has every identity, since no two numbers differ by it alone.
* Mexico (+52) had a 1 there until 2019. Addresses have it still; so has every identity.

`display_of` shows the numbers as people dial them today.

The package `phonenumbers` knows the plans of all countries and takes long to import, so
it is asked only for what is no plain international number.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from phonenumbers import PhoneNumber

__all__ = [
    "code_of",
    "display_of",
    "identity_of_jid",
    "identity_of_number",
    "is_number",
    "region_of",
    "region_of_codes",
]

_CODE = (
    r"(?>[17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]"
    r"|2(?:1[12368]|[2346][0-9]|5[0-8]|9[01789])|3(?:5[0-9]|7[0-8]|8[0-35-79])"
    r"|42[013]|5[09][0-9]|6(?:7[02-9]|8[0-35-9]|9[0-2])|8(?:0[08]|5[02356]|7[08])"
    r"|88[0-368]|9(?:6[0-8]|7[0-79]|9[2-68]))"
)
"""The code of a country; none begins another."""
_PLAIN = re.compile(
    rf"\+(?:1[2-9][0-9]{{9}}|(?=[0-9]{{10,15}}\Z)(?!1|5[245])(?:{_CODE}[1-9]|390)[0-9]+)"
)
"""An international number that can be nothing else. Where a zero follows the code, it
may be one that is dialled inside the country only; Italy's is not."""
_ABROAD = re.compile(rf"(?:\+|00)(?P<code>{_CODE})[0-9]{{4,12}}")
_EXTENSION = re.compile(
    r"(?:[,;pwx#]|ext\.?|extension)[0-9,;pwx#*=]*|;.*", re.IGNORECASE
)
"""What is dialled after the call was answered, and parameters of a URI."""
_CONTEXT = re.compile(r";phone-context=(?P<code>\+[0-9.()-]+)", re.IGNORECASE)
_FORM = re.compile(r"\+?[0-9]{3,30}")
_BETWEEN = re.compile(r"[ ()./\-]+")
_MAX_TEXT = 80

_BRAZIL = re.compile(r"55(?P<area>[1-9][1-9])9?(?P<number>[016-9][0-9]{7})")
_ARGENTINA = re.compile(r"549?(?P<number>[1-8][0-9]{9})")
_MEXICO = re.compile(r"521?(?P<number>[2-9][0-9]{9})")
_LAST_AREA_WITH_9 = 28

_JID = re.compile(r"(?P<user>[0-9]+)(?:[.:][0-9]+)*@(?P<server>[a-z.]+)")
"""An address; behind the number may stand which of the owner's devices it is."""
_PEOPLE = frozenset({"s.whatsapp.net", "c.us"})


def identity_of_number(text: str, region: str = "") -> str | None:
    """Turn a phone number into an identity.

    Args:
        text: The number as people and programs write it, or a `tel:` URI; with marks of
            writing direction, any kind of space, hyphen and digit. What is dialled
            after the call was answered is left out.
        region: The ISO code of the country whose national form is understood too, e.g.
            `DE`; empty when it is not known.

    Returns:
        `tel:+…`, or None for text that is no number, or one in national form without
        a region.
    """
    if _PLAIN.fullmatch(text):
        return f"tel:{text}"
    digits = _digits(text)
    if digits is None:
        return None
    if _PLAIN.fullmatch(digits):
        return f"tel:{digits}"
    if digits[0] == "+":
        known = _of_two_ways(digits[1:])
        if known is not None:
            return known
    number = _parsed(digits, region.upper())
    return _identity(number) if number is not None else None


def is_number(text: str) -> bool:
    """Tell whether text is nothing but a phone number, in whatever form."""
    return _digits(text) is not None


def code_of(text: str) -> str:
    """Tell the country's code of an international number; empty for another."""
    match = _ABROAD.match(text) or _ABROAD.match(_digits(text) or "")
    return match["code"] if match is not None else ""


def region_of(numbers: Iterable[str]) -> str:
    """Tell where most of some numbers are from.

    Args:
        numbers: Numbers as people write them; those in national form don't count.

    Returns:
        The ISO code of a country (of several with one plan the largest); empty when
        there is no international number.
    """
    return region_of_codes(Counter(map(code_of, numbers)))


def region_of_codes(counts: Counter[str]) -> str:
    """Tell the same where the codes of the numbers were counted already.

    Args:
        counts: How many numbers have a code, see `code_of`.
    """
    for code, _ in counts.most_common():
        if not code:
            continue
        from phonenumbers import region_code_for_country_code

        region = str(region_code_for_country_code(int(code)))
        if region not in {"ZZ", "001"}:  # nobody's, or of no country
            return region
    return ""


@lru_cache(maxsize=4096)
def display_of(identity: str) -> str:
    """Write an identity as people read it.

    Args:
        identity: The identity of a person.

    Returns:
        A phone number in international form, e.g. `+49 170 0000001`; of another
        identity what follows the system, e.g. `99887766@lid`.
    """
    system, _, rest = identity.partition(":")
    if system == "name":
        return rest.partition(":")[2] or rest
    if system != "tel" or not _FORM.fullmatch(rest):
        return rest or identity
    dialled = _dialled(rest.removeprefix("+"))
    from phonenumbers import (
        NumberParseException,
        PhoneNumberFormat,
        format_number,
        parse,
    )

    try:
        number = parse(f"+{dialled}")
    except NumberParseException:
        return f"+{dialled}"
    return str(format_number(number, PhoneNumberFormat.INTERNATIONAL))


def identity_of_jid(jid: str) -> str:
    """Turn one of WhatsApp's addresses into an identity.

    Args:
        jid: E.g. `491700000001@s.whatsapp.net` or `99887766:2@lid`.

    Returns:
        `tel:+…` for a person's number, `wa:…` for all others, without the device;
        empty for no address.
    """
    own = jid.strip().strip("\0").lower()
    match = _JID.fullmatch(own)
    if match is None:
        return f"wa:{own}" if own else ""
    user, server = match["user"], match["server"]
    if server in _PEOPLE and 5 <= len(user) <= 15 and user[0] != "0":
        return _identity(user)
    return f"wa:{user}@{server}"


def _identity(digits: str) -> str:
    return _of_two_ways(digits) or f"tel:+{digits}"


def _of_two_ways(digits: str) -> str | None:
    """Make the identity of a number that may be written in two ways, see above."""
    match = _BRAZIL.fullmatch(digits)
    if match is not None:
        nine = "9" if int(match["area"]) <= _LAST_AREA_WITH_9 else ""
        return f"tel:+55{match['area']}{nine}{match['number']}"
    match = _ARGENTINA.fullmatch(digits)
    if match is not None:
        return f"tel:+549{match['number']}"
    match = _MEXICO.fullmatch(digits)
    if match is not None:
        return f"tel:+521{match['number']}"
    return None


def _dialled(digits: str) -> str:
    """Undo the rules: the digits that reach such a number today."""
    match = _BRAZIL.fullmatch(digits)
    if match is not None:
        return f"55{match['area']}9{match['number']}"
    match = _MEXICO.fullmatch(digits)
    if match is not None:
        return f"52{match['number']}"
    return digits


def _digits(text: str) -> str | None:
    """Take a number out of its writing: digits, perhaps after a plus sign."""
    text = text[:_MAX_TEXT].strip() if len(text) <= _MAX_TEXT else ""
    if not text.isascii():
        text = _plain_text(text).strip()
    if text[:4].lower() == "tel:":
        context = _CONTEXT.search(text)
        text = text[4:].partition(";")[0]
        if context is not None and not text.startswith("+"):
            text = context["code"] + text
    bare = _BETWEEN.sub("", text)
    if not _FORM.fullmatch(bare):
        head = _FORM.match(bare)
        if head is None or not _EXTENSION.fullmatch(bare, head.end()):
            return None
        bare = head[0]
    return bare


def _plain_text(text: str) -> str:
    """Replace what is not in ASCII: digits of all scripts, spaces, hyphens, marks."""
    parts: list[str] = []
    for char in unicodedata.normalize("NFKC", text):
        category = unicodedata.category(char)
        if category == "Nd":
            parts.append(str(unicodedata.digit(char)))
        elif category == "Zs":
            parts.append(" ")
        elif category == "Pd" or char == "\N{MINUS SIGN}":
            parts.append("-")
        elif category != "Cf":
            parts.append(char)
    return "".join(parts)


def _parsed(digits: str, region: str) -> str | None:
    """Ask the numbering plans; returns the international digits."""
    from phonenumbers import SUPPORTED_REGIONS, is_valid_number

    if digits.startswith("+"):
        return _possible(digits)
    if region in SUPPORTED_REGIONS:
        number = _plan(digits, region)
        # A number that the plan does not have may be a local one, without its area.
        if number is not None and is_valid_number(number):
            return f"{number.country_code}{_national(number)}"
    if digits.startswith("00"):
        number = _plan(f"+{digits[2:]}", None)
        if number is not None and is_valid_number(number):
            return f"{number.country_code}{_national(number)}"
    return None


def _possible(digits: str) -> str | None:
    from phonenumbers import ValidationResult, is_possible_number_with_reason

    number = _plan(digits, None)
    if number is None:
        return None
    if is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return None
    return f"{number.country_code}{_national(number)}"


def _national(number: PhoneNumber) -> str:
    from phonenumbers import national_significant_number

    return str(national_significant_number(number))


def _plan(digits: str, region: str | None) -> PhoneNumber | None:
    from phonenumbers import NumberParseException, parse

    try:
        return parse(digits, region)
    except NumberParseException:
        return None
