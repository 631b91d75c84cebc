"""The motion brush in a real JupyterLab: exactly what is painted and drawn on the first frame is sent."""

from __future__ import annotations

import io
import json
import math
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.form import FormInPage
from tests.browser.lab import Lab
from tests.browser.notebook import Notebook
from tests.browser.pages import DRAWN, ready

LOAD = "%load_ext kling_widgets"
HISTORY = "import kling_widgets as kw, json; print(json.dumps([entry.body for entry in kw.history()]))"
WIDTH, HEIGHT = 1600, 900  # of the first frame: about twice as large as it is shown
Point = tuple[float, float]


@pytest.fixture(params=[1, 2], ids=["plain screen", "fine screen"])
def screen(request: pytest.FixtureRequest, browser: Browser, lab: Lab) -> Iterator[Page]:
    """Return a page on a screen with this many pixels per CSS pixel."""
    page = ready(browser, viewport={"width": 1200, "height": 1800}, device_scale_factor=request.param)
    yield page
    page.context.close()
    lab.forget()


def picture(lab: Lab, name: str = "first.png", size: tuple[int, int] = (WIDTH, HEIGHT), **options: Any) -> Path:
    """Save a picture in the lab's folder."""
    path = lab.folder / name
    PIL.Image.linear_gradient("L").resize(size).convert("RGB").save(path, **options)
    return path


class Brush:
    """The motion brush of a form that shows a first frame."""

    def __init__(self, notebook: Notebook, first: str | None, model: str = "3.0-motion-control") -> None:
        self.notebook, self.page = notebook, notebook.page
        self.errors: list[str] = []
        form = f"kw.Form({model!r}, prompt='a boat', image={first!r})"
        notebook.open([LOAD, f"import kling_widgets as kw; form = {form}; form", HISTORY])
        notebook.on("pageerror", lambda error: self.errors.append(str(error)))
        notebook.on("console", lambda line: self.errors.append(line.text) if line.type == "error" else None)
        self.page.set_viewport_size({"width": 1200, "height": 1800})
        notebook.run_cell(0)
        notebook.run_cell(1)
        notebook.wait_idle()
        self.form = FormInPage(notebook, 1)
        self.form.open("Motion brush")
        self.root = self.form.root.locator(".kling-brush")
        self.canvas = self.root.locator("canvas")

    def shown(self) -> Brush:
        """Wait until the first frame can be drawn on."""
        expect(self.canvas).to_be_visible()
        self.canvas.scroll_into_view_if_needed()
        return self

    def at(self, *points: Point, size: tuple[int, int] = (WIDTH, HEIGHT)) -> list[Point]:
        """Return the page positions of the centres of these pixels of the picture, counted from its bottom left. Wait
        until the canvas stops moving: a line that appears above it moves it away from the mouse."""
        canvas = self.canvas.element_handle()
        assert canvas
        canvas.wait_for_element_state("stable")
        box = canvas.bounding_box()
        assert box
        shares = [((x + 0.5) / size[0], (y + 0.5) / size[1]) for x, y in points]
        return [(box["x"] + across * box["width"], box["y"] + (1 - up) * box["height"]) for across, up in shares]

    def drag(self, *points: Point, size: tuple[int, int] = (WIDTH, HEIGHT)) -> None:
        """Press the mouse at the first of these pixels, move it over the others and release it."""
        mouse = self.page.mouse
        first, *others = self.at(*points, size=size)
        mouse.move(*first)
        mouse.down()
        for place in others:
            mouse.move(*place)
        mouse.up()

    def click(self, *points: Point) -> None:
        """Click at each of these pixels."""
        for point in points:
            (place,) = self.at(point)
            self.page.mouse.click(*place)

    def press(self, name: str) -> None:
        """Press one of the buttons above the picture."""
        self.root.get_by_role("button", name=name, exact=True).click()

    def says(self, words: str) -> None:
        """Wait for this text in the line below the picture."""
        expect(self.root.get_by_role("status").last).to_contain_text(words)

    def size(self, pixels: int) -> None:
        """Choose the size of the brush."""
        self.root.get_by_role("slider", name="Brush size in pixels").fill(str(pixels))

    def masks(self) -> list[dict[str, Any]]:
        """Return the regions of the current request, once every mask is there."""
        self.form.root.get_by_role("tab", name="JSON", exact=True).click()
        self.form.settled('"model"')
        expect(self.form.button).to_be_enabled()
        found: list[dict[str, Any]] = json.loads(self.form.code("JSON"))["metadata"].get("dynamic_masks", [])
        return found

    def sent(self) -> dict[str, Any]:
        """Make the video, and return the body that was sent."""
        self.form.button.click()
        expect(self.form.root).to_contain_text("Making the video", timeout=DRAWN)
        self.notebook.run_cell(2)
        self.notebook.wait_idle()
        body: dict[str, Any] = json.loads(self.notebook.output_text(2))[0]
        return body

    def painted(self) -> float:
        """Return the painted share of the page's canvas."""
        share: float = self.canvas.evaluate("""canvas => {
            const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            return data.filter((value, i) => i % 4 === 3 && value > 50).length / (data.length / 4);
        }""")
        return share


