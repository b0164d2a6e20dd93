"""Folders are recognised at whatever level they are synced."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tui.archives import FolderView
from tui.errors import SourceError
from tui.model import SourceKind
from tui.sources import (
    ACCEPT_SCORE,
    Detection,
    Folders,
    WhatsAppAndroid,
    detect,
    format_of,
    kind_words,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tui.sources import SourceFormat

_PTT = "PTT-20240815-WA0003.opus"
_TREE = f"Android/media/com.whatsapp/WhatsApp/Media/WhatsApp Voice Notes/202433/{_PTT}"


def _make(root: Path, *files: str) -> bytes:
    for file in files:
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        if file.endswith("/"):
            path.mkdir(exist_ok=True)
        else:
            path.write_bytes(b"OggS")
    return os.fsencode(root)


def _best(path: bytes) -> Detection:
    return detect(path)[0]


@pytest.mark.parametrize(
    "level",
    [
        "",
        "Android",
        "Android/media",
        "Android/media/com.whatsapp",
        "Android/media/com.whatsapp/WhatsApp",
        "Android/media/com.whatsapp/WhatsApp/Media",
        "Android/media/com.whatsapp/WhatsApp/Media/WhatsApp Voice Notes",
        "Android/media/com.whatsapp/WhatsApp/Media/WhatsApp Voice Notes/202433",
    ],
)
def test_whatsapp_at_every_level(tmp_path: Path, level: str) -> None:
    """Each folder from a phone's root down to one week is WhatsApp's."""
    _make(tmp_path, _TREE)
    found = _best(os.fsencode(tmp_path / level))
    assert found.kind is SourceKind.WHATSAPP_ANDROID
    assert found.score == 100
    assert found.label == "WhatsApp"
    assert found.reasons
    assert found.root == os.fsencode(tmp_path / level)


@pytest.mark.parametrize(
    ("tree", "label"),
    [
        ("WhatsApp/Media/WhatsApp Audio/", "WhatsApp"),
        (
            "com.whatsapp.w4b/WhatsApp Business/Media/WhatsApp Business Voice Notes/",
            "WhatsApp Business",
        ),
        ("GBWhatsApp/Media/GBWhatsApp Voice Notes/", "GBWhatsApp"),
        ("phones/Ana/WhatsApp/Media/WhatsApp Video Notes/", "WhatsApp"),
    ],
)
def test_old_trees_business_and_clones(tmp_path: Path, tree: str, label: str) -> None:
    """Every app's folders are found, also two folders down."""
    found = _best(_make(tmp_path, tree))
    assert (found.kind, found.score) == (SourceKind.WHATSAPP_ANDROID, 100)
    assert found.label == label


def test_media_without_voice_notes(tmp_path: Path) -> None:
    """Two of WhatsApp's other folders are a strong sign; voice notes may follow."""
    found = _best(_make(tmp_path, "GBWhatsApp Images/", "GBWhatsApp Video/", "x/"))
    assert (found.kind, found.score) == (SourceKind.WHATSAPP_ANDROID, 90)
    assert found.label == "GBWhatsApp"


@pytest.mark.parametrize("folder", ["202433", "backup/202433"])
def test_weeks_under_another_name(tmp_path: Path, folder: str) -> None:
    """A week's folder counts only with a voice note in it."""
    root = _make(tmp_path / "voices", f"{folder}/{_PTT}")
    found = _best(root)
    assert (found.kind, found.score) == (SourceKind.WHATSAPP_ANDROID, 75)
    other = _best(_make(tmp_path / "others", f"{folder}/meeting.m4a"))
    assert other.kind is SourceKind.FOLDER


def test_one_week_under_another_name(tmp_path: Path) -> None:
    """One week alone is recognised by its name and a note."""
    root = _make(tmp_path / "202433", _PTT)
    assert _best(root).score == 75
    assert _best(_make(tmp_path / "202434", "a.m4a")).kind is SourceKind.FOLDER


@pytest.mark.parametrize("folder", ["Sent", "Private", "202433"])
def test_folders_inside_whatsapps(tmp_path: Path, folder: str) -> None:
    """WhatsApp's own sub-folders belong to it, others don't."""
    root = _make(tmp_path / "WhatsApp Audio" / folder, "AUD-20240815-WA0001.m4a")
    assert _best(root).kind is SourceKind.WHATSAPP_ANDROID
    other = _make(tmp_path / "WhatsApp Audio" / "Mine", "a.m4a")
    assert _best(other).kind is SourceKind.FOLDER


def test_a_root_with_both_is_one_source(tmp_path: Path) -> None:
    """WhatsApp is the better kind; the recordings beside it are named as well."""
    root = _make(
        tmp_path, _TREE, *(f"Recordings/2024-08-1{n} 13-26-33.m4a" for n in "123")
    )
    assert [(found.kind.value, found.score) for found in detect(root)] == [
        ("whatsapp_android", 100),
        ("folder", 70),
    ]


def test_the_search_goes_first_where_whatsapp_mostly_is(tmp_path: Path) -> None:
    """A phone with hundreds of other folders is recognised all the same."""
    root = _make(tmp_path, _TREE, *(f"Download/{n}/" for n in range(500)))
    assert _best(root).score == 100


def test_the_search_is_bounded(tmp_path: Path) -> None:
    """A huge tree of other folders is not searched through."""
    root = _make(tmp_path, *(f"a/{n:03}/" for n in range(450)), f"a/999/202433/{_PTT}")
    assert WhatsAppAndroid().detect(FolderView(root)) is None


