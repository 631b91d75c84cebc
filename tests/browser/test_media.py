"""Pictures, clips and sounds in the form, in a real JupyterLab: by link, by path, from the browser's file picker."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import PIL.Image
import PIL.ImageDraw
import pytest
from playwright.sync_api import Locator, Route, expect

from tests.browser.form import FormInPage
from tests.browser.looks import faults, serious
from tests.browser.notebook import Notebook
from tests.browser.pages import DRAWN
from tests.browser.test_form import LOAD, asked, opened
from tests.client import samples

LINK = "https://example.com/"


def drawn(path: Path, size: tuple[int, int] = (1280, 720), words: str = "") -> Path:
    """Draw a picture that can be distinguished from others."""
    picture = PIL.Image.linear_gradient("L").resize(size).convert("RGB")
    pen = PIL.ImageDraw.Draw(picture)
    pen.ellipse((size[0] * 0.3, size[1] * 0.2, size[0] * 0.7, size[1] * 0.8), fill=(200, 60, 40))
    pen.text((size[0] * 0.45, size[1] * 0.4), words or path.stem, font_size=max(8, min(size) // 4), fill="white")
    picture.save(path)
    return path


@pytest.fixture
def fetched(notebook: Notebook, tmp_path: Path) -> Iterator[list[str]]:
    """Record the page's requests to example.com, and answer them with a picture, a clip or a sound, or a 404 for names
    with "gone"."""
    picture = drawn(tmp_path / "remote.png", words="link").read_bytes()
    files = {
        ".mp4": ("video/mp4", samples.clip(tmp_path / "remote.mp4", 4, (320, 180), movflags="faststart").read_bytes()),
        ".wav": ("audio/wav", samples.sound(tmp_path / "remote.wav", 2).read_bytes()),
    }
    links: list[str] = []

    def answer(route: Route) -> None:
        links.append(route.request.url)
        kind, body = files.get(route.request.url[-4:], ("image/png", picture))
        if "gone" in route.request.url:
            route.fulfill(status=404)
        else:
            route.fulfill(content_type=kind, body=body)

    notebook.page.route(f"{LINK}**", answer)
    yield links
    notebook.page.unroute(f"{LINK}**")


def seen(picture: Locator) -> tuple[int, int]:
    """Return the size of a picture that the browser has loaded."""
    expect(picture).to_be_visible()
    picture.page.wait_for_function("one => one.complete && one.naturalWidth > 0", arg=picture.element_handle())
    return tuple(picture.evaluate("one => [one.naturalWidth, one.naturalHeight]"))


def thumb(form: FormInPage, label: str) -> Locator:
    """Return the thumbnail of a field."""
    return form.field(label).locator("img")


def test_a_picture_shows_itself_when_it_is_chosen_typed_or_linked(
    notebook: Notebook, tmp_path: Path, fetched: list[str]
) -> None:
    """A picture is shown with its properties, and with a note that the clip takes its aspect ratio; if the box is
    emptied, it disappears. A chosen one is kept beside the notebook, by a relative path."""
    form = opened(notebook, "%kling_form 2.6")
    form.box("Prompt").fill("a boat")
    form.open("Frames")
    form.upload("First frame", drawn(tmp_path / "first.png"))
    assert seen(thumb(form, "First frame")) == (320, 180)
    kept = form.box("First frame").input_value()
    assert re.fullmatch(r"kling_videos/inputs/first_\w{12}\.png", kept)
    assert (notebook.path.parent / kept).read_bytes() == (tmp_path / "first.png").read_bytes()
    expect(form.field("First frame")).to_contain_text("1280×720 png")
    expect(form.field("First frame")).to_contain_text("The clip takes this picture's shape.")
    drawn(notebook.path.parent / "last frame.png", (640, 360))
    form.box("Last frame").fill("last frame.png")
    assert seen(thumb(form, "Last frame")) == (320, 180)
    expect(form.field("Last frame")).not_to_contain_text("shape")
    notebook.screenshot("media-frames")
    form.box("First frame").fill("")
    expect(thumb(form, "First frame")).to_have_count(0)
    form.box("First frame").fill(f"{LINK}first.png")
    assert seen(thumb(form, "First frame")) == (1280, 720)
    assert fetched == [f"{LINK}first.png"]


def test_half_a_link_is_not_fetched(notebook: Notebook, fetched: list[str]) -> None:
    """An incomplete link is not requested while it is typed; a link that cannot be loaded is reported."""
    form = opened(notebook, "%kling_form 2.6")
    form.open("Frames")
    form.box("First frame").press_sequentially(f"{LINK}gone.png", delay=40)
    expect(thumb(form, "First frame")).to_have_attribute("src", f"{LINK}gone.png")
    notebook.page.wait_for_function(
        "one => one.complete && !one.naturalWidth", arg=thumb(form, "First frame").element_handle()
    )
    assert fetched == [f"{LINK}gone.png"]
    said = "one => getComputedStyle(one, '::after').content"
    assert "cannot be shown here" in thumb(form, "First frame").evaluate(said)
    notebook.screenshot("media-gone")


def test_this_machine_is_never_asked(notebook: Notebook) -> None:
    """A link to this machine is not loaded as a picture, and http is not loaded either."""
    asked_for: list[str] = []
    notebook.on("request", lambda request: asked_for.append(request.url))
    form = opened(notebook, "%kling_form 2.6")
    form.open("Frames")
    for link in ("https://127.0.0.1:9/never.png", "https://localhost/never.png", "http://example.com/never.png"):
        form.box("First frame").fill(link)
        form.settled(link)
        expect(thumb(form, "First frame")).to_have_count(0)
    expect(form.field("First frame")).to_contain_text("Only https links are previewed here.")
    assert not [url for url in asked_for if "never.png" in url]


WRONG = {
    "nowhere.png": "Error: nowhere.png is not there. Check the path",
    "folder": "Error: folder is a folder. Name a picture in it.",
    "text.png": "Error: text.png is not a picture. Pictures that can be uploaded: png, jpeg, webp, gif.",
    "large.png": "Error: large.png has 40 MB. The service takes pictures of up to 20 MB.",
    "moving.gif": "Note: moving.gif is animated; which of its frames is used is not documented.",
    "wide.png": "Note: wide.png has 3000×1000 pixels; aspect ratios from 1:2.5 to 2.5:1",
    "small.png": "Note: small.png has 200×150 pixels; sides of at least 300 are documented.",
    "vast.png": "Note: vast.png has 9000×9000 pixels, more than any clip shows.",
}


def test_what_is_wrong_with_a_file_is_said_before_the_click(notebook: Notebook) -> None:
    """A wrong path, a folder, a text file called .png and a file that is too large are errors under their field, and
    the button is disabled; an undocumented property is only a note, and can be sent."""
    form = opened(notebook, "%kling_form 2.6")
    folder = notebook.path.parent
    (folder / "folder").mkdir()
    (folder / "text.png").write_text("just text")
    with (folder / "large.png").open("wb") as file:
        file.write(samples.picture())
        file.truncate(40_000_000)
    (folder / "moving.gif").write_bytes(samples.moving("GIF"))
    drawn(folder / "wide.png", (3000, 1000))
    drawn(folder / "small.png", (200, 150))
    PIL.Image.new("L", (9000, 9000), 90).save(folder / "vast.png")
    form.box("Prompt").fill("a boat")
    form.open("Frames")
    for name, said in WRONG.items():
        form.box("First frame").fill(name)
        expect(form.field("First frame")).to_contain_text(said)
        if said.startswith("Error"):
            expect(form.button).to_be_disabled()
            expect(form.root).to_contain_text("One thing is missing")
        else:
            expect(form.button).to_be_enabled()
            expect(thumb(form, "First frame")).to_have_count(0 if name == "vast.png" else 1)
        notebook.screenshot(f"media-wrong-{name}")


def test_a_file_that_comes_later_is_seen_when_looked_for_again(notebook: Notebook) -> None:
    """A file that is saved after its path was typed is found on a second look."""
    form = opened(notebook, "%kling_form 2.6")
    form.box("Prompt").fill("a boat")
    form.open("Frames")
    form.box("First frame").fill("later.png")
    again = form.field("First frame").get_by_role("button", name="Look again")
    expect(again).to_be_visible()
    drawn(notebook.path.parent / "later.png")
    again.click()
    assert seen(thumb(form, "First frame"))
    expect(again).to_have_count(0)
    expect(form.button).to_be_enabled()


def test_ten_references_are_ordered_named_and_thinned_out(notebook: Notebook, tmp_path: Path) -> None:
    """Ten references are pasted and chosen; moved by the keyboard, which keeps the focus on the moved row; named in the
    prompt; the tenth is too many, and says so until one is removed."""
    form = opened(notebook, "%kling_form 2.6")
    form.box("Prompt").fill("a boat")
    form.open("References")
    names = [f"p{number}.png" for number in range(1, 7)]
    for name in names:
        drawn(notebook.path.parent / name, (640, 480))
    form.box("References").fill("\n".join(names))
    expect(form.root.locator(".kling-reference")).to_have_count(6)
    form.upload("References", *(drawn(tmp_path / f"q{number}.png", (480, 640)) for number in range(1, 5)))
    expect(form.root.locator(".kling-reference")).to_have_count(10)
    assert seen(form.root.locator(".kling-reference img").last) == (240, 320)
    expect(form.field("References")).to_contain_text("Error: References: 10 are given, this model takes at most 9.")
    expect(form.button).to_be_disabled()
    notebook.page.set_viewport_size({"width": 1200, "height": 1500})
    notebook.screenshot("media-ten-references")
    # the keyboard: p1 goes down twice, without searching the button again
    down = form.root.get_by_role("button", name="↓")
    down.first.focus()
    notebook.page.keyboard.press("Enter")
    form.settled("--image-list p2.png --image-list p1.png")
    notebook.page.keyboard.press("Enter")
    form.settled("--image-list p2.png --image-list p3.png --image-list p1.png")
    form.root.get_by_role("button", name="✕").nth(9).click()
    expect(form.field("References")).not_to_contain_text("Error")
    expect(form.button).to_be_enabled()
    for place, name in enumerate(("p2.png", "p3.png", "p1.png", "p4.png")):
        expect(form.root.locator(".kling-reference b").nth(place)).to_have_text(name)
    form.root.get_by_role("button", name="Name it <<<image_3>>>").click()
    expect(form.box("Prompt")).to_have_value("a boat <<<image_3>>>")
    expect(form.root.get_by_role("button", name="Name it <<<image_3>>>")).to_be_disabled()
    form.button.click()
    expect(form.root).to_contain_text("Making the video", timeout=DRAWN)
    (body,) = asked(notebook)
    assert body["prompt"] == "a boat <<<image_3>>>"
    assert len(body["metadata"]["image_list"]) == 9


def test_typing_references_keeps_the_focus(notebook: Notebook) -> None:
    """Rows appear below while lines are typed, and the focus stays in the box."""
    form = opened(notebook, "%kling_form 2.6")
    form.open("References")
    box = form.box("References")
    box.click()
    notebook.page.keyboard.type(f"{LINK}1.png\n{LINK}2.png\n", delay=10)
    expect(form.root.locator(".kling-reference")).to_have_count(2)
    notebook.page.keyboard.type(f"{LINK}3.png")
    expect(form.root.locator(".kling-reference")).to_have_count(3)
    expect(box).to_be_focused()
    expect(box).to_have_value(f"{LINK}1.png\n{LINK}2.png\n{LINK}3.png")


def test_a_video_and_a_voice_are_set_by_clicks_and_play(notebook: Notebook, fetched: list[str]) -> None:
    """The links of a video and a voice are sent, with how the video is used and whether its sound stays; each has a
    player; before anything is typed the form says that only pictures are uploaded."""
    form = opened(notebook, "%kling_form 2.6")
    form.box("Prompt").fill("a boat")
    form.open("Video and voice")
    expect(form.field("Video link")).to_contain_text("The service takes uploads of pictures only")
    form.box("Video link").fill(f"{LINK}v.mp4")
    form.pill("Use as", "feature").click()
    form.pill("Keep its sound", "no").click()
    form.box("Voice link").fill(f"{LINK}s.wav")
    form.settled("--voice-list")
    for tag, seconds in (("video", 4), ("audio", 2)):
        player = form.root.locator(f"{tag}.kling-player")
        expect(player).to_be_visible()
        notebook.page.wait_for_function("one => one.readyState > 0", arg=player.element_handle())
        assert player.evaluate("one => one.duration") == pytest.approx(seconds, abs=0.2)
    notebook.screenshot("media-clips")
    form.button.click()
    expect(form.root).to_contain_text("Making the video", timeout=DRAWN)
    (body,) = asked(notebook)
    assert body["metadata"] == {
        "video_list": [{"url": f"{LINK}v.mp4", "refer_type": "feature", "keep_original_sound": "no"}],
        "voice_list": [{"url": f"{LINK}s.wav"}],
    }


def test_a_local_clip_can_be_looked_at_and_not_sent(notebook: Notebook) -> None:
    """A local clip plays, its length and size are compared with the documented limits, and the form says that a link is
    needed."""
    form = opened(notebook, "%kling_form o1")
    samples.clip(notebook.path.parent / "mine.mp4", 12, (640, 360))
    form.box("Prompt").fill("a boat")
    form.open("Video and voice")
    form.box("Video link").fill("mine.mp4")
    field = form.field("Video link")
    expect(field).to_contain_text("640×360 mp4, 12.0 s")
    expect(field).to_contain_text("Error: Video: the service takes uploads of pictures only")
    expect(field).to_contain_text("Note: mine.mp4 is 12.0 s long; 3 to 10 s are documented.")
    expect(form.button).to_be_disabled()
    player = field.locator("video")
    notebook.page.wait_for_function("one => one.readyState > 0", arg=player.element_handle())
    assert player.evaluate("one => one.videoWidth") == 640
    notebook.screenshot("media-local-clip")


def test_the_next_clip_begins_where_the_last_one_ended(notebook: Notebook) -> None:
    """``job.frame(-1)`` in a form made from Python is shown and uploaded."""
    cells = [
        "import kling_widgets as kw, json, numpy as np",
        "job = kw.submit('2.6', prompt='a boat', seconds=5, size='512x512', wait=True)",
        "black = np.zeros((400, 600, 3), np.uint8)\n"
        "kw.Form('3.0', prompt='and on', seconds=3, size='512x512', image=job.frame(-1), image_list=[black])",
        "print(json.dumps([entry.body for entry in kw.history()]))",
    ]
    notebook.open([LOAD, *cells])
    for index in range(4):
        notebook.run_cell(index)
    notebook.wait_idle()
    form = FormInPage(notebook, 3)
    form.open("Frames")
    form.open("References")
    assert seen(thumb(form, "First frame")) == (320, 320)
    expect(form.field("First frame")).to_contain_text("512×512 png")
    expect(form.box("First frame")).to_have_value(re.compile(r"_frame-last\.png$"))
    expect(form.root.locator(".kling-reference")).to_contain_text("600×400 png")
    form.button.click()
    expect(form.root.locator("figure video").first).to_be_visible(timeout=DRAWN)
    notebook.run_cell(4)
    notebook.wait_idle()
    body: Any = notebook.output_text(4)
    assert '"image": "http' in body


def test_everything_fits_can_be_read_and_has_a_label(notebook: Notebook, fetched: list[str]) -> None:
    """At 1200 and 600 pixels, light and dark, frames, references, a video, a voice and their notes fit and are
    readable."""
    notebook.page.set_viewport_size({"width": 1200, "height": 2600})
    form = opened(notebook, "%kling_form 2.6")
    folder = notebook.path.parent
    for name, size in {
        "first.png": (1280, 720),
        "a very long name of a picture that somebody gave it.png": (480, 900),
    }.items():
        drawn(folder / name, size, name[:5])
    (folder / "moving.gif").write_bytes(samples.moving("GIF"))
    samples.clip(folder / "mine.mp4", 12, (640, 360))
    form.box("Prompt").fill("a boat")
    for section in ("Frames", "References", "Video and voice"):
        form.open(section)
    form.box("First frame").fill("first.png")
    form.box("Last frame").fill("nowhere.png")
    form.box("References").fill(
        f"a very long name of a picture that somebody gave it.png\n{LINK}a.png\nmoving.gif\n{LINK}gone.png\nnowhere.png"
    )
    form.box("Video link").fill("mine.mp4")
    form.box("Voice link").fill(f"{LINK}s.wav")
    form.settled("--voice-list")
    assert not faults(notebook, "media", height=2600)
    assert not serious(notebook, notebook.output(1))
