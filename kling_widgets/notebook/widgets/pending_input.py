"""The browser's current input values, read before a click is handled.

A click can overtake input that was typed just before it: while the kernel has not acknowledged one change of an input,
ipywidgets holds back further changes in the page, but sends the click at once. On a slow kernel the form would submit,
and bill, an older prompt; on a busy one it would submit text that was typed minutes after the click. So the page locks
its inputs from the click until the kernel has read them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import ipywidgets as widgets
import traitlets

from kling_widgets.core import forks
from kling_widgets.notebook.widgets.page_widget import PageWidget

_Input: TypeAlias = tuple[widgets.Widget, str, Any]  # a widget, the trait with its value, and that value when asked

TIMEOUT = 5.0  # seconds; a page that has not answered by then is closed or has lost its connection


class PendingInput(PageWidget):
    """Widget that requests current input values from its page; the JavaScript side is js/pending_input.js.

    Attributes:
        alive: whether a page shows it; without a page, the kernel's own values are current.
    """

    alive = traitlets.Bool(False).tag(sync=True)

    def __init__(self, timeout: float = TIMEOUT, **traits: Any) -> None:
        self._timeout = timeout
        self._lock = forks.lock()
        self._request = 0  # number of the last request to the page
        self._waiting: tuple[dict[str, _Input], Callable[[], None], threading.Timer] | None = None
        super().__init__(**traits)
        self.on_msg(self._on_message)

    def ask(
        self, inputs: Iterable[widgets.Widget], on_answer: Callable[[], None], on_timeout: Callable[[], None]
    ) -> None:
        """Update these widgets with the values in the page, then call ``on_answer``.

        Args:
            inputs: any widgets; only those that a user can set are requested.
            on_answer: called when the widgets have the page's values; at once if no page shows this widget.
            on_timeout: called instead if the page does not answer. The page then counts as closed.
        """
        if not self.alive:
            self.unlock()
            on_answer()
            return
        traits = [(each, _trait(each)) for each in inputs]
        asked = {str(each.model_id): (each, trait, getattr(each, trait)) for each, trait in traits if trait}
        timer = threading.Timer(self._timeout, self._give_up, (on_timeout,))
        timer.daemon = True
        with self._lock:
            self._request += 1
            self._waiting = asked, on_answer, timer
        timer.start()
        self.send({"ask": self._request, "inputs": {model_id: trait for model_id, (_, trait, _) in asked.items()}})

    def unlock(self) -> None:
        """Let the page accept input again, without asking for its values."""
        self.send({"unlock": True})

    def _on_message(self, _: object, message: Any, buffers: object) -> None:
        with self._lock:
            if self._waiting is None or message.get("answer") != self._request:
                return
            (inputs, on_answer, timer), self._waiting = self._waiting, None
        timer.cancel()
        for model_id, value in message["found"].items():
            if model_id in inputs:
                widget, trait, before = inputs[model_id]
                # A value that the kernel has changed since the request is newer than the page's.
                if getattr(widget, trait) == before != value:
                    widget.set_state({trait: value})
        on_answer()

    def _give_up(self, on_timeout: Callable[[], None]) -> None:
        with self._lock:
            if self._waiting is None:
                return
            self._waiting = None
        self.alive = False
        self.unlock()
        on_timeout()


def _trait(widget: widgets.Widget) -> str:
    """Return the name of the trait that a user sets; "" for a widget that is not an input."""
    if isinstance(widget, (widgets.ToggleButtons, widgets.Dropdown)):
        return "index"
    kinds = (widgets.Text, widgets.Textarea, widgets.IntSlider, widgets.FloatSlider, widgets.BoundedIntText)
    return "value" if isinstance(widget, kinds) else ""
