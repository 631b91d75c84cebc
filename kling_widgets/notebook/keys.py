"""What keeps the keys of a box from the notebook around it."""

from __future__ import annotations

from pathlib import Path

import anywidget


class Keys(anywidget.AnyWidget):
    """Nothing to see. In the box that holds it the arrow keys move in lists and sliders, and no letter cuts a cell: a
    notebook takes plain keys for its own commands unless a text is being typed."""

    _esm = Path(__file__).with_suffix(".js").read_text("utf-8")
