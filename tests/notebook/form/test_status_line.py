"""The status beside the form's submit button."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ipywidgets.widgets.widget import _instances as alive

from kling_widgets.catalog.models import MODELS
from kling_widgets.errors import KlingError
from kling_widgets.notebook.controls import WidgetFactory
from kling_widgets.notebook.form.draft import Draft
from kling_widgets.notebook.form.status_line import Status
from kling_widgets.notebook.kernel.local_files import LocalMedia
from kling_widgets.request.request import VideoRequest
from tests.notebook import said

LINK = "https://example.com/a.png"
SHOTS = [{"index": 1, "prompt": "a", "duration": "5"}]


class Told:
    """A status, and what its buttons did."""

    def __init__(self, folder: Path) -> None:
        self.assigned: list[Mapping[str, Any]] = []
        self.forgot = 0
        self.parts = WidgetFactory(LocalMedia(folder))
        self.status = Status(self.parts, self.assigned.append, self.forget)

    def forget(self) -> None:
        self.forgot += 1

    def tell(self, draft: Draft, sending: bool = False) -> str:
        self.status.show(request := draft.request, draft, request.errors(), (), sending)
        return self.text

    @property
    def text(self) -> str:
        return said.lines(self.parts.page, "status")

    @property
    def buttons(self) -> dict[str, said.Pressed]:
        return {each.description: each for each in said.presses(self.parts.page, "status")}


@pytest.fixture
def told(tmp_path: Path) -> Told:
    return Told(tmp_path)


def test_it_says_what_will_be_made_or_is_missing(told: Told) -> None:
    """The length and the model; how many things are missing; that it is being sent."""
    assert "default length · Kling 2.6" in told.tell(Draft(VideoRequest("2.6", prompt="x")))
    assert "7 s · Kling 3.0" in told.tell(Draft(VideoRequest("3.0", prompt="x", seconds=7)))
    assert "One thing is missing: Without a picture" in told.tell(Draft(VideoRequest("2.6")))
    assert "2 things are missing" in told.tell(Draft(VideoRequest("2.6", seconds="abc")))
    assert "Sending …" in told.tell(Draft(VideoRequest("2.6", prompt="x")), sending=True)


def test_an_error_is_said_and_escaped(told: Told) -> None:
    """With its word."""
    told.status.show_error(KlingError("no <key>."))
    assert "Error: no &lt;key&gt;." in told.text


def test_what_is_not_sent_is_said_with_who_takes_it(told: Told) -> None:
    """Typed for 3.0, then the model was changed: the video would miss it. Back, or without."""
    draft = Draft(VideoRequest("3.0", prompt="x", image=LINK, image_tail=LINK))
    assert "Not sent" not in told.tell(draft)
    draft.model = MODELS["aigc-video-kling-3.0-turbo"]
    assert "Not sent, as Kling 3.0 Turbo is not documented to take it: last frame." in told.tell(draft)
    told.buttons["Use Kling 3.0"].click()
    assert told.assigned == [{"model": "aigc-video-kling-3.0"}]
    told.buttons["Leave it out"].click()
    assert told.forgot == 1
    draft.discard_unsent()
    assert "Not sent" not in told.tell(draft)
    assert told.buttons == {}
    draft.model = MODELS["aigc-video-kling-3.0"]
    assert "image_tail" not in draft.request.values


def test_a_model_that_takes_it_is_offered_beside_other_problems(told: Told) -> None:
    """A last frame and shots exclude each other in any model, which another message says."""
    draft = Draft(VideoRequest("3.0", prompt="x", image=LINK, image_tail=LINK, multi_prompt=SHOTS, multi_shots=True))
    draft.model = MODELS["aigc-video-kling-3.0-turbo"]
    told.tell(draft)
    assert list(told.buttons) == ["Use Kling 3.0", "Leave it out"]


def test_a_model_is_offered_only_if_it_takes_all(told: Told) -> None:
    """Shots and a driving video are of no one model."""
    draft = Draft(VideoRequest("3.0", prompt="x", multi_prompt=SHOTS))
    draft.model = MODELS["aigc-video-kling-o1"]
    draft.set_values({"video_list": [{"url": "https://example.com/v.mp4"}]})
    draft.model = MODELS["aigc-video-kling-1.6"]
    assert "shots, video" in told.tell(draft)
    assert list(told.buttons) == ["Leave it out"]


def test_it_leaves_no_widgets_behind(told: Told) -> None:
    """Notes come and go with the model."""
    draft = Draft(VideoRequest("3.0", prompt="x", image=LINK, image_tail=LINK))
    told.tell(draft)
    before = len(alive)
    for _ in range(3):
        draft.model = MODELS["aigc-video-kling-3.0-turbo"]
        told.tell(draft)
        draft.model = MODELS["aigc-video-kling-3.0"]
        told.tell(draft)
    assert len(alive) == before


def test_it_says_the_cost_and_what_a_second_click_makes(told: Told) -> None:
    """Beside length and model, where it is known; the question as it is, with no HTML in it."""
    request = VideoRequest("2.6", prompt="x")
    told.status.show(request, Draft(request), (), (), False, "about 1 USD")
    assert "default length · Kling 2.6 · about 1 USD<" in told.text
    assert "second click" not in told.text
    told.status.show(request, Draft(request), (), (), False, "", "5 <b>s</b>.")
    assert "5 &lt;b&gt;s&lt;/b&gt;. A second click makes it." in told.text
