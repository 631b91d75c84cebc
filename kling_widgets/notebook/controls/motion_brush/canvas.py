"""The motion brush in the page: a picture to paint masks and draw paths on.

Bytes travel as messages, not as traits: what is a trait is saved with the notebook.
"""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets

from kling_widgets.notebook.widgets.styles import script

# Told apart by people who see few colours too (Okabe and Ito), and black can be read on each; numbers go with them.
COLOURS = ("#e69f00", "#56b4e9", "#009e73", "#f0e442", "#cc79a7", "#d55e00")

_PARTS = ("points", "mask", "scene", "tools", "supply", "brush")


class BrushCanvas(anywidget.AnyWidget):
    """The drawing area and its tools.

    From the page come ``{"kind": "mask", "key", "number"}`` with a PNG, before the key stands in ``regions``;
    ``{"kind": "want", "key"}`` for a picture that is no link, to be answered with ``send_bytes``; and ``{"kind":
    "size", "key", "size": [width, height]}`` of every picture that it shows, upright.

    Attributes:
        picture: the first frame: a link, or a key for its bytes; "" for none.
        notice: what to say when there is no picture.
        regions: ``{"mask", "points"}`` each: a link, or a key of the mask, or ""; ``[x, y]`` in pixels of the picture
            with the origin at the bottom left.
    """

    _esm = script(Path(__file__).parent, *_PARTS)

    picture = traitlets.Unicode().tag(sync=True)
    notice = traitlets.Unicode().tag(sync=True)
    regions = traitlets.List(traitlets.Dict()).tag(sync=True)
    colours = traitlets.List(traitlets.Unicode(), list(COLOURS)).tag(sync=True)
    most_regions = traitlets.Int().tag(sync=True)
    most_points = traitlets.Int().tag(sync=True)

    def send_bytes(self, key: str, content: bytes | None) -> None:
        """Answers what the page wants; None says that there is nothing to show."""
        self.send({"kind": "bytes", "key": key}, [content] if content else None)
