"""Locks and callbacks that stay correct after ``os.fork``.

A forked child must not inherit locks that other threads held at that moment, since nobody releases them there, nor work
that was in progress in those threads, which the child does not have.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

_TIMEOUT = 30.0  # seconds that a fork waits at most for one lock

_locks: weakref.WeakSet[Any] = weakref.WeakSet()
_delaying_locks: weakref.WeakSet[Any] = weakref.WeakSet()
_callbacks: weakref.WeakKeyDictionary[object, Callable[[Any], None]] = weakref.WeakKeyDictionary()
_forking = threading.Lock()
_held: list[Any] = []


def lock(*, delays_fork: bool = False) -> threading.Lock:
    """Return a lock that is free in a forked child.

    Args:
        delays_fork: whether a fork waits until the lock is free, because its work must not be copied halfway, such as
            an open SQLite file: https://www.sqlite.org/howtocorrupt.html. Its holder must not wait for another lock.
    """
    made = threading.Lock()
    _locks.add(made)
    if delays_fork:
        _delaying_locks.add(made)
    return made


def rlock() -> Any:
    """Return a reentrant lock that is free in a forked child."""
    made = threading.RLock()
    _locks.add(made)
    return made


def after_in_child(owner: T, callback: Callable[[T], None]) -> None:
    """Call ``callback(owner)`` in each forked child, before anything else runs there, while the owner is alive.

    Each owner has one callback. It must be quick: most children do not use this package.
    """
    _callbacks[owner] = callback


def _before() -> None:
    _forking.acquire()
    _held.extend(each for each in list(_delaying_locks) if each.acquire(timeout=_TIMEOUT))


def _in_parent() -> None:
    while _held:
        _held.pop().release()
    _forking.release()


def _in_child() -> None:
    _held.clear()
    for each in (_forking, *_locks):
        each._at_fork_reinit()  # as the standard library does with its own locks
    for owner, callback in list(_callbacks.items()):
        callback(owner)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
