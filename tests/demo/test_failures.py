"""The words that make things fail."""

from __future__ import annotations

from kling_widgets.demo.failures import FAILURES, Behaviour, behaviour, help_text


def test_a_prompt_without_words_behaves() -> None:
    """A prompt without a word, or with one that is not in the table, is only a prompt."""
    assert behaviour("a calm sea") == Behaviour()
    assert behaviour("the demo: failing engines, demo:unheard-of") == Behaviour()


def test_words_work_together() -> None:
    """Two words in one prompt both count."""
    both = behaviour("demo:slow and demo:fail")
    assert both.stretch == 5
    assert both.error and "demo:fail" in both.error[0]


def test_every_word_changes_something_and_is_explained() -> None:
    """The printed table names every word, and no word is without effect."""
    for word, failure in FAILURES.items():
        assert behaviour(f"a sea, demo:{word}") == failure.behaviour != Behaviour()
        assert f"demo:{word} " in help_text() and failure.explanation in help_text()
