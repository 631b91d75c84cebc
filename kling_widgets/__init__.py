"""Video models from a notebook: a form, a ``%kling`` magic, and the video in the cell.

    import kling_widgets as kw
    %load_ext kling_widgets

    %kling a paper boat in the rain
    kw.submit("2.6", prompt="a paper boat in the rain", seconds=5)
    kw.Form("3.0")

The examples in the docstrings of these names run without a key after ``kw.use_demo()``. Those with a client need the
demo as a program of its own: ``python -m kling_widgets.demo``.

Everything is loaded when it is first used: importing this costs next to nothing.
"""

from __future__ import annotations

import os
from importlib import import_module

TYPE_CHECKING = False  # as in typing, the import of which would cost four times as much as all else here
if TYPE_CHECKING:
    from typing import Any

    from kling_widgets._version import __version__ as __version__
    from kling_widgets.catalog.model_names import model
    from kling_widgets.catalog.models import models
    from kling_widgets.client.async_client import AsyncClient
    from kling_widgets.client.client import Client
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
    from kling_widgets.jobs.waiting import run
    from kling_widgets.notebook.api import doctor, history, picture, resume, submit, use_demo
    from kling_widgets.notebook.form.form import Form
    from kling_widgets.request.request import VideoRequest

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
    "__version__": "_version",
    "AsyncClient": "client.async_client",
    "Client": "client.client",
    "Form": "notebook.form.form",
    "VideoRequest": "request.request",
    "doctor": "notebook.api",
    "history": "notebook.api",
    "model": "catalog.model_names",
    "models": "catalog.models",
    "picture": "notebook.api",
    "resume": "notebook.api",
    "run": "jobs.waiting",
    "submit": "notebook.api",
    "use_demo": "notebook.api",
}
_SHOWING = ("Form", "resume", "submit")  # they show figures
_LIMITED = ("Client", "AsyncClient")
# As it is now, or else when a client is first made: what a cell writes into the environment later lifts no limit.
_BUDGET = os.environ.get("KLING_WIDGETS_BUDGET", "")


def _offer_next_steps() -> None:
    """Let sessions show buttons under figures: these open forms, and so they are in a folder above the session's."""
    from kling_widgets.notebook.kernel.session import Session

    def make(session: Session) -> Any:
        from kling_widgets.notebook.next_steps.next_steps import NextSteps

        return session.get(NextSteps)

    Session.make_next_steps = make


def __getattr__(name: str) -> Any:
    if name not in __all__ and name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)
    if name in _LIMITED and (budget := _BUDGET or os.environ.get("KLING_WIDGETS_BUDGET", "")):
        from kling_widgets.spending.allowance import limited

        value = limited(value, budget)
    if name in _SHOWING:
        _offer_next_steps()
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext kling_widgets``: gives the shell ``%kling`` and its family."""
    from kling_widgets.notebook.kernel.session import session
    from kling_widgets.notebook.magics.magics import register

    _offer_next_steps()
    register(shell, session())


def unload_ipython_extension(shell: Any) -> None:
    """``%unload_ext kling_widgets``: takes everything back."""
    from kling_widgets.notebook.magics.magics import unregister

    unregister(shell)
