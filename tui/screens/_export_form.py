"""What can be said of an export, and what it comes to: no screen, only values.

Every value is text by a name, as it is remembered for the next time. Which fields there
are follows from the kind and the format.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tui.errors import UsageError
from tui.export import (
    DEFAULT_TEMPLATE,
    BundleRequest,
    DocumentFormat,
    DocumentOptions,
    DocumentRequest,
    FilesRequest,
    Format,
    Linked,
    MailRequest,
    MergeRequest,
    Options,
    Order,
    Per,
    Separator,
    safe,
    usual_per,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tui.export import Request
    from tui.model import Group

__all__ = ["Field", "What", "fields", "first_values", "order_of", "value_of"]

FOLDER = "~/Voice notes"
_KINDS = (
    ("files", "a file for each note"),
    ("merge", "one file with chapters"),
    ("document", "documents"),
    ("mail", "mail drafts"),
    ("bundle", "an evidence bundle"),
)
_FILES = (
    ("original", "as they are"),
    ("opus", "opus"),
    ("ogg", "ogg (opus)"),
    ("mp3", "mp3"),
    ("m4a", "m4a"),
    ("wav", "wav"),
    ("flac", "flac"),
)
_MERGED = tuple((name, name) for name in ("m4b", "m4a", "mp3", "opus", "flac", "wav"))
_DOCUMENTS = (
    ("html", "html: a page with players"),
    ("md", "md: Markdown"),
    ("txt", "txt: plain text"),
    ("json", "json"),
    ("csv", "csv: a table"),
    ("srt", "srt: subtitles"),
    ("vtt", "vtt: subtitles"),
    ("m3u8", "m3u8: a playlist"),
    ("rss", "rss: a podcast"),
)
_FORMATS = {"files": _FILES, "mail": _FILES, "merge": _MERGED, "document": _DOCUMENTS}
_SOUNDS = {
    "none": "none",
    "link": "links to the sources",
    "copy": "copies beside it",
    "embed": "in the page",
}
_LINKED = {
    "html": ("embed", "copy", "link", "none"),
    "m3u8": ("link", "copy"),
    "md": ("none", "link", "copy"),
    "txt": ("none", "link", "copy"),
    "json": ("none", "link", "copy"),
    "csv": ("none", "link", "copy"),
}
_PERS = {
    Per.CHAT: "each chat",
    Per.ALL: "all notes together",
    Per.NOTE: "each note",
}
_ADDRESS = "http://192.168.1.2:8000/"
_LEVELS = (("", "as recorded"), ("on", "all alike"))
_PAUSES = (("0", "kept"), ("1", "long ones cut"), ("2", "more cut"), ("3", "most cut"))
_RATES = (16, 24, 32, 48, 64, 96, 128, 192, 256)
_BETWEEN = (
    (Separator.NONE, "nothing"),
    (Separator.TONE, "a tone"),
    (Separator.SPEECH, "who and when, spoken"),
)


class What(NamedTuple):
    """Notes that can be saved."""

    words: str
    """What the user would call them, in printable text."""
    notes: int
    title: str
    """What a file of all of them is called at first."""
    ids: tuple[int, ...] | None = None
    group: Group | None = None
    """With neither: everything."""


class Field(NamedTuple):
    """Something that can be said."""

    name: str
    label: str
    choices: tuple[tuple[str, str], ...] = ()
    """Values and their words; none for a text."""
    hint: str = ""
    """What stands there while a text is empty."""


def first_values(remembered: Mapping[str, str]) -> dict[str, str]:
    """Give the values to begin with.

    Args:
        remembered: What was said last; what there is not any more does not count.
    """
    usual = {
        "kind": "files",
        "folder": FOLDER,
        "template": DEFAULT_TEMPLATE,
        "name": "",
        "to": "",
        "address": "",
    }
    values = {**usual, **remembered, "name": ""}
    values["kind"] = value_of(Field("kind", "", _KINDS), values)
    return values


def fields(values: Mapping[str, str], what: Sequence[What]) -> list[Field]:
    """List what can be said now.

    Args:
        values: What is said.
        what: The notes that can be saved.
    """
    kind = values["kind"]
    found = [
        Field("what", "What", tuple((str(at), w.words) for at, w in enumerate(what))),
        Field("kind", "As", _KINDS),
    ]
    if kind in _FORMATS:
        found.append(Field(f"format.{kind}", "Format", _FORMATS[kind]))
    if kind == "document":
        found.append(_per_field(_format_of(values)))
    found.append(Field("folder", "Folder", hint="where to"))
    if kind == "files":
        found.append(Field("template", "Names", hint=DEFAULT_TEMPLATE))
    if kind in {"merge", "bundle"}:
        found.append(Field("name", "Name", hint="what it is called"))
    if kind == "mail":
        found.append(Field("to", "To", hint="addresses, or nobody yet"))
    if kind == "merge":
        found.append(Field("between", "Between", _BETWEEN))
    form = _format_of(values)
    if kind == "document" and form in _LINKED:
        sounds = tuple((name, _SOUNDS[name]) for name in _LINKED[form])
        found.append(Field(f"sound.{form}", "Sound", sounds))
    if kind == "document" and form == DocumentFormat.RSS:
        found.append(Field("address", "Address", hint=f"of the folder: {_ADDRESS}"))
    if kind in {"files", "merge", "mail"} and form != "original":
        found += _sound_fields(Format(form))
    return found


def _per_field(form: str) -> Field:
    """Ask what one document is about; what is usual for its format comes first."""
    usual = usual_per(DocumentFormat(form))
    pers = sorted(_PERS, key=lambda per: per is not usual)
    if form in {DocumentFormat.RSS, DocumentFormat.M3U8}:
        pers.remove(Per.NOTE)  # a list of one note is no use
    return Field(f"per.{form}", "For", tuple((per, _PERS[per]) for per in pers))


def _sound_fields(form: Format) -> list[Field]:
    found = [Field("level", "Loudness", _LEVELS), Field("skip", "Pauses", _PAUSES)]
    if form.bit_rates is not None:
        least, most = form.bit_rates
        usual = (form.usual_bit_rate(1) or 0) // 1000
        rates = (
            (str(rate), f"{rate} kbit/s")
            for rate in _RATES
            if least <= rate * 1000 <= most
        )
        choices = (("", f"usual ({usual} kbit/s)"), *rates)
        found.append(Field("rate", "Bit rate", choices))
    return found


def value_of(field: Field, values: Mapping[str, str]) -> str:
    """Tell what is said in a field: the first choice where nothing, or none of them."""
    value = values.get(field.name, "")
    if not field.choices:
        return value
    known = [each for each, _ in field.choices]
    return value if value in known else known[0]


def _format_of(values: Mapping[str, str]) -> str:
    kind = values["kind"]
    choices = _FORMATS.get(kind)
    if choices is None:
        return Format.ORIGINAL
    return value_of(Field(f"format.{kind}", "", choices), values)


def order_of(values: Mapping[str, str], what: What, lufs: float) -> Order:
    """Make what is to be done of what is said.

    Args:
        values: What is said.
        what: The notes.
        lufs: The loudness that notes are brought to.

    Raises:
        UsageError: It can't be understood, or does not go together.
    """
    folder = _folder(values["folder"])
    request, place = _request(values, what, folder, lufs)
    return Order(request, place, what.ids, what.group)


def _folder(text: str) -> Path:
    if not text.strip():
        raise UsageError("say which folder")
    if "\0" in text:
        raise UsageError("no folder is called so")
    try:
        return Path(os.path.abspath(Path(text.strip()).expanduser()))  # noqa: PTH100  # `..` away, links kept
    except RuntimeError:
        raise UsageError(f"nobody's home is called {text.partition('/')[0]}") from None


def _request(
    values: Mapping[str, str], what: What, folder: Path, lufs: float
) -> tuple[Request, Path]:
    name = values["name"].strip() or what.title
    form = _format_of(values)
    match values["kind"]:
        case "merge":
            options = _options(values, Format(form), lufs)
            target = folder / safe(name, options.format.suffix)
            between = Separator(_said(values, "between", _BETWEEN))
            return MergeRequest(target, options, between, title=name), target
        case "document":
            return DocumentRequest(folder, _document(values, what, form)), folder
        case "mail":
            to = tuple(filter(None, (each.strip() for each in values["to"].split(","))))
            options = _options(values, Format(form), lufs)
            sender = values.get("from", "")
            return MailRequest(folder, to, options, sender=sender), folder
        case "bundle":
            target = folder / safe(name)
            return BundleRequest(target), target
        case _:
            options = _options(values, Format(form), lufs)
            return FilesRequest(folder, options), folder


def _document(values: Mapping[str, str], what: What, form: str) -> DocumentOptions:
    linked = None
    if form in _LINKED:
        choices = tuple((name, name) for name in _LINKED[form])
        linked = Linked(_said(values, f"sound.{form}", choices))
    url = values["address"].strip() if form == DocumentFormat.RSS else ""
    if form == DocumentFormat.RSS and not url.startswith(("http://", "https://")):
        raise UsageError(f"say where podcast apps will find the folder: {_ADDRESS}")
    per = Per(value_of(_per_field(form), values))
    return DocumentOptions(
        DocumentFormat(form), per=per, linked=linked, base_url=url, title=what.title
    )


def _options(values: Mapping[str, str], form: Format, lufs: float) -> Options:
    template = values["template"].strip() or DEFAULT_TEMPLATE
    if form is Format.ORIGINAL:
        return Options(template=template)
    rate = ""
    for field in _sound_fields(form):
        if field.name == "rate":
            rate = value_of(field, values)
    return Options(
        format=form,
        bit_rate=int(rate) * 1000 if rate else None,
        level=_said(values, "level", _LEVELS) == "on",
        target_lufs=lufs,
        skip=int(_said(values, "skip", _PAUSES)),
        template=template,
    )


def _said(
    values: Mapping[str, str], name: str, choices: tuple[tuple[str, str], ...]
) -> str:
    return value_of(Field(name, "", choices), values)
