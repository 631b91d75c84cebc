"""The form: fields, values, switching, problems, and the button; widgets as data, without a front end."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import PIL.Image
import pytest
import traitlets
from ipywidgets.widgets.widget import _instances as alive

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.catalog.models import MODELS, Model, models
from kling_widgets.errors import InvalidRequestError, KlingError, MissingKeyError, SubmissionUnknownError
from kling_widgets.jobs.job import Job
from kling_widgets.notebook.controls import Control
from kling_widgets.notebook.form.form import OTHERS, Form
from kling_widgets.notebook.form.submit_button import ANYWAY, SUBMIT
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.output import job_view
from kling_widgets.notebook.submit.job_registry import JobRegistry
from kling_widgets.notebook.submit.resumer import Resumer
from kling_widgets.notebook.widgets.factory import within
from kling_widgets.request.request import VideoRequest
from kling_widgets.spending.price_table import Price
from tests.client.samples import moving
from tests.conftest import ROOT
from tests.jobs.conftest import LONG, until
from tests.notebook import said
from tests.notebook.conftest import KEY, Kernel, shown

OPEN = json.loads((ROOT / "tests" / "wire" / "fields.json").read_text(encoding="utf-8"))["models"]
BODIES = sorted((ROOT / "tests" / "wire" / "requests").glob("*.json"))
ALL = [model.name for model in models()]

# A value for every field, as it is sent.
VALUES: dict[str, Any] = {
    "prompt": "a paper boat",
    "seconds": 10,
    "size": "1280x720",
    "aspect_ratio": "9:16",
    "resolution": "1080P",
    "sound": False,
    "image": "https://example.com/first.png",
    "image_tail": Path("last.png"),
    "image_list": ["https://example.com/1.png", Path("my pictures/2.png")],
    "multi_shots": True,
    "shot_type": "customize",
    "multi_prompt": [{"index": 1, "prompt": "a boat", "duration": "10"}],
    "kling_elements": [{"element_id": "7"}],
    "camera_control": {"type": "simple", "config": {"pan": 4}},
    "dynamic_masks": [{"mask_url": Path("m.png"), "trajectories": [{"x": 1, "y": 1}, {"x": 9, "y": 9}]}],
    "video_list": [{"url": "https://example.com/v.mp4"}],
    "voice_list": [{"url": "https://example.com/s.wav"}],
    "session_id": "s-1",
    "face_choose": [{"face_id": "f"}],
    "motion_brush": {"any": ["JSON"]},
}


def test_the_samples_have_every_field() -> None:
    """No field is left out below."""
    assert VALUES.keys() == FIELDS.keys()


def full(model: Model, names: list[str] | None = None) -> VideoRequest:
    """A request of the model with every field of the line, or these, set."""
    return VideoRequest(model, **{name: VALUES[name] for name in names or VALUES})


Maker = Callable[..., Form]


@pytest.fixture
def new(session: Session, kernel: Kernel) -> Maker:
    """Makes forms in a notebook of a user with a key: ``new("2.6", prompt="x")`` or ``new(request)``."""

    def maker(request: VideoRequest | str = "2.6", **fields: Any) -> Form:
        return Form.from_request(VideoRequest.of(request, **fields), session)

    return maker


def button(form: Form, words: str) -> Any:
    """The one button with these words."""
    (found,) = (each for each in said.buttons(form._parts, form.widget) if each.description == words)
    return found


def buttons(form: Form) -> list[str]:
    """The words of all buttons."""
    return [each.description for each in said.buttons(form._parts, form.widget)]


def text(form: Form) -> str:
    """Return the whole form as HTML."""
    return said.text(form._parts, form.widget)


def sections(form: Form) -> list[widgets.Button]:
    """The titles of the folded parts."""
    return [each for each in within(form.widget) if "kling-section" in getattr(each, "_dom_classes", ())]


def unfold(form: Form) -> None:
    """Opens every section, by clicks."""
    for title in sections(form):
        if title.description.startswith("▸"):
            title.click()


def control(form: Form, name: str) -> Control:
    """The control of a field; its section must be open."""
    found = form.controls[name]
    assert found.widget in list(within(form.widget))
    return found


def enter(form: Form, name: str, value: Any) -> None:
    """Types, clicks or draws it, as a person."""
    control(form, name).enter(value)


def pick(form: Form, name: str) -> None:
    """Chooses a model."""
    picker = next(each for each in within(form.widget) if isinstance(each, widgets.Dropdown))
    assert picker.description == "Model"
    picker.value = f"aigc-video-kling-{name}"


# Which fields


@pytest.mark.parametrize("model", models(), ids=ALL)
def test_a_form_shows_the_fields_of_its_model_in_order(model: Model, new: Maker) -> None:
    """Exactly those that are documented for it, as the service's line lists them; the others under a title that says
    that they are not."""
    form = new(model.name)
    unfold(form)
    names = {id(each.widget): name for name, each in form.controls.items()}
    order = [names[id(each)] for each in within(form.widget) if id(each) in names]
    assert order == [*OPEN[model.id], *(field.name for field in model.others)]


@pytest.mark.parametrize("model", models(), ids=ALL)
def test_the_catalog_has_the_fields_of_the_sample(model: Model) -> None:
    """The order of the form's fields is that of the sample."""
    assert [field.name for field in model.fields] == OPEN[model.id]


