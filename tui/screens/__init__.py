"""Screens: the browser itself, the help, the command palette."""
