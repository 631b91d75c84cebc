"""The module name of public classes and functions."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def public(thing: T) -> T:
    """Set the module of a class or function to the package itself.

    So reprs, pickles and documentation stay valid if it moves inside the package.
    """
    thing.__module__ = "kling_widgets"
    return thing
