"""Notes as a playlist for mpv, VLC and every other player."""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from tui.export._wording import problem_of, sender_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tui.export._documents import Entry, Head

__all__ = ["PlaylistWriter"]

_DIRECTIVE = re.compile(r"#(?=EXT)", re.IGNORECASE)


class PlaylistWriter:
    """Writes extended M3U in UTF-8. A note without sound is a remark in it."""

    def write(
        self,
        file: IO[bytes],
        head: Head,
        entries: Iterable[Entry],
        tick: Callable[[], None],  # noqa: ARG002  # nothing takes long
    ) -> None:
        """Write it."""
        file.write(f"#EXTM3U\n#PLAYLIST:{_plain(head.title)}\n".encode())
        for entry in entries:
            title = _plain(_title(entry))
            if not entry.href:
                reason = _plain(problem_of(entry) or "no sound")
                file.write(f"# {title}: {reason}\n".encode())
                continue
            seconds = -(-entry.duration_ms // 1000) or -1
            file.write(f"#EXTINF:{seconds},{title}\n".encode() + _place(entry.href))
            file.write(b"\n")


def _title(entry: Entry) -> str:
    words = entry.words
    when = words.date.replace("T", " ")
    chat = "" if words.chat == words.sender else words.chat
    return f"{sender_of(entry)} - {f'{chat} {when}'.strip()}"


def _plain(text: str) -> str:
    """Keep players from reading a directive, which some look for anywhere."""
    return _DIRECTIVE.sub("# ", text)


def _place(href: str) -> bytes:
    """Write where a sound is: players decode addresses, but no relative paths."""
    if href.startswith("file:"):
        return href.encode()
    path = unquote_to_bytes(href)
    # A path is no remark, no address and no option.
    is_plain = path[:1].isalnum() and b":" not in path and path.strip() == path
    return path if is_plain else b"./" + path
