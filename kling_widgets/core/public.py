"""Names that users see."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def public(thing: T) -> T:
    """Name the package as the module of a class or function: what a repr, a pickle or a document shows survives a move
    inside the package."""
    thing.__module__ = "kling_widgets"
    return thing
