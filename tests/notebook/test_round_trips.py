"""Form ⇄ magic ⇄ Python ⇄ JSON: for every model, with every field that it takes and two that it is not documented to
take, each way out and back asks for the very same."""

from __future__ import annotations

import builtins
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ipywidgets as widgets
import pytest

from kling_widgets.catalog.all_fields import FIELDS, PREFIX
from kling_widgets.catalog.models import MODELS
from kling_widgets.notebook.form.draft import Draft
from kling_widgets.notebook.form.form import OTHERS, Form
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.magics.magics import register, unregister
from kling_widgets.notebook.submit.submitter import Submitter
from kling_widgets.request.request import VideoRequest
from tests.core.samples import WIRE, as_the_shell_gives_it
from tests.notebook.conftest import Kernel, run, shown
from tests.request.lines import parse

OPEN: dict[str, list[str]] = json.loads((WIRE / "fields.json").read_text(encoding="utf-8"))["models"]
LINK = "https://example.com/a b.png?x=1&y={z}#'"
# A value for every field: as in a first lesson, and with all that a line, a shell or a file could stumble over.
PLAIN: dict[str, Any] = {
    "prompt": "a paper boat, <<<element_1>>>, in the rain",
    "seconds": 5,
    "size": "1280x720",
    "aspect_ratio": "16:9",
    "resolution": "1080P",
    "sound": False,
    "image": "https://example.com/first.png",
    "image_tail": "https://example.com/last.png",
    "image_list": ["https://example.com/1.png", "https://example.com/2.png"],
    "multi_shots": True,
    "shot_type": "customize",
    "multi_prompt": [
        {"index": 1, "prompt": "a boat", "duration": "2"},
        {"index": 2, "prompt": "a ship", "duration": "3"},
    ],
    "kling_elements": [{"element_id": "7"}],
    "camera_control": {"type": "simple", "config": {"pan": 4}},
    "dynamic_masks": [{"mask_url": "https://example.com/m.png", "trajectories": [{"x": 1, "y": 2}, {"x": 9, "y": 8}]}],
    "video_list": [{"url": "https://example.com/v.mp4"}],
    "voice_list": [{"url": "https://example.com/s.wav"}],
    "session_id": "s-1",
    "face_choose": "f-1",
    "motion_brush": {"any": ["JSON"]},
}
TRICKY: dict[str, Any] = {
    "prompt": 'she said "go"; a cat\'s {dream} in {{braces}}\n\n  --seconds 9 纸船 👩‍🚀\nis it a boat?',
    "seconds": 13,
    "size": "640x480",
    "aspect_ratio": "21:9",
    "resolution": "540P",
    "sound": True,
    "image": LINK,
    "image_tail": f"{LINK}?",
    "image_list": [LINK, "https://example.com/\\", "https://example.com/-o"],
    "multi_shots": False,
    "shot_type": "intelligence",
    "multi_prompt": [{"index": 4, "prompt": 'a "boat"\n{x}', "duration": "15", "more": [None, True, 1.5]}],
    "kling_elements": [{"element_id": 7}, {"element_id": "a b", "name": "{x}"}],
    "camera_control": {"type": "simple", "config": {"pan": -10, "roll": 0.5}, "more": "{x}"},
    "dynamic_masks": [
        {"mask_url": LINK, "trajectories": [{"x": 1.5, "y": 2}, {"x": 9, "y": 8}, {"x": 0, "y": 0}]},
        {
            "mask_url": "https://example.com/m.png",
            "trajectories": [{"x": 1, "y": 2}, {"x": 9, "y": 8}],
            "more": {"a": 1},
        },
    ],
    "video_list": [{"url": LINK, "refer_type": "base", "keep_original_sound": "yes"}],
    "voice_list": [{"url": LINK, "more": "on"}],
    "session_id": 'on "quoted" \\ {x} @a',
    "face_choose": [{"face_id": "f", "sound_insert_time": 0, "text": "'"}],
    "motion_brush": [{"a": {"b": ["{c}", '"', "\\", "\u2028"]}}],
}
FILES: dict[str, Any] = PLAIN | {
    "image": Path("my pictures/first frame.png"),
    "image_tail": Path("last.png"),
    "image_list": [Path("1.png"), "https://example.com/2.png", Path("on")],
    "dynamic_masks": [{"mask_url": Path("m.png"), "trajectories": [{"x": 1, "y": 2}, {"x": 9, "y": 8}]}],
}
ALL = list(OPEN)
SETS = pytest.mark.parametrize("values", [PLAIN, TRICKY, FILES], ids=["plain", "tricky", "files"])
EVERY = pytest.mark.parametrize("model", ALL, ids=[model.removeprefix(PREFIX) for model in ALL])


def full(model: str, values: dict[str, Any]) -> VideoRequest:
    """A request with every field of the model's form, and two that are not documented for it."""
    others = [name for name in FIELDS if name not in OPEN[model]]
    request = VideoRequest(model, **{name: values[name] for name in (*OPEN[model], others[0], others[-1])})
    assert len(request.values) == len(OPEN[model]) + 2 and "metadata" not in request.values
    return request


Maker = Callable[[VideoRequest], Form]


@pytest.fixture
def form(session: Session, kernel: Kernel) -> Maker:
    """Makes the form of a request."""
    return lambda request: Form.from_request(request, session)


@pytest.fixture
def kling(shell: Any, session: Session, kernel: Kernel) -> Iterator[Callable[[str], Any]]:
    """Runs a cell in a shell that has the magics, and gives its value."""
    register(shell, session)
    yield lambda code: shown(lambda: run(shell, code)).value
    unregister(shell)


