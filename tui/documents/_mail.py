"""Mail: who sent which recording when, and in which thread.

A thread is a subject without what answering and forwarding put in front of it; a mail
without a subject belongs to its sender. The fields are those of RFC 5322, and those of
voice mail in RFC 3458 and 3801.
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from typing import TYPE_CHECKING

from tui.archives._mail import MailFormat, begins_mail, is_mailbox, sound_mails
from tui.archives._mbox import begins_mailbox
from tui.archives._mime import may_hold_sound
from tui.documents._api import (
    ChatTold,
    Claim,
    NameRank,
    PersonTold,
    Recognition,
    Remark,
)
from tui.documents._document import moment_of_utc, moment_of_wall
from tui.errors import PartialError
from tui.model import ChatKind, Direction, DocumentKind, NoteKind, Precision

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tui.archives._mail import SoundMail
    from tui.archives._mime import Mail as Parts
    from tui.archives._mime import Sound
    from tui.documents._api import Moment, Options, Told
    from tui.documents._document import Document

__all__ = ["Mail", "thread_of"]

_HEAD = 64 * 1024
_SCORE = 80
_TEXT = 2_000
_MOST_KEY = 250
_BY_PLACE = 0.9
"""How sure it is who the owner is, by the mailbox that a mail is in."""
_ARRIVED = 0.9
"""How sure the date is that the mailbox has of a mail without one."""

_PREFIX = re.compile(
    r"\s*[^\W\d_]{1,4}(?:\s?[\[(][0-9]{1,3}[\])]|\^?[0-9]{1,2})?\s?[:\uff1a](?!/)\s*"
)
"""`Re:`, `AW:`, `Fwd:`, `R :`, `Re[2]:` and their like in all languages."""
_VOICE = re.compile(
    r"voice[\s_-]*(?:mail|message|memo|note|msg)|sprach(?:nachricht|box)"
    r"|(?:message|messaggio|mensaje|nota|mensagem)[\s_-](?:de[\s_-])?(?:voc|vok|voz)"
    r"|(?<![a-z])ptt-[0-9]|голосов|语音|語音|ボイスメ|留守番",
    re.IGNORECASE,
)
_VOICE_FIELDS = ("X-VoiceMessageDuration", "X-CallingTelephoneNumber")
"""Of Microsoft's answering machine."""
_SENT = frozenset(
    {
        *("sent", "sent mail", "sent messages", "sent items", "sent-mail", "outbox"),
        *("gesendet", "gesendete objekte", "gesendete elemente", "envoyés"),
        *("messages envoyés", "éléments envoyés", "enviados", "elementos enviados"),
        *("mensajes enviados", "enviadas", "itens enviados", "inviata", "inviati"),
        *("posta inviata", "verzonden", "verzonden items", "skickat", "sendt"),
        *("отправленные", "wysłane", "gönderilmiş postalar", "送信済み", "已发送"),
    }
)
"""How mailboxes for what their owner wrote are called, in small letters."""
_TAKEN_IN = frozenset({"inbox", "posteingang", "eingang", "входящие", "受信トレイ"})
_NO_FOLDER = frozenset({"cur", "new", "mbox"})
_LABELS = "X-Gmail-Labels"
_MESSAGE_ID = re.compile(r"<([^<>\s]+)>")
_SECONDS = re.compile(r"[0-9]{1,5}")


