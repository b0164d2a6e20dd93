"""Folders of recordings for tests: the demo's, without any document about them."""

from __future__ import annotations

import os
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tui.demo import ARRIVALS, CLIPS, LIBRARY
from tui.sources import week_folder

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["write_phone"]

_VOICE_NOTES = Path("WhatsApp", "Media", "WhatsApp Voice Notes")
_IN_WHATSAPP = frozenset({"Ida", "Leo"})
"""Whose recordings are WhatsApp's, so that nothing names their chat."""


def write_phone(root: Path, now: datetime) -> list[Path]:
    """Write 18 recordings: folders of Ana, Bob and Mum, and WhatsApp's.

    Args:
        root: The folder to begin at.
        now: The local time that their dates count back from.

    Returns:
        The files, relative to the root, oldest first.
    """
    lines = [(now - timedelta(days=line.days_ago, hours=2), line) for line in LIBRARY]
    step = timedelta(minutes=6)
    start = now - step * len(ARRIVALS)
    lines += [(start + step * n, line) for n, line in enumerate(ARRIVALS)]
    lines.sort(key=lambda pair: pair[0])
    numbers: Counter[str] = Counter()
    written = []
    for at, (moment, line) in enumerate(lines):
        then = moment + timedelta(seconds=at)
        if line.who in _IN_WHATSAPP:
            day = f"{then:%Y%m%d}"
            name = f"PTT-{day}-WA{numbers[day]:04}.opus"
            numbers[day] += 1
            path = _VOICE_NOTES / week_folder(then.date()) / name
        else:
            path = Path(line.who, f"{then:%Y-%m-%d %H-%M-%S}.opus")
        written.append(path)
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes((CLIPS / f"{line.clip}.opus").read_bytes())
        stamp = then.timestamp()
        os.utime(file, (stamp, stamp))
    return written
