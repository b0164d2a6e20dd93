"""What the user of the sample library marked already: a backup, as `restore` reads it.

Marks hang on the content of recordings, so they are there before the notes are found.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from tui.demo._phone import clip
from tui.demo._script import ARRIVALS, LIBRARY

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["marks"]

_DAY_MS = 86_400_000
_MARKS: dict[str, dict[str, Any]] = {
    "recipe": {
        "star": True,
        "tags": ["recipe"],
        "comment": "for Sunday, ask her about the oven",
        "bookmarks": {3_000: "flour", 7_200: "wait"},
    },
    "apples": {"tags": ["family", "recipe"]},
    "meeting": {"tags": ["work/plan"], "title": "New time, bring the plan"},
    "keys": {"star": True},
    "frogs": {"star": True, "tags": ["family"], "title": "Frogs by the river"},
    "parcel": {"tags": ["family"]},
}
"""By clip."""
_SEARCHES = {"The boat": "boat or saturday", "To hear from Ana": "from:Ana -is:played"}


def marks(now: datetime) -> bytes:
    """Write the marks as a backup.

    Args:
        now: The local time.
    """
    set_ms = int(now.timestamp() * 1000) - _DAY_MS
    lines = {line.clip: line for line in (*LIBRARY, *ARRIVALS)}
    recordings = []
    for name, given in _MARKS.items():
        data = clip(lines[name])
        # As the library names a recording of this size: by all of its bytes.
        content = hashlib.blake2b(data, digest_size=32).hexdigest()
        recordings.append({"hash": content, **_values(given, set_ms)})
    backup = {
        "format": "earmark-backup",
        "version": 1,
        "made_at": now.astimezone().isoformat(timespec="seconds"),
        "saved_searches": [
            {"name": name, "query": query, "set_ms": set_ms}
            for name, query in _SEARCHES.items()
        ],
        "recordings": sorted(recordings, key=lambda each: str(each["hash"])),
    }
    return json.dumps(backup).encode()


def _values(given: dict[str, Any], set_ms: int) -> dict[str, Any]:
    """Give each value the time when it was set."""
    values: dict[str, Any] = {}
    if given.get("star"):
        values["star"] = {"on": True, "set_ms": set_ms}
    for field in ("title", "comment"):
        if field in given:
            values[field] = {"text": given[field], "set_ms": set_ms}
    if "tags" in given:
        values["tags"] = [{"name": tag, "set_ms": set_ms} for tag in given["tags"]]
    if "bookmarks" in given:
        values["bookmarks"] = [
            {"at_ms": at_ms, "text": text, "set_ms": set_ms}
            for at_ms, text in given["bookmarks"].items()
        ]
    return values
