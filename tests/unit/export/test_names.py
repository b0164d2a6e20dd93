"""Names of saved files: whatever a chat is called, every file system takes them."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.exported import note_of, told_note
from tests.support.notes import hostile_texts
from tui.errors import UsageError
from tui.export import Format, Options, plan
from tui.export._names import (
    FIELDS,
    collision_key,
    facts_of,
    parse_template,
    safe,
    safe_suffix,
)
from tui.model import Direction, NoteState, Precision

RESERVED = re.compile(
    r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]'
)
DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{name}{digit}" for name in ("com", "lpt") for digit in "0123456789¹²³"
}

texts = st.one_of(
    st.text(st.characters(codec=None), max_size=400),
    st.text("aä\u0301🏽👩\u200d💻. /\\:\u202e\ud83d\udcff\x00", max_size=400),
    st.sampled_from(["con", "NUL.tar", "com1 .x", "LPT²", "..", ".", " ", "aux."]),
    st.sampled_from(hostile_texts()),
)
facts = st.fixed_dictionaries(dict.fromkeys(FIELDS, texts))
templates = st.lists(
    st.one_of(
        st.sampled_from([f"{{{field}}}" for field in FIELDS]), st.text(" -_(.)x")
    ),
    min_size=1,
    max_size=5,
).map("".join)


def require_good(name: str) -> None:
    """A name is good everywhere, also with the number that may be put into it."""
    assert not RESERVED.search(name), name
    assert name not in {"", ".", ".."}
    assert name[0] not in ". "
    assert name[-1] not in ". "
    assert len(name.encode()) <= 255 - len(" (999999)")
    parted = unicodedata.normalize("NFD", name)
    assert len(parted.encode("utf-16-le")) // 2 <= 255 - len(" (999999)")
    assert unicodedata.is_normalized("NFC", name)
    assert name.partition(".")[0].rstrip(" ").casefold() not in DEVICES
    assert not {"Cs", "Co", "Cn", "Zl", "Zp"} & set(map(unicodedata.category, name))


@settings(max_examples=100, deadline=None)
@given(texts, st.sampled_from(["", ".mp3", ".opus"]))
def test_any_text_makes_a_good_name(text: str, suffix: str) -> None:
    """Made safe once more, it stays as it is."""
    name = safe(text, suffix)
    require_good(name)
    assert name.endswith(suffix)
    assert safe(name.removesuffix(suffix), suffix) == name


@settings(max_examples=100, deadline=None)
@given(templates, facts)
def test_any_template_makes_good_names(template: str, values: dict[str, str]) -> None:
    """As many folders as it has slashes, whatever the fields have."""
    try:
        parsed = parse_template(f"{template}/{template}")
    except UsageError:
        assert not template.strip(" .")
        return
    folder, name = parsed.render(values, ".ogg")
    require_good(folder)
    require_good(name)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.sampled_from(["a", "A", "a (2)", "ﬁ", "fi", "ß", "SS", "s\u0301", "ś"]))
)
def test_no_two_notes_get_one_name(titles: list[str]) -> None:
    """Not on a file system that takes upper for lower case either, and every time."""
    notes = [note_of(Path("/v/x.opus"), title=title) for title in titles]
    options = Options(template="{title}")
    made = [each.target for each in plan(notes, Path("/out"), options)]
    assert len({collision_key(path.name) for path in made}) == len(titles)
    assert made == [each.target for each in plan(notes, Path("/out"), options)]
    assert all(path.parent == Path("/out") for path in made)


@pytest.mark.parametrize(
    ("template", "given_facts", "expected"),
    [
        ("{date} {time} {chat} {sender}", {}, "2024-08-15 18-42-01 Family Ana"),
        (
            "{date} {time} {chat} {sender}",
            {"sender": None},
            "2024-08-15 18-42-01 Family",
        ),
        ("{date} {chat} {sender}", {"chat_title": "Ana"}, "2024-08-15 Ana"),
        ("{date} {time} {chat}", {"precision": Precision.DAY}, "2024-08-15 Family"),
        ("{sender} - {chat}", {"sender": None}, "Family"),
        ("{chat} - {sender} - {n}", {"sender": None}, "Family - 0001"),
        ("{chat} ({sender})", {"sender": None}, "Family"),
        ("{chat} ({sender})", {}, "Family (Ana)"),
        ("{chat} from {sender}", {"sender": None}, "Family from"),
        ("{title}", {}, "_"),
        ("{chat}", {"chat_title": "a/b\\c"}, "a-b-c"),
        ("{chat}", {"chat_title": "../../etc"}, "-..-etc"),
        ("{sender}", {"sender": None, "direction": Direction.SENT}, "me"),
        ("{hash}{{x}}", {}, "782e6f70{x}"),
        ("{Chat} x", {"chat_title": "CON"}, "CON x"),
        ("{chat}", {"chat_title": "CON.x"}, "CON_.x"),
    ],
)
def test_what_is_not_known_leaves_no_gap(
    template: str, given_facts: dict[str, object], expected: str
) -> None:
    """Blanks, dashes and brackets around an empty field go with it."""
    note = note_of(Path("/v/x.opus"))
    row = note.row._replace(**given_facts)  # type: ignore[arg-type]  # by name
    note = note._replace(row=row)
    (each,) = plan([note], Path("/out"), Options(template=template))
    assert each.target == Path(f"/out/{expected}.opus")


def test_only_the_template_makes_folders() -> None:
    """And long texts are cut before what tells notes apart."""
    note = note_of(Path("/v/x.OPUS"), chat_title="ä/" * 200, sender="👩\u200d💻" * 60)
    options = Options(Format.MP3, template="{chat}/{date}/{chat} {sender} {n} {hash}")
    (each,) = plan([note], Path("/out"), options)
    assert len(each.target.relative_to("/out").parts) == 3
    assert each.target.name.endswith("👩\u200d💻 0001 782e4f50.mp3")
    require_good(each.target.name)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{date} {sendr}", r"no field \{sendr\} at character 8 .* mean \{sender\}\?"),
        ("{}", r"no field \{\} at character 1"),
        ("a}b", r"\} stands alone at character 2"),
        ("{date", r"\{ stands alone at character 1"),
        ("{chat}/", "an empty name"),
        ("/tmp/{chat}", "an empty name"),
        ("../{chat}", r"the name \.\. in"),
        ("", "an empty name"),
    ],
)
def test_a_wrong_template_is_told_with_its_place(template: str, message: str) -> None:
    """As a usage error, before anything is done."""
    with pytest.raises(UsageError, match=message):
        Options(template=template)


def test_suffixes() -> None:
    """That of the original stays, if it is one; another comes from what is in it."""
    names = [
        b"a.OPUS",
        b"a.tar/b",
        b".opus",
        b"a.",
        b"a.b c",
        b"a.\xff",
        b"a." + b"x" * 99,
    ]
    assert [safe_suffix(name) for name in names] == [".opus", "", "", "", "", "", ""]
    note = note_of(Path("/v/voice"))._replace(container="amr-nb")
    (each,) = plan([note], Path("/out"), Options(template="x"))
    assert each.target.name == "x.amr"


def test_what_can_not_be_saved_is_told_and_takes_no_number() -> None:
    """A note that only a document tells of, and one that is no sound."""
    broken = note_of(Path("/v/y.opus"), state=NoteState.UNREADABLE, reason="no sound")
    notes = [told_note(), broken, note_of(Path("/v/x.opus"))]
    made = list(plan(notes, Path("/out"), Options(template="{n}")))
    assert [each.problem for each in made] == [
        "its file was never here",
        "no sound",
        "",
    ]
    assert made[2].target.name == "0001.opus"
    assert facts_of(notes[2], 7)["n"] == "0007"
