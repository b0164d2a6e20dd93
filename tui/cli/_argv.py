"""A first look at the command line, before anything is imported for it.

The browser paints its first picture ahead of `argparse`; so this module imports
nothing and knows only what tells the browser from the other commands.
"""

__all__ = ["COMMANDS", "OPTIONS", "first_word", "opens_browser", "split"]

COMMANDS = (
    "assign",
    "backup",
    "bookmark",
    "bookmarks",
    "bundle",
    "chats",
    "collection",
    "collections",
    "comment",
    "config",
    "demo",
    "doctor",
    "export",
    "key",
    "list",
    "listen",
    "mail",
    "mark",
    "merge",
    "play",
    "rename",
    "restore",
    "rules",
    "scan",
    "searches",
    "senders",
    "show",
    "split",
    "ssh",
    "star",
    "stats",
    "tag",
    "tags",
    "title",
    "undo",
    "unstar",
    "untag",
    "verify",
    "watch",
)
OPTIONS = ("--config", "--library", "--log", "--output", "--speed", "--theme")
"""Options of the browser that take a value."""


def split(argv: list[str]) -> tuple[str, list[str]]:
    """Tell which command is meant, and what is said to it.

    Args:
        argv: The arguments, without the program's name.

    Returns:
        The command's name, empty for the browser, and the other arguments.
    """
    for at in _plain(argv):
        if argv[at] in COMMANDS:
            return argv[at], argv[:at] + argv[at + 1 :]
        break  # a folder: `earmark ./list` opens one of that name
    return "", argv


def first_word(argv: list[str]) -> str:
    """Return what stands where a command would; empty for nothing."""
    return next((argv[at] for at in _plain(argv)), "")


def _plain(argv: list[str]) -> list[int]:
    """List where arguments stand that are no options and no values of options."""
    found = []
    at = 0
    while at < len(argv) and argv[at] != "--":
        if not argv[at].startswith("-"):
            found.append(at)
        elif argv[at] in OPTIONS:
            at += 1
        at += 1
    return found


def opens_browser(argv: list[str]) -> tuple[str, str] | None:
    """Tell whether the browser is meant, for the picture ahead of it.

    Args:
        argv: The arguments, without the program's name.

    Returns:
        What `--library` and `--config` say, each empty without it; None when
        something else than the browser is meant, or it would look different.
    """
    if split(argv)[0]:
        return None
    values = {"--library": "", "--config": "", "--theme": ""}
    at = 0
    while at < len(argv) and argv[at] != "--":
        name, equals, value = argv[at].partition("=")
        if name in OPTIONS:
            if not equals:
                at += 1
                value = argv[at] if at < len(argv) else ""
            values[name] = value
        elif name.startswith("-") and name != "--ascii":
            return None
        at += 1
    if values["--theme"]:
        return None  # the picture has our own colours
    return values["--library"], values["--config"]
