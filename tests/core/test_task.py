"""A task as a value."""

from __future__ import annotations

import copy
import pickle

import pytest

from kling_widgets.core.task import Task
from tests.client.test_replies import task


def test_a_task_is_a_value() -> None:
    """A task is immutable, comparable and picklable, and its repr is short."""
    one, other = task(status="processing", raw="x" * 1000), task(status="processing", raw="y")
    assert one == other and hash(one) == hash(other)
    with pytest.raises(AttributeError):
        one.id = "other"  # type: ignore[misc]
    assert copy.deepcopy(one) == pickle.loads(pickle.dumps(one)) == one
    assert "xxx" not in repr(one) and len(repr(Task("a\n" * 500, word="b" * 500))) < 200
