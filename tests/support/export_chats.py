"""Chats written as WhatsApp exports them, in the formats of many languages."""

# ruff: noqa: RUF001  # words and digits of all scripts are what it is about

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from tui.documents._api import Claim, Options, Remark
from tui.documents._document import Document
from tui.documents._whatsapp_export import WhatsAppExport

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

__all__ = [
    "FORMATS",
    "NOW",
    "Format",
    "Message",
    "claims_of",
    "read_all",
    "render",
    "stamp",
    "write_chat",
]

NOW = 1_790_000_000.0
"""A day in September 2026: no message is later."""

_DATES = """
en-US M/d/yy, h:mm⍽a AM/PM
en-US-old M/d/yy, h:mm␣a AM/PM
en-US-24 M/d/yy, HH:mm
en-GB dd/MM/yyyy, HH:mm
en-IN dd/MM/yy, h:mm␣a am/pm
en-AU d/M/yy, h:mm␣a am/pm
en-CA yyyy-MM-dd, h:mm␣a a.m./p.m.
en-ZA yyyy/MM/dd, HH:mm
en-NZ d/MM/yy, h:mm␣a AM/PM
de dd.MM.yy, HH:mm
it dd/MM/yy, HH:mm
ru dd.MM.yyyy, HH:mm
fr dd/MM/yyyy␣HH:mm
fr-à dd/MM/yyyy␣à␣HH:mm
fr-CA yyyy-MM-dd␣HH␣'h'␣mm
fr-CH dd.MM.yy␣HH:mm
es d/M/yy␣H:mm
es-comma d/M/yy,␣HH:mm
es-US d/M/yyyy␣h:mm␣a a.~m./p.~m.
es-MX dd/MM/yy␣h:mm␣a a.␣m./p.␣m.
pt-BR dd/MM/yyyy␣HH:mm
pt-PT dd/MM/yy,␣HH:mm
pt-às dd/MM/yyyy␣às␣HH:mm
id dd/MM/yy␣HH.mm
fi d.M.yyyy␣H.mm
fi-klo d.M.yyyy␣klo␣H.mm
da dd.MM.yyyy␣HH.mm
nb dd.MM.yyyy,␣HH:mm
sv yyyy-MM-dd␣HH:mm
lt yyyy-MM-dd␣HH:mm
af yyyy-MM-dd␣HH:mm
hu yyyy.␣MM.␣dd.␣H:mm
hr dd.␣MM.␣yyyy.␣HH:mm
sk d.␣M.␣yyyy␣H:mm
cs dd.MM.yy␣H:mm
nl dd-MM-yyyy␣HH:mm
pl d.MM.yyyy,␣HH:mm
ro dd.MM.yyyy,␣HH:mm
bg d.MM.yy␣г.,␣H:mm␣ч.
mk d.M.yy,␣во␣HH:mm
uk dd.MM.yy,␣HH:mm
tr d.MM.yyyy␣HH:mm
el d/M/yy,␣h:mm␣a π.μ./μ.μ.
he d.M.yyyy,␣H:mm
ko yy.␣M.␣d.␣a␣h:mm 오전/오후
ko-long yyyy.␣M.␣d.␣a␣h:mm 오전/오후
ja yyyy/MM/dd␣H:mm
ja-12 yyyy/MM/dd␣ah:mm 午前/午後
zh-CN yyyy/M/d␣ah:mm 上午/下午
zh-24 yyyy/M/d␣HH:mm
zh-年 yyyy年M月d日␣ah:mm 上午/下午
zh-HK d/M/yyyy␣ah:mm 上午/下午
vi HH:mm,␣dd/MM/yyyy
gl HH:mm,␣dd/MM/yy
vi-12 h:mm␣a,␣dd/MM/yyyy SA/CH
id-first HH.mm,␣dd.MM.yyyy
eu yy/M/d␣HH:mm
ne yy/M/d,␣HH:mm
ar-EG d¦/M¦/yyyy,␣h:mm␣a ص/م ٠
ar-٬ d¦/M¦/yyyy،␣h:mm␣a ص/م ٠
fa yyyy/M/d،¦␣H:mm ۰
fa-12 yyyy/M/d،¦␣h:mm␣a قبل‌ازظهر/بعدازظهر ۰
hi d/M/yy,␣h:mm␣a am/pm
mr d/M/yy,␣h:mm␣a AM/PM ०
bn d/M/yy,␣h:mm␣a AM/PM ০
my dd/MM/yyyy␣a␣h:mm နံနက်/ညနေ ၀
ta d/M/yy,␣a␣h:mm முற்பகல்/பிற்பகல்
sq d.M.yy,␣h:mm␣a e␣paradites/e␣pasdites
th d/M/yy␣HH:mm
th-12 d/M/yyyy␣h:mm␣a ก่อนเที่ยง/หลังเที่ยง
ms d/MM/yy,␣h:mm␣a PG/PTG
old M/d/yy,␣h:mm:ss␣a AM/PM
"""
"""Name, pattern (of the CLDR; `␣` is a space, `⍽` a narrow, `~` a no-break one, `¦` a
mark from right to left), day
periods, and the zero of the digits."""

