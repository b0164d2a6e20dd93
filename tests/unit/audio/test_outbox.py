"""What the engine's process tells: in order, bounded, ten positions a second."""

from __future__ import annotations

from tui.audio._events import (
    Ended,
    PlayerStatus,
    PositionChanged,
    StateChanged,
)
from tui.audio._outbox import Outbox
from tui.audio._wire import Pong


def test_the_first_position_is_told_at_once() -> None:
    """Nothing was told before, so nothing has to be waited for."""
    outbox = Outbox()
    outbox.put(PositionChanged(1, 5))
    assert outbox.take(100.0) == ([PositionChanged(1, 5)], None)


def test_positions_are_told_ten_times_a_second_and_only_the_newest() -> None:
    """Two hundred positions a second become ten, the last one among them."""
    outbox = Outbox()
    told = []
    for tick in range(400):
        outbox.put(PositionChanged(1, tick * 5))
        messages, _ = outbox.take(tick / 200)
        told += messages
    assert 19 <= len(told) <= 21
    assert told == sorted(told, key=lambda each: getattr(each, "position_ms", 0))
    messages, wait = outbox.take(399 / 200)
    assert messages == []
    assert wait is not None
    assert outbox.take(399 / 200 + wait)[0] == [PositionChanged(1, 1995)]


def test_a_state_replaces_the_position_that_waits() -> None:
    """It tells the position too, and a newer one: an older must not follow."""
    outbox = Outbox()
    outbox.take(0.0)
    outbox.put(PositionChanged(1, 5))
    outbox.put(StateChanged(PlayerStatus(position_ms=7)))
    assert outbox.take(0.0) == ([StateChanged(PlayerStatus(position_ms=7))], None)
    assert outbox.take(9.0) == ([], None)


def test_the_last_position_comes_before_the_end() -> None:
    """Who counts what was heard needs it."""
    outbox = Outbox()
    outbox.put(PositionChanged(1, 1))
    outbox.take(0.0)
    outbox.put(PositionChanged(1, 90))
    outbox.put(Ended(1))
    assert outbox.take(0.01)[0] == [PositionChanged(1, 90), Ended(1)]


def test_a_reader_that_stopped_costs_bounded_memory() -> None:
    """The terminal may be suspended for hours while the engine plays."""
    outbox = Outbox()
    for number in range(100_000):
        outbox.put(Pong(number))
        outbox.put(PositionChanged(1, number))
    messages, _ = outbox.take(0.0)
    assert len(messages) < 1000
    assert messages[-1] == PositionChanged(1, 99_999)
    assert messages[-2] == Pong(99_999)
