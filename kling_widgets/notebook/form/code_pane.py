"""Code of the current request, in four tabs, with a button that copies it."""

from __future__ import annotations

import ipywidgets as widgets

from kling_widgets.notebook.widgets.factory import WidgetFactory
from kling_widgets.notebook.widgets.form_page import slot_class
from kling_widgets.request.code_kinds import CODE_KINDS
from kling_widgets.request.request import VideoRequest


class CodePane:
    """Selectable code that follows the form, also while the request is incomplete; rendered by the page's JavaScript.

    Args:
        parts: shared with the form.

    Attributes:
        widget: the four tabs.
    """

    def __init__(self, parts: WidgetFactory) -> None:
        self._page = parts.page
        self._request: VideoRequest | None = None
        pane = parts.make(widgets.Box, "kling-code", slot_class("code"))
        # All tabs show the same box, so that only the code of the selected tab is sent.
        self.widget = parts.make(
            widgets.Tab,
            "kling-apart",
            children=[pane] * len(CODE_KINDS),
            titles=list(CODE_KINDS),
            selected_index=0,
        )
        self.widget.observe(lambda _: self._write(), "selected_index")

    def show(self, request: VideoRequest) -> None:
        """Show the code of a request."""
        self._request = request
        self._write()

    def _write(self) -> None:
        index, request = self.widget.selected_index, self._request  # the index is None if no tab is selected
        self._page.code = "" if index is None or request is None else tuple(CODE_KINDS.values())[index](request)
