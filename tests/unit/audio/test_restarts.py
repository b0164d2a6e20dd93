"""When an engine that ended is started again."""

from __future__ import annotations

from tui.audio._restarts import Restarts


def _end(restarts: Restarts, begun: float, ended: float) -> float:
    restarts.begun(begun)
    return restarts.ended(ended)


def test_the_first_end_is_answered_at_once() -> None:
    """A single crash costs no more than the start of a process."""
    assert _end(Restarts(), 0.0, 100.0) == 0.0


def test_it_waits_longer_each_time() -> None:
    """An engine that can't live must not take a core."""
    restarts = Restarts()
    delays = [_end(restarts, float(at), at + 0.5) for at in range(9)]
    assert delays == sorted(delays)
    assert delays[-1] == 30.0


def test_three_ends_in_ten_seconds_are_hopeless() -> None:
    """Then the recording is to blame."""
    restarts = Restarts()
    _end(restarts, 0.0, 1.0)
    _end(restarts, 1.0, 5.0)
    assert not restarts.is_hopeless
    _end(restarts, 5.0, 10.5)
    assert restarts.is_hopeless


def test_ends_far_apart_are_no_loop() -> None:
    """A crash every now and then only costs its silence."""
    restarts = Restarts()
    for at in range(0, 100, 6):
        _end(restarts, float(at), at + 5.5)
        assert not restarts.is_hopeless


def test_another_recording_has_all_chances_again() -> None:
    """What the user asks for is tried, whatever happened before."""
    restarts = Restarts()
    for at in range(5):
        _end(restarts, float(at), at + 0.5)
    restarts.asked()
    assert not restarts.is_hopeless
    assert _end(restarts, 6.0, 6.5) == 0.0
