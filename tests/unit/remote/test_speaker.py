"""Player, relay, socket, speaker, engine: all real, but for the device."""

from __future__ import annotations

import os
import socket
import stat
from typing import TYPE_CHECKING

import pytest

from tests.support.ear import Ear, wait_until
from tests.support.line import SpeakerProcess, remote_player
from tests.support.sound import (
    chirp,
    correlation,
    noise,
    opus,
    read_wav,
    sounding,
    wav,
)
from tui.audio import (
    Decoder,
    Ended,
    Failed,
    OutputsListed,
    Packet,
    PlayerState,
    PositionChanged,
    Recording,
    Sound,
    StreamHead,
)
from tui.errors import AudioError
from tui.remote import _speaker
from tui.remote._frames import (
    VERSION,
    FrameError,
    Kind,
    first_frame,
    frame,
    head_to,
    json_from,
    json_to,
    pack,
)
from tui.remote._relay import Relay
from tui.remote._speaker import _Shelf, _Sparing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tui.audio import PlayerEvent

SOUND = chirp(4)
WRONG, NO_TEXT = "wrong", "\ud800"


class Line:
    """A player here, and what is heard of it there."""

    def __init__(self, folder: Path, speaker: SpeakerProcess) -> None:
        self.folder = folder
        self.speaker = speaker
        self.player = remote_player(speaker.path, folder / "relay.log")
        self.ear = Ear(self.player)

    def note(self, name: str, content: bytes) -> bytes:
        """Write a note."""
        path = self.folder / name
        path.write_bytes(content)
        return os.fsencode(path)

    def heard(self) -> bytes:
        """What was played, without the silence around."""
        return sounding(read_wav(self.folder / "heard.wav"))


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    """Give a player and a speaker that are joined."""
    with SpeakerProcess(tmp_path, f"file:{tmp_path / 'heard.wav'}") as speaker:
        made = Line(tmp_path, speaker)
        made.player.start()
        yield made
        made.player.close()


def decoded(path: bytes, at: float = 0.0) -> bytes:
    """Decode a file here."""
    recording = Recording(path)
    with Decoder(recording, at) as decoder:
        pcm = b"".join(block for block, _ in decoder)
    recording.close()
    return pcm


def test_a_note_is_heard_there_as_here(line: Line) -> None:
    """To the last sample; it tells where it is, and when it has ended."""
    path = line.note("a.opus", opus(SOUND[: 2 * 48_000 * 2]))
    line.player.load(path)
    line.ear.await_count(Ended, 1)
    assert line.player.status.duration_ms == pytest.approx(2000, abs=10)
    assert line.player.status.output == f"speaker:{line.speaker.path}"
    line.player.close()
    assert correlation(decoded(path), line.heard()) > 0.999
    assert abs(len(line.heard()) - len(sounding(decoded(path)))) < 2 * 480


def test_what_is_large_is_made_smaller(line: Line) -> None:
    """A WAV file crosses the line as Opus, and sounds the same to the ear."""
    path = line.note("a.wav", wav(SOUND))
    line.player.load(path, position_ms=2500)
    line.ear.await_count(Ended, 1)
    line.player.close()
    assert correlation(SOUND[2 * 120_000 :], line.heard()) > 0.97


def test_commands_act_there(line: Line) -> None:
    """Pause, seek, speed; what was loaded before needs no second sending."""
    path = line.note("a.opus", opus(SOUND))
    line.player.load(path, play=False)
    line.ear.await_state(PlayerState.PAUSED)
    line.player.seek(3000)
    wait_until(lambda: line.player.status.position_ms == 3000)
    line.player.set_speed(2.0)
    line.player.play()
    line.ear.await_count(Ended, 1)
    line.player.load(path, position_ms=3800, sound=Sound())
    line.ear.await_count(Ended, 2)
    other = line.note("b.opus", opus(SOUND[:96_000]))
    line.player.load(path, position_ms=3500)
    line.player.prepare(other)
    ended = line.ear.await_count(Ended, 4)
    assert ended.generation == line.player.status.generation
    assert line.player.status.path == other


def test_a_place_that_was_not_sent_yet(line: Line) -> None:
    """Long notes are sent as far ahead as need be; one can go to any place of them."""
    path = line.note("a.opus", opus(noise(30), 128_000))
    line.player.load(path)
    line.ear.await_position(500)
    line.player.seek(26_000)
    line.ear.await_position(26_300)
    line.player.seek(1000)
    wait_until(lambda: line.player.status.position_ms < 2000)
    line.ear.await_position(1300)


def test_positions_spare_the_line() -> None:
    """Told four times a second, and at once after a jump or in another note."""
    told: list[PlayerEvent] = []
    now = [0.0]
    sparing = _Sparing(told.append, lambda: now[0])
    for tick in range(100):
        now[0] = tick / 10
        sparing(PositionChanged(1, tick * 100))
    assert 33 <= len(told) <= 40
    jumps: list[PlayerEvent] = [
        PositionChanged(1, 60_000),
        PositionChanged(1, 59_000),
    ]
    other: list[PlayerEvent] = [PositionChanged(2, 59_000), Ended(2)]
    for event in (*jumps, *other):
        sparing(event)
    assert told[-4:] == [*jumps, *other]


def test_what_can_not_be_read_is_told(line: Line) -> None:
    """With the reason of this side; the next note plays."""
    missing = os.fsencode(line.folder / "missing.opus")
    line.player.load(missing)
    failed = line.ear.await_count(Failed, 1)
    assert (failed.path, failed.reason) == (missing, "vanished")
    line.player.load(line.note("x.opus", b"no sound at all" * 100))
    assert line.ear.await_count(Failed, 2).reason
    line.player.load(line.note("a.opus", opus(SOUND)), position_ms=3900)
    line.ear.await_count(Ended, 1)


