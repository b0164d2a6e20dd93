"""Which class writes which kind of document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.export._documents import DocumentFormat

if TYPE_CHECKING:
    from tui.export._documents import Writer

__all__ = ["writer_of"]


def writer_of(form: DocumentFormat) -> Writer:  # noqa: PLR0911  # one for each
    """Load what writes a kind of document, and nothing else.

    Args:
        form: The kind.
    """
    match form:
        case DocumentFormat.MARKDOWN:
            from tui.export._markdown import MarkdownWriter

            return MarkdownWriter()
        case DocumentFormat.TEXT:
            from tui.export._plain import TextWriter

            return TextWriter()
        case DocumentFormat.SRT:
            from tui.export._subtitles import SrtWriter

            return SrtWriter()
        case DocumentFormat.VTT:
            from tui.export._subtitles import VttWriter

            return VttWriter()
        case DocumentFormat.JSON:
            from tui.export._tables import JsonWriter

            return JsonWriter()
        case DocumentFormat.CSV:
            from tui.export._tables import CsvWriter

            return CsvWriter()
        case DocumentFormat.HTML:
            from tui.export._page import PageWriter

            return PageWriter()
        case DocumentFormat.M3U8:
            from tui.export._playlist import PlaylistWriter

            return PlaylistWriter()
        case DocumentFormat.RSS:
            from tui.export._feed import FeedWriter

            return FeedWriter()
