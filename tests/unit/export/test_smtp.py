"""Sending by a real server on this machine: encrypted, logged in, and told plainly."""

from __future__ import annotations

import email
import email.policy
import os
import socket
import sys
import types
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.exported import note_of, told_note
from tests.support.mail_server import PASSWORD, USER, MailHost, Trust, closed_port
from tui.errors import DataError, EarmarkError, UsageError
from tui.export import MailRequest, Outcome, Steering
from tui.export import _smtp as smtp
from tui.export._mail import MailJob
from tui.export._smtp import password_of
from tui.mailing import MailServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import EmailMessage
    from pathlib import Path

    from tui.export import Progress, Result
    from tui.model import Note

NOW = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def trust(new_folder: Callable[[str], Path]) -> Trust:
    """Certificates, made once."""
    return Trust(new_folder("trust"))


@dataclass
class Sender:
    """Sends notes to a server."""

    folder: Path
    notes: list[Note] = field(default_factory=list)
    most_bytes: int = 20_000_000
    facts: dict[str, Any] = field(default_factory=dict)

    def note(self, name: str, data: bytes, **facts: Any) -> bytes:  # noqa: ANN401  # fields of a row
        """Add a note."""
        path = self.folder / name
        path.write_bytes(data)
        self.notes.append(note_of(path, title=name, **facts))
        return data

    def server(self, at: MailHost | int, **more: Any) -> MailServer:  # noqa: ANN401  # fields
        """Give the settings."""
        port = at if isinstance(at, int) else at.port
        known = MailServer("127.0.0.1", port, "none", sender="Me <me@example.org>")
        return known._replace(**more)

    def send(
        self,
        server: MailServer,
        *recipients: str,
        steering: Steering | None = None,
        record: bool = True,
    ) -> list[Result]:
        """Send all."""
        request = MailRequest(
            None,
            recipients or ("ana@example.org",),
            most_bytes=self.most_bytes,
            server=server,
            record=self.folder / "record" if record else None,
            **self.facts,
        )
        job = MailJob(request, [os.fsencode(self.folder)], lambda: NOW)
        return list(job.run(self.notes, len(self.notes), steering or Steering()))


@pytest.fixture
def sender(tmp_path: Path) -> Sender:
    """Somebody with notes."""
    return Sender(tmp_path)


