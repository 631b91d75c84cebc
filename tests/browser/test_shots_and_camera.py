"""The table of shots and the camera control in a real JupyterLab, by keyboard and by mouse."""

from __future__ import annotations

import json
import re
from typing import Any

from playwright.sync_api import expect

from tests.browser.form import FormInPage
from tests.browser.notebook import Notebook, played
from tests.browser.pages import DRAWN
from tests.browser.test_form import asked, opened

SHOTS = [
    {"index": 1, "prompt": "a paper boat leaves the shore", "duration": "3"},
    {"index": 2, "prompt": "rain falls on the sea", "duration": "2"},
]


def test_two_shots_and_a_camera_move_by_keys_alone(notebook: Notebook, kernel_name: str) -> None:
    """Sections, rows, list and slider are reached by Tab and operated by keys; a new row has the focus at once. The
    sent body contains what was typed, and the shots' joined prompts are its prompt."""
    form = opened(notebook, "%kling_form --model 3.0 --size 512x512", kernel_name)
    keys = notebook.page.keyboard
    form.choice("Model").focus()
    form.tab_to("▸ Shots")
    keys.press("Enter")
    for number, shot in enumerate(SHOTS, 1):
        form.tab_to("Add a shot")
        keys.press("Enter")
        expect(form.box(f"Shot {number}")).to_be_focused()
        keys.type(str(shot["prompt"]))
        form.tab_to("seconds")
        keys.type(str(shot["duration"]))
    form.tab_to("▸ Camera")
    keys.press("Enter")
    form.tab_to("↔ one axis")
    keys.press("Space")
    expect(form.choice("Axis")).to_be_visible()
    form.tab_to("Axis")
    for _ in range(3):
        keys.press("ArrowDown")
    expect(form.choice("Axis")).to_have_value("turn down or up (tilt)")
    form.tab_to("slider")
    for _ in range(4):
        keys.press("ArrowLeft")
    form.settled('"tilt": 3')  # a series of changes is sent only after the kernel has processed the first
    form.tab_to("Make the video")
    keys.press("Enter")
    video = form.root.locator("figure video").first
    expect(video).to_be_visible(timeout=DRAWN)
    assert round(played(video)["duration"]) == 5
    assert asked(notebook) == [
        {
            "model": "aigc-video-kling-3.0",
            "prompt": "a paper boat leaves the shore rain falls on the sea",
            "size": "512x512",
            "seconds": "5",
            "metadata": {
                "multi_shots": True,
                "shot_type": "customize",
                "multi_prompt": SHOTS,
                "camera_control": {"type": "simple", "config": {"tilt": 3}},
            },
        }
    ]


def made(notebook: Notebook, **fields: Any) -> FormInPage:
    """Open the form of a request of 3.0 with these fields."""
    return opened(notebook, f"import kling_widgets as kw; kw.Form('3.0', **{fields!r})")


def sent(form: FormInPage) -> dict[str, Any]:
    """Return the metadata of the body that would be sent now."""
    found: dict[str, Any] = json.loads(form.code("JSON"))["metadata"]
    return found


def test_the_keyboard_goes_along_with_a_shot(notebook: Notebook) -> None:
    """The focus stays on a shot while it is typed in, moved or removed."""
    values = [{"index": n, "prompt": word, "duration": str(n)} for n, word in enumerate(("one", "two", "three"), 1)]
    form = made(notebook, multi_prompt=values, multi_shots=True, shot_type="customize", seconds=6)
    keys = notebook.page.keyboard
    form.open("Shots")
    form.box("Shot 3").focus()
    keys.press("End")
    typed = "three"
    for word in (" and", " more"):
        keys.type(word)
        typed += word
        form.settled(typed)
    expect(form.box("Shot 3")).to_be_focused()
    expect(form.box("Shot 3")).to_have_value("three and more")
    form.root.get_by_title("Move shot 3 up").focus()
    keys.press("Enter")
    expect(form.box("Shot 2")).to_have_value("three and more")
    expect(form.root.get_by_title("Move shot 2 up")).to_be_focused()
    keys.press("Enter")
    expect(form.box("Shot 1")).to_have_value("three and more")
    expect(form.root.get_by_title("Move shot 1 down")).to_be_focused()
    form.root.get_by_title("Remove shot 3").focus()
    keys.press("Enter")
    expect(form.root.get_by_role("button", name="Add a shot")).to_be_focused()
    form.settled("three and more")
    assert sent(form)["multi_prompt"] == [
        {"index": 1, "prompt": "three and more", "duration": "3"},
        {"index": 2, "prompt": "one", "duration": "1"},
    ]


