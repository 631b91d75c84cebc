"""The code of the present request, in four tabs."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping

import ipywidgets as widgets

from kling_widgets.core.request import VideoRequest
from kling_widgets.notebook.controls import Parts

TABS: Mapping[str, Callable[[VideoRequest], str]] = {
    "magic": VideoRequest.to_magic,
    "Python": VideoRequest.to_python,
    "curl": VideoRequest.to_curl,
    "JSON": VideoRequest.to_json,
}


class CodePane:
    """Selectable text that follows the form, also while the request is unfinished."""

    def __init__(self, parts: Parts, request: Callable[[], VideoRequest]) -> None:
        self._request = request
        self._text = widgets.HTML(layout=parts.plain)
        self._text.add_class("kling-code")
        # One model is seen in four tabs: only what shows is brought up to date.
        self.widget = widgets.Tab([self._text] * len(TABS), titles=list(TABS), layout=parts.plain, selected_index=0)
        self.widget.add_class("kling-apart")
        self.widget.observe(lambda _: self.refresh(), "selected_index")

    def refresh(self) -> None:
        """Shows the present request's code."""
        index = self.widget.selected_index
        if index is None:  # folded
            return
        write = tuple(TABS.values())[index]
        value = f'<pre tabindex="0">{html.escape(write(self._request()))}</pre>'
        if value != self._text.value:
            self._text.value = value