def fetched(link: str) -> np.ndarray[Any, Any]:
    """Return the mask that the demo received, true for white; check that it is only black and white."""
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(link, timeout=30) as reply:
        image = PIL.Image.open(io.BytesIO(reply.read()))
    assert (image.format, image.mode) == ("PNG", "RGB")
    pixels = np.asarray(image)
    assert set(np.unique(pixels)) <= {0, 255}
    assert (pixels == pixels[:, :, :1]).all()
    return pixels[:, :, 0] == 255


def away(shape: tuple[int, ...], *points: Point) -> np.ndarray[Any, Any]:
    """Return the distance of each pixel of such a picture from a line through these points, counted from its bottom
    left."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    x, y = columns, shape[0] - 1 - rows
    nearest = np.full(shape, np.inf)
    for (ax, ay), (bx, by) in zip(points, points[1:] or points, strict=False):
        length = (bx - ax) ** 2 + (by - ay) ** 2
        along = np.clip(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length, 0, 1) if length else 0
        nearest = np.minimum(nearest, np.hypot(x - ax - along * (bx - ax), y - ay - along * (by - ay)))
    return nearest


def assert_painted(mask: np.ndarray[Any, Any], radius: float, *points: Point, slack: float = 1) -> None:
    """Check that the mask is white within the radius of the line and black outside; the slack applies at the edge."""
    distance = away(mask.shape, *points)
    assert mask[distance < radius - slack].all()
    assert not mask[distance > radius + slack].any()


def near(found: list[dict[str, float]], *points: Point) -> bool:
    """Return whether the points of a path are these, to within a pixel."""
    return len(found) == len(points) and all(
        abs(one["x"] - x) <= 1 and abs(one["y"] - y) <= 1 for one, (x, y) in zip(found, points, strict=True)
    )


def test_what_is_painted_and_drawn_is_what_is_sent(screen: Page, lab: Lab) -> None:
    """With two regions, one with a clicked path and one with a dragged path, and some undone steps, the demo receives
    the points from the bottom left and masks as large as the picture, accurate to a pixel."""
    picture(lab)
    brush = Brush(Notebook(screen, lab), "first.png").shown()
    line = [(200, 300), (500, 300), (500, 600)]
    brush.size(80)
    brush.drag(*line)
    brush.says("Region 1: painted, no path.")
    brush.drag((1400, 100), (1500, 800))
    brush.press("Undo")
    brush.press("Path")
    clicks = [(220, 380), (620, 380), (900, 877), (1300, 22)]
    brush.click(*clicks)
    brush.says("Region 1: painted, 4 points.")
    brush.press("Undo")
    brush.press("+ Region")
    brush.press("Paint")
    brush.size(121)
    brush.click((1200, 700))
    brush.press("Path")
    brush.drag((1200, 700), (1210, 650), (1300, 500), (1390, 650), (1400, 700))
    brush.says("Region 2: painted,")
    expect(brush.form.box("Path 2")).to_have_value(re.compile(r"^(\d+,\d+ ?){5}$"))
    first, second = brush.sent()["metadata"]["dynamic_masks"]
    assert near(first["trajectories"], *clicks[:3])
    assert near(second["trajectories"], (1200, 700), (1210, 650), (1300, 500), (1390, 650), (1400, 700))
    for region, radius, points in ((first, 40, line), (second, 60.5, [(1200, 700)])):
        mask = fetched(region["mask_url"])
        assert mask.shape == (HEIGHT, WIDTH)
        assert_painted(mask, radius, *points)
    assert brush.errors == []


def test_a_long_drag_keeps_its_shape_in_77_points_and_few_messages(notebook: Notebook, lab: Lab) -> None:
    """Five hundred mouse events are one change for the kernel, and the path stays within two CSS pixels of every point
    of the drag."""
    frames: list[int] = []
    notebook.on("websocket", lambda socket: socket.on("framesent", lambda frame: frames.append(1)))
    picture(lab)
    brush = Brush(notebook, "first.png").shown()
    brush.press("Path")
    spiral = [(800 + turn * 0.7 * math.cos(turn / 25), 450 + turn * 0.7 * math.sin(turn / 25)) for turn in range(500)]
    before = len(frames)
    brush.drag(*spiral)
    brush.says("Region 1: nothing painted,")
    expect(brush.form.box("Path 1")).to_have_value(re.compile(r"^\d+,\d+ "))
    assert len(frames) - before < 10
    path = brush.form.box("Path 1").input_value()
    points = [(float(x), float(y)) for x, y in (point.split(",") for point in path.split())]
    assert 30 < len(points) <= 77
    distance = away((HEIGHT, WIDTH), *points)
    assert max(distance[HEIGHT - 1 - round(y), round(x)] for x, y in spiral) <= 4
    assert math.dist(points[0], spiral[0]) < 2
    assert math.dist(points[-1], spiral[-1]) < 2
    brush.size(60)
    brush.press("Paint")
    before = len(frames)
    brush.drag(*spiral)
    brush.masks()
    assert len(frames) - before < 20
    assert brush.errors == []


def test_erase_undo_redo_clear_and_remove(notebook: Notebook, lab: Lab) -> None:
    """Erase, undo, redo, clear and remove work one step at a time, also by the usual keys."""
    picture(lab)
    brush = Brush(notebook, "first.png").shown()
    brush.size(200)
    brush.drag((400, 450), (1200, 450))
    brush.press("Erase")
    brush.drag((800, 100), (800, 800))
    brush.says("Region 1: painted")
    brush.press("Path")
    brush.click((400, 450), (1200, 450))
    brush.page.keyboard.press("Control+z")
    brush.says("Region 1: painted, 1 point.")
    brush.page.keyboard.press("Control+Shift+z")
    brush.says("Region 1: painted, 2 points.")
    (region,) = brush.sent()["metadata"]["dynamic_masks"]
    mask = fetched(region["mask_url"])
    crossed = away(mask.shape, (800, 100), (800, 800)) < 99
    assert not mask[crossed].any()
    rest = away(mask.shape, (800, 100), (800, 800)) > 101
    line = away(mask.shape, (400, 450), (1200, 450))
    assert mask[rest & (line < 99)].all()
    assert not mask[line > 101].any()
    brush.press("Clear path")
    brush.says("Region 1: painted, no path.")
    brush.press("Erase")
    brush.press("Clear mask")
    brush.says("Region 1: nothing painted, no path.")
    brush.press("Undo")
    brush.says("Region 1: painted, no path.")
    brush.size(450)
    brush.drag((100, 450), (1500, 450))
    brush.says("Region 1: nothing painted")
    brush.press("Undo")
    brush.press("Remove region")
    expect(brush.form.box("Mask 1")).to_have_count(0)
    brush.press("Undo")
    expect(brush.form.box("Mask 1")).to_have_value(re.compile(r"mask-1_\w+\.png$"))
    assert brush.errors == []


@pytest.mark.usefixtures("fresh_page")
def test_masks_stay_when_the_model_changes_and_the_page_is_reloaded(notebook: Notebook, lab: Lab) -> None:
    """Masks and paths survive a change to another model that paints, to one that does not, and back, and a reload of
    the page."""
    picture(lab)
    brush = Brush(notebook, "first.png").shown()
    brush.size(300)
    brush.click((800, 450))
    brush.press("Path")
    brush.click((800, 450), (1200, 450))
    drawn, share = brush.masks(), brush.painted()
    assert share > 0.03
    for model in ("Kling 2.6 Motion Control", "Kling 2.6", "Kling 3.0 Motion Control"):
        brush.form.choice("Model").select_option(model)
        expect(brush.form.root.locator(".kling-code pre:visible")).to_contain_text(
            {"Kling 2.6": 'kling-2.6",', "Kling 2.6 Motion Control": "2.6-motion"}.get(model, "3.0-motion")
        )
    brush.form.open("Motion brush")
    brush.shown()
    assert brush.masks() == drawn
    brush.says("Region 1: painted, 2 points.")
    assert brush.painted() == pytest.approx(share, abs=0.005)
    notebook.save()
    notebook.reload()
    brush.shown()
    brush.says("Region 1: painted, 2 points.")
    assert brush.painted() == pytest.approx(share, abs=0.005)
    brush.press("Paint")
    brush.drag((200, 200), (210, 200))
    brush.masks()
    mask = fetched(brush.sent()["metadata"]["dynamic_masks"][0]["mask_url"])
    assert mask[HEIGHT - 1 - 450, 800]
    assert mask[HEIGHT - 1 - 200, 205]
    assert "first.png" in json.dumps(notebook.saved())
    assert len(json.dumps(notebook.saved())) < 400_000


def test_the_table_does_the_same_by_keys_alone(notebook: Notebook, lab: Lab) -> None:
    """Without a first frame a sentence says what to do; a mask's link and points are typed into the table, and sent."""
    brush = Brush(notebook, None)
    expect(brush.form.root).to_contain_text("Set a first frame to paint and draw on it here.")
    expect(brush.canvas).to_have_count(0)
    keyboard = brush.page.keyboard
    brush.form.root.get_by_role("button", name="Add a region").focus()
    keyboard.press("Enter")
    expect(brush.form.box("Mask 1")).to_be_visible()
    brush.form.box("Mask 1").focus()
    keyboard.type("https://example.com/mask.png")
    keyboard.press("Tab")
    expect(brush.form.box("Path 1")).to_be_focused()
    keyboard.type("220,380 620,380")
    keyboard.press("Tab")
    brush.form.box("First frame").fill("https://example.com/input.png")
    brush.form.settled("--image")
    assert brush.sent()["metadata"]["dynamic_masks"] == [
        {"mask_url": "https://example.com/mask.png", "trajectories": [{"x": 220, "y": 380}, {"x": 620, "y": 380}]}
    ]


