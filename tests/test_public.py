"""The public interface: the names at the top of the package."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
from collections.abc import Callable

import pytest

import kling_widgets as kw
from kling_widgets import errors
from kling_widgets.core.task import Task
from kling_widgets.errors import KlingError
from kling_widgets.request.request import VideoRequest
from tests.conftest import ROOT

NAMES = {
    "models",
    "model",
    "VideoRequest",
    "Client",
    "AsyncClient",
    "Form",
    "submit",
    "doctor",
    "history",
    "picture",
    "resume",
    "run",
    "use_demo",
}
ERRORS = {
    "KlingError",
    "InvalidRequestError",
    "MissingKeyError",
    "ConnectionFailedError",
    "SubmissionUnknownError",
    "APIError",
    "AuthenticationError",
    "PermissionDeniedError",
    "InsufficientQuotaError",
    "RateLimitError",
    "TaskNotFoundError",
    "ModelUnavailableError",
    "ServerError",
    "TaskFailedError",
    "VideoMissingError",
    "WaitTimeoutError",
}


def test_the_list_is_what_was_promised() -> None:
    """The list of public names changes only deliberately."""
    assert sorted(kw.__all__) == sorted(NAMES | ERRORS)


def test_dir_lists_them() -> None:
    """Completion after ``kw.`` offers all public names, loaded or not, and nothing else: no ``os`` and no module of
    ours."""
    assert set(dir(kw)) == NAMES | ERRORS | {"__version__"}


@pytest.mark.parametrize("name", sorted(NAMES | ERRORS))
def test_each_is_there_and_says_what_it_is(name: str) -> None:
    """Each public name can be imported and has its own docstring."""
    thing = getattr(kw, name)
    assert inspect.getdoc(thing)
    assert thing.__doc__


@pytest.mark.parametrize("name", sorted(NAMES | ERRORS))
def test_each_is_of_the_package(name: str) -> None:
    """A repr, a document and a pickle name the package, not the module in which an object is defined."""
    assert getattr(kw, name).__module__ == "kling_widgets"


TASK = Task("t1", status="succeeded", raw={"data": {"task_id": "t1"}})
MADE: dict[str, KlingError] = {
    "InvalidRequestError": errors.InvalidRequestError.of(VideoRequest("2.6", seconds=-1).problems()),
    "MissingKeyError": errors.MissingKeyError(),
    "SubmissionUnknownError": errors.SubmissionUnknownError("lost", request_id="r1"),
    "RateLimitError": errors.RateLimitError("slowly", retry_after=3.0, status_code=429, code="c", body={"a": 1}),
    "TaskFailedError": errors.TaskFailedError("failed", TASK),
    "VideoMissingError": errors.VideoMissingError("no video", TASK),
    "WaitTimeoutError": errors.WaitTimeoutError("not done", TASK),
}


@pytest.mark.parametrize("name", sorted(ERRORS))
@pytest.mark.parametrize("through", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
def test_an_error_can_be_copied_and_pickled(name: str, through: Callable[[KlingError], KlingError]) -> None:
    """Errors survive copying and pickling, as between the processes of a pool, with class, message and attributes."""
    error = MADE.get(name) or getattr(kw, name)("what happened")
    error.__notes__ = ["seen by a worker"]
    again = through(error)
    assert type(again) is type(error)
    assert (str(again), again.args, vars(again)) == (str(error), error.args, vars(error))


def test_a_pickle_survives_a_move() -> None:
    """The pickles of a request's class and of an error name no internal module."""
    assert b"kling_widgets." not in pickle.dumps([kw.VideoRequest, *(getattr(kw, name) for name in sorted(ERRORS))])


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    """An unknown name raises AttributeError, so ``hasattr`` works as with any module."""
    assert not hasattr(kw, "nothing_of_this_name")


def test_every_error_is_public_and_one_tree() -> None:
    """Every error is public and is a KlingError."""
    ours = {
        name
        for name, thing in vars(errors).items()
        if inspect.isclass(thing) and issubclass(thing, Exception) and not name.startswith("_")
    }
    assert ours == ERRORS
    assert all(issubclass(getattr(kw, name), kw.KlingError) for name in ERRORS)


def test_no_module_hides_a_public_name() -> None:
    """No top-level module has the name of a public function: importing ``history.py`` would replace ``kw.history``."""
    modules = {path.stem for path in (ROOT / "kling_widgets").iterdir()}
    assert not modules & (NAMES | ERRORS)


def test_the_version_is_a_version() -> None:
    """``kw.__version__`` is the version in the package's metadata."""
    assert re.fullmatch(r"\d+\.\d+\.\d+(\w*)", kw.__version__)
