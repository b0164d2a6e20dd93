"""How notes sound: what counts, what is remembered, and for what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.playback.conftest import Desk
from tui.audio import Sound
from tui.model import ChatId, ChatKind, NoteId, SoundScope, SoundSettings
from tui.playback import Defaults, Habits
from tui.playback._sounds import resolve

NOTE, SENDER, CHAT, ALL = SoundScope
USUAL = Sound(speed=1.2, skip=1)


@pytest.mark.parametrize(
    ("said", "expected", "scope"),
    [
        ({}, 1.2, None),
        ({ALL: 1.5}, 1.5, ALL),
        ({ALL: 1.5, CHAT: 1.6}, 1.6, CHAT),
        ({ALL: 1.5, CHAT: 1.6, SENDER: 1.7}, 1.7, SENDER),
        ({NOTE: 1.0, ALL: 1.5, CHAT: 1.6, SENDER: 1.7}, 1.0, NOTE),
        ({SENDER: None, CHAT: 1.6}, 1.6, CHAT),
        ({ALL: 99.0}, 4.0, ALL),
    ],
)
def test_the_narrowest_counts(
    said: dict[SoundScope, float | None], expected: float, scope: SoundScope | None
) -> None:
    """Note, sender, chat, all; then the settings. A strange value is clamped."""
    settings = {each: SoundSettings(speed=speed) for each, speed in said.items()}
    found = resolve(settings, Defaults(USUAL))
    assert found.sound == replace(USUAL, speed=expected)
    assert found.scopes.get("speed") is scope


def test_each_setting_counts_for_itself() -> None:
    """A sender may have a speed, a chat the level, all notes the pauses."""
    said = {
        SENDER: SoundSettings(speed=2.0),
        CHAT: SoundSettings(speed=3.0, level=False, boost_db=6.0),
        ALL: SoundSettings(level=True, skip=0),
    }
    found = resolve(said, Defaults(USUAL))
    assert found.sound == Sound(speed=2.0, skip=0, level=False, boost_db=6.0)
    assert found.scopes == {
        "speed": SENDER,
        "level": CHAT,
        "boost_db": CHAT,
        "skip": ALL,
    }


@pytest.mark.parametrize(
    ("scope", "insisted", "commanded"), [(ALL, 2.0, 3.0), (CHAT, 1.5, 3.0)]
)
def test_what_is_said_for_this_run(
    scope: SoundScope, insisted: float, commanded: float
) -> None:
    """Counts more than what is remembered for all; for just these notes, than all."""
    said = {scope: SoundSettings(speed=1.5)}
    this_run = Defaults(USUAL, insisted=SoundSettings(speed=2.0))
    assert resolve(said, this_run).sound.speed == insisted
    just_these = this_run._replace(commanded=SoundSettings(speed=3.0))
    assert resolve(said, just_these).sound.speed == commanded


def test_a_note_is_loaded_as_it_shall_sound(desk: Desk) -> None:
    """At once, with the loudness that is known of it."""
    desk.library.set_sound(NoteId(12), SENDER, SoundSettings(speed=1.5))
    desk.library.loudness[NoteId(12)] = -31.5
    desk.play(12)
    assert desk.player.sounds == [Sound(speed=1.5, lufs=-31.5)]
    now = desk.now
    assert (now.speed, now.speed_from) == (1.5, SENDER)
    assert now.sounds == {SENDER: SoundSettings(speed=1.5)}


@pytest.mark.parametrize(
    ("remember", "sender", "kind", "said", "scope"),
    [
        (SENDER, "Ana", ChatKind.DIRECT, (), SENDER),
        (SENDER, None, ChatKind.DIRECT, (), CHAT),
        (SENDER, None, ChatKind.UNMATCHED, (), ALL),
        (SENDER, "Ana", ChatKind.DIRECT, (NOTE, CHAT), NOTE),
        (SENDER, "Ana", ChatKind.DIRECT, (CHAT,), SENDER),
        (CHAT, "Ana", ChatKind.DIRECT, (), CHAT),
        (CHAT, "Ana", ChatKind.DIRECT, (SENDER,), SENDER),
        (ALL, "Ana", ChatKind.DIRECT, (), ALL),
        (ALL, "Ana", ChatKind.DIRECT, (CHAT, ALL), CHAT),
    ],
)
def test_what_a_speed_is_remembered_for(
    remember: SoundScope,
    sender: str | None,
    kind: ChatKind,
    said: tuple[SoundScope, ...],
    scope: SoundScope,
) -> None:
    """So that it counts: where something narrower says it, there."""
    desk = Desk(Habits(remember=remember))
    desk.library.mark(12, sender=sender)
    desk.library.kinds[ChatId(1)] = kind
    for each in said:
        desk.library.set_sound(NoteId(12), each, SoundSettings(speed=1.1, skip=2))
    desk.play(12)
    desk.playback.set_speed(1.8)
    now = desk.now
    assert (now.speed, now.speed_from) == (1.8, scope)
    skip = 2 if scope in said else None
    assert desk.library.sounds(NoteId(12))[scope] == SoundSettings(speed=1.8, skip=skip)
    assert desk.player.asked == ["speed 1.8"]


def test_all_four_settings_are_remembered(desk: Desk) -> None:
    """Within their limits, each at once on the player."""
    desk.play(12)
    playback = desk.playback
    playback.set_speed(9)
    playback.set_skip(7)
    playback.set_level(True)
    playback.set_boost(99)
    now = playback.now
    assert (now.speed, now.skip, now.level, now.boost_db) == (4.0, 3, True, 24.0)
    desk.run()
    settings = SoundSettings(4.0, 24.0, True, 3)
    assert desk.library.remembered == {(SENDER, "Ana"): settings}
    assert desk.player.asked == ["speed 9", "skip 7", "level True", "boost 99"]


def test_nothing_is_remembered_that_nobody_changed(desk: Desk) -> None:
    """Neither by playing, nor by asking for what is anyway."""
    desk.play(12)
    desk.playback.set_speed(1.0)
    desk.player.ends()
    desk.run()
    desk.playback.stop()
    desk.run()
    assert desk.library.remembered == {}


def test_without_a_note_it_is_for_all(desk: Desk) -> None:
    """And holds at the next start, more than the usual settings."""
    desk.playback.set_speed(1.4)
    assert desk.now.speed_from is ALL
    assert desk.library.remembered == {(ALL, 0): SoundSettings(speed=1.4)}
    desk.begin(Habits(defaults=Defaults(USUAL)))
    assert (desk.now.speed, desk.now.skip) == (1.4, 1)


def test_a_key_counts_more_than_an_option_before_it() -> None:
    """Though what is remembered for all notes counts less than the option."""
    insisted = SoundSettings(speed=2.0, skip=3)
    defaults = Defaults(Sound(speed=2.0, skip=3), insisted)
    desk = Desk(Habits(remember=ALL, defaults=defaults))
    desk.library.set_sound(None, ALL, SoundSettings(speed=1.3))
    desk.play(12)
    assert desk.now.speed == 2.0
    desk.playback.set_speed(1.7)
    desk.run()
    desk.play(21)
    assert (desk.now.speed, desk.now.skip) == (1.7, 3)


def test_another_sender_sounds_otherwise(desk: Desk) -> None:
    """And back again, though the library has not written it yet."""
    desk.library.is_slow = True
    desk.library.mark(13, sender="Bob")
    desk.play(12)
    desk.playback.set_speed(1.5)
    desk.run()
    desk.play(13)
    assert desk.now.speed == 1.0
    desk.play(14)
    assert (desk.now.speed, desk.now.speed_from) == (1.5, SENDER)
    desk.library.is_slow = False
    desk.library.set_sound(NoteId(12), SENDER, SoundSettings(speed=1.5))
    desk.play(12)
    desk.library.set_sound(NoteId(12), SENDER, SoundSettings(speed=1.9))
    desk.play(14)
    assert desk.now.speed == 1.9  # what was written is believed from then on


def test_a_sound_is_remembered_and_forgotten(desk: Desk) -> None:
    """For what the user says: as it sounds now, as told, or not any more."""
    desk.play(12)
    desk.playback.set_boost(6)
    desk.playback.remember_sound(NOTE, None)
    assert desk.now.sounds[NOTE] == SoundSettings(1.0, 6.0, False, 0)
    desk.playback.remember_sound(NOTE, SoundSettings(speed=2.0))
    now = desk.now
    assert (now.speed, now.speed_from, now.boost_db) == (2.0, NOTE, 6.0)
    desk.playback.remember_sound(SENDER, SoundSettings())
    desk.playback.remember_sound(NOTE, SoundSettings())
    now = desk.now
    assert (now.speed, now.speed_from, now.boost_db) == (1.0, None, 0.0)
    assert now.sounds == {}


def test_forgetting_counts_before_it_is_written(desk: Desk) -> None:
    """What the library still has is not believed."""
    desk.library.set_sound(NoteId(12), CHAT, SoundSettings(speed=1.5))
    desk.library.is_slow = True
    desk.play(12)
    desk.playback.remember_sound(CHAT, SoundSettings())
    assert desk.now.speed == 1.0


@pytest.mark.parametrize(
    ("note_id", "scope", "message"),
    [
        (None, NOTE, "No note is playing"),
        (None, SENDER, "No note is playing"),
        (12, SENDER, "The sender of this note is not known"),
        (12, CHAT, "The chat of this note is not known"),
        (12, NOTE, ""),
        (None, ALL, ""),
    ],
)
def test_what_nothing_can_be_remembered_for(
    desk: Desk, note_id: int | None, scope: SoundScope, message: str
) -> None:
    """That is told, and nothing is written."""
    desk.library.mark(12, sender=None)
    desk.library.kinds[ChatId(1)] = ChatKind.UNMATCHED
    if note_id is not None:
        desk.play(note_id)
    desk.playback.remember_sound(scope, None)
    assert desk.now.message == message
    assert bool(desk.library.remembered) is (message == "")


def test_a_key_between_two_notes_is_not_lost(desk: Desk) -> None:
    """Another note began before the key was dealt with: it counts for that one."""
    desk.library.mark(13, sender="Bob")
    desk.play(12)
    desk.playback.next()
    desk.playback.set_speed(1.7)
    desk.playback.set_speed(1.8)
    now = desk.now
    assert (now.note_id, now.speed, now.speed_from) == (13, 1.8, SENDER)
    assert desk.player.status.speed == 1.8
    assert (SENDER, "Ana") not in desk.library.remembered


def test_keys_in_a_row_are_not_undone_on_the_way(desk: Desk) -> None:
    """The player is told once for each: nothing swings back and forth."""
    desk.play(12)
    for speed in (1.1, 1.2, 1.3):
        desk.playback.set_speed(speed)
    desk.run()
    assert desk.player.asked == ["speed 1.1", "speed 1.2", "speed 1.3"]


def test_stopping_gives_the_usual_sound_back(desk: Desk) -> None:
    """The next key is for all notes, and begins from what holds for all."""
    desk.play(12)
    desk.playback.set_speed(1.5)
    desk.playback.stop()
    assert (desk.now.speed, desk.now.speed_from) == (1.0, None)


def test_a_note_that_is_assigned_sounds_as_its_sender(desk: Desk) -> None:
    """At once; another change of the note leaves the sound alone."""
    desk.library.set_sound(NoteId(21), SENDER, SoundSettings(speed=1.5))
    desk.library.remembered[SENDER, "Bob"] = SoundSettings(speed=2.0)
    desk.play(12)
    desk.library.mark(12, star=True)
    desk.playback.library_changed(desk.library.change(12))
    desk.run()
    assert desk.player.asked == []
    desk.library.mark(12, sender="Bob")
    desk.playback.library_changed(desk.library.change(12))
    assert desk.now.speed == 2.0


def test_loudness_is_told_once_it_was_measured(desk: Desk) -> None:
    """What was known at the start is not told again."""
    desk.play(12)
    generation = desk.player.status.generation
    desk.library.loudness[NoteId(12)] = -24.0
    desk.playback.library_changed(desk.library.change(12))
    desk.playback.library_changed(desk.library.change(12))
    desk.run()
    assert desk.player.asked == [f"loudness {generation} -24.0"]