def test_the_picture_is_painted_on_by_keys(notebook: Notebook, lab: Lab) -> None:
    """Arrows move the brush and Space uses it; the notebook does not treat these keys as its commands."""
    picture(lab)
    brush = Brush(notebook, "first.png").shown()
    keyboard = brush.page.keyboard
    brush.size(98)
    slider = brush.root.get_by_role("slider", name="Brush size in pixels")
    slider.focus()
    keyboard.press("ArrowRight")
    keyboard.press("ArrowUp")
    expect(slider).to_be_focused()
    expect(slider).to_have_value("100")
    brush.root.get_by_role("button", name="Remove region").focus()
    keyboard.press("Tab")
    expect(brush.canvas).to_be_focused()
    brush.says("Arrow keys move the brush, Space uses it.")
    keyboard.press("Space")
    for key in ("ArrowRight", "ArrowRight", "ArrowUp", "Shift+ArrowDown", "Enter"):
        keyboard.press(key)
    brush.press("Path")
    brush.canvas.focus()
    keyboard.press("Enter")
    keyboard.press("ArrowLeft")
    keyboard.press("Enter")
    (region,) = brush.sent()["metadata"]["dynamic_masks"]
    assert region["trajectories"] == [{"x": 864, "y": 480}, {"x": 832, "y": 480}]
    mask = fetched(region["mask_url"])
    distance = np.minimum(away(mask.shape, (800, 449)), away(mask.shape, (864, 480)))
    assert mask[distance < 49].all()
    assert not mask[distance > 51].any()


