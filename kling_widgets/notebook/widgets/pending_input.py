"""What stands in the page's boxes at the moment of a click.

A click overtakes what was typed just before it: while one change of a box is unanswered, ipywidgets keeps the next ones
in the page, but sends the click at once. On a slow kernel the form would submit, and bill, an older prompt; on a busy
one it would submit what was typed minutes later. So the page keeps its boxes as they are from the click until it is
asked.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import anywidget
import ipywidgets as widgets
import traitlets

from kling_widgets.core import forks

_Box: TypeAlias = tuple[widgets.Widget, str, Any]  # with its trait and what that was when it was asked for

TIMEOUT = 5.0  # seconds; a page that has not answered by then is closed, or its line is down


class PendingInput(anywidget.AnyWidget):
    """Asks the page that shows it; its own part of the module is js/pending_input.js.

    Attributes:
        alive: whether a page has shown it; without one, the kernel's own values are all there is.
    """

    alive = traitlets.Bool(False).tag(sync=True)

    def __init__(self, timeout: float = TIMEOUT, **traits: Any) -> None:
        self._timeout = timeout
        self._lock = forks.lock()
        self._asked = 0
        self._waiting: tuple[dict[str, _Box], Callable[[], None], threading.Timer] | None = None
        super().__init__(**traits)
        self.on_msg(self._heard)

    def ask(self, boxes: Iterable[widgets.Widget], then: Callable[[], None], silent: Callable[[], None]) -> None:
        """Takes over what the page has in these boxes, and goes on.

        Args:
            boxes: any widgets; those that hold something that a person sets are asked for.
            then: called when the boxes hold what the page shows; at once where no page ever showed this.
            silent: called instead when the page does not answer. From then on it counts as gone.
        """
        if not self.alive:
            self.free()
            then()
            return
        asked = {str(box.model_id): (box, _key(box), getattr(box, _key(box))) for box in boxes if _key(box)}
        timer = threading.Timer(self._timeout, self._give_up, (silent,))
        timer.daemon = True
        with self._lock:
            self._asked += 1
            self._waiting = asked, then, timer
        timer.start()
        self.send({"ask": self._asked, "boxes": {model_id: key for model_id, (_, key, _) in asked.items()}})

    def free(self) -> None:
        """Lets the page take what is typed again: its click is not asked about."""
        self.send({"free": True})

    def _heard(self, _: object, message: Any, buffers: object) -> None:
        with self._lock:
            if self._waiting is None or message.get("answer") != self._asked:
                return
            (boxes, then, timer), self._waiting = self._waiting, None
        timer.cancel()
        for model_id, value in message["found"].items():
            if model_id in boxes:
                box, key, before = boxes[model_id]
                # What has changed here since is newer than what the page tells.
                if getattr(box, key) == before != value:
                    box.set_state({key: value})
        then()

    def _give_up(self, silent: Callable[[], None]) -> None:
        with self._lock:
            if self._waiting is None:
                return
            self._waiting = None
        self.alive = False
        self.free()
        silent()


def _key(box: widgets.Widget) -> str:
    """The trait by which a widget tells what a person has set; "" for one that does not."""
    if isinstance(box, (widgets.ToggleButtons, widgets.Dropdown)):
        return "index"
    kinds = (widgets.Text, widgets.Textarea, widgets.IntSlider, widgets.FloatSlider, widgets.BoundedIntText)
    return "value" if isinstance(box, kinds) else ""
