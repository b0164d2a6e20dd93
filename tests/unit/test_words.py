"""Words as a search takes them: folding, splitting, places, in many scripts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui import words as words_module
from tui.words import Place, contains, fold, places, tokens

MIXED = st.text(
    st.one_of(
        st.sampled_from("abZ 19-_'\".\n"),
        st.sampled_from("éßİıﬁÅøŁ\u0301\u0323\u200d\u200b\ufe0f\xad"),
        st.sampled_from("今天か゛がสวัส한국คำעִبָ🎉👍🏽⅓㍿"),
        st.characters(),
    )
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  --  ", []),
        ("So, the RECIPE: 2x flour!", ["so", "the", "recipe", "2x", "flour"]),
        ("don't stop_me/now", ["don", "t", "stop", "me", "now"]),
        ("at 10:30", ["at", "10", "30"]),
        ("Crème BRÛLÉE", ["creme", "brulee"]),
        ("cre\u0300me", ["creme"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("İstanbul ISTANBUL", ["istanbul", "istanbul"]),
        ("ﬁnger ﬂour", ["finger", "flour"]),
        ("\uff37\uff29\uff24\uff25", ["wide"]),
        ("x² ½", ["x2", "1", "2"]),
        ("Привет, Ёлка", ["привет", "елка"]),
        ("Ωμέγα", ["ωμεγα"]),
        ("Ku\xadchen", ["kuchen"]),
        ("a\u200bb", ["a", "b"]),
        ("we\udcffird", ["we", "ird"]),
        ("a\x00b\x1fc", ["a", "b", "c"]),
    ],
)
def test_letters_with_blanks(text: str, expected: list[str]) -> None:
    """Words are runs of letters and digits, without case, accents and forms."""
    assert tokens(text) == expected


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("今天天气很好", "天气"),
        ("東京タワーへ行く", "タワー"),
        ("สวัสดีครับ", "ครับ"),
        ("ສະບາຍດີ", "ບາຍ"),
        ("မင်္ဂလာပါ", "လာပါ"),
        ("សួស្តី", "ស្តី"),
        ("come 🎉🎂 now", "🎂"),
        ("I ❤️ you", "❤"),
        ("I ❤ you", "❤️"),
        ("👩\u200d🍳 cooks", "🍳"),
    ],
)
def test_scripts_without_blanks(text: str, part: str) -> None:
    """A part of a sentence is found wherever it begins; a symbol stands alone."""
    assert contains(tokens(part), tokens(text))
    assert not contains(tokens(part[::-1] + "!x"), tokens(text))


@pytest.mark.parametrize(
    ("text", "beginning"),
    [
        ("한국어로 말해", "한국"),
        ("한국어로 말해", "하"),
        ("السَّلامُ عليكم", "السلام"),
        ("مرحبا بك", "مرح"),
        ("नमस्ते दुनिया", "नमस्"),
        ("שָׁלוֹם", "שלו"),
        ("ტყვია", "ტყ"),
        ("ሰላም ነው", "ሰላ"),
    ],
)
def test_scripts_with_blanks(text: str, beginning: str) -> None:
    """A word is found by how it begins, with or without its marks."""
    assert contains(tokens(beginning), tokens(text))


def test_characters_of_all_scripts_split_cleanly() -> None:
    """No character leaves a blank, capitals or ASCII signs in a token."""
    for code in (*range(0x12000), *range(0x1F000, 0x20000), *range(0xE0000, 0xE0200)):
        char = chr(code)
        found = tokens(f"x{char}y")
        assert "".join(found).isascii() <= "".join(found).isalnum()
        assert not any(each.isspace() for token in found for each in token)
        assert [place.token for place in places(f"x{char}y")] == found


def test_remembered_characters_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text with every character there is does not fill the memory."""
    monkeypatch.setattr(words_module, "_MOST", 10)
    table = words_module._Table(lambda char: char + char)
    assert [table[code] for code in range(65, 95)][:2] == ["AA", "BB"]
    assert len(table) == 10
    assert table[94] == "^^"


def test_huge_texts() -> None:
    """A million words, and one word of a million letters, are split like any other."""
    assert len(tokens("häuser und dächer " * 300_000)) == 900_000
    assert tokens("ä" * 1_000_000) == ["a" * 1_000_000]
    assert len(tokens("天" * 100_000)) == 100_000


@given(MIXED)
def test_places_are_those_of_the_tokens(text: str) -> None:
    """Each place holds its token, in order, inside of the text."""
    found = places(text)
    assert [place.token for place in found] == tokens(text)
    before = 0
    for token, start, end in found:
        assert before <= start < end <= len(text)
        assert token in tokens(text[start:end])
        before = start


@given(MIXED, MIXED)
def test_a_blank_parts_texts(left: str, right: str) -> None:
    """What is split apart is what is split together, with a blank between."""
    assert tokens(f"{left} {right}") == tokens(left) + tokens(right)


@given(MIXED)
def test_tokens_are_folded(text: str) -> None:
    """Splitting folded text, or the tokens again, changes nothing."""
    found = tokens(text)
    assert tokens(fold(text)) == found
    assert tokens(" ".join(found)) == found
    assert fold(fold(text)) == fold(text)


def test_places_with_accents() -> None:
    """An accent that is a character of its own belongs to its letter."""
    assert places("a cre\u0300me\u0301!") == [
        Place("a", 0, 1),
        Place("creme", 2, 9),
    ]
    assert places("㍿x") == [
        *(Place(char, 0, 1) for char in "株式会社"),
        Place("x", 1, 2),
    ]


@pytest.mark.parametrize(
    ("wanted", "text", "expected"),
    [
        ([], ["a"], False),
        (["a"], [], False),
        (["re"], ["the", "recipe"], True),
        (["cipe"], ["the", "recipe"], False),
        (["the", "re"], ["the", "recipe"], True),
        (["th", "recipe"], ["the", "recipe"], False),
        (["a", "b"], ["a", "a", "bc"], True),
        (["a", "b", "c"], ["a", "b"], False),
    ],
    ids=str,
)
def test_contains(wanted: list[str], text: list[str], expected: bool) -> None:
    """Tokens in a row; only the last may be cut off."""
    assert contains(wanted, text) is expected
