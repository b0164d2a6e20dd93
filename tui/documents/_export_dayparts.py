"""Words that stand beside the time in the lines of an exported chat.

They are the day periods of the phone's language as the Unicode CLDR lists them (in its
present and some earlier releases), and small words such as the `klo` of Finnish.
"""

# ruff: noqa: RUF001  # words of all scripts are what it is about

from __future__ import annotations

import re
from enum import IntEnum
from functools import cache

__all__ = ["DayPart", "day_part", "hour_of", "is_year_first"]

_HALVES = """
am pm|ص م|صباحا مساء|上午 下午|凌晨 傍晚
早上 晚上|清晨 夜晚|午前 午後|오전 오후|πμ μμ
ap ip|fm em|öö ös|de du
dop odp|dop pop|дп пп|проб слоб|пре_подне по_подне
претпладне попладне|pg ptg|sa ch|to tk
vm nm|vorm nachm|e_paradites e_pasdites|pd md
paradite pasdite|da_manhã da_tarde|manhã tarde
fh eh|rn in|yb yh
priekšpusdienā pēcpusdienā|priekšp pēcp
priešpiet popiet|pr_p popiet
לפנהצ אחהצ|לפני_הצהריים אחרי_הצהריים
قبلازظهر بعدازظهر|قظ بظ|غم غو
قبل_دوپہر بعد_دوپہر|قبل_از_ظهر بعد_از_ظهر|بن دن|چب چك
पूर्वाह्न अपराह्न|मपू मउ|পূর্বাহ্ণ অপরাহ্ণ
পূৰ্বাহ্ণ অপৰাহ্ণ|ਪੂਦੁ ਬਾਦੁ
પૂર્વ_મધ્યાહ્ન ઉત્તર_મધ્યાહ્ન
முற்பகல் பிற்பகல்|పూర్వాహ్నం అపరాహ్నం
ಪೂರ್ವಾಹ್ನ ಅಪರಾಹ್ನ|രാവിലെ വൈകുന്നേരം|පෙව පව
ก่อนเที่ยง หลังเที่ยง|ກ່ອນທ່ຽງ ຫຼັງທ່ຽງ|နံနက် ညနေ
ព្រឹក ល្ងាច|ጥዋት ከሰዓት|үө үх|կա կհ
таңғы түскі|таңкы түштөн_кийинки
asubuhi alasiri|enne_keskpäeva pärast_keskpäeva
prije_podne po_podne|prijepodne popodne|prije_podne poslije_podne|претпл попл
прије_подне по_подне|прије_подне послије_подне|тң тк|то тк|ам пм|gh gd|wd wb|sf ym
safiya yamma|isuk wengi|àárọ̀ ọ̀sán|nụtụtụ nabali|nụtụtụ nabalị|mat soir
matin soir|vorm nam|vormittag namittag|moies nomëttes|ib eb|ut uk|am gm|atm ptm|bn pn
hengihengi efiafi|sub ngo|an ew|ŋdi_ga ɣetrɔ_ga|эи эк|öň soň|goöň gosoň
günortadan_öň günortadan_soň|dopołdnja popołdnju|dop wótp|dopołdnja wótpołdnja
апоўначы апоўдні|פֿאַרמיטאָג נאָכמיטאָג
چۈشتىن_بۇرۇن چۈشتىن_كېيىن|ቅቀ ድቀ|ቅድሚ_ቀትሪ ድሕሪ_ቀትሪ|lb sn
sokallim sanje|सकाळीं सांजे|ए_एम पी_एम|اے_ایم پی_ایم
صبح_منجهند منجهند_شام|صبح_منجهند شام_منجهند|भोर सांझ|सवेर सञ
སྔ་དྲོ་ ཕྱི་དྲོ་|སྔ་ཆ་ ཕྱི་ཆ་|ꎸꄑ ꁯꋒ|ᏌᎾᎴ ᏒᎯᏱᎢ
"""
"""Forenoon and afternoon; a word's own spaces are `_`, its dots and quotes left out."""

_NOON = "中午 正午 noon"
_QUIET = """
klo kl à às as a г ч во о ob um alle om at pada la las в у uhr h saat ura le
den d 日 일 น kell lúc ore ora r år год г. з"""
"""Words that say no more than that a time follows, or a year went before."""

_YEAR_FIRST = re.compile("[오午上下凌早清傍晚夜]")
"""What the day periods of languages begin with that write the year first."""

_BETWEEN = re.compile(r"[\s,،，、;]+")
_INSIDE = re.compile("[.\u2024'’‘\"“”״׳\u200c\u200d]+")


class DayPart(IntEnum):
    """What the words beside a time say."""

    NONE = 0
    """Nothing: the clock has 24 hours."""
    FORENOON = 1
    AFTERNOON = 2
    NOON = 3
    UNKNOWN = 4
    """There is a word that nobody knows; the clock is taken to have 24 hours."""


@cache
def _known() -> dict[str, DayPart]:
    words = dict.fromkeys(_folded(_QUIET), DayPart.NONE)
    for pair in re.split(r"[|\n]+", _HALVES.strip()):
        before, after = pair.split(" ")
        for word, part in ((before, DayPart.FORENOON), (after, DayPart.AFTERNOON)):
            words["".join(_folded(word.replace("_", "")))] = part
    words.update(dict.fromkeys(_folded(_NOON), DayPart.NOON))
    return words


def _folded(words: str) -> list[str]:
    parts = _BETWEEN.split(_INSIDE.sub("", words.casefold()))
    return [part for part in parts if part]


def day_part(words: str) -> DayPart:
    """Tell what the words beside a time say.

    Args:
        words: All of them, e.g. `, ` or ` p. m.`.

    Returns:
        The half of the day, if any of the words, or some that follow each other, is a
        known name of one.
    """
    parts = _folded(words)
    known = _known()
    found = DayPart.NONE
    start = 0
    while start < len(parts):
        for end in range(len(parts), start, -1):
            part = known.get("".join(parts[start:end]))
            if part is not None:
                break
        else:
            part, end = DayPart.UNKNOWN, start + 1
        if part not in (DayPart.NONE, DayPart.UNKNOWN):
            return part
        found = max(found, part)
        start = end
    return found


def is_year_first(words: str) -> bool:
    """Tell whether words beside a time are of a language that writes years first."""
    return _YEAR_FIRST.search(words) is not None


def hour_of(hour: int, part: DayPart) -> int:
    """Turn an hour of some half of the day into one of 24.

    Args:
        hour: As it is written; what is no hour stays what it is.
        part: What the words beside it say.
    """
    if part is DayPart.FORENOON and hour == 12:
        return 0
    if part is DayPart.AFTERNOON and hour < 12:
        return hour + 12
    if part is DayPart.NOON and hour < 6:
        return hour + 12
    return 0 if hour == 24 else hour
