"""The engine's states, positions and events, driven by hand."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.sound import chirp, find, noise, opus, sine, sounding, wav
from tests.support.stage import Stage
from tui.audio._api import RATE
from tui.audio._commands import (
    Load,
    Pause,
    Play,
    Seek,
    SeekBy,
    SetMuted,
    SetSkip,
    SetSpeed,
    SetVolume,
    Stop,
    Toggle,
)
from tui.audio._events import (
    Ended,
    Failed,
    PlayerState,
    PositionChanged,
    StateChanged,
)

if TYPE_CHECKING:
    from tui.audio._deck import How
    from tui.audio._ring import Ring

FADE = 240
NOISE = noise(8)


@pytest.fixture
def stage() -> Stage:
    """Give an engine to drive by hand."""
    return Stage()


@pytest.fixture
def note(tmp_path: Path) -> bytes:
    """Give the path of eight seconds of noise."""
    path = tmp_path / "noise.wav"
    path.write_bytes(wav(NOISE))
    return os.fsencode(path)


def states(stage: Stage) -> list[PlayerState]:
    """List the states that were told, without repetitions."""
    told = [event.status.state for event in stage.told(StateChanged)]
    return [s for i, s in enumerate(told) if not i or told[i - 1] is not s]


def state(stage: Stage) -> PlayerState:
    """Give the state now."""
    return stage.status.state


def after_fade(pcm: bytes) -> bytes:
    """Cut off the fade at the begin."""
    return pcm[2 * FADE :]


def test_a_note_is_played_bit_by_bit_to_its_end(stage: Stage, note: bytes) -> None:
    """Between its fades, what is played is what is in the file."""
    stage.do(Load(1, note))
    heard = stage.play(9)
    assert heard[2 * FADE : len(NOISE) - 2 * FADE] == NOISE[2 * FADE : -2 * FADE]
    assert not any(heard[len(NOISE) :])
    assert states(stage) == [
        PlayerState.LOADING,
        PlayerState.PLAYING,
        PlayerState.ENDED,
    ]
    assert stage.told(Ended) == [Ended(1)]
    assert stage.status.position_ms == stage.status.duration_ms == 8000
    assert stage.engine._mixer.starved == 0


def test_a_load_without_play_is_paused_and_silent(stage: Stage, note: bytes) -> None:
    """Nothing sounds and no device is opened before it is asked for."""
    stage.do(Load(4, note, position_ms=2000, play=False))
    assert state(stage) == PlayerState.PAUSED
    assert stage.status.generation == 4
    assert stage.status.position_ms == 2000
    assert stage.output.starts == 0
    stage.do(Play())
    assert find(NOISE, after_fade(stage.play(0.5))) == 96_000 + FADE


def test_pause_and_play_lose_nothing(stage: Stage, note: bytes) -> None:
    """After a pause the sound goes on where it faded out."""
    stage.do(Load(1, note))
    stage.play(1)
    stage.do(Pause())
    tail = stage.play(0.5)
    assert len(sounding(tail)) <= 2 * FADE
    assert state(stage) == PlayerState.PAUSED
    stage.do(Toggle())
    assert state(stage) == PlayerState.PLAYING
    again = stage.play(0.5)
    assert find(NOISE, after_fade(again)) == 48_000 + 2 * FADE
    stage.do(Toggle())
    assert state(stage) == PlayerState.PAUSED


def test_a_seek_lands_on_the_sample(stage: Stage, note: bytes) -> None:
    """What is heard after a seek begins exactly where it was asked to."""
    stage.do(Load(1, note))
    stage.play(0.2)
    for position_ms in (7000, 3333, 0, 501, 4999):
        stage.do(Seek(position_ms))
        heard = stage.play(0.1)[2 * 2 * FADE :]
        begin = position_ms * 48 + 2 * FADE - FADE // 2
        assert find(NOISE, heard) == begin, position_ms
        assert state(stage) == PlayerState.PLAYING


def test_seeks_are_clamped(stage: Stage, note: bytes) -> None:
    """Beyond either end means that end."""
    stage.do(Load(1, note, play=False))
    stage.do(Seek(60_000))
    stage.wait(0.2)
    assert stage.status.position_ms == 8000
    assert state(stage) == PlayerState.PAUSED
    stage.do(SeekBy(-60_000))
    stage.wait(0.2)
    assert stage.status.position_ms == 0


def test_seeks_by_a_distance_add_up(stage: Stage, note: bytes) -> None:
    """Each one starts from where the one before was to go, heard or not."""
    stage.do(Load(1, note, position_ms=1000, play=False))
    stage.do(SeekBy(1000), SeekBy(1000))
    stage.do(SeekBy(1000))
    stage.do(Seek(500), SeekBy(100), SeekBy(-5000), SeekBy(3000))
    stage.wait(0.2)
    assert stage.status.position_ms == 3000


def test_many_seeks_at_once_cost_one(
    stage: Stage, note: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A held key does not decode for every repetition."""
    stage.do(Load(1, note))
    cues: list[float] = []
    deck = stage.engine._deck
    assert deck is not None
    cue = deck.cue

    def counted(position: float, how: How, largest: int, **more: int) -> Ring:
        cues.append(position)
        return cue(position, how, largest, leads=bool(more["leads"]), turn=more["turn"])

    monkeypatch.setattr(deck, "cue", counted)
    stage.do(*[SeekBy(50)] * 40)
    assert len(cues) == 1
    assert cues[0] == pytest.approx(2.0)


