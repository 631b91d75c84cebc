"""A problem of a request: what is wrong, where, and what would mend it."""

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
    """What is wrong with a request.

    Attributes:
        severity: "error" (it cannot be sent) or "warning" (it can).
        field: the field's name, or None when it concerns the request as a whole.
        message: one sentence that says what is wrong.
        hint: what to do about it, or "".
        fix: values to set (None: to unset) that would end the problem, or empty when there is no single way.
        asks: whether a warning is asked about before the request is sent, where somebody can be asked: a number outside
            of its documented range, or a field that the model is not said to have, is as likely a slip as a wish.
    """

    severity: Severity
    field: str | None
    message: str
    hint: str = ""
    fix: Mapping[str, Any] = dataclasses.field(default_factory=dict, hash=False)
    asks: bool = False

    def __post_init__(self) -> None:
        # What people type stands in messages, and as a field's name where that is unknown: so may a key.
        object.__setattr__(self, "field", masked(self.field))
        for name in ("message", "hint"):
            object.__setattr__(self, name, one_line(masked(getattr(self, name))))

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()
