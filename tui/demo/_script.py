"""Who says what in the sample library, where it lies and how long ago it was said.

The people are made up, the voices are espeak-ng's. `python -m tests.make_demo` speaks
these lines into `clips/`.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "ARRIVALS",
    "EXPORTED",
    "FORWARDED",
    "GROUP",
    "LIBRARY",
    "NUMBERS",
    "OWNER",
    "VIEW_ONCE",
    "VOICES",
    "Line",
    "Message",
    "Voice",
]


@dataclass(frozen=True, slots=True)
class Voice:
    """How a person sounds, in espeak-ng's terms."""

    name: str
    """Accent and variant."""
    pitch: int
    speed: int
    """Words a minute."""


VOICES = {
    "Ana": Voice("en-us+f3", 52, 165),
    "Bob": Voice("en-gb+m3", 38, 160),
    "Mum": Voice("en-gb-scotland+f4", 46, 150),
    "Leo": Voice("en-us+m7", 58, 170),
    "Ida": Voice("en-gb+f2", 60, 172),
}


OWNER = "Leo"
"""Whose phone it is: what he says was sent."""

NUMBERS = {
    "Leo": "447700900100",
    "Ana": "447700900101",
    "Bob": "447700900102",
    "Ida": "447700900103",
    "Mum": "447700900104",
}
"""Numbers that the United Kingdom keeps free for made-up people."""

GROUP = "Boat on Saturday"
EXPORTED = "Mum"
"""Whose chat is known from exports, until a backup has a note of hers."""


@dataclass(frozen=True, slots=True)
class Line:
    """One voice note of the sample library."""

    clip: str
    """The name of its file in `clips/`, without the suffix."""
    who: str
    text: str
    days_ago: int = 0
    """0 for the last hours, however early it is."""
    at: str = ""
    """The time of day; minutes before now for the last hours."""
    chat: str = ""
    """Where it was said; empty for the chat with who speaks."""
    has_transcript: bool = False
    """Whether the phone wrote down what is said."""

    @property
    def place(self) -> str:
        """The title of its chat."""
        return self.chat or self.who


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the sample library that has no recording of its own."""

    chat: str
    who: str
    days_ago: int
    at: str
    clip: str = ""
    """The line whose recording was forwarded."""


LIBRARY = (
    Line(
        "recipe",
        "Ana",
        "Hi, it's me. I found the recipe for the bread. You take a kilo of flour, not"
        " the fine one, and more water than you would think. And then you wait.",
        3,
        "13:26",
        has_transcript=True,
    ),
    Line(
        "train",
        "Ana",
        "I am on the train, so this may break off. We are twenty minutes late. Please"
        " start without me.",
        1,
        "17:52",
    ),
    Line(
        "folder",
        "Ana",
        "Did you take the blue folder? It was on the kitchen table this morning, and"
        " now it is gone. Call me when you hear this.",
        0,
        "48",
        has_transcript=True,
    ),
    Line(
        "meeting",
        "Bob",
        "The meeting moved to half past three. Same room. Bring the printed plan, the"
        " projector is still broken.",
        12,
        "09:14",
    ),
    Line(
        "keys",
        "Bob",
        "I have your keys. You left them on the piano. I will put them under the"
        " flower pot by the door.",
        2,
        "21:07",
        has_transcript=True,
    ),
    Line(
        "boat",
        "Bob",
        "Short question. Are we four or five on Saturday? I need to book the boat"
        " today.",
        0,
        "95",
        chat=GROUP,
    ),
    Line(
        "apples",
        "Mum",
        "Hello, it is only me. The apples are ripe. If you come on Sunday, bring two"
        " baskets, and something to wear that may get dirty.",
        40,
        "10:30",
    ),
    Line(
        "parcel",
        "Mum",
        "I pressed the wrong button before. So, once more. Your parcel is here, and"
        " the dentist called. Nothing bad.",
        5,
        "16:41",
    ),
    Line(
        "choir",
        "Ida",
        "The choir starts at seven tonight, not at eight. Please tell the others, and"
        " bring the old sheet music.",
        8,
        "12:03",
    ),
    Line(
        "frogs",
        "Leo",
        "Listen to this. I am standing by the river, and there must be a hundred"
        " frogs. Wait. Well, now they have stopped.",
        8,
        "22:48",
        chat=GROUP,
    ),
    Line(
        "plumber",
        "Ida",
        "The plumber was here. It was only a washer. He says that the pipe will last"
        " another ten years.",
        1,
        "11:20",
    ),
    Line(
        "shopping",
        "Leo",
        "Okay. Milk, rice, two lemons, and the good olive oil. That is all. No, wait."
        " Also candles.",
        0,
        "130",
        chat="Ana",
    ),
)
"""What is there at the start."""

ARRIVALS = (
    Line(
        "lemons",
        "Leo",
        "They have no lemons. I took limes. Tell me quickly if that is wrong, I am"
        " already in the queue.",
        chat="Ana",
    ),
    Line(
        "station",
        "Ana",
        "We are in the station now. I can see the big clock. I will take the tram"
        " from here, keep some bread for me.",
    ),
    Line(
        "sheet-music",
        "Ida",
        "I found the sheet music. It was in the oven, between two baking trays. Please"
        " do not ask.",
    ),
    Line(
        "found",
        "Mum",
        "The blue folder is with me. You left it in the car on Monday, under my"
        " umbrella.",
    ),
    Line(
        "five",
        "Bob",
        "So we are five. I took the big boat. Life jackets are on board, the coffee"
        " is not.",
        chat=GROUP,
    ),
    Line(
        "candles",
        "Leo",
        "One more thing. How many candles? They are sold in boxes of fifty, and I have"
        " only one bag.",
        chat="Ana",
    ),
)
"""What comes in while one looks, over and over."""

FORWARDED = Message("Bob", OWNER, 8, "12:10", clip="choir")
"""Asked to tell the others, the owner did."""

VIEW_ONCE = Message("Ana", "Ana", 2, "19:30")
"""A note that can be heard once; no phone keeps its file."""
