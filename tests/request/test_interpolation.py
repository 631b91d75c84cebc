"""Replacement of ``{name}`` in a prompt."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kling_widgets.errors import InvalidRequestError
from kling_widgets.request.interpolation import escape, expand
from tests.conftest import tries
from tests.core.samples import PROMPTS, Hostile


class Colour(str, Enum):  # noqa: UP042 - the kind that people have, whose str is not its value
    """A text whose ``str`` is "Colour.RED"."""

    RED = "red"


class Size(Enum):
    """An enum member that is not a number itself."""

    BIG = 7


VARIABLES: dict[str, Any] = {
    "name": "boat",
    "n": 3,
    "half": 0.5,
    "third": Fraction(1, 3),
    "path": Path("clips/a.png"),
    "words": ["one", "two"],
    "table": {"k": "value", "a b": 1, 'it"s': 2},
    "thing": SimpleNamespace(attr="deep", items=[{"k": SimpleNamespace(x=7)}]),
    "yes": True,
    "nothing": None,
    "hostile": Hostile(),
    "名": "纸船",
    "nan": math.nan,
    "infinite": Decimal("inf"),
    "long": 10**6000,
    "bytes": b"x",
    "colour": Colour.RED,
    "big": Size.BIG,
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a {name}", "a boat"),
        ("{name}{name}", "boatboat"),
        ("{n} and {half}", "3 and 0.5"),
        ("{third}", "1/3"),
        ("{path}", str(Path("clips/a.png"))),
        ("{words[0]} {words[-1]}", "one two"),
        ("{table['k']} {table[\"k\"]} {table['a b']}", "value value 1"),
        ("{thing.attr}", "deep"),
        ("{thing.items[0]['k'].x}", "7"),
        ("{{name}}", "{name}"),
        ("{{{name}}}", "{boat}"),
        ("{{", "{"),
        ("}}", "}"),
        ("{", "{"),
        ("}", "}"),
        ("{ name }", "{ name }"),
        ("{}", "{}"),
        ("{0}", "{0}"),
        ("{a-b}", "{a-b}"),
        ("{a!r} {a:>9} {a + 1} {a(1)} {f(a)} {a if b else c}", "{a!r} {a:>9} {a + 1} {a(1)} {f(a)} {a if b else c}"),
        ("{name } { name} {name of a boat}", "{name } { name} {name of a boat}"),
        ("{{ a }} {{{{ name }}}}", "{ a } {{ name }}"),
        ("{名}", "纸船"),
        ("a $100 bill, US$ 5, $$ and $a", "a $100 bill, US$ 5, $$ and $a"),
        ("$$name $$$name $$a 5$$name", "$name $$name $a 5$name"),
        ("${n} $${n}", "$3 $$3"),
        ("{colour} {big}", "red 7"),
        ('{"a": 1}', '{"a": 1}'),
        ('{"a": {"b": {"c": 1}}}', '{"a": {"b": {"c": 1}}}'),
        ('{"a": {"b": "{name}"}}', '{"a": {"b": "boat"}}'),
        ('{"a": "{{name}}"}', '{"a": "{name}"}'),
        ("no braces", "no braces"),
        ("", ""),
    ],
)
def test_what_becomes_of_braces(text: str, expected: str) -> None:
    """Variables are replaced, doubled braces become single ones, and braces without a name (JSON) stay."""
    assert expand(text, VARIABLES.__getitem__) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a {boat}", "There is no variable boat for {boat}"),
        ("{words[7]}", "{words[7]} has no value: words has no [7] (IndexError)"),
        ("{table['x']}", "has no value"),
        ("{thing.x}", "(AttributeError)"),
        ("{n[0]}", "(TypeError)"),
        ("{words}", "is a value of type list, not text, a number or a path"),
        ("{yes}", "is a value of type bool"),
        ("{nothing}", "is a value of type None"),
        ("{thing}", "is a value of type SimpleNamespace"),
        ("{hostile}", "is a value of type Hostile"),
        ("{hostile.x}", "has no value"),
        ("{nan}", "is a value of type"),
        ("{infinite}", "is a value of type infinity"),
        ("{long}", "is a value of type"),
        ("{bytes}", "is a value of type bytes"),
        ("$name", "$name is not replaced by your variable name: write {name} for its value, or $$name"),
        ("a $name's dream", "write {name}"),
        ("{{ name }}", "“{{ name }}” is not replaced by your variable name: write {name} for its value"),
        ("{{ name.upper() }}", "is not replaced by your variable name"),
        ("{{ name | upper }}", "is not replaced by your variable name"),
        ("{name.upper()}", "“{name.upper()}” is not evaluated"),
        ("{name!r}", "is not evaluated"),
        ("{name:>9}", "is not evaluated"),
        ("{n + 1}", "is not evaluated"),
        ("{len(words)}", "is not evaluated"),
        ("{words[n]}", "is not evaluated"),
        ("{a if yes else b}", "is not evaluated"),
    ],
)
def test_no_paid_prompt_with_a_hole(text: str, said: str) -> None:
    """A name without a value, or whose value is not text, is an error that names it."""
    with pytest.raises(InvalidRequestError, match=re.escape(said)) as caught:
        expand(text, VARIABLES.__getitem__)
    assert "Nothing was sent." in str(caught.value)


def test_the_value_is_finished_after_the_steps() -> None:
    """The resulting value is converted, not the variable; an error names it."""

    def finish(value: object) -> object:
        if value == 3:
            raise InvalidRequestError("No three. Nothing was sent.")
        return Path("list.png") if isinstance(value, list) else value

    assert expand("{words[0]} {words}", VARIABLES.__getitem__, finish) == "one list.png"
    with pytest.raises(InvalidRequestError, match=r"“\{n\}”: No three\. Nothing was sent\."):
        expand("{n}", VARIABLES.__getitem__, finish)


def test_a_decimal_is_a_number() -> None:
    """Decimal is accepted, although Python does not register it as a real number."""
    assert expand("{d}", {"d": Decimal("2.50")}.__getitem__) == "2.50"


def everything(name: str) -> str:
    """A notebook in which every name is a variable."""
    return f"the value of {name}"


braces = st.text(st.sampled_from("{}ab_.[]'0 :\"$名"), max_size=30)
pieces = st.sampled_from(
    [
        "{",
        "}",
        "{{",
        "}}",
        "$",
        "$$",
        " ",
        "a",
        "_",
        "9",
        "{a}",
        "{{ a }}",
        "{a.b()}",
        "${a}",
        "$a",
        '"',
        "名",
        "{ ",
        " }",
    ]
)


@settings(max_examples=tries(1000))
@given(st.one_of(st.text(), braces, st.sampled_from(PROMPTS), st.lists(pieces).map("".join)))
def test_escaping_is_undone_by_expanding(text: str) -> None:
    """Expanding an escaped text returns the text, whether all names are variables or none."""
    assert expand(escape(text), everything) == text
    assert expand(escape(text), {}.__getitem__) == text


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ('{"a": {"b": 1}}', '{"a": {"b": 1}}'),
        ('{"a": "{name}"}', '{"a": "{{name}}"}'),
        ("{ name } } {", "{ name } } {"),
        ("{}", "{}"),
        ("{name} {_x}", "{{name}} {{_x}}"),
        ("{name", "{{name"),
        ("{{ name }}", "{{{ name }}}"),
        ("a $100 bill", "a $100 bill"),
        ("$name $$name", "$$name $$$name"),
    ],
)
def test_escaping_leaves_alone_what_needs_none(text: str, escaped: str) -> None:
    """A brace is doubled only before a letter or another brace, and a $ is added only before a name."""
    assert escape(text) == escaped


@given(braces)
def test_any_text_expands_or_says_why(text: str) -> None:
    """Any text is expanded or refused with a reason."""
    try:
        expand(text, VARIABLES.__getitem__)
    except InvalidRequestError as error:
        assert "Nothing was sent." in str(error)
