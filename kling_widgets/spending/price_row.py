"""A row of prices as people write it: a model and the price of a second, with conditions.

The conditions are in columns of their own, or in the model's name as the gateway writes it,
``aigc-video-kling-2.6:i2v:1080p:audio0`` (D).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.catalog.fields import SWITCH_WORDS, Choice
from kling_widgets.catalog.model_names import model
from kling_widgets.core.json_values import shorten
from kling_widgets.errors import KlingError
from kling_widgets.spending.price_table import INPUTS, Price, inputs_of_video
from kling_widgets.spending.spend_limit import number

GATEWAY_ROW = "aigc-video-kling-2.6:i2v:1080p:audio0"
# The names that people and the gateway use for a kind of input.
INPUT_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("text", "t2v"), "text"),
    **dict.fromkeys(("image", "i2v", "frame", "first frame"), "image"),
    **dict.fromkeys(("references", "reference", "r2v", "ref2v"), "references"),
    **dict.fromkeys(("video", "v2v"), "video"),
}
_ANY = ("", "any")
# No digits: the rest of a price with a stray comma must not become a condition.
_SWITCH = {**SWITCH_WORDS, "yes": True, "no": False}


class WrongCell(Exception):
    """The column of a cell that cannot be understood, and why, as a sentence."""

    def __init__(self, column: str, why: str) -> None:
        self.column, self.why = column, why


def prices(cells: Mapping[str, str]) -> Iterator[Price]:
    """Yield the price of a row; several if the row only says whether a video is part of the input.

    Args:
        cells: text by column: model, per_second, resolution, sound, input, video; the model may be in the gateway's
            form.

    Raises:
        WrongCell: a cell cannot be understood.
    """
    name, *parts = cells.get("model", "").split(":")
    found = {column: checked(column, read, cells.get(column, "")) for column, read in _READ.items()}
    for column, value in _gateway_conditions(parts).items():
        if found[column] not in (None, value):
            raise WrongCell(column, f"{shorten(cells[column])} contradicts {shorten(cells['model'])}.")
        found[column] = value
    kind, video = found["input"], found["video"]
    if kind and video is not None and kind not in inputs_of_video(video):
        raise WrongCell("video", f"{shorten(cells['video'])} contradicts the input {kind}.")
    spec = checked("model", model, name)
    per_second = checked("per_second", _money, cells.get("per_second", ""))
    for each in (kind,) if kind else inputs_of_video(video):
        yield Price(spec.id, per_second, found["resolution"], found["sound"], each)


def _gateway_conditions(parts: Sequence[str]) -> dict[str, Any]:
    """Return the conditions in a model name of the gateway's form, by column."""
    found: dict[str, Any] = {}
    for part in parts:
        text = {"audio0": "off", "audio1": "on"}.get(low := part.strip().lower(), low)
        column = "sound" if text != low else "input" if low in INPUT_WORDS else "resolution"
        try:
            value = _READ[column](text)
        except ValueError:
            value = None
        if value is None or column in found:
            why = f"{shorten(part)} is not understood here. A row of the gateway is like {GATEWAY_ROW}."
            raise WrongCell("model", why)
        found[column] = value
    return found


def checked(column: str, read: Callable[[str], Any], text: str) -> Any:
    """Return ``read(text)``; turn its errors into a WrongCell."""
    try:
        return read(text)
    except KlingError as error:
        raise WrongCell(column, str(error)) from None
    except ValueError as error:
        raise WrongCell(column, f"{error}") from None


def _money(text: str) -> Decimal:
    if re.fullmatch(r"[1-9][0-9]{0,2},[0-9]{3}", text):
        whole, part = text.split(",")
        why = f"{shorten(text)} may be {whole}.{part} or {whole}{part}"
        raise ValueError(f"{why}: write it with a point, or without the comma.")
    try:
        return number(re.sub(r"^([0-9]+),([0-9]+)$", r"\1.\2", text))  # decimal commas, as many spreadsheets write them
    except ValueError:
        raise ValueError(f"a price is a number such as 0.05, not {shorten(text)}.") from None


def _resolution(text: str) -> str | None:
    field = FIELDS["resolution"]
    value = None if text.lower() in _ANY else field.clean(text, paths=False)
    assert isinstance(field, Choice)
    if isinstance(value, str) and any(problem.severity == "error" for problem in field.check(value)):
        raise ValueError(f"it is {field.example_shape}, not {shorten(text)}.")
    return value if isinstance(value, str) else None


def _switch(text: str) -> bool | None:
    if text.lower() not in (*_SWITCH, *_ANY):
        raise ValueError(f"it is on, off or any, not {shorten(text)}.")
    return _SWITCH.get(text.lower())


def _input(text: str) -> str | None:
    if text.lower() not in (*INPUT_WORDS, *_ANY):
        raise ValueError(f"it is {', '.join(INPUTS)} or any, not {shorten(text)}.")
    return INPUT_WORDS.get(text.lower())


_READ: Mapping[str, Callable[[str], Any]] = {
    "resolution": _resolution,
    "sound": _switch,
    "input": _input,
    "video": _switch,
}
