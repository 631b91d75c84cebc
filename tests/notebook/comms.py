"""What widgets tell a page: every comm that is opened and every message, counted. ipykernel puts its comms in the same
place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import comm
import ipywidgets as widgets
from comm.base_comm import BaseComm


class Comms:
    """What was sent since the last look.

    Attributes:
        opened: the bytes of each model's open state, as JSON.
        sent: the other messages, echoes apart.
        echoed: how many echoes of ipywidgets' own were sent.
        closed: how many comms were closed.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Begins anew."""
        self.opened: list[int] = []
        self.sent: list[dict[str, Any]] = []
        self.echoed = self.closed = 0

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(self.opened) + sum(map(_size, self.sent))

    def take(self, kind: str, data: Any, buffers: Any) -> None:
        """Takes a message."""
        if kind == "comm_open":
            self.opened.append(_size(data) + sum(map(len, buffers or ())))
        elif kind == "comm_close":
            self.closed += 1
        elif data["method"] == "echo_update":
            self.echoed += 1
        else:
            self.sent.append(data)


def _size(data: Any) -> int:
    return len(json.dumps(data, default=str))


@contextmanager
def counted() -> Iterator[Comms]:
    """Counts what widgets that are made meanwhile tell their page."""
    comms = Comms()

    class Counting(BaseComm):
        def publish_msg(self, msg_type: str, data: Any = None, buffers: Any = None, **_: Any) -> None:
            comms.take(msg_type, data, buffers)

    before, comm.create_comm = comm.create_comm, Counting
    try:
        yield comms
    finally:
        comm.create_comm = before


def tell(widget: widgets.Widget, **state: Any) -> None:
    """What a page says when a person has changed something: the way of a real message, with ipywidgets' echo."""
    data = {"method": "update", "state": state, "buffer_paths": []}
    widget._handle_msg({"content": {"data": data}, "buffers": []})