_HALVES = """
gl a.m. p.m.|pt-PT da␣manhã da␣tarde|fi ap. ip.|hu de. du.|cs dop. odp.|sl dop. pop.
is f.h. e.h.|sv fm em|lv priekšpusdienā pēcpusdienā|lt priešpiet popiet|ga r.n. i.n.
af vm. nm.|tr ÖÖ ÖS|uk дп пп|bg пр.об. сл.об.|sr пре␣подне по␣подне|uz TO TK
mk претпладне попладне|mn ү.ө. ү.х.|he לפנה״צ אחה״צ|ps غ.م. غ.و.|ne पूर्वाह्न अपराह्न
pa ਪੂ.ਦੁ. ਬਾ.ਦੁ.|kn ಪೂರ್ವಾಹ್ನ ಅಪರಾಹ್ನ|si පෙ.ව. ප.ව.|lo ກ່ອນທ່ຽງ ຫຼັງທ່ຽງ|am ጥዋት ከሰዓት
zh-晚 早上 晚上|fa-old ق.ظ ب.ظ|de-old vorm. nachm.
"""
"""Day periods of languages that use 24 hours unless the user wants 12."""


_SIGNS = str.maketrans("␣⍽~¦", " \u202f\u00a0\u200f")


class Format(NamedTuple):
    """How a phone writes date and time."""

    name: str
    pattern: str
    halves: tuple[str, str] | None
    zero: str


def _format(line: str) -> Format:
    name, rest = line.split(" ", 1)
    pattern, *more = rest.replace(", ", ",␣").split(" ")
    halves = next((tuple(x.split("/")) for x in more if "/" in x), None)
    zero = next((x for x in more if "/" not in x), "0")
    spaced = [_spaces(word) for word in halves or ()]
    both = (spaced[0], spaced[1]) if spaced else None
    return Format(name, _spaces(pattern), both, zero)


def _spaces(text: str) -> str:
    return text.translate(_SIGNS)


def _formats() -> tuple[Format, ...]:
    found = [_format(line) for line in _DATES.strip().splitlines()]
    for entry in re.split(r"[|\n]", _HALVES.strip()):
        name, before, after = entry.split(" ")
        halves = _spaces(before), _spaces(after)
        found.append(Format(f"{name}-12", "dd.MM.yyyy, h:mm a", halves, "0"))
    return tuple(found)


FORMATS = _formats()
"""How the phones of some hundred languages and habits do it."""


class Message(NamedTuple):
    """A message of a chat."""

    wall: datetime
    sender: str
    """Empty for a notice."""
    text: str
    """With a recording the caption."""
    recording: str = ""


def stamp(form: Format, wall: datetime, *, seconds: bool) -> str:
    """Write a moment as a phone does."""
    pattern = form.pattern
    if seconds and "s" not in re.sub("'[^']*'|às", "", pattern):
        pattern = pattern.replace("'h' mm", "'h' mm 'min' ss 's'")
        pattern = re.sub(r"([:.])mm", r"\1mm\1ss", pattern)
    half = form.halves[wall.hour >= 12] if form.halves else ""

    def part(match: re.Match[str]) -> str:
        letters = match[0]
        if letters[0] == "'":
            return letters[1:-1]
        numbers = {
            "d": wall.day,
            "M": wall.month,
            "y": wall.year % 100 if len(letters) == 2 else wall.year,
            "H": wall.hour,
            "h": wall.hour % 12 or 12,
            "m": wall.minute,
            "s": wall.second,
        }
        if letters == "a":
            return half
        digits = f"{numbers[letters[0]]:0{len(letters)}}"
        return "".join(chr(ord(digit) - 48 + ord(form.zero)) for digit in digits)

    pattern = re.sub("(klo|às|à)", r"'\1'", pattern)
    return re.sub(r"'[^']*'|d+|M+|y+|H+|h+|m+|s+|a", part, pattern)


def render(form: Format, messages: Sequence[Message], *, ios: bool) -> str:
    """Write a chat as a phone exports it."""
    end = "\r\n" if ios else "\n"
    return "".join(_line(form, message, ios=ios) + end for message in messages)


def _line(form: Format, message: Message, *, ios: bool) -> str:
    when = stamp(form, message.wall, seconds=ios)
    head = f"[{when}] " if ios else f"{when} - "
    if message.sender:
        head += f"{message.sender}: "
    if not message.recording:
        return head + message.text
    tag = (
        f"\u200e<bijgevoegd: {message.recording}>"
        if ios
        else f"\u200e{message.recording} (bestand bijgevoegd)"
    )
    mark = "\u200e" if ios else ""
    return mark + head + tag + ("\n" + message.text if message.text else "")


def write_chat(
    folder: Path,
    text: str | bytes,
    name: str = "WhatsApp Chat with Ana.txt",
    beside: Sequence[str] = (),
) -> Document:
    """Put an exported chat into a folder, with empty files beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    (folder / name).write_bytes(data)
    for other in beside:
        (folder / other).write_bytes(b"")
    return Document(os.fsencode(folder / name))


def read_all(
    document: Document, options: Options | None = None
) -> tuple[list[Claim], list[Remark]]:
    """Read a chat; gives its claims and remarks."""
    reader = WhatsAppExport(lambda: NOW)
    told = list(reader.read(document, options or Options()))
    assert all(isinstance(each, Claim | Remark | None) for each in told)
    return (
        [each for each in told if isinstance(each, Claim)],
        [each for each in told if isinstance(each, Remark)],
    )


def claims_of(
    folder: Path,
    text: str | bytes,
    name: str = "WhatsApp Chat with Ana.txt",
    beside: Sequence[str] = (),
) -> list[Claim]:
    """Write a chat and return what it claims."""
    return read_all(write_chat(folder, text, name, beside))[0]
