"""What a form may cost: models, bytes and messages, counted as a kernel would send them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import ipywidgets as widgets
import pytest
from ipywidgets.widgets.widget import _instances as alive

from kling_widgets.catalog.models import MODELS, models
from kling_widgets.notebook.form.form import Form
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.widgets.factory import within
from kling_widgets.request.request import VideoRequest
from tests.notebook.comms import Comms, counted, tell

ALL = [model.name for model in models()]
KIB = 1024
LINK = "https://example.com/a.png"


@pytest.fixture
def comms() -> Iterator[Comms]:
    with counted() as comms:
        yield comms


def form(session: Session, model: str = "3.0", **fields: Any) -> Form:
    return Form.from_request(VideoRequest(model, **fields), session)


def unfold(form: Form) -> None:
    """Opens every section, by clicks."""
    for title in [each for each in within(form.widget) if "kling-section" in getattr(each, "_dom_classes", ())]:
        if title.description.startswith("▸") and "Presets" not in title.description:
            tell_click(title)


def tell_click(button: widgets.Button) -> None:
    """What a page says when a button is clicked."""
    button._handle_msg({"content": {"data": {"method": "custom", "content": {"event": "click"}}}, "buffers": []})


def of(form: Form, label: str) -> Any:
    """The one widget with this label."""
    (found,) = (each for each in within(form.widget) if getattr(each, "description", "") == label)
    return found


def pick(form: Form, model: str) -> None:
    """Chooses a model in the page."""
    picker = of(form, "Model")
    tell(picker, index=[value for _, value in picker.options].index(f"aigc-video-kling-{model}"))


def test_a_form_that_nobody_sees_costs_nothing(session: Session, comms: Comms) -> None:
    """In a script or a headless kernel its request is asked for and sent, and no widget is made."""
    made = form(session, "2.6", prompt="a boat")
    assert made.request.errors() == ()
    assert made.submit().wait(60).path
    assert (comms.opened, comms.sent) == ([], [])


@pytest.mark.parametrize(
    "ask", [lambda form: form.children, lambda form: form.controls, lambda form: widgets.VBox([form])]
)
def test_it_is_built_when_it_is_first_asked_for(session: Session, comms: Comms, ask: Callable[[Form], object]) -> None:
    """Once, whoever asks; its own model is opened when a page or another widget needs it."""
    made = form(session)
    ask(made)
    made.open()
    opened = len(comms.opened)
    assert opened >= 37
    ask(made)
    made.open()
    assert len(made.children) == 6
    assert len(comms.opened) - opened <= 2  # another box around it, and its layout


def test_a_layout_is_made_when_it_is_asked_for(session: Session, comms: Comms) -> None:
    """One of its own, that none of its controls has: told with the form, or as soon as it is there."""
    early, late = form(session), form(session)
    early.layout.width = "300px"
    assert len(comms.opened) == 1
    for each in (early, late):
        each.open()
    assert "layout" in early.get_state()
    assert "layout" not in late.get_state()
    comms.clear()
    late.layout.width = "300px"
    model = f"IPY_MODEL_{late.layout.model_id}"
    assert [message["state"] for message in comms.sent] == [{"layout": model}, {"width": "300px"}]
    assert late.get_state()["layout"] == model
    assert late.children[1].layout.width is None


@pytest.mark.parametrize("model", ALL)
def test_a_form_opens_with_few_models(model: str, session: Session, comms: Comms) -> None:
    """Folded sections hold nothing yet; those that a scene leads through are open, and hold what they need."""
    form(session, model).open()
    led = bool(MODELS[f"aigc-video-kling-{model}"].scene)
    assert len(comms.opened) <= (43 if led else 38)
    assert comms.size <= (32 if led else 25) * KIB
    assert len(comms.sent) <= (12 if led else 2)


@pytest.mark.parametrize("model", ALL)
def test_with_all_sections_open_a_field_costs_four_models(model: str, session: Session, comms: Comms) -> None:
    """Of all twenty fields, with what all share, and with what opening them has told."""
    made = form(session, model)
    unfold(made)
    assert len(made.controls) == 20
    assert len(comms.opened) <= 4 * 20
    assert sum(comms.opened) <= 2.2 * KIB * 20
    assert comms.size <= 2.6 * KIB * 20


@pytest.mark.parametrize("model", ["2.6", "3.0"])
def test_typing_tells_the_code_and_the_problems_at_once(model: str, session: Session, comms: Comms) -> None:
    """One message at each key; one more where the button goes on or off."""
    made = form(session, model)
    prompt = of(made, "Prompt")
    counts = []
    for text in ("a", "a b", "a bo", "", "x"):
        comms.clear()
        tell(prompt, value=text)
        assert (comms.echoed, comms.opened) == (1, [])
        counts.append(len(comms.sent))
        assert made._parts.page.code.endswith(text)
    assert counts == [2, 1, 1, 2, 2]


def test_a_slider_that_is_dragged_tells_once_a_step(session: Session, comms: Comms) -> None:
    """What is beside the button and the code, in one message."""
    made = form(session, prompt="x")
    tell(of(made, "Seconds"), index=1)
    for seconds in range(6, 12):
        comms.clear()
        tell(of(made, "seconds"), value=seconds)
        assert [sorted(message["state"]) for message in comms.sent] == [["code", "messages"]]


def test_a_problem_comes_and_goes_in_the_same_message(session: Session, comms: Comms) -> None:
    """With its buttons; a warning, an error, and a picture that shows."""
    made = form(session, "2.6", prompt="x", image=LINK)
    unfold(made)
    last = of(made, "Last frame")
    tell(last, value=LINK)  # its picture is made
    counts = []
    for text in (f"{LINK}?", "", "ftp://x", "ftp://xy", LINK):
        comms.clear()
        tell(last, value=text)
        counts.append((len(comms.sent), len(comms.opened), comms.closed))
    # A picture, and the title of the section where it says what is set, are models of their own.
    assert counts == [(2, 0, 0), (3, 0, 0), (3, 0, 0), (1, 0, 0), (3, 0, 0)]


def test_a_camera_that_is_dragged_tells_its_picture_and_the_rest(session: Session, comms: Comms) -> None:
    """And the title, which says how far."""
    made = form(session, prompt="x", camera_control={"type": "simple", "config": {"pan": 4}})
    unfold(made)
    comms.clear()
    tell(of(made, "Amount"), value=5)
    assert len(comms.sent) == 3


def test_a_switch_keeps_the_controls_that_both_models_have(session: Session, comms: Comms) -> None:
    """The same widgets, with the new limits: only a control of another kind is made."""
    made = form(session, "3.0", prompt="x")
    unfold(made)
    before = {name: control.widget for name, control in made.controls.items()}
    for model in ALL:
        comms.clear()
        pick(made, model)
        kept = {name for name, control in made.controls.items() if control.widget is before.get(name)}
        assert before.keys() - kept <= {"seconds"}
        assert len(comms.opened) <= 8


def test_nothing_grows_with_switches(session: Session, comms: Comms) -> None:
    """From model to model and back, with all sections open: not a widget, a comm or a line more."""
    made = form(session, "3.0", prompt="x", image=LINK)
    unfold(made)
    for model in (*ALL, "3.0"):  # each has been there once
        pick(made, model)
    page = made._parts.page

    def size() -> tuple[int, ...]:
        on_page = (page.messages, page.static, page.choosers, page._actions, page._files)
        counts = (len(each) for each in (alive, *on_page, made._draft._documented))
        return *counts, len(list(within(made.widget))), len(made._unfolded)

    before = size()
    for _ in range(5):
        for model in (*ALL, "3.0"):
            pick(made, model)
        assert size() == before