def read(content: bytes) -> EmailMessage:
    """Read a mail as its receiver does."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    for part in message.walk():
        assert part.defects == []
    return message


def printed(password: str) -> str:
    """Give a command that prints a password."""
    return f"{sys.executable} -c 'print(\"{password}\\nmore\")'"


def test_mail_is_sent_after_starttls_and_login(sender: Sender, trust: Trust) -> None:
    """What is received are the very bytes of the notes."""
    first = sender.note("one.opus", bytes(range(256)) * 999, duration_ms=42_000)
    second = sender.note("two.opus", b"\r\n.\r\n..two" * 7)
    sender.facts = {"text": "Dear Ana,\n.\n..\nhere they are."}
    with MailHost(trust.here, auth=True) as host:
        server = sender.server(
            host,
            security="starttls",
            user=USER,
            password_command=printed(PASSWORD),
            ca_file=trust.ca_file,
        )
        results = sender.send(server, "Ana <ana@example.org>", "bob@example.org")
    (got,) = host.got
    assert host.logins == [(USER.encode(), PASSWORD.encode())]
    assert got.sender == "me@example.org"
    assert got.recipients == ("ana@example.org", "bob@example.org")
    assert got.options == (f"SIZE={len(got.content)}",)
    message = read(got.content)
    assert message["From"] == "Me <me@example.org>"
    assert message["To"] == "Ana <ana@example.org>, bob@example.org"
    assert message["Subject"] == "Voice notes from Family, 2024-08-15"
    assert message["Date"] == "Sat, 14 Mar 2026 09:30:00 +0000"
    assert message["Message-ID"].endswith("@example.org>")
    assert message["X-Unsent"] is None
    parts = list(message.iter_attachments())
    assert [part.get_content() for part in parts] == [first, second]
    assert [part.get_content_type() for part in parts] == ["audio/ogg"] * 2
    body = message.get_body()
    assert body is not None
    text = body.get_content().replace("\r\n", "\n")
    assert text.startswith("Dear Ana,\n.\n..\nhere they are.\n\n2 voice notes, 0:42\n")
    assert text.endswith(
        "\n1. 2024-08-15 18:42:01, Ana in Family, 0:42\n   one.opus\n"
        "   2024-08-15 18-42-01 Family Ana.opus\n"
        "\n2. 2024-08-15 18:42:01, Ana in Family\n   two.opus\n"
        "   2024-08-15 18-42-01 Family Ana (2).opus\n"
    )
    (result,) = results
    assert (result.outcome, result.notes) == (Outcome.SAVED, 2)
    assert result.size == len(got.content)
    assert str(result.target) == "Voice notes from Family, 2024-08-15.eml"


def test_mail_is_sent_by_tls_at_once(sender: Sender, trust: Trust) -> None:
    """With another way to log in, and to addresses in any language."""
    data = sender.note("one.opus", b"one")
    with MailHost(
        trust.here, at_once=True, auth=True, auth_exclude_mechanism=["PLAIN"]
    ) as host:
        server = sender.server(
            host,
            host="localhost",
            security="tls",
            user=USER,
            password_command=printed("plain"),
            ca_file=trust.ca_file,
        )
        sender.send(server, "\u0430\u043d\u043d\u0430@b\u00fccher.example")
        with pytest.raises(DataError, match="refuses the login of ana"):
            sender.send(server._replace(password_command=printed(PASSWORD)))
    (got,) = host.got
    assert got.recipients == ("\u0430\u043d\u043d\u0430@xn--bcher-kva.example",)
    assert {"SMTPUTF8", "BODY=8BITMIME"} <= set(got.options)
    (part,) = read(got.content).iter_attachments()
    assert part.get_content() == data


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("wrong", ["unknown", "elsewhere"])
def test_a_certificate_that_is_not_to_be_trusted_ends_it(
    sender: Sender, trust: Trust, wrong: str, at_once: bool
) -> None:
    """Neither one of nobody, nor one of somebody else."""
    sender.note("one.opus", b"one")
    tls = trust.here if wrong == "unknown" else trust.elsewhere
    security = "tls" if at_once else "starttls"
    with MailHost(tls, at_once=at_once, auth=True) as host:
        server = sender.server(host, security=security, user=USER)
        server = server._replace(password_command=printed(PASSWORD))
        if wrong == "elsewhere":
            server = server._replace(ca_file=trust.ca_file)
        with pytest.raises(DataError, match="has no certificate to trust: "):
            sender.send(server)
    assert (host.got, host.logins) == ([], [])


def test_nothing_goes_in_the_clear_where_it_shall_not(
    sender: Sender, trust: Trust
) -> None:
    """A server without STARTTLS gets nothing, not even the name of the user."""
    sender.note("one.opus", b"one")
    (sender.folder / "empty.pem").write_bytes(b"")
    with MailHost() as host:
        server = sender.server(host, user=USER, password_command=printed("plain"))
        with pytest.raises(DataError, match="STARTTLS extension not supported"):
            sender.send(server._replace(security="starttls"))
        with pytest.raises(DataError, match="does not speak TLS as it should"):
            sender.send(server._replace(security="tls"))
        empty = server._replace(ca_file=sender.folder / "empty.pem", security="tls")
        with pytest.raises(DataError, match=r"empty.pem: has no certificates in it"):
            sender.send(empty)
    assert host.got == []


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_a_password_is_never_told(
    sender: Sender, trust: Trust, mechanism: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in what is said, nor in what is behind it."""
    sender.note("one.opus", b"one")
    other = {"PLAIN": "LOGIN", "LOGIN": "PLAIN"}[mechanism]
    with MailHost(trust.here, auth=True, auth_exclude_mechanism=[other]) as host:
        server = sender.server(
            host,
            security="starttls",
            user=USER,
            password_command=printed("wr0ng"),
            ca_file=trust.ca_file,
        )
        with pytest.raises(DataError, match="refuses the login of ana") as told:
            sender.send(server)
        odd = server._replace(password_command=printed("wr0ng\u00e4"))
        with pytest.raises(DataError, match="refuses the login of ana") as odd_told:
            sender.send(odd)
    assert host.got == []
    host.logins = host.logins[:1]
    assert host.logins == [(USER.encode(), b"wr0ng")]
    seen: list[str] = [caplog.text]
    for each in (told.value, odd_told.value):
        error: BaseException | None = each
        while error is not None:
            seen += [repr(error), str(error.__dict__)]
            error = error.__context__
    assert "wr0ng" not in "".join(seen).replace(server.password_command, "")


