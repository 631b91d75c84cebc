"""Keys stay out of the logs of httpx and httpcore, which write the headers of each answer at level DEBUG: a service may
repeat the key in one.

A filter on their loggers changes the record before any handler sees it. It holds as long as a client is there.
"""

from __future__ import annotations

import logging
from typing import Protocol
from weakref import WeakSet

from kling_widgets.client.credentials.secret import Secret
from kling_widgets.core import forks

# Those that they write to: the filter of a logger does not see what its children write.
LOGGERS = ("httpx", *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")))


class _Holder(Protocol):
    @property
    def key(self) -> Secret: ...


class _KeyFilter(logging.Filter):
    """Takes the keys of all living clients out of each record."""

    def __init__(self) -> None:
        super().__init__()
        self._holders: WeakSet[_Holder] = WeakSet()
        self._lock = forks.lock()

    def add(self, holder: _Holder) -> None:
        with self._lock:
            self._holders.add(holder)

    def filter(self, record: logging.LogRecord) -> bool:
        with self._lock:
            keys = {holder.key for holder in self._holders}
        try:
            said = record.getMessage()
        except (TypeError, ValueError):  # logging itself reports a record that does not fit its arguments
            return True
        content = said.encode("utf-8", "backslashreplace")
        for key in keys:
            content = key.taken_from(content)
        if (clean := content.decode()) != said:
            record.msg, record.args = clean, ()
        return True


_filter = _KeyFilter()


def protect(holder: _Holder) -> None:
    """Keeps the holder's key out of the logs from now on, until the holder is gone."""
    _filter.add(holder)
    for name in LOGGERS:
        logging.getLogger(name).addFilter(_filter)  # once: a logger takes the same filter only one time
