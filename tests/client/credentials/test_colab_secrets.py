"""Colab's secrets."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from kling_widgets.client.credentials.colab_secrets import get
from kling_widgets.client.credentials.secret import Secret

NAME, KEY = "A_NAME", "sk-colab-0123456789"


class SecretNotFoundError(Exception):
    """As in google.colab.userdata."""


class NotebookAccessError(Exception):
    """As in google.colab.userdata."""


class TimeoutException(Exception):
    """As in google.colab.userdata."""


def colab(monkeypatch: pytest.MonkeyPatch, answer: object) -> None:
    """Make this process look like Colab, with these secrets: its package only exists there."""

    def give(name: str) -> object:
        assert name == NAME
        if isinstance(answer, BaseException):
            raise answer
        return answer

    userdata = ModuleType("google.colab.userdata")
    vars(userdata)["get"] = give
    for name, module in {"google.colab": ModuleType("google.colab"), "google.colab.userdata": userdata}.items():
        monkeypatch.setitem(sys.modules, name, module)


def test_outside_colab_nothing_is_imported() -> None:
    """Outside Colab there is neither a key nor a hint."""
    assert get(NAME) == (None, "")
    assert "google.colab" not in sys.modules


def test_a_secret_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret is found by its name."""
    colab(monkeypatch, KEY)
    assert get(NAME) == (Secret(KEY), "")


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (SecretNotFoundError(KEY), f"add {NAME}"),
        (NotebookAccessError(KEY), "may not read"),
        (TimeoutException(KEY), "in time"),
        (RuntimeError(KEY), "RuntimeError"),
        (None, ""),
        (" ", ""),
        (7, ""),
    ],
)
def test_any_error_of_colab_means_not_found(monkeypatch: pytest.MonkeyPatch, answer: object, hint: str) -> None:
    """Any error means that there is no key; known ones get a hint, without Colab's own message."""
    colab(monkeypatch, answer)
    key, said = get(NAME)
    assert key is None and hint in said and "sk-" not in said
