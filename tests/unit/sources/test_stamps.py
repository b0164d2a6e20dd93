"""Names of recordings tell kind, day, moment and title."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model import NoteKind, Precision
from tui.sources._stamps import day_bounds, read_name, time_of

pytestmark = pytest.mark.usefixtures("berlin")

_SECOND = datetime(2024, 8, 15, 11, 26, 33, tzinfo=UTC)
"""13:26:33 in Berlin's summer."""


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        (b"20240815 132633-1A2B3C4D.m4a", ""),
        (b"20240815 132633.qta", ""),
        (b"Voice 240815_132633.m4a", ""),
        (b"Voice_240815_132633.m4a", ""),
        (b"2024-08-15 13-26-33.m4a", ""),
        (b"2024-08-15-13-26-33.mp3", ""),
        (b"Recording 2024_08_15 at 13h26m33.m4a", ""),
        (b"2024.08.15 13.26.33.m4a", ""),
        (b"20240815T132633.wav", ""),
        (b"20240815132633.wav", ""),
        (b"signal-2024-08-15-132633.aac", ""),
        (b"signal-2024-08-15-132633_002.aac", ""),
        (b"signal-2024-08-15-13-26-33-123.m4a", ""),
        (b"signal-2024-08-15-132633 (1).aac", ""),
        (b"2024-08-15T13-26-33.123_00_None.aac", ""),
        (b"2024-08-15T13-26-33_01_None.m4a", ""),
        (b"2024-08-15T13-26-33_00_my song.mp3", "my song"),
        (b"2024-08-15T13-26-33_00_signal-2024-08-14-101112.aac", ""),
        (b"2024-08-15T13-26-33.123_00_PTT-20240815-WA0003.opus", ""),
        (b"2024-08-15T13-26-33_00_voice-message.ogg", ""),
        (b"2024-08-15 at 1.26.33 PM.m4a", ""),
        (b"2024-08-15 um 13.26.33.m4a", ""),
        (b"file_3@15-08-2024_13-26-33.mp4", ""),
        (b"video_3@15-08-2024_13-26-33 (1).mp4", ""),
        ("WhatsApp Ptt 2024-08-15 \u00e0s 13.26.33.ogg".encode(), ""),
        (b"WhatsApp Audio 2024-08-15 um 13.26.33_7d1f5c1a.waptt.opus", ""),
        (b"audio_12@15-08-2024_13-26-33.ogg", ""),
        (b"WhatsApp Ptt 2024-08-15 at 13.26.33.ogg", ""),
        (b"WhatsApp Ptt 2024-08-15 at 1.26.33 PM.ogg", ""),
        ("WhatsApp Audio 2024-08-15 at 1.26.33\u202fPM (1).mp3".encode(), ""),
        (b"00000012-AUDIO-2024-08-15-13-26-33.opus", ""),
        (b"00000012-VIDEO-2024-08-15-13-26-33.mp4", ""),
        (b"Call recording Mum_240815_132633.m4a", "Call recording Mum"),
        (b"Mum(+491234)_20240815132633.mp3", "Mum(+491234)"),
        (b"2024-08-15 13-26-33 the recipe.m4a", "the recipe"),
        (b"Bob \xff 2024-08-15 13-26-33.m4a", "Bob \udcff"),
    ],
)
def test_moments_in_names(name: bytes, title: str) -> None:
    """Each way to write a moment is read as this machine's wall clock."""
    facts = read_name(name)
    assert facts.moment is not None
    assert facts.moment.ms == _ms(_SECOND)
    assert facts.moment.precision is Precision.SECOND
    assert facts.moment.offset_min == 120
    assert facts.title == title


def test_a_moment_without_seconds_is_known_to_the_minute() -> None:
    """Hours and minutes alone are a moment too."""
    moment = read_name(b"2024-08-15 13-26.m4a").moment
    assert moment is not None
    assert moment.precision is Precision.MINUTE
    assert moment.ms == _ms(_SECOND.replace(second=0))


def test_a_messenger_clip_has_true_time() -> None:
    """The number of a clip is milliseconds since 1970, of no zone."""
    moment = read_name(b"audioclip174505167400033691_1432813888161410.mp4").moment
    assert moment is not None
    assert (moment.ms, moment.offset_min) == (1_745_051_674_000, None)