@pytest.mark.parametrize("model", ALL)
def test_every_control_has_a_label_and_a_hint(model: str, new: Maker) -> None:
    """Text at its left, the limits in words in its tooltip."""
    form = new(model)
    unfold(form)
    for name in FIELDS:
        field, inside = form.request.spec.field(name), list(within(control(form, name).widget))
        labels = [getattr(each, "description", "") or getattr(each, "value", "") for each in inside]
        assert any(field.label in str(label) for label in labels)
        hints = [
            hint for each in inside for hint in (getattr(each, "tooltips", None) or [getattr(each, "tooltip", "")])
        ]
        assert any(field.help in str(said) for said in (*hints, *labels))


def test_what_everybody_sets_is_open_and_the_rest_is_folded(new: Maker) -> None:
    """Folded sections say what they hold, and cost no widgets before they are opened."""
    form = new("3.0")
    titles = [title.description for title in sections(form)]
    assert titles == [
        "▸ Frames",
        "▸ References",
        "▸ Video and voice",
        "▸ Shots",
        "▸ Elements",
        "▸ Camera",
        f"▸ {OTHERS}",
        "▸ Presets",
    ]
    before = len(alive)
    unfold(form)
    assert len(alive) > before + 20


def test_the_model_says_what_it_can_do(new: Maker) -> None:
    """In a few words beside the picker."""
    form = new("3.0")
    assert "multi-shot" in text(form)
    pick(form, "avatar")
    assert "avatar" in text(form)
    assert "multi-shot" not in text(form)


# Values in, values out


@pytest.mark.parametrize("model", ALL)
def test_every_field_can_stay_unset(model: str, new: Maker) -> None:
    """A new form asks for nothing but its model: what is not set is not sent."""
    form = new(model)
    unfold(form)
    assert dict(form.request.values) == {}
    assert form.request.draft() == {"model": f"aigc-video-kling-{model}"}


@pytest.mark.parametrize("model", ALL)
def test_every_field_can_be_set_and_unset_by_its_control(model: str, new: Maker) -> None:
    """Typed and clicked values are in the request as it is sent; cleared ones are not."""
    form = new(model)
    unfold(form)
    for name in sorted(FIELDS):
        enter(form, name, VALUES[name])
        assert dict(form.request.values) == {name: VALUES[name]}
        enter(form, name, None)
        assert dict(form.request.values) == {}, name


@pytest.mark.parametrize("model", models(), ids=ALL)
@pytest.mark.parametrize("opened", [False, True])
def test_the_form_of_a_request_asks_for_the_same(model: Model, opened: bool, new: Maker) -> None:
    """Whatever is set, also what is not documented for the model, folded or not."""
    request = full(model)
    form = new(request)
    if opened:
        unfold(form)
    assert form.request == request


@pytest.mark.parametrize(
    "body", sorted((ROOT / "tests" / "wire" / "requests").glob("*.json")), ids=lambda path: path.stem
)
def test_the_form_of_a_body_sends_that_body(body: Path, new: Maker) -> None:
    """The samples of the wire pass through a form unchanged."""
    sent = json.loads(body.read_text(encoding="utf-8"))
    form = new(VideoRequest.from_payload(sent))
    unfold(form)
    assert form.request.payload() == sent


@pytest.mark.parametrize(
    "fields",
    [
        {"seconds": "abc"},
        {"seconds": 99},
        {"seconds": True},
        {"size": "big"},
        {"size": "640x480"},
        {"sound": "maybe"},
        {"image_list": {"not": "a list"}},
        {"prompt": {"not": "text"}},
        {"camera_control": "not json"},
        {"metadata": {"x": 1}},
        {"metadata": "no object"},
        {"image": "ftp://example.com/a.png"},
        {"seconds": 5, "duration": 6},
    ],
)
@pytest.mark.parametrize("model", ["2.6", "3.0"])
def test_what_is_wrong_is_shown_as_it_is(model: str, fields: dict[str, Any], new: Maker) -> None:
    """A mistaken request can be looked at and mended; nothing is lost or made right in silence."""
    request = VideoRequest(model, prompt="x").replace(**fields)
    form = new(request)
    unfold(form)
    assert form.request == request


def test_a_model_of_tomorrow_has_every_field(new: Maker) -> None:
    """Newer than the catalog: all fields are open, and it is in the list."""
    form = new("aigc-video-kling-9", prompt="x")
    unfold(form)
    assert form.request.model == "aigc-video-kling-9"
    assert OTHERS not in " ".join(buttons(form))
    assert form.controls.keys() == FIELDS.keys()
    pick(form, "2.6")
    pick(form, "9")
    assert form.request == VideoRequest("aigc-video-kling-9", prompt="x")


# Switching


def test_switching_keeps_what_was_typed_and_sends_what_shows(new: Maker) -> None:
    """Through all models and back: each sends its own fields of what was typed, and the first is as it was."""
    request = full(MODELS["aigc-video-kling-3.0"], OPEN["aigc-video-kling-3.0"])
    form = new(request)
    for name in [*ALL, *reversed(ALL), "3.0"]:
        pick(form, name)
        assert set(form.request.values) == set(request.values) & set(OPEN[f"aigc-video-kling-{name}"])
    assert form.request == request


def test_what_is_typed_for_one_model_is_there_for_the_next(new: Maker) -> None:
    """The control of the next model shows it, with that model's own limits."""
    form = new("3.0")
    enter(form, "seconds", 10)
    pick(form, "2.6")
    assert control(form, "seconds").get() == 10
    assert form.request.get("seconds") == 10


def test_undocumented_values_do_not_become_documented_ones(new: Maker) -> None:
    """A value under "Not documented" is not sent if the next model's own control is empty."""
    form = new("2.1")
    unfold(form)
    enter(form, "sound", False)
    assert form.request.get("sound") is False
    pick(form, "2.6")
    assert control(form, "sound").get() is None
    assert "sound" not in form.request.values
    pick(form, "2.1")
    assert form.request.get("sound") is False


