"""Archives: files inside of files, opened and listed like those of a folder."""

from __future__ import annotations

from tui.archives._api import Archive, ArchiveFormat, Member
from tui.archives._files import MARK, open_file, open_quietly, split
from tui.archives._opened import Index, format_of, index_of
from tui.archives._view import FolderView

__all__ = [
    "MARK",
    "Archive",
    "ArchiveFormat",
    "FolderView",
    "Index",
    "Member",
    "format_of",
    "index_of",
    "open_file",
    "open_quietly",
    "split",
]
