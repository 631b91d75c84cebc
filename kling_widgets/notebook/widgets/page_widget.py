"""Base class of widgets that are written for anywidget."""

from __future__ import annotations

from typing import Any

import anywidget


class PageWidget(anywidget.AnyWidget):
    """A widget whose class declares all its traits, ``_esm``, ``_css`` and ``_anywidget_id`` too.

    anywidget adds the traits that an instance lacks, which creates a class for each instance and takes as long as
    creating five widgets.
    """

    def add_traits(self, **traits: Any) -> None:
        """Add the traits that the class does not have."""
        if new := {name: trait for name, trait in traits.items() if not self.has_trait(name)}:
            super().add_traits(**new)