def test_a_server_that_refuses_is_told(sender: Sender) -> None:
    """What it says in one line without power; nobody else gets the mail either."""
    sender.note("one.opus", b"one")
    with MailHost(enable_SMTPUTF8=False) as host:
        host.refused = frozenset({"bob@example.org"})
        server = sender.server(host)
        with pytest.raises(DataError) as told:
            sender.send(server, "ana@example.org", "bob@example.org")
        where = f"127.0.0.1:{host.port}"
        assert told.value.message == (
            f"{where}: does not take mail for bob@example.org: 550 no such user [31m"
        )
        with pytest.raises(DataError, match="no addresses with other letters"):
            sender.send(server, "\u0430@example.org")
        host.reply = "554 looks like spam"
        with pytest.raises(DataError, match="not take the mail: 554 looks like spam"):
            sender.send(server)
        host.reply = "250 ok"
        assert sender.send(server)[0].outcome is Outcome.SAVED
    assert len(host.got) == 1
    refuses = pytest.raises(DataError, match="refuses the mail: 530 ")
    with MailHost(auth=True, auth_require_tls=False) as host, refuses:
        sender.send(sender.server(host))


def test_what_the_server_takes_at_most_splits_mails(sender: Sender) -> None:
    """A note that is larger alone is told, and does not hold up the others."""
    sender.notes.append(told_note())
    small = [sender.note(f"{n}.opus", bytes([n]) * 20_000) for n in range(5)]
    sender.note("big.opus", bytes(80_000))
    last = sender.note("last.opus", b"last")
    with MailHost(data_size_limit=65_000) as host:
        results = sender.send(sender.server(host))
    assert [each.outcome.value for each in results if each.notes != 2] == ["failed"] * 2
    assert "its file was never here" in results[0].problem
    problems = [each.problem for each in results if each.problem]
    assert problems[1].startswith(f"{sender.folder}/big.opus: takes 0.1 MB in a mail")
    messages = [read(got.content) for got in host.got]
    assert all(len(got.content) < 65_000 for got in host.got)
    assert [message["Subject"].partition(" (")[2] for message in messages] == [
        "part 1)",
        "part 2)",
        "part 3, the last)",
    ]
    sounds = [part.get_content() for m in messages for part in m.iter_attachments()]
    assert sounds == [*small, last]


def test_a_run_that_was_cut_off_sends_only_the_rest(sender: Sender) -> None:
    """What went out does not go again; but a run that ended is over."""
    for n in range(4):
        sender.note(f"{n}.opus", bytes([n]) * 20_000)
    sender.most_bytes = 40_000
    told: list[Result] = []
    with MailHost() as host:
        host.drops_after = 2
        server = sender.server(host)
        with pytest.raises(DataError, match="hung up"):
            told = sender.send(server)
        assert len(host.got) == 2
        told = sender.send(server)
        assert [each.outcome.value for each in told] == ["there"] * 2 + ["saved"] * 2
        sounds = [
            next(read(g.content).iter_attachments()).get_content()[0] for g in host.got
        ]
        assert sounds == [0, 1, 2, 3]
        assert [each.outcome.value for each in sender.send(server)] == ["saved"] * 4
        assert len({read(got.content)["Message-ID"] for got in host.got}) == 4
        sender.notes = sender.notes[:1]
        sender.send(server, record=False)
    assert list((sender.folder / "record").iterdir()) == []
    assert len(host.got) == 9


def test_what_went_out_is_forgotten_after_a_week(sender: Sender) -> None:
    """Who asks for it then wants it again."""
    for n in range(2):
        sender.note(f"{n}.opus", bytes([n]) * 20_000)
    sender.most_bytes = 40_000
    with MailHost() as host:
        host.drops_after = 1
        with pytest.raises(DataError, match="hung up"):
            sender.send(sender.server(host))
        (kept,) = (sender.folder / "record").iterdir()
        os.utime(kept, (0, 0))
        assert len([r for r in sender.send(sender.server(host)) if r.size]) == 2
    blocked = sender.folder / "record"
    blocked.rmdir()
    blocked.write_bytes(b"")
    with pytest.raises(DataError, match="record: file exists"):
        sender.send(sender.server(closed_port()))


