"""Some sentences, wrapped to the width that there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from tui.widgets.cells import Cells, Run, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.geometry import Size

    from tui.widgets.cells import Line

__all__ = ["Paragraphs"]


class Paragraphs(Cells):
    """Shows sentences, each in one role; as high as they need."""

    DEFAULT_CSS = """
    Paragraphs { height: auto; }
    """

    def __init__(self, texts: Sequence[Run] = (), *, id: str | None = None) -> None:  # noqa: A002  # as every widget
        super().__init__(id=id)
        self.texts: tuple[Run, ...] = tuple(texts)

    def update(self, texts: Sequence[Run]) -> None:
        """Show other sentences, in printable text; an empty one is a blank line."""
        self.texts = tuple(texts)
        self._made_for = None
        self.refresh(layout=True)

    @override
    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._wrapped(width))

    @override
    def make_lines(self) -> list[Line]:
        return self._wrapped(self.size.width)

    def _wrapped(self, width: int) -> list[Line]:
        return [
            (Run(part, role),)
            for text, role in self.texts
            for part in wrap(text, width)
        ]
