"""A problem of a request: what is wrong, in which field, and how to fix it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from kling_widgets.core.json_values import masked
from kling_widgets.core.text import one_line

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """An error or a warning about a request.

    Attributes:
        severity: "error" (the request cannot be sent) or "warning" (it can).
        field: the field's name, or None if the problem concerns the whole request.
        message: one sentence that states the problem.
        hint: what to do about it, or "".
        fix: values to set (None to unset) that would solve the problem; empty if there is no single solution.
        asks: whether an interactive run asks for confirmation of this warning before sending: a number outside its
            documented range, or a field that is not documented for the model, is as likely a mistake as an intention.
    """

    severity: Severity
    field: str | None
    message: str
    hint: str = ""
    fix: Mapping[str, Any] = dataclasses.field(default_factory=dict, hash=False)
    asks: bool = False

    def __post_init__(self) -> None:
        # Messages, and the names of unknown fields, repeat what the user typed, which may include an API key.
        object.__setattr__(self, "field", masked(self.field))
        for name in ("message", "hint"):
            object.__setattr__(self, name, one_line(masked(getattr(self, name))))

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()
