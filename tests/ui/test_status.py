"""Words about sources."""

from __future__ import annotations

from pathlib import Path

from tui.model import Problem, Source, SourceId, SourceKind, SourceState, WatchMode
from tui.screens._status import emptiness, notices, summary, troubles

SYNC = Source(
    SourceId(1), b"/data/Sync", SourceKind.FOLDER, "Sync", watch=WatchMode.LIVE
)
USB = Source(SourceId(2), b"/media/usb", SourceKind.FOLDER, "usb", watch=WatchMode.LIVE)


def test_one_source_is_called_by_its_path() -> None:
    """A path below the home is written with a tilde."""
    assert summary([SYNC]) == ("/data/Sync", "live", False)
    home = SYNC._replace(root=str(Path.home() / "Sync").encode())
    assert summary([home]).place == "~/Sync"


def test_many_sources_are_counted_and_the_worst_is_told() -> None:
    """One source that is away is a warning for all."""
    polled = USB._replace(watch=WatchMode.POLLING)
    away = USB._replace(state=SourceState.OFFLINE)
    assert summary([SYNC, USB]) == ("2 sources", "live", False)
    assert summary([SYNC, polled]).state == "polling"
    assert summary([SYNC, away]) == ("2 sources", "1 offline", True)
    assert summary([away]) == ("/media/usb", "offline", True)
    assert summary([]) == ("", "", False)


def test_what_is_not_read_hides_nothing() -> None:
    """The header says how it is watched, and what it needs; only the broken warns."""
    locked = USB._replace(state=SourceState.LOCKED)
    partial = USB._replace(state=SourceState.PARTIAL, watch=WatchMode.POLLING)
    error = USB._replace(state=SourceState.ERROR, watch=WatchMode.OFF)
    away = SYNC._replace(state=SourceState.OFFLINE)
    assert summary([locked]) == ("/media/usb", "live, needs a key", False)
    assert summary([SYNC, partial]).state == "polling, not whole yet"
    assert summary([error]) == ("/media/usb", "unreadable document", True)
    assert summary([locked, partial, error]).state == "polling, unreadable document"
    assert summary([away, locked]) == ("2 sources", "1 offline", True)


def test_a_key_that_is_missing_is_asked_for_with_the_command() -> None:
    """A few words once, the command as it is typed for as long as it is so."""
    reason = "a.crypt15 needs the 64-digit key: earmark key add SOURCE"
    locked = USB._replace(
        root=b"/media/my usb", state=SourceState.LOCKED, reason=reason, scanned_ms=1
    )
    known = locked._replace(state=SourceState.OK, reason="")
    assert list(notices([known], [locked])) == [("/media/my usb needs a key", False)]
    told = (
        "/media/my usb: a.crypt15 needs the 64-digit key:"
        " earmark key add '/media/my usb'."
    )
    assert list(troubles([locked])) == [told]
    assert emptiness([locked]) == told
    assert list(notices([locked], [known])) == [
        ("/media/my usb: everything in it can be read now", False)
    ]


def test_states_of_documents_have_words() -> None:
    """Not whole is no warning, broken is one; both go on being told."""
    partial = USB._replace(state=SourceState.PARTIAL, watch=WatchMode.POLLING)
    error = USB._replace(state=SourceState.ERROR, reason="x.json is no JSON")
    assert list(notices([USB], [partial])) == [("/media/usb is not whole yet", False)]
    assert list(notices([USB], [error])) == [("/media/usb: x.json is no JSON", True)]
    assert list(troubles([partial])) == [
        "/media/usb: something in it is not whole yet.",
        "/media/usb is looked at every few seconds.",
    ]
    away = USB._replace(state=SourceState.OFFLINE)
    assert [text for text, _ in notices([away], [error])] == [
        "/media/usb is back",
        "/media/usb: x.json is no JSON",
    ]


def test_going_and_coming_back_is_told_once() -> None:
    """A notice is about a change, not about a state."""
    away = USB._replace(state=SourceState.OFFLINE, reason="not mounted")
    assert list(notices([USB], [away])) == [
        (
            "/media/usb is offline: not mounted; its notes are hidden until it is back",
            True,
        )
    ]
    assert list(notices([away], [away])) == []
    assert list(notices([away], [USB])) == [("/media/usb is back", False)]


def test_polling_is_no_news_but_has_its_reason() -> None:
    """The user can learn why new notes take a little longer, undisturbed."""
    polled = USB._replace(watch=WatchMode.POLLING, watch_reason="a network drive")
    assert list(notices([USB], [polled])) == []
    assert list(troubles([SYNC, polled])) == [
        "/media/usb is looked at every few seconds: a network drive."
    ]


def test_what_lasts_is_told_as_long_as_it_lasts() -> None:
    """Away, or nothing can be written: with the reason; else nothing."""
    away = USB._replace(state=SourceState.OFFLINE, reason="not mounted.")
    assert list(troubles([SYNC, away])) == ["/media/usb is offline: not mounted."]
    assert list(troubles([SYNC])) == []
    (told,) = troubles([SYNC], is_read_only=True)
    assert "can't be written" in told
    assert summary([SYNC], is_read_only=True) == (
        "/data/Sync",
        "read-only, not watched",
        True,
    )


def test_an_empty_tree_says_why() -> None:
    """Away, still being read, or really without notes."""
    away = USB._replace(state=SourceState.OFFLINE, reason="not mounted")
    there = SYNC._replace(scanned_ms=1)
    assert emptiness([there, away]) == (
        "/media/usb is away: not mounted. Its notes come back with it."
    )
    assert emptiness([there, USB]) == "Reading /media/usb …"
    assert emptiness([]) == "Reading …"
    assert emptiness([there]) == "No voice notes here yet."


def test_each_document_that_can_not_be_read_is_told() -> None:
    """With its name and the reason; of a single one the source tells it already."""
    source = USB._replace(
        state=SourceState.ERROR, reason="b.db no database, and 1 more"
    )
    documents = [
        Problem(
            USB.id, b"a.zip", SourceState.LOCKED, "earmark key add SOURCE opens it"
        ),
        Problem(USB.id, b"x/b.db", SourceState.ERROR, "no database"),
    ]
    assert list(troubles([SYNC, source], documents)) == [
        "a.zip: earmark key add /media/usb opens it.",
        "x/b.db: no database.",
    ]
    one = source._replace(reason="b.db no database")
    assert list(troubles([one], documents[1:])) == ["/media/usb: b.db no database."]
