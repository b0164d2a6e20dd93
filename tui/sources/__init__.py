"""Sources: what a folder is, and what its files tell about the notes in them."""

from __future__ import annotations

from tui.sources._api import (
    ACCEPT_SCORE,
    ASK_SCORE,
    ChatFact,
    Detection,
    FileSeen,
    Folder,
    NoteFacts,
    SenderFact,
    SourceFormat,
    TimeFact,
)
from tui.sources._detect import (
    candidates,
    chosen,
    detect,
    folder_name,
    format_of,
)
from tui.sources._folders import Folders
from tui.sources._names import (
    AUDIO_SUFFIXES,
    FILM_SUFFIXES,
    base_of_conflict,
    is_audio_name,
    is_film_name,
    is_ignored,
    is_ignored_folder,
    is_temporary,
)
from tui.sources._weeks import is_week_folder, week_days, week_folder
from tui.sources._whatsapp_android import WhatsAppAndroid
from tui.sources._words import kind_words

__all__ = [
    "ACCEPT_SCORE",
    "ASK_SCORE",
    "AUDIO_SUFFIXES",
    "FILM_SUFFIXES",
    "ChatFact",
    "Detection",
    "FileSeen",
    "Folder",
    "Folders",
    "NoteFacts",
    "SenderFact",
    "SourceFormat",
    "TimeFact",
    "WhatsAppAndroid",
    "base_of_conflict",
    "candidates",
    "chosen",
    "detect",
    "folder_name",
    "format_of",
    "is_audio_name",
    "is_film_name",
    "is_ignored",
    "is_ignored_folder",
    "is_temporary",
    "is_week_folder",
    "kind_words",
    "week_days",
    "week_folder",
]
