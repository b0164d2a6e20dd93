"""Deals the tests out to the workers, so that the processors are busy until the end.

The groups, each of which one worker runs alone, come first, and with them the tests of
real programs: they mostly wait. So that another one computes all the while, the last
worker begins at the other end, with the unit tests, and gives way to sounds. A function
is dealt with all that it is parametrised with.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from typing_extensions import override
from xdist.scheduler import LoadGroupScheduling

if TYPE_CHECKING:
    import pytest
    from xdist.workermanage import WorkerController

__all__ = ["Dealing", "groups_first", "stand_back"]

_NICE = 10


def groups_first(items: list[pytest.Item]) -> None:
    """Put the tests that one worker must run alone in front; the rest stays so."""
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)


@cache
def stand_back() -> None:
    """Let this worker give way to one that has to be in time for a sound."""
    os.nice(_NICE)


class Dealing(LoadGroupScheduling):  # type: ignore[misc]  # it is not typed
    """Deals groups and functions, from both ends of what was collected.

    What has been run is forgotten: xdist's own scheduler counts at each report through
    all that a worker ever got, which among ten thousand tests takes eleven seconds.
    """

    @override
    def _split_scope(self, nodeid: str) -> str:
        scope: str = super()._split_scope(nodeid)
        return scope.partition("[")[0]

    @override
    def _assign_work_unit(self, node: WorkerController) -> None:
        if len(self.nodes) > 1 and node is self.nodes[-1]:
            self.workqueue.move_to_end(next(reversed(self.workqueue)), last=False)
        super()._assign_work_unit(node)

    @override
    def mark_test_complete(
        self, node: WorkerController, item_index: int, duration: float = 0
    ) -> None:
        super().mark_test_complete(node, item_index, duration)
        scope = self._split_scope(self.registered_collections[node][item_index])
        if all(self.assigned_work[node][scope].values()):
            del self.assigned_work[node][scope]
