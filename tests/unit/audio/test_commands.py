"""What later commands make vain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.audio._commands import (
    ListOutputs,
    Load,
    Pause,
    Play,
    Prepare,
    PrepareNothing,
    Quit,
    Seek,
    SeekBy,
    SetBoost,
    SetLevel,
    SetLoop,
    SetMuted,
    SetOutput,
    SetSpeed,
    SetVolume,
    Stop,
    Toggle,
    coalesce,
)

if TYPE_CHECKING:
    from tui.audio._commands import Command


def test_nothing_is_left_out_without_need() -> None:
    """The order of commands that do not touch each other stays."""
    commands: list[Command] = [
        Load(1, b"/a"),
        Pause(),
        Seek(5),
        Play(),
        SeekBy(7),
        Toggle(),
        SetSpeed(2.0),
        SetVolume(0.5),
        SetMuted(muted=True),
        SetMuted(muted=False),
        SetVolume(0.7),
    ]
    assert coalesce(commands) == commands
    assert coalesce([]) == []


def test_seeks_add_up() -> None:
    """An absolute one replaces what was before, relative ones are summed."""
    assert coalesce([SeekBy(5), SeekBy(-2)]) == [SeekBy(3)]
    assert coalesce([SeekBy(5), Seek(100), SeekBy(-2)]) == [Seek(98)]
    assert coalesce([Seek(3), SeekBy(-5), SeekBy(5)]) == [Seek(5)]
    assert coalesce([Seek(3), Pause(), SeekBy(-5)]) == [Seek(3), Pause(), SeekBy(-5)]


def test_settings_replace_each_other() -> None:
    """Of a held key only the last value counts."""
    assert coalesce([SetSpeed(1.1), SetSpeed(1.2)]) == [SetSpeed(1.2)]
    assert coalesce([SetVolume(0.1), SetVolume(0.2)]) == [SetVolume(0.2)]


def test_another_note_makes_transport_vain() -> None:
    """What was said about an older note is forgotten; settings are not."""
    commands: list[Command] = [
        Load(1, b"/a"),
        SetSpeed(2.0),
        Seek(5),
        SetMuted(muted=True),
        Play(),
        Load(2, b"/b"),
        Pause(),
    ]
    assert coalesce(commands) == [
        SetSpeed(2.0),
        SetMuted(muted=True),
        Load(2, b"/b"),
        Pause(),
    ]
    assert coalesce([Load(1, b"/a"), Play(), Stop()]) == [Stop()]


def test_what_follows_is_of_one_recording() -> None:
    """Of two that shall follow the last one counts; another note forgets both."""
    first, second = Prepare(2, b"/b"), Prepare(3, b"/c")
    assert coalesce([first, second]) == [second]
    assert coalesce([first, PrepareNothing()]) == [PrepareNothing()]
    loop = SetLoop(1, 2)
    assert coalesce([first, loop, Load(4, b"/d")]) == [Load(4, b"/d")]
    assert coalesce([SetLoop(5, 6), loop]) == [loop]


def test_the_output_is_of_no_recording() -> None:
    """A load makes neither its choice nor the question for it vain."""
    commands: list[Command] = [SetLevel(level=True), SetBoost(3.0), SetOutput("null")]
    commands += [ListOutputs(), Load(4, b"/d")]
    assert coalesce(commands) == commands


def test_quit_is_all_that_counts() -> None:
    """Who quits does not wait for a load."""
    assert coalesce([Load(1, b"/a"), Quit(), Play()]) == [Quit()]
