"""The page's server as a child of the player: it comes and goes with its output."""

from __future__ import annotations

import os
import re
import socket
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.ear import Ear, wait_until
from tests.support.sound import chirp, opus
from tui.audio import EngineProcess, PlayerState
from tui.audio._child import child_command, same_child

if TYPE_CHECKING:
    from pathlib import Path


def test_it_listens_only_while_it_is_chosen(tmp_path: Path) -> None:
    """Nothing before, nothing behind it; the note goes on on the next output."""
    path = tmp_path / "a.opus"
    path.write_bytes(opus(chirp(3)))
    log = tmp_path / "log"
    with closing(EngineProcess("null", log_path=log)) as player:
        ear = Ear(player)
        player.start()
        player.load(os.fsencode(path))
        ear.await_position(300)
        player.set_output("browser")
        wait_until(lambda: "http:" in player.status.device_problem)
        found = re.search(r"127\.0\.0\.1:([0-9]+)/#(\S+)", player.status.device_problem)
        assert found is not None
        port, token = int(found[1]), found[2]
        socket.create_connection(("127.0.0.1", port), 5).close()
        ear.await_state(PlayerState.PAUSED)
        assert player.status.position_ms >= 300
        player.set_output("null")
        wait_until(lambda: not player.status.device_problem)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 5)
        at_ms = player.status.position_ms
        player.play()
        ear.await_position(at_ms + 200)
        assert player.status.output == "null"
    assert token not in log.read_text()


def test_its_command_line_has_no_secret() -> None:
    """And it is another child than the one with a device."""
    options = ["--target-lufs=-20", "--path", "x.wav"]
    words = child_command("browser", options=options)
    assert words[-3:] == ["tui.remote", "browser", "--target-lufs=-20"]
    assert same_child("browser", "browser")
    assert not same_child("browser", "null")
    assert not same_child("pulse:x", "browser")
