"""What is asked before something is made: by a line of input in a cell, by a second click in a form."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from kling_widgets.request.request import VideoRequest

_SHOWN = 3  # messages in one question


@dataclass(frozen=True, slots=True)
class Question:
    """What has to be confirmed before something is made; as text, all of it.

    Attributes:
        spending: that it comes to more than is made without asking, or "". Where nobody can be asked it is not made.
        unusual: what of it is outside of what is documented for its model, or "". Where nobody can be asked it is sent
            with a note, as our sources may be behind the service.
    """

    spending: str = ""
    unusual: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.unusual, self.spending)))


def unusual(requests: Iterable[VideoRequest]) -> dict[Hashable, str]:
    """What of these is asked about, each field, model and value once."""
    return {
        (request.model, problem.field, repr(request.get(problem.field or "")), problem.message): problem.message
        for request in requests
        for problem in request.problems()
        if problem.asks
    }


def together(messages: Iterable[str]) -> str:
    """Messages in one question: each once, and no more than can be read."""
    said = list(dict.fromkeys(messages))
    more = f" And {len(said) - _SHOWN} more." if len(said) > _SHOWN else ""
    return " ".join(said[:_SHOWN]) + more