def test_a_seek_after_the_end_pauses(stage: Stage, note: bytes) -> None:
    """One can look around in a note that is over."""
    stage.do(Load(1, note, position_ms=7900))
    stage.play(0.5)
    assert state(stage) == PlayerState.ENDED
    stage.do(Seek(2000))
    assert state(stage) == PlayerState.PAUSED
    assert stage.status.position_ms == 2000
    stage.do(Play())
    assert find(NOISE, after_fade(stage.play(0.2))) == 96_000 + FADE


def test_play_after_the_end_starts_again(stage: Stage, note: bytes) -> None:
    """The note is played from its start."""
    stage.do(Load(1, note, position_ms=7900))
    stage.play(0.5)
    stage.do(Play())
    assert state(stage) == PlayerState.PLAYING
    assert find(NOISE, after_fade(stage.play(0.2))) == FADE


def test_a_seek_to_the_end_ends(stage: Stage, note: bytes) -> None:
    """Playing at the end means that it is over."""
    stage.do(Load(1, note))
    stage.play(0.2)
    stage.do(Seek(8000))
    stage.play(0.2)
    assert state(stage) == PlayerState.ENDED
    assert stage.told(Ended) == [Ended(1)]


def test_a_load_past_the_end_ends(stage: Stage, note: bytes) -> None:
    """A position that was remembered too far is no error."""
    stage.do(Load(1, note, position_ms=99_000))
    stage.play(0.2)
    assert state(stage) == PlayerState.ENDED
    assert stage.status.position_ms == 8000


def test_stop_lets_the_note_go(stage: Stage, note: bytes) -> None:
    """After a stop there is nothing to play."""
    stage.do(Load(1, note))
    stage.play(0.2)
    stage.do(Stop())
    assert len(sounding(stage.play(0.2))) <= 2 * FADE
    assert state(stage) == PlayerState.IDLE
    assert stage.status.path is None
    stage.do(Play(), Seek(100), Toggle(), Pause(), SeekBy(5))
    assert state(stage) == PlayerState.IDLE


def test_speed_keeps_the_place_and_the_state(stage: Stage, note: bytes) -> None:
    """A change of speed is heard from where the sound is."""
    stage.do(Load(1, note))
    stage.play(2)
    stage.do(SetSpeed(2.0))
    stage.play(1)
    assert stage.status.speed == 2.0
    assert state(stage) == PlayerState.PLAYING
    stage.do(Pause())
    assert stage.status.position_ms == pytest.approx(4000, abs=20)
    stage.do(SetSpeed(1.0))
    assert state(stage) == PlayerState.PAUSED
    stage.do(Play())
    at = find(NOISE, after_fade(after_fade(stage.play(0.2))))
    assert at / 48 == pytest.approx(4000, abs=20)


@pytest.mark.parametrize(("asked", "given"), [(0.1, 0.5), (9.0, 4.0), (1.3, 1.3)])
def test_speed_is_clamped(stage: Stage, asked: float, given: float) -> None:
    """Speech is not understood beyond these bounds."""
    stage.do(SetSpeed(asked))
    assert stage.status.speed == given