@pytest.mark.slow
def test_switching_leaves_no_widgets_behind(new: Maker) -> None:
    """Through all models and back, with everything open, and again: not one widget more the next time."""
    form = new(full(MODELS["aigc-video-kling-3.0"]))
    counts = []
    for _ in range(2):
        for name in [*ALL, *reversed(ALL), "3.0"]:
            pick(form, name)
            unfold(form)
        counts.append(len(alive))
    assert counts[1] == counts[0]


def test_typing_makes_no_widgets_for_ever(new: Maker) -> None:
    """Problems come and go with their widgets."""
    form = new("2.6")
    unfold(form)
    counts = []
    for _ in range(3):
        for typed in ("nonsense", "[1]", '{"type": "simple"}', '{"type": "x", "config": {"a": 99}}', ""):
            enter(form, "camera_control", typed)
        enter(form, "image_tail", "https://example.com/a.png")
        enter(form, "image_tail", "")
        counts.append(len(alive))
    assert counts[0] == counts[1] == counts[2]


# Problems


def beside(form: Form, name: str) -> str:
    """Return the messages of a field's control."""
    assert f"kling-at-{name}" in control(form, name).widget._dom_classes
    return said.lines(form._parts.page, name)


def test_a_problem_stands_under_its_field(new: Maker) -> None:
    """In one sentence, with the word before it, and gone when it is mended."""
    form = new("2.6", prompt="x")
    unfold(form)
    enter(form, "camera_control", "nonsense")
    assert "Error: Camera is an object with a type" in beside(form, "camera_control")
    assert button(form, SUBMIT).disabled
    enter(form, "camera_control", '{"type": "simple", "config": {"pan": 99}}')
    assert "Note: Camera: pan is a number from -10 to 10" in beside(form, "camera_control")
    assert not button(form, SUBMIT).disabled
    enter(form, "camera_control", '{"type": "simple", "config": {"pan": 4}}')
    assert "Camera:" not in text(form)


def test_problems_are_escaped(new: Maker) -> None:
    """Messages contain typed values as text."""
    form = new("2.6", prompt="x", image="ftp://<img src=x onerror=alert(1)>", seconds="<b>5</b>")
    assert "<img" not in text(form)
    assert "<b>5" not in text(form)
    assert "&lt;b&gt;5" in text(form)


def test_what_is_missing_is_said_beside_the_button_alone(new: Maker) -> None:
    """A new form accuses nobody: no red line before anything was typed."""
    form = new("2.6")
    assert "One thing is missing: Without a picture the service needs a prompt." in text(form)
    assert "Error:" not in text(form)
    enter(form, "prompt", "a boat")
    assert "missing" not in text(form)
    enter(form, "prompt", "")
    assert "Error: Without a picture" in text(form)


def test_the_button_names_what_a_workflow_needs(new: Maker, session: Session) -> None:
    """It is off until the picture and the sound are there; what else may be missing is asked about."""
    form = new("identifyface")
    assert button(form, "Add a picture and a sound").disabled
    enter(form, "image", "https://a.example/face.png")
    assert button(form, "Add a sound").disabled
    enter(form, "voice_list", [{"url": "https://a.example/voice.mp3"}])
    assert not button(form, SUBMIT).disabled
    with pytest.raises(KlingError, match=r"Without session_id .*form.submit\(yes=True\)"):
        form.submit()
    button(form, SUBMIT).click()
    assert "Without session_id the service may refuse lip sync." in text(form)
    assert session.journal.entries() == ()
    button(form, ANYWAY).click()
    assert len(session.journal.entries()) == 1


def test_a_file_that_cannot_be_uploaded_opens_its_section_and_closes_the_button(new: Maker, tmp_path: Path) -> None:
    """It is shown before the click, without another model, as none would take it. Documented limits are notes."""
    (tmp_path / "a.png").write_bytes(b"just text")
    form = new("2.6", prompt="x", image=tmp_path / "a.png")
    assert control(form, "image")
    assert "Error: a.png is not a picture." in text(form)
    assert button(form, SUBMIT).disabled
    assert not [words for words in buttons(form) if words.startswith("Use Kling")]
    (tmp_path / "a.gif").write_bytes(moving("GIF"))
    enter(form, "image", str(tmp_path / "a.gif"))
    assert "Note: a.gif is animated" in text(form)
    assert not button(form, SUBMIT).disabled


def test_a_section_with_a_problem_opens(new: Maker) -> None:
    """So that the sentence can be seen; once: who folds it again is left alone."""
    form = new("2.6", prompt="x", image="https://example.com/a.png", camera_control={"type": "x"})
    titles = {title.description[2:].split(" (")[0]: title for title in sections(form)}
    assert titles["Camera"].description.startswith("▾")
    assert titles["Frames"].description.startswith("▸")
    titles["Camera"].click()
    enter(form, "prompt", "y")
    assert titles["Camera"].description.startswith("▸")


def test_titles_say_what_is_set(new: Maker) -> None:
    """A closed section still summarises its values."""
    links = [f"https://example.com/{number}.png" for number in range(2)]
    form = new("2.6", prompt="x", image_list=links, image="https://example.com/a.png")
    titles = [title.description for title in sections(form)]
    assert "▸ References (2 of 9)" in titles
    assert "▸ Frames (first frame)" in titles


