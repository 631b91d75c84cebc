"""The code of the present request, in four tabs, with a button that copies it."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping

import ipywidgets as widgets

from kling_widgets.core.request import VideoRequest
from kling_widgets.notebook.controls import Parts
from kling_widgets.notebook.copy import CopyButton

TABS: Mapping[str, Callable[[VideoRequest], str]] = {
    "magic": VideoRequest.to_magic,
    "Python": VideoRequest.to_python,
    "curl": VideoRequest.to_curl,
    "JSON": VideoRequest.to_json,
}


class CodePane:
    """Selectable text that follows the form, also while the request is unfinished.

    Attributes:
        tabs: the four tabs.
        copy: the button that copies what the chosen one shows.
    """

    def __init__(self, parts: Parts, request: Callable[[], VideoRequest]) -> None:
        self._request = request
        self._text = widgets.HTML(layout=parts.plain)
        self._text.add_class("kling-code")
        # One model is seen in four tabs: only what shows is brought up to date.
        self.tabs = widgets.Tab([self._text] * len(TABS), titles=list(TABS), layout=parts.plain, selected_index=0)
        self.tabs.observe(lambda _: self.refresh(), "selected_index")
        self.copy = CopyButton(what="Copy the code of the chosen tab", layout=parts.plain)
        self.widget = widgets.VBox([self.tabs, self.copy], layout=parts.plain)
        self.widget.add_class("kling-apart")

    def refresh(self) -> None:
        """Shows the present request's code."""
        index = self.tabs.selected_index
        if index is None:  # folded
            self.copy.text = ""
            return
        code = tuple(TABS.values())[index](self._request())
        if code != self.copy.text:
            self.copy.text = code  # first: what is seen can be copied
            self._text.value = f'<pre tabindex="0">{html.escape(code)}</pre>'
