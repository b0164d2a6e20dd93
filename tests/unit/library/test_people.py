"""Who is who: identities, names by rank, partners, joins."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.support.joining import a_chat, a_person
from tui.library._change import change
from tui.library._connection import Access, Store
from tui.library._people import ME, Identities

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tui.library import Library

TEL, LID = "tel:+491700000001", "wa:99887766@lid"


@pytest.fixture
def store(library: Library) -> Iterator[Store]:
    """A connection that may write."""
    store = Store(library.path, Access.WRITE)
    yield store
    store.close()


@contextmanager
def people_of(store: Store) -> Iterator[Identities]:
    """Identities within a change."""
    with change(store) as current:
        yield Identities(current)


def shown(store: Store, table: str, native_id: str) -> tuple[int, str]:
    """The row that an identity leads to, and what that is called."""
    (row_id,) = store.all(f"SELECT id FROM {table} WHERE native_id = ?", (native_id,))[
        0
    ]
    with people_of(store) as people:
        root = people.root(table, row_id)
    name = "name" if table == "sender" else "title"
    return root, store.all(f"SELECT {name} FROM {table} WHERE id = ?", (root,))[0][0]


@pytest.mark.parametrize("is_told_first", [True, False])
@pytest.mark.parametrize("native", [TEL, LID])
def test_a_number_and_what_hides_it(
    store: Store, native: str, *, is_told_first: bool
) -> None:
    """Both orders, each of them first: one person, with the only name."""
    other = LID if native == TEL else TEL
    told = [a_person(native, "Ana", 6, other), a_person(other)]
    for each in told if is_told_first else told[::-1]:
        with people_of(store) as people:
            people.sender(each)
    assert shown(store, "sender", TEL) == shown(store, "sender", LID)
    assert shown(store, "sender", TEL)[1] == "Ana"


NAMES = [("", 0), ("+49170", 1), ("ana", 2), ("Ana M", 5), ("Ana", 6)]


@pytest.mark.parametrize("order", [NAMES, NAMES[::-1], NAMES[2:] + NAMES[:2]])
def test_the_best_name_is_shown(store: Store, order: list[tuple[str, int]]) -> None:
    """By rank, in whatever order documents tell them."""
    for name, rank in order:
        with people_of(store) as people:
            people.sender(a_person(TEL, name, rank))
    assert shown(store, "sender", TEL)[1] == "Ana"


def test_a_name_is_changed_in_the_address_book(store: Store) -> None:
    """Of the same rank the last one counts, also for one who was joined."""
    for name in ("Ana", "Anna"):
        with people_of(store) as people:
            people.sender(a_person(LID, name, 6))
            people.sender(a_person(TEL, "", 0, LID))
    assert shown(store, "sender", TEL)[1] == "Anna"


def test_what_people_call_themselves(store: Store) -> None:
    """It has a mark before it; without any name the number is shown."""
    with people_of(store) as people:
        people.sender(a_person(TEL, "ana", 2))
        people.sender(a_person("tel:+2"))
        people.sender(a_person("name:wa:Bo"))
    assert shown(store, "sender", TEL)[1] == "~ana"
    assert shown(store, "sender", "tel:+2")[1] == "+2"
    assert shown(store, "sender", "name:wa:Bo")[1] == "Bo"


def test_the_owner_is_me(store: Store) -> None:
    """Every identity of the owner leads to the user."""
    with people_of(store) as people:
        people.sender(a_person(ME, ME, 9, TEL, LID))
        people.named_sender("me")
    for native in (TEL, LID):
        assert shown(store, "sender", native)[1] == "me"


@pytest.mark.parametrize("is_partner_first", [True, False])
def test_a_chat_is_called_like_its_partner(
    store: Store, *, is_partner_first: bool
) -> None:
    """As soon as, and whenever, somebody tells who that is."""

    def chat(people: Identities) -> None:
        people.chat(a_chat(title="", rank=0, partner=a_person(LID)))

    def person(people: Identities) -> None:
        people.sender(a_person(TEL, "Ana", 6, LID))

    steps: list[Callable[[Identities], None]] = [chat, person]
    for step in steps[::-1] if is_partner_first else steps:
        with people_of(store) as people:
            step(people)
    assert shown(store, "chat", a_chat().native_id)[1] == "Ana"
    with people_of(store) as people:
        people.sender(a_person(TEL, "Anna", 6))
    assert shown(store, "chat", a_chat().native_id)[1] == "Anna"


def test_a_subject_wins_over_a_partner(store: Store) -> None:
    """A title of its own is better than the number of somebody."""
    with people_of(store) as people:
        people.chat(a_chat(title="Family", rank=7, partner=a_person(TEL, "+49", 1)))
    assert shown(store, "chat", a_chat().native_id)[1] == "Family"


def test_other_identities_of_a_chat(store: Store) -> None:
    """They lead to it, and what is told of them names it."""
    with people_of(store) as people:
        people.chat(a_chat("wa::1@s.whatsapp.net", "", rank=0, aliases=("wa::9@lid",)))
    with people_of(store) as people:
        people.chat(a_chat("wa::9@lid", "Ana", rank=6))
    found = shown(store, "chat", "wa::1@s.whatsapp.net")
    assert found == shown(store, "chat", "wa::9@lid")
    assert found[1] == "Ana"


@pytest.mark.parametrize("table", ["chat", "sender"])
def test_joins_make_no_rings(store: Store, table: str) -> None:
    """Whatever is joined with what: all lead to one, and all calls end."""
    with people_of(store) as people:
        if table == "chat":
            ids = [people.chat(a_chat(f"wa::{name}", name)) for name in "abc"]
        else:
            ids = [people.sender(a_person(f"wa:{name}", name)) for name in "abc"]
        assert people.merge(table, ids[0], ids[1], pinned=False)
        assert people.merge(table, ids[1], ids[2], pinned=False)
        assert not people.merge(table, ids[2], ids[0], pinned=False)
        assert not people.merge(table, ids[0], ids[0], pinned=False)
        assert {people.root(table, each) for each in ids} == {ids[2]}
        store.run(f"UPDATE {table} SET merged_into = ? WHERE id = ?", (ids[0], ids[2]))
        assert people.root(table, ids[0]) in ids
        people.show_name(table, ids[0])


def test_what_the_user_parted_stays_parted(store: Store) -> None:
    """Nothing that a document tells joins what he put his hand on."""
    with people_of(store) as people:
        one, two = people.sender(a_person(TEL, "Ana")), people.sender(a_person(LID))
        store.run("UPDATE sender SET pinned = 1 WHERE id = ?", (one,))
        assert not people.merge("sender", two, one, pinned=False)
        people.sender(a_person(TEL, "Ana", 6, LID))
        assert people.root("sender", two) == two
        assert people.merge("sender", two, one, pinned=True)
