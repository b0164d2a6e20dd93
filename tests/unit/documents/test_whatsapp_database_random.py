"""Databases with random messages tell what a plain reading of the messages tells."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.support.msgstore import ANA, BEN, GROUP, MS, Row, Variant, write_msgstore
from tui.documents._api import Claim, Options, Remark
from tui.documents._document import Document
from tui.documents._whatsapp_database import WhatsAppDatabase
from tui.model import Direction, NoteKind

if TYPE_CHECKING:
    from pathlib import Path

_LIDS = {"9000001@lid": ANA, "9000002@lid": BEN}
_LONELY = "9000003@lid"
_CHATS = [ANA, BEN, GROUP, *_LIDS, _LONELY, "77@newsletter", "status@broadcast", ""]
_SENDERS = ["", ANA, BEN, *_LIDS, _LONELY]
_WAVEFORM = bytes(range(64))


class _Expected(NamedTuple):
    """What matters of a claim, in plain values."""

    key: object
    chat: str
    sender: str | None
    kind: NoteKind
    direction: Direction
    ms: int
    order: int
    size: int | None
    duration_ms: int | None
    path: bytes
    text: str
    sha256: bytes | None
    has_waveform: bool
    is_played: bool
    is_forwarded: bool


def _rows(seed: int, count: int) -> list[Row]:
    rng = random.Random(seed)
    return [
        Row(
            chat=rng.choice(_CHATS),
            key=f"3EB0{n:08}",
            path=f"Media/WhatsApp Voice Notes/202433/PTT-20240815-WA{n:04}.opus",
            ms=MS + rng.randrange(count // 2),
            from_me=rng.randrange(2),
            sender=rng.choice(_SENDERS),
            type=rng.choice([0, 1, 2, 2, 2, 7, 9, 15, 64, 81, 82]),
            origin=rng.choice([0, 1, 1, 1, 2, 3]),
            status=rng.choice([0, 4, 5, 8, 9, 10, 13, 17]),
            flags=rng.choice([0, 0, 1, 2, 513, 67_108_864]),
            size=rng.choice([0, 0, rng.randrange(1, 99_999)]),
            length=rng.choice([0, rng.randrange(1, 99_999)]),
            mime=rng.choice(
                ["audio/ogg; codecs=opus", "AUDIO/mp4", "image/jpeg", None]
            ),
            seconds=rng.choice([0, rng.randrange(1, 900)]),
            sha256=rng.choice([None, rng.randbytes(32)]),
            caption=rng.choice([None, "", f"caption {n}"]),
            waveform=rng.choice([None, _WAVEFORM]),
            by_me=rng.random() < 0.2,
            by_other_ms=rng.choice([0, 0, MS]),
            forwards=rng.choice([0, 0, 0, 2]),
            sort=rng.randrange(1_000_000),
        )
        for n in range(count)
    ]


def _identity(jid: str, lids: dict[str, str]) -> str:
    jid = lids.get(jid, jid)
    user, _, server = jid.partition("@")
    return f"tel:+{user}" if server == "s.whatsapp.net" else f"wa:{jid}"


def _kind(row: Row) -> NoteKind:
    if row.type == 81:
        return NoteKind.VIDEO_NOTE
    if row.type == 82:
        return NoteKind.VIEW_ONCE
    is_voice = row.type == 2 and row.origin == 1
    return NoteKind.VOICE if is_voice else NoteKind.AUDIO


def _is_note(row: Row) -> bool:
    is_audio = str(row.mime).lower().startswith("audio/")
    return row.type in {2, 81, 82} or (is_audio and row.type not in {15, 64})


def _sender(row: Row, lids: dict[str, str]) -> str | None:
    if row.from_me:
        return "me:wa"
    if row.chat.endswith(("@g.us", "@newsletter")):
        return _identity(row.sender, lids) if row.sender else None
    return _identity(row.chat, lids)


def _is_played(row: Row, *, is_old: bool) -> bool:
    if row.from_me:
        return row.status == 8 or bool(row.by_other_ms)
    return row.status in {9, 10} or (row.by_me and not is_old)


def _expected(rows: list[Row], lids: dict[str, str], *, is_old: bool) -> set[_Expected]:
    notes = [(n, row) for n, row in enumerate(rows) if _is_note(row)]
    # Orphans take part in the order, though they are not told: so do the app's own.
    places: dict[str, int] = {}
    for ms in {row.ms for _, row in notes}:
        of_one_time = [(n if is_old else row.sort, n, row.key) for n, row in notes
                       if row.ms == ms and row.type not in {0, 7}]  # fmt: skip
        for place, (_, _, key) in enumerate(sorted(of_one_time, key=lambda x: x[:2])):
            places[str(key)] = place
    found = set()
    for _, row in notes:
        if not row.chat or row.chat.endswith("@broadcast"):
            continue
        size = row.size or row.length
        found.add(
            _Expected(
                row.key,
                f"wa::{lids.get(row.chat, row.chat)}",
                _sender(row, lids),
                _kind(row),
                Direction.SENT if row.from_me else Direction.RECEIVED,
                row.ms if isinstance(row.ms, int) else 0,
                places.get(str(row.key), 0),
                size if isinstance(size, int) and size else None,
                row.seconds * 1000 if isinstance(row.seconds, int) and row.seconds
                else None,
                b"" if row.type == 82 else str(row.path).encode(),
                str(row.caption or ""),
                row.sha256,
                row.waveform is not None and not is_old,
                _is_played(row, is_old=is_old),
                bool(row.forwards)
                or (not is_old and isinstance(row.flags, int) and row.flags % 2 == 1),
            )
        )  # fmt: skip
    return found


def _plain(claim: Claim) -> _Expected:
    assert claim.chat is not None
    assert claim.moment is not None
    return _Expected(
        claim.key,
        claim.chat.native_id,
        claim.sender.native_id if claim.sender else None,
        claim.kind,
        claim.direction,
        claim.moment.ms,
        claim.order,
        claim.size,
        claim.duration_ms,
        claim.path,
        claim.text,
        claim.sha256,
        claim.waveform is not None,
        claim.phone_played is True,
        claim.forwarded,
    )


@pytest.mark.parametrize("variant", Variant)
@pytest.mark.parametrize("seed", range(4))
def test_random_messages(tmp_path: Path, variant: Variant, seed: int) -> None:
    """Each message is told as its row says, whatever the schema; nothing else is."""
    rows = _rows(seed, 400)
    lids = _LIDS if variant is Variant.MODERN else {}
    path = tmp_path / "msgstore.db"
    write_msgstore(path, rows, variant=variant, lids=lids, filler=seed)
    told = list(WhatsAppDatabase().read(Document(bytes(path)), Options()))
    found = [_plain(each) for each in told if isinstance(each, Claim)]
    is_old = variant in {Variant.LEGACY, Variant.TRANSITION}
    expected = _expected(rows, lids, is_old=is_old)
    assert len(found) == len(expected) > 100
    assert set(found) == expected
    orphans = sum(_is_note(row) and not row.chat for row in rows)
    remarks = [each.text for each in told if isinstance(each, Remark)]
    assert remarks == [f"{orphans} notes are of chats no longer in the database"]
