"""The tables in the README match the program."""

from __future__ import annotations

import pytest

from kling_widgets.catalog import models as catalog
from tests.readme import README, fresh, models

TEXT = "# Head\n<!-- begin models -->\nold\n<!-- end models -->\nTail <!-- not a block -->\n"


def test_the_models_table_has_every_model() -> None:
    """Each model has a row, under the name that a magic line takes; all rows have the same number of cells."""
    head, rule, *rows = [line for line in models().splitlines() if line.startswith("|")]
    assert [row.split("|")[1].strip(" `") for row in rows] == [model.name for model in catalog.models()]
    assert {line.replace("\\|", "").count("|") for line in (head, rule, *rows)} == {len(head.split("|")) - 1}


def test_only_the_marked_block_is_replaced() -> None:
    """Text outside the marks stays; a second update changes nothing."""
    once = fresh(TEXT, {"models": lambda: "new"})
    assert once == "# Head\n<!-- begin models -->\n\nnew\n\n<!-- end models -->\nTail <!-- not a block -->\n"
    assert fresh(once, {"models": lambda: "new"}) == once


@pytest.mark.parametrize("text", ["", TEXT.replace("models", "prices"), TEXT.replace("end", "fin"), TEXT * 2])
def test_a_block_that_is_missing_or_broken_is_an_error(text: str) -> None:
    """A missing or broken mark is an error, so the check cannot be turned off by accident."""
    with pytest.raises(ValueError, match="marked blocks"):
        fresh(text, {"models": lambda: "new"})


def test_the_readme_is_fresh() -> None:
    """The tables in README.md are up to date."""
    text = README.read_text(encoding="utf-8")
    assert fresh(text) == text, "run: python -m tests.readme"
