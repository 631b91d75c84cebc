"""Requests and ids that Python code passes."""

from __future__ import annotations

from decimal import Decimal
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
    """A table like that of pandas: iterating over it returns the names of its columns."""

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
            r"For prompts: kw\.submit\(\[kw\.VideoRequest\(.2\.6., prompt=text\) for text",
        ),
        (["boat"], r"“boat” in the list is neither a request nor a model"),
        (np.array(["a boat", "a ship"]), "For prompts"),
        ([ROW], r"kw\.VideoRequest\(\*\*row\) for row in rows"),
        (ROW, r"kw\.VideoRequest\(\*\*row\) for row in rows"),
        (Table(), r"df\.to_dict\(.records.\) returns the rows"),
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
        ("a boat in the rain", "If it is a prompt, name a model too"),
    ],
)
def test_an_invalid_argument_is_a_one_line_error(given: Any, says: str, session: Session) -> None:
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
    with pytest.raises(InvalidRequestError, match="A task's id is a string, not"):
        session.get(Resumer).resume(value)  # type: ignore[arg-type]