@pytest.mark.parametrize(
    ("model", "fields", "words", "after"),
    [
        (
            "2.6",
            {"image": "https://example.com/a.png", "image_tail": "https://example.com/b.png"},
            "Set sound to off",
            {"sound": False},
        ),
        (
            "2.1",
            {"image": "https://example.com/a.png", "image_tail": "https://example.com/b.png"},
            "Set resolution to 1080P",
            {"resolution": "1080P"},
        ),
        ("2.6", {"image": "https://example.com/a.png", "size": "1280x720"}, "Remove size", {"size": None}),
        ("2.1", {"sound": True}, "Remove sound", {"sound": None}),
        ("3.0", {"multi_shots": True}, "Set shot_type to intelligence", {"shot_type": "intelligence"}),
        (
            "3.0",
            {"multi_shots": True, "shot_type": "customize", "multi_prompt": VALUES["multi_prompt"]},
            "Set the clip to 10 s",
            {"seconds": 10},
        ),
        ("2.6", {"multi_prompt": VALUES["multi_prompt"]}, "Set multi_shots to on", {"multi_shots": True}),
    ],
)
def test_a_fix_does_what_it_says(
    model: str, fields: dict[str, Any], words: str, after: dict[str, Any], new: Maker
) -> None:
    """The button changes that field, in the request and in its control, and is gone; all else stays."""
    request = VideoRequest(model, prompt="x", **fields)
    form = new(request)
    unfold(form)
    button(form, words).click()
    assert form.request == request.replace(**after)
    assert words not in buttons(form)
    unfold(form)
    ((name, value),) = after.items()
    again = new(form.request)
    unfold(again)
    assert control(form, name).get() == control(again, name).get()
    assert value is None or form.request.get(name) == value


def test_an_offered_model_takes_what_the_former_one_did_not(new: Maker) -> None:
    """3.0 Turbo takes no last frame: use 3.0, which has the very values, or remove it."""
    request = VideoRequest("3.0-turbo", prompt="x", image="https://example.com/a.png", image_tail=Path("last.png"))
    form = new(request)
    unfold(form)
    assert {"Remove image_tail", "Use Kling 3.0"} <= set(buttons(form))
    button(form, "Use Kling 3.0").click()
    assert form.request == request.replace("3.0")
    unfold(form)
    assert control(form, "image_tail").get() == "last.png"
    assert "not documented for" not in text(form)
    assert "gains" in text(form)


def test_a_problem_of_a_control_that_is_new_is_shown(new: Maker) -> None:
    """A section that is opened shows what is wrong in it, without another change."""
    form = new("2.6", prompt="x", image_tail="https://example.com/b.png", sound=False)
    (frames,) = (title for title in sections(form) if "Frames" in title.description)
    if frames.description.startswith("▾"):
        frames.click()
    frames.click()
    assert 'kling-problem kling-note">Note: A last frame needs a first frame' in text(form)


def test_the_name_of_another_line_is_not_sent(new: Maker) -> None:
    """The picker shows it unchanged, the button is disabled, and the error names the right model."""
    form = new("kling-v2-6", prompt="x")
    assert button(form, SUBMIT).disabled
    assert "Use aigc-video-kling-2.6" in text(form)
    pick(form, "2.6")
    assert not button(form, SUBMIT).disabled


# Code


def test_the_code_follows(new: Maker) -> None:
    """In each of four tabs the code of this very request, also while it is unfinished."""
    form = new("2.6")
    (tab,) = (each for each in within(form.widget) if isinstance(each, widgets.Tab))
    assert tab.titles == ("magic", "Python", "curl", "JSON")
    for index, write in enumerate(
        (VideoRequest.to_magic, VideoRequest.to_python, VideoRequest.to_curl, VideoRequest.to_json)
    ):
        tab.selected_index = index
        for prompt in ("", "a <b>boat</b>"):
            enter(form, "prompt", prompt)
            assert form._parts.page.code == write(form.request)


# Presets


def test_a_preset_brings_the_very_form_back(new: Maker) -> None:
    """Saved by a name in one form, it is there in another, with its model and every value; what was there goes."""
    request = full(MODELS["aigc-video-kling-o1"]).replace(image_tail=None, image_list=None, dynamic_masks=None)
    form = new(request)
    presets(form)["Name"].value = "mine"
    button(form, "Save").click()
    other = new("2.6", prompt="something else", sound=True)
    presets(other)["Preset"].value = "mine"
    button(other, "Apply").click()
    button(other, "Apply over this form").click()
    unfold(other)
    assert other.request == request


def presets(form: Form) -> dict[str, widgets.Widget]:
    """The boxes of the presets, by their labels."""
    (title,) = (each for each in sections(form) if each.description.endswith("Presets"))
    title.click()
    return {each.description: each for each in within(form.widget) if getattr(each, "description", "")}


# Submitting


def test_a_click_makes_a_video(new: Maker, session: Session) -> None:
    """One task, under way without waiting; its line says when it is done."""
    form = new("2.6", prompt="a paper boat")
    shown(form._ipython_display_)
    button(form, SUBMIT).click()
    (job,) = session.get(JobRegistry).jobs.values()
    assert job.wait().path in list(session.videos.iterdir())
    assert "Done · a paper boat" in text(form)
    assert not button(form, SUBMIT).disabled


def test_submitting_twice_at_once_makes_one_task(new: Maker, session: Session) -> None:
    """Ten clicks before the answer is there are one; after it the next one counts."""
    form = new("2.6", prompt="a boat")
    together = threading.Barrier(10)

    def click() -> Job:
        together.wait(60)
        return form.submit()

    with ThreadPoolExecutor(10) as pool:
        jobs = {id(each.result()): each.result() for each in [pool.submit(click) for _ in range(10)]}
    first = next(iter(jobs.values())).wait_accepted()
    assert len(session.journal.entries()) == len(jobs)
    # Whoever came when the answer was there already asked again; at once, nobody did.
    assert len(jobs) == 1
    second = form.submit()
    assert second is not first
    assert {first.wait().id, second.wait().id} == {entry.task_id for entry in session.journal.entries()}


