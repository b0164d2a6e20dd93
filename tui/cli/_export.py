"""`export`: notes saved as files, in one file, or told of in documents."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.cli._jobs import run_job
from tui.cli._library import absolute
from tui.errors import UsageError
from tui.export import (
    DEFAULT_TEMPLATE,
    DocumentOptions,
    DocumentRequest,
    FilesRequest,
    Format,
    Linked,
    MergeRequest,
    Options,
    Per,
    Separator,
    parse_document_format,
    parse_format,
    usual_sound,
)

if TYPE_CHECKING:
    from tui.config import Settings
    from tui.export import (
        DocumentFormat,
        Request,
    )

__all__ = ["export", "sound_options"]


def export(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark export`."""
    place = Path(os.fsdecode(absolute(said["to"])))
    return run_job(settings, said, _request(settings, said, place), place)


def sound_options(settings: Settings, said: dict[str, Any], form: Format) -> Options:
    """Read how notes shall sound and be called.

    Args:
        settings: The settings.
        said: The command line.
        form: The format.

    Raises:
        UsageError: It can't be understood, or does not go together.
    """
    skip = said["skip"] or "0"
    if skip not in {"0", "1", "2", "3"}:
        raise UsageError(f"--skip {skip}: pauses are left out with 0 to 3")
    rate = said["bit_rate"]
    return Options(
        format=form,
        bit_rate=None if rate is None else rate * 1000,
        channels=2 if said["stereo"] else 1,
        level=said["level"],
        target_lufs=settings.target_lufs,
        skip=int(skip),
        template=said["name"] or DEFAULT_TEMPLATE,
    )


def _request(settings: Settings, said: dict[str, Any], place: Path) -> Request:
    """Read what is wanted.

    Raises:
        UsageError: It can't be understood, or does not go together.
    """
    document = parse_document_format(said["format"] or "")
    if document is not None:
        _refuse(said, "merge", "separator", "between", why=f"{document} is a document")
        return DocumentRequest(place, _document(settings, said, document))
    for_documents = ("per", "sound", "sound_format", "base_url")
    _refuse(said, *for_documents, why="only documents have that")
    if not said["merge"]:
        _refuse(said, "separator", "between", "title", why="only --merge has that")
        form = parse_format(said["format"] or Format.ORIGINAL)
        return FilesRequest(place, sound_options(settings, said, form))
    form = parse_format(said["format"]) if said["format"] else _named(place)
    return MergeRequest(
        place,
        sound_options(settings, said, form),
        Separator(said["separator"]),
        _gap_ms(said["between"]),
        said["title"] or "",
    )


def _named(place: Path) -> Format:
    """Tell what a merged file is by its name; M4B where that does not say."""
    suffix = "" if place.is_dir() else place.suffix.lower()
    named = (form for form in Format if form.suffix and form.suffix == suffix)
    return next(named, Format.M4B)


def _document(
    settings: Settings, said: dict[str, Any], form: DocumentFormat
) -> DocumentOptions:
    sound = parse_format(said["sound_format"] or usual_sound(form))
    return DocumentOptions(
        format=form,
        per=Per(said["per"]) if said["per"] else None,
        linked=Linked(said["sound"]) if said["sound"] else None,
        sound=sound_options(settings, said, sound),
        base_url=said["base_url"] or "",
        title=said["title"] or "",
    )


def _refuse(said: dict[str, Any], *names: str, why: str) -> None:
    """Refuse options that would do nothing.

    Raises:
        UsageError: One was given.
    """
    for name in names:
        if said[name] not in {None, False, "none"}:
            option = "gap" if name == "between" else name.replace("_", "-")
            raise UsageError(f"--{option}: {why}")


def _gap_ms(text: str | None) -> int:
    try:
        return round(float(text or 0) * 1000)
    except (ValueError, OverflowError):
        raise UsageError(f"--gap {text}: say it in seconds") from None
