"""Values that no Earmark writes, met while reading: an error in words, not a crash.

The next start looks thoroughly at the file and puts them right, see `_sound.py`.
"""

from __future__ import annotations

from contextlib import suppress
from functools import wraps
from types import GeneratorType
from typing import TYPE_CHECKING, Any, TypeVar

from tui.errors import DamagedError, LibraryError
from tui.library._connection import DAMAGED, suspect_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["in_words"]

_Class = TypeVar("_Class")
_Item = TypeVar("_Item")


def in_words(cls: type[_Class]) -> type[_Class]:
    """Let the public methods of a class tell of unknown values in words.

    Args:
        cls: A class whose objects have a `_store`.
    """
    for name, function in list(vars(cls).items()):
        if not name.startswith("_") and hasattr(function, "__code__"):
            setattr(cls, name, _answering(function))
    return cls


def _answering(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def answer(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # any method
        try:
            found = function(self, *args, **kwargs)
        except _FAULTS as error:
            _refuse(self, error)
            raise
        return _guarded(self, found) if isinstance(found, GeneratorType) else found

    return answer


def _guarded(reader: Any, found: Iterator[_Item]) -> Iterator[_Item]:  # noqa: ANN401  # any class
    try:
        yield from found
    except _FAULTS as error:
        _refuse(reader, error)
        raise


_FAULTS = (KeyError, IndexError, ValueError, OverflowError, LibraryError)


def _refuse(reader: Any, error: Exception) -> None:  # noqa: ANN401  # any of the classes
    """Raise an error in words, unless it is one already."""
    if isinstance(error, LibraryError) and "decode" not in error.reason:
        return
    path = reader._store.path  # noqa: SLF001  # this is a part of the class
    import logging  # brings threads, which the first screen does without

    log = logging.getLogger(__name__)
    log.warning("%s holds something unknown: %r", path, error)
    with suppress(OSError):
        suspect_path(path).touch()
    raise DamagedError(path, DAMAGED) from error
