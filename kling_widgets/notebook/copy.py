"""A button that copies a text into the clipboard of who looks at the page."""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets


class CopyButton(anywidget.AnyWidget):
    """A button "Copy"; it says "Copied" when it has.

    Attributes:
        text: what is copied; the button is hidden where there is nothing.
        what: what that is, for the tooltip.
    """

    _esm = Path(__file__).with_suffix(".js").read_text("utf-8")

    text = traitlets.Unicode().tag(sync=True)
    what = traitlets.Unicode().tag(sync=True)
