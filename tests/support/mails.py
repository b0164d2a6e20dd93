"""Mails as people and machines write them, and mailboxes of them."""

from __future__ import annotations

import base64
from email.message import EmailMessage

__all__ = ["mail", "mailbox", "raw_mail"]

DATE = "Thu, 15 Aug 2024 13:26:33 +0200"

Part = tuple[str, str, bytes]
"""Type, name of the file (maybe empty) and bytes."""


def mail(
    *parts: Part,
    sender: str = "Ana Roth <Ana@Example.org>",
    to: str = "Ben <ben@example.org>",
    subject: str = "Holiday",
    date: str = DATE,
    text: str = "Listen to this",
    **more: str,
) -> bytes:
    """Write a mail by the rules; fields that are empty are left out.

    Args:
        parts: What is enclosed.
        sender: From.
        to: To.
        subject: Subject.
        date: Date.
        text: The body.
        more: Other fields, with `_` for `-`.
    """
    message = EmailMessage()
    fields = {"From": sender, "To": to, "Subject": subject, "Date": date}
    fields |= {name.replace("_", "-"): value for name, value in more.items()}
    for name, value in fields.items():
        if value:
            message[name] = value
    message.set_content(text)
    for kind, name, data in parts:
        main, _, sub = kind.partition("/")
        message.add_attachment(data, main, sub, filename=name or None)
    return message.as_bytes()


def raw_mail(*fields: bytes, part: bytes, data: bytes, end: bytes = b"--b--") -> bytes:
    """Write a mail byte by byte.

    Args:
        fields: Its header fields, each a line.
        part: The header of its only part, which is in base64.
        data: What the part holds.
        end: The last line.
    """
    lines = [
        *fields,
        b"MIME-Version: 1.0",
        b'Content-Type: multipart/mixed; boundary="b"',
        b"",
        b"--b",
        part,
        b"Content-Transfer-Encoding: base64",
        b"",
        base64.encodebytes(data).rstrip(),
        end,
        b"",
    ]
    return b"\n".join(lines)


def mailbox(
    *mails: bytes, line: bytes = b"ana@example.org Thu Aug 15 11:26:33 2024"
) -> bytes:
    """Put mails into an mbox file, with `>` where the format wants it."""
    boxed = b""
    for each in mails:
        body = each.replace(b"\n>From ", b"\n>>From ").replace(b"\nFrom ", b"\n>From ")
        boxed += b"From " + line + b"\n" + body.rstrip(b"\n") + b"\n\n"
    return boxed
