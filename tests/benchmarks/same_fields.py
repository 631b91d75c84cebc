"""Forms with the same fields as ours, made by other means: plain ipywidgets with a control a field, and ipyautoui.

A structured field is one text box to them, which is less than ours offers, so this can only make them faster.
"""

from __future__ import annotations

import json
from typing import Any

import kling_widgets as kw
from kling_widgets.catalog.fields import Choice, Flag, Number, Text


def schema(model: str) -> dict[str, Any]:
    """Return the fields of a model, and the model itself, as a JSON schema, each with a default."""
    chosen = {"type": "string", "enum": [each.name for each in kw.models()], "default": model, "title": "Model"}
    fields = {field.name: {**_kind(field), "title": field.label} for field in kw.model(model).fields}
    return {"title": f"Kling {model}", "type": "object", "properties": {"model": chosen, **fields}}


def _kind(field: Any) -> dict[str, Any]:
    match field:
        case Choice():
            return {"type": "string", "enum": list(field.choices), "default": field.choices[0]}
        case Flag():
            return {"type": "boolean", "default": False}
        case Number():
            return {
                "type": "integer",
                "minimum": field.low,
                "maximum": field.high,
                "default": min(field.usual, default=5),
            }
    longest = field.at_most if isinstance(field, Text) else None
    return {"type": "string", "default": "", **({"maxLength": longest.value} if longest else {})}


def plain(model: str) -> Any:
    """Return a box with an ipywidgets control for each field."""
    import ipywidgets

    return ipywidgets.VBox([_control(spec) for spec in schema(model)["properties"].values()])


def shared(model: str) -> Any:
    """Return the same with one layout for all, and a style for each class: their least possible cost."""
    import ipywidgets

    layout, styles = ipywidgets.Layout(), dict[Any, Any]()
    children = []
    for spec in schema(model)["properties"].values():
        kind, given = _kind_of(spec)
        style = kind.class_traits()["style"].klass
        if style not in styles:
            styles[style] = style()
        children.append(kind(layout=layout, style=styles[style], **given))
    return ipywidgets.VBox(children, layout=layout)


def _control(spec: dict[str, Any]) -> Any:
    kind, given = _kind_of(spec)
    return kind(**given)


def _kind_of(spec: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    import ipywidgets

    given = {"description": spec["title"], "value": spec["default"]}
    match spec:
        case {"enum": choices}:
            return ipywidgets.Dropdown, {"options": choices, **given}
        case {"type": "boolean"}:
            return ipywidgets.Checkbox, given
        case {"type": "integer"}:
            return ipywidgets.BoundedIntText, {"min": spec["minimum"], "max": spec["maximum"], **given}
        case {"maxLength": _}:
            return ipywidgets.Textarea, given
    return ipywidgets.Text, given


def auto(model: str) -> Any:
    """Return ipyautoui's form."""
    from ipyautoui import AutoUi

    return AutoUi(json.loads(json.dumps(schema(model))))
