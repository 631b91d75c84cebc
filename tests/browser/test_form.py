"""The form in a real JupyterLab, used by keyboard and by mouse."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import PIL.Image
import pytest
from playwright.sync_api import Locator, expect

from tests.browser.form import FormInPage
from tests.browser.notebook import Notebook, played
from tests.browser.pages import DRAWN

LOAD = "%load_ext kling_widgets"
HISTORY = "import kling_widgets as kw, json; print(json.dumps([entry.body for entry in kw.history()]))"
LINK = "https://example.com/"
SMALL = "%kling_form --model 2.6 --size 512x512"  # quick to draw


def opened(notebook: Notebook, cell: str = "%kling", kernel: str = "python3") -> FormInPage:
    """Open a notebook whose second cell shows the form, and whose third prints the submitted requests."""
    notebook.open([LOAD, cell, HISTORY], kernel=kernel)
    notebook.run_cell(0)
    notebook.run_cell(1)
    notebook.wait_idle()
    return FormInPage(notebook, 1)


def asked(notebook: Notebook) -> list[dict[str, Any]]:
    """Return the bodies that were sent, newest first."""
    notebook.run_cell(2)
    notebook.wait_idle()
    found: list[dict[str, Any]] = json.loads(notebook.output_text(2))
    return found


def test_the_form_works_by_keyboard(notebook: Notebook) -> None:
    """Model, prompt, a toggle, a section and the button are reached by Tab only, and operated by keys only; the video
    is saved under the form."""
    form = opened(notebook)
    keyboard = notebook.page.keyboard

    def tab_to(what: str) -> None:
        for _ in range(60):
            keyboard.press("Tab")
            here = "(e => (e.labels?.[0]?.innerText || e.innerText || '').trim())(document.activeElement)"
            if str(notebook.page.evaluate(here)).startswith(what):
                return
        raise AssertionError(f"Tab does not lead to {what!r}")

    form.choice("Model").focus()
    keyboard.press("Home")
    form.settled("--model 1.6")
    tab_to("Prompt")
    keyboard.type("a paper boat in the rain")
    tab_to("1:1")
    keyboard.press("Space")
    tab_to("▸ Frames")
    keyboard.press("Enter")
    expect(form.box("First frame")).to_be_visible()
    tab_to("Make the video")
    keyboard.press("Enter")
    video = form.root.locator("figure video").first
    expect(video).to_be_visible(timeout=DRAWN)
    assert played(video)["width"] == played(video)["height"]
    assert asked(notebook) == [
        {
            "model": "aigc-video-kling-1.6",
            "prompt": "a paper boat in the rain",
            "seconds": "5",
            "metadata": {"aspect_ratio": "1:1"},
        }
    ]
    assert "<figure" in str(notebook.save()["cells"][1]["outputs"])


def test_a_click_does_not_overtake_what_was_typed(notebook: Notebook) -> None:
    """If the user types faster than the kernel answers and clicks at once, the whole prompt is sent."""
    form = opened(notebook)
    form.box("Prompt").fill("a")
    form.settled("2.6 a")
    prompt = "a paper boat in the rain, drawn with a very soft pencil"
    form.box("Prompt").evaluate(
        """(box, prompt) => {
            for (let end = 1; end <= prompt.length; end++) {
                box.value = prompt.slice(0, end);
                box.dispatchEvent(new Event('input', { bubbles: true }));
            }
            [...document.querySelectorAll('button')].find(each => each.innerText === 'Make the video').click();
        }""",
        prompt,
    )
    expect(form.root).to_contain_text("Making the video", timeout=DRAWN)
    assert [body["prompt"] for body in asked(notebook)] == [prompt]


def test_what_is_typed_after_a_click_is_of_the_next_video(notebook: Notebook, kernel_name: str) -> None:
    """While a cell runs, the kernel may receive the click late: until then nothing can be typed, and the values at the
    time of the click are sent."""
    notebook.open([LOAD, "%kling", HISTORY, "input()"], kernel=kernel_name)
    notebook.run_cell(0)
    notebook.run_cell(1)
    notebook.wait_idle()
    form = FormInPage(notebook, 1)
    form.box("Prompt").fill("the first")
    form.settled("the first")
    notebook.run_cell(3)  # busy until it is answered
    stdin = notebook.output(3).locator(".jp-Stdin-input")
    expect(stdin).to_be_visible()
    form.button.click()
    form.box("Prompt").evaluate("box => box.focus()")
    notebook.page.keyboard.type("half of the second")
    stdin.fill("go")
    stdin.press("Enter")
    expect(form.root).to_contain_text("Making the video", timeout=DRAWN)
    expect(form.root.locator(".kling[inert]")).not_to_be_attached()
    assert [body["prompt"] for body in asked(notebook)] == ["the first"]


def test_a_form_says_that_its_kernel_has_gone(notebook: Notebook) -> None:
    """A form whose kernel has ended still looks alive, so instead of ignoring a click it says what to do."""
    form = opened(notebook)
    form.box("Prompt").fill("a boat")
    form.settled("a boat")
    notebook.restart()
    expect(form.root).to_contain_text("kernel has gone: run its cell again")
    expect(form.button).to_be_disabled()


def test_every_field_of_kling_3_is_sent_as_it_was_set(notebook: Notebook) -> None:
    """Each value that is typed, clicked or chosen is sent, under the service's own names."""
    form = opened(notebook, "%kling_form 3.0")
    shots = [{"index": 1, "prompt": "a", "duration": "3"}, {"index": 2, "prompt": "b", "duration": "4"}]
    camera = {"type": "simple", "config": {"pan": 4}}
    form.box("Prompt").fill("纸船 <<<element_1>>> in the “rain” & {wind}\nsecond line")
    form.slide("Seconds", "seconds", 7)
    form.choice("Size").select_option("1280x720")
    form.pill("Shape", "16:9").click()
    form.pill("Resolution", "1080P").click()
    form.pill("Sound", "on").click()
    form.open("Frames")
    form.box("First frame").fill(LINK + "a.png")
    form.box("Last frame").fill(LINK + "b.png")
    form.open("References")
    form.box("References").fill(f"{LINK}1.png\n{LINK}2.png")
    form.open("Video and voice")
    form.box("Voice link").fill(LINK + "v.wav")
    form.open("Shots")
    form.pill("Several shots", "on").click()
    form.pill("Shot type", "customize").click()
    form.add_shot(1, "a", 3)
    form.add_shot(2, "b", 4)
    form.open("Elements")
    form.root.get_by_role("button", name="Add an element").click()
    form.box("Element 1").fill("1")
    form.open("Camera")
    form.move_camera("pan", 4)
    form.settled('"pan": 4')
    form.button.click()
    expect(form.root).to_contain_text("Making the video", timeout=DRAWN)
    assert asked(notebook) == [
        {
            "model": "aigc-video-kling-3.0",
            "prompt": "纸船 <<<element_1>>> in the “rain” & {wind}\nsecond line",
            "images": [LINK + "a.png", LINK + "b.png"],
            "size": "1280x720",
            "seconds": "7",
            "metadata": {
                "aspect_ratio": "16:9",
                "resolution": "1080P",
                "sound": True,
                "image_list": [LINK + "1.png", LINK + "2.png"],
                "voice_list": [{"url": LINK + "v.wav"}],
                "multi_shots": True,
                "shot_type": "customize",
                "multi_prompt": shots,
                "kling_elements": [{"element_id": "1"}],
                "camera_control": camera,
            },
        }
    ]


