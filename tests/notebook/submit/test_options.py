"""Options of a submission, from a magic and from Python code."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kling_widgets as kw
from kling_widgets.errors import InvalidRequestError
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.submit.options import DEFAULTS, MAX_COUNT, SubmitOptions
from kling_widgets.notebook.submit.submitter import Submitter
from kling_widgets.request.magic_words import SETTINGS
from tests.notebook.conftest import shown

NO_NUMBERS = ("2", "a", float("nan"), -1, True, [2])


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("count", value) for value in (*NO_NUMBERS, 0, 2.5, 10**6, 10**400, None)),
        *(("count", value) for value in (np.float64(2.5), np.array([1, 2]), Decimal("NaN"))),
        *(("timeout", value) for value in (*NO_NUMBERS, 0, float("inf"), 1e6, timedelta(0), timedelta(days=100))),
        *(("save", value) for value in (5, b"a.mp4", ["a.mp4"], True)),
        *(
            (option, value)
            for option in ("yes", "new", "reuse", "wait")
            for value in ("False", "no", "", 2, float("nan"), [])
        ),
        *(("yes", value) for value in (np.str_("False"), np.array([False]), np.float32(0.5))),
    ],
)
def test_what_is_no_such_option_is_refused_at_once(option: str, value: object) -> None:
    """In one line that names it."""
    with pytest.raises(InvalidRequestError, match=rf"^{option} must be .*, not .*Nothing was sent\.$"):
        SubmitOptions.of(**{option: value})


def test_what_is_one_is_taken(session: Session, tmp_path: Path) -> None:
    """A path may be one of pathlib."""
    options = SubmitOptions.of(save=tmp_path / "boat.mp4", count=1, timeout=60, wait=True)
    shown(lambda: session.get(Submitter).submit("2.6", options, prompt="a boat"))
    assert (tmp_path / "boat.mp4").is_file()


def test_none_counts_as_not_passed() -> None:
    """For everything but a number of videos."""
    given = dict.fromkeys(field.name for field in fields(SubmitOptions) if field.name != "count")
    assert SubmitOptions.of(**given) == DEFAULTS


def test_another_one_and_one_that_is_there_is_a_contradiction() -> None:
    """Which of them is meant is not guessed."""
    with pytest.raises(InvalidRequestError, match="--new"):
        SubmitOptions(new=True, reuse=True)


def test_a_magic_and_python_know_the_same_options() -> None:
    """Each is a setting of ``%kling``, and an argument of ``kw.submit`` where that makes sense."""
    known = {field.name for field in fields(SubmitOptions)}
    assert {setting.key for setting in SETTINGS.values()} == known | {"model"}
    assert f"at most {MAX_COUNT}," in SETTINGS["count"].help
    assert {*signature(kw.submit).parameters} - {"request", "fields"} == known - {"out", "dry_run"}


@pytest.mark.parametrize("value", [2, 2.0, np.int64(2), np.uint8(2), np.float32(2), Decimal(2), Fraction(2)])
def test_a_number_is_one_of_whatever_library(value: Any) -> None:
    """As a table or an array gives it."""
    options = SubmitOptions.of(count=value, timeout=value)
    assert (options.count, type(options.count)) == (2, int)
    assert (options.timeout, type(options.timeout)) == (2.0, float)


@pytest.mark.parametrize("value", [True, np.True_, 1, np.int64(1)])
def test_a_yes_is_one_of_whatever_library(value: Any) -> None:
    """And so is a no."""
    assert SubmitOptions.of(yes=value).yes is True
    assert SubmitOptions.of(yes=type(value)(0)).yes is False


def test_a_length_of_time_says_its_own_seconds() -> None:
    """Whatever its unit."""
    assert SubmitOptions.of(timeout=timedelta(minutes=10)).timeout == 600