def test_pauses_are_left_out_and_the_clock_stays_true(
    stage: Stage, tmp_path: Path
) -> None:
    """A pause of four seconds takes less than one; what comes after keeps its time."""
    path = tmp_path / "pause.wav"
    path.write_bytes(wav(NOISE[: 2 * RATE] + bytes(8 * RATE) + NOISE[: 4 * RATE]))
    stage.do(SetSkip(3), Load(1, os.fsencode(path)))
    heard = stage.play(1.5)
    assert stage.status.position_ms > 4500
    assert 3000 < stage.status.saved_ms < 4000
    place = find(heard[3 * RATE :], NOISE[:400])
    assert place < 0
    stage.play(4)
    assert state(stage) is PlayerState.ENDED
    assert stage.status.position_ms == 7000


def test_pauses_can_be_kept_again_on_the_way(stage: Stage, tmp_path: Path) -> None:
    """The sound goes on where it is; a strength beyond the ends means that end."""
    path = tmp_path / "pause.wav"
    path.write_bytes(wav(NOISE[: 2 * RATE] + bytes(8 * RATE) + NOISE[: 4 * RATE]))
    stage.do(SetSkip(9), Load(1, os.fsencode(path)))
    stage.play(0.5)
    assert stage.status.skip == 3
    stage.do(SetSkip(0))
    stage.play(2)
    assert stage.status.position_ms == pytest.approx(2500, abs=120)
    stage.do(SetSkip(-1))
    assert stage.status.skip == 0


def test_volume_is_felt_by_its_square(stage: Stage, tmp_path: Path) -> None:
    """Half the volume is a quarter of the amplitude."""
    path = tmp_path / "sine.wav"
    path.write_bytes(wav(sine(3, level=0.5)))
    stage.do(SetVolume(0.5), Load(1, os.fsencode(path)))
    stage.play(0.1)
    loud = max(memoryview(stage.play(0.1)).cast("h"))
    assert loud == pytest.approx(32767 * 0.5 / 4, rel=0.01)
    stage.do(SetVolume(7.0))
    stage.play(0.02)
    assert stage.status.volume == 1.0
    assert max(memoryview(stage.play(0.1)).cast("h")) == pytest.approx(16383, abs=2)


def test_mute_is_silence_that_goes_on(stage: Stage, note: bytes) -> None:
    """Muted sound moves, and comes back at once."""
    stage.do(Load(1, note))
    stage.play(1)
    stage.do(SetMuted(muted=True))
    stage.play(0.02)
    assert not any(stage.play(1))
    stage.do(SetMuted(muted=False))
    assert stage.status.position_ms == pytest.approx(2020, abs=101)
    heard = stage.play(0.1)[2 * FADE :]
    assert find(NOISE, heard) == round(2.02 * 48_000) + FADE


def test_positions_come_at_most_ten_times_a_second(stage: Stage, note: bytes) -> None:
    """Each is the media time of what is heard, and none goes back."""
    stage.do(Load(3, note))
    stage.play(4)
    told = stage.told(PositionChanged)
    assert 38 <= len(told) <= 41
    places = [event.position_ms for event in told]
    assert places == sorted(places)
    assert places[-1] == pytest.approx(4000, abs=120)
    assert {event.generation for event in told} == {3}


def test_the_latency_of_the_output_is_taken_off(note: bytes) -> None:
    """The position is that of what is heard, not of what was handed out."""
    stage = Stage(latency_ms=200)
    stage.do(Load(1, note))
    stage.play(2)
    assert stage.told(PositionChanged)[-1].position_ms == pytest.approx(1800, abs=120)


def test_another_note_takes_over(stage: Stage, note: bytes, tmp_path: Path) -> None:
    """Events after a load carry its generation; the sounds fade into each other."""
    other = noise(2, seed=2)
    path = tmp_path / "other.wav"
    path.write_bytes(wav(other))
    stage.do(Load(1, note))
    stage.play(0.5)
    mark = len(stage.events)
    stage.do(Load(2, os.fsencode(path)))
    heard = stage.play(0.5)
    assert find(other, heard[2 * 2 * FADE : -2]) == 2 * FADE - FADE // 2
    for event in stage.events[mark:]:
        generation = (
            event.status.generation
            if isinstance(event, StateChanged)
            else getattr(event, "generation", 2)
        )
        assert generation == 2


