"""`mail`: notes as attachments, in drafts or sent by the user's own server."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.cli._export import sound_options
from tui.cli._jobs import Wording, run_job
from tui.cli._library import absolute
from tui.export import Format, MailRequest, parse_format
from tui.text import printable

if TYPE_CHECKING:
    from tui.config import Settings

__all__ = ["mail"]

_MEGABYTE = 1_000_000


def mail(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark mail`."""
    folder = Path(os.fsdecode(absolute(said["draft"]))) if said["draft"] else None
    form = parse_format(said["format"] or Format.ORIGINAL)
    request = MailRequest(
        folder,
        tuple(said["to"]),
        sound_options(settings, said, form),
        sender=said["sender"] or "",
        subject=said["subject"] or "",
        text=said["text"] or "",
        most_bytes=said["split"] * _MEGABYTE,
        server=settings.mail,
        # Beside the library, as all that Earmark keeps of its own.
        record=settings.library.with_name("mails-sent"),
    )
    if folder is not None:
        wording = Wording("wrote", "draft", f"in {printable(str(folder))}")
        return run_job(settings, said, request, folder, wording=wording)
    wording = Wording("sent", "mail", f"by {printable(settings.mail.host)}", "sent")
    return run_job(settings, said, request, Path(), wording=wording)