def test_a_very_large_picture_keeps_its_own_pixels(notebook: Notebook, lab: Lab) -> None:
    """A mask of 9000 pixels is as large as the picture, and as exact as painting on its small display allows."""
    size = (9000, 6000)
    picture(lab, "large.jpg", size, quality=30)
    brush = Brush(notebook, "large.jpg").shown()
    line = [(2000, 3000), (7000, 1000)]
    brush.size(1000)
    brush.drag(*line, size=size)
    brush.press("Path")
    brush.drag(*line, size=size)
    expect(brush.form.button).to_be_enabled(timeout=DRAWN)
    (region,) = brush.sent()["metadata"]["dynamic_masks"]
    mask = fetched(region["mask_url"])
    assert mask.shape == (6000, 9000)
    assert_painted(mask[::4, ::4], 125, *((x / 4, y / 4) for x, y in line), slack=2)
    pixel = size[0] / 850  # of the page
    for found, (x, y) in zip(region["trajectories"], line, strict=True):
        assert abs(found["x"] - x) < pixel
        assert abs(found["y"] - y) < pixel
    assert brush.errors == []


def test_a_picture_that_lies_on_its_side_is_shown_upright(notebook: Notebook, lab: Lab) -> None:
    """Masks and points belong to the upright picture, which is the one that is uploaded, so there is no note."""
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    picture(lab, "turned.jpg", (900, 600), exif=exif)
    brush = Brush(notebook, "turned.jpg").shown()
    expect(brush.canvas).to_have_attribute("aria-label", re.compile("600 by 900 pixels"))
    expect(brush.form.root).not_to_contain_text("turned upright")
    box = brush.canvas.bounding_box()
    assert box
    assert box["height"] == pytest.approx(box["width"] * 1.5, rel=0.01)
    assert box["height"] <= 521


