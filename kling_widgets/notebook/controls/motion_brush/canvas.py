"""The motion brush's widget: a picture to paint masks and draw paths on.

Bytes are sent as messages, not as traits, because traits are saved with the notebook.
"""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets

from kling_widgets.notebook.widgets.styles import script

# Distinguishable with colour blindness (Okabe and Ito), and black text is readable on each. Regions are numbered, too.
COLOURS = ("#e69f00", "#56b4e9", "#009e73", "#f0e442", "#cc79a7", "#d55e00")

_PARTS = ("points", "mask", "scene", "tools", "supply", "brush")


class BrushCanvas(anywidget.AnyWidget):
    """Drawing area and its tools.

    The page sends these messages:

    - ``{"kind": "mask", "key", "number"}`` with a PNG, normally before the key is in ``regions``;
    - ``{"kind": "want", "key"}`` to request the bytes of a picture that is not a link; the answer is ``send_bytes``;
    - ``{"kind": "size", "key", "size": [width, height]}`` for every picture that it shows; the size is upright.

    Attributes:
        picture: The first frame: a link, or a key for its bytes; "" for none.
        notice: The text to show if there is no picture.
        regions: ``{"mask", "points"}`` for each region. A mask is a link, a key or ""; a point is ``[x, y]`` in pixels
            of the picture with the origin at the bottom left.
        colours: The colours of the regions, in CSS.
        most_regions: The limit on the number of regions.
        most_points: The limit on the number of points of a path.
    """

    _esm = script(Path(__file__).parent, *_PARTS)

    picture = traitlets.Unicode().tag(sync=True)
    notice = traitlets.Unicode().tag(sync=True)
    regions = traitlets.List(traitlets.Dict()).tag(sync=True)
    colours = traitlets.List(traitlets.Unicode(), list(COLOURS)).tag(sync=True)
    most_regions = traitlets.Int().tag(sync=True)
    most_points = traitlets.Int().tag(sync=True)

    def send_bytes(self, key: str, content: bytes | None) -> None:
        """Send the bytes that the page has requested; None if there is nothing to show."""
        self.send({"kind": "bytes", "key": key}, [content] if content else None)
