"""The question that a user confirms before submitting: by a line of input in a cell, by a second click in a form."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from kling_widgets.catalog.workflows import missing_steps
from kling_widgets.request.request import VideoRequest

_SHOWN = 3  # messages shown in one question


@dataclass(frozen=True, slots=True)
class Question:
    """The question to confirm before submitting; its text has both parts.

    Attributes:
        spending: the submissions come to more than ``confirm_above``, or "". If it is not possible to ask, nothing is
            sent.
        unusual: values that are not documented for their model, or "". If it is not possible to ask, the request is
            sent with a note, as our sources may be older than the service.
    """

    spending: str = ""
    unusual: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.unusual, self.spending)))


def unusual(requests: Iterable[VideoRequest]) -> dict[Hashable, str]:
    """Return the messages of problems to ask about, each field, model and value once."""
    return {
        (request.model, problem.field, repr(request.get(problem.field or "")), problem.message): problem.message
        for request in requests
        for problem in request.problems()
        if problem.asks or problem.field in _missing_inputs(request)
    }


def _missing_inputs(request: VideoRequest) -> set[str]:
    """Return the fields of the workflow's inputs that the service may not do without, if none of them is set."""
    steps = missing_steps(request.spec.scene, request.values)
    return {field for step in steps for field in step.fields}


def join_messages(messages: Iterable[str]) -> str:
    """Join messages into one question, each once, and only the first few."""
    unique = list(dict.fromkeys(messages))
    more = f" And {len(unique) - _SHOWN} more." if len(unique) > _SHOWN else ""
    return " ".join(unique[:_SHOWN]) + more