def test_a_speaker_that_is_gone_comes_back(line: Line) -> None:
    """Playing goes on there where it was, as after a crash of an engine."""
    line.player.load(line.note("a.opus", opus(SOUND)))
    line.ear.await_position(700)
    line.speaker.process.kill()
    line.speaker.process.wait()
    line.speaker.path.unlink(missing_ok=True)
    at_ms = line.player.status.position_ms
    with SpeakerProcess(line.folder, "null") as again:
        line.ear.await_position(at_ms + 300)
        assert line.player.status.state is PlayerState.PLAYING
        line.player.close()
        assert again.process.poll() is None
    line.speaker.process.returncode = 0  # its end was ours


def test_the_output_changes_while_it_plays(line: Line) -> None:
    """From the speaker to this machine and back; outputs of here can be chosen."""
    line.player.load(line.note("a.opus", opus(SOUND)))
    line.ear.await_position(500)
    line.player.set_output("null")
    wait_until(lambda: line.player.status.output == "null")
    at_ms = line.player.status.position_ms
    assert at_ms >= 400
    line.ear.await_position(at_ms + 200)
    name = f"speaker:{line.speaker.path}"
    line.player.set_output(name)
    wait_until(lambda: line.player.status.output == name)
    line.ear.await_position(line.player.status.position_ms + 200)
    line.player.list_outputs()
    listed = line.ear.await_count(OutputsListed, 1)
    assert listed.chosen == name
    assert next(each.name for each in listed.outputs) == name
    assert "null" in {each.name for each in listed.outputs}


def test_only_the_owner_who_knows_the_token_is_served(line: Line) -> None:
    """The socket is closed to others, a wrong token gets nothing but a refusal."""
    info = line.speaker.path.lstat()
    assert stat.S_IMODE(info.st_mode) == 0o600
    for hello, reason in (
        (json_to(version=VERSION, token=WRONG), "token"),
        (json_to(version=VERSION, token=NO_TEXT), "token"),
        (json_to(version=99, token=line.speaker.token), "another version"),
        (json_to(token=line.speaker.token), "version"),
    ):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(line.speaker.path))
            probe.sendall(frame(Kind.HELLO, hello))
            kind, content = first_frame(probe)
            assert kind is Kind.HELLO
            assert reason in json_from(content)["refused"]
            assert probe.recv(1) == b""


HEAD = StreamHead("opus", b"", 48_000, "mono", 1, 48_000, 0, None, "ogg")


def _opened(number: int, path: str, problem: str = "") -> bytes:
    return json_to(file=number, path=path, head=head_to(HEAD), problem=problem)


def test_no_relay_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither with files, nor with names, nor with sound that nobody asked for."""
    shelf = _Shelf()
    for number in range(16):
        shelf.take(Kind.OPEN, _opened(number, f"/{number}"))
        shelf.take(Kind.OPEN, _opened(number, f"/{number}"))
    with pytest.raises(FrameError, match="more files"):
        shelf.take(Kind.OPEN, _opened(16, "/16"))
    with pytest.raises(FrameError, match="two files"):
        shelf.take(Kind.OPEN, _opened(3, "/x"))
    shelf.take(Kind.DROP, json_to(file=3))
    shelf.take(Kind.OPEN, _opened(16, "/16"))
    for number in range(1000):
        shelf.take(Kind.OPEN, _opened(0, f"/gone/{number}", "vanished"))
    assert len(shelf._problems) <= 64
    with pytest.raises(AudioError, match="vanished"):
        shelf.open(b"/gone/999")
    monkeypatch.setattr(_speaker, "_MOST_BYTES", 10_000)

    def send(number: int) -> None:
        packet = Packet(bytes(4000), number, 1)
        shelf.take(Kind.DATA, pack(number, 0, [packet]))

    send(0)
    send(1)
    with pytest.raises(FrameError, match="more packets"):
        send(2)


@pytest.mark.parametrize("seconds", ["NaN", "Infinity", "-1", "1e300", '"1"', "null"])
def test_no_speaker_asks_for_a_time_that_is_none(seconds: str) -> None:
    """The thread that sends would end by it."""
    player, speaker = socket.socketpair()
    with player, speaker:
        relay = Relay(player, speaker, "speaker:x")
        with pytest.raises(FrameError):
            relay._take(
                Kind.WANT, b'{"file":1,"run":1,"seconds":%b}' % seconds.encode()
            )
        relay._take(Kind.WANT, b'{"file":1,"run":1,"seconds":1.5}')


def test_a_wrong_speaker_is_told_in_words(tmp_path: Path) -> None:
    """No socket, somebody else's folder entry, a token that is wrong."""
    path = tmp_path / "speaker"
    player = remote_player(path)
    ear = Ear(player)
    player.start()
    gone = "The sound where you sit is gone; play looks for it again"
    wait_until(lambda: player.status.device_problem == gone)
    player.load(b"/x.opus")
    ear.await_state(PlayerState.PAUSED)
    assert player.status.device_problem == gone
    assert ear.of(Failed) == []
    player.close()
    with SpeakerProcess(tmp_path, "null") as speaker:
        speaker.path.with_suffix(".token").write_text("wrong")
        player = remote_player(path)
        player.start()
        # At once: it would be refused again.
        wait_until(lambda: "the token is wrong" in player.status.device_problem, 5)
        player.close()