def test_it_is_ended_in_the_middle_of_a_mail(sender: Sender) -> None:
    """The server gets no end of it, and so no mail."""
    sender.note("one.opus", bytes(900_000))
    seen: list[Progress] = []
    stopping = Steering(seen.append, lambda: len(seen) == 5)
    with MailHost() as host:
        assert sender.send(sender.server(host), steering=stopping) == []
        sender.notes = []
        sender.note("two.opus", b"two")
        sender.send(sender.server(host))
    assert len(host.got) == 1
    assert seen[-1].share == 1.0


def test_a_connection_that_is_lost_in_a_pause_is_made_again(sender: Sender) -> None:
    """Unless the server is away."""
    for n in range(2):
        sender.note(f"{n}.opus", bytes([n]) * 20_000)
    sender.most_bytes = 40_000
    with MailHost() as host:
        host.is_tired = True
        assert len(sender.send(sender.server(host))) == 2
    assert len(host.got) == 2
    with pytest.raises(DataError, match="can't be reached: connection refused"):
        sender.send(sender.server(closed_port()))
    with pytest.raises(DataError, match="can't be reached: "):
        sender.send(sender.server(9, host="no.such.host.invalid", security="tls"))


def test_a_server_that_says_nothing_is_not_waited_for(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not for ever; and what is no mail server is told."""
    monkeypatch.setattr(smtp, "_TIMEOUT_S", 0.1)
    sender.note("one.opus", b"one")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(DataError, match="does not answer"):
            sender.send(sender.server(silent.getsockname()[1]))


# The password


def of_command(words: str) -> MailServer:
    """Give settings with a command."""
    return MailServer(user=USER, password_command=words)


def command(code: str) -> MailServer:
    """Give settings with one in Python."""
    return of_command(f'{sys.executable} -c "{code}"')


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        (command("raise SystemExit(3)"), "password_command failed, with exit code 3"),
        (command("print()"), "password_command printed nothing"),
        (command("print('a' + chr(0))"), "a character that none can have"),
        (command("input()"), "failed, with exit code 1"),
        (of_command("no/such"), "password_command: no such file"),
    ],
)
def test_a_command_that_gives_no_password(server: MailServer, reason: str) -> None:
    """It is told without what it printed."""
    with pytest.raises(UsageError, match=reason):
        password_of(server)


def test_a_command_gives_its_first_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its end; no shell reads it, and it may not take for ever."""
    assert password_of(command("print('a b \\r\\nc')")) == "a b "
    assert password_of(of_command("echo '$HOME; x' y")) == "$HOME; x y"
    monkeypatch.setattr(smtp, "_COMMAND_S", 0.05)
    with pytest.raises(UsageError, match="takes too long"):
        password_of(of_command("sleep 9"))


def test_the_keyring_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is installed, unlocked, and knows the user."""
    errors = types.ModuleType("keyring.errors")
    errors.KeyringError = type("KeyringError", (Exception,), {})  # type: ignore[attr-defined]  # a fake
    keyring = types.ModuleType("keyring")
    keyring.errors = errors  # type: ignore[attr-defined]  # a fake
    known = {("earmark", USER): "kept"}

    def get(service: str, user: str) -> str | None:
        if user == "locked":
            raise errors.KeyringError("kept")
        return known.get((service, user))

    keyring.get_password = get  # type: ignore[attr-defined]  # a fake
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    assert password_of(MailServer(user=USER)) == "kept"
    with pytest.raises(UsageError, match="no password of bob: keyring set earmark bob"):
        password_of(MailServer(user="bob"))
    with pytest.raises(UsageError, match="can't be read: unlock it"):
        password_of(MailServer(user="locked"))
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(UsageError, match=r"install earmark\[mail\]"):
        password_of(MailServer(user=USER))


def test_what_can_not_be_sent_is_no_request(tmp_path: Path) -> None:
    """It is refused ahead of all else."""
    server = MailServer("localhost", security="none")
    for wrong, reason in (
        ({"recipients": ("ana",)}, "no mail address"),
        ({"recipients": ("a@b.example\r\nBcc: x@y.example",)}, "has characters"),
        ({"recipients": ("a@b.example",)}, "no mail server is set"),
        ({"recipients": (), "server": server}, "nobody is named to send"),
        ({"recipients": ("a@b.example",), "server": server}, "whom mail is from"),
    ):
        with pytest.raises(EarmarkError, match=reason):
            MailRequest(None, **wrong)
    assert MailRequest(tmp_path, ()).server.host == ""