MASKS = [{"mask_url": LINK + "m.png", "trajectories": [{"x": 1, "y": 1}, {"x": 9, "y": 9}]}]
OTHERS = {
    "2.6-motion-control": (
        {"First frame": ("Frames", "image", LINK + "a.png"),
         "Video link": ("Video and voice", "video_list", [{"url": LINK + "v.mp4"}]),
         "Motion brush, JSON": ("Motion brush", "dynamic_masks", MASKS)}
    ),
    "identifyface": (
        {"First frame": ("Frames", "image", LINK + "a.png"),
         "Voice link": ("Video and voice", "voice_list", [{"url": LINK + "v.wav"}]),
         "Session": ("Lip sync", "session_id", "SESSION"),
         "Face": ("Lip sync", "face_choose", "FACE")}
    ),
}  # fmt: skip


@pytest.mark.parametrize("model", OTHERS)
def test_the_fields_that_other_models_have_are_sent_too(notebook: Notebook, model: str) -> None:
    """Video, voice, masks, session and face are sent for the models that take them."""
    form = opened(notebook, f"%kling_form {model}")
    form.box("Prompt").fill("p")
    body: dict[str, Any] = {"model": f"aigc-video-kling-{model}", "prompt": "p", "seconds": "5"}
    body["metadata"] = {"resolution": "720P"}
    for label, (section, name, value) in OTHERS[model].items():
        form.open(section)
        typed = value[0]["url"] if label.endswith(" link") else value
        if label.endswith(", JSON"):
            form.root.get_by_title(f"{label.removesuffix(', JSON')} as the service reads it").click()
        form.box(label).fill(typed if isinstance(typed, str) else json.dumps(typed))
        (body if name == "image" else body["metadata"])[name] = value
    form.pill("Resolution", "720P").click()
    form.settled("--resolution")
    form.button.click()
    expect(form.root).to_contain_text("Making the video", timeout=DRAWN)
    assert asked(notebook) == [body]


