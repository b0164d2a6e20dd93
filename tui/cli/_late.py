"""Engines that are made when they are first used.

The first screen needs the library to read from, and nothing else. What plays, indexes
and writes marks is imported and made once that screen is there: 20 ms later, in which
keys are answered.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["late"]

_T = TypeVar("_T")


class _Late:
    """Makes an object for the first of its attributes that is asked for."""

    def __init__(self, make: Callable[[], object]) -> None:
        self._made = cache(make)

    def __getattr__(self, name: str) -> object:
        return getattr(self._made(), name)


def late(make: Callable[[], _T]) -> _T:
    """Stand for an object that is made, once, when it is first used.

    Args:
        make: Makes it. The first use must be on one thread alone.

    Returns:
        Something to read attributes of and to call methods of.
    """
    return _Late(make)  # type: ignore[return-value]  # it has whatever the object has
