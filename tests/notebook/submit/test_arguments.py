"""What Python code gives beside a request."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from ipywidgets import Textarea

import kling_widgets as kw
from kling_widgets.errors import InvalidRequestError
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.submit import arguments
from kling_widgets.notebook.submit.resumer import Resumer
from kling_widgets.notebook.submit.submitter import Submitter
from kling_widgets.request.request import VideoRequest
from tests.notebook.conftest import shown

NO_NUMBERS = ("2", "a", float("nan"), -1, True, [2])


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("count", value) for value in (*NO_NUMBERS, 0, 2.5, 10**6, None)),
        *(("count", value) for value in (np.float64(2.5), np.array([1, 2]), Decimal("NaN"))),
        *(("timeout", value) for value in (*NO_NUMBERS, 0, float("inf"), 1e6, timedelta(0), timedelta(days=100))),
        *(("save", value) for value in (5, b"a.mp4", ["a.mp4"], True)),
        *((option, value) for option in ("yes", "new", "reuse") for value in ("False", "no", "", 2, float("nan"), [])),
        *(("yes", value) for value in (np.str_("False"), np.array([False]), np.float32(0.5))),
    ],
)
def test_what_is_no_such_option_is_refused_at_once(option: str, value: object, session: Session) -> None:
    """In one line that names it, before anything is written down or sent."""
    with pytest.raises(InvalidRequestError, match=rf"^{option} is .*, not .*Nothing was sent\.$"):
        session.get(Submitter).submit("2.6", prompt="a boat", **{option: value})
    assert session.journal.entries() == ()
    assert not session.videos.exists()


def test_what_is_one_is_taken(session: Session, tmp_path: Path) -> None:
    """A path may be one of pathlib; None is as if nothing was said."""
    path = tmp_path / "boat.mp4"
    shown(lambda: session.get(Submitter).submit("2.6", prompt="a boat", save=path, count=1, timeout=60, wait=True))
    assert path.is_file()
    assert len(session.get(Submitter).create_jobs("2.6", prompt="a boat", timeout=None, save=None)) == 1


@pytest.mark.parametrize("value", [2, 2.0, np.int64(2), np.uint8(2), np.float32(2), Decimal(2), Fraction(2)])
def test_a_number_is_one_of_whatever_library(value: Any) -> None:
    """As a table or an array gives it."""
    assert (arguments.count(value), type(arguments.count(value))) == (2, int)
    assert (arguments.timeout(value), type(arguments.timeout(value))) == (2.0, float)


@pytest.mark.parametrize("value", [True, np.True_, 1, np.int64(1)])
def test_a_yes_is_one_of_whatever_library(value: Any) -> None:
    """And so is a no; nothing given is none."""
    assert arguments.flag("yes", value) is True
    assert arguments.flag("yes", type(value)(0)) is False
    assert arguments.flag("yes", None) is False


def test_a_length_of_time_says_its_own_seconds() -> None:
    """Whatever its unit."""
    assert arguments.timeout(timedelta(minutes=10)) == 600


MODEL_26 = VideoRequest("2.6", prompt="a boat")


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ("2.6", {"prompt": "a boat"}),
        (2.6, {"prompt": "a boat"}),
        (np.float64(2.6), {"prompt": "a boat"}),
        (np.float32(2.6), {"prompt": "a boat"}),
        (Decimal("2.6"), {"prompt": "a boat"}),
        (kw.model(2.6), {"prompt": "a boat"}),
        (MODEL_26, {}),
        ([MODEL_26], {}),
        ((MODEL_26,), {}),
        ((each for each in [MODEL_26]), {}),
        (np.array([2.6]), {"prompt": "a boat"}),
        (["2.6"], {"prompt": "a boat"}),
    ],
)
def test_what_is_clear_is_taken(given: object, fields: dict[str, Any]) -> None:
    """A model also as a number, one or several."""
    assert arguments.requests(given, fields, 2) == [MODEL_26, MODEL_26]


def test_several_are_made_so_often_each() -> None:
    """In their order."""
    other = VideoRequest("3.0", prompt="a boat")
    assert arguments.requests([2.6, "3.0"], {"prompt": "a boat"}, 2) == [MODEL_26, MODEL_26, other, other]


class Table:
    """What pandas' is like: it gives the names of its columns one by one."""

    def iterrows(self) -> None:
        raise AssertionError("nobody asked for its rows")

    def __iter__(self) -> Any:
        return iter(["model", "prompt"])


ROW = {"model": "2.6", "prompt": "a boat"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            ["a boat in the rain", "a ship"],
            r"Of prompts: kw\.submit\(\[kw\.VideoRequest\(.2\.6., prompt=text\) for text",
        ),
        (["boat"], r"“boat” is no request and no model"),
        (np.array(["a boat", "a ship"]), "Of prompts"),
        ([ROW], r"kw\.VideoRequest\(\*\*row\) for row in rows"),
        (ROW, r"kw\.VideoRequest\(\*\*row\) for row in rows"),
        (Table(), r"df\.to_dict\(.records.\) gives the rows"),
        (SimpleNamespace(request=MODEL_26), r"kw\.submit\(it\.request\)"),
        (None, "not None"),
        (True, "not True"),
        (b"2.6", "type bytes"),
        (float("nan"), "not nan"),
        ([None], "not None"),
        ([MODEL_26, float("nan")], "not nan"),
        ([[MODEL_26]], "type list"),
        (object(), "type object"),
        (Textarea("2.6"), "type Textarea"),
        ("a boat in the rain", "A prompt goes with a model"),
    ],
)
def test_what_is_not_clear_is_said_in_one_line(given: Any, says: str, session: Session) -> None:
    """With the right call; nothing is written down."""
    with pytest.raises(InvalidRequestError, match=says) as caught:
        session.get(Submitter).submit(given)
    assert str(caught.value).endswith("Nothing was sent.")
    assert session.journal.entries() == ()


def test_rows_of_a_table_make_requests() -> None:
    """As the line says; a hole in a column is not set, one for a prompt is an error."""
    rows = [{**ROW, "seconds": np.float64(5)}, {**ROW, "seconds": float("nan")}, {"model": 2.6, "prompt": float("nan")}]
    first, second, third = (kw.VideoRequest(**row) for row in rows)
    assert (first.seconds, second.seconds) == (5, None)
    assert ["NaN" in str(error) for error in third.errors()] == [True]


@pytest.mark.parametrize("value", [5, 1.5, b"task_1", ["task_1"]])
def test_an_id_is_a_text(value: object, session: Session) -> None:
    """Else it is refused in one line."""
    with pytest.raises(InvalidRequestError, match="A task's id is a text, not"):
        session.get(Resumer).resume(value)  # type: ignore[arg-type]
