"""File systems that send no events, told from the kernel's list."""

from __future__ import annotations

import pytest

from tui.indexer._mounts import silent_file_system

_TABLE = b"""\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
23 22 0:21 / /proc rw - proc proc rw
30 22 0:40 / /mnt/phone rw - nfs4 server:/x rw
31 30 0:41 / /mnt/phone/local rw - ext4 /dev/vdb rw
32 22 0:42 / /mnt/with\\040space rw shared:7 master:2 - cifs //s/x rw
33 22 0:43 / /mnt/ssh rw - fuse.sshfs me@host: rw
34 22 0:44 / /mnt/lxc rw - fuse.lxcfs lxcfs rw
35 22 0:45 / /mnt/twice rw - nfs a:/ rw
36 22 0:46 / /mnt/twice rw - tmpfs tmpfs rw
broken line
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (b"/home/x", ""),
        (b"/mnt/phone", "nfs4"),
        (b"/mnt/phone/a/b", "nfs4"),
        (b"/mnt/phonebook", ""),
        (b"/mnt/phone/local/x", ""),
        (b"/mnt/with space/x", "cifs"),
        (b"/mnt/ssh/x", "fuse.sshfs"),
        (b"/mnt/lxc/x", ""),
        (b"/mnt/twice/x", ""),
    ],
)
def test_silent_file_system(path: bytes, kind: str) -> None:
    """The mount that holds a path decides, the last one if there are two."""
    assert silent_file_system(path, _TABLE) == kind


def test_the_real_table_can_be_read(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The machine's own table is understood; a test folder is no network share."""
    path = str(tmp_path_factory.mktemp("x")).encode()
    assert silent_file_system(path) == ""
