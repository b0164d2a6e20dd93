"""Isolation for every test: own home, clean environment, named parts."""

from __future__ import annotations

import gc
import importlib.util
import itertools
import os
import re
import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.support.dealing import Dealing, groups_first, stand_back
from tests.support.memory import memory_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from xdist.remote import Producer

# How fast examples are made is a property of the machine, not of the code.
settings.register_profile(
    "earmark", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("earmark")

# The folders of tests wait for no disk; pytest asks for the variable, also in workers.
_MEMORY = memory_folder()
if _MEMORY is not None:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))

_PARTS: dict[str, tuple[str, ...]] = {
    "pulseaudio": ("pulseaudio", "parec", "pactl"),
    "tmux": ("tmux",),
    "espeak": ("espeak-ng",),
    "ffmpeg": ("ffmpeg",),
    "sshd": ("/usr/sbin/sshd", "ssh"),
    "chromium": ("chromium",),
    "firefox": ("firefox-esr",),
    "mosh": ("mosh-server", "mosh-client"),
}
"""Parts of the machine that some tests need: name, programs."""

_MODULES = {"simpleaudio": "simpleaudio", "ios": "iphone_backup_decrypt"}
"""Parts that are optional packages: name, module."""


_FOREIGN = ("EARMARK_", "XDG_", "PULSE_", "SSH_", "NO_COLOR", "COLORTERM", "TEXTUAL")
"""Beginnings of variables that would make a test depend on who runs it."""


_SHORT = 40
"""Bytes that still tell something in the name of a test."""


def _missing(part: str) -> str | None:
    if part in _MODULES:
        return None if importlib.util.find_spec(_MODULES[part]) else _MODULES[part]
    return next((p for p in _PARTS[part] if shutil.which(p) is None), None)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Dealing:
    """Deal the tests out by function."""
    return Dealing(config, log)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name files by their parameter: made anew, they may differ in each worker."""
    return argname if isinstance(val, bytes) and len(val) > _SHORT else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests whose part is not there; where EARMARK_CI is set, let them fail."""
    groups_first(items)
    for item in items:
        for mark in item.iter_markers("needs"):
            for part in mark.args:
                gone = _missing(part)
                if gone is None:
                    continue
                if os.environ.get("EARMARK_CI"):
                    item.add_marker(pytest.mark.usefixtures("absent_part"))
                else:
                    item.add_marker(pytest.mark.skip(reason=f"needs {gone}"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Give way to groups as soon as a worker has no more of its own."""
    if hasattr(item.config, "workerinput") and not item.get_closest_marker(
        "xdist_group"
    ):
        stand_back()


def pytest_collection_finish() -> None:
    """Spare the collector the thousands of tests that stay until the end anyway."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def absent_part() -> None:
    """Fail a test whose part is not there, where nothing may go untested."""
    pytest.fail("a part of the machine that this test needs is not installed")


@pytest.fixture(scope="session")
def new_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Give a function that makes a new folder, at the same price each time.

    What pytest has for this lists all folders so far to find the next number.
    With thousands of tests that is more work than most of the tests are.
    """
    folders = tmp_path_factory.mktemp("tests")
    numbers = itertools.count()

    def make(name: str) -> Path:
        folder = folders / f"{name}{next(numbers)}"
        folder.mkdir(mode=0o700)
        return folder

    return make


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, new_folder: Callable[[str], Path]) -> Path:
    """Give each test an own folder, named after it."""
    return new_folder(re.sub(r"\W", "_", request.node.name)[:30])


@pytest.fixture(autouse=True)
def isolated(new_folder: Callable[[str], Path]) -> Iterator[Path]:
    """Give each test an own home and none of the user's settings."""
    home = new_folder("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name != "EARMARK_CI" and name.startswith(_FOREIGN):
                patch.delenv(name)
        patch.setenv("HOME", str(home))
        patch.setenv("XDG_DATA_HOME", str(home / "data"))
        patch.setenv("XDG_CONFIG_HOME", str(home / "config"))
        patch.setenv("XDG_CACHE_HOME", str(home / "cache"))
        patch.setenv("XDG_RUNTIME_DIR", str(home / "run"))
        patch.setenv("PULSE_SERVER", f"unix:{home}/no-such-server")
        patch.setenv("TZ", "UTC")
        yield home
