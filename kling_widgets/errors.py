"""The errors of kling_widgets. Each message is one line: what happened, what it means for the money, what to do.

KlingError
├─ InvalidRequestError (ValueError)   before anything is sent
├─ MissingKeyError
├─ ConnectionFailedError              nothing was sent
├─ SubmissionUnknownError             sent; it is not known whether it was accepted
├─ APIError                           the service answered with an error
│  ├─ AuthenticationError
│  ├─ PermissionDeniedError
│  ├─ InsufficientQuotaError
│  ├─ RateLimitError
│  ├─ TaskNotFoundError
│  ├─ ModelUnavailableError
│  └─ ServerError
├─ TaskFailedError                    the task ended without a video
├─ VideoMissingError                  the task succeeded, but its video is not available
└─ WaitTimeoutError (TimeoutError)    the task is still running
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from kling_widgets.core.public import public
from kling_widgets.core.text import first_sentence, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

    from kling_widgets.core.problem import Problem
    from kling_widgets.core.task import Task


class KlingError(Exception):
    """Base class of all errors of kling_widgets.

    A notebook shows it as one line without a traceback: what happened, what it means for the money, what to do. In the
    demo, words in a prompt cause most of the errors; the examples use ``demo:fail``, ``demo:500`` and others.

    Example:
        >>> try:
        ...     kw.submit("2.6", prompt="a paper boat", secnds=5)
        ... except kw.KlingError as error:
        ...     print(error)
        There is no field “secnds”. Did you mean seconds or sound? Nothing was sent.
    """

    _in_view = False  # whether the cell that it ends shows the whole message already

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))

    def _without_details(self) -> Self:
        """Return the same error for a cell that shows the whole message in its view: as its first sentence."""
        shown = copy(self)
        shown.__cause__, shown._in_view = self.__cause__, True
        return shown

    def _render_traceback_(self) -> list[str]:
        # IPython prints these lines in place of a traceback, and still stops Run All. A traceback in verbose mode
        # would show local variables, including the API key.
        return [f"{type(self).__name__}: {first_sentence(str(self)) if self._in_view else self}"]


class InvalidRequestError(KlingError, ValueError):
    """The request cannot be sent as it is. Nothing was sent.

    It is a ``ValueError`` too.

    Attributes:
        problems: a tuple of ``Problem``, each with ``field``, ``message`` and ``hint``; warnings are not in it.

    Example:
        >>> try:
        ...     kw.submit("2.6", prompt="a paper boat", seconds=-1)
        ... except kw.InvalidRequestError as error:
        ...     print([problem.field for problem in error.problems])
        ['seconds']
    """

    def __init__(self, message: str, problems: Iterable[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)

    @classmethod
    def of(cls, problems: Iterable[Problem]) -> InvalidRequestError:
        """Return the error for these problems, all in one line.

        Args:
            problems: any problems of a request; the warnings among them are left out.

        Example:
            >>> request = kw.VideoRequest("2.6", prompt="a paper boat", seconds=-1)
            >>> print(kw.InvalidRequestError.of(request.problems()))
            Seconds is a whole number from 1, not “-1”. For example 5. Nothing was sent.
        """
        errors = tuple(problem for problem in problems if problem.severity == "error")
        return cls(" · ".join(map(str, errors)) + " Nothing was sent.", errors)


class MissingKeyError(KlingError):
    """No API key was found. Nothing was sent.

    Example:
        >>> try:
        ...     kw.Client(base_url="http://127.0.0.1:8000")
        ... except kw.MissingKeyError:
        ...     print("Pass api_key too: a key from elsewhere is not sent to another address.")
        Pass api_key too: a key from elsewhere is not sent to another address.
    """

    def __init__(self, message: str | None = None) -> None:
        super().__init__(
            message
            or "No API key was found, so nothing was sent. Set CRAZYROUTER_API_KEY or run %kling_key; "
            "to try everything without a key, run %kling_demo (in Python: kw.use_demo())."
        )


class ConnectionFailedError(KlingError):
    """The service could not be reached. Nothing was sent, nothing is billed.

    It is raised after several tries, so calling again at once seldom helps: check the network and the proxy settings.

    Example:
        >>> with kw.Client() as client:
        ...     try:
        ...         task = client.submit("2.6", prompt="a paper boat")
        ...     except kw.ConnectionFailedError:
        ...         print("Offline: this can safely be submitted again later.")
    """


class SubmissionUnknownError(KlingError):
    """The request was sent, but it is not known whether it was accepted: it may be billed.

    It is never sent again automatically. ``__cause__`` is the :class:`APIError` or the broken connection. Once the task
    is found in the service's web console, ``kw.resume(task_id, of="#7")`` continues with it.

    Attributes:
        request_id: the service's id of the HTTP request, to quote to its support, or None.

    Example:
        >>> with kw.Client() as client:
        ...     try:
        ...         task = client.submit("2.6", prompt="a paper boat demo:500")
        ...     except kw.SubmissionUnknownError as error:
        ...         print(error.__cause__.status_code, error.request_id)
        500 demo...
    """

    def __init__(self, message: str, *, request_id: str | None = None) -> None:
        super().__init__(message)
        self.request_id = request_id


class APIError(KlingError):
    """The service answered with an error.

    Attributes:
        status_code: the HTTP status, or None.
        code: the service's own error code, or None.
        request_id: the service's id of the HTTP request, to quote to its support, or None.
        body: the reply, parsed if it was JSON, else text.

    Example:
        >>> with kw.Client() as client:
        ...     try:
        ...         client.get("no_such_task")
        ...     except kw.APIError as error:
        ...         print(type(error).__name__, error.status_code, error.code)
        TaskNotFoundError 400 task_not_exist
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
    """The service does not know the API key, or it has expired.

    Nothing was submitted. ``%kling_key`` asks for another key.

    Example:
        >>> with kw.Client() as client:
        ...     try:
        ...         ids = client.available()
        ...     except kw.AuthenticationError:
        ...         print("Copy the key again from the service's web console.")
    """


