"""The eight requests of the service's own page, each built in the form by clicks and keys only."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from kling_widgets.catalog.models import MODELS
from tests.browser.form import FormInPage
from tests.browser.lab import Lab
from tests.browser.notebook import Notebook
from tests.conftest import ROOT

REQUESTS = sorted((ROOT / "tests" / "wire" / "requests").glob("*.json"))
LINK = "https://example.com/"


def received(lab: Lab) -> list[dict[str, Any]]:
    """Return the bodies that the demo has received, oldest first."""
    with closing(sqlite3.connect(Path(lab.env["KLING_WIDGETS_HOME"]) / "demo" / "tasks.sqlite")) as store:
        return [json.loads(body) for (body,) in store.execute("SELECT body FROM tasks ORDER BY created")]


def _five(form: FormInPage) -> None:
    form.pill("Seconds", "5").click()


def _slide_five(form: FormInPage) -> None:
    form.slide("Seconds", "seconds", 5)


def _720p(form: FormInPage) -> None:
    form.pill("Resolution", "720P").click()


def _wide(form: FormInPage) -> None:
    form.choice("Size").select_option("1280x720")


def _quiet(form: FormInPage) -> None:
    form.pill("Sound", "off").click()


def _typed(section: str, label: str, text: str) -> Callable[[FormInPage], None]:
    def type_it(form: FormInPage) -> None:
        form.open(section)
        form.box(label).press_sequentially(text)
        form.box(label).press("Tab")

    return type_it


def _region(form: FormInPage) -> None:
    form.open("Motion brush")
    form.root.get_by_role("button", name="Add a region").click()
    _typed("Motion brush", "Mask 1", LINK + "mask.png")(form)
    _typed("Motion brush", "Path 1", "220,380 620,380")(form)


def _first(name: str) -> Callable[[FormInPage], None]:
    return _typed("Frames", "First frame", LINK + name)


def _references(form: FormInPage) -> None:
    form.open("References")
    form.box("References").press_sequentially(f"{LINK}ref-1.png\n{LINK}ref-2.png")


_VOICE = _typed("Video and voice", "Voice link", LINK + "voice.wav")

# The steps besides choosing the model and typing the prompt.
STEPS: dict[str, tuple[Callable[[FormInPage], None], ...]] = {
    "text_to_video": (_wide, _five, _720p, _quiet),
    "image_to_video": (_first("input.png"), _wide, _five, _720p),
    "first_last_frame": (
        _first("first.png"),
        _typed("Frames", "Last frame", LINK + "last.png"),
        _five,
        _720p,
        _quiet,
    ),
    "reference_images": (_references, _slide_five, _720p),
    "video_input": (_typed("Video and voice", "Video link", LINK + "reference.mp4"), _slide_five, _720p),
    "motion_control": (_first("input.png"), _region, _slide_five, _720p),
    "avatar": (_first("avatar.png"), _VOICE, _slide_five, _720p),
    "lip_sync": (
        _first("face.png"),
        _VOICE,
        _typed("Lip sync", "Session", "SESSION_ID"),
        _typed("Lip sync", "Face", "FACE_ID"),
        _slide_five,
        _720p,
    ),
}


@pytest.mark.parametrize("path", REQUESTS, ids=lambda path: path.stem)
def test_a_request_of_the_service_page_is_built_by_hand(notebook: Notebook, lab: Lab, path: Path) -> None:
    """The demo receives the page's own body, key for key."""
    body = json.loads(path.read_text(encoding="utf-8"))
    notebook.open(["%load_ext kling_widgets", "%kling_form"])
    notebook.page.set_viewport_size({"width": 1280, "height": 2400})
    for cell in (0, 1):
        notebook.run_cell(cell)
        notebook.wait_idle()
    form = FormInPage(notebook, 1)
    form.choice("Model").select_option(label=MODELS[body["model"]].title)
    form.settled(f"--model {body['model'].removeprefix('aigc-video-kling-')}")
    form.box("Prompt").press_sequentially(body["prompt"])
    for step in STEPS[path.stem]:
        step(form)
    form.root.get_by_role("tab", name="JSON", exact=True).click()
    form.settled(f'"prompt": "{body["prompt"]}"')
    form.button.click()
    expect(form.root).to_contain_text("Making the video", timeout=60_000)
    assert received(lab) == [body]


def test_each_request_of_the_page_has_its_steps() -> None:
    """Every request of the page has its steps."""
    assert [path.stem for path in REQUESTS] == sorted(STEPS)
