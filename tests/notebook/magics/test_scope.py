"""Variables of a line: those of the function that contains it come before those of the notebook."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kling_widgets.errors import InvalidRequestError
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.magics.magics import register, unregister
from kling_widgets.notebook.magics.scope import scopes
from tests.notebook.conftest import run, shown


@pytest.fixture
def prompts(shell: Any, session: Session) -> Iterator[Callable[[str], list[str]]]:
    """Run a cell in a notebook in which ``city`` is Rome, and return the prompts of its dry runs."""
    register(shell, session)
    shell.user_ns["city"] = "Rome"

    def of(code: str) -> list[str]:
        text = shown(lambda: run(shell, code)).text
        bodies = [json.JSONDecoder().raw_decode(text, found.start())[0] for found in re.finditer(r"^\{", text, re.M)]
        return [body["prompt"] for body in bodies]

    yield of
    unregister(shell)


LINE = 'get_ipython().run_line_magic("kling", "--dry-run a view of {city}")'
CELL = 'get_ipython().run_cell_magic("kling", "--dry-run", "a view of {city}")'
EITHER = pytest.mark.parametrize("call", [LINE, CELL], ids=["line", "cell"])


def test_a_line_by_itself_sees_the_notebook(prompts: Callable[[str], list[str]]) -> None:
    """As ever."""
    assert prompts("%kling --dry-run a view of {city}") == ["a view of Rome"]
    assert prompts("%%kling --dry-run\na view of {city}") == ["a view of Rome"]
    assert prompts("%time %kling --dry-run a view of {city}") == ["a view of Rome"]


@EITHER
@pytest.mark.parametrize(
    ("code", "cities"),
    [
        ("def f(city):\n    CALL\nf('Paris')", ["Paris"]),
        ("def f(place):\n    CALL\nf('Paris')", ["Rome"]),
        ("async def f(city):\n    CALL\nawait f('Paris')", ["Paris"]),
        ("def f(city):\n    def g():\n        CALL\n    g()\nf('Paris')", ["Paris"]),
        ("def f(city):\n    def g(city):\n        CALL\n    g('Oslo')\nf('Paris')", ["Oslo"]),
        ("def f(city):\n    h()\ndef h():\n    CALL\nf('Paris')", ["Rome"]),
        ("def f(city):\n    [CALL for each in (1, 2)]\nf('Paris')", ["Paris", "Paris"]),
        ("[CALL for city in ('Paris', 'Oslo')];", ["Paris", "Oslo"]),
        ("list(CALL for city in ('Paris', 'Oslo'));", ["Paris", "Oslo"]),
        ("(lambda city: CALL)('Paris')", ["Paris"]),
        ("class A:\n    def f(self, city):\n        CALL\nA().f('Paris')", ["Paris"]),
        ("exec('def f(city):\\n    CALL\\nf(\"Paris\")')", ["Paris"]),
    ],
)
def test_the_caller_s_locals_come_first(
    prompts: Callable[[str], list[str]], call: str, code: str, cities: list[str]
) -> None:
    """Those of its function and the enclosing ones, in Python's order; never those of a mere caller."""
    code = code.replace("CALL", call.replace('"', '\\"').replace("'", "\\'") if code.startswith("exec") else call)
    assert prompts(code) == [f"a view of {city}" for city in cities]


def test_a_magic_within_a_function(prompts: Callable[[str], list[str]]) -> None:
    """Written as people write it."""
    code = "def f(city):\n    for size in ('1:1', '16:9'):\n        %kling --dry-run --aspect-ratio {size} in {city}\n"
    assert prompts(f"{code}f('Paris')") == ["in Paris", "in Paris"]


def test_a_structured_value_is_the_caller_s_too(shell: Any, prompts: Callable[[str], list[str]]) -> None:
    """By its name."""
    shell.user_ns["move"] = {"type": "down_back"}
    code = "def f(move):\n    %kling --dry-run --model 3.0 --camera-control move a boat\n"
    said = shown(lambda: run(shell, f"{code}f({{'type': 'forward_up'}})")).text
    assert "forward_up" in said and "down_back" not in said


def test_a_form_sees_them_too(shell: Any, prompts: Callable[[str], list[str]]) -> None:
    """``%kling_form`` takes what ``%kling`` takes."""
    code = "def f(city):\n    return get_ipython().run_line_magic('kling_form', '--seconds 5 in {city}')\n"
    assert run(shell, f"{code}f('Paris')").request.get("prompt") == "in Paris"


def test_a_hole_in_a_function_is_one(prompts: Callable[[str], list[str]]) -> None:
    """An unknown name is an error, and so is a local variable in shell notation."""
    for text in ("{nowhere}", "$place", "{place.upper()}", "{{ place }}", 'f"{place}"'):
        with pytest.raises(InvalidRequestError, match="Nothing was sent"):
            prompts(f"def f(place):\n    %kling --dry-run a {text}\nf('Paris')".replace("a f", "f"))


def test_by_itself_python_has_none() -> None:
    """The scopes are those of the code outside of this package: here the test itself."""
    here = "the test"
    assert scopes()[0]["here"] is here
