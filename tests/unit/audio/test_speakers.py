"""Where the user may sit: which sockets are looked at, and when."""

from __future__ import annotations

import os
import socket
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from tui.audio import _speakers, speaker_sockets
from tui.audio._null import NullOutput
from tui.audio._outputs import AutoChooser
from tui.audio._speakers import find_speaker
from tui.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Broken:
    """A device that is not there."""

    name = "broken"
    latency_ms = 0

    def start(self, pull: Callable[[int], bytes]) -> None:
        """Fail."""
        del pull
        raise AudioError(b"", "no device")

    def stop(self) -> None:
        """Do nothing."""

    def is_alive(self) -> bool:
        """Say no."""
        return False


def test_over_ssh_a_speaker_is_better_than_silence() -> None:
    """It is told, and nobody is told of a problem; who tries again takes none away."""
    told: list[str] = []
    asked: list[bool] = []

    def find(*, idle_only: bool = False) -> str:
        asked.append(idle_only)
        return "" if idle_only else "speaker:/x/speaker"

    chooser = AutoChooser([Broken()], NullOutput(), told.append, find)
    opened = chooser.open(lambda frames: bytes(2 * frames), stand_in=True)
    opened.output.stop()
    assert (told, opened.problem) == (["speaker:/x/speaker"], "")
    with pytest.raises(AudioError):
        chooser.open(lambda frames: bytes(2 * frames), stand_in=False)
    assert asked == [False, True]


def test_a_device_needs_no_speaker() -> None:
    """Where one works, nobody is looked for."""

    def find(*, idle_only: bool = False) -> str:
        del idle_only
        raise AssertionError

    chooser = AutoChooser([NullOutput()], NullOutput(), print, find)
    chooser.open(lambda frames: bytes(2 * frames), stand_in=True).output.stop()


class Places:
    """Folders in which an `earmark ssh` may have made its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.made: list[socket.socket] = []

    def speaker(self, name: str, at_s: int, *, mode: int = 0o700) -> Path:
        """Make a socket that somebody listens on."""
        folder = self.home / name
        folder.mkdir()
        made = socket.socket(socket.AF_UNIX)
        made.bind(str(folder / "speaker"))
        made.listen()
        self.made.append(made)
        os.utime(folder / "speaker", (at_s, at_s))
        folder.chmod(mode)
        return folder / "speaker"


@pytest.fixture
def places(isolated: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Places]:
    """Give a home without any, and none elsewhere."""
    for name in ("TMUX", "STY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(_speakers, "_SHARED", ())
    places = Places(isolated)
    yield places
    for made in places.made:
        made.close()


@pytest.mark.parametrize("name", ["SSH_CONNECTION", "SSH_TTY", "TMUX", "STY"])
def test_the_newest_one_is_the_first(
    name: str, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of those in folders that only the user can enter; in a tmux of old, too."""
    old = places.speaker(".earmark-0123456789", 1_000)
    new = places.speaker(".earmark-abcdefghij", 2_000)
    places.speaker(".earmark-everybody0", 3_000, mode=0o755)
    places.speaker(".else", 3_000)
    (places.home / ".earmark-0000000000").mkdir(mode=0o700)
    (places.home / ".earmark-linklinkli").symlink_to(old.parent)
    assert speaker_sockets() == []
    monkeypatch.setenv(name, "1 2 3 4")
    assert speaker_sockets() == [new, old]


def test_none_that_sounds_where_the_user_does_not_sit(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One at the desk at home is left out on a journey; in a tmux nobody can tell."""
    home = places.speaker(".earmark-athomeisit", 2_000)
    (home.parent / "from").write_text("192.0.2.7")
    old = places.speaker(".earmark-ofbeforeit", 1_000)
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.7 5000 192.0.2.1 22")
    assert speaker_sockets() == [home, old]
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.77 5000 192.0.2.1 22")
    assert speaker_sockets() == [old]
    monkeypatch.setenv("TMUX", "/tmp/tmux-0/default,1,0")
    assert speaker_sockets() == [home, old]


def test_what_goes_away_hides_no_other(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session may end while its folder is looked at."""
    monkeypatch.setenv("SSH_TTY", "/dev/pts/1")
    path = places.speaker(".earmark-0123456789", 1_000)
    gone = places.speaker(".earmark-goneallago", 2_000).parent
    with os.scandir(places.home) as entries:
        before = sorted(entries, key=lambda entry: entry.name != gone.name)
    (gone / "speaker").unlink()
    gone.rmdir()
    monkeypatch.setattr(os, "scandir", lambda _: nullcontext(before))
    assert speaker_sockets() == [path]


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("what", ["folder", "socket"])
def test_what_belongs_to_somebody_else_is_none(
    what: str, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """He would hear what is sent there."""
    monkeypatch.setenv("SSH_CONNECTION", "1 2 3 4")
    path = places.speaker(".earmark-0123456789", 1_000)
    assert speaker_sockets() == [path]
    os.chown(path.parent if what == "folder" else path, 65534, 65534)
    assert speaker_sockets() == []
    assert find_speaker() == ""


@pytest.mark.parametrize("env", ["", "SSH_CONNECTION"])
def test_nothing_is_run_without_a_socket_that_is_served(
    env: str, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither outside of SSH, nor for what a cut connection has left behind."""
    places.speaker(".earmark-0123456789", 1_000)
    if env:
        monkeypatch.setenv(env, "1 2 3 4")
        places.made.pop().close()

    def run(*words: object, **options: object) -> None:
        raise AssertionError(words, options)

    monkeypatch.setattr("tui.audio._speakers.subprocess.run", run)
    assert find_speaker() == ""
