"""Video models from a notebook: a form, a ``%kling`` magic, and the video in the cell.

    import kling_widgets as kw
    %load_ext kling_widgets

    %kling a paper boat in the rain
    kw.submit("2.6", prompt="a paper boat in the rain", seconds=5)
    kw.Form("3.0")

Everything is loaded when it is first used: importing this costs next to nothing.
"""

from __future__ import annotations

import os
from importlib import import_module

TYPE_CHECKING = False  # as in typing, the import of which would cost four times as much as all else here
if TYPE_CHECKING:
    from typing import Any

    from kling_widgets.client.client import AsyncClient, Client
    from kling_widgets.core.catalog import models
    from kling_widgets.core.names import model
    from kling_widgets.core.request import VideoRequest
    from kling_widgets.errors import (
        APIError,
        AuthenticationError,
        ConnectionFailedError,
        InsufficientQuotaError,
        InvalidRequestError,
        KlingError,
        MissingKeyError,
        ModelUnavailableError,
        PermissionDeniedError,
        RateLimitError,
        ServerError,
        SubmissionUnknownError,
        TaskFailedError,
        TaskNotFoundError,
        VideoMissingError,
        WaitTimeoutError,
    )
    from kling_widgets.jobs.blocking import run
    from kling_widgets.notebook.api import doctor, history, resume, submit, use_demo
    from kling_widgets.notebook.form import Form
    from kling_widgets.notebook.pictures import picture

__version__ = "0.1.0"

__all__ = [
    "APIError",
    "AsyncClient",
    "AuthenticationError",
    "Client",
    "ConnectionFailedError",
    "Form",
    "InsufficientQuotaError",
    "InvalidRequestError",
    "KlingError",
    "MissingKeyError",
    "ModelUnavailableError",
    "PermissionDeniedError",
    "RateLimitError",
    "ServerError",
    "SubmissionUnknownError",
    "TaskFailedError",
    "TaskNotFoundError",
    "VideoMissingError",
    "VideoRequest",
    "WaitTimeoutError",
    "doctor",
    "history",
    "model",
    "models",
    "picture",
    "resume",
    "run",
    "submit",
    "use_demo",
]

_HOMES = {
    "AsyncClient": "client.client",
    "Client": "client.client",
    "Form": "notebook.form",
    "VideoRequest": "core.request",
    "doctor": "notebook.api",
    "history": "notebook.api",
    "model": "core.names",
    "models": "core.catalog",
    "picture": "notebook.pictures",
    "resume": "notebook.api",
    "run": "jobs.blocking",
    "submit": "notebook.api",
    "use_demo": "notebook.api",
}
_LIMITED = ("Client", "AsyncClient")
# As it is now, or else when a client is first made: what a cell writes into the environment later lifts no limit.
_BUDGET = os.environ.get("KLING_WIDGETS_BUDGET", "")


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)
    if name in _LIMITED and (budget := _BUDGET or os.environ.get("KLING_WIDGETS_BUDGET", "")):
        from kling_widgets.jobs.allowance import limited

        value = limited(value, budget)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext kling_widgets``: gives the shell ``%kling`` and its family."""
    from kling_widgets.notebook.magic import register
    from kling_widgets.notebook.session import session

    register(shell, session())


def unload_ipython_extension(shell: Any) -> None:
    """``%unload_ext kling_widgets``: takes everything back."""
    from kling_widgets.notebook.magic import unregister

    unregister(shell)
