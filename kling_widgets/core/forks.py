"""What a forked child must not take over from its parent: locks that other threads held at that moment, and never give
back there; and what those threads, which the child has not, were at work on.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

_TIMEOUT = 30.0  # seconds for which a fork waits at the most

_locks: weakref.WeakSet[Any] = weakref.WeakSet()
_awaited: weakref.WeakSet[Any] = weakref.WeakSet()
_begin: weakref.WeakKeyDictionary[object, Callable[[Any], None]] = weakref.WeakKeyDictionary()
_forking = threading.Lock()
_held: list[Any] = []


def lock(*, awaited: bool = False) -> threading.Lock:
    """A lock that is free in a forked child.

    Args:
        awaited: whether a fork waits until nobody holds it, as what is done under it must not be copied halfway, such
            as an open SQLite file: https://www.sqlite.org/howtocorrupt.html. Who holds it waits for no other lock.
    """
    made = threading.Lock()
    _locks.add(made)
    if awaited:
        _awaited.add(made)
    return made


def rlock() -> Any:
    """The same, which its thread may take again."""
    made = threading.RLock()
    _locks.add(made)
    return made


def anew(owner: T, begin: Callable[[T], None]) -> None:
    """Calls ``begin(owner)`` in each forked child, before anything else runs there, as long as the owner lives; once
    for each owner. It must be quick: most children do not need us."""
    _begin[owner] = begin


def _before() -> None:
    _forking.acquire()
    _held.extend(each for each in list(_awaited) if each.acquire(timeout=_TIMEOUT))


def _in_parent() -> None:
    while _held:
        _held.pop().release()
    _forking.release()


def _in_child() -> None:
    _held.clear()
    for each in (_forking, *_locks):
        each._at_fork_reinit()  # as the standard library does with its own
    for owner, begin in list(_begin.items()):
        begin(owner)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
