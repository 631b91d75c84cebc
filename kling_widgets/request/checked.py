"""What one look at a request has found."""

from __future__ import annotations

from dataclasses import dataclass, field

from kling_widgets.core.json_values import JSON
from kling_widgets.core.problem import Problem


@dataclass(frozen=True, slots=True)
class CheckedRequest:
    """The problems of a request and its body, made of the same values at the same moment: no body is sent, shown or
    written down but one that was checked.

    Attributes:
        problems: what is wrong, errors first; those of its media come last.
        body: as it is sent, but with a ``Path`` for each local file.
    """

    problems: tuple[Problem, ...]
    body: dict[str, JSON] = field(repr=False)  # it may hold a key, which no traceback is to show

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that keep it from being sent."""
        return tuple(problem for problem in self.problems if problem.severity == "error")