def test_links_are_loaded_by_the_browser(notebook: Notebook, lab: Lab) -> None:
    """A first frame from a link can be drawn on. A mask from a link is shown, and can be edited if its server lets
    pages read it; otherwise painting starts a new one, and says so."""
    buffer = io.BytesIO()
    PIL.Image.new("RGB", (800, 450)).save(buffer, "PNG")
    frame = buffer.getvalue()
    mask = PIL.Image.new("L", (800, 450))
    mask.paste(255, (0, 0, 400, 450))
    buffer = io.BytesIO()
    mask.save(buffer, "PNG")

    def answer(route: Route) -> None:
        name = route.request.url.rpartition("/")[2]
        # Playwright lets every page read an answer without these headers
        headers = {"Access-Control-Allow-Origin": "*" if name == "open.png" else "https://example.org"}
        body = frame if name == "frame.png" else buffer.getvalue()
        route.fulfill(body=body, headers=headers, content_type="image/png")

    notebook.page.route("https://example.com/*", answer)
    brush = Brush(notebook, "https://example.com/frame.png").shown()
    regions = [
        {"mask_url": f"https://example.com/{name}.png", "trajectories": [{"x": 1, "y": 1}, {"x": 9, "y": 9}]}
        for name in ("open", "closed")
    ]
    brush.form.root.get_by_title("Motion brush as the service reads it").click()
    brush.form.box("Motion brush, JSON").fill(json.dumps(regions))
    brush.form.root.get_by_role("button", name="Use the controls").click()
    brush.shown()
    expect(brush.form.box("Mask 2")).to_have_value("https://example.com/closed.png")
    brush.size(40)
    small = (800, 450)
    brush.press("Region 1")
    brush.drag((600, 200), (610, 200), size=small)
    expect(brush.form.box("Mask 1")).to_have_value(re.compile(r"mask-1_\w+\.png$"))
    brush.press("Region 2")
    brush.drag((600, 200), (610, 200), size=small)
    brush.says("A new mask: the previous one cannot be changed here.")
    expect(brush.form.box("Mask 2")).to_have_value(re.compile(r"mask-2_\w+\.png$"))
    first, second = (fetched(region["mask_url"]) for region in brush.sent()["metadata"]["dynamic_masks"])
    assert first[:, :400].all()
    assert first[249, 605]
    assert not second[:, :400].any()
    assert second[249, 605]


