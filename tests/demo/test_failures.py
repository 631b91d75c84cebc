"""Words in a prompt that simulate failures."""

from __future__ import annotations

from kling_widgets.demo.failures import FAILURES, Behaviour, behaviour, help_text


def test_a_prompt_without_words_behaves() -> None:
    """A prompt without a word, or with an unknown word, has the normal behaviour."""
    assert behaviour("a calm sea") == Behaviour()
    assert behaviour("the demo: failing engines, demo:unheard-of") == Behaviour()


def test_words_work_together() -> None:
    """Two words in one prompt are combined."""
    both = behaviour("demo:slow and demo:fail")
    assert both.stretch == 5
    assert both.error and "demo:fail" in both.error[0]


def test_every_word_changes_something_and_is_explained() -> None:
    """The printed table has every word, and every word has an effect."""
    for word, failure in FAILURES.items():
        assert behaviour(f"a sea, demo:{word}") == failure.behaviour != Behaviour()
        assert f"demo:{word} " in help_text() and failure.explanation in help_text()
