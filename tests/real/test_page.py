"""The page of a chat in a real browser: it plays, seeks and finds, and asks nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.support.chromium import Chromium
from tests.support.ear import wait_until
from tests.support.exported import told_note
from tests.support.notes import encoded, hostile_texts, opus_note
from tests.support.page import entry_of, page_of
from tests.support.pulse import PulseServer, Recorder
from tests.support.sound import frequency, samples
from tui.model import Bookmark, Direction, Precision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.chromium import Tab
    from tui.export._documents import Entry

pytestmark = [
    pytest.mark.needs("chromium", "pulseaudio"),
    pytest.mark.xdist_group("sound"),
]

LONG = "A kilo of flour, not the fine one, and more water than you would think. "
FOREIGN = "img, iframe, object, [onerror], [onfocus], [style], a:not([href^='#n'])"
"""What no page of ours has."""
PLAYS = "document.querySelector('.note [aria-label^=Pause]')?.closest('.note')"
SCRIPTS = [
    "</script><img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "\" onfocus=alert(1) autofocus x='",
    "javascript:alert(1)",
    "<!--<script>",
    "</style></title></textarea>",
    "{{1}} ${alert(1)} $notes $facts",
    "&lt;b&gt; &#x3c;",
    "nul\x00 byte \ud800 \u202egpj.exe",
]


class Desk(NamedTuple):
    """A browser, and what it plays on."""

    browser: Chromium
    server: PulseServer
    folder: Path


@pytest.fixture(scope="module")
def desk(new_folder: Callable[[str], Path]) -> Iterator[Desk]:
    """Start a browser whose sound can be heard."""
    folder = new_folder("pages")
    with PulseServer() as server, Chromium(server.environment) as browser:
        yield Desk(browser, server, folder)


@pytest.fixture(scope="module")
def chat(desk: Desk) -> str:
    """Write the page of a chat; gives its address."""
    return page_of(desk.folder / "chat.html", _notes(desk.folder)).as_uri()


def _notes(folder: Path) -> Iterator[Entry]:
    for number, (data, mime, ms) in enumerate(
        [
            (opus_note(12, freq=440), "audio/ogg", 12_000),
            (opus_note(0.4, freq=600), "audio/ogg", 400),
            (encoded("mp3", 8), "audio/mpeg", 8000),
            (encoded("m4a", 9), "audio/mp4", 9000),
            (opus_note(30, freq=700), "audio/ogg", 30_000),
        ],
        1,
    ):
        path = folder / f"{number}.sound"
        path.write_bytes(data)
        sender, text = [
            ("Ana", "Cr\u00e8me br\u00fbl\u00e9e, tonight at eight"),
            ("Bob", LONG * 12 + "Stra\u00dfe"),
            ("Zo\u00e9", "\u6771\u4eac\u306e\u99c5\u3067"),
            ("Bob", "the creme of the crop"),
            ("Ana", ""),
        ][number - 1]
        note = told_note(
            f"{number:032x}", sender=sender, duration_ms=ms, tags=("recipe",)
        )
        note = note._replace(
            transcript=text,
            peaks=bytes(range(0, 250, 2)),
            bookmarks=(Bookmark(16_000, "oven"),) if number == 5 else (),
        )
        yield entry_of(number, note, sound=path, mime=mime)


@pytest.fixture(scope="module")
def opened(desk: Desk) -> Iterator[Tab]:
    """Open a tab; a new one for each test would take as long as most of them."""
    with desk.browser.tab() as tab:
        yield tab


@pytest.fixture
def other(opened: Tab) -> Iterator[Tab]:
    """Lend the tab for any page, and see at the end that it asked nobody."""
    opened.troubles.clear()
    opened.addresses.clear()
    yield opened
    opened.ask("sound.pause()")
    require_quiet(opened)


@pytest.fixture
def tab(other: Tab, chat: str) -> Iterator[Tab]:
    """Open the page of the chat, and see at the end that nothing went wrong."""
    other.page.goto(chat)
    yield other
    assert other.troubles == []


def require_quiet(tab: Tab) -> None:
    """The page asked for nothing but itself and what is in it."""
    schemes = {address.partition(":")[0] for address in tab.addresses}
    assert schemes <= {"file", "blob", "data"}


def wait_for(tab: Tab, seconds: float) -> None:
    """Wait until the sound is past a moment."""
    tab.wait(f"!sound.paused && sound.currentTime > {seconds}")


def wait_for_seek(tab: Tab, seconds: float) -> None:
    """Wait until the player was sent to a moment, last of all."""
    tab.wait(f"Math.abs(seeks.at(-1) - {seconds}) < 0.2")


def is_heard(recorder: Recorder, freq: int) -> bool:
    """Whether the last tenth of a second is a tone."""
    end = recorder.frames
    tone = recorder.mono(end - 4_800, end)
    return max(samples(tone)) > 1000 and abs(frequency(tone) - freq) < 8


def test_a_click_plays_and_is_heard(tab: Tab, desk: Desk) -> None:
    """The tone comes out of the sound server, and the page tells how far it is."""
    with Recorder(desk.server) as recorder:
        tab.page.click("#n1 .play")
        wait_for(tab, 0.6)
        wait_until(lambda: is_heard(recorder, 440), what="the tone")
    assert tab.ask("sound.duration") == pytest.approx(12, abs=0.05)
    button = tab.page.locator("#n1 .play")
    assert (button.get_attribute("aria-label") or "").startswith("Pause Ana, 18:42")
    tab.wait("document.querySelector('#n1 .wave').ariaValueText == '0:01 of 0:12'")
    button.click()
    assert tab.ask("sound.paused")
    # Resumed where it was left, also when another was played meanwhile.
    at = tab.ask("sound.currentTime")
    tab.page.click("#n5 .play")
    wait_for(tab, 0.1)
    tab.page.click("#n1 .play")
    wait_for_seek(tab, at)
    wait_for(tab, at)


def test_every_kind_of_sound_is_as_long_as_the_library_says(tab: Tab) -> None:
    """MP3 and M4A play as well; one plays at a time."""
    for number, seconds in ((3, 8), (4, 9), (5, 30)):
        tab.page.click(f"#n{number} .play")
        tab.wait(
            f"Math.abs(sound.duration - {seconds}) < 0.05 && sound.currentTime > 0"
        )
        shown = (
            "[...document.querySelectorAll('.play')].map(b => b.ariaLabel.slice(0, 5))"
        )
        assert [text == "Pause" for text in tab.ask(shown)].index(True) == number - 1
        assert tab.ask(shown).count("Pause") == 1


def test_seeks_by_click_drag_key_and_bookmark(tab: Tab) -> None:
    """Wherever the position can be set, the sound goes there."""
    tab.page.locator("#n5").scroll_into_view_if_needed()
    box = tab.page.locator("#n5 .wave").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2

    def at(part: float) -> tuple[float, float]:
        return box["x"] + part * box["width"], middle

    tab.page.mouse.click(*at(0.75))
    wait_for_seek(tab, 22.5)
    wait_for(tab, 22.5)
    tab.page.mouse.move(*at(0.75))
    tab.page.mouse.down()
    tab.page.mouse.move(*at(0.5))
    tab.page.mouse.move(*at(0.25))
    assert tab.text("#n5 .len") == "0:07"
    tab.page.mouse.up()
    wait_for_seek(tab, 7.5)
    tab.page.click("#n5 .marks button")
    wait_for_seek(tab, 16)
    tab.page.keyboard.press("Tab")
    tab.page.focus("#n5 .wave")
    tab.page.keyboard.press("Space")
    assert tab.ask("sound.paused")
    for key, seconds in (("Home", 0), ("ArrowRight", 5), ("Shift+ArrowRight", 6)):
        tab.page.keyboard.press(key)
        assert tab.ask("sound.currentTime") == pytest.approx(seconds, abs=0.01)
    assert tab.page.locator("#n5 .wave").get_attribute("aria-valuenow") == "6"


def rate(tab: Tab) -> float:
    """Measure how fast the sound goes; less on a machine that is busy."""
    both = "[sound.currentTime, performance.now() / 1000]"
    at, then = tab.ask(both)
    wait_for(tab, at + 0.6)
    end, now = tab.ask(both)
    return float((end - at) / (now - then))


def test_speed_is_kept_and_notes_follow_each_other(tab: Tab) -> None:
    """The speed is that of all notes; the next one begins by itself, if it shall."""
    tab.page.click("#speed")
    tab.page.click("#n5 .play")
    wait_for(tab, 0.1)
    assert any(rate(tab) == pytest.approx(1.5, abs=0.15) for _ in range(4))
    assert tab.text("#speed") == "1.5\u00d7"
    tab.page.click("#n2 .play")  # 0.4 s, and after it a note of 8 s
    tab.wait("sound.duration > 7.9 && sound.duration < 8.1 && sound.currentTime > 0.1")
    assert tab.ask("sound.playbackRate") == 1.5
    assert tab.text("#name") == "Zo\u00e9"
    tab.page.click("#goon")
    tab.page.click("#n2 .play")
    tab.wait("sound.paused && sound.duration < 0.5")
    tab.wait("document.querySelector('#n2 .len').textContent == '0:00'")
    assert tab.page.locator("#goon").get_attribute("aria-checked") == "false"


def seen(tab: Tab) -> list[str]:
    """Tell which notes are there."""
    return list(
        tab.ask("[...document.querySelectorAll('.note:not([hidden])')].map(n => n.id)")
    )


FOUND = [
    ("creme", ["n1", "n4"], ["Cr\u00e8me", "creme"]),
    ("BRULEE eight", ["n1"], ["br\u00fbl\u00e9e", "eight"]),
    ("strasse", ["n2"], ["Stra\u00dfe"]),
    ("zoe\u0301", ["n3"], ["Zo\u00e9"]),
    ("\u4eac", ["n3"], ["\u4eac"]),
    ("#recipe bob", ["n2", "n4"], ["Bob", "recipe", "Bob", "recipe"]),
    ("rop", [], []),
]


def test_finds(tab: Tab) -> None:
    """Words are found by their begin, whatever their case and accents."""
    for words, notes, marks in FOUND:
        tab.page.keyboard.press("/")
        tab.page.keyboard.insert_text(words)
        tab.wait(f"document.getElementById('found').textContent == '{len(notes)}'")
        assert seen(tab) == notes
        assert tab.page.locator("#none").is_visible() == (not notes)
        if notes:
            tab.wait("document.querySelector('mark')")
        assert tab.page.locator("mark").all_text_contents() == marks
        for note in (*notes, *notes[:1]):
            tab.page.keyboard.press("Enter")
            place = f"{notes.index(note) + 1} of {len(notes)}"
            assert tab.text("#found") == place
            assert tab.page.locator(".hit").get_attribute("id") == note
        tab.page.keyboard.press("Escape")
        assert seen(tab) == ["n1", "n2", "n3", "n4", "n5"]
        assert tab.page.locator("mark").count() == 0


def test_is_read_by_screen_readers_and_on_paper(tab: Tab) -> None:
    """Everything has its role and name; paper has all of the text and no buttons."""
    told = tab.page.locator("#n2").aria_snapshot()
    assert '- button "Play Bob, 18:42"' in told
    assert '- slider "Position"' in told
    assert '- button "Show all"' in told
    hidden = "(words => words.scrollHeight - words.clientHeight)(document.querySelector"
    hidden += "('#n2 .words'))"
    assert tab.ask(hidden) > 50
    tab.page.click("#n2 .more")
    assert tab.ask(hidden) == 0
    tab.page.click("#n2 .more")
    assert tab.ask(hidden) > 50
    tab.page.emulate_media(media="print")
    assert tab.ask(hidden) == 0
    assert (
        not tab.page.locator("#bar, #find, .play, .more").filter(visible=True).count()
    )
    tab.page.emulate_media(media="screen")


def test_fits_a_phone_in_the_dark(desk: Desk, chat: str) -> None:
    """Nothing is wider than the screen, and a tap plays."""
    size = {"width": 360, "height": 640}
    with desk.browser.tab(
        viewport=size, color_scheme="dark", has_touch=True, reduced_motion="reduce"
    ) as tab:
        tab.page.goto(chat)
        assert tab.ask("document.documentElement.scrollWidth") == 360
        ground = "getComputedStyle(document.body).backgroundColor"
        assert tab.ask(ground) == "rgb(20, 23, 27)"
        tab.page.tap("#n1 .play")
        wait_for(tab, 0.1)
        assert tab.troubles == []


def test_nothing_in_a_name_has_power(desk: Desk, other: Tab) -> None:
    """Whatever chats, people, tags and texts are called, they are only shown."""

    def hostile() -> Iterator[Entry]:
        sound = desk.folder / "hostile.opus"
        sound.write_bytes(opus_note(12))
        for number, text in enumerate([*SCRIPTS, *hostile_texts()], 1):
            note = told_note(
                chat_title=text[::-1],
                sender=text,
                title=text,
                tags=(text,),
                star=True,
                direction=list(Direction)[number % 3],
                precision=list(Precision)[number % 5],
                duration_ms=1000,
            )
            note = note._replace(
                transcript=text * 20,
                comment=text,
                text=text,
                bookmarks=(Bookmark(500, text),),
            )
            yield entry_of(number, note, sound=sound, mime=text)
            problem = text if number % 2 else ""
            yield entry_of(1000 + number, note, href=text, problem=problem)

    path = page_of(desk.folder / "hostile.html", hostile(), SCRIPTS[0])
    other.page.goto(path.as_uri())
    assert other.page.title() == SCRIPTS[0]
    assert other.text("#n1 .who") == SCRIPTS[0]
    assert other.text("#n6 .words").startswith(SCRIPTS[5])
    assert other.page.locator(FOREIGN).count() == 0
    assert other.page.locator("script:not([type])").count() == 1
    other.page.click("#n1 .play")
    wait_for(other, 0.1)
    other.page.fill("#query", "alert")
    other.wait("document.querySelector('mark')")
    assert other.troubles == []


def test_sounds_beside_the_page(desk: Desk, other: Tab) -> None:
    """A linked sound plays, whatever it is called; one that is away is told of."""
    name = "\u00e4 #1?%20 100%.opus"
    (desk.folder / name).write_bytes(opus_note(12))
    href = "%C3%A4%20%231%3F%2520%20100%25.opus"
    note = told_note(duration_ms=12_000)
    entries = [
        entry_of(1, note, href=href),
        entry_of(2, note, href="gone.opus"),
        entry_of(3, note, href=(desk.folder / name).as_uri()),
    ]
    path = page_of(desk.folder / "linked.html", entries)
    other.page.goto(path.as_uri())
    for number in (1, 3):
        other.page.click(f"#n{number} .play")
        other.wait("Math.abs(sound.duration - 12) < 0.05 && sound.currentTime > 0.1")
    assert other.troubles == []
    other.page.click("#n2 .play")
    other.wait("document.querySelector('#n2 .fault')")
    assert "not where this page expects it" in other.text("#n2 .fault")
    assert other.page.locator("#n2 .play").is_visible()
    assert not other.ask(PLAYS)  # who chose that one did not choose another
    other.page.click("#n1 .play")
    other.wait("sound.readyState > 0")
    other.ask("sound.currentTime = 11.8")
    other.wait(f"{PLAYS}?.id === 'n3'")  # it does not end the whole
