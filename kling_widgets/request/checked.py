"""The result of checking a request."""

from __future__ import annotations

from dataclasses import dataclass, field

from kling_widgets.core.json_values import JSON
from kling_widgets.core.problem import Problem


@dataclass(frozen=True, slots=True)
class CheckedRequest:
    """The problems of a request and its body, made from the same values at the same moment.

    So every body that is sent, shown or recorded has been checked.

    Attributes:
        problems: errors first, then warnings; those of its media come last.
        body: the body as it is sent, but with a ``Path`` for each local file.
    """

    problems: tuple[Problem, ...]
    body: dict[str, JSON] = field(repr=False)  # it may contain an API key, which no traceback should show

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that prevent the request from being sent."""
        return tuple(problem for problem in self.problems if problem.severity == "error")
