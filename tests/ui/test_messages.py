"""What the queue of messages may leave out, and what it may not."""

from __future__ import annotations

from textual import on
from textual.app import App

from tui.messages import IndexerChanged
from tui.services import IndexerStatus


async def test_no_problem_is_left_out() -> None:
    """Only what the indexer does gives way to newer; what went wrong is told."""
    shown: list[str] = []

    class Listener(App[None]):
        @on(IndexerChanged)
        def _note(self, message: IndexerChanged) -> None:
            shown.append(message.status.text or message.status.problem)

    app = Listener()
    async with app.run_test() as pilot:
        for status in (
            IndexerStatus("one"),
            IndexerStatus("two"),
            IndexerStatus(problem="bad"),
            IndexerStatus(problem="worse"),
            IndexerStatus("three"),
            IndexerStatus("four"),
        ):
            app.post_message(IndexerChanged(status))
        await pilot.pause()
    assert shown == ["bad", "worse", "four"]