class Mail:
    """Mails in single files, in Maildirs and in mailboxes."""

    kind = DocumentKind.MAIL

    def __init__(self) -> None:
        self._archives = MailFormat()

    def fits(self, folder: bytes, name: bytes) -> bool:
        """Tell whether a file can be a mail or a mailbox.

        Args:
            folder: The path of its folder.
            name: Its name.
        """
        return self._archives.fits(folder, name)

    def recognise(self, document: Document) -> Recognition | None:
        """Look at its begin: a short mail without sound tells nothing.

        Args:
            document: The file.

        Returns:
            None when it is no mail, or can have no sound.
        """
        head = document.head(_HEAD)
        place = document.folder.path
        if is_mailbox(place, document.name):
            if not head or not begins_mailbox(head):
                return None
            label = os.fsdecode(document.name)
            if document.name == b"mbox":
                label = document.package
            return Recognition(_SCORE, ("begins like a mailbox",), _stem(label))
        if not begins_mail(head):
            return None
        if document.size <= len(head) and may_hold_sound(head) is False:
            return None
        return Recognition(_SCORE, ("begins like a mail",))

    def read(self, document: Document, options: Options) -> Iterator[Told | None]:
        """Tell of each recording that is enclosed.

        Args:
            document: The file.
            options: Not used.

        Yields:
            A claim each; a remark when mails could not be taken apart.

        Raises:
            PartialError: The last mail is cut off inside of its parts.
            OSError: The file can't be read.
        """
        del options
        left_out = 0
        is_cut = False
        is_box = is_mailbox(document.folder.path, document.name)
        way = _way(_mailbox(document, is_box=is_box))
        with document.open() as file:
            for found in sound_mails(file, is_box=is_box):
                if found is None:
                    yield None
                    continue
                if found.mail is None:
                    left_out += 1
                    continue
                is_cut = found.end >= document.size and found.mail.is_cut
                yield from _claims(document.name, found, found.mail, way)
        if left_out:
            mails = "1 mail" if left_out == 1 else f"{left_out} mails"
            yield Remark("left_out", f"{mails} could not be taken apart")
        if is_cut:
            raise PartialError(document.path, "the last mail is cut off")


def thread_of(subject: str) -> str:
    """Take away from a subject what answers and forwards put in front.

    Such words have up to four letters and a colon, in all languages.

    Args:
        subject: The subject, on one line.

    Returns:
        The rest; empty where there is none.
    """
    subject = unicodedata.normalize("NFC", subject)
    end = 0
    while (match := _PREFIX.match(subject, end)) is not None:
        end = match.end()
    return subject[end:].strip()


def _stem(label: str) -> str:
    return label[:-5] if label.lower().endswith(".mbox") and len(label) > 5 else label


def _mailbox(document: Document, *, is_box: bool) -> str:
    """The name of the mailbox that a document is, or lies in; empty for none."""
    folders = os.fsdecode(document.folder.path).split("/")
    if is_box and document.name != b"mbox":
        return os.fsdecode(document.name)
    if not is_box and folders[-1] not in {"cur", "new"}:
        return ""
    name = next((each for each in reversed(folders) if each not in _NO_FOLDER), "")
    # Maildirs have all their folders side by side: `.Lists.Sent`.
    return name.rpartition(".")[2] if name.startswith(".") else name


def _way(*names: str) -> Direction:
    """Which way mails went, by the names of the mailboxes or labels that they have."""
    folded = {_stem(unicodedata.normalize("NFC", n)).strip().casefold() for n in names}
    if folded & _SENT:
        return Direction.SENT
    return Direction.RECEIVED if folded & _TAKEN_IN else Direction.UNKNOWN


def _claims(
    name: bytes, found: SoundMail, mail: Parts, way: Direction
) -> Iterator[Claim]:
    labels = _way(*mail.field(_LABELS).split(","))
    if labels is not Direction.UNKNOWN:
        way = labels
    sender, others, direction = _people(mail, way)
    chat = _chat(mail, sender, others, direction)
    moment = _moment(mail.date, Precision.SECOND)
    if moment is None:
        moment = _moment(found.arrived, Precision.SECOND, _ARRIVED)
    is_by_place = way is not Direction.UNKNOWN and direction is way
    identity, text = _identity(mail, found), mail.text(_TEXT)
    is_voice = _says_voice(mail)
    for order, (member, sound) in enumerate(found.sounds):
        one = len(found.sounds) == 1
        says = is_voice or _VOICE.search(f"{sound.name} {sound.told}") is not None
        yield Claim(
            key=f"{identity}#{sound.number}",
            path=_path(name) + b"//" + member,
            beside=True,
            chat=chat,
            sender=sender,
            sender_confidence=_BY_PLACE if is_by_place else 1.0,
            direction=direction,
            kind=NoteKind.VOICE if one or says else NoteKind.AUDIO,
            moment=moment,
            order=min(order, 99_999),
            size=len(sound.data),
            duration_ms=_duration(mail, sound, is_only=one),
            text=text,
        )


