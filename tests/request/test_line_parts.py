"""Splitting of a line."""

from __future__ import annotations

from pathlib import Path

import pytest

from kling_widgets.errors import InvalidRequestError
from kling_widgets.request.line_parts import SlipError, split, unquote
from kling_widgets.request.magic_options import UnknownOptionError


def there(path: Path) -> bool:
    return False


def parts(line: str, cell: str | None = None) -> tuple[list[str], str, list[str], bool]:
    """Return the options, the prompt, the options after it, and whether the prompt is verbatim."""
    found = split(line, cell, there)
    options, tail = ([given.written for given in part] for part in (found.options, found.tail))
    return options, found.prompt, tail, found.verbatim


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a boat", ([], "a boat", [], False)),
        ("--seconds 5 a boat", (["--seconds 5"], "a boat", [], False)),
        ("a boat --seconds 5", ([], "a boat", ["--seconds 5"], False)),
        ('--sound a boat -o x --metadata {"a": 1}', (["--sound"], "a boat", ["-o x", '--metadata {"a": 1}'], False)),
        ("—seconds=5 –no‑sound a boat", (["--seconds=5", "--no-sound"], "a boat", [], False)),
        ('"a boat --seconds 5"', ([], "a boat --seconds 5", [], True)),
        ('"a boat --seconds 5" --sound', ([], "a boat --seconds 5", ["--sound"], True)),
        ('"a" --save "b"', ([], "a", ['--save "b"'], True)),
        ('""a"" --save ""', ([], '"a"', ['--save ""'], True)),
        ("-- a boat --seconds 5", ([], "a boat --seconds 5", [], True)),
        ('--sound -- "a" --seconds 5', (["--sound"], '"a" --seconds 5', [], True)),
        ("— a boat --seconds 5", ([], "a boat", ["--seconds 5"], False)),
        ("--seconds 5", (["--seconds 5"], "", [], False)),
        ('say "go" --sound', ([], 'say "go"', ["--sound"], False)),
        ('a 5" robot --sound', ([], 'a 5" robot', ["--sound"], False)),
    ],
)
def test_a_line_has_options_at_both_ends(line: str, expected: tuple[list[str], str, list[str], bool]) -> None:
    """Options before the prompt may have any dashes, options after it only hyphens."""
    assert parts(line) == expected


def test_a_cell_has_them_on_its_first_line() -> None:
    """The body is the prompt; it is verbatim in double quotes, or if the first line ends in --."""
    assert parts("--sound", "a\nboat\n") == (["--sound"], "a\nboat", [], False)
    assert parts("--sound --", "--seconds 5\na boat") == (["--sound"], "--seconds 5\na boat", [], True)
    assert parts("", '"--seconds 5"') == ([], "--seconds 5", [], True)
    with pytest.raises(InvalidRequestError, match="is on its first line"):
        parts("a boat", "a ship")


@pytest.mark.parametrize(
    "line",
    [
        *(
            "a --seconds 5 boat",
            "a boat —seconds 5",
            "a boat -seconds 5",
            '"a" --seconds 5 "b"',
            "a —dry-run",
            "-n 3 a",
        ),
        *("a boat --sound -- more", "a boat\u200b--sound", "“a boat --sound”", "(a boat --sound)", "'a boat --sound'"),
        *(
            "«a boat --save x»",
            'a sign "--save x"',
            "— a boat —sound",
            "--prompt 'a --sound'",
            "--prompt=--sound",
            "3.0 a",
        ),
        *("-n 3 a", "3.0 a", "a --foo 1", "--foo 1 a", "a —secnds 5", "a –ar 16:9"),
    ],
)
def test_a_slip_is_never_part_of_the_prompt(line: str) -> None:
    """This includes quoted parts of the prompt."""
    with pytest.raises((SlipError, UnknownOptionError)):
        parts(line)


@pytest.mark.parametrize("line", ["a boat --seconds", 'a boat --save "x', "a boat --metadata {", "--image — a boat"])
def test_a_value_that_cannot_be_read_is_said(line: str) -> None:
    """The error is the same as at the start of a line."""
    with pytest.raises(InvalidRequestError, match=r"needs a value|not closed|cannot be read"):
        parts(line)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"a"', ("a", True)),
        ('""a""', ('"a"', True)),
        ('""', ("", True)),
        ('"', ('"', False)),
        ('"a" and "b"', ('"a" and "b"', False)),
        ("“a”", ("“a”", False)),
    ],
)
def test_one_pair_of_double_quotes_is_taken_off(text: str, expected: tuple[str, bool]) -> None:
    """Only straight quotes that enclose the whole text are removed."""
    assert unquote(text) == expected