def test_of_many_loads_only_the_last_counts(stage: Stage, note: bytes) -> None:
    """Who runs through a list hears nothing of what was passed."""
    stage.do(*(Load(n, note, position_ms=n) for n in range(1, 30)))
    assert {event.status.generation for event in stage.told(StateChanged)} == {29}


def test_a_held_note_outlives_its_name(stage: Stage, note: bytes) -> None:
    """A file that vanishes while it is played can be played on, and sought in."""
    stage.do(Load(1, note))
    stage.play(0.5)
    Path(os.fsdecode(note)).unlink()
    stage.do(Seek(6000))
    assert find(NOISE, stage.play(0.5)[2000:]) > 6 * 48_000
    stage.play(3)
    assert state(stage) == PlayerState.ENDED
    stage.do(Play())
    assert state(stage) == PlayerState.PLAYING


def test_a_note_that_is_cut_while_it_plays(stage: Stage, note: bytes) -> None:
    """What is left is played, and then it is over."""
    stage.do(Load(1, note))
    stage.play(0.5)
    os.truncate(note, 200_000)
    stage.play(4)
    assert state(stage) == PlayerState.ENDED
    assert not stage.told(Failed)
    assert stage.status.duration_ms is not None
    assert stage.status.duration_ms < 6000  # FFmpeg had read some more already


def test_a_failed_note_leaves_the_engine_well(stage: Stage, note: bytes) -> None:
    """The reason is told, and the next note plays; play tries the failed one again."""
    stage.do(Load(1, note))
    stage.play(0.2)
    gone = note + b".gone"
    stage.do(Load(2, gone, position_ms=1000))
    assert state(stage) == PlayerState.FAILED
    assert stage.told(Failed) == [Failed(2, gone, "vanished")]
    stage.do(Seek(5), SetSpeed(1.5), SetSpeed(1.0), Pause())
    assert state(stage) == PlayerState.FAILED
    Path(os.fsdecode(note)).rename(os.fsdecode(gone))
    stage.do(Play())
    assert state(stage) == PlayerState.PLAYING
    stage.play(0.2)
    assert find(NOISE, stage.play(0.2)) >= 48_000


def test_a_listener_that_fails_does_not_silence(note: bytes) -> None:
    """The engine goes on when whoever listens breaks."""
    stage = Stage()

    def fail(event: object) -> None:
        raise RuntimeError(event)

    stage.engine._listener = fail
    stage.do(Load(1, note))
    assert find(NOISE, after_fade(stage.play(0.5))) == FADE


def test_a_decoder_that_is_late_makes_no_noise(stage: Stage, note: bytes) -> None:
    """When the ring runs dry, the sound fades out, and in again when there is more."""
    stage.do(Load(1, note))
    dry = stage.play(1.0, work=False)
    assert not any(dry[-2 * 2000 :])
    assert stage.engine._mixer.starved == 1
    stage.settle()
    again = stage.play(0.3)
    first = find(NOISE, sounding(dry)[2 * FADE : 4 * FADE])
    assert first == FADE
    assert find(NOISE, sounding(again)[2 * FADE : -2]) > 0
    assert stage.engine._mixer.starved == 1


def test_a_decoder_that_breaks_plays_what_there_is(
    stage: Stage, note: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that nobody foresaw ends the note, not the engine."""
    stage.do(Load(1, note))
    deck = stage.engine._deck
    assert deck is not None

    def broken(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(deck, "_blocks", map(broken, [1]))
    stage.play(1)
    assert state(stage) == PlayerState.ENDED
    stage.do(Play())
    stage.play(0.2)
    assert state(stage) == PlayerState.PLAYING


def test_a_lossy_note_seeks_like_it_plays(stage: Stage, tmp_path: Path) -> None:
    """Opus decodes to the same samples after a seek as in one go."""
    path = tmp_path / "chirp.opus"
    path.write_bytes(opus(chirp(6)))
    stage.do(Load(1, os.fsencode(path)))
    whole = sounding(stage.play(7))
    stage.do(Seek(3210), Play())
    part = stage.play(0.5)[2 * 2 * FADE : -2]
    assert find(whole, part) == pytest.approx(3210 * 48 + 2 * FADE, abs=2 * FADE)
