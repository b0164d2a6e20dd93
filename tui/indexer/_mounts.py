"""Which file systems send no events for what others do to them."""

from __future__ import annotations

import os
import re

__all__ = ["silent_file_system"]

_SILENT = frozenset(
    {
        "9p",
        "afs",
        "autofs",
        "ceph",
        "cifs",
        "coda",
        "davfs",
        "drvfs",
        "gfs2",
        "glusterfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "ocfs2",
        "smb3",
        "smbfs",
        "vboxsf",
        "virtiofs",
        "vmhgfs",
    }
)
"""Types where changes made on another machine are not reported."""

_OCTAL = re.compile(rb"\\([0-7]{3})")


def silent_file_system(path: bytes, mountinfo: bytes | None = None) -> str:
    """Tell whether a path lies where the kernel reports no changes.

    Args:
        path: An absolute path, links resolved.
        mountinfo: The content of `/proc/self/mountinfo`; None reads it.

    Returns:
        The name of the file system, e.g. `nfs4`; empty when events can be expected,
        or when it can't be told.
    """
    if mountinfo is None:
        mountinfo = _read_mountinfo()
    best, kind = b"", ""
    for line in mountinfo.splitlines():
        before, separator, after = line.partition(b" - ")
        fields = before.split(b" ")
        if not separator or len(fields) < 5:
            continue
        point = _OCTAL.sub(lambda m: bytes([int(m[1], 8)]), fields[4])
        # Of two mounts on the same place the later one hides the earlier.
        if len(point) >= len(best) and _is_below(path, point):
            best, kind = point, os.fsdecode(after.split(b" ", 1)[0])
    if kind in _SILENT or (kind.startswith("fuse.") and kind not in _LOCAL_FUSE):
        return kind
    return ""


_LOCAL_FUSE = frozenset({"fuse.lxcfs", "fuse.fuse-overlayfs"})
"""FUSE file systems over a local one: the kernel sees every change."""


def _is_below(path: bytes, point: bytes) -> bool:
    return path == point or path.startswith(point.rstrip(b"/") + b"/")


def _read_mountinfo() -> bytes:
    try:
        with open(
            "/proc/self/mountinfo", "rb"
        ) as file:  # a kernel's file has no path object's worth
            return file.read()
    except OSError:
        return b""  # no Linux: events are tried, and the sweep heals
