"""The errors of kling_widgets: each is one line that says what happened, what it means for the money, what to do.

KlingError
├─ InvalidRequestError (ValueError)   before anything is sent
├─ MissingKeyError
├─ ConnectionFailedError              nothing was sent
├─ SubmissionUnknownError             sent; whether it was accepted is open
├─ APIError                           the service answered, with an error
│  ├─ AuthenticationError
│  ├─ PermissionDeniedError
│  ├─ InsufficientQuotaError
│  ├─ RateLimitError
│  ├─ TaskNotFoundError
│  ├─ ModelUnavailableError
│  └─ ServerError
├─ TaskFailedError                    the task ended without a video
├─ VideoMissingError                  the task succeeded, but no video can be had
└─ WaitTimeoutError (TimeoutError)    the task goes on
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kling_widgets.core.public import public
from kling_widgets.core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kling_widgets.core.problem import Problem
    from kling_widgets.core.task import Task


class KlingError(Exception):
    """Whatever goes wrong in kling_widgets. In a notebook it shows as its one line, without a traceback."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))

    def _render_traceback_(self) -> list[str]:
        # IPython prints these lines in place of a traceback, and still stops Run All. A traceback in its verbose
        # mode would show local variables, the key among them.
        return [f"{type(self).__name__}: {self}"]


class InvalidRequestError(KlingError, ValueError):
    """The request cannot be sent as it is. Nothing was sent.

    Attributes:
        problems: what is wrong, a tuple of ``Problem``; warnings are not in it.
    """

    def __init__(self, message: str, problems: Iterable[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)

    @classmethod
    def of(cls, problems: Iterable[Problem]) -> InvalidRequestError:
        """The error of these problems, all of them in its one line."""
        errors = tuple(problem for problem in problems if problem.severity == "error")
        return cls(" · ".join(map(str, errors)) + " Nothing was sent.", errors)


class MissingKeyError(KlingError):
    """No API key was found. Nothing was sent."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(
            message
            or "No API key was found, so nothing was sent. Set CRAZYROUTER_API_KEY or run %kling_key; "
            "to try everything without a key, run %kling_demo (in Python: kw.use_demo())."
        )


class ConnectionFailedError(KlingError):
    """The service could not be reached. Nothing was sent, nothing is billed."""


class SubmissionUnknownError(KlingError):
    """The request was sent, but whether it was accepted is not known: it may be billed.

    It is never repeated by itself. ``__cause__`` is the :class:`APIError` or the broken connection.

    Attributes:
        request_id: the service's id of the exchange, to quote to support, or None.
    """

    def __init__(self, message: str, *, request_id: str | None = None) -> None:
        super().__init__(message)
        self.request_id = request_id


class APIError(KlingError):
    """The service answered with an error.

    Attributes:
        status_code: the HTTP status, or None.
        code: the service's own error code, or None.
        request_id: the service's id of the exchange, to quote to support, or None.
        body: the reply, parsed if it was JSON, else text.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        body: Any = None,
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.code = code
        self.request_id = request_id
        self.body = body


class AuthenticationError(APIError):
    """The service does not know the API key, or it has expired."""


class PermissionDeniedError(APIError):
    """The API key may not do this: its group, model scope or allowed addresses do not cover it."""


class InsufficientQuotaError(APIError):
    """The balance does not suffice. Nothing was submitted."""


class RateLimitError(APIError):
    """Too many requests. Nothing was submitted.

    Attributes:
        retry_after: seconds to wait as the service said, or None.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.retry_after = retry_after


class TaskNotFoundError(APIError):
    """The account of this key has no task with this id, which is not the same as a failed task."""


class ModelUnavailableError(APIError):
    """The model is down now, or not in the key's group. Nothing was submitted."""


class ServerError(APIError):
    """The service or a proxy before it broke down."""


class _TaskError(KlingError):
    def __init__(self, message: str, task: Task) -> None:
        super().__init__(message)
        self.task = task

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.task), vars(self)  # not made of its args alone, as other exceptions are


class TaskFailedError(_TaskError):
    """The task ended without a video.

    Attributes:
        task: the task as last seen.
    """


class VideoMissingError(_TaskError):
    """The task succeeded, but no video can be had.

    Attributes:
        task: the task as last seen; ``task.raw`` is the whole reply.
    """


class WaitTimeoutError(_TaskError, TimeoutError):
    """The wait ended before the task did. The task goes on, and is billed if it succeeds.

    Attributes:
        task: the task as last seen.
    """


for _error in [each for each in vars().values() if isinstance(each, type) and issubclass(each, KlingError)]:
    public(_error)
