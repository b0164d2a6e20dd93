"""A real mail server on this machine, for tests: it keeps what it gets."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

if TYPE_CHECKING:
    from pathlib import Path

    from aiosmtpd.smtp import Envelope, Session

__all__ = ["Got", "MailHost", "Trust", "closed_port"]

USER, PASSWORD = "ana", "s3cret p\u00e4ssword"


class Trust:
    """An authority of our own, with a certificate for this machine and another.

    Args:
        folder: Where its file is written.
    """

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.ca_file = folder / "ca.pem"
        authority.cert_pem.write_to_path(self.ca_file)
        self.here = self._context(authority.issue_cert("127.0.0.1", "localhost"))
        self.elsewhere = self._context(authority.issue_cert("mail.example.org"))

    @staticmethod
    def _context(made: trustme.LeafCert) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.configure_cert(context)
        return context


@dataclass(frozen=True)
class Got:
    """A mail as it came."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    options: tuple[str, ...]


@dataclass
class _Handler:
    got: list[Got] = field(default_factory=list)
    refused: frozenset[str] = frozenset()
    """Recipients."""
    drops_after: int = 1_000_000
    """Mails, until the connection is torn instead of an answer."""
    is_tired: bool = False
    """Whether it says goodbye when it is asked whether it is there."""
    reply: str = "250 ok"
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        if address in self.refused:
            return "550 no such user\x1b[31m"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_NOOP(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, arg: str
    ) -> str:
        if self.is_tired:
            self.is_tired = False
            server.transport.abort()  # type: ignore[union-attr]  # as connected
        return "250 ok"

    async def handle_DATA(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if len(self.got) == self.drops_after:
            self.drops_after = 1_000_000
            server.transport.abort()  # type: ignore[union-attr]  # as connected
            return "250 nobody reads it"
        if self.reply.startswith("250"):
            content = envelope.original_content or b""
            recipients = tuple(envelope.rcpt_tos)
            options = tuple(envelope.mail_options)
            self.got.append(Got(envelope.mail_from or "", recipients, content, options))
        return self.reply

    def log_in(
        self, server: SMTP, session: Session, envelope: Envelope, how: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        right = (USER.encode(), PASSWORD.encode())
        is_right = (data.login, data.password) in {right, (right[0], b"plain")}
        # Servers have been seen to repeat what they were told.
        return AuthResult(success=is_right, handled=False, message=None)


class MailHost(_Handler):
    """The server; open in a `with`.

    Args:
        tls: Its certificate; None for none.
        at_once: Whether it speaks TLS from the begin, else after STARTTLS.
        auth: Whether it wants a login.
        options: More for aiosmtpd's SMTP.
    """

    def __init__(
        self,
        tls: ssl.SSLContext | None = None,
        *,
        at_once: bool = False,
        auth: bool = False,
        **options: Any,  # noqa: ANN401  # aiosmtpd's
    ) -> None:
        super().__init__()
        self._tls = tls if at_once else None
        self._options: dict[str, Any] = {"enable_SMTPUTF8": True, **options}
        if tls is not None and not at_once:
            self._options |= {"tls_context": tls, "require_starttls": True}
        if auth:
            self._options |= {
                "authenticator": self.log_in,
                "auth_required": True,
                "auth_require_tls": not at_once and tls is not None,
            }
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_args: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        assert not self._thread.is_alive()

    def _spoken_to(self) -> SMTP:
        with warnings.catch_warnings():
            # It knows no TLS but that after STARTTLS, and warns of passwords without.
            warnings.simplefilter("ignore", UserWarning)
            return SMTP(self, hostname="mail", loop=self._loop, **self._options)

    def _run(self) -> None:
        loop = self._loop
        asyncio.set_event_loop(loop)
        make = loop.create_server(
            self._spoken_to,
            "127.0.0.1",
            0,
            ssl=self._tls,
        )
        server = loop.run_until_complete(make)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.close()


def closed_port() -> int:
    """Find a port where nobody listens."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port
