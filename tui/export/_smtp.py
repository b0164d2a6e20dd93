"""Sending mail by the user's own server: encrypted, logged in, and told of plainly.

What a server says is foreign text; of a refused login nothing is repeated at all, since
it may have the secret in it.
"""

from __future__ import annotations

import base64
import contextlib
import re
import shlex
import smtplib
import socket
import ssl
import subprocess
from typing import TYPE_CHECKING

from tui.errors import DataError, UsageError
from tui.export._texts import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tui.export._letter import Envelope, Written
    from tui.mailing import MailServer

__all__ = ["Post", "password_of"]

_TIMEOUT_S = 60.0
_TAKING_S = 300.0
"""How long a server may think about a whole mail."""
_COMMAND_S = 120.0
"""How long a command may take to print the password: it may ask the user."""
_HERE = "[127.0.0.1]"
"""What we call this machine: its name is nobody's business."""
_SAID = 200
"""Characters of what a server says."""
_SERVICE = "earmark"
"""What the keyring knows the password by, with the user's name."""


def password_of(server: MailServer) -> str:
    """Get the password, by a command or from the platform's keyring.

    Args:
        server: Whose.

    Raises:
        UsageError: There is none, or nothing to get it by.
    """
    password = _printed(server) if server.password_command else _kept(server.user)
    if "\0" in password:
        raise UsageError("the password has a character that none can have")
    return password


def _printed(server: MailServer) -> str:
    name = "password_command"
    try:
        done = subprocess.run(
            shlex.split(server.password_command),
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_COMMAND_S,
        )
    except OSError as error:
        reason = (error.strerror or "can't be run").lower()
        raise UsageError(f"{name}: {reason}") from None
    except subprocess.TimeoutExpired:
        raise UsageError(f"{name} takes too long") from None
    if done.returncode:
        raise UsageError(f"{name} failed, with exit code {done.returncode}")
    password = done.stdout.partition(b"\n")[0].rstrip(b"\r")
    if not password:
        raise UsageError(f"{name} printed nothing")
    return password.decode(errors="surrogateescape")


def _kept(user: str) -> str:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        raise UsageError(
            "no password: set password_command in [mail], or install earmark[mail],"
            " which asks the keyring"
        ) from None
    try:
        password: str | None = keyring.get_password(_SERVICE, user)
    except keyring.errors.KeyringError:
        raise UsageError(
            "the keyring can't be read: unlock it, or set password_command in [mail]"
        ) from None
    if not password:
        raise UsageError(
            f"the keyring has no password of {user}: keyring set {_SERVICE} {user}"
        )
    return password