def test_switching_models_keeps_what_was_typed_and_sends_what_shows(notebook: Notebook) -> None:
    """A field that the new model does not take is hidden and not sent, and comes back with a model that takes it."""
    form = opened(notebook, "%kling_form 2.6")
    form.box("Prompt").fill("a paper boat")
    form.pill("Sound", "on").click()
    form.pill("Seconds", "10").click()
    form.settled("--sound")
    form.choice("Model").select_option("Kling 1.6")
    expect(form.pill("Sound", "on")).to_have_count(0)
    expect(form.box("Prompt")).to_have_value("a paper boat")
    form.settled("--model 1.6")
    assert json.loads(form.code("JSON")) == {
        "model": "aigc-video-kling-1.6",
        "prompt": "a paper boat",
        "seconds": "10",
    }
    form.choice("Model").select_option("Kling 3.0")
    form.settled("aigc-video-kling-3.0")
    assert json.loads(form.code("JSON")) == {
        "model": "aigc-video-kling-3.0",
        "prompt": "a paper boat",
        "seconds": "10",
        "metadata": {"sound": True},
    }


def test_problems_stand_beside_their_fields_and_are_fixed_by_a_click(notebook: Notebook) -> None:
    """An error is shown under its field and disables the button; a warning does not; the fix button applies its fix."""
    form = opened(notebook, "%kling_form 3.0")
    expect(form.button).to_be_disabled()
    expect(form.root).to_contain_text("One thing is missing")
    form.box("Prompt").fill("a boat")
    expect(form.button).to_be_enabled()
    form.open("Frames")
    form.box("First frame").fill("ftp://example.com/a.png")
    expect(form.field("First frame")).to_contain_text("Error: First frame: “ftp://example.com/a.png” is not an http(s)")
    expect(form.button).to_be_disabled()
    form.box("First frame").fill(LINK + "a.png")
    expect(form.field("First frame")).not_to_contain_text("Error")
    expect(form.button).to_be_enabled()
    form.open("Shots")
    form.json("Shots").fill("[{")
    expect(form.field("Shots")).to_contain_text("Error:")
    expect(form.button).to_be_disabled()
    form.json("Shots").fill('[{"index": 1, "prompt": "a", "duration": "4"}]')
    expect(form.field("Several shots")).to_contain_text("Note:")
    expect(form.button).to_be_enabled()
    form.root.get_by_role("button", name="Set multi_shots to on").click()
    expect(form.field("Several shots")).not_to_contain_text("Note:")
    expect(form.pill("Several shots", "on")).to_have_class(re.compile("mod-active"))
    form.settled("--multi-shots")


