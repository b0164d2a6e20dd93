"""What kinds of source are called."""

from __future__ import annotations

from tui.model import SourceKind

__all__ = ["kind_words"]

_WORDS = {
    SourceKind.WHATSAPP_ANDROID: "WhatsApp on Android",
    SourceKind.WHATSAPP_EXPORT: "exported WhatsApp chats",
    SourceKind.WHATSAPP_IOS: "WhatsApp on an iPhone",
    SourceKind.IOS_BACKUP: "iPhone backup",
    SourceKind.TELEGRAM: "Telegram export",
    SourceKind.SIGNAL: "Signal export",
    SourceKind.MESSENGER: "Messenger or Instagram export",
    SourceKind.IMESSAGE: "Messages of a Mac or iPhone",
    SourceKind.DISCORD: "Discord export",
    SourceKind.MATRIX: "Matrix export",
    SourceKind.VOICE_MEMOS: "Voice Memos",
    SourceKind.MAIL: "mails",
    SourceKind.FOLDER: "folder of recordings",
}


def kind_words(kind: SourceKind) -> str:
    """Tell what a kind of source is called.

    Args:
        kind: The kind.
    """
    return _WORDS[kind]
