"""Reading a large export of Telegram: speed and memory beside `json.load`.

`python -m tests.bench.telegram [MEGABYTES]`: 200 without a number.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench._product import cache
from tests.bench._table import Table
from tests.support.telegram import (
    Said,
    Speaker,
    Talk,
    chat_json,
    message_json,
    to_bytes,
)

MEGABYTES = 200
RUNS = 3
CHATS = 20
_A_VOICE_IN = 20
"""Of so many messages one is a voice note."""

_START = """
import json, os, sys, time
def peak():
    # Not getrusage: its peak is at least that of the process that started this one.
    with open("/proc/self/status") as file:
        return next(int(x.split()[1]) / 1024 for x in file if x.startswith("VmHWM"))
clock = time.process_time
"""
_OURS = """
from tui.documents._api import Claim, Options
from tui.documents._document import Document
from tui.documents._telegram import TelegramJson
document = Document(os.fsencode(sys.argv[1]))
before, begin, slowest, last = peak(), clock(), 0.0, clock()
count = 0
for told in TelegramJson().read(document, Options()):
    count += isinstance(told, Claim)
    now = clock()
    slowest, last = max(slowest, now - last), now
"""
_LOAD = """
before, begin, slowest = peak(), clock(), 0.0
with open(sys.argv[1], encoding="utf-8") as file:
    count = len(json.load(file))
"""
_RAW = """
before, begin, slowest, count = peak(), clock(), 0.0, 0
with open(sys.argv[1], "rb") as file:
    while data := file.read(1 << 17):
        count += 1
"""
_END = """
print(json.dumps({"seconds": clock() - begin, "peak": peak(),
    "grown": peak() - before, "slowest": slowest, "count": count}))
"""


def _message(number: int, speakers: tuple[Speaker, Speaker]) -> Said:
    is_voice = number % _A_VOICE_IN == 0
    return Said(
        number,
        1_700_000_000 + number,
        speakers[number % 2],
        "voice_message" if is_voice else None,
        f"chats/chat_01/voice_messages/audio_{number}.ogg",
        12,
        "" if is_voice else "Привет, wie geht es dir? " * (1 + number % 4),
    )


def _write(path: Path, megabytes: int) -> int:
    """Write an account's export; gives how many voice notes are in it."""
    me, number, notes = Speaker(5, "Me"), 0, 0
    with path.open("w", encoding="utf-8") as file:
        file.write('{"about": "x",\n "personal_information": {"user_id": 5},\n')
        file.write(' "chats": {"about": "y", "list": [')
        for chat in range(CHATS):
            ana = Speaker(100 + chat, f"Ana {chat}")
            opening = to_bytes(chat_json(Talk("personal_chat", 100 + chat, "Ana", [])))
            comma = "," if chat else ""
            file.write(comma + opening.decode().removesuffix("]\n}"))
            end, comma = megabytes * 1_000_000 * (chat + 1) // CHATS, ""
            while file.tell() < end:
                block = range(number + 1, number + 501)
                number, notes = number + 500, notes + 500 // _A_VOICE_IN
                said = (message_json(_message(n, (me, ana))) for n in block)
                texts = (to_bytes(message).decode() for message in said)
                file.write(comma + ",\n".join(texts))
                comma = ",\n"
            file.write("]}")
        file.write("]}}")
    return notes


def _run(code: str, path: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", _START + code + _END, path],
        capture_output=True,
        text=True,
        check=True,
    )
    result: dict[str, float] = json.loads(done.stdout)
    return result


def main(megabytes: int = MEGABYTES) -> None:
    """Measure and print."""
    table = Table(
        f"Telegram's export of {megabytes} MB (CPU, each in a process of its own)"
    )
    with tempfile.TemporaryDirectory(dir=cache()) as home:
        path = Path(home) / "result.json"
        notes = _write(path, megabytes)
        size = path.stat().st_size / 1e6
        programs = {"raw": _RAW, "ours": _OURS}
        if megabytes <= MEGABYTES:  # it takes five times as much memory
            programs["json.load"] = _LOAD
        runs = {
            name: [_run(code, path) for _ in range(RUNS)]
            for name, code in programs.items()
        }
    assert {run["count"] for run in runs["ours"]} == {notes}
    middle = {}
    for name, results in runs.items():
        middle[name] = table.times(name, [run["seconds"] for run in results])
        peak = max(run["peak"] for run in results)
        grown = max(run["grown"] for run in results)
        table.add(f"{name}: MB/s", f"{size / middle[name]:.0f}")
        table.add(f"{name}: peak memory", f"{peak:.0f} MB", f"grown by {grown:.1f}")
    if "json.load" in middle:
        table.ratio("ours / json.load", middle["ours"], middle["json.load"], "<= 1.5")
    slowest = max(run["slowest"] for run in runs["ours"])
    table.add("longest time without a turn", f"{slowest * 1e3:.1f} ms")
    table.show()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else MEGABYTES)
