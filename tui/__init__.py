"""Earmark: a keyboard-driven terminal browser for voice notes."""

__version__ = "0.1.0"