@pytest.mark.parametrize(
    ("name", "kind", "day", "number"),
    [
        (b"PTT-20240815-WA0003.opus", NoteKind.VOICE, date(2024, 8, 15), 3),
        (b"ptt-20240815-wa12345.OPUS", NoteKind.VOICE, date(2024, 8, 15), 12345),
        (b"AUD-20240815-WA0012.m4a", NoteKind.AUDIO, date(2024, 8, 15), 12),
        (b"VID-20240815-WA0001.mp4", NoteKind.VIDEO_NOTE, date(2024, 8, 15), 1),
        (b"PTT-20240815-WA0003 - from Ana.opus", NoteKind.VOICE, date(2024, 8, 15), 3),
        (b"PTT-20241399-WA0003.opus", NoteKind.VOICE, None, 3),
        (b"PTT-00010101-WA0003.opus", NoteKind.VOICE, None, 3),
    ],
)
def test_names_of_whatsapp(
    name: bytes, kind: NoteKind, day: date | None, number: int
) -> None:
    """WhatsApp on Android tells kind, day and place in the day."""
    facts = read_name(name)
    assert facts.is_whatsapp
    assert (facts.kind, facts.day, facts.number) == (kind, day, number)
    assert facts.moment is None
    assert facts.title == ""


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (b"WhatsApp Ptt 2024-08-15 at 13.26.33.ogg", NoteKind.VOICE),
        (b"WhatsApp Audio 2024-08-15 at 13.26.33.mp3", NoteKind.AUDIO),
        (b"WhatsApp Video 2024-08-15 at 13.26.33.mp4", NoteKind.VIDEO_NOTE),
        (b"2024-08-15 13-26-33.m4a", None),
        (b"00000012-AUDIO-2024-08-15-13-26-33.opus", NoteKind.VOICE),
        (b"00000012-audio-2024-08-15-13-26-33 (1).OPUS", NoteKind.VOICE),
        (b"00000012-AUDIO-2024-08-15-13-26-33.m4a", None),
        (b"00000012-VIDEO-2024-08-15-13-26-33.mp4", None),
        (b"x 00000012-AUDIO-2024-08-15-13-26-33.opus", None),
    ],
)
def test_kinds_in_names(name: bytes, kind: NoteKind | None) -> None:
    """Downloads from WhatsApp's desktop app tell the kind; recorders don't."""
    assert read_name(name).kind is kind


def test_the_number_of_an_export_from_an_iphone() -> None:
    """It is the place in the chat, as the counter of a day is on Android."""
    assert read_name(b"00000012-AUDIO-2024-08-15-13-26-33.opus").number == 12


@pytest.mark.parametrize(
    "name",
    [
        b"Screen_Recording_20240815_132633.mp4",
        b"Screen_Recording_20240815_132633_WhatsApp.mp4",
        b"Screenrecorder-2024-08-15-13-26-33-123.mp4",
        b"ScreenRecord_2024-08-15-13-26-33.mp4",
        b"screen-20240815-132633.mp4",
        b"screen-20240815-132633.1723728393123.mp4",
        b"Screen Recording 2024-08-15 at 13.26.33.mov",
        "Screen Recording 2024-08-15 at 1.26.33\u202fPM.mov".encode(),
        b"Screencast from 2024-08-15 13-26-33.webm",
        b"ScreenRecording_08-15-2024 13-26-33_1.MP4",
        b"XRecorder_15082024_132633.mp4",
        b"SVID_20240815_132633_1.mp4",
        b"RPReplay_Final1723721193.mp4",
        b"RPReplay_Final1723721193 2.mov",
        b"RPReplay_Final1723721193 (1).MP4",
    ],
)
def test_films_of_the_screen(name: bytes) -> None:
    """Phones name them in many ways; all are video notes with a time."""
    facts = read_name(name)
    assert facts.is_screen
    assert (facts.kind, facts.title) == (NoteKind.VIDEO_NOTE, "Screen recording")
    assert facts.moment is not None
    assert facts.moment.ms == _ms(_SECOND)
    assert facts.moment.offset_min == (None if b"Final" in name else 120)


@pytest.mark.parametrize(
    "name",
    [
        b"screen-20240815-132633.m4a",
        b"Screenplay 20240815_132633.mp4",
        b"Screenshot_20240815_132633.mp4",
        b"screen 2.mp4",
        b"My screen recording.mp4",
        b"screenrecovery.mp4",
        b"VID_20240815_132633.mp4",
    ],
)
def test_other_films_are_none_of_the_screen(name: bytes) -> None:
    """A film is one of the screen only by a name that says so."""
    assert not read_name(name).is_screen


def test_a_film_of_the_screen_without_a_time() -> None:
    """A day alone, or nothing, leaves the rest to the time of the file."""
    assert read_name(b"Screen Recording 2024-08-15.mp4").day == date(2024, 8, 15)
    facts = read_name(b"ScreenRecording_13-15-2024 13-26-33_1.MP4")
    assert facts.is_screen
    assert (facts.day, facts.moment) == (None, None)


@pytest.mark.parametrize(
    "name",
    [
        b"WhatsApp Ptt 2024-13-15 at 13.26.33.ogg",
        b"WhatsApp Ptt 2024-08-15 at 25.26.33.ogg",
        b"WhatsApp Ptt 2024-08-15 at 13.66.33.ogg",
        b"2024-08-32 13-26-33.m4a",
        b"20241315 132633.m4a",
        b"Voice 001.m4a",
        b"call +49 1234 567890123.m4a",
        b"no suffix",
    ],
)
def test_numbers_that_are_no_moment(name: bytes) -> None:
    """A number that is no date is not taken for one."""
    assert read_name(name).moment is None


