"""Whether the sound server is on another machine."""

from __future__ import annotations

import shutil
import socket
import subprocess
from contextlib import ExitStack, closing, suppress
from typing import TYPE_CHECKING

import pytest

from tests.support.ear import wait_until
from tests.support.sshd import SshServer
from tui.audio import NO_SOUND_HERE
from tui.audio._far import _is_forwarded, far_server
from tui.audio._miniaudio import MiniaudioOutput
from tui.audio._outputs import AutoChooser, make_output

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def fresh() -> None:
    """Forget what was found for other tests' sockets."""
    _is_forwarded.cache_clear()


@pytest.mark.parametrize(
    ("server", "found"),
    [
        ("", ""),
        ("unix:/run/user/1/pulse/native", ""),
        ("tcp:desk:4713", "tcp:desk:4713"),
        ("tcp6:[::1]", "tcp6:[::1]"),
        ("{0123abc}tcp4:desk unix:/x", "tcp4:desk"),
        ("desk", ""),
    ],
)
def test_addresses(server: str, found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of a network are far, with and without SSH."""
    monkeypatch.setenv("PULSE_SERVER", server)
    assert far_server() == found
    monkeypatch.setenv("SSH_CONNECTION", "1 2 3 4")
    assert far_server() == found


@pytest.mark.needs("sshd")
def test_a_forwarded_socket_is_far(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who listens tells: sshd for another machine, anybody else for this one."""
    assert shutil.which("ssh")
    monkeypatch.setenv("SSH_CONNECTION", "1 2 3 4")
    with SshServer() as server, closing(socket.socket(socket.AF_UNIX)) as own:
        near, far = server.folder / "near", server.folder / "pulse" / "native"
        far.parent.mkdir()
        own.bind(str(near))
        own.listen()
        command = [*server.command.split(), "-N", "-R", f"{far}:{near}", server.host]
        with (
            subprocess.Popen(command, stdin=subprocess.DEVNULL) as ssh,
            ExitStack() as ends,
        ):
            ends.callback(ssh.terminate)
            wait_until(lambda: _is_served(far), what="a forwarded socket")
            monkeypatch.setenv("PULSE_SERVER", f"unix:{near}")
            assert far_server() == ""
            assert MiniaudioOutput().period_ms == 18
            monkeypatch.setenv("PULSE_SERVER", str(far))
            assert far_server() == f"unix:{far}"
            assert MiniaudioOutput().period_ms == 200
            monkeypatch.delenv("PULSE_SERVER")
            monkeypatch.setenv("XDG_RUNTIME_DIR", str(server.folder))
            assert far_server() == f"unix:{far}"
            monkeypatch.delenv("SSH_CONNECTION")
            assert far_server() == ""


def _is_served(path: Path) -> bool:
    """Tell whether it takes connections: it is there a moment earlier."""
    with suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
        probe.connect(str(path))
        return True
    return False


def test_over_ssh_silence_says_how_to_hear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a sentence that fits into a line of 80 cells; elsewhere the reason is told."""
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/none")
    monkeypatch.setenv("ALSA_CONFIG_PATH", "/dev/null")
    chooser = make_output("auto")
    assert isinstance(chooser, AutoChooser)
    opened = chooser.open(lambda frames: bytes(2 * frames), stand_in=True)
    opened.output.stop()
    assert opened.problem == "No sound: there is no sound device"
    monkeypatch.setenv("SSH_CONNECTION", "1 2 3 4")
    opened = chooser.open(lambda frames: bytes(2 * frames), stand_in=True)
    opened.output.stop()
    assert opened.problem == NO_SOUND_HERE
    assert "earmark ssh HOST" in opened.problem
    assert "(O)" not in opened.problem  # a command has no keys
    assert len(opened.problem) <= 76
