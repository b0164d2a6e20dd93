"""What tests of a page's engine share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.web_stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Give a stage."""
    made = Stage(tmp_path)
    yield made
    made.engine.close()
