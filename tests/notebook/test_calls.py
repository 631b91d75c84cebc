"""How much work one wish makes: each thing is done once, whichever module needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import ipywidgets as widgets
import pytest

from kling_widgets.notebook.form.form import Form
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.magics import magics
from kling_widgets.notebook.submit.options import SubmitOptions
from kling_widgets.notebook.submit.submitter import Submitter
from kling_widgets.notebook.widgets.factory import within
from kling_widgets.request.request import VideoRequest
from tests.calls import Calls, counted
from tests.notebook.conftest import Kernel, mp4, run, shown


@pytest.fixture
def calls() -> Iterator[Calls]:
    """The calls of this thread, and of all that are started in the test."""
    with counted() as calls:
        yield calls


@pytest.fixture
def used(calls: Calls, make: Callable[..., Session], keyed: dict[str, str], shell: Any, kernel: Kernel) -> Session:
    """The session of a kernel with magics that has made one video; its calls are forgotten."""
    session = make(keyed)
    magics.register(shell, session)
    shown(lambda: run(shell, "%kling a first boat").wait())
    kernel.cell += 1
    calls.clear()
    return session


def work(calls: Calls) -> dict[str, int]:
    """How often a request was built, checked, looked at with its files, and made a body; and how many searches for keys
    there were."""
    return {
        "built": calls.of("VideoRequest._fill"),
        "checked": calls.of("api_keys"),  # the rule
        "files": calls.of("LocalMedia.check"),
        "bodies": calls.of("to_body"),
        "searches": sum(
            call.target == "core/key_patterns.py" != call.source and call.function != "texts_in" for call in calls
        ),
    }


def test_from_a_line_to_the_file_each_thing_is_done_once(used: Session, calls: Calls, shell: Any) -> None:
    """Keys are searched for in the line, in the request and in the address of the service."""
    job = shown(lambda: run(shell, "%kling a boat").wait()).value
    assert mp4(job.path)
    assert work(calls) == {"built": 1, "checked": 1, "files": 1, "bodies": 1, "searches": 3}


def test_several_videos_of_one_request_share_its_check(used: Session, calls: Calls) -> None:
    """In Python too: one body is made, and sent three times."""
    batch: Any = shown(
        lambda: used.get(Submitter).submit("2.6", SubmitOptions(count=3, wait=True), prompt="a boat")
    ).value
    assert len(batch) == 3
    done = work(calls)
    assert (done["built"], done["checked"], done["bodies"]) == (1, 1, 1)


def test_a_keystroke_builds_one_request(used: Session, calls: Calls) -> None:
    """It is checked once, for the problems, the code, the price and the button; keys are searched for in what was typed
    and in the request."""
    form = Form.from_request(VideoRequest("2.6", prompt="a boat"), used)
    (box,) = (each for each in within(form.widget) if isinstance(each, widgets.Textarea))
    calls.clear()
    box.value = "a boat in the rain"
    assert form.request.prompt == "a boat in the rain"
    calls.clear()
    box.value = "a boat in the rain, at night"
    assert work(calls) == {"built": 1, "checked": 1, "files": 1, "bodies": 1, "searches": 2}