class PermissionDeniedError(APIError):
    """The API key may not do this: its group, model scope or allowed addresses do not cover it.

    Nothing was submitted. ``kw.Client().available()`` lists the models that the key may call.

    Example:
        >>> with kw.Client() as client:
        ...     try:
        ...         task = client.submit("2.6", prompt="a paper boat")
        ...     except kw.PermissionDeniedError:
        ...         print(client.available())
    """


class InsufficientQuotaError(APIError):
    """The balance is too low. Nothing was submitted.

    Top up in the service's web console, then submit again.

    Example:
        >>> with kw.Client() as client:
        ...     try:
        ...         client.submit("2.6", prompt="a paper boat demo:quota")
        ...     except kw.InsufficientQuotaError as error:
        ...         print(error.status_code)
        403
    """


class RateLimitError(APIError):
    """The service refused because of too many requests. Nothing was submitted.

    It is raised after several tries, each after the time that the service asked for.

    Attributes:
        retry_after: seconds to wait as the service said, or None.

    Example:
        >>> with kw.Client(budget=50) as client:  # 50 requests a second
        ...     try:
        ...         task = client.submit("2.6", prompt="a paper boat")
        ...     except kw.RateLimitError as error:
        ...         print(f"Submit again in {error.retry_after or 60:.0f} s.")
    """

    def __init__(self, message: str, *, retry_after: float | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.retry_after = retry_after


class TaskNotFoundError(APIError):
    """The account of this key has no task with this id.

    That is not the same as a failed task: the id may be misspelt, or belong to the account of another key.

    Example:
        >>> with kw.Client() as client:
        ...     try:
        ...         client.get("no_such_task")
        ...     except kw.TaskNotFoundError as error:
        ...         print(error.code)
        task_not_exist
    """


class ModelUnavailableError(APIError):
    """The model is down now, or not in the key's group. Nothing was submitted.

    ``kw.Client().available()`` lists the models that the key may call.

    Example:
        >>> with kw.Client() as client:
        ...     try:
        ...         client.submit("2.6", prompt="a paper boat demo:busy")
        ...     except kw.ModelUnavailableError as error:
        ...         print(error.code)
        get_channel_failed
    """


class ServerError(APIError):
    """The service, or a proxy in front of it, broke down.

    It is raised by calls that cost nothing; after a submission it is the cause of a :class:`SubmissionUnknownError`.

    Example:
        >>> with kw.Client() as client:
        ...     try:
        ...         task = client.submit("2.6", prompt="a paper boat demo:500")
        ...     except kw.SubmissionUnknownError as error:
        ...         print(type(error.__cause__).__name__)
        ServerError
    """


class _TaskError(KlingError):
    def __init__(self, message: str, task: Task) -> None:
        super().__init__(message)
        self.task = task

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.task), vars(self)  # the task is an argument, but not in ``args``


class TaskFailedError(_TaskError):
    """The task ended without a video.

    Its message has the service's reason, and advice if the reason is a known one.

    Attributes:
        task: the task as last seen; ``task.raw`` is the whole reply.

    Example:
        >>> job = kw.submit("2.6", prompt="a paper boat demo:fail")
        >>> try:
        ...     job.wait()
        ... except kw.TaskFailedError as error:
        ...     print(error.task.status)
        failed
    """


class VideoMissingError(_TaskError):
    """The task succeeded, but its video cannot be downloaded.

    It is billed as any other. Try again later, or quote the task's id to the service's support.

    Attributes:
        task: the task as last seen; ``task.raw`` is the whole reply.

    Example:
        >>> with kw.Client() as client:
        ...     task = client.generate("2.6", prompt="a paper boat")
        ...     try:
        ...         path = client.download(task, "boat.mp4")
        ...     except kw.VideoMissingError as error:
        ...         print(error.task.id)
    """


class WaitTimeoutError(_TaskError, TimeoutError):
    """The wait timed out before the task ended. The task continues, and is billed if it succeeds.

    It is a ``TimeoutError`` too. Waiting again continues; so does ``kw.resume(error.task.id)``.

    Attributes:
        task: the task as last seen.

    Example:
        >>> with kw.Client() as client:
        ...     task = client.submit("2.6", prompt="a paper boat demo:slow")
        ...     try:
        ...         task = client.wait(task, timeout=0.5)
        ...     except kw.WaitTimeoutError as error:
        ...         task = error.task
        >>> task.ended
        False
    """


for _error in [each for each in vars().values() if isinstance(each, type) and issubclass(each, KlingError)]:
    public(_error)
