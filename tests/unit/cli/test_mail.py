"""`mail`: drafts and mails of a real library, and what is asked for wrongly."""

from __future__ import annotations

import email
import email.policy
from typing import TYPE_CHECKING

import pytest

from tests.support.mail_server import MailHost
from tests.support.notes import tone_wav

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.cli.conftest import Done

    Earmark = Callable[..., Done]


def test_drafts(known: Earmark, tmp_path: Path) -> None:
    """With the files of the notes, split where it is wanted."""
    out = tmp_path / "out"
    words = ("mail", "chat:Ana", "--to", "ana@example.org", "--draft", out)
    done = known(*words, "--dry-run")
    assert (done.code, len(done.lines), out.exists()) == (0, 1, False)
    assert done.lines[0].startswith("Voice notes from Ana, ")
    assert done.lines[0].endswith(".eml  <-  3 notes")
    done = known(*words, "--subject", "For you", "--text", "Dear Ana")
    assert (done.code, done.err) == (0, "")
    assert done.out == f"wrote 1 draft with 3 notes in {out}\n"
    content = (out / "For you.eml").read_bytes()
    message = email.message_from_bytes(content, policy=email.policy.default)
    sounds = {part.get_content() for part in message.iter_attachments()}
    assert sounds == {path.read_bytes() for path in (tmp_path / "Voice/Ana").iterdir()}
    again = known(*words, "--subject", "For you", "--text", "Dear Ana")
    assert again.out == "nothing to do: 1 draft was there already\n"
    made = known(*words, "--format", "mp3", "--name", "{n}", "--json")
    assert [(each["outcome"], each["notes"]) for each in made.json] == [("saved", 3)]


def test_mails_are_sent_by_the_server_of_the_settings(
    known: Earmark, tmp_path: Path, isolated: Path
) -> None:
    """Nothing without one; a config shows it without its secrets."""
    words = ("mail", "chat:Ana", "--to", "ana@example.org", "--send")
    done = known(*words)
    assert (done.code, done.out) == (2, "")
    assert "no mail server is set: [mail] in the config file" in done.err
    config = isolated / "config" / "earmark" / "config.toml"
    config.parent.mkdir(parents=True)
    with MailHost() as host:
        config.write_text(
            f'[mail]\nhost = "localhost"\nport = {host.port}\nsecurity = "none"\n'
            'from = "me@example.org"\npassword_command = "echo s3cret"\n'
        )
        done = known(*words)
        assert (done.code, done.err) == (0, "")
        assert done.out == "sent 1 mail with 3 notes by localhost\n"
        (got,) = host.got
        assert got.recipients == ("ana@example.org",)
        sent = known(*words, "--from", "Bob <bob@example.org>", "--json").json
        assert host.got[1].sender == "bob@example.org"
        assert sent[0]["target"].endswith(".eml")
        host.reply = "550 no"
        failed = known(*words)
    assert failed.code == 3
    assert failed.out == ""
    assert "does not take the mail: 550 no" in failed.err
    shown = known("config", "show").out
    assert f"host=localhost; port={host.port}; security=none" in shown
    assert "password_command=echo ...; from=me@example.org" in shown
    assert "s3cret" not in shown + known("config", "show", "--json").out
    values = {row["name"]: row for row in known("config", "show", "--json").json}
    assert values["mail"]["value"]["port"] == str(host.port)


def test_a_run_that_was_cut_off_goes_on(
    earmark: Earmark, tmp_path: Path, isolated: Path
) -> None:
    """What went out is told, and does not go out again."""
    (tmp_path / "Voice" / "Ana").mkdir(parents=True)
    for freq in (440, 660):
        data = tone_wav(8, freq=freq, rate=44_100)
        (tmp_path / "Voice" / "Ana" / f"{freq}.wav").write_bytes(data)
    earmark("scan", tmp_path / "Voice")
    config = isolated / "config" / "earmark" / "config.toml"
    config.parent.mkdir(parents=True)
    words = ("mail", "Ana", "--to", "a@example.org", "--split", "1", "--send")
    with MailHost() as host:
        host.drops_after = 1
        config.write_text(
            f'[mail]\nhost = "127.0.0.1"\nport = {host.port}\nsecurity = "none"\n'
            'from = "me@example.org"\n'
        )
        cut = earmark(*words)
        assert (cut.code, cut.lines) == (3, ["sent 1 mail with 1 note by 127.0.0.1"])
        assert cut.err == f"earmark: 127.0.0.1:{host.port}: hung up\n"
        done = earmark(*words)
    assert done.code == 0
    assert done.out == "sent 1 mail with 1 note by 127.0.0.1, 1 was sent already\n"
    assert len(host.got) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        (["Ana", "--to", "a@x.org"], 2, "--draft --send"),
        (["Ana", "--to", "ana", "--draft", "out"], 2, "no mail address"),
        (["Ana", "--to", "a@x.org\nBcc: b@x.org", "--draft", "out"], 2, "characters"),
        (["Ana", "--draft", "out", "--send"], 2, "not allowed with"),
        (["Ana", "--draft", "out", "--split", "0"], 2, "no number"),
        (["Ana", "--draft", "out", "--format", "mp4"], 2, "did you mean mp3?"),
        (["qqq", "--draft", "out"], 1, "nothing found"),
        (["Ana", "--draft", "Voice/new"], 3, "lies in the source"),
    ],
)
def test_what_is_wrong_is_told(
    known: Earmark,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    wrong: tuple[list[str], int, str],
) -> None:
    """In one line, and nothing is written."""
    words, code, message = wrong
    monkeypatch.chdir(tmp_path)
    done = known("mail", *words)
    assert (done.code, done.out) == (code, "")
    assert message in done.err
    assert not (tmp_path / "out").exists()