class Post:
    """A connection to a mail server, made when it is needed, and again when it is lost.

    Args:
        server: Where to.
        password: Gives the password when the server wants it.
    """

    def __init__(
        self,
        server: MailServer,
        password: Callable[[MailServer], str] = password_of,
    ) -> None:
        self._server = server
        self._password = password
        self._secret: str | None = None
        self._smtp: smtplib.SMTP | None = None
        self._is_busy = False
        """Whether a mail is on its way: then no word but its own may be said."""

    def connect(self) -> int:
        """Connect and log in, unless that is so.

        Returns:
            The most bytes that a mail may have; 0 when the server does not say.

        Raises:
            DataError: The server is away, not to be trusted, or refuses the login.
            UsageError: There is no password.
        """
        smtp = self._alive() or self._connected()
        size = smtp.esmtp_features.get("size", "")
        return int(size) if size.isascii() and size.isdigit() else 0

    def send(
        self, written: Written, envelope: Envelope, tick: Callable[[], None]
    ) -> None:
        """Send a mail; it went out when this returns.

        Args:
            written: The mail.
            envelope: From whom and for whom.
            tick: Called on the way; it may raise to end it.

        Raises:
            DataError: The server does not take it.
        """
        self.connect()
        smtp = self._smtp
        assert smtp is not None and envelope.sender is not None  # noqa: S101, PT018  # as connected, and as requested
        with self._telling():
            options = self._options(smtp, written.size, envelope)
            self._require(smtp.mail(envelope.sender.address, options), 250)
            for box in envelope.recipients:
                what = f"does not take mail for {box.address}"
                self._require(smtp.rcpt(box.address), 250, 251, what=what)
            self._require(smtp.docmd("DATA"), 354)
            self._is_busy = True
            for block in written.blocks():
                tick()
                # A line with a dot alone would end the mail.
                smtp.send(re.sub(rb"(?m)^\.", b"..", block))
            if smtp.sock is not None:
                smtp.sock.settimeout(_TAKING_S)
            smtp.send(b".\r\n")
            self._require(smtp.getreply(), 250, what="does not take the mail")
            self._is_busy = False
            if smtp.sock is not None:
                smtp.sock.settimeout(_TIMEOUT_S)

    def close(self) -> None:
        """Say goodbye."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                if not self._is_busy:
                    smtp.quit()
            smtp.close()

    def _alive(self) -> smtplib.SMTP | None:
        """Give the connection, unless it was lost in a pause."""
        if self._smtp is None:
            return None
        with contextlib.suppress(OSError, smtplib.SMTPException):
            if self._smtp.noop()[0] == 250:
                return self._smtp
        self.close()
        return None

    def _connected(self) -> smtplib.SMTP:
        with self._telling():
            self._smtp = smtp = self._dialled()
            self._log_in(smtp)
        return smtp

    def _dialled(self) -> smtplib.SMTP:
        server = self._server
        host, port = server.host, server.usual_port
        if server.security == "tls":
            context = self._context()
            return smtplib.SMTP_SSL(
                host, port, _HERE, timeout=_TIMEOUT_S, context=context
            )
        smtp = smtplib.SMTP(host, port, _HERE, timeout=_TIMEOUT_S)
        if server.security == "starttls":
            try:
                smtp.starttls(context=self._context())
            except BaseException:
                smtp.close()
                raise
        smtp.ehlo_or_helo_if_needed()
        return smtp

    def _context(self) -> ssl.SSLContext:
        path: Path | None = self._server.ca_file
        try:
            return ssl.create_default_context(cafile=path)
        except OSError as error:  # also an SSLError
            raise DataError(path or "", "has no certificates in it") from error

    def _log_in(self, smtp: smtplib.SMTP) -> None:
        user = self._server.user
        if not user:
            return
        if self._secret is None:
            self._secret = self._password(self._server)
        # Neither what was said nor the cause is kept: both may have the secret.
        if not self._is_let_in(smtp, user, self._secret):
            raise self._error(f"refuses the login of {user}")

    @staticmethod
    def _is_let_in(smtp: smtplib.SMTP, user: str, secret: str) -> bool:
        ways = smtp.esmtp_features.get("auth", "").upper().split()
        if "PLAIN" in ways:  # which the library does for ASCII alone
            plain = f"\0{user}\0{secret}".encode(errors="surrogateescape")
            words = f"PLAIN {base64.b64encode(plain).decode()}"
            return smtp.docmd("AUTH", words)[0] in {235, 503}
        try:
            smtp.login(user, secret)
        except (smtplib.SMTPAuthenticationError, UnicodeError):
            return False
        return True

    def _options(self, smtp: smtplib.SMTP, size: int, envelope: Envelope) -> list[str]:
        options = [f"SIZE={size}"] if smtp.has_extn("size") else []
        if envelope.needs_utf8:
            if not smtp.has_extn("smtputf8"):
                raise self._error("takes no addresses with other letters than ASCII")
            options += ["SMTPUTF8", "BODY=8BITMIME"]
        return options

    def _require(
        self, reply: tuple[int, bytes], *codes: int, what: str = "refuses the mail"
    ) -> None:
        if reply[0] not in codes:
            self._is_busy = False
            with contextlib.suppress(OSError, smtplib.SMTPException):
                if self._smtp is not None:
                    self._smtp.rset()
            raise self._error(f"{what}: {_said(*reply)}")

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        """Turn what can go wrong on the way into one sentence."""
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            why = f"has no certificate to trust: {error.verify_message}"
            raise self._error(why) from error
        except ssl.SSLError as error:
            raise self._error("does not speak TLS as it should") from error
        except smtplib.SMTPNotSupportedError as error:
            raise self._error(f"can't do it: {error}") from error
        except smtplib.SMTPServerDisconnected as error:
            is_late = "timed out" in str(error)
            raise self._error("does not answer" if is_late else "hung up") from error
        except smtplib.SMTPResponseException as error:
            said = _said(error.smtp_code, error.smtp_error)
            raise self._error(f"refuses: {said}") from error
        except TimeoutError as error:
            raise self._error("does not answer") from error
        except (socket.gaierror, ConnectionError, OSError) as error:
            reason = (error.strerror or "no connection").lower()
            raise self._error(f"can't be reached: {reason}") from error

    def _error(self, reason: str) -> DataError:
        where = f"{self._server.host}:{self._server.usual_port}"
        return DataError(where, reason)


def _said(code: int, text: bytes | str) -> str:
    if isinstance(text, bytes):
        text = text.decode(errors="replace")
    return f"{code} {one_line(text)[:_SAID]}".strip()