@pytest.mark.parametrize(
    ("name", "title"),
    [
        (b"My recording 1.m4a", "My recording 1"),
        ("Ana \u2013 K\u00fcche.ogg".encode(), "Ana \u2013 K\u00fcche"),
        (b"bytes \xff.ogg", "bytes \udcff"),
        (b"a (1).ogg", "a"),
        (b"2024-08-15 Interview.m4a", "2024-08-15 Interview"),
        (b"voice-message.ogg", ""),
        (b"voice-message-1A2B3C4D5E6F7A8B.ogg", ""),
        (b"voice-message-1a2b3 (1).ogg", ""),
        (b"voice-message for Ana.ogg", "voice-message for Ana"),
        (b"Audio Message.caf", ""),
        (b"Audio Message 2.amr", ""),
        (b"0D4A1F63-9B0E-4C71-8F52-5A1B2C3D4E5F.opus", ""),
    ],
)
def test_names_without_a_moment_are_titles(name: bytes, title: str) -> None:
    """Where nothing else is known, the name is what the user sees."""
    assert read_name(name).title == title


def test_a_copy_tells_what_its_base_tells() -> None:
    """The moment of a conflict is not the moment of the note."""
    facts = read_name(b"PTT-20240815-WA0003.sync-conflict-20250101-101112-ABCDEFG.opus")
    assert facts.day == date(2024, 8, 15)
    assert facts.base_name == b"PTT-20240815-WA0003.opus"
    assert read_name(b"PTT-20240815-WA0003.opus").base_name == b""


@pytest.mark.parametrize("hours", [-30, -1, 0, 13, 30])
def test_a_day_is_refined_by_a_file_time_that_fits(hours: int) -> None:
    """A file time within a day of the name's day has the time of day."""
    noon = datetime(2024, 8, 15, 10, tzinfo=UTC)
    ms = _ms(noon) + hours * 3_600_000
    fact = time_of(read_name(b"PTT-20240815-WA0003.opus"), ms * 1_000_000 + 999)
    assert (fact.ms, fact.precision, fact.offset_min) == (ms, Precision.MTIME, None)


@pytest.mark.parametrize(
    "wall",
    [
        datetime(2024, 8, 13, 21, 59, 59, tzinfo=UTC),
        datetime(2024, 8, 16, 22, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 1, tzinfo=UTC),
    ],
)
def test_a_file_time_that_does_not_fit_leaves_the_day(wall: datetime) -> None:
    """A copy with a new file time is still of the day in its name: noon there."""
    fact = time_of(read_name(b"PTT-20240815-WA0003.opus"), _ms(wall) * 1_000_000)
    assert fact.precision is Precision.DAY
    assert (fact.ms, fact.offset_min) == (
        _ms(datetime(2024, 8, 15, 10, tzinfo=UTC)),
        120,
    )


def test_the_neighbouring_days_count_by_the_wall_clock() -> None:
    """The day before begins at midnight here, not at midnight in Greenwich."""
    bounds = day_bounds(date(2024, 8, 15))
    assert bounds.before_ms == _ms(datetime(2024, 8, 13, 22, tzinfo=UTC))
    assert bounds.after_ms == _ms(datetime(2024, 8, 16, 22, tzinfo=UTC))


def test_a_name_without_time_leaves_the_file_time() -> None:
    """The file's time is a weak guess, and says so."""
    fact = time_of(read_name(b"memo.m4a"), 1_700_000_000_123_456_789)
    assert (fact.ms, fact.precision) == (1_700_000_000_123, Precision.MTIME)
    assert fact.confidence == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("name", "utc", "offset"),
    [
        # Never shown on a clock: read as if summer time had not begun.
        (b"2024-03-31 02-30-00.m4a", datetime(2024, 3, 31, 1, 30, tzinfo=UTC), 60),
        # Shown twice: the first.
        (b"2024-10-27 02-30-00.m4a", datetime(2024, 10, 27, 0, 30, tzinfo=UTC), 120),
        (b"2024-01-15 12-00-00.m4a", datetime(2024, 1, 15, 11, tzinfo=UTC), 60),
    ],
)
def test_clock_changes(name: bytes, utc: datetime, offset: int) -> None:
    """Moments around the change of the clock are read in one fixed way."""
    moment = read_name(name).moment
    assert moment is not None
    assert (moment.ms, moment.offset_min) == (_ms(utc), offset)


@given(st.binary(max_size=255), st.integers(-(2**63), 2**63 - 1))
def test_any_name_and_time(name: bytes, mtime_ns: int) -> None:
    """No name and no file time raises."""
    fact = time_of(read_name(name), mtime_ns)
    assert isinstance(fact.ms, int)
