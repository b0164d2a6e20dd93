"""The user's own editor, on a file that is gone afterwards."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tui.errors import DataError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["edit_text", "editor_command"]

_USUAL = ("sensible-editor", "editor", "nano", "vim", "vi")
_VARIABLES = ("VISUAL", "EDITOR")
_NAME = "comment.txt"


def editor_command(environ: Mapping[str, str] = os.environ, own: str = "") -> list[str]:
    """Tell which editor to start.

    Args:
        environ: Where VISUAL and EDITOR may be set.
        own: The command that the settings name; empty for none.

    Raises:
        UsageError: There is none.
    """
    named = {"editor": own, **{name: environ.get(name, "") for name in _VARIABLES}}
    for name, value in named.items():
        if not value.strip():
            continue
        try:
            words = shlex.split(value)
        except ValueError as error:
            raise UsageError(f"{name} can't be understood: {error}") from None
        if shutil.which(words[0]) is None:
            raise UsageError(f"the editor {words[0]} that {name} names is not here")
        return words
    for name in _USUAL:
        if shutil.which(name) is not None:
            return [name]
    raise UsageError("no editor is here; VISUAL or EDITOR may name one")


def _places() -> Iterator[str]:
    """Folders for a file that lives for a moment, the most private first."""
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        yield runtime
    yield tempfile.gettempdir()
    yield str(Path.home())


def _folder(sources: Sequence[bytes]) -> Path:
    """Make a folder that only the user can read, outside of every source."""
    roots = [Path(os.fsdecode(root)).resolve() for root in sources]
    why = "it is in a source, as is every other place"
    for place in _places():
        here = Path(place).resolve()
        if any(here.is_relative_to(root) for root in roots):
            continue
        try:
            return Path(tempfile.mkdtemp(prefix="earmark-", dir=here))
        except OSError as error:
            why = error.strerror or str(error)
    raise DataError(tempfile.gettempdir(), f"no file can be made for the editor: {why}")


def edit_text(
    text: str,
    sources: Sequence[bytes],
    environ: Mapping[str, str] = os.environ,
    own: str = "",
) -> str:
    """Have text edited; returns when the editor ends.

    Args:
        text: The text.
        sources: The roots of the sources, in which nothing is ever written.
        environ: Where VISUAL and EDITOR may be set.
        own: The command that the settings name; empty for none.

    Returns:
        The text as it is then.

    Raises:
        UsageError: There is no editor, or it failed.
        DataError: There is no place for the file, or it can't be read again.
    """
    command = editor_command(environ, own)
    folder = _folder(sources)
    try:
        path = folder / _NAME
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
        try:
            code = subprocess.run([*command, str(path)], check=False).returncode
        except OSError as error:
            why = error.strerror or str(error)
            raise UsageError(f"{command[0]} can't be started: {why}") from None
        if code:
            raise UsageError(f"{command[0]} failed with {code}: the text stays")
        try:
            return path.read_text(encoding="utf-8", errors="replace").rstrip("\n")
        except OSError as error:
            raise DataError(path, error.strerror or str(error)) from None
    finally:
        # Editors leave copies and swap files beside it.
        shutil.rmtree(folder, ignore_errors=True)
