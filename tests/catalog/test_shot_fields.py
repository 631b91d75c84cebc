"""Shots: their seconds and their joint prompt."""

from __future__ import annotations

from typing import Any

import pytest

from kling_widgets.catalog.shot_fields import duration_of, joined_prompt
from tests.catalog.test_structured_fields import shots


@pytest.mark.parametrize(
    ("shot", "seconds"),
    [
        ({"duration": "3"}, 3),
        ({"duration": 3}, 3),
        ({"duration": "0"}, None),
        ({"duration": -1}, None),
        ({"duration": "3.0"}, None),
        ({"duration": "1_0"}, None),
        ({"duration": True}, None),
        ({"duration": "9" * 5000}, None),
        ({}, None),
        ("3", None),
    ],
)
def test_the_seconds_of_a_shot(shot: Any, seconds: int | None) -> None:
    """A whole number from 1, as a number or text."""
    assert duration_of(shot) == seconds


def test_the_prompt_of_all_shots() -> None:
    """Joined on one line, as the gateway refuses an empty prompt even with shots (R)."""
    assert joined_prompt(shots(" a\nb ", "c")) == "a b c"
    assert joined_prompt([{"prompt": 5}, "x", {}]) == ""
    assert joined_prompt("x") == ""