def test_the_button_while_it_is_sent(new: Maker, session: Session) -> None:
    """It disables itself, says that it is sending, and comes back with the answer."""
    form = new("2.6", prompt="a boat demo:429")  # told to come again in a second
    job = form.submit()
    assert form.submit() is job
    assert button(form, SUBMIT).disabled
    assert "Sending" in text(form)
    job.wait_accepted()
    until(lambda: not button(form, SUBMIT).disabled and "Sending …" not in text(form))


def test_a_form_that_takes_its_time_holds_up_nobody(new: Maker) -> None:
    """While it is busy, as with a slow disk, its own task and all others are polled and end."""
    form = new("2.6", prompt="a boat")
    with form._lock:
        assert form.submit().wait(LONG).path
    until(lambda: not button(form, SUBMIT).disabled)


def test_an_older_job_does_not_open_the_button(new: Maker, session: Session) -> None:
    """Changes of an earlier job are no answer to this submission."""
    form = new("2.6", prompt="a boat demo:slow")
    old = form.submit().wait_accepted()
    enter(form, "prompt", "another boat demo:429")
    new = form.submit()
    old.stop()
    with pytest.raises(KlingError):
        old.wait()  # the end was told to everybody who listens
    if new.id is None:
        assert form.submit() is new
        assert button(form, SUBMIT).disabled
    new.wait_accepted()
    until(lambda: not button(form, SUBMIT).disabled)


def test_a_refusal_stands_in_the_form(new: Maker) -> None:
    """The service's error and what it means for the money are shown; the button is enabled again."""
    form = new("2.6", prompt="a boat demo:quota")
    job = form.submit()
    with pytest.raises(KlingError):
        job.wait()
    (output,) = (each for each in within(form.widget) if isinstance(each, widgets.Output))
    assert "Refused" in output.outputs[0]["data"]["text/html"]
    until(lambda: not button(form, SUBMIT).disabled)


# What it may cost


def test_above_the_limit_a_second_click_makes_it(new: Maker, session: Session) -> None:
    """A click cannot be asked: the first one shows the sum and the limit, and the button what the next one makes."""
    session.settings.confirm_above = "5 s"
    form = new("2.6", prompt="a boat", seconds=10)
    button(form, SUBMIT).click()
    assert session.journal.entries() == ()
    assert "1 video · 10 s. The limit of 5 s would be exceeded" in text(form)
    assert "A second click makes it." in text(form)
    button(form, ANYWAY).click()
    (job,) = session.get(JobRegistry).jobs.values()
    job.wait_accepted()
    assert "second click" not in text(form)
    button(form, SUBMIT).click()  # the yes was for that one video
    assert len(session.journal.entries()) == 1


def test_a_changed_request_is_asked_about_anew(new: Maker, session: Session) -> None:
    """Only the confirmed request is made; after a change and back it is a first click again."""
    session.settings.confirm_above = "0 videos"
    form = new("2.6", prompt="a boat", seconds=10)
    button(form, SUBMIT).click()
    enter(form, "prompt", "a ship")
    assert "second click" not in text(form)
    enter(form, "prompt", "a boat")
    button(form, SUBMIT).click()
    assert session.journal.entries() == ()
    session.settings.confirm_above = "5 s"
    button(form, ANYWAY).click()  # another question than the one that was shown
    assert "limit of 5 s" in text(form)
    assert session.journal.entries() == ()
    button(form, ANYWAY).click()
    assert len(session.journal.entries()) == 1


def test_with_a_price_the_button_says_it(new: Maker, session: Session) -> None:
    """The estimate is shown beside the length from the start, and written into the journal at the end."""
    session.prices.set(Price("aigc-video-kling-2.6", Decimal("0.28")), "USD")
    form = new("2.6", prompt="a boat", seconds=10)
    assert "10 s · Kling 2.6 · about 2.80 USD by your own price table" in text(form)
    session.settings.confirm_above = "1 USD"
    button(form, SUBMIT).click()
    button(form, "Make it for 2.80 USD").click()
    (entry,) = session.journal.entries()
    assert (entry.cost, entry.currency) == (2.8, "USD")


def test_python_is_not_asked_by_a_form(new: Maker, session: Session) -> None:
    """It is refused above the limit without ``yes=True``; a request with errors reports those."""
    session.settings.confirm_above = "0 videos"
    form = new("2.6")
    with pytest.raises(InvalidRequestError):
        form.submit()
    enter(form, "prompt", "a boat")
    with pytest.raises(KlingError, match=r"0 videos would be exceeded.*To make it: form.submit\(yes=True\)"):
        form.submit()
    assert session.journal.entries() == ()
    assert form.submit(yes=True).request == form.request


def test_what_is_unusual_wants_a_second_click_once(new: Maker, session: Session) -> None:
    """A number outside of its documented range: the note stands in the question. Said yes to, it is not asked again
    for the same field, model and value; and with a limit passed it is one question."""
    form = new("2.6", prompt="a boat", seconds=7)
    button(form, SUBMIT).click()
    assert session.journal.entries() == ()
    assert "documented for 5 or 10 seconds, not 7 seconds. A second click makes it." in text(form)
    button(form, ANYWAY).click()
    assert len(session.journal.entries()) == 1
    other = new("2.6", prompt="a ship", seconds=7)
    button(other, SUBMIT).click()
    assert len(session.journal.entries()) == 2
    session.settings.confirm_above = "5 s"
    third = new("2.6", prompt="a kite", seconds=8)
    button(third, SUBMIT).click()
    assert "not 8 seconds. 1 video · 8 s. The limit of 5 s would be exceeded" in text(third)
    button(third, ANYWAY).click()
    assert len(session.journal.entries()) == 3


