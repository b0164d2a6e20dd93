"""The program `earmark`, and `python -m tui`.

Its first act, where the browser is meant, is a picture of what is known already:
nothing is imported ahead of that but what Python has loaded anyway.
"""

import os
import sys

__all__ = ["library_path", "main"]


def main() -> int:
    """Run the program.

    Returns:
        The exit code.
    """
    argv = sys.argv[1:]
    if _is_interactive():
        from tui.cli._argv import opens_browser

        said = opens_browser(argv)
        if said is not None:
            from tui.prepaint import prepaint

            prepaint(library_path(*said))
    from tui.cli import main as run

    return run(argv)


def _is_interactive() -> bool:
    """Tell whether a person sits at both ends, with a terminal that can be painted."""
    try:
        return os.isatty(0) and os.isatty(1) and os.environ.get("TERM") != "dumb"
    except OSError:
        return False


def library_path(library: str = "", config: str = "") -> str:
    """Tell where the library is, without reading the settings if that can be.

    Args:
        library: What `--library` says.
        config: What `--config` says.

    Returns:
        The path; empty when the settings are wrong (they will be told later).
    """
    path = library or os.environ.get("EARMARK_LIBRARY", "")
    if path:
        return os.path.abspath(os.path.expanduser(path))
    config = config or os.environ.get("EARMARK_CONFIG", "")
    if sys.platform == "linux" and not _names_library(config):
        return os.path.join(_home("XDG_DATA_HOME", ".local/share"), "library.db")
    from tui.config import load_settings
    from tui.errors import UsageError

    try:
        return str(load_settings({"config": config or None}).library)
    except UsageError:
        return ""


def _home(variable: str, usual: str) -> str:
    """Name Earmark's folder as platformdirs does, which takes 19 ms to import."""
    base = os.environ.get(variable, "").strip()
    return os.path.join(base or os.path.expanduser(f"~/{usual}"), "earmark")


def _names_library(config: str) -> bool:
    """Tell whether the config file may say where the library is."""
    path = config or os.path.join(_home("XDG_CONFIG_HOME", ".config"), "config.toml")
    try:
        with open(os.path.expanduser(path), "rb") as file:
            return b"library" in file.read(1 << 20)
    except OSError:
        return bool(config)


if __name__ == "__main__":
    sys.exit(main())