def test_far_below_other_folders_nothing_is_looked_for(tmp_path: Path) -> None:
    """Two folders down is far enough; deeper, the facts still know WhatsApp's rules."""
    assert _best(_make(tmp_path, "a/b/WhatsApp Audio/")).score == 100
    found = _best(_make(tmp_path / "a" / "c", "d/e/f/WhatsApp Audio/"))
    assert found.kind is SourceKind.FOLDER


def test_links_are_not_followed(tmp_path: Path) -> None:
    """A loop of links ends."""
    root = _make(tmp_path, "a/")
    (tmp_path / "a" / "WhatsApp Voice Notes").symlink_to(tmp_path)
    assert WhatsAppAndroid().detect(FolderView(root)) is None


def test_a_recorders_folder(tmp_path: Path) -> None:
    """The name that recorder apps give is a good sign."""
    found = _best(_make(tmp_path / "Voice Recorder", "Voice 001.m4a"))
    assert (found.kind, found.score) == (SourceKind.FOLDER, 70)
    assert found.label == "Voice Recorder"


def test_recordings_with_times_in_their_names(tmp_path: Path) -> None:
    """Three names with a moment are a recorder's."""
    names = [f"2024-08-1{n} 13-26-33.m4a" for n in "123"]
    assert _best(_make(tmp_path / "x", *names)).score == 70
    assert Folders().detect(FolderView(_make(tmp_path / "y", names[0]))) == Detection(
        SourceKind.FOLDER, os.fsencode(tmp_path / "y"), 30, ("has recordings",), "y"
    )


def test_folders_of_an_iphone(tmp_path: Path) -> None:
    """The identities of chats are a good sign, though no name has a time."""
    jid = "Message/Media/491700000001@s.whatsapp.net/a/0"
    root = _make(tmp_path, f"{jid}/0d4a1f63-9b0e-4c71-8f52-5a1b2c3d4e5f.opus")
    found = _best(root)
    assert (found.kind, found.score) == (SourceKind.WHATSAPP_IOS, 75)
    assert found.reasons == ("has folders of WhatsApp's chats on an iPhone",)


@pytest.mark.parametrize(
    ("file", "reason"),
    [("a/b.opus", "has recordings"), ("a/b.txt", "no recordings yet")],
)
def test_a_folder_that_the_user_chose_is_accepted(
    tmp_path: Path, file: str, reason: str
) -> None:
    """What little speaks for a folder is said, and the user's choice decides."""
    found = _best(_make(tmp_path, file))
    assert (found.kind, found.score) == (SourceKind.FOLDER, ACCEPT_SCORE)
    assert found.reasons == (reason, "chosen by you")
    assert found.label == tmp_path.name


def test_rubbish_is_no_sign(tmp_path: Path) -> None:
    """Hidden folders and files still written don't make a folder a source."""
    root = _make(
        tmp_path, ".stversions/a.opus", ".syncthing.a.opus.tmp", "@eaDir/a.opus"
    )
    assert Folders().detect(FolderView(root)) is None
    assert WhatsAppAndroid().detect(FolderView(root)) is None


def test_a_huge_tree_of_recordings_is_not_walked(tmp_path: Path) -> None:
    """Detection looks at some folders only."""
    root = _make(tmp_path, *(f"{n:03}/" for n in range(230)), "999/a.opus")
    assert Folders().detect(FolderView(root)) is None


def test_what_is_no_folder(tmp_path: Path) -> None:
    """A file, or nothing, is refused with the reason."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SourceError, match=f"is a file: .* lies in, {tmp_path}$"):
        detect(os.fsencode(tmp_path / "file"))
    with pytest.raises(SourceError, match="no such file"):
        detect(os.fsencode(tmp_path / "none"))


@pytest.mark.parametrize("kind", list(SourceKind))
def test_every_kind_has_a_format(kind: SourceKind) -> None:
    """What is detected can be read; what only documents tell, as plain folders."""
    format_: SourceFormat = format_of(kind)
    own = {SourceKind.WHATSAPP_ANDROID, SourceKind.FOLDER}
    assert format_.kind is (kind if kind in own else SourceKind.FOLDER)
    assert kind_words(kind)


def test_the_root_of_the_file_system() -> None:
    """A slash is a folder with a name."""
    found = Folders().detect(_Rooted())
    assert found is not None
    assert found.label == "/"


class _Rooted:
    """A file system of one recording."""

    @property
    def path(self) -> bytes:
        """The root's path."""
        return b"/"

    def names(self) -> list[bytes]:
        """The one name."""
        return [b"a.opus"]

    def is_folder(self, name: bytes) -> bool:
        """Nothing is a folder."""
        return False

    def folder(self, name: bytes) -> _Rooted:
        """Never asked."""
        raise AssertionError(name)

    def head(self, name: bytes, size: int) -> bytes:
        """Never asked."""
        raise AssertionError(name)


def test_a_view_shows_a_real_folder(tmp_path: Path) -> None:
    """Names, kinds and heads come from the disk; what can't be read is empty."""
    root = _make(tmp_path, "a/b.opus", "c.opus")
    view = FolderView(root)
    assert view.path == root
    assert sorted(view.names()) == [b"a", b"c.opus"]
    assert view.is_folder(b"a")
    assert not view.is_folder(b"c.opus")
    assert not view.is_folder(b"none")
    assert view.head(b"c.opus", 2) == b"Og"
    assert view.head(b"none", 2) == b""
    assert view.head(b"a", 2) == b""
    assert view.folder(b"a").names() == [b"b.opus"]
    assert view.folder(b"none").names() == []