def test_a_field_that_the_model_is_not_said_to_have_wants_a_second_click(new: Maker, session: Session) -> None:
    """Sound on 2.5 Turbo; where the line is asked the form asks, with the same words."""
    form = new("2.5-turbo", prompt="a boat", sound=True)
    button(form, SUBMIT).click()
    assert "sound is not documented for Kling 2.5 Turbo. A second click makes it." in text(form)
    assert session.journal.entries() == ()


def test_python_sends_what_is_unusual_only_where_nobody_is_there(new: Maker, session: Session, kernel: Kernel) -> None:
    """In a notebook before somebody it wants a yes; by program it is sent, with its note."""
    form = new("2.6", prompt="a boat", seconds=7)
    with pytest.raises(KlingError, match=r"not 7 seconds\. To make it: form\.submit\(yes=True\)"):
        form.submit()
    kernel._allow_stdin = False
    assert form.submit().request.get("seconds") == 7


def test_forms_in_a_loop_count_together(new: Maker, session: Session, kernel: Kernel) -> None:
    """``form.submit()`` in a cell is a submission of the cell; a click is not."""
    session.settings.confirm_above, kernel.source = "2 videos", "the cell"
    for number in range(2):
        new("2.6", prompt=f"boat {number}").submit()
    third = new("2.6", prompt="boat 3")
    with pytest.raises(KlingError, match=r"and 2 videos · 10 s before it in this cell.*form.submit\(yes=True\)"):
        third.submit()
    button(third, SUBMIT).click()
    assert len(session.journal.entries()) == 3


def test_a_file_that_is_missing_wants_a_second_click(new: Maker, session: Session, tmp_path: Path) -> None:
    """A submission that was not sent for its picture's sake is not quietly made without it."""
    body = {"model": "aigc-video-kling-2.6", "prompt": "a boat", "image": "<upload: first.png>"}
    key = session.journal.write(VideoRequest.from_payload(body), "a")
    form = new(session.get(Resumer).entry(f"#{key}").request)
    button(form, SUBMIT).click()
    assert "without a file of the original request: first frame" in text(form)
    assert len(session.journal.entries()) == 1
    path = tmp_path / "first.png"
    PIL.Image.new("RGB", (640, 360), "navy").save(path)
    unfold(form)
    enter(form, "image", str(path))
    button(form, SUBMIT).click()
    assert len(session.journal.entries()) == 2


def test_one_whose_answer_was_lost_wants_a_second_click(new: Maker, session: Session) -> None:
    """Whichever form asks: the first click says where to look, the second one sends it."""
    form = new("2.6", prompt="a boat demo:lost")
    with pytest.raises(SubmissionUnknownError):
        form.submit().wait_accepted()
    for each in (form, new("2.6", prompt="a boat demo:lost")):
        button(each, SUBMIT).click()
        assert "the answer was lost" in text(each)
        assert "web console" in text(each)
    assert len(session.journal.entries()) == 1
    button(form, ANYWAY).click()
    assert len(session.journal.entries()) == 2


def test_a_form_that_submits_in_a_cell_is_not_paid_again(new: Maker, session: Session, kernel: Kernel) -> None:
    """``form = kw.Form(…); job = form.submit()``, run once more while it is under way; a click is a wish of its own."""
    kernel.source = "the cell"
    first = new("2.6", prompt="a boat demo:slow").submit().wait_accepted()
    kernel.cell += 1
    form = new("2.6", prompt="a boat demo:slow")
    assert form.submit() is first
    button(form, SUBMIT).click()
    assert len(session.journal.entries()) == 2


def test_two_forms_at_once_do_not_both_pass_a_budget_for_one(new: Maker, session: Session) -> None:
    """One makes its video, the other one says why not."""
    session.settings.budget = "1 video"
    forms = [new("2.6", prompt=f"a boat {number}") for number in range(2)]
    together = threading.Barrier(2)

    def click(form: Form) -> None:
        together.wait(60)
        button(form, SUBMIT).click()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(click, forms))
    assert len(session.journal.entries()) == 1
    (other,) = (form for form in forms if "The budget of 1 video would be exceeded" in text(form))
    assert not button(other, SUBMIT).disabled


def test_a_request_with_errors_is_not_sent(new: Maker, session: Session) -> None:
    """By Python too: the error is raised, and nothing is written down."""
    form = new("2.6")
    with pytest.raises(InvalidRequestError):
        form.submit()
    assert session.journal.entries() == ()
    enter(form, "prompt", "a boat")
    assert not button(form, SUBMIT).disabled


@pytest.mark.slow
def test_without_a_key_a_line_says_so(nobody: Session, kernel: Kernel) -> None:
    """How to set one, and the demo one click away; a submission is refused in words."""
    form = Form.from_request(VideoRequest("2.6", prompt="a boat", size="64x64"), nobody)
    assert "No key found" in text(form)
    button(form, SUBMIT).click()
    assert "Error: No API key was found" in text(form)
    assert not button(form, SUBMIT).disabled
    assert nobody.journal.entries() == ()
    with pytest.raises(MissingKeyError):
        form.submit()
    button(form, "Try the demo").click()
    assert nobody.services.demo
    assert "Nothing is sent, nothing is billed" in text(form)
    assert "Try the demo" not in buttons(form)
    assert form.submit().wait()._runner.service.demo


