"""Problems as sentences."""

from __future__ import annotations

from kling_widgets.core.problem import Problem
from tests.core.samples import KEY


def test_a_problem_is_a_sentence_without_a_key() -> None:
    """The text joins message and hint; a key in the user's input is masked in every part."""
    problem = Problem("error", KEY, f"There is no field {KEY}.", f"Use {KEY}.")
    assert str(problem) == "There is no field sk-…. Use sk-…."
    assert KEY not in repr(problem)
    assert str(Problem("error", None, "Just this.")) == "Just this."
    assert hash(problem) == hash(Problem("error", "sk-…", problem.message, problem.hint))