def test_a_fix_below_a_row_of_pills_is_no_choice_of_that_row(notebook: Notebook) -> None:
    """A click on a fix button inside a row of toggles does not change the toggles, whose widget listens to all buttons
    in it."""
    fixes = {
        "Seconds": ("'2.6', prompt='x', seconds=15", "Use Kling 3.0", "--model 3.0 --seconds 15 x"),
        "Resolution": ("'2.1', prompt='x', resolution='4K'", "Use Kling 3.0", "--model 3.0 --resolution 4K x"),
        "Shape": (f"'3.0', prompt='x', aspect_ratio='1:1', image='{LINK}'", "Remove aspect_ratio", f"--image {LINK} x"),
    }
    notebook.open(["import kling_widgets as kw", *(f"kw.Form({fields})" for fields, _, _ in fixes.values())])
    notebook.run_all()
    notebook.wait_idle()
    for cell, (label, (_, words, line)) in enumerate(fixes.items(), 1):
        form = FormInPage(notebook, cell)
        form.field(label).get_by_role("button", name=words, exact=True).click()
        form.settled(line)
        expect(form.field(label)).not_to_contain_text("Note:")


def test_lines_stand_in_order_and_boxes_below_each_other(notebook: Notebook) -> None:
    """A line is below what it refers to, and all input boxes start at one left edge."""
    form = opened(notebook, "%kling_form 3.0-motion-control")
    form.box("First frame").fill("/nowhere/a.png")
    expect(form.field("First frame")).to_contain_text("Look again")

    def corner(part: Locator) -> tuple[float, float]:
        box = part.bounding_box()
        assert box
        return box["x"], box["y"]

    said = ("follows the driving video", "Demo: videos", "The subject of a picture", "First frame: the picture whose",
            "Error: /nowhere/a.png", "Is the file there now?", "The service takes uploads of")  # fmt: skip
    heights = [corner(form.root.get_by_text(text).first)[1] for text in said]
    assert heights == sorted(heights)
    assert len({corner(form.box(label))[0] for label in ("Prompt", "First frame", "Video link")}) == 1
    form.box("First frame").fill("")
    hint = form.root.get_by_text("Set a first frame to paint")
    expect(hint).to_be_visible()
    assert corner(hint)[1] < corner(form.root.get_by_role("button", name="Add a region"))[1]


def test_a_click_after_the_kernel_was_shut_down_says_that_it_has_gone(notebook: Notebook) -> None:
    """A click after the kernel was shut down says so, and leaves the form open, so that its values can still be
    copied."""
    form = opened(notebook)
    form.box("Prompt").fill("a paper boat")
    expect(form.button).to_be_enabled()
    notebook.shut_down()
    form.button.click()
    expect(form.root).to_contain_text("This form's kernel has gone")
    expect(form.root.locator("[inert]")).to_have_count(0)
    expect(form.button).to_be_disabled()


def test_a_second_click_makes_no_second_video(notebook: Notebook, kernel_name: str) -> None:
    """A double click on the button submits once."""
    form = opened(notebook, SMALL, kernel_name)
    form.box("Prompt").fill("a paper boat in the rain")
    expect(form.button).to_be_enabled()
    form.button.dblclick()
    expect(form.root.locator("figure video").first).to_be_visible(timeout=DRAWN)
    assert len(asked(notebook)) == 1


# A click at a time that the test sets, in milliseconds of the page.
CLICK = """(button, at) => {
    const event = new MouseEvent('click', {bubbles: true, cancelable: true});
    Object.defineProperty(event, 'timeStamp', {value: at});
    button.dispatchEvent(event);
}"""