def test_a_key_that_came_later_is_seen(
    nobody: Session, kernel: Kernel, environ: dict[str, str], keyed: dict[str, str]
) -> None:
    """The line is gone with the next submission."""
    form = Form.from_request(VideoRequest("2.6", prompt="a boat"), nobody)
    assert "No key found" in text(form)
    environ.update(keyed)
    form.submit().wait_accepted()
    assert "No key found" not in text(form)


def test_with_a_key_there_is_no_line(new: Maker) -> None:
    """Nothing to say; and nowhere a character of it."""
    form = new("2.6")
    assert "key" not in text(form)
    assert KEY not in text(form)


def test_a_key_that_cannot_be_used_is_said(session: Session, kernel: Kernel) -> None:
    """The form shows the reason: the address is foreign, and the key is for another one."""
    session.settings.base_url = "https://service.example.com"
    assert "same place" in text(Form.from_request(VideoRequest("2.6"), session))


# Files


def test_a_foreign_path_is_never_set(new: Maker) -> None:
    """A body may name a file of its reader's: in the form that would be a path that the reader seems to have typed."""
    body = {
        "model": "aigc-video-kling-2.6",
        "prompt": "x",
        "image": "/etc/passwd",
        "metadata": {
            "image_tail": "~/.ssh/id_rsa",
            "image_list": ["https://example.com/a.png", "secret.png"],
            "dynamic_masks": [{"mask_url": "m.png", "trajectories": [{"x": 1, "y": 1}, {"x": 9, "y": 9}]}],
        },
    }
    form = new(VideoRequest.from_payload(body))
    unfold(form)
    assert form.request.files() == ()
    for secret in ("passwd", "id_rsa", "secret.png", "m.png"):
        assert all(secret not in str(getattr(each, "value", "")) for each in within(form.widget))
    assert "choose it again" in text(form)
    enter(form, "image", "first.png")  # typed here, it is the user's own
    assert form.request.files() == (Path("first.png"),)


def test_a_foreign_path_stays_foreign_behind_a_contradiction(new: Maker) -> None:
    """A second value, kept in metadata because it contradicts the first, does not become a path when the first goes."""
    body = {
        "model": "aigc-video-kling-2.6",
        "prompt": "x",
        "image": "https://example.com/a.png",
        "metadata": {"image": "/etc/passwd"},
    }
    form = new(VideoRequest.from_payload(body))
    unfold(form)
    enter(form, "image", "")
    assert form.request.files() == ()


def test_the_users_own_paths_stay(new: Maker) -> None:
    """``kw.Form("2.6", image="first.png")``: written by the user, so it is a file."""
    form = new("2.6", prompt="x", image="first.png")
    unfold(form)
    assert control(form, "image").get() == "first.png"
    assert form.request.files() == (Path("first.png"),)


# Showing


def test_it_shows_itself_with_a_place_for_results(new: Maker) -> None:
    """Three outputs: the form, a line for when the form is dead, and one for figures, empty at first, whose text is the
    magic line."""
    form = new("2.6", prompt="a boat")
    shape, line, figures = shown(form._ipython_display_).outputs
    assert "application/vnd.jupyter.widget-view+json" in shape.data
    assert (shape.data["text/html"], shape.data["text/plain"]) == ("<span></span>", "")
    assert line.data["text/plain"] == "Kling form · 2.6 · “a boat” · run the cell to open it"
    assert line.data["text/plain"].split(" · ")[1] in line.data["text/html"]
    assert figures.data["text/plain"] == form.request.to_magic()
    assert figures.data["text/html"] == ""


def test_shown_twice_it_is_one_form_and_its_figures_stand_below_both(new: Maker) -> None:
    """The same model, and one display id: both cells are brought up to date together."""
    form = new("2.6", prompt="a boat")
    first, second = (shown(form._ipython_display_).outputs for _ in range(2))
    assert first[0].data == second[0].data
    for index in (1, 2):
        assert first[index].transient == second[index].transient
        assert first[index].transient["display_id"]


def test_a_video_that_was_asked_for_before_the_form_is_shown_stands_in_it(new: Maker) -> None:
    """``form.submit()`` and then ``form``, in one cell: nothing to show it in at first, and nothing is lost."""
    form = new("2.6", prompt="a boat")
    job = form.submit().wait(LONG)
    seen = shown(form._ipython_display_)
    assert "Done · a boat · shown below" in text(form)
    assert str(job.id) in str(seen.outputs[2].metadata)


def test_in_a_terminal_it_says_what_it_would_be(session: Session) -> None:
    """No widgets there: the same as a line."""
    form = Form.from_request(VideoRequest("2.6", prompt="a boat"), session)
    seen = shown(form._ipython_display_)
    assert "needs a notebook" in seen.text
    assert form.request.to_magic() in seen.text


# A widget among others


def test_it_is_a_widget(new: Maker) -> None:
    """A ``VBox``: it goes into other widgets, has their classes and layout, and is its own ``widget``."""
    form = new("2.6", prompt="a boat")
    box = widgets.HBox([widgets.Label("Mine"), form])
    assert box.get_state()["children"][1] == f"IPY_MODEL_{form.model_id}" == f"IPY_MODEL_{form.comm.comm_id}"
    assert form.get_view_spec()["model_id"] == form.model_id
    assert isinstance(form, widgets.VBox)
    assert form.widget is form
    form.add_class("mine")
    assert form._dom_classes == ("kling", "kling-card", "mine")


def test_its_names_are_not_those_of_widgets() -> None:
    """Its overrides of ``VBox`` members are intended, and no public member is missing."""
    form = Form("2.6")
    form.open()
    of_traits = {*dir(traitlets.HasTraits), *vars(traitlets.HasTraits())}
    both = {*vars(Form), *vars(form)} & {*dir(widgets.VBox), *vars(widgets.VBox())} - of_traits
    assert both == {"close", "get_view_spec", "model_id", "open", "_repr_mimebundle_", "_model_id"}


