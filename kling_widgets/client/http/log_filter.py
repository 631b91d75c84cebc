"""Filter that keeps keys out of the logs of httpx and httpcore.

At level DEBUG they log the headers of each response, in which a service may repeat the key. The filter is on their
loggers, so that it changes a record before any handler gets it. It covers each key as long as its client exists.
"""

from __future__ import annotations

import logging
from typing import Protocol
from weakref import WeakSet

from kling_widgets.client.credentials.secret import Secret
from kling_widgets.core import forks

# All loggers they use: the filter of a logger does not apply to its children.
LOGGERS = ("httpx", *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")))


class _KeyHolder(Protocol):
    @property
    def key(self) -> Secret: ...


class _KeyFilter(logging.Filter):
    """Removes the keys of all existing clients from each record."""

    def __init__(self) -> None:
        super().__init__()
        self._holders: WeakSet[_KeyHolder] = WeakSet()
        self._lock = forks.lock()

    def add(self, holder: _KeyHolder) -> None:
        with self._lock:
            self._holders.add(holder)

    def filter(self, record: logging.LogRecord) -> bool:
        with self._lock:
            keys = {holder.key for holder in self._holders}
        try:
            message = record.getMessage()
        except (TypeError, ValueError):  # logging itself reports a record that does not fit its arguments
            return True
        content = message.encode("utf-8", "backslashreplace")
        for key in keys:
            content = key.redact(content)
        if (clean := content.decode()) != message:
            record.msg, record.args = clean, ()
        return True


_filter = _KeyFilter()


def protect(holder: _KeyHolder) -> None:
    """Keep the holder's key out of the logs as long as the holder exists."""
    _filter.add(holder)
    for name in LOGGERS:
        logging.getLogger(name).addFilter(_filter)  # a logger adds the same filter only once