def test_a_first_frame_that_cannot_be_loaded_is_said(notebook: Notebook, lab: Lab) -> None:
    """If a first frame cannot be loaded (a dead link, a missing file), the form says so and the table still works."""
    notebook.page.route("https://example.com/*", lambda route: route.abort())
    brush = Brush(notebook, "https://example.com/gone.png")
    for frame in ("not-there.png", "https://example.com/gone-too.png"):
        expect(brush.root).to_contain_text("The first frame cannot be shown here. The table below works without it.")
        brush.form.box("First frame").fill(frame)
        brush.form.settled(frame)
    expect(brush.root).to_contain_text("The first frame cannot be shown here.")
    picture(lab)
    brush.form.box("First frame").fill("first.png")
    brush.shown()
    expect(brush.root).not_to_contain_text("cannot be shown")


def test_another_first_frame_is_told_from_the_masks_own(notebook: Notebook, lab: Lab) -> None:
    """If the first frame is replaced, a line says that the old masks do not fit, and they can be removed."""
    picture(lab)
    picture(lab, "portrait.png", (450, 800))
    brush = Brush(notebook, "first.png").shown()
    brush.click((800, 450))
    brush.press("Path")
    brush.click((800, 450), (1200, 450))
    brush.masks()
    brush.form.box("First frame").fill("portrait.png")
    expect(brush.form.root).to_contain_text("does not have the aspect ratio of the first frame of 450 × 800 pixels")
    expect(brush.form.root).to_contain_text("Path 1: 800,450 and 1 more are outside")
    brush.shown()
    brush.form.root.get_by_role("button", name="Remove all regions").click()
    expect(brush.form.root).not_to_contain_text("does not have the aspect ratio")
    brush.says("Region 1: nothing painted, no path.")
    assert brush.errors == []


def test_it_can_be_read_in_both_themes_and_widths(notebook: Notebook, lab: Lab) -> None:
    """Nothing overflows, and an accessibility checker finds nothing serious in the drawing area and its tools."""
    picture(lab)
    brush = Brush(notebook, "first.png").shown()
    brush.drag((200, 300), (500, 300))
    brush.press("Path")
    brush.drag((350, 300), (800, 700), (1500, 300))
    brush.press("+ Region")
    brush.press("Paint")
    brush.click((1200, 200))
    brush.says("Region 2: painted")
    for theme in ("Light", "Dark"):
        notebook.theme(f"JupyterLab {theme}")
        for width in (1200, 600):
            brush.page.set_viewport_size({"width": width, "height": 1800})
            brush.canvas.scroll_into_view_if_needed()
            notebook.screenshot(f"motion-brush-{theme}-{width}")
            wide = brush.page.evaluate("""() => [...document.querySelectorAll('.kling-brush *')].filter(one =>
                one.getBoundingClientRect().right > one.closest('.kling-brush').getBoundingClientRect().right + 1
            ).map(one => one.outerHTML.slice(0, 100))""")
            assert wide == []
        found = Axe().run(brush.page, context=".kling-brush").response["violations"]
        assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []
    notebook.theme("JupyterLab Light")
    assert brush.errors == []


@pytest.mark.usefixtures("fresh_page")
def test_a_mask_that_cannot_be_saved_is_said(notebook: Notebook, lab: Lab) -> None:
    """If the browser cannot encode a mask, the form says so, the request has no mask, and the table accepts one."""
    notebook.page.add_init_script("delete window.CompressionStream")
    picture(lab)
    brush = Brush(notebook, "first.png").shown()
    brush.click((800, 450))
    brush.says("The mask could not be saved here: enter one in the table below.")
    expect(brush.form.root).to_contain_text("Motion brush 1 has no mask.")
    expect(brush.form.button).to_be_disabled()