def test_who_observes_its_request_hears_of_each_change(new: Maker) -> None:
    """Typed, or by a switch of the model; all else is as it is by then. Nobody sets it but the form."""
    form = new("2.6", prompt="a boat")
    heard: list[VideoRequest] = []
    form.observe(lambda change: heard.append(change["new"]), "request")
    enter(form, "prompt", "a ship")
    pick(form, "3.0")
    assert heard == [VideoRequest("2.6", prompt="a ship"), VideoRequest("3.0", prompt="a ship")]
    with pytest.raises(traitlets.TraitError):
        form.request = VideoRequest("2.6")


def test_inside_another_widget_it_shows_its_video_itself(new: Maker) -> None:
    """Nobody displays it there, so that there is no place below it. Shown by itself later, it has one."""
    form = new("2.6", prompt="a boat")
    widgets.HBox([form])
    form.submit().wait(LONG)
    (output,) = (each for each in within(form) if isinstance(each, widgets.Output))
    assert "<video" in output.outputs[0]["data"]["text/html"]
    seen = shown(form._ipython_display_)
    assert "<video" in seen.outputs[2].data["text/html"]


def test_inside_an_output_it_shows_its_video_itself(new: Maker) -> None:
    """``with out: display(form)``: what shows there is never brought up to date, so nothing is put below the form."""
    form, out = new("2.6", prompt="a boat"), widgets.Output()
    with out:
        seen = shown(form._ipython_display_)
    (output,) = seen.outputs
    assert output.data["text/plain"] == "Kling form · 2.6 · “a boat” · run the cell to open it"
    assert "run the cell to open it" in output.data["text/html"]
    form.submit().wait(LONG)
    (output,) = (each for each in within(form) if isinstance(each, widgets.Output))
    assert "<video" in output.outputs[0]["data"]["text/html"]


def test_closed_it_is_gone_with_all_that_it_was_made_of(new: Maker) -> None:
    """Also those in closed sections and of earlier models; the request stays, and it then displays as text."""
    before = set(alive.values())
    form = new("2.6", prompt="a boat")
    shown(form._ipython_display_)
    unfold(form)
    pick(form, "3.0-motion-control")
    unfold(form)
    pick(form, "1.6")
    form.submit().wait(LONG)
    form.close()
    kept = set(job_view._shared_models().models)
    if steps := form._session.next_steps:  # of all figures of the kernel
        kept |= {steps.companion, steps.companion.layout}  # type: ignore[attr-defined]
    assert set(alive.values()) - before <= kept
    assert form.request == VideoRequest("1.6", prompt="a boat")
    seen = shown(form._ipython_display_)
    assert (seen.outputs, seen.text.strip()) == ([], repr(form))


def test_the_repr_is_short(new: Maker) -> None:
    """One line, without a key."""
    form = new("2.6", prompt="x" * 5000 + KEY)
    assert len(repr(form)) < 250
    assert KEY not in repr(form)


def test_an_unknown_field_is_an_error_at_once() -> None:
    """``Form("2.6", second=5)``: the nearest name is in the message."""
    with pytest.raises(InvalidRequestError, match="seconds"):
        Form("2.6", second=5)


def test_the_public_form_takes_the_default_model() -> None:
    """``Form()`` and ``Form("3.0", prompt=…)``, in the session of this process."""
    assert Form().request.model == "aigc-video-kling-2.6"
    assert Form("3.0", prompt="x").request == VideoRequest("3.0", prompt="x")
    request = VideoRequest("o1", prompt="x")
    assert Form.from_request(request).request == request


A, B, C = (f"https://example.com/{name}.png" for name in "abc")


def test_of_two_pictures_the_second_shows_with_who_decides(new: Maker) -> None:
    """Both show beside the first frame, and nothing is sent otherwise than it was written until one is edited."""
    form = new("o1", prompt="x", images=[A, B])
    unfold(form)
    assert control(form, "image").get() == A
    shown = text(form)
    assert "First." in shown and "Second: the service decides." in shown and A in shown and B in shown
    assert form.request.get("images") == [A, B]
    enter(form, "image", C)
    assert form.request == VideoRequest("o1", prompt="x", image=C, image_list=[B])
    assert control(form, "image_list").get() == [B]
    assert "Second: the service decides." not in text(form)


@pytest.mark.parametrize(
    ("words", "field", "value"),
    [("The second is the last frame", "image_tail", B), ("The second is a reference", "image_list", [B])],
)
def test_a_button_says_what_the_second_picture_is(new: Maker, words: str, field: str, value: Any) -> None:
    """The controls show it too."""
    form = new("3.0-turbo", prompt="x", images=[A, B])
    unfold(form)
    button(form, words).click()
    assert form.request == VideoRequest("3.0-turbo", prompt="x", image=A, **{field: value})
    assert (control(form, "image").get(), control(form, field).get()) == (A, value)


def test_a_reference_that_is_an_object_passes_the_form(new: Maker) -> None:
    """As a line of JSON, which can be edited; with the picture of its link."""
    item = {"url": A, "reference_type": "subject"}
    form = new("3.0", prompt="x", image_list=[item, B])
    unfold(form)
    assert form.request == VideoRequest("3.0", prompt="x", image_list=[item, B])
    assert control(form, "image_list").get() == [json.dumps(item), B]
    enter(form, "image_list", [{**item, "url": "mine.png"}, B])
    assert form.request.get("image_list") == [{**item, "url": Path("mine.png")}, B]
    assert form.request.files() == (Path("mine.png"),)
