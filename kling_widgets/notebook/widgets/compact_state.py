"""Widgets that open with few words: what a page takes for granted anyway is not told to it.

A layout alone names fifty properties that are not set. The package of the widgets in the page has the same defaults as
the one in the kernel; a page that asks for everything once more, as a reloaded one does, gets everything.
"""

from __future__ import annotations

import types
from functools import cache
from typing import Any

import ipywidgets as widgets
from traitlets import Undefined, default

_DIFFERENT = ("behavior", "step")  # of sliders: here the page has no default, or another one, and so is always told


class _CompactState:
    """To be mixed into a kind of widget."""

    _named: dict[str, str]  # what tells the page which model it is to make, and so which view shows it
    _told: list[tuple[str, Any, Any]]  # what else is told to it: its name, its default, and what makes JSON of it
    _plain = False  # whether it was opened as a layout or style that says nothing: it need not be named
    _untold: tuple[str, ...] = ()  # traits without a value yet, which stay out of the state

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """What is told to the page; when it is told first, only what is not its default."""
        if key is not None or self.comm is not None:  # type: ignore[attr-defined]
            self._plain = False
            names = [name for name in self.keys if name not in self._untold] if key is None else key  # type: ignore[attr-defined]
            later: dict[str, Any] = super().get_state(names, drop_defaults)  # type: ignore[misc]
            return later
        state: dict[str, Any] = {}
        for name, usual, to_json in self._told:
            if name in self._untold:
                continue
            value = getattr(self, name)
            if value is not usual and value != usual and not (isinstance(value, _CompactState) and value._plain):
                state[name] = to_json(value, self)
        self._plain = not state and isinstance(self, (widgets.Layout, widgets.Style))
        return state | self._named


@cache
def compact_state(kind: Any) -> Any:
    """The same kind of widget, that opens with few words."""
    traits = kind.class_traits(sync=True)
    usual = {name: () if trait.default_value is Undefined else trait.default_value for name, trait in traits.items()}
    usual |= {name: object() for name in _DIFFERENT if name in usual}
    body = {
        "__doc__": kind.__doc__,
        "_named": {name: usual[name] for name in traits if name.startswith("_model_")},
        "_told": [
            (name, usual[name], trait.metadata.get("to_json", widgets.Widget._trait_to_json))
            for name, trait in traits.items()
            if not name.startswith(("_model_", "_view_"))
        ],
        "_default_keys": default("keys")(lambda self: list(traits)),  # each widget would find them out anew
    }
    return types.new_class(kind.__name__, (_CompactState, kind), exec_body=lambda space: space.update(body))
