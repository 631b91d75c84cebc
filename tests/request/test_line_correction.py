"""Corrections of refused lines; ``test_any_slip`` tries them with lines of every kind."""

from __future__ import annotations

from kling_widgets.errors import InvalidRequestError
from kling_widgets.request.line_correction import LineCorrector
from kling_widgets.request.line_parts import LineParts


def accepts(parts: LineParts) -> None:
    """Accept everything."""


def refuses_seconds(parts: LineParts) -> None:
    """Refuse a value."""
    if any(given.name == "seconds" for given in (*parts.options, *parts.tail)):
        raise InvalidRequestError("no")


def test_it_names_the_magic_that_was_used() -> None:
    """The correction of a form's line uses the form's magic."""
    corrector = LineCorrector("kling_form", lambda path: False, accepts)
    assert corrector.correction("a boat --secnds 5", None).endswith(": %kling_form --seconds 5 a boat")
    assert corrector.correction("", "a boat --secnds 5").endswith(": %%kling_form --seconds 5")
    assert corrector.correction("3.0", None).endswith(": %kling_form 3.0")


def test_quotes_of_an_editor_go_as_a_pair() -> None:
    """They are removed as a pair, also if the first word in them is removed."""
    corrector = LineCorrector("kling", lambda path: False, accepts)
    assert corrector.correction("“3.0 a boat”", None).endswith(": %kling --model 3.0 a boat")


def test_what_would_be_refused_is_not_shown() -> None:
    """Then only the way to keep the prompt unchanged is shown."""
    corrector = LineCorrector("kling", lambda path: False, refuses_seconds)
    assert corrector.correction("a boat --secnds 5", None).endswith('write: %kling "a boat --secnds 5"')
    assert corrector.correction("--seconds 5 a boat --ar 1:1", None) == (
        "Options go before the prompt. To keep it in the prompt, put the whole prompt in double quotes."
    )


def test_what_is_left_out_is_said() -> None:
    """There is no such option here."""
    said = LineCorrector("kling", lambda path: False, accepts).correction("a boat --v 6 --stylize 250 --ar 1:1", None)
    assert "Otherwise write, without “--v 6”, “--stylize 250”: %kling --aspect-ratio 1:1 a boat" in said


def test_an_option_that_stands_twice_is_not_guessed() -> None:
    """It is not clear which of the two was intended."""
    from kling_widgets.request.magic_options import Values

    def check(parts: LineParts) -> None:
        Values({}.__getitem__, lambda path: "", lambda name, value: value).add(parts.options, parts.tail)

    said = LineCorrector("kling", lambda path: False, check).correction("--seconds 5 a boat —seconds 6", None)
    assert said.endswith('write: %kling --seconds 5 "a boat —seconds 6"')
