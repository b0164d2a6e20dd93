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
            if "--ascii" in argv:
                os.environ["EARMARK_ASCII"] = "1"
            from tui.prepaint import prepaint

            prepaint(library_path(*said))
            _collect_later()
            _load_asyncio()
    from tui.cli import main as run

    return run(argv)


def _collect_later() -> None:
    """Let imports make their objects unexamined; the browser collects again.

    The collector would spend 20 ms looking at what is there to stay.
    """
    import gc

    gc.disable()


def _load_asyncio() -> None:
    """Load asyncio as for a Python without TLS, which the browser has no use for.

    5 ms and 4.5 MB less. Whoever imports `ssl` later gets it.
    """
    if "asyncio" in sys.modules or "ssl" in sys.modules:
        return
    sys.modules["ssl"] = None  # type: ignore[assignment]  # importing it will fail
    try:
        import asyncio  # noqa: F401  # kept by Python for those who need it
    finally:
        del sys.modules["ssl"]


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
        The path; empty when the browser will look different from the picture, or the
        settings are wrong (they will be told later).
    """
    from tui.places import place

    if os.environ.get("EARMARK_THEME") or os.environ.get("EARMARK_COLORS"):
        return ""
    path = library or os.environ.get("EARMARK_LIBRARY", "")
    config = config or os.environ.get("EARMARK_CONFIG", "")
    if _says_more(config) or os.path.exists(os.path.join(place("state"), "theme")):
        return _as_set(path, config)
    if path:
        return os.path.abspath(os.path.expanduser(path))
    return os.path.join(place("data"), "library.db")


def _as_set(library: str, config: str) -> str:
    """Ask the settings, which takes longer."""
    from tui.config import load_settings
    from tui.errors import UsageError

    try:
        settings = load_settings({"config": config or None, "library": library or None})
    except UsageError:
        return ""
    looks = {settings.chosen_theme or settings.theme, *settings.colors.given}
    if not looks <= {"", "earmark-dark"}:
        return ""
    if settings.ascii:
        os.environ["EARMARK_ASCII"] = "1"
    return str(settings.library)


def _says_more(config: str) -> bool:
    """Tell whether the config file may say where the library is, or how it looks."""
    from tui.places import place

    path = config or os.path.join(place("config"), "config.toml")
    try:
        with open(os.path.expanduser(path), "rb") as file:
            text = file.read(1 << 20)
    except OSError:
        return bool(config)
    # What `earmark config init` wrote, and nobody changed, says nothing.
    lines = [line for line in text.splitlines() if not line.lstrip().startswith(b"#")]
    words = (b"library", b"theme", b"ascii", b'"#', b"'#")  # the last two: a colour
    return any(word in line for line in lines for word in words)


if __name__ == "__main__":
    sys.exit(main())
