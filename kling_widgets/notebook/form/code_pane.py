"""The code of the present request, in four tabs, with a button that copies it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import ipywidgets as widgets

from kling_widgets.notebook.widgets.factory import WidgetFactory
from kling_widgets.notebook.widgets.form_page import at
from kling_widgets.request.request import VideoRequest

TABS: Mapping[str, Callable[[VideoRequest], str]] = {
    "magic": VideoRequest.to_magic,
    "Python": VideoRequest.to_python,
    "curl": VideoRequest.to_curl,
    "JSON": VideoRequest.to_json,
}


class CodePane:
    """Selectable text that follows the form, also while the request is unfinished. The page writes it.

    Attributes:
        widget: the four tabs.
    """

    def __init__(self, parts: WidgetFactory, request: Callable[[], VideoRequest]) -> None:
        self._page, self._request = parts.page, request
        place = parts.make(widgets.Box, "kling-code", at("code"))
        # One place is seen in four tabs: only what shows is brought up to date.
        self.widget = parts.make(
            widgets.Tab,
            "kling-apart",
            children=[place] * len(TABS),
            titles=list(TABS),
            selected_index=0,
        )
        self.widget.observe(lambda _: self.refresh(), "selected_index")

    def refresh(self) -> None:
        """Shows the present request's code."""
        index = self.widget.selected_index  # None when it is folded
        self._page.code = "" if index is None else tuple(TABS.values())[index](self._request())
