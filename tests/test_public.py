"""What users may rely on: the names at the top of the package."""

from __future__ import annotations

import inspect
import re

import pytest

import kling_widgets as kw
from kling_widgets import errors
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
    """A name goes or comes by decision, not by accident."""
    assert sorted(kw.__all__) == sorted(NAMES | ERRORS)


def test_dir_lists_them() -> None:
    """Completion after ``kw.`` offers all of it, loaded or not."""
    assert set(dir(kw)) >= NAMES | ERRORS | {"__version__"}


@pytest.mark.parametrize("name", sorted(NAMES | ERRORS))
def test_each_is_there_and_says_what_it_is(name: str) -> None:
    """Each name can be had and has a docstring of its own."""
    thing = getattr(kw, name)
    assert inspect.getdoc(thing)
    assert thing.__doc__


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    """``hasattr`` and misspelt names work as with any module."""
    assert not hasattr(kw, "nothing_of_this_name")


def test_every_error_is_public_and_one_tree() -> None:
    """Every error of ours is at the top of the package and is a KlingError."""
    ours = {
        name
        for name, thing in vars(errors).items()
        if inspect.isclass(thing) and issubclass(thing, Exception) and not name.startswith("_")
    }
    assert ours == ERRORS
    assert all(issubclass(getattr(kw, name), kw.KlingError) for name in ERRORS)


def test_no_module_hides_a_public_name() -> None:
    """A module ``history.py`` at the top would, once imported, take the place of ``kw.history``."""
    modules = {path.stem for path in (ROOT / "kling_widgets").iterdir()}
    assert not modules & (NAMES | ERRORS)


def test_the_version_is_a_version() -> None:
    """``kw.__version__`` is what the package's metadata are made of."""
    assert re.fullmatch(r"\d+\.\d+\.\d+(\w*)", kw.__version__)
