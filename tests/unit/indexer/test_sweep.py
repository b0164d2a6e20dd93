"""The times of known folders."""

from __future__ import annotations

from tui.indexer._sweep import FolderTimes


class _Disk:
    """Times of folders, and how often they were asked for."""

    def __init__(self, **times: int) -> None:
        self.times = {b"/r/" + name.encode(): t for name, t in times.items()}
        self.times[b"/r"] = 1
        self.asked: list[bytes] = []

    def __call__(self, path: bytes) -> int:
        self.asked.append(path)
        if path not in self.times:
            raise FileNotFoundError(path)
        if self.times[path] < 0:
            raise PermissionError(path)
        return self.times[path]


def _times(disk: _Disk) -> FolderTimes:
    times = FolderTimes(b"/r", disk)
    times.load((path[3:], time) for path, time in disk.times.items())
    return times


def test_only_what_changed_is_found() -> None:
    """Another time, older or newer, and a folder that is gone are news."""
    disk = _Disk(a=5, b=6, c=7, d=8)
    times = _times(disk)
    assert times.changed() == set()
    disk.times[b"/r/a"] = 4
    disk.times[b"/r/b"] = 9
    del disk.times[b"/r/c"]
    disk.times[b"/r/d"] = -1
    assert times.changed() == {b"a", b"b", b"c"}
    assert times.changed() == {b"a", b"b", b"c"}, "found until it was read"
    times.note(b"a", 4)
    times.note(b"b", 9)
    times.forget([b"c", b"unknown"])
    assert times.changed() == set()
    assert b"c" not in times
    assert times.time_of(b"b") == 9
    assert times.time_of(b"c") == 0


def test_a_racy_folder_is_read_again() -> None:
    """A folder that changed while it was read has no time yet."""
    disk = _Disk(a=5)
    times = _times(disk)
    times.note(b"a", 0)
    assert times.changed() == {b"a"}


def test_below() -> None:
    """A folder stands for itself and all below it, but not for its neighbours."""
    times = FolderTimes(b"/r", _Disk())
    times.load([(b"", 1), (b"a", 1), (b"a/b", 1), (b"ab", 1)])
    assert sorted(times.below(b"a")) == [b"a", b"a/b"]
    assert sorted(times.below(b"")) == [b"", b"a", b"a/b", b"ab"]
    assert len(times) == 4
    assert sorted(times.folders()) == [b"", b"a", b"a/b", b"ab"]


def test_thousands_of_folders_are_asked_in_turns() -> None:
    """The cost of a sweep stays the same; the newest are asked each time."""
    disk = _Disk(**{f"f{number:04}": number + 2 for number in range(3000)})
    times = _times(disk)
    disk.asked.clear()
    times.changed()
    assert len(disk.asked) < 600
    assert b"/r/f2999" in disk.asked
    for _ in range(5):
        times.changed()
    assert set(disk.asked) == set(disk.times)
    disk.asked.clear()
    disk.times[b"/r/f0007"] = 1
    assert times.all_changed() == {b"f0007"}
    times.note(b"f0007", 1)
    disk.asked.clear()
    times.changed()
    assert b"/r/f0007" in disk.asked, "what just changed is hot"


def test_the_real_file_system_is_asked_by_default(tmp_path_factory: object) -> None:
    """Without a replacement, the time comes from `stat`."""
    times = FolderTimes(b"/proc/self/no-such-folder")
    times.note(b"", 1)
    assert times.changed() == {b""}
