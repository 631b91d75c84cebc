"""The page's side of a widget, played by a test: what it is told, and what it says."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets


class Wire:
    """A comm that keeps what is sent."""

    def __init__(self, like: Any) -> None:
        self.comm_id = like.comm_id
        self.sent: list[tuple[dict[str, Any], list[bytes]]] = []
        self.states: list[dict[str, Any]] = []

    def send(self, data: Any = None, metadata: Any = None, buffers: Any = None) -> None:
        if data["method"] == "custom":
            self.sent.append((data["content"], [bytes(each) for each in buffers or ()]))
        elif data["method"] == "update":
            self.states.append(data["state"])

    def on_msg(self, callback: Any) -> None:
        """The test speaks to the widget itself."""

    def close(self, *_: Any, **__: Any) -> None:
        """Nothing is open."""


class Page:
    """What a widget's page does.

    Attributes:
        wire: what went to the page.
    """

    def __init__(self, widget: widgets.Widget) -> None:
        self.widget = widget
        self.wire = Wire(widget.comm)
        widget.comm = self.wire

    def says(self, content: dict[str, Any], *buffers: bytes) -> None:
        """A message of the page's own."""
        self.widget._handle_msg(
            {
                "content": {"data": {"method": "custom", "content": content}},
                "buffers": [memoryview(each) for each in buffers],
            }
        )

    def sets(self, **state: Any) -> None:
        """A change of traits."""
        self.widget._handle_msg({"content": {"data": {"method": "update", "state": state}}, "buffers": []})