def _path(name: bytes) -> bytes:
    try:
        return unicodedata.normalize("NFC", name.decode()).encode()
    except UnicodeDecodeError:
        return name


def _people(
    mail: Parts, way: Direction
) -> tuple[PersonTold | None, set[str], Direction]:
    """The sender, the addresses of the others, and which way the mail went.

    Args:
        mail: The mail.
        way: What its mailbox says about the way.
    """
    senders = mail.addresses("From") or mail.addresses("Sender")
    to = {address for _, address in mail.addresses("To", "Cc") if address}
    # The machine that takes a mail in for its owner writes for whom.
    owners = {address for _, address in mail.addresses("Delivered-To") if address}
    if not senders:
        return None, to, Direction.RECEIVED if owners else way
    name, address = senders[0]
    others = to - {address}
    is_me = bool(address) and (address in owners or (bool(to) and not others))
    is_me = is_me or (way is Direction.SENT and not owners)
    direction = Direction.RECEIVED if owners else way
    if is_me:
        direction = Direction.SENT
    elif address in to and not owners:  # a copy for oneself comes in, too
        direction = Direction.UNKNOWN
    return _person(name, address, is_me=is_me), others, direction


def _person(name: str, address: str, *, is_me: bool = False) -> PersonTold:
    native = f"mailto:{address}" if address else f"name:mail:{name}"
    rank = NameRank.HANDLE if name else NameRank.NONE
    return PersonTold(native, name, rank, is_me)


def _chat(
    mail: Parts, sender: PersonTold | None, others: set[str], direction: Direction
) -> ChatTold | None:
    to = mail.addresses("To", "Cc")
    if direction is Direction.SENT and to and not others:
        kind = ChatKind.SELF
    else:
        kind = ChatKind.GROUP if len(others) > 1 else ChatKind.DIRECT
    thread = thread_of(mail.field("Subject"))
    if thread:
        # Mail programs break long subjects, and people change their capitals.
        key = thread.casefold()
        if len(key) > _MOST_KEY:
            key = _short(key)
        return ChatTold(f"mail:{key}", kind, thread)
    if sender is None:
        return None
    if kind is ChatKind.GROUP:
        kind = ChatKind.DIRECT
    if sender.is_me and len(others) == 1:
        named = (one for one in to if one[1] in others)
        sender = next((_person(*one) for one in named), sender)
    return ChatTold(
        f"mail:{sender.native_id}",
        kind,
        sender.name,
        sender.rank,
        None if kind is ChatKind.SELF else sender,
    )


def _identity(mail: Parts, found: SoundMail) -> str:
    text = mail.field("Message-ID")
    match = _MESSAGE_ID.search(text)
    own = match[1] if match else text
    if own:
        return own if len(own) <= _MOST_KEY else _short(own)
    fields = [mail.field(name) for name in ("From", "To", "Cc", "Date", "Subject")]
    if not any(fields):
        fields = [str(found.arrived), str(found.number)]
    return _short("\n".join(fields))


def _short(text: str) -> str:
    data = text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _moment(
    date: datetime | None, precision: Precision, confidence: float = 1.0
) -> Moment | None:
    if date is None:
        return None
    if date.tzinfo is None:
        return moment_of_wall(date.timetuple()[:6], precision, confidence)
    try:
        seconds = int(date.timestamp())
    except (ValueError, OverflowError):
        return None
    return moment_of_utc(seconds, precision, confidence)


def _says_voice(mail: Parts) -> bool:
    if any(mail.field(name) for name in _VOICE_FIELDS):
        return True
    told = " ".join(
        mail.field(name) for name in ("Subject", "Message-Context", "Content-Class")
    )
    return _VOICE.search(told) is not None


def _duration(mail: Parts, sound: Sound, *, is_only: bool) -> int | None:
    """The length in whole seconds, where a voice mail tells it."""
    told = sound.seconds or (mail.field("X-VoiceMessageDuration") if is_only else "")
    match = _SECONDS.fullmatch(told.strip())
    return int(match[0]) * 1000 or None if match else None