def test_the_seconds_are_made_to_add_up(notebook: Notebook) -> None:
    """The bar reports a wrong total while numbers are changed; one button adjusts the clip, the other the shots."""
    form = made(notebook, multi_prompt=SHOTS, multi_shots=True, shot_type="customize", seconds=10)
    form.open("Shots")
    shots = form.field("Shots")
    expect(shots).to_contain_text("5 of 10 s · 5 s left")
    first, second = shots.get_by_role("spinbutton").all()
    first.fill("9")
    first.press("Tab")
    expect(shots).to_contain_text("11 of 10 s · 1 s too many")
    shots.get_by_role("button", name="Fit the shots to 10 s").click()
    expect(shots).not_to_contain_text("too many")
    expect(shots).to_contain_text("10 of 10 s")
    assert int(first.input_value()) + int(second.input_value()) == 10
    second.press("ArrowUp")
    expect(shots).to_contain_text("1 s too many")
    shots.get_by_role("button", name="Set the clip to 11 s").click()
    expect(shots).to_contain_text("11 of 11 s")
    expect(shots.get_by_role("button", name=re.compile("^(Set|Fit)"))).to_have_count(0)
    form.settled("--seconds 11")


def test_the_slider_leaves_a_given_amount_alone(notebook: Notebook) -> None:
    """A browser's slider would move a value between its steps: a given value is shown and sent unchanged."""
    values = {amount: {"type": "simple", "config": {"zoom": amount}} for amount in (4, 2.5, -0.5, -10)}
    forms = (f"kw.Form('3.0', prompt='x', camera_control={value!r})" for value in values.values())
    notebook.open(["import kling_widgets as kw", *forms])
    notebook.page.set_viewport_size({"width": 1280, "height": 6000})  # all four are visible
    notebook.run_all()
    notebook.wait_idle()
    for cell, (amount, value) in enumerate(values.items(), 1):
        form = FormInPage(notebook, cell)
        form.open("Camera")
        readout = form.root.locator(".kling-amount .widget-readout")
        expect(readout).to_have_text(f"{amount:+}".replace("-", "−"))
        form.box("Prompt").fill("a boat")
        form.settled("a boat")
        assert sent(form)["camera_control"] == value


def test_keys_stay_in_the_controls(notebook: Notebook) -> None:
    """The notebook does not treat keys in the controls as its own commands: arrows choose in the list, and a letter on
    a button cuts no cell. Ctrl+S still saves."""
    form = made(notebook, multi_prompt=SHOTS, camera_control={"type": "simple", "config": {"pan": 4}})
    form.open("Shots")
    form.open("Camera")
    keys, axis = notebook.page.keyboard, form.choice("Axis")
    axis.focus()
    for key, value in {"ArrowDown": "turn down or up (tilt)", "z": "zoom in or out (zoom)"}.items():
        keys.press(key)
        expect(axis).to_have_value(value)
        expect(axis).to_be_focused()
    for button in (form.root.get_by_title("Remove shot 2"), form.pill("Move", "↔ one axis")):
        button.focus()
        for key in ("x", "a", "r", "ArrowUp", "d", "d"):
            keys.press(key)
        expect(button).to_be_focused()
    form.settled('"zoom": 4')
    keys.press("Control+s")
    notebook.page.wait_for_function("() => !jupyterapp.shell.currentWidget.context.model.dirty")
    assert [cell["cell_type"] for cell in notebook.saved()["cells"]] == ["code"] * 3


def test_the_camera_by_mouse(notebook: Notebook) -> None:
    """Each move is one click; the picture and its text follow; two axes are JSON with a warning, and nothing is
    lost."""
    form = made(notebook, prompt="x", camera_control={"type": "simple", "config": {"pan": 4, "tilt": 1}})
    form.open("Camera")
    camera = form.field("Camera")
    expect(camera.get_by_role("textbox", name="Camera, JSON")).to_be_visible()
    expect(camera).to_contain_text("Note: Camera: simple moves along one axis, and only one")
    camera.get_by_role("textbox").fill('{"type": "down_back"}')
    camera.get_by_role("button", name="Use the controls").click()
    expect(form.pill("Move", "↙ down and back")).to_have_class(re.compile("mod-active"))
    expect(camera).to_contain_text("The camera sinks and moves back")
    form.pill("Move", "↱ turn right, forward").click()
    expect(camera).to_contain_text("The camera turns to the right, then moves forward.")
    form.settled("right_turn_forward")
    assert sent(form) == {"camera_control": {"type": "right_turn_forward"}}
    form.pill("Move", "↔ one axis").click()
    form.choice("Axis").select_option("zoom in or out (zoom)")
    expect(camera).to_contain_text("The camera zooms out: wider, 5 of 10.")
    slider = camera.get_by_role("slider")
    slider.press("Home")
    expect(camera).to_contain_text("The camera zooms in: closer, 10 of 10.")
    form.settled("-10")
    assert sent(form) == {"camera_control": {"type": "simple", "config": {"zoom": -10}}}
    form.pill("Move", "default").click()
    expect(camera).to_contain_text("The model chooses how the camera moves.")
    form.settled("x")
    assert "metadata" not in json.loads(form.code("JSON"))