def test_the_second_half_of_a_double_click_is_none_however_quick_the_service_is(notebook: Notebook) -> None:
    """The second half of a double click does nothing, even if the first half was accepted in between; a separate click
    makes a second video."""
    form = opened(notebook, SMALL)
    for prompt, clicks in (("a paper boat", (1000, 1600)), ("a kite", (3000,))):
        form.box("Prompt").fill(prompt)
        form.settled(prompt)
        for at in clicks:
            expect(form.button).to_be_enabled(timeout=DRAWN)
            form.button.evaluate(CLICK, at)
            expect(form.root.locator("figure video").first).to_be_visible(timeout=DRAWN)
    expect(form.root.locator("figure video")).to_have_count(2, timeout=DRAWN)
    assert [body["prompt"] for body in asked(notebook)] == ["a kite", "a paper boat"]


def test_a_file_that_is_too_large_is_said_and_the_next_one_is_taken(notebook: Notebook, tmp_path: Path) -> None:
    """A file of 12 MB in one message would close the connection: it is not sent, an error is shown, and the file button
    still works."""
    large, small = tmp_path / "large.png", tmp_path / "small.png"
    large.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(12_000_000))
    PIL.Image.new("RGB", (640, 360), "teal").save(small)
    form = opened(notebook)
    form.open("Frames")
    form.upload("First frame", large)
    expect(form.root).to_contain_text("large.png is over 8 MB")
    form.upload("First frame", small)
    expect(form.box("First frame")).to_have_value(re.compile(r"small_\w+\.png$"))
    expect(form.root).not_to_contain_text("over 8 MB")


def test_a_chosen_file_is_uploaded_and_not_saved_in_the_notebook(
    notebook: Notebook, tmp_path: Path, kernel_name: str
) -> None:
    """A picture from the browser's file picker reaches the service as a link, and its bytes are not in the notebook
    file."""
    picture = tmp_path / "first frame.png"
    PIL.Image.effect_noise((320, 180), 90).save(picture)
    form = opened(notebook, SMALL, kernel_name)
    form.box("Prompt").fill("a boat")
    form.open("Frames")
    form.upload("First frame", picture)
    form.settled("--image")
    form.button.click()
    expect(form.root.locator("figure video").first).to_be_visible(timeout=DRAWN)
    (body,) = asked(notebook)
    assert body["image"].startswith("http")
    content = json.dumps(notebook.save())
    assert len(content) < picture.stat().st_size * 4 / 3 + 60_000
    assert base64.b64encode(picture.read_bytes())[1000:1100].decode() not in content


def test_results_collect_under_the_form_newest_first_and_stay_in_the_file(notebook: Notebook) -> None:
    """Two videos of one form are in the saved file, the newer one above, and play without a kernel; of the form itself
    the file has the last magic line as text."""
    form = opened(notebook, SMALL)
    for count, prompt in enumerate(("the first boat", "the second boat"), 1):
        form.box("Prompt").fill(prompt)
        form.settled(prompt)
        form.button.click()
        expect(form.root.locator("figure video")).to_have_count(count, timeout=DRAWN)
    captions = form.root.locator("figcaption").all_inner_texts()
    assert ["second" in caption for caption in captions] == [True, False]
    expect(form.root).to_contain_text("Done · the second boat · shown below")
    outputs = notebook.save()["cells"][1]["outputs"]
    words = "".join(str(output["data"].get("text/plain")) for output in outputs)
    assert "%kling --model 2.6 --size 512x512 the second boat" in words
    notebook.open_without_kernel(trusted=False)
    videos = notebook.output(1).locator("figure video")
    expect(videos).to_have_count(2)
    assert played(videos.first)["duration"] == pytest.approx(5, abs=0.2)


