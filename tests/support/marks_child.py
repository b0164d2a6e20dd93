"""A second Earmark that edits: `python -m tests.support.marks_child LIBRARY NAME`."""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tui.library import Library
from tui.model import Group, GroupKind, NoteId, Played

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tui.library import Edits

__all__: list[str] = []


def storm(edits: Edits, ids: Sequence[int], name: str) -> Iterator[dict[str, object]]:
    """Make one edit after the other, of every kind; tells what holds after each."""
    some = ids[:40]
    for turn in itertools.count():
        word = f"{name} {turn}"
        edits.set_comment([ids[0]], word)
        yield {"comment": word}
        edits.set_title([ids[1]], word)
        yield {"title": word}
        edits.set_star(some[2:], on=turn % 2 == 0)
        yield {"star": int(turn % 2 == 0)}
        edits.set_played(some[2:], Played(1 + turn % 2))
        yield {"played": 1 + turn % 2}
        edits.tag(some[2:], add=[f"{name}/{turn}"])
        yield {"tag": f"{name}/{turn}"}
        edits.tag(some[2:], add=["gone"])
        edits.tag(some[2:], remove=["gone"])
        yield {}
        edits.rename_tag(f"{name}/{turn}", f"{name}/{turn}/renamed")
        yield {"tag": f"{name}/{turn}/renamed"}
        edits.add_bookmark(ids[1], turn, word)
        yield {"bookmark": turn}
        edits.tag(some[2:], add=[f"{name} deleted"])
        edits.delete_tag(f"{name} deleted")
        edits.set_star([ids[1]], on=turn % 2 == 0)
        edits.undo()
        yield {}
        edits.save_search(f"{name} {turn}", "tag:x")
        yield {"search": word}
        edits.remember_search(word)
        yield {"searched": word}


def main(path: str, name: str, turns: str = "") -> None:
    """Edit, and tell each edit once it is on the disk; for ever, or some times."""
    out = sys.stdout
    with Library.open(Path(path)) as library, library.edits() as edits:
        reader = library.reader()
        ids = sorted(reader.keys(Group(GroupKind.UNPLAYED)).ids)
        reader.close()
        out.write("ready\n")
        out.flush()
        sys.stdin.readline()
        told = storm(edits, ids, name)
        for at, holds in enumerate(itertools.islice(told, int(turns or 1 << 30))):
            if at % 7 == 0:
                library.user.set_position(NoteId(ids[-1]), at, Played.HALF)
            out.write(json.dumps(holds) + "\n")
            out.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
