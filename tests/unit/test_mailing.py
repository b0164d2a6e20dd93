"""Mail addresses and the mail server in the settings: what is taken, what refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tui.config import load_settings
from tui.errors import UsageError
from tui.mailing import MailServer, parse_mailbox

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("ana@example.org", "", "ana@example.org"),
        (" <a.b+c@Example.ORG> ", "", "a.b+c@example.org"),
        ("Ana <ana@localhost>", "Ana", "ana@localhost"),
        ('"Ruiz, Ana" <ana@example.org>', "Ruiz Ana", "ana@example.org"),
        ("\u0430\u043d\u043d\u0430@b\u00fccher.example", "", None),
    ],
)
def test_an_address(text: str, name: str, address: str | None) -> None:
    """Alone, or with a name."""
    box = parse_mailbox(text)
    assert box.name == name
    assert box.address == (address or "\u0430\u043d\u043d\u0430@xn--bcher-kva.example")
    assert box.is_ascii is (address is not None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ana",
        "ana@",
        "@example.org",
        "ana@example..org",
        "ana@-x.org",
        "ana@x.org, bob@x.org",
        "ana@x.org bob@x.org",
        "<ana@x.org> <bob@x.org>",
        "ana@x.org>",
        "a..b@x.org",
        "a b@x.org",
        '"a b"@x.org',
        "a;b@x.org",
        "ana@x.org\r\nBcc: eve@evil.example",
        "ana@x.org\nRCPT TO:<eve@evil.example>",
        "ana\0@x.org",
        "ana@x\u2028.org",
        f"{'a' * 65}@x.org",
        f"a@{'x' * 64}.org",
        f"a@{'x.' * 130}org",
    ],
)
def test_what_is_no_address(text: str) -> None:
    """And above all what would say more to a server than an address."""
    with pytest.raises(UsageError):
        parse_mailbox(text)


def settings_of(tmp_path: Path, table: str) -> MailServer:
    """Read a table of the config."""
    path = tmp_path / "config.toml"
    path.write_text(f"[mail]\n{table}\n", encoding="utf-8")
    return load_settings({"config": str(path)}).mail


def test_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the file, or from a variable; none by itself."""
    assert load_settings({}).mail == MailServer()
    table = """
    host = "Mail.example.org"
    port = 2525
    security = "tls"
    user = "ana"
    password_command = "pass show 'my mail'"
    ca_file = "ca.pem"
    from = "Ana <ana@example.org>"
    """
    assert settings_of(tmp_path, table) == MailServer(
        "mail.example.org",
        2525,
        "tls",
        "ana",
        "pass show 'my mail'",
        tmp_path / "ca.pem",
        "Ana <ana@example.org>",
    )
    assert settings_of(tmp_path, "") == MailServer()
    ports = {"starttls": 587, "tls": 465, "none": 25}
    for security, port in ports.items():
        said = f'host = "localhost"\nsecurity = "{security}"'
        assert settings_of(tmp_path, said).usual_port == port
    assert settings_of(tmp_path, 'host = "::1"\nsecurity = "none"').host == "::1"
    monkeypatch.setenv("EARMARK_MAIL", "host=mail.example.org; port=25; from=a@x.org")
    found = load_settings({}).mail
    assert (found.host, found.port, found.sender) == ("mail.example.org", 25, "a@x.org")


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ('password = "secret"', "mail: password: does not belong into a file"),
        ('hots = "x"', "mail: hots: there is no such setting"),
        ("host = 5", "mail: host: must be text in quotes"),
        ('host = "a b"', "mail: host: 'a b' is no name of a server"),
        ('host = "x\\r\\ny"', "mail: host: "),
        ("port = true", "mail: port: must be text"),
        ("port = 70000", "mail: port: must be a whole number"),
        ('port = "x"', "mail: port: must be a whole number"),
        ('security = "ssl"', "mail: security: must be one of starttls, tls, none"),
        ('host = "x.org"\nsecurity = "none"', "others could read along"),
        ('host = "192.0.2.1"\nsecurity = "none"', "others could read along"),
        ('user = "a\\u0000b"', "mail: user: "),
        ('from = "ana"', "mail: from: 'ana' is no mail address"),
        ('password_command = "a \'b"', "has a quote without the other one"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, table: str, reason: str) -> None:
    """With the key; a password is refused without being repeated."""
    with pytest.raises(UsageError) as told:
        settings_of(tmp_path, table)
    assert reason in told.value.message
    assert "secret" not in told.value.message
