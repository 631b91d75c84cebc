"""Every promise in the README has a test."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.promises import PROMISES, Promise


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.when[:40])
def test_each_promise_has_tests_that_are_there(promise: Promise) -> None:
    """The tests are listed by name, so a renamed or removed test is reported."""
    assert promise.tests
    for named in promise.tests:
        file, _, name = named.partition("::")
        tree = ast.parse((Path(__file__).parent / file).read_text(encoding="utf-8"))
        tests = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        assert name in tests, named