@pytest.mark.usefixtures("fresh_page")
def test_after_a_reload_the_form_shows_its_result_itself(notebook: Notebook) -> None:
    """After a reload in the middle, the line in the form reports the end, and a click on it shows the video."""
    form = opened(notebook, SMALL)
    form.box("Prompt").fill("a paper boat demo:slow")  # still in progress after the reload
    form.settled("a paper boat demo:slow")
    form.button.click()
    expect(form.root).to_contain_text("Making the video", timeout=DRAWN)
    notebook.save()
    notebook.reload()
    show = notebook.output(1).get_by_role("button", name="Show here")
    expect(show).to_be_visible(timeout=DRAWN)
    show.click()
    assert played(notebook.output(1).locator("video").first)["width"] == 512


def test_the_code_of_the_present_request_is_there_in_four_tabs(notebook: Notebook) -> None:
    """The code of the current request is shown as magic, Python, curl and JSON, also if it is incomplete; it follows
    the input and contains no key."""
    form = opened(notebook, "%kling_form 2.6")
    assert json.loads(form.code("JSON")) == {"model": "aigc-video-kling-2.6", "seconds": "5"}  # no prompt yet
    form.box("Prompt").fill("a boat in the rain?")
    form.pill("Seconds", "10").click()
    expect(form.root.locator(".kling-code pre:visible")).to_contain_text('"10"')
    assert json.loads(form.code("JSON")) == {
        "model": "aigc-video-kling-2.6",
        "prompt": "a boat in the rain?",
        "seconds": "10",
    }
    assert form.code("magic").strip() == "%%kling --model 2.6 --seconds 10\na boat in the rain?"
    python = form.code("Python")
    assert "$CRAZYROUTER_API_KEY" in form.code("curl")
    compile(python, "the form", "exec")
    assert "kw.submit(" in python and "'a boat in the rain?'" in python.replace('"', "'")


def test_inside_another_widget_the_video_is_seen_in_the_form(notebook: Notebook) -> None:
    """Inside a box of the user's own, the form follows the width of its layout, and shows its video itself."""
    cell = """import ipywidgets, kling_widgets as kw
form = kw.Form("2.6", size="512x512")
ipywidgets.VBox([ipywidgets.Label("My own"), form])"""
    notebook.open([LOAD, cell, HISTORY, "form.layout.width = '640px'", "form.layout.width = '600px'"])
    notebook.run_cell(0)
    notebook.run_cell(1)
    form = FormInPage(notebook, 1)
    for index, width in ((3, "640px"), (4, "600px")):
        notebook.run_cell(index)
        expect(form.root.locator(".kling-card").first).to_have_css("width", width)
    form.box("Prompt").fill("a paper boat")
    form.settled("a paper boat")
    form.button.click()
    video = form.root.locator("figure video")
    expect(video).to_be_visible(timeout=DRAWN)
    assert played(video)["width"] == 512
    assert len(asked(notebook)) == 1


FAILED = "This form failed in the browser ({}"


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_error_of_its_javascript_stands_in_the_form(notebook: Notebook, when: str) -> None:
    """Values that the page cannot handle, at first display or later, show an error in the form, not only in the
    console."""
    broken = "form._parts.page.messages = {'status': 5}"
    show = "import kling_widgets as kw\nform = kw.Form('2.6')\n"
    notebook.open([LOAD, f"{show}form.open()\n{broken}\nform" if when == "before" else f"{show}form", broken])
    notebook.run_all()
    notebook.wait_idle()
    said = notebook.output(1).get_by_text(FAILED.format("TypeError: "))
    expect(said).to_have_count(1)
    expect(said).to_contain_text("run the cell again, or use kw.submit.")


def test_a_click_that_the_page_cannot_pass_on_says_so(notebook: Notebook) -> None:
    """If a handler of the page throws, here because the kernel was shut down, the click reports it."""
    notebook.open([LOAD, "import kling_widgets as kw; kw.Form('2.6', prompt='x', seconds=15)"])
    notebook.run_all()
    notebook.wait_idle()
    form = FormInPage(notebook, 1)
    notebook.shut_down()
    form.field("Seconds").get_by_role("button", name="Use Kling 3.0", exact=True).click()
    expect(form.root.get_by_text(FAILED.format(""))).to_have_count(1)
