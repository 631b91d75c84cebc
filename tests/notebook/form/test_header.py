"""The top of a form: the model, its capabilities, and changes against the previous model."""

from __future__ import annotations

from pathlib import Path

import pytest

from kling_widgets.catalog.models import MODELS, Model, unknown_model
from kling_widgets.notebook.controls import WidgetFactory
from kling_widgets.notebook.form.header import Header
from kling_widgets.notebook.kernel.local_files import LocalMedia
from kling_widgets.request.request import VideoRequest
from tests.notebook import said

THREE = MODELS["aigc-video-kling-3.0"]


@pytest.fixture
def chosen() -> list[Model]:
    return []


@pytest.fixture
def head(tmp_path: Path, chosen: list[Model]) -> Header:
    return Header(THREE, WidgetFactory(LocalMedia(tmp_path)), chosen.append)


def about(head: Header) -> str:
    head.update(VideoRequest(head.widget.value))
    return said.lines(head._parts.page, "model")


def test_it_says_what_the_model_can_do(head: Header) -> None:
    """In the catalog's words, and nothing of a change."""
    assert "multi-shot" in about(head)
    assert "kling-changes" not in about(head)


def test_another_model_says_what_changes(head: Header, chosen: list[Model]) -> None:
    """The losses against the previous model, and on the way back the gains."""
    head.choose(MODELS["aigc-video-kling-3.0-turbo"])
    assert "Compared with Kling 3.0 it loses" in about(head)
    assert "last frame" in about(head).split("loses")[1]
    head.choose(THREE)
    assert "Compared with Kling 3.0 Turbo it gains" in about(head)
    assert [model.name for model in chosen] == ["3.0-turbo", "3.0"]


def test_a_model_of_tomorrow_can_be_chosen(head: Header, chosen: list[Model]) -> None:
    """It joins the list."""
    head.choose(unknown_model("aigc-video-kling-9"))
    assert chosen[-1].id == "aigc-video-kling-9"
    assert head.widget.value == "aigc-video-kling-9"
