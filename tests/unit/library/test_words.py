"""The index of words: it follows every change, a bounded part at a time."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.library import START_MS, put, record
from tests.support.searched_library import Facts, SearchedLibrary
from tui.indexer import apply_rules
from tui.library import _words as words_module
from tui.library._change import change
from tui.library._connection import Access, Store
from tui.library._words import AT_ONCE, BETWEEN, due, words_version
from tui.model import Bookmark, SourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.library import IndexWriter, Library

FULL = Facts(
    transcripts=("The oven, it is hot!", "another"),
    texts=("Photo of Öfen",),
    title="Sunday",
    comment="ask\nher",
    bookmarks=(Bookmark(0, "flour"), Bookmark(9, ""), Bookmark(10, "yeast, salt")),
)


@pytest.fixture
def searched(library: Library, writer: IndexWriter) -> SearchedLibrary:
    """A library to write notes to."""
    return SearchedLibrary(library, writer)


@pytest.fixture
def store(library: Library) -> Iterator[Store]:
    """A connection to it."""
    with closing(Store(library.path, Access.WRITE)) as store:
        yield store


def indexed(library: Library) -> dict[int, tuple[str, ...]]:
    """The columns of the index by note."""
    with closing(sqlite3.connect(library.path)) as db:
        rows = db.execute(
            "SELECT rowid, transcript, text, title, comment, bookmarks FROM words"
        )
        return {row[0]: row[1:] for row in rows}


def is_sound(library: Library) -> bool:
    """Whether the index agrees with what it keeps; sqlite3.Error when not."""
    with closing(sqlite3.connect(library.path)) as db, db:
        db.execute("INSERT INTO words(words) VALUES ('integrity-check')")
    return True


def test_all_texts_of_a_note(library: Library, searched: SearchedLibrary) -> None:
    """Each column holds tokens; what is not shown of a note is not found either."""
    (note_id,) = searched.add(FULL)
    assert searched.index() == 1
    assert indexed(library)[note_id] == (
        "the oven it is hot",
        "photo of ofen",
        "sunday",
        "ask her",
        "flour \u2029 yeast salt",
    )
    assert is_sound(library)


def test_the_users_title_is_in_place_of_the_other(
    library: Library, searched: SearchedLibrary
) -> None:
    """A note is found by the title that is shown."""
    (note_id,) = searched.add(FULL._replace(own_title="Bread"))
    searched.index()
    assert indexed(library)[note_id][2] == "bread"


def test_a_note_without_words_has_no_row(
    library: Library, searched: SearchedLibrary, store: Store
) -> None:
    """Signs are no words; what lost its last word leaves the index."""
    first, second = searched.add(Facts(comment="?!"), Facts(comment="oven"))
    searched.index()
    assert list(indexed(library)) == [second]
    store.run("UPDATE mark SET comment = '' WHERE comment = 'oven'")
    assert due(store, 9) == [second]
    assert searched.index() == 1
    assert indexed(library) == {}
    assert not due(store, 9)
    assert first != second


def test_an_edit_is_indexed_with_it(
    library: Library, searched: SearchedLibrary, store: Store
) -> None:
    """The transaction that changed a text also indexes it."""
    (note_id,) = searched.add(FULL)
    searched.index()
    with change(store):
        store.run("UPDATE mark SET comment = 'kitchen'")
    assert indexed(library)[note_id][3] == "kitchen"
    with change(store) as current:
        current.touch(note_id)
        store.run("DELETE FROM claim")
        store.run("DELETE FROM file")
        store.run("DELETE FROM note")
    assert indexed(library) == {}
    assert is_sound(library)


def test_what_is_typed_now_goes_first(
    library: Library,
    searched: SearchedLibrary,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With much to index, a change takes its own notes and leaves all others."""
    monkeypatch.setattr(words_module, "AT_ONCE", 3)
    ids = searched.add(*(Facts(transcripts=(f"w{n}",)) for n in range(12)))
    before = indexed(library).keys()
    with change(store) as current:
        current.touch(ids[7])
    assert set(indexed(library)) == {*before, ids[7]}
    with change(store) as current:
        current.touch_all(ids)
    assert len(indexed(library)) == len(before) + 4


def test_the_rest_is_indexed_in_steps(
    library: Library, searched: SearchedLibrary, store: Store
) -> None:
    """Each call is one transaction of bounded size; the last one tells of its notes."""
    searched.add(Facts())
    store.run(
        "WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n"
        " WHERE i < 1000 + ?) INSERT INTO word_due SELECT i FROM n",
        (BETWEEN + AT_ONCE + 9,),
    )
    (note_id,) = searched.add(FULL._replace(title=""))
    assert searched.writer.index_words() == BETWEEN
    revision = store.all("SELECT rev FROM meta")
    store.run("DELETE FROM word_due WHERE note_id > 1000")
    store.run("INSERT INTO word_due VALUES (?) ON CONFLICT DO NOTHING", (note_id,))
    assert searched.writer.index_words() > 0
    assert searched.writer.index_words() == 0
    assert note_id in indexed(library)
    assert store.all("SELECT rev FROM meta") > revision


def test_nothing_to_index_is_no_change(searched: SearchedLibrary, store: Store) -> None:
    """Where no text is, nothing is written: no reader has to look again."""
    searched.add(Facts())
    searched.index()
    revision, version = store.all("SELECT rev FROM meta"), words_version(store)
    assert searched.writer.index_words() == 0
    assert store.all("SELECT rev FROM meta") == revision
    assert words_version(store) == version


def test_the_version_is_that_of_the_words_alone(
    searched: SearchedLibrary, store: Store
) -> None:
    """Listening does not change it, a word does."""
    searched.add(FULL)
    searched.index()
    version = words_version(store)
    with change(store):
        store.run("UPDATE note SET position_ms = 7")
    assert words_version(store) == version
    with change(store):
        store.run("UPDATE mark SET comment = 'kitchen'")
    assert words_version(store) != version


def test_folders_without_words_leave_nothing_to_do(
    library: Library, writer: IndexWriter, store: Store
) -> None:
    """A scan of plain files puts nothing in the queue."""
    source_id = writer.add_source(b"/plain", SourceKind.FOLDER, "p", 80, [])
    put(
        writer,
        source_id,
        *(record(b"x/%d" % n, inode=n, sent_ms=START_MS + n) for n in range(300)),
    )
    assert not due(store, 1)
    assert indexed(library) == {}


def test_the_indexer_empties_the_queue(
    library: Library, searched: SearchedLibrary, store: Store
) -> None:
    """When nothing is left to ask of the rules, words are indexed to the last."""
    ids = searched.add(FULL, FULL)
    apply_rules(searched.writer, lambda: START_MS)
    assert not due(store, 1)
    assert sorted(indexed(library)) == ids
