"""The difference between what the library remembers and what is there. Pure.

Names come first: a file under a known name is that file, with other content perhaps
(a sync tool replaces by rename, so its inode is new). What is left over is matched by
inode, size and time: such a file moved. The rest is new, or gone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tui.indexer._walk import Entry
    from tui.library._api import FileRecord

__all__ = ["Difference", "MovedFiles", "compare"]


@dataclass(slots=True)
class Difference:
    """What is to do about one folder."""

    new: list[Entry] = field(default_factory=list)
    """Files that have no record in this folder; perhaps moved here from elsewhere."""
    changed: list[tuple[FileRecord, Entry]] = field(default_factory=list)
    """Files under their old name, with another size, time or inode."""
    same: list[tuple[FileRecord, Entry]] = field(default_factory=list)
    """Nothing to do."""
    gone: list[FileRecord] = field(default_factory=list)
    """Records without a file; perhaps moved elsewhere."""


def compare(records: Iterable[FileRecord], entries: Iterable[Entry]) -> Difference:
    """Compare the records of a folder with the files seen in it.

    Args:
        records: What the library remembers of the folder.
        entries: What lies in it now.

    Returns:
        The difference; moves within the folder are still a `gone` and a `new`.
    """
    difference = Difference()
    known = {record.name: record for record in records}
    for entry in entries:
        record = known.pop(entry.name, None)
        if record is None:
            difference.new.append(entry)
        elif (record.size, record.mtime_ns, record.inode) == entry[2:]:
            difference.same.append((record, entry))
        else:
            difference.changed.append((record, entry))
    difference.gone.extend(known.values())
    return difference


class MovedFiles:
    """Records that lost their file, until it turns up elsewhere or is given up.

    A move keeps inode, size and time. Where a file system has no inodes (0), the name
    has to be the same too, but for its case.
    """

    def __init__(self) -> None:
        self._by_key: dict[tuple[int, int, int], list[FileRecord]] = {}
        self._count = 0

    def __len__(self) -> int:
        """How many records wait for their file."""
        return self._count

    def add(self, records: Iterable[FileRecord]) -> None:
        """Take records whose file is not where it was."""
        for record in records:
            key = (record.inode, record.size, record.mtime_ns)
            self._by_key.setdefault(key, []).append(record)
            self._count += 1

    def claim(self, entry: Entry) -> FileRecord | None:
        """Take out the record that a file without one belongs to.

        Args:
            entry: A file in a place that has no record.

        Returns:
            The record of the same file under its old name, if there is one.
        """
        if not self._count:
            return None
        key = (entry.inode, entry.size, entry.mtime_ns)
        candidates = self._by_key.get(key)
        if not candidates:
            return None
        name = entry.name.lower()
        # Several records share a key where hard links, or files copied with
        # their times, moved together: the name tells them apart.
        record = next((r for r in candidates if r.name.lower() == name), None)
        if record is None:
            if not entry.inode:
                return None
            record = candidates[0]
        candidates.remove(record)
        if not candidates:
            del self._by_key[key]
        self._count -= 1
        return record

    def take_all(self) -> list[FileRecord]:
        """Take out all that were not claimed."""
        rest = [record for records in self._by_key.values() for record in records]
        self._by_key.clear()
        self._count = 0
        return rest
