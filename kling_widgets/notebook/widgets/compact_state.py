"""Widgets whose first message to the page leaves out all values that are defaults.

A layout alone has fifty properties that are usually not set. The JavaScript package of ipywidgets has the same defaults
as the Python package, so they need not be sent. A page that requests the state again, as a reloaded one does, gets all
of it.
"""

from __future__ import annotations

import types
from functools import cache
from typing import Any

import ipywidgets as widgets
from traitlets import Undefined, default

_ALWAYS_SENT = ("behavior", "step")  # of sliders: here the page has no default or another one


class _CompactState:
    """Mix-in for a widget class."""

    _model_identity: dict[str, str]  # module, name and version of the model, from which the page derives the view
    _synced: list[tuple[str, Any, Any]]  # the other traits: name, default, and the function that converts to JSON
    _is_default = False  # whether it was opened as a layout or style with defaults only: no reference to it is sent
    _unset: tuple[str, ...] = ()  # traits that have no value yet, which are left out of the state

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """Return the state for the page; in the first message only the values that are not defaults."""
        if key is not None or self.comm is not None:  # type: ignore[attr-defined]
            self._is_default = False
            names = [name for name in self.keys if name not in self._unset] if key is None else key  # type: ignore[attr-defined]
            whole: dict[str, Any] = super().get_state(names, drop_defaults)  # type: ignore[misc]
            return whole
        state: dict[str, Any] = {}
        for name, initial, to_json in self._synced:
            if name in self._unset:
                continue
            value = getattr(self, name)
            if value is initial or value == initial or (isinstance(value, _CompactState) and value._is_default):
                continue
            state[name] = to_json(value, self)
        self._is_default = not state and isinstance(self, (widgets.Layout, widgets.Style))
        return state | self._model_identity


@cache
def compact_state(kind: Any) -> Any:
    """Return a subclass of a widget class whose first message leaves out default values."""
    traits = kind.class_traits(sync=True)
    defaults = {name: () if trait.default_value is Undefined else trait.default_value for name, trait in traits.items()}
    defaults |= {name: object() for name in _ALWAYS_SENT if name in defaults}
    body = {
        "__doc__": kind.__doc__,
        "_model_identity": {name: defaults[name] for name in traits if name.startswith("_model_")},
        "_synced": [
            (name, defaults[name], trait.metadata.get("to_json", widgets.Widget._trait_to_json))
            for name, trait in traits.items()
            if not name.startswith(("_model_", "_view_"))
        ],
        "_default_keys": default("keys")(lambda self: list(traits)),  # otherwise computed again for each widget
    }
    return types.new_class(kind.__name__, (_CompactState, kind), exec_body=lambda space: space.update(body))
