"""The browser's side of a widget, simulated by a test."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets


class Wire:
    """Comm that records what is sent."""

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
        """Ignore the callback: the test calls the widget directly."""

    def close(self, *_: Any, **__: Any) -> None:
        """Do nothing: nothing is open."""


class Page:
    """Simulated page of a widget.

    Attributes:
        wire: The messages to the page.
    """

    def __init__(self, widget: widgets.Widget) -> None:
        self.widget = widget
        self.wire = Wire(widget.comm)
        widget.comm = self.wire

    def says(self, content: dict[str, Any], *buffers: bytes) -> None:
        """Send a custom message from the page."""
        self.widget._handle_msg(
            {
                "content": {"data": {"method": "custom", "content": content}},
                "buffers": [memoryview(each) for each in buffers],
            }
        )

    def sets(self, **state: Any) -> None:
        """Send a change of traits from the page."""
        self.widget._handle_msg({"content": {"data": {"method": "update", "state": state}}, "buffers": []})
