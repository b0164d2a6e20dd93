"""`senders`, `rename`, `merge`, `split`, `assign`, `rules` on a real folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.notes import opus_note
from tui.cli._people import find_named
from tui.errors import UsageError
from tui.model import Identity, Named

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.cli.conftest import Done

    Earmark = Callable[..., Done]


def titles(earmark: Earmark) -> dict[str, int]:
    """The chats, with their counts."""
    return {chat["title"]: chat["notes"] for chat in earmark("chats", "--json").json}


def test_senders_are_listed(known: Earmark) -> None:
    """With counts and what they are known by, also for programs."""
    assert known("senders").code == 1
    assert known("senders", "--json").json == []
    known("assign", "chat:Bob", "--sender", "Zoe")
    known("assign", "chat:Ana", "--sender", "Kim")
    found: list[dict[str, Any]] = known("senders", "--json").json
    assert [(each["name"], each["notes"]) for each in found] == [("Kim", 3), ("Zoe", 1)]
    assert set(found[0]) == {"id", "name", "notes", "last_at", "identities"}
    assert found[0]["identities"] == ["own:Kim"]
    assert known("senders").lines == ["Kim  3 notes", "Zoe   1 note"]
    known("merge", "sender", "Zoe", "--into", "Kim")
    assert known("senders").lines == ["Kim  4 notes  Zoe"]


def test_chats_have_ids_and_identities(known: Earmark) -> None:
    """Two in one that went into another."""
    known("merge", "chat", "Anton", "--into", "Bob")
    (bob,) = [c for c in known("chats", "--json").json if c["title"] == "Bob"]
    assert isinstance(bob["id"], int)
    assert bob["identities"] == ["Bob", "Anton"]


def test_rename_merge_split_and_undo(known: Earmark) -> None:
    """Each says what it did, and is taken back in turn."""
    before = titles(known)
    assert before == {"Ana": 3, "Anton": 2, "Bob": 1}
    done = known("rename", "chat", "bo", "Robert")
    assert (done.code, done.out) == (0, "“Bob” is called “Robert” now\n")
    assert known("rename", "chat", "Robert", "Robert").code == 1
    done = known("merge", "chat", "Ana", "Anton", "--into", "Robert")
    assert done.out == "“Ana” and “Anton” went into “Robert”\n"
    assert titles(known) == {"Robert": 6}
    assert known("merge", "chat", "Robert", "--into", "Robert").code == 1
    done = known("split", "chat", "Anton")
    assert done.out == "“Anton” was taken out of “Robert”\n"
    assert titles(known) == {"Robert": 4, "Anton": 2}
    assert known("split", "chat", "Anton").code == 1
    listed = known("undo", "--list")
    assert listed.code == 0
    assert [line.split("  ", 2)[2] for line in listed.lines] == [
        "“Anton” was taken out of “Robert”",
        "“Ana” and “Anton” went into “Robert”",
        "“Bob” is called “Robert” now",
    ]
    told = [known("undo") for _ in range(4)]
    assert [each.code for each in told] == [0, 0, 0, 1]
    assert told[0].out == "undone: “Anton” was taken out of “Robert”\n"
    assert "nothing to undo" in told[3].err
    assert known("undo", "--list").code == 1
    assert titles(known) == before


def test_notes_are_assigned(known: Earmark) -> None:
    """To a chat or sender that there is, or to a new one."""
    done = known("assign", "chat:Ant", "--chat", "bob")
    assert (done.code, done.out) == (0, "2 notes are in “Bob” now\n")
    done = known("assign", "chat:Bob", "-chat:Ana", "--sender", "Zoe")
    assert done.out == "3 notes are from “Zoe” now\n"
    assert [s["name"] for s in known("senders", "--json").json] == ["Zoe"]
    assert known("rename", "sender", "zoe", "Zo").code == 0
    assert known("list", "from:Zo", "--json").json[0]["direction"] == "received"
    evidence = known("list", "from:Zo", "--json").json[0]["evidence"]
    assert evidence["sender"] == {"from": "chosen by you", "confidence": 2.0}
    assert known("assign", "nothing-like-it", "--chat", "Bob").code == 1


def test_a_rule_assigns_now_and_later(known: Earmark, tmp_path: Path) -> None:
    """Until it is removed; what was said by hand stays."""
    known("assign", "chat:Bob", "--chat", "Hand")
    done = known("assign", "chat:An or chat:Hand", "--chat", "A", "--rule")
    assert done.code == 0
    assert done.out.endswith("are in “A”: 6 recordings so far\n")
    assert titles(known) == {"A": 5, "Hand": 1}
    (tmp_path / "Voice" / "Ana" / "9.opus").write_bytes(opus_note(2, serial=99))
    assert titles(known) == {"A": 6, "Hand": 1}
    (rule,) = known("rules", "--json").json
    assert rule == {
        "id": rule["id"],
        "query": "chat:An or chat:Hand",
        "chat": "A",
        "recordings": 7,
    }
    assert known("rules").lines == ["1  chat:An or chat:Hand  chat A  7 recordings"]
    assert known("rules", "--remove", "1").code == 0
    assert titles(known) == {"Ana": 4, "Anton": 2, "Hand": 1}
    assert known("rules").code == 1
    assert known("rules", "--remove", "1").code == 2
    known("undo")
    assert titles(known) == {"A": 6, "Hand": 1}


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["rename", "chat", "An", "x"], "2 chats may be meant: A"),
        (["rename", "chat", "Anna", "x"], "no chat is called Anna (there are "),
        (["rename", "sender", "Ana", "x"], "no sender is called Ana"),
        (["merge", "chat", "Ana", "--into", "x"], "no chat is called x"),
        (["merge", "chat", "Ana"], "--into"),
        (["split", "folder", "Ana"], "invalid choice"),
        (["assign", "x"], "either --chat or --sender"),
        (["assign", "x", "--chat", "a", "--sender", "b"], "either --chat or --sender"),
        (["assign", "x", "--chat", " "], "--chat needs a name"),
        (["assign", "--chat", "a"], "QUERY"),
        (["assign", "nonsense:x", "--chat", "a"], "there is no filter"),
        (["assign", "", "--chat", "a"], "needs a query"),
        (["rules", "--remove", "x"], "invalid int"),
    ],
)
def test_what_is_wrong_is_told(known: Earmark, argv: list[str], said: str) -> None:
    """In one line, with what may have been meant, and nothing is changed."""
    done = known(*argv)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert known("undo", "--list").code == 1


def test_a_name_is_found_by_all_that_tells_it_apart() -> None:
    """Exact, then whatever its case, then its id, then how it begins."""
    known = [
        Named(7, "Ana", 1, (Identity(7, "a", "Ana"), Identity(8, "wa:1", "Anna K"))),
        Named(9, "ana", 1),
        Named(11, "Bob", 1),
        Named(12, "Bob", 1),
        Named(13, "7", 1),
    ]
    assert find_named(known, "Ana", "chat") == 7
    assert find_named(known, "ana", "chat") == 9
    assert find_named(known, "7", "chat") == 13
    assert find_named(known, "11", "chat") == 11
    assert find_named(known, "Anna", "chat", parts=True) == 8
    assert find_named(known, "wa:1", "chat", parts=True) == 8
    for name in ("Bob", "ANA", "A", "Anna"):
        with pytest.raises(UsageError):
            find_named(known, name, "chat")
