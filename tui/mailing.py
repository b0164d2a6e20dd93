"""Mail addresses, and the user's own mail server, as the settings have them.

A password never stands in the settings: a command prints it, or the platform's keyring
has it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from tui.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import Protocol

    class _Origin(Protocol):
        """Where a value stands, as `tui.config` knows it."""

        def path(self, text: str) -> Path:
            """Make a path absolute."""

        def error(self, key: str, wanted: str) -> UsageError:
            """Say that a value can't be used."""


__all__ = ["SECURITIES", "MailServer", "Mailbox", "parse_mailbox", "read_server"]

SECURITIES = ("starttls", "tls", "none")
"""How the way to the server is kept from others; `none` only on this machine."""
_PORTS = {"starttls": 587, "tls": 465, "none": 25}

# Compiled when they are first used: the settings are read ahead of the first picture.
_ATOM = r"[^\s()<>\[\]:;@\\,.\"]+"
_LOCAL = rf"{_ATOM}(?:\.{_ATOM})*\Z"
_LABEL = r"(?i:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)\Z"
_BOX = r"\s*(?:(?P<name>[^<>]*?)\s*<(?P<in>[^<>]*)>|(?P<alone>[^<>]*?))\s*\Z"
_SPECIAL = r"[\"\\,;:<>@()\[\]]|=\?"
"""What has a meaning in a header with addresses."""
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"})


class Mailbox(NamedTuple):
    """Somebody who gets or sends mail."""

    name: str
    """What they are called; empty for what is not said."""
    local: str
    """The address ahead of its @."""
    domain: str
    """In ASCII."""

    @property
    def address(self) -> str:
        """The whole address."""
        return f"{self.local}@{self.domain}"

    @property
    def is_ascii(self) -> bool:
        """Whether every server understands the address."""
        return self.local.isascii()


class MailServer(NamedTuple):
    """The user's mail server."""

    host: str = ""
    """Empty for none: then nothing is sent."""
    port: int = 0
    """0 for what is usual."""
    security: str = SECURITIES[0]
    user: str = ""
    """Empty for no login."""
    password_command: str = ""
    """Prints the password in its first line; empty for the keyring."""
    ca_file: Path | None = None
    """Certificates to trust instead of the system's, for an own server."""
    sender: str = ""
    """Whom mails are from."""

    @property
    def usual_port(self) -> int:
        """The port to connect to."""
        return self.port or _PORTS[self.security]


def parse_mailbox(text: str) -> Mailbox:
    """Read `ana@example.org` or `Ana <ana@example.org>`.

    Args:
        text: What was written.

    Raises:
        UsageError: It is no address, or has more in it than one.
    """
    wrong = UsageError(f"{text!r} is no mail address such as ana@example.org")
    if any(unicodedata.category(char) in _UNSEEN for char in text):
        raise UsageError(f"{text!r} has characters that no mail address has")
    found = re.match(_BOX, text)
    if found is None:
        raise wrong
    local, at, domain = (found["in"] or found["alone"] or "").rpartition("@")
    if not at or not re.match(_LOCAL, local) or len(local.encode()) > 64:
        raise wrong
    try:
        domain = domain.encode("idna").decode()
    except UnicodeError:
        raise wrong from None
    if not _is_domain(domain):
        raise wrong
    name = " ".join(re.sub(_SPECIAL, " ", found["name"] or "").split())
    return Mailbox(name, local, domain.lower())


# The settings


_KEYS = ("host", "port", "security", "user", "password_command", "ca_file", "from")


def read_server(
    pairs: Iterable[tuple[str, object]], key: str, origin: _Origin
) -> MailServer:
    """Read the server from a table of the settings.

    Args:
        pairs: Names and values.
        key: What the table is called.
        origin: Where it stands.

    Raises:
        UsageError: A value can't be used.
    """
    values: dict[str, str] = {}
    for name, value in pairs:
        if name == "password":
            wrong = "does not belong into a file: see password_command, or the keyring"
            raise origin.error(f"{key}: {name}", wrong)
        if name not in _KEYS:
            wrong = f"there is no such setting (try {', '.join(_KEYS)})"
            raise origin.error(f"{key}: {name or value}", wrong)
        is_number = name == "port" and type(value) is int
        if not is_number and not isinstance(value, str):
            raise origin.error(f"{key}: {name}", "must be text in quotes")
        values[name] = str(value).strip()
    server = MailServer(
        host=values.get("host", "").lower(),
        port=_port(values.get("port", ""), key, origin),
        security=values.get("security") or SECURITIES[0],
        user=values.get("user", ""),
        password_command=values.get("password_command", ""),
        ca_file=origin.path(values["ca_file"]) if values.get("ca_file") else None,
        sender=values.get("from", ""),
    )
    _check(server, key, origin)
    return server


def _port(text: str, key: str, origin: _Origin) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else -1
    if text and not 0 <= number <= 65_535:
        raise origin.error(f"{key}: port", "must be a whole number from 1 to 65535")
    return max(0, number)


def _check(server: MailServer, key: str, origin: _Origin) -> None:
    if server.host and not _is_host(server.host):
        wrong = f"{server.host!r} is no name of a server, such as mail.example.org"
        raise origin.error(f"{key}: host", wrong)
    if server.security not in SECURITIES:
        wrong = f"must be one of {', '.join(SECURITIES)}, not {server.security!r}"
        raise origin.error(f"{key}: security", wrong)
    if server.security == "none" and server.host and not _is_here(server.host):
        wrong = "none is only for a server on this machine: others could read along"
        raise origin.error(f"{key}: security", wrong)
    if any(unicodedata.category(char) in _UNSEEN for char in server.user):
        raise origin.error(f"{key}: user", f"{server.user!r} is no name")
    if server.sender:
        try:
            parse_mailbox(server.sender)
        except UsageError as error:
            raise origin.error(f"{key}: from", error.message) from None
    if server.password_command:
        from shlex import split

        try:
            split(server.password_command)
        except ValueError:
            wrong = "has a quote without the other one"
            raise origin.error(f"{key}: password_command", wrong) from None


def _is_host(host: str) -> bool:
    return _as_ip(host) is not None or _is_domain(host)


def _is_domain(text: str) -> bool:
    labels = text.split(".")
    return len(text) <= 253 and all(re.match(_LABEL, label) for label in labels)


def _is_here(host: str) -> bool:
    address = _as_ip(host)
    return host == "localhost" or (address is not None and address)


def _as_ip(host: str) -> bool | None:
    """Tell whether an address is one of this machine; None for what is no address."""
    from ipaddress import ip_address

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return None
