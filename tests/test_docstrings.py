"""The docstrings of the public names: complete, and with examples that run."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from kling_widgets.demo import service
from kling_widgets.demo.service import Demo
from kling_widgets.demo.worker import Render
from tests import docstrings

DEADLINE = 60.0  # seconds
DOCUMENTED = dict(docstrings.documented())


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, ready_made: Render) -> Iterator[Demo]:
    """A service whose tasks have ended before the first poll, and those of ``demo:slow`` have not."""
    with service.start(tmp_path_factory.mktemp("service"), seconds_per_task=1, render=ready_made) as demo:
        yield demo


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessPoolExecutor]:
    """A process for each example, a fork of one that has imported everything and has done nothing else."""
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    context.set_forkserver_preload(["tests.docstrings", "kling_widgets.demo.service"])
    with ProcessPoolExecutor(1, mp_context=context, max_tasks_per_child=1) as processes:
        yield processes


def having_examples() -> Iterator[Any]:
    """Yield the names whose docstring has an example."""
    yield from (name for name, thing in DOCUMENTED.items() if docstrings.examples(name, thing).examples)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(having_examples()))
def test_its_examples_run(name: str, demo: Demo, processes: ProcessPoolExecutor, tmp_path: Path) -> None:
    """A reader sees what the docstring shows, in a notebook with a demo for its service."""
    key = {"CRAZYROUTER_BASE_URL": demo.base_url, "CRAZYROUTER_API_KEY": "demo", "KLING_WIDGETS_RPS": "50"}
    running = processes.submit(docstrings.run, name, {**os.environ, **key}, str(tmp_path / "work"))
    if failures := running.result(DEADLINE):
        pytest.fail(failures, pytrace=False)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_it_is_complete(name: str) -> None:
    """It begins with a sentence, and names each argument, attribute and error. What can be called has an example."""
    assert not list(docstrings.complaints(DOCUMENTED[name]))


def right(size: int, *rest: int, **more: int) -> int:
    """Return the size.

    Args:
        size: a number,
            with a second line.
        *rest: others.
        **more: and more.

    Raises:
        ValueError: the size is 0.

    Example:
        >>> 1 + 1
        2
    """
    if not size:
        raise ValueError("no size")
    return size


def changed(old: str, new: str) -> Callable[..., int]:
    """Return ``right`` with another docstring."""

    def wrong(size: int, *rest: int, **more: int) -> int:
        if not size:
            raise ValueError("no size")
        return size

    assert right.__doc__ and right.__doc__.count(old) == 1
    wrong.__doc__ = right.__doc__.replace(old, new)
    return wrong


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("Return the size.", "Returns the size.", "does not say what to do"),
        ("Return the size.", "The size.", "does not say what to do"),
        ("Return the size.", "Return the size", "no sentence"),
        ("Return the size.", "Return the\n    size.", "no sentence"),
        ("size: a number", "length: a number", "Args does not name {'size'}"),
        ("**more: and", "more: and", "Args does not name {'**more'}"),
        ("*rest: others", "*rest: others.\n        other: one more", "Args names what is not there: {'other'}"),
        ("Raises:\n        ValueError: the size", "But:\n        the size", "Raises does not name {'ValueError'}"),
        ("ValueError: the", "ValueError: no.\n        KeyError, IndexError: the", "Raises names what is no error"),
        ("ValueError: the", "ValueError: no.\n        NoError: the", "Raises names what is no error: {'NoError'}"),
        (">>> 1 + 1", "1 + 1", "no example"),
    ],
)
def test_a_gap_is_found(old: str, new: str, complaint: str) -> None:
    """Each thing that a docstring must have is missed where it is not."""
    assert not list(docstrings.complaints(right))
    assert any(complaint in found for found in docstrings.complaints(changed(old, new)))


@pytest.mark.parametrize(("old", "new"), [("        2\n", "        3\n"), ("1 + 1", "1 + unknown"), ("1 + 1", "1 +")])
def test_a_wrong_example_is_found(old: str, new: str) -> None:
    """Another result, an error, and a mistake in the syntax fail a test."""
    assert not docstrings.failures(docstrings.examples("right", right))
    assert "Failed example" in docstrings.failures(docstrings.examples("wrong", changed(old, new)))
