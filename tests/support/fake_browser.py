"""The browser on fake engines, as a program of its own: for tests in real terminals.

`python -m tests.support.fake_browser [--hostile] [--play HZ] [--bare] [--ascii]`
"""

from __future__ import annotations

import argparse
import threading
from dataclasses import replace

from tests.fakes import Fakes, sample_library
from tests.support.notes import hostile_names, hostile_texts
from tui.app import EarmarkApp
from tui.model import NoteId, NoteState

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--hostile", action="store_true")
    parser.add_argument("--ascii", action="store_true")
    parser.add_argument("--hang", action="store_true", help="the player never ends")
    parser.add_argument("--play", type=float, default=0.0, help="positions a second")
    options = parser.parse_args()
    fakes = Fakes(sample_library())
    library, playing = fakes.library, fakes.playing
    if options.hostile:
        names = hostile_names()
        for index, text in enumerate(hostile_texts()):
            note = 1000 + index
            library.titles[library.notes[NoteId(1)].chat_id] = text
            library.put(
                note,
                1,
                1_723_700_000_000 + index * 1000,
                sender=text,
                title=text,
                reason=text,
                state=NoteState.UNREADABLE if index % 3 == 0 else NoteState.READY,
            )
            library.names[NoteId(note)] = names[index % len(names)]
    if options.hang:
        playing.hangs = threading.Event()
    app = EarmarkApp(fakes.services, ascii_only=options.ascii)
    stopped = threading.Event()

    def advance() -> None:
        """Move the position on, as a player does."""
        while not stopped.wait(1 / options.play):
            now = playing.now
            if now.note_id is not None:
                step = round(1000 / options.play)
                playing.tell(replace(now, position_ms=now.position_ms + step))

    if options.play:
        threading.Thread(target=advance, daemon=True).start()
    app.run()
    stopped.set()