def within(widget: widgets.Widget) -> Iterator[widgets.Widget]:
    """Everything that a widget holds, in order."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from within(child)


def unfolded(form: Form) -> Form:
    """The form with every section open, and so with every control made."""
    for title in [each for each in within(form.widget) if "kling-section" in getattr(each, "_dom_classes", ())]:
        if title.description.startswith("▸"):
            title.click()
    assert form.controls.keys() == FIELDS.keys()
    return form


def of_python(code: str) -> VideoRequest:
    """What is submitted when this code runs, with everything of the package's in another one's hands."""
    submitted: list[VideoRequest] = []
    fake = SimpleNamespace(submit=lambda model, **fields: submitted.append(VideoRequest(model, **fields)))

    def only_ours(name: str, *_: object) -> Any:
        assert name == "kling_widgets"
        return fake

    exec(code, {"__builtins__": vars(builtins) | {"__import__": only_ours}})
    (request,) = submitted
    return request


def of_json(text: str) -> VideoRequest:
    return VideoRequest.from_payload(json.loads(text))


def test_the_samples_have_every_field() -> None:
    """No field is left out, and the models are those of the service's table."""
    assert PLAIN.keys() == TRICKY.keys() == FILES.keys() == FIELDS.keys()
    assert OPEN.keys() == MODELS.keys()


@EVERY
def test_the_form_shows_the_fields_of_the_service_s_table(model: str, form: Maker) -> None:
    """Openly exactly those of wire/fields.json, in its order; all others of the line below."""
    made = unfolded(form(VideoRequest(model)))
    names = {id(each.widget): name for name, each in made.controls.items()}
    order: list[str] = []
    for each in within(made.widget):
        if id(each) in names:
            order.append(names[id(each)])
        elif OTHERS in str(getattr(each, "description", "")):
            order.append(OTHERS)
    open_, others = order[: order.index(OTHERS)], order[order.index(OTHERS) + 1 :]
    assert open_ == OPEN[model]
    assert {*others} == {*FIELDS} - {*open_}


@EVERY
@SETS
def test_into_the_form_and_out(model: str, values: dict[str, Any], form: Maker) -> None:
    """Folded, and with every control made: what came in comes out."""
    request = full(model, values)
    made = form(request)
    assert made.request == request
    assert unfolded(made).request == request


@EVERY
@SETS
def test_through_the_magic(model: str, values: dict[str, Any], form: Maker, kling: Callable[[str], Any]) -> None:
    """The form's line, or cell, makes the form again, in a shell; and so does ``from_magic``."""
    request = full(model, values)
    code = form(request).request.to_magic()
    assert parse(*as_the_shell_gives_it(code)).request == request
    assert VideoRequest.from_magic(code) == request
    assert kling(code.replace("kling", "kling_form", 1)).request == request
    assert form(VideoRequest.from_magic(code)).request.to_magic() == code


@EVERY
@SETS
def test_through_python(model: str, values: dict[str, Any]) -> None:
    """The form's Python submits the same request when it is run."""
    request = full(model, values)
    code = Draft(request).request.to_python()
    assert of_python(code) == request
    assert Draft(of_python(code)).request.to_python() == code


@EVERY
@pytest.mark.parametrize("values", [PLAIN, TRICKY], ids=["plain", "tricky"])  # JSON cannot name a file
def test_through_json(model: str, values: dict[str, Any]) -> None:
    """The form's JSON is the body that is sent, and gives the same form."""
    request = full(model, values)
    code = Draft(request).request.to_json()
    assert of_json(code) == request
    assert Draft(of_json(code)).request.to_json() == code
    assert json.loads(code) == request.draft()
    if not request.errors():
        assert json.loads(code) == request.payload()


@EVERY
@pytest.mark.parametrize("values", [PLAIN, TRICKY], ids=["plain", "tricky"])
def test_round_and_round(model: str, values: dict[str, Any]) -> None:
    """From one language to the next, with what a form keeps between each, and back to the first."""
    request = full(model, values)
    ways: list[Callable[[VideoRequest], VideoRequest]] = [
        lambda asked: VideoRequest.from_magic(asked.to_magic()),
        lambda asked: of_python(asked.to_python()),
        lambda asked: of_json(asked.to_json()),
        lambda asked: VideoRequest.from_payload(asked.draft()),
    ]
    now = request
    for way in (*ways, *reversed(ways)):
        now = Draft(way(Draft(now).request)).request
    assert now == request
    assert now.to_magic() == request.to_magic()


@EVERY
def test_through_a_preset_and_the_journal(model: str, session: Session, kling: Callable[[str], Any]) -> None:
    """What was saved, and what was sent, makes the very form again."""
    request = full(model, PLAIN)
    session.presets.save("mine", request)
    assert kling("%kling_form --preset mine").request == request
    (job,) = session.get(Submitter).create_jobs(request)
    assert kling(f"%kling_form --from #{job._runner.key}").request == request


@EVERY
def test_the_form_s_code_is_what_kling_code_gives(
    model: str, shell: Any, form: Maker, kling: Callable[[str], Any]
) -> None:
    """In the next cell, whatever was typed last."""
    request = full(model, PLAIN)
    made = form(request)
    for kind, back in (("magic", VideoRequest.from_magic), ("python", of_python), ("json", of_json)):
        kling(f"%kling_code {kind}")
        assert back(shell.rl_next_input) == made.request == request


@SETS
def test_a_model_newer_than_the_catalog(values: dict[str, Any], form: Maker, kling: Callable[[str], Any]) -> None:
    """All fields of the line are open to it, and all come back; metadata that nobody knows, too."""
    request = VideoRequest(f"{PREFIX}9.1", **values, metadata={"seed": 7, "{x}": [None, 0.5, "a b"]})
    assert form(request).request == request
    assert kling(request.to_magic().replace("kling", "kling_form", 1)).request == request
    assert of_python(request.to_python()) == request
