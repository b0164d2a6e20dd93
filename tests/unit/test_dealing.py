"""Tests are dealt to workers one by one, but no group and no function in parts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from xdist.remote import Producer

from tests.support.dealing import Dealing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xdist.workermanage import WorkerController

TESTS = [
    "tests/a.py::test_sound@sound",
    "tests/b.py::test_sound[x]@sound",
    "tests/b.py::test_two[a@b]",
    "tests/b.py::test_two[c]",
    *(f"tests/c.py::test_{number}" for number in range(40)),
    "tests/d.py::test_three[1]",
    "tests/d.py::test_three[2]",
]


class Worker:
    """Takes what it is dealt."""

    shutting_down = False

    def __init__(self, name: str) -> None:
        self.gateway = SimpleNamespace(id=name)
        self.waiting: list[int] = []

    def send_runtest_some(self, indices: Sequence[int]) -> None:
        self.waiting += indices

    def shutdown(self) -> None:
        self.shutting_down = True


def test_all_is_dealt_and_nothing_is_torn_apart(
    pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One worker is quick, one slow: the slow one gets less, but whole groups."""
    monkeypatch.setattr(
        "xdist.scheduler.loadscope.parse_tx_spec_config", lambda _: "12"
    )
    dealing = Dealing(pytestconfig, Producer("dealing", enabled=False))
    workers = [Worker("one"), Worker("other")]
    done: list[list[str]] = [[], []]
    nodes = [cast("WorkerController", worker) for worker in workers]
    for node in nodes:
        dealing.add_node(node)
    for node in nodes:
        dealing.add_node_collection(node, TESTS)
    dealing.schedule()
    for turn in range(10 * len(TESTS)):
        number = 0 if turn % 5 else 1
        if workers[number].waiting:
            index = workers[number].waiting.pop(0)
            done[number].append(TESTS[index])
            dealing.mark_test_complete(nodes[number], index)
    assert sorted(done[0] + done[1]) == sorted(TESTS)
    assert done[0][:4] == TESTS[:4]
    assert done[1][:3] == [*TESTS[-2:], TESTS[-3]]
    assert len(done[0]) > 2 * len(done[1])
    assert dealing.tests_finished
    assert not dealing.has_pending


@pytest.mark.xdist_group("dealing")
def test_a_group_is_told_to_the_scheduler(request: pytest.FixtureRequest) -> None:
    """By the end of a test's name: what pytest and xdist must agree upon."""
    if not hasattr(request.config, "workerinput"):
        pytest.skip("there are no workers")
    assert request.node.nodeid.endswith("@dealing")
