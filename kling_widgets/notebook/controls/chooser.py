"""A button that chooses files of the computer that the page runs on.

Their bytes travel as messages: the value of ipywidgets' own upload is saved with the notebook, and it sends a file of
any size, also one that drops the connection to the kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

LARGEST_CHOSEN = 8_000_000  # bytes of one file; one message of over about 10 MB drops the connection


class Chooser(anywidget.AnyWidget):
    """The button "Choose…".

    Args:
        begin: called when files have been chosen, before the first of them comes.
        take: called with each file's name and bytes; None in place of bytes that are too many or cannot be read.

    Attributes:
        what: what is chosen, for the tooltip and for who does not see the button.
        accept: the types of file, as in HTML.
        multiple: whether several can be chosen at once.
    """

    _esm = Path(__file__).with_suffix(".js").read_text("utf-8")

    what = traitlets.Unicode().tag(sync=True)
    accept = traitlets.Unicode().tag(sync=True)
    multiple = traitlets.Bool(False).tag(sync=True)
    largest = traitlets.Int(LARGEST_CHOSEN).tag(sync=True)

    def __init__(self, begin: Callable[[], None], take: Callable[[str, bytes | None], None], **traits: Any) -> None:
        super().__init__(**traits)
        self._begin, self._take = begin, take
        self.on_msg(self._heard)

    def _heard(self, _: object, message: Any, buffers: Any) -> None:
        match message:
            case {"chosen": int()}:
                self._begin()
            case {"name": str(name)}:
                content = bytes(buffers[0]) if buffers else None
                self._take(name, content if content is None or len(content) <= self.largest else None)
